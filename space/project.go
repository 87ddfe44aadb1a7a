package space

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
)

// ProjectID is a project's UUID.
type ProjectID string

// Project is where the people of a space work.
type Project struct {
	ID          ProjectID
	SpaceID     ID
	Name        string // unique in the space, case-sensitive
	DisplayName string
	Description string
	CreatedAt   time.Time
}

// NewProject is what creating a project needs. Description may be empty.
type NewProject struct {
	DisplayName string
	Description string
}

// ProjectRef is what a request needs to know of the project it names.
type ProjectRef struct {
	ID   ProjectID
	Name string
}

// CreateProject makes a project named like its display name, with - for each space.
// Its creator becomes its Project administrator: a Power user would otherwise lose
// sight of it at once.
func (s *Store) CreateProject(tx *database.Tx, id ID, by directory.UserID, n NewProject) (Project, error) {
	if err := cmp.Or(checkDisplayName("project", n.DisplayName), checkDescription(n.Description)); err != nil {
		return Project{}, err
	}
	if err := projectsOfSpace.room(&tx.ReadTx, id); err != nil {
		return Project{}, err
	}
	name := strings.ReplaceAll(n.DisplayName, " ", "-")
	if err := projectNameUntaken(&tx.ReadTx, id, name); err != nil {
		return Project{}, err
	}
	key, err := s.key(&tx.ReadTx, id)
	if err != nil {
		return Project{}, err
	}
	project := ProjectID(uuid.NewString())
	description, err := key.Seal("projects.description_sealed", string(project), []byte(n.Description))
	if err != nil {
		return Project{}, err
	}
	_, err = tx.Exec(`insert into projects (id, space_id, name, display_name, description_sealed, created_by, created_at)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		project, id, name, n.DisplayName, description, by, database.Time(tx.Now()))
	if database.IsDuplicate(err) {
		return Project{}, fault.Conflictf("the space has a project %q already: choose another name", name)
	}
	if err != nil {
		return Project{}, err
	}
	if err := enrol(tx, id, project, by, role.ProjectAdministrator); err != nil {
		return Project{}, err
	}
	return s.Project(&tx.ReadTx, id, name)
}

func projectNameUntaken(tx *database.ReadTx, id ID, name string) error {
	existing, err := database.One(tx, database.Value[string], `select display_name from projects where space_id = $1 and name = $2`, id, name)
	if errors.Is(err, database.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.Conflictf("the space has a project %q already, displayed as %q: choose another name", name, existing)
}

// LookupProject finds the project a request names: one look at an index at most.
func (s *Store) LookupProject(tx *database.ReadTx, id ID, name string) (ProjectRef, error) {
	p, err := s.Project(tx, id, name)
	return ProjectRef{p.ID, p.Name}, err
}

// projectPath is what a project is looked up by.
type projectPath struct {
	space ID
	name  string
}

// Project returns one project of the space.
func (s *Store) Project(tx *database.ReadTx, id ID, name string) (Project, error) {
	if !nameForm.MatchString(name) {
		return Project{}, fault.NotFoundf("no project %.64q", name)
	}
	project, err := s.projects.Get(tx, projectPath{id, name}, func() (Project, error) {
		key, err := s.key(tx, id)
		if err != nil {
			return Project{}, err
		}
		return database.One(tx, scanProject(key), `select `+projectColumns+` from projects where space_id = $1 and name = $2`, id, name)
	})
	return project, orNotFound(err, "no project %q", name)
}

const projectColumns = `id, space_id, name, display_name, created_at, description_sealed`

func scanProject(key *seal.Key) func(database.Row) (Project, error) {
	return func(row database.Row) (p Project, err error) {
		var sealed []byte
		if err := row.Scan(&p.ID, &p.SpaceID, &p.Name, &p.DisplayName, (*database.Time)(&p.CreatedAt), &sealed); err != nil {
			return p, err
		}
		description, err := key.Open("projects.description_sealed", string(p.ID), sealed)
		p.Description = string(description)
		return p, err
	}
}

// ProjectFilter narrows a list of projects. All of it has to be met.
type ProjectFilter struct {
	AccessibleTo *directory.UserID // Space administrators have access to all
	Names        []Comparison
}

// Comparison is met by a name that compares so to any of the values.
type Comparison struct {
	Operator Operator // empty: Equal
	Values   []string
}

// Operator is how names are compared: byte by byte, as they are case-sensitive.
type Operator string

const (
	Equal          Operator = "EQ"
	Greater        Operator = "GT"
	GreaterOrEqual Operator = "GE"
	Less           Operator = "LT"
	LessOrEqual    Operator = "LE"
	BeginsWith     Operator = "BEGINS_WITH"
)

var operators = map[Operator]func(name, value string) bool{
	Equal:          func(name, value string) bool { return name == value },
	Greater:        func(name, value string) bool { return name > value },
	GreaterOrEqual: func(name, value string) bool { return name >= value },
	Less:           func(name, value string) bool { return name < value },
	LessOrEqual:    func(name, value string) bool { return name <= value },
	BeginsWith:     strings.HasPrefix,
}

// ListProjects returns the projects that meet the filter, by name; a page goes on
// after a name. A space has few projects, so filter and order are applied here, and
// are the same whatever collation the database has.
func (s *Store) ListProjects(tx *database.ReadTx, id ID, filter ProjectFilter, page Page) ([]Project, error) {
	meets, err := s.projectTest(tx, id, filter)
	if err != nil {
		return nil, err
	}
	key, err := s.key(tx, id)
	if err != nil {
		return nil, err
	}
	projects, err := database.All(tx, scanProject(key), `select `+projectColumns+` from projects where space_id = $1`, id)
	if err != nil {
		return nil, err
	}
	projects = slices.DeleteFunc(projects, func(p Project) bool { return p.Name <= page.After || !meets(p) })
	slices.SortFunc(projects, func(a, b Project) int { return cmp.Compare(a.Name, b.Name) })
	return projects[:min(int64(len(projects)), page.limit())], nil
}

func (s *Store) projectTest(tx *database.ReadTx, id ID, filter ProjectFilter) (func(Project) bool, error) {
	var tests []func(Project) bool
	if filter.AccessibleTo != nil {
		held, err := s.Held(tx, id, *filter.AccessibleTo)
		if err != nil {
			return nil, err
		}
		everywhere := held.SpaceRole()&role.SpaceAdministrator != 0
		tests = append(tests, func(p Project) bool { return everywhere || held.ProjectRole(string(p.ID)) != 0 })
	}
	for _, comparison := range filter.Names {
		compare, ok := operators[cmp.Or(comparison.Operator, Equal)]
		if !ok {
			return nil, fault.Invalidf("no comparison %.16q: there are EQ, GT, GE, LT, LE and BEGINS_WITH", comparison.Operator)
		}
		tests = append(tests, func(p Project) bool {
			return slices.ContainsFunc(comparison.Values, func(value string) bool { return compare(p.Name, value) })
		})
	}
	return func(p Project) bool {
		return !slices.ContainsFunc(tests, func(test func(Project) bool) bool { return !test(p) })
	}, nil
}

// UpdateProject gives the project another description.
func (s *Store) UpdateProject(tx *database.Tx, project ProjectID, description string) (Project, error) {
	if err := checkDescription(description); err != nil {
		return Project{}, err
	}
	id, err := spaceOfProject(&tx.ReadTx, project)
	if err != nil {
		return Project{}, err
	}
	key, err := s.key(&tx.ReadTx, id)
	if err != nil {
		return Project{}, err
	}
	sealed, err := key.Seal("projects.description_sealed", string(project), []byte(description))
	if err != nil {
		return Project{}, err
	}
	if _, err := tx.Exec(`update projects set description_sealed = $2 where id = $1`, project, sealed); err != nil {
		return Project{}, err
	}
	return database.One(&tx.ReadTx, scanProject(key), `select `+projectColumns+` from projects where id = $1`, project)
}

// DeleteProject ends the project and every role in it. Invitations to it are
// cancelled, not deleted, and go on counting for the daily limits.
func (s *Store) DeleteProject(tx *database.Tx, project ProjectID) error {
	id, err := spaceOfProject(&tx.ReadTx, project)
	if err != nil {
		return err
	}
	if err := s.ending(tx, id, project); err != nil {
		return err
	}
	if err := release(tx, id, leaving{project: project}); err != nil {
		return err
	}
	if err := cancelInvitationsInto(tx, project); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from projects where id = $1`, project); err != nil {
		return err
	}
	return touch(tx, id)
}

func spaceOfProject(tx *database.ReadTx, project ProjectID) (ID, error) {
	id, err := database.One(tx, database.Value[ID], `select space_id from projects where id = $1`, project)
	return id, orNotFound(err, "no project %s", project)
}

// ProjectMember is somebody who holds a role in a project without counting teams.
type ProjectMember struct {
	UserID   directory.UserID
	Role     role.Role
	JoinedAt time.Time
}

// ProjectMembers lists who holds a role in the project directly, by user id; a page
// goes on after one.
func (s *Store) ProjectMembers(tx *database.ReadTx, project ProjectID, page Page) ([]ProjectMember, error) {
	return database.All(tx, func(row database.Row) (m ProjectMember, err error) {
		return m, row.Scan(&m.UserID, projectRole(&m.Role), (*database.Time)(&m.JoinedAt))
	}, `select user_id, role, joined_at from project_members where project_id = $1 and user_id > $2 order by user_id limit $3`,
		project, page.After, page.limit())
}

// SetProjectRole gives the user this role in the project in place of any other held
// there directly. Whoever is not in the space yet joins it with Limited access.
func (s *Store) SetProjectRole(tx *database.Tx, project ProjectID, user directory.UserID, r role.Role) error {
	if err := checkProjectRole(r); err != nil {
		return err
	}
	id, err := spaceOfProject(&tx.ReadTx, project)
	if err != nil {
		return err
	}
	return enrol(tx, id, project, user, r)
}

func enrol(tx *database.Tx, id ID, project ProjectID, user directory.UserID, r role.Role) error {
	if err := join(tx, id, user, role.LimitedAccess, throughProject); err != nil {
		return err
	}
	held, err := directProjectRole(&tx.ReadTx, project, user)
	if err != nil {
		return err
	}
	if held == 0 {
		if err := roomInProject(&tx.ReadTx, project, user); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`insert into project_members (project_id, user_id, role, joined_at) values ($1, $2, $3, $4)
		on conflict (project_id, user_id) do update set role = excluded.role`,
		project, user, r.Name(), database.Time(tx.Now())); err != nil {
		return err
	}
	return touch(tx, id)
}

func roomInProject(tx *database.ReadTx, project ProjectID, user directory.UserID) error {
	if err := membersOfProject.room(tx, project); err != nil {
		return err
	}
	return projectsOfUser.room(tx, user)
}

// RemoveFromProject takes the user's direct role in the project away. Whoever came
// into the space through a project, and has none left, leaves the space too, unless
// a team holds them there.
func (s *Store) RemoveFromProject(tx *database.Tx, project ProjectID, user directory.UserID) error {
	id, err := spaceOfProject(&tx.ReadTx, project)
	if err != nil {
		return err
	}
	if err := release(tx, id, leaving{project: project, user: user}); err != nil {
		return err
	}
	n, err := tx.Exec(`delete from project_members where project_id = $1 and user_id = $2`, project, user)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.NotFoundf("user %s holds no role in the project directly", user)
	}
	return touch(tx, id)
}

// directProjectRole is the role the user holds in the project without counting
// teams, 0 for none.
func directProjectRole(tx *database.ReadTx, project ProjectID, user directory.UserID) (role.Role, error) {
	r, err := database.One(tx, func(row database.Row) (r role.Role, err error) {
		return r, row.Scan(projectRole(&r))
	}, `select role from project_members where project_id = $1 and user_id = $2`, project, user)
	if errors.Is(err, database.ErrNone) {
		return 0, nil
	}
	return r, err
}
