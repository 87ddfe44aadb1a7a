// Package databasetest gives tests a database of their own, on each engine.
package databasetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/database"
)

// PostgreSQL is the variable that names a PostgreSQL database whose user may
// create databases.
const PostgreSQL = "SALLYPORT_TEST_POSTGRES"

// Each runs the test on every engine: on SQLite always, on PostgreSQL when one
// is configured. SALLYPORT_TEST_REQUIRE_ALL makes a missing one a failure.
func Each(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { test(t, Open(t, url, nil)) })
}

// EachURL is Each for a test that opens the database itself.
func EachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		url := filepath.Join(t.TempDir(), "test.db")
		Fill(t, url)
		test(t, url)
	})
	t.Run("PostgreSQL", func(t *testing.T) { test(t, postgres(t)) })
}

// Open opens a database for the length of the test. A nil clock is the real one.
func Open(t testing.TB, url string, clock func() time.Time) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), database.Config{URL: url, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return db
}

// Fill makes a SQLite file whose schema is up to date and in which is nothing
// else. It copies one that was made before: under the race detector the migrations
// take most of a short test.
func Fill(t testing.TB, path string) {
	t.Helper()
	file, err := filled()
	if err == nil {
		err = os.WriteFile(path, file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var filled = sync.OnceValues(func() (file []byte, err error) {
	folder, err := os.MkdirTemp("", "databasetest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "filled.db")
	if err := migrate(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func migrate(url string) error {
	db, err := database.Open(context.Background(), database.Config{URL: url})
	if err != nil {
		return err
	}
	return db.Close()
}

// postgres lends a database that is up to date and empty, and returns its URL.
// Making one takes longer than most tests, so a process empties those it has and
// lends them again. Schemas of one database would not do: their migrations wait for
// each other.
func postgres(t *testing.T) string {
	t.Helper()
	if os.Getenv(PostgreSQL) == "" {
		if os.Getenv("SALLYPORT_TEST_REQUIRE_ALL") != "" {
			t.Fatalf("%s is not set: run the tests with make test", PostgreSQL)
		}
		t.Skipf("NOT TESTED on PostgreSQL: %s is not set (make test starts one)", PostgreSQL)
	}
	name := lent.take()
	if name == "" {
		name = "test_" + strings.ToLower(rand.Text())
		if err := create(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := empty(name); err != nil {
			t.Errorf("empty the test's database: %v", err) // and do not lend it again
			return
		}
		lent.giveBack(name)
	})
	return inside(name)
}

// administrator is one connection to the server that is configured. It holds a lock
// for each database of this process, and drops those whose process is gone.
var administrator = sync.OnceValues(func() (*sql.Conn, error) {
	db, err := sql.Open("pgx", os.Getenv(PostgreSQL))
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	admin, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var left []string
	rows, err := admin.QueryContext(ctx, `select datname from pg_database where datname like 'test\_%'`)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		left = append(left, name)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, name := range left {
		var free bool
		if err := admin.QueryRowContext(ctx, "select pg_try_advisory_lock(hashtextextended($1, 0))", name).Scan(&free); err != nil {
			return nil, err
		}
		if !free {
			continue
		}
		if _, err := admin.ExecContext(ctx, "drop database if exists "+name+" with (force)"); err != nil {
			return nil, err
		}
	}
	return admin, nil
})

func create(name string) error {
	admin, err := administrator()
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := admin.ExecContext(ctx, "select pg_advisory_lock(hashtextextended($1, 0))", name); err != nil {
		return err
	}
	if _, err := admin.ExecContext(ctx, "create database "+name); err != nil {
		return err
	}
	return migrate(inside(name))
}

type pool struct {
	mu   sync.Mutex
	free []string
}

var lent pool

func (p *pool) take() (name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.free) - 1; last >= 0 {
		name, p.free = p.free[last], p.free[:last]
	}
	return name
}

func (p *pool) giveBack(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, name)
}

// empty deletes every row there is but those that tell the schema's version.
func empty(name string) error {
	db, err := sql.Open("pgx", inside(name))
	if err != nil {
		return err
	}
	_, err = db.Exec(`do $$ declare t text; begin
		set local lock_timeout = '5s'; -- whoever still works there is told
		set local session_replication_role = replica; -- foreign keys would ask for an order
		for t in select tablename from pg_tables where schemaname = current_schema and tablename not in ('goose_db_version', 'river_migration') loop
			execute format('delete from %I', t);
		end loop;
	end $$`)
	return errors.Join(err, db.Close())
}

// inside is the URL of one database of the server that is configured.
func inside(name string) string {
	address, err := url.Parse(os.Getenv(PostgreSQL))
	if err != nil {
		panic(err) // it has been connected to
	}
	address.Path = "/" + name
	return address.String()
}
