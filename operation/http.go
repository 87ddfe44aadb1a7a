package operation

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/wire"
)

type requestKey struct{}

// WithRequest lets handlers below find the request's record. The server makes one
// for each HTTP request, so that its log line knows what came of it.
func WithRequest(r *http.Request, request *Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), requestKey{}, request))
}

// RequestOf is the record of an HTTP request that went through the server.
func RequestOf(r *http.Request) *Request {
	return r.Context().Value(requestKey{}).(*Request)
}

// ReadBody reads a request body of at most limit bytes, before any transaction
// is begun: a client that sends slowly holds up nobody.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, wire.TooLarge(limit)
	case err != nil:
		return nil, fault.Invalidf("the request body ended before all of it was sent")
	}
	return body, nil
}

// BearerIn is an access token in a header that holds nothing else.
func BearerIn(r *http.Request, header string) authn.Credential {
	token := r.Header.Get(header)
	if token == "" {
		return authn.Credential{}
	}
	return authn.Credential{Scheme: authn.Bearer, Token: token}
}

// Basic is an alias and a personal access token in a request's Authorization header,
// by RFC 7617: how Git and package clients present them. A service that takes them
// says so, see [Service].
func Basic(r *http.Request) authn.Credential {
	alias, token, ok := r.BasicAuth()
	if !ok {
		return authn.Credential{}
	}
	return authn.Credential{Scheme: authn.Basic, Alias: alias, Token: token}
}

// Bearer is the credential in a request's Authorization header, by RFC 6750
// section 2.1. The scheme's name is case-insensitive (RFC 9110 section 11.1).
func Bearer(r *http.Request) authn.Credential {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return authn.Credential{}
	}
	return authn.Credential{Scheme: authn.Bearer, Token: strings.TrimSpace(token)}
}
