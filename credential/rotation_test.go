package credential_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

const day = 24 * time.Hour

func (w *world) rotate(user directory.UserID, id credential.AccessTokenID, r credential.Rotation) (token credential.AccessToken, secret credential.Token, err error) {
	err = w.write(func(tx *database.Tx) error {
		token, secret, err = w.RotateAccessToken(tx, user, id, r)
		return err
	})
	return token, secret, err
}

// scoped makes a token of ada's that is limited.
func (w *world) scoped(expires time.Duration) (token credential.AccessToken, secret credential.Token) {
	w.t.Helper()
	w.must(w.write(func(tx *database.Tx) (err error) {
		token, secret, err = w.CreateAccessToken(tx, w.ada, credential.NewAccessToken{
			Name: "laptop", ExpiresAt: w.now.Add(expires), Reach: credential.Reach{Space: "s", Project: "p", Path: "acme/web", ReadOnly: true}})
		return err
	}))
	return token, secret
}

func TestARotatedTokenGoesOnForTheOverlap(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, oldSecret := w.scoped(90 * day)
		w.pass(day)
		next, nextSecret, err := w.rotate(w.ada, old.ID, credential.Rotation{Overlap: time.Hour})
		w.must(err)
		if next.ID == old.ID || next.Name != old.Name || next.Reach != old.Reach || next.Family != old.ID || !next.ExpiresAt.Equal(w.now.Add(90*day)) {
			t.Errorf("the successor of %+v is %+v", old, next)
		}
		listed := w.listTokens(w.ada, "", 10)
		if len(listed) != 2 || listed[0].RotatedAt != w.now || listed[0].ExpiresAt != w.now.Add(time.Hour) || !listed[1].RotatedAt.IsZero() {
			t.Errorf("listed are %+v", listed)
		}
		_, _, err = w.rotate(w.ada, old.ID, credential.Rotation{})
		w.is(err, fault.Conflict)
		w.pass(time.Hour - time.Microsecond)
		for _, secret := range []credential.Token{oldSecret, nextSecret} {
			_, err := w.verifyToken(secret)
			w.must(err)
		}
		w.pass(time.Microsecond)
		_, err = w.verifyToken(oldSecret)
		w.is(err, fault.Unauthenticated)
		_, err = w.verifyToken(nextSecret)
		w.must(err)
		third, _, err := w.rotate(w.ada, next.ID, credential.Rotation{ExpiresAt: w.now.Add(2 * day)})
		w.must(err)
		if third.Family != old.ID || !third.ExpiresAt.Equal(w.now.Add(2*day)) {
			t.Errorf("the third is %+v", third)
		}
		_, err = w.verifyToken(nextSecret)
		w.is(err, fault.Unauthenticated)
	})
}

func TestRotationLengthensNoToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, secret := w.scoped(time.Hour)
		_, _, err := w.rotate(w.ada, old.ID, credential.Rotation{Overlap: 100 * 365 * day})
		w.must(err)
		w.pass(time.Hour)
		_, err = w.verifyToken(secret)
		w.is(err, fault.Unauthenticated)
	})
}

func TestWhatCannotBeRotated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token, _ := w.scoped(day)
		for what, ask := range map[string]struct {
			user directory.UserID
			id   credential.AccessTokenID
			credential.Rotation
			kind fault.Kind
		}{
			"somebody else's":      {w.bob, token.ID, credential.Rotation{}, fault.NotFound},
			"one nobody has":       {w.ada, "nothing", credential.Rotation{}, fault.NotFound},
			"before now":           {w.ada, token.ID, credential.Rotation{Overlap: -1}, fault.Invalid},
			"into one of the past": {w.ada, token.ID, credential.Rotation{ExpiresAt: w.now}, fault.Invalid},
			"into one for ever":    {w.ada, token.ID, credential.Rotation{ExpiresAt: w.now.AddDate(11, 0, 0)}, fault.Invalid},
		} {
			if _, _, err := w.rotate(ask.user, ask.id, ask.Rotation); !fault.Is(err, ask.kind) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if listed := w.listTokens(w.ada, "", 10); len(listed) != 1 || !listed[0].RotatedAt.IsZero() {
			t.Errorf("after refusals there are %+v", listed)
		}
		for i := range 99 {
			_, _, err := w.createToken(w.ada, fmt.Sprint(i), time.Time{})
			w.must(err)
		}
		_, _, err := w.rotate(w.ada, token.ID, credential.Rotation{Overlap: time.Hour})
		w.is(err, fault.Quota)
		_, _, err = w.rotate(w.ada, token.ID, credential.Rotation{})
		w.must(err)
		w.pass(day)
		_, _, err = w.rotate(w.ada, token.ID, credential.Rotation{})
		w.is(err, fault.NotFound)
	})
}

// What is handed out to Git lives and dies with the sign-in it was handed out in.
func TestATokenHandedOutForGit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var who credential.Identity
		access := w.letIn(w.client(), w.ada).Access
		w.must(w.read(func(tx *database.ReadTx) (err error) {
			who, err = w.Authenticate(tx, string(access))
			return err
		}))
		handOut := func() (token credential.AccessToken, secret credential.Token) {
			t.Helper()
			w.must(w.write(func(tx *database.Tx) (err error) {
				token, secret, err = w.HandOutAccessToken(tx, who, credential.Reach{Space: "s", Project: "p", Repository: "r", Path: "acme/web/shop"})
				return err
			}))
			return token, secret
		}
		first, firstSecret := handOut()
		presented, err := w.presentToken("ada", firstSecret)
		w.must(err)
		if presented.Token.Reach.Repository != "r" || !presented.Token.ExpiresAt.Equal(w.now.Add(time.Hour)) {
			t.Errorf("handed out is %+v", presented)
		}
		if listed := w.listTokens(w.ada, "", 10); len(listed) != 0 {
			t.Errorf("it is listed: %+v", listed)
		}
		w.is(w.deleteToken(w.ada, first.ID), fault.NotFound)
		_, _, err = w.rotate(w.ada, first.ID, credential.Rotation{})
		w.is(err, fault.NotFound)

		for range 63 {
			handOut()
		}
		_, err = w.verifyToken(firstSecret)
		w.must(err)
		_, last := handOut()
		_, err = w.verifyToken(firstSecret)
		w.is(err, fault.Unauthenticated)
		for i := range 100 {
			_, _, err := w.createToken(w.ada, fmt.Sprint(i), time.Time{})
			w.must(err)
		}
		handOut()

		_, err = w.verifyToken(last)
		w.must(err)
		w.must(w.write(func(tx *database.Tx) error { return w.EndSession(tx, w.ada, who.SessionID) }))
		_, err = w.verifyToken(last)
		w.is(err, fault.Unauthenticated)
	})
}

func TestATokenHandedOutForGitIsGoodForAnHourAndNoLongerThanTheSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		access := w.letIn(w.client(), w.ada).Access
		var who credential.Identity
		w.must(w.read(func(tx *database.ReadTx) (err error) {
			who, err = w.Authenticate(tx, string(access))
			return err
		}))
		handOut := func() (secret credential.Token) {
			w.must(w.write(func(tx *database.Tx) (err error) {
				_, secret, err = w.HandOutAccessToken(tx, who, credential.Reach{})
				return err
			}))
			return secret
		}
		early := handOut()
		w.pass(time.Hour)
		_, err := w.verifyToken(early)
		w.is(err, fault.Unauthenticated)
		w.pass(7*day - 90*time.Minute)
		late := handOut()
		w.pass(30*time.Minute - time.Microsecond)
		_, err = w.verifyToken(late)
		w.must(err)
		w.pass(time.Microsecond)
		_, err = w.verifyToken(late)
		w.is(err, fault.Unauthenticated)
	})
}
