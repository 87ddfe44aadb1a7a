package live

import (
	"encoding/json"
	"slices"
)

// A Statement is what the caller has to be allowed, for one purpose.
type Statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource string
}

// Statements are the least that planning and applying need. The first four are enough to
// plan, to look for drift and to import.
var Statements = []Statement{
	allow("ReadPermissionSets", "sso:", "ListInstances", "ListPermissionSets", "DescribePermissionSet", "GetInlinePolicyForPermissionSet", "ListManagedPoliciesInPermissionSet",
		"ListCustomerManagedPolicyReferencesInPermissionSet", "GetPermissionsBoundaryForPermissionSet", "ListTagsForResource"),
	allow("ReadAssignments", "sso:", "ListAccountAssignmentsForPrincipal", "ListAccountsForProvisionedPermissionSet", "ListAccountAssignments",
		"ListAccountAssignmentCreationStatus", "DescribeAccountAssignmentCreationStatus", "ListAccountAssignmentDeletionStatus", "DescribeAccountAssignmentDeletionStatus"),
	allow("ReadDirectory", "identitystore:", "ListGroups", "ListUsers", "GetUserId", "DescribeUser", "DescribeGroup", "ListGroupMembershipsForMember"),
	allow("ReadOrganization", "organizations:", "ListRoots", "ListOrganizationalUnitsForParent", "ListAccounts", "ListParents", "ListTagsForResource"),
	allow("WritePermissionSets", "sso:", "CreatePermissionSet", "UpdatePermissionSet", "DeletePermissionSet", "PutInlinePolicyToPermissionSet", "DeleteInlinePolicyFromPermissionSet",
		"AttachManagedPolicyToPermissionSet", "DetachManagedPolicyFromPermissionSet", "AttachCustomerManagedPolicyReferenceToPermissionSet", "DetachCustomerManagedPolicyReferenceFromPermissionSet",
		"PutPermissionsBoundaryToPermissionSet", "DeletePermissionsBoundaryFromPermissionSet", "TagResource", "UntagResource"),
	allow("Provision", "sso:", "ProvisionPermissionSet", "DescribePermissionSetProvisioningStatus", "ListPermissionSetProvisioningStatus"),
	allow("WriteAssignments", "sso:", "CreateAccountAssignment", "DeleteAccountAssignment"),
}

func allow(sid, service string, names ...string) Statement {
	s := Statement{Sid: sid, Effect: "Allow", Resource: "*"}
	for _, name := range names {
		s.Action = append(s.Action, service+name)
	}
	return s
}

// Policy is the policy that allows what the statements say.
func Policy(statements []Statement) []byte {
	text, err := json.MarshalIndent(struct {
		Version   string
		Statement []Statement
	}{"2012-10-17", statements}, "", "  ")
	if err != nil {
		panic(err) // texts alone
	}
	return append(text, '\n')
}

// actions are all of the statements'.
func actions() (all []string) {
	for _, s := range Statements {
		all = append(all, s.Action...)
	}
	slices.Sort(all)
	return all
}
