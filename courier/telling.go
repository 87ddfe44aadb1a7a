package courier

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// telling is the log of a run. It is safe for concurrent use.
type telling struct {
	now func() time.Time
	mu  sync.Mutex
	log strings.Builder
}

func newTelling(now func() time.Time) *telling { return &telling{now: now} }

// say adds a line, with the time.
func (t *telling) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(&t.log, "%s  %s\n", t.now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

// Write adds text as it is.
func (t *telling) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.log.Write(p)
}

func (t *telling) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.log.String()
}
