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

// glob matches all of the text: the piece before the first * at its beginning, the one
// after the last at its end, and between them each piece where it is found first; further
// on could gain nothing. A piece is looked for in linear time, see find.
func glob[P, T string | []byte](pattern P, text T) bool {
	end := run(pattern)
	n := begins(pattern[:end], text)
	if end == len(pattern) || n < 0 {
		return n == len(text)
	}
	for {
		text, pattern = text[n:], pattern[end+1:]
		if end = run(pattern); end == len(pattern) {
			return ends(pattern, text)
		}
		if n = find(pattern[:end], text); n < 0 {
			return false
		}
	}
}

// run is the place of the first *, or the end.
func run[P string | []byte](pattern P) int {
	for i := range len(pattern) {
		if pattern[i] == anyRun {
			return i
		}
	}
	return len(pattern)
}

// begins says how much of the text a piece takes at its beginning; -1 if it does not match.
func begins[P, T string | []byte](piece P, text T) int {
	t := 0
	for p := range len(piece) {
		switch {
		case t == len(text):
			return -1
		case piece[p] == anyOne:
			t += width(text, t)
		case piece[p] != text[t]:
			return -1
		default:
			t++
		}
	}
	return t
}

// ends reports whether the text has an end that a piece matches.
func ends[P, T string | []byte](piece P, text T) bool {
	t := len(text)
	for p := len(piece) - 1; p >= 0; p-- {
		if t--; t < 0 {
			return false
		}
		if piece[p] == anyOne {
			t = start(text, t)
		} else if piece[p] != text[t] {
			return false
		}
	}
	return true
}

// Pieces are tried at every place of a text when they are short, or hold a ?. Compile
// refuses those with a ? that are longer than longestTried.
const (
	shortTried   = 16
	longestTried = 256
)

// find says where the text goes on after the first place a piece matches; -1 if there is
// none. Long pieces are told from most places by a hash that rolls along (Rabin and Karp).
func find[P, T string | []byte](piece P, text T) int {
	if len(piece) <= shortTried || hasOne(piece) {
		for t := 0; ; t += width(text, t) {
			if n := begins(piece, text[t:]); n >= 0 {
				return t + n
			}
			if t == len(text) {
				return -1
			}
		}
	}
	if len(piece) > len(text) {
		return -1
	}
	const base = 16777619
	var want, have, leaving uint64 = 0, 0, 1
	for i := range len(piece) {
		want = want*base + uint64(piece[i])
		have = have*base + uint64(text[i])
		leaving *= base
	}
	for t := len(piece); ; t++ {
		if want == have && begins(piece, text[t-len(piece):]) >= 0 {
			return t
		}
		if t == len(text) {
			return -1
		}
		have = have*base + uint64(text[t]) - leaving*uint64(text[t-len(piece)])
	}
}

func hasOne[P string | []byte](piece P) bool {
	for i := range len(piece) {
		if piece[i] == anyOne {
			return true
		}
	}
	return false
}

// tooLong reports whether a pattern holds a piece that could not be looked for in linear
// time.
func tooLong(source string) bool {
	for piece := range strings.SplitSeq(source, "*") {
		if len(piece) > longestTried && strings.Contains(piece, "?") {
			return true
		}
	}
	return false
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

// start is where the character begins that the byte at i is of.
func start[T string | []byte](text T, i int) int {
	for at := i; at >= 0 && text[at] >= 0x80; at-- {
		if text[at] >= 0xC0 {
			return at
		}
	}
	return i
}
