package org

import (
	"slices"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// Target is what a policy is attached to.
type Target struct {
	ID   TargetID
	Name string
}

// target finds a root, a unit or an account of the organization.
func (s *Store) target(tx *database.ReadTx, o Organization, id TargetID) (t Target, err error) {
	t.ID = id
	switch {
	case id == TargetID(o.Root):
		t.Name = RootName
	case id.Kind() == AccountTarget:
		if _, err = s.memberOf(tx, o, account.ID(id)); err == nil {
			var a account.Account
			a, err = s.Accounts.Account(tx, account.ID(id))
			t.Name = a.Name
		}
	default:
		var u Unit
		u, err = s.Unit(tx, o, NodeID(id))
		t.Name = u.Name
	}
	if fault.Is(err, fault.NotFound) {
		err = fault.WithReason(ReasonNoTarget, fault.NotFoundf("You specified a target that doesn't exist."))
	}
	return t, err
}

// Attach makes a policy count for a target and everything below it.
func (s *Store) Attach(tx *database.Tx, o Organization, id PolicyID, target TargetID) error {
	p, err := s.Policy(tx.Reading(), o, id)
	if err != nil {
		return err
	}
	if _, err := s.target(tx.Reading(), o, target); err != nil {
		return err
	}
	switch enabled, err := s.typeEnabled(tx.Reading(), o.ID, p.Type); {
	case err != nil:
		return err
	case !enabled:
		return typeNotEnabled(p.Type)
	}
	attached, err := s.attachedTo(tx.Reading(), o.ID, target, p.Type)
	if err != nil {
		return err
	}
	if slices.Contains(attached, id) {
		return alreadyAttached()
	}
	if most := types[p.Type].attached; len(attached) >= most {
		return fault.WithReason(ReasonTooManyAttached, fault.Quotaf("You have attached the maximum number of policies of this type to the target: %d.", most))
	}
	err = attach(tx, o.ID, p.Type, id, target)
	if database.IsDuplicate(err) {
		return alreadyAttached()
	}
	return err
}

func alreadyAttached() error {
	return fault.WithReason(ReasonAttached, fault.Conflictf("The selected policy is already attached to the specified target."))
}

func attach(tx *database.Tx, in ID, t PolicyType, id PolicyID, target TargetID) error {
	_, err := tx.Exec(`insert into organization_attachments (organization_id, target_id, policy_id, type, attached_at) values ($1, $2, $3, $4, $5)`,
		in, target, id, t, database.Time(tx.Now()))
	return err
}

// attachDefaults gives a new target what every target has while a type is enabled.
func (s *Store) attachDefaults(tx *database.Tx, in ID, target TargetID) error {
	for _, t := range []PolicyType{ServiceControl, ResourceControl} {
		enabled, err := s.typeEnabled(tx.Reading(), in, t)
		if err != nil {
			return err
		}
		if !enabled {
			continue
		}
		if err := attach(tx, in, t, types[t].standard, target); err != nil {
			return err
		}
	}
	return nil
}

func detachAll(tx *database.Tx, in ID, target TargetID) error {
	_, err := tx.Exec(`delete from organization_attachments where organization_id = $1 and target_id = $2`, in, target)
	return err
}

// attachedTo are the policies of a type attached to the target itself, by id.
func (s *Store) attachedTo(tx *database.ReadTx, in ID, target TargetID, t PolicyType) ([]PolicyID, error) {
	return database.All(tx, database.Value[PolicyID], `select policy_id from organization_attachments
		where organization_id = $1 and target_id = $2 and type = $3 order by policy_id`, in, target, t)
}

// Detach makes a policy count no more for a target. A target under service control
// policies keeps one, and AWS's own resource control policy stays everywhere.
func (s *Store) Detach(tx *database.Tx, o Organization, id PolicyID, target TargetID) error {
	p, err := s.Policy(tx.Reading(), o, id)
	if err != nil {
		return err
	}
	if _, err := s.target(tx.Reading(), o, target); err != nil {
		return err
	}
	attached, err := s.attachedTo(tx.Reading(), o.ID, target, p.Type)
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains(attached, id):
		return fault.WithReason(ReasonNotAttached, fault.Conflictf("The policy isn't attached to the specified target."))
	case id == FullResourceAccess:
		return fault.WithReason(ReasonNotDetachable, fault.Invalidf("You can't detach this policy, which AWS manages."))
	case p.Type == ServiceControl && len(attached) == 1:
		return fault.WithReason(ReasonTooFewAttached, fault.Conflictf("You cannot remove the last policy attached to the specified target. You should have at least one attached: attach another first."))
	}
	_, err = tx.Exec(`delete from organization_attachments where organization_id = $1 and target_id = $2 and policy_id = $3`, o.ID, target, id)
	return err
}

// PoliciesOf are the policies of a type attached to the target itself, by id.
func (s *Store) PoliciesOf(tx *database.ReadTx, o Organization, target TargetID, t PolicyType, page Page) ([]Policy, error) {
	if _, err := s.target(tx, o, target); err != nil {
		return nil, err
	}
	ids, err := database.All(tx, database.Value[PolicyID], `select policy_id from organization_attachments
		where organization_id = $1 and target_id = $2 and type = $3 and policy_id > $4 order by policy_id limit $5`, o.ID, target, t, page.After, page.limit())
	if err != nil {
		return nil, err
	}
	policies := make([]Policy, len(ids))
	for i, id := range ids {
		if policies[i], err = s.Policy(tx, o, id); err != nil {
			return nil, err
		}
	}
	return policies, nil
}

// TargetsOf is what a policy is attached to, by id.
func (s *Store) TargetsOf(tx *database.ReadTx, o Organization, id PolicyID, page Page) ([]Target, error) {
	if _, err := s.Policy(tx, o, id); err != nil {
		return nil, err
	}
	ids, err := database.All(tx, database.Value[TargetID], `select target_id from organization_attachments
		where organization_id = $1 and policy_id = $2 and target_id > $3 order by target_id limit $4`, o.ID, id, page.After, page.limit())
	if err != nil {
		return nil, err
	}
	targets := make([]Target, len(ids))
	for i, id := range ids {
		if targets[i], err = s.target(tx, o, id); err != nil {
			return nil, err
		}
	}
	return targets, nil
}
