package credential

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
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
	Name      string // not of one that was presented: it takes a key to read
	Reach     Reach
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: never
	Address   string    // from which it was used then

	// Family is the id of the first of the tokens that took each other's place by
	// rotation.
	Family    AccessTokenID
	RotatedAt time.Time // when another took its place; zero: none did
}

// Lifetime is for how long the token was made.
func (t AccessToken) Lifetime() time.Duration { return t.ExpiresAt.Sub(t.CreatedAt) }

// Reach is what a personal access token is limited to, by ids. The zero one is all
// that its user reaches.
type Reach struct {
	Space, Project, Repository string // each empty where it is not limited by it
	Path                       string // what they were called when the token was made: "acme/web/shop"
	ReadOnly                   bool
}

// String says what a token of this reach is limited to, empty when it is not.
func (r Reach) String() string {
	var limit string
	switch {
	case r.Repository != "":
		limit = "the repository " + r.Path
	case r.Project != "":
		limit = "the project " + r.Path
	case r.Space != "":
		limit = "the space " + r.Path
	}
	switch {
	case limit == "" && r.ReadOnly:
		return "reading"
	case r.ReadOnly:
		return "reading " + limit
	}
	return limit
}

const (
	accessTokenName    = "access_tokens.name_sealed"
	accessTokenAddress = "access_tokens.address_sealed"
)

// NewAccessToken is what it takes to make a personal access token.
type NewAccessToken struct {
	Name      string
	ExpiresAt time.Time // zero: a year from now
	Reach     Reach
}

// CreateAccessToken makes a token and returns its secret, which is not shown
// again. An expiry more than ten years away is Invalid.
func (s *Store) CreateAccessToken(tx *database.Tx, user directory.UserID, n NewAccessToken) (AccessToken, Token, error) {
	if length := utf8.RuneCountInString(n.Name); length < 1 || length > 100 || !utf8.ValidString(n.Name) {
		return AccessToken{}, "", fault.Invalidf("the name of a personal access token has 1 to 100 characters")
	}
	if n.ExpiresAt.IsZero() {
		n.ExpiresAt = tx.Now().AddDate(accessTokenLifetime, 0, 0)
	}
	if err := checkExpiry(tx, n.ExpiresAt); err != nil {
		return AccessToken{}, "", err
	}
	if err := checkAccessTokens(&tx.ReadTx, user); err != nil {
		return AccessToken{}, "", err
	}
	return s.addAccessToken(tx, user, AccessToken{Name: n.Name, Reach: n.Reach, ExpiresAt: n.ExpiresAt}, "")
}

func checkExpiry(tx *database.Tx, expires time.Time) error {
	if !expires.After(tx.Now()) {
		return fault.Invalidf("the expiry %s is in the past", expires.UTC().Format(time.RFC3339))
	}
	if last := tx.Now().AddDate(longestAccessToken, 0, 0); expires.After(last) {
		return fault.Invalidf("a personal access token is good for %d years at most, until %s", longestAccessToken, last.Format(time.RFC3339))
	}
	return nil
}

func checkAccessTokens(tx *database.ReadTx, user directory.UserID) error {
	count, err := database.One(tx, database.Value[int], `select count(*) from access_tokens where user_id = $1 and expires_at > $2 and session_id is null`, user, database.Time(tx.Now()))
	if err == nil && count >= maxAccessTokens {
		return fault.Quotaf("a user has at most %d personal access tokens: delete one that is not used any more", maxAccessTokens)
	}
	return err
}

// addAccessToken adds a token of the user's, or one that lives as long as a session.
func (s *Store) addAccessToken(tx *database.Tx, user directory.UserID, token AccessToken, session SessionID) (AccessToken, Token, error) {
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return AccessToken{}, "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return AccessToken{}, "", err
	}
	token.ID = AccessTokenID(id.String())
	token.Family = cmp.Or(token.Family, token.ID)
	token.CreatedAt, token.ExpiresAt = tx.Now(), token.ExpiresAt.UTC().Truncate(time.Microsecond)
	name, err := key.Seal(accessTokenName, string(token.ID), []byte(token.Name))
	if err != nil {
		return AccessToken{}, "", err
	}
	secret := NewToken(PersonalAccess)
	_, err = tx.Exec(`insert into access_tokens (id, user_id, name_sealed, hash, created_at, expires_at, family, space_id, project_id, repository_id, path, read_only, session_id)
		values ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), nullif($9, ''), nullif($10, ''), $11, $12, nullif($13, ''))`,
		token.ID, user, name, HashToken(string(secret)), database.Time(token.CreatedAt), database.Time(token.ExpiresAt), token.Family,
		token.Reach.Space, token.Reach.Project, token.Reach.Repository, token.Reach.Path, token.Reach.ReadOnly, session)
	return token, secret, err
}

const accessTokenColumns = `t.id, coalesce(t.family, t.id), coalesce(t.space_id, ''), coalesce(t.project_id, ''), coalesce(t.repository_id, ''), t.path, t.read_only,
	t.created_at, t.expires_at, t.used_at, t.rotated_at`

func (t *AccessToken) places() []any {
	return []any{&t.ID, &t.Family, &t.Reach.Space, &t.Reach.Project, &t.Reach.Repository, &t.Reach.Path, &t.Reach.ReadOnly,
		(*database.Time)(&t.CreatedAt), (*database.Time)(&t.ExpiresAt), (*database.Time)(&t.UsedAt), (*database.Time)(&t.RotatedAt)}
}

// AccessTokens is the tokens that a user has made, that have not expired and come
// after another one, the earliest made first. An empty after begins at the first.
func (s *Store) AccessTokens(tx *database.ReadTx, user directory.UserID, after AccessTokenID, limit int) ([]AccessToken, error) {
	key, err := s.key(tx)
	if err != nil {
		return nil, err
	}
	return database.All(tx, openAccessToken(key), `select name_sealed, address_sealed, `+accessTokenColumns+` from access_tokens t
		where user_id = $1 and id > $2 and expires_at > $3 and session_id is null order by id limit $4`, user, after, database.Time(tx.Now()), limit)
}

func openAccessToken(key *seal.Key) func(database.Row) (AccessToken, error) {
	return func(row database.Row) (t AccessToken, err error) {
		var name, address []byte
		if err := row.Scan(append([]any{&name, &address}, t.places()...)...); err != nil {
			return t, err
		}
		if name, err = key.Open(accessTokenName, string(t.ID), name); err != nil {
			return t, err
		}
		if address != nil {
			address, err = key.Open(accessTokenAddress, string(t.ID), address)
		}
		t.Name, t.Address = string(name), string(address)
		return t, err
	}
}

// DeleteAccessToken deletes a token of the user's. Somebody else's is NotFound.
func (s *Store) DeleteAccessToken(tx *database.Tx, user directory.UserID, id AccessTokenID) error {
	deleted, err := tx.Exec(`delete from access_tokens where id = $1 and user_id = $2 and expires_at > $3 and session_id is null`, id, user, database.Time(tx.Now()))
	if err == nil && deleted == 0 {
		return noAccessToken(id)
	}
	return err
}

func noAccessToken(id AccessTokenID) error {
	return fault.NotFoundf("personal access token %s not found", id)
}

// DeleteAccessTokens deletes all tokens of a user.
func (s *Store) DeleteAccessTokens(tx *database.Tx, user directory.UserID) error {
	_, err := tx.Exec(`delete from access_tokens where user_id = $1`, user)
	return err
}

// Presented is a token as a client presents it, with whose it is. It is shared, and
// must not be modified.
type Presented struct {
	expires time.Time // the token, or the session it was handed out in
	alias   string    // in the form in which aliases are compared
	Identity
	Token AccessToken
}

// errAccessToken is what everybody is told whose alias and token are no pair.
var errAccessToken = fault.Unauthenticatedf("the alias and the personal access token are no pair that is good, or not any more: give your alias, and create another token")

// AuthenticateAccessToken tells whom a pair of alias and personal access token speaks
// for. The alias is compared without regard to case. Malformed, unknown and expired
// tokens, those of somebody else and of users who are not active are all
// Unauthenticated, in the same words and after one look at the database. A
// token that is good costs none while nothing changes.
func (s *Store) AuthenticateAccessToken(tx *database.ReadTx, alias, secret string) (*Presented, error) {
	var text [tokenLength]byte // all that could be a token of it: a longer one is none
	copy(text[:], secret)
	hash := sha256.Sum256(text[:])
	if len(secret) != tokenLength {
		hash = [sha256.Size]byte{}
	}
	if held, ok := s.presented.Known(tx, hash); ok && held.good(tx, alias) {
		return held, nil
	}
	return s.lookUpAccessToken(tx, alias, hash)
}

// good tells whether the token still is, and is that of whoever has the alias.
func (p *Presented) good(tx *database.ReadTx, alias string) bool {
	return tx.Now().Before(p.expires) && (p.alias == alias || p.alias == strings.ToLower(alias))
}

// lookUpAccessToken looks at the database once, whether the token is known or not: that
// one is must not show in how long it takes to refuse it.
func (s *Store) lookUpAccessToken(tx *database.ReadTx, alias string, hash [sha256.Size]byte) (*Presented, error) {
	asked := false
	ask := func() (*Presented, error) {
		asked = true
		return database.One(tx, s.scanPresented(tx), `select u.id, u.alias, coalesce(u.store_id, ''), u.display_name_sealed, coalesce(s.expires_at, t.expires_at), `+accessTokenColumns+`
			from access_tokens t join users u on u.id = t.user_id left join sessions s on s.id = t.session_id
			where t.hash = $1 and u.state = $2`, hash[:], directory.Active)
	}
	held, err := s.presented.Get(tx, hash, ask)
	if err == nil && held.good(tx, alias) {
		return held, nil
	}
	if !asked {
		_, err = ask()
	}
	if err != nil && !errors.Is(err, database.ErrNone) {
		return nil, err
	}
	return nil, errAccessToken
}

func (s *Store) scanPresented(tx *database.ReadTx) func(database.Row) (*Presented, error) {
	return func(row database.Row) (*Presented, error) {
		var p Presented
		var name []byte
		err := row.Scan(append([]any{&p.UserID, &p.Alias, &p.Store, &name, (*database.Time)(&p.expires)}, p.Token.places()...)...)
		if err != nil {
			return nil, err
		}
		if p.Token.ExpiresAt.Before(p.expires) {
			p.expires = p.Token.ExpiresAt
		}
		if p.Store != "" {
			key, err := s.key(tx)
			if err != nil {
				return nil, err
			}
			if p.Alias, err = directory.OpenName(key, p.UserID, name); err != nil {
				return nil, err
			}
		}
		p.alias = strings.ToLower(p.Alias)
		return &p, nil
	}
}
