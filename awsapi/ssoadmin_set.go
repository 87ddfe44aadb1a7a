package awsapi

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
)

func (o *SSOAdmin) createPermissionSet(c *operation.Command, of center, in *ssoadmin.CreatePermissionSetInput) (*ssoadmin.CreatePermissionSetOutput, error) {
	tags, err := ssoTags(in.Tags)
	if err != nil {
		return nil, err
	}
	made, err := o.Centers.CreatePermissionSet(c.Tx, of.Instance, identitycenter.NewPermissionSet{
		Name: *in.Name, Description: aws.ToString(in.Description), RelayState: aws.ToString(in.RelayState), Duration: aws.ToString(in.SessionDuration),
		Region: o.Region, Tags: tags,
	})
	return &ssoadmin.CreatePermissionSetOutput{PermissionSet: setOut(made)}, err
}

func setOut(p identitycenter.PermissionSet) *types.PermissionSet {
	return &types.PermissionSet{
		PermissionSetArn: aws.String(p.ARN()), Name: &p.Name, Description: given(p.Description), RelayState: given(p.RelayState),
		SessionDuration: &p.Duration, CreatedDate: &p.CreatedAt,
	}
}

func (o *SSOAdmin) describePermissionSet(_ *operation.Query, p identitycenter.PermissionSet, _ *ssoadmin.DescribePermissionSetInput) (*ssoadmin.DescribePermissionSetOutput, error) {
	return &ssoadmin.DescribePermissionSetOutput{PermissionSet: setOut(p)}, nil
}

func (o *SSOAdmin) updatePermissionSet(c *operation.Command, p identitycenter.PermissionSet, in *ssoadmin.UpdatePermissionSetInput) (*ssoadmin.UpdatePermissionSetOutput, error) {
	patch := identitycenter.PermissionSetPatch{Description: in.Description, RelayState: aws.ToString(in.RelayState), Duration: in.SessionDuration}
	return &ssoadmin.UpdatePermissionSetOutput{}, o.Centers.UpdatePermissionSet(c.Tx, p, patch)
}

func (o *SSOAdmin) deletePermissionSet(c *operation.Command, p identitycenter.PermissionSet, _ *ssoadmin.DeletePermissionSetInput) (*ssoadmin.DeletePermissionSetOutput, error) {
	return &ssoadmin.DeletePermissionSetOutput{}, o.Centers.DeletePermissionSet(c.Tx, p)
}

func (o *SSOAdmin) listPermissionSets(q *operation.Query, of center, in *ssoadmin.ListPermissionSetsInput) (*ssoadmin.ListPermissionSetsOutput, error) {
	ids, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(p identitycenter.Page) ([]identitycenter.PermissionSetID, error) {
		return o.Centers.PermissionSets(q.Tx, of.Instance, p)
	}, asText)
	return &ssoadmin.ListPermissionSetsOutput{PermissionSets: translate(ids, of.SetARN), NextToken: next}, err
}

func (o *SSOAdmin) putInlinePolicy(c *operation.Command, p identitycenter.PermissionSet, in *ssoadmin.PutInlinePolicyToPermissionSetInput) (*ssoadmin.PutInlinePolicyToPermissionSetOutput, error) {
	return &ssoadmin.PutInlinePolicyToPermissionSetOutput{}, o.Centers.PutInlinePolicy(c.Tx, p, *in.InlinePolicy)
}

func (o *SSOAdmin) getInlinePolicy(_ *operation.Query, p identitycenter.PermissionSet, _ *ssoadmin.GetInlinePolicyForPermissionSetInput) (*ssoadmin.GetInlinePolicyForPermissionSetOutput, error) {
	return &ssoadmin.GetInlinePolicyForPermissionSetOutput{InlinePolicy: &p.Inline}, nil
}

func (o *SSOAdmin) deleteInlinePolicy(c *operation.Command, p identitycenter.PermissionSet, _ *ssoadmin.DeleteInlinePolicyFromPermissionSetInput) (*ssoadmin.DeleteInlinePolicyFromPermissionSetOutput, error) {
	return &ssoadmin.DeleteInlinePolicyFromPermissionSetOutput{}, o.Centers.DeleteInlinePolicy(c.Tx, p)
}

func customer(r *types.CustomerManagedPolicyReference) (identitycenter.PolicyRef, error) {
	if r.Path != nil && *r.Path == "" {
		return "", fault.Invalidf("CustomerManagedPolicyReference.Path has at least one character")
	}
	return identitycenter.Customer(aws.ToString(r.Path), aws.ToString(r.Name))
}

func customerOut(r identitycenter.PolicyRef) types.CustomerManagedPolicyReference {
	return types.CustomerManagedPolicyReference{Name: aws.String(r.Name()), Path: aws.String(r.Path())}
}

func (o *SSOAdmin) putBoundary(c *operation.Command, p identitycenter.PermissionSet, in *ssoadmin.PutPermissionsBoundaryToPermissionSetInput) (*ssoadmin.PutPermissionsBoundaryToPermissionSetOutput, error) {
	managed, reference := in.PermissionsBoundary.ManagedPolicyArn, in.PermissionsBoundary.CustomerManagedPolicyReference
	if (managed == nil) == (reference == nil) {
		return nil, fault.Invalidf("PermissionsBoundary has either ManagedPolicyArn or CustomerManagedPolicyReference")
	}
	ref := identitycenter.PolicyRef(aws.ToString(managed))
	switch {
	case reference != nil:
		var err error
		if ref, err = customer(reference); err != nil {
			return nil, err
		}
	case !ref.AWS():
		return nil, fault.Invalidf("ManagedPolicyArn is the ARN of a policy that AWS manages")
	}
	return &ssoadmin.PutPermissionsBoundaryToPermissionSetOutput{}, o.Centers.PutBoundary(c.Tx, p, ref)
}

func (o *SSOAdmin) getBoundary(_ *operation.Query, p identitycenter.PermissionSet, _ *ssoadmin.GetPermissionsBoundaryForPermissionSetInput) (*ssoadmin.GetPermissionsBoundaryForPermissionSetOutput, error) {
	out := &types.PermissionsBoundary{}
	switch {
	case p.Boundary == "":
		return nil, identitycenter.NoBoundary()
	case p.Boundary.AWS():
		out.ManagedPolicyArn = aws.String(string(p.Boundary))
	default:
		reference := customerOut(p.Boundary)
		out.CustomerManagedPolicyReference = &reference
	}
	return &ssoadmin.GetPermissionsBoundaryForPermissionSetOutput{PermissionsBoundary: out}, nil
}

func (o *SSOAdmin) deleteBoundary(c *operation.Command, p identitycenter.PermissionSet, _ *ssoadmin.DeletePermissionsBoundaryFromPermissionSetInput) (*ssoadmin.DeletePermissionsBoundaryFromPermissionSetOutput, error) {
	return &ssoadmin.DeletePermissionsBoundaryFromPermissionSetOutput{}, o.Centers.DeleteBoundary(c.Tx, p)
}

func (o *SSOAdmin) attachManaged(c *operation.Command, p identitycenter.PermissionSet, in *ssoadmin.AttachManagedPolicyToPermissionSetInput) (*ssoadmin.AttachManagedPolicyToPermissionSetOutput, error) {
	return &ssoadmin.AttachManagedPolicyToPermissionSetOutput{}, o.Centers.AttachPolicy(c.Tx, p, identitycenter.PolicyRef(*in.ManagedPolicyArn))
}

func (o *SSOAdmin) detachManaged(c *operation.Command, p identitycenter.PermissionSet, in *ssoadmin.DetachManagedPolicyFromPermissionSetInput) (*ssoadmin.DetachManagedPolicyFromPermissionSetOutput, error) {
	return &ssoadmin.DetachManagedPolicyFromPermissionSetOutput{}, o.Centers.DetachPolicy(c.Tx, p, identitycenter.PolicyRef(*in.ManagedPolicyArn))
}

func (o *SSOAdmin) listManaged(q *operation.Query, p identitycenter.PermissionSet, in *ssoadmin.ListManagedPoliciesInPermissionSetInput) (*ssoadmin.ListManagedPoliciesInPermissionSetOutput, error) {
	refs, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(page identitycenter.Page) ([]identitycenter.PolicyRef, error) {
		return o.Centers.AttachedPolicies(q.Tx, p, true, page)
	}, asText)
	return &ssoadmin.ListManagedPoliciesInPermissionSetOutput{NextToken: next, AttachedManagedPolicies: translate(refs, func(r identitycenter.PolicyRef) types.AttachedManagedPolicy {
		return types.AttachedManagedPolicy{Arn: aws.String(string(r)), Name: aws.String(r.Name())}
	})}, err
}

func (o *SSOAdmin) attachCustomer(c *operation.Command, p identitycenter.PermissionSet, in *ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput) (*ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetOutput, error) {
	ref, err := customer(in.CustomerManagedPolicyReference)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetOutput{}, o.Centers.AttachPolicy(c.Tx, p, ref)
}

func (o *SSOAdmin) detachCustomer(c *operation.Command, p identitycenter.PermissionSet, in *ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetInput) (*ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetOutput, error) {
	ref, err := customer(in.CustomerManagedPolicyReference)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetOutput{}, o.Centers.DetachPolicy(c.Tx, p, ref)
}

func (o *SSOAdmin) listCustomer(q *operation.Query, p identitycenter.PermissionSet, in *ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetInput) (*ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetOutput, error) {
	refs, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(page identitycenter.Page) ([]identitycenter.PolicyRef, error) {
		return o.Centers.AttachedPolicies(q.Tx, p, false, page)
	}, asText)
	return &ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetOutput{NextToken: next, CustomerManagedPolicyReferences: translate(refs, customerOut)}, err
}
