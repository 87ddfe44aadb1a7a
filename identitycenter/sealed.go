package identitycenter

import (
	"encoding/json"

	"github.com/sallyport/sallyport/database"
)

// sealIn seals a value in a column of the instance's.
func (s *Store) sealIn(tx *database.Tx, in Instance, column, row string, value any) ([]byte, error) {
	key, err := s.Keys.Key(tx.Reading(), in.Scope())
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return key.Seal(column, row, plain)
}

// openIn reads what sealIn made; nothing stays nothing.
func (s *Store) openIn(tx *database.ReadTx, in Instance, column, row string, sealed []byte, into any) error {
	if sealed == nil {
		return nil
	}
	key, err := s.Keys.Key(tx, in.Scope())
	if err != nil {
		return err
	}
	plain, err := key.Open(column, row, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

func orNull[T ~string](text T) *string {
	if text == "" {
		return nil
	}
	plain := string(text)
	return &plain
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func exists(tx *database.ReadTx, query string, args ...any) (bool, error) {
	found, err := database.All(tx, database.Value[int], query+` limit 1`, args...)
	return len(found) > 0, err
}
