package role_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/role"
)

const permissionsIntroduction = `# Permissions

<!-- The tables follow from role/matrix.go: go test ./role -update writes this file. -->

A person acts in a space by the roles they hold there. Three roles are held in the
space, four in one project of it:

| | role | name | held in |
|---|---|---|---|
| SA | Space administrator | ` + "`space-administrator`" + ` | the space; reaches every project |
| PU | Power user | ` + "`power-user`" + ` | the space |
| LA | Limited access | ` + "`limited-access`" + ` | the space |
| PA | Project administrator | ` + "`project-administrator`" + ` | a project |
| CO | Contributor | ` + "`contributor`" + ` | a project |
| RV | Reviewer | ` + "`reviewer`" + ` | a project |
| RO | Read only | ` + "`read-only`" + ` | a project |

**Roles add up.** A role may be held directly or through a team, and one person may hold
several. They may do whatever any of these roles allows: nothing denies, so one more
role never takes anything away.

**Space roles are looked at everywhere.** A Space administrator may do everything in
every project. A Power user reaches into projects only where the tables say so: to stop
somebody else's Dev Environment, but not to read code.

**Project roles are looked at in their project.** Each of the four holds all that the
next one holds. In the space around it, any project role counts where the tables list
it: a Contributor of one project may search the space.

A decision names the grant that allowed it, "Contributor in web through team builders",
or what would have: "project.delete needs Project administrator in the project, or
Space administrator". Of several grants it names the most permissive, one of the space
before one of a project, a direct one before one through a team.

Some checks need more than a role and come on top: branch and approval rules, which
projects an account connection is open to, who created a Dev Environment. Credentials of
an account, through an environment, take ` + "`wf.start`" + `, as starting a run does.

Pipelines of access as code take ` + "`wf.env.account`" + ` to ask for and delete, ` + "`repo.commit.push`" + ` to run by hand and
` + "`repo.view`" + ` to see, their logs and plans included, which name accounts and people of the organization.

*Done to* says whether an action is done to the space or to one project of it.
`

// A group of the matrix begins at its first permission.
var groups = map[role.Permission]string{
	role.CreateSpace:             "Space",
	role.InstallExtension:        "Extensions",
	role.EditProjectSettings:     "Project",
	role.CreateRepository:        "Source repositories",
	role.CreateOwnDevEnvironment: "Dev Environments",
	role.CreatePackageRepository: "Packages",
	role.CreateWorkflow:          "Workflows",
	role.CreateIssue:             "Issues",
	role.CreateBlueprintProject:  "Blueprints",
	role.AddNotificationChannel:  "Notifications",
	role.SearchProject:           "Search",
	role.EditSpace:               "Ours: what the matrix of Amazon CodeCatalyst leaves out",
}

func TestPermissionsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(permissionsIntroduction)
	for p := range role.Permissions() {
		if group, ok := groups[p]; ok {
			fmt.Fprintf(&b, "\n## %s\n\n| permission | who holds it may | done to |", group)
			for _, r := range all {
				fmt.Fprintf(&b, " %s |", r.initials)
			}
			b.WriteString("\n|---" + strings.Repeat("|---", 2) + strings.Repeat("|:-:", len(all)) + "|\n")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |", p, p.Allows(), p.Scope())
		for _, r := range all {
			if p.Roles()&r.role != 0 {
				b.WriteString(" yes |")
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteString("\n")
	}
	isCurrent(t, "../docs/permissions.md", b.String())
}

// The documentation names roles and sentences in prose; they must be those of the code.
func TestDocumentationQuotesTheCode(t *testing.T) {
	for _, r := range slices.Concat(role.SpaceRoles(), role.ProjectRoles()) {
		if row := fmt.Sprintf("| %s | `%s` |", r, r.Name()); !strings.Contains(permissionsIntroduction, row) {
			t.Errorf("the table of roles lacks %s", row)
		}
	}
	prose := strings.Join(strings.Fields(permissionsIntroduction), " ")
	for _, d := range []role.Decision{
		role.Hold([]role.Grant{buildersWeb}).Decide(role.PushCommits, "p1"),
		role.Held{}.Decide(role.DeleteProject, "p1"),
	} {
		if !strings.Contains(prose, `"`+d.Reason()+`"`) {
			t.Errorf("the introduction does not quote %q", d.Reason())
		}
	}
}
