package githttp_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/githttp"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

// Somebody begins more pushes than the server works on at once, and goes on with none.
// They are out of turns then; others are not.
func TestAttackOneUserWhoHoldsUpEverybody(t *testing.T) {
	s := open(sallyporttest.Start(t))
	address := s.impatient(t, &githttp.Git{Patience: 20 * time.Second})
	mallory := s.User("mallory")
	mallory.Contributes(s.project, role.Contributor)
	asked := func(method, path string, as *sallyporttest.Principal, body io.Reader) *http.Request {
		request, err := http.NewRequestWithContext(t.Context(), method, address+path, body)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(as.Alias, as.AccessToken(credential.Reach{}))
		return request
	}
	stuck := asked("POST", "/git/acme/web/shop/git-receive-pack", mallory, nil)
	for range 40 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: test\r\nAuthorization: %s\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 1000000\r\n\r\n%s",
			stuck.URL.Path, stuck.Header.Get("Authorization"), push(git.Zero, strings.Repeat("1", 40), "refs/heads/x", "PACK\x00\x00\x00\x02\x00\x00\x00\x01"))
	}
	at := func() int {
		pushes, err := os.ReadDir(filepath.Join(s.Data, "repositories", string(s.repo.ID), "incoming"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return len(pushes)
	}
	s.Eventually("the pushes take what they can", func() bool { return at() >= 8 })
	for _, request := range []*http.Request{
		asked("GET", "/git/acme/web/shop/info/refs?service=git-upload-pack", s.owner, nil),
		asked("POST", "/git/acme/web/shop/git-receive-pack", s.owner, strings.NewReader(push(git.Zero, string(s.refs(t)[0].Target), "refs/heads/mine", emptyPack()))),
	} {
		request.Header.Set("Content-Type", "application/x-git-receive-pack-request")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(text), "refs/heads/") || strings.Contains(string(text), "ng ") {
			t.Errorf("others get %d %q, %v", answer.StatusCode, text, err)
		}
	}
	if n := at(); n != 8 {
		t.Errorf("one user has %d turns", n)
	}
}

// What is asked for is held in memory: a few kilobytes must not unfold to gigabytes there.
func TestAttackRequestsThatUnfoldToGigabytes(t *testing.T) {
	s := open(sallyporttest.Start(t))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for line := []byte(strings.Repeat(pkt("have "+strings.Repeat("1", 40)+"\n"), 1000)); packed.Len() < 100<<10; {
		z.Write(line)
		z.Flush()
	}
	z.Close()
	request, err := http.NewRequest("POST", s.URL()+"/git/acme/web/shop/git-upload-pack", &packed)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("owner", s.owner.AccessToken(credential.Reach{}))
	request.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	request.Header.Set("Content-Encoding", "gzip")
	if answer := s.Do(request); answer.Status != 400 || !strings.Contains(answer.Body, "larger than 16 MB") {
		t.Errorf("it answers %d %.200q", answer.Status, answer.Body)
	}
}
