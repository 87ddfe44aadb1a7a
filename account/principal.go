package account

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// Principal is who signed a request to the account side.
type Principal struct {
	policy.Principal
	UserID   string   // aws:userid
	Username string   // aws:username: of IAM users alone
	Entity   EntityID // the user or role; empty: the root user
	Tags     Tags     // aws:PrincipalTag: the entity's, and over them the session's
	KeyID    string   // of the access key it signed with

	Session   *Session      // nil: it signed with a long-lived key
	Kind      TemporaryKind // of the session
	IssuedAt  time.Time     // of the session
	ExpiresAt time.Time

	// Linked: a service's own role, outside every control policy.
	Linked bool
	// User is the user of an identity store on whose behalf the session is in the end,
	// however many roles were assumed since they came through the portal.
	User directory.UserID
}

// ID is the account it acts in.
func (p *Principal) ID() ID { return ID(p.Account) }

// Caller is the ARN that GetCallerIdentity tells: of the session where there is one.
func (p *Principal) Caller() string {
	if p.Principal.Session != "" {
		return p.Principal.Session
	}
	return p.ARN
}

// Authority is what a principal's own side says about its requests.
type Authority struct {
	Identity []policy.Named
	Boundary *policy.Named
	Session  []policy.Named
	// SessionLimited: session policies were given, and one of them must allow.
	SessionLimited bool
}

// Signer is a key that can sign, and whose it is.
type Signer struct {
	Principal Principal
	Secret    string
	TokenHash []byte // of the session token; nil for long-lived keys
}

// Signer finds who signs with a key: a fault of kind NotFound when there is no
// such key, it is switched off, or its account is closed. Whether its
// session has ended is for the caller to compare with the clock. What it returns
// is shared.
func (s *Store) Signer(tx *database.ReadTx, keyID string) (*Signer, error) {
	return s.signers.Get(tx, keyID, func() (*Signer, error) {
		signer, account, err := s.signer(tx, keyID)
		if err != nil {
			return nil, err
		}
		switch owner, err := s.Account(tx, account); {
		case err != nil:
			return nil, err
		case owner.Status != Active:
			return nil, errNoSigner
		}
		return signer, nil
	})
}

var errNoSigner = fault.NotFoundf("no such key signs")

func (s *Store) signer(tx *database.ReadTx, keyID string) (*Signer, ID, error) {
	switch {
	case strings.HasPrefix(keyID, "AKIA"):
		return s.longLived(tx, keyID)
	case strings.HasPrefix(keyID, "ASIA"):
		return s.temporary(tx, keyID)
	}
	return nil, "", errNoSigner
}

func (s *Store) longLived(tx *database.ReadTx, keyID string) (*Signer, ID, error) {
	type row struct {
		account ID
		entity  *EntityID
		sealed  []byte
		status  string
	}
	found, err := database.One(tx, func(r database.Row) (k row, err error) {
		return k, r.Scan(&k.account, &k.entity, &k.sealed, &k.status)
	}, `select account_id, entity_id, secret_sealed, status from access_keys where id = $1`, keyID)
	if errors.Is(err, database.ErrNone) || err == nil && found.status != keyActive {
		return nil, "", errNoSigner
	}
	if err != nil {
		return nil, "", err
	}
	secret, err := s.open(tx, found.account, secretColumn, keyID, found.sealed)
	if err != nil {
		return nil, "", err
	}
	signer := &Signer{Secret: string(secret)}
	signer.Principal, err = s.owner(tx, found.account, found.entity)
	signer.Principal.KeyID = keyID
	return signer, found.account, err
}

func rootOf(id ID) Principal {
	return Principal{Principal: policy.Principal{Kind: policy.AccountRoot, Account: string(id), ARN: id.Root()}, UserID: string(id)}
}

// owner is who a key is of: a user, a role, or the account's root user.
func (s *Store) owner(tx *database.ReadTx, id ID, entity *EntityID) (Principal, error) {
	if entity == nil {
		return rootOf(id), nil
	}
	e, err := s.EntityByID(tx, *entity)
	if err != nil {
		return Principal{}, err
	}
	return principalOf(e), nil
}

func principalOf(e Entity) Principal {
	p := Principal{
		Principal: policy.Principal{Kind: policy.User, Account: string(e.Account), ARN: e.ARN(), ID: string(e.ID)},
		UserID:    string(e.ID), Entity: e.ID, Tags: e.Tags, Linked: e.Linked(),
	}
	if e.Kind == User {
		p.Username = e.Name
	} else {
		p.Principal.Kind = policy.AssumedRole
	}
	return p
}

func (s *Store) temporary(tx *database.ReadTx, keyID string) (*Signer, ID, error) {
	type row struct {
		account              ID
		entity               *EntityID
		kind                 TemporaryKind
		name                 string
		sealed, hash, detail []byte
		issued, expires      database.Time
		user                 directory.UserID
	}
	found, err := database.One(tx, func(r database.Row) (t row, err error) {
		return t, r.Scan(&t.account, &t.entity, &t.kind, &t.name, &t.sealed, &t.hash, &t.detail, &t.issued, &t.expires, &t.user)
	}, `select account_id, entity_id, kind, name, secret_sealed, token_hash, detail_sealed, issued_at, expires_at, coalesce(user_id, '') from temporary_credentials where id = $1`, keyID)
	if errors.Is(err, database.ErrNone) {
		return nil, "", errNoSigner
	}
	if err != nil {
		return nil, "", err
	}
	signer, session := &Signer{TokenHash: found.hash}, &Session{}
	if err := s.openJSON(tx, found.account, "temporary_credentials.detail_sealed", keyID, found.detail, session); err != nil {
		return nil, "", err
	}
	secret, err := s.open(tx, found.account, "temporary_credentials.secret_sealed", keyID, found.sealed)
	if err != nil {
		return nil, "", err
	}
	signer.Secret = string(secret)
	p := &signer.Principal
	if *p, err = s.owner(tx, found.account, found.entity); err != nil {
		return nil, "", err
	}
	p.KeyID, p.Session, p.Kind, p.IssuedAt, p.ExpiresAt, p.User = keyID, session, found.kind, time.Time(found.issued), time.Time(found.expires), found.user
	p.inSession(found.kind, found.name, session)
	return signer, found.account, nil
}

// Act is the principal that somebody would be with such credentials, for one request,
// without their being handed out.
func (s *Store) Act(tx *database.ReadTx, n NewTemporary) (*Principal, error) {
	p, err := s.owner(tx, n.Account, &n.Entity)
	if err != nil {
		return nil, err
	}
	p.Session, p.Kind, p.IssuedAt, p.ExpiresAt, p.User = &n.Session, n.Kind, tx.Now(), tx.Now().Add(n.Lifetime), n.User
	p.inSession(n.Kind, n.Name, p.Session)
	return &p, nil
}

// inSession makes a principal the session of it.
func (p *Principal) inSession(kind TemporaryKind, name string, session *Session) {
	switch kind {
	case RoleSession:
		role := p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
		p.Principal.Session = p.ID().Session("assumed-role/" + role + "/" + name)
		p.UserID += ":" + name
	case FederatedUser:
		p.Principal.Kind, p.ARN = policy.FederatedUser, p.ID().Session("federated-user/"+name)
		p.Username, p.UserID, p.Principal.ID = "", p.Account+":"+name, ""
	}
	p.Tags = p.Tags.under(session.Tags)
}

// Session names what STS made in the account: "assumed-role/deploy/alice".
func (id ID) Session(resource string) string {
	return arn.ARN{Partition: "aws", Service: "sts", Account: string(id), Resource: resource}.String()
}

// Authority gathers the policies that speak for a principal. What it returns is
// shared.
func (s *Store) Authority(tx *database.ReadTx, p *Principal) (*Authority, error) {
	if p.KeyID == "" { // what acts from a page has no key to remember it by
		return s.authority(tx, p)
	}
	return s.authorities.Get(tx, p.KeyID, func() (*Authority, error) { return s.authority(tx, p) })
}

func (s *Store) authority(tx *database.ReadTx, p *Principal) (*Authority, error) {
	a := Authority{}
	if p.Entity != "" {
		e, err := s.EntityByID(tx, p.Entity)
		if err != nil {
			return nil, err
		}
		if a, err = s.AuthorityOf(tx, e); err != nil {
			return nil, err
		}
	} else if p.Kind == FederatedUser {
		everything, err := s.managedPolicy(tx, administrator) // the root user's
		if err != nil {
			return nil, err
		}
		a.Identity = []policy.Named{everything}
	}
	return &a, s.limit(tx, &a, p.Session)
}

// administrator is the managed policy that allows everything.
const administrator = "arn:aws:iam::aws:policy/AdministratorAccess"

// limit adds the policies of a session; nil is none.
func (s *Store) limit(tx *database.ReadTx, a *Authority, session *Session) error {
	if session == nil {
		return nil
	}
	a.SessionLimited = session.Limited
	for i, text := range session.Policies {
		p, err := s.compiled.Policy(policy.Session, text)
		if err != nil {
			return err
		}
		a.Session = append(a.Session, policy.Named{Name: fmt.Sprintf("session policy %d", i+1), Policy: p})
	}
	for _, name := range session.PolicyARNs {
		p, err := s.managedPolicy(tx, name)
		if fault.Is(err, fault.NotFound) {
			continue // deleted meanwhile: it allows nothing
		}
		if err != nil {
			return err
		}
		a.Session = append(a.Session, p)
	}
	return nil
}

// managedPolicy is the default version of a managed policy, AWS's or a customer's.
func (s *Store) managedPolicy(tx *database.ReadTx, name string) (policy.Named, error) {
	document, err := s.ManagedDocument(tx, name)
	if err != nil {
		return policy.Named{}, err
	}
	p, err := s.compiled.Policy(policy.Identity, document)
	return policy.Named{Name: name, Policy: p}, err
}
