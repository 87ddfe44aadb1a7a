package accountside

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/sallyport/sallyport/authn"
)

// inProcess is the host that requests of this package are for. They never leave the
// process, so nobody resolves it.
const inProcess = "in-process.invalid"

// Transport hands requests to a handler of this process, marked as a service's.
type Transport struct {
	Door http.Handler
	As   authn.Service
	// Signed requests carry credentials of their own: they are nobody's but whose those are.
	Signed bool
}

// RoundTrip makes a Transport an http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (response *http.Response, err error) {
	ctx := r.Context()
	if !t.Signed {
		ctx = authn.AsService(ctx, t.As)
	}
	asked := r.Clone(ctx)
	asked.RemoteAddr, asked.RequestURI = t.As.Name, r.URL.RequestURI()
	if asked.Host == "" {
		asked.Host = r.URL.Host // as it was signed, and as servers are told it
	}
	asked.Header.Set("User-Agent", t.As.Name) // as CloudTrail names services that call others
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	defer asked.Body.Close()
	answer := &answer{header: http.Header{}, status: http.StatusOK}
	defer func() {
		if cause := recover(); cause != nil { // http.ErrAbortHandler: the connection is cut
			response, err = nil, fmt.Errorf("%s: no answer: %v", r.URL.Path, cause)
		}
	}()
	t.Door.ServeHTTP(answer, asked)
	return &http.Response{
		StatusCode: answer.status, Status: http.StatusText(answer.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.header, Body: io.NopCloser(&answer.body), ContentLength: int64(answer.body.Len()), Request: r,
	}, nil
}

// answer is an http.ResponseWriter that keeps what is written.
type answer struct {
	header http.Header
	status int
	begun  bool
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if !a.begun {
		a.status, a.begun = status, true
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.body.Write(p)
}
