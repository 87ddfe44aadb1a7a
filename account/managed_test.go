package account

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

var updateManaged = flag.Bool("update-managed", false, "rewrite the list of managed policies in docs/policies.md")

func TestManagedPoliciesAreGood(t *testing.T) {
	ids := map[string]bool{}
	for _, m := range ManagedPolicies() {
		compiled, err := policy.Compile(policy.Identity, m.Document)
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		if err := compiled.Managed(); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		for _, f := range policy.Check(policy.Identity, m.Document) {
			switch {
			case f.Severity == policy.Error, m.Ours && f.Severity == policy.Suggestion:
				t.Errorf("%s: %s %s at %s: %s", m.Name, f.Severity, f.Code, f.Start, f.Message)
			case m.Ours && f.Severity != policy.Suggestion && f.Code != "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA":
				t.Errorf("%s: %s %s at %s: %s", m.Name, f.Severity, f.Code, f.Start, f.Message)
			}
		}
		if ids[m.ID] || len(m.ID) != 21 {
			t.Errorf("%s has the id %s", m.Name, m.ID)
		}
		ids[m.ID] = true
	}
	files, err := documents.ReadDir("managed")
	if err != nil || len(files) != len(managed) {
		t.Errorf("%d contents for %d policies (%v)", len(files), len(managed), err)
	}
}

func TestManagedPolicyByARN(t *testing.T) {
	m, ok := ManagedPolicy("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess")
	if !ok || m.Name != "ViewOnlyAccess" || m.Path != "/job-function/" || m.Version != "v1" || !m.Ours {
		t.Errorf("%+v", m)
	}
	for _, none := range []string{"arn:aws:iam::aws:policy/ViewOnlyAccess", "arn:aws:iam::123456789012:policy/AdministratorAccess", "AdministratorAccess", ""} {
		if _, ok := ManagedPolicy(none); ok {
			t.Errorf("there is %q", none)
		}
	}
	if !slices.IsSortedFunc(ManagedPolicies(), func(a, b Managed) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not by name")
	}
	ManagedPolicies()[0].Name = "changed"
	if managed[0].Name == "changed" {
		t.Error("the caller can change the policies")
	}
}

// What the policies are named for they allow, and not what they are trusted not to.
func TestManagedPoliciesAllow(t *testing.T) {
	for _, test := range []struct{ name, allows, refuses string }{
		{"AdministratorAccess", "iam:CreateUser organizations:LeaveOrganization s3:GetObject", ""},
		{"PowerUserAccess", "s3:DeleteBucket iam:ListRoles organizations:DescribeOrganization", "iam:CreateUser organizations:LeaveOrganization account:CloseAccount"},
		{"ReadOnlyAccess", "s3:GetObject iam:GetRole organizations:ListAccounts sso:ListInstances identitystore:ListUsers dynamodb:Query", "s3:PutObject secretsmanager:GetSecretValue kms:Decrypt iam:CreateUser sts:AssumeRole"},
		{"SecurityAudit", "iam:GetRole cloudtrail:LookupEvents s3:GetBucketPolicy", "s3:GetObject dynamodb:GetItem ssm:GetParameter secretsmanager:GetSecretValue kms:Decrypt logs:GetLogEvents sqs:ReceiveMessage lambda:GetFunction"},
		{"ViewOnlyAccess", "s3:ListAllMyBuckets ec2:DescribeInstances iam:ListUsers", "s3:GetObject iam:GetRole dynamodb:GetItem ssm:GetParameter secretsmanager:GetSecretValue logs:GetLogEvents"},
		{"IAMReadOnlyAccess", "iam:ListUsers iam:SimulatePrincipalPolicy", "iam:CreateUser s3:ListBucket"},
		{"AWSOrganizationsReadOnlyAccess", "organizations:ListAccounts", "organizations:CreateAccount"},
		{"AWSSSOMemberAccountAdministrator", "sso:CreatePermissionSet identitystore:CreateUser", "iam:CreateRole organizations:CreateAccount"},
		{"AWSSSODirectoryReadOnly", "identitystore:ListUsers", "identitystore:CreateUser sso:CreatePermissionSet"},
		{"Billing", "budgets:ModifyBudget", "ec2:RunInstances iam:ListUsers"},
		{"SupportUser", "support:CreateCase ec2:DescribeInstances", "ec2:RunInstances s3:GetObject"},
		{"DatabaseAdministrator", "rds:CreateDBInstance", "iam:CreateRole ec2:RunInstances"},
		{"NetworkAdministrator", "ec2:CreateVpc ec2:AuthorizeSecurityGroupIngress route53:ChangeResourceRecordSets", "ec2:RunInstances iam:CreateRole"},
		{"SystemAdministrator", "ec2:RunInstances ssm:SendCommand", "iam:CreateUser iam:AttachRolePolicy organizations:CreateAccount"},
	} {
		i := slices.IndexFunc(managed, func(m Managed) bool { return m.Name == test.name })
		compiled, err := policy.Compile(policy.Identity, managed[i].Document)
		if err != nil {
			t.Fatal(err)
		}
		for want, actions := range map[policy.Effect]string{policy.Allow: test.allows, policy.ImplicitDeny: test.refuses} {
			for _, action := range strings.Fields(actions) {
				decision := policy.Evaluate(&policy.Request{
					Principal: policy.Principal{Kind: policy.User, Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/a"},
					Action:    action, Resource: "*", ResourceAccount: "123456789012",
				}, &policy.Policies{Identity: []policy.Named{{Name: test.name, Policy: compiled}}})
				if decision.Effect != want {
					t.Errorf("%s, %s: %v, want %v", test.name, action, decision.Effect, want)
				}
			}
		}
	}
}

// docs/policies.md lists them.
func TestManagedPoliciesAreDocumented(t *testing.T) {
	const begin, end = "<!-- managed -->\n", "<!-- end of managed -->\n"
	var table strings.Builder
	table.WriteString("\n| policy | content | for |\n|---|---|---|\n")
	for _, m := range managed {
		content := "AWS's"
		if m.Ours {
			content = "ours"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", m.ARN, content, m.Description)
	}
	table.WriteString("\n")
	const file = "../docs/policies.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	was, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the managed policies", file)
	}
	if was == table.String() {
		return
	}
	if !*updateManaged {
		t.Fatalf("%s does not list the managed policies there are: run go test ./account -run Managed -update-managed", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+table.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
