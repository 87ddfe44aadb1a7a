package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

// Who may create an environment, say where it leads, and delete it, is what the matrix
// says.
func TestEnvironmentsAreForWhomTheMatrixNames(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		power := s.User("power")
		power.Joins(c.Space, role.PowerUser)
		reader := s.User("reader")
		reader.Contributes(c.Project, role.ReadOnly)
		const environments = "/spaces/acme/projects/web/environments"
		for _, row := range []struct {
			who                                        *sallyporttest.Principal
			create, createConnected, view, set, delete int
		}{
			{c.Owner, 201, 201, 200, 200, 204},
			{c.Admin, 201, 201, 200, 200, 204},
			{c.Developer, 201, 403, 200, 403, 403},
			{c.Reviewer, 403, 403, 200, 403, 403},
			{reader, 403, 403, 200, 403, 403},
			{power, 403, 403, 403, 403, 403},
		} {
			c.Ask(c.Owner, "POST", environments, `{"name":"there"}`, http.StatusCreated)
			for _, ask := range []struct {
				what, method, path, body string
				want                     int
			}{
				{"create", "POST", environments, `{"name":"one","description":"Where it is tried","type":"production"}`, row.create},
				{"create with a connection", "POST", environments, `{"name":"two","connection":"prod","role":"deploy"}`, row.createConnected},
				{"list", "GET", environments, "", row.view},
				{"see", "GET", environments + "/there", "", row.view},
				{"connect", "PATCH", environments + "/there", `{"connection":"prod"}`, row.set},
				{"choose the role", "PATCH", environments + "/there", `{"role":"deploy"}`, row.set},
				{"take it away", "PATCH", environments + "/there", `{"connection":"","role":""}`, row.set},
				{"leave the VPC", "PATCH", environments + "/there", `{"vpcConnection":""}`, row.set},
				{"describe", "PATCH", environments + "/there", `{"description":"Another","type":"non-production"}`, row.set},
				{"delete", "DELETE", environments + "/there", "", row.delete},
			} {
				if answer := s.Send(ask.method, "/api/v1"+ask.path, row.who.Token, ask.body); answer.Status != ask.want {
					t.Errorf("%s by %s: %d %s, want %d", ask.what, row.who.Alias, answer.Status, answer.Body, ask.want)
				}
			}
			for _, name := range []string{"one", "two", "there"} { // those there are
				s.Send("DELETE", "/api/v1"+environments+"/"+name, c.Owner.Token, "")
			}
		}
	})
}

func TestEnvironmentsLeadWhereTheirProjectMay(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	second := c.Lead("second", "staging")
	const one = "/spaces/acme/projects/web/environments/production"
	var e api.Environment
	c.Ask(c.Admin, "PATCH", one, `{"connection":"SECOND"}`, http.StatusOK).JSON(t, &e)
	if e.Role != "" || e.Connection == nil || e.Connection.Account != string(second.Root.Account) {
		t.Errorf("another connection: %+v", e)
	}
	for _, row := range []struct {
		body   string
		status int
		says   string
	}{
		{`{"role":"nobody"}`, 404, "Role not available"},
		{`{"connection":"nope"}`, 404, "has no connection"},
		{`{"vpcConnection":"nope"}`, 404, "has no VPC connection"},
		{`{"type":"test"}`, 400, ""},
		{`{"description":"\t"}`, 400, ""},
		{`{"connection":"","role":"deploy"}`, 409, "has no account connection"},
		{`{"connection":"prod","role":"deploy"}`, 200, ""},
	} {
		if answer := s.Send("PATCH", "/api/v1"+one, c.Admin.Token, row.body); answer.Status != row.status || !strings.Contains(answer.Body, row.says) {
			t.Errorf("%s: %d %s", row.body, answer.Status, answer.Body)
		}
	}
	for _, body := range []string{`{"name":"a b"}`, `{"name":""}`, `{"name":"-x"}`, `{"name":"` + strings.Repeat("x", 64) + `"}`, `{"name":"x","type":"test"}`} {
		refused(t, s, c.Owner.Token, "POST", "/spaces/acme/projects/web/environments", body, 400, "invalid")
	}
	refused(t, s, c.Owner.Token, "POST", "/spaces/acme/projects/web/environments", `{"name":"PRODUCTION"}`, 409, "conflict")
	// What cannot be connected is not made either.
	refused(t, s, c.Owner.Token, "POST", "/spaces/acme/projects/web/environments", `{"name":"half","connection":"nope"}`, 404, "not_found")
	refused(t, s, c.Owner.Token, "GET", "/spaces/acme/projects/web/environments/half", "", 404, "not_found")
	token(c, "123456789012", "pending")
	if p := refused(t, s, c.Admin.Token, "PATCH", one, `{"connection":"pending"}`, 409, "conflict"); !strings.Contains(p.Detail, "is pending: somebody of the account 123456789012 has to accept it first") {
		t.Error(p.Detail)
	}
}

func TestVPCConnections(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		power, keeper := s.User("power"), c.Way.Keeper
		power.Joins(c.Space, role.PowerUser)
		const all, network = "/spaces/acme/vpc-connections", "/account/networks/"
		describe := func(region, cidr, subnet string, private bool) string {
			return fmt.Sprintf(`{"region":%q,"cidr":%q,"subnets":[{"id":"subnet-00000001","cidr":%q,"private":%t}],"securityGroups":["sg-00000001","sg-00000002"]}`, region, cidr, subnet, private)
		}
		for vpc, text := range map[string]string{
			"vpc-00000001": describe("us-west-2", "10.0.0.0/16", "10.0.1.0/24", true),
			"vpc-00000002": describe("eu-west-1", "10.0.0.0/16", "10.0.1.0/24", true),
			"vpc-00000003": describe("us-west-2", "172.20.0.0/16", "172.20.1.0/24", true),
			"vpc-00000004": describe("us-west-2", "10.1.0.0/16", "10.1.1.0/24", false),
		} {
			c.Sign(keeper, "PUT", network+vpc, text, http.StatusOK)
		}
		for what, row := range map[string][2]string{
			"no VPC":                {"web", describe("us-west-2", "10.0.0.0/16", "10.0.1.0/24", true)},
			"no Region":             {"vpc-00000009", describe("here", "10.0.0.0/16", "10.0.1.0/24", true)},
			"a range too wide":      {"vpc-00000009", describe("us-west-2", "10.0.0.0/8", "10.0.1.0/24", true)},
			"a range between":       {"vpc-00000009", describe("us-west-2", "10.0.0.1/16", "10.0.1.0/24", true)},
			"a range of IPv6":       {"vpc-00000009", describe("us-west-2", "fd00::/16", "10.0.1.0/24", true)},
			"a subnet elsewhere":    {"vpc-00000009", describe("us-west-2", "10.0.0.0/16", "10.1.1.0/24", true)},
			"a subnet around it":    {"vpc-00000009", describe("us-west-2", "10.0.0.0/20", "10.0.0.0/16", true)},
			"a group that is none":  {"vpc-00000009", strings.Replace(describe("us-west-2", "10.0.0.0/16", "10.0.1.0/24", true), "sg-00000001", "default", 1)},
			"a subnet that is none": {"vpc-00000009", strings.Replace(describe("us-west-2", "10.0.0.0/16", "10.0.1.0/24", true), "subnet-00000001", "public", 1)},
		} {
			if answer := keeper.Ask("PUT", network+row[0], row[1], "sallyport"); answer.Status != 400 {
				t.Errorf("%s: %d %s", what, answer.Status, answer.Body)
			}
		}
		settings := func(vpc, groups string, more string) string {
			return fmt.Sprintf(`"connection":"prod","role":"deploy","vpc":%q,"subnets":["subnet-00000001"],"securityGroups":[%s]%s}`, vpc, groups, more)
		}
		for _, row := range []struct {
			what, body string
			status     int
			says       string
		}{
			{"good", `{"name":"inside",` + settings("vpc-00000001", `"sg-00000001"`, `,"default":true`), 201, ""},
			{"its name again", `{"name":"INSIDE",` + settings("vpc-00000001", `"sg-00000001"`, ""), 409, "choose another name"},
			{"no such VPC", `{"name":"x",` + settings("vpc-0000000f", ``, ""), 404, "has no VPC"},
			{"another Region", `{"name":"x",` + settings("vpc-00000002", ``, ""), 400, "is in the Region eu-west-1, and the space in us-west-2"},
			{"a range that is taken", `{"name":"x",` + settings("vpc-00000003", ``, ""), 400, "172.16.0.0/12"},
			{"a public subnet", `{"name":"x",` + settings("vpc-00000004", ``, ""), 400, "choose private subnets"},
			{"no such group", `{"name":"x",` + settings("vpc-00000001", `"sg-00000003"`, ""), 404, "has no security group"},
			{"six groups", `{"name":"x",` + settings("vpc-00000001", `"sg-00000001","sg-00000001","sg-00000001","sg-00000001","sg-00000001","sg-00000001"`, ""), 409, "at most 5 security groups"},
			{"no such subnet", strings.Replace(`{"name":"x",`+settings("vpc-00000001", ``, ""), "subnet-00000001", "subnet-0000000f", 1), 404, "has no subnet"},
			{"no subnet", strings.Replace(`{"name":"x",`+settings("vpc-00000001", ``, ""), `"subnet-00000001"`, "", 1), 400, "one subnet or more"},
			{"no such role", strings.Replace(`{"name":"x",`+settings("vpc-00000001", ``, ""), "deploy", "nobody", 1), 404, "Role not available"},
			{"no such connection", strings.Replace(`{"name":"x",`+settings("vpc-00000001", ``, ""), "prod", "nope", 1), 404, "has no connection"},
		} {
			if answer := s.Send("POST", "/api/v1"+all, power.Token, row.body); answer.Status != row.status || !strings.Contains(answer.Body, row.says) {
				t.Errorf("%s: %d %s, want %d %q", row.what, answer.Status, answer.Body, row.status, row.says)
			}
		}
		refused(t, s, c.Admin.Token, "POST", all, `{"name":"mine",`+settings("vpc-00000001", ``, ""), 403, "denied")
		c.Ask(c.Reviewer, "GET", all, "", http.StatusOK)

		// The default counts until an environment says otherwise; it is everybody's.
		within := func() string {
			var got api.Credentials
			answer := c.Credentials(c.Developer, "production", `{}`)
			if answer.Status != 200 {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			answer.JSON(t, &got)
			return got.VPCConnection
		}
		if got := within(); got != "inside" {
			t.Errorf("it runs in %q", got)
		}
		if p := refused(t, s, c.Owner.Token, "PUT", "/spaces/acme/connections/prod/restriction", `{"projects":["web"]}`, 409, "conflict"); !strings.Contains(p.Detail, "default VPC connection") {
			t.Error(p.Detail)
		}
		c.Ask(power, "POST", all, `{"name":"other",`+settings("vpc-00000001", ``, ""), http.StatusCreated)
		c.Ask(c.Admin, "PATCH", "/spaces/acme/projects/web/environments/production", `{"vpcConnection":"other"}`, http.StatusOK)
		if got := within(); got != "other" {
			t.Errorf("it runs in %q", got)
		}
		c.Ask(power, "PUT", all+"/inside", `{`+settings("vpc-00000001", ``, ""), http.StatusOK)
		c.Ask(c.Owner, "PUT", "/spaces/acme/connections/prod/restriction", `{"projects":["web"]}`, http.StatusOK)
		refused(t, s, power.Token, "PUT", all+"/inside", `{`+settings("vpc-00000001", ``, `,"default":true`), 409, "conflict")
		// A restriction covers what is built on the connection.
		c.Owner.Project(c.Space, "secret")
		c.Ask(c.Owner, "POST", "/spaces/acme/projects/secret/environments", `{"name":"production"}`, http.StatusCreated)
		refused(t, s, c.Owner.Token, "PATCH", "/spaces/acme/projects/secret/environments/production", `{"vpcConnection":"other"}`, 403, "denied")
		if answer := s.Root().Ask("GET", "/account/networks", "", "sallyport"); answer.Status != 200 || strings.Contains(answer.Body, "vpc-") {
			t.Errorf("another account sees %s", answer.Body)
		}
	})
}
