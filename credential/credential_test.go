package credential_test

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// world is a deployment with two users and a clock that stands still until it
// is moved.
type world struct {
	t         *testing.T
	db        *database.DB
	now       time.Time
	directory directory.Store
	*credential.Store
	ada, bob directory.UserID
}

var (
	laptop = credential.Origin{Address: "203.0.113.7", UserAgent: "laptop/1.0"}
	phone  = credential.Origin{Address: "198.51.100.9", UserAgent: "phone/2.0"}
)

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	databasetest.EachURL(t, func(t *testing.T, url string) {
		w := &world{t: t, now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
		w.db = databasetest.Open(t, url, func() time.Time { return w.now })
		keys, err := seal.Open(t.Context(), t.TempDir(), w.db)
		w.must(err)
		w.directory, w.Store = directory.Store{Keys: keys}, &credential.Store{Keys: keys}
		w.must(w.write(w.directory.EnsureKeys))
		w.ada, w.bob = w.user("ada"), w.user("bob")
		test(t, w)
	})
}

func (w *world) user(alias string) (id directory.UserID) {
	w.t.Helper()
	w.must(w.write(func(tx *database.Tx) error {
		user, err := w.directory.Create(tx, directory.NewUser{Alias: alias, Email: alias + "@example.com", DisplayName: alias})
		id = user.ID
		return err
	}))
	return id
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// write commits as the path around an operation does: on success, and on a
// refusal that is to be kept.
func (w *world) write(f func(*database.Tx) error) error {
	var answer error
	err := w.db.Write(context.Background(), func(tx *database.Tx) error {
		if answer = f(tx); fault.IsKept(answer) {
			return nil
		}
		return answer
	})
	return cmp.Or(err, answer)
}

func (w *world) read(f func(*database.ReadTx) error) error {
	return w.db.Read(context.Background(), f)
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// refused checks a fault's reason, and whether its change is kept.
func (w *world) refused(err error, reason fault.Reason, kept bool) {
	w.t.Helper()
	if !fault.HasReason(err, reason) || fault.IsKept(err) != kept {
		w.t.Fatalf("got %v (kept: %t), want %s (kept: %t)", err, fault.IsKept(err), reason, kept)
	}
}

func (w *world) is(err error, kind fault.Kind) {
	w.t.Helper()
	if !fault.Is(err, kind) {
		w.t.Fatalf("got %v, want a fault of kind %s", err, kind)
	}
}

func (w *world) signIn(user directory.UserID) (token credential.Token) {
	w.t.Helper()
	w.must(w.write(func(tx *database.Tx) (err error) {
		_, token, err = w.BeginBrowser(tx, credential.NewSession{UserID: user, Origin: laptop})
		return err
	}))
	return token
}

func (w *world) authenticate(token credential.Token) (identity credential.Identity, err error) {
	err = w.read(func(tx *database.ReadTx) error {
		identity, err = w.Authenticate(tx, string(token))
		return err
	})
	return identity, err
}

func (w *world) identity(user directory.UserID) credential.Identity {
	w.t.Helper()
	identity, err := w.authenticate(w.signIn(user))
	w.must(err)
	return identity
}

// good and gone tell whether a token still speaks for somebody.
func (w *world) good(token credential.Token) {
	w.t.Helper()
	_, err := w.authenticate(token)
	w.must(err)
}

func (w *world) gone(token credential.Token) {
	w.t.Helper()
	_, err := w.authenticate(token)
	w.is(err, fault.Unauthenticated)
}

const callback = "http://127.0.0.1/oauth/callback"

var everyGrant = []credential.GrantType{credential.GrantAuthorizationCode, credential.GrantRefreshToken, credential.GrantDeviceCode}

func (w *world) register(change ...func(*credential.NewClient)) (client credential.Client, secret string, err error) {
	newClient := credential.NewClient{Name: "a client", Type: "public", RedirectURIs: []string{callback}, GrantTypes: everyGrant,
		Scopes: []string{credential.ScopeManage, credential.ScopeCodeCatalyst}}
	for _, change := range change {
		change(&newClient)
	}
	err = w.write(func(tx *database.Tx) error {
		client, secret, err = w.RegisterClient(tx, newClient)
		return err
	})
	return client, secret, err
}

func (w *world) client(change ...func(*credential.NewClient)) credential.Client {
	w.t.Helper()
	client, _, err := w.register(change...)
	w.must(err)
	return client
}

func TestNoSecretIsStoredInClear(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client, clientSecret, err := w.register()
		w.must(err)
		browser := w.signIn(w.ada)
		device := w.start(client)
		w.must(w.approve(device.UserCode, w.identity(w.ada)))
		tokens, err := w.redeem(client, device.DeviceCode)
		w.must(err)
		code := w.newCode(client)
		_, secret, err := w.createToken(w.ada, "the laptop in the kitchen", time.Time{})
		w.must(err)
		verification, digits, err := w.startVerification("carol@example.com")
		w.must(err)
		link := w.startReset("carol@example.com")

		dump := w.dump()
		if !strings.Contains(dump, string(verification.ID)) {
			t.Fatal("the dump does not show what is stored")
		}
		for what, secret := range map[string]string{
			"a browser session token": string(browser), "a client secret": clientSecret, "a device code": string(device.DeviceCode),
			"a user code": device.UserCode, "a user code without dash": strings.ReplaceAll(device.UserCode, "-", ""),
			"an access token": string(tokens.Access), "a refresh token": string(tokens.Refresh), "an authorization code": string(code),
			"a personal access token": string(secret), "its name": "the laptop in the kitchen", "a mailed code": "|" + digits + "|", "a mailed link": string(link), "an address to verify": "carol@example.com",
			"an address": "ada@example.com", "where a session is": laptop.Address, "what it uses": laptop.UserAgent,
		} {
			if strings.Contains(dump, secret) {
				t.Errorf("%s is stored in clear", what)
			}
		}
	})
}

// dump is every value of every table, between bars.
func (w *world) dump() string {
	w.t.Helper()
	var dump bytes.Buffer
	for _, table := range []string{"keysets", "users", "verifications", "clients", "sessions", "tokens", "access_tokens", "device_codes", "authorization_codes"} {
		rows, err := w.db.Pool().Query("select * from " + table)
		w.must(err)
		defer rows.Close()
		columns, err := rows.Columns()
		w.must(err)
		for rows.Next() {
			values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			w.must(rows.Scan(into...))
			for _, value := range values {
				fmt.Fprintf(&dump, "|%s|", value)
			}
		}
		w.must(rows.Err())
		rows.Close()
	}
	return dump.String()
}

func TestWhatHasExpiredIsSweptAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		fill := func() {
			client := w.client()
			device := w.start(client)
			w.must(w.approve(device.UserCode, w.identity(w.ada)))
			_, err := w.redeem(client, device.DeviceCode)
			w.must(err)
			w.newCode(client)
			_, _, err = w.createToken(w.ada, "a token", time.Time{})
			w.must(err)
			_, _, err = w.startVerification("carol@example.com")
			w.must(err)
			w.startReset("carol@example.com")
		}
		fill()
		before := w.rows()
		w.must(w.write(w.Sweep))
		if after := w.rows(); after != before {
			t.Errorf("sweeping at once left %s of %s", after, before)
		}
		w.pass(400 * 24 * time.Hour)
		w.must(w.write(w.Sweep))
		if got := w.rows(); strings.Trim(got, "0 ") != "" {
			t.Errorf("sweeping after everything expired left %s", got)
		}
		fill()
		if after := w.rows(); after != before {
			t.Errorf("after sweeping %s can be made of %s", after, before)
		}
	})
}

func (w *world) rows() string {
	w.t.Helper()
	var counts []string
	for _, table := range []string{"tokens", "sessions", "device_codes", "authorization_codes", "clients", "access_tokens", "verifications"} {
		var count string
		w.must(w.db.Pool().QueryRow("select count(*) from " + table).Scan(&count))
		counts = append(counts, count)
	}
	return strings.Join(counts, " ")
}

func TestAnIdleBrowserSessionIsSwept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.signIn(w.ada)
		w.pass(2*time.Hour - time.Second)
		w.must(w.write(w.Sweep))
		if got := w.rows(); !strings.HasPrefix(got, "1 1 ") {
			t.Errorf("a session in use was swept: %s", got)
		}
		w.pass(time.Second)
		w.must(w.write(w.Sweep))
		if got := w.rows(); !strings.HasPrefix(got, "0 0 ") {
			t.Errorf("an idle session and its token stayed: %s", got)
		}
	})
}

func TestTokensOfADeletedUserStop(t *testing.T) {
	stop := map[string]func(w *world, tx *database.Tx) error{
		"deleted":  func(w *world, tx *database.Tx) error { return w.directory.Delete(tx, w.ada) },
		"disabled": func(w *world, tx *database.Tx) error { return w.directory.Disable(tx, w.ada) },
	}
	for state, change := range stop {
		t.Run(state, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				client := w.client()
				browser := w.signIn(w.ada)
				tokens := w.letIn(client, w.ada)
				approved := w.start(client)
				w.must(w.approve(approved.UserCode, w.identity(w.ada)))
				code := w.newCode(client)
				_, personal, err := w.createToken(w.ada, "a token", time.Time{})
				w.must(err)

				w.must(w.write(func(tx *database.Tx) error { return change(w, tx) }))

				w.gone(browser)
				w.gone(tokens.Access)
				_, err = w.refresh(client, tokens.Refresh)
				w.refused(err, credential.ReasonInvalidGrant, false)
				_, err = w.redeem(client, approved.DeviceCode)
				w.refused(err, credential.ReasonAccessDenied, false)
				_, err = w.redeemCode(client, code, callback, verifier)
				w.refused(err, credential.ReasonAccessDenied, false)
				_, err = w.verifyToken(personal)
				w.is(err, fault.Unauthenticated)
			})
		})
	}
}

func TestATokenIsGoodAgainWhenItsUserIsEnabled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		browser := w.signIn(w.ada)
		w.must(w.write(func(tx *database.Tx) error { return w.directory.Disable(tx, w.ada) }))
		w.gone(browser)
		w.must(w.write(func(tx *database.Tx) error { return w.directory.Enable(tx, w.ada) }))
		w.good(browser)
	})
}

func TestForgettingAUserLeavesNothingButOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		kept := w.letIn(client, w.bob)
		before := w.rows()
		w.letIn(client, w.ada)
		w.newCode(client)
		_, _, err := w.createToken(w.ada, "a token", time.Time{})
		w.must(err)
		w.must(w.write(func(tx *database.Tx) error { return w.Forget(tx, w.ada) }))
		if after := w.rows(); after != before {
			t.Errorf("forgetting left %s, want %s", after, before)
		}
		w.good(kept.Access)
	})
}
