package org

import (
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// Policy is a policy of an organization, or one of AWS's own.
type Policy struct {
	ID          PolicyID
	ARN         string
	Type        PolicyType
	Name        string // unique among its type
	Description string
	Content     string
	Managed     bool // AWS's own: it cannot be changed
	UpdatedAt   time.Time
}

// AWS's own policies, which allow everything.
const (
	FullAccess         PolicyID = "p-FullAWSAccess"
	FullResourceAccess PolicyID = "p-RCPFullAWSAccess"
)

var managed = map[PolicyID]Policy{
	FullAccess: {ID: FullAccess, Type: ServiceControl, Name: "FullAWSAccess", Description: "Allows access to every operation", Managed: true,
		Content: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
	FullResourceAccess: {ID: FullResourceAccess, Type: ResourceControl, Name: "RCPFullAWSAccess", Description: "Allow access to every resource", Managed: true,
		Content: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`},
}

// NewPolicy is what it takes to make one.
type NewPolicy struct {
	Type        PolicyType
	Name        string
	Description string
	Content     string
	Tags        account.Tags
}

// CreatePolicy makes a policy. It counts nowhere before it is attached.
func (s *Store) CreatePolicy(tx *database.Tx, o Organization, n NewPolicy) (Policy, error) {
	if err := n.Type.available(o); err != nil {
		return Policy{}, err
	}
	tags, err := account.Tags(nil).With(n.Tags)
	if err != nil {
		return Policy{}, err
	}
	p := Policy{ID: PolicyID(newID("p-", 8)), Type: n.Type, Name: n.Name, Description: n.Description, Content: n.Content, UpdatedAt: tx.Now()}
	p.ARN = o.policyARN(p.Type, p.ID)
	if err := s.checkPolicy(tx.Reading(), o, p); err != nil {
		return Policy{}, err
	}
	count, err := database.One(tx.Reading(), database.Value[int], `select count(*) from organization_policies where organization_id = $1 and type = $2`, o.ID, p.Type)
	if err != nil {
		return Policy{}, err
	}
	if most := types[p.Type].most; count >= most {
		return Policy{}, fault.WithReason(ReasonTooManyPolicies, fault.Quotaf("You have exceeded the allowed number of policies of this type: %d.", most))
	}
	description, err := s.sealText(tx, o.ID, "organization_policies.description_sealed", string(p.ID), p.Description)
	if err != nil {
		return Policy{}, err
	}
	sealed, err := s.sealTags(tx, o.ID, "organization_policies", string(p.ID), tags)
	if err != nil {
		return Policy{}, err
	}
	_, err = tx.Exec(`insert into organization_policies (id, organization_id, type, name, content, description_sealed, tags_sealed, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, p.ID, o.ID, p.Type, p.Name, p.Content, description, sealed, database.Time(p.UpdatedAt))
	if database.IsDuplicate(err) {
		return Policy{}, duplicatePolicy()
	}
	return p, err
}

func (s *Store) checkPolicy(tx *database.ReadTx, o Organization, p Policy) error {
	if err := checkName(p.Name); err != nil {
		return err
	}
	if utf8.RuneCountInString(p.Description) > 512 {
		return fault.Invalidf("a description has at most 512 characters")
	}
	if err := p.Type.checkDocument(p.Content); err != nil {
		return err
	}
	taken, err := exists(tx, `select 1 from organization_policies where organization_id = $1 and type = $2 and name = $3 and id <> $4`, o.ID, p.Type, p.Name, p.ID)
	if err != nil {
		return err
	}
	if taken || p.Name == managed[types[p.Type].standard].Name {
		return duplicatePolicy()
	}
	return nil
}

func duplicatePolicy() error {
	return fault.WithReason(ReasonDuplicatePolicy, fault.Conflictf("A policy with the same name already exists."))
}

const policyColumns = `id, type, name, content, description_sealed, updated_at`

func (s *Store) policies(tx *database.ReadTx, o Organization, where string, args ...any) ([]Policy, error) {
	var sealed [][]byte
	policies, err := database.All(tx, func(row database.Row) (p Policy, err error) {
		var description []byte
		err = row.Scan(&p.ID, &p.Type, &p.Name, &p.Content, &description, (*database.Time)(&p.UpdatedAt))
		p.ARN = o.policyARN(p.Type, p.ID)
		sealed = append(sealed, description)
		return p, err
	}, `select `+policyColumns+` from organization_policies where `+where, args...)
	if err != nil {
		return nil, err
	}
	for i := range policies {
		p := &policies[i]
		if p.Description, err = s.openText(tx, o.ID, "organization_policies.description_sealed", string(p.ID), sealed[i]); err != nil {
			return nil, err
		}
	}
	return policies, nil
}

// Policy returns one of the organization's, or of AWS's own.
func (s *Store) Policy(tx *database.ReadTx, o Organization, id PolicyID) (Policy, error) {
	if p, ok := managed[id]; ok {
		p.ARN = o.policyARN(p.Type, p.ID)
		return p, nil
	}
	found, err := s.policies(tx, o, `id = $1 and organization_id = $2`, id, o.ID)
	if err == nil && len(found) == 0 {
		err = fault.WithReason(ReasonNoPolicy, fault.NotFoundf("You specified a policy that doesn't exist."))
	}
	if err != nil {
		return Policy{}, err
	}
	return found[0], nil
}

// own is Policy for changing it, which AWS's do not allow.
func (s *Store) own(tx *database.ReadTx, o Organization, id PolicyID) (Policy, error) {
	p, err := s.Policy(tx, o, id)
	if err == nil && p.Managed {
		err = fault.WithReason(ReasonImmutable, fault.Invalidf("You specified a policy that is managed by AWS and can't be changed or deleted."))
	}
	return p, err
}

// Policies are those of one type, AWS's own first, then by id.
func (s *Store) Policies(tx *database.ReadTx, o Organization, t PolicyType, page Page) ([]Policy, error) {
	standard := types[t].standard
	var listed []Policy
	if standard != "" && page.After == "" {
		p, err := s.Policy(tx, o, standard)
		if err != nil {
			return nil, err
		}
		if listed = append(listed, p); page.Limit == 1 {
			return listed, nil
		}
		if page.Limit > 0 {
			page.Limit--
		}
	}
	if page.After == string(standard) {
		page.After = ""
	}
	own, err := s.policies(tx, o, `organization_id = $1 and type = $2 and id > $3 order by id limit $4`, o.ID, t, page.After, page.limit())
	return append(listed, own...), err
}

// PolicyPatch changes what is not nil.
type PolicyPatch struct {
	Name        *string
	Description *string
	Content     *string
}

// UpdatePolicy changes a policy, wherever it is attached.
func (s *Store) UpdatePolicy(tx *database.Tx, o Organization, id PolicyID, patch PolicyPatch) (Policy, error) {
	p, err := s.own(tx.Reading(), o, id)
	if err != nil {
		return Policy{}, err
	}
	for _, change := range []struct{ to, from *string }{{&p.Name, patch.Name}, {&p.Description, patch.Description}, {&p.Content, patch.Content}} {
		if change.from != nil {
			*change.to = *change.from
		}
	}
	p.UpdatedAt = tx.Now()
	if err := s.checkPolicy(tx.Reading(), o, p); err != nil {
		return Policy{}, err
	}
	description, err := s.sealText(tx, o.ID, "organization_policies.description_sealed", string(p.ID), p.Description)
	if err != nil {
		return Policy{}, err
	}
	_, err = tx.Exec(`update organization_policies set name = $1, content = $2, description_sealed = $3, updated_at = $4 where id = $5`,
		p.Name, p.Content, description, database.Time(p.UpdatedAt), p.ID)
	if database.IsDuplicate(err) {
		return Policy{}, duplicatePolicy()
	}
	return p, err
}

// DeletePolicy ends a policy that is attached nowhere.
func (s *Store) DeletePolicy(tx *database.Tx, o Organization, id PolicyID) error {
	if _, err := s.own(tx.Reading(), o, id); err != nil {
		return err
	}
	used, err := exists(tx.Reading(), `select 1 from organization_attachments where organization_id = $1 and policy_id = $2 limit 1`, o.ID, id)
	if err != nil {
		return err
	}
	if used {
		return fault.WithReason(ReasonPolicyInUse, fault.Conflictf("The policy is attached to one or more roots, units or accounts: detach it first."))
	}
	_, err = tx.Exec(`delete from organization_policies where id = $1`, id)
	return err
}
