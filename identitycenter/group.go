package identitycenter

import (
	"github.com/sallyport/sallyport/database"
)

// GroupID is a group's: a UUID.
type GroupID string

// Group is a set of users.
type Group struct {
	ID GroupID
	GroupAttributes
	Record
}

// ParseGroupID reads an id, or the ARN of a group.
func ParseGroupID(name string) GroupID { return GroupID(idNamed(name)) }

// ARN names the group.
func (id GroupID) ARN() string { return resourceARN("group", string(id)) }

// CreateGroup adds a group of nobody.
func (s *Store) CreateGroup(tx *database.Tx, in Instance, attributes GroupAttributes, by string) (Group, error) {
	g := Group{ID: GroupID(newID()), GroupAttributes: attributes, Record: newRecord(tx, by)}
	if err := g.check(); err != nil {
		return Group{}, err
	}
	if err := roomFor(tx.Reading(), in, "identity_groups", maxGroups); err != nil {
		return Group{}, err
	}
	if err := s.hold(tx, in, string(g.ID), g.claims()); err != nil {
		return Group{}, err
	}
	sealed, err := s.sealAttributes(tx, in, "identity_groups", string(g.ID), g.GroupAttributes)
	if err != nil {
		return Group{}, err
	}
	_, err = tx.Exec(`insert into identity_groups (id, store_id, scope, attributes_sealed, revision, created_at, created_by, updated_at, updated_by)
		values ($1, $2, $3, $4, 1, $5, $6, $5, $6)`, g.ID, in.Store, in.Scope(), sealed, database.Time(g.CreatedAt), by)
	return g, err
}

func (s *Store) groups(tx *database.ReadTx, in Instance, where string, args ...any) ([]Group, error) {
	key, err := s.Keys.Key(tx, in.Scope())
	if err != nil {
		return nil, err
	}
	return database.All(tx, func(row database.Row) (g Group, err error) {
		var sealed []byte
		if err := row.Scan(append([]any{&g.ID, &sealed}, g.targets()...)...); err != nil {
			return Group{}, err
		}
		return g, openAttributes(key, "identity_groups", string(g.ID), sealed, &g.GroupAttributes)
	}, `select id, attributes_sealed, `+recordColumns+` from identity_groups where `+where, args...)
}

// GroupByID finds a group.
func (s *Store) GroupByID(tx *database.ReadTx, in Instance, id GroupID) (Group, error) {
	found, err := s.groups(tx, in, `id = $1 and store_id = $2`, id, in.Store)
	if err == nil && len(found) == 0 {
		err = missing(GroupType, string(id))
	}
	if err != nil {
		return Group{}, err
	}
	return found[0], nil
}

// GroupByName finds a group by DisplayName. Case does not matter.
func (s *Store) GroupByName(tx *database.ReadTx, in Instance, name string) (Group, error) {
	return s.groupHolding(tx, in, claim{attribute: groupNames, value: FoldName(name)})
}

// GroupByExternalID finds a group by what an identity provider calls it.
func (s *Store) GroupByExternalID(tx *database.ReadTx, in Instance, id ExternalID) (Group, error) {
	return s.groupHolding(tx, in, claim{attribute: groupExternalIDs, value: id.key()})
}

func (s *Store) groupHolding(tx *database.ReadTx, in Instance, c claim) (Group, error) {
	id, err := s.holder(tx, in, c)
	if err != nil {
		return Group{}, err
	}
	if id == "" {
		return Group{}, missing(GroupType, "")
	}
	return s.GroupByID(tx, in, GroupID(id))
}

// Groups are those of a store, by id.
func (s *Store) Groups(tx *database.ReadTx, in Instance, page Page) ([]Group, error) {
	return s.groups(tx, in, `store_id = $1 and id > $2 order by id limit $3`, in.Store, page.After, page.limit())
}

// UpdateGroup changes attributes: all or none.
func (s *Store) UpdateGroup(tx *database.Tx, in Instance, id GroupID, change Change) (Group, error) {
	g, err := s.GroupByID(tx.Reading(), in, id)
	if err != nil {
		return Group{}, err
	}
	if err := checkRevision(change.Revision, g.Revision); err != nil {
		return Group{}, err
	}
	for _, op := range change.Operations {
		if err := apply(&g.GroupAttributes, op); err != nil {
			return Group{}, err
		}
	}
	if err := g.check(); err != nil {
		return Group{}, err
	}
	g.Record = g.next(tx, change.By)
	if err := s.hold(tx, in, string(g.ID), g.claims()); err != nil {
		return Group{}, err
	}
	sealed, err := s.sealAttributes(tx, in, "identity_groups", string(g.ID), g.GroupAttributes)
	if err != nil {
		return Group{}, err
	}
	_, err = tx.Exec(`update identity_groups set attributes_sealed = $1, revision = revision + 1, updated_at = $2, updated_by = $3 where id = $4`,
		sealed, database.Time(g.UpdatedAt), g.UpdatedBy, g.ID)
	return g, err
}

// DeleteGroup removes a group, and everybody from it. An expected revision that is
// not the present one is Conflict with ReasonChanged; empty: any.
func (s *Store) DeleteGroup(tx *database.Tx, in Instance, id GroupID, revision string) error {
	g, err := s.GroupByID(tx.Reading(), in, id)
	if err != nil {
		return err
	}
	if err := checkRevision(revision, g.Revision); err != nil {
		return err
	}
	return remove(tx, "identity_groups", "group_id", string(id))
}
