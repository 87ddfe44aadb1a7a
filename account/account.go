package account

import (
	"crypto/rand"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// ID is an account's number: twelve digits.
type ID string

// Status says whether an account's principals may do anything.
type Status string

const (
	Active    Status = "ACTIVE"
	Suspended Status = "SUSPENDED" // closed
)

// Account is an AWS account. It belongs to an organization or to none; package
// org knows.
type Account struct {
	ID        ID
	Name      string
	Alias     string // empty: none
	Email     string // of the root user
	Status    Status
	CreatedAt time.Time
}

// NewAccount is what it takes to create one.
type NewAccount struct {
	ID    ID // empty: a random one
	Name  string
	Email string // no other account's
}

var twelveDigits = regexp.MustCompile(`^\d{12}$`)

// ParseID reads an account's number.
func ParseID(text string) (ID, error) {
	if !twelveDigits.MatchString(text) {
		return "", fault.Invalidf("%.32q is not an account: it has twelve digits", text)
	}
	return ID(text), nil
}

// Root is how policies name the account as a whole, and its root user.
func (id ID) Root() string { return id.arn("root") }

func (id ID) arn(resource string) string {
	return arn.ARN{Partition: "aws", Service: "iam", Account: string(id), Resource: resource}.String()
}

// Scope is whose key seals what belongs to the account, and whose log its events
// stand in.
func (id ID) Scope() seal.Scope { return seal.Account(string(id)) }

// The reasons of refusals that concern accounts.
const (
	ReasonEmailTaken fault.Reason = "EMAIL_ALREADY_EXISTS"
	ReasonClosed     fault.Reason = "ACCOUNT_ALREADY_CLOSED"
)

const emailColumn = "accounts.email_sealed"

// Create makes an account with a root user and nothing in it. An address another
// account has is Conflict, with ReasonEmailTaken.
func (s *Store) Create(tx *database.Tx, n NewAccount) (Account, error) {
	email, err := directory.ParseEmail(n.Email)
	if err != nil {
		return Account{}, err
	}
	if n.Name = strings.TrimSpace(n.Name); n.Name == "" || len(n.Name) > 50 {
		return Account{}, fault.Invalidf("an account's name has 1 to 50 characters")
	}
	a := Account{ID: n.ID, Name: n.Name, Email: email, Status: Active, CreatedAt: tx.Now()}
	if a.ID == "" {
		if a.ID, err = freeID(tx.Reading()); err != nil {
			return Account{}, err
		}
	}
	hash, err := s.hashEmail(tx.Reading(), email)
	if err != nil {
		return Account{}, err
	}
	switch there, err := exists(tx.Reading(), `select 1 from accounts where email_hash = $1`, hash); {
	case err != nil:
		return Account{}, err
	case there:
		return Account{}, fault.WithReason(ReasonEmailTaken, fault.Conflictf("another account has this e-mail address: give each account its own"))
	}
	key, err := s.Keys.Create(tx, a.ID.Scope())
	if err != nil {
		return Account{}, err
	}
	sealed, err := key.Seal(emailColumn, string(a.ID), []byte(email))
	if err != nil {
		return Account{}, err
	}
	_, err = tx.Exec(`insert into accounts (id, name, email_sealed, email_hash, status, created_at) values ($1, $2, $3, $4, $5, $6)`,
		a.ID, a.Name, sealed, hash, a.Status, database.Time(a.CreatedAt))
	return a, err
}

// hashEmail finds addresses over all accounts, hence under the directory's key.
func (s *Store) hashEmail(tx *database.ReadTx, email string) ([]byte, error) {
	key, err := s.Keys.Key(tx, seal.Directory)
	if err != nil {
		return nil, err
	}
	return key.Hash("accounts.email_hash", []byte(strings.ToLower(email)))
}

func freeID(tx *database.ReadTx) (ID, error) {
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(9e11))
		if err != nil {
			return "", err
		}
		id := ID(n.Add(n, big.NewInt(1e11)).String()) // twelve digits, the first no zero
		_, err = database.One(tx, database.Value[ID], `select id from accounts where id = $1`, id)
		if errors.Is(err, database.ErrNone) {
			return id, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// Account finds an account.
func (s *Store) Account(tx *database.ReadTx, id ID) (Account, error) {
	return s.accounts.Get(tx, id, func() (Account, error) {
		accounts, err := s.list(tx, `where id = $1`, id)
		if err == nil && len(accounts) == 0 {
			err = fault.NotFoundf("there is no account %s", id)
		}
		if err != nil {
			return Account{}, err
		}
		return accounts[0], nil
	})
}

// First finds the account that was made first; a fault of kind NotFound when
// there is none yet.
func (s *Store) First(tx *database.ReadTx) (Account, error) {
	accounts, err := s.list(tx, `order by created_at, id limit 1`)
	if err == nil && len(accounts) == 0 {
		err = fault.NotFoundf("there is no account yet")
	}
	if err != nil {
		return Account{}, err
	}
	return accounts[0], nil
}

func (s *Store) list(tx *database.ReadTx, where string, args ...any) ([]Account, error) {
	accounts, err := database.All(tx, func(row database.Row) (a sealedAccount, err error) {
		return a, row.Scan(&a.ID, &a.Name, &a.alias, &a.email, &a.Status, (*database.Time)(&a.CreatedAt))
	}, `select id, name, alias, email_sealed, status, created_at from accounts `+where, args...)
	if err != nil {
		return nil, err
	}
	opened := make([]Account, len(accounts))
	for i, a := range accounts {
		email, err := s.open(tx, a.ID, emailColumn, string(a.ID), a.email)
		if err != nil {
			return nil, err
		}
		opened[i], opened[i].Email = a.Account, string(email)
		if a.alias != nil {
			opened[i].Alias = *a.alias
		}
	}
	return opened, nil
}

type sealedAccount struct {
	Account
	alias *string
	email []byte
}

// Close ends an account: from the next request on none of its principals is
// admitted. What is in it stays.
func (s *Store) Close(tx *database.Tx, id ID) error {
	changed, err := tx.Exec(`update accounts set status = $1, closed_at = $2 where id = $3 and status = $4`,
		Suspended, database.Time(tx.Now()), id, Active)
	if err == nil && changed == 0 {
		return fault.WithReason(ReasonClosed, fault.Conflictf("the account %s is closed already", id))
	}
	return err
}

var aliasForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9]|-[a-z0-9]){2,62}$`)

// SetAlias gives the account a name for sign-in pages, one in the whole
// partition; empty takes it away.
func (s *Store) SetAlias(tx *database.Tx, id ID, alias string) error {
	if alias != "" && !aliasForm.MatchString(alias) {
		return fault.Invalidf("an account alias has 3 to 63 lower-case letters, digits and single hyphens between them")
	}
	var value *string
	if alias != "" {
		value = &alias
	}
	_, err := tx.Exec(`update accounts set alias = $1 where id = $2`, value, id)
	if database.IsDuplicate(err) {
		return fault.Conflictf("the account alias %s is taken: choose another", alias)
	}
	return err
}
