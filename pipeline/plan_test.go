package pipeline

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func savedPlan(t *testing.T) (*Plan, *Snapshot) {
	t.Helper()
	s := companyWith([]LiveSet{live("Gone", ours), live("Admin", ours)}, "222222222222", "333333333333")
	return mustPlan(t, map[string]string{
		"permissionsets/a.json": strings.Replace(adminSet, "PT4H", "PT8H", 1), "permissionsets/b.json": `{"Name": "New"}`,
		"assignments/a.json": adminTo(`"Workloads:ou-ab12-work0001:*", "tag:Stage=prod"`, `"Exclude": ["shop-dev:333333333333"]`),
	}, s), s
}

func TestASavedPlanThatWasChangedIsRefused(t *testing.T) {
	p, _ := savedPlan(t)
	text := string(p.Encode())
	if _, err := DecodePlan([]byte(text)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, says string }{
		"another account":     {`"account": "444444444444"`, `"account": "555555555555"`, "changed after it was written"},
		"another format":      {`"formatVersion": 1`, `"formatVersion": 2`, "has format version 2, and this program reads 1"},
		"no format":           {`"formatVersion": 1,`, ``, "has format version 0"},
		"an unknown member":   {`"partial"`, `"impartial"`, "unknown field"},
		"cut short":           {text[len(text)-40:], ``, "this is no plan"},
		"something behind it": {text[len(text)-20:], text[len(text)-20:] + "{}", "this is no plan"},
	} {
		if _, err := DecodePlan([]byte(strings.Replace(text, c.from, c.to, 1))); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever makes a digest that fits may still not make apply do what cannot be meant.
func TestAttackAPlanWithChangesThatCannotBeMeant(t *testing.T) {
	for name, spoil := range map[string]func(*Plan){
		"an action that there is not":   func(p *Plan) { p.Changes[0].Action = "destroy" },
		"no principal":                  func(p *Plan) { p.Changes[len(p.Changes)-2].Principal = nil },
		"waiting for nothing":           func(p *Plan) { p.Changes[0].Needs = []string{"nothing"} },
		"a set deleted before it could": func(p *Plan) { slices.Reverse(p.Changes) },
		"the same twice":                func(p *Plan) { p.Changes = append(p.Changes, p.Changes[0]) },
		"an update without a content":   func(p *Plan) { p.Changes[1].After = nil },
	} {
		p, _ := savedPlan(t)
		spoil(p)
		p.seal()
		if _, err := DecodePlan(p.Encode()); err == nil || !strings.Contains(err.Error(), "cannot be meant") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What others changed since is told, and what does not matter is not.
func TestAPlanIsBoundToWhatItReliesOn(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Snapshot)
		says   string
	}{
		"nothing":                    {func(*Snapshot) {}, ""},
		"another name of an account": {func(s *Snapshot) { s.Accounts[4].Name = "bills" }, ""},
		"an account elsewhere": {func(s *Snapshot) {
			s.Accounts = append(s.Accounts, Account{ID: "777777777777", Status: Active, Parent: "r-ab12"})
		}, ""},
		"somebody else's set":                    {func(s *Snapshot) { s.Sets = append(s.Sets, live("Foreign", nil)) }, ""},
		"a user":                                 {func(s *Snapshot) { s.Users = nil }, ""},
		"an account that came":                   {func(s *Snapshot) { s.Accounts[4].Parent = "ou-ab12-prod0001" }, "the accounts of target Workloads:ou-ab12-work0001:* has changed: from 3 accounts"},
		"an account that was closed":             {func(s *Snapshot) { s.Accounts[3].Status = "SUSPENDED" }, "the accounts of target Workloads:ou-ab12-work0001:* has changed"},
		"a tag that went":                        {func(s *Snapshot) { s.Accounts[3].Tags = nil }, "the accounts of target tag:Stage=prod has changed: from 1 account"},
		"a group made again":                     {func(s *Snapshot) { s.Groups[0].ID = "g-again" }, "the id of GROUP/platform has changed: from g-platform to g-again"},
		"a set changed in the field of the plan": {func(s *Snapshot) { s.Sets[1].SessionDuration = "PT2H" }, "the field SessionDuration/Admin has changed"},
		"a set changed in another field":         {func(s *Snapshot) { s.Sets[1].RelayState = "https://x" }, "the field RelayState/Admin has changed"},
		"a set that is not ours any more":        {func(s *Snapshot) { s.Sets[1].Marks = nil }, "permission set Admin has changed: from ours"},
		"the set that goes changed":              {func(s *Snapshot) { s.Sets[0].Description = "kept" }, "the content of permission set Gone has changed"},
		"the set that goes assigned": {func(s *Snapshot) {
			s.Assignments = append(s.Assignments, Assignment{s.Sets[0].ARN, "555555555555", Principal{User, "u-mary"}})
		}, "the assignments of permission set Gone has changed: from 2 assignments"},
		"the set to create, made by others": {func(s *Snapshot) { s.Sets = append(s.Sets, live("New", nil)) }, "permission set New has changed: from absent"},
		"another management account":        {func(s *Snapshot) { s.ManagementAccount = "555555555555" }, "the management account has changed"},
		"another instance":                  {func(s *Snapshot) { s.Instance.ARN = "arn:aws:sso:::instance/ssoins-9999222233334444" }, "the instance has changed"},
	} {
		p, s := savedPlan(t)
		c.change(s)
		left, err := p.Remaining(s)
		if c.says == "" && (err != nil || len(left) != len(p.Changes)) {
			t.Errorf("%s: %v", name, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || left != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnApplyThatWasInterruptedGoesOnWhereItStopped(t *testing.T) {
	p, s := savedPlan(t)
	// The set was created, without its mark for a moment's content; the other was changed and not provisioned.
	created := live("New", ours)
	created.PermissionSet = PermissionSet{Name: "New", SessionDuration: "PT1H"}
	s.Sets = append(s.Sets, created)
	s.Sets[1].SessionDuration = "PT8H"
	s.Sets[1].Marks = map[string]string{ManagedTag: "true", UnprovisionedTag: "true"}
	s.Assignments = s.Assignments[1:]
	left, err := p.Remaining(s)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range left {
		got = append(got, c.ID)
	}
	want := without(changeIDs(p), []string{"create/New", "update/Admin", "unassign/Gone/222222222222/GROUP/g-platform"})
	if !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
	if last := left[len(left)-1]; last.Action != DeleteSet || len(last.Needs) != 1 {
		t.Errorf("the last waits for %v", last.Needs)
	}
	if needs := p.Needs(nil); !slices.Equal(needs.Groups, []string{"platform"}) || !needs.AccountTags {
		t.Errorf("needs %+v", needs)
	}
	s.Read = Coverage{}
	if needs := p.Needs(s); len(needs.Principals) != 1 || len(needs.Sets) != 1 {
		t.Errorf("needs %+v", needs)
	}
}

func TestARenamedSetIsToldAsOneThatIsReplaced(t *testing.T) {
	p := mustPlan(t, map[string]string{"permissionsets/a.json": strings.Replace(adminSet, `"Admin"`, `"Administrator"`, 1)}, companyWith([]LiveSet{live("Admin", ours)}, "222222222222", "333333333333"))
	if len(p.Replaces) != 1 || p.Replaces[0] != (Replacement{"Admin", "Administrator", 2}) {
		t.Errorf("%+v", p.Replaces)
	}
	var text strings.Builder
	if err := p.WriteText(&text, false); err != nil || !strings.Contains(text.String(), `-/+ permission set "Admin" becomes "Administrator": another role ARN in 2 accounts`) {
		t.Errorf("%v %s", err, &text)
	}
}

// Each row changes Admin, which platform has in one account, and says who gains and loses what.
func TestWhoGainsAndWhoLosesIsTold(t *testing.T) {
	inline := func(statements string) string { return `{"Version": "2012-10-17", "Statement": [` + statements + `]}` }
	get := `{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}`
	for name, c := range map[string]struct {
		before, after         string // inline
		more                  string // members of the file
		gains, loses, unknown string
	}{
		"another action":            {inline(get), inline(`{"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "*"}`), "", "s3:PutObject on *", "", ""},
		"a wider pattern":           {inline(get), inline(`{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}`), "", "s3:* on *", "", ""},
		"a narrower resource":       {inline(get), inline(`{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::one/*"}`), "", "", "s3:Get* on *", ""},
		"only written differently":  {inline(get), inline(`{"Resource": ["*"], "Effect": "Allow", "Action": ["s3:Get*"]}`), "", "", "", ""},
		"a condition":               {inline(get), inline(`{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}`), "", "", "s3:Get* on *", ""},
		"a denial":                  {inline(get), inline(get + `, {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::secret/*"}`), "", "", "s3:GetObject on arn:aws:s3:::secret/*, now denied", ""},
		"a denial that ends":        {inline(get + `, {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}`), inline(get), "", "s3:GetObject on *, no longer denied", "", ""},
		"all but":                   {inline(get), inline(`{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`), "", "everything but iam:* on *", "s3:Get* on *", ""},
		"a long managed policy":     {inline(get), inline(get), `"ManagedPolicies": ["arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess", "arn:aws:iam::aws:policy/SecurityAudit"]`, "permissions of arn:aws:iam::aws:policy/SecurityAudit", "", ""},
		"everything":                {inline(get), "", `"ManagedPolicies": ["arn:aws:iam::aws:policy/AdministratorAccess"]`, "* on *", "", ""},
		"a customer managed policy": {inline(get), inline(get), `"CustomerManagedPolicies": ["Lake"]`, "", "", "gains what the customer managed policy /Lake allows"},
		"an unknown policy of AWS":  {inline(get), inline(get), `"ManagedPolicies": ["arn:aws:iam::aws:policy/Newest"]`, "", "", "gains what the AWS managed policy arn:aws:iam::aws:policy/Newest allows"},
		"a boundary":                {inline(get), inline(get), `"PermissionBoundary": {"PolicyType": "CUSTOMER", "Policy": "Bound"}`, "", "s3:Get* on *", ""},
	} {
		set := live("Admin", ours)
		set.ManagedPolicies, set.InlinePolicy = nil, c.before
		file := `{"Name": "Admin", "SessionDuration": "PT4H"`
		if c.after != "" {
			file += `, "CustomPolicy": ` + c.after
		}
		if c.more != "" {
			file += ", " + c.more
		}
		p := mustPlan(t, map[string]string{"permissionsets/a.json": file + "}", "assignments/a.json": adminTo(`"333333333333"`)}, companyWith([]LiveSet{set}, "333333333333"))
		if c.gains+c.loses+c.unknown == "" {
			if len(p.Access) != 0 {
				t.Errorf("%s: %+v", name, p.Access)
			}
			continue
		}
		if len(p.Access) != 1 {
			t.Errorf("%s: %+v", name, p.Access)
			continue
		}
		a := p.Access[0]
		for _, side := range []struct {
			got  []string
			want string
		}{{a.Gains, c.gains}, {a.Loses, c.loses}, {a.Unknown, c.unknown}} {
			if got := strings.Join(side.got, "; "); (side.want == "") != (got == "") || !strings.Contains(got, side.want) {
				t.Errorf("%s: got %q, want %q (%+v)", name, got, side.want, a)
			}
		}
	}
}

// Somebody who keeps the access by another set gains and loses nothing.
func TestWhoKeepsAccessByAnotherSetLosesNothing(t *testing.T) {
	s := companyWith([]LiveSet{live("Gone", ours), live("Admin", ours)}, "333333333333")
	s.Assignments = append(s.Assignments, Assignment{s.Sets[1].ARN, "333333333333", Principal{Group, "g-platform"}})
	p := mustPlan(t, map[string]string{"permissionsets/a.json": adminSet, "assignments/a.json": adminTo(`"333333333333"`)}, s)
	if len(p.Changes) != 2 || len(p.Access) != 0 {
		t.Errorf("%v %+v", changeIDs(p), p.Access)
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	p, _ := savedPlan(t)
	var plain, coloured bytes.Buffer
	if err := p.WriteText(&plain, false); err != nil {
		t.Fatal(err)
	}
	if err := p.WriteText(&coloured, true); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(plain.Bytes(), '\x1b') || !bytes.Contains(coloured.Bytes(), []byte("\x1b[32m+\x1b[0m")) {
		t.Errorf("%s", &coloured)
	}
}

// Names are chosen by strangers: of groups, accounts, units.
func TestAttackNamesInWhatIsPrinted(t *testing.T) {
	s := company()
	evil := "x`|\x1b[2J\u202e</details><script>alert(1)</script>\r\n+ gets all ```"
	s.Groups[0].Name, s.Accounts[2].Name, s.Units[2].Name = evil, evil, evil
	p := mustPlan(t, map[string]string{
		"permissionsets/a.json": adminSet,
		"assignments/a.json":    strings.Replace(adminTo(`"333333333333", "path:/Workloads/`+strings.Trim(quote(evil), `"`)+`"`), `"platform"`, quote(evil), 1),
		"guards/a.json":         `{"Guards": [{"expect": ` + quote(`group "`+evil+`" cannot reach every account with Admin`) + `, "because": ` + quote(evil) + `}]}`,
	}, s)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text": func(b *bytes.Buffer) error { return p.WriteText(b, false) }, "Markdown": func(b *bytes.Buffer) error { return p.WriteMarkdown(b) }, "JUnit": func(b *bytes.Buffer) error { return p.WriteJUnit(b) },
	} {
		var to bytes.Buffer
		if err := write(&to); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(to.String(), "\x1b\r\u202e") {
			t.Errorf("%s steers the terminal: %q", name, &to)
		}
		for line := range strings.Lines(to.String()) {
			if strings.HasPrefix(line, "+ gets all") {
				t.Errorf("%s has a line of the stranger's: %q", name, line)
			}
			if name == "Markdown" && strings.HasPrefix(line, "|") && strings.Count(line, "|") != 5 {
				t.Errorf("a cell ends early: %q", line)
			}
		}
		if name == "Markdown" && strings.Count(outsideCode(to.String()), "<script>") != 0 {
			t.Errorf("Markdown lets it out: %s", &to)
		}
	}
}

// outsideCode is the Markdown without its blocks and spans of code.
func outsideCode(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		start := strings.IndexByte(text, '`')
		if start < 0 {
			break
		}
		out.WriteString(text[:start])
		ticks := text[start : start+len(text[start:])-len(strings.TrimLeft(text[start:], "`"))]
		text = text[start+len(ticks):]
		end := -1
		for i := 0; i < len(text); {
			at := strings.Index(text[i:], ticks)
			if at < 0 {
				break
			}
			run := len(text[i+at:]) - len(strings.TrimLeft(text[i+at:], "`"))
			if run == len(ticks) {
				end = i + at
				break
			}
			i += at + run
		}
		if end < 0 {
			break
		}
		text = text[end+len(ticks):]
	}
	return out.String() + text
}

func TestPoliciesAreComparedLineByLine(t *testing.T) {
	before := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}]}`
	after := `{"Statement":{"Effect":"Allow","Action":["s3:PutObject","s3:DeleteObject"],"Resource":"*"},"Version":"2012-10-17"}`
	var got []string
	for _, line := range policyDiff(before, after) {
		got = append(got, line.sign+line.text)
	}
	want := []string{"  {", `    "Statement": {`, `      "Action": [`, `-       "s3:GetObject",`, `+       "s3:DeleteObject",`, `        "s3:PutObject"`, "      ],", `      "Effect": "Allow",`, "  # 4 lines alike"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if samePolicy(before, after) || !samePolicy(before, `{"Statement":{"Resource":["*"],"Action":["s3:PutObject","s3:GetObject","s3:GetObject"],"Effect":"Allow"},"Version":"2012-10-17"}`) {
		t.Error("what is the same is not told from what is not")
	}
	// Two members of one name are no policy that anybody may call the same as another.
	if samePolicy(`{"Statement":{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}`, `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`) {
		t.Error("the last of two members counts")
	}
}

func FuzzPlans(f *testing.F) {
	p := &Plan{FormatVersion: FormatVersion, Changes: []Change{{ID: "create/A", Action: CreateSet, Set: "A", After: &PermissionSet{Name: "A"}}}}
	p.seal()
	f.Add(p.Encode())
	f.Add([]byte(`{"formatVersion": 1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := DecodePlan(text)
		if err != nil {
			return
		}
		var to bytes.Buffer
		if err := p.WriteText(&to, true); err != nil {
			t.Error(err)
		}
		if again, err := DecodePlan(p.Encode()); err != nil || again.Digest != p.Digest {
			t.Errorf("%s does not read back: %v", text, err)
		}
	})
}

func TestTheJSONFormHasItsVersion(t *testing.T) {
	p, _ := savedPlan(t)
	var to bytes.Buffer
	if err := p.WriteJSON(&to); err != nil {
		t.Fatal(err)
	}
	var form map[string]any
	if err := json.Unmarshal(to.Bytes(), &form); err != nil || form["formatVersion"] != float64(FormatVersion) {
		t.Errorf("%v %v", err, form["formatVersion"])
	}
	for _, list := range []string{"changes", "matches", "access", "replaces", "warnings", "guards", "reads"} {
		if _, isList := form[list].([]any); !isList {
			t.Errorf("%s is %v, and no list", list, form[list])
		}
	}
}
