package space_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// inviting is Invite with what the inviter really holds.
func (w *world) inviting(tx *database.Tx, id space.ID, by directory.UserID, n space.NewInvitation) (space.Invitation, string, error) {
	held, err := w.Held(&tx.ReadTx, id, by)
	if err != nil {
		return space.Invitation{}, "", err
	}
	return w.Invite(tx, id, by, held, n)
}

func (w *world) invite(id space.ID, by directory.UserID, n space.NewInvitation) (invitation space.Invitation, token string) {
	w.Helper()
	w.do(func(tx *database.Tx) (err error) {
		invitation, token, err = w.inviting(tx, id, by, n)
		return err
	})
	return invitation, token
}

func (w *world) accept(token string, user directory.UserID, address string) error {
	return w.write(func(tx *database.Tx) error {
		_, err := w.Accept(tx, token, user, address)
		return err
	})
}

// plainToken: whoever is invited writes the token on a command line, where a
// leading dash would make it a flag.
var plainToken = regexp.MustCompile(`^[A-Z2-7]{52}$`)

func TestAnInvitationLeadsIntoTheSpace(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		acme := w.space("acme", mary)
		sent, token := w.invite(acme.ID, mary, space.NewInvitation{Email: "Jorge@Example.com", Role: role.PowerUser})
		if sent.Email != "Jorge@Example.com" || sent.State != space.Pending || sent.InvitedBy != mary || sent.SpaceName != "acme" ||
			sent.ExpiresAt.Sub(sent.CreatedAt) != 24*time.Hour || !plainToken.MatchString(token) {
			w.Fatalf("sent %+v with %q", sent, token)
		}
		found := look(w, func(tx *database.ReadTx) (space.Invitation, error) { return w.InvitationByToken(tx, token) })
		if found.Email != "" || found.ID != sent.ID || found.Role != role.PowerUser {
			w.Fatalf("found %+v", found)
		}
		if err := w.accept(token, jorge, "jorge@EXAMPLE.com"); err != nil {
			w.Fatal(err)
		}
		w.wantSpaceRole(acme.ID, jorge, role.PowerUser)
		wantFault(w, w.accept(token, jorge, email("jorge")), fault.Conflict, "accepted already")
	})
}

func TestAnInvitationLeadsIntoTheProject(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		_, token := w.invite(acme.ID, mary, space.NewInvitation{Email: email("jorge"), Role: role.Contributor, Project: &web.ID})
		found := look(w, func(tx *database.ReadTx) (space.Invitation, error) { return w.InvitationByToken(tx, token) })
		if found.Project != web.ID || found.ProjectName != "web" {
			w.Fatalf("found %+v", found)
		}
		if err := w.accept(token, jorge, email("jorge")); err != nil {
			w.Fatal(err)
		}
		w.wantSpaceRole(acme.ID, jorge, role.LimitedAccess)
		w.wantProjectRole(acme.ID, web.ID, jorge, role.Contributor)
	})
}

func TestAnInvitationNeverLowersARole(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		jorge := w.member(acme.ID, "jorge", role.PowerUser)
		w.do(func(tx *database.Tx) error { return w.SetProjectRole(tx, web.ID, jorge, role.Contributor) })
		for _, row := range []struct {
			invite            space.NewInvitation
			inSpace, inTheWeb role.Role
		}{
			{space.NewInvitation{Role: role.LimitedAccess}, role.PowerUser, role.Contributor},
			{space.NewInvitation{Role: role.ReadOnly, Project: &web.ID}, role.PowerUser, role.Contributor},
			{space.NewInvitation{Role: role.ProjectAdministrator, Project: &web.ID}, role.PowerUser, role.ProjectAdministrator},
			{space.NewInvitation{Role: role.SpaceAdministrator}, role.SpaceAdministrator, role.ProjectAdministrator},
		} {
			row.invite.Email = email("jorge")
			_, token := w.invite(acme.ID, mary, row.invite)
			if err := w.accept(token, jorge, email("jorge")); err != nil {
				w.Fatal(err)
			}
			w.wantSpaceRole(acme.ID, jorge, row.inSpace)
			w.wantProjectRole(acme.ID, web.ID, jorge, row.inTheWeb)
		}
	})
}

func TestOnlyTheInvitedAddressAccepts(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		acme := w.space("acme", mary)
		_, token := w.invite(acme.ID, mary, space.NewInvitation{Email: email("li"), Role: role.PowerUser})
		err := w.accept(token, jorge, email("jorge"))
		wantFault(w, err, fault.Denied, "another address")
		if strings.Contains(err.Error(), "li@") || strings.Contains(err.Error(), "jorge@") {
			w.Fatalf("%v reveals an address", err)
		}
		if !w.held(acme.ID, jorge).Empty() {
			w.Fatal("the wrong person is in")
		}
		wantFault(w, w.accept("made-up", jorge, email("jorge")), fault.NotFound, "no such invitation")
	})
}

func TestAnInvitationIsAnsweredOnceAndInTime(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		acme := w.space("acme", mary)
		for _, row := range []struct {
			words string
			end   func(id space.InvitationID, token string)
		}{
			{"declined", func(_ space.InvitationID, token string) {
				w.do(func(tx *database.Tx) error { _, err := w.Decline(tx, token); return err })
			}},
			{"cancelled", func(id space.InvitationID, _ string) {
				w.do(func(tx *database.Tx) error { return w.Cancel(tx, acme.ID, id) })
			}},
			{"cancelled", func(space.InvitationID, string) {
				w.invite(acme.ID, mary, space.NewInvitation{Email: "JORGE@example.com", Role: role.LimitedAccess})
			}},
			{"expired", func(space.InvitationID, string) { w.now = w.now.Add(24 * time.Hour) }},
		} {
			sent, token := w.invite(acme.ID, mary, space.NewInvitation{Email: email("jorge"), Role: role.PowerUser})
			row.end(sent.ID, token)
			found := look(w, func(tx *database.ReadTx) (space.Invitation, error) { return w.InvitationByToken(tx, token) })
			if string(found.State) != row.words {
				w.Errorf("state %s, want %s", found.State, row.words)
			}
			wantFault(w, w.accept(token, jorge, email("jorge")), fault.Conflict, row.words)
			w.refused(fault.Conflict, row.words, func(tx *database.Tx) error { _, err := w.Decline(tx, token); return err })
			w.refused(fault.Conflict, row.words, func(tx *database.Tx) error { return w.Cancel(tx, acme.ID, sent.ID) })
		}
	})
}

func TestInvitationsAreListedNewestFirst(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		w.invite(acme.ID, mary, space.NewInvitation{Email: email("a"), Role: role.PowerUser})
		w.now = w.now.Add(time.Minute)
		w.invite(acme.ID, mary, space.NewInvitation{Email: email("b"), Role: role.Reviewer, Project: &web.ID})
		w.now = w.now.Add(time.Minute)
		newest, _ := w.invite(acme.ID, mary, space.NewInvitation{Email: email("c"), Role: role.PowerUser})
		for _, row := range []struct {
			filter space.InvitationFilter
			page   space.Page
			want   string
		}{
			{space.InvitationFilter{}, space.Page{}, "c@example.com b@example.com a@example.com"},
			{space.InvitationFilter{}, space.Page{Limit: 1}, "c@example.com"},
			{space.InvitationFilter{}, space.Page{After: string(newest.ID)}, "b@example.com a@example.com"},
			{space.InvitationFilter{Project: web.ID}, space.Page{}, "b@example.com"},
		} {
			var got []string
			for _, i := range look(w, func(tx *database.ReadTx) ([]space.Invitation, error) {
				return w.Invitations(tx, acme.ID, row.filter, row.page)
			}) {
				got = append(got, i.Email)
			}
			if strings.Join(got, " ") != row.want {
				w.Errorf("%+v %+v: got %v, want %s", row.filter, row.page, got, row.want)
			}
		}
	})
}

func TestWhoMayInviteAsWhat(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		ops := w.project(acme.ID, mary, "ops")
		power := w.member(acme.ID, "power", role.PowerUser)
		admin, contributor := w.user("admin"), w.user("contributor")
		w.do(func(tx *database.Tx) error {
			return errorsOf(w.SetProjectRole(tx, web.ID, admin, role.ProjectAdministrator), w.SetProjectRole(tx, web.ID, contributor, role.Contributor))
		})
		for _, row := range []struct {
			by      directory.UserID
			role    role.Role
			project *space.ProjectID
			refused string
		}{
			{mary, role.SpaceAdministrator, nil, ""},
			{mary, role.ProjectAdministrator, &ops.ID, ""},
			{power, role.PowerUser, nil, ""},
			{power, role.SpaceAdministrator, nil, "only a Space administrator"},
			{power, role.ReadOnly, &web.ID, "you cannot invite"},
			{admin, role.ProjectAdministrator, &web.ID, ""},
			{admin, role.ReadOnly, &ops.ID, "you cannot invite"},
			{admin, role.LimitedAccess, nil, "you cannot invite"},
			{contributor, role.ReadOnly, &web.ID, "you cannot invite"},
		} {
			err := w.write(func(tx *database.Tx) error {
				_, _, err := w.inviting(tx, acme.ID, row.by, space.NewInvitation{Email: email("li"), Role: row.role, Project: row.project})
				return err
			})
			if row.refused != "" {
				wantFault(w, err, fault.Denied, row.refused)
			} else if err != nil {
				w.Error(err)
			}
		}
	})
}

func TestAnInvitationDoesNotOutliveTheRightToInvite(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		for i, row := range []struct {
			as, to role.Role
			lose   func(tx *database.Tx, inviter directory.UserID) error
		}{
			{role.PowerUser, role.PowerUser, func(tx *database.Tx, inviter directory.UserID) error {
				return w.RemoveMember(tx, acme.ID, mary, inviter)
			}},
			{role.PowerUser, role.PowerUser, func(tx *database.Tx, inviter directory.UserID) error {
				return w.SetSpaceRole(tx, acme.ID, mary, inviter, role.LimitedAccess)
			}},
			{role.SpaceAdministrator, role.SpaceAdministrator, func(tx *database.Tx, inviter directory.UserID) error {
				return w.SetSpaceRole(tx, acme.ID, mary, inviter, role.PowerUser)
			}},
			{role.SpaceAdministrator, role.Reviewer, func(tx *database.Tx, inviter directory.UserID) error {
				return w.SetSpaceRole(tx, acme.ID, mary, inviter, role.PowerUser)
			}},
			{role.PowerUser, role.PowerUser, func(tx *database.Tx, inviter directory.UserID) error {
				_, err := tx.Exec(`update users set state = 'disabled' where id = $1`, inviter)
				return err
			}},
		} {
			inviter := w.member(acme.ID, fmt.Sprint("inviter", i), row.as)
			li := w.user(fmt.Sprint("li", i))
			n := space.NewInvitation{Email: email(fmt.Sprint("li", i)), Role: row.to}
			if row.to == role.Reviewer {
				n.Project = &web.ID
			}
			_, token := w.invite(acme.ID, inviter, n)
			w.do(func(tx *database.Tx) error { return row.lose(tx, inviter) })
			wantFault(w, w.accept(token, li, n.Email), fault.Denied, "may no longer invite")
		}
	})
}

func TestInvitationsAreChecked(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme, other := w.space("acme", mary), w.space("other", mary)
		foreign := w.project(other.ID, mary, "foreign")
		for _, address := range []string{"", "mary", "mary@", "Mary <mary@example.com>", "<mary@example.com>", "a@example.com, b@example.com",
			"mary@example.com\r\nBcc: all@example.com", "märy@example.com", strings.Repeat("a", 250) + "@b.example"} {
			w.refused(fault.Invalid, "e-mail address", func(tx *database.Tx) error {
				_, _, err := w.inviting(tx, acme.ID, mary, space.NewInvitation{Email: address, Role: role.PowerUser})
				return err
			})
		}
		for _, row := range []struct {
			n     space.NewInvitation
			kind  fault.Kind
			words string
		}{
			{space.NewInvitation{Email: email("li")}, fault.Invalid, "not a role of a space"},
			{space.NewInvitation{Email: email("li"), Role: role.Reviewer}, fault.Invalid, "not a role of a space"},
			{space.NewInvitation{Email: email("li"), Role: role.PowerUser | role.LimitedAccess}, fault.Invalid, "not a role of a space"},
			{space.NewInvitation{Email: email("li"), Role: role.Reviewer, Project: &foreign.ID}, fault.NotFound, "no project"},
		} {
			w.refused(row.kind, row.words, func(tx *database.Tx) error {
				_, _, err := w.inviting(tx, acme.ID, mary, row.n)
				return err
			})
		}
		sent, _ := w.invite(acme.ID, mary, space.NewInvitation{Email: email("li"), Role: role.PowerUser})
		w.refused(fault.NotFound, "no invitation", func(tx *database.Tx) error { return w.Cancel(tx, other.ID, sent.ID) })
	})
}

// A token is tried with other addresses, and after its time.
func TestInvitedTellsOnlyWhoWasAsked(t *testing.T) {
	each(t, func(w *world) {
		mary := w.user("mary")
		acme := w.space("acme", mary)
		sent, token := w.invite(acme.ID, mary, space.NewInvitation{Email: email("li"), Role: role.PowerUser})
		_, declined := w.invite(acme.ID, mary, space.NewInvitation{Email: email("kim"), Role: role.PowerUser})
		w.do(func(tx *database.Tx) error { _, err := w.Decline(tx, declined); return err })
		want := func(token, address string, want bool) {
			w.Helper()
			if got := look(w, func(tx *database.ReadTx) (bool, error) { return w.Invited(tx, token, address) }); got != want {
				w.Errorf("%q is invited: %v, want %v", address, got, want)
			}
		}
		want(token, "LI@Example.com", true)
		want(token, email("jorge"), false)
		want(token, "", false)
		want("", email("li"), false)
		want("made-up\x00", email("li"), false)
		want(declined, email("kim"), false)
		w.now = sent.ExpiresAt
		want(token, email("li"), false)
	})
}

func TestADeletedProjectTakesItsInvitationsWithIt(t *testing.T) {
	each(t, func(w *world) {
		mary, jorge := w.user("mary"), w.user("jorge")
		acme := w.space("acme", mary)
		web := w.project(acme.ID, mary, "web")
		_, token := w.invite(acme.ID, mary, space.NewInvitation{Email: email("jorge"), Role: role.Reviewer, Project: &web.ID})
		w.do(func(tx *database.Tx) error { return w.DeleteProject(tx, web.ID) })
		wantFault(w, w.accept(token, jorge, email("jorge")), fault.Conflict, "cancelled")
	})
}
