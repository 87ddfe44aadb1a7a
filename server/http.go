package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

// observed wraps a handler with what every request gets: a record of its own, one log
// line, its place in the metrics, and an answer even when the handler panics.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		request := &operation.Request{
			ID: uuid.NewString(), Address: s.clientAddress(r), UserAgent: userAgent(r), BaseURL: s.baseURL(r),
		}
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			cause := recover()
			if cause == http.ErrAbortHandler { // meant: the connection is to be closed without an answer
				s.note(r, request, answer, time.Since(begun))
				panic(cause)
			}
			if cause != nil {
				s.config.Log.Error("panic", "request", request.ID, "cause", cause, "stack", string(debug.Stack()))
				if !answer.begun {
					http.Error(answer, "internal error, request "+request.ID, http.StatusInternalServerError)
				}
			}
			s.note(r, request, answer, time.Since(begun))
		}()
		answer.Header().Set("X-Content-Type-Options", "nosniff")
		if s.pinned() {
			answer.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(answer, operation.WithRequest(r, request))
	})
}

// straight refuses paths with a segment that is empty, "." or "..". A mux would
// answer them with a redirect to the cleaned path, and a client that asked to
// delete the project ".." would follow it and delete the space.
func straight(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		segments := strings.Split(r.URL.EscapedPath(), "/")[1:]
		for i, segment := range segments {
			name, err := url.PathUnescape(segment)
			if last := i == len(segments)-1; err != nil || name == "." || name == ".." || name == "" && !last {
				wire.Failure{Status: http.StatusBadRequest, Code: "ValidationException", Message: "a name in the path is empty, . or .."}.EncodeRestJSON(w)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// userAgent is what is kept of that header: clients put in what they like.
func userAgent(r *http.Request) string {
	agent := r.UserAgent()
	return agent[:min(len(agent), 256)]
}

// pinned tells whether browsers should come back over TLS alone. On a name of
// this machine that would hit whatever else is served there.
func (s *Server) pinned() bool {
	own, err := url.Parse(s.url)
	return err == nil && own.Scheme == "https" && s.config.TLS != "self-signed" && !isLoopback(own.Hostname())
}

// probe holds the paths that machines ask to see whether the server is well.
var probe = map[string]bool{"/livez": true, "/readyz": true, "/metrics": true}

// note writes the line and counts. What a caller chose freely, such as the path,
// is a value of the line and never a label of a metric.
func (s *Server) note(r *http.Request, request *operation.Request, answer *recorder, took time.Duration) {
	result := "ok"
	if request.Fault != nil {
		result = request.Fault.Kind.String()
	}
	labels := prometheus.Labels{"operation": request.Operation, "result": result, "status": strconv.Itoa(answer.status)}
	s.metrics.requests.With(labels).Inc()
	s.metrics.seconds.WithLabelValues(request.Operation).Observe(took.Seconds())
	level := slog.LevelInfo
	if probe[r.URL.Path] {
		level = slog.LevelDebug // they come every few seconds and say the same
	}
	if !s.config.Log.Enabled(r.Context(), level) {
		return
	}
	// The query may hold codes, so the path is logged without it.
	line := []slog.Attr{
		slog.String("request", request.ID), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", answer.status), slog.Int64("bytes", answer.bytes), slog.Duration("took", took), slog.String("address", request.Address),
	}
	if request.Operation != "" {
		line = append(line, slog.String("operation", request.Operation), slog.String("result", result))
	}
	if request.Caller.Known() {
		line = append(line, slog.String("user", string(request.Caller.UserID)))
		if token := request.Caller.Token; token != nil {
			line = append(line, slog.String("token", string(token.ID)))
		}
		if p := request.Caller.Principal; p != nil {
			line = append(line, slog.String("principal", p.Caller()))
		}
	}
	s.config.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", line...)
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	begun  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.begun {
		r.status, r.begun = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.begun = true
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// clientAddress is who is at the other end. Behind a proxy that is the last
// address the proxy added: earlier ones were written by the client.
func (s *Server) clientAddress(r *http.Request) string {
	if s.config.BehindProxy {
		if chain := r.Header.Values("X-Forwarded-For"); len(chain) > 0 {
			last := chain[len(chain)-1]
			if ip := net.ParseIP(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])); ip != nil {
				return ip.String()
			}
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// baseURL is the server's own address, in the name the caller used for it where
// that is one of this machine's: whoever came to localhost keeps their cookies
// there. No other Host is believed.
func (s *Server) baseURL(r *http.Request) string {
	own, err := url.Parse(s.url)
	if err != nil || r.Host == own.Host {
		return s.url
	}
	asked := url.URL{Host: r.Host}
	if isLoopback(own.Hostname()) && isLoopback(asked.Hostname()) && asked.Port() == own.Port() {
		return own.Scheme + "://" + r.Host
	}
	return s.url
}
