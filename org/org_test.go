package org_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/seal"
)

// world is a database with accounts and the store under test. Its clock moves when a
// test says so.
type world struct {
	*testing.T
	db *database.DB
	*org.Store
	now time.Time
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	databasetest.EachURL(t, func(t *testing.T, url string) {
		w := &world{T: t, now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
		w.db = databasetest.Open(t, url, func() time.Time { return w.now })
		keys, err := seal.Open(t.Context(), t.TempDir(), w.db)
		if err != nil {
			t.Fatal(err)
		}
		w.Store = &org.Store{Keys: keys, Accounts: &account.Store{Keys: keys}}
		w.do(func(tx *database.Tx) error {
			_, err := keys.Create(tx, seal.Directory)
			return err
		})
		test(w)
	})
}

func (w *world) write(change func(*database.Tx) error) error {
	return w.db.Write(context.Background(), change)
}

func (w *world) do(change func(*database.Tx) error) {
	w.Helper()
	if err := w.write(change); err != nil {
		w.Fatal(err)
	}
}

// refused wants a fault with this reason.
func (w *world) refused(reason fault.Reason, change func(*database.Tx) error) {
	w.Helper()
	if err := w.write(change); !fault.HasReason(err, reason) {
		w.Fatalf("got %v, want %s", err, reason)
	}
}

func look[T any](w *world, read func(*database.ReadTx) (T, error)) T {
	w.Helper()
	var value T
	if err := w.db.Read(context.Background(), func(tx *database.ReadTx) (err error) {
		value, err = read(tx)
		return err
	}); err != nil {
		w.Fatal(err)
	}
	return value
}

// unseen wants a look to be refused with this reason.
func unseen[T any](w *world, reason fault.Reason, read func(*database.ReadTx) (T, error)) {
	w.Helper()
	err := w.db.Read(context.Background(), func(tx *database.ReadTx) error {
		_, err := read(tx)
		return err
	})
	if !fault.HasReason(err, reason) {
		w.Fatalf("got %v, want %s", err, reason)
	}
}

func made[T any](w *world, change func(*database.Tx) (T, error)) T {
	w.Helper()
	var value T
	w.do(func(tx *database.Tx) (err error) {
		value, err = change(tx)
		return err
	})
	return value
}

// account makes an account that stands alone.
func (w *world) account(name string) account.ID {
	w.Helper()
	return made(w, func(tx *database.Tx) (account.ID, error) {
		a, err := w.Accounts.Create(tx, account.NewAccount{Name: name, Email: name + "@example.com"})
		return a.ID, err
	})
}

// organization makes one with all features, and a management account of its own.
func (w *world) organization(name string) org.Organization {
	w.Helper()
	management := w.account(name)
	return made(w, func(tx *database.Tx) (org.Organization, error) { return w.Create(tx, management, org.AllFeatures) })
}

// member makes an account in the organization.
func (w *world) member(o org.Organization, name string) account.ID {
	w.Helper()
	r := made(w, func(tx *database.Tx) (org.Request, error) {
		return w.CreateAccount(tx, o, org.NewMember{Name: name, Email: name + "@example.com"})
	})
	w.do(func(tx *database.Tx) error { return finish(w.FinishCreateAccount(tx, r.ID)) })
	r = look(w, func(tx *database.ReadTx) (org.Request, error) { return w.Request(tx, o, r.ID) })
	if r.State != org.Succeeded {
		w.Fatalf("the account %s was not made: %+v", name, r)
	}
	return r.Account
}

// unit makes a unit below a root or another unit.
func (w *world) unit(o org.Organization, parent org.NodeID, name string) org.NodeID {
	w.Helper()
	return made(w, func(tx *database.Tx) (org.Unit, error) {
		return w.CreateUnit(tx, o, org.NewUnit{Parent: parent, Name: name})
	}).ID
}

// enable switches a type of policies on.
func (w *world) enable(o org.Organization, t org.PolicyType) {
	w.Helper()
	w.do(func(tx *database.Tx) error { return w.EnableType(tx, o, o.Root, t) })
}

func TestOrganizationBeginsWithItsManagementAccount(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		if !strings.HasPrefix(string(o.ID), "o-") || len(o.ID) != 12 || !strings.HasPrefix(string(o.Root), "r-") || len(o.Root) != 6 {
			t.Errorf("made %+v", o)
		}
		if got := look(w, func(tx *database.ReadTx) (org.Organization, error) { return w.Of(tx, o.Management) }); got != o {
			t.Errorf("read back %+v, want %+v", got, o)
		}
		accounts := look(w, func(tx *database.ReadTx) ([]org.Account, error) { return w.Members(tx, o, org.Page{}) })
		if len(accounts) != 1 || accounts[0].Account != o.Management || accounts[0].Name != "boss" || accounts[0].Email != "boss@example.com" ||
			accounts[0].Parent != o.Root || accounts[0].Path() != fmt.Sprintf("%s/%s/%s/", o.ID, o.Root, o.Management) {
			t.Errorf("its accounts are %+v", accounts)
		}
		if types := look(w, func(tx *database.ReadTx) ([]org.PolicyType, error) { return w.EnabledTypes(tx, o) }); len(types) > 0 {
			t.Errorf("%v are enabled from the start", types)
		}
		w.refused(org.ReasonAlreadyMember, func(tx *database.Tx) error {
			_, err := w.Create(tx, o.Management, org.AllFeatures)
			return err
		})
		unseen(w, org.ReasonNotInUse, func(tx *database.ReadTx) (org.Organization, error) { return w.Of(tx, "000000000000") })
	})
}

func TestDeleteOrganizationOnceItsMembersAreGone(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		member := w.member(o, "dev")
		unit := w.unit(o, o.Root, "Workloads")
		w.enable(o, org.ServiceControl)
		w.do(func(tx *database.Tx) error { return w.Tag(tx, o, string(unit), account.Tags{"k": "v"}) })
		w.refused(org.ReasonNotEmpty, func(tx *database.Tx) error { return w.Delete(tx, o) })
		w.refused(org.ReasonMustStay, func(tx *database.Tx) error { return w.Remove(tx, o, o.Management) })
		w.do(func(tx *database.Tx) error { return w.Remove(tx, o, member) })
		w.do(func(tx *database.Tx) error { return w.Delete(tx, o) })
		unseen(w, org.ReasonNotInUse, func(tx *database.ReadTx) (org.Organization, error) { return w.Of(tx, o.Management) })
		unseen(w, org.ReasonNotInUse, func(tx *database.ReadTx) (org.Organization, error) { return w.Of(tx, member) })
		if err := w.db.Read(t.Context(), func(tx *database.ReadTx) error {
			_, err := w.Keys.Key(tx, o.ID.Scope())
			return err
		}); !errors.Is(err, database.ErrNone) {
			t.Errorf("its keys are still there: %v", err)
		}
		w.do(func(tx *database.Tx) error { _, err := w.Create(tx, o.Management, org.AllFeatures); return err })
	})
}

func TestUnits(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		parent, path := o.Root, fmt.Sprintf("%s/%s/", o.ID, o.Root)
		for depth := range 5 {
			unit := made(w, func(tx *database.Tx) (org.Unit, error) {
				return w.CreateUnit(tx, o, org.NewUnit{Parent: parent, Name: "same", Tags: account.Tags{"depth": fmt.Sprint(depth)}})
			})
			path += string(unit.ID) + "/"
			if unit.Path != path || !strings.HasPrefix(string(unit.ID), "ou-"+string(o.Root)[2:]+"-") {
				t.Errorf("made %+v, want the path %s", unit, path)
			}
			parent = unit.ID
		}
		create := func(parent org.NodeID, name string) func(*database.Tx) error {
			return func(tx *database.Tx) error {
				_, err := w.CreateUnit(tx, o, org.NewUnit{Parent: parent, Name: name})
				return err
			}
		}
		w.refused(org.ReasonTooDeep, create(parent, "too deep"))
		w.refused(org.ReasonDuplicateUnit, create(o.Root, "same"))
		w.refused(org.ReasonNoParent, create("ou-none-12345678", "lost"))

		other := w.unit(o, o.Root, "other")
		w.refused(org.ReasonDuplicateUnit, func(tx *database.Tx) error { _, err := w.RenameUnit(tx, o, other, "same"); return err })
		renamed := made(w, func(tx *database.Tx) (org.Unit, error) { return w.RenameUnit(tx, o, other, "Other") })
		if got := look(w, func(tx *database.ReadTx) (org.Unit, error) { return w.Unit(tx, o, other) }); got != renamed || got.Name != "Other" {
			t.Errorf("renamed to %+v", got)
		}
		w.refused(org.ReasonUnitNotEmpty, func(tx *database.Tx) error {
			first := look(w, func(tx *database.ReadTx) ([]org.Unit, error) { return w.Units(tx, o, o.Root, org.Page{}) })
			for _, u := range first {
				if u.Name == "same" {
					return w.DeleteUnit(tx, o, u.ID)
				}
			}
			return nil
		})
		w.do(func(tx *database.Tx) error { return w.DeleteUnit(tx, o, other) })
		w.refused(org.ReasonNoUnit, func(tx *database.Tx) error { return w.DeleteUnit(tx, o, other) })
		if got := look(w, func(tx *database.ReadTx) (org.NodeID, error) { return w.Parent(tx, o, org.TargetID(parent)) }); !strings.Contains(path, string(got)) {
			t.Errorf("the parent of the deepest is %s", got)
		}
		unseen(w, org.ReasonNoChild, func(tx *database.ReadTx) (org.NodeID, error) { return w.Parent(tx, o, org.TargetID(other)) })
	})
}

func TestMoveAccount(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		member, a, b := w.member(o, "dev"), w.unit(o, o.Root, "a"), w.unit(o, o.Root, "b")
		move := func(id account.ID, from, to org.NodeID) func(*database.Tx) error {
			return func(tx *database.Tx) error { return w.Move(tx, o, id, from, to) }
		}
		w.refused(org.ReasonNoSource, move(member, a, b))
		w.refused(org.ReasonNoSource, move(member, "ou-none-12345678", b))
		w.refused(org.ReasonNoDestination, move(member, o.Root, "ou-none-12345678"))
		w.refused(org.ReasonNoAccount, move("000000000000", o.Root, a))
		w.do(move(member, o.Root, a))
		w.refused(org.ReasonDuplicateAccount, move(member, a, a))
		children := look(w, func(tx *database.ReadTx) ([]org.TargetID, error) {
			return w.Children(tx, o, a, org.AccountTarget, org.Page{})
		})
		if len(children) != 1 || children[0] != org.TargetID(member) {
			t.Errorf("below a are %v", children)
		}
		w.refused(org.ReasonUnitNotEmpty, func(tx *database.Tx) error { return w.DeleteUnit(tx, o, a) })
	})
}

// Each of two organizations is to the other as if it were not there.
func TestNothingOfOneShowsInAnother(t *testing.T) {
	each(t, func(w *world) {
		o, other := w.organization("boss"), w.organization("rival")
		member, unit := w.member(other, "dev"), w.unit(other, other.Root, "Workloads")
		w.enable(other, org.ServiceControl)
		p := made(w, func(tx *database.Tx) (org.Policy, error) {
			return w.CreatePolicy(tx, other, org.NewPolicy{Type: org.ServiceControl, Name: "deny", Content: denying("s3:*")})
		})
		r := made(w, func(tx *database.Tx) (org.Request, error) {
			return w.CreateAccount(tx, other, org.NewMember{Name: "x", Email: "x@example.com"})
		})
		for reason, change := range map[fault.Reason]func(*database.Tx) error{
			org.ReasonNoParent: func(tx *database.Tx) error {
				_, err := w.CreateUnit(tx, o, org.NewUnit{Parent: unit, Name: "n"})
				return err
			},
			org.ReasonNoUnit:    func(tx *database.Tx) error { return w.DeleteUnit(tx, o, unit) },
			org.ReasonNoAccount: func(tx *database.Tx) error { return w.Remove(tx, o, member) },
			org.ReasonNoPolicy:  func(tx *database.Tx) error { return w.DeletePolicy(tx, o, p.ID) },
			org.ReasonNoTarget:  func(tx *database.Tx) error { return w.Attach(tx, o, org.FullAccess, org.TargetID(unit)) },
			org.ReasonNoRoot:    func(tx *database.Tx) error { return w.EnableType(tx, o, other.Root, org.ServiceControl) },
		} {
			w.refused(reason, change)
		}
		w.refused(org.ReasonNoTarget, func(tx *database.Tx) error { return w.Tag(tx, o, string(member), account.Tags{"k": "v"}) })
		w.refused(org.ReasonNoTarget, func(tx *database.Tx) error { return w.Tag(tx, o, string(p.ID), account.Tags{"k": "v"}) })
		w.refused(org.ReasonNoTarget, func(tx *database.Tx) error { return w.Tag(tx, o, string(other.Root), account.Tags{"k": "v"}) })
		unseen(w, org.ReasonNoRequest, func(tx *database.ReadTx) (org.Request, error) { return w.Request(tx, o, r.ID) })
		unseen(w, org.ReasonNoAccount, func(tx *database.ReadTx) (org.Account, error) { return w.Account(tx, o, member) })
		unseen(w, org.ReasonNoParent, func(tx *database.ReadTx) ([]org.Account, error) { return w.MembersBelow(tx, o, unit, org.Page{}) })
		if accounts := look(w, func(tx *database.ReadTx) ([]org.Account, error) { return w.Members(tx, o, org.Page{}) }); len(accounts) != 1 {
			t.Errorf("one organization shows %d accounts, it has one", len(accounts))
		}
	})
}

func denying(action string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":%q,"Resource":"*"}]}`, action)
}

func allowing(action string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":"*"}]}`, action)
}

func TestTags(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		member, unit := w.member(o, "dev"), w.unit(o, o.Root, "a")
		w.enable(o, org.TagPolicy)
		p := made(w, func(tx *database.Tx) (org.Policy, error) {
			return w.CreatePolicy(tx, o, org.NewPolicy{Type: org.TagPolicy, Name: "t", Content: `{"tags":{}}`})
		})
		rp := made(w, func(tx *database.Tx) (org.ResourcePolicy, error) {
			return w.PutResourcePolicy(tx, o, resourcePolicy(o.Management), nil)
		})
		for _, id := range []string{string(o.Root), string(member), string(unit), string(p.ID), rp.ID} {
			w.do(func(tx *database.Tx) error { return w.Tag(tx, o, id, account.Tags{"team": "red", "stage": "prod"}) })
			w.do(func(tx *database.Tx) error { return w.Tag(tx, o, id, account.Tags{"team": "blue"}) })
			w.do(func(tx *database.Tx) error { return w.Untag(tx, o, id, []string{"stage", "never"}) })
			if tags := look(w, func(tx *database.ReadTx) (account.Tags, error) { return w.Tags(tx, o, id) }); len(tags) != 1 || tags["team"] != "blue" {
				t.Errorf("%s has the tags %v", id, tags)
			}
			w.do(func(tx *database.Tx) error { return w.Untag(tx, o, id, []string{"team"}) })
		}
		w.refused(org.ReasonImmutable, func(tx *database.Tx) error { return w.Tag(tx, o, string(org.FullAccess), account.Tags{"k": "v"}) })
		w.refused(org.ReasonNoTarget, func(tx *database.Tx) error { return w.Tag(tx, o, "ou-none-12345678", account.Tags{"k": "v"}) })
		w.do(func(tx *database.Tx) error {
			for _, column := range org.Sealed { // rotation opens whatever is not null
				if n, err := database.One(&tx.ReadTx, database.Value[int], `select count(*) from `+column.Table+` where `+column.Name+` is not null and length(`+column.Name+`) = 0`); err != nil || n > 0 {
					return fmt.Errorf("%d empty values in %s.%s: %v", n, column.Table, column.Name, err)
				}
			}
			return nil
		})
	})
}

func resourcePolicy(id account.ID) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":"organizations:DescribePolicy","Resource":"*"}]}`, id.Root())
}
