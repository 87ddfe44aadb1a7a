package main

import (
	"cmp"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/trust"
)

func trustCommand() *cobra.Command {
	return noun("trust", "Which projects the trust policies of roles let in", trustGenerate(), trustCheck(), trustExplain(), trustConvert())
}

// placeFlags say where in a space, by names or by ids. Names are asked of a server; with
// ids alone none is needed.
type placeFlags struct{ space, project, environment, login string }

func (f *placeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.space, "space", os.Getenv("SALLYPORT_SPACE"), "`name` or id of the space")
	flags.StringVar(&f.project, "project", "", "`name` or id of the project; none: every project of the space")
	flags.StringVar(&f.environment, "environment", "", "`name` or id of the environment; none: every one of the project")
	flags.StringVar(&f.login, "login", cmp.Or(os.Getenv("SALLYPORT_LOGIN"), defaultLogin), "`name` of the sign-in to ask for ids with")
}

func (f *placeFlags) place(ctx context.Context) (trust.Place, error) {
	at := trust.Place{Space: f.space, Project: f.project, Environment: f.environment}
	if f.space == "" {
		return at, fmt.Errorf("%w: say which space: --space NAME or its id", errUsage)
	}
	if f.environment != "" && f.project == "" {
		return at, fmt.Errorf("%w: say of which project the environment is: --project NAME or its id", errUsage)
	}
	isName := func(text string) bool { return text != "" && !trust.IsID(text) }
	if !isName(f.space) && !isName(f.project) && !isName(f.environment) {
		return at, nil
	}
	if !isName(f.space) || !isName(f.project) && isName(f.environment) {
		return at, fmt.Errorf("%w: what is above a name is to be a name too: a project's id does not lead to the space's name", errUsage)
	}
	s, err := signIn(ctx, f.login)
	if err != nil {
		return at, err
	}
	var space api.Space
	if err := call(ctx, s.remote, s.token, "GET /spaces/{space}", &api.GetSpaceInput{Space: f.space}, nil, &space); err != nil {
		return at, advised(err)
	}
	at.Space = space.ID
	if isName(f.project) {
		var project api.Project
		if err := call(ctx, s.remote, s.token, "GET /spaces/{space}/projects/{project}", &api.GetProjectInput{Space: f.space, Project: f.project}, nil, &project); err != nil {
			return at, advised(err)
		}
		if at.Project = project.ID; at.Project == "" {
			return at, fmt.Errorf("you see that there is a project %s, and not its id: who has a role in it does", f.project)
		}
	}
	if isName(f.environment) {
		var environment api.Environment
		if err := call(ctx, s.remote, s.token, "GET "+projectEnvironment, &api.GetEnvironmentInput{Space: f.space, Project: f.project, Environment: f.environment}, nil, &environment); err != nil {
			return at, advised(err)
		}
		at.Environment = environment.ID
	}
	return at, nil
}

// issuer is the address of the server that vouches: as given, or as the one signed in to
// says.
func (f *placeFlags) issuer(ctx context.Context, given string) (string, error) {
	if given != "" {
		return strings.TrimSuffix(given, "/"), nil
	}
	s, err := signIn(ctx, f.login)
	if err != nil {
		return "", fmt.Errorf("%w\nor say who vouches: --issuer https://...", err)
	}
	var found struct{ Issuer string }
	if err := s.do(ctx, http.MethodGet, "/.well-known/openid-configuration", "", nil, &found); err != nil {
		return "", err
	}
	return found.Issuer, nil
}

func trustGenerate() *cobra.Command {
	var place placeFlags
	r := trust.Role{}
	var form, format string
	var existing bool
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Print how to make a role that lets in one space, project or environment",
		Long: `Print how to make a role in an account that lets in one space, one project or one
environment, as a CloudFormation template, as Terraform or as commands of the AWS CLI.
Nothing is made.

As web identity, the role trusts this Sallyport as an OpenID Connect provider, which is
made too, unless the account has it already (--existing-provider). As service, it trusts
the services of CodeCatalyst, which only Sallyport's own account side is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			r.Form, r.Provider = trust.Form(form), !existing
			if r.Form != trust.AsWebIdentity && r.Form != trust.AsService {
				return fmt.Errorf("%w: --principal takes service or web-identity, not %q", errUsage, form)
			}
			if r.Account == "" || r.Name == "" {
				return fmt.Errorf("%w: say which role of which account: --account NUMBER --role-name NAME", errUsage)
			}
			if r.Place, err = place.place(cmd.Context()); err != nil {
				return err
			}
			if r.Form == trust.AsWebIdentity {
				if r.Issuer, err = place.issuer(cmd.Context(), r.Issuer); err != nil {
					return err
				}
				if r.MakesProvider() && r.Thumbprint == "" {
					if r.Thumbprint, err = thumbprint(cmd.Context(), r.Issuer); err != nil {
						fmt.Fprintf(cmd.ErrOrStderr(), "the thumbprint of %s is left out, since it could not be asked: %v\n", r.Issuer, err)
					}
				}
			}
			text, err := r.Generate(trust.Format(format))
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	place.add(flags)
	flags.StringVar(&r.Account, "account", "", "`number` of the account")
	flags.StringVar(&r.Name, "role-name", "", "`name` of the role")
	flags.StringArrayVar(&r.Policies, "policy-arn", nil, "`ARN` of a managed policy to attach; may be given more than once")
	flags.StringVar(&form, "principal", string(trust.AsWebIdentity), "whom the role trusts: service or web-identity")
	flags.StringVar(&format, "format", string(trust.CLI), "cloudformation, terraform or cli")
	flags.StringVar(&r.Issuer, "issuer", "", "`address` of the Sallyport to trust; none: the one signed in to")
	flags.StringVar(&r.Thumbprint, "thumbprint", "", "of the issuer's certificate; none: it is asked for")
	flags.BoolVar(&existing, "existing-provider", false, "the account has the provider already")
	return cmd
}

// thumbprint is the SHA-1 of the last certificate that an issuer shows: "Obtain the
// thumbprint for an OpenID Connect identity provider" in the IAM User Guide. The issuer
// must prove who it is.
func thumbprint(ctx context.Context, issuer string) (string, error) {
	at, err := url.Parse(issuer)
	if err != nil || at.Scheme != "https" {
		return "", fmt.Errorf("%q is no address that begins with https://", issuer)
	}
	config, err := trusting(os.Getenv("AWS_CA_BUNDLE"))
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	connection, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", at.Hostname()+":"+cmp.Or(at.Port(), "443"))
	if err != nil {
		return "", err
	}
	defer connection.Close()
	chain := connection.(*tls.Conn).ConnectionState().PeerCertificates
	sum := sha1.Sum(chain[len(chain)-1].Raw)
	return hex.EncodeToString(sum[:]), nil
}

func trustCheck() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "check POLICY...",
		Short: "Review trust policies: who gets in that should not, and who does not that should",
		Long: `Review trust policies as policy check --type trust does, and as far as they let in
projects: ids, the form of aws:SourceArn, both services, the subjects of tokens. POLICY is
a file, or - for standard input.

The exit code is 1 when there are errors or security warnings.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			p, err := newPrinter(cmd, output)
			if err != nil {
				return err
			}
			return checkPolicies(cmd.InOrStdin(), p, files, trust.Check)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "`format`: table or json")
	return cmd
}

func trustExplain() *cobra.Command {
	var place placeFlags
	var issuer, user, output string
	cmd := &cobra.Command{
		Use:   "explain POLICY",
		Short: "Show each condition of a trust policy beside the value it would meet",
		Long: `Show whether a trust policy lets in what runs in a project, as whom, and each condition
beside the value it would meet. POLICY is a file, or - for standard input. The decision is
made by what decides in Sallyport's own STS.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := newPrinter(cmd, output)
			if err != nil {
				return err
			}
			text, err := readPolicy(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			at, err := place.place(cmd.Context())
			if err != nil {
				return err
			}
			answer, err := trust.Explain(string(text), trust.Question{
				Claims: trust.Claims{Place: at, User: user, SourceIdentity: user}, Issuer: strings.TrimSuffix(issuer, "/"), Now: time.Now()})
			if err != nil {
				return err
			}
			return writeExplanation(p, answer)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	place.add(flags)
	flags.StringVar(&issuer, "issuer", "", "`address` of the Sallyport whose tokens are meant; none: every provider the policy names")
	flags.StringVar(&user, "user", "", "`id` of the user it would run for, for conditions that ask")
	flags.StringVarP(&output, "output", "o", "table", "`format`: table or json")
	return cmd
}

func writeExplanation(p printer, answer trust.Answer) error {
	if p.json {
		return p.document(struct {
			Version  int  `json:"version"`
			Admitted bool `json:"admitted"`
			trust.Answer
		}{outputVersion, answer.Admitted(), answer})
	}
	var out strings.Builder
	for _, way := range answer.Ways {
		verdict := map[bool]string{true: "admitted", false: "refused"}[way.Admitted]
		fmt.Fprintf(&out, "%s: %s by %s: %s\n", way.As, verdict, way.Action, way.Because)
		for _, s := range way.Traced {
			writeTraced(&out, s)
		}
	}
	for _, key := range answer.Open {
		fmt.Fprintf(&out, "only a real request has a value of %s\n", key)
	}
	for line := range strings.Lines(out.String()) {
		if _, err := fmt.Fprintln(p.to, printable(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

func writeTraced(out *strings.Builder, s policy.Traced) {
	effect := map[bool]string{true: "denies", false: "allows"}[s.Denies]
	name := s.Sid
	if name == "" {
		name = fmt.Sprint(s.Index + 1)
	}
	fmt.Fprintf(out, "  statement %s %s: principal %s, action %s\n", name, effect, yesNo(s.Principal), yesNo(s.Action))
	for _, c := range s.Conditions {
		fmt.Fprintf(out, "    %s %s: %s\n      wants  %s\n      meets  %s\n", c.Operator, c.Key, yesNo(c.Holds), strings.Join(c.Wanted, "\n             "), trust.Met(c))
	}
}

func trustConvert() *cobra.Command {
	var to, provider, output string
	cmd := &cobra.Command{
		Use:   "convert POLICY",
		Short: "Write a trust policy for web identity instead of the services, or back",
		Long: `Write a trust policy that lets in CodeCatalyst's services as one that lets in the same
projects by web identity, or the other way round. POLICY is a file, or - for standard
input. What cannot be said in the other form is left out and told on standard error; the
result never lets in more.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := newPrinter(cmd, output)
			if err != nil {
				return err
			}
			form := trust.Form(to)
			if form != trust.AsService && form != trust.AsWebIdentity || provider == "" {
				return fmt.Errorf("%w: say --to service or --to web-identity, and which provider stands for Sallyport: --provider arn:aws:iam::ACCOUNT:oidc-provider/HOST", errUsage)
			}
			text, err := readPolicy(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			converted, err := trust.Convert(string(text), form, provider)
			if err != nil {
				return err
			}
			if p.json {
				return p.document(struct {
					Version int `json:"version"`
					trust.Conversion
				}{outputVersion, converted})
			}
			for _, note := range converted.Notes {
				fmt.Fprintln(cmd.ErrOrStderr(), printable(note))
			}
			_, err = fmt.Fprint(p.to, converted.Document)
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&to, "to", "", "service or web-identity")
	flags.StringVar(&provider, "provider", "", "`ARN` of the OpenID Connect provider that stands for Sallyport in the role's account")
	flags.StringVarP(&output, "output", "o", "table", "`format`: table, which prints the policy, or json")
	return cmd
}
