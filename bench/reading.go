package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/server"
)

// reading counts the requests of access as code over HTTP: to read what exists and plan
// when nothing has changed, as AWS would answer it, and to change assignments.
func (b *bench) reading() error {
	for i, size := range b.size.reads {
		data := filepath.Join(b.tmp, fmt.Sprint("reading-", i))
		o, err := b.readLimited(data, size)
		if err != nil {
			return err
		}
		if size.changes == 0 {
			continue
		}
		if err := b.changeAssignments(data, size, o); err != nil {
			return err
		}
	}
	return nil
}

// readSize is an organization whose every assignment is written down in files: each group
// has ten.
type readSize struct {
	accounts, units, sets, assignments int
	terraform                          int // requests of the public pipeline with its Terraform step, as it was counted once; 0: nobody did
	changes                            int // of assignments, one way and back
}

const ofGroup = 10

func (s readSize) groups() int { return s.assignments / ofGroup }

// leastByPrincipal is how many requests no client can do without that asks by principal:
// the instances and the roots, the sets and what each is like, one page for each
// principal, the accounts and the units, and the names.
func (s readSize) leastByPrincipal() int {
	return 2 + pagesOf(s.sets, 100) + 6*s.sets + s.groups() + pagesOf(s.accounts, 20) + 1 + s.units + pagesOf(s.groups(), 100)
}

// leastByPair is that for asking by permission set and account.
func (s readSize) leastByPair(pairs int) int {
	return s.leastByPrincipal() - s.groups() + s.sets + pairs
}

func pagesOf(items, most int) int { return max(1, (items+most-1)/most) }

// delay is what a request to AWS takes.
const delay = 60 * time.Millisecond

// counter counts requests on their way, and delays them.
type counter struct {
	http.RoundTripper
	delay time.Duration

	mu     sync.Mutex
	calls  int
	writes []string
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.mu.Lock()
	c.calls++
	if !strings.HasPrefix(operation, "List") && !strings.HasPrefix(operation, "Describe") && !strings.HasPrefix(operation, "Get") {
		c.writes = append(c.writes, operation)
	}
	c.mu.Unlock()
	time.Sleep(c.delay)
	return c.RoundTripper.RoundTrip(r)
}

// taken is how many requests there were since it was asked last.
func (c *counter) taken() (calls, writes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls, writes = c.calls, len(c.writes)
	c.calls, c.writes = 0, nil
	return calls, writes
}

// reader is a client that is counted.
func reader(ctx context.Context, s *site, key aws.Credentials, budget *live.Budget, pause time.Duration) (*live.Client, *counter, error) {
	c := &counter{RoundTripper: http.DefaultTransport, delay: pause}
	endpoint := "http://" + s.address + "/aws"
	client, err := live.Open(ctx, live.Options{Budget: budget, Config: aws.Config{
		Region: "us-west-2", BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: c},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return key, nil }),
	}})
	return client, c, err
}

// readLimited reads an organization that throttles as AWS does, within the budget that is
// the default, and sees to it that the plan is empty.
func (b *bench) readLimited(data string, size readSize) (o *readable, err error) {
	running, err := server.Start(b.ctx, server.Config{Data: data, Listen: "127.0.0.1:0", AWSLimits: true})
	if err != nil {
		return nil, err
	}
	s := &site{running, storesOf(running.DB(), running.Keys()), strings.TrimPrefix(running.URL(), "http://")}
	defer func() { err = errors.Join(err, s.Close()) }()
	b.say("making %d accounts, %d permission sets and %d assignments", size.accounts, size.sets, size.assignments)
	if o, err = s.fillReading(b.ctx, size); err != nil {
		return nil, err
	}
	for _, how := range []struct {
		name  string
		full  bool
		least int
	}{{"by principal", false, size.leastByPrincipal()}, {"by pair", true, size.leastByPair(len(o.pairs))}} {
		if how.full && size.changes == 0 {
			continue
		}
		budget := live.NewBudget(live.DefaultRate, live.DefaultInFlight)
		begun := time.Now()
		client, counted, err := reader(b.ctx, s, o.key, budget, delay)
		if err != nil {
			return nil, err
		}
		plan, err := planLive(b.ctx, client, o.files, how.full)
		if err == nil && !plan.Empty() {
			err = fmt.Errorf("the plan is not empty: %s", plan.Summary())
		}
		if err != nil {
			return nil, err
		}
		took := time.Since(begun)
		calls, writes := counted.taken()
		if _, throttled := budget.Spent(); throttled > 0 || writes > 0 {
			return nil, fmt.Errorf("of %d requests %d were throttled and %d were writes", calls, throttled, writes)
		}
		name := fmt.Sprintf("reading %d", size.assignments)
		note := fmt.Sprintf("%d of at least %d, none throttled, no write", calls, how.least)
		if size.terraform > 0 && !how.full {
			note += fmt.Sprintf("; the public pipeline with Terraform: %d", size.terraform)
		}
		what := fmt.Sprintf("%s, %d accounts, %d sets", how.name, size.accounts, size.sets)
		b.report(figure{name: name, what: "requests, by the least: " + what, samples: []float64{float64(calls) / float64(how.least)}, bound: 1.1, note: note})
		b.report(figure{name: name + " time", what: "by requests / 20 s, of 60 ms each: " + what, samples: []float64{took.Seconds() / (float64(calls) / live.DefaultRate)}, bound: 1.25,
			note: fmt.Sprintf("%.3g s", took.Seconds())})
	}
	return o, nil
}

func planLive(ctx context.Context, client *live.Client, files fstest.MapFS, full bool) (*pipeline.Plan, error) {
	templates, err := pipeline.Read(files, pipeline.ReadOptions{})
	if err != nil {
		return nil, err
	}
	s, err := client.ForFiles(ctx, templates, full)
	if err != nil {
		return nil, err
	}
	return pipeline.NewPlan(templates, s, pipeline.Options{})
}

// readable is an organization as it was made.
type readable struct {
	key   aws.Credentials
	files fstest.MapFS
	pairs map[string]bool // of permission sets and accounts
}

// fillReading makes the organization, and the files that say the same.
func (s *site) fillReading(ctx context.Context, size readSize) (*readable, error) {
	o, key, err := s.management(ctx)
	if err != nil {
		return nil, err
	}
	members, err := s.addAccounts(ctx, o, size.accounts-1)
	if err == nil {
		err = s.each(ctx, size.units, func(tx *database.Tx, i int) error {
			_, err := s.orgs.CreateUnit(tx, o, org.NewUnit{Parent: o.Root, Name: fmt.Sprint("unit-", i)})
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	var in identitycenter.Instance
	err = s.db.Read(ctx, func(tx *database.ReadTx) (err error) {
		in, err = s.centers.InstanceOf(tx, o.Management)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := &readable{key: key, files: fstest.MapFS{}, pairs: map[string]bool{}}
	sets := make([]identitycenter.PermissionSet, size.sets)
	err = s.each(ctx, size.sets, func(tx *database.Tx, i int) (err error) {
		name := fmt.Sprintf("set-%03d", i)
		r.files["permissionsets/"+name+".json"] = &fstest.MapFile{Data: fmt.Appendf(nil, `{"Name": %q}`, name)}
		sets[i], err = s.centers.CreatePermissionSet(tx, in, identitycenter.NewPermissionSet{Name: name, Region: "us-west-2", Tags: account.Tags{pipeline.ManagedTag: "true"}})
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, s.each(ctx, size.groups(), func(tx *database.Tx, i int) error { return s.assignGroup(tx, in, r, members, sets, i) })
}

// assignGroup makes a group with ten assignments, and the file that says so.
func (s *stores) assignGroup(tx *database.Tx, in identitycenter.Instance, r *readable, members []account.ID, sets []identitycenter.PermissionSet, i int) error {
	name := fmt.Sprintf("group-%04d", i)
	group, err := s.centers.CreateGroup(tx, in, identitycenter.GroupAttributes{DisplayName: name}, "bench")
	if err != nil {
		return err
	}
	var entries []string
	for j := range ofGroup {
		to, set := members[(7*i+j)%len(members)], sets[(i+j)%len(sets)]
		r.pairs[set.Name+string(to)] = true
		entries = append(entries, fmt.Sprintf(`{"SID": "%s-%d", "Target": ["%s"], "PrincipalType": "GROUP", "PrincipalId": %q, "PermissionSetName": %q}`, name, j, to, name, set.Name))
		request, err := s.centers.RequestAssignment(tx, set, to, identitycenter.Principal{Type: identitycenter.GroupPrincipal, ID: string(group.ID)})
		if err == nil {
			err = s.centers.FinishAssignment(tx, request.ID)
		}
		if err != nil {
			return err
		}
	}
	r.files["assignments/"+name+".json"] = &fstest.MapFile{Data: []byte(`{"Assignments": [` + strings.Join(entries, ",") + `]}`)}
	return nil
}

// changeAssignments takes assignments away, and gives them back.
func (b *bench) changeAssignments(data string, size readSize, o *readable) (err error) {
	s, err := serve(b.ctx, data, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	client, counted, err := reader(b.ctx, s, o.key, live.NewBudget(1000, live.DefaultInFlight), 0)
	if err != nil {
		return err
	}
	fewer := maps.Clone(o.files)
	for i := range size.changes / ofGroup {
		delete(fewer, fmt.Sprintf("assignments/group-%04d.json", i))
	}
	var each []float64
	for _, files := range []fstest.MapFS{fewer, o.files} {
		plan, err := planLive(b.ctx, client, files, false)
		if err != nil {
			return err
		}
		counted.taken()
		outcome := client.Apply(b.ctx, plan.Changes, live.Applying{})
		calls, _ := counted.taken()
		if !outcome.Complete() || len(plan.Changes) != size.changes {
			return fmt.Errorf("of %d changes, %d are wanted and %d were done", len(plan.Changes), size.changes, outcome.Count(live.Done))
		}
		each = append(each, float64(calls)/float64(size.changes))
	}
	b.report(figure{name: fmt.Sprintf("changing %d", size.changes), what: "requests, by changes of assignments: taken away, given back", samples: each, bound: 2.1})
	return nil
}
