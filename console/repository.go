package console

import (
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/role"
)

// repositoryPage is a repository with its branches and their rules.
type repositoryPage struct {
	*api.Repository
	Space, Project string
	May            may
	Branches       []ruledBranch
	Next           string // of the branches
}

// ruledBranch is a branch and who may change it. One without a rule has the one that
// holds then.
type ruledBranch struct {
	api.Branch
	Rule api.BranchRule
}

func (c *console) showRepository(v *visit) (any, error) {
	space, project, name := v.PathValue("space"), v.PathValue("project"), v.PathValue("repository")
	r, err := c.ask.GetRepository.ask(v, api.GetRepositoryInput{Space: space, Project: project, Repository: name})
	if err != nil {
		return nil, err
	}
	page := repositoryPage{Repository: r, Space: space, Project: project}
	if page.May, err = c.may(v, role.UpdateBranchRule, role.ChangeDefaultBranch, role.DeleteRepository); err != nil {
		return nil, err
	}
	branches, err := c.ask.ListBranches.ask(v, api.ListBranchesInput{Space: space, Project: project, Repository: name, Page: v.page("branches")})
	if err != nil {
		return nil, err
	}
	rules, err := c.ask.ListBranchRules.ask(v, api.ListBranchRulesInput{Space: space, Project: project, Repository: name})
	if err != nil {
		return nil, err
	}
	ruled := map[string]api.BranchRule{}
	for _, rule := range rules.Items {
		ruled[rule.Branch] = rule
	}
	for _, b := range branches.Items {
		rule, ok := ruled[b.Name]
		if !ok {
			rule = api.BranchRule{Push: "contributor", Merge: "contributor", Delete: "contributor"}
		}
		page.Branches = append(page.Branches, ruledBranch{b, rule})
	}
	page.Next = branches.Next
	return page, nil
}

func (c *console) createRepository(v *visit) (answer, error) {
	r, err := c.ask.CreateRepository.ask(v, api.CreateRepositoryInput{
		Space: v.PathValue("space"), Project: v.PathValue("project"), Body: api.NewRepository{Name: v.typed("name"), Description: v.typed("description")}})
	if err != nil {
		return answer{}, err
	}
	return goTo(projectPath(v.PathValue("space"), v.PathValue("project"))+"/repositories/"+r.Name, "done", "repository-made"), nil
}

func (c *console) setBranchRule(v *visit) (answer, error) {
	_, err := c.ask.SetBranchRule.ask(v, api.SetBranchRuleInput{
		Space: v.PathValue("space"), Project: v.PathValue("project"), Repository: v.PathValue("repository"), Branch: v.typed("of"),
		Body: api.BranchRuleSetting{Push: api.ProjectRole(v.typed("push")), Merge: api.ProjectRole(v.typed("merge"))}})
	return v.here("rule-set", err)
}

func (c *console) setDefaultBranch(v *visit) (answer, error) {
	_, err := c.ask.SetDefaultBranch.ask(v, api.SetDefaultBranchInput{
		Space: v.PathValue("space"), Project: v.PathValue("project"), Repository: v.PathValue("repository"), Body: api.DefaultBranch{Branch: v.typed("of")}})
	return v.here("default-set", err)
}

func (c *console) deleteRepository(v *visit) (answer, error) {
	space, project := v.PathValue("space"), v.PathValue("project")
	if _, err := c.ask.DeleteRepository.ask(v, api.DeleteRepositoryInput{Space: space, Project: project, Repository: v.PathValue("repository")}); err != nil {
		return answer{}, err
	}
	return goTo(projectPath(space, project), "done", "repository-deleted"), nil
}
