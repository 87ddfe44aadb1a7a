package org_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
)

func (w *world) invite(o org.Organization, n org.NewInvitation) org.Handshake {
	w.Helper()
	return made(w, func(tx *database.Tx) (org.Handshake, error) { return w.Store.Invite(tx, o, n) })
}

func (w *world) accept(by account.ID, id org.HandshakeID) func(*database.Tx) error {
	return func(tx *database.Tx) error { _, err := w.Accept(tx, by, id); return err }
}

func (w *world) state(viewer account.ID, id org.HandshakeID) org.HandshakeState {
	w.Helper()
	return look(w, func(tx *database.ReadTx) (org.Handshake, error) { return w.Handshake(tx, viewer, id) }).State
}

func TestInvite(t *testing.T) {
	each(t, func(w *world) {
		o, guest, stranger := w.organization("boss"), w.account("guest"), w.account("stranger")
		w.enable(o, org.ServiceControl)
		h := w.invite(o, org.NewInvitation{Account: guest, Notes: "come", Tags: account.Tags{"team": "red"}})
		if h.State != org.Open || h.Account != guest || h.Notes != "come" || h.FromName != "boss" || h.FromEmail != "boss@example.com" ||
			h.ExpiresAt.Sub(h.RequestedAt) != 15*24*time.Hour || h.ARN() != fmt.Sprintf("arn:aws:organizations::%s:handshake/%s/invite/%s", o.Management, o.ID, h.ID) {
			t.Errorf("invited by %+v", h)
		}
		for _, viewer := range []account.ID{o.Management, guest} {
			if got := look(w, func(tx *database.ReadTx) (org.Handshake, error) { return w.Handshake(tx, viewer, h.ID) }); got != h {
				t.Errorf("%s is shown %+v, want %+v", viewer, got, h)
			}
		}
		unseen(w, org.ReasonNoHandshake, func(tx *database.ReadTx) (org.Handshake, error) { return w.Handshake(tx, stranger, h.ID) })
		w.refused(org.ReasonNoHandshake, w.accept(stranger, h.ID))
		if err := w.write(w.accept(o.Management, h.ID)); !fault.Is(err, fault.Denied) {
			t.Errorf("who invited accepts: %v", err)
		}
		w.refused(org.ReasonDuplicateHandshake, func(tx *database.Tx) error {
			_, err := w.Store.Invite(tx, o, org.NewInvitation{Account: guest})
			return err
		})
		w.do(w.accept(guest, h.ID))
		w.refused(org.ReasonHandshakeState, w.accept(guest, h.ID))
		w.refused(org.ReasonHandshakeMove, func(tx *database.Tx) error { _, err := w.Decline(tx, guest, h.ID); return err })
		got := look(w, func(tx *database.ReadTx) (org.Account, error) { return w.Account(tx, o, guest) })
		if got.Joined != org.Invited || got.Parent != o.Root {
			t.Errorf("joined as %+v", got)
		}
		if tags := look(w, func(tx *database.ReadTx) (account.Tags, error) { return w.Tags(tx, o, string(guest)) }); tags["team"] != "red" {
			t.Errorf("joined with the tags %v", tags)
		}
		if got := w.attached(o, org.ServiceControl, string(guest)); len(got) != 1 {
			t.Errorf("joined with the policies %v", got)
		}
		w.refused(org.ReasonInviteMember, func(tx *database.Tx) error {
			_, err := w.Store.Invite(tx, o, org.NewInvitation{Account: guest})
			return err
		})
	})
}

func TestInviteByAddress(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		h := w.invite(o, org.NewInvitation{Email: "Later@example.com"})
		if h.Account != "" || h.Email != "Later@example.com" {
			t.Errorf("invited by %+v", h)
		}
		later, other := w.account("later"), w.account("other")
		list := func(id account.ID) []org.Handshake {
			return look(w, func(tx *database.ReadTx) ([]org.Handshake, error) {
				return w.HandshakesOf(tx, id, org.HandshakeFilter{}, org.Page{})
			})
		}
		if got := list(later); len(got) != 1 || got[0].ID != h.ID {
			t.Errorf("who has the address is shown %+v", got)
		}
		if got := list(other); len(got) != 0 {
			t.Errorf("somebody else is shown %+v", got)
		}
		w.refused(org.ReasonNoHandshake, w.accept(other, h.ID))
		w.do(w.accept(later, h.ID))
		if got := list(later); len(got) != 1 || got[0].State != org.Accepted || got[0].Account != later {
			t.Errorf("once accepted it is %+v", got)
		}
		w.refused(org.ReasonInvalidEmail, func(tx *database.Tx) error {
			_, err := w.Store.Invite(tx, o, org.NewInvitation{Email: "nobody"})
			return err
		})
	})
}

func TestInvitationsEnd(t *testing.T) {
	each(t, func(w *world) {
		o, guest := w.organization("boss"), w.account("guest")
		canceled := w.invite(o, org.NewInvitation{Account: guest})
		if err := w.write(func(tx *database.Tx) error { _, err := w.Cancel(tx, guest, canceled.ID); return err }); !fault.Is(err, fault.Denied) {
			t.Errorf("who is invited cancels: %v", err)
		}
		w.do(func(tx *database.Tx) error { _, err := w.Cancel(tx, o.Management, canceled.ID); return err })
		w.refused(org.ReasonHandshakeMove, w.accept(guest, canceled.ID))
		declined := w.invite(o, org.NewInvitation{Account: guest})
		w.do(func(tx *database.Tx) error { _, err := w.Decline(tx, guest, declined.ID); return err })
		w.refused(org.ReasonHandshakeMove, w.accept(guest, declined.ID))
		expired := w.invite(o, org.NewInvitation{Account: guest})
		w.now = w.now.Add(15 * 24 * time.Hour)
		if got := w.state(guest, expired.ID); got != org.Expired {
			t.Errorf("after 15 days it is %s", got)
		}
		w.refused(org.ReasonHandshakeMove, w.accept(guest, expired.ID))
		all := func() int {
			return len(look(w, func(tx *database.ReadTx) ([]org.Handshake, error) {
				return w.HandshakesFrom(tx, o, org.HandshakeFilter{Action: org.Invite}, org.Page{})
			}))
		}
		if got := all(); got != 3 {
			t.Errorf("%d handshakes are shown, there are 3", got)
		}
		w.now = w.now.Add(31 * 24 * time.Hour)
		if got := all(); got != 0 {
			t.Errorf("%d handshakes are shown a month after they ended", got)
		}
	})
}

func TestOneOrganizationAtATime(t *testing.T) {
	each(t, func(w *world) {
		o, rival, guest := w.organization("boss"), w.organization("rival"), w.account("guest")
		first, second := w.invite(o, org.NewInvitation{Account: guest}), w.invite(rival, org.NewInvitation{Account: guest})
		w.do(w.accept(guest, first.ID))
		w.refused(org.ReasonInviteMember, w.accept(guest, second.ID))
		toBoss := w.invite(rival, org.NewInvitation{Account: o.Management})
		w.refused(org.ReasonMustStay, w.accept(o.Management, toBoss.ID))
		w.do(func(tx *database.Tx) error { return w.Remove(tx, o, guest) })
		w.do(w.accept(guest, second.ID))
	})
}

func TestAllFeaturesNeedEveryInvitedMember(t *testing.T) {
	each(t, func(w *world) {
		management, guests := w.account("boss"), []account.ID{w.account("a"), w.account("b"), w.account("c")}
		o := made(w, func(tx *database.Tx) (org.Organization, error) {
			return w.Create(tx, management, org.ConsolidatedBilling)
		})
		for _, guest := range guests {
			w.do(w.accept(guest, w.invite(o, org.NewInvitation{Account: guest}).ID))
		}
		w.member(o, "made")
		start := func(tx *database.Tx) (org.Handshake, error) { return w.StartAllFeatures(tx, o) }
		parent := made(w, start)
		if parent.State != org.Requested || parent.Action != org.EnableAllFeatures {
			t.Errorf("it begins with %+v", parent)
		}
		w.refused(org.ReasonMigrationUnderWay, func(tx *database.Tx) error { _, err := start(tx); return err })
		w.refused(org.ReasonInviteDisabled, func(tx *database.Tx) error {
			_, err := w.Store.Invite(tx, o, org.NewInvitation{Account: "000000000000"})
			return err
		})
		w.refused(org.ReasonHandshakeMove, w.accept(management, parent.ID))
		children := look(w, func(tx *database.ReadTx) ([]org.Handshake, error) {
			return w.HandshakesFrom(tx, o, org.HandshakeFilter{Parent: parent.ID}, org.Page{})
		})
		if len(children) != 3 {
			t.Fatalf("%d members are asked, 3 were invited", len(children))
		}
		w.do(w.accept(children[0].Account, children[0].ID))
		w.do(func(tx *database.Tx) error { _, err := w.Decline(tx, children[1].Account, children[1].ID); return err })
		w.do(w.accept(children[2].Account, children[2].ID))
		if got := w.state(management, parent.ID); got != org.Requested {
			t.Errorf("with one that declined it is %s", got)
		}
		w.do(func(tx *database.Tx) error { return w.Remove(tx, o, children[1].Account) })
		if got := w.state(management, parent.ID); got != org.Open {
			t.Errorf("with all agreed it is %s", got)
		}
		w.do(w.accept(management, parent.ID))
		if got := look(w, func(tx *database.ReadTx) (org.Organization, error) { return w.Of(tx, management) }); got.Features != org.AllFeatures {
			t.Errorf("in the end it has %s", got.Features)
		}
		w.refused(org.ReasonHasAllFeatures, func(tx *database.Tx) error {
			now, err := w.Of(&tx.ReadTx, management)
			if err == nil {
				_, err = w.StartAllFeatures(tx, now)
			}
			return err
		})
	})
}

// atOnce runs the same change several times at the same time.
func (w *world) atOnce(n int, change func(i int, tx *database.Tx) error) []error {
	var wait sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wait.Add(1)
		go func() {
			defer wait.Done()
			errs[i] = w.db.Write(context.Background(), func(tx *database.Tx) error { return change(i, tx) })
		}()
	}
	wait.Wait()
	return errs
}

// onlyOne wants one of several to have succeeded, the others to be refused so.
func onlyOne(t testing.TB, errs []error, reasons ...fault.Reason) {
	t.Helper()
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
			continue
		}
		known := false
		for _, reason := range reasons {
			known = known || fault.HasReason(err, reason)
		}
		if !known {
			t.Errorf("one is refused with %v, want one of %v", err, reasons)
		}
	}
	if succeeded != 1 {
		t.Errorf("%d succeeded: %v", succeeded, errors.Join(errs...))
	}
}

func TestRaces(t *testing.T) {
	each(t, func(w *world) {
		o, rival, guest := w.organization("boss"), w.organization("rival"), w.account("guest")
		w.enable(o, org.ServiceControl)
		onlyOne(t, w.atOnce(4, func(_ int, tx *database.Tx) error {
			_, err := w.CreateUnit(tx, o, org.NewUnit{Parent: o.Root, Name: "one"})
			return err
		}), org.ReasonDuplicateUnit)
		invitation := w.invite(o, org.NewInvitation{Account: guest})
		onlyOne(t, w.atOnce(4, func(_ int, tx *database.Tx) error { return w.accept(guest, invitation.ID)(tx) }), org.ReasonHandshakeState, org.ReasonAlreadyMember)
		w.do(func(tx *database.Tx) error { return w.Remove(tx, o, guest) })

		// Two invitations, two organizations, one account.
		invitations := []org.Handshake{w.invite(o, org.NewInvitation{Account: guest}), w.invite(rival, org.NewInvitation{Account: guest})}
		onlyOne(t, w.atOnce(2, func(i int, tx *database.Tx) error { return w.accept(guest, invitations[i].ID)(tx) }), org.ReasonInviteMember, org.ReasonAlreadyMember)

		alone := w.account("alone")
		onlyOne(t, w.atOnce(4, func(_ int, tx *database.Tx) error {
			_, err := w.Create(tx, alone, org.AllFeatures)
			return err
		}), org.ReasonAlreadyMember)

		// A target never loses its last policy to two who each see another.
		deny := w.policy(o, org.ServiceControl, "deny", denying("s3:*"))
		w.attach(o, deny, string(o.Root))
		both := []org.PolicyID{deny, org.FullAccess}
		onlyOne(t, w.atOnce(2, func(i int, tx *database.Tx) error { return w.Detach(tx, o, both[i], org.TargetID(o.Root)) }), org.ReasonTooFewAttached)

		r := made(w, func(tx *database.Tx) (org.Request, error) {
			return w.CreateAccount(tx, o, org.NewMember{Name: "twice", Email: "twice@example.com"})
		})
		for _, err := range w.atOnce(3, func(_ int, tx *database.Tx) error { return finish(w.FinishCreateAccount(tx, r.ID)) }) {
			if err != nil {
				t.Errorf("finish: %v", err)
			}
		}
		if got := look(w, func(tx *database.ReadTx) (org.Request, error) { return w.Request(tx, o, r.ID) }); got.State != org.Succeeded {
			t.Errorf("finished three times it is %+v", got)
		}
	})
}
