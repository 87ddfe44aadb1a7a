package signin_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/server"
	"github.com/sallyport/sallyport/signin"
	"github.com/sallyport/sallyport/space"
)

// world is a whole server whose first user is ada, signed in, and a clock that
// can be moved.
type world struct {
	*server.Server
	t           *testing.T
	data        string
	ahead       atomic.Int64
	credentials credential.Store
	spaces      space.Store
	ada         *signin.Session
}

const (
	password    = "gravel umbrella tuesday"
	newPassword = "another long password of hers"
	home        = "203.0.113.7"
	elsewhere   = "198.51.100.66"
)

func each(t *testing.T, config server.Config, test func(t *testing.T, w *world)) {
	t.Helper()
	databasetest.EachURL(t, func(t *testing.T, url string) {
		w := &world{t: t, data: t.TempDir()}
		config.Data, config.Listen, config.Clock = w.data, "127.0.0.1:0", w.now
		if config.Database = url; !strings.HasPrefix(url, "postgres") {
			config.Database = "" // SQLite in the data directory
		}
		var err error
		w.Server, err = server.Start(context.Background(), config)
		w.must(err)
		t.Cleanup(func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
		w.credentials.Keys, w.spaces.Keys = w.Keys(), w.Keys()
		w.ada, err = ask[signin.Session](w, "Setup", home, "", signin.SetupInput{
			Token: w.setupToken(), Alias: "ada", Email: "ada@example.com", DisplayName: "Ada Lovelace", Password: password})
		w.must(err)
		test(t, w)
	})
}

func (w *world) now() time.Time       { return time.Now().Add(time.Duration(w.ahead.Load())) }
func (w *world) pass(d time.Duration) { w.ahead.Add(int64(d)) }

func (w *world) setupToken() string {
	w.t.Helper()
	at, err := url.Parse(w.SetupURL())
	w.must(err)
	return at.Query().Get("token")
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) is(err error, kind fault.Kind) {
	w.t.Helper()
	if !fault.Is(err, kind) {
		w.t.Fatalf("got %v, want a fault of kind %s", err, kind)
	}
}

// ask runs an operation for a browser at an address, with the session it has.
func ask[Out, In any](w *world, name, address, session string, in In) (*Out, error) {
	w.t.Helper()
	request := operation.Request{ID: "test", Address: address, UserAgent: "test", BaseURL: w.URL()}
	if session != "" {
		request.Credential = authn.Credential{Scheme: authn.Cookie, Token: session}
	}
	for _, op := range w.Operations() {
		if op.Name == name && op.In == reflect.TypeFor[In]() {
			return operation.Ask[Out](w.t.Context(), w.Runner(), op, &request, in)
		}
	}
	w.t.Fatalf("there is no operation %s", name)
	return nil, nil
}

func (w *world) signIn(address, login, password string) (*signin.Session, error) {
	w.t.Helper()
	return ask[signin.Session](w, "SignIn", address, "", signin.SignInInput{Login: login, Password: password})
}

func (w *world) changePassword(address, session, present string) error {
	w.t.Helper()
	_, err := ask[signin.Empty](w, "ChangePassword", address, session, signin.ChangePasswordInput{Password: present, NewPassword: newPassword})
	return err
}

func (w *world) startSignUp(email, invitation string) (*signin.Verification, error) {
	w.t.Helper()
	return ask[signin.Verification](w, "StartSignUp", elsewhere, "", signin.StartSignUpInput{Email: email, Invitation: invitation})
}

func (w *world) startReset(email string) error {
	w.t.Helper()
	_, err := ask[signin.Empty](w, "StartPasswordReset", elsewhere, "", signin.StartPasswordResetInput{Email: email})
	return err
}

func (w *world) reset(token, password string) (*signin.Session, error) {
	w.t.Helper()
	return ask[signin.Session](w, "ResetPassword", elsewhere, "", signin.ResetPasswordInput{Token: token, NewPassword: password})
}

// alive tells whether a session still is.
func (w *world) alive(session string) bool {
	w.t.Helper()
	return w.DB().Read(context.Background(), func(tx *database.ReadTx) error {
		_, err := w.credentials.Authenticate(tx, session)
		return err
	}) == nil
}

func (w *world) write(f func(*database.Tx) error) {
	w.t.Helper()
	w.must(w.DB().Write(context.Background(), f))
}

// accessToken makes a personal access token of ada's and tells whether it is good.
func (w *world) accessToken() (good func() bool) {
	w.t.Helper()
	var secret credential.Token
	w.write(func(tx *database.Tx) (err error) {
		_, secret, err = w.credentials.CreateAccessToken(tx, directory.UserID(w.ada.UserID), credential.NewAccessToken{Name: "git"})
		return err
	})
	return func() bool {
		return w.DB().Read(context.Background(), func(tx *database.ReadTx) error {
			_, err := w.credentials.AuthenticateAccessToken(tx, w.ada.Alias, string(secret))
			return err
		}) == nil
	}
}

var (
	sixDigits = regexp.MustCompile(`\b\d{6}\b`)
	resetLink = regexp.MustCompile(`https?://\S+/reset\?token=(\S+)`)
)

// mailTo waits for a mail to an address and returns its text, subject first. It
// takes the mail out of the outbox.
func (w *world) mailTo(address string) string {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		files, err := filepath.Glob(filepath.Join(w.data, "outbox", "*.eml"))
		w.must(err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			w.must(err)
			message, err := mail.ReadMessage(bytes.NewReader(raw))
			w.must(err)
			if !strings.Contains(message.Header.Get("To"), address) {
				continue
			}
			text, err := io.ReadAll(message.Body)
			w.must(err)
			w.must(os.Remove(file))
			return message.Header.Get("Subject") + "\n" + string(text)
		}
	}
	w.t.Fatalf("no mail to %s", address)
	return ""
}

// resetToken is what the link carries that was last mailed to ada.
func (w *world) resetToken() string {
	w.t.Helper()
	text := w.mailTo("ada@example.com")
	link := resetLink.FindStringSubmatch(text)
	if link == nil || sixDigits.MatchString(text) {
		w.t.Fatalf("the mail has no link, or a code:\n%s", text)
	}
	return link[1]
}

// lastEvent is the latest of a name in the directory's log.
func (w *world) lastEvent(name string) audit.Event {
	w.t.Helper()
	w.must(w.Runner().Audit.Flush())
	var events []audit.Event
	w.must(w.DB().Read(context.Background(), func(tx *database.ReadTx) (err error) {
		events, err = w.Runner().Audit.Events(tx, audit.Filter{Scope: seal.Directory, To: tx.Now().Add(time.Hour), Name: name, Limit: 1})
		return err
	}))
	if len(events) == 0 {
		w.t.Fatalf("no event %s", name)
	}
	return events[0]
}

func (w *world) recordedAs(name string, session *signin.Session) {
	w.t.Helper()
	event := w.lastEvent(name)
	if event.Principal != (audit.Principal{Kind: "user", ID: session.UserID}) || event.Detail.PrincipalName != session.Alias {
		w.t.Errorf("%s is recorded as %v %q, not as %s", name, event.Principal, event.Detail.PrincipalName, session.Alias)
	}
}

func TestAttackGuessingTheCodeOfAReset(t *testing.T) {
	each(t, server.Config{}, func(t *testing.T, w *world) {
		w.must(w.startReset("ada@example.com"))
		token := w.resetToken()
		if len(token) < 26 {
			t.Errorf("the token %s is short", token)
		}
		for guess := range 5 {
			_, err := w.reset(fmt.Sprintf("%06d", guess), newPassword)
			w.is(err, fault.NotFound)
		}
		session, err := w.reset(token, newPassword)
		w.must(err)
		if !w.alive(session.Token) || w.alive(w.ada.Token) {
			t.Error("the sessions of before live on, or the new one does not")
		}
		_, err = w.reset(token, newPassword)
		w.is(err, fault.NotFound)
		_, err = w.signIn(home, "ada", password)
		w.is(err, fault.Unauthenticated)
		_, err = w.signIn(home, "ada", newPassword)
		w.must(err)
	})
}

func TestAResetOfNobodySaysNothing(t *testing.T) {
	each(t, server.Config{}, func(t *testing.T, w *world) {
		w.must(w.startReset("nobody@example.com"))
		if text := w.mailTo("nobody@example.com"); !strings.Contains(text, "no Sallyport account") || resetLink.MatchString(text) {
			t.Errorf("the mail says:\n%s", text)
		}
	})
}

func TestAttackStayingInByAPersonalAccessToken(t *testing.T) {
	each(t, server.Config{}, func(t *testing.T, w *world) {
		good := w.accessToken()
		w.must(w.changePassword(home, w.ada.Token, password))
		if !good() {
			t.Error("changing the password deleted a personal access token")
		}
		w.must(w.startReset("ada@example.com"))
		_, err := w.reset(w.resetToken(), password)
		w.must(err)
		if good() {
			t.Error("a personal access token outlived a reset")
		}
	})
}

func TestAttackLockingTheOwnerOut(t *testing.T) {
	each(t, server.Config{}, func(t *testing.T, w *world) {
		for i := range 10 { // an alias and an address are one account
			_, err := w.signIn(elsewhere, []string{"ada", " ADA@example.com", "Ada"}[i%3], "not the password")
			w.is(err, fault.Unauthenticated)
		}
		_, err := w.signIn(elsewhere, "ada", password)
		w.is(err, fault.Throttled)
		_, err = w.signIn(home, "ada", password)
		w.must(err)
		w.must(w.changePassword(elsewhere, w.ada.Token, password))
		w.pass(30 * time.Second)
		_, err = w.signIn(elsewhere, "ada", newPassword)
		w.must(err)
	})
}

func TestAttackGuessingThePasswordFromAStolenSession(t *testing.T) {
	each(t, server.Config{}, func(t *testing.T, w *world) {
		for range 10 {
			w.is(w.changePassword(elsewhere, w.ada.Token, "not the password"), fault.Denied)
		}
		w.is(w.changePassword(home, w.ada.Token, password), fault.Throttled)
		own, err := w.signIn(elsewhere, "ada", password)
		w.must(err)
		w.must(w.changePassword(elsewhere, own.Token, password))
	})
}

// A password that is too weak is told at once, a good one hashed: whoever is told
// about what they hold instead has cost nothing.
func TestAttackHavingPasswordsHashedForNothing(t *testing.T) {
	each(t, server.Config{}, func(t *testing.T, w *world) {
		_, err := ask[signin.Session](w, "Setup", elsewhere, "", signin.SetupInput{Token: "x", Alias: "eve", Email: "eve@example.com", DisplayName: "Eve", Password: "weak"})
		w.is(err, fault.Conflict)
		_, err = ask[signin.Session](w, "CompleteSignUp", elsewhere, "", signin.CompleteSignUpInput{ID: "x", Alias: "eve", DisplayName: "Eve", Password: "weak"})
		w.is(err, fault.NotFound)
		_, err = w.reset(string(credential.NewToken(credential.ResetLink)), "weak")
		w.is(err, fault.NotFound)

		w.must(w.startReset("ada@example.com"))
		token := w.resetToken()
		for _, weak := range []string{"weak", "ada@example.com"} {
			_, err = w.reset(token, weak)
			w.is(err, fault.Invalid)
		}
		_, err = w.reset(token, newPassword)
		w.must(err)
	})
}

// invite makes an invitation and returns its token.
func (w *world) invite(in space.Space, email string) (id space.InvitationID, token string) {
	w.t.Helper()
	w.write(func(tx *database.Tx) error {
		by := directory.UserID(w.ada.UserID)
		held, err := w.spaces.Held(tx.Reading(), in.ID, by)
		if err != nil {
			return err
		}
		roles := held.SpaceRole()
		made, secret, err := w.spaces.Invite(tx, in.ID, by, held, space.NewInvitation{Email: email, Role: roles})
		id, token = made.ID, secret
		return err
	})
	return id, token
}

func TestAttackSigningUpWithADeadInvitation(t *testing.T) {
	each(t, server.Config{InvitedOnly: true}, func(t *testing.T, w *world) {
		var acme space.Space
		w.write(func(tx *database.Tx) (err error) {
			acme, err = w.spaces.Create(tx, directory.UserID(w.ada.UserID), space.NewSpace{Name: "acme"})
			return err
		})
		refused := func(what, email, token string) {
			t.Helper()
			if _, err := w.startSignUp(email, token); !fault.Is(err, fault.Denied) {
				t.Errorf("%s: %v", what, err)
			}
		}
		cancelled, token := w.invite(acme, "eve@example.com")
		w.write(func(tx *database.Tx) error { return w.spaces.Cancel(tx, acme.ID, cancelled) })
		refused("a cancelled invitation", "eve@example.com", token)
		_, token = w.invite(acme, "bob@example.com")
		refused("somebody else's invitation", "eve@example.com", token)
		refused("none", "bob@example.com", "")
		refused("one that never was", "bob@example.com", "x")
		_, err := w.startSignUp(" Bob@example.com", token)
		w.must(err)
		_, token = w.invite(acme, "carol@example.com")
		w.pass(24 * time.Hour)
		refused("an expired invitation", "carol@example.com", token)
	})
}

// Somebody who signs in has no session yet, or that of whoever used the browser
// before. Neither is who did it.
func TestWhoSignsInIsRecorded(t *testing.T) {
	each(t, server.Config{}, func(t *testing.T, w *world) {
		w.recordedAs("setup", w.ada)

		started, err := w.startSignUp("bob@example.com", "")
		w.must(err)
		_, err = ask[signin.Verification](w, "VerifyEmail", home, "", signin.VerifyEmailInput{ID: started.ID, Code: sixDigits.FindString(w.mailTo("bob@example.com"))})
		w.must(err)
		bob, err := ask[signin.Session](w, "CompleteSignUp", home, "", signin.CompleteSignUpInput{ID: started.ID, Alias: "bob", DisplayName: "Bob", Password: password})
		w.must(err)
		w.recordedAs("completeSignUp", bob)

		bob, err = ask[signin.Session](w, "SignIn", home, w.ada.Token, signin.SignInInput{Login: "bob", Password: password})
		w.must(err)
		w.recordedAs("signIn", bob)
		if w.alive(w.ada.Token) {
			t.Error("the session of before lives on in the same browser")
		}

		w.must(w.startReset("ada@example.com"))
		ada, err := w.reset(w.resetToken(), newPassword)
		w.must(err)
		w.recordedAs("resetPassword", ada)
	})
}

func TestAttackReadingThePasswordSomebodyTypedAsTheirName(t *testing.T) {
	each(t, server.Config{}, func(t *testing.T, w *world) {
		_, err := w.signIn(home, password, "ada")
		w.is(err, fault.Unauthenticated)
		event := w.lastEvent("signIn")
		if event.Principal.Kind != "anonymous" || strings.Contains(fmt.Sprintf("%s %+v", event.Detail.Request, event), password) {
			t.Errorf("the event is %+v", event)
		}
	})
}
