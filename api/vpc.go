package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// VPCConnection is a network of an account that a space's actions run in.
type VPCConnection struct {
	VPCConnectionSettings
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
}

// VPCConnectionSettings is what of a VPC connection can be changed.
type VPCConnectionSettings struct {
	Connection     string   `json:"connection" doc:"Name of the account connection"`
	Role           string   `json:"role" doc:"Name of the role on it that makes network interfaces"`
	VPC            string   `json:"vpc"`
	Subnets        []string `json:"subnets" nullable:"false" doc:"Private ones of the VPC, one at least"`
	SecurityGroups []string `json:"securityGroups,omitempty" nullable:"false" doc:"Five at most"`
	Default        bool     `json:"default,omitempty" doc:"Whether everything in the space runs there whose environment names no other"`
}

// CreateVPCConnectionInput makes one.
type CreateVPCConnectionInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Body  NewVPCConnection
}

// NewVPCConnection is what making one takes.
type NewVPCConnection struct {
	VPCConnectionSettings
	Name string `json:"name"`
}

// ListVPCConnectionsInput asks for those of a space.
type ListVPCConnectionsInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Page
}

// GetVPCConnectionInput asks for one.
type GetVPCConnectionInput struct {
	Space         string `path:"space" doc:"Name of the space"`
	VPCConnection string `path:"vpcConnection" doc:"Name of the VPC connection"`
}

// UpdateVPCConnectionInput changes one.
type UpdateVPCConnectionInput struct {
	Space         string `path:"space" doc:"Name of the space"`
	VPCConnection string `path:"vpcConnection" doc:"Name of the VPC connection"`
	Body          VPCConnectionSettings
}

// DeleteVPCConnectionInput ends one.
type DeleteVPCConnectionInput struct {
	Space         string `path:"space" doc:"Name of the space"`
	VPCConnection string `path:"vpcConnection" doc:"Name of the VPC connection"`
}

// Network is a VPC of an account, as its administrator describes it.
type Network struct {
	VPC string `json:"vpc"`
	NetworkSettings
}

// NetworkSettings describe a VPC.
type NetworkSettings struct {
	Region         string   `json:"region"`
	CIDR           string   `json:"cidr"`
	Subnets        []Subnet `json:"subnets" nullable:"false"`
	SecurityGroups []string `json:"securityGroups" nullable:"false"`
}

// Subnet is one of a VPC.
type Subnet struct {
	ID      string `json:"id"`
	CIDR    string `json:"cidr"`
	Private bool   `json:"private" doc:"It has no route to an internet gateway"`
}

// NetworkInput names a VPC of the caller's account.
type NetworkInput struct {
	VPC string `path:"vpc"`
}

// PutNetworkInput describes one.
type PutNetworkInput struct {
	VPC  string `path:"vpc"`
	Body NetworkSettings
}

func (a *API) vpcRoutes() []route {
	const connections, one = inSpace + "/vpc-connections", inSpace + "/vpc-connections/{vpcConnection}"
	const networks, network = "/account/networks", "/account/networks/{vpc}"
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{Space}") }
	return []route{
		create("CreateVPCConnection", "POST "+connections, "Create a VPC connection", a.createVPCConnection, in(role.CreateVPCConnection)),
		read("ListVPCConnections", "GET "+connections, "The VPC connections of a space", a.listVPCConnections, in(role.ViewVPCConnections)),
		read("GetVPCConnection", "GET "+one, "One VPC connection", a.getVPCConnection, in(role.ViewVPCConnections)),
		write("UpdateVPCConnection", "PUT "+one, "Change a VPC connection", a.updateVPCConnection, in(role.EditVPCConnection)),
		write("DeleteVPCConnection", "DELETE "+one, "Delete a VPC connection", a.deleteVPCConnection, in(role.DeleteVPCConnection)),
		read("ListNetworks", "GET "+networks, "The VPCs of your account", a.listNetworks, authz.IAM("ec2:DescribeVpcs", "*")),
		write("PutNetwork", "PUT "+network, "Describe a VPC of your account", a.putNetwork, authz.IAM("ec2:CreateVpc", "vpc/{VPC}")),
		write("DeleteNetwork", "DELETE "+network, "Forget a VPC of your account", a.deleteNetwork, authz.IAM("ec2:DeleteVpc", "vpc/{VPC}")),
	}
}

func (s VPCConnectionSettings) vpcConnection(id connection.VPCConnectionID, name string) connection.VPCConnection {
	return connection.VPCConnection{ID: id, Name: name, Connection: s.Connection, Role: s.Role, VPC: s.VPC, Subnets: s.Subnets, SecurityGroups: s.SecurityGroups, Default: s.Default}
}

func (a *API) createVPCConnection(c *operation.Command, in *CreateVPCConnectionInput) (*VPCConnection, error) {
	return one(vpcShown)(a.Connections.PutVPCConnection(c.Tx, c.Grant.Space.ID, in.Body.vpcConnection("", in.Body.Name)))
}

func (a *API) listVPCConnections(q *operation.Query, in *ListVPCConnectionsInput) (*List[VPCConnection], error) {
	return list(in.Page, func(p space.Page) ([]connection.VPCConnection, error) {
		return a.Connections.VPCConnections(q.Tx, q.Grant.Space.ID, p)
	}, func(v connection.VPCConnection) string { return v.Name }, each(vpcShown))
}

func (a *API) getVPCConnection(q *operation.Query, in *GetVPCConnectionInput) (*VPCConnection, error) {
	return one(vpcShown)(a.Connections.VPCConnection(q.Tx, q.Grant.Space.ID, in.VPCConnection))
}

func (a *API) updateVPCConnection(c *operation.Command, in *UpdateVPCConnectionInput) (*VPCConnection, error) {
	v, err := a.Connections.VPCConnection(c.Tx.Reading(), c.Grant.Space.ID, in.VPCConnection)
	if err != nil {
		return nil, err
	}
	return one(vpcShown)(a.Connections.PutVPCConnection(c.Tx, c.Grant.Space.ID, in.Body.vpcConnection(v.ID, v.Name)))
}

func (a *API) deleteVPCConnection(c *operation.Command, in *DeleteVPCConnectionInput) (*Empty, error) {
	v, err := a.Connections.VPCConnection(c.Tx.Reading(), c.Grant.Space.ID, in.VPCConnection)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Connections.DeleteVPCConnection(c.Tx, v.ID)
}

func (a *API) listNetworks(q *operation.Query, _ *Empty) (*List[Network], error) {
	networks, err := a.Connections.Networks(q.Tx, q.Caller.Principal.ID())
	return &List[Network]{Items: translate(networks, networkShown)}, err
}

func (a *API) putNetwork(c *operation.Command, in *PutNetworkInput) (*Network, error) {
	n := connection.Network{VPC: in.VPC, Region: in.Body.Region, CIDR: in.Body.CIDR, SecurityGroups: in.Body.SecurityGroups,
		Subnets: translate(in.Body.Subnets, func(s Subnet) connection.Subnet { return connection.Subnet(s) })}
	shown := networkShown(n)
	return &shown, a.Connections.PutNetwork(c.Tx, c.Caller.Principal.ID(), n)
}

func (a *API) deleteNetwork(c *operation.Command, in *NetworkInput) (*Empty, error) {
	return &Empty{}, a.Connections.DeleteNetwork(c.Tx, c.Caller.Principal.ID(), in.VPC)
}

func vpcShown(v connection.VPCConnection) VPCConnection {
	return VPCConnection{VPCConnectionSettings{v.Connection, v.Role, v.VPC, v.Subnets, v.SecurityGroups, v.Default}, v.Name, v.CreatedAt}
}

func networkShown(n connection.Network) Network {
	return Network{n.VPC, NetworkSettings{n.Region, n.CIDR, translate(n.Subnets, func(s connection.Subnet) Subnet { return Subnet(s) }), append([]string{}, n.SecurityGroups...)}}
}
