package server

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport/sallyport/credential"
)

// sessionsSeen gathers which sessions were used, between two writes of it.
type sessionsSeen struct {
	mu  sync.Mutex
	ids map[credential.SessionID]bool
}

func (s *sessionsSeen) add(id credential.SessionID, _ time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil {
		s.ids = map[credential.SessionID]bool{}
	}
	s.ids[id] = true
}

func (s *sessionsSeen) take() map[credential.SessionID]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.ids
	s.ids = nil
	return ids
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
