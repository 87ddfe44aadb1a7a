package console

import (
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/role"
)

// environmentsPage is where a project's actions reach accounts from.
type environmentsPage struct {
	Space, Project string
	May            may
	Environments   *api.List[api.Environment]
	Connections    *api.List[api.Connection] // to choose from
}

func (c *console) showEnvironments(v *visit) (any, error) {
	page := environmentsPage{Space: v.PathValue("space"), Project: v.PathValue("project")}
	var err error
	if page.Environments, err = c.ask.ListEnvironments.ask(v, api.ListEnvironmentsInput{Space: page.Space, Project: page.Project, Page: v.page("after")}); err != nil {
		return nil, err
	}
	if page.Connections, err = c.ask.ListConnections.ask(v, api.ListConnectionsInput{Space: page.Space, Page: api.Page{Limit: mostProjects}}); err != nil {
		return nil, err
	}
	page.May, err = c.may(v, role.CreateEnvironment, role.DeleteEnvironment, role.ConnectEnvironmentAccount, role.ChooseEnvironmentRole, role.AddEnvironmentVPC)
	return page, err
}

func (c *console) createEnvironment(v *visit) (answer, error) {
	_, err := c.ask.CreateEnvironment.ask(v, api.CreateEnvironmentInput{Space: v.PathValue("space"), Project: v.PathValue("project"), Body: api.NewEnvironment{
		Name: v.typed("name"), Type: v.typed("type"), Description: v.typed("description"), Connection: v.typed("connection"), Role: v.typed("role")}})
	return v.here("environment-made", err)
}

// changeEnvironment changes what is in the form, and of that what is not as it was: each
// takes a permission of its own.
func (c *console) changeEnvironment(v *visit) (answer, error) {
	space, project, name := v.PathValue("space"), v.PathValue("project"), v.typed("of")
	now, err := c.ask.GetEnvironment.ask(v, api.GetEnvironmentInput{Space: space, Project: project, Environment: name})
	if err != nil {
		return answer{}, err
	}
	connection := ""
	if now.Connection != nil {
		connection = now.Connection.Name
	}
	change := api.EnvironmentChange{Type: changed(v, "type", now.Type), Connection: changed(v, "connection", connection), VPCConnection: changed(v, "network", now.VPCConnection)}
	if change.Role = changed(v, "role", now.Role); change.Connection != nil && *change.Connection == "" {
		change.Role = nil // it goes with its connection
	}
	_, err = c.ask.UpdateEnvironment.ask(v, api.UpdateEnvironmentInput{Space: space, Project: project, Environment: name, Body: change})
	return v.here("environment-changed", err)
}

// changed is what was typed into a field, where that is another value than before.
func changed(v *visit, field, before string) *string {
	typed := v.typed(field)
	if !v.PostForm.Has(field) || typed == before {
		return nil
	}
	return &typed
}

func (c *console) deleteEnvironment(v *visit) (answer, error) {
	_, err := c.ask.DeleteEnvironment.ask(v, api.DeleteEnvironmentInput{Space: v.PathValue("space"), Project: v.PathValue("project"), Environment: v.typed("of")})
	return v.here("environment-deleted", err)
}
