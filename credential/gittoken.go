package credential

import (
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

const (
	handedOutLifetime = time.Hour
	// A client asks for one whenever Git needs a password. Of so many at once the
	// earliest ones are not in use any more.
	handedOutAtOnce = 64
)

// HandOutAccessToken makes a token for a client that its user has let in, to hand on
// to Git. It is limited as given, good for an hour and no longer than the session,
// and its user neither sees nor counts it.
func (s *Store) HandOutAccessToken(tx *database.Tx, of Identity, reach Reach) (AccessToken, Token, error) {
	if of.SessionID == "" {
		return AccessToken{}, "", fault.Deniedf("a token is handed out to a sign-in alone")
	}
	// Ids are in the order of their making.
	_, err := tx.Exec(`delete from access_tokens where session_id = $1 and id not in (select id from access_tokens where session_id = $1 order by id desc limit $2)`,
		of.SessionID, handedOutAtOnce-1)
	if err != nil {
		return AccessToken{}, "", err
	}
	return s.addAccessToken(tx, of.UserID, AccessToken{Name: "Git", Reach: reach, ExpiresAt: tx.Now().Add(handedOutLifetime)}, of.SessionID)
}
