package policy

import (
	"strings"
	"testing"
)

func TestCompileRefuses(t *testing.T) {
	const arn = "arn:aws:s3:::b"
	for _, test := range []struct {
		sentence string
		kind     Kind
		document string
		reason   string // all IAM says
		at       string // what the position points to
	}{
		{"no JSON", Identity, `Allow everything`, syntaxErrors, "Allow"},
		{"a document twice", Identity, `{}{}`, syntaxErrors, "{}"},
		{"an unknown version", Identity, `{"Version": "2013-01-01", "Statement": []}`, syntaxErrors, `"2013`},
		{"a version that is a number", Identity, `{"Version": 2012, "Statement": []}`, syntaxErrors, `2012,`},
		{"an Id that is no string", Identity, `{"Id": 7, "Statement": []}`, syntaxErrors, `7`},
		{"no statement", Identity, `{"Version": "2012-10-17"}`, syntaxErrors, `{"Version`},
		{"an empty list of statements", Identity, `{"Statement": []}`, syntaxErrors, `{"Statement`},
		{"a statement that is a string", Identity, `{"Statement": ["Allow"]}`, syntaxErrors, `"Allow`},
		{"a misspelled element of the document", Identity, `{"Statment": []}`, syntaxErrors, `"Statment`},
		{"a misspelled element of a statement", Identity, `{"Statement": {"effect": "Allow"}}`, syntaxErrors, `"effect`},
		{"no effect", Identity, `{"Statement": {"Action": "*", "Resource": "*"}}`, syntaxErrors, `{"Action`},
		{"an effect in lower case", Identity, `{"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}`, syntaxErrors, `"allow`},
		{"an effect that is a list", Identity, `{"Statement": {"Effect": ["Allow"], "Action": "*", "Resource": "*"}}`, syntaxErrors, `["Allow`},
		{"a Sid with spaces", Identity, `{"Statement": {"Sid": "a b", "Effect": "Allow", "Action": "*", "Resource": "*"}}`,
			"Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*.", `"a b`},
		{"a Sid that is a number", Identity, `{"Statement": {"Sid": 1, "Effect": "Allow", "Action": "*", "Resource": "*"}}`, syntaxErrors, `1`},
		{"a Sid twice", Identity, `{"Statement": [{"Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "*", "Sid" :"a"}]}`,
			"Statement IDs (SID) in a single policy must be unique.", `"a"}]`},
		{"no action", Identity, `{"Statement": {"Effect": "Allow", "Resource": "*"}}`, "Policy statement must contain actions.", `{"Effect`},
		{"an empty list of actions", Identity, `{"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}}`, "Policy statement must contain actions.", `{"Effect`},
		{"Action and NotAction", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "iam:*", "Resource": "*"}}`, syntaxErrors, `"NotAction`},
		{"an action that is a number", Identity, `{"Statement": {"Effect": "Allow", "Action": 5, "Resource": "*"}}`, syntaxErrors, `5`},
		{"an action in a list in a list", Identity, `{"Statement": {"Effect": "Allow", "Action": [["*"]], "Resource": "*"}}`, syntaxErrors, `["*"]]`},
		{"an action without its service", Identity, `{"Statement": {"Effect": "Allow", "Action": "GetObject", "Resource": "*"}}`,
			"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", `"GetObject`},
		{"an action with two colons", Identity, `{"Statement": {"Effect": "Allow", "Action": "s3:a:b", "Resource": "*"}}`, "Actions/Condition can contain only one colon.", `"s3:a`},
		{"a service with a wildcard", Identity, `{"Statement": {"Effect": "Allow", "Action": "s*:Get", "Resource": "*"}}`, "Vendor s* is not valid", `"s*`},
		{"a service with a Kelvin sign", Identity, "{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"\u212Ams:Get\", \"Resource\": \"*\"}}", "Vendor \u212Ams is not valid", "\"\u212A"},
		{"no resource", Identity, `{"Statement": {"Effect": "Allow", "Action": "*"}}`, "Policy statement must contain resources.", `{"Effect`},
		{"an empty list of resources", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": []}}`, "Policy statement must contain resources.", `{"Effect`},
		{"a resource that is no ARN", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "bucket"}}`, `Resource bucket must be in ARN format or "*".`, `"bucket`},
		{"Resource and NotResource", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "` + arn + `"}}`, syntaxErrors, `"NotResource`},
		{"a variable without end", Identity, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username"}}`, legacyParsing, `"arn`},
		{"a default without quotes", Identity, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username, x}"}}`, legacyParsing, `"arn`},
		{"a variable without key", Identity, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${}"}}`, legacyParsing, `"arn`},
		{"a principal in an identity policy", Identity, `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}`, "Policy document should not specify a principal.", `"Principal`},
		{"a principal in a service control policy", ServiceControl, `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}`, "Policy document should not specify a principal.", `"Principal`},
		{"a principal in a boundary", Boundary, `{"Statement": {"Effect": "Allow", "NotPrincipal": "*", "Action": "*", "Resource": "*"}}`, "Policy document should not specify a principal.", `"NotPrincipal`},
		{"a principal in a session policy", Session, `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}`, "Policy document should not specify a principal.", `"Principal`},
		{"no principal in a resource policy", Resource, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`, "Missing required field Principal", `{"Effect`},
		{"no principal in a trust policy", Trust, `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}`, "Missing required field Principal", `{"Effect`},
		{"nobody as principal", Resource, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": []}, "Action": "*", "Resource": "*"}}`, "Invalid principal in policy", `{"AWS`},
		{"a bare account as principal", Resource, `{"Statement": {"Effect": "Allow", "Principal": "111111111111", "Action": "*", "Resource": "*"}}`, "Invalid principal in policy", `"1111`},
		{"users by wildcard", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:user/*"}, "Action": "sts:AssumeRole"}}`,
			`Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/*"`, `"arn`},
		{"a group as principal", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:group/x"}, "Action": "sts:AssumeRole"}}`,
			`Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:group/x"`, `"arn`},
		{"an account of eleven digits", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": "11111111111"}, "Action": "sts:AssumeRole"}}`,
			`Invalid principal in policy: "AWS":"11111111111"`, `"1111`},
		{"all sessions of a role", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:sts::111111111111:assumed-role/x"}, "Action": "sts:AssumeRole"}}`,
			`Invalid principal in policy: "AWS":"arn:aws:sts::111111111111:assumed-role/x"`, `"arn`},
		{"every service", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"}}`, `Invalid principal in policy: "Service":"*"`, `"*"}`},
		{"every provider", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"Federated": "*"}, "Action": "sts:AssumeRole"}}`, `Invalid principal in policy: "Federated":"*"`, `"*"}`},
		{"a misspelled type of principal", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"Aws": "111111111111"}, "Action": "sts:AssumeRole"}}`, `Invalid principal in policy: "Aws":"111111111111"`, `"1111`},
		{"a principal that is a number", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": 111111111111}, "Action": "sts:AssumeRole"}}`, `Invalid principal in policy: "AWS":"111111111111"`, `1111`},
		{"NotPrincipal with Allow", Resource, `{"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "*", "Resource": "*"}}`, syntaxErrors, `"NotPrincipal`},
		{"Principal and NotPrincipal", Resource, `{"Statement": {"Effect": "Deny", "Principal": "*", "NotPrincipal": "*", "Action": "*", "Resource": "*"}}`, syntaxErrors, `"NotPrincipal`},
		{"NotPrincipal in a trust policy", Trust, `{"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}}`, "Has prohibited field NotPrincipal", `"NotPrincipal`},
		{"a resource in a trust policy", Trust, `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}}`, "Has prohibited field Resource", `"Resource`},
		{"an action of another service in a trust policy", Trust, `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}}`, "AssumeRole policy may only specify STS AssumeRole actions.", `"s3`},
		{"every action in a trust policy", Trust, `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*"}}`, "AssumeRole policy may only specify STS AssumeRole actions.", `"*"}`},
		{"somebody in a resource control policy", ResourceControl, `{"Statement": {"Effect": "Deny", "Principal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": "*"}}`, "Invalid principal in policy", `{"AWS`},
		{"a condition that is a list", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []}}`, syntaxErrors, `[]`},
		{"an unknown operator", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEqual": {"aws:a": "b"}}}}`, syntaxErrors, `"StringEqual`},
		{"an operator in lower case", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"stringequals": {"aws:a": "b"}}}}`, syntaxErrors, `"stringequals`},
		{"Null with IfExists", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NullIfExists": {"aws:a": "true"}}}}`, syntaxErrors, `"NullIf`},
		{"an operator without keys", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": "x"}}}`, syntaxErrors, `"x"`},
		{"a key without its service", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"username": "b"}}}}`,
			"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", `"username`},
		{"a value that is an object", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:a": {}}}}}`, syntaxErrors, `{}`},
		{"a value that is null", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:a": null}}}}`, syntaxErrors, `null`},
		{"a number that is none", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NumericEquals": {"aws:a": "ten"}}}}`, legacyParsing, `"ten`},
		{"a date that is none", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateEquals": {"aws:a": "01T"}}}}`, legacyParsing, `"01T`},
		{"a boolean that is none", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:a": "yes"}}}}`, legacyParsing, `"yes`},
		{"a range of addresses that is none", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}}}`, legacyParsing, `"10.`},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			_, err := Compile(test.kind, test.document)
			bad, ok := err.(*MalformedError)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if bad.Reason != test.reason || !strings.HasPrefix(test.document[bad.Offset:], test.at) || bad.Detail == "" {
				t.Errorf("got %q at %q\nwant %q at %q", bad, test.document[bad.Offset:], test.reason, test.at)
			}
		})
	}
}

func TestCompileTakes(t *testing.T) {
	for _, test := range []struct {
		sentence string
		kind     Kind
		document string
	}{
		{"a Sid with spaces in a resource's policy", Resource, `{"Statement": {"Sid": "Let them in", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}`},
		{"an empty Sid twice", Identity, `{"Statement": [{"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"}, {"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"}]}`},
		{"an Id", Identity, `{"Id": "x", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`},
		{"a principal that was deleted", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["AROAQABCDEFGHIJKLMNOP"]}, "Action": "sts:AssumeRole"}}`},
		{"a user at the root path and one below", Trust, `{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111111111111:user/a", "arn:aws-us-gov:iam::111111111111:user/p/q/a"]}, "Action": ["sts:AssumeRole", "sts:TagSession"]}}`},
		{"a condition without operators", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}}`},
		{"an unclosed variable in the old version", Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${x"}}`},
		{"colons in the default of a variable", Identity, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:${aws:x, 'a:b'}:*:y"}}`},
	} {
		if _, err := Compile(test.kind, test.document); err != nil {
			t.Errorf("%s: %v", test.sentence, err)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	for _, cases := range decisionCases(f) {
		for _, c := range cases[:min(len(cases), 20)] {
			for _, d := range c.Policies.Identity {
				f.Add(string(d), c.Request.Action, c.Request.Resource, "aws:username", "alice")
			}
			for _, d := range c.Policies.Resource {
				f.Add(string(d), c.Request.Action, c.Request.Resource, "aws:sourceip", "10.0.0.1")
			}
		}
	}
	deny := []Named{{"deny", compiled(f, Identity, `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)}}
	f.Fuzz(func(t *testing.T, document, action, resource, key, value string) {
		for kind := Identity; kind <= Boundary; kind++ {
			p, err := Compile(kind, document)
			if err != nil {
				if _, ok := err.(*MalformedError); !ok {
					t.Errorf("refused with %#v", err)
				}
				continue
			}
			one := []Named{{"fuzzed", p}}
			r := &Request{
				Principal: Principal{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/alice"},
				Action:    action, Resource: resource, Context: Context{strings.ToLower(key): {value}},
			}
			if Evaluate(r, &Policies{Identity: one}) != Evaluate(r, &Policies{Identity: one}) {
				t.Error("the same question has two answers")
			}
			d := Evaluate(r, &Policies{Identity: one, Resource: one, Boundary: &one[0], Session: deny, ServiceControl: [][]Named{one}})
			if d.Effect != ExplicitDeny {
				t.Errorf("a Deny was passed over: %s", d.Effect)
			}
			d.Because()
			d.Statements()
		}
	})
}
