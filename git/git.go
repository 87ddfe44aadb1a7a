// Package git runs the git binary on bare repositories, closed off from everything
// else: it sees no configuration but ours, no hooks, no terminal, no other
// machine, and it ends with whoever asked.
//
// It knows objects and packs. Who may see them, and what the references of a
// repository are, is for others to say.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sallyport/sallyport/fault"
)

// Repository is a bare repository: the path of its folder.
type Repository string

// settings hold for every run of git. They are given on its command line, where
// nothing can override them.
var settings = []string{
	"-c", "core.hooksPath=" + os.DevNull,
	"-c", "core.fsmonitor=false",
	"-c", "core.alternateRefsCommand=false",
	"-c", "core.fsync=committed",
	"-c", "protocol.allow=never", // nothing is fetched from elsewhere
	"-c", "safe.directory=*", // the folder is ours, whoever it was mounted by
	"-c", "gc.auto=0",
	"-c", "maintenance.auto=false",
	"-c", "pack.threads=2",
	"-c", "pack.windowMemory=64m",
	"-c", "core.packedGitLimit=512m",
	"-c", "core.bigFileThreshold=64m", // larger ones are streamed, and never deltas of each other
	"-c", "uploadpack.allowFilter=true",
	"-c", "uploadpackfilter.sparse:oid.allow=false", // a pattern for every path of every commit
	"-c", "uploadpack.allowAnySHA1InWant=true", // what a partial clone asks for later
}

// largestAllocation is the most memory that git takes at once: what a small delta
// unfolds to must fit.
const largestAllocation = 256 << 20

var program = sync.OnceValues(func() (string, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return "", fmt.Errorf("the program git is needed for source repositories: %w", err)
	}
	return filepath.Abs(path)
})

// Find tells whether there is a git to run.
func Find() error {
	_, err := program()
	return err
}

// command prepares a run. Arguments that a caller chose go through standard input
// or after --end-of-options, never here.
func (r Repository) command(ctx context.Context, env []string, args ...string) (*exec.Cmd, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, append(append([]string{"--git-dir=" + string(r)}, settings...), args...)...)
	cmd.Dir = string(r)
	cmd.Env = append([]string{
		"PATH=" + filepath.Dir(path) + ":/usr/bin:/bin", "HOME=/nonexistent", "XDG_CONFIG_HOME=/nonexistent", "LC_ALL=C", "TZ=UTC",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=false", "SSH_ASKPASS=false", "GIT_ALLOW_PROTOCOL=", "GIT_PROTOCOL_FROM_USER=0", "GIT_NO_LAZY_FETCH=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0",
		"GIT_ALLOC_LIMIT=" + strconv.Itoa(largestAllocation),
	}, env...)
	// What git starts is of its process group, and ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
			return err
		}
		return os.ErrProcessDone
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

// run is a run with little output. All of stdin is read, or as much as git wants.
func (r Repository) run(ctx context.Context, env []string, stdin io.Reader, args ...string) ([]byte, error) {
	cmd, err := r.command(ctx, env, args...)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	var said complaint
	cmd.Stdout, cmd.Stderr = &out, &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if stdin != nil {
		io.Copy(in, stdin) // what goes wrong with the one, stdin knows; with the other, git says
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		return nil, said.explain(ctx, args[0], err)
	}
	return out.Bytes(), nil
}

// complaint keeps the beginning of what git writes to standard error.
type complaint struct{ text []byte }

func (c *complaint) Write(p []byte) (int, error) {
	if room := 4096 - len(c.text); room > 0 {
		c.text = append(c.text, p[:min(len(p), room)]...)
	}
	return len(p), nil
}

// Failure is a run of git that failed. What git said may name folders of this
// machine: it is for the log.
type Failure struct {
	Command string
	Said    string
	Err     error
}

func (f *Failure) Error() string {
	return fmt.Sprintf("git %s: %v: %s", f.Command, f.Err, strings.TrimSpace(f.Said))
}
func (f *Failure) Unwrap() error { return f.Err }

// Exited tells whether git ended by itself, rather than being ended.
func (f *Failure) Exited() bool {
	var exit *exec.ExitError
	return errors.As(f.Err, &exit) && exit.Exited()
}

// Reason is the last line in which git says what was wrong, without its prefix.
func (f *Failure) Reason() string {
	lines := strings.Split(strings.TrimSpace(f.Said), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		for _, prefix := range []string{"fatal: ", "error: "} {
			if text, ok := strings.CutPrefix(lines[i], prefix); ok && !strings.HasPrefix(text, "fsck error in pack") && !strings.Contains(text, "index-pack failed") {
				return text
			}
		}
	}
	return ""
}

func (c *complaint) explain(ctx context.Context, command string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return &Failure{command, string(c.text), err}
}

// Init makes a repository without a reference. Its folder must not exist yet.
func Init(path string) error {
	for _, folder := range []string{"", "objects", "objects/info", "objects/pack", "refs", "refs/heads", "incoming"} {
		if err := os.Mkdir(filepath.Join(path, folder), 0o700); err != nil {
			return err
		}
	}
	const config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tsharedRepository = 0600\n"
	if err := writeFile(filepath.Join(path, "config"), []byte(config)); err != nil {
		return err
	}
	return writeFile(filepath.Join(path, "HEAD"), []byte("ref: refs/heads/main\n"))
}

// writeFile writes a file so that it is there with all its content, or is not, even
// when the power goes.
func writeFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Advertise answers the first request of a fetch, without the line that names the
// service. protocol is the client's Git-Protocol header, or empty.
func (r Repository) Advertise(ctx context.Context, protocol string, to io.Writer) error {
	return r.uploadPack(ctx, protocol, nil, to, "--http-backend-info-refs")
}

// UploadPack answers any other request of a fetch.
func (r Repository) UploadPack(ctx context.Context, protocol string, from io.Reader, to io.Writer) error {
	return r.uploadPack(ctx, protocol, from, to, "--stateless-rpc")
}

func (r Repository) uploadPack(ctx context.Context, protocol string, from io.Reader, to io.Writer, mode string) error {
	var env []string
	if known[protocol] {
		env = append(env, "GIT_PROTOCOL="+protocol)
	}
	cmd, err := r.command(ctx, env, "upload-pack", "--strict", mode, ".")
	if err != nil {
		return err
	}
	var said complaint
	cmd.Stdin, cmd.Stdout, cmd.Stderr = from, to, &said
	if err := cmd.Run(); err != nil {
		return said.explain(ctx, "upload-pack", err)
	}
	return nil
}

// Version2 is how clients ask for version 2 of the protocol.
const Version2 = "version=2"

// known are the versions of the protocol that clients ask for.
var known = map[string]bool{"version=1": true, Version2: true}

// objectID is the name of an object: SHA-1, in hexadecimal digits.
func objectID(text string) bool {
	if len(text) != 40 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// ID is the name of an object; empty: none.
type ID string

// Zero is how the protocol writes that there is no object.
const Zero = "0000000000000000000000000000000000000000"

// ParseID reads the name of an object. That of none is empty.
func ParseID(text string) (ID, error) {
	switch {
	case text == Zero:
		return "", nil
	case !objectID(text):
		return "", fault.Invalidf("%.64q is not the id of a commit: 40 hexadecimal digits in lower case", text)
	}
	return ID(text), nil
}

// String writes the name as the protocol does.
func (id ID) String() string {
	if id == "" {
		return Zero
	}
	return string(id)
}

// Object is what is known of an object without its content.
type Object struct {
	ID   ID
	Type string // commit, tree, blob, tag; empty: there is none
	Size int64
}

// Lookup finds an object, and what a tag leads to in the end.
func (r Repository) Lookup(ctx context.Context, id ID) (object, peeled Object, err error) {
	b, err := r.objects(ctx, nil)
	if err != nil {
		return object, peeled, err
	}
	if object, peeled, err = b.lookup(id); err != nil {
		return object, peeled, errors.Join(err, b.Close())
	}
	return object, peeled, b.Close()
}

var errGone = errors.New("git ended before it answered")

func trimLine(line []byte) string { return string(bytes.TrimSuffix(line, []byte("\n"))) }
