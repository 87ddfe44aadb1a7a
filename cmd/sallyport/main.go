// Command sallyport is the server and its command line in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes of every subcommand, unless it says otherwise.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errUsage marks a command line that cannot be meant.
var errUsage = errors.New("usage")

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	meant := false
	root := &cobra.Command{
		Use:           "sallyport",
		Short:         "Identity, permissions and access for developer teams on AWS",
		SilenceErrors: true, SilenceUsage: true,
		// Cobra comes here once it has understood the command line: what it found
		// wrong before is usage.
		PersistentPreRun: func(*cobra.Command, []string) { meant = true },
	}
	root.AddCommand(serveCommand(), backupCommand(), restoreCommand(), versionCommand(), loginCommand(), logoutCommand(), whoamiCommand(), configureCommand())
	root.AddCommand(spaceCommand(), memberCommand(), projectCommand(), teamCommand(), inviteCommand(), invitationCommand())
	root.AddCommand(pipelineCommand(), connectionCommand(), environmentCommand(), vpcConnectionCommand(), execCommand())
	root.AddCommand(repositoryCommand(), branchCommand(), branchRuleCommand())
	root.AddCommand(tokenCommand(), sessionCommand(), gitCredentialCommand(), identityCommand(), accessCommand(), auditCommand(), policyCommand(), trustCommand())
	root.AddCommand(validateCommand(), planCommand(), applyCommand(), driftCommand(), importCommand(), doctorCommand())
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	ran, err := root.ExecuteContextC(ctx)
	_, tellsChanges := ran.Annotations[detailed]
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errChanges):
		return exitChanges
	case tellsChanges:
		fmt.Fprintln(stderr, "sallyport:", err)
		return exitFailed
	case !meant || errors.Is(err, errUsage):
		fmt.Fprintln(stderr, "sallyport:", err)
		return exitUsage
	}
	fmt.Fprintln(stderr, "sallyport:", err)
	return exitFailed
}

// noun groups verbs.
func noun(name, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(verbs...)
	return cmd
}
