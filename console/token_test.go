package console_test

import (
	"regexp"
	"testing"
)

var tokenID = regexp.MustCompile(`name="do" value="(?:shut-out|rotate)"><input type="hidden" name="of" value="([^"]+)"`)

func TestTokensAreMadeSmallReplacedAndShutOut(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	bob := join(t, s, "bob")
	ada.post("/spaces/acme", "invite", "email", "bob@example.com", "role", "limited-access")
	bob.post(invitationPath(t, s, "bob@example.com"), "accept")

	bob.post("/tokens", "create", "name", "a secret plan", "space", "acme", "access", "read").check(t, "make one",
		expectation{status: 200, says: []string{"slp_", "acme, read only"}})
	bob.post("/tokens", "create", "name", "x", "space", "acme", "project", "rocket").check(t, "of a project that is not bob's",
		expectation{status: 403, says: []string{`value="acme"`, `role="alert"`}})
	page := bob.get("/tokens")
	page.check(t, "listed", expectation{status: 200, says: []string{"a secret plan", "acme, read only", "never", "Replace"}})
	old := tokenID.FindStringSubmatch(page.page)
	if old == nil {
		t.Fatal("it cannot be replaced")
	}
	bob.post("/tokens", "rotate", "of", old[1]).check(t, "replace it", expectation{status: 200, says: []string{"slp_", "a secret plan"}})
	bob.get("/tokens").check(t, "replaced", expectation{status: 200, says: []string{"replaced"}})
	bob.post("/tokens", "rotate", "of", old[1]).check(t, "once more", expectation{status: 409, says: []string{"token has taken the place"}})

	const tokens = "/spaces/acme/tokens"
	bob.get("/spaces/acme").check(t, "bob is no administrator", expectation{status: 200, keepsOff: []string{tokens}})
	bob.get(tokens).check(t, "nor here", expectation{status: 403})
	ada.get("/spaces/acme").check(t, "ada is", expectation{status: 200, says: []string{tokens}})
	page = ada.get(tokens)
	page.check(t, "the inventory", expectation{status: 200, says: []string{"bob", "acme, read only", "Shut out"}, keepsOff: []string{"a secret plan", "slp_"}})
	id := tokenID.FindStringSubmatch(page.page)
	if id == nil {
		t.Fatal("nothing can be shut out")
	}
	bob.post(tokens, "readmit", "of", id[1]).check(t, "bob lets nothing in", expectation{status: 403})
	ada.post(tokens, "shut-out", "of", id[1]).check(t, "shut out", expectation{status: 303, location: tokens + "?done=token-shut-out"})
	ada.get(tokens).check(t, "it is out, with its successor", expectation{status: 200, says: []string{"shut out", "Let in again"}, keepsOff: []string{`value="shut-out"`}})
	ada.post(tokens, "readmit", "of", id[1]).check(t, "let in", expectation{status: 303, location: tokens + "?done=token-readmitted"})
	ada.post(tokens, "limit", "days", "30").check(t, "limit", expectation{status: 303, location: tokens + "?done=tokens-limited"})
	ada.get(tokens).check(t, "too long", expectation{status: 200, says: []string{"made for too long", `value="30"`}})
	ada.post(tokens, "limit", "days", "many").check(t, "no number", expectation{status: 400, says: []string{`value="many"`, "is not a number of days"}})
	ada.post(tokens, "limit", "days", "-1").check(t, "a wrong number", expectation{status: 400, says: []string{`value="-1"`}})
}
