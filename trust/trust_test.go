package trust_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/trust"
)

const (
	acme       = "11111111-aaaa-4000-8000-000000000001"
	other      = "11111111-aaaa-4000-8000-00000000000f"
	web        = "22222222-bbbb-4000-8000-000000000002"
	docs       = "22222222-bbbb-4000-8000-00000000000f"
	production = "33333333-cccc-4000-8000-000000000003"
	issuer     = "https://sallyport.example.com"
	provider   = "arn:aws:iam::111122223333:oidc-provider/sallyport.example.com"
)

// document is one of testdata, with ids put in.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("spaceId", acme, "projectId", web).Replace(string(text))
}

// service is the statement of a policy for the services, web that of one for tokens.
func service(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["codecatalyst-runner.amazonaws.com","codecatalyst.amazonaws.com"]},"Action":"sts:AssumeRole"` + condition + `}]}`
}

func sourceARN(operator, value string) string {
	return service(fmt.Sprintf(`,"Condition":{%q:{"aws:SourceArn":%q}}`, operator, value))
}

func webIdentity(conditions string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":%q},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],"Condition":{%s}}]}`, provider, conditions)
}

func subject(operator, value string) string {
	if operator == "StringEquals" {
		return webIdentity(fmt.Sprintf(`"StringEquals":{"sallyport.example.com:aud":"sts.amazonaws.com","sallyport.example.com:sub":%q}`, value))
	}
	return webIdentity(fmt.Sprintf(`"StringEquals":{"sallyport.example.com:aud":"sts.amazonaws.com"},%q:{"sallyport.example.com:sub":%q}`, operator, value))
}

func TestCheck(t *testing.T) {
	place := "arn:aws:codecatalyst:::space/" + acme + "/project/" + web
	for what, test := range map[string]struct {
		document string
		codes    string // those that are not suggestions, and ONE_SERVICE_PRINCIPAL and WHOLE_SPACE
	}{
		"what AWS prints for a whole space":      {document(t, "whole-space.json"), "WHOLE_SPACE"},
		"what AWS prints for one project":        {document(t, "one-project.json"), ""},
		"what the slides print":                  {document(t, "slides.json"), "MISSING_ARN_FIELD"},
		"no condition":                           {service(""), "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL"},
		"a condition that holds without the key": {sourceARN("ArnLikeIfExists", place), "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL"},
		"everything":                             {sourceARN("ArnLike", "*"), "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL ANY_SPACE"},
		"any space":                              {sourceARN("ArnLike", "arn:aws:codecatalyst:::space/*/project/*"), "ANY_SPACE WHOLE_SPACE"},
		"any space in one asterisk":              {sourceARN("ArnLike", "arn:aws:codecatalyst:::space/*"), "ANY_SPACE"},
		"an account in the ARN":                  {sourceARN("ArnLike", "arn:aws:codecatalyst:us-west-2:111122223333:space/"+acme+"/project/"+web), "ARN_ACCOUNT_NOT_ALLOWED ARN_REGION_NOT_ALLOWED NO_PLACE"},
		"the names instead of the ids":           {sourceARN("ArnLike", "arn:aws:codecatalyst:::space/acme/project/web"), "NAME_FOR_ID NAME_FOR_ID"},
		"the example left as it is":              {sourceARN("ArnLike", "arn:aws:codecatalyst:::space/spaceId/project/*"), "PLACEHOLDER WHOLE_SPACE"},
		"a placeholder in angles":                {sourceARN("ArnLike", "arn:aws:codecatalyst:::space/<spaceId>/project/<projectId>"), "PLACEHOLDER PLACEHOLDER"},
		"half an id":                             {sourceARN("ArnLike", "arn:aws:codecatalyst:::space/"+acme+"/project/22*"), "PART_OF_AN_ID"},
		"the space itself":                       {sourceARN("ArnLike", "arn:aws:codecatalyst:::space/"+acme), "NO_PROJECT"},
		"an environment, which it never names":   {sourceARN("ArnLike", place+"/environment/"+production), "ENVIRONMENT_IN_SOURCE_ARN"},
		"a wildcard under StringEquals":          {sourceARN("StringEquals", "arn:aws:codecatalyst:::space/"+acme+"/project/*"), "WILDCARD_AS_TEXT WHOLE_SPACE"},
		"a wildcard under StringLike":            {sourceARN("StringLike", "arn:aws:codecatalyst:::space/"+acme+"/project/*"), "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS WHOLE_SPACE"},
		"something else":                         {sourceARN("ArnLike", "arn:aws:codecatalyst:::project/"+web), "NO_PLACE"},
		"the runner alone": {strings.Replace(document(t, "one-project.json"), `,
                    "codecatalyst.amazonaws.com"`, "", 1), "ONE_SERVICE_PRINCIPAL"},
		"the service alone":                          {strings.Replace(document(t, "one-project.json"), `"codecatalyst-runner.amazonaws.com",`, "", 1), "ONE_SERVICE_PRINCIPAL"},
		"a service that does not exist":              {strings.Replace(document(t, "one-project.json"), `codecatalyst-runner.amazonaws.com`, "codecatalyst-run.amazonaws.com", 1), "UNKNOWN_SERVICE_PRINCIPAL ONE_SERVICE_PRINCIPAL"},
		"everybody":                                  {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`, "PUBLIC_ACCESS ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL"},
		"the space as a resource":                    {service(`,"Resource":"arn:aws:codecatalyst:::space/` + acme + `","Condition":{"ArnLike":{"aws:SourceArn":"` + place + `"}}`), "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE SPACE_AS_RESOURCE"},
		"a token of one project":                     {subject("StringLike", "space/"+acme+"/project/"+web+"/environment/*"), ""},
		"a token of one environment":                 {subject("StringEquals", "space/"+acme+"/project/"+web+"/environment/"+production), ""},
		"a token of a whole space":                   {subject("StringLike", "space/"+acme+"/project/*"), "WHOLE_SPACE"},
		"a token of any space":                       {subject("StringLike", "space/*"), "ANY_SPACE"},
		"a token with a wildcard under StringEquals": {subject("StringEquals", "space/"+acme+"/project/"+web+"/environment/*"), "WILDCARD_AS_TEXT"},
		"a token for somebody else":                  {strings.Replace(subject("StringLike", "space/"+acme+"/project/"+web+"/environment/*"), `aud":"sts.amazonaws.com`, `aud":"sts.example.com`, 1), "WRONG_AUDIENCE"},
		"a token of whatever project":                {webIdentity(`"StringEquals":{"sallyport.example.com:aud":"sts.amazonaws.com"}`), "SUBJECT_MISSING"},
		"a token for whomever":                       {webIdentity(`"StringLike":{"sallyport.example.com:sub":"space/` + acme + `/project/` + web + `/environment/*"}`), "AUDIENCE_MISSING"},
		"a token whose tags are not allowed":         {strings.Replace(subject("StringLike", "space/"+acme+"/project/"+web+"/environment/*"), `,"sts:TagSession"`, "", 1), "ACTION_MISSING"},
		"no JSON":                                    {`{"Version"`, "JSON_SYNTAX_ERROR"},
	} {
		var codes []string
		for _, f := range trust.Check(test.document) {
			if f.Severity != policy.Suggestion || f.Code == "WHOLE_SPACE" || f.Code == "ONE_SERVICE_PRINCIPAL" {
				codes = append(codes, f.Code)
			}
			if f.Fix == "" || f.Message == "" || f.Path == nil {
				t.Errorf("%s: a finding says only %+v", what, f)
			}
		}
		slices.Sort(codes)
		want := strings.Fields(test.codes)
		slices.Sort(want)
		if !slices.Equal(codes, want) {
			t.Errorf("%s: %v, not %v", what, codes, want)
		}
	}
}

func TestTheSlidesAreCorrected(t *testing.T) {
	for _, f := range trust.Check(document(t, "slides.json")) {
		if f.Code == "MISSING_ARN_FIELD" && strings.Contains(f.Fix, "arn:aws:codecatalyst:::space/"+acme+"/project/*") {
			return
		}
	}
	t.Error("nothing says how it is written")
}

// What the page of the documentation prints is what these tests try.
func TestTheDocumentationPrintsThePoliciesOfAWS(t *testing.T) {
	page, err := os.ReadFile("../docs/trust.md")
	if err != nil {
		t.Fatal(err)
	}
	space, err := os.ReadFile(filepath.Join("testdata", "whole-space.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), string(space)) || !strings.Contains(string(page), `"aws:SourceArn": "arn:aws:codecatalyst:::space/spaceId/project/projectId"`) {
		t.Error("docs/trust.md prints other policies")
	}
}

func TestExplain(t *testing.T) {
	here := trust.Place{Space: acme, Project: web, Environment: production}
	noCondition := service("")
	for what, test := range map[string]struct {
		document string
		at       trust.Place
		admitted bool
		because  string // of the first way
	}{
		"whole space":                        {document(t, "whole-space.json"), here, true, "allowed by statement 1"},
		"whole space, another project":       {document(t, "whole-space.json"), trust.Place{Space: acme, Project: docs}, true, ""},
		"whole space, wrong space":           {document(t, "whole-space.json"), trust.Place{Space: other, Project: web}, false, "the request has arn:aws:codecatalyst:::space/" + other},
		"one project":                        {document(t, "one-project.json"), here, true, ""},
		"one project, wrong project":         {document(t, "one-project.json"), trust.Place{Space: acme, Project: docs}, false, "statement 1 wants aws:SourceArn StringEquals"},
		"one project, the whole space asks":  {document(t, "one-project.json"), trust.Place{Space: acme}, false, ""},
		"one project, wrong space":           {document(t, "one-project.json"), trust.Place{Space: other, Project: web}, false, ""},
		"missing condition, any space":       {noCondition, trust.Place{Space: other, Project: docs}, true, ""},
		"the slides let nobody in":           {document(t, "slides.json"), here, false, "arn:aws:codecatalyst::space/"},
		"a condition nothing meets":          {service(`,"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}`), here, false, "no such key"},
		"a token":                            {subject("StringLike", trust.Place{Space: acme, Project: web}.Subject()), here, true, ""},
		"a token of another project":         {subject("StringLike", trust.Place{Space: acme, Project: docs}.Subject()), here, false, ""},
		"a token without leave for its tags": {strings.Replace(subject("StringLike", trust.Place{Space: acme, Project: web}.Subject()), `"sts:TagSession",`, "", 1), here, false, ""},
		"somebody else alone":                {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`, here, false, "no statement names who asks"},
	} {
		answer, err := trust.Explain(test.document, trust.Question{Claims: trust.Claims{Place: test.at, SourceIdentity: "ada"}, Issuer: issuer})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if answer.Admitted() != test.admitted || !strings.Contains(answer.Ways[0].Because, test.because) {
			t.Errorf("%s: %v, because %s", what, answer.Admitted(), answer.Ways[0].Because)
		}
		for _, way := range answer.Ways {
			applies := slices.ContainsFunc(way.Traced, func(s policy.Traced) bool { return s.Applies && !s.Denies })
			if applies != way.Admitted {
				t.Errorf("%s: as %s the trace says %v, the decision %v", what, way.As, applies, way.Admitted)
			}
		}
	}
}

func TestExplainTellsWhatOnlyARequestKnows(t *testing.T) {
	answer, err := trust.Explain(service(`,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"StringEquals":{"sts:RoleSessionName":"x","aws:SourceAccount":"1"}}`), trust.Question{Claims: trust.Claims{Place: trust.Place{Space: acme}}})
	if want := []string{"aws:SourceIp", "sts:RoleSessionName"}; err != nil || !slices.Equal(answer.Open, want) {
		t.Errorf("%v, %v", answer.Open, err)
	}
}

func TestConvert(t *testing.T) {
	for what, test := range map[string]struct {
		document string
		to       trust.Form
		has, not []string
		notes    string
		err      string
	}{
		"one project": {document(t, "one-project.json"), trust.AsWebIdentity,
			[]string{provider, `"sallyport.example.com:sub": "space/` + acme + `/project/` + web + `/environment/*"`, `"StringLike"`, `"sallyport.example.com:aud": "sts.amazonaws.com"`, "sts:TagSession"}, []string{"SourceArn", "Service"}, "", ""},
		"a whole space": {document(t, "whole-space.json"), trust.AsWebIdentity, []string{`"space/` + acme + `/project/*"`}, nil, "", ""},
		"and back": {subject("StringLike", trust.Place{Space: acme, Project: web}.Subject()), trust.AsService,
			[]string{`"ArnLike"`, `"aws:SourceArn": "arn:aws:codecatalyst:::space/` + acme + `/project/` + web + `"`, trust.Runner, trust.Service}, []string{"Federated", "aud", "TagSession"}, "", ""},
		"one environment":             {subject("StringEquals", "space/"+acme+"/project/"+web+"/environment/"+production), trust.AsService, nil, nil, "", "names an environment"},
		"the slides":                  {document(t, "slides.json"), trust.AsWebIdentity, nil, nil, "", "two colons"},
		"no condition":                {service(""), trust.AsWebIdentity, nil, nil, "", "no condition says which projects"},
		"an account of the service's": {service(`,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:codecatalyst:::space/` + acme + `/project/*"},"StringEquals":{"aws:SourceAccount":"1"}}`), trust.AsWebIdentity, nil, nil, "", "aws:SourceAccount"},
		"one of two values": {service(`,"Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:codecatalyst:::space/` + acme + `","arn:aws:codecatalyst:::space/` + acme + `/project/*"]}}`), trust.AsWebIdentity,
			[]string{`"space/` + acme + `/project/*"`}, nil, "is the space itself", ""},
		"others stay": {strings.Replace(document(t, "one-project.json"), `"Statement": [`, `"Statement": [{"Sid":"People","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"},`, 1), trust.AsWebIdentity,
			[]string{`"Sid": "People"`, "arn:aws:iam::111122223333:root", provider}, nil, "", ""},
		"a deny that cannot be said": {strings.Replace(service(""), `"Allow"`, `"Deny"`, 1), trust.AsWebIdentity, nil, nil, "", "denies, and cannot be left out"},
		"times stay":                 {service(`,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:codecatalyst:::space/` + acme + `/project/*"},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}`), trust.AsWebIdentity, []string{`"aws:CurrentTime": "2030-01-01T00:00:00Z"`}, nil, "", ""},
		"malformed":                  {`{}`, trust.AsService, nil, nil, "", "at least one Statement"},
	} {
		got, err := trust.Convert(test.document, test.to, provider)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		for _, part := range test.has {
			if !strings.Contains(got.Document, part) {
				t.Errorf("%s: %s is not in\n%s", what, part, got.Document)
			}
		}
		for _, part := range test.not {
			if strings.Contains(got.Document, part) {
				t.Errorf("%s: %s is in\n%s", what, part, got.Document)
			}
		}
		if !strings.Contains(strings.Join(got.Notes, "; "), test.notes) || test.notes == "" && got.Notes != nil {
			t.Errorf("%s: it notes %v", what, got.Notes)
		}
		if _, err := policy.Compile(policy.Trust, got.Document); err != nil {
			t.Errorf("%s: the result is no policy: %v", what, err)
		}
	}
}

// Whatever is converted, there and back, lets in whom the policy let in.
func TestConversionKeepsWhoGetsIn(t *testing.T) {
	ids := rapid.SampledFrom([]string{acme, other, web, docs})
	rapid.Check(t, func(r *rapid.T) {
		var values []string
		for range rapid.IntRange(1, 3).Draw(r, "values") {
			values = append(values, fmt.Sprintf("%q", trust.Place{Space: ids.Draw(r, "space"), Project: rapid.SampledFrom([]string{"", web, docs}).Draw(r, "project")}.SourceARN()))
		}
		before := service(`,"Condition":{"ArnLike":{"aws:SourceArn":[` + strings.Join(values, ",") + `]}}`)
		there, err := trust.Convert(before, trust.AsWebIdentity, provider)
		if err != nil {
			r.Fatal(err)
		}
		back, err := trust.Convert(there.Document, trust.AsService, provider)
		if err != nil {
			r.Fatal(err)
		}
		question := trust.Question{Claims: trust.Claims{Place: trust.Place{Space: ids.Draw(r, "from"), Project: ids.Draw(r, "of"), Environment: production}}}
		var admitted []bool
		for _, document := range []string{before, there.Document, back.Document} {
			answer, err := trust.Explain(document, question)
			if err != nil {
				r.Fatal(err)
			}
			admitted = append(admitted, answer.Admitted())
		}
		if admitted[0] != admitted[1] || admitted[1] != admitted[2] {
			r.Fatalf("%+v: %v\n%s\n%s\n%s", question, admitted, before, there.Document, back.Document)
		}
	})
}

func TestGenerate(t *testing.T) {
	base := trust.Role{Place: trust.Place{Space: acme, Project: web}, Form: trust.AsWebIdentity, Account: "111122223333", Name: "deploy", Issuer: issuer, Thumbprint: strings.Repeat("ab", 20), Provider: true,
		Policies: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}}
	space := base
	space.Place, space.Form, space.Policies = trust.Place{Space: acme}, trust.AsService, nil
	environment := base
	environment.Environment, environment.Provider, environment.Thumbprint = production, false, ""
	for name, r := range map[string]trust.Role{"project": base, "space-service": space, "environment": environment} {
		for format, extension := range map[trust.Format]string{trust.CloudFormation: "yaml", trust.Terraform: "tf", trust.CLI: "sh"} {
			got, err := r.Generate(format)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", "generate", name+"."+extension)
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s as %s: %s", name, format, diff)
			}
			if format == trust.CloudFormation {
				checkTemplate(t, name, got, r)
			}
		}
		document, err := r.Policy()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range trust.Check(document) {
			if f.Severity != policy.Suggestion {
				t.Errorf("%s: the policy has the finding %+v", name, f)
			}
		}
		answer, err := trust.Explain(document, trust.Question{Claims: trust.Claims{Place: trust.Place{Space: acme, Project: web, Environment: production}, SourceIdentity: "ada"}, Issuer: issuer})
		if err != nil || !answer.Admitted() {
			t.Errorf("%s: it does not let in whom it is for: %+v, %v", name, answer, err)
		}
		answer, err = trust.Explain(document, trust.Question{Claims: trust.Claims{Place: trust.Place{Space: other, Project: web, Environment: production}}, Issuer: issuer})
		if err != nil || answer.Admitted() {
			t.Errorf("%s: it lets in another space: %+v, %v", name, answer, err)
		}
	}
}

// checkTemplate reads a template of CloudFormation's, and finds the policy in it.
func checkTemplate(t *testing.T, name, text string, r trust.Role) {
	t.Helper()
	var template struct {
		Resources map[string]struct {
			Type       string         `yaml:"Type"`
			Properties map[string]any `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal([]byte(text), &template); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	role, made := template.Resources["Role"], template.Resources["Provider"].Type == "AWS::IAM::OIDCProvider"
	document, err := r.Policy()
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := yaml.Unmarshal([]byte(document), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, role.Properties["AssumeRolePolicyDocument"]); diff != "" || role.Type != "AWS::IAM::Role" || role.Properties["RoleName"] != r.Name || made != r.MakesProvider() {
		t.Errorf("%s: it makes %+v %s", name, template.Resources, diff)
	}
}

func TestAttackTextInATemplate(t *testing.T) {
	good := trust.Role{Place: trust.Place{Space: acme, Project: web}, Form: trust.AsWebIdentity, Account: "111122223333", Name: "deploy", Issuer: issuer, Provider: true}
	for what, spoil := range map[string]func(*trust.Role){
		"a quote in the name":                func(r *trust.Role) { r.Name = `x' ; rm -rf '` },
		"a name for the space's id":          func(r *trust.Role) { r.Space = "acme" },
		"a line in the project":              func(r *trust.Role) { r.Project = web + "\n" },
		"a wildcard in the space":            func(r *trust.Role) { r.Space = "*" },
		"an account in words":                func(r *trust.Role) { r.Account = "$(id)" },
		"an issuer with a quote":             func(r *trust.Role) { r.Issuer = "https://a'b" },
		"an issuer without TLS":              func(r *trust.Role) { r.Issuer = "http://localhost:8080" },
		"an issuer with a variable":          func(r *trust.Role) { r.Issuer = "https://${HOME}" },
		"a policy with a line":               func(r *trust.Role) { r.Policies = []string{"arn:aws:iam::aws:policy/x\n- y"} },
		"a thumbprint in words":              func(r *trust.Role) { r.Thumbprint = "x y" },
		"an environment without its project": func(r *trust.Role) { r.Project, r.Environment = "", production },
		"an environment for a service":       func(r *trust.Role) { r.Environment, r.Form = production, trust.AsService },
	} {
		r := good
		spoil(&r)
		for _, format := range []trust.Format{trust.CloudFormation, trust.Terraform, trust.CLI} {
			if text, err := r.Generate(format); err == nil {
				t.Errorf("%s is taken: %s", what, text)
			}
		}
	}
}

func FuzzTrustPolicies(f *testing.F) {
	for _, name := range []string{"whole-space.json", "one-project.json", "slides.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(service(""))
	f.Add(subject("StringLike", "space/"+acme+"/project/*"))
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{"Service":[1,null]},"Action":[],"Resource":[{}],"Condition":{"StringLike":{"a:sub":[{}]},"Null":{}}}}`)
	question := trust.Question{Claims: trust.Claims{Place: trust.Place{Space: acme, Project: web, Environment: production}}}
	f.Fuzz(func(t *testing.T, document string) {
		for _, finding := range trust.Check(document) {
			if finding.Start.Offset < 0 || finding.End.Offset > len(document) {
				t.Fatalf("a finding stands outside of the text: %+v", finding)
			}
		}
		before, err := trust.Explain(document, question)
		if err != nil {
			return
		}
		for _, to := range []trust.Form{trust.AsService, trust.AsWebIdentity} {
			converted, err := trust.Convert(document, to, provider)
			if err != nil {
				continue
			}
			after, err := trust.Explain(converted.Document, question)
			if err != nil {
				t.Fatalf("the result is no policy: %v\n%s", err, converted.Document)
			}
			if after.Admitted() && !before.Admitted() {
				t.Fatalf("the result lets in whom the policy did not:\n%s\n%s", document, converted.Document)
			}
		}
	})
}
