// Package awsapi is the door that AWS's own clients come through: one handler for
// all services, each with its table of operations and its error table.
//
// It speaks protocols and translates; what is true is asked of the packages
// below, through operations.
package awsapi

import (
	"net/http"
	"slices"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

// bodyLimit is more than any request of these services needs.
const bodyLimit = 1 << 20

// service is one AWS service.
type service struct {
	operation.Service
	errors      errorTable
	constraints wire.Constraints
	// signing is the signing name of Signature Version 4. Empty: clients send bearer
	// tokens.
	signing string
	// bearer is the header of those; empty: Authorization.
	bearer string

	// Of restJson1: where operations are found, and how times are written.
	routes []route
	times  wire.TimeFormat

	// Of awsJson1_1 and query, whose requests are all sent to one address.
	operations []*operation.Operation
	targets    []string // awsJson1_1: what X-Amz-Target begins with
	version    string   // query: the parameter Version
	namespace  string   // query: of the answers' XML
}

// Door serves /aws and everything below it.
type Door struct {
	runner     *operation.Runner
	mux        http.ServeMux
	named      map[string]*named // by X-Amz-Target, or Action and Version
	operations []*operation.Operation
	// Limits make the account side behave as AWS does under load; nil: it does not.
	Limits *Limits
}

// New makes the door of these services.
func New(runner *operation.Runner, services ...interface{ service() *service }) *Door {
	d := &Door{runner: runner, named: map[string]*named{}}
	for _, s := range services {
		d.add(s.service())
	}
	// A browser is sent here by clients that were given this door's address; the
	// page is the console's.
	d.mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/authorize?"+r.URL.RawQuery, http.StatusFound)
	})
	d.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		wire.Failure{Status: http.StatusNotFound, Code: "UnknownOperationException",
			Message: notOffered(r, "")}.EncodeRestJSON(w)
	})
	return d
}

// Operations is everything that can be asked through this door.
func (d *Door) Operations() []*operation.Operation { return d.operations }

func (d *Door) add(s *service) {
	for i := range s.routes {
		d.addRoute(s, &s.routes[i])
	}
	for _, op := range s.operations {
		d.addNamed(s, op)
	}
}

// offer makes an operation one of this door's, and its input's constraints ready.
func (d *Door) offer(s *service, op *operation.Operation, spelling wire.Spelling) *wire.Checker {
	op.Service = &s.Service
	if !slices.Contains(d.operations, op) {
		d.operations = append(d.operations, op)
	}
	return s.constraints.For(op.Name, op.In, spelling)
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", operation.RequestOf(r).ID)
	if r.URL.Path == "/aws" || r.URL.Path == "/aws/" {
		d.serveNamed(w, r)
		return
	}
	http.StripPrefix("/aws", &d.mux).ServeHTTP(w, r)
}

// present takes a request's credential, in the way the service wants it. Services ask
// STS alone.
func present(r *http.Request, s *service, body []byte) authn.Credential {
	if service, ok := authn.ServiceOf(r.Context()); ok && s.Source == "sts" {
		return authn.Credential{Scheme: authn.InProcess, Service: service}
	}
	if s.bearer != "" {
		return operation.BearerIn(r, s.bearer)
	}
	if s.signing == "" {
		return operation.Bearer(r)
	}
	signature, err := authn.ReadSignature(r, body)
	switch {
	case err == nil && signature == nil:
		return authn.Credential{}
	case err == nil:
		err = signature.CheckService(s.signing)
	}
	return authn.Credential{Scheme: authn.Signed, Signature: signature, Malformed: err}
}
