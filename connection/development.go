package connection

import (
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/trust"
)

// The development administrator role is one that AWS's console makes in one step, for
// accounts in which nothing can be broken: it may do everything, and every project of
// the space may use it.

const (
	developmentPrefix = "CodeCatalystWorkflowDevelopmentRole-"
	// AdministratorAccess is the policy it has.
	AdministratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"
	longestRoleName     = 64
)

// DevelopmentRoleName is what the role is called of a connection's space: its name, as
// far as roles have names so long. A space whose name is cut has the beginning of its
// id behind it, so that there is one for each space.
func (c Connection) DevelopmentRoleName() string {
	name := developmentPrefix + c.SpaceName
	if len(name) <= longestRoleName {
		return name
	}
	suffix := "-" + string(c.SpaceID)[:8]
	return name[:longestRoleName-len(suffix)] + suffix
}

// Development tells whether the role is a space's development administrator role, which
// is not fit for production.
func (r Role) Development() bool { return strings.HasPrefix(r.Name, developmentPrefix) }

// DevelopmentWarning says what that means, to whoever sees such a role.
const DevelopmentWarning = "a development administrator role: it may do everything in the account, for every project of the space; not fit for production"

// CreateDevelopmentRole makes the role in the account of an active connection, and puts
// it on the connection. An account has one for each space.
func (s *Store) CreateDevelopmentRole(tx *database.Tx, c Connection) (Role, error) {
	if err := c.active(); err != nil {
		return Role{}, err
	}
	name := c.DevelopmentRoleName()
	policy, err := trust.Role{Place: trust.Place{Space: string(c.SpaceID)}, Form: trust.AsService, Account: string(c.Account), Name: name}.Policy()
	if err != nil {
		return Role{}, err
	}
	made, err := s.Accounts.CreateEntity(tx, c.Account, account.NewEntity{
		Kind: account.Role, Name: name, Trust: policy, Description: "Development administrator role of the space " + c.SpaceName + ". Not fit for production.",
	})
	if fault.Is(err, fault.Conflict) {
		return Role{}, fault.Conflictf("the account %s has the development role %s of this space already: add it to the connection, or delete it first", c.Account, name)
	}
	if err != nil {
		return Role{}, err
	}
	if err := s.Accounts.AttachPolicy(tx, made, AdministratorAccess); err != nil {
		return Role{}, err
	}
	return s.AddRole(tx, c, Role{Name: made.Name, ARN: made.ARN(), Purposes: []Purpose{Runner, Service}})
}

// Warning says that the default role of the environment is not fit for what is done
// there. Empty: nothing is known against it.
func (e Environment) Warning() string {
	switch {
	case !Role{Name: e.Role}.Development():
		return ""
	case e.Type == Production:
		return "the environment is for production, and " + e.Role + " is " + DevelopmentWarning
	}
	return e.Role + " is " + DevelopmentWarning
}
