package repo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// Place is the project a repository is in.
type Place struct {
	Space   space.Ref
	Project space.ProjectRef
}

// Pusher is who changes references, and what they hold in the space.
type Pusher struct {
	ID   directory.UserID
	Held role.Held
}

// Update is the change of one reference.
type Update struct {
	Ref    string // in full, refs/heads/main
	Before git.ID // empty: it is made
	After  git.ID // empty: it is deleted
	Peeled git.ID // what After leads to, where that is an annotated tag
}

// Push is a change of references that is about to be committed: from a client, or
// through the API.
type Push struct {
	Place
	Repository Repository // before the change
	By         directory.UserID
	Updates    []Update // at least one
}

// Branch is a line of work.
type Branch struct {
	Name      string // without refs/heads/
	Head      git.ID
	UpdatedAt time.Time
}

// Ref is its reference in full.
func (b Branch) Ref() string { return branchRef(b.Name) }

const (
	heads = "refs/heads/"
	tags  = "refs/tags/"
	notes = "refs/notes/"

	// MostUpdates is how many references one push may change.
	MostUpdates = 4_000
	// longestBranch, in characters.
	longestBranch = 256
	// mostRefs bounds what a repository has of them: each push looks at all.
	mostRefs = 100_000
)

func branchRef(name string) string { return heads + name }

// Stale is the reason of a fault about a reference that is not what the caller
// thought it was.
const Stale fault.Reason = "stale"

// fetchFirst is how git tells its user, with advice on what to do next.
var fetchFirst = fault.WithReason(Stale, fault.Conflictf("fetch first"))

// Apply changes references for somebody. Each update is held against roles, rules and
// what the reference is now; the answer has an error for each, nil where it is
// changed. When all or nothing is asked for, one refusal undoes the change, and
// then, and when every update was refused, the second result is the first refusal.
// The objects must be in the repository, and on the disk.
func (s *Store) Apply(tx *database.Tx, at Place, r Repository, by Pusher, updates []Update, all bool) ([]error, error) {
	is, err := s.current(tx.Reading(), r.ID)
	if err != nil {
		return nil, err
	}
	rules, err := s.rules(tx.Reading(), r)
	if err != nil {
		return nil, err
	}
	refusals := make([]error, len(updates))
	var taken []Update
	var first error
	for i, u := range updates {
		if refusals[i] = checkUpdate(r, rules, by, u); refusals[i] == nil && is.target[u.Ref] != u.Before {
			refusals[i] = fetchFirst
		}
		if refusals[i] == nil {
			refusals[i] = is.apply(u)
		}
		if refusals[i] == nil {
			taken = append(taken, u)
		} else if first == nil {
			first = fmt.Errorf("%w", refusals[i])
		}
	}
	if first != nil && (all || len(taken) == 0) {
		return refusals, first
	}
	return refusals, s.change(tx, at, &r, by.ID, taken)
}

// references are what a repository's are, while updates are applied to them.
type references struct {
	target map[string]git.ID
	below  map[string]int // how many names go on with this and a slash
}

func (s *Store) current(tx *database.ReadTx, id ID) (references, error) {
	refs, err := database.All(tx, func(row database.Row) (r git.Ref, err error) {
		return r, row.Scan(&r.Name, &r.Target)
	}, `select name, target from refs where repository_id = $1`, id)
	is := references{target: make(map[string]git.ID, len(refs)), below: map[string]int{}}
	for _, ref := range refs {
		is.add(ref.Name, ref.Target)
	}
	return is, err
}

func (is references) add(name string, target git.ID) {
	is.target[name] = target
	for parent := range parents(name) {
		is.below[parent]++
	}
}

func (is references) remove(name string) {
	delete(is.target, name)
	for parent := range parents(name) {
		is.below[parent]--
	}
}

func parents(name string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := len(name) - 1; i > len("refs/"); i-- {
			if name[i] == '/' && !yield(name[:i]) {
				return
			}
		}
	}
}

// apply refuses a name that stands in the way of another: references have been files
// in folders, and clients still keep them so.
func (is references) apply(u Update) error {
	if u.Before != "" {
		is.remove(u.Ref)
	}
	if u.After == "" {
		return nil
	}
	if is.below[u.Ref] > 0 {
		return fault.Conflictf("there are references below %s/: it cannot be one itself", u.Ref)
	}
	for parent := range parents(u.Ref) {
		if _, ok := is.target[parent]; ok {
			return fault.Conflictf("there is a reference %s: there can be none below it", parent)
		}
	}
	if u.Before == "" && len(is.target) >= mostRefs {
		return fault.Quotaf("the repository has %d branches, tags and notes, the most it can have: delete some first", mostRefs)
	}
	is.add(u.Ref, u.After)
	return nil
}

// checkUpdate holds an update against roles and rules.
func checkUpdate(r Repository, rules map[string]Rule, by Pusher, u Update) error {
	branch, isBranch := strings.CutPrefix(u.Ref, heads)
	if !isBranch && !strings.HasPrefix(u.Ref, tags) && !strings.HasPrefix(u.Ref, notes) {
		return fault.Invalidf("%.300q is not kept here: push branches, tags and notes alone", u.Ref)
	}
	permission := role.PushCommits
	switch {
	case u.Before == "" && u.After == "":
		return fault.Invalidf("there is no %.300q to delete", u.Ref)
	case u.After == "":
		permission = role.DeleteBranch
	case u.Before == "":
		permission = role.CreateBranch
		if err := git.CheckRef(u.Ref); err != nil {
			return err
		}
		if isBranch && utf8.RuneCountInString(branch) > longestBranch {
			return fault.Quotaf("the branch name %.300q has more than %d characters", branch, longestBranch)
		}
	}
	if decision := by.Held.Decide(permission, string(r.ProjectID)); !decision.Allowed {
		return fault.Deniedf("%s", decision.Reason())
	}
	if !isBranch {
		return nil
	}
	if u.After == "" && branch == r.DefaultBranch {
		return fault.Deniedf("%s is the default branch, which nobody can delete: make another branch the default one first", branch)
	}
	return rules[branch].allow(by, r.ProjectID, branch, u)
}

// change writes updates that were checked, and tells of them.
func (s *Store) change(tx *database.Tx, at Place, r *Repository, by directory.UserID, updates []Update) error {
	if err := s.advance(tx, r.ID); err != nil {
		return err
	}
	const width = 5
	for chunk := range slices.Chunk(updates, 100) {
		var set, gone []any
		for _, u := range chunk {
			if u.After == "" {
				gone = append(gone, u.Ref)
				continue
			}
			set = append(set, r.ID, u.Ref, u.After, orNull(u.Peeled), database.Time(tx.Now()))
		}
		for _, name := range gone {
			if _, err := tx.Exec(`delete from refs where repository_id = $1 and name = $2`, r.ID, name); err != nil {
				return err
			}
		}
		if len(set) == 0 {
			continue
		}
		if _, err := tx.Exec(`insert into refs (repository_id, name, target, peeled, updated_at) values `+database.Rows(len(set)/width, width)+`
			on conflict (repository_id, name) do update set target = excluded.target, peeled = excluded.peeled, updated_at = excluded.updated_at`, set...); err != nil {
			return err
		}
	}
	if s.Pushed == nil {
		return nil
	}
	return s.Pushed(tx, Push{Place: at, Repository: *r, By: by, Updates: updates})
}

func orNull(id git.ID) any {
	if id == "" {
		return nil
	}
	return id
}

// advance counts a change, which the folder follows once it is committed.
func (s *Store) advance(tx *database.Tx, id ID) error {
	n, err := tx.Exec(`update repositories set version = version + 1, updated_at = $2 where id = $1`, id, database.Time(tx.Now()))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.NotFoundf("the repository has been deleted")
	}
	ctx := context.WithoutCancel(tx.Context())
	tx.AfterCommit(func() {
		if err := s.follow(ctx, id); err != nil {
			s.Log.ErrorContext(ctx, "the folder of a repository is behind, and catches up when it is used next", "repository", id, "error", err)
		}
	})
	return nil
}

// Branches lists the branches, by name; a page goes on after one.
func (s *Store) Branches(tx *database.ReadTx, r Repository, page space.Page) ([]Branch, error) {
	all, err := database.All(tx, func(row database.Row) (b Branch, err error) {
		if err := row.Scan(&b.Name, &b.Head, (*database.Time)(&b.UpdatedAt)); err != nil {
			return b, err
		}
		b.Name = strings.TrimPrefix(b.Name, heads)
		return b, nil
	}, `select name, target, updated_at from refs where repository_id = $1 and substr(name, 1, 11) = 'refs/heads/'`, r.ID)
	if err != nil {
		return nil, err
	}
	// Bytes are compared, whatever order the database has.
	all = slices.DeleteFunc(all, func(b Branch) bool { return b.Name <= page.After })
	slices.SortFunc(all, func(a, b Branch) int { return strings.Compare(a.Name, b.Name) })
	return all[:min(int64(len(all)), limit(page))], nil
}

// Branch finds one branch.
func (s *Store) Branch(tx *database.ReadTx, r Repository, name string) (Branch, error) {
	b, err := database.One(tx, func(row database.Row) (b Branch, err error) {
		return b, row.Scan(&b.Head, (*database.Time)(&b.UpdatedAt))
	}, `select target, updated_at from refs where repository_id = $1 and name = $2`, r.ID, branchRef(name))
	b.Name = name
	return b, orNotFound(err, "no branch %.300q in the repository", name)
}

// Refs lists every reference, for clients that push.
func (s *Store) Refs(tx *database.ReadTx, id ID) ([]git.Ref, error) {
	return database.All(tx, func(row database.Row) (r git.Ref, err error) {
		var peeled *git.ID
		if err := row.Scan(&r.Name, &r.Target, &peeled); err != nil {
			return r, err
		}
		if peeled != nil {
			r.Peeled = *peeled
		}
		return r, nil
	}, `select name, target, peeled from refs where repository_id = $1`, id)
}

// CreateBranch makes a branch at a commit that was found with [Store.FindHead].
func (s *Store) CreateBranch(tx *database.Tx, at Place, r Repository, by Pusher, name string, head git.ID) (Branch, error) {
	if head == "" {
		from, err := s.Branch(tx.Reading(), r, r.DefaultBranch)
		if err != nil {
			return Branch{}, err
		}
		head = from.Head
	}
	if _, err := s.Branch(tx.Reading(), r, name); err == nil {
		return Branch{}, fault.Conflictf("the repository has a branch %q already: choose another name", name)
	} else if !fault.Is(err, fault.NotFound) {
		return Branch{}, err
	}
	if err := s.applyOne(tx, at, r, by, Update{Ref: branchRef(name), After: head}); err != nil {
		return Branch{}, err
	}
	return s.Branch(tx.Reading(), r, name)
}

// DeleteBranch deletes a branch. What was on it alone stays in the folder, out of sight.
func (s *Store) DeleteBranch(tx *database.Tx, at Place, r Repository, by Pusher, name string) error {
	b, err := s.Branch(tx.Reading(), r, name)
	if err != nil {
		return err
	}
	return s.applyOne(tx, at, r, by, Update{Ref: branchRef(name), Before: b.Head})
}

func (s *Store) applyOne(tx *database.Tx, at Place, r Repository, by Pusher, u Update) error {
	_, err := s.Apply(tx, at, r, by, []Update{u}, true)
	return err
}

// RenameBranch gives a branch another name. It keeps its rule, beside what one of the
// new name may say already, and stays the default branch when it is.
func (s *Store) RenameBranch(tx *database.Tx, at Place, r Repository, by Pusher, from, to string) (Branch, error) {
	old, err := s.Branch(tx.Reading(), r, from)
	if err != nil {
		return Branch{}, err
	}
	rules, err := s.rules(tx.Reading(), r)
	if err != nil {
		return Branch{}, err
	}
	isDefault := r.DefaultBranch == from
	if isDefault {
		if decision := by.Held.Decide(role.ChangeDefaultBranch, string(r.ProjectID)); !decision.Allowed {
			return Branch{}, fault.Deniedf("%s is the default branch: %s", from, decision.Reason())
		}
		r.DefaultBranch = "" // it is not lost
	}
	if _, err := s.Branch(tx.Reading(), r, to); err == nil {
		return Branch{}, fault.Conflictf("the repository has a branch %q already: choose another name", to)
	} else if !fault.Is(err, fault.NotFound) {
		return Branch{}, err
	}
	if _, err := s.Apply(tx, at, r, by, []Update{{Ref: branchRef(from), Before: old.Head}, {Ref: branchRef(to), After: old.Head}}, true); err != nil {
		return Branch{}, err
	}
	if rule, ok := rules[from]; ok {
		rule = rule.and(rules[to])
		rule.Branch = to
		if err := putRule(tx, r.ID, rule); err != nil {
			return Branch{}, err
		}
		if _, err := tx.Exec(`delete from branch_rules where repository_id = $1 and branch = $2`, r.ID, from); err != nil {
			return Branch{}, err
		}
	}
	if isDefault {
		if _, err := tx.Exec(`update repositories set default_branch = $2 where id = $1`, r.ID, to); err != nil {
			return Branch{}, err
		}
	}
	return s.Branch(tx.Reading(), r, to)
}

// SetDefaultBranch makes another branch the one that clones begin with.
func (s *Store) SetDefaultBranch(tx *database.Tx, r Repository, name string) (Repository, error) {
	if _, err := s.Branch(tx.Reading(), r, name); err != nil {
		return r, err
	}
	if err := s.advance(tx, r.ID); err != nil {
		return r, err
	}
	if _, err := tx.Exec(`update repositories set default_branch = $2 where id = $1`, r.ID, name); err != nil {
		return r, err
	}
	return s.Repository(tx.Reading(), r.ProjectID, r.Name)
}
