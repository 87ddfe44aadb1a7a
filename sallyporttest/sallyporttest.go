// Package sallyporttest runs a whole Sallyport inside a test, with principals to
// act as.
package sallyporttest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/smithy-go/auth/bearer"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/oidc"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/server"
	"github.com/sallyport/sallyport/space"
)

// Sallyport is a server that lives as long as its test. It speaks TLS, because
// the AWS SDK for Go sends bearer tokens over nothing else.
type Sallyport struct {
	*server.Server
	Data  string // its data directory
	HTTP  *http.Client
	Clock *Clock
	Log   *Log

	Directory    *directory.Store
	Credentials  *credential.Store
	Spaces       *space.Store
	Accounts     *account.Store
	Orgs         *org.Store
	Centers      *identitycenter.Store
	Issuer       *oidc.Issuer
	Connections  *connection.Store
	Repositories *repo.Store

	t testing.TB
}

// Each runs a test on a Sallyport on each database engine.
func Each(t *testing.T, test func(t *testing.T, s *Sallyport)) {
	t.Helper()
	databasetest.EachURL(t, func(t *testing.T, url string) { test(t, StartOn(t, url)) })
}

// Start runs a Sallyport on SQLite.
func Start(t testing.TB) *Sallyport {
	t.Helper()
	return StartOn(t, "")
}

// StartOn runs a Sallyport on the PostgreSQL database of this URL; any other: on
// SQLite in its data directory.
func StartOn(t testing.TB, url string) *Sallyport {
	t.Helper()
	return start(t, url, t.TempDir(), &Clock{}, nil)
}

// StartLike runs a Sallyport on SQLite that is configured otherwise.
func StartLike(t testing.TB, configure func(*server.Config)) *Sallyport {
	t.Helper()
	return start(t, "", t.TempDir(), &Clock{}, configure)
}

// Beside runs a second node on the PostgreSQL database of a first one, with the same
// root key and the same clock.
func Beside(t testing.TB, first *Sallyport, url string) *Sallyport {
	t.Helper()
	data := t.TempDir()
	key, err := os.ReadFile(filepath.Join(first.Data, "root.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(data, "root.key"), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return start(t, url, data, first.Clock, nil)
}

func start(t testing.TB, url, data string, clock *Clock, configure func(*server.Config)) *Sallyport {
	t.Helper()
	if !strings.HasPrefix(url, "postgres") {
		url = "" // the SQLite file is the data directory's own
		if _, err := os.Stat(filepath.Join(data, "sallyport.db")); errors.Is(err, fs.ErrNotExist) {
			databasetest.Fill(t, filepath.Join(data, "sallyport.db"))
		}
	}
	s := &Sallyport{Data: data, Clock: clock, Log: &Log{}, t: t}
	config := server.Config{
		Data: s.Data, Database: url, Listen: "127.0.0.1:0", TLS: "self-signed",
		Log: slog.New(slog.NewJSONHandler(s.Log, nil)), Clock: s.Clock.Now,
	}
	if configure != nil {
		configure(&config)
	}
	running, err := server.Start(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.HTTP.CloseIdleConnections()
		if err := running.Close(); err != nil {
			t.Errorf("stop the server: %v", err)
		}
	})
	s.Server = running
	s.HTTP = s.client()
	keys := running.Keys()
	s.Directory, s.Credentials, s.Spaces = &directory.Store{Keys: keys}, &credential.Store{Keys: keys}, &space.Store{Keys: keys, Region: "us-west-2"}
	s.Accounts = &account.Store{Keys: keys}
	s.Orgs = &org.Store{Keys: keys, Accounts: s.Accounts}
	s.Centers = &identitycenter.Store{Keys: keys, Accounts: s.Accounts, Organizations: s.Orgs}
	s.Repositories = &repo.Store{Keys: keys, DB: running.DB(), Folder: filepath.Join(data, "repositories"), Log: config.Log}
	s.Issuer = &oidc.Issuer{Credentials: s.Credentials, URL: s.URL()}
	s.Connections = &connection.Store{Keys: keys, Spaces: s.Spaces, Accounts: s.Accounts, Region: "us-west-2"}
	return s
}

func (s *Sallyport) client() *http.Client {
	pem, err := os.ReadFile(s.CABundle())
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Clock is the server's: the real one, moved forward as a test wants.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now is the server's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Advance lets time pass for the server.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// Log keeps what the server logs.
type Log struct {
	mu    sync.Mutex
	text  bytes.Buffer
	watch func(line string)
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	n, err := l.text.Write(p)
	watch := l.watch
	l.mu.Unlock()
	if watch != nil {
		watch(string(p))
	}
	return n, err
}

// Watch has a function look at each line, which holds up whoever logs it. It must not
// make the server log anything itself. Nil: nobody looks.
func (l *Log) Watch(watch func(line string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch = watch
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Principal is a user with a way in.
type Principal struct {
	ID      directory.UserID
	Alias   string
	Email   string
	Store   directory.StoreID // of a user of an identity store
	Token   string            // a client's access token, of every scope they have to give
	Refresh string
	Cookie  string // a browser session's token

	s *Sallyport
}

// Write changes the database, and fails the test when it cannot.
func (s *Sallyport) Write(f func(*database.Tx) error) {
	s.t.Helper()
	if err := s.DB().Write(context.Background(), f); err != nil {
		s.t.Fatal(err)
	}
}

// Read looks at the database.
func (s *Sallyport) Read(f func(*database.ReadTx) error) {
	s.t.Helper()
	if err := s.DB().Read(context.Background(), f); err != nil {
		s.t.Fatal(err)
	}
}

// Password is every principal's.
const Password = "a gate of two doors, both shut"

var (
	hashOnce sync.Once
	hash     string
)

func passwordHash(t testing.TB) string {
	t.Helper()
	hashOnce.Do(func() {
		var err error
		if hash, err = credential.Hash(context.Background(), Password); err != nil {
			t.Fatal(err)
		}
	})
	return hash
}

// User makes a Builder ID user and signs them in.
func (s *Sallyport) User(alias string) *Principal {
	s.t.Helper()
	hash := passwordHash(s.t)
	p := &Principal{Alias: alias, Email: alias + "@example.com", s: s}
	s.Write(func(tx *database.Tx) error {
		user, err := s.Directory.Create(tx, directory.NewUser{Alias: alias, Email: p.Email, DisplayName: alias, PasswordHash: hash})
		p.ID = user.ID
		return err
	})
	p.SignIn()
	return p
}

// SignIn begins a browser session and, approved in it, a client's.
func (p *Principal) SignIn(scopes ...string) {
	p.s.t.Helper()
	if len(scopes) == 0 {
		scopes = []string{credential.ScopeCodeCatalyst, credential.ScopeManage, credential.ScopePortal}
	}
	p.s.Write(func(tx *database.Tx) error {
		from := credential.Origin{Address: "192.0.2.1", UserAgent: "test"}
		session, cookie, err := p.s.Credentials.BeginBrowser(tx, credential.NewSession{UserID: p.ID, Origin: from})
		if err != nil {
			return err
		}
		client, _, err := p.s.Credentials.RegisterClient(tx, credential.NewClient{Name: "test", Type: "public", Scopes: scopes})
		if err != nil {
			return err
		}
		device, err := p.s.Credentials.StartDevice(tx, client, nil, from)
		if err != nil {
			return err
		}
		by := credential.Identity{SessionID: session.ID, UserID: p.ID, Store: p.Store, Alias: p.Alias, AuthenticatedAt: tx.Now(), Kind: credential.Browser}
		if err := p.s.Credentials.ApproveDevice(tx, device.UserCode, by); err != nil {
			return err
		}
		tokens, err := p.s.Credentials.RedeemDevice(tx, client, string(device.DeviceCode), from)
		p.Cookie, p.Token, p.Refresh = string(cookie), string(tokens.Access), string(tokens.Refresh)
		return err
	})
}

// Space makes a space whose administrator the principal is.
func (p *Principal) Space(name string) space.Space {
	p.s.t.Helper()
	var made space.Space
	p.s.Write(func(tx *database.Tx) (err error) {
		made, err = p.s.Spaces.Create(tx, p.ID, space.NewSpace{Name: name})
		return err
	})
	return made
}

// Project makes a project as the principal.
func (p *Principal) Project(in space.Space, displayName string) space.Project {
	p.s.t.Helper()
	var made space.Project
	p.s.Write(func(tx *database.Tx) (err error) {
		made, err = p.s.Spaces.CreateProject(tx, in.ID, p.ID, space.NewProject{DisplayName: displayName})
		return err
	})
	return made
}

// Joins gives the principal a role in a space.
func (p *Principal) Joins(in space.Space, r role.Role) {
	p.s.t.Helper()
	p.s.Write(func(tx *database.Tx) error { return p.s.Spaces.AddMember(tx, in.ID, p.ID, r) })
}

// Contributes gives the principal a role in a project.
func (p *Principal) Contributes(in space.Project, r role.Role) {
	p.s.t.Helper()
	p.s.Write(func(tx *database.Tx) error { return p.s.Spaces.SetProjectRole(tx, in.ID, p.ID, r) })
}

// CodeCatalyst is AWS's own client, signed in as the principal.
func (p *Principal) CodeCatalyst() *codecatalyst.Client {
	return codecatalyst.New(codecatalyst.Options{
		Region: "us-west-2", BaseEndpoint: aws.String(p.s.URL() + "/aws"), HTTPClient: patient{p.s.HTTP}, RetryMaxAttempts: 1,
		BearerAuthTokenProvider: bearer.StaticTokenProvider{Token: bearer.Token{Value: p.Token}},
	})
}

// OIDC is AWS's own client of the service sso-oidc.
func (s *Sallyport) OIDC() *ssooidc.Client {
	return ssooidc.New(ssooidc.Options{Region: "us-west-2", BaseEndpoint: aws.String(s.URL() + "/aws"), HTTPClient: patient{s.HTTP}, RetryMaxAttempts: 1})
}

// Answer is an HTTP answer, read.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Sent   http.Header // of the request
}

// JSON reads the body into a value.
func (a Answer) JSON(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), into); err != nil {
		t.Fatalf("the answer %d is not the JSON that was expected: %v\n%s", a.Status, err, a.Body)
	}
}

// Send makes a bare HTTP request with a bearer token; empty: none.
func (s *Sallyport) Send(method, path, token, body string) Answer {
	s.t.Helper()
	request, err := http.NewRequest(method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return s.Do(request)
}

// Do makes an HTTP request.
func (s *Sallyport) Do(request *http.Request) Answer {
	s.t.Helper()
	response, err := s.HTTP.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return Answer{response.StatusCode, response.Header, string(body), request.Header}
}

// Events is the log of a scope, newest first.
func (s *Sallyport) Events(scope seal.Scope) []audit.Event {
	s.t.Helper()
	if err := s.Runner().Audit.Flush(); err != nil {
		s.t.Fatal(err)
	}
	var events []audit.Event
	s.Read(func(tx *database.ReadTx) (err error) {
		events, err = s.Runner().Audit.Events(tx, audit.Filter{Scope: scope, To: tx.Now().Add(time.Hour), Limit: 10000})
		return err
	})
	return events
}

// Mail waits for a message to an address in the outbox and returns the newest.
func (s *Sallyport) Mail(to string) string {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		messages, err := filepath.Glob(filepath.Join(s.Data, "outbox", "*.eml"))
		if err != nil {
			s.t.Fatal(err)
		}
		for i := len(messages) - 1; i >= 0; i-- {
			text, err := os.ReadFile(messages[i])
			if err != nil {
				s.t.Fatal(err)
			}
			if strings.Contains(string(text), "To: <"+to+">") {
				return string(text)
			}
		}
	}
	s.t.Fatalf("no mail to %s came", to)
	return ""
}
