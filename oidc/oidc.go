// Package oidc is Sallyport as an OpenID Connect issuer: it says, to whoever asks with
// nobody's leave, how its tokens are verified, and makes the tokens by which projects
// enter accounts of AWS.
//
//	Issuer.Mint ─> token ─> AWS ─ /.well-known/openid-configuration
//	     │                      └ /oidc/jwks
//	     └── credential.SigningKey, the same on every node ──┘
//
// What a token is for and whom it is given are decided elsewhere: Mint signs what it is
// told to.
package oidc

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/trust"
)

// Issuer vouches for runs.
type Issuer struct {
	Credentials *credential.Store
	URL         string // scheme and host; what every token is of
}

const (
	// lifetime is how long a token is good: it is handed to AWS at once.
	lifetime = 5 * time.Minute
	// early is how far the clock of who verifies may be behind.
	early = 30 * time.Second
)

// Mint makes a token. A server whose address is not https is refused as Unsupported: no
// account side takes its tokens.
func (i *Issuer) Mint(tx *database.ReadTx, c trust.Claims) (string, error) {
	if !strings.HasPrefix(i.URL, "https://") {
		return "", fault.Unsupportedf("AWS takes web identities from issuers whose address is https:// alone, and this server is %s: serve it with TLS, or say --url", i.URL)
	}
	id, private, err := i.Credentials.SigningKey(tx)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: string(id)}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	now := tx.Now()
	registered := jwt.Claims{
		Issuer: i.URL, Subject: c.Subject(), Audience: jwt.Audience{trust.Audience}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-early)), Expiry: jwt.NewNumericDate(now.Add(lifetime)),
	}
	return jwt.Signed(signer).Claims(registered).Claims(ownClaims(c)).Serialize()
}

// claims are those beside the registered ones. AWS reads the last two: "Passing session
// tags in AWS STS" and "Monitor and control actions taken with assumed roles" in the IAM
// User Guide.
type claims struct {
	SpaceID        string `json:"space_id"`
	Space          string `json:"space,omitempty"`
	ProjectID      string `json:"project_id"`
	Project        string `json:"project,omitempty"`
	EnvironmentID  string `json:"environment_id"`
	Environment    string `json:"environment,omitempty"`
	UserID         string `json:"user_id,omitempty"`
	RunID          string `json:"run_id,omitempty"`
	Tags           tags   `json:"https://aws.amazon.com/tags"`
	SourceIdentity string `json:"https://aws.amazon.com/source_identity,omitempty"`
}

type tags struct {
	Principal  map[string][]string `json:"principal_tags"`
	Transitive []string            `json:"transitive_tag_keys,omitempty"`
}

func ownClaims(c trust.Claims) claims {
	principal := map[string][]string{}
	for key, value := range c.Tags() {
		principal[key] = []string{value}
	}
	return claims{c.Space, c.SpaceName, c.Project, c.ProjectName, c.Environment, c.EnvironmentName, c.User, c.Run, tags{Principal: principal}, c.SourceIdentity}
}

// Door serves what everybody may read of the issuer.
type Door struct {
	issuer     *Issuer
	runner     *operation.Runner
	mux        *http.ServeMux
	operations []*operation.Operation
}

// New makes the door.
func New(runner *operation.Runner, issuer *Issuer) *Door {
	d := &Door{issuer: issuer, runner: runner, mux: http.NewServeMux()}
	service := &operation.Service{Source: "oidc"}
	for _, line := range []struct {
		path string
		op   *operation.Operation
	}{
		{"/.well-known/openid-configuration", operation.Read("DescribeIssuer", d.describeIssuer, authz.Public(), operation.Limit(600))},
		{"/oidc/jwks", operation.Read("ListIssuerKeys", d.listIssuerKeys, authz.Public(), operation.Limit(600))},
	} {
		line.op.Service = service
		d.operations = append(d.operations, line.op)
		d.mux.Handle("GET "+line.path, d.document(line.op))
	}
	return d
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// Operations is everything that can be asked through this door.
func (d *Door) Operations() []*operation.Operation { return d.operations }

// Empty is the input of those who only read.
type Empty struct{}

// Configuration is OpenID Connect Discovery 1.0, as far as an issuer needs it whose
// tokens nobody asks for by redirects.
type Configuration struct {
	Issuer        string   `json:"issuer"`
	JWKSURI       string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Claims        []string `json:"claims_supported"`
}

func (d *Door) describeIssuer(*operation.Query, *Empty) (*Configuration, error) {
	return &Configuration{
		Issuer: d.issuer.URL, JWKSURI: d.issuer.URL + "/oidc/jwks",
		ResponseTypes: []string{"id_token"}, SubjectTypes: []string{"public"}, Algorithms: []string{string(jose.RS256)},
		Claims: []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "space_id", "space", "project_id", "project", "environment_id", "environment", "user_id", "run_id"},
	}, nil
}

// KeySet is RFC 7517.
type KeySet struct {
	Keys []jose.JSONWebKey `json:"keys"`
}

func (d *Door) listIssuerKeys(q *operation.Query, _ *Empty) (*KeySet, error) {
	published, err := d.issuer.Credentials.SigningKeys(q.Tx)
	set := &KeySet{Keys: make([]jose.JSONWebKey, len(published))}
	for i, key := range published {
		set.Keys[i] = jose.JSONWebKey{Key: key.Public, KeyID: string(key.ID), Algorithm: string(jose.RS256), Use: "sig"}
	}
	return set, err
}

// fresh is how long others may keep what they have read. Keys are published much
// earlier than they sign.
const fresh = time.Hour

func (d *Door) document(op *operation.Operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := d.runner.Do(r.Context(), op, operation.RequestOf(r), func(any) error { return nil })
		switch {
		case fault.Is(err, fault.Throttled):
			http.Error(w, fault.As(err).Message, http.StatusTooManyRequests)
			return
		case err != nil:
			http.Error(w, fault.As(err).Message, http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(fresh.Seconds())))
		_ = json.NewEncoder(w).Encode(out) // fails only when the client has gone
	}
}
