package console

import (
	"github.com/sallyport/sallyport/api"
)

// The invited answer on a page of their own, signed in or not; who invites does
// it on the page of the space or project.

func (v *visit) invitation() api.AnswerInvitationInput {
	return api.AnswerInvitationInput{Body: api.InvitationToken{Token: v.asks("token")}}
}

func (c *console) showInvitation(v *visit) (any, error) {
	return c.ask.DescribeInvitation.ask(v, v.invitation())
}

func (c *console) acceptInvitation(v *visit) (answer, error) {
	offer, err := c.ask.AcceptInvitation.ask(v, v.invitation())
	if err != nil {
		return answer{}, err
	}
	if offer.Project != "" {
		return goTo(projectPath(offer.Space, offer.Project), "done", "joined"), nil
	}
	return goTo(spacePath(offer.Space), "done", "joined"), nil
}

// declineInvitation leads back to the page, which says what became of it.
func (c *console) declineInvitation(v *visit) (answer, error) {
	if _, err := c.ask.DeclineInvitation.ask(v, v.invitation()); err != nil {
		return answer{}, err
	}
	return answer{location: v.URL.RequestURI()}, nil
}

func (c *console) inviteToSpace(v *visit) (answer, error) {
	_, err := c.ask.InviteToSpace.ask(v, api.InviteToSpaceInput{
		Space: v.PathValue("space"), Body: api.NewSpaceInvitation{Email: v.typed("email"), Role: api.SpaceRole(v.typed("role"))}})
	return v.here("invited", err)
}

func (c *console) cancelInvitation(v *visit) (answer, error) {
	_, err := c.ask.CancelInvitation.ask(v, api.CancelInvitationInput{Space: v.PathValue("space"), ID: v.typed("of")})
	return v.here("invitation-cancelled", err)
}

func (c *console) inviteToProject(v *visit) (answer, error) {
	_, err := c.ask.InviteToProject.ask(v, api.InviteToProjectInput{
		Space: v.PathValue("space"), Project: v.PathValue("project"),
		Body: api.NewProjectInvitation{Email: v.typed("email"), Role: api.ProjectRole(v.typed("role"))}})
	return v.here("invited", err)
}

func (c *console) cancelProjectInvitation(v *visit) (answer, error) {
	_, err := c.ask.CancelProjectInvitation.ask(v, api.CancelProjectInvitationInput{Space: v.PathValue("space"), Project: v.PathValue("project"), ID: v.typed("of")})
	return v.here("invitation-cancelled", err)
}
