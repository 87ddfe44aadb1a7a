package awsapi

import (
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	cc "github.com/aws/aws-sdk-go-v2/service/codecatalyst"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst/types"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/space"
)

func place(g authz.Grant) repo.Place { return repo.Place{Space: g.Space, Project: g.Project} }

func (c *CodeCatalyst) createSourceRepository(w *operation.Command, in *cc.CreateSourceRepositoryInput) (*cc.CreateSourceRepositoryOutput, error) {
	r, err := c.Repositories.Create(w.Tx, place(w.Grant), w.Caller.UserID, repo.New{Name: *in.Name, Description: aws.ToString(in.Description)})
	if err != nil {
		return nil, err
	}
	out := &cc.CreateSourceRepositoryOutput{SpaceName: &w.Grant.Space.Name, ProjectName: &w.Grant.Project.Name, Name: &r.Name, Description: given(r.Description)}
	return out, c.Jobs.Enqueue(w.Tx, repo.UpkeepJob{})
}

func (c *CodeCatalyst) listSourceRepositories(q *operation.Query, in *cc.ListSourceRepositoriesInput) (*cc.ListSourceRepositoriesOutput, error) {
	repositories, next, err := page(q, in.NextToken, in.MaxResults, 100, func(after string, limit int) ([]repo.Repository, error) {
		return c.Repositories.List(q.Tx, place(q.Grant), space.Page{After: after, Limit: limit})
	}, func(r repo.Repository) string { return r.Name })
	if err != nil {
		return nil, err
	}
	return &cc.ListSourceRepositoriesOutput{NextToken: next, Items: translate(repositories, func(r repo.Repository) types.ListSourceRepositoriesItem {
		return types.ListSourceRepositoriesItem{Id: aws.String(string(r.ID)), Name: &r.Name, Description: given(r.Description), CreatedTime: &r.CreatedAt, LastUpdatedTime: &r.UpdatedAt}
	})}, nil
}

func (c *CodeCatalyst) getSourceRepository(q *operation.Query, in *cc.GetSourceRepositoryInput) (*cc.GetSourceRepositoryOutput, error) {
	r, err := c.Repositories.Repository(q.Tx, q.Grant.Project.ID, *in.Name)
	if err != nil {
		return nil, err
	}
	return &cc.GetSourceRepositoryOutput{
		SpaceName: &q.Grant.Space.Name, ProjectName: &q.Grant.Project.Name, Name: &r.Name, Description: given(r.Description),
		CreatedTime: &r.CreatedAt, LastUpdatedTime: &r.UpdatedAt,
	}, nil
}

func (c *CodeCatalyst) deleteSourceRepository(w *operation.Command, in *cc.DeleteSourceRepositoryInput) (*cc.DeleteSourceRepositoryOutput, error) {
	r, err := c.Repositories.Repository(w.Tx.Reading(), w.Grant.Project.ID, *in.Name)
	if err == nil {
		err = c.Repositories.Delete(w.Tx, r)
	}
	if err != nil {
		return nil, err
	}
	out := &cc.DeleteSourceRepositoryOutput{SpaceName: &w.Grant.Space.Name, ProjectName: &w.Grant.Project.Name, Name: &r.Name}
	return out, c.Jobs.Enqueue(w.Tx, repo.UpkeepJob{})
}

func (c *CodeCatalyst) getSourceRepositoryCloneURLs(q *operation.Query, in *cc.GetSourceRepositoryCloneUrlsInput) (*cc.GetSourceRepositoryCloneUrlsOutput, error) {
	r, err := c.Repositories.Repository(q.Tx, q.Grant.Project.ID, *in.SourceRepositoryName)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(q.Request.BaseURL)
	if err != nil {
		return nil, err
	}
	base.User, base.Path = url.User(q.Caller.Alias), repo.Path(place(q.Grant), r)
	return &cc.GetSourceRepositoryCloneUrlsOutput{Https: aws.String(base.String())}, nil
}

func (c *CodeCatalyst) findHead(call *operation.Call, view operation.View, in *cc.CreateSourceRepositoryBranchInput) error {
	return c.Repositories.FindHead(call.Context, view, call.Grant.Project.ID, *in.SourceRepositoryName, aws.ToString(in.HeadCommitId))
}

func (c *CodeCatalyst) createSourceRepositoryBranch(w *operation.Command, in *cc.CreateSourceRepositoryBranchInput) (*cc.CreateSourceRepositoryBranchOutput, error) {
	r, err := c.Repositories.Repository(w.Tx.Reading(), w.Grant.Project.ID, *in.SourceRepositoryName)
	if err != nil {
		return nil, err
	}
	b, err := c.Repositories.CreateBranch(w.Tx, place(w.Grant), r, repo.Pusher{ID: w.Caller.UserID, Held: w.Grant.Held}, *in.Name, git.ID(aws.ToString(in.HeadCommitId)))
	if err != nil {
		return nil, err
	}
	return &cc.CreateSourceRepositoryBranchOutput{Ref: aws.String(b.Ref()), Name: &b.Name, HeadCommitId: aws.String(string(b.Head)), LastUpdatedTime: &b.UpdatedAt}, nil
}

func (c *CodeCatalyst) listSourceRepositoryBranches(q *operation.Query, in *cc.ListSourceRepositoryBranchesInput) (*cc.ListSourceRepositoryBranchesOutput, error) {
	r, err := c.Repositories.Repository(q.Tx, q.Grant.Project.ID, *in.SourceRepositoryName)
	if err != nil {
		return nil, err
	}
	branches, next, err := page(q, in.NextToken, in.MaxResults, 50, func(after string, limit int) ([]repo.Branch, error) {
		return c.Repositories.Branches(q.Tx, r, space.Page{After: after, Limit: limit})
	}, func(b repo.Branch) string { return b.Name })
	if err != nil {
		return nil, err
	}
	return &cc.ListSourceRepositoryBranchesOutput{NextToken: next, Items: translate(branches, func(b repo.Branch) types.ListSourceRepositoryBranchesItem {
		return types.ListSourceRepositoryBranchesItem{Ref: aws.String(b.Ref()), Name: &b.Name, HeadCommitId: aws.String(string(b.Head)), LastUpdatedTime: &b.UpdatedAt}
	})}, nil
}
