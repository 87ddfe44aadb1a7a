package awsapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/policy"
)

// IAM is the service of that name, API version 2010-05-08: the users, groups,
// roles, policies and identity providers of an account.
type IAM struct {
	Accounts   *account.Store
	Authorizer *authz.Authorizer
}

func (s *IAM) service() *service {
	return &service{
		Service: operation.Service{Source: "iam"}, signing: "iam",
		errors: iamErrors, constraints: iamConstraints,
		version: "2010-05-08", namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		operations: slices.Concat(s.roles(), s.users(), s.groups(), s.policies(), s.providers(), s.account(), iamRefused()),
	}
}

func (s *IAM) roles() []*operation.Operation {
	role := func(action string) authz.Rule { return authz.IAM("iam:"+action, "role/{RoleName}") }
	return []*operation.Operation{
		operation.Write("CreateRole", s.createRole, authz.IAM("iam:CreateRole", "role{Path=/}{RoleName}")),
		operation.Read("GetRole", s.getRole, role("GetRole")),
		operation.Read("ListRoles", s.listRoles, authz.IAM("iam:ListRoles", "*")),
		operation.Write("UpdateRole", s.updateRole, role("UpdateRole")),
		operation.Write("UpdateRoleDescription", s.updateRoleDescription, role("UpdateRoleDescription")),
		operation.Write("UpdateAssumeRolePolicy", s.updateAssumeRolePolicy, role("UpdateAssumeRolePolicy")),
		operation.Write("DeleteRole", s.deleteRole, role("DeleteRole")),
		operation.Write("PutRolePolicy", s.putRolePolicy, role("PutRolePolicy")),
		operation.Read("GetRolePolicy", s.getRolePolicy, role("GetRolePolicy")),
		operation.Read("ListRolePolicies", s.listRolePolicies, role("ListRolePolicies")),
		operation.Write("DeleteRolePolicy", s.deleteRolePolicy, role("DeleteRolePolicy")),
		operation.Write("AttachRolePolicy", s.attachRolePolicy, role("AttachRolePolicy")),
		operation.Write("DetachRolePolicy", s.detachRolePolicy, role("DetachRolePolicy")),
		operation.Read("ListAttachedRolePolicies", s.listAttachedRolePolicies, role("ListAttachedRolePolicies")),
		operation.Write("PutRolePermissionsBoundary", s.putRolePermissionsBoundary, role("PutRolePermissionsBoundary")),
		operation.Write("DeleteRolePermissionsBoundary", s.deleteRolePermissionsBoundary, role("DeleteRolePermissionsBoundary")),
		operation.Write("TagRole", s.tagRole, role("TagRole")),
		operation.Write("UntagRole", s.untagRole, role("UntagRole")),
		operation.Read("ListRoleTags", s.listRoleTags, role("ListRoleTags")),
		operation.Read("ListInstanceProfilesForRole", s.listInstanceProfilesForRole, role("ListInstanceProfilesForRole")),
		operation.Write("CreateServiceLinkedRole", s.createServiceLinkedRole, authz.IAM("iam:CreateServiceLinkedRole", "service-linked-role/{AWSServiceName}/{CustomSuffix}")),
		operation.Write("DeleteServiceLinkedRole", s.deleteServiceLinkedRole, role("DeleteServiceLinkedRole")),
		operation.Read("GetServiceLinkedRoleDeletionStatus", s.getServiceLinkedRoleDeletionStatus, authz.IAM("iam:GetServiceLinkedRoleDeletionStatus", "{DeletionTaskId}")),
	}
}

func (s *IAM) users() []*operation.Operation {
	user := func(action string) authz.Rule { return authz.IAM("iam:"+action, "user/{UserName}") }
	return []*operation.Operation{
		operation.Write("CreateUser", s.createUser, authz.IAM("iam:CreateUser", "user{Path=/}{UserName}")),
		operation.Read("GetUser", s.getUser, user("GetUser")),
		operation.Read("ListUsers", s.listUsers, authz.IAM("iam:ListUsers", "*")),
		operation.Write("UpdateUser", s.updateUser, user("UpdateUser")),
		operation.Write("DeleteUser", s.deleteUser, user("DeleteUser")),
		operation.Write("PutUserPolicy", s.putUserPolicy, user("PutUserPolicy")),
		operation.Read("GetUserPolicy", s.getUserPolicy, user("GetUserPolicy")),
		operation.Read("ListUserPolicies", s.listUserPolicies, user("ListUserPolicies")),
		operation.Write("DeleteUserPolicy", s.deleteUserPolicy, user("DeleteUserPolicy")),
		operation.Write("AttachUserPolicy", s.attachUserPolicy, user("AttachUserPolicy")),
		operation.Write("DetachUserPolicy", s.detachUserPolicy, user("DetachUserPolicy")),
		operation.Read("ListAttachedUserPolicies", s.listAttachedUserPolicies, user("ListAttachedUserPolicies")),
		operation.Write("PutUserPermissionsBoundary", s.putUserPermissionsBoundary, user("PutUserPermissionsBoundary")),
		operation.Write("DeleteUserPermissionsBoundary", s.deleteUserPermissionsBoundary, user("DeleteUserPermissionsBoundary")),
		operation.Write("TagUser", s.tagUser, user("TagUser")),
		operation.Write("UntagUser", s.untagUser, user("UntagUser")),
		operation.Read("ListUserTags", s.listUserTags, user("ListUserTags")),
		operation.Read("ListGroupsForUser", s.listGroupsForUser, user("ListGroupsForUser")),
		operation.Write("CreateAccessKey", s.createAccessKey, user("CreateAccessKey")),
		operation.Read("ListAccessKeys", s.listAccessKeys, user("ListAccessKeys")),
		operation.Write("UpdateAccessKey", s.updateAccessKey, user("UpdateAccessKey")),
		operation.Write("DeleteAccessKey", s.deleteAccessKey, user("DeleteAccessKey")),
		operation.Read("GetAccessKeyLastUsed", s.getAccessKeyLastUsed, authz.IAM("iam:GetAccessKeyLastUsed", "access-key/{AccessKeyId}")),
	}
}

func (s *IAM) groups() []*operation.Operation {
	group := func(action string) authz.Rule { return authz.IAM("iam:"+action, "group/{GroupName}") }
	return []*operation.Operation{
		operation.Write("CreateGroup", s.createGroup, authz.IAM("iam:CreateGroup", "group{Path=/}{GroupName}")),
		operation.Read("GetGroup", s.getGroup, group("GetGroup")),
		operation.Read("ListGroups", s.listGroups, authz.IAM("iam:ListGroups", "*")),
		operation.Write("UpdateGroup", s.updateGroup, group("UpdateGroup")),
		operation.Write("DeleteGroup", s.deleteGroup, group("DeleteGroup")),
		operation.Write("AddUserToGroup", s.addUserToGroup, group("AddUserToGroup")),
		operation.Write("RemoveUserFromGroup", s.removeUserFromGroup, group("RemoveUserFromGroup")),
		operation.Write("PutGroupPolicy", s.putGroupPolicy, group("PutGroupPolicy")),
		operation.Read("GetGroupPolicy", s.getGroupPolicy, group("GetGroupPolicy")),
		operation.Read("ListGroupPolicies", s.listGroupPolicies, group("ListGroupPolicies")),
		operation.Write("DeleteGroupPolicy", s.deleteGroupPolicy, group("DeleteGroupPolicy")),
		operation.Write("AttachGroupPolicy", s.attachGroupPolicy, group("AttachGroupPolicy")),
		operation.Write("DetachGroupPolicy", s.detachGroupPolicy, group("DetachGroupPolicy")),
		operation.Read("ListAttachedGroupPolicies", s.listAttachedGroupPolicies, group("ListAttachedGroupPolicies")),
	}
}

func (s *IAM) policies() []*operation.Operation {
	managed := func(action string) authz.Rule { return authz.IAM("iam:"+action, "{PolicyArn}") }
	return []*operation.Operation{
		operation.Write("CreatePolicy", s.createPolicy, authz.IAM("iam:CreatePolicy", "policy{Path=/}{PolicyName}")),
		operation.Read("GetPolicy", s.getPolicy, managed("GetPolicy")),
		operation.Read("ListPolicies", s.listPolicies, authz.IAM("iam:ListPolicies", "*")),
		operation.Write("DeletePolicy", s.deletePolicy, managed("DeletePolicy")),
		operation.Write("CreatePolicyVersion", s.createPolicyVersion, managed("CreatePolicyVersion")),
		operation.Read("GetPolicyVersion", s.getPolicyVersion, managed("GetPolicyVersion")),
		operation.Read("ListPolicyVersions", s.listPolicyVersions, managed("ListPolicyVersions")),
		operation.Write("SetDefaultPolicyVersion", s.setDefaultPolicyVersion, managed("SetDefaultPolicyVersion")),
		operation.Write("DeletePolicyVersion", s.deletePolicyVersion, managed("DeletePolicyVersion")),
		operation.Write("TagPolicy", s.tagPolicy, managed("TagPolicy")),
		operation.Write("UntagPolicy", s.untagPolicy, managed("UntagPolicy")),
		operation.Read("ListPolicyTags", s.listPolicyTags, managed("ListPolicyTags")),
		operation.Read("ListEntitiesForPolicy", s.listEntitiesForPolicy, managed("ListEntitiesForPolicy")),
		operation.Read("ListPoliciesGrantingServiceAccess", s.listPoliciesGrantingServiceAccess, authz.IAM("iam:ListPoliciesGrantingServiceAccess", "{Arn}")),
	}
}

func (s *IAM) providers() []*operation.Operation {
	oidc := func(action string) authz.Rule { return authz.IAM("iam:"+action, "{OpenIDConnectProviderArn}") }
	saml := func(action string) authz.Rule { return authz.IAM("iam:"+action, "{SAMLProviderArn}") }
	return []*operation.Operation{
		operation.Write("CreateOpenIDConnectProvider", s.createOpenIDConnectProvider, authz.IAM("iam:CreateOpenIDConnectProvider", "oidc-provider/{Url}")),
		operation.Read("GetOpenIDConnectProvider", s.getOpenIDConnectProvider, oidc("GetOpenIDConnectProvider")),
		operation.Read("ListOpenIDConnectProviders", s.listOpenIDConnectProviders, authz.IAM("iam:ListOpenIDConnectProviders", "*")),
		operation.Write("DeleteOpenIDConnectProvider", s.deleteOpenIDConnectProvider, oidc("DeleteOpenIDConnectProvider")),
		operation.Write("AddClientIDToOpenIDConnectProvider", s.addClientID, oidc("AddClientIDToOpenIDConnectProvider")),
		operation.Write("RemoveClientIDFromOpenIDConnectProvider", s.removeClientID, oidc("RemoveClientIDFromOpenIDConnectProvider")),
		operation.Write("UpdateOpenIDConnectProviderThumbprint", s.updateThumbprint, oidc("UpdateOpenIDConnectProviderThumbprint")),
		operation.Write("TagOpenIDConnectProvider", s.tagOpenIDConnectProvider, oidc("TagOpenIDConnectProvider")),
		operation.Write("UntagOpenIDConnectProvider", s.untagOpenIDConnectProvider, oidc("UntagOpenIDConnectProvider")),
		operation.Read("ListOpenIDConnectProviderTags", s.listOpenIDConnectProviderTags, oidc("ListOpenIDConnectProviderTags")),
		operation.Write("CreateSAMLProvider", s.createSAMLProvider, authz.IAM("iam:CreateSAMLProvider", "saml-provider/{Name}")),
		operation.Read("GetSAMLProvider", s.getSAMLProvider, saml("GetSAMLProvider")),
		operation.Write("UpdateSAMLProvider", s.updateSAMLProvider, saml("UpdateSAMLProvider")),
		operation.Read("ListSAMLProviders", s.listSAMLProviders, authz.IAM("iam:ListSAMLProviders", "*")),
		operation.Write("DeleteSAMLProvider", s.deleteSAMLProvider, saml("DeleteSAMLProvider")),
		operation.Write("TagSAMLProvider", s.tagSAMLProvider, saml("TagSAMLProvider")),
		operation.Write("UntagSAMLProvider", s.untagSAMLProvider, saml("UntagSAMLProvider")),
		operation.Read("ListSAMLProviderTags", s.listSAMLProviderTags, saml("ListSAMLProviderTags")),
	}
}

func (s *IAM) account() []*operation.Operation {
	anything := func(action string) authz.Rule { return authz.IAM("iam:"+action, "*") }
	return []*operation.Operation{
		operation.Write("CreateAccountAlias", s.createAccountAlias, anything("CreateAccountAlias")),
		operation.Write("DeleteAccountAlias", s.deleteAccountAlias, anything("DeleteAccountAlias")),
		operation.Read("ListAccountAliases", s.listAccountAliases, anything("ListAccountAliases")),
		operation.Read("GetAccountSummary", s.getAccountSummary, anything("GetAccountSummary")),
		operation.Read("GetAccountAuthorizationDetails", s.getAccountAuthorizationDetails, anything("GetAccountAuthorizationDetails")),
		operation.Read("GetContextKeysForCustomPolicy", s.getContextKeysForCustomPolicy, anything("GetContextKeysForCustomPolicy")),
		operation.Read("GetContextKeysForPrincipalPolicy", s.getContextKeysForPrincipalPolicy, authz.IAM("iam:GetContextKeysForPrincipalPolicy", "{PolicySourceArn}")),
		operation.Read("SimulateCustomPolicy", s.simulateCustomPolicy, anything("SimulateCustomPolicy")),
		operation.Read("SimulatePrincipalPolicy", s.simulatePrincipalPolicy, authz.IAM("iam:SimulatePrincipalPolicy", "{PolicySourceArn}")),
	}
}

// iamErrors are the exceptions of the model. The one for services that are not
// supported is the nearest it has to what is not offered here.
var iamErrors = queryErrors.with(errorTable{
	reasons: map[fault.Reason]code{
		account.ReasonMalformed:    {http.StatusBadRequest, "MalformedPolicyDocument"},
		account.ReasonDelete:       {http.StatusConflict, "DeleteConflict"},
		account.ReasonUnmodifiable: {http.StatusBadRequest, "UnmodifiableEntity"},
		account.ReasonInvalidInput: {http.StatusBadRequest, "InvalidInput"},
		account.ReasonDuplicate:    {http.StatusBadRequest, "InvalidInput"},
		account.ReasonPolicySize:   {http.StatusConflict, "LimitExceeded"},
	},
	kinds: map[fault.Kind]code{
		fault.NotFound:    {http.StatusNotFound, "NoSuchEntity"},
		fault.Conflict:    {http.StatusConflict, "EntityAlreadyExists"},
		fault.Quota:       {http.StatusConflict, "LimitExceeded"},
		fault.Unsupported: {http.StatusNotFound, "NotSupportedService"},
	},
})

func invalidInput(format string, args ...any) error {
	return fault.WithReason(account.ReasonInvalidInput, fault.Invalidf(format, args...))
}

// find finds a user, group or role of the caller's account.
func (s *IAM) find(tx *database.ReadTx, caller authn.Caller, kind account.EntityKind, name *string) (account.Entity, error) {
	return s.Accounts.Entity(tx, caller.Principal.ID(), kind, *name)
}

// change finds one for a command that changes it. Those that belong to an AWS service are its
// alone, whatever policies say.
func (s *IAM) change(c *operation.Command, kind account.EntityKind, name *string) (account.Entity, error) {
	e, err := s.find(c.Tx.Reading(), c.Caller, kind, name)
	if err == nil && e.Protected() {
		err = fault.WithReason(account.ReasonUnmodifiable, fault.Deniedf("Cannot perform the operation on the protected %s '%s' - this %s is only modifiable by AWS", kind, e.Name, kind))
	}
	return e, err
}

// ownPath refuses paths that are AWS's.
func ownPath(path *string) error {
	if account.ReservedPath(aws.ToString(path)) {
		return invalidInput("The path %.140s is reserved for AWS services: choose another.", *path)
	}
	return nil
}

// managed finds a managed policy that is the caller's account's or AWS's.
func (s *IAM) managed(tx *database.ReadTx, caller authn.Caller, arn *string) (account.Policy, error) {
	if err := s.Accounts.Attachable(tx, caller.Principal.ID(), *arn); err != nil {
		return account.Policy{}, err
	}
	return s.Accounts.PolicyByARN(tx, *arn)
}

// encoded is how IAM returns policy documents: "URL-encoded compliant with RFC 3986".
func encoded(document string) *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(document), "+", "%20"))
}

// iamPageSize is how many items a page has when the caller does not say.
const iamPageSize = 100

// iamPage reads one page of a listing.
func iamPage[Item any](q *operation.Query, marker *string, asked *int32, list func(after string, limit int) ([]Item, error), key func(Item) string) ([]Item, *string, error) {
	return page(q, marker, asked, iamPageSize, list, key)
}

// among lists what is at hand, for what quotas keep short.
func among[Item any](items []Item, key func(Item) string) func(after string, limit int) ([]Item, error) {
	return func(after string, limit int) ([]Item, error) {
		left := slices.DeleteFunc(slices.Clone(items), func(item Item) bool { return key(item) <= after })
		slices.SortFunc(left, func(a, b Item) int { return strings.Compare(key(a), key(b)) })
		return left[:min(len(left), limit)], nil
	}
}

func itself(text string) string { return text }

func nameKey(e account.Entity) string { return strings.ToLower(e.Name) }

func newTags(tags []types.Tag) (account.Tags, error) {
	for _, tag := range tags {
		if tag.Key == nil || tag.Value == nil {
			return nil, fault.Invalidf("each of Tags needs a Key and a Value")
		}
	}
	return account.NewTags(tags, func(t types.Tag) (string, string) { return *t.Key, *t.Value })
}

func tagsOut(tags account.Tags) []types.Tag {
	out := make([]types.Tag, 0, len(tags))
	for key, value := range tags {
		out = append(out, types.Tag{Key: &key, Value: &value})
	}
	slices.SortFunc(out, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return out
}

// tagPage is a page of the tags of anything.
func tagPage(q *operation.Query, marker *string, asked *int32, tags account.Tags) ([]types.Tag, *string, error) {
	return iamPage(q, marker, asked, among(tagsOut(tags), tagKey), tagKey)
}

func tagKey(t types.Tag) string { return *t.Key }

func boundaryOut(arn string) *types.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: &arn, PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}

func isRoot(p *account.Principal) bool { return p.Principal.Kind == policy.AccountRoot }
