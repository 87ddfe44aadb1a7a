package policy

import "strings"

// mostSteps bounds what comparing patterns with each other may take in one document,
// whatever is in it: some hundredths of a second. What is left uncompared when it is used
// up is not called redundant.
const mostSteps = 4 << 20

// covers reports whether everything the narrow pattern matches, the wide one matches too.
// It goes through the narrow one as if that were text in which * and ? are characters
// that only * and, for the latter, ? match; so it never claims too much. A variable is
// text like any other, and covers itself.
func (c *checker) covers(wide, narrow string) bool {
	c.steps--
	w, n := 0, 0
	star, resume := -1, 0
	for n < len(narrow) {
		if c.steps--; c.steps < 0 {
			return false
		}
		switch {
		case w < len(wide) && wide[w] == '*':
			w++
			star, resume = w, n
		case w < len(wide) && (wide[w] == narrow[n] || wide[w] == '?' && narrow[n] != '*'):
			w++
			n++
		case star >= 0:
			resume++
			w, n = star, resume
		default:
			return false
		}
	}
	return strings.Trim(wide[w:], "*") == ""
}

// coveredBy finds another of the siblings that covers the one at the index. Of two that
// cover each other the later one is covered.
func (s *subject) coveredBy(fold bool) *Node {
	text := func(n *Node) string {
		if fold {
			return lower(n.Text)
		}
		return n.Text
	}
	own := text(s.node)
	for i := range s.siblings {
		other := &s.siblings[i]
		if s.steps -= len(other.Text)/16 + 1; s.steps < 0 {
			break
		}
		if i == s.index || other.Kind != StringNode {
			continue
		}
		if s.covers(text(other), own) && (i < s.index || !s.covers(own, text(other))) {
			return other
		}
	}
	return nil
}

// redundantTo finds a statement that says all that this one does.
func (s *subject) redundantTo() *Statement {
	for i := range s.document.Statements {
		other := &s.document.Statements[i]
		if other.Index == s.statement.Index || s.steps < 0 {
			continue
		}
		if s.saysAll(other, s.statement.Statement) && (other.Index < s.statement.Index || !s.saysAll(s.statement.Statement, other)) {
			return other
		}
	}
	return nil
}

func (c *checker) saysAll(wide, narrow *Statement) bool {
	c.steps--
	return c.same(wide.Effect, narrow.Effect) &&
		c.same(wide.Principal, narrow.Principal) && c.same(wide.NotPrincipal, narrow.NotPrincipal) &&
		(wide.Condition == nil && wide.Effect != nil || c.same(wide.Condition, narrow.Condition)) &&
		c.includes(wide.Action, wide.NotAction, narrow.Action, narrow.NotAction, true) &&
		c.includes(wide.Resource, wide.NotResource, narrow.Resource, narrow.NotResource, false)
}

// same compares two elements as they are written.
func (c *checker) same(a, b *Member) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := c.source[a.Value.Start.Offset:a.Value.End.Offset], c.source[b.Value.Start.Offset:b.Value.End.Offset]
	c.steps -= min(len(x), len(y)) / 8
	return x == y
}

// includes reports whether an element includes another, where each is given with its
// negation.
func (c *checker) includes(wide, notWide, narrow, notNarrow *Member, fold bool) bool {
	if wide == nil || narrow == nil {
		return wide == nil && narrow == nil && c.same(notWide, notNarrow)
	}
	for _, n := range narrow.Values() {
		covered := false
		for _, w := range wide.Values() {
			if fold {
				covered = w.Kind == StringNode && n.Kind == StringNode && c.covers(lower(w.Text), lower(n.Text))
			} else {
				covered = w.Kind == StringNode && n.Kind == StringNode && c.covers(w.Text, n.Text)
			}
			if covered || c.steps < 0 {
				break
			}
		}
		if !covered {
			return false
		}
	}
	return len(narrow.Values()) > 0
}
