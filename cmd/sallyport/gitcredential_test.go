package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/api"
)

func TestWhichServerGitAsksFor(t *testing.T) {
	for _, row := range []struct {
		what, endpoint, protocol, host string
		same                           bool
	}{
		{"the same", "https://sallyport.example.com", "https", "sallyport.example.com", true},
		{"in capitals", "https://sallyport.example.com", "https", "Sallyport.Example.COM", true},
		{"with the port left out here", "https://sallyport.example.com", "https", "sallyport.example.com:443", true},
		{"with the port left out there", "https://sallyport.example.com:443", "https", "sallyport.example.com", true},
		{"on this machine", "http://127.0.0.1:8080", "http", "127.0.0.1:8080", true},
		{"by IPv6", "http://[::1]:8080", "http", "[::1]:8080", true},
		{"another port", "https://sallyport.example.com", "https", "sallyport.example.com:8443", false},
		{"plain HTTP", "https://sallyport.example.com", "http", "sallyport.example.com", false},
		{"plain HTTP on its port", "https://sallyport.example.com", "http", "sallyport.example.com:443", false},
		{"a host below it", "https://sallyport.example.com", "https", "evil.sallyport.example.com", false},
		{"a host that begins so", "https://sallyport.example.com", "https", "sallyport.example.com.evil.example", false},
		{"a user of that name", "https://sallyport.example.com", "https", "sallyport.example.com@evil.example", false},
		{"a dot at its end", "https://sallyport.example.com", "https", "sallyport.example.com.", false},
		{"another name of this machine", "http://127.0.0.1:8080", "http", "localhost:8080", false},
		{"no host", "https://sallyport.example.com", "https", "", false},
		{"a scheme in capitals", "https://sallyport.example.com", "HTTPS", "sallyport.example.com", false},
		{"a server that is none", "ftp://sallyport.example.com", "ftp", "sallyport.example.com", false},
	} {
		if got := (gitRequest{protocol: row.protocol, host: row.host}).at(row.endpoint); got != row.same {
			t.Errorf("%s: %s://%s is %s: %t", row.what, row.protocol, row.host, row.endpoint, got)
		}
	}
}

func TestWhichRepositoryGitAsksFor(t *testing.T) {
	shop := api.CreateGitCredentialInput{Space: "acme", Project: "web", Repository: "shop"}
	for path, want := range map[string]api.CreateGitCredentialInput{
		"git/acme/web/shop": shop, "git/acme/web/shop.git": shop, "git/acme/web/shop/": shop, "git/acme/web/shop.git/": shop,
		"": {}, "git": {}, "git/": {}, "git/acme/web": {}, "git/acme/web/": {}, "git/acme/web/shop/info/refs": {}, "git//web/shop": {},
		"acme/web/shop": {}, "x/git/acme/web/shop": {}, "/git/acme/web/shop": {}, "gitacme/web/shop": {}, "git/acme/web/.git": {},
	} {
		if got, ok := (gitRequest{path: path}).repository(); got != want || ok != (want != api.CreateGitCredentialInput{}) {
			t.Errorf("%q is %+v, %t", path, got, ok)
		}
	}
}

func TestWhichSignInAnswersGit(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", folder)
	t.Setenv("SALLYPORT_TOKEN", "")
	if err := os.Mkdir(filepath.Join(folder, "sallyport"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := `{"version":1,"logins":{
		"work":{"endpoint":"https://one.example.com","alias":"ada"},"other":{"endpoint":"https://one.example.com","alias":"grace"},
		"default":{"endpoint":"https://two.example.com","alias":"ada"},"second":{"endpoint":"https://two.example.com","alias":"bob"},
		"home":{"endpoint":"https://three.example.com","alias":"ada"}}}`
	if err := os.WriteFile(filepath.Join(folder, "sallyport", "credentials.json"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ what, host, user, name, want, refused string }{
		{"the only one", "three.example.com", "", "", "home", ""},
		{"the default one", "two.example.com", "", "", "default", ""},
		{"by the user's name", "two.example.com", "BOB", "", "second", ""},
		{"one of two", "one.example.com", "grace", "", "other", ""},
		{"two and no name", "one.example.com", "", "", "", "other and work"},
		{"by its own name", "one.example.com", "", "work", "work", ""},
		{"a name that is for another server", "one.example.com", "", "default", "", ""},
		{"another user", "three.example.com", "bob", "", "", ""},
		{"a server nobody is signed in to", "four.example.com", "", "", "", ""},
	} {
		got, err := (gitRequest{protocol: "https", host: row.host, username: row.user}).login(row.name)
		if got != row.want || (err != nil) != (row.refused != "") || err != nil && !strings.Contains(err.Error(), row.refused) {
			t.Errorf("%s: %q, %v", row.what, got, err)
		}
	}
	t.Setenv("SALLYPORT_TOKEN", "sla_something")
	t.Setenv("SALLYPORT_ENDPOINT", "https://five.example.com")
	for host, want := range map[string]string{"five.example.com": "default", "three.example.com": ""} {
		if got, err := (gitRequest{protocol: "https", host: host}).login(""); got != want || err != nil {
			t.Errorf("with a token for another server, %s: %q, %v", host, got, err)
		}
	}
}

// Whatever is asked, a host is believed only when it is named once and as it is.
func FuzzReadGitRequest(f *testing.F) {
	for _, text := range []string{"protocol=https\nhost=a\npath=git/a/b/c\n\n", "host=a\nhost=b\n", "host", "host=\x00", "host=a\r\n", "wwwauth[]=x\nhost=a"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readGitRequest(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, value := range []string{r.protocol, r.host, r.path, r.username} {
			if strings.ContainsAny(value, "\n\r\x00") {
				t.Errorf("%q was taken from %q", value, text)
			}
		}
		r.at("https://sallyport.example.com")
		r.repository()
	})
}
