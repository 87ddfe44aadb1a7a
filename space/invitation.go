package space

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
)

// InvitationID is an invitation's UUID. It is no secret: what lets somebody in is the
// token, which only the mailed link carries.
type InvitationID string

// InvitationState is what has become of an invitation.
type InvitationState string

const (
	Pending   InvitationState = "pending"
	Accepted  InvitationState = "accepted"
	Declined  InvitationState = "declined"
	Cancelled InvitationState = "cancelled"
	Expired   InvitationState = "expired" // never stored: pending past its time
)

// Invitation offers whoever reads mail at an address a role in a space or a project.
type Invitation struct {
	ID          InvitationID
	SpaceID     ID
	SpaceName   string
	Project     ProjectID // empty: to the space alone
	ProjectName string    // empty also when the project has been deleted
	Role        role.Role // of the project if there is one, else of the space
	Email       string    // empty when it was found by its token
	State       InvitationState
	InvitedBy   directory.UserID
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// NewInvitation is what inviting needs.
type NewInvitation struct {
	Email   string
	Role    role.Role  // a project role when there is a project, else a space role
	Project *ProjectID // nil: to the space alone
}

// lifetime is how long an invitation can be accepted.
const lifetime = 24 * time.Hour

// Invite makes an invitation and the token by which it can be answered; only the
// token's hash is kept. The inviter is what by holds in the space. An invitation
// still pending for the same address and place is replaced.
func (s *Store) Invite(tx *database.Tx, id ID, by directory.UserID, inviter role.Held, n NewInvitation) (Invitation, string, error) {
	var project ProjectID
	if n.Project != nil {
		project = *n.Project
	}
	var err error
	if n.Email, err = directory.ParseEmail(n.Email); err != nil {
		return Invitation{}, "", err
	}
	if err := n.check(&tx.ReadTx, id); err != nil {
		return Invitation{}, "", err
	}
	if err := mayInvite(inviter, project, n.Role); err != nil {
		return Invitation{}, "", err
	}
	hash, err := s.hashAddress(&tx.ReadTx, n.Email)
	if err != nil {
		return Invitation{}, "", err
	}
	if err := roomForInvitation(tx, by, hash); err != nil {
		return Invitation{}, "", err
	}
	if err := cancelSame(tx, id, project, hash); err != nil {
		return Invitation{}, "", err
	}
	invitation, token := InvitationID(uuid.NewString()), newToken()
	key, err := s.key(&tx.ReadTx, id)
	if err != nil {
		return Invitation{}, "", err
	}
	email, err := key.Seal("invitations.email_sealed", string(invitation), []byte(n.Email))
	if err != nil {
		return Invitation{}, "", err
	}
	if _, err := tx.Exec(`insert into invitations (id, space_id, project_id, role, email_sealed, email_hash, token_hash, state, invited_by, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		invitation, id, n.Project, n.Role.Name(), email, hash, hashToken(token), Pending, by,
		database.Time(tx.Now()), database.Time(tx.Now().Add(lifetime))); err != nil {
		return Invitation{}, "", err
	}
	made, err := s.Invitation(&tx.ReadTx, id, invitation)
	return made, token, err
}

func (n NewInvitation) check(tx *database.ReadTx, id ID) error {
	if n.Project == nil {
		return checkSpaceRole(n.Role)
	}
	of, err := spaceOfProject(tx, *n.Project)
	if err != nil {
		return err
	}
	if of != id {
		return fault.NotFoundf("no project %s in the space", *n.Project)
	}
	return checkProjectRole(n.Role)
}

// mayInvite is asked when an invitation is made and again when it is accepted: it
// must not outlive the right by which it was made.
func mayInvite(inviter role.Held, project ProjectID, r role.Role) error {
	permission := role.InviteToSpace
	if project != "" {
		permission = role.InviteToProject
	}
	if decision := inviter.Decide(permission, string(project)); !decision.Allowed {
		return fault.Deniedf("you cannot invite: %s", decision.Reason())
	}
	if r == role.SpaceAdministrator && inviter.SpaceRole()&role.SpaceAdministrator == 0 {
		return fault.Deniedf("you cannot invite somebody as Space administrator: only a Space administrator can")
	}
	return nil
}

func roomForInvitation(tx *database.Tx, by directory.UserID, address []byte) error {
	since := database.Time(tx.Now().Add(-day))
	if err := invitationsByUser.room(&tx.ReadTx, by, since); err != nil {
		return err
	}
	return invitationsToAddress.room(&tx.ReadTx, address, since)
}

// hashAddress is the hash that the directory keeps of a user's address.
func (s *Store) hashAddress(tx *database.ReadTx, address string) ([]byte, error) {
	key, err := s.Keys.Key(tx, seal.Directory)
	if err != nil {
		return nil, err
	}
	return directory.HashEmail(key, address)
}

// newToken has letters and digits only, for it stands on command lines: base64
// would make a flag of one in 64. Two texts carry 256 bits.
func newToken() string { return rand.Text() + rand.Text() }

func hashToken(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}

// Invitation returns one invitation of the space.
func (s *Store) Invitation(tx *database.ReadTx, id ID, invitation InvitationID) (Invitation, error) {
	key, err := s.key(tx, id)
	if err != nil {
		return Invitation{}, err
	}
	row, err := database.One(tx, scanInvitation(tx.Now()), invitations+` where i.space_id = $1 and i.id = $2`, id, invitation)
	if err != nil {
		return Invitation{}, orNotFound(err, "no invitation %s", invitation)
	}
	return row.opened(key)
}

// InvitationFilter narrows a list of invitations.
type InvitationFilter struct {
	Project ProjectID // empty: every invitation of the space
}

// Invitations lists the invitations of the space, the newest first, whatever has
// become of them; a page goes on after an id.
func (s *Store) Invitations(tx *database.ReadTx, id ID, filter InvitationFilter, page Page) ([]Invitation, error) {
	key, err := s.key(tx, id)
	if err != nil {
		return nil, err
	}
	rows, err := database.All(tx, scanInvitation(tx.Now()), invitations+`
		where i.space_id = $1 and ($2 = '' or i.project_id = $2)
			and ($3 = '' or (i.created_at, i.id) < (select created_at, id from invitations where space_id = $1 and id = $3))
		order by i.created_at desc, i.id desc limit $4`, id, filter.Project, page.After, page.limit())
	if err != nil {
		return nil, err
	}
	list := make([]Invitation, len(rows))
	for i, row := range rows {
		if list[i], err = row.opened(key); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// InvitationByToken returns the invitation that the holder of the token was sent. It
// does not say to which address.
func (s *Store) InvitationByToken(tx *database.ReadTx, token string) (Invitation, error) {
	row, err := byToken(tx, token)
	return row.Invitation, err
}

func byToken(tx *database.ReadTx, token string) (sealedInvitation, error) {
	row, err := database.One(tx, scanInvitation(tx.Now()), invitations+` where i.token_hash = $1`, hashToken(token))
	return row, orNotFound(err, "there is no such invitation: open the link as it was mailed, or ask for a new one")
}

// Invited tells whether the token is of an invitation to this address that can still
// be accepted.
func (s *Store) Invited(tx *database.ReadTx, token, address string) (bool, error) {
	row, err := byToken(tx, token)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	hash, err := s.hashAddress(tx, address)
	return row.State == Pending && bytes.Equal(hash, row.hash), err
}

const invitations = `select i.id, i.space_id, s.name, coalesce(i.project_id, ''), coalesce(p.name, ''), i.role,
		i.state, i.invited_by, i.created_at, i.expires_at, i.email_sealed, i.email_hash
	from invitations i join spaces s on s.id = i.space_id left join projects p on p.id = i.project_id`

type sealedInvitation struct {
	Invitation
	email, hash []byte
}

func scanInvitation(now time.Time) func(database.Row) (sealedInvitation, error) {
	return func(row database.Row) (i sealedInvitation, err error) {
		var name string
		if err := row.Scan(&i.ID, &i.SpaceID, &i.SpaceName, &i.Project, &i.ProjectName, &name,
			&i.State, &i.InvitedBy, (*database.Time)(&i.CreatedAt), (*database.Time)(&i.ExpiresAt), &i.email, &i.hash); err != nil {
			return i, err
		}
		if i.State == Pending && !now.Before(i.ExpiresAt) {
			i.State = Expired
		}
		i.Role, err = parseRole(name, i.Project)
		return i, err
	}
}

func (i sealedInvitation) opened(key *seal.Key) (Invitation, error) {
	email, err := key.Open("invitations.email_sealed", string(i.ID), i.email)
	i.Email = string(email)
	return i.Invitation, err
}

// Accept lets the user in, whose verified address must be the invited one. A role the
// user holds already is never lowered by it. It fails, in this order, with NotFound,
// with Denied to anybody else, with Conflict once it has been answered, cancelled or
// has expired, and with Denied when its sender could not invite like this any more.
func (s *Store) Accept(tx *database.Tx, token string, user directory.UserID, userEmail string) (Invitation, error) {
	row, err := byToken(&tx.ReadTx, token)
	if err != nil {
		return Invitation{}, err
	}
	hash, err := s.hashAddress(&tx.ReadTx, userEmail)
	if err != nil {
		return Invitation{}, err
	}
	if !bytes.Equal(hash, row.hash) {
		return Invitation{}, fault.Deniedf("this invitation was sent to another address than yours: sign in as the person it was sent to, or ask for a new one")
	}
	if err := row.checkPending(); err != nil {
		return Invitation{}, err
	}
	inviter, err := s.Held(&tx.ReadTx, row.SpaceID, row.InvitedBy)
	if err != nil {
		return Invitation{}, err
	}
	if mayInvite(inviter, row.Project, row.Role) != nil {
		return Invitation{}, fault.Deniedf("whoever sent this invitation may no longer invite as %s: ask somebody in the space for a new one", row.Role)
	}
	if err := admit(tx, row.Invitation, user); err != nil {
		return Invitation{}, err
	}
	return answer(tx, row.Invitation, Accepted)
}

func admit(tx *database.Tx, i Invitation, user directory.UserID) error {
	if i.Project == "" {
		return join(tx, i.SpaceID, user, i.Role, ofItsOwn)
	}
	held, err := directProjectRole(&tx.ReadTx, i.Project, user)
	if err != nil {
		return err
	}
	return enrol(tx, i.SpaceID, i.Project, user, morePermissive(held, i.Role))
}

// Decline answers no. Whoever holds the token can, signed in or not.
func (s *Store) Decline(tx *database.Tx, token string) (Invitation, error) {
	row, err := byToken(&tx.ReadTx, token)
	if err != nil {
		return Invitation{}, err
	}
	if err := row.checkPending(); err != nil {
		return Invitation{}, err
	}
	return answer(tx, row.Invitation, Declined)
}

// Cancel withdraws an invitation of the space that nobody has answered.
func (s *Store) Cancel(tx *database.Tx, id ID, invitation InvitationID) error {
	i, err := s.Invitation(&tx.ReadTx, id, invitation)
	if err != nil {
		return err
	}
	if err := i.checkPending(); err != nil {
		return err
	}
	_, err = answer(tx, i, Cancelled)
	return err
}

// closed says why an invitation in this state cannot be answered any more.
var closed = map[InvitationState]string{
	Accepted:  "the invitation has been accepted already",
	Declined:  "the invitation has been declined: ask for a new one",
	Cancelled: "the invitation has been cancelled: ask for a new one",
	Expired:   "the invitation has expired: ask for a new one",
}

func (i Invitation) checkPending() error {
	if i.State != Pending {
		return fault.Conflictf("%s", closed[i.State])
	}
	return nil
}

func answer(tx *database.Tx, i Invitation, state InvitationState) (Invitation, error) {
	i.State = state
	_, err := tx.Exec(`update invitations set state = $2, answered_at = $3 where id = $1`, i.ID, state, database.Time(tx.Now()))
	return i, err
}

// The steps below cancel what is pending without being asked to: replaced by a newer
// invitation, sent to somebody who was removed, leading into a project that is gone.

func cancelSame(tx *database.Tx, id ID, project ProjectID, address []byte) error {
	return cancelWhere(tx, `space_id = $3 and coalesce(project_id, '') = $4 and email_hash = $5`, id, project, address)
}

func cancelInvitationsTo(tx *database.Tx, id ID, user directory.UserID) error {
	return cancelWhere(tx, `space_id = $3 and email_hash = (select email_hash from users where id = $4)`, id, user)
}

func cancelInvitationsInto(tx *database.Tx, project ProjectID) error {
	return cancelWhere(tx, `project_id = $3`, project)
}

func cancelWhere(tx *database.Tx, condition string, args ...any) error {
	_, err := tx.Exec(`update invitations set state = $1, answered_at = $2 where state = 'pending' and `+condition,
		append([]any{Cancelled, database.Time(tx.Now())}, args...)...)
	return err
}

// emptyInvitations leaves of a space's invitations what the daily limits count: making
// and deleting spaces is no way round them. Without their tokens nobody can answer.
func emptyInvitations(tx *database.Tx, id ID) error {
	_, err := tx.Exec(`update invitations set email_sealed = null, token_hash = null where space_id = $1`, id)
	return err
}

// Sweep removes what is left of the invitations of deleted spaces once no limit
// counts it any more.
func (s *Store) Sweep(tx *database.Tx) error {
	_, err := tx.Exec(`delete from invitations where token_hash is null and created_at <= $1`, database.Time(tx.Now().Add(-day)))
	return err
}
