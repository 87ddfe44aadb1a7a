package awsapi

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/policy"
)

// The policy simulator: the engine that decides requests, asked what it would say.

// A simulated policy is one that has a part in a simulation.
type simulated struct {
	policy.Named // its name is how results call it, one of its own
	document     string
	kind         types.PolicySourceType
}

// simulation is everything but the action and the resource.
type simulation struct {
	principal *account.Principal
	identity  []simulated
	boundary  *simulated
	resource  *simulated
	owner     account.ID     // of resources whose ARN does not say
	context   policy.Context // what the caller gave, and what follows from the principal
	// decide asks the engine, with the control policies there are. It adds to the context.
	decide func(principal *account.Principal, p policy.Policies, action string, resource *account.Resource, c policy.Context) (policy.Decision, error)
	levels bool // control policies have a part

	keys []string // that policies ask about, once they are all known
}

// mostWork bounds what one page compares: bytes of policies, by bytes of what they
// are compared with, by decisions. It is some seconds of the worst policies, and far
// from those people write.
const mostWork = 1 << 31

// terms are what both simulations are asked with.
type terms struct {
	caller, owner, resource, handling *string
	context                           []types.ContextEntry
	boundary                          []string
}

// compile reads a policy that was given as an input.
func compileInput(kind policy.Kind, name, document string, source types.PolicySourceType) (simulated, error) {
	if len(document) > longestInput {
		return simulated{}, invalidInput("%s has more than %d characters", name, longestInput)
	}
	p, err := policy.Compile(kind, document)
	if err != nil {
		return simulated{}, invalidInput("Invalid policy input document: %s: %v", name, err)
	}
	return simulated{policy.Named{Name: name, Policy: p}, document, source}, nil
}

// longestInput is the model's limit on policy documents.
const longestInput = 131072

func compileInputs(kind policy.Kind, list string, documents []string) ([]simulated, error) {
	var out []simulated
	for i, document := range documents {
		one, err := compileInput(kind, fmt.Sprintf("%s.%d", list, i+1), document, types.PolicySourceTypeNone)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func namedOf(list []simulated) []policy.Named {
	return translate(list, func(s simulated) policy.Named { return s.Named })
}

// begin fills in what both simulations have in common.
func (sim *simulation) begin(q *operation.Query, t terms) (err error) {
	if t.handling != nil {
		return fault.Unsupportedf("ResourceHandlingOption is for simulating EC2, which is not offered: leave it out")
	}
	switch bounds, err := compileInputs(policy.Identity, "PermissionsBoundaryPolicyInputList", t.boundary); {
	case err != nil:
		return err
	case len(bounds) > 1:
		return invalidInput("PermissionsBoundaryPolicyInputList holds one policy at most")
	case len(bounds) == 1:
		sim.boundary = &bounds[0]
	}
	if t.caller != nil && *t.caller != sim.principal.ARN {
		if sim.principal, err = simulatedCaller(*t.caller); err != nil {
			return err
		}
	}
	if t.resource != nil {
		if sim.principal.ARN == "" {
			return invalidInput("CallerArn is required with ResourcePolicy: say who its Principal is compared with")
		}
		one, err := compileInput(policy.Resource, "ResourcePolicy", *t.resource, types.PolicySourceTypeResource)
		if err != nil {
			return err
		}
		sim.resource = &one
	}
	sim.owner = sim.principal.ID()
	if t.owner != nil {
		if sim.owner, err = account.OfARN(*t.owner); err != nil || *t.owner != sim.owner.Root() {
			return invalidInput("ResourceOwner is the ARN of an account: arn:aws:iam::123456789012:root")
		}
	}
	sim.context, err = contextOf(t.context)
	if err != nil {
		return err
	}
	sim.keys = contextKeys(sim.all())
	if sim.principal.ARN != "" {
		for key, values := range authz.Global(q.Tx, authn.Caller{Principal: sim.principal}, authz.Circumstances{}, "") {
			_, told := sim.context[key]
			if !told && (strings.HasPrefix(key, "aws:principal") || key == "aws:userid" || key == "aws:username") {
				sim.context[key] = values
			}
		}
	}
	return nil
}

// simulatedCaller is a user or role that need not exist. Nothing is looked up of it: the
// caller was authorized to ask about the policies' owner alone.
func simulatedCaller(text string) (*account.Principal, error) {
	a, err := arn.Parse(text)
	kind, name, _ := strings.Cut(a.Resource, "/")
	if err != nil || a.Service != "iam" || !slices.Contains([]string{"user", "group", "role"}, kind) || name == "" {
		return nil, invalidInput("Invalid caller ARN: %.256s is not the ARN of a user, group or role", text)
	}
	end := strings.LastIndexByte(name, '/') + 1
	return simulatedEntity(account.Entity{Account: account.ID(a.Account), Kind: account.EntityKind(kind), Name: name[end:], Path: "/" + name[:end]}), nil
}

// simulatedEntity is an entity as a principal. A group is nobody in particular: a
// member of it.
func simulatedEntity(e account.Entity) *account.Principal {
	p := e.Principal()
	if e.Kind == account.Group {
		p = account.Principal{Principal: policy.Principal{Kind: policy.User, Account: string(e.Account)}}
	}
	return &p
}

// contextOf reads context entries: the values must be of the type that is said.
func contextOf(entries []types.ContextEntry) (policy.Context, error) {
	c := policy.Context{}
	for _, entry := range entries {
		key := strings.ToLower(aws.ToString(entry.ContextKeyName))
		kind, list := strings.CutSuffix(string(entry.ContextKeyType), "List")
		valid, ok := contextTypes[kind]
		switch _, twice := c[key]; {
		case !strings.Contains(key, ":") || len(key) > 256:
			return nil, invalidInput("%.256q is not the name of a context key: it has the form aws:SourceIp", key)
		case twice:
			return nil, invalidInput("the context key %s is given twice", key)
		case !ok:
			return nil, invalidInput("ContextKeyType of %s must be one of %v", key, entry.ContextKeyType.Values())
		case !list && len(entry.ContextKeyValues) != 1:
			return nil, invalidInput("the context key %s is of type %s and has one value", key, entry.ContextKeyType)
		}
		for _, value := range entry.ContextKeyValues {
			if !valid(value) {
				return nil, invalidInput("%.256q is not a value of type %s for the context key %s", value, kind, key)
			}
		}
		c[key] = append([]string{}, entry.ContextKeyValues...)
	}
	return c, nil
}

var contextTypes = map[string]func(string) bool{
	"string":  func(string) bool { return true },
	"numeric": func(v string) bool { _, err := strconv.ParseFloat(v, 64); return err == nil },
	"boolean": func(v string) bool { return strings.EqualFold(v, "true") || strings.EqualFold(v, "false") },
	"ip": func(v string) bool {
		_, address := netip.ParseAddr(v)
		_, prefix := netip.ParsePrefix(v)
		return address == nil || prefix == nil
	},
	"binary": base64Form.MatchString,
	"date": func(v string) bool {
		_, epoch := strconv.ParseInt(v, 10, 64)
		_, full := time.Parse(time.RFC3339, v)
		_, day := time.Parse(time.DateOnly, v)
		return epoch == nil || full == nil || day == nil
	},
}

var (
	base64Form = regexp.MustCompile(`^[A-Za-z0-9+/]*={0,2}$`)
	actionForm = regexp.MustCompile(`^[A-Za-z0-9-]+:[A-Za-z0-9]+$`)
)

// mostDecisions is how many decisions one page is made of.
const mostDecisions = 1000

// run answers a page of the actions, each on every resource.
func (sim *simulation) run(q *operation.Query, actions, resources []string, marker *string, asked *int32) ([]types.EvaluationResult, *string, error) {
	for _, action := range actions {
		if !actionForm.MatchString(action) || len(action) > 128 {
			return nil, nil, invalidInput("Invalid action name: %.128s is not of the form iam:CreateUser", action)
		}
	}
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	for _, resource := range resources {
		if _, err := arn.Parse(resource); err != nil && resource != "*" {
			return nil, nil, invalidInput("Invalid resource ARN: %v", err)
		}
	}
	if len(resources) > mostDecisions {
		return nil, nil, invalidInput("ResourceArns holds %d ARNs at most", mostDecisions)
	}
	type turn struct{ number, action string }
	var turns []turn
	for i, action := range actions {
		turns = append(turns, turn{fmt.Sprintf("%06d", i+1), action}) // more than a request has parameters
	}
	number := func(t turn) string { return t.number }
	limit := int32(min(iamPageSize, max(1, mostDecisions/len(resources)))) // "IAM might return fewer results, even when there are more"
	if asked != nil {
		limit = min(*asked, int32(max(1, mostDecisions/len(resources))))
	}
	page, next, err := iamPage(q, marker, &limit, among(turns, number), number)
	if err == nil {
		err = sim.affordable(resources, len(page))
	}
	if err != nil {
		return nil, nil, err
	}
	results := []types.EvaluationResult{}
	for _, t := range page {
		if q.Context.Err() != nil { // nobody waits for the rest
			return nil, nil, q.Context.Err()
		}
		result, err := sim.action(t.action, resources)
		if err != nil {
			return nil, nil, err
		}
		results = append(results, result)
	}
	return results, next, nil
}

// affordable refuses a page that would take long to decide.
func (sim *simulation) affordable(resources []string, actions int) error {
	policies, compared := 0, 0
	for _, one := range sim.all() {
		policies += len(one.document)
	}
	for key, values := range sim.context {
		compared += len(key)
		for _, value := range values {
			compared += len(value)
		}
	}
	work := 0
	for _, resource := range resources {
		work += policies * (compared + len(resource)) * actions
	}
	if work > mostWork {
		return invalidInput("The simulation is too large: %d bytes of policies, %d of context, %d actions on %d resources. Ask for less at once", policies, compared, actions, len(resources))
	}
	return nil
}

// action is the result over all resources: the most restrictive of them, and what
// each of them says.
func (sim *simulation) action(action string, resources []string) (types.EvaluationResult, error) {
	total := types.EvaluationResult{EvalActionName: &action, EvalResourceName: aws.String("*"), MatchedStatements: []types.Statement{}, MissingContextValues: []string{}}
	for i, name := range resources {
		one, organizations, err := sim.one(action, name)
		if err != nil {
			return total, err
		}
		if i == 0 || severity[one.EvalResourceDecision] > severity[total.EvalDecision] {
			total.EvalDecision = one.EvalResourceDecision
		}
		total.MatchedStatements = append(total.MatchedStatements, one.MatchedStatements...)
		for _, key := range one.MissingContextValues {
			if !slices.Contains(total.MissingContextValues, key) {
				total.MissingContextValues = append(total.MissingContextValues, key)
			}
		}
		total.OrganizationsDecisionDetail = allOf(total.OrganizationsDecisionDetail, organizations)
		if b := one.PermissionsBoundaryDecisionDetail; b != nil && (total.PermissionsBoundaryDecisionDetail == nil || !b.AllowedByPermissionsBoundary) {
			total.PermissionsBoundaryDecisionDetail = b
		}
		for kind, decision := range one.EvalDecisionDetails {
			if total.EvalDecisionDetails == nil {
				total.EvalDecisionDetails = map[string]types.PolicyEvaluationDecisionType{}
			}
			if severity[decision] >= severity[total.EvalDecisionDetails[kind]] {
				total.EvalDecisionDetails[kind] = decision
			}
		}
		if name != "*" {
			total.ResourceSpecificResults = append(total.ResourceSpecificResults, one)
		}
	}
	if len(resources) == 1 {
		total.EvalResourceName = &resources[0] // clients older than ResourceSpecificResults look here
	}
	return total, nil
}

var severity = map[types.PolicyEvaluationDecisionType]int{
	types.PolicyEvaluationDecisionTypeAllowed: 1, types.PolicyEvaluationDecisionTypeImplicitDeny: 2, types.PolicyEvaluationDecisionTypeExplicitDeny: 3,
}

func allOf(so, now *types.OrganizationsDecisionDetail) *types.OrganizationsDecisionDetail {
	if so == nil || now != nil && !now.AllowedByOrganizations {
		return now
	}
	return so
}

// one is the result for one resource.
func (sim *simulation) one(action, name string) (types.ResourceSpecificResult, *types.OrganizationsDecisionDetail, error) {
	resource := &account.Resource{ARN: name, Account: sim.owner}
	if a, err := arn.Parse(name); err == nil && a.Account != "" && a.Account != "aws" {
		resource.Account = account.ID(a.Account)
	}
	all := policy.Policies{Identity: namedOf(sim.identity)}
	if sim.boundary != nil {
		all.Boundary = &sim.boundary.Named
	}
	if sim.resource != nil {
		all.Resource = []policy.Named{sim.resource.Named}
	}
	result := types.ResourceSpecificResult{EvalResourceName: &name}
	c := maps.Clone(sim.context)
	d, err := sim.decide(sim.principal, all, action, resource, c)
	if err != nil {
		return result, nil, err
	}
	result.EvalResourceDecision = types.PolicyEvaluationDecisionType(d.Effect.String())
	result.MatchedStatements = sim.matched(d)
	result.MissingContextValues = sim.missing(c)
	if sim.boundary != nil {
		bounded := policy.Evaluate(sim.alone(action, name, c), &policy.Policies{Identity: []policy.Named{sim.boundary.Named}})
		result.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: bounded.Effect == policy.Allow}
	}
	if string(resource.Account) != sim.principal.Account && resource.Account != "" {
		own := policy.Evaluate(sim.alone(action, name, c), &policy.Policies{Identity: all.Identity, Boundary: all.Boundary})
		theirs := policy.Evaluate(sim.alone(action, name, c), &policy.Policies{Resource: all.Resource, ResourceRequired: true, Identity: []policy.Named{everything}})
		result.EvalDecisionDetails = map[string]types.PolicyEvaluationDecisionType{
			"IAM Policy": types.PolicyEvaluationDecisionType(own.Effect.String()), "Resource Policy": types.PolicyEvaluationDecisionType(theirs.Effect.String()),
		}
	}
	if !sim.levels {
		return result, nil, nil
	}
	controlled, err := sim.decide(sim.principal, policy.Policies{Identity: []policy.Named{everything}}, action, resource, c)
	refused := controlled.Effect != policy.Allow && (controlled.Stage == policy.AtServiceControl || controlled.Stage == policy.AtResourceControl)
	return result, &types.OrganizationsDecisionDetail{AllowedByOrganizations: !refused}, err
}

// alone is the question as if everything were in the principal's account.
func (sim *simulation) alone(action, name string, c policy.Context) *policy.Request {
	return &policy.Request{Principal: sim.principal.Principal, Action: action, Resource: name, Context: c}
}

// everything leaves the decision to the other policies.
var everything = func() policy.Named {
	p, err := policy.Compile(policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	if err != nil {
		panic(err) // a constant
	}
	return policy.Named{Policy: p}
}()

// matched are the statements that decided, but those of control policies. When nothing
// allowed there are none.
func (sim *simulation) matched(d policy.Decision) []types.Statement {
	out := []types.Statement{}
	if d.Effect == policy.ImplicitDeny {
		return out
	}
	for _, m := range d.Statements() {
		if m.Stage == policy.AtServiceControl || m.Stage == policy.AtResourceControl {
			continue
		}
		for _, source := range sim.all() {
			if source.Name == m.Policy {
				out = append(out, source.statement(m))
				break
			}
		}
	}
	return out
}

func (sim *simulation) all() []simulated {
	all := slices.Clone(sim.identity)
	for _, one := range []*simulated{sim.boundary, sim.resource} {
		if one != nil {
			all = append(all, *one)
		}
	}
	return all
}

// statement says where a statement begins and ends in its document.
func (s simulated) statement(m policy.Match) types.Statement {
	out := types.Statement{SourcePolicyId: aws.String(s.Name), SourcePolicyType: s.kind}
	document, err := policy.Parse([]byte(s.document))
	if err == nil && m.Index < len(document.Statements) {
		out.StartPosition, out.EndPosition = positionOut(document.Statements[m.Index].Start), positionOut(document.Statements[m.Index].End)
	}
	return out
}

// positionOut counts columns from 1, as the simulator does.
func positionOut(p policy.Position) *types.Position {
	return &types.Position{Line: int32(p.Line), Column: int32(p.Column + 1)}
}

// missing are the condition keys that policies ask about and nobody gave.
func (sim *simulation) missing(c policy.Context) []string {
	out := []string{}
	for _, key := range sim.keys {
		if _, given := c[strings.ToLower(key)]; !given {
			out = append(out, key)
		}
	}
	return out
}

// contextKeys are the condition keys of policies, sorted, each once.
func contextKeys(list []simulated) []string {
	spelled := map[string]string{}
	for _, one := range list {
		for _, key := range one.Policy.ContextKeys() {
			if lower := strings.ToLower(key); spelled[lower] == "" {
				spelled[lower] = key
			}
		}
	}
	return slices.Sorted(maps.Values(spelled))
}

func (s *IAM) simulateCustomPolicy(q *operation.Query, in *iam.SimulateCustomPolicyInput) (*iam.SimulateCustomPolicyOutput, error) {
	sim := &simulation{principal: &account.Principal{Principal: policy.Principal{Kind: policy.User, Account: q.Caller.Principal.Account}}}
	var err error
	if sim.identity, err = compileInputs(policy.Identity, "PolicyInputList", in.PolicyInputList); err != nil {
		return nil, err
	}
	levels, err := controlLevels(in.OrderedOrganizationPolicyInputList)
	if err != nil {
		return nil, err
	}
	sim.levels = levels != nil
	sim.decide = func(principal *account.Principal, p policy.Policies, action string, resource *account.Resource, c policy.Context) (policy.Decision, error) {
		p.ServiceControl = levels
		return policy.Evaluate(&policy.Request{Principal: principal.Principal, Action: action, Resource: resource.ARN, ResourceAccount: string(resource.Account), Context: c}, &p), nil
	}
	if err := sim.begin(q, terms{in.CallerArn, in.ResourceOwner, in.ResourcePolicy, in.ResourceHandlingOption, in.ContextEntries, in.PermissionsBoundaryPolicyInputList}); err != nil {
		return nil, err
	}
	results, next, err := sim.run(q, in.ActionNames, in.ResourceArns, in.Marker, in.MaxItems)
	return &iam.SimulateCustomPolicyOutput{EvaluationResults: results, Marker: next, IsTruncated: next != nil}, err
}

// controlLevels are service control policies by level, the root's first.
func controlLevels(in []types.OrderedOrganizationPolicyType) ([][]policy.Named, error) {
	var levels [][]policy.Named
	for i, level := range in {
		policies, err := compileInputs(policy.ServiceControl, fmt.Sprintf("OrderedOrganizationPolicyInputList.%d.ServiceControlPolicyInputList", i+1), level.ServiceControlPolicyInputList)
		if err != nil {
			return nil, err
		}
		levels = append(levels, namedOf(policies))
	}
	return levels, nil
}

func (s *IAM) simulatePrincipalPolicy(q *operation.Query, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	e, err := s.entityByARN(q, *in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	exclude, err := exclusions(in.PolicyExclusionList)
	if err != nil {
		return nil, err
	}
	sim := &simulation{principal: simulatedEntity(e)}
	if sim.identity, sim.boundary, err = s.simulatedSources(q.Tx, e, exclude); err != nil {
		return nil, err
	}
	more, err := compileInputs(policy.Identity, "PolicyInputList", in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	sim.identity = append(sim.identity, more...)
	place, err := s.Authorizer.Organizations.Place(q.Tx, e.Account)
	if err != nil {
		return nil, err
	}
	sim.levels = place != nil && !exclude.controls && !e.Linked()
	sim.decide = func(principal *account.Principal, p policy.Policies, action string, resource *account.Resource, c policy.Context) (policy.Decision, error) {
		asked, touched := *principal, *resource
		asked.Linked = asked.Linked || exclude.controls // whom control policies do not touch
		touched.Policy = p.Resource
		return s.Authorizer.Decide(q.Tx, authz.Question{
			Principal: &asked, Authority: &account.Authority{Identity: p.Identity, Boundary: p.Boundary}, Action: action, Resource: &touched, Context: c,
			Only: e.Account,
		})
	}
	if err := sim.begin(q, terms{in.CallerArn, in.ResourceOwner, in.ResourcePolicy, in.ResourceHandlingOption, in.ContextEntries, in.PermissionsBoundaryPolicyInputList}); err != nil {
		return nil, err
	}
	results, next, err := sim.run(q, in.ActionNames, in.ResourceArns, in.Marker, in.MaxItems)
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: results, Marker: next, IsTruncated: next != nil}, err
}

// simulatedSources are the policies that speak for an entity, less those excluded.
func (s *IAM) simulatedSources(tx *database.ReadTx, e account.Entity, exclude excluded) (identity []simulated, boundary *simulated, err error) {
	sources, bound, err := s.Accounts.SourcesOf(tx, e)
	if err != nil {
		return nil, nil, err
	}
	for _, source := range sources {
		if !exclude.has(source) {
			identity = append(identity, simulatedSource(source))
		}
	}
	if bound != nil && !exclude.boundary && !exclude.arns[bound.Name] {
		one := simulatedSource(*bound)
		boundary = &one
	}
	return identity, boundary, nil
}

// simulatedSource names a policy in IAM's way: user_NAME_POLICY, or a managed policy's ARN.
func simulatedSource(source account.Source) simulated {
	one := simulated{source.Named, source.Document, types.PolicySourceTypeAwsManaged}
	switch {
	case source.Inline != "":
		one.Name = string(source.Holder.Kind) + "_" + source.Holder.Name + "_" + source.Inline
		one.kind = types.PolicySourceType(source.Holder.Kind)
	case source.Managed.Account != "":
		one.kind = types.PolicySourceTypeUserManaged
	}
	return one
}

// excluded are policies that a simulation is to do without.
type excluded struct {
	arns               map[string]bool
	inline             []func(account.Source) bool
	types              map[types.PolicySourceType]bool
	allInline          bool
	boundary, controls bool
}

func (x excluded) has(source account.Source) bool {
	if source.Inline == "" {
		return x.arns[source.Managed.ARN()] || x.types[simulatedSource(source).kind]
	}
	return x.allInline || slices.ContainsFunc(x.inline, func(is func(account.Source) bool) bool { return is(source) })
}

func exclusions(list []types.PolicyIdentifier) (x excluded, err error) {
	x.arns, x.types = map[string]bool{}, map[types.PolicySourceType]bool{}
	for _, identifier := range list {
		switch one := identifier.(type) {
		case *types.PolicyIdentifierMemberPolicyArn:
			a, err := arn.Parse(one.Value)
			if err != nil {
				return x, invalidInput("PolicyExclusionList: %v", err)
			}
			if a.Service == "organizations" {
				return x, fault.Unsupportedf("PolicyExclusionList: single control policies cannot be left out, exclude the type scp")
			}
			x.arns[one.Value] = true
		case *types.PolicyIdentifierMemberInlinePolicyIdentifier:
			if err := x.excludeInline(one.Value); err != nil {
				return x, err
			}
		case *types.PolicyIdentifierMemberPolicyType:
			switch one.Value {
			case types.PolicyIdentifierPolicyTypeInline:
				x.allInline = true
			case types.PolicyIdentifierPolicyTypeAwsManaged, types.PolicyIdentifierPolicyTypeUserManaged:
				x.types[types.PolicySourceType(one.Value)] = true
			case types.PolicyIdentifierPolicyTypePermissionBoundary:
				x.boundary = true
			case types.PolicyIdentifierPolicyTypeScp:
				x.controls = true
			case types.PolicyIdentifierPolicyTypeRcp: // "identifiers that target RCPs are also ignored"
			default:
				return x, invalidInput("PolicyExclusionList: PolicyType must be one of %v", one.Value.Values())
			}
		default:
			return x, invalidInput("PolicyExclusionList: each entry has a PolicyArn, an InlinePolicyIdentifier or a PolicyType")
		}
	}
	return x, nil
}

func (x *excluded) excludeInline(id types.InlinePolicyIdentifierType) error {
	name, holder := aws.ToString(id.PolicyName), aws.ToString(id.AttachmentName)
	if name == "" || holder == "" || strings.Count(holder, "*") > 1 || !slices.Contains(id.AttachmentType.Values(), id.AttachmentType) {
		return invalidInput("PolicyExclusionList: an inline policy is identified by PolicyName, AttachmentType and AttachmentName, which has one * at most")
	}
	pattern := regexp.MustCompile("^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(holder)) + "$")
	x.inline = append(x.inline, func(source account.Source) bool {
		return source.Inline == name && string(source.Holder.Kind) == string(id.AttachmentType) && pattern.MatchString(source.Holder.Name)
	})
	return nil
}

// inputKeys are the condition keys of policies given as inputs, identity- or resource-based.
func inputKeys(documents []string) ([]simulated, error) {
	var out []simulated
	for i, document := range documents {
		name := fmt.Sprintf("PolicyInputList.%d", i+1)
		one, err := compileInput(policy.Identity, name, document, types.PolicySourceTypeNone)
		if err != nil {
			var other error
			if one, other = compileInput(policy.Resource, name, document, types.PolicySourceTypeResource); other != nil {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

func (s *IAM) getContextKeysForCustomPolicy(_ *operation.Query, in *iam.GetContextKeysForCustomPolicyInput) (*iam.GetContextKeysForCustomPolicyOutput, error) {
	policies, err := inputKeys(in.PolicyInputList)
	return &iam.GetContextKeysForCustomPolicyOutput{ContextKeyNames: contextKeys(policies)}, err
}

func (s *IAM) getContextKeysForPrincipalPolicy(q *operation.Query, in *iam.GetContextKeysForPrincipalPolicyInput) (*iam.GetContextKeysForPrincipalPolicyOutput, error) {
	e, err := s.entityByARN(q, *in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	own, _, err := s.simulatedSources(q.Tx, e, excluded{})
	if err != nil {
		return nil, err
	}
	more, err := inputKeys(in.PolicyInputList)
	return &iam.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: contextKeys(append(own, more...))}, err
}
