package awsapi

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

func noBoundary(e account.Entity) error {
	return fault.NotFoundf("The %s %s has no permissions boundary.", e.Kind, e.Name)
}

func (s *IAM) createRole(c *operation.Command, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	tags, err := newTags(in.Tags)
	if err == nil {
		err = ownPath(in.Path)
	}
	if err != nil {
		return nil, err
	}
	e, err := s.Accounts.CreateEntity(c.Tx, c.Caller.Principal.ID(), account.NewEntity{
		Kind: account.Role, Name: *in.RoleName, Path: aws.ToString(in.Path), Boundary: aws.ToString(in.PermissionsBoundary), Description: aws.ToString(in.Description),
		Tags: tags, Trust: *in.AssumeRolePolicyDocument, MaxSession: inSeconds(in.MaxSessionDuration),
	})
	if err != nil {
		return nil, err
	}
	role, err := s.wholeRole(c.Tx.Reading(), e)
	return &iam.CreateRoleOutput{Role: role}, err
}

func inSeconds(n *int32) time.Duration { return time.Duration(aws.ToInt32(n)) * time.Second }

func (s *IAM) getRole(q *operation.Query, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	e, err := s.find(q.Tx, q.Caller, account.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	role, err := s.wholeRole(q.Tx, e)
	return &iam.GetRoleOutput{Role: role}, err
}

func (s *IAM) listRoles(q *operation.Query, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	entities, next, err := s.listEntities(q, account.Role, in.PathPrefix, in.Marker, in.MaxItems)
	out := &iam.ListRolesOutput{Roles: []types.Role{}, Marker: next, IsTruncated: next != nil}
	for _, e := range entities {
		role, err := s.roleOut(q.Tx, e)
		if err != nil {
			return nil, err
		}
		out.Roles = append(out.Roles, role)
	}
	return out, err
}

func (s *IAM) updateRole(c *operation.Command, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	e, err := s.change(c, account.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	patch := account.EntityPatch{Description: in.Description}
	if in.MaxSessionDuration != nil {
		patch.MaxSession = aws.Duration(inSeconds(in.MaxSessionDuration))
	}
	_, err = s.Accounts.ChangeEntity(c.Tx, e, patch)
	return &iam.UpdateRoleOutput{}, err
}

func (s *IAM) updateRoleDescription(c *operation.Command, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	e, err := s.change(c, account.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	if e, err = s.Accounts.ChangeEntity(c.Tx, e, account.EntityPatch{Description: in.Description}); err != nil {
		return nil, err
	}
	role, err := s.wholeRole(c.Tx.Reading(), e)
	return &iam.UpdateRoleDescriptionOutput{Role: role}, err
}

func (s *IAM) updateAssumeRolePolicy(c *operation.Command, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	e, err := s.change(c, account.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	_, err = s.Accounts.ChangeEntity(c.Tx, e, account.EntityPatch{Trust: in.PolicyDocument})
	return &iam.UpdateAssumeRolePolicyOutput{}, err
}

func (s *IAM) deleteRole(c *operation.Command, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	return &iam.DeleteRoleOutput{}, s.delete(c, account.Role, in.RoleName)
}

func (s *IAM) putRolePolicy(c *operation.Command, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	return &iam.PutRolePolicyOutput{}, s.putInline(c, account.Role, in.RoleName, in.PolicyName, in.PolicyDocument)
}

func (s *IAM) getRolePolicy(q *operation.Query, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	role, name, document, err := s.inline(q, account.Role, in.RoleName, in.PolicyName)
	return &iam.GetRolePolicyOutput{RoleName: role, PolicyName: name, PolicyDocument: document}, err
}

func (s *IAM) listRolePolicies(q *operation.Query, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	names, next, err := s.listInline(q, account.Role, in.RoleName, in.Marker, in.MaxItems)
	return &iam.ListRolePoliciesOutput{PolicyNames: names, Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) deleteRolePolicy(c *operation.Command, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	return &iam.DeleteRolePolicyOutput{}, s.deleteInline(c, account.Role, in.RoleName, in.PolicyName)
}

func (s *IAM) attachRolePolicy(c *operation.Command, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	return &iam.AttachRolePolicyOutput{}, s.attach(c, account.Role, in.RoleName, in.PolicyArn)
}

func (s *IAM) detachRolePolicy(c *operation.Command, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	return &iam.DetachRolePolicyOutput{}, s.detach(c, account.Role, in.RoleName, in.PolicyArn)
}

func (s *IAM) listAttachedRolePolicies(q *operation.Query, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	attached, next, err := s.listAttached(q, account.Role, in.RoleName, in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: attached, Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) putRolePermissionsBoundary(c *operation.Command, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	return &iam.PutRolePermissionsBoundaryOutput{}, s.bound(c, account.Role, in.RoleName, *in.PermissionsBoundary)
}

func (s *IAM) deleteRolePermissionsBoundary(c *operation.Command, in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	return &iam.DeleteRolePermissionsBoundaryOutput{}, s.unbound(c, account.Role, in.RoleName)
}

func (s *IAM) tagRole(c *operation.Command, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	return &iam.TagRoleOutput{}, s.tag(c, account.Role, in.RoleName, in.Tags)
}

func (s *IAM) untagRole(c *operation.Command, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	return &iam.UntagRoleOutput{}, s.untag(c, account.Role, in.RoleName, in.TagKeys)
}

func (s *IAM) listRoleTags(q *operation.Query, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	e, err := s.find(q.Tx, q.Caller, account.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	tags, next, err := tagPage(q, in.Marker, in.MaxItems, e.Tags)
	return &iam.ListRoleTagsOutput{Tags: tags, Marker: next, IsTruncated: next != nil}, err
}

// listInstanceProfilesForRole answers what is true of every role here: there are no
// instance profiles.
func (s *IAM) listInstanceProfilesForRole(q *operation.Query, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	_, err := s.find(q.Tx, q.Caller, account.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	none, next, err := iamPage(q, in.Marker, in.MaxItems, among([]string{}, itself), itself)
	return &iam.ListInstanceProfilesForRoleOutput{
		InstanceProfiles: make([]types.InstanceProfile, len(none)), Marker: next, IsTruncated: next != nil,
	}, err
}

func (s *IAM) createServiceLinkedRole(c *operation.Command, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	e, err := s.Accounts.CreateLinked(c.Tx, c.Caller.Principal.ID(), account.NewLinked{
		Service: *in.AWSServiceName, Suffix: aws.ToString(in.CustomSuffix), Description: aws.ToString(in.Description),
	})
	if err != nil {
		return nil, err
	}
	role, err := s.wholeRole(c.Tx.Reading(), e)
	return &iam.CreateServiceLinkedRoleOutput{Role: role}, err
}

func (s *IAM) deleteServiceLinkedRole(c *operation.Command, in *iam.DeleteServiceLinkedRoleInput) (*iam.DeleteServiceLinkedRoleOutput, error) {
	e, err := s.find(c.Tx.Reading(), c.Caller, account.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	task, err := s.Accounts.DeleteLinked(c.Tx, e, func(service string) (bool, error) {
		// Of the services that have such roles, these run here.
		if service != "organizations.amazonaws.com" && service != "sso.amazonaws.com" {
			return false, nil
		}
		place, err := s.Authorizer.Organizations.Place(c.Tx.Reading(), e.Account)
		return place != nil, err
	})
	return &iam.DeleteServiceLinkedRoleOutput{DeletionTaskId: aws.String(string(task))}, err
}

func (s *IAM) getServiceLinkedRoleDeletionStatus(q *operation.Query, in *iam.GetServiceLinkedRoleDeletionStatusInput) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	done, err := s.Accounts.Deleted(q.Tx, q.Caller.Principal.ID(), account.Deletion(*in.DeletionTaskId))
	if err == nil && !done {
		return &iam.GetServiceLinkedRoleDeletionStatusOutput{
			Status: types.DeletionTaskStatusTypeFailed,
			Reason: &types.DeletionTaskFailureReasonType{Reason: aws.String("The account is a member of an organization, whose service uses the role.")},
		}, nil
	}
	return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeSucceeded}, err
}
