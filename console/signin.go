package console

import (
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/signin"
)

// Coming in: the first user, signing up, signing in and out, a forgotten password.

// showOpen shows what strangers may see: whether there is a first user. Asking
// finds out who is there, if it is no stranger.
func (c *console) showOpen(v *visit) (any, error) { return c.ask.SetupState.ask(v, signin.Empty{}) }

func (c *console) setup(v *visit) (answer, error) {
	session, err := c.ask.Setup.ask(v, signin.SetupInput{
		Token: v.asks("token"), Alias: v.typed("alias"), Email: v.typed("email"), DisplayName: v.typed("name"), Password: v.typed("password"),
	})
	if err != nil {
		return answer{}, err
	}
	v.begin(session)
	return goTo("/spaces"), nil
}

// signUp mails a code. It is also how another one is sent.
func (c *console) signUp(v *visit) (answer, error) {
	verification, err := c.ask.StartSignUp.ask(v, signin.StartSignUpInput{Email: v.typed("email"), Invitation: v.asks("invitation")})
	if err != nil {
		return answer{}, err
	}
	return v.onward("/verify", "id", verification.ID), nil
}

func (c *console) verify(v *visit) (answer, error) {
	verification, err := c.ask.VerifyEmail.ask(v, signin.VerifyEmailInput{ID: v.asks("id"), Code: v.code()})
	if err != nil {
		return answer{}, err
	}
	return v.onward("/welcome", "id", verification.ID), nil
}

func (c *console) completeSignUp(v *visit) (answer, error) {
	session, err := c.ask.CompleteSignUp.ask(v, signin.CompleteSignUpInput{
		ID: v.asks("id"), Alias: v.typed("alias"), DisplayName: v.typed("name"), Password: v.typed("password"),
	})
	if err != nil {
		return answer{}, err
	}
	v.begin(session)
	if token := v.asks("invitation"); token != "" {
		return goTo("/invitation", "token", token), nil
	}
	return answer{location: localPath(v.asks("next"))}, nil
}

// signInPage is a sign-in page, that of an identity store or of Builder ID users.
type signInPage struct {
	*signin.DescribeSignInOutput
	Store string // empty: Builder ID users
}

func (c *console) showSignIn(v *visit) (any, error) {
	doors, err := c.ask.DescribeSignIn.ask(v, signin.DescribeSignInInput{})
	return signInPage{doors, v.asks("store")}, err
}

func (c *console) signIn(v *visit) (answer, error) {
	session, err := c.ask.SignIn.ask(v, signin.SignInInput{Store: v.asks("store"), Login: v.typed("login"), Password: v.typed("password")})
	if fault.HasReason(err, signin.ReasonFirstPassword) {
		return answer{template: "first-password", data: firstPasswordPage{v.asks("store"), v.typed("login")}}, nil
	}
	if err != nil {
		return answer{}, err
	}
	v.begin(session)
	return v.comeIn(), nil
}

// comeIn goes on to where somebody wanted to sign in for.
func (v *visit) comeIn() answer {
	if v.asks("next") == "" && v.asks("store") != "" {
		return answer{location: portalPath}
	}
	return answer{location: localPath(v.asks("next"))}
}

// firstPasswordPage asks for the password that was given once more: no page gives one
// back.
type firstPasswordPage struct{ Store, Login string }

func (c *console) showFirstPassword(v *visit) (any, error) {
	_, err := c.showOpen(v)
	return firstPasswordPage{Store: v.asks("store")}, err
}

func (c *console) firstPassword(v *visit) (answer, error) {
	session, err := c.ask.FirstPassword.ask(v, signin.FirstPasswordInput{
		Store: v.asks("store"), Login: v.typed("login"), Password: v.typed("given"), NewPassword: v.typed("password"),
	})
	if err != nil {
		return answer{}, err
	}
	v.begin(session)
	return v.comeIn(), nil
}

// signOut takes the cookie back also when its session has ended before.
func (c *console) signOut(v *visit) (answer, error) {
	_, err := c.ask.SignOut.ask(v, signin.Empty{})
	if err != nil && !v.mustSignIn(err) {
		return answer{}, err
	}
	v.end()
	return goTo("/sign-in", "done", "signed-out"), nil
}

// forgot mails a link. Where it leads on to afterwards is not in it: it may be
// opened in another browser.
func (c *console) forgot(v *visit) (answer, error) {
	_, err := c.ask.StartPasswordReset.ask(v, signin.StartPasswordResetInput{Email: v.typed("email")})
	return v.onward("/forgot", "done", "link-mailed"), err
}

func (c *console) reset(v *visit) (answer, error) {
	session, err := c.ask.ResetPassword.ask(v, signin.ResetPasswordInput{Token: v.typed("token"), NewPassword: v.typed("password")})
	if err != nil {
		return answer{}, err
	}
	v.begin(session)
	return goTo("/"), nil
}
