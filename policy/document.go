package policy

import "fmt"

// Position is a place in the text of a document, counted as IAM Access Analyzer counts:
// lines from 1, columns from 0. Columns count characters, the offset counts bytes.
type Position struct {
	Line, Column, Offset int
}

// String is how messages name the place, "line 3, column 14": people and editors count
// columns from 1.
func (p Position) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column+1) }

// NodeKind says what kind of JSON value a node is.
type NodeKind uint8

// The kinds of JSON values.
const (
	NullNode NodeKind = iota
	BooleanNode
	NumberNode
	StringNode
	ListNode
	ObjectNode
)

// String names the kind as messages do, "a list".
func (k NodeKind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// Node is a value in the text of a document.
type Node struct {
	Kind       NodeKind
	Start, End Position // End is the place after the last character
	Text       string   // a string's value with escapes resolved; a number, true, false or null as written
	Members    []Member // of an object, in order
	Items      []Node   // of a list, in order
}

// Values are the items of a list; any other node stands for itself alone. The language
// lets one value stand for a list of one almost everywhere.
func (n *Node) Values() []Node {
	if n.Kind == ListNode {
		return n.Items
	}
	return []Node{*n}
}

// IsText reports that the node is the string.
func (n *Node) IsText(text string) bool { return n.Kind == StringNode && n.Text == text }

// Member finds a member of an object by its exact name; nil when there is none.
func (n *Node) Member(name string) *Member {
	for i := range n.Members {
		if n.Members[i].Name == name {
			return &n.Members[i]
		}
	}
	return nil
}

// Member is a name in an object and the value it has there.
type Member struct {
	Name       string
	Start, End Position // of the name, with its quotes
	Value      Node
}

// Values are the values of the member, one or a list of them. A nil Member has none.
func (m *Member) Values() []Node {
	if m == nil {
		return nil
	}
	return m.Value.Values()
}

// The versions of the language. A document that names none is of the older one, in
// which ${...} is plain text.
const (
	Version2008 = "2008-10-17"
	Version2012 = "2012-10-17"
)

// Document is a policy as written, seen by its elements. Elements that are absent are
// nil; those that are present may hold anything, of any type: a Document has been read
// and not judged.
type Document struct {
	Root               Node    // everything, an object
	Version, ID        *Member // "Version" and "Id"
	Statement          *Member // an object or a list of objects, if it is right
	Statements         []Statement
	UnknownElements    []*Member // elements the language does not have
	statementNotObject *Node     // the first value given as a statement that is no object
}

// Variables reports whether ${...} is a policy variable in this document.
func (d *Document) Variables() bool {
	return d.Version != nil && d.Version.Value.IsText(Version2012)
}

// Statement is one statement as written.
type Statement struct {
	Node                        // the object
	Index                   int // in the document, from 0
	Sid, Effect             *Member
	Principal, NotPrincipal *Member
	Action, NotAction       *Member
	Resource, NotResource   *Member
	Condition               *Member
	UnknownElements         []*Member
}

// SidText is the Sid, or nothing when it is absent or not a string.
func (s *Statement) SidText() string {
	if s.Sid == nil || s.Sid.Value.Kind != StringNode {
		return ""
	}
	return s.Sid.Value.Text
}

// PrincipalEntry is one value in a Principal or NotPrincipal element.
type PrincipalEntry struct {
	Type  *Member // its name is "AWS", "Service", "Federated", "CanonicalUser" or one unknown; nil for a bare "*"
	Value *Node
}

// Principals are the entries of the Principal or NotPrincipal element m, or none. A
// value that is no object comes as an entry without a type.
func Principals(m *Member) []PrincipalEntry {
	if m == nil {
		return nil
	}
	if m.Value.Kind != ObjectNode {
		return []PrincipalEntry{{nil, &m.Value}}
	}
	var entries []PrincipalEntry
	for i := range m.Value.Members {
		t := &m.Value.Members[i]
		if t.Value.Kind != ListNode {
			entries = append(entries, PrincipalEntry{t, &t.Value})
			continue
		}
		for j := range t.Value.Items {
			entries = append(entries, PrincipalEntry{t, &t.Value.Items[j]})
		}
	}
	return entries
}

// ConditionEntry is one line of a Condition block: an operator, a key, and the values
// the key is compared with.
type ConditionEntry struct {
	Operator *Member // named as written, with ForAnyValue: and IfExists
	Key      *Member // its values are what it is compared with
}

// Conditions are the lines of the Condition element, as far as they have the form of
// operators that hold keys.
func (s *Statement) Conditions() []ConditionEntry {
	if s.Condition == nil {
		return nil
	}
	var entries []ConditionEntry
	for i := range s.Condition.Value.Members {
		operator := &s.Condition.Value.Members[i]
		for j := range operator.Value.Members {
			entries = append(entries, ConditionEntry{operator, &operator.Value.Members[j]})
		}
	}
	return entries
}

// look sets the elements of a document whose Root has been read.
func (d *Document) look() {
	for i := range d.Root.Members {
		m := &d.Root.Members[i]
		switch m.Name {
		case "Version":
			d.Version = m
		case "Id":
			d.ID = m
		case "Statement":
			d.Statement = m
		default:
			d.UnknownElements = append(d.UnknownElements, m)
		}
	}
	for i, node := range d.Statement.Values() {
		if node.Kind != ObjectNode {
			if d.statementNotObject == nil {
				d.statementNotObject = &node
			}
			continue
		}
		s := Statement{Node: node, Index: i}
		s.look()
		d.Statements = append(d.Statements, s)
	}
}

func (s *Statement) look() {
	for i := range s.Members {
		m := &s.Members[i]
		if element := s.element(m.Name); element != nil {
			*element = m
		} else {
			s.UnknownElements = append(s.UnknownElements, m)
		}
	}
}

// element is where the element of a name is kept; nil for names the language lacks.
func (s *Statement) element(name string) **Member {
	switch name {
	case "Sid":
		return &s.Sid
	case "Effect":
		return &s.Effect
	case "Principal":
		return &s.Principal
	case "NotPrincipal":
		return &s.NotPrincipal
	case "Action":
		return &s.Action
	case "NotAction":
		return &s.NotAction
	case "Resource":
		return &s.Resource
	case "NotResource":
		return &s.NotResource
	case "Condition":
		return &s.Condition
	}
	return nil
}
