package identitycenter

import (
	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// What a user may enter is read anew each time: from the assignments of the user and
// of the groups the user is in at that moment, where the set is a role by now. An
// account that is closed, or has left the organization, is entered by nobody.

// live are the assignments of the user $1, in the store $2, where the set is a role.
const live = ` from account_assignments a
	join provisioned_sets r on r.permission_set_id = a.permission_set_id and r.account_id = a.account_id
	join permission_sets p on p.id = a.permission_set_id
	where a.principal_id in (` + holders + `) and p.instance_id = $3`

// accountsAfter are the accounts of the user $1, in the store $2, behind $3. Somebody
// in many groups has many assignments in each account: the next account is looked up
// once for every group, however many assignments lie between. An assignment is only
// where its set is a role, so that nothing else has to be asked.
const accountsAfter = `with recursive h(id) as (` + holders + `), n(id) as (
	select (select min(m) from (select (select min(a.account_id) from account_assignments a where a.principal_id = h.id and a.account_id > $3) as m from h) as first)
	union all
	select (select min(m) from (select (select min(a.account_id) from account_assignments a where a.principal_id = h.id and a.account_id > n.id) as m from h) as next)
	from n where n.id is not null)
	select id from n where id is not null limit $4`

func notEntitled() error { return fault.Deniedf("No access.") }

// checkUser refuses whoever is not an enabled user of the store.
func (s *Store) checkUser(tx *database.ReadTx, in Instance, user UserID) error {
	enabled, err := exists(tx, `select 1 from identity_users where id = $1 and store_id = $2 and status = $3`, user, in.Store, Enabled)
	if err == nil && !enabled {
		err = notEntitled()
	}
	return err
}

// enterable is an account that somebody may be let into; false when nobody may.
func (s *Store) enterable(tx *database.ReadTx, in Instance, id account.ID) (account.Account, bool, error) {
	provides, err := s.provides(tx, in, id)
	if err != nil || !provides {
		return account.Account{}, false, err
	}
	a, err := s.Accounts.Account(tx, id)
	return a, err == nil && a.Status == account.Active, err
}

// PortalAccounts are the accounts that a user may enter, by id. Whoever is not an
// enabled user is Denied.
func (s *Store) PortalAccounts(tx *database.ReadTx, in Instance, user UserID, after string, limit int) ([]account.Account, error) {
	if err := s.checkUser(tx, in, user); err != nil {
		return nil, err
	}
	accounts := []account.Account{}
	for {
		ids, err := database.All(tx, database.Value[account.ID], accountsAfter, user, in.Store, after, limit)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			a, enterable, err := s.enterable(tx, in, id)
			if err != nil {
				return nil, err
			}
			if enterable && len(accounts) < limit {
				accounts = append(accounts, a)
			}
			after = string(id)
		}
		if len(ids) < limit || len(accounts) == limit {
			return accounts, nil
		}
	}
}

// PortalRoles are the permission sets that a user may use in an account, by name, which
// is what after is. A user with none there, and whoever is not an enabled user, is Denied.
func (s *Store) PortalRoles(tx *database.ReadTx, in Instance, user UserID, id account.ID, after string, limit int) ([]PermissionSet, error) {
	if err := s.mayEnter(tx, in, user, id); err != nil {
		return nil, err
	}
	sets, err := s.sets(tx, in, `id in (select a.permission_set_id`+live+` and a.account_id = $4) and name > $5 order by name limit $6`,
		user, in.Store, in.ID, id, after, limit)
	if err == nil && len(sets) == 0 && after == "" {
		err = notEntitled()
	}
	return sets, err
}

func (s *Store) mayEnter(tx *database.ReadTx, in Instance, user UserID, id account.ID) error {
	if err := s.checkUser(tx, in, user); err != nil {
		return err
	}
	_, enterable, err := s.enterable(tx, in, id)
	if fault.Is(err, fault.NotFound) || err == nil && !enterable {
		err = notEntitled()
	}
	return err
}

// PortalRole is the permission set of a name with its role in an account, and the tags
// that a session of the user gets, where the user may use it there; else Denied, in
// the same words whatever is missing.
func (s *Store) PortalRole(tx *database.ReadTx, in Instance, user UserID, id account.ID, name string) (PermissionSet, account.Entity, account.Tags, error) {
	if err := s.mayEnter(tx, in, user, id); err != nil {
		return PermissionSet{}, account.Entity{}, nil, err
	}
	type found struct {
		set  PermissionSetID
		role account.EntityID
	}
	f, err := database.One(tx, func(row database.Row) (f found, err error) {
		return f, row.Scan(&f.set, &f.role)
	}, `select a.permission_set_id, r.role_id`+live+` and a.account_id = $4 and p.name = $5 limit 1`, user, in.Store, in.ID, id, name)
	if isNone(err) {
		err = notEntitled()
	}
	if err != nil {
		return PermissionSet{}, account.Entity{}, nil, err
	}
	set, err := s.PermissionSetByID(tx, in, f.set)
	if err != nil {
		return PermissionSet{}, account.Entity{}, nil, err
	}
	role, err := s.Accounts.EntityByID(tx, f.role)
	if fault.Is(err, fault.NotFound) {
		err = notEntitled()
	}
	if err != nil {
		return PermissionSet{}, account.Entity{}, nil, err
	}
	tags, err := s.SessionTags(tx, in, user)
	return set, role, tags, err
}
