package credential

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

const (
	verificationLifetime = 10 * time.Minute
	resendAfter          = 5 * time.Minute
	maxWrongCodes        = 5
	// verifiedLifetime is how long a proven address may wait for the rest of a form.
	verifiedLifetime = 30 * time.Minute
)

// VerificationID names a verification. Whoever has it and the code has shown
// that the address is theirs.
type VerificationID string

// Verification is a code on its way to an address.
type Verification struct {
	ID        VerificationID
	Email     string
	ExpiresAt time.Time
}

const verificationEmail = "verifications.email_sealed"

// StartVerification makes the six digits to mail to an address. Within five
// minutes of the last ones for the address it is Throttled. It neither knows nor
// tells whether somebody has an account under the address.
func (s *Store) StartVerification(tx *database.Tx, email string) (Verification, string, error) {
	email, err := directory.ParseEmail(email)
	if err != nil {
		return Verification{}, "", err
	}
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return Verification{}, "", err
	}
	emailHash, err := directory.HashEmail(key, email)
	if err != nil {
		return Verification{}, "", err
	}
	if err := checkResend(&tx.ReadTx, emailHash); err != nil {
		return Verification{}, "", err
	}
	verification := Verification{ID: VerificationID(uuid.NewString()), Email: email, ExpiresAt: tx.Now().Add(verificationLifetime)}
	code, err := sixDigits()
	if err != nil {
		return Verification{}, "", err
	}
	codeHash, err := s.hashCode(&tx.ReadTx, verification.ID, code)
	if err != nil {
		return Verification{}, "", err
	}
	sealed, err := key.Seal(verificationEmail, string(verification.ID), []byte(email))
	if err != nil {
		return Verification{}, "", err
	}
	_, err = tx.Exec(`insert into verifications (id, email_sealed, email_hash, code_hash, attempts, sent_at, expires_at) values ($1, $2, $3, $4, 0, $5, $6)`,
		verification.ID, sealed, emailHash, codeHash, database.Time(tx.Now()), database.Time(verification.ExpiresAt))
	return verification, code, err
}

func checkResend(tx *database.ReadTx, emailHash []byte) error {
	sent, err := database.One(tx, database.Value[database.Time], `select max(sent_at) from verifications where email_hash = $1`, emailHash)
	if err != nil {
		return err
	}
	if again := time.Time(sent).Add(resendAfter); tx.Now().Before(again) {
		return fault.Throttledf("a code was sent to this address a short while ago; another can be sent at %s UTC", again.Format("15:04:05"))
	}
	return nil
}

func sixDigits() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", n), nil
}

// hashCode binds a code to its verification, so that equal codes look different.
func (s *Store) hashCode(tx *database.ReadTx, id VerificationID, code string) ([]byte, error) {
	key, err := s.key(tx)
	if err != nil {
		return nil, err
	}
	return key.Hash("verifications.code_hash", []byte(string(id)+" "+code))
}

// Verify takes the code somebody found in their mail and returns the address it
// proves. A wrong one counts, which is kept, and after five the right one is
// refused as well.
func (s *Store) Verify(tx *database.Tx, id VerificationID, code string) (string, error) {
	held, err := s.findVerification(&tx.ReadTx, id)
	if err != nil {
		return "", err
	}
	if held.attempts >= maxWrongCodes {
		return "", fault.Invalidf("too many wrong codes: ask for a new one")
	}
	hash, err := s.hashCode(&tx.ReadTx, id, code)
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare(hash, held.codeHash) != 1 {
		return "", held.countWrong(tx)
	}
	_, err = tx.Exec(`update verifications set verified_at = $2, expires_at = $3 where id = $1`, id, database.Time(tx.Now()), database.Time(tx.Now().Add(verifiedLifetime)))
	return held.email, err
}

// Verified returns the address of a verification whose code was given, so that
// somebody can go on from there.
func (s *Store) Verified(tx *database.ReadTx, id VerificationID) (string, error) {
	held, err := s.findVerification(tx, id)
	if err != nil {
		return "", err
	}
	if !held.verified {
		return "", fault.Invalidf("the address is not verified yet: give the code that was mailed to it")
	}
	return held.email, nil
}

// Consume is [Store.Verified] for the last time: the address cannot be used again.
func (s *Store) Consume(tx *database.Tx, id VerificationID) (string, error) {
	email, err := s.Verified(&tx.ReadTx, id)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(`delete from verifications where id = $1`, id)
	return email, err
}

type heldVerification struct {
	id       VerificationID
	email    string
	codeHash []byte
	attempts int
	verified bool
}

func (s *Store) findVerification(tx *database.ReadTx, id VerificationID) (heldVerification, error) {
	key, err := s.key(tx)
	if err != nil {
		return heldVerification{}, err
	}
	scan := func(row database.Row) (v heldVerification, err error) {
		var email []byte
		if err := row.Scan(&v.id, &email, &v.codeHash, &v.attempts, &v.verified); err != nil {
			return v, err
		}
		email, err = key.Open(verificationEmail, string(v.id), email)
		v.email = string(email)
		return v, err
	}
	held, err := database.One(tx, scan, `select id, email_sealed, code_hash, attempts, verified_at is not null from verifications where id = $1 and expires_at > $2`,
		id, database.Time(tx.Now()))
	if errors.Is(err, database.ErrNone) {
		return held, fault.NotFoundf("the verification has expired or never began: ask for a new code")
	}
	return held, err
}

func (v heldVerification) countWrong(tx *database.Tx) error {
	if _, err := tx.Exec(`update verifications set attempts = $2 where id = $1`, v.id, v.attempts+1); err != nil {
		return err
	}
	left := maxWrongCodes - v.attempts - 1
	if left == 0 {
		return fault.Kept(fault.Invalidf("this is not the code, and it was the last try: ask for a new one"))
	}
	return fault.Kept(fault.Invalidf("this is not the code that was mailed; tries left: %d", left))
}
