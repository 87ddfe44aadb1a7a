package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/space"
)

// AccessToken is a personal access token: the password of Git and package clients.
type AccessToken struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// CreatedAccessToken is one with its secret.
type CreatedAccessToken struct {
	AccessToken
	Secret string `json:"secret" doc:"Shown this once"`
}

// CreateAccessTokenInput asks for a token.
type CreateAccessTokenInput struct{ Body NewAccessToken }

// NewAccessToken is what creating a token takes.
type NewAccessToken struct {
	Name      string     `json:"name" doc:"What you will know it by: 1 to 100 characters"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"A year from now when left out"`
}

// ListAccessTokensInput asks for the caller's tokens.
type ListAccessTokensInput struct{ Page }

// DeleteAccessTokenInput names a token.
type DeleteAccessTokenInput struct {
	ID string `path:"id"`
}

func (a *API) tokenRoutes() []route {
	return []route{
		create("CreateAccessToken", "POST /tokens", "Create a personal access token", a.createAccessToken, authz.SignedIn()),
		read("ListAccessTokens", "GET /tokens", "Your personal access tokens, the earliest first", a.listAccessTokens, authz.SignedIn()),
		write("DeleteAccessToken", "DELETE /tokens/{id}", "Delete a personal access token", a.deleteAccessToken, authz.SignedIn()),
	}
}

func (a *API) createAccessToken(c *operation.Command, in *CreateAccessTokenInput) (*CreatedAccessToken, error) {
	n := credential.NewAccessToken{Name: in.Body.Name}
	if in.Body.ExpiresAt != nil {
		n.ExpiresAt = *in.Body.ExpiresAt
	}
	token, secret, err := a.Credentials.CreateAccessToken(c.Tx, c.Caller.UserID, n)
	if err != nil {
		return nil, err
	}
	return &CreatedAccessToken{AccessToken: accessToken(token), Secret: string(secret)}, nil
}

func (a *API) listAccessTokens(q *operation.Query, in *ListAccessTokensInput) (*List[AccessToken], error) {
	return list(in.Page, func(p space.Page) ([]credential.AccessToken, error) {
		return a.Credentials.AccessTokens(q.Tx, q.Caller.UserID, credential.AccessTokenID(p.After), p.Limit)
	}, func(t credential.AccessToken) string { return string(t.ID) }, each(accessToken))
}

func (a *API) deleteAccessToken(c *operation.Command, in *DeleteAccessTokenInput) (*Empty, error) {
	return &Empty{}, a.Credentials.DeleteAccessToken(c.Tx, c.Caller.UserID, credential.AccessTokenID(in.ID))
}

func accessToken(t credential.AccessToken) AccessToken {
	return AccessToken{ID: string(t.ID), Name: t.Name, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
}
