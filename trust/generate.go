package trust

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"github.com/sallyport/sallyport/policy"
)

// Format is how a role is made.
type Format string

// The formats.
const (
	CloudFormation Format = "cloudformation"
	Terraform      Format = "terraform"
	CLI            Format = "cli"
)

// Role is one to make, for a place to get in by.
type Role struct {
	Place
	Form     Form
	Account  string // twelve digits
	Name     string
	Policies []string // ARNs of managed policies to attach

	// Of web identity alone.
	Issuer     string // the address of Sallyport, https://
	Thumbprint string // of its certificate, where no public authority vouches for it; empty: one does
	Provider   bool   // make the provider too; an account has one for each issuer
}

var (
	anAccount    = regexp.MustCompile(`^[0-9]{12}$`)
	aRoleName    = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	aPolicyARN   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[\w+=,.@/-]{1,512}$`)
	aThumbprint  = regexp.MustCompile(`^[0-9a-f]{40}$`)
	anIssuerName = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]{1,5})?(/[\w./-]*)?$`)
)

// check keeps everything out of templates that could be read as part of them.
func (r Role) check() error {
	for _, id := range []string{r.Space, r.Project, r.Environment} {
		if id != "" && !IsID(id) {
			return fmt.Errorf("%q is no id: roles trust ids, which are never given twice", id)
		}
	}
	name, https := strings.CutPrefix(r.Issuer, "https://")
	switch {
	case r.Space == "":
		return fmt.Errorf("say which space")
	case r.Environment != "" && r.Project == "":
		return fmt.Errorf("say of which project the environment is")
	case r.Environment != "" && r.Form == AsService:
		return fmt.Errorf("aws:SourceArn names no environments: a role for one environment is for web identity")
	case !anAccount.MatchString(r.Account):
		return fmt.Errorf("%q is no account: its number has twelve digits", r.Account)
	case !aRoleName.MatchString(r.Name):
		return fmt.Errorf("%q is no name of a role: 1 to 64 letters, digits and +=,.@-_", r.Name)
	case r.Form == AsWebIdentity && (!https || !anIssuerName.MatchString(name)):
		return fmt.Errorf("%q is no issuer: AWS takes an address that begins with https://, in lower case", r.Issuer)
	case r.Thumbprint != "" && !aThumbprint.MatchString(r.Thumbprint):
		return fmt.Errorf("%q is no thumbprint: it has 40 hexadecimal digits", r.Thumbprint)
	}
	for _, arn := range r.Policies {
		if !aPolicyARN.MatchString(arn) {
			return fmt.Errorf("%q is not the ARN of a managed policy", arn)
		}
	}
	return nil
}

// ProviderARN is what stands for the issuer in the account.
func (r Role) ProviderARN() string {
	return "arn:aws:iam::" + r.Account + ":oidc-provider/" + r.Host()
}

// Host is what ARNs and condition keys call the issuer.
func (r Role) Host() string { return strings.TrimPrefix(r.Issuer, "https://") }

// Policy is the role's trust policy.
func (r Role) Policy() (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	return write(r.policy()), nil
}

func (r Role) policy() policy.Node {
	statement := object(
		"Effect", text("Allow"), "Principal", object("Service", list(Runner, Service)), "Action", text("sts:AssumeRole"),
		"Condition", object("ArnLike", object("aws:SourceArn", text(r.SourceARN()))))
	if r.Form == AsWebIdentity {
		compared := "StringLike"
		if r.Environment != "" {
			compared = "StringEquals"
		}
		var conditions policy.Node
		add(&conditions, "StringEquals", r.Host()+":aud", text(Audience))
		add(&conditions, compared, r.Host()+":sub", text(r.Subject()))
		statement = object(
			"Effect", text("Allow"), "Principal", object("Federated", text(r.ProviderARN())),
			"Action", list(append([]string{withWebIdentity}, alsoAsked...)...), "Condition", conditions)
	}
	return object("Version", text(policy.Version2012), "Statement", policy.Node{Kind: policy.ListNode, Items: []policy.Node{statement}})
}

// Generate writes how to make the role.
func (r Role) Generate(as Format) (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	page := templates.Lookup(string(as) + ".tmpl")
	if page == nil {
		return "", fmt.Errorf("%q is no format: it is %s, %s or %s", as, CloudFormation, Terraform, CLI)
	}
	var out strings.Builder
	err := page.Execute(&out, r)
	return out.String(), err
}

//go:embed templates
var files embed.FS

// Templates put in nothing that has not been checked: ids, names and addresses of
// characters that none of the formats reads as its own.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"policy": func(r Role, indent string) string {
		return strings.ReplaceAll(strings.TrimSuffix(write(r.policy()), "\n"), "\n", "\n"+indent)
	},
}).ParseFS(files, "templates/*.tmpl"))

// MakesProvider tells whether the provider is to be made too.
func (r Role) MakesProvider() bool { return r.Form == AsWebIdentity && r.Provider }

// Whom is who gets in, for a comment.
func (r Role) Whom() string {
	switch {
	case r.Project == "":
		return "every project of the space " + r.Space
	case r.Environment == "":
		return "the project " + r.Project + " of the space " + r.Space
	}
	return "the environment " + r.Environment + " of the project " + r.Project
}
