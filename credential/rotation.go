package credential

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// Rotation is how a personal access token is followed by another.
type Rotation struct {
	Overlap   time.Duration // for which the old one goes on, at most to its end; 0: it ends at once
	ExpiresAt time.Time     // of the new one; zero: it is good for as long as the old one was made for
}

// RotateAccessToken makes the successor of a token: of the same name and reach, with
// a secret of its own. Whoever was shut out of a space stays out. A token that
// has a successor already is a Conflict, somebody else's NotFound. Both count towards
// what a user can have, for as long as both are good.
func (s *Store) RotateAccessToken(tx *database.Tx, user directory.UserID, id AccessTokenID, r Rotation) (AccessToken, Token, error) {
	if r.Overlap < 0 {
		return AccessToken{}, "", fault.Invalidf("a token cannot go on for %s: give how long, or 0 to end it at once", r.Overlap)
	}
	key, err := s.key(tx.Reading())
	if err != nil {
		return AccessToken{}, "", err
	}
	old, err := database.One(tx.Reading(), openAccessToken(key), `select name_sealed, address_sealed, `+accessTokenColumns+` from access_tokens t
		where id = $1 and user_id = $2 and expires_at > $3 and session_id is null`, id, user, database.Time(tx.Now()))
	switch {
	case errors.Is(err, database.ErrNone):
		return AccessToken{}, "", noAccessToken(id)
	case err != nil:
		return AccessToken{}, "", err
	case !old.RotatedAt.IsZero():
		return AccessToken{}, "", fault.Conflictf("another token has taken the place of %s, which ends at %s: rotate the other one", id, old.ExpiresAt.Format(time.RFC3339))
	}
	if r.ExpiresAt.IsZero() {
		r.ExpiresAt = tx.Now().Add(old.Lifetime())
	}
	if err := checkExpiry(tx, r.ExpiresAt); err != nil {
		return AccessToken{}, "", err
	}
	if err := retireAccessToken(tx, old, r.Overlap); err != nil {
		return AccessToken{}, "", err
	}
	if err := checkAccessTokens(tx.Reading(), user); err != nil {
		return AccessToken{}, "", err
	}
	return s.addAccessToken(tx, user, AccessToken{Name: old.Name, Reach: old.Reach, Family: old.Family, ExpiresAt: r.ExpiresAt}, "")
}

// retireAccessToken ends a token, now or after a while.
func retireAccessToken(tx *database.Tx, old AccessToken, overlap time.Duration) error {
	if overlap == 0 {
		_, err := tx.Exec(`delete from access_tokens where id = $1`, old.ID)
		return err
	}
	end := old.ExpiresAt
	if soon := tx.Now().Add(overlap); soon.Before(end) {
		end = soon
	}
	_, err := tx.Exec(`update access_tokens set expires_at = $2, rotated_at = $3 where id = $1`, old.ID, database.Time(end), database.Time(tx.Now()))
	return err
}
