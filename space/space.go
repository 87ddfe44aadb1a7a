// Package space knows the tenants of a partition: spaces, who is in them and in
// which teams, their projects, the invitations into them, and so who holds which
// role where.
//
//	Invite ── token ──> Accept ──┐
//	                             v
//	  space_members   project_members   team_members ─ teams ─ project_teams
//	        └───────────────┴────────────────┴──────────────────────┘
//	                             │ Held
//	                             v
//	                         role.Held ── Decide ──> yes or no, and why
//
// What a role allows is known to package role, who a user is to package directory,
// and whether the caller may ask to the operation: the methods here trust that it
// was asked for by somebody who may. Two rules about people are theirs all the
// same, because no role expresses them: a space keeps an administrator, and nobody
// ends being one by their own hand.
//
// Whoever is in a project or a team of a space is a member of the space, so
// space_members lists everybody. Every change of who holds which role raises the
// grants version of the space in the same transaction; what is cached under a
// version is never out of date.
//
// A method that returns an error may have begun its change: give the transaction up.
package space

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
)

// Store keeps the spaces of a partition. Its methods are safe for concurrent use,
// each in its own transaction.
type Store struct {
	Keys   *seal.Keys
	Region string // where new spaces are
	// Ending is told that a project is about to be deleted, or, when none is named,
	// all of a space's. Its error undoes that. Nil: nobody is told.
	Ending func(*database.Tx, ID, ProjectID) error

	refs     database.Memo[string, Ref] // by name as it is looked up
	projects database.Memo[projectPath, Project]
}

// ID is a space's UUID. Trust policies name it, so it is never given twice.
type ID string

// Space is a tenant.
type Space struct {
	ID            ID
	Name          string
	Description   string
	Region        string
	CreatedAt     time.Time
	GrantsVersion int64
	TokenLifetime time.Duration // for which tokens used in it may be made; 0: any
}

// NewSpace is what creating a space needs. Description may be empty.
type NewSpace struct {
	Name        string
	Description string
}

// Ref is what a request needs to know of the space it names.
type Ref struct {
	ID            ID
	Name          string
	GrantsVersion int64
	TokenLifetime time.Duration // see [Space]
}

// Page is a part of a list. Ask for one more than you show to know whether there is more.
type Page struct {
	After string // the key of the last one seen, as the list says; empty: from the start
	Limit int    // how many at most; 0: all
}

func (p Page) limit() int64 {
	if p.Limit <= 0 {
		return math.MaxInt64
	}
	return int64(p.Limit)
}

// Create makes a space and its creator the Space administrator. The name is unique
// without regard to case, and stays taken after the space is deleted.
func (s *Store) Create(tx *database.Tx, by directory.UserID, n NewSpace) (Space, error) {
	if err := cmp.Or(checkName("space", n.Name), checkDescription(n.Description)); err != nil {
		return Space{}, err
	}
	if err := s.roomForSpace(tx, by); err != nil {
		return Space{}, err
	}
	if err := nameUntaken(&tx.ReadTx, n.Name); err != nil {
		return Space{}, err
	}
	id := ID(uuid.NewString())
	key, err := s.Keys.Create(tx, seal.Space(string(id)))
	if err != nil {
		return Space{}, fmt.Errorf("make the keys of space %s: %w", id, err)
	}
	description, err := key.Seal("spaces.description_sealed", string(id), []byte(n.Description))
	if err != nil {
		return Space{}, err
	}
	_, err = tx.Exec(`insert into spaces (id, name, name_key, description_sealed, region, grants_version, created_by, created_at)
		values ($1, $2, $3, $4, $5, 1, $6, $7)`,
		id, n.Name, nameKey(n.Name), description, s.Region, by, database.Time(tx.Now()))
	if database.IsDuplicate(err) {
		return Space{}, nameTaken(n.Name)
	}
	if err != nil {
		return Space{}, err
	}
	if err := join(tx, id, by, role.SpaceAdministrator, ofItsOwn); err != nil {
		return Space{}, err
	}
	return s.Space(&tx.ReadTx, id)
}

func (s *Store) roomForSpace(tx *database.Tx, by directory.UserID) error {
	if err := activeSpaces.room(&tx.ReadTx, by, s.Region); err != nil {
		return err
	}
	return newSpaces.room(&tx.ReadTx, by, s.Region, database.Time(tx.Now().Add(-month)))
}

func nameUntaken(tx *database.ReadTx, name string) error {
	_, err := database.One(tx, database.Value[ID], `select id from spaces where name_key = $1`, nameKey(name))
	if errors.Is(err, database.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	return nameTaken(name)
}

// nameTaken does not tell a living space from a deleted one: whether it exists is
// its members' business.
func nameTaken(name string) error {
	return fault.Conflictf("the space name %q is taken, or was once: names of spaces are never used again, choose another", name)
}

// Lookup finds the space a request names, without regard to case. Every request
// starts with it, so it is one look at an index and opens nothing that is sealed.
func (s *Store) Lookup(tx *database.ReadTx, name string) (Ref, error) {
	if !nameForm.MatchString(name) {
		return Ref{}, fault.NotFoundf("no space %.64q", name)
	}
	ref, err := s.refs.Get(tx, nameKey(name), func() (Ref, error) {
		return database.One(tx, func(row database.Row) (r Ref, err error) {
			return r, row.Scan(&r.ID, &r.Name, &r.GrantsVersion, (*seconds)(&r.TokenLifetime))
		}, `select id, name, grants_version, token_lifetime from spaces where name_key = $1 and deleted_at is null`, nameKey(name))
	})
	return ref, orNotFound(err, "no space %q", name)
}

// Space returns one space.
func (s *Store) Space(tx *database.ReadTx, id ID) (Space, error) {
	row, err := database.One(tx, scanSpace, `select `+spaceColumns+` from spaces where id = $1 and deleted_at is null`, id)
	if err != nil {
		return Space{}, orNotFound(err, "no space %s", id)
	}
	return s.opened(tx, row)
}

// List returns the spaces the user is a member of, by name; a page goes on after a name.
func (s *Store) List(tx *database.ReadTx, user directory.UserID, page Page) ([]Space, error) {
	rows, err := database.All(tx, scanSpace, `select `+spaceColumns+` from spaces
		where id in (select space_id from space_members where user_id = $1) and deleted_at is null and name_key > $2
		order by name_key limit $3`, user, nameKey(page.After), page.limit())
	if err != nil {
		return nil, err
	}
	spaces := make([]Space, len(rows))
	for i, row := range rows {
		if spaces[i], err = s.opened(tx, row); err != nil {
			return nil, err
		}
	}
	return spaces, nil
}

// Update gives the space another description.
func (s *Store) Update(tx *database.Tx, id ID, description string) (Space, error) {
	if err := checkDescription(description); err != nil {
		return Space{}, err
	}
	key, err := s.key(&tx.ReadTx, id)
	if err != nil {
		return Space{}, err
	}
	sealed, err := key.Seal("spaces.description_sealed", string(id), []byte(description))
	if err != nil {
		return Space{}, err
	}
	if _, err := tx.Exec(`update spaces set description_sealed = $2 where id = $1 and deleted_at is null`, id, sealed); err != nil {
		return Space{}, err
	}
	return s.Space(&tx.ReadTx, id)
}

// Delete ends the space and destroys its keys: what was sealed in it can never be
// read again. What stays is its id and name, so that neither is given to another, and
// who invited which address when, until the daily limits have counted it.
func (s *Store) Delete(tx *database.Tx, id ID) error {
	n, err := tx.Exec(`update spaces set deleted_at = $2, description_sealed = null, grants_version = grants_version + 1
		where id = $1 and deleted_at is null`, id, database.Time(tx.Now()))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.NotFoundf("no space %s", id)
	}
	if err := s.ending(tx, id, ""); err != nil {
		return err
	}
	if err := emptyInvitations(tx, id); err != nil {
		return err
	}
	for _, table := range []string{"projects", "teams", "space_members"} {
		if _, err := tx.Exec(`delete from `+table+` where space_id = $1`, id); err != nil {
			return err
		}
	}
	return s.Keys.Destroy(tx, seal.Space(string(id)))
}

func (s *Store) ending(tx *database.Tx, id ID, project ProjectID) error {
	if s.Ending == nil {
		return nil
	}
	return s.Ending(tx, id, project)
}

const spaceColumns = `id, name, region, created_at, grants_version, token_lifetime, description_sealed`

type sealedSpace struct {
	Space
	description []byte
}

func scanSpace(row database.Row) (r sealedSpace, err error) {
	return r, row.Scan(&r.ID, &r.Name, &r.Region, (*database.Time)(&r.CreatedAt), &r.GrantsVersion, (*seconds)(&r.TokenLifetime), &r.description)
}

func (s *Store) opened(tx *database.ReadTx, row sealedSpace) (Space, error) {
	key, err := s.key(tx, row.ID)
	if err != nil {
		return Space{}, err
	}
	description, err := key.Open("spaces.description_sealed", string(row.ID), row.description)
	row.Description = string(description)
	return row.Space, err
}

func (s *Store) key(tx *database.ReadTx, id ID) (*seal.Key, error) {
	key, err := s.Keys.Key(tx, seal.Space(string(id)))
	return key, orNotFound(err, "no space %s", id)
}

func nameKey(name string) string { return strings.ToLower(name) }

// orNotFound says in the caller's words that there is no row, and leaves any other error alone.
func orNotFound(err error, format string, args ...any) error {
	if errors.Is(err, database.ErrNone) {
		return fault.NotFoundf(format, args...)
	}
	return err
}

// scanRole reads a role column with one of role's parsers.
type scanRole struct {
	to    *role.Role
	parse func(string) (role.Role, error)
}

var _ sql.Scanner = scanRole{}

func spaceRole(to *role.Role) scanRole   { return scanRole{to, role.ParseSpace} }
func projectRole(to *role.Role) scanRole { return scanRole{to, role.ParseProject} }

func (s scanRole) Scan(from any) (err error) {
	name, ok := from.(string)
	if !ok {
		return fmt.Errorf("a role column holds %T", from)
	}
	*s.to, err = s.parse(name)
	return err
}
