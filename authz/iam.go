package authz

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/policy"
)

// A Locator knows the resources of one service of the account side.
type Locator interface {
	// Locate finds what a principal's words name: an ARN, or a kind and a name such
	// as "role/deploy". It is asked before the principal is known to be allowed
	// anything, so what does not exist, or is another organization's, comes back
	// with the ARN it would have and nothing else. The result is shared and must not
	// be modified.
	Locate(tx *database.ReadTx, caller *account.Principal, name string) (*account.Resource, error)
}

// Circumstances are how a request came, for the condition keys that ask.
type Circumstances struct {
	Address   string // the client's IP address
	UserAgent string
	Secure    bool // over TLS
}

// Question is one request to the account side, as policies see it.
type Question struct {
	Principal *account.Principal
	Authority *account.Authority // nil: no policies of its own, as of a web identity
	Action    string
	Resource  *account.Resource
	// Context is what the request itself says; [Authorizer.Decide] adds the global keys.
	Context policy.Context
	// Only, where set, is the one account whose organization has a part: who simulates
	// must not read from the outcome where another account stands.
	Only account.ID
}

// askPolicies decides a rule of [IAM]: the action must be allowed on every resource.
func (a *Authorizer) askPolicies(tx *database.ReadTx, caller authn.Caller, from Circumstances, rule Bound, input any) (grant Grant, err error) {
	asked := rule.requested(input)
	for i := range rule.targets {
		if err := a.ask(tx, &grant, caller, from, rule.action, rule.targets[i].fill(input), asked); err != nil {
			return grant, err
		}
	}
	return grant, nil
}

// ask decides one action on one resource, and adds to the grant what was found.
func (a *Authorizer) ask(tx *database.ReadTx, grant *Grant, caller authn.Caller, from Circumstances, action, name string, own policy.Context) error {
	if err := usable(caller.Principal, action); err != nil {
		return err
	}
	q, decision, err := a.decide(tx, caller, from, action, name, own)
	if err != nil {
		return err
	}
	grant.Touched = append(grant.Touched, q.Resource.ARN)
	if decision.Effect != policy.Allow {
		grant.Evidence = evidence(q, decision)
		return refusal(q, name, decision)
	}
	grant.Reason, grant.Theirs = because(q, decision)
	return nil
}

// decide gathers what is to be asked about an action on a resource, and asks.
func (a *Authorizer) decide(tx *database.ReadTx, caller authn.Caller, from Circumstances, action, name string, own policy.Context) (q Question, decision policy.Decision, err error) {
	service, _, _ := strings.Cut(action, ":")
	q = Question{Principal: caller.Principal, Action: action, Resource: &account.Resource{ARN: name}, Context: Global(tx, caller, from, service)}
	maps.Copy(q.Context, own)
	if locator := a.Locators[service]; locator != nil && name != "*" {
		if q.Resource, err = locator.Locate(tx, caller.Principal, name); err != nil {
			return q, decision, err
		}
	}
	if caller.Principal.Account != "" {
		if q.Authority, err = a.Accounts.Authority(tx, caller.Principal); err != nil {
			return q, decision, err
		}
	}
	decision, err = a.Decide(tx, q)
	return q, decision, err
}

// WouldAllow decides what somebody else would be answered, for reports: nothing is asked
// for, and nothing recorded.
func (a *Authorizer) WouldAllow(tx *database.ReadTx, caller authn.Caller, from Circumstances, action, name string, own policy.Context) (policy.Decision, error) {
	_, decision, err := a.decide(tx, caller, from, action, name, own)
	return decision, err
}

// Require asks policies, in the middle of an operation, whether the caller may
// also take another action on a resource, named as in a rule of [IAM]. own is what
// the request itself says, as condition keys.
func (a *Authorizer) Require(tx *database.ReadTx, caller authn.Caller, from Circumstances, action, name string, own policy.Context) error {
	return a.ask(tx, &Grant{}, caller, from, action, name, own)
}

// Decide gathers what else speaks about a question, the control policies of both
// organizations, and lets package policy decide. It adds to the question's context.
func (a *Authorizer) Decide(tx *database.ReadTx, q Question) (policy.Decision, error) {
	p := policy.Policies{}
	// IAM's own actions know no resource-based policies: a trust policy is about
	// assuming the role, not about changing it.
	if !strings.HasPrefix(q.Action, "iam:") {
		p.Resource, p.ResourceRequired = q.Resource.Policy, q.Resource.PolicyRequired
	}
	if q.Authority != nil {
		p.Identity, p.Boundary, p.Session, p.SessionLimited = q.Authority.Identity, q.Authority.Boundary, q.Authority.Session, q.Authority.SessionLimited
	}
	own := q.Principal.ID()
	if own != "" {
		place, err := a.place(tx, q.Only, own)
		if err != nil {
			return policy.Decision{}, err
		}
		if place != nil {
			if !q.Principal.Linked {
				p.ServiceControl = place.ServiceControl
			}
			q.Context["aws:principalorgid"] = []string{string(place.Organization)}
			q.Context["aws:principalorgpaths"] = []string{place.Path}
			q.Context["aws:principalorgmasteraccountid"] = []string{string(place.Management)}
		}
	}
	owner := q.Resource.Account
	if owner == "" {
		owner = own
	}
	place, err := a.place(tx, q.Only, owner)
	if err != nil {
		return policy.Decision{}, err
	}
	q.Context["aws:resourceaccount"] = []string{string(owner)}
	if place != nil {
		if !q.Principal.Linked {
			p.ResourceControl = place.ResourceControl
		}
		q.Context["aws:resourceorgid"] = []string{string(place.Organization)}
		q.Context["aws:resourceorgpaths"] = []string{place.Path}
	}
	for key, value := range q.Resource.Tags {
		q.Context["aws:resourcetag/"+strings.ToLower(key)] = []string{value}
		q.Context["iam:resourcetag/"+strings.ToLower(key)] = []string{value}
	}
	for key, values := range q.Resource.Context {
		if _, asked := q.Context[key]; !asked {
			q.Context[key] = values
		}
	}
	return policy.Evaluate(&policy.Request{
		Principal: q.Principal.Principal, Action: q.Action, Resource: q.Resource.ARN, ResourceAccount: string(owner), Context: q.Context,
	}, &p), nil
}

func (a *Authorizer) place(tx *database.ReadTx, only, id account.ID) (*org.Place, error) {
	if id == "" || only != "" && id != only {
		return nil, nil
	}
	return a.Organizations.Place(tx, id)
}

// oneRegion names the services that have one endpoint in all, in this Region.
var oneRegion = map[string]string{"iam": "us-east-1", "organizations": "us-east-1"}

// Region is the one in which a request is made: that of the service's one endpoint, or
// the one the caller signed for.
func Region(service string, caller authn.Caller) string {
	if one, ok := oneRegion[service]; ok {
		return one
	}
	return caller.Region
}

var principalTypes = map[policy.PrincipalKind]string{
	policy.AccountRoot: "Account", policy.User: "User", policy.AssumedRole: "AssumedRole", policy.FederatedUser: "FederatedUser",
}

// Global is the condition keys that every request has: "AWS global condition
// context keys" in the IAM User Guide.
func Global(tx *database.ReadTx, caller authn.Caller, from Circumstances, service string) policy.Context {
	now := tx.Now()
	c := policy.Context{
		"aws:currenttime":     {now.Format(time.RFC3339)},
		"aws:epochtime":       {strconv.FormatInt(now.Unix(), 10)},
		"aws:sourceip":        {from.Address},
		"aws:useragent":       {from.UserAgent},
		"aws:securetransport": {strconv.FormatBool(from.Secure)},
		"aws:viaawsservice":   {"false"},
	}
	if p := caller.Principal; p != nil && p.Principal.Kind == policy.Service {
		delete(c, "aws:sourceip") // it has no address, and comes over no network
		c["aws:securetransport"] = []string{"true"}
		c["aws:principalisawsservice"] = []string{"true"}
		c["aws:principalservicename"] = []string{p.Name}
		c["aws:principalservicenameslist"] = []string{p.Name}
		if caller.SourceARN != "" {
			c["aws:sourcearn"] = []string{caller.SourceARN}
		}
	}
	if region := Region(service, caller); region != "" {
		c["aws:requestedregion"] = []string{region}
	}
	if p := caller.Principal; p != nil {
		describe(c, p)
	}
	return c
}

// describe adds what policies can ask about a principal.
func describe(c policy.Context, p *account.Principal) {
	if p.Account == "" {
		return // somebody an identity provider vouches for is no principal of an account
	}
	c["aws:principalarn"] = []string{p.ARN}
	c["aws:principalaccount"] = []string{p.Account}
	c["aws:principaltype"] = []string{principalTypes[p.Principal.Kind]}
	c["aws:principalisawsservice"] = []string{"false"}
	c["aws:userid"] = []string{p.UserID}
	if p.Username != "" {
		c["aws:username"] = []string{p.Username}
	}
	for key, value := range p.Tags {
		c["aws:principaltag/"+strings.ToLower(key)] = []string{value}
	}
	if s := p.Session; s != nil {
		c["aws:tokenissuetime"] = []string{p.IssuedAt.Format(time.RFC3339)}
		c["aws:multifactorauthpresent"] = []string{"false"}
		if s.SourceIdentity != "" {
			c["aws:sourceidentity"] = []string{s.SourceIdentity}
		}
		if s.Provider != "" {
			c["aws:federatedprovider"] = []string{s.Provider}
		}
		if s.StoreUser != "" {
			c["identitystore:userid"], c["identitystore:identitystorearn"] = []string{string(s.StoreUser)}, []string{s.StoreARN}
		}
	}
}

// usable refuses what temporary credentials of some kinds are never good for,
// whatever policies say: "Compare AWS STS credentials" in the IAM User Guide.
func usable(p *account.Principal, action string) error {
	service, name, _ := strings.Cut(action, ":")
	switch {
	case p.Kind != account.SessionToken && p.Kind != account.FederatedUser:
		return nil
	case service == "iam":
		return fault.Deniedf("User: %s is not authorized to perform: %s because the credentials of GetSessionToken and GetFederationToken are good for no IAM operation without multi-factor authentication", p.Caller(), action)
	case service == "sts" && (p.Kind == account.FederatedUser || name != "AssumeRole" && name != "TagSession" && name != "SetSourceIdentity"):
		return fault.Deniedf("User: %s is not authorized to perform: %s because the credentials of GetSessionToken are good for AssumeRole and GetCallerIdentity alone of STS's operations, those of GetFederationToken for GetCallerIdentity", p.Caller(), action)
	}
	return nil
}

// refusal says what was refused in AWS's words. What stands on the other side's
// policies is not for the caller to know.
func refusal(q Question, name string, d policy.Decision) error {
	shown := q.Resource.ARN
	if kind, rest, ok := strings.Cut(name, "/"); ok && !strings.HasPrefix(name, "arn:") {
		shown = kind + " " + rest // as it was asked for: an ARN with the path would tell that it exists
	}
	text := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", q.Principal.Caller(), q.Action, shown)
	if !foreign(q, d) {
		text += " " + d.Because()
	}
	return fault.Deniedf("%s", text)
}

// foreign tells whether another account's policies made the decision.
func foreign(q Question, d policy.Decision) bool { return elsewhere(q) && ofResource(d.Stage) }

// elsewhere tells whether the resource is another account's.
func elsewhere(q Question) bool {
	return q.Resource.Account != "" && q.Resource.Account != q.Principal.ID()
}

func ofResource(s policy.Stage) bool { return s == policy.AtResource || s == policy.AtResourceControl }

// because names the statements that allowed a request: those of the caller's account,
// and for another account's log those of its own. Neither is shown the other's.
func because(q Question, d policy.Decision) (own, theirs string) {
	var names, other []string
	for _, statement := range d.Statements() {
		if elsewhere(q) && ofResource(statement.Stage) {
			other = append(other, label(statement))
		} else {
			names = append(names, label(statement))
		}
	}
	return allowedBy(names, q.Principal.Principal.Kind == policy.AccountRoot), allowedBy(other, false)
}

func allowedBy(names []string, root bool) string {
	switch {
	case names != nil:
		return "allowed by " + strings.Join(names, " and ")
	case root:
		return "the root user may do everything in its account"
	}
	return ""
}

func label(m policy.Match) string {
	if m.Sid != "" {
		return fmt.Sprintf("statement %s of %s", m.Sid, m.Policy)
	}
	return fmt.Sprintf("statement %d of %s", m.Index+1, m.Policy)
}

// evidence is a refusal for those who may read its reasons, in the form that
// DecodeAuthorizationMessage answers.
func evidence(q Question, d policy.Decision) json.RawMessage {
	type item struct {
		Statement string `json:"statementId,omitempty"`
		Policy    string `json:"policyId"`
		Position  string `json:"position,omitempty"`
	}
	var out struct {
		Allowed      bool `json:"allowed"`
		ExplicitDeny bool `json:"explicitDeny"`
		Matched      struct {
			Items []item `json:"items"`
		} `json:"matchedStatements"`
		Stage   string `json:"stage"`
		Context struct {
			Principal struct {
				ID  string `json:"id"`
				ARN string `json:"arn"`
			} `json:"principal"`
			Action     string              `json:"action"`
			Resource   string              `json:"resource"`
			Conditions map[string][]string `json:"conditions"`
		} `json:"context"`
	}
	out.ExplicitDeny, out.Stage = d.Effect == policy.ExplicitDeny, d.Stage.String()
	out.Matched.Items = []item{}
	for _, s := range d.Statements() {
		if !elsewhere(q) || !ofResource(s.Stage) {
			out.Matched.Items = append(out.Matched.Items, item{s.Sid, s.Policy, s.Position.String()})
		}
	}
	out.Context.Principal.ID, out.Context.Principal.ARN = q.Principal.UserID, q.Principal.Caller()
	out.Context.Action, out.Context.Resource, out.Context.Conditions = q.Action, q.Resource.ARN, q.Context
	if elsewhere(q) { // what is known of another account's resource is not the caller's to read
		out.Context.Conditions = maps.Clone(q.Context)
		maps.DeleteFunc(out.Context.Conditions, func(key string, _ []string) bool {
			_, its := q.Resource.Context[key]
			return its || strings.HasPrefix(key, "aws:resource") || strings.Contains(key, ":resourcetag/")
		})
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // texts and lists of them
	}
	return text
}
