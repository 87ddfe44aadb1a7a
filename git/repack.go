package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// manyPacks is how many of them are worth joining: each push brings one, and whoever
// looks for an object looks into each.
const manyPacks = 30

// Repack joins packs where there are many. No object is lost by it, whether a
// reference leads to it or not: a push that is under way may count on any.
func (r Repository) Repack(ctx context.Context) (err error) {
	files, err := os.ReadDir(filepath.Join(string(r), "objects", "pack"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	packs := 0
	for _, file := range files {
		if strings.HasSuffix(file.Name(), ".pack") {
			packs++
		}
	}
	if packs < manyPacks {
		return nil
	}
	unlock, err := r.lock(ctx, "repack")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	// What came before may have been ended in the middle of it: nobody else writes
	// such files there, see [Repository.Receive].
	if err := r.remove(time.Now(), "objects/pack/tmp_*", "objects/pack/.tmp-*"); err != nil {
		return err
	}
	_, err = r.run(ctx, nil, nil, "repack", "--geometric=2", "-d", "-q")
	return err
}

// Tidy removes what those have left who were ended in the middle of something, from
// before this time: nobody works for as long.
func (r Repository) Tidy(before time.Time) error {
	return r.remove(before, "incoming/*", "shallow_*", ".new-*")
}

func (r Repository) remove(before time.Time, patterns ...string) (err error) {
	for _, pattern := range patterns {
		names, failed := fs.Glob(os.DirFS(string(r)), pattern)
		err = errors.Join(err, failed)
		for _, name := range names {
			path := filepath.Join(string(r), name)
			info, failed := os.Lstat(path)
			if failed == nil && info.ModTime().Before(before) {
				failed = os.RemoveAll(path)
			}
			if !errors.Is(failed, os.ErrNotExist) {
				err = errors.Join(err, failed)
			}
		}
	}
	return err
}
