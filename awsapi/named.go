package awsapi

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

// Services that speak awsJson1_1 or query have one address between them; a
// request names its operation.
type named struct {
	service *service
	op      *operation.Operation
	check   *wire.Checker
}

func (d *Door) addNamed(s *service, op *operation.Operation) {
	n := &named{s, op, d.offer(s, op, wire.AsExported)}
	for _, target := range s.targets {
		d.named[target+"."+op.Name] = n
	}
	if s.version != "" {
		d.named[op.Name+" "+s.version] = n
	}
}

// serveNamed answers what is sent to /aws itself. Query requests may also be
// GETs, as presigned ones are.
func (d *Door) serveNamed(w http.ResponseWriter, r *http.Request) {
	body, err := operation.ReadBody(w, r, bodyLimit)
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		d.serveJSON11(w, r, target, body, err)
		return
	}
	d.serveQuery(w, r, body, err)
}

func (d *Door) serveJSON11(w http.ResponseWriter, r *http.Request, target string, body []byte, err error) {
	n := d.named[target]
	switch {
	case n == nil || r.Method != http.MethodPost:
		wire.Failure{Status: http.StatusBadRequest, Code: "UnknownOperationException",
			Message: "no operation of the services offered here has this X-Amz-Target"}.EncodeJSON11(w)
		return
	case err != nil:
		n.service.errors.failure(err).EncodeJSON11(w)
		return
	}
	out, err := d.runNamed(r, n, body, func(in any) error { return wire.DecodeJSON11(body, in) })
	if err != nil {
		n.service.errors.failure(err).EncodeJSON11(w)
		return
	}
	wire.EncodeJSON11(w, out)
}

func (d *Door) serveQuery(w http.ResponseWriter, r *http.Request, body []byte, err error) {
	id := operation.RequestOf(r).ID
	form := string(body)
	if r.Method == http.MethodGet {
		form = r.URL.RawQuery
	}
	var values url.Values
	if err == nil {
		values, err = wire.ParseQuery(form)
	}
	n := d.named[values.Get("Action")+" "+values.Get("Version")]
	switch {
	case err != nil:
		queryErrors.failure(err).EncodeQuery(w, "", id)
		return
	case n == nil || r.Method != http.MethodGet && r.Method != http.MethodPost:
		wire.Failure{Status: http.StatusBadRequest, Code: "InvalidAction", Message: "Could not find operation " + clip(values.Get("Action")) + " for version " +
			clip(values.Get("Version")) + ": no service offered here has it"}.EncodeQuery(w, "", id)
		return
	}
	out, err := d.runNamed(r, n, body, func(in any) error { return wire.DecodeQuery(values, in) })
	if err != nil {
		n.service.errors.failure(err).EncodeQuery(w, n.service.namespace, id)
		return
	}
	wire.EncodeQuery(w, n.service.namespace, n.op.Name, id, out)
}

// clip keeps a text that a stranger chose from filling an answer.
func clip(text string) string {
	if len(text) > 64 {
		text = text[:64]
	}
	return strings.ToValidUTF8(text, "?")
}

func (d *Door) runNamed(r *http.Request, n *named, body []byte, decode func(in any) error) (any, error) {
	request := operation.RequestOf(r)
	request.Credential = present(r, n.service, body)
	out, err := d.runner.Do(r.Context(), n.op, request, func(in any) error {
		if err := decode(in); err != nil {
			return err
		}
		if err := n.check.Check(in); err != nil {
			return err
		}
		return d.Limits.admit(n.service, request, in, time.Now())
	})
	if err == nil {
		d.Limits.answer(r, n.op, out, time.Now())
	}
	return out, err
}
