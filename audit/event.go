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
	"errors"
	"fmt"
	"strings"
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
	// Of the account side: who by IAM's names, with which key, and what was touched.
	Username, AccessKeyID string
	Resources             []Resource
	Detail                Detail
}

// Resource is something an event touched.
type Resource struct{ Type, Name string }

// Principal is who did it.
type Principal struct {
	Kind string // "user", "principal" (of the account side), "anonymous", "system"
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
	Region        string          `json:"region,omitempty"`
	AccessToken   string          `json:"accessTokenId,omitempty"` // of the personal access token it was asked with
	Identity      json.RawMessage `json:"userIdentity,omitempty"`  // of a principal of the account side
	Evidence      json.RawMessage `json:"evidence,omitempty"`      // why policies refused
}

const column = "events.detail_sealed"

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{{Table: "events", Name: "detail_sealed", Row: "id", Scope: "scope"}}

// Record writes an event in the transaction of the change it tells of, and tells whoever
// watches.
func (l *Log) Record(tx *database.Tx, event Event) error {
	event.ID, event.At = newID(), tx.Now()
	if err := l.insert(tx, event); err != nil || l.Watch == nil {
		return err
	}
	return l.Watch(tx, event)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func (l *Log) insert(tx *database.Tx, e Event) error {
	row, err := l.row(tx, e)
	if err != nil {
		return err
	}
	return insertRows(tx, []Event{e}, row)
}

const (
	insertEvents = `insert into events (id, scope, at, name, source, mutation, principal_kind, principal_id, project_id, error_code, username, access_key_id, detail_sealed) values `
	columns      = 13
	// rowsAtOnce is how many events one statement inserts, when there are so many.
	rowsAtOnce = 32
)

// row is an event as the columns take it.
func (l *Log) row(tx *database.Tx, e Event) ([]any, error) {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return nil, err
	}
	key, err := l.keys.Key(&tx.ReadTx, e.Scope)
	if err != nil {
		return nil, err
	}
	sealed, err := key.Seal(column, e.ID, detail)
	return []any{
		e.ID, string(e.Scope), database.Time(e.At), e.Name, e.Source, e.Mutation, e.Principal.Kind, e.Principal.ID, orNull(e.ProjectID), orNull(e.ErrorCode),
		orNull(e.Username), orNull(e.AccessKeyID), sealed,
	}, err
}

var (
	insertOne  = insertEvents + database.Rows(1, columns)
	insertMany = insertEvents + database.Rows(rowsAtOnce, columns)
)

// insertRows writes one event, or rowsAtOnce of them.
func insertRows(tx *database.Tx, events []Event, rows []any) error {
	query := insertOne
	if len(events) > 1 {
		query = insertMany
	}
	if _, err := tx.Exec(query, rows...); err != nil {
		return err
	}
	for _, e := range events {
		for _, r := range e.Resources {
			if _, err := tx.Exec(`insert into event_resources (event_id, type, name) values ($1, $2, $3) on conflict do nothing`, e.ID, r.Type, r.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// insertAll writes events in as few statements as that takes.
func (l *Log) insertAll(tx *database.Tx, events []Event) error {
	for len(events) > 0 {
		some := events[:1]
		if len(events) >= rowsAtOnce {
			some = events[:rowsAtOnce]
		}
		var rows []any
		for i := range some {
			row, err := l.row(tx, some[i])
			if errors.Is(err, database.ErrNone) {
				// The space was deleted meanwhile, and its key with it.
				some[i].Scope = seal.Directory
				row, err = l.row(tx, some[i])
			}
			if err != nil {
				return err
			}
			rows = append(rows, row...)
		}
		if err := insertRows(tx, some, rows); err != nil {
			return err
		}
		events = events[len(some):]
	}
	return nil
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Filter chooses events of one scope, newest first. What is empty is not asked.
type Filter struct {
	Scope    seal.Scope
	From, To time.Time // From <= At < To; a zero From: from the beginning
	After    Cursor    // continue behind this event
	Limit    int

	ID, Name, Source, Username, AccessKeyID string
	ResourceType, ResourceName              string
	Mutation                                *bool
}

// Cursor is a place in a listing: that of an event already returned.
type Cursor struct {
	At time.Time
	ID string
}

// where is what the filter demands beside its times, with the arguments that
// stand for $1 and so on.
func (f Filter) where() (string, []any) {
	var where strings.Builder
	args := []any{string(f.Scope), database.Time(f.From), database.Time(f.To), database.Time(f.After.At), f.After.ID}
	demand := func(clause string, value any) {
		args = append(args, value)
		fmt.Fprintf(&where, " and "+clause, len(args))
	}
	for _, equal := range []struct{ column, value string }{
		{"id", f.ID}, {"name", f.Name}, {"source", f.Source}, {"username", f.Username}, {"access_key_id", f.AccessKeyID},
	} {
		if equal.value != "" {
			demand(equal.column+" = $%d", equal.value)
		}
	}
	if f.Mutation != nil {
		demand("mutation = $%d", *f.Mutation)
	}
	for _, equal := range []struct{ column, value string }{{"type", f.ResourceType}, {"name", f.ResourceName}} {
		if equal.value != "" {
			demand("id in (select event_id from event_resources where "+equal.column+" = $%d)", equal.value)
		}
	}
	args = append(args, f.Limit)
	fmt.Fprintf(&where, " order by at desc, id desc limit $%d", len(args))
	return where.String(), args
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
		var project, code, username, accessKey *string
		if err := row.Scan(&e.ID, (*database.Time)(&e.At), &e.Name, &e.Source, &e.Mutation, &e.Principal.Kind, &e.Principal.ID, &project, &code, &username, &accessKey, &sealed); err != nil {
			return e, err
		}
		e.Scope, e.ProjectID, e.ErrorCode, e.Username, e.AccessKeyID = f.Scope, orEmpty(project), orEmpty(code), orEmpty(username), orEmpty(accessKey)
		detail, err := key.Open(column, e.ID, sealed)
		if err != nil {
			return e, err
		}
		if err := json.Unmarshal(detail, &e.Detail); err != nil {
			return e, fmt.Errorf("event %s: %w", e.ID, err)
		}
		return e, nil
	}
	where, args := f.where()
	events, err := database.All(tx, scan, `
		select id, at, name, source, mutation, principal_kind, principal_id, project_id, error_code, username, access_key_id, detail_sealed
		from events
		where scope = $1 and at >= $2 and at < $3 and (at < $4 or (at = $4 and id < $5))`+where, args...)
	if err != nil {
		return nil, err
	}
	for i := range events {
		events[i].Resources, err = database.All(tx, func(row database.Row) (r Resource, err error) {
			return r, row.Scan(&r.Type, &r.Name)
		}, `select type, name from event_resources where event_id = $1 order by type, name`, events[i].ID)
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
