package org

import (
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// PolicyType is a kind of policy that an organization can have.
type PolicyType string

const (
	ServiceControl  PolicyType = "SERVICE_CONTROL_POLICY"
	ResourceControl PolicyType = "RESOURCE_CONTROL_POLICY"
	TagPolicy       PolicyType = "TAG_POLICY"
)

// types are the types of policies that are offered, with their limits. Sources:
// "Quotas and service limits for AWS Organizations" in its User Guide; those of service
// control policies are as of 15 May 2026, when AWS doubled them.
var types = map[PolicyType]struct {
	most     int // in one organization
	longest  int // characters of one
	attached int // to one target
	// standard is attached to every target while the type is enabled.
	standard PolicyID
	check    func(document string) error
}{
	ServiceControl:  {10_000, 10_240, 10, FullAccess, compiles(policy.ServiceControl)},
	ResourceControl: {1000, 5120, 5, FullResourceAccess, compiles(policy.ResourceControl)},
	TagPolicy:       {1000, 10_000, 10, "", checkTagPolicy},
}

func compiles(kind policy.Kind) func(string) error {
	return func(document string) error {
		_, err := policy.Compile(kind, document)
		return err
	}
}

func (t PolicyType) checkDocument(document string) error {
	if length := utf8.RuneCountInString(document); length > types[t].longest {
		return fault.WithReason(ReasonPolicyTooLong, fault.Quotaf("You have exceeded the allowed length of a policy of this type: it has %d characters, %d are allowed.", length, types[t].longest))
	}
	if err := types[t].check(document); err != nil {
		return fault.WithReason(ReasonMalformed, fault.Invalidf("The provided policy document does not meet the requirements of the specified policy type: %w", err))
	}
	return nil
}

// available refuses types that the organization cannot have.
func (t PolicyType) available(o Organization) error {
	switch _, offered := types[t]; {
	case o.Features != AllFeatures:
		return fault.WithReason(ReasonTypeUnavailable, fault.Conflictf("Policies need an organization with all features: enable them first."))
	case !offered:
		return fault.WithReason(ReasonTypeUnavailable, fault.Unsupportedf("Policies of the type %.64s are not offered here: there are service control, resource control and tag policies.", t))
	}
	return nil
}

// EnabledTypes are the types of policies that count in the organization's root,
// sorted.
func (s *Store) EnabledTypes(tx *database.ReadTx, o Organization) ([]PolicyType, error) {
	return database.All(tx, database.Value[PolicyType], `select type from organization_policy_types where organization_id = $1 order by type`, o.ID)
}

func (s *Store) typeEnabled(tx *database.ReadTx, id ID, t PolicyType) (bool, error) {
	return exists(tx, `select 1 from organization_policy_types where organization_id = $1 and type = $2`, id, t)
}

// EnableType makes policies of a type count. Where there is a policy of AWS's that
// allows everything, it is attached everywhere, so that nothing changes by this alone.
func (s *Store) EnableType(tx *database.Tx, o Organization, root NodeID, t PolicyType) error {
	if root != o.Root {
		return noRoot()
	}
	if err := t.available(o); err != nil {
		return err
	}
	switch enabled, err := s.typeEnabled(tx.Reading(), o.ID, t); {
	case err != nil:
		return err
	case enabled:
		return typeEnabled()
	}
	now := database.Time(tx.Now())
	_, err := tx.Exec(`insert into organization_policy_types (organization_id, type, enabled_at) values ($1, $2, $3)`, o.ID, t, now)
	if database.IsDuplicate(err) {
		return typeEnabled()
	}
	if err != nil || types[t].standard == "" {
		return err
	}
	for _, targets := range []string{
		`select id as organization_id, root_id as target_id from organizations where id = $1`,
		`select organization_id, id as target_id from organizational_units where organization_id = $1`,
		`select organization_id, account_id as target_id from organization_accounts where organization_id = $1`,
	} {
		if _, err := tx.Exec(`insert into organization_attachments (organization_id, target_id, policy_id, type, attached_at)
			select organization_id, target_id, cast($2 as text), cast($3 as text), cast($4 as bigint) from (`+targets+`) as targets`,
			o.ID, types[t].standard, t, now); err != nil {
			return err
		}
	}
	return nil
}

func typeEnabled() error {
	return fault.WithReason(ReasonTypeEnabled, fault.Conflictf("The specified policy type is already enabled."))
}

// DisableType makes policies of a type count no more, and detaches them all.
func (s *Store) DisableType(tx *database.Tx, o Organization, root NodeID, t PolicyType) error {
	if root != o.Root {
		return noRoot()
	}
	n, err := tx.Exec(`delete from organization_policy_types where organization_id = $1 and type = $2`, o.ID, t)
	if err != nil {
		return err
	}
	if n == 0 {
		return typeNotEnabled(t)
	}
	_, err = tx.Exec(`delete from organization_attachments where organization_id = $1 and type = $2`, o.ID, t)
	return err
}

func typeNotEnabled(t PolicyType) error {
	return fault.WithReason(ReasonTypeNotEnabled, fault.Conflictf("The policy type %s isn't enabled in this root.", strings.ToLower(string(t))))
}

func noRoot() error {
	return fault.WithReason(ReasonNoRoot, fault.NotFoundf("You specified a root that doesn't exist."))
}
