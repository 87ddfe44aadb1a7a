// Package backup copies what a Sallyport keeps into one file, while it runs, and
// makes a data directory out of such a file again.
//
//	database ── a snapshot ──┐
//	repositories ────────────┼──> one tar, its checksums last ──> data directory
//	root key, local CA ──────┘
//
// The database is copied first. It alone says what the references of repositories
// are, and the folders only ever gain objects, so folders that are copied later hold
// all that the copied references lead to. Of the folders' own record of references
// nothing is copied: a restored server writes it anew from the database.
//
// A backup with its keys opens everything that is sealed. Without them it opens
// nothing, and whoever restores it has to bring them.
package backup

import (
	"encoding/json"
	"errors"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// What stands where, in a data directory and in a backup alike. The dump of a
// PostgreSQL database is in backups alone.
const (
	manifestFile   = "manifest.json"
	checksumsFile  = "checksums.json"
	sqliteFile     = "sallyport.db"
	postgresFile   = "postgresql.dump" // as pg_dump --format=custom writes it
	rootKeyFile    = "root.key"
	tlsFolder      = "tls"
	repositoryRoot = "repositories"
)

// formatVersion is raised when older programs could misread what is written.
const formatVersion = 1

// Manifest says what a backup is of.
type Manifest struct {
	Format   int       `json:"format"`
	MadeAt   time.Time `json:"made_at"` // before anything was copied
	Program  string    `json:"program"` // the version that made it
	Database string    `json:"database"`
	Schema   int64     `json:"schema"`
	Keys     bool      `json:"keys"` // whether root key and local authority are in it
}

// checksums are of every file before them, SHA-256 in hexadecimal.
type checksums map[string]string

var (
	// ErrNotEmpty refuses to restore over something.
	ErrNotEmpty = errors.New("something is there already")
	// ErrDamaged refuses a backup that is not whole.
	ErrDamaged = errors.New("the backup is damaged, or not all of it is there")
)

// belongs tells whether a backup may hold a file of this name: what this package
// writes, and nothing that could come to lie elsewhere.
func belongs(name string, folder bool) bool {
	if !filepath.IsLocal(name) || path.Clean(name) != name || strings.ContainsAny(name, "\\\x00") {
		return false
	}
	top, rest, below := strings.Cut(name, "/")
	switch top {
	case manifestFile, checksumsFile, sqliteFile, postgresFile, rootKeyFile:
		return !below && !folder
	case tlsFolder:
		return folder && !below || below && !folder && !strings.Contains(rest, "/")
	case repositoryRoot:
		return below || folder
	}
	return false
}

func (m Manifest) text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}
