package live

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What AWS leaves: "IAM Identity Center quotas" in its User Guide gives an account 20
// requests a second over all its APIs, and 10 changes of assignments in flight.
const (
	DefaultRate     = 20.0
	DefaultInFlight = 10
)

const (
	// A throttled request halves the rate, but only once while the requests that were
	// sent at the same rate come back.
	onceIn = time.Second
	// lowest is the rate that is never gone below.
	lowest = 0.5
	// regained is how much of the rate comes back in a second without throttling.
	regained = 0.2
	// withheldFor is how long a place for an operation in flight stays away after AWS
	// had no room for one.
	withheldFor = 20 * time.Second
)

// Budget is what a process may ask of AWS: so many requests a second, and so many
// operations in flight, requests and asynchronous work each. It is safe for concurrent
// use, and made once: every client of the process shares it, since AWS counts them
// together. It learns from being throttled, and takes back slowly what it gave up.
type Budget struct {
	most     float64
	requests chan struct{} // one for each request in flight

	mu        sync.Mutex
	pace      *rate.Limiter
	changed   time.Time // when the rate was last changed
	calls     int
	throttled int

	operations places
}

// NewBudget makes one; perSecond and inFlight are at least the lowest rate and 1.
func NewBudget(perSecond float64, inFlight int) *Budget {
	perSecond, inFlight = max(perSecond, lowest), max(inFlight, 1)
	b := &Budget{
		// A burst of one: AWS's own bucket is shared with callers unknown.
		most: perSecond, pace: rate.NewLimiter(rate.Limit(perSecond), 1), requests: make(chan struct{}, inFlight),
		operations: places{free: make(chan struct{}, inFlight)},
	}
	for range inFlight {
		b.operations.free <- struct{}{}
	}
	return b
}

// Spent is how many requests were made, and how many of them AWS throttled.
func (b *Budget) Spent() (calls, throttled int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls, b.throttled
}

// Rate is how many requests a second are made at most just now.
func (b *Budget) Rate() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return float64(b.pace.Limit())
}

// request waits until one more may be made. Done is called when its answer has begun.
func (b *Budget) request(ctx context.Context) (done func(), err error) {
	select {
	case b.requests <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	done = func() { <-b.requests }
	b.recover(time.Now())
	if err := b.pace.Wait(ctx); err != nil {
		done()
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	return done, nil
}

// slower is called when a request was throttled.
func (b *Budget) slower(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.throttled++
	if now.Sub(b.changed) < onceIn && b.pace.Limit() < rate.Limit(b.most) {
		return
	}
	b.pace.SetLimitAt(now, max(b.pace.Limit()/2, lowest))
	b.changed = now
}

// recover gives back what time without throttling has earned.
func (b *Budget) recover(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if earned := now.Sub(b.changed); float64(b.pace.Limit()) < b.most && earned >= onceIn {
		b.pace.SetLimitAt(now, min(b.pace.Limit()+rate.Limit(regained*earned.Seconds()), rate.Limit(b.most)))
		b.changed = now
	}
}

// places are for operations that AWS works on after it has answered.
type places struct {
	free chan struct{}

	mu   sync.Mutex
	owed int // places that are withheld as soon as they come back
	away int // places that are withheld
}

func (p *places) take(ctx context.Context) error {
	select {
	case <-p.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *places) back() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owed == 0 {
		p.free <- struct{}{}
		return
	}
	p.owed--
	p.away++
	time.AfterFunc(withheldFor, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.away--
		p.free <- struct{}{}
	})
}

// fewer is called when AWS had no room for an operation. One place always stays.
func (p *places) fewer() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owed+p.away < cap(p.free)-1 {
		p.owed++
	}
}
