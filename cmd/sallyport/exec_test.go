package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/sallyporttest"
)

// The answers of the native API, as exec tells them.
func TestExecIsRefusedAtEveryLink(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	t.Setenv("SALLYPORT_ENDPOINT", s.URL())
	t.Setenv("AWS_CA_BUNDLE", s.CABundle())
	for i, link := range sallyporttest.Links() {
		asked := link.Break(c, c.Lead(fmt.Sprintf("c%d", i), fmt.Sprintf("e%d", i)))
		if asked.Compute != "" {
			continue // a command runs here, not where actions do
		}
		t.Setenv("SALLYPORT_TOKEN", asked.As.Token)
		args := []string{"exec", "--credential-process", "--project", "acme/" + asked.Project, "--environment", asked.Environment}
		if asked.Role != "" {
			args = append(args, "--role", asked.Role)
		}
		if asked.Connection != "" {
			args = append(args, "--connection", asked.Connection)
		}
		var out, errs bytes.Buffer
		code := run(t.Context(), args, nil, &out, &errs)
		if want := map[bool]int{true: exitDone, false: exitFailed}[link.Status == http.StatusOK]; code != want || !strings.Contains(errs.String(), link.Says) {
			t.Errorf("%s: %d %s, want %d %q", link.What, code, errs.String(), want, link.Says)
		}
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); code == exitDone && (err != nil || got["Version"] != 1.0 || len(got) != 5) || code != exitDone && out.Len() > 0 {
			t.Errorf("%s: it prints %s", link.What, out.String())
		}
	}
}

func TestTheChildHasTheRolesCredentialsAndNoneOfTheCallers(t *testing.T) {
	own := []string{"PATH=/bin", "AWS_PROFILE=mine", "AWS_ACCESS_KEY_ID=AKIAMINE", "AWS_ENDPOINT_URL_S3=https://elsewhere.example.com", "aws_session_token=x", "AWS_CA_BUNDLE=/ca.pem", "LAWS_=kept"}
	got := api.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: "secret", SessionToken: "token", Region: "us-west-2"}
	for _, row := range []struct {
		endpoint string
		has, not []string
	}{
		{"https://sallyport.example.com/aws", []string{"AWS_ENDPOINT_URL=https://sallyport.example.com/aws", "AWS_CA_BUNDLE=/ca.pem"}, nil},
		{"", nil, []string{"AWS_ENDPOINT_URL=", "AWS_CA_BUNDLE=/ca.pem"}},
	} {
		got.Endpoint = row.endpoint
		child := childEnvironment(own, got)
		for _, variable := range append(row.has, "PATH=/bin", "LAWS_=kept", "AWS_ACCESS_KEY_ID=ASIA1", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token", "AWS_REGION=us-west-2", "AWS_DEFAULT_REGION=us-west-2") {
			if !slices.Contains(child, variable) {
				t.Errorf("endpoint %q: no %s in %q", row.endpoint, variable, child)
			}
		}
		for _, variable := range append(row.not, "AWS_PROFILE=mine", "AWS_ACCESS_KEY_ID=AKIAMINE", "AWS_ENDPOINT_URL_S3=https://elsewhere.example.com", "aws_session_token=x") {
			if slices.Contains(child, variable) {
				t.Errorf("endpoint %q: %s in %q", row.endpoint, variable, child)
			}
		}
	}
}

func TestExecWantsToKnowWhereAndWhat(t *testing.T) {
	for _, args := range []string{"", "--project acme --environment e -- true", "--project acme/web -- true", "--project acme/web --environment e", "--project acme/web --environment e --credential-process -- true"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"exec"}, strings.Fields(args)...), nil, &out, &errs); code != exitUsage {
			t.Errorf("exec %s: %d %s", args, code, errs.String())
		}
	}
}
