package api

import (
	"net/url"
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Repository is a source repository of a project.
type Repository struct {
	ID             string    `json:"id"`
	Name           string    `json:"name" doc:"Unique in the project without regard to case"`
	Description    string    `json:"description"`
	DefaultBranch  string    `json:"defaultBranch" doc:"The branch that clones begin with; one that nobody has pushed yet in an empty repository"`
	LongestMessage int       `json:"longestMessage" doc:"Characters that the message of a commit that is pushed may have; 0: any number"`
	CloneURL       string    `json:"cloneUrl" doc:"For git, with your alias; the password is a personal access token"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt" doc:"When it was last changed or pushed to"`
}

// CreateRepositoryInput asks for a repository.
type CreateRepositoryInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Body    NewRepository
}

// NewRepository is what creating a repository takes.
type NewRepository struct {
	Name        string `json:"name" doc:"1 to 100 letters, digits, and any of . _ -; not ending in .git"`
	Description string `json:"description,omitempty"`
	Empty       bool   `json:"empty,omitempty" doc:"Without the initial commit: for a history that is there already and is pushed next"`
}

// ListRepositoriesInput asks for the repositories of a project.
type ListRepositoriesInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Page
}

// GetRepositoryInput names a repository.
type GetRepositoryInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
}

// UpdateRepositoryInput changes a repository.
type UpdateRepositoryInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
	Body       RepositoryPatch
}

// RepositoryPatch changes what is not nil.
type RepositoryPatch struct {
	Name           *string `json:"name,omitempty" doc:"Clone URLs with the old name are good no more"`
	Description    *string `json:"description,omitempty"`
	LongestMessage *int    `json:"longestMessage,omitempty" minimum:"0" doc:"0: any number of characters"`
}

// DeleteRepositoryInput ends a repository.
type DeleteRepositoryInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
}

// SetDefaultBranchInput makes another branch the default one.
type SetDefaultBranchInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
	Body       DefaultBranch
}

// DefaultBranch names the branch that clones begin with.
type DefaultBranch struct {
	Branch string `json:"branch" doc:"Name of a branch that there is"`
}

const (
	inRepositories = inProject + "/repositories"
	aRepository    = inRepositories + "/{repository}"
)

func ofRepository(p role.Permission) authz.Rule {
	return authz.Space(p, "{Space}/{Project}/{Repository}")
}

func (a *API) repositoryRoutes() []route {
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{Space}/{Project}") }
	return []route{
		create("CreateRepository", "POST "+inRepositories, "Create a source repository", a.createRepository, in(role.CreateRepository)),
		read("ListRepositories", "GET "+inRepositories, "The source repositories of a project", a.listRepositories, in(role.ViewRepositories)),
		read("GetRepository", "GET "+aRepository, "One source repository", a.getRepository, ofRepository(role.ViewRepositories)),
		write("UpdateRepository", "PATCH "+aRepository, "Rename a repository, or change what it takes", a.updateRepository, ofRepository(role.EditRepositorySettings)),
		write("DeleteRepository", "DELETE "+aRepository, "Delete a repository and all that is in it", a.deleteRepository, ofRepository(role.DeleteRepository)),
		write("SetDefaultBranch", "PUT "+aRepository+"/default-branch", "Make another branch the default one", a.setDefaultBranch, ofRepository(role.ChangeDefaultBranch)),
	}
}

func placeOf(g authz.Grant) repo.Place { return repo.Place{Space: g.Space, Project: g.Project} }

func pusher(c *operation.Command) repo.Pusher {
	return repo.Pusher{ID: c.Caller.UserID, Held: c.Grant.Held}
}

// repository finds the one that the rule of a call named.
func (a *API) repository(tx *database.ReadTx, g authz.Grant) (repo.Repository, error) {
	return a.Repositories.Repository(tx, g.Project.ID, g.Repository.Name)
}

// repositoryShown shows repositories to whoever made the call.
func repositoryShown(c *operation.Call) func(repo.Repository) Repository {
	return func(r repo.Repository) Repository {
		shown := Repository{
			ID: string(r.ID), Name: r.Name, Description: r.Description, DefaultBranch: r.DefaultBranch, LongestMessage: r.LongestMessage,
			CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		}
		if base, err := url.Parse(c.Request.BaseURL); err == nil {
			base.User, base.Path = url.User(c.Caller.Alias), repo.Path(placeOf(c.Grant), r)
			shown.CloneURL = base.String()
		}
		return shown
	}
}

func (a *API) createRepository(c *operation.Command, in *CreateRepositoryInput) (*Repository, error) {
	made, err := one(repositoryShown(&c.Call))(a.Repositories.Create(c.Tx, placeOf(c.Grant), c.Caller.UserID, repo.New(in.Body)))
	if err != nil {
		return nil, err
	}
	return made, a.Jobs.Enqueue(c.Tx, repo.UpkeepJob{})
}

func (a *API) listRepositories(q *operation.Query, in *ListRepositoriesInput) (*List[Repository], error) {
	return list(in.Page, func(p space.Page) ([]repo.Repository, error) {
		return a.Repositories.List(q.Tx, placeOf(q.Grant), p)
	}, func(r repo.Repository) string { return r.Name }, each(repositoryShown(&q.Call)))
}

func (a *API) getRepository(q *operation.Query, _ *GetRepositoryInput) (*Repository, error) {
	return one(repositoryShown(&q.Call))(a.repository(q.Tx, q.Grant))
}

func (a *API) updateRepository(c *operation.Command, in *UpdateRepositoryInput) (*Repository, error) {
	r, err := a.repository(c.Tx.Reading(), c.Grant)
	if err != nil {
		return nil, err
	}
	return one(repositoryShown(&c.Call))(a.Repositories.Update(c.Tx, r, repo.Patch(in.Body)))
}

func (a *API) deleteRepository(c *operation.Command, _ *DeleteRepositoryInput) (*Empty, error) {
	r, err := a.repository(c.Tx.Reading(), c.Grant)
	if err == nil {
		err = a.Repositories.Delete(c.Tx, r)
	}
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Jobs.Enqueue(c.Tx, repo.UpkeepJob{})
}

func (a *API) setDefaultBranch(c *operation.Command, in *SetDefaultBranchInput) (*Repository, error) {
	r, err := a.repository(c.Tx.Reading(), c.Grant)
	if err != nil {
		return nil, err
	}
	return one(repositoryShown(&c.Call))(a.Repositories.SetDefaultBranch(c.Tx, r, in.Body.Branch))
}
