package credential

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// SessionID names a session.
type SessionID string

// SessionKind says how a session began.
type SessionKind string

const (
	Browser SessionKind = "browser" // a password was given
	Device  SessionKind = "device"  // a device code was approved
	Code    SessionKind = "code"    // an authorization code was redeemed
)

const (
	// A browser session ends after half a day, or sooner when nobody uses it:
	// OWASP ASVS 5.0 section 7.3.
	browserLifetime = 12 * time.Hour
	browserIdle     = 2 * time.Hour
	// A client's session is a working week; its access tokens are renewed in it.
	clientLifetime = 7 * 24 * time.Hour
	accessLifetime = time.Hour
	// FreshFor is how long after giving their password somebody may do what
	// cannot be undone, such as letting a device in.
	FreshFor = 10 * time.Minute
)

// Session is one sign-in, as its user sees it in a list.
type Session struct {
	ID              SessionID
	UserID          directory.UserID
	Kind            SessionKind
	ClientID        ClientID // of a client session
	ClientName      string
	Scopes          []string // none: everything, and only of a browser
	Origin          Origin
	AuthenticatedAt time.Time // when a password was last given for it
	CreatedAt       time.Time
	UsedAt          time.Time
	ExpiresAt       time.Time
}

// Identity is who a token speaks for.
type Identity struct {
	SessionID       SessionID
	UserID          directory.UserID
	Store           directory.StoreID // of a user of an identity store
	Alias           string            // of such a user the user name
	Scopes          []string
	AuthenticatedAt time.Time
	Kind            SessionKind
	UsedAt          time.Time
}

// Fresh tells whether the password behind this identity was given a short while ago.
func (i Identity) Fresh(now time.Time) bool { return now.Sub(i.AuthenticatedAt) <= FreshFor }

// NewSession is what it takes to begin a session in a browser.
type NewSession struct {
	UserID directory.UserID
	Origin Origin
}

// BeginBrowser begins the session of somebody who has just given their password.
func (s *Store) BeginBrowser(tx *database.Tx, newSession NewSession) (Session, Token, error) {
	session, err := s.begin(tx, Session{
		UserID:          newSession.UserID,
		Kind:            Browser,
		Origin:          newSession.Origin,
		AuthenticatedAt: tx.Now(),
		ExpiresAt:       tx.Now().Add(browserLifetime),
	})
	if err != nil {
		return Session{}, "", err
	}
	token, err := issue(tx, BrowserSession, session.ID, session.ExpiresAt)
	return session, token, err
}

func (s *Store) begin(tx *database.Tx, session Session) (Session, error) {
	session.ID, session.CreatedAt, session.UsedAt = SessionID(uuid.NewString()), tx.Now(), tx.Now()
	key, err := s.key(&tx.ReadTx)
	if err != nil {
		return Session{}, err
	}
	origin, err := session.Origin.seal(key, "sessions", string(session.ID))
	if err != nil {
		return Session{}, err
	}
	_, err = tx.Exec(`insert into sessions (id, user_id, kind, client_id, client_name, scopes, address_sealed, user_agent_sealed, authenticated_at, created_at, used_at, expires_at)
		values ($1, $2, $3, nullif($4, ''), $5, $6, $7, $8, $9, $10, $11, $12)`,
		session.ID, session.UserID, session.Kind, session.ClientID, session.ClientName, strings.Join(session.Scopes, " "), origin.address, origin.userAgent,
		database.Time(session.AuthenticatedAt), database.Time(session.CreatedAt), database.Time(session.UsedAt), database.Time(session.ExpiresAt))
	return session, err
}

// issue makes a token of a session.
func issue(tx *database.Tx, kind Kind, session SessionID, expires time.Time) (Token, error) {
	token := NewToken(kind)
	_, err := tx.Exec(`insert into tokens (hash, session_id, created_at, expires_at) values ($1, $2, $3, $4)`,
		HashToken(string(token)), session, database.Time(tx.Now()), database.Time(expires))
	return token, err
}

// Authenticate tells who a browser session or access token speaks for. It is
// asked on every request, so it is one query at most and opens nothing sealed but the
// name of a user of an identity store. Unknown, expired, idle and ended tokens and those of users who are not active are all
// Unauthenticated, in the same words.
func (s *Store) Authenticate(tx *database.ReadTx, token string) (Identity, error) {
	kind, err := ParseToken(token)
	if err != nil {
		return Identity{}, err
	}
	switch kind {
	case BrowserSession, Access:
	case PersonalAccess:
		return Identity{}, fault.Unauthenticatedf("a personal access token is good for Git and packages alone: sign in for an access token")
	default:
		return Identity{}, fault.Unauthenticatedf("this token does not sign requests: give an access token")
	}
	hash := HashToken(token)
	held, err := s.live.Get(tx, string(hash), func() (liveSession, error) {
		return database.One(tx, s.scanLive(tx), `select s.id, u.id, u.alias, coalesce(u.store_id, ''), u.display_name_sealed, s.scopes, s.authenticated_at, s.kind, s.used_at, t.expires_at, s.expires_at
			from tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
			where t.hash = $1 and u.state = $2`, hash, directory.Active)
	})
	if err == nil && !held.lives(tx.Now()) {
		err = database.ErrNone
	}
	if errors.Is(err, database.ErrNone) {
		return Identity{}, fault.Unauthenticatedf("the session has ended or never began: sign in again")
	}
	return held.Identity, err
}

// liveSession is a session as one of its tokens opens it, until it expires.
type liveSession struct {
	Identity
	tokenExpires, sessionExpires time.Time
}

func (s *Store) scanLive(tx *database.ReadTx) func(database.Row) (liveSession, error) {
	return func(row database.Row) (l liveSession, err error) {
		var scopes string
		var name []byte
		if err := row.Scan(&l.SessionID, &l.UserID, &l.Alias, &l.Store, &name, &scopes, (*database.Time)(&l.AuthenticatedAt), &l.Kind, (*database.Time)(&l.UsedAt),
			(*database.Time)(&l.tokenExpires), (*database.Time)(&l.sessionExpires)); err != nil || l.Store == "" {
			l.Scopes = strings.Fields(scopes)
			return l, err
		}
		l.Scopes = strings.Fields(scopes)
		key, err := s.key(tx)
		if err != nil {
			return l, err
		}
		l.Alias, err = directory.OpenName(key, l.UserID, name)
		return l, err
	}
}

func (l liveSession) lives(now time.Time) bool {
	idle := l.Kind == Browser && now.Sub(l.UsedAt) >= browserIdle
	return now.Before(l.tokenExpires) && now.Before(l.sessionExpires) && !idle
}

// Touch records that a session is in use, which keeps a browser's from idling
// out. To the minute is enough.
func (s *Store) Touch(tx *database.Tx, id SessionID) error {
	_, err := tx.Exec(`update sessions set used_at = $2 where id = $1`, id, database.Time(tx.Now()))
	return err
}

// Sessions is a user's live sessions, the latest begun first.
func (s *Store) Sessions(tx *database.ReadTx, user directory.UserID) ([]Session, error) {
	key, err := s.key(tx)
	if err != nil {
		return nil, err
	}
	scan := func(row database.Row) (session Session, err error) {
		var scopes string
		var origin sealedOrigin
		if err := row.Scan(&session.ID, &session.UserID, &session.Kind, &session.ClientID, &session.ClientName, &scopes, &origin.address, &origin.userAgent,
			(*database.Time)(&session.AuthenticatedAt), (*database.Time)(&session.CreatedAt), (*database.Time)(&session.UsedAt), (*database.Time)(&session.ExpiresAt)); err != nil {
			return Session{}, err
		}
		session.Scopes = strings.Fields(scopes)
		session.Origin, err = origin.open(key, "sessions", string(session.ID))
		return session, err
	}
	now := tx.Now()
	return database.All(tx, scan, `select id, user_id, kind, coalesce(client_id, ''), client_name, scopes, address_sealed, user_agent_sealed, authenticated_at, created_at, used_at, expires_at
		from sessions where user_id = $1 and expires_at > $2 and (kind <> $3 or used_at > $4) order by created_at desc, id`,
		user, database.Time(now), Browser, database.Time(now.Add(-browserIdle)))
}

// EndSession ends a session of the user's. Its tokens are refused from the next
// request on. Somebody else's session is NotFound.
func (s *Store) EndSession(tx *database.Tx, user directory.UserID, id SessionID) error {
	ended, err := tx.Exec(`delete from sessions where id = $1 and user_id = $2`, id, user)
	if err == nil && ended == 0 {
		return fault.NotFoundf("session %s not found", id)
	}
	return err
}

// EndSessions ends all sessions of a user but one, and those that were allowed
// and have not begun: whoever approved a device may have been somebody else. An
// empty except spares none. What was redeemed stays to be recognized if it comes
// a second time.
func (s *Store) EndSessions(tx *database.Tx, user directory.UserID, except SessionID) error {
	if _, err := tx.Exec(`delete from sessions where user_id = $1 and id <> $2`, user, except); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from device_codes where user_id = $1 and state = $2`, user, DeviceApproved); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from authorization_codes where user_id = $1 and redeemed_at is null`, user)
	return err
}

// end ends a session that a credential was misused for.
func end(tx *database.Tx, id SessionID) error {
	_, err := tx.Exec(`delete from sessions where id = $1`, id)
	return err
}
