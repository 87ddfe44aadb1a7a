package policy

import "strings"

// The wildcards of a compiled pattern. They are bytes that no UTF-8 text holds, so that
// an asterisk that stands for itself, out of ${*} or out of a variable's value, cannot
// be taken for one.
const (
	anyOne = 0xFE // ?
	anyRun = 0xFF // *
)

var wildcards = strings.NewReplacer("*", string([]byte{anyRun}), "?", string([]byte{anyOne}))

// pattern is a text cut at its first wildcard. Without wildcards the rest is empty.
type pattern struct {
	prefix string
	rest   string
}

// newPattern cuts a text in which wildcards have been replaced.
func newPattern(text string) pattern {
	for i := range len(text) {
		if text[i] >= anyOne {
			return pattern{text[:i], text[i:]}
		}
	}
	return pattern{prefix: text}
}

func (p *pattern) match(text string) bool {
	n := len(p.prefix)
	if len(text) < n || text[:n] != p.prefix {
		return false
	}
	return len(p.rest) == 0 && len(text) == n || len(p.rest) > 0 && glob(p.rest, text[n:])
}

// matchBytes is match for a text that has no string.
func (p *pattern) matchBytes(text []byte) bool {
	n := len(p.prefix)
	if len(text) < n || string(text[:n]) != p.prefix {
		return false
	}
	return len(p.rest) == 0 && len(text) == n || len(p.rest) > 0 && glob(p.rest, text[n:])
}

// glob matches all of the text. It takes the shortest run for each * and, when that
// turns out wrong, goes back to the last * only: an earlier one could gain nothing. The
// work is at most the length of the pattern times the length of the text.
func glob[P, T string | []byte](pattern P, text T) bool {
	p, t := 0, 0
	star, resume := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == anyRun:
			if p++; p == len(pattern) {
				return true
			}
			star, resume = p, t
		case p < len(pattern) && pattern[p] == anyOne:
			p++
			t += width(text, t)
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			resume += width(text, resume)
			p, t = star, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyRun {
		p++
	}
	return p == len(pattern)
}

// width is the length of the character at i.
func width[T string | []byte](text T, i int) int {
	n := 1
	if text[i] >= 0xC0 {
		for i+n < len(text) && text[i+n]&0xC0 == 0x80 {
			n++
		}
	}
	return n
}
