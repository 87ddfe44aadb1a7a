package live

import (
	"context"
	"sync"
	"time"
)

// latency is how long AWS works on something after it has answered, as far as has been
// seen: the age at which 39 of 40 have ended. Asking earlier costs a request for nothing,
// and the quotas leave few; asking later costs time.
type latency struct {
	mu    sync.Mutex
	is    time.Duration
	known bool // something has ended

	first sync.Mutex // while nothing is known, one asks at a time
}

const (
	firstGuess  = 250 * time.Millisecond
	longestWait = 30 * time.Second
)

func newLatency() *latency { return &latency{is: firstGuess} }

func (l *latency) guess() (is time.Duration, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.is, l.known
}

// saw learns from something that had ended, or not, at an age. While nothing has, the
// guess doubles; from then on it moves to where one in forty is asked about too soon.
func (l *latency) saw(age time.Duration, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	step := l.is / 2
	switch {
	case !ended && !l.known:
		l.is = max(l.is, 2*age)
	case !ended && age >= l.is-step:
		l.is += step * 39 / 40
	case ended && !l.known:
		l.known, l.is = true, l.is+step // one that was quick says little of the others
	case ended:
		l.is -= step / 40
	}
	l.is = min(max(l.is, firstGuess/2), longestWait)
}

// await asks whether something that began at a time has ended, as seldom as it can.
func (l *latency) await(ctx context.Context, begun time.Time, ended func() (bool, error)) error {
	for asked := time.Duration(0); ; {
		// What was asked about already is asked about again when it is half as old again.
		is, _ := l.guess()
		if due := max(is, asked+asked/2); time.Since(begun) < due {
			if err := sleep(ctx, due-time.Since(begun)); err != nil {
				return err
			}
			continue // the guess may have grown meanwhile
		}
		over, age, err := l.ask(begun, ended)
		if over || err != nil {
			return err
		}
		asked = max(asked, age)
	}
}

// ask asks, unless the time for it has not come after all; age is how old it was then.
func (l *latency) ask(begun time.Time, ended func() (bool, error)) (over bool, age time.Duration, err error) {
	if _, known := l.guess(); !known {
		l.first.Lock()
		defer l.first.Unlock()
		if is, _ := l.guess(); time.Since(begun) < is {
			return false, 0, nil
		}
	}
	age = time.Since(begun)
	over, err = ended()
	if err == nil {
		l.saw(age, over)
	}
	return over, age, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
