package server

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/repo"
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

// RenewSigningKey is the job that makes the next key that signs what Sallyport vouches
// for.
type RenewSigningKey struct{}

// Kind names the job.
func (RenewSigningKey) Kind() string { return "renew-signing-key" }

// keyLifetime is how long a key seals before the next one does: NIST SP 800-57
// Part 1 section 5.3.6 advises two years at most for keys that encrypt data.
const keyLifetime = 365 * 24 * time.Hour

// sealedColumns is everything sealed, as the packages that own it list it.
func sealedColumns() []seal.Column {
	return slices.Concat(directory.Sealed, credential.Sealed, space.Sealed, repo.Sealed, account.Sealed, org.Sealed, identitycenter.Sealed, connection.Sealed, delivery.Sealed, audit.Sealed)
}

// workers says what does which job, and what runs again and again.
func (s *Server) workers() *job.Workers {
	w := job.NewWorkers()
	job.Add(w, s.mail.Work)
	job.Add(w, func(ctx context.Context, _ Sweep) error {
		return errors.Join(s.db.Write(ctx, s.credentials.Sweep), s.db.Write(ctx, s.spaces.Sweep), s.db.Write(ctx, s.accounts.Sweep), s.db.Write(ctx, s.centers.SweepRequests), s.db.Checkpoint(ctx))
	})
	job.Add(w, func(ctx context.Context, j org.FinishAccount) error {
		return s.db.Write(ctx, func(tx *database.Tx) error { return s.finishAccount(tx, j.ID) })
	})
	job.Add(w, func(ctx context.Context, j identitycenter.FinishAssignment) error {
		_, err := s.finishRequest(ctx, j.ID, func(tx *database.Tx) (more bool, err error) { return false, s.centers.FinishAssignment(tx, j.ID) })
		return err
	})
	job.Add(w, func(ctx context.Context, j identitycenter.FinishProvisioning) (err error) {
		for more := true; more && err == nil; {
			more, err = s.finishRequest(ctx, j.ID, func(tx *database.Tx) (bool, error) { return s.centers.FinishProvisioning(tx, j.ID) })
		}
		return err
	})
	rotation := &seal.Rotation{Keys: s.keys, DB: s.db, Columns: sealedColumns(), Lifetime: keyLifetime}
	job.Add(w, func(ctx context.Context, _ RotateKeys) error { return rotation.Run(ctx) })
	job.Add(w, func(ctx context.Context, _ RenewSigningKey) error { return s.renewSigningKey(ctx) })
	w.Every(time.Hour, RenewSigningKey{})
	job.Add(w, func(ctx context.Context, _ repo.UpkeepJob) error { return s.repositories.Upkeep(ctx) })
	job.AddLong(w, func(ctx context.Context, j delivery.Work) error { return s.courier.Work(ctx, j) })
	job.Add(w, func(ctx context.Context, _ delivery.Resume) error { return s.courier.Resume(ctx) })
	w.Every(time.Minute, delivery.Resume{})
	w.Every(time.Hour, Sweep{})
	w.Every(time.Hour, repo.UpkeepJob{})
	w.Every(time.Hour, RotateKeys{})
	return w
}

// renewSigningKey makes another key when it is time, and the first one at the start.
func (s *Server) renewSigningKey(ctx context.Context) error {
	due := false
	err := s.db.Read(ctx, func(tx *database.ReadTx) (err error) {
		due, err = s.credentials.SigningKeyDue(tx)
		return err
	})
	if err != nil || !due {
		return err
	}
	made, err := credential.MakeSigningKey()
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *database.Tx) error { return s.credentials.AddSigningKey(tx, made) })
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

// finishRequest takes a request to IAM Identity Center further, and records what came
// of it once it has ended: in the log of the instance's owner and of the account it
// was about.
func (s *Server) finishRequest(ctx context.Context, id identitycenter.RequestID, further func(*database.Tx) (more bool, err error)) (more bool, err error) {
	err = s.db.Write(ctx, func(tx *database.Tx) error {
		switch before, _, err := s.centers.Outcome(tx.Reading(), id); {
		case fault.Is(err, fault.NotFound) || err == nil && before.State != identitycenter.InProgress:
			more = false
			return nil
		case err != nil:
			return err
		}
		if more, err = further(tx); err != nil || more {
			return err
		}
		r, owner, err := s.centers.Outcome(tx.Reading(), id)
		if err != nil {
			return err
		}
		return s.recordRequest(tx, r, owner)
	})
	return more, err
}

func (s *Server) recordRequest(tx *database.Tx, r identitycenter.Request, owner account.ID) error {
	told, err := json.Marshal(map[string]any{"requestId": r.ID, "status": r.State, "failureReason": r.Failure, "permissionSet": r.Set,
		"targetId": r.Account, "principalType": r.Principal.Type, "principalId": r.Principal.ID})
	if err != nil {
		return err
	}
	event := audit.Event{
		Name: finished[r.Kind], Source: "sso", Mutation: true, Principal: audit.Principal{Kind: "system"},
		Detail: audit.Detail{Response: told, Identity: json.RawMessage(`{"type":"AWSService","invokedBy":"sso.amazonaws.com"}`)},
	}
	for _, id := range []account.ID{owner, r.Account} {
		if event.Scope == id.Scope() || id == "" {
			continue
		}
		if event.Scope = id.Scope(); id != owner {
			if _, err := s.accounts.Account(tx.Reading(), id); fault.Is(err, fault.NotFound) {
				continue // there was no such account: the request failed
			} else if err != nil {
				return err
			}
		}
		if err := s.events.Record(tx, event); err != nil {
			return err
		}
	}
	return nil
}

var finished = map[identitycenter.RequestKind]string{
	identitycenter.Creation: "createAccountAssignmentResult", identitycenter.Deletion: "deleteAccountAssignmentResult",
	identitycenter.Provisioning: "provisionPermissionSetResult",
}

// touch writes down, every half minute, which credentials were used.
func (s *Server) touch(ctx context.Context) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := s.WriteUses(ctx); err != nil && ctx.Err() == nil {
			s.config.Log.Error("uses could not be written down", "error", err)
		}
	}
}

// WriteUses writes down what was used since it was done before.
func (s *Server) WriteUses(ctx context.Context) error {
	used := s.seen.take()
	if used.none() {
		return nil
	}
	return s.db.Write(ctx, func(tx *database.Tx) error {
		for id := range used.sessions {
			if err := s.credentials.Touch(tx, id); err != nil {
				return err
			}
		}
		for id, use := range used.keys {
			if err := s.accounts.TouchAccessKey(tx, id, use); err != nil {
				return err
			}
		}
		for of, use := range used.tokens {
			if err := s.credentials.TouchAccessToken(tx, of.id, use); err != nil {
				return err
			}
		}
		return nil
	})
}
