package identitycenter

import (
	"regexp"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
)

// Entry is what a user of an identity store was handed to enter an account with.
type Entry struct {
	account.Temporary
	Account account.Account
	Role    string // the permission set's name
}

// Enter hands a user credentials of the role that a permission set was provisioned as in
// an account, if it is assigned to them at this moment; else they are Denied. The session
// lasts as long as the permission set says, has the user's attributes for access
// control as its tags, and ends with the user's own sessions: see [Store.EndSessions].
func (s *Store) Enter(tx *database.Tx, store StoreID, user directory.UserID, id account.ID, set string) (Entry, error) {
	n, permissions, err := s.session(tx.Reading(), store, user, id, set)
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{Role: permissions.Name}
	if entry.Account, err = s.Accounts.Account(tx.Reading(), id); err != nil {
		return Entry{}, err
	}
	entry.Temporary, err = s.Accounts.Issue(tx, n)
	return entry, err
}

// Act makes a user that role for one request, under the same terms: what a page of ours
// does in an account for whoever sits before it, without handing out anything.
func (s *Store) Act(tx *database.ReadTx, store StoreID, user directory.UserID, id account.ID, set string) (*account.Principal, error) {
	n, _, err := s.session(tx, store, user, id, set)
	if err != nil {
		return nil, err
	}
	return s.Accounts.Act(tx, n)
}

// session is what a user's session of a role is made of, where it is assigned to them.
func (s *Store) session(tx *database.ReadTx, store StoreID, user directory.UserID, id account.ID, set string) (n account.NewTemporary, permissions PermissionSet, err error) {
	in, err := s.InstanceByStore(tx, store)
	if err != nil {
		return n, permissions, err
	}
	permissions, role, tags, err := s.PortalRole(tx, in, UserID(user), id, set)
	if err != nil {
		return n, permissions, err
	}
	u, err := s.UserByID(tx, in, UserID(user))
	return account.NewTemporary{
		Account: id, Entity: role.ID, Kind: account.RoleSession, Name: sessionName(u), Lifetime: permissions.Session(), User: user,
		Session: account.Session{Tags: tags, StoreUser: user, StoreARN: in.StoreARN()},
	}, permissions, err
}

// AccountsOf are [Store.PortalAccounts] of a user of this store.
func (s *Store) AccountsOf(tx *database.ReadTx, store StoreID, user directory.UserID, after account.ID, limit int) ([]account.Account, error) {
	in, err := s.InstanceByStore(tx, store)
	if err != nil {
		return nil, err
	}
	return s.PortalAccounts(tx, in, UserID(user), string(after), limit)
}

// RolesOf are the names of [Store.PortalRoles].
func (s *Store) RolesOf(tx *database.ReadTx, store StoreID, user directory.UserID, id account.ID, after string, limit int) ([]string, error) {
	in, err := s.InstanceByStore(tx, store)
	if err != nil {
		return nil, err
	}
	sets, err := s.PortalRoles(tx, in, UserID(user), id, after, limit)
	names := make([]string, len(sets))
	for i, set := range sets {
		names[i] = set.Name
	}
	return names, err
}

// sessionName is how a session of a user is called: by the user name where that can
// name a session, else by the id.
func sessionName(u User) string {
	if sessionForm.MatchString(u.UserName) {
		return u.UserName
	}
	return string(u.ID)
}

// See RoleSessionName of AssumeRole in the STS API Reference.
var sessionForm = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
