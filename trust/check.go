package trust

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// Check says what is wrong with a role's trust policy, or could be better: all that
// [policy.Check] says, and what it takes for projects to get in as it was meant.
func Check(document string) []policy.Finding {
	findings := policy.Check(policy.Trust, document)
	d, err := policy.Parse([]byte(document))
	if err != nil {
		return findings // of which this is the one
	}
	var own []policy.Finding
	for i := range d.Statements {
		s := newStatement(&d.Statements[i])
		for _, look := range []func(statement) []policy.Finding{checkServices, checkPlaces, checkWebIdentity, checkResource} {
			own = append(own, look(s)...)
		}
	}
	// What is said in terms of projects need not be said in general.
	findings = slices.DeleteFunc(findings, func(f policy.Finding) bool {
		return slices.ContainsFunc(own, func(o policy.Finding) bool { return f.Start == o.Start && slices.Contains(instead[o.Code], f.Code) })
	})
	findings = append(findings, own...)
	slices.SortStableFunc(findings, func(a, b policy.Finding) int { return cmp.Compare(a.Start.Offset, b.Start.Offset) })
	return findings
}

// instead are the codes of package policy that one of ours says better.
var instead = map[string][]string{
	"SUBJECT_MISSING":  {"SUBJECT_CONDITION_RECOMMENDED", "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL"},
	"AUDIENCE_MISSING": {"MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL"},
	"WILDCARD_AS_TEXT": {"WILDCARD_WITHOUT_LIKE_OPERATOR"},
	"ANY_SPACE":        {"WILDCARD_IN_SOURCE_ARN_SPACE", "WILDCARD_IN_SOURCE_ARN_ACCOUNT"},
}

// statement is one with what the checks ask of it.
type statement struct {
	*policy.Statement
	allows     bool
	services   []policy.PrincipalEntry // CodeCatalyst's, and what is spelled like them
	providers  []policy.PrincipalEntry // of OpenID Connect
	conditions []condition
}

// condition is a line of a Condition with its operator understood.
type condition struct {
	policy.ConditionEntry
	key      string // lower case
	negated  bool
	optional bool // it holds also where the key is absent
	like     bool // wildcards are wildcards
}

func newStatement(s *policy.Statement) statement {
	v := statement{Statement: s, allows: s.Effect != nil && s.Effect.Value.IsText("Allow")}
	for _, entry := range policy.Principals(s.Principal) {
		switch {
		case entry.Type == nil || entry.Value.Kind != policy.StringNode:
		case entry.Type.Name == "Service" && strings.HasPrefix(entry.Value.Text, "codecatalyst"):
			v.services = append(v.services, entry)
		case entry.Type.Name == "Federated" && ProviderName(entry.Value.Text) != "":
			v.providers = append(v.providers, entry)
		}
	}
	for _, entry := range s.Conditions() {
		name := entry.Operator.Name
		v.conditions = append(v.conditions, condition{entry, strings.ToLower(entry.Key.Name), strings.Contains(name, "Not"),
			strings.HasSuffix(name, "IfExists") || strings.HasPrefix(name, "ForAllValues:") || name == "Null",
			strings.Contains(name, "Like") || strings.Contains(name, "Arn")})
	}
	return v
}

// demands reports whether only requests get by that have the key with a given value.
func (s *statement) demands(key string) bool {
	return slices.ContainsFunc(s.conditions, func(c condition) bool { return c.key == key && !c.negated && !c.optional })
}

// does reports whether the statement is about an action.
func (s *statement) does(action string) bool {
	return slices.ContainsFunc(s.Action.Values(), func(n policy.Node) bool {
		prefix, wild := strings.CutSuffix(n.Text, "*")
		return strings.EqualFold(n.Text, action) || wild && len(prefix) <= len(action) && strings.EqualFold(prefix, action[:len(prefix)])
	})
}

// ProviderName is what condition keys call an OpenID Connect provider by its ARN: its
// address without https://. Empty: the ARN is no such provider's.
func ProviderName(arn string) string {
	_, name, found := strings.Cut(arn, ":oidc-provider/")
	if !found || !strings.HasPrefix(arn, "arn:") {
		return ""
	}
	return strings.ToLower(name)
}

func at(n *policy.Node, severity policy.Severity, code, message, fix string) policy.Finding {
	return policy.Finding{Severity: severity, Code: code, Ours: true, Message: message, Fix: fix, Start: n.Start, End: n.End, Path: []policy.PathElement{}}
}

// checkServices looks at the two principals that act for a project.
func checkServices(s statement) (findings []policy.Finding) {
	named := map[string]bool{}
	for _, entry := range s.services {
		name := entry.Value.Text
		if named[name] = true; name != Runner && name != Service {
			findings = append(findings, at(entry.Value, policy.Error, "UNKNOWN_SERVICE_PRINCIPAL", quote(name)+" is no service that acts for projects.", "Write "+Runner+" and "+Service+"."))
		}
	}
	if !s.allows || len(s.services) == 0 {
		return findings
	}
	for _, one := range oneOfTwo {
		if named[one.there] && !named[one.missing] {
			findings = append(findings, at(s.services[0].Value, one.severity, "ONE_SERVICE_PRINCIPAL",
				"Of the two services only "+one.there+" is named: "+one.so+".", "Name "+one.missing+" too, unless that is meant."))
		}
	}
	return findings
}

// oneOfTwo is what follows where a service is named without the other.
var oneOfTwo = []struct {
	there, missing string
	severity       policy.Severity
	so             string
}{
	{Runner, Service, policy.Suggestion, "what a project runs gets in, and nothing else that is done for the space"},
	{Service, Runner, policy.Warning, "nothing that a project runs gets in"},
}

const (
	twoColons  = "arn:aws:codecatalyst::space/"
	sourcePart = "arn:aws:codecatalyst:::"
)

// checkPlaces looks at the values that say which projects get in.
func checkPlaces(s statement) (findings []policy.Finding) {
	for _, c := range s.conditions {
		if c.negated || !s.allows {
			continue
		}
		for i := range c.Key.Values() {
			value := valueOf(c.Key, i)
			switch {
			case value.Kind != policy.StringNode:
			case c.key == "aws:sourcearn" && len(s.services) > 0:
				findings = append(findings, checkSourceARN(c, value)...)
			case strings.HasSuffix(c.key, ":sub") && strings.HasPrefix(value.Text, "space"):
				findings = append(findings, checkPlace(c, value, value.Text)...)
			}
		}
	}
	return findings
}

// valueOf is a value as it stands in the document, not a copy.
func valueOf(m *policy.Member, i int) *policy.Node {
	if m.Value.Kind == policy.ListNode {
		return &m.Value.Items[i]
	}
	return &m.Value
}

func checkSourceARN(c condition, value *policy.Node) []policy.Finding {
	text := value.Text
	rest, ok := strings.CutPrefix(text, sourcePart)
	switch {
	case strings.HasPrefix(text, twoColons):
		return nil // package policy says so, and how it is written
	case strings.Trim(text, "*") == "", strings.HasPrefix(text, "arn:*"), strings.HasPrefix(text, "arn:aws:*"):
		return []policy.Finding{at(value, policy.SecurityWarning, "ANY_SPACE", quote(text)+" is of any space, other people's too.", "Write "+Place{Space: "SPACE-ID", Project: "PROJECT-ID"}.SourceARN()+".")}
	case !ok:
		return []policy.Finding{at(value, policy.Error, "NO_PLACE", quote(text)+" is no project, and so lets none in.", "Write "+Place{Space: "SPACE-ID", Project: "PROJECT-ID"}.SourceARN()+", without Region and account.")}
	case strings.Contains(rest, "/environment"):
		return []policy.Finding{at(value, policy.Error, "ENVIRONMENT_IN_SOURCE_ARN", quote(text)+" names an environment, which aws:SourceArn never does: it lets nobody in.", "End behind the project's id; tokens of web identity do name environments.")}
	}
	return checkPlace(c, value, rest)
}

var (
	anID        = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	placeholder = regexp.MustCompile(`(?i)^(<.*>|\{.*\}|\[.*\]|(space|project|environment)[-_]?id)$`)
)

// IsID tells an id from a name.
func IsID(text string) bool { return anID.MatchString(text) }

// checkPlace looks at space/ID/project/ID/environment/ID, as much as there is of it.
func checkPlace(c condition, value *policy.Node, place string) (findings []policy.Finding) {
	found := func(severity policy.Severity, code, message, fix string) {
		findings = append(findings, at(value, severity, code, message, fix))
	}
	text := quote(value.Text)
	parts := strings.Split(place, "/")
	kinds := []string{"space", "project", "environment"}
	if !c.like && strings.ContainsAny(place, "*?") {
		found(policy.Error, "WILDCARD_AS_TEXT", text+" has a wildcard, which "+c.Operator.Name+" takes for itself: it lets nobody in.", "Use "+likeOf(c)+".")
	}
	for i, kind := range kinds {
		if 2*i >= len(parts) {
			break
		}
		whole := parts[2*i] == "*" && 2*i == len(parts)-1
		if parts[2*i] != kind && !whole {
			found(policy.Error, "NO_PLACE", text+" is no place in a space: it lets nobody in.", "Write space/SPACE-ID/project/PROJECT-ID, and in a token's sub behind it /environment/ENVIRONMENT-ID.")
			return findings
		}
		if whole {
			break
		}
		if 2*i+1 >= len(parts) {
			found(policy.Error, "NO_PLACE", text+" ends before the id of the "+kind+": it lets nobody in.", "Add the id.")
			return findings
		}
		id := parts[2*i+1]
		last := 2*i+1 == len(parts)-1
		switch {
		case kind == "space" && strings.ContainsAny(id, "*?"):
			found(policy.SecurityWarning, "ANY_SPACE", text+" is of any space, other people's too.", "Write the id of the space.")
		case placeholder.MatchString(id):
			found(policy.Error, "PLACEHOLDER", quote(id)+" stands for the id of the "+kind+": it lets nobody in.", "Write the id; sallyport "+kind+" list --output json shows it.")
		case id == "*" && kind == "project":
			found(policy.Suggestion, "WHOLE_SPACE", text+" lets in every project of the space, those to come too.", "Write a project's id, unless the whole space is meant.")
		case id == "*":
		case strings.ContainsAny(id, "*?"):
			found(policy.Warning, "PART_OF_AN_ID", quote(id)+" is a part of an id; ids are random, and what else begins so nobody knows.", "Write the whole id, or *.")
		case !IsID(id):
			found(policy.Warning, "NAME_FOR_ID", quote(id)+" is no id. A name lets nobody in: it could be given to somebody else.", "Write the id of the "+kind+"; sallyport "+kind+" list --output json shows it.")
		}
		if kind == "space" && last && !strings.ContainsAny(id, "*?") {
			found(policy.Warning, "NO_PROJECT", text+" is the space itself, which no project gets in by.", "Add a project, "+value.Text+"/project/PROJECT-ID; the space alone is for the roles of VPC connections.")
		}
	}
	return findings
}

func likeOf(c condition) string {
	if c.key == "aws:sourcearn" {
		return "ArnLike"
	}
	return "StringLike"
}

// checkWebIdentity looks at what tokens have to say.
func checkWebIdentity(s statement) (findings []policy.Finding) {
	if !s.allows || !s.does(withWebIdentity) {
		return nil
	}
	for _, entry := range s.providers {
		name := ProviderName(entry.Value.Text)
		if !s.demands(name + ":sub") {
			findings = append(findings, at(entry.Value, policy.SecurityWarning, "SUBJECT_MISSING",
				"Everybody whom "+quote(name)+" gives a token is let in, of whatever space and project.", `Add "StringLike": {"`+name+`:sub": "`+Place{Space: "SPACE-ID", Project: "PROJECT-ID"}.Subject()+`"}.`))
		}
		if !s.demands(name + ":aud") {
			findings = append(findings, at(entry.Value, policy.Warning, "AUDIENCE_MISSING",
				"Nothing says whom tokens of "+quote(name)+" have to be for.", `Add "StringEquals": {"`+name+`:aud": "`+Audience+`"}.`))
		}
		if !s.ours(name) {
			continue
		}
		for _, c := range s.conditions {
			if values := c.Key.Values(); c.key == name+":aud" && !c.negated && !slices.ContainsFunc(values, func(n policy.Node) bool { return n.IsText(Audience) }) {
				findings = append(findings, at(&c.Key.Value, policy.Error, "WRONG_AUDIENCE", "Tokens for AWS are for "+Audience+", and these are not let in.", "Write "+Audience+"."))
			}
		}
		for _, also := range alsoAsked {
			if !s.does(also) {
				findings = append(findings, at(entry.Value, policy.Error, "ACTION_MISSING", "Tokens of projects bring tags and a source identity, and AWS refuses them where "+also+" is not allowed.", "Add "+also+" to Action."))
			}
		}
	}
	return findings
}

const withWebIdentity = "sts:AssumeRoleWithWebIdentity"

// alsoAsked is what a token of ours needs beside: it brings tags and a source identity.
var alsoAsked = []string{"sts:TagSession", "sts:SetSourceIdentity"}

// ours tells by the subjects a provider is asked for whether it is a Sallyport.
func (s *statement) ours(provider string) bool {
	return slices.ContainsFunc(s.conditions, func(c condition) bool {
		return c.key == provider+":sub" && slices.ContainsFunc(c.Key.Values(), func(n policy.Node) bool { return strings.HasPrefix(n.Text, "space/") })
	})
}

// checkResource looks for the id of a space where it must not stand: "Use the space ID
// only in condition keys".
func checkResource(s statement) (findings []policy.Finding) {
	for _, m := range []*policy.Member{s.Resource, s.NotResource} {
		for i := range m.Values() {
			if value := valueOf(m, i); strings.HasPrefix(value.Text, "arn:aws:codecatalyst:") && strings.Contains(value.Text, "space/") {
				findings = append(findings, at(value, policy.Error, "SPACE_AS_RESOURCE", quote(value.Text)+" stands as a resource; spaces are named in condition keys alone.", `Remove it, and add "Condition": {"ArnLike": {"aws:SourceArn": ...}}.`))
			}
		}
	}
	return findings
}

// quote keeps messages readable, and findings about a long text small.
func quote(text string) string {
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return `"` + text + `"`
}
