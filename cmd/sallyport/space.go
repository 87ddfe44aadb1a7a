package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

var spaceColumns = table[api.Space]{
	{"name", func(s api.Space) string { return s.Name }},
	{"region", func(s api.Space) string { return s.Region }},
	{"created", func(s api.Space) string { return when(s.CreatedAt) }},
	{"id", func(s api.Space) string { return s.ID }},
	{"description", func(s api.Space) string { return s.Description }},
}

func spaceCommand() *cobra.Command {
	return noun("space", "Spaces: tenants with their own members, teams and projects",
		listing(verb[api.ListSpacesInput]{use: "list", short: "List the spaces you are a member of", ask: "GET /spaces"}, spaceColumns),
		showing(verb[api.CreateSpaceInput]{use: "create NAME", short: "Create a space, as its Space administrator", ask: "POST /spaces",
			bind: func(in *api.CreateSpaceInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Body.Description, "description", "", "what the space is for")
				return []*string{&in.Body.Name}
			}}, spaceColumns),
		showing(verb[api.GetSpaceInput]{use: "show NAME", short: "Show a space", ask: "GET /spaces/{space}",
			bind: func(in *api.GetSpaceInput, _ *pflag.FlagSet) []*string { return []*string{&in.Space} }}, spaceColumns),
		showing(verb[api.UpdateSpaceInput]{use: "update NAME", short: "Change a space's description", ask: "PATCH /spaces/{space}",
			bind: func(in *api.UpdateSpaceInput, f *pflag.FlagSet) []*string {
				optional(f, &in.Body.Description, "description", "what the space is for")
				return []*string{&in.Space}
			}}, spaceColumns),
		doing(verb[api.DeleteSpaceInput]{use: "delete NAME", short: "Delete a space with everything in it, for good", ask: "DELETE /spaces/{space}",
			bind: func(in *api.DeleteSpaceInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Confirm, "confirm", "", "the name of the space once more")
				return []*string{&in.Space}
			}}, "Deleted the space $1."),
	)
}

var memberColumns = table[api.Member]{
	{"user", func(m api.Member) string { return m.Alias }},
	{"name", func(m api.Member) string { return m.DisplayName }},
	{"role", func(m api.Member) string { return string(m.Role) }},
	{"teams", func(m api.Member) string { return strings.Join(m.Teams, ", ") }},
	{"joined", func(m api.Member) string { return when(m.JoinedAt) }},
}

func memberCommand() *cobra.Command {
	return noun("member", "Members of a space",
		listing(verb[api.ListMembersInput]{use: "list", short: "List who is in a space", ask: "GET /spaces/{space}/members"}, memberColumns),
		showing(verb[api.SetMemberRoleInput]{use: "set-role USER ROLE", short: "Give a member another space role", ask: "PUT /spaces/{space}/members/{user}",
			bind: func(in *api.SetMemberRoleInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.User, (*string)(&in.Body.Role)}
			}}, memberColumns),
		doing(verb[api.RemoveMemberInput]{use: "remove USER", short: "Take somebody out of a space, its projects and its teams", ask: "DELETE /spaces/{space}/members/{user}",
			bind: func(in *api.RemoveMemberInput, _ *pflag.FlagSet) []*string { return []*string{&in.User} }}, "Removed $1."),
	)
}
