package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stanza is a section of the AWS clients' config file.
type stanza struct {
	kind, name string
	lines      []string
}

// ours marks what this command wrote, and so may replace.
const ours = "# written by sallyport configure"

// text is the stanza as it stands in the file. The profile named default is the one
// section whose head has no kind.
func (s stanza) text() string {
	head := s.kind + " " + s.name
	if s.kind == "profile" && s.name == "default" {
		head = s.name
	}
	return "[" + head + "]\n" + ours + "\n" + strings.Join(s.lines, "\n") + "\n"
}

// isHead tells whether a line of a file begins the section.
func (s stanza) isHead(line string) bool {
	head, ok := strings.CutPrefix(strings.TrimSpace(line), "[")
	if !ok {
		return false
	}
	head, _, ok = strings.Cut(head, "]")
	if !ok {
		return false
	}
	words := strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(head))
	if s.kind == "profile" && s.name == "default" && slices.Equal(words, []string{"default"}) {
		return true
	}
	return slices.Equal(words, []string{s.kind, s.name})
}

// writeStanzas puts the stanzas into the file: each in the place of an earlier one,
// else at the end. The rest stays byte for byte. A file that is reached by a
// symbolic link is replaced where it really is.
func writeStanzas(path string, stanzas []stanza, force bool) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	mode := fs.FileMode(0o600)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		mode = info.Mode().Perm()
	}
	changed := string(text)
	for _, s := range stanzas {
		if changed, err = s.into(changed, force); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if changed == string(text) {
		return nil
	}
	return replaceFile(path, []byte(changed), mode)
}

// into puts the stanza into the text of a file.
func (s stanza) into(text string, force bool) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	begin := slices.IndexFunc(lines, s.isHead)
	if begin < 0 {
		return text + gap(text) + s.text(), nil
	}
	end := begin + section(lines[begin:])
	written := slices.ContainsFunc(lines[begin:end], func(line string) bool { return strings.TrimSpace(line) == ours })
	if !written && !force {
		return "", fmt.Errorf("there is a section [%s %s] that sallyport did not write: choose another --profile, or replace it with --force", s.kind, s.name)
	}
	return strings.Join(lines[:begin], "") + s.text() + strings.Join(lines[end:], ""), nil
}

// section is how many lines belong to the section that begins with the first: up to
// its last setting. Comments and empty lines behind that may belong to the next.
func section(lines []string) int {
	last := 0
	for i, line := range lines[1:] {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "["):
			return last + 1
		case line == ours, line != "" && line[0] != '#' && line[0] != ';':
			last = i + 1
		}
	}
	return last + 1
}

// gap sets a new stanza off from what stands before it.
func gap(text string) string {
	switch {
	case text == "", strings.HasSuffix(text, "\n\n"):
		return ""
	case strings.HasSuffix(text, "\n"):
		return "\n"
	}
	return "\n\n"
}
