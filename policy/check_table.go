package policy

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
)

// The kinds that have something in common.
var (
	attached    = []Kind{Identity, Session, Boundary} // whose principal is who they are attached to
	ofPrincipal = []Kind{Identity, Session, Boundary, ServiceControl}
	naming      = []Kind{Resource, Trust, ResourceControl}
	admitting   = []Kind{Resource, Trust}
	control     = []Kind{ServiceControl, ResourceControl}
)

// checks is everything [Check] looks for. The codes that are not ours are those of the
// page "IAM policy validation check reference" in the IAM User Guide.
var checks = []check{
	// The document.
	{code: "MISSING_VERSION", severity: Warning, of: wholeDocument, found: func(s *subject) bool { return s.document.Version == nil },
		message: "The document has no Version, and so is of 2008-10-17, in which ${...} is plain text.", fix: `Add "Version": "2012-10-17".`},
	{code: "INVALID_VERSION", severity: Error, of: anyElement, found: func(s *subject) bool {
		return s.statement == nil && s.element == "Version" && s.node.Kind == StringNode && s.it != Version2008 && s.it != Version2012
	}, message: `"{it}" is no version of the language.`, fix: `Write "Version": "2012-10-17".`},
	{code: "INVALID_VERSION", severity: Error, kinds: control, of: anyElement, found: func(s *subject) bool {
		return s.statement == nil && s.element == "Version" && s.it == Version2008
	}, message: "Control policies are of version 2012-10-17.", fix: `Write "Version": "2012-10-17".`},
	{code: "OLDER_VERSION", severity: Suggestion, kinds: []Kind{Identity, Session, Boundary, Resource, Trust}, ours: true, of: anyElement, found: func(s *subject) bool {
		return s.statement == nil && s.element == "Version" && s.it == Version2008
	}, message: "The document is of the older version of the language, in which ${...} is plain text.", fix: `Write "Version": "2012-10-17", unless a text holds ${ that is meant to stay.`},
	{code: "MISSING_STATEMENT", severity: Error, of: wholeDocument, found: func(s *subject) bool { return len(s.document.Statement.Values()) == 0 },
		message: "The document has no Statement.", fix: "Add a Statement with Effect, Action and what else this kind of policy has."},
	{code: "INVALID_POLICY_ELEMENT", severity: Error, of: anyElement, found: anUnknownElement,
		message: `There is no element "{it}" here.`, fix: "Write one that is known here{other}."},
	{code: "DATA_TYPE_MISMATCH", severity: Error, of: mistypedValue, found: always,
		message: "There is {it} where {other} should be.", fix: "Write {other}."},
	{code: "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", severity: Warning, kinds: []Kind{Identity, Boundary}, of: wholeDocument, found: larger(6144, Size),
		message: "The document has {it} characters without white space; a managed policy has {other} at most, and an inline one of a user 2048.", fix: "Spread it over several policies."},
	{code: "POLICY_SIZE_EXCEEDS_SESSION_POLICY_QUOTA", severity: Error, kinds: []Kind{Session}, ours: true, of: wholeDocument, found: larger(2048, Size),
		message: "The document has {it} characters without white space; a session policy has {other} at most.", fix: "Refer to managed policies by ARN, or shorten it with wildcards."},
	{code: "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", severity: Warning, kinds: []Kind{Trust}, of: wholeDocument, found: larger(2048, Size),
		message: "The document has {it} characters without white space; a trust policy has {other} at most, unless the quota has been raised.", fix: "Name accounts or an organization instead of many principals."},
	{code: "POLICY_SIZE_EXCEEDS_SCP_QUOTA", severity: Error, kinds: []Kind{ServiceControl}, of: wholeDocument, found: larger(10240, characters),
		message: "The document has {it} characters; a service control policy has {other} at most, and white space counts.", fix: "Remove white space, or spread it over several policies."},
	{code: "POLICY_SIZE_EXCEEDS_RCP_QUOTA", severity: Error, kinds: []Kind{ResourceControl}, of: wholeDocument, found: larger(5120, characters),
		message: "The document has {it} characters; a resource control policy has {other} at most, and white space counts.", fix: "Remove white space, or spread it over several policies."},

	// Which elements a statement has.
	{code: "MISSING_EFFECT", severity: Error, of: wholeStatement, found: lacks("Effect"),
		message: "The statement has no Effect.", fix: `Add "Effect": "Allow" or "Effect": "Deny".`},
	{code: "INVALID_EFFECT", severity: Error, of: anyElement, found: func(s *subject) bool {
		return s.statement != nil && s.element == "Effect" && s.node.Kind == StringNode && s.it != "Allow" && s.it != "Deny"
	}, message: `"{it}" is no effect.`, fix: `Write "Allow" or "Deny", in this spelling.`},
	{code: "MISSING_ACTION", severity: Error, of: wholeStatement, found: lacks("Action", "NotAction"),
		message: "The statement has no Action.", fix: `Add "Action" with what the statement is about, such as "s3:GetObject".`},
	{code: "MISSING_RESOURCE", severity: Error, kinds: []Kind{Identity, Session, Boundary, Resource, ServiceControl, ResourceControl}, of: wholeStatement, found: lacks("Resource", "NotResource"),
		message: "The statement has no Resource.", fix: `Add "Resource" with the ARNs it is about, or "*".`},
	{code: "MISSING_PRINCIPAL", severity: Error, kinds: naming, of: wholeStatement, found: lacks("Principal", "NotPrincipal"),
		message: "The statement has no Principal, and this kind of policy says whom it is about.", fix: `Add "Principal".`},
	{code: "UNSUPPORTED_PRINCIPAL", severity: Error, kinds: attached, of: wholeStatement, found: has("Principal", "NotPrincipal"),
		message: "The policy is about whoever it is attached to, and names no principals.", fix: "Remove {it}."},
	{code: "SCP_SYNTAX_ERROR_PRINCIPAL", severity: Error, kinds: []Kind{ServiceControl}, of: wholeStatement, found: has("Principal", "NotPrincipal"),
		message: "A service control policy names no principals.", fix: "Remove {it}; say whom it is about with aws:PrincipalArn in a Condition."},
	{code: "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", severity: Error, kinds: []Kind{Trust}, of: wholeStatement, found: has("Resource", "NotResource"),
		message: "A trust policy is about the role it is attached to, and names no resources.", fix: "Remove {it}."},
	{code: "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", severity: Error, kinds: []Kind{Trust}, of: wholeStatement, found: has("NotPrincipal"),
		message: "A trust policy has no NotPrincipal.", fix: "Name those who may assume the role in Principal."},
	{code: "UNSUPPORTED_ELEMENT_COMBINATION", severity: Error, of: wholeStatement, found: both("Action", "NotAction"),
		message: "A statement has Action or NotAction, not both.", fix: "Remove one of them."},
	{code: "UNSUPPORTED_ELEMENT_COMBINATION", severity: Error, of: wholeStatement, found: both("Resource", "NotResource"),
		message: "A statement has Resource or NotResource, not both.", fix: "Remove one of them."},
	{code: "UNSUPPORTED_ELEMENT_COMBINATION", severity: Error, of: wholeStatement, found: both("Principal", "NotPrincipal"),
		message: "A statement has Principal or NotPrincipal, not both.", fix: "Remove one of them."},
	{code: "RCP_SYNTAX_ERROR_PRINCIPAL", severity: Error, kinds: []Kind{ResourceControl}, of: wholeStatement, found: has("NotPrincipal"),
		message: "A resource control policy has no NotPrincipal.", fix: `Write "Principal": "*", and say whom it is about with a Condition.`},
	{code: "RCP_SYNTAX_ERROR_PRINCIPAL", severity: Error, kinds: []Kind{ResourceControl}, of: aPrincipal, found: func(s *subject) bool { return s.it != "*" },
		message: `"{it}" is named, but a resource control policy is about all principals.`, fix: `Write "Principal": "*", and say whom it is about with a Condition.`},
	{code: "RCP_SYNTAX_ERROR_ALLOW", severity: Error, kinds: []Kind{ResourceControl}, of: wholeStatement, found: func(s *subject) bool {
		return s.allows() && !(s.is("Principal", "*") && s.is("Action", "*") && s.is("Resource", "*") && s.statement.Condition == nil) && s.toElement("Effect")
	}, message: "A resource control policy denies; what it does not deny the policy RCPFullAWSAccess lets through.", fix: "Turn the statement into a Deny of everything else."},
	{code: "RCP_SYNTAX_ERROR_ACTION", severity: Error, kinds: []Kind{ResourceControl}, of: anAction, found: func(s *subject) bool { return s.it == "*" && !s.allows() },
		message: `A resource control policy names services; "*" alone is not enough.`, fix: `Write actions such as "s3:*".`},
	{code: "RCP_SYNTAX_ERROR_NOTACTION", severity: Error, kinds: []Kind{ResourceControl}, of: wholeStatement, found: has("NotAction"),
		message: "A resource control policy has no NotAction.", fix: "List the actions in Action."},
	{code: "RCP_UNSUPPORTED_SERVICE", severity: Warning, kinds: []Kind{ResourceControl}, ours: true, of: anAction, found: func(s *subject) bool {
		prefix, _, found := strings.Cut(lower(s.it), ":")
		s.other = prefix
		return found && !isOpen(prefix) && prefix != "" && !slices.Contains(rcpServices, prefix)
	}, message: `The service "{other}" is not known to heed resource control policies.`, fix: "See the list in the AWS Organizations User Guide; use a service control policy for the others."},

	// Statement ids.
	{code: "UNIQUE_SIDS_REQUIRED", severity: Error, kinds: []Kind{Identity, Session, Boundary, Trust, ServiceControl, ResourceControl}, of: anyElement, found: aRepeatedSid,
		message: `"{it}" is the Sid of an earlier statement.`, fix: "Give each statement its own Sid."},
	{code: "UNIQUE_SIDS_RECOMMENDED", severity: Warning, kinds: []Kind{Resource}, of: anyElement, found: aRepeatedSid,
		message: `"{it}" is the Sid of an earlier statement.`, fix: "Give each statement its own Sid."},
	{code: "UNSUPPORTED_SID", severity: Error, kinds: []Kind{Identity, Session, Boundary, Trust, ServiceControl, ResourceControl}, of: anyElement, found: func(s *subject) bool {
		return s.statement != nil && s.element == "Sid" && s.node.Kind == StringNode && strings.ContainsFunc(s.it, isNotAlphanumeric)
	}, message: `The Sid "{it}" has characters other than letters and digits.`, fix: "Use a-z, A-Z and 0-9 alone."},
	{code: "EMPTY_SID_VALUE", severity: Suggestion, of: anyElement, found: func(s *subject) bool { return s.statement != nil && s.element == "Sid" && s.node.IsText("") },
		message: "The Sid is empty.", fix: "Say in a word what the statement is for, or leave Sid out."},

	// What is empty.
	{code: "EMPTY_ARRAY_ACTION", severity: Suggestion, of: anyElement, found: anEmpty("Action", "NotAction"),
		message: "The statement has no actions, and no effect.", fix: "List actions, or remove the statement."},
	{code: "EMPTY_ARRAY_RESOURCE", severity: Suggestion, of: anyElement, found: anEmpty("Resource", "NotResource"),
		message: "The statement has no resources, and no effect.", fix: "List resources, or remove the statement."},
	{code: "EMPTY_OBJECT_PRINCIPAL", severity: Suggestion, of: anyElement, found: func(s *subject) bool {
		return s.isElement("Principal", "NotPrincipal") && s.node.Kind == ObjectNode && len(s.node.Members) == 0
	}, message: "The statement names no principals, and has no effect.", fix: "Name principals, or remove the statement."},
	{code: "EMPTY_ARRAY_PRINCIPAL", severity: Suggestion, of: anyElement, found: func(s *subject) bool {
		return s.isElement("Principal", "NotPrincipal") && len(s.node.Members) > 0 && len(Principals(s.member)) == 0
	}, message: "The statement names no principals, and has no effect.", fix: "Name principals, or remove the statement."},
	{code: "EMPTY_OBJECT_CONDITION", severity: Suggestion, of: anyElement, found: func(s *subject) bool {
		return s.isElement("Condition") && s.node.Kind == ObjectNode && len(s.node.Members) == 0
	}, message: "The Condition is empty, and nothing is asked.", fix: "Remove it, or add conditions."},
	{code: "EMPTY_OBJECT_CONDITION", severity: Suggestion, of: anOperator, found: func(s *subject) bool { return len(s.node.Members) == 0 },
		message: "The operator has no keys, and nothing is asked.", fix: "Remove it, or add keys."},
	{code: "EMPTY_ARRAY_CONDITION", severity: Suggestion, of: aKey, found: anEmptyKey(noSet, false),
		message: `Nothing is given to compare "{other}" with, which nothing matches.`, fix: "Add values, or remove the key."},
	{code: "EMPTY_ARRAY_CONDITION_FORALLVALUES", severity: Suggestion, of: aKey, found: anEmptyKey(forAllValues, false),
		message: `ForAllValues with no values holds only when "{other}" is absent.`, fix: `Write "Null": {"{other}": "true"} if that is meant.`},
	{code: "EMPTY_ARRAY_CONDITION_FORANYVALUE", severity: Suggestion, of: aKey, found: anEmptyKey(forAnyValue, false),
		message: `ForAnyValue with no values to compare "{other}" with never holds.`, fix: "Add values, or remove the key."},
	{code: "EMPTY_ARRAY_CONDITION_IFEXISTS", severity: Suggestion, of: aKey, found: anEmptyKey(noSet, true),
		message: `IfExists with no values holds only when "{other}" is absent.`, fix: `Write "Null": {"{other}": "true"} if that is meant.`},

	// Actions.
	{code: "INVALID_ACTION", severity: Error, of: anAction, found: func(s *subject) bool {
		service, name, found := strings.Cut(s.it, ":")
		return s.it != "*" && (!found || service == "" || name == "" || strings.ContainsFunc(name, isNotAction))
	}, message: `"{it}" is no action.`, fix: "An action is a service, a colon and a name without spaces: iam:GetUser, s3:Get*, or * for all."},
	{code: "INVALID_SERVICE_IN_ACTION", severity: Error, of: anAction, found: func(s *subject) bool {
		service, _, found := strings.Cut(s.it, ":")
		s.other = service
		return found && service != "" && service != "*" && strings.ContainsFunc(service, func(c rune) bool { return c != '-' && isNotAlphanumeric(c) })
	}, message: `"{other}" is no name of a service; wildcards stand behind the colon.`, fix: "Write one action for each service, or * for all."},
	{code: "WILDCARD_IN_SERVICE_NAME", severity: Suggestion, of: anAction, found: func(s *subject) bool { return strings.HasPrefix(s.it, "*:") },
		message: `"{it}" is about every service, those to come too.`, fix: "Name the services."},
	{code: "UNSUPPORTED_ACTION_IN_POLICY", severity: Error, kinds: []Kind{Trust}, of: anAction, found: func(s *subject) bool {
		action, reason := newActionPattern(s.it)
		return reason == "" && action.service != "sts"
	}, message: `"{it}" has no place in a trust policy, which is about assuming the role.`, fix: "Use sts:AssumeRole, sts:AssumeRoleWithSAML, sts:AssumeRoleWithWebIdentity, sts:TagSession or sts:SetSourceIdentity."},
	{code: "REDUNDANT_ACTION", severity: Suggestion, of: anAction, found: func(s *subject) bool { return s.covered(true) },
		message: `"{it}" is covered by "{other}".`, fix: "Remove it."},

	// Resources and other ARNs.
	{code: "REDUNDANT_RESOURCE", severity: Suggestion, of: aResource, found: func(s *subject) bool { return s.covered(false) },
		message: `"{it}" is covered by "{other}".`, fix: "Remove it."},
	{code: "INVALID_ARN_PREFIX", severity: Error, of: anARN, found: func(s *subject) bool {
		return !strings.HasPrefix(s.it, "arn:") && !(s.condition != nil && strings.HasPrefix(s.it, "${"))
	},
		message: `"{it}" is no ARN: one begins with arn:.`, fix: "Write arn:partition:service:region:account:resource."},
	{code: "MISSING_ARN_FIELD", severity: Error, of: anARN, found: func(s *subject) bool {
		rest, found := strings.CutPrefix(s.it, "arn:aws:codecatalyst::")
		s.other = "arn:aws:codecatalyst:::" + rest
		return found && strings.HasPrefix(rest, "space/")
	}, message: `"{it}" has two colons before space/, and so matches no space.`, fix: "Write three: {other}"},
	{code: "MISSING_ARN_FIELD", severity: Error, of: anARN, found: func(s *subject) bool {
		return strings.HasPrefix(s.it, "arn:") && !cutARN(s.it).whole() && !strings.HasPrefix(s.it, "arn:aws:codecatalyst::space/")
	}, message: `"{it}" has fewer than the six parts of an ARN.`, fix: "Write arn:partition:service:region:account:resource; Region and account may be empty, their colons stay."},
	{code: "INVALID_PARTITION", severity: Error, of: anARN, found: aPart(1, func(p string, _ arnParts) bool { return !isOpen(p) && !slices.Contains(partitions, p) }),
		message: `There is no partition "{other}".`, fix: "Use aws, or aws-cn in China and aws-us-gov in GovCloud."},
	{code: "INVALID_ARN_SERVICE_CASE", severity: Error, of: anARN, found: aPart(2, func(p string, _ arnParts) bool { return !strings.Contains(p, "$") && p != lower(p) }),
		message: `The service "{other}" is written in lower case.`, fix: "Write it in lower case."},
	{code: "INVALID_SERVICE", severity: Error, of: anARN, found: aPart(2, func(p string, _ arnParts) bool { return p == "" }),
		message: `"{it}" names no service.`, fix: "Write the service behind the partition, as in arn:aws:s3:::bucket."},
	{code: "INVALID_ARN_REGION", severity: Error, of: anARN, found: aPart(3, func(p string, _ arnParts) bool { return p != "" && !isOpen(p) && p != "aws-global" && !isRegion(p) }),
		message: `"{other}" is no Region.`, fix: "Write a Region such as eu-central-1, * for all, or nothing where the resource has none."},
	{code: "INVALID_ARN_ACCOUNT", severity: Error, of: anARN, found: aPart(4, func(p string, _ arnParts) bool {
		return p != "" && !isOpen(p) && !isAccount(p) && !slices.Contains([]string{"aws", "aws-managed", "amazon", "cloudfront"}, p)
	}), message: `"{other}" is no account: an account has twelve digits.`, fix: "Write the twelve digits, without hyphens."},
	{code: "INVALID_ARN_RESOURCE", severity: Error, of: anARN, found: aPart(5, func(p string, _ arnParts) bool { return p == "" }),
		message: `"{it}" names no resource.`, fix: "Write the resource behind the last colon, or *."},
	{code: "ARN_REGION_NOT_ALLOWED", severity: Error, of: anARN, found: aPart(3, func(p string, a arnParts) bool {
		return p != "" && p != "*" && (slices.Contains([]string{"iam", "organizations", "cloudfront", "route53"}, a.part(2)) || a.isSpace() || a.isBucket())
	}), message: `ARNs of these resources have no Region, and "{it}" matches none.`, fix: "Leave the Region empty, and its colon there."},
	{code: "ARN_ACCOUNT_NOT_ALLOWED", severity: Error, of: anARN, found: aPart(4, func(p string, a arnParts) bool { return p != "" && p != "*" && (a.isSpace() || a.isBucket()) }),
		message: `ARNs of these resources have no account, and "{it}" matches none.`, fix: "Leave the account empty, and its colon there."},

	// Principals.
	{code: "INVALID_PRINCIPAL_KEY", severity: Error, of: aPrincipal, found: func(s *subject) bool {
		return s.member != nil && s.index == 0 && !slices.Contains([]string{"AWS", "Service", "Federated", "CanonicalUser"}, s.member.Name) && s.toTypeName()
	}, message: `"{it}" is no kind of principal.`, fix: "Use AWS, Service, Federated or CanonicalUser."},
	{code: "INVALID_PRINCIPAL_FORMAT", severity: Error, of: aPrincipal, found: func(s *subject) bool {
		if s.member == nil {
			return s.it != "*"
		}
		_, ok := newPrincipal("AWS", s.it)
		return s.member.Name == "AWS" && s.it != "*" && !ok && !isOpen(s.it)
	}, message: `"{it}" names nobody.`, fix: `Write "*", or an object such as {"AWS": "arn:aws:iam::123456789012:role/name"}; an account may be named by its twelve digits.`},
	{code: "UNSUPPORTED_WILDCARD_IN_PRINCIPAL", severity: Error, of: aPrincipal, found: func(s *subject) bool {
		return s.member != nil && strings.ContainsAny(s.it, "*?") && !(s.member.Name == "AWS" && s.it == "*") && !strings.Contains(s.it, "${")
	}, message: `"{it}" has a wildcard; it would match nobody.`, fix: `Name the principals one by one, or write {"AWS": "*"} with a condition on aws:PrincipalArn.`},
	{code: "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", severity: Error, kinds: []Kind{Trust}, of: aPrincipal, found: func(s *subject) bool { return s.member == nil && s.it == "*" && s.allows() },
		message: `A trust policy has no "Principal": "*".`, fix: `Name who may assume the role; if it has to be everyone, write {"AWS": "*"} with conditions.`},
	{code: "PUBLIC_ACCESS", severity: SecurityWarning, kinds: admitting, ours: true, of: aPrincipal, found: func(s *subject) bool {
		return s.it == "*" && (s.member == nil || s.member.Name == "AWS") && s.element == "Principal" && s.allows() && !s.statement.restricted
	}, message: "Everybody is let in, from every account, and no condition says who.", fix: "Name principals, or add a condition such as aws:PrincipalOrgID."},
	{code: "ALLOW_WITH_NOT_PRINCIPAL", severity: SecurityWarning, kinds: naming, of: wholeStatement, found: func(s *subject) bool { return s.allows() && s.toElement("NotPrincipal") },
		message: "Allow with NotPrincipal lets in everybody else, the anonymous too.", fix: "Name who is let in, in Principal."},
	{code: "INVALID_SERVICE_PRINCIPAL_FORMAT", severity: Error, of: aPrincipal, found: func(s *subject) bool {
		return s.isType("Service") && !isOpen(s.it) && (!strings.Contains(s.it, ".") || strings.ContainsFunc(s.it, func(c rune) bool {
			return c != '.' && c != '-' && c != '_' && (isNotAlphanumeric(c) || 'A' <= c && c <= 'Z')
		}))
	}, message: `"{it}" is no service principal.`, fix: "One is written in lower case, as codecatalyst.amazonaws.com."},
	{code: "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", severity: Error, kinds: []Kind{Trust}, of: aPrincipal, found: func(s *subject) bool {
		_, known := providerOf(s.it)
		return s.isType("Federated") && !known && !isOpen(s.it)
	}, message: `"{it}" is no identity provider.`, fix: "Write the ARN of a SAML or OpenID Connect provider, or a name such as accounts.google.com."},
	{code: "FEDERATED_PRINCIPAL_NOT_SUPPORTED", severity: Error, kinds: []Kind{Resource}, of: aPrincipal, found: func(s *subject) bool { return s.isType("Federated") },
		message: "Identity providers are named in trust policies alone.", fix: "Name the roles that those who sign in there assume."},
	{code: "INVALID_ROLE_REFERENCE", severity: Warning, of: aPrincipal, found: func(s *subject) bool { return s.isType("AWS") && strings.HasPrefix(s.it, "AROA") && isUniqueID(s.it) },
		message: `"{it}" is the id of a role, which stands here once the role is deleted; one made anew under its name is another.`, fix: "Write the ARN of the role."},
	{code: "INVALID_USER_REFERENCE", severity: Warning, of: aPrincipal, found: func(s *subject) bool { return s.isType("AWS") && strings.HasPrefix(s.it, "AIDA") && isUniqueID(s.it) },
		message: `"{it}" is the id of a user, which stands here once the user is deleted; one made anew under its name is another.`, fix: "Write the ARN of the user."},
	{code: "MISMATCHED_ACTION_FOR_PRINCIPAL", severity: Error, kinds: []Kind{Trust}, of: aPrincipal, found: func(s *subject) bool {
		s.other = s.waysIn()
		return s.other != ""
	}, message: `"{it}" cannot use any action of the statement.`, fix: "Add {other}."},
	{code: "MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", severity: Error, kinds: []Kind{Trust}, of: aPrincipal, found: func(s *subject) bool {
		return s.allows() && s.isType("Service") && s.it == "rolesanywhere.amazonaws.com" && !(s.does("sts:AssumeRole") && s.does("sts:TagSession") && s.does("sts:SetSourceIdentity"))
	}, message: "IAM Roles Anywhere needs sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity.", fix: "Add those that are missing."},
	{code: "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", severity: Suggestion, kinds: []Kind{Trust}, of: aPrincipal, found: func(s *subject) bool { return s.isType("AWS") && s.hasParentRole() },
		message: `"{it}" is a session of the role "{other}", which is let in already.`, fix: "Remove it."},

	// Who is let in on what terms.
	{code: "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", severity: SecurityWarning, kinds: admitting, of: aPrincipal, found: func(s *subject) bool { return s.isCodeCatalyst() && s.isDeputy() },
		message: `"{it}" acts for every space there is, and no condition says for which.`, fix: `Add "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:codecatalyst:::space/SPACE-ID/project/PROJECT-ID"}}, with three colons and ids, not names.`},
	{code: "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", severity: SecurityWarning, kinds: admitting, of: aPrincipal, found: func(s *subject) bool { return !s.isCodeCatalyst() && s.isDeputy() },
		message: `"{it}" acts for all of its customers, and no condition says for which (the confused deputy).`, fix: "Add a condition on aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or aws:SourceOrgPaths."},
	{code: "WILDCARD_IN_SOURCE_ARN_ACCOUNT", severity: SecurityWarning, kinds: admitting, ours: true, of: aValue, found: func(s *subject) bool {
		a := cutARN(s.it)
		return s.allows() && s.condition.key == "aws:sourcearn" && s.condition.demands() && (s.it == "*" || a.part(4) == "*" || a.part(4) == "" && isOpen(s.it) && !a.whole()) &&
			!s.demands("aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
	}, message: `"{it}" is of any account, so that a resource of anybody's will do (the confused deputy).`, fix: "Write the account, or add a condition on aws:SourceAccount."},
	{code: "WILDCARD_IN_SOURCE_ARN_SPACE", severity: SecurityWarning, kinds: admitting, ours: true, of: aValue, found: func(s *subject) bool {
		a := cutARN(s.it)
		space, _, _ := strings.Cut(strings.TrimPrefix(a.part(5), "space/"), "/")
		return s.allows() && s.condition.key == "aws:sourcearn" && s.condition.demands() && a.part(2) == "codecatalyst" && strings.ContainsAny(space, "*?")
	}, message: `"{it}" is of any space, other people's too.`, fix: "Write the id of the space."},
	{code: "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", severity: SecurityWarning, kinds: []Kind{Trust}, of: aPrincipal, found: func(s *subject) bool {
		issuer, _ := s.issuer()
		return issuer != "" && !s.statement.issuers[issuer]
	}, message: `Anybody whom "{it}" has a token for is let in, whoever it was made out for.`, fix: "Add conditions on the provider's aud and sub, {other}:aud and {other}:sub."},
	{code: "MISSING_GITHUB_REPO_CONDITION_KEY", severity: SecurityWarning, kinds: []Kind{Trust}, of: aPrincipal, found: func(s *subject) bool {
		issuer, _ := s.issuer()
		return issuer == gitHub && !s.demandsClaim(issuer, "sub")
	}, message: "Every repository on GitHub is let in.", fix: `Add a condition on token.actions.githubusercontent.com:sub, such as "repo:organization/repository:ref:refs/heads/main".`},
	{code: "SUBJECT_CONDITION_RECOMMENDED", severity: Suggestion, kinds: []Kind{Trust}, ours: true, of: aPrincipal, found: func(s *subject) bool {
		issuer, _ := s.issuer()
		return issuer != "" && issuer != gitHub && issuer != "cognito-identity.amazonaws.com" && s.statement.issuers[issuer] && !s.demandsClaim(issuer, "sub")
	}, message: `Whoever "{it}" gives a token for this audience is let in.`, fix: "Add a condition on {other}:sub, unless that is meant."},
	{code: "SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", severity: Warning, kinds: []Kind{Trust}, of: aValue, found: func(s *subject) bool {
		return s.allows() && s.condition.key == gitHub+":sub" && s.condition.family == likeFamily && strings.ContainsAny(s.it, "*?")
	}, message: `"{it}" lets in more than one repository and branch.`, fix: `Write the whole subject, such as "repo:organization/repository:ref:refs/heads/main".`},
	{code: "EXTERNAL_ID_RECOMMENDED", severity: Suggestion, kinds: []Kind{Trust}, ours: true, of: aPrincipal, found: func(s *subject) bool {
		return s.allows() && s.isType("AWS") && (isAccount(s.it) || strings.HasSuffix(s.it, ":root")) && !s.statement.restricted
	}, message: `Everybody in the account "{it}" who is allowed to there may assume the role.`, fix: "If it is a third party's, add a condition on sts:ExternalId; if it is yours, name a role, or add aws:PrincipalOrgID."},

	// What is allowed too widely.
	{code: "ALLOW_WITH_NOT_ACTION", severity: SecurityWarning, kinds: []Kind{Identity, Resource}, ours: true, of: wholeStatement, found: func(s *subject) bool {
		return s.allows() && s.statement.NotAction != nil && s.is("Resource", "*") && len(s.statement.conditions) == 0 && s.toElement("NotAction")
	}, message: "Everything but the listed actions is allowed on everything, what services add later too.", fix: "List what is allowed in Action, or add Deny statements."},
	{code: "ALLOW_WITH_NOT_RESOURCE", severity: Warning, kinds: []Kind{Identity, Resource}, ours: true, of: wholeStatement, found: func(s *subject) bool { return s.allows() && s.toElement("NotResource") },
		message: "Everything but the listed resources is allowed, those to come too.", fix: "List what is allowed in Resource, or use NotResource with Deny."},
	{code: "PASS_ROLE_WITH_STAR_IN_RESOURCE", severity: SecurityWarning, kinds: []Kind{Identity}, of: wholeStatement, found: passRole.with(named, starred),
		message: "iam:PassRole on any role lets whoever has it act through a service as the mightiest of them.", fix: "Name the roles, or add a condition on iam:PassedToService."},
	{code: "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", severity: SecurityWarning, kinds: []Kind{Identity}, of: wholeStatement, found: passRole.with(starred, starred),
		message: "The wildcards of action and resource allow iam:PassRole on any role.", fix: "Name actions and roles, or add a condition on iam:PassedToService."},
	{code: "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", severity: SecurityWarning, kinds: []Kind{Identity}, of: wholeStatement, found: passRole.with(excepted, starred),
		message: "NotAction does not except iam:PassRole, and so allows it on any role.", fix: "Add iam:PassRole to NotAction, or name the roles."},
	{code: "PASS_ROLE_WITH_NOT_RESOURCE", severity: SecurityWarning, kinds: []Kind{Identity}, of: wholeStatement, found: passRole.with(named, excepted),
		message: "NotResource allows iam:PassRole on every role not listed.", fix: "Name the roles in Resource."},
	{code: "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", severity: SecurityWarning, kinds: []Kind{Identity}, of: wholeStatement, found: passRole.with(starred, excepted),
		message: "The wildcard of the action allows iam:PassRole on every role not listed.", fix: "Name actions, and the roles in Resource."},
	{code: "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE", severity: SecurityWarning, kinds: []Kind{Identity}, of: wholeStatement, found: passRole.with(excepted, excepted),
		message: "NotAction with NotResource allows iam:PassRole on every role not listed.", fix: "Add iam:PassRole to NotAction, or name the roles in Resource."},
	{code: "CREATE_SLR_WITH_STAR_IN_RESOURCE", severity: Warning, kinds: []Kind{Identity}, of: wholeStatement, found: createRole.with(named, starred),
		message: "iam:CreateServiceLinkedRole is allowed for every service.", fix: "Name the roles, or add a condition on iam:AWSServiceName."},
	{code: "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE", severity: Warning, kinds: []Kind{Identity}, of: wholeStatement, found: createRole.with(starred, starred),
		message: "The wildcards of action and resource allow iam:CreateServiceLinkedRole for every service.", fix: "Name actions and roles, or add a condition on iam:AWSServiceName."},
	{code: "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION", severity: Warning, kinds: []Kind{Identity}, of: wholeStatement, found: createRole.with(excepted, starred),
		message: "NotAction does not except iam:CreateServiceLinkedRole, and so allows it for every service.", fix: "Add it to NotAction, or name the roles."},
	{code: "CREATE_SLR_WITH_NOT_RESOURCE", severity: Warning, kinds: []Kind{Identity}, of: wholeStatement, found: createRole.with(named, excepted),
		message: "NotResource allows iam:CreateServiceLinkedRole for every role not listed.", fix: "Name the roles in Resource."},
	{code: "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", severity: Warning, kinds: []Kind{Identity}, of: wholeStatement, found: createRole.with(starred, excepted),
		message: "The wildcard of the action allows iam:CreateServiceLinkedRole for every role not listed.", fix: "Name actions, and the roles in Resource."},
	{code: "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE", severity: Warning, kinds: []Kind{Identity}, of: wholeStatement, found: createRole.with(excepted, excepted),
		message: "NotAction with NotResource allows iam:CreateServiceLinkedRole for every role not listed.", fix: "Add it to NotAction, or name the roles in Resource."},
	{code: "REDUNDANT_STATEMENT", severity: Suggestion, of: wholeStatement, found: func(s *subject) bool {
		other := s.redundantTo()
		if other != nil {
			s.other = other.Start.String()
		}
		return other != nil
	}, message: "The statement at {other} says all that this one says.", fix: "Remove this one."},

	// Operators of conditions.
	{code: "INVALID_CONDITION_OPERATOR", severity: Error, of: anOperator, found: func(s *subject) bool {
		s.toName()
		if s.condition.known || s.condition.family == nullFamily && s.condition.ifExists {
			return false
		}
		s.other = perhaps(nearestOperator(s.it))
		return true
	}, message: `"{it}" is no condition operator.`, fix: "Use one such as StringEquals, ArnLike or Bool{other}."},
	{code: "NULL_WITH_IF_EXISTS", severity: Error, of: anOperator, found: func(s *subject) bool {
		s.toName()
		return s.condition.family == nullFamily && s.condition.ifExists
	}, message: "Null asks whether a key exists, and has no IfExists.", fix: "Write Null."},
	{code: "NULL_WITH_QUALIFIER", severity: Suggestion, of: anOperator, found: func(s *subject) bool {
		s.toName()
		return s.condition.known && s.condition.family == nullFamily && s.condition.set != noSet
	}, message: "Null asks whether a key exists, not about its values.", fix: "Write Null, without ForAllValues: or ForAnyValue:."},
	{code: "DUPLICATE_KEYS_WITH_DIFFERENT_CASE", severity: Error, of: anOperator, found: aKeyTwice,
		message: `The key "{it}" stands here in another spelling; keys differ in more than case.`, fix: "Give all values under one."},

	// Keys of conditions.
	{code: "INVALID_CONDITION_KEY_FORMAT", severity: Error, of: aKey, found: func(s *subject) bool {
		s.toName()
		prefix, name, found := strings.Cut(s.it, ":")
		return !found || prefix == "" || name == "" || strings.Contains(prefix, " ")
	}, message: `"{it}" is no condition key.`, fix: "A key is a service, a colon and a name: aws:SourceIp, s3:prefix."},
	{code: "INVALID_GLOBAL_CONDITION_KEY", severity: Error, of: aKey, found: func(s *subject) bool {
		s.toName()
		return isUnknownGlobal(s.it, &s.other)
	}, message: `There is no global condition key "{it}", and no request has it.`, fix: "Write one of the list in the IAM User Guide{other}."},
	{code: "DEPRECATED_GLOBAL_CONDITION_KEY", severity: Warning, of: aKey, found: func(s *subject) bool {
		s.toName()
		global := globalKeyOf(s.condition.key)
		if global != nil {
			s.other = global.instead
		}
		return s.other != ""
	}, message: `The key "{it}" has been replaced.`, fix: "Use {other}."},
	{code: "MISSING_TAG_KEY_IN_CONDITION", severity: Error, of: aKey, found: func(s *subject) bool {
		s.toName()
		return slices.Contains(tagKeys, strings.TrimSuffix(s.condition.key, "/"))
	}, message: `"{it}" does not say which tag.`, fix: "Write the tag's key behind a slash, as aws:ResourceTag/project."},
	{code: "OLDER_TAG_CONDITION_KEY", severity: Suggestion, ours: true, of: aKey, found: func(s *subject) bool {
		s.toName()
		prefix, _, found := strings.Cut(s.condition.key, "/")
		s.other = olderTagKeys[prefix]
		return found && s.other != ""
	}, message: `"{it}" is a key of one service from before there was one for all.`, fix: "Use {other}/ and the tag's key."},
	{code: "MISSING_QUALIFIER", severity: Error, of: aKey, found: func(s *subject) bool {
		global := globalKeyOf(s.condition.key)
		s.toName()
		return global != nil && global.many && s.condition.known && s.condition.set == noSet && s.condition.family != nullFamily
	}, message: `"{it}" can have several values, and this compares one.`, fix: "Put ForAnyValue: or ForAllValues: before the operator."},
	{code: "FORALLVALUES_WITH_SINGLE_VALUED_KEY", severity: SecurityWarning, of: aKey, found: func(s *subject) bool {
		s.toName()
		return s.condition.set == forAllValues && isSingleValued(s.condition.key)
	}, message: `ForAllValues also holds when "{it}" is absent, and the key never has more than one value.`, fix: "Remove ForAllValues:."},
	{code: "FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", severity: SecurityWarning, of: aKey, found: func(s *subject) bool {
		s.toName()
		return s.condition.set == forAnyValue && isClaim(s.condition.key, "aud")
	}, message: `The audience "{it}" has one value.`, fix: "Remove ForAnyValue:."},
	{code: "FORANYVALUE_WITH_SINGLE_VALUED_KEY", severity: Warning, ours: true, of: aKey, found: func(s *subject) bool {
		s.toName()
		return s.condition.set == forAnyValue && isSingleValued(s.condition.key) && !isClaim(s.condition.key, "aud")
	}, message: `"{it}" never has more than one value.`, fix: "Remove ForAnyValue:."},
	{code: "FORALLVALUES_WITHOUT_NULL_CHECK", severity: SecurityWarning, ours: true, of: aKey, found: func(s *subject) bool {
		s.toName()
		return s.allows() && s.condition.set == forAllValues && !isSingleValued(s.condition.key) && !s.demands(s.condition.key) && !s.statement.present[s.condition.key]
	}, message: `ForAllValues also holds when "{it}" is absent, and so allows requests without it.`, fix: `Add "Null": {"{it}": "false"}.`},
	{code: "TYPE_MISMATCH", severity: Warning, of: aKey, found: func(s *subject) bool {
		global := globalKeyOf(s.condition.key)
		s.toName()
		if global == nil || global.untyped || !s.condition.known {
			return false
		}
		s.other = familyNames[global.values]
		own := familyNames[s.condition.family]
		return own != s.other && s.condition.family != nullFamily && !(own == "String" && global.values == arnFamily)
	}, message: `The values of "{it}" are not what {other} operators are for.`, fix: "Use an {other} operator."},
	{code: "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", severity: SecurityWarning, of: aKey, found: func(s *subject) bool {
		global := globalKeyOf(s.condition.key)
		s.toName()
		return global != nil && global.values == arnFamily && s.condition.known && s.condition.family == likeFamily
	}, message: `"{it}" is an ARN, in which a wildcard of a String operator matches over colons, into other accounts.`, fix: "Use ArnLike or ArnNotLike."},
	{code: "MISSING_PAIRED_CONDITION_KEYS", severity: SecurityWarning, of: aKey, found: func(s *subject) bool {
		s.toName()
		return s.allows() && s.condition.key == "aws:vpcsourceip" && !s.demands("aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn")
	}, message: `The same private addresses are used in every network; "{it}" says nothing without the network.`, fix: "Add aws:SourceVpc or aws:SourceVpce."},
	{code: "MULTI_FACTOR_NOT_DEMANDED", severity: SecurityWarning, ours: true, of: aKey, found: func(s *subject) bool {
		s.toName()
		return s.allows() && s.condition.key == "aws:multifactorauthpresent" && s.condition.ifExists
	}, message: "Requests signed with long-term access keys have no such key, and IfExists lets them pass.", fix: "Use Bool, without IfExists."},
	{code: "IF_EXISTS_RECOMMENDED", severity: Warning, ours: true, of: aKey, found: func(s *subject) bool {
		s.toName()
		return s.denies() && s.condition.key == "aws:multifactorauthpresent" && s.condition.family == boolFamily && s.condition.booleans == [2]bool{} && !s.condition.ifExists &&
			len(s.siblings) == 1 && strings.EqualFold(s.siblings[0].Text, "false")
	}, message: "Requests signed with long-term access keys have no such key, and are not denied.", fix: "Use BoolIfExists."},
	{code: "INVALID_CONDITION_DATA_TYPE", severity: Error, of: aKey, found: func(s *subject) bool {
		return slices.ContainsFunc(s.siblings, func(n Node) bool { return n.Kind != s.siblings[0].Kind })
	}, message: "The values are of different JSON types.", fix: "Write all of them as strings."},
	{code: "INVALID_CONDITION_MULTIPLE_BOOLEAN", severity: Error, of: aKey, found: func(s *subject) bool {
		return s.condition.known && (s.condition.family == boolFamily || s.condition.family == nullFamily) && len(s.siblings) > 1
	}, message: "A boolean is compared with one value: with both it always holds.", fix: "Write true or false."},
	{code: "PRIVATE_IP_ADDRESS", severity: Error, of: aKey, found: func(s *subject) bool { return !s.condition.negated && s.privateAddresses() == len(s.siblings) },
		message: "aws:SourceIp is a public address, and these are private: the condition never holds.", fix: "Write public addresses, or use aws:VpcSourceIp."},
	{code: "PRIVATE_NOT_IP_ADDRESS", severity: Error, of: aKey, found: func(s *subject) bool { return s.condition.negated && s.privateAddresses() == len(s.siblings) },
		message: "aws:SourceIp is a public address, and these are private: the condition always holds.", fix: "Write public addresses, or use aws:VpcSourceIp."},
	{code: "PRIVATE_IP_ADDRESS_SUBSET", severity: Suggestion, of: aKey, found: func(s *subject) bool {
		n := s.privateAddresses()
		return !s.condition.negated && 0 < n && n < len(s.siblings)
	}, message: "aws:SourceIp is a public address, and some of these are private.", fix: "Remove those, or use aws:VpcSourceIp for them."},
	{code: "PRIVATE_NOT_IP_ADDRESS_SUBSET", severity: Suggestion, of: aKey, found: func(s *subject) bool {
		n := s.privateAddresses()
		return s.condition.negated && 0 < n && n < len(s.siblings)
	}, message: "aws:SourceIp is a public address, and some of these are private.", fix: "Remove those, or use aws:VpcSourceIp for them."},
	{code: "RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", severity: Warning, kinds: []Kind{ResourceControl}, of: aKey, found: func(s *subject) bool {
		s.toName()
		return strings.HasPrefix(s.condition.key, "aws:principal") && s.condition.negated && s.denies() && !s.statement.mentioned["aws:principalisawsservice"]
	}, message: `Services that act for you have no "{it}", and are denied as well.`, fix: `Add "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}.`},
	{code: "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", severity: Warning, kinds: []Kind{ResourceControl}, of: aKey, found: func(s *subject) bool {
		s.toName()
		return slices.Contains(sourceKeys, s.condition.key) && s.condition.key != "aws:sourcearn" && s.condition.negated && s.denies() && !s.statement.mentioned["aws:principalisawsservice"]
	}, message: `Your own principals have no "{it}", and are denied as well.`, fix: `Add "BoolIfExists": {"aws:PrincipalIsAWSService": "true"}.`},

	// Values of conditions.
	{code: "TYPE_MISMATCH_BOOLEAN", severity: Warning, of: aValue, found: aWrongValue("Bool", "Null"),
		message: `"{it}" is neither true nor false.`, fix: "Write true or false."},
	{code: "TYPE_MISMATCH_NUMBER", severity: Warning, of: aValue, found: aWrongValue("Numeric"),
		message: `"{it}" is no number.`, fix: "Write a number."},
	{code: "TYPE_MISMATCH_DATE", severity: Warning, of: aValue, found: aWrongValue("Date"),
		message: `"{it}" is no date.`, fix: "Write one such as 2026-01-31 or 2026-01-31T12:00:00Z."},
	{code: "TYPE_MISMATCH_IP_RANGE", severity: Error, of: aValue, found: aWrongValue("IpAddress"),
		message: `"{it}" is no range of IP addresses.`, fix: "Write one such as 203.0.113.0/24 or 2001:db8::/32."},
	{code: "TYPE_MISMATCH_STRING", severity: Warning, of: aValue, found: func(s *subject) bool {
		_, err := base64.StdEncoding.DecodeString(s.it)
		return s.operatorIs("BinaryEquals") && err != nil && !strings.Contains(s.it, "${")
	}, message: `"{it}" is no base64.`, fix: "Write the bytes in base64."},
	{code: "INVALID_DATE_VALUE", severity: Warning, of: aValue, found: func(s *subject) bool {
		return s.condition.known && s.condition.family == dateFamily && len(s.it) > 4 && strings.Trim(s.it, "0123456789.") == ""
	}, message: `"{it}" is a number of seconds since 1970, hard to read and easily mistaken.`, fix: "Write a date such as 2026-01-31T12:00:00Z."},
	{code: "IMPROVE_IP_RANGE", severity: Suggestion, of: aValue, found: func(s *subject) bool {
		p, err := netip.ParsePrefix(s.it)
		s.other = p.Masked().String()
		return err == nil && s.condition.known && s.condition.family == ipFamily && p.Masked() != p
	}, message: `Bits of "{it}" behind the mask are ignored.`, fix: "Write {other}."},
	{code: "WILDCARD_WITHOUT_LIKE_OPERATOR", severity: Warning, of: aValue, found: func(s *subject) bool {
		plain := strings.NewReplacer("${*}", "", "${?}", "").Replace(s.it)
		return s.condition.known && (s.condition.family == stringFamily || s.condition.family == foldedFamily) && !s.operatorIs("BinaryEquals") && strings.ContainsAny(plain, "*?")
	}, message: `"{it}" has a * or ?, which this operator takes for itself.`, fix: "Use StringLike or StringNotLike if it is meant as a wildcard."},
	{code: "WILDCARD_USAGE_TOO_PERMISSIVE", severity: Error, of: aValue, found: func(s *subject) bool {
		global := globalKeyOf(s.condition.key)
		return global != nil && global.sensitive && s.condition.known && s.condition.family == likeFamily && strings.ContainsAny(s.it, "*?")
	}, message: `"{it}" matches ids of strangers; there is no sense in part of an id.`, fix: "Write the whole id."},
	{code: "INVALID_ACCOUNT_ID", severity: Warning, ours: true, of: aValue, found: func(s *subject) bool {
		return slices.Contains([]string{"aws:sourceaccount", "aws:resourceaccount", "aws:principalaccount", "aws:vpceaccount", "kms:calleraccount"}, s.condition.key) &&
			s.condition.known && s.condition.family != nullFamily && !isOpen(s.it) && !isAccount(s.it) && s.it != "anonymous"
	}, message: `"{it}" is no account: an account has twelve digits.`, fix: "Write the twelve digits, as a string."},
	{code: "INVALID_VPC_FORMAT", severity: Error, of: aValue, found: func(s *subject) bool { return s.condition.key == "aws:sourcevpc" && s.isNotNetwork("vpc-") },
		message: `"{it}" is no VPC.`, fix: "Write vpc- and 8 or 17 hexadecimal digits."},
	{code: "INVALID_VPCE_FORMAT", severity: Error, of: aValue, found: func(s *subject) bool { return s.condition.key == "aws:sourcevpce" && s.isNotNetwork("vpce-") },
		message: `"{it}" is no VPC endpoint.`, fix: "Write vpce- and 8 or 17 hexadecimal digits."},
	{code: "INVALID_REGION", severity: Error, of: aValue, found: func(s *subject) bool {
		return s.condition.key == "aws:requestedregion" && s.condition.known && s.condition.family != nullFamily && !isOpen(s.it) && !isRegion(s.it)
	}, message: `"{it}" is no Region.`, fix: "Write one such as eu-central-1."},

	// Policy variables.
	{code: "VARIABLE_UNSUPPORTED_IN_VERSION", severity: Error, of: aText, found: func(s *subject) bool {
		if s.document.Variables() || !strings.Contains(s.it, "${") {
			return false
		}
		v := variablesOf(s.it)
		if len(v) == 0 {
			return false
		}
		s.within(v[0].from, v[0].length)
		return true
	}, message: "${...} is plain text in this version of the language.", fix: `Write "Version": "2012-10-17".`},
	{code: "VARIABLE_UNSUPPORTED_IN_ELEMENT", severity: Error, of: aText, found: aVariable(func(s *subject, v variable) bool {
		return s.condition == nil && !s.isElement("Resource", "NotResource")
	}),
		message: "There are variables in Resource and Condition alone.", fix: "Write what is meant."},
	{code: "INVALID_VARIABLE_FOR_OPERATOR", severity: Error, of: aText, found: aVariable(func(s *subject, v variable) bool {
		name := ""
		if s.condition != nil && s.condition.known {
			name = familyNames[s.condition.family]
		}
		return name != "" && name != "String" && name != "Arn" || s.condition != nil && s.operatorIs("BinaryEquals")
	}), message: "There are variables with String and Arn operators alone.", fix: "Write a value."},
	{code: "MISSING_BRACE_IN_VARIABLE", severity: Error, of: aText, found: aVariable(func(s *subject, v variable) bool { return !v.closed }),
		message: "The variable does not end.", fix: "Add } behind it."},
	{code: "EMPTY_VARIABLE", severity: Error, of: aText, found: aVariable(func(s *subject, v variable) bool { return v.closed && strings.TrimSpace(v.name) == "" }),
		message: "The variable names no key.", fix: "Write a key between the braces, or ${$} for the character."},
	{code: "UNSUPPORTED_SPACE_IN_VARIABLE", severity: Error, of: aText, found: aVariable(func(s *subject, v variable) bool {
		return strings.TrimSpace(v.name) != "" && strings.ContainsAny(v.name, " \t\n") && !strings.Contains(v.name, "Tag/")
	}), message: `The variable "{other}" has a space in it.`, fix: "Remove the space."},
	{code: "MISSING_QUOTE_IN_VARIABLE", severity: Error, of: aText, found: aVariable(func(s *subject, v variable) bool {
		d := strings.TrimSpace(v.fallback)
		return v.hasFallback && (len(d) < 2 || d[0] != '\'' || d[len(d)-1] != '\'')
	}), message: `The default of "{other}" does not stand in single quotes.`, fix: "Write ${key, 'default'}."},
	{code: "INVALID_GLOBAL_CONDITION_KEY", severity: Error, of: aText, found: aVariable(func(s *subject, v variable) bool {
		var suggestion string
		return isUnknownGlobal(strings.TrimSpace(v.name), &suggestion)
	}), message: `There is no global condition key "{other}", so that the text matches nothing.`, fix: "Write one of the list in the IAM User Guide."},
	{code: "INVALID_CONDITION_KEY_FORMAT", severity: Error, of: aText, found: aVariable(func(s *subject, v variable) bool {
		name := strings.TrimSpace(v.name)
		return v.closed && name != "" && !strings.Contains(name, ":")
	}), message: `"{other}" is no condition key, so that the text matches nothing.`, fix: "Write a key such as aws:username."},
	{code: "MULTIVALUED_KEY_IN_VARIABLE", severity: Warning, ours: true, of: aText, found: aVariable(func(s *subject, v variable) bool {
		global := globalKeyOf(lower(strings.TrimSpace(v.name)))
		return global != nil && global.many
	}), message: `"{other}" can have several values, and then the text matches nothing.`, fix: "Use a key with one value."},
}
