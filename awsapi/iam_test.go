package awsapi_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/sallyporttest"
)

const readsAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}}`

func did(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// allowing is a policy that allows actions on resources.
func allowing(resource string, actions ...string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["%s"],"Resource":%q}}`, strings.Join(actions, `","`), resource)
}

// readable is a document as IAM returns it, decoded as SDK users do.
func readable(t *testing.T, document *string) string {
	t.Helper()
	text, err := url.PathUnescape(*document)
	if err != nil || strings.ContainsAny(*document, `{" +`) {
		t.Fatalf("%q is not URL-encoded: %v", *document, err)
	}
	return text
}

func arnIn(s *sallyporttest.Signer, resource string) string {
	return "arn:aws:iam::" + string(s.Account) + ":" + resource
}

func TestRoles(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		trust := trusting("", string(root.Account))
		created := must[*iam.CreateRoleOutput](t)(client.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: aws.String("deploy"), Path: aws.String("/ci/"), AssumeRolePolicyDocument: &trust, Description: aws.String("for the pipeline"),
			MaxSessionDuration: aws.Int32(7200), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("core")}},
		})).Role
		if *created.Arn != arnIn(root, "role/ci/deploy") || !strings.HasPrefix(*created.RoleId, "AROA") || readable(t, created.AssumeRolePolicyDocument) != trust {
			t.Errorf("created %+v", created)
		}
		name := created.RoleName
		got := must[*iam.GetRoleOutput](t)(client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).Role
		if *got.Description != "for the pipeline" || *got.MaxSessionDuration != 7200 || len(got.Tags) != 1 || got.RoleLastUsed == nil || got.RoleLastUsed.LastUsedDate != nil || got.PermissionsBoundary != nil {
			t.Errorf("got %+v", got)
		}
		_, err := client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, MaxSessionDuration: aws.Int32(3600)})
		did(t, err)
		updated := must[*iam.UpdateRoleDescriptionOutput](t)(client.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String("")})).Role
		if updated.Description != nil || *updated.MaxSessionDuration != 3600 {
			t.Errorf("updated to %+v", updated)
		}
		other := trusting("", arnIn(root, "role/ci/deploy"))
		_, err = client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &other})
		did(t, err)
		if got := must[*iam.GetRoleOutput](t)(client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).Role; readable(t, got.AssumeRolePolicyDocument) != other {
			t.Errorf("the trust policy reads %s", *got.AssumeRolePolicyDocument)
		}
		profiles := must[*iam.ListInstanceProfilesForRoleOutput](t)(client.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: name}))
		if len(profiles.InstanceProfiles) != 0 || profiles.IsTruncated {
			t.Errorf("instance profiles: %+v", profiles)
		}

		t.Run("refusals", func(t *testing.T) {
			missing := aws.String("missing")
			for what, row := range map[string]struct {
				err          error
				code, phrase string
			}{
				"taken":        {second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &trust})), "EntityAlreadyExists", "Role with name deploy already exists."},
				"other case":   {second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("DEPLOY"), AssumeRolePolicyDocument: &trust})), "EntityAlreadyExists", "already exists."},
				"malformed":    {second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: missing, AssumeRolePolicyDocument: aws.String("{}")})), "MalformedPolicyDocument", "Statement"},
				"too long":     {second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: missing, AssumeRolePolicyDocument: aws.String(trusting(fmt.Sprintf(`{"StringEquals":{"sts:ExternalId":%q}}`, strings.Repeat("x", 2048)), string(root.Account)))})), "LimitExceeded", "2048"},
				"no principal": {second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: missing, AssumeRolePolicyDocument: aws.String(trusting("", arnIn(root, "role/nobody")))})), "MalformedPolicyDocument", "Invalid principal in policy"},
				"path":         {second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: missing, Path: aws.String("ci"), AssumeRolePolicyDocument: &trust})), "ValidationError", "Path"},
				"session":      {second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: missing, MaxSessionDuration: aws.Int32(60), AssumeRolePolicyDocument: &trust})), "ValidationError", "MaxSessionDuration"},
				"boundary":     {second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: missing, PermissionsBoundary: aws.String(arnIn(root, "policy/none")), AssumeRolePolicyDocument: &trust})), "NoSuchEntity", "does not exist or is not attachable"},
				"no role":      {second(client.GetRole(ctx, &iam.GetRoleInput{RoleName: missing})), "NoSuchEntity", "The role with name missing cannot be found."},
				"update none":  {second(client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: missing})), "NoSuchEntity", ""},
				"trust none":   {second(client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: missing, PolicyDocument: &trust})), "NoSuchEntity", ""},
				"delete none":  {second(client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: missing})), "NoSuchEntity", ""},
				"profiles of":  {second(client.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: missing})), "NoSuchEntity", ""},
				"no boundary":  {second(client.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})), "NoSuchEntity", "no permissions boundary"},
				"aws: tag":     {second(client.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}})), "ValidationError", "reserved"},
				"twice tagged": {second(client.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}, {Key: aws.String("A"), Value: aws.String("")}}})), "InvalidInput", "Duplicate"},
			} {
				t.Run(what, func(t *testing.T) { mustBe(t, row.err, row.code, row.phrase) })
			}
			var typed *types.NoSuchEntityException
			if _, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: missing}); !errors.As(err, &typed) {
				t.Errorf("%v is not the SDK's exception", err)
			}
		})
		_, err = client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
		did(t, err)
		_, err = client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		mustBe(t, err, "NoSuchEntity", "")
	})
}

// second is the error of a call.
func second[T any](_ T, err error) error { return err }

// holder is a user, group or role, as the operations they have in common see it.
type holder struct {
	put, attach, detach, remove func(name, policy string) error
	get                         func(name, policy string) (*string, error)
	list                        func(name string, marker *string) ([]string, *string, error)
	attached                    func(name, prefix string, marker *string) ([]string, *string, error)
	bound                       func(name, policy string) error
	unbound                     func(name string) error
	delete                      func(name string) error
}

func holders(t *testing.T, client *iam.Client) map[account.EntityKind]holder {
	ctx, one := t.Context(), aws.Int32(1)
	arns := func(attached []types.AttachedPolicy) (out []string) {
		for _, p := range attached {
			out = append(out, *p.PolicyArn)
		}
		return out
	}
	return map[account.EntityKind]holder{
		account.Role: {
			put: func(n, d string) error {
				return second(client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &n, PolicyName: aws.String(d[:1]), PolicyDocument: aws.String(d[1:])}))
			},
			attach: func(n, p string) error {
				return second(client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &n, PolicyArn: &p}))
			},
			detach: func(n, p string) error {
				return second(client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &n, PolicyArn: &p}))
			},
			remove: func(n, p string) error {
				return second(client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &n, PolicyName: &p}))
			},
			get: func(n, p string) (*string, error) {
				out, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &n, PolicyName: &p})
				if err != nil {
					return nil, err
				}
				return out.PolicyDocument, nil
			},
			list: func(n string, m *string) ([]string, *string, error) {
				out, err := client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &n, Marker: m, MaxItems: one})
				if err != nil {
					return nil, nil, err
				}
				return out.PolicyNames, out.Marker, nil
			},
			attached: func(n, prefix string, m *string) ([]string, *string, error) {
				out, err := client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &n, PathPrefix: &prefix, Marker: m, MaxItems: one})
				if err != nil {
					return nil, nil, err
				}
				return arns(out.AttachedPolicies), out.Marker, nil
			},
			bound: func(n, p string) error {
				return second(client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &n, PermissionsBoundary: &p}))
			},
			unbound: func(n string) error {
				return second(client.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &n}))
			},
			delete: func(n string) error { return second(client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &n})) },
		},
		account.User: {
			put: func(n, d string) error {
				return second(client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &n, PolicyName: aws.String(d[:1]), PolicyDocument: aws.String(d[1:])}))
			},
			attach: func(n, p string) error {
				return second(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &n, PolicyArn: &p}))
			},
			detach: func(n, p string) error {
				return second(client.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &n, PolicyArn: &p}))
			},
			remove: func(n, p string) error {
				return second(client.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &n, PolicyName: &p}))
			},
			get: func(n, p string) (*string, error) {
				out, err := client.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &n, PolicyName: &p})
				if err != nil {
					return nil, err
				}
				return out.PolicyDocument, nil
			},
			list: func(n string, m *string) ([]string, *string, error) {
				out, err := client.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: &n, Marker: m, MaxItems: one})
				if err != nil {
					return nil, nil, err
				}
				return out.PolicyNames, out.Marker, nil
			},
			attached: func(n, prefix string, m *string) ([]string, *string, error) {
				out, err := client.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &n, PathPrefix: &prefix, Marker: m, MaxItems: one})
				if err != nil {
					return nil, nil, err
				}
				return arns(out.AttachedPolicies), out.Marker, nil
			},
			bound: func(n, p string) error {
				return second(client.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: &n, PermissionsBoundary: &p}))
			},
			unbound: func(n string) error {
				return second(client.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: &n}))
			},
			delete: func(n string) error { return second(client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &n})) },
		},
		account.Group: {
			put: func(n, d string) error {
				return second(client.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: &n, PolicyName: aws.String(d[:1]), PolicyDocument: aws.String(d[1:])}))
			},
			attach: func(n, p string) error {
				return second(client.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: &n, PolicyArn: &p}))
			},
			detach: func(n, p string) error {
				return second(client.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: &n, PolicyArn: &p}))
			},
			remove: func(n, p string) error {
				return second(client.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: &n, PolicyName: &p}))
			},
			get: func(n, p string) (*string, error) {
				out, err := client.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: &n, PolicyName: &p})
				if err != nil {
					return nil, err
				}
				return out.PolicyDocument, nil
			},
			list: func(n string, m *string) ([]string, *string, error) {
				out, err := client.ListGroupPolicies(ctx, &iam.ListGroupPoliciesInput{GroupName: &n, Marker: m, MaxItems: one})
				if err != nil {
					return nil, nil, err
				}
				return out.PolicyNames, out.Marker, nil
			},
			attached: func(n, prefix string, m *string) ([]string, *string, error) {
				out, err := client.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: &n, PathPrefix: &prefix, Marker: m, MaxItems: one})
				if err != nil {
					return nil, nil, err
				}
				return arns(out.AttachedPolicies), out.Marker, nil
			},
			delete: func(n string) error { return second(client.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: &n})) },
		},
	}
}

// pages reads a listing to its end, one item at a time.
func pages(t *testing.T, list func(marker *string) ([]string, *string, error)) (all []string) {
	t.Helper()
	var marker *string
	for {
		items, next, err := list(marker)
		did(t, err)
		if len(items) > 1 {
			t.Fatalf("a page of %d", len(items))
		}
		if all = append(all, items...); next == nil {
			return all
		}
		marker = next
	}
}

// Users, groups and roles hold policies alike.
func TestPoliciesOfUsersGroupsAndRoles(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx, name := root.IAM(), t.Context(), "same"
		must[*iam.CreateGroupOutput](t)(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &name}))
		must[*iam.CreateUserOutput](t)(client.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}))
		root.Role(name, trusting("", string(root.Account)), "")
		document := allowing("*", "s3:GetObject")
		own := *must[*iam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("own"), Path: aws.String("/p/"), PolicyDocument: &document})).Policy.Arn
		admin := "arn:aws:iam::aws:policy/AdministratorAccess"
		foreign := s.NewAccount("foreign")
		theirs := *must[*iam.CreatePolicyOutput](t)(foreign.IAM().CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("theirs"), PolicyDocument: &document})).Policy.Arn

		for kind, h := range holders(t, client) {
			t.Run(string(kind), func(t *testing.T) {
				for _, p := range []string{"a", "b", "c"} {
					did(t, h.put(name, p+document))
				}
				if got := pages(t, func(m *string) ([]string, *string, error) { return h.list(name, m) }); !slices.Equal(got, []string{"a", "b", "c"}) {
					t.Errorf("listed %v", got)
				}
				got, err := h.get(name, "a")
				did(t, err)
				if readable(t, got) != document {
					t.Errorf("read %s", *got)
				}
				mustBe(t, second(h.get(name, "z")), "NoSuchEntity", "cannot be found")
				mustBe(t, h.remove(name, "z"), "NoSuchEntity", "cannot be found")
				mustBe(t, h.put(name, "a"+trusting("", "*")), "MalformedPolicyDocument", "should not specify a principal")
				mustBe(t, h.put(name, "a"+allowing("arn:aws:s3:::"+strings.Repeat("x", 10240), "s3:*")), "LimitExceeded", "policy size")
				mustBe(t, h.put("none", "a"+document), "NoSuchEntity", "The "+string(kind)+" with name none cannot be found.")

				did(t, h.attach(name, own))
				did(t, h.attach(name, own)) // again: nothing
				did(t, h.attach(name, admin))
				if got := pages(t, func(m *string) ([]string, *string, error) { return h.attached(name, "/", m) }); len(got) != 2 {
					t.Errorf("attached %v", got)
				}
				if got := pages(t, func(m *string) ([]string, *string, error) { return h.attached(name, "/p/", m) }); !slices.Equal(got, []string{own}) {
					t.Errorf("attached below /p/: %v", got)
				}
				mustBe(t, h.attach(name, theirs), "NoSuchEntity", "does not exist or is not attachable")
				mustBe(t, h.attach(name, own+"x"), "NoSuchEntity", "does not exist or is not attachable")
				mustBe(t, h.delete(name), "DeleteConflict", "must detach all policies first")
				did(t, h.detach(name, own))
				did(t, h.detach(name, admin))
				mustBe(t, h.detach(name, admin), "NoSuchEntity", "was not found")
				mustBe(t, h.delete(name), "DeleteConflict", "must delete policies first")
				if h.bound != nil {
					did(t, h.bound(name, own))
					mustBe(t, h.bound(name, theirs), "NoSuchEntity", "not attachable")
					did(t, h.unbound(name))
					mustBe(t, h.unbound(name), "NoSuchEntity", "no permissions boundary")
				}
				for _, p := range []string{"a", "b", "c"} {
					did(t, h.remove(name, p))
				}
				did(t, h.delete(name))
				mustBe(t, h.delete(name), "NoSuchEntity", "cannot be found")
				_, _, err = h.list(name, nil)
				mustBe(t, err, "NoSuchEntity", "")
				_, _, err = h.attached(name, "/", nil)
				mustBe(t, err, "NoSuchEntity", "")
			})
		}
	})
}

func TestUsersAndGroups(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		mine := must[*iam.GetUserOutput](t)(client.GetUser(ctx, nil)).User
		if *mine.Arn != arnIn(root, "root") || *mine.UserId != string(root.Account) {
			t.Errorf("the root user is %+v", mine)
		}
		created := must[*iam.CreateUserOutput](t)(client.CreateUser(ctx, &iam.CreateUserInput{
			UserName: aws.String("Ada"), Path: aws.String("/eng/"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("core")}},
			PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess"),
		})).User
		if *created.Arn != arnIn(root, "user/eng/Ada") || *created.PermissionsBoundary.PermissionsBoundaryArn != "arn:aws:iam::aws:policy/AdministratorAccess" || len(created.Tags) != 1 {
			t.Errorf("created %+v", created)
		}
		_, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ada")})
		mustBe(t, err, "EntityAlreadyExists", "")
		_, err = client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a b")})
		mustBe(t, err, "ValidationError", "UserName")
		_, err = client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(strings.Repeat("a", 65))})
		mustBe(t, err, "ValidationError", "UserName")

		// A new name and path, the same user.
		_, err = client.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("Ada"), NewUserName: aws.String("grace"), NewPath: aws.String("/ops/")})
		did(t, err)
		moved := must[*iam.GetUserOutput](t)(client.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("grace")})).User
		if *moved.Arn != arnIn(root, "user/ops/grace") || *moved.UserId != *created.UserId {
			t.Errorf("moved to %+v", moved)
		}
		_, err = client.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("Ada")})
		mustBe(t, err, "NoSuchEntity", "The user with name Ada cannot be found.")
		root.User("linus", "")
		_, err = client.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("grace"), NewUserName: aws.String("LINUS")})
		mustBe(t, err, "EntityAlreadyExists", "")

		t.Run("groups", func(t *testing.T) {
			for i := range 11 {
				must[*iam.CreateGroupOutput](t)(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String(fmt.Sprintf("g%02d", i))}))
			}
			add := func(group, user string) error {
				return second(client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: &group, UserName: &user}))
			}
			for i := range 10 {
				did(t, add(fmt.Sprintf("g%02d", i), "grace"))
			}
			did(t, add("g00", "grace")) // again: nothing
			mustBe(t, add("g10", "grace"), "LimitExceeded", "GroupsPerUser: 10")
			mustBe(t, add("none", "grace"), "NoSuchEntity", "The group with name none")
			mustBe(t, add("g00", "none"), "NoSuchEntity", "The user with name none")
			did(t, add("g00", "linus"))
			members := pages(t, func(m *string) ([]string, *string, error) {
				out, err := client.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("g00"), Marker: m, MaxItems: aws.Int32(1)})
				if err != nil || len(out.Users) == 0 {
					return nil, nil, err
				}
				return []string{*out.Users[0].UserName}, out.Marker, nil
			})
			if !slices.Equal(members, []string{"grace", "linus"}) {
				t.Errorf("members are %v", members)
			}
			in := pages(t, func(m *string) ([]string, *string, error) {
				out, err := client.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: aws.String("grace"), Marker: m, MaxItems: aws.Int32(1)})
				if err != nil {
					return nil, nil, err
				}
				return []string{*out.Groups[0].GroupName}, out.Marker, nil
			})
			if len(in) != 10 || in[9] != "g09" {
				t.Errorf("grace is in %v", in)
			}
			_, err := client.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: aws.String("g00")})
			mustBe(t, err, "DeleteConflict", "must remove users from group first")
			_, err = client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("grace")})
			mustBe(t, err, "DeleteConflict", "must remove user from all groups first")
			_, err = client.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: aws.String("g00"), UserName: aws.String("grace")})
			did(t, err)
			_, err = client.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: aws.String("g00"), UserName: aws.String("grace")})
			mustBe(t, err, "NoSuchEntity", "is not in the group")
			_, err = client.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: aws.String("g01"), NewGroupName: aws.String("renamed"), NewPath: aws.String("/x/")})
			did(t, err)
			groups := must[*iam.ListGroupsOutput](t)(client.ListGroups(ctx, &iam.ListGroupsInput{PathPrefix: aws.String("/x/")})).Groups
			if len(groups) != 1 || *groups[0].Arn != arnIn(root, "group/x/renamed") {
				t.Errorf("below /x/ are %v", groups)
			}
			_, err = client.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("g01")})
			mustBe(t, err, "NoSuchEntity", "")
		})
	})
}

func TestAccessKeys(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		ctx := t.Context()
		ada := root.User("ada", allowing(arnIn(root, "user/${aws:username}"), "iam:*AccessKey*", "iam:GetUser"))
		client := ada.IAM()
		if me := must[*iam.GetUserOutput](t)(client.GetUser(ctx, nil)).User; *me.UserName != "ada" {
			t.Errorf("ada is %s", *me.UserName)
		}
		key := must[*iam.CreateAccessKeyOutput](t)(client.CreateAccessKey(ctx, nil)).AccessKey
		if *key.UserName != "ada" || !strings.HasPrefix(*key.AccessKeyId, "AKIA") || len(*key.SecretAccessKey) != 40 || key.Status != types.StatusTypeActive {
			t.Errorf("made %+v", key)
		}
		second2 := ada.Key
		second2.AccessKeyID, second2.SecretAccessKey = *key.AccessKeyId, *key.SecretAccessKey
		fresh := *ada
		fresh.Key = second2
		mustBeWho(t, &fresh, arnIn(root, "user/ada"))
		_, err := client.CreateAccessKey(ctx, nil)
		mustBe(t, err, "LimitExceeded", "AccessKeysPerUser: 2")

		ids := pages(t, func(m *string) ([]string, *string, error) {
			out, err := client.ListAccessKeys(ctx, &iam.ListAccessKeysInput{Marker: m, MaxItems: aws.Int32(1)})
			if err != nil {
				return nil, nil, err
			}
			return []string{*out.AccessKeyMetadata[0].AccessKeyId}, out.Marker, nil
		})
		if len(ids) != 2 {
			t.Errorf("keys %v", ids)
		}
		_, err = client.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: key.AccessKeyId, Status: types.StatusTypeInactive})
		did(t, err)
		_, err = whoami(t, &fresh)
		mustBe(t, err, "InvalidClientTokenId", "") // by the very next request
		_, err = client.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: key.AccessKeyId, Status: types.StatusTypeActive})
		did(t, err)
		mustBeWho(t, &fresh, arnIn(root, "user/ada"))
		unused := must[*iam.GetAccessKeyLastUsedOutput](t)(client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key.AccessKeyId}))
		if unused.AccessKeyLastUsed.LastUsedDate != nil || *unused.AccessKeyLastUsed.ServiceName != "N/A" {
			t.Errorf("before it is noted: %+v", unused.AccessKeyLastUsed)
		}
		s.Write(func(tx *database.Tx) error {
			return s.Accounts.TouchAccessKey(tx, *key.AccessKeyId, account.Use{At: tx.Now(), Service: "sts", Region: "us-west-2"})
		})
		used := must[*iam.GetAccessKeyLastUsedOutput](t)(client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key.AccessKeyId}))
		if *used.UserName != "ada" || used.AccessKeyLastUsed.LastUsedDate == nil || *used.AccessKeyLastUsed.ServiceName != "sts" || *used.AccessKeyLastUsed.Region != "us-west-2" {
			t.Errorf("used: %+v", used.AccessKeyLastUsed)
		}
		_, err = client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: key.AccessKeyId})
		did(t, err)
		_, err = client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: key.AccessKeyId})
		mustBe(t, err, "NoSuchEntity", "The Access Key with id")
		_, err = root.IAM().DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("ada")})
		mustBe(t, err, "DeleteConflict", "")

		t.Run("the root user's own", func(t *testing.T) {
			client := root.IAM()
			made := must[*iam.CreateAccessKeyOutput](t)(client.CreateAccessKey(ctx, nil)).AccessKey
			listed := must[*iam.ListAccessKeysOutput](t)(client.ListAccessKeys(ctx, nil)).AccessKeyMetadata
			if len(listed) != 2 {
				t.Errorf("the root user has %d keys", len(listed))
			}
			_, err := client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: made.AccessKeyId})
			did(t, err)
		})
		t.Run("a session has no user of its own", func(t *testing.T) {
			admin := root.User("admin", everything)
			session := admin.Assume(root.Role("ops", trusting("", string(root.Account)), everything))
			_, err := session.IAM().CreateAccessKey(ctx, nil)
			mustBe(t, err, "ValidationError", "Must specify userName when calling with non-User credentials")
			_, err = session.IAM().GetUser(ctx, nil)
			mustBe(t, err, "ValidationError", "Must specify userName")
		})
	})
}

func TestListingsToTheEnd(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.NewAccount("full")
		client, ctx := root.IAM(), t.Context()
		var want []string
		s.Write(func(tx *database.Tx) error {
			for i := range 205 {
				name, path := fmt.Sprintf("n%03d", i), []string{"/", "/even/"}[i%2]
				want = append(want, name)
				_, err := s.Accounts.CreateEntity(tx, root.Account, account.NewEntity{Kind: account.Role, Name: name, Path: path, Trust: trusting("", string(root.Account))})
				if err == nil {
					_, err = s.Accounts.CreateEntity(tx, root.Account, account.NewEntity{Kind: account.User, Name: name, Path: path})
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		roles := func(in *iam.ListRolesInput) (names []string, sizes []int) {
			for listing := iam.NewListRolesPaginator(client, in); listing.HasMorePages(); {
				page := must[*iam.ListRolesOutput](t)(listing.NextPage(ctx))
				sizes = append(sizes, len(page.Roles))
				for _, role := range page.Roles {
					names = append(names, *role.RoleName)
				}
			}
			return names, sizes
		}
		if names, sizes := roles(&iam.ListRolesInput{}); !slices.Equal(names, want) || !slices.Equal(sizes, []int{100, 100, 5}) {
			t.Errorf("pages of %v with %v", sizes, names)
		}
		if names, _ := roles(&iam.ListRolesInput{PathPrefix: aws.String("/even/"), MaxItems: aws.Int32(7)}); len(names) != 102 {
			t.Errorf("%d below /even/", len(names))
		}
		var users int
		for listing := iam.NewListUsersPaginator(client, &iam.ListUsersInput{MaxItems: aws.Int32(1000)}); listing.HasMorePages(); {
			users += len(must[*iam.ListUsersOutput](t)(listing.NextPage(ctx)).Users)
		}
		if users != 205 {
			t.Errorf("%d users", users)
		}
		first := must[*iam.ListRolesOutput](t)(client.ListRoles(ctx, nil))
		if !first.IsTruncated {
			t.Error("a first page of many is not truncated")
		}
		// A marker is good for the listing and the account it was given out for.
		_, err := client.ListUsers(ctx, &iam.ListUsersInput{Marker: first.Marker})
		mustBe(t, err, "ValidationError", "")
		_, err = s.Root().IAM().ListRoles(ctx, &iam.ListRolesInput{Marker: first.Marker})
		mustBe(t, err, "ValidationError", "")
		_, err = client.ListRoles(ctx, &iam.ListRolesInput{Marker: aws.String("garbage")})
		mustBe(t, err, "ValidationError", "")
		_, err = client.ListRoles(ctx, &iam.ListRolesInput{MaxItems: aws.Int32(1001)})
		mustBe(t, err, "ValidationError", "MaxItems")

		var told int
		for listing := iam.NewGetAccountAuthorizationDetailsPaginator(client, &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(150)}); listing.HasMorePages(); {
			page := must[*iam.GetAccountAuthorizationDetailsOutput](t)(listing.NextPage(ctx))
			told += len(page.UserDetailList) + len(page.RoleDetailList)
		}
		if told != 410 {
			t.Errorf("authorization details of %d", told)
		}
	})
}

func TestTags(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		root.Role("r", trusting("", string(root.Account)), "")
		root.User("u", "")
		document := allowing("*", "s3:*")
		arn := must[*iam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: &document})).Policy.Arn
		oidc := must[*iam.CreateOpenIDConnectProviderOutput](t)(client.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://issuer.example")})).OpenIDConnectProviderArn
		saml := must[*iam.CreateSAMLProviderOutput](t)(client.CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: aws.String("idp"), SAMLMetadataDocument: aws.String(metadata(t, ""))})).SAMLProviderArn
		name := func(n string) *string { return &n }
		for what, row := range map[string]struct {
			tag   func([]types.Tag) error
			untag func(...string) error
			list  func(*string) ([]types.Tag, *string, error)
		}{
			"role": {
				func(tags []types.Tag) error {
					return second(client.TagRole(ctx, &iam.TagRoleInput{RoleName: name("r"), Tags: tags}))
				},
				func(keys ...string) error {
					return second(client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name("r"), TagKeys: keys}))
				},
				func(m *string) ([]types.Tag, *string, error) {
					out, err := client.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: name("r"), Marker: m, MaxItems: aws.Int32(1)})
					return out.Tags, out.Marker, err
				},
			},
			"user": {
				func(tags []types.Tag) error {
					return second(client.TagUser(ctx, &iam.TagUserInput{UserName: name("u"), Tags: tags}))
				},
				func(keys ...string) error {
					return second(client.UntagUser(ctx, &iam.UntagUserInput{UserName: name("u"), TagKeys: keys}))
				},
				func(m *string) ([]types.Tag, *string, error) {
					out, err := client.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: name("u"), Marker: m, MaxItems: aws.Int32(1)})
					return out.Tags, out.Marker, err
				},
			},
			"policy": {
				func(tags []types.Tag) error {
					return second(client.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: arn, Tags: tags}))
				},
				func(keys ...string) error {
					return second(client.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: arn, TagKeys: keys}))
				},
				func(m *string) ([]types.Tag, *string, error) {
					out, err := client.ListPolicyTags(ctx, &iam.ListPolicyTagsInput{PolicyArn: arn, Marker: m, MaxItems: aws.Int32(1)})
					return out.Tags, out.Marker, err
				},
			},
			"OpenID Connect provider": {
				func(tags []types.Tag) error {
					return second(client.TagOpenIDConnectProvider(ctx, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc, Tags: tags}))
				},
				func(keys ...string) error {
					return second(client.UntagOpenIDConnectProvider(ctx, &iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc, TagKeys: keys}))
				},
				func(m *string) ([]types.Tag, *string, error) {
					out, err := client.ListOpenIDConnectProviderTags(ctx, &iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: oidc, Marker: m, MaxItems: aws.Int32(1)})
					return out.Tags, out.Marker, err
				},
			},
			"SAML provider": {
				func(tags []types.Tag) error {
					return second(client.TagSAMLProvider(ctx, &iam.TagSAMLProviderInput{SAMLProviderArn: saml, Tags: tags}))
				},
				func(keys ...string) error {
					return second(client.UntagSAMLProvider(ctx, &iam.UntagSAMLProviderInput{SAMLProviderArn: saml, TagKeys: keys}))
				},
				func(m *string) ([]types.Tag, *string, error) {
					out, err := client.ListSAMLProviderTags(ctx, &iam.ListSAMLProviderTagsInput{SAMLProviderArn: saml, Marker: m, MaxItems: aws.Int32(1)})
					return out.Tags, out.Marker, err
				},
			},
		} {
			t.Run(what, func(t *testing.T) {
				tag := func(pairs ...string) (tags []types.Tag) {
					for i := 0; i < len(pairs); i += 2 {
						tags = append(tags, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
					}
					return tags
				}
				read := func() []string {
					return pages(t, func(m *string) ([]string, *string, error) {
						tags, next, err := row.list(m)
						if err != nil || len(tags) == 0 {
							return nil, nil, err
						}
						return []string{*tags[0].Key + "=" + *tags[0].Value}, next, nil
					})
				}
				did(t, row.tag(tag("a", "1", "b", "2")))
				did(t, row.tag(tag("B", "3", "c", ""))) // B is b, as IAM has it
				if got := read(); !slices.Equal(got, []string{"B=3", "a=1", "c="}) {
					t.Errorf("tags are %v", got)
				}
				var many []string
				for i := range 48 {
					many = append(many, fmt.Sprint("k", i), "v")
				}
				mustBe(t, row.tag(tag(many...)), "LimitExceeded", "50")
				did(t, row.untag("b", "none"))
				if got := read(); !slices.Equal(got, []string{"a=1", "c="}) {
					t.Errorf("tags are %v", got)
				}
			})
		}
	})
}

func TestAccountAliasesAndSummary(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root, other := s.Root(), s.NewAccount("other")
		client, ctx := root.IAM(), t.Context()
		create := func(who *sallyporttest.Signer, alias string) error {
			return second(who.IAM().CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: &alias}))
		}
		did(t, create(root, "acme-prod"))
		mustBe(t, create(other, "acme-prod"), "EntityAlreadyExists", "is taken")
		mustBe(t, create(other, "Acme"), "ValidationError", "AccountAlias")
		mustBe(t, create(other, "a--b"), "ValidationError", "AccountAlias")
		if got := must[*iam.ListAccountAliasesOutput](t)(client.ListAccountAliases(ctx, nil)).AccountAliases; !slices.Equal(got, []string{"acme-prod"}) {
			t.Errorf("aliases %v", got)
		}
		did(t, create(root, "acme")) // in its place
		_, err := client.DeleteAccountAlias(ctx, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("acme-prod")})
		mustBe(t, err, "NoSuchEntity", "acme-prod")
		_, err = client.DeleteAccountAlias(ctx, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("acme")})
		did(t, err)
		if got := must[*iam.ListAccountAliasesOutput](t)(client.ListAccountAliases(ctx, nil)).AccountAliases; len(got) != 0 {
			t.Errorf("aliases %v", got)
		}
		before := must[*iam.GetAccountSummaryOutput](t)(other.IAM().GetAccountSummary(ctx, nil)).SummaryMap
		other.User("u", "")
		other.Role("r", trusting("", string(other.Account)), "")
		after := must[*iam.GetAccountSummaryOutput](t)(other.IAM().GetAccountSummary(ctx, nil)).SummaryMap
		if after["Users"] != before["Users"]+1 || after["Roles"] != before["Roles"]+1 || after["UsersQuota"] != 5000 || after["AccountAccessKeysPresent"] != 1 || after["Groups"] != 0 {
			t.Errorf("the summary is %v", after)
		}
	})
}

func TestAccountAuthorizationDetails(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.NewAccount("told")
		client, ctx := root.IAM(), t.Context()
		document := allowing("*", "s3:*")
		trust := trusting("", string(root.Account))
		admin := aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
		own := must[*iam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: &document, Description: aws.String("d")})).Policy.Arn
		root.User("ada", document)
		must[*iam.CreateGroupOutput](t)(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("eng")}))
		did(t, second(client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("eng"), UserName: aws.String("ada")})))
		did(t, second(client.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("eng"), PolicyArn: own})))
		root.Role("ops", trust, document)
		did(t, second(client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("ops"), PolicyArn: admin})))
		did(t, second(client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("ops"), PermissionsBoundary: own})))

		all := must[*iam.GetAccountAuthorizationDetailsOutput](t)(client.GetAccountAuthorizationDetails(ctx, nil))
		if len(all.UserDetailList) != 1 || len(all.GroupDetailList) != 1 || len(all.RoleDetailList) != 1 || len(all.Policies) != 2 {
			t.Fatalf("told of %d users, %d groups, %d roles, %d policies", len(all.UserDetailList), len(all.GroupDetailList), len(all.RoleDetailList), len(all.Policies))
		}
		user, group, role, policy := all.UserDetailList[0], all.GroupDetailList[0], all.RoleDetailList[0], all.Policies[0]
		if !slices.Equal(user.GroupList, []string{"eng"}) || readable(t, user.UserPolicyList[0].PolicyDocument) != document {
			t.Errorf("the user: %+v", user)
		}
		if *group.AttachedManagedPolicies[0].PolicyArn != *own || *group.AttachedManagedPolicies[0].PolicyName != "own" {
			t.Errorf("the group: %+v", group)
		}
		if readable(t, role.AssumeRolePolicyDocument) != trust || *role.AttachedManagedPolicies[0].PolicyArn != *admin || *role.PermissionsBoundary.PermissionsBoundaryArn != *own {
			t.Errorf("the role: %+v", role)
		}
		if *policy.Arn != *own || *policy.AttachmentCount != 1 || *policy.PermissionsBoundaryUsageCount != 1 || readable(t, policy.PolicyVersionList[0].Document) != document {
			t.Errorf("the policy: %+v", policy)
		}
		if *all.Policies[1].Arn != *admin {
			t.Errorf("of AWS's policies: %s", *all.Policies[1].Arn)
		}
		some := must[*iam.GetAccountAuthorizationDetailsOutput](t)(client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{
			Filter: []types.EntityType{types.EntityTypeGroup, types.EntityTypeAWSManagedPolicy},
		}))
		if len(some.UserDetailList) != 0 || len(some.GroupDetailList) != 1 || len(some.RoleDetailList) != 0 || len(some.Policies) != 1 {
			t.Errorf("filtered: %+v", some)
		}
		one := 0
		for listing := iam.NewGetAccountAuthorizationDetailsPaginator(client, &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(1)}); listing.HasMorePages(); {
			page := must[*iam.GetAccountAuthorizationDetailsOutput](t)(listing.NextPage(ctx))
			one += len(page.UserDetailList) + len(page.GroupDetailList) + len(page.RoleDetailList) + len(page.Policies)
		}
		if one != 5 {
			t.Errorf("one at a time: %d", one)
		}
		_, err := client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{"Cat"}})
		mustBe(t, err, "ValidationError", "Filter")
	})
}

func TestServiceLinkedRoles(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.NewAccount("linked")
		client, ctx := root.IAM(), t.Context()
		create := func(service, suffix string) (*iam.CreateServiceLinkedRoleOutput, error) {
			in := &iam.CreateServiceLinkedRoleInput{AWSServiceName: &service, Description: aws.String("d")}
			if suffix != "" {
				in.CustomSuffix = &suffix
			}
			return client.CreateServiceLinkedRole(ctx, in)
		}
		role := must[*iam.CreateServiceLinkedRoleOutput](t)(create("autoscaling.amazonaws.com", "")).Role
		if *role.Arn != arnIn(root, "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling") || !strings.Contains(readable(t, role.AssumeRolePolicyDocument), `"autoscaling.amazonaws.com"`) {
			t.Errorf("made %+v", role)
		}
		mustBe(t, second(create("autoscaling.amazonaws.com", "")), "InvalidInput", "has been taken")
		mustBe(t, second(create("ecs.amazonaws.com", "x")), "InvalidInput", "Custom suffix is not allowed")
		mustBe(t, second(create("nothing.amazonaws.com", "")), "InvalidInput", "no service-linked role here")
		if got := must[*iam.CreateServiceLinkedRoleOutput](t)(create("autoscaling.amazonaws.com", "mine")).Role; *got.RoleName != "AWSServiceRoleForAutoScaling_mine" {
			t.Errorf("with a suffix: %s", *got.RoleName)
		}
		task := must[*iam.DeleteServiceLinkedRoleOutput](t)(client.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: role.RoleName})).DeletionTaskId
		status := must[*iam.GetServiceLinkedRoleDeletionStatusOutput](t)(client.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task}))
		if status.Status != types.DeletionTaskStatusTypeSucceeded {
			t.Errorf("the deletion is %s", status.Status)
		}
		_, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: role.RoleName})
		mustBe(t, err, "NoSuchEntity", "")
		// Made again, it is still true that the first was deleted.
		s.Clock.Advance(time.Second)
		must[*iam.CreateServiceLinkedRoleOutput](t)(create("autoscaling.amazonaws.com", ""))
		if got := must[*iam.GetServiceLinkedRoleDeletionStatusOutput](t)(client.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task})); got.Status != types.DeletionTaskStatusTypeSucceeded {
			t.Errorf("the deletion is %s", got.Status)
		}
		for _, forged := range []string{"task/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling/1", strings.Replace(*task, "AutoScaling/", "EC2Spot/", 1)} {
			_, err := client.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: &forged})
			mustBe(t, err, "NoSuchEntity", "")
		}
		_, err = s.Root().IAM().GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task})
		mustBe(t, err, "NoSuchEntity", "") // another account's
		root.Role("plain", trusting("", string(root.Account)), "")
		_, err = client.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("plain")})
		mustBe(t, err, "InvalidInput", "is not a service-linked role")
		_, err = client.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("none")})
		mustBe(t, err, "NoSuchEntity", "")
	})
}
