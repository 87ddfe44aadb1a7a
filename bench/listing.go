package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/org"
)

const (
	pageOfAccounts = 20 // as many as AWS gives at once
	pagesCompared  = 25 // of the small organization, and at each end of the large one
)

// listing lists the accounts of an organization page by page, of a large one and of a
// small one, each on a server of its own: what a page costs depends neither on how
// many came before it nor on how many there are.
func (b *bench) listing() error {
	return b.eachEngine(func(worlds []*world) (err error) {
		var few, many *lister
		for _, l := range []struct {
			lister **lister
			world  *world
			pages  int
		}{{&few, worlds[0], pagesCompared}, {&many, worlds[1], b.size.pages}} {
			s, err := serve(b.ctx, l.world.data, l.world.url)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			if *l.lister, err = b.newLister(s, l.world, l.pages); err != nil {
				return err
			}
		}
		var late, large []float64
		var manyPage, fewPage []time.Duration // means of a page
		for range b.rounds {
			var r listed
			for range listings {
				if err := r.listBoth(b.ctx, few, many); err != nil {
					return err
				}
			}
			late, large = append(late, float64(r.last)/float64(r.first)), append(large, float64(r.many)/float64(r.few))
			manyPage, fewPage = append(manyPage, r.many/time.Duration(r.pages)), append(fewPage, r.few/time.Duration(r.pages))
		}
		engine := worlds[0].engine()
		b.report(figure{
			name: "listing " + engine, what: fmt.Sprintf("a page, the last %d / the first %d", pagesCompared, pagesCompared), samples: late, unit: "x", bound: 1.5,
			note: fmt.Sprintf("all %d accounts in %.3g s", len(many.ids), median(manyPage).Seconds()*float64(many.pages)),
		})
		b.report(figure{
			name: "listing " + engine, what: fmt.Sprintf("a page of %d accounts / a page of %d", len(many.ids), len(few.ids)), samples: large, unit: "x", bound: 1.5,
			note: fmt.Sprintf("%.3g ms / %.3g ms", milliseconds(median(manyPage)), milliseconds(median(fewPage))),
		})
		return nil
	}, "few", "many")
}

// lister lists the accounts of one organization.
type lister struct {
	*site
	connection *connection
	who        *signer
	ids        map[string]bool // of the accounts there are
	pages      int
}

// newLister fills an organization so that the last page is full, too.
func (b *bench) newLister(s *site, w *world, pages int) (*lister, error) {
	o, key, err := s.management(b.ctx)
	if err != nil {
		return nil, err
	}
	l := &lister{site: s, who: &signer{key, o.Management, "http://" + s.address + "/aws"}, ids: map[string]bool{string(o.Management): true}, pages: pages}
	b.say("making %d accounts on %s", pages*pageOfAccounts, w.engine())
	for len(l.ids) < pages*pageOfAccounts {
		made, err := l.addSome(b.ctx, o)
		if err != nil {
			return nil, err
		}
		for _, id := range made {
			l.ids[string(id)] = true
		}
	}
	return l, nil
}

// addSome makes as many accounts as one transaction bears.
func (l *lister) addSome(ctx context.Context, o org.Organization) (made []account.ID, err error) {
	const batch = 250
	from := len(l.ids)
	err = l.db.Write(ctx, func(tx *database.Tx) error {
		made = nil
		for i := from; i < min(from+batch, l.pages*pageOfAccounts); i++ {
			id, err := l.addMember(tx, o, i)
			if err != nil {
				return err
			}
			made = append(made, id)
		}
		return nil
	})
	return made, err
}

// listings are how many times in a round the large organization is listed.
const listings = 2

// listed is what so many listings took, all together.
type listed struct {
	first, last time.Duration // the pages at the ends of the large one
	many, few   time.Duration // all pages of the large one, and as many of the small one
	pages       int           // of each
}

// listBoth lists the large organization once and, between its pages, the small one
// over and over.
func (r *listed) listBoth(ctx context.Context, few, many *lister) (err error) {
	for _, l := range []*lister{few, many} {
		if l.connection, err = dial(l.address); err != nil {
			return err
		}
		defer l.connection.Close()
	}
	if err := many.forget(ctx); err != nil {
		return err
	}
	large := many.begin()
	for from := 0; from < many.pages; from += pagesCompared {
		if err := few.forget(ctx); err != nil {
			return err
		}
		small := few.begin()
		for range pagesCompared {
			if err := small.next(&r.few); err != nil {
				return err
			}
		}
		if err := small.end(); err != nil {
			return err
		}
		var took time.Duration
		for range pagesCompared {
			if err := large.next(&took); err != nil {
				return err
			}
		}
		if from == 0 {
			r.first += took
		}
		if from == many.pages-pagesCompared {
			r.last += took
		}
		r.many += took
	}
	r.pages += many.pages
	return large.end()
}

// forget changes something, so that the server has to read every account anew, and
// lets it find out once more who is asking.
func (l *lister) forget(ctx context.Context) error {
	err := l.db.Write(ctx, func(tx *database.Tx) error { return l.accounts.SetAlias(tx, l.who.account, "bench") })
	if err != nil {
		return err
	}
	_, _, err = l.ask(nil, 1)
	return err
}

// through is one listing, page by page.
type through struct {
	*lister
	token *string
	seen  map[string]bool
}

func (l *lister) begin() *through { return &through{lister: l, seen: map[string]bool{}} }

// next asks for a page and adds how long it took.
func (t *through) next(took *time.Duration) error {
	got, one, err := t.ask(t.token, pageOfAccounts)
	if err != nil {
		return err
	}
	*took += one
	if len(got.Accounts) != pageOfAccounts {
		return fmt.Errorf("a page has %d accounts, not %d", len(got.Accounts), pageOfAccounts)
	}
	for _, a := range got.Accounts {
		if !t.ids[a.ID] || t.seen[a.ID] {
			return fmt.Errorf("the account %s is listed that is another's, or was listed before", a.ID)
		}
		t.seen[a.ID] = true
	}
	if t.token = got.NextToken; t.token == nil && len(t.seen) < len(t.ids) {
		return fmt.Errorf("the listing ended after %d of %d accounts", len(t.seen), len(t.ids))
	}
	return nil
}

// end sees to it that nothing is left.
func (t *through) end() error {
	if t.token != nil || len(t.seen) != len(t.ids) {
		return fmt.Errorf("%d of %d accounts were listed, and there is more", len(t.seen), len(t.ids))
	}
	return nil
}

type accountsPage struct {
	Accounts []struct {
		ID string `json:"Id"`
	}
	NextToken *string
}

// ask has AWS's client sign and reads the answer; what is timed is between.
func (l *lister) ask(token *string, most int32) (page accountsPage, took time.Duration, err error) {
	request, err := l.who.request(func(c aws.Config) error {
		_, err := organizations.NewFromConfig(c).ListAccounts(context.Background(), &organizations.ListAccountsInput{NextToken: token, MaxResults: &most})
		return err
	})
	if err != nil {
		return page, 0, err
	}
	begun := time.Now()
	got, err := l.connection.ask(request)
	took = time.Since(begun)
	if err == nil {
		err = got.want(http.StatusOK)
	}
	if err != nil {
		return page, 0, err
	}
	return page, took, json.Unmarshal(got.body, &page)
}
