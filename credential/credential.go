// Package credential knows how somebody proves who they are, and for how long
// that proof is good: passwords, sessions and their tokens, personal access
// tokens, OAuth clients and grants, and codes and links mailed to an address; and
// the keys by which Sallyport itself proves what it vouches for.
//
// It owns the tables sessions, tokens, access_tokens and what is known of their
// use, clients, device_codes, authorization_codes, verifications and signing_keys.
// Who somebody is belongs to package
// directory, what they may do to others.
//
//	password ──────────────> browser session ── approves ──┐
//	                                                       v
//	client ── device code or authorization code ──> client session
//	                                                 │        │
//	                                            access token  refresh token ──> the next of both
//
// Nothing here can be used by reading the database. What Sallyport makes is
// stored as SHA-256, what people choose as argon2id, what is short as a keyed
// hash, where somebody came from sealed.
//
// A refusal that must be remembered, such as a wrong code that counts, comes
// back marked by [fault.Kept]: the caller commits and then answers it.
package credential

import (
	"sync"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// Store reads and changes credentials. It is safe for concurrent use.
type Store struct {
	Keys *seal.Keys

	live      database.Memo[string, liveSession]  // by a token's hash
	presented database.Memo[[32]byte, *Presented] // likewise
	shutOut   database.Memo[inSpace, bool]
	signing   sync.Map // SigningKeyID to *rsa.PrivateKey: parsing checks much
}

func (s *Store) key(tx *database.ReadTx) (*seal.Key, error) { return s.Keys.Key(tx, seal.Directory) }

// What OAuth tells apart: RFC 6749 section 5.2, RFC 7591 section 3.2.2 and
// RFC 8628 section 3.5.
const (
	ReasonAuthorizationPending  fault.Reason = "authorization_pending"
	ReasonSlowDown              fault.Reason = "slow_down"
	ReasonExpiredToken          fault.Reason = "expired_token"
	ReasonAccessDenied          fault.Reason = "access_denied"
	ReasonInvalidGrant          fault.Reason = "invalid_grant"
	ReasonInvalidClient         fault.Reason = "invalid_client"
	ReasonUnauthorizedClient    fault.Reason = "unauthorized_client"
	ReasonUnsupportedGrantType  fault.Reason = "unsupported_grant_type"
	ReasonInvalidScope          fault.Reason = "invalid_scope"
	ReasonInvalidRequest        fault.Reason = "invalid_request"
	ReasonInvalidRedirectURI    fault.Reason = "invalid_redirect_uri"
	ReasonInvalidClientMetadata fault.Reason = "invalid_client_metadata"
)

// refusef is a refusal in OAuth's terms.
func refusef(reason fault.Reason, format string, args ...any) error {
	classify := fault.Invalidf
	switch reason {
	case ReasonAuthorizationPending:
		classify = fault.Pendingf
	case ReasonInvalidClient:
		classify = fault.Unauthenticatedf
	case ReasonAccessDenied:
		classify = fault.Deniedf
	case ReasonSlowDown:
		classify = fault.Throttledf
	}
	return fault.WithReason(reason, classify(format, args...))
}
