package account

import (
	"crypto/sha256"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// TemporaryKind is how STS came to hand credentials out.
type TemporaryKind string

const (
	RoleSession   TemporaryKind = "role"           // AssumeRole and its siblings
	SessionToken  TemporaryKind = "session-token"  // GetSessionToken
	FederatedUser TemporaryKind = "federated-user" // GetFederationToken
)

// Session is what temporary credentials carry beside whose they are.
type Session struct {
	Policies   []string `json:"policies,omitempty"`   // inline session policies
	PolicyARNs []string `json:"policyArns,omitempty"` // managed session policies
	Tags       Tags     `json:"tags,omitempty"`
	Transitive []string `json:"transitive,omitempty"` // keys of tags that go along to the next role
	// SourceIdentity stays the same along a chain of roles.
	SourceIdentity string `json:"sourceIdentity,omitempty"`
	// Provider is who vouched for a web identity, Subject and Audience what it said.
	Provider string `json:"provider,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Audience string `json:"audience,omitempty"`
	// Limited: session policies were given, so one of them must allow.
	Limited bool `json:"limited,omitempty"`
	// StoreUser is the user of an identity store who came through the portal, StoreARN
	// that store. Roles assumed from there carry neither.
	StoreUser directory.UserID `json:"storeUser,omitempty"`
	StoreARN  string           `json:"storeArn,omitempty"`
}

// NewTemporary is what it takes to hand out temporary credentials.
type NewTemporary struct {
	Account  ID
	Entity   EntityID // empty: the root user
	Kind     TemporaryKind
	Name     string // role session or federated user
	Lifetime time.Duration
	Session  Session
	// User is on whose behalf in the end: whose sessions have to end for these to.
	// Empty: nobody's of an identity store.
	User directory.UserID
}

// Temporary are credentials as they are handed out, once.
type Temporary struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	ExpiresAt                                  time.Time
}

// Issue hands out temporary credentials. They end with their time, with the
// entity they are of, with the account, or when they are revoked.
func (s *Store) Issue(tx *database.Tx, n NewTemporary) (Temporary, error) {
	t := Temporary{AccessKeyID: uniqueID("ASIA", 16), SecretAccessKey: newSecret(), SessionToken: string(credential.NewToken(credential.STSSession)),
		ExpiresAt: tx.Now().Add(n.Lifetime).Truncate(time.Second)}
	secret, err := s.seal(tx, n.Account, "temporary_credentials.secret_sealed", t.AccessKeyID, []byte(t.SecretAccessKey))
	if err != nil {
		return Temporary{}, err
	}
	detail, err := s.sealJSON(tx, n.Account, "temporary_credentials.detail_sealed", t.AccessKeyID, n.Session)
	if err != nil {
		return Temporary{}, err
	}
	hash := sha256.Sum256([]byte(t.SessionToken))
	_, err = tx.Exec(`insert into temporary_credentials (id, account_id, entity_id, kind, name, secret_sealed, token_hash, detail_sealed, issued_at, expires_at, user_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.AccessKeyID, n.Account, orNull(string(n.Entity)), n.Kind, n.Name, secret, hash[:], detail, database.Time(tx.Now()), database.Time(t.ExpiresAt), orNull(string(n.User)))
	return t, err
}

// Revoke ends the temporary credentials that were handed out for an entity before
// a moment. It tells how many there were.
func (s *Store) Revoke(tx *database.Tx, entity EntityID, before time.Time) (int64, error) {
	return tx.Exec(`delete from temporary_credentials where entity_id = $1 and issued_at < $2`, entity, database.Time(before))
}

// End ends one session, by its access key.
func (s *Store) End(tx *database.Tx, accessKeyID string) error {
	_, err := tx.Exec(`delete from temporary_credentials where id = $1`, accessKeyID)
	return err
}

// Revoked is what is told of temporary credentials that were ended.
type Revoked struct {
	AccessKeyID string
	Account     ID
	Entity      EntityID
	IssuedAt    time.Time
	ExpiresAt   time.Time
}

// RevokeUser ends the temporary credentials that were handed out to a user of an
// identity store and are still good, and those of roles assumed with them. It tells
// which, the latest first.
func (s *Store) RevokeUser(tx *database.Tx, user directory.UserID) ([]Revoked, error) {
	live, err := database.All(tx.Reading(), func(row database.Row) (r Revoked, err error) {
		return r, row.Scan(&r.AccessKeyID, &r.Account, &r.Entity, (*database.Time)(&r.IssuedAt), (*database.Time)(&r.ExpiresAt))
	}, `select id, account_id, coalesce(entity_id, ''), issued_at, expires_at from temporary_credentials where user_id = $1 and expires_at > $2 order by issued_at desc, id`,
		user, database.Time(tx.Now()))
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(`delete from temporary_credentials where user_id = $1`, user)
	return live, err
}

// Sweep removes temporary credentials that ended a day ago: until then their owner is
// told that they have expired.
func (s *Store) Sweep(tx *database.Tx) error {
	_, err := tx.Exec(`delete from temporary_credentials where expires_at < $1`, database.Time(tx.Now().Add(-24*time.Hour)))
	return err
}

// AccountOfKey tells whose an access key is, of either kind.
func (s *Store) AccountOfKey(tx *database.ReadTx, id string) (ID, error) {
	owners, err := database.All(tx, database.Value[ID],
		`select account_id from access_keys where id = $1 union all select account_id from temporary_credentials where id = $1`, id)
	if err == nil && len(owners) == 0 {
		err = fault.NotFoundf("there is no access key %.128s", id)
	}
	if err != nil {
		return "", err
	}
	return owners[0], nil
}
