package credential

import (
	"slices"
	"strings"
)

// What a client may be allowed to do on somebody's behalf.
const (
	ScopeCodeCatalyst = "codecatalyst:read_write"
	ScopePortal       = "sso:account:access"
	ScopeManage       = "sallyport:manage"
)

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
