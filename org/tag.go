package org

import (
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// tagged is where the tags of something stand.
type tagged struct {
	table, key, row string
	readOnly        bool // AWS's own
}

// taggable finds what an id names: a root, a unit, an account, a policy or the
// resource policy of the organization.
func (s *Store) taggable(tx *database.ReadTx, o Organization, id string) (t tagged, err error) {
	switch {
	case strings.HasPrefix(id, "p-"):
		var p Policy
		p, err = s.Policy(tx, o, PolicyID(id))
		t = tagged{"organization_policies", "id", id, p.Managed}
	case strings.HasPrefix(id, "rp-"):
		var p ResourcePolicy
		if p, err = s.ResourcePolicy(tx, o); err == nil && p.ID != id {
			err = fault.NotFoundf("there is another resource policy")
		}
		t = tagged{table: "organization_resource_policies", key: "organization_id", row: string(o.ID)}
	default:
		_, err = s.target(tx, o, TargetID(id))
		switch TargetID(id).Kind() {
		case RootTarget:
			t = tagged{table: "organizations", key: "id", row: string(o.ID)}
		case AccountTarget:
			t = tagged{table: "organization_accounts", key: "account_id", row: id}
		default:
			t = tagged{table: "organizational_units", key: "id", row: id}
		}
	}
	if fault.Is(err, fault.NotFound) {
		err = fault.WithReason(ReasonNoTarget, fault.NotFoundf("You specified a target that doesn't exist."))
	}
	return t, err
}

// Tags are those of a root, a unit, an account or a policy.
func (s *Store) Tags(tx *database.ReadTx, o Organization, id string) (account.Tags, error) {
	t, err := s.taggable(tx, o, id)
	if err != nil || t.readOnly {
		return nil, err
	}
	return s.tagsOf(tx, o, t)
}

func (s *Store) tagsOf(tx *database.ReadTx, o Organization, t tagged) (account.Tags, error) {
	sealed, err := database.One(tx, database.Value[[]byte], `select tags_sealed from `+t.table+` where `+t.key+` = $1`, t.row)
	if err != nil {
		return nil, err
	}
	return s.openTags(tx, o.ID, t.table, t.row, sealed)
}

// Tag adds and replaces tags.
func (s *Store) Tag(tx *database.Tx, o Organization, id string, added account.Tags) error {
	return s.retag(tx, o, id, func(tags account.Tags) (account.Tags, error) { return tags.With(added) })
}

// Untag removes tags. Keys that are not there are no fault.
func (s *Store) Untag(tx *database.Tx, o Organization, id string, keys []string) error {
	return s.retag(tx, o, id, func(tags account.Tags) (account.Tags, error) { return tags.Without(keys), nil })
}

func (s *Store) retag(tx *database.Tx, o Organization, id string, change func(account.Tags) (account.Tags, error)) error {
	t, err := s.taggable(tx.Reading(), o, id)
	if err != nil {
		return err
	}
	if t.readOnly {
		return fault.WithReason(ReasonImmutable, fault.Invalidf("You specified a policy that is managed by AWS and can't be tagged."))
	}
	tags, err := s.tagsOf(tx.Reading(), o, t)
	if err != nil {
		return err
	}
	if tags, err = change(tags); err != nil {
		return err
	}
	sealed, err := s.sealTags(tx, o.ID, t.table, t.row, tags)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update `+t.table+` set tags_sealed = $1 where `+t.key+` = $2`, sealed, t.row)
	return err
}
