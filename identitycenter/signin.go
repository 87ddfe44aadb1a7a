package identitycenter

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// Users of an identity store sign in: each has a row in the directory under the same
// id. What becomes of the user here becomes of them there, in the same transaction.

func (s *Store) directory() *directory.Store { return &directory.Store{Keys: s.Keys} }

func (s *Store) credentials() *credential.Store { return &credential.Store{Keys: s.Keys} }

// welcome lets a user who was just made have a password.
func (s *Store) welcome(tx *database.Tx, in Instance, u User) error {
	return s.directory().CreateFederated(tx, directory.UserID(u.ID), directory.StoreID(in.Store), u.UserName)
}

// follow makes a change of a user good for signing in. Whoever is disabled loses every
// session, and what they were handed out for accounts.
func (s *Store) follow(tx *database.Tx, was, is User) error {
	id := directory.UserID(is.ID)
	if was.UserName != is.UserName {
		if err := s.directory().RenameFederated(tx, id, is.UserName); err != nil {
			return err
		}
	}
	// A link that went to an address which is corrected now may be a stranger's.
	if was.PrimaryEmail() != is.PrimaryEmail() {
		if err := s.credentials().EndLinks(tx, id); err != nil {
			return err
		}
	}
	switch {
	case was.Status == is.Status:
		return nil
	case is.Status == Enabled:
		return s.directory().Enable(tx, id)
	}
	if _, err := s.EndSessions(tx, id, ""); err != nil {
		return err
	}
	return s.directory().Disable(tx, id)
}

// dismiss forgets a user who is being deleted, and ends what they have.
func (s *Store) dismiss(tx *database.Tx, user UserID) error {
	id := directory.UserID(user)
	if _, err := s.Accounts.RevokeUser(tx, id); err != nil {
		return err
	}
	if err := s.credentials().Forget(tx, id); err != nil {
		return err
	}
	return s.directory().Delete(tx, id)
}

// dismissAll does so with everybody in a store.
func (s *Store) dismissAll(tx *database.Tx, in Instance) error {
	users, err := database.All(tx.Reading(), database.Value[UserID], `select id from identity_users where store_id = $1`, in.Store)
	for _, user := range users {
		if err := s.dismiss(tx, user); err != nil {
			return err
		}
	}
	return err
}

// Ended is what a user had, and has no more.
type Ended struct {
	Sessions    []credential.Session
	Credentials []account.Revoked
}

// Proof is what the log keeps of it.
type Proof struct {
	Sessions    int            `json:"sessions" doc:"Browsers and programs that are signed out"`
	Credentials int            `json:"credentials" doc:"Temporary ones, of roles in accounts, that are not good any more"`
	Accounts    []ProofAccount `json:"accounts,omitempty" doc:"Where those were good; the first 100 accounts"`
}

// ProofAccount is how much of it was of one account.
type ProofAccount struct {
	Account     string    `json:"account"`
	Credentials int       `json:"credentials"`
	FirstIssued time.Time `json:"firstIssued"`
	LastIssued  time.Time `json:"lastIssued" doc:"What was issued by then is ended"`
}

// longestProof is as many accounts as the log keeps whole.
const longestProof = 100

// Proof sums up.
func (e Ended) Proof() Proof {
	proof, at := Proof{Sessions: len(e.Sessions), Credentials: len(e.Credentials)}, map[account.ID]int{}
	for _, c := range e.Credentials { // the latest first
		i, ok := at[c.Account]
		if !ok {
			i, at[c.Account] = len(proof.Accounts), len(proof.Accounts)
			proof.Accounts = append(proof.Accounts, ProofAccount{Account: string(c.Account), LastIssued: c.IssuedAt})
		}
		proof.Accounts[i].Credentials++
		proof.Accounts[i].FirstIssued = c.IssuedAt
	}
	proof.Accounts = proof.Accounts[:min(len(proof.Accounts), longestProof)]
	return proof
}

// EndSessions signs a user out everywhere, at once: browsers, programs, the
// credentials of accounts that those were handed out, and links that would begin
// another session. One session may be spared; what it was handed out is not told from
// the others', and ends.
func (s *Store) EndSessions(tx *database.Tx, user directory.UserID, except credential.SessionID) (ended Ended, err error) {
	if ended.Sessions, err = s.credentials().Sessions(tx.Reading(), user); err != nil {
		return ended, err
	}
	ended.Sessions = slices.DeleteFunc(ended.Sessions, func(one credential.Session) bool { return one.ID == except })
	if err := s.credentials().EndSessions(tx, user, except); err != nil {
		return ended, err
	}
	if err := s.credentials().EndLinks(tx, user); err != nil {
		return ended, err
	}
	ended.Credentials, err = s.Accounts.RevokeUser(tx, user)
	return ended, err
}

// Default is the instance of the account that was made first, or of its organization:
// whose users sign in where no identity store is named. NotFound when there is none.
func (s *Store) Default(tx *database.ReadTx) (Instance, error) {
	first, err := s.Accounts.First(tx)
	if err != nil {
		return Instance{}, err
	}
	instances, err := s.InstancesFor(tx, first.ID)
	if err == nil && len(instances) == 0 {
		err = missing(StoreType, "")
	}
	if err != nil {
		return Instance{}, err
	}
	return instances[0], nil
}

// PrimaryEmail is the address to write to; empty: none is known.
func (u User) PrimaryEmail() string {
	i := slices.IndexFunc(u.Emails, func(email Item) bool { return email.Primary })
	if i < 0 && len(u.Emails) > 0 {
		i = 0
	}
	if i < 0 {
		return ""
	}
	return u.Emails[i].Value
}

// FindUser finds a user of an identity store by id, or by user name.
func (s *Store) FindUser(tx *database.ReadTx, in Instance, name string) (User, error) {
	u, err := s.UserByID(tx, in, UserID(name))
	if fault.Is(err, fault.NotFound) {
		return s.UserByName(tx, in, name)
	}
	return u, err
}
