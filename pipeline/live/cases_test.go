package live_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
)

// What the public pipeline gets wrong where it reads and writes, each tried against an
// account side. What it gets wrong in its files is tried in package pipeline.

func TestCase3RemovingASetAndItsAssignmentsAtOnce(t *testing.T) {
	t.Parallel()
	c := team(t, 2, nil)
	client := c.client()
	c.converge(client, files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll})
	o := c.converge(client, files{})
	if last := o.Results[len(o.Results)-1]; len(o.Results) != 4 || last.Action != pipeline.DeleteSet || last.State != live.Done {
		t.Errorf("%+v", o.Results)
	}
}

func TestCase4NothingIsRewrittenAndOutcomesAreAwaited(t *testing.T) {
	t.Parallel()
	c := team(t, 2, nil)
	client, f := c.client(), files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	f["permissionsets/other.json"], f["assignments/other.json"] = strings.Replace(readSet, "Reader", "Other", 1), strings.NewReplacer("Reader", "Other", `"1"`, `"2"`).Replace(toAll)
	c.converge(client, f)
	c.wire.calls()
	f["permissionsets/other.json"] = strings.NewReplacer("Reader", "Other", "PT2H", "PT3H").Replace(readSet)
	c.converge(client, f)
	if _, asked := c.wire.calls(); asked["UpdatePermissionSet"] != 1 || asked["ProvisionPermissionSet"] != 1 || asked["DescribePermissionSetProvisioningStatus"] == 0 || asked["CreateAccountAssignment"] != 0 {
		t.Errorf("to change one of two permission sets, there were %v", asked)
	}
}

func TestCase8ListsOfSeveralPagesAreRead(t *testing.T) {
	t.Parallel()
	c := newCompany(t, nil)
	for i := range 24 {
		c.member(fmt.Sprint("member-", i))
	}
	f, entries := files{}, []string{}
	for i := range 104 {
		name := fmt.Sprintf("Set%03d", i)
		c.group(name)
		set := c.set(name, ours)
		f["permissionsets/"+name+".json"] = `{"Name": "` + name + `"}`
		c.assign(set, c.accounts[i%24], c.toGroup("Set000"))
		entries = append(entries, fmt.Sprintf(`{"SID": %q, "Target": [%q], "PrincipalType": "GROUP", "PrincipalId": "Set000", "PermissionSetName": %q}`, name, c.accounts[i%24], name))
	}
	f["assignments/all.json"] = `{"Assignments": [` + strings.Join(entries, ",") + `]}`
	for _, full := range []bool{false, true} {
		s := c.read(c.client(), f.templates(t), full)
		if len(s.Accounts) != 25 || len(s.Groups) != 104 || len(s.Sets) != 104 || len(s.Assignments) != 104 {
			t.Errorf("%d accounts, %d groups, %d permission sets and %d assignments were read", len(s.Accounts), len(s.Groups), len(s.Sets), len(s.Assignments))
		}
	}
	c.settled(c.client(), f)
}

func TestCase9AMovedAccountIsBroughtIntoLine(t *testing.T) {
	t.Parallel()
	c := team(t, 2, nil)
	unit := c.unit("Workloads", c.accounts[0])
	client, f := c.client(), files{"permissionsets/reader.json": readSet, "assignments/all.json": strings.NewReplacer(`"Root"`, fmt.Sprintf("%q", "Workloads:"+string(unit)), "include", "exclude").Replace(toAll)}
	c.converge(client, f)
	c.Write(func(tx *database.Tx) error {
		o, err := c.Orgs.Of(tx.Reading(), c.Management())
		if err == nil {
			err = c.Orgs.Move(tx, o, c.accounts[0], unit, o.Root)
		}
		if err == nil {
			err = c.Orgs.Move(tx, o, c.accounts[1], o.Root, unit)
		}
		return err
	})
	if o := c.converge(client, f); len(o.Results) != 2 {
		t.Errorf("for one account that left and one that came: %+v", o.Results)
	}
}

// An assignment that was not read must not pass for one that is gone, or not there.
func TestAnIncompleteSnapshotIsRefused(t *testing.T) {
	t.Parallel()
	c := team(t, 1, nil)
	client, f := c.client(), files{"permissionsets/reader.json": readSet, "assignments/all.json": toAll}
	c.converge(client, f)
	p := c.plan(client, files{"permissionsets/reader.json": readSet})
	s := c.read(client, f.templates(t), false)
	s.Read, s.Assignments = pipeline.Coverage{}, nil
	if changes, err := p.Remaining(s); err == nil {
		t.Errorf("it has %+v left", changes)
	}
}
