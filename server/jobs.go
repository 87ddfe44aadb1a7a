package server

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// Sweep is the job that removes what has expired.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "sweep" }

// RotateKeys is the job that takes the rotation of sealing keys further.
type RotateKeys struct{}

// Kind names the job.
func (RotateKeys) Kind() string { return "rotate-keys" }

// keyLifetime is how long a key seals before the next one does: NIST SP 800-57
// Part 1 section 5.3.6 advises two years at most for keys that encrypt data.
const keyLifetime = 365 * 24 * time.Hour

// sealedColumns is everything sealed, as the packages that own it list it.
func sealedColumns() []seal.Column {
	return slices.Concat(directory.Sealed, credential.Sealed, space.Sealed, account.Sealed, org.Sealed, identitycenter.Sealed, audit.Sealed)
}

// workers says what does which job, and what runs again and again.
func (s *Server) workers() *job.Workers {
	w := job.NewWorkers()
	job.Add(w, s.mail.Work)
	job.Add(w, func(ctx context.Context, _ Sweep) error {
		return errors.Join(s.db.Write(ctx, s.credentials.Sweep), s.db.Write(ctx, s.spaces.Sweep), s.db.Write(ctx, s.accounts.Sweep), s.db.Checkpoint(ctx))
	})
	job.Add(w, func(ctx context.Context, j org.FinishAccount) error {
		return s.db.Write(ctx, func(tx *database.Tx) error { return s.finishAccount(tx, j.ID) })
	})
	job.Add(w, func(ctx context.Context, j identitycenter.FinishAssignment) error {
		return s.db.Write(ctx, func(tx *database.Tx) error { return s.centers.FinishAssignment(tx, j.ID) })
	})
	job.Add(w, func(ctx context.Context, j identitycenter.FinishProvisioning) error {
		for more := true; more; {
			if err := s.db.Write(ctx, func(tx *database.Tx) (err error) {
				more, err = s.centers.FinishProvisioning(tx, j.ID)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	rotation := &seal.Rotation{Keys: s.keys, DB: s.db, Columns: sealedColumns(), Lifetime: keyLifetime}
	job.Add(w, func(ctx context.Context, _ RotateKeys) error { return rotation.Run(ctx) })
	w.Every(time.Hour, Sweep{})
	w.Every(time.Hour, RotateKeys{})
	return w
}

// finishAccount makes an account that was asked for, and records what came of it as
// CloudTrail does.
func (s *Server) finishAccount(tx *database.Tx, id org.RequestID) error {
	done, err := s.orgs.FinishCreateAccount(tx, id)
	if err != nil || done == nil {
		return err
	}
	type status struct {
		ID        org.RequestID    `json:"id"`
		State     org.RequestState `json:"state"`
		AccountID account.ID       `json:"accountId,omitempty"`
		Failure   org.Failure      `json:"failureReason,omitempty"`
	}
	r := done.Request
	told, err := json.Marshal(map[string]status{"createAccountStatus": {r.ID, r.State, r.Account, r.Failure}})
	if err != nil {
		return err
	}
	return s.events.Record(tx, audit.Event{
		Scope: done.Management.Scope(), Name: "createAccountResult", Source: "organizations", Mutation: true,
		Principal: audit.Principal{Kind: "system"},
		Detail:    audit.Detail{Response: told, Identity: json.RawMessage(`{"type":"AWSService","invokedBy":"organizations.amazonaws.com"}`)},
	})
}

// touch writes down, every half minute, which sessions and access keys were used.
func (s *Server) touch(ctx context.Context) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		sessions, keys := s.seen.take()
		if len(sessions) == 0 && len(keys) == 0 {
			continue
		}
		err := s.db.Write(ctx, func(tx *database.Tx) error {
			for id := range sessions {
				if err := s.credentials.Touch(tx, id); err != nil {
					return err
				}
			}
			for id, use := range keys {
				if err := s.accounts.TouchAccessKey(tx, id, use); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil && ctx.Err() == nil {
			s.config.Log.Error("uses could not be written down", "error", err)
		}
	}
}
