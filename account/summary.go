package account

import "github.com/sallyport/sallyport/database"

// Summary counts what is in an account and says what may be: the keys of IAM's
// GetAccountSummary.
func (s *Store) Summary(tx *database.ReadTx, id ID) (map[string]int, error) {
	summary := map[string]int{
		"UsersQuota": kinds[User].most, "GroupsQuota": kinds[Group].most, "RolesQuota": kinds[Role].most, "PoliciesQuota": policiesEach,
		"UserPolicySizeQuota": kinds[User].inline, "GroupPolicySizeQuota": kinds[Group].inline, "RolePolicySizeQuota": kinds[Role].inline,
		"AttachedPoliciesPerUserQuota": kinds[User].attached, "AttachedPoliciesPerGroupQuota": kinds[Group].attached, "AttachedPoliciesPerRoleQuota": kinds[Role].attached,
		"PolicySizeQuota": longestPolicy, "VersionsPerPolicyQuota": versionsEach, "AssumeRolePolicySizeQuota": longestTrust,
		"AccessKeysPerUserQuota": keysEach, "GroupsPerUserQuota": groupsEach, "PolicyVersionsInUseQuota": policiesEach * versionsEach,
		// What is not offered: there is none, and there can be none.
		"ServerCertificates": 0, "ServerCertificatesQuota": 0, "InstanceProfiles": 0, "InstanceProfilesQuota": 0, "MFADevices": 0, "MFADevicesInUse": 0,
		"AccountMFAEnabled": 0, "AccountPasswordPresent": 0, "AccountSigningCertificatesPresent": 0, "SigningCertificatesPerUserQuota": 0,
	}
	for name, query := range map[string]string{
		"Users":                    `select count(*) from entities where account_id = $1 and kind = 'user'`,
		"Groups":                   `select count(*) from entities where account_id = $1 and kind = 'group'`,
		"Roles":                    `select count(*) from entities where account_id = $1 and kind = 'role'`,
		"Policies":                 `select count(*) from policies where account_id = $1`,
		"PolicyVersionsInUse":      `select count(*) from policy_versions join policies on policies.id = policy_id where account_id = $1`,
		"Providers":                `select count(*) from identity_providers where account_id = $1`,
		"AccountAccessKeysPresent": `select count(*) from access_keys where account_id = $1 and entity_id is null`,
	} {
		count, err := database.One(tx, database.Value[int], query, id)
		if err != nil {
			return nil, err
		}
		summary[name] = count
	}
	summary["AccountAccessKeysPresent"] = min(summary["AccountAccessKeysPresent"], 1) // whether, not how many
	return summary, nil
}
