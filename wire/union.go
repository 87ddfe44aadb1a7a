package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	analyzer "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	iam "github.com/aws/aws-sdk-go-v2/service/iam/types"
	storedocument "github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	store "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	ssodocument "github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	sso "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	smithydocument "github.com/aws/smithy-go/document"
)

// A model's union is an interface in the SDK, and each of its members a struct
// with one field, Value. Reflection cannot list who implements an interface, so
// the unions that the services have are listed here.
var (
	unions   = map[reflect.Type][]reflect.Type{} // interface to structs
	variants = map[reflect.Type]string{}         // struct to the member it stands for
)

// documents says how to make open content of each service's own type.
var documents = map[reflect.Type]func(any) any{
	reflect.TypeFor[ssodocument.Interface]():   func(v any) any { return ssodocument.NewLazyDocument(v) },
	reflect.TypeFor[storedocument.Interface](): func(v any) any { return storedocument.NewLazyDocument(v) },
}

func init() {
	define[analyzer.AclGrantee](&analyzer.AclGranteeMemberId{}, &analyzer.AclGranteeMemberUri{})
	define[analyzer.AnalyzerConfiguration](&analyzer.AnalyzerConfigurationMemberInternalAccess{}, &analyzer.AnalyzerConfigurationMemberUnusedAccess{})
	define[analyzer.Configuration](
		&analyzer.ConfigurationMemberDynamodbStream{}, &analyzer.ConfigurationMemberDynamodbTable{},
		&analyzer.ConfigurationMemberEbsSnapshot{}, &analyzer.ConfigurationMemberEcrRepository{},
		&analyzer.ConfigurationMemberEfsFileSystem{}, &analyzer.ConfigurationMemberIamRole{},
		&analyzer.ConfigurationMemberKmsKey{}, &analyzer.ConfigurationMemberRdsDbClusterSnapshot{},
		&analyzer.ConfigurationMemberRdsDbSnapshot{}, &analyzer.ConfigurationMemberS3Bucket{},
		&analyzer.ConfigurationMemberS3ExpressDirectoryBucket{}, &analyzer.ConfigurationMemberSecretsManagerSecret{},
		&analyzer.ConfigurationMemberSnsTopic{}, &analyzer.ConfigurationMemberSqsQueue{},
	)
	define[analyzer.FindingDetails](
		&analyzer.FindingDetailsMemberExternalAccessDetails{}, &analyzer.FindingDetailsMemberInternalAccessDetails{},
		&analyzer.FindingDetailsMemberUnusedIamRoleDetails{}, &analyzer.FindingDetailsMemberUnusedIamUserAccessKeyDetails{},
		&analyzer.FindingDetailsMemberUnusedIamUserPasswordDetails{}, &analyzer.FindingDetailsMemberUnusedPermissionDetails{},
	)
	define[analyzer.FindingsStatistics](
		&analyzer.FindingsStatisticsMemberExternalAccessFindingsStatistics{}, &analyzer.FindingsStatisticsMemberInternalAccessFindingsStatistics{},
		&analyzer.FindingsStatisticsMemberUnusedAccessFindingsStatistics{},
	)
	define[analyzer.NetworkOriginConfiguration](
		&analyzer.NetworkOriginConfigurationMemberInternetConfiguration{}, &analyzer.NetworkOriginConfigurationMemberVpcConfiguration{},
	)
	define[analyzer.PathElement](
		&analyzer.PathElementMemberIndex{}, &analyzer.PathElementMemberKey{},
		&analyzer.PathElementMemberSubstring{}, &analyzer.PathElementMemberValue{},
	)
	define[analyzer.RdsDbClusterSnapshotAttributeValue](&analyzer.RdsDbClusterSnapshotAttributeValueMemberAccountIds{})
	define[analyzer.RdsDbSnapshotAttributeValue](&analyzer.RdsDbSnapshotAttributeValueMemberAccountIds{})
	define[analyzer.RecommendedStep](&analyzer.RecommendedStepMemberUnusedPermissionsRecommendedStep{})
	define[iam.PolicyIdentifier](&iam.PolicyIdentifierMemberInlinePolicyIdentifier{}, &iam.PolicyIdentifierMemberPolicyArn{}, &iam.PolicyIdentifierMemberPolicyType{})
	define[store.AlternateIdentifier](&store.AlternateIdentifierMemberExternalId{}, &store.AlternateIdentifierMemberUniqueAttribute{})
	define[store.MemberId](&store.MemberIdMemberUserId{})
	define[sso.AuthenticationMethod](&sso.AuthenticationMethodMemberIam{})
	define[sso.Grant](&sso.GrantMemberAuthorizationCode{}, &sso.GrantMemberJwtBearer{}, &sso.GrantMemberRefreshToken{}, &sso.GrantMemberTokenExchange{})
	define[sso.TrustedTokenIssuerConfiguration](&sso.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{})
	define[sso.TrustedTokenIssuerUpdateConfiguration](&sso.TrustedTokenIssuerUpdateConfigurationMemberOidcJwtConfiguration{})
}

// define lists a union's members: a struct is called after both.
func define[Union any](members ...Union) {
	of := reflect.TypeFor[Union]()
	for _, m := range members {
		t := reflect.TypeOf(m).Elem()
		unions[of] = append(unions[of], t)
		variants[t] = strings.TrimPrefix(t.Name(), of.Name()+"Member")
	}
}

// assignUnion takes an object of exactly one member. A member this version does
// not know cannot be ignored: the value would say something else, or nothing.
func (d *decoder) assignUnion(value any, into reflect.Value, path string) error {
	object, _ := value.(map[string]any)
	given := 0
	for name, value := range object {
		if value != nil && name != "__type" { // which some clients add
			given++
		}
	}
	var names []string
	for _, t := range unions[into.Type()] {
		m := &shapeOf(t, d.spelling).members[0]
		names = append(names, m.name)
		if value, ok := object[m.name]; ok && value != nil && given == 1 {
			chosen := reflect.New(t)
			into.Set(chosen)
			return d.assign(value, chosen.Elem().FieldByIndex(m.index), join(path, m.name))
		}
	}
	slices.Sort(names)
	return wrongType(path, "an object with exactly one of "+strings.Join(names, ", "))
}

func assignDocument(value any, into reflect.Value, path string) error {
	content, err := openContent(value, path)
	if err != nil {
		return err
	}
	made := documents[into.Type()](content)
	// The SDK cannot write everything that JSON can say, such as an empty name.
	if _, err := made.(smithydocument.Marshaler).MarshalSmithyDocument(); err != nil {
		return wrongType(path, "a document")
	}
	into.Set(reflect.ValueOf(made))
	return nil
}

// openContent is a JSON tree as the SDK's documents hold it. Nobody else looks
// at its texts, so they are checked here.
func openContent(value any, path string) (any, error) {
	switch value := value.(type) {
	case json.Number:
		return smithydocument.Number(value), nil
	case string:
		return value, checkString(value, path)
	case []any:
		for i := range value {
			item, err := openContent(value[i], fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			value[i] = item
		}
	case map[string]any:
		for name := range value {
			if err := checkString(name, path); err != nil {
				return nil, err
			}
			item, err := openContent(value[name], join(path, name))
			if err != nil {
				return nil, err
			}
			value[name] = item
		}
	}
	return value, nil
}

// Open returns what a document holds, in the types of encoding/json. The SDK's
// own way, UnmarshalSmithyDocument, fails for documents that have not been read
// by the SDK.
func Open(document smithydocument.Marshaler) (content any, err error) {
	text, err := document.MarshalSmithyDocument()
	if err == nil {
		err = json.Unmarshal(text, &content)
	}
	return content, err
}
