package role

import (
	"fmt"
	"iter"
)

// Permission is one thing a role can allow. The zero Permission is none, and nobody
// holds it: an operation that forgets to name its permission is refused to everyone.
type Permission uint8

// Scope is what the action of a permission is done to.
type Scope uint8

const (
	OfSpace   Scope = iota // the space as a whole
	OfProject              // one project, or something inside it
)

// String is "space" or "project".
func (s Scope) String() string {
	if s == OfProject {
		return "project"
	}
	return "space"
}

// row finds the permission in the matrix. A value outside it gets the empty row, which
// no role holds.
func (p Permission) row() row {
	if p >= end {
		return row{}
	}
	return matrix[p]
}

// String is the permission's stable name, "space.project.create".
func (p Permission) String() string {
	if name := p.row().name; name != "" {
		return name
	}
	return fmt.Sprintf("Permission(%d)", uint8(p))
}

// Allows says what the permission allows, as words that follow "may": "create a project".
func (p Permission) Allows() string { return p.row().allows }

// Roles is the union of the roles that hold the permission.
func (p Permission) Roles() Role { return p.row().roles }

// Scope is what the action is done to: the space, or a project of it.
func (p Permission) Scope() Scope { return p.row().scope }

// Permissions yields every permission: the matrix in its order, then ours.
func Permissions() iter.Seq[Permission] {
	return func(yield func(Permission) bool) {
		for p := Permission(1); p < end; p++ {
			if !yield(p) {
				return
			}
		}
	}
}

// ParsePermission turns a stable name into its permission. Its error names the
// permission that is spelled most alike, if one is near.
func ParsePermission(name string) (Permission, error) {
	for p := range Permissions() {
		if p.row().name == name {
			return p, nil
		}
	}
	// A caller may send anything; what an error repeats of it stays short.
	if near, ok := nearest(name); ok {
		return 0, fmt.Errorf("no permission %.64q: did you mean %s?", name, near)
	}
	return 0, fmt.Errorf("no permission %.64q, and none with a similar name", name)
}

// nearest is the permission whose name takes the fewest edits to reach, the first of
// them in the matrix. Beyond half the letters of name, a likeness is an accident.
func nearest(name string) (Permission, bool) {
	var best Permission
	limit := len(name) / 2
	for p := range Permissions() {
		candidate := p.row().name
		// Names differ by at least as many edits as letters, so that a name of a
		// megabyte is never compared.
		if max(len(candidate), len(name))-min(len(candidate), len(name)) > limit {
			continue
		}
		if d := distance(name, candidate); d <= limit {
			best, limit = p, d-1
		}
	}
	return best, best != 0
}

// distance is the Levenshtein distance: how many bytes to insert, delete or replace to
// make a into b. It keeps one row of the usual table, d[j] being the distance from the
// part of a seen so far to b[:j].
func distance(a, b string) int {
	d := make([]int, len(b)+1)
	for j := range d {
		d[j] = j
	}
	for i := range len(a) {
		diagonal := d[0]
		d[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = d[j+1]
			d[j+1] = min(replaced, d[j]+1, d[j+1]+1)
		}
	}
	return d[len(b)]
}
