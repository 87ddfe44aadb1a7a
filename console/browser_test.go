package console_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sallyport/sallyport/server"
)

// chromium is a real browser. Each person is a context of its own in it, with
// its own cookies.
type chromium struct{ context.Context }

func startChromium(t *testing.T) chromium {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("SALLYPORT_TEST_REQUIRE_ALL") != "" {
			t.Fatal("there is no Chromium on the PATH, and SALLYPORT_TEST_REQUIRE_ALL asks for it")
		}
		t.Skip("NOT TESTED: the pages in a real browser, because there is no Chromium on the PATH")
	}
	profile, err := os.MkdirTemp("", "console-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the browser may still write while it goes, which is no failure of ours.
	t.Cleanup(func() { os.RemoveAll(profile) })
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile), chromedp.WindowSize(1100, 800),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return chromium{browser}
}

// step is something done before a screen.
type step = chromedp.Action[chromedp.Void]

// person is somebody before a browser window. Pages get no scripts to run, so
// whatever a person gets done takes none.
type person struct {
	context.Context
	t    *testing.T
	base string
}

func (c chromium) person(t *testing.T, base string) person {
	t.Helper()
	window, cancel := chromedp.NewContext(c, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(window); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(window, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	return person{window, t, base}
}

// do runs actions, and fails with what is on the screen.
func (p person) do(what string, actions ...step) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v\nat %s\n%s", what, err, p.location(), p.text())
	}
}

func (p person) open(path string) {
	p.t.Helper()
	p.do("open "+path, chromedp.Navigate(p.base+path))
}

// in finds an element in the form that does something.
func in(form, element string) chromedp.Search {
	return chromedp.Search(`//form[input[@name="do" and @value="` + form + `"]]` + element)
}

// fill types into the fields of a form, in pairs, and presses its button.
func (p person) fill(form string, fields ...string) {
	p.t.Helper()
	var actions []step
	for i := 0; i < len(fields); i += 2 {
		field := in(form, `//*[@name="`+fields[i]+`"]`)
		actions = append(actions, chromedp.WaitVisible(field), chromedp.SendKeys(field, fields[i+1]))
	}
	p.do("fill in "+form, actions...)
	p.press(form)
}

// press presses the button of a form and waits for the page that comes of it.
func (p person) press(form string) {
	p.t.Helper()
	p.leave("press "+form, chromedp.Click(in(form, "//button")))
}

// leave does something that leads to another page, and waits for it.
func (p person) leave(what string, action step) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p, 20*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, action); err != nil {
		p.t.Fatalf("%s: %v\nat %s\n%s", what, err, p.location(), p.text())
	}
}

// unfold opens what is folded around a form.
func (p person) unfold(form string) {
	p.t.Helper()
	p.do("unfold "+form, chromedp.Click(chromedp.Search(`//details[form[input[@value="`+form+`"]]]/summary`)))
}

func (p person) text() string {
	text, err := chromedp.Run(p, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		return err.Error()
	}
	return text
}

func (p person) location() string {
	at, err := chromedp.Run(p, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return at
}

// sees waits for words on the page.
func (p person) sees(words ...string) {
	p.t.Helper()
	text := p.text()
	for _, w := range words {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
			p.t.Fatalf("the page at %s does not say %q:\n%s", p.location(), w, text)
		}
	}
}

func (p person) isAt(path string) {
	p.t.Helper()
	if at := strings.TrimPrefix(p.location(), p.base); at != path && !strings.HasPrefix(at, path+"?") {
		p.t.Fatalf("is at %s, not %s:\n%s", at, path, p.text())
	}
}

// program is a client of the AWS doors, such as the AWS CLI.
type program struct {
	t        *testing.T
	endpoint string
	id       string
	secret   string
}

func newProgram(t *testing.T, base, name string, grants ...string) *program {
	t.Helper()
	p := &program{t: t, endpoint: base + "/aws"}
	registered := p.post("/client/register", 200, map[string]any{
		"clientName": name, "clientType": "public", "scopes": []string{"codecatalyst:read_write", "sso:account:access"},
		"grantTypes": grants, "redirectUris": []string{"http://127.0.0.1/oauth/callback"},
	})
	p.id, p.secret = registered["clientId"].(string), registered["clientSecret"].(string)
	return p
}

func (p *program) post(path string, status int, body map[string]any) map[string]any {
	p.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := http.Post(p.endpoint+path, "application/json", bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(response, status)
}

func (p *program) read(response *http.Response, status int) map[string]any {
	p.t.Helper()
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil || response.StatusCode != status {
		p.t.Fatalf("%s: %d %s", response.Request.URL.Path, response.StatusCode, text)
	}
	return answer
}

// startDevice asks to be let in by a code that somebody types.
func (p *program) startDevice() (deviceCode, userCode string) {
	p.t.Helper()
	started := p.post("/device_authorization", 200, map[string]any{"clientId": p.id, "clientSecret": p.secret, "startUrl": strings.TrimSuffix(p.endpoint, "/aws") + "/start"})
	return started["deviceCode"].(string), started["userCode"].(string)
}

func (p *program) token(status int, grant string, members ...string) map[string]any {
	p.t.Helper()
	body := map[string]any{"clientId": p.id, "clientSecret": p.secret, "grantType": grant}
	for i := 0; i < len(members); i += 2 {
		body[members[i]] = members[i+1]
	}
	return p.post("/token", status, body)
}

// speaksFor is the alias of whom a token speaks for.
func (p *program) speaksFor(token string) string {
	p.t.Helper()
	id := p.get("/session", token)["identity"].(string)
	return p.get("/userDetails?id="+id, token)["userName"].(string)
}

func (p *program) get(path, token string) map[string]any {
	p.t.Helper()
	request, err := http.NewRequest("GET", p.endpoint+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(response, 200)
}

const (
	grantDevice = "urn:ietf:params:oauth:grant-type:device_code"
	grantCode   = "authorization_code"
)

// TestStory is a team's first day.
func TestStory(t *testing.T) {
	browser := startChromium(t)
	s := start(t, server.Config{})
	ada := browser.person(t, s.URL())

	ada.open(strings.TrimPrefix(s.SetupURL(), s.URL()))
	ada.sees("15 characters or more")
	ada.fill("set-up", "alias", "ada", "email", "ada@example.com", "name", "Ada Lovelace", "password", password)
	ada.isAt("/spaces")
	ada.sees("Make your first space")
	ada.fill("create", "name", "acme", "description", "Everything we build")
	ada.isAt("/spaces/acme")
	ada.unfold("create-project")
	ada.fill("create-project", "name", "rocket ship")
	ada.isAt("/spaces/acme/projects/rocket-ship")

	ada.open("/spaces/acme")
	ada.unfold("create-team")
	ada.fill("create-team", "name", "builders")
	ada.isAt("/spaces/acme/teams/builders")
	ada.open("/spaces/acme/projects/rocket-ship")
	ada.unfold("add-team")
	ada.fill("add-team", "team", "builders")
	ada.sees("given its role", "builders")
	ada.unfold("invite")
	ada.fill("invite", "email", "bob@example.com")
	ada.sees("on its way", "bob@example.com", "pending")

	link := invitationLink.FindString(s.mailTo(t, "bob@example.com"))
	bob := browser.person(t, s.URL())
	bob.open(strings.TrimPrefix(link, s.URL()))
	bob.sees("ada invites you", "acme", "rocket-ship", "Contributor")
	bob.leave("sign up", chromedp.Click(chromedp.Search(`//main//a[.="Sign up"]`)))
	bob.fill("sign-up", "email", "bob@example.com")
	bob.isAt("/verify")
	bob.fill("verify", "code", sixDigits.FindString(s.mailTo(t, "bob@example.com")))
	bob.isAt("/welcome")
	bob.fill("create", "alias", "bob", "name", "Bob Builder", "password", "can we fix it in may")
	bob.isAt("/invitation")
	bob.press("accept")
	bob.isAt("/spaces/acme/projects/rocket-ship")
	bob.sees("you are in", "Bob Builder")

	ada.open("/spaces/acme/teams/builders")
	ada.fill("add", "alias", "bob")
	ada.sees("Bob Builder")
	bob.open("/")
	bob.sees("Limited access", "rocket-ship")

	t.Run("a device", func(t *testing.T) { testDevice(t, s, bob) })
	t.Run("a program with a code", func(t *testing.T) { testConsent(t, s, bob) })
	t.Run("keys alone", func(t *testing.T) { testKeyboard(t, s, browser) })
}

func testDevice(t *testing.T, s *sallyport, bob person) {
	bob.t = t
	cli := newProgram(t, s.URL(), "aws-cli on bob's laptop", grantDevice, "refresh_token")
	deviceCode, userCode := cli.startDevice()
	bob.open("/device")
	bob.leave("type the code", chromedp.SendKeys(chromedp.ID("user_code"), strings.ToLower(userCode)+kb.Enter))
	bob.sees("aws-cli on bob's laptop", userCode, "127.0.0.1", "Go-http-client", "in your spaces and projects", "only if you started this just now yourself")
	if refused := cli.token(400, grantDevice, "deviceCode", deviceCode); refused["error"] != "authorization_pending" {
		t.Errorf("before the approval: %v", refused)
	}
	bob.press("approve")
	bob.isAt("/device/approved")
	token := cli.token(200, grantDevice, "deviceCode", deviceCode)["accessToken"].(string)
	if who := cli.speaksFor(token); who != "bob" {
		t.Errorf("the token speaks for %s", who)
	}
	bob.open("/sessions")
	bob.sees("aws-cli on bob's laptop")

	deviceCode, userCode = cli.startDevice()
	bob.open("/device?user_code=" + userCode)
	bob.sees(userCode, "let this device in?")
	bob.press("refuse")
	bob.isAt("/device/refused")
	if refused := cli.token(400, grantDevice, "deviceCode", deviceCode); refused["error"] != "access_denied" {
		t.Errorf("after the refusal: %v", refused)
	}
	bob.open("/device?user_code=" + userCode)
	bob.sees("used up")
}

func testConsent(t *testing.T, s *sallyport, bob person) {
	bob.t = t
	answers := make(chan url.Values, 1)
	loopback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/callback" {
			answers <- r.URL.Query()
		}
		io.WriteString(w, "you can close this window")
	}))
	t.Cleanup(loopback.Close)
	callback := loopback.URL + "/oauth/callback"
	cli := newProgram(t, s.URL(), "<b>bold</b> client", grantCode, "refresh_token")
	verifier := strings.Repeat("sallyport", 6)
	challenge := sha256.Sum256([]byte(verifier))
	ask := "/aws/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {cli.id}, "redirect_uri": {callback}, "state": {"a state"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"scopes": {"codecatalyst:read_write"},
	}.Encode()

	bob.open(ask)
	bob.isAt("/authorize")
	bob.sees("<b>bold</b> client", strings.TrimPrefix(loopback.URL, "http://"), "in your spaces and projects")
	bob.press("refuse")
	if answer := <-answers; answer.Get("error") != "access_denied" || answer.Get("state") != "a state" {
		t.Errorf("refused: %v", answer)
	}
	bob.open(ask)
	bob.press("approve")
	bob.sees("you can close this window")
	answer := <-answers
	if answer.Get("state") != "a state" {
		t.Errorf("approved: %v", answer)
	}
	token := cli.token(200, grantCode, "code", answer.Get("code"), "redirectUri", callback, "codeVerifier", verifier)["accessToken"].(string)
	if who := cli.speaksFor(token); who != "bob" {
		t.Errorf("the token speaks for %s", who)
	}
}

// testKeyboard signs in and looks around without a mouse: the first field has
// the focus, Tab leads on, Enter sends and follows.
func testKeyboard(t *testing.T, s *sallyport, browser chromium) {
	ada := browser.person(t, s.URL())
	ada.open("/tokens")
	ada.isAt("/sign-in")
	ada.do("type", chromedp.KeyEvent("ada"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent("not the password at all"))
	ada.leave("send", chromedp.KeyEvent(kb.Enter))
	ada.sees("the name or the password is wrong")
	ada.do("type", chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(password))
	ada.leave("send", chromedp.KeyEvent(kb.Enter))
	ada.isAt("/tokens")
	// Over the skip link, the name and the navigation's first entry.
	ada.do("move", chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab))
	ada.leave("follow", chromedp.KeyEvent(kb.Enter))
	ada.isAt("/")
	ada.sees("Your spaces")
}
