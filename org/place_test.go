package org_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/policy"
)

// tree is an organization kept as plainly as can be.
type tree struct {
	parent   map[string]string          // of units and accounts
	attached map[string]map[string]bool // service control policies by target
}

// place is what the store should say of an account: path, and policies by level.
func (m tree) place(o org.Organization, id string) (string, [][]string) {
	chain := []string{id}
	for at := id; at != string(o.Root); {
		at = m.parent[at]
		chain = append([]string{at}, chain...)
	}
	levels := make([][]string, len(chain))
	for i, target := range chain {
		for _, p := range slices.Sorted(maps.Keys(m.attached[target])) {
			levels[i] = append(levels[i], p+" on "+target)
		}
	}
	return string(o.ID) + "/" + strings.Join(chain[:len(chain)-1], "/") + "/", levels
}

func names(levels [][]policy.Named) [][]string {
	out := make([][]string, len(levels))
	for i, level := range levels {
		for _, p := range level {
			out[i] = append(out[i], p.Name)
		}
		slices.Sort(out[i])
	}
	return out
}

// Whatever happens to the tree, an account's place is what the tree says.
func TestPlaceFollowsTheTree(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		w.enable(o, org.ServiceControl)
		m := tree{parent: map[string]string{}, attached: map[string]map[string]bool{string(o.Root): {string(org.FullAccess): true}}}
		nodes, accounts := []string{string(o.Root)}, []string{}
		add := func(id, parent string) {
			m.parent[id], m.attached[id] = parent, map[string]bool{string(org.FullAccess): true}
		}
		for i := range 6 {
			unit := string(w.unit(o, org.NodeID(nodes[i/2]), fmt.Sprint(i)))
			add(unit, nodes[i/2])
			nodes = append(nodes, unit)
		}
		for i := range 4 {
			id := string(w.member(o, fmt.Sprint("dev", i)))
			add(id, string(o.Root))
			accounts = append(accounts, id)
		}
		var policies []string
		for i := range 3 {
			policies = append(policies, string(w.policy(o, org.ServiceControl, fmt.Sprint(i), denying("s3:*"))))
		}
		policies = append(policies, string(org.FullAccess))
		targets := append(slices.Clone(nodes), accounts...)
		steps := 0
		rapid.Check(t, func(r *rapid.T) {
			if steps++; steps > 25 { // the tree goes on from one check to the next
				return
			}
			for range 4 {
				switch rapid.IntRange(0, 2).Draw(r, "step") {
				case 0:
					id, to := rapid.SampledFrom(accounts).Draw(r, "account"), rapid.SampledFrom(nodes).Draw(r, "to")
					err := w.write(func(tx *database.Tx) error {
						return w.Move(tx, o, account.ID(id), org.NodeID(m.parent[id]), org.NodeID(to))
					})
					if (err == nil) != (m.parent[id] != to) {
						r.Fatalf("move %s from %s to %s: %v", id, m.parent[id], to, err)
					}
					m.parent[id] = to
				case 1:
					p, target := rapid.SampledFrom(policies).Draw(r, "policy"), rapid.SampledFrom(targets).Draw(r, "target")
					err := w.write(func(tx *database.Tx) error { return w.Attach(tx, o, org.PolicyID(p), org.TargetID(target)) })
					if (err == nil) == m.attached[target][p] {
						r.Fatalf("attach %s to %s: %v", p, target, err)
					}
					m.attached[target][p] = true
				case 2:
					p, target := rapid.SampledFrom(policies).Draw(r, "policy"), rapid.SampledFrom(targets).Draw(r, "target")
					err := w.write(func(tx *database.Tx) error { return w.Detach(tx, o, org.PolicyID(p), org.TargetID(target)) })
					if (err == nil) != (m.attached[target][p] && len(m.attached[target]) > 1) {
						r.Fatalf("detach %s from %s: %v", p, target, err)
					}
					if err == nil {
						delete(m.attached[target], p)
					}
				}
			}
			for _, id := range accounts {
				got := look(w, func(tx *database.ReadTx) (*org.Place, error) { return w.Place(tx, account.ID(id)) })
				path, levels := m.place(o, id)
				if got.Path != path || got.Organization != o.ID || got.Management != o.Management || got.ResourceControl != nil {
					r.Fatalf("%s is at %+v, want %s", id, got, path)
				}
				for _, level := range levels {
					slices.Sort(level)
				}
				if diff := cmp.Diff(levels, names(got.ServiceControl)); diff != "" {
					r.Fatalf("policies over %s: %s", id, diff)
				}
			}
		})
	})
}

func TestPlaceOfOthers(t *testing.T) {
	each(t, func(w *world) {
		alone := w.account("alone")
		place := func(id account.ID) *org.Place {
			return look(w, func(tx *database.ReadTx) (*org.Place, error) { return w.Place(tx, id) })
		}
		if got := place(alone); got != nil {
			t.Errorf("an account that stands alone is at %+v", got)
		}
		o := w.organization("boss")
		member := w.member(o, "dev")
		if got := place(member); got.ServiceControl != nil || got.ResourceControl != nil {
			t.Errorf("with no type enabled, %+v", got)
		}
		w.enable(o, org.ServiceControl)
		w.enable(o, org.ResourceControl)
		if got := place(member); len(got.ServiceControl) != 2 || len(got.ResourceControl) != 2 {
			t.Errorf("a member of the root is at %+v", got)
		}
		if got := place(o.Management); got == nil || got.ServiceControl != nil || got.ResourceControl != nil || got.Path != fmt.Sprintf("%s/%s/", o.ID, o.Root) {
			t.Errorf("the management account is at %+v", got)
		}
		w.do(func(tx *database.Tx) error { return w.Remove(tx, o, member) })
		if got := place(member); got != nil {
			t.Errorf("an account that has left is at %+v", got)
		}
	})
}

func principal(id account.ID) *account.Principal {
	return &account.Principal{Principal: policy.Principal{Kind: policy.AccountRoot, Account: string(id), ARN: id.Root()}}
}

func TestLocate(t *testing.T) {
	each(t, func(w *world) {
		o, other := w.organization("boss"), w.organization("rival")
		member, delegate := w.member(o, "dev"), w.member(o, "security")
		unit, foreign := w.unit(o, o.Root, "a"), w.unit(other, other.Root, "a")
		scp := w.policy(o, org.ServiceControl, "s", denying("s3:*"))
		rcp := w.policy(o, org.ResourceControl, "r", denyingAll("s3:*"))
		for _, id := range []string{string(unit), string(rcp), string(member)} {
			w.do(func(tx *database.Tx) error { return w.Tag(tx, o, id, account.Tags{"team": "red"}) })
		}
		w.do(func(tx *database.Tx) error { return w.EnableService(tx, o, "sso.amazonaws.com") })
		w.do(func(tx *database.Tx) error { return w.RegisterDelegate(tx, o, delegate, "sso.amazonaws.com") })
		locate := func(as account.ID, name string) *account.Resource {
			t.Helper()
			return look(w, func(tx *database.ReadTx) (*account.Resource, error) { return w.Locate(tx, principal(as), name) })
		}
		arn := func(format string, args ...any) string {
			return fmt.Sprintf("arn:aws:organizations::%s:", o.Management) + fmt.Sprintf(format, args...)
		}
		for name, want := range map[string]account.Resource{
			"ou/" + string(unit):           {ARN: arn("ou/%s/%s", o.ID, unit), Tags: account.Tags{"team": "red"}},
			"target/" + string(unit):       {ARN: arn("ou/%s/%s", o.ID, unit), Tags: account.Tags{"team": "red"}},
			"ou/" + string(foreign):        {ARN: arn("ou/%s/%s", o.ID, foreign)},
			"root/" + string(o.Root):       {ARN: arn("root/%s/%s", o.ID, o.Root)},
			"account/" + string(member):    {ARN: arn("account/%s/%s", o.ID, member), Tags: account.Tags{"team": "red"}},
			"target/" + string(member):     {ARN: arn("account/%s/%s", o.ID, member), Tags: account.Tags{"team": "red"}},
			"account/000000000000":         {ARN: arn("account/%s/000000000000", o.ID)},
			"policy/" + string(scp):        {ARN: arn("policy/%s/service_control_policy/%s", o.ID, scp), Context: policy.Context{"organizations:policytype": {"SERVICE_CONTROL_POLICY"}}},
			"policy/p-nosuchid":            {ARN: arn("policy/%s/service_control_policy/p-nosuchid", o.ID)},
			"policy/p-FullAWSAccess":       {ARN: "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", Context: policy.Context{"organizations:policytype": {"SERVICE_CONTROL_POLICY"}}},
			"type/TAG_POLICY":              {ARN: arn("organization/%s", o.ID), Context: policy.Context{"organizations:policytype": {"TAG_POLICY"}}},
			"organization/":                {ARN: arn("organization/%s", o.ID)},
			"handshake/h-12345678":         {ARN: arn("handshake/%s/invite/h-12345678", o.ID)},
			arn("ou/%s/%s", o.ID, unit):    {ARN: arn("ou/%s/%s", o.ID, unit), Tags: account.Tags{"team": "red"}},
			"arn:aws:organizations::1:x/y": {ARN: "arn:aws:organizations::1:x/y"},
			"policy/" + string(rcp): {ARN: arn("policy/%s/resource_control_policy/%s", o.ID, rcp), Tags: account.Tags{"team": "red"},
				Context: policy.Context{"organizations:policytype": {"RESOURCE_CONTROL_POLICY"}}},
		} {
			if diff := cmp.Diff(want, *locate(o.Management, name)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		// To a member with no part in it, what exists and what does not look alike.
		for _, name := range []string{"ou/" + string(unit), "ou/" + string(foreign), "account/" + string(member)} {
			if got := locate(member, name); got.Tags != nil || got.Policy != nil || got.Account != "" || !strings.HasPrefix(got.ARN, arn("")) {
				t.Errorf("a member is told %+v of %s", got, name)
			}
		}
		if got := locate(member, "self/"); got.ARN != arn("account/%s/%s", o.ID, member) || got.Account != "" || got.Tags["team"] != "red" {
			t.Errorf("a member is told %+v of itself", got)
		}
		// A delegated administrator comes in as another account, by a policy that lets it read.
		got := locate(delegate, "ou/"+string(unit))
		if got.Account != o.Management || len(got.Policy) != 1 || got.Tags["team"] != "red" {
			t.Fatalf("a delegated administrator is told %+v", got)
		}
		for action, want := range map[string]policy.Effect{
			"organizations:ListAccounts": policy.Allow, "organizations:DescribeOrganizationalUnit": policy.Allow,
			"organizations:DeleteOrganizationalUnit": policy.ImplicitDeny,
		} {
			everything, err := policy.Compile(policy.Identity, allowing("*"))
			if err != nil {
				t.Fatal(err)
			}
			decision := policy.Evaluate(&policy.Request{Principal: principal(delegate).Principal, Action: action, Resource: got.ARN, ResourceAccount: string(got.Account)},
				&policy.Policies{Resource: got.Policy, Identity: []policy.Named{{Name: "all", Policy: everything}}})
			if decision.Effect != want {
				t.Errorf("%s as a delegated administrator: %v", action, decision)
			}
		}
		alone := w.account("alone")
		if got := locate(alone, "ou/"+string(unit)); got.Tags != nil || strings.Contains(got.ARN, string(o.ID)) {
			t.Errorf("a stranger is told %+v", got)
		}
	})
}
