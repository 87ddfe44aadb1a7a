package role_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/role"
)

// The grants that the sentences below are made of.
var (
	administrator = role.Grant{Role: role.SpaceAdministrator}
	powerUser     = role.Grant{Role: role.PowerUser}
	limited       = role.Grant{Role: role.LimitedAccess}
	ops           = role.Grant{Role: role.PowerUser, Team: "ops"}

	leadsWeb     = role.Grant{Role: role.ProjectAdministrator, Project: "p1", ProjectName: "web"}
	worksOnWeb   = role.Grant{Role: role.Contributor, Project: "p1", ProjectName: "web"}
	buildersWeb  = role.Grant{Role: role.Contributor, Project: "p1", ProjectName: "web", Team: "builders"}
	reviewsWeb   = role.Grant{Role: role.Reviewer, Project: "p1", ProjectName: "web"}
	readsWeb     = role.Grant{Role: role.ReadOnly, Project: "p1", ProjectName: "web"}
	buildersAPI  = role.Grant{Role: role.Contributor, Project: "p2", ProjectName: "api", Team: "builders"}
	namelessRead = role.Grant{Role: role.ReadOnly, Project: "p3"}
)

func TestDecide(t *testing.T) {
	const space, web, api = "", "p1", "p2"
	const yes, no = true, false
	for _, test := range []struct {
		sentence   string
		grants     []role.Grant
		permission role.Permission
		project    string
		allowed    bool
		reason     string
	}{
		{"nobody may see a space they hold nothing in",
			nil, role.ViewSpace, space, no,
			"space.view needs Space administrator, Power user, Limited access, Project administrator, Contributor, Reviewer or Read only"},
		{"a Space administrator may delete the space",
			[]role.Grant{administrator}, role.DeleteSpace, space, yes, "Space administrator"},
		{"a Space administrator may push to any project",
			[]role.Grant{administrator}, role.PushCommits, web, yes, "Space administrator"},
		{"a Space administrator may push to a project nobody named",
			[]role.Grant{administrator}, role.PushCommits, space, yes, "Space administrator"},
		{"a Space administrator who also contributes pushes as administrator",
			[]role.Grant{worksOnWeb, administrator}, role.PushCommits, web, yes, "Space administrator"},
		{"a Power user may create a project",
			[]role.Grant{powerUser}, role.CreateProject, space, yes, "Power user"},
		{"a Power user may not see a project",
			[]role.Grant{powerUser}, role.ViewProject, web, no,
			"project.view needs Project administrator, Contributor, Reviewer or Read only in the project, or Space administrator"},
		{"a Power user may stop others' Dev Environments in any project",
			[]role.Grant{powerUser}, role.StopOtherDevEnvironment, web, yes, "Power user"},
		{"a Power user may not change others' Dev Environments",
			[]role.Grant{powerUser}, role.EditOtherDevEnvironment, web, no,
			"devenv.other.edit needs Space administrator"},
		{"a Power user through a team may create a project",
			[]role.Grant{ops}, role.CreateProject, space, yes, "Power user through team ops"},
		{"a Power user twice over is one directly",
			[]role.Grant{ops, powerUser}, role.CreateProject, space, yes, "Power user"},
		{"Limited access may see the space",
			[]role.Grant{limited}, role.ViewSpace, space, yes, "Limited access"},
		{"Limited access may not search it",
			[]role.Grant{limited}, role.SearchSpace, space, no,
			"search.space needs Space administrator, Power user, Project administrator, Contributor, Reviewer or Read only"},
		{"Limited access may not create a project",
			[]role.Grant{limited}, role.CreateProject, space, no,
			"space.project.create needs Space administrator or Power user"},
		{"a Contributor may push to their project",
			[]role.Grant{limited, worksOnWeb}, role.PushCommits, web, yes, "Contributor in web"},
		{"a Contributor through a team may too",
			[]role.Grant{buildersWeb}, role.PushCommits, web, yes, "Contributor in web through team builders"},
		{"a Contributor may not push to another project",
			[]role.Grant{worksOnWeb}, role.PushCommits, api, no,
			"repo.commit.push needs Project administrator or Contributor in the project, or Space administrator"},
		{"a Contributor may not push to a project nobody named",
			[]role.Grant{worksOnWeb}, role.PushCommits, space, no,
			"repo.commit.push needs Project administrator or Contributor in the project, or Space administrator"},
		{"a Contributor may not delete the project",
			[]role.Grant{worksOnWeb}, role.DeleteProject, web, no,
			"project.delete needs Project administrator in the project, or Space administrator"},
		{"a Project administrator may delete the project",
			[]role.Grant{leadsWeb}, role.DeleteProject, web, yes, "Project administrator in web"},
		{"a Project administrator may not create another",
			[]role.Grant{leadsWeb}, role.CreateProject, space, no,
			"space.project.create needs Space administrator or Power user"},
		{"somebody of a project may see the space",
			[]role.Grant{readsWeb}, role.ViewSpace, space, yes, "Read only in web"},
		{"somebody of a project may search the space",
			[]role.Grant{limited, readsWeb}, role.SearchSpace, space, yes, "Read only in web"},
		{"somebody of several projects searches by the best of them",
			[]role.Grant{readsWeb, buildersAPI}, role.SearchSpace, space, yes, "Contributor in api through team builders"},
		{"a role held directly in one project is named before the same through a team in another",
			[]role.Grant{buildersAPI, worksOnWeb}, role.SearchSpace, space, yes, "Contributor in web"},
		{"a role of the space is named before any of a project",
			[]role.Grant{leadsWeb, limited}, role.ViewTeams, space, yes, "Limited access"},
		{"a direct and a team role add up: the better one decides",
			[]role.Grant{reviewsWeb, buildersWeb}, role.PushCommits, web, yes, "Contributor in web through team builders"},
		{"a direct and a team role add up: the better one decides what both allow",
			[]role.Grant{reviewsWeb, buildersWeb}, role.ApprovePullRequest, web, yes, "Contributor in web through team builders"},
		{"a role through a team takes nothing from a better one held directly",
			[]role.Grant{leadsWeb, buildersWeb}, role.DeleteProject, web, yes, "Project administrator in web"},
		{"Power user and Contributor are a true union: projects",
			[]role.Grant{powerUser, worksOnWeb}, role.CreateProject, space, yes, "Power user"},
		{"Power user and Contributor are a true union: commits",
			[]role.Grant{powerUser, worksOnWeb}, role.PushCommits, web, yes, "Contributor in web"},
		{"a project without a name is called by its id",
			[]role.Grant{namelessRead}, role.CloneRepository, "p3", yes, "Read only in p3"},
		{"several roles in one grant are each held",
			[]role.Grant{{Role: role.Reviewer | role.ReadOnly, Project: web}}, role.CloneRepository, web, yes, "Reviewer in p1"},

		{"Space administrator in a project is not one of the space",
			[]role.Grant{{Role: role.SpaceAdministrator, Project: web}}, role.DeleteSpace, space, no,
			"space.delete needs Space administrator"},
		{"Space administrator in a project is nothing there either",
			[]role.Grant{{Role: role.SpaceAdministrator, Project: web}}, role.DeleteProject, web, no,
			"project.delete needs Project administrator in the project, or Space administrator"},
		{"Project administrator in the space does not reach projects",
			[]role.Grant{{Role: role.ProjectAdministrator}}, role.DeleteProject, web, no,
			"project.delete needs Project administrator in the project, or Space administrator"},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			d := role.Hold(test.grants).Decide(test.permission, test.project)
			if d.Allowed != test.allowed || d.Reason() != test.reason {
				t.Errorf("allowed %t because %q\nwant %t because %q", d.Allowed, d.Reason(), test.allowed, test.reason)
			}
			if d.Permission != test.permission {
				t.Errorf("the decision is about %s, want %s", d.Permission, test.permission)
			}
		})
	}
}

func TestSpaceAdministratorReachesEverything(t *testing.T) {
	h := role.Hold([]role.Grant{administrator, worksOnWeb})
	for p := range role.Permissions() {
		for _, project := range []string{"", "p1", "a project made a moment ago"} {
			if d := h.Decide(p, project); !d.Allowed || d.Grant() != administrator {
				t.Errorf("Decide(%s, %q) = %t by %s", p, project, d.Allowed, d.Grant())
			}
		}
	}
}

func TestHeldTellsWhatIsHeld(t *testing.T) {
	given := []role.Grant{buildersAPI, readsWeb, ops, buildersWeb, limited, worksOnWeb, {Role: role.PowerUser, Project: "p4"}}
	h := role.Hold(given)
	given[0] = administrator // what was given was copied

	want := []role.Grant{ops, limited, worksOnWeb, buildersAPI, buildersWeb, readsWeb}
	if diff := cmp.Diff(want, slices.Collect(h.Grants())); diff != "" {
		t.Errorf("grants, most permissive first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"p1", "p2"}, slices.Collect(h.Projects())); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
	if got, want := h.SpaceRole(), role.PowerUser|role.LimitedAccess; got != want {
		t.Errorf("in the space: %s, want %s", got, want)
	}
	for project, want := range map[string]role.Role{
		"p1": role.Contributor | role.ReadOnly, "p2": role.Contributor, "p4": 0, "": 0,
	} {
		if got := h.ProjectRole(project); got != want {
			t.Errorf("in project %q: %s, want %s", project, got, want)
		}
	}
	if h.Empty() {
		t.Error("somebody with grants holds nothing")
	}
}

func TestZeroHeldHoldsNothing(t *testing.T) {
	for name, h := range map[string]role.Held{
		"zero":        {},
		"no grants":   role.Hold(nil),
		"no role":     role.Hold([]role.Grant{{}, {Project: "p1"}}),
		"wrong level": role.Hold([]role.Grant{{Role: role.Contributor}, {Role: role.PowerUser, Project: "p1"}}),
	} {
		if !h.Empty() || h.SpaceRole() != 0 || h.ProjectRole("p1") != 0 ||
			slices.Collect(h.Grants()) != nil || slices.Collect(h.Projects()) != nil {
			t.Errorf("%s: something is held", name)
		}
		for p := range role.Permissions() {
			if h.Decide(p, "").Allowed || h.Decide(p, "p1").Allowed {
				t.Errorf("%s: %s is allowed", name, p)
			}
		}
	}
}

// grants draws what somebody might hold, mistakes included: few enough names that
// grants meet in a project and come twice.
func grants() *rapid.Generator[[]role.Grant] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) role.Grant {
		g := role.Grant{
			Role:    role.Role(1) << rapid.IntRange(0, 7).Draw(t, "role"),
			Project: rapid.SampledFrom(projects).Draw(t, "project"),
			Team:    rapid.SampledFrom([]string{"", "builders", "ops"}).Draw(t, "team"),
		}
		if g.Project != "" {
			g.ProjectName = "project " + g.Project
		}
		return g
	}), 0, 12)
}

var projects = []string{"", "p1", "p2", "p3"}

// everyQuestion asks about every permission in the space and in every project.
func everyQuestion(ask func(p role.Permission, project string)) {
	for p := range role.Permissions() {
		for _, project := range projects {
			ask(p, project)
		}
	}
}

func TestAnotherGrantTakesNothingAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some, more := grants().Draw(t, "some"), grants().Draw(t, "more")
		before, after := role.Hold(some), role.Hold(slices.Concat(some, more))
		everyQuestion(func(p role.Permission, project string) {
			if before.Decide(p, project).Allowed && !after.Decide(p, project).Allowed {
				t.Fatalf("%s in %q was allowed until more was granted", p, project)
			}
		})
	})
}

func TestOrderOfGrantsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := grants().Draw(t, "grants")
		one := role.Hold(given)
		other := role.Hold(rapid.Permutation(given).Draw(t, "shuffled"))
		if diff := cmp.Diff(slices.Collect(one.Grants()), slices.Collect(other.Grants())); diff != "" {
			t.Fatalf("grants differ:\n%s", diff)
		}
		everyQuestion(func(p role.Permission, project string) {
			if a, b := one.Decide(p, project), other.Decide(p, project); a.Allowed != b.Allowed || a.Reason() != b.Reason() {
				t.Fatalf("%s in %q: %+v, and in another order %+v", p, project, a, b)
			}
		})
	})
}

// walk decides as the rule is told, one grant after the other.
func walk(given []role.Grant, p role.Permission, project string) (role.Grant, bool) {
	rank := func(g role.Grant) int {
		i := 2 * slices.IndexFunc(all, func(a struct {
			role     role.Role
			initials string
		}) bool {
			return a.role == g.Role
		})
		if g.Team != "" {
			i++
		}
		return i
	}
	var best role.Grant
	found := false
	for _, g := range given {
		inSpace := g.Project == "" && slices.Contains(role.SpaceRoles(), g.Role)
		inProject := g.Project != "" && slices.Contains(role.ProjectRoles(), g.Role)
		counts := inSpace ||
			inProject && g.Project == project ||
			inProject && project == "" && p.Scope() == role.OfSpace
		if counts && p.Roles()&g.Role != 0 && (!found || rank(g) < rank(best)) {
			best, found = g, true
		}
	}
	return best, found
}

func TestDecideAgreesWithAWalkOverTheGrants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := grants().Draw(t, "grants")
		h := role.Hold(given)
		everyQuestion(func(p role.Permission, project string) {
			d := h.Decide(p, project)
			g, allowed := walk(given, p, project)
			// Among grants of one rank the walk takes the first, which is as good.
			if d.Allowed != allowed || d.Grant().Role != g.Role || (d.Grant().Team == "") != (g.Team == "") {
				t.Fatalf("%s in %q: %t by %+v, the walk says %t by %+v", p, project, d.Allowed, d.Grant(), allowed, g)
			}
			if allowed && !slices.Contains(given, d.Grant()) {
				t.Fatalf("%s in %q: decided by %+v, which nobody granted", p, project, d.Grant())
			}
		})
	})
}

// everybodysGrants is what a busy member of many teams and projects holds, with a
// project in the middle of them.
func everybodysGrants(projects int) (given []role.Grant, project string) {
	given = []role.Grant{limited, ops}
	for i := range projects {
		id := fmt.Sprintf("project-%d", i)
		given = append(given,
			role.Grant{Role: role.Reviewer, Project: id},
			role.Grant{Role: role.Contributor, Project: id, Team: "builders"},
			role.Grant{Role: role.ReadOnly, Project: id, Team: "readers"},
		)
	}
	return given, fmt.Sprintf("project-%d", projects/2)
}

func TestDecideDoesNotAllocate(t *testing.T) {
	given, project := everybodysGrants(100)
	h := role.Hold(given)
	var d role.Decision
	allocated := testing.AllocsPerRun(10, func() {
		for p := range role.Permissions() {
			for _, in := range [...]string{"", project, "elsewhere"} {
				d = h.Decide(p, in)
			}
		}
	})
	if allocated != 0 {
		t.Errorf("every decision once: %v allocations; the last was %+v", allocated, d)
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, projects := range []int{1, 100, 10_000} {
		given, project := everybodysGrants(projects)
		h := role.Hold(given)
		for _, question := range []struct {
			name       string
			permission role.Permission
			project    string
		}{
			{"by a role in the space", role.CreateProject, ""},
			{"by a role in the project", role.PushCommits, project},
			{"by a role in any project", role.SearchSpace, ""},
			{"refused", role.DeleteProject, project},
		} {
			b.Run(fmt.Sprintf("%s/projects=%d", question.name, projects), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					h.Decide(question.permission, question.project)
				}
			})
		}
	}
}
