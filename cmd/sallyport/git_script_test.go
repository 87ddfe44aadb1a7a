package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/server"
)

// withGitCommands adds what scripts do about git and its passwords.
func withGitCommands(s *sallyporttest.Sallyport, to map[string]func(*testscript.TestScript, bool, []string)) map[string]func(*testscript.TestScript, bool, []string) {
	maps.Copy(to, map[string]func(*testscript.TestScript, bool, []string){
		// handed NAME: $NAME is the password that the last command printed for git.
		"handed": func(ts *testscript.TestScript, _ bool, args []string) {
			_, rest, _ := strings.Cut(ts.ReadFile("stdout"), "password=")
			password, _, _ := strings.Cut(rest, "\n")
			ts.Setenv(args[0], password)
		},
		// remote SECRET ALIAS SPACE/PROJECT/NAME [SERVER]: $REMOTE is a repository's URL, with alias
		// and token.
		"remote": func(ts *testscript.TestScript, _ bool, args []string) {
			at, err := url.Parse(append(args, s.URL())[3])
			ts.Check(err)
			at.User, at.Path = url.UserPassword(args[1], args[0]), "/git/"+args[2]
			ts.Setenv("REMOTE", at.String())
		},
		// serves DATA: wait until a server on this data directory answers. $RESTORED is its address.
		"serves": func(ts *testscript.TestScript, _ bool, args []string) {
			var at server.Bootstrap
			s.Eventually("serve "+args[0], func() bool {
				text, err := os.ReadFile(filepath.Join(ts.MkAbs(args[0]), "bootstrap.json"))
				return err == nil && json.Unmarshal(text, &at) == nil && at.Ready
			})
			ts.Setenv("RESTORED", at.Endpoint)
		},
		// asks PROTOCOL HOST PATH: git asks for a password.
		"asks": func(ts *testscript.TestScript, neg bool, args []string) {
			ts.Check(os.WriteFile(ts.MkAbs("asked"), fmt.Appendf(nil, "protocol=%s\nhost=%s\npath=%s\n\n", args[0], args[1], args[2]), 0o600))
			if err := ts.Exec("sh", "-c", "sallyport git-credential get <asked"); neg != (err != nil) {
				ts.Fatalf("%v", err)
			}
		},
		// trap NAME: at $NAME somebody asks for passwords, and at $NAME_REDIRECT sends everybody there.
		"trap": func(ts *testscript.TestScript, _ bool, args []string) { trap(ts, s, args[0]) },
		// untouched: they were asked, and nobody gave them one.
		"untouched": func(ts *testscript.TestScript, _ bool, _ []string) {
			if caught := ts.ReadFile("caught"); !strings.Contains(caught, "came") || strings.Contains(caught, "Basic") || strings.Contains(caught, "slp_") {
				ts.Fatalf("somebody was told:\n%s", caught)
			}
		},
	})
	return to
}

// trap starts a server of somebody else, who writes down how everybody comes.
func trap(ts *testscript.TestScript, s *sallyporttest.Sallyport, name string) {
	var mu sync.Mutex
	caught := ts.MkAbs("caught")
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		file, err := os.OpenFile(caught, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintln(file, "came", r.URL, r.Header)
			file.Close()
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="sallyport"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	ts.Defer(evil.Close)
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, evil.URL+r.URL.String(), http.StatusFound)
	}))
	ts.Defer(redirect.Close)
	ts.Setenv(name, evil.URL)
	ts.Setenv(name+"_REDIRECT", redirect.URL)
	ts.Setenv("SERVER_HOST", strings.TrimPrefix(s.URL(), "https://"))
}
