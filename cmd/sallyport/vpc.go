package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

var vpcColumns = table[api.VPCConnection]{
	{"name", func(v api.VPCConnection) string { return v.Name }},
	{"connection", func(v api.VPCConnection) string { return v.Connection }},
	{"role", func(v api.VPCConnection) string { return v.Role }},
	{"vpc", func(v api.VPCConnection) string { return v.VPC }},
	{"subnets", func(v api.VPCConnection) string { return strings.Join(v.Subnets, ", ") }},
	{"security groups", func(v api.VPCConnection) string { return strings.Join(v.SecurityGroups, ", ") }},
	{"default", func(v api.VPCConnection) string { return yesNo(v.Default) }},
}

var networkColumns = table[api.Network]{
	{"vpc", func(n api.Network) string { return n.VPC }},
	{"region", func(n api.Network) string { return n.Region }},
	{"range", func(n api.Network) string { return n.CIDR }},
	{"subnets", func(n api.Network) string {
		return joined(n.Subnets, func(s api.Subnet) string {
			if s.Private {
				return s.ID
			}
			return s.ID + " (public)"
		})
	}},
	{"security groups", func(n api.Network) string { return strings.Join(n.SecurityGroups, ", ") }},
}

func vpcConnectionCommand() *cobra.Command {
	const (
		connections = "/spaces/{space}/vpc-connections"
		one         = connections + "/{vpcConnection}"
	)
	settings := func(f *pflag.FlagSet, to *api.VPCConnectionSettings) {
		f.StringVar(&to.Connection, "connection", "", "`name` of the account connection")
		f.StringVar(&to.Role, "role", "", "`name` of the role on it that makes network interfaces")
		f.StringVar(&to.VPC, "vpc", "", "`id` of the VPC")
		f.StringSliceVar(&to.Subnets, "subnet", []string{}, "`id` of a private subnet; again for more")
		f.StringSliceVar(&to.SecurityGroups, "security-group", []string{}, "`id` of a security group; again for more, up to five")
		f.BoolVar(&to.Default, "default", false, "let everything in the space run there whose environment names no other")
	}
	return noun("vpc-connection", "Networks of accounts that a space's actions run in",
		listing(verb[api.ListVPCConnectionsInput]{use: "list", short: "List the VPC connections of a space", ask: "GET " + connections}, vpcColumns),
		showing(verb[api.CreateVPCConnectionInput]{use: "create NAME", short: "Create a VPC connection", ask: "POST " + connections,
			bind: func(in *api.CreateVPCConnectionInput, f *pflag.FlagSet) []*string {
				settings(f, &in.Body.VPCConnectionSettings)
				return []*string{&in.Body.Name}
			}}, vpcColumns),
		showing(verb[api.GetVPCConnectionInput]{use: "show NAME", short: "Show a VPC connection", ask: "GET " + one,
			bind: func(in *api.GetVPCConnectionInput, _ *pflag.FlagSet) []*string { return []*string{&in.VPCConnection} }}, vpcColumns),
		showing(verb[api.UpdateVPCConnectionInput]{use: "update NAME", short: "Describe a VPC connection anew", ask: "PUT " + one,
			bind: func(in *api.UpdateVPCConnectionInput, f *pflag.FlagSet) []*string {
				settings(f, &in.Body)
				return []*string{&in.VPCConnection}
			}}, vpcColumns),
		doing(verb[api.DeleteVPCConnectionInput]{use: "delete NAME", short: "Delete a VPC connection", ask: "DELETE " + one,
			bind: func(in *api.DeleteVPCConnectionInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.VPCConnection}
			}}, "Deleted the VPC connection $1."),
		noun("network", "VPCs of your account, as you describe them to Sallyport",
			listing(verb[api.Empty]{use: "list", short: "List the VPCs of your account", ask: "GET /account/networks", signs: true}, networkColumns),
			putNetworkCommand(),
			doing(verb[api.NetworkInput]{use: "delete VPC", short: "Forget a VPC of your account", ask: "DELETE /account/networks/{vpc}", signs: true,
				bind: func(in *api.NetworkInput, _ *pflag.FlagSet) []*string { return []*string{&in.VPC} }}, "Forgot $1."),
		),
	)
}

func putNetworkCommand() *cobra.Command {
	var private, public []string
	v := verb[api.PutNetworkInput]{use: "put VPC", short: "Describe a VPC of your account", ask: "PUT /account/networks/{vpc}", signs: true,
		bind: func(in *api.PutNetworkInput, f *pflag.FlagSet) []*string {
			f.StringVar(&in.Body.Region, "region", "", "`Region` it is in")
			f.StringVar(&in.Body.CIDR, "cidr", "", "its address `range`, such as 10.0.0.0/16")
			f.StringSliceVar(&private, "private-subnet", nil, "a private subnet, as `ID=RANGE`; again for more")
			f.StringSliceVar(&public, "public-subnet", nil, "a subnet with a route to the internet, likewise")
			f.StringSliceVar(&in.Body.SecurityGroups, "security-group", []string{}, "`id` of a security group; again for more")
			return []*string{&in.VPC}
		}}
	return v.command(func(cmd *cobra.Command, a asked[api.PutNetworkInput]) error {
		a.in.Body.Subnets = []api.Subnet{}
		for i, texts := range [][]string{private, public} {
			for _, text := range texts {
				id, cidr, ok := strings.Cut(text, "=")
				if !ok {
					return fmt.Errorf("%w: a subnet is ID=RANGE, not %q", errUsage, text)
				}
				a.in.Body.Subnets = append(a.in.Body.Subnets, api.Subnet{ID: id, CIDR: cidr, Private: i == 0})
			}
		}
		var made api.Network
		if err := call(cmd.Context(), a.remote, a.token, v.ask, a.in, nil, &made); err != nil {
			return err
		}
		return networkColumns.one(a.printer, made)
	})
}
