package policy

// Effect is what was decided. The zero Effect refuses.
type Effect uint8

// The effects of a decision.
const (
	ImplicitDeny Effect = iota // nothing allowed it
	ExplicitDeny               // a statement denied it
	Allow
)

// String is the effect in the spelling of IAM's policy simulator.
func (e Effect) String() string { return [...]string{"implicitDeny", "explicitDeny", "allowed"}[e] }

// Stage is a kind of policy as a step of the evaluation.
type Stage uint8

// The stages, in their order.
const (
	AtResourceControl Stage = iota
	AtServiceControl
	AtResource
	AtBoundary
	AtSession
	AtIdentity
)

var stages = [...]struct{ name, article string }{
	AtResourceControl: {"resource control policy", "a"},
	AtServiceControl:  {"service control policy", "a"},
	AtResource:        {"resource-based policy", "a"},
	AtBoundary:        {"permissions boundary", "a"},
	AtSession:         {"session policy", "a"},
	AtIdentity:        {"identity-based policy", "an"},
}

// String is what AWS's messages call policies of the stage, "identity-based policy".
func (s Stage) String() string { return stages[s].name }

// Decision is the answer to a request, with what it takes to explain it. The zero
// Decision refuses.
type Decision struct {
	Effect Effect
	Stage  Stage // which stage ended it
	Level  int   // of control policies: which level did not allow, or denied; 0 is the root

	action string
	count  int
	by     [4]deciding // more than four stages never grant
}

type deciding struct {
	policy    string
	stage     Stage
	statement *statement
}

// Match is a statement that made a decision what it is.
type Match struct {
	Stage    Stage
	Policy   string   // the name it was given
	Sid      string   // may be empty
	Index    int      // of the statement in its document, from 0
	Position Position // of the statement in its document
}

// Statements are those that decided: of a request that was allowed, one for each stage
// that had to allow besides control policies; of one that was explicitly denied, up to
// four that deny it; of one that nothing allowed, those that would have been enough for
// the stages before.
func (d Decision) Statements() []Match {
	matches := make([]Match, 0, d.count)
	for _, by := range d.by[:d.count] {
		s := by.statement
		matches = append(matches, Match{by.stage, by.policy, s.sid, s.index, s.at})
	}
	return matches
}

// Because is the clause that AWS's messages end in, "because no identity-based policy
// allows the iam:CreateRole action", or "with an explicit deny in a service control
// policy". It is empty when the request was allowed.
func (d Decision) Because() string {
	stage := stages[d.Stage]
	switch d.Effect {
	case ExplicitDeny:
		return "with an explicit deny in " + stage.article + " " + stage.name
	case ImplicitDeny:
		return "because no " + stage.name + " allows the " + d.action + " action"
	}
	return ""
}

func (d *Decision) note(stage Stage, policy string, s *statement) {
	if d.count < len(d.by) {
		d.by[d.count] = deciding{policy, stage, s}
		d.count++
	}
}

// end sets how it ended.
func (d *Decision) end(effect Effect, stage Stage) {
	d.Effect, d.Stage = effect, stage
}
