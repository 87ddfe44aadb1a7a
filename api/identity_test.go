package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

const (
	oneTime = `{"mode":"one-time"}`
	byMail  = `{"mode":"mail"}`
)

func passwordOf(p *sallyporttest.Principal, user string) string {
	return fmt.Sprintf("/identity-stores/%s/users/%s/password", p.Store, user)
}

func sessionsOf(p *sallyporttest.Principal) string {
	return fmt.Sprintf("/identity-stores/%s/users/%s/sessions", p.Store, p.ID)
}

func allow(action string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":%q,"Resource":"*"}}`, action)
}

func held(t *testing.T, s *sallyporttest.Sallyport, id directory.UserID) (p directory.Password) {
	t.Helper()
	s.Read(func(tx *database.ReadTx) (err error) {
		p, err = s.Directory.Password(tx, id)
		return err
	})
	return p
}

func TestAnAdministratorSetsAPassword(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		sam := s.Person("sam@example.com")
		admin := s.Root().User("admin", allow("sso-directory:*"))
		for _, name := range []string{string(sam.ID), "sam@example.com", "SAM@example.com"} {
			answer := admin.Ask("PUT", passwordOf(sam, name), oneTime, "sallyport")
			var made api.UserPassword
			if answer.Status != http.StatusOK {
				t.Fatalf("%s: %d %s", name, answer.Status, answer.Body)
			}
			answer.JSON(t, &made)
			if len(made.Password) < 26 || made.UserID != string(sam.ID) || made.ExpiresAt.IsZero() || answer.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %+v", name, made)
			}
			if p := held(t, s, sam.ID); p.Once.IsZero() || strings.Contains(p.Hash, made.Password) {
				t.Errorf("%s: it is kept as %+v", name, p)
			}
			for _, scope := range []seal.Scope{seal.Directory, admin.Account.Scope()} {
				for _, event := range s.Events(scope) {
					if strings.Contains(fmt.Sprintf("%s %s", event.Detail.Request, event.Detail.Response), made.Password) {
						t.Errorf("the log of %s holds the password", scope)
					}
				}
			}
		}
		answer := admin.Ask("PUT", passwordOf(sam, string(sam.ID)), byMail, "sallyport")
		if answer.Status != http.StatusOK || !strings.Contains(answer.Body, "mailedTo") || strings.Contains(answer.Body, `"password"`) {
			t.Errorf("by mail: %d %s", answer.Status, answer.Body)
		}
	})
}

func TestAttackSettingPasswordsAndEndingSessions(t *testing.T) {
	s := sallyporttest.Start(t)
	sam, root := s.Person("sam"), s.Root()
	admin := root.User("admin", allow("*"))
	before := held(t, s, sam.ID)
	good := passwordOf(sam, "sam")
	for _, row := range []struct {
		what   string
		answer sallyporttest.Answer
		status int
	}{
		{"nobody", s.Send("PUT", "/api/v1"+good, "", oneTime), 401},
		{"a Builder ID user with every scope", s.Send("PUT", "/api/v1"+good, s.User("alice").Token, oneTime), 401},
		{"the user, from the portal", s.Send("PUT", "/api/v1"+good, sam.Token, oneTime), 401},
		{"a principal without a policy", root.User("powerless", "").Ask("PUT", good, oneTime, "sallyport"), 403},
		{"one who may do other things", root.User("reader", allow("identitystore:*")).Ask("PUT", good, oneTime, "sallyport"), 403},
		{"one who may end sessions", root.User("guard", allow("identitystore-auth:*")).Ask("PUT", good, oneTime, "sallyport"), 403},
		{"root of an account elsewhere", s.NewAccount("other").Ask("PUT", good, oneTime, "sallyport"), 404},
		{"a signature for another service", admin.Ask("PUT", good, oneTime, "sts"), 401},
		{"an unknown key", s.Nobody().Ask("PUT", good, oneTime, "sallyport"), 401},
		{"nobody of the name", admin.Ask("PUT", passwordOf(sam, "kim"), oneTime, "sallyport"), 404},
		{"no such store", admin.Ask("PUT", "/identity-stores/d-0123456789/users/sam/password", oneTime, "sallyport"), 404},
		{"no such way", admin.Ask("PUT", good, `{"mode":"hunter2"}`, "sallyport"), 400},
		{"a password of one's own", admin.Ask("PUT", good, `{"mode":"one-time","password":"hunter2 hunter2 hunter2"}`, "sallyport"), 400},
		{"sessions, nobody", s.Send("DELETE", "/api/v1"+sessionsOf(sam), "", ""), 401},
		{"sessions, the user's own token", s.Send("DELETE", "/api/v1"+sessionsOf(sam), sam.Token, ""), 401},
		{"sessions, who may set passwords", root.User("helper", allow("sso-directory:*")).Ask("DELETE", sessionsOf(sam), "", "sallyport"), 403},
		{"sessions, root of an account elsewhere", s.NewAccount("third").Ask("DELETE", sessionsOf(sam), "", "sallyport"), 404},
		{"a signature where a token belongs", admin.Ask("GET", "/profile", "", "sallyport"), 401},
	} {
		if row.answer.Status != row.status {
			t.Errorf("%s: %d %s, want %d", row.what, row.answer.Status, row.answer.Body, row.status)
		}
	}
	if held(t, s, sam.ID) != before {
		t.Error("the password was changed")
	}
	if _, err := s.SSO().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: &sam.Token}); err != nil {
		t.Errorf("the session was ended: %v", err)
	}
}

// A member account reaches its organization's store, and needs to be its administrator.
func TestAttackAMemberAccountSettingPasswords(t *testing.T) {
	s := sallyporttest.Start(t)
	sam := s.Person("sam")
	shop := s.RootOf(s.Member("shop"))
	if answer := shop.Ask("PUT", passwordOf(sam, "sam"), oneTime, "sallyport"); answer.Status != http.StatusForbidden {
		t.Errorf("a member: %d %s", answer.Status, answer.Body)
	}
}

func TestAttackAChangedBodyUnderASignature(t *testing.T) {
	s := sallyporttest.Start(t)
	sam := s.Person("sam")
	admin := s.Root().User("admin", allow("*"))
	r, err := http.NewRequest("PUT", s.URL()+"/api/v1"+passwordOf(sam, "sam"), strings.NewReader(oneTime))
	if err != nil {
		t.Fatal(err)
	}
	signed := admin.Ask("PUT", passwordOf(sam, "sam"), byMail, "sallyport")
	if signed.Status != http.StatusOK {
		t.Fatal(signed.Body)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", signed.Sent.Get("Authorization"))
	r.Header.Set("X-Amz-Date", signed.Sent.Get("X-Amz-Date"))
	if answer := s.Do(r); answer.Status != http.StatusUnauthorized {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}

// Every way in is shut at once, on every node, and the log can prove it.
func TestEndingAUsersSessionsEndsEverything(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		sam, kim, root, ctx := s.Person("sam"), s.Person("kim"), s.Root(), t.Context()
		shop := s.Member("shop")
		s.Assign(sam, "Admin", shop, allow("*"))
		s.Assign(kim, "Admin", shop, "")
		first, second, kims := sam.Enter(shop, "Admin"), sam.Enter(shop, "Admin"), kim.Enter(shop, "Admin")
		// A role that was assumed from there does not outlive it either.
		trusts := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole"}}`, shop.Root())
		onward := first.Assume(s.RootOf(shop).Role("onward", trusts, allow("*")))
		again := onward.Assume(s.RootOf(shop).Role("again", trusts, ""))
		good := func(of *sallyporttest.Signer) bool {
			_, err := of.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err == nil
		}
		live := map[string]*sallyporttest.Signer{"the first credentials": first, "the second": second, "those of a role assumed with them": onward, "those of a role assumed with those": again}
		for what, of := range live {
			if !good(of) {
				t.Errorf("before: %s are no good", what)
			}
		}
		cookie := authn.Credential{Scheme: authn.Cookie, Token: sam.Cookie}
		answer := root.User("guard", allow("identitystore-auth:BatchDeleteSession")).Ask("DELETE", sessionsOf(sam), "", "sallyport")
		var ended api.RevokedSessions
		if answer.Status != http.StatusOK {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		answer.JSON(t, &ended)
		if ended.Sessions != 2 || ended.Credentials != 4 || len(ended.Accounts) != 1 || ended.Accounts[0].Account != string(shop) || ended.Accounts[0].Credentials != 4 ||
			ended.Accounts[0].FirstIssued.IsZero() || ended.Accounts[0].LastIssued.After(ended.RevokedAt) || ended.UserName != "sam" {
			t.Errorf("ended: %+v", ended)
		}
		for what, of := range live {
			if good(of) {
				t.Errorf("%s are good", what)
			}
		}
		if _, err := s.SSO().ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: &sam.Token}); err == nil {
			t.Error("the client's session is good")
		}
		if err := s.DB().Read(ctx, func(tx *database.ReadTx) error {
			_, err := s.Runner().Verifier.Caller(tx, cookie)
			return err
		}); err == nil {
			t.Error("the browser's session is good")
		}
		if !good(kims) {
			t.Error("somebody else's credentials have ended")
		}
		for _, scope := range []seal.Scope{seal.Directory, root.Account.Scope()} {
			found := false
			for _, event := range s.Events(scope) {
				if event.Name == "revokeUserSessions" && strings.Contains(string(event.Detail.Response), `"credentials":4`) && strings.Contains(string(event.Detail.Response), string(shop)) {
					found = true
				}
			}
			if !found {
				t.Errorf("the log of %s has no proof", scope)
			}
		}
		// It is no punishment: who signs in again is in.
		sam.SignIn("sso:account:access")
		if !good(sam.Enter(shop, "Admin")) {
			t.Error("a new session is no good")
		}
	})
}

// A delegated administrator would enter the management account as whom they gave a password.
func TestAttackTheManagementAccountByADelegatesPassword(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		sam, kim, lee := s.Person("sam"), s.Person("kim"), s.Person("lee")
		security := s.Member("security")
		delegate, management := s.RootOf(security), s.Management()
		in := s.Center()
		s.Write(func(tx *database.Tx) error {
			o, err := s.Orgs.Of(tx.Reading(), management)
			if err != nil {
				return err
			}
			if err := s.Orgs.EnableService(tx, o, "sso.amazonaws.com"); err != nil {
				return err
			}
			return s.Orgs.RegisterDelegate(tx, o, security, "sso.amazonaws.com")
		})
		s.Assign(lee, "Ops", security, "")
		set := s.Assign(sam, "Ops", management, "")
		s.Write(func(tx *database.Tx) error { // kim by a group, which is about to be assigned
			g, err := s.Centers.CreateGroup(tx, in, identitycenter.GroupAttributes{DisplayName: "operators"}, "test")
			if err != nil {
				return err
			}
			if _, err := s.Centers.Join(tx, in, g.ID, identitycenter.UserID(kim.ID), "test"); err != nil {
				return err
			}
			_, err = s.Centers.RequestAssignment(tx, set, management, identitycenter.Principal{Type: identitycenter.GroupPrincipal, ID: string(g.ID)})
			return err
		})
		for _, who := range []*sallyporttest.Principal{sam, kim} {
			before := held(t, s, who.ID)
			for _, mode := range []string{oneTime, byMail} {
				if answer := delegate.Ask("PUT", passwordOf(who, who.Alias), mode, "sallyport"); answer.Status != http.StatusForbidden || !strings.Contains(answer.Body, "management account") {
					t.Errorf("%s: %d %s", who.Alias, answer.Status, answer.Body)
				}
			}
			if held(t, s, who.ID) != before {
				t.Errorf("the password of %s was changed", who.Alias)
			}
			if answer := s.Root().Ask("PUT", passwordOf(who, who.Alias), oneTime, "sallyport"); answer.Status != http.StatusOK {
				t.Errorf("the owner, %s: %d %s", who.Alias, answer.Status, answer.Body)
			}
		}
		if answer := delegate.Ask("PUT", passwordOf(lee, "lee"), oneTime, "sallyport"); answer.Status != http.StatusOK {
			t.Errorf("lee: %d %s", answer.Status, answer.Body)
		}
		if answer := delegate.Ask("DELETE", sessionsOf(sam), "", "sallyport"); answer.Status != http.StatusOK {
			t.Errorf("sessions: %d %s", answer.Status, answer.Body)
		}
	})
}
