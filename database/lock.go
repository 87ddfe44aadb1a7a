package database

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ownersAlone makes the file, or its mode, such that nobody else reads it. SQLite
// gives its journal the same mode.
func ownersAlone(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Close())
}

// lockFile takes the lock that one process holds on a SQLite file. The kernel
// drops it with the process, so a crash leaves nothing to clean up.
func lockFile(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another Sallyport is running on this data (%s is locked): stop it, choose another --data directory, or use PostgreSQL to run several", path)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return file.Close, nil
}
