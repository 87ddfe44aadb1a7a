// Package authz says whether a caller may do what they ask, and why.
//
// Each operation has one [Rule]. Rules for spaces name a permission and, in
// braces, the input members that hold the path of what is touched:
//
//	Space(role.CreateProject, "{SpaceName}")
//	Space(role.DeleteProject, "{SpaceName}/{Name}")
//
// A decision is made before anything is looked up for the caller: whoever has no
// part in a space or project is refused in the same words whether it exists or
// not.
package authz

import (
	"fmt"
	"reflect"
	"regexp"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
)

// Rule is how one operation is authorized. Make one with [Public], [SignedIn]
// or [Space].
type Rule struct {
	kind       kind
	permission role.Permission
	path       []string // names of input members
}

type kind uint8

const (
	none kind = iota
	public
	signedIn
	inSpace
)

// Public admits everybody, strangers too: for what comes before signing in.
func Public() Rule { return Rule{kind: public} }

// SignedIn admits everybody who has signed in, for what concerns only
// themselves.
func SignedIn() Rule { return Rule{kind: signedIn} }

// Strangers tells whether the rule admits them.
func (r Rule) Strangers() bool { return r.kind == public }

// Admit refuses a stranger whom the rule does not admit, before anything is
// known of what they ask.
func (r Rule) Admit(caller authn.Caller) error {
	if r.Strangers() || caller.Known() {
		return nil
	}
	return fault.Unauthenticatedf("sign in first: the request carries no credential")
}

var member = regexp.MustCompile(`^\{(\w+)\}(?:/\{(\w+)\})?$`)

// Space asks the permission matrix. The path names one input member, the space's
// name, for a permission on the space, or two, the project's name being the
// second, for one on a project. It panics on anything else: rules are
// constants of the program.
func Space(permission role.Permission, path string) Rule {
	match := member.FindStringSubmatch(path)
	if match == nil {
		panic(fmt.Sprintf("authz: path %q of %s", path, permission))
	}
	r := Rule{kind: inSpace, permission: permission, path: match[1:2]}
	if match[2] != "" {
		r.path = match[1:3]
	}
	if inProject := len(r.path) == 2; inProject != (permission.Scope() == role.OfProject) {
		panic(fmt.Sprintf("authz: %s is a permission of the %s, path %q is not", permission, permission.Scope(), path))
	}
	return r
}

// Permission is what the matrix is asked for; false when it is not asked.
func (r Rule) Permission() (role.Permission, bool) { return r.permission, r.kind == inSpace }

// Path names the input members that say what is touched.
func (r Rule) Path() []string { return r.path }

// Bound is a rule made ready for one type of input.
type Bound struct {
	Rule
	members [][]int // field indexes of the path
}

// Bind finds the members of the path in an input struct. It panics when there is
// no such member of type string or *string.
func (r Rule) Bind(input reflect.Type) Bound {
	b := Bound{Rule: r}
	for _, name := range r.path {
		field, ok := input.FieldByName(name)
		text := field.Type
		if ok && text.Kind() == reflect.Pointer {
			text = text.Elem()
		}
		if !ok || text.Kind() != reflect.String {
			panic(fmt.Sprintf("authz: %s has no text member %s", input, name))
		}
		b.members = append(b.members, field.Index)
	}
	return b
}

// value reads one member of the path; an absent one is empty.
func (b Bound) value(input any, index int) string {
	field := reflect.ValueOf(input).Elem().FieldByIndex(b.members[index])
	if field.Kind() != reflect.Pointer {
		return field.String()
	}
	if field.IsNil() {
		return ""
	}
	return field.Elem().String()
}
