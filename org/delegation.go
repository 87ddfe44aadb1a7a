package org

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// Service is an AWS service that works with an organization, or that a member
// account administers for it.
type Service struct {
	Principal string // such as sso.amazonaws.com
	EnabledAt time.Time
}

func checkService(principal string) error {
	if name, ok := strings.CutSuffix(principal, ".amazonaws.com"); !ok || name == "" {
		return fault.WithReason(ReasonUnknownService, fault.Invalidf("You specified an unrecognized service principal: %.128q does not have the form service.amazonaws.com.", principal))
	}
	return nil
}

// EnableService lets a service work with the organization. One that does already is
// no fault.
func (s *Store) EnableService(tx *database.Tx, o Organization, principal string) error {
	if err := checkService(principal); err != nil {
		return err
	}
	if err := s.needAllFeatures(o); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into organization_services (organization_id, service, enabled_at) values ($1, $2, $3)
		on conflict (organization_id, service) do nothing`, o.ID, principal, database.Time(tx.Now()))
	return err
}

// DisableService ends that. One that does not is no fault.
func (s *Store) DisableService(tx *database.Tx, o Organization, principal string) error {
	if err := checkService(principal); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from organization_services where organization_id = $1 and service = $2`, o.ID, principal)
	return err
}

func scanService(row database.Row) (service Service, err error) {
	return service, row.Scan(&service.Principal, (*database.Time)(&service.EnabledAt))
}

// Services are those that work with the organization, by principal.
func (s *Store) Services(tx *database.ReadTx, o Organization, page Page) ([]Service, error) {
	return database.All(tx, scanService, `select service, enabled_at from organization_services
		where organization_id = $1 and service > $2 order by service limit $3`, o.ID, page.After, page.limit())
}

// Delegate is a member account that administers services for the organization.
type Delegate struct {
	Account
	Since time.Time // of the first of the services asked for
}

// RegisterDelegate lets a member account administer a service, and read what the
// organization is like.
func (s *Store) RegisterDelegate(tx *database.Tx, o Organization, id account.ID, principal string) error {
	if err := checkService(principal); err != nil {
		return err
	}
	if err := s.needAllFeatures(o); err != nil {
		return err
	}
	a, err := s.Account(tx.Reading(), o, id)
	if err != nil {
		return err
	}
	switch {
	case id == o.Management:
		return fault.WithReason(ReasonManagementDelegate, fault.Conflictf("You cannot register the management account as a delegated administrator of its own organization."))
	case a.Status != account.Active:
		return fault.WithReason(ReasonSuspendedDelegate, fault.Conflictf("You cannot register a suspended account as a delegated administrator."))
	}
	enabled, err := exists(tx.Reading(), `select 1 from organization_services where organization_id = $1 and service = $2`, o.ID, principal)
	if err != nil {
		return err
	}
	if !enabled {
		return fault.WithReason(ReasonServiceNotEnabled, fault.Conflictf("You cannot register a delegated administrator of %s before you enable its access to the organization.", principal))
	}
	registered, err := exists(tx.Reading(), `select 1 from delegated_administrators where account_id = $1 and service = $2`, id, principal)
	if err != nil {
		return err
	}
	if registered {
		return alreadyRegistered()
	}
	_, err = tx.Exec(`insert into delegated_administrators (organization_id, account_id, service, enabled_at) values ($1, $2, $3, $4)`,
		o.ID, id, principal, database.Time(tx.Now()))
	if database.IsDuplicate(err) {
		return alreadyRegistered()
	}
	return err
}

func alreadyRegistered() error {
	return fault.WithReason(ReasonRegistered, fault.Conflictf("The provided account is already a delegated administrator of this service."))
}

// DeregisterDelegate ends that.
func (s *Store) DeregisterDelegate(tx *database.Tx, o Organization, id account.ID, principal string) error {
	if _, err := s.memberOf(tx.Reading(), o, id); err != nil {
		return err
	}
	n, err := tx.Exec(`delete from delegated_administrators where organization_id = $1 and account_id = $2 and service = $3`, o.ID, id, principal)
	if err == nil && n == 0 {
		return notRegistered()
	}
	return err
}

func notRegistered() error {
	return fault.WithReason(ReasonNotRegistered, fault.NotFoundf("The provided account is not a registered delegated administrator."))
}

func (s *Store) isDelegate(tx *database.ReadTx, id account.ID) (bool, error) {
	return exists(tx, `select 1 from delegated_administrators where account_id = $1 limit 1`, id)
}

// Delegates are the accounts that administer a service, or any when principal is
// empty, by id.
func (s *Store) Delegates(tx *database.ReadTx, o Organization, principal string, page Page) ([]Delegate, error) {
	type row struct {
		id    account.ID
		since time.Time
	}
	rows, err := database.All(tx, func(r database.Row) (d row, err error) {
		return d, r.Scan(&d.id, (*database.Time)(&d.since))
	}, `select account_id, min(enabled_at) from delegated_administrators
		where organization_id = $1 and ($2 = '' or service = $2) and account_id > $3 group by account_id order by account_id limit $4`,
		o.ID, principal, page.After, page.limit())
	if err != nil {
		return nil, err
	}
	delegates := make([]Delegate, len(rows))
	for i, r := range rows {
		delegates[i].Since = r.since
		if delegates[i].Account, err = s.Account(tx, o, r.id); err != nil {
			return nil, err
		}
	}
	return delegates, nil
}

// DelegatedServices are what a member account administers, by principal; a fault
// with ReasonNotRegistered when that is nothing.
func (s *Store) DelegatedServices(tx *database.ReadTx, o Organization, id account.ID, page Page) ([]Service, error) {
	if _, err := s.memberOf(tx, o, id); err != nil {
		return nil, err
	}
	switch delegate, err := s.isDelegate(tx, id); {
	case err != nil:
		return nil, err
	case !delegate:
		return nil, notRegistered()
	}
	return database.All(tx, scanService, `select service, enabled_at from delegated_administrators
		where account_id = $1 and service > $2 order by service limit $3`, id, page.After, page.limit())
}

// Delegated tells whether a member account administers a service for its organization.
func (s *Store) Delegated(tx *database.ReadTx, o Organization, id account.ID, principal string) (bool, error) {
	services, err := s.DelegatedServices(tx, o, id, Page{})
	if fault.Is(err, fault.NotFound) || fault.HasReason(err, ReasonNotRegistered) {
		return false, nil
	}
	return slices.ContainsFunc(services, func(service Service) bool { return service.Principal == principal }), err
}

// ResourcePolicy is the policy of an organization about itself: it gives member
// accounts access to what is the management account's.
type ResourcePolicy struct {
	ID      string // rp-...
	ARN     string
	Content string
}

// PutResourcePolicy sets it. Tags are for a new one: an existing one keeps its own.
func (s *Store) PutResourcePolicy(tx *database.Tx, o Organization, content string, tags account.Tags) (ResourcePolicy, error) {
	if err := s.needAllFeatures(o); err != nil {
		return ResourcePolicy{}, err
	}
	if len([]rune(content)) > maxResourceText {
		return ResourcePolicy{}, fault.WithReason(ReasonPolicyTooLong, fault.Quotaf("A resource policy has at most %d characters.", maxResourceText))
	}
	if _, err := policy.Compile(policy.Resource, content); err != nil {
		return ResourcePolicy{}, fault.Invalidf("The provided policy document does not meet the requirements of a resource policy: %w", err)
	}
	p, err := s.ResourcePolicy(tx.Reading(), o)
	switch {
	case err == nil && len(tags) > 0:
		return ResourcePolicy{}, fault.Invalidf("Tags are for a new resource policy: tag the existing one with TagResource.")
	case err == nil:
		p.Content = content
		_, err = tx.Exec(`update organization_resource_policies set content = $1 where organization_id = $2`, content, o.ID)
		return p, err
	case !fault.HasReason(err, ReasonNoResourcePolicy):
		return ResourcePolicy{}, err
	}
	if tags, err = account.Tags(nil).With(tags); err != nil {
		return ResourcePolicy{}, err
	}
	sealed, err := s.sealTags(tx, o.ID, "organization_resource_policies", string(o.ID), tags)
	if err != nil {
		return ResourcePolicy{}, err
	}
	p = ResourcePolicy{ID: newID("rp-", 8), Content: content}
	p.ARN = o.resourcePolicyARN(p.ID)
	_, err = tx.Exec(`insert into organization_resource_policies (organization_id, id, content, tags_sealed) values ($1, $2, $3, $4)`, o.ID, p.ID, content, sealed)
	return p, err
}

// ResourcePolicy returns it: a fault with ReasonNoResourcePolicy when there is none.
func (s *Store) ResourcePolicy(tx *database.ReadTx, o Organization) (ResourcePolicy, error) {
	p, err := database.One(tx, func(row database.Row) (p ResourcePolicy, err error) {
		return p, row.Scan(&p.ID, &p.Content)
	}, `select id, content from organization_resource_policies where organization_id = $1`, o.ID)
	p.ARN = o.resourcePolicyARN(p.ID)
	return p, orNotFound(err, ReasonNoResourcePolicy, "The organization has no resource policy.")
}

// DeleteResourcePolicy removes it.
func (s *Store) DeleteResourcePolicy(tx *database.Tx, o Organization) error {
	n, err := tx.Exec(`delete from organization_resource_policies where organization_id = $1`, o.ID)
	if err == nil && n == 0 {
		return fault.WithReason(ReasonNoResourcePolicy, fault.NotFoundf("The organization has no resource policy."))
	}
	return err
}

// admits are the policies by which an organization gives a member account access:
// its resource policy, and that of being a delegated administrator, who may read.
func (s *Store) admits(tx *database.ReadTx, o Organization, id account.ID) (policies []policy.Named, err error) {
	switch p, err := s.ResourcePolicy(tx, o); {
	case err == nil:
		compiled, err := s.compiled.Policy(policy.Resource, p.Content)
		if err != nil {
			return nil, err
		}
		policies = append(policies, policy.Named{Name: p.ARN, Policy: compiled})
	case !fault.HasReason(err, ReasonNoResourcePolicy):
		return nil, err
	}
	delegate, err := s.isDelegate(tx, id)
	if err != nil || !delegate {
		return policies, err
	}
	compiled, err := s.compiled.Policy(policy.Resource, readable(id))
	return append(policies, policy.Named{Name: "delegated administrator " + string(id), Policy: compiled}), err
}

// readable is a resource policy that lets an account read an organization.
func readable(id account.ID) string {
	text, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": id.Root()},
			"Action": []string{"organizations:Describe*", "organizations:List*"}, "Resource": "*",
		}},
	})
	if err != nil {
		panic(err) // texts alone
	}
	return string(text)
}

// Admits tells whether an account may ask about the organization at all: the
// management account, a delegated administrator, or any member while there is a
// resource policy. What it may is for [Store.Locate] and policies to say.
func (s *Store) Admits(tx *database.ReadTx, o Organization, id account.ID) (bool, error) {
	if id == o.Management {
		return true, nil
	}
	policies, err := s.admits(tx, o, id)
	return len(policies) > 0, err
}
