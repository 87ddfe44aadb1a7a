package account

import (
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// groupsEach is how many groups a user may be in: "IAM and AWS STS quotas" in the
// IAM User Guide.
const groupsEach = 10

// AddMember puts a user into a group. One who is in it already stays.
func (s *Store) AddMember(tx *database.Tx, group, user Entity) error {
	groups, err := s.GroupsOf(tx.Reading(), user.ID)
	if err != nil {
		return err
	}
	for _, in := range groups {
		if in.ID == group.ID {
			return nil
		}
	}
	if len(groups) >= groupsEach {
		return fault.Quotaf("Cannot exceed quota for GroupsPerUser: %d", groupsEach)
	}
	_, err = tx.Exec(`insert into group_members (group_id, user_id) values ($1, $2)`, group.ID, user.ID)
	return err
}

// RemoveMember takes a user out of a group; NotFound when it is not in it.
func (s *Store) RemoveMember(tx *database.Tx, group, user Entity) error {
	changed, err := tx.Exec(`delete from group_members where group_id = $1 and user_id = $2`, group.ID, user.ID)
	if err == nil && changed == 0 {
		return fault.NotFoundf("The user with name %s is not in the group %s.", user.Name, group.Name)
	}
	return err
}

// Members lists the users in a group by name.
func (s *Store) Members(tx *database.ReadTx, group EntityID, f Filter) ([]Entity, error) {
	return s.entities(tx, `id in (select user_id from group_members where group_id = $1) and name_key > $2 order by name_key limit $3`,
		group, f.After, f.Limit)
}
