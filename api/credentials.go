package api

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/sallyport/sallyport/accountside"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/trust"
)

// GetCredentialsInput asks for credentials of an environment.
type GetCredentialsInput struct {
	Space       string `path:"space" doc:"Name of the space"`
	Project     string `path:"project" doc:"Name of the project"`
	Environment string `path:"environment" doc:"Name of the environment"`
	Body        WantedCredentials

	way  connection.Way          // that the role was assumed by
	made accountside.Credentials // with which
}

// WantedCredentials says what they are for. What is left out the environment says.
type WantedCredentials struct {
	Connection string `json:"connection,omitempty" doc:"Name of the environment's account connection"`
	Role       string `json:"role,omitempty" doc:"Name of a role on it; the environment's default when left out"`
	Duration   int    `json:"duration,omitempty" minimum:"900" maximum:"3600" doc:"Seconds that they are good for; an hour when left out"`
	Compute    string `json:"compute,omitempty" enum:"EC2,LAMBDA" doc:"What the action runs on; on Lambda there is no VPC"`
	Platform   string `json:"platform,omitempty" enum:"LINUX,WINDOWS" doc:"What it runs under; under Windows there is no VPC"`
	Run        string `json:"run,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$" doc:"What they are for, for the session's tags"`
}

// Credentials are those of a role, in the form that credential_process of AWS's clients
// reads, version 1, and what else one has to know to use them.
type Credentials struct {
	Version         int       `json:"Version"`
	AccessKeyID     string    `json:"AccessKeyId"`
	SecretAccessKey string    `json:"SecretAccessKey"`
	SessionToken    string    `json:"SessionToken"`
	Expiration      time.Time `json:"Expiration"`
	Account         string    `json:"account"`
	RoleARN         string    `json:"roleArn"`
	Region          string    `json:"region"`
	VPCConnection   string    `json:"vpcConnection,omitempty" doc:"Name of the VPC connection that the environment's actions run in"`
	Endpoint        string    `json:"endpoint,omitempty" doc:"Where AWS clients send everything; absent: to AWS"`
}

func (a *API) credentialsRoutes() []route {
	return []route{
		write("GetEnvironmentCredentials", "POST "+oneEnvironment+"/credentials", "Credentials of a role, through an environment and its account connection", a.getCredentials,
			authz.Space(role.StartWorkflowRun, "{Space}/{Project}"), operation.Limit(600), operation.Prepare(a.prepareCredentials), operation.Undo(a.dropCredentials)),
	}
}

// prepareCredentials assumes the role: the account's side is asked outside of any
// transaction.
func (a *API) prepareCredentials(c *operation.Call, view operation.View, in *GetCredentialsInput) (err error) {
	err = view(func(tx *database.ReadTx) error {
		in.way, err = a.Connections.Way(tx, c.Grant.Space.ID, c.Grant.Project, in.ask())
		return err
	})
	if err != nil {
		return err
	}
	in.made, err = a.assume(c, view, in)
	return err
}

func (in *GetCredentialsInput) ask() connection.Ask {
	return connection.Ask{Environment: in.Environment, Connection: in.Body.Connection, Role: in.Body.Role, Lambda: in.Body.Compute == "LAMBDA", Windows: in.Body.Platform == "WINDOWS"}
}

// anHour is how long credentials are good for, unless less is asked for.
const anHour = 3600

// assume asks the account's side, as whom it admits: a service on the embedded one, a
// web identity on AWS.
func (a *API) assume(c *operation.Call, view operation.View, in *GetCredentialsInput) (accountside.Credentials, error) {
	w := in.way
	behind := trust.Claims{
		Place:     trust.Place{Space: string(w.Space), Project: string(w.Project.ID), Environment: string(w.Environment.ID)},
		SpaceName: c.Grant.Space.Name, ProjectName: w.Project.Name, EnvironmentName: w.Environment.Name,
		User: string(c.Caller.UserID), Run: in.Body.Run, SourceIdentity: string(c.Caller.UserID),
	}
	session := accountside.Session{
		RoleARN: w.Role.ARN, Name: sessionName(c.Caller.Alias), SourceIdentity: behind.SourceIdentity, Tags: behind.Tags(),
		Lifetime: time.Duration(cmp.Or(in.Body.Duration, anHour)) * time.Second,
	}
	made, admitted, err := accountside.Credentials{}, "", error(nil)
	if w.Connection.Side == connection.Embedded {
		admitted = fmt.Sprintf("%s with aws:SourceArn %s", trust.Runner, behind.SourceARN())
		made, err = a.Sides.AssumeAs(c.Context, authn.Service{Name: trust.Runner, SourceARN: behind.SourceARN()}, session)
	} else {
		admitted = fmt.Sprintf("web identities of %s with the subject %s, and allow sts:TagSession and sts:SetSourceIdentity", a.PublicURL, behind.Subject())
		made, err = a.assumeAtAWS(c.Context, view, behind, session)
	}
	if fault.Is(err, fault.Denied) {
		err = fault.Deniedf("IAM role value not valid: the role %s does not exist or is not set up properly; its trust policy has to admit %s", w.Role.Name, admitted)
	}
	if err == nil || fault.Is(err, fault.Internal) {
		return made, err
	}
	return made, fault.WithReason(connection.LinkTrust, err)
}

// assumeAtAWS shows AWS a token of ours.
func (a *API) assumeAtAWS(ctx context.Context, view operation.View, behind trust.Claims, session accountside.Session) (made accountside.Credentials, err error) {
	var token string
	err = view(func(tx *database.ReadTx) error {
		token, err = a.Mint(tx, behind)
		return err
	})
	if err != nil {
		return made, err
	}
	return a.Sides.AssumeWith(ctx, token, session)
}

var notInNames = regexp.MustCompile(`[^\w+=,.@-]`)

// sessionName shows who acts, in the form that STS takes. Who it was for certain the
// source identity says.
func sessionName(alias string) string {
	name := notInNames.ReplaceAllString(alias, "-")
	return name[:min(len(name), 64)]
}

// getCredentials looks at the whole way again, in the transaction whose event tells of
// it: what was taken away since the role was assumed is taken away.
func (a *API) getCredentials(c *operation.Command, in *GetCredentialsInput) (*Credentials, error) {
	w, err := a.Connections.Way(c.Tx.Reading(), c.Grant.Space.ID, c.Grant.Project, in.ask())
	if err != nil {
		return nil, err
	}
	// Of an environment in a VPC the matrix says by itself who may use it.
	if decision := c.Grant.Held.Decide(role.UseVPCEnvironment, string(c.Grant.Project.ID)); w.VPC != nil && !decision.Allowed {
		return nil, fault.Deniedf("%s", decision.Reason())
	}
	if !w.Same(in.way) {
		return nil, fault.Conflictf("where the environment %s leads was changed at this moment: ask again", w.Environment.Name)
	}
	got := &Credentials{
		Version: 1, AccessKeyID: in.made.AccessKeyID, SecretAccessKey: in.made.SecretAccessKey, SessionToken: in.made.SessionToken, Expiration: in.made.ExpiresAt,
		Account: string(w.Connection.Account), RoleARN: w.Role.ARN, Region: w.Connection.Region,
	}
	if w.VPC != nil {
		got.VPCConnection = w.VPC.Name
	}
	if w.Connection.Side == connection.Embedded {
		got.Endpoint = c.Request.BaseURL + "/aws"
	}
	return got, nil
}

// dropCredentials ends a session that nobody was handed.
func (a *API) dropCredentials(tx *database.Tx, in *GetCredentialsInput) error {
	if in.made.AccessKeyID == "" {
		return nil
	}
	return a.Accounts.End(tx, in.made.AccessKeyID)
}
