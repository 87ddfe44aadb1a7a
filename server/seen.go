package server

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/space"
)

// seen gathers which credentials were used, between two writes of it.
type seen struct {
	mu sync.Mutex
	uses
}

type uses struct {
	sessions map[credential.SessionID]bool
	keys     map[string]account.Use
	tokens   map[tokenInSpace]credential.Use
}

// A token's use is told to the administrators of the space it was used in alone.
type tokenInSpace struct {
	id    credential.AccessTokenID
	space space.ID
}

func (u uses) none() bool { return len(u.sessions) == 0 && len(u.keys) == 0 && len(u.tokens) == 0 }

func (s *seen) add(call *operation.Call, service string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions == nil {
		s.uses = uses{map[credential.SessionID]bool{}, map[string]account.Use{}, map[tokenInSpace]credential.Use{}}
	}
	caller := call.Caller
	if caller.SessionID != "" {
		s.sessions[caller.SessionID] = true
	}
	if p := caller.Principal; p != nil && p.Session == nil && p.KeyID != "" {
		s.keys[p.KeyID] = account.Use{At: at, Service: service, Region: caller.Region}
	}
	if in := call.Grant.Space.ID; caller.Token != nil && in != "" {
		s.tokens[tokenInSpace{caller.Token.ID, in}] = credential.Use{Space: string(in), At: at, Address: call.Request.Address}
	}
}

func (s *seen) take() uses {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.uses
	s.uses = uses{}
	return taken
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
