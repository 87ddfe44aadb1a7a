package awsapi

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/org"
)

func (o *Organizations) enablePolicyType(c *operation.Command, of org.Organization, in *organizations.EnablePolicyTypeInput) (*organizations.EnablePolicyTypeOutput, error) {
	if err := o.Organizations.EnableType(c.Tx, of, org.NodeID(*in.RootId), org.PolicyType(in.PolicyType)); err != nil {
		return nil, err
	}
	root, err := o.root(c.Tx.Reading(), of)
	return &organizations.EnablePolicyTypeOutput{Root: root}, err
}

func (o *Organizations) disablePolicyType(c *operation.Command, of org.Organization, in *organizations.DisablePolicyTypeInput) (*organizations.DisablePolicyTypeOutput, error) {
	if err := o.Organizations.DisableType(c.Tx, of, org.NodeID(*in.RootId), org.PolicyType(in.PolicyType)); err != nil {
		return nil, err
	}
	root, err := o.root(c.Tx.Reading(), of)
	return &organizations.DisablePolicyTypeOutput{Root: root}, err
}

func (o *Organizations) createPolicy(c *operation.Command, of org.Organization, in *organizations.CreatePolicyInput) (*organizations.CreatePolicyOutput, error) {
	tags, err := organizationsTags(in.Tags)
	if err != nil {
		return nil, err
	}
	made, err := o.Organizations.CreatePolicy(c.Tx, of, org.NewPolicy{
		Type: org.PolicyType(in.Type), Name: *in.Name, Description: *in.Description, Content: *in.Content, Tags: tags,
	})
	return &organizations.CreatePolicyOutput{Policy: controlPolicyOut(made)}, err
}

func controlPolicyOut(p org.Policy) *types.Policy {
	summary := policySummaryOut(p)
	return &types.Policy{Content: &p.Content, PolicySummary: &summary}
}

func policySummaryOut(p org.Policy) types.PolicySummary {
	return types.PolicySummary{
		Id: aws.String(string(p.ID)), Arn: &p.ARN, Name: &p.Name, Description: &p.Description, Type: types.PolicyType(p.Type), AwsManaged: p.Managed,
	}
}

func (o *Organizations) describePolicy(q *operation.Query, of org.Organization, in *organizations.DescribePolicyInput) (*organizations.DescribePolicyOutput, error) {
	found, err := o.Organizations.Policy(q.Tx, of, org.PolicyID(*in.PolicyId))
	return &organizations.DescribePolicyOutput{Policy: controlPolicyOut(found)}, err
}

func (o *Organizations) updatePolicy(c *operation.Command, of org.Organization, in *organizations.UpdatePolicyInput) (*organizations.UpdatePolicyOutput, error) {
	changed, err := o.Organizations.UpdatePolicy(c.Tx, of, org.PolicyID(*in.PolicyId), org.PolicyPatch{Name: in.Name, Description: in.Description, Content: in.Content})
	return &organizations.UpdatePolicyOutput{Policy: controlPolicyOut(changed)}, err
}

func (o *Organizations) deletePolicy(c *operation.Command, of org.Organization, in *organizations.DeletePolicyInput) (*organizations.DeletePolicyOutput, error) {
	return &organizations.DeletePolicyOutput{}, o.Organizations.DeletePolicy(c.Tx, of, org.PolicyID(*in.PolicyId))
}

func controlPolicyID(p org.Policy) string { return string(p.ID) }

func (o *Organizations) listPolicies(q *operation.Query, of org.Organization, in *organizations.ListPoliciesInput) (*organizations.ListPoliciesOutput, error) {
	policies, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Policy, error) {
		return o.Organizations.Policies(q.Tx, of, org.PolicyType(in.Filter), p)
	}, controlPolicyID)
	return &organizations.ListPoliciesOutput{Policies: translate(policies, policySummaryOut), NextToken: next}, err
}

func (o *Organizations) attachPolicy(c *operation.Command, of org.Organization, in *organizations.AttachPolicyInput) (*organizations.AttachPolicyOutput, error) {
	return &organizations.AttachPolicyOutput{}, o.Organizations.Attach(c.Tx, of, org.PolicyID(*in.PolicyId), org.TargetID(*in.TargetId))
}

func (o *Organizations) detachPolicy(c *operation.Command, of org.Organization, in *organizations.DetachPolicyInput) (*organizations.DetachPolicyOutput, error) {
	return &organizations.DetachPolicyOutput{}, o.Organizations.Detach(c.Tx, of, org.PolicyID(*in.PolicyId), org.TargetID(*in.TargetId))
}

func (o *Organizations) listPoliciesForTarget(q *operation.Query, of org.Organization, in *organizations.ListPoliciesForTargetInput) (*organizations.ListPoliciesForTargetOutput, error) {
	policies, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Policy, error) {
		return o.Organizations.PoliciesOf(q.Tx, of, org.TargetID(*in.TargetId), org.PolicyType(in.Filter), p)
	}, controlPolicyID)
	return &organizations.ListPoliciesForTargetOutput{Policies: translate(policies, policySummaryOut), NextToken: next}, err
}

func (o *Organizations) listTargetsForPolicy(q *operation.Query, of org.Organization, in *organizations.ListTargetsForPolicyInput) (*organizations.ListTargetsForPolicyOutput, error) {
	targets, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Target, error) {
		return o.Organizations.TargetsOf(q.Tx, of, org.PolicyID(*in.PolicyId), p)
	}, func(t org.Target) string { return string(t.ID) })
	return &organizations.ListTargetsForPolicyOutput{NextToken: next, Targets: translate(targets, func(t org.Target) types.PolicyTargetSummary {
		return types.PolicyTargetSummary{TargetId: aws.String(string(t.ID)), Arn: aws.String(of.TargetARN(t.ID)), Name: &t.Name, Type: types.TargetType(t.ID.Kind())}
	})}, err
}

func (o *Organizations) describeEffectivePolicy(q *operation.Query, of org.Organization, in *organizations.DescribeEffectivePolicyInput) (*organizations.DescribeEffectivePolicyOutput, error) {
	caller := q.Caller.Principal.ID()
	target := caller
	if in.TargetId != nil {
		target = account.ID(*in.TargetId)
	}
	if org.TargetID(target).Kind() != org.AccountTarget {
		return nil, fault.WithReason(reasonNotSupported, fault.Invalidf("effective policies are those of accounts: %.100q is none", target))
	}
	if target != caller {
		if err := o.admit(q.Tx, of, caller); err != nil {
			return nil, err
		}
	}
	effective, err := o.Organizations.EffectivePolicy(q.Tx, of, org.PolicyType(in.PolicyType), target)
	return &organizations.DescribeEffectivePolicyOutput{EffectivePolicy: &types.EffectivePolicy{
		PolicyContent: &effective.Content, PolicyType: in.PolicyType, TargetId: aws.String(string(effective.Account)), LastUpdatedTimestamp: &effective.UpdatedAt,
	}}, err
}

// Policies are checked when they are written, and an operator that a policy further
// up does not allow is passed over: no effective policy is ever invalid.

func (o *Organizations) listEffectivePolicyValidationErrors(q *operation.Query, of org.Organization, in *organizations.ListEffectivePolicyValidationErrorsInput) (*organizations.ListEffectivePolicyValidationErrorsOutput, error) {
	a, err := o.Organizations.Account(q.Tx, of, account.ID(*in.AccountId))
	if err != nil {
		return nil, err
	}
	path := a.Path()
	_, next, err := o.noneInvalid(q, of, in.PolicyType, in.NextToken, in.MaxResults)
	now := q.Tx.Now()
	return &organizations.ListEffectivePolicyValidationErrorsOutput{
		AccountId: in.AccountId, PolicyType: in.PolicyType, Path: &path, EvaluationTimestamp: &now,
		EffectivePolicyValidationErrors: []types.EffectivePolicyValidationError{}, NextToken: next,
	}, err
}

func (o *Organizations) listAccountsWithInvalidEffectivePolicy(q *operation.Query, of org.Organization, in *organizations.ListAccountsWithInvalidEffectivePolicyInput) (*organizations.ListAccountsWithInvalidEffectivePolicyOutput, error) {
	none, next, err := o.noneInvalid(q, of, in.PolicyType, in.NextToken, in.MaxResults)
	return &organizations.ListAccountsWithInvalidEffectivePolicyOutput{Accounts: membersOut(of, none), NextToken: next, PolicyType: in.PolicyType}, err
}

// noneInvalid is an empty page, if there can be effective policies of the type.
func (o *Organizations) noneInvalid(q *operation.Query, of org.Organization, t types.EffectivePolicyType, token *string, size *int32) ([]org.Account, *string, error) {
	return pageOf(q, token, size, func(org.Page) ([]org.Account, error) {
		enabled, err := o.Organizations.EnabledTypes(q.Tx, of)
		if err == nil && !slices.Contains(enabled, org.PolicyType(t)) {
			err = fault.WithReason(org.ReasonNoEffective, fault.NotFoundf("The policy type %s isn't enabled.", t))
		}
		return nil, err
	}, memberID)
}
