package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Options are what a plan can be told beside the files.
type Options struct {
	// Adopt are the names of permission sets that exist, are not ours and are to become so.
	// "*" stands for all that the files describe.
	Adopt []string
	// Only are ids of changes: the plan is of these, and of what they need. Nil: of all.
	Only []string
	// Managed tells the document of a policy that AWS manages, and whether it is AWS's own
	// text. Nil: none is known.
	Managed func(arn string) (document string, exact, ok bool)
}

func (o *Options) adopts(name string) bool {
	return slices.Contains(o.Adopt, name) || slices.Contains(o.Adopt, "*")
}

// maxAssignments keeps a few lines of a file, multiplied, from taking all memory.
const maxAssignments = 1_000_000

// mostTold is how many problems one plan is refused with.
const mostTold = 200

// newARN stands for the ARN of a set that is yet to be created.
func newARN(name string) string { return "new:" + name }

// planner makes one plan.
type planner struct {
	Options
	t        *Templates
	w        *world
	p        *Plan
	problems findings
	warnings findings
	asked    int // assignments, those left out included

	files   map[string]*SetTemplate // by name
	ours    map[string]bool         // ARNs of live sets that the files govern, or that go
	changed map[string]string       // names of sets to create or update, and the id of that change
	wanted  map[Assignment]int      // and which template asks for it first
	ruled   map[string]bool         // names of sets for which a file says what the management account gets
	targets map[string]matched
	spoken  map[string]bool // account ids the plan speaks of
}

type matched struct {
	accounts []int
	because  string
	problem  *Problem
}

// NewPlan plans how to get from what exists to what the files say. It is a pure function:
// the same files and snapshot give the same plan. Its error is [Problems] when files and
// snapshot do not fit; nothing can be applied then. The snapshot has to hold what
// [Templates.Needs] asks for.
func NewPlan(t *Templates, s *Snapshot, o Options) (*Plan, error) {
	if needs := t.Needs(s); !needs.Empty() {
		return nil, fmt.Errorf("the snapshot is not complete: it lacks the assignments of %d principals and %d permission sets, the accounts of %d, the policies of %d and the groups of %d users",
			len(needs.Principals), len(needs.Sets), len(needs.Provisioned), len(needs.Contents), len(needs.Members))
	}
	w, err := newWorld(s)
	if err != nil {
		return nil, err
	}
	p := &planner{
		Options: o, t: t, w: w, p: &Plan{FormatVersion: FormatVersion, TakenAt: s.TakenAt, Instance: s.Instance, Names: map[string]string{}},
		files: map[string]*SetTemplate{}, ours: map[string]bool{}, changed: map[string]string{}, wanted: map[Assignment]int{}, ruled: map[string]bool{},
		targets: map[string]matched{}, spoken: map[string]bool{},
	}
	p.warnings.all = slices.Clone(t.Warnings)
	p.sets()
	p.assignments()
	p.assign()
	p.unassign()
	p.remove()
	p.only()
	if len(p.problems.all) > 0 {
		return nil, p.problems.told(mostTold)
	}
	p.p.Partial = p.partial()
	after, err := newWorld(After(s, p.p))
	if err != nil {
		return nil, err
	}
	p.access(after)
	p.guards(after)
	if len(p.problems.all) > 0 {
		return nil, p.problems.told(mostTold)
	}
	p.facts(after)
	p.p.Warnings = p.warnings.told(10 * mostTold)
	p.p.Estimate = estimate(p.p.Changes)
	p.names()
	p.p.seal()
	return p.p, nil
}

// only drops the changes that were not asked for.
func (p *planner) only() {
	if p.Only == nil {
		return
	}
	wanted := setOf(p.Only)
	for _, c := range slices.Backward(p.p.Changes) {
		if wanted[c.ID] {
			for _, id := range c.Needs {
				wanted[id] = true
			}
		}
	}
	p.p.Changes = slices.DeleteFunc(p.p.Changes, func(c Change) bool {
		return !wanted[c.ID] && !(c.Action == ProvisionSet && wanted[p.changed[c.Set]] && p.changed[c.Set] != "")
	})
	for i := range p.p.Changes {
		delete(wanted, p.p.Changes[i].ID)
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		p.problem(Position{}, "Take its id from sallyport drift.", "There is no change %q to plan.", clip(id))
	}
}

func (p *planner) problem(at Position, fix, format string, args ...any) {
	p.problems.found(at, fix, format, args...)
}

func (p *planner) warn(at Position, fix, format string, args ...any) {
	p.warnings.found(at, fix, format, args...)
}

func (p *planner) add(c Change) string {
	p.p.Changes = append(p.p.Changes, c)
	return c.ID
}

func (p *planner) arn(name string) string {
	if live := p.w.sets[name]; live != nil {
		return live.ARN
	}
	return newARN(name)
}

// sets plans what becomes of the permission sets that the files describe.
func (p *planner) sets() {
	for i := range p.t.Sets {
		p.files[p.t.Sets[i].Name] = &p.t.Sets[i]
	}
	for i := range p.w.Sets {
		if live := &p.w.Sets[i]; live.Managed() {
			p.ours[live.ARN] = true
		}
	}
	var strangers []string
	for i := range p.t.Sets { // sorted by name
		file := &p.t.Sets[i]
		live := p.w.sets[file.Name]
		if live == nil {
			p.changed[file.Name] = p.add(Change{
				ID: "create/" + file.Name, Action: CreateSet, At: file.At, Set: file.Name, After: &file.PermissionSet,
				Fields: differences(&PermissionSet{}, &file.PermissionSet), Marks: map[string]string{ManagedTag: "true"},
			})
			continue
		}
		fields, marks := differences(&live.PermissionSet, &file.PermissionSet), map[string]string(nil)
		if !live.Managed() {
			if p.adopts(file.Name) {
				p.ours[live.ARN] = true
				marks = map[string]string{ManagedTag: "true"}
			} else if len(fields) > 0 {
				p.problem(file.At, fmt.Sprintf("Plan with --adopt %s to take it over, or give this one another name.", file.Name),
					"The permission set %q exists, is not ours and differs from the file in %s.", file.Name, fieldNames(fields))
				continue
			} else {
				strangers = append(strangers, file.Name)
			}
		}
		if len(fields) > 0 || marks != nil {
			after := file.PermissionSet
			after.Description = cmp.Or(after.Description, live.Description)
			if after.Tags == nil {
				after.Tags = live.Tags
			}
			p.changed[file.Name] = p.add(Change{
				ID: "update/" + file.Name, Action: UpdateSet, At: file.At, Set: file.Name, SetARN: live.ARN,
				Before: &live.PermissionSet, After: &after, Fields: fields, Marks: marks,
			})
		}
	}
	if len(strangers) > 0 {
		p.warn(Position{}, "Plan with --adopt NAME, or --adopt '*', to take them over.", "%s as the files say, but not ours: nothing is changed about %s.", count(len(strangers), "permission set is", "permission sets are"), listed(strangers))
	}
	for i := range p.t.Sets {
		name := p.t.Sets[i].Name
		if live := p.w.sets[name]; live != nil && mustProvision(live, &p.t.Sets[i].PermissionSet) && len(live.Provisioned) > 0 && p.ours[live.ARN] {
			c := Change{ID: "provision/" + name, Action: ProvisionSet, At: p.t.Sets[i].At, Set: name, SetARN: live.ARN, Accounts: slices.Sorted(slices.Values(live.Provisioned))}
			if id := p.changed[name]; id != "" {
				c.Needs = []string{id}
			}
			p.add(c)
		}
	}
}

// mustProvision says whether accounts that have the set have to get it again. A relay
// state is no part of the roles in accounts.
func mustProvision(live *LiveSet, to *PermissionSet) bool {
	if _, left := live.Marks[UnprovisionedTag]; left {
		return true
	}
	return slices.ContainsFunc(differences(&live.PermissionSet, to), func(f FieldChange) bool { return f.Field != RelayState })
}

func fieldNames(fields []FieldChange) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f.Field)
	}
	return strings.Join(names, ", ")
}

// match finds the accounts of a target, once for each way of writing one.
func (p *planner) match(t Target) matched {
	m, known := p.targets[t.Text]
	if !known {
		m.accounts, m.because, m.problem = p.w.target(t)
		p.targets[t.Text] = m
	}
	if m.problem != nil {
		problem := *m.problem
		problem.At = t.At
		p.problems.add(problem)
	}
	return m
}

// assignments finds out what the files want.
func (p *planner) assignments() {
	unsaid := map[string][]string{}
	for i := range p.t.Assignments {
		a := &p.t.Assignments[i]
		accounts := p.accounts(a, unsaid)
		if p.asked > maxAssignments {
			p.problem(a.At, "Assign groups instead of users, and units to fewer permission sets.", "With this one the files ask for more than %d assignments.", maxAssignments)
			return
		}
		for _, s := range a.Sets {
			p.ruled[s.Name] = p.ruled[s.Name] || a.Management != Unsaid
		}
		for _, name := range a.Principals {
			principal, problem := p.w.principal(name)
			if problem != nil {
				p.problems.add(*problem)
				continue
			}
			for _, set := range a.Sets {
				arn := p.arn(set.Name)
				for _, account := range accounts {
					key := Assignment{arn, p.w.Accounts[account].ID, principal}
					if _, twice := p.wanted[key]; !twice {
						p.wanted[key] = i
					}
				}
			}
		}
	}
	for _, at := range slices.Sorted(maps.Keys(unsaid)) {
		p.warn(Position{File: at}, `Say "ManagementAccount": "include" or "exclude".`,
			"The management account %s is left out of %s: a target matches it.", p.w.accountName(p.w.ManagementAccount), listed(unsaid[at]))
	}
}

// accounts are those that one assignment is about, by index.
func (p *planner) accounts(a *AssignmentTemplate, unsaid map[string][]string) (accounts []int) {
	reasons, excluded := map[int]string{}, map[int]string{}
	for _, t := range a.Exclude {
		for _, i := range p.match(t).accounts {
			excluded[i] = t.Text
		}
	}
	var named []Target
	for _, t := range a.Targets {
		m := p.match(t)
		for _, i := range m.accounts {
			if _, twice := reasons[i]; !twice {
				reasons[i] = m.because
			}
			if t.Kind == ByAccount {
				named = append(named, t)
			}
		}
	}
	if p.asked += len(reasons) * max(1, len(a.Principals)*len(a.Sets)); p.asked > maxAssignments {
		return nil
	}
	match := Match{At: a.At, SID: a.SID}
	for _, i := range slices.Sorted(maps.Keys(reasons)) {
		account := &p.w.Accounts[i]
		out := ""
		switch by, left := excluded[i]; {
		case left:
			out = "excluded by " + by
		case account.Status != Active:
			out = "it is " + account.Status
		case account.ID == p.w.ManagementAccount && a.Management == Exclude:
			out = "the management account, excluded"
		case account.ID == p.w.ManagementAccount && a.Management == Unsaid:
			out = "the management account, and the assignment says nothing about it"
			unsaid[a.At.File] = append(unsaid[a.At.File], a.SID)
		}
		p.spoken[account.ID] = true
		if out != "" {
			match.LeftOut = append(match.LeftOut, MatchAccount{account.ID, out})
			continue
		}
		match.Accounts = append(match.Accounts, MatchAccount{account.ID, reasons[i]})
		accounts = append(accounts, i)
	}
	for _, t := range named {
		if account := p.w.accounts[t.Value]; account.Status != Active {
			p.warn(t.At, "", "The account %s is %s: nothing is assigned there.", p.w.accountName(t.Value), account.Status)
		}
	}
	if len(accounts) == 0 {
		p.warn(a.At, "", "The assignment %q is about no account.", clip(a.SID))
	}
	p.p.Matches = append(p.p.Matches, match)
	return accounts
}

// order is by set, principal and account, as people read it.
func (p *planner) order(a, b Assignment) int {
	return cmp.Or(strings.Compare(p.setName(a.Set), p.setName(b.Set)), strings.Compare(string(a.Type), string(b.Type)),
		strings.Compare(p.w.names[a.Principal], p.w.names[b.Principal]), strings.Compare(a.ID, b.ID), strings.Compare(a.Account, b.Account))
}

func (p *planner) setName(arn string) string {
	if live := p.w.byARN[arn]; live != nil {
		return live.Name
	}
	return strings.TrimPrefix(arn, newARN(""))
}

func (p *planner) change(action Action, a Assignment) Change {
	name, principal := p.setName(a.Set), a.Principal
	c := Change{
		ID: string(action) + "/" + name + "/" + a.Account + "/" + string(a.Type) + "/" + a.ID, Action: action,
		Set: name, Account: a.Account, Principal: &principal,
	}
	if p.w.byARN[a.Set] != nil {
		c.SetARN = a.Set
	}
	return c
}

// assign plans what is wanted and not there.
func (p *planner) assign() {
	var missing []Assignment
	for a := range p.wanted {
		if !p.w.held[a] {
			missing = append(missing, a)
		}
	}
	slices.SortFunc(missing, p.order)
	strange := map[string]bool{}
	for _, a := range missing {
		template := &p.t.Assignments[p.wanted[a]]
		name := p.setName(a.Set)
		if live := p.w.byARN[a.Set]; live != nil && !p.ours[a.Set] {
			if at := name + template.SID; !strange[at] {
				strange[at] = true
				p.problem(template.At, fmt.Sprintf("Plan with --adopt %s to take it over.", name), "The permission set %q is not ours, and %q assigns it where it is not.", name, clip(template.SID))
			}
			continue
		}
		c := p.change(Assign, a)
		c.At = template.At
		if id := p.changed[name]; id != "" {
			c.Needs = []string{id}
		}
		p.add(c)
	}
}

// unassign plans what is there and not wanted, of the permission sets that are ours.
func (p *planner) unassign() {
	var extra []Assignment
	// Of many, one warning is enough.
	type warning struct{ set, what, fix string }
	about := map[warning][]string{}
	for _, a := range p.w.Assignments {
		if _, wanted := p.wanted[a]; wanted || !p.ours[a.Set] {
			continue
		}
		name := p.setName(a.Set)
		account := p.w.accounts[a.Account]
		who := p.w.principalName(a.Principal) + " in " + p.w.accountName(a.Account)
		warn := func(what, fix string) {
			about[warning{name, what, fix}] = append(about[warning{name, what, fix}], who)
		}
		leave := func(why, fix string) { warn("left alone, as "+why, fix) }
		switch {
		case p.files[name] == nil: // it goes, and everything about it
			switch {
			case a.Account == p.w.ManagementAccount:
				warn("removed from the management account, as the set goes", "")
			case account == nil || account.Status != Active:
				warn("removed as the set goes, from an account that is not active", "AWS may refuse that, and keep the set: it can go when the account is gone.")
			}
			extra = append(extra, a)
		case account == nil:
			leave("the account is not in the organization", "")
		case account.Status != Active:
			leave("the account is "+account.Status, "")
		case a.Account == p.w.ManagementAccount && !p.ruled[name]:
			leave("no file says what the management account gets", `Say "ManagementAccount": "include" or "exclude" where the set is assigned.`)
		case p.w.names[a.Principal] == "":
			leave("the "+strings.ToLower(string(a.Type))+" is not in the identity store", "It grants nobody anything.")
		default:
			extra = append(extra, a)
		}
	}
	for _, w := range slices.SortedFunc(maps.Keys(about), func(a, b warning) int {
		return cmp.Or(strings.Compare(a.set, b.set), strings.Compare(a.what, b.what))
	}) {
		slices.Sort(about[w])
		p.warn(Position{}, w.fix, "%s of %q %s: %s.", count(len(about[w]), "assignment", "assignments"), w.set, w.what, listed(about[w]))
	}
	slices.SortFunc(extra, p.order)
	for _, a := range extra {
		p.add(p.change(Unassign, a))
	}
}

// remove plans to delete the permission sets of ours that no file describes, when
// nothing is assigned any more.
func (p *planner) remove() {
	gone := map[string][]string{}
	for _, c := range p.p.Changes {
		if c.Action == Unassign {
			gone[c.Set] = append(gone[c.Set], c.ID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.w.sets)) {
		live := p.w.sets[name]
		if p.files[name] != nil || !p.ours[live.ARN] {
			continue
		}
		p.add(Change{ID: "delete/" + name, Action: DeleteSet, Set: name, SetARN: live.ARN, Before: &live.PermissionSet, Needs: gone[name]})
		for _, file := range p.t.Sets {
			renamed := file.PermissionSet
			renamed.Name = name
			if p.w.sets[file.Name] == nil && live.equal(&renamed) {
				p.p.Replaces = append(p.p.Replaces, Replacement{From: name, To: file.Name, Accounts: accountsOf(p.w, live.ARN)})
			}
		}
	}
}

func accountsOf(w *world, arn string) int {
	in := map[string]bool{}
	for _, a := range w.Assignments {
		if a.Set == arn {
			in[a.Account] = true
		}
	}
	return len(in)
}

// partial reports whether there may be assignments of ours that were not read.
func (p *planner) partial() bool {
	read := map[string]bool{}
	for _, arn := range p.w.Read.Sets {
		read[arn] = true
	}
	for arn := range p.ours {
		if !read[arn] {
			return true
		}
	}
	return false
}

// names collects what readers of the plan call things.
func (p *planner) names() {
	for id := range p.spoken {
		p.p.Names[id] = p.w.accounts[id].Name
	}
	named := func(id string, who *Principal) {
		if a := p.w.accounts[id]; a != nil {
			p.p.Names[id] = a.Name
		}
		if who != nil && p.w.names[*who] != "" {
			p.p.Names[who.ID] = p.w.names[*who]
		}
	}
	for _, c := range p.p.Changes {
		named(c.Account, c.Principal)
		for _, id := range c.Accounts {
			named(id, nil)
		}
	}
	for _, a := range p.p.Access {
		for _, id := range a.Accounts {
			named(id, &a.Principal)
		}
	}
}

// count is a number with its word.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// mostListed keeps sentences readable.
const mostListed = 20

// listed writes a list out, as far as people read one.
func listed(items []string) string {
	if more := len(items) - mostListed; more > 0 {
		return strings.Join(items[:mostListed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(items, ", ")
}

// What applying takes, as "Where it comes from" in docs/access-as-code.md explains.
const (
	callsPerSecond = 20
	inFlight       = 10
	secondsOfOne   = 5 // of an assignment or a provisioning in one account, on AWS
)

func estimate(changes []Change) Estimate {
	calls, tenths, waits := 0, 0, 0
	for _, c := range changes {
		switch c.Action {
		case CreateSet, UpdateSet:
			calls += setCalls(c)
		case ProvisionSet:
			calls += 2 + (len(c.Accounts)+inFlight-1)/inFlight
			waits += len(c.Accounts)
		case Assign, Unassign:
			tenths += 21 // asked for, looked after once, now and then twice
			waits++
		case DeleteSet:
			calls++
		}
	}
	calls += (tenths + 9) / 10
	return Estimate{Calls: calls, Seconds: max((calls+callsPerSecond-1)/callsPerSecond, waits*secondsOfOne/inFlight)}
}

// setCalls are the calls that write a set, without those that provision it.
func setCalls(c Change) (calls int) {
	update, tagged, untagged := false, len(c.Marks) > 0, false
	for _, f := range c.Fields {
		switch f.Field {
		case Description, SessionDuration, RelayState:
			update = true
		case ManagedPolicies, CustomerManagedPolicies:
			calls += len(f.Add) + len(f.Remove)
		case PermissionBoundary, CustomPolicy:
			calls++
		case Tags:
			tagged, untagged = tagged || len(f.Add) > 0, untagged || len(f.Remove) > 0
		}
	}
	if c.Action == CreateSet {
		return calls + 1 // which takes texts and tags along
	}
	for _, one := range []bool{update, tagged, untagged} {
		if one {
			calls++
		}
	}
	if len(c.Fields) > 0 {
		calls += 2 // the mark that it is to be provisioned, put and taken away
	}
	return calls
}
