package credential_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

func (w *world) sessions(user directory.UserID) (sessions []credential.Session) {
	w.t.Helper()
	w.must(w.read(func(tx *database.ReadTx) (err error) {
		sessions, err = w.Sessions(tx, user)
		return err
	}))
	return sessions
}

func (w *world) endSession(user directory.UserID, id credential.SessionID) error {
	return w.write(func(tx *database.Tx) error { return w.EndSession(tx, user, id) })
}

func (w *world) touch(token credential.Token) {
	w.t.Helper()
	identity, err := w.authenticate(token)
	w.must(err)
	w.must(w.write(func(tx *database.Tx) error { return w.Touch(tx, identity.SessionID) }))
}

func TestASessionSpeaksForItsUser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		identity, err := w.authenticate(w.signIn(w.ada))
		w.must(err)
		want := credential.Identity{SessionID: identity.SessionID, UserID: w.ada, Alias: "ada", AuthenticatedAt: w.now, Kind: credential.Browser, UsedAt: w.now}
		if diff := cmp.Diff(want, identity, cmp.Comparer(func(a, b []string) bool { return len(a) == 0 && len(b) == 0 })); diff != "" {
			t.Error(diff)
		}
	})
}

func TestABrowserSessionEndsIdleOrOld(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		idle := w.signIn(w.ada)
		w.pass(2*time.Hour - time.Second)
		w.good(idle)
		w.pass(time.Second)
		w.gone(idle)

		busy := w.signIn(w.ada)
		for range 11 {
			w.pass(time.Hour)
			w.touch(busy)
		}
		w.pass(time.Hour - time.Second)
		w.good(busy)
		if got := w.sessions(w.ada); len(got) != 1 {
			t.Errorf("%d sessions are listed, want the busy one alone", len(got))
		}
		w.pass(time.Second)
		w.gone(busy)
		if got := w.sessions(w.ada); len(got) != 0 {
			t.Errorf("%d sessions are listed, want none", len(got))
		}
	})
}

func TestOnlySessionsAndAccessTokensSignRequests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		tokens := w.letIn(client, w.ada)
		_, personal, err := w.createToken(w.ada, "a token", time.Time{})
		w.must(err)
		w.good(w.signIn(w.ada))
		w.good(tokens.Access)
		for what, token := range map[string]credential.Token{
			"a personal access token":                        personal,
			"a refresh token":                                tokens.Refresh,
			"the rest of a refresh token as an access token": credential.Token(string(credential.Access) + string(tokens.Refresh[4:])),
			"a device code":                                  w.start(client).DeviceCode,
			"a token nobody has":                             credential.NewToken(credential.Access),
			"a session nobody has":                           credential.NewToken(credential.BrowserSession),
			"nothing":                                        "",
		} {
			if _, err := w.authenticate(token); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestEndingASessionStopsItsTokensAndNoOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		laptop, phone, other := w.signIn(w.ada), w.signIn(w.ada), w.signIn(w.bob)
		identity, err := w.authenticate(laptop)
		w.must(err)
		w.is(w.endSession(w.bob, identity.SessionID), fault.NotFound)
		w.good(laptop)
		w.must(w.endSession(w.ada, identity.SessionID))
		w.gone(laptop)
		w.good(phone)
		w.good(other)
		w.is(w.endSession(w.ada, identity.SessionID), fault.NotFound)
	})
}

func TestEndingAllSessionsSparesTheOneInUse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		laptop, phone, other := w.signIn(w.ada), w.signIn(w.ada), w.signIn(w.bob)
		identity, err := w.authenticate(laptop)
		w.must(err)
		w.must(w.write(func(tx *database.Tx) error { return w.EndSessions(tx, w.ada, identity.SessionID) }))
		w.good(laptop)
		w.gone(phone)
		w.must(w.write(func(tx *database.Tx) error { return w.EndSessions(tx, w.ada, "") }))
		w.gone(laptop)
		w.good(other)
	})
}

func TestAttackRedeemingWhatWasApprovedBeforeEverySessionEnded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		device, others, waiting := w.start(client), w.start(client), w.start(client)
		w.must(w.approve(device.UserCode, w.identity(w.ada)))
		w.must(w.approve(others.UserCode, w.identity(w.bob)))
		code := w.newCode(client)
		kept := w.identity(w.ada)
		w.must(w.write(func(tx *database.Tx) error { return w.EndSessions(tx, w.ada, kept.SessionID) }))
		_, err := w.redeem(client, device.DeviceCode)
		w.refused(err, credential.ReasonInvalidGrant, false)
		_, err = w.redeemCode(client, code, callback, verifier)
		w.refused(err, credential.ReasonInvalidGrant, false)

		_, err = w.redeem(client, others.DeviceCode)
		w.must(err)
		w.must(w.approve(waiting.UserCode, w.identity(w.ada)))
		_, err = w.redeem(client, waiting.DeviceCode)
		w.must(err)
	})
}

func TestSessionsAreListedWithWhereTheyAre(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.signIn(w.ada)
		w.pass(time.Minute)
		client := w.client()
		tokens := w.letIn(client, w.ada)
		got := w.sessions(w.ada)
		for i := range got {
			if len(got[i].Scopes) == 0 {
				got[i].Scopes = nil
			}
		}
		browser := credential.Session{ID: got[len(got)-1].ID, UserID: w.ada, Kind: credential.Browser, Origin: laptop,
			AuthenticatedAt: w.now.Add(-time.Minute), CreatedAt: w.now.Add(-time.Minute), UsedAt: w.now.Add(-time.Minute), ExpiresAt: w.now.Add(12*time.Hour - time.Minute)}
		device := credential.Session{ID: tokens.SessionID, UserID: w.ada, Kind: credential.Device, ClientID: client.ID, ClientName: client.Name, Scopes: client.Scopes, Origin: phone,
			AuthenticatedAt: w.now, CreatedAt: w.now, UsedAt: w.now, ExpiresAt: w.now.Add(7 * 24 * time.Hour)}
		find := func(id credential.SessionID) (found credential.Session) {
			for _, session := range got {
				if session.ID == id {
					found = session
				}
			}
			return found
		}
		if diff := cmp.Diff([]credential.Session{browser, device}, []credential.Session{find(browser.ID), find(device.ID)}); diff != "" {
			t.Error(diff)
		}
	})
}

func TestALongUserAgentIsCut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.must(w.write(func(tx *database.Tx) error {
			_, _, err := w.BeginBrowser(tx, credential.NewSession{UserID: w.ada, Origin: credential.Origin{UserAgent: string(make([]byte, 100_000))}})
			return err
		}))
		if got := w.sessions(w.ada)[0].Origin.UserAgent; len(got) != 256 {
			t.Errorf("%d bytes are kept", len(got))
		}
	})
}

func TestASignInIsFreshForTenMinutes(t *testing.T) {
	now := time.Now()
	for ago, want := range map[time.Duration]bool{0: true, 10 * time.Minute: true, 10*time.Minute + 1: false} {
		identity := credential.Identity{AuthenticatedAt: now.Add(-ago)}
		if got := identity.Fresh(now); got != want {
			t.Errorf("a password given %s ago is fresh: %t", ago, got)
		}
	}
}

func TestWhatAnIdentityMayDo(t *testing.T) {
	const own, store = "", "d-0123456789"
	all := []string{credential.ScopeCodeCatalyst, credential.ScopeManage, credential.ScopePortal, credential.ScopeBrowser}
	for _, row := range []struct {
		what    string
		store   directory.StoreID
		kind    credential.SessionKind
		granted []string
		want    []string
	}{
		{"a Builder ID user in a browser", own, credential.Browser, nil, []string{credential.ScopeCodeCatalyst, credential.ScopeManage, credential.ScopeBrowser}},
		{"a Builder ID user's client", own, credential.Device, []string{credential.ScopeManage}, []string{credential.ScopeManage}},
		{"one that was granted the portal", own, credential.Code, []string{credential.ScopePortal}, nil},
		{"one that was granted nothing", own, credential.Device, nil, nil},
		{"a user of an identity store in a browser", store, credential.Browser, nil, []string{credential.ScopePortal, credential.ScopeBrowser}},
		{"their client", store, credential.Code, []string{credential.ScopePortal}, []string{credential.ScopePortal}},
		{"one that was granted all there is", store, credential.Device, all[:3], []string{credential.ScopePortal}},
		{"one that was granted another's", store, credential.Device, all[:2], nil},
	} {
		identity := credential.Identity{Store: row.store, Kind: row.kind, Scopes: row.granted}
		var got []string
		for _, scope := range all {
			if identity.Check(scope) == nil {
				got = append(got, scope)
			}
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s may %v, want %v", row.what, got, row.want)
		}
	}
}
