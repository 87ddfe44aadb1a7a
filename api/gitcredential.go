package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
)

// GitCredential is what a client hands to Git: good for one repository and a short
// time.
type GitCredential struct {
	User      string    `json:"user" doc:"Git's user name: your alias"`
	Secret    string    `json:"secret" doc:"Git's password: shown this once"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// CreateGitCredentialInput names the repository it is for.
type CreateGitCredentialInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
}

func (a *API) gitCredentialRoutes() []route {
	return []route{
		create("CreateGitCredential", "POST "+inProject+"/repositories/{repository}/git-credentials", "Create a user name and password for Git, for one repository: good for an hour, and no longer than your sign-in",
			a.createGitCredential, authz.Space(role.CloneRepository, "{Space}/{Project}/{Repository}")),
	}
}

func (a *API) createGitCredential(c *operation.Command, _ *CreateGitCredentialInput) (*GitCredential, error) {
	token, secret, err := a.Credentials.HandOutAccessToken(c.Tx, c.Caller.Identity, reachOf(c.Grant, false))
	if err != nil {
		return nil, err
	}
	return &GitCredential{User: c.Caller.Alias, Secret: string(secret), ExpiresAt: token.ExpiresAt}, nil
}
