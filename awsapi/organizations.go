package awsapi

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/org"
)

// Organizations is the service of that name, API version 2016-11-28: accounts in a
// tree, and the policies over them.
type Organizations struct {
	Organizations *org.Store
	Accounts      *account.Store
	Centers       *identitycenter.Store
	Jobs          *job.Queue
}

func (o *Organizations) service() *service {
	const (
		transfers = "the transfer of responsibility for bills is not offered: there are none here"
		govCloud  = "accounts of AWS GovCloud (US) are not offered"
	)
	iam := func(action string, resources ...string) authz.Rule {
		return authz.IAM("organizations:"+action, resources...)
	}
	return &service{
		Service: operation.Service{Source: "organizations"}, signing: "organizations",
		errors: organizationsErrors, constraints: organizationsConstraints,
		targets: []string{"AWSOrganizationsV20161128"},
		operations: []*operation.Operation{
			operation.Write("CreateOrganization", o.createOrganization, iam("CreateOrganization", "*")),
			operation.Read("DescribeOrganization", asks(o, member, o.describeOrganization), iam("DescribeOrganization", "*")),
			operation.Write("DeleteOrganization", changes(o, management, o.deleteOrganization), iam("DeleteOrganization", "*")),
			operation.Write("EnableAllFeatures", changes(o, management, o.enableAllFeatures), iam("EnableAllFeatures", "*")),
			operation.Read("ListRoots", asks(o, admitted, o.listRoots), iam("ListRoots", "organization/")),

			operation.Write("CreateOrganizationalUnit", changes(o, management, o.createOrganizationalUnit), iam("CreateOrganizationalUnit", "parent/{ParentId}")),
			operation.Read("DescribeOrganizationalUnit", asks(o, admitted, o.describeOrganizationalUnit), iam("DescribeOrganizationalUnit", "ou/{OrganizationalUnitId}")),
			operation.Write("UpdateOrganizationalUnit", changes(o, management, o.updateOrganizationalUnit), iam("UpdateOrganizationalUnit", "ou/{OrganizationalUnitId}")),
			operation.Write("DeleteOrganizationalUnit", changes(o, management, o.deleteOrganizationalUnit), iam("DeleteOrganizationalUnit", "ou/{OrganizationalUnitId}")),
			operation.Read("ListOrganizationalUnitsForParent", asks(o, admitted, o.listOrganizationalUnitsForParent), iam("ListOrganizationalUnitsForParent", "parent/{ParentId}")),
			operation.Read("ListChildren", asks(o, admitted, o.listChildren), iam("ListChildren", "parent/{ParentId}")),
			operation.Read("ListParents", asks(o, admitted, o.listParents), iam("ListParents", "target/{ChildId}")),

			operation.Write("CreateAccount", changes(o, management, o.createAccount), iam("CreateAccount", "*")),
			operation.Read("DescribeCreateAccountStatus", asks(o, admitted, o.describeCreateAccountStatus), iam("DescribeCreateAccountStatus", "organization/")),
			operation.Read("ListCreateAccountStatus", asks(o, admitted, o.listCreateAccountStatus), iam("ListCreateAccountStatus", "organization/")),
			operation.Read("DescribeAccount", asks(o, admitted, o.describeAccount), iam("DescribeAccount", "account/{AccountId}")),
			operation.Read("ListAccounts", asks(o, admitted, o.listAccounts), iam("ListAccounts", "organization/")),
			operation.Read("ListAccountsForParent", asks(o, admitted, o.listAccountsForParent), iam("ListAccountsForParent", "parent/{ParentId}")),
			operation.Write("MoveAccount", changes(o, management, o.moveAccount), iam("MoveAccount", "account/{AccountId}", "parent/{SourceParentId}", "parent/{DestinationParentId}")),
			operation.Write("CloseAccount", changes(o, management, o.closeAccount), iam("CloseAccount", "account/{AccountId}")),
			operation.Write("RemoveAccountFromOrganization", changes(o, management, o.removeAccountFromOrganization), iam("RemoveAccountFromOrganization", "account/{AccountId}")),
			operation.Write("LeaveOrganization", changes(o, member, o.leaveOrganization), iam("LeaveOrganization", "*")),

			operation.Write("InviteAccountToOrganization", changes(o, management, o.inviteAccountToOrganization), iam("InviteAccountToOrganization", "*")),
			operation.Write("AcceptHandshake", o.acceptHandshake, iam("AcceptHandshake", "handshake/{HandshakeId}")),
			operation.Write("DeclineHandshake", o.declineHandshake, iam("DeclineHandshake", "handshake/{HandshakeId}")),
			operation.Write("CancelHandshake", o.cancelHandshake, iam("CancelHandshake", "handshake/{HandshakeId}")),
			operation.Read("DescribeHandshake", o.describeHandshake, iam("DescribeHandshake", "handshake/{HandshakeId}")),
			operation.Read("ListHandshakesForAccount", o.listHandshakesForAccount, iam("ListHandshakesForAccount", "*")),
			operation.Read("ListHandshakesForOrganization", asks(o, admitted, o.listHandshakesForOrganization), iam("ListHandshakesForOrganization", "organization/")),

			operation.Write("EnablePolicyType", changes(o, admitted, o.enablePolicyType), iam("EnablePolicyType", "root/{RootId}")),
			operation.Write("DisablePolicyType", changes(o, admitted, o.disablePolicyType), iam("DisablePolicyType", "root/{RootId}")),
			operation.Write("CreatePolicy", changes(o, admitted, o.createPolicy), iam("CreatePolicy", "type/{Type}")),
			operation.Read("DescribePolicy", asks(o, admitted, o.describePolicy), iam("DescribePolicy", "policy/{PolicyId}")),
			operation.Write("UpdatePolicy", changes(o, admitted, o.updatePolicy), iam("UpdatePolicy", "policy/{PolicyId}")),
			operation.Write("DeletePolicy", changes(o, admitted, o.deletePolicy), iam("DeletePolicy", "policy/{PolicyId}")),
			operation.Read("ListPolicies", asks(o, admitted, o.listPolicies), iam("ListPolicies", "type/{Filter}")),
			operation.Write("AttachPolicy", changes(o, admitted, o.attachPolicy), iam("AttachPolicy", "policy/{PolicyId}", "target/{TargetId}")),
			operation.Write("DetachPolicy", changes(o, admitted, o.detachPolicy), iam("DetachPolicy", "policy/{PolicyId}", "target/{TargetId}")),
			operation.Read("ListPoliciesForTarget", asks(o, admitted, o.listPoliciesForTarget), iam("ListPoliciesForTarget", "target/{TargetId}")),
			operation.Read("ListTargetsForPolicy", asks(o, admitted, o.listTargetsForPolicy), iam("ListTargetsForPolicy", "policy/{PolicyId}")),
			operation.Read("DescribeEffectivePolicy", asks(o, member, o.describeEffectivePolicy), iam("DescribeEffectivePolicy", "self/{TargetId}")),
			operation.Read("ListEffectivePolicyValidationErrors", asks(o, admitted, o.listEffectivePolicyValidationErrors), iam("ListEffectivePolicyValidationErrors", "account/{AccountId}")),
			operation.Read("ListAccountsWithInvalidEffectivePolicy", asks(o, admitted, o.listAccountsWithInvalidEffectivePolicy), iam("ListAccountsWithInvalidEffectivePolicy", "type/{PolicyType}")),

			operation.Write("EnableAWSServiceAccess", changes(o, management, o.enableAWSServiceAccess), iam("EnableAWSServiceAccess", "*")),
			operation.Write("DisableAWSServiceAccess", changes(o, management, o.disableAWSServiceAccess), iam("DisableAWSServiceAccess", "*")),
			operation.Read("ListAWSServiceAccessForOrganization", asks(o, admitted, o.listAWSServiceAccessForOrganization), iam("ListAWSServiceAccessForOrganization", "organization/")),
			operation.Write("RegisterDelegatedAdministrator", changes(o, management, o.registerDelegatedAdministrator), iam("RegisterDelegatedAdministrator", "account/{AccountId}")),
			operation.Write("DeregisterDelegatedAdministrator", changes(o, management, o.deregisterDelegatedAdministrator), iam("DeregisterDelegatedAdministrator", "account/{AccountId}")),
			operation.Read("ListDelegatedAdministrators", asks(o, admitted, o.listDelegatedAdministrators), iam("ListDelegatedAdministrators", "organization/")),
			operation.Read("ListDelegatedServicesForAccount", asks(o, admitted, o.listDelegatedServicesForAccount), iam("ListDelegatedServicesForAccount", "account/{AccountId}")),
			operation.Write("PutResourcePolicy", changes(o, management, o.putResourcePolicy), iam("PutResourcePolicy", "organization/")),
			operation.Read("DescribeResourcePolicy", asks(o, admitted, o.describeResourcePolicy), iam("DescribeResourcePolicy", "organization/")),
			operation.Write("DeleteResourcePolicy", changes(o, management, o.deleteResourcePolicy), iam("DeleteResourcePolicy", "organization/")),

			operation.Write("TagResource", changes(o, admitted, o.tagResource), iam("TagResource", "target/{ResourceId}")),
			operation.Write("UntagResource", changes(o, admitted, o.untagResource), iam("UntagResource", "target/{ResourceId}")),
			operation.Read("ListTagsForResource", asks(o, admitted, o.listTagsForResource), iam("ListTagsForResource", "target/{ResourceId}")),

			operation.Refused[organizations.CreateGovCloudAccountInput, organizations.CreateGovCloudAccountOutput]("CreateGovCloudAccount", false, govCloud, iam("CreateGovCloudAccount", "*")),
			operation.Refused[organizations.InviteOrganizationToTransferResponsibilityInput, organizations.InviteOrganizationToTransferResponsibilityOutput]("InviteOrganizationToTransferResponsibility", false, transfers, iam("InviteOrganizationToTransferResponsibility", "*")),
			operation.Refused[organizations.UpdateResponsibilityTransferInput, organizations.UpdateResponsibilityTransferOutput]("UpdateResponsibilityTransfer", false, transfers, iam("UpdateResponsibilityTransfer", "*")),
			operation.Refused[organizations.TerminateResponsibilityTransferInput, organizations.TerminateResponsibilityTransferOutput]("TerminateResponsibilityTransfer", false, transfers, iam("TerminateResponsibilityTransfer", "*")),
			operation.Refused[organizations.DescribeResponsibilityTransferInput, organizations.DescribeResponsibilityTransferOutput]("DescribeResponsibilityTransfer", true, transfers, iam("DescribeResponsibilityTransfer", "*")),
			operation.Refused[organizations.ListInboundResponsibilityTransfersInput, organizations.ListInboundResponsibilityTransfersOutput]("ListInboundResponsibilityTransfers", true, transfers, iam("ListInboundResponsibilityTransfers", "*")),
			operation.Refused[organizations.ListOutboundResponsibilityTransfersInput, organizations.ListOutboundResponsibilityTransfersOutput]("ListOutboundResponsibilityTransfers", true, transfers, iam("ListOutboundResponsibilityTransfers", "*")),
		},
	}
}

// standing is what an account has to be to its organization, beside what policies
// allow its principals.
type standing uint8

const (
	// member is any account of it.
	member standing = iota
	// admitted is the management account, a delegated administrator, or a member to
	// which the organization's resource policy may have given something. Which of
	// them may do what has been decided by policies.
	admitted
	// management is the management account alone.
	management
)

// asks is a Read about the caller's organization.
func asks[In, Out any](o *Organizations, who standing, do func(*operation.Query, org.Organization, *In) (*Out, error)) func(*operation.Query, *In) (*Out, error) {
	return func(q *operation.Query, in *In) (*Out, error) {
		of, err := o.of(q.Tx, &q.Call, who)
		if err != nil {
			return nil, err
		}
		return do(q, of, in)
	}
}

// changes is a Write in the caller's organization.
func changes[In, Out any](o *Organizations, who standing, do func(*operation.Command, org.Organization, *In) (*Out, error)) func(*operation.Command, *In) (*Out, error) {
	return func(c *operation.Command, in *In) (*Out, error) {
		of, err := o.of(c.Tx.Reading(), &c.Call, who)
		if err != nil {
			return nil, err
		}
		return do(c, of, in)
	}
}

// of is the caller's organization, if the caller is what it has to be.
func (o *Organizations) of(tx *database.ReadTx, call *operation.Call, who standing) (org.Organization, error) {
	caller := call.Caller.Principal.ID()
	of, err := o.Organizations.Of(tx, caller)
	if err != nil || who == member || caller == of.Management {
		return of, err
	}
	if who == management {
		return of, noPermission()
	}
	return of, o.admit(tx, of, caller)
}

func (o *Organizations) admit(tx *database.ReadTx, of org.Organization, caller account.ID) error {
	admits, err := o.Organizations.Admits(tx, of, caller)
	if err == nil && !admits {
		err = noPermission()
	}
	return err
}

func noPermission() error {
	return fault.Deniedf("You don't have permissions to access this resource.")
}

// pageOf reads one page of one of the service's lists.
func pageOf[Item any](q *operation.Query, token *string, size *int32, list func(org.Page) ([]Item, error), key func(Item) string) ([]Item, *string, error) {
	return page(q, token, size, organizationsPage, func(after string, limit int) ([]Item, error) {
		return list(org.Page{After: after, Limit: limit})
	}, key)
}

// organizationsPage is how many items a page has at most, and unless asked for fewer.
const organizationsPage = 20

func (o *Organizations) createOrganization(c *operation.Command, in *organizations.CreateOrganizationInput) (*organizations.CreateOrganizationOutput, error) {
	features := org.AllFeatures
	if in.FeatureSet != "" {
		features = org.FeatureSet(in.FeatureSet)
	}
	made, err := o.Organizations.Create(c.Tx, c.Caller.Principal.ID(), features)
	if err != nil {
		return nil, err
	}
	out, err := o.organization(c.Tx.Reading(), made)
	return &organizations.CreateOrganizationOutput{Organization: out}, err
}

func (o *Organizations) describeOrganization(q *operation.Query, of org.Organization, _ *organizations.DescribeOrganizationInput) (*organizations.DescribeOrganizationOutput, error) {
	out, err := o.organization(q.Tx, of)
	return &organizations.DescribeOrganizationOutput{Organization: out}, err
}

func (o *Organizations) organization(tx *database.ReadTx, of org.Organization) (*types.Organization, error) {
	boss, err := o.Accounts.Account(tx, of.Management)
	if err != nil {
		return nil, err
	}
	out := &types.Organization{
		Id: aws.String(string(of.ID)), Arn: aws.String(of.ARN()), FeatureSet: types.OrganizationFeatureSet(of.Features),
		MasterAccountId: aws.String(string(of.Management)), MasterAccountArn: aws.String(of.AccountARN(of.Management)), MasterAccountEmail: &boss.Email,
		AvailablePolicyTypes: []types.PolicyTypeSummary{},
	}
	if of.Features == org.AllFeatures {
		// Deprecated: AWS tells of this type alone, whether or not it is enabled.
		out.AvailablePolicyTypes = []types.PolicyTypeSummary{{Type: types.PolicyTypeServiceControlPolicy, Status: types.PolicyTypeStatusEnabled}}
	}
	return out, nil
}

func (o *Organizations) deleteOrganization(c *operation.Command, of org.Organization, _ *organizations.DeleteOrganizationInput) (*organizations.DeleteOrganizationOutput, error) {
	switch _, err := o.Centers.InstanceOf(c.Tx.Reading(), of.Management); {
	case err == nil:
		return nil, fault.WithReason(org.ReasonNotEmpty, fault.Conflictf("To delete an organization you must first delete its instance of IAM Identity Center."))
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	return &organizations.DeleteOrganizationOutput{}, o.Organizations.Delete(c.Tx, of)
}

func (o *Organizations) listRoots(q *operation.Query, of org.Organization, in *organizations.ListRootsInput) (*organizations.ListRootsOutput, error) {
	roots, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]types.Root, error) {
		if p.After != "" {
			return nil, nil
		}
		root, err := o.root(q.Tx, of)
		return []types.Root{*root}, err
	}, func(r types.Root) string { return *r.Id })
	return &organizations.ListRootsOutput{Roots: roots, NextToken: next}, err
}

func (o *Organizations) root(tx *database.ReadTx, of org.Organization) (*types.Root, error) {
	enabled, err := o.Organizations.EnabledTypes(tx, of)
	return &types.Root{
		Id: aws.String(string(of.Root)), Arn: aws.String(of.TargetARN(org.TargetID(of.Root))), Name: aws.String(org.RootName),
		PolicyTypes: translate(enabled, func(t org.PolicyType) types.PolicyTypeSummary {
			return types.PolicyTypeSummary{Type: types.PolicyType(t), Status: types.PolicyTypeStatusEnabled}
		}),
	}, err
}
