package policy

// skips says which of the later stages a grant in a resource-based policy of the
// principal's own account makes unnecessary: "Policy evaluation for requests within a
// single account", under "Resource-based policies". In another account it makes none
// unnecessary ("Cross-account policy evaluation logic").
//
//	names                        boundary, session   identity
//	the account                  have to allow       has to allow
//	the role of the session      have to allow
//	user, session, federated
//	user, or everyone
var skips = [...]struct{ limits, identity bool }{
	toNobody:  {},
	toAccount: {},
	toRole:    {identity: true},
	toCaller:  {limits: true, identity: true},
}

// granted says how directly the resource's policies let the principal in. Web identities
// and SAML have to be named by their provider: "*" is for those AWS knows.
func (q *question) granted(p *Policies, d *Decision) (best grant) {
	var by *statement
	var name string
	for i := range p.Resource {
		n := &p.Resource[i]
		if n.Policy == nil {
			continue
		}
		for f := n.Policy.allows.find(q); f.next(q); {
			g := f.principals.match(q)
			if q.Principal.isFederated() {
				g = f.principals.named(&q.Principal)
			}
			if g > best && f.applies(q) {
				best, by, name = g, f.statement, n.Name
			}
		}
	}
	if by != nil {
		d.note(AtResource, name, by)
	}
	return best
}
