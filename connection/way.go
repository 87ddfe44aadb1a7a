package connection

import (
	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/space"
)

// The links of the way from a project into an account, in the order in which they are
// looked at, as the reasons of refusals.
const (
	LinkEnvironment fault.Reason = "environment"
	LinkConnection  fault.Reason = "connection"
	LinkRestriction fault.Reason = "restriction"
	LinkRole        fault.Reason = "role"
	LinkVPC         fault.Reason = "vpc"
	LinkTrust       fault.Reason = "trust"
)

// Ask is what an action names of its way; what it leaves out its environment says.
type Ask struct {
	Environment string
	Connection  string // by name; empty: the environment's
	Role        string // by name; empty: the environment's default
	Lambda      bool   // it runs on Lambda
	Windows     bool   // it runs on Windows
}

// Way leads from a project into an account. Every link of the space's side held in the
// transaction it was found in.
type Way struct {
	Space       space.ID
	Project     space.ProjectRef
	Environment Environment
	Connection  Connection
	Role        Role
	VPC         *VPCConnection // nil: it runs in none
}

// Same tells whether two ways go through the same environment and connection to the
// same role.
func (w Way) Same(other Way) bool {
	return w.Environment.ID == other.Environment.ID && w.Connection.ID == other.Connection.ID && w.Role.ARN == other.Role.ARN
}

// Way looks at each link from a project into an account, and answers with the first
// that is broken: a fault with its reason, and what would mend it. Whoever may ask sees
// environments and connections anyway; which other projects a connection is for, and
// what an account's policies say, they are not told.
func (s *Store) Way(tx *database.ReadTx, in space.ID, project space.ProjectRef, ask Ask) (Way, error) {
	w := Way{Space: in, Project: project}
	for _, link := range []struct {
		name fault.Reason
		look func(*database.ReadTx, *Way, Ask) error
	}{
		{LinkEnvironment, s.lookEnvironment}, {LinkConnection, s.lookConnection}, {LinkRestriction, s.lookRestriction}, {LinkRole, s.lookRole}, {LinkVPC, s.lookVPC},
	} {
		if err := link.look(tx, &w, ask); err != nil {
			if fault.Is(err, fault.Internal) {
				return Way{}, err
			}
			return Way{}, fault.WithReason(link.name, err)
		}
	}
	return w, nil
}

func (s *Store) lookEnvironment(tx *database.ReadTx, w *Way, ask Ask) (err error) {
	w.Environment, err = s.Environment(tx, w.Space, w.Project.ID, ask.Environment)
	if fault.Is(err, fault.NotFound) {
		return fault.NotFoundf("Value for account connection or environment not valid: the project %s has no environment %.64q; sallyport environment list shows those it has", w.Project.Name, ask.Environment)
	}
	return err
}

func (s *Store) lookConnection(tx *database.ReadTx, w *Way, ask Ask) (err error) {
	const notValid = "Value for account connection or environment not valid: "
	e := w.Environment
	if e.Connection == "" {
		return fault.Conflictf(notValid+"the environment %s has no account connection; a Project administrator can give it one", e.Name)
	}
	if w.Connection, err = s.Connection(tx, w.Space, e.Connection); err != nil {
		return err
	}
	c := w.Connection
	if ask.Connection != "" && key(ask.Connection) != key(c.Name) {
		return fault.Invalidf(notValid+"the connection %.64q is not associated with the environment %s, whose connection is %s; leave it out, or name that one", ask.Connection, e.Name, c.Name)
	}
	switch {
	case c.State == Pending:
		return fault.Conflictf(notValid+"the connection %s is pending; somebody of the account %s has to accept it", c.Name, c.Account)
	case c.State != Active:
		return fault.Conflictf(notValid+"the connection %s of the environment %s is %s, which is for good; a Project administrator can give the environment another", c.Name, e.Name, c.State)
	case c.Side == AWS:
		return nil
	}
	switch owner, err := s.Accounts.Account(tx, c.Account); {
	case err != nil:
		return err
	case owner.Status != account.Active:
		return fault.Conflictf(notValid+"the account %s of the connection %s is closed; a Project administrator can give the environment another connection", c.Account, c.Name)
	}
	return nil
}

func (s *Store) lookRestriction(tx *database.ReadTx, w *Way, _ Ask) error {
	open, err := s.admits(tx, w.Connection, w.Project.ID)
	if err == nil && !open {
		err = restricted(w.Connection)
	}
	return err
}

func restricted(c Connection) error {
	return fault.Deniedf("Connection name not valid: the connection %s is restricted to projects that this one is not among; a Space administrator, or a Power user who is in the project, can enable it", c.Name)
}

func (s *Store) lookRole(tx *database.ReadTx, w *Way, ask Ask) (err error) {
	name := ask.Role
	if name == "" {
		name = w.Environment.Role
	}
	if name == "" {
		return fault.Conflictf("Role not available: the environment %s has no default role; name one, or a Project administrator can choose one", w.Environment.Name)
	}
	w.Role, err = s.Role(tx, w.Connection, name)
	switch {
	case fault.Is(err, fault.NotFound):
		return notAvailable(w.Connection, name)
	case err != nil:
		return err
	case !w.Role.Serves(Runner):
		return fault.Deniedf("Role not available: the role %s is on the connection %s for the purpose SERVICE alone; somebody of the account %s can add RUNNER", w.Role.Name, w.Connection.Name, w.Connection.Account)
	}
	return nil
}

// lookVPC looks at the network that the action would run in, and whether it can.
func (s *Store) lookVPC(tx *database.ReadTx, w *Way, ask Ask) (err error) {
	if w.VPC, err = s.VPCOf(tx, w.Space, w.Environment); err != nil || w.VPC == nil {
		return err
	}
	v := *w.VPC
	switch {
	case ask.Lambda:
		return fault.Invalidf("VPC connection not available: the environment %s runs in the VPC connection %s, where nothing runs on Lambda; choose EC2, or another environment", w.Environment.Name, v.Name)
	case ask.Windows:
		return fault.Invalidf("VPC connection not available: the environment %s runs in the VPC connection %s, where nothing runs on Windows; choose Linux, or another environment", w.Environment.Name, v.Name)
	}
	c, err := s.usable(tx, w.Space, w.Project.ID, v.Connection)
	if err != nil {
		return err
	}
	return s.checkVPC(tx, c, v)
}

func notAvailable(c Connection, name string) error {
	return fault.NotFoundf("Role not available: the role %.64q is not on the connection %s; somebody of the account %s can add it, or name one that is", name, c.Name, c.Account)
}
