package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

const (
	spaceConnections   = "/spaces/{space}/connections"
	spaceConnection    = spaceConnections + "/{connection}"
	accountConnections = "/account/connections"
	accountConnection  = accountConnections + "/{id}"
)

var connectionColumns = table[api.Connection]{
	{"name", func(c api.Connection) string { return c.Name }},
	{"account", func(c api.Connection) string { return c.Account }},
	{"state", func(c api.Connection) string { return c.State }},
	{"restricted", func(c api.Connection) string { return yesNo(c.Restricted) }},
	{"asked for by", func(c api.Connection) string { return c.RequestedBy }},
	{"asked for", func(c api.Connection) string { return when(c.RequestedAt) }},
	{"description", func(c api.Connection) string { return c.Description }},
}

var connectionDetail = append(within(func(d api.ConnectionDetail) api.Connection { return d.Connection }, connectionColumns), table[api.ConnectionDetail]{
	{"id", func(d api.ConnectionDetail) string { return d.ID }},
	{"roles", func(d api.ConnectionDetail) string {
		return joined(d.Roles, func(r api.ConnectionRole) string { return r.Name + " (" + strings.Join(r.Purposes, ", ") + ")" })
	}},
	{"projects", func(d api.ConnectionDetail) string {
		if !d.Restricted {
			return "all"
		}
		return strings.Join(d.Projects, ", ")
	}},
	{"environments", func(d api.ConnectionDetail) string {
		return joined(d.Environments, func(e api.ConnectionEnvironment) string { return e.Project + "/" + e.Environment })
	}},
}...)

var requestedColumns = append(within(func(r api.RequestedConnection) api.Connection { return r.Connection }, connectionColumns[:3]),
	column[api.RequestedConnection]{"token", func(r api.RequestedConnection) string { return r.Token }},
	column[api.RequestedConnection]{"good until", func(r api.RequestedConnection) string { return inZone(*r.ExpiresAt) }})

var connectionRoleColumns = table[api.ConnectionRole]{
	{"name", func(r api.ConnectionRole) string { return r.Name }},
	{"arn", func(r api.ConnectionRole) string { return r.ARN }},
	{"purposes", func(r api.ConnectionRole) string { return strings.Join(r.Purposes, ", ") }},
	{"added", func(r api.ConnectionRole) string { return when(r.AddedAt) }},
	{"warning", func(r api.ConnectionRole) string { return r.Warning }},
}

var accountConnectionColumns = table[api.AccountConnection]{
	{"id", func(c api.AccountConnection) string { return c.ID }},
	{"name", func(c api.AccountConnection) string { return c.Name }},
	{"space", func(c api.AccountConnection) string { return c.Space }},
	{"space id", func(c api.AccountConnection) string { return c.SpaceID }},
	{"account", func(c api.AccountConnection) string { return c.Account }},
	{"state", func(c api.AccountConnection) string { return c.State }},
	{"tags", func(c api.AccountConnection) string {
		return joined(c.Tags, func(t api.Tag) string { return t.Key + "=" + t.Value })
	}},
}

// within shows a part of an item in the columns that it has by itself.
func within[Item, Part any](part func(Item) Part, columns table[Part]) (of table[Item]) {
	for _, c := range columns {
		of = append(of, column[Item]{c.head, func(item Item) string { return c.cell(part(item)) }})
	}
	return of
}

func joined[Item any](items []Item, text func(Item) string) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = text(item)
	}
	return strings.Join(texts, ", ")
}

func connectionCommand() *cobra.Command {
	return noun("connection", "Connections of a space to AWS accounts",
		showing(verb[api.RequestConnectionInput]{use: "request ACCOUNT NAME", short: "Ask for an AWS account; its side answers with the token that is printed", ask: "POST " + spaceConnections,
			bind: func(in *api.RequestConnectionInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Body.Description, "description", "", "what the account is for")
				return []*string{&in.Body.Account, &in.Body.Name}
			}}, requestedColumns),
		listing(verb[api.ListConnectionsInput]{use: "list", short: "List the account connections of a space", ask: "GET " + spaceConnections}, connectionColumns),
		showing(verb[api.GetConnectionInput]{use: "show CONNECTION", short: "Show a connection, its roles, projects and environments", ask: "GET " + spaceConnection,
			bind: func(in *api.GetConnectionInput, _ *pflag.FlagSet) []*string { return []*string{&in.Connection} }}, connectionDetail),
		showing(verb[api.UpdateConnectionInput]{use: "update CONNECTION DESCRIPTION", short: "Change a connection's description", ask: "PATCH " + spaceConnection,
			bind: func(in *api.UpdateConnectionInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Connection, &in.Body.Description}
			}}, connectionColumns),
		doing(verb[api.DeleteConnectionInput]{use: "delete CONNECTION", short: "Delete a connection, for good", ask: "DELETE " + spaceConnection,
			bind: func(in *api.DeleteConnectionInput, _ *pflag.FlagSet) []*string { return []*string{&in.Connection} }}, "Deleted the connection $1."),
		showing(verb[api.RestrictConnectionInput]{use: "restrict CONNECTION", short: "Let some projects alone use a connection", ask: "PUT " + spaceConnection + "/restriction",
			bind: func(in *api.RestrictConnectionInput, f *pflag.FlagSet) []*string {
				in.Body.Projects = []string{}
				f.StringSliceVar(&in.Body.Projects, "project", in.Body.Projects, "`name` of a project that may; again for more")
				return []*string{&in.Connection}
			}}, connectionDetail),
		showing(verb[api.UnrestrictConnectionInput]{use: "unrestrict CONNECTION", short: "Let every project use a connection", ask: "DELETE " + spaceConnection + "/restriction",
			bind: func(in *api.UnrestrictConnectionInput, _ *pflag.FlagSet) []*string { return []*string{&in.Connection} }}, connectionDetail),
		showing(verb[api.VerifyRoleInput]{use: "verify CONNECTION ROLE_ARN", short: "Put a role of an account at AWS on its connection, by assuming it", ask: "POST " + spaceConnection + "/roles",
			bind: func(in *api.VerifyRoleInput, f *pflag.FlagSet) []*string {
				purposes(f, &in.Body.Purposes)
				f.StringVar(&in.Body.Project, "project", "", "`name` of the project that the role's trust policy is limited to")
				f.StringVar(&in.Body.Environment, "environment", "", "`name` of the environment that it is limited to")
				return []*string{&in.Connection, &in.Body.RoleARN}
			}}, connectionRoleColumns),
		doing(verb[api.RemoveConnectionRoleInput]{use: "drop-role CONNECTION ROLE", short: "Take a role off a connection, from the space's side", ask: "DELETE " + spaceConnection + "/roles/{role}",
			bind: func(in *api.RemoveConnectionRoleInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Connection, &in.Role}
			}}, "Took $2 off $1."),

		showing(verb[api.ConnectionTokenInput]{use: "pending TOKEN", short: "Show what a space asks of your account", ask: "POST " + accountConnections + "/pending", signs: true, bind: token}, accountConnectionColumns),
		showing(verb[api.ConnectionTokenInput]{use: "accept TOKEN", short: "Let a space use your account", ask: "POST " + accountConnections + "/accept", signs: true, bind: token}, accountConnectionColumns),
		showing(verb[api.ConnectionTokenInput]{use: "reject TOKEN", short: "Refuse a space your account", ask: "POST " + accountConnections + "/reject", signs: true, bind: token}, accountConnectionColumns),
		listing(verb[api.ListAccountConnectionsInput]{use: "spaces", short: "List the spaces that your account is connected to", ask: "GET " + accountConnections, signs: true}, accountConnectionColumns),
		showing(verb[api.AccountConnectionInput]{use: "describe ID", short: "Show a connection of your account", ask: "GET " + accountConnection, signs: true, bind: connectionID}, accountConnectionColumns),
		doing(verb[api.AccountConnectionInput]{use: "disconnect ID", short: "Take your account away from a space, for good", ask: "DELETE " + accountConnection, signs: true, bind: connectionID}, "Deleted the connection $1."),
		connectionRoleCommand(),
		connectionTagCommand(),
		doing(verb[api.UntagConnectionInput]{use: "untag ID", short: "Take tags off a connection of your account", ask: "DELETE " + accountConnection + "/tags", signs: true,
			bind: func(in *api.UntagConnectionInput, f *pflag.FlagSet) []*string {
				f.StringSliceVar(&in.TagKeys, "key", nil, "`key` of a tag; again for more")
				return []*string{&in.ID}
			}}, "Untagged $1."),
	)
}

func token(in *api.ConnectionTokenInput, _ *pflag.FlagSet) []*string {
	return []*string{&in.Body.Token}
}

func connectionID(in *api.AccountConnectionInput, _ *pflag.FlagSet) []*string {
	return []*string{&in.ID}
}

func purposes(f *pflag.FlagSet, to *[]string) {
	f.StringSliceVar(to, "purpose", []string{"RUNNER"}, "what for: RUNNER, to run actions, or SERVICE, to reach another service; again for both")
}

func connectionRoleCommand() *cobra.Command {
	const roles = accountConnection + "/roles"
	return noun("role", "Roles of your account that a space may use",
		listing(verb[api.AccountConnectionInput]{use: "list ID", short: "List the roles on a connection", ask: "GET " + roles, signs: true, bind: connectionID}, connectionRoleColumns),
		showing(verb[api.AssociateRoleInput]{use: "add ID ROLE_ARN", short: "Let a space use a role", ask: "POST " + roles, signs: true,
			bind: func(in *api.AssociateRoleInput, f *pflag.FlagSet) []*string {
				purposes(f, &in.Body.Purposes)
				return []*string{&in.ID, &in.Body.RoleARN}
			}}, connectionRoleColumns),
		showing(verb[api.AccountConnectionInput]{use: "create-development ID", short: "Make the development administrator role of a connection's space, and let the space use it; not for production", ask: "POST " + accountConnection + "/development-role",
			signs: true, bind: connectionID}, connectionRoleColumns),
		doing(verb[api.DisassociateRoleInput]{use: "remove ID ROLE", short: "Take a role back", ask: "DELETE " + roles + "/{role}", signs: true,
			bind: func(in *api.DisassociateRoleInput, _ *pflag.FlagSet) []*string { return []*string{&in.ID, &in.Role} }}, "Took $2 back."),
	)
}

func connectionTagCommand() *cobra.Command {
	var tags []string
	v := verb[api.TagConnectionInput]{use: "tag ID", short: "Add tags to a connection of your account", ask: "POST " + accountConnection + "/tags", signs: true,
		bind: func(in *api.TagConnectionInput, f *pflag.FlagSet) []*string {
			f.StringSliceVar(&tags, "tag", nil, "`KEY=VALUE`; again for more")
			return []*string{&in.ID}
		}}
	return v.command(func(cmd *cobra.Command, a asked[api.TagConnectionInput]) error {
		a.in.Body.Tags = []api.Tag{}
		for _, text := range tags {
			key, value, ok := strings.Cut(text, "=")
			if !ok {
				return fmt.Errorf("%w: a tag is KEY=VALUE, not %q", errUsage, text)
			}
			a.in.Body.Tags = append(a.in.Body.Tags, api.Tag{Key: key, Value: value})
		}
		if err := call(cmd.Context(), a.remote, a.token, v.ask, a.in, nil, nil); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Tagged %s.\n", a.in.ID)
		return nil
	})
}
