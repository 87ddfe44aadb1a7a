package awsapi

import (
	"net/http"
	"net/url"
	"regexp"
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
		wire.Failure{Status: http.StatusBadRequest, Code: "UnknownOperationException", Message: notOffered(r, target[strings.LastIndexByte(target, '.')+1:])}.EncodeJSON11(w)
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
		wire.Failure{Status: http.StatusBadRequest, Code: "InvalidAction", Message: notOffered(r, values.Get("Action"))}.EncodeQuery(w, "", id)
		return
	}
	out, err := d.runNamed(r, n, body, func(in any) error { return wire.DecodeQuery(values, in) })
	if err != nil {
		n.service.errors.failure(err).EncodeQuery(w, n.service.namespace, id)
		return
	}
	wire.EncodeQuery(w, n.service.namespace, n.op.Name, id, out)
}

var scopeForm = regexp.MustCompile(`Credential=[^/]+/\d{8}/[^/]+/([a-z0-9-]{1,64})/aws4_request`)

// notOffered says what is not answered here, as far as the request tells.
func notOffered(r *http.Request, operation string) string {
	what := "what was asked for"
	if operation != "" {
		what = clip(operation)
	}
	if scope := scopeForm.FindStringSubmatch(r.Header.Get("Authorization")); scope != nil {
		what += " of the service " + scope[1]
	}
	return "Sallyport does not offer " + what + ": it answers for iam, sts, organizations, sso-admin, identitystore, sso, sso-oidc, codecatalyst, CloudTrail's LookupEvents and Access Analyzer's ValidatePolicy"
}

// Misdirected tells an AWS client that it asks beside the door, and answers it in a
// form that it reads. ok is false when it is no AWS client.
func Misdirected(w http.ResponseWriter, r *http.Request, door string) (ok bool) {
	target := r.Header.Get("X-Amz-Target") != ""
	if !target && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256") {
		return false
	}
	told := wire.Failure{Status: http.StatusBadRequest, Code: "InvalidEndpoint", Message: "AWS clients ask at " + door + ": set AWS_ENDPOINT_URL to that"}
	if target {
		told.EncodeJSON11(w)
	} else {
		told.EncodeQuery(w, "", operation.RequestOf(r).ID)
	}
	return true
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
