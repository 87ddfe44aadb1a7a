package policy

import "bytes"

// Context holds what is known of a request: the values of condition keys. Names are in
// lower case, "aws:principalarn", "aws:requesttag/team", as strings.ToLower makes them.
// A key that is absent and one that has no values are different things: IfExists passes
// over the first alone, and so does the default of a variable.
type Context map[string][]string

// Request is what somebody asks to do.
type Request struct {
	Principal       Principal
	Action          string // "s3:GetObject", in any case
	Resource        string // an ARN; "*" where the action knows no resources
	ResourceAccount string // the account that owns it; empty: the principal's own
	Context         Context
}

// Policies are all that apply to a request, by what they are attached to.
type Policies struct {
	// ServiceControl are those over the principal, one entry for each level of its
	// organization, the root first; every level has to allow. Nil: it is subject to none,
	// having no organization or being its management account.
	ServiceControl [][]Named
	// ResourceControl are those over the resource, likewise, of its own organization.
	ResourceControl [][]Named
	// Resource is the resource's policy; of a role that is assumed, its trust policy.
	Resource []Named
	// ResourceRequired says that the resource's policy has to let the principal or its
	// account in, in the same account too, as those of roles and of KMS keys have to.
	ResourceRequired bool
	Boundary         *Named // the permissions boundary of the principal; nil: none
	// Session are the policies given when the session began. SessionLimited says that
	// there were any, so that one has to allow.
	Session        []Named
	SessionLimited bool
	Identity       []Named // those of the principal, and of its groups
}

// question is a request made ready to be compared with many statements.
type question struct {
	*Request
	bounded       bool // a permissions boundary is set
	sameAccount   bool
	service, name []byte // of the action, in lower case
	head          uint64 // of the name

	scratch [256]byte // where variables are expanded
}

// ask makes the request ready; the action is in q.name.
func (q *question) ask(r *Request, p *Policies) {
	q.Request = r
	q.bounded = p.Boundary != nil
	q.sameAccount = r.ResourceAccount == "" || r.ResourceAccount == r.Principal.Account
	if colon := bytes.IndexByte(q.name, ':'); colon >= 0 {
		q.service, q.name = q.name[:colon], q.name[colon+1:]
	}
	q.head, _ = headOf(q.name)
}
