package credential

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAPasswordIsVerifiedAgainstItsHash(t *testing.T) {
	ctx := t.Context()
	hash, err := Hash(ctx, "four words, or five")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=47104,t=1,p=1$") || NeedsRehash(hash) {
		t.Errorf("the hash is %s", hash)
	}
	again, err := Hash(ctx, "four words, or five")
	if err != nil || again == hash {
		t.Errorf("hashed twice: %s and %s, %v", hash, again, err)
	}
	for plain, want := range map[string]bool{"four words, or five": true, "four words, or six": false, "": false} {
		if got, err := Verify(ctx, hash, plain); got != want || err != nil {
			t.Errorf("%q: %t, %v", plain, got, err)
		}
	}
}

// From the tests of the reference implementation, phc-winner-argon2 src/test.c.
func TestAHashMadeElsewhereVerifies(t *testing.T) {
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if got, err := Verify(t.Context(), hash, "password"); !got || err != nil {
		t.Errorf("%t, %v", got, err)
	}
	if !NeedsRehash(hash) {
		t.Error("it is as strong as today's")
	}
}

func TestNobodysPasswordIsRefusedAfterTheSameWork(t *testing.T) {
	if nobody.cost != current || len(nobody.key) != keyLength || len(nobody.salt) != saltLength {
		t.Errorf("verifying against nobody costs %v", nobody.cost)
	}
	if got, err := Verify(t.Context(), "", "four words, or five"); got || err != nil {
		t.Errorf("%t, %v", got, err)
	}
}

func TestHashingWaitsItsTurn(t *testing.T) {
	for range cap(hashing) {
		hashing <- struct{}{}
	}
	defer func() {
		for range cap(hashing) {
			<-hashing
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := Hash(ctx, "four words, or five"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hashing ended with %v", err)
	}
	if _, err := Verify(ctx, nobody.String(), "four words, or five"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("verifying ended with %v", err)
	}
}

var hashes = []struct {
	what, hash string
	good       bool
}{
	{"a hash", nobody.String(), true},
	{"nothing", "", false},
	{"another scheme", "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", false},
	{"argon2i", strings.Replace(nobody.String(), "argon2id", "argon2i", 1), false},
	{"another version", strings.Replace(nobody.String(), "v=19", "v=16", 1), false},
	{"no time", strings.Replace(nobody.String(), "t=1", "t=0", 1), false},
	{"no threads", strings.Replace(nobody.String(), "p=1", "p=0", 1), false},
	{"too much memory", strings.Replace(nobody.String(), "m=47104", "m=4194304", 1), false},
	{"memory beyond counting", strings.Replace(nobody.String(), "m=47104", "m=99999999999999999999", 1), false},
	{"no key", nobody.String()[:strings.LastIndex(nobody.String(), "$")], false},
	{"padding", nobody.String() + "=", false},
	{"a line end", nobody.String() + "\n", false},
	{"stray bits", nobody.String()[:len(nobody.String())-1] + "B", false},
}

func TestOnlyArgon2idIsAHash(t *testing.T) {
	for _, row := range hashes {
		if _, err := parsePHC(row.hash); row.good != (err == nil) {
			t.Errorf("%s: %v", row.what, err)
		}
		if _, err := Verify(t.Context(), row.hash, "x"); !row.good && row.hash != "" && err == nil {
			t.Errorf("%s is verified against", row.what)
		}
		if NeedsRehash(row.hash) == row.good {
			t.Errorf("%s needs hashing anew: %t", row.what, !row.good)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	for _, row := range hashes {
		f.Add(row.hash)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err != nil {
			return
		}
		if p.String() != text {
			t.Errorf("%q is written %q", text, p.String())
		}
		if p.time < 1 || p.threads < 1 || p.memory > maxMemory || len(p.salt) < 8 || len(p.key) < 16 {
			t.Errorf("%q asks for %+v", text, p)
		}
	})
}
