package console_test

import (
	"testing"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/space"
)

func TestAPipelineIsAskedForAndAcceptedOnPages(t *testing.T) {
	s, ada := newSallyport(t)
	furnish(t, ada)
	c := newCompany(t, s)
	shop := c.assign("Shop", "Owner", "Reader")
	c.allow(shop, "Owner", everything)
	c.write(func(tx *database.Tx) error {
		in, err := c.centers.Organizations.Of(tx.Reading(), shop)
		if err == nil {
			err = c.centers.Organizations.EnableService(tx, in, "sso.amazonaws.com")
		}
		if err == nil {
			err = c.centers.Organizations.RegisterDelegate(tx, in, shop, "sso.amazonaws.com")
		}
		if err != nil {
			return err
		}
		users, spaces := &directory.Store{Keys: s.Keys()}, &space.Store{Keys: s.Keys()}
		by, err := users.UserByAlias(tx.Reading(), "ada")
		if err != nil {
			return err
		}
		var at repo.Place
		if at.Space, err = spaces.Lookup(tx.Reading(), "acme"); err != nil {
			return err
		}
		if at.Project, err = spaces.LookupProject(tx.Reading(), at.Space.ID, "rocket"); err != nil {
			return err
		}
		_, err = (&repo.Store{Keys: s.Keys(), DB: s.DB(), Folder: t.TempDir()}).Create(tx, at, by.ID, repo.New{Name: "access"})
		return err
	})
	sam := newVisitor(t, s.URL())
	c.comesIn(sam)
	owner, project := "/start/accounts/"+string(shop)+"/Owner/spaces", "/spaces/acme/projects/rocket"

	ask := func() string {
		t.Helper()
		asked := ada.post(project, "connect", "repository", "access", "folder", "templates", "account", string(shop))
		asked.check(t, "ask", expectation{status: 200, says: []string{"The account has to say yes", "shown this once"}})
		return verificationToken.FindString(asked.page)
	}
	ada.post(project, "connect", "repository", "nothing", "account", string(shop)).check(t, "no repository", expectation{status: 404, says: []string{`role="alert">No repository`}})
	token := ask()
	ada.get(project).check(t, "pending", expectation{status: 200, says: []string{project + "/pipelines/access", "pending"}, keepsOff: []string{token}})
	sam.post("/start/accounts/"+string(shop)+"/Reader/spaces", "accept-pipeline", "token", token).check(t, "the reader accepts", expectation{status: 403, says: []string{"codecatalyst:AcceptConnection"}})
	sam.post(owner, "look", "token", token).check(t, "look", expectation{status: 200, says: []string{"May this repository say who has access?", "decides who has access in the whole organization", "sso:CreateAccountAssignment", `value="accept-pipeline"`}})
	sam.post(owner, "reject-pipeline", "token", token).check(t, "reject", expectation{status: 303, location: owner + "?done=pipeline-rejected"})
	sam.post(owner, "accept-pipeline", "token", token).check(t, "accept what was rejected", expectation{status: 409, says: []string{"was used"}})
	sam.post(owner, "accept-pipeline", "token", ask()).check(t, "accept", expectation{status: 303, location: owner + "?done=pipeline-accepted"})
	sam.get(owner).check(t, "accepted", expectation{status: 200, says: []string{"acme / rocket / access", "role/sallyport-pipeline-"}})

	page := project + "/pipelines/access"
	ada.get(page).check(t, "the pipeline", expectation{status: 200, says: []string{"active", "Mail me when a run fails", `value="run"`}})
	ada.post(page, "notify", "on", "yes").check(t, "mails", expectation{status: 303, location: page + "?done=notified"})
	ada.get(page).check(t, "with mails", expectation{status: 200, says: []string{"Send me no more mails"}})
	ada.post(page, "run").check(t, "run", expectation{status: 303, location: page + "?done=run-asked-for"})
	ada.post(page, "delete").check(t, "delete", expectation{status: 303, location: project + "?done=pipeline-deleted"})
	sam.get(owner).check(t, "deleted", expectation{status: 200, keepsOff: []string{"role/sallyport-pipeline-"}})
}
