package authn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/fault"
)

const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var signedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// arrived is a request as a server has read it from the network.
func arrived(t testing.TB, raw string) (*http.Request, []byte) {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body)))
	if err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	read, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, read
}

func verify(t testing.TB, raw string, now time.Time) (*Signature, error) {
	t.Helper()
	r, body := arrived(t, raw)
	s, err := ReadSignature(r, body)
	if err == nil && s == nil {
		t.Fatalf("no signature seen in %s", raw)
	}
	if err != nil {
		return nil, err
	}
	return s, s.Verify(secret, now)
}

// Requests as botocore 1.43 sends them.
const (
	botocoreQuery = `POST /aws HTTP/1.1
Host: localhost:8080
Content-Type: application/x-www-form-urlencoded; charset=utf-8
X-Amz-Date: 20260102T030405Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-west-2/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=f8364dc7a4542a4312868fb3197af3fee6fdb1f307b75053841777d31cfb47c9
Content-Length: 43

Action=GetCallerIdentity&Version=2011-06-15`
	botocoreJSON = `POST /aws/ HTTP/1.1
Host: localhost:8080
Content-Type: application/x-amz-json-1.1
X-Amz-Target: AWSOrganizationsV20161128.ListAccounts
X-Amz-Date: 20260102T030405Z
X-Amz-Security-Token: TOKEN/with+=
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-west-2/organizations/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=192d0e9f1fe17ea0662be03e62be55053e22887e3554c7788938cab194c08bd5
Content-Length: 2

{}`
	botocoreREST = `GET /aws/tags/arn%3Aaws%3Aa%3Ab%2Fc%20d?b=a%2Fb+c&a=~%C3%A9&a-= HTTP/1.1
Host: localhost:8080
X-Amz-Date: 20260102T030405Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-west-2/access-analyzer/aws4_request, SignedHeaders=host;x-amz-date, Signature=e5ed33da0820151da71e598f9313ab1b77f381cd09499998ced0735ebb2b2752

`
	botocorePresigned = `GET /aws/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=TOKEN%2Fwith%2B%3D&X-Amz-Signature=0697a3474c985e183258fa1ebdb75d39e952f049e31c7f9be31c37751007cafe HTTP/1.1
Host: localhost:8080

`
	// From the documentation of Signature Version 4.
	documented = `GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1
Host: iam.amazonaws.com
Content-Type: application/x-www-form-urlencoded; charset=utf-8
X-Amz-Date: 20150830T123600Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7

`
)

func TestBotocoreSigns(t *testing.T) {
	for raw, want := range map[string]Signature{
		botocoreQuery:     {Service: "sts"},
		botocoreJSON:      {Service: "organizations", SessionToken: "TOKEN/with+="},
		botocoreREST:      {Service: "access-analyzer"},
		botocorePresigned: {Service: "sts", SessionToken: "TOKEN/with+="},
	} {
		s, err := verify(t, raw, signedAt.Add(14*time.Minute))
		if err != nil {
			t.Errorf("%v for\n%s", err, raw)
			continue
		}
		if s.AccessKeyID != keyID || s.Region != "us-west-2" || s.Service != want.Service || s.SessionToken != want.SessionToken || !s.At.Equal(signedAt) {
			t.Errorf("read %+v", s)
		}
		if err := s.Verify(secret+"x", signedAt); !fault.HasReason(err, ReasonSignatureMismatch) {
			t.Errorf("another secret: %v", err)
		}
		if err := s.Verify(secret, signedAt); err != nil {
			t.Errorf("after another secret was tried: %v", err)
		}
	}
	if _, err := verify(t, documented, time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)); err != nil {
		t.Error(err)
	}
}

func TestUnsignedRequestsHaveNoSignature(t *testing.T) {
	for _, authorization := range []string{"", "Authorization: Bearer x\n", "Authorization: Basic eDp5\n"} {
		r, body := arrived(t, "GET /aws/session?a=b HTTP/1.1\nHost: x\n"+authorization+"\n")
		if s, err := ReadSignature(r, body); s != nil || err != nil {
			t.Error(s, err)
		}
	}
}

// sdkServer verifies whatever comes, and answers nothing the client likes.
func sdkServer(t *testing.T, got *error, found **Signature) *httptest.Server {
	server := httptest.NewServer(http.StripPrefix("/aws", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s, err := ReadSignature(r, body)
		if err == nil && s == nil {
			t.Error("no signature")
		} else if err == nil {
			err = s.Verify(secret, time.Now())
		}
		*got, *found = err, s
		w.WriteHeader(http.StatusBadRequest)
	})))
	t.Cleanup(server.Close)
	return server
}

func TestTheSDKSigns(t *testing.T) {
	var got error
	var found *Signature
	server := sdkServer(t, &got, &found)
	for _, token := range []string{"", "session/token+="} {
		keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: token}, nil
		})
		for _, base := range []string{"/aws", "/aws/"} {
			query := sts.New(sts.Options{Region: "us-west-2", BaseEndpoint: aws.String(server.URL + base), Credentials: keys, Retryer: aws.NopRetryer{}})
			json := organizations.New(organizations.Options{Region: "us-west-2", BaseEndpoint: aws.String(server.URL + base), Credentials: keys, Retryer: aws.NopRetryer{}})
			for name, call := range map[string]func() error{
				"sts": func() error {
					_, err := query.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::111122223333:role/é +"), RoleSessionName: aws.String("x")})
					return err
				},
				"organizations": func() error {
					_, err := json.ListAccounts(t.Context(), &organizations.ListAccountsInput{})
					return err
				},
			} {
				got, found = nil, nil
				if err := call(); err == nil || found == nil {
					t.Fatal("nothing arrived:", err, got)
				}
				if got != nil || found.SessionToken != token || found.CheckService(name) != nil || !fault.HasReason(found.CheckService("iam"), ReasonSignatureMismatch) {
					t.Errorf("%s at %s: %v, %+v", name, base, got, found)
				}
			}
			signed, err := sts.NewPresignClient(query).PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			if err != nil {
				t.Fatal(err)
			}
			got, found = nil, nil
			r, _ := http.NewRequestWithContext(t.Context(), signed.Method, signed.URL, nil)
			if response, err := server.Client().Do(r); err != nil {
				t.Fatal(err)
			} else {
				response.Body.Close()
			}
			if got != nil || found == nil || found.SessionToken != token {
				t.Errorf("presigned at %s: %v", base, got)
			}
		}
	}
}

// Java's first SDK signs the user agent, which the signer used here leaves out.
func TestHeadersThatTheSDKLeavesOutCanBeSigned(t *testing.T) {
	raw := signed("POST", "/aws", "", "Action=x", map[string]string{"content-length": "8", "host": "h", "user-agent": "java  x", "x-amz-date": "20260102T030405Z"}, "sts")
	if _, err := verify(t, raw, signedAt); err != nil {
		t.Error(err)
	}
	if _, err := verify(t, strings.Replace(raw, "java", "Java", 1), signedAt); !fault.HasReason(err, ReasonSignatureMismatch) {
		t.Error(err)
	}
}

// signed makes a request signed by a second implementation, written by the book:
// all these headers, in the Authorization header, with this path as it stands.
func signed(method, path, query, body string, headers map[string]string, service string) string {
	sum := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	hash := func(text string) string {
		digest := sha256.Sum256([]byte(text))
		return hex.EncodeToString(digest[:])
	}
	var names []string
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	var canonical, sent strings.Builder
	for _, name := range names {
		canonical.WriteString(name + ":" + strings.Join(strings.Fields(headers[name]), " ") + "\n")
		sent.WriteString(name + ": " + headers[name] + "\n")
	}
	escaped := strings.ReplaceAll(path, "%", "%25")
	list := strings.Join(names, ";")
	creq := strings.Join([]string{method, escaped, query, canonical.String(), list, hash(body)}, "\n")
	scope := "20260102/us-west-2/" + service + "/aws4_request"
	key := sum(sum(sum(sum([]byte("AWS4"+secret), "20260102"), "us-west-2"), service), "aws4_request")
	signature := hex.EncodeToString(sum(key, "AWS4-HMAC-SHA256\n20260102T030405Z\n"+scope+"\n"+hash(creq)))
	if query != "" {
		query = "?" + query
	}
	return method + " " + path + query + " HTTP/1.1\n" + sent.String() + "Authorization: AWS4-HMAC-SHA256 Credential=" + keyID + "/" + scope + ", SignedHeaders=" + list + ", Signature=" + signature + "\n\n" + body
}

// attack is a change to a good request, and how it is refused.
type attack struct {
	name     string
	from, to string
	reason   fault.Reason
}

func refused(t *testing.T, raw string, attacks []attack) {
	t.Helper()
	if _, err := verify(t, raw, signedAt); err != nil {
		t.Fatalf("before any attack: %v", err)
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			if !strings.Contains(raw, a.from) {
				t.Fatalf("there is no %q to change", a.from)
			}
			_, err := verify(t, strings.Replace(raw, a.from, a.to, 1), signedAt)
			if !fault.HasReason(err, a.reason) {
				t.Errorf("%v, want %s", err, a.reason)
			}
		})
	}
}

func TestAttackOnTheHeaderForm(t *testing.T) {
	strippable := botocoreJSON[strings.Index(botocoreJSON, "X-Amz-Security-Token"):strings.Index(botocoreJSON, "Signature=")]
	refused(t, botocoreJSON, []attack{
		{"body", "\n\n{}", "\n\n[]", ReasonSignatureMismatch},
		{"method", "POST /", "PUT /", ReasonSignatureMismatch},
		{"host", "localhost:8080", "localhost:8081", ReasonSignatureMismatch},
		{"target", "ListAccounts", "ListRoots", ReasonSignatureMismatch},
		{"query added", "/aws/ ", "/aws/?Action=x ", ReasonSignatureMismatch},
		{"header added", "Content-Length", "X-Amz-Other: x\nContent-Length", ReasonIncompleteSignature},
		{"second target", "Content-Length", "X-Amz-Target: AWSOrganizationsV20161128.ListRoots\nContent-Length", ReasonIncompleteSignature},
		{"second content type", "Content-Length", "Content-Type: text/plain\nContent-Length", ReasonIncompleteSignature},
		{"second date", "Content-Length", "X-Amz-Date: 20260102T030405Z\nContent-Length", ReasonIncompleteSignature},
		{"no date", "X-Amz-Date: 20260102T030405Z\n", "", ReasonIncompleteSignature},
		{"date of another form", "X-Amz-Date: 20260102T030405Z", "X-Amz-Date: 2026-01-02T03:04:05Z", ReasonIncompleteSignature},
		{"date that does not exist", "X-Amz-Date: 20260102T030405Z", "X-Amz-Date: 20260102T030461Z", ReasonIncompleteSignature},
		{"a minute later", "X-Amz-Date: 20260102T030405Z", "X-Amz-Date: 20260102T030505Z", ReasonSignatureMismatch},
		{"another day in the scope", "/20260102/", "/20260101/", ReasonSignatureMismatch},
		{"another service in the scope", "/organizations/", "/iam/", ReasonSignatureMismatch},
		{"another region in the scope", "/us-west-2/", "/us-east-1/", ReasonSignatureMismatch},
		{"another terminal", "aws4_request", "aws4_requests", ReasonIncompleteSignature},
		{"a longer scope", "/us-west-2/", "/us-west-2/x/", ReasonIncompleteSignature},
		{"a scope that is a path", "/us-west-2/", "/../", ReasonIncompleteSignature},
		{"session token changed", "TOKEN", "TOKEM", ReasonSignatureMismatch},
		{"session token stripped", "X-Amz-Security-Token: TOKEN/with+=\n", "", ReasonSignatureMismatch},
		{"session token stripped and unsigned", strippable, strings.NewReplacer("X-Amz-Security-Token: TOKEN/with+=\n", "", "x-amz-security-token;", "").Replace(strippable), ReasonSignatureMismatch},
		{"session token not signed", "x-amz-security-token;", "", ReasonIncompleteSignature},
		{"session token in the query, too", "/aws/ ", "/aws/?X-Amz-Security-Token=x ", ReasonIncompleteSignature},
		{"host not signed", "content-type;host;", "content-type;", ReasonIncompleteSignature},
		{"content type not signed", "content-type;host;", "host;", ReasonIncompleteSignature},
		{"target not signed", ";x-amz-target", "", ReasonIncompleteSignature},
		{"headers out of order", "content-type;host", "host;content-type", ReasonIncompleteSignature},
		{"header signed twice", "content-type;host", "content-type;host;host", ReasonIncompleteSignature},
		{"header in capitals", "content-type;host", "Content-Type;host", ReasonIncompleteSignature},
		{"header that is not there", "content-type;host", "content-type;cookie;host", ReasonSignatureMismatch},
		{"empty header name", "content-type;host", ";content-type;host", ReasonIncompleteSignature},
		{"another signature", "Signature=192d", "Signature=192e", ReasonSignatureMismatch},
		{"signature in capitals", "Signature=192d0e9f", "Signature=192D0E9F", ReasonIncompleteSignature},
		{"short signature", "Signature=192d", "Signature=", ReasonIncompleteSignature},
		{"no signature", "Signature=192d", "Unsigned=192d", ReasonIncompleteSignature},
		{"two signatures", "Signature=192d", "Signature=x, Signature=192d", ReasonIncompleteSignature},
		{"another algorithm", "AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 ", ReasonIncompleteSignature},
		{"the algorithm alone", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256\nX: ", ReasonIncompleteSignature},
		{"version 2", "AWS4-HMAC-SHA256 ", "AWS AKID:x ", ReasonIncompleteSignature},
		{"two Authorization headers", "Content-Length", "Authorization: Bearer x\nContent-Length", ReasonIncompleteSignature},
		{"both forms", "/aws/ ", "/aws/?X-Amz-Signature=x ", ReasonIncompleteSignature},
		{"unsigned payload", "Content-Length", "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\nContent-Length", ReasonIncompleteSignature},
		{"dots", "POST /aws/ ", "POST /aws/../aws/ ", ReasonSignatureMismatch},
		{"encoded dots", "POST /aws/ ", "POST /aws/%2e%2E/aws/ ", ReasonSignatureMismatch},
		{"a dot", "POST /aws/ ", "POST /aws/. ", ReasonSignatureMismatch},
		{"double slash", "POST /aws/ ", "POST /aws// ", ReasonSignatureMismatch},
		{"encoded slash", "POST /aws/ ", "POST /aws%2F ", ReasonSignatureMismatch},
		{"no slash", "POST /aws/ ", "POST /aws ", ReasonSignatureMismatch},
		{"otherwise encoded", "POST /aws/ ", "POST /%61ws/ ", ReasonSignatureMismatch},
		{"malformed query", "POST /aws/ ", "POST /aws/?a;b ", ReasonIncompleteSignature},
	})
}

func TestAttackOnThePresignedForm(t *testing.T) {
	refused(t, botocorePresigned, []attack{
		{"parameter changed", "Action=GetCallerIdentity", "Action=GetSessionToken", ReasonSignatureMismatch},
		{"parameter added", "Version=", "DurationSeconds=1&Version=", ReasonSignatureMismatch},
		{"parameter given twice", "Version=", "Action=GetSessionToken&Version=", ReasonSignatureMismatch},
		{"body added", "localhost:8080\n\n", "localhost:8080\nContent-Length: 8\n\nAction=x", ReasonSignatureMismatch},
		{"form added", "localhost:8080\n\n", "localhost:8080\nContent-Type: text/plain\n\n", ReasonIncompleteSignature},
		{"target added", "localhost:8080\n\n", "localhost:8080\nX-Amz-Target: x\n\n", ReasonIncompleteSignature},
		{"longer", "Expires=900", "Expires=9000", ReasonSignatureMismatch},
		{"eight days", "Expires=900", "Expires=691200", ReasonIncompleteSignature},
		{"for ever", "Expires=900", "Expires=18446744073709551615", ReasonIncompleteSignature},
		{"a negative time", "Expires=900", "Expires=-1", ReasonIncompleteSignature},
		{"no time", "Expires=900", "Expires=0", ReasonIncompleteSignature},
		{"expiry given twice", "X-Amz-Expires=900", "X-Amz-Expires=900&X-Amz-Expires=901", ReasonIncompleteSignature},
		{"expiry left out", "&X-Amz-Expires=900", "", ReasonSignatureMismatch},
		{"session token left out", "&X-Amz-Security-Token=TOKEN%2Fwith%2B%3D", "", ReasonSignatureMismatch},
		{"session token changed", "TOKEN", "TOKEM", ReasonSignatureMismatch},
		{"session token in a header, too", "localhost:8080\n\n", "localhost:8080\nX-Amz-Security-Token: x\n\n", ReasonIncompleteSignature},
		{"signature given twice", "X-Amz-Signature=", "X-Amz-Signature=x&X-Amz-Signature=", ReasonIncompleteSignature},
		{"signature left out", "&X-Amz-Signature=", "&Unsigned=", ReasonIncompleteSignature},
		{"date given twice", "X-Amz-Date=", "X-Amz-Date=20260102T030405Z&X-Amz-Date=", ReasonIncompleteSignature},
		{"host not signed", "SignedHeaders=host", "SignedHeaders=", ReasonIncompleteSignature},
		{"another host", "localhost:8080", "localhost", ReasonSignatureMismatch},
		{"another algorithm", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", ReasonIncompleteSignature},
		{"unsigned payload", "&X-Amz-Signature", "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Signature", ReasonSignatureMismatch},
		{"a token beside it", "localhost:8080\n\n", "localhost:8080\nAuthorization: Bearer x\n\n", ReasonIncompleteSignature},
	})
	// The order in which parameters are sent says nothing.
	reordered := strings.Replace(botocorePresigned, "Action=GetCallerIdentity&Version=2011-06-15", "Version=2011-06-15&Action=GetCallerIdentity", 1)
	if _, err := verify(t, reordered, signedAt); err != nil {
		t.Error(err)
	}
}

// A request that somebody signed so is refused, however well it is signed.
func TestAttackWithAGoodSignature(t *testing.T) {
	const date = "20260102T030405Z"
	for name, raw := range map[string]string{
		"unsigned payload": signed("POST", "/aws", "", "x", map[string]string{"content-length": "1", "host": "h", "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": date}, "sts"),
		"no host":          strings.Replace(signed("POST", "/aws", "", "", map[string]string{"x-amz-date": date}, "sts"), "HTTP/1.1\n", "HTTP/1.1\nHost: h\n", 1),
		"dots":             signed("POST", "/aws/../x", "", "", map[string]string{"host": "h", "x-amz-date": date}, "sts"),
		"double slash":     signed("POST", "/aws//x", "", "", map[string]string{"host": "h", "x-amz-date": date}, "sts"),
		"chunked":          strings.Replace(signed("POST", "/aws", "", "0\r\n\r\n", map[string]string{"content-length": "0", "host": "h", "x-amz-date": date}, "sts"), "content-length: 0", "Transfer-Encoding: chunked", 1),
	} {
		if _, err := verify(t, raw, signedAt); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// And the same by the same hand, without the fault.
	if _, err := verify(t, signed("POST", "/aws/a%2Fb", "a=%20&b=c", "x", map[string]string{"content-length": "1", "host": "h", "x-amz-date": date}, "sts"), signedAt); err != nil {
		t.Error(err)
	}
}

func TestAttackByReplay(t *testing.T) {
	for _, raw := range []string{botocoreQuery, botocorePresigned} {
		for after, good := range map[time.Duration]bool{
			-15*time.Minute - time.Second: false, -15 * time.Minute: true, 0: true, 15 * time.Minute: true,
			15*time.Minute + time.Second: false, 24 * time.Hour: false, 365 * 24 * time.Hour: false,
		} {
			_, err := verify(t, raw, signedAt.Add(after))
			if good && err != nil || !good && !fault.HasReason(err, ReasonSignatureExpired) {
				t.Errorf("after %s: %v", after, err)
			}
		}
	}
	_, err := verify(t, botocoreQuery, signedAt.Add(time.Hour))
	if want := "Signature expired: 20260102T030405Z is now earlier than 20260102T034905Z"; err == nil || !strings.Contains(err.Error(), want) {
		t.Error(err)
	}
	_, err = verify(t, botocoreQuery, signedAt.Add(-time.Hour))
	if want := "Signature not yet current: 20260102T030405Z is still later than 20260102T021905Z"; err == nil || !strings.Contains(err.Error(), want) {
		t.Error(err)
	}
}

func TestPresignedForSevenDays(t *testing.T) {
	r, _ := http.NewRequest("GET", "http://localhost/aws/?Action=GetCallerIdentity&X-Amz-Expires=604800", nil)
	text, _, err := v4.NewSigner().PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, r, nothing, "sts", "us-west-2", signedAt)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse(text)
	raw := "GET " + at.RequestURI() + " HTTP/1.1\nHost: localhost\n\n"
	if _, err := verify(t, raw, signedAt.Add(7*24*time.Hour)); err != nil {
		t.Error(err)
	}
	if _, err := verify(t, raw, signedAt.Add(7*24*time.Hour+time.Second)); !fault.HasReason(err, ReasonSignatureExpired) {
		t.Error(err)
	}
}

// Whoever knows an access key's id may claim any region.
func TestAttackOnTheCacheOfSigners(t *testing.T) {
	before := len(signers.known)
	for i := range 100 {
		region := fmt.Sprintf("/mars-%d/", i)
		if _, err := verify(t, strings.Replace(botocoreQuery, "/us-west-2/", region, 1), signedAt); !fault.HasReason(err, ReasonSignatureMismatch) {
			t.Fatal(err)
		}
	}
	if len(signers.known) > before {
		t.Errorf("%d signers are kept for signatures that were refused", len(signers.known)-before)
	}
	for i := range 2 * mostSigners {
		signers.keep(signerKey{region: strconv.Itoa(i)}, nil)
	}
	if len(signers.known) > mostSigners {
		t.Errorf("%d signers are kept", len(signers.known))
	}
	clear(signers.known)
}

// A call inside the process has no request line; one through a proxy a whole URL in it.
func TestWhereThePathIsFound(t *testing.T) {
	r, body := arrived(t, botocoreREST)
	r.RequestURI = ""
	if s, err := ReadSignature(r, body); err != nil || s.Verify(secret, signedAt) != nil {
		t.Error(s, err)
	}
	if _, err := verify(t, strings.Replace(botocoreREST, "GET /", "GET http://localhost:8080/", 1), signedAt); err != nil {
		t.Error(err)
	}
}

func FuzzReadSignature(f *testing.F) {
	for _, raw := range []string{botocoreQuery, botocoreJSON, botocoreREST, botocorePresigned, documented} {
		r, body := arrived(f, raw)
		f.Add(r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Security-Token"), body)
	}
	f.Fuzz(func(t *testing.T, uri, authorization, date, token string, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.RequestURI = uri
		for name, value := range map[string]string{"Authorization": authorization, "X-Amz-Date": date, "X-Amz-Security-Token": token} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		s, err := ReadSignature(r, body)
		switch {
		case err != nil && fault.Is(err, fault.Internal):
			t.Fatalf("%v is no fault of the caller", err)
		case err != nil || s == nil:
			return
		}
		if !s.signs("host") || date != "" && !s.presigned && !s.signs("x-amz-date") || token != "" && !s.signs("x-amz-security-token") {
			t.Fatalf("signs too little: %q", s.signedHeaders)
		}
		if len(s.AccessKeyID) > 128 || len(s.Region) > 64 || len(s.Service) > 64 {
			t.Fatalf("%+v", s)
		}
		if err := s.Verify("another secret than any seed's", s.At); !fault.HasReason(err, ReasonSignatureMismatch) {
			t.Fatalf("%v", err)
		}
	})
}

func BenchmarkSignature(b *testing.B) {
	for name, raw := range map[string]string{"header": botocoreJSON, "presigned": botocorePresigned} {
		b.Run(name, func(b *testing.B) {
			r, body := arrived(b, raw)
			b.ReportAllocs()
			for b.Loop() {
				s, err := ReadSignature(r, body)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Verify(secret, signedAt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
