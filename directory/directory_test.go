package directory_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// world is an empty directory at a fixed time.
type world struct {
	t  *testing.T
	db *database.DB
	*directory.Store
}

var now = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	databasetest.EachURL(t, func(t *testing.T, url string) {
		w := &world{t: t, db: databasetest.Open(t, url, func() time.Time { return now })}
		keys, err := seal.Open(t.Context(), t.TempDir(), w.db)
		w.must(err)
		w.Store = &directory.Store{Keys: keys}
		w.must(w.write(w.EnsureKeys))
		test(t, w)
	})
}

func (w *world) write(f func(*database.Tx) error) error {
	return w.db.Write(context.Background(), f)
}

func (w *world) read(f func(*database.ReadTx) error) {
	w.t.Helper()
	w.must(w.db.Read(context.Background(), f))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) is(err error, kind fault.Kind) {
	w.t.Helper()
	if !fault.Is(err, kind) {
		w.t.Fatalf("got %v, want a fault of kind %s", err, kind)
	}
}

func (w *world) create(newUser directory.NewUser) (user directory.User, err error) {
	err = w.write(func(tx *database.Tx) error {
		user, err = w.Create(tx, newUser)
		return err
	})
	return user, err
}

func named(alias string) directory.NewUser {
	return directory.NewUser{Alias: alias, Email: alias + "@example.com", DisplayName: "Dr. " + alias, PasswordHash: "hash of " + alias}
}

func (w *world) add(alias string) directory.User {
	w.t.Helper()
	user, err := w.create(named(alias))
	w.must(err)
	return user
}

func (w *world) change(f func(*database.Tx, directory.UserID) error, id directory.UserID) error {
	return w.write(func(tx *database.Tx) error { return f(tx, id) })
}

func (w *world) user(id directory.UserID) (user directory.User) {
	w.t.Helper()
	w.read(func(tx *database.ReadTx) (err error) {
		user, err = w.User(tx, id)
		return err
	})
	return user
}

// find tells what a look-up answers.
func (w *world) find(look func(*database.ReadTx, string) (directory.User, error), by string) (user directory.User, err error) {
	err = w.db.Read(context.Background(), func(tx *database.ReadTx) error {
		user, err = look(tx, by)
		return err
	})
	return user, err
}

func TestKeysAreMadeOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add("ada")
		w.must(w.write(w.EnsureKeys))
		if _, err := w.find(w.UserByEmail, "ada@example.com"); err != nil {
			t.Error(err)
		}
	})
}

func TestAUserIsFoundByEverythingThatNamesThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		created := w.add("Ada")
		want := directory.User{ID: created.ID, Alias: "Ada", Email: "Ada@example.com", DisplayName: "Dr. Ada", State: directory.Active, CreatedAt: now}
		byAlias, err := w.find(w.UserByAlias, "aDA")
		w.must(err)
		byEmail, err := w.find(w.UserByEmail, " ADA@EXAMPLE.COM ")
		w.must(err)
		for _, got := range []directory.User{created, w.user(created.ID), byAlias, byEmail} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestWhoIsNotThereIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add("ada")
		_, err := w.find(w.UserByAlias, "bob")
		w.is(err, fault.NotFound)
		_, err = w.find(w.UserByEmail, "bob@example.com")
		w.is(err, fault.NotFound)
		_, err = w.find(func(tx *database.ReadTx, id string) (directory.User, error) { return w.User(tx, directory.UserID(id)) }, "nobody")
		w.is(err, fault.NotFound)
		for what, change := range w.changes() {
			if err := w.change(change, "nobody"); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// changes is everything that can be done to a user.
func (w *world) changes() map[string]func(*database.Tx, directory.UserID) error {
	return map[string]func(*database.Tx, directory.UserID) error{
		"rename":       func(tx *database.Tx, id directory.UserID) error { return w.SetDisplayName(tx, id, "Somebody") },
		"set password": func(tx *database.Tx, id directory.UserID) error { return w.SetPassword(tx, id, "hash") },
		"disable":      w.Disable,
		"enable":       w.Enable,
		"delete":       w.Delete,
	}
}

func TestWhatANewUserMayBe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add("ada")
		alias := func(alias string) directory.NewUser {
			newUser := named("grace")
			newUser.Alias = alias
			return newUser
		}
		email := func(email string) directory.NewUser {
			newUser := named("grace")
			newUser.Email = email
			return newUser
		}
		name := func(name string) directory.NewUser {
			newUser := named("grace")
			newUser.DisplayName = name
			return newUser
		}
		const good = fault.Internal // of no fault at all
		for _, row := range []struct {
			what string
			user directory.NewUser
			want fault.Kind
		}{
			{"the shortest alias", alias("abc"), good},
			{"a shorter alias", alias("ab"), fault.Invalid},
			{"the longest alias", alias(strings.Repeat("a", 100)), good},
			{"a longer alias", alias(strings.Repeat("a", 101)), fault.Invalid},
			{"digits after a letter", alias("r2d2"), good},
			{"a digit before", alias("2pac"), fault.Invalid},
			{"a dash", alias("ada-lovelace"), fault.Invalid},
			{"a dot", alias("ada.lovelace"), fault.Invalid},
			{"a letter of another alphabet", alias("аda"), fault.Invalid},
			{"a line end", alias("grace\n"), fault.Invalid},
			{"no alias", alias(""), fault.Invalid},
			{"a taken alias", alias("ada"), fault.Conflict},
			{"a taken alias in capitals", alias("ADA"), fault.Conflict},
			{"a tagged address", email("grace+sallyport@example.com"), good},
			{"an address with spaces around", email(" grace@example.com "), good},
			{"the longest address", email(strings.Repeat("a", 242) + "@example.com"), good},
			{"a longer address", email(strings.Repeat("a", 243) + "@example.com"), fault.Invalid},
			{"no address", email(""), fault.Invalid},
			{"no domain", email("grace"), fault.Invalid},
			{"a name around the address", email("Grace <grace@example.com>"), fault.Invalid},
			{"brackets around the address", email("<grace@example.com>"), fault.Invalid},
			{"two addresses", email("grace@example.com, ada@example.com"), fault.Invalid},
			{"an address with another header", email("grace@example.com\r\nBcc: ada@example.com"), fault.Invalid},
			{"an address with a comment", email("grace@example.com (Grace)"), fault.Invalid},
			{"a quoted address", email(`"grace hopper"@example.com`), fault.Invalid},
			{"an address with look-alike letters", email("grаce@example.com"), fault.Invalid},
			{"a taken address", email("ada@example.com"), fault.Conflict},
			{"a taken address in capitals", email("ADA@EXAMPLE.COM"), fault.Conflict},
			{"a name of any alphabet", name("Ада Лавлейс 阿达"), good},
			{"the longest name", name(strings.Repeat("é", 100)), good},
			{"a longer name", name(strings.Repeat("é", 101)), fault.Invalid},
			{"no name", name(""), fault.Invalid},
			{"a blank name", name("   "), fault.Invalid},
			{"a name of two lines", name("Grace\nHopper"), fault.Invalid},
			{"a name that writes backwards", name("Grace \u202ereppoH"), fault.Invalid},
			{"a name that is not text", name("\xff"), fault.Invalid},
		} {
			err := w.write(func(tx *database.Tx) error {
				if _, err := w.Create(tx, row.user); err != nil {
					return err
				}
				return errRollback
			})
			if row.want == good && err != errRollback || row.want != good && !fault.Is(err, row.want) {
				t.Errorf("%s: %v", row.what, err)
			}
		}
	})
}

var errRollback = fmt.Errorf("created, and taken back so that the next row finds the same directory")

func TestADisplayNameIsTrimmedAndChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, bob := w.add("ada"), w.add("bob")
		w.must(w.write(func(tx *database.Tx) error { return w.SetDisplayName(tx, ada.ID, "  Ada King  ") }))
		if got := w.user(ada.ID).DisplayName; got != "Ada King" {
			t.Errorf("she is called %q", got)
		}
		w.is(w.write(func(tx *database.Tx) error { return w.SetDisplayName(tx, ada.ID, "") }), fault.Invalid)
		if got := w.user(bob.ID); got != bob {
			t.Errorf("he became %+v", got)
		}
	})
}

func (w *world) password(id directory.UserID) (hash string) {
	w.t.Helper()
	w.read(func(tx *database.ReadTx) error {
		held, err := w.Password(tx, id)
		hash = held.Hash
		return err
	})
	return hash
}

func TestAPasswordIsKeptAndChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.add("ada")
		if got := w.password(ada.ID); got != "hash of ada" {
			t.Errorf("it is %q", got)
		}
		w.must(w.write(func(tx *database.Tx) error { return w.SetPassword(tx, ada.ID, "another") }))
		if got := w.password(ada.ID); got != "another" {
			t.Errorf("it became %q", got)
		}
		err := w.db.Read(context.Background(), func(tx *database.ReadTx) error {
			_, err := w.Password(tx, "nobody")
			return err
		})
		w.is(err, fault.NotFound)
	})
}

func TestADisabledUserComesBackUnchanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.add("ada")
		w.must(w.change(w.Disable, ada.ID))
		if got := w.user(ada.ID).State; got != directory.Disabled {
			t.Errorf("she is %s", got)
		}
		w.must(w.change(w.Enable, ada.ID))
		if got := w.user(ada.ID); got != ada {
			t.Errorf("she came back as %+v", got)
		}
	})
}

func TestADeletedUserLeavesAnAliasAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.add("ada")
		w.must(w.change(w.Delete, ada.ID))

		if diff := cmp.Diff(directory.User{ID: ada.ID, Alias: "ada", State: directory.Deleted, CreatedAt: now}, w.user(ada.ID)); diff != "" {
			t.Error(diff)
		}
		var left int
		w.must(w.db.Pool().QueryRow(`select count(*) from users where email_sealed is not null or email_hash is not null
			or display_name_sealed is not null or password is not null or deleted_at is null`).Scan(&left))
		if left != 0 {
			t.Error("personal data is left")
		}
		if got := w.password(ada.ID); got != "" {
			t.Errorf("her password is %q", got)
		}
		_, err := w.find(w.UserByAlias, "ada")
		w.is(err, fault.NotFound)
		_, err = w.find(w.UserByEmail, "ada@example.com")
		w.is(err, fault.NotFound)
		for what, change := range w.changes() {
			if err := w.change(change, ada.ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestAnAliasIsNeverGivenAgainButAnAddressIs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.add("ada")
		w.must(w.change(w.Delete, ada.ID))
		again := named("ada")
		_, err := w.create(again)
		w.is(err, fault.Conflict)
		again.Alias = "ada2"
		_, err = w.create(again)
		w.must(err)
	})
}

func TestManyUsersAreFoundAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want := map[directory.UserID]directory.User{}
		var ids []directory.UserID
		for i := range 70 {
			user := w.add(fmt.Sprintf("user%d", i))
			want[user.ID] = user
			ids = append(ids, user.ID, "nobody", user.ID)
		}
		w.must(w.change(w.Delete, ids[0]))
		want[ids[0]] = w.user(ids[0])
		w.read(func(tx *database.ReadTx) error {
			got, err := w.Users(tx, ids)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			return err
		})
		w.read(func(tx *database.ReadTx) error {
			got, err := w.Users(tx, nil)
			if len(got) != 0 {
				t.Errorf("nobody is %v", got)
			}
			return err
		})
	})
}

func TestOneOfManyWhoChooseTheSameAliasGetsIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				newUser := named("ada")
				newUser.Email = fmt.Sprintf("ada%d@example.com", i)
				_, errs[i] = w.create(newUser)
			})
		}
		all.Wait()
		created := 0
		for _, err := range errs {
			if err == nil {
				created++
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		}
		if created != 1 {
			t.Errorf("%d got it", created)
		}
	})
}

func TestNoPersonalDataIsStoredInClear(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add("ada")
		var email, hash, name []byte
		w.must(w.db.Pool().QueryRow(`select email_sealed, email_hash, display_name_sealed from users`).Scan(&email, &hash, &name))
		for _, column := range [][]byte{email, hash, name} {
			if strings.Contains(string(column), "ada") {
				t.Errorf("stored %q", column)
			}
		}
	})
}

func FuzzParseEmail(f *testing.F) {
	for _, text := range []string{"ada@example.com", "", "Ada <ada@example.com>", "a@b\r\nc", `"a b"@example.com`, "а@example.com", "a@[127.0.0.1]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		email, err := directory.ParseEmail(text)
		if err != nil {
			return
		}
		if again, err := directory.ParseEmail(email); again != email || err != nil || len(email) > 254 || strings.ContainsAny(email, "\r\n<>,\" \x00") {
			t.Errorf("%q was read as %q, and that as %q, %v", text, email, again, err)
		}
	})
}

func TestADirectoryIsEmptyWhileNobodyIsLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		is := func(when string, want bool) {
			t.Helper()
			w.read(func(tx *database.ReadTx) error {
				empty, err := w.Empty(tx)
				if empty != want {
					t.Errorf("%s: empty is %t", when, empty)
				}
				return err
			})
		}
		is("at first", true)
		ada := w.add("ada")
		is("with one", false)
		w.must(w.change(w.Delete, ada.ID))
		is("when she has gone", true)
	})
}

func TestAUserOfAnIdentityStore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const id, store = "3d4f0a66-9a4c-4a0c-9f6c-0d6f1f3b3a55", "d-0123456789"
		w.must(w.write(func(tx *database.Tx) error { return w.CreateFederated(tx, id, store, "ada@example.com") }))
		w.read(func(tx *database.ReadTx) error {
			if empty, err := w.Empty(tx); err != nil || !empty {
				t.Errorf("they count as the first user: %v", err)
			}
			return nil
		})
		if got := w.user(id); got.Store != store || got.Alias != "ada@example.com" || got.Email != "" || got.State != directory.Active {
			t.Errorf("there is %+v", got)
		}
		// Nobody finds them by what Builder ID users go by.
		err := w.db.Read(context.Background(), func(tx *database.ReadTx) error {
			for _, name := range []string{"ada@example.com", store + "/" + id, store + "/ada@example.com"} {
				if _, err := w.UserByAlias(tx, name); !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: %v", name, err)
				}
				if _, err := w.UserByEmail(tx, name); !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: %v", name, err)
				}
			}
			return nil
		})
		w.must(err)
		w.must(w.write(func(tx *database.Tx) error {
			w.must(w.RenameFederated(tx, id, "lovelace"))
			return w.SetPasswordOnce(tx, id, "hash", tx.Now().Add(time.Hour))
		}))
		if got := w.user(id); got.Alias != "lovelace" {
			t.Errorf("they became %+v", got)
		}
		w.must(w.change(w.Delete, id))
		if got := w.user(id); got.State != directory.Deleted || got.DisplayName != "" || strings.Contains(got.Alias, "lovelace") {
			t.Errorf("of them stays %+v", got)
		}
		// The name is free again, and an identity store's user is renamed by it alone.
		w.must(w.write(func(tx *database.Tx) error { return w.CreateFederated(tx, "another", store, "lovelace") }))
		bob := w.add("bob")
		w.is(w.write(func(tx *database.Tx) error { return w.RenameFederated(tx, bob.ID, "mallory") }), fault.NotFound)
	})
}
