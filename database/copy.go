package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
)

// Schema is the version of the schema that this program brings a database to.
func Schema() (newest int64, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		number, _, _ := strings.Cut(path.Base(file), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// CopySQLite writes a copy of a SQLite file to a new one, that only its owner reads:
// all that is committed when it begins, and nothing else, not what was deleted either.
// Another process may read and write meanwhile.
func CopySQLite(ctx context.Context, from, to string) error {
	// SQLite makes the file that it opens, and takes one that is empty for a new one.
	if _, err := os.Stat(from); err != nil {
		return err
	}
	if err := ownersAlone(to); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", sqliteDSN(from, []string{"busy_timeout(10000)"}, "deferred"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `vacuum into $1`, to)
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("copy the SQLite file %s: %w", from, err)
	}
	return nil
}

// Outline is what a backup needs to know of a database.
type Outline struct {
	Schema       int64
	Empty        bool     // there is nothing in it, not even a schema
	Repositories []string // ids of those whose folders have been made
}

// Outlined reads it, of a server's database that is in use or of a copy, and changes
// nothing: it may be older or newer than this program.
func Outlined(ctx context.Context, config Config) (o Outline, err error) {
	db, driver := (*sql.DB)(nil), "sqlite"
	address := sqliteDSN(config.URL, []string{"query_only(1)", "busy_timeout(10000)"}, "deferred")
	if IsPostgreSQL(config.URL) {
		driver, address = "pgx", config.URL
	}
	if db, err = sql.Open(driver, address); err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tables := `select count(*) from sqlite_master where type = 'table' and name = $1 or $1 = ''`
	if IsPostgreSQL(config.URL) {
		tables = `select count(*) from information_schema.tables where table_schema = current_schema() and (table_name = $1 or $1 = '')`
	}
	has := func(table string) (bool, error) {
		var count int
		err := db.QueryRowContext(ctx, tables, table).Scan(&count)
		return count > 0, err
	}
	any, err := has("")
	if err != nil || !any {
		o.Empty = !any
		return o, err
	}
	if known, err := has("goose_db_version"); err != nil || !known {
		return o, err
	}
	if err := db.QueryRowContext(ctx, `select coalesce(max(version_id), 0) from goose_db_version where is_applied`).Scan(&o.Schema); err != nil {
		return o, err
	}
	if known, err := has("repositories"); err != nil || !known {
		return o, err
	}
	rows, err := db.QueryContext(ctx, `select id from repositories where made order by id`)
	if err != nil {
		return o, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return o, err
		}
		o.Repositories = append(o.Repositories, id)
	}
	return o, rows.Err()
}

// IsPostgreSQL tells whether a URL is that of a PostgreSQL database.
func IsPostgreSQL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
}
