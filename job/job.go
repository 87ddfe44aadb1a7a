// Package job runs what happens later: anything slow, or outside the database.
//
// A job is enqueued in the transaction of the change that caused it, so a change
// that is kept has its job and one that is not has none. A job may run more
// than once and must bear it. Jobs and their arguments stand in the database
// in clear: arguments are ids, or sealed.
package job

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/sallyport/sallyport/database"
)

// Queue takes jobs and works on them.
type Queue struct {
	client *river.Client[*sql.Tx]
	stop   context.CancelFunc // of long jobs
	// Delay is how long jobs wait before they begin; nil: not at all.
	Delay func() time.Duration
}

// Workers is what kinds of job there are and what does them.
type Workers struct {
	workers  *river.Workers
	periodic []*river.PeriodicJob
	stopping context.Context // of the queue
	stop     context.CancelFunc
}

// NewWorkers starts an empty list.
func NewWorkers() *Workers {
	w := &Workers{workers: river.NewWorkers()}
	w.stopping, w.stop = context.WithCancel(context.Background())
	return w
}

// Add says what does the jobs of one kind.
func Add[Args river.JobArgs](w *Workers, do func(context.Context, Args) error) {
	river.AddWorker(w.workers, river.WorkFunc(func(ctx context.Context, job *river.Job[Args]) error { return do(ctx, job.Args) }))
}

// AddLong says what does the jobs of a kind that may take hours. They keep no other job
// waiting, and their contexts end when the queue is stopped: what they leave undone is
// for them to find again, however they ended.
func AddLong[Args river.JobArgs](w *Workers, do func(context.Context, Args) error) {
	river.AddWorker(w.workers, &longWorker[Args]{stopping: w.stopping, do: do})
}

type longWorker[Args river.JobArgs] struct {
	river.WorkerDefaults[Args]
	stopping context.Context
	do       func(context.Context, Args) error
}

func (*longWorker[Args]) Timeout(*river.Job[Args]) time.Duration { return -1 } // none

func (l *longWorker[Args]) Work(ctx context.Context, job *river.Job[Args]) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.stopping, cancel)()
	return l.do(ctx, job.Args)
}

// longQueue is where jobs of kinds that may take hours wait.
const longQueue = "long"

// long marks the arguments of such jobs.
type long interface{ Long() }

// Every runs a job at start and then again and again, on one node at a time.
func (w *Workers) Every(period time.Duration, args river.JobArgs) {
	w.periodic = append(w.periodic, river.NewPeriodicJob(river.PeriodicInterval(period),
		func() (river.JobArgs, *river.InsertOpts) {
			return args, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: period}}
		},
		&river.PeriodicJobOpts{RunOnStart: true}))
}

// New brings the queue's own tables up to date. Nothing runs before Start.
func New(ctx context.Context, db *database.DB, workers *Workers, logger *slog.Logger) (*Queue, error) {
	driver := riverdriver.Driver[*sql.Tx](riversqlite.New(db.Pool()))
	if db.Engine() == database.PostgreSQL {
		driver = riverdatabasesql.New(db.Pool())
	}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("job tables: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("job tables: %w", err)
	}
	client, err := river.NewClient(driver, &river.Config{
		Logger:            logger,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 8}, longQueue: {MaxWorkers: 4}},
		Workers:           workers.workers,
		PeriodicJobs:      workers.periodic,
		FetchPollInterval: 250 * time.Millisecond,
		FetchCooldown:     100 * time.Millisecond,
		JobTimeout:        5 * time.Minute,
	})
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return &Queue{client: client, stop: workers.stop}, nil
}

// Start works on jobs until Stop. It does not wait for them.
func (q *Queue) Start(ctx context.Context) error { return q.client.Start(ctx) }

// Stop lets running jobs finish while ctx lasts. Long ones are told to.
func (q *Queue) Stop(ctx context.Context) error {
	q.stop()
	return q.client.Stop(ctx)
}

// Enqueue adds a job in the transaction of the change that asks for it.
func (q *Queue) Enqueue(tx *database.Tx, args river.JobArgs) error {
	options := &river.InsertOpts{}
	if _, ok := args.(long); ok {
		options.Queue = longQueue
	} else if q.Delay != nil {
		options.ScheduledAt = time.Now().Add(q.Delay())
	}
	if _, err := q.client.InsertTx(tx.Context(), tx.SQL(), args, options); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}
