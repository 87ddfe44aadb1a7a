package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parse reads one file, JSON or YAML by its name; nil when it cannot, and says why.
func (r *reading) parse(file string, text []byte) *node {
	if i := bytes.IndexFunc(text, func(c rune) bool { return c == 0 }); i >= 0 || !utf8.Valid(text) {
		r.problem(Position{File: file}, "Save it as UTF-8.", "The file is no text in UTF-8.")
		return nil
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // editors on Windows write it
	p := parsing{reading: r, file: file, text: text}
	var n *node
	var err error
	if strings.HasSuffix(file, ".json") {
		n, err = p.json()
	} else {
		n, err = p.yaml()
	}
	var wrong *parseError
	if errors.As(err, &wrong) {
		r.problems.add(Problem(*wrong))
		return nil
	}
	if err != nil {
		r.problem(Position{File: file}, "", "%v", err)
		return nil
	}
	return n
}

type parseError Problem

func (e *parseError) Error() string { return e.Message }

type parsing struct {
	*reading
	file string
	text []byte

	mark   Position // JSON: the place at offset
	offset int

	anchors map[string]ast.Node // YAML
	opening map[string]bool     // anchors inside of which we are
}

func (p *parsing) fail(at Position, fix, format string, args ...any) error {
	return &parseError{At: at, Message: fmt.Sprintf(format, args...), Fix: fix}
}

// node counts a value: what is written small can be large, with aliases in YAML.
func (p *parsing) node(k kind, at Position, depth int) (*node, error) {
	if depth > p.MaxDepth {
		return nil, p.fail(at, "", "Values are nested deeper than %d levels.", p.MaxDepth)
	}
	if p.values--; p.values < 0 {
		return nil, p.fail(at, "", "The files hold more than %d values.", p.MaxValues)
	}
	return &node{kind: k, at: at}, nil
}

func (p *parsing) add(n *node, m member) error {
	for i := range n.members {
		if n.members[i].name == m.name {
			return p.fail(m.at, "Leave one of them out.", "%q is here twice, first on line %d.", clip(m.name), n.members[i].at.Line)
		}
	}
	n.members = append(n.members, m)
	return nil
}

// maxMembers keeps the search for duplicates short.
const maxMembers = 1000

// json reads with the decoder of the standard library, token by token, for the places.
func (p *parsing) json() (*node, error) {
	p.mark = Position{File: p.file, Line: 1, Column: 1}
	var whole json.RawMessage
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(p.text, &whole); {
	case errors.As(err, &syntax) && int(syntax.Offset) >= len(p.text) && strings.Contains(err.Error(), "unexpected end"):
		return nil, p.fail(p.at(len(p.text)), "", "The file ends too early.")
	case errors.As(err, &syntax):
		return nil, p.fail(p.at(max(int(syntax.Offset)-1, 0)), "", "This is no JSON: %v.", err)
	case err != nil:
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(p.text))
	decoder.UseNumber()
	return p.jsonValue(decoder, 1)
}

// after is where the next token begins.
func (p *parsing) after(decoder *json.Decoder) int {
	at := int(decoder.InputOffset())
	for at < len(p.text) && strings.IndexByte(" \t\r\n,:", p.text[at]) >= 0 {
		at++
	}
	return at
}

// at is the place of an offset. Offsets grow from call to call.
func (p *parsing) at(offset int) Position {
	for ; p.offset < min(offset, len(p.text)); p.offset++ {
		switch b := p.text[p.offset]; {
		case b == '\n':
			p.mark.Line++
			p.mark.Column = 1
		case utf8.RuneStart(b):
			p.mark.Column++
		}
	}
	return p.mark
}

func (p *parsing) jsonValue(decoder *json.Decoder, depth int) (*node, error) {
	at := p.at(p.after(decoder))
	tok, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	n, err := p.node(nullKind, at, depth)
	if err != nil {
		return nil, err
	}
	switch v := tok.(type) {
	case string:
		n.kind, n.text = stringKind, v
	case json.Number:
		n.kind, n.text = numberKind, v.String()
	case bool:
		n.kind, n.text = booleanKind, fmt.Sprint(v)
	case json.Delim:
		n.kind = objectKind
		if v == '[' {
			n.kind = listKind
		}
		for decoder.More() {
			if n.kind == objectKind {
				err = p.jsonMember(decoder, n, depth)
			} else {
				var item *node
				item, err = p.jsonValue(decoder, depth+1)
				n.items = append(n.items, item)
			}
			if err != nil {
				return nil, err
			}
		}
		if _, err := decoder.Token(); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (p *parsing) jsonMember(decoder *json.Decoder, n *node, depth int) error {
	at := p.at(p.after(decoder))
	name, err := decoder.Token()
	if err != nil {
		return err
	}
	if len(n.members) == maxMembers {
		return p.fail(at, "", "An object has more than %d members.", maxMembers)
	}
	value, err := p.jsonValue(decoder, depth+1)
	if err != nil {
		return err
	}
	return p.add(n, member{name: name.(string), at: at, value: value})
}

// yaml reads one document. Of YAML it leaves out what has surprises and no use here:
// tags, merge keys, keys that are no text.
func (p *parsing) yaml() (*node, error) {
	tokens := lexer.Tokenize(string(p.text))
	if err := p.shallow(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // ours tells of duplicates, with both places
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return nil, p.fail(p.of(syntax.GetToken()), "", "This is no YAML: %s.", syntax.GetMessage())
		}
		return nil, fmt.Errorf("This is no YAML: %w", err)
	}
	var root ast.Node
	for _, document := range file.Docs {
		switch {
		case document.Body == nil || document.Body.Type() == ast.CommentType:
		case root != nil:
			return nil, p.fail(p.of(document.Body.GetToken()), "Put it into a file of its own.", "There is a second document in the file.")
		default:
			root = document.Body
		}
	}
	if root == nil {
		return nil, p.fail(Position{File: p.file, Line: 1, Column: 1}, "", "The file is empty.")
	}
	p.anchors, p.opening = map[string]ast.Node{}, map[string]bool{}
	return p.yamlValue(root, 1)
}

// shallow refuses what would take the parser too deep before it goes there.
func (p *parsing) shallow(tokens token.Tokens) error {
	flow, line, entries := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType, token.AnchorType, token.TagType:
			if t.Position.Line != line {
				line, entries = t.Position.Line, 0
			}
			if flow == 0 {
				entries++
			}
		}
		if max(flow, entries) > p.MaxDepth || t.Position.IndentNum > 10*p.MaxDepth {
			return p.fail(p.of(t), "", "Values are nested deeper than %d levels.", p.MaxDepth)
		}
	}
	return nil
}

func (p *parsing) of(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{File: p.file, Line: 1, Column: 1}
	}
	return Position{File: p.file, Line: t.Position.Line, Column: max(t.Position.Column, 1)}
}

func (p *parsing) yamlValue(from ast.Node, depth int) (*node, error) {
	if from == nil {
		return p.node(nullKind, Position{File: p.file, Line: 1, Column: 1}, depth)
	}
	n, err := p.node(nullKind, p.of(from.GetToken()), depth)
	if err != nil {
		return nil, err
	}
	switch v := from.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		n.kind, n.text = booleanKind, fmt.Sprint(v.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		n.kind, n.text = numberKind, from.GetToken().Value
		if !json.Valid([]byte(n.text)) {
			return nil, p.fail(n.at, "Write it in quotes, or as JSON writes numbers.", "The number %s can be read in two ways.", clip(n.text))
		}
	case *ast.StringNode:
		n.kind, n.text = stringKind, v.Value
	case *ast.LiteralNode:
		n.kind, n.text = stringKind, v.Value.Value
	case *ast.SequenceNode:
		n.kind = listKind
		for _, value := range v.Values {
			item, err := p.yamlValue(value, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
	case *ast.MappingNode:
		n.kind = objectKind
		if len(v.Values) > maxMembers {
			return nil, p.fail(n.at, "", "An object has more than %d members.", maxMembers)
		}
		for i, value := range v.Values {
			if err := p.yamlMember(n, value, depth); err != nil {
				return nil, err
			}
			if i == 0 && !v.IsFlowStyle {
				n.at = n.members[0].at // not the colon's
			}
		}
	case *ast.MappingValueNode:
		n.kind = objectKind
		err = p.yamlMember(n, v, depth)
		if err == nil {
			n.at = n.members[0].at
		}
	case *ast.AnchorNode:
		return p.yamlAnchor(v, depth)
	case *ast.AliasNode:
		name := v.Value.GetToken().Value
		if p.opening[name] || p.anchors[name] == nil {
			return nil, p.fail(n.at, "", "The alias *%s stands for nothing that is complete before it.", clip(name))
		}
		return p.yamlValue(p.anchors[name], depth+1)
	default:
		return nil, p.fail(n.at, "Write the value out.", "This form of YAML (%s) is not taken here.", from.Type())
	}
	return n, err
}

func (p *parsing) yamlAnchor(v *ast.AnchorNode, depth int) (*node, error) {
	name := v.Name.GetToken().Value
	outer := p.opening[name]
	p.opening[name] = true
	n, err := p.yamlValue(v.Value, depth+1)
	p.opening[name] = outer
	p.anchors[name] = v.Value
	return n, err
}

func (p *parsing) yamlMember(n *node, v *ast.MappingValueNode, depth int) error {
	at := p.of(v.Key.GetToken())
	key, isText := v.Key.(*ast.StringNode)
	if !isText {
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			return p.fail(at, "Write the members out.", "Merge keys (<<) are not taken here.")
		}
		return p.fail(at, "Write it in quotes.", "The name of a member has to be a text.")
	}
	// In braces the parser splits aws:SourceIp at its colon, and YAML does not.
	if colon := v.Start; key.Token.Type == token.StringType && colon != nil && colon.Next != nil &&
		colon.Next.Position.Line == colon.Position.Line && colon.Next.Position.Column == colon.Position.Column+1 {
		return p.fail(at, "Write the name in quotes, and a space behind the colon that ends it.", "Where the name %q ends can be read in two ways.", clip(key.Value))
	}
	value, err := p.yamlValue(v.Value, depth+1)
	if err != nil {
		return err
	}
	return p.add(n, member{name: key.Value, at: at, value: value})
}
