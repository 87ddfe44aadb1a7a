package space

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
)

// Member is somebody in a space.
type Member struct {
	UserID   directory.UserID
	Role     role.Role // held directly; teams may give more
	Teams    []string  // names, in order
	JoinedAt time.Time
}

// Members lists who is in the space, by user id; a page goes on after one.
func (s *Store) Members(tx *database.ReadTx, id ID, page Page) ([]Member, error) {
	members, err := database.All(tx, scanMember, `select user_id, role, joined_at from space_members
		where space_id = $1 and user_id > $2 order by user_id limit $3`, id, page.After, page.limit())
	if err != nil || len(members) == 0 {
		return nil, err
	}
	return members, addTeams(tx, id, members)
}

// Member returns one of them.
func (s *Store) Member(tx *database.ReadTx, id ID, user directory.UserID) (Member, error) {
	member, err := database.One(tx, scanMember, `select user_id, role, joined_at from space_members
		where space_id = $1 and user_id = $2`, id, user)
	if err != nil {
		return Member{}, orNotFound(err, "user %s is not a member of the space", user)
	}
	members := []Member{member}
	err = addTeams(tx, id, members)
	return members[0], err
}

func scanMember(row database.Row) (m Member, err error) {
	return m, row.Scan(&m.UserID, spaceRole(&m.Role), (*database.Time)(&m.JoinedAt))
}

// addTeams fills in the teams of members that stand in the order of their ids.
func addTeams(tx *database.ReadTx, id ID, members []Member) error {
	type membership struct {
		user directory.UserID
		team string
	}
	rows, err := database.All(tx, func(row database.Row) (m membership, err error) {
		return m, row.Scan(&m.user, &m.team)
	}, `select m.user_id, t.name from teams t join team_members m on m.team_id = t.id
		where t.space_id = $1 and m.user_id between $2 and $3`,
		id, members[0].UserID, members[len(members)-1].UserID)
	if err != nil {
		return err
	}
	teams := map[directory.UserID][]string{}
	for _, m := range rows {
		teams[m.user] = append(teams[m.user], m.team)
	}
	for i := range members {
		members[i].Teams = teams[members[i].UserID]
		slices.Sort(members[i].Teams)
	}
	return nil
}

// AddMember makes the user a member with at least this space role, who stays whatever
// becomes of their projects. Whoever holds more keeps it.
func (s *Store) AddMember(tx *database.Tx, id ID, user directory.UserID, r role.Role) error {
	if err := checkSpaceRole(r); err != nil {
		return err
	}
	return join(tx, id, user, r, ofItsOwn)
}

// coming is how somebody comes into a space.
type coming bool

const (
	ofItsOwn       coming = false // into the space, by itself
	throughProject coming = true  // into a project of it, and so into the space
)

// join never lowers a role, and never makes a membership of its own one that goes
// with a project: whoever runs a project cannot expel whom the space has invited.
func join(tx *database.Tx, id ID, user directory.UserID, r role.Role, c coming) error {
	if err := checkActive(&tx.ReadTx, user); err != nil {
		return err
	}
	held, err := directRole(&tx.ReadTx, id, user)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into space_members (space_id, user_id, role, joined_at, through_project) values ($1, $2, $3, $4, $5)
		on conflict (space_id, user_id) do update set role = excluded.role,
			through_project = space_members.through_project and excluded.through_project`,
		id, user, morePermissive(held, r).Name(), database.Time(tx.Now()), bool(c)); err != nil {
		return err
	}
	return touch(tx, id)
}

// SetSpaceRole gives a member another space role, and a membership of its own. Nobody
// ends being Space administrator by it at their own hand, and the space keeps one.
func (s *Store) SetSpaceRole(tx *database.Tx, id ID, by, user directory.UserID, r role.Role) error {
	if err := checkSpaceRole(r); err != nil {
		return err
	}
	held, err := directRole(&tx.ReadTx, id, user)
	if err != nil {
		return err
	}
	if held == 0 {
		return fault.NotFoundf("user %s is not a member of the space: invite them first", user)
	}
	return governed(tx, id, by, func() error {
		_, err := tx.Exec(`update space_members set role = $3, through_project = $4 where space_id = $1 and user_id = $2`,
			id, user, r.Name(), bool(ofItsOwn))
		return err
	})
}

// RemoveMember takes somebody out of the space, its projects and its teams, and
// cancels the invitations by which they could come back. A Space administrator does
// not remove themselves, and the space keeps one.
func (s *Store) RemoveMember(tx *database.Tx, id ID, by, user directory.UserID) error {
	held, err := directRole(&tx.ReadTx, id, user)
	if err != nil {
		return err
	}
	if held == 0 {
		return fault.NotFoundf("user %s is not a member of the space", user)
	}
	return governed(tx, id, by, func() error {
		if err := cancelInvitationsTo(tx, id, user); err != nil {
			return err
		}
		return expel(tx, id, user)
	})
}

// RemoveUserEverywhere takes a user whose account ends out of all spaces. It refuses
// while the user is the last Space administrator of one; call it while the account
// is still active, since one that is not counts as no administrator.
func (s *Store) RemoveUserEverywhere(tx *database.Tx, user directory.UserID) error {
	spaces, err := database.All(&tx.ReadTx, func(row database.Row) (r Ref, err error) {
		return r, row.Scan(&r.ID, &r.Name)
	}, `select s.id, s.name from space_members m join spaces s on s.id = m.space_id where m.user_id = $1 order by s.name_key`, user)
	if err != nil {
		return err
	}
	if err := checkNotSole(&tx.ReadTx, spaces, user); err != nil {
		return err
	}
	for _, space := range spaces {
		if err := expel(tx, space.ID, user); err != nil {
			return err
		}
		if err := touch(tx, space.ID); err != nil {
			return err
		}
	}
	return nil
}

func checkNotSole(tx *database.ReadTx, spaces []Ref, user directory.UserID) error {
	var sole []string
	for _, space := range spaces {
		inCharge, err := administrators(tx, space.ID)
		if err != nil {
			return err
		}
		if slices.Equal(inCharge, []directory.UserID{user}) {
			sole = append(sole, space.Name)
		}
	}
	if sole != nil {
		return fault.Conflictf("the user is the last Space administrator of %s: make somebody else Space administrator there, or delete the space, first",
			strings.Join(sole, ", "))
	}
	return nil
}

// expel removes every row that puts the user into the space.
func expel(tx *database.Tx, id ID, user directory.UserID) error {
	for _, statement := range []string{
		`delete from project_members where user_id = $2 and project_id in (select id from projects where space_id = $1)`,
		`delete from team_members where user_id = $2 and team_id in (select id from teams where space_id = $1)`,
		`delete from space_members where user_id = $2 and space_id = $1`,
	} {
		if _, err := tx.Exec(statement, id, user); err != nil {
			return err
		}
	}
	return nil
}

// leaving is what is about to end: a user's membership of a project or a team, or
// with no user named everybody's.
type leaving struct {
	project ProjectID
	team    TeamID
	user    directory.UserID
}

// release ends the space membership of whoever is leaving their last project, if it
// came with the first: nobody is expelled whom the space itself took in, and nobody
// whom a team still holds there. It runs while the rows that end are still there.
func release(tx *database.Tx, id ID, l leaving) error {
	_, err := tx.Exec(`delete from space_members where space_id = $1 and through_project
		and (user_id in (select user_id from project_members where project_id = $2)
			or user_id in (select m.user_id from team_members m join project_teams a on a.team_id = m.team_id where m.team_id = $3))
		and ($4 = '' or user_id = $4)
		and not exists (select 1 from project_members m join projects p on p.id = m.project_id
			where p.space_id = $1 and m.user_id = space_members.user_id and m.project_id <> $2)
		and not exists (select 1 from team_members m join teams t on t.id = m.team_id
			where t.space_id = $1 and m.user_id = space_members.user_id and m.team_id <> $3)`,
		id, l.project, l.team, l.user)
	return err
}

// directRole is the space role the user holds without counting teams, 0 when they
// are no member.
func directRole(tx *database.ReadTx, id ID, user directory.UserID) (role.Role, error) {
	r, err := database.One(tx, func(row database.Row) (r role.Role, err error) {
		return r, row.Scan(spaceRole(&r))
	}, `select role from space_members where space_id = $1 and user_id = $2`, id, user)
	if errors.Is(err, database.ErrNone) {
		return 0, nil
	}
	return r, err
}

// morePermissive is the one of two roles of the same level that allows more. A lower
// bit does; no role at all is 0.
func morePermissive(a, b role.Role) role.Role {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func checkActive(tx *database.ReadTx, user directory.UserID) error {
	state, err := database.One(tx, database.Value[string], `select state from users where id = $1`, user)
	if err != nil {
		return orNotFound(err, "no user %s", user)
	}
	if state != "active" {
		return fault.Conflictf("user %s is %s and cannot be given a role", user, state)
	}
	return nil
}

func checkSpaceRole(r role.Role) error {
	if !slices.Contains(role.SpaceRoles(), r) {
		return fault.Invalidf("%s is not a role of a space: choose Space administrator, Power user or Limited access", r)
	}
	return nil
}

func checkProjectRole(r role.Role) error {
	if !slices.Contains(role.ProjectRoles(), r) {
		return fault.Invalidf("%s is not a role of a project: choose Project administrator, Contributor, Reviewer or Read only", r)
	}
	return nil
}
