package space_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// world is a database with users and the store under test. Its clock stands still.
type world struct {
	*testing.T
	db *database.DB
	*space.Store
	now time.Time
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	databasetest.EachURL(t, func(t *testing.T, url string) {
		w := &world{T: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		w.db = databasetest.Open(t, url, func() time.Time { return w.now })
		keys, err := seal.Open(t.Context(), t.TempDir(), w.db)
		if err != nil {
			t.Fatal(err)
		}
		w.Store = &space.Store{Keys: keys, Region: "us-west-2"}
		w.do(func(tx *database.Tx) error {
			_, err := keys.Create(tx, seal.Directory)
			return err
		})
		test(w)
	})
}

func (w *world) write(change func(*database.Tx) error) error {
	return w.db.Write(context.Background(), change)
}

func (w *world) do(change func(*database.Tx) error) {
	w.Helper()
	if err := w.write(change); err != nil {
		w.Fatal(err)
	}
}

// refused wants a fault of the kind, in words that hold all of these.
func (w *world) refused(kind fault.Kind, words string, change func(*database.Tx) error) {
	w.Helper()
	wantFault(w, w.write(change), kind, words)
}

func wantFault(t testing.TB, err error, kind fault.Kind, words string) {
	t.Helper()
	if !fault.Is(err, kind) || !strings.Contains(fault.As(err).Message, words) {
		t.Fatalf("got %v, want %q with %q", err, kind, words)
	}
}

// look reads one value.
func look[T any](w *world, read func(*database.ReadTx) (T, error)) T {
	w.Helper()
	var value T
	if err := w.db.Read(context.Background(), func(tx *database.ReadTx) (err error) {
		value, err = read(tx)
		return err
	}); err != nil {
		w.Fatal(err)
	}
	return value
}

// made is look for a change that returns what it made.
func made[T any](w *world, change func(*database.Tx) (T, error)) T {
	w.Helper()
	var value T
	w.do(func(tx *database.Tx) (err error) {
		value, err = change(tx)
		return err
	})
	return value
}

func email(name string) string { return name + "@example.com" }

func (w *world) user(name string) directory.UserID {
	w.Helper()
	return made(w, func(tx *database.Tx) (directory.UserID, error) {
		key, err := w.Keys.Key(&tx.ReadTx, seal.Directory)
		if err != nil {
			return "", err
		}
		hash, err := key.Hash("email", []byte(email(name)))
		if err != nil {
			return "", err
		}
		id := uuid.NewString()
		_, err = tx.Exec(`insert into users (id, alias, alias_key, email_hash, state, created_at) values ($1, $2, $3, $4, 'active', $5)`,
			id, name, name, hash, database.Time(tx.Now()))
		return directory.UserID(id), err
	})
}

// users adds n users without addresses, in one statement.
func (w *world) users(n int) []directory.UserID {
	w.Helper()
	w.do(func(tx *database.Tx) error {
		_, err := tx.Exec(`with recursive n (i) as (select 1 union all select i + 1 from n where i < $1)
			insert into users (id, alias, alias_key, state, created_at) select 'crowd-' || i, 'crowd-' || i, 'crowd-' || i, 'active', 0 from n`, n)
		return err
	})
	users := make([]directory.UserID, n)
	for i := range users {
		users[i] = directory.UserID(fmt.Sprintf("crowd-%d", i+1))
	}
	return users
}

func (w *world) setState(user directory.UserID, state string) {
	w.Helper()
	w.do(func(tx *database.Tx) error {
		_, err := tx.Exec(`update users set state = $2 where id = $1`, user, state)
		return err
	})
}

func (w *world) space(name string, by directory.UserID) space.Space {
	w.Helper()
	return made(w, func(tx *database.Tx) (space.Space, error) {
		return w.Create(tx, by, space.NewSpace{Name: name, Description: "what " + name + " does"})
	})
}

func (w *world) project(id space.ID, by directory.UserID, name string) space.Project {
	w.Helper()
	return made(w, func(tx *database.Tx) (space.Project, error) {
		return w.CreateProject(tx, id, by, space.NewProject{DisplayName: name})
	})
}

func (w *world) team(id space.ID, name string, r role.Role, members ...directory.UserID) space.Team {
	w.Helper()
	return made(w, func(tx *database.Tx) (space.Team, error) {
		team, err := w.CreateTeam(tx, id, space.NewTeam{Name: name, Role: r})
		for _, user := range members {
			err = errors.Join(err, w.AddTeamMember(tx, team.ID, user))
		}
		return team, err
	})
}

func (w *world) member(id space.ID, name string, r role.Role) directory.UserID {
	w.Helper()
	user := w.user(name)
	w.do(func(tx *database.Tx) error { return w.AddMember(tx, id, user, r) })
	return user
}

func (w *world) held(id space.ID, user directory.UserID) role.Held {
	w.Helper()
	return look(w, func(tx *database.ReadTx) (role.Held, error) { return w.Held(tx, id, user) })
}

func (w *world) wantSpaceRole(id space.ID, user directory.UserID, want role.Role) {
	w.Helper()
	if got := w.held(id, user).SpaceRole(); got != want {
		w.Fatalf("holds %s in the space, want %s", got, want)
	}
}

func (w *world) wantProjectRole(id space.ID, project space.ProjectID, user directory.UserID, want role.Role) {
	w.Helper()
	if got := w.held(id, user).ProjectRole(string(project)); got != want {
		w.Fatalf("holds %s in the project, want %s", got, want)
	}
}

func TestCreateMakesASpaceAndItsAdministrator(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		made := w.space("Acme-Corp", mary)
		if made.Name != "Acme-Corp" || made.Description != "what Acme-Corp does" || made.Region != "us-west-2" || !made.CreatedAt.Equal(w.now) {
			w.Fatalf("made %+v", made)
		}
		ref := look(w, func(tx *database.ReadTx) (space.Ref, error) { return w.Lookup(tx, "acme-corp") })
		if ref.ID != made.ID || ref.Name != "Acme-Corp" || ref.GrantsVersion != made.GrantsVersion {
			w.Fatalf("looked up %+v of %+v", ref, made)
		}
		w.wantSpaceRole(made.ID, mary, role.SpaceAdministrator)
	})
}

func TestNamesOfSpacesAreChecked(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		for _, name := range []string{"", "ab", strings.Repeat("a", 64), "-acme", "acme-", "ac--me", "ac me", "acmé", "acme\n", "ac\x00me"} {
			w.refused(fault.Invalid, "3 to 63", func(tx *database.Tx) error {
				_, err := w.Create(tx, mary, space.NewSpace{Name: name})
				return err
			})
			w.refused(fault.NotFound, "no space", func(tx *database.Tx) error {
				_, err := w.Lookup(&tx.ReadTx, name)
				return err
			})
		}
		for _, description := range []string{" leading", "a\nb", "a<b", strings.Repeat("a", 201)} {
			w.refused(fault.Invalid, "description", func(tx *database.Tx) error {
				_, err := w.Create(tx, mary, space.NewSpace{Name: "acme", Description: description})
				return err
			})
		}
	})
}

func TestNamesOfSpacesAreNeverUsedAgain(t *testing.T) {
	each(t, func(w *world) {
		acme := w.space("acme", w.user("mary"))
		other := w.user("jorge")
		again := func(tx *database.Tx) error {
			_, err := w.Create(tx, other, space.NewSpace{Name: "ACME"})
			return err
		}
		w.refused(fault.Conflict, "taken", again)
		w.do(func(tx *database.Tx) error { return w.Delete(tx, acme.ID) })
		w.refused(fault.Conflict, "never used again", again)
	})
}

func TestDeleteLeavesATombstoneAndDestroysTheKey(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		project := w.project(acme.ID, mary, "web")
		team := w.team(acme.ID, "builders", role.PowerUser, mary)
		w.do(func(tx *database.Tx) error { return w.SetProjectTeamRole(tx, project.ID, team.ID, role.Reviewer) })
		_, token := w.invite(acme.ID, mary, space.NewInvitation{Email: email("jorge"), Role: role.PowerUser})
		var key *seal.Key
		var sealed []byte
		w.do(func(tx *database.Tx) (err error) {
			sealed, err = database.One(&tx.ReadTx, database.Value[[]byte], `select description_sealed from spaces where id = $1`, acme.ID)
			return err
		})

		w.do(func(tx *database.Tx) error { return w.Delete(tx, acme.ID) })

		w.refused(fault.NotFound, "acme", func(tx *database.Tx) error {
			_, err := w.Lookup(&tx.ReadTx, "acme")
			return err
		})
		w.refused(fault.NotFound, "no space", func(tx *database.Tx) error {
			_, err := w.Space(&tx.ReadTx, acme.ID)
			return err
		})
		w.refused(fault.NotFound, "no space", func(tx *database.Tx) error { return w.Delete(tx, acme.ID) })
		w.refused(fault.NotFound, "no such invitation", func(tx *database.Tx) error {
			_, err := w.InvitationByToken(&tx.ReadTx, token)
			return err
		})
		if !w.held(acme.ID, mary).Empty() {
			w.Fatal("somebody still holds a role")
		}
		// What was sealed is kept in a backup at most, and there is no key to open it.
		err := w.write(func(tx *database.Tx) (err error) {
			key, err = w.Keys.Key(&tx.ReadTx, seal.Space(string(acme.ID)))
			return err
		})
		if err == nil {
			_, err = key.Open("spaces.description_sealed", string(acme.ID), sealed)
		}
		if err == nil {
			w.Fatal("the description of a deleted space opens")
		}
		for _, table := range []string{"projects", "project_members", "project_teams", "teams", "team_members", "space_members",
			"invitations where email_sealed is not null or token_hash is not null"} {
			if n := look(w, func(tx *database.ReadTx) (int, error) {
				return database.One(tx, database.Value[int], `select count(*) from `+table)
			}); n != 0 {
				w.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

func TestListShowsTheSpacesOfAMemberByName(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		for _, name := range []string{"gamma", "Beta", "alpha"} {
			made := w.space(name, mary)
			if name != "Beta" {
				w.do(func(tx *database.Tx) error { return w.AddMember(tx, made.ID, jorge, role.PowerUser) })
			}
		}
		for _, row := range []struct {
			user directory.UserID
			page space.Page
			want string
		}{
			{mary, space.Page{}, "alpha Beta gamma"},
			{mary, space.Page{Limit: 2}, "alpha Beta"},
			{mary, space.Page{After: "Beta", Limit: 2}, "gamma"},
			{jorge, space.Page{}, "alpha gamma"},
		} {
			var names []string
			for _, s := range look(w, func(tx *database.ReadTx) ([]space.Space, error) { return w.List(tx, row.user, row.page) }) {
				names = append(names, s.Name)
				if s.Description != "what "+s.Name+" does" {
					w.Errorf("%s is described as %q", s.Name, s.Description)
				}
			}
			if got := strings.Join(names, " "); got != row.want {
				w.Errorf("%+v: got %s, want %s", row.page, got, row.want)
			}
		}
	})
}

func TestUpdateDescribesTheSpaceAnew(t *testing.T) {
	each(t, func(w *world) {
		acme := w.space("acme", w.user("mary"))
		for _, text := range []string{"now 50% more; see a/b", ""} {
			updated := made(w, func(tx *database.Tx) (space.Space, error) { return w.Update(tx, acme.ID, text) })
			if updated.Description != text {
				w.Fatalf("described as %q, want %q", updated.Description, text)
			}
		}
	})
}
