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
// Evaluate reads its arguments, keeps nothing, and does not allocate when it allows;
// time is linear in the text of policies for any pattern that a policy or a variable
// can hold, times the length of what it is compared with. What cannot be understood
// never allows.
//
// The sources are these pages of the IAM User Guide: "IAM JSON policy element
// reference", "IAM JSON policy elements: Condition operators", "Single-valued vs.
// multivalued context keys", "Policy variables and tags", "AWS JSON policy elements:
// Principal" and "NotPrincipal", "Policy evaluation logic" with the pages under it,
// "Cross-account policy evaluation logic", and "Troubleshoot access denied error
// messages".
package policy
