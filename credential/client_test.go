package credential_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

func (w *world) verifyClient(id credential.ClientID, secret string) (client credential.Client, err error) {
	err = w.read(func(tx *database.ReadTx) error {
		client, err = w.VerifyClient(tx, id, secret)
		return err
	})
	return client, err
}

func TestWhatAClientMaySayOfItself(t *testing.T) {
	type change = func(*credential.NewClient)
	name := func(name string) change { return func(c *credential.NewClient) { c.Name = name } }
	kind := func(kind string) change { return func(c *credential.NewClient) { c.Type = kind } }
	scopes := func(scopes ...string) change { return func(c *credential.NewClient) { c.Scopes = scopes } }
	uris := func(uris ...string) change { return func(c *credential.NewClient) { c.RedirectURIs = uris } }
	grants := func(grants ...credential.GrantType) change {
		return func(c *credential.NewClient) { c.GrantTypes = grants }
	}
	many := func(n int) (uris []string) {
		for i := range n {
			uris = append(uris, fmt.Sprintf("https://example.com/%d", i))
		}
		return uris
	}
	each(t, func(t *testing.T, w *world) {
		for _, row := range []struct {
			what   string
			change change
			want   fault.Reason
		}{
			{"a public client", kind("public"), ""},
			{"a confidential one", kind("confidential"), credential.ReasonInvalidClientMetadata},
			{"one of no type", kind(""), credential.ReasonInvalidClientMetadata},
			{"no name", name(""), credential.ReasonInvalidClientMetadata},
			{"the longest name", name(strings.Repeat("é", 256)), ""},
			{"a longer name", name(strings.Repeat("é", 257)), credential.ReasonInvalidClientMetadata},
			{"a name of two lines", name("AWS\nCLI"), credential.ReasonInvalidClientMetadata},
			{"a name that writes backwards", name("AWS \u202eILC"), credential.ReasonInvalidClientMetadata},
			{"a name that is not text", name("\xff"), credential.ReasonInvalidClientMetadata},
			{"no scopes", scopes(), ""},
			{"every scope", scopes(credential.ScopeCodeCatalyst, credential.ScopePortal, credential.ScopeManage), ""},
			{"an unknown scope", scopes(credential.ScopePortal, "root"), credential.ReasonInvalidScope},
			{"no grant types and no redirect URI", func(c *credential.NewClient) { c.GrantTypes, c.RedirectURIs = nil, nil }, ""},
			{"an unknown grant type", grants("password"), credential.ReasonUnsupportedGrantType},
			{"ten redirect URIs", uris(many(10)...), ""},
			{"eleven redirect URIs", uris(many(11)...), credential.ReasonInvalidRedirectURI},
			{"codes without a redirect URI", uris(), credential.ReasonInvalidRedirectURI},
			{"a good and a bad redirect URI", uris(callback, "http://example.com/"), credential.ReasonInvalidRedirectURI},
		} {
			_, _, err := w.register(row.change)
			if row.want == "" && err != nil || row.want != "" && !fault.HasReason(err, row.want) {
				t.Errorf("%s: %v, want %q", row.what, err, row.want)
			}
		}
	})
}

func TestAnUnknownScopeIsNamedWithTheKnownOnes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, _, err := w.register(func(c *credential.NewClient) { c.Scopes = []string{"root"} })
		for _, word := range []string{`"root"`, credential.ScopeCodeCatalyst, credential.ScopePortal, credential.ScopeManage} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q does not name %s", err, word)
			}
		}
	})
}

func TestAClientIsWhatItRegisteredAs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		registered, secret, err := w.register(func(c *credential.NewClient) {
			c.GrantTypes = nil
			c.Scopes = []string{credential.ScopePortal, credential.ScopePortal}
		})
		w.must(err)
		want := credential.Client{ID: registered.ID, Name: "a client", Scopes: []string{credential.ScopePortal}, RedirectURIs: []string{callback},
			GrantTypes: []credential.GrantType{credential.GrantDeviceCode, credential.GrantRefreshToken}, CreatedAt: w.now, ExpiresAt: w.now.Add(90 * 24 * time.Hour)}
		verified, err := w.verifyClient(registered.ID, secret)
		w.must(err)
		if diff := cmp.Diff([]credential.Client{want, want}, []credential.Client{registered, verified}); diff != "" {
			t.Error(diff)
		}
	})
}

func TestUnknownWrongAndExpiredClientsAreToldTheSame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client, secret, err := w.register()
		w.must(err)
		_, unknown := w.verifyClient("nobody", secret)
		_, wrong := w.verifyClient(client.ID, secret+"x")
		_, empty := w.verifyClient(client.ID, "")
		w.pass(90 * 24 * time.Hour)
		_, expired := w.verifyClient(client.ID, secret)
		for what, err := range map[string]error{"unknown": unknown, "wrong": wrong, "empty": empty, "expired": expired} {
			if !fault.HasReason(err, credential.ReasonInvalidClient) || !fault.Is(err, fault.Unauthenticated) || err.Error() != unknown.Error() {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestAClientUsesOnlyTheGrantsItRegisteredFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		full := w.client()
		device := w.start(full)
		code := w.newCode(full)
		tokens := w.letIn(full, w.ada)

		bare := full
		bare.GrantTypes = nil
		_, err := w.startDevice(bare, nil)
		w.refused(err, credential.ReasonUnauthorizedClient, false)
		_, err = w.redeem(bare, device.DeviceCode)
		w.refused(err, credential.ReasonUnauthorizedClient, false)
		_, err = w.redeemCode(bare, code, callback, verifier)
		w.refused(err, credential.ReasonUnauthorizedClient, false)
		_, err = w.refresh(bare, tokens.Refresh)
		w.refused(err, credential.ReasonUnauthorizedClient, false)
		_, err = w.tryCode(credential.NewCode{Client: bare, By: w.identity(w.ada), RedirectURI: callback, Challenge: challenge})
		w.refused(err, credential.ReasonUnauthorizedClient, false)
	})
}

func TestAClientThatMayNotRefreshGetsNoRefreshToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client(func(c *credential.NewClient) { c.GrantTypes = []credential.GrantType{credential.GrantDeviceCode} })
		if tokens := w.letIn(client, w.ada); tokens.Refresh != "" || tokens.Access == "" {
			t.Errorf("got %+v", tokens)
		}
	})
}

func TestAClientIsNamedToWhoeverIsAskedAboutIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		registered := w.client()
		find := func(id credential.ClientID) (client credential.Client, err error) {
			err = w.read(func(tx *database.ReadTx) error {
				client, err = w.Client(tx, id)
				return err
			})
			return client, err
		}
		found, err := find(registered.ID)
		w.must(err)
		if diff := cmp.Diff(registered, found); diff != "" {
			t.Error(diff)
		}
		_, err = find("nobody")
		w.refused(err, credential.ReasonInvalidClient, false)
		w.pass(90 * 24 * time.Hour)
		_, err = find(registered.ID)
		w.refused(err, credential.ReasonInvalidClient, false)
	})
}
