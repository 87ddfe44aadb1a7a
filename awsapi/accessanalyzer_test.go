package awsapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"github.com/sallyport/sallyport/sallyporttest"
)

func TestValidatePolicy(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		client := s.Root().AccessAnalyzer()
		validate := func(in accessanalyzer.ValidatePolicyInput) (*accessanalyzer.ValidatePolicyOutput, error) {
			return client.ValidatePolicy(t.Context(), &in)
		}

		t.Run("says what, where and what to do", func(t *testing.T) {
			document := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:usernam}"}]}`
			out, err := validate(accessanalyzer.ValidatePolicyInput{PolicyType: types.PolicyTypeIdentityPolicy, PolicyDocument: &document})
			if err != nil || len(out.Findings) != 1 || out.NextToken != nil {
				t.Fatalf("%+v %v", out, err)
			}
			f := out.Findings[0]
			if f.FindingType != types.ValidatePolicyFindingTypeError || *f.IssueCode != "INVALID_GLOBAL_CONDITION_KEY" || !strings.Contains(*f.FindingDetails, "aws:usernam") ||
				!strings.HasSuffix(*f.LearnMoreLink, "#access-analyzer-reference-policy-checks-error-invalid-global-condition-key") {
				t.Errorf("%+v", f)
			}
			var path []string
			for _, p := range f.Locations[0].Path {
				switch p := p.(type) {
				case *types.PathElementMemberIndex:
					path = append(path, fmt.Sprint("index ", p.Value))
				case *types.PathElementMemberKey:
					path = append(path, "key "+p.Value)
				case *types.PathElementMemberValue:
					path = append(path, "value "+p.Value)
				case *types.PathElementMemberSubstring:
					path = append(path, fmt.Sprint("substring ", *p.Value.Start, " ", *p.Value.Length))
				}
			}
			if got := strings.Join(path, ", "); got != "value Statement, index 0, value Resource, substring 15 14" {
				t.Errorf("path %s", got)
			}
			span := f.Locations[0].Span
			if got := document[*span.Start.Offset:*span.End.Offset]; got != "${aws:usernam}" || *span.Start.Line != 1 || *span.Start.Column != *span.Start.Offset {
				t.Errorf("about %q, from %d:%d", got, *span.Start.Line, *span.Start.Column)
			}
		})

		t.Run("knows the kinds of policies", func(t *testing.T) {
			document := aws.String(`{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": {"AWS": "123456789012"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}]}`)
			for _, row := range []struct {
				of       types.PolicyType
				resource types.ValidatePolicyResourceType
				want     string
			}{
				{types.PolicyTypeIdentityPolicy, "", "UNSUPPORTED_PRINCIPAL"},
				{types.PolicyTypeResourcePolicy, "", ""},
				{types.PolicyTypeResourcePolicy, types.ValidatePolicyResourceTypeS3Bucket, ""},
				{types.PolicyTypeResourcePolicy, types.ValidatePolicyResourceTypeRoleTrust, "UNSUPPORTED_ACTION_IN_POLICY ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE"},
				{types.PolicyTypeServiceControlPolicy, "", "SCP_SYNTAX_ERROR_PRINCIPAL"},
				{types.PolicyTypeResourceControlPolicy, "", "RCP_SYNTAX_ERROR_PRINCIPAL"},
			} {
				out, err := validate(accessanalyzer.ValidatePolicyInput{PolicyType: row.of, ValidatePolicyResourceType: row.resource, PolicyDocument: document})
				if err != nil {
					t.Fatal(err)
				}
				if out.Findings == nil {
					t.Errorf("%s: clients need the list, if only an empty one", row.of)
				}
				var codes []string
				for _, f := range out.Findings {
					codes = append(codes, *f.IssueCode)
				}
				if got := strings.Join(codes, " "); got != row.want {
					t.Errorf("%s %s: %s, not %s", row.of, row.resource, got, row.want)
				}
			}
		})

		t.Run("pages", func(t *testing.T) {
			in := accessanalyzer.ValidatePolicyInput{PolicyType: types.PolicyTypeIdentityPolicy, MaxResults: aws.Int32(2),
				PolicyDocument: aws.String(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["a", "b", "c", "d", "e"], "Resource": "*"}]}`)}
			var sizes []int
			var first *string
			pages := accessanalyzer.NewValidatePolicyPaginator(client, &in)
			for pages.HasMorePages() {
				out, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				sizes = append(sizes, len(out.Findings))
				if first == nil {
					first = out.NextToken
				}
			}
			if got := fmt.Sprint(sizes); got != "[2 2 1]" {
				t.Error(got)
			}
			in.NextToken, in.PolicyDocument = first, aws.String(`{}`)
			_, err := validate(in)
			mustBe(t, err, "ValidationException", "another document")
		})

		t.Run("refuses", func(t *testing.T) {
			document := aws.String(`{}`)
			_, err := validate(accessanalyzer.ValidatePolicyInput{PolicyType: "SOME_POLICY", PolicyDocument: document})
			mustBe(t, err, "ValidationException", "policyType")
			_, err = validate(accessanalyzer.ValidatePolicyInput{PolicyType: types.PolicyTypeIdentityPolicy, PolicyDocument: document, Locale: types.LocaleDe})
			mustBe(t, err, "ValidationException", "English")
			_, err = validate(accessanalyzer.ValidatePolicyInput{PolicyType: types.PolicyTypeIdentityPolicy, PolicyDocument: document, ValidatePolicyResourceType: types.ValidatePolicyResourceTypeS3Bucket})
			mustBe(t, err, "ValidationException", "RESOURCE_POLICY alone")
			_, err = validate(accessanalyzer.ValidatePolicyInput{PolicyType: types.PolicyTypeIdentityPolicy, PolicyDocument: aws.String(strings.Repeat(" ", 100_001))})
			mustBe(t, err, "ValidationException", "policyDocument")
			powerless := s.Root().User("powerless", "")
			_, err = powerless.AccessAnalyzer().ValidatePolicy(t.Context(), &accessanalyzer.ValidatePolicyInput{PolicyType: types.PolicyTypeIdentityPolicy, PolicyDocument: document})
			mustBe(t, err, "AccessDeniedException", "not authorized to perform: access-analyzer:ValidatePolicy")
		})
	})
}
