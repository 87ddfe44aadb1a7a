package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
)

// company is the account side of a server: an identity store with sam in it, who was
// given a one-time password.
type company struct {
	*sallyport
	t       *testing.T
	centers *identitycenter.Store
	in      identitycenter.Instance
	sam     identitycenter.User
}

const given = "ONETIMEPASSWORDOF26LETTERS"

func newCompany(t *testing.T, s *sallyport) *company {
	t.Helper()
	accounts := &account.Store{Keys: s.Keys()}
	c := &company{s, t, &identitycenter.Store{Keys: s.Keys(), Accounts: accounts, Organizations: &org.Store{Keys: s.Keys(), Accounts: accounts}}, identitycenter.Instance{}, identitycenter.User{}}
	hash, err := credential.Hash(t.Context(), given)
	if err != nil {
		t.Fatal(err)
	}
	c.write(func(tx *database.Tx) error {
		first, err := accounts.First(tx.Reading())
		if err != nil {
			return err
		}
		if c.in, err = c.centers.InstanceOf(tx.Reading(), first.ID); fault.Is(err, fault.NotFound) {
			c.in, err = c.centers.CreateInstance(tx, first.ID, "")
		}
		return err
	})
	c.write(func(tx *database.Tx) (err error) {
		c.sam, err = c.centers.CreateUser(tx, c.in, identitycenter.Attributes{UserName: "sam", DisplayName: "Sam", Name: identitycenter.Name{GivenName: "Sam", FamilyName: "Fisher"}}, "test")
		return err
	})
	c.write(func(tx *database.Tx) error {
		return (&directory.Store{Keys: s.Keys()}).SetPasswordOnce(tx, directory.UserID(c.sam.ID), hash, tx.Now().Add(time.Hour))
	})
	return c
}

func (c *company) write(f func(*database.Tx) error) {
	c.t.Helper()
	if err := c.DB().Write(context.Background(), f); err != nil {
		c.t.Fatal(err)
	}
}

// assign makes an account with roles of these names for sam.
func (c *company) assign(name string, roles ...string) (id account.ID) {
	c.t.Helper()
	c.write(func(tx *database.Tx) error {
		o, err := c.centers.Organizations.Of(tx.Reading(), c.in.Owner)
		if err != nil {
			return err
		}
		r, err := c.centers.Organizations.CreateAccount(tx, o, org.NewMember{Name: name, Email: regexp.MustCompile(`\W`).ReplaceAllString(name, "-") + "@example.com"})
		if err != nil {
			return err
		}
		if _, err := c.centers.Organizations.FinishCreateAccount(tx, r.ID); err != nil {
			return err
		}
		r, err = c.centers.Organizations.Request(tx.Reading(), o, r.ID)
		id = r.Account
		return err
	})
	for _, role := range roles {
		c.write(func(tx *database.Tx) error {
			set, err := c.centers.PermissionSetByName(tx.Reading(), c.in, role)
			if fault.Is(err, fault.NotFound) {
				set, err = c.centers.CreatePermissionSet(tx, c.in, identitycenter.NewPermissionSet{Name: role, Region: "us-west-2"})
			}
			if err != nil {
				return err
			}
			r, err := c.centers.RequestAssignment(tx, set, id, identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: string(c.sam.ID)})
			if err != nil {
				return err
			}
			return c.centers.FinishAssignment(tx, r.ID)
		})
	}
	return id
}

const chosen = "seven green bottles hanging"

// comesIn signs sam in for the first time, with a password of his own.
func (c *company) comesIn(v *visitor) {
	c.t.Helper()
	at := "/first-password?store=" + string(c.in.Store)
	v.post(at, "choose", "login", "sam", "given", given, "password", chosen).check(c.t, "choose a password", expectation{status: 303, location: "/start"})
}

func TestThePortal(t *testing.T) {
	s, ada := newSallyport(t)
	c := newCompany(t, s)
	sam, store := newVisitor(t, s.URL()), string(c.in.Store)
	signIn := "/sign-in?next=%2Fstart&store=" + store
	sam.get("/start").check(t, "a stranger", expectation{status: 303, location: signIn})
	sam.get(signIn).check(t, "sign in", expectation{status: 200, says: []string{"User name", store, `href="/sign-in?next=%2Fstart"`}, keepsOff: []string{"/sign-up", "/forgot"}})
	sam.get("/sign-in").check(t, "the other door", expectation{status: 200, says: []string{`href="/sign-in?store=` + store + `"`, "/sign-up"}})
	sam.post(signIn, "sign-in", "login", "sam", "password", "wrong").check(t, "a wrong password", expectation{status: 401, says: []string{"The name or the password is wrong."}})
	first := sam.post(signIn, "sign-in", "login", "sam", "password", given)
	first.check(t, "the one-time password", expectation{status: 200, says: []string{"Choose your password", `value="sam"`, `action="/first-password?next=%2Fstart&amp;store=` + store + `"`}, keepsOff: []string{given}})
	at := "/first-password?next=%2Fstart&store=" + store
	sam.post(at, "choose", "login", "sam", "given", given, "password", "short").check(t, "a short one", expectation{status: 400, says: []string{"needs 15", `value="sam"`}, keepsOff: []string{given}})
	sam.post(at, "choose", "login", "sam", "given", given, "password", chosen).check(t, "a good one", expectation{status: 303, location: "/start"})
	sam.get("/start").check(t, "nothing assigned", expectation{status: 200, says: []string{"No account is assigned to you yet", ">sam<"}, keepsOff: []string{`href="/tokens"`}})
	sam.get("/").check(t, "home", expectation{status: 303, location: "/start"})

	shop := c.assign("shop <b>", "Reader", "Administrator")
	sam.get("/start").check(t, "an account", expectation{status: 200,
		says: []string{string(shop), "shop &lt;b&gt;", "Administrator", "Reader", s.URL() + "/start", "sso:account:access",
			"sallyport configure --endpoint " + s.URL() + " --account " + string(shop) + " --role Administrator --profile work"},
		keepsOff: []string{"ASIA", "shop <b>", "Find an account", s.URL() + "/start/"}})
	shown := sam.post("/start", "credentials", "account", string(shop), "role", "Reader")
	shown.check(t, "credentials", expectation{status: 200, says: []string{"Reader in shop &lt;b&gt;", `export AWS_ACCESS_KEY_ID="ASIA`, "$Env:AWS_SESSION_TOKEN", "[" + string(shop) + "_Reader]", "slt_", s.URL() + "/aws"}})
	if shown.Header.Get("Cache-Control") != "no-store" {
		t.Error("credentials may be stored")
	}
	for _, row := range [][2]string{{string(shop), "Writer"}, {"000000000000", "Reader"}, {string(c.in.Owner), "Reader"}, {"", ""}} {
		sam.post("/start", "credentials", "account", row[0], "role", row[1]).check(t, fmt.Sprint("what is not assigned: ", row), expectation{status: 403, says: []string{"No access"}, keepsOff: []string{"ASIA"}})
	}
	sam.send("POST", "/start", http.Header{"Sec-Fetch-Site": {"cross-site"}}, url.Values{"do": {"credentials"}, "account": {string(shop)}, "role": {"Reader"}}).check(t, "from another site",
		expectation{status: 403, keepsOff: []string{"ASIA"}})

	// Each kind of user is told whose page it is, and where to go.
	for _, path := range []string{"/tokens", "/sessions", "/profile", "/spaces", "/spaces/acme"} {
		sam.get(path).check(t, "sam at "+path, expectation{status: 403, says: []string{"not for users of an identity store", `href="/start"`}})
	}
	ada.get("/start").check(t, "ada at the portal", expectation{status: 403, says: []string{"signed in with your own account", `href="/sign-in?next=%2Fstart&amp;store=` + store + `"`}, keepsOff: []string{string(shop)}})
	ada.post("/start", "credentials", "account", string(shop), "role", "Reader").check(t, "ada asks for credentials", expectation{status: 403, keepsOff: []string{"ASIA"}})
	sam.get("/start/"+store).check(t, "his own start URL", expectation{status: 200, says: []string{string(shop)}})
	sam.get("/start/d-0123456789").check(t, "another's", expectation{status: 403, says: []string{"start page of the identity store d-0123456789"}, keepsOff: []string{string(shop)}})

	sam.post("/start", "change-password", "present", "wrong", "password", "another long one of his").check(t, "a wrong present password", expectation{status: 403, says: []string{"The present password is wrong.", "<details open>"}})
	sam.post("/start", "change-password", "present", chosen, "password", "another long one of his").check(t, "a new password", expectation{status: 303, location: "/start?done=portal-password"})
	other := newVisitor(t, s.URL())
	other.post("/sign-in?store="+store, "sign-in", "login", "sam", "password", "another long one of his").check(t, "elsewhere", expectation{status: 303, location: "/start"})
	sam.post("/start", "sign-out-everywhere").check(t, "everywhere", expectation{status: 303, location: "/sign-in?done=signed-out-everywhere&store=" + store})
	for _, v := range []*visitor{sam, other} {
		v.get("/start").check(t, "signed out", expectation{status: 303, location: "/sign-in"})
	}
}

func TestManyAccounts(t *testing.T) {
	s, _ := newSallyport(t)
	c := newCompany(t, s)
	sam := newVisitor(t, s.URL())
	c.comesIn(sam)
	for i := range 34 {
		c.assign(fmt.Sprintf("account %02d", i), "Reader")
	}
	billing := c.assign("billing", "Auditor")
	named := regexp.MustCompile(`<h2>account \d\d</h2>|<h2>billing</h2>`)
	first := sam.get("/start")
	first.check(t, "the first page", expectation{status: 200, says: []string{"More accounts", "Find an account"}})
	next := regexp.MustCompile(`href="(\?after=[^"]+)"`).FindStringSubmatch(first.page)
	if next == nil {
		t.Fatal(first.page)
	}
	second := sam.get("/start" + next[1])
	second.check(t, "the second page", expectation{status: 200, says: []string{"Find an account"}, keepsOff: []string{"More accounts"}})
	seen := map[string]bool{}
	for _, name := range append(named.FindAllString(first.page, -1), named.FindAllString(second.page, -1)...) {
		seen[name] = true
	}
	if len(seen) != 35 {
		t.Errorf("two pages show %d accounts", len(seen))
	}
	for _, search := range []string{"BILL", string(billing), "billing@example.com", "audit"} {
		r := sam.get("/start?search=" + url.QueryEscape(search))
		r.check(t, "search for "+search, expectation{status: 200, says: []string{"<h2>billing</h2>", `value="` + search + `"`, "Show all"}})
		if n := len(named.FindAllString(r.page, -1)); n != 1 {
			t.Errorf("search for %s finds %d", search, n)
		}
	}
	more := regexp.MustCompile(`href="(\?after=[^"]+)"`).FindStringSubmatch(sam.get("/start?search=account+").page)
	if more == nil || !strings.Contains(more[1], "search=account") {
		t.Fatalf("what follows is not searched: %v", more)
	}
	sam.get("/start?search=%3Cscript%3E").check(t, "an attack", expectation{status: 200, says: []string{"&lt;script&gt;"}, keepsOff: []string{"<script"}})
}

// Whoever is not signed in, or as the wrong kind of user, is led to the right door.
func TestProgramsLeadToTheirUsersDoor(t *testing.T) {
	s, ada := newSallyport(t)
	c := newCompany(t, s)
	c.assign("shop", "Reader")
	sam, store := newVisitor(t, s.URL()), string(c.in.Store)
	cli := &program{t: t, endpoint: s.URL() + "/aws"}
	register := func(scopes ...string) {
		registered := cli.post("/client/register", 200, map[string]any{"clientName": "aws-cli", "clientType": "public", "scopes": scopes,
			"grantTypes": []string{grantDevice, grantCode, "refresh_token"}, "redirectUris": []string{"http://127.0.0.1/oauth/callback"}})
		cli.id, cli.secret = registered["clientId"].(string), registered["clientSecret"].(string)
	}
	consent := func() string {
		return "/authorize?" + url.Values{"response_type": {"code"}, "client_id": {cli.id}, "redirect_uri": {"http://127.0.0.1:4567/oauth/callback"},
			"code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("a", 43)}}.Encode()
	}
	device := func() (deviceCode, page string) {
		started := cli.post("/device_authorization", 200, map[string]any{"clientId": cli.id, "clientSecret": cli.secret, "startUrl": s.URL() + "/start"})
		return started["deviceCode"].(string), strings.TrimPrefix(started["verificationUriComplete"].(string), s.URL())
	}

	register("codecatalyst:read_write")
	_, page := device()
	sam.get(page).check(t, "a device for spaces", expectation{status: 303, location: "/sign-in?next=%2Fdevice%3Fuser_code"})
	if r := sam.get(consent()); strings.Contains(r.location(), "store=") {
		t.Errorf("a program for spaces leads to %s", r.location())
	}

	register("sso:account:access")
	if r := sam.get(consent()); !strings.HasSuffix(r.location(), "&store="+store) {
		t.Errorf("a program for accounts leads to %s", r.location())
	}
	deviceCode, page := device()
	r := sam.get(page)
	if !strings.HasSuffix(r.location(), "&store="+store) {
		t.Errorf("a device for accounts leads to %s", r.location())
	}
	ada.get(page).check(t, "ada", expectation{status: 403, says: []string{"signed in with your own account", "Sign in as somebody else", "&amp;store=" + store}})
	ada.post(page, "approve").check(t, "ada approves", expectation{status: 403})
	c.comesIn(sam)
	sam.get(page).check(t, "sam", expectation{status: 200, says: []string{"Let this device in?", "get credentials for them"}, keepsOff: []string{"in your spaces"}})
	sam.post(page, "approve").check(t, "sam approves", expectation{status: 303, location: "/device/approved"})
	sam.get("/device/approved").check(t, "approved", expectation{status: 200, says: []string{"signed in as sam", `href="/start"`}})
	cli.token(200, grantDevice, "deviceCode", deviceCode)
	sam.get(consent()).check(t, "consent", expectation{status: 200, says: []string{"get credentials for them"}})
	sam.post(consent(), "approve").check(t, "sam consents", expectation{status: 303, location: "http://127.0.0.1:4567/oauth/callback?code=slc_"})
	sam.get("/device").check(t, "to type a code", expectation{status: 200, says: []string{"Code on the device"}})

	register("codecatalyst:read_write", "sso:account:access")
	sam.get(consent()).check(t, "what sam has to give", expectation{status: 200, says: []string{"get credentials for them"}, keepsOff: []string{"in your spaces"}})
	ada.get(consent()).check(t, "what ada has to give", expectation{status: 200, says: []string{"in your spaces"}, keepsOff: []string{"get credentials for them"}})
}
