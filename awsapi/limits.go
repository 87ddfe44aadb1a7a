package awsapi

import (
	"math/rand/v2"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"golang.org/x/time/rate"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/org"
)

// Limits make this door behave as AWS does under load, for whoever tries tools
// against it before they meet AWS. A nil *Limits asks nothing of anybody.
//
// What it counts it counts in memory, on each node for itself.
type Limits struct {
	// Load refuses what AWS refuses under load, and makes asynchronous work slow.
	Load bool

	mu      sync.Mutex
	buckets map[account.ID]*rate.Limiter
	young   map[string]time.Time // until when a new account cannot be found everywhere
	faults  *rand.Rand           // nil: none
}

const (
	// "IAM Identity Center quotas": 20 requests a second for each account, over
	// all its APIs.
	identityCenterRate = 20
	// MostAssignments is how many changes of assignments may be in flight: "The
	// CreateAccountAssignment API has a maximum of 10 outstanding async calls" on the
	// same page.
	MostAssignments = 10
	// settling is how long after its creation an account may be unknown to some
	// operations.
	settling = 3 * time.Second

	// Of so many answers one is lost after the change was made, or comes late.
	lostOneIn, lateOneIn = 40, 200
	// late is shortly before botocore gives up waiting, which is after a minute.
	late = 50 * time.Second
)

// NewLimits sets the limits. seed chooses which answers get lost or come late; nil:
// none does.
func NewLimits(load bool, seed *uint64) *Limits {
	l := &Limits{Load: load, buckets: map[account.ID]*rate.Limiter{}, young: map[string]time.Time{}}
	if seed != nil {
		l.faults = rand.New(rand.NewPCG(*seed, *seed))
	}
	return l
}

// Delay is how long asynchronous work waits before it begins.
func (l *Limits) Delay() time.Duration { return time.Second + rand.N(3*time.Second) }

// admit refuses a request that AWS would refuse just now. The caller is known and the
// input read.
func (l *Limits) admit(s *service, request *operation.Request, in any, now time.Time) error {
	if l == nil || !l.Load || request.Caller.Principal == nil {
		return nil
	}
	switch s.Source {
	case "sso":
		if !l.bucket(request.Caller.Principal.ID()).AllowN(now, 1) {
			return fault.Throttledf("Rate exceeded: IAM Identity Center takes %d requests a second of an account", identityCenterRate)
		}
	case "organizations":
		if l.unsettled(in, now) {
			return fault.WithReason(org.ReasonNoAccount, fault.NotFoundf("You specified an account that doesn't exist: it was made a moment ago, ask again"))
		}
	}
	return nil
}

func (l *Limits) bucket(id account.ID) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[id]
	if b == nil {
		b = rate.NewLimiter(identityCenterRate, identityCenterRate)
		l.buckets[id] = b
	}
	return b
}

// unsettled tells whether an input names an account that is too new.
func (l *Limits) unsettled(in any, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, member := range []string{"AccountId", "ChildId"} {
		field := reflect.ValueOf(in).Elem().FieldByName(member)
		if !field.IsValid() {
			continue
		}
		if id, ok := reflect.TypeAssert[*string](field); ok && now.Before(l.young[aws.ToString(id)]) {
			return true
		}
	}
	return false
}

// answer is called before a request is answered with out: late, or not at all.
func (l *Limits) answer(r *http.Request, op *operation.Operation, out any, now time.Time) {
	if l == nil {
		return
	}
	if status, ok := out.(*organizations.DescribeCreateAccountStatusOutput); ok {
		l.settle(aws.ToString(status.CreateAccountStatus.AccountId), now)
	}
	switch l.fate(op) {
	case lost:
		panic(http.ErrAbortHandler) // net/http closes the connection
	case tardy:
		select {
		case <-time.After(late):
		case <-r.Context().Done():
		}
	}
}

// settle begins the time in which an account that was just told of is unknown.
func (l *Limits) settle(id string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.young[id]; id != "" && !known {
		l.young[id] = now.Add(settling)
	}
}

type fate uint8

const (
	prompt fate = iota
	lost
	tardy
)

func (l *Limits) fate(op *operation.Operation) fate {
	if l.faults == nil {
		return prompt
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !op.ReadOnly && l.faults.IntN(lostOneIn) == 0:
		return lost
	case l.faults.IntN(lateOneIn) == 0:
		return tardy
	}
	return prompt
}
