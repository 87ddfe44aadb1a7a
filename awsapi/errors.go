package awsapi

import (
	"maps"
	"net/http"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/wire"
)

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

func (t errorTable) code(f *fault.Error) code {
	if c, ok := t.reasons[f.Reason]; ok {
		return c
	}
	return t.kinds[f.Kind]
}

func (t errorTable) failure(err error) wire.Failure {
	f := fault.As(err)
	c := t.code(f)
	failure := wire.Failure{Status: c.status, Code: c.name, Message: f.Message}
	if t.members != nil {
		failure.Members = t.members(f)
	}
	return failure
}

// told is the exception by which a logged error was told: it is kept as the
// fault's reason, or its kind.
func (t errorTable) told(logged string) string {
	if c, ok := t.reasons[fault.Reason(logged)]; ok {
		return c.name
	}
	for kind, c := range t.kinds {
		if kind.String() == logged {
			return c.name
		}
	}
	return logged
}

// with is the table with a service's own codes over it.
func (t errorTable) with(own errorTable) errorTable {
	both := errorTable{maps.Clone(t.reasons), maps.Clone(t.kinds), own.members}
	maps.Copy(both.reasons, own.reasons)
	maps.Copy(both.kinds, own.kinds)
	return both
}

// queryErrors are what every service over the protocol query answers alike:
// "Common errors" in the IAM and STS API References.
var queryErrors = errorTable{
	reasons: map[fault.Reason]code{
		authn.ReasonMissingToken:        {http.StatusForbidden, "MissingAuthenticationToken"},
		authn.ReasonIncompleteSignature: {http.StatusBadRequest, "IncompleteSignature"},
		authn.ReasonUnknownAccessKey:    {http.StatusForbidden, "InvalidClientTokenId"},
		authn.ReasonSignatureMismatch:   {http.StatusForbidden, "SignatureDoesNotMatch"},
		authn.ReasonSignatureExpired:    {http.StatusForbidden, "SignatureDoesNotMatch"},
		authn.ReasonExpiredToken:        {http.StatusForbidden, "ExpiredToken"},
	},
	kinds: map[fault.Kind]code{
		fault.Invalid:         {http.StatusBadRequest, "ValidationError"},
		fault.Unauthenticated: {http.StatusForbidden, "InvalidClientTokenId"},
		fault.Denied:          {http.StatusForbidden, "AccessDenied"},
		fault.Throttled:       {http.StatusBadRequest, "Throttling"},
		fault.Internal:        {http.StatusInternalServerError, "ServiceFailure"},
	},
}

// jsonErrors are what every service over awsJson1_1, and every signed one over
// restJson1, answers alike: "Common errors" of their API References.
var jsonErrors = errorTable{
	reasons: map[fault.Reason]code{
		authn.ReasonMissingToken:        {http.StatusBadRequest, "MissingAuthenticationTokenException"},
		authn.ReasonIncompleteSignature: {http.StatusBadRequest, "IncompleteSignatureException"},
		authn.ReasonUnknownAccessKey:    {http.StatusBadRequest, "UnrecognizedClientException"},
		authn.ReasonSignatureMismatch:   {http.StatusBadRequest, "InvalidSignatureException"},
		authn.ReasonSignatureExpired:    {http.StatusBadRequest, "InvalidSignatureException"},
		authn.ReasonExpiredToken:        {http.StatusBadRequest, "ExpiredTokenException"},
	},
	kinds: map[fault.Kind]code{
		fault.Invalid:         {http.StatusBadRequest, "ValidationException"},
		fault.Unauthenticated: {http.StatusBadRequest, "UnrecognizedClientException"},
		fault.Denied:          {http.StatusBadRequest, "AccessDeniedException"},
		fault.Throttled:       {http.StatusBadRequest, "ThrottlingException"},
		fault.Internal:        {http.StatusInternalServerError, "InternalFailure"},
	},
}
