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
	if err := s.logins.admit(in.Login, time.Now()); err != nil {
		return err
	}
	err := view(func(tx *database.ReadTx) (err error) {
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
	if in.right, err = credential.Verify(c.Context, in.hash, in.Password); err != nil || !in.right {
		return err
	}
	s.logins.succeeded(in.Login)
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
type ChangePasswordInput struct {
	Password    string // the present one
	NewPassword string

	old, hash string
}

func (s *SignIn) prepareChange(c *operation.Call, view operation.View, in *ChangePasswordInput) error {
	if err := s.logins.admit(c.Caller.Alias, time.Now()); err != nil {
		return err
	}
	var user directory.User
	err := view(func(tx *database.ReadTx) (err error) {
		if user, err = s.Directory.User(tx, c.Caller.UserID); err != nil {
			return err
		}
		in.old, err = s.Directory.Password(tx, user.ID)
		return err
	})
	if err != nil {
		return err
	}
	right, err := credential.Verify(c.Context, in.old, in.Password)
	if err != nil {
		return err
	}
	if !right {
		return fault.Deniedf("the present password is wrong")
	}
	s.logins.succeeded(c.Caller.Alias)
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

// StartPasswordResetInput asks for a code with which a forgotten password can
// be replaced.
type StartPasswordResetInput struct{ Email string }

func (s *SignIn) startReset(c *operation.Command, in *StartPasswordResetInput) (*Verification, error) {
	verification, code, err := s.Credentials.StartVerification(c.Tx, in.Email)
	if err != nil {
		return nil, err
	}
	message := mail.Message{To: verification.Email, Subject: code + " is your Sallyport code",
		Text: fmt.Sprintf("Somebody, you we hope, asked to replace the password of your Sallyport account.\n\nYour code is %s. It is good for ten minutes.\n\nIf it was not you, do nothing: without the code nothing happens.\n", code)}
	_, err = s.Directory.UserByEmail(c.Tx.Reading(), in.Email)
	switch {
	case fault.Is(err, fault.NotFound):
		message.Subject = "There is no Sallyport account for this address"
		message.Text = fmt.Sprintf("Somebody, you we hope, asked to replace the password of a Sallyport account with this address. There is none.\n\nSign up at %s/sign-up.\n", s.PublicURL)
	case err != nil:
		return nil, err
	}
	return &Verification{ID: string(verification.ID)}, s.send(c.Tx, message)
}

// ResetPasswordInput replaces a forgotten password. Every session of the user
// ends but the one it begins.
type ResetPasswordInput struct {
	ID          string // of the verification
	Code        string
	NewPassword string

	hash string
}

func (s *SignIn) prepareReset(c *operation.Call, _ operation.View, in *ResetPasswordInput) (err error) {
	in.hash, err = newPassword(c.Context, in.NewPassword, "", "", "")
	return err
}

func (s *SignIn) reset(c *operation.Command, in *ResetPasswordInput) (*Session, error) {
	id := credential.VerificationID(in.ID)
	if _, err := s.Credentials.Verify(c.Tx, id, in.Code); err != nil {
		return nil, err
	}
	email, err := s.Credentials.Consume(c.Tx, id)
	if err != nil {
		return nil, err
	}
	user, err := s.Directory.UserByEmail(c.Tx.Reading(), email)
	if err != nil {
		return nil, err
	}
	if err := s.setPassword(c, user.ID, in.hash, ""); err != nil {
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
	// A user who is the last Space administrator of a space cannot leave it alone.
	if err := s.Spaces.RemoveUserEverywhere(c.Tx, c.Caller.UserID); err != nil {
		return nil, err
	}
	if err := s.Credentials.Forget(c.Tx, c.Caller.UserID); err != nil {
		return nil, err
	}
	return &Empty{}, s.Directory.Delete(c.Tx, c.Caller.UserID)
}
