package pipeline

import (
	"maps"
	"slices"
)

// After is what would exist once the plan has been applied to what exists. Permission
// sets that it creates have no ARN of AWS's yet.
func After(s *Snapshot, p *Plan) *Snapshot {
	after := *s
	after.Sets = slices.Clone(s.Sets)
	after.Read.Sets = slices.Clone(s.Read.Sets)
	after.Read.Provisioned = slices.Clone(s.Read.Provisioned)
	gone, came := map[Assignment]bool{}, []Assignment(nil)
	at := map[string]int{}
	for i := range after.Sets {
		at[after.Sets[i].Name] = i
	}
	set := func(name string) *LiveSet { return &after.Sets[at[name]] }
	deleted := map[string]bool{}
	for _, c := range p.Changes {
		switch c.Action {
		case CreateSet:
			at[c.Set] = len(after.Sets)
			after.Sets = append(after.Sets, LiveSet{ARN: newARN(c.Set), PermissionSet: *c.After, Marks: maps.Clone(c.Marks)})
			after.Read.Sets = append(after.Read.Sets, newARN(c.Set))
		case UpdateSet:
			live := set(c.Set)
			live.PermissionSet, live.Marks = *c.After, maps.Clone(live.Marks)
			for key, value := range c.Marks {
				if live.Marks == nil {
					live.Marks = map[string]string{}
				}
				live.Marks[key] = value
			}
		case ProvisionSet:
			live := set(c.Set)
			live.Marks = maps.Clone(live.Marks)
			delete(live.Marks, UnprovisionedTag)
		case DeleteSet:
			deleted[c.Set] = true
		case Assign, Unassign:
			a := Assignment{c.SetARN, c.Account, *c.Principal}
			if a.Set == "" {
				a.Set = newARN(c.Set)
			}
			if c.Action == Unassign {
				gone[a] = true
				continue
			}
			came = append(came, a)
			live := set(c.Set)
			if _, found := slices.BinarySearch(live.Provisioned, c.Account); !found {
				live.Provisioned = sortedWith(live.Provisioned, c.Account)
			}
		}
	}
	after.Sets = slices.DeleteFunc(after.Sets, func(s LiveSet) bool { return deleted[s.Name] })
	after.Assignments = make([]Assignment, 0, len(s.Assignments)+len(came)-len(gone))
	for _, a := range s.Assignments {
		if !gone[a] {
			after.Assignments = append(after.Assignments, a)
		}
	}
	after.Assignments = append(after.Assignments, came...)
	return &after
}

// sortedWith is the list with one more, leaving the list as it is.
func sortedWith(list []string, item string) []string {
	with := append(slices.Clone(list), item)
	slices.Sort(with)
	return slices.Compact(with)
}
