package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/pipeline"
)

// told is a problem or a warning of validate.
type told struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"` // ERROR or WARNING
	Message  string `json:"message"`
	Fix      string `json:"fix"`
}

var errProblems = errors.New("the files are not right")

func validateCommand() *cobra.Command {
	var output string
	var schema bool
	cmd := &cobra.Command{
		Use:   "validate [FOLDER]",
		Short: "Check permission sets, assignments and guards in files, without asking a server",
		Long: `Check the files of a folder of templates (templates, when none is named): its folders
permissionsets, assignments and guards, as JSON or YAML. Everything that is wrong is told,
with its place and what to write. Whether the accounts, groups and users exist, plan says.

The exit code is 1 when something is wrong; warnings alone leave it 0.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := newPrinter(cmd, output)
			if err != nil {
				return err
			}
			if schema {
				_, err := p.to.Write(pipeline.Schema)
				return err
			}
			return validate(p, templatesFolder(args))
		},
	}
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of the files, for editors, and check nothing")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "`format`: table or json")
	return cmd
}

// templatesFolder is the folder that the arguments name, or the usual one.
func templatesFolder(args []string) string {
	if len(args) == 0 {
		return "templates"
	}
	return args[0]
}

// readTemplates reads a folder of templates, and follows no link out of it.
func readTemplates(folder string) (*pipeline.Templates, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return pipeline.Read(root.FS(), pipeline.ReadOptions{Folder: folder})
}

func validate(p printer, folder string) error {
	templates, err := readTemplates(folder)
	var problems pipeline.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	found := []told{}
	add := func(severity string, all pipeline.Problems) {
		for _, f := range all {
			found = append(found, told{f.At.File, f.At.Line, f.At.Column, severity, f.Message, f.Fix})
		}
	}
	add("ERROR", problems)
	if templates != nil {
		add("WARNING", templates.Warnings)
	}
	if err := writeTold(p, found); err != nil {
		return err
	}
	if len(problems) > 0 {
		return errProblems
	}
	if !p.json {
		_, err = fmt.Fprintf(p.to, "%d permission sets, %d assignments, %d guards: nothing is wrong with the files.\n", len(templates.Sets), len(templates.Assignments), len(templates.Guards))
	}
	return err
}

// writeTold writes them for programs, or one a paragraph in the form that editors jump to.
func writeTold(p printer, all []told) error {
	if p.json {
		return table[told]{}.list(p, all)
	}
	for _, f := range all {
		at := pipeline.Position{File: f.File, Line: f.Line, Column: f.Column}.String()
		if at != "" {
			at += ": "
		}
		text := printable(at) + f.Severity + " " + printable(f.Message) + "\n"
		if f.Fix != "" {
			text += "    " + printable(f.Fix) + "\n"
		}
		if _, err := fmt.Fprint(p.to, text); err != nil {
			return err
		}
	}
	return nil
}
