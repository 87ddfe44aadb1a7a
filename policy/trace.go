package policy

import "strings"

// Traced is one statement of a document beside a request: what it wants, what it met,
// and whether it is about the request.
type Traced struct {
	Sid        string            `json:"sid,omitempty"`
	Index      int               `json:"index"` // in the document, from 0
	Position   Position          `json:"-"`
	Denies     bool              `json:"denies"`
	Principal  bool              `json:"principal"` // it names who asks; of documents without principals: true
	Action     bool              `json:"action"`
	Resource   bool              `json:"resource"`
	Conditions []TracedCondition `json:"conditions,omitempty"`
	Applies    bool              `json:"applies"` // all of these
}

// TracedCondition is a line of a Condition block.
type TracedCondition struct {
	Operator string   `json:"operator"` // as written, as are the next two
	Key      string   `json:"key"`
	Wanted   []string `json:"wanted"`
	Met      []string `json:"met"`
	Present  bool     `json:"present"` // the request has the key
	Holds    bool     `json:"holds"`
}

// Trace compares a document with a request statement by statement, in the order of the
// text, by the means [Evaluate] decides with. Its error is that of [Compile].
func Trace(kind Kind, document string, r *Request) ([]Traced, error) {
	p, err := Compile(kind, document)
	if err != nil {
		return nil, err
	}
	d, err := Parse([]byte(document))
	if err != nil {
		return nil, err
	}
	var q question
	q.name = appendLower(nil, r.Action)
	q.ask(r, &Policies{})
	traced := make([]Traced, len(d.Statements))
	for denies, on := range map[bool]*shelf{true: &p.denies, false: &p.allows} {
		for i := range on.statements {
			s := &on.statements[i]
			traced[s.index] = s.trace(&q, &d.Statements[s.index], kind)
			traced[s.index].Denies = denies
		}
	}
	return traced, nil
}

// trace pairs a compiled statement with its text: conditions are compiled in their order.
func (s *statement) trace(q *question, written *Statement, kind Kind) Traced {
	t := Traced{Sid: s.sid, Index: s.index, Position: s.at, Action: s.actions.match(q), Resource: s.resources.match(q),
		Principal: !kind.namesPrincipals() || s.principals.match(q) != toNobody}
	t.Applies = t.Principal && t.Action && t.Resource
	for i, entry := range written.Conditions() {
		c := &s.conditions[i]
		line := TracedCondition{Operator: entry.Operator.Name, Key: entry.Key.Name, Holds: c.holds(q)}
		for _, value := range entry.Key.Values() {
			line.Wanted = append(line.Wanted, value.Text)
		}
		line.Met, line.Present = q.Context[strings.ToLower(c.key)]
		t.Applies = t.Applies && line.Holds
		t.Conditions = append(t.Conditions, line)
	}
	return t
}
