package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	storedocs "github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssodocs "github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/auth/bearer"
	smithydocument "github.com/aws/smithy-go/document"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"
)

// sdkService is a service as the AWS SDK's client speaks it.
type sdkService struct {
	name, protocol string
	operations     int // how many the client has at the least, that none is lost unseen
	client         func(aws.HTTPClient) any
	decode         func(r *captured, operation string, input any) error
	encode         func(w http.ResponseWriter, operation string, output any)
	fail           func(w http.ResponseWriter, f Failure)
}

var sdkServices = []*sdkService{
	json11("cloudtrail", 60, func(h aws.HTTPClient) any {
		return cloudtrail.New(cloudtrail.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	json11("identitystore", 19, func(h aws.HTTPClient) any {
		return identitystore.New(identitystore.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	json11("organizations", 63, func(h aws.HTTPClient) any {
		return organizations.New(organizations.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	json11("ssoadmin", 79, func(h aws.HTTPClient) any {
		return ssoadmin.New(ssoadmin.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	rest("accessanalyzer", 36, DateTime, func(h aws.HTTPClient) any {
		return accessanalyzer.New(accessanalyzer.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	rest("codecatalyst", 38, DateTime, func(h aws.HTTPClient) any {
		return codecatalyst.New(codecatalyst.Options{Region: region, BaseEndpoint: endpoint, BearerAuthTokenProvider: bearer.StaticTokenProvider{Token: bearer.Token{Value: "t"}}, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	rest("sso", 4, EpochSeconds, func(h aws.HTTPClient) any {
		return sso.New(sso.Options{Region: region, BaseEndpoint: endpoint, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	rest("ssooidc", 4, EpochSeconds, func(h aws.HTTPClient) any {
		return ssooidc.New(ssooidc.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	query("iam", 176, func(h aws.HTTPClient) any {
		return iam.New(iam.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
	query("sts", 11, func(h aws.HTTPClient) any {
		return sts.New(sts.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h, APIOptions: unchecked, Retryer: aws.NopRetryer{}})
	}),
}

const region = "us-west-2"

var (
	endpoint = aws.String("https://example.test")
	keys     = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
	})
)

// unchecked: fixtures leave out what clients demand.
var unchecked = []func(*middleware.Stack) error{func(s *middleware.Stack) error {
	s.Initialize.Remove("OperationInputValidation")
	return nil
}}

// moduleDir is where the sources and fixtures of a service's client are.
func moduleDir(name string) string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/"+name).Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		panic(fmt.Sprintf("the sources of the SDK's client %s are not found: %v", name, err))
	}
	return dir
}

func json11(name string, operations int, client func(aws.HTTPClient) any) *sdkService {
	return &sdkService{
		name: name, protocol: "json11", operations: operations, client: client,
		decode: func(r *captured, _ string, input any) error { return DecodeJSON11(r.body, input) },
		encode: func(w http.ResponseWriter, _ string, output any) { EncodeJSON11(w, output) },
		fail:   func(w http.ResponseWriter, f Failure) { f.EncodeJSON11(w) },
	}
}

func query(name string, operations int, client func(aws.HTTPClient) any) *sdkService {
	const namespace = "https://example.test/doc/"
	return &sdkService{
		name: name, protocol: "query", operations: operations, client: client,
		decode: func(r *captured, operation string, input any) error {
			form, err := ParseQuery(string(r.body))
			if err == nil && form.Get("Action") != operation {
				err = fmt.Errorf("the action is %q", form.Get("Action"))
			}
			if err != nil {
				return err
			}
			return DecodeQuery(form, input)
		},
		encode: func(w http.ResponseWriter, operation string, output any) {
			EncodeQuery(w, namespace, operation, "id", output)
		},
		fail: func(w http.ResponseWriter, f Failure) { f.EncodeQuery(w, namespace, "id") },
	}
}

// rest finds in the client's own source where each operation and its members travel.
func rest(name string, operations int, times TimeFormat, client func(aws.HTTPClient) any) *sdkService {
	bindings := sync.OnceValue(func() map[string]binding { return readBindings(moduleDir(name)) })
	return &sdkService{
		name: name, protocol: "rest", operations: operations, client: client,
		decode: func(r *captured, operation string, input any) error {
			b := bindings()[operation]
			protocol := RestJSON{Method: b.method, Path: b.path}
			protocol.Bind(reflect.TypeOf(input).Elem(), b.others...)
			var err error
			server := http.NewServeMux()
			server.HandleFunc(b.method+" "+b.path, func(_ http.ResponseWriter, r2 *http.Request) {
				err = protocol.Decode(r2, r2.URL.Query(), r.body, input)
			})
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r.request)
			if err == nil && w.Code != http.StatusOK {
				err = fmt.Errorf("%s %s is not %s %s", r.request.Method, r.request.URL, b.method, b.path)
			}
			return err
		},
		encode: func(w http.ResponseWriter, _ string, output any) {
			(&RestJSON{Status: http.StatusOK, Times: times}).Encode(w, output)
		},
		fail: func(w http.ResponseWriter, f Failure) { f.EncodeRestJSON(w) },
	}
}

type binding struct {
	method, path string
	others       []string
}

var (
	// Clients of one generation have their bindings in functions...
	serializer   = regexp.MustCompile(`(?s)type awsRestjson1_serializeOp(\w+) struct.*?SplitURI\("([^"]+)"\).*?request\.Method = "(\w+)"`)
	httpBindings = regexp.MustCompile(`(?s)func awsRestjson1_serializeOpHttpBindings(\w+)Input\(.*?\n}\n`)
	queryBinding = regexp.MustCompile(`(?:Set|Add)Query\("(\w+)"\)\.\w+\((?:string\()?\*?v\.(\w+)`)
	// ... and of the next in schemas.
	operationSchema = regexp.MustCompile(`(?s)Name: +"(\w+)",\n}, smithy\.ShapeTypeOperation, 0, &smithytraits\.HTTP{Method: "(\w+)",\s+URI:\s+"([^"]+)"`)
	memberSchema    = regexp.MustCompile(`(\w+?)(?:Request|Input)\.AddMember\("(\w+)".*&smithytraits\.HTTP(Query|Header){Name: "([^"]+)"}`)
)

func readBindings(dir string) map[string]binding {
	found := map[string]binding{}
	if source, err := os.ReadFile(filepath.Join(dir, "serializers.go")); err == nil {
		others := map[string][]string{}
		for _, function := range httpBindings.FindAllStringSubmatch(string(source), -1) {
			for _, m := range queryBinding.FindAllStringSubmatch(function[0], -1) {
				others[function[1]] = append(others[function[1]], lowerFirst(m[2])+"="+m[1])
			}
		}
		for _, m := range serializer.FindAllStringSubmatch(string(source), -1) {
			found[m[1]] = binding{m[3], pathOf(m[2]), others[m[1]]}
		}
		return found
	}
	source, err := os.ReadFile(filepath.Join(dir, "schemas", "schemas.go"))
	if err != nil {
		panic(err)
	}
	others := map[string][]string{}
	for _, m := range memberSchema.FindAllStringSubmatch(string(source), -1) {
		between := "="
		if m[3] == "Header" {
			between = ": "
		}
		others[m[1]] = append(others[m[1]], m[2]+between+m[4])
	}
	for _, m := range operationSchema.FindAllStringSubmatch(string(source), -1) {
		found[m[1]] = binding{m[2], pathOf(m[3]), others[m[1]]}
	}
	return found
}

// pathOf leaves out what a model's URI demands of the query.
func pathOf(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	return path
}

// captured is the transport of a client: it keeps what was sent and answers what
// it is told to.
type captured struct {
	request *http.Request
	body    []byte
	answer  func(http.ResponseWriter)
}

func (c *captured) Do(r *http.Request) (*http.Response, error) {
	c.request, c.body = r, nil
	if r.Body != nil {
		c.body, _ = io.ReadAll(r.Body)
	}
	w := httptest.NewRecorder()
	c.answer(w)
	return w.Result(), nil
}

// call makes the client do an operation, and returns what it makes of the answer.
func call(client any, operation string, input any) (output any, err error) {
	results := reflect.ValueOf(client).MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.ValueOf(input)})
	if err, _ := results[1].Interface().(error); err != nil {
		return nil, err
	}
	output = results[0].Interface()
	results[0].Elem().FieldByName("ResultMetadata").SetZero()
	return output, nil
}

// operations calls f with every operation of a client.
func operations(client any, f func(name string, input, output reflect.Type)) {
	t := reflect.TypeOf(client)
	for i := range t.NumMethod() {
		if m := t.Method(i); m.Type.NumIn() == 4 && m.Type.NumOut() == 2 {
			f(m.Name, m.Type.In(2).Elem(), m.Type.Out(0).Elem())
		}
	}
}

// filler fills structs with values that differ by where they stand. Of a union it
// chooses the member whose turn it is; widest tells how many turns there are.
type filler struct {
	turn, widest int
	empty        bool // texts, lists and maps are there, with nothing in them
	plain        bool // texts are such as any place of a request can carry
	within       []reflect.Type
}

func (f *filler) fill(v reflect.Value, path string) {
	switch kindOf(v.Type()) {
	case moment:
		at := time.Date(2026, 1, 2, 3, 4, 5, 500e6, time.UTC)
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.ValueOf(&at))
		} else {
			v.Set(reflect.ValueOf(at))
		}
		return
	case document:
		if v.Type() == reflect.TypeFor[ssodocs.Interface]() {
			v.Set(reflect.ValueOf(ssodocs.NewLazyDocument(map[string]any{"a": path, "b": []any{true, 1.5, nil}})))
		} else {
			v.Set(reflect.ValueOf(storedocs.NewLazyDocument(map[string]any{"a": path, "b": []any{true, 1.5, nil}})))
		}
		return
	case union:
		choices := unions[v.Type()]
		f.widest = max(f.widest, len(choices))
		chosen := reflect.New(choices[f.turn%len(choices)])
		f.fill(chosen.Elem(), path)
		v.Set(chosen)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch kindOf(v.Type()) {
	case record:
		f.record(v, path)
	case list:
		v.Set(reflect.MakeSlice(v.Type(), 0, 2))
		for i := range 2 {
			element := reflect.New(v.Type().Elem()).Elem()
			if f.empty || f.nested(element.Type()) {
				continue
			}
			f.fill(element, fmt.Sprintf("%s[%d]", path, i))
			v.Set(reflect.Append(v, element))
		}
	case dictionary:
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"a key", "b"} {
			if !f.empty {
				element := reflect.New(v.Type().Elem()).Elem()
				f.fill(element, path+"."+key)
				v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), element)
			}
		}
	case blob:
		v.SetBytes([]byte(path + "\x00\xff"))
	case scalar:
		f.scalar(v, path)
	default:
		panic(fmt.Sprintf("%s is a %s, which the codec does not know", path, v.Type()))
	}
}

func (f *filler) nested(t reflect.Type) bool {
	n := 0
	for _, outer := range f.within {
		if outer == t {
			n++
		}
	}
	return n > 1
}

func (f *filler) record(v reflect.Value, path string) {
	f.within = append(f.within, v.Type())
	for _, field := range reflect.VisibleFields(v.Type()) {
		if field.IsExported() && !field.Anonymous && field.Name != "ResultMetadata" && !f.nested(deref(field.Type)) {
			f.fill(v.FieldByIndex(field.Index), path+"."+field.Name)
		}
	}
	f.within = f.within[:len(f.within)-1]
}

func (f *filler) scalar(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		switch values := enumeration(v.Type()); {
		case values != nil:
			v.SetString(values[f.turn%len(values)])
		case f.plain:
			v.SetString(path + " é/+&%")
		case !f.empty:
			v.SetString(path + " é<&>\"'+%=;~/\\\n\t.")
		}
	case reflect.Bool:
		v.SetBool(!f.empty)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(0.25)
	default:
		v.SetInt(int64(len(path)))
	}
}

// same compares structs of the SDK, all fields of them; documents by what they hold.
func same(want, got any) string {
	return cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true }), cmp.Comparer(func(a, b smithydocument.Marshaler) bool {
		x, errX := a.MarshalSmithyDocument()
		y, errY := b.MarshalSmithyDocument()
		return errors.Join(errX, errY) == nil && bytes.Equal(x, y)
	}))
}

// sayNothing are the operations whose empty values do not come through, and why.
var sayNothing = map[string]string{
	"iam.AcquireRole":          "query has no way to say that a map is there and empty",
	"iam.PutAccountProperties": "query has no way to say that a map is there and empty",
}

// TestEveryOperationOfTheSDK sends every operation that the SDK's clients have,
// with every member filled, and reads it as a server; and answers every one,
// with every member filled, for the client to read.
func TestEveryOperationOfTheSDK(t *testing.T) {
	for _, s := range sdkServices {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			transport := &captured{}
			client, seen := s.client(transport), 0
			operations(client, func(name string, input, output reflect.Type) {
				seen++
				for _, empty := range []bool{false, true} {
					if empty && (s.protocol == "rest" || sayNothing[s.name+"."+name] != "") { // no path holds nothing
						continue
					}
					for turn, turns := 0, 1; turn < turns; turn++ {
						in, out := reflect.New(input), reflect.New(output)
						f := &filler{turn: turn, empty: empty, plain: s.protocol == "rest"}
						f.fill(in.Elem(), name)
						f.fill(out.Elem(), name)
						turns = f.widest
						s.roundTrip(t, client, transport, name, in.Interface(), out.Interface())
					}
				}
			})
			if seen < s.operations {
				t.Errorf("%d operations were tried, there should be %d", seen, s.operations)
			}
		})
	}
}

func (s *sdkService) roundTrip(t *testing.T, client any, transport *captured, name string, in, out any) {
	t.Helper()
	transport.answer = func(w http.ResponseWriter) { s.encode(w, name, out) }
	got, err := call(client, name, in)
	if err != nil {
		t.Errorf("%s: the client fails: %v", name, err)
		return
	}
	if diff := same(out, got); diff != "" {
		t.Errorf("%s: the client reads the answer otherwise: %s", name, diff)
	}
	read := reflect.New(reflect.TypeOf(in).Elem()).Interface()
	if err := s.decode(transport, name, read); err != nil {
		t.Errorf("%s: %v of %s", name, err, transport.body)
	} else if diff := same(in, read); diff != "" {
		t.Errorf("%s: the request is read otherwise: %s\n%s", name, diff, strings.TrimSpace(string(transport.body)))
	}
}
