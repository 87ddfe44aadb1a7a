package console

import (
	"path"
	"strings"

	"github.com/sallyport/sallyport/signin"
)

// The access portal, for users of an identity store: the accounts and roles that are
// assigned to them, and credentials for those.

const portalPath = "/start"

// portalPage is the portal with what a client is told of it.
type portalPage struct {
	*signin.Portal
	Query string // what the list was searched for
}

// Server is what sallyport configure takes as its endpoint.
func (p portalPage) Server() string { return strings.TrimSuffix(p.Endpoint, "/aws") }

// Store is what it takes as its store: empty for the first.
func (p portalPage) Store() string {
	if p.StartURL == p.Server()+portalPath {
		return ""
	}
	return path.Base(p.StartURL)
}

// Example is a role that is assigned, to configure a profile with. Nil: there is none.
func (p portalPage) Example() *portalExample {
	for _, a := range p.Accounts {
		for _, role := range a.Roles {
			return &portalExample{a.ID, role}
		}
	}
	return nil
}

type portalExample struct{ Account, Role string }

func (c *console) showPortal(v *visit) (any, error) {
	portal, err := c.ask.OpenPortal.ask(v, signin.OpenPortalInput{Store: v.PathValue("store"), Query: v.asks("search"), After: v.asks("after")})
	return portalPage{portal, v.asks("search")}, err
}

// showSelf shows nothing but who is signed in, of either kind.
func (c *console) showSelf(v *visit) (any, error) { return c.ask.DescribeSelf.ask(v, signin.Empty{}) }

func (c *console) namedStore(v *visit) (string, error) { return v.PathValue("store"), nil }

func (c *console) defaultStore(v *visit) (string, error) {
	doors, err := c.ask.DescribeSignIn.ask(v, signin.DescribeSignInInput{})
	if err != nil {
		return "", err
	}
	return doors.Default, nil
}

func (c *console) portalForms() forms {
	return forms{"credentials": c.showCredentials, "change-password": c.changePortalPassword, "sign-out-everywhere": c.signOutEverywhere}
}

// showCredentials shows them in its own answer, because no other will have them.
func (c *console) showCredentials(v *visit) (answer, error) {
	credentials, err := c.ask.GetRoleCredentials.ask(v, signin.GetRoleCredentialsInput{Account: v.typed("account"), Role: v.typed("role")})
	return answer{template: "role-credentials", data: credentials}, err
}

func (c *console) changePortalPassword(v *visit) (answer, error) {
	_, err := c.ask.ChangePassword.ask(v, signin.ChangePasswordInput{Password: v.typed("present"), NewPassword: v.typed("password")})
	return v.here("portal-password", err)
}

func (c *console) signOutEverywhere(v *visit) (answer, error) {
	if _, err := c.ask.SignOutEverywhere.ask(v, signin.Empty{}); err != nil {
		return answer{}, err
	}
	v.end()
	return goTo("/sign-in", "store", string(v.request.Caller.Store), "done", "signed-out-everywhere"), nil
}
