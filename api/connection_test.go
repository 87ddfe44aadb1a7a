package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

// as AWS's page "Understanding the CodeCatalyst trust model" prints it, but for the
// braces that it leaves out around the whole.
const printedPolicy = `"Version": "2012-10-17", "Statement": [ { "Effect": "Allow", "Principal": { "Service": [ "codecatalyst-runner.amazonaws.com", "codecatalyst.amazonaws.com" ] }, "Action": "sts:AssumeRole", "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:codecatalyst:::space/spaceId/project/*" } } } ]`

// as the slides about identity, permissions and access print it: a colon is missing.
const slidesPolicy = `"Version": "2012-10-17",
"Statement": [
  {
    "Effect": "Allow",
    "Principal": {
      "Service": [
        "codecatalyst-runner.amazonaws.com",
        "codecatalyst.amazonaws.com"
      ]
    },
    "Action": "sts:AssumeRole",
    "Condition": {
      "ArnLike": {
        "aws:SourceArn": "arn:aws:codecatalyst::space/<spaceId>/project/*"
      }
    }
  }
]`

const slidesCondition = `"Condition": {
  "StringEquals": {
    "aws:SourceArn": "arn:aws:codecatalyst::space/<spaceId>/project/<projectId>"
  }
}`

func TestThePoliciesThatAWSPrintsAdmitAndRefuseAsItSays(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		other := c.Owner.Project(c.Space, "other")
		c.Ask(c.Owner, "POST", "/spaces/acme/projects/other/environments", `{"name":"production","connection":"prod","role":"deploy"}`, http.StatusCreated)
		filled := func(text string, pairs ...string) string {
			return "{" + strings.NewReplacer(pairs...).Replace(text) + "}"
		}
		corrected := func(text string) string {
			return strings.ReplaceAll(text, "codecatalyst::space", "codecatalyst:::space")
		}
		start := strings.Index(slidesPolicy, `"Condition"`)
		narrowed := slidesPolicy[:start] + slidesCondition + "}]"
		ids := []string{"<spaceId>", string(c.Space.ID), "<projectId>", string(c.Project.ID)}
		for _, row := range []struct {
			what, policy string
			web, other   int
		}{
			{"the page, whole space", filled(printedPolicy, "spaceId", string(c.Space.ID)), 200, 200},
			{"the page, one project", filled(printedPolicy, "spaceId", string(c.Space.ID), "project/*", "project/"+string(c.Project.ID)), 200, 403},
			{"the page, the other project", filled(printedPolicy, "spaceId", string(c.Space.ID), "project/*", "project/"+string(other.ID)), 403, 200},
			{"the page, another space", filled(printedPolicy, "spaceId", "11111111-aaaa-4000-8000-000000000001"), 403, 403},
			{"the page, its placeholder", filled(printedPolicy), 403, 403},
			{"the page, the space's name for its id", filled(printedPolicy, "spaceId", "acme"), 403, 403},
			{"the page, without a condition", filled(printedPolicy[:strings.Index(printedPolicy, `, "Condition"`)] + "} ]"), 200, 200},
			{"the slides, whole space", filled(slidesPolicy, ids...), 403, 403},
			{"the slides, whole space, corrected", filled(corrected(slidesPolicy), ids...), 200, 200},
			{"the slides, one project", filled(narrowed, ids...), 403, 403},
			{"the slides, one project, corrected", filled(corrected(narrowed), ids...), 200, 403},
		} {
			c.Trust(c.Way, row.policy)
			for project, want := range map[string]int{"web": row.web, "other": row.other} {
				answer := s.Send("POST", "/api/v1/spaces/acme/projects/"+project+"/environments/production/credentials", c.Owner.Token, `{}`)
				if answer.Status != want {
					t.Errorf("%s, project %s: %d %s, want %d", row.what, project, answer.Status, answer.Body, want)
				}
			}
		}
	})
}

// token asks for an account and returns the verification token.
func token(c *sallyporttest.Connected, to account.ID, name string) string {
	var asked api.RequestedConnection
	answer := c.Ask(c.Owner, "POST", "/spaces/acme/connections", fmt.Sprintf(`{"account":%q,"name":%q}`, to, name), http.StatusCreated)
	_, rest, _ := strings.Cut(answer.Body, `"token":"`)
	asked.Token, _, _ = strings.Cut(rest, `"`)
	return asked.Token
}

func TestAttackVerificationTokens(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	root, other := s.NewAccount("second"), s.NewAccount("third")
	keeper := root.User("keeper", sallyporttest.Everything)
	good := token(c, root.Account, "second")
	withdrawn := token(c, s.NewAccount("fourth").Account, "fourth")
	c.Ask(c.Owner, "DELETE", "/spaces/acme/connections/fourth", "", http.StatusNoContent)
	body := func(token string) string { return fmt.Sprintf(`{"token":%q}`, token) }
	for _, row := range []struct {
		what   string
		who    *sallyporttest.Signer
		token  string
		status int
		says   string
	}{
		{"somebody without a policy learns nothing", root.User("powerless", ""), good, 403, "is not authorized to perform: codecatalyst:"},
		{"one who may do other things learns nothing", root.User("reader", allow("codecatalyst:GetConnection")), good, 403, "is not authorized to perform: codecatalyst:"},
		{"another account is told that it is another", other.User("keeper", sallyporttest.Everything), good, 403, "is for another account than " + string(other.Account)},
		{"another Region is told the right one", keeper.In("eu-west-1"), good, 400, "a space in the Region us-west-2, and yours is signed for eu-west-1"},
		{"a token of another kind", keeper, c.Owner.Token, 404, "no request of a space has this verification token"},
		{"one that nobody was given", keeper, "slk_" + good[4:33] + "x" + good[34:], 404, "no request of a space has this verification token"},
		{"none", keeper, "", 404, "no request of a space has this verification token"},
		{"what was withdrawn, by another account", keeper, withdrawn, 403, "is for another account"},
	} {
		for _, door := range []string{"pending", "accept", "reject"} {
			answer := row.who.Ask("POST", "/account/connections/"+door, body(row.token), "sallyport")
			if answer.Status != row.status || !strings.Contains(answer.Body, row.says) || strings.Contains(answer.Body, "acme") {
				t.Errorf("%s, %s: %d %s, want %d %q", row.what, door, answer.Status, answer.Body, row.status, row.says)
			}
		}
	}
	if answer := keeper.Ask("POST", "/account/connections/pending", body(good), "sts"); answer.Status != 401 {
		t.Errorf("signed for another service: %d %s", answer.Status, answer.Body)
	}
	if answer := s.Send("POST", "/api/v1/account/connections/accept", c.Owner.Token, body(good)); answer.Status != 401 {
		t.Errorf("the space's own administrator: %d %s", answer.Status, answer.Body)
	}

	c.Sign(keeper, "POST", "/account/connections/accept", body(good), http.StatusOK)
	rejected := token(c, other.Account, "third")
	other = other.User("guard", sallyporttest.Everything)
	c.Sign(other, "POST", "/account/connections/reject", body(rejected), http.StatusOK)
	late := s.NewAccount("fifth")
	expired := token(c, late.Account, "fifth")
	late = late.User("keeper", sallyporttest.Everything)
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	for what, row := range map[string]struct {
		who         *sallyporttest.Signer
		token, says string
	}{
		"one that was accepted": {keeper, good, "was used, on "},
		"one that was rejected": {other, rejected, "was used, on "},
		"one that has expired":  {late, expired, "has expired, on "},
	} {
		for _, door := range []string{"pending", "accept", "reject"} {
			if answer := row.who.Ask("POST", "/account/connections/"+door, body(row.token), "sallyport"); answer.Status != 409 || !strings.Contains(answer.Body, row.says) {
				t.Errorf("%s, %s: %d %s", what, door, answer.Status, answer.Body)
			}
		}
	}
	// What has expired is in nobody's way.
	c.Owner.SignIn()
	token(c, late.Account, "fifth")
	for _, event := range s.Events(seal.Space(string(c.Space.ID))) {
		if text := string(event.Detail.Request) + string(event.Detail.Response); strings.Contains(text, good) || strings.Contains(text, expired) {
			t.Errorf("the log of the space holds a token: %s", event.Name)
		}
	}
}

func TestASpaceHasEachNameAndEachAccountOnce(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		number := c.Way.Root.Account
		for _, row := range []struct{ body, says string }{
			{fmt.Sprintf(`{"account":%q,"name":"again"}`, number), "is connected to the account " + string(number) + " already"},
			{`{"account":"123456789012","name":"PROD"}`, "choose another name"},
		} {
			if p := refused(t, s, c.Owner.Token, "POST", "/spaces/acme/connections", row.body, 409, "conflict"); !strings.Contains(p.Detail, row.says) {
				t.Error(p.Detail)
			}
		}
		for _, body := range []string{`{"account":"12345678901","name":"x"}`, `{"account":"123456789012","name":"x y"}`, `{"account":"123456789012","name":""}`, `{"account":"123456789012","name":"x","description":"\u0007"}`} {
			refused(t, s, c.Owner.Token, "POST", "/spaces/acme/connections", body, 400, "invalid")
		}
		token(c, "123456789012", "far")
		if p := refused(t, s, c.Owner.Token, "POST", "/spaces/acme/connections", `{"account":"123456789012","name":"further"}`, 409, "conflict"); !strings.Contains(p.Detail, "has asked for the account 123456789012 already") {
			t.Error(p.Detail)
		}
		c.Ask(c.Owner, "DELETE", "/spaces/acme/connections/far", "", http.StatusNoContent)
		refused(t, s, c.Owner.Token, "DELETE", "/spaces/acme/connections/far", "", 404, "not_found")
		token(c, "123456789012", "far")
	})
}

func TestRestrictingTakesMembership(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		power := s.User("power")
		power.Joins(c.Space, role.PowerUser)
		own := power.Project(c.Space, "own")
		const restriction = "/spaces/acme/connections/prod/restriction"
		// A Power user switches it on and off, and configures their own projects.
		c.Ask(power, "PUT", restriction, `{"projects":["own"]}`, http.StatusOK)
		for _, name := range []string{"web", "nope"} { // one there is, one there is not
			p := refused(t, s, power.Token, "PUT", restriction, fmt.Sprintf(`{"projects":["own",%q]}`, name), 403, "denied")
			if want := "you may enable and disable projects that you are a member of, and " + name + " is not one: a Space administrator can do it"; p.Detail != want {
				t.Error(p.Detail)
			}
		}
		c.Ask(c.Owner, "PUT", restriction, `{"projects":["own","web"]}`, http.StatusOK)
		refused(t, s, power.Token, "PUT", restriction, `{"projects":["own"]}`, 403, "denied")
		c.Ask(power, "PUT", restriction, `{"projects":["web"]}`, http.StatusOK)
		refused(t, s, c.Owner.Token, "PUT", restriction, `{"projects":["nope"]}`, 404, "not_found")
		refused(t, s, c.Developer.Token, "PUT", restriction, `{"projects":[]}`, 403, "denied")
		// Lifting the restriction is no way to evict others: who sets it again leaves them in.
		c.Ask(power, "DELETE", restriction, "", http.StatusOK)
		refused(t, s, power.Token, "PUT", restriction, `{"projects":["own"]}`, 403, "denied")
		c.Ask(power, "PUT", restriction, `{"projects":["own","web"]}`, http.StatusOK)
		c.Ask(power, "PUT", restriction, `{"projects":["web"]}`, http.StatusOK)
		// Nor does a project go around it that names a role of the account by itself.
		s.Read(func(tx *database.ReadTx) error {
			if err := s.Connections.CheckAccount(tx, c.Space.ID, c.Way.Root.Account, c.Project.ID); err != nil {
				t.Error(err)
			}
			if err := s.Connections.CheckAccount(tx, c.Space.ID, c.Way.Root.Account, own.ID); !fault.Is(err, fault.Denied) {
				t.Errorf("a project that is not enabled: %v", err)
			}
			return nil
		})
		// A project made again under the name of an enabled one is another.
		if answer := c.Credentials(c.Developer, "production", `{}`); answer.Status != 200 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		s.Write(func(tx *database.Tx) error { return s.Spaces.DeleteProject(tx, c.Project.ID) })
		c.Owner.Project(c.Space, "web")
		var detail api.ConnectionDetail
		c.Ask(c.Owner, "GET", "/spaces/acme/connections/prod", "", http.StatusOK).JSON(t, &detail)
		if len(detail.Projects) != 0 || !detail.Restricted || len(detail.Environments) != 0 {
			t.Errorf("%+v", detail)
		}
		c.Ask(c.Owner, "POST", "/spaces/acme/projects/web/environments", `{"name":"production"}`, http.StatusCreated)
		refused(t, s, c.Owner.Token, "PATCH", "/spaces/acme/projects/web/environments/production", `{"connection":"prod"}`, 403, "denied")
		c.Ask(power, "DELETE", restriction, "", http.StatusOK)
	})
}

// What a new project of the same name may do is what its own id is let in for.
func TestAttackANewProjectUnderAnOldName(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	c.Trust(c.Way, sallyporttest.TrustPolicy("StringEquals", c.ThisProject()))
	if answer := c.Credentials(c.Owner, "production", `{}`); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	s.Write(func(tx *database.Tx) error { return s.Spaces.DeleteProject(tx, c.Project.ID) })
	c.Owner.Project(c.Space, "web")
	c.Ask(c.Owner, "POST", "/spaces/acme/projects/web/environments", `{"name":"production","connection":"prod","role":"deploy"}`, http.StatusCreated)
	if answer := c.Credentials(c.Owner, "production", `{}`); answer.Status != 403 || !strings.Contains(answer.Body, "IAM role value not valid") {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}

// The confused deputy: another space, with everything called the same, and a connection
// of its own to the same account.
func TestAttackAnotherSpaceWithTheSameNames(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	mallory := s.User("mallory")
	evil := mallory.Space("evil")
	mallory.Project(evil, "web")
	c.Ask(mallory, "POST", "/spaces/evil/projects/web/environments", `{"name":"production"}`, http.StatusCreated)
	for _, name := range []string{"prod", c.Way.Connection} {
		refused(t, s, mallory.Token, "PATCH", "/spaces/evil/projects/web/environments/production", fmt.Sprintf(`{"connection":%q}`, name), 404, "not_found")
	}
	// The account's side may have let the other space in too: the role is not for it.
	var asked api.RequestedConnection
	c.Ask(mallory, "POST", "/spaces/evil/connections", fmt.Sprintf(`{"account":%q,"name":"prod"}`, c.Way.Root.Account), http.StatusCreated).JSON(t, &asked)
	refused(t, s, mallory.Token, "PATCH", "/spaces/evil/projects/web/environments/production", `{"connection":"prod"}`, 409, "conflict")
	c.Sign(c.Way.Keeper, "POST", "/account/connections/accept", fmt.Sprintf(`{"token":%q}`, asked.Token), http.StatusOK)
	c.Ask(mallory, "PATCH", "/spaces/evil/projects/web/environments/production", `{"connection":"prod"}`, http.StatusOK)
	const ask = "/api/v1/spaces/evil/projects/web/environments/production/credentials"
	if answer := s.Send("POST", ask, mallory.Token, `{"role":"deploy"}`); answer.Status != 404 || !strings.Contains(answer.Body, "Role not available") {
		t.Errorf("a role of the other's connection: %d %s", answer.Status, answer.Body)
	}
	c.Sign(c.Way.Keeper, "POST", "/account/connections/"+asked.ID+"/roles", fmt.Sprintf(`{"roleArn":%q,"purposes":["RUNNER"]}`, c.Way.Role), http.StatusCreated)
	if answer := s.Send("POST", ask, mallory.Token, `{"role":"deploy"}`); answer.Status != 403 || !strings.Contains(answer.Body, "IAM role value not valid") {
		t.Errorf("a role that trusts the other space: %d %s", answer.Status, answer.Body)
	}
	// Nor does the account's side see or touch what is another account's.
	other := s.NewAccount("other").User("keeper", sallyporttest.Everything)
	for _, row := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"GET", "/roles"}, {"DELETE", "/roles/deploy"}, {"GET", "/tags"}} {
		if answer := other.Ask(row[0], "/account/connections/"+c.Way.Connection+row[1], "", "sallyport"); answer.Status != 404 {
			t.Errorf("%s %s by another account: %d %s", row[0], row[1], answer.Status, answer.Body)
		}
	}
}

func TestAttackRolesThatAreNotWhatTheySay(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	root := c.Way.Root
	root.Role("admin", sallyporttest.TrustPolicy("ArnLike", c.AnyProject()), sallyporttest.Everything)
	number, roles := string(root.Account), "/account/connections/"+c.Way.Connection+"/roles"
	add := func(who *sallyporttest.Signer, arn, purposes string) sallyporttest.Answer {
		return who.Ask("POST", roles, fmt.Sprintf(`{"roleArn":%q,"purposes":%s}`, arn, purposes), "sallyport")
	}
	for _, row := range []struct {
		what, arn string
		status    int
	}{
		{"every role", "arn:aws:iam::" + number + ":role/*", 400},
		{"a pattern", "arn:aws:iam::" + number + ":role/dep?oy", 400},
		{"a pattern in the path", "arn:aws:iam::" + number + ":role/*/deploy", 400},
		{"a path that it does not have", "arn:aws:iam::" + number + ":role/team/deploy", 404},
		{"an empty path", "arn:aws:iam::" + number + ":role//deploy", 400},
		{"a user", "arn:aws:iam::" + number + ":user/keeper", 400},
		{"a session", "arn:aws:sts::" + number + ":assumed-role/deploy/x", 400},
		{"the account", "arn:aws:iam::" + number + ":root", 400},
		{"another account's", "arn:aws:iam::123456789012:role/deploy", 400},
		{"a Region", "arn:aws:iam:us-west-2:" + number + ":role/deploy", 400},
		{"a line behind", "arn:aws:iam::" + number + ":role/deploy\n", 400},
		{"another case", "arn:aws:iam::" + number + ":role/DEPLOY", 404},
		{"one there is not", "arn:aws:iam::" + number + ":role/nobody", 404},
		{"a name alone", "deploy", 400},
	} {
		if answer := add(c.Way.Keeper, row.arn, `["RUNNER"]`); answer.Status != row.status {
			t.Errorf("%s: %d %s, want %d", row.what, answer.Status, answer.Body, row.status)
		}
	}
	for _, purposes := range []string{`[]`, `["ADMIN"]`, `["RUNNER","ADMIN"]`} {
		if answer := add(c.Way.Keeper, c.Way.Role, purposes); answer.Status != 400 {
			t.Errorf("for %s: %d %s", purposes, answer.Status, answer.Body)
		}
	}
	// Who may not pass a role to the service gives none away.
	const mayConnect = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecatalyst:*","Resource":"*"},
		{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/deploy","Condition":{"StringEquals":{"iam:PassedToService":"codecatalyst-runner.amazonaws.com"}}}]}`
	operator := root.User("operator", mayConnect)
	for _, row := range []struct {
		arn, purposes string
		status        int
	}{
		{c.Way.Role, `["RUNNER"]`, 201},
		{c.Way.Role, `["RUNNER","SERVICE"]`, 403},
		{"arn:aws:iam::" + number + ":role/admin", `["RUNNER"]`, 403},
		{"arn:aws:iam::" + number + ":role/nobody", `["RUNNER"]`, 403},
	} {
		if answer := add(operator, row.arn, row.purposes); answer.Status != row.status || row.status == 403 && !strings.Contains(answer.Body, "iam:PassRole") {
			t.Errorf("%s for %s: %d %s, want %d", row.arn, row.purposes, answer.Status, answer.Body, row.status)
		}
	}
	// What is put at the end of the session's name or tags stays what it is.
	for _, body := range []string{`{"run":"a,b=c"}`, `{"run":"x y"}`, `{"run":"` + strings.Repeat("x", 65) + `"}`, `{"run":"a\nb"}`, `{"duration":3601}`, `{"duration":899}`, `{"tags":{"a":"b"}}`, `{"sourceArn":"x"}`} {
		if answer := c.Credentials(c.Developer, "production", body); answer.Status != 400 {
			t.Errorf("%s: %d %s", body, answer.Status, answer.Body)
		}
	}
}

// The account's policies see a connection by its ARN and tags.
func TestTheAccountsPoliciesKnowConnectionsByARNAndTags(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	one := "/account/connections/" + c.Way.Connection
	root := c.Way.Root
	statement := func(action, resource, condition string) string {
		return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":%q,"Resource":%q,"Condition":%s}}`, action, resource, condition)
	}
	arn := "arn:aws:codecatalyst:us-west-2:" + string(root.Account) + ":/connections/" + c.Way.Connection
	tagger := root.User("tagger", statement("codecatalyst:TagResource", arn, `{"StringEquals":{"aws:RequestTag/stage":"test"},"ForAllValues:StringEquals":{"aws:TagKeys":["stage"]}}`))
	byTag := root.User("bytag", statement("codecatalyst:GetConnection", "*", `{"StringEquals":{"aws:ResourceTag/stage":"test"}}`))
	untagger := root.User("untagger", statement("codecatalyst:UntagResource", arn, `{"ForAllValues:StringEquals":{"aws:TagKeys":["stage"]}}`))
	elsewhere := root.User("elsewhere", statement("codecatalyst:GetConnection", strings.Replace(arn, "us-west-2", "eu-west-1", 1), `{}`))
	for _, row := range []struct {
		who                *sallyporttest.Signer
		method, path, body string
		status             int
	}{
		{elsewhere, "GET", one, "", 403},
		{byTag, "GET", one, "", 403},
		{tagger, "POST", one + "/tags", `{"tags":[{"key":"stage","value":"production"}]}`, 403},
		{tagger, "POST", one + "/tags", `{"tags":[{"key":"stage","value":"test"},{"key":"other","value":"x"}]}`, 403},
		{tagger, "POST", one + "/tags", `{"tags":[{"key":"stage","value":"test"}]}`, 204},
		{byTag, "GET", one, "", 200},
		{untagger, "DELETE", one + "/tags?tagKeys=stage,other", "", 403},
		{untagger, "DELETE", one + "/tags?tagKeys=stage", "", 204},
		{byTag, "GET", one, "", 403},
		{c.Way.Keeper, "POST", one + "/tags", `{"tags":[{"key":"aws:x","value":"y"}]}`, 400},
	} {
		if answer := row.who.Ask(row.method, row.path, row.body, "sallyport"); answer.Status != row.status {
			t.Errorf("%s %s %s: %d %s, want %d", row.method, row.path, row.body, answer.Status, answer.Body, row.status)
		}
	}
}

// A deleted space's connections are gone for the account's side too.
func TestADeletedSpaceLeavesTheAccount(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		c.Ask(c.Owner, "DELETE", "/spaces/acme?confirm=acme", "", http.StatusNoContent)
		if answer := c.Sign(c.Way.Keeper, "GET", "/account/connections", "", http.StatusOK); answer.Body != "{\"items\":[]}\n" {
			t.Error(answer.Body)
		}
		c.Sign(c.Way.Keeper, "GET", "/account/connections/"+c.Way.Connection, "", http.StatusNotFound)
	})
}
