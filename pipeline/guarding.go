package pipeline

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// guarding asks the guards about what would be.
type guarding struct {
	p       *planner
	w       *world // after the plan
	reader  rightsReader
	holders map[string][]Assignment // by account

}

func (p *planner) guards(after *world) {
	g := &guarding{p: p, w: after, reader: rightsReader{Options: &p.Options, known: map[*LiveSet]rights{}}, holders: map[string][]Assignment{}}
	if len(p.t.Guards) == 0 {
		return
	}
	for _, a := range after.Assignments {
		g.holders[a.Account] = append(g.holders[a.Account], a)
	}
	for i := range p.t.Guards {
		guard := &p.t.Guards[i]
		result := GuardResult{At: guard.At, Rule: guard.Text, Because: guard.Because}
		g.ask(guard, &result)
		result.Passed = len(result.Found) == 0
		if len(result.Found) > mostGrants {
			more := len(result.Found) - mostGrants
			result.Found = append(result.Found[:mostGrants:mostGrants], fmt.Sprintf("and %d more", more))
		}
		slices.Sort(result.Notes)
		result.Notes = slices.Compact(result.Notes)
		p.p.Guards = append(p.p.Guards, result)
	}
}

// Failed are the guards that the plan contradicts: it may not be applied.
func (p *Plan) Failed() (failed []GuardResult) {
	for _, g := range p.Guards {
		if !g.Passed {
			failed = append(failed, g)
		}
	}
	return failed
}

// ask answers one guard. A guard about what there is not is a problem, not a success: it
// would pass for ever.
func (g *guarding) ask(guard *Guard, result *GuardResult) {
	accounts, problem := g.place(guard)
	if problem != nil {
		problem.At = guard.At
		g.p.problems.add(*problem)
		return
	}
	for _, name := range guard.sets {
		if g.w.sets[name] == nil {
			fix := "Take the guard out, or correct the name."
			if near := g.w.guess.nearest(name, maps.Keys(g.w.sets)); near != "" {
				fix = fmt.Sprintf("Did you mean %s?", near)
			}
			g.p.problem(guard.At, fix, "The guard is about the permission set %q, which there would not be.", clip(name))
			return
		}
	}
	subjects := map[Principal]bool{}
	var order []Principal
	for _, name := range guard.subjects {
		principal, problem := g.w.principal(PrincipalName{Type: guard.kind, Name: name, At: guard.At})
		if problem != nil {
			g.p.problems.add(*problem)
			return
		}
		subjects[principal] = true
		order = append(order, principal)
	}
	for _, id := range accounts {
		switch {
		case guard.only:
			g.refuse(guard, result, id, func(p Principal) bool { return !subjects[p] })
		case guard.kind == "" && !guard.can:
			g.refuse(guard, result, id, func(Principal) bool { return true })
		case guard.kind == "":
			g.require(guard, result, id, "nobody", func(Principal) bool { return true })
		default:
			for _, subject := range order {
				is := g.is(subject)
				if guard.can {
					g.require(guard, result, id, g.w.principalName(subject)+" cannot", is)
				} else {
					g.refuse(guard, result, id, is)
				}
			}
		}
	}
}

// is says whether an assignment to a principal is one of the subject: its own, or for a
// user that of a group the user is in.
func (g *guarding) is(subject Principal) func(Principal) bool {
	groups := setOf(g.w.Memberships[subject.ID])
	return func(p Principal) bool {
		return p == subject || subject.Type == User && p.Type == Group && groups[p.ID]
	}
}

// place are the ids of the active accounts that a guard is about.
func (g *guarding) place(guard *Guard) (ids []string, problem *Problem) {
	t := guard.place
	found := func(indexes []int) ([]string, *Problem) {
		for _, i := range indexes {
			if g.w.Accounts[i].Status == Active {
				ids = append(ids, g.w.Accounts[i].ID)
			}
		}
		slices.Sort(ids)
		if len(ids) == 0 {
			return nil, &Problem{Message: fmt.Sprintf("The guard is about %s, in which no account is active.", clip(t.Text)), Fix: "Take the guard out, or correct it."}
		}
		return ids, nil
	}
	switch t.Kind {
	case ByAccount:
		if _, known := g.w.index[t.Value]; !known {
			var named []int
			for i := range g.w.Accounts {
				if g.w.Accounts[i].Name == t.Value {
					named = append(named, i)
				}
			}
			if len(named) == 1 {
				return found(named)
			}
			if len(named) > 1 {
				return nil, &Problem{Message: fmt.Sprintf("There are %d accounts called %q.", len(named), clip(t.Value)), Fix: "Name the account by id."}
			}
		}
	case ByUnit:
		if g.w.units[t.Value] != nil {
			break
		}
		if strings.HasPrefix(t.Value, "/") {
			t.Kind = ByPath
			break
		}
		var ids, paths []string
		for id, unit := range g.w.units {
			if unit.Name == t.Value {
				ids, paths = append(ids, id), append(paths, g.w.paths[id])
			}
		}
		if len(ids) > 1 {
			slices.Sort(paths)
			return nil, &Problem{Message: fmt.Sprintf("There are %d units called %q.", len(ids), clip(t.Value)), Fix: "Name it by path: " + listed(paths) + "."}
		}
		if len(ids) == 1 {
			t.Value = ids[0]
		}
	}
	t.Label = ""
	indexes, _, problem := g.w.target(t)
	if problem != nil {
		return nil, problem
	}
	return found(indexes)
}

// refuse finds what contradicts that nobody of these can.
func (g *guarding) refuse(guard *Guard, result *GuardResult, account string, of func(Principal) bool) {
	for _, a := range g.about(guard, account) {
		if !of(a.Principal) {
			continue
		}
		why := "reaches it with " + g.w.byARN[a.Set].Name
		if guard.action != "" {
			if why = g.possible(guard, a, result); why == "" {
				continue
			}
		}
		result.Found = append(result.Found, fmt.Sprintf("%s: %s %s", g.w.accountName(account), g.w.principalName(a.Principal), why))
	}
}

// require finds that none of these can.
func (g *guarding) require(guard *Guard, result *GuardResult, account, who string, of func(Principal) bool) {
	reasons := []string{}
	for _, a := range g.about(guard, account) {
		if !of(a.Principal) {
			continue
		}
		why := ""
		if guard.action != "" {
			why = g.certain(guard, a, result)
		}
		if why == "" {
			return
		}
		reasons = append(reasons, g.w.byARN[a.Set].Name+" "+why)
	}
	found := g.w.accountName(account) + ": " + who
	if who == "nobody" {
		found += " can"
	}
	if len(reasons) > 0 {
		found += " (" + strings.Join(reasons, "; ") + ")"
	}
	result.Found = append(result.Found, found)
}

// about are the assignments of an account, of the sets that a guard names.
func (g *guarding) about(guard *Guard, account string) (about []Assignment) {
	for _, a := range g.holders[account] {
		if set := g.w.byARN[a.Set]; set != nil && (guard.sets == nil || slices.Contains(guard.sets, set.Name)) {
			about = append(about, a)
		}
	}
	slices.SortFunc(about, func(a, b Assignment) int {
		return cmp.Or(strings.Compare(string(a.Type), string(b.Type)), strings.Compare(g.w.names[a.Principal], g.w.names[b.Principal]), strings.Compare(a.Set, b.Set))
	})
	return about
}

// possible says how somebody with the set may do what a guard forbids; empty: cannot.
// Conditions are taken as fulfilled, and what is not known as allowing everything.
func (g *guarding) possible(guard *Guard, a Assignment, result *GuardResult) string {
	set := g.w.byARN[a.Set]
	have := g.reader.of(g.w, a.Set)
	g.note(&have, result)
	what := guard.action + " on " + guard.resource
	if len(have.unknown) > 0 && !have.denies(guard) {
		return "may " + what + " with " + set.Name + ", for all that is known here of the " + listed(have.unknown)
	}
	allowed := have.could(guard.action, guard.resource)
	if allowed && !guard.pattern() {
		allowed = g.decide(guard, a, set, loose)
	}
	if !allowed {
		return ""
	}
	return "can " + what + " with " + set.Name
}

// certain says why it is not certain that somebody with the set can; empty: it is.
func (g *guarding) certain(guard *Guard, a Assignment, result *GuardResult) string {
	set := g.w.byARN[a.Set]
	have := g.reader.of(g.w, a.Set)
	g.note(&have, result)
	switch {
	case have.bounded != "":
		return "is bounded by " + have.bounded + ", whose content is not known here"
	case !g.decide(guard, a, set, strict):
		return "does not allow it whatever the conditions"
	case len(have.unknown) > 0:
		result.Notes = append(result.Notes, "the "+listed(have.unknown)+" of "+set.Name+" could deny it, and was not looked at")
	}
	return ""
}

func (g *guarding) note(have *rights, result *GuardResult) {
	for _, arn := range have.inexact {
		result.Notes = append(result.Notes, "the text of "+arn+" here is not AWS's own")
	}
	if have.bounded != "" {
		result.Notes = append(result.Notes, "the boundary "+have.bounded+" was not looked at")
	}
}

func (g *Guard) pattern() bool { return strings.ContainsAny(g.action+g.resource, "*?") }

// denies reports that the set's own policies deny all that the guard is about.
func (r *rights) denies(guard *Guard) bool {
	asked := grant{deny: true, action: guard.action, lower: strings.ToLower(guard.action), resources: []string{guard.resource}}
	return slices.ContainsFunc(r.grants, func(g grant) bool { return g.deny && g.limits == "" && g.covers(&asked) })
}

// decide asks the policy evaluator about one action on one resource, with the documents
// rewritten for the best or the worst case.
func (g *guarding) decide(guard *Guard, a Assignment, set *LiveSet, rewrite func(string) (string, error)) bool {
	policies := &policy.Policies{}
	add := func(name, text string) {
		if text, err := rewrite(text); err == nil && text != "" {
			if compiled, err := policy.Compile(policy.Identity, text); err == nil {
				policies.Identity = append(policies.Identity, policy.Named{Name: name, Policy: compiled})
			}
		}
	}
	if set.InlinePolicy != "" {
		add("inline", set.InlinePolicy)
	}
	for _, arn := range set.ManagedPolicies {
		if document, _, ok := g.p.managed(arn); ok {
			add(arn, document)
		}
	}
	if set.Boundary != nil {
		if document, _, ok := g.p.managed(set.Boundary.ManagedPolicy); ok {
			text, err := rewrite(document)
			if err != nil || text == "" {
				return false // nothing is within it
			}
			compiled, err := policy.Compile(policy.Boundary, text)
			if err != nil {
				return false
			}
			policies.Boundary = &policy.Named{Name: set.Boundary.ManagedPolicy, Policy: compiled}
		}
	}
	role := "AWSReservedSSO_" + set.Name
	decision := policy.Evaluate(&policy.Request{
		Principal: policy.Principal{Kind: policy.AssumedRole, Account: a.Account, ARN: "arn:aws:iam::" + a.Account + ":role/aws-reserved/sso.amazonaws.com/" + role},
		Action:    guard.action, Resource: guard.resource, Context: policy.Context{},
	}, policies)
	return decision.Effect == policy.Allow
}

// WriteJUnit writes what became of the guards in the form that CI systems read.
func (p *Plan) WriteJUnit(to io.Writer) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testCase struct {
		Name      string   `xml:"name,attr"`
		ClassName string   `xml:"classname,attr"`
		File      string   `xml:"file,attr"`
		Line      int      `xml:"line,attr"`
		Failure   *failure `xml:"failure"`
		Out       string   `xml:"system-out,omitempty"`
	}
	suite := struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testCase `xml:"testcase"`
	}{Name: "sallyport guards", Tests: len(p.Guards), Failures: len(p.Failed())}
	for _, g := range p.Guards {
		c := testCase{Name: printable(g.Rule), ClassName: printable(g.At.File), File: printable(g.At.File), Line: g.At.Line, Out: printable(strings.Join(g.Notes, "; "))}
		if !g.Passed {
			c.Failure = &failure{Message: printable(strings.Join(append(g.Found[:1:1], nonEmpty("because "+g.Because, g.Because)...), "; ")), Text: printable(strings.Join(g.Found, "; "))}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(to, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(to)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(to, "\n")
	return err
}

// nonEmpty is the text, if there is what it is about.
func nonEmpty(text, about string) []string {
	if about == "" {
		return nil
	}
	return []string{text}
}
