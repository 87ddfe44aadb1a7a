package database

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// ReadTx is a consistent look at the database. It must not be kept, nor used
// by two goroutines at once.
type ReadTx struct {
	ctx context.Context
	tx  *sql.Tx // nil until the first query of a reading transaction
	db  *DB
	now time.Time
	// generation is what a Memo may answer for; 0: nothing. told: it has.
	generation  uint64
	told, moved bool
	// own holds what a writing transaction on SQLite has prepared for itself; nil
	// in a reading one.
	own map[string]*sql.Stmt
	// local is what a Memo was told in this transaction.
	local map[any]any
}

// Tx is a transaction that may change things.
type Tx struct {
	ReadTx
	after        []func()
	unremembered bool
}

// Unremembered says that this transaction changes only rows that no [Memo]
// holds, as the log's are, so that what is remembered stays true.
func (tx *Tx) Unremembered() { tx.unremembered = true }

// Now is the one time of this transaction.
func (tx *ReadTx) Now() time.Time { return tx.now }

// Context is the context the transaction runs in.
func (tx *ReadTx) Context() context.Context { return tx.ctx }

// Reading is the transaction as one that only looks.
func (tx *Tx) Reading() *ReadTx { return &tx.ReadTx }

// SQL is the transaction itself, for a library that joins it.
func (tx *Tx) SQL() *sql.Tx { return tx.tx }

// AfterCommit runs f once the change is safe, and never if it is not: for
// dropping what is cached of it.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Read runs f on a snapshot. It is taken at the first query: a reader that finds
// everything in a [Memo] costs the database nothing. f may be run several times.
func (db *DB) Read(ctx context.Context, f func(*ReadTx) error) error {
	generation, err := db.generation(ctx)
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	tx := &ReadTx{ctx: ctx, db: db, now: db.now(), generation: generation}
	if err := tx.run(f); !tx.moved {
		return err
	}
	return (&ReadTx{ctx: ctx, db: db, now: db.now()}).run(f)
}

func (tx *ReadTx) run(f func(*ReadTx) error) error {
	defer func() {
		if tx.tx == nil {
			return
		}
		tx.tx.Rollback() // nothing to keep
		if tx.db.readers != nil {
			<-tx.db.readers
		}
	}()
	return f(tx)
}

// begin takes the snapshot.
func (tx *ReadTx) begin() (err error) {
	options := &sql.TxOptions{ReadOnly: true}
	if tx.db.engine == PostgreSQL {
		options.Isolation = sql.LevelRepeatableRead
	} else {
		select {
		case tx.db.readers <- struct{}{}:
		case <-tx.ctx.Done():
			return tx.ctx.Err()
		}
	}
	if tx.tx, err = tx.db.read.BeginTx(tx.ctx, options); err != nil {
		if tx.db.readers != nil {
			<-tx.db.readers
		}
		return fmt.Errorf("begin reading: %w", err)
	}
	return nil
}

// Writers on PostgreSQL run freely at first. One that keeps colliding takes its
// turn in a line, over all nodes. While there is a line on this node newcomers
// join it, so that whoever has its turn collides with other nodes' newcomers at
// most.
const (
	freely   = 3
	attempts = 30
	turnLock = 0x5a11 // of pg_advisory_lock; any number, the same on every node
)

// Write runs f and commits when it returns nil. f may be run several times.
// When Write returns nil the change is on disk.
func (db *DB) Write(ctx context.Context, f func(*Tx) error) error {
	for attempt := 0; attempt < freely && db.inLine.Load() == 0; attempt++ {
		if err := db.writeOnce(ctx, db.write, f); err == nil || !collided(err) {
			return err
		}
	}
	return db.writeInTurn(ctx, f)
}

func (db *DB) writeInTurn(ctx context.Context, f func(*Tx) error) (err error) {
	db.inLine.Add(1)
	defer db.inLine.Add(-1)
	select {
	case db.turn <- struct{}{}: // on this node first, where waiting takes no connection
		defer func() { <-db.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin writing: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `select pg_advisory_lock($1)`, turnLock); err != nil {
		return fmt.Errorf("wait for a turn to write: %w", err)
	}
	defer func() {
		// The lock is the connection's: where it cannot be given back, the
		// connection must not go back to the pool either.
		if _, unlock := conn.ExecContext(context.WithoutCancel(ctx), `select pg_advisory_unlock($1)`, turnLock); unlock != nil {
			conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	for attempt := range attempts {
		if err = db.writeOnce(ctx, conn, f); err == nil || !collided(err) {
			return err
		}
		select {
		case <-time.After(rand.N(time.Duration(attempt+1) * 2 * time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// beginner is a pool, or one connection of it.
type beginner interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}

func (db *DB) writeOnce(ctx context.Context, on beginner, f func(*Tx) error) error {
	options := &sql.TxOptions{}
	if db.engine == PostgreSQL {
		options.Isolation = sql.LevelSerializable
	}
	tx, err := on.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin writing: %w", err)
	}
	defer tx.Rollback() // after a commit this does nothing
	w := &Tx{ReadTx: ReadTx{ctx: ctx, tx: tx, db: db, now: db.now(), own: map[string]*sql.Stmt{}}}
	if db.changes != nil {
		w.generation = db.changes.stable() // nobody else can commit until this ends
	}
	if err := f(w); err != nil {
		return err
	}
	commit := tx.Commit
	if db.changes != nil && !w.unremembered {
		commit = func() error { return db.changes.change(tx.Commit) }
	}
	if err := commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, f := range w.after {
		f()
	}
	if db.engine == SQLite {
		db.keep(ctx, w.own)
	}
	return nil
}

// now is cut to what a column can hold, so that a time read back is equal.
func (db *DB) now() time.Time { return db.clock().UTC().Truncate(time.Microsecond) }

// Row is what a scan function reads from.
type Row interface{ Scan(dest ...any) error }

// ErrNone is what [One] returns when no row matches.
var ErrNone = sql.ErrNoRows

// One reads the first row of a query, or returns [ErrNone].
func One[T any](tx *ReadTx, scan func(Row) (T, error), query string, args ...any) (T, error) {
	var none T
	rows, err := tx.query(query, args)
	if err != nil {
		return none, err
	}
	defer rows.Close()
	if !rows.Next() {
		return none, cmp.Or(rows.Err(), ErrNone)
	}
	value, err := scan(rows)
	if err != nil {
		return none, err
	}
	return value, rows.Close()
}

// All reads every row of a query.
func All[T any](tx *ReadTx, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.query(query, args)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		value, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, rows.Err()
}

// Value scans a row of one column.
func Value[T any](row Row) (value T, err error) {
	err = row.Scan(&value)
	return value, err
}

// Rows is the list of placeholders of an insert of several rows at once.
func Rows(rows, columns int) string {
	var list strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			list.WriteString("(")
		case i%columns == 0:
			list.WriteString("), (")
		default:
			list.WriteString(", ")
		}
		list.WriteString("$" + strconv.Itoa(i+1))
	}
	return list.String() + ")"
}

// Exec changes rows and tells how many.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	result, err := tx.exec(query, args)
	if err != nil {
		return 0, fmt.Errorf("%w in %q", err, query)
	}
	return result.RowsAffected()
}

func (tx *Tx) exec(query string, args []any) (sql.Result, error) {
	tx.generation = 0 // from here on it sees what others do not
	clear(tx.local)
	if tx.db.engine == PostgreSQL {
		return tx.tx.ExecContext(tx.ctx, query, args...)
	}
	statement, err := tx.prepared(query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(tx.ctx, args...)
}

func (tx *ReadTx) query(query string, args []any) (*sql.Rows, error) {
	if tx.tx != nil {
		return tx.ask(query, args)
	}
	if err := tx.begin(); err != nil {
		return nil, err
	}
	// The snapshot is taken with the first rows, on SQLite of this query, on PostgreSQL
	// of the one that names it. Had anything changed since the generation was noted, memory
	// and snapshot would tell of different times.
	if tx.generation != 0 && tx.db.engine == PostgreSQL {
		if ok, err := tx.settle(); err != nil || !ok {
			tx.moved = err == nil
			return nil, cmp.Or(err, errMoved)
		}
	}
	rows, err := tx.ask(query, args)
	if err == nil && tx.generation != 0 && tx.db.engine == SQLite {
		if ok, _ := tx.settle(); !ok {
			tx.moved = true
			return nil, errors.Join(errMoved, rows.Close())
		}
	}
	return rows, err
}

func (tx *ReadTx) ask(query string, args []any) (*sql.Rows, error) {
	if tx.db.engine == PostgreSQL {
		rows, err := tx.tx.QueryContext(tx.ctx, query, args...)
		return rows, inQuery(err, query)
	}
	statement, err := tx.prepared(query)
	if err != nil {
		return nil, inQuery(err, query)
	}
	rows, err := statement.QueryContext(tx.ctx, args...)
	return rows, inQuery(err, query)
}

func inQuery(err error, query string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w in %q", err, query)
}

// prepared compiles each SQL text once: on SQLite that costs as much as running it.
func (tx *ReadTx) prepared(query string) (*sql.Stmt, error) {
	if tx.own != nil {
		return tx.preparedToWrite(query)
	}
	kept, ok := tx.db.statements.read.Load(query)
	if !ok {
		statement, err := tx.db.read.PrepareContext(tx.ctx, query)
		if err != nil {
			return nil, err
		}
		if kept, ok = tx.db.statements.read.LoadOrStore(query, statement); ok {
			statement.Close()
		}
	}
	return tx.tx.StmtContext(tx.ctx, kept.(*sql.Stmt)), nil
}

// preparedToWrite: the one writing connection is busy with this very transaction, so a
// new statement is prepared inside and lasts as long; the next one finds it kept.
func (tx *ReadTx) preparedToWrite(query string) (statement *sql.Stmt, err error) {
	if statement = tx.own[query]; statement != nil {
		return statement, nil
	}
	if kept, ok := tx.db.statements.write.Load(query); ok {
		statement = tx.tx.StmtContext(tx.ctx, kept.(*sql.Stmt))
	} else if statement, err = tx.tx.PrepareContext(tx.ctx, query); err != nil {
		return nil, err
	}
	tx.own[query] = statement
	return statement, nil
}

// keep prepares, once the connection is free again, what a transaction had to
// prepare for itself. It is no failure if that fails: it will be tried again.
func (db *DB) keep(ctx context.Context, own map[string]*sql.Stmt) {
	for query := range own {
		if _, ok := db.statements.write.Load(query); ok {
			continue
		}
		statement, err := db.write.PrepareContext(ctx, query)
		if err != nil {
			return
		}
		if _, ok := db.statements.write.LoadOrStore(query, statement); ok {
			statement.Close()
		}
	}
}
