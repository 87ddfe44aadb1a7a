package connection

import (
	"slices"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Restrict limits a connection to some projects of its space, none at first and none
// by itself: a project made later has to be enabled. Whoever is not Space administrator
// enables and disables projects they are a member of, and no others.
func (s *Store) Restrict(tx *database.Tx, c Connection, by role.Held, names []string) error {
	if err := c.active(); err != nil {
		return err
	}
	backs, err := database.One(tx.Reading(), database.Value[bool], `select exists (select 1 from vpc_connections where connection_id = $1 and is_default)`, c.ID)
	if err != nil {
		return err
	}
	if backs {
		return fault.Conflictf("the connection %s is behind the default VPC connection of the space, which every project runs in: choose another default first", c.Name)
	}
	before, err := s.Projects(tx.Reading(), c)
	if err != nil {
		return err
	}
	projects := make([]space.ProjectRef, len(names))
	for i, name := range names {
		if there := slices.IndexFunc(before, func(p space.ProjectRef) bool { return p.Name == name }); there >= 0 {
			projects[i] = before[there] // nothing changes for it
		} else if projects[i], err = s.Configurable(tx.Reading(), c.SpaceID, by, name); err != nil {
			return err
		}
	}
	for _, p := range before {
		if !slices.Contains(projects, p) {
			if err := mayConfigure(by, p); err != nil {
				return err
			}
			if _, err := tx.Exec(`delete from connection_projects where connection_id = $1 and project_id = $2`, c.ID, p.ID); err != nil {
				return err
			}
		}
	}
	for _, p := range projects {
		if !slices.Contains(before, p) {
			if _, err := tx.Exec(`insert into connection_projects (connection_id, project_id) values ($1, $2) on conflict do nothing`, c.ID, p.ID); err != nil {
				return err
			}
		}
	}
	_, err = tx.Exec(`update connections set restricted = $2 where id = $1`, c.ID, true)
	return err
}

// Configurable finds a project that somebody may configure access for. Of others they do
// not learn whether they exist.
func (s *Store) Configurable(tx *database.ReadTx, in space.ID, by role.Held, name string) (space.ProjectRef, error) {
	p, err := s.Spaces.LookupProject(tx, in, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return p, err
	}
	if err := mayConfigure(by, space.ProjectRef{ID: p.ID, Name: name}); err != nil {
		return p, err
	}
	return p, err
}

// mayConfigure: "a Power user may configure access only for projects of which that
// user is a member" (permissions page of the CodeCatalyst User Guide).
func mayConfigure(by role.Held, p space.ProjectRef) error {
	if by.SpaceRole()&role.SpaceAdministrator != 0 || by.ProjectRole(string(p.ID)) != 0 {
		return nil
	}
	return fault.Deniedf("you may enable and disable projects that you are a member of, and %.64s is not one: a Space administrator can do it", p.Name)
}

// Unrestrict opens a connection to every project of its space. Which projects were
// enabled is kept: whoever restricts it again changes that for their own projects alone.
func (s *Store) Unrestrict(tx *database.Tx, c Connection) error {
	_, err := tx.Exec(`update connections set restricted = $2 where id = $1`, c.ID, false)
	return err
}

// Projects are those a restricted connection may be used by, by name.
func (s *Store) Projects(tx *database.ReadTx, c Connection) ([]space.ProjectRef, error) {
	return database.All(tx, func(row database.Row) (p space.ProjectRef, err error) {
		return p, row.Scan(&p.ID, &p.Name)
	}, `select p.id, p.name from connection_projects c join projects p on p.id = c.project_id where c.connection_id = $1 order by p.name`, c.ID)
}

// CheckAccount refuses a project that the space's connection to an account is restricted
// to others than.
func (s *Store) CheckAccount(tx *database.ReadTx, in space.ID, id account.ID, project space.ProjectID) error {
	connections, err := s.find(tx, `where c.space_id = $1 and c.account_id = $2 and c.state = $3`, in, id, Active)
	if err != nil {
		return err
	}
	for _, c := range connections {
		if open, err := s.admits(tx, c, project); err != nil {
			return err
		} else if !open {
			return restricted(c)
		}
	}
	return nil
}

// admits tells whether a project may use the connection.
func (s *Store) admits(tx *database.ReadTx, c Connection, project space.ProjectID) (bool, error) {
	if !c.Restricted {
		return true, nil
	}
	return database.One(tx, database.Value[bool], `select exists (select 1 from connection_projects where connection_id = $1 and project_id = $2)`, c.ID, project)
}
