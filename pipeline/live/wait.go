package live

import (
	"context"
	"sync"
	"time"
)

// latency is how long AWS works on something after it has answered, as far as has been
// seen: the age at which nineteen of twenty have ended. Asking earlier mostly costs a
// request for nothing; the quotas leave few.
type latency struct {
	mu    sync.Mutex
	is    time.Duration
	known bool // something has ended
}

const (
	firstGuess  = 250 * time.Millisecond
	longestWait = 30 * time.Second
)

func newLatency() *latency { return &latency{is: firstGuess} }

func (l *latency) guess() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.is
}

// saw learns from something that had ended, or not, at an age. While nothing has, the
// guess doubles; from then on it moves to where one in twenty is asked about too soon.
func (l *latency) saw(age time.Duration, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	step := l.is / 5
	switch {
	case !ended && !l.known:
		l.is = max(l.is, 2*age)
	case !ended && age >= l.is-step:
		l.is += step * 19 / 20
	case ended:
		l.known = true
		l.is -= step / 20
	}
	l.is = min(max(l.is, firstGuess/2), longestWait)
}

// await asks whether something that began at a time has ended, as seldom as it can.
func (l *latency) await(ctx context.Context, begun time.Time, ended func() (bool, error)) error {
	for asked := time.Duration(0); ; {
		// What is older than the guess has had its question: the next comes later by half.
		for due := max(l.guess(), asked+asked/2); time.Since(begun) < due; due = max(l.guess(), asked+asked/2) {
			if err := sleep(ctx, due-time.Since(begun)); err != nil {
				return err
			}
		}
		asked = time.Since(begun)
		is, err := ended()
		if err != nil {
			return err
		}
		l.saw(asked, is)
		if is {
			return nil
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
