package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// within fails a test that takes longer than any honest work would on a slow machine.
func within(t *testing.T, limit time.Duration, work func()) {
	t.Helper()
	start := time.Now()
	work()
	if took := time.Since(start); took > limit {
		t.Errorf("took %s", took)
	}
}

func allowAll(condition string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + condition + `}}}`
}

func decide(t *testing.T, document string, r *Request) Effect {
	t.Helper()
	r.Principal = Principal{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/alice"}
	return Evaluate(r, &Policies{Identity: []Named{{"attack", compiled(t, Identity, document)}}}).Effect
}

func TestAttackWildcards(t *testing.T) {
	const size = 100_000
	for sentence, pattern := range map[string]string{
		"stars between letters":        strings.Repeat("a*", size/2) + "b",
		"stars and question marks":     strings.Repeat("*?", size/2) + "b",
		"stars alone":                  strings.Repeat("*", size) + "b",
		"one long end":                 "*" + strings.Repeat("a", size/2) + "b",
		"one long middle":              "*" + strings.Repeat("a", size/2) + "b*c",
		"long pieces with marks":       strings.Repeat("*?"+strings.Repeat("a", 250)+"b", size/300),
		"a star after every two marks": strings.Repeat("??*", size/3) + "b",
	} {
		t.Run(sentence, func(t *testing.T) {
			within(t, 10*time.Second, func() {
				value := strings.Repeat("a", size)
				document := allowAll(`"StringLike":{"aws:x":"` + pattern + `"}`)
				if decide(t, document, &Request{Action: "s3:x", Resource: "*", Context: Context{"aws:x": {value}}}) == Allow {
					t.Error("matched")
				}
				document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:a*a","Resource":"arn:aws:s3:::` + pattern + `"}}`
				if decide(t, document, &Request{Action: "s3:" + value, Resource: "arn:aws:s3:::" + value}) == Allow {
					t.Error("matched")
				}
			})
		})
	}
}

// What could not be matched in linear time is refused before it is ever matched.
func TestAttackQuestionMarks(t *testing.T) {
	long := strings.Repeat("a?", 200)
	for _, document := range []string{
		allowAll(`"StringLike":{"aws:x":"*` + long + `*"}`),
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*` + long + `*"}}`,
		`{"Statement":{"Effect":"Allow","Action":"s3:` + long + `","Resource":"*"}}`,
	} {
		if _, err := Compile(Identity, document); err == nil {
			t.Errorf("taken: %s", document)
		}
	}
}

func TestAttackPolicyBomb(t *testing.T) {
	within(t, 10*time.Second, func() {
		var b strings.Builder
		b.WriteString(`{"Version":"2012-10-17","Statement":[`)
		for i := range 20_000 {
			fmt.Fprintf(&b, `{"Sid":"S%d","Effect":"Allow","NotAction":["s%d:*"],"Resource":["arn:*:*:*:*:a*b*%d","arn:aws:s3:::${aws:x}"]},`, i, i, i)
		}
		b.WriteString(`{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
		if got := decide(t, b.String(), &Request{Action: "s3:x", Resource: "arn:aws:s3:::abab"}); got != ExplicitDeny {
			t.Errorf("%s", got)
		}
	})
}

func TestAttackDeepNesting(t *testing.T) {
	for _, open := range []string{"[", `{"a":`, `[{"a":`} {
		within(t, 5*time.Second, func() {
			if _, err := Parse([]byte(`{"Statement":` + strings.Repeat(open, 1_000_000))); err == nil || !strings.Contains(err.Error(), "nested deeper") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAttackOneEndlessLine(t *testing.T) {
	within(t, 5*time.Second, func() {
		// Each position is counted from the last one, not from the start of the line.
		text := `{"Statement":[` + strings.Repeat(`{"Effect":"é"},`, 200_000) + `{}]}`
		if _, err := Parse([]byte(text)); err != nil {
			t.Error(err)
		}
	})
}

func TestAttackDuplicateKeys(t *testing.T) {
	for _, document := range []string{
		`{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}`,
		`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"},"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		`{"Statement":{"\u0045ffect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}`,
		allowAll(`"StringEquals":{"aws:x":"a","aws:x":"b"}`),
	} {
		if _, err := Compile(Identity, document); err == nil || !strings.Contains(err.Error(), "given twice") {
			t.Errorf("%s: %v", document, err)
		}
	}
}

func TestAttackInvalidUTF8(t *testing.T) {
	for _, resource := range []string{"arn:aws:s3:::\xff", "arn:aws:s3:::\xfe", "arn:aws:s3:::\xc0\xaa"} {
		if _, err := Compile(Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"`+resource+`"}}`); err == nil {
			t.Errorf("%q is taken", resource)
		}
	}
	// In a variable's value the same bytes would be wildcards.
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::home/${aws:username}"}}`
	for _, name := range []string{"\xff", "\xfe\xfe\xfe", "b\xff"} {
		if decide(t, document, &Request{Action: "s3:x", Resource: "arn:aws:s3:::home/bob", Context: Context{"aws:username": {name}}}) == Allow {
			t.Errorf("a user named %q reaches what is bob's", name)
		}
	}
}

func TestAttackVariableValues(t *testing.T) {
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::home/${aws:username}/*"}}`
	for _, name := range []string{"*", "???", "b*", "${aws:userid}", "alice/../bob", "bob/x:", "*/*"} {
		if decide(t, document, &Request{Action: "s3:x", Resource: "arn:aws:s3:::home/bob/x", Context: Context{"aws:username": {name}, "aws:userid": {"bob"}}}) == Allow {
			t.Errorf("a user named %q reaches what is bob's", name)
		}
	}
}

// A Deny holds for what the action is, and an Allow for nothing else: letters that other
// programs fold to ASCII make another action, which nothing knows.
func TestAttackCaseFolding(t *testing.T) {
	document := `{"Statement":[{"Effect":"Allow","Action":["kms:Decrypt","s3:ListBucket"],"Resource":"*"}]}`
	for _, action := range []string{"\u212Ams:Decrypt", "kms:Decrypt\u0307", "s3:Li\u017FtBucket", "\u017F3:ListBucket"} {
		if decide(t, document, &Request{Action: action, Resource: "*"}) == Allow {
			t.Errorf("%q is allowed", action)
		}
	}
	for _, action := range []string{"KMS:DECRYPT", "S3:listbucket"} {
		if decide(t, document, &Request{Action: action, Resource: "*"}) != Allow {
			t.Errorf("%q is not allowed", action)
		}
	}
}

func TestAttackExtraColons(t *testing.T) {
	document := `{"Statement":{"Effect":"Allow","Action":"*","Resource":["arn:aws:sqs:*:111111111111:q","arn:aws:iam::111111111111:role/x"]}}`
	for _, resource := range []string{
		"arn:aws:sqs:us-west-2:222222222222:111111111111:q", "arn:aws:sqs:a:b:111111111111:q", "arn:aws:sqs:us-west-2:111111111111:q:x",
		"arn:aws:iam::111111111111:role/x:y", "arn:aws:iam:::111111111111:role/x", ":arn:aws:iam::111111111111:role/x", "arn:aws:sqs", ":::::", "",
	} {
		if decide(t, document, &Request{Action: "x:y", Resource: resource}) == Allow {
			t.Errorf("%q is allowed", resource)
		}
	}
}

func TestAttackOddActions(t *testing.T) {
	document := `{"Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}`
	for _, action := range []string{"", ":", "s3:", "s3", ":GetObject", "GetObject", "iam:s3:GetObject", " s3:GetObject", "s3 :GetObject", strings.Repeat("s3:", 1000) + "GetObject"} {
		if decide(t, document, &Request{Action: action, Resource: "*"}) == Allow {
			t.Errorf("%q is allowed", action)
		}
	}
	// One longer than any stack space is no problem.
	if decide(t, document, &Request{Action: "s3:Get" + strings.Repeat("x", 10_000), Resource: "*"}) != Allow {
		t.Error("a long action is refused")
	}
}

// Nothing is known of a policy that is missing, so it allows nothing.
func TestAttackMissingPolicies(t *testing.T) {
	full := []Named{{"full", compiled(t, Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)}}
	nothing := []Named{{Name: "lost"}}
	r := &Request{Principal: Principal{Kind: User, Account: "111111111111"}, Action: "s3:x", Resource: "*"}
	for sentence, p := range map[string]*Policies{
		"no policies":              {},
		"a lost identity policy":   {Identity: nothing},
		"a lost boundary":          {Identity: full, Boundary: &nothing[0]},
		"a lost session policy":    {Identity: full, Session: nothing},
		"a lost control policy":    {Identity: full, ServiceControl: [][]Named{nothing}},
		"a lost resource policy":   {Identity: full, Resource: nothing, ResourceRequired: true},
		"a level without policies": {Identity: full, ResourceControl: [][]Named{{}}},
	} {
		if Evaluate(r, p).Effect == Allow {
			t.Errorf("%s allows", sentence)
		}
	}
	// One that names other principals, put where none are looked at, allows nothing too.
	foreign := []Named{{"foreign", compiled(t, Resource, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"*","Resource":"*"}}`)}}
	if Evaluate(r, &Policies{Identity: foreign}).Effect == Allow {
		t.Error("a resource's policy is taken for the principal's")
	}
	if Evaluate(&Request{}, &Policies{}).Effect == Allow {
		t.Error("the zero Request is allowed")
	}
}
