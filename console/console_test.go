package console_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/server"
)

// sallyport is a whole server, with its outbox.
type sallyport struct {
	*server.Server
	data string
	read map[string]bool // mails
}

func start(t *testing.T, config server.Config) *sallyport {
	t.Helper()
	config.Data, config.Listen = t.TempDir(), cmp.Or(config.Listen, "127.0.0.1:0")
	s, err := server.Start(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &sallyport{Server: s, data: config.Data, read: map[string]bool{}}
}

// mailTo waits for the next unread mail to an address and returns its text,
// subject first.
func (s *sallyport) mailTo(t *testing.T, address string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		files, err := filepath.Glob(filepath.Join(s.data, "outbox", "*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if s.read[file] {
				continue
			}
			if to, text := readMail(t, file); to == address {
				s.read[file] = true
				return text
			}
		}
	}
	t.Fatalf("no mail to %s", address)
	return ""
}

func readMail(t *testing.T, file string) (to, text string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := message.Header.AddressList("To")
	if err != nil {
		t.Fatal(err)
	}
	var body io.Reader = message.Body
	if strings.EqualFold(message.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return recipients[0].Address, message.Header.Get("Subject") + "\n" + string(content)
}

var (
	sixDigits      = regexp.MustCompile(`\b\d{6}\b`)
	resetLink      = regexp.MustCompile(`https?://\S+/reset\?token=\S+`)
	invitationLink = regexp.MustCompile(`https?://\S+/invitation\?token=\S+`)
)

// visitor is somebody with a browser that follows no redirect by itself and
// holds every page against the rules for all pages.
type visitor struct {
	*http.Client
	t    *testing.T
	base string
}

func newVisitor(t *testing.T, base string) *visitor {
	jar, _ := cookiejar.New(nil) // never fails
	return &visitor{t: t, base: base, Client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is an answer, its page read.
type reply struct {
	*http.Response
	page string
}

// location is where it leads to; empty: nowhere.
func (r reply) location() string { return r.Header.Get("Location") }

func (v *visitor) get(path string) reply {
	v.t.Helper()
	return v.send("GET", path, nil, nil)
}

// post sends a form as a browser does that stands on one of our pages. The
// fields follow in pairs; the first is what the form does.
func (v *visitor) post(path, do string, fields ...string) reply {
	v.t.Helper()
	form := url.Values{"do": {do}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.send("POST", path, http.Header{"Sec-Fetch-Site": {"same-origin"}}, form)
}

func (v *visitor) send(method, path string, header http.Header, form url.Values) reply {
	v.t.Helper()
	request, err := http.NewRequest(method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("User-Agent", "Visitor/1.0")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := v.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	r := reply{response, string(page)}
	v.checkRules(method+" "+path, r)
	return r
}

// checkRules are the rules for all pages.
func (v *visitor) checkRules(what string, r reply) {
	v.t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none';", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
	} {
		if got := r.Header.Get(name); !strings.HasPrefix(got, want) {
			v.t.Errorf("%s: header %s is %q, want %q", what, name, got, want)
		}
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") || r.location() != "" {
		return
	}
	for _, complaint := range complaints(r.page) {
		v.t.Errorf("%s: %s", what, complaint)
	}
}

// complaints reads a page as strictly as can be and says what is wrong with it.
func complaints(page string) (list []string) {
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	ids, labelled, controls, headings, language := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0, ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return append(list, "is not well nested: "+err.Error())
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attributes := map[string]string{}
		for _, attribute := range element.Attr {
			attributes[attribute.Name.Local] = attribute.Value
			if strings.HasPrefix(attribute.Name.Local, "on") || attribute.Name.Local == "style" {
				list = append(list, "has the attribute "+attribute.Name.Local)
			}
		}
		if id := attributes["id"]; id != "" {
			if ids[id] {
				list = append(list, "has two elements with the id "+id)
			}
			ids[id] = true
		}
		switch name := element.Name.Local; name {
		case "html":
			language = attributes["lang"]
		case "h1":
			headings++
		case "script", "iframe", "object":
			list = append(list, "has the element "+name)
		case "label":
			labelled[attributes["for"]] = true
		case "input", "select", "textarea":
			if attributes["type"] == "password" && attributes["value"] != "" {
				list = append(list, "gives a password back")
			}
			if attributes["type"] != "hidden" && attributes["aria-label"] == "" {
				controls[attributes["id"]] = true
			}
		case "form":
			if attributes["method"] == "post" && attributes["action"] != "" && !strings.HasPrefix(attributes["action"], "/") {
				list = append(list, "sends a form to "+attributes["action"])
			}
		}
	}
	for id := range controls {
		if !labelled[id] {
			list = append(list, "has a control without a label: "+id)
		}
	}
	if headings != 1 {
		list = append(list, "has no single first heading")
	}
	if language != "en" {
		list = append(list, "does not say its language")
	}
	return list
}

const password = "gravel umbrella tuesday"

// newSallyport is one whose first user, ada, is signed in at the visitor's.
func newSallyport(t *testing.T) (*sallyport, *visitor) {
	t.Helper()
	s := start(t, server.Config{})
	ada := newVisitor(t, s.URL())
	r := ada.post(strings.TrimPrefix(s.SetupURL(), s.URL()), "set-up", "alias", "ada", "email", "ada@example.com", "name", "Ada Lovelace", "password", password)
	if r.StatusCode != http.StatusSeeOther || r.location() != "/spaces" {
		t.Fatalf("set up: %d to %q\n%s", r.StatusCode, r.location(), r.page)
	}
	return s, ada
}

// expectation is what a reply must be.
type expectation struct {
	status   int
	location string // starts so
	says     []string
	keepsOff []string // the page does not hold
}

func (r reply) check(t *testing.T, what string, want expectation) {
	t.Helper()
	if r.StatusCode != want.status {
		t.Errorf("%s: status %d, want %d\n%s", what, r.StatusCode, want.status, r.page)
	}
	if !strings.HasPrefix(r.location(), want.location) || want.location == "" && r.location() != "" {
		t.Errorf("%s: leads to %q, want %q", what, r.location(), want.location)
	}
	for _, text := range want.says {
		if !strings.Contains(r.page, text) {
			t.Errorf("%s: the page does not say %q\n%s", what, text, r.page)
		}
	}
	for _, text := range want.keepsOff {
		if strings.Contains(r.page, text) {
			t.Errorf("%s: the page says %q", what, text)
		}
	}
}

func TestNextStaysHere(t *testing.T) {
	s, _ := newSallyport(t)
	for next, want := range map[string]string{
		"/device?user_code=BCDF-GHJK":                "/device?user_code=BCDF-GHJK",
		"/authorize?redirect_uri=http://127.0.0.1/x": "/authorize?redirect_uri=http://127.0.0.1/x",
		"/spaces/a/projects/b":                       "/spaces/a/projects/b",
		"":                                           "/",
		"//evil.example":                             "/",
		"///evil.example":                            "/",
		`/\evil.example`:                             "/",
		`\\evil.example`:                             "/",
		"https://evil.example":                       "/",
		"https:evil.example":                         "/",
		"%2f%2fevil.example":                         "/",
		"javascript:alert(1)":                        "/",
		"evil.example":                               "/",
		"/\t/evil.example":                           "/",
		"\t//evil.example":                           "/",
		"/a\r\nSet-Cookie: x=y":                      "/",
		"/.//evil.example":                           "/",
		"/%2fevil.example":                           "/%2fevil.example", // a path of ours, and no such page
	} {
		r := newVisitor(t, s.URL()).post("/sign-in?"+url.Values{"next": {next}}.Encode(), "sign-in", "login", "ada", "password", password)
		r.check(t, "sign in with next "+next, expectation{status: 303, location: want})
		if r.location() != want {
			t.Errorf("next %q leads to %q, want %q", next, r.location(), want)
		}
	}
}

func TestOtherSitesCannotSendForms(t *testing.T) {
	s, ada := newSallyport(t)
	for _, row := range []struct {
		name   string
		header http.Header
		status int
	}{
		{"another site", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"another port of this host", http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		{"an old browser on another site", http.Header{"Origin": {"https://evil.example"}}, 403},
		{"a sandboxed frame", http.Header{"Origin": {"null"}}, 403},
		{"this site", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 303},
		{"an old browser on this site", http.Header{"Origin": {s.URL()}}, 303},
	} {
		r := ada.send("POST", "/profile", row.header, url.Values{"do": {"rename"}, "name": {"Ada of " + row.name}})
		r.check(t, row.name, expectation{status: row.status, location: r.location()})
		if done := strings.Contains(ada.get("/profile").page, "Ada of "+row.name); done != (row.status == 303) {
			t.Errorf("%s: done is %t", row.name, done)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	for _, row := range []struct {
		config server.Config
		name   string
		secure bool
	}{
		{server.Config{}, "sallyport_session", false},
		{server.Config{BehindProxy: true, URL: "https://sallyport.example.com"}, "__Host-sallyport_session", true},
	} {
		row.config.Listen = freeAddress(t)
		v := newVisitor(t, "http://"+row.config.Listen)
		s := start(t, row.config)
		setup, err := url.Parse(s.SetupURL())
		if err != nil {
			t.Fatal(err)
		}
		r := v.post(setup.RequestURI(), "set-up", "alias", "ada", "email", "ada@example.com", "name", "Ada", "password", password)
		r.check(t, "set up", expectation{status: 303, location: "/spaces"})
		cookies := r.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		c := cookies[0]
		if c.Name != row.name || c.Secure != row.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 0 || !c.Expires.IsZero() {
			t.Errorf("cookie %s", c.Raw)
		}
		// The other server's name for it is not looked at: http:// could have set it.
		bare := newVisitor(t, v.base)
		for _, name := range []string{"sallyport_session", "__Host-sallyport_session"} {
			r := bare.send("GET", "/profile", http.Header{"Cookie": {name + "=" + c.Value}}, nil)
			r.check(t, row.name+" sent as "+name, expectation{status: map[bool]int{true: 200, false: 303}[name == row.name], location: r.location()})
		}
	}
}

// freeAddress is one to listen on, for a server that is not told from its URL.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// everyPage is the address of each page, in a Sallyport that has a space and a project.
var everyPage = []struct {
	path   string
	open   bool // to strangers
	signed int  // status when signed in
}{
	{"/setup?token=x", true, 200},
	{"/sign-up", true, 200},
	{"/verify?id=x", true, 200},
	{"/welcome?id=x", true, 200},
	{"/sign-in", true, 200},
	{"/sign-out", true, 200},
	{"/forgot", true, 200},
	{"/reset?token=x", true, 200},
	{"/no/such/page", true, 404},
	{"/static/none.css", true, 404},
	{"/device", false, 200},
	{"/device?user_code=BCDF-GHJK", false, 404},
	{"/device?user_code=nonsense", false, 400},
	{"/device/approved", false, 200},
	{"/device/refused", false, 200},
	{"/authorize?client_id=x", false, 401},
	{"/", false, 200},
	{"/start", false, 403},              // for users of identity stores
	{"/start/d-0123456789", false, 403}, // likewise
	{"/first-password", true, 200},
	{"/sign-in?store=d-0123456789", true, 200},
	{"/profile", false, 200},
	{"/sessions", false, 200},
	{"/tokens", false, 200},
	{"/spaces", false, 200},
	{"/spaces/acme", false, 200},
	{"/spaces/another", false, 403},
	{"/spaces/acme/tokens", false, 200},
	{"/spaces/another/tokens", false, 403},
	{"/spaces/acme/teams/builders", false, 200},
	{"/spaces/acme/teams/none", false, 404},
	{"/spaces/acme/projects/rocket", false, 200},
	{"/spaces/acme/projects/none", false, 404},
	{"/spaces/acme/projects/rocket/environments", false, 200},
	{"/spaces/acme/connections", false, 200},
	{"/spaces/acme/connections/none", false, 404},
	{"/spaces/acme/connections/none/access", false, 404},
	{"/start/accounts/111122223333/Owner/spaces", false, 403}, // for users of identity stores
	{"/start/accounts/111122223333/Owner/spaces/x", false, 403},
	{"/start/accounts/111122223333/Owner/access", false, 403},
	{"/spaces/acme/projects/rocket/repositories/engine", false, 200},
	{"/spaces/acme/projects/rocket/repositories/none", false, 404},
}

func TestEveryPage(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	stranger, unknown := newVisitor(t, s.URL()), newVisitor(t, s.URL())
	base, _ := url.Parse(s.URL())
	unknown.Jar.SetCookies(base, []*http.Cookie{{Name: "sallyport_session", Value: "slb_forged"}})
	for _, page := range everyPage {
		ada.get(page.path).check(t, "ada at "+page.path, expectation{status: page.signed, says: []string{""}})
		for _, v := range []*visitor{stranger, unknown} {
			if page.open {
				v.get(page.path).check(t, "stranger at "+page.path, expectation{status: page.signed})
				continue
			}
			v.get(page.path).check(t, "stranger at "+page.path, expectation{status: 303, location: "/sign-in?next=" + url.QueryEscape(page.path)})
		}
		ada.send("DELETE", page.path, http.Header{"Sec-Fetch-Site": {"same-origin"}}, nil).check(t, "DELETE "+page.path, expectation{status: 405})
		ada.post(page.path, "no-such-form")
	}
}

// furnish makes the space acme with the project rocket, the repository
// engine in it, and the team builders.
func furnish(t *testing.T, ada *visitor) {
	t.Helper()
	ada.post("/spaces", "create", "name", "acme", "description", "Everything we build").check(t, "make a space", expectation{status: 303, location: "/spaces/acme"})
	ada.post("/spaces/acme", "create-project", "name", "rocket", "description", "It flies").check(t, "make a project", expectation{status: 303, location: "/spaces/acme/projects/rocket"})
	ada.post("/spaces/acme/projects/rocket", "create-repository", "name", "engine", "description", "It burns").check(t, "make a repository",
		expectation{status: 303, location: "/spaces/acme/projects/rocket/repositories/engine?done=repository-made"})
	ada.post("/spaces/acme", "create-team", "name", "builders", "role", "limited-access").check(t, "make a team", expectation{status: 303, location: "/spaces/acme/teams/builders"})
}
