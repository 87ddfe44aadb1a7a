package git_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/git"
)

// Every push brings a pack. No reference leads to what they bring here, as when another
// push is about to make one, and still all of it is there after they were joined.
func TestManyPacksAreJoinedAndNothingIsLost(t *testing.T) {
	source := t.TempDir()
	run := func(stdin string, arguments ...string) string {
		t.Helper()
		command := exec.Command("git", arguments...)
		command.Dir, command.Stdin = source, strings.NewReader(stdin)
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		out, err := command.Output()
		if err != nil {
			t.Fatalf("git %v: %v", arguments, err)
		}
		return string(out)
	}
	run("", "init", "-q")
	r := git.Repository(filepath.Join(t.TempDir(), "r"))
	if err := git.Init(string(r)); err != nil {
		t.Fatal(err)
	}
	limits := git.Limits{Pack: 1 << 20, Blob: 1 << 20, Commit: 1 << 20, Path: 100, Depth: 5}
	var commits []git.ID
	for i := range 32 {
		run("", "commit", "-q", "--allow-empty", "-m", fmt.Sprint(i))
		id := strings.TrimSpace(run("", "rev-parse", "HEAD"))
		wanted := id + "\n"
		if i > 0 {
			wanted += "^" + string(commits[i-1]) + "\n"
		}
		came, err := r.Receive(t.Context(), bytes.NewReader([]byte(run(wanted, "pack-objects", "--revs", "--thin", "--stdout", "-q"))), limits)
		if err == nil {
			_, err = came.Check(t.Context(), []git.ID{git.ID(id)}, limits)
		}
		if err == nil {
			err = came.Keep()
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := came.Discard(); err != nil {
			t.Fatal(err)
		}
		commits = append(commits, git.ID(id))
	}
	packs := func() int {
		found, err := filepath.Glob(filepath.Join(string(r), "objects", "pack", "*.pack"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	before := packs()
	if err := r.Repack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := packs(); before < 30 || after > 5 {
		t.Errorf("%d packs became %d", before, after)
	}
	for _, id := range commits {
		if object, _, err := r.Lookup(t.Context(), id); err != nil || object.Type != "commit" {
			t.Errorf("commit %s: %+v, %v", id, object, err)
		}
	}
}
