package policy

// controlled asks the policies an organization sets over its accounts. They grant
// nothing. Every level from the root down to the account has to allow, so that a unit
// can do no more than those above it. No levels at all mean an account outside of any
// organization, or one they do not bind.
func (q *question) controlled(stage Stage, levels [][]Named, d *Decision) bool {
	for level, policies := range levels {
		if _, s := q.allowedBy(policies); s == nil {
			d.end(ImplicitDeny, stage)
			d.Level = level
			return false
		}
	}
	return true
}
