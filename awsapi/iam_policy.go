package awsapi

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

func (s *IAM) createPolicy(c *operation.Command, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	tags, err := newTags(in.Tags)
	if err == nil {
		err = ownPath(in.Path)
	}
	if err != nil {
		return nil, err
	}
	p, err := s.Accounts.CreatePolicy(c.Tx, c.Caller.Principal.ID(), account.NewPolicy{
		Name: *in.PolicyName, Path: aws.ToString(in.Path), Description: aws.ToString(in.Description), Document: *in.PolicyDocument, Tags: tags,
	})
	out := policyOut(p, account.Usage{})
	out.Description, out.Tags = given(p.Description), tagsOut(p.Tags)
	return &iam.CreatePolicyOutput{Policy: &out}, err
}

// policyOut is a policy as listings show it.
func policyOut(p account.Policy, used account.Usage) types.Policy {
	return types.Policy{
		Arn: aws.String(p.ARN()), PolicyId: &p.ID, PolicyName: &p.Name, Path: &p.Path, DefaultVersionId: versionID(p.Default),
		AttachmentCount: aws.Int32(int32(used.Attached)), PermissionsBoundaryUsageCount: aws.Int32(int32(used.Bounding)),
		IsAttachable: p.Attachable(), CreateDate: &p.CreatedAt, UpdateDate: &p.UpdatedAt,
	}
}

func versionID(number int) *string { return aws.String(account.Version{Number: number}.ID()) }

func (s *IAM) getPolicy(q *operation.Query, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, err := s.managed(q.Tx, q.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	used, err := s.Accounts.Usages(q.Tx, q.Caller.Principal.ID())
	out := policyOut(p, used[p.ARN()])
	out.Description, out.Tags = given(p.Description), tagsOut(p.Tags)
	return &iam.GetPolicyOutput{Policy: &out}, err
}

// listPolicies lists the customer's policies by name, and AWS's behind them.
func (s *IAM) listPolicies(q *operation.Query, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	used, err := s.Accounts.Usages(q.Tx, q.Caller.Principal.ID())
	if err != nil {
		return nil, err
	}
	filter := account.PolicyFilter{Used: in.OnlyAttached, Use: account.PolicyUse(in.PolicyUsageFilter)}
	if filter.Used && filter.Use == account.AnyUse {
		filter.Use = account.AsPermissions // what bounds somebody is not attached
	}
	filter.PathPrefix = aws.ToString(in.PathPrefix)
	local, ofAWS := in.Scope != types.PolicyScopeTypeAws, in.Scope != types.PolicyScopeTypeLocal
	policies, next, err := iamPage(q, in.Marker, in.MaxItems, func(after string, limit int) ([]account.Policy, error) {
		var found []account.Policy
		name, inAWS := strings.CutPrefix(after, ofAWSKey)
		if local && !inAWS {
			filter.After, filter.Limit = name, limit
			if found, err = s.Accounts.Policies(q.Tx, q.Caller.Principal.ID(), filter); err != nil {
				return nil, err
			}
			name = ""
		}
		if ofAWS {
			filter.After, filter.Limit = name, limit-len(found)
			found = append(found, account.PoliciesOfAWS(filter, used)...)
		}
		return found, nil
	}, policyKey)
	return &iam.ListPoliciesOutput{Marker: next, IsTruncated: next != nil, Policies: translate(policies, func(p account.Policy) types.Policy {
		return policyOut(p, used[p.ARN()])
	})}, err
}

// ofAWSKey stands before the names of AWS's policies in markers. No name has a slash.
const ofAWSKey = "aws/"

func policyKey(p account.Policy) string {
	if p.Account == "" {
		return ofAWSKey + strings.ToLower(p.Name)
	}
	return strings.ToLower(p.Name)
}

func (s *IAM) deletePolicy(c *operation.Command, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	p, err := s.managed(c.Tx.Reading(), c.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &iam.DeletePolicyOutput{}, s.Accounts.DeletePolicy(c.Tx, p)
}

func versionOut(v account.Version) types.PolicyVersion {
	return types.PolicyVersion{VersionId: aws.String(v.ID()), IsDefaultVersion: v.Default, CreateDate: &v.CreatedAt}
}

// wholeVersion is a version with its text.
func wholeVersion(v account.Version) types.PolicyVersion {
	out := versionOut(v)
	out.Document = encoded(v.Document)
	return out
}

func (s *IAM) createPolicyVersion(c *operation.Command, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	p, err := s.managed(c.Tx.Reading(), c.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := s.Accounts.CreateVersion(c.Tx, p, *in.PolicyDocument, in.SetAsDefault)
	out := versionOut(v)
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &out}, err
}

func (s *IAM) getPolicyVersion(q *operation.Query, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := s.managed(q.Tx, q.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	number, err := account.ParseVersion(*in.VersionId)
	if err != nil {
		return nil, err
	}
	v, err := s.Accounts.Version(q.Tx, p, number)
	out := wholeVersion(v)
	return &iam.GetPolicyVersionOutput{PolicyVersion: &out}, err
}

func (s *IAM) listPolicyVersions(q *operation.Query, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	p, err := s.managed(q.Tx, q.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	all, err := s.Accounts.Versions(q.Tx, p)
	if err != nil {
		return nil, err
	}
	newestFirst := func(v account.Version) string { return fmt.Sprintf("%010d", 1<<30-v.Number) }
	versions, next, err := iamPage(q, in.Marker, in.MaxItems, among(all, newestFirst), newestFirst)
	return &iam.ListPolicyVersionsOutput{Versions: translate(versions, versionOut), Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) setDefaultPolicyVersion(c *operation.Command, in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	p, err := s.managed(c.Tx.Reading(), c.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	number, err := account.ParseVersion(*in.VersionId)
	if err != nil {
		return nil, err
	}
	return &iam.SetDefaultPolicyVersionOutput{}, s.Accounts.SetDefaultVersion(c.Tx, p, number)
}

func (s *IAM) deletePolicyVersion(c *operation.Command, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	p, err := s.managed(c.Tx.Reading(), c.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	number, err := account.ParseVersion(*in.VersionId)
	if err != nil {
		return nil, err
	}
	return &iam.DeletePolicyVersionOutput{}, s.Accounts.DeleteVersion(c.Tx, p, number)
}

func (s *IAM) tagPolicy(c *operation.Command, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
	p, err := s.managed(c.Tx.Reading(), c.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	added, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	tags, err := p.Tags.With(added)
	if err != nil {
		return nil, err
	}
	return &iam.TagPolicyOutput{}, s.Accounts.TagPolicy(c.Tx, p, tags)
}

func (s *IAM) untagPolicy(c *operation.Command, in *iam.UntagPolicyInput) (*iam.UntagPolicyOutput, error) {
	p, err := s.managed(c.Tx.Reading(), c.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &iam.UntagPolicyOutput{}, s.Accounts.TagPolicy(c.Tx, p, p.Tags.Without(in.TagKeys))
}

func (s *IAM) listPolicyTags(q *operation.Query, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
	p, err := s.managed(q.Tx, q.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	tags, next, err := tagPage(q, in.Marker, in.MaxItems, p.Tags)
	return &iam.ListPolicyTagsOutput{Tags: tags, Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) listEntitiesForPolicy(q *operation.Query, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	p, err := s.managed(q.Tx, q.Caller, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	filter := account.HolderFilter{Kind: account.EntityKind(strings.ToLower(string(in.EntityFilter))), Use: account.PolicyUse(in.PolicyUsageFilter), PathPrefix: aws.ToString(in.PathPrefix)}
	entities, next, err := iamPage(q, in.Marker, in.MaxItems, func(after string, limit int) ([]account.Entity, error) {
		filter.After, filter.Limit = after, limit
		return s.Accounts.HoldersOf(q.Tx, q.Caller.Principal.ID(), p.ARN(), filter)
	}, account.Entity.Key)
	out := &iam.ListEntitiesForPolicyOutput{
		PolicyUsers: []types.PolicyUser{}, PolicyGroups: []types.PolicyGroup{}, PolicyRoles: []types.PolicyRole{}, Marker: next, IsTruncated: next != nil,
	}
	for _, e := range entities {
		id, name := aws.String(string(e.ID)), &e.Name
		switch e.Kind {
		case account.User:
			out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserId: id, UserName: name})
		case account.Group:
			out.PolicyGroups = append(out.PolicyGroups, types.PolicyGroup{GroupId: id, GroupName: name})
		case account.Role:
			out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleId: id, RoleName: name})
		}
	}
	return out, err
}

// listPoliciesGrantingServiceAccess says for each service which policies allow anything of it,
// whatever their resources and conditions, boundary and control policies.
func (s *IAM) listPoliciesGrantingServiceAccess(q *operation.Query, in *iam.ListPoliciesGrantingServiceAccessInput) (*iam.ListPoliciesGrantingServiceAccessOutput, error) {
	e, err := s.entityByARN(q, *in.Arn)
	if err != nil {
		return nil, err
	}
	for _, namespace := range in.ServiceNamespaces {
		if !namespaceForm.MatchString(namespace) {
			return nil, invalidInput("%.64q is not the namespace of a service: it has the form iam", namespace)
		}
	}
	sources, _, err := s.Accounts.SourcesOf(q.Tx, e)
	if err != nil {
		return nil, err
	}
	namespaces, next, err := iamPage(q, in.Marker, nil, among(in.ServiceNamespaces, itself), itself)
	out := &iam.ListPoliciesGrantingServiceAccessOutput{
		PoliciesGrantingServiceAccess: []types.ListPoliciesGrantingServiceAccessEntry{}, Marker: next, IsTruncated: next != nil,
	}
	for _, namespace := range namespaces {
		entry := types.ListPoliciesGrantingServiceAccessEntry{ServiceNamespace: &namespace, Policies: []types.PolicyGrantingServiceAccess{}}
		for _, source := range sources {
			if account.Grants(source.Document, namespace) {
				entry.Policies = append(entry.Policies, granting(source))
			}
		}
		out.PoliciesGrantingServiceAccess = append(out.PoliciesGrantingServiceAccess, entry)
	}
	return out, err
}

var namespaceForm = whole(`[\w-]{1,64}`)

func granting(source account.Source) types.PolicyGrantingServiceAccess {
	if source.Inline == "" {
		return types.PolicyGrantingServiceAccess{PolicyName: aws.String(source.Managed.Name), PolicyType: types.PolicyTypeManaged, PolicyArn: aws.String(source.Managed.ARN())}
	}
	return types.PolicyGrantingServiceAccess{
		PolicyName: &source.Inline, PolicyType: types.PolicyTypeInline, EntityName: &source.Holder.Name,
		EntityType: types.PolicyOwnerEntityType(strings.ToUpper(string(source.Holder.Kind))),
	}
}

// entityByARN finds a user, group or role of the caller's account.
func (s *IAM) entityByARN(q *operation.Query, arn string) (account.Entity, error) {
	e, err := s.Accounts.EntityByARN(q.Tx, arn)
	if err == nil && e.Account != q.Caller.Principal.ID() {
		err = fault.NotFoundf("there is no user, group or role %.256s", arn)
	}
	return e, err
}
