package credential_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
)

// renew does what the job does, and tells whether it was time.
func (w *world) renew() bool {
	w.t.Helper()
	due := false
	w.must(w.db.Read(w.t.Context(), func(tx *database.ReadTx) (err error) {
		due, err = w.SigningKeyDue(tx)
		return err
	}))
	if due {
		made, err := credential.MakeSigningKey()
		w.must(err)
		w.must(w.write(func(tx *database.Tx) error { return w.AddSigningKey(tx, made) }))
	}
	return due
}

func (w *world) signing() (signs credential.SigningKeyID, published []credential.SigningKeyID) {
	w.t.Helper()
	w.must(w.db.Read(w.t.Context(), func(tx *database.ReadTx) error {
		id, private, err := w.SigningKey(tx)
		if err != nil {
			return err
		}
		signs = id
		keys, err := w.SigningKeys(tx)
		for _, key := range keys {
			published = append(published, key.ID)
			if key.ID == id && !key.Public.Equal(&private.PublicKey) {
				w.t.Errorf("the key %s is published with another public key", id)
			}
		}
		return err
	}))
	return signs, published
}

func TestSigningKeysArePublishedBeforeTheySignAndAfter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if !w.renew() || w.renew() {
			t.Fatal("the first key is due at once, and no second one")
		}
		first, published := w.signing()
		if len(published) != 1 || published[0] != first {
			t.Fatalf("%s signs, %v are published", first, published)
		}
		for _, step := range []struct {
			what      string
			later     time.Duration
			due       bool
			published int
			signs     bool // still the first
		}{
			{"a day and an hour before its end", credential.SigningLifetime - 25*time.Hour, false, 1, true},
			{"less than a day before", 2 * time.Hour, true, 2, true},
			{"just before the second signs", 23*time.Hour + 59*time.Minute, false, 2, true},
			{"when the second signs", 2 * time.Minute, false, 2, false},
			{"a day later", 23*time.Hour + 50*time.Minute, false, 2, false},
			{"when no token of the first is good any more", 20 * time.Minute, false, 1, false},
		} {
			w.now = w.now.Add(step.later)
			if due := w.renew(); due != step.due {
				t.Errorf("%s: another is due: %v", step.what, due)
			}
			if signs, published := w.signing(); (signs == first) != step.signs || len(published) != step.published {
				t.Errorf("%s: %s signs of %v, the first was %s", step.what, signs, published, first)
			}
		}
	})
}

// A server that slept goes on with the old key until the new one has been announced.
func TestASigningKeyIsAnnouncedAfterALongSleep(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.renew()
		first, _ := w.signing()
		w.now = w.now.Add(10 * credential.SigningLifetime)
		if signs, _ := w.signing(); signs != first {
			t.Errorf("%s signs, and %s should still", signs, first)
		}
		w.renew()
		if signs, published := w.signing(); signs != first || len(published) != 2 {
			t.Errorf("%s signs of %v", signs, published)
		}
		w.now = w.now.Add(25 * time.Hour)
		if signs, _ := w.signing(); signs == first {
			t.Error("the new key does not sign")
		}
	})
}

// Two nodes that made a key at the same time go on with one.
func TestOneSigningKeyIsTakenOfTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 2 {
			made, err := credential.MakeSigningKey()
			w.must(err)
			w.must(w.write(func(tx *database.Tx) error { return w.AddSigningKey(tx, made) }))
		}
		if _, published := w.signing(); len(published) != 1 {
			t.Errorf("there are %v", published)
		}
	})
}
