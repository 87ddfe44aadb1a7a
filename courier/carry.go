package courier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/accountside"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/trust"
)

// limits are on what a commit's folder of templates may be. What the reader of the files
// bounds besides, it bounds itself.
var limits = git.FileLimits{Files: 10_000, Bytes: 64 << 20, Depth: 16, Whole: true}

// failure is why a run fails that went as it should: for people to read.
type failure struct{ words string }

func (f failure) Error() string { return f.words }

func failed(format string, args ...any) error { return failure{fmt.Sprintf(format, args...)} }

// carry does the work of a run. Its error is one of ours, after which the run begins anew;
// what is wrong with files, roles or accounts is the result.
func (c *Courier) carry(ctx context.Context, lease *delivery.Lease, told *telling) (delivery.Result, error) {
	r := &running{Courier: c, lease: lease, telling: told}
	err := r.steps(ctx)
	var why failure
	switch {
	case errors.As(err, &why):
		r.result.Outcome, r.result.Report.Failure = delivery.Failed, short(why.words)
		told.say("Failed: %s", why.words)
		return r.result, nil
	case err != nil:
		return r.result, err
	}
	told.say("Done: %s.", r.result.Outcome)
	return r.result, nil
}

// short keeps what is listed and mailed readable. The log has all of it.
func short(words string) string {
	const most = 16 << 10
	if len(words) <= most {
		return words
	}
	return strings.ToValidUTF8(words[:most], "") + "\n... the log of the run says more"
}

// running is a run under way.
type running struct {
	*Courier
	*telling
	lease  *delivery.Lease
	result delivery.Result
}

func (r *running) steps(ctx context.Context) error {
	run, p := r.lease.Run, r.lease.Pipeline
	r.say("Commit %s of branch %s, for account %s.", run.Commit, run.Branch, p.Account)
	templates, err := r.read(ctx)
	if err != nil {
		return err
	}
	client, err := r.open(ctx)
	if err != nil {
		return err
	}
	plan, err := r.plan(ctx, client, templates)
	if err != nil {
		return err
	}
	r.result.Plan, r.result.Report.Changes = plan.Encode(), map[string]int{}
	for _, change := range plan.Changes {
		r.result.Report.Changes[string(change.Action)]++
	}
	r.result.Report.Calls, _ = client.Budget.Spent()
	if err := plan.WriteText(r, false); err != nil {
		return err
	}
	if broken := plan.Failed(); len(broken) > 0 {
		rules := make([]string, len(broken))
		for i, guard := range broken {
			rules[i] = fmt.Sprintf("%s: %s: %s", guard.At, guard.Rule, strings.Join(guard.Found, "; "))
		}
		return failed("guard rules forbid it, and nothing was changed:\n%s", strings.Join(rules, "\n"))
	}
	r.result.Outcome = delivery.Unchanged
	switch {
	case plan.Empty():
		return nil
	case !run.Applies:
		r.result.Outcome = delivery.Planned
		return nil
	}
	return r.apply(ctx, client, plan)
}

// read takes the templates out of the commit.
func (r *running) read(ctx context.Context) (*pipeline.Templates, error) {
	var repository repo.Repository
	err := r.DB.Read(ctx, func(tx *database.ReadTx) (err error) {
		repository, err = r.Repositories.Repository(tx, r.lease.Pipeline.Project.ID, r.lease.Pipeline.Repository)
		return err
	})
	if err != nil {
		return nil, told(err)
	}
	folder := r.lease.Pipeline.Folder
	files, err := r.Repositories.Files(ctx, repository, r.lease.Run.Commit, folder, limits)
	if err != nil {
		return nil, told(err)
	}
	tree := fstest.MapFS{} // nothing but a map that answers as a file system
	for name, content := range files {
		tree[strings.TrimPrefix(strings.TrimPrefix(name, folder), "/")] = &fstest.MapFile{Data: content}
	}
	r.say("Read %d files of %s.", len(tree), cmp.Or(folder, "the repository"))
	templates, err := pipeline.Read(tree, pipeline.ReadOptions{Folder: cmp.Or(folder, ".")})
	return templates, told(err)
}

// told is what people may read of an error: what the files, or a fault, say. Another
// stays one of ours.
func told(err error) error {
	var problems pipeline.Problems
	var refused *live.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problems):
		return failed("%s", problems)
	case errors.As(err, &refused) && refused.Code != "":
		return failed("the account's side refused: %s", refused)
	case fault.Is(err, fault.Internal):
		return err
	}
	return failed("%s", fault.As(err).Message)
}

// open finds the instance that the role reaches.
func (r *running) open(ctx context.Context) (*live.Client, error) {
	p := r.lease.Pipeline
	provider := aws.NewCredentialsCache(aws.CredentialsProviderFunc(r.assume))
	config, rate := r.Sides.Embedded(trust.Runner, provider), r.Rate
	if p.Side == connection.AWS {
		var err error
		if config, err = r.Sides.AWS(ctx, p.Region, provider); err != nil {
			return nil, err
		}
		rate = live.DefaultRate
	}
	if _, err := provider.Retrieve(ctx); err != nil {
		return nil, told(err)
	}
	client, err := live.Open(ctx, live.Options{Config: config, Budget: live.NewBudget(rate, live.DefaultInFlight)})
	if ctx.Err() == nil && err != nil {
		err = failed("%s", err)
	}
	return client, err
}

// assume gets into the role, as this project and nobody else.
func (r *running) assume(ctx context.Context) (aws.Credentials, error) {
	p := r.lease.Pipeline
	session := accountside.Session{RoleARN: p.Role, Name: fmt.Sprintf("pipeline-run-%d", r.lease.Run.Number), Lifetime: time.Hour}
	place := trust.Place{Space: string(p.Space.ID), Project: string(p.Project.ID), Environment: string(p.ID)}
	made, err := accountside.Credentials{}, error(nil)
	if p.Side == connection.Embedded {
		made, err = r.Sides.AssumeAs(ctx, authn.Service{Name: trust.Runner, SourceARN: p.SourceARN()}, session)
	} else {
		var token string
		err = r.DB.Read(ctx, func(tx *database.ReadTx) (err error) {
			token, err = r.Mint(tx, trust.Claims{Place: place, SpaceName: p.Space.Name, ProjectName: p.Project.Name, EnvironmentName: p.Name, Run: string(r.lease.Run.ID)})
			return err
		})
		if err == nil {
			made, err = r.Sides.AssumeWith(ctx, token, session)
		}
	}
	if fault.Is(err, fault.Denied) {
		err = fault.Deniedf("the role %s of account %s does not let the project in: its trust policy has to admit %s with aws:SourceArn %s; delete the pipeline and connect it again to have the role made anew", p.Role, p.Account, trust.Runner, p.SourceARN())
	}
	return aws.Credentials{
		AccessKeyID: made.AccessKeyID, SecretAccessKey: made.SecretAccessKey, SessionToken: made.SessionToken, CanExpire: true, Expires: made.ExpiresAt.Add(-10 * time.Minute),
	}, err
}

// plan reads what exists, and what the files need to know besides.
func (r *running) plan(ctx context.Context, client *live.Client, templates *pipeline.Templates) (*pipeline.Plan, error) {
	snapshot, err := client.ForFiles(ctx, templates, false)
	if err != nil {
		return nil, told(err)
	}
	calls, _ := client.Budget.Spent()
	r.say("Read %d accounts, %d permission sets and %d assignments with %d requests.", len(snapshot.Accounts), len(snapshot.Sets), len(snapshot.Assignments), calls)
	plan, err := pipeline.NewPlan(templates, snapshot, pipeline.Options{Managed: managed})
	return plan, told(err)
}

// managed is the text of a policy that AWS manages.
func managed(arn string) (document string, exact, ok bool) {
	m, ok := account.ManagedPolicy(arn)
	return m.Document, !m.Ours, ok
}

// apply makes what is planned so.
func (r *running) apply(ctx context.Context, client *live.Client, plan *pipeline.Plan) error {
	outcome := client.Apply(ctx, plan.Changes, live.Applying{Progress: func(result live.Result) {
		line := string(result.State) + "  " + result.ID
		if result.Cause != "" {
			line += ": " + result.Cause
		}
		r.say("%s", line)
	}})
	r.result.Report.Done = outcome.Count(live.Done)
	r.result.Report.Calls, _ = client.Budget.Spent()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if !outcome.Complete() {
		var causes []string
		for _, result := range outcome.Results {
			if result.State == live.Failed {
				causes = append(causes, result.ID+": "+result.Cause)
			}
		}
		return failed("%d of %d changes were made, and %d failed:\n%s", r.result.Report.Done, len(outcome.Results), len(causes), strings.Join(causes[:min(len(causes), 20)], "\n"))
	}
	r.result.Outcome = delivery.Applied
	return nil
}
