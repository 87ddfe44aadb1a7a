package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// SpaceToken is a personal access token that reaches a space, as its administrators
// see it: not its name, nor what it does elsewhere.
type SpaceToken struct {
	ID         string     `json:"id"`
	User       string     `json:"user" doc:"Alias of whose it is"`
	UserID     string     `json:"userId"`
	CreatedAt  time.Time  `json:"createdAt"`
	ExpiresAt  time.Time  `json:"expiresAt"`
	Scope      TokenScope `json:"scope" doc:"What it is limited to; without a spaceId it reaches all spaces of its user"`
	LastUsedAt *time.Time `json:"lastUsedAt,omitempty" doc:"In this space; absent: never"`
	State      TokenState `json:"state" doc:"Whether the space lets it in"`
	ShutOutAt  *time.Time `json:"shutOutAt,omitempty"`
	ShutOutBy  string     `json:"shutOutBy,omitempty" doc:"Id of the Space administrator who shut it out"`
}

// TokenState is whether a space lets a token in.
type TokenState string

const (
	TokenAdmitted TokenState = "admitted"
	TokenShutOut  TokenState = "shut-out"
	TokenTooLong  TokenState = "too-long" // it was made for longer than the space admits
)

// ListSpaceTokensInput asks for the tokens that reach a space.
type ListSpaceTokensInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Page
}

// SpaceTokenInput names one of them.
type SpaceTokenInput struct {
	Space string `path:"space" doc:"Name of the space"`
	ID    string `path:"id" doc:"Of the token"`
}

// LimitTokensInput says for how long tokens may be made.
type LimitTokensInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Body  TokenLimit
}

// TokenLimit is for how long the tokens used in a space may be made.
type TokenLimit struct {
	Days int `json:"days" minimum:"0" maximum:"3660" doc:"Tokens that were made for longer are refused in the space; 0: none are"`
}

func (a *API) spaceTokenRoutes() []route {
	may := authz.Space(role.LimitSpaceTokens, "{Space}")
	return []route{
		read("ListSpaceTokens", "GET "+inSpace+"/tokens", "The personal access tokens that reach a space, the earliest first", a.listSpaceTokens, authz.Space(role.ViewSpaceTokens, "{Space}")),
		write("ShutOutToken", "PUT "+inSpace+"/tokens/{id}/shut-out", "Shut a personal access token out of a space, with all it is rotated into", a.shutOutToken, may),
		write("ReadmitToken", "DELETE "+inSpace+"/tokens/{id}/shut-out", "Let a personal access token into a space again", a.readmitToken, may),
		write("LimitTokens", "PUT "+inSpace+"/token-limit", "Say for how long the personal access tokens used in a space may be made", a.limitTokens, may),
	}
}

func (a *API) listSpaceTokens(q *operation.Query, in *ListSpaceTokensInput) (*List[SpaceToken], error) {
	return list(in.Page, func(p space.Page) ([]credential.SpaceToken, error) {
		return a.Credentials.SpaceTokens(q.Tx, string(q.Grant.Space.ID), credential.AccessTokenID(p.After), p.Limit)
	}, func(t credential.SpaceToken) string { return string(t.ID) }, each(spaceToken(q.Grant.Space)))
}

func (a *API) shutOutToken(c *operation.Command, in *SpaceTokenInput) (*SpaceToken, error) {
	if err := a.Credentials.ShutOut(c.Tx, string(c.Grant.Space.ID), credential.AccessTokenID(in.ID), c.Caller.UserID); err != nil {
		return nil, err
	}
	return a.spaceToken(c, in)
}

func (a *API) readmitToken(c *operation.Command, in *SpaceTokenInput) (*SpaceToken, error) {
	if err := a.Credentials.Readmit(c.Tx, string(c.Grant.Space.ID), credential.AccessTokenID(in.ID)); err != nil {
		return nil, err
	}
	return a.spaceToken(c, in)
}

func (a *API) limitTokens(c *operation.Command, in *LimitTokensInput) (*Space, error) {
	return one(spaceShown)(a.Spaces.SetTokenLifetime(c.Tx, c.Grant.Space.ID, time.Duration(in.Body.Days)*day))
}

const day = 24 * time.Hour

func (a *API) spaceToken(c *operation.Command, in *SpaceTokenInput) (*SpaceToken, error) {
	return one(spaceToken(c.Grant.Space))(a.Credentials.SpaceToken(c.Tx.Reading(), string(c.Grant.Space.ID), credential.AccessTokenID(in.ID)))
}

func spaceToken(in space.Ref) func(credential.SpaceToken) SpaceToken {
	return func(t credential.SpaceToken) SpaceToken {
		shown := SpaceToken{
			ID: string(t.ID), User: t.Alias, UserID: string(t.UserID), CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, Scope: tokenScope(t.Reach),
			LastUsedAt: maybe(t.UsedAt), State: TokenAdmitted, ShutOutAt: maybe(t.ShutOutAt), ShutOutBy: string(t.ShutOutBy),
		}
		switch {
		case !t.ShutOutAt.IsZero():
			shown.State = TokenShutOut
		case in.TokenLifetime > 0 && t.Lifetime() > in.TokenLifetime:
			shown.State = TokenTooLong
		}
		return shown
	}
}
