package credential

import (
	"net/url"
	"strings"
	"testing"
)

var redirectURIs = []struct {
	uri  string
	good bool
}{
	{"http://127.0.0.1/oauth/callback", true},
	{"http://127.0.0.1:49152/oauth/callback", true},
	{"http://[::1]:8400/", true},
	{"http://localhost", true},
	{"http://localhost:1234/callback?from=cli", true},
	{"https://app.example.com/callback", true},
	{"https://app.example.com:8443/callback?a=b", true},
	{"", false},
	{"/callback", false},
	{"//evil.example/callback", false},
	{"http://example.com/callback", false},
	{"http://127.0.0.2/callback", false},
	{"http://127.0.0.1.evil.example/callback", false},
	{"http://localhost.evil.example/", false},
	{"http://127.0.0.1@evil.example/", false},
	{"http://127.0.0.1:80@evil.example/", false},
	{"http://127.0.0.1\\@evil.example/", false},
	{"http://evil.example#@127.0.0.1/", false},
	{"http://evil.example/127.0.0.1", false},
	{"http://[::1].evil.example/", false},
	{"http://[::ffff:127.0.0.1]/", false},
	{"http://2130706433/", false},
	{"http://0.0.0.0/", false},
	{"http://localhost:123456/", false},
	{"https://user@app.example.com/", false},
	{"https://app.example.com/#fragment", false},
	{"https://app.example.com/#", false},
	{"https:///callback", false},
	{"https:app.example.com", false},
	{"https://:443/", false},
	{"https://app.example.com/a b", false},
	{"https://app.example.com/\r\nSet-Cookie: a=b", false},
	{"https://äpp.example.com/", false},
	{"https://app.example.com/%zz", false},
	{"https://app.example.com/" + strings.Repeat("a", 2048), false},
	{"javascript:alert(1)//https://app.example.com", false},
	{"data:text/html,hello", false},
	{"com.example.app:/callback", false},
	{"file:///etc/passwd", false},
}

func TestOpenRedirectURIsAreRefused(t *testing.T) {
	for _, row := range redirectURIs {
		if err := checkRedirectURI(row.uri); row.good != (err == nil) {
			t.Errorf("%.80q: %v", row.uri, err)
		}
	}
}

func TestARedirectURIMatchesExactlyButForALoopbackPort(t *testing.T) {
	for _, row := range []struct {
		registered, wanted string
		want               bool
	}{
		{"http://127.0.0.1/oauth/callback", "http://127.0.0.1/oauth/callback", true},
		{"http://127.0.0.1/oauth/callback", "http://127.0.0.1:49152/oauth/callback", true},
		{"http://127.0.0.1:8400/oauth/callback", "http://127.0.0.1:49152/oauth/callback", true},
		{"http://[::1]/cb", "http://[::1]:1/cb", true},
		{"http://localhost/cb?x=1", "http://localhost:1/cb?x=1", true},
		{"http://127.0.0.1/oauth/callback", "http://localhost/oauth/callback", false},
		{"http://127.0.0.1/oauth/callback", "http://127.0.0.1/oauth/callback/", false},
		{"http://127.0.0.1/oauth/callback", "http://127.0.0.1/oauth/callback?next=evil", false},
		{"http://127.0.0.1/oauth/callback", "http://127.0.0.1/oauth/../callback", false},
		{"http://127.0.0.1/", "http://127.0.0.1", false},
		{"http://127.0.0.1/", "https://127.0.0.1/", false},
		{"http://127.0.0.1/", "http://127.0.0.1:1@evil.example/", false},
		{"http://127.0.0.1/", "http://127.0.0.1/#a", false},
		{"https://app.example.com/cb", "https://app.example.com/cb", true},
		{"https://app.example.com/cb", "https://app.example.com:443/cb", false},
		{"https://app.example.com/cb", "https://app.example.com/CB", false},
		{"https://app.example.com/cb", "https://app.example.com.evil.example/cb", false},
		{"https://*.example.com/cb", "https://app.example.com/cb", false},
		{"http://evil.example/", "http://evil.example/", false},
	} {
		if got := redirectMatches(row.registered, row.wanted); got != row.want {
			t.Errorf("%s for %s: %t", row.wanted, row.registered, got)
		}
	}
}

func FuzzRedirectURIs(f *testing.F) {
	for _, row := range redirectURIs {
		f.Add("http://127.0.0.1/oauth/callback", row.uri)
		f.Add(row.uri, row.uri)
	}
	f.Fuzz(func(t *testing.T, registered, wanted string) {
		if !redirectMatches(registered, wanted) {
			return
		}
		// Whatever matches leads to where it was registered for.
		one, err := url.Parse(registered)
		if err != nil {
			t.Fatal(err)
		}
		other, err := url.Parse(wanted)
		if err != nil {
			t.Fatal(err)
		}
		if one.Scheme != other.Scheme || one.Hostname() != other.Hostname() || one.EscapedPath() != other.EscapedPath() || one.RawQuery != other.RawQuery {
			t.Errorf("%s matches %s", wanted, registered)
		}
		if other.Scheme == "http" && other.Hostname() != "127.0.0.1" && other.Hostname() != "::1" && other.Hostname() != "localhost" {
			t.Errorf("%s is plain and not on this machine", wanted)
		}
	})
}
