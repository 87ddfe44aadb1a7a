package authz

import (
	"encoding/json"
	"sync"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
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

	Repository RepositoryRef // likewise

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
	Credentials   *credential.Store
	// Locators know the resources of the account side, by the prefix of actions. An
	// action of no service here is decided on the name as it is given.
	Locators map[string]Locator

	// Repository finds the repository a request names in a project. The fault of one
	// that is not there is NotFound. Nil: there are none.
	Repository func(tx *database.ReadTx, project space.ProjectID, name string) (RepositoryRef, error)

	mu   sync.RWMutex
	held map[space.ID]*members
}

// RepositoryRef is what a request needs to know of the repository it names.
type RepositoryRef struct{ ID, Name string }

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
		return a.askMatrix(tx, caller, rule.permission, rule.path(input))
	case signed:
		return Grant{Reason: "open to every principal"}, nil
	case byPolicy:
		return a.askPolicies(tx, caller, from, rule, input)
	}
	return Grant{}, fault.Deniedf("the operation has no rule that allows it")
}

// InSpace decides likewise whether the caller has a permission on the space, the
// project in it or the repository in that, by their names: for operations that
// name them where no rule can tell.
func (a *Authorizer) InSpace(tx *database.ReadTx, caller authn.Caller, permission role.Permission, names ...string) (Grant, error) {
	return a.askMatrix(tx, caller, permission, names)
}

func (a *Authorizer) askMatrix(tx *database.ReadTx, caller authn.Caller, permission role.Permission, names []string) (grant Grant, err error) {
	limit := limitOf(caller)
	grant.Space, err = a.Spaces.Lookup(tx, names[0])
	switch missing := fault.Is(err, fault.NotFound); {
	case err != nil && !missing:
		return grant, err
	case limit.outside(limit.reach.Space, string(grant.Space.ID)):
		return grant, limit.refusal()
	case missing:
		return grant, notInSpace(names[0])
	}
	if grant.Held, err = a.Held(tx, grant.Space, caller.UserID); err != nil {
		return grant, err
	}
	if grant.Held.Empty() {
		return grant, notInSpace(names[0])
	}
	if err := a.admitted(tx, caller, grant.Space); err != nil {
		return grant, err
	}
	missing, err := a.find(tx, &grant, names[1:])
	if err != nil {
		return grant, err
	}
	// What is outside of a token's reach is refused alike whether it exists or not.
	if limit.outside(limit.reach.Project, string(grant.Project.ID)) || limit.outside(limit.reach.Repository, grant.Repository.ID) || !limit.allows(permission) {
		return grant, limit.refusal()
	}
	decision := grant.Held.Decide(permission, string(grant.Project.ID))
	if !decision.Allowed {
		return grant, fault.Deniedf("%s", decision.Reason())
	}
	if missing != nil {
		return grant, missing
	}
	grant.Reason = decision.Reason()
	return grant, nil
}

// find looks up the project and the repository that are named. What is missing is no
// error yet: who may not look is not told.
func (a *Authorizer) find(tx *database.ReadTx, grant *Grant, names []string) (missing, err error) {
	if len(names) > 0 {
		grant.Project, err = a.Spaces.LookupProject(tx, grant.Space.ID, names[0])
	}
	switch {
	case len(names) < 2 || err != nil:
	case a.Repository == nil:
		err = fault.NotFoundf("no repository %q", names[1])
	default:
		grant.Repository, err = a.Repository(tx, grant.Project.ID, names[1])
	}
	if fault.Is(err, fault.NotFound) {
		return err, nil
	}
	return nil, err
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
