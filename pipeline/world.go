package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// world is a snapshot made ready to be asked.
type world struct {
	*Snapshot
	accounts map[string]*Account
	index    map[string]int // of accounts, by id
	units    map[string]*Unit
	above    map[string][]string // a unit and those above it, nearest first
	paths    map[string]string   // of units: "/Workloads/Production"; the root's is "/"
	within   map[string][]int    // accounts, by each unit above them: indexes
	named    map[PrincipalType]map[string][]string
	names    map[Principal]string
	sets     map[string]*LiveSet // by name
	byARN    map[string]*LiveSet
	held     map[Assignment]bool
	guess    findings
}

func newWorld(s *Snapshot) (*world, error) {
	w := &world{
		Snapshot: s, accounts: map[string]*Account{}, index: map[string]int{}, units: map[string]*Unit{}, above: map[string][]string{}, paths: map[string]string{}, within: map[string][]int{},
		named: map[PrincipalType]map[string][]string{User: {}, Group: {}}, names: map[Principal]string{}, sets: map[string]*LiveSet{}, byARN: map[string]*LiveSet{},
		held: make(map[Assignment]bool, len(s.Assignments)),
	}
	for i := range s.Units {
		w.units[s.Units[i].ID] = &s.Units[i]
	}
	for id := range w.units {
		var chain, names []string
		for at := w.units[id]; at != nil; at = w.units[at.Parent] {
			if chain = append(chain, at.ID); len(chain) > len(w.units) {
				return nil, fmt.Errorf("the snapshot's unit %s is above itself", id)
			}
			if at.Parent != "" {
				names = append(names, at.Name)
			}
		}
		slices.Reverse(names)
		w.above[id], w.paths[id] = chain, "/"+strings.Join(names, "/")
	}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		w.accounts[a.ID], w.index[a.ID] = a, i
		for _, unit := range w.above[a.Parent] {
			w.within[unit] = append(w.within[unit], i)
		}
	}
	for kind, all := range map[PrincipalType][]NamedPrincipal{Group: s.Groups, User: s.Users} {
		for _, p := range all {
			if ids := w.named[kind][p.Name]; !slices.Contains(ids, p.ID) {
				w.named[kind][p.Name] = append(ids, p.ID)
			}
			w.names[Principal{kind, p.ID}] = p.Name
		}
	}
	for i := range s.Sets {
		set := &s.Sets[i]
		if w.sets[set.Name] != nil {
			return nil, fmt.Errorf("the snapshot has two permission sets %q", set.Name)
		}
		w.sets[set.Name], w.byARN[set.ARN] = set, set
	}
	for _, a := range s.Assignments {
		w.held[a] = true
	}
	return w, nil
}

// accountName is the id with the name behind it.
func (w *world) accountName(id string) string {
	if a := w.accounts[id]; a != nil && a.Name != "" {
		return id + " (" + a.Name + ")"
	}
	return id
}

// principalName is how messages call a principal.
func (w *world) principalName(p Principal) string { return principalWords(p, w.names[p]) }

func principalWords(p Principal, name string) string {
	return strings.ToLower(string(p.Type)) + " " + cmp.Or(name, p.ID)
}

// target finds the accounts that a target matches, active or not, by index, each with
// the reason. What is wrong with the target comes as a problem.
func (w *world) target(t Target) (found []int, because string, problem *Problem) {
	wrong := func(fix, format string, args ...any) ([]int, string, *Problem) {
		return nil, "", &Problem{At: t.At, Message: fmt.Sprintf(format, args...), Fix: fix}
	}
	all := func() []int {
		every := make([]int, len(w.Accounts))
		for i := range every {
			every[i] = i
		}
		return every
	}
	switch t.Kind {
	case ByAccount:
		i, known := w.index[t.Value]
		if !known {
			return wrong("Take it out, or correct the id.", "There is no account %s in the organization.", t.Value)
		}
		if name := w.Accounts[i].Name; t.Label != "" && t.Label != name {
			return wrong(fmt.Sprintf("Write %s:%s, or the id of the account that is meant.", clip(name), t.Value), "Account %s is called %q, not %q.", t.Value, clip(name), clip(t.Label))
		}
		return []int{i}, "named", nil
	case ByRoot:
		if t.Value == "" {
			return all(), "Root", nil
		}
		fallthrough
	case ByUnit:
		unit := w.units[t.Value]
		if unit == nil {
			return wrong("Take it out, or correct the id.", "There is no unit %s in the organization.", t.Value)
		}
		if t.Label != "" && t.Label != unit.Name {
			return wrong(fmt.Sprintf("Write %s:%s, or the id of the unit that is meant.", clip(unit.Name), t.Value), "Unit %s is called %q, not %q.", t.Value, clip(unit.Name), clip(t.Label))
		}
		return w.under(t.Value, t.Nested), "in " + w.paths[t.Value], nil
	case ByPath:
		switch ids := w.unitsAt(t.Value); len(ids) {
		case 0:
			fix := "Take it out, or correct the path."
			if near := w.guess.nearest(t.Value, maps.Values(w.paths)); near != "" {
				fix = fmt.Sprintf("Did you mean path:%s?", clip(near))
			}
			return wrong(fix, "There is no unit at %s.", clip(t.Value))
		case 1:
			return w.under(ids[0], t.Nested), "in " + t.Value, nil
		default:
			return wrong("Name it by id: "+strings.Join(ids, " or ")+".", "There are %d units at %s.", len(ids), clip(t.Value))
		}
	case ByTag:
		for i := range w.Accounts {
			if value, has := w.Accounts[i].Tags[t.Value]; has && value == t.Tag {
				found = append(found, i)
			}
		}
		return found, "tagged " + t.Value + "=" + t.Tag, nil
	}
	return wrong(targetForms, "%q is no target.", clip(t.Text))
}

// unitsAt are the units whose names, from the root down, are the path.
func (w *world) unitsAt(path string) (ids []string) {
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	for id, at := range w.paths {
		if at == path {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (w *world) under(unit string, nested bool) []int {
	if nested {
		return w.within[unit]
	}
	var direct []int
	for _, i := range w.within[unit] {
		if w.Accounts[i].Parent == unit {
			direct = append(direct, i)
		}
	}
	return direct
}

// principal finds a principal by name.
func (w *world) principal(p PrincipalName) (Principal, *Problem) {
	ids, word := w.named[p.Type][p.Name], strings.ToLower(string(p.Type))
	switch len(ids) {
	case 1:
		return Principal{p.Type, ids[0]}, nil
	case 0:
		fix := fmt.Sprintf("Create the %s, or correct the name.", word)
		other := map[PrincipalType]PrincipalType{User: Group, Group: User}[p.Type]
		if len(w.named[other][p.Name]) > 0 {
			fix = fmt.Sprintf("There is a %s of that name: is PrincipalType %s meant?", strings.ToLower(string(other)), other)
		} else if near := w.guess.nearest(p.Name, maps.Keys(w.named[p.Type])); near != "" {
			fix = fmt.Sprintf("Did you mean %q?", clip(near))
		}
		return Principal{}, &Problem{At: p.At, Message: fmt.Sprintf("There is no %s %q in the identity store.", word, clip(p.Name)), Fix: fix}
	}
	return Principal{}, &Problem{At: p.At, Message: fmt.Sprintf("There are %d %ss called %q in the identity store.", len(ids), word, clip(p.Name)), Fix: "Give them names that differ."}
}
