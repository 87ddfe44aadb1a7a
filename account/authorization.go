package account

import (
	"strings"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// Source is a policy that speaks for a user, group or role, and where it stands.
type Source struct {
	policy.Named
	Document string
	Managed  Policy // of an inline policy: zero
	Holder   Entity // whose it is: the entity, or a group it is in
	Inline   string // the name of an inline policy
}

// SourcesOf gathers the policies that speak for a user, group or role, inline
// and attached ones, and those of a user's groups; and its boundary, nil when it
// has none. One that was deleted and is still named as a boundary allows nothing.
func (s *Store) SourcesOf(tx *database.ReadTx, e Entity) (sources []Source, boundary *Source, err error) {
	holders := []Entity{e}
	if e.Kind == User {
		groups, err := s.GroupsOf(tx, e.ID)
		if err != nil {
			return nil, nil, err
		}
		holders = append(holders, groups...)
	}
	for _, holder := range holders {
		if sources, err = s.sourcesIn(tx, holder, sources); err != nil {
			return nil, nil, err
		}
	}
	if e.Boundary == "" {
		return sources, nil, nil
	}
	bound, err := s.managedSource(tx, e, e.Boundary)
	if fault.Is(err, fault.NotFound) {
		// A boundary that is gone allows nothing: it must never widen.
		bound = Source{Named: policy.Named{Name: e.Boundary}, Document: nothingAllowed, Holder: e}
		bound.Policy, err = s.compiled.Policy(policy.Identity, nothingAllowed)
	}
	return sources, &bound, err
}

// nothingAllowed is a policy that allows nothing anybody can ask for.
const nothingAllowed = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`

func (s *Store) sourcesIn(tx *database.ReadTx, e Entity, into []Source) ([]Source, error) {
	inline, err := s.InlinePolicies(tx, e.ID)
	if err != nil {
		return nil, err
	}
	for _, in := range inline {
		p, err := s.compiled.Policy(policy.Identity, in.Document)
		if err != nil {
			return nil, err
		}
		into = append(into, Source{Named: policy.Named{Name: "inline policy " + in.Name + " of " + e.ARN(), Policy: p}, Document: in.Document, Holder: e, Inline: in.Name})
	}
	attached, err := s.AttachedPolicies(tx, e.ID)
	if err != nil {
		return nil, err
	}
	for _, name := range attached {
		source, err := s.managedSource(tx, e, name)
		if err != nil {
			return nil, err
		}
		into = append(into, source)
	}
	return into, nil
}

// managedSource is the version of a managed policy that is in effect.
func (s *Store) managedSource(tx *database.ReadTx, holder Entity, name string) (Source, error) {
	managed, err := s.PolicyByARN(tx, name)
	if err != nil {
		return Source{}, err
	}
	version, err := s.Version(tx, managed, managed.Default)
	if err != nil {
		return Source{}, err
	}
	p, err := s.compiled.Policy(policy.Identity, version.Document)
	return Source{Named: policy.Named{Name: name, Policy: p}, Document: version.Document, Managed: managed, Holder: holder}, err
}

// AuthorityOf is what [Store.SourcesOf] finds, as decisions take it.
func (s *Store) AuthorityOf(tx *database.ReadTx, e Entity) (a Authority, err error) {
	sources, boundary, err := s.SourcesOf(tx, e)
	if err != nil {
		return a, err
	}
	for _, source := range sources {
		a.Identity = append(a.Identity, source.Named)
	}
	if boundary != nil {
		a.Boundary = &boundary.Named
	}
	return a, nil
}

// Principal is the user, or whoever assumes the role.
func (e Entity) Principal() Principal { return principalOf(e) }

// Grants tells whether a statement of the document allows anything of a service,
// whatever its resources and conditions.
func Grants(document, service string) bool {
	parsed, err := policy.Parse([]byte(document))
	if err != nil {
		return false
	}
	for i := range parsed.Statements {
		s := &parsed.Statements[i]
		if s.Effect == nil || !s.Effect.Value.IsText("Allow") {
			continue
		}
		if s.NotAction != nil && !names(s.NotAction.Values(), service, true) || names(s.Action.Values(), service, false) {
			return true
		}
	}
	return false
}

// names tells whether one of the actions is the service's: any of it, or all of it.
func names(actions []policy.Node, service string, all bool) bool {
	for _, action := range actions {
		prefix, name, _ := strings.Cut(strings.ToLower(action.Text), ":")
		if prefix == "*" || prefix == strings.ToLower(service) && (!all || name == "*") {
			return true
		}
	}
	return false
}
