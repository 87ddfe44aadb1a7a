package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/space"
)

// Whatever is taken away after the account's side has let the role be assumed, and
// before the credentials are handed out, is taken away: they are not, and their session
// is ended. On PostgreSQL another node takes it.
func TestAttackWhatIsTakenAwayWhileTheRoleIsAssumed(t *testing.T) {
	databasetest.EachURL(t, func(t *testing.T, url string) {
		s := sallyporttest.StartOn(t, url)
		other := s
		if s.DB().Engine() == database.PostgreSQL {
			other = sallyporttest.Beside(t, s, url)
		}
		c := s.Connected()
		for i, race := range []struct {
			what   string
			take   func(*database.Tx, sallyporttest.Way, *sallyporttest.Principal) error
			status int
			says   string
		}{
			{"the role, by the account", func(tx *database.Tx, w sallyporttest.Way, _ *sallyporttest.Principal) error {
				return other.Connections.RemoveRole(tx, found(t, other, tx, w), "deploy")
			}, http.StatusNotFound, "Role not available"},
			{"the connection", func(tx *database.Tx, w sallyporttest.Way, _ *sallyporttest.Principal) error {
				return other.Connections.Delete(tx, found(t, other, tx, w))
			}, http.StatusConflict, "is deleted"},
			{"the connection, by a restriction", func(tx *database.Tx, w sallyporttest.Way, _ *sallyporttest.Principal) error {
				return other.Connections.Restrict(tx, found(t, other, tx, w), role.Hold([]role.Grant{{Role: role.SpaceAdministrator}}), nil)
			}, http.StatusForbidden, "Connection name not valid"},
			{"the member", func(tx *database.Tx, w sallyporttest.Way, p *sallyporttest.Principal) error {
				return other.Spaces.RemoveFromProject(tx, c.Project.ID, p.ID)
			}, http.StatusForbidden, "you are not a member"},
			{"the member's role", func(tx *database.Tx, w sallyporttest.Way, p *sallyporttest.Principal) error {
				return other.Spaces.SetProjectRole(tx, c.Project.ID, p.ID, role.Reviewer)
			}, http.StatusForbidden, "wf.start needs"},
			{"the member's sign-in", func(tx *database.Tx, w sallyporttest.Way, p *sallyporttest.Principal) error {
				return other.Credentials.EndSessions(tx, p.ID, "")
			}, http.StatusUnauthorized, "the session has ended"},
			{"the member, disabled", func(tx *database.Tx, w sallyporttest.Way, p *sallyporttest.Principal) error {
				if err := other.Directory.Disable(tx, p.ID); err != nil {
					return err
				}
				return other.Spaces.UserChanged(tx, p.ID)
			}, http.StatusUnauthorized, ""},
			{"the environment", func(tx *database.Tx, w sallyporttest.Way, _ *sallyporttest.Principal) error {
				return other.Connections.DeleteEnvironment(tx, environment(t, other, tx, c, w).ID)
			}, http.StatusNotFound, "has no environment"},
			{"the environment, for another of its name", func(tx *database.Tx, w sallyporttest.Way, p *sallyporttest.Principal) error {
				if err := other.Connections.DeleteEnvironment(tx, environment(t, other, tx, c, w).ID); err != nil {
					return err
				}
				e, err := other.Connections.CreateEnvironment(tx, c.Space.ID, c.Project.ID, p.ID, connection.NewEnvironment{Name: w.Environment})
				if err != nil {
					return err
				}
				same := "deploy"
				_, err = other.Connections.UpdateEnvironment(tx, c.Space.ID, e, connection.EnvironmentPatch{Connection: &w.Name, Role: &same})
				return err
			}, http.StatusConflict, "was changed at this moment: ask again"},
			{"the account", func(tx *database.Tx, w sallyporttest.Way, _ *sallyporttest.Principal) error {
				return other.Accounts.Close(tx, w.Root.Account)
			}, http.StatusConflict, "is closed"},
			{"nothing", func(*database.Tx, sallyporttest.Way, *sallyporttest.Principal) error { return nil }, http.StatusOK, ""},
			{"the project, with all", func(tx *database.Tx, _ sallyporttest.Way, _ *sallyporttest.Principal) error {
				return other.Spaces.DeleteProject(tx, c.Project.ID)
			}, http.StatusForbidden, "there is no space"}, // who was in no other project is out of the space
		} {
			w, p := c.Lead("c"+string(rune('a'+i)), "e"+string(rune('a'+i))), s.User("user"+string(rune('a'+i)))
			p.Contributes(c.Project, role.Contributor)
			before, taken := sessions(t, s), false
			s.Log.Watch(func(line string) {
				if !taken && strings.Contains(line, `"operation":"AssumeRole"`) {
					taken = true
					other.Write(func(tx *database.Tx) error { return race.take(tx, w, p) })
				}
			})
			answer := c.Credentials(p, w.Environment, `{}`)
			s.Log.Watch(nil)
			if !taken || answer.Status != race.status || !strings.Contains(answer.Body, race.says) || (strings.Contains(answer.Body, "SecretAccessKey") != (race.status == http.StatusOK)) {
				t.Errorf("%s: taken %t, %d %s, want %d %q", race.what, taken, answer.Status, answer.Body, race.status, race.says)
			}
			if left := sessions(t, s) - before; (left == 1) != (race.status == http.StatusOK) {
				t.Errorf("%s: %d sessions are left", race.what, left)
			}
		}
	})
}

func found(t *testing.T, s *sallyporttest.Sallyport, tx *database.Tx, w sallyporttest.Way) connection.Connection {
	c, err := s.Connections.OfAccount(tx.Reading(), w.Root.Account, connection.ID(w.Connection))
	if err != nil {
		t.Error(err)
	}
	return c
}

func environment(t *testing.T, s *sallyporttest.Sallyport, tx *database.Tx, c *sallyporttest.Connected, w sallyporttest.Way) connection.Environment {
	e, err := s.Connections.Environment(tx.Reading(), c.Space.ID, space.ProjectID(c.Project.ID), w.Environment)
	if err != nil {
		t.Error(err)
	}
	return e
}
