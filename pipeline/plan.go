package pipeline

import (
	"time"
)

// FormatVersion is raised when saved plans and snapshots change their meaning. Others are
// refused.
const FormatVersion = 1

// Plan is what has to be done so that what exists is what the files say. Made by
// [NewPlan], written with [Plan.Encode] and read with [DecodePlan].
type Plan struct {
	FormatVersion int       `json:"formatVersion"`
	TakenAt       time.Time `json:"takenAt"` // of the snapshot
	Instance      Instance  `json:"instance"`
	// Changes are in an order that AWS accepts: each stands behind those it waits for.
	Changes  []Change          `json:"changes"`
	Matches  []Match           `json:"matches"`  // for every assignment of the files, which accounts and why
	Access   []AccessChange    `json:"access"`   // who gains and who loses what
	Replaces []Replacement     `json:"replaces"` // what changes the ARNs of roles
	Warnings []Problem         `json:"warnings"` // what was left out, and left alone
	Guards   []GuardResult     `json:"guards"`   // of the guard rules, on what would be
	Estimate Estimate          `json:"estimate"`
	Reads    []Fact            `json:"reads"` // what the plan relies on
	Names    map[string]string `json:"names"` // of the accounts and principals it speaks of, by id
	// Partial says that assignments of ours were read for those users and groups that there
	// are: what others hold stays, unseen.
	Partial bool   `json:"partial"`
	Digest  string `json:"digest"` // of everything above, so that an edited plan is refused
}

// Action is what a change does.
type Action string

// The actions. Provisioning brings a changed set into the accounts that have it.
const (
	CreateSet    Action = "create"
	UpdateSet    Action = "update"
	DeleteSet    Action = "delete"
	ProvisionSet Action = "provision"
	Assign       Action = "assign"
	Unassign     Action = "unassign"
)

// Change is one thing to do.
type Change struct {
	ID     string   `json:"id"` // unique in the plan and the same whenever it is planned: "assign/Admin/111122223333/GROUP/<id>"
	Action Action   `json:"action"`
	Needs  []string `json:"needs,omitempty"` // ids of the changes to be done and awaited before
	At     Position `json:"at"`              // what in the files asks for it; none for what they no longer name

	Set    string `json:"set"`              // name
	SetARN string `json:"setArn,omitempty"` // empty: another change of the plan creates it

	// Of create, update and delete: the set before and afterwards.
	Before *PermissionSet    `json:"before,omitempty"`
	After  *PermissionSet    `json:"after,omitempty"`
	Fields []FieldChange     `json:"fields,omitempty"` // of create and update: what differs
	Marks  map[string]string `json:"marks,omitempty"`  // of create and update: marks the set has to get besides

	Accounts []string `json:"accounts,omitempty"` // of provision: those that have the set

	// Of assign and unassign.
	Account   string     `json:"account,omitempty"`
	Principal *Principal `json:"principal,omitempty"`
}

// Field is one thing that a permission set says, by its name in files.
type Field string

// The fields, each with the calls that write it.
const (
	Description             Field = "Description" // the first three: one UpdatePermissionSet, which is told all three
	SessionDuration         Field = "SessionDuration"
	RelayState              Field = "RelayState"
	ManagedPolicies         Field = "ManagedPolicies"         // AttachManagedPolicyToPermissionSet, Detach...
	CustomerManagedPolicies Field = "CustomerManagedPolicies" // AttachCustomerManagedPolicyReferenceToPermissionSet, Detach...
	PermissionBoundary      Field = "PermissionBoundary"      // PutPermissionsBoundaryToPermissionSet, Delete...
	CustomPolicy            Field = "CustomPolicy"            // PutInlinePolicyToPermissionSet, Delete...
	Tags                    Field = "Tags"                    // TagResource, UntagResource; [Change.Marks] too
)

// FieldChange is that a field differs. Of lists and tags, Add and Remove say by how much;
// before and afterwards they are in [Change.Before] and [Change.After].
type FieldChange struct {
	Field  Field    `json:"field"`
	Before string   `json:"before,omitempty"`
	After  string   `json:"after,omitempty"`
	Add    []string `json:"add,omitempty"`    // "arn:...", "/path/name", "key=value"
	Remove []string `json:"remove,omitempty"` // likewise
}

// Fact is one thing that a plan relies on.
type Fact struct {
	Kind    FactKind `json:"kind"`
	Of      string   `json:"of"`
	Was     string   `json:"was"`     // in the snapshot: in words, or a digest
	Becomes string   `json:"becomes"` // when the plan has been applied, wholly; often the same
}

// Match says which accounts an assignment of the files is about, and why.
type Match struct {
	At       Position       `json:"at"`
	SID      string         `json:"sid"`
	Accounts []MatchAccount `json:"accounts"`
	LeftOut  []MatchAccount `json:"leftOut,omitempty"` // excluded, not active, or the management account
}

// MatchAccount is an account and the reason that it is in a target, or is left out.
type MatchAccount struct {
	Account string `json:"account"`
	Because string `json:"because"`
}

// AccessChange is what a principal gains or loses by what it is assigned itself, in the
// same way in each of the accounts.
type AccessChange struct {
	Principal Principal `json:"principal"`
	Accounts  []string  `json:"accounts"`
	Sets      []string  `json:"sets"`            // that are assigned, taken away or changed
	Gains     []string  `json:"gains,omitempty"` // in words, such as "s3:* on *"
	Loses     []string  `json:"loses,omitempty"`
	Unknown   []string  `json:"unknown,omitempty"` // policies whose content is not known here
}

// Replacement is a permission set that goes while one of the same content comes: AWS has
// no call to rename one. Role ARNs change, and with them what policies elsewhere name.
type Replacement struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Accounts int    `json:"accounts"` // in which it was assigned
}

// Estimate is what applying costs.
type Estimate struct {
	Calls   int `json:"calls"`   // of writing and of waiting for what it starts
	Seconds int `json:"seconds"` // with the budget that AWS leaves: 20 calls a second, 10 operations in flight
}

// GuardResult is what became of a guard rule.
type GuardResult struct {
	At      Position `json:"at"`
	Because string   `json:"because,omitempty"` // what the file gives as the reason
	Rule    string   `json:"rule"`              // as written
	Passed  bool     `json:"passed"`
	Found   []string `json:"found,omitempty"` // what contradicts it, in words
	Notes   []string `json:"notes,omitempty"` // what it could not look at
}
