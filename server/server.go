package server

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/accountside"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/awsapi"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/console"
	"github.com/sallyport/sallyport/courier"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/githttp"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/oidc"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/signin"
	"github.com/sallyport/sallyport/space"
)

// Server is a running Sallyport. Stop it with [Server.Close].
type Server struct {
	config       Config
	url          string // scheme and host
	db           *database.DB
	keys         *seal.Keys
	credentials  *credential.Store
	spaces       *space.Store
	accounts     *account.Store
	orgs         *org.Store
	centers      *identitycenter.Store
	repositories *repo.Store
	connections  *connection.Store
	deliveries   *delivery.Store
	courier      *courier.Courier
	mail         *mail.Sender
	issuer       *oidc.Issuer
	events       *audit.Log
	jobs         *job.Queue
	runner       *operation.Runner
	operations   []*operation.Operation
	metrics      *metrics
	seen         seen

	listener net.Listener
	http     *http.Server
	setup    string // token; empty once set up
	stopping atomic.Bool
	stop     []func(context.Context) error // in the order of their start
}

// Start opens everything and serves until Close. When it returns, requests are
// answered.
func Start(ctx context.Context, config Config) (*Server, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s := &Server{config: config, metrics: newMetrics()}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.open, s.listen, s.assemble, s.renewSigningKey, s.foundAccounts, s.begin} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.writeBootstrap(ctx)
}

// open makes the data directory, the keys and the database ready.
func (s *Server) open(ctx context.Context) (err error) {
	if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
		return err
	}
	if s.db, err = database.Open(ctx, database.Config{URL: s.config.Database, Clock: s.config.Clock}); err != nil {
		return err
	}
	s.onStop(func(context.Context) error { return s.db.Close() })
	if s.keys, err = seal.Open(ctx, s.config.Data, s.db); err != nil {
		return err
	}
	users := &directory.Store{Keys: s.keys}
	if err := s.db.Write(ctx, users.EnsureKeys); err != nil {
		return err
	}
	return s.db.Read(ctx, func(tx *database.ReadTx) error {
		if err := s.keys.Check(tx); err != nil {
			return err
		}
		s.setup, err = signin.SetupToken(tx, users)
		return err
	})
}

// listen takes the address before anything is built that needs to know it.
func (s *Server) listen(ctx context.Context) (err error) {
	if s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.config.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", s.config.Listen, err)
	}
	s.onStop(func(context.Context) error { return ignoreClosed(s.listener.Close()) })
	s.url = s.config.URL
	if s.url == "" {
		scheme := "http"
		if s.config.TLS != "off" {
			scheme = "https"
		}
		s.url = scheme + "://" + s.ownHost()
	}
	return nil
}

// ownHost is the host and port under which this machine reaches the server.
func (s *Server) ownHost() string {
	host, port, _ := net.SplitHostPort(s.listener.Addr().String()) // its own form
	if ip := net.ParseIP(host); ip.IsUnspecified() {
		if host, _ = os.Hostname(); host == "" {
			host = "localhost"
		}
	}
	return net.JoinHostPort(host, port)
}

// assemble makes the stores, the operations and the doors.
func (s *Server) assemble(ctx context.Context) (err error) {
	users := &directory.Store{Keys: s.keys}
	s.credentials = &credential.Store{Keys: s.keys}
	s.spaces = &space.Store{Keys: s.keys, Region: s.config.Region}
	s.accounts = &account.Store{Keys: s.keys}
	s.orgs = &org.Store{Keys: s.keys, Accounts: s.accounts}
	s.centers = &identitycenter.Store{Keys: s.keys, Accounts: s.accounts, Organizations: s.orgs}
	s.repositories = &repo.Store{Keys: s.keys, DB: s.db, Folder: filepath.Join(s.config.Data, "repositories"), Log: s.config.Log}
	s.spaces.Ending = s.endProjects
	s.issuer = &oidc.Issuer{Credentials: s.credentials, URL: s.url}
	s.connections = &connection.Store{Keys: s.keys, Spaces: s.spaces, Accounts: s.accounts, Region: s.config.Region}
	s.deliveries = &delivery.Store{Keys: s.keys, Accounts: s.accounts, Organizations: s.orgs, Connections: s.connections, Repositories: s.repositories,
		Permissions: string(live.Policy(live.Statements)),
		Enqueue:     func(tx *database.Tx, work delivery.Work) error { return s.jobs.Enqueue(tx, work) }, Alone: s.db.Engine() == database.SQLite}
	s.repositories.Pushed = s.pushed
	s.repositories.Removing = s.deliveries.DeleteOf
	s.mail = &mail.Sender{Keys: s.keys, DB: s.db, Outbox: filepath.Join(s.config.Data, "outbox"), SMTP: s.config.SMTP, From: s.mailFrom()}
	if s.jobs, err = job.New(ctx, s.db, s.workers(), quiet(s.config.Log)); err != nil {
		return err
	}
	s.events = audit.NewLog(s.db, s.keys, s.config.Log)
	s.events.Watch = s.watch
	s.onStop(func(context.Context) error { s.events.Close(); return nil })
	authorizer := &authz.Authorizer{
		Spaces: s.spaces, Accounts: s.accounts, Organizations: s.orgs, Credentials: s.credentials, Repository: s.repository,
		Locators: map[string]authz.Locator{"iam": s.accounts, "sts": s.accounts, "organizations": s.orgs,
			"identitystore": s.centers, "sso": s.centers.SSO(), "sso-directory": s.centers, "identitystore-auth": s.centers,
			"codecatalyst": s.connections, "ec2": s.connections},
	}
	s.runner = operation.New(operation.Runner{
		DB: s.db, Verifier: &authn.Verifier{Credentials: s.credentials, Accounts: s.accounts, Centers: s.centers, Region: s.config.Region}, Authorizer: authorizer,
		Audit: s.events, Log: s.config.Log, Seen: s.seen.add,
	})
	admin := &awsapi.SSOAdmin{Centers: s.centers, Jobs: s.jobs, Region: s.config.Region}
	if s.config.AWSLimits {
		admin.MostAssignments = awsapi.MostAssignments
	}
	aws := awsapi.New(s.runner,
		&awsapi.CodeCatalyst{Directory: users, Credentials: s.credentials, Spaces: s.spaces, Repositories: s.repositories, Audit: s.events, Jobs: s.jobs},
		&awsapi.SSOOIDC{Credentials: s.credentials, Centers: s.centers},
		&awsapi.SSO{Credentials: s.credentials, Centers: s.centers},
		&awsapi.Organizations{Organizations: s.orgs, Accounts: s.accounts, Centers: s.centers, Jobs: s.jobs},
		&awsapi.IAM{Accounts: s.accounts, Authorizer: authorizer},
		&awsapi.STS{Accounts: s.accounts, Authorizer: authorizer, Audit: s.events, WebIdentities: &authn.WebIdentities{Now: s.config.Clock, Own: s.url, OwnKeys: s.ownKeys}},
		&awsapi.CloudTrail{Audit: s.events, Region: s.config.Region},
		&awsapi.AccessAnalyzer{},
		&awsapi.IdentityStore{Centers: s.centers, Authorizer: authorizer},
		admin)
	if s.config.AWSLimits || s.config.AWSFaults != nil {
		aws.Limits = awsapi.NewLimits(s.config.AWSLimits, s.config.AWSFaults)
	}
	if s.config.AWSLimits {
		s.jobs.Delay = aws.Limits.Delay
	}
	in := &signin.SignIn{
		Directory: users, Credentials: s.credentials, Spaces: s.spaces, Centers: s.centers, Mail: s.mail, Jobs: s.jobs,
		InvitedOnly: s.config.InvitedOnly, PublicURL: s.url,
	}
	sides := &accountside.Client{Door: s.observed(aws), Region: s.config.Region}
	s.courier = courier.New(courier.Courier{
		DB: s.db, Deliveries: s.deliveries, Repositories: s.repositories, Sides: sides, Mint: s.issuer.Mint, Rate: s.embeddedRate(),
		Spaces: s.spaces, Directory: users, Mail: s.mail, Jobs: s.jobs, PublicURL: s.url, Log: s.config.Log,
	})
	native := api.New(s.runner, &api.API{
		Connections: s.connections, Repositories: s.repositories, Deliveries: s.deliveries, Sides: sides, Accounts: s.accounts, Authorizer: authorizer, Mint: s.issuer.Mint,
		Directory: users, Credentials: s.credentials, Spaces: s.spaces, Centers: s.centers, Audit: s.events, Mail: s.mail, Jobs: s.jobs, PublicURL: s.url,
	})
	issuer := oidc.New(s.runner, s.issuer)
	own := slices.Concat(in.Operations(), native.Operations(), issuer.Operations())
	pages := console.New(s.runner, own)
	gits := githttp.New(s.runner, &githttp.Git{Repositories: s.repositories, Log: s.config.Log})
	s.operations = slices.Concat(own, aws.Operations(), gits.Operations())
	s.http = &http.Server{
		Handler:           s.observed(straight(s.routes(aws, native, issuer, gits, pages))),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          newHTTPLog(s.config.Log),
	}
	return nil
}

// ownKeys are those of the issuer that this server is.
func (s *Server) ownKeys(ctx context.Context) (keys []crypto.PublicKey, err error) {
	err = s.db.Read(ctx, func(tx *database.ReadTx) error {
		published, err := s.credentials.SigningKeys(tx)
		for _, key := range published {
			keys = append(keys, key.Public)
		}
		return err
	})
	return keys, err
}

// endProjects ends what is in a project, or in all of a space's.
func (s *Server) endProjects(tx *database.Tx, id space.ID, project space.ProjectID) error {
	end := func() error { return s.repositories.DeleteInSpace(tx, id) }
	if project != "" {
		end = func() error { return s.repositories.DeleteIn(tx, project) }
	}
	if err := end(); err != nil {
		return err
	}
	if project == "" {
		if err := s.connections.EndSpace(tx, id); err != nil {
			return err
		}
	}
	return s.jobs.Enqueue(tx, repo.UpkeepJob{})
}

// repository finds what a request names, for the decision about it.
func (s *Server) repository(tx *database.ReadTx, project space.ProjectID, name string) (authz.RepositoryRef, error) {
	r, err := s.repositories.Repository(tx, project, name)
	return authz.RepositoryRef{ID: string(r.ID), Name: r.Name}, err
}

func (s *Server) mailFrom() string {
	if s.config.MailFrom != "" {
		return s.config.MailFrom
	}
	u, _ := url.Parse(s.url) // made by us, or checked
	return "sallyport@" + u.Hostname()
}

// routes says which door stands at which path.
func (s *Server) routes(aws, native, issuer, gits, pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/aws", aws)
	mux.Handle("/aws/", aws)
	mux.Handle("/api/", native)
	mux.Handle("/git/{space}/{project}/{repository}/{rest...}", gits)
	mux.Handle("/git/", gits)
	mux.Handle("/.well-known/", issuer)
	mux.Handle("/oidc/", issuer)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !awsapi.Misdirected(w, r, s.url+"/aws") {
			pages.ServeHTTP(w, r)
		}
	})
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	switch {
	case s.stopping.Load():
		http.Error(w, "stopping", http.StatusServiceUnavailable)
	case s.db.Ping(ctx) != nil:
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ok")
	}
}

// begin starts what runs by itself.
func (s *Server) begin(context.Context) error {
	if err := git.Find(); err != nil {
		s.config.Log.Warn("repositories cannot be reached", "error", err)
	}
	secure, err := tlsConfig(s.config, (&url.URL{Host: s.listener.Addr().String()}).Hostname())
	if err != nil {
		return err
	}
	if err := s.jobs.Start(context.Background()); err != nil {
		return fmt.Errorf("start the jobs: %w", err)
	}
	s.onStop(s.jobs.Stop)
	background, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { s.touch(background) })
	s.onStop(func(context.Context) error { cancel(); group.Wait(); return nil })
	served := make(chan error, 1)
	go func() {
		if secure != nil {
			s.http.TLSConfig = secure
			served <- s.http.ServeTLS(s.listener, "", "")
			return
		}
		served <- s.http.Serve(s.listener)
	}()
	s.onStop(func(ctx context.Context) error {
		s.stopping.Store(true)
		polite, cancel := context.WithTimeout(ctx, lastRequests)
		defer cancel()
		err := s.http.Shutdown(polite)
		if errors.Is(err, context.DeadlineExceeded) {
			err = s.http.Close() // whoever is still sending by now has to ask again
		}
		if serving := <-served; !errors.Is(serving, http.ErrServerClosed) {
			err = errors.Join(err, serving)
		}
		return err
	})
	return nil
}

func (s *Server) onStop(f func(context.Context) error) { s.stop = append(s.stop, f) }

// How long running requests, and everything, get to finish.
const (
	lastRequests = 5 * time.Second
	grace        = 20 * time.Second
)

// Close stops in the reverse order of starting: first no more requests, then the
// jobs, then the log, the database last.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var errs []error
	for i := len(s.stop) - 1; i >= 0; i-- {
		errs = append(errs, s.stop[i](ctx))
	}
	s.stop = nil
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// URL is the server's address, scheme and host.
func (s *Server) URL() string { return s.url }

// SetupURL is where the first user is made; empty when there is one.
func (s *Server) SetupURL() string {
	if s.setup == "" {
		return ""
	}
	return s.url + "/setup?token=" + url.QueryEscape(s.setup)
}

// CABundle is the file of the certificate that clients must trust; empty unless
// the server made its own.
func (s *Server) CABundle() string {
	if s.config.TLS != "self-signed" {
		return ""
	}
	return caFile(s.config.Data)
}

// DB is the database the server works on, for tests and tools in the same process.
func (s *Server) DB() *database.DB { return s.db }

// Keys seals what is in DB.
func (s *Server) Keys() *seal.Keys { return s.keys }

// Handler is every door, as requests of this process reach it.
func (s *Server) Handler() http.Handler { return s.http.Handler }

// Runner runs operations.
func (s *Server) Runner() *operation.Runner { return s.runner }

// Operations is everything that can be asked, for tests over the whole table.
func (s *Server) Operations() []*operation.Operation { return s.operations }
