// Package audit keeps the one log: what happened, who did it, from where, with
// what result.
//
// An event of a change is written in the change's own transaction, so neither
// exists without the other. Refusals and failures are written on their own and
// are on disk before the caller gets the answer. Allowed reads are many and
// change nothing: they are gathered and written together a moment later, and a
// crash may lose those of that moment.
//
// Names, times and principals can be queried; the rest of an event is sealed
// under the key of the space it belongs to, or of the directory.
package audit

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/seal"
)

// Event is one thing that happened.
type Event struct {
	ID        string
	Scope     seal.Scope // the space whose log it stands in, or the directory
	At        time.Time
	Name      string // lower camel case, e.g. createProject
	Source    string // the service that was asked
	Mutation  bool
	Principal Principal
	ProjectID string
	ErrorCode string // empty when it was done
	Detail    Detail
}

// Principal is who did it.
type Principal struct {
	Kind string // "user", "anonymous", "system"
	ID   string
}

// Detail is the part that is sealed.
type Detail struct {
	PrincipalName string          `json:"principalName,omitempty"`
	ProjectName   string          `json:"projectName,omitempty"`
	RequestID     string          `json:"requestId,omitempty"`
	Request       json.RawMessage `json:"request,omitempty"`
	Response      json.RawMessage `json:"response,omitempty"`
	Reason        string          `json:"reason,omitempty"` // why it was allowed or refused
	Address       string          `json:"address,omitempty"`
	UserAgent     string          `json:"userAgent,omitempty"`
}

const column = "events.detail_sealed"

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{{Table: "events", Name: "detail_sealed", Row: "id", Scope: "scope"}}

// Record writes an event in the transaction of the change it tells of.
func (l *Log) Record(tx *database.Tx, event Event) error {
	event.ID, event.At = newID(), tx.Now()
	return l.insert(tx, event)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func (l *Log) insert(tx *database.Tx, e Event) error {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return err
	}
	key, err := l.keys.Key(&tx.ReadTx, e.Scope)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(column, e.ID, detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into events (id, scope, at, name, source, mutation, principal_kind, principal_id, project_id, error_code, detail_sealed)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		e.ID, string(e.Scope), database.Time(e.At), e.Name, e.Source, e.Mutation, e.Principal.Kind, e.Principal.ID, orNull(e.ProjectID), orNull(e.ErrorCode), sealed)
	return err
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Filter chooses events of one scope, newest first.
type Filter struct {
	Scope    seal.Scope
	From, To time.Time // From <= At < To; a zero From: from the beginning
	Name     string    // empty: any
	After    Cursor    // continue behind this event
	Limit    int
}

// Cursor is a place in a listing: that of an event already returned.
type Cursor struct {
	At time.Time
	ID string
}

// Events lists. Reads that other callers are making this very moment may still
// be missing; call [Log.Flush] first to see those this process has answered.
func (l *Log) Events(tx *database.ReadTx, f Filter) ([]Event, error) {
	key, err := l.keys.Key(tx, f.Scope)
	if err != nil {
		return nil, err
	}
	if f.After.ID == "" {
		f.After.At = f.To
	}
	if f.From.IsZero() {
		f.From = time.Unix(0, 0)
	}
	scan := func(row database.Row) (e Event, err error) {
		var sealed []byte
		var project, code *string
		if err := row.Scan(&e.ID, (*database.Time)(&e.At), &e.Name, &e.Source, &e.Mutation, &e.Principal.Kind, &e.Principal.ID, &project, &code, &sealed); err != nil {
			return e, err
		}
		e.Scope, e.ProjectID, e.ErrorCode = f.Scope, orEmpty(project), orEmpty(code)
		detail, err := key.Open(column, e.ID, sealed)
		if err != nil {
			return e, err
		}
		if err := json.Unmarshal(detail, &e.Detail); err != nil {
			return e, fmt.Errorf("event %s: %w", e.ID, err)
		}
		return e, nil
	}
	return database.All(tx, scan, `
		select id, at, name, source, mutation, principal_kind, principal_id, project_id, error_code, detail_sealed
		from events
		where scope = $1 and at >= $2 and at < $3 and (at < $4 or (at = $4 and id < $5)) and ($6 = '' or name = $6)
		order by at desc, id desc limit $7`,
		string(f.Scope), database.Time(f.From), database.Time(f.To), database.Time(f.After.At), f.After.ID, f.Name, f.Limit)
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
