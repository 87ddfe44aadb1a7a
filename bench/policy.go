package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// policy compares decisions by one document with a plain walk over it: of an
// identity policy of a hundred statements, all about one service and about ten, and
// of a trust policy.
func (b *bench) policy() error {
	var contests []*policyContest
	for _, services := range []int{1, 10} {
		document, plain := hundred(services)
		c, err := b.newPolicyContest(fmt.Sprintf("policy identity %d svc", services), 2, policy.Identity, document, plain, func(random *rand.Rand) policy.Request {
			return askHundred(random, services)
		})
		if err != nil {
			return err
		}
		contests = append(contests, c)
	}
	trust, err := b.newPolicyContest("policy trust", 3, policy.Trust, trustDocument, []plainStatement{plainTrust}, askTrust)
	if err != nil {
		return err
	}
	contests = append(contests, trust)
	for _, c := range contests {
		if err := c.agree(); err != nil {
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
	return nil
}

// walk is the engine that ours is compared with.
const walk = 1

// plainStatement is what somebody would write who knows the one policy: patterns cut
// at their first wildcard, strings compared with strings.
type plainStatement struct {
	deny               bool
	services           []string // empty: not asked who it is
	actions, resources []string // what they begin with; no resources: not asked for one
	likes              [][2]string
	equals             [][2]string
}

func plainWalk(statements []plainStatement, r *policy.Request) bool {
	action := strings.ToLower(r.Action)
	allowed := false
	for i := range statements {
		if s := &statements[i]; (s.deny || !allowed) && s.applies(action, r) {
			if s.deny {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func (s *plainStatement) applies(action string, r *policy.Request) bool {
	if !beginsWith(action, s.actions) ||
		len(s.resources) > 0 && !beginsWith(r.Resource, s.resources) ||
		len(s.services) > 0 && !slices.Contains(s.services, r.Principal.Name) {
		return false
	}
	for _, c := range s.likes {
		if values := r.Context[c[0]]; len(values) != 1 || !strings.HasPrefix(values[0], c[1]) {
			return false
		}
	}
	for _, c := range s.equals {
		if values := r.Context[c[0]]; len(values) != 1 || values[0] != c[1] {
			return false
		}
	}
	return true
}

func beginsWith(text string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// statement is one of a policy document.
type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string `json:",omitempty"`
}

func documentOf(statements []statement) string {
	text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": statements})
	if err != nil {
		panic(err) // texts and lists of them
	}
	return string(text)
}

var verbs = []string{"Get", "Put", "List", "Delete", "Create"}

// hundredStatements have five actions and three resources each, two thirds have
// conditions. Every tenth is a Deny, on a part of what the one before it allows.
func hundredStatements(service func(statement int) string) (statements []statement) {
	for i := range 100 {
		s := statement{Sid: fmt.Sprintf("S%d", i), Effect: "Allow"}
		about, below := i, ""
		if i%10 == 9 {
			s.Effect, about, below = "Deny", i-1, "secret/"
		}
		for j, verb := range verbs {
			s.Action = append(s.Action, fmt.Sprintf("%s:%s%dThing%d*", service(about), verb, about, j))
		}
		for j := range 3 {
			s.Resource = append(s.Resource, thing(service(about), about, j)+below+"*")
		}
		if i%3 != 0 {
			s.Condition = map[string]map[string]string{
				"StringEquals": {"aws:PrincipalTag/team": "builders"},
				"Bool":         {"aws:SecureTransport": "true"},
			}
		}
		statements = append(statements, s)
	}
	return statements
}

func thing(service string, number, part int) string {
	return fmt.Sprintf("arn:aws:%s:us-west-2:123456789012:thing%d/%d/", service, number, part)
}

func hundred(services int) (document string, plain []plainStatement) {
	statements := hundredStatements(func(i int) string { return serviceOf(i, services) })
	for _, s := range statements {
		p := plainStatement{deny: s.Effect == "Deny"}
		for _, a := range s.Action {
			p.actions = append(p.actions, strings.TrimSuffix(strings.ToLower(a), "*"))
		}
		for _, r := range s.Resource {
			p.resources = append(p.resources, strings.TrimSuffix(r, "*"))
		}
		if s.Condition != nil {
			p.equals = [][2]string{{"aws:principaltag/team", "builders"}, {"aws:securetransport", "true"}}
		}
		plain = append(plain, p)
	}
	return documentOf(statements), plain
}

func serviceOf(statement, services int) string { return fmt.Sprintf("svc%d", statement%services) }

// askHundred asks about what some statement is about, or nearly.
func askHundred(random *rand.Rand, services int) policy.Request {
	number, verb := random.IntN(100), random.IntN(len(verbs))
	r := policy.Request{
		Principal: policy.Principal{Kind: policy.User, Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/alice"},
		Action:    fmt.Sprintf("%s:%s%dThing%dAll", serviceOf(number, services), verbs[verb], number, verb),
		Resource:  thing(serviceOf(number, services), number, random.IntN(3)) + "x",
		Context:   policy.Context{"aws:principaltag/team": {"builders"}, "aws:securetransport": {"true"}},
	}
	switch random.IntN(8) {
	case 0:
		r.Resource = thing(serviceOf(number, services), number, random.IntN(3)) + "secret/x"
	case 1:
		r.Resource = thing(serviceOf(number, services), number+1, 0) + "x"
	case 2:
		r.Context["aws:principaltag/team"] = []string{"sellers"}
	case 3:
		delete(r.Context, "aws:securetransport")
	}
	return r
}

const trustDocument = `{"Version": "2012-10-17", "Statement": {
	"Effect": "Allow", "Action": "sts:AssumeRole",
	"Principal": {"Service": ["codecatalyst.amazonaws.com", "codecatalyst-runner.amazonaws.com"]},
	"Condition": {
		"ArnLike": {"aws:SourceArn": "arn:aws:codecatalyst:::space/s-1/project/*"},
		"StringEquals": {"aws:SourceAccount": "123456789012"}}}}`

var plainTrust = plainStatement{
	services: []string{"codecatalyst.amazonaws.com", "codecatalyst-runner.amazonaws.com"}, actions: []string{"sts:assumerole"},
	likes:  [][2]string{{"aws:sourcearn", "arn:aws:codecatalyst:::space/s-1/project/"}},
	equals: [][2]string{{"aws:sourceaccount", "123456789012"}},
}

func askTrust(random *rand.Rand) policy.Request {
	r := policy.Request{
		Principal: policy.Principal{Kind: policy.Service, Name: plainTrust.services[random.IntN(2)]},
		Action:    "sts:AssumeRole", Resource: "arn:aws:iam::123456789012:role/deploy", ResourceAccount: "123456789012",
		Context: policy.Context{"aws:sourcearn": {fmt.Sprintf("arn:aws:codecatalyst:::space/s-1/project/p-%d", random.IntN(9))}, "aws:sourceaccount": {"123456789012"}},
	}
	switch random.IntN(8) {
	case 0:
		r.Principal.Name = "codebuild.amazonaws.com"
	case 1:
		r.Context["aws:sourcearn"] = []string{"arn:aws:codecatalyst:::space/s-2/project/p-1"}
	case 2:
		r.Context["aws:sourceaccount"] = []string{"210987654321"}
	case 3:
		delete(r.Context, "aws:sourcearn")
	}
	return r
}

// policyContest is a contest over one policy.
type policyContest struct {
	contest
	bound       float64
	allocations func() float64 // of a decision that allows
}

// newPolicyContest makes requests, every second one of which the plain walk allows, and
// lets both sides read the policy.
func (b *bench) newPolicyContest(name string, bound float64, kind policy.Kind, document string, plain []plainStatement, ask func(*rand.Rand) policy.Request) (*policyContest, error) {
	compiled, err := policy.Compile(kind, document)
	if err != nil {
		return nil, err
	}
	policies := &policy.Policies{Identity: []policy.Named{{Name: name, Policy: compiled}}}
	if kind == policy.Trust {
		policies = &policy.Policies{ResourceRequired: true, Resource: policies.Identity}
	}
	type question struct {
		policy.Request
		allowed bool
	}
	random := rand.New(rand.NewPCG(3, uint64(kind)))
	var questions, allowed []question
	for len(questions) < b.size.requests {
		q := question{Request: ask(random)}
		if q.allowed = plainWalk(plain, &q.Request); q.allowed != (len(questions)%2 == 0) {
			continue
		}
		if questions = append(questions, q); q.allowed {
			allowed = append(allowed, q)
		}
	}
	random.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	evaluate := func(questions []question) (wrong int) {
		for i := range questions {
			q := &questions[i]
			if (policy.Evaluate(&q.Request, policies).Effect == policy.Allow) != q.allowed {
				wrong++
			}
		}
		return wrong
	}
	walked := func() (wrong int) {
		for i := range questions {
			if q := &questions[i]; plainWalk(plain, &q.Request) != q.allowed {
				wrong++
			}
		}
		return wrong
	}
	return &policyContest{
		contest{name: name, questions: len(questions), engines: []engine{{"ours", func() int { return evaluate(questions) }}, {"a plain walk", walked}}},
		bound,
		func() float64 { return testing.AllocsPerRun(3, func() { evaluate(allowed) }) / float64(len(allowed)) },
	}, nil
}

func (c *policyContest) report(b *bench) {
	b.report(figure{
		name: c.name, what: "ours / " + c.engines[walk].name, samples: ratios(c.took[ours], c.took[walk]), unit: "x", bound: c.bound,
		note: c.sides(ours) + " / " + c.sides(walk),
	})
	b.report(figure{name: c.name, what: "ours, allocations of a decision that allows", samples: []float64{c.allocations()}})
}
