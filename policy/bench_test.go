package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// large is an identity policy of 100 statements: five actions and three resources in
// each, conditions in two thirds, every tenth a Deny.
func large(services int) (document string, plain []plainStatement) {
	type block = map[string]any
	var statements []block
	for i := range 100 {
		service := fmt.Sprintf("svc%d", i%services)
		s := block{"Sid": fmt.Sprintf("S%d", i), "Effect": "Allow"}
		p := plainStatement{}
		var actions, resources []string
		for j := range 5 {
			actions = append(actions, fmt.Sprintf("%s:%s%dThing%d*", service, []string{"Get", "Put", "List", "Delete", "Create"}[j], i, j))
		}
		for j := range 3 {
			resources = append(resources, fmt.Sprintf("arn:aws:%s:us-west-2:123456789012:thing%d/%d/*", service, i, j))
		}
		if i%10 == 9 {
			s["Effect"], p.deny = "Deny", true
		}
		if i%3 != 0 {
			s["Condition"] = block{
				"StringEquals": block{"aws:PrincipalTag/team": "builders"},
				"Bool":         block{"aws:SecureTransport": "true"},
			}
			p.conditions = [][2]string{{"aws:principaltag/team", "builders"}, {"aws:securetransport", "true"}}
		}
		s["Action"], s["Resource"] = actions, resources
		for _, a := range actions {
			p.actions = append(p.actions, strings.TrimSuffix(strings.ToLower(a), "*"))
		}
		for _, r := range resources {
			p.resources = append(p.resources, strings.TrimSuffix(r, "*"))
		}
		statements = append(statements, s)
		plain = append(plain, p)
	}
	text, _ := json.Marshal(block{"Version": Version2012, "Statement": statements})
	return string(text), plain
}

// plainStatement is what somebody would write who knows the one policy: patterns cut at
// their first wildcard, strings compared with strings.
type plainStatement struct {
	deny               bool
	actions, resources []string
	conditions         [][2]string
}

func plainWalk(statements []plainStatement, action, resource string, context Context) bool {
	action = strings.ToLower(action)
	allowed := false
	for i := range statements {
		s := &statements[i]
		if (s.deny || !allowed) && hasPrefix(s.actions, action) && hasPrefix(s.resources, resource) && plainConditions(s.conditions, context) {
			if s.deny {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func hasPrefix(prefixes []string, text string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

func plainConditions(conditions [][2]string, context Context) bool {
	for _, c := range conditions {
		if values := context[c[0]]; len(values) != 1 || values[0] != c[1] {
			return false
		}
	}
	return true
}

var sink bool

func BenchmarkEvaluate(b *testing.B) {
	builders := Context{"aws:principaltag/team": {"builders"}, "aws:securetransport": {"true"}}
	alice := Principal{Kind: User, Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/alice"}
	for _, services := range []int{1, 10} {
		document, plain := large(services)
		policies := &Policies{Identity: []Named{{"large", compiled(b, Identity, document)}}}
		r := &Request{
			Principal: alice, Context: builders,
			Action:   fmt.Sprintf("svc%d:Put88Thing1All", 88%services),
			Resource: fmt.Sprintf("arn:aws:svc%d:us-west-2:123456789012:thing88/2/x", 88%services),
		}
		b.Run(fmt.Sprintf("identity/services=%d/policy", services), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if Evaluate(r, policies).Effect != Allow {
					b.Fatal("not allowed")
				}
			}
		})
		b.Run(fmt.Sprintf("identity/services=%d/plain", services), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !plainWalk(plain, r.Action, r.Resource, r.Context) {
					b.Fatal("not allowed")
				}
			}
		})
	}
	trust := &Policies{ResourceRequired: true, Resource: []Named{{"trust", compiled(b, Trust, spaceTrust)}}}
	r := &Request{
		Principal: Principal{Kind: Service, Name: "codecatalyst-runner.amazonaws.com"},
		Action:    "sts:AssumeRole", Resource: "arn:aws:iam::123456789012:role/deploy", ResourceAccount: "123456789012",
		Context: Context{"aws:sourcearn": {"arn:aws:codecatalyst:::space/s-1/project/p-1"}, "aws:sourceaccount": {"123456789012"}},
	}
	b.Run("trust/policy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if Evaluate(r, trust).Effect != Allow {
				b.Fatal("not allowed")
			}
		}
	})
	b.Run("trust/plain", func(b *testing.B) {
		services, actions := []string{"codecatalyst.amazonaws.com", "codecatalyst-runner.amazonaws.com"}, []string{"sts:assumerole"}
		for b.Loop() {
			arns, accounts := r.Context["aws:sourcearn"], r.Context["aws:sourceaccount"]
			named := false
			for _, s := range services {
				named = named || s == r.Principal.Name
			}
			sink = named && hasPrefix(actions, strings.ToLower(r.Action)) && len(arns) == 1 && strings.HasPrefix(arns[0], "arn:aws:codecatalyst:::space/s-1/project/") &&
				len(accounts) == 1 && accounts[0] == "123456789012"
			if !sink {
				b.Fatal("not allowed")
			}
		}
	})
}

const spaceTrust = `{"Version": "2012-10-17", "Statement": {
	"Effect": "Allow", "Action": "sts:AssumeRole",
	"Principal": {"Service": ["codecatalyst.amazonaws.com", "codecatalyst-runner.amazonaws.com"]},
	"Condition": {
		"ArnLike": {"aws:SourceArn": "arn:aws:codecatalyst:::space/s-1/project/*"},
		"StringEquals": {"aws:SourceAccount": "123456789012"}}}}`

func compiled(t testing.TB, kind Kind, document string) *Policy {
	t.Helper()
	p, err := Compile(kind, document)
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return p
}

// Allowing allocates nothing, with variables, ARNs and every stage too.
func TestAllowingDoesNotAllocate(t *testing.T) {
	everything := []Named{{"all", compiled(t, Identity, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:*Object*", "Resource": ["arn:aws:s3:*:*:home/${aws:username}/*"],
		 "Condition": {
			"StringLike": {"aws:PrincipalTag/team": "${aws:username}*"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
			"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
			"ArnLike": {"aws:SourceArn": "arn:aws:*:::x/*"}, "ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": ["A"]}}},
		{"Effect": "Deny", "Action": "s3:Get*", "Resource": "arn:aws:s3:::home/*", "Condition": {"Bool": {"aws:SecureTransport": false}}}]}`)}}
	all := [][]Named{everything, everything}
	p := &Policies{ServiceControl: all, ResourceControl: all, Boundary: &everything[0], Session: everything, Identity: everything}
	r := &Request{
		Principal: Principal{Kind: User, Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/alice"},
		Action:    "S3:GetObject", Resource: "arn:aws:s3:::home/alice/x",
		Context: Context{
			"aws:username": {"alice"}, "aws:principaltag/team": {"alice-and-others"}, "aws:multifactorauthage": {"60"},
			"aws:currenttime": {"2026-01-01T00:00:00Z"}, "aws:sourceip": {"10.1.2.3"}, "aws:sourcearn": {"arn:aws:s3:::x/y"}, "aws:tagkeys": {"a"},
			"aws:securetransport": {"true"},
		},
	}
	allocations := testing.AllocsPerRun(100, func() {
		if d := Evaluate(r, p); d.Effect != Allow {
			t.Fatal(d.Because())
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
