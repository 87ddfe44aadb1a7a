package policy

import "strings"

// arnPattern matches ARNs. A wildcard before the last of the six segments stays in its
// segment; in the last it matches anything, colons and slashes too.
type arnPattern struct {
	whole    pattern // when there is nothing but plain text before the last segment
	segments []text  // otherwise: six
}

// everything is what a lone * matches, ARN or not.
var everything = newPattern(string([]byte{anyRun}))

// newARNPattern reads a pattern. Where complete is set, segments left out match
// anything: "If you specify an incomplete ARN (one with fewer than the standard six
// fields), AWS automatically completes the ARN by adding wildcard characters" ("IAM JSON
// policy elements: Resource").
func newARNPattern(source string, variables, complete bool, keys keySet) (arnPattern, error) {
	if source == "*" {
		return arnPattern{whole: everything}, nil
	}
	parts := splitARN(source, variables)
	for complete && len(parts) < 6 {
		parts = append(parts, "*")
	}
	var a arnPattern
	plain := true
	for i, p := range parts {
		t, err := newText(p, variables, true, keys)
		if err != nil {
			return arnPattern{}, err
		}
		a.segments = append(a.segments, t)
		plain = plain && t.parts == nil && (t.rest == "" || i == 5)
	}
	if plain && len(parts) == 6 {
		for _, t := range a.segments[:5] {
			a.whole.prefix += t.prefix + ":"
		}
		a.whole.prefix += a.segments[5].prefix
		a.whole.rest = a.segments[5].rest
		a.segments = nil
	}
	return a, nil
}

// splitARN cuts at the first five colons outside of variables.
func splitARN(source string, variables bool) (parts []string) {
	start := 0
	for i := 0; i < len(source) && len(parts) < 5; i++ {
		if variables && strings.HasPrefix(source[i:], "${") {
			if end := strings.IndexByte(source[i:], '}'); end > 0 {
				i += end
			}
			continue
		}
		if source[i] == ':' {
			parts = append(parts, source[start:i])
			start = i + 1
		}
	}
	return append(parts, source[start:])
}

func (a *arnPattern) match(q *question, value string) bool {
	if a.segments == nil {
		return a.whole.match(value)
	}
	if len(a.segments) != 6 {
		return false
	}
	for i := range a.segments[:5] {
		end := strings.IndexByte(value, ':')
		if end < 0 || !a.segments[i].match(q, value[:end]) {
			return false
		}
		value = value[end+1:]
	}
	return a.segments[5].match(q, value)
}

// resources are the Resource or NotResource of a statement. A trust policy has neither:
// it is about its role.
type resources struct {
	not, none bool
	list      []arnPattern
}

func (r *resources) match(q *question) bool {
	if r.none {
		return true
	}
	for i := range r.list {
		if r.list[i].match(q, q.Resource) {
			return !r.not
		}
	}
	return r.not
}
