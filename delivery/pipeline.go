package delivery

import (
	"cmp"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/space"
)

// ID is a pipeline's UUID. It is never given twice.
type ID string

// Pipeline joins a repository to the organization behind an account: the management
// account, or the one that administers IAM Identity Center for it.
type Pipeline struct {
	ID           ID
	Space        space.Ref
	Project      space.ProjectRef
	RepositoryID repo.ID
	Repository   string // its name
	Name         string // unique in the project, whatever its case
	Folder       string // of the templates; empty: the whole repository
	Account      account.ID
	Side         connection.Side
	Region       string
	State        connection.State // pending, active, rejected or expired
	Role         string           // ARN, that runs assume; empty until it is accepted
	RequestedBy  directory.UserID
	RequestedAt  time.Time
	ExpiresAt    time.Time // of the token, and so of what is pending
	DecidedAt    time.Time // accepted or rejected; zero: neither
}

// SourceARN is what the account's side is told about who is behind a run: the project.
func (p Pipeline) SourceARN() string {
	return arn.Project(string(p.Space.ID), string(p.Project.ID)).String()
}

// RoleName is that of the role which accepting makes on the embedded account side. Its
// end is the pipeline's, so that no two want the same.
func (p Pipeline) RoleName() string { return "sallyport-pipeline-" + string(p.ID)[:8] }

// New is what asking for a pipeline takes.
type New struct {
	Name       string // empty: the repository's
	Repository string // name
	Folder     string // empty: [DefaultFolder]; ".": the whole repository
	Account    account.ID
	Role       string // of AWS: the ARN of the role its administrator has made
}

// DefaultFolder is where templates are, unless one says otherwise.
const DefaultFolder = "templates"

// mostInProject bounds what a project asks for.
const mostInProject = 20

var nameForm = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,100}$`)

func checkFolder(folder string) (string, error) {
	folder = strings.Trim(cmp.Or(folder, DefaultFolder), "/")
	if folder == "." {
		return "", nil
	}
	if len(folder) > 512 || !fs.ValidPath(folder) {
		return "", fault.Invalidf("%.64q is not a folder of a repository: names with slashes between, without . and .. among them", folder)
	}
	return folder, nil
}

// Request asks for an account. The token is for the account's side, which accepts or
// rejects with it, once.
func (s *Store) Request(tx *database.Tx, at repo.Place, by directory.UserID, n New) (Pipeline, credential.Token, error) {
	none := func(err error) (Pipeline, credential.Token, error) { return Pipeline{}, "", err }
	folder, err := checkFolder(n.Folder)
	if err != nil {
		return none(err)
	}
	r, err := s.Repositories.Repository(tx.Reading(), at.Project.ID, n.Repository)
	if err != nil {
		return none(err)
	}
	n.Name = cmp.Or(n.Name, r.Name)
	if !nameForm.MatchString(n.Name) {
		return none(fault.Invalidf("pipeline name %.64q: a name has 1 to 100 letters, digits and - _ .", n.Name))
	}
	side, err := s.Connections.SideOf(tx.Reading(), n.Account)
	if err != nil {
		return none(err)
	}
	if err := checkRole(side, n); err != nil {
		return none(err)
	}
	if err := s.untaken(tx, at, n.Name); err != nil {
		return none(err)
	}
	id, token := ID(uuid.NewString()), credential.NewToken(credential.ConnectionRequest)
	_, err = tx.Exec(`insert into pipelines (id, space_id, project_id, repository_id, name, name_key, folder, account_id, side, region, state, token_hash, role_arn, next_number, requested_by, requested_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14, $15, $16)`,
		id, at.Space.ID, at.Project.ID, r.ID, n.Name, nameKey(n.Name), folder, n.Account, side, s.Connections.Region, connection.Pending, credential.HashToken(string(token)), n.Role,
		by, database.Time(tx.Now()), database.Time(tx.Now().Add(connection.TokenLifetime)))
	if err != nil {
		return none(err)
	}
	p, err := s.Pipeline(tx.Reading(), id)
	return p, token, err
}

// checkRole: on the embedded account side accepting makes the role, on AWS nobody but
// the account's administrator can.
func checkRole(side connection.Side, n New) error {
	switch {
	case side == connection.Embedded && n.Role != "":
		return fault.Invalidf("the account %s is here: leave the role out, accepting the pipeline makes one", n.Account)
	case side == connection.Embedded:
		return nil
	case n.Role == "":
		return fault.Invalidf("the account %s is AWS's: make a role there that admits this project, as sallyport trust generate prints it, and name its ARN with --role", n.Account)
	}
	_, err := connection.ParseRole(n.Account, n.Role)
	return err
}

// untaken frees the name of a pipeline that was rejected or has expired, and refuses one
// that is in use.
func (s *Store) untaken(tx *database.Tx, at repo.Place, name string) error {
	existing, err := s.Pipelines(tx.Reading(), at.Project.ID, space.Page{})
	if err != nil {
		return err
	}
	for _, p := range existing {
		switch {
		case p.State == connection.Rejected || p.State == connection.Expired:
			if err := s.Delete(tx, p); err != nil {
				return err
			}
		case nameKey(p.Name) == nameKey(name):
			return fault.Conflictf("the project has a pipeline %q already: delete it first, or choose another name", p.Name)
		}
	}
	if len(existing) >= mostInProject {
		return fault.Quotaf("the project has %d pipelines, the most it can have: delete one first", mostInProject)
	}
	return nil
}

const columns = `select p.id, p.space_id, s.name, s.grants_version, p.project_id, j.name, p.repository_id, r.name, p.name, p.folder, p.account_id, p.side, p.region, p.state, p.role_arn,
	p.requested_by, p.requested_at, p.expires_at, coalesce(p.decided_at, 0)
	from pipelines p join spaces s on s.id = p.space_id join projects j on j.id = p.project_id join repositories r on r.id = p.repository_id `

func scanPipeline(now time.Time) func(database.Row) (Pipeline, error) {
	return func(row database.Row) (p Pipeline, err error) {
		err = row.Scan(&p.ID, &p.Space.ID, &p.Space.Name, &p.Space.GrantsVersion, &p.Project.ID, &p.Project.Name, &p.RepositoryID, &p.Repository, &p.Name, &p.Folder, &p.Account, &p.Side, &p.Region, &p.State, &p.Role,
			&p.RequestedBy, (*database.Time)(&p.RequestedAt), (*database.Time)(&p.ExpiresAt), (*database.Time)(&p.DecidedAt))
		if p.State == connection.Pending && !now.Before(p.ExpiresAt) {
			p.State = connection.Expired
		}
		return p, err
	}
}

func (s *Store) find(tx *database.ReadTx, where string, args ...any) ([]Pipeline, error) {
	return database.All(tx, scanPipeline(tx.Now()), columns+where, args...)
}

// Pipeline finds one by its id.
func (s *Store) Pipeline(tx *database.ReadTx, id ID) (Pipeline, error) {
	p, err := database.One(tx, scanPipeline(tx.Now()), columns+`where p.id = $1`, id)
	return p, orNotFound(err, "the pipeline has been deleted")
}

// Named finds one of a project by its name, whatever its case.
func (s *Store) Named(tx *database.ReadTx, in space.ProjectID, name string) (Pipeline, error) {
	p, err := database.One(tx, scanPipeline(tx.Now()), columns+`where p.project_id = $1 and p.name_key = $2`, in, nameKey(name))
	return p, orNotFound(err, "the project has no pipeline %.100q: sallyport pipeline list shows those it has", name)
}

// Pipelines lists those of a project, by name; a page goes on after one.
func (s *Store) Pipelines(tx *database.ReadTx, in space.ProjectID, page space.Page) ([]Pipeline, error) {
	return s.find(tx, `where p.project_id = $1 and p.name_key > $2 order by p.name_key limit $3`, in, nameKey(page.After), limit(page))
}

// ToAccount lists those that an account has accepted, by id; a page goes on after one.
func (s *Store) ToAccount(tx *database.ReadTx, id account.ID, page space.Page) ([]Pipeline, error) {
	return s.find(tx, `where p.account_id = $1 and p.id > $2 and p.state = 'active' order by p.id limit $3`, id, page.After, limit(page))
}

// OfAccount finds one that an account has accepted.
func (s *Store) OfAccount(tx *database.ReadTx, in account.ID, id ID) (Pipeline, error) {
	p, err := database.One(tx, scanPipeline(tx.Now()), columns+`where p.account_id = $1 and p.id = $2 and p.state = 'active'`, in, id)
	return p, orNotFound(err, "the account has no pipeline %.64s", id)
}

// Asked is what a token asks of an account, for the account's side.
func (s *Store) Asked(tx *database.ReadTx, by account.ID, region, token string) (Pipeline, error) {
	hash, err := connection.TokenHash(token)
	if err != nil {
		return Pipeline{}, err
	}
	p, err := database.One(tx, scanPipeline(tx.Now()), columns+`where p.token_hash = $1`, hash)
	if err != nil {
		return Pipeline{}, orNotFound(err, "%s", fault.As(connection.NoRequest).Message)
	}
	return p, connection.Asked{Account: p.Account, Region: p.Region, State: p.State, ExpiresAt: p.ExpiresAt, DecidedAt: p.DecidedAt}.Answerable(by, region)
}

// Reject ends what is asked.
func (s *Store) Reject(tx *database.Tx, p Pipeline) (Pipeline, error) {
	return s.decide(tx, p, connection.Rejected, p.Role)
}

// administers refuses an account whose organization another account says who has access
// in: its pipeline would hear of everything that happens there, and keep out theirs.
func (s *Store) administers(tx *database.ReadTx, p Pipeline) error {
	if p.Side != connection.Embedded {
		return nil // AWS asks the same of the role
	}
	place, err := s.Organizations.Place(tx, p.Account)
	if err != nil || place == nil {
		return err
	}
	o, err := s.Organizations.Organization(tx, place.Organization)
	if err != nil || o.Management == p.Account {
		return err
	}
	delegate, err := s.Organizations.Delegated(tx, o, p.Account, "sso.amazonaws.com")
	if err == nil && !delegate {
		err = fault.Deniedf("the account %s is a member of an organization: its management account says who has access there, or the account that administers IAM Identity Center for it; connect the pipeline to one of them", p.Account)
	}
	return err
}

// Accept lets a pipeline that was asked for run with this role, and has it look at its
// repository at once. A second one for the same instance is refused as Conflict: the
// files of each say everything, so that they would undo each other.
func (s *Store) Accept(tx *database.Tx, p Pipeline, role string) (Pipeline, error) {
	if err := s.administers(tx.Reading(), p); err != nil {
		return p, err
	}
	active, err := s.find(tx.Reading(), `where p.state = 'active' and p.side = $1`, p.Side)
	if err != nil {
		return p, err
	}
	for _, other := range active {
		same, err := s.together(tx.Reading(), p.Account, other)
		if err != nil {
			return p, err
		}
		if same {
			which := "another pipeline"
			if other.Project.ID == p.Project.ID {
				which = "the pipeline " + other.Name // others' names are not for everybody
			}
			return p, fault.Conflictf("access in the organization of account %s is delivered by %s already, and the files of two would undo each other: that one has to be deleted first", p.Account, which)
		}
	}
	if p, err = s.decide(tx, p, connection.Active, role); err != nil {
		return p, err
	}
	return p, s.lookAt(tx, p, Cause{Kind: ByApproval, What: "the pipeline was accepted"})
}

func (s *Store) decide(tx *database.Tx, p Pipeline, state connection.State, role string) (Pipeline, error) {
	if _, err := tx.Exec(`update pipelines set state = $2, role_arn = $3, decided_at = $4 where id = $1`, p.ID, state, role, database.Time(tx.Now())); err != nil {
		return p, err
	}
	return s.Pipeline(tx.Reading(), p.ID)
}

// Delete ends a pipeline, from either side, with all that is kept of its runs and with
// the role that accepting it made. One that is running stops at its next step.
func (s *Store) Delete(tx *database.Tx, p Pipeline) error {
	if _, err := tx.Exec(`delete from pipelines where id = $1`, p.ID); err != nil {
		return err
	}
	return s.removeRole(tx, p)
}

// DeleteOf ends the pipelines of a repository that is about to be deleted.
func (s *Store) DeleteOf(tx *database.Tx, r repo.ID) error {
	going, err := s.find(tx.Reading(), `where p.repository_id = $1`, r)
	for _, p := range going {
		if err := s.Delete(tx, p); err != nil {
			return err
		}
	}
	return err
}
