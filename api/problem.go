package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

// Problem is how a failure is told: RFC 9457, and a code for programs.
type Problem struct {
	Type     string `json:"type" doc:"Always about:blank: the code says more"`
	Title    string `json:"title" doc:"What the status means"`
	Status   int    `json:"status"`
	Detail   string `json:"detail" doc:"What happened, for people"`
	Code     string `json:"code" enum:"invalid,unsupported,unauthenticated,denied,not_found,conflict,quota_exceeded,pending,throttled,internal" doc:"What happened, for programs"`
	Instance string `json:"instance,omitempty" doc:"The request, as the server's log names it"`
}

func (p *Problem) Error() string { return p.Detail }

// problems is the table of what each kind of failure is here. A limit that is
// reached is a conflict with what exists: 429 would say that waiting helps.
var problems = map[fault.Kind]struct {
	status int
	code   string
}{
	fault.Invalid:         {http.StatusBadRequest, "invalid"},
	fault.Unsupported:     {http.StatusBadRequest, "unsupported"},
	fault.Unauthenticated: {http.StatusUnauthorized, "unauthenticated"},
	fault.Denied:          {http.StatusForbidden, "denied"},
	fault.NotFound:        {http.StatusNotFound, "not_found"},
	fault.Conflict:        {http.StatusConflict, "conflict"},
	fault.Quota:           {http.StatusConflict, "quota_exceeded"},
	fault.Pending:         {http.StatusConflict, "pending"},
	fault.Throttled:       {http.StatusTooManyRequests, "throttled"},
	fault.Internal:        {http.StatusInternalServerError, "internal"},
}

func writeProblem(w http.ResponseWriter, request *operation.Request, err error) {
	f := fault.As(err)
	p := problems[f.Kind]
	if f.Kind == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sallyport"`)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, "application/problem+json", p.status, Problem{
		Type: "about:blank", Title: http.StatusText(p.status), Status: p.status, Detail: f.Message, Code: p.code, Instance: "urn:uuid:" + request.ID,
	})
}

// problemResponse documents what every operation can answer.
func problemResponse(schemas huma.Registry) *huma.Response {
	schema := schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return &huma.Response{Description: "Why it was not done", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
}

// What an answer repeats of a bad request stays short.
const (
	refusalsTold  = 5
	refusalLength = 200
)

// invalid tells what huma found wrong with an input. The values themselves are not
// repeated: they may be secrets.
func invalid(refused *huma.ErrorModel) error {
	if len(refused.Errors) == 0 {
		return fault.Invalidf("%s", refused.Detail)
	}
	var told []string
	for _, e := range refused.Errors[:min(len(refused.Errors), refusalsTold)] {
		text := e.Message
		if e.Location != "" {
			text = e.Location + ": " + text
		}
		told = append(told, text[:min(len(text), refusalLength)])
	}
	return fault.Invalidf("the request is not valid: %s", strings.ToValidUTF8(strings.Join(told, "; "), "?"))
}
