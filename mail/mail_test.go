package mail_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/seal"
)

const link = "http://127.0.0.1:8080/invitation?token=a_long-token=that+an=encoding/would%20spoil_if_it_were_to_touch_it_0123456789"

var invitation = mail.Message{To: "grace@example.com", Subject: "Grüße", Text: "Come in:\n\n" + link + "\n\nGrüße\n"}

// send enqueues a message and runs the job until the test's clock of patience
// ends or done says so.
func send(t *testing.T, db *database.DB, sender *mail.Sender, message mail.Message, done func() bool) {
	t.Helper()
	keys, err := seal.Open(t.Context(), t.TempDir(), db)
	if err != nil {
		t.Fatal(err)
	}
	sender.Keys, sender.DB = keys, db
	workers := job.NewWorkers()
	job.Add(workers, sender.Work)
	queue, err := job.New(t.Context(), db, workers, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *database.Tx) error {
		if _, err := keys.Create(tx, seal.Directory); err != nil {
			return err
		}
		return sender.Enqueue(tx, queue, message)
	}); err != nil {
		t.Fatal(err)
	}
	if stored := jobs(t, db); strings.Contains(stored, "grace") || strings.Contains(stored, "token") {
		t.Errorf("the queue holds the message in clear: %s", stored)
	}
	if err := queue.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := queue.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing was sent: %s", jobs(t, db))
		}
	}
}

// jobs is what the queue's table holds.
func jobs(t *testing.T, db *database.DB) (text string) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *database.ReadTx) error {
		rows, err := database.All(tx, database.Value[string], `select cast(args as text) || ' ' || coalesce(cast(errors as text), '') from river_job`)
		text = strings.Join(rows, "\n")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWithoutAServerMailIsAFileOneCanRead(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		outbox := filepath.Join(t.TempDir(), "outbox")
		var files []string
		send(t, db, &mail.Sender{Outbox: outbox}, invitation, func() bool {
			files, _ = filepath.Glob(filepath.Join(outbox, "*.eml"))
			return len(files) > 0
		})
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"To: <grace@example.com>", "\n" + link + "\n", "Grüße", "From: \"Sallyport\" <sallyport@localhost>"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("the message lacks %q:\n%s", want, text)
			}
		}
		if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file: %v %v", info.Mode(), err)
		}
	})
}

// backend is a mail server that takes messages, or refuses those to some address.
type backend struct {
	mu       sync.Mutex
	refuse   string
	received []string
	tries    int
}

func (b *backend) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{b: b}, nil }

type session struct{ b *backend }

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.tries++
	if to == s.b.refuse {
		return &smtp.SMTPError{Code: 550, Message: "no such user " + to}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.received = append(s.b.received, string(text))
	return err
}

func (b *backend) serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(b)
	server.Domain = "localhost"
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-served; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "smtp://" + listener.Addr().String()
}

func TestMailGoesToTheServer(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := &backend{}
		send(t, db, &mail.Sender{SMTP: b.serve(t), From: "sallyport@example.com"}, invitation, func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			return len(b.received) > 0
		})
		if !strings.Contains(b.received[0], link) || !strings.Contains(b.received[0], "sallyport@example.com") {
			t.Errorf("received %s", b.received[0])
		}
	})
}

// The queue keeps errors in clear, and a server's refusal names who it is about.
func TestAttackReadingAddressesInTheErrorsOfJobs(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := &backend{refuse: "grace@example.com"}
		send(t, db, &mail.Sender{SMTP: b.serve(t)}, invitation, func() bool { return strings.Contains(jobs(t, db), "did not take a message") })
		if stored := jobs(t, db); strings.Contains(stored, "grace") {
			t.Errorf("the queue holds the address: %s", stored)
		}
	})
}

func TestHeadersCannotBeAdded(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		outbox := t.TempDir()
		message := mail.Message{To: "grace@example.com", Subject: "Hello\r\nBcc: mallory@example.com", Text: "x"}
		send(t, db, &mail.Sender{Outbox: outbox}, message, func() bool {
			files, _ := filepath.Glob(filepath.Join(outbox, "*.eml"))
			return len(files) > 0
		})
		files, _ := filepath.Glob(filepath.Join(outbox, "*.eml"))
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nBcc:") {
			t.Errorf("a header came in through the subject:\n%s", text)
		}
	})
}

func TestServersThatAreNone(t *testing.T) {
	for _, address := range []string{"mail.example.com", "http://mail.example.com", "smtp://", "smtp://mail:notaport", ""} {
		if mail.CheckSMTP(address) == nil {
			t.Errorf("%q is taken", address)
		}
	}
	for _, address := range []string{"smtp://localhost", "smtp://user:secret@mail.example.com:587", "smtps://mail.example.com"} {
		if err := mail.CheckSMTP(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}
