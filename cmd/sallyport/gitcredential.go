package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
)

func gitCredentialCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "git-credential get|store|erase",
		Short: "Hand git a short-lived password from your sign-in",
		Long: `Hand git a short-lived password from your sign-in.

It is a credential helper (gitcredentials(7)) for repositories of the servers you are
signed in to, and silent about all others:

  git config --global credential.helper '!sallyport git-credential'
  git config --global credential.useHttpPath true

The second line is needed: a password is good for the one repository that git names,
for an hour at most, and ends with the sign-in. Nothing is kept on disk.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "get" { // nothing is kept, so there is nothing to store or erase
				return nil
			}
			asked, err := readGitRequest(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return advised(asked.answer(cmd.Context(), name, cmd.OutOrStdout(), cmd.ErrOrStderr()))
		},
	}
	cmd.Flags().StringVar(&name, "login", os.Getenv("SALLYPORT_LOGIN"), "`name` of the sign-in to use; default: the one to the server that git asks for")
	return cmd
}

// gitRequest is what git asks a credential for.
type gitRequest struct{ protocol, host, path, username string }

const longestGitRequest = 64 << 10

// readGitRequest reads attributes as git-credential(1) writes them. What it says
// twice, and differently, somebody has smuggled in.
func readGitRequest(from io.Reader) (r gitRequest, err error) {
	known := map[string]*string{"protocol": &r.protocol, "host": &r.host, "path": &r.path, "username": &r.username}
	said := map[string]bool{}
	lines := bufio.NewScanner(io.LimitReader(from, longestGitRequest))
	for lines.Scan() && lines.Text() != "" {
		key, value, ok := strings.Cut(lines.Text(), "=")
		to := known[key]
		switch {
		case !ok || strings.ContainsAny(value, "\x00\r"):
			return gitRequest{}, fmt.Errorf("%w: git's request for a credential cannot be read", errUsage)
		case to == nil:
			continue
		case said[key] && *to != value:
			return gitRequest{}, fmt.Errorf("%w: git's request for a credential names two values of %s", errUsage, key)
		}
		*to, said[key] = value, true
	}
	return r, lines.Err()
}

// answer writes the credential, or nothing where it is not for this program to give.
func (r gitRequest) answer(ctx context.Context, name string, to, say io.Writer) error {
	name, err := r.login(name)
	if err != nil || name == "" {
		return err
	}
	in, ok := r.repository()
	if !ok {
		fmt.Fprintln(say, "sallyport: git does not say which repository the password is for. Run:\n  git config --global credential.useHttpPath true")
		return nil
	}
	s, err := signIn(ctx, name)
	if err != nil {
		return err
	}
	// The file may have changed meanwhile, and this decides whom git gives the secret to.
	if !r.at(s.endpoint) {
		return nil
	}
	var made api.GitCredential
	if err := call(ctx, s.remote, s.token, "POST /spaces/{space}/projects/{project}/repositories/{repository}/git-credentials", &in, nil, &made); err != nil {
		return err
	}
	if strings.ContainsAny(made.User+made.Secret, "\n\r\x00") {
		return errors.New("the server answers with a credential that cannot be handed to git")
	}
	_, err = fmt.Fprintf(to, "username=%s\npassword=%s\npassword_expiry_utc=%d\n", made.User, made.Secret, made.ExpiresAt.Unix())
	return err
}

// login finds the sign-in to the server that git asks for: of this name where one is
// given, else the default one, else the only one. Empty: there is none.
func (r gitRequest) login(name string) (string, error) {
	if os.Getenv("SALLYPORT_TOKEN") != "" {
		if !r.at(os.Getenv("SALLYPORT_ENDPOINT")) {
			return "", nil
		}
		return cmp.Or(name, defaultLogin), nil // what it is called does not matter then
	}
	kept, err := credentialsAt()
	if err != nil {
		return "", err
	}
	file, err := kept.read()
	if err != nil {
		return "", err
	}
	var fit []string
	for candidate, l := range file.Logins {
		if r.at(l.Endpoint) && (name == "" || candidate == name) && (r.username == "" || strings.EqualFold(r.username, l.Alias)) {
			fit = append(fit, candidate)
		}
	}
	switch {
	case len(fit) == 0:
		return "", nil
	case slices.Contains(fit, defaultLogin):
		return defaultLogin, nil
	case len(fit) > 1:
		slices.Sort(fit)
		return "", fmt.Errorf("you are signed in to %s as %s: say which with git's user name, https://ALIAS@..., or with --login", r.host, strings.Join(fit, " and "))
	}
	return fit[0], nil
}

// at tells whether git asks for this server: by the same scheme, at the same host and
// port.
func (r gitRequest) at(endpoint string) bool {
	server, err := url.Parse(endpoint)
	if err != nil || server.Host == "" || (server.Scheme != "http" && server.Scheme != "https") {
		return false
	}
	return r.protocol == server.Scheme && r.host != "" && withPort(r.host, r.protocol) == withPort(server.Host, server.Scheme)
}

// withPort writes a host as it is compared. Whatever is no host and port stays as it
// is, and equals no server's.
func withPort(host, scheme string) string {
	host = strings.ToLower(host)
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return host + map[string]string{"http": ":80", "https": ":443"}[scheme]
}

// repository takes the path of a repository's URL apart, which git gives decoded.
func (r gitRequest) repository() (in api.CreateGitCredentialInput, ok bool) {
	rest, ok := strings.CutPrefix(r.path, "git/")
	parts := strings.Split(strings.TrimSuffix(strings.TrimSuffix(rest, "/"), ".git"), "/")
	if !ok || len(parts) != 3 || slices.Contains(parts, "") {
		return in, false
	}
	return api.CreateGitCredentialInput{Space: parts[0], Project: parts[1], Repository: parts[2]}, true
}
