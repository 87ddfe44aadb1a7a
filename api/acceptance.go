package api

import (
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// The account's side of connections: asked by principals of the embedded account side,
// who sign, and decided by the IAM actions that AWS has for its console.

// AccountConnection is a connection as the account's side sees it.
type AccountConnection struct {
	ID          string    `json:"id"`
	ARN         string    `json:"arn" doc:"Names it in policies of the account"`
	Name        string    `json:"name"`
	Space       string    `json:"space" doc:"Name of the space that asked"`
	SpaceID     string    `json:"spaceId" doc:"As trust policies name the space"`
	SpaceARN    string    `json:"spaceArn" doc:"aws:SourceArn begins so"`
	Account     string    `json:"account"`
	State       string    `json:"state" enum:"pending,active,rejected,expired,deleted"`
	RequestedAt time.Time `json:"requestedAt"`
	ExpiresAt   time.Time `json:"expiresAt" doc:"Of the verification token"`
	Tags        []Tag     `json:"tags" nullable:"false"`
}

// Tag is a tag of a connection.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// ConnectionTokenInput names a request by its verification token.
type ConnectionTokenInput struct{ Body VerificationToken }

// VerificationToken is what the space was shown when it asked.
type VerificationToken struct {
	Token string `json:"token"`
}

// ListAccountConnectionsInput asks for the connections an account has accepted.
type ListAccountConnectionsInput struct{ Page }

// AccountConnectionInput names one of them.
type AccountConnectionInput struct {
	ID string `path:"id" doc:"Of the connection"`
}

// AssociateRoleInput names a role for a space.
type AssociateRoleInput struct {
	ID   string `path:"id" doc:"Of the connection"`
	Body NamedRole
}

// NamedRole is a role, and what the space may use it for.
type NamedRole struct {
	RoleARN  string   `json:"roleArn"`
	Purposes []string `json:"purposes" nullable:"false" enum:"RUNNER,SERVICE" minItems:"1" doc:"RUNNER: runs workflow actions. SERVICE: reaches another service"`
}

// DisassociateRoleInput takes a role back.
type DisassociateRoleInput struct {
	ID   string `path:"id" doc:"Of the connection"`
	Role string `path:"role" doc:"Name of the role"`
}

// TagConnectionInput adds tags.
type TagConnectionInput struct {
	ID   string `path:"id" doc:"Of the connection"`
	Body ConnectionTags
}

// ConnectionTags are tags to add or replace.
type ConnectionTags struct {
	Tags []Tag `json:"tags" nullable:"false"`
}

// UntagConnectionInput takes tags away.
type UntagConnectionInput struct {
	ID      string   `path:"id" doc:"Of the connection"`
	TagKeys []string `query:"tagKeys" required:"true"`
}

func (a *API) acceptanceRoutes() []route {
	const connections, one = "/account/connections", "/account/connections/{id}"
	of := func(action string) authz.Rule { return authz.IAM("codecatalyst:"+action, "connection/{ID}") }
	any := func(action string) authz.Rule { return authz.IAM("codecatalyst:"+action, "*") }
	return []route{
		read("GetPendingConnection", "POST "+connections+"/pending", "What a verification token asks of your account", a.getPendingConnection, any("GetPendingConnection")),
		write("AcceptConnection", "POST "+connections+"/accept", "Let a space use your account", a.acceptConnection, any("AcceptConnection")),
		write("RejectConnection", "POST "+connections+"/reject", "Refuse a space your account", a.rejectConnection, any("RejectConnection")),
		read("ListAccountConnections", "GET "+connections, "The spaces your account is connected to", a.listAccountConnections, any("ListConnections")),
		read("GetAccountConnection", "GET "+one, "One of them", a.getAccountConnection, of("GetConnection")),
		write("DeleteAccountConnection", "DELETE "+one, "Take your account away from a space, for good", a.deleteAccountConnection, of("DeleteConnection")),
		read("ListIamRolesForConnection", "GET "+one+"/roles", "The roles that a space may use", a.listConnectionRoles, of("ListIamRolesForConnection")),
		create("AssociateIamRoleToConnection", "POST "+one+"/roles", "Name a role that a space may use", a.associateRole, of("AssociateIamRoleToConnection")),
		create("CreateDevelopmentRole", "POST "+one+"/development-role", "Make the development administrator role of the space in your account, and name it. Not for production", a.createDevelopmentRole, of("AssociateIamRoleToConnection")),
		write("DisassociateIamRoleFromConnection", "DELETE "+one+"/roles/{role}", "Take a role back", a.disassociateRole, of("DisassociateIamRoleFromConnection")),
		read("ListTagsForConnection", "GET "+one+"/tags", "The tags of a connection", a.listConnectionTags, of("ListTagsForResource")),
		write("TagConnection", "POST "+one+"/tags", "Add tags to a connection", a.tagConnection, of("TagResource")),
		write("UntagConnection", "DELETE "+one+"/tags", "Take tags off a connection", a.untagConnection, of("UntagResource")),
	}
}

func (a *API) getPendingConnection(q *operation.Query, in *ConnectionTokenInput) (*AccountConnection, error) {
	return one(accountConnection)(a.Connections.Pending(q.Tx, q.Caller.Principal.ID(), q.Caller.Region, in.Body.Token))
}

func (a *API) acceptConnection(c *operation.Command, in *ConnectionTokenInput) (*AccountConnection, error) {
	return one(accountConnection)(recorded(c)(a.Connections.Accept(c.Tx, c.Caller.Principal.ID(), c.Caller.Region, in.Body.Token)))
}

func (a *API) rejectConnection(c *operation.Command, in *ConnectionTokenInput) (*AccountConnection, error) {
	return one(accountConnection)(recorded(c)(a.Connections.Reject(c.Tx, c.Caller.Principal.ID(), c.Caller.Region, in.Body.Token)))
}

// recorded tells both sides of what the account's did.
func recorded(c *operation.Command) func(connection.Connection, error) (connection.Connection, error) {
	return func(found connection.Connection, err error) (connection.Connection, error) {
		if err == nil {
			c.RecordIn(found.Account.Scope(), seal.Space(string(found.SpaceID)))
		}
		return found, err
	}
}

func (a *API) listAccountConnections(q *operation.Query, in *ListAccountConnectionsInput) (*List[AccountConnection], error) {
	return list(in.Page, func(p space.Page) ([]connection.Connection, error) {
		return a.Connections.ToAccount(q.Tx, q.Caller.Principal.ID(), p)
	}, func(c connection.Connection) string { return string(c.ID) }, each(accountConnection))
}

func (a *API) getAccountConnection(q *operation.Query, in *AccountConnectionInput) (*AccountConnection, error) {
	return one(accountConnection)(a.ofAccount(&q.Call, q.Tx, in.ID))
}

// ofAccount finds a connection of the caller's account.
func (a *API) ofAccount(c *operation.Call, tx *database.ReadTx, id string) (connection.Connection, error) {
	return a.Connections.OfAccount(tx, c.Caller.Principal.ID(), connection.ID(id))
}

func (a *API) mine(c *operation.Command, id string) (connection.Connection, error) {
	return recorded(c)(a.ofAccount(&c.Call, c.Tx.Reading(), id))
}

func (a *API) deleteAccountConnection(c *operation.Command, in *AccountConnectionInput) (*Empty, error) {
	found, err := a.mine(c, in.ID)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Connections.Delete(c.Tx, found)
}

func (a *API) listConnectionRoles(q *operation.Query, in *AccountConnectionInput) (*List[ConnectionRole], error) {
	found, err := a.ofAccount(&q.Call, q.Tx, in.ID)
	if err != nil {
		return nil, err
	}
	roles, err := a.Connections.Roles(q.Tx, found)
	return &List[ConnectionRole]{Items: translate(roles, roleOnConnection)}, err
}

func (a *API) associateRole(c *operation.Command, in *AssociateRoleInput) (*ConnectionRole, error) {
	found, err := a.mine(c, in.ID)
	if err != nil {
		return nil, err
	}
	r, err := connection.ParseRole(found.Account, in.Body.RoleARN)
	if err != nil {
		return nil, err
	}
	if r.Purposes, err = connection.ParsePurposes(in.Body.Purposes); err != nil {
		return nil, err
	}
	if err := a.mayPass(c, r.ARN, r.Purposes); err != nil {
		return nil, err
	}
	return one(roleOnConnection)(a.Connections.AddRole(c.Tx, found, r))
}

// mayPass: whoever names a role for a space gives it away, like passing it to a service.
func (a *API) mayPass(c *operation.Command, role string, purposes []connection.Purpose) error {
	for _, purpose := range purposes {
		if err := a.alsoAllowed(c, "iam:PassRole", role, policy.Context{"iam:passedtoservice": {purpose.Principal()}}); err != nil {
			return err
		}
	}
	return nil
}

func (a *API) alsoAllowed(c *operation.Command, action, resource string, own policy.Context) error {
	return a.Authorizer.Require(c.Tx.Reading(), c.Caller, c.Request.Circumstances(), action, resource, own)
}

// createDevelopmentRole takes what its steps take, one by one.
func (a *API) createDevelopmentRole(c *operation.Command, in *AccountConnectionInput) (*ConnectionRole, error) {
	found, err := a.mine(c, in.ID)
	if err != nil {
		return nil, err
	}
	name := found.DevelopmentRoleName()
	for _, step := range []struct {
		action string
		own    policy.Context
	}{{"iam:CreateRole", nil}, {"iam:AttachRolePolicy", policy.Context{"iam:policyarn": {connection.AdministratorAccess}}}} {
		if err := a.alsoAllowed(c, step.action, "role/"+name, step.own); err != nil {
			return nil, err
		}
	}
	if err := a.mayPass(c, "role/"+name, []connection.Purpose{connection.Runner, connection.Service}); err != nil {
		return nil, err
	}
	return one(roleOnConnection)(a.Connections.CreateDevelopmentRole(c.Tx, found))
}

func (a *API) disassociateRole(c *operation.Command, in *DisassociateRoleInput) (*Empty, error) {
	found, err := a.mine(c, in.ID)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Connections.RemoveRole(c.Tx, found, in.Role)
}

func (a *API) listConnectionTags(q *operation.Query, in *AccountConnectionInput) (*List[Tag], error) {
	found, err := a.ofAccount(&q.Call, q.Tx, in.ID)
	return &List[Tag]{Items: tagsShown(found.Tags)}, err
}

func (a *API) tagConnection(c *operation.Command, in *TagConnectionInput) (*Empty, error) {
	found, err := a.mine(c, in.ID)
	if err != nil {
		return nil, err
	}
	tags, err := account.NewTags(in.Body.Tags, func(t Tag) (string, string) { return t.Key, t.Value })
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Connections.Tag(c.Tx, found, tags)
}

func (a *API) untagConnection(c *operation.Command, in *UntagConnectionInput) (*Empty, error) {
	found, err := a.mine(c, in.ID)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Connections.Untag(c.Tx, found, in.TagKeys)
}

func accountConnection(c connection.Connection) AccountConnection {
	return AccountConnection{
		ID: string(c.ID), ARN: c.ARN(), Name: c.Name, Space: c.SpaceName, SpaceID: string(c.SpaceID), SpaceARN: arn.Space(string(c.SpaceID)).String(),
		Account: string(c.Account), State: string(c.State), RequestedAt: c.RequestedAt, ExpiresAt: c.ExpiresAt, Tags: tagsShown(c.Tags),
	}
}

// tagsShown is tags in the order of their keys.
func tagsShown(tags account.Tags) []Tag {
	shown := []Tag{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		shown = append(shown, Tag{key, tags[key]})
	}
	return shown
}
