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
	path, token string // of signed requests, the token is the id of the key
	request     []byte
	header      http.Header
	head        int // bytes of status line and header
	body        []byte
	same        int // bytes of the body, from its start, that no request id follows
}

// right tells whether an answer is the one.
func (q *asking) right(got answer) bool {
	return got.status == http.StatusOK && len(got.head) == q.head && len(got.body) == len(q.body) && bytes.Equal(got.body[:q.same], q.body[:q.same])
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
			if err := b.raceBytes(s, w, o.name, o.askings); err != nil {
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
	tokens, err := s.signIn(b.ctx, users, builderScopes...)
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
	q.head, q.body, q.same = len(got.head), bytes.Clone(got.body), len(got.body)
	q.header, err = got.header()
	a.askings = append(a.askings, q)
	return err
}

// raceBytes lets the server race a handler that has the answers at hand.
func (b *bench) raceBytes(s *site, w *world, name string, askings []asking) error {
	bare, stop, err := serveHTTP(answering(askings))
	if err != nil {
		return err
	}
	defer stop()
	oursRate, bareRate, err := b.race(s, bare, askings)
	if err != nil {
		return err
	}
	b.report(figure{
		name: fmt.Sprintf("loopback %s S=%d", w.engine(), len(w.tenants)), what: name + ", requests a second / bare net/http",
		samples: ratios(oursRate, bareRate), unit: "x", bound: 0.4, atLeast: true, note: rates(oursRate, bareRate),
	})
	return nil
}

func rates(ours, bare []float64) string {
	return fmt.Sprintf("%.0f/s / %.0f/s", median(ours), median(bare))
}

// race lets the server and another take turns.
func (b *bench) race(s *site, bare string, askings []asking) (oursRate, bareRate []float64, err error) {
	for range b.rounds {
		// An answered read leaves an event to be written. Writing the last ones belongs
		// to the turn that answered.
		rate, err := b.rate(s.address, askings, s.Runner().Audit.Flush)
		if err != nil {
			return nil, nil, err
		}
		oursRate = append(oursRate, rate)
		if rate, err = b.rate(bare, askings, func() error { return nil }); err != nil {
			return nil, nil, fmt.Errorf("bare handler: %w", err)
		}
		bareRate = append(bareRate, rate)
	}
	return oursRate, bareRate, nil
}

// answering answers the same bytes with nothing behind them.
func answering(askings []asking) http.HandlerFunc {
	type key struct{ path, authorization string }
	answers := make(map[key]*asking, len(askings))
	for i := range askings {
		answers[key{askings[i].path, "Bearer " + askings[i].token}] = &askings[i]
	}
	return func(w http.ResponseWriter, r *http.Request) {
		a := answers[key{r.URL.Path, r.Header.Get("Authorization")}]
		if a == nil {
			http.NotFound(w, r)
			return
		}
		a.write(w)
	}
}

func (q *asking) write(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range q.header {
		header[name] = values
	}
	w.Write(q.body)
}

func serveHTTP(handler http.Handler) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: handler}
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
		if !q.right(got) {
			return count, fmt.Errorf("%s answered %q %q, not %q", q.path, got.head, got.body, q.body)
		}
		count++
	}
	return count, nil
}
