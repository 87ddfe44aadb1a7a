package policy

// identityAllows asks the policies of the principal. The root user of an account has
// none and may do everything in its own.
func (q *question) identityAllows(p *Policies, d *Decision) bool {
	return q.Principal.Kind == AccountRoot || q.stageAllows(AtIdentity, p.Identity, d)
}
