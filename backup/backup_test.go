package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/backup"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/server"
)

// running is a server with a repository that somebody has pushed to.
type running struct {
	*sallyporttest.Sallyport
	ada    *sallyporttest.Principal
	secret string
	git    *sallyporttest.Git
}

const shop = "/acme/web/shop"

func start(t *testing.T, url string) *running {
	t.Helper()
	r := &running{Sallyport: sallyporttest.StartOn(t, url)}
	r.ada = r.User("ada")
	acme := r.ada.Space("acme")
	r.ada.Repository(acme, r.ada.Project(acme, "web"), repo.New{Name: "shop"})
	r.secret = r.ada.AccessToken(credential.Reach{})
	r.git = r.ada.Git(t, r.secret)
	r.git.Run("clone", "-q", r.git.Remote+shop, "work")
	r.push("first")
	return r
}

func (r *running) push(what string) {
	work := r.git.In("work")
	work.Commit("file", what)
	work.Run("push", "-q", "origin", "main")
}

func (r *running) source(url string) backup.Source {
	s := backup.Source{Data: r.Data, Program: "a test", Keys: true}
	if strings.HasPrefix(url, "postgres") {
		s.Database = url
	}
	return s
}

func write(t *testing.T, s backup.Source) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "backup.tar")
	if _, err := backup.Write(t.Context(), s, to); err != nil {
		t.Fatal(err)
	}
	return to
}

func read(t *testing.T, from string, target backup.Target) (backup.Manifest, error) {
	t.Helper()
	file, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return backup.Read(t.Context(), file, target)
}

// restored is a server on what was restored.
func (r *running) restored(t *testing.T, data, url string) *running {
	t.Helper()
	again := *r
	again.Sallyport = sallyporttest.StartLike(t, func(c *server.Config) {
		c.Data = data
		if strings.HasPrefix(url, "postgres") {
			c.Database = url
		}
	})
	again.ada = &sallyporttest.Principal{}
	*again.ada = *r.ada
	return &again
}

// fresh is another, empty database beside this one; of SQLite none is needed.
func fresh(t *testing.T, address string) string {
	t.Helper()
	if !strings.HasPrefix(address, "postgres") {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/") + "_restored"
	for _, statement := range []string{"drop database if exists " + name, "create database " + name} {
		if out, err := exec.Command("psql", "-q", os.Getenv("SALLYPORT_TEST_POSTGRES"), "-c", statement).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", statement, err, out)
		}
	}
	t.Cleanup(func() {
		exec.Command("psql", "-q", os.Getenv("SALLYPORT_TEST_POSTGRES"), "-c", "drop database if exists "+name+" with (force)").Run() // it is of this test alone
	})
	u.Path = "/" + name
	return u.String()
}

func TestWhatIsBackedUpWhileTheServerRunsServesAgain(t *testing.T) {
	databasetest.EachURL(t, func(t *testing.T, url string) {
		r := start(t, url)
		from := write(t, r.source(url))
		if info, err := os.Stat(from); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the backup is %v, %v", info.Mode(), err)
		}
		r.push("after the backup") // and is not in it

		data, into := filepath.Join(t.TempDir(), "data"), fresh(t, url)
		m, err := read(t, from, backup.Target{Data: data, Database: into})
		if err != nil {
			t.Fatal(err)
		}
		if !m.Keys || m.Schema == 0 || m.MadeAt.IsZero() || m.Program != "a test" {
			t.Errorf("it says %+v", m)
		}
		err = filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
			if info, _ := entry.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s is %v: others can read it", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		again := r.restored(t, data, into)
		git := again.ada.Git(t, r.secret)
		address, err := urlWith(again.URL(), "ada", r.secret)
		if err != nil {
			t.Fatal(err)
		}
		git.Config = []string{"http.sslCAInfo=" + again.CABundle()}
		git.Run("clone", "-q", address+shop, "restored")
		if content, err := os.ReadFile(filepath.Join(git.Folder, "restored", "file")); err != nil || string(content) != "first" {
			t.Errorf("the clone has %q, %v", content, err)
		}
		folders, err := filepath.Glob(filepath.Join(data, "repositories", "*"))
		if err != nil || len(folders) != 1 {
			t.Fatal(folders, err)
		}
		if out, err := exec.Command("git", "--git-dir", folders[0], "fsck", "--full").CombinedOutput(); err != nil {
			t.Errorf("fsck: %v: %s", err, out)
		}
		work := git.In("restored")
		work.Commit("file", "second")
		work.Run("push", "-q", "origin", "main")
	})
}

func urlWith(server, user, password string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.User, u.Path = url.UserPassword(user, password), "/git"
	return u.String(), nil
}

// While people push, every backup is of one moment: what its references lead to is
// there.
func TestABackupDuringPushesIsWhole(t *testing.T) {
	r := start(t, "")
	done := make(chan error, 1)
	pushing, stop := context.WithCancel(t.Context())
	go func() {
		work := r.git.In("work")
		for i := 0; pushing.Err() == nil; i++ {
			if err := os.WriteFile(filepath.Join(work.Folder, fmt.Sprint("f", i)), []byte(fmt.Sprint(i)), 0o600); err != nil {
				done <- err
				return
			}
			for _, args := range [][]string{{"add", "--all"}, {"commit", "-q", "-m", "more"}, {"push", "-q", "origin", "main"}} {
				if out, err := work.Try(args...); err != nil {
					done <- fmt.Errorf("%v: %w: %s", args, err, out)
					return
				}
			}
		}
		done <- nil
	}()
	var backups []string
	for range 5 {
		backups = append(backups, write(t, r.source("")))
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, from := range backups {
		data := filepath.Join(t.TempDir(), "data")
		if _, err := read(t, from, backup.Target{Data: data}); err != nil {
			t.Fatal(err)
		}
		again := r.restored(t, data, "")
		git := again.ada.Git(t, r.secret)
		address, err := urlWith(again.URL(), "ada", r.secret)
		if err != nil {
			t.Fatal(err)
		}
		git.Config = []string{"http.sslCAInfo=" + again.CABundle()}
		git.Run("clone", "-q", address+shop, "restored")
		git.In("restored").Run("fsck", "--full")
	}
}

func TestABackupWithoutKeysNeedsThem(t *testing.T) {
	r := start(t, "")
	s := r.source("")
	s.Keys = false
	from := write(t, s)
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(r.Data, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, key) || bytes.Contains(text, []byte("PRIVATE KEY")) {
		t.Error("the backup holds a key")
	}
	if _, err := read(t, from, backup.Target{Data: filepath.Join(t.TempDir(), "data")}); err == nil || !strings.Contains(err.Error(), "--root-key") {
		t.Errorf("restored without a key: %v", err)
	}
	data := filepath.Join(t.TempDir(), "data")
	if _, err := read(t, from, backup.Target{Data: data, RootKey: filepath.Join(r.Data, "root.key")}); err != nil {
		t.Fatal(err)
	}
	r.restored(t, data, "")
}

func TestNothingIsWrittenOverAndNothingHalf(t *testing.T) {
	r := start(t, "")
	from := write(t, r.source(""))
	if _, err := backup.Write(t.Context(), r.source(""), from); !errors.Is(err, fs.ErrExist) {
		t.Errorf("written over a backup: %v", err)
	}
	elsewhere := t.TempDir()
	if _, err := backup.Write(t.Context(), backup.Source{Data: elsewhere, Keys: true}, filepath.Join(elsewhere, "b")); err == nil {
		t.Error("a backup of nothing")
	}
	if left, _ := os.ReadDir(elsewhere); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
	used := t.TempDir()
	if err := os.WriteFile(filepath.Join(used, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, from, backup.Target{Data: used}); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("restored over something: %v", err)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	data := filepath.Join(parent, "data")
	refused := func(what string, text []byte) {
		t.Helper()
		if _, err := backup.Read(t.Context(), bytes.NewReader(text), backup.Target{Data: data}); err == nil {
			t.Errorf("%s: restored", what)
		}
		if left, _ := os.ReadDir(parent); len(left) != 0 {
			t.Fatalf("%s: left %v", what, left)
		}
	}
	for _, cut := range []int{0, 100, 512, 2048, len(text) / 2, len(text) - 4096} {
		refused(fmt.Sprint("cut after ", cut), text[:cut])
	}
	for _, at := range []int{bytes.Index(text, []byte("a test")), 40_000, len(text) / 2, bytes.LastIndex(text, []byte("HEAD"))} {
		changed := bytes.Clone(text)
		changed[at] ^= 1
		refused(fmt.Sprint("changed at ", at), changed)
	}
	later := bytes.Replace(text, []byte(`"format": 1`), []byte(`"format": 2`), 1)
	refused("of a later format", later)
	refused("of a later schema", bytes.Replace(text, []byte(`"schema": `), []byte(`"schema": 9`), 1))
	refused("no backup at all", []byte("hello"))
}

// Whatever an archive says, nothing is written outside of the directory, and nothing
// in it that a backup does not hold.
func TestAttackABackupThatReachesElsewhere(t *testing.T) {
	parent := t.TempDir()
	outside := filepath.Join(parent, "outside")
	if err := os.WriteFile(outside, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	const manifest = `{"format":1,"database":"SQLite","schema":1,"keys":true}`
	for what, entries := range map[string][]tar.Header{
		"a path out":            {{Name: "../outside", Typeflag: tar.TypeReg}},
		"a path out of a place": {{Name: "repositories/../../outside", Typeflag: tar.TypeReg}},
		"an absolute path":      {{Name: outside, Typeflag: tar.TypeReg}},
		"a link":                {{Name: "repositories", Linkname: parent, Typeflag: tar.TypeSymlink}, {Name: "repositories/outside", Typeflag: tar.TypeReg}},
		"a hard link":           {{Name: "root.key", Linkname: outside, Typeflag: tar.TypeLink}},
		"a device":              {{Name: "root.key", Typeflag: tar.TypeChar}},
		"another file":          {{Name: "sallyport.yaml", Typeflag: tar.TypeReg}},
		"a file twice":          {{Name: "root.key", Typeflag: tar.TypeReg}, {Name: "root.key", Typeflag: tar.TypeReg}},
		"a second manifest":     {{Name: "manifest.json", Typeflag: tar.TypeReg}},
		"a folder for a file":   {{Name: "root.key/", Typeflag: tar.TypeDir}},
		"nothing":               nil,
	} {
		var text bytes.Buffer
		w := tar.NewWriter(&text)
		add := func(h tar.Header, content string) {
			if h.Typeflag == tar.TypeReg {
				h.Size = int64(len(content))
			}
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if h.Typeflag == tar.TypeReg {
				if _, err := w.Write([]byte(content)); err != nil {
					t.Fatal(err)
				}
			}
		}
		add(tar.Header{Name: "manifest.json", Typeflag: tar.TypeReg}, manifest)
		for _, entry := range entries {
			add(entry, "changed")
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := backup.Read(t.Context(), &text, backup.Target{Data: filepath.Join(parent, "data")})
		if err == nil {
			t.Errorf("%s: restored", what)
		}
		content, _ := os.ReadFile(outside)
		if left, _ := os.ReadDir(parent); string(content) != "as it was" || len(left) != 1 {
			t.Errorf("%s: outside is %q, beside it %v", what, content, left)
		}
	}
}

func FuzzRead(f *testing.F) {
	var text bytes.Buffer
	w := tar.NewWriter(&text)
	for name, content := range map[string]string{"manifest.json": `{"format":1,"database":"SQLite"}`, "repositories/a/HEAD": "x", "checksums.json": "{}"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(content))}); err != nil {
			f.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		parent := t.TempDir()
		if _, err := backup.Read(t.Context(), bytes.NewReader(text), backup.Target{Data: filepath.Join(parent, "data")}); err == nil {
			t.Error("restored what nobody backed up")
		}
		if left, _ := os.ReadDir(parent); len(left) != 0 {
			t.Errorf("it left %v", left)
		}
	})
}
