package policy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// reference matches by trying everything, with the results it has.
func reference(pattern, text []rune) bool {
	// reached[j]: what has been read of the pattern matches the first j characters.
	reached := make([]bool, len(text)+1)
	reached[0] = true
	for _, p := range pattern {
		next := make([]bool, len(text)+1)
		for j := range next {
			switch {
			case p == '*':
				next[j] = reached[j] || j > 0 && next[j-1]
			case j > 0 && (p == '?' || p == text[j-1]):
				next[j] = reached[j-1]
			}
		}
		reached = next
	}
	return reached[len(text)]
}

func FuzzMatch(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"*", ""}, {"?", ""}, {"a*b", "ab"}, {"a*b", "axxb"}, {"*a*a*b", "aaaaab"}, {"?*?", "é"}, {"*?b", "aéb"},
		{"a**b", "ab"}, {"*ab*ab", "abxabab"}, {"**", "x"}, {"a?", "a"}, {"Get*", "get"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		if !utf8.ValidString(source) || !utf8.ValidString(value) || len(source)*len(value) > 1<<16 {
			t.Skip()
		}
		p := newPattern(wildcards.Replace(source))
		want := reference([]rune(source), []rune(value))
		if got := p.match(value); got != want {
			t.Errorf("%q over %q is %v, not %v", source, value, got, want)
		}
		if got := p.matchBytes([]byte(value)); got != want {
			t.Errorf("%q over the bytes of %q is %v, not %v", source, value, got, want)
		}
		if strings.ContainsAny(source, "*?") != (p.rest != "") {
			t.Errorf("%q is cut into %q and %q", source, p.prefix, p.rest)
		}
	})
}

// Pieces too long to be tried everywhere are found where they are.
func TestLongPiecesAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := func(name string, most int) string {
			return strings.Repeat(rapid.StringOfN(rapid.RuneFrom([]rune("abé")), 1, 3, -1).Draw(t, name), rapid.IntRange(1, most).Draw(t, name+" times"))
		}
		piece := word("piece", 300) + word("rest", 300)
		value := word("before", 50)
		if rapid.Bool().Draw(t, "there") {
			value += piece
		}
		value += word("after", 300)
		p := newPattern(wildcards.Replace("*" + piece + "*"))
		if got, want := p.match(value), strings.Contains(value, piece); got != want {
			t.Errorf("%q in %q is %v, not %v", piece, value, got, want)
		}
	})
}
