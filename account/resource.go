package account

import (
	"strings"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// Resource is what policies can know of something that a request touches.
type Resource struct {
	ARN     string
	ID      EntityID // of a user, group or role that exists
	Account ID       // whose it is; empty: the caller's
	Tags    Tags
	Context policy.Context // condition keys of its own, lower case
	// Policy is its resource-based policy. PolicyRequired: without it nobody is
	// allowed, whatever their own policies say, as with the trust policy of a role.
	Policy         []policy.Named
	PolicyRequired bool
}

// located is the key under which a resource is remembered.
type located struct {
	account ID
	name    string
}

// Locate finds what the caller's words name, for decisions: an ARN, or a kind
// and a name of the caller's account, such as "role/deploy" or "user/" for the
// caller's own. What does not exist has the ARN it would have, and nothing else,
// so that whoever is refused learns nothing.
func (s *Store) Locate(tx *database.ReadTx, caller *Principal, name string) (*Resource, error) {
	in := ID(caller.Account)
	if name == string(User)+"/" {
		name += caller.Username
	}
	return s.located.Get(tx, located{in, name}, func() (*Resource, error) { return s.locate(tx, in, name) })
}

func (s *Store) locate(tx *database.ReadTx, in ID, name string) (*Resource, error) {
	if strings.HasPrefix(name, "arn:") {
		return s.locateARN(tx, in, name)
	}
	kind, rest, _ := strings.Cut(name, "/")
	switch kind {
	case "federated-user":
		return &Resource{ARN: in.Session(name), Account: in}, nil
	case "oidc-provider":
		return s.providerResource(tx, in, in.arn(kind+"/"+strings.TrimPrefix(rest, "https://")))
	case "access-key":
		return s.keyResource(tx, in, rest)
	case "service-linked-role":
		return s.linkedResource(tx, in, rest)
	case "task":
		return s.deletionResource(tx, in, rest)
	}
	if _, ok := kinds[EntityKind(kind)]; !ok || strings.Contains(rest, "/") {
		return &Resource{ARN: in.arn(name), Account: in}, nil // something about to be made
	}
	return s.entityResource(tx, in, EntityKind(kind), rest)
}

func (s *Store) entityResource(tx *database.ReadTx, in ID, kind EntityKind, name string) (*Resource, error) {
	e, err := s.Entity(tx, in, kind, name)
	if fault.Is(err, fault.NotFound) {
		return &Resource{ARN: in.arn(string(kind) + "/" + name), Account: in, PolicyRequired: kind == Role}, nil
	}
	if err != nil {
		return nil, err
	}
	r := &Resource{ARN: e.ARN(), ID: e.ID, Account: in, Tags: e.Tags, PolicyRequired: kind == Role}
	r.Context = policy.Context{}
	if e.Boundary != "" {
		r.Context["iam:permissionsboundary"] = []string{e.Boundary}
	}
	if kind == Role {
		trust, err := s.compiled.Policy(policy.Trust, e.Trust)
		if err != nil {
			return nil, err
		}
		r.Policy = []policy.Named{{Name: "trust policy of " + e.ARN(), Policy: trust}}
	}
	return r, nil
}

// locateARN finds what an ARN names, in whichever account. What is AWS's own is
// everybody's.
func (s *Store) locateARN(tx *database.ReadTx, in ID, text string) (*Resource, error) {
	a, err := arn.Parse(text)
	if err != nil || a.Partition != "aws" || a.Service != "iam" || a.Region != "" {
		return &Resource{ARN: text, PolicyRequired: true}, nil
	}
	owner := ID(a.Account)
	if owner == "aws" {
		return &Resource{ARN: text, Account: in}, nil
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch kind {
	case string(Role), string(User), string(Group):
		r, err := s.entityResource(tx, owner, EntityKind(kind), rest[strings.LastIndexByte(rest, '/')+1:])
		if err != nil || r.ARN == text {
			return r, err
		}
		// The name is right and the path is not: that is nobody.
		return &Resource{ARN: text, Account: owner, PolicyRequired: kind == string(Role)}, nil
	case "policy":
		p, err := s.PolicyByARN(tx, text)
		if fault.Is(err, fault.NotFound) {
			return &Resource{ARN: text, Account: owner}, nil
		}
		return &Resource{ARN: text, Account: owner, Tags: p.Tags}, err
	}
	return s.providerResource(tx, owner, text)
}

// OfARN is the account an ARN names.
func OfARN(text string) (ID, error) {
	a, err := arn.Parse(text)
	if err != nil {
		return "", fault.Invalidf("%w", err)
	}
	return ParseID(a.Account)
}

// RoleByARN finds a role, path and all.
func (s *Store) RoleByARN(tx *database.ReadTx, text string) (Entity, error) {
	none := fault.NotFoundf("there is no role %.256s", text)
	id, err := OfARN(text)
	if err != nil {
		return Entity{}, none
	}
	e, err := s.Entity(tx, id, Role, text[strings.LastIndexByte(text, '/')+1:])
	if err != nil {
		return Entity{}, err
	}
	if e.ARN() != text {
		return Entity{}, none
	}
	return e, nil
}

// ProviderOf finds the OpenID Connect provider an account has for an issuer.
func (s *Store) ProviderOf(tx *database.ReadTx, id ID, issuer string) (Provider, error) {
	return s.Provider(tx, id.arn(OpenIDConnect.resource()+strings.TrimPrefix(issuer, "https://")))
}
