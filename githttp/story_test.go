package githttp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

// clone clones the shop as somebody, and returns their git in it.
func clone(g *sallyporttest.Git, arguments ...string) *sallyporttest.Git {
	g.Run(append(append([]string{"clone", "-q"}, arguments...), g.Remote+at, "shop")...)
	return g.In("shop")
}

func TestEachRoleMayWhatTheMatrixSays(t *testing.T) {
	s := open(sallyporttest.Start(t))
	author := clone(s.as(t, "author", role.Contributor))
	author.Commit("README", "hello")
	author.Run("push", "-q")
	for _, as := range []struct {
		role   role.Role
		pushes bool
	}{{role.ProjectAdministrator, true}, {role.Contributor, true}, {role.Reviewer, false}, {role.ReadOnly, false}} {
		t.Run(as.role.Name(), func(t *testing.T) {
			mine := clone(s.as(t, "as"+strings.ReplaceAll(as.role.Name(), "-", ""), as.role))
			mine.Commit("by-"+as.role.Name(), "x")
			branch := "main:" + as.role.Name()
			if as.pushes {
				mine.Run("push", "-q", "origin", branch)
				return
			}
			mine.Refused([]string{"repo.commit.push needs", "403"}, "push", "origin", branch)
		})
	}
	t.Run("space administrator", func(t *testing.T) {
		mine := clone(s.owner.Git(t, s.owner.AccessToken(credential.Reach{})))
		mine.Commit("mine", "x")
		mine.Run("push", "-q", "origin", "main:owners")
	})
	t.Run("limited access, and who is not in the space", func(t *testing.T) {
		limited, outsider := s.User("limited"), s.User("outsider")
		limited.Joins(s.space, role.LimitedAccess)
		for _, p := range []*sallyporttest.Principal{limited, outsider} {
			g := p.Git(t, p.AccessToken(credential.Reach{}))
			g.Run("init", "-q")
			g.Commit("x", "y")
			for _, path := range []string{at, "/acme/web/nothing", "/acme/nothing/shop", "/nothing/web/shop"} {
				g.Refused([]string{"remote: repository not found", "not found"}, "ls-remote", g.Remote+path)
				g.Refused([]string{"remote: repository not found"}, "push", g.Remote+path, "HEAD:refs/heads/x")
			}
		}
	})
}

func TestForcePushesTagsAndDeletions(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, server *sallyporttest.Sallyport) {
		s := open(server)
		mine := clone(s.as(t, "alice", role.Contributor))
		mine.Commit("one", "1")
		mine.Run("tag", "light")
		mine.Run("tag", "-a", "-m", "heavy", "heavy")
		mine.Run("push", "-q", "--tags", "origin", "main", "main:side")
		mine.Run("commit", "-q", "--amend", "-m", "rewritten")
		mine.Refused([]string{"rejected", "non-fast-forward"}, "push", "-q")
		mine.Run("push", "-q", "--force")
		mine.Run("push", "-q", "--force-with-lease=side", "origin", "main:side")
		mine.Refused([]string{"stale info"}, "push", "-q", "--force-with-lease=side:main~1", "origin", "main~1:side")
		mine.Run("push", "-q", "origin", ":side", ":heavy")
		mine.Refused([]string{"remote rejected", "main is the default branch, which nobody can delete"}, "push", "-q", "origin", ":main")
		refs := mine.Run("ls-remote", "origin")
		if strings.Contains(refs, "side") || strings.Contains(refs, "heavy") || !strings.Contains(refs, "refs/tags/light") || !strings.HasPrefix(refs, strings.TrimSpace(mine.Run("rev-parse", "main"))) {
			t.Errorf("there are\n%s", refs)
		}
		// Of a push whose parts are not all refused, the others come through, unless all or nothing is asked for.
		mine.Refused([]string{"atomic"}, "push", "--atomic", "origin", "main:new", ":main")
		mine.Refused([]string{"default branch", "[new branch]"}, "push", "origin", "main:new", ":main")
		if refs := mine.Run("ls-remote", "origin", "new"); refs == "" {
			t.Error("what was not refused is not there")
		}
		for _, ref := range []string{"refs/heads/new/below", "refs/remotes/origin/x", "refs/replace/" + strings.Repeat("a", 40)} {
			mine.Refused([]string{"remote rejected"}, "push", "origin", "main:"+ref)
		}
	})
}

func TestShallowAndPartialClones(t *testing.T) {
	s := open(sallyporttest.Start(t))
	alice := s.as(t, "alice", role.Contributor)
	mine := clone(alice)
	for i := range 5 {
		mine.Commit("file", strings.Repeat(fmt.Sprint(i), 1000))
	}
	mine.Run("push", "-q")
	shallow := alice.In("s")
	os.Mkdir(shallow.Folder, 0o700)
	shallow = clone(shallow, "--depth=1")
	if got := strings.TrimSpace(shallow.Run("rev-list", "--count", "HEAD")); got != "1" {
		t.Errorf("a shallow clone has %s commits", got)
	}
	shallow.Commit("more", "x")
	shallow.Run("push", "-q")
	shallow.Run("fetch", "-q", "--unshallow")
	if got := strings.TrimSpace(shallow.Run("rev-list", "--count", "HEAD")); got != "7" {
		t.Errorf("there are %s commits after --unshallow", got)
	}
	partial := alice.In("p")
	os.Mkdir(partial.Folder, 0o700)
	partial = clone(partial, "--filter=blob:none", "--no-checkout")
	if missing := partial.Run("rev-list", "--objects", "--missing=print", "HEAD"); strings.Count(missing, "?") < 5 {
		t.Errorf("a partial clone has the files:\n%s", missing)
	}
	partial.Run("checkout", "-q", "main") // fetches what it needs
	for _, protocol := range []string{"0", "1", "2"} {
		g := alice.In("v" + protocol)
		os.Mkdir(g.Folder, 0o700)
		g.Config = []string{"protocol.version=" + protocol}
		clone(g)
	}
}

func TestOfConcurrentPushesToOneBranchExactlyOneWins(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, server *sallyporttest.Sallyport) {
		s := open(server)
		alice := s.as(t, "alice", role.Contributor)
		const pushers = 4
		gits := make([]*sallyporttest.Git, pushers)
		for i := range gits {
			gits[i] = alice.In(fmt.Sprint(i))
			if err := os.Mkdir(gits[i].Folder, 0o700); err != nil {
				t.Fatal(err)
			}
			gits[i] = clone(gits[i])
		}
		for round := range 2 {
			var won atomic.Int64
			var group sync.WaitGroup
			for i, g := range gits {
				g.Run("fetch", "-q")
				g.Run("reset", "-q", "--hard", "origin/main")
				g.Commit(fmt.Sprintf("file-%d-%d", round, i), fmt.Sprint(i))
			}
			for _, g := range gits {
				group.Go(func() {
					out, err := g.Try("push", "-q")
					if err == nil {
						won.Add(1)
					} else if !strings.Contains(out, "rejected") || !strings.Contains(out, "fetch first") {
						t.Errorf("a loser is told\n%s", out)
					}
				})
			}
			group.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d pushes won", won.Load())
			}
		}
		s.agree(t)
	})
}

// agree checks that the repository is whole, and that its folder, the database and
// the log tell the same of its references.
func (s shop) agree(t *testing.T) {
	t.Helper()
	folder := filepath.Join(s.Data, "repositories", string(s.repo.ID))
	bare := &sallyporttest.Git{Folder: folder}
	*bare = *s.owner.Git(t, "")
	bare.Folder = folder
	if out, err := bare.Try("fsck", "--full", "--strict", "--no-dangling"); err != nil {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
	var told []git.Ref
	s.Read(func(tx *database.ReadTx) (err error) {
		told, err = s.Repositories.Refs(tx, s.repo.ID)
		return err
	})
	want := map[string]string{}
	for _, ref := range told {
		want[ref.Name] = string(ref.Target)
	}
	is := bare.Run("for-each-ref", "--format=%(refname) %(objectname)")
	if n := strings.Count(is, "\n"); n != len(want) {
		t.Errorf("the folder has %d references, the database %d", n, len(want))
	}
	for line := range strings.Lines(is) {
		name, target, _ := strings.Cut(strings.TrimSpace(line), " ")
		if want[name] != target {
			t.Errorf("%s is %s in the folder and %q in the database", name, target, want[name])
		}
	}
	// The newest event about a reference says where it is.
	seen := map[string]bool{}
	for _, e := range s.Events(seal.Space(string(s.space.ID))) {
		if e.Name != "gitReceivePack" || e.ErrorCode != "" {
			continue
		}
		for name, after := range pushed(t, e.Detail.Response) {
			if !seen[name] && want[name] != after && after != git.Zero {
				t.Errorf("%s is %q, and the log says %s", name, want[name], after)
			}
			seen[name] = true
		}
	}
	if len(seen) == 0 {
		t.Error("the log tells of no push")
	}
}

func TestATokenThatIsTakenAwayIsRefusedAtTheNextRequest(t *testing.T) {
	s := open(sallyporttest.Start(t))
	alice := s.User("alice")
	alice.Contributes(s.project, role.Contributor)
	g := clone(alice.Git(t, alice.AccessToken(credential.Reach{})))
	g.Commit("one", "1")
	g.Run("push", "-q")
	s.Write(func(tx *database.Tx) error {
		tokens, err := s.Credentials.AccessTokens(tx.Reading(), alice.ID, "", 10)
		if err != nil {
			return err
		}
		return s.Credentials.DeleteAccessToken(tx, alice.ID, tokens[0].ID)
	})
	g.Commit("two", "2")
	g.Refused([]string{"Authentication failed"}, "push", "-q")
	g.Refused([]string{"Authentication failed"}, "fetch", "-q")
	// So is a role.
	again := alice.Git(t, alice.AccessToken(credential.Reach{}))
	again.Run("ls-remote", again.Remote+at)
	s.Write(func(tx *database.Tx) error { return s.Spaces.RemoveFromProject(tx, s.project.ID, alice.ID) })
	again.Refused([]string{"repository not found"}, "ls-remote", again.Remote+at)
}

func TestATokenReachesNoFurtherThanItIsLimitedTo(t *testing.T) {
	s := open(sallyporttest.Start(t))
	s.owner.Repository(s.space, s.project, repo.New{Name: "other"})
	here := credential.Reach{Space: string(s.space.ID), Project: string(s.project.ID), Repository: string(s.repo.ID), Path: "acme/web/shop"}
	g := s.owner.Git(t, s.owner.AccessToken(here))
	clone(g)
	g.Refused([]string{"limited to the repository acme/web/shop"}, "ls-remote", g.Remote+"/acme/web/other")
	g.Refused([]string{"limited to the repository acme/web/shop"}, "ls-remote", g.Remote+"/acme/web/nothing")
	here.ReadOnly = true
	reader := s.owner.Git(t, s.owner.AccessToken(here))
	mine := clone(reader)
	mine.Commit("x", "y")
	mine.Refused([]string{"limited to reading"}, "push", "-q")
}

// Whoever waits for pushes is told in the transaction of the push.
func TestAPushIsToldInItsTransactionAndCanBeRead(t *testing.T) {
	server := sallyporttest.Start(t)
	s := open(server)
	mine := clone(s.as(t, "alice", role.Contributor))
	mine.Commit("access/web.yaml", "role: contributor\n")
	mine.Commit("access/deep/er/more.yaml", "x")
	if err := os.Symlink("/etc/passwd", filepath.Join(mine.Folder, "access", "link")); err != nil {
		t.Fatal(err)
	}
	mine.Commit("README", "hello")
	mine.Run("push", "-q")
	head := git.ID(strings.TrimSpace(mine.Run("rev-parse", "HEAD")))
	var r repo.Repository
	s.Read(func(tx *database.ReadTx) (err error) {
		r, err = s.Repositories.Repository(tx, s.project.ID, "shop")
		return err
	})
	limits := git.FileLimits{Files: 10, Bytes: 1 << 10, Depth: 5}
	files, err := s.Repositories.Files(t.Context(), r, head, "access", limits)
	if err != nil || len(files) != 2 || string(files["access/web.yaml"]) != "role: contributor\n" || string(files["access/deep/er/more.yaml"]) != "x" {
		t.Errorf("the files are %q, %v", files, err)
	}
	for what, l := range map[string]git.FileLimits{"files": {Files: 2, Bytes: 1 << 10, Depth: 5}, "bytes": {Files: 10, Bytes: 10, Depth: 5}, "depth": {Files: 10, Bytes: 1 << 10, Depth: 2}} {
		if _, err := s.Repositories.Files(t.Context(), r, head, "access", l); err == nil {
			t.Errorf("more %s are read than allowed", what)
		}
	}
}
