package org

import (
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// The limits, from "Quotas and service limits for AWS Organizations" in its User
// Guide. Where AWS raises one on request, it is the highest it grants.
const (
	maxAccounts     = 10_000 // invitations and requests under way count
	maxUnits        = 2000
	maxDepth        = 5 // units below the root
	maxInvitesADay  = maxAccounts
	maxResourceText = 40_000 // characters of the resource policy

	inviteLasts    = 15 * 24 * time.Hour
	migrationLasts = 90 * 24 * time.Hour
	answeredShown  = 30 * 24 * time.Hour // how long an answered handshake is shown

	closePeriod = 30 * 24 * time.Hour
)

// maxClosed is how many of its member accounts an organization may close in
// closePeriod.
func maxClosed(members int) int { return min(max(250, members/5), 1000) }

// roomForAccount refuses one account more, made or invited.
func (s *Store) roomForAccount(tx *database.ReadTx, id ID, reason fault.Reason) error {
	taken, err := database.One(tx, database.Value[int], `select
		(select count(*) from organization_accounts where organization_id = $1)
		+ (select count(*) from account_requests where organization_id = $1 and state = 'IN_PROGRESS')
		+ (select count(*) from handshakes where organization_id = $1 and action = 'INVITE' and state = 'OPEN' and expires_at > $2)`,
		id, database.Time(tx.Now()))
	if err == nil && taken >= maxAccounts {
		err = fault.WithReason(reason, fault.Quotaf("You have exceeded the allowed number of AWS Accounts. An organization has at most %d, invited ones included.", maxAccounts))
	}
	return err
}
