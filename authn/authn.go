// Package authn says who sent a request.
//
// A request carries at most one [Credential]. It is checked in the transaction
// the request is decided in, so a session that was ended, or a user who was
// deleted, is refused by the very next request on every node.
package authn

import (
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// Scheme is how a credential was presented.
type Scheme uint8

const (
	None Scheme = iota
	// Bearer is an access token in the Authorization header (RFC 6750).
	Bearer
	// Cookie is a browser's session token.
	Cookie
)

// Credential is what a request presents. The zero one is none.
type Credential struct {
	Scheme Scheme
	Token  string
}

// Caller is who asks. The zero Caller is a stranger.
type Caller struct {
	credential.Identity
}

// Known tells whether the caller has signed in.
func (c Caller) Known() bool { return c.UserID != "" }

// Verifier checks credentials.
type Verifier struct {
	Credentials *credential.Store
}

// Caller returns who presents this credential: a stranger when there is none,
// a fault of kind Unauthenticated when it is not, or no longer, good.
func (v *Verifier) Caller(tx *database.ReadTx, c Credential) (Caller, error) {
	if c.Scheme == None {
		return Caller{}, nil
	}
	identity, err := v.Credentials.Authenticate(tx, c.Token)
	if err != nil {
		return Caller{}, err
	}
	// A token stolen from one door must not open another: a browser's is
	// good as a cookie alone, a client's as a bearer token alone.
	if browser := identity.Kind == credential.Browser; browser != (c.Scheme == Cookie) {
		return Caller{}, fault.Unauthenticatedf("the token is not of the kind that is accepted here: clients present access tokens, browsers their session")
	}
	return Caller{identity}, nil
}
