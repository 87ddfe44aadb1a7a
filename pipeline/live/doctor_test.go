package live_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/server"
)

// limited is a session of a role that may do what the statements say, and more.
func (c *company) limited(name string, statements []live.Statement) *sallyporttest.Signer {
	c.t.Helper()
	management := string(c.Management())
	role := c.Root().Role(name, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"`+management+`"},"Action":"sts:AssumeRole"}}`, string(live.Policy(statements)))
	return c.Root().User(name, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"`+role+`"}}`).Assume(role)
}

// How a caller fares who has the documented policy, and one who lacks a statement of it.
func TestTheLeastPolicyIsEnoughAndEachStatementIsNeeded(t *testing.T) {
	t.Parallel()
	c := team(t, 1, nil)
	c.user("alone")
	// One permission set is changed and provisioned, one is new, one goes; a user is looked
	// up by name and one's groups are asked for.
	before := files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll, "permissionsets/old.json": `{"Name": "Old"}`,
		"assignments/old.json": strings.NewReplacer("Reader", "Old", `"1"`, `"2"`).Replace(toAll)}
	after := files{"permissionsets/reader.json": strings.Replace(readSet, "PT2H", "PT3H", 1), "assignments/all.json": toAll,
		"permissionsets/new.json": `{"Name": "New"}`, "assignments/new.json": strings.NewReplacer("Reader", "New", `"1"`, `"2"`).Replace(toAll),
		"guards/alone.json": `{"Guards": [{"expect": "user alone cannot reach every account with New"}]}`}
	root := c.client()
	run := func(who *sallyporttest.Signer) error {
		c.converge(root, before)
		config := c.config()
		config.Credentials = who
		client, err := live.Open(t.Context(), live.Options{Config: config, Budget: live.NewBudget(2000, 10)})
		if err != nil {
			return err
		}
		templates := after.templates(t)
		s, err := client.ForFiles(t.Context(), templates, false)
		if err != nil {
			return err
		}
		p, err := pipeline.NewPlan(templates, s, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		changes, err := p.Remaining(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range client.Apply(t.Context(), changes, live.Applying{}).Results {
			if r.State == live.Failed {
				return fmt.Errorf("%s: %s", r.ID, r.Cause)
			}
		}
		return nil
	}
	if err := run(c.limited("enough", live.Statements)); err != nil {
		t.Errorf("with the documented policy: %v", err)
	}
	for i, missing := range live.Statements {
		less := slices.Delete(slices.Clone(live.Statements), i, i+1)
		err := run(c.limited("less-"+missing.Sid, less))
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") || !slices.ContainsFunc(missing.Action, func(action string) bool { return strings.Contains(err.Error(), action) }) {
			t.Errorf("without %s: %v", missing.Sid, err)
		}
	}
}

func levels(findings []live.Finding, level live.Level) (texts []string) {
	for _, f := range findings {
		if f.Level == level {
			texts = append(texts, f.Subject+": "+f.Message+" "+f.Fix)
		}
	}
	return texts
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	c := team(t, 2, nil)
	client := func(who *sallyporttest.Signer) *live.Client {
		o := live.Options{Config: c.config(), Budget: live.NewBudget(2000, 10)}
		o.Config.Credentials = who
		return live.NewClient(o)
	}
	if found := levels(client(c.Root()).Examine(t.Context(), live.Examination{}), live.Problem); len(found) > 0 {
		t.Errorf("of an organization as it is made: %v", found)
	}
	for _, test := range []struct {
		name string
		who  *sallyporttest.Signer
		made func()
		how  live.Examination
		want []string // of problems
	}{
		{"a key that is nobody's", c.Nobody(), nil, live.Examination{}, []string{"credentials: AWS does not know the caller"}},
		{"a caller who may do nothing", c.Root().User("nothing", ""), nil, live.Examination{}, []string{"permissions: sso:ListInstances: AccessDeniedException"}},
		{"a caller who may only read", c.limited("reads", append(slices.Clone(live.Statements[:4]), live.Statement{Sid: "Look", Effect: "Allow", Action: []string{"iam:SimulatePrincipalPolicy"}, Resource: "*"})), nil, live.Examination{},
			[]string{"may not sso:CreatePermissionSet, sso:UpdatePermissionSet", "attach the statement Provision", "attach the statement WriteAssignments"}},
		{"an account that does not administer the instance", c.RootOf(c.accounts[0]), nil, live.Examination{},
			[]string{"delegated administrator: The instance is of account " + string(c.Management()) + ", and " + string(c.accounts[0]) + " does not administer it. aws organizations register-delegated-administrator"}},
		{"an account without a policy that a permission set needs", c.Root(), func() {
			c.Write(func(tx *database.Tx) error {
				_, err := c.Accounts.CreatePolicy(tx, c.Management(), account.NewPolicy{Name: "Bounds", Path: "/", Document: inline})
				return err
			})
			set := c.set("Bounded", ours)
			c.Write(func(tx *database.Tx) error {
				return c.Centers.AttachPolicy(tx, set, identitycenter.PolicyRef("/Bounds"))
			})
			c.assign(set, c.Management(), c.toGroup("Developers"))
		}, live.Examination{Templates: files{"permissionsets/bounded.json": `{"Name": "Bounded", "CustomerManagedPolicies": ["Bounds", "Gone"]}`}.templates(t)},
			[]string{"has no policy /Gone, which Bounded needs. aws iam create-policy --policy-name Gone"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.made != nil {
				test.made()
			}
			found := levels(client(test.who).Examine(t.Context(), test.how), live.Problem)
			for _, want := range test.want {
				if !slices.ContainsFunc(found, func(text string) bool { return strings.Contains(text, want) }) {
					t.Errorf("%q is not among %q", want, found)
				}
			}
		})
	}
	c.Write(func(tx *database.Tx) error {
		o, err := c.Orgs.Of(tx.Reading(), c.Management())
		if err != nil {
			return err
		}
		return c.Orgs.Close(tx, o, c.accounts[1])
	})
	if notes := levels(client(c.Root()).Examine(t.Context(), live.Examination{}), live.Note); !slices.ContainsFunc(notes, func(text string) bool {
		return strings.Contains(text, string(c.accounts[1])+" (member-1) is SUSPENDED")
	}) {
		t.Errorf("the notes are %q", notes)
	}
}

func TestDoctorWithoutAnInstance(t *testing.T) {
	t.Parallel()
	s := sallyporttest.StartLike(t, func(c *server.Config) { c.Bare = true })
	c := &company{Sallyport: s, t: t, wire: &wire{RoundTripper: s.HTTP.Transport, asked: map[string]int{}, refused: map[string]int{}}}
	found := levels(live.NewClient(live.Options{Config: c.config()}).Examine(t.Context(), live.Examination{}), live.Problem)
	if len(found) != 1 || !strings.Contains(found[0], "There is no instance of IAM Identity Center in us-west-2. aws sso-admin create-instance") {
		t.Errorf("%q", found)
	}
}
