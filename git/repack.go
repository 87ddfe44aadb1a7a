package git

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// manyPacks is how many of them are worth joining: each push brings one, and whoever
// looks for an object looks into each.
const manyPacks = 30

// Repack joins packs where there are many. No object is lost by it, whether a
// reference leads to it or not: a push that is under way may count on any.
func (r Repository) Repack(ctx context.Context) error {
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
	_, err = r.run(ctx, nil, nil, "repack", "--geometric=2", "-d", "-q")
	return errors.Join(err, unlock())
}
