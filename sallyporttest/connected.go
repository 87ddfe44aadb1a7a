package sallyporttest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Connected is a space with a way into an account: the project web has the environment
// production, whose connection leads to the role deploy.
type Connected struct {
	*Sallyport
	Space   space.Space
	Project space.Project
	// Owner is Space administrator, Admin, Developer and Reviewer have roles in the project.
	Owner, Admin, Developer, Reviewer *Principal
	Root                              *Signer // of the account
	Keeper                            *Signer // may do everything in the account, as an IAM user
	Connection                        string  // id
	Role                              string  // ARN
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
	c.Root = s.NewAccount("production")
	c.Keeper = c.Root.User("keeper", Everything)
	c.Role = c.Root.Role("deploy", TrustPolicy("ArnLike", arn.Space(string(c.Space.ID)).String()+"/project/*"), Everything)
	var asked api.RequestedConnection
	s.ask(c.Owner.Token, "POST", "/spaces/acme/connections", fmt.Sprintf(`{"account":%q,"name":"prod"}`, c.Root.Account), http.StatusCreated, &asked)
	c.Connection = asked.ID
	c.sign("POST", "/account/connections/accept", fmt.Sprintf(`{"token":%q}`, asked.Token), http.StatusOK)
	c.sign("POST", "/account/connections/"+asked.ID+"/roles", fmt.Sprintf(`{"roleArn":%q,"purposes":["RUNNER"]}`, c.Role), http.StatusCreated)
	s.ask(c.Admin.Token, "POST", "/spaces/acme/projects/web/environments", `{"name":"production","type":"production","connection":"prod","role":"deploy"}`, http.StatusCreated, nil)
	return c
}

// Credentials asks for credentials of an environment of the project.
func (c *Connected) Credentials(as *Principal, environment, body string) Answer {
	c.t.Helper()
	return c.Send("POST", "/api/v1/spaces/acme/projects/web/environments/"+environment+"/credentials", as.Token, body)
}

func (c *Connected) sign(method, path, body string, status int) {
	c.t.Helper()
	if answer := c.Keeper.Ask(method, path, body, "sallyport"); answer.Status != status {
		c.t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
}

func (s *Sallyport) ask(token, method, path, body string, status int, into any) {
	s.t.Helper()
	answer := s.Send(method, "/api/v1"+path, token, body)
	if answer.Status != status {
		s.t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(answer.Body), into); err != nil {
			s.t.Fatal(err)
		}
	}
}
