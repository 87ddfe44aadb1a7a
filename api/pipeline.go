package api

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/accountside"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
	"github.com/sallyport/sallyport/trust"
)

// Pipeline joins a repository to the organization behind an account.
type Pipeline struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Repository  string     `json:"repository" doc:"Its name"`
	Folder      string     `json:"folder" doc:"Of the templates in the repository; empty: all of it"`
	Account     string     `json:"account" doc:"Number of the management account, or of the one that administers IAM Identity Center"`
	Side        string     `json:"side" enum:"embedded,aws" doc:"Who answers for the account: Sallyport itself, or AWS"`
	State       string     `json:"state" enum:"pending,active,rejected,expired"`
	RoleARN     string     `json:"roleArn,omitempty" doc:"What its runs assume"`
	RequestedBy string     `json:"requestedBy" doc:"Alias"`
	RequestedAt time.Time  `json:"requestedAt"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty" doc:"Of the verification token, while it is pending"`
	DecidedAt   *time.Time `json:"decidedAt,omitempty" doc:"When the account's side accepted or rejected it"`
	Notified    bool       `json:"notified" doc:"Whether you get a mail when a run fails"`
}

// PipelineRun is one look of a pipeline at its repository and its organization.
type PipelineRun struct {
	Number    int64          `json:"number"`
	Branch    string         `json:"branch"`
	Commit    string         `json:"commit"`
	Applies   bool           `json:"applies" doc:"Whether the branch is the default one: others are planned alone"`
	State     string         `json:"state" enum:"pending,running,ended"`
	Outcome   string         `json:"outcome,omitempty" enum:"unchanged,planned,applied,failed,superseded"`
	Failure   string         `json:"failure,omitempty" doc:"Why it failed"`
	Changes   map[string]int `json:"changes,omitempty" doc:"How many the plan has, by what they do"`
	Done      int            `json:"done,omitempty" doc:"How many of them were made"`
	Calls     int            `json:"calls,omitempty" doc:"Requests to the account's side"`
	Causes    []RunCause     `json:"causes" nullable:"false" doc:"What it comes of; the last ones"`
	CreatedAt time.Time      `json:"createdAt"`
	StartedAt *time.Time     `json:"startedAt,omitempty"`
	EndedAt   *time.Time     `json:"endedAt,omitempty"`
}

// RunCause is one thing a run comes of.
type RunCause struct {
	Kind string    `json:"kind" enum:"push,event,request,approval,time,interruption"`
	At   time.Time `json:"at"`
	Who  string    `json:"who,omitempty"`
	What string    `json:"what"`
}

// PipelineRunLog is what a run told of itself.
type PipelineRunLog struct {
	Log string `json:"log"`
}

// PipelineRunPlan is what a run planned.
type PipelineRunPlan struct {
	Plan json.RawMessage `json:"plan" doc:"As sallyport plan --out writes it"`
}

// RequestPipelineInput asks for an account.
type RequestPipelineInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Body    NewPipeline
}

// NewPipeline is what asking for a pipeline takes.
type NewPipeline struct {
	Repository string `json:"repository" doc:"Name of a repository of the project"`
	Account    string `json:"account" doc:"Twelve digits: the management account, or the one that administers IAM Identity Center"`
	Name       string `json:"name,omitempty" doc:"Unique in the project; the repository's when left out"`
	Folder     string `json:"folder,omitempty" doc:"Of the templates; templates when left out, . for all of the repository"`
	RoleARN    string `json:"roleArn,omitempty" doc:"Of an account of AWS: the role that its administrator has made for this project"`
}

// RequestedPipeline is a pending pipeline with what the account's side accepts it by.
type RequestedPipeline struct {
	Pipeline
	Token string `json:"token,omitempty" doc:"The verification token, shown this once. Whoever administers the account accepts or rejects with it, once. None of an account of AWS"`
}

// ListPipelinesInput asks for the pipelines of a project.
type ListPipelinesInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Page
}

// PipelineInput names one.
type PipelineInput struct {
	Space    string `path:"space" doc:"Name of the space"`
	Project  string `path:"project" doc:"Name of the project"`
	Pipeline string `path:"pipeline" doc:"Name of the pipeline"`
}

// VerifyPipelineInput names one of an account of AWS.
type VerifyPipelineInput struct {
	Space    string `path:"space" doc:"Name of the space"`
	Project  string `path:"project" doc:"Name of the project"`
	Pipeline string `path:"pipeline" doc:"Name of the pipeline"`

	shown string // the role that has let us in
}

// StartRunInput asks for a run.
type StartRunInput struct {
	Space    string `path:"space" doc:"Name of the space"`
	Project  string `path:"project" doc:"Name of the project"`
	Pipeline string `path:"pipeline" doc:"Name of the pipeline"`
	Body     NewRun
}

// NewRun says of what.
type NewRun struct {
	Branch string `json:"branch,omitempty" doc:"The default one when left out"`
}

// NotifyInput says whether the caller gets a mail when a run fails.
type NotifyInput struct {
	Space    string `path:"space" doc:"Name of the space"`
	Project  string `path:"project" doc:"Name of the project"`
	Pipeline string `path:"pipeline" doc:"Name of the pipeline"`
	Body     Notification
}

// Notification is on or off.
type Notification struct {
	On bool `json:"on"`
}

// ListRunsInput asks for the runs of a pipeline.
type ListRunsInput struct {
	Space    string `path:"space" doc:"Name of the space"`
	Project  string `path:"project" doc:"Name of the project"`
	Pipeline string `path:"pipeline" doc:"Name of the pipeline"`
	Branch   string `query:"branch" doc:"Those of this branch alone"`
	Commit   string `query:"commit" doc:"Those that looked at this commit alone, by its whole id"`
	Page
}

// RunInput names one.
type RunInput struct {
	Space    string `path:"space" doc:"Name of the space"`
	Project  string `path:"project" doc:"Name of the project"`
	Pipeline string `path:"pipeline" doc:"Name of the pipeline"`
	Number   string `path:"number" doc:"Of the run"`
}

func (a *API) pipelineRoutes() []route {
	const pipelines = inProject + "/pipelines"
	const one, runs = pipelines + "/{pipeline}", pipelines + "/{pipeline}/runs"
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{Space}/{Project}") }
	return []route{
		create("RequestPipeline", "POST "+pipelines, "Ask that a repository of the project says who has access in an organization", a.requestPipeline, in(role.ConnectEnvironmentAccount), operation.Limit(60)),
		read("ListPipelines", "GET "+pipelines, "The pipelines of a project", a.listPipelines, in(role.ViewRepositories)),
		read("GetPipeline", "GET "+one, "One pipeline", a.getPipeline, in(role.ViewRepositories)),
		write("VerifyPipeline", "POST "+one+"/verification", "Begin with a pipeline of an account of AWS, once Sallyport has assumed its role", a.verifyPipeline,
			in(role.ConnectEnvironmentAccount), operation.Limit(60), operation.Prepare(a.assumeForPipeline)),
		write("DeletePipeline", "DELETE "+one, "Delete a pipeline with its runs; what it has delivered stays", a.deletePipeline, in(role.ConnectEnvironmentAccount)),
		write("NotifyOfPipeline", "PUT "+one+"/notification", "Say whether you get a mail when a run fails", a.notifyOfPipeline, in(role.ViewRepositories)),
		create("StartPipelineRun", "POST "+runs, "Plan a branch; the default one is applied", a.startRun, in(role.PushCommits)),
		read("ListPipelineRuns", "GET "+runs, "The runs of a pipeline, newest first", a.listRuns, in(role.ViewRepositories)),
		read("GetPipelineRun", "GET "+runs+"/{number}", "One run, with what it comes of", a.getRun, in(role.ViewRepositories)),
		read("GetPipelineRunLog", "GET "+runs+"/{number}/log", "What a run told of itself, so far", a.getRunLog, in(role.ViewRepositories)),
		read("GetPipelineRunPlan", "GET "+runs+"/{number}/plan", "What a run planned", a.getRunPlan, in(role.ViewRepositories)),
	}
}

func (a *API) requestPipeline(c *operation.Command, in *RequestPipelineInput) (*RequestedPipeline, error) {
	id, err := account.ParseID(in.Body.Account)
	if err != nil {
		return nil, err
	}
	p, token, err := a.Deliveries.Request(c.Tx, repo.Place{Space: c.Grant.Space, Project: c.Grant.Project}, c.Caller.UserID, delivery.New{
		Name: in.Body.Name, Repository: in.Body.Repository, Folder: in.Body.Folder, Account: id, Role: in.Body.RoleARN,
	})
	if err != nil {
		return nil, err
	}
	if err := a.mayConnectAWS(&c.Call, c.Tx.Reading(), p); err != nil {
		return nil, err
	}
	if p.Side == connection.AWS {
		token = "" // nobody there could answer with it
	}
	shown, err := a.pipelineShown(&c.Call, c.Tx.Reading(), p)
	return &RequestedPipeline{shown, string(token)}, err
}

func (a *API) listPipelines(q *operation.Query, in *ListPipelinesInput) (*List[Pipeline], error) {
	return list(in.Page, func(page space.Page) ([]delivery.Pipeline, error) {
		return a.Deliveries.Pipelines(q.Tx, q.Grant.Project.ID, page)
	}, func(p delivery.Pipeline) string { return p.Name }, func(found []delivery.Pipeline) ([]Pipeline, error) {
		shown := []Pipeline{}
		for _, p := range found {
			one, err := a.pipelineShown(&q.Call, q.Tx, p)
			if err != nil {
				return nil, err
			}
			shown = append(shown, one)
		}
		return shown, nil
	})
}

func (a *API) getPipeline(q *operation.Query, in *PipelineInput) (*Pipeline, error) {
	p, err := a.Deliveries.Named(q.Tx, q.Grant.Project.ID, in.Pipeline)
	if err != nil {
		return nil, err
	}
	shown, err := a.pipelineShown(&q.Call, q.Tx, p)
	return &shown, err
}

// pipelineToChange finds one whose change is told to its account as well.
func (a *API) pipelineToChange(c *operation.Command, name string) (delivery.Pipeline, error) {
	p, err := a.Deliveries.Named(c.Tx.Reading(), c.Grant.Project.ID, name)
	if err == nil {
		c.RecordIn(pipelineScopes(p)...)
	}
	return p, err
}

// pipelineScopes are the logs of both sides.
func pipelineScopes(p delivery.Pipeline) []seal.Scope {
	scopes := []seal.Scope{seal.Space(string(p.Space.ID))}
	if p.Side == connection.Embedded && p.State == connection.Active {
		scopes = append(scopes, p.Account.Scope())
	}
	return scopes
}

func (a *API) deletePipeline(c *operation.Command, in *PipelineInput) (*Empty, error) {
	p, err := a.pipelineToChange(c, in.Pipeline)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Deliveries.Delete(c.Tx, p)
}

// assumeForPipeline shows that the role lets this project in: whoever could make it do
// so administers the account.
func (a *API) assumeForPipeline(c *operation.Call, view operation.View, in *VerifyPipelineInput) error {
	var p delivery.Pipeline
	err := view(func(tx *database.ReadTx) (err error) {
		if p, err = a.Deliveries.Named(tx, c.Grant.Project.ID, in.Pipeline); err != nil {
			return err
		}
		if p.Side != connection.AWS || p.State != connection.Pending {
			return fault.Conflictf("the pipeline %s is %s, of an account of the side %s: only pending ones of AWS are verified", p.Name, p.State, p.Side)
		}
		return nil
	})
	if err != nil {
		return err
	}
	claims := trust.Claims{Place: trust.Place{Space: string(p.Space.ID), Project: string(p.Project.ID), Environment: string(p.ID)}, SpaceName: p.Space.Name, ProjectName: p.Project.Name, EnvironmentName: p.Name}
	made, err := a.assumeAtAWS(c.Context, view, claims, accountside.Session{RoleARN: p.Role, Name: "pipeline-verification", Lifetime: 15 * time.Minute})
	if fault.Is(err, fault.Denied) {
		return fault.WithReason(connection.LinkTrust, fault.Deniedf("AWS does not let Sallyport assume the role %s: its account needs the identity provider %s, and its trust policy has to admit the project; sallyport trust generate prints both", p.Role, a.PublicURL))
	}
	if err != nil {
		return err
	}
	of, err := a.Sides.Account(c.Context, made)
	if err == nil && of != string(p.Account) {
		err = fault.Deniedf("the role %s is of the account %s, and the pipeline asks for %s", p.Role, of, p.Account)
	}
	in.shown = p.Role
	return err
}

// mayConnectAWS: at AWS nobody but the role is asked, and it may admit every project of
// the space. So whoever names it may connect the space to accounts, and the project is one
// that a connection to the account is not kept from.
func (a *API) mayConnectAWS(c *operation.Call, tx *database.ReadTx, p delivery.Pipeline) error {
	if p.Side != connection.AWS {
		return nil
	}
	if decision := c.Grant.Held.Decide(role.AssociateAccount, ""); !decision.Allowed {
		return fault.Deniedf("the account %s is AWS's: %s", p.Account, decision.Reason())
	}
	return a.Connections.CheckAccount(tx, p.Space.ID, p.Account, p.Project.ID)
}

func (a *API) verifyPipeline(c *operation.Command, in *VerifyPipelineInput) (*Pipeline, error) {
	p, err := a.pipelineToChange(c, in.Pipeline)
	if err != nil {
		return nil, err
	}
	if p.Role != in.shown || p.State != connection.Pending {
		return nil, fault.Conflictf("the pipeline %s was changed at this moment: verify it again", p.Name)
	}
	if err := a.mayConnectAWS(&c.Call, c.Tx.Reading(), p); err != nil {
		return nil, err
	}
	if p, err = a.Deliveries.Accept(c.Tx, p, p.Role); err != nil {
		return nil, err
	}
	shown, err := a.pipelineShown(&c.Call, c.Tx.Reading(), p)
	return &shown, err
}

func (a *API) notifyOfPipeline(c *operation.Command, in *NotifyInput) (*Empty, error) {
	p, err := a.Deliveries.Named(c.Tx.Reading(), c.Grant.Project.ID, in.Pipeline)
	if err != nil {
		return nil, err
	}
	return &Empty{}, a.Deliveries.Notify(c.Tx, p, c.Caller.UserID, in.Body.On)
}

func (a *API) startRun(c *operation.Command, in *StartRunInput) (*PipelineRun, error) {
	p, err := a.Deliveries.Named(c.Tx.Reading(), c.Grant.Project.ID, in.Pipeline)
	if err != nil {
		return nil, err
	}
	return one(runShown)(a.Deliveries.Start(c.Tx, p, in.Body.Branch, c.Caller.Alias))
}

func (a *API) listRuns(q *operation.Query, in *ListRunsInput) (*List[PipelineRun], error) {
	p, err := a.Deliveries.Named(q.Tx, q.Grant.Project.ID, in.Pipeline)
	if err != nil {
		return nil, err
	}
	filter := delivery.RunFilter{Branch: in.Branch}
	if filter.Commit, err = git.ParseID(in.Commit); in.Commit != "" && err != nil {
		return nil, err
	}
	if in.After != "" {
		if filter.Below, err = runNumber(in.After); err != nil {
			return nil, err
		}
	}
	return list(in.Page, func(page space.Page) ([]delivery.Run, error) {
		return a.Deliveries.Runs(q.Tx, p, filter, page.Limit)
	}, func(r delivery.Run) string { return strconv.FormatInt(r.Number, 10) }, each(runShown))
}

func runNumber(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 1 {
		return 0, fault.Invalidf("%.32q is not the number of a run", text)
	}
	return number, nil
}

func (a *API) run(q *operation.Query, in *RunInput) (delivery.Run, error) {
	p, err := a.Deliveries.Named(q.Tx, q.Grant.Project.ID, in.Pipeline)
	if err != nil {
		return delivery.Run{}, err
	}
	number, err := runNumber(in.Number)
	if err != nil {
		return delivery.Run{}, err
	}
	return a.Deliveries.Run(q.Tx, p, number)
}

func (a *API) getRun(q *operation.Query, in *RunInput) (*PipelineRun, error) {
	return one(runShown)(a.run(q, in))
}

func (a *API) getRunLog(q *operation.Query, in *RunInput) (*PipelineRunLog, error) {
	r, err := a.run(q, in)
	if err != nil {
		return nil, err
	}
	text, err := a.Deliveries.Log(q.Tx, r)
	return &PipelineRunLog{text}, err
}

func (a *API) getRunPlan(q *operation.Query, in *RunInput) (*PipelineRunPlan, error) {
	r, err := a.run(q, in)
	if err != nil {
		return nil, err
	}
	plan, err := a.Deliveries.Plan(q.Tx, r)
	if err == nil && plan == nil {
		err = fault.NotFoundf("run %d has no plan: its log says how far it came", r.Number)
	}
	return &PipelineRunPlan{plan}, err
}

func (a *API) pipelineShown(c *operation.Call, tx *database.ReadTx, p delivery.Pipeline) (Pipeline, error) {
	asked, err := a.Directory.Users(tx, []directory.UserID{p.RequestedBy})
	if err != nil {
		return Pipeline{}, err
	}
	notified, err := a.Deliveries.Notified(tx, p, c.Caller.UserID)
	shown := Pipeline{
		ID: string(p.ID), Name: p.Name, Repository: p.Repository, Folder: p.Folder, Account: string(p.Account), Side: string(p.Side), State: string(p.State), RoleARN: p.Role,
		RequestedBy: asked[p.RequestedBy].Alias, RequestedAt: p.RequestedAt, DecidedAt: told(p.DecidedAt), Notified: notified,
	}
	if p.State == connection.Pending {
		shown.ExpiresAt = told(p.ExpiresAt)
	}
	return shown, err
}

func runShown(r delivery.Run) PipelineRun {
	return PipelineRun{
		Number: r.Number, Branch: r.Branch, Commit: string(r.Commit), Applies: r.Applies, State: string(r.State), Outcome: string(r.Outcome),
		Failure: r.Report.Failure, Changes: r.Report.Changes, Done: r.Report.Done, Calls: r.Report.Calls,
		Causes:    translate(r.Causes, func(c delivery.Cause) RunCause { return RunCause{string(c.Kind), c.At, c.Who, c.What} }),
		CreatedAt: r.CreatedAt, StartedAt: told(r.StartedAt), EndedAt: told(r.EndedAt),
	}
}
