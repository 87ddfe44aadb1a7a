package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// AccessToken is a personal access token: the password of Git and package clients.
type AccessToken struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"createdAt"`
	ExpiresAt time.Time  `json:"expiresAt"`
	Scope     TokenScope `json:"scope" doc:"What it is limited to"`
	LastUsed  *TokenUse  `json:"lastUsed,omitempty" doc:"Absent: never"`
	RotatedAt *time.Time `json:"rotatedAt,omitempty" doc:"When another took its place; absent: none did"`
}

// TokenScope is what a token is limited to: nothing where it is empty.
type TokenScope struct {
	SpaceID      string `json:"spaceId,omitempty"`
	ProjectID    string `json:"projectId,omitempty"`
	RepositoryID string `json:"repositoryId,omitempty"`
	Path         string `json:"path,omitempty" doc:"What these were called when the token was made: space/project/repository"`
	ReadOnly     bool   `json:"readOnly" doc:"It does what the role Read only may do, whatever its user may"`
}

// TokenUse is when a token was used last, and where from.
type TokenUse struct {
	At      time.Time `json:"at"`
	Address string    `json:"address"`
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
	Name       string     `json:"name" doc:"What you will know it by: 1 to 100 characters"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty" doc:"A year from now when left out"`
	Space      string     `json:"space,omitempty" doc:"Name of the one space it is good for; all of yours when left out"`
	Project    string     `json:"project,omitempty" doc:"Name of the one project of the space"`
	Repository string     `json:"repository,omitempty" doc:"Name of the one repository of the project"`
	ReadOnly   bool       `json:"readOnly,omitempty" doc:"It does what the role Read only may do, whatever you may"`
}

// ListAccessTokensInput asks for the caller's tokens.
type ListAccessTokensInput struct{ Page }

// DeleteAccessTokenInput names a token.
type DeleteAccessTokenInput struct {
	ID string `path:"id"`
}

// RotateAccessTokenInput asks for the successor of a token.
type RotateAccessTokenInput struct {
	ID   string `path:"id"`
	Body TokenRotation
}

// TokenRotation is how a token is followed by another.
type TokenRotation struct {
	OverlapSeconds *int       `json:"overlapSeconds,omitempty" minimum:"0" maximum:"315576000" doc:"How long the old one goes on, at most to its end; a day when left out, 0 ends it at once"`
	ExpiresAt      *time.Time `json:"expiresAt,omitempty" doc:"Of the new one; it is good for as long as the old one was made for when left out"`
}

// defaultOverlap is a working day, for whoever keeps a token to replace it.
const defaultOverlap = 24 * time.Hour

func (a *API) tokenRoutes() []route {
	return []route{
		create("CreateAccessToken", "POST /tokens", "Create a personal access token", a.createAccessToken, authz.SignedIn()),
		read("ListAccessTokens", "GET /tokens", "Your personal access tokens, the earliest first", a.listAccessTokens, authz.SignedIn()),
		create("RotateAccessToken", "POST /tokens/{id}/rotation", "Make the successor of a personal access token, of the same name and scope", a.rotateAccessToken, authz.SignedIn()),
		write("DeleteAccessToken", "DELETE /tokens/{id}", "Delete a personal access token", a.deleteAccessToken, authz.SignedIn()),
	}
}

func (a *API) createAccessToken(c *operation.Command, in *CreateAccessTokenInput) (*CreatedAccessToken, error) {
	n := credential.NewAccessToken{Name: in.Body.Name, ExpiresAt: orZero(in.Body.ExpiresAt)}
	var err error
	if n.Reach, err = a.reach(c, in.Body); err != nil {
		return nil, err
	}
	return createdToken(a.Credentials.CreateAccessToken(c.Tx, c.Caller.UserID, n))
}

// reach finds what a token shall be limited to. What its user cannot see is refused as
// everywhere else, and they learn nothing of it.
func (a *API) reach(c *operation.Command, n NewAccessToken) (credential.Reach, error) {
	reach := credential.Reach{ReadOnly: n.ReadOnly}
	names, permission := []string{n.Space}, role.ViewSpace
	switch {
	case n.Repository != "" && n.Project == "", n.Project != "" && n.Space == "":
		return reach, fault.Invalidf("a repository is named with its project, and a project with its space")
	case n.Space == "":
		return reach, nil
	case n.Repository != "":
		names, permission = append(names, n.Project, n.Repository), role.CloneRepository
	case n.Project != "":
		names, permission = append(names, n.Project), role.ViewProject
	}
	grant, err := a.Authorizer.InSpace(c.Tx.Reading(), c.Caller, permission, names...)
	if err != nil {
		return reach, err
	}
	return reachOf(grant, n.ReadOnly), nil
}

// reachOf limits a token to what was decided about.
func reachOf(g authz.Grant, readOnly bool) credential.Reach {
	path := g.Space.Name
	if g.Project.ID != "" {
		path += "/" + g.Project.Name
	}
	if g.Repository.ID != "" {
		path += "/" + g.Repository.Name
	}
	return credential.Reach{Space: string(g.Space.ID), Project: string(g.Project.ID), Repository: g.Repository.ID, Path: path, ReadOnly: readOnly}
}

func (a *API) listAccessTokens(q *operation.Query, in *ListAccessTokensInput) (*List[AccessToken], error) {
	return list(in.Page, func(p space.Page) ([]credential.AccessToken, error) {
		return a.Credentials.AccessTokens(q.Tx, q.Caller.UserID, credential.AccessTokenID(p.After), p.Limit)
	}, func(t credential.AccessToken) string { return string(t.ID) }, each(accessToken))
}

func (a *API) rotateAccessToken(c *operation.Command, in *RotateAccessTokenInput) (*CreatedAccessToken, error) {
	r := credential.Rotation{Overlap: defaultOverlap, ExpiresAt: orZero(in.Body.ExpiresAt)}
	if in.Body.OverlapSeconds != nil {
		r.Overlap = time.Duration(*in.Body.OverlapSeconds) * time.Second
	}
	return createdToken(a.Credentials.RotateAccessToken(c.Tx, c.Caller.UserID, credential.AccessTokenID(in.ID), r))
}

func (a *API) deleteAccessToken(c *operation.Command, in *DeleteAccessTokenInput) (*Empty, error) {
	return &Empty{}, a.Credentials.DeleteAccessToken(c.Tx, c.Caller.UserID, credential.AccessTokenID(in.ID))
}

func createdToken(t credential.AccessToken, secret credential.Token, err error) (*CreatedAccessToken, error) {
	if err != nil {
		return nil, err
	}
	return &CreatedAccessToken{AccessToken: accessToken(t), Secret: string(secret)}, nil
}

func accessToken(t credential.AccessToken) AccessToken {
	shown := AccessToken{ID: string(t.ID), Name: t.Name, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, Scope: tokenScope(t.Reach), RotatedAt: maybe(t.RotatedAt)}
	if !t.UsedAt.IsZero() {
		shown.LastUsed = &TokenUse{t.UsedAt, t.Address}
	}
	return shown
}

func tokenScope(r credential.Reach) TokenScope {
	return TokenScope{SpaceID: r.Space, ProjectID: r.Project, RepositoryID: r.Repository, Path: r.Path, ReadOnly: r.ReadOnly}
}

// orZero is a time that may be left out.
func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

// maybe is a time that may be zero: left out then.
func maybe(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
