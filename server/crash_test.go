package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// The server is killed, as by a power cut of its process, while 2,000 writes
// arrive at once. Every answer it gave must still be true afterwards, and the
// log must tell of exactly the changes there are.
func TestNothingAcknowledgedIsLostWhenTheServerIsKilled(t *testing.T) {
	binary := buildBinary(t)
	databasetest.EachURL(t, func(t *testing.T, url string) {
		data := t.TempDir()
		if !strings.HasPrefix(url, "postgres") {
			url = filepath.Join(data, "sallyport.db")
		}
		tenants := makeTenants(t, url, data)
		address, kill := runBinary(t, binary, url, data)
		acknowledged := writeUntilKilled(t, address, tenants, kill)
		if len(acknowledged) == 0 || len(acknowledged) == 2000 {
			t.Fatalf("%d of 2000 writes were acknowledged before the kill: it proves nothing", len(acknowledged))
		}
		t.Logf("killed after %d acknowledged writes", len(acknowledged))

		// The server comes up again on what is left, by itself.
		address, kill = runBinary(t, binary, url, data)
		request, err := http.NewRequest("GET", address+"/aws/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+tenants[0].token)
		if response, err := http.DefaultClient.Do(request); err != nil || response.StatusCode != 200 {
			t.Fatalf("after the restart: %v %v", response, err)
		}
		kill()

		made, told := changesAndEvents(t, url, data, tenants)
		for name := range acknowledged {
			if !made[name] {
				t.Errorf("%s was acknowledged and is lost", name)
			}
		}
		for name := range made {
			if told[name] != 1 {
				t.Errorf("%s is there and has %d events", name, told[name])
			}
		}
		for name := range told {
			if !made[name] {
				t.Errorf("the log tells of %s, which is not there", name)
			}
		}
	})
}

func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "sallyport")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/sallyport").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// A tenant is a user with a space: one may hold a hundred projects.
type tenant struct {
	space space.Space
	token string
}

func makeTenants(t *testing.T, url, data string) []tenant {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keys, err := seal.Open(t.Context(), data, db)
	if err != nil {
		t.Fatal(err)
	}
	users, credentials, spaces := &directory.Store{Keys: keys}, &credential.Store{Keys: keys}, &space.Store{Keys: keys, Region: "us-west-2"}
	tenants := make([]tenant, 20)
	err = db.Write(t.Context(), func(tx *database.Tx) error {
		if err := users.EnsureKeys(tx); err != nil {
			return err
		}
		for i := range tenants {
			alias := fmt.Sprint("tenant", i)
			user, err := users.Create(tx, directory.NewUser{Alias: alias, Email: alias + "@example.com", DisplayName: alias})
			if err != nil {
				return err
			}
			if tenants[i].space, err = spaces.Create(tx, user.ID, space.NewSpace{Name: alias}); err != nil {
				return err
			}
			if tenants[i].token, err = accessToken(tx, credentials, user); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tenants
}

func accessToken(tx *database.Tx, credentials *credential.Store, user directory.User) (string, error) {
	from := credential.Origin{Address: "192.0.2.1"}
	session, _, err := credentials.BeginBrowser(tx, credential.NewSession{UserID: user.ID, Origin: from})
	if err != nil {
		return "", err
	}
	client, _, err := credentials.RegisterClient(tx, credential.NewClient{Name: "c", Type: "public", Scopes: []string{credential.ScopeCodeCatalyst}})
	if err != nil {
		return "", err
	}
	device, err := credentials.StartDevice(tx, client, nil, from)
	if err != nil {
		return "", err
	}
	by := credential.Identity{SessionID: session.ID, UserID: user.ID, AuthenticatedAt: tx.Now(), Kind: credential.Browser}
	if err := credentials.ApproveDevice(tx, device.UserCode, by); err != nil {
		return "", err
	}
	tokens, err := credentials.RedeemDevice(tx, client, string(device.DeviceCode), from)
	return string(tokens.Access), err
}

// runBinary starts the server and returns its address and what kills it.
func runBinary(t *testing.T, binary, url, data string, flags ...string) (address string, kill func()) {
	t.Helper()
	args := append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--log", "json"}, flags...)
	if strings.HasPrefix(url, "postgres") {
		args = append(args, "--database", url)
	}
	command := exec.Command(binary, args...)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := &sallyporttest.Log{}
	command.Stderr = stderr
	t.Cleanup(func() {
		for line := range strings.Lines(stderr.String()) {
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Log("the server said: ", line)
			}
		}
	})
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		command.Process.Kill() // SIGKILL: no handler runs
		command.Wait()         // fails, as it was killed
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		kill()
		t.Fatalf("the server did not come up: %q %v\n%s", line, err, stderr.String())
	}
	go io.Copy(io.Discard, stdout)
	return address, kill
}

// writeUntilKilled sends all writes, fifty at a time, and kills the server
// when a thousand were answered. It returns what was acknowledged.
func writeUntilKilled(t *testing.T, address string, tenants []tenant, kill func()) map[string]bool {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}}
	acknowledged, mu := map[string]bool{}, sync.Mutex{}
	var answered atomic.Int64
	var group sync.WaitGroup
	jobs := make(chan int)
	for range 50 {
		group.Go(func() {
			for n := range jobs {
				owner, name := tenants[n%len(tenants)], fmt.Sprint("app", n)
				request, err := http.NewRequestWithContext(context.Background(), "PUT", address+"/aws/v1/spaces/"+owner.space.Name+"/projects", strings.NewReader(`{"displayName":"`+name+`"}`))
				if err != nil {
					t.Error(err)
					continue
				}
				request.Header.Set("Authorization", "Bearer "+owner.token)
				response, err := client.Do(request)
				if err != nil {
					continue // after the kill
				}
				body, err := io.ReadAll(response.Body)
				response.Body.Close()
				switch {
				case err != nil: // the kill cut the answer off: nothing was acknowledged
				case response.StatusCode == 201:
					mu.Lock()
					acknowledged[name] = true
					mu.Unlock()
				default:
					t.Errorf("%s: %d %s", name, response.StatusCode, body)
				}
				if answered.Add(1) == 1000 {
					go kill()
				}
			}
		})
	}
	for n := range 2000 {
		jobs <- n
	}
	close(jobs)
	group.Wait()
	kill()
	return acknowledged
}

// changesAndEvents reads what is in the database: the projects, and how often
// the log tells of each one's creation.
func changesAndEvents(t *testing.T, url, data string, tenants []tenant) (made map[string]bool, told map[string]int) {
	t.Helper()
	db := databasetest.Open(t, url, nil)
	keys, err := seal.Open(t.Context(), data, db)
	if err != nil {
		t.Fatal(err)
	}
	log := audit.NewLog(db, keys, nil)
	defer log.Close()
	spaces := &space.Store{Keys: keys}
	made, told = map[string]bool{}, map[string]int{}
	err = db.Read(t.Context(), func(tx *database.ReadTx) error {
		for _, owner := range tenants {
			projects, err := spaces.ListProjects(tx, owner.space.ID, space.ProjectFilter{}, space.Page{})
			if err != nil {
				return err
			}
			for _, p := range projects {
				made[p.Name] = true
			}
			events, err := log.Events(tx, audit.Filter{Scope: seal.Space(string(owner.space.ID)), To: tx.Now().AddDate(1, 0, 0), Name: "createProject", Limit: 1000})
			if err != nil {
				return err
			}
			for _, event := range events {
				if event.ErrorCode == "" {
					_, name, _ := strings.Cut(string(event.Detail.Request), `"displayName":"`)
					name, _, _ = strings.Cut(name, `"`)
					told[name]++
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return made, told
}
