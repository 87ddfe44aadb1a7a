package credential_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// The pair that RFC 7636 prints in appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

const listening = "http://127.0.0.1:49152/oauth/callback"

func (w *world) tryCode(newCode credential.NewCode) (code credential.Token, err error) {
	err = w.write(func(tx *database.Tx) error {
		code, err = w.NewCode(tx, newCode)
		return err
	})
	return code, err
}

// newCode is a code for ada, to be sent to the callback as it is registered.
func (w *world) newCode(client credential.Client) credential.Token {
	w.t.Helper()
	code, err := w.tryCode(credential.NewCode{Client: client, By: w.identity(w.ada), RedirectURI: callback, Challenge: challenge})
	w.must(err)
	return code
}

func (w *world) redeemCode(client credential.Client, code credential.Token, redirectURI, verifier string) (tokens credential.Tokens, err error) {
	err = w.write(func(tx *database.Tx) error {
		tokens, err = w.RedeemCode(tx, client, string(code), redirectURI, verifier, laptop)
		return err
	})
	return tokens, err
}

func TestACodeBeginsASession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		ada := w.identity(w.ada)
		code, err := w.tryCode(credential.NewCode{Client: client, By: ada, RedirectURI: listening, Challenge: challenge, Scopes: []string{credential.ScopeManage}})
		w.must(err)
		w.pass(2*time.Minute - time.Microsecond)
		tokens, err := w.redeemCode(client, code, listening, verifier)
		w.must(err)
		identity, err := w.authenticate(tokens.Access)
		w.must(err)
		if diff := cmp.Diff(credential.Identity{SessionID: tokens.SessionID, UserID: w.ada, Alias: "ada", Scopes: []string{credential.ScopeManage},
			AuthenticatedAt: ada.AuthenticatedAt, Kind: credential.Code, UsedAt: w.now}, identity); diff != "" {
			t.Error(diff)
		}
	})
}

func TestACodeExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		code := w.newCode(client)
		w.pass(2 * time.Minute)
		_, err := w.redeemCode(client, code, callback, verifier)
		w.refused(err, credential.ReasonInvalidGrant, false)
	})
}

func TestWhatACodeTakes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		ada := w.identity(w.ada)
		cli, err := w.authenticate(w.letIn(client, w.ada).Access)
		w.must(err)
		for _, row := range []struct {
			what   string
			change func(*credential.NewCode)
			want   fault.Reason
		}{
			{"everything", func(*credential.NewCode) {}, ""},
			{"another port of the loopback address", func(c *credential.NewCode) { c.RedirectURI = listening }, ""},
			{"a redirect URI that is not registered", func(c *credential.NewCode) { c.RedirectURI = "https://evil.example/" }, credential.ReasonInvalidRedirectURI},
			{"no redirect URI", func(c *credential.NewCode) { c.RedirectURI = "" }, credential.ReasonInvalidRedirectURI},
			{"no challenge", func(c *credential.NewCode) { c.Challenge = "" }, credential.ReasonInvalidRequest},
			{"a short challenge", func(c *credential.NewCode) { c.Challenge = challenge[1:] }, credential.ReasonInvalidRequest},
			{"a padded challenge", func(c *credential.NewCode) { c.Challenge += "=" }, credential.ReasonInvalidRequest},
			{"a scope beyond the registered ones", func(c *credential.NewCode) { c.Scopes = []string{credential.ScopePortal} }, credential.ReasonInvalidScope},
		} {
			newCode := credential.NewCode{Client: client, By: ada, RedirectURI: callback, Challenge: challenge}
			row.change(&newCode)
			_, err := w.tryCode(newCode)
			if row.want == "" && err != nil || row.want != "" && !fault.HasReason(err, row.want) {
				t.Errorf("%s: %v, want %q", row.what, err, row.want)
			}
		}
		_, err = w.tryCode(credential.NewCode{Client: client, By: cli, RedirectURI: callback, Challenge: challenge})
		w.is(err, fault.Denied)
	})
}

func TestAStolenCodeNeedsItsVerifier(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		for what, guess := range map[string]string{
			"no verifier": "", "the challenge": challenge, "another verifier": strings.Repeat("a", 43),
			"a verifier and a line end": verifier + "\n", "a verifier cut short": verifier[:42],
		} {
			_, err := w.redeemCode(client, w.newCode(client), callback, guess)
			if !fault.HasReason(err, credential.ReasonInvalidGrant) || !fault.IsKept(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestAWrongVerifierBurnsTheCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		code := w.newCode(client)
		_, err := w.redeemCode(client, code, callback, strings.Repeat("a", 43))
		w.refused(err, credential.ReasonInvalidGrant, true)
		_, err = w.redeemCode(client, code, callback, verifier)
		w.refused(err, credential.ReasonInvalidGrant, true)
	})
}

func TestAnotherRedirectURIBurnsTheCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		for _, uri := range []string{listening, "", callback + "/", "https://evil.example/"} {
			code := w.newCode(client)
			_, err := w.redeemCode(client, code, uri, verifier)
			w.refused(err, credential.ReasonInvalidGrant, true)
			_, err = w.redeemCode(client, code, callback, verifier)
			w.refused(err, credential.ReasonInvalidGrant, true)
		}
	})
}

func TestACodeRedeemedTwiceEndsItsSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		code := w.newCode(client)
		tokens, err := w.redeemCode(client, code, callback, verifier)
		w.must(err)
		w.good(tokens.Access)
		w.pass(5 * time.Minute)
		_, err = w.redeemCode(client, code, callback, "")
		w.refused(err, credential.ReasonInvalidGrant, true)
		w.gone(tokens.Access)
	})
}

func TestACodeOfAnotherClientIsRefusedAndHarmless(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client, thief := w.client(), w.client()
		code := w.newCode(client)
		_, err := w.redeemCode(thief, code, callback, verifier)
		w.refused(err, credential.ReasonInvalidGrant, false)
		tokens, err := w.redeemCode(client, code, callback, verifier)
		w.must(err)
		_, err = w.redeemCode(thief, code, callback, verifier)
		w.refused(err, credential.ReasonInvalidGrant, false)
		w.good(tokens.Access)
	})
}
