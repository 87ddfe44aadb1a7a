package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

// What is asked of the account side, with AWS credentials.

func identityCommand() *cobra.Command {
	return noun("identity", "Users of identity stores", passwordCommand())
}

func passwordCommand() *cobra.Command {
	var mail bool
	v := verb[api.SetUserPasswordInput]{use: "password STORE USER", short: "Let a user of an identity store choose a new password", ask: "PUT /identity-stores/{store}/users/{user}/password",
		signs: true, bind: func(in *api.SetUserPasswordInput, f *pflag.FlagSet) []*string {
			in.Body.Mode = "one-time"
			f.BoolVar(&mail, "mail", false, "mail a link to the user's primary address instead of printing a one-time password")
			return []*string{&in.Store, &in.User}
		}}
	cmd := v.command(func(cmd *cobra.Command, a asked[api.SetUserPasswordInput]) error {
		if mail {
			a.in.Body.Mode = "mail"
		}
		var made api.UserPassword
		if err := call(cmd.Context(), a.remote, "", v.ask, a.in, nil, &made); err != nil {
			return err
		}
		columns := table[api.UserPassword]{{"user", func(p api.UserPassword) string { return p.UserID }}}
		if mail {
			columns = append(columns, table[api.UserPassword]{{"mailed to", func(p api.UserPassword) string { return p.MailedTo }}}...)
		} else {
			columns = append(columns, table[api.UserPassword]{{"password", func(p api.UserPassword) string { return p.Password }}}...)
		}
		columns = append(columns, table[api.UserPassword]{{"good until", func(p api.UserPassword) string { return inZone(p.ExpiresAt) }}}...)
		return columns.one(a.printer, made)
	})
	cmd.Args = needStoreAndUser
	cmd.Long = `Let a user of an identity store choose a new password.

A one-time password is printed, this once. It is good for seven days, and for nothing
but choosing another. USER is an id or a user name. Where the user is signed in, they
stay so until they have chosen: sallyport session revoke ends that at once. The request
is signed with AWS credentials, taken from where the AWS CLI takes them; policies must
allow sso-directory:UpdatePassword.`
	return cmd
}

func needStoreAndUser(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%s needs STORE and USER: see %s --help", strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), cmd.CommandPath())
	}
	return nil
}

// inZone writes a time that is handed on to people elsewhere.
func inZone(t time.Time) string { return t.Local().Format(time.RFC3339) }

// addSigningFlags are those of verbs that the account side is asked by. It returns how
// to reach the server.
func addSigningFlags(flags *pflag.FlagSet) func(context.Context) (signedIn, error) {
	var endpoint, profile string
	flags.StringVar(&endpoint, "endpoint", "", "`URL` of the server, scheme and host; by default that of SALLYPORT_ENDPOINT, AWS_ENDPOINT_URL or the sign-in")
	flags.StringVar(&profile, "profile", "", "`name` of the AWS profile to sign as")
	return func(ctx context.Context) (signedIn, error) {
		s, err := newRemote(serverAddress(endpoint))
		if err != nil {
			return signedIn{}, err
		}
		options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
		if profile != "" {
			options = append(options, config.WithSharedConfigProfile(profile))
		}
		from, err := config.LoadDefaultConfig(ctx, options...)
		if err != nil {
			return signedIn{}, err
		}
		region := from.Region
		if region == "" {
			var is api.Server
			if err := call(ctx, s, "", "GET /server", &api.Empty{}, nil, &is); err != nil {
				return signedIn{}, err
			}
			region = is.Region
		}
		s.sign = func(r *http.Request, body []byte) error { return sign(r, body, from.Credentials, region) }
		return signedIn{remote: s}, nil
	}
}

// serverAddress is where the account side is: what was said, or where AWS's clients find
// it, or where somebody signed in.
func serverAddress(said string) string {
	if said = cmp.Or(said, os.Getenv("SALLYPORT_ENDPOINT"), strings.TrimSuffix(os.Getenv("AWS_ENDPOINT_URL"), "/aws")); said != "" {
		return said
	}
	if kept, err := credentialsAt(); err == nil {
		if l, err := kept.login(cmp.Or(os.Getenv("SALLYPORT_LOGIN"), defaultLogin)); err == nil {
			return l.Endpoint
		}
	}
	return defaultEndpoint
}

var errNoKey = errors.New("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --profile")

func sign(r *http.Request, body []byte, from aws.CredentialsProvider, region string) error {
	key, err := credentialsFrom(r.Context(), from)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(r.Context(), key, r, hex.EncodeToString(hash[:]), "sallyport", region, time.Now())
}
