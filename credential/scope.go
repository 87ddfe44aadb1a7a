package credential

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// What a client may be allowed to do on somebody's behalf.
const (
	ScopeCodeCatalyst = "codecatalyst:read_write"
	ScopePortal       = "sso:account:access"
	ScopeManage       = "sallyport:manage"
)

// ScopeBrowser is a scope no client is ever granted: of what is done where somebody
// signs in.
const ScopeBrowser = "browser"

// offers tells whether a scope is anything to a user of this identity store; empty:
// to a Builder ID user. Spaces, and what there is to manage about them, are Builder
// ID users'; the portal is not.
func offers(store directory.StoreID, scope string) bool {
	return scope == ScopeBrowser || (scope == ScopePortal) == (store != "")
}

// Check refuses an identity what is not within its scopes. A browser speaks for its
// user entirely, a client within what it was granted, and nobody for more than
// their kind of user has.
func (i Identity) Check(scope string) error {
	switch {
	case !offers(i.Store, scope) && i.Store == "":
		return fault.WithReason(ReasonOtherUsers, fault.Deniedf("AWS accounts are assigned to users of an identity store, and you are signed in with your own account: sign in as a user of the identity store"))
	case !offers(i.Store, scope):
		return fault.WithReason(ReasonOtherUsers, fault.Deniedf("this is not for users of an identity store: sign in with an account of your own"))
	case i.Kind != Browser && !slices.Contains(i.Scopes, scope):
		return fault.Deniedf("this sign-in was not granted the scope %s: sign in again and ask for it", scope)
	}
	return nil
}

// ReasonOtherUsers marks the refusal of what the other kind of user is there for.
const ReasonOtherUsers fault.Reason = "other_users"

// Grant is what of these scopes somebody can let a client have that was told the
// start URL of an identity store, or of none: a client may ask for what is of use to
// one kind of user alone. Where that is nothing they are Denied.
func (i Identity) Grant(scopes []string, store directory.StoreID) ([]string, error) {
	if i.Store != "" && store != "" && i.Store != store {
		return nil, fault.WithReason(ReasonOtherUsers, fault.Deniedf("the program asks for a user of the identity store %s, and you are one of %s: sign in there", store, i.Store))
	}
	of := slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !offers(i.Store, scope) })
	if len(of) == 0 {
		return nil, i.Check(scopes[0])
	}
	return of, nil
}

var knownScopes = []string{ScopeCodeCatalyst, ScopePortal, ScopeManage}

// parseScopes checks what was asked for, and drops repetitions.
func parseScopes(asked []string) ([]string, error) {
	var scopes []string
	for _, scope := range asked {
		if !slices.Contains(knownScopes, scope) {
			return nil, refusef(ReasonInvalidScope, "scope %.100q is not known; there are %s", scope, strings.Join(knownScopes, ", "))
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

// within checks that nothing is asked for beyond what was granted.
func within(asked, granted []string) error {
	for _, scope := range asked {
		if !slices.Contains(granted, scope) {
			return refusef(ReasonInvalidScope, "scope %.100q is beyond what was granted: %s", scope, strings.Join(granted, ", "))
		}
	}
	return nil
}
