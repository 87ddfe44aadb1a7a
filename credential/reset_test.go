package credential_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

func (w *world) tryReset(email string) (verification credential.Verification, token credential.Token, err error) {
	err = w.write(func(tx *database.Tx) error {
		verification, token, err = w.StartReset(tx, email)
		return err
	})
	return verification, token, err
}

func (w *world) startReset(email string) credential.Token {
	w.t.Helper()
	_, token, err := w.tryReset(email)
	w.must(err)
	return token
}

func (w *world) resetEmail(token credential.Token) (email string, err error) {
	err = w.read(func(tx *database.ReadTx) error {
		link, err := w.Reset(tx, string(token))
		email = link.Email
		return err
	})
	return email, err
}

func (w *world) consumeReset(token credential.Token) (email string, err error) {
	err = w.write(func(tx *database.Tx) error {
		link, err := w.ConsumeReset(tx, string(token))
		email = link.Email
		return err
	})
	return email, err
}

func TestALinkProvesAnAddressOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.startReset("Carol@Example.com")
		w.pass(5 * time.Minute)
		second := w.startReset("carol@example.com")
		another := w.startReset("dave@example.com")
		w.pass(10*time.Minute - time.Microsecond)
		for range 2 { // looking uses nothing up
			email, err := w.resetEmail(first)
			w.must(err)
			if email != "Carol@Example.com" {
				t.Errorf("it proves %s", email)
			}
		}
		_, err := w.consumeReset(first)
		w.must(err)
		for _, token := range []credential.Token{first, second} {
			_, err = w.resetEmail(token)
			w.is(err, fault.NotFound)
			_, err = w.consumeReset(token)
			w.is(err, fault.NotFound)
		}
		_, err = w.consumeReset(another)
		w.must(err)
	})
}

func TestALinkIsGoodForFifteenMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.startReset("carol@example.com")
		w.pass(15*time.Minute - time.Microsecond)
		_, err := w.resetEmail(token)
		w.must(err)
		w.pass(time.Microsecond)
		_, err = w.consumeReset(token)
		w.is(err, fault.NotFound)
	})
}

func TestAttackResettingByWhatWasMailedToSignUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		started, code, err := w.startVerification("carol@example.com")
		w.must(err)
		for _, token := range []credential.Token{credential.Token(code), credential.Token(started.ID), "", credential.NewToken(credential.ResetLink)} {
			_, err := w.consumeReset(token)
			w.is(err, fault.NotFound)
		}
		_, err = w.verify(started.ID, code)
		w.must(err)
		_, err = w.consumeReset(credential.Token(started.ID))
		w.is(err, fault.NotFound)
	})
}

func TestAttackSigningUpByWhatWasMailedToReset(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		reset, token, err := w.tryReset("carol@example.com")
		w.must(err)
		_, err = w.verify(reset.ID, string(token))
		w.is(err, fault.NotFound)
		_, err = w.verified(reset.ID)
		w.is(err, fault.NotFound)
		_, err = w.consume(reset.ID)
		w.is(err, fault.NotFound)
	})
}

func TestAttackKeepingALinkFromSomebodyBySigningUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 5 {
			_, _, err := w.startVerification("ada@example.com")
			w.must(err)
			w.startReset("ada@example.com")
			_, _, err = w.startVerification("ada@example.com")
			w.is(err, fault.Throttled)
			_, _, err = w.tryReset("ada@example.com")
			w.is(err, fault.Throttled)
			w.pass(time.Hour)
		}
		_, _, err := w.startVerification("ada@example.com")
		w.is(err, fault.Throttled)
		w.startReset("ada@example.com")
	})
}

// Nobody can use up the links of a day, so that the owner gets none.
func TestAttackKeepingALinkFromSomebodyByAskingForThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 20 {
			w.startReset("ada@example.com")
			w.pass(5 * time.Minute)
		}
		w.startReset("ada@example.com")
	})
}
