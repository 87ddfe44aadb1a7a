package api_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/trust"
)

// thumbprint is the SHA-1 of a server's own authority.
func thumbprint(t *testing.T, s *sallyporttest.Sallyport) string {
	t.Helper()
	text, err := os.ReadFile(s.CABundle())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	sum := sha1.Sum(block.Bytes)
	return hex.EncodeToString(sum[:])
}

// admits is a trust policy as sallyport trust generate would print it.
func admits(of *sallyporttest.Signer, issuer, subject string) string {
	host := strings.TrimPrefix(issuer, "https://")
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::%s:oidc-provider/%s"},
		"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],
		"Condition":{"StringEquals":{"%[2]s:aud":"sts.amazonaws.com"},"StringLike":{"%[2]s:sub":%q}}}}`, of.Account, host, subject)
}

// Another Sallyport plays AWS: this one has no account there, and reaches it by the SDK's
// own variables.
func TestAnAccountAtAWSIsConnectedOnceItsRoleWasAssumed(t *testing.T) {
	s, far := sallyporttest.Start(t), sallyporttest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL_STS", far.URL()+"/aws")
	t.Setenv("AWS_CA_BUNDLE", far.CABundle())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	c := s.Connected() // of accounts here, not to be touched
	root, other, url := far.NewAccount("far"), far.NewAccount("farther"), s.URL()
	for _, account := range []*sallyporttest.Signer{root, other} {
		if _, err := account.IAM().CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
			Url: &url, ClientIDList: []string{trust.Audience}, ThumbprintList: []string{thumbprint(t, s)}}); err != nil {
			t.Fatal(err)
		}
	}
	web := trust.Place{Space: string(c.Space.ID), Project: string(c.Project.ID)}
	whole := root.Role("whole", admits(root, url, trust.Place{Space: web.Space}.Subject()), sallyporttest.Everything)
	narrow := root.Role("narrow", admits(root, url, web.Subject()), sallyporttest.Everything)
	stranger := root.Role("stranger", admits(root, url, trust.Place{Space: "11111111-aaaa-4000-8000-000000000001"}.Subject()), sallyporttest.Everything)
	elsewhere := other.Role("whole", admits(other, url, trust.Place{Space: web.Space}.Subject()), sallyporttest.Everything)

	asked := ask[api.RequestedConnection](t, s, c.Owner.Token, "POST", "/spaces/acme/connections", fmt.Sprintf(`{"account":%q,"name":"far"}`, root.Account), http.StatusCreated)
	if asked.Side != "aws" || asked.State != "pending" {
		t.Fatalf("%+v", asked)
	}
	verify := func(role, more string, status int) sallyporttest.Answer {
		t.Helper()
		answer := s.Send("POST", "/api/v1/spaces/acme/connections/far/roles", c.Owner.Token, fmt.Sprintf(`{"roleArn":%q,"purposes":["RUNNER"]%s}`, role, more))
		if answer.Status != status {
			t.Errorf("%s: %d %s, want %d", role, answer.Status, answer.Body, status)
		}
		return answer
	}
	state := func() string {
		return ask[api.ConnectionDetail](t, s, c.Owner.Token, "GET", "/spaces/acme/connections/far", "", http.StatusOK).State
	}
	verify(stranger, "", http.StatusForbidden)
	verify(narrow, "", http.StatusForbidden)
	verify("arn:aws:iam::"+string(root.Account)+":role/nobody", "", http.StatusForbidden)
	verify(elsewhere, "", http.StatusBadRequest)
	verify(c.Way.Role, "", http.StatusBadRequest)
	if got := state(); got != "pending" {
		t.Fatalf("after refusals it is %s", got)
	}
	refused(t, s, c.Owner.Token, "POST", "/spaces/acme/connections/prod/roles", fmt.Sprintf(`{"roleArn":%q,"purposes":["RUNNER"]}`, c.Way.Role), http.StatusConflict, "conflict")
	verify(narrow, `,"project":"web"`, http.StatusOK)
	if got := state(); got != "active" {
		t.Fatalf("it is %s", got)
	}
	verify(whole, "", http.StatusOK)

	ask[api.Environment](t, s, c.Admin.Token, "POST", "/spaces/acme/projects/web/environments", `{"name":"far","connection":"far","role":"narrow"}`, http.StatusCreated)
	answer := c.Credentials(c.Developer, "far", `{"run":"run-1"}`)
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	var got api.Credentials
	answer.JSON(t, &got)
	session := root.With(&types.Credentials{AccessKeyId: &got.AccessKeyID, SecretAccessKey: &got.SecretAccessKey, SessionToken: &got.SessionToken})
	who, err := session.STS().GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(who.Arn) != "arn:aws:sts::"+string(root.Account)+":assumed-role/narrow/dev" || got.Endpoint != "" {
		t.Fatalf("%+v %v", who, err)
	}
	// Another project's token says another subject.
	c.Owner.Project(c.Space, "other")
	ask[api.Environment](t, s, c.Owner.Token, "POST", "/spaces/acme/projects/other/environments", `{"name":"far","connection":"far","role":"narrow"}`, http.StatusCreated)
	problem := refused(t, s, c.Owner.Token, "POST", "/spaces/acme/projects/other/environments/far/credentials", `{}`, http.StatusForbidden, "denied")
	if !strings.Contains(problem.Detail, "IAM role value not valid") || !strings.Contains(problem.Detail, url) {
		t.Error(problem.Detail)
	}
}
