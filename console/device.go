package console

import (
	"strings"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/signin"
)

// Letting programs in: devices by their code, clients by consent.

// devicePage shows one form to type a code into and then, with the code in the
// page's address, what waits behind it.
type devicePage struct {
	Code   string
	Device *signin.Device // nil: no code was given yet
}

// showDevice asks for a sign-in first of all: whoever has typed the code would
// otherwise have to do it again.
func (c *console) showDevice(v *visit) (any, error) {
	typed := v.asks("user_code")
	if typed == "" {
		_, err := c.showSelf(v)
		return devicePage{}, err
	}
	device, err := c.ask.DescribeDevice.ask(v, signin.DeviceInput{UserCode: typed})
	if err != nil {
		return nil, &askAgain{err, devicePage{}}
	}
	code, err := credential.ParseUserCode(typed)
	return devicePage{Code: code, Device: device}, err
}

func (c *console) approveDevice(v *visit) (answer, error) {
	_, err := c.ask.ApproveDevice.ask(v, signin.DeviceInput{UserCode: v.asks("user_code")})
	return goTo("/device/approved"), err
}

func (c *console) refuseDevice(v *visit) (answer, error) {
	_, err := c.ask.DenyDevice.ask(v, signin.DeviceInput{UserCode: v.asks("user_code")})
	return goTo("/device/refused"), err
}

// askedStore is in the address that a device is given for its page.
func (c *console) askedStore(v *visit) (string, error) { return v.asks("store"), nil }

// clientStore is what the client that asks has need of.
func (c *console) clientStore(v *visit) (string, error) {
	in := v.authorization()
	doors, err := c.ask.DescribeSignIn.ask(v, signin.DescribeSignInInput{ClientID: in.ClientID, Scope: in.Scope})
	if err != nil {
		return "", err
	}
	return doors.Store, nil
}

// authorization is the request of the page's address. The AWS CLI writes the
// scopes it wants as "scopes", with commas; RFC 6749 section 3.3 as "scope", with spaces.
func (v *visit) authorization() signin.AuthorizationInput {
	scope := v.asks("scope") + " " + v.asks("scopes")
	return signin.AuthorizationInput{
		ResponseType: v.asks("response_type"), ClientID: v.asks("client_id"), RedirectURI: v.asks("redirect_uri"),
		Scope: strings.TrimSpace(strings.ReplaceAll(scope, ",", " ")), RequestState: v.asks("state"),
		CodeChallenge: v.asks("code_challenge"), CodeChallengeMethod: v.asks("code_challenge_method"),
	}
}

func (c *console) showAuthorization(v *visit) (any, error) {
	in := v.authorization()
	described, err := c.ask.DescribeAuthorization.ask(v, in)
	if err == nil {
		v.mayLeadTo(in.RedirectURI)
	}
	return described, err
}

func (c *console) authorize(v *visit) (answer, error) {
	authorized, err := c.ask.Authorize.ask(v, v.authorization())
	if err != nil {
		return answer{}, err
	}
	return answer{location: authorized.Location}, nil
}

func (c *console) refuseAuthorization(v *visit) (answer, error) {
	if _, err := c.showAuthorization(v); err != nil {
		return answer{}, err
	}
	in := v.authorization()
	location, err := in.Refusal()
	return answer{location: location}, err
}

// scopes in words that follow "may".
var scopes = map[string]string{
	credential.ScopeCodeCatalyst: "read and change whatever you may in your spaces and projects",
	credential.ScopePortal:       "see which AWS accounts and roles are assigned to you, and get credentials for them",
	credential.ScopeManage:       "manage your profile, sessions and tokens, and the members, teams and invitations of your spaces",
}

func scopeInWords(scope string) string {
	if words := scopes[scope]; words != "" {
		return words
	}
	return scope
}
