package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// someSet draws a permission set from few values, so that sets are often alike.
func someSet(t *rapid.T, name string) PermissionSet {
	pick := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(t, what) }
	s := PermissionSet{
		Name: name, Description: pick("description", "", "People", "Machines"), SessionDuration: pick("duration", "PT1H", "PT60M", "PT8H"),
		RelayState: pick("relay", "", "https://console.aws.amazon.com/"), InlinePolicy: pick("inline", "",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}]}`,
			`{"Statement":{"Resource":"*","Action":["s3:PutObject","s3:GetObject"],"Effect":"Allow"},"Version":"2012-10-17"}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}`),
	}
	s.ManagedPolicies = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/Newest"}), 0, 2, rapid.ID[string]).Draw(t, "managed")
	s.CustomerManagedPolicies = rapid.SliceOfNDistinct(rapid.SampledFrom([]CustomerPolicy{{"/", "Lake"}, {"/teams/", "Lake"}, {"/", "Glue"}}), 0, 2, rapid.ID[CustomerPolicy]).Draw(t, "customer")
	switch pick("boundary", "", "aws", "customer") {
	case "aws":
		s.Boundary = &Boundary{ManagedPolicy: "arn:aws:iam::aws:policy/PowerUserAccess"}
	case "customer":
		s.Boundary = &Boundary{CustomerPolicy: &CustomerPolicy{"/", "Bound"}}
	}
	if rapid.Bool().Draw(t, "tagged") {
		s.Tags = map[string]string{"Team": pick("team", "", "data", "shop")}
	} else if rapid.Bool().Draw(t, "said to have none") {
		s.Tags = map[string]string{}
	}
	s.normalize()
	return s
}

var setNames = []string{"Admin", "admin", "ReadOnly", "Data", ".hidden"}

// someSnapshot draws what exists, wholly read.
func someSnapshot(t *rapid.T) *Snapshot {
	s := company()
	for i := range s.Accounts {
		s.Accounts[i].Parent = rapid.SampledFrom(s.Units).Draw(t, "parent").ID
		s.Accounts[i].Status = rapid.SampledFrom([]string{Active, Active, Active, "SUSPENDED"}).Draw(t, "status")
	}
	for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(setNames), rapid.ID[string]).Draw(t, "live sets") {
		set := LiveSet{ARN: "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-" + name, PermissionSet: someSet(t, name)}
		set.Marks = rapid.SampledFrom([]map[string]string{nil, ours, ours, {AdoptedTag: "true"}, {AdoptedTag: "true", UnprovisionedTag: "true"}}).Draw(t, "marks")
		for _, account := range s.Accounts {
			for _, who := range append(s.Read.Principals, Principal{Group, "g-deleted"}) {
				if rapid.IntRange(0, 4).Draw(t, "assigned") == 0 {
					s.Assignments = append(s.Assignments, Assignment{set.ARN, account.ID, who})
					set.Provisioned = sortedWith(set.Provisioned, account.ID)
				}
			}
		}
		s.Sets = append(s.Sets, set)
	}
	return covered(s)
}

// someFiles draws files of the same names.
func someFiles(t *rapid.T) *Templates {
	r := newReading(ReadOptions{})
	names := rapid.SliceOfDistinct(rapid.SampledFrom(setNames), rapid.ID[string]).Draw(t, "sets")
	for i, name := range names {
		set := someSet(t, name)
		text, err := setText(&set)
		if err != nil {
			t.Fatal(err)
		}
		r.file(fmt.Sprintf("permissionsets/%d.json", i), text)
	}
	targets := rapid.SampledFrom([]string{"Root", "222222222222", "shop-dev:333333333333", "old-shop:666666666666", "ou-ab12-work0001", "ou-ab12-work0001:*", "path:/Workloads/Production", "path:/:*", "tag:Stage=prod", "r-ab12"})
	type entry struct {
		SID               string
		Target, Exclude   []string
		PrincipalType     PrincipalType
		PrincipalId       []string
		PermissionSetName []string
		ManagementAccount Management `json:",omitempty"`
	}
	var entries []entry
	for i := range rapid.IntRange(0, 4).Draw(t, "assignments") {
		if len(names) == 0 {
			break
		}
		e := entry{
			SID: fmt.Sprint(i), Target: rapid.SliceOfNDistinct(targets, 1, 3, rapid.ID[string]).Draw(t, "targets"), Exclude: rapid.SliceOfNDistinct(targets, 0, 1, rapid.ID[string]).Draw(t, "exclude"),
			PrincipalType: Group, PrincipalId: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"platform", "developers"}), 1, 2, rapid.ID[string]).Draw(t, "groups"),
			PermissionSetName: rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 2, rapid.ID[string]).Draw(t, "assigned sets"),
			ManagementAccount: rapid.SampledFrom([]Management{Unsaid, Include, Exclude}).Draw(t, "management"),
		}
		if rapid.Bool().Draw(t, "user") {
			e.PrincipalType, e.PrincipalId = User, []string{"mary@example.com"}
		}
		entries = append(entries, e)
	}
	text, err := json.Marshal(map[string]any{"Assignments": orNone(entries)})
	if err != nil {
		t.Fatal(err)
	}
	r.file("assignments/a.json", text)
	templates, err := r.done()
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

func TestAfterAPlanThereIsNothingLeftToPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, templates := someSnapshot(t), someFiles(t)
		o := known
		if rapid.Bool().Draw(t, "adopt") {
			o.Adopt = []string{"*"}
		}
		p, err := NewPlan(templates, s, o)
		var problems Problems
		if errors.As(err, &problems) && len(o.Adopt) == 0 {
			t.Skip("it is not ours")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := p.sound(); err != nil {
			t.Fatal(err)
		}
		again, err := NewPlan(templates, After(s, p), o)
		if err != nil {
			t.Fatal(err)
		}
		if !again.Empty() {
			t.Fatalf("%v leave %v", changeIDs(p), changeIDs(again))
		}
		if changed := slices.ContainsFunc(p.Changes, func(c Change) bool {
			live := newWorldOf(t, s).sets[c.Set]
			return live != nil && !live.Managed() && len(o.Adopt) == 0
		}); changed {
			t.Fatalf("something that is not ours is changed: %v", changeIDs(p))
		}
	})
}

func newWorldOf(t *rapid.T, s *Snapshot) *world {
	w, err := newWorld(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// An apply that stopped anywhere, and begins again, does the rest and nothing twice.
func TestWhatRemainsIsWhatWasNotDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, templates := someSnapshot(t), someFiles(t)
		o := Options{Adopt: []string{"*"}}
		p, err := NewPlan(templates, s, o)
		if err != nil {
			t.Fatal(err)
		}
		done, some := map[string]bool{}, &Plan{}
		var rest []string
		for _, c := range p.Changes {
			ready := !slices.ContainsFunc(c.Needs, func(id string) bool { return !done[id] })
			if c.Action != ProvisionSet && ready && rapid.Bool().Draw(t, "done") {
				done[c.ID] = true
				some.Changes = append(some.Changes, c)
				continue
			}
			rest = append(rest, c.ID)
		}
		halfway := After(s, some)
		for _, c := range p.Changes { // as apply does, which marks before it changes
			if c.Action == ProvisionSet && done["update/"+c.Set] {
				live := newWorldOf(t, halfway).sets[c.Set]
				_, live.Marks = SplitTags(live.Marks)
				live.Marks[UnprovisionedTag] = "true"
			}
		}
		left, err := p.Remaining(halfway)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range left {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, rest) {
			t.Fatalf("remaining %v\nwant %v", got, rest)
		}
		if left, err := p.Remaining(After(s, p)); err != nil || len(left) != 0 {
			t.Fatalf("when all is done: %v %v", left, err)
		}
	})
}

func TestWhatExistsIsWrittenAsFilesWhosePlanIsEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if _, err := Write(someSnapshot(t)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPlansAndSnapshotsReadBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, templates := someSnapshot(t), someFiles(t)
		back, err := DecodeSnapshot(s.Encode())
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Adopt: []string{"*"}, Managed: managed}
		p, err := NewPlan(templates, back, o)
		if err != nil {
			t.Fatal(err)
		}
		first, err := NewPlan(templates, s, o)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first.Encode()), string(p.Encode())); diff != "" {
			t.Fatalf("the plan of a saved snapshot differs: %s", diff)
		}
		again, err := DecodePlan(p.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(again.Encode()), string(p.Encode())); diff != "" {
			t.Fatalf("a saved plan differs: %s", diff)
		}
	})
}
