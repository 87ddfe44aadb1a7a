package signin

import (
	"fmt"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/operation"
)

// StartSignUpInput asks for a code to be mailed to an address.
type StartSignUpInput struct {
	Email string
	// Invitation is the token of an invitation; needed where only the invited may
	// sign up.
	Invitation string
}

// Verification is a code on its way: the code goes to VerifyEmail.
type Verification struct{ ID string }

func (s *SignIn) startSignUp(c *operation.Command, in *StartSignUpInput) (*Verification, error) {
	if err := s.checkInvited(c, in); err != nil {
		return nil, err
	}
	verification, code, err := s.Credentials.StartVerification(c.Tx, in.Email)
	if err != nil {
		return nil, err
	}
	message := mail.Message{To: verification.Email, Subject: code + " is your Sallyport code",
		Text: fmt.Sprintf("Somebody, you we hope, is signing up to Sallyport with this address.\n\nYour code is %s. It is good for ten minutes.\n\nIf it was not you, do nothing: without the code nothing happens.\n", code)}
	existing, err := s.Directory.UserByEmail(c.Tx.Reading(), in.Email)
	switch {
	case err == nil:
		message.Subject = "You have a Sallyport account already"
		message.Text = fmt.Sprintf("Somebody, you we hope, tried to sign up to Sallyport with this address. It has an account already: %s.\n\nSign in at %s/sign-in, where a forgotten password can be replaced too.\n", existing.Alias, s.PublicURL)
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	return &Verification{ID: string(verification.ID)}, s.send(c.Tx, message)
}

// checkInvited: an invitation that can still be accepted opens sign-up, to the
// address it was sent to.
func (s *SignIn) checkInvited(c *operation.Command, in *StartSignUpInput) error {
	if !s.InvitedOnly {
		return nil
	}
	email, err := directory.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	invited, err := s.Spaces.Invited(c.Tx.Reading(), in.Invitation, email)
	if err == nil && !invited {
		return fault.Deniedf("signing up takes an invitation here that is still open and was sent to this address: ask a Space administrator for one, and follow the link in its mail")
	}
	return err
}

// VerifyEmailInput gives the code that was mailed.
type VerifyEmailInput struct{ ID, Code string }

func (s *SignIn) verifyEmail(c *operation.Command, in *VerifyEmailInput) (*Verification, error) {
	if _, err := s.Credentials.Verify(c.Tx, credential.VerificationID(in.ID), in.Code); err != nil {
		return nil, err
	}
	return &Verification{ID: in.ID}, nil
}

// CompleteSignUpInput makes the account once the address is verified.
type CompleteSignUpInput struct {
	ID          string // of the verification
	Alias       string
	DisplayName string
	Password    string

	hash string
}

// prepareSignUp looks at the verification first: strangers get nothing hashed.
func (s *SignIn) prepareSignUp(c *operation.Call, view operation.View, in *CompleteSignUpInput) error {
	var email string
	err := view(func(tx *database.ReadTx) (err error) {
		email, err = s.Credentials.Verified(tx, credential.VerificationID(in.ID))
		return err
	})
	if err != nil {
		return err
	}
	if err := directory.CheckAlias(in.Alias); err != nil {
		return err
	}
	in.hash, err = newPassword(c.Context, in.Password, in.Alias, email, in.DisplayName)
	return err
}

func (s *SignIn) completeSignUp(c *operation.Command, in *CompleteSignUpInput) (*Session, error) {
	email, err := s.Credentials.Consume(c.Tx, credential.VerificationID(in.ID))
	if err != nil {
		return nil, err
	}
	user, err := s.Directory.Create(c.Tx, directory.NewUser{Alias: in.Alias, Email: email, DisplayName: in.DisplayName, PasswordHash: in.hash})
	if err != nil {
		return nil, err
	}
	return s.begin(c, user)
}
