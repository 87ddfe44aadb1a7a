package awsapi

import (
	"strings"

	"github.com/sallyport/sallyport/wire"
)

// iamConstraints is what the service model (2010-05-08) demands of inputs.
var iamConstraints = func() wire.Constraints {
	const (
		letters  = `[\w+=,.@-]+`
		document = `[\t\n\r\x{20}-\x{ff}]+`
	)
	name := func(most int) wire.Constraint {
		return wire.Constraint{Required: true, Min: 1, Max: most, Pattern: whole(letters)}
	}
	optional := func(c wire.Constraint) wire.Constraint { c.Required = false; return c }
	list := wire.Constraint{Required: true}
	arn := wire.Constraint{Required: true, Min: 20, Max: 2048, Pattern: whole(`arn:[\x21-\x7e]+`)}
	path := wire.Constraint{Min: 1, Max: 512, Pattern: whole(`/([\x21-\x7f]+/)?`)}
	text := wire.Constraint{Required: true, Min: 1, Max: longestInput, Pattern: whole(document)}
	constraints := wire.Constraints{
		"RoleName": name(64), "UserName": name(128), "CreateUser.UserName": name(64), "GroupName": name(128), "PolicyName": name(128),
		"NewUserName": optional(name(64)), "NewGroupName": optional(name(128)),
		"Path": path, "NewPath": path, "PathPrefix": {Min: 1, Max: 512, Pattern: whole(`/[\x21-\x7f]*`)},
		"Marker": {Min: 1, Max: 2048, Pattern: whole(`[\x20-\xff]+`)}, "MaxItems": {Min: 1, Max: 1000},
		"PolicyDocument": text, "AssumeRolePolicyDocument": text, "Description": {Max: 1000, Pattern: whole(`[\t\n\r\x{20}-\x{7e}\x{a1}-\x{ff}]*`)},
		"UpdateRoleDescription.Description": {Required: true, Max: 1000, Pattern: whole(`[\t\n\r\x{20}-\x{7e}\x{a1}-\x{ff}]*`)},
		"MaxSessionDuration":                {Min: 3600, Max: 43200},
		"PolicyArn":                         arn, "PermissionsBoundary": arn, "CreateRole.PermissionsBoundary": optional(arn), "CreateUser.PermissionsBoundary": optional(arn),
		"OpenIDConnectProviderArn": arn, "SAMLProviderArn": arn, "Arn": arn, "PolicySourceArn": arn, "EntityArn": arn,
		"VersionId": {Required: true, Pattern: whole(`v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`)}, "SetAsDefault": {},
		"Tags": {Max: 50}, "TagKeys": {Required: true, Max: 50},
		"AccessKeyId": {Required: true, Min: 16, Max: 128, Pattern: whole(`\w+`)}, "Status": {Required: true},
		"AWSServiceName": name(128), "CustomSuffix": optional(name(64)), "DeletionTaskId": {Required: true, Min: 1, Max: 1000, Pattern: whole(`task/aws-service-role/[^/]+/[^/]+/[^/]+`)},
		"AccountAlias": {Required: true, Min: 3, Max: 63, Pattern: whole(`[a-z0-9]([a-z0-9]|-[a-z0-9])*`)},

		"Url": {Required: true, Min: 1, Max: 255}, "ClientIDList": {}, "ClientID": {Required: true, Min: 1, Max: 255},
		"ThumbprintList": {}, "UpdateOpenIDConnectProviderThumbprint.ThumbprintList": list,
		"CreateSAMLProvider.Name": {Required: true, Min: 1, Max: 128, Pattern: whole(`[\w._-]+`)},
		"SAMLMetadataDocument":    {Min: 1000, Max: 10000000}, "CreateSAMLProvider.SAMLMetadataDocument": {Required: true, Min: 1000, Max: 10000000},
		"AssertionEncryptionMode": {}, "AddPrivateKey": {Min: 1, Max: 16384}, "RemovePrivateKey": {Min: 22, Max: 64, Pattern: whole(`[A-Z0-9]+`)},

		"Scope": {}, "OnlyAttached": {}, "PolicyUsageFilter": {}, "EntityFilter": {}, "Filter": {},
		"ServiceNamespaces": {Required: true, Min: 1, Max: 200},
		"PolicyInputList":   {}, "SimulateCustomPolicy.PolicyInputList": list, "GetContextKeysForCustomPolicy.PolicyInputList": list,
		"ActionNames": list, "ResourceArns": {}, "ContextEntries": {}, "CallerArn": {Min: 1, Max: 2048}, "ResourceOwner": {Min: 1, Max: 2048},
		"ResourceHandlingOption": {Min: 1, Max: 64}, "ResourcePolicy": optional(text), "PermissionsBoundaryPolicyInputList": {}, "OrderedOrganizationPolicyInputList": {}, "PolicyExclusionList": {},
	}
	for _, operation := range strings.Fields(`GetUser CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey CreateLoginProfile GetLoginProfile DeleteLoginProfile
		DeactivateMFADevice GetMFADevice ListMFADevices ListSSHPublicKeys ListSigningCertificates UploadSigningCertificate UpdateSigningCertificate DeleteSigningCertificate
		ListServiceSpecificCredentials UpdateServiceSpecificCredential ResetServiceSpecificCredential DeleteServiceSpecificCredential`) {
		constraints[operation+".UserName"] = optional(name(128))
	}
	// Of what is refused anyway, only what it is about has to be right.
	for _, member := range strings.Fields(`InstanceProfileName ServerCertificateName`) {
		constraints[member] = name(128)
	}
	constraints["VirtualMFADeviceName"] = name(226)
	constraints["SerialNumber"] = wire.Constraint{Required: true, Min: 9, Max: 256, Pattern: whole(`[\w+=/:,.@-]+`)}
	for _, member := range strings.Fields(`AllUsers AllowUsersToChangePassword AssignmentStatus AuthenticationCode1 AuthenticationCode2 CertificateBody CertificateChain CertificateId
		CredentialAgeDays DelegationPermissionCheck DelegationRequestId Encoding EntityPath GlobalEndpointTokenVersion Granularity HardExpiry JobId Locale MaxPasswordAge MinimumPasswordLength
		MinorVersion NewPassword NewServerCertificateName Notes NotificationChannel OldPassword OnlySendByOwner OrganizationsPolicyId OwnerAccountId OwnerId Password PasswordResetRequired
		PasswordReusePrevention Permissions PrivateKey Properties RedirectUrl ReplacementValues RequestMessage RequestorWorkflowId RequireLowercaseCharacters RequireNumbers RequireSymbols
		RequireUppercaseCharacters SSHPublicKeyBody SSHPublicKeyId ServiceName ServiceNamespace ServiceSpecificCredentialId SessionDuration SortKey TemplateArn TemplateMinorVersion`) {
		constraints[member] = wire.Constraint{}
	}
	return constraints
}()
