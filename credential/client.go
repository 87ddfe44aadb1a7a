package credential

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
)

// ClientID names a registered client.
type ClientID string

// GrantType is a way for a client to get tokens.
type GrantType string

const (
	GrantAuthorizationCode GrantType = "authorization_code"
	GrantRefreshToken      GrantType = "refresh_token"
	GrantDeviceCode        GrantType = "urn:ietf:params:oauth:grant-type:device_code"
)

var grantTypes = []GrantType{GrantAuthorizationCode, GrantRefreshToken, GrantDeviceCode}

// A registration costs nothing and anybody may make one, so it does not stay.
// The AWS CLI registers again when it finds its own expired.
const registrationLifetime = 90 * 24 * time.Hour

// Client is a program that acts for people who let it. It registered itself
// (RFC 7591), so nothing it says of itself is proven.
type Client struct {
	ID           ClientID
	Name         string
	Scopes       []string
	RedirectURIs []string
	GrantTypes   []GrantType
	// Store is the identity store whose start URL it was told; empty: that of none in
	// particular. Users of other stores do not let it in.
	Store     directory.StoreID
	CreatedAt time.Time
	ExpiresAt time.Time
}

// NewClient is what a client says of itself.
type NewClient struct {
	Name         string
	Type         string // "public": a program on somebody's machine keeps no secrets
	Scopes       []string
	RedirectURIs []string
	GrantTypes   []GrantType // none: device code and refresh token
	Store        directory.StoreID
}

// RegisterClient adds a client and returns its secret, which is not shown again.
func (s *Store) RegisterClient(tx *database.Tx, newClient NewClient) (client Client, secret string, err error) {
	if client, err = newClient.check(); err != nil {
		return Client{}, "", err
	}
	client.ID, client.CreatedAt, client.ExpiresAt = ClientID(uuid.NewString()), tx.Now(), tx.Now().Add(registrationLifetime)
	secret = rand.Text()
	uris, err := json.Marshal(client.RedirectURIs)
	if err != nil {
		return Client{}, "", err
	}
	grants, err := json.Marshal(client.GrantTypes)
	if err != nil {
		return Client{}, "", err
	}
	_, err = tx.Exec(`insert into clients (id, secret_hash, name, redirect_uris, grant_types, scopes, store_id, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9)`,
		client.ID, HashToken(secret), client.Name, string(uris), string(grants), strings.Join(client.Scopes, " "), client.Store,
		database.Time(client.CreatedAt), database.Time(client.ExpiresAt))
	return client, secret, err
}

func (n NewClient) check() (Client, error) {
	if n.Type != "public" {
		return Client{}, refusef(ReasonInvalidClientMetadata, "client type %.100q is not offered: register as public", n.Type)
	}
	length := utf8.RuneCountInString(n.Name)
	if length < 1 || length > 256 || !utf8.ValidString(n.Name) || strings.ContainsFunc(n.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return Client{}, refusef(ReasonInvalidClientMetadata, "a client name has 1 to 256 printable characters")
	}
	scopes, err := parseScopes(n.Scopes)
	if err != nil {
		return Client{}, err
	}
	grants, err := parseGrantTypes(n.GrantTypes)
	if err != nil {
		return Client{}, err
	}
	if err := checkRedirectURIs(n.RedirectURIs, grants); err != nil {
		return Client{}, err
	}
	return Client{Name: n.Name, Scopes: scopes, RedirectURIs: n.RedirectURIs, GrantTypes: grants, Store: n.Store}, nil
}

func parseGrantTypes(asked []GrantType) ([]GrantType, error) {
	if len(asked) == 0 {
		return []GrantType{GrantDeviceCode, GrantRefreshToken}, nil
	}
	var grants []GrantType
	for _, grant := range asked {
		if !slices.Contains(grantTypes, grant) {
			return nil, refusef(ReasonUnsupportedGrantType, "grant type %.100q is not offered; there are %s, %s and %s", grant, grantTypes[0], grantTypes[1], grantTypes[2])
		}
		if !slices.Contains(grants, grant) {
			grants = append(grants, grant)
		}
	}
	return grants, nil
}

func checkRedirectURIs(uris []string, grants []GrantType) error {
	if len(uris) > maxRedirectURIs {
		return refusef(ReasonInvalidRedirectURI, "a client has at most %d redirect URIs", maxRedirectURIs)
	}
	if len(uris) == 0 && slices.Contains(grants, GrantAuthorizationCode) {
		return refusef(ReasonInvalidRedirectURI, "a client that uses authorization codes registers a redirect URI")
	}
	for _, uri := range uris {
		if err := checkRedirectURI(uri); err != nil {
			return err
		}
	}
	return nil
}

// Client finds a client that is registered and not expired, for a page that
// asks somebody about it. The client has proven nothing by being named.
func (s *Store) Client(tx *database.ReadTx, id ClientID) (Client, error) {
	known, err := find(tx, id)
	return known.Client, err
}

// VerifyClient finds a client that knows its secret. Unknown, wrong and expired
// are told in the same words.
func (s *Store) VerifyClient(tx *database.ReadTx, id ClientID, secret string) (Client, error) {
	known, err := find(tx, id)
	if err != nil {
		return Client{}, err
	}
	if subtle.ConstantTimeCompare(known.secretHash, HashToken(secret)) != 1 {
		return Client{}, errUnknownClient
	}
	return known.Client, nil
}

var errUnknownClient = refusef(ReasonInvalidClient, "the client is not registered, its registration has expired, or its secret is wrong: register again")

type knownClient struct {
	Client
	secretHash []byte
}

func find(tx *database.ReadTx, id ClientID) (knownClient, error) {
	client, err := database.One(tx, scanClient, `select id, secret_hash, name, redirect_uris, grant_types, scopes, coalesce(store_id, ''), created_at, expires_at
		from clients where id = $1 and expires_at > $2`, id, database.Time(tx.Now()))
	if errors.Is(err, database.ErrNone) {
		return knownClient{}, errUnknownClient
	}
	return client, err
}

func scanClient(row database.Row) (c knownClient, err error) {
	var scopes string
	var uris, grants []byte
	if err := row.Scan(&c.ID, &c.secretHash, &c.Name, &uris, &grants, &scopes, &c.Store, (*database.Time)(&c.CreatedAt), (*database.Time)(&c.ExpiresAt)); err != nil {
		return knownClient{}, err
	}
	c.Scopes = strings.Fields(scopes)
	return c, errors.Join(json.Unmarshal(uris, &c.RedirectURIs), json.Unmarshal(grants, &c.GrantTypes))
}

// MayUse refuses a grant the client has not registered for.
func (c Client) MayUse(grant GrantType) error {
	if !slices.Contains(c.GrantTypes, grant) {
		return refusef(ReasonUnauthorizedClient, "the client has not registered for the grant type %s", grant)
	}
	return nil
}

// MayRedirectTo refuses a URI the client has not registered. Whoever gets this
// refusal must not be sent to the URI, not even to be told.
func (c Client) MayRedirectTo(uri string) error {
	if !slices.ContainsFunc(c.RedirectURIs, func(registered string) bool { return redirectMatches(registered, uri) }) {
		return refusef(ReasonInvalidRedirectURI, "the client has not registered the redirect URI %.200q", uri)
	}
	return nil
}

// Grant decides the scopes of what the client asks for: those it names, of those
// it registered. The AWS CLI registers none for a plain sign-in to the portal.
func (c Client) Grant(asked []string) ([]string, error) {
	registered := c.Scopes
	if len(registered) == 0 {
		registered = []string{ScopePortal}
	}
	scopes, err := parseScopes(asked)
	if err != nil {
		return nil, err
	}
	if len(scopes) == 0 {
		return registered, nil
	}
	return scopes, within(scopes, registered)
}
