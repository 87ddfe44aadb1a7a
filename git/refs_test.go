package git_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/git"
)

var names = map[string]bool{
	"refs/heads/main": true, "refs/heads/feature/x-1": true, "refs/tags/v1.0": true, "refs/heads/ü": true, "refs/heads/@": true, "refs/heads/a@b": true,
	"refs/heads/a..b": false, "refs/heads/.a": false, "refs/heads/a.lock": false, "refs/heads/a.lock/b": false, "refs/heads/a b": false, "refs/heads/a~1": false,
	"refs/heads/a^": false, "refs/heads/a:b": false, "refs/heads/a?": false, "refs/heads/a*": false, "refs/heads/a[": false, "refs/heads/a\\b": false,
	"refs/heads/a//b": false, "refs/heads/a/": false, "refs/heads/a.": false, "refs/heads/@{x": false, "refs/heads/\x7f": false, "refs/heads/a\tb": false,
	"main": false, "refs/heads/-x": false, "refs/": false, "": false,
}

func TestNamesOfReferences(t *testing.T) {
	for name, good := range names {
		if err := git.CheckRef(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Whatever is let through, git takes as well.
func FuzzCheckRef(f *testing.F) {
	for name := range names {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if git.CheckRef(name) != nil {
			return
		}
		if err := exec.Command("git", "check-ref-format", name).Run(); err != nil {
			t.Errorf("git refuses %q", name)
		}
	})
}

func TestReferencesAreReplacedAsAWhole(t *testing.T) {
	r := git.Repository(filepath.Join(t.TempDir(), "r"))
	if err := git.Init(string(r)); err != nil {
		t.Fatal(err)
	}
	if version, err := r.Version(); version != 0 || err != nil {
		t.Errorf("the version is %d, %v", version, err)
	}
	refs := []git.Ref{{Name: "refs/heads/b", Target: git.ID(strings.Repeat("2", 40))}, {Name: "refs/heads/a", Target: git.ID(strings.Repeat("1", 40))}}
	if err := r.WriteRefs(7, "refs/heads/a", refs); err != nil {
		t.Fatal(err)
	}
	if version, err := r.Version(); version != 7 || err != nil {
		t.Errorf("the version is %d, %v", version, err)
	}
	out, err := exec.Command("git", "--git-dir="+string(r), "for-each-ref", "--format=%(objectname) %(refname)").CombinedOutput()
	if want := strings.Repeat("1", 40) + " refs/heads/a\n" + strings.Repeat("2", 40) + " refs/heads/b\n"; string(out) != want {
		t.Errorf("git says %q, %v", out, err)
	}
}
