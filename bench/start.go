package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
)

// start measures the program itself, with many users in its directory: how soon
// it is ready, and how much memory it holds after it has answered.
func (b *bench) start() error {
	data := filepath.Join(b.tmp, "start")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	askers, err := b.fillDirectory(data)
	if err != nil {
		return err
	}
	binary, err := b.build()
	if err != nil {
		return err
	}
	var seconds, megabytes []float64
	for range b.rounds {
		ready, memory, err := b.startOnce(binary, data, askers)
		if err != nil {
			return err
		}
		seconds, megabytes = append(seconds, ready.Seconds()), append(megabytes, memory)
	}
	users := fmt.Sprintf("%d users, ", b.size.users)
	b.report(figure{name: "start SQLite", what: users + "from exec to ready", samples: seconds, unit: "s", bound: 2})
	b.report(figure{name: "memory SQLite", what: users + "resident after requests", samples: megabytes, unit: "MB", bound: 400})
	return nil
}

// caller is a user with an access token.
type caller struct {
	id    directory.UserID
	token string
}

// fillDirectory makes the users in batches, and lets the first of them in.
func (b *bench) fillDirectory(data string) (askers []caller, err error) {
	b.say("making %d users", b.size.users)
	s, err := openStores(b.ctx, data, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	const batch = 1000
	var first []user
	for from := 0; from < b.size.users; from += batch {
		err := s.db.Write(b.ctx, func(tx *database.Tx) error {
			for i := from; i < min(from+batch, b.size.users); i++ {
				alias := fmt.Sprintf("user%06d", i)
				id, err := s.addUser(tx, alias)
				if err != nil {
					return err
				}
				if len(first) < b.size.signedIn {
					first = append(first, user{id: id, alias: alias})
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	tokens, err := s.signIn(b.ctx, first, builderScopes...)
	for i, token := range tokens {
		askers = append(askers, caller{first[i].id, token})
	}
	return askers, err
}

// build makes the binary, from the main module and with its dependencies.
func (b *bench) build() (string, error) {
	const module = "github.com/sallyport/sallyport"
	where, err := exec.CommandContext(b.ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("find %s (run the program in its own directory): %w", module, err)
	}
	binary := filepath.Join(b.tmp, "sallyport")
	build := exec.CommandContext(b.ctx, "go", "build", "-o", binary, "./cmd/sallyport")
	build.Dir = string(bytes.TrimSpace(where))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return binary, nil
}

func (b *bench) startOnce(binary, data string, askers []caller) (ready time.Duration, megabytes float64, err error) {
	begun := time.Now()
	p, err := b.launch(binary, data, "")
	if err != nil {
		return 0, 0, err
	}
	ready = time.Since(begun)
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := useSome(p.address, askers); err != nil {
		return 0, 0, err
	}
	megabytes, err = resident(p.Process.Pid)
	return ready, megabytes, err
}

// process is a running server of its own.
type process struct {
	*exec.Cmd
	out     io.Reader
	address string // host and port
}

// launch starts the binary and waits until it is ready.
func (b *bench) launch(binary, data, url string) (*process, error) {
	p := &process{Cmd: exec.CommandContext(b.ctx, binary, "serve", "--data", data, "--database", url, "--listen", "127.0.0.1:0", "--log", "off")}
	p.Dir, p.Stderr = data, b.notes
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = out
	if err := p.Start(); err != nil {
		return nil, err
	}
	if p.address, err = untilReady(bufio.NewReader(out)); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *process) stop() error {
	p.Process.Signal(syscall.SIGTERM)
	io.Copy(io.Discard, p.out)
	return p.Wait()
}

// untilReady reads the address from the first line and asks until the answer is yes.
func untilReady(out *bufio.Reader) (address string, err error) {
	first, err := out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the server ended before it listened: %w", err)
	}
	address, ok := strings.CutPrefix(strings.TrimSpace(first), "listening on http://")
	if !ok {
		return "", fmt.Errorf("the first line is %q", first)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		c, err := dial(address)
		if err != nil {
			continue
		}
		got, err := c.ask(request("GET", "/readyz", "", ""))
		c.Close()
		if err == nil && got.status == http.StatusOK {
			return address, nil
		}
	}
	return "", errors.New("the server is not ready after a minute")
}

// useSome has each asker ask who they are, and look themselves up, a few times.
func useSome(address string, askers []caller) error {
	c, err := dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	for range 10 {
		for _, asker := range askers {
			for _, path := range []string{"/aws/session", "/aws/userDetails?id=" + string(asker.id)} {
				got, err := c.ask(request("GET", path, asker.token, ""))
				if err != nil {
					return err
				}
				if err := got.want(http.StatusOK); err != nil {
					return err
				}
				if !bytes.Contains(got.body, []byte(asker.id)) {
					return fmt.Errorf("%s answered %q to %s", path, got.body, asker.id)
				}
			}
		}
	}
	return nil
}

// resident is VmRSS of a process, in megabytes.
func resident(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(status, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, errors.New("the system does not tell VmRSS")
	}
	kilobytes, err := strconv.ParseFloat(string(fields[0]), 64)
	return kilobytes / 1000, err
}
