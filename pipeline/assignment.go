package pipeline

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// assignmentsFile reads a file of assignments: {"Assignments": [...]}.
func (r *reading) assignmentsFile(t *Templates, n *node) {
	there := false
	r.object(n, "A file of assignments", fields{"Assignments": func(n *node) {
		there = true
		if !r.want(n, "Assignments", listKind) {
			return
		}
		for _, item := range n.items {
			r.assignment(t, item)
		}
	}})
	if !there && n.kind == objectKind {
		r.problem(n.at, `Write {"Assignments": [...]}.`, "The file has no Assignments.")
	}
}

func (r *reading) assignment(t *Templates, n *node) {
	a := AssignmentTemplate{At: n.at}
	kind, principals := PrincipalType(""), []*node(nil)
	given := map[string]bool{}
	for _, m := range n.members {
		given[m.name] = m.value.kind != nullKind
	}
	ok := r.object(n, "An assignment", fields{
		"SID": func(n *node) {
			a.SID = r.text(n, "SID")
			a.At = n.at
		},
		"Target":  func(n *node) { a.Targets = r.targets(n, "Target") },
		"Exclude": func(n *node) { a.Exclude = r.targets(n, "Exclude") },
		"PrincipalType": func(n *node) {
			kind = PrincipalType(r.text(n, "PrincipalType"))
			if n.kind == stringKind && kind != User && kind != Group {
				r.problem(n.at, "", "PrincipalType is GROUP or USER, not %q.", clip(n.text))
			}
		},
		"PrincipalId": func(n *node) { principals = r.oneOrMore(n, "PrincipalId") },
		"PermissionSetName": func(n *node) {
			for _, item := range r.oneOrMore(n, "PermissionSetName") {
				a.Sets = append(a.Sets, SetName{item.text, item.at})
			}
		},
		"ManagementAccount": func(n *node) {
			a.Management = Management(r.text(n, "ManagementAccount"))
			if n.kind == stringKind && a.Management != Include && a.Management != Exclude {
				r.problem(n.at, "Leave it out to be told what the management account would get.", "ManagementAccount is include or exclude, not %q.", clip(n.text))
			}
		},
	})
	if !ok {
		return
	}
	for _, name := range []string{"SID", "Target", "PrincipalType", "PrincipalId", "PermissionSetName"} {
		if !given[name] {
			r.problem(n.at, "Add "+quote(name)+".", "The assignment has no %s.", name)
		}
	}
	for _, m := range n.members {
		if (m.name == "PrincipalId" || m.name == "PermissionSetName") && m.value.kind == listKind && len(m.value.items) == 0 {
			r.problem(m.value.at, "Take the assignment out instead.", "%s is an empty list.", m.name)
		}
	}
	for _, item := range principals {
		if item.text == "" {
			r.problem(item.at, "Write the group's display name or the user's user name.", "PrincipalId is empty.")
			continue
		}
		a.Principals = append(a.Principals, PrincipalName{kind, item.text, item.at})
	}
	t.Assignments = append(t.Assignments, a)
}

// The forms of targets, whole: what stands in front of an id is a label.
var (
	accountTarget = regexp.MustCompile(`^(?:(.*):)?(\d{12})$`)
	unitTarget    = regexp.MustCompile(`^(?:(.*):)?(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})(:\*)?$`)
	rootTarget    = regexp.MustCompile(`^(?:(.*):)?(r-[0-9a-z]{4,32})(:\*)?$`)
	pathTarget    = regexp.MustCompile(`(?s)^path:(/.*?)(:\*)?$`)
	tagTarget     = regexp.MustCompile(`^tag:([^=]{1,128})=(.{0,256})$`)
)

const targetForms = `Write Root, "name:123456789012", "name:ou-ab12-cd34ef56" (":*" behind it for nested units), "path:/Workloads/Production" (likewise) or "tag:Key=value".`

func (r *reading) targets(n *node, what string) (targets []Target) {
	for _, item := range r.oneOrMore(n, what) {
		target, ok := parseTarget(item.text)
		if !ok {
			r.problem(item.at, targetForms, "%q is no target.", clip(item.text))
			continue
		}
		target.At = item.at
		targets = append(targets, target)
	}
	return targets
}

// parseTarget reads one target.
func parseTarget(text string) (Target, bool) {
	t := Target{Text: text}
	if text == "Root" {
		t.Kind, t.Nested = ByRoot, true
		return t, true
	}
	for _, form := range []struct {
		kind  TargetKind
		match *regexp.Regexp
	}{{ByPath, pathTarget}, {ByTag, tagTarget}, {ByAccount, accountTarget}, {ByUnit, unitTarget}, {ByRoot, rootTarget}} {
		parts := form.match.FindStringSubmatch(text)
		if parts == nil {
			continue
		}
		t.Kind = form.kind
		switch form.kind {
		case ByPath:
			t.Value, t.Nested = parts[1], parts[2] != ""
		case ByTag:
			t.Value, t.Tag = parts[1], parts[2]
		case ByAccount:
			t.Label, t.Value = parts[1], parts[2]
		case ByUnit:
			t.Label, t.Value, t.Nested = parts[1], parts[2], parts[3] != ""
		case ByRoot: // by its id: every account, with or without the asterisk
			t.Label, t.Value, t.Nested = parts[1], parts[2], true
		}
		return t, true
	}
	return Target{}, false
}

// together checks the files against each other.
func (r *reading) together(t *Templates) {
	sets := map[string]Position{}
	for _, s := range t.Sets {
		if at, twice := sets[s.Name]; twice {
			r.problem(s.At, "Give one of them another name.", "The permission set %q is described twice, first at %s.", clip(s.Name), at)
			continue
		}
		sets[s.Name] = s.At
	}
	sids := map[string]Position{}
	for _, a := range t.Assignments {
		if at, twice := sids[a.SID]; twice && a.SID != "" {
			r.problem(a.At, "Give one of them another SID.", "The SID %q is used twice, first at %s.", clip(a.SID), at)
		}
		sids[a.SID] = a.At
		for _, s := range a.Sets {
			if _, ok := sets[s.Name]; ok {
				continue
			}
			fix := fmt.Sprintf("Describe it in %s/%s.json; sallyport import writes what exists.", setsFolder, clip(s.Name))
			if near := r.problems.nearest(s.Name, maps.Keys(sets)); near != "" {
				fix = fmt.Sprintf("Did you mean %s? Otherwise describe it in a file of %s.", near, setsFolder)
			}
			r.problem(s.At, fix, "No file describes the permission set %q: only those of the files can be assigned.", clip(s.Name))
		}
	}
	slices.SortFunc(t.Sets, func(a, b SetTemplate) int { return strings.Compare(a.Name, b.Name) })
}
