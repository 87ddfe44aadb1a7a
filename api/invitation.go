package api

import (
	"fmt"
	"net/url"
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// Invitation offers somebody a role in a space or project. What lets them in is a
// token that the mailed link alone carries.
type Invitation struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Project   string    `json:"project,omitempty" doc:"Name of the project; absent when the invitation is to the space alone"`
	Role      string    `json:"role" doc:"Of the project if there is one, else of the space"`
	State     string    `json:"state" enum:"pending,accepted,declined,cancelled,expired"`
	InvitedBy string    `json:"invitedBy" doc:"Alias"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// InviteToSpaceInput invites somebody to a space.
type InviteToSpaceInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Body  NewSpaceInvitation
}

// NewSpaceInvitation is what inviting to a space takes.
type NewSpaceInvitation struct {
	Email string    `json:"email"`
	Role  SpaceRole `json:"role"`
}

// InviteToProjectInput invites somebody to a project.
type InviteToProjectInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Body    NewProjectInvitation
}

// NewProjectInvitation is what inviting to a project takes.
type NewProjectInvitation struct {
	Email string      `json:"email"`
	Role  ProjectRole `json:"role"`
}

// ListInvitationsInput asks for every invitation of a space.
type ListInvitationsInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Page
}

// ListProjectInvitationsInput asks for the invitations to a project.
type ListProjectInvitationsInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	Page
}

// CancelInvitationInput withdraws an invitation of a space.
type CancelInvitationInput struct {
	Space string `path:"space" doc:"Name of the space"`
	ID    string `path:"id" doc:"Of the invitation"`
}

// CancelProjectInvitationInput withdraws an invitation to a project.
type CancelProjectInvitationInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Project string `path:"project" doc:"Name of the project"`
	ID      string `path:"id" doc:"Of the invitation"`
}

// AnswerInvitationInput names an invitation by its token.
type AnswerInvitationInput struct{ Body InvitationToken }

// InvitationToken is what the mailed link carries.
type InvitationToken struct {
	Token string `json:"token"`
}

// Offer is an invitation as whoever holds its token sees it.
type Offer struct {
	Space     string    `json:"space"`
	Project   string    `json:"project,omitempty"`
	Role      string    `json:"role"`
	InvitedBy string    `json:"invitedBy" doc:"Alias"`
	State     string    `json:"state" enum:"pending,accepted,declined,cancelled,expired"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func (a *API) invitationRoutes() []route {
	toSpace, toProject := authz.Space(role.InviteToSpace, "{Space}"), authz.Space(role.InviteToProject, "{Space}/{Project}")
	return []route{
		create("InviteToSpace", "POST "+inSpace+"/invitations", "Mail somebody an invitation to a space", a.inviteToSpace, toSpace),
		read("ListInvitations", "GET "+inSpace+"/invitations", "Every invitation of a space, the latest first", a.listInvitations, toSpace),
		write("CancelInvitation", "DELETE "+inSpace+"/invitations/{id}", "Withdraw an invitation nobody has answered", a.cancelInvitation, toSpace),

		create("InviteToProject", "POST "+inProject+"/invitations", "Mail somebody an invitation to a project", a.inviteToProject, toProject),
		read("ListProjectInvitations", "GET "+inProject+"/invitations", "The invitations to a project, the latest first", a.listProjectInvitations, toProject),
		write("CancelProjectInvitation", "DELETE "+inProject+"/invitations/{id}", "Withdraw an invitation to a project nobody has answered", a.cancelProjectInvitation, toProject),

		read("DescribeInvitation", "POST /invitations/describe", "What an invitation offers", a.describeInvitation, authz.Public(), operation.Limit(60)),
		write("AcceptInvitation", "POST /invitations/accept", "Accept an invitation sent to your address", a.acceptInvitation, authz.SignedIn(), operation.Limit(60)),
		write("DeclineInvitation", "POST /invitations/decline", "Decline an invitation; its sender is told", a.declineInvitation, authz.Public(), operation.Limit(60)),
	}
}

func (a *API) inviteToSpace(c *operation.Command, in *InviteToSpaceInput) (*Invitation, error) {
	r, err := in.Body.Role.parse()
	if err != nil {
		return nil, err
	}
	return a.invite(c, space.NewInvitation{Email: in.Body.Email, Role: r})
}

func (a *API) inviteToProject(c *operation.Command, in *InviteToProjectInput) (*Invitation, error) {
	r, err := in.Body.Role.parse()
	if err != nil {
		return nil, err
	}
	return a.invite(c, space.NewInvitation{Email: in.Body.Email, Role: r, Project: &c.Grant.Project.ID})
}

func (a *API) invite(c *operation.Command, n space.NewInvitation) (*Invitation, error) {
	invitation, token, err := a.Spaces.Invite(c.Tx, c.Grant.Space.ID, c.Caller.UserID, c.Grant.Held, n)
	if err != nil {
		return nil, err
	}
	inviter, err := a.Directory.User(c.Tx.Reading(), c.Caller.UserID)
	if err != nil {
		return nil, err
	}
	if err := a.Mail.Enqueue(c.Tx, a.Jobs, a.invitationMail(invitation, inviter, token)); err != nil {
		return nil, err
	}
	shown, err := a.invitationsShown(c.Tx.Reading(), []space.Invitation{invitation})
	if err != nil {
		return nil, err
	}
	return &shown[0], nil
}

// invitationMail names the inviter by alias alone: a display name, chosen freely, would
// say in our mail whatever its owner likes to whomever they like.
func (a *API) invitationMail(i space.Invitation, inviter directory.User, token string) mail.Message {
	return mail.Message{
		To:      i.Email,
		Subject: fmt.Sprintf("%s invites you to %s", inviter.Alias, place(i)),
		Text: fmt.Sprintf(`%s invites you to %s on Sallyport, as %s.

Accept or decline here, until %s:

%s/invitation?token=%s

The invitation is for this address alone. If you do not know what this is about, do nothing.
`, inviter.Alias, place(i), i.Role, i.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC"), a.PublicURL, url.QueryEscape(token)),
	}
}

// place is where an invitation leads to, for people.
func place(i space.Invitation) string {
	if i.Project != "" {
		return fmt.Sprintf("the project %s in the space %s", i.ProjectName, i.SpaceName)
	}
	return "the space " + i.SpaceName
}

func (a *API) listInvitations(q *operation.Query, in *ListInvitationsInput) (*List[Invitation], error) {
	return a.invitations(q, space.InvitationFilter{}, in.Page)
}

func (a *API) listProjectInvitations(q *operation.Query, in *ListProjectInvitationsInput) (*List[Invitation], error) {
	return a.invitations(q, space.InvitationFilter{Project: q.Grant.Project.ID}, in.Page)
}

func (a *API) invitations(q *operation.Query, filter space.InvitationFilter, p Page) (*List[Invitation], error) {
	return list(p, func(p space.Page) ([]space.Invitation, error) {
		return a.Spaces.Invitations(q.Tx, q.Grant.Space.ID, filter, p)
	}, func(i space.Invitation) string { return string(i.ID) }, func(invitations []space.Invitation) ([]Invitation, error) {
		return a.invitationsShown(q.Tx, invitations)
	})
}

func (a *API) invitationsShown(tx *database.ReadTx, invitations []space.Invitation) ([]Invitation, error) {
	people, err := peopleOf(a, tx, invitations, func(i space.Invitation) directory.UserID { return i.InvitedBy })
	return translate(invitations, func(i space.Invitation) Invitation {
		return Invitation{
			ID: string(i.ID), Email: i.Email, Project: i.ProjectName, Role: i.Role.Name(), State: string(i.State),
			InvitedBy: people[i.InvitedBy].Alias, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
		}
	}), err
}

func (a *API) cancelInvitation(c *operation.Command, in *CancelInvitationInput) (*Empty, error) {
	return &Empty{}, a.Spaces.Cancel(c.Tx, c.Grant.Space.ID, space.InvitationID(in.ID))
}

func (a *API) cancelProjectInvitation(c *operation.Command, in *CancelProjectInvitationInput) (*Empty, error) {
	id := space.InvitationID(in.ID)
	invitation, err := a.Spaces.Invitation(c.Tx.Reading(), c.Grant.Space.ID, id)
	if err != nil {
		return nil, err
	}
	if invitation.Project != c.Grant.Project.ID {
		return nil, fault.NotFoundf("no invitation %.100s to the project", in.ID)
	}
	return &Empty{}, a.Spaces.Cancel(c.Tx, c.Grant.Space.ID, id)
}

func (a *API) describeInvitation(q *operation.Query, in *AnswerInvitationInput) (*Offer, error) {
	invitation, err := a.Spaces.InvitationByToken(q.Tx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return a.offer(q.Tx, invitation)
}

func (a *API) acceptInvitation(c *operation.Command, in *AnswerInvitationInput) (*Offer, error) {
	user, err := a.Directory.User(c.Tx.Reading(), c.Caller.UserID)
	if err != nil {
		return nil, err
	}
	invitation, err := a.Spaces.Accept(c.Tx, in.Body.Token, user.ID, user.Email)
	if err != nil {
		return nil, err
	}
	c.RecordIn(seal.Space(string(invitation.SpaceID)))
	return a.offer(c.Tx.Reading(), invitation)
}

func (a *API) declineInvitation(c *operation.Command, in *AnswerInvitationInput) (*Offer, error) {
	invitation, err := a.Spaces.Decline(c.Tx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	c.RecordIn(seal.Space(string(invitation.SpaceID)))
	if err := a.tellDeclined(c.Tx, invitation); err != nil {
		return nil, err
	}
	return a.offer(c.Tx.Reading(), invitation)
}

// tellDeclined writes to whoever sent the invitation, if they are still there.
func (a *API) tellDeclined(tx *database.Tx, declined space.Invitation) error {
	inviter, err := a.Directory.User(tx.Reading(), declined.InvitedBy)
	if err != nil || inviter.State != directory.Active {
		return err
	}
	// Found by its token, it does not tell the address; whoever sent it may know.
	invitation, err := a.Spaces.Invitation(tx.Reading(), declined.SpaceID, declined.ID)
	if err != nil {
		return err
	}
	return a.Mail.Enqueue(tx, a.Jobs, mail.Message{
		To:      inviter.Email,
		Subject: fmt.Sprintf("Your invitation to %s was declined", place(invitation)),
		Text:    fmt.Sprintf("Your invitation of %s to %s, as %s, was declined.\n", invitation.Email, place(invitation), invitation.Role),
	})
}

func (a *API) offer(tx *database.ReadTx, i space.Invitation) (*Offer, error) {
	inviter, err := a.Directory.User(tx, i.InvitedBy)
	return &Offer{
		Space: i.SpaceName, Project: i.ProjectName, Role: i.Role.Name(), InvitedBy: inviter.Alias, State: string(i.State), ExpiresAt: i.ExpiresAt,
	}, err
}
