package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/pipeline"
)

func importCommand() *cobra.Command {
	var on side
	var force bool
	cmd := &cobra.Command{
		Use:   "import [FOLDER | -]",
		Short: "Write the access that exists as files, whose plan is empty",
		Long: `Read what exists and write it as files to a folder (templates, when none is named), or
with - as a tar archive to standard output: sallyport import - | tar -x -C templates

A plan of these files right afterwards is empty: that has been tried before the first
file is written. Permission sets that carry the tag SSOPipeline = true, or ours, are
governed by the files from then on. The others are written as well, and stay as they
are: sallyport plan --adopt NAME takes one over. Targets are accounts, since what exists
does not tell what was meant: make them units where you can.

Files that are there already are left alone, and are an error, unless with --force.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := templatesFolder(args)
			client, err := on.open(cmd.Context())
			if err != nil {
				return interrupted(cmd.Context(), err)
			}
			s, err := client.Everything(cmd.Context())
			if err != nil {
				return interrupted(cmd.Context(), err)
			}
			files, err := pipeline.Write(s)
			if err != nil {
				return err
			}
			if folder == "-" {
				return writeTar(cmd.OutOrStdout(), files)
			}
			if err := writeFiles(folder, files, force); err != nil {
				return err
			}
			foreign := 0
			for i := range s.Sets {
				if !s.Sets[i].Managed() {
					foreign++
				}
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Wrote %s: %s and %s.\n", counted(len(files), "file"), counted(len(s.Sets), "permission set"), counted(len(s.Assignments), "assignment"))
			if foreign > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s not governed by files yet: plan with --adopt NAME, or --adopt '*', to take them over.\n", counted(foreign, "permission set"))
			}
			return nil
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&force, "force", false, "write over files that are there")
	on.bind(cmd.Flags())
	return cmd
}

// writeFiles writes files below a folder, and nothing when one of them is there already.
// No link leads out of the folder.
func writeFiles(folder string, files map[string][]byte, force bool) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	names := slices.Sorted(maps.Keys(files))
	if !force {
		if err := onlyNew(root, folder, names); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := root.WriteFile(name, files[name], 0o666); err != nil {
			return err
		}
	}
	return nil
}

// onlyNew refuses to write where there is anything that the plan would read.
func onlyNew(root *os.Root, folder string, names []string) error {
	for _, name := range names {
		there, err := fs.ReadDir(root.FS(), filepath.Dir(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, entry := range there {
			if entry.Name()[0] != '.' {
				return fmt.Errorf("%s is there already: name another folder, or write over it with --force", filepath.Join(folder, filepath.Dir(name), entry.Name()))
			}
		}
	}
	return nil
}

func writeTar(to io.Writer, files map[string][]byte) error {
	w := tar.NewWriter(to)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name])), ModTime: time.Now()}); err != nil {
			return err
		}
		if _, err := w.Write(files[name]); err != nil {
			return err
		}
	}
	return w.Close()
}
