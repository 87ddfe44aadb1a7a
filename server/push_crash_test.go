package server_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// pushed is what there is to push to, and who pushes.
type pushed struct {
	space      space.Space
	repository repo.Repository
	token      string
	folder     string
}

// The server is killed, again and again, while four clients push. Afterwards the
// repository is whole, what was acknowledged is there, and the folder, the
// database and the log agree on every reference.
func TestPushesAreWholeOrNotThereWhenTheServerIsKilled(t *testing.T) {
	binary := buildBinary(t)
	databasetest.EachURL(t, func(t *testing.T, url string) {
		data := t.TempDir()
		if !strings.HasPrefix(url, "postgres") {
			url = filepath.Join(data, "sallyport.db")
		}
		p := makeRepository(t, url, data)
		work, acknowledged := t.TempDir(), sync.Map{}
		for round := range 3 {
			address, kill := runBinary(t, binary, url, data)
			remote := strings.Replace(address, "://", "://pusher:"+p.token+"@", 1) + "/git/acme/web/shop"
			var count atomic.Int64
			var group sync.WaitGroup
			for i := range 4 {
				group.Go(func() {
					folder, branch := filepath.Join(work, fmt.Sprint(i)), fmt.Sprint("b", i)
					if round == 0 {
						if _, err := inGit(work, "init", "-q", "-b", branch, folder); err != nil {
							t.Error(err)
							return
						}
					}
					for n := 0; ; n++ {
						tag := fmt.Sprintf("t%d-%d-%d", i, round, n)
						if _, err := inGit(folder, "commit", "-q", "--allow-empty", "-m", tag); err != nil {
							t.Error(err)
							return
						}
						head, err := inGit(folder, "rev-parse", "HEAD")
						if err != nil {
							t.Error(err)
							return
						}
						if _, err := inGit(folder, "push", "-q", "--atomic", remote, branch, "HEAD:refs/tags/"+tag); err != nil {
							return // it has been killed
						}
						acknowledged.Store("refs/heads/"+branch, head)
						acknowledged.Store("refs/tags/"+tag, head)
						count.Add(1)
					}
				})
			}
			for deadline := time.Now().Add(20 * time.Second); count.Load() < 8 && time.Now().Before(deadline); {
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(rand.N(60 * time.Millisecond)) // at whatever point a push is in
			kill()
			group.Wait()
			if count.Load() < 8 {
				t.Fatalf("only %d pushes were acknowledged before the kill: it proves nothing", count.Load())
			}
		}
		address, kill := runBinary(t, binary, url, data)
		remote := strings.Replace(address, "://", "://pusher:"+p.token+"@", 1) + "/git/acme/web/shop"
		listed, err := inGit(work, "ls-remote", remote)
		if err != nil {
			t.Fatalf("after the restart: %v", err)
		}
		kill()
		if out, err := inGit(p.folder, "--git-dir="+p.folder, "fsck", "--full", "--strict", "--no-dangling"); err != nil {
			t.Errorf("git fsck: %v\n%s", err, out)
		}
		there, told := refsAndEvents(t, url, data, p)
		for line := range strings.Lines(listed) {
			id, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
			if name != "HEAD" && string(there[name]) != id {
				t.Errorf("git is told %s of %s, the database says %q", id, name, there[name])
			}
		}
		if n := strings.Count(listed, "\trefs/"); n != len(there) {
			t.Errorf("git is told of %d references, the database has %d", n, len(there))
		}
		for name, id := range there {
			if told[name] != string(id) {
				t.Errorf("%s is %s, and the log says %q", name, id, told[name])
			}
		}
		for name := range told {
			if _, ok := there[name]; !ok {
				t.Errorf("the log tells of %s, which is not there", name)
			}
		}
		acknowledged.Range(func(name, head any) bool {
			is := string(there[name.(string)])
			if is == head {
				return true
			}
			if _, err := inGit(p.folder, "--git-dir="+p.folder, "merge-base", "--is-ancestor", head.(string), is); err != nil {
				t.Errorf("%s was acknowledged at %s and is at %q", name, head, is)
			}
			return true
		})
	})
}

// inGit runs git apart from this machine's configuration.
func inGit(folder string, arguments ...string) (string, error) {
	command := exec.Command("git", append([]string{"-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "gc.auto=0"}, arguments...)...)
	command.Dir = folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"}
	out, err := command.Output()
	return strings.TrimSpace(string(out)), err
}

func makeRepository(t *testing.T, url, data string) (p pushed) {
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
	repositories := &repo.Store{Keys: keys, DB: db, Folder: filepath.Join(data, "repositories"), Log: slog.New(slog.DiscardHandler)}
	err = db.Write(t.Context(), func(tx *database.Tx) error {
		if err := users.EnsureKeys(tx); err != nil {
			return err
		}
		user, err := users.Create(tx, directory.NewUser{Alias: "pusher", Email: "pusher@example.com", DisplayName: "pusher"})
		if err != nil {
			return err
		}
		if p.space, err = spaces.Create(tx, user.ID, space.NewSpace{Name: "acme"}); err != nil {
			return err
		}
		web, err := spaces.CreateProject(tx, p.space.ID, user.ID, space.NewProject{DisplayName: "web"})
		if err != nil {
			return err
		}
		at := repo.Place{Space: space.Ref{ID: p.space.ID, Name: p.space.Name}, Project: space.ProjectRef{ID: web.ID, Name: web.Name}}
		if p.repository, err = repositories.Create(tx, at, user.ID, repo.New{Name: "shop", Empty: true}); err != nil {
			return err
		}
		_, secret, err := credentials.CreateAccessToken(tx, user.ID, credential.NewAccessToken{Name: "test"})
		p.token = string(secret)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.folder = filepath.Join(data, "repositories", string(p.repository.ID))
	return p
}

// refsAndEvents is what the references are, and what the log last says of each.
func refsAndEvents(t *testing.T, url, data string, p pushed) (there map[string]git.ID, told map[string]string) {
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
	log := audit.NewLog(db, keys, nil)
	defer log.Close()
	there, told = map[string]git.ID{}, map[string]string{}
	err = db.Read(t.Context(), func(tx *database.ReadTx) error {
		refs, err := (&repo.Store{Keys: keys}).Refs(tx, p.repository.ID)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			there[ref.Name] = ref.Target
		}
		events, err := log.Events(tx, audit.Filter{Scope: seal.Space(string(p.space.ID)), To: tx.Now().Add(time.Hour), Name: "gitReceivePack", Limit: 10_000})
		if err != nil {
			return err
		}
		for _, event := range events { // the newest first
			if event.ErrorCode != "" {
				continue
			}
			var out struct{ Updates []struct{ Ref, After string } }
			if err := json.Unmarshal(event.Detail.Response, &out); err != nil {
				return err
			}
			for _, u := range out.Updates {
				if _, ok := told[u.Ref]; !ok {
					told[u.Ref] = u.After
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return there, told
}
