package org

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// Unit is an organizational unit. It never moves.
type Unit struct {
	ID        NodeID
	Parent    NodeID
	Name      string // unique among its siblings
	Path      string // of ids, from the organization to itself, each with a slash behind it
	CreatedAt time.Time
}

// NewUnit is what it takes to make one.
type NewUnit struct {
	Parent NodeID
	Name   string
	Tags   account.Tags
}

// CreateUnit makes a unit. Where a type of policy is enabled that allows, AWS's
// policy that allows everything is attached to it.
func (s *Store) CreateUnit(tx *database.Tx, o Organization, n NewUnit) (Unit, error) {
	tags, err := account.Tags(nil).With(n.Tags)
	if err != nil {
		return Unit{}, err
	}
	if err := checkName(n.Name); err != nil {
		return Unit{}, err
	}
	parent, err := s.nodePath(tx.Reading(), o, n.Parent, ReasonNoParent)
	if err != nil {
		return Unit{}, err
	}
	u := Unit{ID: NodeID(newID("ou-"+strings.TrimPrefix(string(o.Root), "r-")+"-", 8)), Parent: n.Parent, Name: n.Name, CreatedAt: tx.Now()}
	u.Path = parent + string(u.ID) + "/"
	if strings.Count(u.Path, "/") > 2+maxDepth { // the organization and its root come first
		return Unit{}, fault.WithReason(ReasonTooDeep, fault.Quotaf("You have exceeded the allowed depth of organizational units: %d below the root.", maxDepth))
	}
	if err := s.roomForUnit(tx.Reading(), o.ID); err != nil {
		return Unit{}, err
	}
	if err := s.unitNameFree(tx.Reading(), u); err != nil {
		return Unit{}, err
	}
	sealed, err := s.sealTags(tx, o.ID, "organizational_units", string(u.ID), tags)
	if err != nil {
		return Unit{}, err
	}
	_, err = tx.Exec(`insert into organizational_units (id, organization_id, parent_id, name, path, tags_sealed, created_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		u.ID, o.ID, u.Parent, u.Name, u.Path, sealed, database.Time(u.CreatedAt))
	if database.IsDuplicate(err) {
		return Unit{}, duplicateUnit()
	}
	if err != nil {
		return Unit{}, err
	}
	return u, s.attachDefaults(tx, o.ID, TargetID(u.ID))
}

func checkName(name string) error {
	if length := utf8.RuneCountInString(name); length < 1 || length > 128 || strings.TrimSpace(name) == "" {
		return fault.Invalidf("a name has 1 to 128 characters, and not spaces alone")
	}
	return nil
}

func (s *Store) roomForUnit(tx *database.ReadTx, id ID) error {
	count, err := database.One(tx, database.Value[int], `select count(*) from organizational_units where organization_id = $1`, id)
	if err == nil && count >= maxUnits {
		err = fault.WithReason(ReasonTooManyUnits, fault.Quotaf("You have exceeded the allowed number of organizational units: %d.", maxUnits))
	}
	return err
}

func (s *Store) unitNameFree(tx *database.ReadTx, u Unit) error {
	taken, err := exists(tx, `select 1 from organizational_units where parent_id = $1 and name = $2 and id <> $3`, u.Parent, u.Name, u.ID)
	if err == nil && taken {
		err = duplicateUnit()
	}
	return err
}

func duplicateUnit() error {
	return fault.WithReason(ReasonDuplicateUnit, fault.Conflictf("An organizational unit with the name you specified already exists."))
}

const unitColumns = `id, parent_id, name, path, created_at`

func scanUnit(row database.Row) (u Unit, err error) {
	return u, row.Scan(&u.ID, &u.Parent, &u.Name, &u.Path, (*database.Time)(&u.CreatedAt))
}

// Unit returns one of the organization.
func (s *Store) Unit(tx *database.ReadTx, o Organization, id NodeID) (Unit, error) {
	u, err := database.One(tx, scanUnit, `select `+unitColumns+` from organizational_units where id = $1 and organization_id = $2`, id, o.ID)
	return u, orNotFound(err, ReasonNoUnit, "You specified an organizational unit that doesn't exist.")
}

// Units are the units directly below a root or a unit, by id.
func (s *Store) Units(tx *database.ReadTx, o Organization, parent NodeID, page Page) ([]Unit, error) {
	if _, err := s.nodePath(tx, o, parent, ReasonNoParent); err != nil {
		return nil, err
	}
	return database.All(tx, scanUnit, `select `+unitColumns+` from organizational_units where parent_id = $1 and id > $2 order by id limit $3`,
		parent, page.After, page.limit())
}

// RenameUnit gives a unit another name.
func (s *Store) RenameUnit(tx *database.Tx, o Organization, id NodeID, name string) (Unit, error) {
	if err := checkName(name); err != nil {
		return Unit{}, err
	}
	u, err := s.Unit(tx.Reading(), o, id)
	if err != nil {
		return Unit{}, err
	}
	u.Name = name
	if err := s.unitNameFree(tx.Reading(), u); err != nil {
		return Unit{}, err
	}
	_, err = tx.Exec(`update organizational_units set name = $1 where id = $2`, name, id)
	if database.IsDuplicate(err) {
		return Unit{}, duplicateUnit()
	}
	return u, err
}

// DeleteUnit ends a unit below which nothing is left.
func (s *Store) DeleteUnit(tx *database.Tx, o Organization, id NodeID) error {
	if _, err := s.Unit(tx.Reading(), o, id); err != nil {
		return err
	}
	for _, query := range []string{
		`select 1 from organizational_units where parent_id = $1 limit 1`,
		`select 1 from organization_accounts where parent_id = $1 limit 1`,
	} {
		left, err := exists(tx.Reading(), query, id)
		if err != nil {
			return err
		}
		if left {
			return fault.WithReason(ReasonUnitNotEmpty, fault.Conflictf("The specified organizational unit is not empty: move its accounts and delete its units first."))
		}
	}
	if err := detachAll(tx, o.ID, TargetID(id)); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from organizational_units where id = $1`, id)
	return err
}

// nodePath is the path of a root or a unit of the organization, as in [Unit];
// missing is the reason to give when there is none.
func (s *Store) nodePath(tx *database.ReadTx, o Organization, id NodeID, missing fault.Reason) (string, error) {
	if id == o.Root {
		return o.path(), nil
	}
	path, err := database.One(tx, database.Value[string], `select path from organizational_units where id = $1 and organization_id = $2`, id, o.ID)
	return path, orNotFound(err, missing, "You specified a parent that doesn't exist.")
}
