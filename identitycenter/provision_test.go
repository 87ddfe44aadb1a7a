package identitycenter_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
)

func (w *world) permissionSet(name string) identitycenter.PermissionSet {
	w.Helper()
	return made(w, func(tx *database.Tx) (identitycenter.PermissionSet, error) {
		return w.CreatePermissionSet(tx, w.in, identitycenter.NewPermissionSet{Name: name, Region: "eu-west-1"})
	})
}

func userOf(u identitycenter.User) identitycenter.Principal {
	return identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: string(u.ID)}
}

func groupOf(g identitycenter.Group) identitycenter.Principal {
	return identitycenter.Principal{Type: identitycenter.GroupPrincipal, ID: string(g.ID)}
}

func (w *world) ask(p identitycenter.PermissionSet, id account.ID, who identitycenter.Principal) identitycenter.Request {
	w.Helper()
	return made(w, func(tx *database.Tx) (identitycenter.Request, error) { return w.RequestAssignment(tx, p, id, who) })
}

func (w *world) askRemoval(p identitycenter.PermissionSet, id account.ID, who identitycenter.Principal) identitycenter.Request {
	w.Helper()
	return made(w, func(tx *database.Tx) (identitycenter.Request, error) { return w.RequestRemoval(tx, p, id, who) })
}

// finish does the job of a request and tells what became of it.
func (w *world) finish(r identitycenter.Request) identitycenter.Request {
	w.Helper()
	w.do(func(tx *database.Tx) error { return w.FinishAssignment(tx, r.ID) })
	return w.became(r)
}

func (w *world) became(r identitycenter.Request) identitycenter.Request {
	w.Helper()
	return look(w, func(tx *database.ReadTx) (identitycenter.Request, error) { return w.Request(tx, w.in, r.Kind, r.ID) })
}

func (w *world) assign(p identitycenter.PermissionSet, id account.ID, who identitycenter.Principal) {
	w.Helper()
	if r := w.finish(w.ask(p, id, who)); r.State != identitycenter.Succeeded {
		w.Fatalf("assigned: %+v", r)
	}
}

func (w *world) roles(id account.ID) (names []string) {
	w.Helper()
	for _, role := range look(w, func(tx *database.ReadTx) ([]account.Entity, error) {
		return w.Accounts.Entities(tx, id, account.Role, account.Filter{PathPrefix: "/aws-reserved/", Limit: 1000})
	}) {
		names = append(names, role.Name)
	}
	return names
}

func (w *world) enters(u identitycenter.User, id account.ID, set string) error {
	_, err := try(w, func(tx *database.ReadTx) (string, error) {
		_, role, _, err := w.PortalRole(tx, w.in, u.ID, id, set)
		return role.Name, err
	})
	return err
}

func TestARoleIsNamedAsAWSNamesIt(t *testing.T) {
	p := identitycenter.PermissionSet{ID: "ps-0123456789abcdef", Name: "Admin", Region: "us-east-1"}
	name := p.RoleName("111122223333")
	if !strings.HasPrefix(name, "AWSReservedSSO_Admin_") || len(name) != 37 || name != p.RoleName("111122223333") || name == p.RoleName("111122223334") {
		t.Errorf("the role is called %s", name)
	}
	if path := p.RolePath(); path != "/aws-reserved/sso.amazonaws.com/" {
		t.Errorf("in us-east-1 it stands in %s", path)
	}
	if p.Region = "eu-west-1"; p.RolePath() != "/aws-reserved/sso.amazonaws.com/eu-west-1/" {
		t.Errorf("elsewhere it stands in %s", p.RolePath())
	}
}

func TestAJobThatRunsAgainChangesNothing(t *testing.T) {
	each(t, func(w *world) {
		dev, alice, set := w.member("dev"), w.user("alice"), w.permissionSet("Admin")
		first := w.ask(set, dev, userOf(alice))
		w.finish(first)
		second := w.finish(w.askRemoval(set, dev, userOf(alice)))
		if again := w.finish(first); again.State != identitycenter.Succeeded || len(w.roles(dev)) != 0 {
			w.Errorf("the first job, run after the second: %+v, roles %v", again, w.roles(dev))
		}
		w.assign(set, dev, userOf(alice))
		if again := w.finish(second); again.State != identitycenter.Succeeded || len(w.roles(dev)) != 1 {
			w.Errorf("the second job, run again: %+v, roles %v", again, w.roles(dev))
		}
		w.do(func(tx *database.Tx) error { return w.FinishAssignment(tx, "no-such-request") })
	})
}

func TestAnAcceptedRequestOutlivesTheProcess(t *testing.T) {
	each(t, func(w *world) {
		dev, alice, set := w.member("dev"), w.user("alice"), w.permissionSet("Admin")
		r := w.ask(set, dev, userOf(alice))
		if r := w.became(r); r.State != identitycenter.InProgress {
			w.Errorf("before its job it is %+v", r)
		}
		w.Store = &identitycenter.Store{Keys: w.Keys, Accounts: w.Accounts, Organizations: w.Organizations} // all it knew is forgotten
		if r := w.finish(r); r.State != identitycenter.Succeeded || len(w.roles(dev)) != 1 {
			w.Errorf("after a restart: %+v, roles %v", r, w.roles(dev))
		}
	})
}

func TestTwoOperationsOnOneAssignment(t *testing.T) {
	each(t, func(w *world) {
		dev, alice, bob, set := w.member("dev"), w.user("alice"), w.user("bob"), w.permissionSet("Admin")
		w.assign(set, dev, userOf(alice))
		pending := w.askRemoval(set, dev, userOf(alice))
		w.refused("the opposite", fault.Conflict, "in progress", func(tx *database.Tx) error {
			_, err := w.RequestAssignment(tx, set, dev, userOf(alice))
			return err
		})
		w.refused("the same", fault.Conflict, "in progress", func(tx *database.Tx) error {
			_, err := w.RequestRemoval(tx, set, dev, userOf(alice))
			return err
		})
		w.ask(set, dev, userOf(bob)) // another assignment is another matter
		w.refused("the end of the set", fault.Conflict, "", func(tx *database.Tx) error { return w.DeletePermissionSet(tx, set) })
		w.finish(pending)

		// At once, one of them is accepted.
		carol := w.user("carol")
		var group sync.WaitGroup
		results := make([]error, 8)
		for i := range results {
			group.Go(func() {
				results[i] = w.db.Write(w.Context(), func(tx *database.Tx) error {
					_, err := w.RequestAssignment(tx, set, dev, userOf(carol))
					return err
				})
			})
		}
		group.Wait()
		accepted := 0
		for _, err := range results {
			if err == nil {
				accepted++
			} else if !fault.Is(err, fault.Conflict) {
				w.Error(err)
			}
		}
		if accepted != 1 {
			w.Errorf("%d were accepted", accepted)
		}
	})
}

// Opposite jobs of different assignments run at once: in the end there is a role where
// somebody is assigned, and none where nobody is.
func TestOppositeJobsAtOnce(t *testing.T) {
	each(t, func(w *world) {
		dev, set := w.member("dev"), w.permissionSet("Admin")
		for round := range 5 {
			leaving, coming := w.user(fmt.Sprintf("leaving%d", round)), w.user(fmt.Sprintf("coming%d", round))
			w.assign(set, dev, userOf(leaving))
			jobs := []identitycenter.Request{w.askRemoval(set, dev, userOf(leaving)), w.ask(set, dev, userOf(coming))}
			var group sync.WaitGroup
			for _, r := range jobs {
				group.Go(func() {
					if err := w.db.Write(w.Context(), func(tx *database.Tx) error { return w.FinishAssignment(tx, r.ID) }); err != nil {
						w.Error(err)
					}
				})
			}
			group.Wait()
			if roles := w.roles(dev); len(roles) != 1 || w.enters(coming, dev, "Admin") != nil || w.enters(leaving, dev, "Admin") == nil {
				w.Fatalf("there are %v", roles)
			}
			w.finish(w.askRemoval(set, dev, userOf(coming)))
			if roles := w.roles(dev); roles != nil {
				w.Fatalf("there are still %v", roles)
			}
		}
	})
}

func TestWhatHappensBeforeTheJob(t *testing.T) {
	each(t, func(w *world) {
		set := w.permissionSet("Admin")
		for _, row := range []struct {
			what, says string
			happens    func(tx *database.Tx, dev account.ID, g identitycenter.Group) error
		}{
			{"the group is deleted", "GROUP not found", func(tx *database.Tx, _ account.ID, g identitycenter.Group) error {
				return w.DeleteGroup(tx, w.in, g.ID, "")
			}},
			{"the account is closed", "suspended", func(tx *database.Tx, dev account.ID, _ identitycenter.Group) error {
				return w.Organizations.Close(tx, w.company, dev)
			}},
			{"the account leaves", "not in the organization", func(tx *database.Tx, dev account.ID, _ identitycenter.Group) error {
				return w.Organizations.Remove(tx, w.company, dev)
			}},
		} {
			name := strings.ReplaceAll(row.what, " ", "-")
			dev, g := w.member(name), w.group(name)
			r := w.ask(set, dev, groupOf(g))
			w.do(func(tx *database.Tx) error { return row.happens(tx, dev, g) })
			if r := w.finish(r); r.State != identitycenter.Failed || !strings.Contains(r.Failure, row.says) || len(w.roles(dev)) != 0 {
				w.Errorf("%s: %+v, roles %v", row.what, r, w.roles(dev))
			}
		}
	})
}

func TestAnAssignmentOutlivesItsGroupAndCanBeRemoved(t *testing.T) {
	each(t, func(w *world) {
		dev, alice, team, set := w.member("dev"), w.user("alice"), w.group("team"), w.permissionSet("Admin")
		w.join(team, alice)
		w.assign(set, dev, groupOf(team))
		if err := w.enters(alice, dev, "Admin"); err != nil {
			w.Errorf("a member of the group: %v", err)
		}
		w.do(func(tx *database.Tx) error { return w.DeleteGroup(tx, w.in, team.ID, "") })
		if err := w.enters(alice, dev, "Admin"); !fault.Is(err, fault.Denied) {
			w.Errorf("once the group is gone: %v", err)
		}
		left := look(w, func(tx *database.ReadTx) ([]identitycenter.Assignment, error) {
			return w.Assignments(tx, set, dev, identitycenter.Page{})
		})
		if len(left) != 1 || len(w.roles(dev)) != 1 {
			w.Errorf("left are %v", left)
		}
		if r := w.finish(w.askRemoval(set, dev, groupOf(team))); r.State != identitycenter.Succeeded || len(w.roles(dev)) != 0 {
			w.Errorf("removed %+v", r)
		}
	})
}

// A provisioning that stops between two transactions goes on where it was.
func TestProvisioningGoesOn(t *testing.T) {
	each(t, func(w *world) {
		alice, set := w.user("alice"), w.permissionSet("Admin")
		var accounts []account.ID
		for i := range 25 {
			id := w.member(fmt.Sprintf("a%02d", i))
			w.assign(set, id, userOf(alice))
			accounts = append(accounts, id)
		}
		w.do(func(tx *database.Tx) error {
			return w.PutInlinePolicy(tx, set, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
		})
		r := made(w, func(tx *database.Tx) (identitycenter.Request, error) { return w.RequestProvisioning(tx, set, "") })
		step := func() (more bool) {
			w.do(func(tx *database.Tx) (err error) {
				more, err = w.FinishProvisioning(tx, r.ID)
				return err
			})
			return more
		}
		behind := func() int {
			fresh := look(w, func(tx *database.ReadTx) (identitycenter.PermissionSet, error) {
				return w.PermissionSetByID(tx, w.in, set.ID)
			})
			return len(look(w, func(tx *database.ReadTx) ([]account.ID, error) {
				return w.AccountsWith(tx, fresh, identitycenter.Outdated, identitycenter.Page{})
			}))
		}
		if !step() || behind() != 5 {
			w.Errorf("after the first step %d are behind", behind())
		}
		w.Store = &identitycenter.Store{Keys: w.Keys, Accounts: w.Accounts, Organizations: w.Organizations}
		gone := slices.Max(accounts)
		w.finish(w.askRemoval(set, gone, userOf(alice))) // it does not come back
		if step() || behind() != 0 || len(w.roles(gone)) != 0 {
			w.Errorf("after the second %d are behind", behind())
		}
		if r := w.became(r); r.State != identitycenter.Succeeded {
			w.Errorf("it ended as %+v", r)
		}
		step() // once more
	})
}

func TestThePortalShowsWhatIsLive(t *testing.T) {
	each(t, func(w *world) {
		alice, bob, team := w.user("alice"), w.user("bob"), w.group("team")
		membership := w.join(team, alice)
		admin, reader := w.permissionSet("Admin"), w.permissionSet("Reader")
		var accounts []account.ID
		for i := range 5 {
			id := w.member(fmt.Sprintf("a%d", i))
			w.assign(reader, id, groupOf(team))
			accounts = append(accounts, id)
		}
		slices.Sort(accounts)
		w.assign(admin, accounts[1], userOf(alice))
		list := func(u identitycenter.User) (ids []account.ID, err error) {
			for after := ""; ; {
				found, err := try(w, func(tx *database.ReadTx) ([]account.Account, error) {
					return w.PortalAccounts(tx, w.in, u.ID, after, 2)
				})
				if err != nil {
					return nil, err
				}
				for _, a := range found {
					ids, after = append(ids, a.ID), string(a.ID)
				}
				if len(found) < 2 {
					return ids, nil
				}
			}
		}
		if ids, err := list(alice); err != nil || !slices.Equal(ids, accounts) {
			w.Errorf("alice may enter %v, %v", ids, err)
		}
		if ids, err := list(bob); err != nil || ids != nil {
			w.Errorf("bob may enter %v, %v", ids, err)
		}
		names := func(u identitycenter.User, id account.ID, after string) (names []string, err error) {
			sets, err := try(w, func(tx *database.ReadTx) ([]identitycenter.PermissionSet, error) {
				return w.PortalRoles(tx, w.in, u.ID, id, after, 10)
			})
			for _, p := range sets {
				names = append(names, p.Name)
			}
			return names, err
		}
		if roles, err := names(alice, accounts[1], ""); err != nil || !slices.Equal(roles, []string{"Admin", "Reader"}) {
			w.Errorf("alice may be %v, %v", roles, err)
		}
		if roles, err := names(alice, accounts[1], "Admin"); err != nil || !slices.Equal(roles, []string{"Reader"}) {
			w.Errorf("behind the first alice may be %v, %v", roles, err)
		}

		// Whatever is missing, the words are the same.
		refused := map[string]error{}
		refuse := func(what string, err error) {
			if !fault.Is(err, fault.Denied) {
				w.Errorf("%s: %v", what, err)
				return
			}
			refused[err.Error()] = err
		}
		refuse("not assigned", w.enters(alice, accounts[0], "Admin"))
		refuse("no such set", w.enters(alice, accounts[0], "None"))
		refuse("no such account", w.enters(alice, "000000000000", "Reader"))
		refuse("not of the group", w.enters(bob, accounts[0], "Reader"))
		refuse("no such user", w.enters(identitycenter.User{ID: "nobody"}, accounts[0], "Reader"))
		_, err := names(bob, accounts[0], "")
		refuse("roles of others", err)
		w.do(func(tx *database.Tx) error { return w.Organizations.Close(tx, w.company, accounts[2]) })
		refuse("a closed account", w.enters(alice, accounts[2], "Reader"))
		w.do(func(tx *database.Tx) error { return w.Organizations.Remove(tx, w.company, accounts[3]) })
		refuse("an account that left", w.enters(alice, accounts[3], "Reader"))
		if ids, err := list(alice); err != nil || len(ids) != 3 {
			w.Errorf("alice may still enter %v, %v", ids, err)
		}
		w.do(func(tx *database.Tx) error { return w.Leave(tx, w.in, membership.ID) })
		refuse("out of the group", w.enters(alice, accounts[0], "Reader"))
		if err := w.enters(alice, accounts[1], "Admin"); err != nil {
			w.Error(err)
		}
		if len(refused) != 1 {
			w.Errorf("refusals differ: %v", refused)
		}
	})
}

func TestAnInstanceIsDeletedOnceNothingIsProvisioned(t *testing.T) {
	each(t, func(w *world) {
		dev, alice, set := w.member("dev"), w.user("alice"), w.permissionSet("Admin")
		w.assign(set, dev, userOf(alice))
		w.refused("while it is assigned", fault.Conflict, "assigned", func(tx *database.Tx) error { return w.DeleteCenter(tx, w.in) })
		w.finish(w.askRemoval(set, dev, userOf(alice)))
		w.do(func(tx *database.Tx) error { return w.DeleteCenter(tx, w.in) })
		if _, err := try(w, func(tx *database.ReadTx) (identitycenter.Instance, error) {
			return w.InstanceOf(tx, w.company.Management)
		}); !fault.Is(err, fault.NotFound) {
			w.Errorf("it is still there: %v", err)
		}
	})
}

func TestOldRequestsAreForgotten(t *testing.T) {
	each(t, func(w *world) {
		dev, alice, set := w.member("dev"), w.user("alice"), w.permissionSet("Admin")
		old := w.finish(w.ask(set, dev, userOf(alice)))
		w.now = w.now.AddDate(0, 0, 91)
		pending := w.askRemoval(set, dev, userOf(alice))
		w.do(w.SweepRequests)
		if _, err := try(w, func(tx *database.ReadTx) (identitycenter.Request, error) {
			return w.Request(tx, w.in, old.Kind, old.ID)
		}); !fault.Is(err, fault.NotFound) {
			w.Errorf("an old one: %v", err)
		}
		w.became(pending)
	})
}

// An attribute that no tag can hold keeps its user out, rather than in without the tag.
func TestAttackASessionWithoutItsTag(t *testing.T) {
	each(t, func(w *world) {
		dev, alice, set := w.member("dev"), w.user("alice"), w.permissionSet("Admin")
		w.assign(set, dev, userOf(alice))
		w.do(func(tx *database.Tx) error {
			return w.CreateAccessControl(tx, w.in, identitycenter.AccessControl{"team": {"${path:title}"}, "mail": {`${path:emails[primary eq true].value}`, "${path:userName}"}})
		})
		tags := look(w, func(tx *database.ReadTx) (account.Tags, error) { return w.SessionTags(tx, w.in, alice.ID) })
		if len(tags) != 1 || tags["mail"] == "" {
			w.Errorf("a session has %v", tags)
		}
		w.do(w.update(alice, identitycenter.Operation{Path: "title", Value: "R&D <all>"}))
		if err := w.enters(alice, dev, "Admin"); !fault.Is(err, fault.Denied) {
			w.Errorf("alice enters: %v", err)
		}
	})
}
