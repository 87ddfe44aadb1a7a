package wire

import (
	"encoding/json"
	"math"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/fault"
)

type color string

func (color) Values() []color { return []color{"red", "green"} }

type inner struct {
	Key    color
	Values []string
	When   *time.Time
}

type input struct {
	SpaceName  *string
	Name       *string
	MaxResults *int32
	Flag       *bool
	Ratio      *float64
	Count      int64
	Items      []inner
	Nested     *inner
	Tags       map[string]string
	Start      *time.Time
	Password   string
	Renamed    string `json:"other_name,omitempty"`
	Hidden     string `json:"-"`

	own string
}

func ptr[T any](v T) *T { return &v }

func TestParseJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	for text, want := range map[string]input{
		``:                                   {},
		` {} `:                               {},
		`{"unknown":{"a":[1]}}`:              {},
		`{"name":null,"items":null}`:         {},
		`{"name":"a","Name":"not this one"}`: {Name: ptr("a")},
		`{"name":"é\u0041"}`:                 {Name: ptr("éA")},
		`{"maxResults":7,"count":-9007199254740993}`:           {MaxResults: ptr(int32(7)), Count: -9007199254740993},
		`{"flag":false,"ratio":1.5}`:                           {Flag: ptr(false), Ratio: ptr(1.5)},
		`{"items":[],"tags":{"a":"b"}}`:                        {Items: []inner{}, Tags: map[string]string{"a": "b"}},
		`{"items":[{"key":"red","values":["x"]}],"nested":{}}`: {Items: []inner{{Key: "red", Values: []string{"x"}}}, Nested: &inner{}},
		`{"start":"2026-01-02T03:04:05.6Z"}`:                   {Start: &at},
		`{"start":"2026-01-02T05:04:05.6+02:00"}`:              {Start: &at},
		`{"start":1767323045.6}`:                               {Start: &at},
		`{"other_name":"x","hidden":"y"}`:                      {Renamed: "x"},
	} {
		var got input
		if err := ParseJSON([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(input{})); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for text, says := range map[string]string{
		`{"maxResults":2147483648}`:     "maxResults must be a whole number",
		`{"maxResults":"7"}`:            "maxResults must be a whole number",
		`{"count":9223372036854775808}`: "count must be a whole number",
		`{"ratio":1e999}`:               "ratio must be a number",
		`{"flag":"true"}`:               "flag must be true or false",
		`{"tags":{"a":1}}`:              "tags.a must be a string",
		`{"nested":[]}`:                 "nested must be an object",
		`{"items":[{"when":true}]}`:     "items[0].when must be a time",
		`{"name":"a"`:                   "ends too early",
		`{"name":"a"}x`:                 "not valid JSON",
		"{\"name\":\"a\x01\"}":          "not valid JSON",
		`nul`:                           "not valid JSON",
	} {
		err := ParseJSON([]byte(text), &input{})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

func TestJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.FixedZone("", 7200))
	for want, value := range map[string]any{
		`{"count":0}`:                     &input{own: "never"},
		`{"name":"a\"\u003cé","count":1}`: &input{Name: ptr("a\"<é"), Count: 1},
		`{"count":0,"items":[{"key":"red","values":[]}],"tags":{"a":"1","b":"2"}}`: &input{Items: []inner{{Key: "red", Values: []string{}}}, Tags: map[string]string{"b": "2", "a": "1"}},
		`{"count":0,"start":"2026-01-02T01:04:05.678Z","password":"p"}`:            &input{Start: &at, Password: "p"},
		`{"flag":true,"ratio":0.25,"count":0,"other_name":"x"}`:                    &input{Flag: ptr(true), Ratio: ptr(0.25), Renamed: "x", Hidden: "h"},
	} {
		got := string(JSON(value, DateTime))
		var a, b any
		if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("wrote %s, want %s", got, want)
		}
	}
	if got := string(JSON(&inner{When: &at}, EpochSeconds)); got != `{"when":1767315845.678}` {
		t.Errorf("epoch seconds: %s", got)
	}
}

func TestRedacted(t *testing.T) {
	got := string(Redacted(&input{Name: ptr(strings.Repeat("n", 5000)), Password: "hunter2 hunter2"}))
	if strings.Contains(got, "hunter2") || !strings.Contains(got, `"password":"***"`) || len(got) > 1200 {
		t.Errorf("logged %s", got)
	}
}

func TestConstraints(t *testing.T) {
	constraints := Constraints{
		"SpaceName": {Required: true, Min: 3, Max: 5}, "Name": {}, "CreateThing.Name": {Pattern: regexp.MustCompile(`\Aa*\z`)}, "MaxResults": {Min: 1, Max: 10},
		"Flag": {}, "Ratio": {}, "Count": {}, "Items": {Max: 2}, "Nested": {}, "Tags": {}, "Start": {Required: true}, "Password": {}, "Renamed": {},
	}
	check := constraints.For("CreateThing", reflect.TypeFor[input](), LowerFirst)
	fine := func() *input { return &input{SpaceName: ptr("acme"), Start: ptr(time.Now())} }
	if err := check.Check(fine()); err != nil {
		t.Error(err)
	}
	for says, spoil := range map[string]func(*input){
		"spaceName is required":                             func(in *input) { in.SpaceName = nil },
		"spaceName must be 3 to 5 characters long, it is 2": func(in *input) { in.SpaceName = ptr("éé") },
		"name must match":                                   func(in *input) { in.Name = ptr("b") },
		"maxResults must be 1 to 10, it is 0":               func(in *input) { in.MaxResults = ptr(int32(0)) },
		"items must be 0 to 2 items long, it is 3":          func(in *input) { in.Items = make([]inner, 3) },
		"start is required":                                 func(in *input) { in.Start = nil },
	} {
		in := fine()
		spoil(in)
		if err := check.Check(in); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	enumerated := Constraints{"Key": {}, "Values": {}, "When": {}}.For("X", reflect.TypeFor[inner](), LowerFirst)
	if err := enumerated.Check(&inner{Key: "blue"}); err == nil || !strings.Contains(err.Error(), "one of [red green]") {
		t.Errorf("a value outside an enumeration: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a member without constraint was not noticed")
		}
	}()
	delete(constraints, "Tags")
	constraints.For("CreateThing", reflect.TypeFor[input](), LowerFirst)
}

func TestMembersTravelWhereTheModelSays(t *testing.T) {
	b := RestJSON{Method: "GET", Path: "/v1/spaces/{spaceName}/things/{name}"}
	b.Bind(reflect.TypeFor[input](), "maxResults", "password")
	r := httptest.NewRequest("GET", "/x", nil)
	r.SetPathValue("spaceName", "acme")
	r.SetPathValue("name", "a/b")
	var in input
	query := url.Values{"maxResults": {"3"}, "flag": {"true"}}
	if err := b.Decode(r, query, []byte(`{"spaceName":"other","password":"smuggled","count":4}`), &in); err != nil {
		t.Fatal(err)
	}
	if want := (input{SpaceName: ptr("acme"), Name: ptr("a/b"), MaxResults: ptr(int32(3)), Count: 4}); !cmp.Equal(want, in, cmp.AllowUnexported(input{})) {
		t.Error(cmp.Diff(want, in, cmp.AllowUnexported(input{})))
	}
	for _, text := range []string{"x", "", "1e3", "99999999999", " 1"} {
		if err := b.Decode(r, url.Values{"maxResults": {text}}, nil, &input{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("maxResults=%q: %v", text, err)
		}
	}
}

func TestMembersTravelUnderOtherNames(t *testing.T) {
	b := RestJSON{Method: "GET", Path: "/x"}
	b.Bind(reflect.TypeFor[input](), "maxResults=max_result", "flag", "password: X-Token")
	r := httptest.NewRequest("GET", "/x", nil)
	r.Header.Set("x-token", "p")
	var in input
	if err := b.Decode(r, url.Values{"max_result": {"3"}, "maxResults": {"4"}, "flag": {"true"}}, []byte(`{"flag":false,"password":"smuggled"}`), &in); err != nil {
		t.Fatal(err)
	}
	if want := (input{MaxResults: ptr(int32(3)), Flag: ptr(true), Password: "p"}); !cmp.Equal(want, in, cmp.AllowUnexported(input{})) {
		t.Error(cmp.Diff(want, in, cmp.AllowUnexported(input{})))
	}
	if err := b.Decode(r, url.Values{"max_result": {"x"}}, nil, &in); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "maxResults must be a whole number") {
		t.Error(err)
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"name":"a","items":[{"key":"red"}],"tags":{"a":"b"},"start":1}`, `{"a":{"a":{"a":[[[]]]}}}`, `{"start":"2026-01-02T03:04:05Z"}`, `{"count":1e5}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in input
		err := ParseJSON(body, &in)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q is no fault of the caller: %v", body, err)
			}
			return
		}
		if in.Ratio != nil && (math.IsNaN(*in.Ratio) || math.IsInf(*in.Ratio, 0)) {
			t.Fatalf("%q gave %v", body, *in.Ratio)
		}
		if in.Start != nil && (in.Start.Year() < 0 || in.Start.Year() > 9999) {
			in.Start = nil // RFC 3339 cannot write it
		}
		if in.Nested != nil {
			in.Nested.When = nil
		}
		for i := range in.Items {
			in.Items[i].When = nil
		}
		written := JSON(&in, DateTime)
		var again input
		if err := ParseJSON(written, &again); err != nil {
			t.Fatalf("%s is not read back: %v", written, err)
		}
		if second := JSON(&again, DateTime); string(second) != string(written) {
			t.Fatalf("%s comes back as %s", written, second)
		}
		if !json.Valid(Redacted(&in)) {
			t.Fatalf("what is logged is no JSON: %s", Redacted(&in))
		}
	})
}
