package account

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// EntityID is IAM's unique id of a user, group or role. It is never used again.
type EntityID string

// EntityKind tells users, groups and roles apart.
type EntityKind string

const (
	User  EntityKind = "user"
	Group EntityKind = "group"
	Role  EntityKind = "role"
)

// kinds is what differs between them. Sources: "IAM identifiers" and "IAM and
// AWS STS quotas" in the IAM User Guide; the role quota is the highest that AWS
// grants.
var kinds = map[EntityKind]struct {
	prefix   string // of unique ids
	longest  int    // name
	most     int    // in one account
	inline   int    // characters of all inline policies, without white space
	attached int    // managed policies
}{
	User:  {"AIDA", 64, 5000, 2048, 20},
	Group: {"AGPA", 128, 500, 5120, 10},
	Role:  {"AROA", 64, 5000, 10240, 25},
}

// Entity is a user, group or role of an account.
type Entity struct {
	ID          EntityID
	Account     ID
	Kind        EntityKind
	Name        string // unique among its kind in the account, whatever its case
	Path        string // begins and ends with a slash
	Boundary    string // ARN of the managed policy that bounds it; empty: none
	Description string
	Tags        Tags
	CreatedAt   time.Time

	// Of roles alone.
	Trust      string        // the trust policy; principals by unique id, see [Store.ReadableTrust]
	MaxSession time.Duration // the longest session
	UsedAt     time.Time     // when a session was last asked for; zero: never
	UsedRegion string
}

// ARN names the entity in policies.
func (e Entity) ARN() string { return e.Account.arn(string(e.Kind) + e.Path + e.Name) }

// Linked tells whether the entity is a service-linked role. Control policies do
// not touch those.
func (e Entity) Linked() bool { return strings.HasPrefix(e.Path, serviceRolePath) }

// Protected tells whether the entity belongs to an AWS service: it is a
// service-linked role, or one that IAM Identity Center provisioned. Only that
// service changes it.
func (e Entity) Protected() bool { return ReservedPath(e.Path) }

const (
	serviceRolePath = "/aws-service-role/"
	reservedPath    = "/aws-reserved/"
)

// ReservedPath tells whether a path is AWS's own: what is made there is out of
// reach of the account's administrators and, below /aws-service-role/, of its
// organization's control policies.
func ReservedPath(path string) bool {
	return strings.HasPrefix(path, serviceRolePath) || strings.HasPrefix(path, reservedPath)
}

// NewEntity is what it takes to create one.
type NewEntity struct {
	Kind        EntityKind
	Name        string
	Path        string // empty: /
	Boundary    string
	Description string
	Tags        Tags
	Trust       string        // of a role: required
	MaxSession  time.Duration // of a role; zero: an hour
}

// Reasons of refusals that concern IAM.
const (
	ReasonMalformed    fault.Reason = "MalformedPolicyDocument"
	ReasonDelete       fault.Reason = "DeleteConflict"
	ReasonUnmodifiable fault.Reason = "UnmodifiableEntity"
	ReasonInvalidInput fault.Reason = "InvalidInput"
)

var (
	entityName = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathForm   = regexp.MustCompile(`^/([\x21-\x7e]{1,510}/)?$`)
)

// CreateEntity makes a user, group or role. A name that is taken is Conflict, a
// full account Quota, a bad trust policy Invalid with ReasonMalformed.
func (s *Store) CreateEntity(tx *database.Tx, id ID, n NewEntity) (Entity, error) {
	n.Path = cmp.Or(n.Path, "/")
	n.MaxSession = cmp.Or(n.MaxSession, time.Hour)
	tags, err := Tags(nil).With(n.Tags)
	if err != nil {
		return Entity{}, err
	}
	if err := cmp.Or(checkEntityName(n.Kind, n.Name), checkPath(n.Path), s.checkBoundary(tx.Reading(), id, n.Boundary)); err != nil {
		return Entity{}, err
	}
	e := Entity{ID: EntityID(uniqueID(kinds[n.Kind].prefix, 17)), Account: id, Kind: n.Kind, Name: n.Name, Path: n.Path,
		Boundary: n.Boundary, Description: n.Description, Tags: tags, CreatedAt: tx.Now()}
	if n.Kind == Role {
		if err := checkMaxSession(n.MaxSession); err != nil {
			return Entity{}, err
		}
		e.MaxSession = n.MaxSession
		if e.Trust, err = s.storedTrust(tx.Reading(), n.Trust); err != nil {
			return Entity{}, err
		}
	}
	count, err := database.One(tx.Reading(), database.Value[int], `select count(*) from entities where account_id = $1 and kind = $2`, id, e.Kind)
	if err != nil {
		return Entity{}, err
	}
	if most := kinds[e.Kind].most; count >= most {
		return Entity{}, fault.Quotaf("Cannot exceed quota for %ssPerAccount: %d", titled(e.Kind), most)
	}
	return e, s.insertEntity(tx, e)
}

func (s *Store) insertEntity(tx *database.Tx, e Entity) error {
	switch _, err := s.Entity(tx.Reading(), e.Account, e.Kind, e.Name); {
	case err == nil:
		return taken(e)
	case !fault.Is(err, fault.NotFound):
		return err
	}
	description, err := s.seal(tx, e.Account, "entities.description_sealed", string(e.ID), []byte(e.Description))
	if err != nil {
		return err
	}
	tags, err := s.sealJSON(tx, e.Account, "entities.tags_sealed", string(e.ID), e.Tags)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into entities (id, account_id, kind, name, name_key, path, trust, boundary, max_session, description_sealed, tags_sealed, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		e.ID, e.Account, e.Kind, e.Name, strings.ToLower(e.Name), e.Path, orNull(e.Trust), orNull(e.Boundary), int64(e.MaxSession/time.Second),
		description, tags, database.Time(e.CreatedAt))
	if database.IsDuplicate(err) {
		return taken(e)
	}
	return err
}

func taken(e Entity) error {
	return fault.Conflictf("%s with name %s already exists.", titled(e.Kind), e.Name)
}

func titled(kind EntityKind) string { return strings.ToUpper(string(kind[:1])) + string(kind[1:]) }

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func checkEntityName(kind EntityKind, name string) error {
	if longest := kinds[kind].longest; len(name) > longest || !entityName.MatchString(name) {
		return fault.Invalidf("the name of a %s has 1 to %d letters, digits and +=,.@-_, %.140q has not", kind, longest, name)
	}
	return nil
}

func checkPath(path string) error {
	if !pathForm.MatchString(path) {
		return fault.Invalidf("a path begins and ends with a slash, with printable ASCII characters between, 512 at most; %.140q does not", path)
	}
	return nil
}

func checkMaxSession(d time.Duration) error {
	if d < time.Hour || d > 12*time.Hour {
		return fault.Invalidf("the longest session of a role is 3600 to 43200 seconds, not %d", int64(d/time.Second))
	}
	return nil
}

// Entity finds a user, group or role by its name, whatever its case.
func (s *Store) Entity(tx *database.ReadTx, id ID, kind EntityKind, name string) (Entity, error) {
	none := fault.NotFoundf("The %s with name %.140s cannot be found.", kind, name)
	if !entityName.MatchString(name) {
		return Entity{}, none // there are letters beyond ASCII whose lower case is in it
	}
	entities, err := s.entities(tx, `account_id = $1 and kind = $2 and name_key = $3`, id, kind, strings.ToLower(name))
	if err == nil && len(entities) == 0 {
		err = none
	}
	if err != nil {
		return Entity{}, err
	}
	return entities[0], nil
}

// EntityByID finds one by its unique id; a fault of kind NotFound when it was
// deleted.
func (s *Store) EntityByID(tx *database.ReadTx, id EntityID) (Entity, error) {
	entities, err := s.entities(tx, `id = $1`, id)
	if err == nil && len(entities) == 0 {
		err = fault.NotFoundf("there is no user, group or role with the id %s", id)
	}
	if err != nil {
		return Entity{}, err
	}
	return entities[0], nil
}

// EntityByARN finds one by its ARN, path and all.
func (s *Store) EntityByARN(tx *database.ReadTx, text string) (Entity, error) {
	none := fault.NotFoundf("there is no user, group or role %.256s", text)
	a, err := arn.Parse(text)
	if err != nil || a.Service != "iam" {
		return Entity{}, none
	}
	kind, path, _ := strings.Cut(a.Resource, "/")
	e, err := s.Entity(tx, ID(a.Account), EntityKind(kind), path[strings.LastIndexByte(path, '/')+1:])
	if fault.Is(err, fault.NotFound) || err == nil && e.ARN() != text {
		return Entity{}, none
	}
	return e, err
}

// Filter chooses entities or policies of an account, by name.
type Filter struct {
	PathPrefix string // empty: any
	After      string // the name key of the last one already returned
	Limit      int
}

// Entities lists those of a kind by name.
func (s *Store) Entities(tx *database.ReadTx, id ID, kind EntityKind, f Filter) ([]Entity, error) {
	// Paths are compared by code unit: the prefix's end is the next text that does not begin with it.
	return s.entities(tx, `account_id = $1 and kind = $2 and name_key > $3 and substr(path, 1, $4) = $5 order by name_key limit $6`,
		id, kind, f.After, len(f.PathPrefix), f.PathPrefix, f.Limit)
}

func (s *Store) entities(tx *database.ReadTx, where string, args ...any) ([]Entity, error) {
	type sealed struct{ description, tags []byte }
	var secrets []sealed
	entities, err := database.All(tx, func(row database.Row) (e Entity, err error) {
		var trust, boundary, region *string
		var used *database.Time
		var seconds int64
		var hidden sealed
		err = row.Scan(&e.ID, &e.Account, &e.Kind, &e.Name, &e.Path, &trust, &boundary, &seconds, &hidden.description, &hidden.tags,
			(*database.Time)(&e.CreatedAt), &used, &region)
		e.Trust, e.Boundary, e.UsedRegion = orEmpty(trust), orEmpty(boundary), orEmpty(region)
		e.MaxSession = time.Duration(seconds) * time.Second
		if used != nil {
			e.UsedAt = time.Time(*used)
		}
		secrets = append(secrets, hidden)
		return e, err
	}, `select id, account_id, kind, name, path, trust, boundary, max_session, description_sealed, tags_sealed, created_at, used_at, used_region
		from entities where `+where, args...)
	if err != nil {
		return nil, err
	}
	for i := range entities {
		e := &entities[i]
		description, err := s.open(tx, e.Account, "entities.description_sealed", string(e.ID), secrets[i].description)
		if err != nil {
			return nil, err
		}
		e.Description = string(description)
		if err := s.openJSON(tx, e.Account, "entities.tags_sealed", string(e.ID), secrets[i].tags, &e.Tags); err != nil {
			return nil, err
		}
	}
	return entities, nil
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// EntityPatch changes what is not nil.
type EntityPatch struct {
	Name, Path  *string // of users and groups
	Description *string
	Tags        Tags    // nil: unchanged
	Boundary    *string // empty: none
	Trust       *string
	MaxSession  *time.Duration
}

// ChangeEntity changes one, in place: its unique id stays.
func (s *Store) ChangeEntity(tx *database.Tx, e Entity, p EntityPatch) (Entity, error) {
	var err error
	if p.Name != nil {
		if err := checkEntityName(e.Kind, *p.Name); err != nil {
			return e, err
		}
		if other, err := s.Entity(tx.Reading(), e.Account, e.Kind, *p.Name); err == nil && other.ID != e.ID {
			return e, taken(other)
		} else if err != nil && !fault.Is(err, fault.NotFound) {
			return e, err
		}
		e.Name = *p.Name
	}
	if p.Path != nil {
		if err := checkPath(*p.Path); err != nil {
			return e, err
		}
		e.Path = *p.Path
	}
	if p.Description != nil {
		e.Description = *p.Description
	}
	if p.Tags != nil {
		e.Tags = p.Tags
	}
	if p.Boundary != nil {
		if err := s.checkBoundary(tx.Reading(), e.Account, *p.Boundary); err != nil {
			return e, err
		}
		e.Boundary = *p.Boundary
	}
	if p.Trust != nil {
		if e.Trust, err = s.storedTrust(tx.Reading(), *p.Trust); err != nil {
			return e, err
		}
	}
	if p.MaxSession != nil {
		if err := checkMaxSession(*p.MaxSession); err != nil {
			return e, err
		}
		e.MaxSession = *p.MaxSession
	}
	description, err := s.seal(tx, e.Account, "entities.description_sealed", string(e.ID), []byte(e.Description))
	if err != nil {
		return e, err
	}
	tags, err := s.sealJSON(tx, e.Account, "entities.tags_sealed", string(e.ID), e.Tags)
	if err != nil {
		return e, err
	}
	_, err = tx.Exec(`update entities set name = $1, name_key = $2, path = $3, trust = $4, boundary = $5, max_session = $6,
		description_sealed = $7, tags_sealed = $8 where id = $9`,
		e.Name, strings.ToLower(e.Name), e.Path, orNull(e.Trust), orNull(e.Boundary), int64(e.MaxSession/time.Second), description, tags, e.ID)
	return e, err
}

// DeleteEntity removes one for ever, and with it the temporary credentials of its
// sessions. What hangs on it has to go first, as IAM demands: Conflict with
// ReasonDelete names what is left.
func (s *Store) DeleteEntity(tx *database.Tx, e Entity) error {
	for _, left := range []struct{ what, query string }{
		{"must detach all policies first.", `select count(*) from attached_policies where entity_id = $1`},
		{"must delete policies first.", `select count(*) from inline_policies where entity_id = $1`},
		{"must delete access keys first.", `select count(*) from access_keys where entity_id = $1`},
		{"must remove users from group first.", `select count(*) from group_members where group_id = $1`},
		{"must remove user from all groups first.", `select count(*) from group_members where user_id = $1`},
	} {
		count, err := database.One(tx.Reading(), database.Value[int], left.query, e.ID)
		if err != nil {
			return err
		}
		if count > 0 {
			return fault.WithReason(ReasonDelete, fault.Conflictf("Cannot delete entity, %s", left.what))
		}
	}
	_, err := tx.Exec(`delete from entities where id = $1`, e.ID)
	return err
}

// Inline is a policy that stands in an entity itself.
type Inline struct{ Name, Document string }

// InlinePolicies are an entity's own, by name.
func (s *Store) InlinePolicies(tx *database.ReadTx, id EntityID) ([]Inline, error) {
	return database.All(tx, func(row database.Row) (p Inline, err error) {
		return p, row.Scan(&p.Name, &p.Document)
	}, `select name, document from inline_policies where entity_id = $1 order by name`, id)
}

// AttachedPolicies are the ARNs of the managed policies of an entity, sorted.
func (s *Store) AttachedPolicies(tx *database.ReadTx, id EntityID) ([]string, error) {
	return database.All(tx, database.Value[string], `select policy_arn from attached_policies where entity_id = $1 order by policy_arn`, id)
}

// GroupsOf are the groups a user is in, by name.
func (s *Store) GroupsOf(tx *database.ReadTx, user EntityID) ([]Entity, error) {
	groups, err := s.entities(tx, `id in (select group_id from group_members where user_id = $1)`, user)
	slices.SortFunc(groups, func(a, b Entity) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return groups, err
}

func exists(tx *database.ReadTx, query string, args ...any) (bool, error) {
	_, err := database.One(tx, database.Value[int], query, args...)
	if errors.Is(err, database.ErrNone) {
		return false, nil
	}
	return err == nil, err
}
