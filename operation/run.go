package operation

import (
	"context"
	"log/slog"
	"reflect"
	"time"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/wire"
)

// Request is what a surface knows about who asks, before anything is decided.
type Request struct {
	ID         string // unique, told to the caller
	Credential authn.Credential
	Address    string // the client's IP address
	UserAgent  string
	// BaseURL is how the caller reached us, scheme and host: a name of this
	// server, never merely what the request claims.
	BaseURL string

	// Filled in along the way, for the log line of the request.
	Operation string
	Caller    authn.Caller
	Fault     *fault.Error
}

// Runner runs operations. It is safe for concurrent use.
type Runner struct {
	DB         *database.DB
	Verifier   *authn.Verifier
	Authorizer *authz.Authorizer
	Audit      *audit.Log
	Log        *slog.Logger
	// Seen is told of each allowed request that was not a stranger's, and of which
	// service; nil: nobody is.
	Seen func(call *Call, service string, at time.Time)

	strangers *limiter // on what is written of those without a good credential
}

// New makes a runner ready.
func New(r Runner) *Runner {
	r.strangers = newLimiter(refusals)
	return &r
}

// refusals is how many refusals a minute, for want of a good credential, are
// written down for one client. All are logged.
const refusals = 120

// Do runs one operation for one request. decode fills the input, a pointer to a
// new struct of type op.In, after the caller is known; it may run twice. The
// result is a pointer to a struct of type op.Out. Every error is a fault:
// unclassified ones are logged here and come back as Internal.
func (r *Runner) Do(ctx context.Context, op *Operation, request *Request, decode func(in any) error) (any, error) {
	// A page asks several operations; what it was about is the change, or the first.
	if request.Operation == "" || op.write != nil {
		request.Operation = op.Name
	}
	call := Call{Context: ctx, Request: request}
	in := reflect.New(op.In).Interface()
	out, at, err := r.run(ctx, op, &call, in, decode)
	if err == nil {
		// What anybody may read says nothing about a stranger who reads it.
		if op.write == nil && (call.Caller.Known() || !op.Rule.Strangers()) {
			r.Audit.RecordSoon(r.event(op, &call, at, in, nil, nil))
		}
		if r.Seen != nil && call.Caller.Known() {
			r.Seen(&call, op.Service.Source, at)
		}
		return out, nil
	}
	f := fault.As(err)
	if request.Operation == op.Name {
		request.Fault = f
	}
	if f.Kind == fault.Internal {
		r.Log.ErrorContext(ctx, "operation failed", "operation", op.Name, "request", request.ID, "error", err)
	}
	if worthRecording(f) && !fault.IsKept(err) && !r.flooding(op, &call, at) { // a kept one was recorded with its change
		id, err := r.Audit.RecordAlone(r.event(op, &call, at, in, nil, f))
		if err != nil {
			// The refusal stands; that it could not be recorded is an error of ours.
			r.Log.ErrorContext(ctx, "refusal could not be recorded", "operation", op.Name, "request", request.ID, "error", err)
			return nil, fault.As(err)
		}
		f = withEvidence(f, &call, id)
	}
	return nil, f
}

// Ask is [Runner.Do] for a caller in this program that has the input at hand.
func Ask[Out, In any](ctx context.Context, r *Runner, op *Operation, request *Request, in In) (*Out, error) {
	out, err := r.Do(ctx, op, request, func(into any) error {
		*into.(*In) = in
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

// flooding tells whether a client without a good credential is refused so often,
// whatever the reason, that more of it need not be written down. Operations with
// limits of their own, such as signing in, write each refusal.
func (r *Runner) flooding(op *Operation, call *Call, at time.Time) bool {
	return !call.Caller.Known() && op.limit == nil && r.strangers.admit(call.Request.Address, at) != nil
}

// worthRecording: being told to wait is no refusal, and recording floods of
// throttled requests would be the flood's second victim.
func worthRecording(f *fault.Error) bool { return f.Kind != fault.Throttled && f.Kind != fault.Pending }

func (r *Runner) run(ctx context.Context, op *Operation, call *Call, in any, decode func(any) error) (out any, at time.Time, err error) {
	at = time.Now()
	if op.limit != nil {
		if err := op.limit.admit(call.Request.Address, at); err != nil {
			return nil, at, err
		}
	}
	if op.settled {
		if err := r.settle(ctx, op, *call); err != nil {
			return nil, at, err
		}
	}
	err = r.DB.Read(ctx, func(tx *database.ReadTx) error {
		at = tx.Now()
		if err := r.authenticate(tx, op, call); err != nil {
			return err
		}
		if err := decode(in); err != nil {
			return err
		}
		if err := wire.CheckText(in); err != nil {
			return err
		}
		if err := r.authorize(tx, op, call, in); err != nil || op.write != nil {
			return err
		}
		out, err = op.read(&Query{Call: *call, Tx: tx}, in)
		return err
	})
	if err != nil || op.write == nil {
		return out, at, err
	}
	if op.prepare != nil {
		view := func(f func(*database.ReadTx) error) error { return r.DB.Read(ctx, f) }
		if err := op.prepare(call, view, in); err != nil {
			return nil, at, err
		}
	}
	if op.undo != nil {
		defer func() {
			if err != nil {
				r.takeBack(ctx, op, call, in)
			}
		}()
	}
	var kept error
	err = r.DB.Write(ctx, func(tx *database.Tx) error {
		at, kept = tx.Now(), nil
		if err := r.authenticate(&tx.ReadTx, op, call); err != nil {
			return err
		}
		if err := r.authorize(&tx.ReadTx, op, call, in); err != nil {
			return err
		}
		command := &Command{Call: *call, Tx: tx}
		out, err = op.write(command, in)
		if err != nil && !fault.IsKept(err) {
			return err
		}
		kept = err
		if f := fault.As(err); f == nil || worthRecording(f) {
			recorded := *call
			if command.as.Known() {
				recorded.Caller = command.as
			}
			return r.record(tx, r.event(op, &recorded, at, in, out, f), command)
		}
		return nil
	})
	if err == nil {
		err = kept
	}
	return out, at, err
}

// takeBack undoes a preparation, also of a caller who has gone. The refusal is answered
// either way.
func (r *Runner) takeBack(ctx context.Context, op *Operation, call *Call, in any) {
	ctx = context.WithoutCancel(ctx)
	if err := r.DB.Write(ctx, func(tx *database.Tx) error { return op.undo(tx, in) }); err != nil {
		r.Log.ErrorContext(ctx, "a preparation could not be undone", "operation", op.Name, "request", call.Request.ID, "error", err)
	}
}

// record writes the event of a change into each of the logs it belongs to. In the log of
// another account stand that account's reasons, and not the caller's.
func (r *Runner) record(tx *database.Tx, event audit.Event, c *Command) error {
	scopes, own, reason := c.scopes, event.Scope, event.Detail.Reason
	if scopes == nil {
		scopes = []seal.Scope{own}
	}
	for _, event.Scope = range scopes {
		event.Detail.Reason = reason
		if c.Caller.Principal != nil && event.Scope != own && event.ErrorCode == "" {
			event.Detail.Reason = c.Grant.Theirs
		}
		if err := r.Audit.Record(tx, event); err != nil {
			return err
		}
	}
	return nil
}

// settle writes out the log for somebody who may be about to read it: strangers
// cannot make it.
func (r *Runner) settle(ctx context.Context, op *Operation, call Call) error {
	err := r.DB.Read(ctx, func(tx *database.ReadTx) error { return r.authenticate(tx, op, &call) })
	if err != nil {
		return nil // and the call itself will say so
	}
	return r.Audit.Flush()
}

func (r *Runner) authenticate(tx *database.ReadTx, op *Operation, call *Call) error {
	call.Caller = authn.Caller{}
	caller, err := r.Verifier.Caller(tx, call.Request.Credential)
	if err != nil {
		call.Caller = caller // of a refusal too it may be known who it is
		// What is open to strangers is open to someone whose session has ended.
		if op.Rule.Strangers() && fault.Is(err, fault.Unauthenticated) {
			return nil
		}
		return err
	}
	switch takes := op.Service.AccessTokens; {
	case caller.Token != nil && !takes:
		return errAccessToken
	case caller.Known() && caller.Token == nil && takes:
		return errNoAccessToken
	}
	call.Caller, call.Request.Caller = caller, caller
	if err := op.Rule.Admit(caller); err != nil {
		return err
	}
	if scope := op.Service.Scope; scope != "" && caller.UserID != "" {
		return caller.Check(scope)
	}
	return nil
}

var errAccessToken = fault.Unauthenticatedf("a personal access token is good for Git and packages alone: sign in for an access token")

var errNoAccessToken = fault.Unauthenticatedf("this takes an alias and a personal access token: sallyport token create makes one")

func (r *Runner) authorize(tx *database.ReadTx, op *Operation, call *Call, in any) (err error) {
	call.Grant, err = r.Authorizer.Authorize(tx, call.Caller, call.Request.Circumstances(), op.bound, in)
	return err
}
