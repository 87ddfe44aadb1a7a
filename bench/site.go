package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/server"
)

// world is a filled database and the data directory that belongs to it.
type world struct {
	data    string
	url     string // empty: the SQLite file in data
	tenants []tenant
}

func (w *world) engine() string {
	if w.url == "" {
		return "SQLite"
	}
	return "PostgreSQL"
}

// sqlite is the workload in a SQLite file. It is made once for each number of spaces.
func (b *bench) sqlite(spaces int) (*world, error) {
	if w := b.worlds[spaces]; w != nil {
		return w, nil
	}
	w := &world{data: filepath.Join(b.tmp, fmt.Sprintf("sqlite-%d", spaces))}
	b.worlds[spaces] = w
	return w, b.fill(w, spaces)
}

// postgres is the workload in a database of its own on PostgreSQL; nil when none
// is configured.
func (b *bench) postgres(spaces int) (w *world, drop func() error, err error) {
	if !b.havePostgres() {
		return nil, nil, nil
	}
	if w, drop, err = b.emptyPostgres(fmt.Sprint(spaces)); err != nil {
		return nil, nil, err
	}
	if err := b.fill(w, spaces); err != nil {
		return nil, nil, errors.Join(err, drop())
	}
	return w, drop, nil
}

func (b *bench) havePostgres() bool {
	if os.Getenv(postgresVariable) == "" {
		b.say("NOT MEASURED on PostgreSQL: %s is not set", postgresVariable)
		return false
	}
	return true
}

func (b *bench) emptyPostgres(name string) (w *world, drop func() error, err error) {
	w = &world{data: filepath.Join(b.tmp, "postgres-"+name)}
	made, dropDatabase, err := newDatabase(os.Getenv(postgresVariable))
	if err != nil {
		return nil, nil, err
	}
	w.url = made
	drop = func() error { return errors.Join(dropDatabase(), os.RemoveAll(w.data)) }
	return w, drop, nil
}

// eachEngine runs f for every engine there is, with as many empty worlds in it as
// there are names.
func (b *bench) eachEngine(f func(worlds []*world) error, names ...string) (err error) {
	var worlds []*world
	for _, name := range names {
		worlds = append(worlds, &world{data: filepath.Join(b.tmp, "sqlite-"+name)})
	}
	if err := f(worlds); err != nil || !b.havePostgres() {
		return err
	}
	worlds = nil
	for _, name := range names {
		w, drop, fault := b.emptyPostgres(name)
		if fault != nil {
			return fault
		}
		defer func() { err = errors.Join(err, drop()) }()
		worlds = append(worlds, w)
	}
	return f(worlds)
}

// postgresVariable names a PostgreSQL server on which databases may be created,
// the one that tests use.
const postgresVariable = "SALLYPORT_TEST_POSTGRES"

func newDatabase(address string) (made string, drop func() error, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, errors.New(postgresVariable + " is not a URL")
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		return "", nil, err
	}
	name := "bench_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec("create database " + name); err != nil {
		return "", nil, errors.Join(err, admin.Close())
	}
	u.Path = "/" + name
	return u.String(), func() error {
		_, err := admin.Exec("drop database " + name + " with (force)")
		return errors.Join(err, admin.Close())
	}, nil
}

func (b *bench) fill(w *world, spaces int) error {
	b.say("making %d spaces on %s", spaces, w.engine())
	if err := os.MkdirAll(w.data, 0o700); err != nil {
		return err
	}
	s, err := openStores(b.ctx, w.data, w.url)
	if err != nil {
		return err
	}
	w.tenants, err = s.fill(b.ctx, spaces)
	return errors.Join(err, s.db.Close())
}

// eachWorld runs f on the workload in every engine there is, for each number of
// spaces.
func (b *bench) eachWorld(onSQLite, onPostgreSQL []int, f func(w *world) error) error {
	for _, spaces := range onSQLite {
		w, err := b.sqlite(spaces)
		if err == nil {
			err = f(w)
		}
		if err != nil {
			return err
		}
	}
	for _, spaces := range onPostgreSQL {
		w, drop, err := b.postgres(spaces)
		if err != nil || w == nil {
			return err
		}
		if err := errors.Join(f(w), drop()); err != nil {
			return err
		}
	}
	return nil
}

// site is a whole server in this process.
type site struct {
	*server.Server
	*stores
	address string // host and port
}

// serve starts a server on a data directory: plain HTTP, nothing logged.
func serve(ctx context.Context, data, url string) (*site, error) {
	running, err := server.Start(ctx, server.Config{Data: data, Database: url, Listen: "127.0.0.1:0"})
	if err != nil {
		return nil, err
	}
	return &site{running, storesOf(running.DB(), running.Keys()), strings.TrimPrefix(running.URL(), "http://")}, nil
}

// builderScopes are what clients of Builder ID users ask for.
var builderScopes = []string{credential.ScopeCodeCatalyst, credential.ScopeManage}

// signIn lets a client in as each of these users and returns their access tokens, of
// these scopes.
func (s *stores) signIn(ctx context.Context, users []user, scopes ...string) ([]string, error) {
	tokens := make([]string, len(users))
	err := s.db.Write(ctx, func(tx *database.Tx) error {
		client, _, err := s.credentials.RegisterClient(tx, credential.NewClient{Name: "bench", Type: "public", Scopes: scopes})
		for i := range users {
			if err == nil {
				tokens[i], err = s.letIn(tx, client, users[i])
			}
		}
		return err
	})
	return tokens, err
}

// letIn goes the way of RFC 8628: a device asks, the user approves in a browser.
func (s *stores) letIn(tx *database.Tx, client credential.Client, u user) (string, error) {
	from := credential.Origin{Address: "127.0.0.1", UserAgent: "bench"}
	session, _, err := s.credentials.BeginBrowser(tx, credential.NewSession{UserID: u.id, Origin: from})
	if err != nil {
		return "", err
	}
	device, err := s.credentials.StartDevice(tx, client, nil, from)
	if err != nil {
		return "", err
	}
	by := credential.Identity{SessionID: session.ID, UserID: u.id, Store: u.store, Alias: u.alias, AuthenticatedAt: tx.Now(), Kind: credential.Browser}
	if err := s.credentials.ApproveDevice(tx, device.UserCode, by); err != nil {
		return "", err
	}
	tokens, err := s.credentials.RedeemDevice(tx, client, string(device.DeviceCode), from)
	return string(tokens.Access), err
}
