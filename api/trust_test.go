package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/trust"
)

// retrust gives the role deploy another trust policy.
func retrust(t *testing.T, c *sallyporttest.Connected, document string) {
	t.Helper()
	c.Write(func(tx *database.Tx) error {
		e, err := c.Accounts.RoleByARN(tx.Reading(), c.Way.Role)
		if err != nil {
			return err
		}
		_, err = c.Accounts.ChangeEntity(tx, e, account.EntityPatch{Trust: &document})
		return err
	})
}

func accountReport(t *testing.T, c *sallyporttest.Connected, as *sallyporttest.Signer) (report api.AccountReport) {
	t.Helper()
	answer := as.Ask("GET", "/account/access", "", "sallyport")
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	answer.JSON(t, &report)
	return report
}

// What is explained, what is reported and what is handed out are one decision.
func TestExplanationReportAndCredentialsAgree(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		other := c.Owner.Space("other")
		docs := c.Owner.Project(c.Space, "docs")
		at := trust.Place{Space: string(c.Space.ID), Project: string(c.Project.ID)}
		for what, test := range map[string]struct {
			document string
			admitted bool
		}{
			"whole space":       {sallyporttest.TrustPolicy("ArnLike", trust.Place{Space: at.Space}.SourceARN()), true},
			"one project":       {sallyporttest.TrustPolicy("StringEquals", at.SourceARN()), true},
			"wrong space":       {sallyporttest.TrustPolicy("ArnLike", trust.Place{Space: string(other.ID)}.SourceARN()), false},
			"wrong project":     {sallyporttest.TrustPolicy("StringEquals", trust.Place{Space: at.Space, Project: string(docs.ID)}.SourceARN()), false},
			"two colons":        {sallyporttest.TrustPolicy("ArnLike", strings.Replace(at.SourceARN(), ":::", "::", 1)), false},
			"names":             {sallyporttest.TrustPolicy("ArnLike", "arn:aws:codecatalyst:::space/acme/project/web"), false},
			"missing condition": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codecatalyst-runner.amazonaws.com"},"Action":"sts:AssumeRole"}]}`, true},
			"the other service": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codecatalyst.amazonaws.com"},"Action":"sts:AssumeRole"}]}`, false},
			"a tag": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codecatalyst-runner.amazonaws.com"},"Action":"sts:AssumeRole",
				"Condition":{"StringEquals":{"aws:RequestTag/project":"` + at.Project + `"},"Bool":{"aws:PrincipalIsAWSService":"true"}}}]}`, true},
			"a deny": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"codecatalyst-runner.amazonaws.com"},"Action":"sts:AssumeRole"},
				{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"` + at.SourceARN() + `"}}}]}`, false},
		} {
			retrust(t, c, test.document)
			answer := c.Credentials(c.Developer, "production", `{}`)
			explained, err := trust.Explain(test.document, trust.Question{Claims: trust.Claims{Place: at, User: string(c.Developer.ID)}})
			if err != nil {
				t.Fatal(err)
			}
			way := accountReport(t, c, c.Way.Keeper).Spaces[0].Projects[0].Environments[0].Ways[0]
			if handed, said, reported := answer.Status == http.StatusOK, explained.Ways[0].Admitted, way.State == api.WayOpen; handed != test.admitted || said != test.admitted || reported != test.admitted {
				t.Errorf("%s: handed out %v, explained %v, reported %v: %s %+v", what, handed, said, reported, answer.Body, way)
			}
		}
	})
}

func TestAccountReport(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		s.User("bystander").Joins(c.Space, role.LimitedAccess)
		report := accountReport(t, c, c.Way.Keeper)
		if len(report.Spaces) != 1 || report.Spaces[0].Name != "acme" || len(report.Spaces[0].Projects) != 1 || report.Spaces[0].Connection != "prod" {
			t.Fatalf("%+v", report)
		}
		project := report.Spaces[0].Projects[0]
		var who []string
		for _, p := range project.People {
			who = append(who, p.Alias+": "+p.Grants[0].Role)
		}
		if want := []string{"admin: project-administrator", "dev: contributor", "owner: space-administrator"}; !slices.Equal(who, want) {
			t.Errorf("these reach it: %v", who)
		}

		// Every link broken in turn.
		send := func(method, path, body string) {
			t.Helper()
			if answer := c.Send(method, "/api/v1"+path, c.Owner.Token, body); answer.Status >= 300 {
				t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
			}
		}
		check := func(what, state, link string) {
			t.Helper()
			ways := accountReport(t, c, c.Way.Keeper).Spaces[0].Projects[0].Environments[0].Ways
			if way := ways[len(ways)-1]; way.State != state || way.Link != link || state == api.WayBroken && way.Because == "" || !way.Default {
				t.Errorf("%s: %+v", what, ways)
			}
		}
		check("as it is made", api.WayOpen, "")
		send("PUT", "/spaces/acme/connections/prod/restriction", `{"projects":[]}`)
		check("restricted", api.WayBroken, string(connection.LinkRestriction))
		send("DELETE", "/spaces/acme/connections/prod/restriction", "")
		retrust(t, c, sallyporttest.TrustPolicy("ArnLike", "arn:aws:codecatalyst:::space/none/project/*"))
		check("another trust policy", api.WayBroken, string(connection.LinkTrust))
		send("DELETE", "/spaces/acme/connections/prod/roles/deploy", "")
		check("the role taken off", api.WayBroken, string(connection.LinkRole))
	})
}

func TestASpaceIsToldItsOwnPartAlone(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		retrust(t, c, sallyporttest.TrustPolicy("ArnLike", "arn:aws:codecatalyst:::space/none/project/*"))
		path := "/api/v1/spaces/acme/access/accounts/" + string(c.Way.Root.Account)
		own := c.Send("GET", path, c.Owner.Token, "")
		if own.Status != http.StatusOK || !strings.Contains(own.Body, "does not let the role be assumed") || strings.Contains(own.Body, "policy allows") {
			t.Errorf("%d %s", own.Status, own.Body)
		}
		if whole := c.Way.Keeper.Ask("GET", "/account/access", "", "sallyport"); !strings.Contains(whole.Body, "because no resource-based policy allows") {
			t.Errorf("the account's side is told %s", whole.Body)
		}
		if none := c.Send("GET", "/api/v1/spaces/acme/access/accounts/000000000000", c.Owner.Token, ""); none.Status != http.StatusNotFound {
			t.Errorf("%d %s", none.Status, none.Body)
		}
		if limited := c.Send("GET", path, c.Developer.Token, ""); limited.Status != http.StatusForbidden {
			t.Errorf("a Contributor is answered %d %s", limited.Status, limited.Body)
		}
		lister := c.Way.Root.User("lister", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetAccountAuthorizationDetails","Resource":"*"}}`)
		if answer := lister.Ask("GET", "/account/access", "", "sallyport"); answer.Status != http.StatusForbidden || strings.Contains(answer.Body, "acme") {
			t.Errorf("who may not list connections is answered %d %s", answer.Status, answer.Body)
		}
		if report := accountReport(t, c, s.Root()); len(report.Spaces) != 0 {
			t.Errorf("another account is told %+v", report)
		}
	})
}

func TestDevelopmentRole(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		path := "/account/connections/" + c.Way.Connection + "/development-role"
		const name = "CodeCatalystWorkflowDevelopmentRole-acme"

		// Each step takes its own action.
		all := []string{"codecatalyst:AssociateIamRoleToConnection", "iam:CreateRole", "iam:AttachRolePolicy", "iam:PassRole"}
		for i, missing := range all {
			some := slices.Delete(slices.Clone(all), i, i+1)
			user := c.Way.Root.User(fmt.Sprintf("some-%d", i), fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["%s"],"Resource":"*"}}`, strings.Join(some, `","`)))
			if answer := user.Ask("POST", path, "", "sallyport"); answer.Status != http.StatusForbidden || !strings.Contains(answer.Body, missing) {
				t.Errorf("without %s: %d %s", missing, answer.Status, answer.Body)
			}
		}
		narrow := c.Way.Root.User("narrow", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["codecatalyst:*","iam:CreateRole","iam:PassRole"],"Resource":"*"},
			{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}}]}`)
		if answer := narrow.Ask("POST", path, "", "sallyport"); answer.Status != http.StatusForbidden {
			t.Errorf("who may attach another policy alone is answered %d %s", answer.Status, answer.Body)
		}
		s.Read(func(tx *database.ReadTx) error {
			if _, err := s.Accounts.Entity(tx, c.Way.Root.Account, account.Role, name); err == nil {
				t.Error("a refusal made the role")
			}
			return nil
		})

		answer := c.Way.Keeper.Ask("POST", path, "", "sallyport")
		var made api.ConnectionRole
		answer.JSON(t, &made)
		if answer.Status != http.StatusCreated || made.Name != name || len(made.Purposes) != 2 || !strings.Contains(made.Warning, "not fit for production") {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		if again := c.Way.Keeper.Ask("POST", path, "", "sallyport"); again.Status != http.StatusConflict {
			t.Errorf("a second one: %d %s", again.Status, again.Body)
		}
		if got := c.Credentials(c.Developer, "production", fmt.Sprintf(`{"role":%q}`, name)); got.Status != http.StatusOK {
			t.Errorf("it lets nobody in: %s", got.Body)
		}
		var trusted string
		s.Read(func(tx *database.ReadTx) error {
			e, err := s.Accounts.RoleByARN(tx, made.ARN)
			trusted = e.Trust
			return err
		})
		if explained, err := trust.Explain(trusted, trust.Question{Claims: trust.Claims{Place: trust.Place{Space: string(c.Owner.Space("beta").ID), Project: string(c.Project.ID)}}}); err != nil || explained.Admitted() {
			t.Errorf("it lets in another space: %+v %v", explained, err)
		}

		// It is marked wherever it shows, and more so in production.
		changed := c.Send("PATCH", "/api/v1/spaces/acme/projects/web/environments/production", c.Admin.Token, fmt.Sprintf(`{"role":%q}`, name))
		if !strings.Contains(changed.Body, "the environment is for production, and "+name) {
			t.Errorf("the environment says %s", changed.Body)
		}
		report := accountReport(t, c, c.Way.Keeper).Spaces[0].Projects[0].Environments[0]
		if report.Warning == "" || !slices.ContainsFunc(report.Ways, func(w api.Way) bool { return w.Role == name && w.Warning != "" && w.State == api.WayOpen }) {
			t.Errorf("the report says %+v", report)
		}
	})
}

func TestDevelopmentRolesOfLongNamesStayApart(t *testing.T) {
	long := strings.Repeat("a", 63)
	one := connection.Connection{SpaceName: long, SpaceID: "11111111-aaaa-4000-8000-000000000001"}.DevelopmentRoleName()
	two := connection.Connection{SpaceName: long[:62] + "b", SpaceID: "22222222-aaaa-4000-8000-000000000001"}.DevelopmentRoleName()
	if len(one) > 64 || one == two || !(connection.Role{Name: one}).Development() {
		t.Errorf("%s, %s", one, two)
	}
}

// A project that is made again under the name of another is another one.
func TestAttackAProjectMadeAgainUnderItsName(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		retrust(t, c, sallyporttest.TrustPolicy("StringEquals", trust.Place{Space: string(c.Space.ID), Project: string(c.Project.ID)}.SourceARN()))
		if answer := c.Credentials(c.Developer, "production", `{}`); answer.Status != http.StatusOK {
			t.Fatalf("before: %d %s", answer.Status, answer.Body)
		}
		c.Write(func(tx *database.Tx) error { return c.Spaces.DeleteProject(tx, c.Project.ID) })
		again := c.Owner.Project(c.Space, "web")
		if again.Name != c.Project.Name || again.ID == c.Project.ID {
			t.Fatalf("it was made again as %+v", again)
		}
		if answer := c.Send("POST", "/api/v1/spaces/acme/projects/web/environments", c.Owner.Token, `{"name":"production","connection":"prod","role":"deploy"}`); answer.Status != http.StatusCreated {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		answer := c.Credentials(c.Owner, "production", `{}`)
		if answer.Status != http.StatusForbidden || !strings.Contains(answer.Body, string(again.ID)) {
			t.Errorf("the project that has only the name is answered %d %s", answer.Status, answer.Body)
		}
		way := accountReport(t, c, c.Way.Keeper).Spaces[0].Projects[0].Environments[0].Ways[0]
		if way.State != api.WayBroken || way.Link != string(connection.LinkTrust) {
			t.Errorf("the report says %+v", way)
		}
	})
}
