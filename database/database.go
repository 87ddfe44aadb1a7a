// Package database opens the one database Sallyport keeps its state in: an
// embedded SQLite file, or PostgreSQL by URL. Both are spoken to with one SQL
// text: $1 placeholders, the subset they share, times as microseconds since the
// Unix epoch.
//
// A [ReadTx] looks at one consistent snapshot and cannot write: SQLite reads
// run on connections opened with query_only, PostgreSQL ones in read-only
// transactions. A [Tx] changes things. Writers on SQLite take the one write lock
// at the start; on PostgreSQL they run serializable and are run again when
// they collide, so the function given to [DB.Write] must have no effect outside
// its transaction.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Engine is which database is spoken to.
type Engine uint8

const (
	SQLite Engine = iota
	PostgreSQL
)

func (e Engine) String() string { return [...]string{"SQLite", "PostgreSQL"}[e] }

// Config says which database to open.
type Config struct {
	// URL is postgres://..., or the path of a SQLite file, created when missing.
	URL string
	// Clock gives the time of each transaction. Nil: time.Now.
	Clock func() time.Time
}

// DB is safe for concurrent use.
type DB struct {
	engine Engine
	// write and read are the same pool on PostgreSQL. On SQLite write has one
	// connection and read has several that refuse to write.
	write, read *sql.DB
	clock       func() time.Time
	unlock      func() error

	// statements holds what is prepared on SQLite's two pools, by SQL text. pgx
	// keeps its own.
	statements struct{ read, write sync.Map } // string to *sql.Stmt
	// readers admits as many SQLite readers as there are places. The pool itself
	// may open more: preparing a statement takes a connection beside the
	// reader's own, and a bounded pool would wait for itself.
	readers chan struct{}
	// Which generation it is: changes counts on SQLite and is nil on PostgreSQL,
	// snapshots numbers there.
	changes   *generation
	snapshots snapshots
	// turn is held by the one writer of this node that collided too often, and
	// inLine counts those who wait for it.
	turn   chan struct{}
	inLine atomic.Int64
}

// Open connects, checks that nobody else holds the SQLite file, and brings
// the schema up to date.
func Open(ctx context.Context, config Config) (*DB, error) {
	db := &DB{clock: config.Clock, turn: make(chan struct{}, 1), unlock: func() error { return nil }}
	if db.clock == nil {
		db.clock = time.Now
	}
	open := db.openSQLite
	if IsPostgreSQL(config.URL) {
		open = db.openPostgreSQL
	}
	if err := open(ctx, config.URL); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("bring the database schema up to date: %w", err), db.Close())
	}
	return db, nil
}

func (db *DB) openSQLite(ctx context.Context, path string) error {
	db.engine, db.changes = SQLite, &generation{}
	db.changes.count.Store(2)
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	db.unlock = unlock
	if err := ownersAlone(path); err != nil {
		return err
	}
	pragmas := []string{
		"journal_mode(wal)",
		"synchronous(full)", // an acknowledged write survives a power cut
		"foreign_keys(1)",
		"busy_timeout(10000)",
		"secure_delete(1)", // what is deleted is overwritten, wrapped keys above all
	}
	if db.write, err = sql.Open("sqlite", sqliteDSN(path, append(pragmas, "wal_autocheckpoint(4000)"), "immediate")); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	if db.read, err = sql.Open("sqlite", sqliteDSN(path, append(pragmas, "query_only(1)"), "deferred")); err != nil {
		return err
	}
	// The first connection makes the file and its journal; a reader cannot.
	if err := db.write.PingContext(ctx); err != nil {
		return fmt.Errorf("open SQLite file %s: %w", path, err)
	}
	db.readers = make(chan struct{}, max(4, 2*runtime.NumCPU()))
	db.read.SetMaxIdleConns(cap(db.readers))
	return nil
}

func sqliteDSN(path string, pragmas []string, lock string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{"_pragma": pragmas, "_txlock": {lock}}.Encode()}).String()
}

func (db *DB) openPostgreSQL(ctx context.Context, address string) error {
	db.engine = PostgreSQL
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return fmt.Errorf("the PostgreSQL URL: %w", err)
	}
	// A sequential scan locks its whole table against serializable writers, so
	// small tables would make them collide for nothing (PostgreSQL manual, section
	// 13.2.3). Every query here has an index to go by.
	config.RuntimeParams["enable_seqscan"] = "off"
	// With that, the planner takes the scans that remain for very dear ones and
	// would compile them, which takes longer than running any query here.
	config.RuntimeParams["jit"] = "off"
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(32)
	pool.SetMaxIdleConns(32)
	db.read, db.write = pool, pool
	if err := pool.PingContext(ctx); err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	return nil
}

// Close releases the database. It waits for running transactions.
func (db *DB) Close() error {
	var errs []error
	if db.read != nil && db.read != db.write {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil {
		errs = append(errs, db.write.Close())
	}
	return errors.Join(append(errs, db.unlock())...)
}

// Engine is which database this is, for the few places where they differ.
func (db *DB) Engine() Engine { return db.engine }

// Pool is the connection pool that writes, for a library that needs one of its own.
func (db *DB) Pool() *sql.DB { return db.write }

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// Checkpoint empties SQLite's journal, in which what was deleted, destroyed keys
// above all, outlives its deletion. PostgreSQL looks after its own.
func (db *DB) Checkpoint(ctx context.Context) error {
	if db.engine != SQLite {
		return nil
	}
	_, err := db.write.ExecContext(ctx, `pragma wal_checkpoint(truncate)`)
	return err
}

// collided tells whether a write lost against another one and may be run again.
func collided(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// IsDuplicate tells whether err says that a unique value is taken. On
// PostgreSQL the transaction it happened in can only be given up.
func IsDuplicate(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
