package space

import (
	"slices"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
)

// grants lists what each of the holders holds in the space $1: user, role, id and
// name of a project, name of a team. It goes on after a CTE that names the holders.
const grants = `
	select h.id, m.role, '', '', ''
		from holders h join space_members m on m.user_id = h.id
		where m.space_id = $1
	union all
	select h.id, m.role, p.id, p.name, ''
		from holders h join project_members m on m.user_id = h.id join projects p on p.id = m.project_id
		where p.space_id = $1
	union all
	select h.id, t.role, '', '', t.name
		from holders h join team_members m on m.user_id = h.id join teams t on t.id = m.team_id
		where t.space_id = $1
	union all
	select h.id, a.role, p.id, p.name, t.name
		from holders h join team_members m on m.user_id = h.id join teams t on t.id = m.team_id
			join project_teams a on a.team_id = t.id join projects p on p.id = a.project_id
		where t.space_id = $1`

// Held is what the user holds in the space, directly and through teams. A user who
// is disabled or deleted holds nothing. It may be kept for as long as the grants
// version of the space stays the same.
func (s *Store) Held(tx *database.ReadTx, id ID, user directory.UserID) (role.Held, error) {
	rows, err := database.All(tx, scanGrant, `with holders as (
		select id from users where id = $2 and state = 'active')`+grants, id, user)
	if err != nil {
		return role.Held{}, err
	}
	held := make([]role.Grant, len(rows))
	for i, row := range rows {
		held[i] = row.Grant
	}
	return role.Hold(held), nil
}

// Holders is what everybody who can act in the space holds there, in one query.
func (s *Store) Holders(tx *database.ReadTx, id ID) (map[directory.UserID]role.Held, error) {
	rows, err := database.All(tx, scanGrant, `with holders as (
		select u.id from space_members m join users u on u.id = m.user_id where m.space_id = $1 and u.state = 'active')`+grants, id)
	if err != nil {
		return nil, err
	}
	byUser := map[directory.UserID][]role.Grant{}
	for _, row := range rows {
		byUser[row.user] = append(byUser[row.user], row.Grant)
	}
	holders := make(map[directory.UserID]role.Held, len(byUser))
	for user, held := range byUser {
		holders[user] = role.Hold(held)
	}
	return holders, nil
}

type userGrant struct {
	user directory.UserID
	role.Grant
}

func scanGrant(row database.Row) (g userGrant, err error) {
	var name string
	if err := row.Scan(&g.user, &name, &g.Project, &g.ProjectName, &g.Team); err != nil {
		return g, err
	}
	g.Role, err = parseRole(name, ProjectID(g.Project))
	return g, err
}

// parseRole reads a role of the project, or of the space when there is none.
func parseRole(name string, project ProjectID) (role.Role, error) {
	if project == "" {
		return role.ParseSpace(name)
	}
	return role.ParseProject(name)
}

// UserChanged tells the user's spaces that the account was disabled or enabled:
// what it holds there changes with that, so their grants versions are raised.
func (s *Store) UserChanged(tx *database.Tx, user directory.UserID) error {
	_, err := tx.Exec(`update spaces set grants_version = grants_version + 1
		where id in (select space_id from space_members where user_id = $1)`, user)
	return err
}

// touch raises the grants version of the space. Whatever changes who holds which
// role, or what a held role is called, goes through here.
func touch(tx *database.Tx, id ID) error {
	_, err := tx.Exec(`update spaces set grants_version = grants_version + 1 where id = $1`, id)
	return err
}

// administrators are the Space administrators of the space who can sign in,
// whether they are so directly or through a team.
func administrators(tx *database.ReadTx, id ID) ([]directory.UserID, error) {
	return database.All(tx, database.Value[directory.UserID], `
		select m.user_id from space_members m join users u on u.id = m.user_id
			where m.space_id = $1 and m.role = $2 and u.state = 'active'
		union
		select m.user_id from teams t join team_members m on m.team_id = t.id join users u on u.id = m.user_id
			where t.space_id = $1 and t.role = $2 and u.state = 'active'`, id, role.SpaceAdministrator.Name())
}

// governed makes a change that may take Space administrators away. It refuses one by
// which the caller would end being one, directly or through a team, and one that
// leaves nobody in charge. Two such changes at once cannot both pass: each reads what
// the other writes, and the database lets one of them run again.
func governed(tx *database.Tx, id ID, by directory.UserID, change func() error) error {
	before, err := administrators(&tx.ReadTx, id)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := administrators(&tx.ReadTx, id)
	switch {
	case err != nil:
		return err
	case slices.Contains(before, by) && !slices.Contains(after, by):
		return fault.Deniedf("you would not be Space administrator any more, and nobody takes that from themselves: another Space administrator has to")
	case len(after) == 0:
		return fault.Conflictf("this would leave the space without a Space administrator: make somebody else Space administrator first")
	}
	return touch(tx, id)
}
