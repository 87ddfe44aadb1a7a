package credential

import (
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
)

// Tokens is what a client gets for a grant.
type Tokens struct {
	Access    Token
	Refresh   Token // empty when the client has not registered for refreshing
	ExpiresIn time.Duration
	Scopes    []string
	SessionID SessionID
	UserID    directory.UserID
}

// beginClient begins the session of a client that was let in, with its first tokens.
func (s *Store) beginClient(tx *database.Tx, client Client, session Session) (Tokens, error) {
	session.ClientID, session.ClientName, session.ExpiresAt = client.ID, client.Name, tx.Now().Add(clientLifetime)
	session, err := s.begin(tx, session)
	if err != nil {
		return Tokens{}, err
	}
	return issueTokens(tx, client, session)
}

// issueTokens makes the next access and refresh token of a session. Neither
// outlives it.
func issueTokens(tx *database.Tx, client Client, session Session) (Tokens, error) {
	expiresIn := min(accessLifetime, session.ExpiresAt.Sub(tx.Now()))
	access, err := issue(tx, Access, session.ID, tx.Now().Add(expiresIn))
	if err != nil {
		return Tokens{}, err
	}
	tokens := Tokens{Access: access, ExpiresIn: expiresIn, Scopes: session.Scopes, SessionID: session.ID, UserID: session.UserID}
	if client.MayUse(GrantRefreshToken) == nil {
		tokens.Refresh, err = issue(tx, Refresh, session.ID, session.ExpiresAt)
	}
	return tokens, err
}
