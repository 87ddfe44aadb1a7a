package identitycenter

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// PermissionSetID is a permission set's: ps- and sixteen hexadecimal digits.
type PermissionSetID string

// PermissionSet is a description of a role, to be made in many accounts.
type PermissionSet struct {
	ID         PermissionSetID
	Name       string // unique in the instance
	Duration   string // of sessions, ISO 8601, as it was given
	Inline     string // policy; empty: none
	Boundary   PolicyRef
	Version    int64  // counts changes
	Region     string // the instance's
	CreatedAt  time.Time
	permission // what is sealed

	in Instance
}

type permission struct {
	Description string       `json:"description,omitempty"`
	RelayState  string       `json:"relayState,omitempty"`
	Tags        account.Tags `json:"tags,omitempty"`
}

// PolicyRef names a managed policy in whichever account: an AWS managed one by its
// ARN, a customer's by path and name. Empty: none.
type PolicyRef string

// Customer refers to a customer managed policy. An empty path is /. It is Invalid where
// no policy has that name or path: what looks like an ARN is none of a customer's.
func Customer(path, name string) (PolicyRef, error) {
	path = cmp.Or(path, "/")
	switch {
	case !policyName.MatchString(name):
		return "", fault.Invalidf("The name of a customer managed policy must match %s.", policyName)
	case !policyPath.MatchString(path) || len(path) > 512:
		return "", fault.Invalidf("The path of a customer managed policy must match %s and have at most 512 characters.", policyPath)
	}
	return PolicyRef(path + name), nil
}

// AWS tells whether the policy is one that AWS manages.
func (r PolicyRef) AWS() bool { return strings.HasPrefix(string(r), "arn:") }

// Name is the policy's, without its path.
func (r PolicyRef) Name() string { return string(r[strings.LastIndexByte(string(r), '/')+1:]) }

// Path is where a customer managed policy stands.
func (r PolicyRef) Path() string { return string(r[:strings.LastIndexByte(string(r), '/')+1]) }

// in is the policy's ARN in an account.
func (r PolicyRef) in(id account.ID) string {
	if r == "" || r.AWS() {
		return string(r)
	}
	return arn.ARN{Partition: "aws", Service: "iam", Account: string(id), Resource: "policy" + string(r)}.String()
}

const setPrefix = "permissionSet/"

// ARN names the permission set.
func (p PermissionSet) ARN() string { return p.in.setARN(p.ID) }

func (i Instance) setARN(id PermissionSetID) string {
	return arn.ARN{Partition: "aws", Service: "sso", Resource: setPrefix + string(i.ID) + "/" + string(id)}.String()
}

// SetARN names a permission set of the instance.
func (i Instance) SetARN(id PermissionSetID) string { return i.setARN(id) }

// Center is the instance that the permission set is of.
func (p PermissionSet) Center() Instance { return p.in }

// Session is how long sessions last at most.
func (p PermissionSet) Session() time.Duration {
	d, _ := parseDuration(p.Duration) // checked when it was written
	return d
}

// The quotas, from "IAM Identity Center quotas" in its User Guide; where AWS raises one
// on request, well beyond what it begins with.
const (
	maxPermissionSets = 3000
	maxSetsPerAccount = 500
	maxPolicies       = 20     // of a permission set
	maxInline         = 32_768 // characters, white space and all
	defaultDuration   = "PT1H"
)

var (
	setName = regexp.MustCompile(`^[\w+=,.@-]{1,32}$`)
	iso8601 = regexp.MustCompile(`^P(?:(\d{1,2})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?$`)

	// See CustomerManagedPolicyReference in the API Reference.
	policyName = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	policyPath = regexp.MustCompile(`^((/[A-Za-z0-9.,+@=_-]+)*)/$`)
)

// parseDuration reads a duration of one to twelve hours.
func parseDuration(text string) (time.Duration, error) {
	parts := iso8601.FindStringSubmatch(text)
	if parts == nil {
		return 0, fault.Invalidf("%.100q is not a duration of ISO 8601, such as PT8H", text)
	}
	total := time.Duration(0)
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(parts[i+1]) // digits, or nothing
		total += time.Duration(n) * unit
	}
	if total < time.Hour || total > 12*time.Hour {
		return 0, fault.Invalidf("a session lasts one hour to twelve hours, not %s", text)
	}
	return total, nil
}

// NewPermissionSet is what it takes to create one.
type NewPermissionSet struct {
	Name, Description, RelayState string
	Duration                      string // empty: an hour
	Region                        string // the instance's
	Tags                          account.Tags
}

// CreatePermissionSet makes a permission set that allows nothing yet. A name that is
// taken is Conflict.
func (s *Store) CreatePermissionSet(tx *database.Tx, in Instance, n NewPermissionSet) (PermissionSet, error) {
	tags, err := account.Tags(nil).With(n.Tags)
	if err != nil {
		return PermissionSet{}, err
	}
	p := PermissionSet{
		ID: PermissionSetID("ps-" + randomHex(16)), Name: n.Name, Duration: cmp.Or(n.Duration, defaultDuration), Version: 1, Region: n.Region,
		CreatedAt: tx.Now(), permission: permission{n.Description, n.RelayState, tags}, in: in,
	}
	if !setName.MatchString(p.Name) {
		return PermissionSet{}, fault.Invalidf("the name of a permission set has 1 to 32 letters, digits and +=,.@-_, %.64q has not", p.Name)
	}
	if _, err := parseDuration(p.Duration); err != nil {
		return PermissionSet{}, err
	}
	enabled, err := s.HasPermissionSets(tx.Reading(), in)
	if err != nil {
		return PermissionSet{}, err
	}
	if !enabled {
		return PermissionSet{}, fault.Invalidf("Permission sets are not enabled for this account instance: enable them with UpdateInstance.")
	}
	count, err := database.One(tx.Reading(), database.Value[int], `select count(*) from permission_sets where instance_id = $1`, in.ID)
	if err != nil {
		return PermissionSet{}, err
	}
	if count >= maxPermissionSets {
		return PermissionSet{}, fault.Quotaf("The instance has %d permission sets, and may have no more.", maxPermissionSets)
	}
	details, err := s.sealIn(tx, in, "permission_sets.details_sealed", string(p.ID), p.permission)
	if err != nil {
		return PermissionSet{}, err
	}
	taken := fault.Conflictf("PermissionSet with name %s already exists.", p.Name)
	switch _, err := s.PermissionSetByName(tx.Reading(), in, p.Name); {
	case err == nil:
		return PermissionSet{}, taken
	case !fault.Is(err, fault.NotFound):
		return PermissionSet{}, err
	}
	_, err = tx.Exec(`insert into permission_sets (id, instance_id, scope, name, region, duration, details_sealed, version, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		p.ID, in.ID, in.Scope(), p.Name, p.Region, p.Duration, details, p.Version, database.Time(p.CreatedAt))
	if database.IsDuplicate(err) {
		err = taken
	}
	return p, err
}

func (s *Store) sets(tx *database.ReadTx, in Instance, where string, args ...any) ([]PermissionSet, error) {
	type sealed struct {
		PermissionSet
		details []byte
	}
	found, err := database.All(tx, func(row database.Row) (p sealed, err error) {
		var inline, boundary *string
		err = row.Scan(&p.ID, &p.Name, &p.Region, &p.Duration, &p.details, &inline, &boundary, &p.Version, (*database.Time)(&p.CreatedAt))
		p.Inline, p.Boundary = orEmpty(inline), PolicyRef(orEmpty(boundary))
		return p, err
	}, `select id, name, region, duration, details_sealed, inline_policy, boundary, version, created_at from permission_sets where `+where, args...)
	if err != nil {
		return nil, err
	}
	sets := make([]PermissionSet, len(found))
	for i, p := range found {
		p.in = in
		if err := s.openIn(tx, in, "permission_sets.details_sealed", string(p.ID), p.details, &p.permission); err != nil {
			return nil, err
		}
		sets[i] = p.PermissionSet
	}
	return sets, nil
}

func (s *Store) set(tx *database.ReadTx, in Instance, where string, args ...any) (PermissionSet, error) {
	sets, err := s.sets(tx, in, where, args...)
	if err == nil && len(sets) == 0 {
		err = fault.NotFoundf("PermissionSet not found.")
	}
	if err != nil {
		return PermissionSet{}, err
	}
	return sets[0], nil
}

// PermissionSet finds one of the instance's by its ARN.
func (s *Store) PermissionSet(tx *database.ReadTx, in Instance, name string) (PermissionSet, error) {
	id, ok := strings.CutPrefix(name, in.setARN(""))
	if !ok {
		id = "" // another instance's
	}
	return s.PermissionSetByID(tx, in, PermissionSetID(id))
}

// PermissionSetByID finds one of the instance's.
func (s *Store) PermissionSetByID(tx *database.ReadTx, in Instance, id PermissionSetID) (PermissionSet, error) {
	return s.set(tx, in, `id = $1 and instance_id = $2`, id, in.ID)
}

// PermissionSetByName finds one of the instance's.
func (s *Store) PermissionSetByName(tx *database.ReadTx, in Instance, name string) (PermissionSet, error) {
	return s.set(tx, in, `name = $1 and instance_id = $2`, name, in.ID)
}

// PermissionSets are the ids of the instance's.
func (s *Store) PermissionSets(tx *database.ReadTx, in Instance, page Page) ([]PermissionSetID, error) {
	return database.All(tx, database.Value[PermissionSetID], `select id from permission_sets where instance_id = $1 and id > $2 order by id limit $3`,
		in.ID, page.After, page.limit())
}

// PermissionSetPatch changes what is not nil, and the relay state in any case: AWS clears
// one that it is not told again, as users of the Terraform provider found out (its issue
// 17411).
type PermissionSetPatch struct {
	Description, Duration *string
	RelayState            string
}

// UpdatePermissionSet changes what a permission set is like. Accounts follow when it is
// provisioned there.
func (s *Store) UpdatePermissionSet(tx *database.Tx, p PermissionSet, patch PermissionSetPatch) error {
	if patch.Description != nil {
		p.Description = *patch.Description
	}
	p.RelayState = patch.RelayState
	if patch.Duration != nil {
		if _, err := parseDuration(*patch.Duration); err != nil {
			return err
		}
		p.Duration = *patch.Duration
	}
	return s.saveSet(tx, p)
}

// saveSet writes a changed permission set down as its next version.
func (s *Store) saveSet(tx *database.Tx, p PermissionSet) error { return s.save(tx, p, 1) }

// save writes a permission set down so many versions later; none: accounts need not follow.
func (s *Store) save(tx *database.Tx, p PermissionSet, later int) error {
	details, err := s.sealIn(tx, p.in, "permission_sets.details_sealed", string(p.ID), p.permission)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update permission_sets set duration = $1, details_sealed = $2, inline_policy = $3, boundary = $4, version = version + $5 where id = $6`,
		p.Duration, details, orNull(p.Inline), orNull(p.Boundary), later, p.ID)
	return err
}

// DeletePermissionSet removes one that nobody is assigned, no account has and
// nothing under way is about; else it is Conflict.
func (s *Store) DeletePermissionSet(tx *database.Tx, p PermissionSet) error {
	for _, left := range []struct{ query, what string }{
		{`select 1 from account_assignments where permission_set_id = $1`, "Cannot delete a PermissionSet that is assigned: delete its account assignments first."},
		{`select 1 from provisioned_sets where permission_set_id = $1`, "Cannot delete a PermissionSet that is provisioned in accounts."},
		{`select 1 from center_requests where permission_set_id = $1 and state = 'IN_PROGRESS'`, "Cannot delete a PermissionSet that requests in progress are about."},
	} {
		there, err := exists(tx.Reading(), left.query, p.ID)
		if err != nil {
			return err
		}
		if there {
			return fault.Conflictf("%s", left.what)
		}
	}
	if _, err := tx.Exec(`delete from permission_set_policies where permission_set_id = $1`, p.ID); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from permission_sets where id = $1`, p.ID)
	return err
}

// PutInlinePolicy gives a permission set its own policy, over the one it has.
func (s *Store) PutInlinePolicy(tx *database.Tx, p PermissionSet, document string) error {
	if len([]rune(document)) > maxInline {
		return fault.Invalidf("an inline policy has at most %d characters", maxInline)
	}
	if _, err := policy.Compile(policy.Identity, document); err != nil {
		return fault.Invalidf("The inline policy is malformed: %w", err)
	}
	p.Inline = document
	return s.saveSet(tx, p)
}

// DeleteInlinePolicy takes it away; NotFound when there is none.
func (s *Store) DeleteInlinePolicy(tx *database.Tx, p PermissionSet) error {
	if p.Inline == "" {
		return fault.NotFoundf("The PermissionSet has no inline policy.")
	}
	p.Inline = ""
	return s.saveSet(tx, p)
}

// PutBoundary bounds what a permission set can allow, by a policy instead of the one
// that did. The one that does already is Conflict.
func (s *Store) PutBoundary(tx *database.Tx, p PermissionSet, ref PolicyRef) error {
	if err := s.checkRef(tx.Reading(), ref); err != nil {
		return err
	}
	if p.Boundary == ref {
		return fault.Conflictf("The PermissionSet has this permissions boundary already.")
	}
	p.Boundary = ref
	return s.saveSet(tx, p)
}

// DeleteBoundary takes it away; NotFound when there is none.
func (s *Store) DeleteBoundary(tx *database.Tx, p PermissionSet) error {
	if p.Boundary == "" {
		return NoBoundary()
	}
	p.Boundary = ""
	return s.saveSet(tx, p)
}

// NoBoundary is the fault that a permission set has none.
func NoBoundary() error { return fault.NotFoundf("The PermissionSet has no permissions boundary.") }

// checkRef refuses a policy of AWS's that there is not. Whether an account has a
// customer's shows when the permission set is provisioned there.
func (s *Store) checkRef(tx *database.ReadTx, ref PolicyRef) error {
	if !ref.AWS() {
		return nil
	}
	managed, err := s.Accounts.PolicyByARN(tx, string(ref))
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && managed.Account != "":
		return fault.NotFoundf("There is no AWS managed policy %.256s.", ref)
	case err == nil && !managed.Attachable():
		return fault.Invalidf("The policy %.256s is for service-linked roles alone.", ref)
	}
	return err
}

// AttachPolicy gives a permission set a managed policy. One that it has is Conflict.
func (s *Store) AttachPolicy(tx *database.Tx, p PermissionSet, ref PolicyRef) error {
	if err := s.checkRef(tx.Reading(), ref); err != nil {
		return err
	}
	attached, err := s.policies(tx.Reading(), p.ID)
	if err != nil {
		return err
	}
	for _, has := range attached {
		if has == ref {
			return alreadyAttached(p, ref)
		}
	}
	if len(attached) >= maxPolicies {
		return fault.Quotaf("A PermissionSet has at most %d managed policies, AWS's and customers' together.", maxPolicies)
	}
	_, err = tx.Exec(`insert into permission_set_policies (permission_set_id, policy, attached_at) values ($1, $2, $3)`, p.ID, ref, database.Time(tx.Now()))
	if database.IsDuplicate(err) {
		return alreadyAttached(p, ref)
	}
	if err != nil {
		return err
	}
	return s.saveSet(tx, p)
}

func alreadyAttached(p PermissionSet, ref PolicyRef) error {
	return fault.Conflictf("The policy %.256s is already attached to the PermissionSet %s.", ref, p.Name)
}

// DetachPolicy takes it away; NotFound when the permission set has it not.
func (s *Store) DetachPolicy(tx *database.Tx, p PermissionSet, ref PolicyRef) error {
	n, err := tx.Exec(`delete from permission_set_policies where permission_set_id = $1 and policy = $2`, p.ID, ref)
	if err == nil && n == 0 {
		return fault.NotFoundf("The policy %.256s is not attached to the PermissionSet.", ref)
	}
	if err != nil {
		return err
	}
	return s.saveSet(tx, p)
}

func (s *Store) policies(tx *database.ReadTx, id PermissionSetID) ([]PolicyRef, error) {
	return database.All(tx, database.Value[PolicyRef], `select policy from permission_set_policies where permission_set_id = $1`, id)
}

// AttachedPolicies are a permission set's: AWS's managed ones, or customers', in order.
func (s *Store) AttachedPolicies(tx *database.ReadTx, p PermissionSet, ofAWS bool, page Page) ([]PolicyRef, error) {
	all, err := s.policies(tx, p.ID)
	slices.Sort(all)
	found := make([]PolicyRef, 0, len(all))
	for _, ref := range all {
		if ref.AWS() == ofAWS && string(ref) > page.After && int64(len(found)) < page.limit() {
			found = append(found, ref)
		}
	}
	return found, err
}

// TagPermissionSet replaces its tags. They are the permission set's alone: "You can't
// apply tags to the corresponding roles that IAM Identity Center creates in AWS
// accounts", says "Tagging AWS IAM Identity Center resources" in its User Guide.
func (s *Store) TagPermissionSet(tx *database.Tx, p PermissionSet, tags account.Tags) error {
	p.Tags = tags
	return s.save(tx, p, 0)
}

// isNone tells apart that nothing was found.
func isNone(err error) bool { return errors.Is(err, database.ErrNone) }
