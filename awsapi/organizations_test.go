package awsapi_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/sallyporttest"
)

// company is an organization seen through its management account's root user.
type company struct {
	t    *testing.T
	s    *sallyporttest.Sallyport
	boss *sallyporttest.Signer
	*organizations.Client
	org  types.Organization
	root string
}

// eachCompany runs a test on the organization that the first start made.
func eachCompany(t *testing.T, test func(t *testing.T, c *company)) {
	t.Helper()
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) { test(t, companyOf(t, s, s.Root())) })
}

func companyOf(t *testing.T, s *sallyporttest.Sallyport, boss *sallyporttest.Signer) *company {
	t.Helper()
	c := &company{t: t, s: s, boss: boss, Client: boss.Organizations()}
	c.org = *must[*organizations.DescribeOrganizationOutput](t)(c.DescribeOrganization(t.Context(), nil)).Organization
	roots := must[*organizations.ListRootsOutput](t)(c.ListRoots(t.Context(), nil)).Roots
	c.root = *roots[0].Id
	return c
}

// found makes an organization of a new account.
func found(t *testing.T, s *sallyporttest.Sallyport, name string, features types.OrganizationFeatureSet) *company {
	t.Helper()
	boss := s.NewAccount(name)
	must[*organizations.CreateOrganizationOutput](t)(boss.Organizations().CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{FeatureSet: features}))
	return companyOf(t, s, boss)
}

// create makes an account and waits for it, as Terraform does.
func (c *company) create(name string) string {
	c.t.Helper()
	out := must[*organizations.CreateAccountOutput](c.t)(c.CreateAccount(c.t.Context(), &organizations.CreateAccountInput{
		AccountName: &name, Email: aws.String(name + "@example.com"),
	}))
	status := c.finished(out.CreateAccountStatus)
	if status.State != types.CreateAccountStateSucceeded {
		c.t.Fatalf("the account %s came to %+v", name, status)
	}
	return *status.AccountId
}

func (c *company) finished(status *types.CreateAccountStatus) *types.CreateAccountStatus {
	c.t.Helper()
	for range 400 {
		status = must[*organizations.DescribeCreateAccountStatusOutput](c.t)(c.DescribeCreateAccountStatus(c.t.Context(),
			&organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: status.Id})).CreateAccountStatus
		if status.State != types.CreateAccountStateInProgress {
			return status
		}
		time.Sleep(25 * time.Millisecond)
	}
	c.t.Fatalf("%+v does not end", status)
	return nil
}

func (c *company) unit(parent, name string) string {
	c.t.Helper()
	out := must[*organizations.CreateOrganizationalUnitOutput](c.t)(c.CreateOrganizationalUnit(c.t.Context(),
		&organizations.CreateOrganizationalUnitInput{ParentId: &parent, Name: &name}))
	return *out.OrganizationalUnit.Id
}

func (c *company) policy(kind types.PolicyType, name, content string) string {
	c.t.Helper()
	out := must[*organizations.CreatePolicyOutput](c.t)(c.CreatePolicy(c.t.Context(),
		&organizations.CreatePolicyInput{Type: kind, Name: &name, Description: aws.String(""), Content: &content}))
	return *out.Policy.PolicySummary.Id
}

func (c *company) enable(kind types.PolicyType) {
	c.t.Helper()
	must[*organizations.EnablePolicyTypeOutput](c.t)(c.EnablePolicyType(c.t.Context(), &organizations.EnablePolicyTypeInput{RootId: &c.root, PolicyType: kind}))
}

// member acts as the root user of a member account.
func (c *company) member(id string) *organizations.Client {
	c.t.Helper()
	return c.s.RootOf(account.ID(id)).Organizations()
}

// refusal wants an exception of the model, with its member Reason where it has one.
func refusal(t *testing.T, exception, reason string) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		var api smithy.APIError
		if !errors.As(err, &api) || strings.TrimSuffix(api.ErrorCode(), "Exception") != exception {
			t.Errorf("got %v, want %s", err, exception)
			return
		}
		got := ""
		switch err := api.(type) {
		case *types.ConstraintViolationException:
			got = string(err.Reason)
		case *types.HandshakeConstraintViolationException:
			got = string(err.Reason)
		case *types.InvalidInputException:
			got = string(err.Reason)
		}
		if got != reason {
			t.Errorf("got the reason %q, want %q: %v", got, reason, err)
		}
	}
}

const (
	denyBuckets = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`
	denyToAll   = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}`
	nobody      = "000000000000"
	noUnit      = "ou-none-12345678"
	noPolicy    = "p-nosuchpolicy"
)

func TestOrganizationsOrganization(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := found(t, s, "boss", "")
		id, master := *c.org.Id, string(c.boss.Account)
		if c.org.FeatureSet != types.OrganizationFeatureSetAll || *c.org.MasterAccountId != master || *c.org.MasterAccountEmail != "boss@example.com" ||
			*c.org.Arn != "arn:aws:organizations::"+master+":organization/"+id || *c.org.MasterAccountArn != "arn:aws:organizations::"+master+":account/"+id+"/"+master {
			t.Errorf("made %+v", c.org)
		}
		refusal(t, "AlreadyInOrganization", "")(c.CreateOrganization(t.Context(), nil))
		refusal(t, "InvalidInput", "")(s.NewAccount("x").Organizations().CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{FeatureSet: "SOME"}))
		refusal(t, "AWSOrganizationsNotInUse", "")(s.NewAccount("alone").Organizations().DescribeOrganization(t.Context(), nil))
		refusal(t, "AWSOrganizationsNotInUse", "")(s.NewAccount("lonely").Organizations().ListAccounts(t.Context(), nil))
		refusal(t, "UnrecognizedClient", "")(s.Nobody().Organizations().DescribeOrganization(t.Context(), nil))

		insider := c.member(c.create("dev"))
		of := must[*organizations.DescribeOrganizationOutput](t)(insider.DescribeOrganization(t.Context(), nil)).Organization
		if *of.Id != id {
			t.Errorf("a member sees the organization %s", *of.Id)
		}
		refusal(t, "AccessDenied", "")(insider.DeleteOrganization(t.Context(), nil))
		refusal(t, "OrganizationNotEmpty", "")(c.DeleteOrganization(t.Context(), nil))
		refusal(t, "MasterCannotLeaveOrganization", "")(c.LeaveOrganization(t.Context(), nil))
		must[*organizations.LeaveOrganizationOutput](t)(insider.LeaveOrganization(t.Context(), nil))
		must[*organizations.DeleteOrganizationOutput](t)(c.DeleteOrganization(t.Context(), nil))
		refusal(t, "AWSOrganizationsNotInUse", "")(c.DescribeOrganization(t.Context(), nil))
	})
}

func TestOrganizationsUnits(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		made := must[*organizations.CreateOrganizationalUnitOutput](t)(c.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{
			ParentId: &c.root, Name: aws.String("Workloads"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}},
		})).OrganizationalUnit
		if want := fmt.Sprintf("%s/%s/%s/", *c.org.Id, c.root, *made.Id); *made.Path != want ||
			*made.Arn != fmt.Sprintf("arn:aws:organizations::%s:ou/%s/%s", *c.org.MasterAccountId, *c.org.Id, *made.Id) {
			t.Errorf("made %v, want the path %s", made, want)
		}
		create := func(parent, name string) (any, error) {
			return c.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: &parent, Name: &name})
		}
		refusal(t, "DuplicateOrganizationalUnit", "")(create(c.root, "Workloads"))
		refusal(t, "ParentNotFound", "")(create(noUnit, "x"))
		refusal(t, "InvalidInput", "")(create("nonsense", "x"))
		parent := *made.Id
		for range 4 {
			parent = c.unit(parent, "deeper")
		}
		refusal(t, "ConstraintViolation", "OU_DEPTH_LIMIT_EXCEEDED")(create(parent, "too deep"))

		other := c.unit(c.root, "Other")
		update := func(id, name string) (*organizations.UpdateOrganizationalUnitOutput, error) {
			return c.UpdateOrganizationalUnit(ctx, &organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: &id, Name: &name})
		}
		refusal(t, "DuplicateOrganizationalUnit", "")(update(other, "Workloads"))
		refusal(t, "OrganizationalUnitNotFound", "")(update(noUnit, "x"))
		must[*organizations.UpdateOrganizationalUnitOutput](t)(update(other, "Sandbox"))
		got := must[*organizations.DescribeOrganizationalUnitOutput](t)(c.DescribeOrganizationalUnit(ctx, &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: &other}))
		if *got.OrganizationalUnit.Name != "Sandbox" {
			t.Errorf("renamed to %s", *got.OrganizationalUnit.Name)
		}
		refusal(t, "OrganizationalUnitNotFound", "")(c.DescribeOrganizationalUnit(ctx, &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: aws.String(noUnit)}))
		remove := func(id string) (any, error) {
			return c.DeleteOrganizationalUnit(ctx, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &id})
		}
		refusal(t, "OrganizationalUnitNotEmpty", "")(remove(*made.Id))
		must[any](t)(remove(other))
		refusal(t, "OrganizationalUnitNotFound", "")(remove(other))

		parents := must[*organizations.ListParentsOutput](t)(c.ListParents(ctx, &organizations.ListParentsInput{ChildId: made.Id})).Parents
		if len(parents) != 1 || *parents[0].Id != c.root || parents[0].Type != types.ParentTypeRoot {
			t.Errorf("its parents are %+v", parents)
		}
		refusal(t, "ChildNotFound", "")(c.ListParents(ctx, &organizations.ListParentsInput{ChildId: aws.String(noUnit)}))
		refusal(t, "ParentNotFound", "")(c.ListChildren(ctx, &organizations.ListChildrenInput{ParentId: aws.String(noUnit), ChildType: types.ChildTypeAccount}))
		refusal(t, "ParentNotFound", "")(c.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: aws.String(noUnit)}))
		refusal(t, "ParentNotFound", "")(c.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String(noUnit)}))
		children := must[*organizations.ListChildrenOutput](t)(c.ListChildren(ctx, &organizations.ListChildrenInput{ParentId: &c.root, ChildType: types.ChildTypeOrganizationalUnit})).Children
		if len(children) != 1 || *children[0].Id != *made.Id || children[0].Type != types.ChildTypeOrganizationalUnit {
			t.Errorf("below the root are %+v", children)
		}
	})
}

func TestOrganizationsAccounts(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		started := must[*organizations.CreateAccountOutput](t)(c.CreateAccount(ctx, &organizations.CreateAccountInput{
			AccountName: aws.String("dev"), Email: aws.String("dev@example.com"), RoleName: aws.String("Admin"), IamUserAccessToBilling: types.IAMUserAccessToBillingDeny,
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}},
		})).CreateAccountStatus
		if started.State != types.CreateAccountStateInProgress || started.AccountId != nil || *started.AccountName != "dev" {
			t.Errorf("started as %+v", started)
		}
		done := c.finished(started)
		id := aws.ToString(done.AccountId)
		if done.State != types.CreateAccountStateSucceeded || done.CompletedTimestamp == nil {
			t.Fatalf("came to %+v", done)
		}
		a := must[*organizations.DescribeAccountOutput](t)(c.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &id})).Account
		if *a.Name != "dev" || *a.Email != "dev@example.com" || a.Status != types.AccountStatusActive || a.State != types.AccountStateActive ||
			a.JoinedMethod != types.AccountJoinedMethodCreated || *a.Arn != fmt.Sprintf("arn:aws:organizations::%s:account/%s/%s", *c.org.MasterAccountId, *c.org.Id, id) {
			t.Errorf("made %+v", a)
		}
		// The management account's principals get in through the role.
		admin := c.boss.User("ops", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`)
		mustBeWho(t, admin.Assume("arn:aws:iam::"+id+":role/Admin"), "arn:aws:sts::"+id+":assumed-role/Admin/")

		again := c.finished(must[*organizations.CreateAccountOutput](t)(c.CreateAccount(ctx, &organizations.CreateAccountInput{
			AccountName: aws.String("again"), Email: aws.String("Dev@example.com"),
		})).CreateAccountStatus)
		if again.State != types.CreateAccountStateFailed || again.FailureReason != types.CreateAccountFailureReasonEmailAlreadyExists {
			t.Errorf("the same address came to %+v", again)
		}
		failed := must[*organizations.ListCreateAccountStatusOutput](t)(c.ListCreateAccountStatus(ctx, &organizations.ListCreateAccountStatusInput{
			States: []types.CreateAccountState{types.CreateAccountStateFailed, types.CreateAccountStateInProgress},
		})).CreateAccountStatuses
		if len(failed) != 1 || *failed[0].Id != *again.Id {
			t.Errorf("failed: %+v", failed)
		}
		refusal(t, "InvalidInput", "INVALID_ENUM")(c.ListCreateAccountStatus(ctx, &organizations.ListCreateAccountStatusInput{States: []types.CreateAccountState{"DONE"}}))
		refusal(t, "CreateAccountStatusNotFound", "")(c.DescribeCreateAccountStatus(ctx, &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: aws.String("car-12345678")}))
		refusal(t, "InvalidInput", "INVALID_ROLE_NAME")(c.CreateAccount(ctx, &organizations.CreateAccountInput{
			AccountName: aws.String("x"), Email: aws.String("x@example.com"), RoleName: aws.String("AWSServiceRoleForX")}))
		refusal(t, "InvalidInput", "")(c.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("x"), Email: aws.String("nobody")}))
		refusal(t, "UnsupportedAPIEndpoint", "")(c.CreateGovCloudAccount(ctx, &organizations.CreateGovCloudAccountInput{AccountName: aws.String("x"), Email: aws.String("x@example.com")}))
		refusal(t, "AccountNotFound", "")(c.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: aws.String(nobody)}))

		unit := c.unit(c.root, "Workloads")
		move := func(account, from, to string) (any, error) {
			return c.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &account, SourceParentId: &from, DestinationParentId: &to})
		}
		refusal(t, "SourceParentNotFound", "")(move(id, unit, c.unit(c.root, "Elsewhere")))
		refusal(t, "SourceParentNotFound", "")(move(id, noUnit, unit))
		refusal(t, "DestinationParentNotFound", "")(move(id, c.root, noUnit))
		refusal(t, "AccountNotFound", "")(move(nobody, c.root, unit))
		must[any](t)(move(id, c.root, unit))
		refusal(t, "DuplicateAccount", "")(move(id, unit, unit))
		below := must[*organizations.ListAccountsForParentOutput](t)(c.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &unit})).Accounts
		if len(below) != 1 || *below[0].Id != id || below[0].Paths[0] != fmt.Sprintf("%s/%s/%s/%s/", *c.org.Id, c.root, unit, id) {
			t.Errorf("below the unit are %+v", below)
		}

		shut := func(id string) (any, error) {
			return c.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &id})
		}
		refusal(t, "ConstraintViolation", "CANNOT_CLOSE_MANAGEMENT_ACCOUNT")(shut(*c.org.MasterAccountId))
		refusal(t, "AccountNotFound", "")(shut(nobody))
		insider := c.member(id)
		must[any](t)(shut(id))
		refusal(t, "AccountAlreadyClosed", "")(shut(id))
		refusal(t, "UnrecognizedClient", "")(insider.DescribeOrganization(ctx, nil))
		a = must[*organizations.DescribeAccountOutput](t)(c.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &id})).Account
		if a.Status != types.AccountStatusSuspended || a.State != types.AccountStateClosed {
			t.Errorf("closed it is %s, %s", a.Status, a.State)
		}
		drop := func(id string) (any, error) {
			return c.RemoveAccountFromOrganization(ctx, &organizations.RemoveAccountFromOrganizationInput{AccountId: &id})
		}
		refusal(t, "MasterCannotLeaveOrganization", "")(drop(*c.org.MasterAccountId))
		must[any](t)(drop(id))
		refusal(t, "AccountNotFound", "")(drop(id))
	})
}

func TestOrganizationsPolicies(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		roots := func() []types.PolicyTypeSummary {
			return must[*organizations.ListRootsOutput](t)(c.ListRoots(ctx, nil)).Roots[0].PolicyTypes
		}
		if got := roots(); len(got) > 0 {
			t.Errorf("%v are enabled from the start", got)
		}
		toggle := func(root string, kind types.PolicyType) (any, error) {
			return c.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &root, PolicyType: kind})
		}
		must[any](t)(toggle(c.root, types.PolicyTypeServiceControlPolicy))
		c.enable(types.PolicyTypeResourceControlPolicy)
		c.enable(types.PolicyTypeTagPolicy)
		if got := roots(); len(got) != 3 || got[0].Status != types.PolicyTypeStatusEnabled {
			t.Errorf("enabled: %v", got)
		}
		refusal(t, "PolicyTypeAlreadyEnabled", "")(toggle(c.root, types.PolicyTypeServiceControlPolicy))
		refusal(t, "RootNotFound", "")(toggle("r-none", types.PolicyTypeServiceControlPolicy))
		refusal(t, "PolicyTypeNotAvailableForOrganization", "")(toggle(c.root, types.PolicyTypeBackupPolicy))
		off := func(kind types.PolicyType) (any, error) {
			return c.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: &c.root, PolicyType: kind})
		}
		must[any](t)(off(types.PolicyTypeTagPolicy))
		refusal(t, "PolicyTypeNotEnabled", "")(off(types.PolicyTypeTagPolicy))
		refusal(t, "RootNotFound", "")(c.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: aws.String("r-none"), PolicyType: types.PolicyTypeTagPolicy}))

		create := func(kind types.PolicyType, name, content string) (any, error) {
			return c.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: kind, Name: &name, Description: aws.String("d"), Content: &content})
		}
		deny := c.policy(types.PolicyTypeServiceControlPolicy, "deny", denyBuckets)
		tag := c.policy(types.PolicyTypeTagPolicy, "tags", `{"tags":{}}`)
		refusal(t, "DuplicatePolicy", "")(create(types.PolicyTypeServiceControlPolicy, "deny", denyBuckets))
		refusal(t, "MalformedPolicyDocument", "")(create(types.PolicyTypeServiceControlPolicy, "bad", `{"Version":"2012-10-17"}`))
		refusal(t, "MalformedPolicyDocument", "")(create(types.PolicyTypeTagPolicy, "bad", `{}`))
		refusal(t, "ConstraintViolation", "POLICY_CONTENT_LIMIT_EXCEEDED")(create(types.PolicyTypeServiceControlPolicy, "long", denyBuckets+strings.Repeat(" ", 10_240)))
		refusal(t, "PolicyTypeNotAvailableForOrganization", "")(create(types.PolicyTypeChatbotPolicy, "chat", `{}`))
		refusal(t, "InvalidInput", "")(create("SOME_POLICY", "some", `{}`))

		p := must[*organizations.DescribePolicyOutput](t)(c.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &deny})).Policy
		if *p.Content != denyBuckets || *p.PolicySummary.Name != "deny" || p.PolicySummary.AwsManaged ||
			*p.PolicySummary.Arn != fmt.Sprintf("arn:aws:organizations::%s:policy/%s/service_control_policy/%s", *c.org.MasterAccountId, *c.org.Id, deny) {
			t.Errorf("made %+v", p)
		}
		refusal(t, "PolicyNotFound", "")(c.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: aws.String(noPolicy)}))
		update := func(id string, in organizations.UpdatePolicyInput) (*organizations.UpdatePolicyOutput, error) {
			in.PolicyId = &id
			return c.UpdatePolicy(ctx, &in)
		}
		refusal(t, "InvalidInput", "IMMUTABLE_POLICY")(update("p-FullAWSAccess", organizations.UpdatePolicyInput{Name: aws.String("x")}))
		refusal(t, "MalformedPolicyDocument", "")(update(deny, organizations.UpdatePolicyInput{Content: aws.String("{}")}))
		refusal(t, "PolicyNotFound", "")(update(noPolicy, organizations.UpdatePolicyInput{}))
		changed := must[*organizations.UpdatePolicyOutput](t)(update(deny, organizations.UpdatePolicyInput{Description: aws.String("no buckets")})).Policy
		if *changed.PolicySummary.Description != "no buckets" || *changed.Content != denyBuckets {
			t.Errorf("changed to %+v", changed)
		}

		attach := func(policy, target string) (any, error) {
			return c.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &policy, TargetId: &target})
		}
		detach := func(policy, target string) (any, error) {
			return c.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: &policy, TargetId: &target})
		}
		refusal(t, "PolicyTypeNotEnabled", "")(attach(tag, c.root))
		refusal(t, "PolicyNotFound", "")(attach(noPolicy, c.root))
		refusal(t, "TargetNotFound", "")(attach(deny, noUnit))
		refusal(t, "TargetNotFound", "")(attach(deny, nobody))
		refusal(t, "PolicyNotAttached", "")(detach(deny, c.root))
		refusal(t, "ConstraintViolation", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")(detach("p-FullAWSAccess", c.root))
		refusal(t, "InvalidInput", "NON_DETACHABLE_POLICY")(detach("p-RCPFullAWSAccess", c.root))
		must[any](t)(attach(deny, c.root))
		refusal(t, "DuplicatePolicyAttachment", "")(attach(deny, c.root))
		remove := func(id string) (any, error) {
			return c.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: &id})
		}
		refusal(t, "PolicyInUse", "")(remove(deny))
		for i := range 4 {
			must[any](t)(attach(c.policy(types.PolicyTypeResourceControlPolicy, fmt.Sprint("r", i), denyToAll), c.root))
		}
		refusal(t, "ConstraintViolation", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")(attach(c.policy(types.PolicyTypeResourceControlPolicy, "sixth", denyToAll), c.root))

		targets := must[*organizations.ListTargetsForPolicyOutput](t)(c.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: &deny})).Targets
		if len(targets) != 1 || *targets[0].TargetId != c.root || targets[0].Type != types.TargetTypeRoot || *targets[0].Name != "Root" {
			t.Errorf("attached to %+v", targets)
		}
		refusal(t, "PolicyNotFound", "")(c.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: aws.String(noPolicy)}))
		on := must[*organizations.ListPoliciesForTargetOutput](t)(c.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: &c.root, Filter: types.PolicyTypeServiceControlPolicy})).Policies
		if len(on) != 2 {
			t.Errorf("the root has %+v", on)
		}
		refusal(t, "TargetNotFound", "")(c.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: aws.String(nobody), Filter: types.PolicyTypeServiceControlPolicy}))
		all := must[*organizations.ListPoliciesOutput](t)(c.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: types.PolicyTypeServiceControlPolicy})).Policies
		if len(all) != 2 || *all[0].Id != "p-FullAWSAccess" || !all[0].AwsManaged || *all[0].Arn != "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess" {
			t.Errorf("all are %+v", all)
		}
		if none := must[*organizations.ListPoliciesOutput](t)(c.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: types.PolicyTypeBackupPolicy})).Policies; len(none) != 0 {
			t.Errorf("backup policies are %+v", none)
		}
		must[any](t)(detach(deny, c.root))
		must[any](t)(remove(deny))
		refusal(t, "PolicyNotFound", "")(remove(deny))
		refusal(t, "InvalidInput", "IMMUTABLE_POLICY")(remove("p-FullAWSAccess"))
	})
}

// A service control policy holds back even the root user of a member account, from
// the next request on.
func TestOrganizationsPoliciesHoldMembersBack(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		id, unit := c.create("dev"), c.unit(c.root, "Locked")
		insider := c.member(id)
		c.enable(types.PolicyTypeServiceControlPolicy)
		stay := c.policy(types.PolicyTypeServiceControlPolicy, "stay",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}`)
		must[*organizations.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &stay, TargetId: &unit}))
		must[*organizations.MoveAccountOutput](t)(c.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &id, SourceParentId: &c.root, DestinationParentId: &unit}))
		refusal(t, "AccessDenied", "")(insider.LeaveOrganization(ctx, nil))
		must[*organizations.DescribeOrganizationOutput](t)(insider.DescribeOrganization(ctx, nil))
		must[*organizations.DetachPolicyOutput](t)(c.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: &stay, TargetId: &unit}))
		must[*organizations.LeaveOrganizationOutput](t)(insider.LeaveOrganization(ctx, nil))
	})
}

func TestOrganizationsEffectivePolicies(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		id := c.create("dev")
		insider := c.member(id)
		of := func(client *organizations.Client, target *string) (*organizations.DescribeEffectivePolicyOutput, error) {
			return client.DescribeEffectivePolicy(ctx, &organizations.DescribeEffectivePolicyInput{PolicyType: types.EffectivePolicyTypeTagPolicy, TargetId: target})
		}
		refusal(t, "EffectivePolicyNotFound", "")(of(c.Client, &id))
		refusal(t, "EffectivePolicyNotFound", "")(c.ListAccountsWithInvalidEffectivePolicy(ctx, &organizations.ListAccountsWithInvalidEffectivePolicyInput{PolicyType: types.EffectivePolicyTypeTagPolicy}))
		c.enable(types.PolicyTypeTagPolicy)
		tag := c.policy(types.PolicyTypeTagPolicy, "tags", `{"tags":{"Team":{"tag_key":{"@@assign":"Team"},"tag_value":{"@@assign":["red","blue"]}}}}`)
		must[*organizations.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &tag, TargetId: &c.root}))
		for _, got := range []*organizations.DescribeEffectivePolicyOutput{
			must[*organizations.DescribeEffectivePolicyOutput](t)(of(c.Client, &id)),
			must[*organizations.DescribeEffectivePolicyOutput](t)(of(insider, nil)),
			must[*organizations.DescribeEffectivePolicyOutput](t)(of(insider, &id)),
		} {
			if p := got.EffectivePolicy; *p.TargetId != id || *p.PolicyContent != `{"tags":{"team":{"tag_key":"Team","tag_value":["red","blue"]}}}` || p.LastUpdatedTimestamp.IsZero() {
				t.Errorf("it is %+v", p)
			}
		}
		refusal(t, "AccessDenied", "")(of(insider, c.org.MasterAccountId))
		refusal(t, "InvalidInput", "TARGET_NOT_SUPPORTED")(of(c.Client, &c.root))
		refusal(t, "TargetNotFound", "")(of(c.Client, aws.String(nobody)))
		none := must[*organizations.ListAccountsWithInvalidEffectivePolicyOutput](t)(c.ListAccountsWithInvalidEffectivePolicy(ctx,
			&organizations.ListAccountsWithInvalidEffectivePolicyInput{PolicyType: types.EffectivePolicyTypeTagPolicy}))
		if len(none.Accounts) != 0 {
			t.Errorf("invalid: %+v", none.Accounts)
		}
		clean := must[*organizations.ListEffectivePolicyValidationErrorsOutput](t)(c.ListEffectivePolicyValidationErrors(ctx,
			&organizations.ListEffectivePolicyValidationErrorsInput{AccountId: &id, PolicyType: types.EffectivePolicyTypeTagPolicy}))
		if len(clean.EffectivePolicyValidationErrors) != 0 || *clean.Path != fmt.Sprintf("%s/%s/%s/", *c.org.Id, c.root, id) {
			t.Errorf("errors: %+v", clean)
		}
		refusal(t, "AccountNotFound", "")(c.ListEffectivePolicyValidationErrors(ctx,
			&organizations.ListEffectivePolicyValidationErrorsInput{AccountId: aws.String(nobody), PolicyType: types.EffectivePolicyTypeTagPolicy}))
	})
}

func TestOrganizationsHandshakes(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		guest, stranger := c.s.NewAccount("guest"), c.s.NewAccount("stranger")
		invite := func(kind types.HandshakePartyType, id string) (*organizations.InviteAccountToOrganizationOutput, error) {
			return c.InviteAccountToOrganization(ctx, &organizations.InviteAccountToOrganizationInput{
				Target: &types.HandshakeParty{Type: kind, Id: &id}, Notes: aws.String("come"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}},
			})
		}
		refusal(t, "InvalidInput", "INVALID_PARTY_TYPE_TARGET")(invite(types.HandshakePartyTypeOrganization, "o-1234567890"))
		refusal(t, "InvalidInput", "INVALID_EMAIL_ADDRESS_TARGET")(invite(types.HandshakePartyTypeEmail, "nobody"))
		refusal(t, "HandshakeConstraintViolation", "ALREADY_IN_AN_ORGANIZATION")(invite(types.HandshakePartyTypeAccount, *c.org.MasterAccountId))
		first := must[*organizations.InviteAccountToOrganizationOutput](t)(invite(types.HandshakePartyTypeAccount, string(guest.Account))).Handshake
		if first.State != types.HandshakeStateOpen || first.Action != types.ActionTypeInviteAccountToOrganization || len(first.Parties) != 2 ||
			*first.Arn != fmt.Sprintf("arn:aws:organizations::%s:handshake/%s/invite/%s", *c.org.MasterAccountId, *c.org.Id, *first.Id) || len(first.Resources) != 3 || len(first.Resources[0].Resources) != 3 {
			t.Errorf("invited by %+v", first)
		}
		refusal(t, "DuplicateHandshake", "")(invite(types.HandshakePartyTypeAccount, string(guest.Account)))
		accept := func(who *sallyporttest.Signer, id *string) (*organizations.AcceptHandshakeOutput, error) {
			return who.Organizations().AcceptHandshake(ctx, &organizations.AcceptHandshakeInput{HandshakeId: id})
		}
		refusal(t, "HandshakeNotFound", "")(accept(stranger, first.Id))
		refusal(t, "AccessDenied", "")(accept(c.boss, first.Id))
		refusal(t, "HandshakeNotFound", "")(stranger.Organizations().DescribeHandshake(ctx, &organizations.DescribeHandshakeInput{HandshakeId: first.Id}))
		refusal(t, "HandshakeNotFound", "")(stranger.Organizations().CancelHandshake(ctx, &organizations.CancelHandshakeInput{HandshakeId: first.Id}))

		must[*organizations.CancelHandshakeOutput](t)(c.CancelHandshake(ctx, &organizations.CancelHandshakeInput{HandshakeId: first.Id}))
		refusal(t, "HandshakeAlreadyInState", "")(c.CancelHandshake(ctx, &organizations.CancelHandshakeInput{HandshakeId: first.Id}))
		refusal(t, "InvalidHandshakeTransition", "")(accept(guest, first.Id))
		second := must[*organizations.InviteAccountToOrganizationOutput](t)(invite(types.HandshakePartyTypeEmail, "guest@example.com")).Handshake
		must[*organizations.DeclineHandshakeOutput](t)(guest.Organizations().DeclineHandshake(ctx, &organizations.DeclineHandshakeInput{HandshakeId: second.Id}))
		refusal(t, "InvalidHandshakeTransition", "")(c.CancelHandshake(ctx, &organizations.CancelHandshakeInput{HandshakeId: second.Id}))
		third := must[*organizations.InviteAccountToOrganizationOutput](t)(invite(types.HandshakePartyTypeEmail, "guest@example.com")).Handshake
		listed := must[*organizations.ListHandshakesForAccountOutput](t)(guest.Organizations().ListHandshakesForAccount(ctx, nil)).Handshakes
		if len(listed) != 3 {
			t.Errorf("the guest is shown %+v", listed)
		}
		accepted := must[*organizations.AcceptHandshakeOutput](t)(accept(guest, third.Id)).Handshake
		if accepted.State != types.HandshakeStateAccepted {
			t.Errorf("accepted as %+v", accepted)
		}
		refusal(t, "HandshakeAlreadyInState", "")(accept(guest, third.Id))
		joined := must[*organizations.DescribeAccountOutput](t)(c.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: aws.String(string(guest.Account))})).Account
		if joined.JoinedMethod != types.AccountJoinedMethodInvited {
			t.Errorf("joined as %+v", joined)
		}
		tags := must[*organizations.ListTagsForResourceOutput](t)(c.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: aws.String(string(guest.Account))})).Tags
		if len(tags) != 1 || *tags[0].Value != "red" {
			t.Errorf("joined with the tags %+v", tags)
		}
		sent := must[*organizations.ListHandshakesForOrganizationOutput](t)(c.ListHandshakesForOrganization(ctx, &organizations.ListHandshakesForOrganizationInput{
			Filter: &types.HandshakeFilter{ActionType: types.ActionTypeInviteAccountToOrganization}})).Handshakes
		if len(sent) != 3 {
			t.Errorf("sent: %+v", sent)
		}
		refusal(t, "InvalidInput", "MAX_FILTER_LIMIT_EXCEEDED")(c.ListHandshakesForOrganization(ctx, &organizations.ListHandshakesForOrganizationInput{
			Filter: &types.HandshakeFilter{ActionType: types.ActionTypeInviteAccountToOrganization, ParentHandshakeId: third.Id}}))

		refusal(t, "InvalidInput", "INVALID_ENUM")(c.ListHandshakesForOrganization(ctx, &organizations.ListHandshakesForOrganizationInput{Filter: &types.HandshakeFilter{ActionType: "MARRY"}}))

		other := found(t, c.s, "rival", "")
		refusal(t, "InvalidHandshakeTransition", "")(accept(guest, expired(t, other, guest.Account)))
		late := must[*organizations.InviteAccountToOrganizationOutput](t)(other.InviteAccountToOrganization(ctx, &organizations.InviteAccountToOrganizationInput{
			Target: &types.HandshakeParty{Type: types.HandshakePartyTypeAccount, Id: aws.String(string(guest.Account))}})).Handshake
		refusal(t, "HandshakeConstraintViolation", "ALREADY_IN_AN_ORGANIZATION")(accept(guest, late.Id))
		refusal(t, "HandshakeConstraintViolation", "ORGANIZATION_ALREADY_HAS_ALL_FEATURES")(c.EnableAllFeatures(ctx, nil))
	})
}

// expired is an invitation that nobody answered for 15 days.
func expired(t *testing.T, c *company, guest account.ID) *string {
	t.Helper()
	h := must[*organizations.InviteAccountToOrganizationOutput](t)(c.InviteAccountToOrganization(t.Context(), &organizations.InviteAccountToOrganizationInput{
		Target: &types.HandshakeParty{Type: types.HandshakePartyTypeAccount, Id: aws.String(string(guest))}})).Handshake
	c.s.Clock.Advance(15*24*time.Hour + time.Minute)
	return h.Id
}

func TestOrganizationsEnableAllFeatures(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c, guest, ctx := found(t, s, "boss", types.OrganizationFeatureSetConsolidatedBilling), s.NewAccount("guest"), t.Context()
		invitation := must[*organizations.InviteAccountToOrganizationOutput](t)(c.InviteAccountToOrganization(ctx, &organizations.InviteAccountToOrganizationInput{
			Target: &types.HandshakeParty{Type: types.HandshakePartyTypeAccount, Id: aws.String(string(guest.Account))}})).Handshake
		must[*organizations.AcceptHandshakeOutput](t)(guest.Organizations().AcceptHandshake(ctx, &organizations.AcceptHandshakeInput{HandshakeId: invitation.Id}))
		refusal(t, "PolicyTypeNotAvailableForOrganization", "")(c.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &c.root, PolicyType: types.PolicyTypeServiceControlPolicy}))
		refusal(t, "ConstraintViolation", "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE")(c.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: aws.String(string(guest.Account))}))
		start := must[*organizations.EnableAllFeaturesOutput](t)(c.EnableAllFeatures(ctx, nil)).Handshake
		refusal(t, "HandshakeConstraintViolation", "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION")(c.EnableAllFeatures(ctx, nil))
		refusal(t, "InvalidHandshakeTransition", "")(c.AcceptHandshake(ctx, &organizations.AcceptHandshakeInput{HandshakeId: start.Id}))
		asked := must[*organizations.ListHandshakesForAccountOutput](t)(guest.Organizations().ListHandshakesForAccount(ctx, &organizations.ListHandshakesForAccountInput{
			Filter: &types.HandshakeFilter{ParentHandshakeId: start.Id}})).Handshakes
		if len(asked) != 1 || asked[0].Action != types.ActionTypeApproveAllFeatures {
			t.Fatalf("the member is asked %+v", asked)
		}
		must[*organizations.AcceptHandshakeOutput](t)(guest.Organizations().AcceptHandshake(ctx, &organizations.AcceptHandshakeInput{HandshakeId: asked[0].Id}))
		must[*organizations.AcceptHandshakeOutput](t)(c.AcceptHandshake(ctx, &organizations.AcceptHandshakeInput{HandshakeId: start.Id}))
		if of := must[*organizations.DescribeOrganizationOutput](t)(c.DescribeOrganization(ctx, nil)).Organization; of.FeatureSet != types.OrganizationFeatureSetAll {
			t.Errorf("in the end it has %s", of.FeatureSet)
		}
		c.enable(types.PolicyTypeServiceControlPolicy)
	})
}

func TestOrganizationsDelegation(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		id := c.create("security")
		insider := c.member(id)
		service := aws.String("sso.amazonaws.com")
		register := func(account string) (any, error) {
			return c.RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{AccountId: &account, ServicePrincipal: service})
		}
		refusal(t, "ConstraintViolation", "SERVICE_ACCESS_NOT_ENABLED")(register(id))
		refusal(t, "InvalidInput", "UNRECOGNIZED_SERVICE_PRINCIPAL")(c.EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("sso")}))
		must[*organizations.EnableAWSServiceAccessOutput](t)(c.EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: service}))
		enabled := must[*organizations.ListAWSServiceAccessForOrganizationOutput](t)(c.ListAWSServiceAccessForOrganization(ctx, nil)).EnabledServicePrincipals
		if len(enabled) != 1 || *enabled[0].ServicePrincipal != *service || enabled[0].DateEnabled == nil {
			t.Errorf("enabled: %+v", enabled)
		}
		refusal(t, "ConstraintViolation", "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR")(register(*c.org.MasterAccountId))
		refusal(t, "AccountNotFound", "")(register(nobody))
		refusal(t, "AccountNotRegistered", "")(c.ListDelegatedServicesForAccount(ctx, &organizations.ListDelegatedServicesForAccountInput{AccountId: &id}))

		refusal(t, "AccessDenied", "")(insider.ListAccounts(ctx, nil))
		must[any](t)(register(id))
		refusal(t, "AccountAlreadyRegistered", "")(register(id))
		if got := must[*organizations.ListAccountsOutput](t)(insider.ListAccounts(ctx, nil)).Accounts; len(got) != 2 {
			t.Errorf("a delegated administrator sees %d accounts", len(got))
		}
		must[*organizations.DescribeAccountOutput](t)(insider.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: c.org.MasterAccountId}))
		refusal(t, "AccessDenied", "")(insider.CreatePolicy(ctx, &organizations.CreatePolicyInput{
			Type: types.PolicyTypeServiceControlPolicy, Name: aws.String("p"), Description: aws.String(""), Content: aws.String(denyBuckets)}))
		refusal(t, "AccessDenied", "")(insider.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: &c.root, Name: aws.String("x")}))
		refusal(t, "AccessDenied", "")(insider.TagResource(ctx, &organizations.TagResourceInput{ResourceId: &id, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))
		admins := must[*organizations.ListDelegatedAdministratorsOutput](t)(c.ListDelegatedAdministrators(ctx, &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: service})).DelegatedAdministrators
		if len(admins) != 1 || *admins[0].Id != id || admins[0].DelegationEnabledDate == nil {
			t.Errorf("administrators: %+v", admins)
		}
		services := must[*organizations.ListDelegatedServicesForAccountOutput](t)(c.ListDelegatedServicesForAccount(ctx, &organizations.ListDelegatedServicesForAccountInput{AccountId: &id})).DelegatedServices
		if len(services) != 1 || *services[0].ServicePrincipal != *service {
			t.Errorf("services: %+v", services)
		}
		refusal(t, "ConstraintViolation", "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")(insider.LeaveOrganization(ctx, nil))
		deregister := func() (any, error) {
			return c.DeregisterDelegatedAdministrator(ctx, &organizations.DeregisterDelegatedAdministratorInput{AccountId: &id, ServicePrincipal: service})
		}
		must[any](t)(deregister())
		refusal(t, "AccountNotRegistered", "")(deregister())
		refusal(t, "AccessDenied", "")(insider.ListAccounts(ctx, nil))
		must[*organizations.DisableAWSServiceAccessOutput](t)(c.DisableAWSServiceAccess(ctx, &organizations.DisableAWSServiceAccessInput{ServicePrincipal: service}))
	})
}

// The organization's resource policy gives a member account what it names, and
// nothing more.
func TestOrganizationsResourcePolicy(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		id, other := c.create("platform"), c.create("dev")
		insider := c.member(id)
		refusal(t, "ResourcePolicyNotFound", "")(c.DescribeResourcePolicy(ctx, nil))
		refusal(t, "ResourcePolicyNotFound", "")(c.DeleteResourcePolicy(ctx, nil))
		put := func(content string) (*organizations.PutResourcePolicyOutput, error) {
			return c.PutResourcePolicy(ctx, &organizations.PutResourcePolicyInput{Content: &content})
		}
		refusal(t, "InvalidInput", "")(put(`{"Version":"2012-10-17"}`))
		content := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},
			"Action":["organizations:ListAccounts","organizations:CreatePolicy","organizations:DescribePolicy"],"Resource":"*",
			"Condition":{"StringEqualsIfExists":{"organizations:PolicyType":"TAG_POLICY"}}}]}`, id)
		placed := must[*organizations.PutResourcePolicyOutput](t)(put(content)).ResourcePolicy
		got := must[*organizations.DescribeResourcePolicyOutput](t)(c.DescribeResourcePolicy(ctx, nil)).ResourcePolicy
		if *got.Content != content || *got.ResourcePolicySummary.Arn != *placed.ResourcePolicySummary.Arn {
			t.Errorf("it is %+v", got)
		}
		must[*organizations.ListAccountsOutput](t)(insider.ListAccounts(ctx, nil))
		create := func(client *organizations.Client, kind types.PolicyType, content string) (*organizations.CreatePolicyOutput, error) {
			return client.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: kind, Name: aws.String("p"), Description: aws.String(""), Content: &content})
		}
		made := must[*organizations.CreatePolicyOutput](t)(create(insider, types.PolicyTypeTagPolicy, `{"tags":{}}`)).Policy
		must[*organizations.DescribePolicyOutput](t)(insider.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: made.PolicySummary.Id}))
		refusal(t, "AccessDenied", "")(create(insider, types.PolicyTypeServiceControlPolicy, denyBuckets))
		refusal(t, "AccessDenied", "")(insider.ListRoots(ctx, nil))
		refusal(t, "AccessDenied", "")(insider.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &other}))
		refusal(t, "AccessDenied", "")(insider.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("x"), Email: aws.String("x@example.com")}))
		refusal(t, "AccessDenied", "")(c.member(other).ListAccounts(ctx, nil))
		must[*organizations.DeleteResourcePolicyOutput](t)(c.DeleteResourcePolicy(ctx, nil))
		refusal(t, "AccessDenied", "")(insider.ListAccounts(ctx, nil))
	})
}

func TestOrganizationsTags(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		unit := c.unit(c.root, "Workloads")
		tag := func(id string, pairs ...string) (any, error) {
			in := &organizations.TagResourceInput{ResourceId: &id, Tags: []types.Tag{}}
			for i := 0; i < len(pairs); i += 2 {
				in.Tags = append(in.Tags, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
			}
			return c.TagResource(ctx, in)
		}
		for _, id := range []string{c.root, unit, *c.org.MasterAccountId, c.policy(types.PolicyTypeTagPolicy, "t", `{"tags":{}}`)} {
			must[any](t)(tag(id, "team", "red", "stage", "prod"))
			must[*organizations.UntagResourceOutput](t)(c.UntagResource(ctx, &organizations.UntagResourceInput{ResourceId: &id, TagKeys: []string{"stage"}}))
			got := must[*organizations.ListTagsForResourceOutput](t)(c.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &id})).Tags
			if len(got) != 1 || *got[0].Key != "team" || *got[0].Value != "red" {
				t.Errorf("%s has the tags %+v", id, got)
			}
		}
		refusal(t, "TargetNotFound", "")(tag(noUnit, "k", "v"))
		refusal(t, "TargetNotFound", "")(c.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: aws.String(noPolicy)}))
		refusal(t, "TargetNotFound", "")(c.UntagResource(ctx, &organizations.UntagResourceInput{ResourceId: aws.String(nobody), TagKeys: []string{"k"}}))
		refusal(t, "InvalidInput", "IMMUTABLE_POLICY")(tag("p-FullAWSAccess", "k", "v"))
		refusal(t, "InvalidInput", "DUPLICATE_TAG_KEY")(tag(unit, "k", "v", "k", "w"))
		refusal(t, "InvalidInput", "")(tag(unit, "aws:k", "v"))
		var many []string
		for i := range 50 {
			many = append(many, fmt.Sprint("k", i), "v")
		}
		refusal(t, "ConstraintViolation", "MAX_TAG_LIMIT_EXCEEDED")(tag(unit, many...))
		must[any](t)(tag(c.root, many[:60]...))
		keys := map[string]bool{}
		for token := (*string)(nil); ; {
			page := must[*organizations.ListTagsForResourceOutput](t)(c.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &c.root, NextToken: token}))
			for _, tag := range page.Tags {
				keys[*tag.Key] = true
			}
			if token = page.NextToken; token == nil {
				break
			}
		}
		if len(keys) != 31 {
			t.Errorf("%d tags in all pages, there are 31", len(keys))
		}
	})
}

func TestOrganizationsPages(t *testing.T) {
	eachCompany(t, func(t *testing.T, c *company) {
		ctx := t.Context()
		want := map[string]bool{*c.org.MasterAccountId: true}
		for i := range 5 {
			want[c.create(fmt.Sprint("dev", i))] = true
		}
		got := map[string]bool{}
		pages := organizations.NewListAccountsPaginator(c.Client, &organizations.ListAccountsInput{MaxResults: aws.Int32(2)})
		for pages.HasMorePages() {
			page := must[*organizations.ListAccountsOutput](t)(pages.NextPage(ctx))
			if len(page.Accounts) > 2 {
				t.Errorf("a page of %d, 2 were asked for", len(page.Accounts))
			}
			for _, a := range page.Accounts {
				got[*a.Id] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("listed %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
		first := must[*organizations.ListAccountsOutput](t)(c.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: aws.Int32(2)}))
		refusal(t, "InvalidInput", "INVALID_PAGINATION_TOKEN")(c.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &c.root, NextToken: first.NextToken}))
		refusal(t, "InvalidInput", "INVALID_PAGINATION_TOKEN")(found(t, c.s, "rival", "").ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: first.NextToken}))
		refusal(t, "InvalidInput", "INVALID_PAGINATION_TOKEN")(c.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: aws.String("nonsense")}))
		refusal(t, "InvalidInput", "")(c.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: aws.Int32(21)}))
		refusal(t, "InvalidInput", "")(c.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: aws.Int32(0)}))
	})
}

func TestOrganizationsResponsibilityTransfersAreNotOffered(t *testing.T) {
	s := sallyporttest.Start(t)
	c, ctx, id := companyOf(t, s, s.Root()), t.Context(), aws.String("rt-12345678")
	now := time.Now()
	refusal(t, "UnsupportedAPIEndpoint", "")(c.DescribeResponsibilityTransfer(ctx, &organizations.DescribeResponsibilityTransferInput{Id: id}))
	refusal(t, "UnsupportedAPIEndpoint", "")(c.UpdateResponsibilityTransfer(ctx, &organizations.UpdateResponsibilityTransferInput{Id: id, Name: aws.String("x")}))
	refusal(t, "UnsupportedAPIEndpoint", "")(c.TerminateResponsibilityTransfer(ctx, &organizations.TerminateResponsibilityTransferInput{Id: id}))
	refusal(t, "UnsupportedAPIEndpoint", "")(c.ListInboundResponsibilityTransfers(ctx, &organizations.ListInboundResponsibilityTransfersInput{Type: types.ResponsibilityTransferTypeBilling}))
	refusal(t, "UnsupportedAPIEndpoint", "")(c.ListOutboundResponsibilityTransfers(ctx, &organizations.ListOutboundResponsibilityTransfersInput{Type: types.ResponsibilityTransferTypeBilling}))
	refusal(t, "UnsupportedAPIEndpoint", "")(c.InviteOrganizationToTransferResponsibility(ctx, &organizations.InviteOrganizationToTransferResponsibilityInput{
		Type: types.ResponsibilityTransferTypeBilling, SourceName: aws.String("x"), StartTimestamp: &now, Target: &types.HandshakeParty{Type: types.HandshakePartyTypeAccount, Id: aws.String(nobody)}}))
}
