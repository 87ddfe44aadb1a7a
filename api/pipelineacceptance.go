package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// The account's side of pipelines: asked by principals of the embedded account side, as
// that of connections.

// AccountPipeline is a pipeline as the account's side sees it.
type AccountPipeline struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Space       string    `json:"space" doc:"Name of the space that asked"`
	Project     string    `json:"project" doc:"Name of the project"`
	Repository  string    `json:"repository" doc:"Whoever may push to its default branch says who has access in the organization"`
	Folder      string    `json:"folder" doc:"Of the templates; empty: all of the repository"`
	Account     string    `json:"account"`
	State       string    `json:"state" enum:"pending,active,rejected,expired"`
	SourceARN   string    `json:"sourceArn" doc:"What the role's trust policy admits: this project alone"`
	RoleARN     string    `json:"roleArn" doc:"The role that accepting makes, or has made"`
	Policy      string    `json:"policy" doc:"What the role may do"`
	RequestedAt time.Time `json:"requestedAt"`
	ExpiresAt   time.Time `json:"expiresAt" doc:"Of the verification token"`
}

// PipelineTokenInput names a request by its verification token.
type PipelineTokenInput struct{ Body VerificationToken }

// ListAccountPipelinesInput asks for the pipelines an account has accepted.
type ListAccountPipelinesInput struct{ Page }

// AccountPipelineInput names one of them.
type AccountPipelineInput struct {
	ID string `path:"id" doc:"Of the pipeline"`
}

func (a *API) pipelineAcceptanceRoutes() []route {
	const pipelines = "/account/pipelines"
	by := func(action string) authz.Rule { return authz.IAM("codecatalyst:"+action, "*") }
	return []route{
		read("GetPendingPipeline", "POST "+pipelines+"/pending", "What a verification token asks of your account", a.getPendingPipeline, by("GetPendingConnection")),
		write("AcceptPipeline", "POST "+pipelines+"/accept", "Let a repository say who has access in your organization: this makes the role for it", a.acceptPipeline, by("AcceptConnection")),
		write("RejectPipeline", "POST "+pipelines+"/reject", "Refuse that", a.rejectPipeline, by("RejectConnection")),
		read("ListAccountPipelines", "GET "+pipelines, "The pipelines your account has accepted", a.listAccountPipelines, by("ListConnections")),
		write("DeleteAccountPipeline", "DELETE "+pipelines+"/{id}", "Take your account away from a pipeline, for good, with the role that was made for it", a.deleteAccountPipeline, by("DeleteConnection")),
	}
}

// askedPipeline is what a token asks of the caller's account.
func (a *API) askedPipeline(c *operation.Call, tx *database.ReadTx, token string) (delivery.Pipeline, error) {
	return a.Deliveries.Asked(tx, c.Caller.Principal.ID(), c.Caller.Region, token)
}

func (a *API) getPendingPipeline(q *operation.Query, in *PipelineTokenInput) (*AccountPipeline, error) {
	return one(a.accountPipeline)(a.askedPipeline(&q.Call, q.Tx, in.Body.Token))
}

func (a *API) acceptPipeline(c *operation.Command, in *PipelineTokenInput) (*AccountPipeline, error) {
	p, err := a.askedPipeline(&c.Call, c.Tx.Reading(), in.Body.Token)
	if err != nil {
		return nil, err
	}
	// Accepting makes a role: nobody does by this door what they may not do by IAM's.
	for _, action := range []string{"iam:CreateRole", "iam:PutRolePolicy"} {
		if err := a.Authorizer.Require(c.Tx.Reading(), c.Caller, c.Request.Circumstances(), action, p.RoleARN(), policy.Context{}); err != nil {
			return nil, err
		}
	}
	role, err := a.Deliveries.MakeRole(c.Tx, p)
	if err != nil {
		return nil, err
	}
	return one(a.accountPipeline)(a.decided(c)(a.Deliveries.Accept(c.Tx, p, role)))
}

func (a *API) rejectPipeline(c *operation.Command, in *PipelineTokenInput) (*AccountPipeline, error) {
	p, err := a.askedPipeline(&c.Call, c.Tx.Reading(), in.Body.Token)
	if err != nil {
		return nil, err
	}
	return one(a.accountPipeline)(a.decided(c)(a.Deliveries.Reject(c.Tx, p)))
}

// decided tells both sides of what the account's did.
func (a *API) decided(c *operation.Command) func(delivery.Pipeline, error) (delivery.Pipeline, error) {
	return func(p delivery.Pipeline, err error) (delivery.Pipeline, error) {
		if err == nil {
			c.RecordIn(p.Account.Scope(), seal.Space(string(p.Space.ID)))
		}
		return p, err
	}
}

func (a *API) listAccountPipelines(q *operation.Query, in *ListAccountPipelinesInput) (*List[AccountPipeline], error) {
	return list(in.Page, func(page space.Page) ([]delivery.Pipeline, error) {
		return a.Deliveries.ToAccount(q.Tx, q.Caller.Principal.ID(), page)
	}, func(p delivery.Pipeline) string { return string(p.ID) }, each(a.accountPipeline))
}

func (a *API) deleteAccountPipeline(c *operation.Command, in *AccountPipelineInput) (*Empty, error) {
	p, err := a.decided(c)(a.Deliveries.OfAccount(c.Tx.Reading(), c.Caller.Principal.ID(), delivery.ID(in.ID)))
	if err != nil {
		return nil, err
	}
	// Deleting takes the role away: nobody does that by this door either.
	for _, action := range []string{"iam:DeleteRole", "iam:DeleteRolePolicy"} {
		if err := a.Authorizer.Require(c.Tx.Reading(), c.Caller, c.Request.Circumstances(), action, p.RoleARN(), policy.Context{}); err != nil {
			return nil, err
		}
	}
	return &Empty{}, a.Deliveries.Delete(c.Tx, p)
}

func (a *API) accountPipeline(p delivery.Pipeline) AccountPipeline {
	return AccountPipeline{
		ID: string(p.ID), Name: p.Name, Space: p.Space.Name, Project: p.Project.Name, Repository: p.Repository, Folder: p.Folder, Account: string(p.Account),
		State: string(p.State), SourceARN: p.SourceARN(), RoleARN: p.RoleARN(), Policy: a.Deliveries.Permissions, RequestedAt: p.RequestedAt, ExpiresAt: p.ExpiresAt,
	}
}
