package awsapi

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/operation"
)

func (s *IAM) createGroup(c *operation.Command, in *iam.CreateGroupInput) (*iam.CreateGroupOutput, error) {
	if err := ownPath(in.Path); err != nil {
		return nil, err
	}
	e, err := s.Accounts.CreateEntity(c.Tx, c.Caller.Principal.ID(), account.NewEntity{Kind: account.Group, Name: *in.GroupName, Path: aws.ToString(in.Path)})
	group := groupOut(e)
	return &iam.CreateGroupOutput{Group: &group}, err
}

func (s *IAM) getGroup(q *operation.Query, in *iam.GetGroupInput) (*iam.GetGroupOutput, error) {
	e, err := s.find(q.Tx, q.Caller, account.Group, in.GroupName)
	if err != nil {
		return nil, err
	}
	members, next, err := iamPage(q, in.Marker, in.MaxItems, func(after string, limit int) ([]account.Entity, error) {
		return s.Accounts.Members(q.Tx, e.ID, account.Filter{After: after, Limit: limit})
	}, nameKey)
	group := groupOut(e)
	return &iam.GetGroupOutput{Group: &group, Users: translate(members, userOut), Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) listGroups(q *operation.Query, in *iam.ListGroupsInput) (*iam.ListGroupsOutput, error) {
	entities, next, err := s.listEntities(q, account.Group, in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListGroupsOutput{Groups: translate(entities, groupOut), Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) updateGroup(c *operation.Command, in *iam.UpdateGroupInput) (*iam.UpdateGroupOutput, error) {
	return &iam.UpdateGroupOutput{}, s.rename(c, account.Group, "iam:UpdateGroup", in.GroupName, in.NewGroupName, in.NewPath)
}

func (s *IAM) deleteGroup(c *operation.Command, in *iam.DeleteGroupInput) (*iam.DeleteGroupOutput, error) {
	return &iam.DeleteGroupOutput{}, s.delete(c, account.Group, in.GroupName)
}

// membership finds a group and a user of the caller's account.
func (s *IAM) membership(c *operation.Command, group, user *string) (g, u account.Entity, err error) {
	if g, err = s.change(c, account.Group, group); err != nil {
		return g, u, err
	}
	u, err = s.change(c, account.User, user)
	return g, u, err
}

func (s *IAM) addUserToGroup(c *operation.Command, in *iam.AddUserToGroupInput) (*iam.AddUserToGroupOutput, error) {
	group, user, err := s.membership(c, in.GroupName, in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.AddUserToGroupOutput{}, s.Accounts.AddMember(c.Tx, group, user)
}

func (s *IAM) removeUserFromGroup(c *operation.Command, in *iam.RemoveUserFromGroupInput) (*iam.RemoveUserFromGroupOutput, error) {
	group, user, err := s.membership(c, in.GroupName, in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.RemoveUserFromGroupOutput{}, s.Accounts.RemoveMember(c.Tx, group, user)
}

func (s *IAM) putGroupPolicy(c *operation.Command, in *iam.PutGroupPolicyInput) (*iam.PutGroupPolicyOutput, error) {
	return &iam.PutGroupPolicyOutput{}, s.putInline(c, account.Group, in.GroupName, in.PolicyName, in.PolicyDocument)
}

func (s *IAM) getGroupPolicy(q *operation.Query, in *iam.GetGroupPolicyInput) (*iam.GetGroupPolicyOutput, error) {
	group, name, document, err := s.inline(q, account.Group, in.GroupName, in.PolicyName)
	return &iam.GetGroupPolicyOutput{GroupName: group, PolicyName: name, PolicyDocument: document}, err
}

func (s *IAM) listGroupPolicies(q *operation.Query, in *iam.ListGroupPoliciesInput) (*iam.ListGroupPoliciesOutput, error) {
	names, next, err := s.listInline(q, account.Group, in.GroupName, in.Marker, in.MaxItems)
	return &iam.ListGroupPoliciesOutput{PolicyNames: names, Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) deleteGroupPolicy(c *operation.Command, in *iam.DeleteGroupPolicyInput) (*iam.DeleteGroupPolicyOutput, error) {
	return &iam.DeleteGroupPolicyOutput{}, s.deleteInline(c, account.Group, in.GroupName, in.PolicyName)
}

func (s *IAM) attachGroupPolicy(c *operation.Command, in *iam.AttachGroupPolicyInput) (*iam.AttachGroupPolicyOutput, error) {
	return &iam.AttachGroupPolicyOutput{}, s.attach(c, account.Group, in.GroupName, in.PolicyArn)
}

func (s *IAM) detachGroupPolicy(c *operation.Command, in *iam.DetachGroupPolicyInput) (*iam.DetachGroupPolicyOutput, error) {
	return &iam.DetachGroupPolicyOutput{}, s.detach(c, account.Group, in.GroupName, in.PolicyArn)
}

func (s *IAM) listAttachedGroupPolicies(q *operation.Query, in *iam.ListAttachedGroupPoliciesInput) (*iam.ListAttachedGroupPoliciesOutput, error) {
	attached, next, err := s.listAttached(q, account.Group, in.GroupName, in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: attached, Marker: next, IsTruncated: next != nil}, err
}
