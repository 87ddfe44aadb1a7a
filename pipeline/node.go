package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// node is a value in a file, JSON or YAML alike, with its place.
type node struct {
	kind    kind
	text    string // of strings resolved, of numbers and booleans as JSON writes them
	members []member
	items   []*node
	at      Position
}

type member struct {
	name  string
	at    Position
	value *node
}

type kind uint8

const (
	nullKind kind = iota
	booleanKind
	numberKind
	stringKind
	listKind
	objectKind
)

func (k kind) String() string {
	return [...]string{"null", "true or false", "a number", "a text", "a list", "an object"}[k]
}

// json writes the value without white space, in the order of the file.
func (n *node) json() string {
	var to strings.Builder
	n.write(&to)
	return to.String()
}

func (n *node) write(to *strings.Builder) {
	switch n.kind {
	case objectKind:
		to.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				to.WriteByte(',')
			}
			to.WriteString(quote(m.name) + ":")
			m.value.write(to)
		}
		to.WriteByte('}')
	case listKind:
		to.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				to.WriteByte(',')
			}
			item.write(to)
		}
		to.WriteByte(']')
	case stringKind:
		to.WriteString(quote(n.text))
	case nullKind:
		to.WriteString("null")
	default:
		to.WriteString(n.text)
	}
}

// quote is the text as JSON, with <, > and & as they are: policies are full of them.
func quote(text string) string {
	var to strings.Builder
	encoder := json.NewEncoder(&to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // a string has no other outcome
	}
	return strings.TrimSuffix(to.String(), "\n")
}

// reading collects what is wrong with the files.
type reading struct {
	ReadOptions
	t        *Templates
	problems findings
	warnings findings
	values   int // left to be read, over all files
}

func (r *reading) problem(at Position, fix, format string, args ...any) {
	r.problems.found(at, fix, format, args...)
}

// want reports whether the value is of the kind, and says so when it is not.
func (r *reading) want(n *node, what string, k kind) bool {
	if n.kind == k {
		return true
	}
	fix := ""
	if k == stringKind && (n.kind == numberKind || n.kind == booleanKind) {
		fix = "Write it in quotes: " + quote(n.text)
	}
	r.problem(n.at, fix, "%s has to be %s, not %s.", what, k, n.kind)
	return false
}

// text is a string; empty when it is none.
func (r *reading) text(n *node, what string) string {
	if !r.want(n, what, stringKind) {
		return ""
	}
	return n.text
}

// texts is a list of strings with their places.
func (r *reading) texts(n *node, what string) []*node {
	if !r.want(n, what, listKind) {
		return nil
	}
	return r.strings(n.items, what)
}

// oneOrMore is a string or a list of them.
func (r *reading) oneOrMore(n *node, what string) []*node {
	if n.kind == listKind {
		return r.texts(n, what)
	}
	return r.strings([]*node{n}, what)
}

func (r *reading) strings(items []*node, what string) (texts []*node) {
	seen := map[string]bool{}
	for _, item := range items {
		switch {
		case !r.want(item, "An entry of "+what, stringKind):
		case seen[item.text]:
			r.problem(item.at, "Leave one of them out.", "%s names %q twice.", what, clip(item.text))
		default:
			seen[item.text] = true
			texts = append(texts, item)
		}
	}
	return texts
}

// fields is a table of what an object may hold.
type fields map[string]func(*node)

// object reads the members of an object by the table. Unknown members are refused; null
// is as good as absent. The public pipeline's files may say $schema for their editors.
func (r *reading) object(n *node, what string, table fields) bool {
	if !r.want(n, what, objectKind) {
		return false
	}
	for _, m := range n.members {
		switch read, known := table[m.name]; {
		case m.name == "$schema":
		case !known:
			fix := "It may have " + strings.Join(slices.Sorted(maps.Keys(table)), ", ") + "."
			if near := r.problems.nearest(m.name, maps.Keys(table)); near != "" {
				fix = fmt.Sprintf("Did you mean %s?", near)
			}
			r.problem(m.at, fix, "%s has no member %q.", what, clip(m.name))
		case m.value.kind != nullKind:
			read(m.value)
		}
	}
	return true
}

// clip keeps messages short, whatever is in a file.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 80 {
		return string(runes[:79]) + "…"
	}
	return text
}

// nearest is the name that was probably meant; empty when none is near.
func nearest(name string, names []string) string {
	best, least := "", min(len(name), 80)/3+1
	for _, n := range names {
		if d := distance(strings.ToLower(clip(name)), strings.ToLower(clip(n))); d < least {
			best, least = n, d
		}
	}
	return best
}

// distance counts the letters to insert, take away and replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := min(row[j]+1, row[j+1]+1, diagonal)
			if a[i] != b[j] {
				next = min(row[j]+1, row[j+1]+1, diagonal+1)
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
