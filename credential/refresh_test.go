package credential_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
)

func (w *world) refresh(client credential.Client, token credential.Token, scopes ...string) (tokens credential.Tokens, err error) {
	err = w.write(func(tx *database.Tx) error {
		tokens, err = w.Refresh(tx, client, string(token), scopes)
		return err
	})
	return tokens, err
}

func TestARefreshTokenGivesTheNext(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		first := w.letIn(client, w.ada)
		w.pass(2 * time.Hour)
		w.gone(first.Access)
		second, err := w.refresh(client, first.Refresh)
		w.must(err)
		w.good(second.Access)
		if second.Refresh == first.Refresh || second.SessionID != first.SessionID || second.UserID != w.ada || !slices.Equal(second.Scopes, first.Scopes) {
			t.Errorf("after %+v came %+v", first, second)
		}
		identity, err := w.authenticate(second.Access)
		w.must(err)
		if !identity.UsedAt.Equal(w.now) {
			t.Errorf("the session was last used at %s", identity.UsedAt)
		}
		_, err = w.refresh(client, second.Refresh)
		w.must(err)
	})
}

func TestARefreshTokenReusedEndsItsSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		first, other := w.letIn(client, w.ada), w.letIn(client, w.ada)
		second, err := w.refresh(client, first.Refresh)
		w.must(err)
		w.pass(30*time.Second + time.Microsecond)
		_, err = w.refresh(client, first.Refresh)
		w.refused(err, credential.ReasonInvalidGrant, true)
		w.gone(first.Access)
		w.gone(second.Access)
		_, err = w.refresh(client, second.Refresh)
		w.refused(err, credential.ReasonInvalidGrant, false)
		w.good(other.Access)
	})
}

func TestTwoProcessesThatRefreshAtOnceDoNotEndTheirSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		first := w.letIn(client, w.ada)
		second, err := w.refresh(client, first.Refresh)
		w.must(err)
		w.pass(30 * time.Second)
		_, err = w.refresh(client, first.Refresh)
		w.refused(err, credential.ReasonInvalidGrant, false)
		w.good(second.Access)
		_, err = w.refresh(client, second.Refresh)
		w.must(err)
	})
}

func TestARefreshTokenOfAnotherClientIsRefusedAndHarmless(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client, thief := w.client(), w.client()
		first := w.letIn(client, w.ada)
		_, err := w.refresh(thief, first.Refresh)
		w.refused(err, credential.ReasonInvalidGrant, false)
		_, err = w.refresh(client, first.Refresh)
		w.must(err)
	})
}

func TestOnlyARefreshTokenRefreshes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		tokens := w.letIn(client, w.ada)
		for _, token := range []credential.Token{"", tokens.Access, credential.NewToken(credential.Refresh)} {
			_, err := w.refresh(client, token)
			w.refused(err, credential.ReasonInvalidGrant, false)
		}
	})
}

func TestRefreshingDoesNotLengthenASession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		tokens := w.letIn(client, w.ada)
		w.pass(7*24*time.Hour - 20*time.Minute)
		tokens, err := w.refresh(client, tokens.Refresh)
		w.must(err)
		if tokens.ExpiresIn != 20*time.Minute {
			t.Errorf("the last access token is good for %s", tokens.ExpiresIn)
		}
		w.pass(20 * time.Minute)
		w.gone(tokens.Access)
		_, err = w.refresh(client, tokens.Refresh)
		w.refused(err, credential.ReasonInvalidGrant, false)
	})
}

func TestRefreshingDoesNotWidenASession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		tokens := w.letIn(client, w.ada)
		_, err := w.refresh(client, tokens.Refresh, credential.ScopePortal)
		w.refused(err, credential.ReasonInvalidScope, false)
		again, err := w.refresh(client, tokens.Refresh, credential.ScopeManage)
		w.must(err)
		if !slices.Equal(again.Scopes, tokens.Scopes) {
			t.Errorf("got %v", again.Scopes)
		}
	})
}

func TestAnEndedSessionDoesNotRefresh(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.client()
		tokens := w.letIn(client, w.ada)
		w.must(w.endSession(w.ada, tokens.SessionID))
		_, err := w.refresh(client, tokens.Refresh)
		w.refused(err, credential.ReasonInvalidGrant, false)
	})
}
