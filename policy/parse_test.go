package policy

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseKeepsEverythingWithItsPlace(t *testing.T) {
	d, err := Parse([]byte(`{
  "Version": "2012-10-17",
  "Statment": [],
  "Statement": [{
    "Sid": "Größe", "Effect": 5,
    "Action": ["s3:GetObject", 7],
    "Principal": {"AWS": ["*"], "Sevice": "x"},
    "Condition": {"StringEqual": {"aws:a": true, "aws:b": [1.5e3, null]}}
  }, "none"]
}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.UnknownElements) != 1 || d.UnknownElements[0].Name != "Statment" {
		t.Errorf("unknown elements: %+v", d.UnknownElements)
	}
	if !d.Variables() || len(d.Statements) != 1 || d.statementNotObject == nil {
		t.Fatalf("%+v", d)
	}
	s := d.Statements[0]
	if s.SidText() != "Größe" || s.Resource != nil || len(s.Action.Values()) != 2 {
		t.Errorf("%+v", s)
	}
	// Columns count characters, offsets bytes: Sid holds two of two bytes before Effect.
	if got, want := s.Effect.Start, (Position{5, 20, 87}); got != want {
		t.Errorf("Effect at %#v, not %#v", got, want)
	}
	if got, want := s.Effect.Value.End, (Position{5, 31, 98}); got != want {
		t.Errorf("Effect ends at %#v, not %#v", got, want)
	}
	if p := Principals(s.Principal); len(p) != 2 || p[1].Type.Name != "Sevice" || p[0].Value.Text != "*" {
		t.Errorf("%+v", p)
	}
	c := s.Conditions()
	if len(c) != 2 || c[1].Operator.Name != "StringEqual" || c[1].Key.Values()[0].Text != "1.5e3" || c[1].Key.Values()[1].Kind != NullNode {
		t.Errorf("%+v", c)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct {
		sentence, text, message string
		at                      Position
	}{
		{"an empty text", " \n", "The document is empty.", Position{2, 0, 2}},
		{"a list", `[]`, "begins with {", Position{1, 0, 0}},
		{"a byte order mark", "\ufeff{}", "begins with {", Position{1, 0, 0}},
		{"text after the end", "{}\n{}", "text after the end", Position{2, 0, 3}},
		{"a NUL after the end", "{}\x00", "text after the end", Position{1, 2, 2}},
		{"a comma too many in an object", `{"a":1,}`, `There is '}' where a name in quotes should be.`, Position{1, 7, 7}},
		{"a comma too many in a list", `{"a":[1,]}`, `There is ']' where a value should be.`, Position{1, 8, 8}},
		{"a comma too few", `{"a":1 "b":2}`, "where a comma or } should be", Position{1, 7, 7}},
		{"a name without quotes", `{a:1}`, "where a name in quotes should be", Position{1, 1, 1}},
		{"single quotes", `{'a':1}`, "where a name in quotes should be", Position{1, 1, 1}},
		{"a missing colon", `{"a" 1}`, "where a colon should be", Position{1, 5, 5}},
		{"a missing end", `{"a":"b"`, "The document ends where a comma or } should be.", Position{1, 8, 8}},
		{"a string without end", `{"a":"b`, "The document ends where the end of a string should be.", Position{1, 7, 7}},
		{"an equal name", `{"Action":"a","Action":"b"}`, `"Action" is given twice`, Position{1, 14, 14}},
		{"an equal name in escapes", `{"Action":"a","\u0041ction":"b"}`, `"Action" is given twice`, Position{1, 14, 14}},
		{"nesting no policy has", `{"a":[{"b":{"c":{"d":[[]]}}}]}`, "nested deeper", Position{1, 22, 22}},
		{"a line break in a string", "{\"a\":\"\n\"}", "control character 0x0a", Position{1, 6, 6}},
		{"a NUL in a string", "{\"a\":\"\x00\"}", "control character 0x00", Position{1, 6, 6}},
		{"an escaped NUL", `{"a":"\u0000"}`, `The escape \u0000 is no character`, Position{1, 6, 6}},
		{"half a surrogate pair", `{"a":"\ud83d"}`, `The escape \ud83d is no character`, Position{1, 6, 6}},
		{"a surrogate pair of one half twice", `{"a":"\ud83d\ud83d"}`, "is no character", Position{1, 6, 6}},
		{"a short escape", `{"a":"\u12"}`, "hexadecimal", Position{1, 10, 10}},
		{"an escape that is none", `{"a":"\x"}`, "no escape", Position{1, 7, 7}},
		{"control characters as hexadecimal digits", "{\"a\":\"\\u\x10041\"}", "hexadecimal", Position{1, 8, 8}},
		{"bytes that are not UTF-8", "{\"a\":\"\xff\"}", "not UTF-8", Position{1, 6, 6}},
		{"overlong UTF-8", "{\"a\":\"\xc0\xaa\"}", "not UTF-8", Position{1, 6, 6}},
		{"UTF-8 surrogates", "{\"a\":\"\xed\xa0\x80\"}", "not UTF-8", Position{1, 6, 6}},
		{"bytes that are not UTF-8 outside of strings", "{\xff}", "not UTF-8", Position{1, 1, 1}},
		{"a number with a leading zero", `{"a":01}`, "where a comma or } should be", Position{1, 6, 6}},
		{"a number that ends in its point", `{"a":1.}`, "where a digit should be", Position{1, 7, 7}},
		{"a lone minus", `{"a":-}`, "where a digit should be", Position{1, 6, 6}},
		{"a comment", "{// no\n}", "where a name in quotes should be", Position{1, 1, 1}},
		{"Unicode's spaces", "{\u00a0}", "where a name in quotes should be", Position{1, 1, 1}},
		{"True", `{"a":True}`, "where a value should be", Position{1, 5, 5}},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			_, err := Parse([]byte(test.text))
			syntax, ok := err.(*SyntaxError)
			if !ok || !strings.Contains(syntax.Message, test.message) || syntax.Position != test.at {
				t.Errorf("got %#v, want %q at %+v", err, test.message, test.at)
			}
		})
	}
}

// What Parse takes is JSON to others too, and says the same to them.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":[1,-0.5e+7,true,null,"\ud83d\ude00\n"]}`, `{"Version":"2012-10-17","Statement":{"Effect":"Allow"}}`,
		`{"a":"\u0000"}`, `{"a":1,"a":2}`, `[`, `{"Statement":[[],{"Principal":{"AWS":[]},"Condition":{"a":{"b":[]}}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		if !utf8.Valid(text) || !json.Valid(text) {
			t.Fatalf("%q is taken for JSON", text)
		}
		var theirs any
		if err := json.Unmarshal(text, &theirs); err != nil {
			t.Skip() // numbers beyond float64
		}
		same(t, &d.Root, theirs)
		if d.Root.End.Offset > len(text) || text[d.Root.End.Offset-1] != '}' {
			t.Errorf("%q ends at %+v", text, d.Root.End)
		}
		for i := range d.Statements {
			d.Statements[i].Conditions()
			Principals(d.Statements[i].Principal)
		}
	})
}

func same(t *testing.T, ours *Node, theirs any) {
	switch theirs := theirs.(type) {
	case string:
		if ours.Kind != StringNode || ours.Text != theirs {
			t.Errorf("%q is read as %+v", theirs, ours)
		}
	case []any:
		if ours.Kind != ListNode || len(ours.Items) != len(theirs) {
			t.Fatalf("%q is read as %+v", theirs, ours)
		}
		for i := range theirs {
			same(t, &ours.Items[i], theirs[i])
		}
	case map[string]any:
		if ours.Kind != ObjectNode || len(ours.Members) != len(theirs) {
			t.Fatalf("%q is read as %+v", theirs, ours)
		}
		for i := range ours.Members {
			same(t, &ours.Members[i].Value, theirs[ours.Members[i].Name])
		}
	}
}
