package awsapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/sallyporttest"
)

// A page of a simulation is refused when it would take long, however it is made long.
func TestAttackASimulationThatTakesHours(t *testing.T) {
	s := sallyporttest.Start(t)
	client := s.Root().IAM()
	bomb := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalTag/x":[` +
		strings.TrimSuffix(strings.Repeat(`"*`+strings.Repeat("a", 250)+`b*",`, 450), ",") + `]}}}}`
	var keys []string
	for i := range 2500 {
		keys = append(keys, fmt.Sprintf(`"aws:PrincipalTag/k%d":"x"`, i))
	}
	many := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{` + strings.Join(keys, ",") + `}}}}`
	var actions []string
	for i := range 900 {
		actions = append(actions, fmt.Sprintf("s3:Get%d", i))
	}
	value := types.ContextEntry{ContextKeyName: aws.String("aws:PrincipalTag/x"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{strings.Repeat("a", 400_000)}}
	for what, in := range map[string]*iam.SimulateCustomPolicyInput{
		"patterns over one long value": {PolicyInputList: []string{bomb}, ActionNames: []string{"s3:GetObject"}, ContextEntries: []types.ContextEntry{value}},
		"keys over many actions":       {PolicyInputList: []string{many, many, many}, ActionNames: actions},
	} {
		begun := time.Now()
		_, err := client.SimulateCustomPolicy(t.Context(), in)
		if took := time.Since(begun); took > 20*time.Second { // it is some milliseconds, or some hours
			t.Errorf("%s took %s", what, took)
		}
		if what == "patterns over one long value" {
			mustBe(t, err, "InvalidInput", "too large")
		} else if err != nil { // looked for once, they are quickly found
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Whoever simulates must not read where another organization's accounts stand, nor
// what is denied there.
func TestAttackSimulatingInAnotherOrganization(t *testing.T) {
	s := sallyporttest.Start(t)
	root, spy := s.Root(), s.NewAccount("spy")
	if _, err := spy.Organizations().CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{FeatureSet: orgtypes.OrganizationFeatureSetAll}); err != nil {
		t.Fatal(err)
	}
	victim := s.NewAccount("victim")
	s.Write(func(tx *database.Tx) error {
		o, err := s.Orgs.Of(tx.Reading(), root.Account)
		if err != nil {
			return err
		}
		invited, err := s.Orgs.Invite(tx, o, org.NewInvitation{Account: victim.Account})
		if err != nil {
			return err
		}
		if _, err := s.Orgs.Accept(tx, victim.Account, invited.ID); err != nil {
			return err
		}
		if err := s.Orgs.EnableType(tx, o, o.Root, org.ServiceControl); err != nil {
			return err
		}
		p, err := s.Orgs.CreatePolicy(tx, o, org.NewPolicy{Type: org.ServiceControl, Name: "shut", Content: `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}}`})
		if err != nil {
			return err
		}
		return s.Orgs.Attach(tx, o, p.ID, org.TargetID(o.Root))
	})
	// There it is denied.
	_, err := victim.IAM().CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("x")})
	mustBe(t, err, "AccessDenied", "with an explicit deny in a service control policy")

	spy.User("alice", everything)
	alice := "arn:aws:iam::" + string(spy.Account) + ":user/alice"
	asks := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringLike":{"aws:ResourceOrgID":"o-*"}}}}`
	out, err := spy.IAM().SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &alice, CallerArn: aws.String("arn:aws:iam::" + string(victim.Account) + ":user/made-up"), ActionNames: []string{"iam:CreateUser"},
	})
	if err != nil {
		t.Error(err)
	} else {
		if got := out.EvaluationResults[0]; got.EvalDecision == types.PolicyEvaluationDecisionTypeExplicitDeny || got.OrganizationsDecisionDetail != nil && !got.OrganizationsDecisionDetail.AllowedByOrganizations {
			t.Errorf("the simulation tells of the other organization: %+v", got)
		}
	}
	found, err := spy.IAM().SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &alice, ActionNames: []string{"s3:GetObject"}, PolicyInputList: []string{asks},
		ResourceOwner: aws.String(victim.Account.Root()), ResourceArns: []string{"arn:aws:s3:::bucket/key"}, ResourcePolicy: aws.String(asks[:len(asks)-2] + `,"Principal":"*"}}`), CallerArn: &alice,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range found.EvaluationResults[0].MatchedStatements {
		if strings.HasPrefix(*statement.SourcePolicyId, "PolicyInputList") || strings.HasPrefix(*statement.SourcePolicyId, "ResourcePolicy") {
			t.Errorf("a statement about the other organization matched: %+v", statement)
		}
	}
}
