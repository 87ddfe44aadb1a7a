package operation

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/wire"
)

// event is what the log tells of a call.
func (r *Runner) event(op *Operation, call *Call, at time.Time, in, out any, f *fault.Error) audit.Event {
	event := audit.Event{
		Scope: seal.Directory, At: at, Name: strings.ToLower(op.Name[:1]) + op.Name[1:], Source: op.Service.Source, Mutation: !op.ReadOnly,
		Principal: audit.Principal{Kind: "anonymous"},
		ProjectID: string(call.Grant.Project.ID),
		Detail: audit.Detail{
			PrincipalName: call.Caller.Alias, ProjectName: call.Grant.Project.Name, RequestID: call.Request.ID, Reason: call.Grant.Reason,
			Address: call.Request.Address, UserAgent: call.Request.UserAgent,
			Request: payload(in), Response: payload(out), Region: authz.Region(op.Service.Source, call.Caller), Evidence: call.Grant.Evidence,
		},
	}
	if token := call.Caller.Token; token != nil {
		event.Detail.AccessToken = string(token.ID)
	}
	switch p := call.Caller.Principal; {
	case call.Caller.UserID != "":
		event.Principal = audit.Principal{Kind: "user", ID: string(call.Caller.UserID)}
		if call.Caller.Store != "" { // what they enter stands in the logs of accounts too
			event.Username, event.Detail.Identity = call.Caller.Alias, storeUser(call.Caller.UserID)
		}
	case p != nil:
		switch {
		case p.Account != "":
			event.Scope = p.ID().Scope()
		case p.Principal.Kind == policy.Service && len(call.Grant.Touched) > 0: // of no account: it stands where it asked for something
			if id, err := account.OfARN(call.Grant.Touched[0]); err == nil {
				event.Scope = id.Scope()
			}
		}
		event.Principal = audit.Principal{Kind: "principal", ID: p.UserID}
		event.Username, event.AccessKeyID, event.Detail.Identity = username(p), p.KeyID, identity(p)
	}
	for _, name := range call.Grant.Touched {
		event.Resources = append(event.Resources, resources(name)...)
	}
	if call.Grant.Space.ID != "" {
		event.Scope = seal.Space(string(call.Grant.Space.ID))
	}
	if f != nil {
		event.ErrorCode, event.Detail.Reason = f.Kind.String(), f.Message
		if f.Reason != "" {
			event.ErrorCode = string(f.Reason)
		}
	}
	return event
}

// payload is what the log keeps of an input or output: all but its secrets.
func payload(value any) json.RawMessage {
	if value == nil {
		return nil
	}
	return wire.Redacted(value)
}

// username is how CloudTrail's look-ups name a principal.
func username(p *account.Principal) string {
	switch {
	case p.Principal.Kind == policy.AccountRoot:
		return "root"
	case p.Username != "":
		return p.Username
	}
	_, session, _ := strings.Cut(p.UserID, ":")
	return session
}

// onBehalfOf is the user of an identity store behind a request.
type onBehalfOf struct {
	UserID   directory.UserID `json:"userId"`
	StoreARN string           `json:"identityStoreArn,omitempty"`
}

// storeUser is a user of an identity store, at the portal, in the same form.
func storeUser(id directory.UserID) json.RawMessage {
	text, err := json.Marshal(struct {
		Type       string     `json:"type"`
		OnBehalfOf onBehalfOf `json:"onBehalfOf"`
	}{"IdentityCenterUser", onBehalfOf{UserID: id}})
	if err != nil {
		panic(err) // texts alone
	}
	return text
}

// identity is a principal as CloudTrail's records describe it: "CloudTrail
// userIdentity element" in the CloudTrail User Guide.
func identity(p *account.Principal) json.RawMessage {
	if p.Principal.Kind == policy.Service {
		return json.RawMessage(`{"type":"AWSService","invokedBy":"` + p.Name + `"}`)
	}
	type issuer struct {
		Type        string `json:"type"`
		PrincipalID string `json:"principalId"`
		ARN         string `json:"arn"`
		AccountID   string `json:"accountId"`
		UserName    string `json:"userName"`
	}
	type sessionContext struct {
		Issuer         *issuer           `json:"sessionIssuer,omitempty"`
		Attributes     map[string]string `json:"attributes"`
		SourceIdentity string            `json:"sourceIdentity,omitempty"`
	}
	out := struct {
		Type        string          `json:"type"`
		PrincipalID string          `json:"principalId"`
		ARN         string          `json:"arn"`
		AccountID   string          `json:"accountId"`
		AccessKeyID string          `json:"accessKeyId"`
		UserName    string          `json:"userName,omitempty"`
		Session     *sessionContext `json:"sessionContext,omitempty"`
		OnBehalfOf  *onBehalfOf     `json:"onBehalfOf,omitempty"`
	}{identityTypes[p.Principal.Kind], p.UserID, p.Caller(), p.Account, p.KeyID, p.Username, nil, nil}
	if s := p.Session; s != nil {
		if p.User != "" {
			out.OnBehalfOf = &onBehalfOf{p.User, s.StoreARN}
		}
		out.Session = &sessionContext{
			Attributes:     map[string]string{"creationDate": p.IssuedAt.UTC().Format(time.RFC3339), "mfaAuthenticated": "false"},
			SourceIdentity: s.SourceIdentity,
		}
		if p.Kind == account.RoleSession {
			out.Session.Issuer = &issuer{"Role", string(p.Entity), p.ARN, p.Account, p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]}
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // texts alone
	}
	return text
}

var identityTypes = map[policy.PrincipalKind]string{
	policy.AccountRoot: "Root", policy.User: "IAMUser", policy.AssumedRole: "AssumedRole", policy.FederatedUser: "FederatedUser", policy.WebIdentity: "WebIdentityUser",
}

// resourceTypes are the types of what requests touch, by service and kind of
// ARNs. Callers choose ARNs, so nothing of other kinds is kept.
var resourceTypes = map[string]string{
	"iam role": "AWS::IAM::Role", "iam user": "AWS::IAM::User", "iam group": "AWS::IAM::Group", "iam policy": "AWS::IAM::Policy",
	"iam oidc-provider": "AWS::IAM::OIDCProvider", "iam saml-provider": "AWS::IAM::SAMLProvider",
	"organizations account": "AWS::Organizations::Account", "organizations ou": "AWS::Organizations::OrganizationalUnit",
	"organizations root": "AWS::Organizations::Root", "organizations policy": "AWS::Organizations::Policy", "organizations handshake": "AWS::Organizations::Handshake",
	"identitystore identitystore": "AWS::IdentityStore::IdentityStore", "identitystore user": "AWS::IdentityStore::User",
	"identitystore group": "AWS::IdentityStore::Group", "identitystore membership": "AWS::IdentityStore::GroupMembership",
	"sso permissionSet": "AWS::SSO::PermissionSet", "sso instance": "AWS::SSO::Instance", "sso application": "AWS::SSO::Application",
}

// longestName is as much as the log keeps of a resource's name: a database's
// index takes no more than some kilobytes.
const longestName = 1024

// resources are the type of what an ARN names with both names people look it up
// by, the ARN and its last part.
func resources(name string) []audit.Resource {
	a, err := arn.Parse(name)
	if err != nil || len(name) > longestName || !utf8.ValidString(name) {
		return nil
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	typ := resourceTypes[a.Service+" "+kind]
	if typ == "" || rest == "" {
		return nil
	}
	return []audit.Resource{{Type: typ, Name: name}, {Type: typ, Name: rest[strings.LastIndexByte(rest, '/')+1:]}}
}

// withEvidence adds to a refusal by policies where its reasons can be read, by
// those who may: DecodeAuthorizationMessage finds the event.
func withEvidence(f *fault.Error, call *Call, event string) *fault.Error {
	if call.Grant.Evidence == nil {
		return f
	}
	told := *f
	told.Message += ". Encoded authorization failure message: " + event
	return &told
}

// Circumstances are how the request came.
func (r *Request) Circumstances() authz.Circumstances {
	return authz.Circumstances{Address: r.Address, UserAgent: r.UserAgent, Secure: strings.HasPrefix(r.BaseURL, "https:")}
}
