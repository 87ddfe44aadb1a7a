package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Environment is where a project's actions reach an account from.
type Environment struct {
	ID            string                 `json:"id"`
	Name          string                 `json:"name"`
	Type          string                 `json:"type" enum:"non-production,production" doc:"Shown beside what is done there, and nothing else"`
	Description   string                 `json:"description,omitempty"`
	Connection    *EnvironmentConnection `json:"connection,omitempty"`
	Role          string                 `json:"role,omitempty" doc:"The default role, by name"`
	VPCConnection string                 `json:"vpcConnection,omitempty" doc:"Name of the VPC connection it runs in, chosen for it; (deleted), where it was deleted since. Absent: the space's default"`
	CreatedAt     time.Time              `json:"createdAt"`
	Warning       string                 `json:"warning,omitempty" doc:"What is not as it should be: a development administrator role, above all in production"`
}

// EnvironmentConnection is where an environment leads.
type EnvironmentConnection struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Account string `json:"account"`
	State   string `json:"state" enum:"pending,active,rejected,expired,deleted"`
}

// CreateEnvironmentInput makes one.
type CreateEnvironmentInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Body    NewEnvironment
}

// NewEnvironment is what creating an environment takes. What leads into an account takes
// further permissions.
type NewEnvironment struct {
	Name          string `json:"name"`
	Type          string `json:"type,omitempty" enum:"non-production,production" doc:"non-production when left out"`
	Description   string `json:"description,omitempty"`
	Connection    string `json:"connection,omitempty" doc:"Name of an account connection. Takes wf.env.account"`
	Role          string `json:"role,omitempty" doc:"Name of a role on it, the default. Takes wf.env.role"`
	VPCConnection string `json:"vpcConnection,omitempty" doc:"Name of a VPC connection. Takes wf.env.vpc.add"`
}

// ListEnvironmentsInput asks for those of a project.
type ListEnvironmentsInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Page
}

// GetEnvironmentInput asks for one.
type GetEnvironmentInput struct {
	Space       string `path:"space" doc:"Name of the space"`
	Project     string `path:"project" doc:"Name of the project"`
	Environment string `path:"environment" doc:"Name of the environment"`
}

// UpdateEnvironmentInput changes one.
type UpdateEnvironmentInput struct {
	Space       string `path:"space" doc:"Name of the space"`
	Project     string `path:"project" doc:"Name of the project"`
	Environment string `path:"environment" doc:"Name of the environment"`
	Body        EnvironmentChange
}

// EnvironmentChange is a change. What is left out stays.
type EnvironmentChange struct {
	Type          *string `json:"type,omitempty" enum:"non-production,production"`
	Description   *string `json:"description,omitempty"`
	Connection    *string `json:"connection,omitempty" doc:"Name of an account connection; empty: none. Another one takes the default role away"`
	Role          *string `json:"role,omitempty" doc:"Name of a role on the connection; empty: none. Takes wf.env.role"`
	VPCConnection *string `json:"vpcConnection,omitempty" doc:"Name of a VPC connection; empty: the space's default. Takes wf.env.vpc.add or wf.env.vpc.remove"`
}

// DeleteEnvironmentInput ends one.
type DeleteEnvironmentInput struct {
	Space       string `path:"space" doc:"Name of the space"`
	Project     string `path:"project" doc:"Name of the project"`
	Environment string `path:"environment" doc:"Name of the environment"`
}

const (
	environments   = inProject + "/environments"
	oneEnvironment = environments + "/{environment}"
)

func (a *API) environmentRoutes() []route {
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{Space}/{Project}") }
	return []route{
		create("CreateEnvironment", "POST "+environments, "Create an environment", a.createEnvironment, in(role.CreateEnvironment)),
		read("ListEnvironments", "GET "+environments, "The environments of a project", a.listEnvironments, in(role.ViewEnvironments)),
		read("GetEnvironment", "GET "+oneEnvironment, "One environment", a.getEnvironment, in(role.ViewEnvironments)),
		write("UpdateEnvironment", "PATCH "+oneEnvironment, "Change an environment, and where it leads", a.updateEnvironment, in(role.ConnectEnvironmentAccount)),
		write("DeleteEnvironment", "DELETE "+oneEnvironment, "Delete an environment", a.deleteEnvironment, in(role.DeleteEnvironment)),
	}
}

func (a *API) createEnvironment(c *operation.Command, in *CreateEnvironmentInput) (*Environment, error) {
	b := in.Body
	made, err := a.Connections.CreateEnvironment(c.Tx, c.Grant.Space.ID, c.Grant.Project.ID, c.Caller.UserID, connection.NewEnvironment{
		Name: b.Name, Type: connection.EnvironmentType(b.Type), Description: b.Description,
	})
	if err != nil {
		return nil, err
	}
	return a.change(c, made, EnvironmentChange{Connection: given(b.Connection), Role: given(b.Role), VPCConnection: given(b.VPCConnection)})
}

// given is a text that was given; nil: it was left out.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (a *API) listEnvironments(q *operation.Query, in *ListEnvironmentsInput) (*List[Environment], error) {
	return list(in.Page, func(p space.Page) ([]connection.Environment, error) {
		return a.Connections.Environments(q.Tx, q.Grant.Space.ID, q.Grant.Project.ID, p)
	}, func(e connection.Environment) string { return e.Name }, func(found []connection.Environment) (shown []Environment, err error) {
		shown = make([]Environment, len(found))
		for i, e := range found {
			if shown[i], err = a.environmentShown(q.Tx, q.Grant.Space.ID, e); err != nil {
				return nil, err
			}
		}
		return shown, nil
	})
}

func (a *API) getEnvironment(q *operation.Query, in *GetEnvironmentInput) (*Environment, error) {
	e, err := a.Connections.Environment(q.Tx, q.Grant.Space.ID, q.Grant.Project.ID, in.Environment)
	if err != nil {
		return nil, err
	}
	shown, err := a.environmentShown(q.Tx, q.Grant.Space.ID, e)
	return &shown, err
}

func (a *API) updateEnvironment(c *operation.Command, in *UpdateEnvironmentInput) (*Environment, error) {
	e, err := a.Connections.Environment(c.Tx.Reading(), c.Grant.Space.ID, c.Grant.Project.ID, in.Environment)
	if err != nil {
		return nil, err
	}
	return a.change(c, e, in.Body)
}

// change takes the permission for each thing that is changed.
func (a *API) change(c *operation.Command, e connection.Environment, to EnvironmentChange) (*Environment, error) {
	vpc := role.AddEnvironmentVPC
	if to.VPCConnection != nil && *to.VPCConnection == "" {
		vpc = role.RemoveEnvironmentVPC
	}
	for _, needs := range []struct {
		given      *string
		permission role.Permission
	}{{to.Connection, role.ConnectEnvironmentAccount}, {to.Role, role.ChooseEnvironmentRole}, {to.VPCConnection, vpc}} {
		if decision := c.Grant.Held.Decide(needs.permission, string(c.Grant.Project.ID)); needs.given != nil && !decision.Allowed {
			return nil, fault.Deniedf("%s", decision.Reason())
		}
	}
	e, err := a.Connections.UpdateEnvironment(c.Tx, c.Grant.Space.ID, e, connection.EnvironmentPatch{
		Type: (*connection.EnvironmentType)(to.Type), Description: to.Description, Connection: to.Connection, Role: to.Role, VPC: to.VPCConnection,
	})
	if err != nil {
		return nil, err
	}
	shown, err := a.environmentShown(c.Tx.Reading(), c.Grant.Space.ID, e)
	return &shown, err
}

func (a *API) deleteEnvironment(c *operation.Command, in *DeleteEnvironmentInput) (*Empty, error) {
	e, err := a.Connections.Environment(c.Tx.Reading(), c.Grant.Space.ID, c.Grant.Project.ID, in.Environment)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Connections.DeleteEnvironment(c.Tx, e.ID)
}

func (a *API) environmentShown(tx *database.ReadTx, in space.ID, e connection.Environment) (Environment, error) {
	shown := Environment{ID: string(e.ID), Name: e.Name, Type: string(e.Type), Description: e.Description, Role: e.Role, CreatedAt: e.CreatedAt, Warning: e.Warning()}
	if e.VPC != "" {
		switch v, err := a.Connections.VPCOf(tx, in, e); {
		case fault.Is(err, fault.NotFound):
			shown.VPCConnection = "(deleted)"
		case err != nil:
			return shown, err
		default:
			shown.VPCConnection = v.Name
		}
	}
	if e.Connection == "" {
		return shown, nil
	}
	c, err := a.Connections.Connection(tx, in, e.Connection)
	shown.Connection = &EnvironmentConnection{string(c.ID), c.Name, string(c.Account), string(c.State)}
	return shown, err
}
