package awsapi

import (
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

// iamRefused are the operations on what Sallyport does not have. They are
// understood, authorized and recorded like all others. Where there could only be
// none of a thing, asking for it is answered with that, as tools that clean up behind
// themselves expect.
func iamRefused() []*operation.Operation {
	const (
		profiles           = "instance profiles are not offered by Sallyport: no machines run here"
		passwords          = "IAM users have no passwords here: people sign in with their own accounts, through Sallyport or IAM Identity Center"
		devices            = "multi-factor authentication is not offered for principals of accounts"
		certificates       = "certificates are not offered by Sallyport: requests are signed with access keys"
		serviceCredentials = "SSH keys and credentials for single services are not offered for IAM users: Sallyport's repositories take personal access tokens"
		reports            = "reports are not offered by this version of Sallyport: GetAccountAuthorizationDetails and CloudTrail's LookupEvents have what goes into them"
		rootAccess         = "central management of root access is not offered by Sallyport"
		delegation         = "delegation requests are not offered by Sallyport"
		templates          = "role templates are not offered by Sallyport"
		outbound           = "tokens for outside services are not offered by this version of Sallyport"
		settings           = "settings of accounts are not offered by Sallyport"
	)
	return []*operation.Operation{
		none[iam.ListInstanceProfilesInput, iam.ListInstanceProfilesOutput]("*"),
		none[iam.ListMFADevicesInput, iam.ListMFADevicesOutput]("user/{UserName}"),
		none[iam.ListVirtualMFADevicesInput, iam.ListVirtualMFADevicesOutput]("*"),
		none[iam.ListServerCertificatesInput, iam.ListServerCertificatesOutput]("*"),
		none[iam.ListSigningCertificatesInput, iam.ListSigningCertificatesOutput]("user/{UserName}"),
		none[iam.ListSSHPublicKeysInput, iam.ListSSHPublicKeysOutput]("user/{UserName}"),
		none[iam.ListServiceSpecificCredentialsInput, iam.ListServiceSpecificCredentialsOutput]("user/{UserName}"),
		noSuch[iam.GetInstanceProfileInput, iam.GetInstanceProfileOutput]("The instance profile cannot be found: instance profiles are not offered by Sallyport.", "instance-profile/{InstanceProfileName}"),
		noSuch[iam.GetLoginProfileInput, iam.GetLoginProfileOutput]("The login profile cannot be found: IAM users have no passwords here.", "user/{UserName}"),
		noSuch[iam.DeleteLoginProfileInput, iam.DeleteLoginProfileOutput]("The login profile cannot be found: IAM users have no passwords here.", "user/{UserName}"),
		noSuch[iam.GetAccountPasswordPolicyInput, iam.GetAccountPasswordPolicyOutput]("The password policy cannot be found: IAM users have no passwords here.", "*"),
		noSuch[iam.DeleteAccountPasswordPolicyInput, iam.DeleteAccountPasswordPolicyOutput]("The password policy cannot be found: IAM users have no passwords here.", "*"),

		refused[iam.CreateInstanceProfileInput, iam.CreateInstanceProfileOutput](profiles, "instance-profile{Path=/}{InstanceProfileName}"),
		refused[iam.AddRoleToInstanceProfileInput, iam.AddRoleToInstanceProfileOutput](profiles, "instance-profile/{InstanceProfileName}"),
		refused[iam.RemoveRoleFromInstanceProfileInput, iam.RemoveRoleFromInstanceProfileOutput](profiles, "instance-profile/{InstanceProfileName}"),
		refused[iam.DeleteInstanceProfileInput, iam.DeleteInstanceProfileOutput](profiles, "instance-profile/{InstanceProfileName}"),
		refused[iam.TagInstanceProfileInput, iam.TagInstanceProfileOutput](profiles, "instance-profile/{InstanceProfileName}"),
		refused[iam.UntagInstanceProfileInput, iam.UntagInstanceProfileOutput](profiles, "instance-profile/{InstanceProfileName}"),
		refused[iam.ListInstanceProfileTagsInput, iam.ListInstanceProfileTagsOutput](profiles, "instance-profile/{InstanceProfileName}"),

		refused[iam.CreateLoginProfileInput, iam.CreateLoginProfileOutput](passwords, "user/{UserName}"),
		refused[iam.UpdateLoginProfileInput, iam.UpdateLoginProfileOutput](passwords, "user/{UserName}"),
		refused[iam.ChangePasswordInput, iam.ChangePasswordOutput](passwords, "user/"),
		refused[iam.UpdateAccountPasswordPolicyInput, iam.UpdateAccountPasswordPolicyOutput](passwords, "*"),

		refused[iam.CreateVirtualMFADeviceInput, iam.CreateVirtualMFADeviceOutput](devices, "mfa{Path=/}{VirtualMFADeviceName}"),
		refused[iam.DeleteVirtualMFADeviceInput, iam.DeleteVirtualMFADeviceOutput](devices, "{SerialNumber}"),
		refused[iam.EnableMFADeviceInput, iam.EnableMFADeviceOutput](devices, "user/{UserName}"),
		refused[iam.DeactivateMFADeviceInput, iam.DeactivateMFADeviceOutput](devices, "user/{UserName}"),
		refused[iam.ResyncMFADeviceInput, iam.ResyncMFADeviceOutput](devices, "user/{UserName}"),
		refused[iam.GetMFADeviceInput, iam.GetMFADeviceOutput](devices, "user/{UserName}"),
		refused[iam.TagMFADeviceInput, iam.TagMFADeviceOutput](devices, "{SerialNumber}"),
		refused[iam.UntagMFADeviceInput, iam.UntagMFADeviceOutput](devices, "{SerialNumber}"),
		refused[iam.ListMFADeviceTagsInput, iam.ListMFADeviceTagsOutput](devices, "{SerialNumber}"),

		refused[iam.UploadServerCertificateInput, iam.UploadServerCertificateOutput](certificates, "server-certificate{Path=/}{ServerCertificateName}"),
		refused[iam.GetServerCertificateInput, iam.GetServerCertificateOutput](certificates, "server-certificate/{ServerCertificateName}"),
		refused[iam.UpdateServerCertificateInput, iam.UpdateServerCertificateOutput](certificates, "server-certificate/{ServerCertificateName}"),
		refused[iam.DeleteServerCertificateInput, iam.DeleteServerCertificateOutput](certificates, "server-certificate/{ServerCertificateName}"),
		refused[iam.TagServerCertificateInput, iam.TagServerCertificateOutput](certificates, "server-certificate/{ServerCertificateName}"),
		refused[iam.UntagServerCertificateInput, iam.UntagServerCertificateOutput](certificates, "server-certificate/{ServerCertificateName}"),
		refused[iam.ListServerCertificateTagsInput, iam.ListServerCertificateTagsOutput](certificates, "server-certificate/{ServerCertificateName}"),
		refused[iam.UploadSigningCertificateInput, iam.UploadSigningCertificateOutput](certificates, "user/{UserName}"),
		refused[iam.UpdateSigningCertificateInput, iam.UpdateSigningCertificateOutput](certificates, "user/{UserName}"),
		refused[iam.DeleteSigningCertificateInput, iam.DeleteSigningCertificateOutput](certificates, "user/{UserName}"),

		refused[iam.UploadSSHPublicKeyInput, iam.UploadSSHPublicKeyOutput](serviceCredentials, "user/{UserName}"),
		refused[iam.GetSSHPublicKeyInput, iam.GetSSHPublicKeyOutput](serviceCredentials, "user/{UserName}"),
		refused[iam.UpdateSSHPublicKeyInput, iam.UpdateSSHPublicKeyOutput](serviceCredentials, "user/{UserName}"),
		refused[iam.DeleteSSHPublicKeyInput, iam.DeleteSSHPublicKeyOutput](serviceCredentials, "user/{UserName}"),
		refused[iam.CreateServiceSpecificCredentialInput, iam.CreateServiceSpecificCredentialOutput](serviceCredentials, "user/{UserName}"),
		refused[iam.UpdateServiceSpecificCredentialInput, iam.UpdateServiceSpecificCredentialOutput](serviceCredentials, "user/{UserName}"),
		refused[iam.ResetServiceSpecificCredentialInput, iam.ResetServiceSpecificCredentialOutput](serviceCredentials, "user/{UserName}"),
		refused[iam.DeleteServiceSpecificCredentialInput, iam.DeleteServiceSpecificCredentialOutput](serviceCredentials, "user/{UserName}"),

		refused[iam.GenerateCredentialReportInput, iam.GenerateCredentialReportOutput](reports, "*"),
		refused[iam.GetCredentialReportInput, iam.GetCredentialReportOutput](reports, "*"),
		refused[iam.GenerateServiceLastAccessedDetailsInput, iam.GenerateServiceLastAccessedDetailsOutput](reports, "{Arn}"),
		refused[iam.GetServiceLastAccessedDetailsInput, iam.GetServiceLastAccessedDetailsOutput](reports, "*"),
		refused[iam.GetServiceLastAccessedDetailsWithEntitiesInput, iam.GetServiceLastAccessedDetailsWithEntitiesOutput](reports, "*"),
		refused[iam.GenerateOrganizationsAccessReportInput, iam.GenerateOrganizationsAccessReportOutput](reports, "*"),
		refused[iam.GetOrganizationsAccessReportInput, iam.GetOrganizationsAccessReportOutput](reports, "*"),
		refused[iam.GetHumanReadableSummaryInput, iam.GetHumanReadableSummaryOutput](reports, "{EntityArn}"),

		refused[iam.EnableOrganizationsRootCredentialsManagementInput, iam.EnableOrganizationsRootCredentialsManagementOutput](rootAccess, "*"),
		refused[iam.DisableOrganizationsRootCredentialsManagementInput, iam.DisableOrganizationsRootCredentialsManagementOutput](rootAccess, "*"),
		refused[iam.EnableOrganizationsRootSessionsInput, iam.EnableOrganizationsRootSessionsOutput](rootAccess, "*"),
		refused[iam.DisableOrganizationsRootSessionsInput, iam.DisableOrganizationsRootSessionsOutput](rootAccess, "*"),
		refused[iam.ListOrganizationsFeaturesInput, iam.ListOrganizationsFeaturesOutput](rootAccess, "*"),

		refused[iam.CreateDelegationRequestInput, iam.CreateDelegationRequestOutput](delegation, "*"),
		refused[iam.GetDelegationRequestInput, iam.GetDelegationRequestOutput](delegation, "*"),
		refused[iam.ListDelegationRequestsInput, iam.ListDelegationRequestsOutput](delegation, "*"),
		refused[iam.UpdateDelegationRequestInput, iam.UpdateDelegationRequestOutput](delegation, "*"),
		refused[iam.AssociateDelegationRequestInput, iam.AssociateDelegationRequestOutput](delegation, "*"),
		refused[iam.AcceptDelegationRequestInput, iam.AcceptDelegationRequestOutput](delegation, "*"),
		refused[iam.RejectDelegationRequestInput, iam.RejectDelegationRequestOutput](delegation, "*"),
		refused[iam.SendDelegationTokenInput, iam.SendDelegationTokenOutput](delegation, "*"),

		refused[iam.AcquireRoleInput, iam.AcquireRoleOutput](templates, "*"),
		refused[iam.GetRoleTemplateVersionInput, iam.GetRoleTemplateVersionOutput](templates, "*"),

		refused[iam.EnableOutboundWebIdentityFederationInput, iam.EnableOutboundWebIdentityFederationOutput](outbound, "*"),
		refused[iam.DisableOutboundWebIdentityFederationInput, iam.DisableOutboundWebIdentityFederationOutput](outbound, "*"),
		refused[iam.GetOutboundWebIdentityFederationInfoInput, iam.GetOutboundWebIdentityFederationInfoOutput](outbound, "*"),

		refused[iam.GetAccountPropertiesInput, iam.GetAccountPropertiesOutput](settings, "*"),
		refused[iam.PutAccountPropertiesInput, iam.PutAccountPropertiesOutput](settings, "*"),
		refused[iam.SetSecurityTokenServicePreferencesInput, iam.SetSecurityTokenServicePreferencesOutput](settings, "*"),
	}
}

// nameOf is the operation that has this input, and whether it only looks.
func nameOf[In any]() (name string, readOnly bool) {
	name = strings.TrimSuffix(reflect.TypeFor[In]().Name(), "Input")
	return name, strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List")
}

func refused[In, Out any](what, resource string) *operation.Operation {
	name, readOnly := nameOf[In]()
	return operation.Refused[In, Out](name, readOnly, what, authz.IAM("iam:"+name, resource))
}

// none lists what there is none of: the lists are there, and empty.
func none[In, Out any](resource string) *operation.Operation {
	name, _ := nameOf[In]()
	empty := new(Out)
	for out, i := reflect.ValueOf(empty).Elem(), 0; i < out.NumField(); i++ {
		if field := out.Field(i); field.Kind() == reflect.Slice {
			field.Set(reflect.MakeSlice(field.Type(), 0, 0))
		}
	}
	return operation.Read(name, func(*operation.Query, *In) (*Out, error) { return empty, nil }, authz.IAM("iam:"+name, resource))
}

// noSuch looks for, or deletes, what there is none of.
func noSuch[In, Out any](why, resource string) *operation.Operation {
	name, readOnly := nameOf[In]()
	o := operation.Read(name, func(*operation.Query, *In) (*Out, error) { return nil, fault.NotFoundf("%s", why) }, authz.IAM("iam:"+name, resource))
	o.ReadOnly = readOnly
	return o
}
