package space_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// model is who holds what in one space, kept as plainly as can be. Its methods say
// false to what the store has to refuse, and may be half done by then.
type model struct {
	disabled map[directory.UserID]bool
	members  map[directory.UserID]role.Role
	visiting map[directory.UserID]bool // members who came with a project, and go with the last
	projects map[space.ProjectID]map[directory.UserID]role.Role
	teams    map[space.TeamID]modelTeam
}

type modelTeam struct {
	name     string
	role     role.Role
	members  map[directory.UserID]bool
	projects map[space.ProjectID]role.Role
}

func (m model) clone() model {
	c := model{maps.Clone(m.disabled), maps.Clone(m.members), maps.Clone(m.visiting), maps.Clone(m.projects), maps.Clone(m.teams)}
	for id, members := range c.projects {
		c.projects[id] = maps.Clone(members)
	}
	for id, team := range c.teams {
		team.members, team.projects = maps.Clone(team.members), maps.Clone(team.projects)
		c.teams[id] = team
	}
	return c
}

func (m model) grants(user directory.UserID) []role.Grant {
	var grants []role.Grant
	if m.disabled[user] {
		return nil
	}
	if r, ok := m.members[user]; ok {
		grants = append(grants, role.Grant{Role: r})
	}
	for id, members := range m.projects {
		if r, ok := members[user]; ok {
			grants = append(grants, role.Grant{Role: r, Project: string(id)})
		}
	}
	for _, team := range m.teams {
		if !team.members[user] {
			continue
		}
		grants = append(grants, role.Grant{Role: team.role, Team: team.name})
		for id, r := range team.projects {
			grants = append(grants, role.Grant{Role: r, Project: string(id), Team: team.name})
		}
	}
	return grants
}

func (m model) administrator(user directory.UserID) bool {
	return role.Hold(m.grants(user)).SpaceRole()&role.SpaceAdministrator != 0
}

func (m model) governed() bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(m.members)), m.administrator)
}

func (m model) inTeam(user directory.UserID) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(m.teams)), func(t modelTeam) bool { return t.members[user] })
}

// leave is what happens to somebody who just lost a role in a project.
func (m model) leave(user directory.UserID) {
	for _, members := range m.projects {
		if _, ok := members[user]; ok {
			return
		}
	}
	if m.visiting[user] && !m.inTeam(user) {
		delete(m.members, user)
	}
}

func (m model) addMember(user directory.UserID, r role.Role) bool {
	if held, ok := m.members[user]; !ok || r < held {
		m.members[user] = r
	}
	m.visiting[user] = false
	return !m.disabled[user]
}

func (m model) setSpaceRole(user directory.UserID, r role.Role) bool {
	_, ok := m.members[user]
	m.members[user] = r
	m.visiting[user] = false
	return ok && m.governed()
}

func (m model) removeMember(user directory.UserID) bool {
	_, ok := m.members[user]
	delete(m.members, user)
	for _, members := range m.projects {
		delete(members, user)
	}
	for _, team := range m.teams {
		delete(team.members, user)
	}
	return ok && m.governed()
}

func (m model) setProjectRole(project space.ProjectID, user directory.UserID, r role.Role) bool {
	m.projects[project][user] = r
	if _, ok := m.members[user]; !ok {
		m.members[user] = role.LimitedAccess
		m.visiting[user] = true
	}
	return !m.disabled[user]
}

func (m model) removeFromProject(project space.ProjectID, user directory.UserID) bool {
	_, ok := m.projects[project][user]
	delete(m.projects[project], user)
	if ok {
		m.leave(user)
	}
	return ok
}

func (m model) deleteProject(project space.ProjectID) bool {
	members := m.projects[project]
	delete(m.projects, project)
	for _, team := range m.teams {
		delete(team.projects, project)
	}
	for user := range members {
		m.leave(user)
	}
	return true
}

func (m model) addTeamMember(team space.TeamID, user directory.UserID) bool {
	_, ok := m.members[user]
	m.teams[team].members[user] = true
	return ok && !m.disabled[user]
}

func (m model) removeTeamMember(team space.TeamID, user directory.UserID) bool {
	ok := m.teams[team].members[user]
	delete(m.teams[team].members, user)
	if ok && len(m.teams[team].projects) > 0 {
		m.leave(user)
	}
	return ok && m.governed()
}

func (m model) setTeamRole(team space.TeamID, r role.Role) bool {
	changed := m.teams[team]
	changed.role = r
	m.teams[team] = changed
	return m.governed()
}

func (m model) deleteTeam(team space.TeamID) bool {
	gone := m.teams[team]
	delete(m.teams, team)
	if len(gone.projects) > 0 {
		for user := range gone.members {
			m.leave(user)
		}
	}
	return m.governed()
}

func TestHeldIsWhatAPlainModelSays(t *testing.T) {
	each(t, func(w *world) {
		run := 0
		rapid.Check(w.T, func(rt *rapid.T) {
			run++
			newMachine(w, run).run(rt)
		})
	})
}

// machine changes a space and its model alike.
type machine struct {
	*world
	id    space.ID
	users []directory.UserID
	model model
	made  []string // ids of projects and teams, in the order they were made
	// version is the grants version after the last step.
	version int64
}

func newMachine(w *world, run int) *machine {
	m := &machine{world: w}
	for i := range 4 {
		m.users = append(m.users, w.user(fmt.Sprintf("user-%d-%d", run, i)))
	}
	m.id = w.space(fmt.Sprint("space-", run), m.users[0]).ID
	m.model = model{map[directory.UserID]bool{}, map[directory.UserID]role.Role{m.users[0]: role.SpaceAdministrator}, map[directory.UserID]bool{},
		map[space.ProjectID]map[directory.UserID]role.Role{}, map[space.TeamID]modelTeam{}}
	m.version = m.readVersion()
	return m
}

func (m *machine) run(rt *rapid.T) {
	user := func() directory.UserID { return rapid.SampledFrom(m.users).Draw(rt, "user") }
	project := func() space.ProjectID { return drawID(rt, "project", m.made, m.model.projects) }
	team := func() space.TeamID { return drawID(rt, "team", m.made, m.model.teams) }
	spaceRole := func() role.Role { return rapid.SampledFrom(role.SpaceRoles()).Draw(rt, "space role") }
	projectRole := func() role.Role { return rapid.SampledFrom(role.ProjectRoles()).Draw(rt, "project role") }
	rt.Repeat(map[string]func(*rapid.T){
		"": m.check,
		"AddMember": func(rt *rapid.T) {
			u, r := user(), spaceRole()
			m.step(rt, func(c model) bool { return c.addMember(u, r) }, func(tx *database.Tx) error { return m.AddMember(tx, m.id, u, r) })
		},
		"SetSpaceRole": func(rt *rapid.T) {
			by, u, r := user(), user(), spaceRole()
			m.step(rt, notOwn(by, func(c model) bool { return c.setSpaceRole(u, r) }), func(tx *database.Tx) error { return m.SetSpaceRole(tx, m.id, by, u, r) })
		},
		"RemoveMember": func(rt *rapid.T) {
			by, u := user(), user()
			m.step(rt, notOwn(by, func(c model) bool { return c.removeMember(u) }), func(tx *database.Tx) error { return m.RemoveMember(tx, m.id, by, u) })
		},
		"disable or enable": func(rt *rapid.T) {
			u := user()
			m.step(rt, func(c model) bool { c.disabled[u] = !c.disabled[u]; return c.governed() }, func(tx *database.Tx) error {
				if _, err := tx.Exec(`update users set state = case state when 'active' then 'disabled' else 'active' end where id = $1`, u); err != nil {
					return err
				}
				left, err := m.Holders(&tx.ReadTx, m.id)
				for _, held := range left {
					if held.SpaceRole()&role.SpaceAdministrator != 0 {
						return errorsOf(err, m.UserChanged(tx, u))
					}
				}
				return errorsOf(err, fmt.Errorf("would leave no administrator"))
			})
		},
		"CreateProject": func(rt *rapid.T) {
			by := user()
			var made space.Project
			m.step(rt, func(c model) bool {
				c.projects[made.ID] = map[directory.UserID]role.Role{}
				return c.setProjectRole(made.ID, by, role.ProjectAdministrator)
			}, func(tx *database.Tx) (err error) {
				made, err = m.CreateProject(tx, m.id, by, space.NewProject{DisplayName: fmt.Sprint("project ", len(m.made))})
				return err
			})
			m.made = append(m.made, string(made.ID))
		},
		"DeleteProject": func(rt *rapid.T) {
			p := project()
			m.step(rt, func(c model) bool { return c.deleteProject(p) }, func(tx *database.Tx) error { return m.DeleteProject(tx, p) })
		},
		"SetProjectRole": func(rt *rapid.T) {
			p, u, r := project(), user(), projectRole()
			m.step(rt, func(c model) bool { return c.setProjectRole(p, u, r) }, func(tx *database.Tx) error { return m.SetProjectRole(tx, p, u, r) })
		},
		"RemoveFromProject": func(rt *rapid.T) {
			p, u := project(), user()
			m.step(rt, func(c model) bool { return c.removeFromProject(p, u) }, func(tx *database.Tx) error { return m.RemoveFromProject(tx, p, u) })
		},
		"CreateTeam": func(rt *rapid.T) {
			r := spaceRole()
			var made space.Team
			m.step(rt, func(c model) bool {
				c.teams[made.ID] = modelTeam{made.Name, r, map[directory.UserID]bool{}, map[space.ProjectID]role.Role{}}
				return true
			}, func(tx *database.Tx) (err error) {
				made, err = m.CreateTeam(tx, m.id, space.NewTeam{Name: fmt.Sprint("team-", len(m.made)), Role: r})
				return err
			})
			m.made = append(m.made, string(made.ID))
		},
		"DeleteTeam": func(rt *rapid.T) {
			t, by := team(), user()
			m.step(rt, notOwn(by, func(c model) bool { return c.deleteTeam(t) }), func(tx *database.Tx) error { return m.DeleteTeam(tx, t, by) })
		},
		"UpdateTeam": func(rt *rapid.T) {
			t, by, r := team(), user(), spaceRole()
			m.step(rt, notOwn(by, func(c model) bool { return c.setTeamRole(t, r) }), func(tx *database.Tx) error {
				_, err := m.UpdateTeam(tx, t, by, space.TeamPatch{Role: &r})
				return err
			})
		},
		"AddTeamMember": func(rt *rapid.T) {
			t, u := team(), user()
			m.step(rt, func(c model) bool { return c.addTeamMember(t, u) }, func(tx *database.Tx) error { return m.AddTeamMember(tx, t, u) })
		},
		"RemoveTeamMember": func(rt *rapid.T) {
			t, by, u := team(), user(), user()
			m.step(rt, notOwn(by, func(c model) bool { return c.removeTeamMember(t, u) }), func(tx *database.Tx) error { return m.RemoveTeamMember(tx, t, by, u) })
		},
		"SetProjectTeamRole": func(rt *rapid.T) {
			p, t, r := project(), team(), projectRole()
			m.step(rt, func(c model) bool { c.teams[t].projects[p] = r; return true },
				func(tx *database.Tx) error { return m.SetProjectTeamRole(tx, p, t, r) })
		},
		"RemoveProjectTeam": func(rt *rapid.T) {
			p, t := project(), team()
			m.step(rt, func(c model) bool {
				_, ok := c.teams[t].projects[p]
				delete(c.teams[t].projects, p)
				return ok
			}, func(tx *database.Tx) error { return m.RemoveProjectTeam(tx, p, t) })
		},
	})
}

// notOwn refuses a change by which somebody ends being Space administrator by their
// own hand.
func notOwn(by directory.UserID, change func(model) bool) func(model) bool {
	return func(c model) bool {
		was := c.administrator(by)
		return change(c) && (!was || c.administrator(by))
	}
}

// drawID draws one of what has been made and is still there, or skips the step. The
// order is that of making, since ids differ from run to run.
func drawID[K ~string, V any](rt *rapid.T, what string, made []string, there map[K]V) K {
	var ids []K
	for _, id := range made {
		if _, ok := there[K(id)]; ok {
			ids = append(ids, K(id))
		}
	}
	if ids == nil {
		rt.Skip("no " + what)
	}
	return ids[rapid.IntRange(0, len(ids)-1).Draw(rt, what)]
}

// step makes the same change to both. They have to agree on whether it is refused.
// The store goes first, so that the prediction can use the id of what it made.
func (m *machine) step(rt *rapid.T, predict func(model) bool, change func(*database.Tx) error) {
	err := m.write(change)
	next := m.model.clone()
	if allowed := predict(next); allowed != (err == nil) {
		rt.Fatalf("got %v, while the model allows it: %v", err, allowed)
	}
	if err != nil {
		next = m.model
	}
	before, after := m.version, m.readVersion()
	if err != nil && after != before {
		rt.Fatalf("a refused change moved the grants version from %d to %d", before, after)
	}
	if !cmp.Equal(m.everybody(m.model), m.everybody(next)) && after <= before {
		rt.Fatalf("a change of grants left their version at %d", after)
	}
	m.model, m.version = next, after
}

// everybody is what each user holds in the model.
func (m *machine) everybody(of model) (held [][]string) {
	for _, user := range m.users {
		held = append(held, byID(role.Hold(of.grants(user))))
	}
	return held
}

func (m *machine) readVersion() int64 {
	return look(m.world, func(tx *database.ReadTx) (space.Space, error) { return m.Space(tx, m.id) }).GrantsVersion
}

func (m *machine) check(rt *rapid.T) {
	holders := look(m.world, func(tx *database.ReadTx) (map[directory.UserID]role.Held, error) { return m.Holders(tx, m.id) })
	want := m.everybody(m.model)
	for i, user := range m.users {
		if diff := cmp.Diff(want[i], byID(m.held(m.id, user))); diff != "" {
			rt.Fatalf("Held of %s: %s", user, diff)
		}
		if diff := cmp.Diff(want[i], byID(holders[user])); diff != "" {
			rt.Fatalf("Holders of %s: %s", user, diff)
		}
	}
}

func byID(held role.Held) []string {
	var grants []string
	for g := range held.Grants() {
		g.ProjectName = ""
		grants = append(grants, g.String())
	}
	slices.Sort(grants)
	return grants
}
