package space_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

func TestTeamsAreMadeChangedAndDeleted(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		builders := made(w, func(tx *database.Tx) (space.Team, error) {
			return w.CreateTeam(tx, acme.ID, space.NewTeam{Name: "builders", Description: "they build", Role: role.PowerUser})
		})
		w.team(acme.ID, "Admins", role.SpaceAdministrator)
		w.team(acme.ID, "auditors", role.LimitedAccess)
		found := look(w, func(tx *database.ReadTx) (space.Team, error) { return w.Team(tx, acme.ID, "builders") })
		if diff := cmp.Diff(builders, found); diff != "" || found.Membership != space.DirectMembership {
			w.Fatal(found, diff)
		}
		var names []string
		for _, team := range look(w, func(tx *database.ReadTx) ([]space.Team, error) {
			return w.Teams(tx, acme.ID, space.Page{After: "Admins", Limit: 5})
		}) {
			names = append(names, team.Name)
		}
		if diff := cmp.Diff([]string{"auditors", "builders"}, names); diff != "" {
			w.Fatal(diff)
		}

		name, text, limited := "makers", "they make", role.LimitedAccess
		patched := made(w, func(tx *database.Tx) (space.Team, error) {
			return w.UpdateTeam(tx, builders.ID, mary, space.TeamPatch{Name: &name, Description: &text, Role: &limited})
		})
		builders.Name, builders.Description, builders.Role = name, text, limited
		if diff := cmp.Diff(builders, patched); diff != "" {
			w.Fatal(diff)
		}
		taken := "Admins"
		w.refused(fault.Conflict, "already", func(tx *database.Tx) error {
			_, err := w.UpdateTeam(tx, builders.ID, mary, space.TeamPatch{Name: &taken})
			return err
		})
		w.do(func(tx *database.Tx) error { return w.DeleteTeam(tx, builders.ID, mary) })
		w.refused(fault.NotFound, "no team", func(tx *database.Tx) error {
			_, err := w.Team(&tx.ReadTx, acme.ID, "makers")
			return err
		})
		w.refused(fault.NotFound, "no team", func(tx *database.Tx) error { return w.DeleteTeam(tx, builders.ID, mary) })
	})
}

func TestTeamsAreChecked(t *testing.T) {
	each(t, func(w *world) {
		acme := w.space("acme", w.user("mary"))
		w.team(acme.ID, "builders", role.PowerUser)
		for _, row := range []struct {
			n     space.NewTeam
			kind  fault.Kind
			words string
		}{
			{space.NewTeam{Name: "builders", Role: role.PowerUser}, fault.Conflict, "already"},
			{space.NewTeam{Name: "the builders", Role: role.PowerUser}, fault.Invalid, "3 to 63"},
			{space.NewTeam{Name: "others", Role: role.Contributor}, fault.Invalid, "not a role of a space"},
			{space.NewTeam{Name: "others", Role: role.PowerUser, Membership: space.SSOGroups}, fault.Unsupported, "not offered"},
			{space.NewTeam{Name: "others", Role: role.PowerUser, Membership: "magic"}, fault.Invalid, "direct"},
			{space.NewTeam{Name: "others", Role: role.PowerUser, Description: "<b>"}, fault.Invalid, "description"},
		} {
			w.refused(row.kind, row.words, func(tx *database.Tx) error {
				_, err := w.CreateTeam(tx, acme.ID, row.n)
				return err
			})
		}
	})
}

func TestATeamTakesMembersOfItsSpace(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		team := w.team(acme.ID, "builders", role.PowerUser)
		stranger := w.user("stranger")
		w.refused(fault.Invalid, "invite them to the space first", func(tx *database.Tx) error { return w.AddTeamMember(tx, team.ID, stranger) })
		for range 2 { // adding twice is adding once
			w.do(func(tx *database.Tx) error { return w.AddTeamMember(tx, team.ID, mary) })
		}
		members := look(w, func(tx *database.ReadTx) ([]space.TeamMember, error) { return w.TeamMembers(tx, team.ID, space.Page{}) })
		if diff := cmp.Diff([]space.TeamMember{{UserID: mary, AddedAt: w.now}}, members); diff != "" {
			w.Fatal(diff)
		}
		w.do(func(tx *database.Tx) error { return w.RemoveTeamMember(tx, team.ID, mary, mary) })
		w.refused(fault.NotFound, "not in the team", func(tx *database.Tx) error { return w.RemoveTeamMember(tx, team.ID, mary, mary) })
	})
}

func TestATeamHoldsRolesInProjectsOfItsSpace(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme, other := w.space("acme", mary), w.space("other", mary)
		web := w.project(acme.ID, mary, "web")
		team, foreign := w.team(acme.ID, "builders", role.LimitedAccess), w.team(other.ID, "foreign", role.LimitedAccess)
		for _, r := range []role.Role{role.Contributor, role.Reviewer} {
			w.do(func(tx *database.Tx) error { return w.SetProjectTeamRole(tx, web.ID, team.ID, r) })
		}
		teams := look(w, func(tx *database.ReadTx) ([]space.ProjectTeam, error) { return w.ProjectTeams(tx, web.ID) })
		if diff := cmp.Diff([]space.ProjectTeam{{TeamID: team.ID, Name: "builders", Role: role.Reviewer}}, teams); diff != "" {
			w.Fatal(diff)
		}
		w.refused(fault.NotFound, "in the space of the project", func(tx *database.Tx) error {
			return w.SetProjectTeamRole(tx, web.ID, foreign.ID, role.Reviewer)
		})
		w.refused(fault.Invalid, "not a role of a project", func(tx *database.Tx) error {
			return w.SetProjectTeamRole(tx, web.ID, team.ID, role.PowerUser)
		})
		w.do(func(tx *database.Tx) error { return w.RemoveProjectTeam(tx, web.ID, team.ID) })
		w.refused(fault.NotFound, "no role in the project", func(tx *database.Tx) error { return w.RemoveProjectTeam(tx, web.ID, team.ID) })
	})
}

// Somebody ends being Space administrator through what makes their team one.
func TestNobodyEndsTheirOwnAdministrationThroughATeam(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		jorge := w.member(acme.ID, "jorge", role.LimitedAccess)
		team := w.team(acme.ID, "admins", role.SpaceAdministrator, jorge)
		power := role.PowerUser
		for _, change := range []func(tx *database.Tx, by directory.UserID) error{
			func(tx *database.Tx, by directory.UserID) error { return w.RemoveTeamMember(tx, team.ID, by, jorge) },
			func(tx *database.Tx, by directory.UserID) error {
				_, err := w.UpdateTeam(tx, team.ID, by, space.TeamPatch{Role: &power})
				return err
			},
			func(tx *database.Tx, by directory.UserID) error { return w.DeleteTeam(tx, team.ID, by) },
		} {
			w.refused(fault.Denied, "another Space administrator", func(tx *database.Tx) error { return change(tx, jorge) })
			undone := errors.New("to be undone")
			if err := w.write(func(tx *database.Tx) error {
				if err := change(tx, mary); err != nil {
					return err
				}
				return undone
			}); err != undone {
				w.Errorf("another Space administrator cannot: %v", err)
			}
		}
		// Who is one directly too may leave the team.
		w.do(func(tx *database.Tx) error {
			return errorsOf(w.AddMember(tx, acme.ID, jorge, role.SpaceAdministrator), w.RemoveTeamMember(tx, team.ID, jorge, jorge))
		})
	})
}
