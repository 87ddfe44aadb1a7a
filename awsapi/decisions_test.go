package awsapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/sallyporttest"
)

// decision is a row of policy/testdata/decisions, as far as users with policies of their
// own and of resources are concerned.
type decision struct {
	Name     string
	Policies struct {
		ServiceControl, ResourceControl    [][]json.RawMessage
		Resource, Trust, Session, Identity []json.RawMessage
		Boundary                           json.RawMessage
		ResourceRequired, SessionLimited   bool
	}
	Request struct {
		Principal, Role, ID               string
		Action, Resource, ResourceAccount string
		Context                           map[string][]string
	}
	Effect string
}

func decisions(t *testing.T) (all []decision) {
	t.Helper()
	files, err := filepath.Glob("../policy/testdata/decisions/*.json")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var rows []decision
		if err := json.Unmarshal(text, &rows); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, row := range rows {
			row.Name = filepath.Base(file) + ": " + row.Name
			all = append(all, row)
		}
	}
	return all
}

// ofUser tells whether the row is about an IAM user under no control policies.
func (d decision) ofUser() bool {
	return strings.Contains(d.Request.Principal, ":user/") && d.Request.ID == "" && d.Policies.ServiceControl == nil && d.Policies.ResourceControl == nil
}

// told tells whether the row says who the user is wherever its policies ask. The
// simulator knows it from the caller's ARN.
func (d decision) told() bool {
	for _, document := range d.Policies.Identity {
		if strings.Contains(string(document), "aws:username") && d.Request.Context["aws:username"] == nil {
			return false
		}
	}
	return true
}

// What the evaluator decides the gate decides too, whatever it adds to the context.
func TestTheGateDecidesAsTheEvaluator(t *testing.T) {
	s := sallyporttest.Start(t)
	gate := &authz.Authorizer{Accounts: s.Accounts, Organizations: s.Orgs}
	named := func(kind policy.Kind, documents []json.RawMessage) (all []policy.Named) {
		for _, document := range documents {
			p, err := policy.Compile(kind, string(document))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, policy.Named{Name: "test", Policy: p})
		}
		return all
	}
	tried := 0
	for _, d := range decisions(t) {
		if !d.ofUser() {
			continue
		}
		tried++
		parts := strings.SplitN(d.Request.Principal, ":", 6)
		authority := &account.Authority{Identity: named(policy.Identity, d.Policies.Identity), Session: named(policy.Session, d.Policies.Session),
			SessionLimited: d.Policies.SessionLimited || d.Policies.Session != nil}
		if d.Policies.Boundary != nil {
			authority.Boundary = &named(policy.Boundary, []json.RawMessage{d.Policies.Boundary})[0]
		}
		resource := &account.Resource{ARN: d.Request.Resource, Account: account.ID(d.Request.ResourceAccount),
			Policy:         append(named(policy.Resource, d.Policies.Resource), named(policy.Trust, d.Policies.Trust)...),
			PolicyRequired: d.Policies.ResourceRequired || d.Policies.Trust != nil}
		asked := policy.Context{}
		for key, values := range d.Request.Context {
			asked[strings.ToLower(key)] = values
		}
		s.Read(func(tx *database.ReadTx) error {
			got, err := gate.Decide(tx, authz.Question{
				Principal: &account.Principal{Principal: policy.Principal{Kind: policy.User, Account: parts[4], ARN: d.Request.Principal}},
				Authority: authority, Action: d.Request.Action, Resource: resource, Context: asked,
			})
			if err == nil && got.Effect.String() != d.Effect {
				t.Errorf("%s: the gate says %s, want %s", d.Name, got.Effect, d.Effect)
			}
			return err
		})
	}
	if tried < 100 {
		t.Errorf("only %d rows are about users", tried)
	}
}

// The simulator is given the same documents as texts, over the wire.
func TestTheSimulatorDecidesAsTheEvaluator(t *testing.T) {
	s := sallyporttest.Start(t)
	client, tried := s.Root().IAM(), 0
	texts := func(documents []json.RawMessage) (all []string) {
		for _, document := range documents {
			all = append(all, string(document))
		}
		return all
	}
	for _, d := range decisions(t) {
		// The simulator takes one resource policy, no session policies, and an identity policy at least.
		if !d.ofUser() || !d.told() || d.Policies.Trust != nil || d.Policies.Session != nil || d.Policies.SessionLimited || d.Policies.ResourceRequired ||
			len(d.Policies.Resource) > 1 || len(d.Policies.Identity) == 0 || strings.Contains(d.Request.Action, "é") {
			continue
		}
		in := &iam.SimulateCustomPolicyInput{
			ActionNames: []string{d.Request.Action}, PolicyInputList: texts(d.Policies.Identity),
			ResourceArns: []string{d.Request.Resource}, CallerArn: &d.Request.Principal,
		}
		if d.Policies.Boundary != nil {
			in.PermissionsBoundaryPolicyInputList = []string{string(d.Policies.Boundary)}
		}
		if len(d.Policies.Resource) == 1 {
			in.ResourcePolicy = aws.String(string(d.Policies.Resource[0]))
		}
		if d.Request.ResourceAccount != "" {
			in.ResourceOwner = aws.String("arn:aws:iam::" + d.Request.ResourceAccount + ":root")
		} else {
			in.ResourceOwner = aws.String("arn:aws:iam::" + strings.SplitN(d.Request.Principal, ":", 6)[4] + ":root")
		}
		for key, values := range d.Request.Context {
			in.ContextEntries = append(in.ContextEntries, types.ContextEntry{ContextKeyName: &key, ContextKeyType: types.ContextKeyTypeEnumStringList, ContextKeyValues: values})
		}
		out, err := client.SimulateCustomPolicy(t.Context(), in)
		if err != nil {
			t.Errorf("%s: %v", d.Name, err)
			continue
		}
		tried++
		if got := string(out.EvaluationResults[0].EvalDecision); got != d.Effect {
			t.Errorf("%s: the simulator says %s, want %s", d.Name, got, d.Effect)
		}
	}
	if tried < 80 {
		t.Errorf("only %d rows were simulated", tried)
	}
}
