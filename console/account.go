package console

import (
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/signin"
)

// What is one's own: profile, sessions, personal access tokens.

func (c *console) showProfile(v *visit) (any, error) { return c.ask.GetProfile.ask(v, api.Empty{}) }

func (c *console) rename(v *visit) (answer, error) {
	name := v.typed("name")
	_, err := c.ask.UpdateProfile.ask(v, api.UpdateProfileInput{Body: api.ProfilePatch{DisplayName: &name}})
	return v.here("renamed", err)
}

func (c *console) changePassword(v *visit) (answer, error) {
	_, err := c.ask.ChangePassword.ask(v, signin.ChangePasswordInput{Password: v.typed("present"), NewPassword: v.typed("password")})
	return v.here("password-changed", err)
}

func (c *console) deleteAccount(v *visit) (answer, error) {
	if _, err := c.ask.DeleteAccount.ask(v, signin.DeleteAccountInput{Alias: v.typed("alias")}); err != nil {
		return answer{}, err
	}
	v.end()
	return goTo("/sign-in", "done", "account-deleted"), nil
}

func (c *console) showSessions(v *visit) (any, error) { return c.ask.ListSessions.ask(v, api.Empty{}) }

func (c *console) endSession(v *visit) (answer, error) {
	_, err := c.ask.EndSession.ask(v, api.EndSessionInput{ID: v.typed("of")})
	return v.here("session-ended", err)
}

func (c *console) endOtherSessions(v *visit) (answer, error) {
	_, err := c.ask.EndOtherSessions.ask(v, api.Empty{})
	return v.here("others-ended", err)
}
