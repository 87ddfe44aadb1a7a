package api

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Project is where the people of a space work. Whoever may not view it sees its names
// alone.
type Project struct {
	ID          string    `json:"id,omitempty" doc:"What trust policies of environments name it by"`
	Name        string    `json:"name" doc:"As paths name it; trust policies of the space do too"`
	DisplayName string    `json:"displayName"`
	Description string    `json:"description"`
	CreatedAt   time.Time `json:"createdAt,omitzero"`
}

// CreateProjectInput asks for a project.
type CreateProjectInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Body  NewProject
}

// NewProject is what creating a project takes.
type NewProject struct {
	DisplayName string `json:"displayName" doc:"The name is the same with - for each space"`
	Description string `json:"description,omitempty"`
}

// ListProjectsInput asks for the projects of a space.
type ListProjectsInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Accessible bool   `query:"accessible" doc:"Only those you have access to"`
	Page
}

// GetProjectInput names a project.
type GetProjectInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
}

// UpdateProjectInput changes a project.
type UpdateProjectInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Body    ProjectPatch
}

// ProjectPatch changes what is not nil.
type ProjectPatch struct {
	Description *string `json:"description,omitempty"`
}

// DeleteProjectInput ends a project.
type DeleteProjectInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
}

// ProjectMember is somebody who holds a role in a project directly.
type ProjectMember struct {
	Person
	Role     ProjectRole `json:"role"`
	JoinedAt time.Time   `json:"joinedAt"`
}

// ListProjectMembersInput asks who holds a role in a project directly.
type ListProjectMembersInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Page
}

// SetProjectRoleInput gives a member of the space a role in a project, in place of
// any other.
type SetProjectRoleInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	User    string `path:"user" doc:"Alias of a member of the space"`
	Body    ProjectRoleSetting
}

// RemoveFromProjectInput takes a user's direct role in a project away.
type RemoveFromProjectInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	User    string `path:"user" doc:"Alias of a member of the space"`
}

// ProjectTeam is a team that holds a role in a project.
type ProjectTeam struct {
	Name string      `json:"name"`
	Role ProjectRole `json:"role" doc:"In the project"`
}

// ListProjectTeamsInput asks which teams hold a role in a project.
type ListProjectTeamsInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
}

// AddTeamToProjectInput gives a team a role in a project it has none in.
type AddTeamToProjectInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Body    NewProjectTeam
}

// NewProjectTeam is what adding a team takes.
type NewProjectTeam struct {
	Team string      `json:"team" doc:"Name of a team of the space"`
	Role ProjectRole `json:"role"`
}

// ChangeTeamProjectRoleInput gives a team another role in a project.
type ChangeTeamProjectRoleInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Team    string `path:"team" doc:"Name of a team of the project"`
	Body    ProjectRoleSetting
}

// RemoveTeamFromProjectInput takes a team's role in a project away.
type RemoveTeamFromProjectInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Team    string `path:"team" doc:"Name of a team of the project"`
}

func (a *API) projectRoutes() []route {
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{Space}/{Project}") }
	return []route{
		create("CreateProject", "POST "+inSpace+"/projects", "Create a project, as its Project administrator", a.createProject, authz.Space(role.CreateProject, "{Space}")),
		read("ListProjects", "GET "+inSpace+"/projects", "The projects of a space; of those you may not view, the names", a.listProjects, authz.Space(role.ViewSpace, "{Space}")),
		read("GetProject", "GET "+inProject, "One project", a.getProject, in(role.ViewProject)),
		write("UpdateProject", "PATCH "+inProject, "Change a project's description", a.updateProject, in(role.EditProjectSettings)),
		write("DeleteProject", "DELETE "+inProject, "Delete a project and every role in it", a.deleteProject, in(role.DeleteProject)),

		read("ListProjectMembers", "GET "+inProject+"/members", "Who holds a role in a project directly", a.listProjectMembers, in(role.ViewProjectMembers)),
		write("SetProjectRole", "PUT "+inProject+"/members/{user}", "Give a member of the space a role in a project", a.setProjectRole, in(role.ChangeProjectRole)),
		write("RemoveFromProject", "DELETE "+inProject+"/members/{user}", "Take somebody's direct role in a project away; from their last project they leave the space", a.removeFromProject, in(role.RemoveFromProject)),

		read("ListProjectTeams", "GET "+inProject+"/teams", "The teams that hold a role in a project", a.listProjectTeams, in(role.ViewProjectTeams)),
		create("AddTeamToProject", "POST "+inProject+"/teams", "Give a team a role in a project", a.addTeamToProject, in(role.AddTeamToProject)),
		write("ChangeTeamProjectRole", "PUT "+inProject+"/teams/{team}", "Give a team another role in a project", a.changeTeamProjectRole, in(role.ChangeTeamProjectRole)),
		write("RemoveTeamFromProject", "DELETE "+inProject+"/teams/{team}", "Take a team's role in a project away", a.removeTeamFromProject, in(role.RemoveTeamFromProject)),
	}
}

func (a *API) createProject(c *operation.Command, in *CreateProjectInput) (*Project, error) {
	return one(projectShown)(a.Spaces.CreateProject(c.Tx, c.Grant.Space.ID, c.Caller.UserID,
		space.NewProject{DisplayName: in.Body.DisplayName, Description: in.Body.Description}))
}

func (a *API) listProjects(q *operation.Query, in *ListProjectsInput) (*List[Project], error) {
	var filter space.ProjectFilter
	if in.Accessible {
		filter.AccessibleTo = &q.Caller.UserID
	}
	return list(in.Page, func(p space.Page) ([]space.Project, error) {
		return a.Spaces.ListProjects(q.Tx, q.Grant.Space.ID, filter, p)
	}, func(p space.Project) string { return p.Name }, each(func(p space.Project) Project {
		if !q.Grant.Held.Decide(role.ViewProject, string(p.ID)).Allowed {
			return Project{Name: p.Name, DisplayName: p.DisplayName} // what every member may know
		}
		return projectShown(p)
	}))
}

func (a *API) getProject(q *operation.Query, _ *GetProjectInput) (*Project, error) {
	return one(projectShown)(a.Spaces.Project(q.Tx, q.Grant.Space.ID, q.Grant.Project.Name))
}

func (a *API) updateProject(c *operation.Command, in *UpdateProjectInput) (*Project, error) {
	if in.Body.Description == nil {
		return one(projectShown)(a.Spaces.Project(c.Tx.Reading(), c.Grant.Space.ID, c.Grant.Project.Name))
	}
	return one(projectShown)(a.Spaces.UpdateProject(c.Tx, c.Grant.Project.ID, *in.Body.Description))
}

func (a *API) deleteProject(c *operation.Command, _ *DeleteProjectInput) (*Empty, error) {
	return &Empty{}, a.Spaces.DeleteProject(c.Tx, c.Grant.Project.ID)
}

func projectShown(p space.Project) Project {
	return Project{ID: string(p.ID), Name: p.Name, DisplayName: p.DisplayName, Description: p.Description, CreatedAt: p.CreatedAt}
}

func (a *API) listProjectMembers(q *operation.Query, in *ListProjectMembersInput) (*List[ProjectMember], error) {
	userID := func(m space.ProjectMember) directory.UserID { return m.UserID }
	return list(in.Page, func(p space.Page) ([]space.ProjectMember, error) {
		return a.Spaces.ProjectMembers(q.Tx, q.Grant.Project.ID, p)
	}, func(m space.ProjectMember) string { return string(m.UserID) }, func(members []space.ProjectMember) ([]ProjectMember, error) {
		people, err := peopleOf(a, q.Tx, members, userID)
		return translate(members, func(m space.ProjectMember) ProjectMember {
			return ProjectMember{Person: people[m.UserID], Role: ProjectRole(m.Role.Name()), JoinedAt: m.JoinedAt}
		}), err
	})
}

func (a *API) setProjectRole(c *operation.Command, in *SetProjectRoleInput) (*Empty, error) {
	r, err := in.Body.Role.parse()
	if err != nil {
		return nil, err
	}
	// Somebody who is not in the space yet has to agree to coming: they are invited.
	user, err := a.member(c.Tx.Reading(), c.Grant.Space.ID, in.User)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Spaces.SetProjectRole(c.Tx, c.Grant.Project.ID, user, r)
}

func (a *API) removeFromProject(c *operation.Command, in *RemoveFromProjectInput) (*Empty, error) {
	user, err := a.member(c.Tx.Reading(), c.Grant.Space.ID, in.User)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Spaces.RemoveFromProject(c.Tx, c.Grant.Project.ID, user)
}

func (a *API) listProjectTeams(q *operation.Query, _ *ListProjectTeamsInput) (*List[ProjectTeam], error) {
	teams, err := a.Spaces.ProjectTeams(q.Tx, q.Grant.Project.ID)
	if err != nil {
		return nil, err
	}
	return &List[ProjectTeam]{Items: translate(teams, func(t space.ProjectTeam) ProjectTeam {
		return ProjectTeam{Name: t.Name, Role: ProjectRole(t.Role.Name())}
	})}, nil
}

func (a *API) addTeamToProject(c *operation.Command, in *AddTeamToProjectInput) (*ProjectTeam, error) {
	team, err := a.Spaces.Team(c.Tx.Reading(), c.Grant.Space.ID, in.Body.Team)
	if err != nil {
		return nil, err
	}
	held, err := a.inProject(c.Tx.Reading(), c.Grant.Project.ID, team)
	if err != nil {
		return nil, err
	}
	if held {
		return nil, fault.Conflictf("the team %s is in the project already: change its role there", team.Name)
	}
	return a.setTeamRole(c, team, in.Body.Role)
}

func (a *API) changeTeamProjectRole(c *operation.Command, in *ChangeTeamProjectRoleInput) (*ProjectTeam, error) {
	team, err := a.Spaces.Team(c.Tx.Reading(), c.Grant.Space.ID, in.Team)
	if err != nil {
		return nil, err
	}
	held, err := a.inProject(c.Tx.Reading(), c.Grant.Project.ID, team)
	if err != nil {
		return nil, err
	}
	if !held {
		return nil, fault.NotFoundf("the team %s is not in the project: add it first", team.Name)
	}
	return a.setTeamRole(c, team, in.Body.Role)
}

// inProject tells whether the team holds a role in the project.
func (a *API) inProject(tx *database.ReadTx, project space.ProjectID, team space.Team) (bool, error) {
	teams, err := a.Spaces.ProjectTeams(tx, project)
	return slices.ContainsFunc(teams, func(t space.ProjectTeam) bool { return t.TeamID == team.ID }), err
}

func (a *API) setTeamRole(c *operation.Command, team space.Team, name ProjectRole) (*ProjectTeam, error) {
	r, err := name.parse()
	if err != nil {
		return nil, err
	}
	return &ProjectTeam{Name: team.Name, Role: name}, a.Spaces.SetProjectTeamRole(c.Tx, c.Grant.Project.ID, team.ID, r)
}

func (a *API) removeTeamFromProject(c *operation.Command, in *RemoveTeamFromProjectInput) (*Empty, error) {
	team, err := a.Spaces.Team(c.Tx.Reading(), c.Grant.Space.ID, in.Team)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Spaces.RemoveProjectTeam(c.Tx, c.Grant.Project.ID, team.ID)
}
