package space

import (
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
)

// Share tells whether two users are members of one space.
func (s *Store) Share(tx *database.ReadTx, a, b directory.UserID) (bool, error) {
	spaces, err := database.One(tx, database.Value[int],
		`select count(*) from space_members a join space_members b on b.space_id = a.space_id where a.user_id = $1 and b.user_id = $2`, a, b)
	return spaces > 0, err
}
