package org

import (
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// JoinedMethod is how an account came into its organization.
type JoinedMethod string

const (
	Invited JoinedMethod = "INVITED"
	Created JoinedMethod = "CREATED"
)

// Member is an account's place in its organization.
type Member struct {
	Account      account.ID
	Organization ID
	Parent       NodeID
	ParentPath   string // of ids, from the organization to the parent, each with a slash behind it
	Joined       JoinedMethod
	JoinedAt     time.Time

	of Organization
}

// Account is a member with what it is besides.
type Account struct {
	Member
	Name   string
	Email  string
	Status account.Status
}

// Path is the way from the organization to the account, as ParentPath is.
func (a Account) Path() string { return a.ParentPath + string(a.Account) + "/" }

// members asks for places; the organization comes with each, since whoever asks
// where an account stands asks about that next.
const members = `select m.account_id, m.parent_id, m.joined_method, m.joined_at, u.path, ` + organizationColumns + `
	from organization_accounts m join organizations o on o.id = m.organization_id
	left join organizational_units u on u.id = m.parent_id where `

func scanMember(row database.Row) (m Member, err error) {
	var path *string
	err = row.Scan(append([]any{&m.Account, &m.Parent, &m.Joined, (*database.Time)(&m.JoinedAt), &path}, m.of.columns()...)...)
	m.Organization, m.ParentPath = m.of.ID, m.of.path()
	if path != nil {
		m.ParentPath = *path
	}
	return m, err
}

// Member is an account's place: a fault with ReasonNotInUse when it is in no
// organization. What it returns is shared.
func (s *Store) Member(tx *database.ReadTx, id account.ID) (*Member, error) {
	member, err := s.members.Get(tx, id, func() (*Member, error) {
		member, err := database.One(tx, scanMember, members+`m.account_id = $1`, id)
		if errors.Is(err, database.ErrNone) {
			return nil, nil // remembered, too: many accounts are in none
		}
		return &member, err
	})
	if err == nil && member == nil {
		err = fault.WithReason(ReasonNotInUse, fault.NotFoundf("Your account is not a member of an organization."))
	}
	return member, err
}

// memberOf is the place of an account in this very organization.
func (s *Store) memberOf(tx *database.ReadTx, o Organization, id account.ID) (*Member, error) {
	member, err := s.Member(tx, id)
	if fault.HasReason(err, ReasonNotInUse) || err == nil && member.Organization != o.ID {
		return nil, noAccount()
	}
	return member, err
}

func noAccount() error {
	return fault.WithReason(ReasonNoAccount, fault.NotFoundf("You specified an account that doesn't exist."))
}

// join puts an account under the root.
func (s *Store) join(tx *database.Tx, o Organization, id account.ID, how JoinedMethod, tags account.Tags) error {
	sealed, err := s.sealTags(tx, o.ID, "organization_accounts", string(id), tags)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into organization_accounts (account_id, organization_id, parent_id, joined_method, joined_at, tags_sealed) values ($1, $2, $3, $4, $5, $6)`,
		id, o.ID, o.Root, how, database.Time(tx.Now()), sealed)
	if database.IsDuplicate(err) {
		return alreadyMember()
	}
	if err != nil {
		return err
	}
	return s.attachDefaults(tx, o.ID, TargetID(id))
}

// Account returns a member of the organization.
func (s *Store) Account(tx *database.ReadTx, o Organization, id account.ID) (Account, error) {
	member, err := s.memberOf(tx, o, id)
	if err != nil {
		return Account{}, err
	}
	return s.described(tx, *member)
}

// Members are the accounts of the organization, by id.
func (s *Store) Members(tx *database.ReadTx, o Organization, page Page) ([]Account, error) {
	return s.list(tx, `m.organization_id = $1 and m.account_id > $2 order by m.account_id limit $3`, o.ID, page.After, page.limit())
}

// MembersBelow are the accounts directly below a root or a unit, by id.
func (s *Store) MembersBelow(tx *database.ReadTx, o Organization, parent NodeID, page Page) ([]Account, error) {
	if _, err := s.nodePath(tx, o, parent, ReasonNoParent); err != nil {
		return nil, err
	}
	return s.list(tx, `m.parent_id = $1 and m.account_id > $2 order by m.account_id limit $3`, parent, page.After, page.limit())
}

func (s *Store) list(tx *database.ReadTx, where string, args ...any) ([]Account, error) {
	found, err := database.All(tx, scanMember, members+where, args...)
	if err != nil {
		return nil, err
	}
	accounts := make([]Account, len(found))
	for i, member := range found {
		if accounts[i], err = s.described(tx, member); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

func (s *Store) described(tx *database.ReadTx, member Member) (Account, error) {
	a, err := s.Accounts.Account(tx, member.Account)
	return Account{Member: member, Name: a.Name, Email: a.Email, Status: a.Status}, err
}

func (s *Store) countMembers(tx *database.ReadTx, id ID) (int, error) {
	return database.One(tx, database.Value[int], `select count(*) from organization_accounts where organization_id = $1`, id)
}

// Parent is the root or unit that an account or a unit stands under.
func (s *Store) Parent(tx *database.ReadTx, o Organization, child TargetID) (NodeID, error) {
	if child.Kind() == AccountTarget {
		member, err := s.memberOf(tx, o, account.ID(child))
		if err != nil {
			return "", noChild(err)
		}
		return member.Parent, nil
	}
	unit, err := s.Unit(tx, o, NodeID(child))
	return unit.Parent, noChild(err)
}

func noChild(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.WithReason(ReasonNoChild, fault.NotFoundf("You specified a child that doesn't exist."))
	}
	return err
}

// Children are the ids of the accounts or of the units directly below a root or a
// unit.
func (s *Store) Children(tx *database.ReadTx, o Organization, parent NodeID, kind TargetKind, page Page) ([]TargetID, error) {
	if _, err := s.nodePath(tx, o, parent, ReasonNoParent); err != nil {
		return nil, err
	}
	query := `select account_id from organization_accounts where parent_id = $1 and account_id > $2 order by account_id limit $3`
	if kind == UnitTarget {
		query = `select id from organizational_units where parent_id = $1 and id > $2 order by id limit $3`
	}
	return database.All(tx, database.Value[TargetID], query, parent, page.After, page.limit())
}

// Move puts an account under another root or unit.
func (s *Store) Move(tx *database.Tx, o Organization, id account.ID, from, to NodeID) error {
	member, err := s.memberOf(tx.Reading(), o, id)
	if err != nil {
		return err
	}
	if _, err := s.nodePath(tx.Reading(), o, from, ReasonNoSource); err != nil {
		return err
	}
	if _, err := s.nodePath(tx.Reading(), o, to, ReasonNoDestination); err != nil {
		return err
	}
	switch member.Parent {
	case to:
		return fault.WithReason(ReasonDuplicateAccount, fault.Conflictf("That account is already present in the specified destination."))
	case from:
	default:
		return fault.WithReason(ReasonNoSource, fault.NotFoundf("The account doesn't stand under the source parent you specified."))
	}
	_, err = tx.Exec(`update organization_accounts set parent_id = $1 where account_id = $2`, to, id)
	return err
}

// Remove takes an account out of the organization. It stands alone from then on,
// without the tags and policies it had here. AWS also wants it to know how to pay by
// itself, and to be some days old; nothing is paid for here.
func (s *Store) Remove(tx *database.Tx, o Organization, id account.ID) error {
	if _, err := s.memberOf(tx.Reading(), o, id); err != nil {
		return err
	}
	if id == o.Management {
		return fault.WithReason(ReasonMustStay, fault.Conflictf("You can't remove the management account from the organization: delete the organization instead."))
	}
	if delegate, err := s.isDelegate(tx.Reading(), id); err != nil {
		return err
	} else if delegate {
		return fault.WithReason(ReasonDelegateStays, fault.Conflictf("You cannot remove an account that is a delegated administrator of a service: deregister it first."))
	}
	if err := detachAll(tx, o.ID, TargetID(id)); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from organization_accounts where account_id = $1`, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`update handshakes set state = $1, answered_at = $2 where organization_id = $3 and account_id = $4 and action = $5 and state = $6`,
		Canceled, database.Time(tx.Now()), o.ID, id, ApproveAllFeatures, Open); err != nil {
		return err
	}
	return s.migrationAnswered(tx, o)
}

// Close ends a member account: none of its principals is admitted any more. It
// stays in the organization, suspended.
func (s *Store) Close(tx *database.Tx, o Organization, id account.ID) error {
	if _, err := s.memberOf(tx.Reading(), o, id); err != nil {
		return err
	}
	if id == o.Management {
		return fault.WithReason(ReasonManagementStaysOpen, fault.Conflictf("You can't close the management account: remove or close all member accounts and delete the organization first."))
	}
	if err := s.needAllFeatures(o); err != nil {
		return err
	}
	members, err := s.countMembers(tx.Reading(), o.ID)
	if err != nil {
		return err
	}
	closed, err := database.One(tx.Reading(), database.Value[int], `select count(*) from organization_accounts where organization_id = $1 and closed_at > $2`,
		o.ID, database.Time(tx.Now().Add(-closePeriod)))
	if err != nil {
		return err
	}
	if most := maxClosed(members - 1); closed >= most {
		return fault.WithReason(ReasonTooManyClosed, fault.Quotaf("You have exceeded the number of accounts that can be closed within 30 days: %d.", most))
	}
	if err := s.Accounts.Close(tx, id); err != nil {
		return err
	}
	_, err = tx.Exec(`update organization_accounts set closed_at = $1 where account_id = $2`, database.Time(tx.Now()), id)
	return err
}

// levels are the targets on the way from the root to the end of a path, each of
// which may have policies: all but the organization itself.
func levels(path string) []string {
	return strings.Split(strings.TrimSuffix(path, "/"), "/")[1:]
}
