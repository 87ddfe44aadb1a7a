package space_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

func (w *world) create(by directory.UserID, name string) error {
	return w.write(func(tx *database.Tx) error {
		_, err := w.Create(tx, by, space.NewSpace{Name: name})
		return err
	})
}

func TestSpacesPerUser(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		var first space.Space
		for i := range 5 {
			made := w.space(fmt.Sprint("acme", i), mary)
			if i == 0 {
				first = made
			}
		}
		wantFault(w, w.create(mary, "sixth"), fault.Quota, "5 spaces that exist")
		w.do(func(tx *database.Tx) error { return w.Delete(tx, first.ID) })
		wantFault(w, w.create(mary, "sixth"), fault.Quota, "5 spaces in this Region within the last 30 days")
		w.now = w.now.Add(30 * 24 * time.Hour)
		if err := w.create(mary, "sixth"); err != nil {
			w.Fatal(err)
		}
		if err := w.create(w.user("jorge"), "another"); err != nil {
			w.Fatal(err)
		}
	})
}

// fill runs an insert that selects from n (i), which counts from 1 to $1.
func (w *world) fill(n int, insert string, args ...any) {
	w.Helper()
	w.do(func(tx *database.Tx) error {
		_, err := tx.Exec(`with recursive n (i) as (select 1 union all select i + 1 from n where i < $1) `+insert, append([]any{n}, args...)...)
		return err
	})
}

func TestProjectsAndTeamsPerSpace(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		w.fill(99, `insert into projects (id, space_id, name, display_name, created_by, created_at)
			select 'p' || i, $2, 'p' || i, 'p' || i, $3, 0 from n`, acme.ID, mary)
		w.fill(99, `insert into teams (id, space_id, name, role, membership, created_at)
			select 't' || i, $2, 't' || i, 'limited-access', 'direct', 0 from n`, acme.ID)
		w.project(acme.ID, mary, "the last")
		w.team(acme.ID, "the-last", role.LimitedAccess)
		w.refused(fault.Quota, "the space has 100 projects, the most it can have", func(tx *database.Tx) error {
			_, err := w.CreateProject(tx, acme.ID, mary, space.NewProject{DisplayName: "one more"})
			return err
		})
		w.refused(fault.Quota, "the space has 100 teams, the most it can have", func(tx *database.Tx) error {
			_, err := w.CreateTeam(tx, acme.ID, space.NewTeam{Name: "one-more", Role: role.LimitedAccess})
			return err
		})
	})
}

func TestMembersPerTeamAndProject(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		team := w.team(acme.ID, "builders", role.LimitedAccess)
		w.users(10_000)
		w.fill(10_000, `insert into space_members (space_id, user_id, role, joined_at, through_project)
			select $2, 'crowd-' || i, 'limited-access', 0, true from n`, acme.ID)
		w.fill(999, `insert into team_members (team_id, user_id, added_at) select $2, 'crowd-' || i, 0 from n`, team.ID)
		w.fill(9_998, `insert into project_members (project_id, user_id, role, joined_at) select $2, 'crowd-' || i, 'reviewer', 0 from n`, web.ID)

		w.do(func(tx *database.Tx) error { return w.AddTeamMember(tx, team.ID, "crowd-1000") })
		w.refused(fault.Quota, "the team has 1000 members", func(tx *database.Tx) error { return w.AddTeamMember(tx, team.ID, "crowd-1001") })

		w.do(func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, "crowd-9999", role.Reviewer) })
		w.refused(fault.Quota, "the project has 10000 members", func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, "crowd-10000", role.Reviewer) })
		w.do(func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, "crowd-9999", role.ReadOnly) })

		holders := look(w, func(tx *database.ReadTx) (map[directory.UserID]role.Held, error) { return w.Holders(tx, acme.ID) })
		if len(holders) != 10_001 {
			w.Errorf("%d holders", len(holders))
		}
		w.do(func(tx *database.Tx) error { return w.DeleteProject(tx, web.ID) })
		// Whoever is in the team stays; so does crowd-10000, who left no project.
		if members := look(w, func(tx *database.ReadTx) ([]space.Member, error) { return w.Members(tx, acme.ID, space.Page{}) }); len(members) != 1_002 {
			w.Errorf("%d members are left", len(members))
		}
	})
}

func TestProjectsPerUser(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		acme, other := w.space("acme", mary), w.space("other", mary)
		web, ops := w.project(acme.ID, mary, "web"), w.project(acme.ID, mary, "ops")
		w.fill(999, `insert into projects (id, space_id, name, display_name, created_by, created_at)
			select 'p' || i, $2, 'p' || i, 'p' || i, $3, 0 from n`, other.ID, mary)
		w.fill(999, `insert into project_members (project_id, user_id, role, joined_at) select 'p' || i, $2, 'reviewer', 0 from n`, jorge)
		w.do(func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, jorge, role.Reviewer) })
		w.refused(fault.Quota, "the user belongs to 1000 projects", func(tx *database.Tx) error { return w.SetProjectRole(tx, ops.ID, jorge, role.Reviewer) })
	})
}

func TestInvitationsPerDay(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		for range 24 {
			w.invite(acme.ID, mary, space.NewInvitation{Email: email("li"), Role: role.PowerUser})
		}
		w.invite(acme.ID, mary, space.NewInvitation{Email: "LI@example.com", Role: role.Reviewer, Project: &web.ID})
		// The address is protected from all spaces together, and from those who delete their projects.
		jorge := w.user("jorge")
		other := w.space("other", jorge)
		w.do(func(tx *database.Tx) error { return w.DeleteProject(tx, web.ID) })
		invite := func(tx *database.Tx) error {
			_, _, err := w.inviting(tx, other.ID, jorge, space.NewInvitation{Email: email("li"), Role: role.PowerUser})
			return err
		}
		w.refused(fault.Quota, "25 invitations", invite)

		w.do(func(tx *database.Tx) error {
			for i := range 474 {
				if _, err := tx.Exec(`insert into invitations (id, space_id, role, email_sealed, email_hash, token_hash, state, invited_by, created_at, expires_at)
					values ($1, $2, 'power-user', $3, $3, $3, 'cancelled', $4, $5, $5)`,
					fmt.Sprint(i), acme.ID, fmt.Append(nil, i), mary, database.Time(w.now)); err != nil {
					return err
				}
			}
			return nil
		})
		last := space.NewInvitation{Email: email("ana"), Role: role.PowerUser}
		w.invite(acme.ID, mary, last)
		w.refused(fault.Quota, "500 invitations", func(tx *database.Tx) error {
			_, _, err := w.inviting(tx, acme.ID, mary, last)
			return err
		})

		w.now = w.now.Add(24 * time.Hour)
		w.do(invite)
		w.invite(acme.ID, mary, last)
	})
}

// Somebody makes spaces to invite from, and deletes them.
func TestDeletingSpacesDoesNotResetTheInvitationsOfADay(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		for range 25 {
			w.invite(acme.ID, mary, space.NewInvitation{Email: email("li"), Role: role.PowerUser})
		}
		w.fill(475, `insert into invitations (id, space_id, role, email_sealed, email_hash, token_hash, state, invited_by, created_at, expires_at)
			select 'i' || i, $2, 'power-user', $3, $3, cast('t' || i as `+map[database.Engine]string{database.SQLite: "blob", database.PostgreSQL: "bytea"}[w.db.Engine()]+`), 'pending', $4, $5, $5 from n`,
			acme.ID, []byte("ana"), mary, database.Time(w.now))
		w.do(func(tx *database.Tx) error { return w.Delete(tx, acme.ID) })

		other := w.space("other", mary)
		w.refused(fault.Quota, "500 invitations", func(tx *database.Tx) error {
			_, _, err := w.inviting(tx, other.ID, mary, space.NewInvitation{Email: email("kim"), Role: role.PowerUser})
			return err
		})
		jorge := w.user("jorge")
		third := w.space("third", jorge)
		toLi := func(tx *database.Tx) error {
			_, _, err := w.inviting(tx, third.ID, jorge, space.NewInvitation{Email: email("li"), Role: role.PowerUser})
			return err
		}
		w.refused(fault.Quota, "25 invitations", toLi)

		// What no limit counts any more goes; what is not of a deleted space stays.
		left := func() int {
			w.do(func(tx *database.Tx) error { return w.Sweep(tx) })
			return look(w, func(tx *database.ReadTx) (int, error) {
				return database.One(tx, database.Value[int], `select count(*) from invitations`)
			})
		}
		if n := left(); n != 500 {
			w.Errorf("%d invitations are left within the day", n)
		}
		w.now = w.now.Add(24 * time.Hour)
		w.do(toLi)
		w.now = w.now.Add(24 * time.Hour)
		if n := left(); n != 1 {
			w.Errorf("%d invitations are left after the day", n)
		}
	})
}
