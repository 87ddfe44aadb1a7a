package awsapi

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sso/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/wire"
)

// SSO is the service sso, API version 2019-06-10: the access portal for programs.
// Requests are not signed; each carries the access token of a user of an identity
// store, which sso-oidc has given out. What is assigned to the user is looked up
// each time, so that what is taken away is refused from the next request on.
type SSO struct {
	Credentials *credential.Store
	Centers     *identitycenter.Store
}

func (s *SSO) service() *service {
	const token = "accessToken: " + ssoToken
	return &service{
		Service:     operation.Service{Source: "sso", Scope: credential.ScopePortal},
		errors:      ssoErrors,
		constraints: ssoConstraints,
		times:       wire.EpochSeconds,
		bearer:      ssoToken,
		routes: []route{
			on("GET", "/assignment/accounts", 200, operation.Read("ListAccounts", s.listAccounts, authz.SignedIn()), token, "nextToken=next_token", "maxResults=max_result"),
			on("GET", "/assignment/roles", 200, operation.Read("ListAccountRoles", s.listAccountRoles, authz.SignedIn()), token, "accountId=account_id", "nextToken=next_token", "maxResults=max_result"),
			on("GET", "/federation/credentials", 200, operation.Write("GetRoleCredentials", s.getRoleCredentials, authz.SignedIn(), operation.Limit(600)), token, "accountId=account_id", "roleName=role_name"),
			on("POST", "/logout", 200, operation.Write("Logout", s.logout, authz.SignedIn()), token),
		},
	}
}

// ssoToken is the header of the access token.
const ssoToken = "x-amz-sso_bearer_token"

// ssoErrors: who is not assigned what they ask for gets a ForbiddenException, which is
// not in the model.
var ssoErrors = errorTable{kinds: map[fault.Kind]code{
	fault.Invalid:         {http.StatusBadRequest, "InvalidRequestException"},
	fault.Unsupported:     {http.StatusBadRequest, "InvalidRequestException"},
	fault.Conflict:        {http.StatusBadRequest, "InvalidRequestException"},
	fault.Quota:           {http.StatusBadRequest, "InvalidRequestException"},
	fault.Unauthenticated: {http.StatusUnauthorized, "UnauthorizedException"},
	fault.Denied:          {http.StatusForbidden, "ForbiddenException"},
	fault.NotFound:        {http.StatusNotFound, "ResourceNotFoundException"},
	fault.Throttled:       {http.StatusTooManyRequests, "TooManyRequestsException"},
	fault.Internal:        {http.StatusInternalServerError, "InternalServerException"},
}}

var ssoConstraints = wire.Constraints{
	"AccessToken": {Required: true, Min: 1, Max: 4096},
	"AccountId":   {Required: true, Min: 1, Max: 64},
	"RoleName":    {Required: true, Min: 1, Max: 64},
	"MaxResults":  {Min: 1, Max: 100},
	"NextToken":   {Min: 1, Max: 4096},
}

// portalPage is how many items a list has for who does not say.
const portalPage = 50

func (s *SSO) listAccounts(q *operation.Query, in *sso.ListAccountsInput) (*sso.ListAccountsOutput, error) {
	accounts, next, err := page(q, in.NextToken, in.MaxResults, portalPage, func(after string, limit int) ([]account.Account, error) {
		return s.Centers.AccountsOf(q.Tx, identitycenter.StoreID(q.Caller.Store), q.Caller.UserID, account.ID(after), limit)
	}, func(a account.Account) string { return string(a.ID) })
	return &sso.ListAccountsOutput{AccountList: translate(accounts, func(a account.Account) types.AccountInfo {
		return types.AccountInfo{AccountId: aws.String(string(a.ID)), AccountName: &a.Name, EmailAddress: &a.Email}
	}), NextToken: next}, err
}

func (s *SSO) listAccountRoles(q *operation.Query, in *sso.ListAccountRolesInput) (*sso.ListAccountRolesOutput, error) {
	roles, next, err := page(q, in.NextToken, in.MaxResults, portalPage, func(after string, limit int) ([]string, error) {
		return s.Centers.RolesOf(q.Tx, identitycenter.StoreID(q.Caller.Store), q.Caller.UserID, account.ID(*in.AccountId), after, limit)
	}, func(role string) string { return role })
	return &sso.ListAccountRolesOutput{RoleList: translate(roles, func(role string) types.RoleInfo {
		return types.RoleInfo{AccountId: in.AccountId, RoleName: &role}
	}), NextToken: next}, err
}

func (s *SSO) getRoleCredentials(c *operation.Command, in *sso.GetRoleCredentialsInput) (*sso.GetRoleCredentialsOutput, error) {
	entry, err := s.Centers.Enter(c.Tx, identitycenter.StoreID(c.Caller.Store), c.Caller.UserID, account.ID(*in.AccountId), *in.RoleName)
	if err != nil {
		return nil, err
	}
	c.RecordIn(seal.Directory, entry.Account.ID.Scope())
	return &sso.GetRoleCredentialsOutput{RoleCredentials: &types.RoleCredentials{
		AccessKeyId: &entry.AccessKeyID, SecretAccessKey: &entry.SecretAccessKey, SessionToken: &entry.SessionToken,
		Expiration: entry.ExpiresAt.UnixMilli(),
	}}, nil
}

// logout ends the session of the token. What it was handed out for accounts goes on
// until it expires, as with AWS: EndSessions ends that.
func (s *SSO) logout(c *operation.Command, _ *sso.LogoutInput) (*sso.LogoutOutput, error) {
	return &sso.LogoutOutput{}, s.Credentials.EndSession(c.Tx, c.Caller.UserID, c.Caller.SessionID)
}
