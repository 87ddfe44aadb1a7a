package org

import "github.com/sallyport/sallyport/fault"

// The reasons of refusals, where AWS has an exception of its own.
const (
	ReasonNotInUse         fault.Reason = "AWSOrganizationsNotInUse"
	ReasonAlreadyMember    fault.Reason = "AlreadyInOrganization"
	ReasonNotEmpty         fault.Reason = "OrganizationNotEmpty"
	ReasonMustStay         fault.Reason = "MasterCannotLeaveOrganization"
	ReasonNoParent         fault.Reason = "ParentNotFound"
	ReasonNoSource         fault.Reason = "SourceParentNotFound"
	ReasonNoDestination    fault.Reason = "DestinationParentNotFound"
	ReasonNoChild          fault.Reason = "ChildNotFound"
	ReasonNoUnit           fault.Reason = "OrganizationalUnitNotFound"
	ReasonDuplicateUnit    fault.Reason = "DuplicateOrganizationalUnit"
	ReasonUnitNotEmpty     fault.Reason = "OrganizationalUnitNotEmpty"
	ReasonNoAccount        fault.Reason = "AccountNotFound"
	ReasonDuplicateAccount fault.Reason = "DuplicateAccount"
	ReasonNoRoot           fault.Reason = "RootNotFound"
	ReasonNoTarget         fault.Reason = "TargetNotFound"
	ReasonNoRequest        fault.Reason = "CreateAccountStatusNotFound"

	ReasonNoPolicy         fault.Reason = "PolicyNotFound"
	ReasonDuplicatePolicy  fault.Reason = "DuplicatePolicy"
	ReasonPolicyInUse      fault.Reason = "PolicyInUse"
	ReasonMalformed        fault.Reason = "MalformedPolicyDocument"
	ReasonAttached         fault.Reason = "DuplicatePolicyAttachment"
	ReasonNotAttached      fault.Reason = "PolicyNotAttached"
	ReasonTypeUnavailable  fault.Reason = "PolicyTypeNotAvailableForOrganization"
	ReasonTypeEnabled      fault.Reason = "PolicyTypeAlreadyEnabled"
	ReasonTypeNotEnabled   fault.Reason = "PolicyTypeNotEnabled"
	ReasonNoEffective      fault.Reason = "EffectivePolicyNotFound"
	ReasonNoResourcePolicy fault.Reason = "ResourcePolicyNotFound"

	ReasonNoHandshake        fault.Reason = "HandshakeNotFound"
	ReasonHandshakeState     fault.Reason = "HandshakeAlreadyInState"
	ReasonHandshakeMove      fault.Reason = "InvalidHandshakeTransition"
	ReasonDuplicateHandshake fault.Reason = "DuplicateHandshake"

	ReasonRegistered    fault.Reason = "AccountAlreadyRegistered"
	ReasonNotRegistered fault.Reason = "AccountNotRegistered"
)

// Reasons within AWS's ConstraintViolationException.
const (
	ReasonTooManyAccounts     fault.Reason = "ACCOUNT_NUMBER_LIMIT_EXCEEDED"
	ReasonTooManyUnits        fault.Reason = "OU_NUMBER_LIMIT_EXCEEDED"
	ReasonTooDeep             fault.Reason = "OU_DEPTH_LIMIT_EXCEEDED"
	ReasonTooManyPolicies     fault.Reason = "POLICY_NUMBER_LIMIT_EXCEEDED"
	ReasonPolicyTooLong       fault.Reason = "POLICY_CONTENT_LIMIT_EXCEEDED"
	ReasonTooManyAttached     fault.Reason = "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
	ReasonTooFewAttached      fault.Reason = "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
	ReasonNotAllFeatures      fault.Reason = "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"
	ReasonManagementDelegate  fault.Reason = "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
	ReasonSuspendedDelegate   fault.Reason = "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR"
	ReasonDelegateStays       fault.Reason = "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
	ReasonServiceNotEnabled   fault.Reason = "SERVICE_ACCESS_NOT_ENABLED"
	ReasonManagementStaysOpen fault.Reason = "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
	ReasonTooManyClosed       fault.Reason = "CLOSE_ACCOUNT_QUOTA_EXCEEDED"
)

// Reasons within AWS's HandshakeConstraintViolationException. Some have the same
// names as others above; the part before the colon tells them apart.
const (
	ReasonInviteTooMany     fault.Reason = "HANDSHAKE:ACCOUNT_NUMBER_LIMIT_EXCEEDED"
	ReasonInviteTooOften    fault.Reason = "HANDSHAKE:HANDSHAKE_RATE_LIMIT_EXCEEDED"
	ReasonInviteMember      fault.Reason = "HANDSHAKE:ALREADY_IN_AN_ORGANIZATION"
	ReasonInviteDisabled    fault.Reason = "HANDSHAKE:INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES"
	ReasonHasAllFeatures    fault.Reason = "HANDSHAKE:ORGANIZATION_ALREADY_HAS_ALL_FEATURES"
	ReasonMigrationUnderWay fault.Reason = "HANDSHAKE:ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION"
)

// Reasons within AWS's InvalidInputException.
const (
	ReasonInvalidRole    fault.Reason = "INVALID_ROLE_NAME"
	ReasonInvalidEmail   fault.Reason = "INVALID_EMAIL_ADDRESS_TARGET"
	ReasonImmutable      fault.Reason = "IMMUTABLE_POLICY"
	ReasonNotDetachable  fault.Reason = "NON_DETACHABLE_POLICY"
	ReasonUnknownService fault.Reason = "UNRECOGNIZED_SERVICE_PRINCIPAL"
)
