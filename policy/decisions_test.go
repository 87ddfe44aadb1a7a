package policy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// decisionCase is a row of testdata/decisions: documents by what they are attached to, a
// request, and what comes of it. A principal is written as its ARN, the name of a
// service, "web:" or "saml:" and a provider, or "anonymous"; "role" is the ARN of the
// role that a session is of. Keys of the context are in any case.
type decisionCase struct {
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
	Effect, Stage, Because string
	Sids                   []string // of the statements that decided; nil: not told
}

func (c *decisionCase) policies(t testing.TB) *Policies {
	t.Helper()
	named := func(kind Kind, slot string, documents []json.RawMessage) (all []Named) {
		for i, d := range documents {
			all = append(all, Named{fmt.Sprint(slot, " ", i), compiled(t, kind, string(d))})
		}
		return all
	}
	levels := func(kind Kind, slot string, documents [][]json.RawMessage) (all [][]Named) {
		for i, level := range documents {
			all = append(all, named(kind, fmt.Sprint(slot, " ", i), level))
		}
		return all
	}
	p := &Policies{
		ServiceControl:   levels(ServiceControl, "scp", c.Policies.ServiceControl),
		ResourceControl:  levels(ResourceControl, "rcp", c.Policies.ResourceControl),
		Resource:         slices.Concat(named(Resource, "resource", c.Policies.Resource), named(Trust, "trust", c.Policies.Trust)),
		ResourceRequired: c.Policies.ResourceRequired || c.Policies.Trust != nil,
		Session:          named(Session, "session", c.Policies.Session),
		SessionLimited:   c.Policies.SessionLimited || c.Policies.Session != nil,
		Identity:         named(Identity, "identity", c.Policies.Identity),
	}
	if c.Policies.Boundary != nil {
		p.Boundary = &named(Boundary, "boundary", []json.RawMessage{c.Policies.Boundary})[0]
	}
	return p
}

func (c *decisionCase) request() *Request {
	r := &Request{
		Principal: principalOf(c.Request.Principal, c.Request.Role, c.Request.ID),
		Action:    c.Request.Action, Resource: c.Request.Resource, ResourceAccount: c.Request.ResourceAccount,
		Context: Context{},
	}
	for key, values := range c.Request.Context {
		r.Context[strings.ToLower(key)] = values
	}
	return r
}

func principalOf(text, role, id string) Principal {
	if provider, ok := strings.CutPrefix(text, "web:"); ok {
		return Principal{Kind: WebIdentity, Name: provider}
	}
	if provider, ok := strings.CutPrefix(text, "saml:"); ok {
		return Principal{Kind: SAML, Name: provider}
	}
	if text == "anonymous" {
		return Principal{Kind: Anonymous}
	}
	if !strings.HasPrefix(text, "arn:") {
		return Principal{Kind: Service, Name: text}
	}
	parts := strings.SplitN(text, ":", 6)
	p := Principal{Account: parts[4], ARN: text, ID: id}
	switch form, _, _ := strings.Cut(parts[5], "/"); form {
	case "root":
		p.Kind = AccountRoot
	case "user":
		p.Kind = User
	case "federated-user":
		p.Kind = FederatedUser
	case "assumed-role":
		p.Kind, p.ARN, p.Session = AssumedRole, role, text
	}
	return p
}

func decisionCases(t testing.TB) map[string][]decisionCase {
	t.Helper()
	files, err := filepath.Glob("testdata/decisions/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no decisions in testdata", err)
	}
	all := map[string][]decisionCase{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []decisionCase
		if err := json.Unmarshal(text, &cases); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = cases
	}
	return all
}

func TestDecisions(t *testing.T) {
	for topic, cases := range decisionCases(t) {
		for _, c := range cases {
			t.Run(topic+"/"+c.Name, func(t *testing.T) {
				d := Evaluate(c.request(), c.policies(t))
				if d.Effect.String() != c.Effect || d.Stage.String() != c.Stage {
					t.Errorf("%s by %s, want %s by %s", d.Effect, d.Stage, c.Effect, c.Stage)
				}
				sids := []string{}
				for _, m := range d.Statements() {
					sids = append(sids, m.Sid)
				}
				if c.Sids != nil && !slices.Equal(sids, c.Sids) {
					t.Errorf("decided by %q, want %q", sids, c.Sids)
				}
				if c.Because != "" && d.Because() != c.Because {
					t.Errorf("%q, want %q", d.Because(), c.Because)
				}
			})
		}
	}
}

// Every operator is tried, with every set operator and IfExists.
func TestDecisionsTryEveryOperator(t *testing.T) {
	tried := map[string]bool{}
	for _, c := range decisionCases(t)["operators"] {
		name, _, _ := strings.Cut(c.Name, " ")
		tried[name] = true
	}
	for name, o := range operators {
		forms := []string{name, name + "IfExists", "ForAllValues:" + name, "ForAnyValue:" + name}
		if o.family == nullFamily {
			forms = forms[:1]
		}
		for _, form := range forms {
			if !tried[form] {
				t.Errorf("%s is tried by no decision", form)
			}
		}
	}
}

func TestADecisionTellsWhatDecided(t *testing.T) {
	const document = `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"},
  {"Sid": "Mine", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}`
	d := Evaluate(
		&Request{Principal: Principal{Kind: User, Account: "111111111111"}, Action: "s3:GetObject", Resource: "*"},
		&Policies{Identity: []Named{{"user/alice: inline policy mine", compiled(t, Identity, document)}}})
	want := []Match{{AtIdentity, "user/alice: inline policy mine", "Mine", 1, Position{3, 2, 105}}}
	if got := d.Statements(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if d.Because() != "" {
		t.Errorf("allowed %q", d.Because())
	}
	var zero Decision
	if zero.Effect == Allow {
		t.Error("the zero Decision allows")
	}
}

func TestALevelIsTold(t *testing.T) {
	full := []Named{{"full", compiled(t, ServiceControl, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)}}
	r := &Request{Principal: Principal{Kind: User, Account: "111111111111"}, Action: "s3:GetObject", Resource: "*"}
	d := Evaluate(r, &Policies{ServiceControl: [][]Named{full, full, nil}, Identity: full})
	if d.Effect != ImplicitDeny || d.Stage != AtServiceControl || d.Level != 2 {
		t.Errorf("%+v", d)
	}
}

func TestWhatAPolicyNames(t *testing.T) {
	p := compiled(t, Resource, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"AWS": ["111111111111", "arn:aws:iam::111111111111:role/x", "111111111111"], "Service": "x.amazonaws.com"},
		 "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}/*", "Condition": {
			"StringEquals": {"aws:PrincipalTag/Team": "${aws:RequestTag/team, 'x'}", "AWS:UserName": "a"}, "Null": {"aws:SourceArn": "false"}}},
		{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "*"}]}`)
	if got, want := p.Principals(), []string{"111111111111", "arn:aws:iam::111111111111:role/x"}; !slices.Equal(got, want) {
		t.Errorf("principals %q", got)
	}
	if got, want := p.ContextKeys(), []string{"aws:PrincipalTag/Team", "aws:RequestTag/team", "aws:SourceArn", "aws:username"}; !slices.Equal(got, want) {
		t.Errorf("keys %q", got)
	}
	if p.Managed() != nil {
		t.Error(p.Managed())
	}
	old := compiled(t, Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	if err := old.Managed(); err == nil || !strings.HasPrefix(err.Error(), "Policy document must be version 2012-10-17 or greater.") {
		t.Errorf("%v", err)
	}
}
