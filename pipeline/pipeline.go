// Package pipeline is access as code: permission sets and account assignments that
// files say, what exists, and the plan that leads from one to the other.
//
//	files ── Read ──> Templates ─┐
//	                             ├─ NewPlan ──> Plan ── After ──> Snapshot ── guards
//	live reads ────> Snapshot ───┘                └──> apply
//	                     └── Write ──> files whose plan is empty
//
// Everything here is pure: values in, values out, nothing asked of a network and nothing
// of a clock. What reads an instance of IAM Identity Center into a [Snapshot] and carries
// out a [Plan] is package live, below this one in the folders and above it in the house.
//
// A permission set is ours when it carries the tag [ManagedTag] or [AdoptedTag] with the
// value "true", both compared whole. Of ours the files say everything: what they do not
// name is deleted. Everybody else's is left alone.
package pipeline

import "time"

// The tags by which a permission set is known, all with the value "true".
const (
	// ManagedTag marks a permission set as ours.
	ManagedTag = "sallyport:managed"
	// AdoptedTag is the mark of the public pipeline. What carries it is ours as it is, and
	// nothing is written to say so again.
	AdoptedTag = "SSOPipeline"
	// UnprovisionedTag is put on a permission set before it is changed and taken away when
	// every account has the change. Whoever dies in between leaves it behind, and the next
	// plan provisions the set again: no other call tells that without asking for each set.
	UnprovisionedTag = "sallyport:unprovisioned"
)

// PrincipalType says whether a principal is a user or a group, in AWS's spelling.
type PrincipalType string

// The types of principals.
const (
	User  PrincipalType = "USER"
	Group PrincipalType = "GROUP"
)

// Principal is a user or a group of the identity store, by id.
type Principal struct {
	Type PrincipalType `json:"type"`
	ID   string        `json:"id"`
}

// PermissionSet is what can be said of a permission set: in a file, or by an instance.
type PermissionSet struct {
	Name                    string           `json:"name"`
	Description             string           `json:"description,omitempty"`
	SessionDuration         string           `json:"sessionDuration"` // ISO 8601; never empty: [DefaultDuration]
	RelayState              string           `json:"relayState,omitempty"`
	ManagedPolicies         []string         `json:"managedPolicies,omitempty"`         // ARNs, sorted, each once
	CustomerManagedPolicies []CustomerPolicy `json:"customerManagedPolicies,omitempty"` // sorted, each once
	Boundary                *Boundary        `json:"boundary,omitempty"`
	InlinePolicy            string           `json:"inlinePolicy,omitempty"` // the document as written; compared by what it says
	// Tags are those without the marks above. Nil in a file: whatever there are stays.
	Tags map[string]string `json:"tags,omitzero"`
}

// DefaultDuration is how long sessions last where nothing is said.
const DefaultDuration = "PT1H"

// CustomerPolicy names a customer managed policy that each account has to have.
type CustomerPolicy struct {
	Path string `json:"path"` // begins and ends with a slash
	Name string `json:"name"`
}

// Boundary is the permissions boundary of a permission set: one of the two.
type Boundary struct {
	ManagedPolicy  string          `json:"managedPolicy,omitempty"` // an ARN
	CustomerPolicy *CustomerPolicy `json:"customerPolicy,omitempty"`
}

// Snapshot is what exists, as far as it was read. Its JSON form reads back as the same.
type Snapshot struct {
	FormatVersion int       `json:"formatVersion"` // [FormatVersion]
	TakenAt       time.Time `json:"takenAt"`       // when reading began
	Instance      Instance  `json:"instance"`

	// The organization. Without one, units are empty and the accounts are those there are.
	ManagementAccount string    `json:"managementAccount,omitempty"`
	Units             []Unit    `json:"units,omitempty"`
	Accounts          []Account `json:"accounts"`

	// The identity store: every group and user that [Templates.Needs] names and there is,
	// and every one that holds an assignment below. More does no harm.
	Groups []NamedPrincipal `json:"groups,omitempty"`
	Users  []NamedPrincipal `json:"users,omitempty"`
	// Memberships are the ids of the groups of a user, by the user's id, of those users
	// that [Templates.Needs] asked for.
	Memberships map[string][]string `json:"memberships,omitempty"`

	Sets        []LiveSet    `json:"sets,omitempty"` // every one of the instance
	Assignments []Assignment `json:"assignments,omitempty"`
	Read        Coverage     `json:"read"` // how complete Assignments is
}

// Instance is the instance of IAM Identity Center.
type Instance struct {
	ARN           string `json:"arn"`
	IdentityStore string `json:"identityStore"`
	Owner         string `json:"owner,omitempty"` // the account that owns it
	Region        string `json:"region,omitempty"`
}

// Unit is a root or an organizational unit.
type Unit struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"` // empty: it is the root
}

// Account is an account of the organization.
type Account struct {
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	Status string            `json:"status"` // as AWS Organizations says; only "ACTIVE" counts
	Parent string            `json:"parent,omitempty"`
	Tags   map[string]string `json:"tags,omitempty"` // read when [Needs] say AccountTags
}

// Active is the status of the accounts that targets match.
const Active = "ACTIVE"

// NamedPrincipal is a user by user name or a group by display name.
type NamedPrincipal struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// LiveSet is a permission set of the instance.
type LiveSet struct {
	ARN string `json:"arn"`
	PermissionSet
	// Marks are those of its tags that begin with sallyport: or are [AdoptedTag], which
	// Tags are without: [SplitTags] tells them apart.
	Marks map[string]string `json:"marks,omitempty"`
	// Unread says that the policies and the boundary were not read: the set is somebody
	// else's and no file describes it.
	Unread bool `json:"unread,omitempty"`
	// Provisioned are the accounts that have it, when [Coverage.Provisioned] or
	// [Coverage.Sets] names it.
	Provisioned []string `json:"provisioned,omitempty"`
}

// Managed reports that the set is ours: by a whole tag with the value "true".
func (s *LiveSet) Managed() bool {
	return s.Marks[ManagedTag] == "true" || s.Marks[AdoptedTag] == "true"
}

// Assignment is that a principal may use a permission set in an account.
type Assignment struct {
	Set     string `json:"set"` // the ARN
	Account string `json:"account"`
	Principal
}

// Coverage says of which assignments a snapshot has all there are.
type Coverage struct {
	Principals []Principal `json:"principals,omitempty"` // those made to them directly, in every account
	Sets       []string    `json:"sets,omitempty"`       // ARNs: those of the set in every account that has it
	// Provisioned are the ARNs of the sets whose accounts are known.
	Provisioned []string `json:"provisioned,omitempty"`
}

// Needs is what has still to be read before [NewPlan] can answer.
type Needs struct {
	Groups, Users []string // names to look up in the identity store
	Members       []string // ids of users whose groups have to be known
	AccountTags   bool     // the accounts' tags
	Principals    []Principal
	Sets          []string // ARNs, as [Coverage.Sets] means
	Provisioned   []string // ARNs, as [Coverage.Provisioned] means: one page each
	Contents      []string // ARNs of sets that are [LiveSet.Unread] and must not be
}

// Empty reports that nothing has.
func (n *Needs) Empty() bool {
	return len(n.Groups)+len(n.Users)+len(n.Members)+len(n.Principals)+len(n.Sets)+len(n.Provisioned)+len(n.Contents) == 0 && !n.AccountTags
}
