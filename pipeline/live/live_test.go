package live_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/server"
)

// company is an organization on the embedded account side, with a client of its instance.
type company struct {
	*sallyporttest.Sallyport
	t        *testing.T
	center   identitycenter.Instance
	accounts []account.ID
	groups   map[string]string // ids by name
	users    map[string]string
	wire     *wire
}

// wire is what goes between client and server: it counts, delays, loses and refuses.
type wire struct {
	http.RoundTripper
	delay time.Duration
	// lose tells whether the answer to the n-th request of an operation gets lost.
	lose func(operation string, n int) bool
	// before is called before a request is sent.
	before func(operation string)

	mu       sync.Mutex
	asked    map[string]int
	sent     []time.Time
	inFlight int
	most     int
	refused  map[string]int // by exception
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if w.before != nil {
		w.before(operation)
	}
	w.mu.Lock()
	w.asked[operation]++
	n := w.asked[operation]
	w.sent = append(w.sent, time.Now())
	w.inFlight++
	w.most = max(w.most, w.inFlight)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.inFlight--
	}()
	if w.delay > 0 {
		time.Sleep(w.delay)
	}
	response, err := w.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if code := response.Header.Get("X-Amzn-Errortype"); code != "" {
		w.mu.Lock()
		w.refused[code]++
		w.mu.Unlock()
	}
	if w.lose != nil && w.lose(operation, n) {
		response.Body.Close()
		return nil, fmt.Errorf("the answer to %s is lost", operation)
	}
	return response, nil
}

// calls is how many requests were made since the last time.
func (w *wire) calls() (all int, asked map[string]int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked, w.asked = w.asked, map[string]int{}
	for _, n := range asked {
		all += n
	}
	return all, asked
}

func newCompany(t *testing.T, configure func(*server.Config)) *company {
	t.Helper()
	if configure == nil {
		configure = func(*server.Config) {}
	}
	s := sallyporttest.StartLike(t, configure)
	return &company{Sallyport: s, t: t, center: s.Center(), groups: map[string]string{}, users: map[string]string{},
		wire: &wire{RoundTripper: s.HTTP.Transport, asked: map[string]int{}, refused: map[string]int{}}}
}

func (c *company) config() aws.Config {
	return aws.Config{Region: "us-west-2", Credentials: c.Root(), BaseEndpoint: aws.String(c.URL() + "/aws"), HTTPClient: &http.Client{Transport: c.wire}}
}

// in is the same company, in a test of its own.
func (c *company) in(t *testing.T) *company {
	other := *c
	other.t = t
	return &other
}

// client has a budget that does not make tests wait.
func (c *company) client(options ...func(*live.Options)) *live.Client {
	c.t.Helper()
	o := live.Options{Config: c.config(), Budget: live.NewBudget(2000, 10)}
	for _, option := range options {
		option(&o)
	}
	client, err := live.Open(context.Background(), o)
	if err != nil {
		c.t.Fatal(err)
	}
	return client
}

func (c *company) read(client *live.Client, t *pipeline.Templates, full bool) *pipeline.Snapshot {
	c.t.Helper()
	s, err := client.ForFiles(c.t.Context(), t, full)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// files are templates, by name.
type files map[string]string

func (f files) templates(t *testing.T) *pipeline.Templates {
	t.Helper()
	folder := fstest.MapFS{"permissionsets/.gitkeep": {}, "assignments/.gitkeep": {}}
	for name, text := range f {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	read, err := pipeline.Read(folder, pipeline.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// plan plans from what exists now.
func (c *company) plan(client *live.Client, f files) *pipeline.Plan {
	c.t.Helper()
	templates := f.templates(c.t)
	p, err := pipeline.NewPlan(templates, c.read(client, templates, false), pipeline.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// apply applies a plan to what exists now.
func (c *company) apply(client *live.Client, p *pipeline.Plan, how live.Applying) *live.Outcome {
	c.t.Helper()
	now, err := client.ForPlan(c.t.Context(), p)
	if err != nil {
		c.t.Fatal(err)
	}
	changes, err := p.Remaining(now)
	if err != nil {
		c.t.Fatal(err)
	}
	return client.Apply(c.t.Context(), changes, how)
}

// converge plans and applies, and wants everything done, and nothing more to do.
func (c *company) converge(client *live.Client, f files) *live.Outcome {
	c.t.Helper()
	o := c.apply(client, c.plan(client, f), live.Applying{})
	if !o.Complete() {
		c.t.Fatalf("not everything was done: %+v", o)
	}
	c.settled(client, f)
	return o
}

func (c *company) settled(client *live.Client, f files) {
	c.t.Helper()
	if p := c.plan(client, f); !p.Empty() {
		var text strings.Builder
		p.WriteText(&text, false)
		c.t.Fatalf("after applying there is still to do:\n%s", &text)
	}
}

func (c *company) group(name string, members ...string) {
	c.t.Helper()
	c.Write(func(tx *database.Tx) error {
		g, err := c.Centers.CreateGroup(tx, c.center, identitycenter.GroupAttributes{DisplayName: name}, "test")
		c.groups[name] = string(g.ID)
		for _, member := range members {
			if err == nil {
				_, err = c.Centers.Join(tx, c.center, g.ID, identitycenter.UserID(c.users[member]), "test")
			}
		}
		return err
	})
}

func (c *company) user(name string) {
	c.t.Helper()
	c.Write(func(tx *database.Tx) error {
		u, err := c.Centers.CreateUser(tx, c.center, identitycenter.Attributes{UserName: name, DisplayName: name, Name: identitycenter.Name{GivenName: name, FamilyName: "Test"}}, "test")
		c.users[name] = string(u.ID)
		return err
	})
}

// member makes an account of the organization.
func (c *company) member(name string) account.ID {
	c.t.Helper()
	id := c.Member(name)
	c.accounts = append(c.accounts, id)
	return id
}

// unit makes an organizational unit below the root and moves accounts there.
func (c *company) unit(name string, accounts ...account.ID) (id org.NodeID) {
	c.t.Helper()
	c.Write(func(tx *database.Tx) error {
		o, err := c.Orgs.Of(tx.Reading(), c.Management())
		if err != nil {
			return err
		}
		unit, err := c.Orgs.CreateUnit(tx, o, org.NewUnit{Parent: o.Root, Name: name})
		id = unit.ID
		for _, a := range accounts {
			if err == nil {
				err = c.Orgs.Move(tx, o, a, o.Root, id)
			}
		}
		return err
	})
	return id
}

// set makes a permission set that is marked.
func (c *company) set(name string, tags account.Tags) (made identitycenter.PermissionSet) {
	c.t.Helper()
	c.Write(func(tx *database.Tx) (err error) {
		made, err = c.Centers.CreatePermissionSet(tx, c.center, identitycenter.NewPermissionSet{Name: name, Region: "us-west-2", Tags: tags})
		return err
	})
	return made
}

var ours = account.Tags{pipeline.ManagedTag: "true"}

func (c *company) assign(set identitycenter.PermissionSet, id account.ID, who identitycenter.Principal) {
	c.t.Helper()
	c.Write(func(tx *database.Tx) error {
		r, err := c.Centers.RequestAssignment(tx, set, id, who)
		if err != nil {
			return err
		}
		return c.Centers.FinishAssignment(tx, r.ID)
	})
}

func (c *company) toGroup(name string) identitycenter.Principal {
	return identitycenter.Principal{Type: identitycenter.GroupPrincipal, ID: c.groups[name]}
}

func (c *company) toUser(name string) identitycenter.Principal {
	return identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: c.users[name]}
}
