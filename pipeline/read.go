package pipeline

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The folders of the files.
const (
	setsFolder        = "permissionsets"
	assignmentsFolder = "assignments"
	guardsFolder      = "guards"
)

// ReadOptions bound what [Read] takes. A zero number means its default.
type ReadOptions struct {
	Folder    string // what the folder is called where positions are told, "templates"
	MaxFiles  int    // 10,000
	MaxFile   int    // bytes of one file: 1 MiB
	MaxBytes  int    // of all: 64 MiB
	MaxDepth  int    // of values in values: 32
	MaxValues int    // in all files, aliases followed: 2,000,000
	MaxTold   int    // problems: 200
}

func (o ReadOptions) defaults() ReadOptions {
	o.MaxFiles = cmp.Or(o.MaxFiles, 10_000)
	o.MaxFile = cmp.Or(o.MaxFile, 1<<20)
	o.MaxBytes = cmp.Or(o.MaxBytes, 64<<20)
	o.MaxDepth = cmp.Or(o.MaxDepth, 32)
	o.MaxValues = cmp.Or(o.MaxValues, 2_000_000)
	o.MaxTold = cmp.Or(o.MaxTold, 200)
	return o
}

// Read reads the folder of templates: permissionsets, assignments and guards with the
// folders below them. Files are JSON (.json) or YAML (.yaml, .yml). Its error is
// [Problems], as many as there are, in the order of files and lines, or that of the file
// system.
//
// Give it [os.Root.FS], which follows no link out of the folder, or the tree of a commit.
// What it takes is bounded by the options, whatever is in the files.
func Read(fsys fs.FS, o ReadOptions) (*Templates, error) {
	r := newReading(o)
	files, err := r.files(fsys)
	if err != nil {
		return nil, err
	}
	left := r.MaxBytes
	for _, name := range files {
		text, err := r.readFile(fsys, name, min(r.MaxFile, left))
		if err != nil {
			return nil, err
		}
		if left -= len(text); text != nil {
			r.file(name, text)
		}
	}
	return r.done()
}

func newReading(o ReadOptions) *reading {
	o = o.defaults()
	return &reading{ReadOptions: o, values: o.MaxValues, t: &Templates{}}
}

// file reads one file, by its name below the folder of templates.
func (r *reading) file(name string, text []byte) {
	n := r.parse(path.Join(r.Folder, name), text)
	if n == nil {
		return
	}
	switch folder, _, _ := strings.Cut(name, "/"); folder {
	case setsFolder:
		r.setFile(r.t, n)
	case assignmentsFolder:
		r.assignmentsFile(r.t, n)
	case guardsFolder:
		r.guardsFile(r.t, n)
	}
}

// done checks what was read all together.
func (r *reading) done() (*Templates, error) {
	r.together(r.t)
	if len(r.problems.all) > 0 {
		return nil, r.problems.told(r.MaxTold)
	}
	r.t.Warnings = r.warnings.told(r.MaxTold)
	return r.t, nil
}

// files finds the names of the files to read. What could have been meant to be read and
// is not is a problem: a folder misspelt must not delete all there is.
func (r *reading) files(fsys fs.FS) (files []string, err error) {
	if _, err := fs.Stat(fsys, setsFolder); errors.Is(err, fs.ErrNotExist) {
		r.problem(Position{File: cmp.Or(r.Folder, ".")}, "If every permission set is to go, keep the folder, with a file .gitkeep in it.",
			"There is no folder %s in it: is this the folder of the templates?", setsFolder)
	}
	known := []string{setsFolder, assignmentsFolder, guardsFolder}
	entries := 0
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		at := Position{File: path.Join(r.Folder, name)}
		if err != nil {
			return err
		}
		if entries++; entries > 10*r.MaxFiles || len(files) > r.MaxFiles {
			r.problem(Position{File: r.Folder}, "", "There are more than %d files.", r.MaxFiles)
			return fs.SkipAll
		}
		folder, _, below := strings.Cut(name, "/")
		kind := entry.Type()
		switch {
		case name == ".":
		case strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !below && !entry.IsDir():
			if kind&fs.ModeSymlink != 0 && slices.Contains(known, name) {
				r.problem(at, "Make it a folder.", "The folder is a link.")
			}
		case !slices.Contains(known, folder):
			if near := nearest(name, known); near != "" {
				r.problem(at, "", "The folder %s is not read. Did you mean %s?", name, near)
			}
			return fs.SkipDir
		case entry.IsDir():
		case !slices.Contains([]string{".json", ".yaml", ".yml"}, path.Ext(name)):
			if !strings.HasSuffix(strings.ToLower(name), ".md") {
				r.problem(at, "Call it .json, .yaml or .yml, or take it out of the folder.", "The file is neither JSON nor YAML by its name.")
			}
		case kind&fs.ModeSymlink != 0:
			info, err := fs.Stat(fsys, name)
			if err != nil || !info.Mode().IsRegular() {
				r.problem(at, "Links have to lead to a file inside the folder.", "The link cannot be followed.")
				return nil
			}
			files = append(files, name)
		case !kind.IsRegular():
			r.problem(at, "", "This is no file that can be read.")
		default:
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

func (r *reading) readFile(fsys fs.FS, name string, most int) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err != nil {
		return nil, err
	}
	if len(text) > most {
		r.problem(Position{File: path.Join(r.Folder, name)}, "", "The file is too large: one may have %d bytes, all together %d.", r.MaxFile, r.MaxBytes)
		return nil, nil
	}
	return text, nil
}
