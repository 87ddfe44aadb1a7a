package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	client "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/oidc"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/trust"
)

var web = trust.Claims{
	Place:     trust.Place{Space: "11111111-aaaa-4000-8000-000000000001", Project: "22222222-bbbb-4000-8000-000000000002", Environment: "33333333-cccc-4000-8000-000000000003"},
	SpaceName: "acme", ProjectName: "web", EnvironmentName: "production", User: "44444444-dddd-4000-8000-000000000004", Run: "run-1", SourceIdentity: "ada",
}

func mint(t *testing.T, s *sallyporttest.Sallyport, c trust.Claims) (token string) {
	t.Helper()
	s.Read(func(tx *database.ReadTx) (err error) {
		token, err = s.Issuer.Mint(tx, c)
		return err
	})
	return token
}

func TestAnIndependentClientVerifiesTokens(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		ctx := client.ClientContext(t.Context(), s.HTTP)
		provider, err := client.NewProvider(ctx, s.URL())
		if err != nil {
			t.Fatal(err)
		}
		token, err := provider.Verifier(&client.Config{ClientID: trust.Audience}).Verify(ctx, mint(t, s, web))
		if err != nil {
			t.Fatal(err)
		}
		if want := "space/" + web.Space + "/project/" + web.Project + "/environment/" + web.Environment; token.Subject != want {
			t.Errorf("the subject is %s", token.Subject)
		}
		if left := time.Until(token.Expiry); left <= 0 || left > 5*time.Minute {
			t.Errorf("the token is good for %v", left)
		}
		var said map[string]any
		if err := token.Claims(&said); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{
			"space_id": web.Space, "space": "acme", "project": "web", "environment": "production", "user_id": web.User, "run_id": "run-1",
			"https://aws.amazon.com/source_identity": "ada",
		} {
			if said[name] != want {
				t.Errorf("the claim %s is %v", name, said[name])
			}
		}
		if said["jti"] == "" || said["nbf"] == nil {
			t.Errorf("the token says %v", said)
		}
		var again map[string]any
		parsed, err := jwt.ParseSigned(mint(t, s, web), []jose.SignatureAlgorithm{jose.RS256})
		if err == nil {
			err = parsed.UnsafeClaimsWithoutVerification(&again)
		}
		if err != nil || again["jti"] == said["jti"] {
			t.Errorf("two tokens have the id %v, %v", again["jti"], err)
		}
	})
}

func TestEveryNodeSignsWithTheSameKey(t *testing.T) {
	databasetest.EachURL(t, func(t *testing.T, url string) {
		if !strings.HasPrefix(url, "postgres") {
			t.Skip("SQLite means one node")
		}
		one := sallyporttest.StartOn(t, url)
		two := sallyporttest.Beside(t, one, url)
		if a, b := one.Send("GET", "/oidc/jwks", "", ""), two.Send("GET", "/oidc/jwks", "", ""); a.Body != b.Body || a.Status != 200 {
			t.Errorf("one node publishes %s, the other %s", a.Body, b.Body)
		}
		if kid(t, mint(t, one, web)) != kid(t, mint(t, two, web)) {
			t.Error("two nodes sign with two keys")
		}
	})
}

func kid(t *testing.T, token string) string {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Headers[0].KeyID
}

func TestOnlyPublicHalvesArePublished(t *testing.T) {
	s := sallyporttest.Start(t)
	answer := s.Send("GET", "/oidc/jwks", "", "")
	var set struct{ Keys []map[string]any }
	answer.JSON(t, &set)
	if len(set.Keys) != 1 {
		t.Fatalf("it publishes %s", answer.Body)
	}
	for name := range set.Keys[0] {
		if !strings.Contains(" kty kid use alg n e ", " "+name+" ") {
			t.Errorf("it publishes the member %s", name)
		}
	}
	if answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("as %s", answer.Header.Get("Content-Type"))
	}
}

func TestAServerWithoutTLSMintsNothing(t *testing.T) {
	s := sallyporttest.Start(t)
	plain := &oidc.Issuer{Credentials: s.Credentials, URL: "http://localhost:8080"}
	s.Read(func(tx *database.ReadTx) error {
		if token, err := plain.Mint(tx, web); token != "" || !fault.Is(err, fault.Unsupported) {
			t.Errorf("it mints %q, %v", token, err)
		}
		return nil
	})
}

// door is an account whose role web lets the project web in, and nobody else.
type door struct {
	s    *sallyporttest.Sallyport
	role string
}

func newDoor(t *testing.T, s *sallyporttest.Sallyport, issuer, subject string) door {
	t.Helper()
	root := s.Root()
	host := strings.TrimPrefix(issuer, "https://")
	if _, err := root.IAM().CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: &issuer, ClientIDList: []string{trust.Audience}, ThumbprintList: []string{strings.Repeat("0", 40)}}); err != nil {
		t.Fatal(err)
	}
	return door{s, root.Role("web", fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::%s:oidc-provider/%s"},
		"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],
		"Condition":{"StringEquals":{"%[2]s:aud":"sts.amazonaws.com"},"StringLike":{"%[2]s:sub":%q}}}}`, root.Account, host, subject), "")}
}

// enter tries a token, and tells the error code; empty: it is in.
func (d door) enter(t *testing.T, token string) string {
	t.Helper()
	_, err := d.s.Nobody().STS().AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &d.role, RoleSessionName: aws.String("run"), WebIdentityToken: &token})
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return refused.ErrorCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return ""
}

func TestTheEmbeddedAccountSideTakesTokens(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		d := newDoor(t, s, s.URL(), trust.Place{Space: web.Space, Project: web.Project}.Subject())
		if code := d.enter(t, mint(t, s, web)); code != "" {
			t.Errorf("it refuses the token with %s", code)
		}
	})
}

// Another Sallyport is a provider as any: its keys are fetched, its certificate must be known.
func TestAnotherAccountSideTakesTokensByThumbprint(t *testing.T) {
	issuer, other := sallyporttest.Start(t), sallyporttest.Start(t)
	d := newDoor(t, other, issuer.URL(), trust.Place{Space: web.Space, Project: web.Project}.Subject())
	token := mint(t, issuer, web)
	if code := d.enter(t, token); code != "IDPCommunicationError" {
		t.Errorf("with a thumbprint that is not its: %q", code)
	}
	provider := "arn:aws:iam::" + string(other.Management()) + ":oidc-provider/" + strings.TrimPrefix(issuer.URL(), "https://")
	if _, err := other.Root().IAM().UpdateOpenIDConnectProviderThumbprint(t.Context(), &iam.UpdateOpenIDConnectProviderThumbprintInput{
		OpenIDConnectProviderArn: &provider, ThumbprintList: []string{thumbprint(t, issuer)}}); err != nil {
		t.Fatal(err)
	}
	if code := d.enter(t, token); code != "" {
		t.Errorf("with the right thumbprint: %s", code)
	}
}

func TestAttackForgedAndMisusedTokens(t *testing.T) {
	s := sallyporttest.Start(t)
	d := newDoor(t, s, s.URL(), trust.Place{Space: web.Space, Project: web.Project}.Subject())
	good := mint(t, s, web)
	parts := strings.Split(good, ".")
	if code := d.enter(t, good); code != "" {
		t.Fatalf("the token itself: %s", code)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	published := s.Send("GET", "/oidc/jwks", "", "").Body
	claims := map[string]any{}
	parsed, err := jwt.ParseSigned(good, []jose.SignatureAlgorithm{jose.RS256})
	if err == nil {
		err = parsed.UnsafeClaimsWithoutVerification(&claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	forge := func(algorithm jose.SignatureAlgorithm, key any, options *jose.SignerOptions) string {
		t.Helper()
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
		if err != nil {
			t.Fatal(err)
		}
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	foreign := jose.JSONWebKey{Key: private, KeyID: "foreign"}
	borrowed := jose.JSONWebKey{Key: private, KeyID: kid(t, good)}
	elsewhere := web
	elsewhere.Project = "99999999-bbbb-4000-8000-000000000009"
	for what, attack := range map[string]struct{ token, code string }{
		"alg none":                    {"eyJhbGciOiJub25lIn0." + parts[1] + ".", "InvalidIdentityToken"},
		"HS256 with the public keys":  {forge(jose.HS256, []byte(published), nil), "InvalidIdentityToken"},
		"a foreign key":               {forge(jose.RS256, foreign, nil), "InvalidIdentityToken"},
		"a foreign key under our id":  {forge(jose.RS256, borrowed, nil), "InvalidIdentityToken"},
		"a key that the token brings": {forge(jose.RS256, foreign, &jose.SignerOptions{EmbedJWK: true}), "InvalidIdentityToken"},
		"a key id that is an address": {forge(jose.RS256, jose.JSONWebKey{Key: private, KeyID: "https://evil.example/jwks"}, (&jose.SignerOptions{}).WithHeader("jku", "https://evil.example/jwks")), "InvalidIdentityToken"},
		"another payload":             {parts[0] + "." + strings.Split(mint(t, s, elsewhere), ".")[1] + "." + parts[2], "InvalidIdentityToken"},
		"of another project":          {mint(t, s, elsewhere), "AccessDenied"},
	} {
		if code := d.enter(t, attack.token); code != attack.code {
			t.Errorf("%s: %q", what, code)
		}
	}

	claims["aud"] = "sts.example.com"
	id, own := signingKey(t, s)
	if code := d.enter(t, forge(jose.RS256, jose.JSONWebKey{Key: own, KeyID: id}, nil)); code != "InvalidIdentityToken" {
		t.Errorf("a token of ours for somebody else: %q", code)
	}
	s.Clock.Advance(6 * time.Minute)
	if code := d.enter(t, good); code != "ExpiredTokenException" {
		t.Errorf("a token after its time: %q", code)
	}
}

func signingKey(t *testing.T, s *sallyporttest.Sallyport) (id string, private any) {
	t.Helper()
	s.Read(func(tx *database.ReadTx) error {
		key, own, err := s.Credentials.SigningKey(tx)
		id, private = string(key), own
		return err
	})
	return id, private
}

// thumbprint is the SHA-1 of the certificate that a server's leads to.
func thumbprint(t *testing.T, s *sallyporttest.Sallyport) string {
	t.Helper()
	text, err := os.ReadFile(s.CABundle())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	sum := sha1.Sum(block.Bytes)
	return hex.EncodeToString(sum[:])
}
