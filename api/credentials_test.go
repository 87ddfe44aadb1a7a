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
		if got.Version != 1 || got.RoleARN != c.Way.Role || got.Endpoint != s.URL()+"/aws" || got.Expiration.Sub(s.Clock.Now()).Minutes() > 60 {
			t.Errorf("%+v", got)
		}
		session := c.Way.Root.With(&types.Credentials{AccessKeyId: &got.AccessKeyID, SecretAccessKey: &got.SecretAccessKey, SessionToken: &got.SessionToken})
		who, err := session.STS().GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || !strings.HasSuffix(aws.ToString(who.Arn), ":assumed-role/deploy/dev") {
			t.Fatalf("%v %v", who, err)
		}
		var told []string
		for _, event := range s.Events(c.Way.Root.Account.Scope()) {
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

func TestEveryLinkOfTheWayIsLookedAt(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		c := s.Connected()
		for i, link := range sallyporttest.Links() {
			asked := link.Break(c, c.Lead(fmt.Sprintf("c%d", i), fmt.Sprintf("e%d", i)))
			before := sessions(t, s)
			body := fmt.Sprintf(`{"role":%q,"connection":%q%s}`, asked.Role, asked.Connection, compute(asked))
			answer := s.Send("POST", "/api/v1/spaces/acme/projects/"+asked.Project+"/environments/"+asked.Environment+"/credentials", asked.As.Token, body)
			if answer.Status != link.Status || !strings.Contains(answer.Body, quoted(link.Says)) {
				t.Errorf("%s: %d %s, want %d %q", link.What, answer.Status, answer.Body, link.Status, link.Says)
			}
			if made := sessions(t, s) - before; (made == 1) != (link.Status == http.StatusOK) {
				t.Errorf("%s: %d sessions were made", link.What, made)
			}
		}
	})
}

func compute(asked sallyporttest.Asked) string {
	if asked.Compute == "" {
		return ""
	}
	return fmt.Sprintf(`,"compute":%q`, asked.Compute)
}

// quoted is a text as it stands in JSON.
func quoted(text string) string { return strings.ReplaceAll(text, `"`, `\"`) }

// sessions counts the temporary credentials there are.
func sessions(t *testing.T, s *sallyporttest.Sallyport) (n int) {
	t.Helper()
	if err := s.DB().Pool().QueryRow(`select count(*) from temporary_credentials`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
