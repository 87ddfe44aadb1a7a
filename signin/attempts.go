package signin

import (
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
)

// attempts slows down guessing at one account (OWASP ASVS 5.0 section 6.3): ten
// tries at once from one place, then one every half minute, and far more from all
// places together. So no one place can keep the owner out of theirs; a few dozen
// networks together can slow them down. Names that nobody has are counted just as
// well, so it does not tell who has an account. That an alias and an address are
// counted together tells whoever tries both that they are one person's.
type attempts struct {
	near   tries // at an account from one place
	far    tries // at an account from everywhere
	within tries // at the present password, in one session
}

var (
	nearPace = pace{atOnce: 10, every: 30 * time.Second}
	farPace  = pace{atOnce: 200, every: 10 * time.Second}
)

// signIn admits a try at an account from an address. What is refused near does
// not count far, so that one place uses up less than comes back.
func (a *attempts) signIn(account, address string, now time.Time) error {
	if !a.near.admit(keyOf(account, operation.Prefix(address)), nearPace, now) || !a.far.admit(keyOf(account), farPace, now) {
		return fault.Throttledf("too many tries to sign in to this account: wait half a minute and try again")
	}
	return nil
}

// signedIn gives back the try of somebody who knew the password.
func (a *attempts) signedIn(account, address string) {
	a.near.giveBack(keyOf(account, operation.Prefix(address)), nearPace)
	a.far.giveBack(keyOf(account), farPace)
}

// change admits a try at the present password of whoever is signed in. It has
// nothing to do with signing in, so that strangers cannot use it up.
func (a *attempts) change(user, session string, now time.Time) error {
	if !a.within.admit(keyOf(user, session), nearPace, now) {
		return fault.Throttledf("too many tries at the present password: wait half a minute and try again")
	}
	return nil
}

// accountOf is what tries are counted by: the user, by whichever of their names,
// or the name when it is nobody's. Names are folded as they are where users are
// looked up, or the spellings of one name would tell whether it is somebody's.
func accountOf(user directory.User, store, login string) string {
	login = strings.TrimSpace(login)
	switch {
	case user.ID != "":
		return string(user.ID)
	case store != "":
		return store + "/" + identitycenter.FoldName(login)
	}
	return strings.ToLower(login)
}

// key is as short for the longest name that can be typed.
type key [sha256.Size]byte

func keyOf(parts ...string) key { return sha256.Sum256([]byte(strings.Join(parts, "\x00"))) }

// pace is how many tries there are at once, and how long one takes to come back.
type pace struct {
	atOnce int
	every  time.Duration
}

// tries are counted in the memory of one node: by key, when all of them will have
// come back.
type tries struct {
	mu    sync.Mutex
	until map[key]time.Time
	swept time.Time
}

// maxKeys is some 10 MiB. Beyond it one is forgotten for each that is added, and
// whoever adds them cannot choose which.
const maxKeys = 100_000

func (t *tries) admit(k key, p pace, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.until == nil || now.Sub(t.swept) > time.Minute {
		t.sweep(now)
	}
	until, known := t.until[k]
	if !known {
		t.makeRoom()
	}
	if until.Before(now) {
		until = now
	}
	if until.Sub(now) > time.Duration(p.atOnce-1)*p.every {
		return false
	}
	t.until[k] = until.Add(p.every)
	return true
}

func (t *tries) giveBack(k key, p pace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until, known := t.until[k]; known {
		t.until[k] = until.Add(-p.every)
	}
}

// sweep forgets those that have all their tries again.
func (t *tries) sweep(now time.Time) {
	kept := map[key]time.Time{}
	for k, until := range t.until {
		if until.After(now) {
			kept[k] = until
		}
	}
	t.until, t.swept = kept, now
}

func (t *tries) makeRoom() {
	for k := range t.until { // in no order
		if len(t.until) < maxKeys {
			return
		}
		delete(t.until, k)
	}
}
