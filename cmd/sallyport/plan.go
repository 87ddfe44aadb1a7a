package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/pipeline"
)

// exitChanges is how plan and drift end when there is something to do, as Terraform's
// plan -detailed-exitcode does. What is usage elsewhere is a failure of theirs.
const exitChanges = 2

// errChanges is that there is something to do: said by the exit code alone.
var errChanges = errors.New("there are changes")

var errGuards = errors.New("guards failed: see above")

// detailed marks a command whose exit code tells of changes.
const detailed = "detailed-exitcode"

func planCommand() *cobra.Command {
	var on side
	var out, output, junit string
	var full bool
	o := pipeline.Options{}
	cmd := &cobra.Command{
		Use:         "plan [FOLDER]",
		Short:       "Show what it takes to make access what files say",
		Annotations: map[string]string{detailed: ""},
		Long: `Read permission sets, account assignments and guards from a folder (templates, when none
is named), read what exists, and show what it takes to get from one to the other. Nothing
is written to the account side.

The account side is reached as AWS's own clients reach it: by AWS_PROFILE, AWS_REGION,
AWS_ENDPOINT_URL and the like. The exit code is 0 when there is nothing to do, 2 when there
is, and 1 when planning failed or a guard did.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			write, ok := planWriters[output]
			if !ok {
				return fmt.Errorf("%w: --output takes text, json or markdown, not %q", errUsage, output)
			}
			client, err := on.open(cmd.Context())
			if err != nil {
				return interrupted(cmd.Context(), err)
			}
			p, err := planFiles(cmd, client, templatesFolder(args), o, full)
			if err != nil {
				return err
			}
			if err := write(p.Plan, cmd); err != nil {
				return err
			}
			if err := savePlan(p.Plan, out, junit); err != nil {
				return err
			}
			switch {
			case len(p.Failed()) > 0:
				return errGuards
			case !p.Empty():
				return errChanges
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&out, "out", "", "save the plan to a `file`, for sallyport apply FILE")
	flags.StringVarP(&output, "output", "o", "text", "`format`: text, json or markdown")
	flags.StringVar(&junit, "junit", "", "write what became of the guards to a `file`, for CI systems")
	bindPlanning(cmd, &o, &full)
	on.bind(flags)
	return cmd
}

func bindPlanning(cmd *cobra.Command, o *pipeline.Options, full *bool) {
	cmd.Flags().StringArrayVar(&o.Adopt, "adopt", nil, "`name` of a permission set to take over; '*' for all that files describe")
	cmd.Flags().BoolVar(full, "full", false, "read assignments of principals that are gone, too")
}

var planWriters = map[string]func(*pipeline.Plan, *cobra.Command) error{
	"text":     func(p *pipeline.Plan, cmd *cobra.Command) error { return p.WriteText(cmd.OutOrStdout(), colours(cmd)) },
	"json":     func(p *pipeline.Plan, cmd *cobra.Command) error { return p.WriteJSON(cmd.OutOrStdout()) },
	"markdown": func(p *pipeline.Plan, cmd *cobra.Command) error { return p.WriteMarkdown(cmd.OutOrStdout()) },
}

func savePlan(p *pipeline.Plan, out, junit string) error {
	if out != "" {
		if err := replaceFile(out, p.Encode(), 0o600); err != nil {
			return err
		}
	}
	if junit == "" {
		return nil
	}
	return writeTo(junit, p.WriteJUnit)
}

func writeTo(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
