package space_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

func TestMembersAreListedWithTheirTeams(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme, other := w.space("acme", mary), w.space("other", mary)
		jorge := w.member(acme.ID, "jorge", role.PowerUser)
		w.team(acme.ID, "testers", role.LimitedAccess, jorge)
		w.team(acme.ID, "builders", role.PowerUser, jorge)
		w.team(other.ID, "elsewhere", role.PowerUser, mary)
		want := map[directory.UserID]space.Member{
			mary:  {UserID: mary, Role: role.SpaceAdministrator, JoinedAt: w.now},
			jorge: {UserID: jorge, Role: role.PowerUser, Teams: []string{"builders", "testers"}, JoinedAt: w.now},
		}
		got := map[directory.UserID]space.Member{}
		var page space.Page
		for page.Limit = 1; ; {
			members := look(w, func(tx *database.ReadTx) ([]space.Member, error) { return w.Members(tx, acme.ID, page) })
			if len(members) == 0 {
				break
			}
			got[members[0].UserID] = members[0]
			page.After = string(members[0].UserID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Fatal(diff)
		}
		one := look(w, func(tx *database.ReadTx) (space.Member, error) { return w.Member(tx, acme.ID, jorge) })
		if diff := cmp.Diff(want[jorge], one); diff != "" {
			w.Fatal(diff)
		}
		w.refused(fault.NotFound, "not a member", func(tx *database.Tx) error {
			_, err := w.Member(&tx.ReadTx, other.ID, jorge)
			return err
		})
	})
}

func TestAddMemberNeverLowersARole(t *testing.T) {
	each(t, func(w *world) {
		acme := w.space("acme", w.user("mary"))
		jorge := w.member(acme.ID, "jorge", role.PowerUser)
		for _, row := range []struct{ add, want role.Role }{
			{role.LimitedAccess, role.PowerUser},
			{role.PowerUser, role.PowerUser},
			{role.SpaceAdministrator, role.SpaceAdministrator},
			{role.PowerUser, role.SpaceAdministrator},
		} {
			w.do(func(tx *database.Tx) error { return w.AddMember(tx, acme.ID, jorge, row.add) })
			w.wantSpaceRole(acme.ID, jorge, row.want)
		}
	})
}

func TestOnlyWhoCanSignInJoins(t *testing.T) {
	each(t, func(w *world) {
		acme := w.space("acme", w.user("mary"))
		w.refused(fault.NotFound, "no user", func(tx *database.Tx) error { return w.AddMember(tx, acme.ID, "nobody", role.PowerUser) })
		jorge := w.user("jorge")
		w.setState(jorge, "disabled")
		w.refused(fault.Conflict, "disabled", func(tx *database.Tx) error { return w.AddMember(tx, acme.ID, jorge, role.PowerUser) })
	})
}

func TestSpaceRolesAreForMembers(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		acme := w.space("acme", mary)
		w.refused(fault.NotFound, "invite them first", func(tx *database.Tx) error { return w.SetSpaceRole(tx, acme.ID, mary, jorge, role.PowerUser) })
		w.refused(fault.NotFound, "not a member", func(tx *database.Tx) error { return w.RemoveMember(tx, acme.ID, mary, jorge) })
		for _, r := range []role.Role{0, role.Contributor, role.SpaceAdministrator | role.PowerUser} {
			w.refused(fault.Invalid, "not a role of a space", func(tx *database.Tx) error { return w.SetSpaceRole(tx, acme.ID, mary, mary, r) })
		}
	})
}

func TestNobodyEndsTheirOwnAdministration(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		jorge := w.member(acme.ID, "jorge", role.SpaceAdministrator)
		w.refused(fault.Denied, "another Space administrator", func(tx *database.Tx) error {
			return w.SetSpaceRole(tx, acme.ID, jorge, jorge, role.PowerUser)
		})
		w.refused(fault.Denied, "another Space administrator", func(tx *database.Tx) error {
			return w.RemoveMember(tx, acme.ID, jorge, jorge)
		})
		w.do(func(tx *database.Tx) error { return w.SetSpaceRole(tx, acme.ID, mary, jorge, role.PowerUser) })
		w.do(func(tx *database.Tx) error { return w.RemoveMember(tx, acme.ID, jorge, jorge) })
	})
}

func TestRemoveMemberTakesEverythingAway(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme, other := w.space("acme", mary), w.space("other", mary)
		web := w.project(acme.ID, mary, "web")
		jorge := w.member(acme.ID, "jorge", role.PowerUser)
		w.team(acme.ID, "builders", role.PowerUser, jorge)
		w.do(func(tx *database.Tx) error {
			return errorsOf(w.SetProjectRole(tx, web.ID, jorge, role.Contributor), w.AddMember(tx, other.ID, jorge, role.PowerUser))
		})
		_, token := w.invite(acme.ID, mary, space.NewInvitation{Email: email("jorge"), Role: role.PowerUser})
		w.do(func(tx *database.Tx) error { return w.RemoveMember(tx, acme.ID, mary, jorge) })
		if !w.held(acme.ID, jorge).Empty() {
			w.Fatalf("still holds %v", grantsOf(w.held(acme.ID, jorge)))
		}
		w.wantSpaceRole(other.ID, jorge, role.PowerUser)
		wantFault(w, w.accept(token, jorge, email("jorge")), fault.Conflict, "cancelled")
	})
}

func TestRemoveUserEverywhereNamesTheSpacesThatNeedThem(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		acme, beta, gamma := w.space("acme", jorge), w.space("beta", jorge), w.space("gamma", mary)
		w.do(func(tx *database.Tx) error { return w.AddMember(tx, gamma.ID, jorge, role.SpaceAdministrator) })
		w.refused(fault.Conflict, "of acme, beta:", func(tx *database.Tx) error { return w.RemoveUserEverywhere(tx, jorge) })
		for _, id := range []space.ID{acme.ID, beta.ID} {
			w.do(func(tx *database.Tx) error { return w.AddMember(tx, id, mary, role.SpaceAdministrator) })
		}
		w.do(func(tx *database.Tx) error { return w.RemoveUserEverywhere(tx, jorge) })
		if left := look(w, func(tx *database.ReadTx) ([]space.Space, error) { return w.List(tx, jorge, space.Page{}) }); len(left) != 0 {
			w.Fatalf("is still in %v", left)
		}
	})
}

// A Project administrator gives somebody a role in a project, only to take it away.
func TestWhoWasInvitedToTheSpaceIsNotExpelledThroughAProject(t *testing.T) {
	for _, row := range []struct {
		title string
		in    func(w *world, p place)
	}{
		{"invited before", func(w *world, p place) {
			w.acceptsInto(p, nil, role.LimitedAccess)
			w.acceptsInto(p, &p.web, role.Contributor)
		}},
		{"invited after", func(w *world, p place) {
			w.acceptsInto(p, &p.web, role.Contributor)
			w.acceptsInto(p, nil, role.LimitedAccess)
		}},
		{"given a space role", func(w *world, p place) {
			w.acceptsInto(p, &p.web, role.Contributor)
			w.do(func(tx *database.Tx) error { return w.SetSpaceRole(tx, p.id, p.mary, p.jorge, role.LimitedAccess) })
		}},
		{"once more than that", func(w *world, p place) {
			w.acceptsInto(p, &p.web, role.Contributor)
			w.acceptsInto(p, nil, role.PowerUser)
			w.do(func(tx *database.Tx) error { return w.SetSpaceRole(tx, p.id, p.mary, p.jorge, role.LimitedAccess) })
		}},
	} {
		t.Run(row.title, func(t *testing.T) {
			each(t, func(w *world) {
				mary := w.user("mary")
				acme := w.space("acme", mary)
				p := place{id: acme.ID, mary: mary, jorge: w.user("jorge"), web: w.project(acme.ID, mary, "web").ID}
				row.in(w, p)
				w.do(func(tx *database.Tx) error { return removeFromWeb(w, tx, p) })
				w.wantSpaceRole(p.id, p.jorge, role.LimitedAccess)
				w.do(func(tx *database.Tx) error {
					return errorsOf(w.SetProjectRole(tx, p.web, p.jorge, role.ReadOnly), w.DeleteProject(tx, p.web))
				})
				w.wantSpaceRole(p.id, p.jorge, role.LimitedAccess)
			})
		})
	}
}

// acceptsInto invites jorge into a project, or with nil into the space, and he accepts.
func (w *world) acceptsInto(p place, project *space.ProjectID, r role.Role) {
	w.Helper()
	_, token := w.invite(p.id, p.mary, space.NewInvitation{Email: email("jorge"), Role: r, Project: project})
	if err := w.accept(token, p.jorge, email("jorge")); err != nil {
		w.Fatal(err)
	}
}

// Limited access comes with the first project and goes with the last.
func TestLimitedAccessComesAndGoes(t *testing.T) {
	for _, row := range []struct {
		title  string
		in     func(w *world, p place) error // beyond joining web
		out    func(w *world, tx *database.Tx, p place) error
		leaves bool
	}{
		{"removed from the only project", nil, removeFromWeb, true},
		{"the only project is deleted", nil, func(w *world, tx *database.Tx, p place) error { return w.DeleteProject(tx, p.web) }, true},
		{"still in another project", func(w *world, p place) error {
			return w.write(func(tx *database.Tx) error { return w.SetProjectRole(tx, p.ops, p.jorge, role.ReadOnly) })
		}, removeFromWeb, false},
		{"still in a team", func(w *world, p place) error {
			return w.write(func(tx *database.Tx) error { return w.AddTeamMember(tx, p.team, p.jorge) })
		}, removeFromWeb, false},
		{"in a project of another space", func(w *world, p place) error {
			return w.write(func(tx *database.Tx) error { return w.SetProjectRole(tx, p.foreign, p.jorge, role.ReadOnly) })
		}, removeFromWeb, true},
		{"a Power user", func(w *world, p place) error {
			return w.write(func(tx *database.Tx) error { return w.AddMember(tx, p.id, p.jorge, role.PowerUser) })
		}, removeFromWeb, false},
		{"a Space administrator", func(w *world, p place) error {
			return w.write(func(tx *database.Tx) error { return w.AddMember(tx, p.id, p.jorge, role.SpaceAdministrator) })
		}, removeFromWeb, false},
		{"out of the team that had the project", inTeamOnly, func(w *world, tx *database.Tx, p place) error {
			return w.RemoveTeamMember(tx, p.team, p.mary, p.jorge)
		}, true},
		{"the team that had the project is deleted", inTeamOnly, func(w *world, tx *database.Tx, p place) error {
			return w.DeleteTeam(tx, p.team, p.mary)
		}, true},
		{"the team loses the project", inTeamOnly, func(w *world, tx *database.Tx, p place) error {
			return w.RemoveProjectTeam(tx, p.ops, p.team)
		}, false},
		{"out of a team without projects", func(w *world, p place) error {
			return w.write(func(tx *database.Tx) error {
				return errorsOf(w.AddTeamMember(tx, p.team, p.jorge), w.RemoveFromProject(tx, p.web, p.jorge))
			})
		}, func(w *world, tx *database.Tx, p place) error { return w.RemoveTeamMember(tx, p.team, p.mary, p.jorge) }, false},
	} {
		t.Run(row.title, func(t *testing.T) {
			each(t, func(w *world) {
				mary := w.user("mary")
				acme, other := w.space("acme", mary), w.space("other", mary)
				p := place{id: acme.ID, mary: mary, jorge: w.user("jorge"), web: w.project(acme.ID, mary, "web").ID, ops: w.project(acme.ID, mary, "ops").ID,
					foreign: w.project(other.ID, mary, "foreign").ID, team: w.team(acme.ID, "builders", role.LimitedAccess).ID}
				bystander := w.member(acme.ID, "bystander", role.LimitedAccess)
				w.do(func(tx *database.Tx) error { return w.SetProjectRole(tx, p.web, p.jorge, role.Contributor) })
				w.wantSpaceRole(p.id, p.jorge, role.LimitedAccess)
				if row.in != nil {
					if err := row.in(w, p); err != nil {
						w.Fatal(err)
					}
				}
				w.do(func(tx *database.Tx) error { return row.out(w, tx, p) })
				if left := w.held(p.id, p.jorge).Empty(); left != row.leaves {
					w.Errorf("left: %v, want %v", left, row.leaves)
				}
				w.wantSpaceRole(p.id, bystander, role.LimitedAccess)
				w.wantSpaceRole(p.id, mary, role.SpaceAdministrator)
			})
		})
	}
}

type place struct {
	id                space.ID
	mary, jorge       directory.UserID
	web, ops, foreign space.ProjectID
	team              space.TeamID
}

func removeFromWeb(w *world, tx *database.Tx, p place) error {
	return w.RemoveFromProject(tx, p.web, p.jorge)
}

// inTeamOnly moves jorge from the project web to the project ops, where his team works.
func inTeamOnly(w *world, p place) error {
	return w.write(func(tx *database.Tx) error {
		return errorsOf(w.SetProjectTeamRole(tx, p.ops, p.team, role.Contributor), w.AddTeamMember(tx, p.team, p.jorge), w.RemoveFromProject(tx, p.web, p.jorge))
	})
}

func TestWhoeverLeavesLeavesAlone(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web, ops := w.project(acme.ID, mary, "web"), w.project(acme.ID, mary, "ops")
		team := w.team(acme.ID, "builders", role.LimitedAccess)
		ana, jorge, li, kim := w.user("ana"), w.user("jorge"), w.user("li"), w.user("kim")
		w.do(func(tx *database.Tx) error {
			return errorsOf(
				w.SetProjectRole(tx, web.ID, ana, role.Reviewer), w.SetProjectRole(tx, web.ID, jorge, role.Reviewer),
				w.SetProjectTeamRole(tx, ops.ID, team.ID, role.Reviewer),
				w.SetProjectRole(tx, web.ID, li, role.Reviewer), w.SetProjectRole(tx, web.ID, kim, role.Reviewer),
				w.AddTeamMember(tx, team.ID, li), w.AddTeamMember(tx, team.ID, kim),
				w.RemoveFromProject(tx, web.ID, li), w.RemoveFromProject(tx, web.ID, kim),
				w.RemoveFromProject(tx, web.ID, ana), w.RemoveTeamMember(tx, team.ID, mary, li))
		})
		for user, want := range map[directory.UserID]role.Role{ana: 0, jorge: role.LimitedAccess, li: 0, kim: role.LimitedAccess} {
			w.wantSpaceRole(acme.ID, user, want)
		}
	})
}
