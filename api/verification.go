package api

import (
	"time"

	"github.com/sallyport/sallyport/accountside"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/trust"
)

// VerifyRoleInput names a role of an account of AWS, whose trust policy admits the space.
type VerifyRoleInput struct {
	Space      string `path:"space" doc:"Name of the space"`
	Connection string `path:"connection" doc:"Name of the connection"`
	Body       VerifiedRole

	id   connection.ID // of the connection that the role was assumed for
	role connection.Role
}

// VerifiedRole is a role, what the space may use it for, and where it lets somebody in
// from.
type VerifiedRole struct {
	RoleARN     string   `json:"roleArn"`
	Purposes    []string `json:"purposes" nullable:"false" enum:"RUNNER,SERVICE" minItems:"1" doc:"RUNNER: runs workflow actions. SERVICE: reaches another service"`
	Project     string   `json:"project,omitempty" doc:"Name of the project that the trust policy is limited to"`
	Environment string   `json:"environment,omitempty" doc:"Name of the environment that it is limited to"`
}

// nowhere stands in the subject of a verification's token for the ids of a project and
// an environment. No project and no environment has it.
const nowhere = "-"

// prepareVerification assumes the role and looks which account it has come to.
func (a *API) prepareVerification(c *operation.Call, view operation.View, in *VerifyRoleInput) error {
	var of connection.Connection
	var token string
	err := view(func(tx *database.ReadTx) (err error) {
		if of, err = a.verifiable(tx, c, in); err != nil {
			return err
		}
		if in.role, err = connection.ParseRole(of.Account, in.Body.RoleARN); err != nil {
			return err
		}
		if in.role.Purposes, err = connection.ParsePurposes(in.Body.Purposes); err != nil {
			return err
		}
		claims, err := a.verificationClaims(tx, c, in)
		if err == nil {
			token, err = a.Mint(tx, claims)
		}
		return err
	})
	if err != nil {
		return err
	}
	in.id = of.ID
	made, err := a.Sides.AssumeWith(c.Context, token, accountside.Session{RoleARN: in.role.ARN, Name: "verification", Lifetime: 15 * time.Minute})
	if fault.Is(err, fault.Denied) {
		return fault.WithReason(connection.LinkTrust, fault.Deniedf("AWS does not let Sallyport assume the role %s: its account needs the identity provider %s, and its trust policy has to admit the space; sallyport trust generate prints both", in.role.Name, a.PublicURL))
	}
	if err != nil {
		return err
	}
	switch number, err := a.Sides.Account(c.Context, made); {
	case err != nil:
		return err
	case number != string(of.Account):
		return fault.Deniedf("the role is of another account than %s, which the space asked for", of.Account)
	}
	return nil
}

// verifiable finds a connection that a role can be verified for.
func (a *API) verifiable(tx *database.ReadTx, c *operation.Call, in *VerifyRoleInput) (connection.Connection, error) {
	of, err := a.Connections.Named(tx, c.Grant.Space.ID, in.Connection)
	switch {
	case err != nil:
		return of, err
	case of.Side == connection.Embedded:
		return of, fault.Conflictf("the account %s is on the embedded account side: somebody signed in there accepts the connection and names its roles", of.Account)
	case of.State != connection.Pending && of.State != connection.Active:
		return of, fault.Conflictf("the connection %s is %s, and that is for good: ask for the account again", of.Name, of.State)
	}
	return of, nil
}

func (a *API) verificationClaims(tx *database.ReadTx, c *operation.Call, in *VerifyRoleInput) (trust.Claims, error) {
	claims := trust.Claims{Place: trust.Place{Space: string(c.Grant.Space.ID), Project: nowhere, Environment: nowhere}, SpaceName: c.Grant.Space.Name,
		User: string(c.Caller.UserID), SourceIdentity: string(c.Caller.UserID)}
	if in.Body.Project == "" {
		return claims, nil
	}
	project, err := a.Connections.Configurable(tx, c.Grant.Space.ID, c.Grant.Held, in.Body.Project)
	if err != nil {
		return claims, err
	}
	claims.Project, claims.ProjectName = string(project.ID), project.Name
	if in.Body.Environment == "" {
		return claims, nil
	}
	if decision := c.Grant.Held.Decide(role.ViewEnvironments, string(project.ID)); !decision.Allowed {
		return claims, fault.Deniedf("%s", decision.Reason())
	}
	e, err := a.Connections.Environment(tx, c.Grant.Space.ID, project.ID, in.Body.Environment)
	claims.Environment, claims.EnvironmentName = string(e.ID), e.Name
	return claims, err
}

func (a *API) verifyConnectionRole(c *operation.Command, in *VerifyRoleInput) (*ConnectionRole, error) {
	of, err := a.verifiable(c.Tx.Reading(), &c.Call, in)
	if err != nil {
		return nil, err
	}
	if of.ID != in.id {
		return nil, fault.Conflictf("the connection %s was made anew at this moment: try again", of.Name)
	}
	return one(roleOnConnection)(a.Connections.Verified(c.Tx, of, in.role))
}
