package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sallyport/sallyport/server"
)

// TestPortalStory is somebody's first day with AWS accounts.
func TestPortalStory(t *testing.T) {
	browser := startChromium(t)
	s := start(t, server.Config{})
	c := newCompany(t, s)
	c.assign("Shop, production", "Reader", "Administrator")
	c.assign("Shop, test", "Administrator")
	sam := browser.person(t, s.URL())

	sam.open("/start")
	sam.isAt("/sign-in")
	sam.sees("Sign in to AWS accounts", string(c.in.Store))
	sam.fill("sign-in", "login", "sam", "password", given)
	sam.sees("Choose your password", "good once")
	sam.fill("choose", "given", given, "password", chosen)
	sam.isAt("/start")
	sam.sees("Shop, production", "Administrator", "Reader", "Sign out everywhere")
	sam.leave("ask for credentials", chromedp.Click(chromedp.Search(`//li[h2="Shop, production"]//button[starts-with(., "Reader")]`)))
	sam.sees("Reader in Shop, production", "not shown again", "PowerShell")
	sam.leave("go back", chromedp.Click(chromedp.Search(`//a[.="Back to my accounts"]`)))
	sam.isAt("/start")

	cli := newProgram(t, s.URL(), "aws-cli on sam's laptop", grantDevice, "refresh_token")
	deviceCode, userCode := cli.startDevice()
	sam.open("/device?user_code=" + userCode)
	sam.sees("aws-cli on sam's laptop", "get credentials for them")
	sam.press("approve")
	sam.isAt("/device/approved")
	cli.token(200, grantDevice, "deviceCode", deviceCode)

	sam.open("/tokens")
	sam.sees("Not allowed", "not for users of an identity store")
	sam.open("/start")
	sam.press("sign-out-everywhere")
	sam.isAt("/sign-in")
	sam.sees("signed out everywhere")
}
