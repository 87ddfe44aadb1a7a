package console

import (
	"cmp"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/role"
)

// projectPage is a project with who works in it.
type projectPage struct {
	*api.Project
	Space        string
	May          may
	Members      *api.List[api.ProjectMember]
	Teams        *api.List[api.ProjectTeam]
	Repositories *api.List[api.Repository]
	Pipelines    *api.List[api.Pipeline]
	Invitations  *api.List[api.Invitation] // nil for those who may not invite
}

func (c *console) showProject(v *visit) (any, error) {
	space, name := v.PathValue("space"), v.PathValue("project")
	project, err := c.ask.GetProject.ask(v, api.GetProjectInput{Space: space, Project: name})
	if err != nil {
		return nil, err
	}
	page := projectPage{Project: project, Space: space}
	if page.May, err = c.may(v, role.InviteToProject, role.ChangeProjectRole, role.RemoveFromProject, role.AddTeamToProject, role.ChangeTeamProjectRole, role.RemoveTeamFromProject, role.ConnectEnvironmentAccount, role.CreateRepository); err != nil {
		return nil, err
	}
	if page.Members, err = c.ask.ListProjectMembers.ask(v, api.ListProjectMembersInput{Space: space, Project: name, Page: v.page("members")}); err != nil {
		return nil, err
	}
	if page.Teams, err = c.ask.ListProjectTeams.ask(v, api.ListProjectTeamsInput{Space: space, Project: name}); err != nil {
		return nil, err
	}
	if page.Repositories, err = c.ask.ListRepositories.ask(v, api.ListRepositoriesInput{Space: space, Project: name, Page: v.page("repositories")}); err != nil {
		return nil, err
	}
	if page.Pipelines, err = c.ask.ListPipelines.ask(v, api.ListPipelinesInput{Space: space, Project: name}); err != nil {
		return nil, err
	}
	if page.May[role.InviteToProject.String()] {
		page.Invitations, err = c.ask.ListProjectInvitations.ask(v, api.ListProjectInvitationsInput{Space: space, Project: name, Page: v.page("invitations")})
	}
	return page, err
}

func (c *console) createProject(v *visit) (answer, error) {
	space := v.PathValue("space")
	project, err := c.ask.CreateProject.ask(v, api.CreateProjectInput{Space: space, Body: api.NewProject{DisplayName: v.typed("name"), Description: v.typed("description")}})
	if err != nil {
		return answer{}, err
	}
	return goTo(projectPath(space, project.Name), "done", "project-made"), nil
}

func projectPath(space, project string) string { return spacePath(space) + "/projects/" + project }

// setProjectRole changes the role of a member of the project, or gives one to
// another member of the space, whose alias was typed.
func (c *console) setProjectRole(v *visit) (answer, error) {
	_, err := c.ask.SetProjectRole.ask(v, api.SetProjectRoleInput{
		Space: v.PathValue("space"), Project: v.PathValue("project"), User: cmp.Or(v.typed("of"), v.typed("alias")),
		Body: api.ProjectRoleSetting{Role: api.ProjectRole(v.typed("role"))}})
	return v.here("role-set", err)
}

func (c *console) removeFromProject(v *visit) (answer, error) {
	_, err := c.ask.RemoveFromProject.ask(v, api.RemoveFromProjectInput{Space: v.PathValue("space"), Project: v.PathValue("project"), User: v.typed("of")})
	return v.here("removed", err)
}

func (c *console) addTeamToProject(v *visit) (answer, error) {
	_, err := c.ask.AddTeamToProject.ask(v, api.AddTeamToProjectInput{
		Space: v.PathValue("space"), Project: v.PathValue("project"),
		Body: api.NewProjectTeam{Team: v.typed("team"), Role: api.ProjectRole(v.typed("role"))}})
	return v.here("team-added", err)
}

func (c *console) setTeamRole(v *visit) (answer, error) {
	_, err := c.ask.ChangeTeamProjectRole.ask(v, api.ChangeTeamProjectRoleInput{
		Space: v.PathValue("space"), Project: v.PathValue("project"), Team: v.typed("of"),
		Body: api.ProjectRoleSetting{Role: api.ProjectRole(v.typed("role"))}})
	return v.here("role-set", err)
}

func (c *console) removeTeamFromProject(v *visit) (answer, error) {
	_, err := c.ask.RemoveTeamFromProject.ask(v, api.RemoveTeamFromProjectInput{Space: v.PathValue("space"), Project: v.PathValue("project"), Team: v.typed("of")})
	return v.here("team-removed", err)
}
