package identitycenter

import (
	"encoding/json"
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

// Locate finds what the caller's words name, for decisions: a kind and an id, such as
// "store/d-1234567890", or an ARN; the part behind the kind may be one, too. The
// kinds are store, user, group and membership; "user/*" is all users of a store.
//
// A store that does not exist, or is not the caller's to see, has the ARN it would
// have in the caller's account, and nothing else. The organization's belongs to its
// management account: the other accounts may look, and one that administers
// sso.amazonaws.com may change. Users, groups and memberships have ARNs without an
// account; whether they are in the store is seen when they are looked up in it.
func (s *Store) Locate(tx *database.ReadTx, caller *account.Principal, name string) (*account.Resource, error) {
	id := account.ID(caller.Account)
	return s.located.Get(tx, located{id, name}, func() (*account.Resource, error) { return s.locate(tx, id, name) })
}

func (s *Store) locate(tx *database.ReadTx, caller account.ID, name string) (*account.Resource, error) {
	kind, rest, _ := strings.Cut(name, "/")
	if strings.HasPrefix(name, "arn:") {
		a, err := arn.Parse(name)
		if err != nil || !strings.HasPrefix(a.Resource, "identitystore/") {
			return &account.Resource{ARN: name}, nil
		}
		kind, rest = "store", name
	}
	switch kind {
	case "store":
		return s.locateStore(tx, caller, rest)
	case "user", "group", "membership":
		return &account.Resource{ARN: resourceARN(kind, idNamed(rest))}, nil
	}
	return &account.Resource{ARN: name}, nil
}

func (s *Store) locateStore(tx *database.ReadTx, caller account.ID, name string) (*account.Resource, error) {
	i, err := s.Reach(tx, caller, name)
	if fault.Is(err, fault.NotFound) {
		id, _ := storeNamed(name)
		return &account.Resource{ARN: id.arn(caller)}, nil
	}
	if err != nil {
		return nil, err
	}
	r := &account.Resource{ARN: i.StoreARN(), Account: i.Owner}
	if caller != i.Owner {
		r.Policy, err = s.admits(tx, i, caller)
	}
	return r, err
}

// resourceARN names something in a store.
func resourceARN(kind, id string) string {
	return arn.ARN{Partition: "aws", Service: "identitystore", Resource: kind + "/" + id}.String()
}

// servicePrincipal is IAM Identity Center to an organization.
const servicePrincipal = "sso.amazonaws.com"

var (
	everything = []string{"*"}
	// looks are the actions open to every member of the organization: "Limiting access
	// to the identity store from member accounts" in the IAM Identity Center User Guide.
	looks = []string{"identitystore:Describe*", "identitystore:Get*", "identitystore:List*", "identitystore:IsMemberInGroups"}
)

// admits is how an organization lets one of its accounts in. What the account's
// own policies say comes on top.
func (s *Store) admits(tx *database.ReadTx, i Instance, member account.ID) ([]policy.Named, error) {
	actions := looks
	delegate, err := s.Delegated(tx, i, member)
	if err != nil {
		return nil, err
	}
	if delegate {
		actions = everything
	}
	text, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": member.Root()}, "Action": actions, "Resource": "*",
		}},
	})
	if err != nil {
		return nil, err
	}
	compiled, err := s.compiled.Policy(policy.Resource, string(text))
	return []policy.Named{{Name: "the organization's identity store", Policy: compiled}}, err
}

// Delegated tells whether a member account administers IAM Identity Center for
// the instance's organization.
func (s *Store) Delegated(tx *database.ReadTx, i Instance, member account.ID) (bool, error) {
	if i.Organization == "" {
		return false, nil
	}
	o, err := s.Organizations.Organization(tx, i.Organization)
	if err != nil {
		return false, err
	}
	return s.Organizations.Delegated(tx, o, member, servicePrincipal)
}
