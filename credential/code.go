package credential

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// A code is redeemed by a program that waits for it. RFC 6749 section 4.1.2
// allows 10 minutes.
const codeLifetime = 2 * time.Minute

// RFC 7636 sections 4.1 and 4.2: a verifier is 43 to 128 unreserved characters,
// its S256 challenge 43 of base64url.
var (
	verifierForm  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
	challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

// NewCode is what it takes to send somebody back to a client with a code.
type NewCode struct {
	Client      Client
	By          Identity // who lets the client in, in a browser
	RedirectURI string
	Challenge   string   // PKCE, method S256
	Scopes      []string // none: those the client registered
}

// NewCode lets a client in as the one who approves, once it redeems the code.
// RFC 9700 section 2.1.1: there is no code without PKCE.
func (s *Store) NewCode(tx *database.Tx, newCode NewCode) (Token, error) {
	scopes, err := newCode.check()
	if err != nil {
		return "", err
	}
	code := NewToken(AuthorizationCode)
	_, err = tx.Exec(`insert into authorization_codes (hash, client_id, user_id, redirect_uri, challenge, scopes, authenticated_at, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		HashToken(string(code)), newCode.Client.ID, newCode.By.UserID, newCode.RedirectURI, newCode.Challenge, strings.Join(scopes, " "),
		database.Time(newCode.By.AuthenticatedAt), database.Time(tx.Now()), database.Time(tx.Now().Add(codeLifetime)))
	return code, err
}

func (n NewCode) check() ([]string, error) {
	if n.By.Kind != Browser {
		return nil, fault.Deniedf("letting a client in takes a sign-in in a browser")
	}
	if err := n.Client.MayRedirectTo(n.RedirectURI); err != nil {
		return nil, err
	}
	if err := n.Client.MayUse(GrantAuthorizationCode); err != nil {
		return nil, err
	}
	if !challengeForm.MatchString(n.Challenge) {
		return nil, refusef(ReasonInvalidRequest, "code_challenge is required: the SHA-256 of the verifier, 43 characters of base64url")
	}
	scopes, err := n.Client.Grant(n.Scopes)
	if err != nil {
		return nil, err
	}
	return n.By.Grant(scopes, n.Client.Store)
}

// RedeemCode begins the session a code stands for. A code is good for one try:
// a wrong redirect URI or verifier uses it up as well, which is kept.
func (s *Store) RedeemCode(tx *database.Tx, client Client, code, redirectURI, verifier string, from Origin) (Tokens, error) {
	if err := client.MayUse(GrantAuthorizationCode); err != nil {
		return Tokens{}, err
	}
	held, err := findCode(&tx.ReadTx, client, code)
	if err != nil {
		return Tokens{}, err
	}
	if held.redeemed {
		return Tokens{}, redeemedTwice(tx, held.session)
	}
	if err := held.check(redirectURI, verifier); err != nil {
		return Tokens{}, held.burn(tx, err)
	}
	if err := checkActive(&tx.ReadTx, held.user); err != nil {
		return Tokens{}, err
	}
	tokens, err := s.beginClient(tx, client, Session{UserID: held.user, Kind: Code, Scopes: held.scopes, Origin: from, AuthenticatedAt: held.authenticatedAt})
	if err != nil {
		return Tokens{}, err
	}
	return tokens, held.redeem(tx, tokens.SessionID)
}

type authorizationCode struct {
	hash                   []byte
	user                   directory.UserID
	redirectURI, challenge string
	scopes                 []string
	authenticatedAt        time.Time
	session                SessionID
	redeemed               bool
}

func findCode(tx *database.ReadTx, client Client, code string) (authorizationCode, error) {
	unknown := refusef(ReasonInvalidGrant, "the authorization code is not this client's, or has expired: sign in again")
	hash, ok := hashOf(code, AuthorizationCode)
	if !ok {
		return authorizationCode{}, unknown
	}
	held, err := database.One(tx, scanCode, `select hash, user_id, redirect_uri, challenge, scopes, authenticated_at, coalesce(session_id, ''), redeemed_at is not null
		from authorization_codes where hash = $1 and client_id = $2 and (expires_at > $3 or redeemed_at is not null)`, hash, client.ID, database.Time(tx.Now()))
	if errors.Is(err, database.ErrNone) {
		return authorizationCode{}, unknown
	}
	return held, err
}

func scanCode(row database.Row) (c authorizationCode, err error) {
	var scopes string
	err = row.Scan(&c.hash, &c.user, &c.redirectURI, &c.challenge, &scopes, (*database.Time)(&c.authenticatedAt), &c.session, &c.redeemed)
	c.scopes = strings.Fields(scopes)
	return c, err
}

func (c authorizationCode) check(redirectURI, verifier string) error {
	if redirectURI != c.redirectURI {
		return refusef(ReasonInvalidGrant, "the redirect URI is not the one the authorization code was sent to: sign in again")
	}
	challenge := sha256.Sum256([]byte(verifier))
	given := base64.RawURLEncoding.EncodeToString(challenge[:])
	if !verifierForm.MatchString(verifier) || subtle.ConstantTimeCompare([]byte(given), []byte(c.challenge)) != 1 {
		return refusef(ReasonInvalidGrant, "the code verifier does not fit the challenge: sign in again")
	}
	return nil
}

// burn uses a code up without a session.
func (c authorizationCode) burn(tx *database.Tx, refusal error) error {
	if err := c.redeem(tx, ""); err != nil {
		return err
	}
	return fault.Kept(refusal)
}

func (c authorizationCode) redeem(tx *database.Tx, session SessionID) error {
	_, err := tx.Exec(`update authorization_codes set redeemed_at = $2, session_id = nullif($3, '') where hash = $1`, c.hash, database.Time(tx.Now()), session)
	return err
}
