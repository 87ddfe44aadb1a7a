package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sallyport/sallyport/pipeline"
)

// State is what became of a change.
type State string

// The states.
const (
	Done     State = "done"
	Failed   State = "failed"
	Skipped  State = "skipped"  // what it waits for was not done
	Underway State = "underway" // asked for, and not awaited: applying was interrupted
	Left     State = "left"     // not begun
)

// Result is what became of a change, and why.
type Result struct {
	Change *pipeline.Change `json:"-"`
	ID     string           `json:"id"`
	Action pipeline.Action  `json:"action"`
	State  State            `json:"state"`
	Cause  string           `json:"cause,omitempty"`
}

// Outcome is what became of a plan.
type Outcome struct {
	Results   []Result `json:"results"` // in the order of the plan
	Calls     int      `json:"calls"`   // requests made, reads and repeated ones too
	Throttled int      `json:"throttled"`
	// Stopped says why changes were left, when any were.
	Stopped string `json:"stopped,omitempty"`
}

// Count is how many changes are in a state.
func (o *Outcome) Count(s State) (n int) {
	for _, r := range o.Results {
		if r.State == s {
			n++
		}
	}
	return n
}

// Complete tells whether everything in the plan is so now.
func (o *Outcome) Complete() bool { return o.Count(Done) == len(o.Results) }

// Applying says how a plan is carried out.
type Applying struct {
	// Canary is how many accounts go first; what follows waits until everything in them
	// is done, and is left when something failed. 0: all at once.
	Canary int
	// Progress is told of each change that has ended, one at a time. Nil: nobody is.
	Progress func(Result)
	// Grace is how long, after an interruption, what has been asked for is awaited.
	// 0: [DefaultGrace].
	Grace time.Duration
}

// DefaultGrace is longer than most operations take.
const DefaultGrace = 10 * time.Second

// Apply carries changes out: those of a plan that [pipeline.Plan.Remaining] says are still
// to be done, which has seen that the plan still holds.
//
// They run side by side within the budget, each behind those it waits for. One that
// fails is reported with its cause, and everything that does not wait for it goes on.
// When the context is cancelled nothing new is begun, and what was asked for is awaited
// for a moment. Whatever was cut off, by that or worse, is found by reading again:
// nothing is kept but what AWS keeps.
func (c *Client) Apply(ctx context.Context, changes []pipeline.Change, how Applying) *Outcome {
	how.Grace = cmp.Or(how.Grace, DefaultGrace)
	a := &applying{Client: c, how: how, asking: ctx, made: map[string]string{}, provisions: map[string]bool{}, results: map[string]*Result{}}
	o := &Outcome{Results: make([]Result, len(changes))}
	for i := range changes {
		change := &changes[i]
		o.Results[i] = Result{Change: change, ID: change.ID, Action: change.Action, State: Left}
		a.results[change.ID] = &o.Results[i]
		if change.Action == pipeline.ProvisionSet {
			a.provisions[change.Set] = true
		}
	}
	calls, throttled := c.Budget.Spent()
	working, stop := lasting(ctx, how.Grace)
	defer stop()
	a.stages(ctx, working, changes, o)
	if ctx.Err() != nil && o.Stopped == "" {
		o.Stopped = "it was interrupted"
	}
	o.Calls, o.Throttled = c.Budget.Spent()
	o.Calls, o.Throttled = o.Calls-calls, o.Throttled-throttled
	return o
}

// lasting is a context that outlives another by a while.
func lasting(ctx context.Context, grace time.Duration) (context.Context, func()) {
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return working, func() { stop(); cancel() }
}

// applying is a plan that is being carried out.
type applying struct {
	*Client
	how        Applying
	asking     context.Context    // cancelled when nothing new is to be asked for
	provisions map[string]bool    // names of sets that the plan provisions
	results    map[string]*Result // by id
	made       map[string]string  // ARNs of sets that were created, by name
	mu         sync.Mutex         // for results and made
}

// stages runs the canary, and then the rest.
func (a *applying) stages(ctx, working context.Context, changes []pipeline.Change, o *Outcome) {
	if first := canary(changes, a.how.Canary); first != nil {
		a.run(ctx, working, first.steps(a, changes))
		if failed := o.Count(Failed) + o.Count(Underway); failed > 0 && ctx.Err() == nil {
			o.Stopped = fmt.Sprintf("%d changes failed in the accounts that went first", failed)
			return
		}
	}
	var rest []step
	for i := range changes {
		if change := &changes[i]; a.results[change.ID].State == Left {
			rest = append(rest, step{change, func(ctx context.Context) (State, error) { return Done, a.do(ctx, change) }})
		}
	}
	a.run(ctx, working, rest)
}

// first is the accounts that go first.
type first map[string]bool

func canary(changes []pipeline.Change, many int) first {
	var accounts []string
	for i := range changes {
		accounts = append(accounts, changes[i].Accounts...)
		if id := changes[i].Account; id != "" {
			accounts = append(accounts, id)
		}
	}
	slices.Sort(accounts)
	accounts = slices.Compact(accounts)
	if many <= 0 || many >= len(accounts) {
		return nil
	}
	f := first{}
	for _, id := range accounts[:many] {
		f[id] = true
	}
	return f
}

// steps are what the accounts that go first need: permission sets made and changed,
// provisioned there, and the assignments there. Provisioning the others is the rest's.
func (f first) steps(a *applying, changes []pipeline.Change) (steps []step) {
	taken := map[string]bool{}
	for i := range changes {
		change := &changes[i]
		if slices.ContainsFunc(change.Needs, func(id string) bool { return !taken[id] }) {
			continue
		}
		do := func(ctx context.Context) (State, error) { return Done, a.do(ctx, change) }
		switch change.Action {
		case pipeline.DeleteSet:
			continue
		case pipeline.ProvisionSet:
			do = func(ctx context.Context) (State, error) { return Left, a.provisionIn(ctx, change, f) }
		case pipeline.Assign, pipeline.Unassign:
			if !f[change.Account] {
				continue
			}
		}
		taken[change.ID] = true
		steps = append(steps, step{change, do})
	}
	return steps
}

// step is a change, or what is to be done of it first.
type step struct {
	*pipeline.Change
	do func(context.Context) (State, error)
}

// run does steps in their order, as many at a time as the budget lets wait for answers,
// each when those it needs are done.
func (a *applying) run(ctx, working context.Context, steps []step) {
	r := &running{applying: a, waiting: map[string]int{}, needed: map[string][]int{}, blocked: map[string]string{}}
	r.cond.L = &r.mu
	here := map[string]bool{}
	for _, s := range steps {
		here[s.ID] = true
	}
	for i, s := range steps {
		for _, id := range s.Needs {
			if here[id] {
				r.waiting[s.ID]++
				r.needed[id] = append(r.needed[id], i)
			}
		}
		if r.waiting[s.ID] == 0 {
			r.ready = append(r.ready, i)
		}
	}
	r.steps, r.left = steps, len(steps)
	defer context.AfterFunc(ctx, func() { r.mu.Lock(); r.interrupted = true; r.mu.Unlock(); r.cond.Broadcast() })()
	var workers sync.WaitGroup
	// Twice: while one operation is awaited another can ask.
	for range min(2*cap(a.Budget.requests), len(steps)) {
		workers.Go(func() { r.work(working) })
	}
	workers.Wait()
}

// running is a run of steps.
type running struct {
	*applying
	steps []step

	mu          sync.Mutex
	cond        sync.Cond
	ready       []int             // steps that may begin, in order
	waiting     map[string]int    // how many steps each waits for
	needed      map[string][]int  // which wait for each
	blocked     map[string]string // why a step cannot be done
	left        int               // steps that have not ended
	interrupted bool
}

func (r *running) work(ctx context.Context) {
	for {
		r.mu.Lock()
		for len(r.ready) == 0 && r.left > 0 && !r.interrupted {
			r.cond.Wait()
		}
		if r.left == 0 || r.interrupted {
			r.mu.Unlock()
			return
		}
		i := r.ready[0]
		r.ready = r.ready[1:]
		why := r.blocked[r.steps[i].ID]
		r.mu.Unlock()
		r.ended(i, r.step(ctx, r.steps[i], why))
	}
}

// step does one, unless something stands in its way.
func (r *running) step(ctx context.Context, s step, why string) State {
	if why != "" {
		r.result(s.Change, Skipped, why)
		return Skipped
	}
	state, err := s.do(ctx)
	switch {
	case err == nil:
	case errors.Is(err, errLeft):
		return Underway
	case ctx.Err() != nil:
		state = Underway
	default:
		state = Failed
	}
	cause := ""
	if err != nil {
		cause = told(err).Error()
	}
	if state != Left {
		r.result(s.Change, state, cause)
	}
	return state
}

// ended lets those begin that waited for a step.
func (r *running) ended(i int, state State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left--
	for _, next := range r.needed[r.steps[i].ID] {
		id := r.steps[next].ID
		if state != Done && state != Left {
			r.blocked[id] = fmt.Sprintf("it waits for %s", r.steps[i].ID)
		}
		if r.waiting[id]--; r.waiting[id] == 0 {
			r.ready = append(r.ready, next)
			slices.Sort(r.ready)
		}
	}
	r.cond.Broadcast()
}

func (a *applying) result(change *pipeline.Change, state State, cause string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.results[change.ID]
	r.State, r.Cause = state, cause
	if a.how.Progress != nil {
		a.how.Progress(*r)
	}
}

var errNoSet = errors.New("its permission set does not exist")

// arn is that of the permission set that a change is about.
func (a *applying) arn(change *pipeline.Change) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if arn := cmp.Or(change.SetARN, a.made[change.Set]); arn != "" {
		return arn, nil
	}
	return "", errNoSet
}

// do carries out one change.
func (a *applying) do(ctx context.Context, change *pipeline.Change) error {
	if change.Action == pipeline.CreateSet {
		return a.createSet(ctx, change)
	}
	set, err := a.arn(change)
	if err != nil {
		return err
	}
	switch change.Action {
	case pipeline.UpdateSet:
		return a.updateSet(ctx, change, set)
	case pipeline.ProvisionSet:
		return a.provision(ctx, set)
	case pipeline.DeleteSet:
		return a.deleteSet(ctx, set)
	case pipeline.Assign, pipeline.Unassign:
		return a.assignment(ctx, pipeline.Assignment{Set: set, Account: change.Account, Principal: *change.Principal}, change.Action == pipeline.Assign)
	}
	return fmt.Errorf("there is no action %q", change.Action)
}

// provisionIn provisions a set in the accounts that go first.
func (a *applying) provisionIn(ctx context.Context, change *pipeline.Change, f first) error {
	set, err := a.arn(change)
	if err != nil {
		return err
	}
	accounts := newFan(ctx)
	for _, id := range change.Accounts {
		if f[id] {
			accounts.do(func() error { return a.spreadTo(accounts, set, id) })
		}
	}
	return accounts.wait()
}
