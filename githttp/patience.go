package githttp

import (
	"io"
	"net/http"
	"time"
)

// A request may bring or take gigabytes, and git may think about it for minutes, so
// no time is set for all of it. It ends when the client neither sends nor takes
// anything for a while, and when it sends so slowly that it is there only to hold
// something up.
const slowest = 1 << 10 // bytes a second, on average

// patient is a request whose deadlines move. Whatever the server has set counts no
// more: over HTTP/1.1 a deadline for reading that passes while git works ends the
// request, over HTTP/2 any does.
type patient struct {
	control  *http.ResponseController
	patience time.Duration
}

func (p patient) begin() error { return p.set(time.Time{}) }

// end leaves the server some time for what is left: to send the last of the answer, and
// to read what is of no use any more.
func (p patient) end() error { return p.set(time.Now().Add(p.patience)) }

func (p patient) set(due time.Time) error {
	if err := p.control.SetReadDeadline(due); err != nil {
		return err
	}
	return p.control.SetWriteDeadline(due)
}

// body is a request's, read for as long as it comes.
type body struct {
	io.ReadCloser
	patient
	begun time.Time
	read  int64
}

func (b *body) Read(p []byte) (n int, err error) {
	due := b.begun.Add(b.patience + time.Duration(b.read/slowest)*time.Second)
	if soon := time.Now().Add(b.patience); soon.Before(due) {
		due = soon
	}
	if err := b.control.SetReadDeadline(due); err != nil {
		return 0, err
	}
	n, err = b.ReadCloser.Read(p)
	b.read += int64(n)
	if cleared := b.control.SetReadDeadline(time.Time{}); err == nil {
		err = cleared
	}
	return n, err
}

// answer is the answer to a request, written for as long as it is taken.
type answer struct {
	http.ResponseWriter
	patient
	begun bool
}

func (a *answer) Write(p []byte) (written int, err error) {
	a.begun = true
	for {
		part := p[written:min(len(p), written+32<<10)]
		if err := a.control.SetWriteDeadline(time.Now().Add(a.patience)); err != nil {
			return written, err
		}
		n, err := a.ResponseWriter.Write(part)
		if written += n; err != nil || written == len(p) {
			if cleared := a.control.SetWriteDeadline(time.Time{}); err == nil {
				err = cleared
			}
			return written, err
		}
	}
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
