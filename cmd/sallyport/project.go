package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

var projectColumns = table[api.Project]{
	{"name", func(p api.Project) string { return p.Name }},
	{"displayed as", func(p api.Project) string { return p.DisplayName }},
	{"created", func(p api.Project) string { return when(p.CreatedAt) }},
	{"id", func(p api.Project) string { return p.ID }},
	{"description", func(p api.Project) string { return p.Description }},
}

func projectCommand() *cobra.Command {
	return noun("project", "Projects of a space, their members and teams",
		listing(verb[api.ListProjectsInput]{use: "list", short: "List the projects of a space", ask: "GET /spaces/{space}/projects",
			bind: func(in *api.ListProjectsInput, f *pflag.FlagSet) []*string {
				f.BoolVar(&in.Accessible, "accessible", false, "only those you have access to")
				return nil
			}}, projectColumns),
		showing(verb[api.CreateProjectInput]{use: "create NAME", short: "Create a project, as its Project administrator", ask: "POST /spaces/{space}/projects",
			bind: func(in *api.CreateProjectInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Body.Description, "description", "", "what the project is for")
				return []*string{&in.Body.DisplayName}
			}}, projectColumns),
		showing(verb[api.GetProjectInput]{use: "show PROJECT", short: "Show a project", ask: "GET /spaces/{space}/projects/{project}",
			bind: func(in *api.GetProjectInput, _ *pflag.FlagSet) []*string { return []*string{&in.Project} }}, projectColumns),
		showing(verb[api.UpdateProjectInput]{use: "update PROJECT", short: "Change a project's description", ask: "PATCH /spaces/{space}/projects/{project}",
			bind: func(in *api.UpdateProjectInput, f *pflag.FlagSet) []*string {
				optional(f, &in.Body.Description, "description", "what the project is for")
				return []*string{&in.Project}
			}}, projectColumns),
		doing(verb[api.DeleteProjectInput]{use: "delete PROJECT", short: "Delete a project and every role in it", ask: "DELETE /spaces/{space}/projects/{project}",
			bind: func(in *api.DeleteProjectInput, _ *pflag.FlagSet) []*string { return []*string{&in.Project} }}, "Deleted the project $1."),
		projectMemberCommand(), projectTeamCommand(),
	)
}

func projectMemberCommand() *cobra.Command {
	const member = "/spaces/{space}/projects/{project}/members/{user}"
	return noun("member", "Members of a project",
		listing(verb[api.ListProjectMembersInput]{use: "list PROJECT", short: "List who holds a role in a project directly", ask: "GET /spaces/{space}/projects/{project}/members",
			bind: func(in *api.ListProjectMembersInput, _ *pflag.FlagSet) []*string { return []*string{&in.Project} }}, table[api.ProjectMember]{
			{"user", func(m api.ProjectMember) string { return m.Alias }},
			{"name", func(m api.ProjectMember) string { return m.DisplayName }},
			{"role", func(m api.ProjectMember) string { return string(m.Role) }},
			{"joined", func(m api.ProjectMember) string { return when(m.JoinedAt) }},
		}),
		doing(verb[api.SetProjectRoleInput]{use: "set PROJECT USER ROLE", short: "Give a member of the space a role in a project", ask: "PUT " + member,
			bind: func(in *api.SetProjectRoleInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.User, (*string)(&in.Body.Role)}
			}}, "$2 is now $3 in $1."),
		doing(verb[api.RemoveFromProjectInput]{use: "remove PROJECT USER", short: "Take somebody's direct role in a project away", ask: "DELETE " + member,
			bind: func(in *api.RemoveFromProjectInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.User}
			}}, "Removed $2 from $1."),
	)
}

var projectTeamColumns = table[api.ProjectTeam]{
	{"team", func(t api.ProjectTeam) string { return t.Name }},
	{"role", func(t api.ProjectTeam) string { return string(t.Role) }},
}

func projectTeamCommand() *cobra.Command {
	const teams = "/spaces/{space}/projects/{project}/teams"
	return noun("team", "Teams of a project",
		listing(verb[api.ListProjectTeamsInput]{use: "list PROJECT", short: "List the teams that hold a role in a project", ask: "GET " + teams,
			bind: func(in *api.ListProjectTeamsInput, _ *pflag.FlagSet) []*string { return []*string{&in.Project} }}, projectTeamColumns),
		showing(verb[api.AddTeamToProjectInput]{use: "add PROJECT TEAM ROLE", short: "Give a team a role in a project", ask: "POST " + teams,
			bind: func(in *api.AddTeamToProjectInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Body.Team, (*string)(&in.Body.Role)}
			}}, projectTeamColumns),
		showing(verb[api.ChangeTeamProjectRoleInput]{use: "set PROJECT TEAM ROLE", short: "Give a team another role in a project", ask: "PUT " + teams + "/{team}",
			bind: func(in *api.ChangeTeamProjectRoleInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Team, (*string)(&in.Body.Role)}
			}}, projectTeamColumns),
		doing(verb[api.RemoveTeamFromProjectInput]{use: "remove PROJECT TEAM", short: "Take a team's role in a project away", ask: "DELETE " + teams + "/{team}",
			bind: func(in *api.RemoveTeamFromProjectInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Team}
			}}, "Removed the team $2 from $1."),
	)
}
