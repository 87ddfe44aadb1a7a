package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// FactKind is what a fact is about.
type FactKind string

// The kinds of facts.
const (
	theInstance   FactKind = "instance"
	theManagement FactKind = "managementAccount"
	ofTarget      FactKind = "target"    // Of: the target as written; the value: how many accounts and which
	ofPrincipal   FactKind = "principal" // Of: GROUP/name; the id
	ofSet         FactKind = "set"       // Of: the name; whether it is there and whose
	ofContent     FactKind = "content"   // Of: the name, of a set that does not change
	ofField       FactKind = "field"     // Of: the field, a slash and the name, of one that does
	ofDeletion    FactKind = "deletion"  // Of: the name, of a set that goes; its assignments
)

var factWords = map[FactKind]string{
	theInstance: "the instance", theManagement: "the management account", ofTarget: "the accounts of target", ofPrincipal: "the id of",
	ofSet: "permission set", ofContent: "the content of permission set", ofField: "the field", ofDeletion: "the assignments of permission set",
}

// String names the fact as messages do.
func (f Fact) String() string {
	if f.Of == "" {
		return factWords[f.Kind]
	}
	return factWords[f.Kind] + " " + f.Of
}

// facts writes down what the plan relies on, before and afterwards.
func (p *planner) facts(after *world) {
	add := func(kind FactKind, of string) {
		p.p.Reads = append(p.p.Reads, Fact{kind, of, p.w.value(kind, of), after.value(kind, of)})
	}
	add(theInstance, "")
	add(theManagement, "")
	for _, text := range slices.Sorted(maps.Keys(p.targets)) {
		add(ofTarget, text)
	}
	principals := map[string]bool{}
	for _, a := range p.t.Assignments {
		for _, name := range a.Principals {
			principals[string(name.Type)+"/"+name.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(principals)) {
		add(ofPrincipal, name)
	}
	for _, set := range p.t.Sets {
		id := p.changed[set.Name]
		if strings.HasPrefix(id, "create/") {
			// What it becomes is what was created halfway, too: its ARN and content are not known.
			p.p.Reads = append(p.p.Reads, Fact{ofSet, set.Name, p.w.value(ofSet, set.Name), "ours"})
			continue
		}
		add(ofSet, set.Name)
		if id == "" {
			add(ofContent, set.Name)
			continue
		}
		for _, field := range everyField {
			add(ofField, string(field)+"/"+set.Name)
		}
	}
	for _, c := range p.p.Changes {
		if c.Action == DeleteSet {
			add(ofSet, c.Set)
			add(ofDeletion, c.Set)
			add(ofContent, c.Set)
		}
	}
}

var everyField = []Field{Description, SessionDuration, RelayState, ManagedPolicies, CustomerManagedPolicies, PermissionBoundary, CustomPolicy, Tags}

const absent = "absent"

// value is what a fact is in this world.
func (w *world) value(kind FactKind, of string) string {
	set := w.sets[of]
	switch kind {
	case theInstance:
		return w.Instance.ARN + " " + w.Instance.IdentityStore
	case theManagement:
		return w.ManagementAccount
	case ofTarget:
		t, ok := parseTarget(of)
		if !ok {
			return absent
		}
		found, _, problem := w.target(t)
		if problem != nil {
			return absent
		}
		var ids []string
		for _, i := range found {
			if a := w.Accounts[i]; a.Status == Active {
				ids = append(ids, a.ID)
			}
		}
		slices.Sort(ids)
		return count(len(ids), "account", "accounts") + " " + digest(ids)
	case ofPrincipal:
		kind, name, _ := strings.Cut(of, "/")
		ids := w.named[PrincipalType(kind)][name]
		if len(ids) != 1 {
			return absent
		}
		return ids[0]
	case ofField:
		field, name, _ := strings.Cut(of, "/")
		if set = w.sets[name]; set == nil {
			return absent
		}
		return digest(set.field(Field(field)))
	}
	if set == nil {
		return absent
	}
	switch kind {
	case ofSet:
		if !set.Managed() {
			return "not ours, " + set.ARN
		}
		if strings.HasPrefix(set.ARN, newARN("")) {
			return "ours"
		}
		return "ours, " + set.ARN
	case ofContent:
		var all []string
		for _, field := range everyField {
			all = append(all, set.field(field)...)
		}
		return digest(all)
	case ofDeletion:
		var all []string
		for _, a := range w.Assignments {
			if a.Set == set.ARN {
				all = append(all, a.Account+"/"+a.ID)
			}
		}
		slices.Sort(all)
		return count(len(all), "assignment", "assignments") + " " + digest(all)
	}
	return absent
}

// field is what a set says in one field, in one form.
func (s *PermissionSet) field(field Field) []string {
	switch field {
	case Description:
		return []string{s.Description}
	case SessionDuration:
		d, _ := parseDuration(s.SessionDuration)
		return []string{d.String()}
	case RelayState:
		return []string{s.RelayState}
	case ManagedPolicies:
		return s.ManagedPolicies
	case CustomerManagedPolicies:
		return customerNames(s)
	case PermissionBoundary:
		return []string{s.Boundary.String()}
	case CustomPolicy:
		return []string{canonicalPolicy(s.InlinePolicy)}
	case Tags:
		return tagPairs(s.Tags)
	}
	return nil
}

// digest is short, and differs for lists that do.
func digest(items []string) string {
	text, err := json.Marshal(orNone(items))
	if err != nil {
		panic(err) // strings have no other outcome
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Needs says what to read, beside the organization, the permission sets and the names
// that Principals and Users call for, before [Plan.Remaining] can answer.
func (p *Plan) Needs(s *Snapshot) Needs {
	n := Needs{}
	if s == nil {
		for _, f := range p.Reads {
			switch kind, name, _ := strings.Cut(f.Of, "/"); {
			case f.Kind == ofPrincipal && kind == string(User):
				n.Users = append(n.Users, name)
			case f.Kind == ofPrincipal:
				n.Groups = append(n.Groups, name)
			case f.Kind == ofTarget && strings.HasPrefix(f.Of, "tag:"):
				n.AccountTags = true
			}
		}
		return n
	}
	principals, sets, going := setOf(s.Read.Principals), setOf(s.Read.Sets), map[string]bool{}
	live := map[string]bool{}
	for i := range s.Sets {
		live[s.Sets[i].ARN] = true
	}
	for _, c := range p.Changes {
		if c.Action == DeleteSet {
			going[c.SetARN] = true
			if live[c.SetARN] && !sets[c.SetARN] {
				n.Sets = append(n.Sets, c.SetARN)
			}
		}
	}
	for _, c := range p.Changes {
		if c.Principal != nil && !going[c.SetARN] && !sets[c.SetARN] && !principals[*c.Principal] {
			principals[*c.Principal] = true
			n.Principals = append(n.Principals, *c.Principal)
		}
	}
	return n
}

// Remaining are the changes of the plan that are not done yet, for an apply that begins
// or begins again. What the plan relies on has to be as it was planned with, or as the
// plan makes it; otherwise the error is [Problems] that say what has changed, and nothing
// may be applied. Sets that are there by now have their ARN, and updates say only what is
// still missing.
func (p *Plan) Remaining(s *Snapshot) ([]Change, error) {
	w, err := newWorld(s)
	if err != nil {
		return nil, err
	}
	planned := map[Assignment]bool{}
	sets, principals := setOf(s.Read.Sets), setOf(s.Read.Principals)
	for _, c := range p.Changes {
		// What was not read must not pass for done.
		if live := w.sets[c.Set]; c.Principal != nil && live != nil && !sets[live.ARN] && !principals[*c.Principal] {
			return nil, fmt.Errorf("the snapshot is not complete: it lacks the assignments of %s and of %q", principalWords(*c.Principal, p.Names[c.Principal.ID]), c.Set)
		}
		if c.Action == Unassign {
			planned[Assignment{c.SetARN, c.Account, *c.Principal}] = true
		}
	}
	var problems findings
	for _, f := range p.Reads {
		now := w.value(f.Kind, f.Of)
		same := now == f.Was || now == f.Becomes || f.Kind == ofSet && f.Becomes == "ours" && strings.HasPrefix(now, "ours")
		if set := w.sets[f.Of]; f.Kind == ofDeletion && set != nil {
			// Some of them may be gone already; none may have come.
			same = !slices.ContainsFunc(w.Assignments, func(a Assignment) bool { return a.Set == set.ARN && !planned[a] })
		}
		if !same {
			problems.found(Position{}, "Plan again.", "Since the plan was made, %s has changed: from %s to %s.", f, f.Was, now)
		}
	}
	if len(problems.all) > 0 {
		return nil, problems.told(mostTold)
	}
	var left []Change
	open := map[string]bool{}
	for _, c := range p.Changes {
		c, todo := w.left(c, open)
		if !todo {
			continue
		}
		open[c.ID] = true
		c.Needs = slices.DeleteFunc(slices.Clone(c.Needs), func(id string) bool { return !open[id] })
		left = append(left, c)
	}
	return left, nil
}

// left is what is still to do of a change, if anything is.
func (w *world) left(c Change, open map[string]bool) (Change, bool) {
	live := w.sets[c.Set]
	if live != nil {
		c.SetARN = live.ARN
	}
	switch c.Action {
	case CreateSet, UpdateSet:
		if live == nil {
			return c, true
		}
		missing := map[string]string{}
		for key, value := range c.Marks {
			if live.Marks[key] != value {
				missing[key] = value
			}
		}
		c.Before, c.Fields, c.Marks = &live.PermissionSet, differences(&live.PermissionSet, c.After), missing
		c.Action = UpdateSet
		return c, len(c.Fields)+len(missing) > 0
	case ProvisionSet:
		_, marked := live.Marks[UnprovisionedTag]
		return c, marked || open["update/"+c.Set]
	case Assign, Unassign:
		if live == nil {
			return c, c.Action == Assign
		}
		return c, w.held[Assignment{live.ARN, c.Account, *c.Principal}] == (c.Action == Unassign)
	}
	return c, live != nil
}

// Sets are the names of the permission sets that the plan relies on.
func (p *Plan) Sets() (names []string) {
	for _, f := range p.Reads {
		if f.Kind == ofSet {
			names = append(names, f.Of)
		}
	}
	return names
}
