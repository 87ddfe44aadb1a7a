package api

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// Event is one thing that happened in a space.
type Event struct {
	ID        string          `json:"id"`
	At        time.Time       `json:"at"`
	Name      string          `json:"name" doc:"Of the operation, such as createProject"`
	Source    string          `json:"source" doc:"Of the service that was asked"`
	Mutation  bool            `json:"mutation" doc:"Whether the operation changes anything"`
	Principal EventPrincipal  `json:"principal"`
	Project   string          `json:"project,omitempty" doc:"Name of the project it happened in"`
	Error     string          `json:"error,omitempty" doc:"Why it was not done, for programs; absent when it was done"`
	Reason    string          `json:"reason,omitempty" doc:"Why it was allowed or refused, for people"`
	RequestID string          `json:"requestId,omitempty"`
	TokenID   string          `json:"accessTokenId,omitempty" doc:"Of the personal access token it was asked with"`
	Address   string          `json:"address,omitempty"`
	UserAgent string          `json:"userAgent,omitempty"`
	Request   json.RawMessage `json:"request,omitempty" doc:"The input, without its secrets"`
	Response  json.RawMessage `json:"response,omitempty" doc:"The answer to a change, without its secrets"`
}

// EventPrincipal is who did it.
type EventPrincipal struct {
	Kind   string `json:"kind" enum:"user,anonymous,system"`
	UserID string `json:"userId,omitempty"`
	Alias  string `json:"alias,omitempty"`
}

// ListEventsInput asks what happened in a space, the latest first.
type ListEventsInput struct {
	Space string    `path:"space" doc:"Name of the space"`
	From  time.Time `query:"from" doc:"At this time or later; 30 days ago when left out"`
	To    time.Time `query:"to" doc:"Before this time; everything until now when left out"`
	Name  string    `query:"name" doc:"Only events of this name"`
	Page
}

// eventsSince is how far back is looked when nobody says.
const eventsSince = 30 * 24 * time.Hour

func (a *API) eventRoutes() []route {
	return []route{
		read("ListEvents", "GET "+inSpace+"/events", "What happened in a space, the latest first", a.listEvents, authz.Space(role.ViewLogs, "{Space}"), operation.Settled()),
	}
}

func (a *API) listEvents(q *operation.Query, in *ListEventsInput) (*List[Event], error) {
	filter, err := eventFilter(q, in)
	if err != nil {
		return nil, err
	}
	return list(in.Page, func(p space.Page) ([]audit.Event, error) {
		filter.Limit = p.Limit
		return a.Audit.Events(q.Tx, filter)
	}, eventKey, each(eventShown))
}

func eventFilter(q *operation.Query, in *ListEventsInput) (audit.Filter, error) {
	f := audit.Filter{Scope: seal.Space(string(q.Grant.Space.ID)), From: in.From, To: in.To, Name: in.Name}
	if f.From.IsZero() {
		f.From = q.Tx.Now().Add(-eventsSince)
	}
	if f.To.IsZero() {
		f.To = q.Tx.Now().Add(time.Second) // what happens this very moment, too
	}
	if !f.From.Before(f.To) {
		return f, fault.Invalidf("from must be before to")
	}
	if in.After == "" {
		return f, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(in.After)
	if err == nil {
		err = json.Unmarshal(text, &f.After)
	}
	if err != nil || f.After.ID == "" {
		return f, fault.Invalidf("after is not what next of a list of events was")
	}
	return f, nil
}

func eventKey(e audit.Event) string {
	text, _ := json.Marshal(audit.Cursor{At: e.At, ID: e.ID}) // a time and a text: cannot fail
	return base64.RawURLEncoding.EncodeToString(text)
}

func eventShown(e audit.Event) Event {
	principal := EventPrincipal{Kind: e.Principal.Kind}
	if e.Principal.Kind == "user" {
		principal.UserID, principal.Alias = e.Principal.ID, e.Detail.PrincipalName
	}
	return Event{
		ID: e.ID, At: e.At, Name: e.Name, Source: e.Source, Mutation: e.Mutation, Principal: principal, Project: e.Detail.ProjectName,
		Error: e.ErrorCode, Reason: e.Detail.Reason, RequestID: e.Detail.RequestID, TokenID: e.Detail.AccessToken, Address: e.Detail.Address, UserAgent: e.Detail.UserAgent,
		Request: e.Detail.Request, Response: e.Detail.Response,
	}
}
