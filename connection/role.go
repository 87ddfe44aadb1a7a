package connection

import (
	"regexp"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/trust"
)

// Purpose is what a role on a connection is for.
type Purpose string

const (
	// Runner is running the actions of workflows, and what is run like them.
	Runner Purpose = "RUNNER"
	// Service is reaching another service.
	Service Purpose = "SERVICE"
)

// Principal is the service principal that assumes roles of the purpose.
func (p Purpose) Principal() string {
	if p == Runner {
		return trust.Runner
	}
	return trust.Service
}

// Role is a role of an account that the account's side has named for a space.
type Role struct {
	Name     string // as workflows name it: one in the account, whatever its path
	ARN      string
	Purposes []Purpose // at least one
	AddedAt  time.Time
}

// Serves tells whether the role is for a purpose.
func (r Role) Serves(p Purpose) bool {
	for _, own := range r.Purposes {
		if own == p {
			return true
		}
	}
	return false
}

var partition = regexp.MustCompile(`^aws(-[a-z]+)*$`)

var roleARN = regexp.MustCompile(`^role/(?:[\x21-\x29\x2b-\x3e\x40-\x7e]{1,511}/)?([\w+=,.@-]{1,64})$`)

// ParseRole reads the ARN of a role of an account. It names one: no wildcard, no other
// account, no session.
func ParseRole(of account.ID, text string) (Role, error) {
	a, err := arn.Parse(text)
	if err != nil {
		return Role{}, fault.Invalidf("%w", err)
	}
	parts := roleARN.FindStringSubmatch(a.Resource)
	if !partition.MatchString(a.Partition) || a.Service != "iam" || a.Region != "" || parts == nil || strings.Contains(a.Resource, "//") {
		return Role{}, fault.Invalidf("%.256q is not the ARN of a role: it has the form arn:aws:iam::%s:role/NAME", text, of)
	}
	if account.ID(a.Account) != of {
		return Role{}, fault.Invalidf("the role %.256q is of the account %s: the connection leads to %s", text, a.Account, of)
	}
	return Role{Name: parts[1], ARN: text}, nil
}

// ParsePurposes reads what a role is for: one or both.
func ParsePurposes(texts []string) (purposes []Purpose, err error) {
	var runner, service bool
	for _, text := range texts {
		switch Purpose(text) {
		case Runner:
			runner = true
		case Service:
			service = true
		default:
			return nil, fault.Invalidf("%.32q is not what a role is for: say RUNNER, SERVICE or both", text)
		}
	}
	if !runner && !service {
		return nil, fault.Invalidf("say what the role is for: RUNNER, SERVICE or both")
	}
	return purposesOf(runner, service), nil
}

func purposesOf(runner, service bool) (purposes []Purpose) {
	if runner {
		purposes = append(purposes, Runner)
	}
	if service {
		purposes = append(purposes, Service)
	}
	return purposes
}

// AddRole puts a role on an active connection, or changes what it is there for. On the
// embedded account side it has to exist.
func (s *Store) AddRole(tx *database.Tx, c Connection, r Role) (Role, error) {
	if err := c.active(); err != nil {
		return Role{}, err
	}
	if c.Side == Embedded {
		if _, err := s.Accounts.RoleByARN(tx.Reading(), r.ARN); err != nil {
			return Role{}, err
		}
	}
	_, err := tx.Exec(`insert into connection_roles (connection_id, name_key, arn, runner, service, added_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (connection_id, name_key) do update set arn = excluded.arn, runner = excluded.runner, service = excluded.service`,
		c.ID, key(r.Name), r.ARN, r.Serves(Runner), r.Serves(Service), database.Time(tx.Now()))
	if err != nil {
		return Role{}, err
	}
	return s.Role(tx.Reading(), c, r.Name)
}

// Verified puts a role on a connection to an account of AWS, where Sallyport has assumed
// it: whoever wrote its trust policy has said yes to the space. The first makes what is
// pending active.
func (s *Store) Verified(tx *database.Tx, c Connection, r Role) (Role, error) {
	if c.State == Pending {
		var err error
		if c, err = s.settle(tx, c, Active); err != nil {
			return Role{}, err
		}
	}
	return s.AddRole(tx, c, r)
}

// RemoveRole takes a role off a connection. Environments whose default it is have none
// that is any good from then on.
func (s *Store) RemoveRole(tx *database.Tx, c Connection, name string) error {
	n, err := tx.Exec(`delete from connection_roles where connection_id = $1 and name_key = $2`, c.ID, key(name))
	if err == nil && n == 0 {
		err = fault.NotFoundf("the connection %s has no role %.64q", c.Name, name)
	}
	return err
}

// Roles lists the roles on a connection, by name.
func (s *Store) Roles(tx *database.ReadTx, c Connection) ([]Role, error) {
	return database.All(tx, scanRole, roleColumns+` order by name_key`, c.ID)
}

// Role finds one of them by its name, whatever its case: IAM has no two that differ in
// case alone.
func (s *Store) Role(tx *database.ReadTx, c Connection, name string) (Role, error) {
	r, err := database.One(tx, scanRole, roleColumns+` and name_key = $2`, c.ID, key(name))
	return r, orNotFound(err, "the connection %s has no role %.64q", c.Name, name)
}

const roleColumns = `select arn, runner, service, added_at from connection_roles where connection_id = $1`

func scanRole(row database.Row) (r Role, err error) {
	var runner, service bool
	err = row.Scan(&r.ARN, &runner, &service, (*database.Time)(&r.AddedAt))
	r.Name, r.Purposes = r.ARN[strings.LastIndexByte(r.ARN, '/')+1:], purposesOf(runner, service)
	return r, err
}

// active refuses what only an active connection is good for.
func (c Connection) active() error {
	switch c.State {
	case Active:
		return nil
	case Pending:
		return fault.Conflictf("the connection %s is pending: somebody of the account %s has to accept it first", c.Name, c.Account)
	}
	return fault.Conflictf("the connection %s is %s, and that is for good: ask for the account again", c.Name, c.State)
}
