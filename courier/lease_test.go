package courier_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/database/databasetest"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/sallyporttest"
)

// unattended is a store whose jobs nobody does: what it makes waits until a test claims
// it. What the server itself takes up comes once a minute, and has just been.
func (o *office) unattended() *delivery.Store {
	o.t.Helper()
	o.Eventually("the server has looked for what was cut off", func() bool {
		var n int
		err := o.DB().Pool().QueryRow(`select count(*) from river_job where kind = 'pipelines' and state = 'completed'`).Scan(&n)
		return err == nil && n > 0
	})
	o.ended()
	return &delivery.Store{Keys: o.Keys(), Accounts: o.Accounts, Organizations: o.Orgs, Connections: o.Connections, Repositories: o.Repositories,
		Enqueue: func(*database.Tx, delivery.Work) error { return nil }}
}

func (o *office) pipeline(store *delivery.Store) (p delivery.Pipeline) {
	o.t.Helper()
	o.Read(func(tx *database.ReadTx) (err error) {
		p, err = store.Named(tx, o.project.ID, "access")
		return err
	})
	return p
}

func TestWhatComesWhileARunWaitsJoinsIt(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		o := newOffice(t, s).connected()
		o.ended()
		store := o.unattended()
		p := o.pipeline(store)
		before := len(o.runs())
		var repository repo.Repository
		s.Read(func(tx *database.ReadTx) (err error) {
			repository, err = s.Repositories.Repository(tx, o.project.ID, "access")
			return err
		})
		commits := []git.ID{git.ID(strings.Repeat("1", 40)), git.ID(strings.Repeat("2", 40))}
		for _, commit := range commits {
			s.Write(func(tx *database.Tx) error {
				return store.Pushed(tx, repo.Push{Place: repo.Place{Space: p.Space, Project: p.Project}, Repository: repository, By: o.owner.ID,
					Updates: []repo.Update{{Ref: "refs/heads/main", After: commit}, {Ref: "refs/heads/gone", Before: commit}, {Ref: "refs/tags/v1", After: commit}}}, "mary")
			})
		}
		if runs := o.runs(); len(runs) != before+1 || runs[0].Commit != string(commits[1]) || len(runs[0].Causes) != 2 || !runs[0].Applies {
			t.Fatalf("two pushes made %+v", runs[:len(runs)-before])
		}
		for range 60 {
			s.Write(func(tx *database.Tx) error {
				return store.Happened(tx, o.shop, delivery.Cause{Kind: delivery.ByEvent, What: fmt.Sprint("TagResource ", tx.Now().UnixNano())})
			})
		}
		runs := o.runs()
		if len(runs) != before+1 {
			t.Fatalf("two pushes and sixty events made %d runs", len(runs)-before)
		}
		if causes := runs[0].Causes; len(causes) != 50 || causes[49].Kind != "event" {
			t.Errorf("%d causes are kept, the last is %+v", len(causes), causes[len(causes)-1])
		}
		// What happens elsewhere is nothing to it.
		elsewhere := s.NewAccount("elsewhere").Account
		s.Write(func(tx *database.Tx) error {
			return store.Happened(tx, elsewhere, delivery.Cause{Kind: delivery.ByEvent, What: "elsewhere"})
		})
		for _, c := range o.runs()[0].Causes {
			if c.What == "elsewhere" {
				t.Error("what happened in an account of no organization is a cause")
			}
		}
	})
}

const pushed = git.ID("1111111111111111111111111111111111111111")

// push changes references as if somebody had pushed.
func (o *office) push(p delivery.Pipeline, refs ...string) repo.Push {
	made := repo.Push{Place: repo.Place{Space: p.Space, Project: p.Project}, Repository: repo.Repository{ID: p.RepositoryID, DefaultBranch: "main"}, By: o.dev.ID}
	for _, ref := range refs {
		made.Updates = append(made.Updates, repo.Update{Ref: ref, After: pushed})
	}
	return made
}

// Whoever may push branches, but not the default one, keeps nothing from being applied.
func TestAttackHoldingBackWhatIsToBeSo(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		o := newOffice(t, s).connected()
		o.ended()
		store := o.unattended()
		p, before := o.pipeline(store), len(o.runs())
		var many []string
		for i := range 70 {
			many = append(many, fmt.Sprintf("refs/heads/branch%d", i))
		}
		s.Write(func(tx *database.Tx) error { return store.Pushed(tx, o.push(p, many...), "jane") })
		s.Write(func(tx *database.Tx) error { return store.Pushed(tx, o.push(p, "refs/heads/main"), "mary") })
		s.Write(func(tx *database.Tx) error {
			runs, err := store.Runs(tx.Reading(), p, delivery.RunFilter{}, 1000)
			if len(runs)-before != 51 {
				t.Errorf("%d runs wait", len(runs)-before)
			}
			if err != nil {
				return err
			}
			l, err := store.Claim(tx, p.Account, "test")
			if err == nil && (l.Run.Branch != "main" || !l.Run.Applies) {
				t.Errorf("first comes %s", l.Run.Branch)
			}
			return err
		})
	})
}

func TestARunIsOneProcessesAloneUntilItsLeaseEnds(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		o := newOffice(t, s).connected()
		o.ended()
		store := o.unattended()
		p := o.pipeline(store)
		claim := func(who string) (l *delivery.Lease) {
			t.Helper()
			s.Write(func(tx *database.Tx) (err error) {
				l, err = store.Claim(tx, p.Account, who)
				return err
			})
			return l
		}
		write := func(f func(*database.Tx) error) error { return s.DB().Write(t.Context(), f) }
		s.Write(func(tx *database.Tx) error { _, err := store.Start(tx, p, "", "mary"); return err })
		first := claim("first")
		if first == nil || first.Run.Attempts != 1 {
			t.Fatalf("claimed %+v", first)
		}
		s.Write(func(tx *database.Tx) error { _, err := store.Start(tx, p, "", "jane"); return err })
		if l := claim("second"); l != nil {
			t.Fatalf("two run in one account: %+v", l)
		}
		s.Clock.Advance(45 * time.Second)
		if err := write(func(tx *database.Tx) error { return store.Renew(tx, first, "so far") }); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(45 * time.Second)
		if l := claim("second"); l != nil {
			t.Fatalf("a run that was renewed was taken: %+v", l)
		}
		s.Clock.Advance(time.Minute)
		second := claim("second")
		if second == nil || len(second.Run.Causes) != 3 {
			t.Fatalf("what was cut off is taken up with %+v", second)
		}
		for what, late := range map[string]func(*database.Tx) error{
			"renews":     func(tx *database.Tx) error { return store.Renew(tx, first, "late") },
			"ends":       func(tx *database.Tx) error { return store.End(tx, first, delivery.Result{Outcome: delivery.Applied}) },
			"gives back": func(tx *database.Tx) error { return store.Interrupted(tx, first, "late") },
		} {
			if err := write(late); !errors.Is(err, delivery.ErrLost) {
				t.Errorf("who has lost the run %s it: %v", what, err)
			}
		}
		// One that never ends is given up.
		for who := range 20 {
			s.Clock.Advance(2 * time.Minute)
			if l := claim(fmt.Sprint("other", who)); l == nil {
				break
			}
		}
		if r := o.ended(); r.Outcome != "failed" || !strings.Contains(r.Failure, "begun several times") {
			t.Errorf("it ended as %s: %s", r.Outcome, r.Failure)
		}
	})
}

func TestAPipelineKeepsItsLastRuns(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		o := newOffice(t, s).connected()
		o.ended()
		store := o.unattended()
		p := o.pipeline(store)
		s.Write(func(tx *database.Tx) error {
			for range 205 {
				if _, err := store.Start(tx, p, "", "mary"); err != nil {
					return err
				}
				l, err := store.Claim(tx, p.Account, "test")
				if err != nil {
					return err
				}
				if err := store.End(tx, l, delivery.Result{Outcome: delivery.Unchanged}); err != nil {
					return err
				}
			}
			kept, err := store.Runs(tx.Reading(), p, delivery.RunFilter{}, 1000)
			if len(kept) != 200 || kept[0].Number != 206 {
				t.Errorf("%d runs are kept, the last is %d", len(kept), kept[0].Number)
			}
			if err != nil {
				return err
			}
			// Looking often is no way to have forgotten what was done.
			for range 205 {
				if err := store.Pushed(tx, o.push(p, "refs/heads/often"), "jane"); err != nil {
					return err
				}
				l, err := store.Claim(tx, p.Account, "test")
				if err != nil {
					return err
				}
				if err := store.End(tx, l, delivery.Result{Outcome: delivery.Planned}); err != nil {
					return err
				}
			}
			kept, err = store.Runs(tx.Reading(), p, delivery.RunFilter{Branch: "main"}, 1000)
			if len(kept) != 200 {
				t.Errorf("%d runs of what was applied are kept", len(kept))
			}
			if err != nil {
				return err
			}
			kept, err = store.Runs(tx.Reading(), p, delivery.RunFilter{Commit: pushed}, 1000)
			if len(kept) != 200 || kept[0].Branch != "often" {
				t.Errorf("%d runs of the commit are kept", len(kept))
			}
			return err
		})
	})
}

// Two nodes have the same work: each run is done by one of them, and no two at a time.
func TestTwoNodesRunOneAfterTheOther(t *testing.T) {
	databasetest.EachURL(t, func(t *testing.T, url string) {
		if !strings.HasPrefix(url, "postgres") {
			t.Skip("SQLite has one node")
		}
		s := sallyporttest.StartOn(t, url)
		o := newOffice(t, s)
		o.templates()
		o.git.Run("push", "-q", "origin", "main")
		o.connected()
		o.want("applied")
		sallyporttest.Beside(t, s, url)
		for i := range 6 {
			o.git.Run("checkout", "-q", "-B", fmt.Sprint("branch", i), "main")
			o.git.Commit("templates/assignments/developers.json", o.assignedTo("Root"))
			o.git.Run("push", "-q", "origin", fmt.Sprint("branch", i))
		}
		o.ended()
		type span struct{ from, to time.Time }
		var spans []span
		for _, r := range o.runs() {
			spans = append(spans, span{*r.StartedAt, *r.EndedAt})
		}
		if len(spans) < 7 {
			t.Fatalf("there were %d runs", len(spans))
		}
		for i, a := range spans {
			for _, b := range spans[i+1:] {
				if a.from.Before(b.to) && b.from.Before(a.to) {
					t.Errorf("two ran at a time: %v and %v", a, b)
				}
			}
		}
	})
}
