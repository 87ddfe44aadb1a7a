package directory

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// UserID names a user for ever.
type UserID string

// State says whether a user may come in.
type State string

const (
	Active   State = "active"
	Disabled State = "disabled" // may come back: nothing is lost
	Deleted  State = "deleted"  // will not: only id and alias are left
)

// User is a person. Email and DisplayName are empty once they are deleted.
type User struct {
	ID          UserID
	Store       StoreID // empty: a Builder ID user
	Alias       string  // unique among Builder ID users; of anybody else the user name, unique in the store
	Email       string
	DisplayName string
	State       State
	CreatedAt   time.Time
}

// NewUser is what it takes to create one.
type NewUser struct {
	Alias        string
	Email        string
	DisplayName  string
	PasswordHash string // of credential.Hash; empty: no password is good
}

const (
	emailColumn       = "users.email_sealed"
	displayNameColumn = "users.display_name_sealed"
)

// Create adds an active user. An alias that anybody has or ever had, and an
// address that anybody has, are Conflict.
func (s *Store) Create(tx *database.Tx, newUser NewUser) (User, error) {
	user, err := newUser.check()
	if err != nil {
		return User{}, err
	}
	user.ID, user.CreatedAt = UserID(uuid.NewString()), tx.Now()
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return User{}, err
	}
	emailHash, err := HashEmail(key, user.Email)
	if err != nil {
		return User{}, err
	}
	if err := checkFree(&tx.ReadTx, user.Alias, emailHash); err != nil {
		return User{}, err
	}
	emailSealed, err := key.Seal(emailColumn, string(user.ID), []byte(user.Email))
	if err != nil {
		return User{}, err
	}
	nameSealed, err := key.Seal(displayNameColumn, string(user.ID), []byte(user.DisplayName))
	if err != nil {
		return User{}, err
	}
	_, err = tx.Exec(`insert into users (id, alias, alias_key, email_sealed, email_hash, display_name_sealed, password, state, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		user.ID, user.Alias, aliasKey(user.Alias), emailSealed, emailHash, nameSealed, newUser.PasswordHash, user.State, database.Time(user.CreatedAt))
	return user, err
}

func (n NewUser) check() (User, error) {
	if err := CheckAlias(n.Alias); err != nil {
		return User{}, err
	}
	email, err := ParseEmail(n.Email)
	if err != nil {
		return User{}, err
	}
	name, err := parseDisplayName(n.DisplayName)
	if err != nil {
		return User{}, err
	}
	return User{Alias: n.Alias, Email: email, DisplayName: name, State: Active}, nil
}

func parseDisplayName(text string) (string, error) {
	text = strings.TrimSpace(text)
	length := utf8.RuneCountInString(text)
	if length < 1 || length > 100 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fault.Invalidf("a display name has 1 to 100 printable characters")
	}
	return text, nil
}

func checkFree(tx *database.ReadTx, alias string, emailHash []byte) error {
	switch taken, err := exists(tx, `select 1 from users where alias_key = $1`, aliasKey(alias)); {
	case err != nil:
		return err
	case taken:
		return fault.Conflictf("the alias %s is taken, or was once: choose another", alias)
	}
	switch taken, err := exists(tx, `select 1 from users where email_hash = $1`, emailHash); {
	case err != nil:
		return err
	case taken:
		return fault.Conflictf("another user has this e-mail address")
	}
	return nil
}

func exists(tx *database.ReadTx, query string, args ...any) (bool, error) {
	_, err := database.One(tx, database.Value[int], query, args...)
	if errors.Is(err, database.ErrNone) {
		return false, nil
	}
	return err == nil, err
}

const selectUser = `select id, coalesce(store_id, ''), alias, email_sealed, display_name_sealed, state, created_at from users `

// User finds a user, also a deleted one.
func (s *Store) User(tx *database.ReadTx, id UserID) (User, error) {
	user, err := s.one(tx, selectUser+`where id = $1`, id)
	if errors.Is(err, database.ErrNone) {
		return User{}, notFound(id)
	}
	return user, err
}

// UserByAlias finds a Builder ID user who is not deleted. Case does not matter.
func (s *Store) UserByAlias(tx *database.ReadTx, alias string) (User, error) {
	user, err := s.one(tx, selectUser+`where alias_key = $1 and state <> $2 and store_id is null`, aliasKey(alias), Deleted)
	if errors.Is(err, database.ErrNone) {
		return User{}, fault.NotFoundf("user %s not found", alias)
	}
	return user, err
}

// UserByEmail finds a Builder ID user who is not deleted. Case does not matter.
func (s *Store) UserByEmail(tx *database.ReadTx, email string) (User, error) {
	key, err := s.key(tx)
	if err != nil {
		return User{}, err
	}
	hash, err := HashEmail(key, strings.TrimSpace(email))
	if err != nil {
		return User{}, err
	}
	user, err := s.one(tx, selectUser+`where email_hash = $1`, hash)
	if errors.Is(err, database.ErrNone) {
		return User{}, fault.NotFoundf("no user has this e-mail address")
	}
	return user, err
}

// idsAtOnce is how many users one query looks for. The list in it always has
// this length, filled up by repetition, so that there is one query to prepare.
const idsAtOnce = 32

var selectUsers = selectUser + `where id in (` + placeholders(idsAtOnce) + `)`

func placeholders(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "$" + strconv.Itoa(i+1)
	}
	return strings.Join(list, ", ")
}

// Users finds several users, deleted ones too. An id that is nobody's is left out.
func (s *Store) Users(tx *database.ReadTx, ids []UserID) (map[UserID]User, error) {
	users := make(map[UserID]User, len(ids))
	key, err := s.key(tx)
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(ids, idsAtOnce) {
		args := make([]any, idsAtOnce)
		for i := range args {
			args[i] = some[min(i, len(some)-1)]
		}
		found, err := database.All(tx, scanUser(key), selectUsers, args...)
		if err != nil {
			return nil, err
		}
		for _, user := range found {
			users[user.ID] = user
		}
	}
	return users, nil
}

// Empty tells whether there is no Builder ID user yet, or none left.
func (s *Store) Empty(tx *database.ReadTx) (bool, error) {
	somebody, err := exists(tx, `select 1 from users where state <> $1 and store_id is null limit 1`, Deleted)
	return !somebody, err
}

// SetDisplayName changes what a user is called.
func (s *Store) SetDisplayName(tx *database.Tx, id UserID, name string) error {
	name, err := parseDisplayName(name)
	if err != nil {
		return err
	}
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(displayNameColumn, string(id), []byte(name))
	if err != nil {
		return err
	}
	return change(tx, id, `update users set display_name_sealed = $3 where id = $1 and state <> $2`, sealed)
}

// Password is what is kept of a user's password.
type Password struct {
	Hash string // empty: no password is good
	// Once is until when a password that somebody else set is good, to choose another
	// with and for nothing else. Zero: the user chose it.
	Once time.Time
}

// Password is the one a user has.
func (s *Store) Password(tx *database.ReadTx, id UserID) (Password, error) {
	password, err := database.One(tx, func(row database.Row) (p Password, err error) {
		return p, row.Scan(&p.Hash, (*database.Time)(&p.Once))
	}, `select coalesce(password, ''), once_until from users where id = $1`, id)
	if errors.Is(err, database.ErrNone) {
		return Password{}, notFound(id)
	}
	return password, err
}

// SetPassword replaces the hash of a user's password by that of one they chose.
// Sessions go on until package credential is told to end them.
func (s *Store) SetPassword(tx *database.Tx, id UserID, hash string) error {
	return change(tx, id, `update users set password = $3, once_until = null where id = $1 and state <> $2`, hash)
}

// SetPasswordOnce does so with one that somebody else knows, good until then.
func (s *Store) SetPasswordOnce(tx *database.Tx, id UserID, hash string, until time.Time) error {
	return change(tx, id, `update users set password = $3, once_until = $4 where id = $1 and state <> $2`, hash, database.Time(until))
}

// Disable keeps a user out. Their sessions and tokens are refused from the next
// request on, and are good again once the user is enabled, unless they expired.
// What they hold in spaces is remembered: call UserChanged of package space too.
func (s *Store) Disable(tx *database.Tx, id UserID) error { return setState(tx, id, Disabled) }

// Enable lets a disabled user in again.
func (s *Store) Enable(tx *database.Tx, id UserID) error { return setState(tx, id, Active) }

func setState(tx *database.Tx, id UserID, state State) error {
	return change(tx, id, `update users set state = $3 where id = $1 and state <> $2`, state)
}

// Delete forgets who a user was. Sessions and tokens are for package credential
// to remove, memberships for package space.
func (s *Store) Delete(tx *database.Tx, id UserID) error {
	return change(tx, id, `update users set state = $2, email_sealed = null, email_hash = null, display_name_sealed = null, password = null, once_until = null, deleted_at = $3
		where id = $1 and state <> $2`, database.Time(tx.Now()))
}

// change updates one user, of $1 the id and $2 the state [Deleted]: a deleted
// user is past changing.
func change(tx *database.Tx, id UserID, update string, args ...any) error {
	changed, err := tx.Exec(update, append([]any{id, Deleted}, args...)...)
	if err == nil && changed == 0 {
		return notFound(id)
	}
	return err
}

func notFound(id UserID) error { return fault.NotFoundf("user %s not found", id) }

func (s *Store) key(tx *database.ReadTx) (*seal.Key, error) { return s.Keys.Key(tx, seal.Directory) }

func (s *Store) one(tx *database.ReadTx, query string, args ...any) (User, error) {
	key, err := s.key(tx)
	if err != nil {
		return User{}, err
	}
	return database.One(tx, scanUser(key), query, args...)
}

// scanUser reads the columns of [selectUser].
func scanUser(key *seal.Key) func(database.Row) (User, error) {
	return func(row database.Row) (user User, err error) {
		var email, name []byte
		if err := row.Scan(&user.ID, &user.Store, &user.Alias, &email, &name, &user.State, (*database.Time)(&user.CreatedAt)); err != nil {
			return User{}, err
		}
		if user.State == Deleted {
			return user, nil
		}
		if user.DisplayName, err = OpenName(key, user.ID, name); err != nil || user.Store != "" {
			user.Alias = user.DisplayName
			return user, err
		}
		if email, err = key.Open(emailColumn, string(user.ID), email); err != nil {
			return User{}, err
		}
		user.Email = string(email)
		return user, nil
	}
}

// OpenName reads users.display_name_sealed for who has the row from elsewhere; key is
// that of [seal.Directory].
func OpenName(key *seal.Key, id UserID, sealed []byte) (string, error) {
	name, err := key.Open(displayNameColumn, string(id), sealed)
	return string(name), err
}
