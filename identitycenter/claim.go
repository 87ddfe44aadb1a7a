package identitycenter

import (
	"errors"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/seal"
)

// hashClaim is what a value is found by.
func hashClaim(key *seal.Key, c claim) ([]byte, error) {
	return key.Hash("identity_claims.value_hash", []byte(c.attribute+"\x00"+c.value))
}

// hold makes a user or group the holder of these values, and of no others. A value
// somebody else holds is Conflict with ReasonNotUnique.
func (s *Store) hold(tx *database.Tx, in Instance, holder string, claims []claim) error {
	key, err := s.Keys.Key(tx.Reading(), in.Scope())
	if err != nil {
		return err
	}
	if err := release(tx, holder); err != nil {
		return err
	}
	for _, c := range claims {
		hash, err := hashClaim(key, c)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into identity_claims (store_id, attribute, value_hash, holder_id) values ($1, $2, $3, $4)`, in.Store, c.attribute, hash, holder)
		if database.IsDuplicate(err) {
			return notUnique("%s", c.taken)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func release(tx *database.Tx, holder string) error {
	_, err := tx.Exec(`delete from identity_claims where holder_id = $1`, holder)
	return err
}

// holder finds who has a value; empty: nobody.
func (s *Store) holder(tx *database.ReadTx, in Instance, c claim) (string, error) {
	key, err := s.Keys.Key(tx, in.Scope())
	if err != nil {
		return "", err
	}
	hash, err := hashClaim(key, c)
	if err != nil {
		return "", err
	}
	id, err := database.One(tx, database.Value[string], `select holder_id from identity_claims where store_id = $1 and attribute = $2 and value_hash = $3`,
		in.Store, c.attribute, hash)
	if errors.Is(err, database.ErrNone) {
		return "", nil
	}
	return id, err
}
