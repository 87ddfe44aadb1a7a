package policy

import (
	"errors"
	"fmt"
	"strings"
)

// text is a pattern or a value that may have policy variables in it.
type text struct {
	pattern        // all of it, when it has no variables
	parts   []part // with variables: what it is made of
}

// part is a piece of text, then a variable. The last part of a text may have no
// variable.
type part struct {
	literal     string // wildcards replaced
	key         string // lower case; empty: no variable
	fallback    string // the default
	hasFallback bool
}

// newText reads a text of a document. With variables, ${...} is one, or one of the
// three that stand for the character in them. With wild, * and ? are wildcards.
func newText(source string, variables, wild bool, keys keySet) (text, error) {
	if wild && tooLong(source) {
		return text{}, fmt.Errorf("between two asterisks there are at most %d characters when one is a question mark", longestTried)
	}
	literal := func(s string) string {
		if wild {
			return wildcards.Replace(s)
		}
		return s
	}
	if !variables || !strings.Contains(source, "${") {
		return text{pattern: newPattern(literal(source))}, nil
	}
	var t text
	var pending strings.Builder
	for {
		before, after, found := strings.Cut(source, "${")
		pending.WriteString(literal(before))
		if !found {
			break
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			return text{}, errors.New("a policy variable that begins with ${ has to end with }")
		}
		source = rest
		switch name {
		case "*", "?", "$":
			pending.WriteString(name)
			continue
		}
		p := part{literal: pending.String()}
		pending.Reset()
		key, fallback, hasFallback := strings.Cut(name, ",")
		if hasFallback {
			fallback = strings.TrimSpace(fallback)
			if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
				return text{}, errors.New("the default of a policy variable stands in single quotes, ${key, 'default'}")
			}
			p.fallback, p.hasFallback = fallback[1:len(fallback)-1], true
		}
		key = strings.TrimSpace(key)
		if key == "" {
			return text{}, errors.New("a policy variable names a condition key, ${aws:username}")
		}
		p.key = keys.add(key)
		t.parts = append(t.parts, p)
	}
	if t.parts == nil {
		return text{pattern: newPattern(pending.String())}, nil
	}
	t.parts = append(t.parts, part{literal: pending.String()})
	return t, nil
}

// match compares as a pattern.
func (t *text) match(q *question, value string) bool {
	if t.parts == nil {
		return t.pattern.match(value)
	}
	expanded, ok := t.expand(q)
	return ok && glob(expanded, value)
}

// equal compares as plain text.
func (t *text) equal(q *question, value string) bool {
	if t.parts == nil {
		return t.prefix == value
	}
	expanded, ok := t.expand(q)
	return ok && string(expanded) == value
}

func (t *text) equalFold(q *question, value string) bool {
	if t.parts == nil {
		return strings.EqualFold(t.prefix, value)
	}
	expanded, ok := t.expand(q)
	return ok && strings.EqualFold(string(expanded), value)
}

// expand puts values for variables, into q's scratch space. It fails where a key is
// absent and has no default, and where it has not exactly one value: then the text
// matches nothing.
func (t *text) expand(q *question) ([]byte, bool) {
	out := q.scratch[:0]
	for i := range t.parts {
		p := &t.parts[i]
		out = append(out, p.literal...)
		if p.key == "" {
			continue
		}
		value := p.fallback
		if values, present := q.Context[p.key]; present {
			if len(values) != 1 {
				return nil, false
			}
			value = values[0]
		} else if !p.hasFallback {
			return nil, false
		}
		for j := range len(value) {
			if value[j] >= anyOne {
				return nil, false // not UTF-8, and would be a wildcard here
			}
		}
		out = append(out, value...)
	}
	return out, true
}
