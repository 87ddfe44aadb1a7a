package server_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	identitytypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/server"
)

// An assignment that was accepted is made after the server was killed before it came to
// it: once, with one event.
func TestAnAcceptedAssignmentOutlivesTheServer(t *testing.T) {
	binary := buildBinary(t)
	databasetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel() // most of it is waiting for a killed server's turn at the jobs to end
		data := t.TempDir()
		_, kill := runBinary(t, binary, url, data, "--aws-limits") // jobs wait a second at least
		is := bootstrapOf(t, data)
		admin, set, request := assign(t, is)
		kill()

		_, kill = runBinary(t, binary, url, data)
		defer kill()
		is = bootstrapOf(t, data)
		admin = ssoadmin.NewFromConfig(configOf(is))
		state := types.StatusValuesInProgress
		for deadline := time.Now().Add(90 * time.Second); state == types.StatusValuesInProgress && time.Now().Before(deadline); time.Sleep(250 * time.Millisecond) {
			out, err := admin.DescribeAccountAssignmentCreationStatus(t.Context(), &ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: &is.InstanceARN, AccountAssignmentCreationRequestId: request})
			if err != nil {
				t.Fatal(err)
			}
			state = out.AccountAssignmentCreationStatus.Status
		}
		if state != types.StatusValuesSucceeded {
			t.Fatalf("after the restart the request is %s", state)
		}
		assigned, err := admin.ListAccountAssignments(t.Context(), &ssoadmin.ListAccountAssignmentsInput{InstanceArn: &is.InstanceARN, PermissionSetArn: set, AccountId: &is.ManagementAccountID})
		if err != nil || len(assigned.AccountAssignments) != 1 {
			t.Errorf("assignments: %+v, %v", assigned, err)
		}
		roles, err := iam.NewFromConfig(configOf(is)).ListRoles(t.Context(), &iam.ListRolesInput{PathPrefix: aws.String("/aws-reserved/")})
		if err != nil || len(roles.Roles) != 1 || !strings.HasPrefix(*roles.Roles[0].RoleName, "AWSReservedSSO_Deploy_") {
			t.Errorf("roles: %+v, %v", roles, err)
		}
		told, err := cloudtrail.NewFromConfig(configOf(is)).LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{LookupAttributes: []cloudtrailtypes.LookupAttribute{
			{AttributeKey: cloudtrailtypes.LookupAttributeKeyEventName, AttributeValue: aws.String("CreateAccountAssignmentResult")}}})
		if err != nil || len(told.Events) != 1 {
			t.Errorf("the log tells %d times of it, %v", len(told.Events), err)
		}
	})
}

// assign asks for an assignment of a new user in the management account.
func assign(t *testing.T, is server.Bootstrap) (admin *ssoadmin.Client, set, request *string) {
	t.Helper()
	admin = ssoadmin.NewFromConfig(configOf(is))
	user, err := identitystore.NewFromConfig(configOf(is)).CreateUser(t.Context(), &identitystore.CreateUserInput{
		IdentityStoreId: &is.IdentityStoreID, UserName: aws.String("mary"), DisplayName: aws.String("Mary Major"),
		Name: &identitytypes.Name{GivenName: aws.String("Mary"), FamilyName: aws.String("Major")}})
	if err != nil {
		t.Fatal(err)
	}
	made, err := admin.CreatePermissionSet(t.Context(), &ssoadmin.CreatePermissionSetInput{InstanceArn: &is.InstanceARN, Name: aws.String("Deploy")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := admin.CreateAccountAssignment(t.Context(), &ssoadmin.CreateAccountAssignmentInput{
		InstanceArn: &is.InstanceARN, PermissionSetArn: made.PermissionSet.PermissionSetArn, PrincipalId: user.UserId, PrincipalType: types.PrincipalTypeUser,
		TargetId: &is.ManagementAccountID, TargetType: types.TargetTypeAwsAccount})
	if err != nil || out.AccountAssignmentCreationStatus.Status != types.StatusValuesInProgress {
		t.Fatalf("%+v, %v", out, err)
	}
	return admin, made.PermissionSet.PermissionSetArn, out.AccountAssignmentCreationStatus.RequestId
}

// bootstrapOf waits for the file that a started server leaves.
func bootstrapOf(t *testing.T, data string) (is server.Bootstrap) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(data, "bootstrap.json"))
		if err == nil && json.Unmarshal(text, &is) == nil && answers(is.Endpoint) {
			return is
		}
		if time.Now().After(deadline) {
			t.Fatal("there is no bootstrap.json of a server that answers")
		}
	}
}

func answers(endpoint string) bool {
	response, err := http.Get(endpoint + "/livez")
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func configOf(is server.Bootstrap) aws.Config {
	return aws.Config{
		Region: is.Region, BaseEndpoint: &is.AWSEndpoint, Credentials: credentials.NewStaticCredentialsProvider(is.AccessKeyID, is.SecretAccessKey, ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}
