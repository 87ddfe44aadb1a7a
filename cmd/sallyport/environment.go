package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

const (
	projectEnvironments = "/spaces/{space}/projects/{project}/environments"
	projectEnvironment  = projectEnvironments + "/{environment}"
)

var environmentColumns = table[api.Environment]{
	{"name", func(e api.Environment) string { return e.Name }},
	{"type", func(e api.Environment) string { return e.Type }},
	{"connection", func(e api.Environment) string {
		switch c := e.Connection; {
		case c == nil:
			return ""
		case c.State != "active":
			return c.Name + " (" + c.State + ")"
		default:
			return c.Name
		}
	}},
	{"account", func(e api.Environment) string {
		if e.Connection == nil {
			return ""
		}
		return e.Connection.Account
	}},
	{"role", func(e api.Environment) string { return e.Role }},
	{"vpc", func(e api.Environment) string { return e.VPCConnection }},
	{"description", func(e api.Environment) string { return e.Description }},
	{"warning", func(e api.Environment) string { return e.Warning }},
}

func environmentCommand() *cobra.Command {
	return noun("environment", "Environments of a project, which lead into accounts",
		listing(verb[api.ListEnvironmentsInput]{use: "list PROJECT", short: "List the environments of a project", ask: "GET " + projectEnvironments,
			bind: func(in *api.ListEnvironmentsInput, _ *pflag.FlagSet) []*string { return []*string{&in.Project} }}, environmentColumns),
		showing(verb[api.CreateEnvironmentInput]{use: "create PROJECT NAME", short: "Create an environment", ask: "POST " + projectEnvironments,
			bind: func(in *api.CreateEnvironmentInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Body.Type, "type", "", "production or non-production, which is shown and means nothing else")
				f.StringVar(&in.Body.Description, "description", "", "what the environment is for")
				f.StringVar(&in.Body.Connection, "connection", "", "`name` of the account connection that it leads to")
				f.StringVar(&in.Body.Role, "role", "", "`name` of a role on it, the default")
				f.StringVar(&in.Body.VPCConnection, "vpc-connection", "", "`name` of the VPC connection to run in")
				return []*string{&in.Project, &in.Body.Name}
			}}, environmentColumns),
		showing(verb[api.GetEnvironmentInput]{use: "show PROJECT ENVIRONMENT", short: "Show an environment", ask: "GET " + projectEnvironment,
			bind: func(in *api.GetEnvironmentInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Environment}
			}}, environmentColumns),
		showing(verb[api.UpdateEnvironmentInput]{use: "update PROJECT ENVIRONMENT", short: "Change an environment, and where it leads", ask: "PATCH " + projectEnvironment,
			bind: func(in *api.UpdateEnvironmentInput, f *pflag.FlagSet) []*string {
				optional(f, &in.Body.Type, "type", "production or non-production")
				optional(f, &in.Body.Description, "description", "what the environment is for")
				optional(f, &in.Body.Connection, "connection", "`name` of the account connection that it leads to; empty: none")
				optional(f, &in.Body.Role, "role", "`name` of a role on it, the default; empty: none")
				optional(f, &in.Body.VPCConnection, "vpc-connection", "`name` of the VPC connection to run in; empty: the space's default")
				return []*string{&in.Project, &in.Environment}
			}}, environmentColumns),
		doing(verb[api.DeleteEnvironmentInput]{use: "delete PROJECT ENVIRONMENT", short: "Delete an environment", ask: "DELETE " + projectEnvironment,
			bind: func(in *api.DeleteEnvironmentInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Environment}
			}}, "Deleted the environment $2."),
	)
}
