package account

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// Policy is a managed policy: a customer's, or one of AWS's.
type Policy struct {
	ID          string // ANPA...
	Account     ID     // empty: AWS
	Name        string
	Path        string
	Default     int // the version in effect
	Latest      int
	Description string
	Tags        Tags
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// ARN names the policy.
func (p Policy) ARN() string { return cmp.Or(p.Account, "aws").arn("policy" + p.Path + p.Name) }

// Attachable tells whether a customer may give it to anybody. The policies of
// service-linked roles are theirs alone.
func (p Policy) Attachable() bool {
	return p.Account != "" || !strings.HasPrefix(p.Path, serviceRolePath)
}

// NewPolicy is what it takes to create one.
type NewPolicy struct {
	Name, Path, Description, Document string
	Tags                              Tags
}

// Version is one text of a managed policy.
type Version struct {
	Number    int
	Document  string
	Default   bool
	CreatedAt time.Time
}

// ID is how IAM spells a version's number.
func (v Version) ID() string { return fmt.Sprintf("v%d", v.Number) }

// Quotas of managed policies: "IAM and AWS STS quotas" in the IAM User Guide. The
// number in an account is the highest that AWS grants.
const (
	longestPolicy     = 6144
	longestPolicyName = 128
	longestOfSet      = 32768 // of a permission set's inline policy, in the role it provisions
	policiesEach      = 5000
	versionsEach      = 5
)

// CreatePolicy makes a customer managed policy with its first version.
func (s *Store) CreatePolicy(tx *database.Tx, id ID, n NewPolicy) (Policy, error) {
	n.Path = cmp.Or(n.Path, "/")
	tags, err := Tags(nil).With(n.Tags)
	if err != nil {
		return Policy{}, err
	}
	if len(n.Name) > longestPolicyName || !entityName.MatchString(n.Name) {
		return Policy{}, fault.Invalidf("the name of a policy has 1 to %d letters, digits and +=,.@-_", longestPolicyName)
	}
	if err := cmp.Or(checkPath(n.Path), checkManaged(n.Document)); err != nil {
		return Policy{}, err
	}
	count, err := database.One(tx.Reading(), database.Value[int], `select count(*) from policies where account_id = $1`, id)
	if err != nil {
		return Policy{}, err
	}
	if count >= policiesEach {
		return Policy{}, fault.Quotaf("Cannot exceed quota for PoliciesPerAccount: %d", policiesEach)
	}
	p := Policy{ID: uniqueID("ANPA", 17), Account: id, Name: n.Name, Path: n.Path, Default: 1, Latest: 1,
		Description: n.Description, Tags: tags, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	taken := fault.Conflictf("A policy called %s already exists. Duplicate names are not allowed.", p.Name)
	switch there, err := exists(tx.Reading(), `select 1 from policies where account_id = $1 and name_key = $2`, id, strings.ToLower(p.Name)); {
	case err != nil:
		return Policy{}, err
	case there:
		return Policy{}, taken
	}
	description, err := s.seal(tx, id, "policies.description_sealed", p.ID, []byte(p.Description))
	if err != nil {
		return Policy{}, err
	}
	sealedTags, err := s.sealJSON(tx, id, "policies.tags_sealed", p.ID, p.Tags)
	if err != nil {
		return Policy{}, err
	}
	_, err = tx.Exec(`insert into policies (id, account_id, name, name_key, path, default_version, latest_version, description_sealed, tags_sealed, created_at, updated_at)
		values ($1, $2, $3, $4, $5, 1, 1, $6, $7, $8, $8)`,
		p.ID, id, p.Name, strings.ToLower(p.Name), p.Path, description, sealedTags, database.Time(p.CreatedAt))
	if database.IsDuplicate(err) {
		return Policy{}, taken
	}
	if err != nil {
		return Policy{}, err
	}
	return p, addVersion(tx, p, n.Document)
}

// checkManaged refuses what cannot be a managed policy, which IAM wants in the current
// version of the language.
func checkManaged(document string) error {
	if err := CheckDocument(policy.Identity, document, longestPolicy); err != nil {
		return err
	}
	p, err := policy.Compile(policy.Identity, document)
	if err == nil {
		err = p.Managed()
	}
	if err != nil {
		return fault.WithReason(ReasonMalformed, fault.Invalidf("%w", err))
	}
	return nil
}

// addVersion keeps a text as the policy's latest version.
func addVersion(tx *database.Tx, p Policy, document string) error {
	_, err := tx.Exec(`insert into policy_versions (policy_id, version, document, created_at) values ($1, $2, $3, $4)`,
		p.ID, p.Latest, document, database.Time(tx.Now()))
	return err
}

// CreateVersion adds a text to a policy, and puts it into effect if wanted. A
// policy has five versions at most.
func (s *Store) CreateVersion(tx *database.Tx, p Policy, document string, setDefault bool) (Version, error) {
	if err := cmp.Or(customers(p), checkManaged(document)); err != nil {
		return Version{}, err
	}
	versions, err := s.Versions(tx.Reading(), p)
	if err != nil {
		return Version{}, err
	}
	if len(versions) >= versionsEach {
		return Version{}, fault.Quotaf("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", versionsEach)
	}
	p.Latest++
	if setDefault {
		p.Default = p.Latest
	}
	if err := addVersion(tx, p, document); err != nil {
		return Version{}, err
	}
	return Version{p.Latest, document, setDefault, tx.Now()}, s.savePolicy(tx, p)
}

// customers refuses to change what is AWS's.
func customers(p Policy) error {
	if p.Account == "" {
		return fault.WithReason(ReasonUnmodifiable, fault.Deniedf("Cannot change %s: AWS managed policies are the same in every account. Make a customer managed policy instead", p.ARN()))
	}
	return nil
}

// SetDefaultVersion puts a version into effect.
func (s *Store) SetDefaultVersion(tx *database.Tx, p Policy, number int) error {
	if err := customers(p); err != nil {
		return err
	}
	if _, err := s.Version(tx.Reading(), p, number); err != nil {
		return err
	}
	p.Default = number
	return s.savePolicy(tx, p)
}

// DeleteVersion removes a version that is not in effect.
func (s *Store) DeleteVersion(tx *database.Tx, p Policy, number int) error {
	if err := customers(p); err != nil {
		return err
	}
	if _, err := s.Version(tx.Reading(), p, number); err != nil {
		return err
	}
	if number == p.Default {
		return fault.WithReason(ReasonDelete, fault.Conflictf("Cannot delete the default version of a policy."))
	}
	_, err := tx.Exec(`delete from policy_versions where policy_id = $1 and version = $2`, p.ID, number)
	return err
}

// TagPolicy replaces the tags of a policy.
func (s *Store) TagPolicy(tx *database.Tx, p Policy, tags Tags) error {
	if err := customers(p); err != nil {
		return err
	}
	p.Tags = tags
	return s.savePolicy(tx, p)
}

func (s *Store) savePolicy(tx *database.Tx, p Policy) error {
	tags, err := s.sealJSON(tx, p.Account, "policies.tags_sealed", p.ID, p.Tags)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update policies set default_version = $1, latest_version = $2, tags_sealed = $3, updated_at = $4 where id = $5`,
		p.Default, p.Latest, tags, database.Time(tx.Now()), p.ID)
	return err
}

// DeletePolicy removes a policy that is attached to nobody, bounds nobody, and
// has no version left but the one in effect.
func (s *Store) DeletePolicy(tx *database.Tx, p Policy) error {
	if err := customers(p); err != nil {
		return err
	}
	for _, left := range []struct{ query, what string }{
		{`select 1 from attached_policies where policy_arn = $1`, "Cannot delete a policy attached to entities."},
		{`select 1 from entities where boundary = $1`, "Cannot delete a policy that is the permissions boundary of entities."},
	} {
		switch there, err := exists(tx.Reading(), left.query, p.ARN()); {
		case err != nil:
			return err
		case there:
			return fault.WithReason(ReasonDelete, fault.Conflictf("%s", left.what))
		}
	}
	versions, err := s.Versions(tx.Reading(), p)
	if err != nil {
		return err
	}
	if len(versions) > 1 {
		return fault.WithReason(ReasonDelete, fault.Conflictf("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."))
	}
	_, err = tx.Exec(`delete from policies where id = $1`, p.ID)
	return err
}

// PolicyByARN finds a managed policy, AWS's or a customer's.
func (s *Store) PolicyByARN(tx *database.ReadTx, name string) (Policy, error) {
	if m, ok := ManagedPolicy(name); ok {
		return ofAWS(m), nil
	}
	none := fault.NotFoundf("Policy %.256s does not exist or is not attachable.", name)
	a, err := arn.Parse(name)
	if err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "policy/") {
		return Policy{}, none
	}
	policies, err := s.policies(tx, `account_id = $1 and name_key = $2`, a.Account, strings.ToLower(a.Resource[strings.LastIndexByte(a.Resource, '/')+1:]))
	switch {
	case err != nil:
		return Policy{}, err
	case len(policies) == 0 || policies[0].ARN() != name:
		return Policy{}, none
	}
	return policies[0], nil
}

// version is the number of the one version that is offered of an AWS managed policy.
func (m Managed) version() int {
	number, err := ParseVersion(m.Version)
	if err != nil {
		panic(err) // a table of the program's
	}
	return number
}

// ParseVersion reads how IAM spells a version's number, v3.
func ParseVersion(id string) (int, error) {
	number, err := strconv.Atoi(strings.TrimPrefix(id, "v"))
	if err != nil || !strings.HasPrefix(id, "v") || number < 1 {
		return 0, fault.Invalidf("%.64q is not the id of a policy version: it has the form v1", id)
	}
	return number, nil
}

func ofAWS(m Managed) Policy {
	version := m.version()
	return Policy{ID: m.ID, Name: m.Name, Path: m.Path, Default: version, Latest: version, Description: m.Description, CreatedAt: m.CreatedAt, UpdatedAt: m.CreatedAt}
}

// PolicyUse is what entities have a managed policy for.
type PolicyUse string

const (
	AnyUse        PolicyUse = ""
	AsPermissions PolicyUse = "PermissionsPolicy"
	AsBoundary    PolicyUse = "PermissionsBoundary"
)

// PolicyFilter chooses policies, by name.
type PolicyFilter struct {
	Filter
	Used bool      // those that some entity has
	Use  PolicyUse // for this
}

const (
	attachedThis = `exists (select 1 from attached_policies where policy_arn = 'arn:aws:iam::' || account_id || ':policy' || path || name)`
	boundsThis   = `exists (select 1 from entities e where e.boundary = 'arn:aws:iam::' || policies.account_id || ':policy' || policies.path || policies.name)`
)

// Policies lists the customer managed policies of an account by name.
func (s *Store) Policies(tx *database.ReadTx, id ID, f PolicyFilter) ([]Policy, error) {
	used := ``
	switch {
	case f.Use == AsPermissions:
		used = ` and ` + attachedThis
	case f.Use == AsBoundary:
		used = ` and ` + boundsThis
	case f.Used:
		used = ` and (` + attachedThis + ` or ` + boundsThis + `)`
	}
	return s.policies(tx, `account_id = $1 and name_key > $2 and substr(path, 1, $3) = $4`+used+` order by name_key limit $5`,
		id, f.After, len(f.PathPrefix), f.PathPrefix, f.Limit)
}

// PoliciesOfAWS lists the policies AWS manages, by name. used says which of them
// the account has in use.
func PoliciesOfAWS(f PolicyFilter, used map[string]Usage) []Policy {
	var found []Policy
	for _, m := range ManagedPolicies() {
		u := used[m.ARN]
		switch {
		case strings.ToLower(m.Name) <= f.After || !strings.HasPrefix(m.Path, f.PathPrefix):
		case f.Use == AsPermissions && u.Attached == 0, f.Use == AsBoundary && u.Bounding == 0, f.Used && u == Usage{}:
		default:
			found = append(found, ofAWS(m))
		}
	}
	slices.SortFunc(found, func(a, b Policy) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return found[:min(len(found), f.Limit)]
}

// Usage is how many entities of an account have a managed policy.
type Usage struct{ Attached, Bounding int }

// Usages counts for every managed policy that entities of the account have, by ARN.
func (s *Store) Usages(tx *database.ReadTx, id ID) (map[string]Usage, error) {
	type count struct {
		name               string
		attached, bounding int
	}
	counts, err := database.All(tx, func(row database.Row) (c count, err error) {
		return c, row.Scan(&c.name, &c.attached, &c.bounding)
	}, `select policy_arn, count(*), 0 from attached_policies join entities on id = entity_id where account_id = $1 group by policy_arn
		union all select boundary, 0, count(*) from entities where account_id = $1 and boundary is not null group by boundary`, id)
	usages := map[string]Usage{}
	for _, c := range counts {
		u := usages[c.name]
		usages[c.name] = Usage{u.Attached + c.attached, u.Bounding + c.bounding}
	}
	return usages, err
}

// HolderFilter chooses among the entities that have a managed policy.
type HolderFilter struct {
	Kind       EntityKind // empty: any
	Use        PolicyUse
	PathPrefix string
	After      string // the [Entity.Key] of the last one already returned
	Limit      int
}

// Key orders entities of all kinds.
func (e Entity) Key() string { return string(e.Kind) + "/" + strings.ToLower(e.Name) }

// HoldersOf lists the entities of an account that have a managed policy, by kind
// and name.
func (s *Store) HoldersOf(tx *database.ReadTx, id ID, name string, f HolderFilter) ([]Entity, error) {
	held := map[PolicyUse]string{
		AnyUse:        `(boundary = $2 or id in (select entity_id from attached_policies where policy_arn = $2))`,
		AsPermissions: `id in (select entity_id from attached_policies where policy_arn = $2)`,
		AsBoundary:    `boundary = $2`,
	}[f.Use]
	return s.entities(tx, `account_id = $1 and `+held+` and substr(path, 1, $3) = $4 and ($5 = '' or kind = $5)
		and kind || '/' || name_key > $6 order by kind || '/' || name_key limit $7`,
		id, name, len(f.PathPrefix), f.PathPrefix, f.Kind, f.After, f.Limit)
}

func (s *Store) policies(tx *database.ReadTx, where string, args ...any) ([]Policy, error) {
	type sealed struct{ description, tags []byte }
	var secrets []sealed
	policies, err := database.All(tx, func(row database.Row) (p Policy, err error) {
		var hidden sealed
		err = row.Scan(&p.ID, &p.Account, &p.Name, &p.Path, &p.Default, &p.Latest, &hidden.description, &hidden.tags,
			(*database.Time)(&p.CreatedAt), (*database.Time)(&p.UpdatedAt))
		secrets = append(secrets, hidden)
		return p, err
	}, `select id, account_id, name, path, default_version, latest_version, description_sealed, tags_sealed, created_at, updated_at from policies where `+where, args...)
	if err != nil {
		return nil, err
	}
	for i := range policies {
		p := &policies[i]
		description, err := s.open(tx, p.Account, "policies.description_sealed", p.ID, secrets[i].description)
		if err != nil {
			return nil, err
		}
		p.Description = string(description)
		if err := s.openJSON(tx, p.Account, "policies.tags_sealed", p.ID, secrets[i].tags, &p.Tags); err != nil {
			return nil, err
		}
	}
	return policies, nil
}

// Versions are the texts of a policy, newest first.
func (s *Store) Versions(tx *database.ReadTx, p Policy) ([]Version, error) {
	if p.Account == "" {
		m, _ := ManagedPolicy(p.ARN())
		return []Version{{p.Default, m.Document, true, m.CreatedAt}}, nil
	}
	return database.All(tx, scanVersion(p), `select version, document, created_at from policy_versions where policy_id = $1 order by version desc`, p.ID)
}

// Version is one text of a policy.
func (s *Store) Version(tx *database.ReadTx, p Policy, number int) (Version, error) {
	if p.Account == "" {
		versions, err := s.Versions(tx, p)
		if err == nil && number == p.Default {
			return versions[0], nil
		}
		return Version{}, cmp.Or(err, noVersion(p, number))
	}
	v, err := database.One(tx, scanVersion(p), `select version, document, created_at from policy_versions where policy_id = $1 and version = $2`, p.ID, number)
	if errors.Is(err, database.ErrNone) {
		return v, noVersion(p, number)
	}
	return v, err
}

func noVersion(p Policy, number int) error {
	return fault.NotFoundf("Policy %s version v%d does not exist or is not attachable.", p.ARN(), number)
}

func scanVersion(p Policy) func(database.Row) (Version, error) {
	return func(row database.Row) (v Version, err error) {
		err = row.Scan(&v.Number, &v.Document, (*database.Time)(&v.CreatedAt))
		v.Default = v.Number == p.Default
		return v, err
	}
}

// ManagedDocument is the text of a managed policy that is in effect.
func (s *Store) ManagedDocument(tx *database.ReadTx, name string) (string, error) {
	p, err := s.PolicyByARN(tx, name)
	if err != nil {
		return "", err
	}
	v, err := s.Version(tx, p, p.Default)
	return v.Document, err
}

// Attachable finds a policy that entities of an account may have: AWS's, or the
// account's own.
func (s *Store) Attachable(tx *database.ReadTx, id ID, name string) error {
	_, err := s.attachable(tx, id, name)
	return err
}

func (s *Store) attachable(tx *database.ReadTx, id ID, name string) (Policy, error) {
	p, err := s.PolicyByARN(tx, name)
	if err == nil && p.Account != "" && p.Account != id {
		return Policy{}, fault.NotFoundf("Policy %.256s does not exist or is not attachable.", name)
	}
	return p, err
}

func (s *Store) checkBoundary(tx *database.ReadTx, id ID, name string) error {
	if name == "" {
		return nil
	}
	return s.Attachable(tx, id, name)
}

// AttachPolicy gives an entity a managed policy. One it has already is no fault.
func (s *Store) AttachPolicy(tx *database.Tx, e Entity, name string) error {
	if err := s.Attachable(tx.Reading(), e.Account, name); err != nil {
		return err
	}
	attached, err := s.AttachedPolicies(tx.Reading(), e.ID)
	if err != nil {
		return err
	}
	for _, has := range attached {
		if has == name {
			return nil
		}
	}
	if most := kinds[e.Kind].attached; len(attached) >= most {
		return fault.Quotaf("Cannot exceed quota for PoliciesPer%s: %d", titled(e.Kind), most)
	}
	_, err = tx.Exec(`insert into attached_policies (entity_id, policy_arn) values ($1, $2)`, e.ID, name)
	return err
}

// DetachPolicy takes a managed policy from an entity; NotFound when it has it not.
func (s *Store) DetachPolicy(tx *database.Tx, e Entity, name string) error {
	changed, err := tx.Exec(`delete from attached_policies where entity_id = $1 and policy_arn = $2`, e.ID, name)
	if err == nil && changed == 0 {
		return fault.NotFoundf("Policy %.256s was not found.", name)
	}
	return err
}

// PutInline writes a policy into an entity itself, over one of the same name.
func (s *Store) PutInline(tx *database.Tx, e Entity, in Inline) error {
	if len(in.Name) > longestPolicyName || !entityName.MatchString(in.Name) {
		return fault.Invalidf("the name of a policy has 1 to %d letters, digits and +=,.@-_", longestPolicyName)
	}
	most := kinds[e.Kind].inline
	if e.Protected() {
		most = longestOfSet
	}
	if err := CheckDocument(policy.Identity, in.Document, most); err != nil {
		return err
	}
	all, err := s.InlinePolicies(tx.Reading(), e.ID)
	if err != nil {
		return err
	}
	size := Length(in.Document)
	for _, other := range all {
		if other.Name != in.Name {
			size += Length(other.Document)
		}
	}
	if size > most {
		return fault.Quotaf("Maximum policy size of %d bytes exceeded for %s %s", most, e.Kind, e.Name)
	}
	_, err = tx.Exec(`insert into inline_policies (entity_id, name, document) values ($1, $2, $3)
		on conflict (entity_id, name) do update set document = excluded.document`, e.ID, in.Name, in.Document)
	return err
}

// DeleteInline removes a policy from an entity; NotFound when it has none of the name.
func (s *Store) DeleteInline(tx *database.Tx, e Entity, name string) error {
	changed, err := tx.Exec(`delete from inline_policies where entity_id = $1 and name = $2`, e.ID, name)
	if err == nil && changed == 0 {
		return noInline(e, name)
	}
	return err
}

func noInline(e Entity, name string) error {
	return fault.NotFoundf("The %s policy with name %.140s cannot be found.", e.Kind, name)
}

// Inline finds an entity's own policy by name.
func (s *Store) Inline(tx *database.ReadTx, e Entity, name string) (Inline, error) {
	document, err := database.One(tx, database.Value[string], `select document from inline_policies where entity_id = $1 and name = $2`, e.ID, name)
	if errors.Is(err, database.ErrNone) {
		return Inline{}, noInline(e, name)
	}
	return Inline{name, document}, err
}
