// Package operation is the one path every request takes.
//
// Whatever can be asked of Sallyport is an operation: one line in a table and
// one method. The line says what it is called, whether it changes anything and
// what must be allowed; the method only translates. Everything around it
// happens here, once:
//
//	find ─ authenticate ─ decode ─ authorize ─ begin ─ do ─ record ─ commit ─ encode
//
// From the types follow the properties. The method of a Read is given a
// transaction that cannot write. The method of a Write is given one whose event
// commits with the change. Nobody else opens a writing transaction but jobs.
// A Write is decided twice, outside its transaction, so that a refused caller
// never holds the write lock, and again inside it, so that nothing slips between.
package operation

import (
	"context"
	"reflect"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// Service is a set of operations that are offered together.
type Service struct {
	// Source names the service in events.
	Source string
	// Scope is what a client's session must have been granted to call it. Empty:
	// none.
	Scope string
	// AccessTokens tells whether it is asked with personal access tokens, and with
	// nothing else: by Git and package clients. No other is, so that a token can do
	// nothing but that, and never make a token.
	AccessTokens bool
}

// Operation is one thing that can be asked.
type Operation struct {
	Name     string
	ReadOnly bool
	Service  *Service
	Rule     authz.Rule
	In, Out  reflect.Type // structs

	bound   authz.Bound
	limit   *limiter // nil: none of its own
	settled bool
	read    func(*Query, any) (any, error)
	write   func(*Command, any) (any, error)
	prepare func(*Call, View, any) error  // nil: nothing to prepare
	undo    func(*database.Tx, any) error // nil: nothing to undo
}

// Call is what a method knows of the request it answers.
type Call struct {
	Context context.Context
	Request *Request
	Caller  authn.Caller
	Grant   authz.Grant
}

// Query is the call of a Read.
type Query struct {
	Call
	Tx *database.ReadTx
}

// Command is the call of a Write.
type Command struct {
	Call
	Tx *database.Tx

	scopes []seal.Scope
	as     authn.Caller
}

// RecordIn chooses the logs in which the event of this call stands, where that
// is not the log of the space its rule names: of a space just made, joined or
// deleted, of all that somebody leaves.
func (c *Command) RecordIn(scopes ...seal.Scope) { c.scopes = scopes }

// RecordAs says who the event is about, where that shows only in the doing:
// whoever has just signed in. An unknown alias is empty.
func (c *Command) RecordAs(user directory.UserID, alias string) {
	c.as.UserID, c.as.Alias = user, alias
}

// RecordAsPrincipal does so for whom an identity provider vouches.
func (c *Command) RecordAsPrincipal(p *account.Principal) { c.as.Principal = p }

// View runs a function on a snapshot of its own, for preparations.
type View func(func(*database.ReadTx) error) error

// Option changes how an operation is run.
type Option func(*Operation)

// Limit admits so many calls a minute from one address, with as many at once.
// For operations that strangers may call and that cost something or could be
// used to guess.
func Limit(perMinute int) Option {
	return func(o *Operation) { o.limit = newLimiter(perMinute) }
}

// Settled shows a Read every event of requests this process has answered, its
// caller's own last ones above all.
func Settled() Option { return func(o *Operation) { o.settled = true } }

// Prepare runs before the transaction of a Write, for what is slow, such as
// hashing a password. It may look at the database and leave what it
// found in unexported members of the input; what it saw may have changed since.
func Prepare[In any](prepare func(*Call, View, *In) error) Option {
	return func(o *Operation) {
		o.prepare = func(call *Call, view View, in any) error { return prepare(call, view, in.(*In)) }
	}
}

// Undo takes back what the preparation of a Write made that outlasts it, where the Write
// then refuses or fails, in a transaction of its own. What made nothing is asked too.
func Undo[In any](undo func(*database.Tx, *In) error) Option {
	return func(o *Operation) {
		o.undo = func(tx *database.Tx, in any) error { return undo(tx, in.(*In)) }
	}
}

// Read is an operation that changes nothing.
func Read[In, Out any](name string, do func(*Query, *In) (*Out, error), rule authz.Rule, options ...Option) *Operation {
	o := newOperation[In, Out](name, rule, options)
	o.ReadOnly = true
	o.read = func(q *Query, in any) (any, error) { return result(do(q, in.(*In))) }
	return o
}

// Write is an operation that changes something. When its method returns an
// error nothing is changed, unless the fault is marked as kept.
func Write[In, Out any](name string, do func(*Command, *In) (*Out, error), rule authz.Rule, options ...Option) *Operation {
	o := newOperation[In, Out](name, rule, options)
	o.write = func(c *Command, in any) (any, error) { return result(do(c, in.(*In))) }
	return o
}

// Refused is an operation that is understood, authorized and recorded, and then
// answered with what is not offered. It never changes anything, readOnly or
// not.
func Refused[In, Out any](name string, readOnly bool, what string, rule authz.Rule) *Operation {
	o := newOperation[In, Out](name, rule, nil)
	o.ReadOnly = readOnly
	o.read = func(*Query, any) (any, error) { return nil, fault.Unsupportedf("%s: %s", name, what) }
	return o
}

func newOperation[In, Out any](name string, rule authz.Rule, options []Option) *Operation {
	o := &Operation{Name: name, Rule: rule, In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out]()}
	o.bound = rule.Bind(o.In)
	for _, option := range options {
		option(o)
	}
	return o
}

// result keeps a nil *Out from becoming a non-nil any.
func result[Out any](out *Out, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}
