package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/pipeline"
)

// planning measures what it takes to read the files of access as code, to plan with a
// snapshot and to write the plan down: from nothing, and when nothing has changed.
func (b *bench) planning() error {
	for _, size := range b.size.plans {
		files, err := size.files()
		if err != nil {
			return err
		}
		var from, unchanged, memory []float64
		for range b.rounds {
			round, err := size.round(files)
			if err != nil {
				return err
			}
			from, unchanged, memory = append(from, round.from.Seconds()), append(unchanged, round.unchanged.Seconds()), append(memory, float64(round.peak)/1e6)
		}
		name, what := fmt.Sprintf("planning %d", size.assignments()), fmt.Sprintf("%d accounts, %d sets", size.accounts, size.sets)
		seconds := 1.0
		if size.assignments() > 10_000 {
			seconds = 10
		}
		b.report(figure{name: name + " new", what: "read, plan, save: all of it new; " + what, samples: from, unit: "s", bound: seconds})
		b.report(figure{name: name + " same", what: "read, plan, save: nothing changed; " + what, samples: unchanged, unit: "s", bound: seconds})
		b.report(figure{name: name + " memory", what: "most of the heap, both; " + what, samples: memory, unit: "MB", bound: 500})
	}
	return nil
}

// planSize is how much is planned: each set is assigned to one group in the accounts of
// some units, every other time written out account by account.
type planSize struct{ accounts, units, sets, unitsOfSet int }

func (s planSize) assignments() int { return s.sets * s.unitsOfSet * s.accounts / s.units }

func (s planSize) unit(i int) string    { return fmt.Sprintf("ou-ab12-%08d", i%s.units) }
func (s planSize) account(i int) string { return fmt.Sprintf("%012d", 100_000_000_000+i) }

func (s planSize) snapshot() *pipeline.Snapshot {
	w := &pipeline.Snapshot{FormatVersion: pipeline.FormatVersion, TakenAt: time.Unix(0, 0).UTC(), Units: []pipeline.Unit{{ID: "r-ab12", Name: "Root"}}}
	for i := range s.units {
		w.Units = append(w.Units, pipeline.Unit{ID: s.unit(i), Name: fmt.Sprint("Unit", i), Parent: "r-ab12"})
	}
	for i := range s.accounts {
		w.Accounts = append(w.Accounts, pipeline.Account{ID: s.account(i), Name: fmt.Sprint("account", i), Status: pipeline.Active, Parent: s.unit(i)})
	}
	for i := range s.sets {
		id := fmt.Sprintf("group-%d", i)
		w.Groups = append(w.Groups, pipeline.NamedPrincipal{ID: id, Name: fmt.Sprint("Group ", i)})
		w.Read.Principals = append(w.Read.Principals, pipeline.Principal{Type: pipeline.Group, ID: id})
	}
	return w
}

func (s planSize) files() (fstest.MapFS, error) {
	files := fstest.MapFS{}
	add := func(name string, value any) error {
		text, err := json.Marshal(value)
		files[name] = &fstest.MapFile{Data: text}
		return err
	}
	for i := range s.sets {
		var targets []string
		for k := range s.unitsOfSet {
			if i%2 == 0 {
				targets = append(targets, s.unit(i+k))
				continue
			}
			for j := (i + k) % s.units; j < s.accounts; j += s.units {
				targets = append(targets, fmt.Sprintf("account%d:%s", j, s.account(j)))
			}
		}
		name := fmt.Sprintf("Set%d", i)
		err := add("permissionsets/"+name+".json", map[string]any{
			"Name": name, "SessionDuration": "PT4H", "ManagedPolicies": []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
			"CustomPolicy": map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": []string{"s3:GetObject", "s3:PutObject"}, "Resource": fmt.Sprintf("arn:aws:s3:::bucket-%d/*", i)}}},
		})
		if err != nil {
			return nil, err
		}
		err = add("assignments/"+name+".json", map[string]any{"Assignments": []any{map[string]any{
			"SID": name, "Target": targets, "PrincipalType": "GROUP", "PrincipalId": fmt.Sprint("Group ", i), "PermissionSetName": name}}})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

type planRound struct {
	from, unchanged time.Duration
	peak            uint64
}

func (s planSize) round(files fstest.MapFS) (r planRound, err error) {
	before := s.snapshot()
	runtime.GC()
	debug.FreeOSMemory()
	stop := watchHeap(&r.peak)
	defer stop()
	began := time.Now()
	plan, err := planOnce(files, before)
	r.from = time.Since(began)
	if err != nil {
		return r, err
	}
	if add, change, destroy := plan.Counts(); add != s.assignments()+s.sets || change+destroy != 0 {
		return r, fmt.Errorf("the plan adds %d, changes %d and destroys %d, of %d assignments and %d sets", add, change, destroy, s.assignments(), s.sets)
	}
	after := pipeline.After(before, plan)
	plan = nil
	began = time.Now()
	plan, err = planOnce(files, after)
	r.unchanged = time.Since(began)
	if err == nil && !plan.Empty() {
		err = fmt.Errorf("when nothing has changed, the plan is not empty: %s", plan.Summary())
	}
	return r, err
}

func planOnce(files fstest.MapFS, s *pipeline.Snapshot) (*pipeline.Plan, error) {
	templates, err := pipeline.Read(files, pipeline.ReadOptions{})
	if err != nil {
		return nil, err
	}
	plan, err := pipeline.NewPlan(templates, s, pipeline.Options{Managed: func(arn string) (string, bool, bool) {
		m, ok := account.ManagedPolicy(arn)
		return m.Document, !m.Ours, ok
	}})
	if err != nil {
		return nil, err
	}
	if len(plan.Encode()) == 0 {
		return nil, fmt.Errorf("the plan is not written down")
	}
	return plan, nil
}

// watchHeap notes the most of the heap that is in use, dead objects not yet collected
// included, until it is stopped.
func watchHeap(peak *uint64) (stop func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			metrics.Read(sample)
			*peak = max(*peak, sample[0].Value.Uint64())
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-stopped }
}
