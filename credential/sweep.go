package credential

import (
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
)

// Sweep deletes what has expired, and codes and links once they are not counted
// any more. Nothing depends on when it runs: what has expired is refused before.
func (s *Store) Sweep(tx *database.Tx) error {
	for _, table := range []string{"tokens", "sessions", "device_codes", "authorization_codes", "clients", "access_tokens"} {
		if _, err := tx.Exec(`delete from `+table+` where expires_at <= $1`, database.Time(tx.Now())); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`delete from verifications where sent_at <= $1 and expires_at <= $2`, database.Time(tx.Now().Add(-mailDay)), database.Time(tx.Now())); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from access_token_shut_outs where family not in (select coalesce(family, id) from access_tokens)`); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from sessions where kind = $1 and used_at <= $2`, Browser, database.Time(tx.Now().Add(-browserIdle)))
	return err
}

// Forget deletes every credential of a user who is being deleted, and what is on
// its way to become one.
func (s *Store) Forget(tx *database.Tx, user directory.UserID) error {
	for _, table := range []string{"sessions", "device_codes", "authorization_codes", "access_tokens", "verifications"} {
		if _, err := tx.Exec(`delete from `+table+` where user_id = $1`, user); err != nil {
			return err
		}
	}
	return nil
}
