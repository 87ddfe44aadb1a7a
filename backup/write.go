package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/database"
)

// Source is the data of a server, which may be running.
type Source struct {
	Data     string // its data directory
	Database string // a postgres:// URL; empty: the SQLite file in Data
	Program  string // the version that makes the backup
	Keys     bool   // whether to take the root key and the local authority along
}

// Write makes a backup at a path where there must be nothing, for its owner alone to
// read. One that is broken off is not restored: its end is missing.
func Write(ctx context.Context, s Source, to string) (m Manifest, err error) {
	if s.Keys {
		if _, err := os.Stat(filepath.Join(s.Data, rootKeyFile)); err != nil {
			return m, fmt.Errorf("the root key: %w: is this the data directory?", err)
		}
	}
	work, err := os.MkdirTemp(filepath.Dir(to), "."+filepath.Base(to)+"-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return m, err
	}
	for range attempts {
		if m, err = s.write(ctx, work, file); !errors.Is(err, errMoved) {
			break
		}
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return m, errors.Join(err, os.Remove(to))
	}
	return m, syncFolder(filepath.Dir(to))
}

// Of repositories that are deleted while a backup is made it cannot have the folders:
// it is begun anew.
const attempts = 3

var errMoved = errors.New("repositories are being deleted meanwhile: try again")

func (s Source) write(ctx context.Context, work string, file *os.File) (Manifest, error) {
	m := Manifest{Format: formatVersion, MadeAt: time.Now().UTC(), Program: s.Program, Keys: s.Keys}
	dump, outline, err := s.dump(ctx, work, &m)
	if err != nil {
		return m, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return m, err
	}
	if err := file.Truncate(0); err != nil { // of the attempt before
		return m, err
	}
	w := &writer{tar: tar.NewWriter(file), sums: checksums{}, at: m.MadeAt}
	err = s.writeAll(ctx, w, m, dump)
	if err == nil {
		err = s.complete(w, outline.Repositories)
	}
	if err == nil {
		err = w.finish()
	}
	return m, err
}

// dump copies the database into a file of its own.
func (s Source) dump(ctx context.Context, work string, m *Manifest) (dump string, o database.Outline, err error) {
	if database.IsPostgreSQL(s.Database) {
		m.Database, dump = "PostgreSQL", filepath.Join(work, postgresFile)
		// What is known before has been in the dump, or was deleted meanwhile.
		if o, err = database.Outlined(ctx, database.Config{URL: s.Database}); err != nil {
			return dump, o, err
		}
		err = dumpPostgreSQL(ctx, s.Database, dump)
	} else {
		m.Database, dump = "SQLite", filepath.Join(work, sqliteFile)
		if err = os.Remove(dump); errors.Is(err, fs.ErrNotExist) { // of the attempt before
			err = nil
		}
		if err == nil {
			err = database.CopySQLite(ctx, filepath.Join(s.Data, sqliteFile), dump)
		}
		if err == nil {
			o, err = database.Outlined(ctx, database.Config{URL: dump})
		}
	}
	if err == nil && o.Schema == 0 {
		err = fmt.Errorf("there is no Sallyport in the database")
	}
	m.Schema = o.Schema
	return dump, o, err
}

func (s Source) writeAll(ctx context.Context, w *writer, m Manifest, dump string) error {
	text, err := m.text()
	if err != nil {
		return err
	}
	if err := w.text(manifestFile, text); err != nil {
		return err
	}
	if err := w.file(filepath.Base(dump), dump); err != nil {
		return err
	}
	if s.Keys {
		if err := w.file(rootKeyFile, filepath.Join(s.Data, rootKeyFile)); err != nil {
			return err
		}
		if err := w.folder(ctx, s.Data, tlsFolder); err != nil {
			return err
		}
	}
	return w.folder(ctx, s.Data, repositoryRoot)
}

// complete checks that no repository that the database knows is left out.
func (s Source) complete(w *writer, repositories []string) error {
	for _, id := range repositories {
		if !w.has(repositoryRoot + "/" + id) {
			if _, err := os.Stat(filepath.Join(s.Data, repositoryRoot, id)); err == nil {
				return fmt.Errorf("repository %s was not copied", id)
			}
			return errMoved
		}
	}
	return nil
}

// writer writes a backup.
type writer struct {
	tar     *tar.Writer
	sums    checksums
	folders []string
	at      time.Time
}

func (w *writer) has(folder string) bool { return slices.Contains(w.folders, folder) }

func (w *writer) text(name string, text []byte) error {
	return w.add(name, int64(len(text)), strings.NewReader(string(text)))
}

func (w *writer) file(name, from string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", from)
	}
	return w.add(name, info.Size(), file)
}

// add writes as much as the file had when it was opened: none that is copied here
// changes, it is replaced as a whole.
func (w *writer) add(name string, size int64, from io.Reader) error {
	if err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.at, Format: tar.FormatPAX}); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.tar, sum), from, size); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	w.sums[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// passes are as often as a folder is walked through when files go from it meanwhile:
// packs of objects that are joined into one that the next pass finds.
const passes = 10

// folder copies a folder of the data directory, if there is one.
func (w *writer) folder(ctx context.Context, data, name string) error {
	for range passes {
		gone := false
		err := filepath.WalkDir(filepath.Join(data, name), func(at string, entry fs.DirEntry, err error) error {
			if err == nil {
				err = w.entry(data, at, entry)
			}
			switch {
			case errors.Is(err, fs.ErrNotExist):
				gone = at != filepath.Join(data, name)
				return nil
			case err == nil:
				return ctx.Err()
			}
			return err
		})
		if err != nil || !gone {
			return err
		}
	}
	return fmt.Errorf("copy %s: files keep vanishing from it", filepath.Join(data, name))
}

func (w *writer) entry(data, at string, entry fs.DirEntry) error {
	relative, err := filepath.Rel(data, at)
	if err != nil {
		return err
	}
	name := filepath.ToSlash(relative)
	switch {
	case w.sums[name] != "" || w.has(name):
		return nil
	case passing(name) && entry.IsDir():
		return filepath.SkipDir
	case passing(name):
		return nil
	case entry.IsDir():
		if err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o700, ModTime: w.at, Format: tar.FormatPAX}); err != nil {
			return err
		}
		w.folders = append(w.folders, name)
		return nil
	}
	return w.file(name, at)
}

// passing tells what in a repository's folder is of a moment: what pushes under way
// bring, locks, files about to replace others, and the references, which the database
// has.
func passing(name string) bool {
	parts := strings.Split(name, "/")
	if parts[0] != repositoryRoot || len(parts) < 2 {
		return false
	}
	if strings.HasPrefix(parts[len(parts)-1], ".new-") || strings.HasPrefix(parts[1], ".new-") {
		return true
	}
	if len(parts) < 3 {
		return false
	}
	switch parts[2] {
	case "incoming":
		return len(parts) > 3
	case "packed-refs", "lock", "repack":
		return len(parts) == 3
	}
	return strings.HasPrefix(parts[len(parts)-1], "tmp_") || strings.HasPrefix(parts[len(parts)-1], ".tmp-") // of git's own
}

// finish writes the checksums, by which a reader knows that it has seen all.
func (w *writer) finish() error {
	text, err := json.MarshalIndent(w.sums, "", "  ")
	if err != nil {
		return err
	}
	if err := w.text(checksumsFile, append(text, '\n')); err != nil {
		return err
	}
	return w.tar.Close()
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
