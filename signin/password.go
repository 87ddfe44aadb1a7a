package signin

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// SignInInput names a Builder ID user by alias or e-mail address, or a user of an
// identity store by user name.
type SignInInput struct {
	Store    string // the identity store's id; empty: a Builder ID user
	Login    string
	Password string

	proof
}

// proof is a password that was checked.
type proof struct {
	user  directory.User
	held  directory.Password // what it was checked against
	right bool
	newer string // the same password hashed anew, when the parameters have changed
}

// prove checks a password. An account that is not there takes the same time.
func (s *SignIn) prove(c *operation.Call, view operation.View, store, login, password string) (p proof, err error) {
	var now time.Time
	err = view(func(tx *database.ReadTx) (err error) {
		now = tx.Now()
		p.user, err = s.byLogin(tx, identitycenter.StoreID(store), strings.TrimSpace(login))
		if err == nil {
			p.held, err = s.Directory.Password(tx, p.user.ID)
		}
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return p, err
	}
	account := accountOf(p.user, store, login)
	if err := s.attempts.signIn(account, c.Request.Address, now); err != nil {
		return p, err
	}
	if p.right, err = credential.Verify(c.Context, p.held.Hash, password); err != nil || !p.right {
		return p, err
	}
	s.attempts.signedIn(account, c.Request.Address)
	return p, nil
}

func (s *SignIn) byLogin(tx *database.ReadTx, store identitycenter.StoreID, login string) (directory.User, error) {
	switch {
	case store != "":
		in, err := s.Centers.InstanceByStore(tx, store)
		if err != nil {
			return directory.User{}, err
		}
		user, err := s.Centers.UserByName(tx, in, login)
		if err != nil {
			return directory.User{}, err
		}
		return s.Directory.User(tx, directory.UserID(user.ID))
	case strings.Contains(login, "@"):
		return s.Directory.UserByEmail(tx, login)
	}
	return s.Directory.UserByAlias(tx, login)
}

var errWrong = fault.Unauthenticatedf("the name or the password is wrong")

// stands tells whether what was proven still holds: the password may have been
// changed, or the user disabled, since it was checked. once is whether it may, and
// must, be a password that somebody else set; past its time it is wrong.
func (s *SignIn) stands(tx *database.ReadTx, p proof, once bool) error {
	if !p.right {
		return errWrong
	}
	now, err := s.Directory.User(tx, p.user.ID)
	if err != nil {
		return err
	}
	held, err := s.Directory.Password(tx, now.ID)
	if err != nil {
		return err
	}
	set := !held.Once.IsZero()
	switch {
	case now.State != directory.Active || held.Hash != p.held.Hash, set && !tx.Now().Before(held.Once):
		return errWrong
	case set && !once:
		return fault.WithReason(ReasonFirstPassword, fault.Deniedf("this password is good once, to choose your own with"))
	case once && !set:
		return fault.Conflictf("you have chosen a password already: sign in with it")
	}
	return nil
}

// ReasonFirstPassword marks the refusal of a password that somebody else set. The
// user is let in by FirstPassword.
const ReasonFirstPassword fault.Reason = "first_password"

func (s *SignIn) prepareSignIn(c *operation.Call, view operation.View, in *SignInInput) (err error) {
	if in.proof, err = s.prove(c, view, in.Store, in.Login, in.Password); err != nil || !in.right || !credential.NeedsRehash(in.held.Hash) {
		return err
	}
	in.newer, err = credential.Hash(c.Context, in.Password)
	return err
}

func (s *SignIn) signIn(c *operation.Command, in *SignInInput) (*Session, error) {
	if err := s.stands(c.Tx.Reading(), in.proof, false); err != nil {
		return nil, err
	}
	if in.newer != "" {
		if err := s.Directory.SetPassword(c.Tx, in.user.ID, in.newer); err != nil {
			return nil, err
		}
	}
	// Whoever signs in again in the same browser leaves the session before.
	if c.Caller.Known() {
		if err := s.Credentials.EndSession(c.Tx, c.Caller.UserID, c.Caller.SessionID); err != nil {
			return nil, err
		}
	}
	return s.begin(c, in.user)
}

// FirstPasswordInput replaces a password that an administrator set by one that its
// user chooses, and signs them in. Whoever was signed in as them is so no more.
type FirstPasswordInput struct {
	Store       string
	Login       string
	Password    string // the one that was set
	NewPassword string

	proof
	hash string
}

// prepareFirst proves the password first: strangers get nothing hashed, nor told what
// a good password is.
func (s *SignIn) prepareFirst(c *operation.Call, view operation.View, in *FirstPasswordInput) (err error) {
	if in.proof, err = s.prove(c, view, in.Store, in.Login, in.Password); err != nil || !in.right {
		return err
	}
	if err := view(func(tx *database.ReadTx) error { return s.stands(tx, in.proof, true) }); err != nil {
		return err
	}
	if in.NewPassword == in.Password {
		return fault.Invalidf("choose another password than the one you were given: somebody else knows it")
	}
	in.hash, err = newPassword(c.Context, in.NewPassword, in.user.Alias, in.user.Email, in.user.DisplayName)
	return err
}

func (s *SignIn) firstPassword(c *operation.Command, in *FirstPasswordInput) (*Session, error) {
	if err := s.stands(c.Tx.Reading(), in.proof, true); err != nil {
		return nil, err
	}
	if err := s.Credentials.EndLinks(c.Tx, in.user.ID); err != nil {
		return nil, err
	}
	if err := s.setPassword(c, in.user.ID, in.hash, ""); err != nil {
		return nil, err
	}
	return s.begin(c, in.user)
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
		held, err := s.Directory.Password(tx, user.ID)
		in.old = held.Hash
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
	held, err := s.Directory.Password(c.Tx.Reading(), c.Caller.UserID)
	if err != nil {
		return nil, err
	}
	if held.Hash != in.old {
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
		link, err := s.Credentials.Reset(tx, in.Token)
		if err != nil {
			return err
		}
		user, err = s.resetUser(tx, link)
		return err
	})
	if err != nil {
		return err
	}
	in.hash, err = newPassword(c.Context, in.NewPassword, user.Alias, user.Email, user.DisplayName)
	return err
}

func (s *SignIn) resetUser(tx *database.ReadTx, link credential.Reset) (directory.User, error) {
	if link.User != "" {
		return s.Directory.User(tx, link.User)
	}
	return s.Directory.UserByEmail(tx, link.Email)
}

func (s *SignIn) reset(c *operation.Command, in *ResetPasswordInput) (*Session, error) {
	link, err := s.Credentials.ConsumeReset(c.Tx, in.Token)
	if err != nil {
		return nil, err
	}
	user, err := s.resetUser(c.Tx.Reading(), link)
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

// setPassword ends every session but one, and what any was handed for accounts: they
// may have been somebody else's.
func (s *SignIn) setPassword(c *operation.Command, user directory.UserID, hash string, keep credential.SessionID) error {
	if err := s.Directory.SetPassword(c.Tx, user, hash); err != nil {
		return err
	}
	_, err := s.Centers.EndSessions(c.Tx, user, keep)
	return err
}

// DeleteAccountInput ends the caller's account for good. It takes a password
// given a short while ago, and the alias, typed out.
type DeleteAccountInput struct{ Alias string }

func (s *SignIn) deleteAccount(c *operation.Command, in *DeleteAccountInput) (*Empty, error) {
	if err := fresh(c); err != nil {
		return nil, err
	}
	if c.Caller.Store != "" {
		return nil, fault.Deniedf("your account is the identity store's: ask its administrator to delete it")
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
