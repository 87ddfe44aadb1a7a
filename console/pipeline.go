package console

import (
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/role"
)

// pipelinePage is a pipeline with its runs.
type pipelinePage struct {
	*api.Pipeline
	Space, Project string
	May            may
	Runs           *api.List[api.PipelineRun]
}

func pipelineInput(v *visit) api.PipelineInput {
	return api.PipelineInput{Space: v.PathValue("space"), Project: v.PathValue("project"), Pipeline: v.PathValue("pipeline")}
}

func (c *console) showPipeline(v *visit) (any, error) {
	in := pipelineInput(v)
	found, err := c.ask.GetPipeline.ask(v, in)
	if err != nil {
		return nil, err
	}
	page := pipelinePage{Pipeline: found, Space: in.Space, Project: in.Project}
	if page.May, err = c.may(v, role.PushCommits, role.ConnectEnvironmentAccount); err != nil {
		return nil, err
	}
	page.Runs, err = c.ask.ListPipelineRuns.ask(v, api.ListRunsInput{Space: in.Space, Project: in.Project, Pipeline: in.Pipeline, Page: v.page("runs")})
	return page, err
}

// runPage is a run with what it told of itself.
type runPage struct {
	*api.PipelineRun
	Space, Project, Pipeline string
	Log                      string
}

func (c *console) showRun(v *visit) (any, error) {
	in := api.RunInput{Space: v.PathValue("space"), Project: v.PathValue("project"), Pipeline: v.PathValue("pipeline"), Number: v.PathValue("number")}
	found, err := c.ask.GetPipelineRun.ask(v, in)
	if err != nil {
		return nil, err
	}
	told, err := c.ask.GetPipelineRunLog.ask(v, in)
	if err != nil {
		return nil, err
	}
	return runPage{found, in.Space, in.Project, in.Pipeline, told.Log}, nil
}

func (c *console) requestPipeline(v *visit) (answer, error) {
	asked, err := c.ask.RequestPipeline.ask(v, api.RequestPipelineInput{Space: v.PathValue("space"), Project: v.PathValue("project"),
		Body: api.NewPipeline{Repository: v.typed("repository"), Folder: v.typed("folder"), Account: v.typed("account")}})
	return answer{template: "pipeline-token", data: asked}, err
}

func (c *console) startRun(v *visit) (answer, error) {
	in := pipelineInput(v)
	_, err := c.ask.StartPipelineRun.ask(v, api.StartRunInput{Space: in.Space, Project: in.Project, Pipeline: in.Pipeline})
	return v.here("run-asked-for", err)
}

func (c *console) notifyOfPipeline(v *visit) (answer, error) {
	in, on := pipelineInput(v), v.typed("on") == "yes"
	_, err := c.ask.NotifyOfPipeline.ask(v, api.NotifyInput{Space: in.Space, Project: in.Project, Pipeline: in.Pipeline, Body: api.Notification{On: on}})
	if on {
		return v.here("notified", err)
	}
	return v.here("not-notified", err)
}

func (c *console) deletePipeline(v *visit) (answer, error) {
	in := pipelineInput(v)
	if _, err := c.ask.DeletePipeline.ask(v, in); err != nil {
		return answer{}, err
	}
	return goTo(projectPath(in.Space, in.Project), "done", "pipeline-deleted"), nil
}

// pendingPipeline is what a project asks of an account, to say yes or no to.
type pendingPipeline struct {
	At inRole
	*api.AccountPipeline
	Token string
}

func (c *console) acceptPipeline(v *visit, at inRole) (answer, error) {
	_, err := c.ask.AcceptPipeline.ask(v, api.PipelineTokenInput{Body: api.VerificationToken{Token: v.typed("token")}})
	return goTo(at.Path("/spaces"), "done", "pipeline-accepted"), err
}

func (c *console) rejectPipeline(v *visit, at inRole) (answer, error) {
	_, err := c.ask.RejectPipeline.ask(v, api.PipelineTokenInput{Body: api.VerificationToken{Token: v.typed("token")}})
	return goTo(at.Path("/spaces"), "done", "pipeline-rejected"), err
}

func (c *console) endPipeline(v *visit, at inRole) (answer, error) {
	_, err := c.ask.DeleteAccountPipeline.ask(v, api.AccountPipelineInput{ID: v.typed("of")})
	return goTo(at.Path("/spaces"), "done", "pipeline-deleted"), err
}
