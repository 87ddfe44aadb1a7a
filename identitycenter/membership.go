package identitycenter

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// MembershipID is a membership's: a UUID.
type MembershipID string

// Membership is that a user is in a group. It never changes.
type Membership struct {
	ID        MembershipID
	Group     GroupID
	User      UserID
	CreatedAt time.Time
	CreatedBy string
}

// ParseMembershipID reads an id, or the ARN of a membership.
func ParseMembershipID(name string) MembershipID { return MembershipID(idNamed(name)) }

// ARN names the membership.
func (id MembershipID) ARN() string { return resourceARN("membership", string(id)) }

// Join puts a user into a group. One who is in it already is Conflict with
// ReasonNotUnique.
func (s *Store) Join(tx *database.Tx, in Instance, group GroupID, user UserID, by string) (Membership, error) {
	if err := s.both(tx.Reading(), in, group, user); err != nil {
		return Membership{}, err
	}
	groups, err := database.One(tx.Reading(), database.Value[int], `select count(*) from identity_memberships where user_id = $1`, user)
	if err != nil {
		return Membership{}, err
	}
	if groups >= maxGroupsOfUser {
		return Membership{}, fault.Quotaf("A user can be a member of %d groups at most.", maxGroupsOfUser)
	}
	m := Membership{ID: MembershipID(newID()), Group: group, User: user, CreatedAt: tx.Now(), CreatedBy: by}
	_, err = tx.Exec(`insert into identity_memberships (id, store_id, group_id, user_id, created_at, created_by) values ($1, $2, $3, $4, $5, $6)`,
		m.ID, in.Store, m.Group, m.User, database.Time(m.CreatedAt), m.CreatedBy)
	if database.IsDuplicate(err) {
		err = notUnique("Member and Group relationship already exists.")
	}
	return m, err
}

// both tells whether a group and a user are in the store.
func (s *Store) both(tx *database.ReadTx, in Instance, group GroupID, user UserID) error {
	if err := present(tx, in, "identity_groups", GroupType, string(group)); err != nil {
		return err
	}
	return present(tx, in, "identity_users", UserType, string(user))
}

func present(tx *database.ReadTx, in Instance, table string, kind ResourceType, id string) error {
	_, err := database.One(tx, database.Value[string], `select id from `+table+` where id = $1 and store_id = $2`, id, in.Store)
	return orMissing(err, kind, id)
}

const selectMembership = `select id, group_id, user_id, created_at, created_by from identity_memberships where store_id = $1 and `

func scanMembership(row database.Row) (m Membership, err error) {
	return m, row.Scan(&m.ID, &m.Group, &m.User, (*database.Time)(&m.CreatedAt), &m.CreatedBy)
}

// MembershipByID finds a membership.
func (s *Store) MembershipByID(tx *database.ReadTx, in Instance, id MembershipID) (Membership, error) {
	m, err := database.One(tx, scanMembership, selectMembership+`id = $2`, in.Store, id)
	return m, orMissing(err, MembershipType, string(id))
}

// Membership finds that of a user in a group.
func (s *Store) Membership(tx *database.ReadTx, in Instance, group GroupID, user UserID) (Membership, error) {
	if err := s.both(tx, in, group, user); err != nil {
		return Membership{}, err
	}
	m, err := database.One(tx, scanMembership, selectMembership+`group_id = $2 and user_id = $3`, in.Store, group, user)
	return m, orMissing(err, MembershipType, "")
}

// Members are the memberships of a group, by id.
func (s *Store) Members(tx *database.ReadTx, in Instance, group GroupID, page Page) ([]Membership, error) {
	if err := present(tx, in, "identity_groups", GroupType, string(group)); err != nil {
		return nil, err
	}
	return database.All(tx, scanMembership, selectMembership+`group_id = $2 and id > $3 order by id limit $4`, in.Store, group, page.After, page.limit())
}

// MembershipsOf are those of a user, by id.
func (s *Store) MembershipsOf(tx *database.ReadTx, in Instance, user UserID, page Page) ([]Membership, error) {
	if err := present(tx, in, "identity_users", UserType, string(user)); err != nil {
		return nil, err
	}
	return database.All(tx, scanMembership, selectMembership+`user_id = $2 and id > $3 order by id limit $4`, in.Store, user, page.After, page.limit())
}

// GroupsOf are the groups a user is in, by id; none for who does not exist.
func (s *Store) GroupsOf(tx *database.ReadTx, in Instance, user UserID) ([]GroupID, error) {
	return database.All(tx, database.Value[GroupID], `select group_id from identity_memberships where store_id = $1 and user_id = $2 order by group_id`, in.Store, user)
}

// Leave ends a membership.
func (s *Store) Leave(tx *database.Tx, in Instance, id MembershipID) error {
	n, err := tx.Exec(`delete from identity_memberships where id = $1 and store_id = $2`, id, in.Store)
	if err == nil && n == 0 {
		err = missing(MembershipType, string(id))
	}
	return err
}

// IsMember tells whether a user is in a group; both have to exist.
func (s *Store) IsMember(tx *database.ReadTx, in Instance, group GroupID, user UserID) (bool, error) {
	_, err := s.Membership(tx, in, group, user)
	var what Missing
	if errors.As(err, &what) && what.Type == MembershipType {
		return false, nil
	}
	return err == nil, err
}
