package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

var teamColumns = table[api.Team]{
	{"name", func(t api.Team) string { return t.Name }},
	{"role", func(t api.Team) string { return string(t.Role) }},
	{"created", func(t api.Team) string { return when(t.CreatedAt) }},
	{"description", func(t api.Team) string { return t.Description }},
}

func teamCommand() *cobra.Command {
	const (
		teams = "/spaces/{space}/teams"
		team  = teams + "/{team}"
	)
	return noun("team", "Teams of a space",
		listing(verb[api.ListTeamsInput]{use: "list", short: "List the teams of a space", ask: "GET " + teams}, teamColumns),
		showing(verb[api.CreateTeamInput]{use: "create NAME", short: "Create a team", ask: "POST " + teams,
			bind: func(in *api.CreateTeamInput, f *pflag.FlagSet) []*string {
				f.StringVar((*string)(&in.Body.Role), "role", "limited-access", "space `role` that its members hold")
				f.StringVar(&in.Body.Description, "description", "", "what the team is for")
				return []*string{&in.Body.Name}
			}}, teamColumns),
		showing(verb[api.GetTeamInput]{use: "show TEAM", short: "Show a team", ask: "GET " + team,
			bind: func(in *api.GetTeamInput, _ *pflag.FlagSet) []*string { return []*string{&in.Team} }}, teamColumns),
		showing(verb[api.UpdateTeamInput]{use: "update TEAM", short: "Change a team's name, description or space role", ask: "PATCH " + team,
			bind: func(in *api.UpdateTeamInput, f *pflag.FlagSet) []*string {
				optional(f, &in.Body.Name, "rename", "another `name`")
				optional(f, &in.Body.Role, "role", "space `role` that its members hold")
				optional(f, &in.Body.Description, "description", "what the team is for")
				return []*string{&in.Team}
			}}, teamColumns),
		doing(verb[api.DeleteTeamInput]{use: "delete TEAM", short: "Delete a team and every role held through it", ask: "DELETE " + team,
			bind: func(in *api.DeleteTeamInput, _ *pflag.FlagSet) []*string { return []*string{&in.Team} }}, "Deleted the team $1."),
		listing(verb[api.ListTeamMembersInput]{use: "members TEAM", short: "List who is in a team", ask: "GET " + team + "/members",
			bind: func(in *api.ListTeamMembersInput, _ *pflag.FlagSet) []*string { return []*string{&in.Team} }}, table[api.TeamMember]{
			{"user", func(m api.TeamMember) string { return m.Alias }},
			{"name", func(m api.TeamMember) string { return m.DisplayName }},
			{"added", func(m api.TeamMember) string { return when(m.AddedAt) }},
		}),
		doing(verb[api.AddTeamMemberInput]{use: "add TEAM USER", short: "Put a member of the space into a team", ask: "PUT " + team + "/members/{user}",
			bind: func(in *api.AddTeamMemberInput, _ *pflag.FlagSet) []*string { return []*string{&in.Team, &in.User} }}, "$2 is in $1."),
		doing(verb[api.RemoveTeamMemberInput]{use: "remove TEAM USER", short: "Take somebody out of a team", ask: "DELETE " + team + "/members/{user}",
			bind: func(in *api.RemoveTeamMemberInput, _ *pflag.FlagSet) []*string { return []*string{&in.Team, &in.User} }}, "Removed $2 from $1."),
	)
}
