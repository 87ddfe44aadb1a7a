package credential_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

func (w *world) createToken(user directory.UserID, name string, expires time.Time) (token credential.AccessToken, secret credential.Token, err error) {
	err = w.write(func(tx *database.Tx) error {
		token, secret, err = w.CreateAccessToken(tx, user, credential.NewAccessToken{Name: name, ExpiresAt: expires})
		return err
	})
	return token, secret, err
}

func (w *world) listTokens(user directory.UserID, after credential.AccessTokenID, limit int) (tokens []credential.AccessToken) {
	w.t.Helper()
	w.must(w.read(func(tx *database.ReadTx) (err error) {
		tokens, err = w.AccessTokens(tx, user, after, limit)
		return err
	}))
	return tokens
}

func (w *world) deleteToken(user directory.UserID, id credential.AccessTokenID) error {
	return w.write(func(tx *database.Tx) error { return w.DeleteAccessToken(tx, user, id) })
}

// presentToken is the pair of an alias and a secret, as a Git client sends it.
func (w *world) presentToken(alias string, secret credential.Token) (who *credential.Presented, err error) {
	err = w.read(func(tx *database.ReadTx) error {
		who, err = w.AuthenticateAccessToken(tx, alias, string(secret))
		return err
	})
	return who, err
}

// verifyToken presents one of ada's.
func (w *world) verifyToken(secret credential.Token) (user directory.UserID, err error) {
	who, err := w.presentToken("ada", secret)
	if err != nil {
		return "", err
	}
	return who.UserID, nil
}

func TestWhatAPersonalAccessTokenTakes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, row := range []struct {
			what, name string
			expires    time.Duration
			good       bool
		}{
			{"a name", "laptop", time.Hour, true},
			{"any characters", " \t→ it's \"mine\"; drop table users", time.Hour, true},
			{"the longest name", strings.Repeat("é", 100), time.Hour, true},
			{"a longer name", strings.Repeat("é", 101), time.Hour, false},
			{"no name", "", time.Hour, false},
			{"a name that is not text", "\xff", time.Hour, false},
			{"an end in ten years", "laptop", 10 * 365 * 24 * time.Hour, true},
			{"an end now", "laptop", 0, false},
			{"an end in the past", "laptop", -time.Hour, false},
		} {
			token, _, err := w.createToken(w.ada, row.name, w.now.Add(row.expires))
			if row.good && (err != nil || token.Name != row.name || !token.ExpiresAt.Equal(w.now.Add(row.expires))) || !row.good && !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %+v, %v", row.what, token, err)
			}
		}
	})
}

func TestAPersonalAccessTokenLastsAYearUnlessToldOtherwise(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token, secret, err := w.createToken(w.ada, "laptop", time.Time{})
		w.must(err)
		w.now = w.now.AddDate(1, 0, 0)
		if !token.ExpiresAt.Equal(w.now) {
			t.Errorf("it expires at %s", token.ExpiresAt)
		}
		w.pass(-time.Microsecond)
		user, err := w.verifyToken(secret)
		w.must(err)
		if user != w.ada {
			t.Errorf("it is %s's", user)
		}
		w.pass(time.Microsecond)
		_, err = w.verifyToken(secret)
		w.is(err, fault.Unauthenticated)
		if got := w.listTokens(w.ada, "", 10); len(got) != 0 {
			t.Errorf("%v is listed", got)
		}
		w.is(w.deleteToken(w.ada, token.ID), fault.NotFound)
	})
}

func TestAttackATokenThatOutlivesTheCalendar(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		last := w.now.AddDate(10, 0, 0)
		for _, expires := range []time.Time{last.Add(time.Microsecond), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
			_, _, err := w.createToken(w.ada, "laptop", expires)
			w.is(err, fault.Invalid)
			if !strings.Contains(err.Error(), "2036-05-04") {
				t.Errorf("%q does not name the last day", err)
			}
		}
		_, _, err := w.createToken(w.ada, "laptop", last)
		w.must(err)
	})
}

func TestAUserHasAHundredPersonalAccessTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 100 {
			_, _, err := w.createToken(w.ada, fmt.Sprint("token ", i), w.now.Add(time.Hour))
			w.must(err)
		}
		_, _, err := w.createToken(w.ada, "one more", time.Time{})
		w.is(err, fault.Quota)
		if !strings.Contains(err.Error(), "100") {
			t.Errorf("%q does not name the limit", err)
		}
		_, _, err = w.createToken(w.bob, "another's", time.Time{})
		w.must(err)

		var names []string
		var after credential.AccessTokenID
		for {
			page := w.listTokens(w.ada, after, 7)
			if len(page) == 0 {
				break
			}
			for _, token := range page {
				names = append(names, token.Name)
			}
			after = page[len(page)-1].ID
		}
		if len(names) != 100 || len(slices.Compact(slices.Sorted(slices.Values(names)))) != 100 || names[0] != "token 0" || names[99] != "token 99" {
			t.Errorf("in pages of seven came %d: %v", len(names), names)
		}

		w.pass(time.Hour)
		_, _, err = w.createToken(w.ada, "after the others expired", time.Time{})
		w.must(err)
	})
}

func TestAPersonalAccessTokenIsDeletedByItsUserAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token, secret, err := w.createToken(w.ada, "laptop", time.Time{})
		w.must(err)
		w.is(w.deleteToken(w.bob, token.ID), fault.NotFound)
		if got := w.listTokens(w.bob, "", 10); len(got) != 0 {
			t.Errorf("bob sees %v", got)
		}
		_, err = w.verifyToken(secret)
		w.must(err)
		w.must(w.deleteToken(w.ada, token.ID))
		_, err = w.verifyToken(secret)
		w.is(err, fault.Unauthenticated)
		w.is(w.deleteToken(w.ada, token.ID), fault.NotFound)
	})
}

// A token speaks for the user whose alias is given with it, and for nobody else.
func TestAttackATokenUnderAnotherAlias(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, secret, err := w.createToken(w.ada, "laptop", time.Time{})
		w.must(err)
		_, unknown, err := w.createToken(w.bob, "gone", w.now.Add(time.Minute))
		w.must(err)
		w.pass(time.Minute)
		for _, alias := range []string{"ada", "ADA", "Ada"} {
			who, err := w.presentToken(alias, secret)
			w.must(err)
			if who.UserID != w.ada || who.Alias != "ada" || who.SessionID != "" || who.Token.ID == "" {
				t.Errorf("%s is %+v", alias, who)
			}
		}
		words := ""
		for _, row := range []struct {
			what, alias string
			secret      credential.Token
		}{
			{"somebody else's alias", "bob", secret},
			{"an alias nobody has", "nobody", secret},
			{"no alias", "", secret},
			{"a longer alias", "ada ", secret},
			{"an expired token", "bob", unknown},
			{"a token nobody has", "ada", credential.NewToken(credential.PersonalAccess)},
			{"a password", "ada", "correct horse battery staple"},
			{"nothing", "ada", ""},
			{"another checksum", "ada", secret[:len(secret)-1] + "~"},
			{"more than a token", "ada", secret + "\n"},
		} {
			who, err := w.presentToken(row.alias, row.secret)
			w.is(err, fault.Unauthenticated)
			if words = cmp.Or(words, err.Error()); err.Error() != words || who != nil {
				t.Errorf("%s is told %q, others %q", row.what, err, words)
			}
		}
		w.must(w.write(func(tx *database.Tx) error { return w.directory.Disable(tx, w.ada) }))
		if _, err := w.presentToken("ada", secret); err == nil || err.Error() != words {
			t.Errorf("a disabled user is told %v, others %q", err, words)
		}
	})
}

func TestOnlyAPersonalAccessTokenIsOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, token := range []credential.Token{"", "password", w.signIn(w.ada), w.letIn(w.client(), w.ada).Access, credential.NewToken(credential.PersonalAccess)} {
			_, err := w.verifyToken(token)
			w.is(err, fault.Unauthenticated)
		}
	})
}
