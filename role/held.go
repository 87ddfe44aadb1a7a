package role

import (
	"cmp"
	"hash/maphash"
	"iter"
	"math"
	"slices"
	"strings"
)

// Grant is one role somebody holds, and how they came by it.
type Grant struct {
	Role        Role
	Project     string // id of the project; empty: the role is held in the space
	ProjectName string // what the reason calls the project; empty: its id
	Team        string // name of the team the role comes through; empty: held directly
}

// String says what the grant is, "Contributor in web through team builders".
func (g Grant) String() string {
	s := g.Role.String()
	if g.Project != "" {
		s += " in " + cmp.Or(g.ProjectName, g.Project)
	}
	if g.Team != "" {
		s += " through team " + g.Team
	}
	return s
}

// Held is everything one user holds in one space, ready to decide. It is immutable and
// safe for concurrent use. The zero Held holds nothing.
//
// Decisions are made for many people in turn, so most of what they read is not in the
// processor's cache: a Held is laid out to be read in few places.
type Held struct{ *held }

type held struct {
	grants   []Grant // each of a single role; most permissive first
	space    place
	anywhere place // all projects taken together
	projects projects
}

var nothing held

func (h Held) get() *held {
	if h.held == nil {
		return &nothing
	}
	return h.held
}

// place sums up the grants that count in one place, so that deciding there does not
// depend on how many they are.
type place struct {
	roles Role
	first [roleCount]uint16 // by position of a role in roles: the grant it is held by
}

func (at *place) add(r Role, grant int) {
	if at.roles&r == 0 {
		at.roles |= r
		at.first[r.position()] = uint16(grant)
	}
}

// projects finds a place by the id of its project: sorted by the hashes of ids, which
// tell which one it is, all but certainly.
type projects []inProject

type inProject struct {
	hash uint64
	place
	id string
}

var seed = maphash.MakeSeed()

func (p projects) find(id string) place {
	hash := maphash.String(seed, id)
	// A binary search of its own: through a function value it takes three times as long.
	i, end := 0, len(p)
	for i < end {
		if middle := (i + end) / 2; p[middle].hash < hash {
			i = middle + 1
		} else {
			end = middle
		}
	}
	for ; i < len(p) && p[i].hash == hash; i++ {
		if p[i].id == id {
			return p[i].place
		}
	}
	return place{}
}

// Hold gathers grants for decisions. It copies them, and their order does not matter.
//
// A role counts only where it can be held. Space administrator in a project, or
// Contributor in the space, is a mistake of whoever wrote the grant, and one that would
// open far more than a project: it gives nothing.
func Hold(grants []Grant) Held {
	h := &held{grants: make([]Grant, 0, len(grants))}
	inProjects := map[string]*place{}
	for _, g := range grants {
		holdable := spaceRoles
		if g.Project != "" {
			holdable = projectRoles
		}
		for each := range (g.Role & holdable).each() {
			g.Role = each
			h.grants = append(h.grants, g)
		}
	}
	slices.SortFunc(h.grants, mostPermissiveFirst)
	h.grants = h.grants[:min(len(h.grants), math.MaxUint16)] // far beyond every quota
	for i, g := range h.grants {
		if g.Project == "" {
			h.space.add(g.Role, i)
			continue
		}
		h.anywhere.add(g.Role, i)
		if inProjects[g.Project] == nil {
			inProjects[g.Project] = new(place)
		}
		inProjects[g.Project].add(g.Role, i)
	}
	for id, at := range inProjects {
		h.projects = append(h.projects, inProject{maphash.String(seed, id), *at, id})
	}
	slices.SortFunc(h.projects, func(a, b inProject) int { return cmp.Compare(a.hash, b.hash) })
	return Held{h}
}

// mostPermissiveFirst orders space roles before project roles, the more permissive
// before the less, and a role held directly before the same through a team. The rest
// only makes the order total, so that equal sets of grants name the same reason.
func mostPermissiveFirst(a, b Grant) int {
	return cmp.Or(
		cmp.Compare(a.Role, b.Role),
		cmp.Compare(min(len(a.Team), 1), min(len(b.Team), 1)),
		strings.Compare(a.ProjectName, b.ProjectName),
		strings.Compare(a.Project, b.Project),
		strings.Compare(a.Team, b.Team),
	)
}

// Decide says whether p may be done, and by which grant. The project is the id of the
// one it is done in, empty when it is done to the space.
//
// Roles held in the space count wherever the action is; the matrix says which of them
// reach into projects. Beyond these count the roles held in the project or, when the
// space itself is acted on and no project named, in any project of it: whoever works in
// one project sees the space around it. An action on a project that nobody named is
// left to space roles.
//
// Among several grants the most permissive is named, one of the space before one of a
// project, a direct one before one through a team. Decide does not allocate.
func (h Held) Decide(p Permission, project string) Decision {
	row, in := p.row(), h.get()
	at := in.space
	if at.roles&row.roles == 0 {
		switch {
		case project != "":
			at = in.projects.find(project)
		case row.scope == OfSpace:
			at = in.anywhere
		}
	}
	by := at.roles & row.roles
	if by == 0 {
		return Decision{Permission: p}
	}
	return Decision{Allowed: true, Permission: p, grant: &in.grants[at.first[by.position()]]}
}

// Grants yields what is held, most permissive first, a single role in each grant.
func (h Held) Grants() iter.Seq[Grant] { return slices.Values(h.get().grants) }

// Empty reports that no role is held at all.
func (h Held) Empty() bool { return len(h.get().grants) == 0 }

// SpaceRole is the union of the roles held in the space itself.
func (h Held) SpaceRole() Role { return h.get().space.roles }

// ProjectRole is the union of the roles held in the project. Space roles are not
// counted, even though they may reach it.
func (h Held) ProjectRole(project string) Role {
	return h.get().projects.find(project).roles
}

// Projects yields the ids of the projects in which a role is held, in order.
func (h Held) Projects() iter.Seq[string] {
	var ids []string
	for _, in := range h.get().projects {
		ids = append(ids, in.id)
	}
	slices.Sort(ids)
	return slices.Values(ids)
}

// Decision is the answer to one question, with what it takes to explain it.
type Decision struct {
	Allowed    bool
	Permission Permission

	grant *Grant // what allowed it; nil when refused
}

// Grant is what allowed it; the zero Grant when it was refused.
func (d Decision) Grant() Grant {
	if d.grant == nil {
		return Grant{}
	}
	return *d.grant
}

// Reason says why. Allowed, it names the grant: "Contributor in web through team
// builders". Refused, it names the permission and the roles that would hold it:
// "space.project.create needs Space administrator or Power user". It says nothing of the
// space or the project that the person asking could not know.
func (d Decision) Reason() string {
	if d.Allowed {
		return d.grant.String()
	}
	row := d.Permission.row()
	space, project := row.roles&spaceRoles, row.roles&projectRoles
	switch {
	case row.roles == 0:
		return d.Permission.String() + " is held by no role"
	case row.scope == OfSpace || project == 0:
		return d.Permission.String() + " needs " + list(row.roles, " or ")
	default:
		// The project's roles come first: they are what somebody refused can ask for.
		return d.Permission.String() + " needs " + list(project, " or ") + " in the project, or " + list(space, " or ")
	}
}
