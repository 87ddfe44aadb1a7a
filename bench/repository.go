package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/space"
)

// atOnce is how many clones race when they race each other too.
const atOnce = 4

// repository clones and pushes a history with the ordinary git, from and to Sallyport,
// and git http-backend behind Go's handler for CGI: no one asks there who it is, what
// they may, or what is in the pack.
func (b *bench) repository() error {
	if _, err := exec.LookPath("git"); err != nil {
		b.say("NOT MEASURED: git is not installed")
		return nil
	}
	work := filepath.Join(b.tmp, "repository")
	source := filepath.Join(work, "source.git")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	b.say("making a history of %d commits", b.size.commits)
	if err := makeHistory(source, b.size.commits); err != nil {
		return err
	}
	ours, stop, err := b.ownSide(work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	theirs, stopTheirs, err := backendSide(work)
	if err != nil {
		return err
	}
	defer stopTheirs()

	r := &gitRace{b: b, work: work, source: source}
	if r.head, err = gitIn(source, "rev-parse", "main"); err != nil {
		return err
	}
	for _, of := range []struct {
		name  string
		bound float64
		run   func(side *gitSide, round int) error
	}{
		{"push", 1.05, r.push},
		{"clone", 1.05, r.clone},
		{fmt.Sprintf("%d clones at once", atOnce), 1, r.clones},
	} {
		if err := r.race(of.name, of.bound, of.run, ours, theirs); err != nil {
			return fmt.Errorf("%s: %w", of.name, err)
		}
	}
	return err
}

// gitSide is one that is cloned from and pushed to.
type gitSide struct {
	make func(name string) (url string, err error) // an empty repository
	full string                                    // url of one with the history, once it was pushed
}

type gitRace struct {
	b                  *bench
	work, source, head string
	count              int
}

func (r *gitRace) race(name string, bound float64, run func(*gitSide, int) error, ours, theirs *gitSide) error {
	took := map[*gitSide][]time.Duration{}
	for round := range r.b.rounds + 1 {
		for turn := range 2 {
			side := []*gitSide{ours, theirs}[(round+turn)%2]
			begun := time.Now()
			if err := run(side, round); err != nil {
				return err
			}
			if round > 0 { // the first is for what is done once
				took[side] = append(took[side], time.Since(begun))
			}
		}
	}
	r.b.report(figure{
		name: "git " + name, what: fmt.Sprintf("%d commits, wall time / git http-backend", r.b.size.commits), samples: ratios(took[ours], took[theirs]), unit: "x", bound: bound,
		note: fmt.Sprintf("%.0f ms / %.0f ms", milliseconds(median(took[ours])), milliseconds(median(took[theirs]))),
	})
	return nil
}

func (r *gitRace) push(side *gitSide, round int) error {
	url, err := side.make(fmt.Sprint("round", round))
	if err != nil {
		return err
	}
	side.full = url
	_, err = gitIn(r.source, "push", "-q", url, "main")
	return err
}

func (r *gitRace) clone(side *gitSide, _ int) error {
	r.count++
	return r.cloneInto(side, fmt.Sprint("clone-", r.count))
}

func (r *gitRace) cloneInto(side *gitSide, name string) error {
	if _, err := gitIn(r.work, "clone", "-q", "--bare", side.full, name); err != nil {
		return err
	}
	folder := filepath.Join(r.work, name)
	if head, err := gitIn(folder, "rev-parse", "main"); err != nil || head != r.head {
		return fmt.Errorf("the clone ends at %q, %w", head, err)
	}
	return os.RemoveAll(folder)
}

func (r *gitRace) clones(side *gitSide, round int) error {
	var group sync.WaitGroup
	errs := make([]error, atOnce)
	for i := range atOnce {
		group.Go(func() { errs[i] = r.cloneInto(side, fmt.Sprintf("clone-%d-%d", round, i)) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// ownSide is Sallyport, with a project to make repositories in.
func (b *bench) ownSide(work string) (*gitSide, func() error, error) {
	data := filepath.Join(work, "data")
	s, err := serve(b.ctx, data, "")
	if err != nil {
		return nil, nil, err
	}
	repositories := &repo.Store{Keys: s.keys, DB: s.db, Folder: filepath.Join(data, "repositories"), Log: slog.New(slog.DiscardHandler)}
	at, address := repo.Place{}, ""
	var by user
	err = s.db.Write(b.ctx, func(tx *database.Tx) (err error) {
		by.alias = "pusher"
		if by.id, err = s.addUser(tx, by.alias); err != nil {
			return err
		}
		acme, err := s.spaces.Create(tx, by.id, space.NewSpace{Name: "acme"})
		if err != nil {
			return err
		}
		web, err := s.spaces.CreateProject(tx, acme.ID, by.id, space.NewProject{DisplayName: "web"})
		if err != nil {
			return err
		}
		at = repo.Place{Space: space.Ref{ID: acme.ID, Name: acme.Name}, Project: space.ProjectRef{ID: web.ID, Name: web.Name}}
		_, secret, err := s.credentials.CreateAccessToken(tx, by.id, credential.NewAccessToken{Name: "bench"})
		address = "http://" + by.alias + ":" + string(secret) + "@" + s.address + "/git/acme/web/"
		return err
	})
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return &gitSide{make: func(name string) (string, error) {
		return address + name, s.db.Write(b.ctx, func(tx *database.Tx) error {
			_, err := repositories.Create(tx, at, by.id, repo.New{Name: name, Empty: true})
			return err
		})
	}}, s.Close, nil
}

// backendSide is git http-backend, as git-http-backend(1) has it served.
func backendSide(work string) (*gitSide, func(), error) {
	root := filepath.Join(work, "backend")
	exec, err := gitIn(work, "--exec-path")
	if err != nil {
		return nil, nil, err
	}
	handler := &cgi.Handler{
		Path: filepath.Join(exec, "git-http-backend"), Root: "/",
		Env:    []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=pusher", "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent"},
		Stderr: io.Discard,
	}
	// Clients are told to send pushes with their length: CGI takes no others.
	address, stop, err := serveHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := *handler
		if protocol := r.Header.Get("Git-Protocol"); protocol != "" {
			h.Env = append(h.Env[:len(h.Env):len(h.Env)], "GIT_PROTOCOL="+protocol)
		}
		h.ServeHTTP(w, r)
	}))
	if err != nil {
		return nil, nil, err
	}
	return &gitSide{make: func(name string) (string, error) {
		_, err := gitIn(work, "init", "-q", "--bare", "-b", "main", filepath.Join(root, name))
		return "http://" + address + "/" + name, err
	}}, stop, nil
}

// makeHistory has git import commits that each change one of some hundred files.
func makeHistory(folder string, commits int) error {
	if _, err := gitIn(filepath.Dir(folder), "init", "-q", "--bare", "-b", "main", folder); err != nil {
		return err
	}
	var text strings.Builder
	for i := range commits {
		content := strings.Repeat(fmt.Sprintf("line %d of what changes\n", i*7919), 40+i%60)
		fmt.Fprintf(&text, "commit refs/heads/main\ncommitter Bench <bench@example.com> %d +0000\ndata 10\nchange it\n\nM 100644 inline d%d/f%d\ndata %d\n%s\n",
			1_700_000_000+i, i%17, i%211, len(content), content)
	}
	command := gitCommand(folder, "fast-import", "--quiet")
	command.Stdin = strings.NewReader(text.String())
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("git fast-import: %w\n%s", err, out)
	}
	return nil
}

func gitCommand(folder string, arguments ...string) *exec.Cmd {
	command := exec.Command("git", append([]string{"-c", "gc.auto=0", "-c", "http.postBuffer=512m"}, arguments...)...)
	command.Dir = folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"}
	return command
}

func gitIn(folder string, arguments ...string) (string, error) {
	command := gitCommand(folder, arguments...)
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w\n%s", arguments[0], err, &said)
	}
	return strings.TrimSpace(string(out)), err
}
