package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

const (
	// bodyLimit is more than any request needs.
	bodyLimit = 1 << 20
	// bearerScheme is what the document calls the way to authenticate.
	bearerScheme = "bearer"
	// signedScheme is the other way: operations of the account side are decided by IAM
	// policies, and asked by who signs.
	signedScheme = "signature"
	// signingName is the service that is signed for.
	signingName = "sallyport"
)

// route is a line of a table: an operation, and where it is asked.
type route struct {
	op      *operation.Operation
	method  string
	path    string // below base
	summary string
	status  int // of the answer
	// register makes the route known to huma; it knows the types.
	register func(huma.API, huma.Operation)
}

// read, write and create make a line. The rule's permission and the status
// follow from it: 201 for what is created, 204 where there is nothing to say.
func read[In, Out any](name, at, summary string, do func(*operation.Query, *In) (*Out, error), rule authz.Rule, options ...operation.Option) route {
	return newRoute[In, Out](operation.Read(name, do, rule, options...), at, summary, http.StatusOK)
}

func write[In, Out any](name, at, summary string, do func(*operation.Command, *In) (*Out, error), rule authz.Rule, options ...operation.Option) route {
	return newRoute[In, Out](operation.Write(name, do, rule, options...), at, summary, http.StatusOK)
}

func create[In, Out any](name, at, summary string, do func(*operation.Command, *In) (*Out, error), rule authz.Rule, options ...operation.Option) route {
	return newRoute[In, Out](operation.Write(name, do, rule, options...), at, summary, http.StatusCreated)
}

func newRoute[In, Out any](op *operation.Operation, at, summary string, status int) route {
	r := route{op: op, summary: summary, status: status, register: register[In, body[Out]]}
	r.method, r.path, _ = strings.Cut(at, " ")
	if op.Out == reflect.TypeFor[Empty]() {
		r.status, r.register = http.StatusNoContent, register[In, Empty]
	}
	return r
}

// body is an answer as huma documents it.
type body[Out any] struct{ Body Out }

func register[In, Out any](docs huma.API, op huma.Operation) {
	huma.Register(docs, op, func(ctx context.Context, in *In) (*Out, error) {
		reading := ctx.Value(readingKey{}).(*reading)
		reading.input = reflect.ValueOf(in).Elem()
		return nil, nil
	})
}

// document describes the route, for huma.
func (r route) document(answer func(huma.Context, func(huma.Context)), problem *huma.Response) huma.Operation {
	op := huma.Operation{
		OperationID: strings.ToLower(r.op.Name[:1]) + r.op.Name[1:], Method: r.method, Path: base + r.path,
		Summary: r.summary, Tags: []string{r.tag()}, DefaultStatus: r.status,
		Responses: map[string]*huma.Response{
			strconv.Itoa(r.status): {Description: http.StatusText(r.status)}, "default": problem,
		},
		Middlewares: huma.Middlewares{answer},
		// The body is read, and its size checked, before huma sees it.
		MaxBodyBytes: -1,
	}
	if permission, ok := r.op.Rule.Permission(); ok {
		op.Description = "Takes the permission " + permission.String() + ": to " + permission.Allows() + "."
	}
	switch {
	case r.op.Rule.Account():
		op.Security = []map[string][]string{{signedScheme: {}}}
		if action := r.op.Rule.Action(); action != "" {
			op.Description = "Policies must allow " + action + "."
		}
	case !r.op.Rule.Strangers():
		op.Security = []map[string][]string{{bearerScheme: {}}}
	}
	return op
}

// tag groups the route with its likes: the last word of its path that is fixed and
// plural.
func (r route) tag() string {
	tag := ""
	for part := range strings.SplitSeq(strings.TrimPrefix(r.path, "/"), "/") {
		if tag == "" || strings.HasSuffix(part, "s") || part == "access" {
			tag = part
		}
	}
	return tag
}

// answer is how every request of a route is answered. huma's part, next, is called
// inside the runner's path, so that nobody is told what is wrong with an input
// before it is known who asks, and so that a refused input leaves an event.
func (d *Door) answer(route route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		request := operation.RequestOf(r)
		out, err := d.run(w, r, route, request, func(in any) error {
			reading := &reading{humaContext: ctx}
			next(reading)
			return reading.into(in)
		})
		if err != nil {
			writeProblem(w, request, err)
			return
		}
		route.write(w, out)
	}
}

func (d *Door) run(w http.ResponseWriter, r *http.Request, route route, request *operation.Request, decode func(any) error) (any, error) {
	body, err := operation.ReadBody(w, r, bodyLimit)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	request.Credential = present(r, body)
	return d.runner.Do(r.Context(), route.op, request, func(in any) error {
		// The decoder would put U+FFFD for what is not UTF-8, and one name for another.
		if !utf8.Valid(body) {
			return fault.Invalidf("the body must be UTF-8 text")
		}
		return decode(in)
	})
}

// present takes a request's credential: a bearer token, or a signature in the header.
func present(r *http.Request, body []byte) authn.Credential {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") {
		return operation.Bearer(r)
	}
	signature, err := authn.ReadSignature(r, body)
	if err == nil {
		err = signature.CheckService(signingName)
	}
	return authn.Credential{Scheme: authn.Signed, Signature: signature, Malformed: err}
}

func (r route) write(w http.ResponseWriter, out any) {
	w.Header().Set("Cache-Control", "no-store") // RFC 6749 section 5.1: some answers hold secrets
	if r.status == http.StatusNoContent {
		w.WriteHeader(r.status)
		return
	}
	writeJSON(w, "application/json", r.status, out)
}

func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(value) // fails only when the client has gone
}

type humaContext huma.Context // embedded by this name, since it has a method Context

// reading is a request that huma reads and checks, with an answer that goes nowhere:
// what is answered, the runner decides.
type reading struct {
	humaContext
	input   reflect.Value    // what was read
	refused *huma.ErrorModel // why it was not
}

type readingKey struct{}

func (r *reading) Context() context.Context {
	return context.WithValue(r.humaContext.Context(), readingKey{}, r)
}

func (r *reading) SetStatus(int)               {}
func (r *reading) SetHeader(string, string)    {}
func (r *reading) AppendHeader(string, string) {}
func (r *reading) BodyWriter() io.Writer       { return io.Discard }

// keepRefusal takes what huma would answer to a bad input.
func keepRefusal(ctx huma.Context, _ string, answer any) (any, error) {
	if problem, ok := answer.(*huma.ErrorModel); ok {
		ctx.(*reading).refused = problem
	}
	return answer, nil
}

// into hands over the input to the runner.
func (r *reading) into(in any) error {
	if r.refused != nil {
		return invalid(r.refused)
	}
	reflect.ValueOf(in).Elem().Set(r.input)
	return nil
}
