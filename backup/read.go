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
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport/sallyport/database"
)

// Target is where a backup is restored to.
type Target struct {
	Data     string // a directory that is empty or not there
	Database string // a postgres:// URL of an empty database, for a backup of such a one
	RootKey  string // path of the root key, for a backup without keys
}

// Read makes a data directory out of a backup: all of it or nothing. It refuses what is
// not whole, what a later program made, and to write over anything.
func Read(ctx context.Context, from io.Reader, t Target) (m Manifest, err error) {
	if entries, err := os.ReadDir(t.Data); err == nil && len(entries) > 0 {
		return m, fmt.Errorf("%s: %w: restore into an empty directory", t.Data, ErrNotEmpty)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	data, err := filepath.Abs(t.Data)
	if err != nil {
		return m, err
	}
	if err := os.MkdirAll(filepath.Dir(data), 0o700); err != nil {
		return m, err
	}
	work, err := os.MkdirTemp(filepath.Dir(data), "."+filepath.Base(data)+"-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	fresh := filepath.Join(work, "data")
	if m, err = unpack(ctx, from, fresh); err != nil {
		return m, err
	}
	if err := t.fits(ctx, m, fresh); err != nil {
		return m, err
	}
	if err := t.addKey(m, fresh); err != nil {
		return m, err
	}
	if m.Database == "PostgreSQL" {
		dump := filepath.Join(fresh, postgresFile)
		if err := errors.Join(loadPostgreSQL(ctx, t.Database, dump), os.Remove(dump)); err != nil {
			return m, err
		}
	}
	if err := os.Rename(fresh, data); err != nil { // over an empty directory, and no other
		return m, err
	}
	return m, syncFolder(filepath.Dir(data))
}

// fits checks that this program, and this target, can take the backup.
func (t Target) fits(ctx context.Context, m Manifest, fresh string) error {
	known, err := database.Schema()
	switch {
	case err != nil:
		return err
	case m.Schema > known:
		return fmt.Errorf("the backup was made by a later version (%s, schema %d; this one knows %d): restore it with that version", m.Program, m.Schema, known)
	case m.Database == "PostgreSQL" && !database.IsPostgreSQL(t.Database):
		return errors.New("the backup is of a PostgreSQL database: give an empty one with --database URL")
	case m.Database == "SQLite" && t.Database != "":
		return errors.New("the backup is of a SQLite file, which goes into the data directory: leave --database out")
	case m.Database == "SQLite":
		o, err := database.Outlined(ctx, database.Config{URL: filepath.Join(fresh, sqliteFile)})
		if err == nil && o.Schema != m.Schema {
			err = fmt.Errorf("%w: its database is of schema %d, not %d", ErrDamaged, o.Schema, m.Schema)
		}
		return err
	}
	o, err := database.Outlined(ctx, database.Config{URL: t.Database})
	if err == nil && !o.Empty {
		err = fmt.Errorf("the PostgreSQL database: %w: restore into an empty one", ErrNotEmpty)
	}
	return err
}

// addKey brings the root key that the backup lacks.
func (t Target) addKey(m Manifest, fresh string) error {
	switch {
	case m.Keys && t.RootKey != "":
		return errors.New("the backup holds its root key: leave --root-key out")
	case m.Keys:
		return nil
	case t.RootKey == "":
		return errors.New("the backup was made without keys: give the root key of that server with --root-key FILE")
	}
	key, err := os.ReadFile(t.RootKey)
	if err != nil {
		return fmt.Errorf("the root key: %w", err)
	}
	return os.WriteFile(filepath.Join(fresh, rootKeyFile), key, 0o600)
}

const (
	// Of manifest and checksums, which are read whole.
	longestText = 1 << 30
	// Of a name: those that are written have some hundred bytes.
	longestName = 4 << 10
)

// unpack writes a backup's files below a folder that it makes, and checks that they are
// all there and whole.
func unpack(ctx context.Context, from io.Reader, to string) (m Manifest, err error) {
	if err := os.Mkdir(to, 0o700); err != nil {
		return m, err
	}
	// Nothing in the archive can lead out of the folder, whatever it is called.
	root, err := os.OpenRoot(to)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	sums := checksums{}
	archive := tar.NewReader(from)
	for first := true; ; first = false {
		header, err := archive.Next()
		if err == io.EOF {
			return m, fmt.Errorf("%w: its end is missing", ErrDamaged)
		}
		if err != nil {
			return m, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		name, folder := strings.TrimSuffix(header.Name, "/"), header.Typeflag == tar.TypeDir
		switch {
		case len(name) > longestName || !folder && header.Typeflag != tar.TypeReg || !belongs(name, folder) || first != (name == manifestFile):
			return m, fmt.Errorf("%w: %.100q does not belong in it", ErrDamaged, header.Name)
		case name == checksumsFile:
			return m, same(archive, sums)
		case name == manifestFile:
			if m, err = readManifest(archive, sums); err != nil {
				return m, err
			}
			continue
		case folder:
			err = root.Mkdir(name, 0o700)
		default:
			sums[name], err = write(root, name, archive)
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return m, fmt.Errorf("restore %.100q: %w", name, err)
		}
	}
}

func readManifest(from io.Reader, sums checksums) (m Manifest, err error) {
	text, err := io.ReadAll(io.LimitReader(from, longestText))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	switch {
	case err != nil || m.Format == 0:
		return m, fmt.Errorf("%w: its first file says nothing of a backup", ErrDamaged)
	case m.Format > formatVersion:
		return m, fmt.Errorf("the backup was made by a later version (%.100s): restore it with that version", m.Program)
	case m.Database != "SQLite" && m.Database != "PostgreSQL":
		return m, fmt.Errorf("%w: it names no database", ErrDamaged)
	}
	sums[manifestFile] = sumOf(text)
	return m, nil
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// write writes one file that must not be there yet.
func write(root *os.Root, name string, from io.Reader) (sum string, err error) {
	mode := fs.FileMode(0o600)
	if strings.HasPrefix(name, repositoryRoot+"/") && strings.Contains(name, "/objects/") {
		mode = 0o400 // as git makes objects
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, hash), from)
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, file.Sync(), file.Close())
}

// same compares what was read with what was written.
func same(from io.Reader, read checksums) error {
	var written checksums
	text, err := io.ReadAll(io.LimitReader(from, longestText))
	if err == nil {
		err = json.Unmarshal(text, &written)
	}
	if err != nil {
		return fmt.Errorf("%w: its checksums cannot be read", ErrDamaged)
	}
	if !maps.Equal(read, written) {
		for name, sum := range written {
			if read[name] != sum {
				return fmt.Errorf("%w: %.100q is not what was written", ErrDamaged, name)
			}
		}
		return fmt.Errorf("%w: it holds files that were not written", ErrDamaged)
	}
	return nil
}
