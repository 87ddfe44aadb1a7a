package console_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/server"
)

// join signs somebody up and gives them a browser.
func join(t *testing.T, s *sallyport, alias string) *visitor {
	t.Helper()
	v := newVisitor(t, s.URL())
	address := alias + "@example.com"
	r := v.post("/sign-up", "sign-up", "email", address)
	r = v.post(r.location(), "verify", "code", sixDigits.FindString(s.mailTo(t, address)))
	v.post(r.location(), "create", "alias", alias, "name", "The "+alias, "password", "correct horse battery").check(t, "sign up "+alias, expectation{status: 303, location: "/"})
	return v
}

func invitationPath(t *testing.T, s *sallyport, address string) string {
	t.Helper()
	return strings.TrimPrefix(invitationLink.FindString(s.mailTo(t, address)), s.URL())
}

var invitationID = regexp.MustCompile(`name="do" value="cancel-invitation"><input type="hidden" name="of" value="([^"]+)"`)

func TestInvitationsSayWhatBecameOfThem(t *testing.T) {
	var clock clock
	s := start(t, server.Config{Clock: clock.now})
	ada := newVisitor(t, s.URL())
	ada.post(strings.TrimPrefix(s.SetupURL(), s.URL()), "set-up", "alias", "ada", "email", "ada@example.com", "name", "Ada", "password", password)
	furnish(t, ada)
	bob := join(t, s, "bob")
	stranger := newVisitor(t, s.URL())
	invite := func() string {
		t.Helper()
		r := ada.post("/spaces/acme", "invite", "email", "bob@example.com", "role", "limited-access")
		r.check(t, "invite", expectation{status: 303, location: "/spaces/acme?done=invited"})
		return invitationPath(t, s, "bob@example.com")
	}

	stranger.get("/invitation?token=nonsense").check(t, "no invitation", expectation{status: 404, says: []string{"no such invitation"}})

	first := invite()
	token := strings.TrimPrefix(first, "/invitation?token=")
	stranger.get(first).check(t, "pending, signed out", expectation{status: 200, says: []string{
		"ada invites you", "Limited access", `href="/sign-in?next=%2Finvitation%3Ftoken%3D` + token, `href="/sign-up?invitation=` + token}, keepsOff: []string{"bob@example.com"}})
	stranger.post(first, "accept").check(t, "accept signed out", expectation{status: 303, location: "/sign-in?next=%2Finvitation%3Ftoken%3D"})
	ada.post(first, "accept").check(t, "accepted by another", expectation{status: 403, says: []string{"another address"}})
	bob.get(first).check(t, "pending, signed in", expectation{status: 200, says: []string{"You are signed in as bob", "Accept: come in"}})

	second := invite()
	bob.get(first).check(t, "replaced", expectation{status: 200, says: []string{"was cancelled"}, keepsOff: []string{"Accept: come in"}})
	id := invitationID.FindStringSubmatch(ada.get("/spaces/acme").page)
	if id == nil {
		t.Fatal("the invitation cannot be cancelled")
	}
	ada.post("/spaces/acme", "cancel-invitation", "of", id[1]).check(t, "cancel", expectation{status: 303, location: "/spaces/acme?done=invitation-cancelled"})
	bob.get(second).check(t, "cancelled", expectation{status: 200, says: []string{"was cancelled"}})
	bob.post(second, "accept").check(t, "accept a cancelled one", expectation{status: 409, says: []string{"was cancelled"}})

	third := invite()
	stranger.post(third, "decline").check(t, "decline", expectation{status: 303, location: third})
	bob.get(third).check(t, "declined", expectation{status: 200, says: []string{"is declined"}})

	fourth := invite()
	clock.pass(25 * time.Hour)
	stranger.get(fourth).check(t, "expired", expectation{status: 200, says: []string{"has expired"}})
}

func TestMembersComeAndGo(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	bob := join(t, s, "bob")
	bob.get("/").check(t, "bob's home", expectation{status: 200, says: []string{"no space yet"}})
	bob.get("/spaces/acme").check(t, "bob outside", expectation{status: 403})

	ada.post("/spaces/acme/projects/rocket", "invite", "email", "bob@example.com", "role", "contributor").check(t, "invite", expectation{status: 303, location: "/spaces/acme/projects/rocket?done=invited"})
	bob.post(invitationPath(t, s, "bob@example.com"), "accept").check(t, "accept", expectation{status: 303, location: "/spaces/acme/projects/rocket?done=joined"})
	bob.get("/spaces/acme").check(t, "bob inside", expectation{status: 200, says: []string{"rocket", "Space administrator"},
		keepsOff: []string{"Make a project", "Make a team", "Invite somebody", `value="remove"`, `value="set-role"`}})
	bob.get("/spaces/acme/projects/rocket").check(t, "bob in the project", expectation{status: 200, keepsOff: []string{"Invite somebody", `value="remove"`, `value="add-team"`}})
	// The buttons are not there, and would be refused.
	bob.post("/spaces/acme", "create-team", "name", "mine", "role", "power-user").check(t, "bob makes a team", expectation{status: 403, says: []string{`role="alert">space.team.create needs Space administrator.`}})
	bob.post("/spaces/acme", "remove", "of", "ada").check(t, "bob removes ada", expectation{status: 403, says: []string{`role="alert">space.member.remove needs Space administrator.`}})

	step := func(path, do, note string, fields ...string) {
		t.Helper()
		ada.post(path, do, fields...).check(t, do, expectation{status: 303, location: path + "?done=" + note})
	}
	project := "/spaces/acme/projects/rocket"
	step(project, "set-role", "role-set", "of", "bob", "role", "reviewer")
	ada.get(project).check(t, "the project", expectation{status: 200, says: []string{`<option value="reviewer" selected>`}})
	step("/spaces/acme/teams/builders", "add", "added", "alias", "bob")
	step(project, "add-team", "team-added", "team", "builders", "role", "read-only")
	step(project, "set-team-role", "role-set", "of", "builders", "role", "contributor")
	step("/spaces/acme/teams/builders", "set-role", "role-set", "role", "power-user")
	ada.get("/spaces/acme/teams/builders").check(t, "the team", expectation{status: 200, says: []string{`<option value="power-user" selected>`}})
	step("/spaces/acme/teams/builders", "set-role", "role-set", "role", "limited-access")
	step(project, "remove-team", "team-removed", "of", "builders")
	step(project, "remove", "removed", "of", "bob")
	step(project, "add-member", "role-set", "alias", "bob", "role", "contributor")
	step("/spaces/acme/teams/builders", "remove", "removed", "of", "bob")
	step("/spaces/acme", "set-role", "role-set", "of", "bob", "role", "power-user")
	bob.get("/spaces/acme").check(t, "bob is more", expectation{status: 200, says: []string{"Make a project", "Invite somebody"}})
	step("/spaces/acme", "remove", "removed", "of", "bob")
	bob.get("/spaces/acme").check(t, "bob is out", expectation{status: 403})

	bob.post("/profile", "delete-account", "alias", "bob").check(t, "bob goes", expectation{status: 303, location: "/sign-in?done=account-deleted"})
	bob.get("/").check(t, "bob is gone", expectation{status: 303, location: "/sign-in"})
}

func TestSecretsAreShownOnce(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	r := ada.post("/tokens", "create", "name", `<img src=x onerror="alert(1)">`)
	r.check(t, "create", expectation{status: 200, says: []string{"not shown again", "&lt;img src=x"}})
	secret := regexp.MustCompile(`slp_[0-9A-Za-z]{36}`).FindString(r.page)
	if secret == "" {
		t.Fatal("no secret")
	}
	ada.post("/spaces/acme", "invite", "email", "bob@example.com", "role", "limited-access")
	link := invitationPath(t, s, "bob@example.com")
	secrets := []string{secret, password, strings.TrimPrefix(link, "/invitation?token="), "slb_"}
	for _, page := range everyPage {
		ada.get(page.path).check(t, page.path, expectation{status: page.signed, keepsOff: secrets})
	}
}

func TestSessionsEnd(t *testing.T) {
	s, ada := newSallyport(t)
	other := newVisitor(t, s.URL())
	other.post("/sign-in", "sign-in", "login", "ADA", "password", password).check(t, "sign in", expectation{status: 303, location: "/"})
	id := regexp.MustCompile(`name="do" value="end"><input type="hidden" name="of" value="([^"]+)"`).FindStringSubmatch(ada.get("/sessions").page)
	if id == nil {
		t.Fatal("no session to end")
	}
	ada.post("/sessions", "end", "of", id[1]).check(t, "end", expectation{status: 303, location: "/sessions?done=session-ended"})
	other.get("/").check(t, "ended", expectation{status: 303, location: "/sign-in"})
	other.post("/sign-in", "sign-in", "login", "ada", "password", password)
	ada.post("/sessions", "end-others").check(t, "end the others", expectation{status: 303, location: "/sessions?done=others-ended"})
	other.get("/").check(t, "ended", expectation{status: 303, location: "/sign-in"})
	other.post("/sign-in", "sign-in", "login", "ada", "password", password)
	ada.post("/profile", "change-password", "present", password, "password", "another long password").check(t, "change", expectation{status: 303, location: "/profile?done=password-changed"})
	other.get("/").check(t, "ended", expectation{status: 303, location: "/sign-in"})
	ada.get("/profile?done=password-changed").check(t, "note", expectation{status: 200, says: []string{"Your password is changed."}})
}

func TestStaticFiles(t *testing.T) {
	s, ada := newSallyport(t)
	for _, address := range regexp.MustCompile(`/static/[a-z.0-9]+`).FindAllString(ada.get("/").page, -1) {
		response, err := http.Get(s.URL() + address)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || len(body) == 0 || response.StatusCode != 200 {
			t.Errorf("%s: %d, %d bytes, %v", address, response.StatusCode, len(body), err)
		}
		if got := response.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", address, got)
		}
		if !strings.HasPrefix(response.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s has no policy", address)
		}
	}
}
