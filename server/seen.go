package server

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
)

// seen gathers which sessions and access keys were used, between two writes of it.
type seen struct {
	mu       sync.Mutex
	sessions map[credential.SessionID]bool
	keys     map[string]account.Use
}

func (s *seen) add(caller authn.Caller, service string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions == nil {
		s.sessions, s.keys = map[credential.SessionID]bool{}, map[string]account.Use{}
	}
	if caller.SessionID != "" {
		s.sessions[caller.SessionID] = true
	}
	if p := caller.Principal; p != nil && p.Session == nil && p.KeyID != "" {
		s.keys[p.KeyID] = account.Use{At: at, Service: service, Region: caller.Region}
	}
}

func (s *seen) take() (map[credential.SessionID]bool, map[string]account.Use) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sessions, keys := s.sessions, s.keys
	s.sessions, s.keys = nil, nil
	return sessions, keys
}

// quiet is a logger for the job queue, which tells at length of how it starts.
func quiet(logger *slog.Logger) *slog.Logger { return slog.New(warnings{logger.Handler()}) }

type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level > slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }

// httpLog hands net/http's complaints about clients to the structured log.
type httpLog struct{ *slog.Logger }

func newHTTPLog(logger *slog.Logger) *log.Logger { return log.New(httpLog{logger}, "", 0) }

func (l httpLog) Write(line []byte) (int, error) {
	l.Debug("http", "message", string(bytes.TrimSpace(line)))
	return len(line), nil
}
