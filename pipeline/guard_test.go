package pipeline

import (
	"strings"
	"testing"
)

func TestRulesAreReadByTheirGrammar(t *testing.T) {
	for _, rule := range []string{
		"group contractors cannot reach unit Production with AdministratorAccess",
		`group "all staff", contractors cannot reach unit "Work loads" with Admin, "any"`,
		"user mary@example.com can reach account 123456789012 with any permission set",
		"anyone cannot reach tag Stage=prod with any permission set",
		"only group platform can reach every account with Admin",
		"only user a, b can reach unit /Workloads/Production with Admin",
		"group developers can s3:GetObject on arn:aws:s3:::bucket/key in unit Production with ReadOnly",
		"group developers cannot iam:* on *",
		"only group platform can iam:* on *",
		"anyone cannot s3:DeleteBucket on arn:aws:s3:::logs in account shop-prod",
	} {
		if _, err := ParseGuard(rule); err != nil {
			t.Errorf("%s: %v", rule, err)
		}
	}
	for rule, says := range map[string]string{
		"":      "group, user, anyone or only is expected where the rule ends",
		"group": "the name of a group (in quotes, if it is called so) is expected where the rule ends",
		"group can cannot reach every account with A":    `where there is "can"`,
		"groups a can reach every account with A":        `where there is "groups"`,
		"group a may reach every account with A":         `can or cannot is expected where there is "may"`,
		"group a b can reach every account with A":       `can or cannot is expected where there is "b"`,
		"group a can reach every with A":                 `account is expected where there is "with"`,
		"group a can reach accounts with A":              `account or unit or tag or every is expected`,
		"group a can reach unit with A":                  `the name, the path or the id of a unit (in quotes, if it is called so) is expected where there is "with"`,
		"group a can reach every account":                "with is expected where the rule ends",
		"group a can reach every account with":           "the name of a permission set, or any permission set",
		"group a can reach every account with any":       "permission is expected where the rule ends",
		"group a can reach every account with A or B":    `nothing more is expected where there is "or"`,
		"group a can reach every account with A,":        "the name of a permission set",
		`group "a can reach every account with A`:        "a quotation mark is not closed",
		"only anyone can reach every account with A":     "group or user is expected",
		"only group a cannot reach every account with A": `there is no "only ... cannot"`,
		"group a can reach tag Stage with A":             `"Stage" is no tag`,
		"group a can DeleteBucket on *":                  `"DeleteBucket" is no action`,
		"group a cannot s3:DeleteBucket on bucket":       `"bucket" is no resource`,
		"group a can s3:* on arn:aws:s3:::b":             "without wildcards",
		"group a can s3:GetObject on *":                  "without wildcards",
		strings.Repeat("x", longestGuard+1):              "at most 2000 characters",
	} {
		if _, err := ParseGuard(rule); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.80s: got %v, want %s", rule, err, says)
		}
	}
}

const guardedSets = `{"Name": "Writer", "CustomPolicy": {"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]},
	{"Effect": "Allow", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::logs", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
	{"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::shop/locked/*"},
	{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:${aws:username}"},
	{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/${aws:username}/*"},
	{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::shop/mfa/*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]}}`

// Each row is a rule and what contradicts it; empty: it holds.
func TestGuardsAreAskedAboutWhatWouldBe(t *testing.T) {
	s := company()
	s.Groups = append(s.Groups, NamedPrincipal{"g-staff", "staff"})
	s.Memberships = map[string][]string{"u-mary": {"g-staff"}}
	s.Sets = []LiveSet{live("Foreign", nil)} // somebody else's, which counts as well
	s.Assignments = []Assignment{{s.Sets[0].ARN, "444444444444", Principal{Group, "g-staff"}}}
	covered(s)
	files := map[string]string{
		"permissionsets/admin.json": adminSet, "permissionsets/writer.json": guardedSets,
		"permissionsets/lake.json":    `{"Name": "Lake", "CustomerManagedPolicies": ["LakeWork"]}`,
		"permissionsets/bounded.json": `{"Name": "Bounded", "ManagedPolicies": ["arn:aws:iam::aws:policy/AdministratorAccess"], "PermissionBoundary": {"PolicyType": "AWS", "Policy": "arn:aws:iam::aws:policy/PowerUserAccess"}}`,
		"assignments/a.yaml": `
Assignments:
  - {SID: a, Target: "Root", PrincipalType: GROUP, PrincipalId: platform, PermissionSetName: Admin, ManagementAccount: include}
  - {SID: b, Target: "path:/Workloads/Production", PrincipalType: GROUP, PrincipalId: developers, PermissionSetName: [Writer, Bounded]}
  - {SID: c, Target: "shop-dev:333333333333", PrincipalType: GROUP, PrincipalId: auditors, PermissionSetName: Lake}
`,
	}
	for _, c := range []struct{ rule, found string }{
		{"group developers cannot reach unit Production with Admin", ""},
		{"group developers cannot reach unit Production with Writer", "444444444444 (shop-prod): group developers reaches it with Writer"},
		{"group developers cannot reach unit Workloads with any permission set", "444444444444 (shop-prod): group developers reaches it with Bounded"},
		{"group developers cannot reach unit Development with any permission set", ""},
		{"group developers can reach unit Production with Writer", ""},
		{"group developers can reach unit Workloads with Writer", "222222222222 (shop-staging): group developers cannot"},
		{"group platform, developers can reach account shop-prod with Admin, Writer", ""},
		{"only group platform can reach every account with Admin", ""},
		{"only group platform can reach account 444444444444 with any permission set", "444444444444 (shop-prod): group developers reaches it with"},
		{"anyone cannot reach tag Stage=prod with Foreign", "444444444444 (shop-prod): group staff reaches it with Foreign"},
		{"anyone cannot reach tag Stage=dev with Foreign", ""},
		{"anyone can reach every account with Admin", ""},
		{"anyone can reach every account with Writer", "nobody can"},
		{"user mary@example.com cannot reach account 444444444444 with any permission set", "444444444444 (shop-prod): group staff reaches it with Foreign"},
		{"user mary@example.com cannot reach account 333333333333 with any permission set", ""},

		{"group developers can s3:ListBucket on arn:aws:s3:::shop in unit Production", ""},
		// Where a variable says about which resource, it may be any.
		{"group developers can s3:GetObject on arn:aws:s3:::shop/key in unit Production with Writer", "does not allow it whatever the conditions"},
		{"group developers cannot sqs:SendMessage on arn:aws:sqs:us-west-2:444444444444:jobs with Writer", "group developers can sqs:SendMessage"},
		{"group developers can s3:GetObject on arn:aws:s3:::other/key in unit Production with Writer", "does not allow it whatever the conditions"},
		{"group developers cannot s3:DeleteObject on arn:aws:s3:::shop/locked/1 with Writer", ""},
		{"group developers cannot s3:DeleteObject on arn:aws:s3:::shop/other with Writer", "group developers can s3:DeleteObject on arn:aws:s3:::shop/other with Writer"},
		// Under a condition: it cannot be counted on, and cannot be ruled out.
		{"group developers can s3:DeleteBucket on arn:aws:s3:::logs in unit Production with Writer", "does not allow it whatever the conditions"},
		{"group developers cannot s3:DeleteBucket on arn:aws:s3:::logs with Writer", "group developers can s3:DeleteBucket"},
		{"group developers can s3:PutObject on arn:aws:s3:::shop/mfa/1 in unit Production with Writer", "does not allow it whatever the conditions"},
		{"group developers cannot s3:PutObject on arn:aws:s3:::shop/mfa/1 with Writer", "group developers can s3:PutObject"},
		// Patterns: any action, any resource.
		{"group developers cannot iam:* on * with Writer", ""},
		{"group developers cannot s3:Put* on * with Writer", "can s3:Put* on * with Writer"},
		{"group developers cannot s3:DeleteObject on arn:aws:s3:::shop/locked/* with Writer", ""},
		{"group developers cannot s3:DeleteObject on arn:aws:s3:::shop/* with Writer", "can s3:DeleteObject"},
		{"only group platform can iam:CreateUser on * with Admin", ""},
		// The boundary is PowerUserAccess, which has no iam:CreateUser.
		{"group developers cannot iam:CreateUser on arn:aws:iam::444444444444:user/x with Bounded", ""},
		{"group developers can ec2:RunInstances on arn:aws:ec2:us-west-2:444444444444:instance/i-1 in unit Production with Bounded", ""},
		// What a customer managed policy says in an account is not known here.
		{"group auditors cannot s3:GetObject on arn:aws:s3:::shop/key", "for all that is known here of the customer managed policy /LakeWork"},
		{"group auditors can s3:GetObject on arn:aws:s3:::shop/key in account shop-dev", "does not allow it whatever the conditions"},
	} {
		files["guards/g.json"] = `{"Guards": [{"expect": ` + quote(c.rule) + `}]}`
		p := mustPlan(t, files, s)
		found := strings.Join(p.Guards[0].Found, "\n")
		if p.Guards[0].Passed != (c.found == "") || !strings.Contains(found, c.found) {
			t.Errorf("%s\n got %q\nwant %q", c.rule, found, c.found)
		}
	}
	for rule, says := range map[string]string{
		"group nobody cannot reach every account with Admin":      `There is no group "nobody"`,
		"group platform cannot reach every account with Admn":     "Did you mean Admin?",
		"group platform cannot reach unit Nowhere with Admin":     "There is no unit Nowhere",
		"group platform cannot reach unit /Nowhere with Admin":    "There is no unit at /Nowhere",
		"group platform cannot reach account nothing with Admin":  "There is no account nothing",
		"group platform cannot reach account old-shop with Admin": "in which no account is active",
		"group platform cannot reach tag Stage=none with Admin":   "in which no account is active",
	} {
		files["guards/g.json"] = `{"Guards": [{"expect": ` + quote(rule) + `}]}`
		if got := wrong(t, files, s); !strings.HasPrefix(got, "templates/guards/g.json:1:24: ") || !strings.Contains(got, says) {
			t.Errorf("%s: %s", rule, got)
		}
	}
}

// A guard about everybody needs everything to have been read.
func TestAGuardIsNotAskedOfWhatWasNotRead(t *testing.T) {
	s := company()
	s.Sets = []LiveSet{live("Foreign", nil)}
	files := map[string]string{"permissionsets/a.json": adminSet, "guards/g.yaml": "Guards: [{expect: anyone cannot reach every account with Foreign}]"}
	templates := mustRead(t, files)
	if needs := templates.Needs(s); len(needs.Sets) != 1 || needs.Sets[0] != s.Sets[0].ARN {
		t.Errorf("needs %+v", needs)
	}
	if _, err := NewPlan(templates, s, known); err == nil || !strings.Contains(err.Error(), "the snapshot is not complete") {
		t.Errorf("planned: %v", err)
	}
	covered(s)
	s.Sets[0].Unread = true
	files["guards/g.yaml"] = "Guards: [{expect: 'anyone cannot s3:GetObject on *'}]"
	if needs := mustRead(t, files).Needs(s); len(needs.Contents) != 1 || needs.Contents[0] != s.Sets[0].ARN {
		t.Errorf("needs %+v", needs)
	}
	s.Read.Sets = nil
	files["guards/g.yaml"] = "Guards: [{expect: user mary@example.com cannot reach every account with Foreign}]"
	if needs := mustRead(t, files).Needs(s); len(needs.Members) != 1 || needs.Members[0] != "u-mary" {
		t.Errorf("needs %+v", needs)
	}
	s.Memberships = map[string][]string{"u-mary": {"g-other"}}
	if needs := mustRead(t, files).Needs(s); len(needs.Members) != 0 || len(needs.Principals) != 1 || needs.Principals[0] != (Principal{Group, "g-other"}) {
		t.Errorf("needs %+v", needs)
	}
}

func TestPatternsAreComparedForWhatTheyMatch(t *testing.T) {
	for _, c := range []struct {
		wide, narrow   string
		covers, meeted bool
	}{
		{"*", "s3:*", true, true}, {"s3:*", "*", false, true}, {"s3:Get*", "s3:GetObject", true, true}, {"s3:Get?bject", "s3:GetObject", true, true},
		{"s3:GetObject", "s3:Get?bject", false, true}, {"s3:*Object", "s3:Get*", false, true}, {"a*c", "abbc", true, true}, {"a*c", "ab", false, false},
		{"*b*", "*b", true, true}, {"a?c", "a*c", false, true}, {"", "", true, true}, {"", "*", false, true}, {"a", "b", false, false}, {"a*", "*b", false, true},
		{"a**", "a", true, true}, {"ab*", "ac*", false, false},
	} {
		if got := subsumes(c.wide, c.narrow); got != c.covers {
			t.Errorf("%s covers %s: %v", c.wide, c.narrow, got)
		}
		if meets(c.wide, c.narrow) != c.meeted || meets(c.narrow, c.wide) != c.meeted {
			t.Errorf("%s meets %s: not %v", c.wide, c.narrow, c.meeted)
		}
	}
}

func FuzzGuards(f *testing.F) {
	for _, rule := range []string{"group a, \"b c\" cannot reach unit /x with any permission set", "only user a can s3:GetObject on arn:aws:s3:::b in tag a=b with A, B", "anyone can reach every account with A"} {
		f.Add(rule)
	}
	f.Fuzz(func(t *testing.T, rule string) {
		g, err := ParseGuard(rule)
		if err != nil {
			return
		}
		if g.Text != rule || (g.kind == "") != (len(g.subjects) == 0) || (g.action == "") != (g.resource == "") || g.place.Kind == "" {
			t.Errorf("%q is read as %+v", rule, g)
		}
	})
}

// Whoever is covered by a pattern, by what it says, is matched by it.
func FuzzPatterns(f *testing.F) {
	f.Add("s3:*Object", "s3:Get?", "x")
	f.Fuzz(func(t *testing.T, wide, narrow, text string) {
		if len(wide)+len(narrow)+len(text) > 200 {
			return
		}
		if !subsumes(wide, narrow) {
			return
		}
		// One text that the narrow pattern matches: with the asterisks as the text.
		if strings.ContainsAny(text, "*?") {
			return
		}
		one := strings.NewReplacer("*", text, "?", "q").Replace(narrow)
		if !subsumes(wide, one) {
			t.Errorf("%q covers %q and does not match %q", wide, narrow, one)
		}
		if !meets(wide, narrow) {
			t.Errorf("%q covers %q and does not meet it", wide, narrow)
		}
	})
}
