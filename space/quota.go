package space

import (
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

const (
	day   = 24 * time.Hour
	month = 30 * day
)

// A limit is how many there can be, what the caller reads when there are, and what
// is counted. Members of a project, and projects of a user, are counted by direct
// membership: a team is no member.
type limit struct {
	most  int
	words string
	count string
}

var (
	activeSpaces = limit{5, "you have created %d spaces that exist in this Region, the most one user can have: delete one first",
		`select count(*) from spaces where created_by = $1 and region = $2 and deleted_at is null`}
	newSpaces = limit{5, "you have created %d spaces in this Region within the last 30 days, the most one user can create: try again later",
		`select count(*) from spaces where created_by = $1 and region = $2 and created_at > $3`}
	projectsOfSpace = limit{100, "the space has %d projects, the most it can have: delete one first",
		`select count(*) from projects where space_id = $1`}
	teamsOfSpace = limit{100, "the space has %d teams, the most it can have: delete one first",
		`select count(*) from teams where space_id = $1`}
	membersOfTeam = limit{1_000, "the team has %d members, the most it can have: remove one first, or make a second team",
		`select count(*) from team_members where team_id = $1`}
	membersOfProject = limit{10_000, "the project has %d members, the most it can have: remove one first, or give the role to a team",
		`select count(*) from project_members where project_id = $1`}
	projectsOfUser = limit{1_000, "the user belongs to %d projects, the most one user can: take them out of another first",
		`select count(*) from project_members where user_id = $1`}
	invitationsByUser = limit{500, "you have sent %d invitations within the last 24 hours, the most one user can send: try again later",
		`select count(*) from invitations where invited_by = $1 and created_at > $2`}
	invitationsToAddress = limit{25, "this address has been sent %d invitations within the last 24 hours, the most it can get: try again later",
		`select count(*) from invitations where email_hash = $1 and created_at > $2`}
)

// room is nil while one more can be added.
func (l limit) room(tx *database.ReadTx, args ...any) error {
	n, err := database.One(tx, database.Value[int], l.count, args...)
	if err != nil {
		return err
	}
	if n >= l.most {
		return fault.Quotaf(l.words, l.most)
	}
	return nil
}
