package connection

import (
	"cmp"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/space"
)

// EnvironmentID is an environment's UUID. What trusts an environment names it, so it is
// never given twice.
type EnvironmentID string

// EnvironmentType is shown beside what is done in an environment, and means nothing
// else.
type EnvironmentType string

const (
	NonProduction EnvironmentType = "non-production"
	Production    EnvironmentType = "production"
)

// Environment is where a project's actions reach an account from.
type Environment struct {
	ID          EnvironmentID
	ProjectID   space.ProjectID
	Name        string // unique in the project, whatever its case
	Type        EnvironmentType
	Description string
	Connection  ID              // empty: none; it may have been deleted since
	Role        string          // the default, by name; empty: none
	VPC         VPCConnectionID // empty: the space's default; it may have been deleted since
	CreatedBy   directory.UserID
	CreatedAt   time.Time
}

// NewEnvironment is what creating one takes. Type and description may be empty.
type NewEnvironment struct {
	Name        string
	Type        EnvironmentType
	Description string
}

// EnvironmentPatch is a change. What is nil stays; what is empty is taken away.
type EnvironmentPatch struct {
	Type        *EnvironmentType
	Description *string
	Connection  *string // by name
	Role        *string
	VPC         *string // VPC connection, by name
}

func (t EnvironmentType) check() error {
	if t != Production && t != NonProduction {
		return fault.Invalidf("%.32q is not a type of environments: say production or non-production", t)
	}
	return nil
}

// CreateEnvironment makes an environment that leads nowhere yet.
func (s *Store) CreateEnvironment(tx *database.Tx, in space.ID, project space.ProjectID, by directory.UserID, n NewEnvironment) (Environment, error) {
	n.Type = cmp.Or(n.Type, NonProduction)
	if err := cmp.Or(checkName("environment", n.Name), n.Type.check(), checkDescription(n.Description)); err != nil {
		return Environment{}, err
	}
	if err := environmentsOfProject.room(tx.Reading(), project); err != nil {
		return Environment{}, err
	}
	id := EnvironmentID(uuid.NewString())
	description, err := s.seal(tx.Reading(), in, environmentColumn, string(id), n.Description)
	if err != nil {
		return Environment{}, err
	}
	_, err = tx.Exec(`insert into environments (id, project_id, space_id, name, name_key, type, description_sealed, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (project_id, name_key) do nothing`,
		id, project, in, n.Name, key(n.Name), n.Type, description, by, database.Time(tx.Now()))
	if err != nil {
		return Environment{}, err
	}
	e, err := s.Environment(tx.Reading(), in, project, n.Name)
	if err == nil && e.ID != id {
		err = fault.Conflictf("the project has an environment %q already: choose another name", e.Name)
	}
	return e, err
}

// UpdateEnvironment changes an environment. A connection has to be active and open to
// the project, a role to be on the connection, a VPC connection to be on one that is
// open to the project. Another connection takes the default role away, unless one is
// given with it.
func (s *Store) UpdateEnvironment(tx *database.Tx, in space.ID, e Environment, patch EnvironmentPatch) (Environment, error) {
	reading := tx.Reading()
	if patch.Type != nil {
		e.Type = *patch.Type
	}
	if patch.Description != nil {
		e.Description = *patch.Description
	}
	if err := cmp.Or(e.Type.check(), checkDescription(e.Description)); err != nil {
		return Environment{}, err
	}
	if patch.Connection != nil {
		if err := s.connect(reading, in, &e, *patch.Connection); err != nil {
			return Environment{}, err
		}
	}
	if patch.Role != nil {
		if err := s.chooseRole(reading, in, &e, *patch.Role); err != nil {
			return Environment{}, err
		}
	}
	if patch.VPC != nil {
		if err := s.chooseVPC(reading, in, &e, *patch.VPC); err != nil {
			return Environment{}, err
		}
	}
	description, err := s.seal(reading, in, environmentColumn, string(e.ID), e.Description)
	if err != nil {
		return Environment{}, err
	}
	_, err = tx.Exec(`update environments set type = $2, description_sealed = $3, connection_id = $4, role = $5, vpc_connection_id = $6 where id = $1`,
		e.ID, e.Type, description, orNull(string(e.Connection)), orNull(e.Role), orNull(string(e.VPC)))
	if err != nil {
		return Environment{}, err
	}
	return s.Environment(reading, in, e.ProjectID, e.Name)
}

// usable finds a connection that a project may use, by name.
func (s *Store) usable(tx *database.ReadTx, in space.ID, project space.ProjectID, name string) (Connection, error) {
	c, err := s.Named(tx, in, name)
	if err != nil {
		return Connection{}, err
	}
	if err := c.active(); err != nil {
		return Connection{}, err
	}
	switch open, err := s.admits(tx, c, project); {
	case err != nil:
		return Connection{}, err
	case !open:
		return Connection{}, restricted(c)
	}
	return c, nil
}

func (s *Store) connect(tx *database.ReadTx, in space.ID, e *Environment, name string) error {
	if name == "" {
		e.Connection, e.Role = "", ""
		return nil
	}
	c, err := s.usable(tx, in, e.ProjectID, name)
	if err != nil || c.ID == e.Connection {
		return err
	}
	e.Connection, e.Role = c.ID, ""
	return environmentsOfConnection.room(tx, c.ID)
}

func (s *Store) chooseRole(tx *database.ReadTx, in space.ID, e *Environment, name string) error {
	if e.Role = name; name == "" {
		return nil
	}
	if e.Connection == "" {
		return fault.Conflictf("the environment %s has no account connection, and so no roles to choose from: give it one first", e.Name)
	}
	c, err := s.Connection(tx, in, e.Connection)
	if err != nil {
		return err
	}
	r, err := s.Role(tx, c, name)
	if fault.Is(err, fault.NotFound) {
		return notAvailable(c, name)
	}
	e.Role = r.Name
	return err
}

func (s *Store) chooseVPC(tx *database.ReadTx, in space.ID, e *Environment, name string) error {
	if name == "" {
		e.VPC = ""
		return nil
	}
	v, err := s.VPCConnection(tx, in, name)
	if err != nil {
		return err
	}
	if _, err := s.usable(tx, in, e.ProjectID, v.Connection); err != nil {
		return err
	}
	e.VPC = v.ID
	return nil
}

// DeleteEnvironment ends an environment.
func (s *Store) DeleteEnvironment(tx *database.Tx, id EnvironmentID) error {
	_, err := tx.Exec(`delete from environments where id = $1`, id)
	return err
}

const environmentColumns = `select id, project_id, name, type, description_sealed, coalesce(connection_id, ''), coalesce(role, ''), coalesce(vpc_connection_id, ''), created_by, created_at from environments where project_id = $1 `

// Environment finds one of a project by its name, whatever its case.
func (s *Store) Environment(tx *database.ReadTx, in space.ID, project space.ProjectID, name string) (Environment, error) {
	e, err := database.One(tx, s.scanEnvironment(tx, in), environmentColumns+`and name_key = $2`, project, key(name))
	return e, orNotFound(err, "the project has no environment %.64q", name)
}

// Environments lists those of a project, by name; a page goes on after a name.
func (s *Store) Environments(tx *database.ReadTx, in space.ID, project space.ProjectID, page space.Page) ([]Environment, error) {
	return database.All(tx, s.scanEnvironment(tx, in), environmentColumns+`and name_key > $2 order by name_key limit $3`, project, key(page.After), limit(page))
}

func (s *Store) scanEnvironment(tx *database.ReadTx, in space.ID) func(database.Row) (Environment, error) {
	return func(row database.Row) (e Environment, err error) {
		var sealed []byte
		if err := row.Scan(&e.ID, &e.ProjectID, &e.Name, &e.Type, &sealed, &e.Connection, &e.Role, &e.VPC, &e.CreatedBy, (*database.Time)(&e.CreatedAt)); err != nil {
			return e, err
		}
		e.Description, err = s.open(tx, in, environmentColumn, string(e.ID), sealed)
		return e, err
	}
}

// Leading is an environment that leads into an account, and where it is.
type Leading struct {
	ID          EnvironmentID
	Environment string
	Type        EnvironmentType
	Project     space.ProjectRef
	Role        string // the default; empty: none
}

// Leading lists the environments that name a connection, by project and name.
func (s *Store) Leading(tx *database.ReadTx, c Connection) ([]Leading, error) {
	return database.All(tx, func(row database.Row) (l Leading, err error) {
		return l, row.Scan(&l.ID, &l.Environment, &l.Type, &l.Project.ID, &l.Project.Name, &l.Role)
	}, `select e.id, e.name, e.type, p.id, p.name, coalesce(e.role, '') from environments e join projects p on p.id = e.project_id where e.connection_id = $1 order by p.name, e.name_key`, c.ID)
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
