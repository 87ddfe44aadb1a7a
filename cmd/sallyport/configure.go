package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
)

// configuration is what the AWS clients of a machine are told about a server.
type configuration struct {
	endpoint string
	profile  string
	region   string
	oldCLI   string
	bundle   string // certificates to trust; may be empty
	force    bool
	file     string // of the AWS clients
	// The role to work as, of the access portal; empty: none, the profile is for spaces.
	account, role string
	store         string // the identity store whose portal it is; empty: the first
}

// profileForm keeps to what needs no quoting in the file.
var profileForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)

func configureCommand() *cobra.Command {
	var c configuration
	cmd := &cobra.Command{
		Use:   "configure",
		Short: "Tell the AWS CLI and SDKs on this machine about a server",
		Long: `Tell the AWS CLI and SDKs on this machine about a server.

Three stanzas are written into the AWS config file: a profile, and the sso-session
and services it names. Everything else in the file stays as it is, byte for byte.

AWS CLI 2 before 2.13 does not know services. For it, a rule is added to a copy of
the CLI's own endpoint rules in ~/.aws/models, which leads one invented Region to the
server; profiles with other Regions are not concerned.

With --account and --role the profile is for AWS accounts: whoever signs in is a user
of an identity store, and commands run with that role, if it is assigned to them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			written, err := c.write(cmd.Context())
			for _, path := range written {
				fmt.Fprintln(cmd.ErrOrStderr(), "wrote", path)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Next: aws sso login --profile %s\n", c.profile)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.endpoint, "endpoint", os.Getenv("SALLYPORT_ENDPOINT"), "`URL` of the server; default: that of sallyport login")
	flags.StringVar(&c.profile, "profile", "sallyport", "`name` of the profile, the sso-session and the services")
	flags.StringVar(&c.region, "region", "", "`Region` of the profile; default: the server's")
	flags.StringVar(&c.file, "aws-config", os.Getenv("AWS_CONFIG_FILE"), "`file` to write; default: ~/.aws/config")
	flags.StringVar(&c.bundle, "ca-bundle", os.Getenv("AWS_CA_BUNDLE"), "`file` of certificates that clients must trust")
	flags.StringVar(&c.oldCLI, "old-cli", "auto", "whether the AWS CLI is older than 2.13: auto, yes or no")
	flags.StringVar(&c.account, "account", "", "`number` of the AWS account to work in")
	flags.StringVar(&c.role, "role", "", "`name` of the permission set to work with there")
	flags.StringVar(&c.store, "store", "", "`id` of the identity store, where it is not the first one")
	flags.BoolVar(&c.force, "force", false, "replace stanzas of the same names that this command did not write")
	return cmd
}

// write tells what files it has written, also when it fails half way.
func (c *configuration) write(ctx context.Context) (written []string, err error) {
	if err := c.complete(ctx); err != nil {
		return nil, err
	}
	old, err := c.isOld(ctx)
	if err != nil {
		return nil, err
	}
	region := c.region
	if old {
		if region, err = inventedRegion(c.profile); err != nil {
			return nil, err
		}
	}
	if err := writeStanzas(c.file, c.stanzas(region), c.force); err != nil {
		return nil, err
	}
	if old {
		written, err = writeRules(ctx, c.profile, region, c.region, c.endpoint+"/aws")
	} else {
		err = removeRules(c.profile)
	}
	return append([]string{c.file}, written...), err
}

// complete fills in what was left out and checks the rest. The server is asked for
// its Region, so that a wrong address shows here and not later.
func (c *configuration) complete(ctx context.Context) error {
	if !profileForm.MatchString(c.profile) {
		return fmt.Errorf("%w: the name of a profile has letters, digits and - _ . only, not %q", errUsage, c.profile)
	}
	if (c.account == "") != (c.role == "") || c.store != "" && c.role == "" {
		return fmt.Errorf("%w: give --account and --role together; --store belongs to them", errUsage)
	}
	if strings.ContainsAny(c.account+c.role+c.store, " \t\r\n#;=[]/") {
		return fmt.Errorf("%w: an account is twelve digits, a role a name without spaces", errUsage)
	}
	if c.file == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		c.file = filepath.Join(home, ".aws", "config")
	}
	if c.bundle != "" {
		bundle, err := filepath.Abs(c.bundle)
		if err != nil {
			return err
		}
		c.bundle = bundle
	}
	if c.endpoint == "" {
		kept, err := credentialsAt()
		if err != nil {
			return err
		}
		l, err := kept.login(cmp.Or(os.Getenv("SALLYPORT_LOGIN"), defaultLogin))
		if err != nil {
			return fmt.Errorf("%w: say which server: --endpoint URL", errUsage)
		}
		c.endpoint = l.Endpoint
	}
	s, err := newRemote(c.endpoint)
	if err != nil {
		return err
	}
	c.endpoint = s.endpoint
	var is api.Server
	if err := call(ctx, s, "", "GET /server", &api.Empty{}, nil, &is); err != nil {
		return err
	}
	if c.region = cmp.Or(c.region, is.Region); !regionName.MatchString(c.region) {
		return fmt.Errorf("%q is not the name of a Region: it would be written into %s", c.region, c.file)
	}
	return nil
}

// regionName keeps what a server says from adding lines to the file.
var regionName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// awsServices are the services Sallyport answers for, as the config file names them.
var awsServices = []string{"sso", "sso_oidc", "sts", "codecatalyst", "organizations", "iam", "sso_admin", "identitystore", "cloudtrail", "accessanalyzer"}

func (c *configuration) stanzas(region string) []stanza {
	aws := c.endpoint + "/aws"
	services := stanza{kind: "services", name: c.profile}
	for _, service := range awsServices {
		services.lines = append(services.lines, service+" =", "  endpoint_url = "+aws)
	}
	profile := stanza{kind: "profile", name: c.profile, lines: []string{
		"sso_session = " + c.profile, "region = " + region, "services = " + c.profile, "endpoint_url = " + aws,
	}}
	scope, start := "codecatalyst:read_write", "/start"
	if c.role != "" {
		scope = "sso:account:access"
		profile.lines = append(profile.lines, "sso_account_id = "+c.account, "sso_role_name = "+c.role)
	}
	if c.store != "" {
		start += "/" + c.store
	}
	if c.bundle != "" {
		profile.lines = append(profile.lines, "ca_bundle = "+c.bundle)
	}
	return []stanza{{kind: "sso-session", name: c.profile, lines: []string{
		"sso_region = " + region, "sso_start_url = " + c.endpoint + start, "sso_registration_scopes = " + scope,
	}}, profile, services}
}

// isOld tells whether the AWS CLI here ignores endpoints in its config file.
func (c *configuration) isOld(ctx context.Context) (bool, error) {
	switch c.oldCLI {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	case "auto":
	default:
		return false, fmt.Errorf("%w: --old-cli takes auto, yes or no, not %q", errUsage, c.oldCLI)
	}
	major, minor, err := awsVersion(ctx)
	if errors.Is(err, errNoCLI) {
		return false, nil // the SDKs know services, and so does any CLI installed from now on
	}
	return major == 2 && minor < 13, err
}
