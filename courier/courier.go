// Package courier carries out what package delivery has waiting: it reads the files of a
// commit, asks the account's side what exists, plans, and on the default branch applies.
//
//	delivery.Claim ─> files of the commit ─> role of the account ─> snapshot ─> plan ─> guards
//	      ^                                                                       │
//	      └── Renew, every quarter of a lease, with the log so far                ├─> apply
//	                                                                              └─> delivery.End, mail
//
// Runs of one account come one after the other, on one node; a process that dies leaves
// its run to the next that looks. Applying twice what is applied already changes nothing,
// so a run that was cut off begins anew.
package courier

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sallyport/sallyport/accountside"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/space"
	"github.com/sallyport/sallyport/trust"
)

// Courier carries runs out. Make one with [New]. It is safe for concurrent use.
type Courier struct {
	DB           *database.DB
	Deliveries   *delivery.Store
	Repositories *repo.Store
	Sides        *accountside.Client
	// Mint makes the token by which a project enters an account of AWS.
	Mint func(*database.ReadTx, trust.Claims) (string, error)
	// Rate is how many requests a second the embedded account side is asked. 0: what AWS
	// leaves.
	Rate float64

	// Whom a failed run is told to.
	Spaces    *space.Store
	Directory *directory.Store
	Mail      *mail.Sender
	Jobs      *job.Queue
	PublicURL string

	Log *slog.Logger

	holder string // of leases: this process
}

// New makes a courier ready.
func New(c Courier) *Courier {
	c.holder = rand.Text()
	if c.Rate == 0 {
		c.Rate = live.DefaultRate
	}
	return &c
}

// Work does one of the things that wait in an account, and gets in line again for the
// next: other accounts wait as well. It returns at once where nothing waits, or another
// process works.
func (c *Courier) Work(ctx context.Context, work delivery.Work) error {
	var lease *delivery.Lease
	err := c.DB.Write(ctx, func(tx *database.Tx) (err error) {
		lease, err = c.Deliveries.Claim(tx, work.Account, c.holder)
		return err
	})
	if database.IsDuplicate(err) {
		return nil // another process took its turn at this moment
	}
	if err != nil || lease == nil {
		return err
	}
	limited, cancel := context.WithTimeoutCause(ctx, longestRun, errTooLong)
	defer cancel()
	if err := c.run(limited, lease); err != nil || ctx.Err() != nil {
		return err
	}
	return c.DB.Write(ctx, func(tx *database.Tx) error { return c.Deliveries.Enqueue(tx, work) })
}

// longestRun is how long a run may take before it makes room for others, and begins anew.
const longestRun = 6 * time.Hour

var errTooLong = fmt.Errorf("it took more than %v", longestRun)

// lookEvery is how often an account of AWS is looked at, which tells nobody what happens
// in it.
const lookEvery = 15 * time.Minute

// Resume has everything go on that waits or was cut off.
func (c *Courier) Resume(ctx context.Context) error {
	return c.DB.Write(ctx, func(tx *database.Tx) error {
		if err := c.Deliveries.Look(tx, lookEvery); err != nil {
			return err
		}
		undone, err := c.Deliveries.Undone(tx.Reading())
		for _, id := range undone {
			if err := c.Deliveries.Enqueue(tx, delivery.Work{Account: id}); err != nil {
				return err
			}
		}
		return err
	})
}

// run carries one run out and writes down what came of it.
func (c *Courier) run(ctx context.Context, lease *delivery.Lease) error {
	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	told := newTelling(func() time.Time { return time.Now().UTC() })
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		c.keep(working, cancel, lease, told)
	}()
	result, err := c.carry(working, lease, told)
	cause := context.Cause(working)
	cancel(nil)
	<-kept
	// Whatever cut the run off, what came of it has to be written down.
	writing, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	switch {
	case errors.Is(cause, delivery.ErrLost):
		return nil
	case cause != nil || err != nil:
		if err != nil && cause == nil {
			c.Log.ErrorContext(ctx, "a run of a pipeline was cut off", "pipeline", lease.Pipeline.ID, "run", lease.Run.Number, "error", err)
		}
		err = c.DB.Write(writing, func(tx *database.Tx) error { return c.Deliveries.Interrupted(tx, lease, told.text()) })
	default:
		result.Log = told.text()
		err = c.DB.Write(writing, func(tx *database.Tx) error {
			if err := c.Deliveries.End(tx, lease, result); err != nil || result.Outcome != delivery.Failed {
				return err
			}
			return c.mail(tx, lease, result.Report)
		})
	}
	if errors.Is(err, delivery.ErrLost) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write down run %d of pipeline %s: %w", lease.Run.Number, lease.Pipeline.ID, err)
	}
	return nil
}

// keep renews the lease until the context ends, and ends it when the run is lost or may
// have been: whoever takes it over must not meet us.
func (c *Courier) keep(ctx context.Context, cancel context.CancelCauseFunc, lease *delivery.Lease, told *telling) {
	tick := time.NewTicker(delivery.LeaseRenewal)
	defer tick.Stop()
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asking, done := context.WithTimeout(ctx, delivery.LeaseRenewal/2)
		err := c.DB.Write(asking, func(tx *database.Tx) error { return c.Deliveries.Renew(tx, lease, told.text()) })
		done()
		switch {
		case err == nil:
			missed = 0
		case errors.Is(err, delivery.ErrLost):
			cancel(err)
			return
		default:
			if missed++; missed == 2 {
				cancel(fmt.Errorf("keep the run: %w", err))
				return
			}
		}
	}
}
