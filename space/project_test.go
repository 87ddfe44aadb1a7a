package space_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

func TestCreateProjectNamesItAndMakesItsAdministrator(t *testing.T) {
	each(t, func(w *world) {
		acme := w.space("acme", w.user("mary"))
		power := w.member(acme.ID, "power", role.PowerUser)
		made := w.project(acme.ID, power, "My web shop")
		if made.Name != "My-web-shop" || made.DisplayName != "My web shop" || made.SpaceID != acme.ID || !made.CreatedAt.Equal(w.now) {
			w.Fatalf("made %+v", made)
		}
		w.wantProjectRole(acme.ID, made.ID, power, role.ProjectAdministrator)
		w.wantSpaceRole(acme.ID, power, role.PowerUser)

		w.refused(fault.Conflict, `displayed as "My web shop"`, func(tx *database.Tx) error {
			_, err := w.CreateProject(tx, acme.ID, power, space.NewProject{DisplayName: "My-web shop"})
			return err
		})
		w.project(acme.ID, power, "my web shop") // another name: case matters
		for _, name := range []string{"", "ab", " web", "web ", "we  b", "web/shop", strings.Repeat("a", 64)} {
			w.refused(fault.Invalid, "3 to 63", func(tx *database.Tx) error {
				_, err := w.CreateProject(tx, acme.ID, power, space.NewProject{DisplayName: name})
				return err
			})
		}
	})
}

func TestProjectsAreFoundByExactName(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme, other := w.space("acme", mary), w.space("other", mary)
		web := w.project(acme.ID, mary, "web")
		ref := look(w, func(tx *database.ReadTx) (space.ProjectRef, error) { return w.LookupProject(tx, acme.ID, "web") })
		if ref != (space.ProjectRef{ID: web.ID, Name: "web"}) {
			w.Fatalf("found %+v", ref)
		}
		for _, row := range []struct {
			id   space.ID
			name string
		}{{acme.ID, "Web"}, {acme.ID, "we\x00b"}, {other.ID, "web"}} {
			w.refused(fault.NotFound, "no project", func(tx *database.Tx) error {
				_, err := w.Project(&tx.ReadTx, row.id, row.name)
				return err
			})
		}
		updated := made(w, func(tx *database.Tx) (space.Project, error) { return w.UpdateProject(tx, web.ID, "sells things") })
		web.Description = "sells things"
		if diff := cmp.Diff(web, updated); diff != "" {
			w.Fatal(diff)
		}
		w.refused(fault.NotFound, "no project", func(tx *database.Tx) error {
			_, err := w.UpdateProject(tx, "gone", "x")
			return err
		})
		w.refused(fault.NotFound, "no project", func(tx *database.Tx) error { return w.DeleteProject(tx, "gone") })
	})
}

func TestListProjectsFiltersAndPages(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		projects := map[string]space.ProjectID{}
		for _, name := range []string{"web-shop", "Web-admin", "ops", "api", "web-blog"} {
			projects[name] = w.project(acme.ID, mary, name).ID
		}
		jorge, power := w.user("jorge"), w.member(acme.ID, "power", role.PowerUser)
		w.do(func(tx *database.Tx) error { return w.SetProjectRole(tx, projects["ops"], jorge, role.ReadOnly) })
		team := w.team(acme.ID, "builders", role.LimitedAccess, jorge)
		w.do(func(tx *database.Tx) error { return w.SetProjectTeamRole(tx, projects["api"], team.ID, role.ReadOnly) })
		named := func(operator space.Operator, values ...string) space.Comparison {
			return space.Comparison{Operator: operator, Values: values}
		}
		for _, row := range []struct {
			filter space.ProjectFilter
			page   space.Page
			want   string
		}{
			{space.ProjectFilter{}, space.Page{}, "Web-admin api ops web-blog web-shop"},
			{space.ProjectFilter{}, space.Page{After: "api", Limit: 2}, "ops web-blog"},
			{space.ProjectFilter{AccessibleTo: &mary}, space.Page{}, "Web-admin api ops web-blog web-shop"},
			{space.ProjectFilter{AccessibleTo: &jorge}, space.Page{}, "api ops"},
			{space.ProjectFilter{AccessibleTo: &power}, space.Page{}, ""},
			{space.ProjectFilter{Names: []space.Comparison{named(space.Equal, "ops", "api", "none")}}, space.Page{}, "api ops"},
			{space.ProjectFilter{Names: []space.Comparison{named("", "ops")}}, space.Page{}, "ops"},
			{space.ProjectFilter{Names: []space.Comparison{named(space.BeginsWith, "web")}}, space.Page{}, "web-blog web-shop"},
			{space.ProjectFilter{Names: []space.Comparison{named(space.Greater, "ops")}}, space.Page{}, "web-blog web-shop"},
			{space.ProjectFilter{Names: []space.Comparison{named(space.GreaterOrEqual, "ops")}}, space.Page{}, "ops web-blog web-shop"},
			{space.ProjectFilter{Names: []space.Comparison{named(space.Less, "api")}}, space.Page{}, "Web-admin"},
			{space.ProjectFilter{Names: []space.Comparison{named(space.LessOrEqual, "api")}}, space.Page{}, "Web-admin api"},
			{space.ProjectFilter{AccessibleTo: &jorge, Names: []space.Comparison{named(space.Greater, "api"), named(space.Less, "p\x00")}}, space.Page{}, "ops"},
			{space.ProjectFilter{Names: []space.Comparison{named(space.Equal)}}, space.Page{}, ""},
		} {
			var names []string
			for _, p := range look(w, func(tx *database.ReadTx) ([]space.Project, error) {
				return w.ListProjects(tx, acme.ID, row.filter, row.page)
			}) {
				names = append(names, p.Name)
			}
			if got := strings.Join(names, " "); got != row.want {
				w.Errorf("%+v %+v: got %q, want %q", row.filter, row.page, got, row.want)
			}
		}
		w.refused(fault.Invalid, "BEGINS_WITH", func(tx *database.Tx) error {
			_, err := w.ListProjects(&tx.ReadTx, acme.ID, space.ProjectFilter{Names: []space.Comparison{named("LIKE", "x")}}, space.Page{})
			return err
		})
	})
}

func TestProjectRolesAreSetAndTaken(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		jorge := w.user("jorge")
		for _, r := range []role.Role{role.Contributor, role.ReadOnly} { // here a role may be lowered
			w.do(func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, jorge, r) })
			w.wantProjectRole(acme.ID, web.ID, jorge, r)
		}
		got := map[directory.UserID]role.Role{}
		for _, m := range look(w, func(tx *database.ReadTx) ([]space.ProjectMember, error) {
			return w.ProjectMembers(tx, web.ID, space.Page{})
		}) {
			got[m.UserID] = m.Role
		}
		if diff := cmp.Diff(map[directory.UserID]role.Role{mary: role.ProjectAdministrator, jorge: role.ReadOnly}, got); diff != "" {
			w.Fatal(diff)
		}
		for _, r := range []role.Role{0, role.PowerUser, role.Reviewer | role.ReadOnly} {
			w.refused(fault.Invalid, "not a role of a project", func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, jorge, r) })
		}
		w.refused(fault.NotFound, "no user", func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, "nobody", role.Reviewer) })
		w.refused(fault.NotFound, "no project", func(tx *database.Tx) error { return w.SetProjectRole(tx, "gone", jorge, role.Reviewer) })
		w.do(func(tx *database.Tx) error { return w.RemoveFromProject(tx, web.ID, jorge) })
		w.refused(fault.NotFound, "no role in the project", func(tx *database.Tx) error { return w.RemoveFromProject(tx, web.ID, jorge) })
	})
}
