package live_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/server"
)

// busiest is how many requests were made in the fullest window of a second.
func busiest(sent []time.Time) (most int) {
	slices.SortFunc(sent, time.Time.Compare)
	from := 0
	for i := range sent {
		for sent[i].Sub(sent[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

func TestReadingKeepsToTheBudget(t *testing.T) {
	t.Parallel()
	c := newCompany(t, nil)
	for i := range 12 {
		c.set("Set"+string(rune('A'+i)), ours)
	}
	c.wire.delay = 30 * time.Millisecond
	c.read(c.client(func(o *live.Options) { o.Budget = live.NewBudget(50, 3) }), files{}.templates(t), false)
	// A clock's tick on either side may put one more into a second.
	if most := busiest(c.wire.sent); most > 51 {
		t.Errorf("%d requests within a second, and 50 may be", most)
	}
	if c.wire.most > 3 {
		t.Errorf("%d requests in flight, and 3 may be", c.wire.most)
	}
}

// A budget that is larger than what AWS gives is learnt down, and everything is read in
// the end.
func TestABudgetLearnsFromThrottling(t *testing.T) {
	t.Parallel()
	c := newCompany(t, func(s *server.Config) { s.AWSLimits = true })
	for i := range 10 {
		c.set("Set"+string(rune('A'+i)), ours)
	}
	budget := live.NewBudget(60, 10)
	s := c.read(c.client(func(o *live.Options) { o.Budget = budget }), files{}.templates(t), false)
	calls, throttled := budget.Spent()
	if len(s.Sets) != 10 || throttled == 0 || budget.Rate() >= 60 {
		t.Errorf("%d permission sets were read with %d calls, %d of them throttled; the rate is %g", len(s.Sets), calls, throttled, budget.Rate())
	}
	if all, _ := c.wire.calls(); all != calls {
		t.Errorf("%d requests were made, and %d counted", all, calls)
	}
}
