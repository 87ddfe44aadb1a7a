// Package delivery is access as code in the server: which repository of which project
// says who has access in which organization, and what came of it each time it was looked
// at.
//
//	project asks ── token ──> account's side accepts; its role is made
//	                              │
//	push ──────────────┐      Pipeline
//	account moved ─────┼─ Cause ──┴──> Run: pending ─> running ─> ended
//	asked by hand ─────┘                 │  takes in what comes while it waits
//	                                     └─ one at a time in an account, on one node
//
// What a run does is for package courier to know; what stands here is whose turn it is,
// what is kept of it, and who may be told. Whatever causes a run is written down in the
// transaction that records it, so that nothing that happened is missed and nothing that
// did not happen is acted on.
//
// A method that returns an error may have begun its change: give the transaction up.
package delivery

import (
	"errors"
	"math"
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// Store keeps pipelines and their runs. It is safe for concurrent use.
type Store struct {
	Keys          *seal.Keys
	Accounts      *account.Store
	Organizations *org.Store
	Connections   *connection.Store
	Repositories  *repo.Store
	// Permissions is the policy of the roles that accepting makes: the least that access as
	// code needs of an account.
	Permissions string
	// Enqueue takes the job of an account that has something to do, with the change that
	// makes it so.
	Enqueue func(*database.Tx, Work) error
	// Alone says that no other process works on this database, so that a run of another
	// has been cut off.
	Alone bool
}

// Work is the job that does what is waiting in an account.
type Work struct {
	Account account.ID `json:"account"`
}

// Kind names the job.
func (Work) Kind() string { return "pipeline" }

// Long: some take hours.
func (Work) Long() {}

// Resume is the job that takes up what was cut off, and looks at accounts that tell
// nobody what happens in them.
type Resume struct{}

// Kind names the job.
func (Resume) Kind() string { return "pipelines" }

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{
	{Table: "pipeline_runs", Name: "causes_sealed", Row: "id", Space: "space_id"},
	{Table: "pipeline_runs", Name: "report_sealed", Row: "id", Space: "space_id"},
	{Table: "pipeline_runs", Name: "plan_sealed", Row: "id", Space: "space_id"},
	{Table: "pipeline_runs", Name: "log_sealed", Row: "id", Space: "space_id"},
}

func (s *Store) key(tx *database.ReadTx, in space.ID) (*seal.Key, error) {
	return s.Keys.Key(tx, seal.Space(string(in)))
}

// nameKey is how names are told apart.
func nameKey(name string) string { return strings.ToLower(name) }

// orNotFound says in the caller's words that there is no row, and leaves any other error alone.
func orNotFound(err error, format string, args ...any) error {
	if errors.Is(err, database.ErrNone) {
		return fault.NotFoundf(format, args...)
	}
	return err
}

func limit(page space.Page) int64 {
	if page.Limit <= 0 {
		return math.MaxInt64
	}
	return int64(page.Limit)
}
