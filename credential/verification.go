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
	resendAfter   = 5 * time.Minute
	mailDay       = 24 * time.Hour
	maxWrongCodes = 5
	// verifiedLifetime is how long a proven address may wait for the rest of a form.
	verifiedLifetime = 30 * time.Minute
)

// purpose is what an address is proven for. What is mailed for one serves no
// other and is counted by itself, so that nobody can keep a link from somebody by
// signing up with their address.
type purpose struct {
	name     string
	lifetime time.Duration
	perDay   int // mails to one address
}

// Six digits can be guessed, so there are few of them a day. A link cannot, and
// whoever could use up an owner's links would keep them out: only the five
// minutes between two bound those.
var (
	signUp = purpose{"sign-up", 10 * time.Minute, 5}
	reset  = purpose{"reset", 15 * time.Minute, int(mailDay / resendAfter)}
	// Who is mailed this has not asked for it, and reads it some day.
	firstPassword = purpose{"first-password", FirstPasswordLifetime, int(mailDay / resendAfter)}
)

// FirstPasswordLifetime is how long what an administrator gives somebody to choose their
// first password with is good.
const FirstPasswordLifetime = 7 * 24 * time.Hour

// VerificationID names a verification. Whoever has it and the code has shown
// that the address is theirs.
type VerificationID string

// Verification is a code or link on its way to an address.
type Verification struct {
	ID        VerificationID
	Email     string
	ExpiresAt time.Time
}

const verificationEmail = "verifications.email_sealed"

// StartVerification makes the six digits to mail to an address that somebody
// signs up with. Within five minutes of the last ones for the address, and after
// five in a day, it is Throttled: with five tries each, six digits stay as hard
// to guess as that. It neither knows nor tells whether somebody has an account
// under the address.
func (s *Store) StartVerification(tx *database.Tx, email string) (Verification, string, error) {
	id := newVerificationID()
	code, err := sixDigits()
	if err != nil {
		return Verification{}, "", err
	}
	hash, err := s.hashCode(&tx.ReadTx, id, code)
	if err != nil {
		return Verification{}, "", err
	}
	verification, err := s.addVerification(tx, signUp, id, email, hash)
	return verification, code, err
}

func newVerificationID() VerificationID { return VerificationID(uuid.NewString()) }

func (s *Store) addVerification(tx *database.Tx, of purpose, id VerificationID, email string, secretHash []byte) (Verification, error) {
	email, err := directory.ParseEmail(email)
	if err != nil {
		return Verification{}, err
	}
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return Verification{}, err
	}
	emailHash, err := directory.HashEmail(key, email)
	if err != nil {
		return Verification{}, err
	}
	if err := of.checkRoom(&tx.ReadTx, emailHash); err != nil {
		return Verification{}, err
	}
	sealed, err := key.Seal(verificationEmail, string(id), []byte(email))
	if err != nil {
		return Verification{}, err
	}
	verification := Verification{ID: id, Email: email, ExpiresAt: tx.Now().Add(of.lifetime)}
	_, err = tx.Exec(`insert into verifications (id, purpose, email_sealed, email_hash, secret_hash, attempts, sent_at, expires_at) values ($1, $2, $3, $4, $5, 0, $6, $7)`,
		id, of.name, sealed, emailHash, secretHash, database.Time(tx.Now()), database.Time(verification.ExpiresAt))
	return verification, err
}

// checkRoom refuses another mail to an address, and says when one can be sent.
func (p purpose) checkRoom(tx *database.ReadTx, emailHash []byte) error {
	sent, err := database.All(tx, database.Value[database.Time], `select sent_at from verifications
		where email_hash = $1 and purpose = $2 and sent_at > $3 order by sent_at desc limit $4`,
		emailHash, p.name, database.Time(tx.Now().Add(-mailDay)), p.perDay)
	if err != nil || len(sent) == 0 {
		return err
	}
	if len(sent) == p.perDay {
		again := time.Time(sent[p.perDay-1]).Add(mailDay)
		return fault.Throttledf("%d mails of this kind were sent to this address within a day; another can be sent on %s UTC", p.perDay, again.Format("2 January at 15:04:05"))
	}
	if again := time.Time(sent[0]).Add(resendAfter); tx.Now().Before(again) {
		return fault.Throttledf("a mail was sent to this address a short while ago; another can be sent at %s UTC", again.Format("15:04:05"))
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
	return key.Hash("verifications.secret_hash", []byte(string(id)+" "+code))
}

// Verify takes the code somebody found in their mail and returns the address it
// proves. A wrong one counts, which is kept, and after five the right one is
// refused as well.
func (s *Store) Verify(tx *database.Tx, id VerificationID, code string) (string, error) {
	held, err := s.findSignUp(&tx.ReadTx, id)
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
	if subtle.ConstantTimeCompare(hash, held.secretHash) != 1 {
		return "", held.countWrong(tx)
	}
	_, err = tx.Exec(`update verifications set verified_at = $2, expires_at = $3 where id = $1 and verified_at is null`,
		id, database.Time(tx.Now()), database.Time(tx.Now().Add(verifiedLifetime)))
	return held.email, err
}

// Verified returns the address of a verification whose code was given, so that
// somebody can go on from there.
func (s *Store) Verified(tx *database.ReadTx, id VerificationID) (string, error) {
	held, err := s.findSignUp(tx, id)
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
	return email, s.useUp(tx, signUp, email)
}

// useUp ends everything that was mailed to an address for a purpose, now that it
// has served. The rows stay to be counted.
func (s *Store) useUp(tx *database.Tx, of purpose, email string) error {
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return err
	}
	hash, err := directory.HashEmail(key, email)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update verifications set expires_at = $3 where email_hash = $1 and purpose = $2 and expires_at > $3`, hash, of.name, database.Time(tx.Now()))
	return err
}

type heldVerification struct {
	id         VerificationID
	user       directory.UserID // of a link for one user
	email      string
	secretHash []byte
	attempts   int
	verified   bool
}

func (s *Store) findSignUp(tx *database.ReadTx, id VerificationID) (heldVerification, error) {
	held, err := s.findVerification(tx, signUp, `id`, id)
	if errors.Is(err, database.ErrNone) {
		return held, fault.NotFoundf("the verification has expired or never began: ask for a new code")
	}
	return held, err
}

// findVerification finds what is still good by one of its unique columns.
func (s *Store) findVerification(tx *database.ReadTx, of purpose, column string, value any) (heldVerification, error) {
	key, err := s.key(tx)
	if err != nil {
		return heldVerification{}, err
	}
	scan := func(row database.Row) (v heldVerification, err error) {
		var email []byte
		if err := row.Scan(&v.id, &v.user, &email, &v.secretHash, &v.attempts, &v.verified); err != nil {
			return v, err
		}
		email, err = key.Open(verificationEmail, string(v.id), email)
		v.email = string(email)
		return v, err
	}
	return database.One(tx, scan, `select id, coalesce(user_id, ''), email_sealed, secret_hash, attempts, verified_at is not null from verifications
		where `+column+` = $1 and purpose = $2 and expires_at > $3`, value, of.name, database.Time(tx.Now()))
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
