package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/seal"
)

// fixture is a log with the scopes directory and space:a.
type fixture struct {
	t    *testing.T
	db   *database.DB
	keys *seal.Keys
	log  *audit.Log
}

func each(t *testing.T, test func(*fixture)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		keys, err := seal.Open(t.Context(), t.TempDir(), db)
		if err != nil {
			t.Fatal(err)
		}
		f := &fixture{t: t, db: db, keys: keys, log: audit.NewLog(db, keys, slog.New(slog.DiscardHandler))}
		t.Cleanup(f.log.Close)
		f.write(func(tx *database.Tx) error {
			_, err := keys.Create(tx, seal.Directory)
			if err == nil {
				_, err = keys.Create(tx, seal.Space("a"))
			}
			return err
		})
		test(f)
	})
}

func (f *fixture) write(do func(*database.Tx) error) {
	f.t.Helper()
	if err := f.db.Write(context.Background(), do); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) events(filter audit.Filter) (events []audit.Event) {
	f.t.Helper()
	if filter.To.IsZero() {
		filter.To = time.Now().Add(time.Hour)
	}
	if filter.Limit == 0 {
		filter.Limit = 1000
	}
	if err := f.db.Read(context.Background(), func(tx *database.ReadTx) (err error) {
		events, err = f.log.Events(tx, filter)
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	return events
}

func event(scope seal.Scope, name string) audit.Event {
	return audit.Event{Scope: scope, At: time.Now(), Name: name, Source: "test", Principal: audit.Principal{Kind: "user", ID: "u"},
		Detail: audit.Detail{Request: json.RawMessage(`{"word":"unmistakable"}`), Address: "192.0.2.1"}}
}

func TestAnEventIsKeptWithItsChangeOrNotAtAll(t *testing.T) {
	each(t, func(f *fixture) {
		f.write(func(tx *database.Tx) error { return f.log.Record(tx, event(seal.Space("a"), "done")) })
		undone := errors.New("undone")
		if err := f.db.Write(context.Background(), func(tx *database.Tx) error {
			if err := f.log.Record(tx, event(seal.Space("a"), "undone")); err != nil {
				return err
			}
			return undone
		}); !errors.Is(err, undone) {
			f.t.Fatal(err)
		}
		events := f.events(audit.Filter{Scope: seal.Space("a")})
		if len(events) != 1 || events[0].Name != "done" || string(events[0].Detail.Request) != `{"word":"unmistakable"}` || events[0].Principal.ID != "u" {
			f.t.Errorf("events: %+v", events)
		}
		if others := f.events(audit.Filter{Scope: seal.Directory}); len(others) != 0 {
			f.t.Errorf("it shows in another scope: %+v", others)
		}
	})
}

func TestARefusalIsOnDiskWhenRecordAloneReturns(t *testing.T) {
	each(t, func(f *fixture) {
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				if _, err := f.log.RecordAlone(event(seal.Directory, fmt.Sprint("refused", i))); err != nil {
					f.t.Error(err)
				}
				if len(f.events(audit.Filter{Scope: seal.Directory, Name: fmt.Sprint("refused", i)})) != 1 {
					f.t.Errorf("refusal %d is not there yet", i)
				}
			})
		}
		group.Wait()
	})
}

func TestReadsAreWrittenSoonAndAtTheLatestByFlush(t *testing.T) {
	each(t, func(f *fixture) {
		for range 2000 {
			f.log.RecordSoon(event(seal.Space("a"), "read"))
		}
		if err := f.log.Flush(); err != nil {
			f.t.Fatal(err)
		}
		if n := len(f.events(audit.Filter{Scope: seal.Space("a"), Limit: 5000})); n != 2000 {
			f.t.Errorf("%d of 2000 are there after a flush", n)
		}
		f.log.RecordSoon(event(seal.Space("a"), "last"))
		for deadline := time.Now().Add(10 * time.Second); len(f.events(audit.Filter{Scope: seal.Space("a"), Name: "last"})) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				f.t.Fatal("an event that nobody waits for is never written")
			}
		}
	})
}

func TestClosingTheLogWritesWhatIsGathered(t *testing.T) {
	each(t, func(f *fixture) {
		log := audit.NewLog(f.db, f.keys, slog.New(slog.DiscardHandler))
		for range 10 {
			log.RecordSoon(event(seal.Directory, "parting"))
		}
		log.Close()
		if n := len(f.events(audit.Filter{Scope: seal.Directory, Name: "parting"})); n != 10 {
			f.t.Errorf("%d of 10 were written", n)
		}
	})
}

// A space may be deleted between a read and the writing of its event.
func TestAnEventWhoseSpaceIsGoneGoesToTheDirectory(t *testing.T) {
	each(t, func(f *fixture) {
		f.write(func(tx *database.Tx) error { return f.keys.Destroy(tx, seal.Space("a")) })
		if _, err := f.log.RecordAlone(event(seal.Space("a"), "late")); err != nil {
			f.t.Fatal(err)
		}
		if n := len(f.events(audit.Filter{Scope: seal.Directory, Name: "late"})); n != 1 {
			f.t.Errorf("it is there %d times", n)
		}
	})
}

func TestEventsAreListedNewestFirstInPages(t *testing.T) {
	each(t, func(f *fixture) {
		begun := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
		for i := range 10 {
			e := event(seal.Directory, fmt.Sprint("e", i))
			e.At = begun.Add(time.Duration(i/2) * time.Minute) // two at a time
			if _, err := f.log.RecordAlone(e); err != nil {
				f.t.Fatal(err)
			}
		}
		var names []string
		filter := audit.Filter{Scope: seal.Directory, From: begun.Add(time.Minute), To: begun.Add(4 * time.Minute), Limit: 4}
		for {
			page := f.events(filter)
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				names = append(names, e.Name)
			}
			last := page[len(page)-1]
			filter.After = audit.Cursor{At: last.At, ID: last.ID}
		}
		if got := strings.Join(names, " "); got != "e7 e6 e5 e4 e3 e2" {
			f.t.Errorf("listed %s", got)
		}
	})
}

func TestWhatAnEventTellsIsSealed(t *testing.T) {
	each(t, func(f *fixture) {
		f.write(func(tx *database.Tx) error { return f.log.Record(tx, event(seal.Space("a"), "done")) })
		var sealed []byte
		if err := f.db.Read(context.Background(), func(tx *database.ReadTx) (err error) {
			sealed, err = database.One(tx, database.Value[[]byte], `select detail_sealed from events`)
			return err
		}); err != nil {
			f.t.Fatal(err)
		}
		if strings.Contains(string(sealed), "unmistakable") || strings.Contains(string(sealed), "192.0.2.1") {
			f.t.Error("the payload is stored in clear")
		}
	})
}
