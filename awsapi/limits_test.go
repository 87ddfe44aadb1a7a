package awsapi_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/server"
)

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Twenty requests a second, then it is told to wait; another account is not.
func TestLimitsThrottleIdentityCenter(t *testing.T) {
	s := sallyporttest.StartLike(t, func(c *server.Config) { c.AWSLimits = true })
	root, other := s.Root(), s.NewAccount("other")
	throttled := 0
	for range 60 {
		if _, err := root.SSOAdmin().ListInstances(t.Context(), nil); codeOf(err) == "ThrottlingException" {
			throttled++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if throttled == 0 {
		t.Error("sixty requests at once were all admitted")
	}
	if _, err := other.SSOAdmin().ListInstances(t.Context(), nil); err != nil {
		t.Errorf("the other account is told to wait too: %v", err)
	}
	if _, err := root.IAM().ListUsers(t.Context(), nil); err != nil {
		t.Errorf("another service is told to wait too: %v", err)
	}
}

// Ten changes of assignments may be under way, and no more.
func TestLimitsHoldAssignmentsUnderWay(t *testing.T) {
	s := sallyporttest.StartLike(t, func(c *server.Config) { c.AWSLimits = true })
	client, center := s.Root().SSOAdmin(), s.Center()
	instance, target := center.ARN(), string(s.Management())
	set, err := client.CreatePermissionSet(t.Context(), &ssoadmin.CreatePermissionSetInput{InstanceArn: &instance, Name: aws.String("Deploy")})
	if err != nil {
		t.Fatal(err)
	}
	var people []string
	for i := range 11 {
		people = append(people, string(s.Person(fmt.Sprint("person", i)).ID))
	}
	for i, person := range people {
		_, err := client.CreateAccountAssignment(t.Context(), &ssoadmin.CreateAccountAssignmentInput{InstanceArn: &instance, PermissionSetArn: set.PermissionSet.PermissionSetArn,
			PrincipalId: &person, PrincipalType: ssotypes.PrincipalTypeUser, TargetId: &target, TargetType: ssotypes.TargetTypeAwsAccount})
		switch {
		case i == 10:
			mustBe(t, err, "ThrottlingException", "10 changes of assignments are under way")
		case err != nil:
			t.Fatalf("assignment %d: %v", i, err)
		}
	}
}

// An account takes seconds to be made, and a moment more to be known everywhere.
func TestLimitsMakeNewAccountsSettle(t *testing.T) {
	s := sallyporttest.StartLike(t, func(c *server.Config) { c.AWSLimits = true })
	client := s.Root().Organizations()
	made, err := client.CreateAccount(t.Context(), &organizations.CreateAccountInput{AccountName: aws.String("shop"), Email: aws.String("shop@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	var id *string
	s.Eventually("the account", func() bool {
		status, err := client.DescribeCreateAccountStatus(t.Context(), &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: made.CreateAccountStatus.Id})
		if err != nil {
			t.Fatal(err)
		}
		id = status.CreateAccountStatus.AccountId
		return status.CreateAccountStatus.State == types.CreateAccountStateSucceeded
	})
	if took := time.Since(begun); took < time.Second {
		t.Errorf("it was made after %s already", took)
	}
	_, err = client.DescribeAccount(t.Context(), &organizations.DescribeAccountInput{AccountId: id})
	mustBe(t, err, "AccountNotFoundException", "made a moment ago")
	s.Eventually("the account to be known", func() bool {
		_, err := client.DescribeAccount(t.Context(), &organizations.DescribeAccountInput{AccountId: id})
		return err == nil
	})
}

// A lost answer is one of a change that was made.
func TestFaultsLoseAnswersOfChangesThatWereMade(t *testing.T) {
	seed := uint64(7)
	s := sallyporttest.StartLike(t, func(c *server.Config) { c.AWSFaults = &seed })
	client, lost := s.Root().IAM(), 0
	for i := range 80 {
		name := fmt.Sprintf("user-%d", i)
		_, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
		if err == nil {
			continue
		}
		if lost++; codeOf(err) != "" {
			t.Fatalf("it was answered: %v", err)
		}
		_, err = client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
		if code := codeOf(err); code != "EntityAlreadyExists" {
			t.Errorf("the change of a lost answer was not made: %v", err)
		}
		if lost == 2 {
			return
		}
	}
	t.Errorf("%d answers of 80 were lost", lost)
}
