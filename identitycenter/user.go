package identitycenter

import (
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// UserID is a user's: a UUID.
type UserID string

// UserStatus says whether a user may sign in.
type UserStatus string

const (
	Enabled  UserStatus = "ENABLED"
	Disabled UserStatus = "DISABLED"
)

// User is a person in an identity store.
type User struct {
	ID UserID
	Attributes
	Status UserStatus
	Record
}

// Record is how something came about.
type Record struct {
	Revision             string // another one after each change
	CreatedAt, UpdatedAt time.Time
	CreatedBy, UpdatedBy string // ARN of a principal, or a name of ours
}

// Change is what to make of a user or group.
type Change struct {
	Operations []Operation // in this order
	Revision   string      // the one that is expected; empty: any
	By         string
}

// ParseUserID reads an id, or the ARN of a user.
func ParseUserID(name string) UserID { return UserID(idNamed(name)) }

// ARN names the user.
func (id UserID) ARN() string { return resourceARN("user", string(id)) }

// CreateUser adds an enabled user.
func (s *Store) CreateUser(tx *database.Tx, in Instance, attributes Attributes, by string) (User, error) {
	u := User{ID: UserID(newID()), Attributes: attributes, Status: Enabled, Record: newRecord(tx, by)}
	if err := u.check(); err != nil {
		return User{}, err
	}
	if err := roomFor(tx.Reading(), in, "identity_users", maxUsers); err != nil {
		return User{}, err
	}
	if err := s.hold(tx, in, string(u.ID), u.claims()); err != nil {
		return User{}, err
	}
	sealed, err := s.sealAttributes(tx, in, "identity_users", string(u.ID), u.Attributes)
	if err != nil {
		return User{}, err
	}
	_, err = tx.Exec(`insert into identity_users (id, store_id, scope, status, attributes_sealed, revision, created_at, created_by, updated_at, updated_by)
		values ($1, $2, $3, $4, $5, 1, $6, $7, $6, $7)`,
		u.ID, in.Store, in.Scope(), u.Status, sealed, database.Time(u.CreatedAt), by)
	if err != nil {
		return User{}, err
	}
	return u, s.welcome(tx, in, u)
}

func newRecord(tx *database.Tx, by string) Record {
	return Record{Revision: "1", CreatedAt: tx.Now(), UpdatedAt: tx.Now(), CreatedBy: by, UpdatedBy: by}
}

// next is the record after one more change.
func (r Record) next(tx *database.Tx, by string) Record {
	n, _ := strconv.ParseInt(r.Revision, 10, 64) // our own
	r.Revision, r.UpdatedAt, r.UpdatedBy = strconv.FormatInt(n+1, 10), tx.Now(), by
	return r
}

const recordColumns = `revision, created_at, created_by, updated_at, updated_by`

func (r *Record) targets() []any {
	return []any{&r.Revision, (*database.Time)(&r.CreatedAt), &r.CreatedBy, (*database.Time)(&r.UpdatedAt), &r.UpdatedBy}
}

func (s *Store) users(tx *database.ReadTx, in Instance, where string, args ...any) ([]User, error) {
	key, err := s.Keys.Key(tx, in.Scope())
	if err != nil {
		return nil, err
	}
	return database.All(tx, func(row database.Row) (u User, err error) {
		var sealed []byte
		if err := row.Scan(append([]any{&u.ID, &u.Status, &sealed}, u.targets()...)...); err != nil {
			return User{}, err
		}
		return u, openAttributes(key, "identity_users", string(u.ID), sealed, &u.Attributes)
	}, `select id, status, attributes_sealed, `+recordColumns+` from identity_users where `+where, args...)
}

// UserByID finds a user.
func (s *Store) UserByID(tx *database.ReadTx, in Instance, id UserID) (User, error) {
	found, err := s.users(tx, in, `id = $1 and store_id = $2`, id, in.Store)
	if err == nil && len(found) == 0 {
		err = missing(UserType, string(id))
	}
	if err != nil {
		return User{}, err
	}
	return found[0], nil
}

// UserByName finds a user by UserName. Case does not matter.
func (s *Store) UserByName(tx *database.ReadTx, in Instance, name string) (User, error) {
	return s.userHolding(tx, in, claim{attribute: userNames, value: FoldName(name)})
}

// UserByEmail finds a user by an address. Case does not matter.
func (s *Store) UserByEmail(tx *database.ReadTx, in Instance, email string) (User, error) {
	return s.userHolding(tx, in, claim{attribute: userEmails, value: FoldName(email)})
}

// UserByExternalID finds a user by what an identity provider calls them.
func (s *Store) UserByExternalID(tx *database.ReadTx, in Instance, id ExternalID) (User, error) {
	return s.userHolding(tx, in, claim{attribute: userExternalIDs, value: id.key()})
}

func (s *Store) userHolding(tx *database.ReadTx, in Instance, c claim) (User, error) {
	id, err := s.holder(tx, in, c)
	if err != nil {
		return User{}, err
	}
	if id == "" {
		return User{}, missing(UserType, "")
	}
	return s.UserByID(tx, in, UserID(id))
}

// Users are those of a store, by id.
func (s *Store) Users(tx *database.ReadTx, in Instance, page Page) ([]User, error) {
	return s.users(tx, in, `store_id = $1 and id > $2 order by id limit $3`, in.Store, page.After, page.limit())
}

// statusPath is not an attribute, but changed like one. AWS lets consoles and SCIM
// alone disable somebody.
const statusPath = "userStatus"

// UpdateUser changes attributes: all or none.
func (s *Store) UpdateUser(tx *database.Tx, in Instance, id UserID, change Change) (User, error) {
	u, err := s.UserByID(tx.Reading(), in, id)
	if err != nil {
		return User{}, err
	}
	if err := checkRevision(change.Revision, u.Revision); err != nil {
		return User{}, err
	}
	was := u
	for _, op := range change.Operations {
		if err := u.apply(op); err != nil {
			return User{}, err
		}
	}
	if err := u.check(); err != nil {
		return User{}, err
	}
	u.Record = u.next(tx, change.By)
	if err := s.hold(tx, in, string(u.ID), u.claims()); err != nil {
		return User{}, err
	}
	sealed, err := s.sealAttributes(tx, in, "identity_users", string(u.ID), u.Attributes)
	if err != nil {
		return User{}, err
	}
	_, err = tx.Exec(`update identity_users set status = $1, attributes_sealed = $2, revision = revision + 1, updated_at = $3, updated_by = $4 where id = $5`,
		u.Status, sealed, database.Time(u.UpdatedAt), u.UpdatedBy, u.ID)
	if err != nil {
		return User{}, err
	}
	return u, s.follow(tx, was, u)
}

func (u *User) apply(op Operation) error {
	if !strings.EqualFold(op.Path, statusPath) {
		return apply(&u.Attributes, op)
	}
	switch status, _ := op.Value.(string); UserStatus(status) {
	case Enabled, Disabled:
		u.Status = UserStatus(status)
		return nil
	}
	return fault.Invalidf("The value of %s must be ENABLED or DISABLED.", statusPath)
}

// DeleteUser removes a user, and them from their groups. An expected revision that is
// not the present one is Conflict with ReasonChanged; empty: any.
func (s *Store) DeleteUser(tx *database.Tx, in Instance, id UserID, revision string) error {
	u, err := s.UserByID(tx.Reading(), in, id)
	if err != nil {
		return err
	}
	if err := checkRevision(revision, u.Revision); err != nil {
		return err
	}
	if err := s.dismiss(tx, id); err != nil {
		return err
	}
	return remove(tx, "identity_users", "user_id", string(id))
}

// remove deletes a user or group with their memberships and all they hold.
func remove(tx *database.Tx, table, in, id string) error {
	if _, err := tx.Exec(`delete from identity_memberships where `+in+` = $1`, id); err != nil {
		return err
	}
	if err := release(tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from `+table+` where id = $1`, id)
	return err
}
