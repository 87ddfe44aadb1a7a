package policy

// bounds asks the permissions boundary, when the principal has one: what it does not
// allow, no identity-based policy can ("Permissions boundaries for IAM entities").
func (q *question) bounds(p *Policies, d *Decision) bool {
	if p.Boundary == nil {
		return true
	}
	s := q.allowedByOne(p.Boundary)
	if s == nil {
		d.end(ImplicitDeny, AtBoundary)
		return false
	}
	d.note(AtBoundary, p.Boundary.Name, s)
	return true
}
