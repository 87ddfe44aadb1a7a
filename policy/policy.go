// Package policy is the IAM policy language: it reads documents, says what is wrong
// with them, and decides requests by them, with the reasons. It is pure: it imports the
// standard library alone, takes values and returns values, reads no clock, and knows no
// account, user or database. Whoever asks collects the documents that apply and the
// context of the request; this package says what follows from them.
//
// A text becomes a [Document], a tree in which everything has its position and nothing
// has been judged yet; [Compile] judges it and makes it a [Policy], laid out to decide
// quickly. [Evaluate] then takes a [Request] and the [Policies] that apply to it through
// the stages AWS documents:
//
//	request
//	   │
//	explicit deny in any policy? ── yes ──────────────────────────► denied
//	   │ no                                                          ▲
//	resource control policies: every level must allow ──────── no ───┤
//	   │                                                             │
//	service control policies: every level must allow ───────── no ───┤
//	   │                                                             │
//	resource-based or trust policy ── names the caller, same account ┼──► allowed
//	   │  another account's: must allow ────────────────────── no ───┤
//	   │                                                             │
//	permissions boundary, if there is one: must allow ──────── no ───┤
//	   │                                                             │
//	session policies, if given: one must allow ─────────────── no ───┤
//	   │                                                             │
//	identity-based policies: one must allow ────────────────── no ───┘
//	   │ yes
//	allowed
//
// What a grant in a resource-based policy of the caller's own account skips depends on
// whom it names; resource.go has the table.
//
// Callers can rely on these: a [Policy] is immutable and safe for concurrent use;
// Evaluate reads its arguments, keeps nothing, and does not allocate when it allows; no
// pattern takes longer to compare than its own length and that of the value warrant.
// What cannot be understood never allows.
//
// The sources are these pages of the IAM User Guide: "IAM JSON policy element
// reference", "IAM JSON policy elements: Condition operators", "Single-valued vs.
// multivalued context keys", "Policy variables and tags", "AWS JSON policy elements:
// Principal" and "NotPrincipal", "Policy evaluation logic" with the pages under it,
// "Cross-account policy evaluation logic", and "Troubleshoot access denied error
// messages".
package policy

import (
	"slices"
	"strings"
)

// Kind says where a document is attached, which decides the elements it must have and
// must not have.
type Kind uint8

// The kinds of policies.
const (
	Identity        Kind = iota // of a user, a group or a role
	Resource                    // of a resource, naming principals
	Trust                       // of a role: who may assume it
	ServiceControl              // of an organization, over the principals of its accounts
	ResourceControl             // of an organization, over the resources of its accounts
	Session                     // given when a session begins
	Boundary                    // permissions boundary of a user or a role
)

// namesPrincipals reports whether statements say whom they are about.
func (k Kind) namesPrincipals() bool { return k == Resource || k == Trust || k == ResourceControl }

// Policy is a document ready to decide by. It is immutable and safe for concurrent use.
type Policy struct {
	kind       Kind
	version    string
	denies     shelf
	allows     shelf
	principals []string
	keys       []string
}

// Kind is what the policy was compiled as.
func (p *Policy) Kind() Kind { return p.kind }

// Version is the version of the language, [Version2008] when the document names none.
func (p *Policy) Version() string { return p.version }

// Principals are the users, roles, sessions, accounts and unique ids that the policy
// names as AWS principals, as written, each once. "*" is not among them.
func (p *Policy) Principals() []string { return slices.Clone(p.principals) }

// ContextKeys are the condition keys that the conditions and variables of the policy
// look at, sorted, as written. Of spellings that differ in case the first is kept.
func (p *Policy) ContextKeys() []string { return slices.Clone(p.keys) }

// Managed says whether the document can be a managed policy, which IAM wants in the
// current version of the language; inline policies it takes in either.
func (p *Policy) Managed() error {
	if p.version == Version2012 {
		return nil
	}
	return &MalformedError{Position{Line: 1}, "Policy document must be version 2012-10-17 or greater.", `Set "Version": "2012-10-17".`}
}

// Named is a policy and how reasons call it: its ARN, or words such as "role/deploy:
// inline policy logs".
type Named struct {
	Name   string
	Policy *Policy
}

// statement is one statement ready to decide by. Its effect is told by the shelf it
// stands on.
type statement struct {
	sid        string
	index      int
	at         Position
	actions    actions
	resources  resources
	principals principals
	conditions []condition
}

// applies reports whether the statement is about the request, whoever makes it, once its
// action is known to be.
func (s *statement) applies(q *question) bool {
	if !s.resources.match(q) {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(q) {
			return false
		}
	}
	return true
}

// keySet gathers condition keys, each in its first spelling.
type keySet map[string]string

func (k keySet) add(key string) string {
	lower := strings.ToLower(key)
	if _, known := k[lower]; !known {
		k[lower] = key
	}
	return lower
}
