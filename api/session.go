package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/operation"
)

// Session is one of the caller's sign-ins that is still good.
type Session struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind" enum:"browser,device,code" doc:"How it began: with a password, an approved device or a redeemed code"`
	ClientName string    `json:"clientName,omitempty" doc:"The program that was let in, in its own words"`
	Scopes     []string  `json:"scopes,omitempty" nullable:"false" doc:"What the program was granted; a browser is not limited"`
	Address    string    `json:"address"`
	UserAgent  string    `json:"userAgent,omitempty"`
	CreatedAt  time.Time `json:"createdAt"`
	UsedAt     time.Time `json:"usedAt" doc:"To the minute"`
	ExpiresAt  time.Time `json:"expiresAt"`
	Current    bool      `json:"current" doc:"The one this request was made in"`
}

// EndSessionInput names a session.
type EndSessionInput struct {
	ID string `path:"id" doc:"Of the session, or the word current"`
}

// current names the session a request is made in.
const current = "current"

func (a *API) sessionRoutes() []route {
	return []route{
		read("ListSessions", "GET /sessions", "Your sign-ins, the latest first", a.listSessions, authz.SignedIn()),
		write("EndSession", "DELETE /sessions/{id}", "End one of your sign-ins", a.endSession, authz.SignedIn()),
		write("EndOtherSessions", "DELETE /sessions", "End all your sign-ins but this one", a.endOtherSessions, authz.SignedIn()),
	}
}

func (a *API) listSessions(q *operation.Query, _ *Empty) (*List[Session], error) {
	sessions, err := a.Credentials.Sessions(q.Tx, q.Caller.UserID)
	if err != nil {
		return nil, err
	}
	return &List[Session]{Items: translate(sessions, func(s credential.Session) Session {
		return Session{
			ID: string(s.ID), Kind: string(s.Kind), ClientName: s.ClientName, Scopes: s.Scopes, Address: s.Origin.Address, UserAgent: s.Origin.UserAgent,
			CreatedAt: s.CreatedAt, UsedAt: s.UsedAt, ExpiresAt: s.ExpiresAt, Current: s.ID == q.Caller.SessionID,
		}
	})}, nil
}

func (a *API) endSession(c *operation.Command, in *EndSessionInput) (*Empty, error) {
	id := credential.SessionID(in.ID)
	if in.ID == current {
		id = c.Caller.SessionID
	}
	return &Empty{}, a.Credentials.EndSession(c.Tx, c.Caller.UserID, id)
}

func (a *API) endOtherSessions(c *operation.Command, _ *Empty) (*Empty, error) {
	return &Empty{}, a.Credentials.EndSessions(c.Tx, c.Caller.UserID, c.Caller.SessionID)
}
