package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/fault"
)

// objects is a running git that is asked for objects. It is for one goroutine.
type objects struct {
	ctx  context.Context
	cmd  *exec.Cmd
	in   *bufio.Writer
	pipe io.Closer
	out  *bufio.Reader
	said complaint
}

func (r Repository) objects(ctx context.Context, env []string) (*objects, error) {
	cmd, err := r.command(ctx, env, "cat-file", "--batch-command", "--buffer")
	if err != nil {
		return nil, err
	}
	o := &objects{ctx: ctx, cmd: cmd}
	cmd.Stderr = &o.said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	o.in, o.pipe, o.out = bufio.NewWriterSize(in, 32<<10), in, bufio.NewReaderSize(out, 64<<10)
	return o, cmd.Start()
}

// Close ends it. It is to be called once.
func (o *objects) Close() error {
	err := o.pipe.Close()
	if waited := o.cmd.Wait(); waited != nil {
		return o.said.explain(o.ctx, "cat-file", waited)
	}
	return err
}

// answer reads what git says of one object.
func (o *objects) answer() (object Object, err error) {
	line, err := o.out.ReadSlice('\n')
	if err != nil {
		return object, fmt.Errorf("%w: %w", errGone, err)
	}
	name, rest, _ := strings.Cut(trimLine(line), " ")
	object.ID = ID(name)
	if rest == "missing" {
		return object, nil
	}
	kind, size, ok := strings.Cut(rest, " ")
	if !ok {
		return object, fmt.Errorf("git cat-file said %q", line)
	}
	object.Type = kind
	object.Size, err = strconv.ParseInt(size, 10, 64)
	return object, err
}

// each asks the same of many objects, in the order in which ids gives them, and
// passes on the answers. With contents an object comes with its content, to be
// read before the function returns.
func (o *objects) each(command string, ids func(yield func(ID) bool), do func(Object, io.Reader) error) error {
	asked := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		var err error
		for id := range ids {
			select {
			case <-stop:
			default:
				if _, err = o.in.WriteString(command + " " + string(id) + "\n"); err == nil {
					continue
				}
			}
			break
		}
		if _, flushed := o.in.WriteString("flush\n"); err == nil {
			err = flushed
		}
		asked <- errors.Join(err, o.in.Flush())
	}()
	var err error
	for range ids {
		var object Object
		if object, err = o.answer(); err != nil {
			break
		}
		if command == "info" || object.Type == "" {
			err = do(object, nil)
		} else {
			content := io.LimitReader(o.out, object.Size)
			if err = do(object, content); err == nil {
				if _, err = io.Copy(io.Discard, content); err == nil {
					_, err = o.out.Discard(1) // the line's end
				}
			}
		}
		if err != nil {
			break
		}
	}
	close(stop)
	if err != nil {
		o.cmd.Cancel() // it may be waiting to be read, and the writer for it: that ends both
		<-asked
		return err
	}
	return <-asked
}

func these(ids ...ID) func(func(ID) bool) {
	return func(yield func(ID) bool) {
		for _, id := range ids {
			if !yield(id) {
				return
			}
		}
	}
}

// lookup finds an object and what a tag leads to.
func (o *objects) lookup(id ID) (object, peeled Object, err error) {
	one := func(name ID) (found Object, err error) {
		return found, o.each("info", these(name), func(object Object, _ io.Reader) error { found = object; return nil })
	}
	if object, err = one(id); err != nil || object.Type != "tag" {
		return object, object, err
	}
	peeled, err = one(id + "^{}")
	return object, peeled, err
}

// treeOf is the tree of a commit, or of a tag of one; empty: it has none.
func (o *objects) treeOf(id ID) (tree ID, err error) {
	return tree, o.each("info", these(id+"^{tree}"), func(object Object, _ io.Reader) error {
		if object.Type == "tree" {
			tree = object.ID
		}
		return nil
	})
}

// entry is a line of a tree.
type entry struct {
	mode string
	name []byte
	id   ID
}

const folder, submodule, link = "40000", "160000", "120000"

// eachEntry reads a tree's content.
func eachEntry(content []byte, do func(entry) error) error {
	for len(content) > 0 {
		head, rest, ok := bytes.Cut(content, []byte{0})
		mode, name, spaced := bytes.Cut(head, []byte{' '})
		if !ok || !spaced || len(rest) < 20 {
			return fault.Invalidf("a tree of the push is malformed")
		}
		if err := do(entry{string(mode), name, ID(fmt.Sprintf("%x", rest[:20]))}); err != nil {
			return err
		}
		content = rest[20:]
	}
	return nil
}
