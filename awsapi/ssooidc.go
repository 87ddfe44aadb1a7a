package awsapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

// SSOOIDC is the service sso-oidc, API version 2019-06-10: how a client comes by a
// token on somebody's behalf. The person's part, approving a device or
// consenting to a code, is done in a browser, by the operations of package
// signin.
type SSOOIDC struct {
	Credentials *credential.Store
	Centers     *identitycenter.Store
}

func (s *SSOOIDC) service() *service {
	return &service{
		Service:     operation.Service{Source: "sso-oidc"},
		errors:      ssoOIDCErrors,
		constraints: ssoOIDCConstraints,
		times:       wire.EpochSeconds,
		routes: []route{
			on("POST", "/client/register", 200, operation.Write("RegisterClient", s.registerClient, authz.Public(), operation.Limit(60))),
			on("POST", "/device_authorization", 200, operation.Write("StartDeviceAuthorization", s.startDeviceAuthorization, authz.Public(), operation.Limit(60))),
			on("POST", "/token", 200, operation.Write("CreateToken", s.createToken, authz.Public(), operation.Limit(600))),
		},
	}
}

// ssoOIDCErrors: the model's exceptions carry OAuth's own members, which the
// clients of both kinds look for.
var ssoOIDCErrors = errorTable{
	reasons: map[fault.Reason]code{
		credential.ReasonAuthorizationPending:  {http.StatusBadRequest, "AuthorizationPendingException"},
		credential.ReasonSlowDown:              {http.StatusBadRequest, "SlowDownException"},
		credential.ReasonExpiredToken:          {http.StatusBadRequest, "ExpiredTokenException"},
		credential.ReasonAccessDenied:          {http.StatusBadRequest, "AccessDeniedException"},
		credential.ReasonInvalidGrant:          {http.StatusBadRequest, "InvalidGrantException"},
		credential.ReasonInvalidClient:         {http.StatusUnauthorized, "InvalidClientException"},
		credential.ReasonUnauthorizedClient:    {http.StatusBadRequest, "UnauthorizedClientException"},
		credential.ReasonUnsupportedGrantType:  {http.StatusBadRequest, "UnsupportedGrantTypeException"},
		credential.ReasonInvalidScope:          {http.StatusBadRequest, "InvalidScopeException"},
		credential.ReasonInvalidRequest:        {http.StatusBadRequest, "InvalidRequestException"},
		credential.ReasonInvalidRedirectURI:    {http.StatusBadRequest, "InvalidRedirectUriException"},
		credential.ReasonInvalidClientMetadata: {http.StatusBadRequest, "InvalidClientMetadataException"},
	},
	kinds: map[fault.Kind]code{
		fault.Invalid:         {http.StatusBadRequest, "InvalidRequestException"},
		fault.Unsupported:     {http.StatusBadRequest, "InvalidRequestException"},
		fault.NotFound:        {http.StatusBadRequest, "InvalidRequestException"},
		fault.Conflict:        {http.StatusBadRequest, "InvalidRequestException"},
		fault.Quota:           {http.StatusBadRequest, "InvalidRequestException"},
		fault.Unauthenticated: {http.StatusUnauthorized, "InvalidClientException"},
		fault.Denied:          {http.StatusBadRequest, "AccessDeniedException"},
		fault.Throttled:       {http.StatusBadRequest, "SlowDownException"},
		fault.Internal:        {http.StatusInternalServerError, "InternalServerException"},
	},
	members: oauthMembers,
}

// oauthKinds names in OAuth's terms what was not refused in them (RFC 6749 section 5.2).
var oauthKinds = map[fault.Kind]fault.Reason{
	fault.Unauthenticated: credential.ReasonInvalidClient, fault.Denied: credential.ReasonAccessDenied,
	fault.Throttled: credential.ReasonSlowDown, fault.Internal: "server_error",
}

func oauthMembers(f *fault.Error) map[string]string {
	name := f.Reason
	if name == "" {
		name = oauthKinds[f.Kind]
	}
	if name == "" {
		name = credential.ReasonInvalidRequest
	}
	return map[string]string{"error": string(name), "error_description": f.Message}
}

var ssoOIDCConstraints = func() wire.Constraints {
	required := wire.Constraint{Required: true, Min: 1, Max: 4096}
	optional := wire.Constraint{Max: 4096}
	few := wire.Constraint{Max: 100}
	return wire.Constraints{
		"ClientName": {Required: true, Min: 1, Max: 256}, "ClientType": required, "EntitledApplicationArn": optional, "IssuerUrl": optional,
		"GrantTypes": few, "RedirectUris": few, "Scopes": few, "Scope": few,
		"ClientId": required, "ClientSecret": required, "StartUrl": required, "GrantType": required,
		"Code": optional, "CodeVerifier": optional, "DeviceCode": optional, "RedirectUri": optional, "RefreshToken": optional,
	}
}()

func (s *SSOOIDC) registerClient(c *operation.Command, in *ssooidc.RegisterClientInput) (*ssooidc.RegisterClientOutput, error) {
	if in.EntitledApplicationArn != nil {
		return nil, fault.Unsupportedf("entitledApplicationArn is not offered: register the client without it")
	}
	var store directory.StoreID
	if in.IssuerUrl != nil {
		var err error
		if store, err = s.storeOf(c.Tx.Reading(), *in.IssuerUrl); err != nil {
			return nil, err
		}
	}
	client, secret, err := s.Credentials.RegisterClient(c.Tx, credential.NewClient{
		Name: *in.ClientName, Type: *in.ClientType, Scopes: in.Scopes, RedirectURIs: in.RedirectUris,
		GrantTypes: translate(in.GrantTypes, func(g string) credential.GrantType { return credential.GrantType(g) }),
		Store:      store,
	})
	if err != nil {
		return nil, err
	}
	base := c.Request.BaseURL
	return &ssooidc.RegisterClientOutput{
		ClientId: aws.String(string(client.ID)), ClientSecret: &secret,
		ClientIdIssuedAt: client.CreatedAt.Unix(), ClientSecretExpiresAt: client.ExpiresAt.Unix(),
		AuthorizationEndpoint: aws.String(base + "/aws/authorize"), TokenEndpoint: aws.String(base + "/aws/token"),
	}, nil
}

func (s *SSOOIDC) startDeviceAuthorization(c *operation.Command, in *ssooidc.StartDeviceAuthorizationInput) (*ssooidc.StartDeviceAuthorizationOutput, error) {
	client, err := s.Credentials.VerifyClient(c.Tx.Reading(), credential.ClientID(*in.ClientId), *in.ClientSecret)
	if err != nil {
		return nil, err
	}
	if client.Store, err = s.storeOf(c.Tx.Reading(), *in.StartUrl); err != nil {
		return nil, err
	}
	device, err := s.Credentials.StartDevice(c.Tx, client, nil, origin(c))
	if err != nil {
		return nil, err
	}
	page := c.Request.BaseURL + "/device"
	complete := url.Values{"user_code": {device.UserCode}}
	if door, err := s.door(c.Tx.Reading(), client); err != nil {
		return nil, err
	} else if door != "" {
		complete.Set("store", string(door))
	}
	return &ssooidc.StartDeviceAuthorizationOutput{
		DeviceCode: aws.String(string(device.DeviceCode)), UserCode: &device.UserCode,
		VerificationUri: &page, VerificationUriComplete: aws.String(page + "?" + complete.Encode()),
		ExpiresIn: seconds(device.ExpiresIn), Interval: seconds(device.Interval),
	}, nil
}

// storeOf is the identity store that a start URL names by its path, /start and maybe the
// store's id behind it; empty: none. Which host the client reached us by is its own
// affair.
func (s *SSOOIDC) storeOf(tx *database.ReadTx, text string) (directory.StoreID, error) {
	start, err := url.Parse(text)
	if err != nil {
		return "", notStart(text)
	}
	path := strings.TrimSuffix(start.Path, "/")
	if path == "/start" {
		return "", nil
	}
	id, ok := strings.CutPrefix(path, "/start/")
	if !ok {
		return "", notStart(text)
	}
	in, err := s.Centers.InstanceByStore(tx, identitycenter.StoreID(id))
	if fault.Is(err, fault.NotFound) {
		return "", notStart(text)
	}
	return directory.StoreID(in.Store), err
}

func notStart(text string) error {
	return fault.Invalidf("%.200q is not a start URL of ours: its path is /start, or /start/ and the id of an identity store", text)
}

// door is the identity store whose users the client is for: accounts are assigned to
// those alone. Empty: it is for Builder ID users.
func (s *SSOOIDC) door(tx *database.ReadTx, client credential.Client) (directory.StoreID, error) {
	scopes, err := client.Grant(nil)
	switch {
	case err != nil || !slices.Contains(scopes, credential.ScopePortal):
		return "", err
	case client.Store != "":
		return client.Store, nil
	}
	first, err := s.Centers.Default(tx)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return directory.StoreID(first.Store), err
}

func (s *SSOOIDC) createToken(c *operation.Command, in *ssooidc.CreateTokenInput) (*ssooidc.CreateTokenOutput, error) {
	client, err := s.Credentials.VerifyClient(c.Tx.Reading(), credential.ClientID(*in.ClientId), *in.ClientSecret)
	if err != nil {
		return nil, err
	}
	tokens, err := s.redeem(c, client, in)
	if err != nil {
		return nil, err
	}
	c.RecordAs(tokens.UserID, "")
	return &ssooidc.CreateTokenOutput{
		AccessToken: aws.String(string(tokens.Access)), RefreshToken: given(string(tokens.Refresh)),
		TokenType: aws.String("Bearer"), ExpiresIn: seconds(tokens.ExpiresIn),
	}, nil
}

func (s *SSOOIDC) redeem(c *operation.Command, client credential.Client, in *ssooidc.CreateTokenInput) (credential.Tokens, error) {
	missing := func(member string) (credential.Tokens, error) {
		return credential.Tokens{}, fault.Invalidf("%s is required for the grant type %s", member, *in.GrantType)
	}
	switch grant := credential.GrantType(*in.GrantType); grant {
	case credential.GrantDeviceCode:
		if in.DeviceCode == nil {
			return missing("deviceCode")
		}
		return s.Credentials.RedeemDevice(c.Tx, client, *in.DeviceCode, origin(c))
	case credential.GrantAuthorizationCode:
		switch {
		case in.Code == nil:
			return missing("code")
		case in.RedirectUri == nil:
			return missing("redirectUri")
		case in.CodeVerifier == nil:
			return missing("codeVerifier")
		}
		return s.Credentials.RedeemCode(c.Tx, client, *in.Code, *in.RedirectUri, *in.CodeVerifier, origin(c))
	case credential.GrantRefreshToken:
		if in.RefreshToken == nil {
			return missing("refreshToken")
		}
		return s.Credentials.Refresh(c.Tx, client, *in.RefreshToken, in.Scope)
	default:
		return credential.Tokens{}, fault.WithReason(credential.ReasonUnsupportedGrantType,
			fault.Invalidf("the grant type %q is not offered: use %s, %s or %s", grant, credential.GrantAuthorizationCode, credential.GrantDeviceCode, credential.GrantRefreshToken))
	}
}

func origin(c *operation.Command) credential.Origin {
	return credential.Origin{Address: c.Request.Address, UserAgent: c.Request.UserAgent}
}

func seconds(d time.Duration) int32 { return int32(d / time.Second) }
