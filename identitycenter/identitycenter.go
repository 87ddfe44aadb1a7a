// Package identitycenter knows instances of IAM Identity Center and their identity
// stores: users, groups, and who is in which.
//
//	account or organization ── instance ── identity store ─┬─ users ───┐
//	                                                       └─ groups ──┴─ memberships
//
// What users may reach in accounts is no matter of this package, nor how they prove
// who they are. Whether a caller may ask is decided by the operation, with
// [Store.Locate]; the methods here trust that it was.
//
// Every method that is given an instance looks at its store alone, so nothing of
// one shows in another. A method that returns an error may have begun its change:
// give the transaction up.
package identitycenter

import (
	"encoding/json"
	"errors"
	"math"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/seal"
)

// Store keeps instances. It is safe for concurrent use.
type Store struct {
	Keys          *seal.Keys
	Accounts      *account.Store
	Organizations *org.Store

	instances database.Memo[StoreID, Instance]
	located   database.Memo[located, *account.Resource]
	compiled  account.Compiler
}

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{
	{Table: "identity_users", Name: "attributes_sealed", Row: "id", Scope: "scope"},
	{Table: "identity_groups", Name: "attributes_sealed", Row: "id", Scope: "scope"},
	{Table: "identity_center_settings", Name: "tags_sealed", Row: "instance_id", Scope: "scope"},
	{Table: "permission_sets", Name: "details_sealed", Row: "id", Scope: "scope"},
	{Table: "center_applications", Name: "details_sealed", Row: "id", Scope: "scope"},
	{Table: "trusted_token_issuers", Name: "details_sealed", Row: "id", Scope: "scope"},
}

// ResourceType says what kind of thing was not found.
type ResourceType string

const (
	StoreType      ResourceType = "IDENTITY_STORE"
	UserType       ResourceType = "USER"
	GroupType      ResourceType = "GROUP"
	MembershipType ResourceType = "GROUP_MEMBERSHIP"
)

// Missing is wrapped by the fault that something is not in the store.
type Missing struct {
	Type ResourceType
	ID   string // as it was asked for; empty when it was not asked for by id
}

func (m Missing) Error() string { return string(m.Type) + " not found." }

func missing(kind ResourceType, id string) error {
	return fault.NotFoundf("%w", Missing{kind, id})
}

// Reasons of conflicts.
const (
	ReasonNotUnique fault.Reason = "UNIQUENESS_CONSTRAINT_VIOLATION"
	ReasonChanged   fault.Reason = "CONCURRENT_MODIFICATION"
)

func notUnique(format string, args ...any) error {
	return fault.WithReason(ReasonNotUnique, fault.Conflictf(format, args...))
}

// The quotas, from "IAM Identity Center quotas" in its User Guide.
const (
	maxUsers        = 100_000 // of a store
	maxGroups       = 100_000 // of a store
	maxGroupsOfUser = 1000
)

// Page is a part of a list. Ask for one more than you show to know whether there is more.
type Page struct {
	After string // the id of the last one seen; empty: from the start
	Limit int    // how many at most; 0: all
}

func (p Page) limit() int64 {
	if p.Limit <= 0 {
		return math.MaxInt64
	}
	return int64(p.Limit)
}

func newID() string { return uuid.NewString() }

// sealAttributes seals what is known of a user or group.
func (s *Store) sealAttributes(tx *database.Tx, in Instance, table, id string, attributes any) ([]byte, error) {
	key, err := s.Keys.Key(tx.Reading(), in.Scope())
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(attributes)
	if err != nil {
		return nil, err
	}
	return key.Seal(table+".attributes_sealed", id, plain)
}

func openAttributes(key *seal.Key, table, id string, sealed []byte, into any) error {
	plain, err := key.Open(table+".attributes_sealed", id, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// roomFor refuses one more row in a table of the store.
func roomFor(tx *database.ReadTx, in Instance, table string, most int) error {
	taken, err := database.One(tx, database.Value[int], `select count(*) from `+table+` where store_id = $1`, in.Store)
	if err == nil && taken >= most {
		err = fault.Quotaf("The request would cause the number of users or groups in the identity store to exceed the maximum allowed: %d.", most)
	}
	return err
}

// checkRevision refuses a change that was meant for an earlier state.
func checkRevision(expected, present string) error {
	if expected != "" && expected != present {
		return fault.WithReason(ReasonChanged, fault.Conflictf("The revision you expect is not the current one: somebody has changed the resource meanwhile. Look at it again."))
	}
	return nil
}

func orMissing(err error, kind ResourceType, id string) error {
	if errors.Is(err, database.ErrNone) {
		return missing(kind, id)
	}
	return err
}
