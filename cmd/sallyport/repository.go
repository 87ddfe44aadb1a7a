package main

import (
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

var repositoryColumns = table[api.Repository]{
	{"name", func(r api.Repository) string { return r.Name }},
	{"default branch", func(r api.Repository) string { return r.DefaultBranch }},
	{"updated", func(r api.Repository) string { return when(r.UpdatedAt) }},
	{"clone", func(r api.Repository) string { return r.CloneURL }},
	{"description", func(r api.Repository) string { return r.Description }},
}

const (
	repositories = "/spaces/{space}/projects/{project}/repositories"
	aRepository  = repositories + "/{repository}"
)

func repositoryCommand() *cobra.Command {
	return noun("repository", "Source repositories of a project",
		listing(verb[api.ListRepositoriesInput]{use: "list PROJECT", short: "List the repositories of a project", ask: "GET " + repositories,
			bind: func(in *api.ListRepositoriesInput, _ *pflag.FlagSet) []*string { return []*string{&in.Project} }}, repositoryColumns),
		showing(verb[api.CreateRepositoryInput]{use: "create PROJECT NAME", short: "Create a repository", ask: "POST " + repositories,
			bind: func(in *api.CreateRepositoryInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Body.Description, "description", "", "what is in it")
				f.BoolVar(&in.Body.Empty, "empty", false, "without an initial commit, to push a history that is there already")
				return []*string{&in.Project, &in.Body.Name}
			}}, repositoryColumns),
		showing(verb[api.GetRepositoryInput]{use: "show PROJECT REPOSITORY", short: "Show a repository", ask: "GET " + aRepository,
			bind: func(in *api.GetRepositoryInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Repository}
			}}, repositoryColumns),
		showing(verb[api.UpdateRepositoryInput]{use: "update PROJECT REPOSITORY", short: "Change a repository's name, description or limit on messages", ask: "PATCH " + aRepository,
			bind: func(in *api.UpdateRepositoryInput, f *pflag.FlagSet) []*string {
				optional(f, &in.Body.Name, "rename", "another `name`: clone URLs change with it")
				optional(f, &in.Body.Description, "description", "what is in it")
				f.Func("longest-message", "most `characters` in the message of a commit that is pushed; 0: any number", func(given string) error {
					most, err := strconv.Atoi(given)
					in.Body.LongestMessage = &most
					return err
				})
				return []*string{&in.Project, &in.Repository}
			}}, repositoryColumns),
		showing(verb[api.SetDefaultBranchInput]{use: "default-branch PROJECT REPOSITORY BRANCH", short: "Make another branch the one that clones begin with", ask: "PUT " + aRepository + "/default-branch",
			bind: func(in *api.SetDefaultBranchInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Repository, &in.Body.Branch}
			}}, repositoryColumns),
		doing(verb[api.DeleteRepositoryInput]{use: "delete PROJECT REPOSITORY", short: "Delete a repository and all that is in it", ask: "DELETE " + aRepository,
			bind: func(in *api.DeleteRepositoryInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Repository}
			}}, "Deleted the repository $2."),
	)
}

var branchColumns = table[api.Branch]{
	{"name", func(b api.Branch) string { return b.Name }},
	{"head", func(b api.Branch) string { return b.Head }},
	{"default", func(b api.Branch) string { return yesNo(b.Default) }},
	{"updated", func(b api.Branch) string { return when(b.UpdatedAt) }},
}

func branchCommand() *cobra.Command {
	const branches = aRepository + "/branches"
	return noun("branch", "Branches of a repository",
		listing(verb[api.ListBranchesInput]{use: "list PROJECT REPOSITORY", short: "List the branches of a repository", ask: "GET " + branches,
			bind: func(in *api.ListBranchesInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Repository}
			}}, branchColumns),
		showing(verb[api.CreateBranchInput]{use: "create PROJECT REPOSITORY BRANCH", short: "Create a branch", ask: "POST " + branches,
			bind: func(in *api.CreateBranchInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Body.Head, "at", "", "id of the `commit` to begin at; left out: where the default branch is")
				return []*string{&in.Project, &in.Repository, &in.Body.Name}
			}}, branchColumns),
		showing(verb[api.RenameBranchInput]{use: "rename PROJECT REPOSITORY BRANCH NAME", short: "Rename a branch, with its rule", ask: "PATCH " + branches + "/{branch}",
			bind: func(in *api.RenameBranchInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Repository, &in.Branch, &in.Body.Name}
			}}, branchColumns),
		doing(verb[api.DeleteBranchInput]{use: "delete PROJECT REPOSITORY BRANCH", short: "Delete a branch", ask: "DELETE " + branches + "/{branch}",
			bind: func(in *api.DeleteBranchInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Repository, &in.Branch}
			}}, "Deleted the branch $3."),
	)
}

var branchRuleColumns = table[api.BranchRule]{
	{"branch", func(r api.BranchRule) string { return r.Branch }},
	{"push", func(r api.BranchRule) string { return string(r.Push) }},
	{"merge", func(r api.BranchRule) string { return string(r.Merge) }},
	{"delete", func(r api.BranchRule) string { return string(r.Delete) }},
	{"state", func(r api.BranchRule) string { return r.State }},
}

func branchRuleCommand() *cobra.Command {
	const rules = aRepository + "/branch-rules"
	return noun("branch-rule", "Who may change which branch",
		listing(verb[api.ListBranchRulesInput]{use: "list PROJECT REPOSITORY", short: "List the rules of branches", ask: "GET " + rules,
			bind: func(in *api.ListBranchRulesInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Repository}
			}}, branchRuleColumns),
		showing(verb[api.SetBranchRuleInput]{use: "set PROJECT REPOSITORY BRANCH", short: "Say who may push to a branch, merge into it and delete it", ask: "PUT " + rules + "/{branch}",
			bind: func(in *api.SetBranchRuleInput, f *pflag.FlagSet) []*string {
				f.StringVar((*string)(&in.Body.Push), "push", "contributor", "least `role` that may push: contributor or project-administrator")
				f.StringVar((*string)(&in.Body.Merge), "merge", "contributor", "least `role` that may merge: contributor or project-administrator")
				return []*string{&in.Project, &in.Repository, &in.Branch}
			}}, branchRuleColumns),
	)
}
