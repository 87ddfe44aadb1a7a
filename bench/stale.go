package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// stale gives a role and takes it away, and asks at once with it: the answer must
// be that of the change, on another node too. Then it measures what such a
// change costs.
func (b *bench) stale() error {
	most := []int{b.size.mostAnswering()}
	return b.eachWorld(most, most, func(w *world) (err error) {
		writes, err := serve(b.ctx, w.data, w.url)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, writes.Close()) }()
		asks := writes // SQLite is one node
		if w.url != "" {
			if asks, err = b.secondNode(w); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, asks.Close()) }()
		}
		changes, err := b.changes(writes, asks, w)
		if err != nil {
			return err
		}
		defer changes.close()
		if err := b.neverStale(w, changes); err != nil {
			return err
		}
		return b.costOfChange(w, changes)
	})
}

// secondNode starts another server on the same database, in a data directory of
// its own that has the same root key.
func (b *bench) secondNode(w *world) (*site, error) {
	data := w.data + "-second"
	key, err := os.ReadFile(filepath.Join(w.data, "root.key"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(data, "root.key"), key, 0o600); err != nil {
		return nil, err
	}
	return serve(b.ctx, data, w.url)
}

// changes are roles that come and go: one user, one project each.
type changes struct {
	writer, asker *connection
	asks          *site
	each          []change
	frames        func() (int64, error) // bytes the database has written to its log
}

// change is a grant, its end, and the question that tells them apart, ready to send.
type change struct{ grant, revoke, ask []byte }

// target finds a user whom only a direct role lets see the project, and who stays
// in the space without it: a Power user.
func (t *tenant) target(number int) (user, project, bool) {
	p := t.projects[number%projectsOfSpace]
	sees := map[int]bool{}
	t.held(func(u int, at space.ProjectID, r role.Role) {
		if at == p.id || r == role.SpaceAdministrator {
			sees[u] = true
		}
	})
	for i, u := range t.users {
		if u.role == role.PowerUser && !sees[i] {
			return u, p, true
		}
	}
	return user{}, p, false
}

func (b *bench) changes(writes, asks *site, w *world) (*changes, error) {
	c := &changes{asks: asks, frames: logBytes(b.ctx, w, writes)}
	for i := range projectsOfSpace {
		t := &w.tenants[i%len(w.tenants)]
		u, p, ok := t.target(i)
		if !ok {
			continue
		}
		tokens, err := writes.signIn(b.ctx, []user{t.users[0], u}, builderScopes...)
		if err != nil {
			return nil, err
		}
		member := "/api/v1/spaces/" + t.name + "/projects/" + p.name + "/members/" + u.alias
		c.each = append(c.each, change{
			grant:  request("PUT", member, tokens[0], `{"role":"`+role.ReadOnly.Name()+`"}`),
			revoke: request("DELETE", member, tokens[0], ""),
			ask:    request("GET", "/aws/v1/spaces/"+t.name+"/projects/"+p.name, tokens[1], ""),
		})
	}
	if len(c.each) == 0 {
		return nil, errors.New("the workload has nobody to give a role to")
	}
	var err error
	if c.writer, err = dial(writes.address); err != nil {
		return nil, err
	}
	if c.asker, err = dial(asks.address); err != nil {
		return nil, errors.Join(err, c.writer.Close())
	}
	return c, nil
}

func (c *changes) close() {
	c.writer.Close()
	c.asker.Close()
}

// write makes one change over HTTP.
func (c *changes) write(request []byte) error {
	got, err := c.writer.ask(request)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK && got.status != http.StatusNoContent {
		return fmt.Errorf("a change was answered %d %.200q", got.status, got.body)
	}
	return nil
}

// pair makes a change and asks at once.
func (c *changes) pair(change, ask []byte, right int) error {
	if err := c.write(change); err != nil {
		return err
	}
	got, err := c.asker.ask(ask)
	if err != nil {
		return err
	}
	if got.status != right {
		return fmt.Errorf("STALE: %w", got.want(right))
	}
	return nil
}

// neverStale runs the pairs while somebody else asks the same questions all the
// time: a decision that is being remembered just as its grounds change is the one
// that could be remembered wrongly.
func (b *bench) neverStale(w *world, c *changes) error {
	ctx, cancel := context.WithCancel(b.ctx)
	var group sync.WaitGroup
	var disturbed error
	group.Go(func() { disturbed = c.disturb(ctx) })
	begun := time.Now()
	err := b.pairs(c)
	took := time.Since(begun)
	cancel()
	group.Wait()
	if err := errors.Join(err, disturbed); err != nil {
		return err
	}
	nodes := "one node"
	if w.url != "" {
		nodes = "through two nodes"
	}
	b.report(figure{
		name: "stale answers " + w.engine(), what: fmt.Sprintf("of %d pairs, %s", b.size.pairs, nodes), samples: []float64{0}, // a stale one fails the program
		note: fmt.Sprintf("%.2g ms a pair", took.Seconds()*1000/float64(b.size.pairs)),
	})
	return nil
}

func (b *bench) pairs(c *changes) error {
	defer c.writer.untilDone(b.ctx)()
	defer c.asker.untilDone(b.ctx)()
	for i := range b.size.pairs {
		change := &c.each[i/2%len(c.each)]
		made, right := change.grant, http.StatusOK
		if i%2 == 1 {
			made, right = change.revoke, http.StatusForbidden
		}
		if err := c.pair(made, change.ask, right); err != nil {
			return fmt.Errorf("pair %d of %d: %w", i+1, b.size.pairs, err)
		}
	}
	return nil
}

func (c *changes) disturb(ctx context.Context) error {
	asker, err := dial(c.asks.address)
	if err != nil {
		return err
	}
	defer asker.Close()
	for i := 0; ctx.Err() == nil; i++ {
		got, err := asker.ask(c.each[i%len(c.each)].ask)
		if err != nil {
			return err
		}
		if got.status != http.StatusOK && got.status != http.StatusForbidden {
			return got.want(http.StatusOK)
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// costOfChange times changes, one at a time.
func (b *bench) costOfChange(w *world, c *changes) error {
	return b.besideAppend(w, writing{c.frames, func(i int) error { return c.write(c.nth(i)) }}, figure{
		name: "write " + w.engine(), what: "p50 of a grant", unit: "x", bound: 4,
	})
}

// writing makes changes, the i-th being told its number.
type writing struct {
	frames func() (int64, error) // bytes the database has written to its log
	once   func(i int) error
}

// besideAppend compares the round trip of a change with an append of as many
// bytes as it makes the database log, safe on disk, to a file in the data directory.
func (b *bench) besideAppend(w *world, c writing, f figure) error {
	length, err := c.loggedBytes(b.size.appends)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(w.data, "append"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	var changed, appended []time.Duration
	for range b.rounds {
		one, other, err := c.takeTurns(file, make([]byte, length), b.size.appends)
		if err != nil {
			return err
		}
		changed, appended = append(changed, one), append(appended, other)
	}
	f.what += fmt.Sprintf(" / fsynced append of %d bytes", length)
	f.samples, f.note = ratios(changed, appended), fmt.Sprintf("%.3g ms / %.3g ms", milliseconds(median(changed)), milliseconds(median(appended)))
	b.report(f)
	return nil
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// loggedBytes is the median of what a change adds to the database's log.
func (c writing) loggedBytes(times int) (int64, error) {
	var each []float64
	for i := range times {
		before, err := c.frames()
		if err != nil {
			return 0, err
		}
		if err := c.once(i); err != nil {
			return 0, err
		}
		after, err := c.frames()
		if err != nil {
			return 0, err
		}
		if after > before { // else the log began anew
			each = append(each, float64(after-before))
		}
	}
	if len(each) == 0 {
		return 0, errors.New("changes are not seen in the database's log")
	}
	return int64(median(each)), nil
}

// nth is a grant, then its end, then the same of the next.
func (c *changes) nth(i int) []byte {
	change := &c.each[i/2%len(c.each)]
	if i%2 == 0 {
		return change.grant
	}
	return change.revoke
}

// takeTurns makes a change and an append by turns and returns the median of each.
func (c writing) takeTurns(file *os.File, line []byte, times int) (changed, appended time.Duration, err error) {
	changes, appends := make([]time.Duration, times), make([]time.Duration, times)
	for i := range times {
		begun := time.Now()
		if err := c.once(i); err != nil {
			return 0, 0, err
		}
		changes[i] = time.Since(begun)
		begun = time.Now()
		if _, err := file.Write(line); err != nil {
			return 0, 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, 0, err
		}
		appends[i] = time.Since(begun)
	}
	return median(changes), median(appends), nil
}

// logBytes tells how far the database's write-ahead log has come.
func logBytes(ctx context.Context, w *world, s *site) func() (int64, error) {
	if w.url != "" {
		return func() (at int64, err error) {
			err = s.DB().Pool().QueryRowContext(ctx, `select (pg_current_wal_insert_lsn() - '0/0')::bigint`).Scan(&at)
			return at, err
		}
	}
	return func() (int64, error) { return sqliteLog(filepath.Join(w.data, "sallyport.db-shm")) }
}

// sqliteLog reads the header of SQLite's WAL index, which is in the machine's byte
// order: the page size at byte 14, the number of frames at 16. A frame is a page
// and 24 bytes. https://sqlite.org/walformat.html#the_wal_index_file_format
func sqliteLog(path string) (int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	header := make([]byte, 20)
	if _, err := file.ReadAt(header, 0); err != nil {
		return 0, err
	}
	page, frames := int64(binary.NativeEndian.Uint16(header[14:])), int64(binary.NativeEndian.Uint32(header[16:]))
	return frames * (page + 24), nil
}
