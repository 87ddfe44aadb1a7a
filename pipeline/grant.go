package pipeline

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// rights are what a permission set allows and denies, as far as is known here.
type rights struct {
	grants   []grant
	unknown  []string       // policies whose content is not known
	inexact  []string       // ARNs of those whose text here is not AWS's own
	policies []policy.Named // the known ones, compiled
	boundary *policy.Named
	bounded  string // by a boundary that is not known
}

// grant is one action, or several by a pattern, that a statement allows or denies.
type grant struct {
	deny      bool
	action    string   // a pattern; or "everything but ..." where not
	lower     string   // the action in lower case: case does not count
	not       bool     // action is such
	resources []string // patterns; one "everything but ..." where but
	but       bool
	limits    string // conditions and boundary, in words; empty: none
	source    string // the policy, when it is long enough to be called by name
}

// longPolicy is from how many grants on a policy is told by its name.
const longPolicy = 8

// rightsOf reads the policies of a set.
func (o *Options) rightsOf(s *LiveSet) rights {
	if s.Unread {
		return rights{unknown: []string{"permission set " + s.Name}}
	}
	var r rights
	within := ""
	if s.Boundary != nil {
		within = "within the boundary " + s.Boundary.String()
		if document, exact, ok := o.managed(s.Boundary.ManagedPolicy); ok {
			compiled, err := policy.Compile(policy.Boundary, document)
			if err == nil {
				r.boundary = &policy.Named{Name: s.Boundary.ManagedPolicy, Policy: compiled}
			}
			if !exact {
				r.inexact = append(r.inexact, s.Boundary.ManagedPolicy)
			}
		}
		if r.boundary == nil {
			r.bounded = s.Boundary.String()
		}
	}
	if s.InlinePolicy != "" {
		r.read("", s.InlinePolicy, within)
	}
	for _, arn := range s.ManagedPolicies {
		document, exact, ok := o.managed(arn)
		if !ok || !r.read(arn, document, within) {
			r.unknown = append(r.unknown, "AWS managed policy "+arn)
			continue
		}
		if !exact {
			r.inexact = append(r.inexact, arn)
		}
	}
	for _, p := range s.CustomerManagedPolicies {
		r.unknown = append(r.unknown, "customer managed policy "+p.String())
	}
	return r
}

func (o *Options) managed(arn string) (document string, exact, ok bool) {
	if o.Managed == nil || arn == "" {
		return "", false, false
	}
	return o.Managed(arn)
}

// read takes one document in; false when it is none.
func (r *rights) read(name, text, within string) bool {
	compiled, err := policy.Compile(policy.Identity, text)
	if err != nil {
		return false
	}
	document, err := policy.Parse([]byte(text))
	if err != nil {
		return false
	}
	r.policies = append(r.policies, policy.Named{Name: name, Policy: compiled})
	from := len(r.grants)
	for i := range document.Statements {
		r.statement(&document.Statements[i], within)
	}
	if len(r.grants)-from > longPolicy {
		for i := from; i < len(r.grants); i++ {
			r.grants[i].source = name
		}
	}
	return true
}

func (r *rights) statement(s *policy.Statement, within string) {
	g := grant{deny: s.Effect != nil && s.Effect.Value.IsText("Deny"), limits: within}
	if g.deny {
		g.limits = "" // a boundary takes nothing from what is denied
	}
	if s.Condition != nil {
		g.limits = strings.TrimPrefix(g.limits+", when "+conditionWords(s), ", ")
	}
	g.resources = texts(s.Resource)
	if s.NotResource != nil {
		g.resources, g.but = []string{"everything but " + strings.Join(texts(s.NotResource), ", ")}, true
	}
	if s.NotAction != nil {
		g.action, g.not = "everything but "+strings.Join(texts(s.NotAction), ", "), true
		g.lower = strings.ToLower(g.action)
		r.grants = append(r.grants, g)
	}
	for _, action := range texts(s.Action) {
		g.action, g.lower = action, strings.ToLower(action)
		r.grants = append(r.grants, g)
	}
}

func texts(m *policy.Member) (all []string) {
	for _, n := range m.Values() {
		all = append(all, n.Text)
	}
	return all
}

func conditionWords(s *policy.Statement) string {
	var all []string
	for _, c := range s.Conditions() {
		all = append(all, fmt.Sprintf("%s %s %s", c.Key.Name, c.Operator.Name, strings.Join(texts(c.Key), " or ")))
	}
	return strings.Join(all, " and ")
}

// covers reports that whatever g is about, h is about as well. It may miss that, and
// never says so wrongly.
func (h *grant) covers(g *grant) bool {
	if h.deny != g.deny || h.limits != "" && h.limits != g.limits {
		return false
	}
	if h.not || h.but || g.not || g.but {
		everything := !h.not && !h.but && h.action == "*" && slices.Contains(h.resources, "*")
		same := h.not == g.not && h.but == g.but && h.action == g.action && slices.Equal(h.resources, g.resources)
		return everything || same
	}
	if !subsumes(h.lower, g.lower) {
		return false
	}
	for _, resource := range g.resources {
		if !slices.ContainsFunc(h.resources, func(wider string) bool { return subsumes(wider, resource) }) {
			return false
		}
	}
	return true
}

// subsumes reports that every text that the narrow pattern matches, the wide one does: it
// matches the narrow one's own text, when an asterisk there is eaten by an asterisk alone.
func subsumes(wide, narrow string) bool {
	w, n, star, back := 0, 0, -1, 0
	for n < len(narrow) {
		switch {
		case w < len(wide) && wide[w] == '*':
			star, back = w, n
			w++
		case w < len(wide) && narrow[n] != '*' && (wide[w] == narrow[n] || wide[w] == '?'):
			w++
			n++
		case star >= 0:
			back++
			w, n = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(wide[w:], "*") == ""
}

// meets reports that some text is matched by both patterns.
func meets(a, b string) bool {
	// The states of b's pattern that a's can be in, place by place.
	row := make([]bool, len(b)+1)
	row[0] = true
	spread := func(row []bool) {
		for j := range b {
			if row[j] && b[j] == '*' {
				row[j+1] = true
			}
		}
	}
	spread(row)
	for i := range len(a) {
		next := make([]bool, len(b)+1)
		if a[i] == '*' {
			reached := false
			for j := range row {
				reached = reached || row[j]
				next[j] = reached
			}
		} else {
			for j := range b {
				if !row[j] {
					continue
				}
				switch {
				case b[j] == '*':
					next[j] = true
				case b[j] == a[i] || b[j] == '?' || a[i] == '?':
					next[j+1] = true
				}
			}
		}
		spread(next)
		row = next
	}
	return row[len(b)]
}

// could reports that the action, a pattern, may be allowed on the resource, a pattern:
// whatever the conditions say, and unless a statement without conditions denies it whole.
func (r *rights) could(action, resource string) bool {
	action = strings.ToLower(action)
	asked := grant{deny: true, action: action, lower: action, resources: []string{resource}}
	for i := range r.grants {
		if r.grants[i].deny && r.grants[i].limits == "" && r.grants[i].covers(&asked) {
			return false
		}
	}
	return slices.ContainsFunc(r.grants, func(g grant) bool {
		if g.deny {
			return false
		}
		return (g.not || meets(g.lower, action)) &&
			(g.but || slices.ContainsFunc(g.resources, func(p string) bool { return strings.Contains(p, "${") || meets(p, resource) }))
	})
}

// strict is a document as it decides in the worst case for somebody who wants to be
// allowed: what is allowed under a condition is not, what is denied under one is.
func strict(text string) (string, error) { return rewritten(text, "Allow", "Deny") }

// loose is the best case: what is allowed under a condition is, what is denied under one
// is not.
func loose(text string) (string, error) { return rewritten(text, "Deny", "Allow") }

// rewritten leaves conditional statements of one effect out. Those of the other lose their
// conditions, and are about every resource where a variable says about which.
func rewritten(text, without, always string) (string, error) {
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return "", err
	}
	statements, isList := document["Statement"].([]any)
	if !isList {
		statements = []any{document["Statement"]}
	}
	kept := []any{}
	for _, item := range statements {
		s, ok := item.(map[string]any)
		if !ok {
			return "", fmt.Errorf("a statement is no object")
		}
		if s["Condition"] != nil && s["Effect"] == without {
			continue
		}
		if s["Effect"] == always {
			delete(s, "Condition")
			for _, element := range []string{"Resource", "NotResource"} {
				if strings.Contains(fmt.Sprint(s[element]), "${") {
					delete(s, element)
					s["Resource"] = "*"
				}
			}
		}
		kept = append(kept, s)
	}
	if len(kept) == 0 {
		return "", nil
	}
	document["Statement"] = kept
	out, err := json.Marshal(document)
	return string(out), err
}
