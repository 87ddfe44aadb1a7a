package courier_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/space"
)

// office is a project whose repository access says who has access in an organization.
type office struct {
	*sallyporttest.Sallyport
	t                  *testing.T
	space              space.Space
	project            space.Project
	owner, admin, dev  *sallyporttest.Principal
	reviewer, stranger *sallyporttest.Principal
	root               *sallyporttest.Signer // of the management account
	center             identitycenter.Instance
	shop, lab          account.ID
	workloads, top     org.NodeID
	group              identitycenter.GroupID
	git                *sallyporttest.Git // a clone, of the owner's
}

const at = "/api/v1/spaces/acme/projects/web/pipelines"

func newOffice(t *testing.T, s *sallyporttest.Sallyport) *office {
	t.Helper()
	o := &office{Sallyport: s, t: t, owner: s.User("mary"), admin: s.User("adam"), dev: s.User("jane"), reviewer: s.User("rev"), stranger: s.User("eve"), root: s.Root(), center: s.Center()}
	o.space = o.owner.Space("acme")
	o.project = o.owner.Project(o.space, "web")
	o.admin.Contributes(o.project, role.ProjectAdministrator)
	o.dev.Contributes(o.project, role.Contributor)
	o.reviewer.Contributes(o.project, role.Reviewer)
	o.shop, o.lab = s.Member("shop"), s.Member("lab")
	o.Write(func(tx *database.Tx) error {
		in, err := s.Orgs.Of(tx.Reading(), s.Management())
		if err != nil {
			return err
		}
		unit, err := s.Orgs.CreateUnit(tx, in, org.NewUnit{Parent: in.Root, Name: "Workloads"})
		if err != nil {
			return err
		}
		o.workloads, o.top = unit.ID, in.Root
		if err := s.Orgs.Move(tx, in, o.shop, o.top, o.workloads); err != nil {
			return err
		}
		group, err := s.Centers.CreateGroup(tx, o.center, identitycenter.GroupAttributes{DisplayName: "Developers"}, "test")
		o.group = group.ID
		return err
	})
	o.owner.Repository(o.space, o.project, repo.New{Name: "access"})
	o.git = o.clone(o.owner)
	return o
}

func (o *office) clone(p *sallyporttest.Principal) *sallyporttest.Git {
	o.t.Helper()
	g := p.Git(o.t, p.AccessToken(credential.Reach{}))
	g.Run("clone", "-q", g.Remote+"/acme/web/access", "access")
	return g.In("access")
}

const deploySet = `{"Name":"Deploy","Description":"deploys","SessionDuration":"PT1H","ManagedPolicies":["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"]}`

// assignedTo gives Developers the set Deploy in the accounts of the unit.
func (o *office) assignedTo(target string) string {
	return fmt.Sprintf(`{"Assignments":[{"SID":"one","Target":[%q],"PrincipalType":"GROUP","PrincipalId":"Developers","PermissionSetName":"Deploy"}]}`, target)
}

func (o *office) templates() {
	o.t.Helper()
	o.git.Commit("templates/permissionsets/deploy.json", deploySet)
	o.git.Commit("templates/assignments/developers.json", o.assignedTo("Workloads:"+string(o.workloads)))
}

// connected asks for the pipeline and has the management account accept it.
func (o *office) connected() *office {
	o.t.Helper()
	token := o.requested(o.admin)
	if answer := o.root.Ask("POST", "/account/pipelines/accept", fmt.Sprintf(`{"token":%q}`, token), "sallyport"); answer.Status != http.StatusOK {
		o.t.Fatalf("accept: %d %s", answer.Status, answer.Body)
	}
	return o
}

func (o *office) requested(by *sallyporttest.Principal) string {
	o.t.Helper()
	answer := o.Send("POST", at, by.Token, fmt.Sprintf(`{"repository":"access","account":%q}`, o.Management()))
	if answer.Status != http.StatusCreated {
		o.t.Fatalf("ask: %d %s", answer.Status, answer.Body)
	}
	var asked api.RequestedPipeline
	answer.JSON(o.t, &asked)
	return asked.Token
}

func (o *office) runs() []api.PipelineRun {
	o.t.Helper()
	var page api.List[api.PipelineRun]
	answer := o.Send("GET", at+"/access/runs", o.reviewer.Token, "")
	if answer.Status != http.StatusOK {
		o.t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	answer.JSON(o.t, &page)
	return page.Items
}

func (o *office) log(number int64) string {
	o.t.Helper()
	var told api.PipelineRunLog
	o.Send("GET", fmt.Sprintf("%s/access/runs/%d/log", at, number), o.reviewer.Token, "").JSON(o.t, &told)
	return told.Log
}

// ended waits until nothing is waiting and nothing runs, and returns the newest run.
func (o *office) ended() api.PipelineRun {
	o.t.Helper()
	var runs []api.PipelineRun
	o.Eventually("every run has ended", func() bool {
		runs = o.runs()
		return len(runs) > 0 && !slices.ContainsFunc(runs, func(r api.PipelineRun) bool { return r.State != "ended" })
	})
	return runs[0]
}

// want is what the newest run came to.
func (o *office) want(outcome string) api.PipelineRun {
	o.t.Helper()
	r := o.ended()
	if r.Outcome != outcome {
		o.t.Fatalf("run %d is %s, want %s: %s\n%s", r.Number, r.Outcome, outcome, r.Failure, o.log(r.Number))
	}
	return r
}

// assigned are the accounts in which Developers have a permission set.
func (o *office) assigned() (accounts []string) {
	o.t.Helper()
	out, err := o.root.SSOAdmin().ListAccountAssignmentsForPrincipal(o.t.Context(), &ssoadmin.ListAccountAssignmentsForPrincipalInput{
		InstanceArn: aws.String(o.center.ARN()), PrincipalId: aws.String(string(o.group)), PrincipalType: "GROUP",
	})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, a := range out.AccountAssignments {
		accounts = append(accounts, *a.AccountId)
	}
	slices.Sort(accounts)
	return accounts
}

func (o *office) move(id account.ID, from, to org.NodeID) {
	o.t.Helper()
	_, err := o.root.Organizations().MoveAccount(o.t.Context(), &organizations.MoveAccountInput{
		AccountId: aws.String(string(id)), SourceParentId: aws.String(string(from)), DestinationParentId: aws.String(string(to)),
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func sorted(ids ...account.ID) (texts []string) {
	for _, id := range ids {
		texts = append(texts, string(id))
	}
	slices.Sort(texts)
	return texts
}

func TestAPushIsPlannedAndOnTheDefaultBranchApplied(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		o := newOffice(t, s)
		o.templates()
		o.git.Run("push", "-q", "origin", "main")
		o.connected()
		if r := o.want("applied"); r.Causes[0].Kind != "approval" || r.Done == 0 {
			t.Errorf("the first run is %+v", r)
		}
		if got := o.assigned(); !slices.Equal(got, sorted(o.shop)) {
			t.Fatalf("assigned in %v", got)
		}

		t.Run("another branch is planned alone", func(t *testing.T) {
			o.git.Run("checkout", "-q", "-b", "wider")
			o.git.Commit("templates/assignments/developers.json", o.assignedTo("Root"))
			o.git.Run("push", "-q", "origin", "wider")
			r := o.want("planned")
			if r.Branch != "wider" || r.Applies || r.Changes["assign"] != 1 || r.Causes[0].Who != "mary" {
				t.Errorf("the run is %+v", r)
			}
			if log := o.log(r.Number); !strings.Contains(log, string(o.lab)) {
				t.Errorf("the log does not show the plan:\n%s", log)
			}
			if got := o.assigned(); !slices.Equal(got, sorted(o.shop)) {
				t.Errorf("a plan changed something: %v", got)
			}
		})
		t.Run("an account that is moved is brought into line", func(t *testing.T) {
			o.move(o.lab, o.top, o.workloads)
			r := o.want("applied")
			if r.Branch != "main" || r.Causes[0].What != "MoveAccount" {
				t.Errorf("the run is %+v", r)
			}
			if got := o.assigned(); !slices.Equal(got, sorted(o.shop, o.lab)) {
				t.Errorf("assigned in %v", got)
			}
			o.move(o.lab, o.workloads, o.top)
			o.want("applied")
			if got := o.assigned(); !slices.Equal(got, sorted(o.shop)) {
				t.Errorf("assigned in %v after it went", got)
			}
		})
		t.Run("what changes nothing writes nothing", func(t *testing.T) {
			answer := o.Send("POST", at+"/access/runs", o.dev.Token, `{}`)
			if answer.Status != http.StatusCreated {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			if r := o.want("unchanged"); r.Causes[0].Who != "jane" || len(r.Changes) != 0 {
				t.Errorf("the run is %+v", r)
			}
		})
		t.Run("files that are wrong fail, with where and why", func(t *testing.T) {
			o.git.Run("checkout", "-q", "-B", "broken", "main")
			o.git.Commit("templates/permissionsets/deploy.json", `{"Name":"Deploy",}`)
			o.git.Run("push", "-q", "origin", "broken")
			if r := o.want("failed"); !strings.Contains(r.Failure, "templates/permissionsets/deploy.json:1:") {
				t.Errorf("it failed with %q", r.Failure)
			}
		})
	})
}
