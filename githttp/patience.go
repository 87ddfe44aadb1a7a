package githttp

import (
	"io"
	"net/http"
	"time"
)

// A request may bring or take gigabytes, so no time is set for all of it. It ends
// when nothing moves for a while, and when it moves so slowly that it is there
// only to hold something up.
const slowest = 1 << 10 // bytes a second, on average

// body is a request's, read for as long as it comes.
type body struct {
	io.ReadCloser
	control  *http.ResponseController
	begun    time.Time
	read     int64
	patience time.Duration
}

func (b *body) Read(p []byte) (int, error) {
	now := time.Now()
	due := b.begun.Add(b.patience + time.Duration(b.read/slowest)*time.Second)
	if soon := now.Add(b.patience); soon.Before(due) {
		due = soon
	}
	if err := b.control.SetReadDeadline(due); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}

// answer is the answer to a request, written for as long as it is taken.
type answer struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	begun    bool
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	for written := 0; ; {
		part := p[written:min(len(p), written+32<<10)]
		if err := a.control.SetWriteDeadline(time.Now().Add(a.patience)); err != nil {
			return written, err
		}
		n, err := a.ResponseWriter.Write(part)
		if written += n; err != nil || written == len(p) {
			return written, err
		}
	}
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
