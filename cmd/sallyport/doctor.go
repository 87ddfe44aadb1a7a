package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/pipeline/live"
)

var errToMend = errors.New("there is something to mend: see above")

func doctorCommand() *cobra.Command {
	var on side
	var output string
	var policy bool
	how := live.Examination{}
	cmd := &cobra.Command{
		Use:   "doctor [FOLDER]",
		Short: "Look at an organization before access as code is first used on it",
		Long: `Look whether an organization, at AWS or the embedded one, is ready for access as code: the
instance, who administers it, what the caller may do, quotas, closed accounts, and whether
accounts have the customer managed policies that permission sets need; those of the files of
a folder too, when one is named. Nothing is changed. Each finding comes with the command that
mends it; the exit code is 1 when something has to be mended.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := newPrinter(cmd, output)
			if err != nil {
				return err
			}
			if policy {
				_, err := p.to.Write(live.Policy(live.Statements))
				return err
			}
			if len(args) > 0 {
				if how.Templates, err = readTemplates(args[0]); err != nil {
					return err
				}
			}
			o, err := on.options(cmd.Context())
			if err != nil {
				return err
			}
			findings := live.NewClient(o).Examine(cmd.Context(), how)
			if err := writeExamined(p, findings); err != nil {
				return err
			}
			if slices.ContainsFunc(findings, func(f live.Finding) bool { return f.Level == live.Problem }) {
				return errToMend
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&policy, "policy", false, "print the least policy that the caller needs, and look at nothing")
	flags.StringVar(&how.Role, "role", "", "`name` of a role to assume in other accounts, to see which policies they have")
	flags.StringVarP(&output, "output", "o", "table", "`format`: table or json")
	on.bind(flags)
	return cmd
}

func writeExamined(p printer, findings []live.Finding) error {
	if p.json {
		return table[live.Finding]{}.list(p, findings)
	}
	for _, f := range findings {
		if _, err := fmt.Fprintf(p.to, "%-8s %s: %s\n", f.Level, f.Subject, printable(f.Message)); err != nil {
			return err
		}
		if f.Fix == "" {
			continue
		}
		if _, err := fmt.Fprintf(p.to, "         %s\n", printable(f.Fix)); err != nil {
			return err
		}
	}
	return nil
}
