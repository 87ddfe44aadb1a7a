// Package directory knows the people of a deployment: their names, their
// addresses, and whether they may still come in.
//
// It owns the table users and the keys of the scope [seal.Directory]. How
// somebody proves who they are is left to package credential; it keeps a
// password's hash here because that belongs to the person and goes with them.
// What somebody may do is left to package space.
//
// There are two kinds of people. Builder ID users sign themselves up and belong to
// the whole deployment. Users of an identity store are made, renamed and deleted
// by those who administer the store: package identitycenter knows all about them,
// and this one what they sign in with.
//
// Nobody is ever removed entirely. A deleted user leaves a row with an id and
// an alias, so that old events still have a name and the alias, which stands in
// clone addresses and mentions, is never given to somebody else.
package directory

import (
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/seal"
)

// Store reads and changes the directory. It is safe for concurrent use.
type Store struct {
	Keys *seal.Keys
}

// EnsureKeys makes the keys of the directory unless they exist. Nothing else
// in this package works before it has been called and committed.
func (s *Store) EnsureKeys(tx *database.Tx) error {
	_, err := database.One(&tx.ReadTx, database.Value[string], `select scope from keysets where scope = $1`, string(seal.Directory))
	if errors.Is(err, database.ErrNone) {
		_, err = s.Keys.Create(tx, seal.Directory)
	}
	if err != nil {
		return fmt.Errorf("ensure the directory's keys: %w", err)
	}
	return nil
}
