package pipeline

import (
	"maps"
	"slices"
)

// differences are the fields in which one set has to be changed to be as the other. A
// description that files leave out is not taken away, as AWS has no call that would, nor
// are tags of which files say nothing.
func differences(from, to *PermissionSet) (changes []FieldChange) {
	text := func(field Field, before, after string) {
		if before != after {
			changes = append(changes, FieldChange{Field: field, Before: before, After: after})
		}
	}
	list := func(field Field, before, after []string) {
		add, remove := without(after, before), without(before, after)
		if len(add)+len(remove) > 0 {
			changes = append(changes, FieldChange{Field: field, Add: add, Remove: remove})
		}
	}
	if to.Description != "" {
		text(Description, from.Description, to.Description)
	}
	if !sameDuration(from.SessionDuration, to.SessionDuration) {
		text(SessionDuration, from.SessionDuration, to.SessionDuration)
	}
	text(RelayState, from.RelayState, to.RelayState)
	list(ManagedPolicies, from.ManagedPolicies, to.ManagedPolicies)
	list(CustomerManagedPolicies, customerNames(from), customerNames(to))
	text(PermissionBoundary, from.Boundary.String(), to.Boundary.String())
	if !samePolicy(from.InlinePolicy, to.InlinePolicy) {
		text(CustomPolicy, from.InlinePolicy, to.InlinePolicy)
	}
	if before, after := tagPairs(from.Tags), tagPairs(to.Tags); to.Tags != nil && !slices.Equal(before, after) {
		changes = append(changes, FieldChange{Field: Tags, Add: without(after, before), Remove: without(before, after)})
	}
	return changes
}

// sameDuration compares what durations say: PT60M is PT1H.
func sameDuration(a, b string) bool {
	x, okX := parseDuration(a)
	y, okY := parseDuration(b)
	return a == b || okX && okY && x == y
}

func without(list, other []string) (left []string) {
	in := make(map[string]bool, len(other))
	for _, item := range other {
		in[item] = true
	}
	for _, item := range list {
		if !in[item] {
			left = append(left, item)
		}
	}
	return left
}

func customerNames(s *PermissionSet) (names []string) {
	for _, p := range s.CustomerManagedPolicies {
		names = append(names, p.String())
	}
	return names
}

func tagPairs(tags map[string]string) (pairs []string) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		pairs = append(pairs, key+"="+tags[key])
	}
	return pairs
}

// String is the ARN, or path and name; empty for none.
func (b *Boundary) String() string {
	switch {
	case b == nil:
		return ""
	case b.CustomerPolicy != nil:
		return b.CustomerPolicy.String()
	}
	return b.ManagedPolicy
}

// equal reports whether two sets say the same.
func (s *PermissionSet) equal(other *PermissionSet) bool {
	return s.Description == other.Description && len(differences(s, other)) == 0
}
