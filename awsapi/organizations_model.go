package awsapi

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/wire"
)

// The exceptions of the model that gather reasons.
const (
	constraintViolationException = "ConstraintViolationException"
	invalidInputException        = "InvalidInputException"
	handshakeConstraintException = "HandshakeConstraintViolationException"
)

// Reasons of inputs that do not get as far as the organization.
const (
	reasonInvalidParty fault.Reason = "INVALID_PARTY_TYPE_TARGET"
	reasonNotSupported fault.Reason = "TARGET_NOT_SUPPORTED"
	reasonEnum         fault.Reason = "INVALID_ENUM"
	reasonFilters      fault.Reason = "MAX_FILTER_LIMIT_EXCEEDED"
)

// ownException are the reasons that have an exception of the model to themselves, of
// the same name.
var ownException = []fault.Reason{
	org.ReasonNotInUse, org.ReasonAlreadyMember, org.ReasonNotEmpty, org.ReasonMustStay,
	org.ReasonNoParent, org.ReasonNoSource, org.ReasonNoDestination, org.ReasonNoChild, org.ReasonNoUnit, org.ReasonDuplicateUnit, org.ReasonUnitNotEmpty,
	org.ReasonNoAccount, org.ReasonDuplicateAccount, org.ReasonNoRoot, org.ReasonNoTarget, org.ReasonNoRequest,
	org.ReasonNoPolicy, org.ReasonDuplicatePolicy, org.ReasonPolicyInUse, org.ReasonMalformed, org.ReasonAttached, org.ReasonNotAttached,
	org.ReasonTypeUnavailable, org.ReasonTypeEnabled, org.ReasonTypeNotEnabled, org.ReasonNoEffective, org.ReasonNoResourcePolicy,
	org.ReasonNoHandshake, org.ReasonHandshakeState, org.ReasonHandshakeMove, org.ReasonDuplicateHandshake,
	org.ReasonRegistered, org.ReasonNotRegistered,
}

// gathered are the reasons that the other exceptions carry as their member Reason.
var gathered = map[string][]fault.Reason{
	constraintViolationException: {
		org.ReasonTooManyAccounts, org.ReasonTooManyUnits, org.ReasonTooDeep, org.ReasonTooManyPolicies, org.ReasonPolicyTooLong,
		org.ReasonTooManyAttached, org.ReasonTooFewAttached, org.ReasonNotAllFeatures, org.ReasonManagementDelegate, org.ReasonSuspendedDelegate,
		org.ReasonDelegateStays, org.ReasonServiceNotEnabled, org.ReasonManagementStaysOpen, org.ReasonTooManyClosed, account.ReasonTooManyTags,
	},
	handshakeConstraintException: {
		org.ReasonInviteTooMany, org.ReasonInviteTooOften, org.ReasonInviteMember, org.ReasonInviteDisabled,
		org.ReasonHasAllFeatures, org.ReasonMigrationUnderWay,
	},
	invalidInputException: {
		org.ReasonInvalidRole, org.ReasonInvalidEmail, reasonInvalidParty, org.ReasonImmutable,
		org.ReasonNotDetachable, reasonNotSupported, org.ReasonUnknownService, reasonFilters, reasonEnum, account.ReasonDuplicate, reasonPageToken,
	},
}

var organizationsErrors = func() errorTable {
	table := errorTable{
		reasons: map[fault.Reason]code{account.ReasonClosed: {http.StatusBadRequest, "AccountAlreadyClosedException"}},
		kinds: map[fault.Kind]code{
			fault.Invalid:     {http.StatusBadRequest, invalidInputException},
			fault.NotFound:    {http.StatusBadRequest, "TargetNotFoundException"},
			fault.Conflict:    {http.StatusBadRequest, "ConcurrentModificationException"},
			fault.Quota:       {http.StatusBadRequest, constraintViolationException},
			fault.Unsupported: {http.StatusBadRequest, "UnsupportedAPIEndpointException"},
			fault.Throttled:   {http.StatusBadRequest, "TooManyRequestsException"},
			fault.Internal:    {http.StatusInternalServerError, "ServiceException"},
		},
	}
	for _, reason := range ownException {
		table.reasons[reason] = code{http.StatusBadRequest, string(reason) + "Exception"}
	}
	members := map[fault.Reason]map[string]string{}
	for exception, reasons := range gathered {
		for _, reason := range reasons {
			table.reasons[reason] = code{http.StatusBadRequest, exception}
			members[reason] = map[string]string{"Reason": strings.TrimPrefix(string(reason), "HANDSHAKE:")}
		}
	}
	members[reasonPageToken] = map[string]string{"Reason": "INVALID_PAGINATION_TOKEN"}
	table.members = func(f *fault.Error) map[string]string { return members[f.Reason] }
	return jsonErrors.with(table)
}()

// organizationsConstraints is what the service model (2016-11-28) demands of inputs.
// Where its patterns are alternatives without brackets, and so match texts that
// merely begin or end well, the whole text has to match one.
var organizationsConstraints = func() wire.Constraints {
	required := func(most int, pattern string) wire.Constraint {
		c := wire.Constraint{Required: true, Max: most}
		if pattern != "" {
			c.Pattern = regexp.MustCompile(`\A(?:` + pattern + `)\z`)
		}
		return c
	}
	optional := func(c wire.Constraint) wire.Constraint { c.Required = false; return c }
	const (
		digits   = `\d{12}`
		rootID   = `r-[0-9a-z]{4,32}`
		unitID   = `ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`
		policyID = `p-[0-9a-zA-Z_]{8,128}`
		resource = `rp-[0-9a-zA-Z_]{4,128}|rt-[0-9a-zA-Z_]{8,32}`
	)
	accountID, parent := required(12, digits), required(100, rootID+`|`+unitID)
	target := required(100, rootID+`|`+digits+`|`+unitID)
	named := wire.Constraint{Required: true, Min: 1, Max: 128}
	service := required(128, `[\w+=,.@-]+`)
	choice, none := wire.Constraint{Required: true}, wire.Constraint{}
	transfer := required(0, `rt-[0-9a-z]{8,32}`)
	return wire.Constraints{
		"AccountId": accountID, "ParentId": parent, "SourceParentId": parent, "DestinationParentId": parent,
		"OrganizationalUnitId": required(68, unitID), "RootId": required(34, rootID), "ChildId": required(100, digits+`|`+unitID),
		"TargetId": target, "DescribeEffectivePolicy.TargetId": optional(target),
		"PolicyId": required(130, policyID), "ResourceId": required(131, rootID+`|`+digits+`|`+unitID+`|`+policyID+`|`+resource),
		"HandshakeId": required(34, `h-[0-9a-z]{8,32}`), "CreateAccountRequestId": required(36, `car-[a-z0-9]{8,32}`),

		"AccountName": {Required: true, Min: 1, Max: 50, Pattern: regexp.MustCompile(`\A[\x20-\x7E]+\z`)},
		"Email":       {Required: true, Min: 6, Max: 64, Pattern: regexp.MustCompile(`\A[^\s@]+@[^\s@]+\.[^\s@]+\z`)},
		"RoleName":    optional(required(64, `[\w+=,.@-]{1,64}`)), "IamUserAccessToBilling": none, "FeatureSet": none, "States": {Max: 3},

		"Name": named, "UpdateOrganizationalUnit.Name": optional(named), "UpdatePolicy.Name": optional(named),
		"Description": required(512, ""), "UpdatePolicy.Description": optional(required(512, "")),
		"Content": {Required: true, Min: 1}, "UpdatePolicy.Content": {Min: 1}, "PutResourcePolicy.Content": {Required: true, Min: 1, Max: 40_000},
		"Type": choice, "PolicyType": choice, "ChildType": choice, "ListPolicies.Filter": choice, "ListPoliciesForTarget.Filter": choice, "Filter": none,
		"ServicePrincipal": service, "ListDelegatedAdministrators.ServicePrincipal": optional(service),

		"Target": choice, "Notes": {Max: 1024}, "Tags": none, "TagResource.Tags": choice, "TagKeys": choice,
		"MaxResults": {Min: 1, Max: organizationsPage}, "NextToken": {Max: 100_000},

		"Id": transfer, "ListInboundResponsibilityTransfers.Id": optional(transfer), "SourceName": named, "StartTimestamp": choice, "EndTimestamp": none,
	}
}()
