package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/backup"
)

func backupCommand() *cobra.Command {
	source := backup.Source{Program: version()}
	var withoutKey bool
	cmd := &cobra.Command{
		Use:   "backup FILE|DIRECTORY",
		Short: "Copy everything a server keeps into one file, while it runs",
		Long: `Copy everything a server keeps into one file, while it runs.

The file is a tar of the database, the source repositories, and the keys: the root key
and the local certificate authority. Whoever has it has all that, so it is written for
its owner alone to read; keep it as you keep passwords. With --without-key the keys stay
out, and the file opens nothing that is sealed: keep root.key elsewhere.

Run it on the server's machine, as the server's user. --data and --database are those
of serve, and are read from the same variables and file. A PostgreSQL database is
copied by pg_dump. In a directory the file is named by the time.`,
		Args: cobra.ExactArgs(1),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			return fillFlags(cmd.Flags(), settingsFile, knownSome)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			to := args[0]
			if info, err := os.Stat(to); err == nil && info.IsDir() {
				to = filepath.Join(to, "sallyport-"+time.Now().UTC().Format("20060102T150405Z")+".tar")
			}
			source.Keys = !withoutKey
			made, err := backup.Write(cmd.Context(), source, to)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), to)
			if made.Keys {
				fmt.Fprintln(cmd.ErrOrStderr(), "It holds the root key, which opens all that is sealed in it: keep it as you keep passwords.")
			} else {
				fmt.Fprintln(cmd.ErrOrStderr(), "It is of no use without the root key: keep", filepath.Join(source.Data, "root.key"), "elsewhere.")
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&source.Data, "data", "./data", "data `directory` of the server")
	flags.StringVar(&source.Database, "database", "", "postgres:// `URL` of the server's database; default: the SQLite file in the data directory")
	flags.BoolVar(&withoutKey, "without-key", false, "leave the root key and the local certificate authority out")
	return cmd
}

func restoreCommand() *cobra.Command {
	var target backup.Target
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a data directory out of a backup",
		Long: `Make a data directory out of a backup.

The directory must be empty or not there. All of the backup is restored or nothing: what
is not whole, and what a later version made, is refused. FILE may be - for standard input.

What was deleted after the backup was made is there again: users, tokens, sign-ins, and
spaces, with the keys that were destroyed with them. Delete it again.`,
		Args: cobra.ExactArgs(1),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			return fillFlags(cmd.Flags(), settingsFile, knownSome)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			from := cmd.InOrStdin()
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer file.Close()
				from = io.Reader(file)
			}
			m, err := backup.Read(cmd.Context(), from, target)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), `Restored what was there at %s.
What was deleted, revoked or shut out since then is there again: users, tokens, sign-ins, and whole spaces. Delete it again.
Next: sallyport serve --data %s
`, when(m.MadeAt), target.Data)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&target.Data, "data", "./data", "`directory` to make; empty or not there")
	flags.StringVar(&target.Database, "database", "", "postgres:// `URL` of an empty database, for a backup of such a one")
	flags.StringVar(&target.RootKey, "root-key", "", "`file` of the root key, for a backup without it")
	return cmd
}
