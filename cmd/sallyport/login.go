package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
)

const (
	defaultLogin    = "default"
	defaultEndpoint = "http://127.0.0.1:8080"
)

func loginCommand() *cobra.Command {
	var endpoint, name string
	var device, noBrowser bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in to a server and stay signed in",
		Long: `Sign in to a server and stay signed in.

A browser on this machine is opened. Where there is none, --device prints a code
that can be typed in a browser anywhere. The sign-in lasts seven days and is kept
in $XDG_CONFIG_HOME/sallyport/credentials.json, by default below ~/.config.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := newRemote(endpoint)
			if err != nil {
				return err
			}
			l, err := s.login(cmd.Context(), cmd.ErrOrStderr(), device, !noBrowser)
			if err != nil {
				return err
			}
			if err := keep(name, l); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Signed in to %s as %s. Next: sallyport space list\n", l.Endpoint, printable(l.Alias))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&endpoint, "endpoint", cmp.Or(os.Getenv("SALLYPORT_ENDPOINT"), defaultEndpoint), "`URL` of the server, scheme and host")
	flags.StringVar(&name, "name", cmp.Or(os.Getenv("SALLYPORT_LOGIN"), defaultLogin), "`name` to keep the sign-in under")
	flags.BoolVar(&device, "device", false, "print a code to type in a browser on any machine")
	flags.BoolVar(&noBrowser, "no-browser", false, "print the address and open nothing")
	return cmd
}

func keep(name string, l login) error {
	kept, err := credentialsAt()
	if err != nil {
		return err
	}
	return kept.change(func(logins map[string]login) error { logins[name] = l; return nil })
}

func (s remote) login(ctx context.Context, to io.Writer, byDevice, browser bool) (login, error) {
	r, err := s.register(ctx)
	if err != nil {
		return login{}, err
	}
	l := login{Endpoint: s.endpoint, ClientID: r.ClientID, ClientSecret: r.ClientSecret}
	var t tokens
	if byDevice {
		t, err = s.byDevice(ctx, r, func(d device) {
			fmt.Fprintf(to, "Open this address in a browser:\n\n  %s\n\nIt must show the code %s; or type it at %s\n\n", printable(d.FullPage), printable(d.UserCode), printable(d.Page))
		})
	} else {
		t, err = s.byCode(ctx, r, func(url string) {
			fmt.Fprintf(to, "Sign in at this address:\n\n  %s\n\n", printable(url))
			if browser {
				openBrowser(url)
			}
		})
	}
	if err != nil {
		return login{}, err
	}
	t.into(&l)
	var profile api.Profile
	if err := call(ctx, s, l.AccessToken, "GET /profile", &api.Empty{}, nil, &profile); err != nil {
		return login{}, err
	}
	l.Alias = profile.Alias
	return l, nil
}

// openBrowser tries. The address has been printed for when there is none.
func openBrowser(url string) {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	cmd := exec.Command(opener, url)
	if cmd.Start() == nil {
		go cmd.Wait()
	}
}

func logoutCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "logout", Short: "End the sign-in, on the server too", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ended := endSession(cmd.Context(), name)
			if err := forget(name); err != nil {
				return errors.Join(ended, err)
			}
			if ended != nil {
				return fmt.Errorf("the sign-in is forgotten here, but the server was not told: %w", ended)
			}
			fmt.Fprintln(cmd.ErrOrStderr(), "Signed out.")
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", cmp.Or(os.Getenv("SALLYPORT_LOGIN"), defaultLogin), "`name` the sign-in is kept under")
	return cmd
}

// endSession ends the session on the server; one that has ended already is fine.
func endSession(ctx context.Context, name string) error {
	s, err := signIn(ctx, name)
	if err != nil {
		return err
	}
	err = call(ctx, s.remote, s.token, "DELETE /sessions/{id}", &api.EndSessionInput{ID: "current"}, nil, nil)
	var problem *api.Problem
	if errors.As(err, &problem) && problem.Code == "unauthenticated" {
		return nil
	}
	return err
}

func forget(name string) error {
	kept, err := credentialsAt()
	if err != nil {
		return err
	}
	return kept.change(func(logins map[string]login) error { delete(logins, name); return nil })
}

func whoamiCommand() *cobra.Command {
	return showing(verb[api.Empty]{use: "whoami", short: "Show who you are signed in as", ask: "GET /profile"}, table[api.Profile]{
		{"alias", func(p api.Profile) string { return p.Alias }},
		{"name", func(p api.Profile) string { return p.DisplayName }},
		{"email", func(p api.Profile) string { return p.Email }},
		{"user id", func(p api.Profile) string { return p.UserID }},
	})
}
