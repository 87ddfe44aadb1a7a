package wire

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	storetypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/fault"
)

func decodeForm(form string, into any) error {
	values, err := ParseQuery(form)
	if err != nil {
		return err
	}
	return DecodeQuery(values, into)
}

var exported = cmp.AllowUnexported(input{})

func TestDecodeQuery(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	for form, want := range map[string]input{
		"":                                       {},
		"Action=Do&Version=1&Unknown.member.x=1": {},
		"Name=":                                  {Name: ptr("")},
		"Name=a+b%26":                            {Name: ptr("a b&")},
		"name=a":                                 {},
		"MaxResults=7&Count=-9007199254740993":   {MaxResults: ptr(int32(7)), Count: -9007199254740993},
		"Flag=false&Ratio=1.5":                   {Flag: ptr(false), Ratio: ptr(1.5)},
		"Items=&Tags=":                           {Items: []inner{}, Tags: map[string]string{}},
		"Items.member.1.Values.member.1=x":       {Items: []inner{{Values: []string{"x"}}}},
		"Items.member.7.Key=b&Items.member.3.Key=a": {Items: []inner{{Key: "a"}, {Key: "b"}}}, // sparse, in any order
		"Tags.entry.1.key=a&Tags.entry.1.value=b":   {Tags: map[string]string{"a": "b"}},
		"Nested.Values=":                          {Nested: &inner{Values: []string{}}},
		"Start=2026-01-02T03:04:05.6Z":            {Start: &at},
		"Start=2026-01-02T05%3A04%3A05.6%2B02:00": {Start: &at},
	} {
		var got input
		if err := decodeForm(form, &got); err != nil {
			t.Errorf("%s: %v", form, err)
		}
		if diff := cmp.Diff(want, got, exported); diff != "" {
			t.Errorf("%s: %s", form, diff)
		}
	}
	for form, says := range map[string]string{
		"Name=a&Name=b":                `"Name" is given more than once`,
		"Name.x=a":                     "Name must be a string",
		"Name=a&Name.x=a":              "Name must be a string",
		"Name=%00":                     "Name must be UTF-8 text",
		"Name=%ff":                     "Name must be UTF-8 text",
		"Name=%zz":                     "must be URL-encoded",
		"MaxResults=":                  "MaxResults must be a whole number",
		"MaxResults=2147483648":        "MaxResults must be a whole number",
		"MaxResults=1e3":               "MaxResults must be a whole number",
		"Flag=True":                    "Flag must be true or false",
		"Ratio=NaN":                    "Ratio must be a number",
		"Start=1767323045":             "Start must be a time",
		"Items=x":                      "Items must be a list",
		"Items.1.Key=x":                "Items must be numbered like Items.member.1",
		"Items.member=x":               "Items must be numbered",
		"Items.member.0.Key=x":         "Items must be numbered from 1",
		"Items.member.01.Key=x":        "Items must be numbered from 1",
		"Items.member.-1.Key=x":        "Items must be numbered from 1",
		"Items.member.999999999.Key=x": "Items must be numbered from 1 to at most 4096",
		"Items.member.99999999999999999999.Key=x":  "Items must be numbered from 1",
		"Items.member.1=x":                         "Items[0] must be an object",
		"Items.member.1.Values.member.2.member.1=": "Items[0].Values[0] must be a string",
		"Tags.entry.1.key=a":                       "Tags must be a map",
		"Tags.entry.1.value=a":                     "Tags must be a map",
		"Tags.entry.1.key=a&Tags.entry.1.value=a&Tags.entry.2.key=a&Tags.entry.2.value=b": "a key is given twice",
		"Nested=x":                           "Nested must be an object",
		"A" + strings.Repeat(".a", 20) + "=": "nested too deeply",
		strings.Repeat("a=&", 5000):          "too many parameters",
	} {
		err := decodeForm(form, &input{})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.100s: %v, want %q", form, err, says)
		}
	}
}

func TestAnIndexAllocatesNothing(t *testing.T) {
	values := url.Values{"Tags.member.4096.Key": {"a"}}
	if allocated := testing.AllocsPerRun(10, func() {
		var in iam.CreateRoleInput
		if err := DecodeQuery(values, &in); err != nil || len(in.Tags) != 1 {
			t.Fatal(err, in.Tags)
		}
	}); allocated > 100 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestModelsThatSpellOtherwise(t *testing.T) {
	var in sts.AssumeRoleInput
	if err := decodeForm("PolicyArns.member.1.arn=a&PolicyArns.member.2.arn=b", &in); err != nil {
		t.Fatal(err)
	}
	if want := []ststypes.PolicyDescriptorType{{Arn: ptr("a")}, {Arn: ptr("b")}}; !reflect.DeepEqual(in.PolicyArns, want) {
		t.Error(in.PolicyArns)
	}
	w := httptest.NewRecorder()
	EncodeQuery(w, "urn:x", "ListDelegationRequests", "id", &iam.ListDelegationRequestsOutput{IsTruncated: true})
	if !strings.Contains(w.Body.String(), "<isTruncated>true</isTruncated>") {
		t.Error(w.Body)
	}
}

func TestUnions(t *testing.T) {
	member := func(body string) (storetypes.MemberId, error) {
		var in identitystore.CreateGroupMembershipInput
		err := DecodeJSON11([]byte(body), &in)
		return in.MemberId, err
	}
	got, err := member(`{"MemberId":{"UserId":"","Newer":null}}`)
	if user, ok := got.(*storetypes.MemberIdMemberUserId); err != nil || !ok || user.Value != "" {
		t.Error(got, err)
	}
	for _, body := range []string{`{}`, `{"UserId":null}`, `{"Newer":"x"}`, `{"UserId":"x","Newer":"x"}`, `"x"`, `[]`} {
		if _, err := member(`{"MemberId":` + body + `}`); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "MemberId must be an object with exactly one of UserId") {
			t.Errorf("%s: %v", body, err)
		}
	}
	logged := string(Redacted(&identitystore.CreateGroupMembershipInput{MemberId: &storetypes.MemberIdMemberUserId{Value: "u"}}))
	if logged != `{"memberId":{"userId":"u"}}` {
		t.Error(logged)
	}
}

func TestDocuments(t *testing.T) {
	var in identitystore.UpdateUserInput
	err := DecodeJSON11([]byte(`{"Operations":[{"AttributePath":"x","AttributeValue":{"a":["b",1,true,null]}}]}`), &in)
	if err != nil {
		t.Fatal(err)
	}
	value, err := Open(in.Operations[0].AttributeValue)
	if err != nil {
		t.Fatal(err)
	}
	if written, _ := json.Marshal(value); string(written) != `{"a":["b",1,true,null]}` {
		t.Errorf("%s", written)
	}
	if logged := string(Redacted(&in)); !strings.Contains(logged, `{"a":["b",1,true,null]}`) {
		t.Error(logged)
	}
	for _, content := range []string{`"a\u0000"`, `{"a\u0000":1}`, `[["\u0000"]]`, `{"":1}`} {
		if err := DecodeJSON11([]byte(`{"Operations":[{"AttributeValue":`+content+`}]}`), &in); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", content, err)
		}
	}
}

func TestEncodeQuery(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := httptest.NewRecorder()
	EncodeQuery(w, "https://iam.amazonaws.com/doc/2010-05-08/", "Do", "r&d", &input{
		Name: ptr("a<b>&\"\x01\xff\r"), Start: &at, Items: []inner{{Key: "red", Values: []string{}}}, Tags: map[string]string{"b": "2", "a": ""},
	})
	want := `<DoResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><DoResult><Name>a&lt;b&gt;&amp;&#34;` + "\ufffd\ufffd" + `&#xD;</Name><Count>0</Count>` +
		`<Items><member><Key>red</Key><Values></Values></member></Items>` +
		`<Tags><entry><key>a</key><value></value></entry><entry><key>b</key><value>2</value></entry></Tags>` +
		`<Start>2026-01-02T03:04:05Z</Start></DoResult><ResponseMetadata><RequestId>r&amp;d</RequestId></ResponseMetadata></DoResponse>`
	if got := w.Body.String(); got != want || w.Code != 200 || w.Header().Get("Content-Type") != "text/xml" {
		t.Errorf("%d %s\nwrote %s\n want %s", w.Code, w.Header(), got, want)
	}
	w = httptest.NewRecorder()
	EncodeQuery(w, "urn:x", "DeleteRole", "id", &iam.DeleteRoleOutput{})
	if want := `<DeleteRoleResponse xmlns="urn:x"><DeleteRoleResult></DeleteRoleResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DeleteRoleResponse>`; w.Body.String() != want {
		t.Error(w.Body)
	}
}

func TestFailures(t *testing.T) {
	f := Failure{Status: 400, Code: "NoSuchEntity", Message: "no <such> thing", Members: map[string]string{"Reason": "x"}}
	w := httptest.NewRecorder()
	f.EncodeQuery(w, "urn:x", "id")
	want := `<ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no &lt;such&gt; thing</Message><Reason>x</Reason></Error><RequestId>id</RequestId></ErrorResponse>`
	if w.Code != 400 || w.Body.String() != want {
		t.Error(w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	Failure{Status: 500, Code: "ServiceFailure"}.EncodeQuery(w, "urn:x", "id")
	if w.Code != 500 || !strings.Contains(w.Body.String(), "<Type>Receiver</Type>") {
		t.Error(w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	f.EncodeJSON11(w)
	var body map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 400 || w.Header().Get("Content-Type") != "application/x-amz-json-1.1" || w.Header().Get("X-Amzn-Errortype") != f.Code {
		t.Error(w.Code, w.Header(), err)
	}
	if want := map[string]string{"__type": f.Code, "message": f.Message, "Message": f.Message, "Reason": "x"}; !reflect.DeepEqual(body, want) {
		t.Error(body)
	}
}

func TestJSON11(t *testing.T) {
	var in organizations.CreatePolicyInput
	if err := DecodeJSON11(nil, &in); err != nil {
		t.Error(err)
	}
	if err := DecodeJSON11([]byte(`{"Name":"a","name":"b","Tags":[{"Key":"k"}]}`), &in); err != nil || *in.Name != "a" || *in.Tags[0].Key != "k" {
		t.Error(err, in)
	}
	if err := DecodeJSON11([]byte(`{"Tags":[{"Key":1}]}`), &in); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "Tags[0].Key must be a string") {
		t.Error(err)
	}
	if err := DecodeJSON11([]byte(`{"Tags":[{"Key":"a\u0000"}]}`), &in); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "Tags.Key must be UTF-8") {
		t.Error(err)
	}
}

func TestSecretsOfAWSAreNotLogged(t *testing.T) {
	const secret = "hush hush"
	for _, value := range []any{
		&ststypes.Credentials{SecretAccessKey: ptr(secret), SessionToken: ptr(secret)},
		&sts.AssumeRoleInput{TokenCode: ptr(secret), ProvidedContexts: []ststypes.ProvidedContext{{ContextAssertion: ptr(secret)}}},
		&sts.AssumeRoleWithWebIdentityInput{WebIdentityToken: ptr(secret)},
		&sts.AssumeRoleWithSAMLInput{SAMLAssertion: ptr(secret)},
		&iam.ChangePasswordInput{OldPassword: ptr(secret), NewPassword: ptr(secret)},
		&iam.UploadServerCertificateInput{PrivateKey: ptr(secret)},
		&iam.EnableMFADeviceInput{AuthenticationCode1: ptr(secret), AuthenticationCode2: ptr(secret)},
	} {
		if logged := string(Redacted(value)); strings.Contains(logged, secret) || !strings.Contains(logged, redacted) {
			t.Errorf("%T: logged %s", value, logged)
		}
	}
	if logged := string(Redacted(&iam.CreatePolicyInput{PolicyDocument: ptr("{}")})); logged != `{"policyDocument":"{}"}` {
		t.Error(logged)
	}
}

func TestConstraintsSpeakTheProtocolsLanguage(t *testing.T) {
	in := sts.GetAccessKeyInfoInput{}
	for spelling, want := range map[Spelling]string{LowerFirst: "accessKeyId is required", AsExported: "AccessKeyId is required"} {
		err := Constraints{"AccessKeyId": {Required: true}}.For("GetAccessKeyInfo", reflect.TypeOf(in), spelling).Check(&in)
		if err == nil || err.Error() != want {
			t.Error(err)
		}
	}
}

func FuzzDecodeQuery(f *testing.F) {
	for _, seed := range []string{"", "Name=a&Items.member.1.Key=red&Tags.entry.1.key=a&Tags.entry.1.value=b&Start=2026-01-02T03:04:05Z", "Items.member.999999999.Key=x", "Nested.Values.member.2=x&Nested.Values.member.1=", "Flag=true&Count=1", "Name=%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, form string) {
		var in input
		if err := decodeForm(form, &in); err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q is no fault of the caller: %v", form, err)
			}
			return
		}
		if in.Ratio != nil && (math.IsNaN(*in.Ratio) || math.IsInf(*in.Ratio, 0)) {
			t.Fatalf("%q gave %v", form, *in.Ratio)
		}
		if err := CheckText(&in); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		EncodeQuery(w, "urn:x", "Do", "id", &in)
		for d := xml.NewDecoder(w.Body); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%q: what is written is no XML: %v", form, err)
			}
		}
	})
}

// Documents and unions say anything; whatever is taken can be logged.
func FuzzDecodeJSON11(f *testing.F) {
	for _, seed := range []string{`{}`, `{"Operations":[{"AttributePath":"x","AttributeValue":{"a":["b",1e9,true,null]}}]}`, `{"Operations":[{"AttributeValue":1e999999}]}`, `{"Operations":[{"AttributeValue":-0.0}]}`,
		`{"Extensions":{"aws:identitystore:enterprise":{"a":"b"}},"Birthdate":"x"}`, `{"MemberId":{"UserId":"x"}}`, `{"AlternateIdentifier":{"ExternalId":{"Id":"x"}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, input := range []any{&identitystore.UpdateUserInput{}, &identitystore.CreateUserInput{}, &identitystore.CreateGroupMembershipInput{}, &identitystore.GetUserIdInput{}} {
			if err := DecodeJSON11(body, input); err != nil {
				if !fault.Is(err, fault.Invalid) {
					t.Fatalf("%q is no fault of the caller: %v", body, err)
				}
			} else if !json.Valid(Redacted(input)) {
				t.Fatalf("what is logged is no JSON: %s", Redacted(input))
			}
		}
	})
}

func TestErrorsAreTyped(t *testing.T) {
	fail := func(code string) *captured {
		return &captured{answer: func(w http.ResponseWriter) {
			Failure{Status: 400, Code: code, Message: "why & how"}.EncodeQuery(w, "urn:x", "request-1")
		}}
	}
	_, err := sts.New(sts.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: fail("MalformedPolicyDocument")}).
		AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: ptr("a"), RoleSessionName: ptr("b")})
	var malformed *ststypes.MalformedPolicyDocumentException
	if !errors.As(err, &malformed) || malformed.ErrorMessage() != "why & how" || !strings.Contains(err.Error(), "request-1") {
		t.Error(err)
	}
	_, err = iam.New(iam.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: fail("NoSuchEntity")}).
		GetRole(t.Context(), &iam.GetRoleInput{RoleName: ptr("a")})
	var missing *iamtypes.NoSuchEntityException
	if !errors.As(err, &missing) || missing.ErrorMessage() != "why & how" {
		t.Error(err)
	}
	client := cloudtrail.New(cloudtrail.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: &captured{answer: func(w http.ResponseWriter) {
		Failure{Status: 400, Code: "InvalidNextTokenException", Message: "why & how"}.EncodeJSON11(w)
	}}})
	_, err = client.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
	var token *trailtypes.InvalidNextTokenException
	if !errors.As(err, &token) || token.ErrorMessage() != "why & how" {
		t.Error(err)
	}
}
