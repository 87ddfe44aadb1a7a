package trust

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// Form is in whose words a policy lets projects in.
type Form string

// The forms.
const (
	AsService     Form = "service"
	AsWebIdentity Form = "web-identity"
)

// Conversion is a policy in the other form.
type Conversion struct {
	Document string   `json:"document"`
	Notes    []string `json:"notes,omitempty"` // what is not the same, or was left out
}

// Convert writes a trust policy in another form. provider is the ARN of the OpenID
// Connect provider that stands for Sallyport in the role's account. Statements about
// others stay as they are. What cannot be said in the other form is left out and noted:
// the result never lets in anybody whom the policy did not. An error tells what makes
// that impossible: a Deny that cannot be said, or nothing being left.
func Convert(document string, to Form, provider string) (Conversion, error) {
	if _, err := policy.Compile(policy.Trust, document); err != nil {
		return Conversion{}, err
	}
	if ProviderName(provider) == "" {
		return Conversion{}, fmt.Errorf("%q is not the ARN of an OpenID Connect provider", provider)
	}
	d, err := policy.Parse([]byte(document))
	if err != nil {
		return Conversion{}, err
	}
	c := converter{to: to, name: ProviderName(provider), provider: provider}
	var statements []policy.Node
	for i := range d.Statements {
		s := newStatement(&d.Statements[i])
		if !c.concerns(s) {
			statements = append(statements, s.Node)
			continue
		}
		converted, err := c.statement(s)
		switch {
		case err == nil:
			statements = append(statements, converted)
		case !s.allows:
			return Conversion{}, fmt.Errorf("%s denies, and cannot be left out: %w", statementName(s.SidText(), s.Index), err)
		default:
			c.notes = append(c.notes, statementName(s.SidText(), s.Index)+" is left out: "+err.Error())
		}
	}
	if len(statements) == 0 {
		return Conversion{}, fmt.Errorf("nothing is left of the policy: %s", strings.Join(c.notes, "; "))
	}
	root := object("Version", text(policy.Version2012), "Statement", policy.Node{Kind: policy.ListNode, Items: statements})
	return Conversion{write(root), c.notes}, nil
}

type converter struct {
	to             Form
	name, provider string
	notes          []string
}

// concerns reports whether a statement is in the form that is converted from.
func (c *converter) concerns(s statement) bool {
	if c.to == AsWebIdentity {
		return len(s.services) > 0
	}
	return slices.ContainsFunc(s.providers, func(e policy.PrincipalEntry) bool { return ProviderName(e.Value.Text) == c.name })
}

func (c *converter) statement(s statement) (policy.Node, error) {
	entries := policy.Principals(s.Principal)
	if own := len(s.services); c.to == AsWebIdentity && own < len(entries) || c.to == AsService && len(entries) > 1 {
		return policy.Node{}, fmt.Errorf("it names others too; write a statement for each")
	}
	conditions, err := c.conditions(s)
	if err != nil {
		return policy.Node{}, err
	}
	principal := object("Service", list(Runner, Service))
	action := text("sts:AssumeRole")
	if c.to == AsWebIdentity {
		principal, action = object("Federated", text(c.provider)), list(append([]string{withWebIdentity}, alsoAsked...)...)
		for _, entry := range s.services {
			if entry.Value.Text == Service && len(s.services) == 1 {
				return policy.Node{}, fmt.Errorf("it is for %s alone, and tokens are given to what projects run", Service)
			}
		}
	}
	if !s.does(map[Form]string{AsWebIdentity: "sts:AssumeRole", AsService: withWebIdentity}[c.to]) {
		return policy.Node{}, fmt.Errorf("its action is another than assuming the role")
	}
	members := []any{"Effect", s.Effect.Value, "Principal", principal, "Action", action, "Condition", conditions}
	if s.Sid != nil {
		members = append([]any{"Sid", s.Sid.Value}, members...)
	}
	return object(members...), nil
}

// shared are keys that mean the same whoever asks. Of those that say who asks each form
// has its own.
func shared(key string) bool {
	return slices.Contains([]string{"aws:currenttime", "aws:epochtime", "aws:securetransport", "aws:tagkeys", "sts:rolesessionname", "sts:sourceidentity", "sts:transitivetagkeys"}, key) ||
		strings.HasPrefix(key, "aws:requesttag/") || strings.HasPrefix(key, "aws:resource")
}

func (c *converter) conditions(s statement) (policy.Node, error) {
	from, into, operator := "aws:sourcearn", c.name+":sub", "StringLike"
	if c.to == AsService {
		from, into, operator = c.name+":sub", "aws:SourceArn", "ArnLike"
	}
	var out policy.Node
	placed := false
	for _, cond := range s.conditions {
		switch {
		case cond.key == from && (cond.negated || cond.optional):
			return out, fmt.Errorf("%s on %s has no counterpart", cond.Operator.Name, cond.Key.Name)
		case cond.key == from && placed:
			return out, fmt.Errorf("it has two conditions on %s; write one with both values", cond.Key.Name)
		case cond.key == from:
			values, err := c.places(s, cond)
			if err != nil {
				return out, err
			}
			add(&out, operator, into, list(values...))
			placed = true
		case c.to == AsService && cond.key == c.name+":aud" && !cond.negated:
		case shared(cond.key):
			add(&out, cond.Operator.Name, cond.Key.Name, cond.Key.Value)
		default:
			return out, fmt.Errorf("its condition on %s says something of who asks that the other form does not have", cond.Key.Name)
		}
	}
	if !placed {
		return out, fmt.Errorf("no condition says which projects it is for")
	}
	if c.to == AsWebIdentity {
		add(&out, "StringEquals", c.name+":aud", text(Audience))
	}
	return out, nil
}

// places are the values of a condition in the other form. Those that have none are left
// out, where the statement allows: it then lets in fewer.
func (c *converter) places(s statement, cond condition) (values []string, err error) {
	for _, node := range cond.Key.Values() {
		value, why := c.place(cond, node.Text)
		switch {
		case why == "":
			values = append(values, value)
		case !s.allows:
			return nil, fmt.Errorf("%q %s", node.Text, why)
		default:
			c.notes = append(c.notes, fmt.Sprintf("%q is left out: it %s", node.Text, why))
		}
	}
	if values == nil {
		return nil, fmt.Errorf("none of its projects can be said in the other form")
	}
	return values, nil
}

// place converts one value, or says why it cannot.
func (c *converter) place(cond condition, value string) (converted, why string) {
	rest := value
	if c.to == AsWebIdentity {
		ok := false
		if rest, ok = strings.CutPrefix(value, sourcePart); !ok {
			if rest, ok = strings.CutPrefix(value, "arn:aws:codecatalyst::"); ok {
				return "", "has two colons and lets nobody in; " + sourcePart + rest + " was meant"
			}
			return "", "is no project"
		}
	}
	if !cond.like && strings.ContainsAny(rest, "*?") {
		return "", "has a wildcard that its operator takes for itself"
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 4 || parts[0] != "space" || parts[2] != "project" || strings.ContainsAny(parts[1]+parts[3], "*?") && (parts[3] != "*" || strings.ContainsAny(parts[1], "*?")) {
		if len(parts) == 2 {
			return "", "is the space itself, which tokens of projects are never of"
		}
		return "", "is no project of one space, nor all of them"
	}
	at := Place{Space: parts[1], Project: parts[3]}
	if at.Project == "*" {
		at.Project = ""
	}
	switch {
	case c.to == AsWebIdentity && len(parts) == 4:
		return at.Subject(), ""
	case c.to == AsService && (len(parts) == 4 && at.Project == "" || len(parts) == 6 && parts[4] == "environment" && parts[5] == "*"):
		return at.SourceARN(), ""
	case c.to == AsService && len(parts) == 6:
		return "", "names an environment, which aws:SourceArn never does"
	}
	return "", "is no project of one space, nor all of them"
}

func text(s string) policy.Node { return policy.Node{Kind: policy.StringNode, Text: s} }

func list(values ...string) policy.Node {
	if len(values) == 1 {
		return text(values[0])
	}
	n := policy.Node{Kind: policy.ListNode}
	for _, v := range values {
		n.Items = append(n.Items, text(v))
	}
	return n
}

func object(pairs ...any) policy.Node {
	n := policy.Node{Kind: policy.ObjectNode}
	for i := 0; i < len(pairs); i += 2 {
		n.Members = append(n.Members, policy.Member{Name: pairs[i].(string), Value: pairs[i+1].(policy.Node)})
	}
	return n
}

// add puts a line into a Condition.
func add(to *policy.Node, operator, key string, value policy.Node) {
	to.Kind = policy.ObjectNode
	if m := to.Member(operator); m != nil {
		m.Value.Members = append(m.Value.Members, policy.Member{Name: key, Value: value})
		return
	}
	to.Members = append(to.Members, policy.Member{Name: operator, Value: object(key, value)})
}

// write is a document as people read it.
func write(n policy.Node) string {
	var out strings.Builder
	writeNode(&out, n, "\n")
	return out.String() + "\n"
}

func writeNode(out *strings.Builder, n policy.Node, newline string) {
	deeper := newline + "  "
	switch n.Kind {
	case policy.StringNode:
		out.WriteString(quoted(n.Text))
	case policy.ListNode:
		writeItems(out, '[', ']', len(n.Items), newline, func(i int) { writeNode(out, n.Items[i], deeper) })
	case policy.ObjectNode:
		writeItems(out, '{', '}', len(n.Members), newline, func(i int) {
			out.WriteString(quoted(n.Members[i].Name) + ": ")
			writeNode(out, n.Members[i].Value, deeper)
		})
	default:
		out.WriteString(n.Text) // a number, true, false or null as written
	}
}

func writeItems(out *strings.Builder, begin, end byte, count int, newline string, item func(int)) {
	out.WriteByte(begin)
	for i := range count {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(newline + "  ")
		item(i)
	}
	if count > 0 {
		out.WriteString(newline)
	}
	out.WriteByte(end)
}

// quoted is a text as JSON, with < and > as they are.
func quoted(s string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a text
	}
	return strings.TrimSuffix(out.String(), "\n")
}
