package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections are how many clients ask at once.
const connections = 8

// asking is one request and the one right answer to it.
type asking struct {
	path, token string
	request     []byte
	header      http.Header
	head        int // bytes of status line and header
	body        []byte
}

func (b *bench) loopback() error {
	return b.eachWorld(b.size.spaces, b.size.answering, func(w *world) (err error) {
		s, err := serve(b.ctx, w.data, w.url)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		operations, err := b.askings(s, w)
		if err != nil {
			return err
		}
		for _, o := range operations {
			if err := b.race(s, w, o.name, o.askings); err != nil {
				return fmt.Errorf("%s: %w", o.name, err)
			}
		}
		return nil
	})
}

type askings struct {
	name    string
	askings []asking
}

// askings signs users in and has the server answer each request once. These
// answers are checked against the facts, all later ones against these.
func (b *bench) askings(s *site, w *world) ([]askings, error) {
	type place struct{ space, project string }
	var users []user
	var places []place
	for i := range b.size.signedIn {
		t := &w.tenants[i*len(w.tenants)/b.size.signedIn]
		p := t.projects[i%projectsOfSpace]
		for position := range p.people {
			users, places = append(users, t.users[position]), append(places, place{t.name, p.name})
			break
		}
	}
	tokens, err := s.signIn(b.ctx, users)
	if err != nil {
		return nil, err
	}
	c, err := dial(s.address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	session, project := askings{name: "VerifySession"}, askings{name: "GetProject"}
	for i, token := range tokens {
		at := places[i]
		if err := session.add(c, "/aws/session", token, map[string]string{"identity": string(users[i].id)}); err != nil {
			return nil, err
		}
		if err := project.add(c, "/aws/v1/spaces/"+at.space+"/projects/"+at.project, token,
			map[string]string{"spaceName": at.space, "name": at.project, "displayName": at.project}); err != nil {
			return nil, err
		}
	}
	return []askings{session, project}, nil
}

func (a *askings) add(c *connection, path, token string, facts map[string]string) error {
	q := asking{path: path, token: token, request: request("GET", path, token, "")}
	got, err := c.ask(q.request)
	if err != nil {
		return err
	}
	if err := got.want(http.StatusOK); err != nil {
		return err
	}
	var told map[string]string
	if err := json.Unmarshal(got.body, &told); err != nil {
		return err
	}
	for name, value := range facts {
		if told[name] != value {
			return fmt.Errorf("%s: %s is %q, not %q", path, name, told[name], value)
		}
	}
	q.head, q.body = len(got.head), bytes.Clone(got.body)
	q.header, err = got.header()
	a.askings = append(a.askings, q)
	return err
}

// race lets the server and the bare handler take turns.
func (b *bench) race(s *site, w *world, name string, askings []asking) error {
	bare, stop, err := serveBare(askings)
	if err != nil {
		return err
	}
	defer stop()
	var oursRate, bareRate []float64
	for range b.rounds {
		// An answered read leaves an event to be written. Writing the last ones belongs
		// to the turn that answered.
		rate, err := b.rate(s.address, askings, s.Runner().Audit.Flush)
		if err != nil {
			return err
		}
		oursRate = append(oursRate, rate)
		if rate, err = b.rate(bare, askings, func() error { return nil }); err != nil {
			return fmt.Errorf("bare handler: %w", err)
		}
		bareRate = append(bareRate, rate)
	}
	b.report(figure{
		name: fmt.Sprintf("loopback %s S=%d", w.engine(), len(w.tenants)), what: name + ", requests a second / bare net/http",
		samples: ratios(oursRate, bareRate), unit: "x", bound: 0.4, atLeast: true,
		note: fmt.Sprintf("%.0f/s / %.0f/s", median(oursRate), median(bareRate)),
	})
	return nil
}

// serveBare serves the same bytes with nothing behind them.
func serveBare(askings []asking) (address string, stop func(), err error) {
	type key struct{ path, authorization string }
	answers := make(map[key]*asking, len(askings))
	for i := range askings {
		answers[key{askings[i].path, "Bearer " + askings[i].token}] = &askings[i]
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := answers[key{r.URL.Path, r.Header.Get("Authorization")}]
		if a == nil {
			http.NotFound(w, r)
			return
		}
		header := w.Header()
		for name, values := range a.header {
			header[name] = values
		}
		w.Write(a.body)
	})}
	go s.Serve(listener)
	return listener.Addr().String(), func() { s.Close() }, nil
}

// rate asks on every connection for one turn and tells how many answers came a
// second, until settle has returned.
func (b *bench) rate(address string, askings []asking, settle func() error) (float64, error) {
	var group sync.WaitGroup
	counts, errs := make([]int, connections), make([]error, connections)
	begun := time.Now()
	for i := range connections {
		group.Go(func() {
			counts[i], errs[i] = b.askAll(address, askings, i, begun.Add(time.Duration(b.size.turn)*time.Millisecond))
		})
	}
	group.Wait()
	errs = append(errs, settle())
	took, total := time.Since(begun), 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / took.Seconds(), errors.Join(errs...)
}

func (b *bench) askAll(address string, askings []asking, first int, until time.Time) (count int, err error) {
	c, err := dial(address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	defer c.untilDone(b.ctx)()
	for i := first * len(askings) / connections; time.Now().Before(until); i++ {
		q := &askings[i%len(askings)]
		got, err := c.ask(q.request)
		if err != nil {
			return count, err
		}
		if got.status != http.StatusOK || len(got.head) != q.head || !bytes.Equal(got.body, q.body) {
			return count, fmt.Errorf("%s answered %q %q, not %q", q.path, got.head, got.body, q.body)
		}
		count++
	}
	return count, nil
}
