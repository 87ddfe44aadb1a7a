package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/space"
)

// asked are the permissions that questions are about: four on a project, each
// held by another set of roles, one on a project that a role of the space holds,
// and two on the space.
var asked = []role.Permission{
	role.ViewProject, role.PushCommits, role.EditProjectSettings, role.StopOtherDevEnvironment, role.CreateProject, role.SearchSpace,
}

// question is whether a user may do something, and the answer the facts give.
type question struct {
	space      space.Ref
	user       directory.UserID
	permission role.Permission
	project    string // id; empty: asked of the space
	allowed    bool
}

// An engine decides the questions it was made for, and tells how many it got wrong.
type engine struct {
	name string
	all  func() (wrong int)
}

// contest is the engines on one workload.
type contest struct {
	name      string
	spaces    int // of the workload
	questions int
	engines   []engine // ours, then the others
	took      [][]time.Duration
}

const (
	ours = iota
	bareMap
)

func (b *bench) decision() error {
	contests := make([]*contest, len(b.size.spaces))
	for i, spaces := range b.size.spaces {
		var err error
		if contests[i], err = b.contest(spaces); err != nil {
			return err
		}
		if err := contests[i].agree(); err != nil {
			return err
		}
	}
	for range b.rounds {
		for _, c := range contests {
			if err := c.round(); err != nil {
				return err
			}
		}
	}
	for _, c := range contests {
		c.report(b)
	}
	first, last := contests[0], contests[len(contests)-1]
	b.report(figure{
		name: "decision growth", what: fmt.Sprintf("ours at S=%d / at S=%d", last.spaces, first.spaces),
		samples: ratios(last.took[ours], first.took[ours]), unit: "x", bound: 3,
		note: fmt.Sprintf("%s / %s; %s: %.3gx", last.sides(ours), first.sides(ours), last.engines[bareMap].name, median(ratios(last.took[bareMap], first.took[bareMap]))),
	})
	return nil
}

// contest makes the workload, reads it into each engine and thinks of questions.
func (b *bench) contest(spaces int) (*contest, error) {
	w, err := b.sqlite(spaces)
	if err != nil {
		return nil, err
	}
	s, err := openStores(b.ctx, w.data, w.url)
	if err != nil {
		return nil, err
	}
	defer s.db.Close()
	b.say("decision: reading the grants of %d users", spaces*usersOfSpace)
	authorizer, refs, err := b.warm(s, w.tenants)
	if err != nil {
		return nil, err
	}
	masks := newMasks(w.tenants)
	questions := think(w.tenants, refs, masks, b.size.questions)
	c := &contest{name: fmt.Sprintf("decision S=%d", spaces), spaces: spaces, questions: len(questions), engines: []engine{
		{"ours", func() int { return decideOurs(authorizer, questions) }},
		masks.engine(questions),
	}}
	for _, model := range cedarModels {
		c.engines = append(c.engines, model.engine(w.tenants, questions))
	}
	return c, nil
}

// warm lets authz read what everybody holds, as their first requests would.
func (b *bench) warm(s *stores, tenants []tenant) (*authz.Authorizer, []space.Ref, error) {
	a := &authz.Authorizer{Spaces: s.spaces}
	refs := make([]space.Ref, len(tenants))
	for i, t := range tenants {
		err := s.db.Read(b.ctx, func(tx *database.ReadTx) (err error) {
			if refs[i], err = s.spaces.Lookup(tx, t.name); err != nil {
				return err
			}
			for _, u := range t.users {
				if _, err := a.Held(tx, refs[i], u.id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return a, refs, nil
}

// think makes questions about random users, permissions and projects, every
// second one of which is allowed. Texts are copies, as in a request: no engine
// finds that two of them are the same by their address. They lie in the order they
// are asked in, for in a request they have only just been read.
func think(tenants []tenant, refs []space.Ref, answers masks, count int) []question {
	random := rand.New(rand.NewPCG(2, uint64(len(tenants))))
	questions := make([]question, 0, count)
	for len(questions) < count {
		i := random.IntN(len(tenants))
		t := &tenants[i]
		q := question{space: refs[i], user: t.users[random.IntN(usersOfSpace)].id, permission: asked[random.IntN(len(asked))]}
		if q.permission.Scope() == role.OfProject {
			q.project = string(t.projects[random.IntN(projectsOfSpace)].id)
		}
		if q.allowed = answers.allow(q); q.allowed != (len(questions)%2 == 0) {
			continue
		}
		questions = append(questions, q)
	}
	random.Shuffle(count, func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	for i := range questions {
		q := &questions[i]
		q.space.ID, q.user, q.project = space.ID(strings.Clone(string(q.space.ID))), directory.UserID(strings.Clone(string(q.user))), strings.Clone(q.project)
	}
	return questions
}

// decideOurs does what a request does when its transaction has looked up the
// space: find what the user holds under that grants version, and decide. All of
// it is there, so no transaction is needed.
func decideOurs(a *authz.Authorizer, questions []question) (wrong int) {
	for i := range questions {
		q := &questions[i]
		held, err := a.Held(nil, q.space, q.user)
		if err != nil || held.Decide(q.permission, q.project).Allowed != q.allowed {
			wrong++
		}
	}
	return wrong
}

// masks is the least that could decide: a map from user and place to the roles
// that count there, filled for these questions, without a version to check,
// without a reason to give.
type masks map[userAt]role.Role

type userAt struct {
	user directory.UserID
	at   string // id of a project or a space
}

func newMasks(tenants []tenant) masks {
	m := masks{}
	for i := range tenants {
		t := &tenants[i]
		t.held(func(u int, p space.ProjectID, r role.Role) {
			id := t.users[u].id
			m[userAt{id, string(t.id)}] |= r
			if p != "" {
				m[userAt{id, string(p)}] |= r
				return
			}
			if r == role.LimitedAccess {
				return // reaches into no project
			}
			for _, p := range t.projects {
				m[userAt{id, string(p.id)}] |= r
			}
		})
	}
	return m
}

func (m masks) allow(q question) bool {
	at := q.project
	if at == "" {
		at = string(q.space.ID)
	}
	return m[userAt{q.user, at}]&q.permission.Roles() != 0
}

func (m masks) engine(questions []question) engine {
	type lookup struct {
		userAt
		roles   role.Role
		allowed bool
	}
	prepared := make([]lookup, len(questions))
	for i, q := range questions {
		prepared[i] = lookup{userAt{q.user, q.project}, q.permission.Roles(), q.allowed}
		if q.project == "" {
			prepared[i].at = string(q.space.ID)
		}
	}
	return engine{"a bare map", func() (wrong int) {
		for i := range prepared {
			if q := &prepared[i]; (m[q.userAt]&q.roles != 0) != q.allowed {
				wrong++
			}
		}
		return wrong
	}}
}

// agree has every engine answer every question.
func (c *contest) agree() error {
	for _, e := range c.engines {
		if wrong := e.all(); wrong > 0 {
			return fmt.Errorf("%s: %s answered %d of %d questions otherwise than the facts do", c.name, e.name, wrong, c.questions)
		}
	}
	return nil
}

// turn is how long an engine is asked at a time, at least.
const turn = 100 * time.Millisecond

func (c *contest) round() error {
	if c.took == nil {
		c.took = make([][]time.Duration, len(c.engines))
	}
	for i, e := range c.engines {
		runtime.GC() // nobody pays for what another left behind
		wrong, times, begun := 0, 0, time.Now()
		for time.Since(begun) < turn {
			wrong += e.all()
			times++
		}
		c.took[i] = append(c.took[i], time.Since(begun)/time.Duration(times))
		if wrong > 0 {
			return fmt.Errorf("%s: %s answered %d questions wrongly", c.name, e.name, wrong)
		}
	}
	return nil
}

func (c *contest) report(b *bench) {
	for i, e := range c.engines[1:] {
		bound := 0.1
		if i+1 == bareMap {
			bound = 3
		}
		b.report(figure{
			name: c.name, what: "ours / " + e.name,
			samples: ratios(c.took[ours], c.took[i+1]), unit: "x", bound: bound, note: c.sides(ours) + " / " + c.sides(i+1),
		})
	}
	allocations := testing.AllocsPerRun(3, func() { c.engines[ours].all() }) / float64(c.questions)
	b.report(figure{
		name: c.name, what: "ours, allocations a decision", samples: []float64{allocations},
	})
}

// sides is the median time of one decision.
func (c *contest) sides(engine int) string {
	return fmt.Sprintf("%.0f ns", float64(median(c.took[engine]))/float64(c.questions))
}
