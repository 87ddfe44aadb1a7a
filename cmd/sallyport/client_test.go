package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A server answers with what would steer the terminal.
func TestWhatAServerSaysDoesNotSteerTheTerminal(t *testing.T) {
	for _, answer := range []string{
		`{"code":"denied","detail":"no\u001b[2J\u009b2J\nsallyport: done"}`,
		`{"error":"invalid_grant","error_description":"no\u001b[2J\u009b2J\nsallyport: done"}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, answer)
		}))
		t.Setenv("SALLYPORT_ENDPOINT", server.URL)
		t.Setenv("SALLYPORT_TOKEN", "token")
		var said strings.Builder
		code := run(context.Background(), []string{"whoami"}, nil, io.Discard, &said)
		server.Close()
		if want := "sallyport: no?[2J?2J?sallyport: done\n"; code != exitFailed || said.String() != want {
			t.Errorf("%s: ended with %d, saying %q", answer, code, said.String())
		}
	}
}
