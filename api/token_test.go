package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

type inProject struct{ Space, Project, Repository string }

// use does with a token what a Git client would.
func use(s *sallyporttest.Sallyport, alias, secret, spaceName, project string) error {
	op := operation.Read("Fetch", func(q *operation.Query, _ *inProject) (*api.Empty, error) { return &api.Empty{}, nil }, authz.Space(role.CloneRepository, "{Space}/{Project}"))
	op.Service = &operation.Service{Source: "test", AccessTokens: true}
	request := &operation.Request{ID: "r", Address: "203.0.113.9", Credential: authn.Credential{Scheme: authn.Basic, Alias: alias, Token: secret}}
	_, err := operation.Ask[api.Empty](context.Background(), s.Runner(), op, request, inProject{Space: spaceName, Project: project})
	return err
}

// told checks that a refusal is for the token's sake, and what it says.
func told(t *testing.T, err error, words string) {
	t.Helper()
	if !fault.HasReason(err, authz.ReasonToken) || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want it to say %q", err, words)
	}
}

func TestPersonalAccessTokensOfAScope(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		ada, bob := s.User("ada"), s.User("bob")
		acme := ada.Space("acme")
		web := ada.Project(acme, "web")
		ada.Project(acme, "shop")
		bob.Contributes(web, role.Contributor)
		ada.Space("elsewhere")

		made := ask[api.CreatedAccessToken](t, s, bob.Token, "POST", "/tokens", `{"name":"ci","space":"ACME","project":"web","readOnly":true}`, 201)
		if want := (api.TokenScope{SpaceID: string(acme.ID), ProjectID: string(web.ID), Path: "acme/web", ReadOnly: true}); made.Scope != want {
			t.Errorf("the scope is %+v, want %+v", made.Scope, want)
		}
		if err := use(s, "bob", made.Secret, "acme", "web"); err != nil {
			t.Error(err)
		}
		told(t, use(s, "bob", made.Secret, "acme", "shop"), "reading the project acme/web")
		told(t, use(s, "bob", made.Secret, "elsewhere", "web"), "reading the project acme/web")

		// What they cannot see, they cannot name, and are told the same as when it is not there.
		for _, row := range []struct {
			what, body, code string
			status           int
		}{
			{"a space of others", `{"name":"x","space":"elsewhere"}`, "denied", 403},
			{"a space nobody has", `{"name":"x","space":"nowhere"}`, "denied", 403},
			{"a project of others", `{"name":"x","space":"acme","project":"shop"}`, "denied", 403},
			{"a project nobody has", `{"name":"x","space":"acme","project":"nothing"}`, "denied", 403},
			{"a project of no space", `{"name":"x","project":"web"}`, "invalid", 400},
			{"a repository of no project", `{"name":"x","space":"acme","repository":"site"}`, "invalid", 400},
		} {
			refused(t, s, bob.Token, "POST", "/tokens", row.body, row.status, row.code)
		}
		if got := ask[api.List[api.AccessToken]](t, s, bob.Token, "GET", "/tokens", "", 200); len(got.Items) != 1 {
			t.Errorf("there are %+v", got.Items)
		}

		// A project of the same name is another one.
		s.Write(func(tx *database.Tx) error {
			if err := s.Spaces.DeleteProject(tx, web.ID); err != nil {
				return err
			}
			again, err := s.Spaces.CreateProject(tx, acme.ID, ada.ID, space.NewProject{DisplayName: "web"})
			if err != nil {
				return err
			}
			return s.Spaces.SetProjectRole(tx, again.ID, bob.ID, role.Contributor)
		})
		told(t, use(s, "bob", made.Secret, "acme", "web"), "limited to")
	})
}

func TestATokenIsRotatedThroughTheAPI(t *testing.T) {
	s := sallyporttest.Start(t)
	ada := s.User("ada")
	ada.Project(ada.Space("acme"), "web")
	old := ask[api.CreatedAccessToken](t, s, ada.Token, "POST", "/tokens", `{"name":"ci"}`, 201)
	next := ask[api.CreatedAccessToken](t, s, ada.Token, "POST", "/tokens/"+old.ID+"/rotation", `{}`, 201)
	listed := ask[api.List[api.AccessToken]](t, s, ada.Token, "GET", "/tokens", "", 200).Items
	if len(listed) != 2 || listed[0].RotatedAt == nil || listed[0].ExpiresAt.Sub(*listed[0].RotatedAt) != 24*time.Hour || next.Name != "ci" {
		t.Errorf("after a rotation there are %+v", listed)
	}
	if err := use(s, "ada", old.Secret, "acme", "web"); err != nil {
		t.Error(err)
	}
	s.Clock.Advance(24*time.Hour + time.Second)
	if err := use(s, "ada", old.Secret, "acme", "web"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after the overlap: %v", err)
	}
	ada.SignIn()
	third := ask[api.CreatedAccessToken](t, s, ada.Token, "POST", "/tokens/"+next.ID+"/rotation", `{"overlapSeconds":0}`, 201)
	if err := use(s, "ada", next.Secret, "acme", "web"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("with no overlap: %v", err)
	}
	if err := use(s, "ada", third.Secret, "acme", "web"); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{old.Secret, next.Secret, third.Secret} {
		if strings.Contains(s.Log.String(), secret) || strings.Contains(fmt.Sprint(s.Events(seal.Directory)), secret) {
			t.Error("a secret stands in the log or in an event")
		}
	}
}

// Space administrators see what reaches their space, and nothing of what it does
// elsewhere, and can keep it out.
func TestTheTokensThatReachASpace(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		ada, bob := s.User("ada"), s.User("bob")
		acme, own := ada.Space("acme"), bob.Space("private")
		web := ada.Project(acme, "web")
		bob.Project(own, "web")
		bob.Contributes(web, role.Contributor)
		make := func(body string) api.CreatedAccessToken {
			return ask[api.CreatedAccessToken](t, s, bob.Token, "POST", "/tokens", body, 201)
		}
		everywhere, here, there := make(`{"name":"my own name"}`), make(`{"name":"b","space":"acme"}`), make(`{"name":"c","space":"private"}`)
		inventory := func() []api.SpaceToken {
			return ask[api.List[api.SpaceToken]](t, s, ada.Token, "GET", "/spaces/acme/tokens", "", 200).Items
		}
		if err := use(s, "bob", everywhere.Secret, "private", "web"); err != nil {
			t.Error(err)
		}
		if err := s.WriteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := inventory()
		if len(seen) != 2 || seen[0].ID != everywhere.ID || seen[0].User != "bob" || seen[0].LastUsedAt != nil || seen[1].ID != here.ID || seen[1].Scope.Path != "acme" || seen[0].State != api.TokenAdmitted {
			t.Errorf("what reaches the space: %+v", seen)
		}
		if text := fmt.Sprint(s.Send("GET", "/api/v1/spaces/acme/tokens", ada.Token, "").Body); strings.Contains(text, "my own name") || strings.Contains(text, "203.0.113.9") {
			t.Errorf("the names of tokens and their users' addresses are their users' own: %s", text)
		}
		if err := use(s, "bob", everywhere.Secret, "acme", "web"); err != nil {
			t.Error(err)
		}
		if err := s.WriteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		if seen := inventory(); seen[0].LastUsedAt == nil || seen[1].LastUsedAt != nil {
			t.Errorf("after one was used: %+v", seen)
		}
		mine := ask[api.List[api.AccessToken]](t, s, bob.Token, "GET", "/tokens", "", 200).Items
		if mine[0].LastUsed == nil || mine[0].LastUsed.Address != "203.0.113.9" || mine[1].LastUsed != nil {
			t.Errorf("its user sees %+v", mine[0].LastUsed)
		}

		// Nobody else sees them or keeps them out, and what does not reach the space is not there.
		for method, path := range map[string]string{"GET": "/spaces/acme/tokens", "PUT": "/spaces/acme/tokens/" + here.ID + "/shut-out", "DELETE": "/spaces/acme/tokens/" + here.ID + "/shut-out"} {
			refused(t, s, bob.Token, method, path, "", 403, "denied")
		}
		refused(t, s, bob.Token, "PUT", "/spaces/acme/token-limit", `{"days":1}`, 403, "denied")
		refused(t, s, ada.Token, "PUT", "/spaces/acme/tokens/"+there.ID+"/shut-out", "", 404, "not_found")
		refused(t, s, ada.Token, "DELETE", "/spaces/acme/tokens/"+here.ID+"/shut-out", "", 409, "conflict")

		ask[api.SpaceToken](t, s, ada.Token, "PUT", "/spaces/acme/tokens/"+everywhere.ID+"/shut-out", "", 200)
		out := ask[api.SpaceToken](t, s, ada.Token, "PUT", "/spaces/acme/tokens/"+everywhere.ID+"/shut-out", "", 200) // twice is once
		if out.State != api.TokenShutOut || out.ShutOutBy != string(ada.ID) || out.ShutOutAt == nil {
			t.Errorf("shut out is %+v", out)
		}
		told(t, use(s, "bob", everywhere.Secret, "acme", "web"), "Space administrator has shut")
		if err := use(s, "bob", everywhere.Secret, "private", "web"); err != nil {
			t.Errorf("elsewhere: %v", err)
		}
		if err := use(s, "bob", here.Secret, "acme", "web"); err != nil {
			t.Error(err)
		}

		// The attack: a new secret for what was shut out.
		for _, body := range []string{`{}`, `{"overlapSeconds":0}`} {
			next := ask[api.CreatedAccessToken](t, s, bob.Token, "POST", "/tokens/"+everywhere.ID+"/rotation", body, 201)
			told(t, use(s, "bob", next.Secret, "acme", "web"), "every one it is rotated into")
			everywhere = next
		}
		s.Write(s.Credentials.Sweep)
		told(t, use(s, "bob", everywhere.Secret, "acme", "web"), "shut")
		if back := ask[api.SpaceToken](t, s, ada.Token, "DELETE", "/spaces/acme/tokens/"+everywhere.ID+"/shut-out", "", 200); back.State != api.TokenAdmitted {
			t.Errorf("let in again is %+v", back)
		}
		if err := use(s, "bob", everywhere.Secret, "acme", "web"); err != nil {
			t.Error(err)
		}
	})
}

func TestATokenThatIsMadeForLongerThanASpaceAdmits(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		ada := s.User("ada")
		acme := ada.Space("acme")
		ada.Project(acme, "web")
		ada.Project(ada.Space("other"), "web")
		made := func(d time.Duration) string {
			return ask[api.CreatedAccessToken](t, s, ada.Token, "POST", "/tokens", `{"name":"x","expiresAt":"`+s.Clock.Now().Add(d).UTC().Format(time.RFC3339)+`"}`, 201).Secret
		}
		long, short := made(31*24*time.Hour), made(30*24*time.Hour)
		if got := ask[api.Space](t, s, ada.Token, "PUT", "/spaces/acme/token-limit", `{"days":30}`, 200); got.TokenDays != 30 {
			t.Errorf("the space admits %d days", got.TokenDays)
		}
		told(t, use(s, "ada", long, "acme", "web"), "the space acme admits personal access tokens that were made for 30 days at most, and this one was made for 31.0")
		for at, secret := range map[string]string{"acme": short, "other": long} {
			if err := use(s, "ada", secret, at, "web"); err != nil {
				t.Errorf("in %s: %v", at, err)
			}
		}
		if seen := ask[api.List[api.SpaceToken]](t, s, ada.Token, "GET", "/spaces/acme/tokens", "", 200).Items; seen[0].State != api.TokenTooLong || seen[1].State != api.TokenAdmitted {
			t.Errorf("the inventory says %+v", seen)
		}
		// It counts what a token was made for, not what is left of it.
		s.Clock.Advance(5 * 24 * time.Hour)
		ada.SignIn()
		told(t, use(s, "ada", long, "acme", "web"), "30 days")
		for _, body := range []string{`{"days":-1}`, `{"days":4000}`, `{}`} {
			refused(t, s, ada.Token, "PUT", "/spaces/acme/token-limit", body, http.StatusBadRequest, "invalid")
		}
		if got := ask[api.Space](t, s, ada.Token, "PUT", "/spaces/acme/token-limit", `{"days":0}`, 200); got.TokenDays != 0 {
			t.Errorf("the space admits %d days", got.TokenDays)
		}
		if err := use(s, "ada", long, "acme", "web"); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsHandedOutToGitIsForOneRepository(t *testing.T) {
	s := sallyporttest.Start(t)
	ada, bob := s.User("ada"), s.User("bob")
	web := ada.Project(ada.Space("acme"), "web")
	s.Runner().Authorizer.Repository = func(_ *database.ReadTx, project space.ProjectID, name string) (authz.RepositoryRef, error) {
		if name != "site" || project != web.ID {
			return authz.RepositoryRef{}, fault.NotFoundf("no repository %q", name)
		}
		return authz.RepositoryRef{ID: "one", Name: name}, nil
	}
	path := "/spaces/acme/projects/web/repositories/site/git-credentials"
	got := ask[api.GitCredential](t, s, ada.Token, "POST", path, "", 201)
	if got.User != "ada" || got.ExpiresAt.Sub(s.Clock.Now()) > time.Hour {
		t.Errorf("handed out is %+v", got)
	}
	told(t, use(s, "ada", got.Secret, "acme", "web"), "the repository acme/web/site")
	refused(t, s, ada.Token, "POST", "/spaces/acme/projects/web/repositories/other/git-credentials", "", 404, "not_found")
	refused(t, s, bob.Token, "POST", path, "", 403, "denied")
	refused(t, s, got.Secret, "POST", path, "", 401, "unauthenticated")
	if seen := ask[api.List[api.SpaceToken]](t, s, ada.Token, "GET", "/spaces/acme/tokens", "", 200).Items; len(seen) != 0 {
		t.Errorf("the inventory has %+v", seen)
	}
	if text := fmt.Sprint(s.Log, s.Events(seal.Space(string(web.SpaceID)))); strings.Contains(text, got.Secret) {
		t.Error("the secret stands in the log or in an event")
	}
}
