package awsapi_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	codeGrant   = "authorization_code"
)

// oauth is a client that has registered itself.
type oauth struct {
	t          *testing.T
	s          *sallyporttest.Sallyport
	id, secret *string
}

func register(t *testing.T, s *sallyporttest.Sallyport) *oauth {
	t.Helper()
	out := must[*ssooidc.RegisterClientOutput](t)(s.OIDC().RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("aws-cli"), ClientType: aws.String("public"), Scopes: []string{"codecatalyst:read_write"},
		GrantTypes: []string{codeGrant, deviceGrant, "refresh_token"}, RedirectUris: []string{"http://127.0.0.1/oauth/callback"},
		IssuerUrl: aws.String(s.URL() + "/start"),
	}))
	if *out.AuthorizationEndpoint != s.URL()+"/aws/authorize" || *out.TokenEndpoint != s.URL()+"/aws/token" || out.ClientSecretExpiresAt < time.Now().Unix() {
		t.Errorf("registered: %+v", out)
	}
	return &oauth{t, s, out.ClientId, out.ClientSecret}
}

func (c *oauth) device() *ssooidc.StartDeviceAuthorizationOutput {
	c.t.Helper()
	return must[*ssooidc.StartDeviceAuthorizationOutput](c.t)(c.s.OIDC().StartDeviceAuthorization(c.t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: c.id, ClientSecret: c.secret, StartUrl: aws.String(c.s.URL() + "/start"),
	}))
}

func (c *oauth) token(in ssooidc.CreateTokenInput) (*ssooidc.CreateTokenOutput, error) {
	in.ClientId, in.ClientSecret = c.id, c.secret
	return c.s.OIDC().CreateToken(c.t.Context(), &in)
}

func (c *oauth) redeemDevice(code *string) (*ssooidc.CreateTokenOutput, error) {
	return c.token(ssooidc.CreateTokenInput{GrantType: aws.String(deviceGrant), DeviceCode: code})
}

func (c *oauth) refresh(token *string) (*ssooidc.CreateTokenOutput, error) {
	return c.token(ssooidc.CreateTokenInput{GrantType: aws.String("refresh_token"), RefreshToken: token})
}

// browser asks an operation that people reach through pages.
func browser(t *testing.T, p *sallyporttest.Principal, s *sallyporttest.Sallyport, name string, in map[string]string) (map[string]any, error) {
	t.Helper()
	for _, op := range s.Operations() {
		if op.Name != name {
			continue
		}
		request := &operation.Request{ID: "browser", Credential: authn.Credential{Scheme: authn.Cookie, Token: p.Cookie}, Address: "192.0.2.9", BaseURL: s.URL()}
		out, err := s.Runner().Do(t.Context(), op, request, func(into any) error {
			text, err := json.Marshal(in)
			if err != nil {
				return err
			}
			return json.Unmarshal(text, into)
		})
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		return members, json.Unmarshal(text, &members)
	}
	t.Fatalf("there is no operation %s", name)
	return nil, nil
}

func (c *oauth) approve(p *sallyporttest.Principal, userCode *string) {
	c.t.Helper()
	if _, err := browser(c.t, p, c.s, "ApproveDevice", map[string]string{"UserCode": *userCode}); err != nil {
		c.t.Fatal(err)
	}
}

// code goes the way of a browser to an authorization code.
func (c *oauth) code(p *sallyporttest.Principal, redirect, verifier string) string {
	c.t.Helper()
	challenge := sha256.Sum256([]byte(verifier))
	out, err := browser(c.t, p, c.s, "Authorize", map[string]string{
		"ResponseType": "code", "ClientID": *c.id, "RedirectURI": redirect, "RequestState": "s t&a", "CodeChallengeMethod": "S256",
		"CodeChallenge": base64.RawURLEncoding.EncodeToString(challenge[:]),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	location, err := url.Parse(out["Location"].(string))
	if err != nil || location.Query().Get("state") != "s t&a" || !strings.HasPrefix(location.String(), redirect+"?") {
		c.t.Fatalf("the browser is sent to %v", location)
	}
	return location.Query().Get("code")
}

func newVerifier() string { return rand.Text() + rand.Text() + rand.Text()[:12] }

func (s *oauth) works(token string) bool {
	return s.s.Send("GET", "/aws/session", token, "").Status == 200
}

func TestADeviceIsLetIn(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, client := s.User("alice"), register(t, s)
		device := client.device()
		if *device.VerificationUri != s.URL()+"/device" || *device.VerificationUriComplete != s.URL()+"/device?user_code="+*device.UserCode || device.ExpiresIn != 600 || device.Interval != 5 {
			t.Errorf("device: %+v", device)
		}
		// The AWS CLI asks twice at once, before and after it shows the code.
		_, err := client.redeemDevice(device.DeviceCode)
		mustBe(t, err, "AuthorizationPendingException", "")
		_, err = client.redeemDevice(device.DeviceCode)
		mustBe(t, err, "AuthorizationPendingException", "")
		_, err = client.redeemDevice(device.DeviceCode)
		mustBe(t, err, "SlowDownException", "")
		shown, err := browser(t, alice, s, "DescribeDevice", map[string]string{"UserCode": strings.ToLower(*device.UserCode)})
		if err != nil || shown["ClientName"] != "aws-cli" || shown["Address"] != "127.0.0.1" {
			t.Errorf("the person is shown %v, %v", shown, err)
		}
		client.approve(alice, device.UserCode)
		s.Clock.Advance(time.Minute)
		tokens := must[*ssooidc.CreateTokenOutput](t)(client.redeemDevice(device.DeviceCode))
		if !strings.HasPrefix(*tokens.AccessToken, "sla_") || !strings.HasPrefix(*tokens.RefreshToken, "slr_") || *tokens.TokenType != "Bearer" || tokens.ExpiresIn != 3600 {
			t.Errorf("tokens: %+v", tokens)
		}
		if !client.works(*tokens.AccessToken) {
			t.Error("the token does not open the service")
		}
		s.Clock.Advance(2 * time.Hour)
		if client.works(*tokens.AccessToken) {
			t.Error("the token outlives its hour")
		}
		again := must[*ssooidc.CreateTokenOutput](t)(client.refresh(tokens.RefreshToken))
		if !client.works(*again.AccessToken) {
			t.Error("the refreshed token does not open the service")
		}
	})
}

func TestADeviceIsRefusedOrForgotten(t *testing.T) {
	s := sallyporttest.Start(t)
	alice, client := s.User("alice"), register(t, s)
	refused := client.device()
	if _, err := browser(t, alice, s, "DenyDevice", map[string]string{"UserCode": *refused.UserCode}); err != nil {
		t.Fatal(err)
	}
	_, err := client.redeemDevice(refused.DeviceCode)
	mustBe(t, err, "AccessDeniedException", "")
	forgotten := client.device()
	s.Clock.Advance(11 * time.Minute)
	_, err = client.redeemDevice(forgotten.DeviceCode)
	mustBe(t, err, "ExpiredTokenException", "")
	_, err = browser(t, alice, s, "ApproveDevice", map[string]string{"UserCode": *forgotten.UserCode})
	if err == nil {
		t.Error("a forgotten device was let in")
	}
}

func TestAnAuthorizationCodeWithPKCE(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, client, verifier := s.User("alice"), register(t, s), newVerifier()
		redirect := "http://127.0.0.1:51234/oauth/callback" // registered without the port
		code := client.code(alice, redirect, verifier)
		tokens := must[*ssooidc.CreateTokenOutput](t)(client.token(ssooidc.CreateTokenInput{
			GrantType: aws.String(codeGrant), Code: &code, RedirectUri: &redirect, CodeVerifier: &verifier,
		}))
		if !client.works(*tokens.AccessToken) {
			t.Error("the token does not open the service")
		}
		// Newer clients begin here; people arrive at the page that asks for consent.
		answer := s.Send("GET", "/aws/authorize?response_type=code&client_id=x", "", "")
		if answer.Status != http.StatusFound || answer.Header.Get("Location") != "/authorize?response_type=code&client_id=x" {
			t.Errorf("/aws/authorize: %d %s", answer.Status, answer.Header.Get("Location"))
		}
	})
}

// The error bodies are found by clients of both kinds: AWS's by header and
// __type, OAuth's by error and error_description.
func TestErrorsAreForBothKindsOfClient(t *testing.T) {
	s := sallyporttest.Start(t)
	answer := s.Send("POST", "/aws/token", "", `{"clientId":"x","clientSecret":"y","grantType":"refresh_token","refreshToken":"z"}`)
	var body map[string]string
	answer.JSON(t, &body)
	if answer.Status != 401 || answer.Header.Get("X-Amzn-Errortype") != "InvalidClientException" || body["__type"] != "InvalidClientException" ||
		body["error"] != "invalid_client" || body["error_description"] == "" || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %v", answer.Status, answer.Header, body)
	}
}

// Attacks. Each must get its modelled error and change nothing that matters.

func TestAttackACodeRedeemedTwiceEndsItsSession(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, client, verifier := s.User("alice"), register(t, s), newVerifier()
		redirect := "http://127.0.0.1:51234/oauth/callback"
		in := ssooidc.CreateTokenInput{GrantType: aws.String(codeGrant), Code: aws.String(client.code(alice, redirect, verifier)), RedirectUri: &redirect, CodeVerifier: &verifier}
		tokens := must[*ssooidc.CreateTokenOutput](t)(client.token(in))
		_, err := client.token(in)
		mustBe(t, err, "InvalidGrantException", "")
		if client.works(*tokens.AccessToken) {
			t.Error("the first redemption's token still works")
		}
		_, err = client.refresh(tokens.RefreshToken)
		mustBe(t, err, "InvalidGrantException", "")
	})
}

func TestAttackAWrongVerifierBurnsTheCode(t *testing.T) {
	s := sallyporttest.Start(t)
	alice, client, verifier := s.User("alice"), register(t, s), newVerifier()
	redirect := "http://127.0.0.1:51234/oauth/callback"
	code := client.code(alice, redirect, verifier)
	for _, guess := range []string{newVerifier(), verifier} {
		_, err := client.token(ssooidc.CreateTokenInput{GrantType: aws.String(codeGrant), Code: &code, RedirectUri: &redirect, CodeVerifier: &guess})
		mustBe(t, err, "InvalidGrantException", "")
	}
}

func TestAttackARefreshTokenReusedEndsItsSession(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, client := s.User("alice"), register(t, s)
		device := client.device()
		client.approve(alice, device.UserCode)
		first := must[*ssooidc.CreateTokenOutput](t)(client.redeemDevice(device.DeviceCode))
		second := must[*ssooidc.CreateTokenOutput](t)(client.refresh(first.RefreshToken))
		s.Clock.Advance(time.Minute)
		_, err := client.refresh(first.RefreshToken)
		mustBe(t, err, "InvalidGrantException", "")
		if client.works(*second.AccessToken) {
			t.Error("the thief's, or the victim's, newer token still works")
		}
		_, err = client.refresh(second.RefreshToken)
		mustBe(t, err, "InvalidGrantException", "")
	})
}

func TestAttackAnotherClientsCodes(t *testing.T) {
	s := sallyporttest.Start(t)
	alice, victim, thief, verifier := s.User("alice"), register(t, s), register(t, s), newVerifier()
	device := victim.device()
	victim.approve(alice, device.UserCode)
	_, err := thief.redeemDevice(device.DeviceCode)
	mustBe(t, err, "InvalidGrantException", "")
	redirect := "http://127.0.0.1:51234/oauth/callback"
	code := victim.code(alice, redirect, verifier)
	_, err = thief.token(ssooidc.CreateTokenInput{GrantType: aws.String(codeGrant), Code: &code, RedirectUri: &redirect, CodeVerifier: &verifier})
	mustBe(t, err, "InvalidGrantException", "")
	_, err = thief.refresh(&alice.Refresh)
	mustBe(t, err, "InvalidGrantException", "")
}

func TestAttackOpenRedirects(t *testing.T) {
	s := sallyporttest.Start(t)
	alice, client := s.User("alice"), register(t, s)
	for _, uri := range []string{
		"https://evil.example/oauth/callback", "http://127.0.0.1.evil.example/oauth/callback", "http://127.0.0.1@evil.example/oauth/callback",
		"http://evil.example:51234/oauth/callback", "http://127.0.0.1:51234/oauth/callback/../../evil", "http://127.0.0.1:51234/oauth/callback?next=evil",
		"http://127.0.0.1:51234/oauth/callback#x", "http://127.0.0.1:51234/", "http://localhost:51234/oauth/callback", "javascript:alert(1)", "", "//evil.example",
	} {
		for _, name := range []string{"DescribeAuthorization", "Authorize"} {
			_, err := browser(t, alice, s, name, map[string]string{
				"ResponseType": "code", "ClientID": *client.id, "RedirectURI": uri, "CodeChallengeMethod": "S256", "CodeChallenge": strings.Repeat("a", 43),
			})
			if err == nil {
				t.Errorf("%s accepts %q", name, uri)
			}
		}
	}
	for _, uri := range []string{"http://evil.example/cb", "ftp://127.0.0.1/cb", "https://evil.example/cb#fragment", "data:text/html,x", "http://127.0.0.1:99999999/cb", "https://"} {
		_, err := s.OIDC().RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
			ClientName: aws.String("c"), ClientType: aws.String("public"), GrantTypes: []string{codeGrant}, RedirectUris: []string{uri},
		})
		mustBe(t, err, "InvalidRedirectUriException", "")
	}
}

func TestAttackGuessingUserCodesIsSlowedDown(t *testing.T) {
	s := sallyporttest.Start(t)
	alice := s.User("alice")
	throttled := 0
	for i := range 60 {
		_, err := browser(t, alice, s, "DescribeDevice", map[string]string{"UserCode": fmt.Sprintf("BCDF-%c%c%c%c", "BCDFGHJKLMNPQRSTVWXZ"[i%20], "BCDF"[i%4], "GHJK"[i%3], 'Z')})
		if err == nil {
			t.Fatal("a guess was right")
		}
		if strings.Contains(err.Error(), "too many requests") {
			throttled++
		}
	}
	if throttled < 30 {
		t.Errorf("%d of 60 guesses in a row were slowed down", throttled)
	}
}

func TestAttackAStaleSignInLetsNothingIn(t *testing.T) {
	s := sallyporttest.Start(t)
	alice, client := s.User("alice"), register(t, s)
	device := client.device()
	s.Clock.Advance(8 * time.Minute)
	client.device() // keep a fresh one besides
	s.Clock.Advance(time.Hour)
	device = client.device()
	_, err := browser(t, alice, s, "ApproveDevice", map[string]string{"UserCode": *device.UserCode})
	if err == nil || !strings.Contains(err.Error(), "sign in again") {
		t.Errorf("a password given an hour ago lets a device in: %v", err)
	}
}

// A client's token is no way to more: it can neither let clients in nor change
// the password.
func TestAttackAClientsTokenCannotActAsABrowser(t *testing.T) {
	s := sallyporttest.Start(t)
	alice := s.User("alice")
	for _, op := range s.Operations() {
		if op.Service.Source != "signin" || op.Rule.Strangers() {
			continue
		}
		request := &operation.Request{ID: "x", Credential: authn.Credential{Scheme: authn.Bearer, Token: alice.Token}, Address: "192.0.2.9"}
		_, err := s.Runner().Do(t.Context(), op, request, func(in any) error { reflect.ValueOf(in).Elem().SetZero(); return nil })
		if err == nil || !strings.Contains(err.Error(), "scope browser") {
			t.Errorf("%s by a client: %v", op.Name, err)
		}
	}
}

func TestAttackAScopeThatWasNotGranted(t *testing.T) {
	s := sallyporttest.Start(t)
	alice := s.User("alice")
	alice.SignIn(credential.ScopeManage)
	_, err := alice.CodeCatalyst().VerifySession(t.Context(), nil)
	mustBe(t, err, "AccessDeniedException", "codecatalyst:read_write")
}

func TestAttackTokensOfADeletedUser(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, bob, client := s.User("alice"), s.User("bob"), register(t, s)
		acme := alice.Space("acme")
		bob.Joins(acme, 2) // Power user
		if _, err := browser(t, bob, s, "DeleteAccount", map[string]string{"Alias": "bob"}); err != nil {
			t.Fatal(err)
		}
		if client.works(bob.Token) {
			t.Error("a deleted user's token works")
		}
		_, err := alice.CodeCatalyst().GetUserDetails(t.Context(), nil)
		mustBe(t, err, "ValidationException", "")
		// The last administrator of a space cannot leave it alone.
		if _, err := browser(t, alice, s, "DeleteAccount", map[string]string{"Alias": "alice"}); err == nil || !strings.Contains(err.Error(), "acme") {
			t.Errorf("the last administrator's account: %v", err)
		}
		for _, event := range s.Events(seal.Directory) {
			if event.Name == "deleteAccount" && event.Principal.ID == string(bob.ID) {
				return
			}
		}
		t.Error("the deletion left no event")
	})
}
