package credential

import (
	"errors"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
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

// StartFirstPassword is [Store.StartReset] for one user of an identity store, whom an
// administrator lets choose a password. It ends the links that were mailed to them
// before, maybe to another address.
func (s *Store) StartFirstPassword(tx *database.Tx, user directory.UserID, email string) (Verification, Token, error) {
	token := NewToken(ResetLink)
	verification, err := s.addVerification(tx, firstPassword, newVerificationID(), email, HashToken(string(token)))
	if err != nil {
		return verification, "", err
	}
	if err := s.EndLinks(tx, user); err != nil {
		return verification, "", err
	}
	_, err = tx.Exec(`update verifications set user_id = $2 where id = $1`, verification.ID, user)
	return verification, token, err
}

// EndLinks ends the links with which one user's password could be set.
func (s *Store) EndLinks(tx *database.Tx, user directory.UserID) error {
	_, err := tx.Exec(`update verifications set expires_at = $2 where user_id = $1 and expires_at > $2`, user, database.Time(tx.Now()))
	return err
}

// Reset is whose password a link replaces: that of one user, or of whoever has the
// address.
type Reset struct {
	User  directory.UserID
	Email string
}

// Reset is what a link is good for. It leaves the link as it is, for a look before
// what is slow. One that was used or has expired is NotFound.
func (s *Store) Reset(tx *database.ReadTx, token string) (Reset, error) {
	unknown := fault.NotFoundf("the link is not good, or not any more: ask for another")
	hash, ok := hashOf(token, ResetLink)
	if !ok {
		return Reset{}, unknown
	}
	held, err := s.findVerification(tx, reset, `secret_hash`, hash)
	if errors.Is(err, database.ErrNone) {
		held, err = s.findVerification(tx, firstPassword, `secret_hash`, hash)
	}
	if errors.Is(err, database.ErrNone) {
		return Reset{}, unknown
	}
	return Reset{held.user, held.email}, err
}

// ConsumeReset is [Store.Reset] for the last time: neither this link nor another
// one to the address, or for the user, can be used again.
func (s *Store) ConsumeReset(tx *database.Tx, token string) (Reset, error) {
	r, err := s.Reset(&tx.ReadTx, token)
	switch {
	case err != nil:
		return Reset{}, err
	case r.User != "":
		return r, s.EndLinks(tx, r.User)
	}
	return r, s.useUp(tx, reset, r.Email)
}
