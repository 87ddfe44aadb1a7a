package accountside_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/sallyport/sallyport/accountside"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/trust"
)

// What comes over the network is nobody's service, whatever it says of itself.
func TestAttackForgingTheServiceOverTheNetwork(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	before := len(s.Events(c.Way.Root.Account.Scope()))
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {c.Way.Role}, "RoleSessionName": {"test"}}
	forge := func(header http.Header, more url.Values, query, host string) sallyporttest.Answer {
		body := url.Values{}
		for _, from := range []url.Values{form, more} {
			for key, values := range from {
				body[key] = values
			}
		}
		r, err := http.NewRequest("POST", s.URL()+"/aws/"+query, strings.NewReader(body.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for key, values := range header {
			r.Header[key] = values
		}
		if host != "" {
			r.Host = host
		}
		return s.Do(r)
	}
	from := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for what, answer := range map[string]sallyporttest.Answer{
		"nothing":            forge(nil, nil, "", ""),
		"the user agent":     forge(from("User-Agent", trust.Runner), nil, "", ""),
		"forwarding headers": forge(from("X-Forwarded-For", trust.Runner, "Forwarded", "for="+trust.Runner, "X-Real-Ip", trust.Runner, "Via", trust.Runner), nil, "", ""),
		"headers of AWS":     forge(from("X-Amz-Source-Arn", c.ThisProject(), "X-Amz-Source-Account", string(c.Way.Root.Account), "Aws-Sourcearn", c.ThisProject()), nil, "", ""),
		"members":            forge(nil, url.Values{"SourceArn": {c.ThisProject()}, "aws:SourceArn": {c.ThisProject()}, "Service": {trust.Runner}}, "", ""),
		"the query":          forge(nil, nil, "?aws:SourceArn="+url.QueryEscape(c.ThisProject())+"&Service="+trust.Runner, ""),
		"the inner host":     forge(nil, nil, "", "in-process.invalid"),
		"a bearer token":     forge(from("Authorization", "Bearer "+trust.Runner), nil, "", ""),
		"basic":              forge(from("Authorization", "Basic Y29kZWNhdGFseXN0LXJ1bm5lci5hbWF6b25hd3MuY29tOg=="), nil, "", ""),
		"a key of its name":  forge(from("Authorization", "AWS4-HMAC-SHA256 Credential="+trust.Runner+"/20260101/us-west-2/sts/aws4_request, SignedHeaders=host, Signature=00", "X-Amz-Date", "20260101T000000Z"), nil, "", ""),
	} {
		if answer.Status < 400 || answer.Status >= 500 || strings.Contains(answer.Body, "SecretAccessKey") {
			t.Errorf("%s: %d %s", what, answer.Status, answer.Body)
		}
	}
	// Somebody who may assume everything is let in by nobody's trust policy for that.
	for _, who := range []*sallyporttest.Signer{c.Way.Keeper, s.NewAccount("other").User("keeper", sallyporttest.Everything)} {
		if _, err := who.STS().AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &c.Way.Role, RoleSessionName: aws.String("test")}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("a signed request: %v", err)
		}
	}
	for _, event := range s.Events(c.Way.Root.Account.Scope())[:len(s.Events(c.Way.Root.Account.Scope()))-before] {
		if strings.Contains(string(event.Detail.Identity), "AWSService") {
			t.Errorf("the log calls somebody a service: %s", event.Detail.Identity)
		}
	}
}

// In this process the mark is good for assuming roles, in the name it was made with.
func TestTheMarkIsGoodForAssumingRolesAlone(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	door := &accountside.Transport{Door: s.Handler(), As: authn.Service{Name: trust.Runner, SourceARN: c.ThisProject()}}
	client := &http.Client{Transport: door}
	ask := func(form string) (int, string) {
		r, err := http.NewRequest("POST", "http://in-process.invalid/aws/", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Content-Type")
	}
	assume := "Action=AssumeRole&Version=2011-06-15&RoleSessionName=xx&RoleArn=" + url.QueryEscape(c.Way.Role)
	for _, row := range []struct {
		what, form string
		good       bool
	}{
		{"the role", assume, true},
		{"with a session policy", assume + "&Policy=" + url.QueryEscape(sallyporttest.Everything), true},
		{"who it is", "Action=GetCallerIdentity&Version=2011-06-15", false},
		{"a session of nobody's", "Action=GetSessionToken&Version=2011-06-15", false},
		{"a federated user", "Action=GetFederationToken&Version=2011-06-15&Name=xx", false},
		{"another service's operation", "Action=ListUsers&Version=2010-05-08", false},
		{"what it changes", "Action=CreateUser&Version=2010-05-08&UserName=intruder", false},
	} {
		if status, _ := ask(row.form); (status == http.StatusOK) != row.good {
			t.Errorf("%s: %d", row.what, status)
		}
	}
	door.As.SourceARN = ""
	if status, _ := ask(assume); status != http.StatusForbidden {
		t.Errorf("on nobody's behalf: %d", status)
	}
	door.As = authn.Service{Name: "ecs-tasks.amazonaws.com", SourceARN: c.ThisProject()}
	if status, _ := ask(assume); status != http.StatusForbidden {
		t.Errorf("as another service: %d", status)
	}
}

// The hour: a session that assumes the next role gets an hour of its own at most, stays
// who it was, and only where the next role lets it in.
func TestAttackOutlivingTheHourByAChainOfRoles(t *testing.T) {
	s := sallyporttest.Start(t)
	c := s.Connected()
	answer := c.Credentials(c.Developer, "production", `{"duration":900}`)
	var got api.Credentials
	answer.JSON(t, &got)
	session := c.Way.Root.With(&types.Credentials{AccessKeyId: &got.AccessKeyID, SecretAccessKey: &got.SecretAccessKey, SessionToken: &got.SessionToken})
	chain := func(role string, seconds int32) (*sts.AssumeRoleOutput, error) {
		return session.STS().AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("next"), DurationSeconds: &seconds})
	}
	if _, err := chain(c.Way.Role, 3600); err == nil {
		t.Error("the role let its own session in again")
	}
	trusting := func(name string, actions string) string {
		return c.Way.Root.Role(name, fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":%s}}`, c.Way.Role, actions), sallyporttest.Everything)
	}
	if _, err := chain(trusting("silent", `"sts:AssumeRole"`), 3600); err == nil || !strings.Contains(err.Error(), "sts:SetSourceIdentity") {
		t.Errorf("the next role forgets who it is: %v", err)
	}
	next := trusting("next", `["sts:AssumeRole","sts:SetSourceIdentity"]`)
	if _, err := chain(next, 3601); err == nil {
		t.Error("a chained session of more than an hour")
	}
	out, err := chain(next, 3600)
	if err != nil || aws.ToString(out.SourceIdentity) != string(c.Developer.ID) {
		t.Fatalf("%+v %v", out, err)
	}
	s.Clock.Advance(15*time.Minute + time.Second)
	if _, err := session.STS().GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after its time: %v", err)
	}
}
