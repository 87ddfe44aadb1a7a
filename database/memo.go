package database

import (
	"errors"
	"sync"
	"sync/atomic"
)

// A generation is a state of the database that committed transactions have made:
// what was read in one is true for everybody who reads in the same, and a [Memo]
// may answer without asking the database.
//
// On SQLite this process is the only writer, so it counts: a generation is odd
// while a change is being committed, and another even number afterwards. On
// PostgreSQL other nodes write too, and the database itself is asked, see
// [snapshots].
type generation struct {
	count atomic.Uint64
	one   sync.Mutex // a commit lets the next writer begin before it has counted itself
}

// stable is the generation one may rely on; 0 when there is none just now.
func (g *generation) stable() uint64 {
	if count := g.count.Load(); count%2 == 0 {
		return count
	}
	return 0
}

// change is called around a commit, before any reader can see it and after all do.
func (g *generation) change(commit func() error) error {
	g.one.Lock()
	defer g.one.Unlock()
	g.count.Add(1)
	defer g.count.Add(1)
	return commit()
}

// errMoved says that the database changed between what a reader was told from memory
// and its first look: it has to start again.
var errMoved = errors.New("the database has changed meanwhile")

// Memo remembers what was read for as long as nothing changes. The zero Memo is
// empty and ready. It is safe for concurrent use. What it returns is shared and
// must not be modified.
type Memo[K comparable, V any] struct {
	page atomic.Pointer[page[K, V]]
}

// A page holds what is known in one generation.
type page[K comparable, V any] struct {
	generation uint64
	mu         sync.RWMutex
	known      map[K]V
}

// remembered bounds a page; what comes later is read each time.
const remembered = 1 << 16

// Get returns what is remembered under the key, or what load returns. Errors are
// not remembered.
func (m *Memo[K, V]) Get(tx *ReadTx, key K, load func() (V, error)) (V, error) {
	if tx.generation == 0 {
		return m.local(tx, key, load)
	}
	if value, ok := m.Known(tx, key); ok {
		return value, nil
	}
	value, err := load()
	if err != nil || tx.moved || tx.generation == 0 {
		return value, err
	}
	p := m.current(tx.generation) // on PostgreSQL the first look may have set it anew
	p.mu.Lock()
	if len(p.known) < remembered {
		p.known[key] = value
	}
	p.mu.Unlock()
	return value, nil
}

// Known returns what is remembered under the key for others too, if anything is: for
// those who ask so often that making the function for Get would count.
func (m *Memo[K, V]) Known(tx *ReadTx, key K) (value V, ok bool) {
	if tx.generation == 0 {
		return value, false
	}
	p := m.current(tx.generation)
	p.mu.RLock()
	value, ok = p.known[key]
	p.mu.RUnlock()
	tx.told = tx.told || ok
	return value, ok
}

// local remembers within the transaction.
func (m *Memo[K, V]) local(tx *ReadTx, key K, load func() (V, error)) (V, error) {
	type entry struct {
		memo *Memo[K, V]
		key  K
	}
	if value, ok := tx.local[entry{m, key}]; ok {
		return value.(V), nil
	}
	value, err := load()
	if err == nil {
		if tx.local == nil {
			tx.local = map[any]any{}
		}
		tx.local[entry{m, key}] = value
	}
	return value, err
}

// current is the page of a generation: a new one replaces that of an earlier
// generation.
func (m *Memo[K, V]) current(generation uint64) *page[K, V] {
	for {
		p := m.page.Load()
		if p != nil && p.generation == generation {
			return p
		}
		fresh := &page[K, V]{generation: generation, known: map[K]V{}}
		if p != nil && p.generation > generation {
			return fresh // a reader that began earlier: nobody else will look here
		}
		if m.page.CompareAndSwap(p, fresh) {
			return fresh
		}
	}
}
