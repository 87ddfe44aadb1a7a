package policy

import "strings"

// actions are the Action or NotAction of a statement.
type actions struct {
	not  bool
	list []actionPattern
}

// actionPattern is in lower case, as are the actions it is compared with.
type actionPattern struct {
	service string // empty: any
	name    pattern
}

// newActionPattern reads an action; ok is false, with IAM's words, when it is none.
func newActionPattern(source string) (a actionPattern, reason string) {
	if source == "*" {
		return actionPattern{name: everything}, ""
	}
	service, name, found := strings.Cut(lower(source), ":")
	switch {
	case !found || service == "" || name == "":
		return a, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	case strings.Contains(name, ":"):
		return a, "Actions/Condition can contain only one colon."
	case len(name) > longestTried:
		return a, syntaxErrors
	case service == "*":
		service = ""
	case strings.Trim(service, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return a, "Vendor " + service + " is not valid"
	}
	return actionPattern{service, newPattern(wildcards.Replace(name))}, ""
}

func (a *actions) anyService() bool {
	if a.not {
		return true
	}
	for i := range a.list {
		if a.list[i].service == "" {
			return true
		}
	}
	return false
}

func (a *actions) match(q *question) bool {
	for i := range a.list {
		p := &a.list[i]
		if (p.service == "" || string(q.service) == p.service) && p.name.matchBytes(q.name) {
			return !a.not
		}
	}
	return a.not
}

// lower lowers ASCII letters and no others. Unicode has letters that fold to ASCII ones,
// the Kelvin sign to k, and an action spelled with them is not the same action.
func lower(s string) string { return string(appendLower(nil, s)) }

func appendLower(to []byte, s string) []byte {
	for i := range len(s) {
		b := s[i]
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		to = append(to, b)
	}
	return to
}
