package credential

import (
	"errors"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// StartReset makes the token of a link that replaces a forgotten password, to be
// mailed to an address. A reset begins a session without the password, so
// unlike a code it is too long to be guessed, however often somebody tries (OWASP
// Forgot Password Cheat Sheet). Links are limited like the codes of
// [Store.StartVerification].
func (s *Store) StartReset(tx *database.Tx, email string) (Verification, Token, error) {
	token := NewToken(ResetLink)
	verification, err := s.addVerification(tx, reset, newVerificationID(), email, HashToken(string(token)))
	return verification, token, err
}

// ResetEmail is the address a link was mailed to. It leaves the link as it is,
// for a look before what is slow. One that was used or has expired is NotFound.
func (s *Store) ResetEmail(tx *database.ReadTx, token string) (string, error) {
	unknown := fault.NotFoundf("the link is not good, or not any more: ask for another")
	hash, ok := hashOf(token, ResetLink)
	if !ok {
		return "", unknown
	}
	held, err := s.findVerification(tx, reset, `secret_hash`, hash)
	if errors.Is(err, database.ErrNone) {
		return "", unknown
	}
	return held.email, err
}

// ConsumeReset is [Store.ResetEmail] for the last time: neither this link nor
// another one to the address can be used again.
func (s *Store) ConsumeReset(tx *database.Tx, token string) (string, error) {
	email, err := s.ResetEmail(&tx.ReadTx, token)
	if err != nil {
		return "", err
	}
	return email, s.useUp(tx, reset, email)
}
