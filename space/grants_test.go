package space_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

func grantsOf(held role.Held) []string {
	var grants []string
	for g := range held.Grants() {
		grants = append(grants, g.String())
	}
	return grants
}

func TestHeldAddsUpDirectAndTeamRoles(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme, other := w.space("acme", mary), w.space("other", mary)
		web, ops := w.project(acme.ID, mary, "web shop"), w.project(acme.ID, mary, "ops")
		foreign := w.project(other.ID, mary, "foreign")
		jorge := w.member(acme.ID, "jorge", role.LimitedAccess)
		team := w.team(acme.ID, "builders", role.PowerUser, jorge)
		w.do(func(tx *database.Tx) error {
			return errorsOf(
				w.SetProjectRole(tx, web.ID, jorge, role.Reviewer),
				w.SetProjectRole(tx, foreign.ID, jorge, role.ProjectAdministrator),
				w.SetProjectTeamRole(tx, ops.ID, team.ID, role.Contributor))
		})
		want := []string{"Power user through team builders", "Limited access", "Contributor in ops through team builders", "Reviewer in web-shop"}
		if diff := cmp.Diff(want, grantsOf(w.held(acme.ID, jorge))); diff != "" {
			w.Fatal(diff)
		}
		holders := look(w, func(tx *database.ReadTx) (map[directory.UserID]role.Held, error) { return w.Holders(tx, acme.ID) })
		if diff := cmp.Diff(want, grantsOf(holders[jorge])); diff != "" || len(holders) != 2 {
			w.Fatalf("%d holders, %s", len(holders), diff)
		}
	})
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestWhoIsNotActiveHoldsNothing(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		for _, state := range []string{"disabled", "deleted"} {
			w.setState(mary, state)
			if !w.held(acme.ID, mary).Empty() {
				w.Errorf("a %s user holds a role", state)
			}
			if holders := look(w, func(tx *database.ReadTx) (map[directory.UserID]role.Held, error) { return w.Holders(tx, acme.ID) }); len(holders) != 0 {
				w.Errorf("a %s user is among the holders", state)
			}
		}
	})
}

func TestEveryChangeOfGrantsRaisesTheVersion(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		builders := w.team(acme.ID, "builders", role.PowerUser)
		jorge, li, ana := w.user("jorge"), w.user("li"), w.user("ana")
		power := role.LimitedAccess
		var ops space.Project
		var testers space.Team
		_, token := w.invite(acme.ID, mary, space.NewInvitation{Email: email("ana"), Role: role.PowerUser})
		_, toWeb := w.invite(acme.ID, mary, space.NewInvitation{Email: email("ana"), Role: role.Reviewer, Project: &web.ID})
		version := func() int64 {
			return look(w, func(tx *database.ReadTx) (space.Ref, error) { return w.Lookup(tx, "acme") }).GrantsVersion
		}
		for _, row := range []struct {
			change string
			do     func(tx *database.Tx) error
		}{
			{"AddMember", func(tx *database.Tx) error { return w.AddMember(tx, acme.ID, jorge, role.LimitedAccess) }},
			{"AddMember raising a role", func(tx *database.Tx) error { return w.AddMember(tx, acme.ID, jorge, role.PowerUser) }},
			{"SetSpaceRole", func(tx *database.Tx) error { return w.SetSpaceRole(tx, acme.ID, mary, jorge, role.LimitedAccess) }},
			{"SetProjectRole", func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, jorge, role.Reviewer) }},
			{"SetProjectRole again", func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, jorge, role.ReadOnly) }},
			{"AddTeamMember", func(tx *database.Tx) error { return w.AddTeamMember(tx, builders.ID, jorge) }},
			{"SetProjectTeamRole", func(tx *database.Tx) error { return w.SetProjectTeamRole(tx, web.ID, builders.ID, role.Contributor) }},
			{"UpdateTeam", func(tx *database.Tx) error {
				_, err := w.UpdateTeam(tx, builders.ID, mary, space.TeamPatch{Role: &power})
				return err
			}},
			{"RemoveProjectTeam", func(tx *database.Tx) error { return w.RemoveProjectTeam(tx, web.ID, builders.ID) }},
			{"RemoveTeamMember", func(tx *database.Tx) error { return w.RemoveTeamMember(tx, builders.ID, mary, jorge) }},
			{"RemoveFromProject", func(tx *database.Tx) error { return w.RemoveFromProject(tx, web.ID, jorge) }},
			{"CreateProject", func(tx *database.Tx) (err error) {
				ops, err = w.CreateProject(tx, acme.ID, mary, space.NewProject{DisplayName: "ops"})
				return err
			}},
			{"DeleteProject", func(tx *database.Tx) error { return w.DeleteProject(tx, ops.ID) }},
			{"Accept", func(tx *database.Tx) error { _, err := w.Accept(tx, token, ana, email("ana")); return err }},
			{"Accept to a project", func(tx *database.Tx) error { _, err := w.Accept(tx, toWeb, ana, email("ana")); return err }},
			{"UserChanged", func(tx *database.Tx) error { return w.UserChanged(tx, ana) }},
			{"RemoveMember", func(tx *database.Tx) error { return w.RemoveMember(tx, acme.ID, mary, ana) }},
			{"joining again", func(tx *database.Tx) (err error) {
				testers, err = w.CreateTeam(tx, acme.ID, space.NewTeam{Name: "testers", Role: role.PowerUser})
				return errorsOf(err, w.AddMember(tx, acme.ID, li, role.LimitedAccess), w.AddTeamMember(tx, testers.ID, li))
			}},
			{"DeleteTeam", func(tx *database.Tx) error { return w.DeleteTeam(tx, testers.ID, mary) }},
			{"RemoveUserEverywhere", func(tx *database.Tx) error { return w.RemoveUserEverywhere(tx, li) }},
		} {
			before := version()
			w.do(row.do)
			if after := version(); after <= before {
				w.Errorf("%s left the grants version at %d", row.change, after)
			}
		}
	})
}

// The ways to lose the last Space administrator, each starting with mary, who is one
// by herself, or by her team alone, and jorge, who asks for it and is none.
func TestASpaceKeepsAnAdministrator(t *testing.T) {
	type setting struct {
		id          space.ID
		mary, jorge directory.UserID
		team        space.TeamID
	}
	power := role.PowerUser
	for _, row := range []struct {
		way     string
		byTeam  bool
		takeOut func(*world, *database.Tx, setting) error
	}{
		{"role change", false, func(w *world, tx *database.Tx, s setting) error {
			return w.SetSpaceRole(tx, s.id, s.jorge, s.mary, role.PowerUser)
		}},
		{"removal", false, func(w *world, tx *database.Tx, s setting) error { return w.RemoveMember(tx, s.id, s.jorge, s.mary) }},
		{"removal of who is it by team", true, func(w *world, tx *database.Tx, s setting) error { return w.RemoveMember(tx, s.id, s.jorge, s.mary) }},
		{"end of the account", false, func(w *world, tx *database.Tx, s setting) error { return w.RemoveUserEverywhere(tx, s.mary) }},
		{"end of the account of who is it by team", true, func(w *world, tx *database.Tx, s setting) error { return w.RemoveUserEverywhere(tx, s.mary) }},
		{"team deletion", true, func(w *world, tx *database.Tx, s setting) error { return w.DeleteTeam(tx, s.team, s.jorge) }},
		{"team role change", true, func(w *world, tx *database.Tx, s setting) error {
			_, err := w.UpdateTeam(tx, s.team, s.jorge, space.TeamPatch{Role: &power})
			return err
		}},
		{"team member removal", true, func(w *world, tx *database.Tx, s setting) error {
			return w.RemoveTeamMember(tx, s.team, s.jorge, s.mary)
		}},
	} {
		t.Run(row.way, func(t *testing.T) {
			each(t, func(w *world) {
				s := setting{mary: w.user("mary")}
				s.id = w.space("acme", s.mary).ID
				s.jorge = w.member(s.id, "jorge", role.PowerUser)
				if row.byTeam {
					s.team = w.team(s.id, "admins", role.SpaceAdministrator, s.mary).ID
					w.do(func(tx *database.Tx) error { return w.SetSpaceRole(tx, s.id, s.jorge, s.mary, role.PowerUser) })
				}
				takeOut := func(tx *database.Tx) error { return row.takeOut(w, tx, s) }
				w.refused(fault.Conflict, "Space administrator", takeOut)
				w.wantSpaceRole(s.id, s.mary, w.held(s.id, s.mary).SpaceRole()|role.SpaceAdministrator)

				// Another one who cannot sign in is no help; one who can is.
				li := w.member(s.id, "li", role.SpaceAdministrator)
				w.setState(li, "disabled")
				w.refused(fault.Conflict, "Space administrator", takeOut)
				w.setState(li, "active")
				w.do(takeOut)
			})
		})
	}
}

func TestOfTwoAdministratorsRemovingEachOtherOneWins(t *testing.T) {
	each(t, func(w *world) {
		for round := range 5 {
			mary, jorge := w.user(fmt.Sprint("mary", round)), w.user(fmt.Sprint("jorge", round))
			acme := w.space(fmt.Sprint("acme", round), mary)
			w.do(func(tx *database.Tx) error { return w.AddMember(tx, acme.ID, jorge, role.SpaceAdministrator) })
			results := make(chan error)
			for _, pair := range [][2]directory.UserID{{mary, jorge}, {jorge, mary}} {
				go func() {
					results <- w.db.Write(context.Background(), func(tx *database.Tx) error { return w.RemoveMember(tx, acme.ID, pair[0], pair[1]) })
				}()
			}
			first, second := <-results, <-results
			if (first == nil) == (second == nil) {
				w.Fatalf("got %v and %v, want one of them refused", first, second)
			}
			if err := errorsOf(first, second); !fault.Is(err, fault.Conflict) {
				w.Fatalf("got %v, want a conflict", err)
			}
		}
	})
}
