package awsapi

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/org"
)

func (o *Organizations) enableAWSServiceAccess(c *operation.Command, of org.Organization, in *organizations.EnableAWSServiceAccessInput) (*organizations.EnableAWSServiceAccessOutput, error) {
	return &organizations.EnableAWSServiceAccessOutput{}, o.Organizations.EnableService(c.Tx, of, *in.ServicePrincipal)
}

func (o *Organizations) disableAWSServiceAccess(c *operation.Command, of org.Organization, in *organizations.DisableAWSServiceAccessInput) (*organizations.DisableAWSServiceAccessOutput, error) {
	return &organizations.DisableAWSServiceAccessOutput{}, o.Organizations.DisableService(c.Tx, of, *in.ServicePrincipal)
}

func servicePrincipal(s org.Service) string { return s.Principal }

func (o *Organizations) listAWSServiceAccessForOrganization(q *operation.Query, of org.Organization, in *organizations.ListAWSServiceAccessForOrganizationInput) (*organizations.ListAWSServiceAccessForOrganizationOutput, error) {
	services, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Service, error) {
		return o.Organizations.Services(q.Tx, of, p)
	}, servicePrincipal)
	return &organizations.ListAWSServiceAccessForOrganizationOutput{NextToken: next,
		EnabledServicePrincipals: translate(services, func(s org.Service) types.EnabledServicePrincipal {
			return types.EnabledServicePrincipal{ServicePrincipal: &s.Principal, DateEnabled: &s.EnabledAt}
		})}, err
}

func (o *Organizations) registerDelegatedAdministrator(c *operation.Command, of org.Organization, in *organizations.RegisterDelegatedAdministratorInput) (*organizations.RegisterDelegatedAdministratorOutput, error) {
	return &organizations.RegisterDelegatedAdministratorOutput{}, o.Organizations.RegisterDelegate(c.Tx, of, account.ID(*in.AccountId), *in.ServicePrincipal)
}

func (o *Organizations) deregisterDelegatedAdministrator(c *operation.Command, of org.Organization, in *organizations.DeregisterDelegatedAdministratorInput) (*organizations.DeregisterDelegatedAdministratorOutput, error) {
	return &organizations.DeregisterDelegatedAdministratorOutput{}, o.Organizations.DeregisterDelegate(c.Tx, of, account.ID(*in.AccountId), *in.ServicePrincipal)
}

func (o *Organizations) listDelegatedAdministrators(q *operation.Query, of org.Organization, in *organizations.ListDelegatedAdministratorsInput) (*organizations.ListDelegatedAdministratorsOutput, error) {
	delegates, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Delegate, error) {
		return o.Organizations.Delegates(q.Tx, of, aws.ToString(in.ServicePrincipal), p)
	}, func(d org.Delegate) string { return memberID(d.Account) })
	return &organizations.ListDelegatedAdministratorsOutput{NextToken: next,
		DelegatedAdministrators: translate(delegates, func(d org.Delegate) types.DelegatedAdministrator {
			a := memberOut(of, d.Account)
			return types.DelegatedAdministrator{
				Id: a.Id, Arn: a.Arn, Name: a.Name, Email: a.Email, Status: a.Status, State: a.State,
				JoinedMethod: a.JoinedMethod, JoinedTimestamp: a.JoinedTimestamp, DelegationEnabledDate: &d.Since,
			}
		})}, err
}

func (o *Organizations) listDelegatedServicesForAccount(q *operation.Query, of org.Organization, in *organizations.ListDelegatedServicesForAccountInput) (*organizations.ListDelegatedServicesForAccountOutput, error) {
	services, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Service, error) {
		return o.Organizations.DelegatedServices(q.Tx, of, account.ID(*in.AccountId), p)
	}, servicePrincipal)
	return &organizations.ListDelegatedServicesForAccountOutput{NextToken: next,
		DelegatedServices: translate(services, func(s org.Service) types.DelegatedService {
			return types.DelegatedService{ServicePrincipal: &s.Principal, DelegationEnabledDate: &s.EnabledAt}
		})}, err
}

func (o *Organizations) putResourcePolicy(c *operation.Command, of org.Organization, in *organizations.PutResourcePolicyInput) (*organizations.PutResourcePolicyOutput, error) {
	tags, err := organizationsTags(in.Tags)
	if err != nil {
		return nil, err
	}
	put, err := o.Organizations.PutResourcePolicy(c.Tx, of, *in.Content, tags)
	return &organizations.PutResourcePolicyOutput{ResourcePolicy: resourcePolicyOut(put)}, err
}

func resourcePolicyOut(p org.ResourcePolicy) *types.ResourcePolicy {
	return &types.ResourcePolicy{Content: &p.Content, ResourcePolicySummary: &types.ResourcePolicySummary{Id: &p.ID, Arn: &p.ARN}}
}

func (o *Organizations) describeResourcePolicy(q *operation.Query, of org.Organization, _ *organizations.DescribeResourcePolicyInput) (*organizations.DescribeResourcePolicyOutput, error) {
	found, err := o.Organizations.ResourcePolicy(q.Tx, of)
	return &organizations.DescribeResourcePolicyOutput{ResourcePolicy: resourcePolicyOut(found)}, err
}

func (o *Organizations) deleteResourcePolicy(c *operation.Command, of org.Organization, _ *organizations.DeleteResourcePolicyInput) (*organizations.DeleteResourcePolicyOutput, error) {
	return &organizations.DeleteResourcePolicyOutput{}, o.Organizations.DeleteResourcePolicy(c.Tx, of)
}
