package courier

import (
	"fmt"
	"net/url"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/role"
)

// Page is where a run is shown, below the server's address.
func Page(p delivery.Pipeline, number int64) string {
	return fmt.Sprintf("/spaces/%s/projects/%s/pipelines/%s/runs/%d", url.PathEscape(p.Space.Name), url.PathEscape(p.Project.Name), url.PathEscape(p.Name), number)
}

// mail tells those who asked for it, and who may see the project still, that a run has
// failed.
func (c *Courier) mail(tx *database.Tx, lease *delivery.Lease, report delivery.Report) error {
	p := lease.Pipeline
	watchers, err := c.Deliveries.Watchers(tx.Reading(), p)
	if err != nil {
		return err
	}
	for _, id := range watchers {
		held, err := c.Spaces.Held(tx.Reading(), p.Space.ID, id)
		if err != nil {
			return err
		}
		if !held.Decide(role.ViewRepositories, string(p.Project.ID)).Allowed {
			continue
		}
		user, err := c.Directory.User(tx.Reading(), id)
		if err != nil {
			return err
		}
		err = c.Mail.Enqueue(tx, c.Jobs, mail.Message{
			To:      user.Email,
			Subject: fmt.Sprintf("Run %d of pipeline %s failed", lease.Run.Number, p.Name),
			Text: fmt.Sprintf("Run %d of the pipeline %s, project %s in space %s, has failed.\n\nBranch %s, commit %s, account %s.\n\n%s\n\n%s%s\n\nYou get this because you asked for it. To get no more: sallyport pipeline notify off\n",
				lease.Run.Number, p.Name, p.Project.Name, p.Space.Name, lease.Run.Branch, lease.Run.Commit, p.Account, report.Failure, c.PublicURL, Page(p, lease.Run.Number)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
