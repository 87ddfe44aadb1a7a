package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/server"
)

const everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// allow lets whoever is assigned a role in an account do what a policy says.
func (c *company) allow(id account.ID, role, document string) {
	c.t.Helper()
	c.assignment(id, role, func(tx *database.Tx, set identitycenter.PermissionSet, who identitycenter.Principal) (identitycenter.Request, error) {
		if err := c.centers.PutInlinePolicy(tx, set, document); err != nil {
			return identitycenter.Request{}, err
		}
		set, err := c.centers.PermissionSetByName(tx.Reading(), c.in, role)
		if err != nil {
			return identitycenter.Request{}, err
		}
		return c.centers.RequestAssignment(tx, set, id, who)
	})
}

// unassign takes a role in an account from sam.
func (c *company) unassign(id account.ID, role string) {
	c.t.Helper()
	c.assignment(id, role, func(tx *database.Tx, set identitycenter.PermissionSet, who identitycenter.Principal) (identitycenter.Request, error) {
		return c.centers.RequestRemoval(tx, set, id, who)
	})
}

func (c *company) assignment(id account.ID, role string, ask func(*database.Tx, identitycenter.PermissionSet, identitycenter.Principal) (identitycenter.Request, error)) {
	c.t.Helper()
	c.write(func(tx *database.Tx) error {
		set, err := c.centers.PermissionSetByName(tx.Reading(), c.in, role)
		if err != nil {
			return err
		}
		r, err := ask(tx, set, identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: string(c.sam.ID)})
		if err != nil {
			return err
		}
		return c.centers.FinishAssignment(tx, r.ID)
	})
}

// events are what the directory's log tells.
func (c *company) events() (events []audit.Event) {
	c.t.Helper()
	err := c.DB().Read(c.t.Context(), func(tx *database.ReadTx) (err error) {
		events, err = c.Runner().Audit.Events(tx, audit.Filter{Scope: seal.Directory, To: tx.Now().Add(time.Hour), Limit: 1000})
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return events
}

// role makes a role of an account, for services of CodeCatalyst of whatever space.
func (c *company) role(id account.ID, name string) {
	c.t.Helper()
	c.write(func(tx *database.Tx) error {
		_, err := c.centers.Accounts.CreateEntity(tx, id, account.NewEntity{Kind: account.Role, Name: name,
			Trust: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"codecatalyst-runner.amazonaws.com"},"Action":"sts:AssumeRole"}}`})
		return err
	})
}

var verificationToken = regexp.MustCompile(`slk_[0-9A-Za-z]{36}`)

// askFor asks for an account as a space, and returns the token that the page shows.
func askFor(t *testing.T, v *visitor, id account.ID, name string) string {
	t.Helper()
	asked := v.post("/spaces/acme/connections", "request", "account", string(id), "name", name)
	asked.check(t, "ask for "+name, expectation{status: 200, says: []string{"Hand this token to the account", "shown this once"}})
	token := verificationToken.FindString(asked.page)
	if token == "" {
		t.Fatalf("no token is shown:\n%s", asked.page)
	}
	return token
}

func TestAWayIsOpenedFromBothSides(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	c := newCompany(t, s)
	shop := c.assign("Shop", "Owner", "Reader")
	c.allow(shop, "Owner", everything)
	c.role(shop, "deploy")
	sam := newVisitor(t, s.URL())
	c.comesIn(sam)
	owner, reader := "/start/accounts/"+string(shop)+"/Owner", "/start/accounts/"+string(shop)+"/Reader"

	token := askFor(t, ada, shop, "prod")
	ada.get("/spaces/acme/connections").check(t, "pending", expectation{status: 200, says: []string{"prod", string(shop), "pending"}, keepsOff: []string{token}})
	sam.get("/start").check(t, "the portal", expectation{status: 200, says: []string{owner + "/spaces", reader + "/spaces"}})

	// A role that may not is refused, by its policies, and the token is still good.
	sam.get(reader+"/spaces").check(t, "the reader", expectation{status: 403, says: []string{"is not authorized to perform: codecatalyst:ListConnections"}})
	sam.post(reader+"/spaces", "look", "token", token).check(t, "the reader looks", expectation{status: 403, says: []string{"codecatalyst:GetPendingConnection"}, keepsOff: []string{"acme asks"}})
	sam.post(reader+"/spaces", "accept", "token", token).check(t, "the reader accepts", expectation{status: 403, says: []string{"codecatalyst:AcceptConnection"}})
	sam.get(reader+"/access").check(t, "the reader's report", expectation{status: 403, keepsOff: []string{"ada"}})

	sam.get(owner+"/spaces").check(t, "the owner", expectation{status: 200, says: []string{"No space may use this account", "You act as Owner", ">sam<"}})
	sam.post(owner+"/spaces", "look", "token", "slk_nonsense").check(t, "a wrong token", expectation{status: 404, says: []string{"No request of a space has this verification token"}})
	sam.post(owner+"/spaces", "look", "token", " "+token+" ").check(t, "look", expectation{status: 200, says: []string{"acme asks for the account " + string(shop), "Nothing of it gets in yet", `value="accept"`, `value="reject"`}})
	accepted := sam.post(owner+"/spaces", "accept", "token", token)
	accepted.check(t, "accept", expectation{status: 303, location: owner + "/spaces/"})
	connection, _, _ := strings.Cut(accepted.location(), "?")
	sam.get(connection).check(t, "accepted", expectation{status: 200, says: []string{"The space acme", "projects of the space cannot enter", "arn:aws:codecatalyst:::space/"}})
	sam.post(owner+"/spaces", "look", "token", token).check(t, "a used token", expectation{status: 409, says: []string{"was used"}})

	// Roles.
	sam.post(connection, "add-role", "role", "nothing", "purpose", "RUNNER").check(t, "no such role", expectation{status: 404, says: []string{"The role with name nothing cannot be found"}})
	sam.post(connection, "add-role", "role", "deploy", "purpose", "RUNNER").check(t, "add a role", expectation{status: 303, location: connection + "?done=role-added"})
	sam.post(connection, "development-role").check(t, "the development role", expectation{status: 303, location: connection + "?done=development-role-made"})
	sam.get(connection).check(t, "with roles", expectation{status: 200, says: []string{"deploy", "CodeCatalystWorkflowDevelopmentRole-acme", "not fit for production"}, keepsOff: []string{`value="development-role"`}})

	// The space uses it.
	environments := "/spaces/acme/projects/rocket/environments"
	ada.get(environments).check(t, "no environment", expectation{status: 200, says: []string{"There is no environment yet", `<option value="prod"`}})
	ada.post(environments, "create", "name", "production", "type", "production", "connection", "prod", "role", "deploy").check(t, "make one", expectation{status: 303, location: environments + "?done=environment-made"})
	ada.get(environments).check(t, "one", expectation{status: 200, says: []string{"production", "prod, account " + string(shop), "as deploy"}, keepsOff: []string{"Mind:"}})
	ada.post(environments, "change", "of", "production", "type", "production", "connection", "prod", "role", "CodeCatalystWorkflowDevelopmentRole-acme", "network", "").check(t, "change it", expectation{status: 303, location: environments + "?done=environment-changed"})
	ada.get(environments).check(t, "warned", expectation{status: 200, says: []string{"Mind: the environment is for production"}})

	// Who reaches it, from both sides.
	for what, seen := range map[string]reply{"the account's": sam.get(owner + "/access"), "the space's": ada.get("/spaces/acme/connections/prod/access")} {
		seen.check(t, what, expectation{status: 200, says: []string{"<svg", `class="open"`, "rocket / production", "deploy", "ada", "This is a development administrator role", `class="box warned"`}})
	}
	ada.post("/spaces/acme/connections/prod", "restrict").check(t, "restrict", expectation{status: 303, location: "/spaces/acme/connections/prod?done=restricted"})
	ada.get("/spaces/acme/connections/prod/access").check(t, "broken", expectation{status: 200, says: []string{`class="broken"`, "restriction: ", "restricted to projects"}})
	ada.post("/spaces/acme/connections/prod", "restrict", "project", "rocket").check(t, "enable", expectation{status: 303, location: "/spaces/acme/connections/prod?done=restricted"})
	ada.get("/spaces/acme/connections/prod").check(t, "restricted", expectation{status: 200, says: []string{"These alone may use the connection: rocket.", `value="rocket" checked`}})
	ada.post("/spaces/acme/connections/prod", "unrestrict").check(t, "open", expectation{status: 303, location: "/spaces/acme/connections/prod?done=unrestricted"})

	// And it ends, from either.
	ada.post("/spaces/acme/connections/prod", "delete", "name", "other").check(t, "delete without its name", expectation{status: 400, says: []string{"Type the name of the connection, prod"}})
	ada.post("/spaces/acme/connections/prod", "remove-role", "of", "deploy").check(t, "take a role off", expectation{status: 303, location: "/spaces/acme/connections/prod?done=role-removed"})
	sam.post(connection, "remove-role", "of", "CodeCatalystWorkflowDevelopmentRole-acme").check(t, "take a role back", expectation{status: 303, location: connection + "?done=role-removed"})
	sam.post(connection, "disconnect").check(t, "disconnect", expectation{status: 303, location: owner + "/spaces?done=space-disconnected"})
	sam.get(connection).check(t, "gone", expectation{status: 404})
	second := askFor(t, ada, shop, "again")
	sam.post(owner+"/spaces", "reject", "token", second).check(t, "reject", expectation{status: 303, location: owner + "/spaces?done=space-rejected"})
}

// Each link that a form can break has an answer of its own.
func TestEveryLinkThatBreaksIsToldOnThePage(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	c := newCompany(t, s)
	shop, other := c.assign("Shop", "Owner"), c.assign("Other", "Owner")
	c.allow(shop, "Owner", everything)
	c.role(shop, "deploy")
	sam := newVisitor(t, s.URL())
	c.comesIn(sam)
	owner := "/start/accounts/" + string(shop) + "/Owner"
	at := sam.post(owner+"/spaces", "accept", "token", askFor(t, ada, shop, "prod")).location()
	at, _, _ = strings.Cut(at, "?")
	sam.post(at, "add-role", "role", "deploy", "purpose", "RUNNER")
	askFor(t, ada, other, "waiting")
	environments := "/spaces/acme/projects/rocket/environments"
	for what, row := range map[string]struct {
		connection, role string
		status           int
		says             string
	}{
		"no such connection": {"none", "", 404, "The space has no connection"},
		"a pending one":      {"waiting", "", 409, "is pending: somebody of the account " + string(other)},
		"a role not on it":   {"prod", "admin", 404, "Role not available"},
		"a role without one": {"", "deploy", 409, "has no account connection"},
	} {
		ada.post(environments, "create", "name", "broken", "connection", row.connection, "role", row.role).check(t, what, expectation{status: row.status, says: []string{row.says, "There is no environment yet"}})
	}
	ada.post("/spaces/acme/connections/prod", "restrict")
	ada.post(environments, "create", "name", "broken", "connection", "prod", "role", "deploy").check(t, "restricted", expectation{status: 403, says: []string{"Connection name not valid"}})
	ada.post("/spaces/acme/connections", "create-network", "name", "net", "connection", "prod", "role", "none", "vpc", "vpc-1", "subnets", "subnet-1").check(t, "a network of a role that is not there", expectation{status: 404, says: []string{"Role not available"}})
}

func TestAttackOnApproval(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	c := newCompany(t, s)
	shop := c.assign("Shop", "Owner")
	c.allow(shop, "Owner", everything)
	elsewhere := c.assign("Elsewhere", "Owner")
	c.allow(elsewhere, "Owner", everything)
	sam, stranger := newVisitor(t, s.URL()), newVisitor(t, s.URL())
	c.comesIn(sam)
	token := askFor(t, ada, shop, "prod")
	owner := "/start/accounts/" + string(shop) + "/Owner/spaces"
	still := func(what string) {
		t.Helper()
		if page := ada.get("/spaces/acme/connections").page; !strings.Contains(page, "pending") || strings.Contains(page, ">active<") {
			t.Errorf("after %s the connection is not pending:\n%s", what, page)
		}
	}
	form := url.Values{"do": {"accept"}, "token": {token}}
	for what, header := range map[string]http.Header{"another site": {"Sec-Fetch-Site": {"cross-site"}}, "an old browser": {"Origin": {"https://evil.example"}}, "a frame": {"Origin": {"null"}}} {
		sam.send("POST", owner, header, form).check(t, "a form of "+what, expectation{status: 403, says: []string{"sent from another site"}})
		still(what)
	}
	sam.send("GET", owner+"?do=accept&token="+token, nil, nil).check(t, "a link", expectation{status: 200})
	still("a link")
	if policy := sam.get(owner).Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the page can be framed: %s", policy)
	}
	stranger.post(owner, "accept", "token", token).check(t, "a stranger", expectation{status: 303, location: "/sign-in?next="})
	ada.post(owner, "accept", "token", token).check(t, "somebody of the space", expectation{status: 403})
	still("strangers")
	sam.post("/start/accounts/"+string(elsewhere)+"/Owner/spaces", "accept", "token", token).check(t, "from another account", expectation{status: 403, says: []string{"for another account"}})
	for what, path := range map[string]string{
		"a role that is not assigned": "/start/accounts/" + string(shop) + "/Administrator/spaces", "an account that is not": "/start/accounts/" + string(c.in.Owner) + "/Owner/spaces",
		"a role in another form": "/start/accounts/" + string(shop) + "/Owner%2F..%2FOwner/spaces", "no account": "/start/accounts/x/Owner/spaces",
	} {
		sam.post(path, "accept", "token", token).check(t, what, expectation{status: 403, says: []string{"No access"}})
	}
	still("other roles")
	refusals := 0
	for _, event := range c.events() {
		if event.Name == "acceptConnection" && event.ErrorCode == "denied" && event.Principal.ID == string(c.sam.ID) {
			refusals++
		}
	}
	if refusals != 4 {
		t.Errorf("the log tells of %d refusals to sam", refusals)
	}
	// What is taken away is refused by the next request.
	sam.get(owner).check(t, "assigned", expectation{status: 200})
	c.unassign(shop, "Owner")
	sam.post(owner, "accept", "token", token).check(t, "not assigned any more", expectation{status: 403, says: []string{"No access"}})
	still("unassignment")
}

// TestConnectionStory is how an account is given to a space.
func TestConnectionStory(t *testing.T) {
	browser := startChromium(t)
	s := start(t, server.Config{})
	c := newCompany(t, s)
	shop := c.assign("Shop", "Owner")
	c.allow(shop, "Owner", everything)
	ada := newVisitor(t, s.URL())
	ada.post(strings.TrimPrefix(s.SetupURL(), s.URL()), "set-up", "alias", "ada", "email", "ada@example.com", "name", "Ada", "password", password)
	furnish(t, ada)
	token := askFor(t, ada, shop, "prod")

	sam := browser.person(t, s.URL())
	sam.open("/start")
	sam.fill("sign-in", "login", "sam", "password", given)
	sam.fill("choose", "given", given, "password", chosen)
	sam.leave("open the account", chromedp.Click(chromedp.Search(`//a[starts-with(., "Spaces")]`)))
	sam.isAt("/start/accounts/" + string(shop) + "/Owner/spaces")
	sam.fill("look", "token", token)
	sam.sees("acme asks for the account", "Nothing of it gets in yet")
	sam.press("accept")
	sam.sees("The space acme", "It has no role yet")
	sam.unfold("development-role")
	sam.sees("Not for production")
	sam.press("development-role")
	sam.sees("CodeCatalystWorkflowDevelopmentRole-acme", "not fit for production")
	ada.post("/spaces/acme/projects/rocket/environments", "create", "name", "test", "connection", "prod", "role", "CodeCatalystWorkflowDevelopmentRole-acme")
	sam.open("/start/accounts/" + string(shop) + "/Owner/access")
	sam.sees("Who reaches the account", "rocket", "ada", "open")
}
