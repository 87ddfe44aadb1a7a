package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

func TestAContributorIsTheRoleForAnHour(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		answer := c.Credentials(c.Developer, "production", `{"run":"run-1"}`)
		if answer.Status != http.StatusOK {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		var got api.Credentials
		answer.JSON(t, &got)
		if got.Version != 1 || got.RoleARN != c.Role || got.Endpoint != s.URL()+"/aws" || got.Expiration.Sub(s.Clock.Now()).Minutes() > 60 {
			t.Errorf("%+v", got)
		}
		session := c.Root.With(&types.Credentials{AccessKeyId: &got.AccessKeyID, SecretAccessKey: &got.SecretAccessKey, SessionToken: &got.SessionToken})
		who, err := session.STS().GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || !strings.HasSuffix(aws.ToString(who.Arn), ":assumed-role/deploy/dev") {
			t.Fatalf("%v %v", who, err)
		}
		var told []string
		for _, event := range s.Events(c.Root.Account.Scope()) {
			if event.Name == "assumeRole" {
				told = append(told, fmt.Sprintf("%s %s", event.Detail.Identity, event.Detail.Request))
			}
		}
		if len(told) != 1 || !strings.Contains(told[0], "codecatalyst-runner.amazonaws.com") || !strings.Contains(told[0], string(c.Project.ID)) || !strings.Contains(told[0], "run-1") {
			t.Errorf("the account's log tells %q", told)
		}
		for _, event := range s.Events(seal.Space(string(c.Space.ID))) {
			if event.Name == "getEnvironmentCredentials" {
				if text := string(event.Detail.Response); strings.Contains(text, got.SecretAccessKey) || !strings.Contains(text, got.AccessKeyID) || event.ProjectID != string(c.Project.ID) {
					t.Errorf("the space's log tells %s", text)
				}
				return
			}
		}
		t.Error("the space's log does not tell of it")
	})
}
