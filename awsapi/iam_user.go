package awsapi

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

func (s *IAM) createUser(c *operation.Command, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	tags, err := newTags(in.Tags)
	if err == nil {
		err = ownPath(in.Path)
	}
	if err != nil {
		return nil, err
	}
	e, err := s.Accounts.CreateEntity(c.Tx, c.Caller.Principal.ID(), account.NewEntity{
		Kind: account.User, Name: *in.UserName, Path: aws.ToString(in.Path), Boundary: aws.ToString(in.PermissionsBoundary), Tags: tags,
	})
	return &iam.CreateUserOutput{User: wholeUser(e)}, err
}

func (s *IAM) getUser(q *operation.Query, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	if in.UserName == nil && isRoot(q.Caller.Principal) {
		a, err := s.Accounts.Account(q.Tx, q.Caller.Principal.ID())
		return &iam.GetUserOutput{User: &types.User{UserId: aws.String(string(a.ID)), Arn: aws.String(a.ID.Root()), CreateDate: &a.CreatedAt}}, err
	}
	e, err := s.userOrSelf(q.Tx, q.Caller, in.UserName)
	return &iam.GetUserOutput{User: wholeUser(e)}, err
}

// userOrSelf is the user of the name or, when there is none, the caller.
func (s *IAM) userOrSelf(tx *database.ReadTx, caller authn.Caller, name *string) (account.Entity, error) {
	switch {
	case name != nil:
		return s.find(tx, caller, account.User, name)
	case caller.Principal.Username != "":
		return s.Accounts.EntityByID(tx, caller.Principal.Entity)
	}
	return account.Entity{}, fault.Invalidf("Must specify userName when calling with non-User credentials")
}

func (s *IAM) listUsers(q *operation.Query, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	entities, next, err := s.listEntities(q, account.User, in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListUsersOutput{Users: translate(entities, userOut), Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) updateUser(c *operation.Command, in *iam.UpdateUserInput) (*iam.UpdateUserOutput, error) {
	return &iam.UpdateUserOutput{}, s.rename(c, account.User, "iam:UpdateUser", in.UserName, in.NewUserName, in.NewPath)
}

func (s *IAM) deleteUser(c *operation.Command, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	return &iam.DeleteUserOutput{}, s.delete(c, account.User, in.UserName)
}

func (s *IAM) putUserPolicy(c *operation.Command, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
	return &iam.PutUserPolicyOutput{}, s.putInline(c, account.User, in.UserName, in.PolicyName, in.PolicyDocument)
}

func (s *IAM) getUserPolicy(q *operation.Query, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
	user, name, document, err := s.inline(q, account.User, in.UserName, in.PolicyName)
	return &iam.GetUserPolicyOutput{UserName: user, PolicyName: name, PolicyDocument: document}, err
}

func (s *IAM) listUserPolicies(q *operation.Query, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
	names, next, err := s.listInline(q, account.User, in.UserName, in.Marker, in.MaxItems)
	return &iam.ListUserPoliciesOutput{PolicyNames: names, Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) deleteUserPolicy(c *operation.Command, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
	return &iam.DeleteUserPolicyOutput{}, s.deleteInline(c, account.User, in.UserName, in.PolicyName)
}

func (s *IAM) attachUserPolicy(c *operation.Command, in *iam.AttachUserPolicyInput) (*iam.AttachUserPolicyOutput, error) {
	return &iam.AttachUserPolicyOutput{}, s.attach(c, account.User, in.UserName, in.PolicyArn)
}

func (s *IAM) detachUserPolicy(c *operation.Command, in *iam.DetachUserPolicyInput) (*iam.DetachUserPolicyOutput, error) {
	return &iam.DetachUserPolicyOutput{}, s.detach(c, account.User, in.UserName, in.PolicyArn)
}

func (s *IAM) listAttachedUserPolicies(q *operation.Query, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
	attached, next, err := s.listAttached(q, account.User, in.UserName, in.PathPrefix, in.Marker, in.MaxItems)
	return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: attached, Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) putUserPermissionsBoundary(c *operation.Command, in *iam.PutUserPermissionsBoundaryInput) (*iam.PutUserPermissionsBoundaryOutput, error) {
	return &iam.PutUserPermissionsBoundaryOutput{}, s.bound(c, account.User, in.UserName, *in.PermissionsBoundary)
}

func (s *IAM) deleteUserPermissionsBoundary(c *operation.Command, in *iam.DeleteUserPermissionsBoundaryInput) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
	return &iam.DeleteUserPermissionsBoundaryOutput{}, s.unbound(c, account.User, in.UserName)
}

func (s *IAM) tagUser(c *operation.Command, in *iam.TagUserInput) (*iam.TagUserOutput, error) {
	return &iam.TagUserOutput{}, s.tag(c, account.User, in.UserName, in.Tags)
}

func (s *IAM) untagUser(c *operation.Command, in *iam.UntagUserInput) (*iam.UntagUserOutput, error) {
	return &iam.UntagUserOutput{}, s.untag(c, account.User, in.UserName, in.TagKeys)
}

func (s *IAM) listUserTags(q *operation.Query, in *iam.ListUserTagsInput) (*iam.ListUserTagsOutput, error) {
	e, err := s.find(q.Tx, q.Caller, account.User, in.UserName)
	if err != nil {
		return nil, err
	}
	tags, next, err := tagPage(q, in.Marker, in.MaxItems, e.Tags)
	return &iam.ListUserTagsOutput{Tags: tags, Marker: next, IsTruncated: next != nil}, err
}

func (s *IAM) listGroupsForUser(q *operation.Query, in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	e, err := s.find(q.Tx, q.Caller, account.User, in.UserName)
	if err != nil {
		return nil, err
	}
	all, err := s.Accounts.GroupsOf(q.Tx, e.ID)
	if err != nil {
		return nil, err
	}
	groups, next, err := iamPage(q, in.Marker, in.MaxItems, among(all, nameKey), nameKey)
	return &iam.ListGroupsForUserOutput{Groups: translate(groups, groupOut), Marker: next, IsTruncated: next != nil}, err
}

// owner is whose keys are meant: the user's of the name, the caller's own or, when
// the root user calls and names nobody, the root user's.
func (s *IAM) owner(tx *database.ReadTx, caller authn.Caller, name *string) (account.Entity, error) {
	if name == nil && isRoot(caller.Principal) {
		return account.Entity{Account: caller.Principal.ID()}, nil
	}
	return s.userOrSelf(tx, caller, name)
}

func (s *IAM) createAccessKey(c *operation.Command, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	of, err := s.owner(c.Tx.Reading(), c.Caller, in.UserName)
	if err != nil {
		return nil, err
	}
	key, secret, err := s.Accounts.CreateAccessKey(c.Tx, of.Account, of.ID)
	return &iam.CreateAccessKeyOutput{AccessKey: &types.AccessKey{
		AccessKeyId: &key.ID, SecretAccessKey: &secret, Status: types.StatusTypeActive, UserName: &of.Name, CreateDate: &key.CreatedAt,
	}}, err
}

func (s *IAM) listAccessKeys(q *operation.Query, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	of, err := s.owner(q.Tx, q.Caller, in.UserName)
	if err != nil {
		return nil, err
	}
	all, err := s.Accounts.AccessKeys(q.Tx, of.Account, of.ID)
	if err != nil {
		return nil, err
	}
	id := func(k account.AccessKey) string { return k.ID }
	keys, next, err := iamPage(q, in.Marker, in.MaxItems, among(all, id), id)
	return &iam.ListAccessKeysOutput{Marker: next, IsTruncated: next != nil, AccessKeyMetadata: translate(keys, func(k account.AccessKey) types.AccessKeyMetadata {
		return types.AccessKeyMetadata{AccessKeyId: &k.ID, CreateDate: &k.CreatedAt, Status: keyStatus(k.Active), UserName: &of.Name}
	})}, err
}

func keyStatus(active bool) types.StatusType {
	if active {
		return types.StatusTypeActive
	}
	return types.StatusTypeInactive
}

// keyOf finds a key that is the owner's. Somebody else's is as good as none: what was
// authorized is changing the owner.
func (s *IAM) keyOf(c *operation.Command, name, id *string) (account.AccessKey, error) {
	of, err := s.owner(c.Tx.Reading(), c.Caller, name)
	if err != nil {
		return account.AccessKey{}, err
	}
	keys, err := s.Accounts.AccessKeys(c.Tx.Reading(), of.Account, of.ID)
	if err != nil {
		return account.AccessKey{}, err
	}
	for _, key := range keys {
		if key.ID == *id {
			return key, nil
		}
	}
	return account.AccessKey{}, fault.NotFoundf("The Access Key with id %s cannot be found.", *id)
}

func (s *IAM) updateAccessKey(c *operation.Command, in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	key, err := s.keyOf(c, in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	if in.Status == types.StatusTypeExpired {
		return nil, fault.Invalidf("Status must be Active or Inactive")
	}
	return &iam.UpdateAccessKeyOutput{}, s.Accounts.SetAccessKey(c.Tx, key, in.Status == types.StatusTypeActive)
}

func (s *IAM) deleteAccessKey(c *operation.Command, in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	key, err := s.keyOf(c, in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	return &iam.DeleteAccessKeyOutput{}, s.Accounts.DeleteAccessKey(c.Tx, key)
}

func (s *IAM) getAccessKeyLastUsed(q *operation.Query, in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	key, err := s.Accounts.AccessKey(q.Tx, *in.AccessKeyId)
	if err == nil && key.Account != q.Caller.Principal.ID() {
		err = fault.NotFoundf("The Access Key with id %s cannot be found.", *in.AccessKeyId)
	}
	if err != nil {
		return nil, err
	}
	used := types.AccessKeyLastUsed{Region: aws.String("N/A"), ServiceName: aws.String("N/A")} // as IAM says of keys never used
	if !key.UsedAt.IsZero() {
		used = types.AccessKeyLastUsed{LastUsedDate: &key.UsedAt, Region: &key.UsedRegion, ServiceName: &key.UsedService}
	}
	out := &iam.GetAccessKeyLastUsedOutput{AccessKeyLastUsed: &used}
	if key.Entity != "" {
		e, err := s.Accounts.EntityByID(q.Tx, key.Entity)
		if err != nil {
			return nil, err
		}
		out.UserName = &e.Name
	}
	return out, nil
}
