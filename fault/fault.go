// Package fault says what kind of failure happened, in words the caller may read.
//
// A fault is classified where it is known: the domain says "not found" or
// "the limit is reached", and each surface translates kinds to its own codes in
// one table. What the caller may read is the message; everything else goes into
// the wrapped error, which is logged and never sent. An error that nobody
// classified is Internal and shows nothing.
package fault

import (
	"errors"
	"fmt"
)

// Kind is what went wrong, as far as a caller can act on it.
type Kind uint8

const (
	// Internal is a failure of ours. Its text is for the log alone.
	Internal Kind = iota
	// Invalid input: the same request will fail again.
	Invalid
	// Unauthenticated: no credential, or one that is not (or no longer) good.
	Unauthenticated
	// Denied: the caller is known and may not do this.
	Denied
	// NotFound: the caller may look, and there is nothing.
	NotFound
	// Conflict with what exists, such as a name that is taken.
	Conflict
	// Quota: a documented limit is reached; the message names it.
	Quota
	// Throttled: too many requests; later ones will succeed.
	Throttled
	// Pending: not decided yet; ask again.
	Pending
	// Unsupported: understood, and not offered by Sallyport.
	Unsupported
)

var kindNames = [...]string{
	Internal: "internal", Invalid: "invalid", Unauthenticated: "unauthenticated", Denied: "denied", NotFound: "not found",
	Conflict: "conflict", Quota: "quota", Throttled: "throttled", Pending: "pending", Unsupported: "unsupported",
}

func (k Kind) String() string { return kindNames[k] }

// Reason narrows a kind where a protocol distinguishes more than kinds do, such
// as OAuth's "expired_token". A surface looks for the reason first.
type Reason string

// Error is a classified failure.
type Error struct {
	Kind    Kind
	Reason  Reason
	Message string // what the caller may read
	Err     error  // what only the log may read; may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// As returns the fault in err's chain. An unclassified error comes back as
// Internal around it; nil stays nil.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return &Error{Kind: Internal, Message: "internal error", Err: err}
}

// KindOf is the kind of err, Internal for an unclassified one. err must not be nil.
func KindOf(err error) Kind { return As(err).Kind }

// Is tells whether err is a fault of this kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// HasReason tells whether err is a fault with this reason.
func HasReason(err error, reason Reason) bool { return err != nil && As(err).Reason == reason }

// WithReason classifies further. err must be a fault made by this package.
func WithReason(reason Reason, err error) error {
	f := *As(err)
	f.Reason = reason
	return &f
}

func newf(kind Kind, format string, args []any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), Err: errors.Unwrap(err)}
}

// Invalidf and its siblings make a fault with a message for the caller. An
// error wrapped with %w becomes part of the message, so wrap only errors whose
// text the caller may read.
func Invalidf(format string, args ...any) error         { return newf(Invalid, format, args) }
func Unauthenticatedf(format string, args ...any) error { return newf(Unauthenticated, format, args) }
func Deniedf(format string, args ...any) error          { return newf(Denied, format, args) }
func NotFoundf(format string, args ...any) error        { return newf(NotFound, format, args) }
func Conflictf(format string, args ...any) error        { return newf(Conflict, format, args) }
func Quotaf(format string, args ...any) error           { return newf(Quota, format, args) }
func Throttledf(format string, args ...any) error       { return newf(Throttled, format, args) }
func Pendingf(format string, args ...any) error         { return newf(Pending, format, args) }
func Unsupportedf(format string, args ...any) error     { return newf(Unsupported, format, args) }

// kept marks a refusal whose transaction is committed all the same.
type kept struct{ error }

func (k kept) Unwrap() error { return k.error }

// Kept marks err as a refusal of which something must be remembered, such as
// that a wrong code was tried: the change made so far stays although the answer
// is a refusal. Whoever runs the transaction commits it and answers err.
func Kept(err error) error { return kept{err} }

// IsKept tells whether the change made before err has to be committed.
func IsKept(err error) bool {
	var k kept
	return errors.As(err, &k)
}
