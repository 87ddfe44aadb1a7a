package role_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/role"
)

func TestParsePermission(t *testing.T) {
	for p := range role.Permissions() {
		if got, err := role.ParsePermission(p.String()); got != p || err != nil {
			t.Errorf("%s parsed as %v, %v", p, got, err)
		}
	}
	for _, test := range []struct{ name, says string }{
		{"space.project.creat", `no permission "space.project.creat": did you mean space.project.create?`},
		{"space.projects.create", `no permission "space.projects.create": did you mean space.project.create?`},
		{"Space.View", `no permission "Space.View": did you mean space.view?`},
		{" repo.clone", `no permission " repo.clone": did you mean repo.clone?`},
		{"project.members.view", `no permission "project.members.view": did you mean project.member.view?`},
		{"repo.veiw", `no permission "repo.veiw": did you mean repo.view?`},
		{"", `no permission "", and none with a similar name`},
		{"iam:PassRole", `no permission "iam:PassRole", and none with a similar name`},
		{strings.Repeat("x", 1<<20), `no permission "` + strings.Repeat("x", 64) + `", and none with a similar name`},
	} {
		got, err := role.ParsePermission(test.name)
		if err == nil {
			t.Errorf("%.64q parsed as %s", test.name, got)
		} else if err.Error() != test.says {
			t.Errorf("%.64q: %v, want %s", test.name, err, test.says)
		}
	}
}

func TestPermissionsOutsideTheMatrixAreHeldByNobody(t *testing.T) {
	administrator := role.Hold([]role.Grant{{Role: role.SpaceAdministrator}})
	for _, p := range []role.Permission{0, role.LimitSpaceTokens + 1, 255} {
		if p.Roles() != 0 || p.Allows() != "" {
			t.Errorf("%s allows %q to %s", p, p.Allows(), p.Roles())
		}
		for _, project := range []string{"", "p1"} {
			d := administrator.Decide(p, project)
			if want := p.String() + " is held by no role"; d.Allowed || d.Reason() != want {
				t.Errorf("Decide(%s, %q) = %t, %q; want refused, %q", p, project, d.Allowed, d.Reason(), want)
			}
		}
	}
}

func FuzzParsePermission(f *testing.F) {
	for p := range role.Permissions() {
		f.Add(p.String())
	}
	f.Add("")
	f.Add("space.project.creat")
	f.Add("\xff\x00.view")
	f.Fuzz(func(t *testing.T, name string) {
		p, err := role.ParsePermission(name)
		switch {
		case err == nil && p.String() != name:
			t.Errorf("%q parsed as %s", name, p)
		case err != nil && p != 0:
			t.Errorf("%q gave %s and an error", name, p)
		case err != nil && len(err.Error()) > 1024:
			t.Errorf("%.64q: an error of %d bytes", name, len(err.Error()))
		}
	})
}
