package seal

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/sallyport/sallyport/database"
)

// A Column is one that holds sealed values. Each package that owns a table lists
// its own, so that rotation reaches all of them.
type Column struct {
	Table, Name string
	Row         string // the column that identifies a row, part of the binding
	// Space, Account or Organization is the column that holds the id of whose key
	// is used; Scope the one that holds a whole scope. None: the directory's.
	Space, Account, Organization, Scope string
}

// A rotation takes its time, because every node may go on for a while with the
// keys it has read:
//
//	lifetime ─> a new key seals ─ settle ─> old values are sealed again ─ retain ─> old keys are dropped
//
// Look-up keys are not rotated: a hash cannot be made anew without its value.
const (
	settle = 10 * freshness
	retain = 24 * time.Hour
)

// Rotation renews the sealing keys that have become old.
type Rotation struct {
	Keys     *Keys
	DB       *database.DB
	Columns  []Column
	Lifetime time.Duration // of a sealing key
}

// Run takes every scope as far as it can go now. It may be interrupted at any
// point and run again, on any node.
func (r *Rotation) Run(ctx context.Context) error {
	scopes, err := r.scopes(ctx)
	if err != nil {
		return err
	}
	for _, scope := range scopes {
		if err := r.advance(ctx, scope); err != nil {
			return fmt.Errorf("rotate the keys of %s: %w", scope, err)
		}
	}
	return nil
}

func (r *Rotation) scopes(ctx context.Context) (scopes []Scope, err error) {
	err = r.DB.Read(ctx, func(tx *database.ReadTx) error {
		scopes, err = database.All(tx, database.Value[Scope], `select scope from keysets order by scope`)
		return err
	})
	return scopes, err
}

func (r *Rotation) advance(ctx context.Context, scope Scope) error {
	var age time.Duration
	var keys int
	err := r.DB.Write(ctx, func(tx *database.Tx) error {
		sealing, rotated, err := r.Keys.state(tx.Reading(), scope)
		if err == database.ErrNone { // the space was deleted meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		age, keys = tx.Now().Sub(rotated), sealing.Len()
		if keys > 1 || age < r.Lifetime {
			return nil
		}
		age = 0
		return r.Keys.add(tx, scope, sealing)
	})
	if err != nil || keys < 2 || age < settle {
		return err
	}
	if err := r.reseal(ctx, scope); err != nil || age < retain {
		return err
	}
	return r.DB.Write(ctx, func(tx *database.Tx) error { return r.Keys.retire(tx, scope) })
}

// state reads a scope's sealing keyset and when its newest key was made.
func (k *Keys) state(tx *database.ReadTx, scope Scope) (*keyset.Handle, time.Time, error) {
	sealing, _, err := k.read(tx, scope)
	if err != nil {
		return nil, time.Time{}, err
	}
	rotated, err := database.One(tx, func(row database.Row) (at time.Time, err error) {
		return at, row.Scan((*database.Time)(&at))
	}, `select rotated_at from keysets where scope = $1`, scope)
	return sealing, rotated, err
}

// add makes a new key the one that seals.
func (k *Keys) add(tx *database.Tx, scope Scope, sealing *keyset.Handle) error {
	manager := keyset.NewManagerFromHandle(sealing)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	if err := manager.SetPrimary(id); err != nil {
		return err
	}
	return k.replace(tx, scope, manager, `update keysets set aead_wrapped = $1, version = version + 1, rotated_at = $2 where scope = $3`, database.Time(tx.Now()))
}

// retire drops every key but the one that seals.
func (k *Keys) retire(tx *database.Tx, scope Scope) error {
	sealing, _, err := k.read(tx.Reading(), scope)
	if err != nil {
		return err
	}
	manager, primary := keyset.NewManagerFromHandle(sealing), sealing.KeysetInfo().GetPrimaryKeyId()
	for _, key := range sealing.KeysetInfo().GetKeyInfo() {
		if key.GetKeyId() == primary {
			continue
		}
		if err := manager.Delete(key.GetKeyId()); err != nil {
			return err
		}
	}
	return k.replace(tx, scope, manager, `update keysets set aead_wrapped = $1 where scope = $2`)
}

func (k *Keys) replace(tx *database.Tx, scope Scope, manager *keyset.Manager, update string, more ...any) error {
	handle, err := manager.Handle()
	if err != nil {
		return err
	}
	wrapped, err := k.wrap(scope, handle)
	if err != nil {
		return err
	}
	tx.AfterCommit(func() { k.kept.Delete(scope) })
	_, err = tx.Exec(update, append(append([]any{wrapped}, more...), string(scope))...)
	return err
}

// reseal seals again, with the present key, whatever an older one has sealed.
func (r *Rotation) reseal(ctx context.Context, scope Scope) error {
	for _, column := range r.Columns {
		if _, _, ok := column.owner(scope); !ok {
			continue
		}
		for after, more := "", true; more; {
			err := r.DB.Write(ctx, func(tx *database.Tx) (err error) {
				after, more, err = r.resealSome(tx, scope, column, after)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// owner is how the column finds the rows of a scope: which of its columns must
// hold what. ok is false when none of its rows is of that scope.
func (c Column) owner(scope Scope) (column, value string, ok bool) {
	if c.Scope != "" {
		return c.Scope, string(scope), true
	}
	kind, id, _ := strings.Cut(string(scope), ":")
	column = map[string]string{"space": c.Space, "account": c.Account, "organization": c.Organization}[kind]
	inDirectory := c.Space == "" && c.Account == "" && c.Organization == ""
	return column, id, column != "" || inDirectory && scope == Directory
}

// resealSome does a few rows, so that nobody waits long behind them.
func (r *Rotation) resealSome(tx *database.Tx, scope Scope, c Column, after string) (last string, more bool, err error) {
	const few = 200
	sealing, _, err := r.Keys.read(tx.Reading(), scope)
	if err != nil {
		return "", false, err
	}
	key, err := r.Keys.Key(tx.Reading(), scope)
	if err != nil {
		return "", false, err
	}
	type sealed struct {
		row   string
		value []byte
	}
	query, args := c.query(scope)
	rows, err := database.All(tx.Reading(), func(row database.Row) (s sealed, err error) { return s, row.Scan(&s.row, &s.value) },
		query, append(args, after, few)...)
	if err != nil {
		return "", false, err
	}
	present := prefix(sealing.KeysetInfo().GetPrimaryKeyId())
	for _, row := range rows {
		last = row.row
		if bytes.HasPrefix(row.value, present) {
			continue
		}
		name := c.Table + "." + c.Name
		plain, err := key.Open(name, row.row, row.value)
		if err != nil {
			return "", false, err
		}
		again, err := key.Seal(name, row.row, plain)
		if err != nil {
			return "", false, err
		}
		if _, err := tx.Exec(fmt.Sprintf(`update %s set %s = $1 where %s = $2`, c.Table, c.Name, c.Row), again, row.row); err != nil {
			return "", false, err
		}
	}
	return last, len(rows) == few, nil
}

func (c Column) query(scope Scope) (string, []any) {
	where, args := "$1 = ''", []any{""}
	if column, value, _ := c.owner(scope); column != "" {
		where, args = column+" = $1", []any{value}
	}
	return fmt.Sprintf(`select %s, %s from %s where %s and %s is not null and %s > $2 order by %s limit $3`, c.Row, c.Name, c.Table, where, c.Name, c.Row, c.Row), args
}

// prefix is how Tink marks what a key has sealed.
func prefix(id uint32) []byte { return binary.BigEndian.AppendUint32([]byte{1}, id) }
