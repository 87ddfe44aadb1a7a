// Package server puts the pieces together: it opens the database and the keys,
// makes the stores, the operations and the doors, listens, runs the jobs and
// shuts everything down in order.
//
//	doors (awsapi, api, console) ─> operation.Runner ─> stores ─> database
//	                                       │                        ^
//	                                    audit.Log              job.Queue
package server

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/mail"
)

// Config says how to run. The zero Config and a data directory make a working
// server.
type Config struct {
	// Data is the directory of everything kept outside a database server: the
	// root key, the SQLite file, the outbox. Required; made when missing.
	Data string
	// Listen is an address. Empty: 127.0.0.1:8080. Port 0 picks a free one.
	Listen string
	// Database is a postgres:// URL. Empty: the SQLite file sallyport.db in Data.
	Database string
	// Region is the AWS Region that new spaces are in. Empty: us-west-2.
	Region string
	// TLS is "off" or empty, "self-signed", or "CERT,KEY", two PEM files.
	TLS string
	// BehindProxy says that a reverse proxy ends TLS in front and that its
	// X-Forwarded-For header is to be believed.
	BehindProxy bool
	// URL is how browsers and clients reach the server, scheme and host. Empty: as
	// the server listens. Needed behind a proxy and on other than loopback addresses.
	URL string
	// SMTP is smtp:// or smtps:// with user, password, host and port. Empty: mail is
	// written to Data/outbox.
	SMTP string
	// MailFrom is the sender's address. Empty: sallyport@ and the host of URL.
	MailFrom string
	// ManagementAccount is the number of the account that the first start makes.
	// Empty: a random one.
	ManagementAccount string
	// Bare leaves that account without an organization.
	Bare bool
	// AWSLimits makes the account side behave as AWS does under load: throttled, slow
	// in asynchronous work, and not consistent at once.
	AWSLimits bool
	// AWSFaults makes it lose answers or give them late, at random from this seed. Nil:
	// it does not.
	AWSFaults *uint64
	// InvitedOnly lets only those sign up who follow an invitation.
	InvitedOnly bool
	// Log gets what happens. Nil: nothing is logged.
	Log *slog.Logger
	// Clock gives the time of every decision. Nil: the real one.
	Clock func() time.Time
}

// ErrConfig marks a configuration that cannot be meant.
var ErrConfig = errors.New("configuration")

var region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d{1,2}$`)

// complete fills in what was left out and refuses what cannot be meant.
func (c Config) complete() (Config, error) {
	if c.Data == "" {
		return c, errors.New("a data directory is needed: --data DIR")
	}
	// Git is run in folders below it.
	data, err := filepath.Abs(c.Data)
	if err != nil {
		return c, err
	}
	c.Data = data
	c.Listen = cmp.Or(c.Listen, "127.0.0.1:8080")
	c.Region = cmp.Or(c.Region, "us-west-2")
	c.TLS = cmp.Or(c.TLS, "off")
	c.Database = cmp.Or(c.Database, filepath.Join(c.Data, "sallyport.db"))
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if !region.MatchString(c.Region) {
		return c, fmt.Errorf("%q is not the name of an AWS Region, such as us-west-2", c.Region)
	}
	if c.Database != filepath.Join(c.Data, "sallyport.db") && !database.IsPostgreSQL(c.Database) {
		return c, errors.New("--database takes a postgres:// URL; without it a SQLite file in the data directory is used")
	}
	if c.SMTP != "" {
		if err := mail.CheckSMTP(c.SMTP); err != nil {
			return c, err
		}
	}
	if c.ManagementAccount != "" {
		if _, err := account.ParseID(c.ManagementAccount); err != nil {
			return c, err
		}
	}
	return c, c.checkExposure()
}

// checkExposure keeps tokens off the network in clear: plain HTTP is for this
// machine alone.
func (c Config) checkExposure() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen takes HOST:PORT: %w", err)
	}
	if c.TLS == "off" && !c.BehindProxy && !isLoopback(host) {
		return fmt.Errorf("%s is not a loopback address: serve it with --tls self-signed or --tls CERT,KEY, or put a TLS proxy in front and say --behind-proxy", c.Listen)
	}
	if c.URL == "" {
		if c.BehindProxy {
			return errors.New("behind a proxy the server cannot know its own address: say --url https://HOST")
		}
		return nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("--url takes scheme and host alone, such as https://sallyport.example.com, not %q", c.URL)
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return fmt.Errorf("--url %s: clients on other machines reach the server over https alone", c.URL)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
