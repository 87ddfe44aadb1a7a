package console

import (
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/signin"
)

// The account's side, for those who came through the access portal: the spaces that ask
// for an account or have it, and the roles they may use. Everything is asked in a role
// that is assigned to whoever sits here, and decided by the policies of that role.

// inRole is where a page of an account's is: which account, in which role.
type inRole struct {
	Account, Role string
}

// Path is the address of such a page.
func (r inRole) Path(rest string) string {
	return portalPath + "/accounts/" + url.PathEscape(r.Account) + "/" + url.PathEscape(r.Role) + rest
}

// act makes what follows be asked in the role that the page's address names. Who sits
// here is asked first: they have to be signed in, and the page's head shows them.
func (c *console) act(v *visit) (inRole, error) {
	at := inRole{v.PathValue("account"), v.PathValue("role")}
	v.request.Credential.Acting = nil
	if _, err := c.ask.DescribeSelf.ask(v, signin.Empty{}); err != nil {
		return at, err
	}
	v.request.Credential.Acting = &authn.Acting{Account: account.ID(at.Account), Role: at.Role}
	return at, nil
}

// acting is a form that is done in that role.
func (c *console) acting(do func(*visit, inRole) (answer, error)) func(*visit) (answer, error) {
	return func(v *visit) (answer, error) {
		at, err := c.act(v)
		if err != nil {
			return answer{}, err
		}
		return do(v, at)
	}
}

// accountSpaces are the spaces that are connected to an account.
type accountSpaces struct {
	At          inRole
	Connections *api.List[api.AccountConnection]
	Pipelines   *api.List[api.AccountPipeline]
}

func (c *console) showAccountSpaces(v *visit) (any, error) {
	at, err := c.act(v)
	if err != nil {
		return nil, err
	}
	found, err := c.ask.ListAccountConnections.ask(v, api.ListAccountConnectionsInput{Page: v.page("after")})
	if err != nil {
		return nil, err
	}
	pipelines, err := c.ask.ListAccountPipelines.ask(v, api.ListAccountPipelinesInput{})
	return accountSpaces{at, found, pipelines}, err
}

// pendingConnection is what a token asks of an account, to say yes or no to.
type pendingConnection struct {
	At inRole
	*api.AccountConnection
	Token string
}

// lookAtRequest shows the request in its own answer: the token in an address would stay
// in the browser's history.
func (c *console) lookAtRequest(v *visit, at inRole) (answer, error) {
	token := strings.TrimSpace(v.typed("token"))
	found, err := c.ask.GetPendingConnection.ask(v, api.ConnectionTokenInput{Body: api.VerificationToken{Token: token}})
	if fault.Is(err, fault.NotFound) { // projects ask with the same kind of token
		asked, err := c.ask.GetPendingPipeline.ask(v, api.PipelineTokenInput{Body: api.VerificationToken{Token: token}})
		return answer{template: "pending-pipeline", data: pendingPipeline{at, asked, token}}, err
	}
	return answer{template: "pending-connection", data: pendingConnection{at, found, token}}, err
}

func (c *console) acceptRequest(v *visit, at inRole) (answer, error) {
	found, err := c.ask.AcceptConnection.ask(v, api.ConnectionTokenInput{Body: api.VerificationToken{Token: v.typed("token")}})
	if err != nil {
		return answer{}, err
	}
	return goTo(at.Path("/spaces/"+url.PathEscape(found.ID)), "done", "space-accepted"), nil
}

func (c *console) rejectRequest(v *visit, at inRole) (answer, error) {
	_, err := c.ask.RejectConnection.ask(v, api.ConnectionTokenInput{Body: api.VerificationToken{Token: v.typed("token")}})
	return goTo(at.Path("/spaces"), "done", "space-rejected"), err
}

// accountSpace is one space that is connected, with the roles it may use.
type accountSpace struct {
	At inRole
	*api.AccountConnection
	Roles *api.List[api.ConnectionRole]
}

func (c *console) showAccountSpace(v *visit) (any, error) {
	at, err := c.act(v)
	if err != nil {
		return nil, err
	}
	of := api.AccountConnectionInput{ID: v.PathValue("id")}
	page := accountSpace{At: at}
	if page.AccountConnection, err = c.ask.GetAccountConnection.ask(v, of); err != nil {
		return nil, err
	}
	page.Roles, err = c.ask.ListIamRolesForConnection.ask(v, of)
	return page, err
}

// Development tells whether the space has its development administrator role already.
func (p accountSpace) Development() bool {
	for _, role := range p.Roles.Items {
		if role.Warning != "" {
			return true
		}
	}
	return false
}

func (c *console) addRoleToSpace(v *visit, at inRole) (answer, error) {
	arn := strings.TrimSpace(v.typed("role"))
	if !strings.Contains(arn, ":") {
		arn = "arn:aws:iam::" + at.Account + ":role/" + arn
	}
	_, err := c.ask.AssociateIamRoleToConnection.ask(v, api.AssociateRoleInput{ID: v.PathValue("id"),
		Body: api.NamedRole{RoleARN: arn, Purposes: append([]string{}, v.PostForm["purpose"]...)}})
	return v.here("role-added", err)
}

func (c *console) removeRoleFromSpace(v *visit, _ inRole) (answer, error) {
	_, err := c.ask.DisassociateIamRoleFromConnection.ask(v, api.DisassociateRoleInput{ID: v.PathValue("id"), Role: v.typed("of")})
	return v.here("role-removed", err)
}

func (c *console) makeDevelopmentRole(v *visit, _ inRole) (answer, error) {
	_, err := c.ask.CreateDevelopmentRole.ask(v, api.AccountConnectionInput{ID: v.PathValue("id")})
	return v.here("development-role-made", err)
}

func (c *console) disconnectSpace(v *visit, at inRole) (answer, error) {
	_, err := c.ask.DeleteAccountConnection.ask(v, api.AccountConnectionInput{ID: v.PathValue("id")})
	return goTo(at.Path("/spaces"), "done", "space-disconnected"), err
}

// accountAccess is who reaches an account, drawn and as a table.
type accountAccess struct {
	*api.AccountReport
	Back    string // where the page is reached from
	Drawing drawing
}

func (c *console) showAccountAccess(v *visit) (any, error) {
	at, err := c.act(v)
	if err != nil {
		return nil, err
	}
	report, err := c.ask.ReportAccountAccess.ask(v, api.ReportAccountAccessInput{})
	if err != nil {
		return nil, err
	}
	return accountAccess{report, at.Path("/spaces"), draw(report)}, nil
}

func (c *console) showConnectionAccess(v *visit) (any, error) {
	space, name := v.PathValue("space"), v.PathValue("connection")
	of, err := c.ask.GetConnection.ask(v, api.GetConnectionInput{Space: space, Connection: name})
	if err != nil {
		return nil, err
	}
	report, err := c.ask.ReportConnectionAccess.ask(v, api.ReportConnectionAccessInput{Space: space, Account: of.Account})
	if err != nil {
		return nil, err
	}
	return accountAccess{report, connectionsPath(space) + "/" + url.PathEscape(of.Name), draw(report)}, nil
}
