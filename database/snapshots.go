package database

import (
	"context"
	"sync"
)

// PostgreSQL names the snapshot that a query sees: which transactions had ended when
// it began. Two snapshots with one name see the same rows, so the name is a
// generation, on every node.
//
//	name of the snapshot now ── known, and memory has everything ──> answered with one query
//	                         └─ else: begin, name of the transaction's own snapshot, ask and remember
const nameSnapshot = `select pg_current_snapshot()::text`

// snapshots gives the names that were seen lately numbers, later ones higher.
type snapshots struct {
	mu      sync.Mutex
	numbers map[string]uint64
	last    uint64
}

// namesKept is how many names are: readers that run beside each other see few.
const namesKept = 64

func (s *snapshots) number(name string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number, ok := s.numbers[name]; ok {
		return number
	}
	if s.numbers == nil || len(s.numbers) >= namesKept {
		s.numbers = map[string]uint64{}
	}
	s.last++
	s.numbers[name] = s.last
	return s.last
}

// generation is the one a reader that begins now may be told from memory; 0: none.
func (db *DB) generation(ctx context.Context) (uint64, error) {
	if db.changes != nil {
		return db.changes.stable(), nil
	}
	var name string
	if err := db.read.QueryRowContext(ctx, nameSnapshot).Scan(&name); err != nil {
		return 0, err
	}
	return db.snapshots.number(name), nil
}

// settle compares, at a reader's first look, the snapshot it has taken with the
// generation it was told from memory. ok is false when they are of different times.
func (tx *ReadTx) settle() (ok bool, err error) {
	if tx.db.engine == SQLite {
		return tx.db.changes.stable() == tx.generation, nil
	}
	var name string
	if err := tx.tx.QueryRowContext(tx.ctx, nameSnapshot).Scan(&name); err != nil {
		return false, err
	}
	number := tx.db.snapshots.number(name)
	if !tx.told {
		tx.generation = number // nothing binds it to the other
	}
	return tx.generation == number, nil
}
