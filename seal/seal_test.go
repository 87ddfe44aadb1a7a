package seal_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/seal"
)

func open(t *testing.T, dir string, db *database.DB) *seal.Keys {
	t.Helper()
	keys, err := seal.Open(t.Context(), dir, db)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func write(t *testing.T, db *database.DB, f func(*database.Tx) error) {
	t.Helper()
	if err := db.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, db *database.DB, f func(*database.ReadTx) error) {
	t.Helper()
	if err := db.Read(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func TestTheRootKeyIsForItsOwnerAloneAndIsKept(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		dir := t.TempDir()
		open(t, dir, db)
		path := filepath.Join(dir, "root.key")
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("root.key has mode %v", info.Mode())
		}
		before, _ := os.ReadFile(path)
		open(t, dir, db)
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Error("opening again made another root key")
		}
	})
}

// A node with another key would seal what no other node can read.
func TestADatabaseIsOpenedWithItsOwnRootKeyAlone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		dir := t.TempDir()
		keys := open(t, dir, db)
		write(t, db, func(tx *database.Tx) error {
			_, err := keys.Create(tx, seal.Directory)
			return err
		})
		open(t, dir, db)
		refused := func(what, dir, says string) {
			t.Helper()
			if _, err := seal.Open(t.Context(), dir, db); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", what, err)
			}
		}
		empty := t.TempDir()
		refused("no key", empty, "is missing, and this database cannot be read without it")
		if _, err := os.Stat(filepath.Join(empty, "root.key")); err == nil {
			t.Error("a key was made all the same")
		}
		foreign := t.TempDir()
		databasetest.EachURL(t, func(t *testing.T, url string) {
			if _, err := os.Stat(filepath.Join(foreign, "root.key")); err != nil {
				open(t, foreign, databasetest.Open(t, url, nil))
			}
		})
		refused("another database's key", foreign, "is not the one of this database")
		if err := os.WriteFile(filepath.Join(foreign, "root.key"), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		refused("a broken key", foreign, "root key")
	})
}

func TestASealedValueOpensOnlyWhereItBelongs(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		dir := t.TempDir()
		keys := open(t, dir, db)
		var sealed []byte
		write(t, db, func(tx *database.Tx) error {
			key, err := keys.Create(tx, seal.Space("a"))
			if err != nil {
				return err
			}
			if _, err := keys.Create(tx, seal.Space("b")); err != nil {
				return err
			}
			sealed, err = key.Seal("t.c_sealed", "row", []byte("plain words"))
			return err
		})
		if bytes.Contains(sealed, []byte("plain")) {
			t.Fatal("it is not sealed")
		}
		attempts := []struct {
			what, column, row string
			scope             seal.Scope
			opens             bool
		}{
			{"in its own place", "t.c_sealed", "row", seal.Space("a"), true},
			{"moved to another row", "t.c_sealed", "other", seal.Space("a"), false},
			{"moved to another column", "t.d_sealed", "row", seal.Space("a"), false},
			{"moved to another space", "t.c_sealed", "row", seal.Space("b"), false},
		}
		for _, keys := range []*seal.Keys{keys, open(t, dir, db)} { // as kept, and as another process reads it
			for _, attempt := range attempts {
				read(t, db, func(tx *database.ReadTx) error {
					key, err := keys.Key(tx, attempt.scope)
					if err != nil {
						return err
					}
					plain, err := key.Open(attempt.column, attempt.row, sealed)
					if opened := err == nil && string(plain) == "plain words"; opened != attempt.opens {
						t.Errorf("%s: opened is %t (%v)", attempt.what, opened, err)
					}
					return nil
				})
			}
		}
	})
}

func TestHashesAreEqualForEqualValuesOfOneColumnAndScope(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		keys := open(t, t.TempDir(), db)
		write(t, db, func(tx *database.Tx) error {
			a, err := keys.Create(tx, seal.Space("a"))
			if err != nil {
				return err
			}
			b, err := keys.Create(tx, seal.Space("b"))
			if err != nil {
				return err
			}
			hash := func(k *seal.Key, column, value string) string {
				h, err := k.Hash(column, []byte(value))
				if err != nil {
					t.Fatal(err)
				}
				return string(h)
			}
			if hash(a, "email", "x") != hash(a, "email", "x") {
				t.Error("the same value hashes differently")
			}
			for _, other := range []string{hash(a, "email", "y"), hash(a, "name", "x"), hash(b, "email", "x")} {
				if other == hash(a, "email", "x") {
					t.Error("another value, column or scope hashes the same")
				}
			}
			return nil
		})
	})
}

func TestADestroyedKeyIsGone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		keys := open(t, t.TempDir(), db)
		write(t, db, func(tx *database.Tx) error {
			_, err := keys.Create(tx, seal.Space("a"))
			return err
		})
		undone := errors.New("undone")
		err := db.Write(context.Background(), func(tx *database.Tx) error {
			if err := keys.Destroy(tx, seal.Space("a")); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		read(t, db, func(tx *database.ReadTx) error {
			_, err := keys.Key(tx, seal.Space("a"))
			return err // a destruction that was rolled back destroys nothing
		})
		write(t, db, func(tx *database.Tx) error { return keys.Destroy(tx, seal.Space("a")) })
		read(t, db, func(tx *database.ReadTx) error {
			if _, err := keys.Key(tx, seal.Space("a")); !errors.Is(err, database.ErrNone) {
				t.Errorf("the key after its destruction: %v", err)
			}
			return nil
		})
	})
}

// A value sealed before a rotation opens at every stage of it, and at the end
// nothing is left that the first key could open.
func TestRotation(t *testing.T) {
	databasetest.EachURL(t, func(t *testing.T, url string) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		db := databasetest.Open(t, url, func() time.Time { return now })
		keys := open(t, t.TempDir(), db)
		write(t, db, func(tx *database.Tx) error {
			key, err := keys.Create(tx, seal.Directory)
			if err != nil {
				return err
			}
			for _, id := range []string{"u1", "u2"} {
				sealed, err := key.Seal("users.email_sealed", id, []byte(id+"@example.com"))
				if err != nil {
					return err
				}
				if _, err := tx.Exec(`insert into users (id, alias, alias_key, email_sealed, state, created_at) values ($1, $1, $1, $2, 'active', 0)`, id, sealed); err != nil {
					return err
				}
			}
			return nil
		})
		first := sealedEmails(t, db)
		rotation := &seal.Rotation{Keys: keys, DB: db, Lifetime: 90 * 24 * time.Hour, Columns: []seal.Column{
			{Table: "users", Name: "email_sealed", Row: "id"},
			{Table: "events", Name: "detail_sealed", Row: "id", Scope: "scope"},
			{Table: "teams", Name: "description_sealed", Row: "id", Space: "space_id"},
		}}
		stages := []struct {
			after    time.Duration
			resealed bool
		}{
			{time.Hour, false},           // nothing is old
			{90 * 24 * time.Hour, false}, // a new key seals what is new
			{time.Minute, false},         // other nodes may not have it yet
			{time.Hour, true},
			{25 * time.Hour, true}, // the old key is dropped
		}
		for i, stage := range stages {
			now = now.Add(stage.after)
			if err := rotation.Run(context.Background()); err != nil {
				t.Fatalf("stage %d: %v", i, err)
			}
			emails := sealedEmails(t, db)
			if resealed := !slices.EqualFunc(emails, first, bytes.Equal); resealed != stage.resealed {
				t.Errorf("stage %d: sealed again is %t", i, resealed)
			}
			read(t, db, func(tx *database.ReadTx) error {
				key, err := keys.Key(tx, seal.Directory)
				if err != nil {
					return err
				}
				for j, id := range []string{"u1", "u2"} {
					plain, err := key.Open("users.email_sealed", id, emails[j])
					if err != nil || !strings.HasPrefix(string(plain), id) {
						t.Errorf("stage %d: %s opens as %q, %v", i, id, plain, err)
					}
				}
				if _, err := key.Open("users.email_sealed", "u1", first[0]); (err == nil) != (i < len(stages)-1) {
					t.Errorf("stage %d: what the first key sealed: %v", i, err)
				}
				return nil
			})
		}
	})
}

func sealedEmails(t *testing.T, db *database.DB) (emails [][]byte) {
	t.Helper()
	read(t, db, func(tx *database.ReadTx) (err error) {
		emails, err = database.All(tx, database.Value[[]byte], `select email_sealed from users order by id`)
		return err
	})
	return emails
}
