package delivery

import (
	"fmt"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// policyName is that of the role's policy.
const policyName = "access-as-code"

// RoleARN is how decisions name the role that accepting would make.
func (p Pipeline) RoleARN() string {
	return account.Entity{Account: p.Account, Kind: account.Role, Path: "/", Name: p.RoleName()}.ARN()
}

// MakeRole makes the role that a pipeline's runs assume: nobody but this project's runs
// may, and it lets them do what access as code needs.
func (s *Store) MakeRole(tx *database.Tx, p Pipeline) (string, error) {
	trusting := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole","Condition":{"ArnEquals":{"aws:SourceArn":%q}}}]}`,
		connection.Runner.Principal(), p.SourceARN())
	role, err := s.Accounts.CreateEntity(tx, p.Account, account.NewEntity{
		Kind: account.Role, Name: p.RoleName(), Trust: trusting,
		Description: "Access as code: the pipeline " + p.Name + " of project " + p.Project.Name + " in space " + p.Space.Name,
	})
	if err != nil {
		return "", err
	}
	return role.ARN(), s.Accounts.PutInline(tx, role, account.Inline{Name: policyName, Document: s.Permissions})
}

// removeRole takes the role away with its sessions, with whatever the account's side has
// added to it. Another role that has its name by now is left alone.
func (s *Store) removeRole(tx *database.Tx, p Pipeline) error {
	if p.Side != connection.Embedded || p.Role == "" {
		return nil
	}
	role, err := s.Accounts.EntityByARN(tx.Reading(), p.Role)
	if fault.Is(err, fault.NotFound) || err == nil && role.CreatedAt != p.DecidedAt {
		return nil
	}
	if err != nil {
		return err
	}
	attached, err := s.Accounts.AttachedPolicies(tx.Reading(), role.ID)
	if err != nil {
		return err
	}
	for _, name := range attached {
		if err := s.Accounts.DetachPolicy(tx, role, name); err != nil {
			return err
		}
	}
	inline, err := s.Accounts.InlinePolicies(tx.Reading(), role.ID)
	if err != nil {
		return err
	}
	for _, own := range inline {
		if err := s.Accounts.DeleteInline(tx, role, own.Name); err != nil {
			return err
		}
	}
	return s.Accounts.DeleteEntity(tx, role)
}

// together tells whether an account is in the organization that a pipeline delivers to.
func (s *Store) together(tx *database.ReadTx, id account.ID, p Pipeline) (bool, error) {
	if id == p.Account || p.Side != connection.Embedded {
		return id == p.Account, nil
	}
	its, err := s.Organizations.Place(tx, id)
	if err != nil || its == nil {
		return false, err
	}
	other, err := s.Organizations.Place(tx, p.Account)
	return err == nil && other != nil && other.Organization == its.Organization, err
}
