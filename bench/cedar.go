package main

import (
	"fmt"
	"iter"
	"math/bits"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// cedarModel is one way to say the workload in Cedar.
//
// Both give every project and space an attribute for each role, naming the group of
// those who hold it there, so that a handful of policies serves all spaces; and both
// load the entities of one space at a time. cedar-go evaluates each policy on
// each request, so a policy for each grant would be far slower.
type cedarModel struct {
	name     string
	policies func() string
	// parents are what a user is in, among groups and teams.
	flat bool
}

var cedarModels = []cedarModel{
	// As Cedar's documentation models roles: users in teams, teams and users in
	// role groups, actions in an action group for each role, a policy for each role.
	{"cedar-go, roles as groups", policyPerRole, false},
	// As fast as cedar-go gets: a policy for each action, which is told apart by
	// one comparison, and every group somebody is in, also through a team or a
	// more permissive role, stands directly at the user.
	{"cedar-go, memberships flattened", policyPerAction, true},
}

// attribute is a role's name as an identifier.
func attribute(r role.Role) string { return strings.ReplaceAll(r.Name(), "-", "_") }

var allRoles = append(role.SpaceRoles(), role.ProjectRoles()...)

func policyPerRole() string {
	var b strings.Builder
	for _, r := range allRoles {
		fmt.Fprintf(&b, "permit (principal, action in Action::%q, resource) when { principal in resource.%s };\n", r.Name(), attribute(r))
	}
	return b.String()
}

// policyPerAction names, of the roles that hold a permission, those that no other
// of them implies once memberships are flattened: of project roles the least
// permissive, which the ones above it and Space administrator are members of.
func policyPerAction() string {
	const projectRoles = role.ProjectAdministrator | role.Contributor | role.Reviewer | role.ReadOnly
	var b strings.Builder
	for _, p := range asked {
		roles := p.Roles()
		if inProject := roles & projectRoles; inProject != 0 {
			least := role.Role(1) << (bits.Len8(uint8(inProject)) - 1)
			roles = roles&^(projectRoles|role.SpaceAdministrator) | least
		}
		var among []string
		for _, r := range allRoles {
			if roles&r != 0 {
				among = append(among, "principal in resource."+attribute(r))
			}
		}
		fmt.Fprintf(&b, "permit (principal, action == Action::%q, resource) when { %s };\n", p, strings.Join(among, " || "))
	}
	return b.String()
}

// policies are a list, which is quicker to go through than cedar-go's own map.
type policies []*cedar.Policy

func (p policies) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, policy := range p {
			if !yield("", policy) {
				return
			}
		}
	}
}

func parsePolicies(text string) policies {
	list, err := cedar.NewPolicyListFromBytes("bench.cedar", []byte(text))
	if err != nil {
		panic(err) // our own text
	}
	return policies(list)
}

func (m cedarModel) engine(tenants []tenant, questions []question) engine {
	policies := parsePolicies(m.policies())
	bySpace := make(map[space.ID]cedar.EntityMap, len(tenants))
	for i := range tenants {
		bySpace[tenants[i].id] = m.entities(&tenants[i])
	}
	type request struct {
		cedar.Request
		space   space.ID
		allowed cedar.Decision
	}
	prepared := make([]request, len(questions))
	for i, q := range questions {
		prepared[i] = request{cedar.Request{
			Principal: uid("User", string(q.user)), Action: uid("Action", q.permission.String()), Resource: place(q.space.ID, q.project),
		}, q.space.ID, cedar.Decision(q.allowed)}
	}
	return engine{m.name, func() (wrong int) {
		for i := range prepared {
			q := &prepared[i]
			decision, diagnostic := cedar.Authorize(policies, bySpace[q.space], q.Request)
			if decision != q.allowed || len(diagnostic.Errors) > 0 {
				wrong++
			}
		}
		return wrong
	}}
}

func uid(kind cedar.EntityType, id string) cedar.EntityUID {
	return cedar.NewEntityUID(kind, cedar.String(id))
}

func place(id space.ID, project string) cedar.EntityUID {
	if project == "" {
		return uid("Space", string(id))
	}
	return uid("Project", project)
}

// group is those who hold a role in a project, or with no project named those who
// hold it in the space or in any project of it.
func group(t *tenant, project space.ProjectID, r role.Role) cedar.EntityUID {
	if project == "" {
		return uid("Role", string(t.id)+"/"+r.Name())
	}
	return uid("Role", string(project)+"/"+r.Name())
}

func (m cedarModel) entities(t *tenant) cedar.EntityMap {
	entities := cedar.EntityMap{}
	add := func(id cedar.EntityUID, parents []cedar.EntityUID, attributes cedar.RecordMap) {
		entities[id] = cedar.Entity{UID: id, Parents: cedar.NewEntityUIDSet(parents...), Attributes: cedar.NewRecord(attributes)}
	}
	add(uid("Space", string(t.id)), nil, roleAttributes(t, ""))
	for _, p := range t.projects {
		add(uid("Project", string(p.id)), nil, roleAttributes(t, p.id))
	}
	if m.flat {
		m.addFlat(t, add)
	} else {
		m.addGraph(t, add)
	}
	return entities
}

type addEntity func(id cedar.EntityUID, parents []cedar.EntityUID, attributes cedar.RecordMap)

// roleAttributes names the groups that count in a place: those of the space, and
// those of the project or, in the space, of all of them together.
func roleAttributes(t *tenant, project space.ProjectID) cedar.RecordMap {
	attributes := cedar.RecordMap{}
	for _, r := range role.SpaceRoles() {
		attributes[cedar.String(attribute(r))] = group(t, "", r)
	}
	for _, r := range role.ProjectRoles() {
		attributes[cedar.String(attribute(r))] = group(t, project, r)
	}
	return attributes
}

// addGraph adds users, teams and action groups as they are given.
func (m cedarModel) addGraph(t *tenant, add addEntity) {
	for _, p := range asked {
		var groups []cedar.EntityUID
		for _, r := range allRoles {
			if p.Roles()&r != 0 {
				groups = append(groups, uid("Action", r.Name()))
			}
		}
		add(uid("Action", p.String()), groups, nil)
	}
	ofUser, ofTeam := make([][]cedar.EntityUID, len(t.users)), make([][]cedar.EntityUID, len(t.teams))
	for i, u := range t.users {
		ofUser[i] = append(ofUser[i], group(t, "", u.role))
	}
	for i, team := range t.teams {
		ofTeam[i] = append(ofTeam[i], group(t, "", team.role))
		for _, u := range team.members {
			ofUser[u] = append(ofUser[u], uid("Team", string(t.id)+"/"+strconv.Itoa(i)))
		}
	}
	for _, p := range t.projects {
		for u, r := range p.people {
			ofUser[u] = append(ofUser[u], group(t, p.id, r), group(t, "", r))
		}
		for i, r := range p.teams {
			ofTeam[i] = append(ofTeam[i], group(t, p.id, r), group(t, "", r))
		}
	}
	for i, u := range t.users {
		add(uid("User", string(u.id)), ofUser[i], nil)
	}
	for i := range t.teams {
		add(uid("Team", string(t.id)+"/"+strconv.Itoa(i)), ofTeam[i], nil)
	}
}

// addFlat adds users alone, with every group they are in.
func (m cedarModel) addFlat(t *tenant, add addEntity) {
	of := make([][]cedar.EntityUID, len(t.users))
	implied := func(u int, project space.ProjectID, from role.Role) {
		for _, r := range role.ProjectRoles() {
			if r >= from {
				of[u] = append(of[u], group(t, project, r), group(t, "", r))
			}
		}
	}
	t.held(func(u int, project space.ProjectID, r role.Role) {
		if project != "" {
			implied(u, project, r)
			return
		}
		of[u] = append(of[u], group(t, "", r))
		if r == role.SpaceAdministrator {
			for _, p := range t.projects {
				implied(u, p.id, role.ProjectAdministrator)
			}
		}
	})
	for i, u := range t.users {
		add(uid("User", string(u.id)), of[i], nil)
	}
}
