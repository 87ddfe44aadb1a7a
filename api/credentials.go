package api

import (
	"cmp"
	"context"
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
	Endpoint        string    `json:"endpoint,omitempty" doc:"Where AWS clients send everything; absent: to AWS"`
}

func (a *API) credentialsRoutes() []route {
	return []route{
		write("GetEnvironmentCredentials", "POST "+oneEnvironment+"/credentials", "Credentials of a role, through an environment and its account connection", a.getCredentials,
			authz.Space(role.StartWorkflowRun, "{Space}/{Project}"), operation.Prepare(a.prepareCredentials), operation.Undo(a.dropCredentials)),
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
	in.made, err = a.assume(c.Context, c, in)
	return err
}

func (in *GetCredentialsInput) ask() connection.Ask {
	return connection.Ask{Environment: in.Environment, Connection: in.Body.Connection, Role: in.Body.Role}
}

// anHour is how long credentials are good for, unless less is asked for.
const anHour = 3600

func (a *API) assume(ctx context.Context, c *operation.Call, in *GetCredentialsInput) (accountside.Credentials, error) {
	w := in.way
	if w.Connection.Side != connection.Embedded {
		return accountside.Credentials{}, fault.Unsupportedf("the account %s is AWS's, which this version cannot reach yet", w.Connection.Account)
	}
	behind := trust.Claims{
		Place:     trust.Place{Space: string(w.Space), Project: string(w.Project.ID), Environment: string(w.Environment.ID)},
		SpaceName: c.Grant.Space.Name, ProjectName: w.Project.Name, EnvironmentName: w.Environment.Name,
		User: string(c.Caller.UserID), Run: in.Body.Run, SourceIdentity: string(c.Caller.UserID),
	}
	made, err := a.Sides.AssumeAs(ctx, authn.Service{Name: connection.Runner.Principal(), SourceARN: w.SourceARN()}, accountside.Session{
		RoleARN: w.Role.ARN, Name: sessionName(c.Caller.Alias), SourceIdentity: behind.SourceIdentity, Tags: behind.Tags(),
		Lifetime: time.Duration(cmp.Or(in.Body.Duration, anHour)) * time.Second,
	})
	switch {
	case fault.Is(err, fault.Denied):
		err = fault.Deniedf("IAM role value not valid: the role %s does not exist or is not set up properly; its trust policy has to admit %s with aws:SourceArn %s", w.Role.Name, connection.Runner.Principal(), w.SourceARN())
	case err == nil || fault.Is(err, fault.Internal):
		return made, err
	}
	return made, fault.WithReason(connection.LinkTrust, err)
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
	if !w.Same(in.way) {
		return nil, fault.Conflictf("where the environment %s leads was changed at this moment: ask again", w.Environment.Name)
	}
	return &Credentials{
		Version: 1, AccessKeyID: in.made.AccessKeyID, SecretAccessKey: in.made.SecretAccessKey, SessionToken: in.made.SessionToken, Expiration: in.made.ExpiresAt,
		Account: string(w.Connection.Account), RoleARN: w.Role.ARN, Region: w.Connection.Region, Endpoint: c.Request.BaseURL + "/aws",
	}, nil
}

// dropCredentials ends a session that nobody was handed.
func (a *API) dropCredentials(tx *database.Tx, in *GetCredentialsInput) error {
	if in.made.AccessKeyID == "" {
		return nil
	}
	return a.Accounts.End(tx, in.made.AccessKeyID)
}
