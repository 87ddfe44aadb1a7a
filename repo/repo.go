// Package repo knows the source repositories of projects: their names and rules,
// what their references are, and where what they hold lies.
//
// Objects lie in a folder for each repository, where the git program reads them. What
// the references are is decided in the database, in the transaction that records who
// changed them and wakes whatever waits for a push. The folder follows:
//
//	push ── objects ──> folder/incoming ── checked ──> folder/objects
//	  │                                                     │
//	  └── before, after ──> refs, event, triggers   ── follow ──> folder/packed-refs
//	                        (one transaction)
//
// So a crash leaves nothing half done. Before the commit there are objects that
// nobody refers to; after it the folder is behind, and catches up before it is used
// again. Of two who change one reference, the database lets one through. A copy of
// the folders that is taken after one of the database fits it: objects are only ever
// added, and the references come from the database.
//
// What roles allow is package role's. The rules of branches narrow it, here.
package repo

import (
	"cmp"
	"errors"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// Store keeps the repositories of a partition. Its methods are safe for concurrent
// use, each in its own transaction.
type Store struct {
	Keys   *seal.Keys
	DB     *database.DB // to follow
	Folder string       // of the folders; several nodes share it
	Log    *slog.Logger
	// Pushed is told of every change of references, in its transaction. Its error
	// undoes the change. Nil: nobody is told.
	Pushed func(*database.Tx, Push) error
	// Removing is told of every repository that is about to be deleted, likewise.
	Removing func(*database.Tx, ID) error
}

// ID is a repository's UUID. Its folder is named by it.
type ID string

// Repository is one of a project's.
type Repository struct {
	ID             ID
	SpaceID        space.ID
	ProjectID      space.ProjectID
	Name           string // unique in the project without regard to case
	Description    string
	DefaultBranch  string // without refs/heads/; need not exist
	LongestMessage int    // characters of a commit's message; 0: any number
	Version        int64  // of its references
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// New is what creating a repository needs. Description may be empty.
type New struct {
	Name        string
	Description string
	Empty       bool // without the initial commit, for a history that is there already
}

// Path is where git reaches the repository, below the server's address.
func Path(at Place, r Repository) string {
	return "/git/" + at.Space.Name + "/" + at.Project.Name + "/" + r.Name
}

// Patch changes what is not nil.
type Patch struct {
	Name           *string
	Description    *string
	LongestMessage *int
}

// Limits of CodeCatalyst: "Quotas for source repositories" in its User Guide.
const (
	mostInSpace        = 5_000
	longestDescription = 1_000
	// DefaultMessage is how long a commit's message may be, unless the repository's
	// settings say otherwise.
	DefaultMessage = 1_024
)

// mainBranch is the default branch of a new repository.
const mainBranch = "main"

var nameForm = regexp.MustCompile(`\A[A-Za-z0-9_\-.]{1,100}\z`)

func checkName(name string) error {
	switch {
	case !nameForm.MatchString(name):
		return fault.Invalidf("%.120q cannot be the name of a repository: 1 to 100 letters, digits, and any of . _ -", name)
	case strings.HasSuffix(strings.ToLower(name), ".git"):
		return fault.Invalidf("%.120q cannot be the name of a repository: it ends in .git", name)
	case strings.Trim(name, ".") == "":
		return fault.Invalidf("%.120q cannot be the name of a repository: it is of dots alone", name)
	}
	return nil
}

func checkDescription(text string) error {
	if utf8.RuneCountInString(text) > longestDescription {
		return fault.Invalidf("the description has more than %d characters", longestDescription)
	}
	return nil
}

func nameKey(name string) string { return strings.ToLower(name) }

func (s *Store) key(tx *database.ReadTx, id space.ID) (*seal.Key, error) {
	return s.Keys.Key(tx, seal.Space(string(id)))
}

// Create makes a repository with an empty commit on main, unless it is to be empty.
// Its folder is made by [Store.Upkeep], or when it is first opened.
func (s *Store) Create(tx *database.Tx, at Place, by directory.UserID, n New) (Repository, error) {
	if err := cmp.Or(checkName(n.Name), checkDescription(n.Description)); err != nil {
		return Repository{}, err
	}
	count, err := database.One(tx.Reading(), database.Value[int], `select count(*) from repositories where space_id = $1`, at.Space.ID)
	if err != nil {
		return Repository{}, err
	}
	if count >= mostInSpace {
		return Repository{}, fault.Quotaf("the space has %d repositories, the most it can have: delete one first", mostInSpace)
	}
	if err := untaken(tx.Reading(), at.Project.ID, n.Name); err != nil {
		return Repository{}, err
	}
	key, err := s.key(tx.Reading(), at.Space.ID)
	if err != nil {
		return Repository{}, err
	}
	id := ID(uuid.NewString())
	description, err := key.Seal("repositories.description_sealed", string(id), []byte(n.Description))
	if err != nil {
		return Repository{}, err
	}
	_, err = tx.Exec(`insert into repositories (id, project_id, space_id, name, name_key, description_sealed, default_branch, longest_message, version, made, created_by, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 1, false, $9, $10, $10)`,
		id, at.Project.ID, at.Space.ID, n.Name, nameKey(n.Name), description, mainBranch, DefaultMessage, by, database.Time(tx.Now()))
	if database.IsDuplicate(err) {
		return Repository{}, taken(n.Name)
	}
	if err != nil {
		return Repository{}, err
	}
	r, err := s.Repository(tx.Reading(), at.Project.ID, n.Name)
	if err != nil || n.Empty {
		return r, err
	}
	first := Update{Ref: branchRef(mainBranch), After: firstCommit(r.CreatedAt).id}
	return r, s.change(tx, at, &r, by, []Update{first})
}

func untaken(tx *database.ReadTx, project space.ProjectID, name string) error {
	_, err := database.One(tx, database.Value[ID], `select id from repositories where project_id = $1 and name_key = $2`, project, nameKey(name))
	if errors.Is(err, database.ErrNone) {
		return nil
	}
	if err == nil {
		err = taken(name)
	}
	return err
}

func taken(name string) error {
	return fault.Conflictf("the project has a repository %q already: choose another name", name)
}

const columns = `id, space_id, project_id, name, default_branch, longest_message, version, created_at, updated_at, description_sealed`

func scan(key *seal.Key) func(database.Row) (Repository, error) {
	return func(row database.Row) (r Repository, err error) {
		var sealed []byte
		if err := row.Scan(&r.ID, &r.SpaceID, &r.ProjectID, &r.Name, &r.DefaultBranch, &r.LongestMessage, &r.Version,
			(*database.Time)(&r.CreatedAt), (*database.Time)(&r.UpdatedAt), &sealed); err != nil {
			return r, err
		}
		description, err := key.Open("repositories.description_sealed", string(r.ID), sealed)
		r.Description = string(description)
		return r, err
	}
}

// Repository finds one of a project's by its name, without regard to case.
func (s *Store) Repository(tx *database.ReadTx, project space.ProjectID, name string) (Repository, error) {
	if !nameForm.MatchString(name) {
		return Repository{}, fault.NotFoundf("no repository %.120q in the project", name)
	}
	in, err := database.One(tx, database.Value[space.ID], `select space_id from repositories where project_id = $1 and name_key = $2`, project, nameKey(name))
	if errors.Is(err, database.ErrNone) {
		return Repository{}, fault.NotFoundf("no repository %q in the project", name)
	}
	if err != nil {
		return Repository{}, err
	}
	key, err := s.key(tx, in)
	if err != nil {
		return Repository{}, err
	}
	return database.One(tx, scan(key), `select `+columns+` from repositories where project_id = $1 and name_key = $2`, project, nameKey(name))
}

// List returns the repositories of a project, by name in lower case; a page goes on
// after one.
func (s *Store) List(tx *database.ReadTx, at Place, page space.Page) ([]Repository, error) {
	key, err := s.key(tx, at.Space.ID)
	if err != nil {
		return nil, err
	}
	return database.All(tx, scan(key), `select `+columns+` from repositories where project_id = $1 and name_key > $2 order by name_key limit $3`,
		at.Project.ID, nameKey(page.After), limit(page))
}

func limit(page space.Page) int64 {
	if page.Limit <= 0 {
		return math.MaxInt64
	}
	return int64(page.Limit)
}

// Update changes what the repository is called, and what it takes.
func (s *Store) Update(tx *database.Tx, r Repository, p Patch) (Repository, error) {
	if p.Name != nil {
		if err := s.rename(tx, r, *p.Name); err != nil {
			return r, err
		}
		r.Name = *p.Name
	}
	if p.Description != nil {
		if err := checkDescription(*p.Description); err != nil {
			return r, err
		}
		key, err := s.key(tx.Reading(), r.SpaceID)
		if err != nil {
			return r, err
		}
		sealed, err := key.Seal("repositories.description_sealed", string(r.ID), []byte(*p.Description))
		if err != nil {
			return r, err
		}
		if _, err := tx.Exec(`update repositories set description_sealed = $2 where id = $1`, r.ID, sealed); err != nil {
			return r, err
		}
	}
	if p.LongestMessage != nil {
		if *p.LongestMessage < 0 || *p.LongestMessage > math.MaxInt32 {
			return r, fault.Invalidf("the longest message of a commit is a number of characters, or 0 for any")
		}
		if _, err := tx.Exec(`update repositories set longest_message = $2 where id = $1`, r.ID, *p.LongestMessage); err != nil {
			return r, err
		}
	}
	if _, err := tx.Exec(`update repositories set updated_at = $2 where id = $1`, r.ID, database.Time(tx.Now())); err != nil {
		return r, err
	}
	return s.Repository(tx.Reading(), r.ProjectID, r.Name)
}

func (s *Store) rename(tx *database.Tx, r Repository, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if nameKey(name) != nameKey(r.Name) {
		if err := untaken(tx.Reading(), r.ProjectID, name); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`update repositories set name = $2, name_key = $3 where id = $1`, r.ID, name, nameKey(name))
	if database.IsDuplicate(err) {
		return taken(name)
	}
	return err
}

// Delete ends the repository. Its folder is removed by [Store.Upkeep].
func (s *Store) Delete(tx *database.Tx, r Repository) error { return s.remove(tx, "id", r.ID) }

// DeleteIn ends the repositories of a project.
func (s *Store) DeleteIn(tx *database.Tx, project space.ProjectID) error {
	return s.remove(tx, "project_id", project)
}

// DeleteInSpace ends the repositories of a space.
func (s *Store) DeleteInSpace(tx *database.Tx, id space.ID) error {
	return s.remove(tx, "space_id", id)
}

func (s *Store) remove(tx *database.Tx, column string, value any) error {
	if s.Removing != nil {
		going, err := database.All(tx.Reading(), database.Value[ID], `select id from repositories where `+column+` = $1`, value)
		if err != nil {
			return err
		}
		for _, id := range going {
			if err := s.Removing(tx, id); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(`insert into removed_repositories (id) select id from repositories where `+column+` = $1`, value); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from repositories where `+column+` = $1`, value)
	return err
}
