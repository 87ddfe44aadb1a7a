package signin

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// SignInInput names an account by alias or e-mail address.
type SignInInput struct {
	Login    string
	Password string

	user  directory.User
	hash  string // what the password was checked against
	right bool
	newer string // the same password hashed anew, when the parameters have changed
}

// prepareSignIn checks the password. An account that is not there takes the
// same time.
func (s *SignIn) prepareSignIn(c *operation.Call, view operation.View, in *SignInInput) error {
	var now time.Time
	err := view(func(tx *database.ReadTx) (err error) {
		now = tx.Now()
		in.user, err = s.byLogin(tx, in.Login)
		if err == nil {
			in.hash, err = s.Directory.Password(tx, in.user.ID)
		}
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	account := accountOf(in.user, in.Login)
	if err := s.attempts.signIn(account, c.Request.Address, now); err != nil {
		return err
	}
	if in.right, err = credential.Verify(c.Context, in.hash, in.Password); err != nil || !in.right {
		return err
	}
	s.attempts.signedIn(account, c.Request.Address)
	if credential.NeedsRehash(in.hash) {
		in.newer, err = credential.Hash(c.Context, in.Password)
	}
	return err
}

func (s *SignIn) byLogin(tx *database.ReadTx, login string) (directory.User, error) {
	login = strings.TrimSpace(login)
	if strings.Contains(login, "@") {
		return s.Directory.UserByEmail(tx, login)
	}
	return s.Directory.UserByAlias(tx, login)
}

func (s *SignIn) signIn(c *operation.Command, in *SignInInput) (*Session, error) {
	wrong := fault.Unauthenticatedf("the name or the password is wrong")
	if !in.right {
		return nil, wrong
	}
	// The password may have been changed, or the user disabled, since it was checked.
	now, err := s.Directory.User(c.Tx.Reading(), in.user.ID)
	if err != nil {
		return nil, err
	}
	hash, err := s.Directory.Password(c.Tx.Reading(), now.ID)
	switch {
	case err != nil:
		return nil, err
	case now.State != directory.Active || hash != in.hash:
		return nil, wrong
	}
	if in.newer != "" {
		if err := s.Directory.SetPassword(c.Tx, now.ID, in.newer); err != nil {
			return nil, err
		}
	}
	// Whoever signs in again in the same browser leaves the session before.
	if c.Caller.Known() {
		if err := s.Credentials.EndSession(c.Tx, c.Caller.UserID, c.Caller.SessionID); err != nil {
			return nil, err
		}
	}
	return s.begin(c, now)
}

func (s *SignIn) signOut(c *operation.Command, _ *Empty) (*Empty, error) {
	return &Empty{}, s.Credentials.EndSession(c.Tx, c.Caller.UserID, c.Caller.SessionID)
}

// ChangePasswordInput replaces a password. Every other session of the user ends.
// Personal access tokens stay: the caller knows the password and sees them.
type ChangePasswordInput struct {
	Password    string // the present one
	NewPassword string

	old, hash string
}

func (s *SignIn) prepareChange(c *operation.Call, view operation.View, in *ChangePasswordInput) error {
	var user directory.User
	var now time.Time
	err := view(func(tx *database.ReadTx) (err error) {
		now = tx.Now()
		if user, err = s.Directory.User(tx, c.Caller.UserID); err != nil {
			return err
		}
		in.old, err = s.Directory.Password(tx, user.ID)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.attempts.change(string(c.Caller.UserID), string(c.Caller.SessionID), now); err != nil {
		return err
	}
	right, err := credential.Verify(c.Context, in.old, in.Password)
	if err != nil {
		return err
	}
	if !right {
		return fault.Deniedf("the present password is wrong")
	}
	in.hash, err = newPassword(c.Context, in.NewPassword, user.Alias, user.Email, user.DisplayName)
	return err
}

func (s *SignIn) changePassword(c *operation.Command, in *ChangePasswordInput) (*Empty, error) {
	hash, err := s.Directory.Password(c.Tx.Reading(), c.Caller.UserID)
	if err != nil {
		return nil, err
	}
	if hash != in.old {
		return nil, fault.Conflictf("the password was changed by somebody else a moment ago: try again with the new one")
	}
	return &Empty{}, s.setPassword(c, c.Caller.UserID, in.hash, c.Caller.SessionID)
}

// StartPasswordResetInput asks for a link with which a forgotten password can
// be replaced.
type StartPasswordResetInput struct{ Email string }

func (s *SignIn) startReset(c *operation.Command, in *StartPasswordResetInput) (*Empty, error) {
	verification, token, err := s.Credentials.StartReset(c.Tx, in.Email)
	if err != nil {
		return nil, err
	}
	message := mail.Message{To: verification.Email, Subject: "Choose a new password for Sallyport",
		Text: fmt.Sprintf("Somebody, you we hope, asked to replace the password of your Sallyport account.\n\nChoose a new one at\n%s/reset?token=%s\n\nThe link is good once, for fifteen minutes. If it was not you, do nothing: without the link nothing happens.\n", s.PublicURL, token)}
	_, err = s.Directory.UserByEmail(c.Tx.Reading(), in.Email)
	switch {
	case fault.Is(err, fault.NotFound):
		message.Subject = "There is no Sallyport account for this address"
		message.Text = fmt.Sprintf("Somebody, you we hope, asked to replace the password of a Sallyport account with this address. There is none.\n\nSign up at %s/sign-up.\n", s.PublicURL)
	case err != nil:
		return nil, err
	}
	return &Empty{}, s.send(c.Tx, message)
}

// ResetPasswordInput replaces a forgotten password. Every session of the user
// ends but the one it begins, and every personal access token is deleted:
// somebody else may have had the account.
type ResetPasswordInput struct {
	Token       string // of the mailed link
	NewPassword string

	hash string
}

// prepareReset looks at the token first: strangers get nothing hashed.
func (s *SignIn) prepareReset(c *operation.Call, view operation.View, in *ResetPasswordInput) error {
	var user directory.User
	err := view(func(tx *database.ReadTx) error {
		email, err := s.Credentials.ResetEmail(tx, in.Token)
		if err != nil {
			return err
		}
		user, err = s.Directory.UserByEmail(tx, email)
		return err
	})
	if err != nil {
		return err
	}
	in.hash, err = newPassword(c.Context, in.NewPassword, user.Alias, user.Email, user.DisplayName)
	return err
}

func (s *SignIn) reset(c *operation.Command, in *ResetPasswordInput) (*Session, error) {
	email, err := s.Credentials.ConsumeReset(c.Tx, in.Token)
	if err != nil {
		return nil, err
	}
	user, err := s.Directory.UserByEmail(c.Tx.Reading(), email)
	if err != nil {
		return nil, err
	}
	if user.State != directory.Active {
		return nil, fault.Deniedf("the account is disabled: ask whoever runs this Sallyport")
	}
	if err := s.setPassword(c, user.ID, in.hash, ""); err != nil {
		return nil, err
	}
	if err := s.Credentials.DeleteAccessTokens(c.Tx, user.ID); err != nil {
		return nil, err
	}
	return s.begin(c, user)
}

func (s *SignIn) setPassword(c *operation.Command, user directory.UserID, hash string, keep credential.SessionID) error {
	if err := s.Directory.SetPassword(c.Tx, user, hash); err != nil {
		return err
	}
	return s.Credentials.EndSessions(c.Tx, user, keep)
}

// DeleteAccountInput ends the caller's account for good. It takes a password
// given a short while ago, and the alias, typed out.
type DeleteAccountInput struct{ Alias string }

func (s *SignIn) deleteAccount(c *operation.Command, in *DeleteAccountInput) (*Empty, error) {
	if err := fresh(c); err != nil {
		return nil, err
	}
	if in.Alias != c.Caller.Alias {
		return nil, fault.Invalidf("type your alias, %s, to confirm", c.Caller.Alias)
	}
	left, err := s.Spaces.List(c.Tx.Reading(), c.Caller.UserID, space.Page{})
	if err != nil {
		return nil, err
	}
	logs := []seal.Scope{seal.Directory}
	for _, of := range left {
		logs = append(logs, seal.Space(string(of.ID)))
	}
	c.RecordIn(logs...)
	// A user who is the last Space administrator of a space cannot leave it alone.
	if err := s.Spaces.RemoveUserEverywhere(c.Tx, c.Caller.UserID); err != nil {
		return nil, err
	}
	if err := s.Credentials.Forget(c.Tx, c.Caller.UserID); err != nil {
		return nil, err
	}
	return &Empty{}, s.Directory.Delete(c.Tx, c.Caller.UserID)
}
