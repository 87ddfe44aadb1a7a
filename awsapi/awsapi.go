// Package awsapi is the door that AWS's own clients come through: one handler for
// all services, each with its table of operations and its error table.
//
// It speaks protocols and translates; what is true is asked of the packages
// below, through operations.
package awsapi

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

// bodyLimit is more than any request of these services needs.
const bodyLimit = 1 << 20

// service is one AWS service over restJson1.
type service struct {
	operation.Service
	errors      errorTable
	constraints wire.Constraints
	times       wire.TimeFormat
	routes      []route
}

// route is a line of a service's table: where the operation is found, and the operation.
type route struct {
	wire.RestJSON
	query []string
	op    *operation.Operation
}

func on(method, path string, status int, op *operation.Operation, query ...string) route {
	return route{wire.RestJSON{Method: method, Path: path, Status: status}, query, op}
}

// code is how a fault is told: HTTP status and exception name.
type code struct {
	status int
	name   string
}

// errorTable is a service's translation of faults. Reasons are looked up first.
type errorTable struct {
	reasons map[fault.Reason]code
	kinds   map[fault.Kind]code
	// members gives what an exception has beside its message; nil: nothing.
	members func(*fault.Error) map[string]string
}

func (t errorTable) failure(err error) wire.Failure {
	f := fault.As(err)
	c, ok := t.reasons[f.Reason]
	if !ok {
		c = t.kinds[f.Kind]
	}
	failure := wire.Failure{Status: c.status, Code: c.name, Message: f.Message}
	if t.members != nil {
		failure.Members = t.members(f)
	}
	return failure
}

// Door serves /aws and everything below it.
type Door struct {
	runner     *operation.Runner
	mux        http.ServeMux
	operations []*operation.Operation
}

// New makes the door of these services.
func New(runner *operation.Runner, c *CodeCatalyst, oidc *SSOOIDC) *Door {
	d := &Door{runner: runner}
	for _, s := range []*service{c.service(), oidc.service()} {
		d.add(s)
	}
	// A browser is sent here by clients that were given this door's address; the
	// page is the console's.
	d.mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/authorize?"+r.URL.RawQuery, http.StatusFound)
	})
	d.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		wire.Failure{Status: http.StatusNotFound, Code: "UnknownOperationException",
			Message: "no operation of the services offered here has this method and path"}.EncodeRestJSON(w)
	})
	return d
}

// Operations is everything that can be asked through this door.
func (d *Door) Operations() []*operation.Operation { return d.operations }

func (d *Door) add(s *service) {
	for i := range s.routes {
		r := &s.routes[i]
		r.op.Service, r.Times = &s.Service, s.times
		r.Bind(r.op.In, r.query...)
		check := s.constraints.For(r.op.Name, r.op.In, wire.LowerFirst)
		if !slices.Contains(d.operations, r.op) {
			d.operations = append(d.operations, r.op)
		}
		d.mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, hr *http.Request) { d.serve(w, hr, s, r, check) })
	}
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.StripPrefix("/aws", &d.mux).ServeHTTP(w, r)
}

func (d *Door) serve(w http.ResponseWriter, r *http.Request, s *service, route *route, check *wire.Checker) {
	request := operation.RequestOf(r)
	request.Credential = operation.Bearer(r)
	w.Header().Set("X-Amzn-Requestid", request.ID)
	out, err := d.run(w, r, request, route, check)
	if err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="sallyport"`)
		}
		s.errors.failure(err).EncodeRestJSON(w)
		return
	}
	route.Encode(w, out)
}

func (d *Door) run(w http.ResponseWriter, r *http.Request, request *operation.Request, route *route, check *wire.Checker) (any, error) {
	body, err := operation.ReadBody(w, r, bodyLimit)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.Invalidf("the query string is malformed")
	}
	return d.runner.Do(r.Context(), route.op, request, func(in any) error {
		if err := route.Decode(r, query, body, in); err != nil {
			return err
		}
		return check.Check(in)
	})
}
