package credential_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

const (
	store = directory.StoreID("d-0123456789")
	other = directory.StoreID("d-abcdefabcd")
)

// federated makes a user of an identity store.
func (w *world) federated(in directory.StoreID, name string) directory.UserID {
	w.t.Helper()
	id := directory.UserID(uuid.NewString())
	w.must(w.write(func(tx *database.Tx) error { return w.directory.CreateFederated(tx, id, in, name) }))
	return id
}

func scopesOf(scopes ...string) func(*credential.NewClient) {
	return func(c *credential.NewClient) { c.Scopes = scopes }
}

func TestAUserOfAnIdentityStoreIsCalledByTheirName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sam := w.federated(store, "sam@example.com")
		token := w.signIn(sam)
		identity, err := w.authenticate(token)
		w.must(err)
		if identity.Alias != "sam@example.com" || identity.Store != store || identity.UserID != sam {
			t.Errorf("the token speaks for %+v", identity)
		}
		w.must(w.write(func(tx *database.Tx) error { return w.directory.RenameFederated(tx, sam, "samuel") }))
		if identity, err = w.authenticate(token); err != nil || identity.Alias != "samuel" {
			t.Errorf("renamed: %+v, %v", identity, err)
		}
	})
}

// A client that asks for everything gets from each kind of user what is theirs to give.
func TestAttackLettingAClientHaveWhatIsTheOtherUsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sam := w.federated(store, "sam")
		all := []string{credential.ScopeCodeCatalyst, credential.ScopeManage, credential.ScopePortal}
		for _, row := range []struct {
			what    string
			by      directory.UserID
			asked   []string
			granted []string
		}{
			{"ada lets in what asks for everything", w.ada, all, all[:2]},
			{"sam lets in what asks for everything", sam, all, all[2:]},
			{"ada lets in what asks for accounts", w.ada, all[2:], nil},
			{"ada lets in what asks for nothing, and so for accounts", w.ada, nil, nil},
			{"sam lets in what asks for nothing, and so for accounts", sam, nil, all[2:]},
			{"sam lets in what asks for spaces", sam, all[:2], nil},
		} {
			client := w.client(scopesOf(row.asked...))
			by := w.identity(row.by)
			_, err := w.tryCode(credential.NewCode{Client: client, By: by, RedirectURI: callback, Challenge: challenge})
			device := w.start(client)
			if row.granted == nil {
				w.refused(err, credential.ReasonOtherUsers, false)
				w.refused(w.approve(device.UserCode, by), credential.ReasonOtherUsers, false)
				_, err = w.redeem(client, device.DeviceCode)
				w.refused(err, credential.ReasonAuthorizationPending, true)
				continue
			}
			w.must(err)
			w.must(w.approve(device.UserCode, by))
			tokens, err := w.redeem(client, device.DeviceCode)
			w.must(err)
			again, err := w.refresh(client, tokens.Refresh)
			w.must(err)
			identity, err := w.authenticate(again.Access)
			w.must(err)
			if !slices.Equal(tokens.Scopes, row.granted) || !slices.Equal(identity.Scopes, row.granted) {
				t.Errorf("%s: granted %v and then %v, want %v", row.what, tokens.Scopes, identity.Scopes, row.granted)
			}
			for _, scope := range all {
				if !slices.Contains(row.granted, scope) {
					_, err := w.refresh(client, again.Refresh, scope)
					w.refused(err, credential.ReasonInvalidScope, false)
					w.is(identity.Check(scope), fault.Denied)
				}
			}
		}
	})
}

func TestAttackLettingInAClientOfAnotherStore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sam := w.identity(w.federated(store, "sam"))
		registered := w.client(scopesOf(credential.ScopePortal), func(c *credential.NewClient) { c.Store = other })
		_, err := w.tryCode(credential.NewCode{Client: registered, By: sam, RedirectURI: callback, Challenge: challenge})
		w.refused(err, credential.ReasonOtherUsers, false)
		client := w.client(scopesOf(credential.ScopePortal))
		client.Store = other
		w.refused(w.approve(w.start(client).UserCode, sam), credential.ReasonOtherUsers, false)
		client.Store = store
		w.must(w.approve(w.start(client).UserCode, sam))
	})
}

func TestALinkForOneUserIsNoOtherUsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sam := w.federated(store, "sam")
		start := func(email string) (token credential.Token) {
			w.t.Helper()
			w.must(w.write(func(tx *database.Tx) (err error) {
				_, token, err = w.StartFirstPassword(tx, sam, email)
				return err
			}))
			return token
		}
		look := func(token credential.Token) (link credential.Reset, err error) {
			err = w.read(func(tx *database.ReadTx) error { link, err = w.Reset(tx, string(token)); return err })
			return link, err
		}
		// The address is also ada's, whose password the link has nothing to do with.
		first := start("ada@example.com")
		if link, err := look(first); err != nil || link.User != sam {
			t.Errorf("the link is for %+v, %v", link, err)
		}
		adas := w.startReset("ada@example.com")
		second := start("sam@example.com")
		_, err := look(first)
		w.is(err, fault.NotFound) // mailed to a wrong address, perhaps
		w.pass(6 * 24 * time.Hour)
		w.must(w.write(func(tx *database.Tx) error { return w.Sweep(tx) }))
		_, err = look(adas)
		w.is(err, fault.NotFound)
		_, err = w.consumeReset(second)
		w.must(err)
		_, err = w.consumeReset(second)
		w.is(err, fault.NotFound)
		third := start("sam@example.com")
		w.pass(credential.FirstPasswordLifetime)
		_, err = look(third)
		w.is(err, fault.NotFound)
		fourth := start("sam@example.com")
		w.must(w.write(func(tx *database.Tx) error { return w.Forget(tx, sam) }))
		_, err = look(fourth)
		w.is(err, fault.NotFound)
	})
}
