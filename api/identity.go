package api

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/seal"
)

// What AWS has in its console alone: the passwords of an identity store's users, and
// ending their sessions. Asked by principals of accounts, who sign; told also to the
// directory's log, where what the users do stands.

// SetUserPasswordInput lets a user of an identity store choose a new password. Whoever
// is signed in as them stays so.
type SetUserPasswordInput struct {
	Store string `path:"store" doc:"Id of the identity store"`
	User  string `path:"user" doc:"Id of the user, or user name"`
	Body  NewUserPassword

	plain, hash string // of a one-time password
}

// NewUserPassword says how the user gets in to choose one.
type NewUserPassword struct {
	Mode string `json:"mode" enum:"one-time,mail" doc:"one-time: a password that the answer has, good for seven days to choose another with. mail: a link to the primary e-mail address, likewise; the present password stays good until it is used"`
}

// UserPassword is what was made for the user.
type UserPassword struct {
	UserID    string    `json:"userId"`
	Password  string    `json:"password,omitempty" doc:"The one-time password, shown this once"`
	MailedTo  string    `json:"mailedTo,omitempty" doc:"Where the link was mailed"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// RevokeUserSessionsInput names whose sessions to end.
type RevokeUserSessionsInput struct {
	Store string `path:"store" doc:"Id of the identity store"`
	User  string `path:"user" doc:"Id of the user, or user name"`
}

// RevokedSessions is what has ended, as the log keeps it.
type RevokedSessions struct {
	UserID    string    `json:"userId"`
	UserName  string    `json:"userName"`
	RevokedAt time.Time `json:"revokedAt" doc:"Whatever was issued to the user before is not good any more"`
	identitycenter.Proof
}

func (a *API) identityRoutes() []route {
	const user = "/identity-stores/{store}/users/{user}"
	return []route{
		write("SetUserPassword", "PUT "+user+"/password", "Let a user of an identity store choose a new password", a.setUserPassword,
			authz.IAM("sso-directory:UpdatePassword", "store/{Store}"), operation.Prepare(a.prepareUserPassword)),
		write("RevokeUserSessions", "DELETE "+user+"/sessions", "Sign a user of an identity store out everywhere, at once", a.revokeUserSessions,
			authz.IAM("identitystore-auth:BatchDeleteSession", "store/{Store}")),
	}
}

// prepareUserPassword makes and hashes a password. 26 letters and digits of base 32 are
// 130 bits.
func (a *API) prepareUserPassword(c *operation.Call, _ operation.View, in *SetUserPasswordInput) (err error) {
	if in.Body.Mode == modeOneTime {
		in.plain = rand.Text()
		in.hash, err = credential.Hash(c.Context, in.plain)
	}
	return err
}

const (
	modeOneTime = "one-time"
	modeMail    = "mail"
)

// person finds whom an input names, in an identity store that the caller can reach.
func (a *API) person(tx *database.ReadTx, c *operation.Call, store, user string) (identitycenter.User, error) {
	in, err := a.Centers.Reach(tx, c.Caller.Principal.ID(), store)
	if err != nil {
		return identitycenter.User{}, err
	}
	return a.Centers.FindUser(tx, in, user)
}

// replaceable is [API.person] for a new password, with which one can sign in as them. A
// delegated administrator could enter the management account so, and is refused.
func (a *API) replaceable(tx *database.ReadTx, c *operation.Call, store, user string) (identitycenter.User, error) {
	u, err := a.person(tx, c, store, user)
	if err != nil {
		return u, err
	}
	in, err := a.Centers.Reach(tx, c.Caller.Principal.ID(), store)
	if err != nil || in.Owner == c.Caller.Principal.ID() {
		return u, err
	}
	enters, err := a.Centers.EntersOwner(tx, in, u.ID)
	if err == nil && enters {
		err = fault.Deniedf("%s is assigned to the management account, directly or by a group: only that account can let them choose a new password", u.UserName)
	}
	return u, err
}

func (a *API) setUserPassword(c *operation.Command, in *SetUserPasswordInput) (*UserPassword, error) {
	user, err := a.replaceable(c.Tx.Reading(), &c.Call, in.Store, in.User)
	if err != nil {
		return nil, err
	}
	c.RecordIn(c.Caller.Principal.ID().Scope(), seal.Directory)
	id, until := directory.UserID(user.ID), c.Tx.Now().Add(credential.FirstPasswordLifetime)
	out := &UserPassword{UserID: string(id), ExpiresAt: until}
	switch in.Body.Mode {
	case modeOneTime:
		if err := a.Credentials.EndLinks(c.Tx, id); err != nil {
			return nil, err
		}
		out.Password = in.plain
		return out, a.Directory.SetPasswordOnce(c.Tx, id, in.hash, until)
	case modeMail:
		out.MailedTo, err = a.mailFirstPassword(c, user)
		return out, err
	}
	return nil, fault.Invalidf("mode is %s or %s", modeOneTime, modeMail)
}

func (a *API) mailFirstPassword(c *operation.Command, user identitycenter.User) (string, error) {
	email := user.PrimaryEmail()
	if email == "" {
		return "", fault.Conflictf("the user has no e-mail address: give them one, or ask for a one-time password")
	}
	verification, token, err := a.Credentials.StartFirstPassword(c.Tx, directory.UserID(user.ID), email)
	if err != nil {
		return "", err
	}
	return verification.Email, a.Mail.Enqueue(c.Tx, a.Jobs, mail.Message{To: verification.Email, Subject: "Choose your password for AWS accounts",
		Text: fmt.Sprintf("Hello %s,\n\nWhoever administers your identity store asks you to choose a password, with which you sign in to AWS accounts.\n\nChoose it at\n%s/reset?token=%s\n\nThe link is good once, for seven days. Your user name is %s.\n",
			user.DisplayName, a.PublicURL, token, user.UserName)})
}

func (a *API) revokeUserSessions(c *operation.Command, in *RevokeUserSessionsInput) (*RevokedSessions, error) {
	user, err := a.person(c.Tx.Reading(), &c.Call, in.Store, in.User)
	if err != nil {
		return nil, err
	}
	ended, err := a.Centers.EndSessions(c.Tx, directory.UserID(user.ID), "")
	if err != nil {
		return nil, err
	}
	c.RecordIn(c.Caller.Principal.ID().Scope(), seal.Directory)
	return &RevokedSessions{UserID: string(user.ID), UserName: user.UserName, RevokedAt: c.Tx.Now(), Proof: ended.Proof()}, nil
}
