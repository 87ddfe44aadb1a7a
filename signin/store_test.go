package signin_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/signin"
)

// portal is a server with an identity store, and sam in it.
type portal struct {
	*sallyporttest.Sallyport
	t   *testing.T
	sam *sallyporttest.Principal
}

func eachPortal(t *testing.T, test func(t *testing.T, p *portal)) {
	t.Helper()
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) { test(t, &portal{s, t, s.Person("sam")}) })
}

// page runs an operation for a browser with a cookie; empty: none.
func page[Out, In any](p *portal, name, cookie string, in In) (*Out, error) {
	p.t.Helper()
	request := operation.Request{ID: "test", Address: home, UserAgent: "test", BaseURL: p.URL()}
	if cookie != "" {
		request.Credential = authn.Credential{Scheme: authn.Cookie, Token: cookie}
	}
	for _, op := range p.Operations() {
		if op.Name == name && op.In == reflect.TypeFor[In]() && op.Out == reflect.TypeFor[Out]() {
			return operation.Ask[Out](p.t.Context(), p.Runner(), op, &request, in)
		}
	}
	p.t.Fatalf("there is no operation %s", name)
	return nil, nil
}

func (p *portal) signIn(store, login, password string) (*signin.Session, error) {
	p.t.Helper()
	return page[signin.Session](p, "SignIn", "", signin.SignInInput{Store: store, Login: login, Password: password})
}

func (p *portal) first(login, given, chosen string) (*signin.Session, error) {
	p.t.Helper()
	return page[signin.Session](p, "FirstPassword", "", signin.FirstPasswordInput{Store: string(p.sam.Store), Login: login, Password: given, NewPassword: chosen})
}

func (p *portal) is(what string, err error, kind fault.Kind) {
	p.t.Helper()
	if !fault.Is(err, kind) {
		p.t.Errorf("%s: %v, want %s", what, err, kind)
	}
}

// give sets a one-time password.
func (p *portal) give(plain string, lasts time.Duration) {
	p.t.Helper()
	hash, err := credential.Hash(p.t.Context(), plain)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Write(func(tx *database.Tx) error {
		return p.Directory.SetPasswordOnce(tx, p.sam.ID, hash, tx.Now().Add(lasts))
	})
}

func (p *portal) status(to identitycenter.UserStatus) {
	p.t.Helper()
	in := p.Center()
	p.Write(func(tx *database.Tx) error {
		_, err := p.Centers.UpdateUser(tx, in, identitycenter.UserID(p.sam.ID), identitycenter.Change{Operations: []identitycenter.Operation{{Path: "userStatus", Value: string(to)}}, By: "test"})
		return err
	})
}

func TestAUserOfAnIdentityStoreSignsIn(t *testing.T) {
	eachPortal(t, func(t *testing.T, p *portal) {
		store := string(p.sam.Store)
		for _, name := range []string{"sam", "SAM", " sam "} {
			session, err := p.signIn(store, name, sallyporttest.Password)
			if err != nil || session.UserID != string(p.sam.ID) || session.Alias != "sam" {
				t.Fatalf("%q: %+v, %v", name, session, err)
			}
			self, err := page[signin.Self](p, "DescribeSelf", session.Token, signin.Empty{})
			if err != nil || self.Store != p.sam.Store || self.Alias != "sam" {
				t.Errorf("signed in is %+v, %v", self, err)
			}
		}
		p.Write(func(tx *database.Tx) error {
			_, err := p.Centers.UpdateUser(tx, mustInstance(p, tx), identitycenter.UserID(p.sam.ID), identitycenter.Change{Operations: []identitycenter.Operation{{Path: "userName", Value: "samuel"}}, By: "test"})
			return err
		})
		_, err := p.signIn(store, "sam", sallyporttest.Password)
		p.is("by the name from before", err, fault.Unauthenticated)
		if session, err := p.signIn(store, "samuel", sallyporttest.Password); err != nil || session.Alias != "samuel" {
			t.Errorf("by the new name: %+v, %v", session, err)
		}
	})
}

func mustInstance(p *portal, tx *database.Tx) identitycenter.Instance {
	in, err := p.Centers.InstanceByStore(tx.Reading(), identitycenter.StoreID(p.sam.Store))
	if err != nil {
		p.t.Fatal(err)
	}
	return in
}

// Nobody learns from an answer who is in a store, nor gets in by the other door.
func TestAttackSigningInByTheWrongDoor(t *testing.T) {
	eachPortal(t, func(t *testing.T, p *portal) {
		store := string(p.sam.Store)
		p.User("alice")
		var second identitycenter.Instance
		owner := p.NewAccount("alone").Account
		p.Write(func(tx *database.Tx) (err error) {
			second, err = p.Centers.CreateInstance(tx, owner, "")
			return err
		})
		p.PersonIn(second, "kim")
		disabled := p.Person("disabled")
		p.Write(func(tx *database.Tx) error { return p.Directory.Disable(tx, disabled.ID) })
		unset := p.Person("unset")
		p.Write(func(tx *database.Tx) error { return p.Directory.SetPassword(tx, unset.ID, "") })
		said := map[string]bool{}
		for what, in := range map[string]signin.SignInInput{
			"a wrong password":                      {Store: store, Login: "sam", Password: "wrong"},
			"no such user":                          {Store: store, Login: "nobody", Password: sallyporttest.Password},
			"no such store":                         {Store: "d-0123456789", Login: "sam", Password: sallyporttest.Password},
			"no name of a store":                    {Store: "x' or 1=1", Login: "sam", Password: sallyporttest.Password},
			"a disabled user":                       {Store: store, Login: "disabled", Password: sallyporttest.Password},
			"a user who never had a password":       {Store: store, Login: "unset", Password: ""},
			"a user of another store":               {Store: store, Login: "kim", Password: sallyporttest.Password},
			"their own store, another's user":       {Store: string(second.Store), Login: "sam", Password: sallyporttest.Password},
			"a Builder ID user at a store":          {Store: store, Login: "alice", Password: sallyporttest.Password},
			"a Builder ID user by address":          {Store: store, Login: "alice@example.com", Password: sallyporttest.Password},
			"a user of a store at the other door":   {Login: "sam", Password: sallyporttest.Password},
			"by address at the other door":          {Login: "sam@example.com", Password: sallyporttest.Password},
			"by what the directory calls them":      {Login: store + "/" + string(p.sam.ID), Password: sallyporttest.Password},
			"by id":                                 {Store: store, Login: string(p.sam.ID), Password: sallyporttest.Password},
			"by what the directory calls them here": {Store: store, Login: store + "/" + string(p.sam.ID), Password: sallyporttest.Password},
		} {
			_, err := page[signin.Session](p, "SignIn", "", in)
			p.is(what, err, fault.Unauthenticated)
			said[fmt.Sprint(err)] = true
		}
		if len(said) != 1 {
			t.Errorf("the answers differ: %v", said)
		}
	})
}

func TestAttackGuessingAtAUserOfAnIdentityStore(t *testing.T) {
	s := sallyporttest.Start(t)
	p := &portal{s, t, s.Person("sam")}
	for range 10 {
		_, err := p.signIn(string(p.sam.Store), "sam", "guess")
		p.is("a guess", err, fault.Unauthenticated)
	}
	_, err := p.signIn(string(p.sam.Store), "SAM", sallyporttest.Password)
	p.is("the right one, too late", err, fault.Throttled)
	// Neither a one-time password's page nor another name of theirs is a way around.
	_, err = p.first("sam", "guess", newPassword)
	p.is("at the other form", err, fault.Throttled)
}

func TestAOneTimePassword(t *testing.T) {
	eachPortal(t, func(t *testing.T, p *portal) {
		store, given := string(p.sam.Store), "ONETIMEPASSWORDOF26LETTERS"
		before, err := p.signIn(store, "sam", sallyporttest.Password)
		if err != nil {
			t.Fatal(err)
		}
		p.give(given, time.Hour)
		_, err = p.signIn(store, "sam", sallyporttest.Password)
		p.is("the password of before", err, fault.Unauthenticated)
		_, err = p.signIn(store, "sam", given)
		if !fault.HasReason(err, signin.ReasonFirstPassword) {
			t.Errorf("the one-time password lets in: %v", err)
		}
		for what, row := range map[string]struct {
			login, given, chosen string
			kind                 fault.Kind
		}{
			"a wrong one":            {"sam", "wrong", newPassword, fault.Unauthenticated},
			"somebody else":          {"kim", given, newPassword, fault.Unauthenticated},
			"a wrong and a bad one":  {"sam", "wrong", "short", fault.Unauthenticated}, // no hint at which
			"a short one":            {"sam", given, "short", fault.Invalid},
			"the same":               {"sam", given, given, fault.Invalid},
			"one with the user name": {"sam", given, "samsamsamsamsam", fault.Invalid},
		} {
			_, err := p.first(row.login, row.given, row.chosen)
			p.is(what, err, row.kind)
		}
		shop := p.Member("shop")
		p.Assign(p.sam, "Reader", shop, "")
		handed := p.sam.Enter(shop, "Reader")
		session, err := p.first("sam", given, newPassword)
		if err != nil || session.UserID != string(p.sam.ID) {
			t.Fatalf("%+v, %v", session, err)
		}
		if _, err := page[signin.Self](p, "DescribeSelf", session.Token, signin.Empty{}); err != nil {
			t.Error(err)
		}
		_, err = page[signin.Self](p, "DescribeSelf", before.Token, signin.Empty{})
		p.is("the session of before", err, fault.Unauthenticated)
		if _, err := handed.STS().GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err == nil {
			t.Error("what was handed out in it is good")
		}
		_, err = p.first("sam", given, "yet another long password")
		p.is("used once more", err, fault.Unauthenticated)
		_, err = p.first("sam", newPassword, "yet another long password")
		p.is("with a chosen one", err, fault.Conflict)
		if _, err := p.signIn(store, "sam", newPassword); err != nil {
			t.Error(err)
		}

		p.give(given, time.Hour)
		p.status(identitycenter.Disabled)
		_, err = p.first("sam", given, newPassword)
		p.is("while disabled", err, fault.Unauthenticated)
		p.status(identitycenter.Enabled)
		p.Clock.Advance(time.Hour)
		_, err = p.first("sam", given, newPassword)
		p.is("too late", err, fault.Unauthenticated)
		_, err = p.signIn(store, "sam", given)
		p.is("too late to sign in", err, fault.Unauthenticated)
	})
}

func TestAMailedLinkSetsThePasswordOfOneUser(t *testing.T) {
	eachPortal(t, func(t *testing.T, p *portal) {
		p.User("alice") // at the same address
		admin := p.Root()
		in := p.Center()
		p.Write(func(tx *database.Tx) error {
			_, err := p.Centers.UpdateUser(tx, in, identitycenter.UserID(p.sam.ID), identitycenter.Change{Operations: []identitycenter.Operation{
				{Path: "emails", Value: []any{map[string]any{"value": "alice@example.com", "primary": true}}}}, By: "test"})
			return err
		})
		answer := admin.Ask("PUT", "/identity-stores/"+string(p.sam.Store)+"/users/sam/password", `{"mode":"mail"}`, "sallyport")
		if answer.Status != 200 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		if _, err := p.signIn(string(p.sam.Store), "sam", sallyporttest.Password); err != nil {
			t.Errorf("the present password is gone before there is another: %v", err)
		}
		token := resetLink.FindStringSubmatch(strings.ReplaceAll(strings.ReplaceAll(p.Mail("alice@example.com"), "=\r\n", ""), "=3D", "="))
		if token == nil {
			t.Fatal("the mail has no link")
		}
		session, err := page[signin.Session](p, "ResetPassword", "", signin.ResetPasswordInput{Token: token[1], NewPassword: newPassword})
		if err != nil || session.UserID != string(p.sam.ID) {
			t.Fatalf("%+v, %v", session, err)
		}
		if _, err := p.signIn("", "alice", sallyporttest.Password); err != nil {
			t.Errorf("alice, whose password it was not: %v", err)
		}
		_, err = page[signin.Session](p, "ResetPassword", "", signin.ResetPasswordInput{Token: token[1], NewPassword: newPassword})
		p.is("once more", err, fault.NotFound)
	})
}

// With a browser's session each kind of user has their own operations, and none of the
// other's. Whatever is added later is tried as well.
func TestAttackACookieAtTheOtherUsersOperations(t *testing.T) {
	s := sallyporttest.Start(t)
	p := &portal{s, t, s.Person("sam")}
	alice := s.User("alice")
	for _, op := range s.Operations() {
		if op.Rule.Strangers() || op.Rule.Account() {
			continue
		}
		for of, cookie := range map[string]string{"alice": alice.Cookie, "sam": p.sam.Cookie} {
			scope := op.Service.Scope
			mine := scope == credential.ScopeBrowser || scope == credential.ScopePortal && of == "sam" || (scope == credential.ScopeManage || scope == credential.ScopeCodeCatalyst) && of == "alice"
			request := operation.Request{ID: "test", Address: home, BaseURL: s.URL(), Credential: authn.Credential{Scheme: authn.Cookie, Token: cookie}}
			_, err := s.Runner().Do(t.Context(), op, &request, func(any) error { return fault.Pendingf("got as far as the input") })
			if op.Service.AccessTokens { // no session is good there
				if !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("%s %s: %v", of, op.Name, err)
				}
				continue
			}
			if got := fault.Is(err, fault.Pending); got != mine || !mine && !fault.HasReason(err, credential.ReasonOtherUsers) {
				t.Errorf("%s %s: %v", of, op.Name, err)
			}
		}
	}
	_, err := page[signin.Empty](p, "DeleteAccount", p.sam.Cookie, signin.DeleteAccountInput{Alias: "sam"})
	p.is("deleting oneself from an identity store", err, fault.Denied)
}

func TestSigningOutEverywhere(t *testing.T) {
	eachPortal(t, func(t *testing.T, p *portal) {
		shop := p.Member("shop")
		p.Assign(p.sam, "Reader", shop, "")
		p.sam.Enter(shop, "Reader")
		other, err := p.signIn(string(p.sam.Store), "sam", sallyporttest.Password)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := page[identitycenter.Proof](p, "SignOutEverywhere", p.sam.Cookie, signin.Empty{})
		if err != nil || proof.Sessions != 3 || proof.Credentials != 1 || len(proof.Accounts) != 1 || proof.Accounts[0].Account != string(shop) {
			t.Errorf("ended: %+v, %v", proof, err)
		}
		for _, cookie := range []string{p.sam.Cookie, other.Token} {
			_, err = page[signin.Self](p, "DescribeSelf", cookie, signin.Empty{})
			p.is("afterwards", err, fault.Unauthenticated)
		}
	})
}

func TestWhichDoorAClientLeadsTo(t *testing.T) {
	s := sallyporttest.Start(t)
	p := &portal{s, t, s.Person("sam")}
	store := string(p.sam.Store)
	for what, row := range map[string]struct {
		scopes []string
		asked  string
		want   string
	}{
		"accounts":                    {[]string{credential.ScopePortal}, "", store},
		"nothing, and so accounts":    {nil, "", store},
		"spaces":                      {[]string{credential.ScopeCodeCatalyst}, "", ""},
		"spaces, of what it could":    {[]string{credential.ScopeCodeCatalyst, credential.ScopePortal}, credential.ScopeCodeCatalyst, ""},
		"more than it registered":     {[]string{credential.ScopeCodeCatalyst}, credential.ScopePortal, ""},
		"both":                        {[]string{credential.ScopeCodeCatalyst, credential.ScopePortal}, "", store},
		"what there is not to be had": {[]string{credential.ScopePortal}, "root", ""},
	} {
		var client credential.Client
		s.Write(func(tx *database.Tx) (err error) {
			client, _, err = s.Credentials.RegisterClient(tx, credential.NewClient{Name: "cli", Type: "public", Scopes: row.scopes})
			return err
		})
		doors, err := page[signin.DescribeSignInOutput](p, "DescribeSignIn", "", signin.DescribeSignInInput{ClientID: string(client.ID), Scope: row.asked})
		if err != nil || doors.Store != row.want || doors.Default != store {
			t.Errorf("%s: %+v, %v", what, doors, err)
		}
	}
	doors, err := page[signin.DescribeSignInOutput](p, "DescribeSignIn", "", signin.DescribeSignInInput{ClientID: "nobody"})
	if err != nil || doors.Store != "" {
		t.Errorf("an unknown client: %+v, %v", doors, err)
	}
}

// A link that begins a session ends with what should end sessions, and when it turns out
// to have gone to the wrong address.
func TestAttackALinkThatOutlivesWhatEndsIt(t *testing.T) {
	for what, ends := range map[string]func(p *portal){
		"the address is corrected": func(p *portal) {
			in := p.Center()
			p.Write(func(tx *database.Tx) error {
				_, err := p.Centers.UpdateUser(tx, in, identitycenter.UserID(p.sam.ID), identitycenter.Change{Operations: []identitycenter.Operation{
					{Path: "emails", Value: []any{map[string]any{"value": "right@example.com", "primary": true}}}}, By: "test"})
				return err
			})
		},
		"the user is disabled and enabled": func(p *portal) { p.status(identitycenter.Disabled); p.status(identitycenter.Enabled) },
		"everything is signed out": func(p *portal) {
			p.Write(func(tx *database.Tx) error {
				_, err := p.Centers.EndSessions(tx, p.sam.ID, "")
				return err
			})
		},
		"the password is changed": func(p *portal) {
			if _, err := page[signin.Empty](p, "ChangePassword", p.sam.Cookie, signin.ChangePasswordInput{Password: sallyporttest.Password, NewPassword: newPassword}); err != nil {
				p.t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := sallyporttest.Start(t)
			p := &portal{s, t, s.Person("sam")}
			var token credential.Token
			p.Write(func(tx *database.Tx) (err error) {
				_, token, err = p.Credentials.StartFirstPassword(tx, p.sam.ID, "wrong@example.com")
				return err
			})
			ends(p)
			_, err := page[signin.Session](p, "ResetPassword", "", signin.ResetPasswordInput{Token: string(token), NewPassword: newPassword + " and more"})
			p.is("the link", err, fault.NotFound)
		})
	}
}

// Spellings of one name are one name, whether it is somebody's or not.
func TestAttackTellingNamesApartByHowTriesAreCounted(t *testing.T) {
	s := sallyporttest.Start(t)
	p := &portal{s, t, s.Person("sam")}
	for name, spelled := range map[string]string{"sam": "\uff53\uff41\uff4d", "kim": "\uff4b\uff49\uff4d"} {
		for range 10 {
			_, err := p.signIn(string(p.sam.Store), name, "guess")
			p.is("a guess at "+name, err, fault.Unauthenticated)
		}
		_, err := p.signIn(string(p.sam.Store), spelled, "guess")
		p.is("a guess at "+name+" in wide letters", err, fault.Throttled)
	}
}
