package org_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
)

func TestCreateAccount(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		ask := func(n org.NewMember) org.Request {
			t.Helper()
			return made(w, func(tx *database.Tx) (org.Request, error) { return w.CreateAccount(tx, o, n) })
		}
		r := ask(org.NewMember{Name: "dev", Email: "dev@example.com", Tags: account.Tags{"team": "red"}})
		if r.State != org.InProgress || !strings.HasPrefix(string(r.ID), "car-") || len(r.ID) != 36 {
			t.Errorf("asked for %+v", r)
		}
		w.refused(org.ReasonNotEmpty, func(tx *database.Tx) error { return w.Delete(tx, o) })
		w.now = w.now.Add(time.Second)
		w.do(func(tx *database.Tx) error { return finish(w.FinishCreateAccount(tx, r.ID)) })
		got := look(w, func(tx *database.ReadTx) (org.Request, error) { return w.Request(tx, o, r.ID) })
		if got.State != org.Succeeded || got.Account == "" || !got.CompletedAt.Equal(w.now) {
			t.Fatalf("it came to %+v", got)
		}
		w.do(func(tx *database.Tx) error { return finish(w.FinishCreateAccount(tx, r.ID)) }) // a job may run twice
		a := look(w, func(tx *database.ReadTx) (org.Account, error) { return w.Account(tx, o, got.Account) })
		if a.Joined != org.Created || a.Parent != o.Root || a.Email != "dev@example.com" || a.Status != account.Active {
			t.Errorf("made %+v", a)
		}
		if tags := look(w, func(tx *database.ReadTx) (account.Tags, error) { return w.Tags(tx, o, string(got.Account)) }); tags["team"] != "red" {
			t.Errorf("its tags are %v", tags)
		}
		role := look(w, func(tx *database.ReadTx) (account.Entity, error) {
			return w.Accounts.Entity(tx, got.Account, account.Role, org.DefaultRole)
		})
		if !strings.Contains(role.Trust, o.Management.Root()) {
			t.Errorf("its role trusts %s", role.Trust)
		}
		policies := look(w, func(tx *database.ReadTx) ([]string, error) { return w.Accounts.AttachedPolicies(tx, role.ID) })
		if len(policies) != 1 || policies[0] != "arn:aws:iam::aws:policy/AdministratorAccess" {
			t.Errorf("its role may %v", policies)
		}

		for _, test := range []struct {
			email string
			want  org.Failure
		}{{"DEV@example.com", org.FailedEmailTaken}, {"no address@x", org.FailedInvalidEmail}} {
			r := ask(org.NewMember{Name: "again", Email: test.email})
			w.do(func(tx *database.Tx) error { return finish(w.FinishCreateAccount(tx, r.ID)) })
			got := look(w, func(tx *database.ReadTx) (org.Request, error) { return w.Request(tx, o, r.ID) })
			if got.State != org.Failed || got.Failure != test.want || got.Account != "" {
				t.Errorf("%s came to %+v", test.email, got)
			}
		}
		failed := look(w, func(tx *database.ReadTx) ([]org.Request, error) {
			return w.Requests(tx, o, []org.RequestState{org.Failed}, org.Page{})
		})
		if len(failed) != 2 {
			t.Errorf("%d requests failed, want 2", len(failed))
		}
		for _, role := range []string{"AWSServiceRoleForX", "no spaces"} {
			w.refused(org.ReasonInvalidRole, func(tx *database.Tx) error {
				_, err := w.CreateAccount(tx, o, org.NewMember{Name: "x", Email: "x@example.com", Role: role})
				return err
			})
		}
	})
}

func TestCloseAccount(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		member := w.member(o, "dev")
		shut := func(id account.ID) func(*database.Tx) error {
			return func(tx *database.Tx) error { return w.Close(tx, o, id) }
		}
		w.refused(org.ReasonManagementStaysOpen, shut(o.Management))
		w.refused(org.ReasonNoAccount, shut("000000000000"))
		w.do(shut(member))
		w.refused(account.ReasonClosed, shut(member))
		if got := look(w, func(tx *database.ReadTx) (org.Account, error) { return w.Account(tx, o, member) }); got.Status != account.Suspended {
			t.Errorf("closed it is %+v", got)
		}
		w.do(func(tx *database.Tx) error { return w.EnableService(tx, o, "sso.amazonaws.com") })
		w.refused(org.ReasonSuspendedDelegate, func(tx *database.Tx) error { return w.RegisterDelegate(tx, o, member, "sso.amazonaws.com") })
	})
}

func TestDelegates(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		member := w.member(o, "security")
		register := func(id account.ID, service string) func(*database.Tx) error {
			return func(tx *database.Tx) error { return w.RegisterDelegate(tx, o, id, service) }
		}
		admits := func(id account.ID) bool {
			return look(w, func(tx *database.ReadTx) (bool, error) { return w.Admits(tx, o, id) })
		}
		w.refused(org.ReasonUnknownService, func(tx *database.Tx) error { return w.EnableService(tx, o, "sso") })
		w.refused(org.ReasonServiceNotEnabled, register(member, "sso.amazonaws.com"))
		for _, service := range []string{"sso.amazonaws.com", "config.amazonaws.com", "sso.amazonaws.com"} {
			w.do(func(tx *database.Tx) error { return w.EnableService(tx, o, service) })
		}
		if got := look(w, func(tx *database.ReadTx) ([]org.Service, error) { return w.Services(tx, o, org.Page{}) }); len(got) != 2 || got[0].Principal != "config.amazonaws.com" {
			t.Errorf("services are %v", got)
		}
		w.refused(org.ReasonManagementDelegate, register(o.Management, "sso.amazonaws.com"))
		w.refused(org.ReasonNoAccount, register("000000000000", "sso.amazonaws.com"))
		unseen(w, org.ReasonNotRegistered, func(tx *database.ReadTx) ([]org.Service, error) {
			return w.DelegatedServices(tx, o, member, org.Page{})
		})
		if admits(member) {
			t.Error("a member is admitted before it is registered")
		}
		w.do(register(member, "sso.amazonaws.com"))
		w.do(register(member, "config.amazonaws.com"))
		w.refused(org.ReasonRegistered, register(member, "sso.amazonaws.com"))
		if !admits(member) || !admits(o.Management) {
			t.Error("a delegated administrator is not admitted")
		}
		for service, want := range map[string]int{"": 1, "sso.amazonaws.com": 1, "guardduty.amazonaws.com": 0} {
			if got := look(w, func(tx *database.ReadTx) ([]org.Delegate, error) { return w.Delegates(tx, o, service, org.Page{}) }); len(got) != want {
				t.Errorf("%q has the administrators %v", service, got)
			}
		}
		w.refused(org.ReasonDelegateStays, func(tx *database.Tx) error { return w.Remove(tx, o, member) })
		for _, service := range []string{"sso.amazonaws.com", "config.amazonaws.com"} {
			w.do(func(tx *database.Tx) error { return w.DeregisterDelegate(tx, o, member, service) })
		}
		w.refused(org.ReasonNotRegistered, func(tx *database.Tx) error { return w.DeregisterDelegate(tx, o, member, "sso.amazonaws.com") })
		w.do(func(tx *database.Tx) error { return w.DisableService(tx, o, "sso.amazonaws.com") })
		w.do(func(tx *database.Tx) error { return w.Remove(tx, o, member) })
	})
}

func TestResourcePolicy(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		member := w.member(o, "dev")
		get := func(tx *database.ReadTx) (org.ResourcePolicy, error) { return w.ResourcePolicy(tx, o) }
		unseen(w, org.ReasonNoResourcePolicy, get)
		w.refused(org.ReasonNoResourcePolicy, func(tx *database.Tx) error { return w.DeleteResourcePolicy(tx, o) })
		if err := w.write(func(tx *database.Tx) error { _, err := w.PutResourcePolicy(tx, o, `{}`, nil); return err }); !fault.Is(err, fault.Invalid) {
			t.Errorf("an empty policy: %v", err)
		}
		first := made(w, func(tx *database.Tx) (org.ResourcePolicy, error) {
			return w.PutResourcePolicy(tx, o, resourcePolicy(member), account.Tags{"k": "v"})
		})
		second := made(w, func(tx *database.Tx) (org.ResourcePolicy, error) {
			return w.PutResourcePolicy(tx, o, resourcePolicy(o.Management), nil)
		})
		if got := look(w, get); got != second || got.ID != first.ID || got.Content == first.Content {
			t.Errorf("put twice it is %+v", got)
		}
		if !look(w, func(tx *database.ReadTx) (bool, error) { return w.Admits(tx, o, member) }) {
			t.Error("members are not admitted while there is a resource policy")
		}
		w.do(func(tx *database.Tx) error { return w.DeleteResourcePolicy(tx, o) })
		unseen(w, org.ReasonNoResourcePolicy, get)
	})
}

func finish(_ *org.Outcome, err error) error { return err }
