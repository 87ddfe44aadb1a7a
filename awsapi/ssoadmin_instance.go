package awsapi

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
)

// createInstance also makes the organization's instance, for its management account. AWS
// leaves that to the console.
func (o *SSOAdmin) createInstance(c *operation.Command, in *ssoadmin.CreateInstanceInput) (*ssoadmin.CreateInstanceOutput, error) {
	tags, err := ssoTags(in.Tags)
	if err != nil {
		return nil, err
	}
	made, err := o.Centers.CreateCenter(c.Tx, identitycenter.NewCenter{
		Owner: c.Caller.Principal.ID(), Name: aws.ToString(in.Name), ClientToken: aws.ToString(in.ClientToken), Tags: tags,
	})
	return &ssoadmin.CreateInstanceOutput{InstanceArn: aws.String(made.ARN())}, err
}

func (o *SSOAdmin) describeInstance(q *operation.Query, of center, _ *ssoadmin.DescribeInstanceInput) (*ssoadmin.DescribeInstanceOutput, error) {
	enabled, err := o.Centers.HasPermissionSets(q.Tx, of.Instance)
	m := o.instanceOut(of.Instance)
	return &ssoadmin.DescribeInstanceOutput{
		InstanceArn: m.InstanceArn, Name: m.Name, IdentityStoreId: m.IdentityStoreId, IdentityStoreArn: m.IdentityStoreArn, OwnerAccountId: m.OwnerAccountId,
		CreatedDate: m.CreatedDate, Status: m.Status, PrimaryRegion: m.PrimaryRegion, Regions: m.Regions, PermissionSetsEnabled: &enabled,
		EncryptionConfigurationDetails: &types.EncryptionConfigurationDetails{KeyType: types.KmsKeyTypeAwsOwnedKmsKey, EncryptionStatus: types.KmsKeyStatusEnabled},
	}, err
}

func (o *SSOAdmin) instanceOut(i identitycenter.Instance) types.InstanceMetadata {
	return types.InstanceMetadata{
		InstanceArn: aws.String(i.ARN()), Name: given(i.Name), IdentityStoreId: aws.String(string(i.Store)), IdentityStoreArn: aws.String(i.StoreARN()),
		OwnerAccountId: aws.String(string(i.Owner)), CreatedDate: &i.CreatedAt, Status: types.InstanceStatus(i.Status),
		PrimaryRegion: &o.Region, Regions: []types.RegionMetadata{o.region(i)},
	}
}

func (o *SSOAdmin) region(i identitycenter.Instance) types.RegionMetadata {
	return types.RegionMetadata{RegionName: &o.Region, IsPrimaryRegion: true, Status: types.RegionStatusActive, AddedDate: &i.CreatedAt}
}

func (o *SSOAdmin) updateInstance(c *operation.Command, of center, in *ssoadmin.UpdateInstanceInput) (*ssoadmin.UpdateInstanceOutput, error) {
	enable := in.PermissionSetsEnabled
	switch key := in.EncryptionConfiguration; {
	case key != nil && enable != nil:
		return nil, fault.Invalidf("EncryptionConfiguration and PermissionSetsEnabled cannot be set in the same request")
	case key != nil && (key.KeyType != types.KmsKeyTypeAwsOwnedKmsKey || key.KmsKeyArn != nil):
		return nil, fault.Unsupportedf("UpdateInstance: keys of AWS KMS are not offered: an instance is sealed under a key of its own")
	case enable != nil && !*enable:
		return nil, fault.Invalidf("PermissionSetsEnabled can only be true: what is enabled stays so")
	}
	if in.Name != nil {
		if err := o.Centers.RenameInstance(c.Tx, of.Instance, *in.Name); err != nil {
			return nil, err
		}
	}
	if enable == nil {
		return &ssoadmin.UpdateInstanceOutput{}, nil
	}
	return &ssoadmin.UpdateInstanceOutput{}, o.Centers.EnablePermissionSets(c.Tx, of.Instance)
}

func (o *SSOAdmin) deleteInstance(c *operation.Command, of center, _ *ssoadmin.DeleteInstanceInput) (*ssoadmin.DeleteInstanceOutput, error) {
	if of.delegate {
		return nil, fault.Deniedf("A delegated administrator cannot delete the instance of its organization.")
	}
	return &ssoadmin.DeleteInstanceOutput{}, o.Centers.DeleteCenter(c.Tx, of.Instance)
}

func (o *SSOAdmin) listInstances(q *operation.Query, in *ssoadmin.ListInstancesInput) (*ssoadmin.ListInstancesOutput, error) {
	switch in.RegionScope {
	case "", types.RegionScopeCurrentRegion, types.RegionScopeAllRegions: // the one Region is all of them
	}
	all, err := o.Centers.InstancesFor(q.Tx, q.Caller.Principal.ID())
	if err != nil {
		return nil, err
	}
	instances, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, behind(all, instanceKey), instanceKey)
	return &ssoadmin.ListInstancesOutput{Instances: translate(instances, o.instanceOut), NextToken: next}, err
}

func instanceKey(i identitycenter.Instance) string { return string(i.ID) }

// behind pages through a list that is short.
func behind[Item any](all []Item, key func(Item) string) func(identitycenter.Page) ([]Item, error) {
	return func(p identitycenter.Page) ([]Item, error) {
		from := 0
		if p.After != "" {
			if from = 1 + slices.IndexFunc(all, func(i Item) bool { return key(i) == p.After }); from == 0 {
				return nil, nil // what it was behind is gone
			}
		}
		return all[from:min(len(all), from+p.Limit)], nil
	}
}

func (o *SSOAdmin) describeRegion(_ *operation.Query, of center, in *ssoadmin.DescribeRegionInput) (*ssoadmin.DescribeRegionOutput, error) {
	if *in.RegionName != o.Region {
		return nil, fault.NotFoundf("The instance is not in the Region %s.", *in.RegionName)
	}
	r := o.region(of.Instance)
	return &ssoadmin.DescribeRegionOutput{RegionName: r.RegionName, IsPrimaryRegion: r.IsPrimaryRegion, Status: r.Status, AddedDate: r.AddedDate}, nil
}

func (o *SSOAdmin) listRegions(q *operation.Query, of center, in *ssoadmin.ListRegionsInput) (*ssoadmin.ListRegionsOutput, error) {
	name := func(r types.RegionMetadata) string { return *r.RegionName }
	regions, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, behind([]types.RegionMetadata{o.region(of.Instance)}, name), name)
	return &ssoadmin.ListRegionsOutput{Regions: regions, NextToken: next}, err
}

func accessControl(c *types.InstanceAccessControlAttributeConfiguration) (identitycenter.AccessControl, error) {
	control := identitycenter.AccessControl{}
	for _, a := range c.AccessControlAttributes {
		key := aws.ToString(a.Key)
		if _, twice := control[key]; twice || a.Value == nil {
			return nil, fault.Invalidf("the attribute %.128q is given twice, or has no value", key)
		}
		if len(a.Value.Source) != 1 || len(a.Value.Source[0]) > 256 {
			return nil, fault.Invalidf("the attribute %.128q has one source of at most 256 characters", key)
		}
		control[key] = a.Value.Source
	}
	return control, nil
}

func (o *SSOAdmin) createAccessControl(c *operation.Command, of center, in *ssoadmin.CreateInstanceAccessControlAttributeConfigurationInput) (*ssoadmin.CreateInstanceAccessControlAttributeConfigurationOutput, error) {
	control, err := accessControl(in.InstanceAccessControlAttributeConfiguration)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.CreateInstanceAccessControlAttributeConfigurationOutput{}, o.Centers.CreateAccessControl(c.Tx, of.Instance, control)
}

func (o *SSOAdmin) describeAccessControl(q *operation.Query, of center, _ *ssoadmin.DescribeInstanceAccessControlAttributeConfigurationInput) (*ssoadmin.DescribeInstanceAccessControlAttributeConfigurationOutput, error) {
	control, err := o.Centers.AccessControl(q.Tx, of.Instance)
	return &ssoadmin.DescribeInstanceAccessControlAttributeConfigurationOutput{
		Status: types.InstanceAccessControlAttributeConfigurationStatusEnabled,
		InstanceAccessControlAttributeConfiguration: &types.InstanceAccessControlAttributeConfiguration{
			AccessControlAttributes: translate(slices.Sorted(maps.Keys(control)), func(key string) types.AccessControlAttribute {
				return types.AccessControlAttribute{Key: &key, Value: &types.AccessControlAttributeValue{Source: control[key]}}
			}),
		},
	}, err
}

func (o *SSOAdmin) updateAccessControl(c *operation.Command, of center, in *ssoadmin.UpdateInstanceAccessControlAttributeConfigurationInput) (*ssoadmin.UpdateInstanceAccessControlAttributeConfigurationOutput, error) {
	control, err := accessControl(in.InstanceAccessControlAttributeConfiguration)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.UpdateInstanceAccessControlAttributeConfigurationOutput{}, o.Centers.UpdateAccessControl(c.Tx, of.Instance, control)
}

func (o *SSOAdmin) deleteAccessControl(c *operation.Command, of center, _ *ssoadmin.DeleteInstanceAccessControlAttributeConfigurationInput) (*ssoadmin.DeleteInstanceAccessControlAttributeConfigurationOutput, error) {
	return &ssoadmin.DeleteInstanceAccessControlAttributeConfigurationOutput{}, o.Centers.DeleteAccessControl(c.Tx, of.Instance)
}

func ssoTags(list []types.Tag) (account.Tags, error) {
	return account.NewTags(list, func(t types.Tag) (string, string) { return aws.ToString(t.Key), aws.ToString(t.Value) })
}

// sameCenter refuses an instance that a resource is not of.
func sameCenter(of center, name *string) error {
	if name != nil && *name != of.ARN() {
		return fault.NotFoundf("The resource is not of the instance.")
	}
	return nil
}

// tagged finds the instance of something whose tags the caller may change.
func (o *SSOAdmin) tagged(c *operation.Command, resource string, instance *string) (center, error) {
	of, err := o.in(c.Tx.Reading(), &c.Call, resource)
	if err == nil {
		err = sameCenter(of, instance)
	}
	if err != nil || !of.delegate {
		return of, err
	}
	p, err := o.Centers.PermissionSet(c.Tx.Reading(), of.Instance, resource)
	if fault.Is(err, fault.NotFound) {
		return of, nil // something else, or nothing
	}
	if err == nil {
		err = o.ofOwner(c.Tx.Reading(), of, p)
	}
	return of, err
}

func (o *SSOAdmin) tagResource(c *operation.Command, in *ssoadmin.TagResourceInput) (*ssoadmin.TagResourceOutput, error) {
	of, err := o.tagged(c, *in.ResourceArn, in.InstanceArn)
	if err != nil {
		return nil, err
	}
	tags, err := ssoTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.TagResourceOutput{}, o.Centers.TagResource(c.Tx, of.Instance, *in.ResourceArn, tags)
}

func (o *SSOAdmin) untagResource(c *operation.Command, in *ssoadmin.UntagResourceInput) (*ssoadmin.UntagResourceOutput, error) {
	of, err := o.tagged(c, *in.ResourceArn, in.InstanceArn)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.UntagResourceOutput{}, o.Centers.UntagResource(c.Tx, of.Instance, *in.ResourceArn, in.TagKeys)
}

func (o *SSOAdmin) listTagsForResource(q *operation.Query, in *ssoadmin.ListTagsForResourceInput) (*ssoadmin.ListTagsForResourceOutput, error) {
	of, err := o.in(q.Tx, &q.Call, *in.ResourceArn)
	if err == nil {
		err = sameCenter(of, in.InstanceArn)
	}
	if err != nil {
		return nil, err
	}
	tags, err := o.Centers.ResourceTags(q.Tx, of.Instance, *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	keys, next, err := pageOfSSO(q, in.NextToken, nil, behind(slices.Sorted(maps.Keys(tags)), asText), asText)
	return &ssoadmin.ListTagsForResourceOutput{NextToken: next, Tags: translate(keys, func(key string) types.Tag {
		return types.Tag{Key: &key, Value: aws.String(tags[key])}
	})}, err
}
