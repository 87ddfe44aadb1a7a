package policy

// inSession asks the policies given when the session began. They limit it to what one
// of them allows, and grant nothing ("Session policies").
func (q *question) inSession(p *Policies, d *Decision) bool {
	return !p.SessionLimited && len(p.Session) == 0 || q.stageAllows(AtSession, p.Session, d)
}
