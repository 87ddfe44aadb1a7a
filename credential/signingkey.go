package credential

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/database"
)

// SigningKeyID is how tokens name the key that signed them.
type SigningKeyID string

// SigningKey is one by which others verify what Sallyport vouches for. All nodes sign
// with the same one: the newest whose SignsFrom has come.
//
//	made ─ announced ─> signs ─ signingLifetime ─> the next one signs ─ retained ─> gone
type SigningKey struct {
	ID        SigningKeyID
	Public    *rsa.PublicKey
	CreatedAt time.Time
	SignsFrom time.Time
}

// How long keys last. They are published before they sign, because who verifies may
// keep the list for a while, and after, because what they signed is still good.
const (
	SigningLifetime  = 30 * 24 * time.Hour
	announced        = 24 * time.Hour
	retained         = 24 * time.Hour // much longer than any token
	signingKeyBits   = 2048           // what AWS takes, and NIST SP 800-131A until 2030
	signingKeyColumn = "signing_keys.private_sealed"
)

// NewSigningKey is a key on its way to become one of those that sign. Making it takes a
// while, so it is made outside of transactions.
type NewSigningKey struct{ private *rsa.PrivateKey }

// MakeSigningKey makes one that nobody can guess.
func MakeSigningKey() (NewSigningKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, signingKeyBits)
	return NewSigningKey{private}, err
}

// SigningKeyDue tells whether it is time for another key.
func (s *Store) SigningKeyDue(tx *database.ReadTx) (bool, error) {
	_, due, err := s.nextSigningKey(tx)
	return due, err
}

// nextSigningKey is from when another key would sign, and whether it is time to make it.
// The first one signs at once.
func (s *Store) nextSigningKey(tx *database.ReadTx) (from time.Time, due bool, err error) {
	var newest database.Time
	newest, err = database.One(tx, database.Value[database.Time], `select signs_from from signing_keys order by signs_from desc limit 1`)
	switch {
	case errors.Is(err, database.ErrNone):
		return tx.Now(), true, nil
	case err != nil:
		return time.Time{}, false, err
	}
	// After a long sleep it still has to be announced first.
	from = time.Time(newest).Add(SigningLifetime)
	if soonest := tx.Now().Add(announced); from.Before(soonest) {
		from = soonest
	}
	return from, !tx.Now().Before(time.Time(newest).Add(SigningLifetime - announced)), nil
}

// AddSigningKey lets a key sign once it has been announced, if it is still time for
// another: of several nodes that made one, one is taken. It forgets those that have
// been retired for long enough.
func (s *Store) AddSigningKey(tx *database.Tx, n NewSigningKey) error {
	from, due, err := s.nextSigningKey(&tx.ReadTx)
	if err != nil || !due {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&n.private.PublicKey)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(n.private)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(public)
	id := SigningKeyID(base64.RawURLEncoding.EncodeToString(sum[:]))
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(signingKeyColumn, string(id), private)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into signing_keys (id, public_key, private_sealed, created_at, signs_from) values ($1, $2, $3, $4, $5)`,
		id, public, sealed, database.Time(tx.Now()), database.Time(from)); err != nil {
		return err
	}
	// A key is retired from when a later one signs.
	_, err = tx.Exec(`delete from signing_keys where signs_from < (select max(signs_from) from signing_keys where signs_from <= $1)`, database.Time(tx.Now().Add(-retained)))
	return err
}

// SigningKeys are those to verify with, those to come among them, the oldest first.
func (s *Store) SigningKeys(tx *database.ReadTx) ([]SigningKey, error) {
	return database.All(tx, func(row database.Row) (k SigningKey, err error) {
		var public []byte
		if err := row.Scan(&k.ID, &public, (*database.Time)(&k.CreatedAt), (*database.Time)(&k.SignsFrom)); err != nil {
			return k, err
		}
		parsed, err := x509.ParsePKIXPublicKey(public)
		k.Public, _ = parsed.(*rsa.PublicKey)
		if err == nil && k.Public == nil {
			err = fmt.Errorf("the signing key %s is not of RSA", k.ID)
		}
		return k, err
	}, `select id, public_key, created_at, signs_from from signing_keys
		where signs_from >= coalesce((select max(signs_from) from signing_keys where signs_from <= $1), 0) order by signs_from`,
		database.Time(tx.Now().Add(-retained)))
}

// SigningKey is the one that signs now.
func (s *Store) SigningKey(tx *database.ReadTx) (SigningKeyID, *rsa.PrivateKey, error) {
	type row struct {
		id     SigningKeyID
		sealed []byte
	}
	found, err := database.One(tx, func(r database.Row) (k row, err error) { return k, r.Scan(&k.id, &k.sealed) },
		`select id, private_sealed from signing_keys where signs_from <= $1 order by signs_from desc limit 1`, database.Time(tx.Now()))
	if err != nil {
		return "", nil, fmt.Errorf("signing key: %w", err)
	}
	if private, known := s.signing.Load(found.id); known {
		return found.id, private.(*rsa.PrivateKey), nil
	}
	key, err := s.key(tx)
	if err != nil {
		return "", nil, err
	}
	plain, err := key.Open(signingKeyColumn, string(found.id), found.sealed)
	if err != nil {
		return "", nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	private, ok := parsed.(*rsa.PrivateKey)
	if err == nil && !ok {
		err = fmt.Errorf("the signing key %s is not of RSA", found.id)
	}
	if err == nil {
		s.signing.Store(found.id, private)
	}
	return found.id, private, err
}
