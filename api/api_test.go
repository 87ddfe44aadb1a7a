package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

// ask sends a request and reads the answer, which must have the wanted status.
func ask[Out any](t *testing.T, s *sallyporttest.Sallyport, token, method, path, body string, status int) (out Out) {
	t.Helper()
	answer := s.Send(method, "/api/v1"+path, token, body)
	if answer.Status != status {
		t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	if status != http.StatusNoContent {
		answer.JSON(t, &out)
	}
	return out
}

// refused is ask for what must be refused in this way.
func refused(t *testing.T, s *sallyporttest.Sallyport, token, method, path, body string, status int, code string) api.Problem {
	t.Helper()
	problem := ask[api.Problem](t, s, token, method, path, body, status)
	if problem.Code != code || problem.Status != status || problem.Title != http.StatusText(status) || problem.Type != "about:blank" || problem.Detail == "" || problem.Instance == "" {
		t.Errorf("%s %s: %+v", method, path, problem)
	}
	return problem
}

func TestTheDocumentDescribesEveryOperation(t *testing.T) {
	s := sallyporttest.Start(t)
	var document struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Summary     string                     `json:"summary"`
			Tags        []string                   `json:"tags"`
			Security    []map[string][]string      `json:"security"`
			Responses   map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	answer := s.Send("GET", "/api/openapi.json", "", "")
	answer.JSON(t, &document)
	if !strings.HasPrefix(document.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", document.OpenAPI)
	}
	described := map[string]bool{}
	for path, methods := range document.Paths {
		if !strings.HasPrefix(path, "/api/v1/") {
			t.Errorf("path %s", path)
		}
		for method, op := range methods {
			described[op.OperationID] = len(op.Security) > 0
			if op.Summary == "" || len(op.Tags) != 1 || op.Responses["default"] == nil {
				t.Errorf("%s %s: %+v", method, path, op)
			}
		}
	}
	for _, op := range s.Operations() {
		if op.Service.Source != "sallyport" {
			continue
		}
		secured, ok := described[strings.ToLower(op.Name[:1])+op.Name[1:]]
		if !ok || secured == op.Rule.Strangers() {
			t.Errorf("%s: described %v, takes a token %v", op.Name, ok, secured)
		}
	}
	for _, match := range regexp.MustCompile(`"#/components/schemas/(\w+)"`).FindAllStringSubmatch(answer.Body, -1) {
		if document.Components.Schemas[match[1]] == nil {
			t.Errorf("there is no schema %s", match[1])
		}
	}
	if strings.Contains(answer.Body, "ErrorModel") || strings.Contains(answer.Body, "http://") || strings.Contains(answer.Body, "https://") {
		t.Error("the document has something of huma's own")
	}
}

func TestProblems(t *testing.T) {
	s := sallyporttest.Start(t)
	ada, bob := s.User("ada"), s.User("bob")
	ada.Project(ada.Space("acme"), "Web shop")
	narrow := s.User("narrow")
	narrow.SignIn(credential.ScopeCodeCatalyst)

	// Nobody is told what is wrong with an input before it is known who asks.
	stranger := refused(t, s, "", "POST", "/spaces", `{"nam":1}`, 401, "unauthenticated")
	if strings.Contains(stranger.Detail, "nam") {
		t.Error(stranger.Detail)
	}
	if got := s.Send("GET", "/api/v1/profile", "", "").Header; got.Get("WWW-Authenticate") == "" || got.Get("Content-Type") != "application/problem+json" {
		t.Error(got)
	}
	refused(t, s, "sla_nonsense", "GET", "/profile", "", 401, "unauthenticated")
	refused(t, s, ada.Cookie, "GET", "/profile", "", 401, "unauthenticated")
	refused(t, s, narrow.Token, "GET", "/profile", "", 403, "denied")
	refused(t, s, bob.Token, "GET", "/spaces/acme", "", 403, "denied")
	refused(t, s, bob.Token, "GET", "/spaces/nothing-here", "", 403, "denied")
	refused(t, s, ada.Token, "GET", "/spaces/acme/projects/nothing-here", "", 404, "not_found")
	refused(t, s, ada.Token, "POST", "/spaces", `{"name":"acme"}`, 409, "conflict")
	refused(t, s, ada.Token, "POST", "/nothing", `{}`, 404, "not_found")
	refused(t, s, ada.Token, "POST", "/spaces/acme/teams", `{"name":"builders","role":"limited-access","membership":"sso-groups"}`, 400, "unsupported")
	for _, body := range []string{``, `{`, `[]`, `{"name":1}`, `{"name":"x","secret":"hunter2"}`, `{"name":"` + strings.Repeat("x", 1<<20) + `"}`} {
		problem := refused(t, s, ada.Token, "POST", "/spaces", body, 400, "invalid")
		if strings.Contains(problem.Detail, "hunter2") || len(problem.Detail) > 1000 {
			t.Error(problem.Detail)
		}
	}
	refused(t, s, ada.Token, "GET", "/spaces?limit=0", "", 400, "invalid")
	refused(t, s, ada.Token, "GET", "/spaces?limits=1", "", 400, "invalid")
	refused(t, s, ada.Token, "DELETE", "/spaces/acme?confirm=acne", "", 400, "invalid")
	refused(t, s, ada.Token, "PUT", "/spaces/acme/members/ada", `{"role":"king"}`, 400, "invalid")
	// Who is not in the space and who does not exist are told apart to nobody.
	one := refused(t, s, ada.Token, "DELETE", "/spaces/acme/members/bob", "", 404, "not_found")
	other := refused(t, s, ada.Token, "DELETE", "/spaces/acme/members/bib", "", 404, "not_found")
	if strings.ReplaceAll(one.Detail, "bob", "bib") != other.Detail {
		t.Errorf("%q and %q", one.Detail, other.Detail)
	}
}

func TestASpaceIsRunThroughTheAPI(t *testing.T) {
	s := sallyporttest.Start(t)
	ada, bob := s.User("ada"), s.User("bob")
	made := ask[api.Space](t, s, ada.Token, "POST", "/spaces", `{"name":"acme","description":"All of it"}`, 201)
	if made.Name != "acme" || made.Description != "All of it" || made.Region != "us-west-2" || made.ID == "" {
		t.Errorf("%+v", made)
	}
	ask[api.Project](t, s, ada.Token, "POST", "/spaces/acme/projects", `{"displayName":"Web shop"}`, 201)
	ask[api.Team](t, s, ada.Token, "POST", "/spaces/acme/teams", `{"name":"builders","role":"limited-access"}`, 201)
	ask[api.ProjectTeam](t, s, ada.Token, "POST", "/spaces/acme/projects/Web-shop/teams", `{"team":"builders","role":"reviewer"}`, 201)
	refused(t, s, ada.Token, "POST", "/spaces/acme/projects/Web-shop/teams", `{"team":"builders","role":"reviewer"}`, 409, "conflict")
	refused(t, s, ada.Token, "PUT", "/spaces/acme/projects/Web-shop/members/bob", `{"role":"contributor"}`, 404, "not_found")

	invite(t, s, ada, bob, "/spaces/acme", `"power-user"`, "accept")
	ask[api.Empty](t, s, ada.Token, "PUT", "/spaces/acme/teams/builders/members/bob", "", 204)
	ask[api.ProjectTeam](t, s, ada.Token, "PUT", "/spaces/acme/projects/Web-shop/teams/builders", `{"role":"contributor"}`, 200)
	ask[api.Empty](t, s, ada.Token, "PUT", "/spaces/acme/projects/Web-shop/members/bob", `{"role":"read-only"}`, 204)

	members := ask[api.List[api.Member]](t, s, bob.Token, "GET", "/spaces/acme/members?limit=1", "", 200)
	more := ask[api.List[api.Member]](t, s, bob.Token, "GET", "/spaces/acme/members?after="+url.QueryEscape(members.Next), "", 200)
	everybody := append(members.Items, more.Items...)
	slices.SortFunc(everybody, func(a, b api.Member) int { return strings.Compare(a.Alias, b.Alias) })
	if len(members.Items) != 1 || more.Next != "" || len(everybody) != 2 || everybody[1].Alias != "bob" || everybody[1].Role != "power-user" || !slices.Equal(everybody[1].Teams, []string{"builders"}) {
		t.Errorf("%+v", everybody)
	}

	why := ask[api.Access](t, s, ada.Token, "GET", "/spaces/acme/access/why?user=bob&permission=repo.commit.push&project=Web-shop", "", 200)
	if !why.Allowed || why.Reason != "Contributor in Web-shop through team builders" || len(why.Grants) != 1 || why.Alias != "bob" {
		t.Errorf("%+v", why)
	}
	refused(t, s, bob.Token, "GET", "/spaces/acme/access/why?user=ada&permission=space.view", "", 403, "denied")
	own := ask[api.Access](t, s, bob.Token, "GET", "/spaces/acme/access/own?permission=space.delete", "", 200)
	if own.Allowed || own.Reason != "space.delete needs Space administrator" {
		t.Errorf("%+v", own)
	}
	refused(t, s, ada.Token, "GET", "/spaces/acme/access/who-can?permission=repo.clone", "", 400, "invalid")
	can := ask[api.List[api.Access]](t, s, ada.Token, "GET", "/spaces/acme/access/who-can?permission=repo.clone&project=Web-shop", "", 200)
	if len(can.Items) != 2 || can.Items[0].Alias != "ada" || can.Items[1].Alias != "bob" {
		t.Errorf("%+v", can)
	}
	report := ask[api.AccessReport](t, s, ada.Token, "GET", "/spaces/acme/access/report", "", 200)
	want := []api.Grant{{Role: "power-user"}, {Role: "limited-access", Team: "builders"}, {Role: "contributor", Project: "Web-shop", Team: "builders"}, {Role: "read-only", Project: "Web-shop"}}
	if report.Version != 1 || len(report.Users) != 2 || !slices.Equal(report.Users[1].Grants, want) {
		t.Errorf("%+v", report)
	}

	events := ask[api.List[api.Event]](t, s, ada.Token, "GET", "/spaces/acme/events?name=inviteToSpace", "", 200)
	if len(events.Items) != 1 || events.Items[0].Principal.Alias != "ada" || !events.Items[0].Mutation || events.Items[0].Error != "" {
		t.Errorf("%+v", events)
	}
	first := ask[api.List[api.Event]](t, s, ada.Token, "GET", "/spaces/acme/events?limit=2", "", 200)
	second := ask[api.List[api.Event]](t, s, ada.Token, "GET", "/spaces/acme/events?limit=2&after="+first.Next, "", 200)
	if len(first.Items) != 2 || len(second.Items) != 2 || first.Items[1].ID == second.Items[0].ID {
		t.Errorf("%+v then %+v", first, second)
	}

	ask[api.Empty](t, s, ada.Token, "DELETE", "/spaces/acme/members/bob", "", 204)
	refused(t, s, bob.Token, "GET", "/spaces/acme", "", 403, "denied")
	ask[api.Empty](t, s, ada.Token, "DELETE", "/spaces/acme?confirm=acme", "", 204)
	refused(t, s, ada.Token, "GET", "/spaces/acme", "", 403, "denied")
}

var link = regexp.MustCompile(`/invitation\?token=([\w-]+)`)

// invite sends an invitation and answers it with the token from the mail.
func invite(t *testing.T, s *sallyporttest.Sallyport, by, to *sallyporttest.Principal, path, role, answer string) {
	t.Helper()
	sent := ask[api.Invitation](t, s, by.Token, "POST", path+"/invitations", `{"email":"`+to.Email+`","role":`+role+`}`, 201)
	if sent.State != "pending" || sent.InvitedBy != by.Alias || sent.Email != to.Email {
		t.Errorf("%+v", sent)
	}
	match := link.FindStringSubmatch(s.Mail(to.Email))
	if match == nil {
		t.Fatalf("no link in %s", s.Mail(to.Email))
	}
	body, err := json.Marshal(api.InvitationToken{Token: match[1]})
	if err != nil {
		t.Fatal(err)
	}
	offer := ask[api.Offer](t, s, "", "POST", "/invitations/describe", string(body), 200)
	if offer.Space != "acme" || offer.State != "pending" || offer.InvitedBy != by.Alias {
		t.Errorf("%+v", offer)
	}
	ask[api.Offer](t, s, to.Token, "POST", "/invitations/"+answer, string(body), 200)
	refused(t, s, to.Token, "POST", "/invitations/"+answer, string(body), 409, "conflict")
}

func TestWhoeverInvitedIsToldOfADecline(t *testing.T) {
	s := sallyporttest.Start(t)
	ada, bob := s.User("ada"), s.User("bob")
	in := ada.Space("acme")
	ada.Project(in, "Web shop")
	invite(t, s, ada, bob, "/spaces/acme/projects/Web-shop", `"contributor"`, "decline")
	if text := s.Mail(ada.Email); !strings.Contains(text, "declined") || !strings.Contains(text, bob.Email) {
		t.Error(text)
	}
	list := ask[api.List[api.Invitation]](t, s, ada.Token, "GET", "/spaces/acme/projects/Web-shop/invitations", "", 200)
	if len(list.Items) != 1 || list.Items[0].State != "declined" || list.Items[0].Project != "Web-shop" {
		t.Errorf("%+v", list)
	}
	// An invitation of the space is none of the project's administrators.
	carl := s.User("carl")
	carl.Joins(in, role.LimitedAccess)
	refused(t, s, carl.Token, "GET", "/spaces/acme/invitations", "", 403, "denied")
	sent := ask[api.Invitation](t, s, ada.Token, "POST", "/spaces/acme/invitations", `{"email":"dora@example.com","role":"limited-access"}`, 201)
	refused(t, s, ada.Token, "DELETE", "/spaces/acme/projects/Web-shop/invitations/"+sent.ID, "", 404, "not_found")
	ask[api.Empty](t, s, ada.Token, "DELETE", "/spaces/acme/invitations/"+sent.ID, "", 204)
	refused(t, s, ada.Token, "DELETE", "/spaces/acme/invitations/"+sent.ID, "", 409, "conflict")
}

func TestOnesOwnAccount(t *testing.T) {
	s := sallyporttest.Start(t)
	ada := s.User("ada")
	profile := ask[api.Profile](t, s, ada.Token, "PATCH", "/profile", `{"displayName":"Ada L."}`, 200)
	if profile.DisplayName != "Ada L." || profile.Alias != "ada" || profile.Email != ada.Email {
		t.Errorf("%+v", profile)
	}

	created := ask[api.CreatedAccessToken](t, s, ada.Token, "POST", "/tokens", `{"name":"laptop"}`, 201)
	if !strings.HasPrefix(created.Secret, "slp_") || created.Name != "laptop" {
		t.Errorf("%+v", created)
	}
	refused(t, s, created.Secret, "GET", "/profile", "", 401, "unauthenticated")
	if got := s.Send("GET", "/api/v1/tokens", ada.Token, ""); strings.Contains(got.Body, created.Secret) || !strings.Contains(got.Body, created.ID) {
		t.Error(got.Body)
	}
	ask[api.Empty](t, s, ada.Token, "DELETE", "/tokens/"+created.ID, "", 204)

	sessions := ask[api.List[api.Session]](t, s, ada.Token, "GET", "/sessions", "", 200)
	if len(sessions.Items) != 2 || sessions.Items[0].Current == sessions.Items[1].Current {
		t.Errorf("%+v", sessions)
	}
	ask[api.Empty](t, s, ada.Token, "DELETE", "/sessions", "", 204)
	if left := ask[api.List[api.Session]](t, s, ada.Token, "GET", "/sessions", "", 200); len(left.Items) != 1 || !left.Items[0].Current {
		t.Errorf("%+v", left)
	}
	bob := s.User("bob")
	refused(t, s, bob.Token, "DELETE", "/sessions/"+sessions.Items[0].ID, "", 404, "not_found")
	ask[api.Empty](t, s, ada.Token, "DELETE", "/sessions/current", "", 204)
	refused(t, s, ada.Token, "GET", "/profile", "", 401, "unauthenticated")
}

func TestNoSecretIsRecorded(t *testing.T) {
	s := sallyporttest.Start(t)
	ada := s.User("ada")
	created := ask[api.CreatedAccessToken](t, s, ada.Token, "POST", "/tokens", `{"name":"laptop"}`, 201)
	refused(t, s, "", "POST", "/invitations/decline", `{"token":"a-token-that-is-not-known"}`, 404, "not_found")
	for _, event := range s.Events("directory") {
		text := string(event.Detail.Request) + string(event.Detail.Response)
		if strings.Contains(text, created.Secret) || strings.Contains(text, "a-token-that") {
			t.Errorf("%s records %s", event.Name, text)
		}
	}
}

// A member who may not view a project reads in the list what it is for.
func TestOfAProjectOneMayNotViewTheListTellsTheNames(t *testing.T) {
	s := sallyporttest.Start(t)
	ada, bob := s.User("ada"), s.User("bob")
	in := ada.Space("acme")
	bob.Joins(in, role.PowerUser)
	secret := ask[api.Project](t, s, ada.Token, "POST", "/spaces/acme/projects", `{"displayName":"Secret shop","description":"Buys the competitor"}`, 201)
	own := ask[api.Project](t, s, bob.Token, "POST", "/spaces/acme/projects", `{"displayName":"Web","description":"Sells"}`, 201)
	answer := s.Send("GET", "/api/v1/spaces/acme/projects", bob.Token, "")
	for _, hidden := range []string{secret.ID, "competitor", "0001-01-01"} {
		if strings.Contains(answer.Body, hidden) {
			t.Errorf("%s tells %s", answer.Body, hidden)
		}
	}
	var seen api.List[api.Project]
	answer.JSON(t, &seen)
	if want := []api.Project{{Name: "Secret-shop", DisplayName: "Secret shop"}, own}; !slices.Equal(seen.Items, want) {
		t.Errorf("%+v", seen.Items)
	}
	all := ask[api.List[api.Project]](t, s, ada.Token, "GET", "/spaces/acme/projects", "", 200)
	if !slices.Equal(all.Items, []api.Project{secret, own}) {
		t.Errorf("%+v", all.Items)
	}
}

// An inviter's display name is written as the beginning of our mail.
func TestAnInviterDoesNotWriteTheMail(t *testing.T) {
	s := sallyporttest.Start(t)
	ada := s.User("ada")
	ada.Space("acme")
	ask[api.Profile](t, s, ada.Token, "PATCH", "/profile", `{"displayName":"Security: your account is locked, unlock at https://evil.example"}`, 200)
	ask[api.Invitation](t, s, ada.Token, "POST", "/spaces/acme/invitations", `{"email":"dora@example.com","role":"limited-access"}`, 201)
	text := s.Mail("dora@example.com")
	if !strings.Contains(text, "ada invites you") || strings.Contains(text, "Security") || strings.Contains(text, "evil") {
		t.Error(text)
	}
}

// PostgreSQL takes neither U+0000 nor what is not UTF-8, and SQLite takes both.
func TestTextsThatNoDatabaseKeepsAreRefused(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		ada := s.User("ada")
		ada.Project(ada.Space("acme"), "Web shop")
		for _, row := range []struct{ method, path, body string }{
			{"DELETE", "/spaces/acme/members/b%00b", ""},
			{"DELETE", "/spaces/acme/members/b%ffb", ""},
			{"PUT", "/spaces/acme/projects/Web-shop/members/b%00b", `{"role":"reviewer"}`},
			{"GET", "/spaces/ac%00me", ""},
			{"DELETE", "/tokens/%00", ""},
			{"DELETE", "/sessions/%00", ""},
			{"DELETE", "/spaces/acme/invitations/%00", ""},
			{"GET", "/spaces?after=%00", ""},
			{"GET", "/spaces/acme/members?after=%00", ""},
			{"GET", "/spaces/acme/members?after=%ff", ""},
			{"GET", "/spaces/acme/invitations?after=%00", ""},
			{"GET", "/spaces/acme/projects/Web-shop/members?after=%00", ""},
			{"GET", "/spaces/acme/events?after=%00", ""},
			{"GET", "/spaces/acme/events?name=%00", ""},
			{"GET", "/spaces/acme/access/why?user=%00&permission=space.view", ""},
			{"GET", "/spaces/acme/access/who-can?permission=project.view&project=%00", ""},
			{"POST", "/spaces", `{"name":"be\u0000ta"}`},
			{"PATCH", "/spaces/acme", `{"description":"\u0000"}`},
			{"PATCH", "/profile", `{"displayName":"A\u0000da"}`},
			{"PATCH", "/profile", "{\"displayName\":\"A\xffda\"}"},
			{"POST", "/spaces/acme/invitations", `{"email":"a\u0000@example.com","role":"power-user"}`},
			{"POST", "/invitations/decline", `{"token":"\u0000"}`},
		} {
			refused(t, s, ada.Token, row.method, row.path, row.body, 400, "invalid")
		}
		// Who asks is settled first.
		refused(t, s, "", "PATCH", "/profile", "\xff", 401, "unauthenticated")
	})
}
