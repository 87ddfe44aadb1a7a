package credential

import (
	"errors"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

const (
	maxAccessTokens     = 100
	accessTokenLifetime = 1 // years, when its user names no end
	// A token that is meant to last for ever must be thought of again some time,
	// and RFC 3339 can write no year after 9999.
	longestAccessToken = 10 // years
)

// AccessTokenID names a personal access token. Later ones sort after earlier ones.
type AccessTokenID string

// AccessToken is a personal access token: the password of Git and package
// clients, which cannot open a browser.
type AccessToken struct {
	ID        AccessTokenID
	Name      string
	CreatedAt time.Time
	ExpiresAt time.Time
}

const accessTokenName = "access_tokens.name_sealed"

// CreateAccessToken makes a token and returns its secret, which is not shown
// again. A zero expiry is a year from now; one more than ten years away is Invalid.
func (s *Store) CreateAccessToken(tx *database.Tx, user directory.UserID, name string, expires time.Time) (AccessToken, Token, error) {
	if length := utf8.RuneCountInString(name); length < 1 || length > 100 || !utf8.ValidString(name) {
		return AccessToken{}, "", fault.Invalidf("the name of a personal access token has 1 to 100 characters")
	}
	if expires.IsZero() {
		expires = tx.Now().AddDate(accessTokenLifetime, 0, 0)
	}
	if !expires.After(tx.Now()) {
		return AccessToken{}, "", fault.Invalidf("the expiry %s is in the past", expires.UTC().Format(time.RFC3339))
	}
	if last := tx.Now().AddDate(longestAccessToken, 0, 0); expires.After(last) {
		return AccessToken{}, "", fault.Invalidf("a personal access token is good for %d years at most, until %s", longestAccessToken, last.Format(time.RFC3339))
	}
	if err := checkAccessTokens(&tx.ReadTx, user); err != nil {
		return AccessToken{}, "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return AccessToken{}, "", err
	}
	token := AccessToken{ID: AccessTokenID(id.String()), Name: name, CreatedAt: tx.Now(), ExpiresAt: expires.UTC().Truncate(time.Microsecond)}
	secret := NewToken(PersonalAccess)
	return token, secret, s.addAccessToken(tx, user, token, secret)
}

func checkAccessTokens(tx *database.ReadTx, user directory.UserID) error {
	count, err := database.One(tx, database.Value[int], `select count(*) from access_tokens where user_id = $1 and expires_at > $2`, user, database.Time(tx.Now()))
	if err == nil && count >= maxAccessTokens {
		return fault.Quotaf("a user has at most %d personal access tokens: delete one that is not used any more", maxAccessTokens)
	}
	return err
}

func (s *Store) addAccessToken(tx *database.Tx, user directory.UserID, token AccessToken, secret Token) error {
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return err
	}
	name, err := key.Seal(accessTokenName, string(token.ID), []byte(token.Name))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into access_tokens (id, user_id, name_sealed, hash, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)`,
		token.ID, user, name, HashToken(string(secret)), database.Time(token.CreatedAt), database.Time(token.ExpiresAt))
	return err
}

// AccessTokens is a user's tokens that have not expired and come after another
// one, the earliest made first. An empty after begins at the first.
func (s *Store) AccessTokens(tx *database.ReadTx, user directory.UserID, after AccessTokenID, limit int) ([]AccessToken, error) {
	key, err := s.key(tx)
	if err != nil {
		return nil, err
	}
	scan := func(row database.Row) (t AccessToken, err error) {
		var name []byte
		if err := row.Scan(&t.ID, &name, (*database.Time)(&t.CreatedAt), (*database.Time)(&t.ExpiresAt)); err != nil {
			return AccessToken{}, err
		}
		name, err = key.Open(accessTokenName, string(t.ID), name)
		t.Name = string(name)
		return t, err
	}
	return database.All(tx, scan, `select id, name_sealed, created_at, expires_at from access_tokens
		where user_id = $1 and id > $2 and expires_at > $3 order by id limit $4`, user, after, database.Time(tx.Now()), limit)
}

// DeleteAccessToken deletes a token of the user's. Somebody else's is NotFound.
func (s *Store) DeleteAccessToken(tx *database.Tx, user directory.UserID, id AccessTokenID) error {
	deleted, err := tx.Exec(`delete from access_tokens where id = $1 and user_id = $2 and expires_at > $3`, id, user, database.Time(tx.Now()))
	if err == nil && deleted == 0 {
		return fault.NotFoundf("personal access token %s not found", id)
	}
	return err
}

// DeleteAccessTokens deletes all tokens of a user.
func (s *Store) DeleteAccessTokens(tx *database.Tx, user directory.UserID) error {
	_, err := tx.Exec(`delete from access_tokens where user_id = $1`, user)
	return err
}

// VerifyAccessToken tells whose a personal access token is. Any other, and that
// of a user who is not active, is Unauthenticated.
func (s *Store) VerifyAccessToken(tx *database.ReadTx, secret string) (directory.UserID, error) {
	unknown := fault.Unauthenticatedf("the personal access token is not good, or not any more: create another")
	hash, ok := hashOf(secret, PersonalAccess)
	if !ok {
		return "", unknown
	}
	user, err := database.One(tx, database.Value[directory.UserID], `select u.id from access_tokens t join users u on u.id = t.user_id
		where t.hash = $1 and t.expires_at > $2 and u.state = $3`, hash, database.Time(tx.Now()), directory.Active)
	if errors.Is(err, database.ErrNone) {
		return "", unknown
	}
	return user, err
}
