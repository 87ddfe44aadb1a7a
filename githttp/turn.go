package githttp

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

const (
	// atOnce is how many requests work with git at the same time; others wait.
	atOnce = 32
	// ofOne is how many of them are one user's: whoever takes what they asked for
	// slowly, or sends it so, holds up themselves.
	ofOne = atOnce / 4
)

// turns are given to requests that work with git.
type turns struct {
	all chan struct{}

	mu sync.Mutex
	of map[directory.UserID]*share
}

// share is one user's, for as long as any request of theirs works or waits.
type share struct {
	busy     chan struct{}
	requests int
}

func newTurns() *turns {
	return &turns{all: make(chan struct{}, atOnce), of: map[directory.UserID]*share{}}
}

// take waits, for so long, until there is room for one more request of this user's.
func (t *turns) take(ctx context.Context, user directory.UserID, patience time.Duration) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	own := t.come(user)
	held := []chan struct{}{}
	done = func() {
		for _, busy := range held {
			<-busy
		}
		t.leave(user, own)
	}
	for _, busy := range []chan struct{}{own.busy, t.all} {
		select {
		case busy <- struct{}{}:
			held = append(held, busy)
		case <-ctx.Done():
			done()
			return nil, fault.Throttledf("too many clients fetch and push just now: try again shortly")
		}
	}
	return done, nil
}

func (t *turns) come(user directory.UserID) *share {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.of[user]
	if own == nil {
		own = &share{busy: make(chan struct{}, ofOne)}
		t.of[user] = own
	}
	own.requests++
	return own
}

func (t *turns) leave(user directory.UserID, own *share) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if own.requests--; own.requests == 0 {
		delete(t.of, user)
	}
}
