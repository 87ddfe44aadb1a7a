package api

import (
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// Connection is the link from a space to an AWS account.
type Connection struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Account     string     `json:"account" doc:"Number of the account"`
	Side        string     `json:"side" enum:"embedded,aws" doc:"Who answers for the account: Sallyport itself, or AWS"`
	Description string     `json:"description,omitempty"`
	State       string     `json:"state" enum:"pending,active,rejected,expired,deleted"`
	Restricted  bool       `json:"restricted" doc:"Whether enabled projects alone may use it"`
	RequestedBy string     `json:"requestedBy" doc:"Alias"`
	RequestedAt time.Time  `json:"requestedAt"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty" doc:"Of the verification token, while it is pending"`
	DecidedAt   *time.Time `json:"decidedAt,omitempty" doc:"When the account's side accepted or rejected it"`
	DeletedAt   *time.Time `json:"deletedAt,omitempty"`
}

// ConnectionDetail is one connection, with what hangs on it.
type ConnectionDetail struct {
	Connection
	Roles        []ConnectionRole        `json:"roles" nullable:"false" doc:"Named by the account's side"`
	Projects     []string                `json:"projects" nullable:"false" doc:"Names of those that may use it, where it is restricted"`
	Environments []ConnectionEnvironment `json:"environments" nullable:"false" doc:"Which lead into the account by it"`
}

// ConnectionRole is an IAM role on a connection.
type ConnectionRole struct {
	Name     string    `json:"name"`
	ARN      string    `json:"arn"`
	Purposes []string  `json:"purposes" nullable:"false" enum:"RUNNER,SERVICE" doc:"RUNNER: runs workflow actions. SERVICE: reaches another service"`
	AddedAt  time.Time `json:"addedAt"`
	Warning  string    `json:"warning,omitempty" doc:"Why the role is not fit for production"`
}

// ConnectionEnvironment is an environment that has a connection.
type ConnectionEnvironment struct {
	Project     string `json:"project"`
	Environment string `json:"environment"`
	Role        string `json:"role,omitempty" doc:"Its default role"`
}

// RequestConnectionInput asks for an account.
type RequestConnectionInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Body  NewConnection
}

// NewConnection is what asking for an account takes.
type NewConnection struct {
	Account     string `json:"account" doc:"Twelve digits"`
	Name        string `json:"name" doc:"As people of the space see it"`
	Description string `json:"description,omitempty"`
}

// RequestedConnection is a pending connection with what the account's side accepts it by.
type RequestedConnection struct {
	Connection
	Token string `json:"token" doc:"The verification token, shown this once. Whoever administers the account accepts or rejects with it, once"`
}

// ListConnectionsInput asks for the connections of a space.
type ListConnectionsInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Page
}

// GetConnectionInput asks for one.
type GetConnectionInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Connection string `path:"connection" doc:"Name of the connection"`
}

// UpdateConnectionInput changes one.
type UpdateConnectionInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Connection string `path:"connection" doc:"Name of the connection"`
	Body       ConnectionChange
}

// ConnectionChange is what of a connection can be changed.
type ConnectionChange struct {
	Description string `json:"description"`
}

// DeleteConnectionInput ends one.
type DeleteConnectionInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Connection string `path:"connection" doc:"Name of the connection"`
}

// RestrictConnectionInput limits one to some projects.
type RestrictConnectionInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Connection string `path:"connection" doc:"Name of the connection"`
	Body       EnabledProjects
}

// EnabledProjects are those that may use a restricted connection.
type EnabledProjects struct {
	Projects []string `json:"projects" nullable:"false" doc:"Names. A Power user enables and disables those of which they are a member"`
}

// UnrestrictConnectionInput opens one to every project.
type UnrestrictConnectionInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Connection string `path:"connection" doc:"Name of the connection"`
}

// RemoveConnectionRoleInput takes a role off one, from the space's side.
type RemoveConnectionRoleInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Connection string `path:"connection" doc:"Name of the connection"`
	Role       string `path:"role" doc:"Name of the role"`
}

func (a *API) connectionRoutes() []route {
	const connections, one = inSpace + "/connections", inSpace + "/connections/{connection}"
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{Space}") }
	return []route{
		create("RequestConnection", "POST "+connections, "Ask for an AWS account", a.requestConnection, in(role.AssociateAccount), operation.Limit(120)),
		read("ListConnections", "GET "+connections, "The account connections of a space", a.listConnections, in(role.ViewAccounts)),
		read("GetConnection", "GET "+one, "One account connection, with its roles, projects and environments", a.getConnection, in(role.ViewAccounts)),
		write("UpdateConnection", "PATCH "+one, "Change the description of an account connection", a.updateConnection, in(role.UpdateAccount)),
		write("DeleteConnection", "DELETE "+one, "Delete an account connection, for good", a.deleteConnection, in(role.DeleteAccount)),
		write("RestrictConnection", "PUT "+one+"/restriction", "Limit an account connection to some projects", a.restrictConnection, in(role.RestrictAccount)),
		write("UnrestrictConnection", "DELETE "+one+"/restriction", "Open an account connection to every project", a.unrestrictConnection, in(role.UnrestrictAccount)),
		write("VerifyConnectionRole", "POST "+one+"/roles", "Put a role of an account of AWS on its connection, once Sallyport has assumed it", a.verifyConnectionRole,
			in(role.AssociateAccount), operation.Limit(60), operation.Prepare(a.prepareVerification)),
		write("RemoveConnectionRole", "DELETE "+one+"/roles/{role}", "Take a role off an account connection", a.removeConnectionRole, in(role.UpdateAccount)),
	}
}

func (a *API) requestConnection(c *operation.Command, in *RequestConnectionInput) (*RequestedConnection, error) {
	id, err := account.ParseID(in.Body.Account)
	if err != nil {
		return nil, err
	}
	made, token, err := a.Connections.Request(c.Tx, c.Grant.Space.ID, c.Caller.UserID, connection.NewConnection{
		Account: id, Name: in.Body.Name, Description: in.Body.Description,
	})
	if err != nil {
		return nil, err
	}
	shown, err := a.connectionShown(c.Tx.Reading(), made)
	return &RequestedConnection{shown, string(token)}, err
}

func (a *API) listConnections(q *operation.Query, in *ListConnectionsInput) (*List[Connection], error) {
	return list(in.Page, func(p space.Page) ([]connection.Connection, error) {
		return a.Connections.List(q.Tx, q.Grant.Space.ID, p)
	}, func(c connection.Connection) string { return c.Name }, func(found []connection.Connection) ([]Connection, error) {
		return a.connectionsShown(q.Tx, found)
	})
}

func (a *API) getConnection(q *operation.Query, in *GetConnectionInput) (*ConnectionDetail, error) {
	c, err := a.Connections.Named(q.Tx, q.Grant.Space.ID, in.Connection)
	if err != nil {
		return nil, err
	}
	return a.connectionDetail(q.Tx, c)
}

func (a *API) connectionDetail(tx *database.ReadTx, c connection.Connection) (*ConnectionDetail, error) {
	shown, err := a.connectionShown(tx, c)
	if err != nil {
		return nil, err
	}
	roles, err := a.Connections.Roles(tx, c)
	if err != nil {
		return nil, err
	}
	var projects []space.ProjectRef
	if c.Restricted {
		if projects, err = a.Connections.Projects(tx, c); err != nil {
			return nil, err
		}
	}
	leading, err := a.Connections.Leading(tx, c)
	return &ConnectionDetail{
		Connection: shown, Roles: translate(roles, roleOnConnection),
		Projects: translate(projects, func(p space.ProjectRef) string { return p.Name }),
		Environments: translate(leading, func(l connection.Leading) ConnectionEnvironment {
			return ConnectionEnvironment{l.Project.Name, l.Environment, l.Role}
		}),
	}, err
}

func (a *API) updateConnection(c *operation.Command, in *UpdateConnectionInput) (*Connection, error) {
	found, err := a.changed(c, in.Connection)
	if err != nil {
		return nil, err
	}
	if found, err = a.Connections.Describe(c.Tx, found, in.Body.Description); err != nil {
		return nil, err
	}
	shown, err := a.connectionShown(c.Tx.Reading(), found)
	return &shown, err
}

func (a *API) deleteConnection(c *operation.Command, in *DeleteConnectionInput) (*Empty, error) {
	found, err := a.changed(c, in.Connection)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Connections.Delete(c.Tx, found)
}

func (a *API) restrictConnection(c *operation.Command, in *RestrictConnectionInput) (*ConnectionDetail, error) {
	found, err := a.changed(c, in.Connection)
	if err != nil {
		return nil, err
	}
	if err := a.Connections.Restrict(c.Tx, found, c.Grant.Held, in.Body.Projects); err != nil {
		return nil, err
	}
	return a.connectionAgain(c, found)
}

func (a *API) unrestrictConnection(c *operation.Command, in *UnrestrictConnectionInput) (*ConnectionDetail, error) {
	found, err := a.changed(c, in.Connection)
	if err != nil {
		return nil, err
	}
	if err := a.Connections.Unrestrict(c.Tx, found); err != nil {
		return nil, err
	}
	return a.connectionAgain(c, found)
}

func (a *API) removeConnectionRole(c *operation.Command, in *RemoveConnectionRoleInput) (*Empty, error) {
	found, err := a.changed(c, in.Connection)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Connections.RemoveRole(c.Tx, found, in.Role)
}

// changed finds a connection that the space's side changes: told to the account's too.
func (a *API) changed(c *operation.Command, name string) (connection.Connection, error) {
	found, err := a.Connections.Named(c.Tx.Reading(), c.Grant.Space.ID, name)
	if err == nil && found.Side == connection.Embedded && found.State == connection.Active {
		c.RecordIn(seal.Space(string(found.SpaceID)), found.Account.Scope())
	}
	return found, err
}

func (a *API) connectionAgain(c *operation.Command, before connection.Connection) (*ConnectionDetail, error) {
	after, err := a.Connections.Connection(c.Tx.Reading(), before.SpaceID, before.ID)
	if err != nil {
		return nil, err
	}
	return a.connectionDetail(c.Tx.Reading(), after)
}

func (a *API) connectionShown(tx *database.ReadTx, c connection.Connection) (Connection, error) {
	shown, err := a.connectionsShown(tx, []connection.Connection{c})
	if err != nil {
		return Connection{}, err
	}
	return shown[0], nil
}

func (a *API) connectionsShown(tx *database.ReadTx, connections []connection.Connection) ([]Connection, error) {
	people, err := peopleOf(a, tx, connections, func(c connection.Connection) directory.UserID { return c.RequestedBy })
	return translate(connections, func(c connection.Connection) Connection {
		shown := Connection{
			ID: string(c.ID), Name: c.Name, Account: string(c.Account), Side: string(c.Side), Description: c.Description, State: string(c.State),
			Restricted: c.Restricted, RequestedBy: people[c.RequestedBy].Alias, RequestedAt: c.RequestedAt, DecidedAt: told(c.DecidedAt), DeletedAt: told(c.DeletedAt),
		}
		if c.State == connection.Pending || c.State == connection.Expired {
			shown.ExpiresAt = &c.ExpiresAt
		}
		return shown
	}), err
}

// told is a time that may not have come.
func told(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func roleOnConnection(r connection.Role) ConnectionRole {
	shown := ConnectionRole{Name: r.Name, ARN: r.ARN, AddedAt: r.AddedAt, Purposes: translate(r.Purposes, func(p connection.Purpose) string { return string(p) })}
	if r.Development() {
		shown.Warning = connection.DevelopmentWarning
	}
	return shown
}
