package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
)

// centerSize is how much there is in an organization with IAM Identity Center.
type centerSize struct {
	accounts     int // the management account, in which nobody is assigned, is one of them
	sets         int
	assignments  int // half of them to groups
	roles        int // the sets in accounts that the assignments are of: each is provisioned
	people       int
	groups       int
	busy         int // people in many groups; the others are in groupsOfOthers
	groupsOfBusy int
	asking       int  // people who are signed in
	asked        int  // of each question, in a round
	onPostgreSQL bool // is it measured there?
}

const groupsOfOthers = 5

// assigned is an organization as it was made: the facts.
type assigned struct {
	identitycenter.Instance
	owner  *signer
	names  map[account.ID]string
	sets   []identitycenter.PermissionSet
	people []person
	groups []identitycenter.GroupID
	setOf  map[identitycenter.PermissionSetID]*identitycenter.PermissionSet
	to     map[string][]identitycenter.Assignment // by the principal's id
}

type person struct {
	id     identitycenter.UserID
	name   string
	groups []int // positions in groups
}

// batch is how many things are made in a transaction.
const batch = 500

// each runs step for so many things, in as few transactions as they bear. One may run
// twice: a step writes what it made where it belongs.
func (s *stores) each(ctx context.Context, many int, step func(tx *database.Tx, i int) error) error {
	for from := 0; from < many; from += batch {
		err := s.db.Write(ctx, func(tx *database.Tx) error {
			for i := from; i < min(from+batch, many); i++ {
				if err := step(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fillCenter makes the organization, all but the assignments.
func (s *site) fillCenter(ctx context.Context, size centerSize) (*assigned, []account.ID, error) {
	o, key, err := s.management(ctx)
	if err != nil {
		return nil, nil, err
	}
	a := &assigned{
		owner: &signer{key: key, account: o.Management}, names: map[account.ID]string{},
		sets: make([]identitycenter.PermissionSet, size.sets), people: make([]person, size.people), groups: make([]identitycenter.GroupID, size.groups),
		setOf: map[identitycenter.PermissionSetID]*identitycenter.PermissionSet{}, to: map[string][]identitycenter.Assignment{},
	}
	err = s.db.Read(ctx, func(tx *database.ReadTx) (err error) {
		a.Instance, err = s.centers.InstanceOf(tx, o.Management) // which a first start makes, too
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	members, err := s.addAccounts(ctx, o, size.accounts-1)
	for i, id := range members {
		a.names[id] = accountName(i)
	}
	if err == nil {
		err = s.addSets(ctx, a)
	}
	if err == nil {
		err = s.addPeople(ctx, a, size)
	}
	return a, members, err
}

func (s *stores) addAccounts(ctx context.Context, o org.Organization, many int) ([]account.ID, error) {
	members := make([]account.ID, many)
	return members, s.each(ctx, many, func(tx *database.Tx, i int) (err error) {
		members[i], err = s.addMember(tx, o, i)
		return err
	})
}

func (s *stores) addSets(ctx context.Context, a *assigned) error {
	err := s.each(ctx, len(a.sets), func(tx *database.Tx, i int) error {
		name := fmt.Sprintf("set-%03d", i)
		made, err := s.centers.CreatePermissionSet(tx, a.Instance, identitycenter.NewPermissionSet{Name: name, Description: name, Region: "us-west-2"})
		if err != nil {
			return err
		}
		document := documentOf([]statement{{Sid: "Read", Effect: "Allow", Action: []string{"iam:Get*", "iam:List*"}, Resource: []string{"arn:aws:iam::*:role/" + name + "-*"}}})
		if err := s.centers.PutInlinePolicy(tx, made, document); err != nil {
			return err
		}
		a.sets[i], err = s.centers.PermissionSetByID(tx.Reading(), a.Instance, made.ID)
		return err
	})
	for i := range a.sets {
		a.setOf[a.sets[i].ID] = &a.sets[i]
	}
	return err
}

// addPeople makes groups and users, and puts these into those.
func (s *stores) addPeople(ctx context.Context, a *assigned, size centerSize) error {
	err := s.each(ctx, len(a.groups), func(tx *database.Tx, i int) error {
		made, err := s.centers.CreateGroup(tx, a.Instance, identitycenter.GroupAttributes{DisplayName: fmt.Sprintf("group-%03d", i)}, "bench")
		a.groups[i] = made.ID
		return err
	})
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 0))
	for i := range a.people {
		in := groupsOfOthers
		if i < size.busy {
			in = size.groupsOfBusy
		}
		a.people[i] = person{name: fmt.Sprintf("person-%04d", i), groups: random.Perm(size.groups)[:in]}
	}
	return s.each(ctx, len(a.people), func(tx *database.Tx, i int) error {
		p := &a.people[i]
		made, err := s.centers.CreateUser(tx, a.Instance, identitycenter.Attributes{
			UserName: p.name, DisplayName: p.name, Name: identitycenter.Name{GivenName: p.name, FamilyName: "Bench"},
			Emails: []identitycenter.Item{{Value: p.name + "@example.com", Primary: true}},
		}, "bench")
		for _, group := range p.groups {
			if err == nil {
				_, err = s.centers.Join(tx, a.Instance, a.groups[group], made.ID, "bench")
			}
		}
		p.id = made.ID
		return err
	})
}

// plan draws who is assigned what: each role has somebody, and the sets of an account
// are different ones. Half are of groups.
func (a *assigned) plan(size centerSize, members []account.ID) []identitycenter.Assignment {
	random := rand.New(rand.NewPCG(2, 0))
	taken := map[identitycenter.Assignment]bool{}
	all := make([]identitycenter.Assignment, 0, size.assignments)
	for len(all) < size.assignments {
		role := len(all) % size.roles
		at, turn := role%len(members), role/len(members)
		one := identitycenter.Assignment{Account: members[at], Set: a.sets[(7*at+41*turn)%len(a.sets)].ID}
		if random.IntN(2) == 0 {
			one.Principal = identitycenter.Principal{Type: identitycenter.GroupPrincipal, ID: string(a.groups[random.IntN(len(a.groups))])}
		} else {
			one.Principal = identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: string(a.people[random.IntN(len(a.people))].id)}
		}
		if !taken[one] {
			taken[one] = true
			all = append(all, one)
		}
	}
	return all
}

// assign makes the assignments as CreateAccountAssignment and its job do.
func (s *stores) assign(ctx context.Context, a *assigned, all []identitycenter.Assignment) error {
	err := s.each(ctx, len(all), func(tx *database.Tx, i int) error {
		r, err := s.centers.RequestAssignment(tx, *a.setOf[all[i].Set], all[i].Account, all[i].Principal)
		if err != nil {
			return err
		}
		if err := s.centers.FinishAssignment(tx, r.ID); err != nil {
			return err
		}
		r, _, err = s.centers.Outcome(tx.Reading(), r.ID)
		if err == nil && r.State != identitycenter.Succeeded {
			err = fmt.Errorf("nobody was assigned %s in %s: %s", r.Set, r.Account, r.Failure)
		}
		return err
	})
	for _, one := range all {
		a.to[one.ID] = append(a.to[one.ID], one)
	}
	return err
}

// of are the assignments of somebody and of their groups, in the order they are listed.
func (a *assigned) of(p person) []identitycenter.Assignment {
	found := slices.Clone(a.to[string(p.id)])
	for _, group := range p.groups {
		found = append(found, a.to[string(a.groups[group])]...)
	}
	slices.SortFunc(found, func(x, y identitycenter.Assignment) int { return cmp.Compare(x.Key(), y.Key()) })
	return found
}

// user is the person as somebody who signs in.
func (a *assigned) user(p person) user {
	return user{id: directory.UserID(p.id), store: directory.StoreID(a.Store), alias: p.name}
}
