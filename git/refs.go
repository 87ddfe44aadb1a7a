package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/fault"
)

// Ref is a reference.
type Ref struct {
	Name   string
	Target ID
	Peeled ID // what an annotated tag leads to; empty: Target is no tag
}

const longestRef = 1024

// CheckRef refuses what is not a name of a reference, by the rules of
// git-check-ref-format(1).
func CheckRef(name string) error {
	bad := func(why string) error {
		return fault.Invalidf("%.300q cannot be the name of a reference: %s", name, why)
	}
	switch {
	case !strings.HasPrefix(name, "refs/"):
		return bad("it does not begin with refs/")
	case len(name) > longestRef:
		return bad(fmt.Sprintf("it has more than %d bytes", longestRef))
	case !utf8.ValidString(name):
		return bad("it is not UTF-8")
	case strings.ContainsFunc(name, func(c rune) bool { return c == ' ' || unicode.IsControl(c) || strings.ContainsRune(`~^:?*[\`, c) }):
		return bad(`it has a space, a control character or one of ~^:?*[\ in it`)
	case strings.Contains(name, ".."), strings.Contains(name, "@{"):
		return bad("it has .. or @{ in it")
	case strings.HasSuffix(name, "."):
		return bad("it ends in a dot")
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return bad("it has an empty part")
		case part[0] == '.', strings.HasSuffix(part, ".lock"):
			return bad("a part of it begins with a dot or ends in .lock")
		case part[0] == '-':
			return bad("a part of it begins with -") // Git allows it, and then takes it for an option
		}
	}
	return nil
}

// The references of a repository stand in one file, packed-refs, that is replaced as
// a whole: whoever reads sees all of a change or none of it. Its first line, for which
// see packed-refs in gitrepository-layout(5), names its version too.
const (
	packedRefs = "packed-refs"
	traits     = "# pack-refs with: peeled fully-peeled sorted version="
)

// Version is that of the references as they were last written; 0: never.
func (r Repository) Version() (int64, error) {
	file, err := os.Open(filepath.Join(string(r), packedRefs))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	line, err := bufio.NewReader(file).ReadString('\n')
	text, ok := strings.CutPrefix(strings.TrimSpace(line), traits)
	if err != nil || !ok {
		return 0, nil // whatever it is, it is not ours: to be written anew
	}
	version, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, nil
	}
	return version, nil
}

// WriteRefs replaces the references, and what HEAD is: a reference too, which need
// not exist. The caller holds the lock.
func (r Repository) WriteRefs(version int64, head string, refs []Ref) error {
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	var text strings.Builder
	fmt.Fprintf(&text, "%s%d \n", traits, version)
	for _, ref := range refs {
		text.WriteString(string(ref.Target) + " " + ref.Name + "\n")
		if ref.Peeled != "" {
			text.WriteString("^" + string(ref.Peeled) + "\n")
		}
	}
	path := filepath.Join(string(r), "HEAD")
	line := "ref: " + head + "\n"
	if is, err := os.ReadFile(path); err != nil || string(is) != line {
		if err := writeFile(path, []byte(line)); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(string(r), packedRefs), []byte(text.String()))
}

// Lock waits until nobody else, in this process or another on this folder, changes
// the references. The kernel drops the lock with its holder.
func (r Repository) Lock(ctx context.Context) (unlock func() error, err error) {
	return r.lock(ctx, "lock")
}

func (r Repository) lock(ctx context.Context, name string) (unlock func() error, err error) {
	file, err := os.OpenFile(filepath.Join(string(r), name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", r, err), file.Close())
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), file.Close())
		}
	}
}
