package awsapi

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
)

func (i *IdentityStore) createGroup(c *operation.Command, at identitycenter.Instance, in *identitystore.CreateGroupInput) (*identitystore.CreateGroupOutput, error) {
	g, err := i.Centers.CreateGroup(c.Tx, at, identitycenter.GroupAttributes{DisplayName: aws.ToString(in.DisplayName), Description: aws.ToString(in.Description)},
		c.Caller.Principal.Caller())
	return &identitystore.CreateGroupOutput{IdentityStoreId: storeID(at), GroupId: aws.String(string(g.ID)), GroupArn: aws.String(g.ID.ARN()), Revision: &g.Revision}, err
}

func storeGroupOut(at identitycenter.Instance, g identitycenter.Group) types.Group {
	return types.Group{
		IdentityStoreId: storeID(at), GroupId: aws.String(string(g.ID)), GroupArn: aws.String(g.ID.ARN()), Revision: &g.Revision,
		DisplayName: said(g.DisplayName), Description: said(g.Description), ExternalIds: externalIDs(g.ExternalIDs),
		CreatedAt: &g.CreatedAt, CreatedBy: &g.CreatedBy, UpdatedAt: &g.UpdatedAt, UpdatedBy: &g.UpdatedBy,
	}
}

func (i *IdentityStore) describeGroup(q *operation.Query, at identitycenter.Instance, in *identitystore.DescribeGroupInput) (*identitystore.DescribeGroupOutput, error) {
	g, err := i.Centers.GroupByID(q.Tx, at, identitycenter.ParseGroupID(*in.GroupId))
	return fillAlike[identitystore.DescribeGroupOutput](storeGroupOut(at, g)), err
}

func (i *IdentityStore) listGroups(q *operation.Query, at identitycenter.Instance, in *identitystore.ListGroupsInput) (*identitystore.ListGroupsOutput, error) {
	name, only, err := filtered(in.Filters, "DisplayName")
	if err != nil {
		return nil, err
	}
	groups, next, err := storePage(q, in.NextToken, in.MaxResults, func(p identitycenter.Page) ([]identitycenter.Group, error) {
		if !only {
			return i.Centers.Groups(q.Tx, at, p)
		}
		g, err := i.Centers.GroupByName(q.Tx, at, name)
		return onlyOne(g, string(g.ID), err, p)
	}, func(g identitycenter.Group) string { return string(g.ID) })
	return &identitystore.ListGroupsOutput{NextToken: next, Groups: translate(groups, func(g identitycenter.Group) types.Group { return storeGroupOut(at, g) })}, err
}

func (i *IdentityStore) getGroupID(q *operation.Query, at identitycenter.Instance, in *identitystore.GetGroupIdInput) (*identitystore.GetGroupIdOutput, error) {
	external, path, value, err := alternate(in.AlternateIdentifier)
	if err != nil {
		return nil, err
	}
	var g identitycenter.Group
	switch {
	case external != nil:
		g, err = i.Centers.GroupByExternalID(q.Tx, at, *external)
	case strings.EqualFold(path, "displayName"):
		g, err = i.Centers.GroupByName(q.Tx, at, value)
	default:
		err = notUniqueAttribute(path)
	}
	return &identitystore.GetGroupIdOutput{IdentityStoreId: storeID(at), GroupId: aws.String(string(g.ID)), GroupArn: aws.String(g.ID.ARN())}, err
}

func (i *IdentityStore) updateGroup(c *operation.Command, at identitycenter.Instance, in *identitystore.UpdateGroupInput) (*identitystore.UpdateGroupOutput, error) {
	operations, err := operationsOf(in.Operations)
	if err != nil {
		return nil, err
	}
	g, err := i.Centers.UpdateGroup(c.Tx, at, identitycenter.ParseGroupID(*in.GroupId),
		identitycenter.Change{Operations: operations, Revision: aws.ToString(in.Revision), By: c.Caller.Principal.Caller()})
	return &identitystore.UpdateGroupOutput{IdentityStoreId: storeID(at), GroupId: aws.String(string(g.ID)), GroupArn: aws.String(g.ID.ARN()), Revision: &g.Revision}, err
}

func (i *IdentityStore) deleteGroup(c *operation.Command, at identitycenter.Instance, in *identitystore.DeleteGroupInput) (*identitystore.DeleteGroupOutput, error) {
	return &identitystore.DeleteGroupOutput{}, i.Centers.DeleteGroup(c.Tx, at, identitycenter.ParseGroupID(*in.GroupId), aws.ToString(in.Revision))
}

func (i *IdentityStore) createGroupMembership(c *operation.Command, at identitycenter.Instance, in *identitystore.CreateGroupMembershipInput) (*identitystore.CreateGroupMembershipOutput, error) {
	user, err := memberOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	if err := i.may(c.Tx.Reading(), &c.Call, "CreateGroupMembership", userName(user)); err != nil {
		return nil, err
	}
	m, err := i.Centers.Join(c.Tx, at, identitycenter.ParseGroupID(*in.GroupId), user, c.Caller.Principal.Caller())
	return &identitystore.CreateGroupMembershipOutput{IdentityStoreId: storeID(at), MembershipId: aws.String(string(m.ID)), MembershipArn: aws.String(m.ID.ARN())}, err
}

func memberIDOut(id identitycenter.UserID) types.MemberId {
	return &types.MemberIdMemberUserId{Value: string(id)}
}

func storeMembershipOut(at identitycenter.Instance, m identitycenter.Membership) types.GroupMembership {
	return types.GroupMembership{
		IdentityStoreId: storeID(at), MembershipId: aws.String(string(m.ID)), MembershipArn: aws.String(m.ID.ARN()),
		GroupId: aws.String(string(m.Group)), MemberId: memberIDOut(m.User),
		CreatedAt: &m.CreatedAt, CreatedBy: &m.CreatedBy, UpdatedAt: &m.CreatedAt, UpdatedBy: &m.CreatedBy,
	}
}

func (i *IdentityStore) describeGroupMembership(q *operation.Query, at identitycenter.Instance, in *identitystore.DescribeGroupMembershipInput) (*identitystore.DescribeGroupMembershipOutput, error) {
	m, err := i.Centers.MembershipByID(q.Tx, at, identitycenter.ParseMembershipID(*in.MembershipId))
	if err != nil {
		return nil, err
	}
	if err := i.may(q.Tx, &q.Call, "DescribeGroupMembership", groupName(m.Group), userName(m.User)); err != nil {
		return nil, err
	}
	return fillAlike[identitystore.DescribeGroupMembershipOutput](storeMembershipOut(at, m)), nil
}

func (i *IdentityStore) deleteGroupMembership(c *operation.Command, at identitycenter.Instance, in *identitystore.DeleteGroupMembershipInput) (*identitystore.DeleteGroupMembershipOutput, error) {
	m, err := i.Centers.MembershipByID(c.Tx.Reading(), at, identitycenter.ParseMembershipID(*in.MembershipId))
	if err != nil {
		return nil, err
	}
	if err := i.may(c.Tx.Reading(), &c.Call, "DeleteGroupMembership", groupName(m.Group), userName(m.User)); err != nil {
		return nil, err
	}
	return &identitystore.DeleteGroupMembershipOutput{}, i.Centers.Leave(c.Tx, at, m.ID)
}

func (i *IdentityStore) getGroupMembershipID(q *operation.Query, at identitycenter.Instance, in *identitystore.GetGroupMembershipIdInput) (*identitystore.GetGroupMembershipIdOutput, error) {
	user, err := memberOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	if err := i.may(q.Tx, &q.Call, "GetGroupMembershipId", userName(user)); err != nil {
		return nil, err
	}
	m, err := i.Centers.Membership(q.Tx, at, identitycenter.ParseGroupID(*in.GroupId), user)
	return &identitystore.GetGroupMembershipIdOutput{IdentityStoreId: storeID(at), MembershipId: aws.String(string(m.ID)), MembershipArn: aws.String(m.ID.ARN())}, err
}

func (i *IdentityStore) isMemberInGroups(q *operation.Query, at identitycenter.Instance, in *identitystore.IsMemberInGroupsInput) (*identitystore.IsMemberInGroupsOutput, error) {
	user, err := memberOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	asked := []string{userName(user)}
	for _, id := range in.GroupIds {
		if !groupPattern.MatchString(id) {
			return nil, fault.Invalidf("GroupIds must match %s", groupPattern)
		}
		asked = append(asked, groupName(identitycenter.ParseGroupID(id)))
	}
	if err := i.may(q.Tx, &q.Call, "IsMemberInGroups", asked...); err != nil {
		return nil, err
	}
	out := &identitystore.IsMemberInGroupsOutput{Results: make([]types.GroupMembershipExistenceResult, len(in.GroupIds))}
	for n, id := range in.GroupIds {
		group := identitycenter.ParseGroupID(id)
		isMember, err := i.Centers.IsMember(q.Tx, at, group, user)
		if err != nil {
			return nil, err
		}
		out.Results[n] = types.GroupMembershipExistenceResult{GroupId: aws.String(string(group)), MemberId: memberIDOut(user), MembershipExists: isMember}
	}
	return out, nil
}

func (i *IdentityStore) listGroupMemberships(q *operation.Query, at identitycenter.Instance, in *identitystore.ListGroupMembershipsInput) (*identitystore.ListGroupMembershipsOutput, error) {
	memberships, next, err := storePage(q, in.NextToken, in.MaxResults, func(p identitycenter.Page) ([]identitycenter.Membership, error) {
		return i.Centers.Members(q.Tx, at, identitycenter.ParseGroupID(*in.GroupId), p)
	}, func(m identitycenter.Membership) string { return string(m.ID) })
	return &identitystore.ListGroupMembershipsOutput{NextToken: next, GroupMemberships: storeMembershipsOut(at, memberships)}, err
}

func storeMembershipsOut(at identitycenter.Instance, list []identitycenter.Membership) []types.GroupMembership {
	return translate(list, func(m identitycenter.Membership) types.GroupMembership { return storeMembershipOut(at, m) })
}

func (i *IdentityStore) listGroupMembershipsForMember(q *operation.Query, at identitycenter.Instance, in *identitystore.ListGroupMembershipsForMemberInput) (*identitystore.ListGroupMembershipsForMemberOutput, error) {
	user, err := memberOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	if err := i.may(q.Tx, &q.Call, "ListGroupMembershipsForMember", userName(user)); err != nil {
		return nil, err
	}
	memberships, next, err := storePage(q, in.NextToken, in.MaxResults, func(p identitycenter.Page) ([]identitycenter.Membership, error) {
		return i.Centers.MembershipsOf(q.Tx, at, user, p)
	}, func(m identitycenter.Membership) string { return string(m.ID) })
	return &identitystore.ListGroupMembershipsForMemberOutput{NextToken: next, GroupMemberships: storeMembershipsOut(at, memberships)}, err
}
