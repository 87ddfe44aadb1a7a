package identitycenter

import (
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// What is to happen in accounts happens later:
//
//	request, IN_PROGRESS ── job ──> SUCCEEDED, or FAILED with the reason
//
// The job is enqueued in the transaction of the request. It may be run again: a
// request that has ended stays as it is.

// RequestID is a request's: a UUID.
type RequestID string

// RequestKind is what is asked for.
type RequestKind string

const (
	Creation     RequestKind = "CREATION"     // of an account assignment
	Deletion     RequestKind = "DELETION"     // of an account assignment
	Provisioning RequestKind = "PROVISIONING" // of a permission set
)

// RequestState is how far it is.
type RequestState string

const (
	InProgress RequestState = "IN_PROGRESS"
	Succeeded  RequestState = "SUCCEEDED"
	Failed     RequestState = "FAILED"
)

// Request is something that is done in accounts later, or was.
type Request struct {
	ID        RequestID
	Kind      RequestKind
	Set       PermissionSetID
	Account   account.ID // empty: every account where the set is provisioned
	Principal Principal  // of an assignment
	State     RequestState
	Failure   string // why it failed
	CreatedAt time.Time

	instance InstanceID
	doneTo   account.ID
}

func (r Request) assignment() Assignment { return Assignment{r.Set, r.Account, r.Principal} }

// FinishAssignment is the job that creates or deletes an assignment. Its worker calls
// [Store.FinishAssignment].
type FinishAssignment struct {
	ID RequestID `json:"id"`
}

// Kind names the job.
func (FinishAssignment) Kind() string { return "identitycenter.finish_assignment" }

// FinishProvisioning is the job that brings accounts up to date. Its worker calls
// [Store.FinishProvisioning] until there is no more to do.
type FinishProvisioning struct {
	ID RequestID `json:"id"`
}

// Kind names the job.
func (FinishProvisioning) Kind() string { return "identitycenter.finish_provisioning" }

const requestColumns = `id, instance_id, kind, permission_set_id, account_id, principal_id, principal_type, state, failure, done_to, created_at`

func scanRequest(row database.Row) (r Request, err error) {
	var target, principal, kind, failure, done *string
	err = row.Scan(&r.ID, &r.instance, &r.Kind, &r.Set, &target, &principal, &kind, &r.State, &failure, &done, (*database.Time)(&r.CreatedAt))
	r.Account, r.Principal = account.ID(orEmpty(target)), Principal{PrincipalType(orEmpty(kind)), orEmpty(principal)}
	r.Failure, r.doneTo = orEmpty(failure), account.ID(orEmpty(done))
	return r, err
}

func (s *Store) newRequest(tx *database.Tx, p PermissionSet, kind RequestKind, id account.ID, who Principal) (Request, error) {
	r := Request{ID: RequestID(newID()), Kind: kind, Set: p.ID, Account: id, Principal: who, State: InProgress, CreatedAt: tx.Now()}
	_, err := tx.Exec(`insert into center_requests (id, instance_id, kind, permission_set_id, account_id, principal_id, principal_type, state, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.ID, p.in.ID, r.Kind, r.Set, orNull(r.Account), orNull(who.ID), orNull(who.Type), r.State, database.Time(r.CreatedAt))
	return r, err
}

// RequestAssignment asks for an assignment. Enqueue [FinishAssignment] in the same
// transaction. A principal that is not there is NotFound; what else stands against it
// shows later. One that is there already succeeds.
func (s *Store) RequestAssignment(tx *database.Tx, p PermissionSet, id account.ID, who Principal) (Request, error) {
	if err := checkPrincipal(tx.Reading(), p.in, who); err != nil {
		return Request{}, err
	}
	if err := s.idle(tx.Reading(), p, id, who); err != nil {
		return Request{}, err
	}
	return s.newRequest(tx, p, Creation, id, who)
}

// RequestRemoval asks that an assignment end; one that is not there is NotFound.
// Enqueue [FinishAssignment] in the same transaction.
func (s *Store) RequestRemoval(tx *database.Tx, p PermissionSet, id account.ID, who Principal) (Request, error) {
	if err := s.idle(tx.Reading(), p, id, who); err != nil {
		return Request{}, err
	}
	assigned, err := isAssigned(tx.Reading(), Assignment{p.ID, id, who})
	if err == nil && !assigned {
		err = fault.NotFoundf("AccountAssignment not found.")
	}
	if err != nil {
		return Request{}, err
	}
	return s.newRequest(tx, p, Deletion, id, who)
}

// idle refuses a second operation on an assignment.
func (s *Store) idle(tx *database.ReadTx, p PermissionSet, id account.ID, who Principal) error {
	busy, err := exists(tx, `select 1 from center_requests where permission_set_id = $1 and state = 'IN_PROGRESS' and account_id = $2 and principal_id = $3`, p.ID, id, who.ID)
	if err == nil && busy {
		err = fault.Conflictf("There is an operation in progress on this account assignment: wait until it has ended.")
	}
	return err
}

// RequestProvisioning asks that an account, or with no id every one that has the set,
// get its latest version. An account that has it not is NotFound. Enqueue
// [FinishProvisioning] in the same transaction.
func (s *Store) RequestProvisioning(tx *database.Tx, p PermissionSet, id account.ID) (Request, error) {
	if id != "" {
		there, err := s.IsProvisionedIn(tx.Reading(), p, id)
		if err == nil && !there {
			err = fault.NotFoundf("The PermissionSet is not provisioned in the account %s: assign it there.", id)
		}
		if err != nil {
			return Request{}, err
		}
	}
	return s.newRequest(tx, p, Provisioning, id, Principal{})
}

// Request returns one of the instance's.
func (s *Store) Request(tx *database.ReadTx, in Instance, kind RequestKind, id RequestID) (Request, error) {
	r, err := database.One(tx, scanRequest, `select `+requestColumns+` from center_requests where id = $1 and instance_id = $2 and kind = $3`, id, in.ID, kind)
	return r, noRequest(err)
}

func noRequest(err error) error {
	if isNone(err) {
		return fault.NotFoundf("There is no request with this id.")
	}
	return err
}

// Outcome is how far any request has come, and whose instance it is of, for the log.
// NotFound when it was swept, or the instance is gone.
func (s *Store) Outcome(tx *database.ReadTx, id RequestID) (Request, account.ID, error) {
	r, err := database.One(tx, scanRequest, `select `+requestColumns+` from center_requests where id = $1`, id)
	if err != nil {
		return r, "", noRequest(err)
	}
	in, err := instanceWhere(tx, "id", r.instance)
	return r, in.Owner, noInstance(err)
}

// Requests are those of a kind, in a state or in whichever, by id.
func (s *Store) Requests(tx *database.ReadTx, in Instance, kind RequestKind, state RequestState, page Page) ([]Request, error) {
	return database.All(tx, scanRequest, `select `+requestColumns+` from center_requests
		where instance_id = $1 and kind = $2 and id > $3 and ($4 = '' or state = $4) order by id limit $5`, in.ID, kind, page.After, state, page.limit())
}

// AssignmentsUnderway is how many changes of assignments have not ended.
func (s *Store) AssignmentsUnderway(tx *database.ReadTx, in Instance) (int, error) {
	return database.One(tx, database.Value[int], `select count(*) from center_requests where instance_id = $1 and kind in ($2, $3) and state = $4`,
		in.ID, Creation, Deletion, InProgress)
}

// shown is how long it is told what became of a request: "DescribeAccountAssignmentCreationStatus"
// in the API Reference knows no end; AWS's is 90 days.
const shown = 90 * 24 * time.Hour

// SweepRequests forgets requests that ended long ago.
func (s *Store) SweepRequests(tx *database.Tx) error {
	_, err := tx.Exec(`delete from center_requests where completed_at < $1`, database.Time(tx.Now().Add(-shown)))
	return err
}

// underway is a request that a job is about, with its set; done when it has ended.
func (s *Store) underway(tx *database.Tx, id RequestID) (r Request, p PermissionSet, done bool, err error) {
	if r, err = database.One(tx.Reading(), scanRequest, `select `+requestColumns+` from center_requests where id = $1`, id); err != nil {
		if isNone(err) {
			return r, p, true, nil // swept, or its instance is gone
		}
		return r, p, false, err
	}
	if r.State != InProgress {
		return r, p, true, nil
	}
	in, err := instanceWhere(tx.Reading(), "id", r.instance)
	if err == nil {
		p, err = s.PermissionSetByID(tx.Reading(), in, r.Set)
	}
	return r, p, false, err
}

func end(tx *database.Tx, id RequestID, failure string) error {
	state := Succeeded
	if failure != "" {
		state = Failed
	}
	_, err := tx.Exec(`update center_requests set state = $1, failure = $2, completed_at = $3 where id = $4`, state, orNull(failure), database.Time(tx.Now()), id)
	return err
}

// FinishAssignment creates or deletes the assignment that was asked for, or says why
// not. A request that has ended stays as it is.
func (s *Store) FinishAssignment(tx *database.Tx, id RequestID) error {
	r, p, done, err := s.underway(tx, id)
	if err != nil || done {
		return err
	}
	do := s.assign
	if r.Kind == Deletion {
		do = s.unassign
	}
	failure, err := attempt(tx, func() error { return do(tx, p, r.assignment()) })
	if err != nil {
		return err
	}
	return end(tx, id, failure)
}

// assign makes an assignment and, where the account has not the latest version of the
// set, provisions it.
func (s *Store) assign(tx *database.Tx, p PermissionSet, a Assignment) error {
	if err := checkPrincipal(tx.Reading(), p.in, a.Principal); err != nil {
		return err
	}
	fresh, err := exists(tx.Reading(), `select 1 from provisioned_sets where permission_set_id = $1 and account_id = $2 and version = $3`, p.ID, a.Account, p.Version)
	if err != nil {
		return err
	}
	if fresh {
		err = s.checkTarget(tx.Reading(), p.in, a.Account)
	} else {
		err = s.provision(tx, p, a.Account)
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into account_assignments (`+assignmentColumns+`, created_at) values ($1, $2, $3, $4, $5)
		on conflict (permission_set_id, account_id, principal_id) do nothing`, a.Set, a.Account, a.Type, a.ID, database.Time(tx.Now()))
	return err
}

// unassign ends an assignment, and the role in the account with the last one.
func (s *Store) unassign(tx *database.Tx, p PermissionSet, a Assignment) error {
	if _, err := tx.Exec(`delete from account_assignments where permission_set_id = $1 and account_id = $2 and principal_id = $3`, a.Set, a.Account, a.ID); err != nil {
		return err
	}
	left, err := exists(tx.Reading(), `select 1 from account_assignments where permission_set_id = $1 and account_id = $2`, a.Set, a.Account)
	if err != nil || left {
		return err
	}
	return s.deprovision(tx, p, a.Account)
}

// atOnce is how many accounts are provisioned in one transaction: while one is open
// on SQLite, nobody else writes.
const atOnce = 20

// FinishProvisioning brings the next accounts of those that were asked for up to date,
// and tells whether there are more. Where it cannot, the others follow all the
// same, and the request fails in the end. A request that has ended stays as it is.
func (s *Store) FinishProvisioning(tx *database.Tx, id RequestID) (more bool, err error) {
	r, p, done, err := s.underway(tx, id)
	if err != nil || done {
		return false, err
	}
	accounts := []account.ID{r.Account}
	if r.Account == "" {
		if accounts, err = s.AccountsWith(tx.Reading(), p, AnyVersion, Page{string(r.doneTo), atOnce}); err != nil {
			return false, err
		}
	}
	for _, to := range accounts {
		failure, err := attempt(tx, func() error { return s.reprovision(tx, p, to) })
		if err != nil {
			return false, err
		}
		if r.Failure == "" {
			r.Failure = failure
		}
		r.doneTo = to
	}
	if r.Account != "" || len(accounts) < atOnce {
		return false, end(tx, id, r.Failure)
	}
	_, err = tx.Exec(`update center_requests set done_to = $1, failure = $2 where id = $3`, r.doneTo, orNull(r.Failure), id)
	return true, err
}

// attempt undoes a change that is refused, and tells why it was. Failures that are
// nobody's decision are errors.
func attempt(tx *database.Tx, do func() error) (refused string, err error) {
	if _, err := tx.Exec(`savepoint attempt`); err != nil {
		return "", err
	}
	err = do()
	undo := `release savepoint attempt`
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			return "", err
		}
		refused, undo = fault.As(err).Message, `rollback to savepoint attempt`
	}
	_, err = tx.Exec(undo)
	return refused, err
}
