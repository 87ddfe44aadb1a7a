package authz

import (
	"encoding/json"
	"sync"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Grant is a decision and what was found on the way to it. A refused
// one still tells in which space it happened, for the log.
type Grant struct {
	Reason  string
	Theirs  string           // of another account's policies, for that account's log alone
	Space   space.Ref        // zero unless the rule names one that exists
	Project space.ProjectRef // likewise
	Held    role.Held        // what the caller holds in Space

	// Touched are the ARNs of what policies were asked about.
	Touched []string
	// Evidence is why policies refused, for those who may read it.
	Evidence json.RawMessage
}

// Authorizer decides. It is safe for concurrent use.
type Authorizer struct {
	Spaces        *space.Store
	Accounts      *account.Store
	Organizations *org.Store
	// Locators know the resources of the account side, by the prefix of actions. An
	// action of no service here is decided on the name as it is given.
	Locators map[string]Locator

	mu   sync.RWMutex
	held map[space.ID]*members
}

// members is what the users of one space hold, as far as it has been asked, for as
// long as the space's grants version, read in the transaction that asks, stays
// what it was.
type members struct {
	version int64
	mu      sync.RWMutex
	users   map[directory.UserID]role.Held
}

// remembered bounds how many spaces are kept; beyond that, others are forgotten.
const remembered = 1 << 14

// Authorize decides whether the caller may make the request with this input, a
// pointer to the struct the rule was bound to. The fault of a refusal is
// Unauthenticated for a stranger and Denied for everybody else, except that
// someone who may act on every project of a space is told NotFound of one that
// is not there.
func (a *Authorizer) Authorize(tx *database.ReadTx, caller authn.Caller, from Circumstances, rule Bound, input any) (Grant, error) {
	if err := rule.Admit(caller); err != nil {
		return Grant{}, err
	}
	switch rule.kind {
	case public:
		return Grant{Reason: "open to everybody"}, nil
	case signedIn:
		return Grant{Reason: "signed in"}, nil
	case inSpace:
		return a.askMatrix(tx, caller, rule, input)
	case signed:
		return Grant{Reason: "open to every principal"}, nil
	case byPolicy:
		return a.askPolicies(tx, caller, from, rule, input)
	}
	return Grant{}, fault.Deniedf("the operation has no rule that allows it")
}

func (a *Authorizer) askMatrix(tx *database.ReadTx, caller authn.Caller, rule Bound, input any) (grant Grant, err error) {
	name := rule.targets[0].fill(input)
	grant.Space, err = a.Spaces.Lookup(tx, name)
	switch {
	case fault.Is(err, fault.NotFound):
		return grant, notInSpace(name)
	case err != nil:
		return grant, err
	}
	if grant.Held, err = a.Held(tx, grant.Space, caller.UserID); err != nil {
		return grant, err
	}
	if grant.Held.Empty() {
		return grant, notInSpace(name)
	}
	project, missing := "", error(nil)
	if len(rule.targets) == 2 {
		grant.Project, missing = a.Spaces.LookupProject(tx, grant.Space.ID, rule.targets[1].fill(input))
		if missing != nil && !fault.Is(missing, fault.NotFound) {
			return grant, missing
		}
		project = string(grant.Project.ID)
	}
	decision := grant.Held.Decide(rule.permission, project)
	if !decision.Allowed {
		return grant, fault.Deniedf("%s", decision.Reason())
	}
	if missing != nil {
		return grant, missing
	}
	grant.Reason = decision.Reason()
	return grant, nil
}

func notInSpace(name string) error {
	return fault.Deniedf("there is no space %q, or you are not a member of it: a Space administrator can invite you", name)
}

// Held is what a user holds in a space as this transaction sees it. The
// reference must have been looked up in the same transaction, before it changed
// any grant: what is found is remembered for others.
func (a *Authorizer) Held(tx *database.ReadTx, in space.Ref, user directory.UserID) (role.Held, error) {
	of := a.members(in)
	of.mu.RLock()
	held, ok := of.users[user]
	of.mu.RUnlock()
	if ok {
		return held, nil
	}
	held, err := a.Spaces.Held(tx, in.ID, user)
	if err != nil {
		return role.Held{}, err
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	of.users[user] = held
	return held, nil
}

// members is what is known of a space at the version that was looked up.
func (a *Authorizer) members(in space.Ref) *members {
	a.mu.RLock()
	of := a.held[in.ID]
	a.mu.RUnlock()
	if of != nil && of.version == in.GrantsVersion {
		return of
	}
	fresh := &members{version: in.GrantsVersion, users: map[directory.UserID]role.Held{}}
	a.mu.Lock()
	defer a.mu.Unlock()
	of = a.held[in.ID]
	switch {
	case of != nil && of.version == in.GrantsVersion:
		return of
	case of != nil && of.version > in.GrantsVersion:
		return fresh // for a transaction that began earlier: nobody else will ask
	case a.held == nil:
		a.held = map[space.ID]*members{}
	}
	for other := range a.held {
		if len(a.held) < remembered {
			break
		}
		delete(a.held, other)
	}
	a.held[in.ID] = fresh
	return fresh
}
