package main

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/cedar-policy/cedar-go"

	"github.com/sallyport/sallyport/policy"
)

// iamStatement is a statement of what both languages can say: actions and resources that
// are plain or end in a wildcard, StringEquals and Bool.
type iamStatement struct {
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// cedar says the same in Cedar. The action is compared in lower case, as IAM does, and
// an operator is true only of a key that is there.
func (s *iamStatement) cedar() string {
	among := func(what string, patterns []string) string {
		var any []string
		for _, p := range patterns {
			any = append(any, what+" like "+strconv.Quote(p))
		}
		return "(" + strings.Join(any, " || ") + ")"
	}
	var actions []string
	for _, a := range s.Action {
		actions = append(actions, strings.ToLower(a))
	}
	all := []string{among("context.action", actions), among("context.resource", s.Resource)}
	for _, keys := range s.Condition {
		for key, values := range keys {
			attribute := "context[" + strconv.Quote(strings.ToLower(key)) + "]"
			var any []string
			for _, v := range values {
				any = append(any, attribute+" == "+strconv.Quote(v))
			}
			all = append(all, "context has "+strconv.Quote(strings.ToLower(key))+" && ("+strings.Join(any, " || ")+")")
		}
	}
	effect := map[string]string{"Allow": "permit", "Deny": "forbid"}[s.Effect]
	return effect + " (principal, action, resource) when { " + strings.Join(all, " && ") + " };\n"
}

// Two engines that share nothing decide alike.
func TestCedarDecidesAlike(t *testing.T) {
	const documents, requests = 400, 25
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	some := func(from ...string) (list []string) {
		for range 1 + random.IntN(3) {
			list = append(list, pick(from...))
		}
		return list
	}
	decided := map[policy.Effect]int{}
	for range documents {
		var statements []iamStatement
		var inCedar strings.Builder
		for range 1 + random.IntN(8) {
			s := iamStatement{
				Effect:   pick("Allow", "Allow", "Deny"),
				Action:   some("s3:GetObject", "s3:Get*", "S3:PutObject", "s3:*", "iam:GetUser", "iam:*", "*", "sqs:SendMessage"),
				Resource: some("*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b", "arn:aws:s3:::b*", "arn:aws:iam::111111111111:user/*", "arn:aws:sqs:us-west-2:111111111111:q:*"),
			}
			if random.IntN(2) == 0 {
				s.Condition = map[string]map[string][]string{}
				if random.IntN(2) == 0 {
					s.Condition["StringEquals"] = map[string][]string{pick("aws:username", "aws:PrincipalTag/Team"): some("alice", "bob", "Alice", "")}
				}
				if random.IntN(2) == 0 {
					s.Condition["Bool"] = map[string][]string{pick("aws:SecureTransport", "aws:MultiFactorAuthPresent"): {pick("true", "false")}}
				}
			}
			statements = append(statements, s)
			inCedar.WriteString(s.cedar())
		}
		text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": statements})
		if err != nil {
			t.Fatal(err)
		}
		ours, err := policy.Compile(policy.Identity, string(text))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := cedar.NewPolicySetFromBytes("policies", []byte(inCedar.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, inCedar.String())
		}
		for range requests {
			action := pick("s3:GetObject", "s3:getobjectacl", "S3:PutObject", "iam:GetUser", "sqs:SendMessage", "s3:ListBucket")
			resource := pick("arn:aws:s3:::a/b", "arn:aws:s3:::a/b/c", "arn:aws:s3:::b", "arn:aws:s3:::c", "arn:aws:iam::111111111111:user/alice", "arn:aws:sqs:us-west-2:111111111111:q:x")
			context, record := policy.Context{}, cedar.RecordMap{"action": cedar.String(strings.ToLower(action)), "resource": cedar.String(resource)}
			for _, key := range []string{"aws:username", "aws:principaltag/team", "aws:securetransport", "aws:multifactorauthpresent"} {
				if random.IntN(3) == 0 {
					continue
				}
				value := pick("alice", "bob", "")
				if strings.HasSuffix(key, "transport") || strings.HasSuffix(key, "present") {
					value = pick("true", "false")
				}
				context[key], record[cedar.String(key)] = []string{value}, cedar.String(value)
			}
			decision := policy.Evaluate(
				&policy.Request{Principal: policy.Principal{Kind: policy.User, Account: "111111111111"}, Action: action, Resource: resource, Context: context},
				&policy.Policies{Identity: []policy.Named{{Name: "random", Policy: ours}}})
			decided[decision.Effect]++
			want, diagnostic := cedar.Authorize(theirs, cedar.EntityMap{}, cedar.Request{
				Principal: cedar.NewEntityUID("User", "alice"), Action: cedar.NewEntityUID("Action", "ask"), Resource: cedar.NewEntityUID("Resource", "it"),
				Context: cedar.NewRecord(record),
			})
			if len(diagnostic.Errors) > 0 {
				t.Fatal(diagnostic.Errors)
			}
			if (decision.Effect == policy.Allow) != bool(want) {
				t.Fatalf("we say %s, Cedar %v\n%s on %s, %v\n%s\n%s", decision.Effect, want, action, resource, context, text, inCedar.String())
			}
		}
	}
	t.Logf("%d allowed, %d denied explicitly, %d implicitly", decided[policy.Allow], decided[policy.ExplicitDeny], decided[policy.ImplicitDeny])
	for _, effect := range []policy.Effect{policy.Allow, policy.ExplicitDeny, policy.ImplicitDeny} {
		if decided[effect] < documents*requests/20 {
			t.Errorf("only %d of the decisions are %s", decided[effect], effect)
		}
	}
}
