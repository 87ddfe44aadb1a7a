package credential

import (
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// race is how long after its exchange a refresh token may come again by
// accident: two processes of one command line share a cache and find the access
// token expired at the same time. The later one is refused and reads the cache.
const race = 30 * time.Second

// Refresh exchanges a refresh token for new tokens of the same session, which
// does not last longer for it. Scopes may be named, and none beyond those of
// the session; the answer carries all of them whatever is named.
//
// RFC 9700 section 4.14.2: a token that comes again after its exchange has been
// stolen, from the client or by it, and nobody can tell which. The session ends,
// for both.
func (s *Store) Refresh(tx *database.Tx, client Client, token string, scopes []string) (Tokens, error) {
	if err := client.MayUse(GrantRefreshToken); err != nil {
		return Tokens{}, err
	}
	held, err := findRefresh(&tx.ReadTx, client, token)
	if err != nil {
		return Tokens{}, err
	}
	if !held.redeemedAt.IsZero() {
		return Tokens{}, reused(tx, held)
	}
	if err := within(scopes, held.session.Scopes); err != nil {
		return Tokens{}, err
	}
	if _, err := tx.Exec(`update tokens set redeemed_at = $2 where hash = $1`, held.hash, database.Time(tx.Now())); err != nil {
		return Tokens{}, err
	}
	if err := s.Touch(tx, held.session.ID); err != nil {
		return Tokens{}, err
	}
	return issueTokens(tx, client, held.session)
}

func reused(tx *database.Tx, held refreshToken) error {
	if tx.Now().Sub(held.redeemedAt) <= race {
		return refusef(ReasonInvalidGrant, "the refresh token has just been exchanged: use the tokens it gave")
	}
	if err := end(tx, held.session.ID); err != nil {
		return err
	}
	return fault.Kept(refusef(ReasonInvalidGrant, "the refresh token was used a second time, so its session has been ended: sign in again"))
}

type refreshToken struct {
	hash       []byte
	redeemedAt time.Time
	session    Session // id, user, scopes and expiry
}

func findRefresh(tx *database.ReadTx, client Client, token string) (refreshToken, error) {
	hash, ok := hashOf(token, Refresh)
	if !ok {
		return refreshToken{}, errRefresh
	}
	held, err := database.One(tx, scanRefresh, `select t.hash, t.redeemed_at, s.id, s.user_id, s.scopes, s.expires_at
		from tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
		where t.hash = $1 and s.client_id = $2 and s.expires_at > $3 and u.state = $4`,
		hash, client.ID, database.Time(tx.Now()), directory.Active)
	if errors.Is(err, database.ErrNone) {
		return refreshToken{}, errRefresh
	}
	return held, err
}

var errRefresh = refusef(ReasonInvalidGrant, "the refresh token is not this client's, or its session has ended: sign in again")

func scanRefresh(row database.Row) (r refreshToken, err error) {
	var scopes string
	err = row.Scan(&r.hash, (*database.Time)(&r.redeemedAt), &r.session.ID, &r.session.UserID, &scopes, (*database.Time)(&r.session.ExpiresAt))
	r.session.Scopes = strings.Fields(scopes)
	return r, err
}
