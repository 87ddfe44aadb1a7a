// Package role says what the people of a space may do there.
//
// It owns the seven roles, the permissions, the matrix of which role holds which
// permission, and the rule that turns what somebody holds into a decision with its
// reason. The roles and the matrix are those of Amazon CodeCatalyst; what its matrix
// leaves out stands in a section of its own.
//
//	grants of one user ── Hold ──> Held ── Decide(permission, project) ──> Decision
//	                                             │                            │
//	                                         the matrix                     Reason
//
// Roles add up and nothing denies: whatever one grant allows, no other takes away.
//
// The package is pure. It leaves to others which grants a user has (and so that a
// member of a team holds the roles of the team), which permission an operation asks
// for, and every check that needs more than a role: who owns a Dev Environment, which
// branch a rule protects, that a space keeps an administrator.
package role

import (
	"fmt"
	"iter"
	"math/bits"
	"strings"
)

// Role is one of the seven roles, or a union of several: each role is one bit.
// The lower the bit, the more permissive the role among those of its level.
type Role uint8

const (
	SpaceAdministrator Role = 1 << iota
	PowerUser
	LimitedAccess
	ProjectAdministrator
	Contributor
	Reviewer
	ReadOnly
)

const (
	spaceRoles   = SpaceAdministrator | PowerUser | LimitedAccess
	projectRoles = ProjectAdministrator | Contributor | Reviewer | ReadOnly
)

// roleCount is how many roles there are, and so how many bits of a Role mean something.
const roleCount = 7

// labels names each role, by the position of its bit: for programs and for people.
var labels = [roleCount]struct{ name, title string }{
	{"space-administrator", "Space administrator"},
	{"power-user", "Power user"},
	{"limited-access", "Limited access"},
	{"project-administrator", "Project administrator"},
	{"contributor", "Contributor"},
	{"reviewer", "Reviewer"},
	{"read-only", "Read only"},
}

// String names the role for people, "Space administrator". A union lists its roles,
// most permissive first, and an empty one is "no role".
func (r Role) String() string {
	if r.position() == roleCount {
		return "no role"
	}
	return list(r, ", ")
}

// Name is the role's stable name for programs, "space-administrator". A union lists
// its roles with commas, and an empty one is "".
func (r Role) Name() string {
	var names []string
	for each := range r.each() {
		names = append(names, labels[each.position()].name)
	}
	return strings.Join(names, ",")
}

// position is where the most permissive role of the union stands in labels, or
// roleCount when the union is empty.
func (r Role) position() int {
	return min(bits.TrailingZeros8(uint8(r)), roleCount)
}

// each yields the single roles of the union, most permissive first.
func (r Role) each() iter.Seq[Role] {
	return func(yield func(Role) bool) {
		for i := range roleCount {
			if each := Role(1) << i; r&each != 0 && !yield(each) {
				return
			}
		}
	}
}

// list names the roles of the union for people, with last before the last of them.
func list(r Role, last string) string {
	var b strings.Builder
	left := bits.OnesCount8(uint8(r & (spaceRoles | projectRoles)))
	for each := range r.each() {
		b.WriteString(labels[each.position()].title)
		switch left--; left {
		case 0:
		case 1:
			b.WriteString(last)
		default:
			b.WriteString(", ")
		}
	}
	return b.String()
}

// ParseSpace turns the name of a space role into the role. It knows single roles only;
// its error lists them.
func ParseSpace(name string) (Role, error) {
	return parse(name, spaceRoles, "space role")
}

// ParseProject turns the name of a project role into the role. It knows single roles
// only; its error lists them.
func ParseProject(name string) (Role, error) {
	return parse(name, projectRoles, "project role")
}

func parse(name string, among Role, kind string) (Role, error) {
	for each := range among.each() {
		if each.Name() == name {
			return each, nil
		}
	}
	// A caller may send anything; what an error repeats of it stays short.
	return 0, fmt.Errorf("no %s %.64q: there are %s", kind, name, strings.ReplaceAll(among.Name(), ",", ", "))
}

// SpaceRoles are the roles that can be held in a space, most permissive first.
func SpaceRoles() []Role {
	return []Role{SpaceAdministrator, PowerUser, LimitedAccess}
}

// ProjectRoles are the roles that can be held in a project, most permissive first.
// Each holds every permission of the next.
func ProjectRoles() []Role {
	return []Role{ProjectAdministrator, Contributor, Reviewer, ReadOnly}
}
