package directory

import (
	"github.com/sallyport/sallyport/database"
)

// StoreID names an identity store: d- and ten hexadecimal digits.
type StoreID string

// CreateFederated lets a user of an identity store, made under this id, have a
// password and sign in. Until one is set nobody can. Who of the store has which user
// name is known to package identitycenter; here it is what to call them.
func (s *Store) CreateFederated(tx *database.Tx, id UserID, store StoreID, userName string) error {
	sealed, err := s.sealUserName(tx, id, userName)
	if err != nil {
		return err
	}
	// No alias of a Builder ID user has a slash.
	_, err = tx.Exec(`insert into users (id, store_id, alias, alias_key, display_name_sealed, state, created_at) values ($1, $2, $3, $3, $4, $5, $6)`,
		id, store, string(store)+"/"+string(id), sealed, Active, database.Time(tx.Now()))
	return err
}

// RenameFederated follows a change of the user name.
func (s *Store) RenameFederated(tx *database.Tx, id UserID, userName string) error {
	sealed, err := s.sealUserName(tx, id, userName)
	if err != nil {
		return err
	}
	return change(tx, id, `update users set display_name_sealed = $3 where id = $1 and state <> $2 and store_id is not null`, sealed)
}

func (s *Store) sealUserName(tx *database.Tx, id UserID, userName string) ([]byte, error) {
	key, err := s.key(tx.Reading())
	if err != nil {
		return nil, err
	}
	return key.Seal(displayNameColumn, string(id), []byte(userName))
}
