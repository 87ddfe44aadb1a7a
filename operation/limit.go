package operation

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sallyport/sallyport/fault"
)

// A limiter admits a number of calls a minute from each address. It counts in
// memory, each node for itself: it slows down floods and guessing; limits that
// must hold exactly are counted in the database by the domain.
type limiter struct {
	perMinute int

	mu        sync.Mutex
	addresses map[string]*bucket
	swept     time.Time
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, addresses: map[string]*bucket{}}
}

func (l *limiter) admit(address string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	b := l.addresses[address]
	if b == nil {
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)}
		l.addresses[address] = b
	}
	b.used = now
	if !b.AllowN(now, 1) {
		return fault.Throttledf("too many requests from your address: at most %d a minute, try again shortly", l.perMinute)
	}
	return nil
}

// sweep forgets addresses whose bucket is full again anyway.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for address, b := range l.addresses {
		if now.Sub(b.used) > time.Minute {
			delete(l.addresses, address)
		}
	}
}
