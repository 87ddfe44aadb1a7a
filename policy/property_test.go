package policy

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Statements and requests over few words, so that they meet often.
var (
	someActions   = []string{"s3:GetObject", "s3:Get*", "s3:*", "iam:GetUser", "*", "s3:?etObject", "iam:*User"}
	someResources = []string{"*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/alice/x", "arn:aws:s3:::b/${aws:username}/*", "arn:*:s3:*:*:b/*"}
	someOperators = []string{"StringEquals", "StringNotEquals", "StringLikeIfExists", "ForAnyValue:StringEquals", "ForAllValues:StringNotLike", "Null"}
	someKeys      = []string{"aws:username", "aws:tagkeys"}
	someValues    = []string{"alice", "bob", "a*"}
	somebody      = []any{
		"*", map[string]any{"AWS": "111111111111"}, map[string]any{"AWS": "arn:aws:iam::111111111111:user/alice"},
		map[string]any{"AWS": []string{"222222222222"}}, map[string]any{"AWS": "arn:aws:iam::111111111111:role/r"}, map[string]any{"Service": "x.amazonaws.com"},
	}
)

type drawn map[string]any

func drawStatement(t *rapid.T, kind Kind, effect string) drawn {
	s := drawn{"Effect": effect}
	draw := func(name, not string, from []string) {
		if not != "" && rapid.IntRange(0, 3).Draw(t, not) == 0 {
			name = not
		}
		s[name] = rapid.SliceOfN(rapid.SampledFrom(from), 1, 2).Draw(t, name)
	}
	draw("Action", "NotAction", someActions)
	draw("Resource", "NotResource", someResources)
	if kind == Resource {
		s["Principal"] = rapid.SampledFrom(somebody).Draw(t, "principal")
	}
	if rapid.Bool().Draw(t, "conditional") {
		operator := rapid.SampledFrom(someOperators).Draw(t, "operator")
		values := rapid.SliceOfN(rapid.SampledFrom(someValues), 1, 2).Draw(t, "values")
		if operator == "Null" {
			values = []string{"true"}
		}
		s["Condition"] = drawn{operator: drawn{rapid.SampledFrom(someKeys).Draw(t, "key"): values}}
	}
	return s
}

func drawStatements(t *rapid.T, kind Kind, effects ...string) []drawn {
	all := make([]drawn, rapid.IntRange(1, 5).Draw(t, "statements"))
	for i := range all {
		all[i] = drawStatement(t, kind, rapid.SampledFrom(effects).Draw(t, "effect"))
	}
	return all
}

func drawRequest(t *rapid.T) *Request {
	r := &Request{
		Principal: rapid.SampledFrom([]Principal{
			{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/alice"},
			{Kind: AssumedRole, Account: "111111111111", ARN: "arn:aws:iam::111111111111:role/r", Session: "arn:aws:sts::111111111111:assumed-role/r/s"},
			{Kind: AccountRoot, Account: "222222222222", ARN: "arn:aws:iam::222222222222:root"},
			{Kind: Service, Name: "x.amazonaws.com"},
			{Kind: Anonymous},
		}).Draw(t, "principal"),
		Action:          rapid.SampledFrom([]string{"s3:GetObject", "s3:PutObject", "IAM:getuser"}).Draw(t, "action"),
		Resource:        rapid.SampledFrom([]string{"arn:aws:s3:::b/alice/x", "arn:aws:s3:::b/bob/x", "*"}).Draw(t, "resource"),
		ResourceAccount: rapid.SampledFrom([]string{"", "111111111111", "222222222222"}).Draw(t, "account"),
		Context:         Context{},
	}
	for _, key := range someKeys {
		if rapid.Bool().Draw(t, "present") {
			r.Context[key] = rapid.SliceOfN(rapid.SampledFrom(someValues), 0, 2).Draw(t, "values")
		}
	}
	return r
}

func policyOf(t *rapid.T, kind Kind, statements []drawn) []Named {
	text, err := json.Marshal(drawn{"Version": Version2012, "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(kind, string(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return []Named{{"drawn", p}}
}

func TestAddingADenyNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		identity, resource := drawStatements(t, Identity, "Allow", "Deny"), drawStatements(t, Resource, "Allow", "Deny")
		p := &Policies{Identity: policyOf(t, Identity, identity), Resource: policyOf(t, Resource, resource), ResourceRequired: rapid.Bool().Draw(t, "required")}
		before := Evaluate(r, p)
		if rapid.Bool().Draw(t, "to the identity") {
			p.Identity = policyOf(t, Identity, append(identity, drawStatement(t, Identity, "Deny")))
		} else {
			p.Resource = policyOf(t, Resource, append(resource, drawStatement(t, Resource, "Deny")))
		}
		if after := Evaluate(r, p); after.Effect == Allow && before.Effect != Allow {
			t.Errorf("a Deny made %s an Allow", before.Effect)
		}
	})
}

func TestAddingAnAllowNeverDeniesMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		identity := drawStatements(t, Identity, "Allow")
		p := &Policies{Identity: policyOf(t, Identity, identity), Resource: policyOf(t, Resource, drawStatements(t, Resource, "Allow"))}
		before := Evaluate(r, p)
		p.Identity = policyOf(t, Identity, append(identity, drawStatement(t, Identity, "Allow")))
		if after := Evaluate(r, p); before.Effect == Allow && after.Effect != Allow {
			t.Errorf("an Allow made %s of an Allow", after.Effect)
		}
	})
}

func TestOrderNeverMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		identity, resource := drawStatements(t, Identity, "Allow", "Deny"), drawStatements(t, Resource, "Allow", "Deny")
		ask := func() Decision {
			return Evaluate(r, &Policies{Identity: policyOf(t, Identity, identity), Resource: policyOf(t, Resource, resource)})
		}
		before := ask()
		identity, resource = rapid.Permutation(identity).Draw(t, "identity"), rapid.Permutation(resource).Draw(t, "resource")
		if after := ask(); before.Effect != after.Effect || before.Stage != after.Stage {
			t.Errorf("%s by %s became %s by %s", before.Effect, before.Stage, after.Effect, after.Stage)
		}
	})
}

// The shelves find what a walk over all statements finds.
func TestSplittingAPolicyNeverMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		statements := drawStatements(t, Identity, "Allow", "Deny")
		var split []Named
		for _, s := range statements {
			split = slices.Concat(split, policyOf(t, Identity, []drawn{s}))
		}
		whole := Evaluate(r, &Policies{Identity: policyOf(t, Identity, statements)})
		if parts := Evaluate(r, &Policies{Identity: split}); whole.Effect != parts.Effect {
			t.Errorf("%s whole, %s in parts", whole.Effect, parts.Effect)
		}
	})
}
