package awsapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/sallyporttest"
)

// hub is the organization's instance, seen through the management account's root user.
type hub struct {
	t    *testing.T
	s    *sallyporttest.Sallyport
	boss *sallyporttest.Signer
	*ssoadmin.Client
	in    identitycenter.Instance
	arn   *string
	roots map[string]*sallyporttest.Signer // of member accounts; one may have two keys
}

func eachHub(t *testing.T, test func(t *testing.T, h *hub)) {
	t.Helper()
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) { test(t, newHub(t, s)) })
}

func newHub(t *testing.T, s *sallyporttest.Sallyport) *hub {
	h := &hub{t: t, s: s, boss: s.Root(), roots: map[string]*sallyporttest.Signer{}}
	s.Write(func(tx *database.Tx) (err error) {
		if h.in, err = s.Centers.InstanceOf(tx.Reading(), h.boss.Account); fault.Is(err, fault.NotFound) {
			h.in, err = s.Centers.CreateInstance(tx, h.boss.Account, "")
		}
		return err
	})
	h.arn, h.Client = aws.String(h.in.ARN()), h.as(h.boss)
	return h
}

// as is AWS's own client, acting as somebody.
func (h *hub) as(who *sallyporttest.Signer) *ssoadmin.Client {
	return who.SSOAdmin()
}

// ok is what was answered, and fails the test when that is an error.
func ok[T any](out T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// code wants an exception of the model by its name.
func (h *hub) code(want string) func(any, error) {
	return func(_ any, err error) {
		h.t.Helper()
		var api smithy.APIError
		if !errors.As(err, &api) || strings.TrimSuffix(api.ErrorCode(), "Exception") != want {
			h.t.Errorf("got %v, want %s", err, want)
		}
	}
}

const noOne = "11111111-2222-3333-4444-555555555555"

func (h *hub) user(name string) string {
	h.t.Helper()
	var u identitycenter.User
	h.s.Write(func(tx *database.Tx) (err error) {
		u, err = h.s.Centers.CreateUser(tx, h.in, identitycenter.Attributes{UserName: name, DisplayName: name, Name: identitycenter.Name{GivenName: name, FamilyName: "X"},
			Enterprise: identitycenter.Enterprise{Department: "Sales"}}, "test")
		return err
	})
	return string(u.ID)
}

func (h *hub) group(name string, members ...string) string {
	h.t.Helper()
	var g identitycenter.Group
	h.s.Write(func(tx *database.Tx) (err error) {
		if g, err = h.s.Centers.CreateGroup(tx, h.in, identitycenter.GroupAttributes{DisplayName: name}, "test"); err != nil {
			return err
		}
		for _, user := range members {
			if _, err := h.s.Centers.Join(tx, h.in, g.ID, identitycenter.UserID(user), "test"); err != nil {
				return err
			}
		}
		return nil
	})
	return string(g.ID)
}

// account makes a member account.
func (h *hub) account(name string) string {
	h.t.Helper()
	return companyOf(h.t, h.s, h.boss).create(name)
}

func (h *hub) set(name string) *string {
	h.t.Helper()
	return ok(h.CreatePermissionSet(h.t.Context(), &ssoadmin.CreatePermissionSetInput{InstanceArn: h.arn, Name: &name}))(h.t).PermissionSet.PermissionSetArn
}

func (h *hub) assignment(set *string, principal, account string, kind types.PrincipalType) *ssoadmin.CreateAccountAssignmentInput {
	return &ssoadmin.CreateAccountAssignmentInput{InstanceArn: h.arn, PermissionSetArn: set, PrincipalId: &principal, PrincipalType: kind, TargetId: &account, TargetType: types.TargetTypeAwsAccount}
}

func (h *hub) removal(set *string, principal, account string, kind types.PrincipalType) *ssoadmin.DeleteAccountAssignmentInput {
	in := ssoadmin.DeleteAccountAssignmentInput(*h.assignment(set, principal, account, kind))
	return &in
}

// assign makes an assignment and waits for it.
func (h *hub) assign(set *string, principal, account string, kind types.PrincipalType) *types.AccountAssignmentOperationStatus {
	h.t.Helper()
	out := ok(h.CreateAccountAssignment(h.t.Context(), h.assignment(set, principal, account, kind)))(h.t)
	if s := out.AccountAssignmentCreationStatus; s.Status != types.StatusValuesInProgress || *s.TargetId != account || *s.PrincipalId != principal || *s.PermissionSetArn != *set {
		h.t.Errorf("the request began as %+v", s)
	}
	return h.assigned(out.AccountAssignmentCreationStatus.RequestId)
}

func (h *hub) assigned(id *string) (status *types.AccountAssignmentOperationStatus) {
	h.t.Helper()
	h.s.Eventually("the assignment", func() bool {
		status = ok(h.DescribeAccountAssignmentCreationStatus(h.t.Context(),
			&ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: h.arn, AccountAssignmentCreationRequestId: id}))(h.t).AccountAssignmentCreationStatus
		return status.Status != types.StatusValuesInProgress
	})
	return status
}

func (h *hub) unassign(set *string, principal, account string, kind types.PrincipalType) (status *types.AccountAssignmentOperationStatus) {
	h.t.Helper()
	out := ok(h.DeleteAccountAssignment(h.t.Context(), h.removal(set, principal, account, kind)))(h.t)
	h.s.Eventually("the removal", func() bool {
		status = ok(h.DescribeAccountAssignmentDeletionStatus(h.t.Context(),
			&ssoadmin.DescribeAccountAssignmentDeletionStatusInput{InstanceArn: h.arn, AccountAssignmentDeletionRequestId: out.AccountAssignmentDeletionStatus.RequestId}))(h.t).AccountAssignmentDeletionStatus
		return status.Status != types.StatusValuesInProgress
	})
	return status
}

// provision brings every account up to date and waits for it.
func (h *hub) provision(set *string) (status *types.PermissionSetProvisioningStatus) {
	h.t.Helper()
	out := ok(h.ProvisionPermissionSet(h.t.Context(),
		&ssoadmin.ProvisionPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, TargetType: types.ProvisionTargetTypeAllProvisionedAccounts}))(h.t)
	h.s.Eventually("the provisioning", func() bool {
		status = ok(h.DescribePermissionSetProvisioningStatus(h.t.Context(),
			&ssoadmin.DescribePermissionSetProvisioningStatusInput{InstanceArn: h.arn, ProvisionPermissionSetRequestId: out.PermissionSetProvisioningStatus.RequestId}))(h.t).PermissionSetProvisioningStatus
		return status.Status != types.StatusValuesInProgress
	})
	return status
}

// root is the root user of a member account.
func (h *hub) root(id string) *sallyporttest.Signer {
	h.t.Helper()
	if h.roots[id] == nil {
		h.roots[id] = h.s.RootOf(account.ID(id))
	}
	return h.roots[id]
}

// roles are those that the instance has made in an account.
func (h *hub) roles(id string) []string {
	h.t.Helper()
	out := ok(h.root(id).IAM().ListRoles(h.t.Context(), &iam.ListRolesInput{PathPrefix: aws.String("/aws-reserved/sso.amazonaws.com/")}))(h.t)
	var names []string
	for _, role := range out.Roles {
		names = append(names, *role.RoleName)
	}
	return names
}

func TestSSOAdminInstance(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		h, ctx := newHub(t, s), t.Context()
		alone := s.NewAccount("alone")
		own := h.as(alone)
		in := &ssoadmin.CreateInstanceInput{Name: aws.String("mine"), ClientToken: aws.String("once"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}
		made := ok(own.CreateInstance(ctx, in))(h.t).InstanceArn
		if again := ok(own.CreateInstance(ctx, in))(h.t).InstanceArn; *again != *made {
			t.Errorf("the same request made %s and %s", *made, *again)
		}
		h.code("Conflict")(own.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Name: aws.String("second")}))
		got := ok(own.DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: made}))(h.t)
		if *got.Name != "mine" || *got.OwnerAccountId != string(alone.Account) || got.Status != types.InstanceStatusActive || *got.PermissionSetsEnabled ||
			!strings.HasPrefix(*got.IdentityStoreId, "d-") || *got.PrimaryRegion != "us-west-2" {
			t.Errorf("it is %+v", got)
		}
		if list := ok(own.ListInstances(ctx, nil))(h.t).Instances; len(list) != 1 || *list[0].InstanceArn != *made {
			t.Errorf("the owner sees %+v", list)
		}
		if list := ok(h.ListInstances(ctx, &ssoadmin.ListInstancesInput{RegionScope: types.RegionScopeAllRegions}))(h.t).Instances; len(list) != 1 || *list[0].InstanceArn != *h.arn {
			t.Errorf("the management account sees %+v", list)
		}

		h.code("Validation")(own.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: made, Name: aws.String("x")}))
		h.code("Validation")(own.UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: made, PermissionSetsEnabled: aws.Bool(false)}))
		h.code("Validation")(own.UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: made, EncryptionConfiguration: &types.EncryptionConfiguration{KeyType: types.KmsKeyTypeCustomerManagedKey, KmsKeyArn: aws.String("arn:aws:kms:us-west-2:123456789012:key/x")}}))
		ok(own.UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: made, Name: aws.String("ours"), PermissionSetsEnabled: aws.Bool(true)}))(h.t)
		got = ok(own.DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: made}))(h.t)
		if *got.Name != "ours" || !*got.PermissionSetsEnabled {
			t.Errorf("it became %+v", got)
		}
		ok(own.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: made, Name: aws.String("x")}))(h.t)

		region := ok(own.DescribeRegion(ctx, &ssoadmin.DescribeRegionInput{InstanceArn: made, RegionName: aws.String("us-west-2")}))(h.t)
		if !region.IsPrimaryRegion || region.Status != types.RegionStatusActive {
			t.Errorf("its Region is %+v", region)
		}
		h.code("ResourceNotFound")(own.DescribeRegion(ctx, &ssoadmin.DescribeRegionInput{InstanceArn: made, RegionName: aws.String("eu-west-1")}))
		if list := ok(own.ListRegions(ctx, &ssoadmin.ListRegionsInput{InstanceArn: made}))(h.t).Regions; len(list) != 1 {
			t.Errorf("it is in %+v", list)
		}
		h.code("Validation")(own.AddRegion(ctx, &ssoadmin.AddRegionInput{InstanceArn: made, RegionName: aws.String("eu-west-1")}))
		h.code("Validation")(own.RemoveRegion(ctx, &ssoadmin.RemoveRegionInput{InstanceArn: made, RegionName: aws.String("us-west-2")}))

		tags := func() []types.Tag {
			return ok(own.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: made}))(h.t).Tags
		}
		if list := tags(); len(list) != 1 || *list[0].Value != "red" {
			t.Errorf("the tags are %+v", list)
		}
		ok(own.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: made, InstanceArn: made, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}}}))(h.t)
		ok(own.UntagResource(ctx, &ssoadmin.UntagResourceInput{ResourceArn: made, TagKeys: []string{"team"}}))(h.t)
		if list := tags(); len(list) != 1 || *list[0].Key != "a" {
			t.Errorf("the tags became %+v", list)
		}
		h.code("ResourceNotFound")(own.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: made, InstanceArn: h.arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")}}}))

		ok(own.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: made}))(h.t)
		h.code("AccessDenied")(own.DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: made}))
	})
}

func TestSSOAdminPermissionSet(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		made := ok(h.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{
			InstanceArn: h.arn, Name: aws.String("Ops"), Description: aws.String("Operators"), RelayState: aws.String("https://s3.console.aws.amazon.com/s3/home"), SessionDuration: aws.String("PT4H"),
			Tags: []types.Tag{{Key: aws.String("SSOPipeline"), Value: aws.String("true")}},
		}))(h.t).PermissionSet
		set := made.PermissionSetArn
		if !strings.HasPrefix(*set, "arn:aws:sso:::permissionSet/"+string(h.in.ID)+"/ps-") || *made.SessionDuration != "PT4H" {
			t.Errorf("made %+v", made)
		}
		create := func(in ssoadmin.CreatePermissionSetInput) (any, error) {
			in.InstanceArn = h.arn
			return h.CreatePermissionSet(ctx, &in)
		}
		h.code("Conflict")(create(ssoadmin.CreatePermissionSetInput{Name: aws.String("Ops")}))
		for _, bad := range []ssoadmin.CreatePermissionSetInput{
			{Name: aws.String(strings.Repeat("x", 33))}, {Name: aws.String("a b")}, {Name: aws.String("x"), SessionDuration: aws.String("PT30M")},
			{Name: aws.String("x"), SessionDuration: aws.String("PT13H")}, {Name: aws.String("x"), SessionDuration: aws.String("4 hours")}, {Name: aws.String("x"), SessionDuration: aws.String("P")},
		} {
			h.code("Validation")(create(bad))
		}
		describe := func() *types.PermissionSet {
			return ok(h.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(h.t).PermissionSet
		}
		ok(h.UpdatePermissionSet(ctx, &ssoadmin.UpdatePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, SessionDuration: aws.String("PT2H")}))(h.t)
		if got := describe(); *got.SessionDuration != "PT2H" || *got.Description != "Operators" || *got.Name != "Ops" || got.RelayState != nil {
			t.Errorf("it became %+v", got)
		}
		missing := aws.String("arn:aws:sso:::permissionSet/" + string(h.in.ID) + "/ps-0123456789abcdef")
		h.code("ResourceNotFound")(h.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: missing}))
		h.code("ResourceNotFound")(h.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: missing}))

		// Inline policy.
		put := func(text string) (*ssoadmin.PutInlinePolicyToPermissionSetOutput, error) {
			return h.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, InlinePolicy: &text})
		}
		drop := func() (*ssoadmin.DeleteInlinePolicyFromPermissionSetOutput, error) {
			return h.DeleteInlinePolicyFromPermissionSet(ctx, &ssoadmin.DeleteInlinePolicyFromPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set})
		}
		inline := func() string {
			return *ok(h.GetInlinePolicyForPermissionSet(ctx, &ssoadmin.GetInlinePolicyForPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t).InlinePolicy
		}
		h.code("ResourceNotFound")(drop())
		if text := inline(); text != "" {
			t.Errorf("it has the policy %s", text)
		}
		h.code("Validation")(put(`{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}`))
		h.code("Validation")(put(strings.Repeat(" ", 32_769)))
		ok(put(readBuckets))(t)
		if text := inline(); text != readBuckets {
			t.Errorf("it has the policy %s", text)
		}
		ok(drop())(t)

		// Managed policies, AWS's and customers'.
		attach := func(arn string) (*ssoadmin.AttachManagedPolicyToPermissionSetOutput, error) {
			return h.AttachManagedPolicyToPermissionSet(ctx, &ssoadmin.AttachManagedPolicyToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, ManagedPolicyArn: &arn})
		}
		detach := func(arn string) (*ssoadmin.DetachManagedPolicyFromPermissionSetOutput, error) {
			return h.DetachManagedPolicyFromPermissionSet(ctx, &ssoadmin.DetachManagedPolicyFromPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, ManagedPolicyArn: &arn})
		}
		const readOnly, viewOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
		ok(attach(readOnly))(t)
		ok(attach(viewOnly))(t)
		h.code("Conflict")(attach(readOnly))
		h.code("ResourceNotFound")(attach("arn:aws:iam::aws:policy/NoSuchPolicy"))
		h.code("Validation")(attach("arn:aws:iam::123456789012:policy/mine"))
		first := ok(h.ListManagedPoliciesInPermissionSet(ctx, &ssoadmin.ListManagedPoliciesInPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, MaxResults: aws.Int32(1)}))(t)
		rest := ok(h.ListManagedPoliciesInPermissionSet(ctx, &ssoadmin.ListManagedPoliciesInPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, NextToken: first.NextToken}))(t)
		if len(first.AttachedManagedPolicies) != 1 || len(rest.AttachedManagedPolicies) != 1 || rest.NextToken != nil || *rest.AttachedManagedPolicies[0].Name != "ViewOnlyAccess" {
			t.Errorf("it has %+v and %+v", first, rest)
		}
		h.code("Validation")(h.ListPermissionSets(ctx, &ssoadmin.ListPermissionSetsInput{InstanceArn: h.arn, NextToken: first.NextToken}))
		ok(detach(viewOnly))(t)
		h.code("ResourceNotFound")(detach(viewOnly))

		reference := func(name, path string) *types.CustomerManagedPolicyReference {
			return &types.CustomerManagedPolicyReference{Name: &name, Path: aws.String(path)}
		}
		refer := func(r *types.CustomerManagedPolicyReference) (*ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetOutput, error) {
			return h.AttachCustomerManagedPolicyReferenceToPermissionSet(ctx, &ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, CustomerManagedPolicyReference: r})
		}
		ok(refer(reference("deploy", "/team/")))(t)
		ok(refer(&types.CustomerManagedPolicyReference{Name: aws.String("deploy")}))(t)
		h.code("Conflict")(refer(reference("deploy", "/")))
		for _, bad := range [][2]string{{"deploy", "team"}, {"deploy", "/team"}, {"team/deploy", "/"}, {"", "/"}} {
			h.code("Validation")(refer(reference(bad[0], bad[1])))
		}
		list := ok(h.ListCustomerManagedPolicyReferencesInPermissionSet(ctx, &ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t).CustomerManagedPolicyReferences
		if len(list) != 2 || *list[0].Path != "/" || *list[1].Path != "/team/" || *list[1].Name != "deploy" {
			t.Errorf("it refers to %+v", list)
		}
		release := func(r *types.CustomerManagedPolicyReference) (*ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetOutput, error) {
			return h.DetachCustomerManagedPolicyReferenceFromPermissionSet(ctx, &ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, CustomerManagedPolicyReference: r})
		}
		ok(release(reference("deploy", "/team/")))(t)
		h.code("ResourceNotFound")(release(reference("deploy", "/team/")))
		for i := range 18 {
			ok(refer(reference(fmt.Sprintf("p%d", i), "/")))(t)
		}
		h.code("ServiceQuotaExceeded")(refer(reference("one-more", "/")))

		// Boundary.
		bound := func(b *types.PermissionsBoundary) (*ssoadmin.PutPermissionsBoundaryToPermissionSetOutput, error) {
			return h.PutPermissionsBoundaryToPermissionSet(ctx, &ssoadmin.PutPermissionsBoundaryToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, PermissionsBoundary: b})
		}
		unbound := func() (*ssoadmin.DeletePermissionsBoundaryFromPermissionSetOutput, error) {
			return h.DeletePermissionsBoundaryFromPermissionSet(ctx, &ssoadmin.DeletePermissionsBoundaryFromPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set})
		}
		boundary := func() (*ssoadmin.GetPermissionsBoundaryForPermissionSetOutput, error) {
			return h.GetPermissionsBoundaryForPermissionSet(ctx, &ssoadmin.GetPermissionsBoundaryForPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set})
		}
		h.code("ResourceNotFound")(boundary())
		h.code("ResourceNotFound")(unbound())
		h.code("Validation")(bound(&types.PermissionsBoundary{}))
		h.code("Validation")(bound(&types.PermissionsBoundary{ManagedPolicyArn: aws.String("/nonsense")}))
		ok(bound(&types.PermissionsBoundary{ManagedPolicyArn: aws.String(readOnly)}))(t)
		h.code("Conflict")(bound(&types.PermissionsBoundary{ManagedPolicyArn: aws.String(readOnly)}))
		if b := ok(boundary())(t).PermissionsBoundary; *b.ManagedPolicyArn != readOnly {
			t.Errorf("it is bounded by %+v", b)
		}
		ok(bound(&types.PermissionsBoundary{CustomerManagedPolicyReference: reference("limit", "/")}))(t)
		if b := ok(boundary())(t).PermissionsBoundary; b.ManagedPolicyArn != nil || *b.CustomerManagedPolicyReference.Name != "limit" {
			t.Errorf("it is bounded by %+v", b)
		}
		ok(unbound())(t)

		// Tags, as the public pipeline finds its own sets.
		ok(h.TagResource(ctx, &ssoadmin.TagResourceInput{InstanceArn: h.arn, ResourceArn: set, Tags: []types.Tag{{Key: aws.String("Team"), Value: aws.String("red")}}}))(t)
		tags := ok(h.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{InstanceArn: h.arn, ResourceArn: set}))(t).Tags
		if len(tags) != 2 || *tags[0].Key != "SSOPipeline" || *tags[0].Value != "true" || *tags[1].Key != "Team" {
			t.Errorf("the tags are %+v", tags)
		}
		ok(h.UntagResource(ctx, &ssoadmin.UntagResourceInput{InstanceArn: h.arn, ResourceArn: set, TagKeys: []string{"Team", "none"}}))(t)
		h.code("ResourceNotFound")(h.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{InstanceArn: h.arn, ResourceArn: missing}))

		var all []string
		for i := range 4 {
			all = append(all, *h.set(fmt.Sprintf("set-%d", i)))
		}
		var seen []string
		pages := ssoadmin.NewListPermissionSetsPaginator(h, &ssoadmin.ListPermissionSetsInput{InstanceArn: h.arn, MaxResults: aws.Int32(2)})
		for pages.HasMorePages() {
			seen = append(seen, ok(pages.NextPage(ctx))(t).PermissionSets...)
		}
		if all = append(all, *set); len(seen) != len(all) || slices.ContainsFunc(all, func(a string) bool { return !slices.Contains(seen, a) }) {
			t.Errorf("listed %v of %v", seen, all)
		}
		ok(h.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t)
		h.code("ResourceNotFound")(h.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))
	})
}

const readBuckets = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`

func TestSSOAdminAssignment(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		dev, prod := h.account("dev"), h.account("prod")
		alice, bob := h.user("alice"), h.user("bob")
		team := h.group("team", alice, bob)
		set := ok(h.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: h.arn, Name: aws.String("Admin"), Description: aws.String("All of it"), SessionDuration: aws.String("PT8H"),
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}))(t).PermissionSet.PermissionSetArn
		ok(h.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, InlinePolicy: aws.String(readBuckets)}))(t)
		ok(h.AttachManagedPolicyToPermissionSet(ctx, &ssoadmin.AttachManagedPolicyToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, ManagedPolicyArn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}))(t)

		h.code("ResourceNotFound")(h.CreateAccountAssignment(ctx, h.assignment(set, noOne, dev, types.PrincipalTypeUser)))
		h.code("ResourceNotFound")(h.CreateAccountAssignment(ctx, h.assignment(set, alice, dev, types.PrincipalTypeGroup)))
		h.code("ResourceNotFound")(h.DeleteAccountAssignment(ctx, h.removal(set, alice, dev, types.PrincipalTypeUser)))
		h.code("Validation")(h.CreateAccountAssignment(ctx, h.assignment(set, "alice", dev, types.PrincipalTypeUser)))
		h.code("Validation")(h.CreateAccountAssignment(ctx, h.assignment(set, alice, "dev", types.PrincipalTypeUser)))
		h.code("Validation")(h.CreateAccountAssignment(ctx, h.assignment(set, alice, dev, "ROBOT")))
		if s := h.assign(set, alice, nobody, types.PrincipalTypeUser); s.Status != types.StatusValuesFailed || !strings.Contains(*s.FailureReason, "not in the organization") {
			t.Errorf("in no account of the organization: %+v", s)
		}

		for _, to := range []string{dev, prod} {
			if s := h.assign(set, team, to, types.PrincipalTypeGroup); s.Status != types.StatusValuesSucceeded || s.FailureReason != nil {
				t.Fatalf("assigned %+v", s)
			}
		}
		h.assign(set, alice, dev, types.PrincipalTypeUser)
		if s := h.assign(set, alice, dev, types.PrincipalTypeUser); s.Status != types.StatusValuesSucceeded {
			t.Errorf("assigned again %+v", s)
		}

		// The role, as AWS makes it.
		names := h.roles(dev)
		if len(names) != 1 || !strings.HasPrefix(names[0], "AWSReservedSSO_Admin_") || len(names[0]) != len("AWSReservedSSO_Admin_")+16 {
			t.Fatalf("the account has the roles %v", names)
		}
		inside := h.root(dev).IAM()
		role := ok(inside.GetRole(ctx, &iam.GetRoleInput{RoleName: &names[0]}))(t).Role
		if *role.Path != "/aws-reserved/sso.amazonaws.com/us-west-2/" || *role.MaxSessionDuration != 8*3600 || *role.Description != "All of it" || len(role.Tags) != 0 {
			t.Errorf("the role is %+v", role)
		}
		// Tags are the permission set's alone: accounts stay up to date without them.
		ok(h.TagResource(ctx, &ssoadmin.TagResourceInput{InstanceArn: h.arn, ResourceArn: set, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))(t)
		if old := ok(h.ListAccountsForProvisionedPermissionSet(ctx, &ssoadmin.ListAccountsForProvisionedPermissionSetInput{
			InstanceArn: h.arn, PermissionSetArn: set, ProvisioningStatus: types.ProvisioningStatusLatestPermissionSetNotProvisioned}))(t).AccountIds; len(old) != 0 {
			t.Errorf("with another tag %v are out of date", old)
		}
		if trust := *role.AssumeRolePolicyDocument; !strings.Contains(trust, "AssumeRoleWithSAML") || !strings.Contains(trust, "saml-provider%2FAWSSSO_") || !strings.Contains(trust, "_DO_NOT_DELETE") {
			t.Errorf("it trusts %s", trust)
		}
		inline := ok(inside.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &names[0]}))(t).PolicyNames
		attached := ok(inside.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &names[0]}))(t).AttachedPolicies
		if len(inline) != 1 || inline[0] != "AwsSSOInlinePolicy" || len(attached) != 1 || *attached[0].PolicyName != "ReadOnlyAccess" {
			t.Errorf("it has %v and %+v", inline, attached)
		}
		if _, err := inside.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &names[0], PolicyName: &inline[0]}); err == nil {
			t.Error("an administrator of the account changed it")
		}
		if other := h.roles(prod); len(other) != 1 || other[0] == names[0] {
			t.Errorf("the other account has %v", other)
		}

		// Lists.
		list := ok(h.ListAccountAssignments(ctx, &ssoadmin.ListAccountAssignmentsInput{InstanceArn: h.arn, PermissionSetArn: set, AccountId: &dev}))(t).AccountAssignments
		if len(list) != 2 || *list[0].AccountId != dev || *list[0].PermissionSetArn != *set {
			t.Errorf("the assignments are %+v", list)
		}
		var mine []types.AccountAssignmentForPrincipal
		pages := ssoadmin.NewListAccountAssignmentsForPrincipalPaginator(h, &ssoadmin.ListAccountAssignmentsForPrincipalInput{InstanceArn: h.arn, PrincipalId: &alice, PrincipalType: types.PrincipalTypeUser, MaxResults: aws.Int32(1)})
		for pages.HasMorePages() {
			mine = append(mine, ok(pages.NextPage(ctx))(t).AccountAssignments...)
		}
		if len(mine) != 3 {
			t.Errorf("alice has %+v", mine)
		}
		if in := ok(h.ListAccountAssignmentsForPrincipal(ctx, &ssoadmin.ListAccountAssignmentsForPrincipalInput{InstanceArn: h.arn, PrincipalId: &alice, PrincipalType: types.PrincipalTypeUser,
			Filter: &types.ListAccountAssignmentsFilter{AccountId: &prod}}))(t).AccountAssignments; len(in) != 1 || *in[0].PrincipalId != team {
			t.Errorf("alice has %+v in one account", in)
		}
		succeeded := ok(h.ListAccountAssignmentCreationStatus(ctx, &ssoadmin.ListAccountAssignmentCreationStatusInput{InstanceArn: h.arn, Filter: &types.OperationStatusFilter{Status: types.StatusValuesSucceeded}}))(t)
		if n := len(succeeded.AccountAssignmentsCreationStatus); n != 4 {
			t.Errorf("%d requests succeeded", n)
		}
		h.code("Validation")(h.ListAccountAssignmentCreationStatus(ctx, &ssoadmin.ListAccountAssignmentCreationStatusInput{InstanceArn: h.arn, Filter: &types.OperationStatusFilter{Status: "DONE"}}))

		// A changed set has to be provisioned.
		with := func(f types.ProvisioningStatus) []string {
			return ok(h.ListAccountsForProvisionedPermissionSet(ctx, &ssoadmin.ListAccountsForProvisionedPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, ProvisioningStatus: f}))(t).AccountIds
		}
		if latest, all := with(types.ProvisioningStatusLatestPermissionSetProvisioned), with(""); len(latest) != 2 || len(all) != 2 {
			t.Errorf("provisioned in %v of %v", latest, all)
		}
		ok(h.DeleteInlinePolicyFromPermissionSet(ctx, &ssoadmin.DeleteInlinePolicyFromPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t)
		if behind := with(types.ProvisioningStatusLatestPermissionSetNotProvisioned); len(behind) != 2 {
			t.Errorf("behind are %v", behind)
		}
		if s := h.provision(set); s.Status != types.StatusValuesSucceeded || s.AccountId != nil {
			t.Errorf("provisioned %+v", s)
		}
		if behind := with(types.ProvisioningStatusLatestPermissionSetNotProvisioned); len(behind) != 0 {
			t.Errorf("still behind are %v", behind)
		}
		if inline := ok(inside.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &names[0]}))(t).PolicyNames; len(inline) != 0 {
			t.Errorf("it still has %v", inline)
		}
		to := func(kind types.ProvisionTargetType, id *string) (*ssoadmin.ProvisionPermissionSetOutput, error) {
			return h.ProvisionPermissionSet(ctx, &ssoadmin.ProvisionPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, TargetType: kind, TargetId: id})
		}
		if s := ok(to(types.ProvisionTargetTypeAwsAccount, &dev))(t).PermissionSetProvisioningStatus; *s.AccountId != dev {
			t.Errorf("provisioning began as %+v", s)
		}
		h.code("ResourceNotFound")(to(types.ProvisionTargetTypeAwsAccount, aws.String(nobody)))
		h.code("Validation")(to(types.ProvisionTargetTypeAwsAccount, nil))
		h.code("Validation")(to(types.ProvisionTargetTypeAllProvisionedAccounts, &dev))
		h.s.Eventually("no provisioning", func() bool {
			return len(ok(h.ListPermissionSetProvisioningStatus(ctx, &ssoadmin.ListPermissionSetProvisioningStatusInput{InstanceArn: h.arn, Filter: &types.OperationStatusFilter{Status: types.StatusValuesInProgress}}))(t).PermissionSetsProvisioningStatus) == 0
		})
		if in := ok(h.ListPermissionSetsProvisionedToAccount(ctx, &ssoadmin.ListPermissionSetsProvisionedToAccountInput{InstanceArn: h.arn, AccountId: &dev}))(t).PermissionSets; len(in) != 1 || in[0] != *set {
			t.Errorf("the account has %v", in)
		}

		// The end of it, and back again under the same name.
		h.code("Conflict")(h.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))
		h.code("Conflict")(h.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: h.arn}))
		h.unassign(set, alice, dev, types.PrincipalTypeUser)
		if len(h.roles(dev)) != 1 {
			t.Error("the role ended before the last assignment")
		}
		h.unassign(set, team, dev, types.PrincipalTypeGroup)
		if left := h.roles(dev); len(left) != 0 {
			t.Errorf("the account still has %v", left)
		}
		h.assign(set, bob, dev, types.PrincipalTypeUser)
		if again := h.roles(dev); len(again) != 1 || again[0] != names[0] {
			t.Errorf("it came back as %v, not %v", again, names)
		}
		h.unassign(set, bob, dev, types.PrincipalTypeUser)
		h.unassign(set, team, prod, types.PrincipalTypeGroup)
		if n := len(ok(h.ListAccountAssignmentDeletionStatus(ctx, &ssoadmin.ListAccountAssignmentDeletionStatusInput{InstanceArn: h.arn}))(t).AccountAssignmentsDeletionStatus); n != 4 {
			t.Errorf("%d removals are told of", n)
		}
		for _, describe := range []func() (any, error){
			func() (any, error) {
				return h.DescribeAccountAssignmentCreationStatus(ctx, &ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: h.arn, AccountAssignmentCreationRequestId: aws.String(noOne)})
			},
			func() (any, error) {
				return h.DescribeAccountAssignmentDeletionStatus(ctx, &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{InstanceArn: h.arn, AccountAssignmentDeletionRequestId: aws.String(noOne)})
			},
			func() (any, error) {
				return h.DescribePermissionSetProvisioningStatus(ctx, &ssoadmin.DescribePermissionSetProvisioningStatusInput{InstanceArn: h.arn, ProvisionPermissionSetRequestId: aws.String(noOne)})
			},
		} {
			h.code("ResourceNotFound")(describe())
		}
		ok(h.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t)
	})
}

func TestSSOAdminFailuresOfAssignments(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		dev, shut, alice := h.account("dev"), h.account("shut"), h.user("alice")
		set := h.set("Deploy")
		refer := types.CustomerManagedPolicyReference{Name: aws.String("deploy")}
		ok(h.AttachCustomerManagedPolicyReferenceToPermissionSet(ctx, &ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, CustomerManagedPolicyReference: &refer}))(t)
		if s := h.assign(set, alice, dev, types.PrincipalTypeUser); s.Status != types.StatusValuesFailed || !strings.Contains(*s.FailureReason, "arn:aws:iam::"+dev+":policy/deploy") {
			t.Errorf("without the customer's policy: %+v", s)
		}
		if left := h.roles(dev); len(left) != 0 {
			t.Errorf("a failure left %v", left)
		}
		made := ok(h.root(dev).IAM().CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("deploy"), PolicyDocument: aws.String(readBuckets)}))(t)
		if s := h.assign(set, alice, dev, types.PrincipalTypeUser); s.Status != types.StatusValuesSucceeded {
			t.Errorf("with it: %+v, the policy is %s", s, *made.Policy.Arn)
		}
		bounded := h.set("Bounded")
		ok(h.PutPermissionsBoundaryToPermissionSet(ctx, &ssoadmin.PutPermissionsBoundaryToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: bounded, PermissionsBoundary: &types.PermissionsBoundary{CustomerManagedPolicyReference: &refer}}))(t)
		if s := h.assign(bounded, alice, dev, types.PrincipalTypeUser); s.Status != types.StatusValuesSucceeded {
			t.Errorf("bounded: %+v", s)
		}
		ok(h.boss.Organizations().CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &shut}))(t)
		if s := h.assign(bounded, alice, shut, types.PrincipalTypeUser); s.Status != types.StatusValuesFailed || !strings.Contains(*s.FailureReason, "suspended") {
			t.Errorf("in a closed account: %+v", s)
		}
	})
}

// A provisioning goes on where an account stops it, and fails in the end.
func TestSSOAdminProvisioningOfManyAccounts(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		alice, set := h.user("alice"), h.set("Everywhere")
		var accounts []string
		for i := range 23 { // more than are done at once
			accounts = append(accounts, h.account(fmt.Sprintf("a%02d", i)))
		}
		requests := make([]*string, len(accounts))
		for i, id := range accounts {
			requests[i] = ok(h.CreateAccountAssignment(t.Context(), h.assignment(set, alice, id, types.PrincipalTypeUser)))(t).AccountAssignmentCreationStatus.RequestId
		}
		for _, id := range requests {
			if s := h.assigned(id); s.Status != types.StatusValuesSucceeded {
				t.Errorf("assigned %+v", s)
			}
		}
		slices.Sort(accounts)
		ok(h.boss.Organizations().CloseAccount(t.Context(), &organizations.CloseAccountInput{AccountId: &accounts[3]}))(t)
		ok(h.PutInlinePolicyToPermissionSet(t.Context(), &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, InlinePolicy: aws.String(readBuckets)}))(t)
		if s := h.provision(set); s.Status != types.StatusValuesFailed || !strings.Contains(*s.FailureReason, accounts[3]) {
			t.Errorf("provisioned %+v", s)
		}
		behind := ok(h.ListAccountsForProvisionedPermissionSet(t.Context(), &ssoadmin.ListAccountsForProvisionedPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set,
			ProvisioningStatus: types.ProvisioningStatusLatestPermissionSetNotProvisioned}))(t).AccountIds
		if len(behind) != 1 || behind[0] != accounts[3] {
			t.Errorf("behind are %v", behind)
		}
	})
}

func TestSSOAdminManyAssignmentsAtOnce(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		dev, set := h.account("dev"), h.set("Many")
		const many = 500
		users := make([]string, many)
		for i := range users {
			users[i] = h.user(fmt.Sprintf("user-%d", i))
		}
		for _, user := range users {
			ok(h.CreateAccountAssignment(t.Context(), h.assignment(set, user, dev, types.PrincipalTypeUser)))(t)
		}
		count := func() (n int) {
			pages := ssoadmin.NewListAccountAssignmentsPaginator(h, &ssoadmin.ListAccountAssignmentsInput{InstanceArn: h.arn, PermissionSetArn: set, AccountId: &dev})
			for pages.HasMorePages() {
				n += len(ok(pages.NextPage(t.Context()))(t).AccountAssignments)
			}
			return n
		}
		h.s.Eventually("500 assignments", func() bool { return count() == many })
		if roles := h.roles(dev); len(roles) != 1 {
			t.Errorf("the account has %v", roles)
		}
	})
}

func TestSSOAdminAccessControl(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		describe := func() (*ssoadmin.DescribeInstanceAccessControlAttributeConfigurationOutput, error) {
			return h.DescribeInstanceAccessControlAttributeConfiguration(ctx, &ssoadmin.DescribeInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn})
		}
		attributes := func(pairs ...string) *types.InstanceAccessControlAttributeConfiguration {
			c := &types.InstanceAccessControlAttributeConfiguration{AccessControlAttributes: []types.AccessControlAttribute{}}
			for i := 0; i < len(pairs); i += 2 {
				c.AccessControlAttributes = append(c.AccessControlAttributes, types.AccessControlAttribute{Key: &pairs[i], Value: &types.AccessControlAttributeValue{Source: []string{pairs[i+1]}}})
			}
			return c
		}
		create := func(c *types.InstanceAccessControlAttributeConfiguration) (*ssoadmin.CreateInstanceAccessControlAttributeConfigurationOutput, error) {
			return h.CreateInstanceAccessControlAttributeConfiguration(ctx, &ssoadmin.CreateInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn, InstanceAccessControlAttributeConfiguration: c})
		}
		update := func(c *types.InstanceAccessControlAttributeConfiguration) (*ssoadmin.UpdateInstanceAccessControlAttributeConfigurationOutput, error) {
			return h.UpdateInstanceAccessControlAttributeConfiguration(ctx, &ssoadmin.UpdateInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn, InstanceAccessControlAttributeConfiguration: c})
		}
		h.code("ResourceNotFound")(describe())
		h.code("ResourceNotFound")(update(attributes()))
		h.code("Validation")(create(attributes("a", "${path:userName}", "a", "${path:userName}")))
		h.code("Validation")(create(attributes("a", "${path:userName};")))
		ok(create(attributes("Department", "${path:enterprise.department}")))(t)
		h.code("Conflict")(create(attributes()))
		ok(update(attributes("Department", "${path:enterprise.department}", "Who", "${path:userName}", "Given", "${path:name.givenName}", "None", "${path:title}")))(t)
		if c := ok(describe())(t); c.Status != types.InstanceAccessControlAttributeConfigurationStatusEnabled || len(c.InstanceAccessControlAttributeConfiguration.AccessControlAttributes) != 4 {
			t.Errorf("configured %+v", c)
		}
		alice := h.user("alice")
		h.s.Read(func(tx *database.ReadTx) error {
			tags, err := h.s.Centers.SessionTags(tx, h.in, identitycenter.UserID(alice))
			if fmt.Sprint(tags) != "map[Department:Sales Given:alice Who:alice]" {
				t.Errorf("a session has %v", tags)
			}
			return err
		})
		ok(h.DeleteInstanceAccessControlAttributeConfiguration(ctx, &ssoadmin.DeleteInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn}))(t)
		h.code("ResourceNotFound")(h.DeleteInstanceAccessControlAttributeConfiguration(ctx, &ssoadmin.DeleteInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn}))
	})
}

func TestSSOAdminApplication(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		custom := aws.String("arn:aws:sso::aws:applicationProvider/custom")
		providers := ok(h.ListApplicationProviders(ctx, &ssoadmin.ListApplicationProvidersInput{MaxResults: aws.Int32(1)}))(t)
		if len(providers.ApplicationProviders) != 1 || *providers.ApplicationProviders[0].ApplicationProviderArn != *custom || providers.NextToken == nil {
			t.Errorf("the providers are %+v", providers)
		}
		if p := ok(h.DescribeApplicationProvider(ctx, &ssoadmin.DescribeApplicationProviderInput{ApplicationProviderArn: custom}))(t); p.FederationProtocol != types.FederationProtocolOauth {
			t.Errorf("the provider is %+v", p)
		}
		h.code("ResourceNotFound")(h.DescribeApplicationProvider(ctx, &ssoadmin.DescribeApplicationProviderInput{ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/none")}))

		in := &ssoadmin.CreateApplicationInput{InstanceArn: h.arn, ApplicationProviderArn: custom, Name: aws.String("Wiki"), Description: aws.String("Ours"), ClientToken: aws.String("once"),
			PortalOptions: &types.PortalOptions{Visibility: types.ApplicationVisibilityEnabled, SignInOptions: &types.SignInOptions{Origin: types.SignInOriginApplication, ApplicationUrl: aws.String("https://wiki.example.com")}},
			Tags:          []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}
		app := ok(h.CreateApplication(ctx, in))(t).ApplicationArn
		if again := ok(h.CreateApplication(ctx, in))(t).ApplicationArn; *again != *app {
			t.Errorf("the same request made %s and %s", *app, *again)
		}
		in.Name = aws.String("Other")
		h.code("Conflict")(h.CreateApplication(ctx, in))
		describe := func() (*ssoadmin.DescribeApplicationOutput, error) {
			return h.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: app})
		}
		if a := ok(describe())(t); *a.Name != "Wiki" || a.Status != types.ApplicationStatusEnabled || *a.ApplicationAccount != string(h.boss.Account) || *a.InstanceArn != *h.arn || *a.PortalOptions.SignInOptions.ApplicationUrl != "https://wiki.example.com" {
			t.Errorf("made %+v", a)
		}
		ok(h.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: app, Name: aws.String("Wikis"), Status: types.ApplicationStatusDisabled,
			PortalOptions: &types.UpdateApplicationPortalOptions{SignInOptions: &types.SignInOptions{Origin: types.SignInOriginIdentityCenter}}}))(t)
		if a := ok(describe())(t); *a.Name != "Wikis" || a.Status != types.ApplicationStatusDisabled || a.PortalOptions.SignInOptions.ApplicationUrl != nil {
			t.Errorf("it became %+v", a)
		}
		if list := ok(h.ListApplications(ctx, &ssoadmin.ListApplicationsInput{InstanceArn: h.arn, Filter: &types.ListApplicationsFilter{ApplicationProvider: custom}}))(t).Applications; len(list) != 1 {
			t.Errorf("the applications are %+v", list)
		}
		if list := ok(h.ListApplications(ctx, &ssoadmin.ListApplicationsInput{InstanceArn: h.arn, Filter: &types.ListApplicationsFilter{ApplicationAccount: aws.String(nobody)}}))(t).Applications; len(list) != 0 {
			t.Errorf("nobody's applications are %+v", list)
		}

		alice := h.user("alice")
		team := h.group("team", alice)
		give := func(id string, kind types.PrincipalType) (*ssoadmin.CreateApplicationAssignmentOutput, error) {
			return h.CreateApplicationAssignment(ctx, &ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: app, PrincipalId: &id, PrincipalType: kind})
		}
		ok(give(team, types.PrincipalTypeGroup))(t)
		ok(give(alice, types.PrincipalTypeUser))(t)
		h.code("Conflict")(give(alice, types.PrincipalTypeUser))
		h.code("ResourceNotFound")(give(noOne, types.PrincipalTypeUser))
		if list := ok(h.ListApplicationAssignments(ctx, &ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: app}))(t).ApplicationAssignments; len(list) != 2 {
			t.Errorf("assigned to %+v", list)
		}
		pages, n := ssoadmin.NewListApplicationAssignmentsForPrincipalPaginator(h, &ssoadmin.ListApplicationAssignmentsForPrincipalInput{InstanceArn: h.arn, PrincipalId: &alice, PrincipalType: types.PrincipalTypeUser, MaxResults: aws.Int32(1)}), 0
		for pages.HasMorePages() {
			n += len(ok(pages.NextPage(ctx))(t).ApplicationAssignments)
		}
		if n != 2 {
			t.Errorf("alice has %d assignments", n)
		}
		ok(h.DescribeApplicationAssignment(ctx, &ssoadmin.DescribeApplicationAssignmentInput{ApplicationArn: app, PrincipalId: &team, PrincipalType: types.PrincipalTypeGroup}))(t)
		ok(h.DeleteApplicationAssignment(ctx, &ssoadmin.DeleteApplicationAssignmentInput{ApplicationArn: app, PrincipalId: &team, PrincipalType: types.PrincipalTypeGroup}))(t)
		h.code("ResourceNotFound")(h.DescribeApplicationAssignment(ctx, &ssoadmin.DescribeApplicationAssignmentInput{ApplicationArn: app, PrincipalId: &team, PrincipalType: types.PrincipalTypeGroup}))
		h.code("ResourceNotFound")(h.DeleteApplicationAssignment(ctx, &ssoadmin.DeleteApplicationAssignmentInput{ApplicationArn: app, PrincipalId: &team, PrincipalType: types.PrincipalTypeGroup}))

		// How it is set up.
		needed := func() bool {
			return *ok(h.GetApplicationAssignmentConfiguration(ctx, &ssoadmin.GetApplicationAssignmentConfigurationInput{ApplicationArn: app}))(t).AssignmentRequired
		}
		if !needed() {
			t.Error("it is open to all from the start")
		}
		ok(h.PutApplicationAssignmentConfiguration(ctx, &ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: app, AssignmentRequired: aws.Bool(false)}))(t)
		if needed() {
			t.Error("it is not open to all")
		}
		ok(h.PutApplicationSessionConfiguration(ctx, &ssoadmin.PutApplicationSessionConfigurationInput{ApplicationArn: app, UserBackgroundSessionApplicationStatus: types.UserBackgroundSessionApplicationStatusEnabled}))(t)
		if s := ok(h.GetApplicationSessionConfiguration(ctx, &ssoadmin.GetApplicationSessionConfigurationInput{ApplicationArn: app}))(t); s.UserBackgroundSessionApplicationStatus != types.UserBackgroundSessionApplicationStatusEnabled {
			t.Errorf("sessions are %+v", s)
		}

		scope := aws.String("s3:access_grants:read_write")
		h.code("ResourceNotFound")(h.GetApplicationAccessScope(ctx, &ssoadmin.GetApplicationAccessScopeInput{ApplicationArn: app, Scope: scope}))
		ok(h.PutApplicationAccessScope(ctx, &ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app, Scope: scope, AuthorizedTargets: []string{*app}}))(t)
		if got := ok(h.GetApplicationAccessScope(ctx, &ssoadmin.GetApplicationAccessScopeInput{ApplicationArn: app, Scope: scope}))(t); *got.Scope != *scope || len(got.AuthorizedTargets) != 1 {
			t.Errorf("the scope is %+v", got)
		}
		if list := ok(h.ListApplicationAccessScopes(ctx, &ssoadmin.ListApplicationAccessScopesInput{ApplicationArn: app}))(t).Scopes; len(list) != 1 {
			t.Errorf("the scopes are %+v", list)
		}
		ok(h.DeleteApplicationAccessScope(ctx, &ssoadmin.DeleteApplicationAccessScopeInput{ApplicationArn: app, Scope: scope}))(t)
		h.code("ResourceNotFound")(h.DeleteApplicationAccessScope(ctx, &ssoadmin.DeleteApplicationAccessScopeInput{ApplicationArn: app, Scope: scope}))

		actor := map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": string(h.boss.Account)}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}}}
		ok(h.PutApplicationAuthenticationMethod(ctx, &ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: types.AuthenticationMethodTypeIam,
			AuthenticationMethod: &types.AuthenticationMethodMemberIam{Value: types.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(actor)}}}))(t)
		method := ok(h.GetApplicationAuthenticationMethod(ctx, &ssoadmin.GetApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: types.AuthenticationMethodTypeIam}))(t).AuthenticationMethod
		var told map[string]any
		if err := method.(*types.AuthenticationMethodMemberIam).Value.ActorPolicy.UnmarshalSmithyDocument(&told); err != nil || told["Version"] != "2012-10-17" {
			t.Errorf("the actors are %v, %v", told, err)
		}
		if list := ok(h.ListApplicationAuthenticationMethods(ctx, &ssoadmin.ListApplicationAuthenticationMethodsInput{ApplicationArn: app}))(t).AuthenticationMethods; len(list) != 1 {
			t.Errorf("the methods are %+v", list)
		}
		ok(h.DeleteApplicationAuthenticationMethod(ctx, &ssoadmin.DeleteApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: types.AuthenticationMethodTypeIam}))(t)
		h.code("ResourceNotFound")(h.GetApplicationAuthenticationMethod(ctx, &ssoadmin.GetApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: types.AuthenticationMethodTypeIam}))

		issuer := ok(h.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: h.arn, Name: aws.String("okta"), TrustedTokenIssuerType: types.TrustedTokenIssuerTypeOidcJwt,
			TrustedTokenIssuerConfiguration: jwtFrom("https://okta.example.com")}))(t).TrustedTokenIssuerArn
		grants := map[types.GrantType]types.Grant{
			types.GrantTypeAuthorizationCode: &types.GrantMemberAuthorizationCode{Value: types.AuthorizationCodeGrant{RedirectUris: []string{"https://wiki.example.com/callback"}}},
			types.GrantTypeRefreshToken:      &types.GrantMemberRefreshToken{},
			types.GrantTypeTokenExchange:     &types.GrantMemberTokenExchange{},
			types.GrantTypeJwtBearer:         &types.GrantMemberJwtBearer{Value: types.JwtBearerGrant{AuthorizedTokenIssuers: []types.AuthorizedTokenIssuer{{TrustedTokenIssuerArn: issuer, AuthorizedAudiences: []string{"wiki"}}}}},
		}
		for kind, grant := range grants {
			ok(h.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: kind, Grant: grant}))(t)
			if got := ok(h.GetApplicationGrant(ctx, &ssoadmin.GetApplicationGrantInput{ApplicationArn: app, GrantType: kind}))(t).Grant; fmt.Sprintf("%T", got) != fmt.Sprintf("%T", grant) {
				t.Errorf("%s is %T", kind, got)
			}
		}
		h.code("Validation")(h.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: types.GrantTypeRefreshToken, Grant: &types.GrantMemberTokenExchange{}}))
		if list := ok(h.ListApplicationGrants(ctx, &ssoadmin.ListApplicationGrantsInput{ApplicationArn: app}))(t).Grants; len(list) != 4 {
			t.Errorf("the grants are %+v", list)
		}
		ok(h.DeleteApplicationGrant(ctx, &ssoadmin.DeleteApplicationGrantInput{ApplicationArn: app, GrantType: types.GrantTypeRefreshToken}))(t)
		h.code("ResourceNotFound")(h.GetApplicationGrant(ctx, &ssoadmin.GetApplicationGrantInput{ApplicationArn: app, GrantType: types.GrantTypeRefreshToken}))
		h.code("ResourceNotFound")(h.DeleteApplicationGrant(ctx, &ssoadmin.DeleteApplicationGrantInput{ApplicationArn: app, GrantType: types.GrantTypeRefreshToken}))
		ok(h.DeleteTrustedTokenIssuer(ctx, &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: issuer}))(t)
		jwt := ok(h.GetApplicationGrant(ctx, &ssoadmin.GetApplicationGrantInput{ApplicationArn: app, GrantType: types.GrantTypeJwtBearer}))(t).Grant.(*types.GrantMemberJwtBearer)
		if len(jwt.Value.AuthorizedTokenIssuers) != 0 {
			t.Errorf("it still trusts %+v", jwt.Value)
		}
		ok(h.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: app, Tags: []types.Tag{{Key: aws.String("c"), Value: aws.String("d")}}}))(t)
		if tags := ok(h.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: app}))(t).Tags; len(tags) != 2 {
			t.Errorf("the tags are %+v", tags)
		}
		ok(h.DeleteApplication(ctx, &ssoadmin.DeleteApplicationInput{ApplicationArn: app}))(t)
		h.code("ResourceNotFound")(describe())
	})
}

func jwtFrom(url string) *types.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration {
	return &types.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{Value: types.OidcJwtConfiguration{
		IssuerUrl: &url, ClaimAttributePath: aws.String("email"), IdentityStoreAttributePath: aws.String("emails.value"), JwksRetrievalOption: types.JwksRetrievalOptionOpenIdDiscovery}}
}

func TestSSOAdminTrustedTokenIssuer(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		create := func(name, url string) (*ssoadmin.CreateTrustedTokenIssuerOutput, error) {
			return h.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: h.arn, Name: &name, TrustedTokenIssuerType: types.TrustedTokenIssuerTypeOidcJwt, TrustedTokenIssuerConfiguration: jwtFrom(url)})
		}
		made := ok(create("okta", "https://okta.example.com"))(t).TrustedTokenIssuerArn
		h.code("Conflict")(create("again", "https://okta.example.com"))
		h.code("Validation")(create("bad", "ftp://okta.example.com"))
		describe := func() (*ssoadmin.DescribeTrustedTokenIssuerOutput, error) {
			return h.DescribeTrustedTokenIssuer(ctx, &ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: made})
		}
		ok(h.UpdateTrustedTokenIssuer(ctx, &ssoadmin.UpdateTrustedTokenIssuerInput{TrustedTokenIssuerArn: made, Name: aws.String("Okta"),
			TrustedTokenIssuerConfiguration: &types.TrustedTokenIssuerUpdateConfigurationMemberOidcJwtConfiguration{Value: types.OidcJwtUpdateConfiguration{ClaimAttributePath: aws.String("sub")}}}))(t)
		got := ok(describe())(t)
		config := got.TrustedTokenIssuerConfiguration.(*types.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration).Value
		if *got.Name != "Okta" || *config.ClaimAttributePath != "sub" || *config.IssuerUrl != "https://okta.example.com" || *config.IdentityStoreAttributePath != "emails.value" {
			t.Errorf("it is %+v %+v", got, config)
		}
		ok(h.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: made, Tags: []types.Tag{{Key: aws.String("c"), Value: aws.String("d")}}}))(t)
		for i := range 9 {
			ok(create(fmt.Sprintf("i%d", i), fmt.Sprintf("https://%d.example.com", i)))(t)
		}
		h.code("ServiceQuotaExceeded")(create("more", "https://more.example.com"))
		n := 0
		pages := ssoadmin.NewListTrustedTokenIssuersPaginator(h, &ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: h.arn, MaxResults: aws.Int32(4)})
		for pages.HasMorePages() {
			n += len(ok(pages.NextPage(ctx))(t).TrustedTokenIssuers)
		}
		if n != 10 {
			t.Errorf("listed %d", n)
		}
		ok(h.DeleteTrustedTokenIssuer(ctx, &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: made}))(t)
		h.code("ResourceNotFound")(describe())
	})
}

// What the public pipeline asks, in its order, when a permission set's file is new,
// changed and gone.
func TestSSOAdminAsThePublicPipelineCalls(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		found := ok(h.ListInstances(ctx, nil))(t).Instances[0].InstanceArn
		own := func() (arns []string) {
			pages := ssoadmin.NewListPermissionSetsPaginator(h, &ssoadmin.ListPermissionSetsInput{InstanceArn: found})
			for pages.HasMorePages() {
				for _, arn := range ok(pages.NextPage(ctx))(t).PermissionSets {
					for _, tag := range ok(h.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{InstanceArn: found, ResourceArn: &arn}))(t).Tags {
						if *tag.Key == "SSOPipeline" && *tag.Value == "true" {
							arns = append(arns, arn)
						}
					}
				}
			}
			return arns
		}
		if arns := own(); len(arns) != 0 {
			t.Fatalf("there are %v", arns)
		}
		h.set("Somebody-elses")
		set := ok(h.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: found, Name: aws.String("DevOps"), Description: aws.String("d"), RelayState: aws.String("https://console.aws.amazon.com/console/home"),
			SessionDuration: aws.String("PT4H"), Tags: []types.Tag{{Key: aws.String("SSOPipeline"), Value: aws.String("true")}}}))(t).PermissionSet.PermissionSetArn
		for range 2 { // an unchanged file is written again on every run
			_, err := h.AttachManagedPolicyToPermissionSet(ctx, &ssoadmin.AttachManagedPolicyToPermissionSetInput{InstanceArn: found, PermissionSetArn: set, ManagedPolicyArn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")})
			tolerate[*types.ConflictException](t, err)
			_, err = h.AttachCustomerManagedPolicyReferenceToPermissionSet(ctx, &ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput{InstanceArn: found, PermissionSetArn: set, CustomerManagedPolicyReference: &types.CustomerManagedPolicyReference{Name: aws.String("deploy"), Path: aws.String("/")}})
			tolerate[*types.ConflictException](t, err)
			_, err = h.PutPermissionsBoundaryToPermissionSet(ctx, &ssoadmin.PutPermissionsBoundaryToPermissionSetInput{InstanceArn: found, PermissionSetArn: set, PermissionsBoundary: &types.PermissionsBoundary{ManagedPolicyArn: aws.String("arn:aws:iam::aws:policy/PowerUserAccess")}})
			tolerate[*types.ConflictException](t, err)
			ok(h.UpdatePermissionSet(ctx, &ssoadmin.UpdatePermissionSetInput{InstanceArn: found, PermissionSetArn: set, Description: aws.String("d"), SessionDuration: aws.String("PT4H")}))(t)
			ok(h.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: found, PermissionSetArn: set, InlinePolicy: aws.String(readBuckets)}))(t)
			ok(h.ProvisionPermissionSet(ctx, &ssoadmin.ProvisionPermissionSetInput{InstanceArn: found, PermissionSetArn: set, TargetType: types.ProvisionTargetTypeAllProvisionedAccounts}))(t)
		}
		for range 2 { // and what a file has no more is taken away on every run
			_, err := h.DeleteInlinePolicyFromPermissionSet(ctx, &ssoadmin.DeleteInlinePolicyFromPermissionSetInput{InstanceArn: found, PermissionSetArn: set})
			tolerate[*types.ResourceNotFoundException](t, err)
			_, err = h.DeletePermissionsBoundaryFromPermissionSet(ctx, &ssoadmin.DeletePermissionsBoundaryFromPermissionSetInput{InstanceArn: found, PermissionSetArn: set})
			tolerate[*types.ResourceNotFoundException](t, err)
		}
		if s := h.provision(set); s.Status != types.StatusValuesSucceeded {
			t.Errorf("provisioning nowhere ended as %+v", s)
		}
		if arns := own(); len(arns) != 1 || arns[0] != *set {
			t.Errorf("its own are %v", arns)
		}
		h.s.Eventually("the requests before the last, which may end after it", func() bool {
			return len(ok(h.ListPermissionSetProvisioningStatus(ctx, &ssoadmin.ListPermissionSetProvisioningStatusInput{InstanceArn: found,
				Filter: &types.OperationStatusFilter{Status: types.StatusValuesInProgress}}))(t).PermissionSetsProvisioningStatus) == 0
		})
		ok(h.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: found, PermissionSetArn: set}))(t)
		if arns := own(); len(arns) != 0 {
			t.Errorf("there are still %v", arns)
		}
	})
}

// tolerate accepts the exception that the pipeline takes for done.
func tolerate[Exception error](t *testing.T, err error) {
	t.Helper()
	if as := new(Exception); err != nil && !errors.As(err, as) {
		t.Error(err)
	}
}

// What Terraform asks to create, read, update and destroy an account assignment with
// its permission set, in its order.
func TestSSOAdminAsTerraformCalls(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		dev, team := h.account("dev"), h.group("team")
		set := h.set("Terraformed")
		find := func() (n int) {
			pages := ssoadmin.NewListAccountAssignmentsPaginator(h, &ssoadmin.ListAccountAssignmentsInput{InstanceArn: h.arn, PermissionSetArn: set, AccountId: &dev})
			for pages.HasMorePages() {
				for _, a := range ok(pages.NextPage(ctx))(t).AccountAssignments {
					if *a.PrincipalId == team && a.PrincipalType == types.PrincipalTypeGroup {
						n++
					}
				}
			}
			return n
		}
		if find() != 0 {
			t.Fatal("it is there before it is made")
		}
		ok(h.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, InlinePolicy: aws.String(readBuckets)}))(t)
		if s := h.provision(set); s.Status != types.StatusValuesSucceeded {
			t.Fatalf("provisioned %+v", s)
		}
		if s := h.assign(set, team, dev, types.PrincipalTypeGroup); s.Status != types.StatusValuesSucceeded || find() != 1 {
			t.Fatalf("assigned %+v", s)
		}
		ok(h.UpdatePermissionSet(ctx, &ssoadmin.UpdatePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, SessionDuration: aws.String("PT3H")}))(t)
		if s := h.provision(set); s.Status != types.StatusValuesSucceeded {
			t.Errorf("provisioned %+v", s)
		}
		if s := h.unassign(set, team, dev, types.PrincipalTypeGroup); s.Status != types.StatusValuesSucceeded || find() != 0 {
			t.Errorf("removed %+v", s)
		}
		ok(h.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t)
		var gone *types.ResourceNotFoundException
		if _, err := h.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}); !errors.As(err, &gone) {
			t.Errorf("it is %v", err)
		}
	})
}

// everyOperation calls every operation of the client with inputs that name an instance.
func everyOperation(t *testing.T, client *ssoadmin.Client, instance string, each func(name string, err error)) {
	t.Helper()
	known := map[string]string{
		"InstanceArn": instance, "PermissionSetArn": strings.Replace(instance, "instance", "permissionSet", 1) + "/ps-0123456789abcdef", "ResourceArn": instance,
		"ApplicationArn":        "arn:aws:sso::123456789012:application/" + instance[strings.LastIndex(instance, "/")+1:] + "/apl-0123456789abcdef",
		"TrustedTokenIssuerArn": "arn:aws:sso::123456789012:trustedTokenIssuer/" + instance[strings.LastIndex(instance, "/")+1:] + "/tti-" + noOne,
		"PrincipalId":           noOne, "TargetId": nobody, "AccountId": nobody, "Name": "x", "RegionName": "us-west-2", "ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
		"InlinePolicy": readBuckets, "Scope": "a:b", "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom",
		"AccountAssignmentCreationRequestId": noOne, "AccountAssignmentDeletionRequestId": noOne, "ProvisionPermissionSetRequestId": noOne,
		"PrincipalType": "USER", "TargetType": "AWS_ACCOUNT", "AuthenticationMethodType": "IAM", "GrantType": "refresh_token", "UserBackgroundSessionApplicationStatus": "ENABLED", "TrustedTokenIssuerType": "OIDC_JWT",
	}
	v := reflect.ValueOf(client)
	for i := range v.NumMethod() {
		method := v.Type().Method(i)
		if method.Type.NumIn() != 4 || method.Name == "Options" {
			continue
		}
		in := reflect.New(method.Type.In(2).Elem())
		for name, value := range known {
			switch field := in.Elem().FieldByName(name); {
			case !field.IsValid():
			case field.Kind() == reflect.Pointer:
				field.Set(reflect.ValueOf(&value))
			default:
				field.SetString(value)
			}
		}
		switch in := in.Interface().(type) {
		case *ssoadmin.PutApplicationGrantInput:
			in.Grant = &types.GrantMemberRefreshToken{}
		case *ssoadmin.PutApplicationAuthenticationMethodInput:
			in.AuthenticationMethod = &types.AuthenticationMethodMemberIam{Value: types.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(map[string]any{})}}
		case *ssoadmin.PutApplicationAssignmentConfigurationInput:
			in.AssignmentRequired = aws.Bool(true)
		case *ssoadmin.CreateTrustedTokenIssuerInput:
			in.TrustedTokenIssuerConfiguration = jwtFrom("https://a.example.com")
		case *ssoadmin.CreateInstanceAccessControlAttributeConfigurationInput:
			in.InstanceAccessControlAttributeConfiguration = &types.InstanceAccessControlAttributeConfiguration{AccessControlAttributes: []types.AccessControlAttribute{}}
		case *ssoadmin.UpdateInstanceAccessControlAttributeConfigurationInput:
			in.InstanceAccessControlAttributeConfiguration = &types.InstanceAccessControlAttributeConfiguration{AccessControlAttributes: []types.AccessControlAttribute{}}
		case *ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput:
			in.CustomerManagedPolicyReference = &types.CustomerManagedPolicyReference{Name: aws.String("x")}
		case *ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetInput:
			in.CustomerManagedPolicyReference = &types.CustomerManagedPolicyReference{Name: aws.String("x")}
		case *ssoadmin.PutPermissionsBoundaryToPermissionSetInput:
			in.PermissionsBoundary = &types.PermissionsBoundary{ManagedPolicyArn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}
		case *ssoadmin.TagResourceInput:
			in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
		case *ssoadmin.UntagResourceInput:
			in.TagKeys = []string{"a"}
		case *ssoadmin.ProvisionPermissionSetInput:
			in.TargetType = types.ProvisionTargetTypeAllProvisionedAccounts
			in.TargetId = nil
		case *ssoadmin.ListApplicationProvidersInput, *ssoadmin.ListInstancesInput, *ssoadmin.CreateInstanceInput, *ssoadmin.DescribeApplicationProviderInput:
			continue // about no instance
		}
		out := v.Method(i).Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
		err, _ := out[1].Interface().(error)
		each(method.Name, err)
	}
}

// The administrator of another account learns nothing of an instance, whether it is a
// stranger's or its own organization's.
func TestAttackAnotherAccountsInstance(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		none := "arn:aws:sso:::instance/ssoins-0123456789abcdef"
		for what, who := range map[string]*sallyporttest.Signer{"a stranger": h.s.NewAccount("stranger"), "a member": h.root(h.account("member"))} {
			said, asked := map[string]string{}, 0
			everyOperation(t, h.as(who), none, func(name string, err error) { said[name] = fmt.Sprint(err) })
			everyOperation(t, h.as(who), *h.arn, func(name string, err error) {
				asked++
				var api smithy.APIError
				if !errors.As(err, &api) || api.ErrorCode() != "AccessDeniedException" {
					t.Errorf("%s may %s: %v", what, name, err)
					return
				}
				if sameWords(said[name]) != sameWords(err.Error()) {
					t.Errorf("%s is told of %s %q, and of none %q", what, name, err, said[name])
				}
			})
			if asked != 75 {
				t.Errorf("%s asked %d operations", what, asked)
			}
		}
	})
}

// sameWords is an answer less what every one has of its own.
func sameWords(text string) string {
	var out []string
	for _, word := range strings.Fields(text) {
		if !strings.Contains(word, "ssoins-") && !strings.Contains(word, "-") && len(word) < 60 {
			out = append(out, word)
		}
	}
	return strings.Join(out, " ")
}

// A delegate administers the instance, but for what concerns the management account.
func TestSSOAdminDelegate(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		security, dev, alice := h.account("security"), h.account("dev"), h.user("alice")
		orgs, sso := h.boss.Organizations(), aws.String("sso.amazonaws.com")
		ok(orgs.EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: sso}))(t)
		ok(orgs.RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{AccountId: &security, ServicePrincipal: sso}))(t)
		root := h.root(security)
		delegate, master := h.as(root), string(h.boss.Account)
		set := ok(delegate.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: h.arn, Name: aws.String("FromTheDelegate")}))(t).PermissionSet.PermissionSetArn
		if s := h.assigned(ok(delegate.CreateAccountAssignment(ctx, h.assignment(set, alice, dev, types.PrincipalTypeUser)))(t).AccountAssignmentCreationStatus.RequestId); s.Status != types.StatusValuesSucceeded {
			t.Errorf("assigned %+v", s)
		}
		h.code("AccessDenied")(delegate.CreateAccountAssignment(ctx, h.assignment(set, alice, master, types.PrincipalTypeUser)))
		h.code("AccessDenied")(delegate.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: h.arn}))
		h.assign(set, alice, master, types.PrincipalTypeUser)
		h.code("AccessDenied")(delegate.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, InlinePolicy: aws.String(readBuckets)}))
		h.code("AccessDenied")(delegate.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: set, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
		ok(delegate.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: h.arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))(t)
		h.code("AccessDenied")(delegate.DeleteAccountAssignment(ctx, h.removal(set, alice, master, types.PrincipalTypeUser)))
		ok(delegate.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t)

		// Its principals may what its own policies say.
		reader := h.as(root.User("reader", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sso:Describe*","Resource":"*"}}`))
		ok(reader.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t)
		h.code("AccessDenied")(reader.ListPermissionSets(ctx, &ssoadmin.ListPermissionSetsInput{InstanceArn: h.arn}))

		ok(orgs.DeregisterDelegatedAdministrator(ctx, &organizations.DeregisterDelegatedAdministratorInput{AccountId: &security, ServicePrincipal: sso}))(t)
		h.code("AccessDenied")(delegate.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))
	})
}

// Policies can tell permission sets apart by ARN and by tag.
func TestSSOAdminPoliciesNamePermissionSets(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx := t.Context()
		red := ok(h.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: h.arn, Name: aws.String("red"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}))(t).PermissionSet.PermissionSetArn
		blue := h.set("blue")
		allow, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
			map[string]any{"Effect": "Allow", "Action": "sso:DescribePermissionSet", "Resource": *h.arn},
			map[string]any{"Effect": "Allow", "Action": "sso:DescribePermissionSet", "Resource": "arn:aws:sso:::permissionSet/*", "Condition": map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/team": "red"}}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		member := h.as(h.boss.User("red-team", string(allow)))
		ok(member.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: red}))(t)
		h.code("AccessDenied")(member.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: blue}))
	})
}

// A permission set of one instance is not to be had through another.
func TestAttackAnotherInstancesPermissionSet(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx, set := t.Context(), h.set("theirs")
		attacker := h.as(h.s.NewAccount("attacker"))
		own := ok(attacker.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Name: aws.String("own")}))(t).InstanceArn
		ok(attacker.UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: own, PermissionSetsEnabled: aws.Bool(true)}))(t)
		h.code("AccessDenied")(attacker.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: own, PermissionSetArn: set}))
		h.code("AccessDenied")(attacker.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: own, PermissionSetArn: set, InlinePolicy: aws.String(readBuckets)}))
		spliced := strings.Replace(*set, string(h.in.ID), (*own)[strings.LastIndex(*own, "/")+1:], 1)
		h.code("ResourceNotFound")(attacker.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: own, PermissionSetArn: &spliced}))

		// Nor does an account instance reach beyond its own account.
		alice := h.user("alice")
		mine := ok(attacker.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: own, Name: aws.String("mine")}))(t).PermissionSet.PermissionSetArn
		in := h.assignment(mine, alice, string(h.boss.Account), types.PrincipalTypeUser)
		in.InstanceArn = own
		h.code("ResourceNotFound")(attacker.CreateAccountAssignment(ctx, in))
	})
}

// A role that an account's administrator made beforehand, under the name that the
// instance will use, is not taken for the instance's.
func TestAttackARoleUnderAReservedName(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		dev, alice, set := h.account("dev"), h.user("alice"), h.set("Trap")
		h.assign(set, alice, dev, types.PrincipalTypeUser)
		name := h.roles(dev)[0]
		h.unassign(set, alice, dev, types.PrincipalTypeUser)
		admin := h.root(dev)
		_, err := admin.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + dev + `"},"Action":"sts:AssumeRole"}]}`)})
		s := h.assign(set, alice, dev, types.PrincipalTypeUser)
		if err == nil && s.Status != types.StatusValuesFailed {
			t.Errorf("the account's own role was taken: %+v", s)
		}
		if roles := h.roles(dev); err == nil && len(roles) != 0 { // nothing of ours is left beside it
			t.Errorf("there are %v", roles)
		}
	})
}
