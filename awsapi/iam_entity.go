package awsapi

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/operation"
)

// What users, groups and roles have in common. The methods of their operations
// say which kind.

func (s *IAM) putInline(c *operation.Command, kind account.EntityKind, name, policy, document *string) error {
	e, err := s.change(c, kind, name)
	if err != nil {
		return err
	}
	return s.Accounts.PutInline(c.Tx, e, account.Inline{Name: *policy, Document: *document})
}

func (s *IAM) deleteInline(c *operation.Command, kind account.EntityKind, name, policy *string) error {
	e, err := s.change(c, kind, name)
	if err != nil {
		return err
	}
	return s.Accounts.DeleteInline(c.Tx, e, *policy)
}

func (s *IAM) inline(q *operation.Query, kind account.EntityKind, name, policy *string) (entity, found, document *string, err error) {
	e, err := s.find(q.Tx, q.Caller, kind, name)
	if err != nil {
		return nil, nil, nil, err
	}
	in, err := s.Accounts.Inline(q.Tx, e, *policy)
	return &e.Name, &in.Name, encoded(in.Document), err
}

func (s *IAM) listInline(q *operation.Query, kind account.EntityKind, name, marker *string, asked *int32) ([]string, *string, error) {
	e, err := s.find(q.Tx, q.Caller, kind, name)
	if err != nil {
		return nil, nil, err
	}
	policies, err := s.Accounts.InlinePolicies(q.Tx, e.ID)
	if err != nil {
		return nil, nil, err
	}
	return iamPage(q, marker, asked, among(translate(policies, func(p account.Inline) string { return p.Name }), itself), itself)
}

func (s *IAM) attach(c *operation.Command, kind account.EntityKind, name, arn *string) error {
	e, err := s.change(c, kind, name)
	if err != nil {
		return err
	}
	return s.Accounts.AttachPolicy(c.Tx, e, *arn)
}

func (s *IAM) detach(c *operation.Command, kind account.EntityKind, name, arn *string) error {
	e, err := s.change(c, kind, name)
	if err != nil {
		return err
	}
	return s.Accounts.DetachPolicy(c.Tx, e, *arn)
}

func (s *IAM) listAttached(q *operation.Query, kind account.EntityKind, name, prefix, marker *string, asked *int32) ([]types.AttachedPolicy, *string, error) {
	e, err := s.find(q.Tx, q.Caller, kind, name)
	if err != nil {
		return nil, nil, err
	}
	attached, err := s.attachedTo(q.Tx, e.ID, aws.ToString(prefix))
	if err != nil {
		return nil, nil, err
	}
	key := func(p types.AttachedPolicy) string { return *p.PolicyArn }
	return iamPage(q, marker, asked, among(attached, key), key)
}

func (s *IAM) attachedTo(tx *database.ReadTx, id account.EntityID, prefix string) ([]types.AttachedPolicy, error) {
	arns, err := s.Accounts.AttachedPolicies(tx, id)
	out := []types.AttachedPolicy{}
	for _, arn := range arns {
		_, path, _ := strings.Cut(arn, ":policy")
		if strings.HasPrefix(path, prefix) {
			out = append(out, types.AttachedPolicy{PolicyArn: &arn, PolicyName: aws.String(path[strings.LastIndexByte(path, '/')+1:])})
		}
	}
	return out, err
}

func (s *IAM) bound(c *operation.Command, kind account.EntityKind, name *string, arn string) error {
	e, err := s.change(c, kind, name)
	if err != nil {
		return err
	}
	_, err = s.Accounts.ChangeEntity(c.Tx, e, account.EntityPatch{Boundary: &arn})
	return err
}

func (s *IAM) unbound(c *operation.Command, kind account.EntityKind, name *string) error {
	e, err := s.change(c, kind, name)
	if err == nil && e.Boundary == "" {
		return noBoundary(e)
	}
	if err != nil {
		return err
	}
	_, err = s.Accounts.ChangeEntity(c.Tx, e, account.EntityPatch{Boundary: aws.String("")})
	return err
}

func (s *IAM) tag(c *operation.Command, kind account.EntityKind, name *string, tags []types.Tag) error {
	e, err := s.change(c, kind, name)
	if err != nil {
		return err
	}
	added, err := newTags(tags)
	if err != nil {
		return err
	}
	all, err := e.Tags.With(added)
	if err != nil {
		return err
	}
	_, err = s.Accounts.ChangeEntity(c.Tx, e, account.EntityPatch{Tags: all})
	return err
}

func (s *IAM) untag(c *operation.Command, kind account.EntityKind, name *string, keys []string) error {
	e, err := s.change(c, kind, name)
	if err != nil {
		return err
	}
	_, err = s.Accounts.ChangeEntity(c.Tx, e, account.EntityPatch{Tags: e.Tags.Without(keys)})
	return err
}

func (s *IAM) delete(c *operation.Command, kind account.EntityKind, name *string) error {
	e, err := s.change(c, kind, name)
	if err != nil {
		return err
	}
	return s.Accounts.DeleteEntity(c.Tx, e)
}

func (s *IAM) listEntities(q *operation.Query, kind account.EntityKind, prefix, marker *string, asked *int32) ([]account.Entity, *string, error) {
	return iamPage(q, marker, asked, func(after string, limit int) ([]account.Entity, error) {
		return s.Accounts.Entities(q.Tx, q.Caller.Principal.ID(), kind, account.Filter{PathPrefix: aws.ToString(prefix), After: after, Limit: limit})
	}, nameKey)
}

// rename moves a user or group to another name or path. Whoever may change what is there
// must be let to have something there, too.
func (s *IAM) rename(c *operation.Command, kind account.EntityKind, action string, name, newName, newPath *string) error {
	e, err := s.change(c, kind, name)
	if err != nil || newName == nil && newPath == nil {
		return err
	}
	if err := ownPath(newPath); err != nil {
		return err
	}
	moved := e
	if newName != nil {
		moved.Name = *newName
	}
	if newPath != nil {
		moved.Path = *newPath
	}
	if err := s.Authorizer.Require(c.Tx.Reading(), c.Caller, c.Request.Circumstances(), action, moved.ARN(), nil); err != nil {
		return err
	}
	_, err = s.Accounts.ChangeEntity(c.Tx, e, account.EntityPatch{Name: newName, Path: newPath})
	return err
}

func (s *IAM) roleOut(tx *database.ReadTx, e account.Entity) (types.Role, error) {
	trust, err := s.Accounts.ReadableTrust(tx, e.Trust)
	return types.Role{
		Arn: aws.String(e.ARN()), RoleId: aws.String(string(e.ID)), RoleName: &e.Name, Path: &e.Path, CreateDate: &e.CreatedAt, Description: given(e.Description),
		AssumeRolePolicyDocument: encoded(trust), MaxSessionDuration: aws.Int32(int32(e.MaxSession / time.Second)),
	}, err
}

// wholeRole is a role with what listings leave out.
func (s *IAM) wholeRole(tx *database.ReadTx, e account.Entity) (*types.Role, error) {
	role, err := s.roleOut(tx, e)
	role.PermissionsBoundary, role.Tags, role.RoleLastUsed = boundaryOut(e.Boundary), tagsOut(e.Tags), lastUsed(e)
	return &role, err
}

func lastUsed(e account.Entity) *types.RoleLastUsed {
	if e.UsedAt.IsZero() {
		return &types.RoleLastUsed{}
	}
	return &types.RoleLastUsed{LastUsedDate: &e.UsedAt, Region: given(e.UsedRegion)}
}

func userOut(e account.Entity) types.User {
	return types.User{Arn: aws.String(e.ARN()), UserId: aws.String(string(e.ID)), UserName: &e.Name, Path: &e.Path, CreateDate: &e.CreatedAt}
}

func wholeUser(e account.Entity) *types.User {
	user := userOut(e)
	user.PermissionsBoundary, user.Tags = boundaryOut(e.Boundary), tagsOut(e.Tags)
	return &user
}

func groupOut(e account.Entity) types.Group {
	return types.Group{Arn: aws.String(e.ARN()), GroupId: aws.String(string(e.ID)), GroupName: &e.Name, Path: &e.Path, CreateDate: &e.CreatedAt}
}
