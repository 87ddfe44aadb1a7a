package delivery

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// RunID is a run's UUID.
type RunID string

// RunState is how far a run has come.
type RunState string

// The states. One that is cut off goes back to waiting.
const (
	Waiting RunState = "pending"
	Running RunState = "running"
	Ended   RunState = "ended"
)

// Outcome is what came of a run.
type Outcome string

// The outcomes.
const (
	Unchanged  Outcome = "unchanged"  // everything was as the files say
	Planned    Outcome = "planned"    // there are changes, and the branch is not the default one
	Applied    Outcome = "applied"    // there were changes, and they are made
	Failed     Outcome = "failed"     // see the report
	Superseded Outcome = "superseded" // a later run does what this one would have
)

// Run is one look at a repository and an organization.
type Run struct {
	ID        RunID
	Pipeline  ID
	Space     space.ID
	Account   account.ID
	Number    int64
	Branch    string
	Commit    git.ID
	Applies   bool // its branch is the default one
	State     RunState
	Outcome   Outcome // empty until it has ended
	Causes    []Cause
	Report    Report
	Attempts  int // how often it was begun
	CreatedAt time.Time
	StartedAt time.Time // last; zero: not yet
	EndedAt   time.Time // zero: not yet
}

// Report is what a run found, in short.
type Report struct {
	Failure string         `json:"failure,omitempty"` // why it failed, in words
	Changes map[string]int `json:"changes,omitempty"` // of the plan, by what they do
	Done    int            `json:"done,omitempty"`    // how many of them are so now
	Calls   int            `json:"calls,omitempty"`   // requests to the account's side
}

const (
	// keptRuns is how many of a pipeline's runs are kept, of those that apply and of the
	// others: looking often must not make forgotten what was done.
	keptRuns = 200
	// mostAttempts is how often a run is begun before it counts as failed.
	mostAttempts = 5
	// longestKept bounds what is kept of a plan, or of a log, in bytes.
	longestKept = 8 << 20
	// leaseTime is how long a run stays somebody's who says nothing.
	leaseTime = time.Minute
)

// LeaseRenewal is how often whoever runs something has to say so: soon enough to miss
// one or two.
const LeaseRenewal = leaseTime / 4

// queue makes a run of a branch, or adds what causes it to the one that waits already,
// which then takes the newer commit.
func (s *Store) queue(tx *database.Tx, p Pipeline, branch string, commit git.ID, applies bool, causes ...Cause) error {
	for i := range causes {
		causes[i].At = tx.Now()
	}
	waiting, err := s.runs(tx.Reading(), p.Space.ID, `where pipeline_id = $1 and branch = $2 and state = 'pending'`, p.ID, branch)
	if err != nil {
		return err
	}
	key, err := s.key(tx.Reading(), p.Space.ID)
	if err != nil {
		return err
	}
	if len(waiting) == 0 && !applies {
		if full, err := s.crowded(tx.Reading(), p); err != nil || full {
			return err
		}
	}
	if len(waiting) > 0 {
		r := waiting[0]
		sealed, err := sealJSON(key, causesColumn, r.ID, with(r.Causes, causes...))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`update pipeline_runs set commit_id = $2, applies = $3, causes_sealed = $4 where id = $1`, r.ID, commit, applies, sealed)
		if err != nil {
			return err
		}
		return s.Enqueue(tx, Work{p.Account})
	}
	id := RunID(uuid.NewString())
	sealed, err := sealJSON(key, causesColumn, id, with(nil, causes...))
	if err != nil {
		return err
	}
	number, err := database.One(tx.Reading(), database.Value[int64], `select next_number from pipelines where id = $1`, p.ID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update pipelines set next_number = $2 where id = $1`, p.ID, number+1); err != nil {
		return err
	}
	_, err = tx.Exec(`insert into pipeline_runs (id, pipeline_id, space_id, account_id, number, branch, commit_id, applies, state, outcome, causes_sealed, attempts, lease, lease_until, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, 0, '', 0, $11) on conflict do nothing`, // one that another makes at this moment is waited for, and seen
		id, p.ID, p.Space.ID, p.Account, number, branch, commit, applies, Waiting, sealed, database.Time(tx.Now()))
	if err != nil {
		return err
	}
	return s.Enqueue(tx, Work{p.Account})
}

// mostWaiting is how many branches of a pipeline wait to be looked at. Of more, whoever
// wants it asks again.
const mostWaiting = 50

func (s *Store) crowded(tx *database.ReadTx, p Pipeline) (bool, error) {
	n, err := database.One(tx, database.Value[int], `select count(*) from pipeline_runs where pipeline_id = $1 and state = 'pending'`, p.ID)
	return n >= mostWaiting, err
}

const runColumns = `select id, pipeline_id, space_id, account_id, number, branch, commit_id, applies, state, outcome, causes_sealed, report_sealed, attempts, created_at, coalesce(started_at, 0), coalesce(ended_at, 0)
	from pipeline_runs `

// runs reads runs of one space.
func (s *Store) runs(tx *database.ReadTx, in space.ID, where string, args ...any) ([]Run, error) {
	key, err := s.key(tx, in)
	if err != nil {
		return nil, err
	}
	return database.All(tx, func(row database.Row) (r Run, err error) {
		var causes, report []byte
		err = row.Scan(&r.ID, &r.Pipeline, &r.Space, &r.Account, &r.Number, &r.Branch, &r.Commit, &r.Applies, &r.State, &r.Outcome, &causes, &report, &r.Attempts,
			(*database.Time)(&r.CreatedAt), (*database.Time)(&r.StartedAt), (*database.Time)(&r.EndedAt))
		if err == nil {
			err = openJSON(key, causesColumn, r.ID, causes, &r.Causes)
		}
		if err == nil && report != nil {
			err = openJSON(key, reportColumn, r.ID, report, &r.Report)
		}
		return r, err
	}, runColumns+where, args...)
}

// RunFilter says which runs of a pipeline are meant. The zero one is all.
type RunFilter struct {
	Branch string
	Commit git.ID
	Below  int64 // a number: a page goes on with the runs before it
}

// Runs lists runs of a pipeline, newest first.
func (s *Store) Runs(tx *database.ReadTx, p Pipeline, f RunFilter, most int) ([]Run, error) {
	if f.Below <= 0 {
		f.Below = math.MaxInt64
	}
	return s.runs(tx, p.Space.ID, `where pipeline_id = $1 and number < $2 and ($3 = '' or branch = $3) and ($4 = '' or commit_id = $4) order by number desc limit $5`,
		p.ID, f.Below, f.Branch, f.Commit, most)
}

// Run finds one by its number.
func (s *Store) Run(tx *database.ReadTx, p Pipeline, number int64) (Run, error) {
	found, err := s.runs(tx, p.Space.ID, `where pipeline_id = $1 and number = $2`, p.ID, number)
	if err == nil && len(found) == 0 {
		err = fault.NotFoundf("the pipeline %s has no run %d, or has it no more: the last %d are kept", p.Name, number, keptRuns)
	}
	if err != nil {
		return Run{}, err
	}
	return found[0], nil
}

// Plan is what a run planned, as JSON; nil: it came to no plan.
func (s *Store) Plan(tx *database.ReadTx, r Run) ([]byte, error) {
	return s.kept(tx, r, planColumn, `select plan_sealed from pipeline_runs where id = $1`)
}

// Log is what a run told of itself.
func (s *Store) Log(tx *database.ReadTx, r Run) (string, error) {
	text, err := s.kept(tx, r, logColumn, `select log_sealed from pipeline_runs where id = $1`)
	return string(text), err
}

func (s *Store) kept(tx *database.ReadTx, r Run, column, query string) ([]byte, error) {
	sealed, err := database.One(tx, database.Value[[]byte], query, r.ID)
	if err != nil || sealed == nil {
		return nil, orNotFound(err, "run %d is kept no more", r.Number)
	}
	key, err := s.key(tx, r.Space)
	if err != nil {
		return nil, err
	}
	packed, err := key.Open(column, string(r.ID), sealed)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), longestKept))
}

const (
	causesColumn = "pipeline_runs.causes_sealed"
	reportColumn = "pipeline_runs.report_sealed"
	planColumn   = "pipeline_runs.plan_sealed"
	logColumn    = "pipeline_runs.log_sealed"
)

func sealJSON(key *seal.Key, column string, id RunID, value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return key.Seal(column, string(id), text)
}

func openJSON(key *seal.Key, column string, id RunID, sealed []byte, into any) error {
	text, err := key.Open(column, string(id), sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func sealPacked(key *seal.Key, column string, id RunID, text []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(text)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return key.Seal(column, string(id), packed.Bytes())
}

// Lease is a run in the hands of who runs it.
type Lease struct {
	Run      Run
	Pipeline Pipeline
	holder   string
}

// ErrLost is that a run is not the holder's any more: it was deleted with its pipeline,
// or has gone to another.
var ErrLost = errors.New("the run was taken away: its pipeline was deleted, or another process has it")

// Claim takes the next run of an account for a process: what is to be so before what is
// only looked at, and of each the oldest. Nil: there is none, or another one runs there. What somebody let go of without a word is taken up
// again.
func (s *Store) Claim(tx *database.Tx, in account.ID, holder string) (*Lease, error) {
	if free, err := s.free(tx, in, holder); err != nil || !free {
		return nil, err
	}
	type next struct {
		id     ID
		number int64
	}
	first, err := database.One(tx.Reading(), func(row database.Row) (n next, err error) { return n, row.Scan(&n.id, &n.number) },
		`select pipeline_id, number from pipeline_runs where account_id = $1 and state = 'pending' order by applies desc, created_at, id`, in)
	if errors.Is(err, database.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := s.Pipeline(tx.Reading(), first.id)
	if err != nil {
		return nil, err
	}
	r, err := s.Run(tx.Reading(), p, first.number)
	if err != nil {
		return nil, err
	}
	lease := &Lease{r, p, holder}
	if err := s.refresh(tx, lease); err != nil {
		return nil, err
	}
	r = lease.Run
	_, err = tx.Exec(`update pipeline_runs set state = $2, commit_id = $3, applies = $4, attempts = $5, lease = $6, lease_until = $7, started_at = $8 where id = $1`,
		r.ID, Running, r.Commit, r.Applies, r.Attempts, holder, database.Time(tx.Now().Add(leaseTime)), database.Time(tx.Now()))
	return lease, err
}

// refresh looks at the branch as it is now, not as it was when the run was asked for.
// One that has gone leaves the commit.
func (s *Store) refresh(tx *database.Tx, lease *Lease) error {
	r := &lease.Run
	repository, err := s.Repositories.Repository(tx.Reading(), lease.Pipeline.Project.ID, lease.Pipeline.Repository)
	if err != nil {
		return err
	}
	r.Applies = repository.DefaultBranch == r.Branch
	switch branch, err := s.Repositories.Branch(tx.Reading(), repository, r.Branch); {
	case fault.Is(err, fault.NotFound):
		r.Applies = false // nobody says any more that it is to be so
	case err != nil:
		return err
	default:
		r.Commit = branch.Head
	}
	r.State, r.StartedAt, r.Attempts = Running, tx.Now(), r.Attempts+1
	return nil
}

// free tells whether nobody runs anything in an account, after putting back what was
// cut off.
func (s *Store) free(tx *database.Tx, in account.ID, holder string) (bool, error) {
	type held struct {
		id     ID
		number int64
		by     string
		until  time.Time
	}
	h, err := database.One(tx.Reading(), func(row database.Row) (h held, err error) {
		return h, row.Scan(&h.id, &h.number, &h.by, (*database.Time)(&h.until))
	}, `select pipeline_id, number, lease, lease_until from pipeline_runs where account_id = $1 and state = 'running'`, in)
	if errors.Is(err, database.ErrNone) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if alive := h.by == holder || !s.Alone && tx.Now().Before(h.until); alive {
		return false, nil
	}
	p, err := s.Pipeline(tx.Reading(), h.id)
	if err != nil {
		return false, err
	}
	r, err := s.Run(tx.Reading(), p, h.number)
	if err != nil {
		return false, err
	}
	return true, s.putBack(tx, &Lease{r, p, h.by}, "the server was stopped in the middle of it")
}

// putBack makes a run that was begun wait again, or lets the one that waits already do
// its part.
func (s *Store) putBack(tx *database.Tx, l *Lease, why string) error {
	cause := Cause{Kind: ByInterruption, At: tx.Now(), What: why}
	if l.Run.Attempts >= mostAttempts {
		return s.End(tx, l, Result{Outcome: Failed, Report: Report{Failure: "it was begun several times and never ended: " + why}})
	}
	waiting, err := s.runs(tx.Reading(), l.Pipeline.Space.ID, `where pipeline_id = $1 and branch = $2 and state = 'pending'`, l.Pipeline.ID, l.Run.Branch)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		if err := s.End(tx, l, Result{Outcome: Superseded}); err != nil {
			return err
		}
		return s.queue(tx, l.Pipeline, l.Run.Branch, waiting[0].Commit, waiting[0].Applies, with(l.Run.Causes, cause)...)
	}
	key, err := s.key(tx.Reading(), l.Pipeline.Space.ID)
	if err != nil {
		return err
	}
	sealed, err := sealJSON(key, causesColumn, l.Run.ID, with(l.Run.Causes, cause))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update pipeline_runs set state = $3, causes_sealed = $4, lease = '' where id = $1 and lease = $2`, l.Run.ID, l.holder, Waiting, sealed); err != nil {
		return err
	}
	return s.Enqueue(tx, Work{l.Pipeline.Account})
}

// Renew keeps a run for its holder, and keeps what it has told so far. ErrLost: it is to
// be given up at once.
func (s *Store) Renew(tx *database.Tx, l *Lease, log string) error {
	key, err := s.key(tx.Reading(), l.Pipeline.Space.ID)
	if err != nil {
		return errors.Join(ErrLost, err) // the space is gone, and its key
	}
	sealed, err := sealPacked(key, logColumn, l.Run.ID, clipped(log))
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update pipeline_runs set lease_until = $3, log_sealed = $4 where id = $1 and lease = $2 and state = 'running'`,
		l.Run.ID, l.holder, database.Time(tx.Now().Add(leaseTime)), sealed)
	if err == nil && n == 0 {
		err = ErrLost
	}
	return err
}

// clipped keeps the beginning and the end of what is too long to keep.
func clipped(log string) []byte {
	const left = "\n... this is too long to be kept whole ...\n"
	if len(log) <= longestKept {
		return []byte(log)
	}
	half := (longestKept - len(left)) / 2
	return []byte(strings.ToValidUTF8(log[:half], "") + left + strings.ToValidUTF8(log[len(log)-half:], ""))
}

// Result is how a run ended.
type Result struct {
	Outcome Outcome
	Report  Report
	Plan    []byte // JSON; nil: it came to none
	Log     string
}

// Interrupted gives a run back that its holder cannot go on with.
func (s *Store) Interrupted(tx *database.Tx, l *Lease, log string) error {
	if err := s.Renew(tx, l, log); err != nil {
		return err
	}
	return s.putBack(tx, l, "the server was stopped in the middle of it")
}

// End writes down what came of a run, and forgets the pipeline's oldest.
func (s *Store) End(tx *database.Tx, l *Lease, result Result) error {
	key, err := s.key(tx.Reading(), l.Pipeline.Space.ID)
	if err != nil {
		return errors.Join(ErrLost, err)
	}
	if len(result.Plan) > longestKept {
		result.Plan = nil
		result.Log += "\nThe plan is too large to be kept.\n"
	}
	report, err := sealJSON(key, reportColumn, l.Run.ID, result.Report)
	if err != nil {
		return err
	}
	log, err := sealPacked(key, logColumn, l.Run.ID, clipped(result.Log))
	if err != nil {
		return err
	}
	var plan []byte
	if result.Plan != nil {
		if plan, err = sealPacked(key, planColumn, l.Run.ID, result.Plan); err != nil {
			return err
		}
	}
	n, err := tx.Exec(`update pipeline_runs set state = $3, outcome = $4, report_sealed = $5, log_sealed = $6, plan_sealed = $7, lease = '', ended_at = $8 where id = $1 and lease = $2 and state = 'running'`,
		l.Run.ID, l.holder, Ended, result.Outcome, report, log, plan, database.Time(tx.Now()))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLost
	}
	_, err = tx.Exec(`delete from pipeline_runs where pipeline_id = $1 and state = 'ended' and applies = $2 and number not in
		(select number from pipeline_runs where pipeline_id = $1 and applies = $2 order by number desc limit $3)`, l.Pipeline.ID, l.Run.Applies, keptRuns)
	return err
}

// Undone are the accounts in which something waits, or was cut off.
func (s *Store) Undone(tx *database.ReadTx) ([]account.ID, error) {
	return database.All(tx, database.Value[account.ID], `select distinct account_id from pipeline_runs where state = 'pending' or state = 'running'`)
}

// Look has every pipeline of AWS that has not been looked at for so long look again: no
// event tells what happened there.
func (s *Store) Look(tx *database.Tx, since time.Duration) error {
	due, err := s.find(tx.Reading(), `where p.state = 'active' and p.side = $1 and not exists (select 1 from pipeline_runs x where x.pipeline_id = p.id and x.applies and (x.state <> 'ended' or x.created_at > $2))`,
		connection.AWS, database.Time(tx.Now().Add(-since)))
	for _, p := range due {
		if err := s.lookAt(tx, p, Cause{Kind: ByTime, What: "AWS tells nobody what happened there"}); err != nil {
			return err
		}
	}
	return err
}
