package policy

// Evaluate decides a request by all the policies that apply to it: first whether any
// denies it explicitly, then through the stages, each of which can end it.
//
// Services, web identities, SAML and the anonymous have no account of AWS behind them:
// the resource's policy and its resource control policies decide alone, and the other
// policies are not looked at.
func Evaluate(r *Request, p *Policies) (d Decision) {
	var q question
	var action [96]byte
	q.name = appendLower(action[:0], r.Action)
	q.ask(r, p)
	d.action = r.Action
	if q.denied(p, &d) ||
		!q.controlled(AtResourceControl, p.ResourceControl, &d) {
		return d
	}
	if !r.Principal.hasAccount() {
		if q.granted(p, &d) == toNobody {
			d.end(ImplicitDeny, AtResource)
		} else {
			d.end(Allow, AtResource)
		}
		return d
	}
	if !q.controlled(AtServiceControl, p.ServiceControl, &d) {
		return d
	}
	grant := q.granted(p, &d)
	if grant == toNobody && (!q.sameAccount || p.ResourceRequired) {
		d.end(ImplicitDeny, AtResource)
		return d
	}
	beyond := skips[toNobody]
	if q.sameAccount {
		beyond = skips[grant]
	}
	switch {
	case !beyond.limits && (!q.bounds(p, &d) || !q.inSession(p, &d)):
	case beyond.identity:
		d.end(Allow, AtResource)
	case q.identityAllows(p, &d):
		d.end(Allow, AtIdentity)
	}
	return d
}

// denied looks for statements that deny the request, at every stage.
func (q *question) denied(p *Policies, d *Decision) bool {
	for level, at := range p.ResourceControl {
		q.deniedBy(AtResourceControl, level, at, d)
	}
	if q.Principal.hasAccount() {
		for level, at := range p.ServiceControl {
			q.deniedBy(AtServiceControl, level, at, d)
		}
	}
	q.deniedBy(AtResource, 0, p.Resource, d)
	if q.Principal.hasAccount() {
		if p.Boundary != nil {
			q.deniedByOne(AtBoundary, 0, p.Boundary, d)
		}
		q.deniedBy(AtSession, 0, p.Session, d)
		q.deniedBy(AtIdentity, 0, p.Identity, d)
	}
	return d.Effect == ExplicitDeny
}

func (q *question) deniedBy(stage Stage, level int, policies []Named, d *Decision) {
	for i := range policies {
		q.deniedByOne(stage, level, &policies[i], d)
	}
}

func (q *question) deniedByOne(stage Stage, level int, n *Named, d *Decision) {
	if n.Policy == nil {
		return
	}
	for f := n.Policy.denies.find(q); f.next(q); {
		if n.Policy.kind.namesPrincipals() && f.principals.match(q) == toNobody || !f.applies(q) {
			continue
		}
		if d.Effect != ExplicitDeny {
			d.end(ExplicitDeny, stage)
			d.Level = level
		}
		d.note(stage, n.Name, f.statement)
	}
}

// allowedBy finds the first statement among policies that allows the request, whoever
// it is about.
func (q *question) allowedBy(policies []Named) (*Named, *statement) {
	for i := range policies {
		if s := q.allowedByOne(&policies[i]); s != nil {
			return &policies[i], s
		}
	}
	return nil, nil
}

// allowedByOne takes no policy that says whom it lets in: that is for granted to read.
func (q *question) allowedByOne(n *Named) *statement {
	if n.Policy == nil || n.Policy.kind == Resource || n.Policy.kind == Trust {
		return nil
	}
	for f := n.Policy.allows.find(q); f.next(q); {
		if f.applies(q) {
			return f.statement
		}
	}
	return nil
}

// stageAllows asks one stage that has to allow, and ends the decision when it does not.
func (q *question) stageAllows(stage Stage, policies []Named, d *Decision) bool {
	n, s := q.allowedBy(policies)
	if s == nil {
		d.end(ImplicitDeny, stage)
		return false
	}
	d.note(stage, n.Name, s)
	return true
}
