package live_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
)

const inline = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`

// deployFile describes the permission set of demo.
var deployFile = files{"permissionsets/deploy.json": `{"Name": "Deploy", "CustomPolicy": ` + inline + `}`}

// demo has two accounts in a unit, groups and users, a set of ours and one of others'.
func demo(t *testing.T) (c *company, shop, lab account.ID) {
	c = newCompany(t, nil)
	shop, lab = c.member("shop"), c.member("lab")
	c.unit("Workloads", shop, lab)
	c.user("mary")
	c.user("jane")
	c.group("Developers", "mary")
	deploy := c.set("Deploy", ours)
	c.Write(func(tx *database.Tx) error {
		return c.Centers.PutInlinePolicy(tx, deploy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`)
	})
	c.set("Others", account.Tags{"SSO": "true", "SSOPipeline": "tr"})
	c.assign(deploy, shop, c.toGroup("Developers"))
	c.assign(deploy, lab, c.toUser("jane"))
	return c, shop, lab
}

func TestReadByPrincipalAndByPairFindTheSame(t *testing.T) {
	t.Parallel()
	c, shop, lab := demo(t)
	client := c.client()
	byPrincipal, byPair := c.read(client, deployFile.templates(t), false), c.read(client, deployFile.templates(t), true)
	if diff := cmp.Diff(byPrincipal.Assignments, byPair.Assignments); diff != "" {
		t.Errorf("by principal (-) and by pair (+):\n%s", diff)
	}
	s := byPrincipal
	if got, want := len(s.Assignments), 2; got != want {
		t.Errorf("%d assignments, want %d: %+v", got, want, s.Assignments)
	}
	if got, want := len(s.Read.Principals), 3; got != want {
		t.Errorf("%d principals were asked about, want %d", got, want)
	}
	deploy := s.Sets[slices.IndexFunc(s.Sets, func(s pipeline.LiveSet) bool { return s.Name == "Deploy" })]
	if !deploy.Managed() || deploy.InlinePolicy == "" || deploy.SessionDuration != "PT1H" {
		t.Errorf("Deploy is read as %+v", deploy)
	}
	others := s.Sets[slices.IndexFunc(s.Sets, func(s pipeline.LiveSet) bool { return s.Name == "Others" })]
	if others.Managed() {
		t.Error("a set with tags that only resemble the marks counts as ours")
	}
	if s.ManagementAccount != string(c.Management()) || s.Instance.Owner != s.ManagementAccount {
		t.Errorf("the management account is %s, the owner %s, want %s", s.ManagementAccount, s.Instance.Owner, c.Management())
	}
	for _, id := range []account.ID{shop, lab} {
		a := s.Accounts[slices.IndexFunc(s.Accounts, func(a pipeline.Account) bool { return a.ID == string(id) })]
		if i := slices.IndexFunc(s.Units, func(u pipeline.Unit) bool { return u.ID == a.Parent }); i < 0 || s.Units[i].Name != "Workloads" {
			t.Errorf("account %s is below %q", id, a.Parent)
		}
	}
	if _, asked := c.wire.calls(); asked["GetInlinePolicyForPermissionSet"] != 2 {
		t.Errorf("policies of a set that is not ours were asked for: %v", asked)
	}
}

// Who is gone from the identity store may hold assignments still. Only reading by pair
// finds them.
func TestFullReadingFindsAssignmentsOfWhoIsGone(t *testing.T) {
	t.Parallel()
	c, _, _ := demo(t)
	c.Write(func(tx *database.Tx) error {
		_, err := tx.Exec(`update account_assignments set principal_id = '11111111-2222-3333-4444-555555555555' where principal_id = $1`, c.users["jane"])
		return err
	})
	client := c.client()
	if s := c.read(client, deployFile.templates(t), false); len(s.Assignments) != 1 {
		t.Errorf("by principal: %+v", s.Assignments)
	}
	if s := c.read(client, deployFile.templates(t), true); len(s.Assignments) != 2 {
		t.Errorf("by pair: %+v", s.Assignments)
	}
}

func TestReadWhatFilesSpeakOf(t *testing.T) {
	t.Parallel()
	c, _, _ := demo(t)
	f := maps.Clone(deployFile)
	f["assignments/tagged.json"] = `{"Assignments": [{"SID": "1", "Target": ["tag:stage=prod"], "PrincipalType": "USER", "PrincipalId": "nobody", "PermissionSetName": "Deploy"}]}`
	f["guards/mary.json"] = `{"Guards": [{"expect": "user mary cannot reach every account with Deploy"}]}`
	s := c.read(c.client(), f.templates(t), false)
	if diff := cmp.Diff(map[string][]string{c.users["mary"]: {c.groups["Developers"]}}, s.Memberships); diff != "" {
		t.Error(diff)
	}
	for _, a := range s.Accounts {
		if a.Tags == nil {
			t.Errorf("the tags of %s were not read", a.ID)
		}
	}
	if len(s.Groups) != 1 || len(s.Users) != 2 {
		t.Errorf("groups %+v, users %+v", s.Groups, s.Users)
	}
}

// With one permission set and two accounts, asking for each of many users would cost more
// than asking for each account.
func TestReadByPairWhereThereAreMorePrincipals(t *testing.T) {
	t.Parallel()
	c, _, _ := demo(t)
	for i := range 4 {
		c.user(string(rune('a'+i)) + "-user")
	}
	s := c.read(c.client(), deployFile.templates(t), false)
	if len(s.Read.Sets) != 1 || len(s.Read.Principals) != 0 || len(s.Assignments) != 2 {
		t.Errorf("read %+v and found %+v", s.Read, s.Assignments)
	}
}

func TestSeveralInstancesNeedAChoice(t *testing.T) {
	t.Parallel()
	c := newCompany(t, nil)
	other := c.member("other")
	root := c.RootOf(other)
	made, err := root.SSOAdmin().CreateInstance(t.Context(), &ssoadmin.CreateInstanceInput{})
	if err != nil {
		t.Fatal(err)
	}
	config := c.config()
	config.Credentials = root
	if _, err := live.Open(t.Context(), live.Options{Config: config}); err == nil || !strings.Contains(err.Error(), "choose one with --instance") {
		t.Errorf("with two instances to choose from: %v", err)
	}
	if _, err := live.Open(t.Context(), live.Options{Config: config, Instance: *made.InstanceArn + "0"}); err == nil || !strings.Contains(err.Error(), "there is no instance") {
		t.Errorf("with an instance that there is not: %v", err)
	}
	client, err := live.Open(t.Context(), live.Options{Config: config, Instance: *made.InstanceArn})
	if err != nil || client.Instance.ARN != *made.InstanceArn {
		t.Errorf("%+v, %v", client, err)
	}
}
