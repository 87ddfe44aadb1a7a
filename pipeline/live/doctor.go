package live

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/pipeline"
)

// Level is how much a finding matters.
type Level string

// The levels.
const (
	Fine    Level = "ok"
	Note    Level = "note"    // good to know
	Warning Level = "warning" // may stand in the way later
	Problem Level = "problem" // has to be mended
)

// Finding is what an examination found, and the command that mends it.
type Finding struct {
	Level   Level  `json:"level"`
	Subject string `json:"subject"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// Examination says what to look at besides.
type Examination struct {
	// Role is the name of a role to assume in other accounts, to see which policies they
	// have. Empty: only the caller's own is looked into.
	Role string
	// Templates are files whose permission sets are to be looked at, too.
	Templates *pipeline.Templates
}

// identityCenter is what IAM Identity Center is to an organization.
const identityCenter = "sso.amazonaws.com"

// examining is an examination that goes on.
type examining struct {
	*Client
	Examination
	caller   *sts.GetCallerIdentityOutput
	findings []Finding
}

// Examine looks at what access as code needs of an organization before it is first used.
// It changes nothing.
func (c *Client) Examine(ctx context.Context, how Examination) []Finding {
	e := &examining{Client: c, Examination: how}
	if !e.identity(ctx) {
		return e.findings
	}
	for _, look := range []func(context.Context) error{e.instance, e.permissions, e.organization, e.content} {
		if err := look(ctx); err != nil {
			e.refused(err)
		}
	}
	return e.findings
}

func (e *examining) add(level Level, subject, fix, format string, args ...any) {
	e.findings = append(e.findings, Finding{level, subject, fmt.Sprintf(format, args...), fix})
}

// refused tells of something that could not be looked at.
func (e *examining) refused(err error) {
	err = told(err)
	if hasCode(err, "AccessDenied") {
		e.add(Problem, "permissions", "Attach what sallyport doctor --policy prints to the caller.", "%v", err)
		return
	}
	e.add(Problem, "reading", "", "%v", err)
}

func (e *examining) identity(ctx context.Context) (known bool) {
	out, err := e.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		e.add(Problem, "credentials", "aws sts get-caller-identity", "AWS does not know the caller: %v", told(err))
		return false
	}
	e.caller = out
	level, fix, note := Fine, "", ""
	if strings.HasSuffix(aws.ToString(out.Arn), ":root") {
		level, note = Note, ": the root user, whom no policy bounds"
		fix = "Act as a role with what sallyport doctor --policy prints."
	}
	e.add(level, "credentials", fix, "The caller is %s%s.", aws.ToString(out.Arn), note)
	return true
}

func (e *examining) instance(ctx context.Context) error {
	found, err := e.instances(ctx)
	if err != nil {
		return err
	}
	asked := e.Client.Instance.ARN
	chosen, err := choose(found, asked, e.config.Region)
	switch {
	case err == nil:
		e.Client.Instance = chosen
		e.add(Fine, "instance", "", "%s in %s.", chosen.ARN, e.config.Region)
	case len(found) == 0:
		e.add(Problem, "instance", "aws sso-admin create-instance --region "+e.config.Region+"    # at AWS, of an organization: in the console of its management account",
			"There is no instance of IAM Identity Center in %s.", e.config.Region)
	default:
		e.add(Problem, "instance", "sallyport doctor --instance "+aws.ToString(found[0].InstanceArn), "%v", err)
	}
	return nil
}

func (e *examining) organization(ctx context.Context) error {
	if e.Client.Instance.IdentityStore == "" {
		return nil
	}
	out, err := e.orgs.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if hasCode(err, "AWSOrganizationsNotInUse") {
		e.add(Note, "organization", "", "There is none: the instance governs its own account alone.")
		return nil
	}
	if hasCode(err, "AccessDenied") {
		e.add(Note, "organization", "", "Its settings cannot be seen: organizations:DescribeOrganization is not allowed.")
		return nil
	}
	if err != nil {
		return err
	}
	o := out.Organization
	if o.FeatureSet != orgtypes.OrganizationFeatureSetAll {
		e.add(Problem, "organization", "aws organizations enable-all-features", "%s has consolidated billing alone: IAM Identity Center needs all features.", aws.ToString(o.Id))
	} else {
		e.add(Fine, "organization", "", "%s, managed by %s.", aws.ToString(o.Id), aws.ToString(o.MasterAccountId))
	}
	e.trusted(ctx)
	e.delegated(ctx, aws.ToString(o.MasterAccountId))
	return nil
}

// trusted looks whether the organization lets IAM Identity Center into its accounts.
func (e *examining) trusted(ctx context.Context) {
	trusts := false
	err := pages(ctx, organizations.NewListAWSServiceAccessForOrganizationPaginator(e.orgs, &organizations.ListAWSServiceAccessForOrganizationInput{}),
		func(page *organizations.ListAWSServiceAccessForOrganizationOutput) bool {
			for _, s := range page.EnabledServicePrincipals {
				trusts = trusts || aws.ToString(s.ServicePrincipal) == identityCenter
			}
			return trusts
		})
	switch {
	case err != nil:
		e.add(Note, "trusted access", "", "It cannot be seen whether IAM Identity Center has it: %v.", err)
	case !trusts:
		e.add(Warning, "trusted access", "aws organizations enable-aws-service-access --service-principal "+identityCenter, "The organization does not let IAM Identity Center into its accounts.")
	default:
		e.add(Fine, "trusted access", "", "IAM Identity Center has it.")
	}
}

func (e *examining) delegated(ctx context.Context, management string) {
	caller := aws.ToString(e.caller.Account)
	var delegates []string
	err := pages(ctx, organizations.NewListDelegatedAdministratorsPaginator(e.orgs, &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: aws.String(identityCenter)}),
		func(page *organizations.ListDelegatedAdministratorsOutput) bool {
			for _, a := range page.DelegatedAdministrators {
				delegates = append(delegates, aws.ToString(a.Id))
			}
			return false
		})
	register := "aws organizations register-delegated-administrator --service-principal " + identityCenter + " --account-id "
	switch {
	case slices.Contains(delegates, caller):
		e.add(Fine, "delegated administrator", "", "%s is one: it cannot change assignments in the management account %s, nor permission sets that are provisioned there.", caller, management)
	case caller == e.Client.Instance.Owner && len(delegates) > 0:
		e.add(Fine, "delegated administrator", "", "%s; the caller is in %s itself.", strings.Join(delegates, ", "), caller)
	case caller == e.Client.Instance.Owner:
		e.add(Note, "delegated administrator", register+"ACCOUNT", "There is none: access is governed from the management account.")
	case err != nil && e.admitted(ctx):
		e.add(Note, "delegated administrator", "", "It cannot be seen who is: %v.", err)
	default:
		e.add(Problem, "delegated administrator", register+caller, "The instance is of account %s, and %s does not administer it.", e.Client.Instance.Owner, caller)
	}
}

// admitted tells whether the organization shows itself to the caller's account.
func (e *examining) admitted(ctx context.Context) bool {
	_, err := e.orgs.ListRoots(ctx, &organizations.ListRootsInput{})
	return err == nil
}

// permissions asks AWS's policy simulator what the caller may do.
func (e *examining) permissions(ctx context.Context) error {
	name := aws.ToString(e.caller.Arn)
	if strings.HasSuffix(name, ":root") {
		e.add(Fine, "permissions", "", "The root user may do everything.")
		return nil
	}
	if role, ok := assumed(name); ok {
		name = "arn:aws:iam::" + aws.ToString(e.caller.Account) + ":role/" + role
		if out, err := e.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &role}); err == nil {
			name = aws.ToString(out.Role.Arn)
		}
	}
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &name, ActionNames: actions()}
	var missing []string
	err := pages(ctx, iam.NewSimulatePrincipalPolicyPaginator(e.iam, in), func(page *iam.SimulatePrincipalPolicyOutput) bool {
		for _, r := range page.EvaluationResults {
			if r.EvalDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed {
				missing = append(missing, aws.ToString(r.EvalActionName))
			}
		}
		return false
	})
	if err != nil {
		e.add(Note, "permissions", "Allow the caller iam:SimulatePrincipalPolicy on itself.", "What the caller may write cannot be seen: %v.", err)
		return nil
	}
	if len(missing) == 0 {
		e.add(Fine, "permissions", "", "The caller may do all that planning and applying need.")
	}
	for _, s := range Statements {
		lacks := slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool { return !slices.Contains(missing, action) })
		if len(lacks) > 0 {
			e.add(Problem, "permissions", "sallyport doctor --policy    # and attach the statement "+s.Sid, "The caller may not %s.", strings.Join(lacks, ", "))
		}
	}
	return nil
}

// assumed is the name of the role of a session.
func assumed(name string) (role string, ok bool) {
	parsed, err := arn.Parse(name)
	if err != nil {
		return "", false
	}
	kind, rest, _ := strings.Cut(parsed.Resource, "/")
	role, _, _ = strings.Cut(rest, "/")
	return role, kind == "assumed-role"
}

// maxSets is what AWS gives an instance before it is asked for more: "IAM Identity Center
// quotas" in its User Guide.
const maxSets = 3000

// content looks at what there is.
func (e *examining) content(ctx context.Context) error {
	if e.Client.Instance.IdentityStore == "" {
		return nil
	}
	t := e.Templates
	if t == nil {
		t = &pipeline.Templates{}
	}
	r := e.newReading(ctx)
	for i := range t.Sets {
		r.described[t.Sets[i].Name] = true
	}
	r.do(r.organization)
	r.do(r.permissionSets)
	if err := r.wait(); err != nil {
		return err
	}
	inOrder(r.Snapshot)
	level, fix := Fine, ""
	if len(r.Sets) > maxSets*9/10 {
		level, fix = Warning, "aws service-quotas list-service-quotas --service-code sso    # and ask for more permission sets"
	}
	e.add(level, "quotas", fix, "%d permission sets; AWS gives %d unless asked for more.", len(r.Sets), maxSets)
	for _, a := range r.Accounts {
		if a.Status != pipeline.Active {
			e.add(Note, "accounts", "aws organizations describe-account --account-id "+a.ID, "%s (%s) is %s: targets leave it out, and assignments in it cannot be changed.", a.ID, a.Name, a.Status)
		}
	}
	return e.policiesInAccounts(ctx, r, t)
}

// policiesInAccounts looks whether the accounts have the policies that permission sets
// refer to.
func (e *examining) policiesInAccounts(ctx context.Context, r *reading, t *pipeline.Templates) error {
	wanted := map[string]map[string][]string{} // names of sets, by account and policy
	for i := range r.Sets {
		set := &r.Sets[i]
		refs := references(&set.PermissionSet)
		if at := slices.IndexFunc(t.Sets, func(s pipeline.SetTemplate) bool { return s.Name == set.Name }); at >= 0 {
			refs = append(refs, references(&t.Sets[at].PermissionSet)...)
		}
		if len(refs) == 0 {
			continue
		}
		accounts, err := e.provisioned(ctx, set.ARN, "")
		if err != nil {
			return err
		}
		for _, id := range accounts {
			for _, ref := range refs {
				if wanted[id] == nil {
					wanted[id] = map[string][]string{}
				}
				wanted[id][ref] = append(wanted[id][ref], set.Name)
			}
		}
	}
	unseen := 0
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		client := e.inside(id)
		if client == nil {
			unseen++
			continue
		}
		for _, ref := range slices.Sorted(maps.Keys(wanted[id])) {
			e.policyIn(ctx, client, id, ref, slices.Compact(wanted[id][ref]))
		}
	}
	if unseen > 0 {
		e.add(Note, "customer managed policies", "sallyport doctor --role OrganizationAccountAccessRole", "%d accounts that need some were not looked into.", unseen)
	}
	return nil
}

// references are the customer managed policies that a permission set needs.
func references(s *pipeline.PermissionSet) (refs []string) {
	for _, p := range s.CustomerManagedPolicies {
		refs = append(refs, p.String())
	}
	if s.Boundary != nil && s.Boundary.CustomerPolicy != nil {
		refs = append(refs, s.Boundary.CustomerPolicy.String())
	}
	return refs
}

// inside is a client of IAM in an account; nil where there is no way in.
func (e *examining) inside(id string) *iam.Client {
	if id == aws.ToString(e.caller.Account) {
		return e.iam
	}
	if e.Role == "" {
		return nil
	}
	config := e.config.Copy()
	config.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(e.sts, "arn:aws:iam::"+id+":role/"+e.Role))
	return iam.NewFromConfig(config)
}

func (e *examining) policyIn(ctx context.Context, client *iam.Client, id, ref string, sets []string) {
	name := "arn:aws:iam::" + id + ":policy" + ref
	_, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &name})
	policy := reference(ref)
	switch {
	case hasCode(err, "NoSuchEntity"):
		e.add(Problem, "customer managed policies", fmt.Sprintf("aws iam create-policy --policy-name %s --path %s --policy-document file://%s.json    # in account %s", *policy.Name, *policy.Path, *policy.Name, id),
			"Account %s has no policy %s, which %s needs.", id, ref, strings.Join(sets, ", "))
	case err != nil:
		e.add(Warning, "customer managed policies", "", "It cannot be seen whether account %s has the policy %s: %v.", id, ref, told(err))
	default:
		e.add(Fine, "customer managed policies", "", "Account %s has the policy %s.", id, ref)
	}
}
