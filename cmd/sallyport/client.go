package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/api"
)

const (
	apiBase       = "/api/v1"
	callTimeout   = time.Minute
	longestAnswer = 64 << 20
)

// remote is a Sallyport to talk to.
type remote struct {
	endpoint string // scheme and host
	http     *http.Client
	sign     func(r *http.Request, body []byte) error // nil: requests carry a token, or nothing
}

func newRemote(endpoint string) (remote, error) {
	at, err := url.Parse(endpoint)
	if err != nil || at.Host == "" || (at.Scheme != "http" && at.Scheme != "https") || strings.Trim(at.Path, "/") != "" {
		return remote{}, fmt.Errorf("%w: the endpoint is scheme and host, such as https://sallyport.example.com, not %q", errUsage, endpoint)
	}
	if at.Scheme == "http" && !isLoopback(at.Hostname()) {
		return remote{}, fmt.Errorf("%w: %s is on another machine: tokens go there over https alone", errUsage, endpoint)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if transport.TLSClientConfig, err = trusting(os.Getenv("AWS_CA_BUNDLE")); err != nil {
		return remote{}, err
	}
	return remote{endpoint: at.Scheme + "://" + at.Host, http: &http.Client{Transport: transport, Timeout: callTimeout}}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// trusting adds the certificates of a file to those of the system. It is the variable
// of the AWS clients, which have to trust the same server.
func trusting(bundle string) (*tls.Config, error) {
	if bundle == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(bundle)
	if err != nil {
		return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("AWS_CA_BUNDLE: %s holds no certificate", bundle)
	}
	return &tls.Config{RootCAs: roots}, nil
}

// post asks the token service, which takes and gives JSON and needs no credential.
func (s remote) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return s.do(ctx, http.MethodPost, path, "", body, out)
}

// call asks an operation of the API: "POST /spaces/{space}/teams" with the
// operation's own input. Query members given here are added to the input's.
func call[In any](ctx context.Context, s remote, token, ask string, in *In, extra url.Values, out any) error {
	method, path, _ := strings.Cut(ask, " ")
	path, query, body, err := encode(path, in)
	if err != nil {
		return err
	}
	for name, values := range extra {
		query[name] = values
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return s.do(ctx, method, apiBase+path, token, body, out)
}

// encode writes an input as the tags of its members say.
func encode(path string, in any) (_ string, query url.Values, body []byte, err error) {
	query = url.Values{}
	v := reflect.ValueOf(in).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		value := v.FieldByIndex(field.Index)
		switch {
		case field.Name == "Body":
			if body, err = json.Marshal(value.Interface()); err != nil {
				return "", nil, nil, err
			}
		case field.Tag.Get("path") != "":
			if path, err = fill(path, field.Tag.Get("path"), value.String()); err != nil {
				return "", nil, nil, err
			}
		case field.Tag.Get("query") != "" && !value.IsZero():
			query.Set(field.Tag.Get("query"), text(value))
		}
	}
	return path, query, body, nil
}

// fill puts a name in its place in a path. RFC 3986 section 5.2.4: a segment that is
// empty, . or .. is taken out, with the one before it, and nothing can escape it; the
// path would be that of another operation.
func fill(path, what, name string) (string, error) {
	before, after, ok := strings.Cut(path, "{"+what+"}")
	switch {
	case !ok:
		return path, nil
	case name == "" || name == "." || name == "..":
		return "", fmt.Errorf("%w: %q cannot be the %s", errUsage, name, what)
	}
	return before + url.PathEscape(name) + after, nil
}

func text(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case time.Time:
		return value.Format(time.RFC3339Nano)
	case bool:
		return strconv.FormatBool(value)
	case int:
		return strconv.Itoa(value)
	case []string:
		return strings.Join(value, ",")
	}
	return v.String()
}

func (s remote) do(ctx context.Context, method, path, token string, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, s.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", "sallyport-cli")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if s.sign != nil {
		if err := s.sign(r, body); err != nil {
			return err
		}
	}
	response, err := s.http.Do(r)
	if err != nil {
		return fmt.Errorf("%w: is the server running, and is this its address?", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer of %s: %w", s.endpoint, err)
	case response.StatusCode >= 300:
		return refusal(response, answer)
	case out == nil || len(answer) == 0:
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s does not answer as a Sallyport does: %w", s.endpoint, err)
	}
	return nil
}

// oauthError is a refusal of the token service.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *oauthError) Error() string { return e.Description }

// refusal reads either form that a refusal has. What it says is the server's, and is
// kept from steering the terminal.
func refusal(response *http.Response, answer []byte) error {
	var refused struct {
		api.Problem
		oauthError
	}
	if err := json.Unmarshal(answer, &refused); err != nil || (refused.Problem.Code == "" && refused.oauthError.Code == "") {
		return fmt.Errorf("%s answered %s: is this the address of a Sallyport?", response.Request.URL.Host, printable(response.Status))
	}
	refused.Detail, refused.Description = printable(refused.Detail), printable(refused.Description)
	if refused.oauthError.Code != "" {
		return &refused.oauthError
	}
	return &refused.Problem
}

// advised says what to do next about an error, where that is known.
func advised(err error) error {
	var problem *api.Problem
	if errors.As(err, &problem) && problem.Code == "unauthenticated" {
		return fmt.Errorf("%w\nrun: sallyport login", err)
	}
	return err
}
