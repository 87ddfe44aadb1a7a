package authz

import (
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
)

// ReasonToken marks the refusal of what the caller's personal access token is not
// good for, whatever they may do themselves. It tells of nothing but the token.
const ReasonToken fault.Reason = "access_token"

// limit is what the caller's personal access token confines them to. The zero one is
// nothing: there is no token, or one without limits.
type limit struct{ reach credential.Reach }

func limitOf(caller authn.Caller) limit {
	if caller.Token == nil {
		return limit{}
	}
	return limit{caller.Token.Reach}
}

// outside tells whether a token that is limited to one thing of a kind is used for
// another, or for what names none.
func (l limit) outside(only, id string) bool { return only != "" && only != id }

// allows: a token for reading does what somebody who may only read does.
func (l limit) allows(p role.Permission) bool {
	return !l.reach.ReadOnly || p.Roles()&role.ReadOnly != 0
}

func (l limit) refusal() error {
	return fault.WithReason(ReasonToken, fault.Deniedf("the personal access token is limited to %s: use one that reaches further", l.reach))
}
