package awsapi

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/operation"
)

// SSOAdmin is the service sso-admin, API version 2020-07-20: instances of IAM Identity
// Center, permission sets and who has them in which accounts, applications.
type SSOAdmin struct {
	Centers *identitycenter.Store
	Jobs    *job.Queue
	Region  string // of every instance
	// MostAssignments is how many changes of assignments may be under way; 0: as many as
	// are asked for.
	MostAssignments int
}

func (o *SSOAdmin) service() *service {
	const (
		instance, set     = "{InstanceArn}", "{PermissionSetArn}"
		application       = "{ApplicationArn}"
		provider, issuer  = "{ApplicationProviderArn}", "{TrustedTokenIssuerArn}"
		resource          = "{ResourceArn}"
		target, ofAccount = "account/{TargetId}", "account/{AccountId}"
		regions           = "this deployment is one Region, and every instance is in it"
	)
	// Which resources an action is about: "Actions, resources, and condition keys for AWS
	// IAM Identity Center" in the Service Authorization Reference.
	iam := func(action string, resources ...string) authz.Rule { return authz.IAM("sso:"+action, resources...) }
	return &service{
		Service: operation.Service{Source: "sso"}, signing: "sso",
		errors: ssoAdminErrors, constraints: ssoAdminConstraints,
		targets: []string{"SWBExternalService"},
		operations: []*operation.Operation{
			operation.Write("CreateInstance", o.createInstance, iam("CreateInstance", "*")),
			operation.Read("DescribeInstance", asksCenter(o, o.describeInstance), iam("DescribeInstance", instance)),
			operation.Write("UpdateInstance", changesCenter(o, o.updateInstance), iam("UpdateInstance", instance)),
			operation.Write("DeleteInstance", changesCenter(o, o.deleteInstance), iam("DeleteInstance", instance)),
			operation.Read("ListInstances", o.listInstances, iam("ListInstances", "*")),
			operation.Read("DescribeRegion", asksCenter(o, o.describeRegion), iam("DescribeRegion", instance)),
			operation.Read("ListRegions", asksCenter(o, o.listRegions), iam("ListRegions", instance)),
			operation.Refused[ssoadmin.AddRegionInput, ssoadmin.AddRegionOutput]("AddRegion", false, regions, iam("AddRegion", instance)),
			operation.Refused[ssoadmin.RemoveRegionInput, ssoadmin.RemoveRegionOutput]("RemoveRegion", false, regions, iam("RemoveRegion", instance)),
			operation.Write("CreateInstanceAccessControlAttributeConfiguration", changesTags(o, o.createAccessControl), iam("CreateInstanceAccessControlAttributeConfiguration", instance)),
			operation.Read("DescribeInstanceAccessControlAttributeConfiguration", asksCenter(o, o.describeAccessControl), iam("DescribeInstanceAccessControlAttributeConfiguration", instance)),
			operation.Write("UpdateInstanceAccessControlAttributeConfiguration", changesTags(o, o.updateAccessControl), iam("UpdateInstanceAccessControlAttributeConfiguration", instance)),
			operation.Write("DeleteInstanceAccessControlAttributeConfiguration", changesTags(o, o.deleteAccessControl), iam("DeleteInstanceAccessControlAttributeConfiguration", instance)),

			operation.Write("TagResource", o.tagResource, iam("TagResource", resource)),
			operation.Write("UntagResource", o.untagResource, iam("UntagResource", resource)),
			operation.Read("ListTagsForResource", o.listTagsForResource, iam("ListTagsForResource", resource)),

			operation.Write("CreatePermissionSet", changesCenter(o, o.createPermissionSet), iam("CreatePermissionSet", instance)),
			operation.Read("DescribePermissionSet", asksSet(o, o.describePermissionSet), iam("DescribePermissionSet", instance, set)),
			operation.Write("UpdatePermissionSet", changesSet(o, o.updatePermissionSet), iam("UpdatePermissionSet", instance, set)),
			operation.Write("DeletePermissionSet", changesSet(o, o.deletePermissionSet), iam("DeletePermissionSet", instance, set)),
			operation.Read("ListPermissionSets", asksCenter(o, o.listPermissionSets), iam("ListPermissionSets", instance)),
			operation.Write("PutInlinePolicyToPermissionSet", changesSet(o, o.putInlinePolicy), iam("PutInlinePolicyToPermissionSet", instance, set)),
			operation.Read("GetInlinePolicyForPermissionSet", asksSet(o, o.getInlinePolicy), iam("GetInlinePolicyForPermissionSet", instance, set)),
			operation.Write("DeleteInlinePolicyFromPermissionSet", changesSet(o, o.deleteInlinePolicy), iam("DeleteInlinePolicyFromPermissionSet", instance, set)),
			operation.Write("PutPermissionsBoundaryToPermissionSet", changesSet(o, o.putBoundary), iam("PutPermissionsBoundaryToPermissionSet", instance, set)),
			operation.Read("GetPermissionsBoundaryForPermissionSet", asksSet(o, o.getBoundary), iam("GetPermissionsBoundaryForPermissionSet", instance, set)),
			operation.Write("DeletePermissionsBoundaryFromPermissionSet", changesSet(o, o.deleteBoundary), iam("DeletePermissionsBoundaryFromPermissionSet", instance, set)),
			operation.Write("AttachManagedPolicyToPermissionSet", changesSet(o, o.attachManaged), iam("AttachManagedPolicyToPermissionSet", instance, set)),
			operation.Write("DetachManagedPolicyFromPermissionSet", changesSet(o, o.detachManaged), iam("DetachManagedPolicyFromPermissionSet", instance, set)),
			operation.Read("ListManagedPoliciesInPermissionSet", asksSet(o, o.listManaged), iam("ListManagedPoliciesInPermissionSet", instance, set)),
			operation.Write("AttachCustomerManagedPolicyReferenceToPermissionSet", changesSet(o, o.attachCustomer), iam("AttachCustomerManagedPolicyReferenceToPermissionSet", instance, set)),
			operation.Write("DetachCustomerManagedPolicyReferenceFromPermissionSet", changesSet(o, o.detachCustomer), iam("DetachCustomerManagedPolicyReferenceFromPermissionSet", instance, set)),
			operation.Read("ListCustomerManagedPolicyReferencesInPermissionSet", asksSet(o, o.listCustomer), iam("ListCustomerManagedPolicyReferencesInPermissionSet", instance, set)),

			operation.Write("CreateAccountAssignment", o.createAccountAssignment, iam("CreateAccountAssignment", instance, set, target)),
			operation.Write("DeleteAccountAssignment", o.deleteAccountAssignment, iam("DeleteAccountAssignment", instance, set, target)),
			operation.Read("DescribeAccountAssignmentCreationStatus", asksCenter(o, o.describeCreationStatus), iam("DescribeAccountAssignmentCreationStatus", instance)),
			operation.Read("DescribeAccountAssignmentDeletionStatus", asksCenter(o, o.describeDeletionStatus), iam("DescribeAccountAssignmentDeletionStatus", instance)),
			operation.Read("ListAccountAssignmentCreationStatus", asksCenter(o, o.listCreationStatus), iam("ListAccountAssignmentCreationStatus", instance)),
			operation.Read("ListAccountAssignmentDeletionStatus", asksCenter(o, o.listDeletionStatus), iam("ListAccountAssignmentDeletionStatus", instance)),
			operation.Read("ListAccountAssignments", asksSet(o, o.listAccountAssignments), iam("ListAccountAssignments", instance, set, ofAccount)),
			operation.Read("ListAccountAssignmentsForPrincipal", asksCenter(o, o.listAssignmentsForPrincipal), iam("ListAccountAssignmentsForPrincipal", instance)),
			operation.Write("ProvisionPermissionSet", o.provisionPermissionSet, iam("ProvisionPermissionSet", instance, set)),
			operation.Read("DescribePermissionSetProvisioningStatus", asksCenter(o, o.describeProvisioningStatus), iam("DescribePermissionSetProvisioningStatus", instance)),
			operation.Read("ListPermissionSetProvisioningStatus", asksCenter(o, o.listProvisioningStatus), iam("ListPermissionSetProvisioningStatus", instance)),
			operation.Read("ListAccountsForProvisionedPermissionSet", asksSet(o, o.listAccountsForProvisioned), iam("ListAccountsForProvisionedPermissionSet", instance, set)),
			operation.Read("ListPermissionSetsProvisionedToAccount", asksCenter(o, o.listProvisionedToAccount), iam("ListPermissionSetsProvisionedToAccount", instance, ofAccount)),

			operation.Write("CreateApplication", changesCenter(o, o.createApplication), iam("CreateApplication", instance, provider)),
			operation.Read("DescribeApplication", asksApplication(o, o.describeApplication), iam("DescribeApplication", application)),
			operation.Write("UpdateApplication", changesApplication(o, o.updateApplication), iam("UpdateApplication", application)),
			operation.Write("DeleteApplication", changesApplication(o, o.deleteApplication), iam("DeleteApplication", application)),
			operation.Read("ListApplications", asksCenter(o, o.listApplications), iam("ListApplications", instance)),
			operation.Read("DescribeApplicationProvider", o.describeApplicationProvider, iam("DescribeApplicationProvider", provider)),
			operation.Read("ListApplicationProviders", o.listApplicationProviders, iam("ListApplicationProviders", "*")),
			operation.Write("CreateApplicationAssignment", changesApplication(o, o.createApplicationAssignment), iam("CreateApplicationAssignment", application)),
			operation.Read("DescribeApplicationAssignment", asksApplication(o, o.describeApplicationAssignment), iam("DescribeApplicationAssignment", application)),
			operation.Write("DeleteApplicationAssignment", changesApplication(o, o.deleteApplicationAssignment), iam("DeleteApplicationAssignment", application)),
			operation.Read("ListApplicationAssignments", asksApplication(o, o.listApplicationAssignments), iam("ListApplicationAssignments", application)),
			operation.Read("ListApplicationAssignmentsForPrincipal", asksCenter(o, o.listApplicationAssignmentsForPrincipal), iam("ListApplicationAssignmentsForPrincipal", instance)),
			operation.Write("PutApplicationAssignmentConfiguration", changesApplication(o, o.putAssignmentConfiguration), iam("PutApplicationAssignmentConfiguration", application)),
			operation.Read("GetApplicationAssignmentConfiguration", asksApplication(o, o.getAssignmentConfiguration), iam("GetApplicationAssignmentConfiguration", application)),
			operation.Write("PutApplicationSessionConfiguration", changesApplication(o, o.putSessionConfiguration), iam("PutApplicationSessionConfiguration", application)),
			operation.Read("GetApplicationSessionConfiguration", asksApplication(o, o.getSessionConfiguration), iam("GetApplicationSessionConfiguration", application)),
			operation.Write("PutApplicationAccessScope", changesApplication(o, o.putAccessScope), iam("PutApplicationAccessScope", application)),
			operation.Read("GetApplicationAccessScope", asksApplication(o, o.getAccessScope), iam("GetApplicationAccessScope", application)),
			operation.Write("DeleteApplicationAccessScope", changesApplication(o, o.deleteAccessScope), iam("DeleteApplicationAccessScope", application)),
			operation.Read("ListApplicationAccessScopes", asksApplication(o, o.listAccessScopes), iam("ListApplicationAccessScopes", application)),
			operation.Write("PutApplicationAuthenticationMethod", changesApplication(o, o.putAuthenticationMethod), iam("PutApplicationAuthenticationMethod", application)),
			operation.Read("GetApplicationAuthenticationMethod", asksApplication(o, o.getAuthenticationMethod), iam("GetApplicationAuthenticationMethod", application)),
			operation.Write("DeleteApplicationAuthenticationMethod", changesApplication(o, o.deleteAuthenticationMethod), iam("DeleteApplicationAuthenticationMethod", application)),
			operation.Read("ListApplicationAuthenticationMethods", asksApplication(o, o.listAuthenticationMethods), iam("ListApplicationAuthenticationMethods", application)),
			operation.Write("PutApplicationGrant", changesApplication(o, o.putGrant), iam("PutApplicationGrant", application)),
			operation.Read("GetApplicationGrant", asksApplication(o, o.getGrant), iam("GetApplicationGrant", application)),
			operation.Write("DeleteApplicationGrant", changesApplication(o, o.deleteGrant), iam("DeleteApplicationGrant", application)),
			operation.Read("ListApplicationGrants", asksApplication(o, o.listGrants), iam("ListApplicationGrants", application)),

			operation.Write("CreateTrustedTokenIssuer", changesCenter(o, o.createTrustedTokenIssuer), iam("CreateTrustedTokenIssuer", instance)),
			operation.Read("DescribeTrustedTokenIssuer", o.describeTrustedTokenIssuer, iam("DescribeTrustedTokenIssuer", issuer)),
			operation.Write("UpdateTrustedTokenIssuer", o.updateTrustedTokenIssuer, iam("UpdateTrustedTokenIssuer", issuer)),
			operation.Write("DeleteTrustedTokenIssuer", o.deleteTrustedTokenIssuer, iam("DeleteTrustedTokenIssuer", issuer)),
			operation.Read("ListTrustedTokenIssuers", asksCenter(o, o.listTrustedTokenIssuers), iam("ListTrustedTokenIssuers", instance)),
		},
	}
}

// center is an instance as somebody who governs it sees it.
type center struct {
	identitycenter.Instance
	// delegate: it is not the owner who acts. What concerns the owner's own account is
	// out of its reach: "Delegated administration" in the IAM Identity Center User Guide.
	delegate bool
}

// in finds the instance that an ARN is of, if the caller governs it.
func (o *SSOAdmin) in(tx *database.ReadTx, call *operation.Call, name string) (center, error) {
	found, delegate, err := o.Centers.Governed(tx, call.Caller.Principal.ID(), name)
	if fault.Is(err, fault.NotFound) {
		err = noPermission()
	}
	return center{found, delegate}, err
}

// textMember is a text member of an input that the rule has read, too.
func textMember(in any, name string) string {
	return reflect.Indirect(reflect.ValueOf(in).Elem().FieldByName(name)).String()
}

func asksCenter[In, Out any](o *SSOAdmin, do func(*operation.Query, center, *In) (*Out, error)) func(*operation.Query, *In) (*Out, error) {
	return func(q *operation.Query, in *In) (*Out, error) {
		c, err := o.in(q.Tx, &q.Call, textMember(in, "InstanceArn"))
		if err != nil {
			return nil, err
		}
		return do(q, c, in)
	}
}

func changesCenter[In, Out any](o *SSOAdmin, do func(*operation.Command, center, *In) (*Out, error)) func(*operation.Command, *In) (*Out, error) {
	return func(c *operation.Command, in *In) (*Out, error) {
		of, err := o.in(c.Tx.Reading(), &c.Call, textMember(in, "InstanceArn"))
		if err != nil {
			return nil, err
		}
		return do(c, of, in)
	}
}

// changesTags is changesCenter for what becomes of everybody's sessions, in the owner's
// account as well.
func changesTags[In, Out any](o *SSOAdmin, do func(*operation.Command, center, *In) (*Out, error)) func(*operation.Command, *In) (*Out, error) {
	return changesCenter(o, func(c *operation.Command, of center, in *In) (*Out, error) {
		if of.delegate {
			return nil, fault.Deniedf("A delegated administrator cannot configure attributes for access control: they are tags of sessions in the management account, too. That account configures them.")
		}
		return do(c, of, in)
	})
}

// set finds the permission set that an input names.
func (o *SSOAdmin) set(tx *database.ReadTx, call *operation.Call, in any) (identitycenter.PermissionSet, center, error) {
	c, err := o.in(tx, call, textMember(in, "InstanceArn"))
	if err != nil {
		return identitycenter.PermissionSet{}, c, err
	}
	p, err := o.Centers.PermissionSet(tx, c.Instance, textMember(in, "PermissionSetArn"))
	return p, c, err
}

func asksSet[In, Out any](o *SSOAdmin, do func(*operation.Query, identitycenter.PermissionSet, *In) (*Out, error)) func(*operation.Query, *In) (*Out, error) {
	return func(q *operation.Query, in *In) (*Out, error) {
		p, _, err := o.set(q.Tx, &q.Call, in)
		if err != nil {
			return nil, err
		}
		return do(q, p, in)
	}
}

func changesSet[In, Out any](o *SSOAdmin, do func(*operation.Command, identitycenter.PermissionSet, *In) (*Out, error)) func(*operation.Command, *In) (*Out, error) {
	return func(c *operation.Command, in *In) (*Out, error) {
		p, of, err := o.set(c.Tx.Reading(), &c.Call, in)
		if err == nil {
			err = o.ofOwner(c.Tx.Reading(), of, p)
		}
		if err != nil {
			return nil, err
		}
		return do(c, p, in)
	}
}

// ofOwner refuses a delegate to touch a permission set that the owner's account has, or
// is about to have.
func (o *SSOAdmin) ofOwner(tx *database.ReadTx, of center, p identitycenter.PermissionSet) error {
	if !of.delegate {
		return nil
	}
	there, err := o.Centers.ConcernsOwner(tx, p)
	if err == nil && there {
		err = fault.Deniedf("A delegated administrator cannot change a permission set that is provisioned in the management account, or is about to be.")
	}
	return err
}

func asksApplication[In, Out any](o *SSOAdmin, do func(*operation.Query, identitycenter.Application, *In) (*Out, error)) func(*operation.Query, *In) (*Out, error) {
	return func(q *operation.Query, in *In) (*Out, error) {
		a, err := o.application(q.Tx, &q.Call, textMember(in, "ApplicationArn"))
		if err != nil {
			return nil, err
		}
		return do(q, a, in)
	}
}

func changesApplication[In, Out any](o *SSOAdmin, do func(*operation.Command, identitycenter.Application, *In) (*Out, error)) func(*operation.Command, *In) (*Out, error) {
	return func(c *operation.Command, in *In) (*Out, error) {
		a, err := o.application(c.Tx.Reading(), &c.Call, textMember(in, "ApplicationArn"))
		if err != nil {
			return nil, err
		}
		return do(c, a, in)
	}
}

func (o *SSOAdmin) application(tx *database.ReadTx, call *operation.Call, name string) (identitycenter.Application, error) {
	c, err := o.in(tx, call, name)
	if err != nil {
		return identitycenter.Application{}, err
	}
	return o.Centers.Application(tx, c.Instance, name)
}

// ssoPage is how many items a page has at most, and unless asked for fewer.
const ssoPage = 100

// pageOfSSO reads one page of one of the service's lists.
func pageOfSSO[Item any](q *operation.Query, token *string, size *int32, list func(identitycenter.Page) ([]Item, error), key func(Item) string) ([]Item, *string, error) {
	return page(q, token, size, ssoPage, func(after string, limit int) ([]Item, error) {
		return list(identitycenter.Page{After: after, Limit: limit})
	}, key)
}

// asText is an id as its own key.
func asText[T ~string](id T) string { return string(id) }
