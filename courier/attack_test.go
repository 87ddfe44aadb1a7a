package courier_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

func (o *office) refused(t *testing.T, answer sallyporttest.Answer, status int, says string) {
	t.Helper()
	if answer.Status != status || !strings.Contains(answer.Body, says) {
		t.Errorf("answered %d %s, want %d and %q", answer.Status, answer.Body, status, says)
	}
}

func (o *office) pipelines() (found []api.Pipeline) {
	o.t.Helper()
	var page api.List[api.Pipeline]
	o.Send("GET", at, o.reviewer.Token, "").JSON(o.t, &page)
	return page.Items
}

// page is what a browser is shown.
func (o *office) page(as *sallyporttest.Principal, path string) sallyporttest.Answer {
	o.t.Helper()
	r, err := http.NewRequest(http.MethodGet, o.URL()+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "__Host-sallyport_session", Value: as.Cookie})
	return o.Do(r)
}

// role finds that of the only pipeline.
func (o *office) role() (found account.Entity) {
	o.t.Helper()
	o.Read(func(tx *database.ReadTx) (err error) {
		found, err = o.Accounts.RoleByARN(tx, o.pipelines()[0].RoleARN)
		return err
	})
	return found
}

func TestAttackTheWayToAPipeline(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		o := newOffice(t, s)
		o.templates()
		body := fmt.Sprintf(`{"repository":"access","account":%q}`, s.Management())
		for _, who := range []*sallyporttest.Principal{o.dev, o.reviewer, o.stranger} {
			o.refused(t, s.Send("POST", at, who.Token, body), http.StatusForbidden, "")
		}
		o.refused(t, s.Send("POST", at, o.admin.Token, fmt.Sprintf(`{"repository":"access","folder":"../../etc","account":%q}`, s.Management())), http.StatusBadRequest, "is not a folder")
		o.refused(t, s.Send("POST", at, o.admin.Token, fmt.Sprintf(`{"repository":"access","roleArn":"arn:aws:iam::%[1]s:role/admin","account":%[1]q}`, s.Management())), http.StatusBadRequest, "leave the role out")
		token := o.requested(o.admin)
		accept := fmt.Sprintf(`{"token":%q}`, token)

		t.Run("nobody has said yes", func(t *testing.T) {
			o.git.Run("push", "-q", "origin", "main")
			if runs := o.runs(); len(runs) != 0 {
				t.Errorf("it ran: %+v", runs)
			}
			o.refused(t, s.Send("POST", at+"/access/runs", o.admin.Token, `{}`), http.StatusConflict, "has to accept it")
		})
		t.Run("another account says yes", func(t *testing.T) {
			o.refused(t, s.RootOf(o.shop).Ask("POST", "/account/pipelines/accept", accept, "sallyport"), http.StatusForbidden, "another account")
		})
		t.Run("somebody says yes who may make no role", func(t *testing.T) {
			clerk := o.root.User("clerk", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"codecatalyst:*","Resource":"*"}}`)
			o.refused(t, clerk.Ask("POST", "/account/pipelines/accept", accept, "sallyport"), http.StatusForbidden, "iam:CreateRole")
		})
		t.Run("the token of a pipeline at the door of connections", func(t *testing.T) {
			o.refused(t, o.root.Ask("POST", "/account/connections/accept", accept, "sallyport"), http.StatusNotFound, "no request")
		})
		t.Run("a member account says yes to hear what happens in its organization", func(t *testing.T) {
			var asked api.RequestedPipeline
			s.Send("POST", at, o.admin.Token, fmt.Sprintf(`{"name":"mine","repository":"access","account":%q}`, o.shop)).JSON(t, &asked)
			o.refused(t, s.RootOf(o.shop).Ask("POST", "/account/pipelines/accept", fmt.Sprintf(`{"token":%q}`, asked.Token), "sallyport"), http.StatusForbidden, "is a member of an organization")
		})
		t.Run("an account of AWS is named by who connects no accounts", func(t *testing.T) {
			o.refused(t, s.Send("POST", at, o.admin.Token, `{"name":"aws","repository":"access","account":"999988887777","roleArn":"arn:aws:iam::999988887777:role/admin"}`), http.StatusForbidden, "space.account.associate")
		})
		if state := o.pipelines()[0].State; state != "pending" {
			t.Fatalf("after all that it is %s", state)
		}
		if answer := o.root.Ask("POST", "/account/pipelines/accept", accept, "sallyport"); answer.Status != http.StatusOK {
			t.Fatalf("accept: %d %s", answer.Status, answer.Body)
		}
		o.want("applied")
		t.Run("the token again", func(t *testing.T) {
			for _, answer := range []string{"accept", "reject"} {
				o.refused(t, o.root.Ask("POST", "/account/pipelines/"+answer, accept, "sallyport"), http.StatusConflict, "was used")
			}
		})
		t.Run("a second one for the same organization", func(t *testing.T) {
			other := o.owner.Project(o.space, "other")
			o.owner.Repository(o.space, other, repo.New{Name: "access"})
			answer := s.Send("POST", "/api/v1/spaces/acme/projects/other/pipelines", o.owner.Token, body)
			var asked api.RequestedPipeline
			answer.JSON(t, &asked)
			o.refused(t, o.root.Ask("POST", "/account/pipelines/accept", fmt.Sprintf(`{"token":%q}`, asked.Token), "sallyport"), http.StatusConflict, "would undo each other")

			before := len(o.runs())
			g := o.owner.Git(t, o.owner.AccessToken(credential.Reach{}))
			g.Run("clone", "-q", g.Remote+"/acme/other/access", "access")
			clone := g.In("access")
			clone.Commit("templates/assignments/all.json", o.assignedTo("Root"))
			clone.Run("push", "-q", "origin", "main")
			if runs := o.runs(); len(runs) != before {
				t.Errorf("a push to another project's repository of the same name made a run: %+v", runs[0])
			}
			for _, path := range []string{"", "/1", "/1/log", "/1/plan"} {
				o.refused(t, s.Send("GET", at+"/access/runs"+path, o.stranger.Token, ""), http.StatusForbidden, "")
			}
			o.refused(t, s.Send("GET", "/api/v1/spaces/acme/projects/other/pipelines/access/runs", o.reviewer.Token, ""), http.StatusForbidden, "")
		})
		t.Run("a member pushes who may not", func(t *testing.T) {
			before := len(o.runs())
			clone := o.clone(o.reviewer)
			clone.Commit("templates/assignments/all.json", o.assignedTo("Root"))
			clone.Refused([]string{"repo.commit.push"}, "push", "-q", "origin", "main")
			if runs := o.runs(); len(runs) != before {
				t.Errorf("the push was refused and made a run: %+v", runs[0])
			}
		})
	})
}

func TestAttackByWhatIsPushed(t *testing.T) {
	s := sallyporttest.Start(t)
	o := newOffice(t, s)
	o.templates()
	o.git.Run("push", "-q", "origin", "main")
	o.connected()
	o.want("applied")
	outside := filepath.Join(o.git.Folder, "outside.json")
	if err := os.WriteFile(outside, []byte(deploySet), 0o600); err != nil {
		t.Fatal(err)
	}
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for letter := 'b'; letter <= 'z'; letter++ {
		bomb += fmt.Sprintf("%[1]c: &%[1]c [*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c,*%[2]c]\n", letter, letter-1)
	}
	const injected = `<img src=x onerror=alert(1)>`
	for name, attack := range map[string]struct {
		make func()
		says string
	}{
		"a link out of the folder": {func() {
			path := filepath.Join(o.git.Folder, "templates/permissionsets/link.json")
			if err := os.Symlink("../../outside.json", path); err != nil {
				t.Fatal(err)
			}
			o.git.Run("add", "--all")
			o.git.Run("commit", "-q", "-m", "link")
		}, "is a link"},
		"a file that is too large": {func() { o.git.Commit("templates/permissionsets/large.json", strings.Repeat(" ", 2<<20)+deploySet) }, "large"},
		"a bomb of aliases":        {func() { o.git.Commit("templates/permissionsets/bomb.yaml", bomb) }, "bomb.yaml"},
		"a name that is HTML": {func() {
			o.git.Commit("templates/permissionsets/html.json", fmt.Sprintf(`{"Name":%q}`, injected))
		}, "html.json"},
	} {
		t.Run(name, func(t *testing.T) {
			branch := strings.ReplaceAll(name, " ", "-")
			o.git.Run("checkout", "-q", "-B", branch, "main")
			attack.make()
			o.git.Run("push", "-q", "origin", branch)
			r := o.want("failed")
			if r.Branch != branch || !strings.Contains(r.Failure, attack.says) {
				t.Errorf("the run of %s failed with %q", r.Branch, r.Failure)
			}
			for _, path := range []string{"", fmt.Sprintf("/runs/%d", r.Number)} {
				page := o.page(o.reviewer, "/spaces/acme/projects/web/pipelines/access"+path)
				if page.Status != http.StatusOK || strings.Contains(page.Body, injected) {
					t.Errorf("the page %q answers %d and shows what was pushed as it is", path, page.Status)
				}
			}
			if page := o.page(o.stranger, fmt.Sprintf("/spaces/acme/projects/web/pipelines/access/runs/%d", r.Number)); page.Status != http.StatusForbidden {
				t.Errorf("a stranger is shown the run: %d", page.Status)
			}
		})
	}
}

func TestAttackTheRoleOfAPipeline(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		o := newOffice(t, s)
		o.templates()
		o.git.Run("push", "-q", "origin", "main")
		o.connected()
		o.want("applied")
		made := o.role()
		run := func() {
			t.Helper()
			if answer := s.Send("POST", at+"/access/runs", o.dev.Token, `{}`); answer.Status != http.StatusCreated {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
		}
		trust := func(of string) {
			t.Helper()
			document := strings.ReplaceAll(made.Trust, string(o.project.ID), of)
			s.Write(func(tx *database.Tx) error {
				_, err := s.Accounts.ChangeEntity(tx, made, account.EntityPatch{Trust: &document})
				return err
			})
		}
		t.Run("its trust goes to another project", func(t *testing.T) {
			trust("00000000-0000-4000-8000-000000000000")
			run()
			if r := o.want("failed"); !strings.Contains(r.Failure, "does not let the project in") || !strings.Contains(r.Failure, string(o.project.ID)) {
				t.Errorf("it failed with %q", r.Failure)
			}
			trust(string(o.project.ID))
			run()
			o.want("unchanged")
		})
		t.Run("a service that is not the project's runs", func(t *testing.T) {
			if _, err := o.root.User("somebody", sallyporttest.Everything).STS().GetCallerIdentity(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(made.Trust, "*") {
				t.Errorf("the role admits more than this project: %s", made.Trust)
			}
		})
		t.Run("a space that is gone leaves no role behind", func(t *testing.T) {
			s.Write(func(tx *database.Tx) error {
				// A run waits that nobody has begun.
				store := delivery.Store{Keys: s.Keys(), Accounts: s.Accounts, Organizations: s.Orgs, Connections: s.Connections, Repositories: s.Repositories, Enqueue: func(*database.Tx, delivery.Work) error { return nil }}
				p, err := store.Named(tx.Reading(), o.project.ID, "access")
				if err == nil {
					_, err = store.Start(tx, p, "", "nobody")
				}
				return err
			})
			if answer := s.Send("DELETE", "/api/v1/spaces/acme/projects/web", o.owner.Token, ""); answer.Status != http.StatusNoContent {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			s.Read(func(tx *database.ReadTx) error {
				if _, err := s.Accounts.RoleByARN(tx, made.ARN()); err == nil {
					t.Error("the role outlives the project")
				}
				for _, table := range []string{"pipelines", "pipeline_runs"} {
					if n, err := database.One(tx, database.Value[int], `select count(*) from `+table); err != nil || n != 0 {
						t.Errorf("%d %s are left, %v", n, table, err)
					}
				}
				return nil
			})
			o.move(o.lab, o.top, o.workloads) // and nobody cares any more
		})
	})
}

func TestAFailingGuardStopsAndTellsThoseWhoAsked(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		o := newOffice(t, s)
		o.templates()
		o.git.Run("push", "-q", "origin", "main")
		o.connected()
		o.want("applied")
		guest := s.User("guest")
		guest.Contributes(o.project, role.ReadOnly)
		for _, who := range []*sallyporttest.Principal{o.reviewer, guest} {
			if answer := s.Send("PUT", at+"/access/notification", who.Token, `{"on":true}`); answer.Status != http.StatusNoContent {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
		}
		// Who has left is told nothing.
		if answer := s.Send("DELETE", "/api/v1/spaces/acme/projects/web/members/guest", o.admin.Token, ""); answer.Status != http.StatusNoContent {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		o.git.Commit("templates/guards/lab.yaml", "Guards:\n  - expect: group Developers cannot reach account lab with Deploy\n")
		o.git.Commit("templates/assignments/developers.json", o.assignedTo("Root"))
		o.git.Run("push", "-q", "origin", "main")
		r := o.want("failed")
		if !strings.Contains(r.Failure, "cannot reach account lab") {
			t.Errorf("it failed with %q", r.Failure)
		}
		if got := o.assigned(); len(got) != 1 {
			t.Errorf("a guard forbids it, and assigned is %v", got)
		}
		mail := s.Mail("rev@example.com")
		for _, says := range []string{"cannot reach account lab", fmt.Sprintf("%s/spaces/acme/projects/web/pipelines/access/runs/%d", s.URL(), r.Number)} {
			if !strings.Contains(mail, says) {
				t.Errorf("the mail does not say %q:\n%s", says, mail)
			}
		}
		messages, err := filepath.Glob(filepath.Join(s.Data, "outbox", "*.eml"))
		if err != nil || len(messages) != 1 {
			t.Errorf("%d mails were sent, %v", len(messages), err)
		}
	})
}
