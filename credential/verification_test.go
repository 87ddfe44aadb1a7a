package credential_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

func (w *world) startVerification(email string) (verification credential.Verification, code string, err error) {
	err = w.write(func(tx *database.Tx) error {
		verification, code, err = w.StartVerification(tx, email)
		return err
	})
	return verification, code, err
}

func (w *world) verify(id credential.VerificationID, code string) (email string, err error) {
	err = w.write(func(tx *database.Tx) error {
		email, err = w.Verify(tx, id, code)
		return err
	})
	return email, err
}

func (w *world) verified(id credential.VerificationID) (email string, err error) {
	err = w.read(func(tx *database.ReadTx) error {
		email, err = w.Verified(tx, id)
		return err
	})
	return email, err
}

func (w *world) consume(id credential.VerificationID) (email string, err error) {
	err = w.write(func(tx *database.Tx) error {
		email, err = w.Consume(tx, id)
		return err
	})
	return email, err
}

// wrong is six other digits.
func wrong(code string) string {
	var n int
	fmt.Sscan(strings.TrimLeft(code, "0")+" ", &n)
	return fmt.Sprintf("%06d", (n+1)%1_000_000)
}

func TestACodeProvesAnAddressOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		started, code, err := w.startVerification("Carol@Example.com")
		w.must(err)
		if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(code) {
			t.Errorf("the code is %q", code)
		}
		_, err = w.verified(started.ID)
		w.is(err, fault.Invalid)
		_, err = w.consume(started.ID)
		w.is(err, fault.Invalid)
		for range 2 { // a form is sent twice easily
			email, err := w.verify(started.ID, code)
			w.must(err)
			if email != "Carol@Example.com" {
				t.Errorf("it proves %s", email)
			}
		}
		w.pass(30*time.Minute - time.Microsecond)
		_, err = w.verified(started.ID)
		w.must(err)
		email, err := w.consume(started.ID)
		w.must(err)
		if email != "Carol@Example.com" {
			t.Errorf("it proved %s", email)
		}
		_, err = w.consume(started.ID)
		w.is(err, fault.NotFound)
		_, err = w.verified(started.ID)
		w.is(err, fault.NotFound)
	})
}

func TestACodeIsGoodForTenMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		early, earlyCode, err := w.startVerification("carol@example.com")
		w.must(err)
		late, lateCode, err := w.startVerification("dave@example.com")
		w.must(err)
		w.pass(10*time.Minute - time.Microsecond)
		_, err = w.verify(early.ID, earlyCode)
		w.must(err)
		w.pass(time.Microsecond)
		_, err = w.verify(late.ID, lateCode)
		w.is(err, fault.NotFound)
		w.pass(30 * time.Minute)
		_, err = w.verified(early.ID)
		w.is(err, fault.NotFound)
	})
}

func TestFiveWrongCodesAndTheRightOneIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		started, code, err := w.startVerification("carol@example.com")
		w.must(err)
		for left := 4; left >= 0; left-- {
			_, err := w.verify(started.ID, wrong(code))
			w.is(err, fault.Invalid)
			if !fault.IsKept(err) || left > 0 && !strings.HasSuffix(err.Error(), fmt.Sprint(left)) {
				t.Errorf("with %d tries left: %v", left, err)
			}
		}
		_, err = w.verify(started.ID, code)
		w.is(err, fault.Invalid)
		_, err = w.verified(started.ID)
		w.is(err, fault.Invalid)
	})
}

func TestFourWrongCodesAndTheRightOneIsTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		started, code, err := w.startVerification("carol@example.com")
		w.must(err)
		for range 4 {
			w.verify(started.ID, wrong(code))
		}
		_, err = w.verify(started.ID, code)
		w.must(err)
	})
}

func TestTheCodeOfAnotherVerificationIsWrong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mine, code, err := w.startVerification("mallory@example.com")
		w.must(err)
		theirs, other, err := w.startVerification("carol@example.com")
		w.must(err)
		if code == other {
			t.Skip("one in a million")
		}
		_, err = w.verify(theirs.ID, code)
		w.is(err, fault.Invalid)
		_, err = w.verify(mine.ID, code)
		w.must(err)
		_, err = w.verify("nobody's", code)
		w.is(err, fault.NotFound)
	})
}

// More guesses than this a day would make six digits worth trying.
func TestAttackGuessingCodesDayAfterDay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		guesses := 0
		for end := w.now.Add(24 * time.Hour); w.now.Before(end); w.pass(30 * time.Minute) {
			w.must(w.write(w.Sweep))
			started, code, err := w.startVerification("carol@example.com")
			if err != nil {
				w.is(err, fault.Throttled)
				if !strings.Contains(err.Error(), "on 5 May at 09:00:00 UTC") {
					t.Fatalf("%q does not say when", err)
				}
				continue
			}
			for fault.IsKept(func() error { _, err := w.verify(started.ID, wrong(code)); return err }()) {
				guesses++
			}
		}
		if guesses != 25 {
			t.Errorf("%d guesses in a day", guesses)
		}
		_, _, err := w.startVerification("carol@example.com")
		w.must(err)
	})
}

func TestUsedCodesAreCounted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 5 {
			started, code, err := w.startVerification("carol@example.com")
			w.must(err)
			_, err = w.verify(started.ID, code)
			w.must(err)
			_, err = w.consume(started.ID)
			w.must(err)
			w.pass(time.Hour)
			w.must(w.write(w.Sweep))
		}
		_, _, err := w.startVerification("carol@example.com")
		w.is(err, fault.Throttled)
	})
}

func TestACodeIsSentAgainAfterFiveMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, code, err := w.startVerification("carol@example.com")
		w.must(err)
		w.pass(5*time.Minute - time.Microsecond)
		_, _, err = w.startVerification("CAROL@example.com")
		w.is(err, fault.Throttled)
		if !strings.Contains(err.Error(), "09:05:00") {
			t.Errorf("%q does not say when", err)
		}
		_, _, err = w.startVerification("dave@example.com")
		w.must(err)
		w.pass(time.Microsecond)
		_, _, err = w.startVerification("carol@example.com")
		w.must(err)
		_, err = w.verify(first.ID, code)
		w.must(err)
	})
}

func TestNobodyLearnsFromAVerificationWhoHasAnAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, _, known := w.startVerification("ada@example.com")
		_, _, unknown := w.startVerification("nobody@example.com")
		w.must(known)
		w.must(unknown)
	})
}

func TestOnlyAnAddressIsVerified(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, email := range []string{"", "carol", "Carol <carol@example.com>", "a@example.com, b@example.com", "a@example.com\nBcc: b@example.com"} {
			_, _, err := w.startVerification(email)
			w.is(err, fault.Invalid)
		}
	})
}
