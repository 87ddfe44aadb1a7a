package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/fault"
)

// RestJSON is one operation's binding to the protocol restJson1: a method, a
// path whose braces hold members, members in the query and in headers, the rest in
// a JSON body.
type RestJSON struct {
	Method, Path string
	Status       int        // of success
	Times        TimeFormat // in answers

	path, query, header []bound
}

// bound is a member that travels outside the body, under a name of its own.
type bound struct {
	*member
	name string
}

var inBraces = regexp.MustCompile(`\{(\w+)\}`)

// Bind finds the members that travel outside the body in the operation's input
// type: those of the path, and others, each written as "maxResults" when it is in
// the query under its own name, "maxResults=max_result" under another, or
// "accessToken: x-amz-sso_bearer_token" in a header. It panics when one does not
// exist.
func (b *RestJSON) Bind(input reflect.Type, others ...string) {
	find := func(name, travelsAs string) bound {
		m := shapeOf(input, LowerFirst).byName[name]
		if m == nil {
			panic(fmt.Sprintf("wire: %s has no member %s for %s", input, name, b.Path))
		}
		return bound{m, travelsAs}
	}
	for _, match := range inBraces.FindAllStringSubmatch(b.Path, -1) {
		b.path = append(b.path, find(match[1], match[1]))
	}
	for _, other := range others {
		if name, header, ok := strings.Cut(other, ": "); ok {
			b.header = append(b.header, find(name, header))
		} else if name, parameter, ok := strings.Cut(other, "="); ok {
			b.query = append(b.query, find(name, parameter))
		} else {
			b.query = append(b.query, find(other, other))
		}
	}
}

// Decode fills an input. What travels outside the body is taken from there alone.
func (b *RestJSON) Decode(r *http.Request, query url.Values, body []byte, input any) error {
	if err := ParseJSON(body, input); err != nil {
		return err
	}
	v := reflect.ValueOf(input).Elem()
	for _, m := range b.path {
		if err := assignTexts([]string{r.PathValue(m.name)}, v.FieldByIndex(m.index), m.member.name); err != nil {
			return err
		}
	}
	for _, m := range b.query {
		if err := assignTexts(query[m.name], v.FieldByIndex(m.index), m.member.name); err != nil {
			return err
		}
	}
	for _, m := range b.header {
		if err := assignTexts(r.Header.Values(m.name), v.FieldByIndex(m.index), m.member.name); err != nil {
			return err
		}
	}
	return nil
}

// assignTexts sets a member to what is given outside the body: nothing, texts to a
// list, and to everything else the first of them.
func assignTexts(texts []string, into reflect.Value, name string) error {
	into.SetZero()
	if len(texts) == 0 {
		return nil
	}
	d := decoder{LowerFirst}
	if kindOf(into.Type()) == list {
		values := make([]any, len(texts))
		for i, text := range texts {
			values[i] = text
		}
		return d.assign(values, into, name)
	}
	return d.assign(plain(texts[0], deref(into.Type())), into, name)
}

// plain is the scalar of this type that a text says, or the text when it says none.
func plain(text string, t reflect.Type) any {
	switch t.Kind() {
	case reflect.Bool:
		if flag := text == "true"; flag || text == "false" {
			return flag
		}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		return json.Number(text)
	}
	return text
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
