package connection

import (
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{
	{Table: "connections", Name: "description_sealed", Row: "id", Space: "space_id"},
	{Table: "connections", Name: "tags_sealed", Row: "id", Space: "space_id"},
	{Table: "environments", Name: "description_sealed", Row: "id", Space: "space_id"},
}

const (
	descriptionColumn = "connections.description_sealed"
	tagsColumn        = "connections.tags_sealed"
	environmentColumn = "environments.description_sealed"
)

func (s *Store) seal(tx *database.ReadTx, in space.ID, column, row, plain string) ([]byte, error) {
	key, err := s.Keys.Key(tx, seal.Space(string(in)))
	if err != nil {
		return nil, err
	}
	return key.Seal(column, row, []byte(plain))
}

// open reads what seal made; nothing stays nothing.
func (s *Store) open(tx *database.ReadTx, in space.ID, column, row string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	key, err := s.Keys.Key(tx, seal.Space(string(in)))
	if err != nil {
		return "", err
	}
	plain, err := key.Open(column, row, sealed)
	return string(plain), err
}
