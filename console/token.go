package console

import (
	"cmp"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
)

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
	token, err := c.ask.CreateAccessToken.ask(v, api.CreateAccessTokenInput{Body: api.NewAccessToken{
		Name: v.typed("name"), ExpiresAt: expires, Space: v.typed("space"), Project: v.typed("project"), Repository: v.typed("repository"),
		ReadOnly: v.typed("access") == "read",
	}})
	return answer{template: "token-made", data: token}, err
}

// rotateToken replaces a token, with the overlap that the form tells of.
func (c *console) rotateToken(v *visit) (answer, error) {
	token, err := c.ask.RotateAccessToken.ask(v, api.RotateAccessTokenInput{ID: v.typed("of")})
	return answer{template: "token-made", data: token}, err
}

func (c *console) deleteToken(v *visit) (answer, error) {
	_, err := c.ask.DeleteAccessToken.ask(v, api.DeleteAccessTokenInput{ID: v.typed("of")})
	return v.here("token-deleted", err)
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

// spaceTokensPage is the tokens that reach a space.
type spaceTokensPage struct {
	*api.Space
	May    may
	Tokens *api.List[api.SpaceToken]
}

func (c *console) showSpaceTokens(v *visit) (any, error) {
	name := v.PathValue("space")
	tokens, err := c.ask.ListSpaceTokens.ask(v, api.ListSpaceTokensInput{Space: name, Page: v.page("after")})
	if err != nil {
		return nil, err
	}
	page := spaceTokensPage{Tokens: tokens}
	if page.Space, err = c.ask.GetSpace.ask(v, api.GetSpaceInput{Space: name}); err != nil {
		return nil, err
	}
	page.May, err = c.may(v, role.LimitSpaceTokens)
	return page, err
}

func (c *console) shutOutToken(v *visit) (answer, error) {
	_, err := c.ask.ShutOutToken.ask(v, api.SpaceTokenInput{Space: v.PathValue("space"), ID: v.typed("of")})
	return v.here("token-shut-out", err)
}

func (c *console) readmitToken(v *visit) (answer, error) {
	_, err := c.ask.ReadmitToken.ask(v, api.SpaceTokenInput{Space: v.PathValue("space"), ID: v.typed("of")})
	return v.here("token-readmitted", err)
}

func (c *console) limitTokens(v *visit) (answer, error) {
	days, err := strconv.Atoi(cmp.Or(v.typed("days"), "0"))
	if err != nil {
		return answer{}, fault.Invalidf("%.20q is not a number of days", v.typed("days"))
	}
	_, err = c.ask.LimitTokens.ask(v, api.LimitTokensInput{Space: v.PathValue("space"), Body: api.TokenLimit{Days: days}})
	return v.here("tokens-limited", err)
}

// reach is what a token is limited to, for people.
func reach(s api.TokenScope) string {
	text := cmp.Or(s.Path, "everything")
	if s.ReadOnly {
		text += ", read only"
	}
	return text
}
