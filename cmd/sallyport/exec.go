package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/sallyport/sallyport/api"
)

func execCommand() *cobra.Command {
	var project, name string
	var duration time.Duration
	var process bool
	in := &api.GetCredentialsInput{}
	cmd := &cobra.Command{
		Use:   "exec --project SPACE/PROJECT --environment ENVIRONMENT [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a command as a role of an account, through an environment",
		Long: `Run a command as a role of an account, through an environment of a project.

The command has credentials of the role in its environment variables, for an hour at
most, and nothing else has them. Of your own variables those that begin with AWS_ are
taken out. It takes the place of this process, and so its signals and exit code are its
own.

--credential-process runs nothing and prints the credentials as the setting
credential_process of AWS's clients wants them.`,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&project, "project", os.Getenv("SALLYPORT_PROJECT"), "the project, as `SPACE/PROJECT`")
	flags.StringVar(&in.Environment, "environment", "", "`name` of the environment")
	flags.StringVar(&in.Body.Role, "role", "", "`name` of a role on its connection; default: the environment's")
	flags.StringVar(&in.Body.Connection, "connection", "", "`name` of its connection, where you want to be sure")
	flags.DurationVar(&duration, "duration", 0, "how long the credentials are good, 15m to 1h; default: 1h")
	flags.StringVar(&in.Body.Run, "run", "", "`id` of what is run, for the session's tags")
	flags.BoolVar(&process, "credential-process", false, "print the credentials, for credential_process")
	flags.StringVar(&name, "login", cmp.Or(os.Getenv("SALLYPORT_LOGIN"), defaultLogin), "`name` of the sign-in to use")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var ok bool
		if in.Space, in.Project, ok = strings.Cut(project, "/"); !ok || in.Environment == "" {
			return fmt.Errorf("%w: say where: --project SPACE/PROJECT --environment ENVIRONMENT", errUsage)
		}
		if process != (len(args) == 0) {
			return fmt.Errorf("%w: say what to run, behind --; or --credential-process, and nothing", errUsage)
		}
		program := ""
		if !process { // before credentials are made that nobody can use
			var err error
			if program, err = exec.LookPath(args[0]); err != nil {
				return err
			}
		}
		s, err := signIn(cmd.Context(), name)
		if err != nil {
			return err
		}
		in.Body.Duration = int(duration / time.Second)
		var got api.Credentials
		if err := call(cmd.Context(), s.remote, s.token, "POST "+projectEnvironment+"/credentials", in, nil, &got); err != nil {
			return advised(err)
		}
		if process {
			return printCredentials(cmd, got)
		}
		if got.Endpoint != "" {
			got.Endpoint = s.endpoint + "/aws" // by the name that is known to work from here
		}
		return unix.Exec(program, args, childEnvironment(os.Environ(), got))
	}
	return cmd
}

// printCredentials writes version 1 of "Sourcing credentials with an external process"
// in the AWS SDKs and Tools Reference Guide.
func printCredentials(cmd *cobra.Command, got api.Credentials) error {
	text, err := json.MarshalIndent(map[string]any{
		"Version": got.Version, "AccessKeyId": got.AccessKeyID, "SecretAccessKey": got.SecretAccessKey, "SessionToken": got.SessionToken, "Expiration": got.Expiration,
	}, "", "  ")
	if err == nil {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), string(text))
	}
	return err
}

// childEnvironment is the caller's own environment with the credentials in place of
// whatever it said to AWS's clients. Of an account at AWS nothing leads elsewhere; of the
// embedded side everything leads to Sallyport, which the caller's certificates vouch for.
func childEnvironment(own []string, got api.Credentials) []string {
	bundle := ""
	var child []string
	for _, variable := range own {
		name, value, _ := strings.Cut(variable, "=")
		if name == "AWS_CA_BUNDLE" {
			bundle = value
		}
		if !strings.HasPrefix(strings.ToUpper(name), "AWS_") {
			child = append(child, variable)
		}
	}
	child = append(child, "AWS_ACCESS_KEY_ID="+got.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+got.SecretAccessKey, "AWS_SESSION_TOKEN="+got.SessionToken,
		"AWS_CREDENTIAL_EXPIRATION="+got.Expiration.UTC().Format(time.RFC3339), "AWS_REGION="+got.Region, "AWS_DEFAULT_REGION="+got.Region)
	if got.Endpoint == "" {
		return child
	}
	child = append(child, "AWS_ENDPOINT_URL="+got.Endpoint)
	if bundle != "" {
		child = append(child, "AWS_CA_BUNDLE="+bundle)
	}
	return child
}
