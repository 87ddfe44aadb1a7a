// Package org knows organizations of accounts: who is in which, the tree they
// stand in, the policies that count there, and how accounts come and go.
//
//	organization ── root ── unit ── unit ── account
//	                 └───────┴───────┴────────┴── attached policies
//	                                  │ Place
//	                                  v
//	              policy.Policies: control policies, one entry per level
//
// What an account is and who acts in it is known to package account, what a
// policy means to package policy. Whether the caller may ask is decided by the
// operation, with [Store.Place] and [Store.Locate]; the methods here trust that it
// was asked for by somebody who may.
//
// A partition holds any number of organizations. Every method that is given the id
// of one looks at that one alone, so nothing of one shows in another.
//
// A method that returns an error may have begun its change: give the transaction up.
package org

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// Store keeps organizations. It is safe for concurrent use.
type Store struct {
	Keys     *seal.Keys
	Accounts *account.Store

	members  database.Memo[account.ID, *Member]
	orgs     database.Memo[ID, Organization]
	places   database.Memo[account.ID, *Place]
	located  database.Memo[located, *account.Resource]
	compiled account.Compiler
}

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{
	{Table: "organizations", Name: "tags_sealed", Row: "id", Organization: "id"},
	{Table: "organizational_units", Name: "tags_sealed", Row: "id", Organization: "organization_id"},
	{Table: "organization_accounts", Name: "tags_sealed", Row: "account_id", Organization: "organization_id"},
	{Table: "account_requests", Name: "email_sealed", Row: "id", Organization: "organization_id"},
	{Table: "account_requests", Name: "tags_sealed", Row: "id", Organization: "organization_id"},
	{Table: "handshakes", Name: "email_sealed", Row: "id", Organization: "organization_id"},
	{Table: "handshakes", Name: "notes_sealed", Row: "id", Organization: "organization_id"},
	{Table: "handshakes", Name: "tags_sealed", Row: "id", Organization: "organization_id"},
	{Table: "organization_policies", Name: "description_sealed", Row: "id", Organization: "organization_id"},
	{Table: "organization_policies", Name: "tags_sealed", Row: "id", Organization: "organization_id"},
	{Table: "organization_resource_policies", Name: "tags_sealed", Row: "organization_id", Organization: "organization_id"},
}

// FeatureSet says how much an organization can do.
type FeatureSet string

const (
	AllFeatures         FeatureSet = "ALL"
	ConsolidatedBilling FeatureSet = "CONSOLIDATED_BILLING" // no policies
)

// Organization is a management account, its members and their tree.
type Organization struct {
	ID         ID
	Root       NodeID
	Management account.ID
	Features   FeatureSet
	CreatedAt  time.Time
}

// RootName is what AWS calls every root.
const RootName = "Root"

// Scope is whose key seals what belongs to the organization.
func (id ID) Scope() seal.Scope { return seal.Organization(string(id)) }

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

// Create makes an organization of which the account is the management account. One
// that belongs to an organization already is Conflict with ReasonAlreadyMember.
//
// AWS's reference says that service control policies are enabled in the new root.
// They are not, in fact: the root lists no policy type, and tools such as Terraform
// enable the ones they want.
func (s *Store) Create(tx *database.Tx, management account.ID, features FeatureSet) (Organization, error) {
	switch _, err := s.Member(tx.Reading(), management); {
	case err == nil:
		return Organization{}, alreadyMember()
	case !fault.HasReason(err, ReasonNotInUse):
		return Organization{}, err
	}
	o := Organization{ID: ID(newID("o-", 10)), Management: management, Features: features, CreatedAt: tx.Now()}
	var err error
	if o.Root, err = freeRoot(tx.Reading()); err != nil {
		return Organization{}, err
	}
	if _, err := s.Keys.Create(tx, o.ID.Scope()); err != nil {
		return Organization{}, fmt.Errorf("make the keys of organization %s: %w", o.ID, err)
	}
	_, err = tx.Exec(`insert into organizations (id, root_id, management_account, feature_set, created_at) values ($1, $2, $3, $4, $5)`,
		o.ID, o.Root, o.Management, o.Features, database.Time(o.CreatedAt))
	if database.IsDuplicate(err) {
		return Organization{}, alreadyMember()
	}
	if err != nil {
		return Organization{}, err
	}
	// AWS calls the management account an invited one.
	return o, s.join(tx, o, management, Invited, nil)
}

func alreadyMember() error {
	return fault.WithReason(ReasonAlreadyMember, fault.Conflictf("The AWS account is already a member of an organization."))
}

// freeRoot: four characters do not make an id unique by themselves.
func freeRoot(tx *database.ReadTx) (NodeID, error) {
	for {
		id := newID("r-", 4)
		_, err := database.One(tx, database.Value[ID], `select id from organizations where root_id = $1`, id)
		if errors.Is(err, database.ErrNone) {
			return NodeID(id), nil
		}
		if err != nil {
			return "", err
		}
	}
}

const organizationColumns = `o.id, o.root_id, o.management_account, o.feature_set, o.created_at`

func (o *Organization) columns() []any {
	return []any{&o.ID, &o.Root, &o.Management, &o.Features, (*database.Time)(&o.CreatedAt)}
}

// Organization returns one.
func (s *Store) Organization(tx *database.ReadTx, id ID) (Organization, error) {
	return s.orgs.Get(tx, id, func() (Organization, error) {
		o, err := database.One(tx, func(row database.Row) (o Organization, err error) {
			return o, row.Scan(o.columns()...)
		}, `select `+organizationColumns+` from organizations o where o.id = $1`, id)
		return o, orNotFound(err, ReasonNotInUse, "no organization %s", id)
	})
}

// Of is the organization an account is in: a fault with ReasonNotInUse when it is
// in none.
func (s *Store) Of(tx *database.ReadTx, id account.ID) (Organization, error) {
	member, err := s.Member(tx, id)
	if err != nil {
		return Organization{}, err
	}
	return member.of, nil
}

// path is that of the root, as units have it.
func (o Organization) path() string { return string(o.ID) + "/" + string(o.Root) + "/" }

// Delete ends an organization in which no account is left but its management
// account, which stands alone from then on. Its keys are destroyed.
func (s *Store) Delete(tx *database.Tx, o Organization) error {
	members, err := s.countMembers(tx.Reading(), o.ID)
	if err != nil {
		return err
	}
	if members > 1 {
		return fault.WithReason(ReasonNotEmpty, fault.Conflictf("To delete an organization you must first remove all member accounts (except the master)."))
	}
	requests, err := database.One(tx.Reading(), database.Value[int],
		`select count(*) from account_requests where organization_id = $1 and state = 'IN_PROGRESS'`, o.ID)
	if err != nil {
		return err
	}
	if requests > 0 {
		return fault.WithReason(ReasonNotEmpty, fault.Conflictf("An account of the organization is just being made: wait for it, and remove it."))
	}
	for _, table := range []string{"organization_resource_policies", "delegated_administrators", "organization_services", "organization_attachments",
		"organization_policies", "organization_policy_types", "handshakes", "account_requests", "organization_accounts", "organizational_units"} {
		if _, err := tx.Exec(`delete from `+table+` where organization_id = $1`, o.ID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`delete from organizations where id = $1`, o.ID); err != nil {
		return err
	}
	return s.Keys.Destroy(tx, o.ID.Scope())
}

func (s *Store) needAllFeatures(o Organization) error {
	if o.Features != AllFeatures {
		return fault.WithReason(ReasonNotAllFeatures, fault.Conflictf("This operation requires an organization with all features: enable them first."))
	}
	return nil
}

// orNotFound says in the caller's words that there is no row, and leaves any other error alone.
func orNotFound(err error, reason fault.Reason, format string, args ...any) error {
	if errors.Is(err, database.ErrNone) {
		return fault.WithReason(reason, fault.NotFoundf(format, args...))
	}
	return err
}

func exists(tx *database.ReadTx, query string, args ...any) (bool, error) {
	_, err := database.One(tx, database.Value[int], query, args...)
	if errors.Is(err, database.ErrNone) {
		return false, nil
	}
	return err == nil, err
}

// sealText seals a free text; an empty one is nothing.
func (s *Store) sealText(tx *database.Tx, id ID, column, row, plain string) ([]byte, error) {
	if plain == "" {
		return nil, nil
	}
	key, err := s.Keys.Key(tx.Reading(), id.Scope())
	if err != nil {
		return nil, err
	}
	return key.Seal(column, row, []byte(plain))
}

func (s *Store) openText(tx *database.ReadTx, id ID, column, row string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	key, err := s.Keys.Key(tx, id.Scope())
	if err != nil {
		return "", err
	}
	plain, err := key.Open(column, row, sealed)
	return string(plain), err
}

// sealTags seals tags; none are nothing.
func (s *Store) sealTags(tx *database.Tx, id ID, table, row string, tags account.Tags) ([]byte, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(tags)
	if err != nil {
		return nil, err
	}
	return s.sealText(tx, id, table+".tags_sealed", row, string(text))
}

func (s *Store) openTags(tx *database.ReadTx, id ID, table, row string, sealed []byte) (account.Tags, error) {
	text, err := s.openText(tx, id, table+".tags_sealed", row, sealed)
	if err != nil || text == "" {
		return nil, err
	}
	var tags account.Tags
	return tags, json.Unmarshal([]byte(text), &tags)
}
