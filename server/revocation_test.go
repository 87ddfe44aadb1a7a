package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/space"
)

// Whatever is taken away on one node is refused by the very next request on every
// node, however warm its caches are.
func TestWhatIsTakenAwayIsRefusedByTheNextRequestOnEveryNode(t *testing.T) {
	databasetest.EachURL(t, func(t *testing.T, url string) {
		first := sallyporttest.StartOn(t, url)
		nodes := []*sallyporttest.Sallyport{first}
		if strings.HasPrefix(url, "postgres") {
			nodes = append(nodes, sallyporttest.Beside(t, first, url))
		}
		owner, bob := first.User("owner"), first.User("bob")
		acme := owner.Space("acme")
		web := owner.Project(acme, "web")
		bob.Joins(acme, role.LimitedAccess)
		sees := func(when string, want int) {
			t.Helper()
			for i, node := range nodes {
				if got := node.Send("GET", "/aws/v1/spaces/acme/projects/web", bob.Token, "").Status; got != want {
					t.Errorf("%s: node %d answers %d, want %d", when, i, got, want)
				}
			}
		}
		change := func(f func(*database.Tx) error) { t.Helper(); nodes[len(nodes)-1].Write(f) }
		spaces := first.Spaces
		var team space.Team
		change(func(tx *database.Tx) (err error) {
			team, err = spaces.CreateTeam(tx, acme.ID, space.NewTeam{Name: "builders", Role: role.LimitedAccess})
			if err == nil {
				err = spaces.AddTeamMember(tx, team.ID, bob.ID)
			}
			return err
		})
		for range 20 {
			sees("before any role", 403)
			change(func(tx *database.Tx) error { return spaces.SetProjectRole(tx, web.ID, bob.ID, role.ReadOnly) })
			sees("with a role", 200)
			change(func(tx *database.Tx) error { return spaces.RemoveFromProject(tx, web.ID, bob.ID) })
			sees("without it", 403)
			change(func(tx *database.Tx) error { return spaces.SetProjectTeamRole(tx, web.ID, team.ID, role.Reviewer) })
			sees("through a team", 200)
			change(func(tx *database.Tx) error { return spaces.RemoveTeamMember(tx, team.ID, owner.ID, bob.ID) })
			sees("out of the team", 403)
			change(func(tx *database.Tx) error {
				if err := spaces.AddMember(tx, acme.ID, bob.ID, role.LimitedAccess); err != nil {
					return err
				}
				return spaces.AddTeamMember(tx, team.ID, bob.ID)
			})
			sees("in the team again", 200)
			change(func(tx *database.Tx) error { return spaces.RemoveProjectTeam(tx, web.ID, team.ID) })
		}
		change(func(tx *database.Tx) error { return spaces.SetProjectRole(tx, web.ID, bob.ID, role.ReadOnly) })
		sees("at last", 200)
		change(func(tx *database.Tx) error {
			if err := first.Directory.Disable(tx, bob.ID); err != nil {
				return err
			}
			return spaces.UserChanged(tx, bob.ID)
		})
		sees("disabled", 401)
		change(func(tx *database.Tx) error {
			if err := first.Directory.Enable(tx, bob.ID); err != nil {
				return err
			}
			return spaces.UserChanged(tx, bob.ID)
		})
		sees("enabled", 200)
		change(func(tx *database.Tx) error { return first.Credentials.EndSessions(tx, bob.ID, "") })
		sees("sessions ended", 401)
	})
}

func TestABrowserSessionEndsWhenNobodyUsesIt(t *testing.T) {
	s := sallyporttest.Start(t)
	alice := s.User("alice")
	s.Read(func(tx *database.ReadTx) error {
		_, err := s.Credentials.Authenticate(tx, alice.Cookie)
		return err
	})
	s.Clock.Advance(3 * time.Hour)
	s.Read(func(tx *database.ReadTx) error {
		if _, err := s.Credentials.Authenticate(tx, alice.Cookie); err == nil {
			t.Error("an idle browser session still lives")
		}
		sessions, err := s.Credentials.Sessions(tx, alice.ID)
		for _, session := range sessions {
			if session.Kind == credential.Browser {
				t.Error("an idle browser session is listed")
			}
		}
		return err
	})
}
