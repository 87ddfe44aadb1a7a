package connection

import (
	"encoding/json"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
)

// Tag adds or replaces tags, which policies of the account read.
func (s *Store) Tag(tx *database.Tx, c Connection, added account.Tags) error {
	tags, err := c.Tags.With(added)
	if err != nil {
		return err
	}
	return s.setTags(tx, c, tags)
}

// Untag takes tags away; those that are not there are not missed.
func (s *Store) Untag(tx *database.Tx, c Connection, keys []string) error {
	return s.setTags(tx, c, c.Tags.Without(keys))
}

func (s *Store) setTags(tx *database.Tx, c Connection, tags account.Tags) error {
	plain, err := json.Marshal(tags)
	if err != nil {
		return err
	}
	sealed, err := s.seal(tx.Reading(), c.SpaceID, tagsColumn, string(c.ID), string(plain))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update connections set tags_sealed = $2 where id = $1`, c.ID, sealed)
	return err
}
