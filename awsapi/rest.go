package awsapi

import (
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

// route is a line of the table of a service over restJson1: where the operation
// is found, and the operation.
type route struct {
	wire.RestJSON
	query []string
	op    *operation.Operation
}

func on(method, path string, status int, op *operation.Operation, query ...string) route {
	return route{wire.RestJSON{Method: method, Path: path, Status: status}, query, op}
}

func (d *Door) addRoute(s *service, r *route) {
	r.Times = s.times
	r.Bind(r.op.In, r.query...)
	check := d.offer(s, r.op, wire.LowerFirst)
	d.mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, hr *http.Request) { d.serveRoute(w, hr, s, r, check) })
}

func (d *Door) serveRoute(w http.ResponseWriter, r *http.Request, s *service, route *route, check *wire.Checker) {
	out, err := d.runRoute(w, r, s, route, check)
	if err != nil {
		if fault.Is(err, fault.Unauthenticated) && s.signing == "" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="sallyport"`)
		}
		s.errors.failure(err).EncodeRestJSON(w)
		return
	}
	route.Encode(w, out)
}

func (d *Door) runRoute(w http.ResponseWriter, r *http.Request, s *service, route *route, check *wire.Checker) (any, error) {
	body, err := operation.ReadBody(w, r, bodyLimit)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.Invalidf("the query string is malformed")
	}
	request := operation.RequestOf(r)
	request.Credential = present(r, s, body)
	return d.runner.Do(r.Context(), route.op, request, func(in any) error {
		if err := route.Decode(r, query, body, in); err != nil {
			return err
		}
		return check.Check(in)
	})
}
