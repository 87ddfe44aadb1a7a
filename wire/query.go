package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/fault"
)

// The protocol query: a request is a form whose names are paths into the input
// (Tags.member.1.Key), Action and Version beside them; the answer is XML. The
// models spoken here have no flattened lists or maps.

const (
	xmlType = "text/xml"
	// mostParameters is more than any request needs that keeps to its model's limits.
	mostParameters = 4096
	// longestPath is twice what any input of these services is nested.
	longestPath = 16
)

// ParseQuery reads a form, or a query string. One with a name given twice says two
// things, and is refused.
func ParseQuery(form string) (url.Values, error) {
	if strings.Count(form, "&") >= mostParameters {
		return nil, fault.Invalidf("the request has too many parameters: at most %d are read", mostParameters)
	}
	values, err := url.ParseQuery(form)
	if err != nil {
		return nil, fault.Invalidf("the request's parameters are not a form: they must be URL-encoded")
	}
	for name, given := range values {
		if len(given) > 1 {
			return nil, fault.Invalidf("%s is given more than once", quoted(name))
		}
	}
	return values, nil
}

// quoted cuts a name that a caller has chosen.
func quoted(name string) string {
	if len(name) > 100 {
		name = name[:100]
	}
	return strconv.QuoteToASCII(name)
}

// DecodeQuery fills an input from a form that ParseQuery has read. Unknown
// parameters are ignored; one of the wrong form is a fault that names it.
func DecodeQuery(form url.Values, input any) error {
	root := &parameter{}
	for name, given := range form {
		if err := root.add(name, given); err != nil {
			return err
		}
	}
	v := reflect.ValueOf(input).Elem()
	d := decoder{AsExported}
	tree, err := root.record(v.Type(), "")
	if err != nil {
		return err
	}
	if err := d.assignRecord(tree, v, ""); err != nil {
		return err
	}
	return checkText(v, "", AsExported)
}

// parameter is a node of the tree that the dotted names draw.
type parameter struct {
	value    string
	given    bool
	children map[string]*parameter
}

func (p *parameter) add(name string, given []string) error {
	if len(given) != 1 {
		return fault.Invalidf("%s is given more than once", quoted(name))
	}
	path := strings.Split(name, ".")
	if len(path) > longestPath {
		return fault.Invalidf("%s is nested too deeply", quoted(name))
	}
	for _, step := range path {
		child := p.children[step]
		if child == nil {
			child = &parameter{}
			if p.children == nil {
				p.children = map[string]*parameter{}
			}
			p.children[step] = child
		}
		p = child
	}
	p.value, p.given = given[0], true
	return nil
}

// tree turns a parameter into what JSON would have said for a value of this type.
// What does not fit is left as it is, for the assignment to refuse.
func (p *parameter) tree(t reflect.Type, path string) (any, error) {
	t = deref(t)
	switch kindOf(t) {
	case record:
		if p.value == "" {
			return p.record(t, path)
		}
	case union:
		if p.value == "" {
			return p.union(t, path)
		}
	case list:
		if p.value == "" {
			return p.list(t, path)
		}
	case dictionary:
		if p.value == "" {
			return p.dictionary(t, path)
		}
	default:
		if p.given && p.children == nil {
			return plain(p.value, t), nil
		}
	}
	return p, nil
}

func (p *parameter) record(t reflect.Type, path string) (map[string]any, error) {
	object := map[string]any{}
	for name, m := range shapeOf(t, AsExported).byName {
		if child := p.children[name]; child != nil {
			value, err := child.tree(t.FieldByIndex(m.index).Type, join(path, name))
			if err != nil {
				return nil, err
			}
			object[name] = value
		}
	}
	return object, nil
}

func (p *parameter) union(t reflect.Type, path string) (map[string]any, error) {
	object := map[string]any{}
	for _, variant := range unions[t] {
		chosen, err := p.record(variant, path)
		if err != nil {
			return nil, err
		}
		for name, value := range chosen {
			object[name] = value
		}
	}
	return object, nil
}

func (p *parameter) list(t reflect.Type, path string) ([]any, error) {
	members, err := p.numbered("member", path)
	values := make([]any, len(members))
	for i := 0; err == nil && i < len(members); i++ {
		values[i], err = members[i].tree(t.Elem(), path+"["+strconv.Itoa(i)+"]")
	}
	return values, err
}

func (p *parameter) dictionary(t reflect.Type, path string) (map[string]any, error) {
	entries, err := p.numbered("entry", path)
	if err != nil {
		return nil, err
	}
	object := map[string]any{}
	for _, entry := range entries {
		key, value := entry.children["key"], entry.children["value"]
		if key == nil || !key.given || key.children != nil || value == nil {
			return nil, wrongType(path, "a map: each entry has a key and a value")
		}
		if _, twice := object[key.value]; twice {
			return nil, wrongType(path, "a map: a key is given twice")
		}
		if object[key.value], err = value.tree(t.Elem(), join(path, key.value)); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// numbered returns the items below a list's one child in the order of their
// numbers. Numbers may be left out, and say nothing about how much to allocate.
func (p *parameter) numbered(under, path string) ([]*parameter, error) {
	if len(p.children) == 0 {
		return nil, nil
	}
	items := p.children[under]
	if items == nil || len(p.children) > 1 || items.given {
		return nil, wrongType(path, "numbered like "+path+"."+under+".1")
	}
	numbers := make([]int, 0, len(items.children))
	for text := range items.children {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostParameters || strconv.Itoa(n) != text {
			return nil, wrongType(path, "numbered from 1 to at most "+strconv.Itoa(mostParameters))
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	found := make([]*parameter, len(numbers))
	for i, n := range numbers {
		found[i] = items.children[strconv.Itoa(n)]
	}
	return found, nil
}

// EncodeQuery writes the answer of success to an operation of the service with
// this XML namespace.
func EncodeQuery(w http.ResponseWriter, namespace, operation, requestID string, output any) {
	e := &xmlEncoder{}
	e.WriteString("<" + operation + `Response xmlns="` + namespace + `">`)
	// Operations without output have an empty result: botocore looks for the
	// element where its model has a structure, however empty.
	e.element(operation+"Result", reflect.ValueOf(output))
	e.WriteString("<ResponseMetadata>")
	e.leaf("RequestId", requestID)
	e.WriteString("</ResponseMetadata></" + operation + "Response>")
	respond(w, xmlType, http.StatusOK, e.Bytes())
}

// EncodeQuery writes an error. Who is to blame follows from the status.
func (f Failure) EncodeQuery(w http.ResponseWriter, namespace, requestID string) {
	e := &xmlEncoder{}
	e.WriteString(`<ErrorResponse xmlns="` + namespace + `"><Error>`)
	if f.Status >= http.StatusInternalServerError {
		e.leaf("Type", "Receiver")
	} else {
		e.leaf("Type", "Sender")
	}
	e.leaf("Code", f.Code)
	e.leaf("Message", f.Message)
	names := make([]string, 0, len(f.Members))
	for name := range f.Members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		e.leaf(name, f.Members[name])
	}
	e.WriteString("</Error>")
	e.leaf("RequestId", requestID)
	e.WriteString("</ErrorResponse>")
	respond(w, xmlType, f.Status, e.Bytes())
}

type xmlEncoder struct{ bytes.Buffer }

// element writes a value under its name. Names are a model's, and need no escaping.
func (e *xmlEncoder) element(name string, v reflect.Value) {
	e.open(name)
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	if v.IsValid() {
		e.content(v)
	}
	e.close(name)
}

func (e *xmlEncoder) content(v reflect.Value) {
	switch kindOf(v.Type()) {
	case moment:
		// IAM and STS answer whole seconds without a fraction.
		e.WriteString(v.Interface().(time.Time).UTC().Format("2006-01-02T15:04:05.999Z"))
	case record:
		s := shapeOf(v.Type(), AsExported)
		for i := range s.members {
			m := &s.members[i]
			if field := v.FieldByIndex(m.index); !absent(field) || m.always {
				e.element(m.name, field)
			}
		}
	case list:
		for i := range v.Len() {
			e.element("member", v.Index(i))
		}
	case dictionary:
		for _, key := range sortedKeys(v) {
			e.open("entry")
			e.element("key", key)
			e.element("value", v.MapIndex(key))
			e.close("entry")
		}
	case blob:
		e.WriteString(base64.StdEncoding.EncodeToString(v.Bytes()))
	default:
		e.scalar(v)
	}
}

func (e *xmlEncoder) scalar(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		e.text(v.String())
	case reflect.Bool:
		e.Write(strconv.AppendBool(e.AvailableBuffer(), v.Bool()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		e.Write(strconv.AppendInt(e.AvailableBuffer(), v.Int(), 10))
	case reflect.Float32, reflect.Float64:
		e.Write(strconv.AppendFloat(e.AvailableBuffer(), v.Float(), 'g', -1, 64))
	default:
		panic("wire: cannot write a " + v.Type().String()) // a table of operations names it: a fault of the program
	}
}

func (e *xmlEncoder) leaf(name, text string) {
	e.open(name)
	e.text(text)
	e.close(name)
}

func (e *xmlEncoder) open(name string) {
	e.WriteByte('<')
	e.WriteString(name)
	e.WriteByte('>')
}

func (e *xmlEncoder) close(name string) {
	e.WriteString("</")
	e.WriteString(name)
	e.WriteByte('>')
}

// text writes character data. A character that XML 1.0 cannot carry at all, such
// as a control character, becomes U+FFFD.
func (e *xmlEncoder) text(s string) {
	xml.EscapeText(e, []byte(s)) // cannot fail: a buffer takes everything
}
