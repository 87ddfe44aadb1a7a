package policy

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// SyntaxError says where and why a text is not a policy document at all.
type SyntaxError struct {
	Position
	Message string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("Syntax errors in policy. %s (%s)", e.Message, e.Position)
}

// deepest is how far the language nests: the document, its list of statements, a
// statement, its Condition, an operator, a list of values.
const deepest = 6

// Parse reads the text of a document. Its error is a *[SyntaxError].
//
// It is stricter than encoding/json, which takes the last of two equal names, replaces
// what is not UTF-8 and ignores the case of names: two readers of one policy must not
// read two policies. Past the syntax it is lenient. Unknown elements and values of wrong
// types are kept, so that everything wrong with a document can be told at once.
func Parse(text []byte) (*Document, error) {
	r := reader{text: string(text), mark: Position{Line: 1}}
	root, err := r.document()
	if err != nil {
		return nil, err
	}
	d := &Document{Root: root}
	d.look()
	return d, nil
}

// reader reads JSON by recursive descent. Methods that find an error panic with the
// *SyntaxError, and document returns it.
type reader struct {
	text  string
	at    int      // offset of the next byte
	depth int      // of lists and objects
	mark  Position // the last place asked for, from where the next is counted
}

func (r *reader) document() (root Node, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			syntax, ok := failure.(*SyntaxError)
			if !ok {
				panic(failure)
			}
			err = syntax
		}
	}()
	r.space()
	if r.at == len(r.text) {
		r.fail("The document is empty.")
	}
	if r.text[r.at] != '{' {
		r.fail("A policy document is a JSON object and begins with {.")
	}
	root = r.value()
	r.space()
	if r.at < len(r.text) {
		r.fail("There is text after the end of the document.")
	}
	return root, nil
}

func (r *reader) fail(format string, args ...any) {
	panic(&SyntaxError{r.position(), fmt.Sprintf(format, args...)})
}

func (r *reader) position() Position {
	for ; r.mark.Offset < r.at; r.mark.Offset++ {
		switch b := r.text[r.mark.Offset]; {
		case b == '\n':
			r.mark.Line++
			r.mark.Column = 0
		case utf8.RuneStart(b):
			r.mark.Column++
		}
	}
	return r.mark
}

func (r *reader) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// next is the next byte that is not space, and NUL at the end of the text: a NUL in the
// text is refused in the same way.
func (r *reader) next() byte {
	r.space()
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *reader) value() Node {
	first := r.next()
	n := Node{Start: r.position()}
	switch {
	case first == '{':
		n.Kind = ObjectNode
		n.Members = r.members()
	case first == '[':
		n.Kind = ListNode
		n.Items = r.items()
	case first == '"':
		n.Kind = StringNode
		n.Text = r.quoted()
	case first == '-' || '0' <= first && first <= '9':
		n.Kind = NumberNode
		n.Text = r.number()
	case r.word("true"):
		n.Kind, n.Text = BooleanNode, "true"
	case r.word("false"):
		n.Kind, n.Text = BooleanNode, "false"
	case r.word("null"):
		n.Kind, n.Text = NullNode, "null"
	default:
		r.unexpected("a value")
	}
	n.End = r.position()
	return n
}

func (r *reader) unexpected(wanted string) {
	if r.at == len(r.text) {
		r.fail("The document ends where %s should be.", wanted)
	}
	c, size := utf8.DecodeRuneInString(r.text[r.at:])
	if c == utf8.RuneError && size == 1 {
		r.fail("The document is not UTF-8.")
	}
	r.fail("There is %q where %s should be.", c, wanted)
}

func (r *reader) word(word string) bool {
	if !strings.HasPrefix(r.text[r.at:], word) {
		return false
	}
	r.at += len(word)
	return true
}

func (r *reader) enter() {
	if r.depth++; r.depth > deepest {
		r.fail("Lists and objects are nested deeper than the policy language has it.")
	}
	r.at++
}

func (r *reader) leave() {
	r.depth--
	r.at++
}

func (r *reader) items() (items []Node) {
	r.enter()
	for r.next() != ']' {
		if len(items) > 0 {
			if r.next() != ',' {
				r.unexpected("a comma or ]")
			}
			r.at++
		}
		items = append(items, r.value())
	}
	r.leave()
	return items
}

func (r *reader) members() (members []Member) {
	r.enter()
	names := map[string]bool{}
	for r.next() != '}' {
		if len(members) > 0 {
			if r.next() != ',' {
				r.unexpected("a comma or }")
			}
			r.at++
		}
		if r.next() != '"' {
			r.unexpected("a name in quotes")
		}
		m := Member{Start: r.position()}
		m.Name = r.quoted()
		if names[m.Name] {
			panic(&SyntaxError{m.Start, fmt.Sprintf("The name %q is given twice in one object.", m.Name)})
		}
		names[m.Name] = true
		m.End = r.position()
		if r.next() != ':' {
			r.unexpected("a colon")
		}
		r.at++
		m.Value = r.value()
		members = append(members, m)
	}
	r.leave()
	return members
}

// number takes what JSON takes: no plus sign, no leading zeros, digits around the point.
func (r *reader) number() string {
	start := r.at
	r.word("-")
	if !r.word("0") {
		r.digits()
	}
	if r.word(".") {
		r.digits()
	}
	if r.word("e") || r.word("E") {
		if !r.word("+") {
			r.word("-")
		}
		r.digits()
	}
	return r.text[start:r.at]
}

func (r *reader) digits() {
	start := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	if r.at == start {
		r.unexpected("a digit")
	}
}

func (r *reader) quoted() string {
	r.at++
	start := r.at
	var unescaped []byte // nil until an escape is met
	for {
		if r.at == len(r.text) {
			r.unexpected("the end of a string")
		}
		switch b := r.text[r.at]; {
		case b == '"':
			text := r.text[start:r.at]
			r.at++
			if unescaped != nil {
				text = string(append(unescaped, text...))
			}
			return text
		case b == '\\':
			unescaped = append(unescaped, r.text[start:r.at]...)
			unescaped = utf8.AppendRune(unescaped, r.escape())
			start = r.at
		case b < ' ':
			r.fail("A string holds the control character %#02x, which has to be written as an escape.", b)
		case b < utf8.RuneSelf:
			r.at++
		default:
			c, size := utf8.DecodeRuneInString(r.text[r.at:])
			if c == utf8.RuneError && size == 1 {
				r.fail("The document is not UTF-8.")
			}
			r.at += size
		}
	}
}

var escapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads an escape and says which character it is for. NUL is refused however it
// is written, and so is half a surrogate pair, which is no character.
func (r *reader) escape() rune {
	start := r.at
	r.at++
	if r.at == len(r.text) {
		r.unexpected("an escape")
	}
	if c, ok := escapes[r.text[r.at]]; ok {
		r.at++
		return c
	}
	c := r.unicode()
	if utf16.IsSurrogate(c) {
		high := c
		c = 0
		if r.word(`\`) {
			if pair := utf16.DecodeRune(high, r.unicode()); pair != utf8.RuneError {
				c = pair
			}
		}
	}
	if c == 0 {
		text := r.text[start:r.at]
		r.at = start
		r.fail("The escape %s is no character a policy can hold.", text)
	}
	return c
}

func (r *reader) unicode() (c rune) {
	if !r.word("u") || len(r.text)-r.at < 4 {
		r.fail("A backslash is followed by what is no escape.")
	}
	for range 4 {
		digit := strings.IndexByte("0123456789abcdef0123456789ABCDEF", r.text[r.at])
		if digit < 0 {
			r.fail("An escape \\u has four hexadecimal digits.")
		}
		c = c<<4 | rune(digit&15)
		r.at++
	}
	return c
}
