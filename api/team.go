package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Team is a named group of members of a space.
type Team struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Role        SpaceRole `json:"role" doc:"In the space; every member of the team holds it"`
	Membership  string    `json:"membership" enum:"direct,sso-groups"`
	CreatedAt   time.Time `json:"createdAt"`
}

// CreateTeamInput asks for a team.
type CreateTeamInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Body  NewTeam
}

// NewTeam is what creating a team takes.
type NewTeam struct {
	Name        string    `json:"name" doc:"Unique in the space"`
	Description string    `json:"description,omitempty"`
	Role        SpaceRole `json:"role"`
	Membership  string    `json:"membership,omitempty" enum:"direct,sso-groups" doc:"How people get in, for good; direct when left out"`
}

// ListTeamsInput asks for the teams of a space.
type ListTeamsInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Page
}

// GetTeamInput names a team.
type GetTeamInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Team  string `path:"team" doc:"Name of the team"`
}

// UpdateTeamInput changes a team.
type UpdateTeamInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Team  string `path:"team" doc:"Name of the team"`
	Body  TeamPatch
}

// TeamPatch changes what is not nil.
type TeamPatch struct {
	Name        *string    `json:"name,omitempty"`
	Description *string    `json:"description,omitempty"`
	Role        *SpaceRole `json:"role,omitempty"`
}

// DeleteTeamInput ends a team.
type DeleteTeamInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Team  string `path:"team" doc:"Name of the team"`
}

// TeamMember is somebody in a team.
type TeamMember struct {
	Person
	AddedAt time.Time `json:"addedAt"`
}

// ListTeamMembersInput asks who is in a team.
type ListTeamMembersInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Team  string `path:"team" doc:"Name of the team"`
	Page
}

// AddTeamMemberInput puts a member of the space into a team.
type AddTeamMemberInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Team  string `path:"team" doc:"Name of the team"`
	User  string `path:"user" doc:"Alias of a member of the space"`
}

// RemoveTeamMemberInput takes somebody out of a team.
type RemoveTeamMemberInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Team  string `path:"team" doc:"Name of the team"`
	User  string `path:"user" doc:"Alias of a member of the space"`
}

func (a *API) teamRoutes() []route {
	const aTeam = inSpace + "/teams/{team}"
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{Space}") }
	return []route{
		create("CreateTeam", "POST "+inSpace+"/teams", "Create a team", a.createTeam, in(role.CreateTeam)),
		read("ListTeams", "GET "+inSpace+"/teams", "The teams of a space", a.listTeams, in(role.ViewTeams)),
		read("GetTeam", "GET "+aTeam, "One team", a.getTeam, in(role.ViewTeams)),
		write("UpdateTeam", "PATCH "+aTeam, "Change a team's name, description or space role", a.updateTeam, in(role.UpdateTeam)),
		write("DeleteTeam", "DELETE "+aTeam, "Delete a team and every role held through it", a.deleteTeam, in(role.DeleteTeam)),
		read("ListTeamMembers", "GET "+aTeam+"/members", "Who is in a team", a.listTeamMembers, in(role.ViewTeams)),
		write("AddTeamMember", "PUT "+aTeam+"/members/{user}", "Put a member of the space into a team", a.addTeamMember, in(role.UpdateTeam)),
		write("RemoveTeamMember", "DELETE "+aTeam+"/members/{user}", "Take somebody out of a team", a.removeTeamMember, in(role.UpdateTeam)),
	}
}

func (a *API) createTeam(c *operation.Command, in *CreateTeamInput) (*Team, error) {
	r, err := in.Body.Role.parse()
	if err != nil {
		return nil, err
	}
	return one(teamShown)(a.Spaces.CreateTeam(c.Tx, c.Grant.Space.ID, space.NewTeam{
		Name: in.Body.Name, Description: in.Body.Description, Role: r, Membership: space.Membership(in.Body.Membership),
	}))
}

func (a *API) listTeams(q *operation.Query, in *ListTeamsInput) (*List[Team], error) {
	return list(in.Page, func(p space.Page) ([]space.Team, error) {
		return a.Spaces.Teams(q.Tx, q.Grant.Space.ID, p)
	}, func(t space.Team) string { return t.Name }, each(teamShown))
}

func (a *API) getTeam(q *operation.Query, in *GetTeamInput) (*Team, error) {
	return one(teamShown)(a.Spaces.Team(q.Tx, q.Grant.Space.ID, in.Team))
}

func (a *API) updateTeam(c *operation.Command, in *UpdateTeamInput) (*Team, error) {
	team, err := a.Spaces.Team(c.Tx.Reading(), c.Grant.Space.ID, in.Team)
	if err != nil {
		return nil, err
	}
	patch := space.TeamPatch{Name: in.Body.Name, Description: in.Body.Description}
	if in.Body.Role != nil {
		r, err := in.Body.Role.parse()
		if err != nil {
			return nil, err
		}
		patch.Role = &r
	}
	return one(teamShown)(a.Spaces.UpdateTeam(c.Tx, team.ID, c.Caller.UserID, patch))
}

func (a *API) deleteTeam(c *operation.Command, in *DeleteTeamInput) (*Empty, error) {
	team, err := a.Spaces.Team(c.Tx.Reading(), c.Grant.Space.ID, in.Team)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Spaces.DeleteTeam(c.Tx, team.ID, c.Caller.UserID)
}

func (a *API) listTeamMembers(q *operation.Query, in *ListTeamMembersInput) (*List[TeamMember], error) {
	team, err := a.Spaces.Team(q.Tx, q.Grant.Space.ID, in.Team)
	if err != nil {
		return nil, err
	}
	userID := func(m space.TeamMember) directory.UserID { return m.UserID }
	return list(in.Page, func(p space.Page) ([]space.TeamMember, error) {
		return a.Spaces.TeamMembers(q.Tx, team.ID, p)
	}, func(m space.TeamMember) string { return string(m.UserID) }, func(members []space.TeamMember) ([]TeamMember, error) {
		people, err := peopleOf(a, q.Tx, members, userID)
		return translate(members, func(m space.TeamMember) TeamMember {
			return TeamMember{Person: people[m.UserID], AddedAt: m.AddedAt}
		}), err
	})
}

func (a *API) addTeamMember(c *operation.Command, in *AddTeamMemberInput) (*Empty, error) {
	team, user, err := a.teamAndMember(c, in.Team, in.User)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Spaces.AddTeamMember(c.Tx, team, user)
}

func (a *API) removeTeamMember(c *operation.Command, in *RemoveTeamMemberInput) (*Empty, error) {
	team, user, err := a.teamAndMember(c, in.Team, in.User)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Spaces.RemoveTeamMember(c.Tx, team, c.Caller.UserID, user)
}

func (a *API) teamAndMember(c *operation.Command, name, alias string) (space.TeamID, directory.UserID, error) {
	team, err := a.Spaces.Team(c.Tx.Reading(), c.Grant.Space.ID, name)
	if err != nil {
		return "", "", err
	}
	user, err := a.member(c.Tx.Reading(), c.Grant.Space.ID, alias)
	return team.ID, user, err
}

func teamShown(t space.Team) Team {
	return Team{Name: t.Name, Description: t.Description, Role: SpaceRole(t.Role.Name()), Membership: string(t.Membership), CreatedAt: t.CreatedAt}
}
