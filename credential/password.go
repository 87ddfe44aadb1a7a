package credential

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"regexp"
	"runtime"
	"strconv"

	"golang.org/x/crypto/argon2"
)

// cost is what a guess at a password costs.
type cost struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// Of the argon2id settings that the OWASP Password Storage Cheat Sheet holds
// equally strong, the one with the most memory, which is what guessing on
// graphics cards lacks. One thread, because the hashes that run at once are
// bounded by the processors: a hash takes its turn and not its neighbour's.
var current = cost{memory: 47104, time: 1, threads: 1}

const (
	saltLength = 16 // RFC 9106 section 3.1
	keyLength  = 32
)

// hashing admits as many hashes at once as there are processors, so that a burst
// of sign-ins queues instead of taking 46 MiB each.
var hashing = make(chan struct{}, runtime.NumCPU())

// Hash is what to store of a password, in the PHC string format. It is slow on
// purpose: call it outside any transaction. It fails only when ctx ends first.
func Hash(ctx context.Context, plain string) (string, error) {
	hash := phc{cost: current, salt: make([]byte, saltLength), key: make([]byte, keyLength)}
	rand.Read(hash.salt)
	key, err := hash.derive(ctx, plain)
	if err != nil {
		return "", err
	}
	hash.key = key
	return hash.String(), nil
}

// nobody is the hash of no password: verifying against it takes as long as
// against anybody's.
var nobody = phc{cost: current, salt: make([]byte, saltLength), key: make([]byte, keyLength)}

// Verify tells whether hash was made of this password. For somebody who does not
// exist give an empty hash: the answer is no, after the same work, so that time
// does not tell who exists. Call it outside any transaction.
func Verify(ctx context.Context, hash, plain string) (bool, error) {
	stored, err := nobody, error(nil)
	if hash != "" {
		if stored, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	key, err := stored.derive(ctx, plain)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, stored.key) == 1 && hash != "", nil
}

// NeedsRehash tells whether a hash was made at another cost than today's. Whoever
// has just verified a password can store it hashed anew.
func NeedsRehash(hash string) bool {
	stored, err := parsePHC(hash)
	return err != nil || stored.cost != current || len(stored.salt) != saltLength || len(stored.key) != keyLength
}

// phc is a hash with everything needed to make it again:
// $argon2id$v=19$m=47104,t=1,p=1$<salt>$<key>
type phc struct {
	cost
	salt, key []byte
}

func (p phc) derive(ctx context.Context, plain string) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	return argon2.IDKey([]byte(plain), p.salt, p.time, p.memory, p.threads, uint32(len(p.key))), nil
}

func (p phc) String() string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, encode(p.salt), encode(p.key))
}

var phcForm = regexp.MustCompile(`^\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]?),p=([1-9][0-9]?)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$`)

// maxMemory keeps a row that somebody tampered with from taking the machine down.
const maxMemory = 1 << 20 // KiB: 1 GiB

func parsePHC(text string) (phc, error) {
	parts := phcForm.FindStringSubmatch(text)
	if parts == nil {
		return phc{}, fmt.Errorf("a stored password is not an argon2id hash")
	}
	number := func(digits string) uint64 {
		n, _ := strconv.ParseUint(digits, 10, 32) // the form allows nothing else
		return n
	}
	p := phc{cost: cost{memory: uint32(number(parts[1])), time: uint32(number(parts[2])), threads: uint8(number(parts[3]))}}
	if p.memory > maxMemory {
		return phc{}, fmt.Errorf("a stored password asks for %d KiB of memory", p.memory)
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil {
		return phc{}, fmt.Errorf("salt of a stored password: %w", err)
	}
	if p.key, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil {
		return phc{}, fmt.Errorf("key of a stored password: %w", err)
	}
	return p, nil
}
