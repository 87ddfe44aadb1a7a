package authz

import (
	"time"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
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

// admitted refuses a token that a space does not let in, to members of it.
func (a *Authorizer) admitted(tx *database.ReadTx, caller authn.Caller, in space.Ref) error {
	token := caller.Token
	if token == nil {
		return nil
	}
	if in.TokenLifetime > 0 && token.Lifetime() > in.TokenLifetime {
		return fault.WithReason(ReasonToken, fault.Deniedf("the space %s admits personal access tokens that were made for %d days at most, and this one was made for %.1f: create one that ends sooner",
			in.Name, in.TokenLifetime/day, float64(token.Lifetime())/float64(day)))
	}
	out, err := a.Credentials.IsShutOut(tx, string(in.ID), token)
	if err == nil && out {
		return fault.WithReason(ReasonToken, fault.Deniedf("a Space administrator has shut this personal access token, and every one it is rotated into, out of the space %s: ask them to readmit it", in.Name))
	}
	return err
}

const day = 24 * time.Hour

func (l limit) refusal() error {
	return fault.WithReason(ReasonToken, fault.Deniedf("the personal access token is limited to %s: use one that reaches further", l.reach))
}
