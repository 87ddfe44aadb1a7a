package org

import (
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// located is the key under which a resource is remembered.
type located struct {
	account account.ID
	name    string
}

// Locate finds what the caller's words name, for decisions: a kind and an id, such
// as "ou/ou-abcd-12345678", or an ARN. The kinds are account, ou, root, target and
// parent (any of these three, or a policy), self (an account, empty: the caller's
// own), policy, handshake, resourcepolicy, request (of an account), type (of policies,
// for one about to be made) and organization.
//
// What does not exist in the caller's organization, or is not for the caller to ask
// about, has the ARN it would have, and nothing else. The organization is the
// management account's: a member account is another account to it, which comes in
// by the organization's resource policy or as a delegated administrator. Handshakes
// are a member's own, and what "self" says of itself.
func (s *Store) Locate(tx *database.ReadTx, caller *account.Principal, name string) (*account.Resource, error) {
	id := account.ID(caller.Account)
	return s.located.Get(tx, located{id, name}, func() (*account.Resource, error) { return s.locate(tx, id, name) })
}

func (s *Store) locate(tx *database.ReadTx, caller account.ID, name string) (*account.Resource, error) {
	o, err := s.Of(tx, caller)
	alone := fault.HasReason(err, ReasonNotInUse)
	if err != nil && !alone {
		return nil, err
	}
	if alone { // its handshakes are all that it can ask about
		o = Organization{Management: caller}
	}
	kind, rest, _ := strings.Cut(name, "/")
	if strings.HasPrefix(name, "arn:") {
		if kind, rest = s.inARN(o, name); kind == "" {
			return &account.Resource{ARN: name}, nil
		}
	}
	r := &account.Resource{ARN: o.nameOf(kind, rest)}
	if kind == "handshake" {
		return r, s.locateHandshake(tx, caller, r, HandshakeID(rest))
	}
	own := kind == "self" && (rest == "" || rest == string(caller))
	if own {
		rest, r.ARN = string(caller), o.AccountARN(caller)
	}
	if alone {
		return r, nil
	}
	policies, err := s.admits(tx, o, caller)
	if err != nil {
		return nil, err
	}
	member := caller != o.Management
	if member && !own && len(policies) == 0 {
		return r, nil
	}
	if !own || !member {
		r.Policy = policies
	}
	if member && !own {
		r.Account = o.Management
	}
	return r, s.fill(tx, o, r, kind, rest)
}

// nameOf is the ARN of something by its kind and id.
func (o Organization) nameOf(kind, id string) string {
	switch kind {
	case "organization", "type":
		return o.ARN()
	case "policy":
		if p, ok := managed[PolicyID(id)]; ok {
			return o.policyARN(p.Type, p.ID)
		}
		return o.policyARN(ServiceControl, PolicyID(id))
	case "target", "parent", "self":
		switch {
		case strings.HasPrefix(id, "p-"):
			return o.nameOf("policy", id)
		case strings.HasPrefix(id, "rp-"):
			return o.resourcePolicyARN(id)
		}
		return o.TargetARN(TargetID(id))
	case "handshake":
		return o.handshakeARN(Invite, HandshakeID(id))
	case "request":
		return o.name("createaccountstatus/" + string(o.ID) + "/" + id)
	}
	return o.name(kind + "/" + string(o.ID) + "/" + id)
}

// inARN is the kind and id of something that an ARN names in this organization; empty
// when it names nothing there.
func (s *Store) inARN(o Organization, text string) (kind, id string) {
	a, err := arn.Parse(text)
	if err != nil || a.Service != "organizations" {
		return "", ""
	}
	parts := strings.Split(a.Resource, "/")
	kind, id = parts[0], parts[len(parts)-1]
	if a.Account != "aws" && (len(parts) < 2 || a.Account != string(o.Management) || parts[1] != string(o.ID)) {
		return "", ""
	}
	return kind, id
}

func (s *Store) locateHandshake(tx *database.ReadTx, caller account.ID, r *account.Resource, id HandshakeID) error {
	h, err := s.Handshake(tx, caller, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		r.ARN = h.ARN()
	}
	return err
}

// fill adds what is known of something that exists.
func (s *Store) fill(tx *database.ReadTx, o Organization, r *account.Resource, kind, id string) error {
	switch kind {
	case "account", "ou", "root", "target", "parent", "self", "policy", "resourcepolicy":
	case "type":
		r.Context = ofType(PolicyType(id))
		return nil
	default:
		return nil
	}
	tags, err := s.Tags(tx, o, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r.Tags = tags
	if strings.HasPrefix(id, "p-") {
		p, err := s.Policy(tx, o, PolicyID(id))
		if err != nil {
			return err
		}
		r.ARN, r.Context = p.ARN, ofType(p.Type)
	}
	return nil
}

func ofType(t PolicyType) policy.Context {
	return policy.Context{"organizations:policytype": {string(t)}}
}
