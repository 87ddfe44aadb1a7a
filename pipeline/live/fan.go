package live

import (
	"context"
	"sync"
)

// fan runs steps side by side: how many at once, the budget says. The first error ends
// the others.
type fan struct {
	context.Context
	cancel context.CancelCauseFunc
	steps  sync.WaitGroup
	mu     sync.Mutex // for what the steps write to together
}

func newFan(ctx context.Context) *fan {
	f := &fan{}
	f.Context, f.cancel = context.WithCancelCause(ctx)
	return f
}

func (f *fan) do(step func() error) {
	f.steps.Go(func() {
		if f.Err() != nil {
			return
		}
		if err := step(); err != nil {
			f.cancel(err)
		}
	})
}

// locked runs a short step that writes to what the others write to, too.
func (f *fan) locked(step func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	step()
}

// wait returns the first error when all steps have ended.
func (f *fan) wait() error {
	f.steps.Wait()
	defer f.cancel(nil)
	return context.Cause(f)
}

// pager is a paginator of the SDK's.
type pager[Out, Option any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...Option) (Out, error)
}

// pages calls step with each page until it says that there were enough.
func pages[Out, Option any](ctx context.Context, p pager[Out, Option], step func(Out) (enough bool)) error {
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return told(err)
		}
		if step(page) {
			break
		}
	}
	return nil
}
