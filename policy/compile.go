package policy

import (
	"slices"
	"strconv"
	"strings"
)

// Compile reads a document and makes it ready to decide by. Its error is a
// *[MalformedError], about the first thing wrong with it.
func Compile(kind Kind, document string) (*Policy, error) {
	d, err := Parse([]byte(document))
	if err != nil {
		syntax := err.(*SyntaxError)
		return nil, &MalformedError{syntax.Position, syntaxErrors, syntax.Message}
	}
	c := compiler{kind: kind, variables: d.Variables(), policy: &Policy{kind: kind, version: Version2008}, keys: keySet{}, sids: map[string]bool{}}
	if err := c.document(d); err != nil {
		return nil, err
	}
	for _, key := range c.keys {
		c.policy.keys = append(c.policy.keys, key)
	}
	slices.Sort(c.policy.keys)
	return c.policy, nil
}

type compiler struct {
	kind      Kind
	variables bool
	policy    *Policy
	keys      keySet
	sids      map[string]bool
}

func (c *compiler) document(d *Document) error {
	if d.Version != nil {
		v := &d.Version.Value
		if !v.IsText(Version2008) && !v.IsText(Version2012) {
			return malformed(v.Start, syntaxErrors, "Version is %q or %q.", Version2012, Version2008)
		}
		c.policy.version = v.Text
	}
	if d.ID != nil && d.ID.Value.Kind != StringNode {
		return malformed(d.ID.Value.Start, syntaxErrors, "Id is a string, not %s.", d.ID.Value.Kind)
	}
	if len(d.UnknownElements) > 0 {
		m := d.UnknownElements[0]
		return malformed(m.Start, syntaxErrors, "A document has Version, Id and Statement, and no %q.", m.Name)
	}
	if d.statementNotObject != nil {
		return malformed(d.statementNotObject.Start, syntaxErrors, "A statement is an object, not %s.", d.statementNotObject.Kind)
	}
	if len(d.Statements) == 0 {
		return malformed(d.Root.Start, syntaxErrors, "A document has at least one Statement.")
	}
	for i := range d.Statements {
		if err := c.statement(&d.Statements[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) statement(s *Statement) error {
	if len(s.UnknownElements) > 0 {
		m := s.UnknownElements[0]
		return malformed(m.Start, syntaxErrors, "A statement has no element %q; names are written as in Effect, Action, Resource.", m.Name)
	}
	if err := c.sid(s); err != nil {
		return err
	}
	if s.Effect == nil {
		return malformed(s.Start, syntaxErrors, `The statement has no Effect; it is "Allow" or "Deny".`)
	}
	deny := s.Effect.Value.IsText("Deny")
	if !deny && !s.Effect.Value.IsText("Allow") {
		return malformed(s.Effect.Value.Start, syntaxErrors, `Effect is "Allow" or "Deny", in this spelling.`)
	}
	one := statement{sid: s.SidText(), index: s.Index, at: s.Start}
	for _, step := range []func(*Statement, *statement) error{c.principal, c.action, c.resource, c.condition} {
		if err := step(s, &one); err != nil {
			return err
		}
	}
	if deny {
		c.policy.denies.add(one)
	} else {
		c.policy.allows.add(one)
	}
	return nil
}

func (c *compiler) sid(s *Statement) error {
	if s.Sid == nil {
		return nil
	}
	v := &s.Sid.Value
	if v.Kind != StringNode {
		return malformed(v.Start, syntaxErrors, "Sid is a string, not %s.", v.Kind)
	}
	// Resource-based policies of several services take spaces and more.
	if c.kind != Resource && strings.Trim(v.Text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return malformed(v.Start, "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*.", "This one is %q.", v.Text)
	}
	if v.Text != "" && c.sids[v.Text] {
		return malformed(v.Start, "Statement IDs (SID) in a single policy must be unique.", "%q is the Sid of an earlier statement.", v.Text)
	}
	c.sids[v.Text] = true
	return nil
}

// either returns whichever of an element and its Not form is there. Both at once would
// have no meaning.
func either(is, not *Member) (*Member, error) {
	if is != nil && not != nil {
		return nil, malformed(not.Start, syntaxErrors, "A statement has %s or %s, not both.", is.Name, not.Name)
	}
	if is != nil {
		return is, nil
	}
	return not, nil
}

func (c *compiler) principal(s *Statement, to *statement) error {
	m, err := either(s.Principal, s.NotPrincipal)
	if err != nil {
		return err
	}
	if !c.kind.namesPrincipals() {
		if m != nil {
			return malformed(m.Start, "Policy document should not specify a principal.", "It is about whoever it is attached to; remove %s.", m.Name)
		}
		return nil
	}
	if m == nil {
		return malformed(s.Start, "Missing required field Principal", "Say whom the statement is about.")
	}
	if m == s.NotPrincipal {
		if c.kind != Resource {
			return malformed(m.Start, "Has prohibited field NotPrincipal", "Only policies of resources have it.")
		}
		if !s.Effect.Value.IsText("Deny") {
			return malformed(m.Start, syntaxErrors, "NotPrincipal with Allow would let in everybody else; it goes with Deny only.")
		}
		to.principals.not = true
	}
	entries := Principals(m)
	if len(entries) == 0 {
		return malformed(m.Value.Start, "Invalid principal in policy", "%s names nobody.", m.Name)
	}
	for _, e := range entries {
		if e.Value.Kind == StringNode && e.Value.Text == "*" && (e.Type == nil || e.Type.Name == "AWS") {
			to.principals.everyone = true
			continue
		}
		if e.Type == nil {
			return malformed(e.Value.Start, "Invalid principal in policy", `%s is "*" or an object with AWS, Service or Federated.`, m.Name)
		}
		entry, ok := newPrincipal(e.Type.Name, e.Value.Text)
		if !ok || e.Value.Kind != StringNode {
			return malformed(e.Value.Start, "Invalid principal in policy: "+strconv.Quote(e.Type.Name)+":"+strconv.Quote(e.Value.Text),
				"A principal is an account, the ARN of a user, a role or a session, a service, or an identity provider; it has no wildcards.")
		}
		to.principals.list = append(to.principals.list, entry)
		if e.Type.Name == "AWS" && !slices.Contains(c.policy.principals, e.Value.Text) {
			c.policy.principals = append(c.policy.principals, e.Value.Text)
		}
	}
	if c.kind == ResourceControl && (!to.principals.everyone || len(to.principals.list) > 0) {
		return malformed(m.Value.Start, "Invalid principal in policy", `The principal of a resource control policy is "*"; use conditions to say whom.`)
	}
	return nil
}

func (c *compiler) action(s *Statement, to *statement) error {
	m, err := either(s.Action, s.NotAction)
	if err != nil {
		return err
	}
	if len(m.Values()) == 0 {
		return malformed(s.Start, "Policy statement must contain actions.", "Add Action or NotAction.")
	}
	to.actions.not = m == s.NotAction
	for _, v := range m.Values() {
		if v.Kind != StringNode {
			return malformed(v.Start, syntaxErrors, "An action is a string, not %s.", v.Kind)
		}
		action, reason := newActionPattern(v.Text)
		if reason != "" {
			return malformed(v.Start, reason, "%q is no action; one is written iam:GetUser, s3:Get* or *.", v.Text)
		}
		if c.kind == Trust && action.service != "sts" {
			return malformed(v.Start, "AssumeRole policy may only specify STS AssumeRole actions.", "%q is not one.", v.Text)
		}
		to.actions.list = append(to.actions.list, action)
	}
	return nil
}

func (c *compiler) resource(s *Statement, to *statement) error {
	m, err := either(s.Resource, s.NotResource)
	if err != nil {
		return err
	}
	if c.kind == Trust {
		to.resources.none = true
		if m != nil {
			return malformed(m.Start, "Has prohibited field "+m.Name, "A trust policy is about the role it is attached to.")
		}
		return nil
	}
	if len(m.Values()) == 0 {
		return malformed(s.Start, "Policy statement must contain resources.", "Add Resource or NotResource.")
	}
	to.resources.not = m == s.NotResource
	for _, v := range m.Values() {
		if v.Kind != StringNode {
			return malformed(v.Start, syntaxErrors, "A resource is a string, not %s.", v.Kind)
		}
		if v.Text != "*" && !strings.HasPrefix(v.Text, "arn:") {
			return malformed(v.Start, "Resource "+v.Text+` must be in ARN format or "*".`, "An ARN has the form arn:partition:service:region:account:resource.")
		}
		pattern, err := newARNPattern(v.Text, c.variables, true, c.keys)
		if err != nil {
			return malformed(v.Start, legacyParsing, "%s.", sentence(err))
		}
		to.resources.list = append(to.resources.list, pattern)
	}
	return nil
}

func (c *compiler) condition(s *Statement, to *statement) error {
	if s.Condition == nil {
		return nil
	}
	if s.Condition.Value.Kind != ObjectNode {
		return malformed(s.Condition.Value.Start, syntaxErrors, "Condition is an object, not %s.", s.Condition.Value.Kind)
	}
	for i := range s.Condition.Value.Members {
		m := &s.Condition.Value.Members[i]
		if _, ok := newOperator(m.Name); !ok {
			return malformed(m.Start, syntaxErrors, "%q is no condition operator.", m.Name)
		}
		if m.Value.Kind != ObjectNode {
			return malformed(m.Value.Start, syntaxErrors, "An operator holds an object of keys and values, not %s.", m.Value.Kind)
		}
	}
	for _, entry := range s.Conditions() {
		one, _ := newOperator(entry.Operator.Name)
		if !strings.Contains(entry.Key.Name, ":") {
			return malformed(entry.Key.Start, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", "%q is no condition key; one is written aws:SourceIp.", entry.Key.Name)
		}
		one.key = c.keys.add(entry.Key.Name)
		for _, v := range entry.Key.Values() {
			switch v.Kind {
			case StringNode, NumberNode, BooleanNode:
			default:
				return malformed(v.Start, syntaxErrors, "A value of a condition is a string, a number or a boolean, not %s.", v.Kind)
			}
			if err := one.add(v.Text, c.variables, c.keys); err != nil {
				return malformed(v.Start, legacyParsing, "%s.", sentence(err))
			}
		}
		to.conditions = append(to.conditions, one)
	}
	return nil
}

// sentence is the text of an error as the beginning of a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
