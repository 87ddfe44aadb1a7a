package git

import (
	"context"
	"io"
	"path"
	"strings"

	"github.com/sallyport/sallyport/fault"
)

// FileLimits are on what is read out of a commit. All of them must be set.
type FileLimits struct {
	Files int   // how many
	Bytes int64 // all contents together
	Depth int   // names in a path
	// Whole refuses, as Invalid, a folder in which something is no regular file, which
	// is left out otherwise: for what is read as all there is.
	Whole bool
}

// Files reads the files of a commit that lie in a folder, or below; an empty name is
// the whole tree. Their paths begin with the folder's. What is no regular file, such
// as a symbolic link or a submodule, is left out. Beyond a limit it refuses with a
// fault of kind Quota, and reads no more; a commit or a folder that is not there is
// NotFound.
func (r Repository) Files(ctx context.Context, commit ID, under string, limits FileLimits) (files map[string][]byte, err error) {
	o, err := r.objects(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := o.Close(); err == nil && closed != nil {
			files, err = nil, closed
		}
	}()
	tree, err := o.treeOf(commit)
	if err != nil {
		return nil, err
	}
	if tree == "" {
		return nil, fault.NotFoundf("there is no commit %s", commit)
	}
	w := walk{o: o, limits: limits, files: map[string][]byte{}}
	if under = strings.Trim(under, "/"); under != "" {
		for name := range strings.SplitSeq(under, "/") {
			if tree, err = w.child(tree, name); err != nil {
				return nil, err
			}
			if tree == "" {
				return nil, fault.NotFoundf("commit %s has no folder %q", commit, under)
			}
		}
	}
	return w.files, w.folder(tree, under, limits.Depth)
}

type walk struct {
	o      *objects
	limits FileLimits
	bytes  int64
	seen   int // entries, of any kind
	files  map[string][]byte
}

// read reads an object, within what is left of the limit.
func (w *walk) read(id ID, kind string) (content []byte, err error) {
	return content, w.o.each("contents", these(id), func(object Object, from io.Reader) error {
		if object.Type != kind {
			return fault.Invalidf("object %s is not a %s", id, kind)
		}
		most := int64(largestTree)
		if kind == "blob" {
			most = w.limits.Bytes - w.bytes
			w.bytes += object.Size
		}
		if object.Size > most {
			return fault.Quotaf("the files are larger than %d bytes together", w.limits.Bytes)
		}
		content, err = io.ReadAll(from)
		return err
	})
}

// child is the folder of this name in a tree; empty: there is none.
func (w *walk) child(tree ID, name string) (found ID, err error) {
	text, err := w.read(tree, "tree")
	if err != nil {
		return "", err
	}
	return found, eachEntry(text, func(e entry) error {
		if e.mode == folder && string(e.name) == name {
			found = e.id
		}
		return nil
	})
}

func (w *walk) folder(tree ID, at string, left int) error {
	if left == 0 {
		return fault.Quotaf("the folders are more than %d deep", w.limits.Depth)
	}
	text, err := w.read(tree, "tree")
	if err != nil {
		return err
	}
	return eachEntry(text, func(e entry) error {
		name := path.Join(at, string(e.name))
		if w.seen++; w.seen > w.limits.Files {
			return fault.Quotaf("there are more than %d files and folders", w.limits.Files)
		}
		switch e.mode {
		case folder:
			return w.folder(e.id, name, left-1)
		case link, submodule:
			if w.limits.Whole {
				return fault.Invalidf("%s is a link: put the file itself there", name)
			}
			return nil
		}
		content, err := w.read(e.id, "blob")
		w.files[name] = content
		return err
	})
}
