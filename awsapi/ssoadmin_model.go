package awsapi

import (
	"net/http"
	"regexp"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/wire"
)

// ssoAdminErrors: the reasons that the model knows all speak of keys of AWS KMS, which
// there are none of here.
var ssoAdminErrors = jsonErrors.with(errorTable{
	kinds: map[fault.Kind]code{
		fault.NotFound:    {http.StatusBadRequest, "ResourceNotFoundException"},
		fault.Conflict:    {http.StatusBadRequest, "ConflictException"},
		fault.Quota:       {http.StatusBadRequest, "ServiceQuotaExceededException"},
		fault.Unsupported: {http.StatusBadRequest, "ValidationException"},
		fault.Internal:    {http.StatusInternalServerError, "InternalServerException"},
	},
})

// ssoAdminConstraints is what the service model (2020-07-20) demands of inputs.
var ssoAdminConstraints = func() wire.Constraints {
	required := func(least, most int, pattern string) wire.Constraint {
		c := wire.Constraint{Required: true, Min: least, Max: most}
		if pattern != "" {
			c.Pattern = regexp.MustCompile(`\A(?:` + pattern + `)\z`)
		}
		return c
	}
	optional := func(c wire.Constraint) wire.Constraint { c.Required = false; return c }
	const (
		partition   = `arn:aws(?:-[a-z]{1,5}){0,3}:`
		instanceID  = `(?:sso)?ins-[a-zA-Z0-9-.]{16}`
		applied     = partition + `sso::\d{12}:application/` + instanceID + `/apl-[a-zA-Z0-9]{16}`
		issued      = partition + `sso::\d{12}:trustedTokenIssuer/` + instanceID + `/tti-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
		tagged      = partition + `sso::(?:\d{12})?:[a-zA-Z]+/[a-zA-Z0-9-./]+`
		uuidPattern = `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`
		plain       = `[\x{9}\x{A}\x{D}\x{20}-\x{7E}\x{A1}-\x{FF}]*`
		named       = `[\w+=,.@-]+`
	)
	instance := required(10, 1224, partition+`sso:::instance/`+instanceID)
	digits := required(12, 12, `\d{12}`)
	choice, none := wire.Constraint{Required: true}, wire.Constraint{}
	request := required(36, 36, uuidPattern)
	description := optional(required(1, 700, plain))
	appDescription := wire.Constraint{Max: 128}
	return wire.Constraints{
		"InstanceArn":             instance,
		"TagResource.InstanceArn": optional(instance), "UntagResource.InstanceArn": optional(instance), "ListTagsForResource.InstanceArn": optional(instance),
		"PermissionSetArn":       required(10, 1224, partition+`sso:::permissionSet/`+instanceID+`/ps-[a-zA-Z0-9-./]{16}`),
		"ApplicationArn":         required(10, 1224, applied),
		"ApplicationProviderArn": required(10, 1224, partition+`sso::aws:applicationProvider/[a-zA-Z0-9-/]+`),
		"TrustedTokenIssuerArn":  required(10, 1224, issued), "ResourceArn": required(10, 2048, tagged),

		"PrincipalId": required(1, 47, `(?:[0-9a-f]{10}-|)`+uuidPattern), "PrincipalType": choice,
		"TargetId": digits, "ProvisionPermissionSet.TargetId": optional(digits), "TargetType": choice, "AccountId": digits,
		"AccountAssignmentCreationRequestId": request, "AccountAssignmentDeletionRequestId": request, "ProvisionPermissionSetRequestId": request,

		"CreatePermissionSet.Name": required(1, 32, named), "CreateInstance.Name": optional(required(0, 255, `[\w+=,.@-]*`)), "UpdateInstance.Name": optional(required(0, 255, `[\w+=,.@-]*`)),
		"CreateApplication.Name": required(1, 100, `[\S\s]*`), "UpdateApplication.Name": optional(required(1, 100, `[\S\s]*`)),
		"CreateTrustedTokenIssuer.Name": required(1, 255, named), "UpdateTrustedTokenIssuer.Name": optional(required(1, 255, named)),
		"CreatePermissionSet.Description": description, "UpdatePermissionSet.Description": description,
		"CreateApplication.Description": appDescription, "UpdateApplication.Description": appDescription,
		"RelayState":      optional(required(1, 240, `[a-zA-Z0-9&$@#/%?=~\-_'"|!:,.;*+\[\] (){}]+`)),
		"SessionDuration": {Min: 1, Max: 100},
		"Tags":            {Max: 75}, "TagResource.Tags": {Required: true, Max: 75}, "TagKeys": {Required: true, Min: 1, Max: 75},
		"RegionName": required(1, 32, `(?:[a-z]+-){2,3}\d`), "RegionScope": none,

		"ManagedPolicyArn":               required(20, 2048, partition+`iam::aws:policy(?:/[A-Za-z0-9.,+@=_-]+)+`),
		"CustomerManagedPolicyReference": choice, "PermissionsBoundary": choice,
		"InlinePolicy": required(1, 32_768, `[\x{9}\x{A}\x{D}\x{20}-\x{FF}]+`),

		"MaxResults": {Min: 1, Max: ssoPage}, "NextToken": {Max: 2048}, "Filter": none, "ProvisioningStatus": none,

		"ClientToken": optional(required(1, 64, `[!-~]+`)), "PortalOptions": none, "Status": none,
		"Scope": required(1, 80, `[A-Za-z0-9_-]+(?::[A-Za-z0-9_-]+){0,2}`), "AuthorizedTargets": {Min: 1, Max: 10},
		"AssignmentRequired": choice, "AuthenticationMethod": choice, "AuthenticationMethodType": choice, "Grant": choice, "GrantType": choice,
		"UserBackgroundSessionApplicationStatus": choice,
		"TrustedTokenIssuerType":                 choice, "TrustedTokenIssuerConfiguration": choice, "UpdateTrustedTokenIssuer.TrustedTokenIssuerConfiguration": none,
		"InstanceAccessControlAttributeConfiguration": choice, "EncryptionConfiguration": none, "PermissionSetsEnabled": none,
	}
}()
