package awsapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

func (s *IAM) createAccountAlias(c *operation.Command, in *iam.CreateAccountAliasInput) (*iam.CreateAccountAliasOutput, error) {
	return &iam.CreateAccountAliasOutput{}, s.Accounts.SetAlias(c.Tx, c.Caller.Principal.ID(), *in.AccountAlias)
}

func (s *IAM) deleteAccountAlias(c *operation.Command, in *iam.DeleteAccountAliasInput) (*iam.DeleteAccountAliasOutput, error) {
	a, err := s.Accounts.Account(c.Tx.Reading(), c.Caller.Principal.ID())
	if err == nil && a.Alias != *in.AccountAlias {
		err = fault.NotFoundf("The account alias %s cannot be found.", *in.AccountAlias)
	}
	if err != nil {
		return nil, err
	}
	return &iam.DeleteAccountAliasOutput{}, s.Accounts.SetAlias(c.Tx, a.ID, "")
}

func (s *IAM) listAccountAliases(q *operation.Query, in *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
	a, err := s.Accounts.Account(q.Tx, q.Caller.Principal.ID())
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc([]string{a.Alias}, func(alias string) bool { return alias == "" })
	aliases, next, err := iamPage(q, in.Marker, in.MaxItems, among(all, itself), itself)
	return &iam.ListAccountAliasesOutput{AccountAliases: aliases, Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) getAccountSummary(q *operation.Query, _ *iam.GetAccountSummaryInput) (*iam.GetAccountSummaryOutput, error) {
	counts, err := s.Accounts.Summary(q.Tx, q.Caller.Principal.ID())
	out := &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{}}
	for name, count := range counts {
		out.SummaryMap[name] = int32(count)
	}
	return out, err
}

// detail is one item of GetAccountAuthorizationDetails.
type detail struct {
	section int
	entity  account.Entity
	policy  account.Policy
}

// key orders details: by section, and within one by name.
func (d detail) key() string {
	return strconv.Itoa(d.section) + nameKey(d.entity) + strings.ToLower(d.policy.Name)
}

// sections are what can be told of an account, in the order in which it is.
var sections = []types.EntityType{types.EntityTypeUser, types.EntityTypeGroup, types.EntityTypeRole, types.EntityTypeLocalManagedPolicy, types.EntityTypeAWSManagedPolicy}

func (s *IAM) getAccountAuthorizationDetails(q *operation.Query, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	for _, wanted := range in.Filter {
		if !slices.Contains(sections, wanted) {
			return nil, fault.Invalidf("each of Filter must be one of %v", sections)
		}
	}
	used, err := s.Accounts.Usages(q.Tx, q.Caller.Principal.ID())
	if err != nil {
		return nil, err
	}
	details, next, err := iamPage(q, in.Marker, in.MaxItems, func(after string, limit int) ([]detail, error) {
		var found []detail
		for i, section := range sections {
			from := ""
			if after != "" {
				switch at := int(after[0] - '0'); {
				case i < at:
					continue
				case i == at:
					from = after[1:]
				}
			}
			if len(in.Filter) > 0 && !slices.Contains(in.Filter, section) || len(found) == limit {
				continue
			}
			more, err := s.section(q, i, account.Filter{After: from, Limit: limit - len(found)}, used)
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
		}
		return found, nil
	}, detail.key)
	if err != nil {
		return nil, err
	}
	out := &iam.GetAccountAuthorizationDetailsOutput{
		UserDetailList: []types.UserDetail{}, GroupDetailList: []types.GroupDetail{}, RoleDetailList: []types.RoleDetail{}, Policies: []types.ManagedPolicyDetail{},
		Marker: next, IsTruncated: next != nil,
	}
	for _, d := range details {
		if err := s.tell(q.Tx, d, used, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// section lists one section. Of AWS's policies only those in use are told.
func (s *IAM) section(q *operation.Query, section int, f account.Filter, used map[string]account.Usage) ([]detail, error) {
	id := q.Caller.Principal.ID()
	if section < len(entityKinds) {
		entities, err := s.Accounts.Entities(q.Tx, id, entityKinds[section], f)
		return translate(entities, func(e account.Entity) detail { return detail{section: section, entity: e} }), err
	}
	var policies []account.Policy
	var err error
	if sections[section] == types.EntityTypeLocalManagedPolicy {
		policies, err = s.Accounts.Policies(q.Tx, id, account.PolicyFilter{Filter: f})
	} else {
		policies = account.PoliciesOfAWS(account.PolicyFilter{Filter: f, Used: true}, used)
	}
	return translate(policies, func(p account.Policy) detail { return detail{section: section, policy: p} }), err
}

var entityKinds = []account.EntityKind{account.User, account.Group, account.Role} // as sections has them

// tell adds all there is to say of an item.
func (s *IAM) tell(tx *database.ReadTx, d detail, used map[string]account.Usage, out *iam.GetAccountAuthorizationDetailsOutput) error {
	if d.section >= len(entityKinds) {
		return s.tellPolicy(tx, d.policy, used[d.policy.ARN()], out)
	}
	e := d.entity
	attached, err := s.attachedTo(tx, e.ID, "")
	if err != nil {
		return err
	}
	own, err := s.Accounts.InlinePolicies(tx, e.ID)
	if err != nil {
		return err
	}
	inline := translate(own, func(p account.Inline) types.PolicyDetail {
		return types.PolicyDetail{PolicyName: &p.Name, PolicyDocument: encoded(p.Document)}
	})
	arn, id := aws.String(e.ARN()), aws.String(string(e.ID))
	switch e.Kind {
	case account.User:
		groups, err := s.Accounts.GroupsOf(tx, e.ID)
		if err != nil {
			return err
		}
		out.UserDetailList = append(out.UserDetailList, types.UserDetail{
			Arn: arn, UserId: id, UserName: &e.Name, Path: &e.Path, CreateDate: &e.CreatedAt, AttachedManagedPolicies: attached, UserPolicyList: inline,
			GroupList: translate(groups, func(g account.Entity) string { return g.Name }), PermissionsBoundary: boundaryOut(e.Boundary), Tags: tagsOut(e.Tags),
		})
	case account.Group:
		out.GroupDetailList = append(out.GroupDetailList, types.GroupDetail{
			Arn: arn, GroupId: id, GroupName: &e.Name, Path: &e.Path, CreateDate: &e.CreatedAt, AttachedManagedPolicies: attached, GroupPolicyList: inline,
		})
	case account.Role:
		trust, err := s.Accounts.ReadableTrust(tx, e.Trust)
		if err != nil {
			return err
		}
		out.RoleDetailList = append(out.RoleDetailList, types.RoleDetail{
			Arn: arn, RoleId: id, RoleName: &e.Name, Path: &e.Path, CreateDate: &e.CreatedAt, AttachedManagedPolicies: attached, RolePolicyList: inline,
			AssumeRolePolicyDocument: encoded(trust), InstanceProfileList: []types.InstanceProfile{}, RoleLastUsed: lastUsed(e),
			PermissionsBoundary: boundaryOut(e.Boundary), Tags: tagsOut(e.Tags),
		})
	}
	return nil
}

func (s *IAM) tellPolicy(tx *database.ReadTx, p account.Policy, used account.Usage, out *iam.GetAccountAuthorizationDetailsOutput) error {
	versions, err := s.Accounts.Versions(tx, p)
	o := policyOut(p, used)
	out.Policies = append(out.Policies, types.ManagedPolicyDetail{
		Arn: o.Arn, PolicyId: o.PolicyId, PolicyName: o.PolicyName, Path: o.Path, DefaultVersionId: o.DefaultVersionId, Description: given(p.Description),
		AttachmentCount: o.AttachmentCount, PermissionsBoundaryUsageCount: o.PermissionsBoundaryUsageCount, IsAttachable: o.IsAttachable,
		CreateDate: o.CreateDate, UpdateDate: o.UpdateDate, PolicyVersionList: translate(versions, wholeVersion),
	})
	return err
}
