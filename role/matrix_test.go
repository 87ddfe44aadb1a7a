package role_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/role"
)

var update = flag.Bool("update", false, "rewrite the files that follow from the matrix")

// isCurrent compares a file that follows from the matrix, or rewrites it.
func isCurrent(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("%s does not follow the matrix; if the change is meant, run go test ./role -update (-file +matrix):\n%s", path, diff)
	}
}

// The names are stored and sent, and the roles are what people rely on, so that a
// changed row is to be seen in review as a changed line.
func TestMatrixIsAsListed(t *testing.T) {
	var b strings.Builder
	for p := range role.Permissions() {
		fmt.Fprintf(&b, "%-30s %-7s", p, p.Scope())
		for _, r := range all {
			if p.Roles()&r.role != 0 {
				b.WriteString(" " + r.initials)
			} else {
				b.WriteString(" --")
			}
		}
		b.WriteString("\n")
	}
	isCurrent(t, "testdata/permissions.golden", b.String())
}

// amazons are the rows of Amazon CodeCatalyst's matrix, without ours.
func amazons() []role.Permission {
	rows := slices.Collect(role.Permissions())
	return rows[:slices.Index(rows, role.EditSpace)]
}

// names are the rows that the condition picks, by name.
func names(picked func(role.Role) bool) []string {
	var names []string
	for _, p := range amazons() {
		if picked(p.Roles()) {
			names = append(names, p.String())
		}
	}
	return names
}

func TestEachRoleHoldsAsManyRows(t *testing.T) {
	for _, test := range []struct {
		role role.Role
		rows int
	}{
		{role.SpaceAdministrator, 220},
		{role.PowerUser, 47},
		{role.LimitedAccess, 8},
		{role.ProjectAdministrator, 171},
		{role.Contributor, 121},
		{role.Reviewer, 74},
		{role.ReadOnly, 51},
	} {
		held := names(func(r role.Role) bool { return r&test.role != 0 })
		if len(held) != test.rows {
			t.Errorf("%s holds %d rows, want %d", test.role, len(held), test.rows)
		}
	}
	if rows := len(amazons()); rows != 220 {
		t.Errorf("the matrix has %d rows, want 220", rows)
	}
}

func TestRolesCompare(t *testing.T) {
	for _, test := range []struct {
		sentence string
		role     role.Role
		without  role.Role
		rows     int
	}{
		{"nobody holds what a Space administrator does not", ^role.SpaceAdministrator, role.SpaceAdministrator, 0},
		{"a Contributor holds what a Project administrator does", role.Contributor, role.ProjectAdministrator, 0},
		{"a Reviewer holds what a Contributor does", role.Reviewer, role.Contributor, 0},
		{"Read only holds what a Reviewer does", role.ReadOnly, role.Reviewer, 0},
		{"a Project administrator adds to a Contributor", role.ProjectAdministrator, role.Contributor, 50},
		{"a Contributor adds to a Reviewer", role.Contributor, role.Reviewer, 47},
		{"a Reviewer adds to Read only", role.Reviewer, role.ReadOnly, 23},
		{"Limited access holds what a Power user does", role.LimitedAccess, role.PowerUser, 0},
		{"Limited access holds what Read only does", role.LimitedAccess, role.ReadOnly, 0},
		{"a Power user holds what no Project administrator does", role.PowerUser, role.ProjectAdministrator, 31},
		{"a Project administrator holds what no Power user does", role.ProjectAdministrator, role.PowerUser, 155},
	} {
		more := names(func(r role.Role) bool { return r&test.role != 0 && r&test.without == 0 })
		if len(more) != test.rows {
			t.Errorf("%s: %d rows, want %d: %v", test.sentence, len(more), test.rows, more)
		}
	}
}

func TestRowsByName(t *testing.T) {
	limited := []string{
		"space.account.view", "space.incident.view", "space.view", "space.team.view", "space.vpc.view",
		"ext.view", "bp.view", "notif.email.own",
	}
	for _, test := range []struct {
		sentence string
		picked   func(role.Role) bool
		want     []string
	}{
		{
			"a Space administrator alone holds",
			func(r role.Role) bool { return r == role.SpaceAdministrator },
			[]string{
				"space.create", "space.billing.edit", "space.sso.enable", "space.sso.remove",
				"space.genai.enable", "space.genai.disable", "space.delete",
				"space.admin.add", "space.admin.remove",
				"space.team.create", "space.team.delete", "space.team.update",
				"space.machine.disable", "space.machine.enable",
				"devenv.other.edit",
				"notif.channel.add", "notif.channel.remove", "notif.incident.auto",
			},
		}, {
			"Limited access holds",
			func(r role.Role) bool { return r&role.LimitedAccess != 0 },
			limited,
		}, {
			"everybody holds",
			func(r role.Role) bool { return len(strings.Split(r.Name(), ",")) == len(all) },
			limited,
		}, {
			"a Power user and a Project administrator share",
			func(r role.Role) bool { return r&role.PowerUser != 0 && r&role.ProjectAdministrator != 0 },
			append([]string{
				"devenv.other.stop", "devenv.other.view", "search.space",
				"bp.convert", "bp.project.add", "bp.project.remove", "bp.applied.update", "bp.settings.edit",
			}, limited...),
		}, {
			"a Reviewer adds to Read only, issues aside",
			func(r role.Role) bool { return r&role.Reviewer != 0 && r&role.ReadOnly == 0 },
			[]string{
				"repo.pr.approve", "repo.pr.comment",
				"devenv.own.create", "devenv.own.stop", "devenv.own.resume",
				"devenv.own.view", "devenv.own.edit", "devenv.own.delete",
				"issue.create", "issue.update", "issue.task.create", "issue.task.update", "issue.archive",
				"issue.other.update", "issue.comment.update", "issue.label.add", "issue.label.remove",
				"issue.status.move", "issue.status.deactivate", "issue.attach.add", "issue.attach.remove",
				"issue.link.add", "issue.link.update",
			},
		},
	} {
		got := names(test.picked)
		slices.Sort(got)
		want := slices.Sorted(slices.Values(test.want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.sentence, diff)
		}
	}
}

func TestRowsAreWellFormed(t *testing.T) {
	wellFormed := regexp.MustCompile(`^[a-z]+(\.[a-z]+){1,3}$`)
	seen := map[string]bool{}
	said := map[string]role.Permission{}
	for p := range role.Permissions() {
		if !wellFormed.MatchString(p.String()) {
			t.Errorf("permission %d has the name %q", p, p)
		}
		if seen[p.String()] {
			t.Errorf("%s stands in the matrix twice", p)
		}
		seen[p.String()] = true
		if p.Allows() == "" || strings.TrimRight(p.Allows(), ". ") != p.Allows() {
			t.Errorf("%s allows %q", p, p.Allows())
		}
		if other, ok := said[p.Allows()]; ok {
			t.Errorf("%s and %s both allow %q", other, p, p.Allows())
		}
		said[p.Allows()] = p
		if p.Roles()&role.SpaceAdministrator == 0 {
			t.Errorf("a Space administrator does not hold %s", p)
		}
		// Limited access knows no project, so what it holds must be had in the space.
		if p.Roles()&role.LimitedAccess != 0 && p.Scope() != role.OfSpace {
			t.Errorf("%s is of a project, and Limited access holds it", p)
		}
	}
}

func TestOursFollowTheMatrix(t *testing.T) {
	const administrators = role.SpaceAdministrator
	const project = administrators | role.ProjectAdministrator | role.Contributor | role.Reviewer | role.ReadOnly
	const everybody = project | role.PowerUser | role.LimitedAccess
	type row struct {
		Name  string
		Scope role.Scope
		Roles role.Role
	}
	var got []row
	for _, p := range slices.Collect(role.Permissions())[len(amazons()):] {
		got = append(got, row{p.String(), p.Scope(), p.Roles()})
	}
	want := []row{
		{"space.edit", role.OfSpace, administrators},
		{"space.member.role", role.OfSpace, administrators},
		{"space.member.remove", role.OfSpace, administrators},
		{"space.member.view", role.OfSpace, everybody},
		{"space.access.view", role.OfSpace, administrators},
		{"project.member.view", role.OfProject, project},
		{"space.token.view", role.OfSpace, administrators},
		{"space.token.limit", role.OfSpace, administrators},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("our rows (-want +got):\n%s", diff)
	}
}
