package githttp_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/githttp"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

// What is pushed and fetched goes through the server, and never stays in its memory.
func TestARepositoryOf200MBIsPushedAndClonedInLittleMemory(t *testing.T) {
	s := open(sallyporttest.Start(t))
	alice := s.as(t, "alice", role.Contributor)
	alice.Config = []string{"core.compression=0", "core.bigFileThreshold=1m"} // it cannot be compressed
	g := clone(alice)
	noise := rand.NewChaCha8([32]byte{1})
	for i := range 8 {
		file, err := os.Create(filepath.Join(g.Folder, fmt.Sprint("noise-", i)))
		if err == nil {
			_, err = io.CopyN(file, noise, 25<<20)
		}
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	g.Run("add", "--all")
	g.Run("commit", "-q", "-m", "noise")

	peak, stop := watchMemory()
	g.Run("push", "-q")
	again := alice.In("again")
	if err := os.Mkdir(again.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	clone(again, "--bare")
	stop()
	if got := peak.Load(); got > 64<<20 {
		t.Errorf("the server, and this test, took %d MB more", got>>20)
	} else {
		t.Logf("at most %d MB more", got>>20)
	}
}

// watchMemory looks again and again how much more memory this process has taken.
func watchMemory() (peak *atomic.Uint64, stop func()) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.Sys - m.HeapReleased
	peak = &atomic.Uint64{}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if now := m.Sys - m.HeapReleased; now > before {
				peak.Store(max(peak.Load(), now-before))
			}
			select {
			case <-end:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return peak, func() { close(end); <-ended }
}

// impatient serves the same repositories with other limits.
func (s shop) impatient(t *testing.T, g *githttp.Git) string {
	t.Helper()
	g.Repositories, g.Log = s.Repositories, slog.New(slog.DiscardHandler)
	mux := http.NewServeMux()
	mux.Handle("/git/{space}/{project}/{repository}/{rest...}", githttp.New(s.Runner(), g))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, operation.WithRequest(r, &operation.Request{ID: "test", Address: "192.0.2.1"}))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// drip pushes as slowly as it is told, and returns how long it was let.
func (s shop) drip(t *testing.T, url string, size int, every, most time.Duration) time.Duration {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request, err := http.NewRequest("POST", url+"/git/acme/web/shop/git-receive-pack", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("owner", s.owner.AccessToken(credential.Reach{}))
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: test\r\nAuthorization: %s\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 1000000000\r\n\r\n",
		request.URL.Path, request.Header.Get("Authorization"))
	fmt.Fprint(conn, push(git.Zero, strings.Repeat("1", 40), "refs/heads/x", "PACK\x00\x00\x00\x02\x00\x00\x00\x01"))
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, bufio.NewReader(conn))
		close(ended)
	}()
	begun := time.Now()
	for time.Since(begun) < most {
		select {
		case <-ended:
			return time.Since(begun)
		case <-time.After(every):
			conn.Write(make([]byte, size))
		}
	}
	return most
}

func TestAttackAPushThatNeverEnds(t *testing.T) {
	s := open(sallyporttest.Start(t))
	url := s.impatient(t, &githttp.Git{Patience: 300 * time.Millisecond})
	const most = 5 * time.Second
	for what, every := range map[string]time.Duration{"nothing more comes": time.Hour, "it drips": 50 * time.Millisecond} {
		if took := s.drip(t, url, 1, min(every, most), most); took >= most {
			t.Errorf("%s: it was let for %s", what, took)
		}
	}
	s.nothingIncoming(t)
}

// What comes steadily is taken, however long it takes, and whatever time the server
// gives to other requests.
func TestAPushThatTakesLongIsTaken(t *testing.T) {
	s := open(sallyporttest.Start(t))
	commit := fmt.Appendf(nil, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a@b> 0 +0000\ncommitter a <a@b> 0 +0000\n\nx\n")
	id := sha1.Sum(append(fmt.Appendf(nil, "commit %d\x00", len(commit)), commit...))
	noise := make([]byte, 40<<10)
	rand.NewChaCha8([32]byte{3}).Read(noise)
	text := push(git.Zero, hex.EncodeToString(id[:]), "refs/heads/slow", packOf(deflated(1, uint64(len(commit)), commit, nil), deflated(3, uint64(len(noise)), noise, nil)))
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		mux := http.NewServeMux()
		mux.Handle("/git/{space}/{project}/{repository}/{rest...}", githttp.New(s.Runner(), &githttp.Git{Repositories: s.Repositories, Log: slog.New(slog.DiscardHandler)}))
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mux.ServeHTTP(w, operation.WithRequest(r, &operation.Request{ID: "test", Address: "192.0.2.1"}))
		}))
		server.Config.ReadTimeout, server.Config.WriteTimeout = 400*time.Millisecond, 400*time.Millisecond
		server.EnableHTTP2 = protocol == "HTTP/2.0"
		server.StartTLS()
		t.Cleanup(server.Close)
		from, to := io.Pipe()
		go func() {
			for i := range 10 {
				to.Write([]byte(text[i*len(text)/10 : (i+1)*len(text)/10]))
				time.Sleep(100 * time.Millisecond)
			}
			to.Close()
		}()
		request, err := http.NewRequest("POST", server.URL+"/git/acme/web/shop/git-receive-pack", from)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("owner", s.owner.AccessToken(credential.Reach{}))
		request.Header.Set("Content-Type", "application/x-git-receive-pack-request")
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatalf("%s: %v", protocol, err)
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.Proto != protocol || !strings.Contains(string(answer), "ok refs/heads/slo") {
			t.Errorf("over %s it answers %q, %v", response.Proto, answer, err)
		}
		text = strings.Replace(text, "refs/heads/slow", "refs/heads/slo2", 1)
	}
}

func TestAttackAPushThatIsTooLarge(t *testing.T) {
	s := open(sallyporttest.Start(t))
	url := s.impatient(t, &githttp.Git{LargestPush: 1 << 20})
	g := clone(s.as(t, "alice", role.Contributor))
	noise := make([]byte, 2<<20)
	rand.NewChaCha8([32]byte{2}).Read(noise)
	g.Commit("noise", string(noise))
	remote := strings.Replace(strings.TrimSuffix(g.Remote, "/git"), s.URL()[len("https://"):], strings.TrimPrefix(url, "http://"), 1)
	g.Refused([]string{"the push brings more than 1 MB"}, "push", "-q", strings.Replace(remote, "https:", "http:", 1)+"/git"+at, "main")
	s.nothingIncoming(t)
}

// Whoever may push could fill the disk, under the database too.
func TestAttackAPushThatFillsTheDisk(t *testing.T) {
	s := open(sallyporttest.Start(t))
	url := s.impatient(t, &githttp.Git{LeastRoom: 1 << 60})
	request, err := http.NewRequest("POST", url+"/git/acme/web/shop/git-receive-pack", strings.NewReader(push(git.Zero, strings.Repeat("1", 40), "refs/heads/x", packOf(deflated(3, 5, []byte("hello"), nil)))))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("owner", s.owner.AccessToken(credential.Reach{}))
	request.Header.Set("Content-Type", "application/x-git-receive-pack-request")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(text), "ng refs/heads/x the server's disk has no room") {
		t.Errorf("it answers %q, %v", text, err)
	}
	s.nothingIncoming(t)
}
