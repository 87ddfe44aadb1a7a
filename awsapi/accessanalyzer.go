package awsapi

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/wire"
)

// AccessAnalyzer is ValidatePolicy of the service of that name, API version
// 2019-11-01: what is wrong with a document, without storing it.
type AccessAnalyzer struct{}

func (a *AccessAnalyzer) service() *service {
	return &service{
		Service: operation.Service{Source: "access-analyzer"}, signing: "access-analyzer",
		errors: accessAnalyzerErrors,
		constraints: wire.Constraints{
			"PolicyDocument": {Required: true, Min: 1, Max: 100_000}, "PolicyType": {Required: true},
			"Locale": {}, "MaxResults": {Min: 1, Max: 1000}, "NextToken": {Max: 4096}, "ValidatePolicyResourceType": {},
		},
		times: wire.DateTime,
		routes: []route{
			on("POST", "/policy/validation", 200, operation.Read("ValidatePolicy", a.validatePolicy, authz.IAM("access-analyzer:ValidatePolicy", "*")), "maxResults", "nextToken"),
		},
	}
}

var accessAnalyzerErrors = jsonErrors.with(errorTable{kinds: map[fault.Kind]code{
	fault.Unsupported: {http.StatusBadRequest, "ValidationException"},
	fault.NotFound:    {http.StatusBadRequest, "ValidationException"},
	fault.Conflict:    {http.StatusBadRequest, "ValidationException"},
	fault.Quota:       {http.StatusBadRequest, "ValidationException"},
	fault.Denied:      {http.StatusForbidden, "AccessDeniedException"},
	fault.Throttled:   {http.StatusTooManyRequests, "ThrottlingException"},
	fault.Internal:    {http.StatusInternalServerError, "InternalServerException"},
}})

// findingsPage is how many findings are returned when the caller does not say.
const findingsPage = 100

func (a *AccessAnalyzer) validatePolicy(q *operation.Query, in *accessanalyzer.ValidatePolicyInput) (*accessanalyzer.ValidatePolicyOutput, error) {
	if in.Locale != "" && in.Locale != types.LocaleEn {
		return nil, fault.Unsupportedf("findings are in English: leave the locale out")
	}
	kind, err := checkedKind(in.PolicyType, in.ValidatePolicyResourceType)
	if err != nil {
		return nil, err
	}
	found := policy.Check(kind, *in.PolicyDocument)
	// A finding is known by its number, in this document as this kind and no other.
	mark := fmt.Sprintf("%x.", sha256.Sum256([]byte(string(in.PolicyType+"/")+string(in.ValidatePolicyResourceType)+"/"+*in.PolicyDocument)))
	next := 0
	findings, token, err := page(q, in.NextToken, in.MaxResults, findingsPage, func(after string, limit int) ([]types.ValidatePolicyFinding, error) {
		if after != "" {
			number, ok := strings.CutPrefix(after, mark)
			if next, err = strconv.Atoi(number); !ok || err != nil || next < 0 || next > len(found) {
				return nil, fault.Invalidf("nextToken is of another document: send the one it came with")
			}
		}
		return translate(found[next:min(next+limit, len(found))], finding), nil
	}, func(types.ValidatePolicyFinding) string { return mark + strconv.Itoa(next+pageSize(in.MaxResults)) })
	if err != nil {
		return nil, err
	}
	return &accessanalyzer.ValidatePolicyOutput{Findings: findings, NextToken: token}, nil
}

func pageSize(asked *int32) int {
	if asked != nil && *asked > 0 {
		return int(*asked)
	}
	return findingsPage
}

// checkedKind says what a caller's words call a kind of policy.
func checkedKind(of types.PolicyType, resource types.ValidatePolicyResourceType) (policy.Kind, error) {
	if resource != "" && of != types.PolicyTypeResourcePolicy {
		return 0, fault.Invalidf("validatePolicyResourceType is for the policy type RESOURCE_POLICY alone")
	}
	switch of {
	case types.PolicyTypeResourcePolicy:
		if resource == types.ValidatePolicyResourceTypeRoleTrust {
			return policy.Trust, nil
		}
		return policy.Resource, nil
	case types.PolicyTypeServiceControlPolicy:
		return policy.ServiceControl, nil
	case types.PolicyTypeResourceControlPolicy:
		return policy.ResourceControl, nil
	}
	return policy.Identity, nil
}

func finding(f policy.Finding) types.ValidatePolicyFinding {
	return types.ValidatePolicyFinding{
		FindingType: types.ValidatePolicyFindingType(f.Severity), IssueCode: &f.Code,
		FindingDetails: aws.String(f.Message + " " + f.Fix), LearnMoreLink: aws.String(learnMore(f)),
		Locations: []types.Location{{Path: translate(f.Path, pathElement), Span: &types.Span{Start: position(f.Start), End: position(f.End)}}},
	}
}

// learnMore is the page of the IAM User Guide, at the place of the check when it is one
// of Access Analyzer's.
func learnMore(f policy.Finding) string {
	const guide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
	if f.Ours {
		return guide + "reference_policies_elements.html"
	}
	severity := strings.ReplaceAll(strings.ToLower(string(f.Severity)), "_", "-")
	if f.Severity == policy.Warning {
		severity = "general-warning"
	}
	return guide + "access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-" +
		severity + "-" + strings.ReplaceAll(strings.ToLower(f.Code), "_", "-")
}

func position(p policy.Position) *types.Position {
	return &types.Position{Line: aws.Int32(int32(p.Line)), Column: aws.Int32(int32(p.Column)), Offset: aws.Int32(int32(p.Offset))}
}

func pathElement(p policy.PathElement) types.PathElement {
	switch p.Kind {
	case policy.PathIndex:
		return &types.PathElementMemberIndex{Value: int32(p.Index)}
	case policy.PathKey:
		return &types.PathElementMemberKey{Value: p.Name}
	case policy.PathSubstring:
		return &types.PathElementMemberSubstring{Value: types.Substring{Start: aws.Int32(int32(p.Start)), Length: aws.Int32(int32(p.Length))}}
	}
	return &types.PathElementMemberValue{Value: p.Name}
}
