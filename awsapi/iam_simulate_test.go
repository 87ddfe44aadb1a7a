package awsapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	orgs "github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/sallyport/sallyport/sallyporttest"
)

// verdict is a result in short: the decision and the policies that made it.
func verdict(r types.EvaluationResult) string {
	out := string(r.EvalDecision)
	for _, s := range r.MatchedStatements {
		out += fmt.Sprintf(" %s(%s)@%d:%d-%d:%d", *s.SourcePolicyId, s.SourcePolicyType, s.StartPosition.Line, s.StartPosition.Column, s.EndPosition.Line, s.EndPosition.Column)
	}
	return out
}

func TestSimulateCustomPolicy(t *testing.T) {
	s := sallyporttest.Start(t)
	client, ctx := s.Root().IAM(), t.Context()
	simulate := func(change func(*iam.SimulateCustomPolicyInput)) ([]types.EvaluationResult, error) {
		in := &iam.SimulateCustomPolicyInput{ActionNames: []string{"s3:GetObject"}, PolicyInputList: []string{allowing("*", "s3:Get*")}}
		change(in)
		out, err := client.SimulateCustomPolicy(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.EvaluationResults, nil
	}
	conditional := func(operator, key, value string) []string {
		return []string{fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{%q:%q}}}}`, operator, key, value)}
	}
	entry := func(key string, kind types.ContextKeyTypeEnum, values ...string) []types.ContextEntry {
		return []types.ContextEntry{{ContextKeyName: &key, ContextKeyType: kind, ContextKeyValues: values}}
	}
	user := aws.String("arn:aws:iam::111122223333:user/ada")
	bucketPolicy := func(principal string) *string {
		return aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`)
	}
	type in = *iam.SimulateCustomPolicyInput
	for what, row := range map[string]struct {
		change func(in)
		want   string
	}{
		"allowed":     {func(in) {}, "allowed PolicyInputList.1(none)@1:37-1:91"},
		"not allowed": {func(i in) { i.ActionNames = []string{"s3:PutObject"} }, "implicitDeny"},
		"denied by the second": {func(i in) {
			i.PolicyInputList = append(i.PolicyInputList, "{\"Version\":\"2012-10-17\",\n\"Statement\":[\n  {\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}]}")
		}, "explicitDeny PolicyInputList.2(none)@3:3-3:48"},
		"a condition without its key": {func(i in) { i.PolicyInputList = conditional("StringEquals", "aws:ResourceTag/team", "core") }, "implicitDeny"},
		"a condition that is met": {func(i in) {
			i.PolicyInputList = conditional("StringEquals", "aws:ResourceTag/team", "core")
			i.ContextEntries = entry("AWS:resourcetag/Team", "string", "core")
		}, "allowed PolicyInputList.1(none)@1:37-1:144"},
		"a number": {func(i in) {
			i.PolicyInputList = conditional("NumericLessThan", "s3:max-keys", "10")
			i.ContextEntries = entry("s3:max-keys", "numeric", "9")
		}, "allowed PolicyInputList.1(none)@1:37-1:136"},
		"an address": {func(i in) {
			i.PolicyInputList = conditional("IpAddress", "aws:SourceIp", "10.0.0.0/8")
			i.ContextEntries = entry("aws:SourceIp", "ip", "10.1.2.3")
		}, "allowed PolicyInputList.1(none)@1:37-1:139"},
		"a boundary that does not":  {func(i in) { i.PermissionsBoundaryPolicyInputList = []string{allowing("*", "ec2:*")} }, "implicitDeny"},
		"an organization that does": {func(i in) { i.OrderedOrganizationPolicyInputList = scps(everything, allowing("*", "s3:*")) }, "allowed PolicyInputList.1(none)@1:37-1:91"},
		"a level that does not":     {func(i in) { i.OrderedOrganizationPolicyInputList = scps(everything, allowing("*", "ec2:*")) }, "implicitDeny"},
		"a level that denies": {func(i in) {
			i.OrderedOrganizationPolicyInputList = scps(strings.Replace(everything, "Allow", "Deny", 1), everything)
		}, "explicitDeny"},
		"a resource's policy, within": {func(i in) {
			i.PolicyInputList, i.CallerArn, i.ResourceArns, i.ResourcePolicy = []string{allowing("*", "ec2:*")}, user, []string{"arn:aws:s3:::b/o"}, bucketPolicy(*user)
		}, "allowed ResourcePolicy(resource)@1:37-1:166"},
		"a resource's policy, across": {func(i in) {
			i.CallerArn, i.ResourceArns, i.ResourcePolicy, i.ResourceOwner = user, []string{"arn:aws:s3:::b/o"}, bucketPolicy(*user), aws.String("arn:aws:iam::444455556666:root")
		}, "allowed ResourcePolicy(resource)@1:37-1:166 PolicyInputList.1(none)@1:37-1:91"},
		"across, for somebody else": {func(i in) {
			i.CallerArn, i.ResourceArns, i.ResourcePolicy, i.ResourceOwner = user, []string{"arn:aws:s3:::b/o"}, bucketPolicy("999900001111"), aws.String("arn:aws:iam::444455556666:root")
		}, "implicitDeny"},
		"the owner that the ARN names": {func(i in) { i.CallerArn, i.ResourceArns = user, []string{"arn:aws:sqs:us-east-1:444455556666:q"} }, "implicitDeny"},
		"a variable of the caller": {func(i in) {
			i.PolicyInputList, i.CallerArn, i.ResourceArns = []string{allowing("arn:aws:s3:::b/${aws:username}", "s3:*")}, user, []string{"arn:aws:s3:::b/ada"}
		}, "allowed PolicyInputList.1(none)@1:37-1:117"},
		"the most restrictive of many": {func(i in) { i.PolicyInputList, i.ResourceArns = []string{allowing("arn:aws:s3:::b0", "s3:*")}, many(3) }, "implicitDeny PolicyInputList.1(none)@1:37-1:102"},
	} {
		t.Run(what, func(t *testing.T) {
			results := must[[]types.EvaluationResult](t)(simulate(row.change))
			if got := verdict(results[0]); len(results) != 1 || got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
	for what, row := range map[string]struct {
		change func(in)
		phrase string
	}{
		"an action with a star":     {func(i in) { i.ActionNames = []string{"s3:*"} }, "Invalid action name"},
		"an action without service": {func(i in) { i.ActionNames = []string{"GetObject"} }, "Invalid action name"},
		"a bad policy":              {func(i in) { i.PolicyInputList = []string{"{}"} }, "PolicyInputList.1"},
		"a bad boundary":            {func(i in) { i.PermissionsBoundaryPolicyInputList = []string{"x"} }, "PermissionsBoundaryPolicyInputList.1"},
		"two boundaries":            {func(i in) { i.PermissionsBoundaryPolicyInputList = []string{everything, everything} }, "one policy at most"},
		"a bad control policy":      {func(i in) { i.OrderedOrganizationPolicyInputList = scps("x") }, "OrderedOrganizationPolicyInputList.1"},
		"a bad resource":            {func(i in) { i.ResourceArns = []string{"bucket"} }, "Invalid resource ARN"},
		"a resource policy of whom": {func(i in) { i.ResourcePolicy = bucketPolicy("*") }, "CallerArn is required"},
		"a session as caller":       {func(i in) { i.CallerArn = aws.String("arn:aws:sts::111122223333:assumed-role/a/b") }, "Invalid caller ARN"},
		"an owner that is none":     {func(i in) { i.ResourceOwner = aws.String("arn:aws:iam::111122223333:user/x") }, "ResourceOwner"},
		"a number that is none":     {func(i in) { i.ContextEntries = entry("s3:max-keys", "numeric", "many") }, "type numeric"},
		"an address that is none":   {func(i in) { i.ContextEntries = entry("aws:SourceIp", "ip", "localhost") }, "type ip"},
		"a boolean that is none":    {func(i in) { i.ContextEntries = entry("aws:SecureTransport", "boolean", "yes") }, "type boolean"},
		"a date that is none":       {func(i in) { i.ContextEntries = entry("aws:CurrentTime", "date", "today") }, "type date"},
		"two values of one":         {func(i in) { i.ContextEntries = entry("aws:userid", "string", "a", "b") }, "one value"},
		"a key given twice": {func(i in) {
			i.ContextEntries = append(entry("aws:userid", "string", "a"), entry("AWS:UserId", "string", "b")...)
		}, "twice"},
		"a key that is none":  {func(i in) { i.ContextEntries = entry("userid", "string", "a") }, "context key"},
		"a type that is none": {func(i in) { i.ContextEntries = entry("aws:userid", "text", "a") }, "ContextKeyType"},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := simulate(row.change)
			mustBe(t, err, "InvalidInput", row.phrase)
		})
	}
	_, err := simulate(func(i in) { i.ResourceHandlingOption = aws.String("EC2-VPC-EBS") })
	mustBe(t, err, "NotSupportedService", "ResourceHandlingOption")

	t.Run("details", func(t *testing.T) {
		r := must[[]types.EvaluationResult](t)(simulate(func(i in) {
			i.PolicyInputList = []string{statements(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b0/${aws:username}"}`)}
			i.PermissionsBoundaryPolicyInputList = []string{allowing("*", "s3:*")}
			i.OrderedOrganizationPolicyInputList = scps(allowing("*", "ec2:*"))
			i.ResourceArns = many(2)
		}))[0]
		if !slices.Equal(r.MissingContextValues, []string{"aws:SecureTransport", "aws:username"}) {
			t.Errorf("missing %v", r.MissingContextValues)
		}
		if r.OrganizationsDecisionDetail == nil || r.OrganizationsDecisionDetail.AllowedByOrganizations || !r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary {
			t.Errorf("%+v, %+v", r.OrganizationsDecisionDetail, r.PermissionsBoundaryDecisionDetail)
		}
		if len(r.ResourceSpecificResults) != 2 || *r.ResourceSpecificResults[1].EvalResourceName != "arn:aws:s3:::b1" || *r.EvalResourceName != "*" || *r.EvalActionName != "s3:GetObject" {
			t.Errorf("%+v", r)
		}
		across := must[[]types.EvaluationResult](t)(simulate(func(i in) {
			i.CallerArn, i.ResourceArns = user, []string{"arn:aws:sqs:us-east-1:444455556666:q"}
		}))[0]
		if across.EvalDecisionDetails["IAM Policy"] != "allowed" || across.EvalDecisionDetails["Resource Policy"] != "implicitDeny" || across.OrganizationsDecisionDetail != nil || across.PermissionsBoundaryDecisionDetail != nil {
			t.Errorf("across accounts: %+v", across)
		}
	})
	t.Run("pages", func(t *testing.T) {
		var names []string
		for i := range 205 {
			names = append(names, fmt.Sprintf("s3:Get%03d", i))
		}
		var got []string
		for listing := iam.NewSimulateCustomPolicyPaginator(client, &iam.SimulateCustomPolicyInput{ActionNames: names, PolicyInputList: []string{everything}, MaxItems: aws.Int32(20)}); listing.HasMorePages(); {
			for _, r := range must[*iam.SimulateCustomPolicyOutput](t)(listing.NextPage(ctx)).EvaluationResults {
				got = append(got, *r.EvalActionName)
			}
		}
		if !slices.Equal(got, names) {
			t.Errorf("%d results in the order %v", len(got), got)
		}
		// A page is a thousand decisions at most, however many actions are asked for.
		form := url.Values{"Action": {"SimulateCustomPolicy"}, "Version": {"2010-05-08"}, "PolicyInputList.member.1": {everything}}
		for i, name := range names {
			form.Set(fmt.Sprintf("ActionNames.member.%d", i+1), name)
		}
		for i, arn := range many(300) {
			form.Set(fmt.Sprintf("ResourceArns.member.%d", i+1), arn)
		}
		answer := query(t, s, s.Root(), form.Encode())
		if n := strings.Count(answer.Body, "<EvalActionName>"); n != 3 || !strings.Contains(answer.Body, "<IsTruncated>true</IsTruncated>") {
			t.Errorf("a page of %d actions on 300 resources: %d", n, answer.Status)
		}
	})
}

func scps(levels ...string) (out []types.OrderedOrganizationPolicyType) {
	for _, document := range levels {
		out = append(out, types.OrderedOrganizationPolicyType{ServiceControlPolicyInputList: []string{document}})
	}
	return out
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.NewAccount("simulated")
		client, ctx := root.IAM(), t.Context()
		root.User("ada", allowing("arn:aws:s3:::${aws:username}/*", "s3:GetObject"))
		group := aws.String("eng")
		must[*iam.CreateGroupOutput](t)(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group}))
		did(t, second(client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: group, UserName: aws.String("ada")})))
		did(t, second(client.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: group, PolicyName: aws.String("of-group"), PolicyDocument: aws.String(allowing("*", "ec2:*"))})))
		own := must[*iam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: aws.String(allowing("*", "sqs:*"))})).Policy.Arn
		did(t, second(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ada"), PolicyArn: own})))
		root.Role("ops", trusting("", string(root.Account)), allowing("*", "ec2:*"))
		type in = *iam.SimulatePrincipalPolicyInput
		simulate := func(change func(in)) (types.EvaluationResult, error) {
			i := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(arnIn(root, "user/ada")), ActionNames: []string{"ec2:RunInstances"}}
			change(i)
			out, err := client.SimulatePrincipalPolicy(ctx, i)
			if err != nil {
				return types.EvaluationResult{}, err
			}
			return out.EvaluationResults[0], nil
		}
		exclude := func(what ...types.PolicyIdentifier) func(in) {
			return func(i in) { i.PolicyExclusionList = what }
		}
		inline := func(kind types.AttachmentType, holder string) types.PolicyIdentifier {
			return &types.PolicyIdentifierMemberInlinePolicyIdentifier{Value: types.InlinePolicyIdentifierType{AttachmentType: kind, AttachmentName: &holder, PolicyName: aws.String("of-group")}}
		}
		check := func(t *testing.T, rows map[string]struct {
			change func(in)
			want   string
		}) {
			t.Helper()
			for what, row := range rows {
				t.Run(what, func(t *testing.T) {
					if got, _, _ := strings.Cut(verdict(must[types.EvaluationResult](t)(simulate(row.change))), "@"); got != row.want {
						t.Errorf("got %s, want %s", got, row.want)
					}
				})
			}
		}
		check(t, map[string]struct {
			change func(in)
			want   string
		}{
			"by a group's policy":    {func(in) {}, "allowed group_eng_of-group(group)"},
			"by an own one":          {func(i in) { i.ActionNames, i.ResourceArns = []string{"s3:GetObject"}, []string{"arn:aws:s3:::ada/x"} }, "allowed user_ada_test(user)"},
			"by a managed one":       {func(i in) { i.ActionNames = []string{"sqs:SendMessage"} }, "allowed " + *own + "(user-managed)"},
			"by none":                {func(i in) { i.ActionNames = []string{"iam:GetUser"} }, "implicitDeny"},
			"with another":           {func(i in) { i.ActionNames, i.PolicyInputList = []string{"iam:GetUser"}, []string{everything} }, "allowed PolicyInputList.1(none)"},
			"with a boundary":        {func(i in) { i.PermissionsBoundaryPolicyInputList = []string{allowing("*", "s3:*")} }, "implicitDeny"},
			"of a role":              {func(i in) { i.PolicySourceArn = aws.String(arnIn(root, "role/ops")) }, "allowed role_ops_test(role)"},
			"of a group":             {func(i in) { i.PolicySourceArn = aws.String(arnIn(root, "group/eng")) }, "allowed group_eng_of-group(group)"},
			"without it":             {exclude(inline("group", "eng")), "implicitDeny"},
			"without it, by pattern": {exclude(inline("group", "e?g*")), "implicitDeny"},
			"without another's":      {exclude(inline("user", "eng")), "allowed group_eng_of-group(group)"},
			"without inline ones":    {exclude(&types.PolicyIdentifierMemberPolicyType{Value: "inline"}), "implicitDeny"},
			"without managed ones": {func(i in) {
				i.ActionNames = []string{"sqs:SendMessage"}
				exclude(&types.PolicyIdentifierMemberPolicyType{Value: "user-managed"})(i)
			}, "implicitDeny"},
			"without one by its name": {func(i in) {
				i.ActionNames = []string{"sqs:SendMessage"}
				exclude(&types.PolicyIdentifierMemberPolicyArn{Value: *own})(i)
			}, "implicitDeny"},
		})
		mustBe(t, second(simulate(func(i in) { i.PolicySourceArn = aws.String(arnIn(root, "user/none")) })), "NoSuchEntity", "")
		mustBe(t, second(simulate(exclude(inline("group", "*e*")))), "InvalidInput", "one * at most")
		mustBe(t, second(simulate(exclude(&types.PolicyIdentifierMemberPolicyArn{Value: "own"}))), "InvalidInput", "ARN")

		keys := must[*iam.GetContextKeysForPrincipalPolicyOutput](t)(client.GetContextKeysForPrincipalPolicy(ctx, &iam.GetContextKeysForPrincipalPolicyInput{
			PolicySourceArn: aws.String(arnIn(root, "user/ada")), PolicyInputList: []string{statements(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"AWS:UserName":"x"}}}`)},
		})).ContextKeyNames
		if !slices.Equal(keys, []string{"aws:SecureTransport", "aws:username"}) {
			t.Errorf("context keys %v", keys)
		}
		mustBe(t, second(client.GetContextKeysForCustomPolicy(ctx, &iam.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{"x"}})), "InvalidInput", "PolicyInputList.1")

		t.Run("in an organization", func(t *testing.T) {
			management := s.Root().Organizations()
			o, err := management.DescribeOrganization(ctx, nil)
			if err != nil {
				made := must[*orgs.CreateOrganizationOutput](t)(management.CreateOrganization(ctx, nil))
				o = &orgs.DescribeOrganizationOutput{Organization: made.Organization}
			}
			roots := must[*orgs.ListRootsOutput](t)(management.ListRoots(ctx, nil)).Roots
			if len(roots[0].PolicyTypes) == 0 || !slices.ContainsFunc(roots[0].PolicyTypes, func(p orgtypes.PolicyTypeSummary) bool { return p.Type == orgtypes.PolicyTypeServiceControlPolicy }) {
				did(t, second(management.EnablePolicyType(ctx, &orgs.EnablePolicyTypeInput{RootId: roots[0].Id, PolicyType: orgtypes.PolicyTypeServiceControlPolicy})))
			}
			_ = o
			invited := must[*orgs.InviteAccountToOrganizationOutput](t)(management.InviteAccountToOrganization(ctx, &orgs.InviteAccountToOrganizationInput{
				Target: &orgtypes.HandshakeParty{Id: aws.String(string(root.Account)), Type: orgtypes.HandshakePartyTypeAccount},
			}))
			did(t, second(root.Organizations().AcceptHandshake(ctx, &orgs.AcceptHandshakeInput{HandshakeId: invited.Handshake.Id})))
			deny := must[*orgs.CreatePolicyOutput](t)(management.CreatePolicy(ctx, &orgs.CreatePolicyInput{
				Name: aws.String("no-ec2"), Description: aws.String(""), Type: orgtypes.PolicyTypeServiceControlPolicy, Content: aws.String(strings.Replace(allowing("*", "ec2:*"), "Allow", "Deny", 1)),
			})).Policy.PolicySummary.Id
			did(t, second(management.AttachPolicy(ctx, &orgs.AttachPolicyInput{PolicyId: deny, TargetId: aws.String(string(root.Account))})))
			r := must[types.EvaluationResult](t)(simulate(func(in) {}))
			if verdict(r) != "explicitDeny" || r.OrganizationsDecisionDetail == nil || r.OrganizationsDecisionDetail.AllowedByOrganizations {
				t.Errorf("under a control policy: %s %+v", verdict(r), r.OrganizationsDecisionDetail)
			}
			other := must[types.EvaluationResult](t)(simulate(func(i in) { i.ActionNames = []string{"sqs:SendMessage"} }))
			if other.EvalDecision != "allowed" || !other.OrganizationsDecisionDetail.AllowedByOrganizations {
				t.Errorf("another action: %s %+v", verdict(other), other.OrganizationsDecisionDetail)
			}
			without := must[types.EvaluationResult](t)(simulate(exclude(&types.PolicyIdentifierMemberPolicyType{Value: "scp"})))
			if without.EvalDecision != "allowed" || without.OrganizationsDecisionDetail != nil {
				t.Errorf("without control policies: %s %+v", verdict(without), without.OrganizationsDecisionDetail)
			}
			// The service-linked role of the organization is kept while it is in use.
			role, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("AWSServiceRoleForOrganizations")})
			if err != nil {
				_, err := client.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("organizations.amazonaws.com")})
				did(t, err)
			}
			_ = role
			task := must[*iam.DeleteServiceLinkedRoleOutput](t)(client.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("AWSServiceRoleForOrganizations")})).DeletionTaskId
			status := must[*iam.GetServiceLinkedRoleDeletionStatusOutput](t)(client.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task}))
			if status.Status != types.DeletionTaskStatusTypeFailed || status.Reason == nil {
				t.Errorf("the deletion is %s", status.Status)
			}
		})
	})
}
