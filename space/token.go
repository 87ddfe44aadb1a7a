package space

import (
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// A limit on tokens that is longer than any token is made for would be none.
const longestTokenLifetime = 10 * 366 * day

// SetTokenLifetime says for how long the personal access tokens that are used in the
// space may be made. Those that were made for longer are refused there from the next
// request on. Zero: for any time.
func (s *Store) SetTokenLifetime(tx *database.Tx, id ID, lifetime time.Duration) (Space, error) {
	if lifetime < 0 || lifetime > longestTokenLifetime || lifetime%day != 0 {
		return Space{}, fault.Invalidf("personal access tokens can be limited to 1 to %d days, or to none with 0", longestTokenLifetime/day)
	}
	if _, err := tx.Exec(`update spaces set token_lifetime = nullif($2, 0) where id = $1 and deleted_at is null`, id, int64(lifetime/time.Second)); err != nil {
		return Space{}, err
	}
	return s.Space(&tx.ReadTx, id)
}

// seconds scans a number of seconds, absent as zero.
type seconds time.Duration

func (s *seconds) Scan(from any) error {
	n, _ := from.(int64) // absent, or what the column holds
	*s = seconds(time.Duration(n) * time.Second)
	return nil
}
