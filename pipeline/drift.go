package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Record is what was last applied: of each permission set and assignment that a plan was
// about, what it became. It tells changes in the files from changes made behind them.
type Record struct {
	FormatVersion int       `json:"formatVersion"`
	Instance      string    `json:"instance"` // the ARN
	AppliedAt     time.Time `json:"appliedAt"`
	// Complete says that what is in neither table was not there. Otherwise nothing is
	// known of it.
	Complete    bool                      `json:"complete"`
	Sets        map[string]*PermissionSet `json:"sets"`        // by name; null: it was deleted
	Assignments map[string]bool           `json:"assignments"` // by set/account/TYPE/id; false: it was taken away
}

// NewRecord is a record of what is ours in a snapshot that was just applied to.
func NewRecord(s *Snapshot, now time.Time) *Record {
	r := &Record{FormatVersion: FormatVersion, Instance: s.Instance.ARN, AppliedAt: now, Complete: true, Sets: map[string]*PermissionSet{}, Assignments: map[string]bool{}}
	names := map[string]string{}
	for i := range s.Sets {
		if set := &s.Sets[i]; set.Managed() {
			r.Sets[set.Name], names[set.ARN] = &set.PermissionSet, set.Name
		}
	}
	for _, a := range s.Assignments {
		if name, ours := names[a.Set]; ours {
			r.Assignments[recordKey(name, a.Account, a.Principal)] = true
		}
	}
	return r
}

// DecodeRecord reads what [Record.Encode] wrote.
func DecodeRecord(text []byte) (*Record, error) {
	r := &Record{}
	if err := decode(text, r, "record of what was applied"); err != nil {
		return nil, err
	}
	return r, nil
}

// Encode writes the record down.
func (r *Record) Encode() []byte { return encode(r) }

// Note adds a change that was done. A nil map is made.
func (r *Record) Note(c *Change, now time.Time) {
	if r.Sets == nil {
		r.Sets = map[string]*PermissionSet{}
	}
	if r.Assignments == nil {
		r.Assignments = map[string]bool{}
	}
	r.FormatVersion, r.AppliedAt = FormatVersion, now
	switch c.Action {
	case CreateSet, UpdateSet:
		r.Sets[c.Set] = c.After
	case DeleteSet:
		r.Sets[c.Set] = nil
	case Assign, Unassign:
		r.Assignments[recordKey(c.Set, c.Account, *c.Principal)] = c.Action == Assign
	}
}

func recordKey(set, account string, p Principal) string {
	return set + "/" + account + "/" + string(p.Type) + "/" + p.ID
}

// Origin is where a difference comes from.
type Origin string

// The origins.
const (
	Outside  Origin = "outside" // what exists was changed since it was last applied
	InFiles  Origin = "files"   // the files were, and were not applied since
	Both     Origin = "both"
	NotKnown Origin = "unknown" // nothing is known of when it was last applied
)

// Finding is a difference between files and what exists.
type Finding struct {
	ID           string        `json:"id"` // that of the change which would revert it
	Action       Action        `json:"action"`
	Message      string        `json:"message"`
	Origin       Origin        `json:"origin"`
	Set          string        `json:"set"`
	Account      string        `json:"account,omitempty"`
	Principal    *Principal    `json:"principal,omitempty"`
	Fields       []FieldChange `json:"fields,omitempty"` // before: what exists; after: what the files say
	At           Position      `json:"at"`               // what in the files it differs from
	IgnoredUntil string        `json:"ignoredUntil,omitempty"`
	Because      string        `json:"because,omitempty"` // why it is ignored
}

// Drift tells how what exists differs from the files: the changes of the plan that would
// revert it. The record may be nil.
func Drift(p *Plan, r *Record, ignored []Ignored, now time.Time) []Finding {
	findings := []Finding{}
	updated := map[string]bool{}
	for i := range p.Changes {
		c := &p.Changes[i]
		updated[c.Set] = updated[c.Set] || c.Action == UpdateSet
		if c.Action == ProvisionSet && updated[c.Set] {
			continue // part of the update
		}
		f := Finding{ID: c.ID, Action: c.Action, Set: c.Set, Account: c.Account, Principal: c.Principal, Fields: c.Fields, At: c.At, Origin: r.origin(c), Message: p.drifted(c)}
		for _, one := range ignored {
			if one.ID == c.ID && one.holds(now) {
				f.IgnoredUntil, f.Because = one.Until, one.Because
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// drifted says in words what a change would revert.
func (p *Plan) drifted(c *Change) string {
	switch c.Action {
	case CreateSet:
		return "Permission set " + c.Set + " does not exist."
	case UpdateSet:
		if len(c.Fields) == 0 {
			return "Permission set " + c.Set + " is not marked as ours."
		}
		return "Permission set " + c.Set + " differs in " + fieldNames(c.Fields) + "."
	case DeleteSet:
		return "Permission set " + c.Set + " is ours, and in no file."
	case ProvisionSet:
		return "Permission set " + c.Set + " was changed, and not every account has the change."
	}
	who := principalWords(*c.Principal, p.Names[c.Principal.ID]) + " in " + p.name(c.Account)
	if c.Action == Assign {
		return c.Set + " is not assigned to " + who + "."
	}
	return c.Set + " is assigned to " + who + ", and no file says so."
}

// origin compares what was last applied with what is to be changed.
func (r *Record) origin(c *Change) Origin {
	if r == nil {
		return NotKnown
	}
	was, known := false, false
	switch c.Action {
	case Assign, Unassign:
		was, known = r.Assignments[recordKey(c.Set, c.Account, *c.Principal)], r.Complete
		if _, told := r.Assignments[recordKey(c.Set, c.Account, *c.Principal)]; told {
			known = true
		}
	default:
		set, told := r.Sets[c.Set]
		was, known = set != nil, told || r.Complete
		if c.Action == UpdateSet && was {
			return updateOrigin(c, set)
		}
	}
	there := c.Action == Unassign || c.Action == DeleteSet || c.Action == UpdateSet || c.Action == ProvisionSet
	switch {
	case !known:
		return NotKnown
	case was == there:
		return InFiles
	}
	return Outside
}

func updateOrigin(c *Change, was *PermissionSet) Origin {
	live, file := len(differences(was, c.Before)) == 0, len(differences(was, c.After)) == 0
	switch {
	case live && !file:
		return InFiles
	case file && !live:
		return Outside
	}
	return Both
}

// Ignored is a finding that is known and let be for a while.
type Ignored struct {
	ID      string `json:"ID"`
	Until   string `json:"Until"` // a date: the last day on which it is
	Because string `json:"Because,omitempty"`
}

func (i Ignored) holds(now time.Time) bool { return now.Format(time.DateOnly) <= i.Until }

// IgnoreFile is the file of findings that are ignored, in the folder of the templates.
const IgnoreFile = "drift.json"

type ignoreText struct{ Ignore []Ignored }

// ReadIgnored reads the file of ignored findings.
func ReadIgnored(text []byte) ([]Ignored, error) {
	var read ignoreText
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil {
		return nil, fmt.Errorf("%s: %w", IgnoreFile, err)
	}
	for _, i := range read.Ignore {
		if _, err := time.Parse(time.DateOnly, i.Until); err != nil || i.ID == "" {
			return nil, fmt.Errorf(`%s: an entry has an ID and is ignored until a day such as "2026-12-31": %q is not one`, IgnoreFile, i.Until)
		}
	}
	return read.Ignore, nil
}

// WriteIgnored writes it, without what is over by now.
func WriteIgnored(all []Ignored, now time.Time) []byte {
	latest := map[string]Ignored{}
	for _, i := range all {
		if i.holds(now) {
			latest[i.ID] = i
		}
	}
	return encode(ignoreText{slices.SortedFunc(maps.Values(latest), func(a, b Ignored) int { return cmp.Compare(a.ID, b.ID) })})
}

// Adopt writes findings into the files: what exists is right then. It returns the files to
// write, by name below the folder of the templates, whose name positions begin with. What
// the files ask for and does not exist has to be taken out of them by hand: the error
// says where.
func Adopt(p *Plan, s *Snapshot, folder string, ids []string) (map[string][]byte, error) {
	w, err := newWorld(s)
	if err != nil {
		return nil, err
	}
	files, taken, wanted := map[string][]byte{}, map[string]bool{}, map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	going := map[string]bool{}
	for _, c := range p.Changes {
		if c.Action == DeleteSet {
			going[c.Set] = true
		}
	}
	var problems Problems
	for _, c := range p.Changes {
		at := c.At
		if !wanted[c.ID] && !(c.Action == Unassign && wanted["delete/"+c.Set]) {
			continue
		}
		delete(wanted, c.ID)
		switch c.Action {
		case UpdateSet, DeleteSet:
			name := strings.TrimPrefix(strings.TrimPrefix(at.File, folder), "/")
			if at.File == "" {
				name = fileName(taken, setsFolder, c.Set)
			}
			if files[name], err = setText(c.Before); err != nil {
				return nil, fmt.Errorf("write permission set %s: %w", c.Set, err)
			}
		case Unassign:
			if going[c.Set] && !slices.Contains(ids, "delete/"+c.Set) {
				problems = append(problems, Problem{Message: fmt.Sprintf("%s is assigned, and no file describes it.", c.Set), Fix: "Adopt delete/" + c.Set + ", which adopts its assignments too."})
				continue
			}
			who := w.names[*c.Principal]
			if who == "" {
				problems = append(problems, Problem{Message: "Nobody has the id " + c.Principal.ID + ": files name principals.", Fix: "Revert it."})
				continue
			}
			entry := assignmentText{SID: "adopted-" + c.ID, Target: []string{w.label(c.Account)}, PrincipalType: c.Principal.Type, PrincipalId: who, PermissionSetName: c.Set}
			if c.Account == w.ManagementAccount {
				entry.ManagementAccount = Include
			}
			files[fileName(taken, assignmentsFolder, "adopted-"+c.Set+"-"+c.Account+"-"+who)] = encode(assignmentsText{[]assignmentText{entry}})
		default:
			problems = append(problems, Problem{At: at, Message: p.drifted(&c) + " The file asks for it.", Fix: "Take it out of the file, or Exclude the account there."})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		problems = append(problems, Problem{Message: fmt.Sprintf("There is no finding %q.", clip(id)), Fix: "Take its id from sallyport drift."})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return files, nil
}
