package pipeline

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// access finds out who gains and who loses what: for every principal whose own
// assignments, or the content of a set it is assigned, change in an account. What groups
// give to users is told of the groups.
func (p *planner) access(after *world) {
	type place struct {
		account string
		Principal
	}
	touched := map[place]bool{}
	changed := map[string]bool{}
	for _, c := range p.p.Changes {
		switch c.Action {
		case Assign, Unassign:
			touched[place{c.Account, *c.Principal}] = true
		case UpdateSet:
			changed[c.SetARN] = slices.ContainsFunc(c.Fields, func(f FieldChange) bool {
				return f.Field == ManagedPolicies || f.Field == CustomerManagedPolicies || f.Field == PermissionBoundary || f.Field == CustomPolicy
			})
		}
	}
	for _, a := range after.Assignments {
		if changed[a.Set] {
			touched[place{a.Account, a.Principal}] = true
		}
	}
	if len(touched) == 0 {
		return
	}
	held := func(w *world) map[place][]string {
		sets := map[place][]string{}
		for _, a := range w.Assignments {
			if at := (place{a.Account, a.Principal}); touched[at] {
				sets[at] = append(sets[at], a.Set)
			}
		}
		return sets
	}
	before, then := held(p.w), held(after)
	type key struct {
		Principal
		how string
	}
	told := map[key]*AccessChange{}
	comparing := map[string]AccessChange{}
	reader := rightsReader{Options: &p.Options, known: map[*LiveSet]rights{}}
	for at := range touched {
		was, is := before[at], then[at]
		slices.Sort(was)
		slices.Sort(is)
		how := strings.Join(was, " ") + " > " + strings.Join(is, " ")
		k := key{at.Principal, how}
		if told[k] == nil {
			change, known := comparing[how]
			if !known {
				change = reader.compare(p.w, after, was, is)
				comparing[how] = change
			}
			change.Principal, change.Accounts = at.Principal, nil
			told[k] = &change
		}
		told[k].Accounts = append(told[k].Accounts, at.account)
	}
	for _, change := range told {
		if len(change.Gains)+len(change.Loses)+len(change.Unknown) > 0 {
			slices.Sort(change.Accounts)
			p.p.Access = append(p.p.Access, *change)
		}
	}
	slices.SortFunc(p.p.Access, func(a, b AccessChange) int {
		return cmp.Or(strings.Compare(string(a.Principal.Type), string(b.Principal.Type)), strings.Compare(p.w.names[a.Principal], p.w.names[b.Principal]),
			strings.Compare(a.Principal.ID, b.Principal.ID), slices.Compare(a.Sets, b.Sets), slices.Compare(a.Accounts, b.Accounts))
	})
}

// rightsReader reads each set once.
type rightsReader struct {
	*Options
	known map[*LiveSet]rights
}

func (r *rightsReader) of(w *world, arn string) rights {
	set := w.byARN[arn]
	if set == nil {
		return rights{}
	}
	found, known := r.known[set]
	if !known {
		found = r.rightsOf(set)
		r.known[set] = found
	}
	return found
}

// compare says what somebody gains and loses who was assigned some sets and is others.
func (r *rightsReader) compare(w, after *world, was, is []string) (change AccessChange) {
	var old, now []grant
	var oldUnknown, nowUnknown []string
	for _, arn := range was {
		have := r.of(w, arn)
		old, oldUnknown = append(old, have.grants...), append(oldUnknown, have.unknown...)
	}
	for _, arn := range is {
		have := r.of(after, arn)
		now, nowUnknown = append(now, have.grants...), append(nowUnknown, have.unknown...)
	}
	sets := func(w *world, arns []string) (names []string) {
		for _, arn := range arns {
			names = append(names, w.byARN[arn].Name)
		}
		return names
	}
	wasNamed, isNamed := sets(w, was), sets(after, is)
	change.Sets = append(without(isNamed, wasNamed), without(wasNamed, isNamed)...)
	for _, name := range isNamed {
		if slices.Contains(wasNamed, name) && !w.sets[name].equal(&after.sets[name].PermissionSet) {
			change.Sets = append(change.Sets, name)
		}
	}
	slices.Sort(change.Sets)
	change.Gains, change.Loses = words(beyond(now, old), false, ""), words(beyond(old, now), false, "")
	// What a set denies counts in its own role alone.
	for _, arn := range is {
		denied := r.of(after, arn).grants
		if slices.Contains(was, arn) {
			change.Gains = append(change.Gains, words(beyond(r.of(w, arn).grants, denied), true, ", no longer denied")...)
			change.Loses = append(change.Loses, words(beyond(denied, r.of(w, arn).grants), true, ", now denied")...)
		} else if len(change.Gains) > 0 {
			change.Gains = append(change.Gains, words(denied, true, ", denied by "+after.byARN[arn].Name)...)
		}
	}
	for _, name := range without(nowUnknown, oldUnknown) {
		change.Unknown = append(change.Unknown, "gains what the "+name+" allows")
	}
	for _, name := range without(oldUnknown, nowUnknown) {
		change.Unknown = append(change.Unknown, "loses what the "+name+" allows")
	}
	return change
}

// beyond are the grants that none of the others covers.
func beyond(grants, others []grant) (left []grant) {
	for i := range grants {
		g := &grants[i]
		if !slices.ContainsFunc(others, func(h grant) bool { return h.covers(g) }) {
			left = append(left, *g)
		}
	}
	return left
}

// mostGrants is how many lines one change is told in.
const mostGrants = 40

// words tell of grants: those that allow, or those that deny, each with a suffix.
func words(grants []grant, deny bool, suffix string) (lines []string) {
	where := map[string]int{}
	var actions [][]string
	var behind []string
	counts := map[string]int{}
	for _, g := range grants {
		if g.deny != deny {
			continue
		}
		if g.source != "" {
			counts[g.source]++
			continue
		}
		rest := " on " + strings.Join(g.resources, ", ")
		if g.limits != "" {
			rest += " (" + g.limits + ")"
		}
		i, known := where[rest]
		if !known {
			i = len(actions)
			where[rest] = i
			actions, behind = append(actions, nil), append(behind, rest)
		}
		if !slices.Contains(actions[i], g.action) {
			actions[i] = append(actions[i], g.action)
		}
	}
	for i := range actions {
		lines = append(lines, listed(actions[i])+behind[i]+suffix)
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		lines = append(lines, count(counts[name], "permission", "permissions")+" of "+name+suffix)
	}
	if more := len(lines) - mostGrants; more > 0 {
		lines = append(lines[:mostGrants:mostGrants], count(more, "more line", "more lines"))
	}
	return lines
}
