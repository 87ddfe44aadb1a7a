// Package mail sends what people are told by e-mail.
//
// A message is enqueued with the change that causes it and sent by a job, over
// SMTP or, when no server is configured, into files of an outbox. In the queue
// it is sealed: it holds addresses, codes and links.
package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/seal"
)

// Message is one e-mail, plain text.
type Message struct {
	To      string
	Subject string
	Text    string
}

// Sender enqueues and sends messages.
type Sender struct {
	Keys   *seal.Keys
	DB     *database.DB
	Outbox string // folder that gets *.eml files when there is no SMTP server
	SMTP   string // smtp://user:password@host:port or smtps://...; empty: the outbox
	From   string // address of the sender; empty: sallyport@localhost
}

// Send is the job that sends one message.
type Send struct {
	ID     string `json:"id"`
	Sealed []byte `json:"sealed"`
}

// Kind names the job.
func (Send) Kind() string { return "mail" }

const column = "jobs.mail"

// Enqueue takes a message with the change that causes it.
func (s *Sender) Enqueue(tx *database.Tx, queue *job.Queue, message Message) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	key, err := s.Keys.Key(tx.Reading(), seal.Directory)
	if err != nil {
		return err
	}
	args := Send{ID: uuid.NewString()}
	if args.Sealed, err = key.Seal(column, args.ID, text); err != nil {
		return err
	}
	return queue.Enqueue(tx, args)
}

// Work sends one message. It may be sent twice when the server stops between
// sending and noting it.
func (s *Sender) Work(ctx context.Context, args Send) error {
	message, err := s.open(ctx, args)
	if err != nil {
		return err
	}
	from := s.From
	if from == "" {
		from = "sallyport@localhost"
	}
	// Unencoded, so that a link can be copied from the file in the outbox.
	mail := gomail.NewMsg(gomail.WithEncoding(gomail.NoEncoding), gomail.WithNoDefaultUserAgent())
	if err := errors.Join(mail.FromFormat("Sallyport", from), mail.To(message.To)); err != nil {
		return fmt.Errorf("address a message: %w", err)
	}
	mail.Subject(message.Subject)
	mail.SetBodyString(gomail.TypeTextPlain, message.Text)
	mail.SetDate()
	mail.SetMessageIDWithValue(args.ID + "@sallyport")
	if s.SMTP == "" {
		return s.keep(mail, args.ID)
	}
	return s.deliver(ctx, mail)
}

func (s *Sender) open(ctx context.Context, args Send) (message Message, err error) {
	err = s.DB.Read(ctx, func(tx *database.ReadTx) error {
		key, err := s.Keys.Key(tx, seal.Directory)
		if err != nil {
			return err
		}
		text, err := key.Open(column, args.ID, args.Sealed)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &message)
	})
	return message, err
}

// keep writes the message under a name that sorts by time, whole or not at all.
func (s *Sender) keep(mail *gomail.Msg, id string) error {
	if err := os.MkdirAll(s.Outbox, 0o700); err != nil {
		return err
	}
	if kept, err := filepath.Glob(filepath.Join(s.Outbox, "*-"+id+".eml")); err != nil || len(kept) > 0 {
		return err // sent before: the job is run again
	}
	name := filepath.Join(s.Outbox, time.Now().UTC().Format("20060102T150405.000000")+"-"+id+".eml")
	file, err := os.OpenFile(name+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = mail.WriteTo(file)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(name+".part")))
	}
	return os.Rename(name+".part", name)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *Sender) deliver(ctx context.Context, mail *gomail.Msg) error {
	client, err := newClient(s.SMTP)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, mail)
	// What a server answers names the recipient, and errors of jobs are kept in clear.
	var refused *gomail.SendError
	if errors.As(err, &refused) {
		return fmt.Errorf("the mail server did not take a message: %s", refused.Reason)
	}
	return err
}

// CheckSMTP tells whether an SMTP URL can be used, without connecting.
func CheckSMTP(address string) error {
	_, err := newClient(address)
	return err
}

func newClient(address string) (*gomail.Client, error) {
	server, err := url.Parse(address)
	if err != nil || (server.Scheme != "smtp" && server.Scheme != "smtps") || server.Hostname() == "" {
		return nil, errors.New("the SMTP server is given as smtp://[USER:PASSWORD@]HOST[:PORT], or smtps:// for TLS from the start")
	}
	options := []gomail.Option{gomail.WithTimeout(30 * time.Second)}
	if server.Scheme == "smtps" {
		options = append(options, gomail.WithSSLPort(false))
	} else {
		options = append(options, gomail.WithTLSPortPolicy(gomail.TLSOpportunistic))
	}
	if text := server.Port(); text != "" {
		port, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		options = append(options, gomail.WithPort(port))
	}
	if password, ok := server.User.Password(); ok {
		// A password is sent over TLS or not at all.
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(server.User.Username()), gomail.WithPassword(password))
		if server.Scheme == "smtp" {
			options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
		}
	}
	return gomail.NewClient(server.Hostname(), options...)
}
