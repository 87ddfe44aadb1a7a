package pipeline

// Templates are what the files say. Made by [Read], which has checked each for itself and
// all against each other: names and SIDs are unique, and every permission set that is
// assigned is described. Whether the principals, accounts and units exist, [NewPlan] says.
type Templates struct {
	Sets        []SetTemplate
	Assignments []AssignmentTemplate
	Guards      []Guard
	Warnings    Problems // what can be read, and is probably not meant
}

// SetTemplate is a permission set as a file describes it.
type SetTemplate struct {
	PermissionSet
	At Position
}

// AssignmentTemplate is an entry of an assignments file: each principal gets each
// permission set in each account that a target matches and no exclusion does.
type AssignmentTemplate struct {
	SID        string
	Targets    []Target
	Exclude    []Target
	Principals []PrincipalName
	Sets       []SetName
	Management Management
	At         Position
}

// PrincipalName is a user by user name or a group by display name, where it is written.
type PrincipalName struct {
	Type PrincipalType
	Name string
	At   Position
}

// SetName is a permission set by name, where it is written.
type SetName struct {
	Name string
	At   Position
}

// Management says whether an assignment is about the management account too when a
// target matches it.
type Management string

// The choices. With Unsaid the management account is left alone, and the plan warns where
// a target matched it or where it has assignments of the set.
const (
	Unsaid  Management = ""
	Include Management = "include"
	Exclude Management = "exclude"
)

// TargetKind is what a target goes by.
type TargetKind string

// The kinds of targets.
const (
	ByRoot    TargetKind = "root"    // every account
	ByAccount TargetKind = "account" // one, by id
	ByUnit    TargetKind = "unit"    // those of a unit, by its id or the root's
	ByPath    TargetKind = "path"    // those of a unit, by names from the root: "/Workloads/Production"
	ByTag     TargetKind = "tag"     // those with a tag
)

// Target is a set of accounts.
type Target struct {
	Kind   TargetKind
	Label  string // the name in front of an id; compared with the account's or unit's
	Value  string // the id, the path or the tag's key
	Tag    string // the tag's value
	Nested bool   // units below as well
	Text   string // as written
	At     Position
}
