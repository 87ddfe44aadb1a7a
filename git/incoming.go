package git

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/fault"
)

// Limits are on what a push may bring.
type Limits struct {
	Pack    int64 // bytes sent
	Room    int64 // bytes that must stay free on the disk
	Blob    int64 // bytes of a file
	Commit  int64 // bytes of a commit, or of a tag, with all that is said about it
	Message int   // characters of a commit's message; 0: any
	Path    int   // bytes of a file's path
	Depth   int   // names in a file's path
}

const (
	// largestTree bounds one folder, some hundred thousand files.
	largestTree = 16 << 20
	// mostFolders bounds what is walked to measure the paths of one push.
	mostFolders, mostPlaces = 1 << 20, 1 << 23
	// mostObjects bounds the list of what a push brings: git takes 64 bytes for each at
	// once.
	mostObjects = largestAllocation/64 - 1
)

// Incoming is what a push brings, kept apart from the repository, which does not
// see it until it is kept.
type Incoming struct {
	repository Repository
	folder     string // empty: nothing came
	name       string // of the pack in it; empty: it holds nothing
}

// Receive reads a pack, which must end with the stream, into a folder of its own. The
// pack may build on what the repository has. Afterwards every object in it is
// whole, well-formed, and has all it refers to, in the pack or in the repository.
// Whatever is returned has to be discarded, unless it was kept.
func (r Repository) Receive(ctx context.Context, pack io.Reader, limits Limits) (*Incoming, error) {
	in := &Incoming{repository: r}
	header := make([]byte, 12)
	if _, err := io.ReadFull(pack, header); err != nil {
		return in, cutShort(err)
	}
	if string(header[:4]) != "PACK" || binary.BigEndian.Uint32(header[4:]) != 2 {
		return in, fault.Invalidf("the push carries no pack of version 2")
	}
	switch count := binary.BigEndian.Uint32(header[8:]); {
	case count == 0:
		return in, nothing(header, pack)
	case count > mostObjects:
		return in, fault.Quotaf("the push brings %d objects: at most %d at once, push the history in parts", count, mostObjects)
	}
	if err := in.receive(ctx, io.MultiReader(bytes.NewReader(header), pack), limits); err != nil {
		return in, err
	}
	return in, nil
}

func cutShort(err error) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Invalidf("the push ended before its pack did")
	}
	return &fault.Error{Kind: fault.Invalid, Message: "the push could not be read to its end", Err: err}
}

// nothing reads the rest of a pack without an object.
func nothing(header []byte, pack io.Reader) error {
	rest, err := io.ReadAll(io.LimitReader(pack, sha1.Size+1))
	if err != nil {
		return cutShort(err)
	}
	if sum := sha1.Sum(header); !bytes.Equal(rest, sum[:]) {
		return fault.Invalidf("the push carries a pack that is damaged")
	}
	return nil
}

func (in *Incoming) receive(ctx context.Context, pack io.Reader, limits Limits) (err error) {
	if in.folder, err = os.MkdirTemp(filepath.Join(string(in.repository), "incoming"), "push-"); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(in.folder, "pack"), 0o700); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream := &metered{from: pack, most: limits.Pack, check: func() error { return in.room(limits.Room) }}
	// What is left to do once all has come is in proportion to it, unless the pack is
	// made to waste time.
	stream.ended = func(n int64) {
		time.AfterFunc(2*time.Minute+time.Duration(n>>20)*500*time.Millisecond, func() { cancel(errTooMuchWork) })
	}
	// "tickled" old histories: what earlier versions of git wrote and everybody has.
	const lenient = "--strict=missingSpaceBeforeDate=ignore,badTimezone=ignore,zeroPaddedFilemode=ignore,missingEmail=ignore,missingNameBeforeEmail=ignore"
	out, err := in.repository.run(ctx, in.env(), stream, "index-pack", "--stdin", "--fix-thin", lenient)
	if stream.err != nil {
		return cutShort(stream.err)
	}
	if err != nil {
		return explainPack(ctx, err)
	}
	// "pack\t<name>\n"
	_, name, ok := strings.Cut(strings.TrimSpace(string(out)), "\t")
	if !ok || !objectID(name) {
		return fmt.Errorf("git index-pack said %q", out)
	}
	in.name = name
	return nil
}

var errTooMuchWork = fault.Invalidf("the pack of the push takes far longer to unfold than its size explains")

// badObject is how git says what is wrong with an object: by a name that
// git-fsck(1) lists. What follows may quote the object.
var badObject = regexp.MustCompile(`object ([0-9a-f]{40}): (\w+): `)

// explainPack tells the caller what git found wrong with a pack. Git's words about
// packs name objects alone.
func explainPack(ctx context.Context, err error) error {
	var failed *Failure
	if !errors.As(err, &failed) || context.Cause(ctx) != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errTooMuchWork) {
			return cause
		}
		return err
	}
	reason := failed.Reason()
	if bad := badObject.FindStringSubmatch(failed.Said); bad != nil {
		reason = fmt.Sprintf("object %s: %s", bad[1], bad[2])
	}
	switch {
	case strings.Contains(reason, "attempting to allocate"):
		return &fault.Error{Kind: fault.Quota, Err: err, Message: fmt.Sprintf(
			"a file of the push unfolds from a delta to more than %d MB: push it whole, git -c core.bigFileThreshold=64m push", largestAllocation>>20)}
	case reason == "" || strings.Contains(reason, "/"):
		return &fault.Error{Kind: fault.Invalid, Message: "the pack of the push is damaged or incomplete", Err: err}
	}
	return &fault.Error{Kind: fault.Invalid, Message: "the pack of the push is refused: " + reason, Err: err}
}

// room refuses what would fill the disk: the database may lie on it, and then nobody
// could do anything.
func (in *Incoming) room(least int64) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(in.folder, &disk); err != nil {
		return err
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < uint64(least) {
		return fault.Quotaf("the server's disk has no room for the push: ask whoever runs it for more")
	}
	return nil
}

// metered reads no more than a push may bring, and than there is room for.
type metered struct {
	from  io.Reader
	most  int64
	read  int64
	check func() error // whether there is
	next  int64        // at which it is asked again
	err   error        // why it ended early
	ended func(n int64)
}

// often is after how much is looked again how much room there is.
const often = 16 << 20

func (m *metered) Read(p []byte) (int, error) {
	if m.err == nil && m.read >= m.next {
		m.next, m.err = m.read+often, m.check()
	}
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.from.Read(p)
	m.read += int64(n)
	switch {
	case m.read > m.most:
		m.err = fault.Quotaf("the push brings more than %d MB: at most that much at once, push the history in parts", m.most>>20)
		return 0, m.err
	case err == io.EOF:
		m.ended(m.read)
	case err != nil:
		m.err = err
	}
	return n, err
}

// env makes git write into the folder, and read the repository as well.
func (in *Incoming) env() []string {
	if in.folder == "" {
		return nil
	}
	return []string{"GIT_OBJECT_DIRECTORY=" + in.folder, "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + filepath.Join(string(in.repository), "objects")}
}

// Tip is what a reference is to point at.
type Tip struct {
	Object, Peeled Object
}

// Check holds what came, and what the references are to point at, against the
// limits.
func (in *Incoming) Check(ctx context.Context, ids []ID, limits Limits) (tips []Tip, err error) {
	if len(ids) == 0 && in.name == "" {
		return nil, nil
	}
	o, err := in.repository.objects(ctx, in.env())
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := o.Close(); err == nil {
			err = closed
		}
	}()
	if in.name != "" {
		if err := in.checkObjects(o, limits); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		object, peeled, err := o.lookup(id)
		if err != nil {
			return nil, err
		}
		tips = append(tips, Tip{object, peeled})
	}
	return tips, checkPaths(o, ids, limits)
}

// checkObjects looks at the size of each object that came, and at each commit.
func (in *Incoming) checkObjects(o *objects, limits Limits) error {
	names, err := readIndex(filepath.Join(in.folder, "pack", "pack-"+in.name+".idx"))
	if err != nil {
		return err
	}
	most := map[string]int64{"blob": limits.Blob, "commit": limits.Commit, "tag": limits.Commit, "tree": largestTree}
	var commits []ID
	err = o.each("info", names.all, func(object Object, _ io.Reader) error {
		if size := most[object.Type]; object.Size > size {
			return fault.Quotaf("the %s %s of the push has %d bytes: at most %d", what[object.Type], object.ID, object.Size, size)
		}
		if object.Type == "commit" && limits.Message > 0 {
			commits = append(commits, object.ID)
		}
		return nil
	})
	if err != nil || len(commits) == 0 {
		return err
	}
	return o.each("contents", these(commits...), func(object Object, content io.Reader) error {
		text, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		_, message, _ := bytes.Cut(text, []byte("\n\n"))
		if n := utf8.RuneCount(bytes.TrimSpace(message)); n > limits.Message {
			return fault.Quotaf("the message of commit %s has %d characters: at most %d in this repository", object.ID, n, limits.Message)
		}
		return nil
	})
}

var what = map[string]string{"blob": "file", "commit": "commit", "tag": "tag", "tree": "folder"}

// index is the list of a pack's objects, as its index has it.
type index []byte

const idLength = sha1.Size

func (x index) all(yield func(ID) bool) {
	for at := 0; at < len(x); at += idLength {
		if !yield(ID(hex.EncodeToString(x[at : at+idLength]))) {
			return
		}
	}
}

// readIndex reads the names out of an index of version 2: gitformat-pack(5).
func readIndex(path string) (index, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	head := make([]byte, 8+256*4)
	if _, err := io.ReadFull(file, head); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(head, []byte("\xfftOc\x00\x00\x00\x02")) {
		return nil, fmt.Errorf("%s is no index of version 2", path)
	}
	count := int64(binary.BigEndian.Uint32(head[len(head)-4:]))
	names := make(index, count*idLength)
	_, err = io.ReadFull(bufio.NewReader(file), names)
	return names, err
}

// folders measures the paths below some trees. Each tree is read once, however often
// it is met: a few trees that hold each other ten times over make more paths than
// anybody can count.
type folders struct {
	number map[ID]int
	found  []measured
	places int
}

type measured struct {
	below   []place // the folders in it
	longest int     // of the names of its files
	files   bool
	done    bool
	depth   int // once done: of names in the deepest path below it
	path    int // once done: of bytes in the longest
}

type place struct{ folder, name int }

func (f *folders) add(id ID) (number int, fresh bool) {
	number, known := f.number[id]
	if !known {
		number = len(f.found)
		f.number[id] = number
		f.found = append(f.found, measured{})
	}
	return number, !known
}

func checkPaths(o *objects, tips []ID, limits Limits) error {
	f := &folders{number: map[ID]int{}}
	var level []ID
	for _, tip := range tips {
		tree, err := o.treeOf(tip)
		if err != nil {
			return err
		}
		if tree == "" {
			continue
		}
		if _, fresh := f.add(tree); fresh {
			level = append(level, tree)
		}
	}
	roots := len(level)
	tooDeep := fault.Quotaf("a path of the push has more than %d names in it: at most that many folders deep", limits.Depth)
	for depth := 0; len(level) > 0; depth++ {
		if depth > limits.Depth {
			return tooDeep
		}
		var next []ID
		err := o.each("contents", these(level...), func(object Object, content io.Reader) error {
			if object.Type != "tree" || object.Size > largestTree {
				return fault.Quotaf("the folder %s of the push has %d bytes: at most %d", object.ID, object.Size, largestTree)
			}
			text, err := io.ReadAll(content)
			if err != nil {
				return err
			}
			number := f.number[object.ID]
			var m measured
			if err := eachEntry(text, func(e entry) error {
				if e.mode != folder {
					m.files, m.longest = true, max(m.longest, len(e.name))
					return nil
				}
				child, fresh := f.add(e.id)
				if fresh {
					next = append(next, e.id)
				}
				f.places++
				m.below = append(m.below, place{child, len(e.name)})
				return nil
			}); err != nil {
				return err
			}
			f.found[number] = m
			if len(f.found) > mostFolders || f.places > mostPlaces {
				return fault.Quotaf("the push has more than %d folders", mostFolders)
			}
			return nil
		})
		if err != nil {
			return err
		}
		level = next
	}
	for root := range roots {
		if !f.measure(root, limits.Depth) {
			return tooDeep
		}
		if path := f.found[root].path; path > limits.Path {
			return fault.Quotaf("a path of the push has %d bytes: at most %d", path, limits.Path)
		}
	}
	return nil
}

// measure works out the deepest and the longest path below a folder; false: there is
// one of more names than left.
func (f *folders) measure(number, left int) bool {
	m := &f.found[number]
	if !m.done {
		if m.files || len(m.below) > 0 {
			m.depth, m.path = 1, m.longest
		}
		for _, p := range m.below {
			if left == 0 || !f.measure(p.folder, left-1) {
				return false
			}
			below := &f.found[p.folder]
			m.depth, m.path = max(m.depth, 1+below.depth), max(m.path, p.name+1+below.path)
		}
		m.done = true
	}
	return m.depth <= left
}

// Keep moves what came into the repository, for good: when it returns, it is on the
// disk.
func (in *Incoming) Keep() error {
	if in.name == "" {
		return nil
	}
	from, to := filepath.Join(in.folder, "pack"), filepath.Join(string(in.repository), "objects", "pack")
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	// Git takes a pack for whole once it has its index, so that comes last.
	slices.SortFunc(files, func(a, b os.DirEntry) int {
		return last(a.Name()) - last(b.Name())
	})
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), "pack-"+in.name+".") {
			continue
		}
		if err := os.Rename(filepath.Join(from, file.Name()), filepath.Join(to, file.Name())); err != nil {
			return err
		}
	}
	return syncFolder(to)
}

func last(name string) int {
	if strings.HasSuffix(name, ".idx") {
		return 1
	}
	return 0
}

// Discard removes what was not kept.
func (in *Incoming) Discard() error {
	if in.folder == "" {
		return nil
	}
	return os.RemoveAll(in.folder)
}
