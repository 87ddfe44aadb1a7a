package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy"
)

// policyKinds are the kinds of documents as the command line names them.
var policyKinds = map[string]policy.Kind{
	"identity": policy.Identity, "resource": policy.Resource, "trust": policy.Trust, "session": policy.Session,
	"scp": policy.ServiceControl, "rcp": policy.ResourceControl,
}

// found is a finding of policy check.
type found struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"` // from 1, as editors count
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Fix      string `json:"fix"`
}

var errFindings = errors.New("there are errors or security warnings")

func policyCommand() *cobra.Command {
	return noun("policy", "IAM policies, without asking a server", policyCheck())
}

func policyCheck() *cobra.Command {
	var kind, output string
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Review policy documents: errors, security warnings, warnings and suggestions",
		Long: `Review policy documents as IAM Access Analyzer does: errors, security warnings,
warnings and suggestions, each with its place and what to do. FILE may be - for
standard input.

The exit code is 1 when there are errors or security warnings.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			p, err := newPrinter(cmd, output)
			if err != nil {
				return err
			}
			k, ok := policyKinds[kind]
			if !ok {
				return fmt.Errorf("%w: --type takes %s, not %q", errUsage, strings.Join(slices.Sorted(maps.Keys(policyKinds)), ", "), kind)
			}
			return checkPolicies(cmd.InOrStdin(), p, files, func(text string) []policy.Finding { return policy.Check(k, text) })
		},
	}
	cmd.Flags().StringVar(&kind, "type", "identity", "what the documents are `for`: identity, resource, trust, session, scp or rcp")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "`format`: table or json")
	return cmd
}

func checkPolicies(stdin io.Reader, p printer, files []string, check func(string) []policy.Finding) error {
	findings, bad := []found{}, false
	for _, file := range files {
		text, err := readPolicy(stdin, file)
		if err != nil {
			return err
		}
		for _, f := range check(string(text)) {
			bad = bad || f.Severity == policy.Error || f.Severity == policy.SecurityWarning
			findings = append(findings, found{file, f.Start.Line, f.Start.Column + 1, string(f.Severity), f.Code, f.Message, f.Fix})
		}
	}
	if err := writeFindings(p, findings); err != nil {
		return err
	}
	if bad {
		return errFindings
	}
	return nil
}

// longestPolicyFile is more than any document may be.
const longestPolicyFile = 1 << 20

func readPolicy(stdin io.Reader, name string) ([]byte, error) {
	from := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, longestPolicyFile+1))
	if err == nil && len(text) > longestPolicyFile {
		err = fmt.Errorf("%s is longer than %d bytes: it is no policy", name, longestPolicyFile)
	}
	return text, err
}

// writeFindings writes them for programs, or one a paragraph in the form that
// editors jump to.
func writeFindings(p printer, findings []found) error {
	if p.json {
		return table[found]{}.list(p, findings)
	}
	for _, f := range findings {
		if _, err := fmt.Fprintf(p.to, "%s:%d:%d: %s %s: %s\n    %s\n", f.File, f.Line, f.Column, f.Severity, f.Code, printable(f.Message), printable(f.Fix)); err != nil {
			return err
		}
	}
	return nil
}
