// Package authz says whether a caller may do what they ask, and why.
//
// Each operation has one [Rule]. Rules for spaces name a permission and, in
// braces, the input members that hold the path of what is touched:
//
//	Space(role.CreateProject, "{SpaceName}")
//	Space(role.DeleteProject, "{SpaceName}/{Name}")
//	Space(role.PushCommits, "{SpaceName}/{ProjectName}/{Repository}")
//
// Rules for the account side name an action of IAM and the resources it has to
// be allowed on, likewise:
//
//	IAM("iam:GetRole", "role/{RoleName}")
//	IAM("organizations:AttachPolicy", "policy/{PolicyId}", "target/{TargetId}")
//
// A decision is made before anything is looked up for the caller: whoever has no
// part in a space or project is refused in the same words whether it exists or
// not.
package authz

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/role"
)

// Rule is how one operation is authorized. Make one with [Public], [SignedIn],
// [Space], [Signed] or [IAM].
type Rule struct {
	kind       kind
	permission role.Permission
	action     string
	paths      []string // what is touched, with input members in braces
}

type kind uint8

const (
	none kind = iota
	public
	signedIn
	inSpace
	signed
	byPolicy
)

// Public admits everybody, strangers too: for what comes before signing in.
func Public() Rule { return Rule{kind: public} }

// SignedIn admits everybody who has signed in, for what concerns only
// themselves.
func SignedIn() Rule { return Rule{kind: signedIn} }

// Signed admits every principal of the account side, whatever policies say: for
// what AWS lets nobody deny.
func Signed() Rule { return Rule{kind: signed} }

// IAM asks policies whether the caller may take the action on each of the
// resources. A resource is a text with input members in braces, {Path=/} with
// what an absent one stands for; what it means is for the action's service to say, see
// [Locator]. "*" is an action's that knows no resources.
func IAM(action string, resources ...string) Rule {
	if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" || len(resources) == 0 {
		panic(fmt.Sprintf("authz: action %q on %q", action, resources))
	}
	return Rule{kind: byPolicy, action: action, paths: resources}
}

// Strangers tells whether the rule admits them.
func (r Rule) Strangers() bool { return r.kind == public }

// Account tells whether the rule is one of the account side, whose callers sign
// their requests.
func (r Rule) Account() bool { return r.kind == signed || r.kind == byPolicy }

// Action is what policies are asked for; empty when they are not.
func (r Rule) Action() string { return r.action }

// Admit refuses a stranger whom the rule does not admit, before anything is
// known of what they ask.
func (r Rule) Admit(caller authn.Caller) error {
	switch {
	case r.Strangers():
		return nil
	case caller.Token != nil && r.kind != inSpace: // and so a token makes no token
		return fault.Deniedf("a personal access token is good for what is in spaces alone: sign in")
	case r.Account() && caller.Principal == nil:
		return fault.WithReason(authn.ReasonMissingToken, fault.Unauthenticatedf("Request is missing Authentication Token: sign it with an access key of an account (Signature Version 4)"))
	case r.kind == signed && caller.Principal.Principal.Kind == policy.Service:
		return fault.Deniedf("services assume roles, and nothing else")
	case r.Account() || caller.UserID != "":
		return nil
	}
	return fault.Unauthenticatedf("sign in first: the request carries no credential")
}

var spacePath = regexp.MustCompile(`^\{\w+\}(/\{\w+\}){0,2}$`)

// Space asks the permission matrix. The path names one input member, the space's
// name, for a permission on the space, or two, the project's name being the
// second, for one on a project, or a third, the name of a repository in it: a
// personal access token that is limited to one reaches nothing else. It panics on
// anything else: rules are constants of the program.
func Space(permission role.Permission, path string) Rule {
	if !spacePath.MatchString(path) {
		panic(fmt.Sprintf("authz: path %q of %s", path, permission))
	}
	r := Rule{kind: inSpace, permission: permission, paths: strings.Split(path, "/")}
	if inProject := len(r.paths) > 1; inProject != (permission.Scope() == role.OfProject) {
		panic(fmt.Sprintf("authz: %s is a permission of the %s, path %q is not", permission, permission.Scope(), path))
	}
	return r
}

// Permission is what the matrix is asked for; false when it is not asked.
func (r Rule) Permission() (role.Permission, bool) { return r.permission, r.kind == inSpace }

var inBraces = regexp.MustCompile(`\{(\w+)(?:=([^}]*))?\}`)

// Path names the input members that say what is touched.
func (r Rule) Path() (members []string) {
	for _, path := range r.paths {
		for _, match := range inBraces.FindAllStringSubmatch(path, -1) {
			members = append(members, match[1])
		}
	}
	return members
}

// Bound is a rule made ready for one type of input.
type Bound struct {
	Rule
	targets []target
	keys    []conditionKey
}

// A target is one of a rule's paths: texts with members between them.
type target struct {
	texts   []string // one more than members
	members [][]int
	absent  []string // what an absent member stands for
}

// Bind finds the members of the paths in an input struct. It panics when there is
// no such member of type string or *string.
func (r Rule) Bind(input reflect.Type) Bound {
	b := Bound{Rule: r}
	for _, path := range r.paths {
		b.targets = append(b.targets, bind(path, input))
	}
	if r.kind == byPolicy {
		b.keys = keysOf(r.action, input)
	}
	return b
}

func bind(path string, input reflect.Type) (t target) {
	end := 0
	for _, match := range inBraces.FindAllStringSubmatchIndex(path, -1) {
		name := path[match[2]:match[3]]
		field, ok := input.FieldByName(name)
		text := field.Type
		if ok && text.Kind() == reflect.Pointer {
			text = text.Elem()
		}
		if !ok || text.Kind() != reflect.String {
			panic(fmt.Sprintf("authz: %s has no text member %s", input, name))
		}
		absent := ""
		if match[4] >= 0 {
			absent = path[match[4]:match[5]]
		}
		t.texts, t.members, t.absent = append(t.texts, path[end:match[0]]), append(t.members, field.Index), append(t.absent, absent)
		end = match[1]
	}
	t.texts = append(t.texts, path[end:])
	return t
}

// path is what an input puts in the places of a rule for spaces.
func (b *Bound) path(input any) []string {
	names := make([]string, len(b.targets))
	for i := range b.targets {
		names[i] = b.targets[i].fill(input)
	}
	return names
}

// fill puts an input's members in.
func (t *target) fill(input any) string {
	if len(t.members) == 0 {
		return t.texts[0]
	}
	var out strings.Builder
	for i, index := range t.members {
		out.WriteString(t.texts[i])
		value := t.absent[i]
		if field := reflect.Indirect(reflect.ValueOf(input).Elem().FieldByIndex(index)); field.IsValid() && field.Len() > 0 {
			value = field.String()
		}
		out.WriteString(value)
	}
	out.WriteString(t.texts[len(t.members)])
	return out.String()
}
