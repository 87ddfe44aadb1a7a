package policy

import "strings"

// globalKey is a condition key that any service may set. The page "AWS global condition
// context keys" of the IAM User Guide has them.
type globalKey struct {
	name      string // ending in /: followed by a tag's key
	values    family
	untyped   bool   // compared in several ways
	many      bool   // multivalued
	sensitive bool   // a wildcard in it is always too much
	instead   string // deprecated, for this one
}

var globalKeys = []globalKey{
	{name: "aws:PrincipalArn", values: arnFamily},
	{name: "aws:PrincipalAccount", sensitive: true},
	{name: "aws:PrincipalOrgPaths", many: true},
	{name: "aws:PrincipalOrgID", sensitive: true},
	{name: "aws:PrincipalOrgMasterAccountId"},
	{name: "aws:PrincipalTag/"},
	{name: "aws:PrincipalIsAWSService", values: boolFamily},
	{name: "aws:PrincipalServiceName"},
	{name: "aws:PrincipalServiceNamesList", many: true},
	{name: "aws:PrincipalType"},
	{name: "aws:userid"},
	{name: "aws:username"},
	{name: "aws:AssumedRoot", untyped: true},
	{name: "aws:FederatedProvider"},
	{name: "aws:TokenIssueTime", values: dateFamily},
	{name: "aws:SignInSessionArn", values: arnFamily},
	{name: "aws:MultiFactorAuthAge", values: numericFamily},
	{name: "aws:MultiFactorAuthPresent", values: boolFamily},
	{name: "aws:ChatbotSourceArn", values: arnFamily},
	{name: "aws:Ec2InstanceSourceVpc"},
	{name: "aws:Ec2InstanceSourcePrivateIPv4", values: ipFamily},
	{name: "aws:SourceIdentity"},
	{name: "aws:SourceIp", values: ipFamily},
	{name: "aws:SourceVpc", sensitive: true},
	{name: "aws:SourceVpcArn", values: arnFamily},
	{name: "aws:SourceVpce", sensitive: true},
	{name: "aws:VpceAccount", sensitive: true},
	{name: "aws:VpceOrgID", sensitive: true},
	{name: "aws:VpceOrgPaths", many: true},
	{name: "aws:VpcSourceIp", values: ipFamily},
	{name: "aws:ResourceAccount", sensitive: true},
	{name: "aws:ResourceOrgID", sensitive: true},
	{name: "aws:ResourceOrgPaths", many: true},
	{name: "aws:ResourceTag/"},
	{name: "aws:CalledVia", many: true},
	{name: "aws:CalledViaFirst"},
	{name: "aws:CalledViaLast"},
	{name: "aws:CalledViaAWSMCP"},
	{name: "aws:ViaAWSService", values: boolFamily},
	{name: "aws:ViaAWSMCPService", values: boolFamily},
	{name: "aws:IsMcpServiceAction", values: boolFamily},
	{name: "aws:CurrentTime", values: dateFamily},
	{name: "aws:EpochTime", untyped: true}, // a date or a number
	{name: "aws:referer"},
	{name: "aws:RequestedRegion"},
	{name: "aws:RequestTag/"},
	{name: "aws:TagKeys", many: true},
	{name: "aws:SecureTransport", values: boolFamily},
	{name: "aws:SourceAccount", sensitive: true},
	{name: "aws:SourceArn", values: arnFamily},
	{name: "aws:SourceOrgID", sensitive: true},
	{name: "aws:SourceOrgPaths", many: true},
	{name: "aws:UserAgent"},
	{name: "aws:ARN", values: arnFamily, instead: "aws:PrincipalArn"},
	{name: "aws:SourceOwner", instead: "aws:SourceAccount"},
}

var globalKeyByName = func() map[string]*globalKey {
	byName := map[string]*globalKey{}
	for i := range globalKeys {
		byName[lower(globalKeys[i].name)] = &globalKeys[i]
	}
	return byName
}()

// globalKeyOf finds the global key of a name in lower case, nil for others.
func globalKeyOf(key string) *globalKey {
	if slash := strings.IndexByte(key, '/'); slash >= 0 {
		key = key[:slash+1]
	}
	return globalKeyByName[key]
}

// tagKeys are those that go on with a slash and the key of a tag.
var tagKeys = []string{"aws:principaltag", "aws:resourcetag", "aws:requesttag", "iam:resourcetag", "ec2:resourcetag", "sts:transitivetag", "s3:existingobjecttag", "s3:requestobjecttag"}

// olderTagKeys are those of services from before there were global ones for tags.
var olderTagKeys = map[string]string{"iam:resourcetag": "aws:ResourceTag", "ec2:resourcetag": "aws:ResourceTag", "ssm:resourcetag": "aws:ResourceTag", "secretsmanager:resourcetag": "aws:ResourceTag", "rds:req-tag": "aws:RequestTag"}

// isSingleValued reports whether a key is known to have one value at most. Of keys of
// services that are not known it reports false, and so it does of those that are not.
func isSingleValued(key string) bool {
	if global := globalKeyOf(key); global != nil {
		return !global.many
	}
	return isClaim(key, "sub") || isClaim(key, "aud")
}

// isClaim reports whether the key is this claim of a token of an OpenID Connect provider.
func isClaim(key, claim string) bool {
	issuer, name, found := strings.Cut(key, ":")
	return found && name == claim && strings.Contains(issuer, ".")
}

// nearest is the name most like the given one, or nothing when none is much like it.
func nearest(name string, names func(yield func(string) bool)) (best string) {
	if len(name) > 64 {
		return ""
	}
	limit := len(name)/4 + 2
	name = lower(name)
	names(func(candidate string) bool {
		if d := distance(name, lower(candidate)); d < limit {
			best, limit = candidate, d
		}
		return limit > 1
	})
	return best
}

// distance counts the letters to put in, take out or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
