package console

import (
	"time"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/fault"
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

func (c *console) showTokens(v *visit) (any, error) {
	return c.ask.ListAccessTokens.ask(v, api.ListAccessTokensInput{Page: v.page("after")})
}

// createToken shows the secret in its own answer, because no other will have it:
// to be shown after a redirect it would have to be kept.
func (c *console) createToken(v *visit) (answer, error) {
	expires, err := v.day("expires")
	if err != nil {
		return answer{}, err
	}
	token, err := c.ask.CreateAccessToken.ask(v, api.CreateAccessTokenInput{Body: api.NewAccessToken{Name: v.typed("name"), ExpiresAt: expires}})
	return answer{template: "token-made", data: token}, err
}

// day is the end of a day that was typed, nil when none was.
func (v *visit) day(field string) (*time.Time, error) {
	typed := v.typed(field)
	if typed == "" {
		return nil, nil
	}
	day, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		return nil, fault.Invalidf("%.20q is not a day such as 2027-12-31", typed)
	}
	day = day.AddDate(0, 0, 1)
	return &day, nil
}

func (c *console) deleteToken(v *visit) (answer, error) {
	_, err := c.ask.DeleteAccessToken.ask(v, api.DeleteAccessTokenInput{ID: v.typed("of")})
	return v.here("token-deleted", err)
}
