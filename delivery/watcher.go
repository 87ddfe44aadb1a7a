package delivery

import (
	"errors"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
)

// Notify says whether somebody gets a mail when a run of the pipeline fails.
func (s *Store) Notify(tx *database.Tx, p Pipeline, user directory.UserID, on bool) error {
	query := `delete from pipeline_watchers where pipeline_id = $1 and user_id = $2`
	if on {
		query = `insert into pipeline_watchers (pipeline_id, user_id) values ($1, $2) on conflict do nothing`
	}
	_, err := tx.Exec(query, p.ID, user)
	return err
}

// Notified tells whether somebody does.
func (s *Store) Notified(tx *database.ReadTx, p Pipeline, user directory.UserID) (bool, error) {
	_, err := database.One(tx, database.Value[string], `select user_id from pipeline_watchers where pipeline_id = $1 and user_id = $2`, p.ID, user)
	if errors.Is(err, database.ErrNone) {
		return false, nil
	}
	return err == nil, err
}

// Watchers are those who do. Whether they may still see the project is for the caller
// to ask.
func (s *Store) Watchers(tx *database.ReadTx, p Pipeline) ([]directory.UserID, error) {
	return database.All(tx, database.Value[directory.UserID], `select user_id from pipeline_watchers where pipeline_id = $1 order by user_id`, p.ID)
}
