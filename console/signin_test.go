package console_test

import (
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/server"
)

// clock is a server's, which a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

func TestRefusedFormsKeepWhatWasTyped(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	stranger := newVisitor(t, s.URL())
	attack := `"><script>alert(1)</script>`
	escaped := `&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;`
	for _, row := range []struct {
		name   string
		by     *visitor
		path   string
		do     string
		fields []string
		want   expectation
	}{
		{"a wrong password", stranger, "/sign-in", "sign-in", []string{"login", "ada", "password", "wrong wrong wrong"},
			expectation{status: 401, says: []string{"The name or the password is wrong.", `value="ada"`, "<title>Not done: Sign in"}, keepsOff: []string{"wrong wrong wrong"}}},
		{"nobody of that name", stranger, "/sign-in", "sign-in", []string{"login", attack, "password", password},
			expectation{status: 401, says: []string{"The name or the password is wrong.", escaped}, keepsOff: []string{password}}},
		{"no address", stranger, "/sign-up", "sign-up", []string{"email", attack}, expectation{status: 400, says: []string{escaped, `role="alert"`}}},
		{"a set-up that is over", stranger, "/setup?token=x", "set-up", []string{"alias", "eve", "email", "eve@example.com", "name", "Eve", "password", password},
			expectation{status: 409, says: []string{"set up already"}, keepsOff: []string{password}}},
		{"a code for nothing", stranger, "/verify?id=x", "verify", []string{"code", "123456"}, expectation{status: 404, says: []string{`value="123456"`, "ask for a new code"}}},
		{"a link that is no good", stranger, "/reset", "replace", []string{"token", attack, "password", password},
			expectation{status: 404, says: []string{escaped, "ask for another"}, keepsOff: []string{password}}},
		{"a space of a bad name", ada, "/spaces", "create", []string{"name", attack, "description", "Fine"},
			expectation{status: 400, says: []string{escaped, `value="Fine"`}}},
		{"a description with markup", ada, "/spaces", "create", []string{"name", "fine", "description", attack}, expectation{status: 400, says: []string{`value="fine"`, escaped}}},
		{"a project of a taken name", ada, "/spaces/acme", "create-project", []string{"name", "rocket"},
			expectation{status: 409, says: []string{"<details open>", `value="rocket"`}}},
		{"an invitation to no address", ada, "/spaces/acme", "invite", []string{"email", "nobody", "role", "power-user"},
			expectation{status: 400, says: []string{`value="nobody"`, `<option value="power-user" selected>`}}},
		{"a role nobody has", ada, "/spaces/acme", "invite", []string{"email", "bob@example.com", "role", attack}, expectation{status: 400, says: []string{`value="bob@example.com"`}}},
		{"her own last role", ada, "/spaces/acme", "set-role", []string{"of", "ada", "role", "limited-access"}, expectation{status: 403, says: []string{"nobody takes that from themselves"}}},
		{"a stranger in a team", ada, "/spaces/acme/teams/builders", "add", []string{"alias", "eve"}, expectation{status: 404, says: []string{`value="eve"`}}},
		{"a name that is none", ada, "/profile", "rename", []string{"name", ""}, expectation{status: 400, says: []string{"1 to 100 printable characters"}}},
		{"the wrong present password", ada, "/profile", "change-password", []string{"present", "wrong wrong wrong", "password", "some other password"},
			expectation{status: 403, says: []string{"The present password is wrong."}, keepsOff: []string{"wrong wrong wrong", "some other password"}}},
		{"another alias than hers", ada, "/profile", "delete-account", []string{"alias", "bob"}, expectation{status: 400, says: []string{`value="bob"`}}},
		{"a token of no name", ada, "/tokens", "create", []string{"name", "", "expires", "2099-01-01"}, expectation{status: 400, says: []string{`value="2099-01-01"`}}},
		{"a day that is none", ada, "/tokens", "create", []string{"name", "git", "expires", attack}, expectation{status: 400, says: []string{`value="git"`, "is not a day"}}},
		{"a token that is gone", ada, "/tokens", "delete", []string{"of", "no-such-token"}, expectation{status: 404, says: []string{`role="alert"`, "not found"}}},
		{"a session that is gone", ada, "/sessions", "end", []string{"of", "no-such-session"}, expectation{status: 404}},
		{"no form of the page", ada, "/profile", "explode", nil, expectation{status: 400, says: []string{"no such form"}}},
	} {
		row.by.post(row.path, row.do, row.fields...).check(t, row.name, row.want)
	}
}

func TestNextIsCarriedAndEscaped(t *testing.T) {
	s, _ := newSallyport(t)
	v := newVisitor(t, s.URL())
	v.get("/sign-in?next=%2Fdevice").check(t, "sign in", expectation{status: 200, says: []string{`href="/sign-up?next=%2Fdevice"`, `href="/forgot?next=%2Fdevice"`}})
	v.get("/sign-in?next="+url.QueryEscape(`"><script>`)).check(t, "an attack", expectation{status: 200, keepsOff: []string{"<script"}})
	v.get("/device?user_code="+url.QueryEscape(`"><script>`)).check(t, "an attack", expectation{status: 303, location: "/sign-in?next=%2Fdevice%3Fuser_code%3D"})
}

func TestSignUp(t *testing.T) {
	s, _ := newSallyport(t)
	bob := newVisitor(t, s.URL())
	r := bob.post("/sign-up?next=%2Ftokens", "sign-up", "email", "bob@example.com")
	r.check(t, "sign up", expectation{status: 303, location: "/verify?id="})
	verify := r.location()
	bob.post(verify, "send-again", "email", "bob@example.com").check(t, "too soon", expectation{status: 429, says: []string{"a short while ago", "<details open>"}})
	bob.post(verify, "verify", "code", "000 000x").check(t, "a wrong code", expectation{status: 400, says: []string{"tries left"}})
	code := sixDigits.FindString(s.mailTo(t, "bob@example.com"))
	r = bob.post(verify, "verify", "code", code[:3]+" "+code[3:])
	r.check(t, "verify", expectation{status: 303, location: "/welcome?id="})
	welcome := r.location()
	bob.post(welcome, "create", "alias", "Ada", "name", "Bob", "password", password).check(t, "a taken alias", expectation{status: 409, says: []string{`value="Ada"`, `value="Bob"`}})
	bob.post(welcome, "create", "alias", "bob", "name", "<b>Bob</b>", "password", password).check(t, "create", expectation{status: 303, location: "/tokens"})
	bob.get("/profile").check(t, "profile", expectation{status: 200, says: []string{"&lt;b&gt;Bob&lt;/b&gt;", "bob@example.com"}, keepsOff: []string{"<b>Bob"}})
}

func TestInvitedOnly(t *testing.T) {
	s := start(t, server.Config{InvitedOnly: true})
	newVisitor(t, s.URL()).post("/sign-up", "sign-up", "email", "eve@example.com").check(t, "sign up", expectation{status: 403, says: []string{"takes an invitation here", `value="eve@example.com"`}})
}

func TestForgottenPassword(t *testing.T) {
	s, ada := newSallyport(t)
	v := newVisitor(t, s.URL())
	ada.post("/tokens", "create", "name", "kitchen").check(t, "make a token", expectation{status: 200})
	r := v.post("/forgot", "send", "email", "ada@example.com")
	r.check(t, "forgot", expectation{status: 303, location: "/forgot?done=link-mailed"})
	v.get(r.location()).check(t, "the link is on its way", expectation{status: 200, says: []string{"on its way", "15 minutes"}})
	v.post("/forgot", "send", "email", "ada@example.com").check(t, "too soon", expectation{status: 429, says: []string{"a short while ago", `value="ada@example.com"`}})
	link := strings.TrimPrefix(resetLink.FindString(s.mailTo(t, "ada@example.com")), s.URL())
	_, token, _ := strings.Cut(link, "token=")
	v.get(link).check(t, "open the link", expectation{status: 200, says: []string{`name="token" value="` + token + `"`, `action="/reset"`}})
	v.post("/reset", "replace", "token", token, "password", "too short").check(t, "a short one", expectation{status: 400, says: []string{"needs 15", `value="` + token + `"`}, keepsOff: []string{"too short"}})
	r = v.post("/reset", "replace", "token", token, "password", "another long password")
	r.check(t, "reset", expectation{status: 303, location: "/"})
	v.post("/reset", "replace", "token", token, "password", "yet another long password").check(t, "once more", expectation{status: 404})
	v.get("/tokens").check(t, "her tokens", expectation{status: 200, says: []string{"You have none."}, keepsOff: []string{"kitchen"}})
	v.get("/").check(t, "the new session", expectation{status: 200})
	ada.get("/").check(t, "the old session", expectation{status: 303, location: "/sign-in"})
	ada.post("/sign-in", "sign-in", "login", "ada@example.com", "password", password).check(t, "the old password", expectation{status: 401})
	ada.post("/sign-in", "sign-in", "login", "ada@example.com", "password", "another long password").check(t, "the new password", expectation{status: 303, location: "/"})
}

func TestSignOut(t *testing.T) {
	s, ada := newSallyport(t)
	base, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	old := ada.Jar.Cookies(base)
	ada.get("/sign-out").check(t, "ask", expectation{status: 200, says: []string{"ends the session of ada"}})
	ada.post("/sign-out", "sign-out").check(t, "sign out", expectation{status: 303, location: "/sign-in?done=signed-out"})
	if left := ada.Jar.Cookies(base); len(left) != 0 {
		t.Errorf("cookies left: %v", left)
	}
	ada.post("/sign-out", "sign-out").check(t, "once more", expectation{status: 303, location: "/sign-in?done=signed-out"})
	ada.Jar.SetCookies(base, old)
	ada.get("/profile").check(t, "with the old cookie", expectation{status: 303, location: "/sign-in?next="})
}

func TestSomeThingsTakeAFreshSignIn(t *testing.T) {
	var clock clock
	s := start(t, server.Config{Clock: clock.now})
	ada := newVisitor(t, s.URL())
	ada.post(strings.TrimPrefix(s.SetupURL(), s.URL()), "set-up", "alias", "ada", "email", "ada@example.com", "name", "Ada", "password", password)
	clock.pass(11 * time.Minute)
	ada.get("/device?user_code=bcdf-ghjk").check(t, "no such code", expectation{status: 404, says: []string{"No device is waiting", `value="bcdf-ghjk"`}})
	ada.get("/device?user_code=vowels").check(t, "no code", expectation{status: 400, says: []string{"without vowels", `value="vowels"`}})
	_, userCode := newProgram(t, s.URL(), "A client", grantDevice).startDevice()
	page := "/device?user_code=" + userCode
	again := "/sign-in?again=1&next=" + url.QueryEscape(page)
	ada.post(page, "approve").check(t, "approve", expectation{status: 303, location: again})
	ada.get(again).check(t, "sign in again", expectation{status: 200, says: []string{"Sign in again", "a password given in the last 10 minutes"}})
	ada.post(again, "sign-in", "login", "ada", "password", password).check(t, "sign in again", expectation{status: 303, location: page})
	ada.get(page).check(t, "back", expectation{status: 200, says: []string{userCode}})
	ada.post(page, "approve").check(t, "approve", expectation{status: 303, location: "/device/approved"})
	ada.post(page, "approve").check(t, "approve twice", expectation{status: 409, says: []string{"used up"}})
}

func TestConsentShowsMistakes(t *testing.T) {
	s, ada := newSallyport(t)
	cli := newProgram(t, s.URL(), `<script>alert("client")</script>`, grantCode)
	good := url.Values{
		"response_type": {"code"}, "client_id": {cli.id}, "redirect_uri": {"http://127.0.0.1:4567/oauth/callback"}, "state": {"s"},
		"code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("a", 43)}, "scope": {"codecatalyst:read_write sso:account:access"},
	}
	at := func(name, value string) string {
		changed := url.Values{}
		for k, v := range good {
			changed[k] = v
		}
		changed.Set(name, value)
		return "/authorize?" + changed.Encode()
	}
	r := ada.get(at("state", "s"))
	r.check(t, "consent", expectation{status: 200, says: []string{"&lt;script&gt;", "127.0.0.1:4567", "in your spaces and projects"}, keepsOff: []string{"get credentials for them"}})
	if policy := r.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self' http://127.0.0.1:4567") {
		t.Errorf("policy %q", policy)
	}
	for _, row := range []struct{ name, value string }{
		{"client_id", "nobody"}, {"redirect_uri", "https://evil.example/oauth/callback"}, {"redirect_uri", "http://127.0.0.1:4567/other"},
		{"response_type", "token"}, {"code_challenge_method", "plain"}, {"scope", "everything"}, {"scope", "sallyport:manage"},
	} {
		for _, send := range []func() reply{
			func() reply { return ada.get(at(row.name, row.value)) },
			func() reply { return ada.post(at(row.name, row.value), "approve") },
			func() reply { return ada.post(at(row.name, row.value), "refuse") },
		} {
			r := send()
			if r.StatusCode < 400 || r.StatusCode >= 500 || r.location() != "" {
				t.Errorf("%s=%s: %d, leads to %q", row.name, row.value, r.StatusCode, r.location())
			}
			if policy := r.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self'") {
				t.Errorf("%s=%s: policy %q", row.name, row.value, policy)
			}
		}
	}
	r = ada.post(at("state", "a & b"), "refuse")
	r.check(t, "refuse", expectation{status: 303, location: "http://127.0.0.1:4567/oauth/callback?error=access_denied&state=a+%26+b"})
	r = ada.post(at("code_challenge", "short"), "approve")
	r.check(t, "no challenge", expectation{status: 400, says: []string{"code_challenge"}})
	ada.post(at("state", "s"), "approve").check(t, "approve", expectation{status: 303, location: "http://127.0.0.1:4567/oauth/callback?code=slc_"})
}

func TestConsentPolicyNamesTheTarget(t *testing.T) {
	s, ada := newSallyport(t)
	for callback, want := range map[string]string{
		"http://127.0.0.1:4567/cb":         " http://127.0.0.1:4567",
		"http://localhost:4567/cb":         " http://localhost:4567",
		"https://app.example.com/cb":       " https://app.example.com",
		"http://[::1]:4567/cb":             " http:", // a policy cannot name it
		"https://a.example;script-src/cb":  "",
		"https://a.example,b.example/cb":   "",
		"https://'unsafe-inline'/cb":       "",
		"https://*.example.com/everything": "",
	} {
		cli := &program{t: t, endpoint: s.URL() + "/aws"}
		id := cli.post("/client/register", 200, map[string]any{"clientName": "A client", "clientType": "public", "scopes": []string{"codecatalyst:read_write"}, "grantTypes": []string{grantCode}, "redirectUris": []string{callback}})["clientId"].(string)
		r := ada.get("/authorize?" + url.Values{"response_type": {"code"}, "client_id": {id}, "redirect_uri": {callback}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("a", 43)}}.Encode())
		r.check(t, callback, expectation{status: 200, says: []string{"in your spaces and projects"}})
		if policy := r.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self'"+want) {
			t.Errorf("%s: policy %q", callback, policy)
		}
	}
}
