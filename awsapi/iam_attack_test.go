package awsapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/sallyporttest"
)

// statements makes a policy of statements.
func statements(list ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`
}

// The next request is decided by the tags that are there then.
func TestATagChangesWhoMayActByTheNextRequest(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		ctx := t.Context()
		root.Role("mine", trusting("", string(root.Account)), "")
		ada := root.User("ada", statements(`{"Effect":"Allow","Action":"iam:GetRole","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"core"}}}`,
			`{"Effect":"Allow","Action":"iam:TagRole","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"core"},"ForAllValues:StringEquals":{"aws:TagKeys":["note"]}}}`))
		get := func() error {
			return second(ada.IAM().GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("mine")}))
		}
		tag := func(who *sallyporttest.Signer, key, value string) error {
			return second(who.IAM().TagRole(ctx, &iam.TagRoleInput{RoleName: aws.String("mine"), Tags: []types.Tag{{Key: &key, Value: &value}}}))
		}
		mustBe(t, get(), "AccessDenied", "because no identity-based policy allows the iam:GetRole action")
		mustBe(t, tag(ada, "team", "core"), "AccessDenied", "iam:TagRole") // nobody tags themselves in
		mustBe(t, tag(ada, "note", "x"), "AccessDenied", "")
		did(t, tag(root, "TEAM", "core")) // keys have no case
		did(t, get())
		did(t, tag(ada, "note", "x"))
		mustBe(t, tag(ada, "team", "other"), "AccessDenied", "")
		did(t, tag(root, "team", "other"))
		mustBe(t, get(), "AccessDenied", "")
	})
}

// A user with a boundary stays within it, whatever it gives itself, and cannot be rid of
// it.
func TestABoundaryHolds(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		ada := root.User("ada", everything)
		inside := statements(`{"Effect":"Allow","Action":"iam:*","Resource":"*"}`,
			`{"Effect":"Deny","Action":["iam:DeleteUserPermissionsBoundary","iam:PutUserPermissionsBoundary","iam:CreatePolicyVersion","iam:SetDefaultPolicyVersion"],"Resource":"*"}`,
			`{"Effect":"Deny","Action":["iam:CreateRole","iam:CreateUser"],"Resource":"*","Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"`+arnIn(root, "policy/bound")+`"}}}`)
		bound := must[*iam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("bound"), PolicyDocument: &inside})).Policy.Arn
		did(t, second(client.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("ada"), PermissionsBoundary: bound})))
		hers, self := ada.IAM(), aws.String("ada")
		did(t, second(hers.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: self, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})))
		_, err := ada.Organizations().DescribeOrganization(ctx, nil)
		mustBe(t, err, "AccessDeniedException", "because no permissions boundary allows the organizations:DescribeOrganization action")
		trust := trusting("", string(root.Account))
		for what, err := range map[string]error{
			"remove it":                second(hers.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: self})),
			"put a wider one":          second(hers.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: self, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})),
			"widen it":                 second(hers.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: bound, PolicyDocument: aws.String(everything), SetAsDefault: true})),
			"make a role without it":   second(hers.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("free"), AssumeRolePolicyDocument: &trust})),
			"make a role with another": second(hers.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("free"), AssumeRolePolicyDocument: &trust, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})),
			"make a user without it":   second(hers.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("free")})),
		} {
			t.Run(what, func(t *testing.T) { mustBe(t, err, "AccessDenied", "with an explicit deny in a permissions boundary") })
		}
		mustBe(t, second(hers.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: bound})), "DeleteConflict", "permissions boundary of entities")
		did(t, second(hers.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("bounded"), PermissionsBoundary: bound})))
	})
}

// What belongs to an AWS service is out of reach of the account's own administrators.
func TestProtectedRolesStayAsTheyAre(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		trust := trusting("", string(root.Account))
		linked := must[*iam.CreateServiceLinkedRoleOutput](t)(client.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("ecs.amazonaws.com")})).Role.RoleName
		var reserved account.Entity
		s.Write(func(tx *database.Tx) (err error) {
			reserved, err = s.Accounts.CreateEntity(tx, root.Account, account.NewEntity{Kind: account.Role, Name: "AWSReservedSSO_Admin_0123456789abcdef", Path: "/aws-reserved/sso.amazonaws.com/", Trust: trust})
			if err == nil {
				err = s.Accounts.PutInline(tx, reserved, account.Inline{Name: "a", Document: everything})
			}
			return err
		})
		admin := aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
		for _, name := range []*string{linked, &reserved.Name} {
			for what, err := range map[string]error{
				"UpdateRole":                    second(client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: aws.String("x")})),
				"UpdateRoleDescription":         second(client.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String("x")})),
				"UpdateAssumeRolePolicy":        second(client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &trust})),
				"PutRolePolicy":                 second(client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("x"), PolicyDocument: aws.String(everything)})),
				"DeleteRolePolicy":              second(client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("a")})),
				"AttachRolePolicy":              second(client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: admin})),
				"DetachRolePolicy":              second(client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: admin})),
				"PutRolePermissionsBoundary":    second(client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: admin})),
				"DeleteRolePermissionsBoundary": second(client.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})),
				"TagRole":                       second(client.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})),
				"UntagRole":                     second(client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"a"}})),
				"DeleteRole":                    second(client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})),
				"DeleteRole, in other letters":  second(client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(strings.ToUpper(*name))})),
			} {
				t.Run(*name+" "+what, func(t *testing.T) {
					mustBe(t, err, "UnmodifiableEntity", "Cannot perform the operation on the protected role '"+*name+"'")
				})
			}
			must[*iam.GetRoleOutput](t)(client.GetRole(ctx, &iam.GetRoleInput{RoleName: name}))
		}
		mustBe(t, second(client.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: &reserved.Name})), "InvalidInput", "is not a service-linked role")
		// Nobody makes one that is protected, or that control policies do not touch.
		root.User("ada", "")
		must[*iam.CreateGroupOutput](t)(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("eng")}))
		for _, path := range []*string{aws.String("/aws-service-role/"), aws.String("/aws-service-role/ecs.amazonaws.com/"), aws.String("/aws-reserved/sso.amazonaws.com/")} {
			for what, err := range map[string]error{
				"a role":   second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("mine"), Path: path, AssumeRolePolicyDocument: &trust})),
				"a user":   second(client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("mine"), Path: path})),
				"a group":  second(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("mine"), Path: path})),
				"a policy": second(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("mine"), Path: path, PolicyDocument: aws.String(everything)})),
				"moving":   second(client.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("ada"), NewPath: path})),
				"groups":   second(client.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: aws.String("eng"), NewPath: path})),
			} {
				t.Run(*path+" "+what, func(t *testing.T) { mustBe(t, err, "InvalidInput", "is reserved for AWS services") })
			}
		}
	})
}

// A policy that means a role means that one, not the next of its name.
func TestARecreatedRoleIsSomebodyElse(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		byAccount := trusting("", string(root.Account))
		admin := root.User("admin", everything)
		trusted := root.Role("trusted", byAccount, "")
		vault := root.Role("vault", trusting("", trusted), "")
		admin.Assume(trusted).Assume(vault)
		before := must[*iam.GetRoleOutput](t)(client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("trusted")})).Role.RoleId
		did(t, second(client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("trusted")})))
		root.Role("trusted", byAccount, everything)
		_, err := assume(admin.Assume(trusted), vault)
		mustBe(t, err, "AccessDenied", "")
		shown := must[*iam.GetRoleOutput](t)(client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("vault")})).Role
		if text := readable(t, shown.AssumeRolePolicyDocument); !strings.Contains(text, *before) || strings.Contains(text, trusted) {
			t.Errorf("the trust policy reads %s", text)
		}
		// Nor is the id of the dead good for anything.
		err = second(client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("vault"), PolicyDocument: aws.String(trusting("", *before))}))
		mustBe(t, err, "MalformedPolicyDocument", "Invalid principal in policy")
	})
}

// One account's administrators do nothing in another, however they name it.
func TestAnotherAccountIsOutOfReach(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root, other := s.Root(), s.NewAccount("other")
		ctx := t.Context()
		document := allowing("*", "s3:*")
		theirs := must[*iam.CreatePolicyOutput](t)(other.IAM().CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("theirs"), PolicyDocument: &document})).Policy.Arn
		provider := must[*iam.CreateOpenIDConnectProviderOutput](t)(other.IAM().CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://issuer.example")})).OpenIDConnectProviderArn
		saml := must[*iam.CreateSAMLProviderOutput](t)(other.IAM().CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: aws.String("idp"), SAMLMetadataDocument: aws.String(metadata(t, ""))})).SAMLProviderArn
		bob := other.User("bob", everything)
		other.Role("ops", trusting("", root.Account.Root()), "")
		tags := []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
		for _, who := range []*sallyporttest.Signer{root, root.User("admin", everything)} {
			client := who.IAM()
			for what, err := range map[string]error{
				"GetPolicy":                 second(client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: theirs})),
				"GetPolicyVersion":          second(client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: theirs, VersionId: aws.String("v1")})),
				"CreatePolicyVersion":       second(client.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: theirs, PolicyDocument: aws.String(everything), SetAsDefault: true})),
				"DeletePolicy":              second(client.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: theirs})),
				"TagPolicy":                 second(client.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: theirs, Tags: tags})),
				"ListEntitiesForPolicy":     second(client.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: theirs})),
				"GetOpenIDConnectProvider":  second(client.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider})),
				"AddClientID":               second(client.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider, ClientID: aws.String("mine")})),
				"DeleteSAMLProvider":        second(client.DeleteSAMLProvider(ctx, &iam.DeleteSAMLProviderInput{SAMLProviderArn: saml})),
				"SimulatePrincipalPolicy":   second(client.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(arnIn(other, "user/bob")), ActionNames: []string{"iam:GetUser"}})),
				"context keys":              second(client.GetContextKeysForPrincipalPolicy(ctx, &iam.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: aws.String(arnIn(other, "user/bob"))})),
				"ListPoliciesGranting":      second(client.ListPoliciesGrantingServiceAccess(ctx, &iam.ListPoliciesGrantingServiceAccessInput{Arn: aws.String(arnIn(other, "user/bob")), ServiceNamespaces: []string{"s3"}})),
				"what does not exist there": second(client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(*theirs + "x")})),
			} {
				t.Run(what, func(t *testing.T) { mustBe(t, err, "AccessDenied", "is not authorized to perform") })
			}
			mustBe(t, second(client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &bob.Key.AccessKeyID})), "NoSuchEntity", "")
			mustBe(t, second(client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: &bob.Key.AccessKeyID, UserName: aws.String("admin")})), "NoSuchEntity", "")
			mustBe(t, second(client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("ops")})), "NoSuchEntity", "") // names are of one's own account
			mustBe(t, second(client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(arnIn(other, "role/ops"))})), "ValidationError", "RoleName")
		}
	})
}

// Whoever may make keys for one user makes none for another, however the names are put.
func TestKeysForSomebodyElse(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		ctx := t.Context()
		admin := root.User("admin", everything)
		ada := root.User("ada", allowing(arnIn(root, "user/ada"), "iam:*AccessKey*"))
		hers := ada.IAM()
		mustBe(t, second(hers.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("admin")})), "AccessDenied", "iam:CreateAccessKey on resource: user admin")
		mustBe(t, second(hers.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("nobody")})), "AccessDenied", "iam:CreateAccessKey on resource: user nobody")
		for what, err := range map[string]error{
			"delete with the own name": second(hers.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("ada"), AccessKeyId: &admin.Key.AccessKeyID})),
			"delete with none":         second(hers.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: &admin.Key.AccessKeyID})),
			"switch off":               second(hers.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: &admin.Key.AccessKeyID, Status: types.StatusTypeInactive})),
			"the root user's":          second(hers.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: &root.Key.AccessKeyID})),
		} {
			t.Run(what, func(t *testing.T) { mustBe(t, err, "NoSuchEntity", "The Access Key with id") })
		}
		mustBe(t, second(hers.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &admin.Key.AccessKeyID})), "AccessDenied", "")
		mustBe(t, second(hers.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")})), "AccessDenied", "")
		mustBeWho(t, admin, arnIn(root, "user/admin"))
	})
}

// Names are ASCII, and one whatever their case; what only looks alike is refused.
func TestNamesThatLookAlike(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		root.User("kim", "")
		for what, name := range map[string]string{
			"a Kelvin sign, whose lower case is k": "\u212aim", "Cyrillic": "kі\u043c", "full width": "ｋim", "a zero width joiner": "k\u200dim",
			"a trailing space": "kim ", "a newline": "kim\n", "a wildcard": "k*m", "a slash": "a/kim", "a NUL": "kim\x00", "a variable": "${aws:username}", "a colon": "a:kim",
		} {
			t.Run(what, func(t *testing.T) {
				mustBe(t, second(client.GetUser(ctx, &iam.GetUserInput{UserName: &name})), "ValidationError", "UserName")
				mustBe(t, second(client.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})), "ValidationError", "UserName")
			})
		}
		mustBe(t, second(client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("KIM")})), "EntityAlreadyExists", "")
		// Look-alikes in ARNs are nobody, too.
		for _, name := range []string{"\u212aim", "KIM", "x/kim", "kim "} {
			err := second(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(trusting("", arnIn(root, "user/"+name)))}))
			if err == nil {
				t.Errorf("%q is somebody", name)
			}
		}
		// A name in other letters is the same user to policies as well.
		ada := root.User("ada", statements(`{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}`, `{"Effect":"Deny","Action":"iam:GetUser","Resource":"`+arnIn(root, "user/kim")+`"}`))
		mustBe(t, second(ada.IAM().GetUser(ctx, &iam.GetUserInput{UserName: aws.String("KIM")})), "AccessDenied", "explicit deny")
	})
}

// A path is text: stars in it match nothing but stars, and moving goes nowhere that
// making could not.
func TestPathsAreNoWildcards(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		ctx := t.Context()
		trust := trusting("", string(root.Account))
		ada := root.User("ada", statements(`{"Effect":"Allow","Action":["iam:CreateRole","iam:CreateUser","iam:UpdateUser"],"Resource":["`+arnIn(root, "role/team/*")+`","`+arnIn(root, "user/team/*")+`"]}`))
		hers := ada.IAM()
		role := func(path, name string) error {
			return second(hers.CreateRole(ctx, &iam.CreateRoleInput{Path: &path, RoleName: &name, AssumeRolePolicyDocument: &trust}))
		}
		did(t, role("/team/", "a"))
		mustBe(t, role("/", "b"), "AccessDenied", "")
		mustBe(t, role("/*/", "b"), "AccessDenied", "")
		mustBe(t, role("/Team/", "b"), "AccessDenied", "")
		did(t, role("/team/*/", "b"))
		mustBe(t, role("/team/", "../admin"), "ValidationError", "RoleName")
		did(t, second(hers.CreateUser(ctx, &iam.CreateUserInput{Path: aws.String("/team/"), UserName: aws.String("u")})))
		move := func(path, name *string) error {
			return second(hers.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("u"), NewPath: path, NewUserName: name}))
		}
		mustBe(t, move(aws.String("/admins/"), nil), "AccessDenied", "iam:UpdateUser on resource: "+arnIn(root, "user/admins/u"))
		mustBe(t, move(aws.String("/"), aws.String("boss")), "AccessDenied", "")
		did(t, move(nil, aws.String("u")))
		did(t, move(aws.String("/team/x/"), aws.String("v")))
	})
}

// What would be expensive to read is refused before it is kept.
func TestPolicyBombs(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		root.User("ada", "")
		put := func(document string) error {
			return second(client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("ada"), PolicyName: aws.String("p"), PolicyDocument: &document}))
		}
		deep := strings.Repeat(`[`, 50000) + strings.Repeat(`]`, 50000)
		mustBe(t, put(`{"Version":"2012-10-17","Statement":`+deep+`}`), "MalformedPolicyDocument", "")
		mustBe(t, put(strings.Repeat(" ", 131073)), "ValidationError", "PolicyDocument")
		mustBe(t, put(allowing("arn:aws:s3:::"+strings.Repeat("*?", 5000), "s3:*")), "LimitExceeded", "")
		mustBe(t, put(`{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}`), "MalformedPolicyDocument", "")
		mustBe(t, put(allowing("*", "s3:\u212a*")), "ValidationError", "PolicyDocument") // beyond Latin-1
		// White space is free, up to the length a request may have.
		did(t, put(strings.Repeat("\n", 100000)+allowing("*", "s3:*")))
		// All inline policies share one quota.
		for i := range 3 {
			did(t, second(client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("ada"), PolicyName: aws.String(fmt.Sprint("q", i)), PolicyDocument: aws.String(allowing("arn:aws:s3:::"+strings.Repeat("x", 450), "s3:*"))})))
		}
		mustBe(t, second(client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("ada"), PolicyName: aws.String("r"), PolicyDocument: aws.String(allowing("arn:aws:s3:::"+strings.Repeat("x", 450), "s3:*"))})), "LimitExceeded", "2048")
		_, err := client.SimulateCustomPolicy(ctx, &iam.SimulateCustomPolicyInput{PolicyInputList: []string{everything}, ActionNames: []string{"s3:GetObject"}, ResourceArns: many(1001)})
		mustBe(t, err, "InvalidInput", "1000")
	})
}

func many(n int) (arns []string) {
	for i := range n {
		arns = append(arns, fmt.Sprint("arn:aws:s3:::b", i))
	}
	return arns
}

// Credentials of GetSessionToken and GetFederationToken are good for no IAM operation.
func TestSessionTokensAreNotForIAM(t *testing.T) {
	s := sallyporttest.Start(t)
	root := s.Root()
	ada := root.User("ada", everything)
	out := must[*sts.GetSessionTokenOutput](t)(ada.STS().GetSessionToken(t.Context(), nil))
	_, err := ada.With(out.Credentials).IAM().CreateAccessKey(t.Context(), nil)
	mustBe(t, err, "AccessDenied", "GetSessionToken")
}

// calls makes every call of the SDK's client with an input that says as much as it must.
func calls(who *sallyporttest.Signer, each func(name string, err error)) int {
	methods := reflect.ValueOf(who.IAM())
	made := 0
	for i := range methods.NumMethod() {
		name, method := methods.Type().Method(i).Name, methods.Method(i)
		if method.Type().NumIn() != 3 {
			continue // Options
		}
		in := reflect.New(method.Type().In(1).Elem())
		fill(in.Elem(), string(who.Account))
		err, _ := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), in})[1].Interface().(error)
		each(name, err)
		made++
	}
	return made
}

// samples are values for members, by name; other texts are "sample".
var samples = map[string]string{
	"PolicyDocument": everything, "AssumeRolePolicyDocument": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`,
	"Path": "/", "NewPath": "/", "PathPrefix": "/", "VersionId": "v1", "Url": "https://sample.example", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
	"PolicyArn": "arn:aws:iam::123456789012:policy/sample", "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess",
	"OpenIDConnectProviderArn": "arn:aws:iam::123456789012:oidc-provider/sample", "SAMLProviderArn": "arn:aws:iam::123456789012:saml-provider/sample",
	"Arn": "arn:aws:iam::123456789012:user/sample", "PolicySourceArn": "arn:aws:iam::123456789012:user/sample", "EntityArn": "arn:aws:iam::123456789012:user/sample",
	"DeletionTaskId": "task/aws-service-role/a/b/c", "AWSServiceName": "ecs.amazonaws.com", "SAMLMetadataDocument": strings.Repeat("x", 1000), "SerialNumber": "arn:aws:iam::123456789012:mfa/sample",
}

// fill gives required members values; the names of what is optional differ by operation, so
// all texts get one, except those that choose a page or ask for what is not offered.
func fill(in reflect.Value, account string) {
	for i := range in.NumField() {
		field, name := in.Field(i), in.Type().Field(i).Name
		if !field.CanSet() || slices.Contains([]string{"Marker", "MaxItems", "AddPrivateKey", "RemovePrivateKey", "AssertionEncryptionMode"}, name) {
			continue
		}
		text := samples[name]
		if text == "" {
			text = "sample"
		}
		text = strings.Replace(text, "123456789012", account, 1)
		switch {
		case field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.String:
			field.Set(reflect.ValueOf(&text))
		case field.Type() == reflect.TypeFor[[]string]():
			field.Set(reflect.ValueOf([]string{text}))
		case field.Type() == reflect.TypeFor[[]types.Tag]():
			field.Set(reflect.ValueOf([]types.Tag{{Key: &text, Value: &text}}))
		case field.Kind() == reflect.String: // an enumeration
			if values := field.MethodByName("Values"); values.IsValid() {
				field.Set(values.Call(nil)[0].Index(0))
			}
		case field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.Int32:
			field.Set(reflect.ValueOf(aws.Int32(3600)))
		case field.Kind() == reflect.Map && field.Type().Elem().Kind() == reflect.String:
			field.Set(reflect.ValueOf(map[string]string{text: text}))
		case field.Type() == reflect.TypeFor[*types.DelegationPermission]():
			field.Set(reflect.ValueOf(&types.DelegationPermission{}))
		}
	}
}

// Every operation of the service: strangers and the powerless are refused before
// anything is looked up.
func TestStrangersAndThePowerlessAreRefusedEverything(t *testing.T) {
	s := sallyporttest.Start(t)
	root, nobody := s.Root(), s.Nobody()
	nobody.Account = root.Account
	if n := calls(nobody, func(name string, err error) {
		t.Run("stranger "+name, func(t *testing.T) { mustBe(t, err, "InvalidClientTokenId", "") })
	}); n < 180 {
		t.Errorf("%d operations", n)
	}
	calls(root.User("powerless", ""), func(name string, err error) {
		t.Run("powerless "+name, func(t *testing.T) {
			mustBe(t, err, "AccessDenied", "is not authorized to perform: iam:"+name)
		})
	})
}

// What Sallyport does not have it refuses by name, and says so.
func TestWhatIsNotOfferedIsRefusedByName(t *testing.T) {
	s := sallyporttest.Start(t)
	refused := 0
	calls(s.Root(), func(name string, err error) {
		if err != nil && strings.Contains(err.Error(), "NotSupportedService") {
			refused++
			t.Run(name, func(t *testing.T) { mustBe(t, err, "NotSupportedService", name+": ") })
		}
		if err != nil && strings.Contains(err.Error(), "ServiceFailure") {
			t.Errorf("%s: %v", name, err)
		}
	})
	if refused != 67 {
		t.Errorf("%d operations are refused, the table has 67", refused)
	}
}

// Tools that clean up behind a user look for what Sallyport does not have, and are told
// that there is none.
func TestThereIsNoneOfWhatIsNotOffered(t *testing.T) {
	s := sallyporttest.Start(t)
	root := s.Root()
	root.User("ada", "")
	for action, list := range map[string]string{
		"ListMFADevices": "MFADevices", "ListVirtualMFADevices": "VirtualMFADevices", "ListSSHPublicKeys": "SSHPublicKeys", "ListSigningCertificates": "Certificates",
		"ListServiceSpecificCredentials": "ServiceSpecificCredentials", "ListInstanceProfiles": "InstanceProfiles", "ListServerCertificates": "ServerCertificateMetadataList",
	} {
		answer := query(t, s, root, "Action="+action+"&Version=2010-05-08")
		if !strings.Contains(answer.Body, "<"+list+"></"+list+">") || !strings.Contains(answer.Body, "<IsTruncated>false</IsTruncated>") {
			t.Errorf("%s: %d %s", action, answer.Status, answer.Body)
		}
	}
	client, ctx, ada := root.IAM(), t.Context(), aws.String("ada")
	mustBe(t, second(client.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: ada})), "NoSuchEntity", "no passwords here")
	mustBe(t, second(client.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: ada})), "NoSuchEntity", "no passwords here")
	mustBe(t, second(client.GetAccountPasswordPolicy(ctx, nil)), "NoSuchEntity", "no passwords here")
}

// Parameters that say two things, and members of the wrong kind, are refused over the
// wire, where no SDK stands between.
func TestCraftedQueries(t *testing.T) {
	s := sallyporttest.Start(t)
	root := s.Root()
	root.Role("r", trusting("", string(root.Account)), "")
	for form, code := range map[string]string{
		"Action=ListRoles&Version=2010-05-08&MaxItems=1&MaxItems=2":                                       "ValidationError",
		"Action=ListRoles&Version=2010-05-08&MaxItems=-1":                                                 "ValidationError",
		"Action=ListRoles&Version=2010-05-08&MaxItems=x":                                                  "ValidationError",
		"Action=GetRole&Version=2010-05-08":                                                               "ValidationError",
		"Action=GetRole&Version=2010-05-08&RoleName.member.1=x":                                           "ValidationError",
		"Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key=a":                                "ValidationError",
		"Action=ListPolicies&Version=2010-05-08&Scope=Everywhere":                                         "ValidationError",
		"Action=GetRole&Version=2011-06-15&RoleName=x":                                                    "InvalidAction",
		"Action=GetRole&Version=2010-05-08&RoleName=" + url.QueryEscape("x\u0000"):                        "ValidationError",
		"Action=GetAccountAuthorizationDetails&Version=2010-05-08&Filter.member.1=Role&Filter.member.x=1": "ValidationError",
	} {
		answer := query(t, s, root, form)
		if !strings.Contains(answer.Body, "<Code>"+code+"</Code>") {
			t.Errorf("%s: %d %s", form, answer.Status, answer.Body)
		}
	}
}

// query signs a form and sends it.
func query(t *testing.T, s *sallyporttest.Sallyport, who *sallyporttest.Signer, form string) sallyporttest.Answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, s.URL()+"/aws", strings.NewReader(form))
	did(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	hash := sha256.Sum256([]byte(form))
	did(t, v4.NewSigner().SignHTTP(t.Context(), who.Key, request, hex.EncodeToString(hash[:]), "iam", "us-east-1", s.Clock.Now()))
	return s.Do(request)
}
