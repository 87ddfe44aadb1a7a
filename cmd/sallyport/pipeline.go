package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

const (
	projectPipelines = "/spaces/{space}/projects/{project}/pipelines"
	projectPipeline  = projectPipelines + "/{pipeline}"
	pipelineRuns     = projectPipeline + "/runs"
	accountPipelines = "/account/pipelines"
)

var pipelineColumns = table[api.Pipeline]{
	{"name", func(p api.Pipeline) string { return p.Name }},
	{"repository", func(p api.Pipeline) string { return p.Repository }},
	{"folder", func(p api.Pipeline) string { return p.Folder }},
	{"account", func(p api.Pipeline) string { return p.Account }},
	{"state", func(p api.Pipeline) string { return p.State }},
	{"asked for by", func(p api.Pipeline) string { return p.RequestedBy }},
	{"asked for", func(p api.Pipeline) string { return when(p.RequestedAt) }},
	{"notifies you", func(p api.Pipeline) string { return yesNo(p.Notified) }},
}

var requestedPipelineColumns = append(within(func(r api.RequestedPipeline) api.Pipeline { return r.Pipeline }, pipelineColumns[:5]),
	column[api.RequestedPipeline]{"token", func(r api.RequestedPipeline) string { return r.Token }},
	column[api.RequestedPipeline]{"good until", func(r api.RequestedPipeline) string { return inZone(*r.ExpiresAt) }})

var runColumns = table[api.PipelineRun]{
	{"run", func(r api.PipelineRun) string { return fmt.Sprint(r.Number) }},
	{"branch", func(r api.PipelineRun) string { return r.Branch }},
	{"commit", func(r api.PipelineRun) string { return r.Commit[:min(len(r.Commit), 12)] }},
	{"outcome", func(r api.PipelineRun) string {
		if r.Outcome == "" {
			return r.State
		}
		return r.Outcome
	}},
	{"changes", func(r api.PipelineRun) string { return changesInWords(r.Changes) }},
	{"asked for", func(r api.PipelineRun) string { return when(r.CreatedAt) }},
	{"because", func(r api.PipelineRun) string { return causeInWords(r.Causes[len(r.Causes)-1]) }},
}

var runDetail = append(slices.Clone(runColumns), table[api.PipelineRun]{
	{"causes", func(r api.PipelineRun) string { return joined(r.Causes, causeInWords) }},
	{"failure", func(r api.PipelineRun) string { return r.Failure }},
}...)

func changesInWords(changes map[string]int) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(changes)) {
		parts = append(parts, fmt.Sprintf("%d %s", changes[what], what))
	}
	return strings.Join(parts, ", ")
}

func causeInWords(c api.RunCause) string {
	if c.Who == "" {
		return c.What
	}
	return c.What + " by " + c.Who
}

var accountPipelineColumns = table[api.AccountPipeline]{
	{"id", func(p api.AccountPipeline) string { return p.ID }},
	{"space", func(p api.AccountPipeline) string { return p.Space }},
	{"project", func(p api.AccountPipeline) string { return p.Project }},
	{"repository", func(p api.AccountPipeline) string { return p.Repository }},
	{"folder", func(p api.AccountPipeline) string { return p.Folder }},
	{"account", func(p api.AccountPipeline) string { return p.Account }},
	{"state", func(p api.AccountPipeline) string { return p.State }},
	{"role", func(p api.AccountPipeline) string { return p.RoleARN }},
	{"admits", func(p api.AccountPipeline) string { return p.SourceARN }},
}

func pipelineCommand() *cobra.Command {
	name := func(in *api.PipelineInput, _ *pflag.FlagSet) []*string { return []*string{&in.Project, &in.Pipeline} }
	token := func(in *api.PipelineTokenInput, _ *pflag.FlagSet) []*string { return []*string{&in.Body.Token} }
	return noun("pipeline", "Repositories that say who has access in an organization",
		showing(verb[api.RequestPipelineInput]{use: "connect PROJECT REPOSITORY ACCOUNT", short: "Ask that a repository says who has access; the account's side answers with the token that is printed", ask: "POST " + projectPipelines,
			bind: func(in *api.RequestPipelineInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Body.Folder, "folder", "", "`folder` of the templates; . for all of the repository (default templates)")
				f.StringVar(&in.Body.Name, "name", "", "`name` of the pipeline (default the repository's)")
				f.StringVar(&in.Body.RoleARN, "role", "", "`ARN` of the role that an account of AWS has for the project")
				return []*string{&in.Project, &in.Body.Repository, &in.Body.Account}
			}}, requestedPipelineColumns),
		showing(verb[api.VerifyPipelineInput]{use: "verify PROJECT PIPELINE", short: "Begin with a pipeline of an account at AWS, by assuming its role", ask: "POST " + projectPipeline + "/verification",
			bind: func(in *api.VerifyPipelineInput, _ *pflag.FlagSet) []*string {
				return []*string{&in.Project, &in.Pipeline}
			}}, pipelineColumns),
		listing(verb[api.ListPipelinesInput]{use: "list PROJECT", short: "List the pipelines of a project", ask: "GET " + projectPipelines,
			bind: func(in *api.ListPipelinesInput, _ *pflag.FlagSet) []*string { return []*string{&in.Project} }}, pipelineColumns),
		doing(verb[api.PipelineInput]{use: "delete PROJECT PIPELINE", short: "Delete a pipeline; what it has delivered stays", ask: "DELETE " + projectPipeline, bind: name}, "Deleted the pipeline $2."),
		notifyCommand(),
		showing(verb[api.StartRunInput]{use: "run PROJECT PIPELINE", short: "Plan a branch; the default one is applied", ask: "POST " + pipelineRuns,
			bind: func(in *api.StartRunInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Body.Branch, "branch", "", "`name` of the branch (default the default one)")
				return []*string{&in.Project, &in.Pipeline}
			}}, runColumns),
		listing(verb[api.ListRunsInput]{use: "runs PROJECT PIPELINE", short: "List the runs of a pipeline, newest first", ask: "GET " + pipelineRuns, most: 20,
			bind: func(in *api.ListRunsInput, f *pflag.FlagSet) []*string {
				f.StringVar(&in.Branch, "branch", "", "those of this `branch` alone")
				f.StringVar(&in.Commit, "commit", "", "those that looked at this `commit` alone")
				return []*string{&in.Project, &in.Pipeline}
			}}, runColumns),
		showing(verb[api.RunInput]{use: "show PROJECT PIPELINE RUN", short: "Show a run", ask: "GET " + pipelineRuns + "/{number}", bind: runOf}, runDetail),
		printing("log PROJECT PIPELINE RUN", "Print what a run told of itself, its plan included", "/log", func(out io.Writer, told api.PipelineRunLog) error {
			for line := range strings.Lines(told.Log) {
				if _, err := fmt.Fprintln(out, printable(strings.TrimSuffix(line, "\n"))); err != nil {
					return err
				}
			}
			return nil
		}),
		printing("plan PROJECT PIPELINE RUN", "Print what a run planned, as sallyport plan --out writes it", "/plan", func(out io.Writer, planned api.PipelineRunPlan) error {
			_, err := fmt.Fprintln(out, string(planned.Plan))
			return err
		}),

		showing(verb[api.PipelineTokenInput]{use: "pending TOKEN", short: "Show what a project asks of your account", ask: "POST " + accountPipelines + "/pending", signs: true, bind: token}, accountPipelineColumns),
		showing(verb[api.PipelineTokenInput]{use: "accept TOKEN", short: "Let a repository say who has access in your organization; makes the role for it", ask: "POST " + accountPipelines + "/accept", signs: true, bind: token}, accountPipelineColumns),
		showing(verb[api.PipelineTokenInput]{use: "reject TOKEN", short: "Refuse that", ask: "POST " + accountPipelines + "/reject", signs: true, bind: token}, accountPipelineColumns),
		listing(verb[api.ListAccountPipelinesInput]{use: "projects", short: "List the pipelines that your account has accepted", ask: "GET " + accountPipelines, signs: true}, accountPipelineColumns),
		doing(verb[api.AccountPipelineInput]{use: "disconnect ID", short: "Take your account away from a pipeline, for good", ask: "DELETE " + accountPipelines + "/{id}", signs: true,
			bind: func(in *api.AccountPipelineInput, _ *pflag.FlagSet) []*string { return []*string{&in.ID} }}, "Deleted the pipeline $1."),
	)
}

func runOf(in *api.RunInput, _ *pflag.FlagSet) []*string {
	return []*string{&in.Project, &in.Pipeline, &in.Number}
}

// printing is a verb that prints something of a run as it is.
func printing[Answer any](use, short, what string, show func(io.Writer, Answer) error) *cobra.Command {
	v := verb[api.RunInput]{use: use, short: short, ask: "GET " + pipelineRuns + "/{number}" + what, bind: runOf}
	return v.command(func(cmd *cobra.Command, a asked[api.RunInput]) error {
		var answer Answer
		if err := call(cmd.Context(), a.remote, a.token, v.ask, a.in, nil, &answer); err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), answer)
	})
}

func notifyCommand() *cobra.Command {
	var to string
	v := verb[api.NotifyInput]{use: "notify PROJECT PIPELINE on|off", short: "Say whether you get a mail when a run fails", ask: "PUT " + projectPipeline + "/notification",
		bind: func(in *api.NotifyInput, _ *pflag.FlagSet) []*string {
			return []*string{&in.Project, &in.Pipeline, &to}
		}}
	return v.command(func(cmd *cobra.Command, a asked[api.NotifyInput]) error {
		if to != "on" && to != "off" {
			return fmt.Errorf("%w: say on or off, not %q", errUsage, to)
		}
		a.in.Body.On = to == "on"
		if err := call(cmd.Context(), a.remote, a.token, v.ask, a.in, nil, nil); err != nil {
			return err
		}
		said := "You get a mail when a run of %s fails.\n"
		if to == "off" {
			said = "You get no more mails of %s.\n"
		}
		fmt.Fprintf(cmd.ErrOrStderr(), said, a.in.Pipeline)
		return nil
	})
}
