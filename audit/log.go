package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/seal"
)

// Log writes and reads events. It is safe for concurrent use.
type Log struct {
	// Watch is told of every event of a change, in the change's transaction, so that what
	// it has done later is done for what is kept and for nothing else. It is asked about
	// everything: it must be quick to see what does not concern it. Its error undoes the
	// change. Nil: nobody watches.
	Watch func(*database.Tx, Event) error

	db    *database.DB
	keys  *seal.Keys
	slog  *slog.Logger
	queue chan entry
	done  chan struct{} // closed when the writer has stopped
}

// An entry is an event to write outside any change's transaction, or, with no
// event, a wish to know when all before it are written.
type entry struct {
	event   *Event
	written chan<- error // nil: nobody waits
}

const (
	// batch is how many events one transaction writes at most.
	batch = 512
	// linger is how long an event nobody waits for may stay unwritten.
	linger = 100 * time.Millisecond
)

// NewLog starts the writer. Stop it with [Log.Close].
func NewLog(db *database.DB, keys *seal.Keys, logger *slog.Logger) *Log {
	l := &Log{db: db, keys: keys, slog: logger, queue: make(chan entry, 8*batch), done: make(chan struct{})}
	go l.write()
	return l
}

// Close writes what is gathered and stops. Nothing may be added afterwards.
func (l *Log) Close() {
	close(l.queue)
	<-l.done
}

// RecordAlone writes the event of something that changed nothing: a refusal, a
// failure. It is on disk when RecordAlone returns its id.
func (l *Log) RecordAlone(event Event) (id string, err error) {
	event.ID = newID()
	return event.ID, l.wait(&event)
}

// RecordSoon takes the event of an allowed read and writes it within [linger].
// When events come faster than they can be written, it waits.
func (l *Log) RecordSoon(event Event) {
	event.ID = newID()
	l.queue <- entry{event: &event}
}

// Flush returns when every event taken so far is on disk.
func (l *Log) Flush() error { return l.wait(nil) }

func (l *Log) wait(event *Event) error {
	written := make(chan error, 1)
	l.queue <- entry{event: event, written: written}
	return <-written
}

// write gathers entries into transactions: at once when somebody waits, else
// after lingering for more.
func (l *Log) write() {
	defer close(l.done)
	var pending []entry
	timer := time.NewTimer(linger)
	timer.Stop()
	for {
		select {
		case e, open := <-l.queue:
			if !open {
				l.commit(pending)
				return
			}
			if len(pending) == 0 {
				timer.Reset(linger)
			}
			pending = append(pending, e)
			if e.written == nil && len(pending) < batch {
				continue
			}
			pending = l.drain(pending) // those who wait together are written together
		case <-timer.C:
		}
		timer.Stop()
		l.commit(pending)
		pending = pending[:0]
	}
}

func (l *Log) drain(pending []entry) []entry {
	for len(pending) < batch {
		select {
		case e, open := <-l.queue:
			if !open {
				return pending
			}
			pending = append(pending, e)
		default:
			return pending
		}
	}
	return pending
}

func (l *Log) commit(entries []entry) {
	var events []*Event
	for _, e := range entries {
		if e.event != nil {
			events = append(events, e.event)
		}
	}
	failed := l.insertEach(events)
	for _, e := range entries {
		if e.written == nil {
			continue
		}
		if e.event != nil {
			e.written <- failed[e.event]
			continue
		}
		var first error // whoever flushes is told of any
		for _, err := range failed {
			first = err
		}
		e.written <- first
	}
}

// insertEach writes events together, and one by one when that fails: what
// somebody has put into one must not cost the others. It tells which failed.
func (l *Log) insertEach(events []*Event) map[*Event]error {
	if len(events) == 0 || l.insertTogether(events) == nil {
		return nil
	}
	failed := map[*Event]error{}
	for _, event := range events {
		if err := l.insertTogether([]*Event{event}); err != nil {
			l.slog.Error("an event could not be written", "event", event.ID, "name", event.Name, "error", err)
			failed[event] = err
		}
	}
	return failed
}

func (l *Log) insertTogether(events []*Event) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return l.db.Write(ctx, func(tx *database.Tx) error {
		tx.Unremembered()
		together := make([]Event, len(events)) // f may run again, and changes them
		for i, e := range events {
			together[i] = *e
		}
		return l.insertAll(tx, together)
	})
}
