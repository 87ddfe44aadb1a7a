package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/server"
)

func serveCommand() *cobra.Command {
	var config server.Config
	var logFormat, faults string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server.

Every flag can also be set by a variable (--listen: SALLYPORT_LISTEN) or in
the file sallyport.yaml in the working directory (listen: ...). A flag beats a variable
beats the file.

The first start makes an AWS organization and leaves the key of its management
account's root user in bootstrap.json in the data directory, with the addresses that
clients need. Every start writes that file anew, without the key once it is deleted.

Plain HTTP is served on loopback addresses only. On any other, give --tls, or put a
proxy that ends TLS in front and say --behind-proxy and --url.`,
		Args: cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			return fillFlags(cmd.Flags(), settingsFile, knownAll)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger, err := newLogger(logFormat, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			config.Log = logger
			if faults != "" {
				seed, err := strconv.ParseUint(faults, 10, 64)
				if err != nil {
					return fmt.Errorf("%w: --aws-faults takes a whole number, not %q", errUsage, faults)
				}
				config.AWSFaults = &seed
			}
			s, err := server.Start(cmd.Context(), config)
			if errors.Is(err, server.ErrConfig) {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			if err != nil {
				return err
			}
			announce(cmd.OutOrStdout(), s, config)
			<-cmd.Context().Done()
			logger.Info("stopping")
			return s.Close()
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&config.Data, "data", "./data", "`directory` of everything kept: root key, SQLite file, outbox")
	flags.StringVar(&config.Listen, "listen", "127.0.0.1:8080", "`address` to listen on; port 0 picks a free one")
	flags.StringVar(&config.Database, "database", "", "postgres:// `URL`; default: a SQLite file in the data directory")
	flags.StringVar(&config.Region, "region", "us-west-2", "AWS `Region` that spaces are in")
	flags.StringVar(&config.TLS, "tls", "off", "off, self-signed, or `CERT,KEY`")
	flags.BoolVar(&config.BehindProxy, "behind-proxy", false, "a proxy in front ends TLS and sets X-Forwarded-For")
	flags.StringVar(&config.URL, "url", "", "`URL` that browsers and clients use; default: as the server listens")
	flags.StringVar(&config.SMTP, "smtp", "", "smtp:// or smtps:// `URL` of the mail server; default: files in the outbox")
	flags.StringVar(&config.MailFrom, "mail-from", "", "`address` that mail is sent from")
	flags.StringVar(&config.ManagementAccount, "management-account", "", "number of the `account` that the first start makes; default: a random one")
	flags.BoolVar(&config.Bare, "bare", false, "make the management account alone at the first start, with no organization")
	flags.BoolVar(&config.AWSLimits, "aws-limits", false, "behave as AWS does under load: throttle, and take seconds for asynchronous work")
	flags.StringVar(&faults, "aws-faults", "", "lose answers after the change was made, or give them late, at random from this `seed`")
	flags.BoolVar(&config.InvitedOnly, "invited-only", false, "let only those sign up who follow an invitation")
	flags.StringVar(&logFormat, "log", "text", "`format` of the log on standard error: text, json or off")
	return cmd
}

// settingsFile is where the server's settings may stand. Who takes but some of them
// passes the others over.
const settingsFile = "sallyport.yaml"

const (
	knownAll  = true
	knownSome = false
)

// fillFlags sets what the command line left out from variables and the file.
func fillFlags(flags *pflag.FlagSet, file string, all bool) error {
	settings, err := readSettings(file)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	var errs []error
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed || flag.Name == "help" {
			return
		}
		variable := "SALLYPORT_" + shout(flag.Name)
		text, ok := os.LookupEnv(variable)
		if !ok {
			variable = file + ": " + flag.Name
			text, ok = settings[flag.Name]
		}
		if !ok {
			return
		}
		if err := flags.Set(flag.Name, text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", variable, err))
		}
	})
	for name := range settings {
		if all && flags.Lookup(name) == nil {
			errs = append(errs, fmt.Errorf("%s: there is no setting %q", file, name))
		}
	}
	if errs != nil {
		return fmt.Errorf("%w: %w", errUsage, errors.Join(errs...))
	}
	return nil
}

func readSettings(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	settings := map[string]string{}
	for name, value := range values {
		settings[name] = fmt.Sprint(value)
	}
	return settings, nil
}

// shout turns a flag's name into a variable's: behind-proxy, BEHIND_PROXY.
func shout(name string) string {
	out := []byte(name)
	for i, c := range out {
		switch {
		case c == '-':
			out[i] = '_'
		case 'a' <= c && c <= 'z':
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out)
}

func newLogger(format string, to io.Writer) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(to, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(to, nil)), nil
	case "off":
		return slog.New(slog.DiscardHandler), nil
	}
	return nil, fmt.Errorf("%w: --log takes text, json or off, not %q", errUsage, format)
}

// announce prints where the server is and what to do next.
func announce(to io.Writer, s *server.Server, config server.Config) {
	fmt.Fprintln(to, "listening on", s.URL())
	fmt.Fprintln(to, "wrote", filepath.Join(config.Data, "bootstrap.json"))
	if ca := s.CABundle(); ca != "" {
		if whole, err := filepath.Abs(ca); err == nil {
			ca = whole
		}
		fmt.Fprintln(to, "clients trust it with: export AWS_CA_BUNDLE="+ca)
	}
	if setup := s.SetupURL(); setup != "" {
		fmt.Fprintln(to, "make the first user at", setup)
	}
}
