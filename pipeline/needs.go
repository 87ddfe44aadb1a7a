package pipeline

import (
	"maps"
	"slices"
)

// Needs says what has still to be read so that [NewPlan] can answer. Without a snapshot
// these are the names to look up and whether accounts' tags count; with one that has
// them, the permission sets and the organization, it is the assignments to read. Ask
// until it is empty: what was read may show that more is needed.
func (t *Templates) Needs(s *Snapshot) Needs {
	if s == nil {
		return t.names()
	}
	n := Needs{}
	files := map[string]*SetTemplate{}
	for i := range t.Sets {
		files[t.Sets[i].Name] = &t.Sets[i]
	}
	principals, pairs := setOf(s.Read.Principals), setOf(s.Read.Sets)
	accounts := setOf(s.Read.Provisioned)
	allPairs := true
	for i := range s.Sets {
		live := &s.Sets[i]
		file := files[live.Name]
		if live.Unread && (file != nil || t.asksWhatAllows(live.Name)) {
			n.Contents = append(n.Contents, live.ARN)
		}
		switch covered := pairs[live.ARN]; {
		case covered:
			continue
		case t.aboutEverybody(), live.Managed() && file == nil:
			n.Sets = append(n.Sets, live.ARN)
		case file != nil && !accounts[live.ARN] && mustProvision(live, &file.PermissionSet):
			n.Provisioned = append(n.Provisioned, live.ARN)
		}
		allPairs = allPairs && !live.Managed() && file == nil
	}
	groups := map[string]bool{}
	for _, u := range s.Users {
		if _, known := s.Memberships[u.ID]; t.asksAboutUser(u.Name) && !known {
			n.Members = append(n.Members, u.ID)
		}
	}
	for _, ids := range s.Memberships {
		for _, id := range ids {
			groups[id] = true
		}
	}
	need := func(p Principal) {
		if !principals[p] {
			principals[p] = true
			n.Principals = append(n.Principals, p)
		}
	}
	for _, p := range s.Groups {
		if !allPairs || t.asksAboutGroup(p.Name) {
			need(Principal{Group, p.ID})
		}
		delete(groups, p.ID)
	}
	for _, p := range s.Users {
		if !allPairs || t.asksAboutUser(p.Name) {
			need(Principal{User, p.ID})
		}
	}
	if t.guarded() {
		for _, id := range slices.Sorted(maps.Keys(groups)) {
			need(Principal{Group, id})
		}
	}
	return n
}

func setOf[T comparable](list []T) map[T]bool {
	set := make(map[T]bool, len(list))
	for _, item := range list {
		set[item] = true
	}
	return set
}

// names are those that files and guards speak of.
func (t *Templates) names() Needs {
	n, seen := Needs{}, map[PrincipalName]bool{}
	name := func(kind PrincipalType, name string) {
		key := PrincipalName{Type: kind, Name: name}
		if seen[key] {
			return
		}
		seen[key] = true
		if kind == User {
			n.Users = append(n.Users, name)
		} else {
			n.Groups = append(n.Groups, name)
		}
	}
	byTag := func(t Target) bool { return t.Kind == ByTag }
	for _, a := range t.Assignments {
		for _, p := range a.Principals {
			name(p.Type, p.Name)
		}
		n.AccountTags = n.AccountTags || slices.ContainsFunc(a.Targets, byTag) || slices.ContainsFunc(a.Exclude, byTag)
	}
	for _, g := range t.Guards {
		for _, subject := range g.subjects {
			name(g.kind, subject)
		}
		n.AccountTags = n.AccountTags || byTag(g.place)
	}
	slices.Sort(n.Groups)
	slices.Sort(n.Users)
	return n
}

// aboutEverybody reports whether a guard asks about principals that it does not name.
func (t *Templates) aboutEverybody() bool {
	return slices.ContainsFunc(t.Guards, func(g Guard) bool { return g.only || g.kind == "" })
}

// asksWhatAllows reports whether a guard asks what the set allows.
func (t *Templates) asksWhatAllows(set string) bool {
	return slices.ContainsFunc(t.Guards, func(g Guard) bool { return g.action != "" && (g.sets == nil || slices.Contains(g.sets, set)) })
}

func (t *Templates) guarded() bool { return len(t.Guards) > 0 }

func (t *Templates) asksAboutUser(name string) bool  { return t.asksAbout(User, name) }
func (t *Templates) asksAboutGroup(name string) bool { return t.asksAbout(Group, name) }

func (t *Templates) asksAbout(kind PrincipalType, name string) bool {
	return slices.ContainsFunc(t.Guards, func(g Guard) bool { return g.kind == kind && slices.Contains(g.subjects, name) })
}
