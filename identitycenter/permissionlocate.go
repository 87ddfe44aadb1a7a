package identitycenter

import (
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// SSO locates what IAM Identity Center itself is about: instances, permission sets,
// accounts, applications and trusted token issuers.
type SSO struct{ store *Store }

// SSO is the locator of actions that begin with sso.
func (s *Store) SSO() SSO { return SSO{s} }

// Locate finds what the caller's words name, for decisions: an ARN, or "account/" and an
// account's number.
//
// An instance belongs to its owner, and what is in it with it. A member account that
// administers sso.amazonaws.com may act there as far as its own policies let it. Every
// other account is refused in the same words, whether there is such an instance or not.
func (l SSO) Locate(tx *database.ReadTx, caller *account.Principal, name string) (*account.Resource, error) {
	return l.store.LocateSSO(tx, caller, name)
}

// LocateSSO is what [SSO.Locate] says.
func (s *Store) LocateSSO(tx *database.ReadTx, caller *account.Principal, name string) (*account.Resource, error) {
	if id, ok := strings.CutPrefix(name, "account/"); ok {
		return &account.Resource{ARN: arn.ARN{Partition: "aws", Service: "sso", Resource: "account/" + id}.String()}, nil
	}
	if strings.HasPrefix(name, providerPrefix) { // what AWS offers is everybody's
		return &account.Resource{ARN: name}, nil
	}
	closed := &account.Resource{ARN: name, PolicyRequired: true}
	in, delegate, err := s.Governed(tx, caller.ID(), name)
	if fault.Is(err, fault.NotFound) {
		return closed, nil
	}
	if err != nil {
		return nil, err
	}
	r := &account.Resource{ARN: name, Account: in.Owner}
	if a, err := arn.Parse(name); err == nil && a.Account != "" { // of applications, and issuers
		r.Context = policy.Context{"sso:applicationaccount": {a.Account}}
	}
	if delegate {
		if r.Policy, err = s.admits(tx, in, caller.ID()); err != nil {
			return nil, err
		}
	}
	r.Tags, err = s.ResourceTags(tx, in, name)
	if fault.Is(err, fault.NotFound) {
		return r, nil
	}
	return r, err
}

// Governed finds the instance that an ARN is of, its own or that of something in it,
// for an account that governs it: its owner, or a delegate of the organization. For
// any other it is NotFound. So is an ARN in another spelling, such as one of
// another partition: policies that deny the ARN would not know it.
func (s *Store) Governed(tx *database.ReadTx, caller account.ID, name string) (in Instance, delegate bool, err error) {
	none := noInstance(database.ErrNone)
	a, err := arn.Parse(name)
	if err != nil {
		return Instance{}, false, none
	}
	_, rest, _ := strings.Cut(a.Resource, "/")
	id, _, _ := strings.Cut(rest, "/")
	if in, err = instanceWhere(tx, "id", id); err != nil {
		return Instance{}, false, noInstance(err)
	}
	if !in.spells(a) {
		return Instance{}, false, none
	}
	if caller == in.Owner {
		return in, false, nil
	}
	if delegate, err = s.Delegated(tx, in, caller); err == nil && !delegate {
		err = none
	}
	if err != nil {
		return Instance{}, false, err
	}
	return in, true, nil
}

// spells tells whether an ARN is the instance's own, or spelled as that of something in
// it. Which account an application or an issuer is of is seen when it is looked up.
func (i Instance) spells(a arn.ARN) bool {
	name, maker := a.String(), account.ID(a.Account)
	within := func(prefix string) bool { return strings.HasPrefix(name, prefix) && name != prefix }
	return name == i.ARN() || within(i.setARN("")) ||
		maker != "" && maker != "aws" && (within(Application{Account: maker, in: i}.ARN()) || within(Issuer{Account: maker, in: i}.ARN()))
}

// taggable is something of an instance that has tags.
type taggable struct {
	tags account.Tags
	save func(*database.Tx, account.Tags) error
}

func (s *Store) taggable(tx *database.ReadTx, in Instance, name string) (taggable, error) {
	a, err := arn.Parse(name)
	if err != nil {
		return taggable{}, fault.NotFoundf("Resource not found.")
	}
	switch kind, _, _ := strings.Cut(a.Resource, "/"); kind + "/" {
	case instancePrefix:
		tags, err := s.InstanceTags(tx, in)
		return taggable{tags, func(tx *database.Tx, tags account.Tags) error { return s.TagInstance(tx, in, tags) }}, err
	case setPrefix:
		p, err := s.PermissionSet(tx, in, name)
		return taggable{p.Tags, func(tx *database.Tx, tags account.Tags) error { return s.TagPermissionSet(tx, p, tags) }}, err
	case applicationPrefix:
		a, err := s.Application(tx, in, name)
		return taggable{a.Tags, func(tx *database.Tx, tags account.Tags) error { a.Tags = tags; return s.SaveApplication(tx, a) }}, err
	case issuerPrefix:
		i, err := s.Issuer(tx, in, name)
		return taggable{i.Tags, func(tx *database.Tx, tags account.Tags) error { i.Tags = tags; return s.SaveIssuer(tx, i) }}, err
	}
	return taggable{}, fault.NotFoundf("Resource not found.")
}

// ResourceTags are the tags of an instance, or of something in it, by its ARN.
func (s *Store) ResourceTags(tx *database.ReadTx, in Instance, name string) (account.Tags, error) {
	t, err := s.taggable(tx, in, name)
	return t.tags, err
}

// TagResource adds tags to it.
func (s *Store) TagResource(tx *database.Tx, in Instance, name string, tags account.Tags) error {
	t, err := s.taggable(tx.Reading(), in, name)
	if err != nil {
		return err
	}
	all, err := t.tags.With(tags)
	if err != nil {
		return err
	}
	return t.save(tx, all)
}

// UntagResource takes tags from it.
func (s *Store) UntagResource(tx *database.Tx, in Instance, name string, keys []string) error {
	t, err := s.taggable(tx.Reading(), in, name)
	if err != nil {
		return err
	}
	return t.save(tx, t.tags.Without(keys))
}
