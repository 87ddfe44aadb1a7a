package api

import (
	"time"

	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Branch is a line of work in a repository.
type Branch struct {
	Name      string    `json:"name" doc:"Without refs/heads/"`
	Head      string    `json:"head" doc:"Id of the commit it leads to"`
	Default   bool      `json:"default" doc:"Whether clones begin with it; nobody can delete it then"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// ListBranchesInput asks for the branches of a repository.
type ListBranchesInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
	Page
}

// CreateBranchInput asks for a branch.
type CreateBranchInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
	Body       NewBranch
}

// NewBranch is what creating a branch takes.
type NewBranch struct {
	Name string `json:"name"`
	Head string `json:"head,omitempty" doc:"Id of a commit in the repository; left out: where the default branch is"`
}

// RenameBranchInput gives a branch another name.
type RenameBranchInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
	Branch     string `path:"branch" doc:"Name of the branch, with %2F for /"`
	Body       BranchPatch
}

// BranchPatch changes a branch.
type BranchPatch struct {
	Name string `json:"name" doc:"It keeps its rule, and stays the default branch when it is: that takes the permission repo.branch.default as well"`
}

// DeleteBranchInput ends a branch.
type DeleteBranchInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
	Branch     string `path:"branch" doc:"Name of the branch, with %2F for /"`
}

// BranchRule says who may do what on a branch, of those whose role lets them.
type BranchRule struct {
	Branch string      `json:"branch"`
	Push   ProjectRole `json:"push" doc:"The least role that may push to it"`
	Merge  ProjectRole `json:"merge" doc:"The least role that may merge into it"`
	Delete ProjectRole `json:"delete" doc:"The least role that may delete it; follows from the others"`
	State  string      `json:"state" doc:"custom, or standard: as if there were no rule"`
}

// ListBranchRulesInput asks for the rules of branches, loosened ones too.
type ListBranchRulesInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
}

// SetBranchRuleInput gives a branch its rule.
type SetBranchRuleInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Project    string `path:"project" doc:"Name of the project"`
	Repository string `path:"repository" doc:"Name of the repository"`
	Branch     string `path:"branch" doc:"Name of the branch, with %2F for /"`
	Body       BranchRuleSetting
}

// BranchRuleSetting is a rule: contributor, or project-administrator.
type BranchRuleSetting struct {
	Push  ProjectRole `json:"push" doc:"The least role that may push to it: contributor or project-administrator"`
	Merge ProjectRole `json:"merge" doc:"The least role that may merge into it: contributor or project-administrator"`
}

func (a *API) branchRoutes() []route {
	const (
		branches = aRepository + "/branches"
		rules    = aRepository + "/branch-rules"
	)
	return []route{
		read("ListBranches", "GET "+branches, "The branches of a repository", a.listBranches, ofRepository(role.ViewBranches)),
		create("CreateBranch", "POST "+branches, "Create a branch", a.createBranch, ofRepository(role.CreateBranch), operation.Prepare(a.findHead)),
		write("RenameBranch", "PATCH "+branches+"/{branch}", "Rename a branch", a.renameBranch, ofRepository(role.DeleteBranch)),
		write("DeleteBranch", "DELETE "+branches+"/{branch}", "Delete a branch", a.deleteBranch, ofRepository(role.DeleteBranch)),
		read("ListBranchRules", "GET "+rules, "The rules of branches", a.listBranchRules, ofRepository(role.ViewBranchRules)),
		write("SetBranchRule", "PUT "+rules+"/{branch}", "Say who may push to a branch, merge into it and delete it", a.setBranchRule, ofRepository(role.UpdateBranchRule)),
	}
}

func branchShown(r repo.Repository) func(repo.Branch) Branch {
	return func(b repo.Branch) Branch {
		return Branch{Name: b.Name, Head: string(b.Head), Default: b.Name == r.DefaultBranch, UpdatedAt: b.UpdatedAt}
	}
}

func (a *API) listBranches(q *operation.Query, in *ListBranchesInput) (*List[Branch], error) {
	r, err := a.repository(q.Tx, q.Grant)
	if err != nil {
		return nil, err
	}
	return list(in.Page, func(p space.Page) ([]repo.Branch, error) {
		return a.Repositories.Branches(q.Tx, r, p)
	}, func(b repo.Branch) string { return b.Name }, each(branchShown(r)))
}

func (a *API) findHead(call *operation.Call, view operation.View, in *CreateBranchInput) error {
	return a.Repositories.FindHead(call.Context, view, call.Grant.Project.ID, in.Repository, in.Body.Head)
}

func (a *API) createBranch(c *operation.Command, in *CreateBranchInput) (*Branch, error) {
	r, err := a.repository(c.Tx.Reading(), c.Grant)
	if err != nil {
		return nil, err
	}
	return one(branchShown(r))(a.Repositories.CreateBranch(c.Tx, placeOf(c.Grant), r, pusher(c), in.Body.Name, git.ID(in.Body.Head)))
}

func (a *API) renameBranch(c *operation.Command, in *RenameBranchInput) (*Branch, error) {
	r, err := a.repository(c.Tx.Reading(), c.Grant)
	if err != nil {
		return nil, err
	}
	b, err := a.Repositories.RenameBranch(c.Tx, placeOf(c.Grant), r, pusher(c), in.Branch, in.Body.Name)
	if err != nil {
		return nil, err
	}
	if r, err = a.repository(c.Tx.Reading(), c.Grant); err != nil {
		return nil, err
	}
	shown := branchShown(r)(b)
	return &shown, nil
}

func (a *API) deleteBranch(c *operation.Command, in *DeleteBranchInput) (*Empty, error) {
	r, err := a.repository(c.Tx.Reading(), c.Grant)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Repositories.DeleteBranch(c.Tx, placeOf(c.Grant), r, pusher(c), in.Branch)
}

func branchRuleShown(r repo.Rule) BranchRule {
	shown := BranchRule{Branch: r.Branch, Push: ProjectRole(r.Push.Name()), Merge: ProjectRole(r.Merge.Name()), Delete: ProjectRole(r.Delete().Name()), State: "standard"}
	if r.Custom {
		shown.State = "custom"
	}
	return shown
}

func (a *API) listBranchRules(q *operation.Query, _ *ListBranchRulesInput) (*List[BranchRule], error) {
	r, err := a.repository(q.Tx, q.Grant)
	if err != nil {
		return nil, err
	}
	rules, err := a.Repositories.Rules(q.Tx, r)
	if err != nil {
		return nil, err
	}
	return &List[BranchRule]{Items: translate(rules, branchRuleShown)}, nil
}

func (a *API) setBranchRule(c *operation.Command, in *SetBranchRuleInput) (*BranchRule, error) {
	r, err := a.repository(c.Tx.Reading(), c.Grant)
	if err != nil {
		return nil, err
	}
	push, err := in.Body.Push.parse()
	if err != nil {
		return nil, err
	}
	merge, err := in.Body.Merge.parse()
	if err != nil {
		return nil, err
	}
	return one(branchRuleShown)(a.Repositories.SetRule(c.Tx, r, repo.Rule{Branch: in.Branch, Push: push, Merge: merge}))
}
