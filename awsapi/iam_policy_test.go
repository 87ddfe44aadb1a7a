package awsapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/sallyporttest"
)

func TestManagedPolicies(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		document := allowing("*", "s3:*")
		create := func(name, document string) (*iam.CreatePolicyOutput, error) {
			return client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document, Path: aws.String("/p/"), Description: aws.String("what it is for"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}})
		}
		made := must[*iam.CreatePolicyOutput](t)(create("own", document)).Policy
		if *made.Arn != arnIn(root, "policy/p/own") || *made.DefaultVersionId != "v1" || *made.AttachmentCount != 0 || !made.IsAttachable || len(made.Tags) != 1 {
			t.Errorf("made %+v", made)
		}
		mustBe(t, second(create("OWN", document)), "EntityAlreadyExists", "A policy called OWN already exists.")
		mustBe(t, second(create("old", `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)), "MalformedPolicyDocument", "2012-10-17")
		mustBe(t, second(create("bad", `{"Version":"2012-10-17","Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}`)), "MalformedPolicyDocument", "Effect")
		mustBe(t, second(create("big", allowing("arn:aws:s3:::"+strings.Repeat("x", 6144), "s3:*"))), "LimitExceeded", "6144")

		put := func(document string, effective bool) (*iam.CreatePolicyVersionOutput, error) {
			return client.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: made.Arn, PolicyDocument: &document, SetAsDefault: effective})
		}
		if v := must[*iam.CreatePolicyVersionOutput](t)(put(allowing("*", "s3:Get*"), true)).PolicyVersion; *v.VersionId != "v2" || !v.IsDefaultVersion {
			t.Errorf("version %+v", v)
		}
		for range 3 {
			must[*iam.CreatePolicyVersionOutput](t)(put(document, false))
		}
		mustBe(t, second(put(document, false)), "LimitExceeded", "up to 5 versions")
		ids := pages(t, func(m *string) ([]string, *string, error) {
			out, err := client.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: made.Arn, Marker: m, MaxItems: aws.Int32(1)})
			if err != nil {
				return nil, nil, err
			}
			return []string{*out.Versions[0].VersionId}, out.Marker, nil
		})
		if !slices.Equal(ids, []string{"v5", "v4", "v3", "v2", "v1"}) {
			t.Errorf("versions %v", ids)
		}
		version := func(id string) (*iam.GetPolicyVersionOutput, error) {
			return client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: made.Arn, VersionId: &id})
		}
		if got := must[*iam.GetPolicyVersionOutput](t)(version("v2")).PolicyVersion; readable(t, got.Document) != allowing("*", "s3:Get*") || !got.IsDefaultVersion {
			t.Errorf("v2 is %+v", got)
		}
		mustBe(t, second(version("v9")), "NoSuchEntity", "version v9 does not exist")
		mustBe(t, second(version("2")), "ValidationError", "VersionId")
		drop := func(id string) error {
			return second(client.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: made.Arn, VersionId: &id}))
		}
		choose := func(id string) error {
			return second(client.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: made.Arn, VersionId: &id}))
		}
		mustBe(t, drop("v2"), "DeleteConflict", "default version")
		mustBe(t, drop("v9"), "NoSuchEntity", "")
		mustBe(t, choose("v9"), "NoSuchEntity", "")
		did(t, choose("v3"))
		did(t, drop("v2"))
		remove := func() error {
			return second(client.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: made.Arn}))
		}
		root.User("ada", "")
		root.Role("ops", trusting("", string(root.Account)), "")
		did(t, second(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ada"), PolicyArn: made.Arn})))
		did(t, second(client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("ops"), PermissionsBoundary: made.Arn})))
		got := must[*iam.GetPolicyOutput](t)(client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: made.Arn})).Policy
		if *got.AttachmentCount != 1 || *got.PermissionsBoundaryUsageCount != 1 || *got.DefaultVersionId != "v3" || *got.Description != "what it is for" {
			t.Errorf("got %+v", got)
		}
		mustBe(t, remove(), "DeleteConflict", "attached to entities")
		holds := func(change func(*iam.ListEntitiesForPolicyInput)) (names []string) {
			in := &iam.ListEntitiesForPolicyInput{PolicyArn: made.Arn, MaxItems: aws.Int32(1)}
			change(in)
			for listing := iam.NewListEntitiesForPolicyPaginator(client, in); listing.HasMorePages(); {
				out := must[*iam.ListEntitiesForPolicyOutput](t)(listing.NextPage(ctx))
				for _, u := range out.PolicyUsers {
					names = append(names, "user "+*u.UserName)
				}
				for _, r := range out.PolicyRoles {
					names = append(names, "role "+*r.RoleName)
				}
			}
			return names
		}
		for what, row := range map[string]struct {
			change func(*iam.ListEntitiesForPolicyInput)
			want   []string
		}{
			"all":   {func(*iam.ListEntitiesForPolicyInput) {}, []string{"role ops", "user ada"}},
			"users": {func(in *iam.ListEntitiesForPolicyInput) { in.EntityFilter = types.EntityTypeUser }, []string{"user ada"}},
			"as a boundary": {func(in *iam.ListEntitiesForPolicyInput) {
				in.PolicyUsageFilter = types.PolicyUsageTypePermissionsBoundary
			}, []string{"role ops"}},
			"attached": {func(in *iam.ListEntitiesForPolicyInput) {
				in.PolicyUsageFilter = types.PolicyUsageTypePermissionsPolicy
			}, []string{"user ada"}},
			"elsewhere": {func(in *iam.ListEntitiesForPolicyInput) { in.PathPrefix = aws.String("/x/") }, nil},
		} {
			if got := holds(row.change); !slices.Equal(got, row.want) {
				t.Errorf("%s: %v, want %v", what, got, row.want)
			}
		}
		did(t, second(client.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("ada"), PolicyArn: made.Arn})))
		mustBe(t, remove(), "DeleteConflict", "permissions boundary")
		did(t, second(client.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("ops")})))
		mustBe(t, remove(), "DeleteConflict", "more than one version")
		for _, id := range []string{"v1", "v4", "v5"} {
			did(t, drop(id))
		}
		did(t, remove())
		for _, err := range []error{
			remove(), choose("v1"), drop("v1"), second(version("v1")), second(put(document, true)),
			second(client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: made.Arn})),
			second(client.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: made.Arn})),
			second(client.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: made.Arn})),
		} {
			mustBe(t, err, "NoSuchEntity", "does not exist or is not attachable")
		}
	})
}

func TestPoliciesThatAWSManages(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		admin := aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
		got := must[*iam.GetPolicyOutput](t)(client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: admin})).Policy
		document := must[*iam.GetPolicyVersionOutput](t)(client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: admin, VersionId: got.DefaultVersionId})).PolicyVersion.Document
		if *got.PolicyName != "AdministratorAccess" || !strings.Contains(readable(t, document), `"*"`) {
			t.Errorf("got %+v", got)
		}
		for what, err := range map[string]error{
			"a version": second(client.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: admin, PolicyDocument: aws.String(everything)})),
			"default":   second(client.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: admin, VersionId: aws.String("v1")})),
			"deletion":  second(client.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: admin})),
			"a tag":     second(client.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: admin, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})),
		} {
			t.Run(what, func(t *testing.T) {
				mustBe(t, err, "UnmodifiableEntity", "AWS managed policies are the same in every account")
			})
		}
		document2 := allowing("*", "s3:*")
		for i := range 3 {
			must[*iam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprint("own", i)), PolicyDocument: &document2}))
		}
		root.User("ada", "")
		did(t, second(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ada"), PolicyArn: admin})))
		did(t, second(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ada"), PolicyArn: aws.String(arnIn(root, "policy/own1"))})))
		did(t, second(client.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("ada"), PermissionsBoundary: aws.String(arnIn(root, "policy/own2"))})))
		list := func(in iam.ListPoliciesInput, size int32) (names []string) {
			in.MaxItems = &size
			for listing := iam.NewListPoliciesPaginator(client, &in); listing.HasMorePages(); {
				for _, p := range must[*iam.ListPoliciesOutput](t)(listing.NextPage(ctx)).Policies {
					names = append(names, *p.PolicyName)
				}
			}
			return names
		}
		local := []string{"own0", "own1", "own2"}
		if got := list(iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}, 1); !slices.Equal(got, local) {
			t.Errorf("local ones: %v", got)
		}
		ofAWS := list(iam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws}, 1000)
		if !slices.Contains(ofAWS, "AdministratorAccess") || slices.Contains(ofAWS, "own0") {
			t.Errorf("AWS's: %v", ofAWS)
		}
		if got := list(iam.ListPoliciesInput{}, 2); !slices.Equal(got, append(slices.Clone(local), ofAWS...)) {
			t.Errorf("all: %v", got)
		}
		for what, row := range map[string]struct {
			in   iam.ListPoliciesInput
			want []string
		}{
			"attached":      {iam.ListPoliciesInput{OnlyAttached: true}, []string{"own1", "AdministratorAccess"}},
			"as a boundary": {iam.ListPoliciesInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsBoundary}, []string{"own2"}},
			"by path":       {iam.ListPoliciesInput{PathPrefix: aws.String("/none/")}, nil},
		} {
			if got := list(row.in, 1); !slices.Equal(got, row.want) {
				t.Errorf("%s: %v, want %v", what, got, row.want)
			}
		}
	})
}

func TestPoliciesGrantingServiceAccess(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		root.User("ada", allowing("*", "s3:Get*"))
		must[*iam.CreateGroupOutput](t)(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("eng")}))
		did(t, second(client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("eng"), UserName: aws.String("ada")})))
		did(t, second(client.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("eng"), PolicyName: aws.String("but"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","s3:PutObject"],"Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}`)})))
		in := &iam.ListPoliciesGrantingServiceAccessInput{Arn: aws.String(arnIn(root, "user/ada")), ServiceNamespaces: []string{"ec2", "iam", "s3"}}
		var got []string
		for _, entry := range must[*iam.ListPoliciesGrantingServiceAccessOutput](t)(client.ListPoliciesGrantingServiceAccess(ctx, in)).PoliciesGrantingServiceAccess {
			for _, p := range entry.Policies {
				got = append(got, *entry.ServiceNamespace+" "+string(p.EntityType)+" "+*p.EntityName+" "+*p.PolicyName)
			}
		}
		if want := []string{"ec2 GROUP eng but", "s3 USER ada test", "s3 GROUP eng but"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		in.ServiceNamespaces = []string{"s3:*"}
		mustBe(t, second(client.ListPoliciesGrantingServiceAccess(ctx, in)), "InvalidInput", "namespace")
		in.Arn, in.ServiceNamespaces = aws.String(arnIn(root, "user/none")), []string{"s3"}
		mustBe(t, second(client.ListPoliciesGrantingServiceAccess(ctx, in)), "NoSuchEntity", "")
	})
}
