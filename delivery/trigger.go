package delivery

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/repo"
)

// Pushed makes the runs of what somebody pushes: each branch is planned, the default one
// applied. In the transaction of the push.
func (s *Store) Pushed(tx *database.Tx, push repo.Push, by string) error {
	pipelines, err := s.find(tx.Reading(), `where p.repository_id = $1 and p.state = 'active'`, push.Repository.ID)
	if err != nil {
		return err
	}
	for _, p := range pipelines {
		for _, u := range push.Updates {
			branch, ok := strings.CutPrefix(u.Ref, "refs/heads/")
			if !ok || u.After == "" {
				continue
			}
			cause := Cause{Kind: ByPush, Who: by, What: fmt.Sprintf("%.12s was pushed to %s", u.After, branch)}
			if err := s.queue(tx, p, branch, u.After, branch == push.Repository.DefaultBranch, cause); err != nil {
				return err
			}
		}
	}
	return nil
}

// Happened has the pipelines look that deliver to the organization an account is in, or
// to the account alone. In the transaction of what happened.
func (s *Store) Happened(tx *database.Tx, in account.ID, cause Cause) error {
	pipelines, err := s.find(tx.Reading(), `where p.state = 'active' and p.side = $1`, connection.Embedded)
	if err != nil {
		return err
	}
	for _, p := range pipelines {
		touched, err := s.together(tx.Reading(), in, p)
		if err != nil {
			return err
		}
		if touched {
			if err := s.lookAt(tx, p, cause); err != nil {
				return err
			}
		}
	}
	return nil
}

// Start makes a run of a branch because somebody asks for it; an empty one is the
// default branch.
func (s *Store) Start(tx *database.Tx, p Pipeline, branch, by string) (Run, error) {
	if p.State != connection.Active {
		return Run{}, fault.Conflictf("the pipeline %s is %s: somebody of the account %s has to accept it first", p.Name, p.State, p.Account)
	}
	r, err := s.Repositories.Repository(tx.Reading(), p.Project.ID, p.Repository)
	if err != nil {
		return Run{}, err
	}
	if branch == "" {
		branch = r.DefaultBranch
	}
	head, err := s.Repositories.Branch(tx.Reading(), r, branch)
	if err != nil {
		return Run{}, err
	}
	if err := s.queue(tx, p, branch, head.Head, branch == r.DefaultBranch, Cause{Kind: ByHand, Who: by, What: "asked for"}); err != nil {
		return Run{}, err
	}
	runs, err := s.runs(tx.Reading(), p.Space.ID, `where pipeline_id = $1 and branch = $2 and state = 'pending'`, p.ID, branch)
	if err != nil {
		return Run{}, err
	}
	if len(runs) == 0 {
		return Run{}, fault.Quotaf("%d branches of the pipeline %s are waiting to be looked at: ask again when there are fewer", mostWaiting, p.Name)
	}
	return runs[0], nil
}

// lookAt makes a run of the default branch. A repository that has none yet has nothing to
// say.
func (s *Store) lookAt(tx *database.Tx, p Pipeline, cause Cause) error {
	r, err := s.Repositories.Repository(tx.Reading(), p.Project.ID, p.Repository)
	if err != nil {
		return err
	}
	head, err := s.Repositories.Branch(tx.Reading(), r, r.DefaultBranch)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.queue(tx, p, r.DefaultBranch, head.Head, true, cause)
}
