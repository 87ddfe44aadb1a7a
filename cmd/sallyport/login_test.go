package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/sallyporttest"
)

// buffer is written by a command and read by its test.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestLoginByDevice(t *testing.T) {
	s := sallyporttest.Start(t)
	ada := s.User("ada")
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("AWS_CA_BUNDLE", s.CABundle())
	var stdout, stderr buffer
	done := make(chan int)
	go func() {
		done <- run(context.Background(), []string{"login", "--device", "--endpoint", s.URL()}, nil, &stdout, &stderr)
	}()
	page := waitFor(t, &stderr, regexp.MustCompile(`https://\S+/device\?user_code=\S+`))
	at, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := letIn(t.Context(), s, ada.Cookie, at); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if code := run(t.Context(), []string{"whoami"}, nil, &stdout, &stderr); code != exitDone || !bytes.Contains([]byte(stdout.String()), []byte("ada")) {
		t.Errorf("exit code %d: %s%s", code, stdout.String(), stderr.String())
	}
}

func waitFor(t *testing.T, in *buffer, form *regexp.Regexp) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if found := form.FindString(in.String()); found != "" {
			return found
		}
	}
	t.Fatalf("%s was not printed: %s", form, in.String())
	return ""
}

func TestARefreshTokenIsExchangedOnce(t *testing.T) {
	var exchanged atomic.Int32
	token := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exchanged.Add(1)
		time.Sleep(50 * time.Millisecond)
		json.NewEncoder(w).Encode(tokens{AccessToken: "new", RefreshToken: "newer", ExpiresIn: 3600})
	}))
	defer token.Close()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if err := keep(defaultLogin, login{Endpoint: token.URL, AccessToken: "old", RefreshToken: "once"}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if s, err := signIn(t.Context(), defaultLogin); err != nil || s.token != "new" {
				t.Errorf("%q, %v", s.token, err)
			}
		})
	}
	all.Wait()
	if n := exchanged.Load(); n != 1 {
		t.Errorf("exchanged %d times", n)
	}
}

func TestOnlyTheRightStateBringsACode(t *testing.T) {
	answers := make(chan callback, 1)
	handler := receiveCode("right", answers)
	for _, query := range []string{"", "?code=stolen", "?code=stolen&state=wrong", "?error=access_denied&state=wrong"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", callbackPath+query, nil))
		if w.Code != http.StatusBadRequest || len(answers) != 0 {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
	for range 2 { // a browser may load a page twice
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", callbackPath+"?code=good&state=right", nil))
	}
	if answer := <-answers; answer.code != "good" || answer.err != nil {
		t.Errorf("%+v", answer)
	}
}
