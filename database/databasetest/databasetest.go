// Package databasetest gives tests a database of their own, on each engine.
package databasetest

import (
	"cmp"
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

// PostgreSQL is the variable that names a PostgreSQL database in which tests may
// create schemas.
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
// take most of a short test. On PostgreSQL a copy costs as much as they do.
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
	db, err := database.Open(context.Background(), database.Config{URL: path})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// postgres makes an empty schema and returns a URL that leads into it. A schema
// is as good as a database of its own here, and made and dropped without the
// checkpoint that one costs.
func postgres(t *testing.T) string {
	t.Helper()
	server := os.Getenv(PostgreSQL)
	if server == "" {
		if os.Getenv("SALLYPORT_TEST_REQUIRE_ALL") != "" {
			t.Fatalf("%s is not set: run the tests with make test", PostgreSQL)
		}
		t.Skipf("NOT TESTED on PostgreSQL: %s is not set (make test starts one)", PostgreSQL)
	}
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec("create schema " + name); err != nil {
		t.Fatal(cmp.Or(admin.Close(), err))
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("drop schema " + name + " cascade"); err != nil {
			t.Errorf("drop the test's schema: %v", err)
		}
		admin.Close()
	})
	query := address.Query()
	query.Set("search_path", name)
	address.RawQuery = query.Encode()
	return address.String()
}
