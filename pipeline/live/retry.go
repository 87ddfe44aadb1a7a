package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// thrifty is an HTTP client whose every request waits for its budget, and is given up
// after a while.
type thrifty struct {
	aws.HTTPClient
	budget   *Budget
	patience time.Duration
}

func newThrifty(inner aws.HTTPClient, b *Budget, patience time.Duration) *thrifty {
	if inner == nil {
		inner = awshttp.NewBuildableClient()
	}
	return &thrifty{inner, b, patience}
}

func (t *thrifty) Do(r *http.Request) (*http.Response, error) {
	done, err := t.budget.request(r.Context())
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(r.Context(), t.patience)
	r = r.WithContext(ctx)
	// smithy-go (1.28.8) closes the body when the answer begins, and a closed body that
	// can write itself answers with io.EOF; net/http, which looks once more whether all
	// of it was sent, takes that for a failure and closes the connection below an answer
	// that is still coming. Of servers nearby answers come that soon.
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	response, err := t.HTTPClient.Do(r)
	if err != nil {
		cancel()
		return response, err
	}
	response.Body = &timed{response.Body, cancel}
	return response, nil
}

// timed ends the time given to an answer with its last byte.
type timed struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (t *timed) Close() error {
	defer t.cancel()
	return t.ReadCloser.Close()
}

// retryer repeats a request within the budget, which it tells of throttling. The waits
// are the SDK's own; there is no quota of retries beside them: the budget is the quota.
type retryer struct {
	budget *Budget
	again  func(error) bool
}

// attempts are enough to sit out what other callers of the account use of its quota.
const attempts = 12

func (r retryer) IsErrorRetryable(err error) bool {
	if isThrottled(err) {
		r.budget.slower(time.Now())
		return true
	}
	return r.again(err)
}

func (retryer) MaxAttempts() int { return attempts }

func (retryer) RetryDelay(attempt int, _ error) (time.Duration, error) {
	most := min(100*time.Millisecond<<min(attempt, 10), 10*time.Second)
	return rand.N(most) + most/10, nil
}

func (retryer) GetRetryToken(context.Context, error) (func(error) error, error) { return free, nil }
func (retryer) GetInitialToken() func(error) error                              { return free }

func free(error) error { return nil }

var (
	sdkRetries   = retry.IsErrorRetryables(retry.DefaultRetryables)
	sdkThrottles = retry.IsErrorThrottles(retry.DefaultThrottles)
)

func isThrottled(err error) bool { return sdkThrottles.IsErrorThrottle(err) == aws.TrueTernary }

// repeatable tells whether to ask again where asking twice does no harm: on lost
// answers and failures of the server too.
func repeatable(err error) bool {
	return !errors.Is(err, context.Canceled) && (sdkRetries.IsErrorRetryable(err) == aws.TrueTernary || isLost(err))
}

// refusedUndone tells whether a change was certainly not made, although nobody refused
// it: there was no connection.
func refusedUndone(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// isLost tells whether it is unknown what became of a request: there is no answer, or one
// of a server that failed.
func isLost(err error) bool {
	if err == nil {
		return false
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		var status interface{ HTTPStatusCode() int }
		return errors.As(err, &status) && status.HTTPStatusCode() >= 500
	}
	var sent *smithy.OperationError
	return errors.As(err, &sent) && !errors.Is(err, context.Canceled)
}

// hasCode tells whether AWS refused with an exception of this name.
func hasCode(err error, names ...string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, name := range names {
		if strings.TrimSuffix(api.ErrorCode(), "Exception") == name {
			return true
		}
	}
	return false
}

// Refusal is an error of AWS's as people read it.
type Refusal struct {
	Action  string // in the notation of policies, such as sso:CreatePermissionSet
	Code    string // empty: there was no answer
	Message string
	err     error
}

func (r *Refusal) Error() string {
	if r.Code == "" {
		return fmt.Sprintf("%s: %s", r.Action, r.Message)
	}
	return fmt.Sprintf("%s: %s: %s", r.Action, r.Code, r.Message)
}

func (r *Refusal) Unwrap() error { return r.err }

// prefixes are how policies call the services.
var prefixes = map[string]string{"SSO Admin": "sso", "Organizations": "organizations", "identitystore": "identitystore", "IAM": "iam", "STS": "sts"}

// told makes an error of the SDK's readable. Others stay as they are.
func told(err error) error {
	var op *smithy.OperationError
	if !errors.As(err, &op) {
		return err
	}
	r := &Refusal{Action: prefixes[op.ServiceID] + ":" + op.OperationName, err: err}
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		r.Code, r.Message = api.ErrorCode(), api.ErrorMessage()
	case errors.Is(err, context.DeadlineExceeded):
		r.Message = "no answer came"
	default:
		inner := op.Err
		for next := errors.Unwrap(inner); next != nil; next = errors.Unwrap(inner) {
			inner = next
		}
		r.Message = inner.Error()
	}
	return r
}
