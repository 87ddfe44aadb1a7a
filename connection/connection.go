// Package connection says how a project gets into an account: which accounts a space
// is connected to, what the account's side has named for it, and which environment of
// which project leads there.
//
//	space asks ── token ──> account's side accepts, names roles
//	                              │
//	project ─ environment ─ connection ─ restriction ─ role      Way: the first link
//	                │                                            that is broken, and
//	                └─ VPC connection ─ network                  what would mend it
//
// Whether the caller may ask is known to the operation; whether the account lets the
// role be assumed is for its own side to say. What stands here is the space's half of
// the gate: nobody is led into an account that has not said yes, by a role it has not
// named.
//
// A method that returns an error may have begun its change: give the transaction up.
package connection

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// Store keeps connections, environments and VPC connections. It is safe for concurrent
// use.
type Store struct {
	Keys     *seal.Keys
	Spaces   *space.Store
	Accounts *account.Store
	Region   string // of this server, and so of its spaces
}

// ID is a connection's UUID. It is never given twice, so that nothing that was said of
// a deleted connection holds for its successor.
type ID string

// State is how far a connection has come. Pending goes to active, rejected or expired;
// every state goes to deleted, and nothing comes back from there.
type State string

const (
	Pending  State = "pending"
	Active   State = "active"
	Rejected State = "rejected"
	Expired  State = "expired"
	Deleted  State = "deleted"
)

// Side is who answers for an account.
type Side string

const (
	// Embedded is Sallyport's own account side.
	Embedded Side = "embedded"
	// AWS is Amazon's.
	AWS Side = "aws"
)

// Connection is the link from a space to an account.
type Connection struct {
	ID          ID
	SpaceID     space.ID
	SpaceName   string
	Account     account.ID
	Side        Side
	Name        string // as people see it; of what may be in use, unique in the space whatever its case
	Description string
	Tags        account.Tags
	State       State
	Region      string
	Restricted  bool // to some projects
	RequestedBy directory.UserID
	RequestedAt time.Time
	ExpiresAt   time.Time // of the token, and so of what is pending
	DecidedAt   time.Time // accepted or rejected; zero: neither
	DeletedAt   time.Time
}

// ARN names the connection in policies of its account.
func (c Connection) ARN() string { return c.ID.arn(c.Region, c.Account) }

func (id ID) arn(region string, in account.ID) string {
	return arn.ARN{Partition: "aws", Service: "codecatalyst", Region: region, Account: string(in), Resource: "/connections/" + string(id)}.String()
}

// TokenLifetime is how long a verification token is good: whoever administers the account may be somebody else, who reads mail
// some day.
const TokenLifetime = 7 * 24 * time.Hour

// NewConnection is what asking for an account takes.
type NewConnection struct {
	Account     account.ID
	Name        string
	Description string
}

// Request asks for an account. The token is for the account's side, which accepts or
// rejects with it, once. It does not matter whether there is such an account here: one
// that is not of the embedded account side is AWS's.
func (s *Store) Request(tx *database.Tx, in space.ID, by directory.UserID, n NewConnection) (Connection, credential.Token, error) {
	if err := cmp.Or(checkName("connection", n.Name), checkDescription(n.Description)); err != nil {
		return Connection{}, "", err
	}
	if err := s.expire(tx, in); err != nil {
		return Connection{}, "", err
	}
	if err := connectionsOfSpace.room(tx.Reading(), in); err != nil {
		return Connection{}, "", err
	}
	if err := s.untaken(tx.Reading(), in, n); err != nil {
		return Connection{}, "", err
	}
	side, err := s.SideOf(tx.Reading(), n.Account)
	if err != nil {
		return Connection{}, "", err
	}
	id, token := ID(uuid.NewString()), credential.NewToken(credential.ConnectionRequest)
	description, err := s.seal(tx.Reading(), in, descriptionColumn, string(id), n.Description)
	if err != nil {
		return Connection{}, "", err
	}
	_, err = tx.Exec(`insert into connections (id, space_id, account_id, side, name, name_key, description_sealed, state, region, token_hash, restricted, requested_by, requested_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		id, in, n.Account, side, n.Name, key(n.Name), description, Pending, s.Region, credential.HashToken(string(token)), false, by,
		database.Time(tx.Now()), database.Time(tx.Now().Add(TokenLifetime)))
	if err != nil {
		return Connection{}, "", err
	}
	c, err := s.Connection(tx.Reading(), in, id)
	return c, token, err
}

// expire writes down what has expired, so that its name and account are free.
func (s *Store) expire(tx *database.Tx, in space.ID) error {
	_, err := tx.Exec(`update connections set state = $3 where space_id = $1 and state = $4 and expires_at <= $2`, in, database.Time(tx.Now()), Expired, Pending)
	return err
}

func (s *Store) untaken(tx *database.ReadTx, in space.ID, n NewConnection) error {
	type other struct {
		name  string
		id    account.ID
		state State
	}
	others, err := database.All(tx, func(row database.Row) (o other, err error) {
		return o, row.Scan(&o.name, &o.id, &o.state)
	}, `select name, account_id, state from connections where space_id = $1 and (name_key = $2 or account_id = $3) and state in ('pending', 'active')`, in, key(n.Name), n.Account)
	if err != nil || len(others) == 0 {
		return err
	}
	o := others[0]
	if o.id != n.Account {
		return fault.Conflictf("the space has a connection %q already: choose another name", o.name)
	}
	if o.state == Pending {
		return fault.Conflictf("the space has asked for the account %s already, as %q: hand its token to the account's side, or delete that request first", o.id, o.name)
	}
	return fault.Conflictf("the space is connected to the account %s already, as %q", o.id, o.name)
}

// SideOf is who answers for an account: AWS for all but our own.
func (s *Store) SideOf(tx *database.ReadTx, id account.ID) (Side, error) {
	_, err := s.Accounts.Account(tx, id)
	if fault.Is(err, fault.NotFound) {
		return AWS, nil
	}
	return Embedded, err
}

const columns = `c.id, c.space_id, s.name, c.account_id, c.side, c.name, c.description_sealed, c.tags_sealed, c.state, c.region, c.restricted,
	c.requested_by, c.requested_at, c.expires_at, coalesce(c.decided_at, 0), coalesce(c.deleted_at, 0) from connections c join spaces s on s.id = c.space_id and s.deleted_at is null `

func (s *Store) scan(tx *database.ReadTx) func(database.Row) (sealedConnection, error) {
	return func(row database.Row) (c sealedConnection, err error) {
		err = row.Scan(&c.ID, &c.SpaceID, &c.SpaceName, &c.Account, &c.Side, &c.Name, &c.description, &c.tags, &c.State, &c.Region, &c.Restricted,
			&c.RequestedBy, (*database.Time)(&c.RequestedAt), (*database.Time)(&c.ExpiresAt), (*database.Time)(&c.DecidedAt), (*database.Time)(&c.DeletedAt))
		if c.State == Pending && !tx.Now().Before(c.ExpiresAt) {
			c.State = Expired
		}
		return c, err
	}
}

type sealedConnection struct {
	Connection
	description, tags []byte
}

// find reads connections by the rest of a query.
func (s *Store) find(tx *database.ReadTx, where string, args ...any) ([]Connection, error) {
	rows, err := database.All(tx, s.scan(tx), `select `+columns+where, args...)
	if err != nil {
		return nil, err
	}
	found := make([]Connection, len(rows))
	for i, row := range rows {
		if row.Description, err = s.open(tx, row.SpaceID, descriptionColumn, string(row.ID), row.description); err != nil {
			return nil, err
		}
		tags, err := s.open(tx, row.SpaceID, tagsColumn, string(row.ID), row.tags)
		if err == nil && tags != "" {
			err = json.Unmarshal([]byte(tags), &row.Tags)
		}
		if err != nil {
			return nil, err
		}
		found[i] = row.Connection
	}
	return found, nil
}

func (s *Store) one(tx *database.ReadTx, missing error, where string, args ...any) (Connection, error) {
	found, err := s.find(tx, where, args...)
	if err == nil && len(found) == 0 {
		err = missing
	}
	if err != nil {
		return Connection{}, err
	}
	return found[0], nil
}

// Connection finds one of a space, in whatever state.
func (s *Store) Connection(tx *database.ReadTx, in space.ID, id ID) (Connection, error) {
	return s.one(tx, fault.NotFoundf("the space has no connection %.64s", id), `where c.space_id = $1 and c.id = $2`, in, id)
}

// Named finds one of a space by its name, whatever its case: the one in use, or, where
// there is none, the last one that was.
func (s *Store) Named(tx *database.ReadTx, in space.ID, name string) (Connection, error) {
	missing := fault.NotFoundf("the space has no connection %.64q: sallyport connection list shows those it has", name)
	return s.one(tx, missing, `where c.space_id = $1 and c.name_key = $2 order by case when c.state in ('pending', 'active') then 0 else 1 end, c.requested_at desc, c.id`, in, key(name))
}

// List is the connections of a space that may be in use, by name; a page goes on after
// a name.
func (s *Store) List(tx *database.ReadTx, in space.ID, page space.Page) ([]Connection, error) {
	return s.find(tx, `where c.space_id = $1 and c.name_key > $2 and c.state in ('pending', 'active') order by c.name_key limit $3`, in, key(page.After), limit(page))
}

// OfAccount finds a connection of an account, for the account's side.
func (s *Store) OfAccount(tx *database.ReadTx, in account.ID, id ID) (Connection, error) {
	return s.one(tx, fault.NotFoundf("the account has no connection %.64s", id), `where c.account_id = $1 and c.id = $2 and c.state = 'active'`, in, id)
}

// ToAccount lists the connections that an account has accepted, by id.
func (s *Store) ToAccount(tx *database.ReadTx, in account.ID, page space.Page) ([]Connection, error) {
	return s.find(tx, `where c.account_id = $1 and c.id > $2 and c.state = 'active' order by c.id limit $3`, in, page.After, limit(page))
}

// Pending is what a token asks of an account, for the account's side, which signed for
// this Region. What is told of a token that is good for nothing here is no more than
// whoever holds it knows.
func (s *Store) Pending(tx *database.ReadTx, by account.ID, region, token string) (Connection, error) {
	hash, err := TokenHash(token)
	if err != nil {
		return Connection{}, err
	}
	c, err := s.one(tx, NoRequest, `where c.token_hash = $1`, hash)
	if err == nil {
		err = Asked{c.Account, c.Region, c.State, c.ExpiresAt, c.DecidedAt}.Answerable(by, region)
	}
	if err != nil {
		return Connection{}, err
	}
	return c, nil
}

// Accept makes what a token asks for active. It has no roles yet.
func (s *Store) Accept(tx *database.Tx, by account.ID, region, token string) (Connection, error) {
	return s.decide(tx, by, region, token, Active)
}

// Reject ends what a token asks for.
func (s *Store) Reject(tx *database.Tx, by account.ID, region, token string) (Connection, error) {
	return s.decide(tx, by, region, token, Rejected)
}

func (s *Store) decide(tx *database.Tx, by account.ID, region, token string, state State) (Connection, error) {
	c, err := s.Pending(tx.Reading(), by, region, token)
	if err != nil {
		return Connection{}, err
	}
	return s.settle(tx, c, state)
}

func (s *Store) settle(tx *database.Tx, c Connection, state State) (Connection, error) {
	if _, err := tx.Exec(`update connections set state = $2, decided_at = $3 where id = $1`, c.ID, state, database.Time(tx.Now())); err != nil {
		return Connection{}, err
	}
	return s.Connection(tx.Reading(), c.SpaceID, c.ID)
}

// Describe gives a connection another description.
func (s *Store) Describe(tx *database.Tx, c Connection, description string) (Connection, error) {
	if err := checkDescription(description); err != nil {
		return Connection{}, err
	}
	sealed, err := s.seal(tx.Reading(), c.SpaceID, descriptionColumn, string(c.ID), description)
	if err != nil {
		return Connection{}, err
	}
	if _, err := tx.Exec(`update connections set description_sealed = $2 where id = $1`, c.ID, sealed); err != nil {
		return Connection{}, err
	}
	return s.Connection(tx.Reading(), c.SpaceID, c.ID)
}

// Delete ends a connection, from either side: its roles, restriction, tags and VPC
// connections go with it. Environments that name it lead nowhere from then on.
func (s *Store) Delete(tx *database.Tx, c Connection) error {
	if c.State == Deleted {
		return fault.NotFoundf("the connection %s was deleted already", c.Name)
	}
	return end(tx, `id = $1`, c.ID)
}

// end ends the connections that a condition on $1 is true of.
func end(tx *database.Tx, which string, of any) error {
	for _, table := range []string{"connection_roles", "connection_projects", "vpc_connections"} {
		if _, err := tx.Exec(`delete from `+table+` where connection_id in (select id from connections where `+which+`)`, of); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`update connections set state = $2, deleted_at = $3, description_sealed = null, tags_sealed = null where `+which, of, Deleted, database.Time(tx.Now()))
	return err
}

// EndSpace ends every connection of a space that is about to be deleted.
func (s *Store) EndSpace(tx *database.Tx, in space.ID) error {
	return end(tx, `space_id = $1 and state in ('pending', 'active')`, in)
}

// key is how names are told apart.
func key(name string) string { return strings.ToLower(name) }

// orNotFound says in the caller's words that there is no row, and leaves any other error alone.
func orNotFound(err error, format string, args ...any) error {
	if errors.Is(err, database.ErrNone) {
		return fault.NotFoundf(format, args...)
	}
	return err
}
