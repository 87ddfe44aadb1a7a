// Package trust knows how the policies of roles let a space's projects in, and in whose
// words: as a service of AWS with the place in aws:SourceArn, or as somebody whom
// Sallyport vouches for, with the place in the subject of a token. It reviews such
// policies, shows what they compare, turns the one kind into the other and makes new
// ones. Values in, findings and texts out: who is in the space, and what an account
// really has, others know.
//
//	                    ┌─ service principal, aws:SourceArn ──┐
//	space/project/env ──┤                                     ├──> trust policy ──> role
//	                    └─ web identity, <issuer>:sub ────────┘
//
// The words of the first kind are AWS's: "Understanding the CodeCatalyst trust model" in
// the CodeCatalyst User Guide.
package trust

import "github.com/sallyport/sallyport/arn"

// The services that act for a project.
const (
	Runner  = "codecatalyst-runner.amazonaws.com" // runs what a project runs
	Service = "codecatalyst.amazonaws.com"        // reaches into the account for the space
)

// Audience is whom tokens are for that AWS takes for roles.
const Audience = "sts.amazonaws.com"

// Place is where in a space something runs, by ids, which are never given twice. An
// empty Project or Environment means any.
type Place struct {
	Space, Project, Environment string
}

// SourceARN is the place in aws:SourceArn: an ARN without Region and account, and so
// with three colons. It knows no environments.
func (p Place) SourceARN() string { return arn.Project(p.Space, orAny(p.Project)).String() }

// Subject is the place in the sub of a token; of more than one environment, the pattern
// of all their tokens.
func (p Place) Subject() string {
	if p.Project == "" {
		return p.project()
	}
	return p.project() + "/environment/" + orAny(p.Environment)
}

func (p Place) project() string { return "space/" + p.Space + "/project/" + orAny(p.Project) }

func orAny(id string) string {
	if id == "" {
		return "*"
	}
	return id
}

// Claims are what a token says of a run: where it is, and for whom. Names are for people
// to read; nothing is to be decided by them, since they can be given anew.
type Claims struct {
	Place
	SpaceName, ProjectName, EnvironmentName string
	User                                    string // id of the user it is for
	Run                                     string // id of the run
	SourceIdentity                          string // empty: none
}

// Tags are what a session is tagged with, by ids.
func (c Claims) Tags() map[string]string {
	tags := map[string]string{}
	for key, value := range map[string]string{"space": c.Space, "project": c.Project, "environment": c.Environment, "user": c.User, "run": c.Run} {
		if value != "" {
			tags[key] = value
		}
	}
	return tags
}
