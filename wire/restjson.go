package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"

	"github.com/sallyport/sallyport/fault"
)

// RestJSON is one operation's binding to the protocol restJson1: a method, a
// path whose braces hold members, members in the query, the rest in a JSON body.
type RestJSON struct {
	Method, Path string
	Status       int        // of success
	Times        TimeFormat // in answers

	path, query []*member
}

var inBraces = regexp.MustCompile(`\{(\w+)\}`)

// Bind finds the members that travel outside the body in the operation's input
// type. It panics when one does not exist.
func (b *RestJSON) Bind(input reflect.Type, query ...string) {
	find := func(name string) *member {
		m := shapeOf(input, LowerFirst).byName[name]
		if m == nil {
			panic(fmt.Sprintf("wire: %s has no member %s for %s", input, name, b.Path))
		}
		return m
	}
	for _, match := range inBraces.FindAllStringSubmatch(b.Path, -1) {
		b.path = append(b.path, find(match[1]))
	}
	for _, name := range query {
		b.query = append(b.query, find(name))
	}
}

// Decode fills an input. What travels in the path or query is taken from there
// alone.
func (b *RestJSON) Decode(r *http.Request, query url.Values, body []byte, input any) error {
	if err := ParseJSON(body, input); err != nil {
		return err
	}
	v := reflect.ValueOf(input).Elem()
	for _, m := range b.path {
		if err := assignText(r.PathValue(m.name), v.FieldByIndex(m.index), m.name); err != nil {
			return err
		}
	}
	for _, m := range b.query {
		field := v.FieldByIndex(m.index)
		field.SetZero()
		if !query.Has(m.name) {
			continue
		}
		if err := assignText(query.Get(m.name), field, m.name); err != nil {
			return err
		}
	}
	return nil
}

func assignText(text string, into reflect.Value, name string) error {
	d := decoder{LowerFirst}
	if deref(into.Type()).Kind() == reflect.String {
		return d.assign(text, into, name)
	}
	return d.assign(json.Number(text), into, name)
}

// Encode writes the answer of success.
func (b *RestJSON) Encode(w http.ResponseWriter, output any) {
	respond(w, "application/json", b.Status, JSON(output, b.Times))
}

// Failure is a modelled error on its way out.
type Failure struct {
	Status  int
	Code    string // the exception's name
	Message string
	Members map[string]string // beside the message, if the model has more
}

// EncodeRestJSON writes an error the way all clients find it: the code in the header and,
// for those that look there, in the body.
func (f Failure) EncodeRestJSON(w http.ResponseWriter) {
	members := map[string]string{"__type": f.Code, "message": f.Message}
	for name, value := range f.Members {
		members[name] = value
	}
	body, _ := json.Marshal(members) // cannot fail: texts
	w.Header().Set("X-Amzn-Errortype", f.Code)
	respond(w, "application/json", f.Status, body)
}

func respond(w http.ResponseWriter, contentType string, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body) // a client that has gone away is nobody's failure
}

// TooLarge is the fault of a request body over a limit in bytes.
func TooLarge(limit int64) error {
	return fault.Invalidf("the request body is too large: at most %d bytes are read", limit)
}
