// Package seal keeps what is personal, secret or free text unreadable in the
// database.
//
// Each scope (the directory, every space, account and organization) has keys of its own: a Tink AEAD keyset
// that seals columns and a PRF keyset that hashes values for equality look-ups.
// Both are stored wrapped by the root key, which lives outside the database.
// Destroying a scope's keysets makes everything sealed under them unreadable,
// also in copies made before that do not hold the keysets table.
//
//	root key (file) ── wraps ──> keysets ── seal ──> *_sealed columns
//	                                      └─ hash ──> *_hash columns
//
// A sealed value is bound to its column and row: copied elsewhere it does not
// open.
package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/sallyport/sallyport/database"
)

// A Scope is what keys belong to.
type Scope string

// Directory is the scope of the users and of everything no space owns.
const Directory Scope = "directory"

// Space is the scope of one space.
func Space(id string) Scope { return Scope("space:" + id) }

// Account is the scope of one AWS account, Organization that of one organization.
func Account(id string) Scope      { return Scope("account:" + id) }
func Organization(id string) Scope { return Scope("organization:" + id) }

// Keys hands out the keys of scopes. It is safe for concurrent use.
type Keys struct {
	root tink.AEAD
	kept sync.Map // Scope to *Key
}

// freshness is how long a node may go on with keys it has read. A rotation on
// another node is seen after this time at the latest, and old keys are dropped
// much later than that.
const freshness = time.Minute

// Open reads the root key from the file root.key in dir. With a database that
// holds nothing sealed yet it makes one (mode 0600) when there is none; with any other it
// refuses to start without the very key that sealed it.
func Open(ctx context.Context, dir string, db *database.DB) (*Keys, error) {
	keys, err := open(ctx, dir, db)
	if err != nil {
		return nil, err
	}
	return keys, db.Read(ctx, keys.Check)
}

// errOtherRoot says that a keyset was wrapped by another root key.
var errOtherRoot = errors.New("the root key is not the one of this database: put the right root.key into the data directory")

// Check tells whether the root key is that of the database. It is to be asked
// again once the directory's keys are made: another node may have made them first.
func (k *Keys) Check(tx *database.ReadTx) error {
	_, _, err := k.read(tx, Directory)
	if errors.Is(err, database.ErrNone) {
		return nil
	}
	return err
}

func open(ctx context.Context, dir string, db *database.DB) (*Keys, error) {
	path := filepath.Join(dir, "root.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := checkNothingSealed(ctx, path, db); err != nil {
			return nil, err
		}
		text, err = newRootKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("root key %s: %w", path, err)
	}
	root, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("root key %s: %w", path, err)
	}
	return &Keys{root: root}, nil
}

// checkNothingSealed keeps a new key from being made beside a database that another
// one belongs to.
func checkNothingSealed(ctx context.Context, path string, db *database.DB) error {
	return db.Read(ctx, func(tx *database.ReadTx) error {
		scopes, err := database.One(tx, database.Value[int], `select count(*) from keysets`)
		if err == nil && scopes > 0 {
			err = fmt.Errorf("%s is missing, and this database cannot be read without it: put it back", path)
		}
		return err
	})
}

func newRootKey(path string) ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, err
	}
	// Everything sealed is lost with this file, so it is on disk, name and all,
	// before anything is sealed.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(text.Bytes())
	err = errors.Join(err, file.Sync(), file.Close(), syncDir(filepath.Dir(path)))
	return text.Bytes(), err
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// A Key seals, opens and hashes for one scope.
type Key struct {
	aead tink.AEAD
	prf  *prf.Set
	read time.Time
}

// Seal encrypts the value that will stand in a column ("users.email_sealed") of
// the row with this id.
func (k *Key) Seal(column, row string, plain []byte) ([]byte, error) {
	return k.aead.Encrypt(plain, binding(column, row))
}

// Open decrypts what Seal made for the same column and row.
func (k *Key) Open(column, row string, sealed []byte) ([]byte, error) {
	plain, err := k.aead.Decrypt(sealed, binding(column, row))
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w", column, row, err)
	}
	return plain, nil
}

// Hash is the same for equal values in the same column, and tells nothing to
// whoever lacks the key.
func (k *Key) Hash(column string, value []byte) ([]byte, error) {
	return k.prf.ComputePrimaryPRF(append(binding(column, ""), value...), 32)
}

func binding(column, row string) []byte { return []byte(column + "\x00" + row + "\x00") }

// Create makes the keys of a new scope.
func (k *Keys) Create(tx *database.Tx, scope Scope) (*Key, error) {
	sealing, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	hashing, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, err
	}
	aeadWrapped, err := k.wrap(scope, sealing)
	if err != nil {
		return nil, err
	}
	prfWrapped, err := k.wrap(scope, hashing)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`insert into keysets (scope, aead_wrapped, prf_wrapped, version, rotated_at) values ($1, $2, $3, 1, $4)`,
		string(scope), aeadWrapped, prfWrapped, database.Time(tx.Now())); err != nil {
		return nil, err
	}
	return newKey(sealing, hashing)
}

// Key returns the keys of a scope.
func (k *Keys) Key(tx *database.ReadTx, scope Scope) (*Key, error) {
	if kept, ok := k.kept.Load(scope); ok && time.Since(kept.(*Key).read) < freshness {
		return kept.(*Key), nil
	}
	sealing, hashing, err := k.read(tx, scope)
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %w", scope, err)
	}
	key, err := newKey(sealing, hashing)
	if err != nil {
		return nil, err
	}
	k.kept.Store(scope, key)
	return key, nil
}

// Destroy forgets the keys of a scope for ever, and with them everything
// sealed under them.
func (k *Keys) Destroy(tx *database.Tx, scope Scope) error {
	_, err := tx.Exec(`delete from keysets where scope = $1`, string(scope))
	k.kept.Delete(scope)
	tx.AfterCommit(func() { k.kept.Delete(scope) })
	return err
}

func (k *Keys) read(tx *database.ReadTx, scope Scope) (sealing, hashing *keyset.Handle, err error) {
	type wrapped struct{ aead, prf []byte }
	row, err := database.One(tx, func(row database.Row) (w wrapped, err error) {
		return w, row.Scan(&w.aead, &w.prf)
	}, `select aead_wrapped, prf_wrapped from keysets where scope = $1`, string(scope))
	if err != nil {
		return nil, nil, err
	}
	if sealing, err = k.unwrap(scope, row.aead); err != nil {
		return nil, nil, err
	}
	hashing, err = k.unwrap(scope, row.prf)
	return sealing, hashing, err
}

func (k *Keys) wrap(scope Scope, handle *keyset.Handle) ([]byte, error) {
	var wrapped bytes.Buffer
	err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&wrapped), k.root, []byte(scope))
	return wrapped.Bytes(), err
}

func (k *Keys) unwrap(scope Scope, wrapped []byte) (*keyset.Handle, error) {
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), k.root, []byte(scope))
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", errOtherRoot, err)
	}
	return handle, nil
}

func newKey(sealing, hashing *keyset.Handle) (*Key, error) {
	a, err := aead.New(sealing)
	if err != nil {
		return nil, err
	}
	p, err := prf.NewPRFSet(hashing)
	if err != nil {
		return nil, err
	}
	return &Key{aead: a, prf: p, read: time.Now()}, nil
}
