package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The cases in which the public pipeline fails, as far as files and plans meet them; those
// that concern calls of AWS's are tried by package live.

const adminSet = `{"Name": "Admin", "SessionDuration": "PT4H", "ManagedPolicies": ["arn:aws:iam::aws:policy/AdministratorAccess"]}`

func adminTo(target string, more ...string) string {
	return fmt.Sprintf(`{"Assignments": [{"SID": "a", "Target": [%s], "PrincipalType": "GROUP", "PrincipalId": "platform", "PermissionSetName": "Admin"%s}]}`, target, strings.Join(append([]string{""}, more...), ", "))
}

// live is a set of the instance, with marks.
func live(name string, marks map[string]string) LiveSet {
	return LiveSet{ARN: "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-" + strings.ToLower(name), Marks: marks,
		PermissionSet: PermissionSet{Name: name, SessionDuration: "PT4H", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}}}
}

var ours = map[string]string{ManagedTag: "true"}

// companyWith has sets, all read, and assignments of the first of them to platform.
func companyWith(sets []LiveSet, accounts ...string) *Snapshot {
	s := company()
	s.Sets = sets
	for _, id := range accounts {
		s.Assignments = append(s.Assignments, Assignment{sets[0].ARN, id, Principal{Group, "g-platform"}})
		s.Sets[0].Provisioned = append(s.Sets[0].Provisioned, id)
	}
	return covered(s)
}

func TestCase1TheTargetRootIsEveryActiveAccount(t *testing.T) {
	p := mustPlan(t, map[string]string{"permissionsets/a.json": adminSet, "assignments/a.json": adminTo(`"Root"`, `"ManagementAccount": "include"`)}, company())
	var got []string
	for _, a := range p.Matches[0].Accounts {
		got = append(got, a.Account)
	}
	if want := []string{"111111111111", "222222222222", "333333333333", "444444444444", "555555555555"}; !slices.Equal(got, want) {
		t.Errorf("matched %v", got)
	}
	if out := p.Matches[0].LeftOut; len(out) != 1 || out[0] != (MatchAccount{"666666666666", "it is SUSPENDED"}) {
		t.Errorf("left out %v", out)
	}
}

func TestCase2OwnershipIsAWholeTag(t *testing.T) {
	for _, tag := range []map[string]string{
		{"SSO": "true"}, {"S": "true"}, {"SSOPipeline": "True"}, {"SSOPipeline": "false"}, {"SSOPipeline": ""}, {"ssopipeline": "true"}, {"SSOPipelines": "true"},
		{"sallyport:managed": "yes"}, {"sallyport:manage": "true"}, {"Sallyport:managed": "true"}, nil,
	} {
		_, marks := SplitTags(tag)
		if p := mustPlan(t, nil, companyWith([]LiveSet{live("Stranger", marks)}, "222222222222")); !p.Empty() {
			t.Errorf("%v: %v", tag, changeIDs(p))
		}
	}
	for _, tag := range []map[string]string{{"SSOPipeline": "true"}, {"sallyport:managed": "true"}} {
		_, marks := SplitTags(tag)
		p := mustPlan(t, nil, companyWith([]LiveSet{live("Gone", marks)}, "222222222222"))
		if want := []string{"unassign/Gone/222222222222/GROUP/g-platform", "delete/Gone"}; !slices.Equal(changeIDs(p), want) {
			t.Errorf("%v: %v", tag, changeIDs(p))
		}
	}
}

func TestCase3ASetIsDeletedBehindItsAssignments(t *testing.T) {
	p := mustPlan(t, nil, companyWith([]LiveSet{live("Gone", ours)}, "222222222222", "333333333333"))
	last := p.Changes[len(p.Changes)-1]
	if last.Action != DeleteSet || len(last.Needs) != 2 {
		t.Fatalf("last of all: %+v", last)
	}
	for _, c := range p.Changes[:2] {
		if c.Action != Unassign || !slices.Contains(last.Needs, c.ID) {
			t.Errorf("%s is not waited for", c.ID)
		}
	}
}

func TestCase4WhatHasNotChangedIsNotWritten(t *testing.T) {
	files := map[string]string{"permissionsets/a.json": adminSet, "assignments/a.json": adminTo(`"shop-dev:333333333333"`)}
	if p := mustPlan(t, files, companyWith([]LiveSet{live("Admin", ours)}, "333333333333")); !p.Empty() || p.Estimate != (Estimate{}) {
		t.Errorf("%v, %+v", changeIDs(p), p.Estimate)
	}
	// And one change is that change, and what has it is provisioned.
	files["permissionsets/a.json"] = strings.Replace(adminSet, "PT4H", "PT8H", 1)
	p := mustPlan(t, files, companyWith([]LiveSet{live("Admin", ours)}, "333333333333"))
	if want := []string{"update/Admin", "provision/Admin"}; !slices.Equal(changeIDs(p), want) {
		t.Errorf("%v", changeIDs(p))
	}
	if fields := p.Changes[0].Fields; len(fields) != 1 || fields[0].Field != SessionDuration {
		t.Errorf("%+v", fields)
	}
}

func TestCase5AnUnknownPrincipalIsToldWithItsPlace(t *testing.T) {
	files := map[string]string{"permissionsets/a.json": adminSet, "assignments/a.json": strings.Replace(adminTo(`"Root"`), `"platform"`, `"platfrom"`, 1)}
	got := wrong(t, files, company())
	if want := "templates/assignments/a.json:1:92: There is no group \"platfrom\" in the identity store.\n    Did you mean \"platform\"?"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	files["assignments/a.json"] = strings.NewReplacer("GROUP", "USER").Replace(adminTo(`"Root"`))
	if got := wrong(t, files, company()); !strings.Contains(got, "There is a group of that name: is PrincipalType GROUP meant?") {
		t.Errorf("got %s", got)
	}
	twins := company()
	twins.Groups = append(twins.Groups, NamedPrincipal{"g-other", "platform"})
	twins.Read.Principals = append(twins.Read.Principals, Principal{Group, "g-other"})
	files["assignments/a.json"] = adminTo(`"Root"`)
	if got := wrong(t, files, twins); !strings.Contains(got, `There are 2 groups called "platform"`) {
		t.Errorf("got %s", got)
	}
}

func TestCase6AnAssignmentOfASetThatIsNotOursSaysSo(t *testing.T) {
	// No file describes it.
	got := wrong(t, map[string]string{"permissionsets/a.json": strings.Replace(adminSet, "Admin", "Admins", 1), "assignments/a.json": adminTo(`"Root"`)}, company())
	if want := "templates/assignments/a.json:1:125: No file describes the permission set \"Admin\": only those of the files can be assigned.\n    Did you mean Admins? Otherwise describe it in a file of permissionsets."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// A file describes what somebody else made.
	files := map[string]string{"permissionsets/a.json": adminSet, "assignments/a.json": adminTo(`"shop-dev:333333333333"`)}
	got = wrong(t, files, companyWith([]LiveSet{live("Admin", nil)}))
	if !strings.Contains(got, `The permission set "Admin" is not ours, and "a" assigns it where it is not.`) || !strings.Contains(got, "--adopt Admin") {
		t.Errorf("got %s", got)
	}
	files["permissionsets/a.json"] = strings.Replace(adminSet, "PT4H", "PT8H", 1)
	if got = wrong(t, files, companyWith([]LiveSet{live("Admin", nil)})); !strings.Contains(got, `exists, is not ours and differs from the file in SessionDuration`) {
		t.Errorf("got %s", got)
	}
	// Asked for, it is taken over.
	p, err := NewPlan(mustRead(t, files), companyWith([]LiveSet{live("Admin", nil)}), Options{Adopt: []string{"Admin"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"update/Admin", "assign/Admin/333333333333/GROUP/g-platform"}; !slices.Equal(changeIDs(p), want) || p.Changes[0].Marks[ManagedTag] != "true" {
		t.Errorf("%v %v", changeIDs(p), p.Changes[0].Marks)
	}
}

func TestCase7TargetsAreReadWholeAndLabelsCompared(t *testing.T) {
	for target, want := range map[string]string{
		`"shop-dev:3333333333333"`:                        `"shop-dev:3333333333333" is no target.`,
		`"shop-dev:333333333333x"`:                        `is no target.`,
		`"x333333333333"`:                                 `is no target.`,
		`"shop-dev:ou-ab12-dev00001/333"`:                 `is no target.`,
		`"shop-prod:333333333333"`:                        `Account 333333333333 is called "shop-dev", not "shop-prod".`,
		`"Production:ou-ab12-dev00001:*"`:                 `Unit ou-ab12-dev00001 is called "Development", not "Production".`,
		`"nowhere:999999999999"`:                          `There is no account 999999999999 in the organization.`,
		`"nowhere:ou-ab12-none0001"`:                      `There is no unit ou-ab12-none0001 in the organization.`,
		`"path:/Workloads/Productoin"`:                    `Did you mean path:/Workloads/Production?`,
		`"root"`:                                          `is no target.`,
		`"tag:Stage"`:                                     `is no target.`,
		`"shop-dev:333333333333\nshop-prod:444444444444"`: `is no target.`,
	} {
		if got := wrong(t, map[string]string{"permissionsets/a.json": adminSet, "assignments/a.json": adminTo(target)}, company()); !strings.Contains(got, want) || !strings.HasPrefix(got, "templates/assignments/a.json:1:42: ") {
			t.Errorf("%s: got %s", target, got)
		}
	}
}

func TestCase8ListsOfAnyLengthAreCompared(t *testing.T) {
	set := live("Admin", ours)
	file := `{"Name": "Admin", "SessionDuration": "PT4H", "ManagedPolicies": [`
	set.ManagedPolicies = nil
	for i := range 20 {
		arn := fmt.Sprintf("arn:aws:iam::aws:policy/Policy%02d", i)
		set.ManagedPolicies = append(set.ManagedPolicies, arn)
		file += fmt.Sprintf("%q, ", arn)
	}
	p := mustPlan(t, map[string]string{"permissionsets/a.json": strings.TrimSuffix(file, ", ") + "]}"}, companyWith([]LiveSet{set}))
	if !p.Empty() {
		t.Errorf("%v", changeIDs(p))
	}
}

func TestCase9MovesAndClosuresAreBroughtIntoLine(t *testing.T) {
	files := map[string]string{"permissionsets/a.json": adminSet, "assignments/a.json": adminTo(`"path:/Workloads/Development"`)}
	before := companyWith([]LiveSet{live("Admin", ours)}, "333333333333")
	if p := mustPlan(t, files, before); !p.Empty() {
		t.Fatalf("%v", changeIDs(p))
	}
	before.Accounts[1].Parent = "ou-ab12-dev00001" // shop-staging enters
	before.Accounts[2].Parent = "ou-ab12-prod0001" // shop-dev leaves
	p := mustPlan(t, files, before)
	if want := []string{"assign/Admin/222222222222/GROUP/g-platform", "unassign/Admin/333333333333/GROUP/g-platform"}; !slices.Equal(changeIDs(p), want) {
		t.Errorf("%v", changeIDs(p))
	}
	before.Accounts[1].Status = "PENDING_CLOSURE"
	p = mustPlan(t, files, before)
	if want := []string{"unassign/Admin/333333333333/GROUP/g-platform"}; !slices.Equal(changeIDs(p), want) {
		t.Errorf("%v", changeIDs(p))
	}
	before.Units[2].Name = "Dev" // renamed: the path is of a unit that is no more
	if got := wrong(t, files, before); !strings.Contains(got, "There is no unit at /Workloads/Development.") {
		t.Errorf("%s", got)
	}
}

func TestCase10TheManagementAccountIsNeverLeftOutInSilence(t *testing.T) {
	set := map[string]string{"permissionsets/a.json": adminSet}
	warned := func(p *Plan, text string) bool {
		return slices.ContainsFunc(p.Warnings, func(w Problem) bool { return strings.Contains(w.Message, text) })
	}
	with := func(more ...string) *Plan {
		set["assignments/a.json"] = adminTo(`"Root"`, more...)
		return mustPlan(t, set, companyWith([]LiveSet{live("Admin", ours)}, "111111111111", "222222222222", "333333333333", "444444444444", "555555555555"))
	}
	p := with()
	if !p.Empty() || !warned(p, "The management account 111111111111 (management) is left out of a") ||
		!warned(p, `1 assignment of "Admin" left alone, as no file says what the management account gets: group platform in 111111111111 (management).`) {
		t.Errorf("said nothing: %v %v", changeIDs(p), p.Warnings)
	}
	if p := with(`"ManagementAccount": "include"`); !p.Empty() || len(p.Warnings) != 0 {
		t.Errorf("included: %v %v", changeIDs(p), p.Warnings)
	}
	if p := with(`"ManagementAccount": "exclude"`); len(p.Warnings) != 0 || !slices.Equal(changeIDs(p), []string{"unassign/Admin/111111111111/GROUP/g-platform"}) {
		t.Errorf("excluded: %v %v", changeIDs(p), p.Warnings)
	}
}

// What is removed there because its set goes is told as well, and so is what AWS may not let go.
func TestASetThatGoesWarnsOfTheManagementAccountAndOfClosedOnes(t *testing.T) {
	p := mustPlan(t, nil, companyWith([]LiveSet{live("Gone", ours)}, "111111111111", "333333333333", "666666666666", "999999999999"))
	var got []string
	for _, w := range p.Warnings {
		got = append(got, w.Message)
	}
	want := []string{
		`2 assignments of "Gone" removed as the set goes, from an account that is not active: group platform in 666666666666 (old-shop), group platform in 999999999999.`,
		`1 assignment of "Gone" removed from the management account, as the set goes: group platform in 111111111111 (management).`,
	}
	if !slices.Equal(got, want) || len(p.Changes) != 5 {
		t.Errorf("%q %v", got, changeIDs(p))
	}
}

func TestCase11APlanIsReadBeforeItIsAppliedAndWhatExistsIsWritten(t *testing.T) {
	s := companyWith([]LiveSet{live("Admin", ours)}, "333333333333")
	files, err := Write(s)
	if err != nil {
		t.Fatal(err)
	}
	if _, there := files["permissionsets/Admin.json"]; !there || len(files) != 2 {
		t.Errorf("wrote %d files", len(files))
	}
	var text strings.Builder
	if err := mustPlan(t, nil, s).WriteText(&text, false); err != nil || !strings.Contains(text.String(), "Plan: 0 to add, 0 to change, 2 to destroy.") {
		t.Errorf("%v %s", err, text.String())
	}
}

func TestCase12AFolderThatIsNotThatOfTheTemplatesDeletesNothing(t *testing.T) {
	if _, err := Read(folder(nil), ReadOptions{}); err != nil {
		t.Errorf("an empty folder, kept: %v", err)
	}
	empty := folder(nil)
	delete(empty, "permissionsets/.gitkeep")
	if _, err := Read(empty, ReadOptions{Folder: "templates"}); err == nil || !strings.Contains(err.Error(), "There is no folder permissionsets in it") {
		t.Errorf("no folder: %v", err)
	}
	if got := wrong(t, map[string]string{"assignment/a.json": adminTo(`"Root"`)}, company()); !strings.Contains(got, "Did you mean assignments?") {
		t.Errorf("misspelt: %s", got)
	}
}
