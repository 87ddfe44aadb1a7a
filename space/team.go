package space

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
)

// TeamID is a team's UUID.
type TeamID string

// Membership is how people get into a team. It is fixed when the team is made.
type Membership string

const (
	DirectMembership Membership = "direct"
	SSOGroups        Membership = "sso-groups"
)

// Team is a named group of members of a space. Its members hold its space role, and
// its role in each project it was given one in.
type Team struct {
	ID          TeamID
	SpaceID     ID
	Name        string // unique in the space, case-sensitive
	Description string
	Role        role.Role // in the space
	Membership  Membership
	CreatedAt   time.Time
}

// NewTeam is what creating a team needs. Description may be empty.
type NewTeam struct {
	Name        string
	Description string
	Role        role.Role
	Membership  Membership // empty: DirectMembership
}

// TeamPatch changes what is not nil.
type TeamPatch struct {
	Name        *string
	Description *string
	Role        *role.Role
}

// CreateTeam makes a team without members.
func (s *Store) CreateTeam(tx *database.Tx, id ID, n NewTeam) (Team, error) {
	if err := n.check(); err != nil {
		return Team{}, err
	}
	if err := teamsOfSpace.room(&tx.ReadTx, id); err != nil {
		return Team{}, err
	}
	team := Team{ID: TeamID(uuid.NewString()), SpaceID: id, Name: n.Name, Description: n.Description,
		Role: n.Role, Membership: DirectMembership, CreatedAt: tx.Now()}
	if err := teamNameUntaken(&tx.ReadTx, team); err != nil {
		return Team{}, err
	}
	description, err := s.sealTeam(tx, team)
	if err != nil {
		return Team{}, err
	}
	_, err = tx.Exec(`insert into teams (id, space_id, name, description_sealed, role, membership, created_at)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		team.ID, id, team.Name, description, team.Role.Name(), team.Membership, database.Time(team.CreatedAt))
	if database.IsDuplicate(err) {
		return Team{}, teamNameTaken(n.Name)
	}
	return team, err
}

func (n NewTeam) check() error {
	switch n.Membership {
	case "", DirectMembership:
	case SSOGroups:
		return fault.Unsupportedf("teams of SSO groups are not offered: make a team with direct members")
	default:
		return fault.Invalidf("no team membership %.32q: there are %s and %s", n.Membership, DirectMembership, SSOGroups)
	}
	return cmp.Or(checkName("team", n.Name), checkDescription(n.Description), checkSpaceRole(n.Role))
}

func teamNameUntaken(tx *database.ReadTx, team Team) error {
	_, err := database.One(tx, database.Value[TeamID], `select id from teams where space_id = $1 and name = $2 and id <> $3`,
		team.SpaceID, team.Name, team.ID)
	if errors.Is(err, database.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	return teamNameTaken(team.Name)
}

func teamNameTaken(name string) error {
	return fault.Conflictf("the space has a team %q already: choose another name", name)
}

func (s *Store) sealTeam(tx *database.Tx, team Team) ([]byte, error) {
	key, err := s.key(&tx.ReadTx, team.SpaceID)
	if err != nil {
		return nil, err
	}
	return key.Seal("teams.description_sealed", string(team.ID), []byte(team.Description))
}

const teamColumns = `id, space_id, name, role, membership, created_at, description_sealed`

func scanTeam(key *seal.Key) func(database.Row) (Team, error) {
	return func(row database.Row) (t Team, err error) {
		var sealed []byte
		if err := row.Scan(&t.ID, &t.SpaceID, &t.Name, spaceRole(&t.Role), &t.Membership, (*database.Time)(&t.CreatedAt), &sealed); err != nil {
			return t, err
		}
		description, err := key.Open("teams.description_sealed", string(t.ID), sealed)
		t.Description = string(description)
		return t, err
	}
}

// Team returns one team of the space.
func (s *Store) Team(tx *database.ReadTx, id ID, name string) (Team, error) {
	if !nameForm.MatchString(name) {
		return Team{}, fault.NotFoundf("no team %.64q", name)
	}
	key, err := s.key(tx, id)
	if err != nil {
		return Team{}, err
	}
	team, err := database.One(tx, scanTeam(key), `select `+teamColumns+` from teams where space_id = $1 and name = $2`, id, name)
	return team, orNotFound(err, "no team %q", name)
}

// Teams lists the teams of the space, by name; a page goes on after a name.
func (s *Store) Teams(tx *database.ReadTx, id ID, page Page) ([]Team, error) {
	key, err := s.key(tx, id)
	if err != nil {
		return nil, err
	}
	teams, err := database.All(tx, scanTeam(key), `select `+teamColumns+` from teams where space_id = $1`, id)
	if err != nil {
		return nil, err
	}
	teams = slices.DeleteFunc(teams, func(t Team) bool { return t.Name <= page.After })
	slices.SortFunc(teams, func(a, b Team) int { return cmp.Compare(a.Name, b.Name) })
	return teams[:min(int64(len(teams)), page.limit())], nil
}

// UpdateTeam changes the team. Nobody ends being Space administrator by it at their
// own hand, and the space keeps one.
func (s *Store) UpdateTeam(tx *database.Tx, id TeamID, by directory.UserID, patch TeamPatch) (Team, error) {
	team, err := s.teamByID(&tx.ReadTx, id)
	if err != nil {
		return Team{}, err
	}
	patch.apply(&team)
	if err := cmp.Or(checkName("team", team.Name), checkDescription(team.Description), checkSpaceRole(team.Role)); err != nil {
		return Team{}, err
	}
	if err := teamNameUntaken(&tx.ReadTx, team); err != nil {
		return Team{}, err
	}
	description, err := s.sealTeam(tx, team)
	if err != nil {
		return Team{}, err
	}
	return team, governed(tx, team.SpaceID, by, func() error {
		_, err := tx.Exec(`update teams set name = $2, description_sealed = $3, role = $4 where id = $1`,
			id, team.Name, description, team.Role.Name())
		if database.IsDuplicate(err) {
			return teamNameTaken(team.Name)
		}
		return err
	})
}

func (p TeamPatch) apply(team *Team) {
	if p.Name != nil {
		team.Name = *p.Name
	}
	if p.Description != nil {
		team.Description = *p.Description
	}
	if p.Role != nil {
		team.Role = *p.Role
	}
}

func (s *Store) teamByID(tx *database.ReadTx, team TeamID) (Team, error) {
	id, err := spaceOfTeam(tx, team)
	if err != nil {
		return Team{}, err
	}
	key, err := s.key(tx, id)
	if err != nil {
		return Team{}, err
	}
	return database.One(tx, scanTeam(key), `select `+teamColumns+` from teams where id = $1`, team)
}

func spaceOfTeam(tx *database.ReadTx, team TeamID) (ID, error) {
	id, err := database.One(tx, database.Value[ID], `select space_id from teams where id = $1`, team)
	return id, orNotFound(err, "no team %s", team)
}

// DeleteTeam ends the team and every role held through it. Nobody ends being Space
// administrator by it at their own hand, and the space keeps one. Whoever came into
// the space through a project, and has none left, leaves it.
func (s *Store) DeleteTeam(tx *database.Tx, team TeamID, by directory.UserID) error {
	id, err := spaceOfTeam(&tx.ReadTx, team)
	if err != nil {
		return err
	}
	return governed(tx, id, by, func() error {
		if err := release(tx, id, leaving{team: team}); err != nil {
			return err
		}
		_, err := tx.Exec(`delete from teams where id = $1`, team)
		return err
	})
}

// TeamMember is somebody in a team.
type TeamMember struct {
	UserID  directory.UserID
	AddedAt time.Time
}

// TeamMembers lists who is in the team, by user id; a page goes on after one.
func (s *Store) TeamMembers(tx *database.ReadTx, team TeamID, page Page) ([]TeamMember, error) {
	return database.All(tx, func(row database.Row) (m TeamMember, err error) {
		return m, row.Scan(&m.UserID, (*database.Time)(&m.AddedAt))
	}, `select user_id, added_at from team_members where team_id = $1 and user_id > $2 order by user_id limit $3`,
		team, page.After, page.limit())
}

// AddTeamMember puts a member of the space into the team. Somebody who is in it
// already stays.
func (s *Store) AddTeamMember(tx *database.Tx, team TeamID, user directory.UserID) error {
	id, err := spaceOfTeam(&tx.ReadTx, team)
	if err != nil {
		return err
	}
	if err := checkMayJoinTeam(&tx.ReadTx, id, user); err != nil {
		return err
	}
	if in, err := inTeam(&tx.ReadTx, team, user); in || err != nil {
		return err
	}
	if err := membersOfTeam.room(&tx.ReadTx, team); err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into team_members (team_id, user_id, added_at) values ($1, $2, $3)`,
		team, user, database.Time(tx.Now())); err != nil {
		return err
	}
	return touch(tx, id)
}

func inTeam(tx *database.ReadTx, team TeamID, user directory.UserID) (bool, error) {
	return database.One(tx, database.Value[bool], `select exists (select 1 from team_members where team_id = $1 and user_id = $2)`, team, user)
}

func checkMayJoinTeam(tx *database.ReadTx, id ID, user directory.UserID) error {
	if err := checkActive(tx, user); err != nil {
		return err
	}
	held, err := directRole(tx, id, user)
	if err != nil {
		return err
	}
	if held == 0 {
		return fault.Invalidf("user %s is not a member of the space, and a team takes only its members: invite them to the space first", user)
	}
	return nil
}

// RemoveTeamMember takes somebody out of the team. Nobody ends being Space
// administrator by it at their own hand, and the space keeps one. Whoever came into
// the space through a project, and has none left, leaves it.
func (s *Store) RemoveTeamMember(tx *database.Tx, team TeamID, by, user directory.UserID) error {
	id, err := spaceOfTeam(&tx.ReadTx, team)
	if err != nil {
		return err
	}
	return governed(tx, id, by, func() error {
		if err := release(tx, id, leaving{team: team, user: user}); err != nil {
			return err
		}
		n, err := tx.Exec(`delete from team_members where team_id = $1 and user_id = $2`, team, user)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFoundf("user %s is not in the team", user)
		}
		return nil
	})
}

// ProjectTeam is a team that holds a role in a project.
type ProjectTeam struct {
	TeamID TeamID
	Name   string
	Role   role.Role // in the project
}

// ProjectTeams lists the teams that hold a role in the project, by name.
func (s *Store) ProjectTeams(tx *database.ReadTx, project ProjectID) ([]ProjectTeam, error) {
	teams, err := database.All(tx, func(row database.Row) (t ProjectTeam, err error) {
		return t, row.Scan(&t.TeamID, &t.Name, projectRole(&t.Role))
	}, `select t.id, t.name, a.role from project_teams a join teams t on t.id = a.team_id where a.project_id = $1`, project)
	slices.SortFunc(teams, func(a, b ProjectTeam) int { return cmp.Compare(a.Name, b.Name) })
	return teams, err
}

// SetProjectTeamRole gives the team this role in the project in place of any other.
func (s *Store) SetProjectTeamRole(tx *database.Tx, project ProjectID, team TeamID, r role.Role) error {
	if err := checkProjectRole(r); err != nil {
		return err
	}
	id, err := spaceOfProject(&tx.ReadTx, project)
	if err != nil {
		return err
	}
	of, err := spaceOfTeam(&tx.ReadTx, team)
	if err != nil {
		return err
	}
	if of != id {
		return fault.NotFoundf("no team %s in the space of the project", team)
	}
	if _, err := tx.Exec(`insert into project_teams (project_id, team_id, role) values ($1, $2, $3)
		on conflict (project_id, team_id) do update set role = excluded.role`, project, team, r.Name()); err != nil {
		return err
	}
	return touch(tx, id)
}

// RemoveProjectTeam takes the team's role in the project away. Its members stay in
// the space, as the team does.
func (s *Store) RemoveProjectTeam(tx *database.Tx, project ProjectID, team TeamID) error {
	id, err := spaceOfProject(&tx.ReadTx, project)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`delete from project_teams where project_id = $1 and team_id = $2`, project, team)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.NotFoundf("team %s holds no role in the project", team)
	}
	return touch(tx, id)
}
