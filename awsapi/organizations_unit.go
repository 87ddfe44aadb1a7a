package awsapi

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/org"
)

func (o *Organizations) createOrganizationalUnit(c *operation.Command, of org.Organization, in *organizations.CreateOrganizationalUnitInput) (*organizations.CreateOrganizationalUnitOutput, error) {
	tags, err := organizationsTags(in.Tags)
	if err != nil {
		return nil, err
	}
	unit, err := o.Organizations.CreateUnit(c.Tx, of, org.NewUnit{Parent: org.NodeID(*in.ParentId), Name: *in.Name, Tags: tags})
	return &organizations.CreateOrganizationalUnitOutput{OrganizationalUnit: unitOut(of, unit)}, err
}

func unitOut(of org.Organization, u org.Unit) *types.OrganizationalUnit {
	return &types.OrganizationalUnit{Id: aws.String(string(u.ID)), Arn: aws.String(of.TargetARN(org.TargetID(u.ID))), Name: &u.Name, Path: &u.Path}
}

func (o *Organizations) describeOrganizationalUnit(q *operation.Query, of org.Organization, in *organizations.DescribeOrganizationalUnitInput) (*organizations.DescribeOrganizationalUnitOutput, error) {
	unit, err := o.Organizations.Unit(q.Tx, of, org.NodeID(*in.OrganizationalUnitId))
	return &organizations.DescribeOrganizationalUnitOutput{OrganizationalUnit: unitOut(of, unit)}, err
}

func (o *Organizations) updateOrganizationalUnit(c *operation.Command, of org.Organization, in *organizations.UpdateOrganizationalUnitInput) (*organizations.UpdateOrganizationalUnitOutput, error) {
	id := org.NodeID(*in.OrganizationalUnitId)
	unit, err := o.Organizations.Unit(c.Tx.Reading(), of, id)
	if err == nil && in.Name != nil {
		unit, err = o.Organizations.RenameUnit(c.Tx, of, id, *in.Name)
	}
	return &organizations.UpdateOrganizationalUnitOutput{OrganizationalUnit: unitOut(of, unit)}, err
}

func (o *Organizations) deleteOrganizationalUnit(c *operation.Command, of org.Organization, in *organizations.DeleteOrganizationalUnitInput) (*organizations.DeleteOrganizationalUnitOutput, error) {
	return &organizations.DeleteOrganizationalUnitOutput{}, o.Organizations.DeleteUnit(c.Tx, of, org.NodeID(*in.OrganizationalUnitId))
}

func (o *Organizations) listOrganizationalUnitsForParent(q *operation.Query, of org.Organization, in *organizations.ListOrganizationalUnitsForParentInput) (*organizations.ListOrganizationalUnitsForParentOutput, error) {
	units, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Unit, error) {
		return o.Organizations.Units(q.Tx, of, org.NodeID(*in.ParentId), p)
	}, func(u org.Unit) string { return string(u.ID) })
	return &organizations.ListOrganizationalUnitsForParentOutput{NextToken: next,
		OrganizationalUnits: translate(units, func(u org.Unit) types.OrganizationalUnit { return *unitOut(of, u) })}, err
}

func (o *Organizations) listChildren(q *operation.Query, of org.Organization, in *organizations.ListChildrenInput) (*organizations.ListChildrenOutput, error) {
	children, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.TargetID, error) {
		return o.Organizations.Children(q.Tx, of, org.NodeID(*in.ParentId), org.TargetKind(in.ChildType), p)
	}, func(id org.TargetID) string { return string(id) })
	return &organizations.ListChildrenOutput{NextToken: next, Children: translate(children, func(id org.TargetID) types.Child {
		return types.Child{Id: aws.String(string(id)), Type: in.ChildType}
	})}, err
}

func (o *Organizations) listParents(q *operation.Query, of org.Organization, in *organizations.ListParentsInput) (*organizations.ListParentsOutput, error) {
	parents, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.NodeID, error) {
		parent, err := o.Organizations.Parent(q.Tx, of, org.TargetID(*in.ChildId))
		if p.After != "" || err != nil {
			return nil, err
		}
		return []org.NodeID{parent}, nil
	}, func(id org.NodeID) string { return string(id) })
	return &organizations.ListParentsOutput{NextToken: next, Parents: translate(parents, func(id org.NodeID) types.Parent {
		return types.Parent{Id: aws.String(string(id)), Type: types.ParentType(id.Kind())}
	})}, err
}

func (o *Organizations) tagResource(c *operation.Command, of org.Organization, in *organizations.TagResourceInput) (*organizations.TagResourceOutput, error) {
	tags, err := organizationsTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return &organizations.TagResourceOutput{}, o.Organizations.Tag(c.Tx, of, *in.ResourceId, tags)
}

func organizationsTags(list []types.Tag) (account.Tags, error) {
	for _, tag := range list {
		if tag.Value == nil {
			return nil, fault.Invalidf("a tag has a value, if only an empty one")
		}
	}
	return account.NewTags(list, func(t types.Tag) (string, string) { return aws.ToString(t.Key), *t.Value })
}

func (o *Organizations) untagResource(c *operation.Command, of org.Organization, in *organizations.UntagResourceInput) (*organizations.UntagResourceOutput, error) {
	return &organizations.UntagResourceOutput{}, o.Organizations.Untag(c.Tx, of, *in.ResourceId, in.TagKeys)
}

func (o *Organizations) listTagsForResource(q *operation.Query, of org.Organization, in *organizations.ListTagsForResourceInput) (*organizations.ListTagsForResourceOutput, error) {
	var tags account.Tags
	keys, next, err := pageOf(q, in.NextToken, nil, func(p org.Page) (keys []string, err error) {
		if tags, err = o.Organizations.Tags(q.Tx, of, *in.ResourceId); err != nil {
			return nil, err
		}
		keys = slices.DeleteFunc(slices.Sorted(maps.Keys(tags)), func(key string) bool { return key <= p.After })
		return keys[:min(len(keys), p.Limit)], nil
	}, func(key string) string { return key })
	return &organizations.ListTagsForResourceOutput{NextToken: next, Tags: translate(keys, func(key string) types.Tag {
		return types.Tag{Key: &key, Value: aws.String(tags[key])}
	})}, err
}
