package database_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
)

// each gives a test a table to play with.
func each(t *testing.T, test func(*testing.T, *database.DB)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if _, err := db.Pool().Exec(`create table if not exists settings (name text not null primary key, value text not null)`); err != nil {
			t.Fatal(err)
		}
		test(t, db)
	})
}

func set(tx *database.Tx, name, value string) error {
	_, err := tx.Exec(`insert into settings (name, value) values ($1, $2)`, name, value)
	return err
}

func get(tx *database.ReadTx, name string) (string, error) {
	return database.One(tx, database.Value[string], `select value from settings where name = $1`, name)
}

func TestAWriteIsKeptOnlyWhenItsFunctionSucceeds(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		ctx, failure := context.Background(), errors.New("changed my mind")
		ran := 0
		err := db.Write(ctx, func(tx *database.Tx) error {
			tx.AfterCommit(func() { ran++ })
			if err := set(tx, "a", "1"); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) {
			t.Fatalf("the failure came back as %v", err)
		}
		if err := db.Write(ctx, func(tx *database.Tx) error {
			tx.AfterCommit(func() { ran += 10 })
			return set(tx, "b", "2")
		}); err != nil {
			t.Fatal(err)
		}
		if ran != 10 {
			t.Errorf("AfterCommit ran for the wrong transactions: %d", ran)
		}
		if err := db.Read(ctx, func(tx *database.ReadTx) error {
			if _, err := get(tx, "a"); !errors.Is(err, database.ErrNone) {
				t.Errorf("a row of a failed write: %v", err)
			}
			if value, err := get(tx, "b"); err != nil || value != "2" {
				t.Errorf("b is %q, %v", value, err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// A ReadTx has no method that writes; a query that writes all the same is
// refused by the engine.
func TestAReadingTransactionCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		err := db.Read(context.Background(), func(tx *database.ReadTx) error {
			_, err := database.One(tx, database.Value[string], `insert into settings (name, value) values ('x', 'y') returning name`)
			return err
		})
		if err == nil || errors.Is(err, database.ErrNone) {
			t.Fatalf("writing while reading gave %v", err)
		}
		if err := db.Read(context.Background(), func(tx *database.ReadTx) error {
			_, err := get(tx, "x")
			if !errors.Is(err, database.ErrNone) {
				t.Errorf("it was written: %v", err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDuplicatesAreTold(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		write := func() error {
			return db.Write(context.Background(), func(tx *database.Tx) error { return set(tx, "same", "1") })
		}
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if err := write(); !database.IsDuplicate(err) {
			t.Fatalf("the second insert gave %v", err)
		}
	})
}

// Each increment reads and then writes; a lost update would show in the sum.
func TestConcurrentWritersLoseNoUpdate(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		if err := db.Write(ctx, func(tx *database.Tx) error { return set(tx, "n", "") }); err != nil {
			t.Fatal(err)
		}
		const writers, rounds = 8, 10
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				for range rounds {
					if err := db.Write(ctx, func(tx *database.Tx) error {
						value, err := get(&tx.ReadTx, "n")
						if err != nil {
							return err
						}
						_, err = tx.Exec(`update settings set value = $1 where name = 'n'`, value+"x")
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if err := db.Read(ctx, func(tx *database.ReadTx) error {
			value, err := get(tx, "n")
			if want := strings.Repeat("x", writers*rounds); value != want {
				t.Errorf("%d increments of %d are left", len(value), len(want))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// Many readers that all meet unprepared statements at once must not wait for each other.
func TestManyReadersOfNewStatementsFinish(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		var group sync.WaitGroup
		for range 64 {
			group.Go(func() {
				if err := db.Read(ctx, func(tx *database.ReadTx) error {
					for _, query := range []string{`select count(*) from settings`, `select count(*) from users`, `select count(*) from spaces`} {
						if _, err := database.One(tx, database.Value[int], query); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

func TestASecondProcessOnTheSameSQLiteFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "one.db")
	first, err := database.Open(context.Background(), database.Config{URL: path})
	if err != nil {
		t.Fatal(err)
	}
	_, err = database.Open(context.Background(), database.Config{URL: path})
	if err == nil || !strings.Contains(err.Error(), "another Sallyport is running on this data") {
		t.Fatalf("the second open gave %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := database.Open(context.Background(), database.Config{URL: path})
	if err != nil {
		t.Fatalf("after the first is gone: %v", err)
	}
	again.Close()
}

func TestTimesComeBackEqual(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		if err := db.Write(context.Background(), func(tx *database.Tx) error {
			if _, err := tx.Exec(`insert into keysets (scope, aead_wrapped, prf_wrapped, version, rotated_at) values ('t', $1, $2, 1, $3)`, []byte{1}, []byte{2}, database.Time(tx.Now())); err != nil {
				return err
			}
			got, err := database.One(&tx.ReadTx, func(row database.Row) (at time.Time, err error) {
				return at, row.Scan((*database.Time)(&at))
			}, `select rotated_at from keysets where scope = 't'`)
			if !got.Equal(tx.Now()) {
				t.Errorf("wrote %v, read %v", tx.Now(), got)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// What was deleted is not to outlive its deletion in the journal.
func TestACheckpointEmptiesTheJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "one.db")
	db := databasetest.Open(t, path, nil)
	if err := db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`insert into keysets (scope, aead_wrapped, prf_wrapped, version, rotated_at) values ('t', $1, $1, 1, 0)`, []byte("unmistakable"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`delete from keysets`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	holds := func(file string) bool {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(text), "unmistakable")
	}
	if !holds(path + "-wal") {
		t.Error("the journal does not hold it even before, so this shows nothing")
	}
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if holds(path+"-wal") || holds(path) {
		t.Error("what was deleted can still be read")
	}
}
