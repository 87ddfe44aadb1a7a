package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/server"
)

// mortal is a process that dies at its n-th request: before it is sent, or when it was
// carried out and the answer is on its way.
type mortal struct {
	http.RoundTripper
	left   int
	behind bool
	die    context.CancelFunc
}

var errDead = errors.New("the process is dead")

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	m.left--
	switch {
	case m.left > 0:
		return m.RoundTripper.RoundTrip(r)
	case m.left == 0 && m.behind:
		if response, err := m.RoundTripper.RoundTrip(r); err == nil {
			response.Body.Close()
		}
	}
	m.die()
	return nil, errDead
}

// Whoever dies at a step leaves something that the next run makes complete, and nothing
// that it makes twice.
func TestDyingAtEveryThirdStep(t *testing.T) {
	t.Parallel()
	c := team(t, 2, nil)
	before := files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll, "permissionsets/old.json": `{"Name": "Old"}`,
		"assignments/old.json": strings.NewReplacer("Reader", "Old", `"1"`, `"2"`).Replace(toAll)}
	after := files{"permissionsets/reader.json": strings.NewReplacer("PT2H", "PT3H", "red", "blue").Replace(readSet), "assignments/all.json": toAll,
		"permissionsets/new.json": strings.Replace(readSet, "Reader", "New", 1), "assignments/new.json": strings.NewReplacer("Reader", "New", `"1"`, `"2"`).Replace(toAll)}
	client := c.client()
	for step, finished := 1, false; !finished; step += 3 {
		c.converge(client, before)
		p := c.plan(client, after)
		finished = c.dyingAt(p, step, step%4 < 2)
		// The next run takes the saved plan, or a new one.
		if step%2 == 0 {
			if o := c.apply(client, p, live.Applying{}); !o.Complete() {
				t.Fatalf("after dying at step %d: %+v", step, o)
			}
		}
		c.converge(client, after)
		if step > 100 {
			t.Fatal("applying never came to its end")
		}
	}
	if twice := c.twice(); len(twice) > 0 {
		t.Errorf("asked for twice: %v", twice)
	}
}

// dyingAt applies a plan one request at a time until the process dies, and tells whether
// it came to its end before.
func (c *company) dyingAt(p *pipeline.Plan, step int, behind bool) bool {
	c.t.Helper()
	ctx, die := context.WithCancel(c.t.Context())
	defer die()
	config := c.config()
	config.HTTPClient = &http.Client{Transport: &mortal{c.wire.RoundTripper, step, behind, die}}
	client := live.NewClient(live.Options{Config: config, Budget: live.NewBudget(2000, 1), Instance: p.Instance.ARN})
	client.Instance = p.Instance
	client.Apply(ctx, p.Changes, live.Applying{Grace: time.Millisecond})
	return ctx.Err() == nil
}

// An account side that loses answers, or gives them late, is brought to what files say,
// and nothing is asked for twice.
func TestAnAccountSideWithFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			c := team(t, 12, func(s *server.Config) { s.AWSFaults = &seed })
			client := c.client(func(o *live.Options) { o.Patience = 500 * time.Millisecond })
			f := files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll, "permissionsets/new.json": strings.Replace(readSet, "Reader", "New", 1),
				"assignments/new.json": strings.NewReplacer("Reader", "New", `"1"`, `"2"`).Replace(toAll)}
			c.converge(client, f)
			f["permissionsets/reader.json"] = strings.Replace(readSet, "PT2H", "PT3H", 1)
			c.converge(client, f)
			c.converge(client, files{})
			if twice := c.twice(); len(twice) > 0 {
				t.Errorf("asked for twice: %v", twice)
			}
		})
	}
}

// drawn is what somebody may have written, at random.
func drawn(rt *rapid.T, accounts []account.ID) files {
	f, sets := files{}, rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Admin", "Reader", "Ops", "Audit"}), 0, 4, rapid.ID[string]).Draw(rt, "sets")
	for _, set := range sets {
		text := map[string]any{"Name": set, "SessionDuration": rapid.SampledFrom([]string{"PT1H", "PT60M", "PT4H"}).Draw(rt, "duration"), "Description": rapid.SampledFrom([]string{"", "It's \"it\""}).Draw(rt, "description"),
			"RelayState":      rapid.SampledFrom([]string{"", "https://example.com/a?b=c"}).Draw(rt, "relay"),
			"ManagedPolicies": rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/job-function/Billing"}), 0, 3, rapid.ID[string]).Draw(rt, "managed"),
			"Tags":            rapid.SampledFrom([]map[string]string{{}, {"a": "b"}, {"a": "c", "d=e": "=f="}}).Draw(rt, "tags")}
		if rapid.Bool().Draw(rt, "inline") {
			text["CustomPolicy"] = json.RawMessage(inline)
		}
		if rapid.Bool().Draw(rt, "boundary") {
			text["PermissionBoundary"] = map[string]string{"PolicyType": "AWS", "Policy": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
		}
		f["permissionsets/"+set+".json"] = marshal(text)
		for i := range rapid.IntRange(0, 2).Draw(rt, "assignments") {
			sid := fmt.Sprint(set, i)
			entry := map[string]any{"SID": sid, "PermissionSetName": set, "ManagementAccount": rapid.SampledFrom([]string{"include", "exclude"}).Draw(rt, "management"),
				"PrincipalType": "GROUP", "PrincipalId": "Developers", "Target": []string{"Root"}}
			if rapid.Bool().Draw(rt, "user") {
				entry["PrincipalType"], entry["PrincipalId"] = "USER", "mary"
			}
			if rapid.Bool().Draw(rt, "one") {
				entry["Target"] = []string{string(rapid.SampledFrom(accounts).Draw(rt, "account"))}
			}
			f["assignments/"+sid+".json"] = marshal(map[string]any{"Assignments": []any{entry}})
		}
	}
	return f
}

func marshal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// From wherever one stands: after applying there is nothing to do, and what is imported
// says what there is.
func TestPlansAfterApplyingAndImportingAreEmpty(t *testing.T) {
	t.Parallel()
	c := team(t, 2, nil)
	client := c.client()
	anything := rapid.Custom(func(rt *rapid.T) files { return drawn(rt, c.accounts) })
	for seed := range 15 { // rapid.Check would run a hundred
		f := anything.Example(seed)
		c.converge(client, f)
		s, err := client.Everything(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		written, err := pipeline.Write(s)
		if err != nil {
			t.Fatalf("%v\nof %v", err, f)
		}
		imported := files{}
		for name, text := range written {
			imported[name] = string(text)
		}
		c.settled(client, imported)
	}
}
