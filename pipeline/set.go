package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/policy"
)

// The limits of a permission set, from "CreatePermissionSet" in the API Reference of IAM
// Identity Center and its quotas.
const (
	maxDescription = 700
	maxRelayState  = 240
	maxPolicies    = 20     // managed ones, AWS's and customers' together
	usualPolicies  = 10     // what a role takes unless AWS was asked for more
	maxInline      = 32_768 // characters
	usualInline    = 10_240 // what a role takes of a customer's own
	maxTags        = 50
)

var (
	setName     = regexp.MustCompile(`^[\w+=,.@-]{1,32}$`)
	duration    = regexp.MustCompile(`^P(?:(\d{1,2})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?$`)
	description = regexp.MustCompile(`^[\x{9}\x{A}\x{D}\x{20}-\x{7E}\x{A1}-\x{FF}]*$`)
	relayState  = regexp.MustCompile(`^[a-zA-Z0-9&$@#/%?=~\-_'"|!:,.;*+\[\] (){}\\]+$`)
	policyName  = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	policyPath  = regexp.MustCompile(`^((/[A-Za-z0-9.,+@=_-]+)*)/$`)
	inlineText  = regexp.MustCompile(`^[\x{9}\x{A}\x{D}\x{20}-\x{FF}]+$`)
	tagText     = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// setFile reads a file of permissionsets.
func (r *reading) setFile(t *Templates, n *node) {
	set := SetTemplate{At: n.at, PermissionSet: PermissionSet{SessionDuration: DefaultDuration}}
	var boundary *node
	named := false
	ok := r.object(n, "A permission set", fields{
		"Name": func(n *node) {
			named, set.Name, set.At = true, r.text(n, "Name"), n.at
			if n.kind == stringKind && !setName.MatchString(set.Name) {
				r.problem(n.at, "", "The name of a permission set has 1 to 32 letters, digits and +=,.@-_; %q has not.", clip(set.Name))
			}
		},
		"Description": func(n *node) {
			set.Description = r.text(n, "Description")
			r.within(n, "Description", maxDescription, description)
		},
		"SessionDuration": func(n *node) { set.SessionDuration = r.duration(n) },
		"RelayState": func(n *node) {
			set.RelayState = r.text(n, "RelayState")
			if set.RelayState != "" {
				r.within(n, "RelayState", maxRelayState, relayState)
			}
		},
		"ManagedPolicies": func(n *node) {
			for _, item := range r.texts(n, "ManagedPolicies") {
				if r.managedPolicy(item) {
					set.ManagedPolicies = append(set.ManagedPolicies, item.text)
				}
			}
		},
		"CustomerManagedPolicies": func(n *node) { set.CustomerManagedPolicies = r.customerPolicies(n) },
		"PermissionBoundary":      func(n *node) { boundary = n },
		"CustomPolicy":            func(n *node) { set.InlinePolicy = r.inlinePolicy(n) },
		"Tags":                    func(n *node) { set.Tags = r.tags(n) },
	})
	if !ok {
		return
	}
	if boundary != nil {
		set.Boundary = r.boundary(boundary)
	}
	if n := len(set.ManagedPolicies) + len(set.CustomerManagedPolicies); n > maxPolicies {
		r.problem(set.At, "Put several into one inline policy.", "A permission set has at most %d managed policies, this has %d.", maxPolicies, n)
	} else if n > usualPolicies {
		r.warn(set.At, "The quota \"Managed policies attached to an IAM role\" has to be raised in every account.", "It has %d managed policies; a role takes %d unless AWS was asked for more.", n, usualPolicies)
	}
	if !named {
		r.problem(n.at, "Add \"Name\".", "The permission set has no Name.")
		return
	}
	set.normalize()
	t.Sets = append(t.Sets, set)
}

// normalize brings what has no order into one.
func (s *PermissionSet) normalize() {
	slices.Sort(s.ManagedPolicies)
	s.ManagedPolicies = slices.Compact(s.ManagedPolicies)
	slices.SortFunc(s.CustomerManagedPolicies, func(a, b CustomerPolicy) int {
		return strings.Compare(a.String(), b.String())
	})
	s.CustomerManagedPolicies = slices.Compact(s.CustomerManagedPolicies)
	s.SessionDuration = cmp.Or(s.SessionDuration, DefaultDuration)
}

// String is the path and the name.
func (p CustomerPolicy) String() string { return p.Path + p.Name }

func (r *reading) warn(at Position, fix, format string, args ...any) {
	r.warnings.found(at, fix, format, args...)
}

func (r *reading) within(n *node, what string, most int, form *regexp.Regexp) {
	if length := utf8.RuneCountInString(n.text); length > most {
		r.problem(n.at, "", "%s has at most %d characters, this has %d.", what, most, length)
	} else if !form.MatchString(n.text) {
		r.problem(n.at, "", "%s holds a character that AWS does not take there.", what)
	}
}

func (r *reading) duration(n *node) string {
	text := r.text(n, "SessionDuration")
	if text == "" {
		return DefaultDuration
	}
	if d, ok := parseDuration(text); !ok {
		r.problem(n.at, "Write PT8H for eight hours.", "%q is no duration of ISO 8601.", clip(text))
	} else if d < time.Hour || d > 12*time.Hour {
		r.problem(n.at, "Write PT1H to PT12H.", "A session lasts one hour to twelve, not %s.", text)
	}
	return text
}

func parseDuration(text string) (total time.Duration, ok bool) {
	parts := duration.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(parts[i+1]) // digits, or nothing
		total += time.Duration(n) * unit
	}
	return total, true
}

// managedPolicy checks the ARN of a policy that AWS manages.
func (r *reading) managedPolicy(n *node) bool {
	name, err := arn.Parse(n.text)
	switch {
	case err != nil || name.Service != "iam" || !strings.HasPrefix(name.Resource, "policy/"):
		r.problem(n.at, "Write it as arn:aws:iam::aws:policy/ReadOnlyAccess; policies of your own go into CustomerManagedPolicies.", "%q is not the ARN of a managed policy.", clip(n.text))
	case name.Account != "aws":
		r.problem(n.at, fmt.Sprintf("Put %q into CustomerManagedPolicies: it is looked up by name in every account.", clip(n.text[strings.LastIndexByte(n.text, '/')+1:])),
			"The policy is of account %s, and ManagedPolicies are AWS's own.", clip(name.Account))
	default:
		return true
	}
	return false
}

// customerPolicies are names, or objects with a path.
func (r *reading) customerPolicies(n *node) (policies []CustomerPolicy) {
	if !r.want(n, "CustomerManagedPolicies", listKind) {
		return nil
	}
	for _, item := range n.items {
		p, ok := r.customerPolicy(item)
		if ok && slices.Contains(policies, p) {
			r.problem(item.at, "Leave one of them out.", "CustomerManagedPolicies names %q twice.", clip(p.String()))
		} else if ok {
			policies = append(policies, p)
		}
	}
	return policies
}

func (r *reading) customerPolicy(n *node) (p CustomerPolicy, ok bool) {
	p.Path = "/"
	if n.kind == objectKind {
		r.object(n, "A customer managed policy", fields{
			"Name": func(n *node) { p.Name = r.text(n, "Name") },
			"Path": func(n *node) { p.Path = r.text(n, "Path") },
		})
	} else if p.Name = r.text(n, "A customer managed policy"); n.kind != stringKind {
		return p, false
	}
	switch {
	case strings.HasPrefix(p.Name, "arn:"):
		r.problem(n.at, "Policies of AWS's own go into ManagedPolicies, others are written without ARN.", "%q is an ARN and no name.", clip(p.Name))
	case strings.Contains(p.Name, "/") && policyName.MatchString(p.Name[strings.LastIndexByte(p.Name, '/')+1:]):
		cut := strings.LastIndexByte(p.Name, '/') + 1
		r.problem(n.at, fmt.Sprintf(`Write {"Name": %s, "Path": %s}.`, quote(clip(p.Name[cut:])), quote(clip("/"+strings.TrimPrefix(p.Name[:cut], "/")))), "%q has a path, and this is for the name.", clip(p.Name))
	case !policyName.MatchString(p.Name):
		r.problem(n.at, "", "The name of a policy has 1 to 128 letters, digits and +=,.@-_; %q has not.", clip(p.Name))
	case !policyPath.MatchString(p.Path) || len(p.Path) > 512:
		r.problem(n.at, "Write it as /teams/data/.", "%q is no path of a policy.", clip(p.Path))
	default:
		return p, true
	}
	return p, false
}

// boundary is {} for none, or PolicyType and Policy; a type other than AWS means a
// customer managed policy, as with the public pipeline, but has to be CUSTOMER here: a
// misspelt AWS must not.
func (r *reading) boundary(n *node) *Boundary {
	var kind, name *node
	path := "/"
	ok := r.object(n, "PermissionBoundary", fields{
		"PolicyType": func(n *node) { kind = n },
		"Policy":     func(n *node) { name = n },
		"Path":       func(n *node) { path = r.text(n, "Path") },
	})
	if !ok || kind == nil && name == nil {
		return nil
	}
	if kind == nil || name == nil {
		r.problem(n.at, `Write {"PolicyType": "AWS", "Policy": "arn:aws:iam::aws:policy/PowerUserAccess"} or {"PolicyType": "CUSTOMER", "Policy": "Name"}; {} for none.`,
			"A boundary has both PolicyType and Policy.")
		return nil
	}
	if !r.want(name, "Policy", stringKind) || !r.want(kind, "PolicyType", stringKind) {
		return nil
	}
	switch kind.text {
	case "AWS":
		if path != "/" {
			r.problem(n.at, "Leave Path out: the ARN has it.", "Path is for customer managed policies.")
		}
		if r.managedPolicy(name) {
			return &Boundary{ManagedPolicy: name.text}
		}
	case "CUSTOMER":
		as := &node{kind: objectKind, at: name.at, members: []member{{name: "Name", value: name}, {name: "Path", value: &node{kind: stringKind, text: path, at: name.at}}}}
		if p, ok := r.customerPolicy(as); ok {
			return &Boundary{CustomerPolicy: &p}
		}
	default:
		r.problem(kind.at, "", "PolicyType is AWS or CUSTOMER, not %q.", clip(kind.text))
	}
	return nil
}

// inlinePolicy checks the document; empty when there is none.
func (r *reading) inlinePolicy(n *node) string {
	if n.kind == stringKind && n.text == "" || !r.want(n, "CustomPolicy", objectKind) || len(n.members) == 0 {
		return ""
	}
	text := n.json()
	if length := utf8.RuneCountInString(text); length > maxInline {
		r.problem(n.at, "Make customer managed policies of parts of it.", "An inline policy has at most %d characters, this has %d.", maxInline, length)
		return text
	} else if length > usualInline {
		r.warn(n.at, "", "The inline policy has %d characters: AWS takes that in a permission set, the embedded account side not in a role.", length)
	}
	if !inlineText.MatchString(text) {
		r.problem(n.at, "Keep to the characters of Latin-1.", "The inline policy holds a character that AWS does not take there.")
	}
	wrong := false
	for _, f := range policy.Check(policy.Identity, text) {
		at := place(n, f.Path)
		switch f.Severity {
		case policy.Error:
			wrong = true
			r.problem(at, f.Fix, "CustomPolicy: %s (%s)", f.Message, f.Code)
		case policy.SecurityWarning, policy.Warning:
			r.warn(at, f.Fix, "CustomPolicy: %s (%s)", f.Message, f.Code)
		}
	}
	if _, err := policy.Compile(policy.Identity, text); err != nil && !wrong {
		r.problem(n.at, "", "CustomPolicy: %v", err)
	}
	return text
}

// place follows the path of a finding through the file.
func place(n *node, path []policy.PathElement) Position {
	at := n.at
	for _, step := range path {
		switch step.Kind {
		case policy.PathIndex:
			if n.kind == listKind && step.Index < len(n.items) {
				n = n.items[step.Index]
				at = n.at
			}
		case policy.PathKey, policy.PathValue:
			for _, m := range n.members {
				if m.name == step.Name {
					n, at = m.value, m.value.at
					if step.Kind == policy.PathKey {
						at = m.at
					}
					break
				}
			}
		}
	}
	return at
}

func (r *reading) tags(n *node) map[string]string {
	if !r.want(n, "Tags", objectKind) {
		return nil
	}
	tags, folded := map[string]string{}, map[string]bool{}
	for _, m := range n.members {
		value := r.text(m.value, "The value of a tag")
		lower := strings.ToLower(m.name)
		switch {
		case strings.HasPrefix(lower, "aws:"):
			r.problem(m.at, "", "Tags that begin with aws: are AWS's.")
		case isMark(m.name):
			r.problem(m.at, "Leave it out: it is set by itself.", "The tag %s says whose the permission set is.", m.name)
		case folded[lower]:
			r.problem(m.at, "Leave one of them out.", "The tag %s is here twice: case does not count.", clip(m.name))
		case m.name == "" || utf8.RuneCountInString(m.name) > 128 || !tagText.MatchString(m.name):
			r.problem(m.at, "", "The key of a tag has 1 to 128 letters, digits, spaces and _.:/=+-@; %q has not.", clip(m.name))
		case utf8.RuneCountInString(value) > 256 || !tagText.MatchString(value):
			r.problem(m.value.at, "", "The value of a tag has up to 256 letters, digits, spaces and _.:/=+-@; %q has not.", clip(value))
		}
		folded[lower] = true
		tags[m.name] = value
	}
	if len(tags) > maxTags-len(marks) {
		r.problem(n.at, "", "A permission set has at most %d tags, and %d are kept for its marks.", maxTags, len(marks))
	}
	return tags
}

// samePolicy reports whether two documents say the same: order of members, white space
// and a list of one do not count. What is no JSON is the same as itself alone.
func samePolicy(a, b string) bool {
	return a == b || canonicalPolicy(a) == canonicalPolicy(b)
}

// canonicalPolicy writes a document in one form: members sorted, lists of one as that
// one, and the order within Action, Resource and their kin, which means nothing, sorted.
func canonicalPolicy(text string) string {
	if text == "" {
		return ""
	}
	if _, err := policy.Parse([]byte(text)); err != nil {
		return text // two members of one name, say: encoding/json would take one
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return text
	}
	out, err := json.Marshal(canonical(value))
	if err != nil {
		return text
	}
	return string(out)
}

func canonical(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key := range v {
			out[key] = canonical(v[key])
		}
		return out
	case []any:
		items := make([]any, len(v))
		allText := true
		for i := range v {
			items[i] = canonical(v[i])
			_, text := items[i].(string)
			allText = allText && text
		}
		if len(items) == 1 {
			return items[0]
		}
		if allText {
			slices.SortFunc(items, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
			items = slices.Compact(items)
		}
		return items
	}
	return value
}
