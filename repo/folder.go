package repo

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/space"
)

func orNotFound(err error, format string, args ...any) error {
	if errors.Is(err, database.ErrNone) {
		return fault.NotFoundf(format, args...)
	}
	return err
}

func (s *Store) path(id ID) string { return filepath.Join(s.Folder, string(id)) }

// Open returns the repository's folder, in which the references are at least those of
// this version of it.
func (s *Store) Open(ctx context.Context, r Repository) (git.Repository, error) {
	folder := git.Repository(s.path(r.ID))
	if version, err := folder.Version(); err != nil || version == r.Version {
		return folder, err
	}
	return folder, s.follow(ctx, r.ID)
}

// FindHead makes sure, outside of a transaction, that the commit a branch is to be
// made at is there. Objects are never taken away, so what is found stays true. An
// empty head is that of the default branch.
func (s *Store) FindHead(ctx context.Context, view func(func(*database.ReadTx) error) error, project space.ProjectID, name, head string) error {
	if head == "" {
		return nil
	}
	id, err := git.ParseID(head)
	if err != nil {
		return err
	}
	var r Repository
	if err := view(func(tx *database.ReadTx) (err error) {
		r, err = s.Repository(tx, project, name)
		return err
	}); err != nil {
		return err
	}
	return s.findCommit(ctx, r, id)
}

// findCommit is NotFound unless the repository has this commit.
func (s *Store) findCommit(ctx context.Context, r Repository, id git.ID) error {
	folder, err := s.Open(ctx, r)
	if err != nil {
		return err
	}
	var object git.Object
	if id != "" {
		object, _, err = folder.Lookup(ctx, id)
	}
	if err == nil && object.Type != "commit" {
		err = fault.NotFoundf("no commit %s in the repository", id)
	}
	return err
}

// Files reads what a commit has in a folder, see [git.Repository.Files].
func (s *Store) Files(ctx context.Context, r Repository, commit git.ID, under string, limits git.FileLimits) (map[string][]byte, error) {
	folder, err := s.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	return folder.Files(ctx, commit, under, limits)
}

// follow brings the folder's references up to what the database says, and makes the
// folder where that is to be done.
func (s *Store) follow(ctx context.Context, id ID) error {
	if err := s.make(ctx, id); err != nil {
		return err
	}
	folder := git.Repository(s.path(id))
	unlock, err := folder.Lock(ctx)
	if err != nil {
		return err
	}
	// What is read under the lock is no older than what whoever held it before has
	// written.
	err = s.DB.Read(ctx, func(tx *database.ReadTx) error {
		var branch string
		version, err := database.One(tx, func(row database.Row) (version int64, err error) {
			return version, row.Scan(&version, &branch)
		}, `select version, default_branch from repositories where id = $1`, id)
		if err != nil {
			return orNotFound(err, "the repository has been deleted")
		}
		if written, err := folder.Version(); err != nil || written == version {
			return err
		}
		refs, err := s.Refs(tx, id)
		if err != nil {
			return err
		}
		return folder.WriteRefs(version, branchRef(branch), refs)
	})
	return errors.Join(err, unlock())
}

// make makes the folder of a new repository.
func (s *Store) make(ctx context.Context, id ID) error {
	if _, err := os.Stat(s.path(id)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var made bool
	var created time.Time
	err := s.DB.Read(ctx, func(tx *database.ReadTx) (err error) {
		created, err = database.One(tx, func(row database.Row) (at time.Time, err error) {
			return at, row.Scan((*database.Time)(&at), &made)
		}, `select created_at, made from repositories where id = $1`, id)
		return orNotFound(err, "the repository has been deleted")
	})
	if err != nil {
		return err
	}
	if made {
		return fmt.Errorf("the folder of repository %s is gone from %s: restore it from a backup", id, s.Folder)
	}
	if err := os.MkdirAll(s.Folder, 0o700); err != nil {
		return err
	}
	parent, err := os.MkdirTemp(s.Folder, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(parent)
	fresh := filepath.Join(parent, "made")
	if err := git.Init(fresh); err != nil {
		return err
	}
	for _, o := range []object{{"tree", emptyTree, nil}, firstCommit(created)} {
		if err := o.write(fresh); err != nil {
			return err
		}
	}
	if err := os.Rename(fresh, s.path(id)); err != nil {
		if _, there := os.Stat(s.path(id)); there == nil {
			return nil // another made it first
		}
		return err
	}
	return syncFolder(s.Folder)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// object is one that we write ourselves.
type object struct {
	kind    string
	id      git.ID
	content []byte
}

// emptyTree is the name of a folder with nothing in it.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// firstCommit is the commit a repository begins with. It follows from when that was
// made, so that the folder can be made at any time after.
func firstCommit(at time.Time) object {
	const by = "Sallyport <sallyport@localhost>"
	content := fmt.Appendf(nil, "tree %s\nauthor %s %d +0000\ncommitter %s %d +0000\n\nInitial commit\n", emptyTree, by, at.Unix(), by, at.Unix())
	sum := sha1.Sum(fmt.Appendf(nil, "commit %d\x00%s", len(content), content))
	return object{"commit", git.ID(hex.EncodeToString(sum[:])), content}
}

// write makes a loose object in a folder nobody else uses yet.
func (o object) write(repository string) error {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	fmt.Fprintf(z, "%s %d\x00%s", o.kind, len(o.content), o.content)
	if err := z.Close(); err != nil {
		return err
	}
	folder := filepath.Join(repository, "objects", string(o.id[:2]))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(folder, string(o.id[2:])), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if err != nil {
		return err
	}
	_, err = file.Write(packed.Bytes())
	return errors.Join(err, file.Sync(), file.Close())
}

// UpkeepJob is the job that runs [Store.Upkeep].
type UpkeepJob struct{}

// Kind names the job.
func (UpkeepJob) Kind() string { return "repositories" }

// abandoned is when what a push brought is older than any push takes.
const abandoned = 24 * time.Hour

// Upkeep makes the folders of new repositories, removes those of deleted ones, and
// tidies up the others: what broken off pushes left, and too many packs. It may run
// any number of times, on any node.
func (s *Store) Upkeep(ctx context.Context) error {
	return errors.Join(s.makeAll(ctx), s.removeAll(ctx), s.tidy(ctx))
}

func (s *Store) makeAll(ctx context.Context) error {
	ids, err := s.ids(ctx, `select id from repositories where not made`)
	for _, id := range ids {
		if failed := s.follow(ctx, id); failed != nil {
			if !fault.Is(failed, fault.NotFound) {
				err = errors.Join(err, failed)
			}
			continue
		}
		err = errors.Join(err, s.DB.Write(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(`update repositories set made = true where id = $1`, id)
			return err
		}))
	}
	return err
}

// removeAll removes folders by their names, one by one: what it does not know it
// leaves alone, lest another database be opened beside these folders.
func (s *Store) removeAll(ctx context.Context) error {
	ids, err := s.ids(ctx, `select id from removed_repositories`)
	for _, id := range ids {
		if failed := os.RemoveAll(s.path(id)); failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		err = errors.Join(err, s.DB.Write(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(`delete from removed_repositories where id = $1`, id)
			return err
		}))
	}
	return err
}

func (s *Store) ids(ctx context.Context, query string) (ids []ID, err error) {
	err = s.DB.Read(ctx, func(tx *database.ReadTx) error {
		ids, err = database.All(tx, database.Value[ID], query)
		return err
	})
	return ids, err
}

func (s *Store) tidy(ctx context.Context) error {
	folders, err := os.ReadDir(s.Folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, folder := range folders {
		path := filepath.Join(s.Folder, folder.Name())
		if strings.HasPrefix(folder.Name(), ".new-") {
			err = errors.Join(err, removeOld(path))
			continue
		}
		r := git.Repository(path)
		err = errors.Join(err, r.Tidy(time.Now().Add(-abandoned)), r.Repack(ctx))
	}
	return err
}

func removeOld(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && time.Since(info.ModTime()) < abandoned {
		return nil
	}
	return errors.Join(err, os.RemoveAll(path))
}
