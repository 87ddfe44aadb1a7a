package policy_test

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// What a trace says of statements and what is decided are the same.
func TestTraceAgreesWithTheDecision(t *testing.T) {
	document := `{"Version":"2012-10-17","Statement":[
		{"Sid":"Never","Effect":"Deny","Principal":{"Service":"codecatalyst.amazonaws.com"},"Action":"sts:*","Condition":{"StringEquals":{"aws:SourceArn":"bad"}}},
		{"Sid":"Space","Effect":"Allow","Principal":{"Service":"codecatalyst.amazonaws.com"},"Action":"sts:AssumeRole",
			"Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:codecatalyst:::space/s/project/*","arn:aws:codecatalyst:::space/t/project/p"]},"Bool":{"aws:SecureTransport":"true"}}}]}`
	compiled, err := policy.Compile(policy.Trust, document)
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string][]bool{
		"arn:aws:codecatalyst:::space/s/project/x": {true, true}, "arn:aws:codecatalyst:::space/t/project/p": {true, true},
		"arn:aws:codecatalyst:::space/t/project/q": {false, true}, "bad": {false, true},
	} {
		r := policy.Request{Principal: policy.Principal{Kind: policy.Service, Name: "codecatalyst.amazonaws.com"}, Action: "sts:AssumeRole", Resource: "*",
			Context: policy.Context{"aws:sourcearn": {source}, "aws:securetransport": {"true"}}}
		traced, err := policy.Trace(policy.Trust, document, &r)
		if err != nil {
			t.Fatal(err)
		}
		var holds []bool
		for _, c := range traced[1].Conditions {
			holds = append(holds, c.Holds)
		}
		if !slices.Equal(holds, want) || traced[1].Conditions[0].Met[0] != source || len(traced[1].Conditions[0].Wanted) != 2 {
			t.Errorf("%s: %+v", source, traced[1])
		}
		decision := policy.Evaluate(&r, &policy.Policies{Resource: []policy.Named{{Name: "trust", Policy: compiled}}, ResourceRequired: true})
		if allowed := traced[1].Applies && !traced[0].Applies; allowed != (decision.Effect == policy.Allow) || traced[0].Applies != (decision.Effect == policy.ExplicitDeny) {
			t.Errorf("%s: the trace says %+v, the decision %v", source, traced, decision.Effect)
		}
	}
}
