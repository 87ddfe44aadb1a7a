package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// The shape of every space of the workload.
const (
	usersOfSpace    = 100
	teamsOfSpace    = 10
	membersOfTeam   = 10
	projectsOfSpace = 20
	directGrants    = 10 // project roles of people, in each project
	teamGrants      = 3  // project roles of teams, in each project
)

// tenant is a space as it was made: the facts, in the order they were given.
type tenant struct {
	id       space.ID
	name     string
	users    []user
	teams    []team
	projects []project
}

type user struct {
	id    directory.UserID
	store directory.StoreID // of a user of an identity store; empty: of none
	alias string
	role  role.Role
}

type team struct {
	role    role.Role
	members []int // positions in users
}

type project struct {
	id     space.ProjectID
	name   string
	people map[int]role.Role // by position in users
	teams  map[int]role.Role // by position in teams
}

// held calls f with each grant, to a user by position. The empty project is the
// space itself.
func (t *tenant) held(f func(user int, project space.ProjectID, r role.Role)) {
	for i, u := range t.users {
		f(i, "", u.role)
	}
	for _, team := range t.teams {
		for _, i := range team.members {
			f(i, "", team.role)
		}
	}
	for _, p := range t.projects {
		for i, r := range p.people {
			f(i, p.id, r)
		}
		for team, r := range p.teams {
			for _, i := range t.teams[team].members {
				f(i, p.id, r)
			}
		}
	}
}

// stores are what the server has too, on the same database.
type stores struct {
	db          *database.DB
	keys        *seal.Keys
	directory   *directory.Store
	credentials *credential.Store
	spaces      *space.Store
	accounts    *account.Store
	orgs        *org.Store
	centers     *identitycenter.Store
}

// openStores opens a data directory without a server. An empty URL is the SQLite
// file that a server would use.
func openStores(ctx context.Context, data, url string) (*stores, error) {
	if url == "" {
		url = filepath.Join(data, "sallyport.db")
	}
	db, err := database.Open(ctx, database.Config{URL: url})
	if err != nil {
		return nil, err
	}
	keys, err := seal.Open(ctx, data, db)
	if err != nil {
		return nil, err
	}
	s := storesOf(db, keys)
	return s, db.Write(ctx, s.directory.EnsureKeys)
}

func storesOf(db *database.DB, keys *seal.Keys) *stores {
	accounts := &account.Store{Keys: keys}
	orgs := &org.Store{Keys: keys, Accounts: accounts}
	return &stores{
		db: db, keys: keys,
		directory: &directory.Store{Keys: keys}, credentials: &credential.Store{Keys: keys}, spaces: &space.Store{Keys: keys, Region: "us-west-2"},
		accounts: accounts, orgs: orgs, centers: &identitycenter.Store{Keys: keys, Accounts: accounts, Organizations: orgs},
	}
}

// fill makes the spaces of the workload, the same ones each time but for ids.
func (s *stores) fill(ctx context.Context, spaces int) ([]tenant, error) {
	tenants := make([]tenant, spaces)
	for i := range tenants {
		err := s.db.Write(ctx, func(tx *database.Tx) (err error) {
			tenants[i], err = s.tenant(tx, i)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("fill space %d: %w", i, err)
		}
	}
	return tenants, nil
}

func (s *stores) tenant(tx *database.Tx, number int) (tenant, error) {
	t := tenant{name: fmt.Sprintf("space-%04d", number)}
	random := rand.New(rand.NewPCG(1, uint64(number)))
	for _, step := range []func(*database.Tx, *tenant, *rand.Rand) error{s.addUsers, s.addTeams, s.addProjects} {
		if err := step(tx, &t, random); err != nil {
			return t, err
		}
	}
	return t, nil
}

// noPassword has the form of a hash and is that of nothing: hashing costs more
// than everything else here, and nobody signs in with a password.
const noPassword = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func (s *stores) addUser(tx *database.Tx, alias string) (directory.UserID, error) {
	u, err := s.directory.Create(tx, directory.NewUser{Alias: alias, Email: alias + "@example.com", DisplayName: alias, PasswordHash: noPassword})
	return u.ID, err
}

// addUsers makes the space too: its first user is who creates it.
func (s *stores) addUsers(tx *database.Tx, t *tenant, _ *rand.Rand) error {
	for i := range usersOfSpace {
		u := user{alias: fmt.Sprintf("u%03dof%s", i, t.name[len("space-"):]), role: role.LimitedAccess}
		switch {
		case i < 2:
			u.role = role.SpaceAdministrator
		case i < 10:
			u.role = role.PowerUser
		}
		var err error
		if u.id, err = s.addUser(tx, u.alias); err != nil {
			return err
		}
		if i == 0 {
			made, err := s.spaces.Create(tx, u.id, space.NewSpace{Name: t.name})
			if err != nil {
				return err
			}
			t.id = made.ID
		}
		if err := s.spaces.AddMember(tx, t.id, u.id, u.role); err != nil {
			return err
		}
		t.users = append(t.users, u)
	}
	return nil
}

func (s *stores) addTeams(tx *database.Tx, t *tenant, random *rand.Rand) error {
	for i := range teamsOfSpace {
		team := team{role: role.LimitedAccess, members: random.Perm(usersOfSpace)[:membersOfTeam]}
		if i == 0 {
			team.role = role.PowerUser
		}
		made, err := s.spaces.CreateTeam(tx, t.id, space.NewTeam{Name: teamName(i), Role: team.role})
		if err != nil {
			return err
		}
		for _, member := range team.members {
			if err := s.spaces.AddTeamMember(tx, made.ID, t.users[member].id); err != nil {
				return err
			}
		}
		t.teams = append(t.teams, team)
	}
	return nil
}

func teamName(number int) string { return fmt.Sprintf("team-%02d", number) }

func (s *stores) addProjects(tx *database.Tx, t *tenant, random *rand.Rand) error {
	anyRole := func() role.Role { return role.ProjectRoles()[random.IntN(4)] }
	for i := range projectsOfSpace {
		made, err := s.spaces.CreateProject(tx, t.id, t.users[0].id, space.NewProject{DisplayName: fmt.Sprintf("project-%02d", i)})
		if err != nil {
			return err
		}
		p := project{id: made.ID, name: made.Name, people: map[int]role.Role{0: role.ProjectAdministrator}, teams: map[int]role.Role{}}
		for _, u := range random.Perm(usersOfSpace - 1)[:directGrants-1] {
			p.people[u+1] = anyRole()
			if err := s.spaces.SetProjectRole(tx, p.id, t.users[u+1].id, p.people[u+1]); err != nil {
				return err
			}
		}
		for _, number := range random.Perm(teamsOfSpace)[:teamGrants] {
			p.teams[number] = anyRole()
			team, err := s.spaces.Team(tx.Reading(), t.id, teamName(number))
			if err != nil {
				return err
			}
			if err := s.spaces.SetProjectTeamRole(tx, p.id, team.ID, p.teams[number]); err != nil {
				return err
			}
		}
		t.projects = append(t.projects, p)
	}
	return nil
}
