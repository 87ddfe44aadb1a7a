package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/server"
)

// A mux that redirects to the cleaned path would turn "delete the project .." into
// "delete the space", and AWS's own client follows redirects with its token.
func TestAttackDeletingWhatIsAboveByANameOfDots(t *testing.T) {
	s := sallyporttest.Start(t)
	s.HTTP.CheckRedirect = nil
	alice := s.User("alice")
	acme := alice.Space("acme")
	alice.Project(acme, "web")
	for _, name := range []string{"..", ".", "../.."} {
		_, err := alice.CodeCatalyst().DeleteProject(t.Context(), &codecatalyst.DeleteProjectInput{SpaceName: aws.String("acme"), Name: &name})
		if err == nil {
			t.Errorf("deleting %q succeeds", name)
		}
	}
	for _, path := range []string{
		"/aws/v1/spaces/acme/projects/..", "/aws/v1/spaces/acme/projects/web/../..", "/aws/v1/spaces//acme", "/aws/v1/spaces/acme/projects/%2e%2e", "/aws/v1/spaces/acme/./projects/..",
		"/api/v1/spaces/acme/projects/web/members/..", "/api/v1/spaces/acme/projects/%2E%2e", "//aws/v1/spaces/acme",
	} {
		if answer := s.Send("DELETE", path, alice.Token, ""); answer.Status != 400 {
			t.Errorf("DELETE %s: %d %s", path, answer.Status, answer.Header.Get("Location"))
		}
	}
	if answer := s.Send("GET", "/aws/v1/spaces/acme/projects/web", alice.Token, ""); answer.Status != 200 {
		t.Errorf("after all that: %d", answer.Status)
	}
}

// Whoever has one IPv6 address has the other 2^64 of its network as well.
func TestAttackRotatingThroughOnesOwnNetwork(t *testing.T) {
	s := sallyporttest.Start(t)
	var register *operation.Operation
	for _, op := range s.Operations() {
		if op.Name == "RegisterClient" {
			register = op
		}
	}
	slowed := func(address func(int) string) (slowed int) {
		for i := range 200 {
			request := &operation.Request{ID: "x", Address: address(i)}
			_, err := s.Runner().Do(t.Context(), register, request, func(any) error { return fault.Invalidf("never mind") })
			if fault.Is(err, fault.Throttled) {
				slowed++
			}
		}
		return slowed
	}
	if n := slowed(func(i int) string { return fmt.Sprintf("2001:db8:0:1::%x", i) }); n < 100 {
		t.Errorf("%d of 200 calls from one network were slowed down", n)
	}
	if n := slowed(func(i int) string { return fmt.Sprintf("2001:db8:0:%x::1", i+16) }); n != 0 {
		t.Errorf("%d of 200 calls from as many networks were slowed down", n)
	}
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::/64", "fe80::1%eth0": "fe80::/64", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "no address": "no address",
	} {
		if got := operation.Prefix(address); got != want {
			t.Errorf("Prefix(%q) is %q, want %q", address, got, want)
		}
	}
}

// Strangers are refused and that is recorded, but not without end nor at any length.
func TestAttackFillingTheDisk(t *testing.T) {
	s := sallyporttest.Start(t)
	agent := strings.Repeat("A", 60_000)
	for i := range 400 {
		path := []string{"/api/v1/profile", "/sign-in", "/nothing/here"}[i%3]
		request, err := http.NewRequest("GET", s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("User-Agent", agent)
		s.Do(request)
	}
	long := `{"clientName":"c","clientType":"public","scopes":[` + strings.Repeat(`"aaaaaaaaaa",`, 20000) + `"a"]}`
	for range 20 {
		s.Send("POST", "/aws/client/register", "", long)
	}
	events, size := s.Events(seal.Directory), 0
	for _, event := range events {
		size += len(event.Detail.UserAgent) + len(event.Detail.Request)
	}
	if len(events) > 200 || size > 300_000 {
		t.Errorf("%d events of %d bytes were written for 420 requests of strangers", len(events), size)
	}
}

func TestAttackZeroBytes(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice := s.User("alice")
		alice.Space("acme")
		for _, attempt := range []struct{ method, path, body string }{
			{"POST", "/aws/token", `{"clientId":"a\u0000","clientSecret":"b","grantType":"refresh_token"}`},
			{"POST", "/aws/client/register", `{"clientName":"a\u0000","clientType":"public"}`},
			{"PUT", "/aws/v1/accessTokens", `{"name":"a\u0000"}`},
			{"GET", "/aws/userDetails?id=a%00", ""},
			{"GET", "/api/v1/spaces/acme/members?after=%00", ""},
			{"DELETE", "/api/v1/spaces/acme/members/a%00", ""},
			{"GET", "/api/v1/spaces/acme/events?name=%ff", ""},
		} {
			if answer := s.Send(attempt.method, attempt.path, alice.Token, attempt.body); answer.Status != 400 {
				t.Errorf("%s %s %s: %d %s", attempt.method, attempt.path, attempt.body, answer.Status, answer.Body)
			}
		}
		if strings.Contains(s.Log.String(), `"level":"ERROR"`) {
			t.Errorf("the server complains: %s", s.Log)
		}
	})
}

// The data directory may be one that others can enter; what stands in it is not
// theirs to read.
func TestAttackReadingTheDataDirectoryAsSomebodyElse(t *testing.T) {
	data := t.TempDir()
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := server.Start(context.Background(), server.Config{Data: data, Listen: "127.0.0.1:0", TLS: "self-signed"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = filepath.WalkDir(data, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == data {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestConfigurationsThatCannotBeMeant(t *testing.T) {
	for says, config := range map[string]server.Config{
		"a data directory is needed":         {},
		"not a loopback address":             {Data: "x", Listen: "0.0.0.0:8080"},
		"takes HOST:PORT":                    {Data: "x", Listen: "8080"},
		"say --url":                          {Data: "x", BehindProxy: true},
		"scheme and host alone":              {Data: "x", URL: "https://example.com/path"},
		"over https alone":                   {Data: "x", URL: "http://example.com"},
		"not the name of an AWS Region":      {Data: "x", Region: "moon"},
		"smtp://":                            {Data: "x", SMTP: "mail.example.com"},
		"--database takes a postgres:// URL": {Data: "x", Database: "mysql://x"},
	} {
		_, err := server.Start(t.Context(), config)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", config, err, says)
		}
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("a refused configuration left a directory behind")
	}
}

// A client that sends slowly does not hold up the end.
func TestShutdownDoesNotWaitForSlowClients(t *testing.T) {
	s, err := server.Start(t.Context(), server.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	body, end := io.Pipe()
	defer end.Close()
	sent := make(chan error, 1)
	go func() {
		response, err := http.Post(s.URL()+"/aws/token", "application/json", body)
		if err == nil {
			response.Body.Close()
		}
		sent <- err
	}()
	if _, err := end.Write([]byte("{")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	end.Close()
	<-sent
}

// An AWS client that was given the wrong address is told the right one, in a form it reads.
func TestAWSClientsBesideTheDoorAreShownIt(t *testing.T) {
	s := sallyporttest.Start(t)
	for _, headers := range []map[string]string{
		{"X-Amz-Target": "AWSOrganizationsV20161128.ListRoots"},
		{"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-west-2/sts/aws4_request, SignedHeaders=host, Signature=00"},
	} {
		request, err := http.NewRequest("POST", s.URL()+"/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range headers {
			request.Header.Set(name, value)
		}
		if answer := s.Do(request); answer.Status != 400 || !strings.Contains(answer.Body, "/aws: set AWS_ENDPOINT_URL") || strings.Contains(answer.Body, "<!doctype") {
			t.Errorf("%v: %d %s", headers, answer.Status, answer.Body)
		}
	}
}
