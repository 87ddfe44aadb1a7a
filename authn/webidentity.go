package authn

import (
	"context"
	"crypto"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport/sallyport/fault"
)

// Why a web identity token is not believed, in STS's terms.
const (
	ReasonInvalidIdentityToken fault.Reason = "InvalidIdentityToken"
	ReasonExpiredIdentityToken fault.Reason = "ExpiredIdentityToken"
	ReasonRejectedClaim        fault.Reason = "IDPRejectedClaim"
	ReasonIDPCommunication     fault.Reason = "IDPCommunicationError"
)

// WebIdentity is what an OpenID Connect provider says about somebody. Issuer,
// subject and audience are those that were verified, whatever else the token
// claims under such names.
type WebIdentity struct {
	Issuer   string // https://...
	Subject  string
	Audience []string
	Claims   WebClaims
}

// WebClaims are the other claims that STS reads: "Available keys for AWS OIDC
// federation" and "Passing session tags in AWS STS" in the IAM User Guide.
type WebClaims struct {
	AuthorizedParty string   `json:"azp"`
	Methods         []string `json:"amr"`
	SourceIdentity  string   `json:"https://aws.amazon.com/source_identity"`
	Tags            struct {
		Principal  map[string][]string `json:"principal_tags"`
		Transitive []string            `json:"transitive_tag_keys"`
	} `json:"https://aws.amazon.com/tags"`
}

// WebIdentities verifies tokens of OpenID Connect providers. It fetches their
// keys, which takes time: never inside a transaction. Ready when zero; safe
// for concurrent use.
type WebIdentities struct {
	Now func() time.Time // nil: the real time

	// Own is the issuer that this server is, and its keys, which it need not fetch from
	// itself. Empty: it is none.
	Own     string
	OwnKeys func(context.Context) ([]crypto.PublicKey, error)

	mu     sync.Mutex
	issuer map[string]*issuer
}

// An issuer whose configuration has been read. Its keys are fetched again when a
// token names one that is not known.
type issuer struct {
	provider *oidc.Provider
	read     time.Time
}

const (
	// issuers are read again after this time, and so many are kept.
	issuerLifetime = time.Hour
	issuersKept    = 1 << 10
	longestToken   = 20000 // of WebIdentityToken, by its model
	fetchTimeout   = 10 * time.Second
	fetchLimit     = 1 << 20
)

// signatures are the algorithms STS accepts: "Create an OpenID Connect (OIDC)
// identity provider in IAM".
var signatures = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}

// Issuer is who a token says it is of. Nothing is verified yet.
func (w *WebIdentities) Issuer(token string) (string, error) {
	if len(token) > longestToken {
		return "", badToken("it is longer than %d characters", longestToken)
	}
	parsed, err := jwt.ParseSigned(token, signatures)
	if err != nil {
		return "", badToken("it is not a JSON Web Token signed with RS256, RS384, RS512, ES256, ES384 or ES512")
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil || !strings.HasPrefix(claims.Issuer, "https://") {
		return "", badToken("it names no issuer whose URL begins with https://")
	}
	return claims.Issuer, nil
}

// Verify checks a token's signature, issuer and times. Thumbprints are SHA-1
// fingerprints of certificates, in lower-case hexadecimal: an issuer whose
// certificate no public authority vouches for has to show one of them.
// Whom the token is for is the caller's to check.
func (w *WebIdentities) Verify(ctx context.Context, url string, thumbprints []string, token string) (WebIdentity, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	ctx = oidc.ClientContext(ctx, fetcher(thumbprints))
	from, err := w.verifier(ctx, url, thumbprints)
	if err != nil {
		return WebIdentity{}, &fault.Error{Kind: fault.Invalid, Reason: ReasonIDPCommunication, Err: err,
			Message: fmt.Sprintf("the identity provider %s could not be asked for its keys: its %s/.well-known/openid-configuration must be reachable over HTTPS, with a certificate that a public authority vouches for or whose thumbprint the provider lists", url, url)}
	}
	verified, err := from.Verify(ctx, token)
	var late *oidc.TokenExpiredError
	switch {
	case errors.As(err, &late):
		return WebIdentity{}, fault.WithReason(ReasonExpiredIdentityToken, fault.Invalidf("Token expired: it was good until %s", late.Expiry.UTC().Format(time.RFC3339)))
	case err != nil:
		return WebIdentity{}, &fault.Error{Kind: fault.Invalid, Reason: ReasonInvalidIdentityToken, Err: err,
			Message: "the web identity token is not good: its signature, issuer or times do not verify against the identity provider's keys"}
	}
	id := WebIdentity{Issuer: verified.Issuer, Subject: verified.Subject, Audience: verified.Audience}
	if err := verified.Claims(&id.Claims); err != nil {
		return WebIdentity{}, badToken("its claims are not of the form that STS reads")
	}
	if id.Subject == "" || len(id.Audience) == 0 {
		return WebIdentity{}, badToken("it names no subject or no audience")
	}
	return id, nil
}

// verifier knows the keys of an issuer.
func (w *WebIdentities) verifier(ctx context.Context, url string, thumbprints []string) (*oidc.IDTokenVerifier, error) {
	config := &oidc.Config{SkipClientIDCheck: true, Now: w.Now}
	if w.Own != "" && url == w.Own {
		keys, err := w.OwnKeys(ctx)
		config.SupportedSigningAlgs = []string{string(jose.RS256)}
		return oidc.NewVerifier(url, &oidc.StaticKeySet{PublicKeys: keys}, config), err
	}
	provider, err := w.provider(ctx, url, thumbprints)
	if err != nil {
		return nil, err
	}
	for _, algorithm := range signatures {
		config.SupportedSigningAlgs = append(config.SupportedSigningAlgs, string(algorithm))
	}
	return provider.Verifier(config), nil
}

func badToken(format string, args ...any) error {
	return fault.WithReason(ReasonInvalidIdentityToken, fault.Invalidf("the web identity token is not one: "+format, args...))
}

// provider reads an issuer's configuration. It is kept by thumbprints too: what
// one account trusts an issuer by is nothing to another.
func (w *WebIdentities) provider(ctx context.Context, url string, thumbprints []string) (*oidc.Provider, error) {
	key := url + " " + strings.Join(thumbprints, " ")
	w.mu.Lock()
	known := w.issuer[key]
	w.mu.Unlock()
	if known != nil && time.Since(known.read) < issuerLifetime {
		return known.provider, nil
	}
	// Its keys are fetched later, with the client of this context. The client has a
	// time limit of its own.
	fetched, err := oidc.NewProvider(context.WithoutCancel(ctx), url)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.issuer == nil || len(w.issuer) >= issuersKept {
		w.issuer = map[string]*issuer{}
	}
	w.issuer[key] = &issuer{fetched, time.Now()}
	return fetched, nil
}

// fetcher asks identity providers. Accounts choose whom we ask, so it asks over
// verified TLS alone, follows no redirects, reads little, and never reaches the
// metadata services of clouds, which answer on link-local addresses.
func fetcher(thumbprints []string) *http.Client {
	dialer := &net.Dialer{Timeout: fetchTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast() {
			return fmt.Errorf("%s is no address of an identity provider", address)
		}
		return nil
	}}
	return &http.Client{
		Timeout: fetchTimeout,
		Transport: bounded{&http.Transport{
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
			DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialTLS(ctx, dialer, network, address, thumbprints)
			},
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("identity providers must not redirect") },
	}
}

// dialTLS connects to a host that proves to be the one it was asked for. The host is
// taken from the address: the connection's own ServerName is empty for an IP address.
func dialTLS(ctx context.Context, dialer *net.Dialer, network, address string, thumbprints []string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{NetDialer: dialer, Config: &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: host,
		InsecureSkipVerify: true, // trusted does it instead, in two ways
		VerifyConnection:   func(c tls.ConnectionState) error { return trusted(c.PeerCertificates, host, thumbprints) },
	}}).DialContext(ctx, network, address)
}

// trusted does what InsecureSkipVerify leaves out, with IAM's second way: the
// name must be right, and the chain lead to a public authority or contain a
// certificate with one of the thumbprints.
func trusted(chain []*x509.Certificate, host string, thumbprints []string) error {
	leaf := chain[0]
	if err := leaf.VerifyHostname(host); err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, public := leaf.Verify(x509.VerifyOptions{Intermediates: between})
	if public == nil {
		return nil
	}
	for _, certificate := range chain {
		sum := sha1.Sum(certificate.Raw)
		if !slices.Contains(thumbprints, hex.EncodeToString(sum[:])) {
			continue
		}
		// What is listed is an authority of its own, and the chain must lead there.
		roots := x509.NewCertPool()
		roots.AddCert(certificate)
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err == nil {
			return nil
		}
	}
	return public
}

// bounded cuts answers off.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errors.New("identity providers are asked over https alone")
	}
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, fetchLimit)
	}
	return response, err
}
