// Package signin is how people come in: the first user, signing up, signing in,
// passwords, and letting a client in on one's behalf.
//
// Its operations are for browsers alone: a client's token, however wide, can
// neither change a password nor let another client in.
//
//	StartSignUp ─ code by mail ─> VerifyEmail ─> CompleteSignUp ─┐
//	StartPasswordReset ─ link by mail ─────────> ResetPassword ──┤
//	                                               SignIn ───────┴─> browser session
//	browser session ─> ApproveDevice | Authorize ─> a client's session
//
// Users of an identity store come in by its own door, and get their first password
// from an administrator:
//
//	password set by somebody else ─> FirstPassword ─> browser session
//	link by mail ──────────────────> ResetPassword ─> browser session ─> the portal
//
// Nothing here tells whether an account exists, by words or by time: what
// differs goes by mail.
package signin

import (
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/space"
)

// SignIn offers the operations of this package.
type SignIn struct {
	Directory   *directory.Store
	Credentials *credential.Store
	Spaces      *space.Store
	Centers     *identitycenter.Store
	Mail        *mail.Sender
	Jobs        *job.Queue
	// InvitedOnly refuses sign-up to addresses nobody has invited.
	InvitedOnly bool
	// PublicURL is the address that mails point to, scheme and host.
	PublicURL string

	attempts attempts
}

// ReasonSignInAgain marks the refusal of something that takes a password given
// a short while ago.
const ReasonSignInAgain fault.Reason = "sign_in_again"

// Operations is the table.
func (s *SignIn) Operations() []*operation.Operation {
	service := &operation.Service{Source: "signin", Scope: credential.ScopeBrowser}
	table := []*operation.Operation{
		operation.Read("DescribeSignIn", s.describeSignIn, authz.Public()),
		operation.Read("SetupState", s.setupState, authz.Public()),
		operation.Write("Setup", s.setup, authz.Public(), operation.Limit(20), operation.Prepare(s.prepareSetup)),

		operation.Write("StartSignUp", s.startSignUp, authz.Public(), operation.Limit(20)),
		operation.Write("VerifyEmail", s.verifyEmail, authz.Public(), operation.Limit(30)),
		operation.Write("CompleteSignUp", s.completeSignUp, authz.Public(), operation.Limit(30), operation.Prepare(s.prepareSignUp)),

		operation.Write("SignIn", s.signIn, authz.Public(), operation.Limit(60), operation.Prepare(s.prepareSignIn)),
		operation.Write("FirstPassword", s.firstPassword, authz.Public(), operation.Limit(60), operation.Prepare(s.prepareFirst)),
		operation.Read("DescribeSelf", s.describeSelf, authz.SignedIn()),
		operation.Write("SignOut", s.signOut, authz.SignedIn()),
		operation.Write("ChangePassword", s.changePassword, authz.SignedIn(), operation.Limit(20), operation.Prepare(s.prepareChange)),
		operation.Write("StartPasswordReset", s.startReset, authz.Public(), operation.Limit(20)),
		operation.Write("ResetPassword", s.reset, authz.Public(), operation.Limit(20), operation.Prepare(s.prepareReset)),
		operation.Write("DeleteAccount", s.deleteAccount, authz.SignedIn()),

		operation.Read("DescribeDevice", s.describeDevice, authz.SignedIn(), operation.Limit(20)),
		operation.Write("ApproveDevice", s.approveDevice, authz.SignedIn(), operation.Limit(20)),
		operation.Write("DenyDevice", s.denyDevice, authz.SignedIn(), operation.Limit(20)),
		operation.Read("DescribeAuthorization", s.describeAuthorization, authz.SignedIn(), operation.Limit(60)),
		operation.Write("Authorize", s.authorize, authz.SignedIn(), operation.Limit(60)),
	}
	for _, op := range table {
		op.Service = service
	}
	return append(table, s.portal()...)
}

// Empty is the answer of operations that have nothing to say.
type Empty struct{}

// Session is a browser's session that has just begun.
type Session struct {
	Token  string // for the cookie
	UserID string
	Alias  string
}

// begin begins a session and says so in the log: whoever asked was nobody yet, or
// the one who used the browser before.
func (s *SignIn) begin(c *operation.Command, user directory.User) (*Session, error) {
	c.RecordAs(user.ID, user.Alias)
	_, token, err := s.Credentials.BeginBrowser(c.Tx, credential.NewSession{UserID: user.ID, Origin: origin(&c.Call)})
	if err != nil {
		return nil, err
	}
	return &Session{Token: string(token), UserID: string(user.ID), Alias: user.Alias}, nil
}

func origin(c *operation.Call) credential.Origin {
	return credential.Origin{Address: c.Request.Address, UserAgent: c.Request.UserAgent}
}

func (s *SignIn) send(tx *database.Tx, message mail.Message) error {
	return s.Mail.Enqueue(tx, s.Jobs, message)
}

// fresh refuses somebody whose password was given too long ago.
func fresh(c *operation.Command) error {
	if c.Caller.Fresh(c.Tx.Now()) {
		return nil
	}
	return fault.WithReason(ReasonSignInAgain, fault.Deniedf("sign in again first: this takes a password given in the last %d minutes", int(credential.FreshFor.Minutes())))
}
