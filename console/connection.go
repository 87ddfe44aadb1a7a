package console

import (
	"strings"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
)

// The space's side of its ways into accounts: connections, and the networks of those
// accounts that its actions run in.

// connectionsPage is every connection of a space.
type connectionsPage struct {
	Space       string
	May         may
	Connections *api.List[api.Connection]
	Networks    *api.List[api.VPCConnection]
}

func connectionsPath(space string) string { return spacePath(space) + "/connections" }

func (c *console) showConnections(v *visit) (any, error) {
	page := connectionsPage{Space: v.PathValue("space")}
	var err error
	if page.Connections, err = c.ask.ListConnections.ask(v, api.ListConnectionsInput{Space: page.Space, Page: v.page("after")}); err != nil {
		return nil, err
	}
	if page.Networks, err = c.ask.ListVPCConnections.ask(v, api.ListVPCConnectionsInput{Space: page.Space, Page: v.page("networks")}); err != nil {
		return nil, err
	}
	page.May, err = c.may(v, role.AssociateAccount, role.CreateVPCConnection, role.EditVPCConnection, role.DeleteVPCConnection)
	return page, err
}

// askedFor is a request with its token, which is shown in this answer alone.
type askedFor struct {
	*api.RequestedConnection
	Space string
}

func (c *console) requestConnection(v *visit) (answer, error) {
	made, err := c.ask.RequestConnection.ask(v, api.RequestConnectionInput{Space: v.PathValue("space"), Body: api.NewConnection{
		Account: strings.NewReplacer(" ", "", "-", "").Replace(v.typed("account")), Name: v.typed("name"), Description: v.typed("description")}})
	return answer{template: "connection-asked", data: askedFor{made, v.PathValue("space")}}, err
}

func (c *console) createVPCConnection(v *visit) (answer, error) {
	_, err := c.ask.CreateVPCConnection.ask(v, api.CreateVPCConnectionInput{Space: v.PathValue("space"), Body: api.NewVPCConnection{Name: v.typed("name"), VPCConnectionSettings: vpcTyped(v)}})
	return v.here("network-made", err)
}

// changeVPCConnection changes one whose name is in the form.
func (c *console) changeVPCConnection(v *visit) (answer, error) {
	_, err := c.ask.UpdateVPCConnection.ask(v, api.UpdateVPCConnectionInput{Space: v.PathValue("space"), VPCConnection: v.typed("of"), Body: vpcTyped(v)})
	return v.here("network-changed", err)
}

func vpcTyped(v *visit) api.VPCConnectionSettings {
	return api.VPCConnectionSettings{
		Connection: v.typed("connection"), Role: v.typed("role"), VPC: v.typed("vpc"), Subnets: words(v.typed("subnets")), SecurityGroups: words(v.typed("groups")), Default: v.typed("default") != "",
	}
}

// words are what spaces and commas stand between.
func words(text string) []string {
	return append([]string{}, strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })...)
}

func (c *console) deleteVPCConnection(v *visit) (answer, error) {
	_, err := c.ask.DeleteVPCConnection.ask(v, api.DeleteVPCConnectionInput{Space: v.PathValue("space"), VPCConnection: v.typed("of")})
	return v.here("network-deleted", err)
}

// connectionPage is one connection with what hangs on it.
type connectionPage struct {
	*api.ConnectionDetail
	Space    string
	May      may
	Projects []enabled // that could be enabled, and whether they are
}

type enabled struct {
	Name    string
	Enabled bool
}

func (c *console) showConnection(v *visit) (any, error) {
	page := connectionPage{Space: v.PathValue("space")}
	var err error
	if page.ConnectionDetail, err = c.ask.GetConnection.ask(v, api.GetConnectionInput{Space: page.Space, Connection: v.PathValue("connection")}); err != nil {
		return nil, err
	}
	if page.May, err = c.may(v, role.UpdateAccount, role.DeleteAccount, role.RestrictAccount, role.UnrestrictAccount, role.ViewAccess); err != nil {
		return nil, err
	}
	may := map[string]bool{}
	for _, name := range page.ConnectionDetail.Projects {
		may[name] = true
	}
	projects, err := c.ask.ListProjects.ask(v, api.ListProjectsInput{Space: page.Space, Page: api.Page{Limit: mostProjects}})
	if err != nil {
		return nil, err
	}
	for _, p := range projects.Items {
		page.Projects = append(page.Projects, enabled{p.Name, may[p.Name]})
	}
	return page, nil
}

// mostProjects is how many can be chosen from on a page.
const mostProjects = 1000

func (c *console) restrictConnection(v *visit) (answer, error) {
	_, err := c.ask.RestrictConnection.ask(v, api.RestrictConnectionInput{Space: v.PathValue("space"), Connection: v.PathValue("connection"),
		Body: api.EnabledProjects{Projects: append([]string{}, v.PostForm["project"]...)}})
	return v.here("restricted", err)
}

func (c *console) unrestrictConnection(v *visit) (answer, error) {
	_, err := c.ask.UnrestrictConnection.ask(v, api.UnrestrictConnectionInput{Space: v.PathValue("space"), Connection: v.PathValue("connection")})
	return v.here("unrestricted", err)
}

func (c *console) verifyConnectionRole(v *visit) (answer, error) {
	_, err := c.ask.VerifyConnectionRole.ask(v, api.VerifyRoleInput{Space: v.PathValue("space"), Connection: v.PathValue("connection"),
		Body: api.VerifiedRole{RoleARN: v.typed("role"), Purposes: []string{"RUNNER"}, Project: v.typed("project")}})
	return v.here("role-added", err)
}

func (c *console) removeConnectionRole(v *visit) (answer, error) {
	_, err := c.ask.RemoveConnectionRole.ask(v, api.RemoveConnectionRoleInput{Space: v.PathValue("space"), Connection: v.PathValue("connection"), Role: v.typed("of")})
	return v.here("role-removed", err)
}

// deleteConnection takes the name typed once more: it is for good.
func (c *console) deleteConnection(v *visit) (answer, error) {
	space, name := v.PathValue("space"), v.PathValue("connection")
	if v.typed("name") != name {
		return answer{}, fault.Invalidf("type the name of the connection, %s, to delete it", name)
	}
	_, err := c.ask.DeleteConnection.ask(v, api.DeleteConnectionInput{Space: space, Connection: name})
	return goTo(connectionsPath(space), "done", "connection-deleted"), err
}
