package operation

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sallyport/sallyport/fault"
)

// Prefix is what counts as one client: an IPv4 address, or the /64 of an IPv6
// one, since whoever has one of those has all of it.
func Prefix(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, _ := ip.WithZone("").Prefix(64) // an IPv6 address has one
	return prefix.String()
}

// A limiter admits a number of calls a minute from each client. It counts in
// memory, each node for itself: it slows down floods and guessing; limits that
// must hold exactly are counted in the database by the domain.
type limiter struct {
	perMinute int

	mu        sync.Mutex
	addresses map[string]*bucket
	swept     time.Time
}

// crowd is how many clients a limiter tells apart; when there are more, all start
// anew.
const crowd = 1 << 16

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
	address = Prefix(address)
	b := l.addresses[address]
	if b == nil {
		if len(l.addresses) >= crowd {
			clear(l.addresses)
		}
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
