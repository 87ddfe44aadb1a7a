package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// The messages of the token service, as the AWS CLI writes them.
type (
	registerRequest struct {
		ClientName   string   `json:"clientName"`
		ClientType   string   `json:"clientType"`
		Scopes       []string `json:"scopes"`
		GrantTypes   []string `json:"grantTypes"`
		RedirectURIs []string `json:"redirectUris"`
	}
	registration struct {
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
		AuthorizeURL string `json:"authorizationEndpoint"`
	}
	deviceRequest struct {
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
		StartURL     string `json:"startUrl"`
	}
	device struct {
		DeviceCode string `json:"deviceCode"`
		UserCode   string `json:"userCode"`
		Page       string `json:"verificationUri"`
		FullPage   string `json:"verificationUriComplete"`
		Interval   int    `json:"interval"`
	}
	tokenRequest struct {
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
		GrantType    string `json:"grantType"`
		DeviceCode   string `json:"deviceCode,omitempty"`
		Code         string `json:"code,omitempty"`
		CodeVerifier string `json:"codeVerifier,omitempty"`
		RedirectURI  string `json:"redirectUri,omitempty"`
		RefreshToken string `json:"refreshToken,omitempty"`
	}
	tokens struct {
		AccessToken  string `json:"accessToken"`
		RefreshToken string `json:"refreshToken"`
		ExpiresIn    int    `json:"expiresIn"` // seconds
	}
)

const (
	grantCode    = "authorization_code"
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
	grantRefresh = "refresh_token"

	callbackPath = "/oauth/callback"
	// patience is how long somebody may take in the browser.
	patience = 10 * time.Minute
)

// scopes is what a login may do: all that Builder ID users can grant.
var scopes = []string{"codecatalyst:read_write", "sallyport:manage"}

func (t tokens) into(l *login) {
	l.AccessToken, l.RefreshToken, l.ExpiresAt = t.AccessToken, t.RefreshToken, time.Now().Add(time.Duration(t.ExpiresIn)*time.Second)
}

func (s remote) token(ctx context.Context, in tokenRequest) (t tokens, err error) {
	return t, s.post(ctx, "/aws/token", in, &t)
}

func (s remote) register(ctx context.Context) (r registration, err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	err = s.post(ctx, "/aws/client/register", registerRequest{
		ClientName: "sallyport on " + host, ClientType: "public", Scopes: scopes,
		GrantTypes: []string{grantCode, grantDevice, grantRefresh},
		// RFC 8252 section 7.3: the port is not known before there is a listener.
		RedirectURIs: []string{"http://127.0.0.1" + callbackPath},
	}, &r)
	return r, err
}

// byCode signs in with an authorization code and PKCE (RFC 7636): a browser on this
// machine brings the code back to a listener on the loopback address.
func (s remote) byCode(ctx context.Context, r registration, show func(url string)) (tokens, error) {
	// A browser is asked to open what the server says; it must be a page.
	if page, err := url.Parse(r.AuthorizeURL); err != nil || (page.Scheme != "http" && page.Scheme != "https") {
		return tokens{}, fmt.Errorf("%s says to sign in at %q, which is no page", s.endpoint, r.AuthorizeURL)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return tokens{}, err
	}
	state, verifier, redirect := rand.Text(), rand.Text()+rand.Text(), "http://"+listener.Addr().String()+callbackPath
	answers := make(chan callback, 1)
	web := &http.Server{Handler: receiveCode(state, answers), ReadHeaderTimeout: 10 * time.Second}
	go web.Serve(listener) // ends with Close
	defer web.Close()

	challenge := sha256.Sum256([]byte(verifier))
	show(r.AuthorizeURL + "?" + url.Values{
		"response_type": {"code"}, "client_id": {r.ClientID}, "redirect_uri": {redirect}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	select {
	case answer := <-answers:
		if answer.err != nil {
			return tokens{}, answer.err
		}
		return s.token(ctx, tokenRequest{
			ClientID: r.ClientID, ClientSecret: r.ClientSecret, GrantType: grantCode,
			Code: answer.code, CodeVerifier: verifier, RedirectURI: redirect,
		})
	case <-ctx.Done():
		return tokens{}, ctx.Err()
	case <-time.After(patience):
		return tokens{}, fmt.Errorf("nobody signed in within %v: run sallyport login again", patience)
	}
}

// callback is what the browser brought.
type callback struct {
	code string
	err  error
}

// receiveCode takes the first answer that knows the state. Any page in the browser
// can come here, so others are turned away and change nothing.
func receiveCode(state string, answers chan<- callback) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+callbackPath, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1 {
			http.Error(w, "This is not the sign-in that sallyport is waiting for.", http.StatusBadRequest)
			return
		}
		answer := callback{code: query.Get("code")}
		if answer.code == "" {
			answer.err = fmt.Errorf("signing in was refused in the browser: %s", printable(query.Get("error")))
		}
		select {
		case answers <- answer:
		default: // answered already
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "Done. You can close this window and go back to the terminal.\n")
	})
	return mux
}

// byDevice signs in with a code that is typed in a browser anywhere (RFC 8628).
func (s remote) byDevice(ctx context.Context, r registration, show func(device)) (tokens, error) {
	var d device
	in := deviceRequest{ClientID: r.ClientID, ClientSecret: r.ClientSecret, StartURL: s.endpoint + "/start"}
	if err := s.post(ctx, "/aws/device_authorization", in, &d); err != nil {
		return tokens{}, err
	}
	show(d)
	interval := time.Duration(max(d.Interval, 1)) * time.Second
	for {
		select {
		case <-ctx.Done():
			return tokens{}, ctx.Err()
		case <-time.After(interval):
		}
		t, err := s.token(ctx, tokenRequest{ClientID: r.ClientID, ClientSecret: r.ClientSecret, GrantType: grantDevice, DeviceCode: d.DeviceCode})
		var refused *oauthError
		switch {
		case !errors.As(err, &refused):
			return t, err
		case refused.Code == "slow_down":
			interval += 5 * time.Second // RFC 8628 section 3.5
		case refused.Code != "authorization_pending":
			return t, err
		}
	}
}
