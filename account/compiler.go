package account

import (
	"fmt"
	"sync"

	"github.com/sallyport/sallyport/policy"
)

// Compiler keeps compiled policies by their text. The zero Compiler is ready,
// and safe for concurrent use.
type Compiler struct {
	mu    sync.RWMutex
	known map[source]*policy.Policy
}

type source struct {
	kind policy.Kind
	text string
}

// kept bounds how many policies are; when there are more, all start anew.
const kept = 1 << 15

// Policy compiles a document that was checked when it was written.
func (c *Compiler) Policy(kind policy.Kind, text string) (*policy.Policy, error) {
	c.mu.RLock()
	p := c.known[source{kind, text}]
	c.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	p, err := policy.Compile(kind, text)
	if err != nil {
		return nil, fmt.Errorf("a stored policy does not compile: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= kept {
		c.known = map[source]*policy.Policy{}
	}
	c.known[source{kind, text}] = p
	return p, nil
}
