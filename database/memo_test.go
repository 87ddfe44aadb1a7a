package database_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/database"
)

func TestAMemoIsNeverStale(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		ctx, memo := context.Background(), &database.Memo[string, string]{}
		if err := db.Write(ctx, func(tx *database.Tx) error { return set(tx, "n", "0") }); err != nil {
			t.Fatal(err)
		}
		remembered := func() (value string) {
			if err := db.Read(ctx, func(tx *database.ReadTx) (err error) {
				value, err = memo.Get(tx, "n", func() (string, error) { return get(tx, "n") })
				return err
			}); err != nil {
				t.Error(err)
			}
			return value
		}
		for i := range 300 {
			if got := remembered(); got != strconv.Itoa(i) {
				t.Fatalf("after change %d it says %s", i, got)
			}
			remembered() // from memory
			if err := db.Write(ctx, func(tx *database.Tx) error {
				_, err := tx.Exec(`update settings set value = $1 where name = 'n'`, strconv.Itoa(i+1))
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// While a writer changes two rows together, a reader that has one from memory and
// the other from the database must see them equal, and never older than what
// was acknowledged before it began.
func TestMemoryAndSnapshotAreOfOneTime(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		ctx, memo := context.Background(), &database.Memo[string, string]{}
		if err := db.Write(ctx, func(tx *database.Tx) error {
			if err := set(tx, "a", "0"); err != nil {
				return err
			}
			return set(tx, "b", "0")
		}); err != nil {
			t.Fatal(err)
		}
		var acknowledged atomic.Int64
		var group sync.WaitGroup
		group.Go(func() {
			for i := 1; i <= 200; i++ {
				if err := db.Write(ctx, func(tx *database.Tx) error {
					_, err := tx.Exec(`update settings set value = $1 where name in ('a', 'b')`, strconv.Itoa(i))
					return err
				}); err != nil {
					t.Error(err)
				}
				acknowledged.Store(int64(i))
			}
		})
		for range 4 {
			group.Go(func() {
				for acknowledged.Load() < 200 {
					before := acknowledged.Load()
					var a, b string
					if err := db.Read(ctx, func(tx *database.ReadTx) (err error) {
						if a, err = memo.Get(tx, "a", func() (string, error) { return get(tx, "a") }); err != nil {
							return err
						}
						b, err = get(tx, "b")
						return err
					}); err != nil {
						t.Error(err)
						return
					}
					if seen, _ := strconv.ParseInt(a, 10, 64); a != b || seen < before {
						t.Errorf("a is %s and b is %s after %d was acknowledged", a, b, before)
						return
					}
				}
			})
		}
		group.Wait()
	})
}

func TestErrorsAndFailedWritesAreNotRemembered(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		ctx, memo := context.Background(), &database.Memo[string, string]{}
		read := func() (string, error) {
			var value string
			err := db.Read(ctx, func(tx *database.ReadTx) (err error) {
				value, err = memo.Get(tx, "late", func() (string, error) { return get(tx, "late") })
				return err
			})
			return value, err
		}
		if _, err := read(); err == nil {
			t.Fatal("it is there before it was written")
		}
		if err := db.Write(ctx, func(tx *database.Tx) error {
			if err := set(tx, "late", "undone"); err != nil {
				return err
			}
			// A writer sees its own change and must not let others remember it.
			if value, err := memo.Get(tx.Reading(), "late", func() (string, error) { return get(tx.Reading(), "late") }); err != nil || value != "undone" {
				t.Errorf("the writer sees %q, %v", value, err)
			}
			return context.Canceled
		}); err == nil {
			t.Fatal("it was written")
		}
		if value, err := read(); err == nil {
			t.Errorf("what was undone is remembered: %q", value)
		}
	})
}
