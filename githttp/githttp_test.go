package githttp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// shop is a project with a repository, and somebody in each role.
type shop struct {
	*sallyporttest.Sallyport
	space   space.Space
	project space.Project
	repo    repo.Repository
	owner   *sallyporttest.Principal
}

func open(s *sallyporttest.Sallyport) shop {
	owner := s.User("owner")
	acme := owner.Space("acme")
	web := owner.Project(acme, "web")
	return shop{s, acme, web, owner.Repository(acme, web, repo.New{Name: "shop"}), owner}
}

// as is the git of somebody with this role in the project.
func (s shop) as(t *testing.T, alias string, r role.Role) *sallyporttest.Git {
	p := s.User(alias)
	p.Contributes(s.project, r)
	return p.Git(t, p.AccessToken(credential.Reach{}))
}

const at = "/acme/web/shop"

func TestAContributorClonesPushesAndFetches(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, server *sallyporttest.Sallyport) {
		s := open(server)
		alice, bob := s.as(t, "alice", role.Contributor), s.as(t, "bob", role.ReadOnly)
		alice.Run("clone", "-q", alice.Remote+at, "shop")
		mine := alice.In("shop")
		mine.Commit("README", "hello")
		mine.Run("push", "-q")
		bob.Run("clone", "-q", bob.Remote+at+".git", "shop")
		theirs := bob.In("shop")
		if got, want := theirs.Run("rev-parse", "main"), mine.Run("rev-parse", "main"); got != want {
			t.Errorf("the reader has %s, not %s", got, want)
		}
		mine.Run("tag", "-a", "-m", "one", "v1")
		mine.Run("push", "-q", "origin", "v1", "main:refs/heads/feature/x")
		theirs.Run("fetch", "-q", "--tags")
		if got := theirs.Run("describe", "--tags"); strings.TrimSpace(got) != "v1" {
			t.Errorf("the tag is %q", got)
		}
		theirs.Commit("mine", "x")
		theirs.Refused([]string{"403"}, "push")
		pushes := 0
		for _, e := range s.Events(seal.Space(string(s.space.ID))) {
			if e.Name == "gitReceivePack" && e.ErrorCode == "" {
				pushes++
			}
		}
		if pushes != 2 {
			t.Errorf("the log tells of %d pushes", pushes)
		}
	})
}

// pushed reads out of an event where references went.
func pushed(t *testing.T, response json.RawMessage) map[string]string {
	t.Helper()
	var out struct {
		Updates []struct{ Ref, Before, After string }
	}
	if err := json.Unmarshal(response, &out); err != nil {
		t.Fatal(err)
	}
	after := map[string]string{}
	for _, u := range out.Updates {
		after[u.Ref] = u.After
	}
	return after
}
