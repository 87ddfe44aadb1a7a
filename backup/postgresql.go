package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
)

// dumpPostgreSQL lets pg_dump, which knows how, write a consistent dump.
func dumpPostgreSQL(ctx context.Context, address, to string) error {
	return client(ctx, "pg_dump", address, "--format=custom", "--no-owner", "--no-privileges", "--file="+to)
}

// loadPostgreSQL reads it into an empty database, all of it or nothing.
func loadPostgreSQL(ctx context.Context, address, from string) error {
	return client(ctx, "pg_restore", address, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", from)
}

// client runs one of PostgreSQL's programs on a database. The password goes where
// other users of the machine do not see it.
func client(ctx context.Context, program, address string, args ...string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return fmt.Errorf("%s is needed for a PostgreSQL database, of the server's version or later, and is not installed: install PostgreSQL's client programs", program)
	}
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the PostgreSQL URL cannot be read") // and is not shown: it may hold a password
	}
	password, given := u.User.Password()
	if given {
		u.User = url.User(u.User.Username())
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--no-password", "--dbname=" + u.String()}, args...)...)
	cmd.Env = os.Environ()
	if given {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(said.String()))
	}
	return nil
}
