package role_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/role"
)

// all is every role, with the initials that the golden list and the tests use.
var all = []struct {
	role     role.Role
	initials string
}{
	{role.SpaceAdministrator, "SA"},
	{role.PowerUser, "PU"},
	{role.LimitedAccess, "LA"},
	{role.ProjectAdministrator, "PA"},
	{role.Contributor, "CO"},
	{role.Reviewer, "RV"},
	{role.ReadOnly, "RO"},
}

func TestRoleNames(t *testing.T) {
	for _, test := range []struct {
		role         role.Role
		title, named string
	}{
		{role.SpaceAdministrator, "Space administrator", "space-administrator"},
		{role.PowerUser, "Power user", "power-user"},
		{role.LimitedAccess, "Limited access", "limited-access"},
		{role.ProjectAdministrator, "Project administrator", "project-administrator"},
		{role.Contributor, "Contributor", "contributor"},
		{role.Reviewer, "Reviewer", "reviewer"},
		{role.ReadOnly, "Read only", "read-only"},
		{role.ReadOnly | role.PowerUser, "Power user, Read only", "power-user,read-only"},
		{role.ReadOnly | role.Reviewer | role.Contributor, "Contributor, Reviewer, Read only", "contributor,reviewer,read-only"},
		{0, "no role", ""},
		{1 << 7, "no role", ""},
	} {
		if got := test.role.String(); got != test.title {
			t.Errorf("Role(%d).String() = %q, want %q", test.role, got, test.title)
		}
		if got := test.role.Name(); got != test.named {
			t.Errorf("Role(%d).Name() = %q, want %q", test.role, got, test.named)
		}
	}
}

func TestRolesAreParsedAtTheirLevel(t *testing.T) {
	for _, test := range []struct {
		level  string
		roles  []role.Role
		others []role.Role
		parse  func(string) (role.Role, error)
		listed string
	}{
		{"space", role.SpaceRoles(), role.ProjectRoles(), role.ParseSpace, "there are space-administrator, power-user, limited-access"},
		{"project", role.ProjectRoles(), role.SpaceRoles(), role.ParseProject, "there are project-administrator, contributor, reviewer, read-only"},
	} {
		for _, r := range test.roles {
			if got, err := test.parse(r.Name()); got != r || err != nil {
				t.Errorf("%s role %q parsed as %v, %v", test.level, r.Name(), got, err)
			}
		}
		var refused []string
		for _, r := range test.others {
			refused = append(refused, r.Name())
		}
		for _, name := range append(refused, "", "admin", "Reviewer", " reviewer", "power-user,limited-access", strings.Repeat("x", 1<<20)) {
			got, err := test.parse(name)
			if err == nil {
				t.Fatalf("%s role %.40q parsed as %v", test.level, name, got)
			}
			if !strings.HasSuffix(err.Error(), test.listed) || len(err.Error()) > 300 {
				t.Errorf("%s role %.40q: %v; want a short error that ends in %q", test.level, name, err, test.listed)
			}
		}
	}
}

func TestEveryRoleHasOneLevel(t *testing.T) {
	var want []role.Role
	for _, r := range all {
		want = append(want, r.role)
	}
	if diff := cmp.Diff(want, slices.Concat(role.SpaceRoles(), role.ProjectRoles())); diff != "" {
		t.Errorf("space roles and project roles, most permissive first (-want +got):\n%s", diff)
	}
}

func FuzzParseRole(f *testing.F) {
	for _, r := range all {
		f.Add(r.role.Name())
		f.Add(r.role.String())
	}
	f.Add("space-administrator,power-user")
	f.Fuzz(func(t *testing.T, name string) {
		inSpace, spaceErr := role.ParseSpace(name)
		inProject, projectErr := role.ParseProject(name)
		switch {
		case spaceErr == nil && projectErr == nil:
			t.Errorf("%q is a role of both levels", name)
		case spaceErr == nil && inSpace.Name() != name:
			t.Errorf("%q parsed as space role %q", name, inSpace.Name())
		case projectErr == nil && inProject.Name() != name:
			t.Errorf("%q parsed as project role %q", name, inProject.Name())
		}
	})
}
