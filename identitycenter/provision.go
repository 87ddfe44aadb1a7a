package identitycenter

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// A permission set becomes a role of the account, named and placed as AWS does it. What
// ends its name depends on set and account alone, so that trust policies which name the
// role are right again when it comes back: "Referencing permission sets in resource
// policies, Amazon EKS Cluster config maps, and AWS KMS key policies" in the IAM
// Identity Center User Guide.
const (
	inlineName   = "AwsSSOInlinePolicy"
	reservedPath = "/aws-reserved/sso.amazonaws.com/"
)

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:16]
}

// RoleName is what the permission set's role in an account is called.
func (p PermissionSet) RoleName(id account.ID) string {
	return "AWSReservedSSO_" + p.Name + "_" + digest("role", string(p.ID), string(id))
}

// RolePath is where it stands.
func (p PermissionSet) RolePath() string {
	if p.Region == "" || p.Region == "us-east-1" {
		return reservedPath
	}
	return reservedPath + p.Region + "/"
}

// providerName is the SAML provider by which an account trusts the instance.
func (i Instance) providerName(id account.ID) string {
	return "AWSSSO_" + digest("provider", string(i.ID), string(id)) + "_DO_NOT_DELETE"
}

func (i Instance) trust(id account.ID) string {
	text, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"Federated": i.providerARN(id)},
			"Action":    []string{"sts:AssumeRoleWithSAML", "sts:TagSession"},
			"Condition": map[string]any{"StringEquals": map[string]any{"SAML:aud": "https://signin.aws.amazon.com/saml"}},
		}},
	})
	if err != nil {
		panic(err) // texts alone
	}
	return string(text)
}

// checkTarget refuses an account that is not the instance's to provide for, or is closed.
func (s *Store) checkTarget(tx *database.ReadTx, in Instance, id account.ID) error {
	reaches, err := s.provides(tx, in, id)
	if err != nil {
		return err
	}
	if !reaches {
		return fault.NotFoundf("The AWS account %s is not in the organization.", id)
	}
	a, err := s.Accounts.Account(tx, id)
	if err == nil && a.Status != account.Active {
		err = fault.Conflictf("The AWS account %s is suspended.", id)
	}
	return err
}

// provides tells whether an instance provides for an account: an organization's for its
// members, an account's for itself.
func (s *Store) provides(tx *database.ReadTx, in Instance, id account.ID) (bool, error) {
	if in.Organization == "" {
		return id == in.Owner, nil
	}
	return s.sees(tx, id, in)
}

// provision makes the role of a permission set in an account, or makes it what the
// set is now. A refusal may leave a part of it: see attempt.
func (s *Store) provision(tx *database.Tx, p PermissionSet, id account.ID) error {
	if err := s.checkTarget(tx.Reading(), p.in, id); err != nil {
		return err
	}
	attached, err := s.policies(tx.Reading(), p.ID)
	if err != nil {
		return err
	}
	for _, ref := range append(slices.Clone(attached), p.Boundary) {
		if err := s.checkInAccount(tx.Reading(), ref, id); err != nil {
			return err
		}
	}
	if err := s.trustCenter(tx, p.in, id); err != nil {
		return err
	}
	role, err := s.role(tx, p, id)
	if err != nil {
		return err
	}
	if err := s.attachExactly(tx, role, attached); err != nil {
		return err
	}
	if err := s.setInline(tx, role, p.Inline); err != nil {
		return err
	}
	_, err = tx.Exec(`insert into provisioned_sets (permission_set_id, account_id, role_id, version, provisioned_at) values ($1, $2, $3, $4, $5)
		on conflict (permission_set_id, account_id) do update set role_id = excluded.role_id, version = excluded.version, provisioned_at = excluded.provisioned_at`,
		p.ID, id, role.ID, p.Version, database.Time(tx.Now()))
	if err != nil {
		return err
	}
	count, err := database.One(tx.Reading(), database.Value[int], `select count(*) from provisioned_sets where account_id = $1`, id)
	if err == nil && count > maxSetsPerAccount {
		err = fault.Quotaf("The AWS account %s has %d permission sets, and may have no more.", id, maxSetsPerAccount)
	}
	return err
}

// checkInAccount refuses a policy that an account has not.
func (s *Store) checkInAccount(tx *database.ReadTx, ref PolicyRef, id account.ID) error {
	if ref == "" {
		return nil
	}
	_, err := s.Accounts.PolicyByARN(tx, ref.in(id))
	if fault.Is(err, fault.NotFound) {
		return fault.NotFoundf("The policy %s does not exist in the AWS account %s.", ref.in(id), id)
	}
	return err
}

func (i Instance) providerARN(id account.ID) string {
	return arn.ARN{Partition: "aws", Service: "iam", Account: string(id), Resource: "saml-provider/" + i.providerName(id)}.String()
}

// trustCenter makes the account's SAML provider for the instance, or makes it what it
// should be.
func (s *Store) trustCenter(tx *database.Tx, in Instance, id account.ID) error {
	metadata := in.metadata()
	p, err := s.Accounts.Provider(tx.Reading(), in.providerARN(id))
	switch {
	case fault.Is(err, fault.NotFound):
		_, err = s.Accounts.CreateProvider(tx, id, account.NewProvider{Kind: account.SAML, Name: in.providerName(id), Metadata: metadata})
	case err == nil && (p.Metadata != metadata || !p.ExpiresAt.IsZero()):
		err = s.Accounts.ChangeProvider(tx, p, account.ProviderPatch{Metadata: &metadata})
	}
	return err
}

// metadata names the instance as a SAML entity. It has no keys: sessions are opened by
// the portal, which needs no assertion.
func (i Instance) metadata() string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID=%q/>`, i.ARN())
}

// role is that of the set in the account, made if it is not there, and brought up to date.
func (s *Store) role(tx *database.Tx, p PermissionSet, id account.ID) (account.Entity, error) {
	name, boundary := p.RoleName(id), p.Boundary.in(id)
	trust, session := p.in.trust(id), p.Session()
	role, err := s.Accounts.Entity(tx.Reading(), id, account.Role, name)
	switch {
	case fault.Is(err, fault.NotFound):
		return s.Accounts.CreateEntity(tx, id, account.NewEntity{
			Kind: account.Role, Name: name, Path: p.RolePath(), Boundary: boundary, Description: p.Description, Trust: trust, MaxSession: session,
		})
	case err != nil:
		return role, err
	case !strings.HasPrefix(role.Path, reservedPath):
		return role, fault.Conflictf("The AWS account %s has a role %s that is its own: delete it.", id, name)
	}
	return s.Accounts.ChangeEntity(tx, role, account.EntityPatch{Boundary: &boundary, Description: &p.Description, Trust: &trust, MaxSession: &session})
}

// attachExactly gives a role these managed policies and no others.
func (s *Store) attachExactly(tx *database.Tx, role account.Entity, wanted []PolicyRef) error {
	has, err := s.Accounts.AttachedPolicies(tx.Reading(), role.ID)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, ref := range wanted {
		keep[ref.in(role.Account)] = true
	}
	for _, name := range has {
		if keep[name] {
			delete(keep, name)
		} else if err := s.Accounts.DetachPolicy(tx, role, name); err != nil {
			return err
		}
	}
	for name := range keep {
		if err := s.Accounts.AttachPolicy(tx, role, name); err != nil {
			return err
		}
	}
	return nil
}

// setInline gives a role this policy of its own, or none.
func (s *Store) setInline(tx *database.Tx, role account.Entity, document string) error {
	if document != "" {
		return s.Accounts.PutInline(tx, role, account.Inline{Name: inlineName, Document: document})
	}
	err := s.Accounts.DeleteInline(tx, role, inlineName)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// reprovision is provision for an account that has the set; it may have lost it
// meanwhile, and then stays without.
func (s *Store) reprovision(tx *database.Tx, p PermissionSet, id account.ID) error {
	there, err := s.IsProvisionedIn(tx.Reading(), p, id)
	if err != nil || !there {
		return err
	}
	return s.provision(tx, p, id)
}

// deprovision removes the role of a permission set from an account, and with it every
// session of it.
func (s *Store) deprovision(tx *database.Tx, p PermissionSet, id account.ID) error {
	n, err := tx.Exec(`delete from provisioned_sets where permission_set_id = $1 and account_id = $2`, p.ID, id)
	if err != nil || n == 0 {
		return err
	}
	role, err := s.Accounts.Entity(tx.Reading(), id, account.Role, p.RoleName(id))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.attachExactly(tx, role, nil); err != nil {
		return err
	}
	if err := s.setInline(tx, role, ""); err != nil {
		return err
	}
	return s.Accounts.DeleteEntity(tx, role)
}
