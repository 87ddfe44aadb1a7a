package signin

import (
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

// DeviceInput names a device that waits to be let in by the code it shows.
type DeviceInput struct{ UserCode string }

// Device is what somebody sees before they let a device in. The scopes are what it
// would get: of those it asks for, what the caller has to give.
type Device struct {
	ClientName string
	Scopes     []string
	Address    string // where it asked from
	UserAgent  string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	State      string
}

func (s *SignIn) describeDevice(q *operation.Query, in *DeviceInput) (*Device, error) {
	d, err := s.Credentials.DeviceByUserCode(q.Tx, in.UserCode)
	if err != nil {
		return nil, err
	}
	scopes, err := q.Caller.Grant(d.Scopes, d.Store)
	if err != nil && d.State == credential.DevicePending {
		return nil, err
	}
	return &Device{
		ClientName: d.ClientName, Scopes: scopes, Address: d.Origin.Address, UserAgent: d.Origin.UserAgent,
		CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, State: string(d.State),
	}, nil
}

func (s *SignIn) approveDevice(c *operation.Command, in *DeviceInput) (*Empty, error) {
	if err := fresh(c); err != nil {
		return nil, err
	}
	return &Empty{}, s.Credentials.ApproveDevice(c.Tx, in.UserCode, c.Caller.Identity)
}

func (s *SignIn) denyDevice(c *operation.Command, in *DeviceInput) (*Empty, error) {
	return &Empty{}, s.Credentials.DenyDevice(c.Tx, in.UserCode, c.Caller.Identity)
}

// AuthorizationInput is a request of RFC 6749 section 4.1.1 with the challenge
// of RFC 7636.
type AuthorizationInput struct {
	ResponseType        string
	ClientID            string
	RedirectURI         string
	Scope               string // space separated; empty: what the client registered
	RequestState        string // handed back as "state"
	CodeChallenge       string
	CodeChallengeMethod string
}

// Authorization is what somebody sees before they let a client in.
type Authorization struct {
	ClientName string
	Scopes     []string
	// Target is the host that will get the code.
	Target string
}

// check finds the client. Its faults are shown to the person: while the client
// or its address is in doubt nobody may be sent anywhere (RFC 6749 section
// 4.1.2.1), and everything else is a mistake of the client that its author
// will see here just as well.
func (s *SignIn) check(tx *database.ReadTx, in *AuthorizationInput) (credential.Client, error) {
	client, err := s.Credentials.Client(tx, credential.ClientID(in.ClientID))
	if err != nil {
		return client, err
	}
	if err := client.MayRedirectTo(in.RedirectURI); err != nil {
		return client, err
	}
	switch {
	case in.ResponseType != "code":
		return client, fault.Invalidf("response_type must be code")
	case in.CodeChallengeMethod != "S256":
		return client, fault.Invalidf("code_challenge_method must be S256: no code is given without PKCE")
	}
	return client, nil
}

func (s *SignIn) describeAuthorization(q *operation.Query, in *AuthorizationInput) (*Authorization, error) {
	client, err := s.check(q.Tx, in)
	if err != nil {
		return nil, err
	}
	scopes, err := client.Grant(strings.Fields(in.Scope))
	if err == nil {
		scopes, err = q.Caller.Grant(scopes, client.Store)
	}
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(in.RedirectURI)
	if err != nil {
		return nil, fault.Invalidf("redirect_uri is no URL")
	}
	return &Authorization{ClientName: client.Name, Scopes: scopes, Target: target.Host}, nil
}

// AuthorizeOutput is where to send the browser.
type AuthorizeOutput struct{ Location string }

func (s *SignIn) authorize(c *operation.Command, in *AuthorizationInput) (*AuthorizeOutput, error) {
	if err := fresh(c); err != nil {
		return nil, err
	}
	client, err := s.check(c.Tx.Reading(), in)
	if err != nil {
		return nil, err
	}
	code, err := s.Credentials.NewCode(c.Tx, credential.NewCode{
		Client: client, By: c.Caller.Identity, RedirectURI: in.RedirectURI, Challenge: in.CodeChallenge, Scopes: strings.Fields(in.Scope),
	})
	if err != nil {
		return nil, err
	}
	location, err := withQuery(in.RedirectURI, url.Values{"code": {string(code)}, "state": {in.RequestState}})
	return &AuthorizeOutput{Location: location}, err
}

// Refusal is where to send the browser of somebody who does not let the client
// in. The input must be one that DescribeAuthorization has accepted.
func (in *AuthorizationInput) Refusal() (string, error) {
	return withQuery(in.RedirectURI, url.Values{"error": {"access_denied"}, "state": {in.RequestState}})
}

func withQuery(address string, values url.Values) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fault.Invalidf("redirect_uri is no URL")
	}
	query := u.Query()
	for name, value := range values {
		query[name] = value
	}
	if query.Get("state") == "" {
		query.Del("state")
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}
