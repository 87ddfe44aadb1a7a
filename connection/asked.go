package connection

import (
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/fault"
)

// Asked is what a space asks of an account's side, as far as its verification token is
// concerned: a connection, or a pipeline.
type Asked struct {
	Account              account.ID
	Region               string
	State                State
	ExpiresAt, DecidedAt time.Time
}

// NoRequest is what a token meets that no request has.
var NoRequest = fault.NotFoundf("no request of a space has this verification token: check that all of it was copied")

// TokenHash is what a verification token is looked up by.
func TokenHash(token string) ([]byte, error) {
	if kind, err := credential.ParseToken(token); err != nil || kind != credential.ConnectionRequest {
		return nil, NoRequest
	}
	return credential.HashToken(token), nil
}

// Answerable is nil where this account's side, signed in for this Region, can accept or
// reject with the token.
func (a Asked) Answerable(by account.ID, region string) error {
	switch {
	case a.Account != by:
		return fault.Deniedf("the verification token is for another account than %s, which you are signed in to: sign in to the account that the space asked for", by)
	case region != a.Region:
		return fault.Invalidf("the request is of a space in the Region %s, and yours is signed for %s: choose the Region of the space", a.Region, region)
	case a.State == Expired:
		return fault.Conflictf("the verification token has expired, on %s: the space has to ask again", a.ExpiresAt.UTC().Format("2 January 2006 at 15:04 UTC"))
	case a.State == Deleted && a.DecidedAt.IsZero():
		return fault.Conflictf("the space has withdrawn its request: it has to ask again")
	case a.State != Pending:
		return fault.Conflictf("the verification token was used, on %s: it is good once", a.DecidedAt.UTC().Format("2 January 2006 at 15:04 UTC"))
	}
	return nil
}
