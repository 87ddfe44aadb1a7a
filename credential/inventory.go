package credential

import (
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// SpaceToken is a personal access token as the administrators of a space it reaches
// see it. Its name is its user's alone, and what it does elsewhere too.
type SpaceToken struct {
	AccessToken // UsedAt: in this space
	UserID      directory.UserID
	Alias       string
	ShutOutAt   time.Time // zero: it is let in
	ShutOutBy   directory.UserID
}

const inventory = `select t.user_id, u.alias, w.used_at, o.at, coalesce(o.by_user, ''), ` + accessTokenColumns + `
	from space_members m join users u on u.id = m.user_id join access_tokens t on t.user_id = m.user_id
		left join access_token_uses w on w.token_id = t.id and w.space_id = $1
		left join access_token_shut_outs o on o.space_id = $1 and o.family = coalesce(t.family, t.id)
	where m.space_id = $1 and u.state = $2 and t.expires_at > $3 and t.session_id is null and (t.space_id is null or t.space_id = $1)`

func scanSpaceToken(row database.Row) (t SpaceToken, err error) {
	var used time.Time
	err = row.Scan(append([]any{&t.UserID, &t.Alias, (*database.Time)(&used), (*database.Time)(&t.ShutOutAt), &t.ShutOutBy}, t.places()...)...)
	t.UsedAt = used
	return t, err
}

// SpaceTokens is the tokens that reach a space, by its id: those of its members that
// are not limited to another, the earliest made first, after another one.
func (s *Store) SpaceTokens(tx *database.ReadTx, space string, after AccessTokenID, limit int) ([]SpaceToken, error) {
	return database.All(tx, scanSpaceToken, inventory+` and t.id > $4 order by t.id limit $5`, space, directory.Active, database.Time(tx.Now()), after, limit)
}

// SpaceToken is one of them. Any other is NotFound.
func (s *Store) SpaceToken(tx *database.ReadTx, space string, id AccessTokenID) (SpaceToken, error) {
	t, err := database.One(tx, scanSpaceToken, inventory+` and t.id = $4`, space, directory.Active, database.Time(tx.Now()), id)
	if err == database.ErrNone {
		return t, noAccessToken(id)
	}
	return t, err
}

// ShutOut keeps a token out of a space, and whatever takes its place by rotation.
func (s *Store) ShutOut(tx *database.Tx, space string, id AccessTokenID, by directory.UserID) error {
	t, err := s.SpaceToken(tx.Reading(), space, id)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into access_token_shut_outs (space_id, family, by_user, at) values ($1, $2, $3, $4) on conflict (space_id, family) do nothing`,
		space, t.Family, by, database.Time(tx.Now()))
	return err
}

// Readmit lets a token into a space again. One that is not shut out is a Conflict.
func (s *Store) Readmit(tx *database.Tx, space string, id AccessTokenID) error {
	t, err := s.SpaceToken(tx.Reading(), space, id)
	if err != nil {
		return err
	}
	if t.ShutOutAt.IsZero() {
		return fault.Conflictf("personal access token %s is not shut out of the space", id)
	}
	_, err = tx.Exec(`delete from access_token_shut_outs where space_id = $1 and family = $2`, space, t.Family)
	return err
}

// inSpace is a token, and all that took its place, in a space.
type inSpace struct {
	space  string
	family AccessTokenID
}

// IsShutOut tells whether a token is kept out of a space. It is asked whenever one
// is used there, and costs no look at the database while nothing changes.
func (s *Store) IsShutOut(tx *database.ReadTx, space string, t *AccessToken) (bool, error) {
	at := inSpace{space, t.Family}
	return s.shutOut.Get(tx, at, func() (bool, error) {
		rows, err := database.One(tx, database.Value[int], `select count(*) from access_token_shut_outs where space_id = $1 and family = $2`, at.space, at.family)
		return rows > 0, err
	})
}

// Use is when, where and from which address a token was used.
type Use struct {
	Space   string // its id
	At      time.Time
	Address string
}

// TouchAccessToken records the last use of a token in a space. To the minute is
// enough. A token that was deleted meanwhile is passed over.
func (s *Store) TouchAccessToken(tx *database.Tx, id AccessTokenID, use Use) error {
	key, err := s.key(tx.Reading())
	if err != nil {
		return err
	}
	address, err := key.Seal(accessTokenAddress, string(id), []byte(use.Address))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update access_tokens set used_at = $2, address_sealed = $3 where id = $1 and coalesce(used_at, 0) < $2`, id, database.Time(use.At), address); err != nil {
		return err
	}
	_, err = tx.Exec(`insert into access_token_uses (token_id, space_id, used_at) select id, $2, $3 from access_tokens where id = $1
		on conflict (token_id, space_id) do update set used_at = excluded.used_at`, id, use.Space, database.Time(use.At))
	return err
}
