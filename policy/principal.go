package policy

import "strings"

// PrincipalKind says what somebody who makes a request is.
type PrincipalKind uint8

// The kinds of principals. The zero kind is nobody in particular.
const (
	Anonymous     PrincipalKind = iota
	AccountRoot                 // the root user of an account
	User                        // an IAM user
	AssumedRole                 // a session of a role
	FederatedUser               // a session of GetFederationToken
	WebIdentity                 // somebody an OpenID Connect provider vouches for
	SAML                        // somebody a SAML provider vouches for
	Service                     // a service of AWS, or one that acts like it
)

// Principal is who makes a request.
type Principal struct {
	Kind    PrincipalKind
	Account string // 12 digits; empty for services, web identities, SAML and the anonymous
	ID      string // the unique id of the user or role, "AROA...", as policies name it that are kept with ids; may be empty
	ARN     string // the user's or the account root's, the federated user's; for a session of a role the role's, as aws:PrincipalArn has it
	Session string // arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION; else empty
	Name    string // a service principal, "codecatalyst.amazonaws.com", or the federated provider: its ARN, or "accounts.google.com"
}

// hasAccount reports whether identity policies and an account stand behind the principal.
func (p *Principal) hasAccount() bool {
	return AccountRoot <= p.Kind && p.Kind <= FederatedUser
}

func (p *Principal) isFederated() bool { return p.Kind == WebIdentity || p.Kind == SAML }

// grant says how directly a Principal element names somebody. In a resource-based policy
// of the principal's own account it decides what has to allow besides; see resource.go.
type grant uint8

const (
	toNobody  grant = iota
	toAccount       // names the account
	toRole          // names the role that the session is of
	toCaller        // names the user, the session, the service or the provider; or everyone
)

// principals are the Principal or NotPrincipal of a statement.
type principals struct {
	not      bool
	everyone bool // "*"
	list     []principalEntry
}

type principalKind uint8

const (
	nobody   principalKind = iota // canonical users
	uniqueID                      // of a user or role
	account                       // by its digits
	user                          // by ARN, as are the next three
	role
	roleSession
	federatedUser
	service           // by its name
	federatedProvider // by its name or ARN
)

type principalEntry struct {
	kind principalKind
	name string
}

// match says how the element names the principal of the question.
func (p *principals) match(q *question) grant {
	if p.not {
		if p.excepts(q) {
			return toNobody
		}
		return toCaller
	}
	if p.everyone {
		return toCaller
	}
	return p.named(&q.Principal)
}

// named is how directly one of the entries names the principal.
func (p *principals) named(who *Principal) grant {
	best := toNobody
	for i := range p.list {
		best = max(best, p.list[i].match(who))
	}
	return best
}

func (e *principalEntry) match(p *Principal) grant {
	switch e.kind {
	case uniqueID:
		switch {
		case p.ID == "" || e.name != p.ID:
		case p.Kind == User:
			return toCaller
		case p.Kind == AssumedRole:
			return toRole
		}
	case account:
		if p.hasAccount() && e.name == p.Account {
			return toAccount
		}
	case user:
		if p.Kind == User && e.name == p.ARN {
			return toCaller
		}
	case role:
		if p.Kind == AssumedRole && e.name == p.ARN {
			return toRole
		}
	case roleSession:
		if p.Kind == AssumedRole && e.name == p.Session {
			return toCaller
		}
	case federatedUser:
		if p.Kind == FederatedUser && e.name == p.ARN {
			return toCaller
		}
	case service:
		if p.Kind == Service && e.name == p.Name {
			return toCaller
		}
	case federatedProvider:
		if p.isFederated() && e.name == p.Name {
			return toCaller
		}
	}
	return toNobody
}

// excepts reports whether a NotPrincipal leaves the principal out of its Deny.
//
// "When you use NotPrincipal with Deny, you must also specify the account ARN of the
// not-denied principal", and for the session of a role the role as well; where sessions
// of the role are listed, it has to be one of them. "The NotPrincipal element with a Deny
// effect will always deny any IAM principal that has a permissions boundary" ("AWS JSON
// policy elements: NotPrincipal").
func (p *principals) excepts(q *question) bool {
	if p.everyone {
		return true
	}
	who := &q.Principal
	if !who.hasAccount() {
		return p.named(who) == toCaller
	}
	if q.bounded {
		return false
	}
	var accountListed, roleListed, callerListed, otherSession bool
	for i := range p.list {
		e := &p.list[i]
		switch e.match(who) {
		case toAccount:
			accountListed = true
		case toRole:
			roleListed = true
		case toCaller:
			callerListed = true
		default:
			siblings := who.Session[:strings.LastIndexByte(who.Session, '/')+1]
			otherSession = otherSession || e.kind == roleSession && siblings != "" && strings.HasPrefix(e.name, siblings)
		}
	}
	switch who.Kind {
	case AccountRoot:
		return accountListed
	case AssumedRole:
		return accountListed && roleListed && (callerListed || !otherSession)
	default:
		return accountListed && callerListed
	}
}

// newPrincipal reads one value of a Principal element; ok is false when it names nobody
// who could be a principal.
func newPrincipal(typ, value string) (e principalEntry, ok bool) {
	switch typ {
	case "AWS":
		return newAWSPrincipal(value)
	case "Service":
		ok = strings.Contains(value, ".") && !strings.ContainsAny(value, "*?/: ")
		return principalEntry{service, value}, ok
	case "Federated":
		ok = value != "" && !strings.ContainsAny(value, "*? ")
		return principalEntry{federatedProvider, value}, ok
	case "CanonicalUser":
		return principalEntry{nobody, value}, value != "" && !strings.ContainsAny(value, "*?")
	}
	return e, false
}

func newAWSPrincipal(value string) (e principalEntry, ok bool) {
	if isAccount(value) {
		return principalEntry{account, value}, true
	}
	if isUniqueID(value) {
		return principalEntry{uniqueID, value}, true
	}
	parts := strings.Split(value, ":")
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[3] != "" ||
		!isAccount(parts[4]) || strings.ContainsAny(value, "*? ") {
		return e, false
	}
	if parts[2] == "iam" && parts[5] == "root" {
		return principalEntry{account, parts[4]}, true
	}
	form, name, _ := strings.Cut(parts[5], "/")
	if name == "" || name[len(name)-1] == '/' {
		return e, false
	}
	switch parts[2] + " " + form {
	case "iam user":
		return principalEntry{user, value}, true
	case "iam role":
		return principalEntry{role, value}, true
	case "sts assumed-role":
		return principalEntry{roleSession, value}, strings.Count(name, "/") == 1 && name[0] != '/'
	case "sts federated-user":
		return principalEntry{federatedUser, value}, true
	}
	return e, false
}

func isAccount(text string) bool {
	return len(text) == 12 && strings.Trim(text, "0123456789") == ""
}

// isUniqueID reports whether the text is the id IAM gives a user, a role and others
// ("IAM identifiers"). A policy holds one where whoever it named has been deleted, and
// whoever is made anew under the same name is somebody else.
func isUniqueID(text string) bool {
	return 16 <= len(text) && len(text) <= 128 && text[0] == 'A' &&
		strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
