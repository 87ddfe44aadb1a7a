package account

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// AccessKey is a long-lived key of a root user or an IAM user.
type AccessKey struct {
	ID          string // AKIA...
	Account     ID
	Entity      EntityID // empty: the root user
	Active      bool
	CreatedAt   time.Time
	UsedAt      time.Time // zero: never
	UsedService string
	UsedRegion  string
}

// keysEach is how many keys anybody has: two, so that one can take over from the other.
const keysEach = 2

const (
	secretColumn = "access_keys.secret_sealed"
	keyActive    = "Active"
	keyInactive  = "Inactive"
)

// CreateAccessKey makes a key of a user, or of the root user when entity is
// empty, and returns its secret, which IAM does not show again.
func (s *Store) CreateAccessKey(tx *database.Tx, id ID, entity EntityID) (AccessKey, string, error) {
	keys, err := s.AccessKeys(tx.Reading(), id, entity)
	if err != nil {
		return AccessKey{}, "", err
	}
	if len(keys) >= keysEach {
		return AccessKey{}, "", fault.Quotaf("Cannot exceed quota for AccessKeysPerUser: %d", keysEach)
	}
	key := AccessKey{ID: uniqueID("AKIA", 16), Account: id, Entity: entity, Active: true, CreatedAt: tx.Now()}
	secret := newSecret()
	sealed, err := s.seal(tx, id, secretColumn, key.ID, []byte(secret))
	if err != nil {
		return AccessKey{}, "", err
	}
	_, err = tx.Exec(`insert into access_keys (id, account_id, entity_id, secret_sealed, status, created_at) values ($1, $2, $3, $4, $5, $6)`,
		key.ID, id, orNull(string(entity)), sealed, keyActive, database.Time(key.CreatedAt))
	return key, secret, err
}

// newSecret is forty characters, as AWS's are: 240 random bits.
func newSecret() string {
	secret := make([]byte, 30)
	rand.Read(secret)
	return base64.StdEncoding.EncodeToString(secret)
}

// AccessKeys are those of a user or, when entity is empty, of the root user,
// oldest first.
func (s *Store) AccessKeys(tx *database.ReadTx, id ID, entity EntityID) ([]AccessKey, error) {
	return s.accessKeys(tx, `account_id = $1 and coalesce(entity_id, '') = $2 order by created_at, id`, id, entity)
}

// AccessKey finds a key by its id; nobody's is NotFound.
func (s *Store) AccessKey(tx *database.ReadTx, id string) (AccessKey, error) {
	keys, err := s.accessKeys(tx, `id = $1`, id)
	if err == nil && len(keys) == 0 {
		err = noAccessKey(id)
	}
	if err != nil {
		return AccessKey{}, err
	}
	return keys[0], nil
}

func noAccessKey(id string) error {
	return fault.NotFoundf("The Access Key with id %.128s cannot be found.", id)
}

func (s *Store) accessKeys(tx *database.ReadTx, where string, args ...any) ([]AccessKey, error) {
	return database.All(tx, func(row database.Row) (k AccessKey, err error) {
		var entity, service, region *string
		var status string
		var used *database.Time
		err = row.Scan(&k.ID, &k.Account, &entity, &status, (*database.Time)(&k.CreatedAt), &used, &service, &region)
		k.Entity, k.Active, k.UsedService, k.UsedRegion = EntityID(orEmpty(entity)), status == keyActive, orEmpty(service), orEmpty(region)
		if used != nil {
			k.UsedAt = time.Time(*used)
		}
		return k, err
	}, `select id, account_id, entity_id, status, created_at, used_at, used_service, used_region from access_keys where `+where, args...)
}

// keyResource is whose a key of this account is, for decisions about looking at it.
// Of no key of the account nothing is told but that nobody has it.
func (s *Store) keyResource(tx *database.ReadTx, in ID, id string) (*Resource, error) {
	nobodys := &Resource{ARN: in.arn("user/"), Account: in}
	key, err := s.AccessKey(tx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return nobodys, nil
	case err != nil:
		return nil, err
	case key.Account != in:
		return nobodys, nil
	case key.Entity == "":
		return &Resource{ARN: in.Root(), Account: in}, nil
	}
	owner, err := s.EntityByID(tx, key.Entity)
	if err != nil {
		return nil, err
	}
	return s.entityResource(tx, in, User, owner.Name)
}

// SetAccessKey switches a key on or off.
func (s *Store) SetAccessKey(tx *database.Tx, key AccessKey, active bool) error {
	status := keyInactive
	if active {
		status = keyActive
	}
	_, err := tx.Exec(`update access_keys set status = $1 where id = $2`, status, key.ID)
	return err
}

// DeleteAccessKey removes a key for ever.
func (s *Store) DeleteAccessKey(tx *database.Tx, key AccessKey) error {
	_, err := tx.Exec(`delete from access_keys where id = $1`, key.ID)
	return err
}

// RootKey is the oldest active key of an account's root user with its secret, for
// the file that a first start leaves to whoever runs the server. ok is false
// when there is none.
func (s *Store) RootKey(tx *database.ReadTx, id ID) (key AccessKey, secret string, ok bool, err error) {
	keys, err := s.AccessKeys(tx, id, "")
	if err != nil {
		return AccessKey{}, "", false, err
	}
	for _, key := range keys {
		if !key.Active {
			continue
		}
		sealed, err := database.One(tx, database.Value[[]byte], `select secret_sealed from access_keys where id = $1`, key.ID)
		if err != nil {
			return AccessKey{}, "", false, err
		}
		plain, err := s.open(tx, id, secretColumn, key.ID, sealed)
		return key, string(plain), err == nil, err
	}
	return AccessKey{}, "", false, nil
}

// Use is one use of a key, for its owner to see.
type Use struct {
	At              time.Time
	Service, Region string
}

// TouchAccessKey notes that a key was used. Later uses win.
func (s *Store) TouchAccessKey(tx *database.Tx, id string, use Use) error {
	_, err := tx.Exec(`update access_keys set used_at = $1, used_service = $2, used_region = $3 where id = $4 and coalesce(used_at, 0) < $1`,
		database.Time(use.At), use.Service, use.Region, id)
	return err
}
