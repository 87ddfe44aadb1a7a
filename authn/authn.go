// Package authn says who sent a request.
//
// A request carries at most one [Credential]. It is checked in the transaction
// the request is decided in, so a session that was ended, a user who was
// deleted or a key that was switched off is refused by the very next request on
// every node.
package authn

import (
	"crypto/sha256"
	"crypto/subtle"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
)

// Scheme is how a credential was presented.
type Scheme uint8

const (
	None Scheme = iota
	// Bearer is an access token in the Authorization header (RFC 6750).
	Bearer
	// Cookie is a browser's session token.
	Cookie
	// Signed is a signature with an access key of an account.
	Signed
	// Basic is an alias with a personal access token as its password (RFC 7617).
	Basic
	// InProcess is the mark of a request that Sallyport makes to itself.
	InProcess
)

// Credential is what a request presents. The zero one is none.
type Credential struct {
	Scheme    Scheme
	Token     string     // of Bearer, Cookie and Basic
	Alias     string     // of Basic: whose token it is
	Signature *Signature // of Signed
	Service   Service    // of InProcess
	// Acting is, of Cookie, the role that the session's user acts in for this request;
	// nil: as themselves. Pages choose it for whoever sits before them.
	Acting    *Acting
	Malformed error // why what is presented is no credential at all; nil: it is one
}

// Acting is a role of an account that is assigned to a user of an identity store.
type Acting struct {
	Account account.ID
	Role    string // the permission set's name
}

// Caller is who asks: a user of the directory, or a principal of an account. The
// zero Caller is a stranger.
type Caller struct {
	credential.Identity
	Token *credential.AccessToken // that was presented, and limits what they may do; nil: none. Shared, not to be modified

	Principal *account.Principal // of who signed: shared, not to be modified
	Region    string             // for which it signed
	SourceARN string             // of a service: on whose behalf it asks
}

// Known tells whether the caller is somebody.
func (c Caller) Known() bool { return c.UserID != "" || c.Principal != nil }

// Verifier checks credentials.
type Verifier struct {
	Credentials *credential.Store
	Accounts    *account.Store
	Centers     *identitycenter.Store
	Region      string // of this server, for which pages ask
}

// Caller returns who presents this credential: a stranger when there is none,
// a fault of kind Unauthenticated when it is not, or no longer, good. Whoever is
// Denied the role they would act in is returned with the fault, for the log.
func (v *Verifier) Caller(tx *database.ReadTx, c Credential) (Caller, error) {
	switch {
	case c.Malformed != nil:
		return Caller{}, c.Malformed
	case c.Scheme == None:
		return Caller{}, nil
	case c.Scheme == Signed:
		return v.signer(tx, c.Signature)
	case c.Scheme == Basic:
		presented, err := v.Credentials.AuthenticateAccessToken(tx, c.Alias, c.Token)
		if err != nil {
			return Caller{}, err
		}
		return Caller{Identity: presented.Identity, Token: &presented.Token}, nil
	case c.Scheme == InProcess:
		return c.Service.Caller(), nil
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
	if c.Acting != nil {
		return v.acting(tx, identity, *c.Acting)
	}
	return Caller{Identity: identity}, nil
}

// acting makes somebody the role that is assigned to them. It is looked up anew each
// time: what was taken away is refused by the next request.
func (v *Verifier) acting(tx *database.ReadTx, by credential.Identity, as Acting) (Caller, error) {
	if by.Store == "" {
		return Caller{Identity: by}, fault.Deniedf("roles of accounts are assigned to users of identity stores, and you are none")
	}
	p, err := v.Centers.Act(tx, identitycenter.StoreID(by.Store), by.UserID, as.Account, as.Role)
	if err != nil {
		return Caller{Identity: by}, err
	}
	return Caller{Principal: p, Region: v.Region}, nil
}

var errToken = fault.WithReason(ReasonUnknownAccessKey, fault.Unauthenticatedf("The security token included in the request is invalid."))

func (v *Verifier) signer(tx *database.ReadTx, s *Signature) (Caller, error) {
	signer, err := v.Accounts.Signer(tx, s.AccessKeyID)
	if fault.Is(err, fault.NotFound) {
		return Caller{}, errToken
	}
	if err != nil {
		return Caller{}, err
	}
	if err := s.Verify(signer.Secret, tx.Now()); err != nil {
		return Caller{}, err
	}
	// A temporary key is good with its token alone, any other without.
	if signer.TokenHash == nil && s.SessionToken != "" {
		return Caller{}, errToken
	}
	if hash := sha256.Sum256([]byte(s.SessionToken)); signer.TokenHash != nil && subtle.ConstantTimeCompare(hash[:], signer.TokenHash) != 1 {
		return Caller{}, errToken
	}
	if p := &signer.Principal; p.Session != nil && !tx.Now().Before(p.ExpiresAt) {
		return Caller{}, fault.WithReason(ReasonExpiredToken, fault.Unauthenticatedf("The security token included in the request is expired: it ended at %s, ask for new credentials", p.ExpiresAt.UTC().Format("2006-01-02T15:04:05Z")))
	}
	return Caller{Principal: &signer.Principal, Region: s.Region}, nil
}
