package signin

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/sallyport/sallyport/fault"
)

// attempts slows down guessing at one account from many addresses: ten tries at
// once, then one every half minute (OWASP ASVS 5.0 section 6.3). An account is
// never locked: that would let anybody lock anybody out for good. It counts
// names nobody has just as well, so it tells nothing.
type attempts struct {
	mu     sync.Mutex
	logins map[string]*rate.Limiter
	swept  time.Time
}

const triesAtOnce = 10

func (a *attempts) admit(login string, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.logins == nil || now.Sub(a.swept) > time.Minute {
		a.sweep(now)
	}
	key := strings.ToLower(strings.TrimSpace(login))
	limiter := a.logins[key]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Every(30*time.Second), triesAtOnce)
		a.logins[key] = limiter
	}
	if !limiter.AllowN(now, 1) {
		return fault.Throttledf("too many tries to sign in to this account: wait half a minute and try again")
	}
	return nil
}

// sweep forgets accounts that have all their tries again.
func (a *attempts) sweep(now time.Time) {
	kept := map[string]*rate.Limiter{}
	for login, limiter := range a.logins {
		if limiter.TokensAt(now) < triesAtOnce {
			kept[login] = limiter
		}
	}
	a.logins, a.swept = kept, now
}

// succeeded gives back the try of somebody who knew the password.
func (a *attempts) succeeded(login string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.logins, strings.ToLower(strings.TrimSpace(login)))
}
