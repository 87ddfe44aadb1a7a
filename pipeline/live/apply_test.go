package live_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/server"
)

const (
	readSet = `{"Name": "Reader", "Description": "Reads", "SessionDuration": "PT2H", "RelayState": "https://example.com/", "ManagedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"], "CustomPolicy": ` + inline + `, "Tags": {"team": "red"}}`
	toAll   = `{"Assignments": [{"SID": "1", "Target": ["Root"], "PrincipalType": "GROUP", "PrincipalId": "Developers", "PermissionSetName": "Reader", "ManagementAccount": "include"}]}`
)

// team has accounts and a group to assign.
func team(t *testing.T, accounts int, configure func(*server.Config)) *company {
	c := newCompany(t, configure)
	for i := range accounts {
		c.member(fmt.Sprint("member-", i))
	}
	c.user("mary")
	c.group("Developers", "mary")
	return c
}

func TestApplyMakesEverythingAndNothingTwice(t *testing.T) {
	t.Parallel()
	c := team(t, 3, nil)
	client, f := c.client(), files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	c.converge(client, f)

	// Nothing changed: not one write.
	c.wire.calls()
	o := c.apply(client, c.plan(client, f), live.Applying{})
	_, asked := c.wire.calls()
	for operation := range asked {
		if !strings.HasPrefix(operation, "List") && !strings.HasPrefix(operation, "Describe") && !strings.HasPrefix(operation, "Get") {
			t.Errorf("with nothing to do, %s was called", operation)
		}
	}
	if len(o.Results) != 0 {
		t.Errorf("there were results: %+v", o.Results)
	}

	// Every field changes.
	c.Write(func(tx *database.Tx) error {
		for _, a := range append(c.accounts, c.Management()) {
			if _, err := c.Accounts.CreatePolicy(tx, a, account.NewPolicy{Name: "Bounds", Path: "/", Document: inline}); err != nil {
				return err
			}
		}
		return nil
	})
	f["permissionsets/reader.json"] = `{"Name": "Reader", "Description": "Reads more", "SessionDuration": "PT4H", "ManagedPolicies": ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"],
		"CustomerManagedPolicies": ["Bounds"], "PermissionBoundary": {"PolicyType": "CUSTOMER", "Policy": "Bounds"}, "Tags": {"team": "blue", "cost": "1"}}`
	c.converge(client, f)
	set := c.setNamed("Reader")
	c.Read(func(tx *database.ReadTx) error {
		old, err := c.Centers.AccountsWith(tx, set, identitycenter.Outdated, identitycenter.Page{})
		if len(old) > 0 {
			t.Errorf("after applying, %v have an old version", old)
		}
		return err
	})
	f["permissionsets/reader.json"] = `{"Name": "Reader", "PermissionBoundary": {"PolicyType": "AWS", "Policy": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}`
	c.converge(client, f)

	// Removing a permission set with its assignments in one go: these go first.
	c.converge(client, files{})
	if s := c.read(client, files{}.templates(t), false); len(s.Sets)+len(s.Assignments) != 0 {
		t.Errorf("left are %+v and %+v", s.Sets, s.Assignments)
	}
}

func (c *company) setNamed(name string) (set identitycenter.PermissionSet) {
	c.t.Helper()
	c.Read(func(tx *database.ReadTx) (err error) {
		set, err = c.Centers.PermissionSetByName(tx, c.center, name)
		return err
	})
	return set
}

// A change of assignments takes two requests: one that asks for it, and one that sees it
// done. A tenth of one may be spent on asking too early.
func TestAssignmentsTakeTwoRequestsEach(t *testing.T) {
	t.Parallel()
	c := team(t, 40, nil)
	client, f := c.client(), files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	p := c.plan(client, files{"permissionsets/reader.json": readSet})
	c.apply(client, p, live.Applying{})
	for _, wanted := range []files{f, {"permissionsets/reader.json": readSet}} {
		p := c.plan(client, wanted)
		c.wire.calls()
		o := client.Apply(t.Context(), p.Changes, live.Applying{})
		all, asked := c.wire.calls()
		if k := len(p.Changes); !o.Complete() || k < 40 || all > 2*k+k/10 {
			t.Errorf("%d changes took %d requests: %v", k, all, asked)
		}
	}
}

func TestAFailureIsToldAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	c := team(t, 3, nil)
	client := c.client()
	f := files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll,
		"permissionsets/broken.json": `{"Name": "Broken", "CustomerManagedPolicies": ["Missing"]}`,
		"assignments/broken.json":    strings.NewReplacer("Reader", "Broken", `"1"`, `"2"`).Replace(toAll)}
	o := c.apply(client, c.plan(client, f), live.Applying{})
	if o.Count(live.Failed) != 4 || o.Count(live.Done) != 6 {
		t.Errorf("%d failed, %d done: %+v", o.Count(live.Failed), o.Count(live.Done), o.Results)
	}
	for _, r := range o.Results {
		if r.State == live.Failed && !strings.Contains(r.Cause, "policy/Missing does not exist in the AWS account") {
			t.Errorf("%s failed because %q", r.ID, r.Cause)
		}
	}
	// A set that cannot be created keeps what waits for it from being tried.
	f = files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll, "permissionsets/a.json": `{"Name": "Unknown", "ManagedPolicies": ["arn:aws:iam::aws:policy/NoSuchPolicy"]}`,
		"assignments/a.json": strings.NewReplacer("Reader", "Unknown", `"1"`, `"2"`).Replace(toAll)}
	o = c.apply(client, c.plan(client, f), live.Applying{})
	if o.Count(live.Skipped) != 4 || o.Count(live.Failed) != 1 {
		t.Errorf("%+v", o.Results)
	}
}

func TestTheCanaryGoesFirst(t *testing.T) {
	t.Parallel()
	c := team(t, 4, nil)
	client := c.client()
	f := files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	var order []string
	o := c.apply(client, c.plan(client, f), live.Applying{Canary: 2, Progress: func(r live.Result) {
		if r.Change.Account != "" {
			order = append(order, r.Change.Account)
		}
	}})
	if !o.Complete() || slices.Max(order[:2]) > slices.Min(order[2:]) {
		t.Errorf("the accounts came in the order %v: %+v", order, o)
	}
	// An update reaches two accounts first, and then all.
	f["permissionsets/reader.json"] = strings.Replace(readSet, "PT2H", "PT3H", 1)
	c.wire.calls()
	if o := c.apply(client, c.plan(client, f), live.Applying{Canary: 2}); !o.Complete() {
		t.Errorf("%+v", o)
	}
	if _, asked := c.wire.calls(); asked["ProvisionPermissionSet"] != 3 {
		t.Errorf("it was provisioned %d times", asked["ProvisionPermissionSet"])
	}
	c.settled(client, f)
	// What fails in them stops the rest.
	f["permissionsets/reader.json"] = `{"Name": "Reader", "CustomerManagedPolicies": ["Missing"]}`
	o = c.apply(client, c.plan(client, f), live.Applying{Canary: 1})
	if o.Count(live.Failed) != 1 || o.Stopped == "" {
		t.Errorf("%+v", o)
	}
	f["permissionsets/reader.json"] = readSet
	c.converge(client, f)
}

// What is cut off in the middle of changing a permission set is found again: its accounts
// get it, although nothing differs any more.
func TestAnUnprovisionedSetIsFoundAgain(t *testing.T) {
	t.Parallel()
	c := team(t, 2, nil)
	client, f := c.client(), files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	c.converge(client, f)
	f["permissionsets/reader.json"] = strings.Replace(readSet, "PT2H", "PT3H", 1)
	p := c.plan(client, f)
	ctx, interrupt := context.WithCancel(t.Context())
	c.wire.before = func(operation string) {
		if operation == "UpdatePermissionSet" {
			interrupt()
		}
	}
	o := client.Apply(ctx, p.Changes, live.Applying{})
	c.wire.before = nil
	if o.Stopped == "" || o.Count(live.Left) != 1 || o.Count(live.Done) != 1 {
		t.Fatalf("%+v", o)
	}
	// The same plan goes on, and so does a new one.
	if again := c.plan(client, f); len(again.Changes) != 1 || again.Changes[0].Action != "provision" {
		t.Errorf("a new plan has %+v", again.Changes)
	}
	if o := c.apply(client, p, live.Applying{}); !o.Complete() || len(o.Results) != 1 {
		t.Errorf("%+v", o)
	}
	c.settled(client, f)
}

// Answers get lost behind the change they are about. Nothing is made twice, and all is
// made.
func TestLostAnswersAreLookedUp(t *testing.T) {
	t.Parallel()
	c := team(t, 6, nil)
	f := files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	for _, lost := range []string{"CreatePermissionSet", "CreateAccountAssignment", "PutInlinePolicyToPermissionSet", "AttachManagedPolicyToPermissionSet", "TagResource", "UpdatePermissionSet", "ProvisionPermissionSet", "UntagResource", "DeleteAccountAssignment", "DeletePermissionSet"} {
		t.Run(lost, func(t *testing.T) {
			client, c := c.client(), c.in(t)
			c.wire.lose = func(operation string, n int) bool { return operation == lost && n%2 == 1 }
			defer func() { c.wire.lose = nil }()
			g := maps.Clone(f)
			c.wire.calls()
			c.converge(client, g)
			g["permissionsets/reader.json"] = strings.Replace(readSet, "PT2H", "PT3H", 1)
			c.converge(client, g)
			c.converge(client, files{})
			if _, asked := c.wire.calls(); asked[lost] < 2 && !strings.HasPrefix(lost, "Create") && !strings.HasPrefix(lost, "Delete") && lost != "ProvisionPermissionSet" {
				t.Errorf("%s was asked %d times", lost, asked[lost])
			}
		})
	}
	if twice := c.twice(); len(twice) > 0 {
		t.Errorf("made twice: %v", twice)
	}
}

// twice are the assignments that were asked for, or ended, more than once.
func (c *company) twice() (found []string) {
	c.t.Helper()
	c.Read(func(tx *database.ReadTx) (err error) {
		found, err = database.All(tx, database.Value[string], `select kind || ' ' || account_id || ' ' || permission_set_id from center_requests where kind <> 'PROVISIONING'
			group by kind, permission_set_id, account_id, principal_id having count(*) > 1`)
		return err
	})
	return found
}

func TestInterruptingEndsSoonAndSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	c := team(t, 8, func(s *server.Config) { s.AWSLimits = true })
	client, f := c.client(func(o *live.Options) { o.Budget = live.NewBudget(18, 2) }), files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	p := c.plan(client, f)
	ctx, interrupt := context.WithCancel(t.Context())
	begun := time.Time{}
	o := client.Apply(ctx, p.Changes, live.Applying{Grace: 6 * time.Second, Progress: func(r live.Result) {
		if r.Action == "assign" && begun.IsZero() {
			begun = time.Now()
			interrupt()
		}
	}})
	if took := time.Since(begun); took > 8*time.Second {
		t.Errorf("it went on for %s", took)
	}
	if o.Count(live.Left) < 5 || o.Count(live.Underway) > 2 || o.Count(live.Failed) > 0 || o.Stopped == "" {
		t.Errorf("%+v", o)
	}
}

// Ten changes may be in flight, AWS takes seconds for each, and throttles.
func TestApplyKeepsToWhatAWSAllows(t *testing.T) {
	t.Parallel()
	c := team(t, 14, func(s *server.Config) { s.AWSLimits = true })
	client, f := c.client(func(o *live.Options) { o.Budget = live.NewBudget(19, 10) }), files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	p := c.plan(client, f)
	c.wire.calls()
	o := client.Apply(t.Context(), p.Changes, live.Applying{})
	all, asked := c.wire.calls()
	if !o.Complete() || o.Throttled > 0 {
		t.Errorf("%+v", o)
	}
	t.Logf("%d changes, %d requests: %v", len(p.Changes), all, asked)
	if diff := cmp.Diff(all, o.Calls); diff != "" {
		t.Errorf("requests made and counted: %s", diff)
	}
}
