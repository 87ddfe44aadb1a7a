package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Severity says what a finding means for whoever wrote the document.
type Severity string

// The severities, worst first, as IAM Access Analyzer spells them.
const (
	Error           Severity = "ERROR"            // a part of the document does not work
	SecurityWarning Severity = "SECURITY_WARNING" // it lets in more than was probably meant
	Warning         Severity = "WARNING"          // it works otherwise than it reads
	Suggestion      Severity = "SUGGESTION"       // it could say the same more plainly
)

// Finding is one thing that [Check] has to say about a document.
type Finding struct {
	Severity   Severity
	Code       string // docs/policies.md lists them
	Ours       bool   // the code is none of Access Analyzer's
	Message    string
	Fix        string   // what to do, in words
	Start, End Position // End is the place after the last character
	Path       []PathElement
}

// PathElement is a step from the document to the place of a finding.
type PathElement struct {
	Kind          PathKind
	Index         int    // of an item of a list, from 0
	Name          string // of a member of an object
	Start, Length int    // of a part of a text, in characters
}

// PathKind says what a [PathElement] is.
type PathKind string

// The kinds of path elements.
const (
	PathIndex     PathKind = "index"     // to an item of a list
	PathKey       PathKind = "key"       // to the name of a member
	PathValue     PathKind = "value"     // to the value of a member
	PathSubstring PathKind = "substring" // to a part of a text
)

// mostOfOne bounds how many findings of one check are told about a document. It is by
// check, so that no amount of one thing can hide another.
const mostOfOne = 100

// Check says what is wrong with a document of the kind, or could be better, in the order
// of the text: what IAM Access Analyzer's ValidatePolicy says as far as one can without
// the catalogue of every service's actions and resources, and what a careful reviewer
// would add. A text that is no JSON has one finding.
//
// A document without a finding of severity [Error] is not for that reason one that
// [Compile] takes, nor the other way round. The time taken is bounded by the length of
// the document, whatever is in it.
func Check(kind Kind, document string) []Finding {
	d, err := Parse([]byte(document))
	if err != nil {
		syntax := err.(*SyntaxError)
		return []Finding{{Severity: Error, Code: "JSON_SYNTAX_ERROR", Message: syntax.Message, Fix: "Correct the JSON at this place.",
			Start: syntax.Position, End: syntax.Position, Path: []PathElement{}}}
	}
	c := &checker{kind: kind, document: d, source: document, steps: mostSteps, sids: map[string]bool{}, told: map[*check]int{}}
	c.walk()
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Start.Offset, b.Start.Offset), cmp.Compare(a.End.Offset, b.End.Offset))
	})
	return c.findings
}

// check is a line of the table of checks.
type check struct {
	code     string
	severity Severity
	kinds    []Kind // of the documents it is made in; nil: all
	of       scope
	// found looks at one subject. It may narrow the place and say what {other} is.
	found   func(*subject) bool
	message string // {it} is what the subject is, {other} what found says
	fix     string
	ours    bool // Access Analyzer has no such check
}

// scope says what part of a document a check looks at, one at a time.
type scope uint8

const (
	wholeDocument  scope = iota
	mistypedValue        // of a JSON type that cannot stand there
	anyElement           // of the document and of statements
	wholeStatement       // an object
	aPrincipal           // one value of a Principal or NotPrincipal
	anAction             // one value of an Action or NotAction
	aResource            // one value of a Resource or NotResource
	anOperator           // of a Condition, with what it holds
	aKey                 // under an operator, with its values
	aValue               // of a key
	anARN                // whatever has to be one
	aText                // any in which policy variables may stand
	scopes
)

// checksOf has the lines of the table that look at each scope.
var checksOf = func() (by [scopes][]*check) {
	for i := range checks {
		by[checks[i].of] = append(by[checks[i].of], &checks[i])
	}
	return by
}()

// checker goes through one document.
type checker struct {
	kind     Kind
	document *Document
	source   string
	steps    int // what comparisons of patterns may still take
	sids     map[string]bool
	told     map[*check]int
	findings []Finding
}

// subject is what a check looks at, and what stands around it.
type subject struct {
	*checker
	statement  *statementView
	element    string  // the element of the statement or document it stands in
	member     *Member // whose value, or one of whose values, it is
	node       *Node
	condition  *conditionView
	siblings   []Node // the values it is one of
	index      int    // among them
	start, end Position
	path       []PathElement
	it, other  string
}

// statementView is a statement and what many checks ask of it, found out once.
type statementView struct {
	*Statement
	conditions []conditionView
	mentioned  map[string]bool // keys of conditions
	demanded   map[string]bool // keys that requests must have, with a value that is given
	present    map[string]bool // keys that requests must have
	issuers    map[string]bool // what stands before the colon of demanded keys
	restricted bool            // whether a condition says who is let in
	does       map[string]bool // actions that have been asked for
}

func newStatementView(s *Statement) *statementView {
	v := &statementView{Statement: s, mentioned: map[string]bool{}, demanded: map[string]bool{}, present: map[string]bool{}, issuers: map[string]bool{}, does: map[string]bool{}}
	for _, entry := range s.Conditions() {
		c := newConditionView(entry)
		v.conditions = append(v.conditions, c)
		v.mentioned[c.key] = true
		if c.demandsPresence() {
			v.present[c.key] = true
		}
		if c.demands() {
			v.demanded[c.key] = true
			v.restricted = v.restricted || !slices.Contains(saysNotWho, c.key)
			if colon := strings.LastIndexByte(c.key, ':'); colon >= 0 {
				v.issuers[c.key[:colon]] = true
			}
		}
	}
	return v
}

// conditionView is a line of a Condition with its operator understood.
type conditionView struct {
	ConditionEntry
	condition
	known bool // whether the operator is one
}

func newConditionView(entry ConditionEntry) (v conditionView) {
	v.ConditionEntry = entry
	v.condition, v.known = newOperator(entry.Operator.Name)
	if entry.Key != nil {
		v.key = lower(entry.Key.Name)
	}
	return v
}

// demands reports whether the line holds only for requests that have the key, with one
// of its values: not when the key is absent, and not for everything but some.
func (v *conditionView) demands() bool {
	values := v.Key.Values()
	return v.known && !v.negated && !v.ifExists && v.set != forAllValues && v.family != nullFamily && len(values) > 0 &&
		!((v.family == likeFamily || v.family == arnFamily) && slices.ContainsFunc(values, isAsterisks))
}

// isAsterisks: a pattern of them alone matches whatever there is.
func isAsterisks(n Node) bool { return strings.Trim(n.Text, "*") == "" }

// demandsPresence reports whether the line holds only for requests that have the key.
func (v *conditionView) demandsPresence() bool {
	return v.known && v.family == nullFamily &&
		!slices.ContainsFunc(v.Key.Values(), func(n Node) bool { return !strings.EqualFold(n.Text, "false") })
}

func (s subject) look(of scope) {
	for _, check := range checksOf[of] {
		if s.told[check] >= mostOfOne || check.kinds != nil && !slices.Contains(check.kinds, s.kind) {
			continue
		}
		if seen := s; check.found(&seen) {
			s.told[check]++
			s.findings = append(s.findings, seen.finding(check))
		}
	}
}

func (s *subject) finding(c *check) Finding {
	words := strings.NewReplacer("{it}", short(s.it), "{other}", short(s.other))
	return Finding{c.severity, c.code, c.ours, words.Replace(c.message), words.Replace(c.fix), s.start, s.end, s.path}
}

// short keeps messages readable, and findings about a long text small.
func short(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// at is the subject at a node that stands one step further.
func (s subject) at(n *Node, step PathElement) subject {
	s.node, s.start, s.end = n, n.Start, n.End
	s.path = append(slices.Clip(s.path), step)
	s.it = n.Text
	return s
}

// in is the subject at the value of a member.
func (s subject) in(m *Member) subject {
	s.member = m
	s = s.at(&m.Value, PathElement{Kind: PathValue, Name: m.Name})
	return s
}

// each is the subject at every value of a member: the items of a list, or the one value.
func (s subject) each(m *Member, do func(subject)) {
	s = s.in(m)
	if m.Value.Kind != ListNode {
		s.siblings = []Node{m.Value}
		do(s)
		return
	}
	s.siblings = m.Value.Items
	for i := range m.Value.Items {
		item := s.at(&m.Value.Items[i], PathElement{Kind: PathIndex, Index: i})
		item.index = i
		do(item)
	}
}

// toName narrows the subject from the value of a member to its name.
func (s *subject) toName() {
	s.start, s.end = s.member.Start, s.member.End
	s.path = slices.Clone(s.path)
	s.path[len(s.path)-1] = PathElement{Kind: PathKey, Name: s.member.Name}
	s.it = s.member.Name
}

// within narrows the subject to a part of its text, given in bytes.
func (s *subject) within(from, length int) {
	text := s.node.Text
	s.path = append(slices.Clip(s.path), PathElement{Kind: PathSubstring, Start: characters(text[:from]), Length: characters(text[from : from+length])})
	if s.node.End.Offset-s.node.Start.Offset != len(text)+2 {
		return // it holds escapes, and bytes do not correspond
	}
	at := func(offset int) Position {
		return Position{s.node.Start.Line, s.node.Start.Column + 1 + characters(text[:offset]), s.node.Start.Offset + 1 + offset}
	}
	s.start, s.end = at(from), at(from+length)
}

// wrong reports a value of a type that cannot stand there.
func (s subject) wrong(want string) {
	s.it, s.other = s.node.Kind.String(), want
	s.look(mistypedValue)
}

func (c *checker) walk() {
	d := c.document
	root := subject{checker: c, path: []PathElement{}, node: &d.Root, start: d.Root.Start, end: d.Root.End}
	root.look(wholeDocument)
	for i := range d.Root.Members {
		m := &d.Root.Members[i]
		s := root.in(m)
		s.element = m.Name
		s.look(anyElement)
		if (m.Name == "Version" || m.Name == "Id") && m.Value.Kind != StringNode {
			s.wrong("a string")
		}
	}
	if d.Statement == nil {
		return
	}
	next := 0
	root.each(d.Statement, func(s subject) {
		if s.node.Kind != ObjectNode {
			s.wrong("an object")
			return
		}
		s.statement, s.it = newStatementView(&d.Statements[next]), ""
		next++
		s.walkStatement()
	})
}

func (s subject) walkStatement() {
	for i := range s.statement.Members {
		m := &s.statement.Members[i]
		e := s.in(m)
		e.element = m.Name
		e.look(anyElement)
		switch m.Name {
		case "Sid", "Effect":
			if m.Value.Kind != StringNode {
				e.wrong("a string")
			}
		case "Action", "NotAction":
			s.walkTexts(m, anAction)
		case "Resource", "NotResource":
			s.walkTexts(m, aResource)
		case "Principal", "NotPrincipal":
			s.walkPrincipals(m)
		case "Condition":
			e.walkConditions()
		}
	}
	s.look(wholeStatement)
	if sid := s.statement.SidText(); sid != "" {
		s.sids[sid] = true
	}
}

func (s subject) walkTexts(m *Member, of scope) {
	s.element = m.Name
	s.each(m, func(s subject) {
		if s.node.Kind != StringNode {
			s.wrong("a string")
			return
		}
		s.look(of)
		if of == aResource && s.it != "*" {
			s.look(anARN)
		}
		s.look(aText)
	})
}

func (s subject) walkPrincipals(m *Member) {
	s.element = m.Name
	if m.Value.Kind != ObjectNode {
		if s = s.in(m); m.Value.Kind != StringNode {
			s.wrong("an object, or the string *")
		} else {
			s.member = nil
			s.look(aPrincipal)
		}
		return
	}
	s = s.in(m)
	for i := range m.Value.Members {
		s.each(&m.Value.Members[i], func(s subject) {
			if s.node.Kind != StringNode {
				s.wrong("a string")
				return
			}
			s.look(aPrincipal)
			if strings.HasPrefix(s.it, "arn:") {
				s.look(anARN)
			}
			s.look(aText)
		})
	}
}

func (s subject) walkConditions() {
	if s.node.Kind != ObjectNode {
		s.wrong("an object")
		return
	}
	next := 0
	for i := range s.node.Members {
		o := s.in(&s.node.Members[i])
		if o.node.Kind != ObjectNode {
			o.wrong("an object")
			continue
		}
		operator := newConditionView(ConditionEntry{Operator: o.member})
		o.condition = &operator
		o.look(anOperator)
		for j := range o.node.Members {
			k := o.in(&o.node.Members[j])
			k.condition = &s.statement.conditions[next]
			next++
			k.siblings = k.member.Values()
			k.look(aKey)
			o.each(k.member, func(v subject) {
				v.condition = k.condition
				switch v.node.Kind {
				case StringNode, NumberNode, BooleanNode:
				default:
					v.wrong("a string")
					return
				}
				v.look(aValue)
				if v.node.Kind != StringNode {
					return
				}
				if v.condition.known && v.condition.family == arnFamily && v.it != "*" {
					v.look(anARN)
				}
				v.look(aText)
			})
		}
	}
}
