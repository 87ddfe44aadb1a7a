package sallyporttest

import (
	"fmt"
	"net/http"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
	"github.com/sallyport/sallyport/trust"
)

// Connected is a space with a way into an account: the project web has the environment
// production, whose connection prod leads to the role deploy.
type Connected struct {
	*Sallyport
	Way     Way
	Space   space.Space
	Project space.Project
	// Owner is Space administrator; Admin, Developer and Reviewer have roles in the project.
	Owner, Admin, Developer, Reviewer *Principal
}

// Way is an account, the space's connection to it, and an environment of the project web
// that leads there by the role deploy.
type Way struct {
	Environment string  // name
	Name        string  // of the connection
	Connection  string  // id
	Role        string  // ARN
	Root        *Signer // of the account
	Keeper      *Signer // may do everything in the account, as an IAM user
}

// Everything is the policy that allows all.
const Everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// TrustPolicy admits the service principals of CodeCatalyst as AWS's page about its
// trust model prints it.
func TrustPolicy(operator, sourceARN string) string {
	return fmt.Sprintf(`{ "Version": "2012-10-17", "Statement": [ { "Effect": "Allow", "Principal": { "Service": [ "codecatalyst-runner.amazonaws.com", "codecatalyst.amazonaws.com" ] }, "Action": "sts:AssumeRole", "Condition": { %q: { "aws:SourceArn": %q } } } ]}`, operator, sourceARN)
}

// Connected makes all of it, as its people would.
func (s *Sallyport) Connected() *Connected {
	s.t.Helper()
	c := &Connected{Sallyport: s, Owner: s.User("owner"), Admin: s.User("admin"), Developer: s.User("dev"), Reviewer: s.User("rev")}
	c.Space = c.Owner.Space("acme")
	c.Project = c.Owner.Project(c.Space, "web")
	c.Admin.Contributes(c.Project, role.ProjectAdministrator)
	c.Developer.Contributes(c.Project, role.Contributor)
	c.Reviewer.Contributes(c.Project, role.Reviewer)
	c.Way = c.Lead("prod", "production")
	return c
}

// Lead makes another account, connects it and makes an environment that leads there.
func (c *Connected) Lead(connection, environment string) Way {
	c.t.Helper()
	w := Way{Environment: environment, Name: connection, Root: c.NewAccount(environment)}
	w.Keeper = w.Root.User("keeper", Everything)
	w.Role = w.Root.Role("deploy", TrustPolicy("ArnLike", c.AnyProject()), Everything)
	w.Connection = c.Connect(w.Root.Account, w.Keeper, connection)
	c.Sign(w.Keeper, "POST", "/account/connections/"+w.Connection+"/roles", fmt.Sprintf(`{"roleArn":%q,"purposes":["RUNNER"]}`, w.Role), http.StatusCreated)
	c.Ask(c.Admin, "POST", "/spaces/acme/projects/web/environments", fmt.Sprintf(`{"name":%q,"type":"production","connection":%q,"role":"deploy"}`, environment, connection), http.StatusCreated)
	return w
}

// Connect asks for an account and accepts on its side. It returns the connection's id.
func (c *Connected) Connect(to account.ID, keeper *Signer, name string) string {
	c.t.Helper()
	var asked api.RequestedConnection
	c.Ask(c.Owner, "POST", "/spaces/acme/connections", fmt.Sprintf(`{"account":%q,"name":%q}`, to, name), http.StatusCreated).JSON(c.t, &asked)
	c.Sign(keeper, "POST", "/account/connections/accept", fmt.Sprintf(`{"token":%q}`, asked.Token), http.StatusOK)
	return asked.ID
}

// AnyProject is the pattern of all projects of the space in aws:SourceArn.
func (c *Connected) AnyProject() string { return trust.Place{Space: string(c.Space.ID)}.SourceARN() }

// ThisProject is the project web in aws:SourceArn.
func (c *Connected) ThisProject() string {
	return trust.Place{Space: string(c.Space.ID), Project: string(c.Project.ID)}.SourceARN()
}

// Credentials asks for credentials of an environment of the project.
func (c *Connected) Credentials(as *Principal, environment, body string) Answer {
	c.t.Helper()
	return c.Send("POST", "/api/v1/spaces/acme/projects/web/environments/"+environment+"/credentials", as.Token, body)
}

// Ask asks the native API, which must answer with this status.
func (s *Sallyport) Ask(as *Principal, method, path, body string, status int) Answer {
	s.t.Helper()
	answer := s.Send(method, "/api/v1"+path, as.Token, body)
	if answer.Status != status {
		s.t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	return answer
}

// Sign is Ask for the account side.
func (s *Sallyport) Sign(as *Signer, method, path, body string, status int) Answer {
	s.t.Helper()
	answer := as.Ask(method, path, body, "sallyport")
	if answer.Status != status {
		s.t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	return answer
}
