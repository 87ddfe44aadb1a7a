package identitycenter

import (
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// PrincipalType says whether a user or a group is assigned.
type PrincipalType string

const (
	UserPrincipal  PrincipalType = "USER"
	GroupPrincipal PrincipalType = "GROUP"
)

// Principal is a user or a group.
type Principal struct {
	Type PrincipalType
	ID   string
}

// ParsePrincipal reads a principal's id. Ids are written in small letters.
func ParsePrincipal(kind PrincipalType, id string) Principal {
	return Principal{kind, strings.ToLower(id)}
}

// Assignment is that a principal may use a permission set in an account.
type Assignment struct {
	Set     PermissionSetID
	Account account.ID
	Principal
}

// Key orders the assignments of a principal.
func (a Assignment) Key() string { return string(a.Account) + "/" + string(a.Set) + "/" + a.ID }

const assignmentColumns = `permission_set_id, account_id, principal_type, principal_id`

func scanAssignment(row database.Row) (a Assignment, err error) {
	return a, row.Scan(&a.Set, &a.Account, &a.Type, &a.ID)
}

// Assignments are those of a permission set in an account, by principal.
func (s *Store) Assignments(tx *database.ReadTx, p PermissionSet, id account.ID, page Page) ([]Assignment, error) {
	return database.All(tx, scanAssignment, `select `+assignmentColumns+` from account_assignments
		where permission_set_id = $1 and account_id = $2 and principal_id > $3 order by principal_id limit $4`, p.ID, id, page.After, page.limit())
}

// AssignmentsFor are those of a principal and, where it is a user, of the groups the
// user is in, by [Assignment.Key]; in one account, or in all when it is empty.
func (s *Store) AssignmentsFor(tx *database.ReadTx, in Instance, who Principal, id account.ID, page Page) ([]Assignment, error) {
	// A key has no slash but between its parts: an account's id has twelve digits, and
	// that of a permission set 19 characters.
	after, set, _ := strings.Cut(page.After, "/")
	set, principal, _ := strings.Cut(set, "/")
	return database.All(tx, scanAssignment, `select `+assignmentColumns+` from account_assignments
		where principal_id in (`+holders+`) and ($3 = '' or account_id = $3)
		and account_id >= $4 and (account_id > $4 or permission_set_id > $5 or permission_set_id = $5 and principal_id > $6)
		and permission_set_id in (select id from permission_sets where instance_id = $7)
		order by account_id, permission_set_id, principal_id limit $8`,
		who.ID, in.Store, id, after, set, principal, in.ID, page.limit())
}

// holders are a user with the groups the user is in, or a group: $1, in the store $2.
const holders = `select cast($1 as text) union all select group_id from identity_memberships where user_id = $1 and store_id = $2`

// checkPrincipal refuses whoever is not in the store.
func checkPrincipal(tx *database.ReadTx, in Instance, who Principal) error {
	table := "identity_users"
	if who.Type == GroupPrincipal {
		table = "identity_groups"
	}
	there, err := exists(tx, `select 1 from `+table+` where id = $1 and store_id = $2`, who.ID, in.Store)
	if err == nil && !there {
		err = fault.NotFoundf("%s not found.", who.Type)
	}
	return err
}

func isAssigned(tx *database.ReadTx, a Assignment) (bool, error) {
	return exists(tx, `select 1 from account_assignments where permission_set_id = $1 and account_id = $2 and principal_id = $3 and principal_type = $4`,
		a.Set, a.Account, a.ID, a.Type)
}

// ConcernsOwner tells whether a permission set is a role in the instance's own account, or
// is on the way to be.
func (s *Store) ConcernsOwner(tx *database.ReadTx, p PermissionSet) (bool, error) {
	return exists(tx, `select 1 from provisioned_sets where permission_set_id = $1 and account_id = $2
		union all select 1 from center_requests where permission_set_id = $1 and account_id = $2 and state = $3`, p.ID, p.in.Owner, InProgress)
}

// EntersOwner tells whether a user is assigned anything in the instance's own account,
// also by a group, or is about to be.
func (s *Store) EntersOwner(tx *database.ReadTx, in Instance, user UserID) (bool, error) {
	return exists(tx, `select 1 from account_assignments where principal_id in (`+holders+`) and account_id = $3
		union all select 1 from center_requests where principal_id in (`+holders+`) and account_id = $3 and state = $4`, user, in.Store, in.Owner, InProgress)
}

// ProvisionedSet is where a permission set is a role.
type ProvisionedSet struct {
	Set     PermissionSetID
	Account account.ID
	Role    account.EntityID
	Version int64
	At      time.Time
}

// Freshness chooses accounts or permission sets by whether what is provisioned is the
// latest version.
type Freshness string

const (
	AnyVersion Freshness = ""
	Latest     Freshness = "LATEST_PERMISSION_SET_PROVISIONED"
	Outdated   Freshness = "LATEST_PERMISSION_SET_NOT_PROVISIONED"
)

func (f Freshness) where() string {
	switch f {
	case Latest:
		return ` and r.version = p.version`
	case Outdated:
		return ` and r.version < p.version`
	}
	return ``
}

// AccountsWith are the accounts where a permission set is provisioned, by id.
func (s *Store) AccountsWith(tx *database.ReadTx, p PermissionSet, f Freshness, page Page) ([]account.ID, error) {
	return database.All(tx, database.Value[account.ID], `select r.account_id from provisioned_sets r join permission_sets p on p.id = r.permission_set_id
		where r.permission_set_id = $1 and r.account_id > $2`+f.where()+` order by r.account_id limit $3`, p.ID, page.After, page.limit())
}

// SetsIn are the permission sets of the instance that are provisioned in an account.
func (s *Store) SetsIn(tx *database.ReadTx, in Instance, id account.ID, f Freshness, page Page) ([]PermissionSetID, error) {
	return database.All(tx, database.Value[PermissionSetID], `select r.permission_set_id from provisioned_sets r join permission_sets p on p.id = r.permission_set_id
		where r.account_id = $1 and p.instance_id = $2 and r.permission_set_id > $3`+f.where()+` order by r.permission_set_id limit $4`, id, in.ID, page.After, page.limit())
}

// IsProvisionedIn tells whether a permission set is a role in an account.
func (s *Store) IsProvisionedIn(tx *database.ReadTx, p PermissionSet, id account.ID) (bool, error) {
	return exists(tx, `select 1 from provisioned_sets where permission_set_id = $1 and account_id = $2`, p.ID, id)
}
