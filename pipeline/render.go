package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Counts are how many things a plan adds, changes and destroys: permission sets and
// account assignments. Provisioning follows from a change and is not counted.
func (p *Plan) Counts() (add, change, destroy int) {
	for _, c := range p.Changes {
		switch c.Action {
		case CreateSet, Assign:
			add++
		case UpdateSet:
			change++
		case DeleteSet, Unassign:
			destroy++
		}
	}
	return add, change, destroy
}

// Empty reports that there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// Summary is the line that Terraform ends a plan with.
func (p *Plan) Summary() string {
	if p.Empty() {
		return "No changes. What exists is what the files say."
	}
	add, change, destroy := p.Counts()
	text := fmt.Sprintf("Plan: %d to add, %d to change, %d to destroy.", add, change, destroy)
	if n := p.provisioned(); n > 0 {
		text += " " + count(n, "permission set", "permission sets") + " to provision."
	}
	return text
}

func (p *Plan) provisioned() (n int) {
	for _, c := range p.Changes {
		if c.Action == ProvisionSet {
			n++
		}
	}
	return n
}

// printable keeps out what would steer a terminal, or turn text around: names are chosen
// by strangers.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// The colours of the notation.
const (
	green  = "32"
	yellow = "33"
	red    = "31"
	bold   = "1"
)

// painter writes the plan for people.
type painter struct {
	to     bytes.Buffer
	colour bool
	plan   *Plan
}

func (r *painter) paint(colour, text string) string {
	if !r.colour || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// line writes one line: a sign, and text that may come from anywhere.
func (r *painter) line(indent int, sign, format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = printable(text)
		}
	}
	colour := map[string]string{"+": green, "-": red, "~": yellow, ">": yellow, "!": yellow, "-/+": red, "#": bold}[sign]
	if sign != "" {
		sign = r.paint(colour, sign) + " "
	}
	fmt.Fprintf(&r.to, "%s%s%s\n", strings.Repeat(" ", indent), sign, fmt.Sprintf(format, args...))
}

func (r *painter) blank() { r.to.WriteByte('\n') }

// WriteText writes the plan in Terraform's notation: + what is added, ~ what changes, -
// what is destroyed, -/+ what is replaced, > what is provisioned again.
func (p *Plan) WriteText(to io.Writer, colour bool) error {
	r := &painter{colour: colour, plan: p}
	r.warnings()
	if !p.Empty() {
		r.line(0, "", "Sallyport will do the following:")
		r.blank()
		r.sets()
		r.assignments()
		r.access()
	}
	r.guards()
	r.line(0, "", "%s", p.Summary())
	if !p.Empty() {
		r.line(0, "", "It takes about %s and %s.", count(p.Estimate.Calls, "call", "calls"), (time.Duration(p.Estimate.Seconds) * time.Second).String())
	}
	if p.Partial {
		r.line(0, "", "Assignments of users and groups that are gone were not read; --full reads them.")
	}
	_, err := to.Write(r.to.Bytes())
	return err
}

func (r *painter) warnings() {
	for _, w := range r.plan.Warnings {
		at := ""
		if w.At.File != "" {
			at = w.At.String() + ": "
		}
		r.line(0, "!", "Warning: %s%s", at, w.Message)
		if w.Fix != "" {
			r.line(4, "", "%s", w.Fix)
		}
	}
	if len(r.plan.Warnings) > 0 {
		r.blank()
	}
}

func (r *painter) sets() {
	for _, replaced := range r.plan.Replaces {
		r.line(2, "-/+", "permission set %q becomes %q: another role ARN in %s", replaced.From, replaced.To, count(replaced.Accounts, "account", "accounts"))
		r.blank()
	}
	for _, c := range r.plan.Changes {
		switch c.Action {
		case CreateSet:
			r.about(c, "will be created")
			r.line(2, "+", "permission set %q", c.Set)
			r.fields(c, "+")
		case UpdateSet:
			what := "will be changed"
			if len(c.Marks) > 0 {
				what = "will become ours"
			}
			r.about(c, what)
			r.line(2, "~", "permission set %q", c.Set)
			r.fields(c, "~")
		case DeleteSet:
			r.about(c, "is in no file any more and will be deleted")
			r.line(2, "-", "permission set %q", c.Set)
			for _, f := range differences(&PermissionSet{}, c.Before) {
				r.field(FieldChange{Field: f.Field, Before: f.After, Remove: f.Add}, "-")
			}
			r.blank()
		case ProvisionSet:
			r.about(c, "will be provisioned")
			r.line(2, ">", "permission set %q in %s: %s", c.Set, count(len(c.Accounts), "account", "accounts"), r.accounts(c.Accounts))
			r.blank()
		}
	}
}

func (r *painter) about(c Change, what string) {
	at := ""
	if c.At.File != "" {
		at = "  (" + c.At.String() + ")"
	}
	r.line(2, "#", "permission set %s %s%s", c.Set, what, at)
}

func (r *painter) fields(c Change, sign string) {
	for _, key := range slices.Sorted(maps.Keys(c.Marks)) {
		r.line(6, "+", "tag %s = %q", key, c.Marks[key])
	}
	for _, f := range c.Fields {
		r.field(f, sign)
	}
	r.blank()
}

func (r *painter) field(f FieldChange, sign string) {
	switch {
	case f.Field == CustomPolicy:
		r.line(6, sign, "%s", string(f.Field))
		for _, line := range policyDiff(f.Before, f.After) {
			r.line(10, strings.TrimSpace(line.sign), "%s", line.blankSign()+line.text)
		}
	case len(f.Add)+len(f.Remove) > 0:
		r.line(6, sign, "%s", string(f.Field))
		for _, item := range f.Remove {
			r.line(10, "-", "%s", item)
		}
		for _, item := range f.Add {
			r.line(10, "+", "%s", item)
		}
	case f.Before == "":
		r.line(6, "+", "%s = %q", string(f.Field), f.After)
	case f.After == "":
		r.line(6, "-", "%s = %q", string(f.Field), f.Before)
	default:
		r.line(6, "~", "%s: %q -> %q", string(f.Field), f.Before, f.After)
	}
}

// name is what the plan calls an id.
func (p *Plan) name(id string) string {
	if name := p.Names[id]; name != "" {
		return id + " (" + name + ")"
	}
	return id
}

func (r *painter) accounts(ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = r.plan.name(id)
	}
	return listed(names)
}

// holding is one principal's assignments of one set, which are told together.
type holding struct {
	action  Action
	set     string
	who     Principal
	changes []Change
}

func (p *Plan) holdings() (all []*holding) {
	type key struct {
		action Action
		set    string
		who    Principal
	}
	at := map[key]*holding{}
	for _, c := range p.Changes {
		if c.Principal == nil {
			continue
		}
		k := key{c.Action, c.Set, *c.Principal}
		if at[k] == nil {
			at[k] = &holding{c.Action, c.Set, *c.Principal, nil}
			all = append(all, at[k])
		}
		at[k].changes = append(at[k].changes, c)
	}
	return all
}

// mostAccounts is how many accounts of one line of assignments are written out.
const mostAccounts = 50

func (r *painter) assignments() {
	because := r.plan.reasons()
	for _, h := range r.plan.holdings() {
		sign, what := "+", "gets"
		if h.action == Unassign {
			sign, what = "-", "no longer gets"
		}
		r.line(2, sign, "%s %s %s in %s", principalWords(h.who, r.plan.Names[h.who.ID]), what, h.set, count(len(h.changes), "account", "accounts"))
		for i, c := range h.changes {
			if i == mostAccounts {
				r.line(10, "", "and %d more; --output json has all", len(h.changes)-i)
				break
			}
			why := ""
			if reason := because[reasonKey{c.At, c.Account}]; reason != "" && h.action == Assign {
				why = "  # " + reason + ", " + c.At.String()
			}
			r.line(8, sign, "%s%s", r.plan.name(c.Account), why)
		}
		r.blank()
	}
}

type reasonKey struct {
	at      Position
	account string
}

// reasons say why an assignment of the files is about an account.
func (p *Plan) reasons() map[reasonKey]string {
	all := map[reasonKey]string{}
	for _, m := range p.Matches {
		for _, a := range m.Accounts {
			all[reasonKey{m.At, a.Account}] = a.Because
		}
	}
	return all
}

func (r *painter) access() {
	if len(r.plan.Access) == 0 {
		return
	}
	r.line(0, "#", "Who gains and who loses access")
	r.blank()
	for _, a := range r.plan.Access {
		r.line(2, "", "%s in %s: %s  (%s)", principalWords(a.Principal, r.plan.Names[a.Principal.ID]), count(len(a.Accounts), "account", "accounts"), r.accounts(a.Accounts), strings.Join(a.Sets, ", "))
		for _, line := range a.Gains {
			r.line(6, "+", "%s", line)
		}
		for _, line := range a.Loses {
			r.line(6, "-", "%s", line)
		}
		for _, line := range a.Unknown {
			r.line(6, "!", "%s, which is not known here", line)
		}
	}
	r.blank()
}

func (r *painter) guards() {
	if len(r.plan.Guards) == 0 {
		return
	}
	r.line(0, "#", "Guards")
	for _, g := range r.plan.Guards {
		if g.Passed {
			r.line(2, "", "%s %s", r.paintMark(green, "ok"), g.Rule)
		} else {
			r.line(2, "", "%s %s  (%s)", r.paintMark(red, "FAILED"), g.Rule, g.At.String())
			if g.Because != "" {
				r.line(6, "", "because %s", g.Because)
			}
			for _, line := range g.Found {
				r.line(6, "-", "%s", line)
			}
		}
		for _, line := range g.Notes {
			r.line(6, "!", "%s", line)
		}
	}
	r.blank()
}

// paintMark is a coloured word that line leaves as it is.
func (r *painter) paintMark(colour, text string) painted { return painted(r.paint(colour, text)) }

type painted string

// WriteJSON writes the plan as programs read it: what [Plan.Encode] saves.
func (p *Plan) WriteJSON(to io.Writer) error {
	_, err := to.Write(p.Encode())
	return err
}

// diffLine is a line of a diff: sign is "+ ", "- " or "  ".
type diffLine struct{ sign, text string }

func (d diffLine) blankSign() string {
	if strings.TrimSpace(d.sign) == "" {
		return "  "
	}
	return ""
}

// policyDiff compares two documents line by line, in one form.
func policyDiff(before, after string) []diffLine {
	return lineDiff(policyLines(before), policyLines(after))
}

// policyLines writes a document out, a value a line, members sorted.
func policyLines(text string) []string {
	if text == "" {
		return nil
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(canonicalPolicy(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return strings.Split(text, "\n")
	}
	var to strings.Builder
	encoder := json.NewEncoder(&to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return strings.Split(text, "\n")
	}
	return strings.Split(strings.TrimSuffix(to.String(), "\n"), "\n")
}

// maxDiffed bounds the work of a diff: longer texts are shown whole.
const maxDiffed = 4000

// lineDiff keeps a longest common subsequence of lines. What is far from any change is
// left out.
func lineDiff(before, after []string) []diffLine {
	var lines []diffLine
	if len(before)*len(after) > maxDiffed*maxDiffed/4 {
		for _, text := range before {
			lines = append(lines, diffLine{"- ", text})
		}
		for _, text := range after {
			lines = append(lines, diffLine{"+ ", text})
		}
		return lines
	}
	longest := make([][]int32, len(before)+1)
	for i := range longest {
		longest[i] = make([]int32, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if before[i] == after[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && before[i] == after[j]:
			lines = append(lines, diffLine{"  ", before[i]})
			i, j = i+1, j+1
		case i < len(before) && (j == len(after) || longest[i+1][j] >= longest[i][j+1]):
			lines = append(lines, diffLine{"- ", before[i]})
			i++
		default:
			lines = append(lines, diffLine{"+ ", after[j]})
			j++
		}
	}
	return near(lines)
}

// contextLines is how much around a change is shown.
const contextLines = 3

func near(lines []diffLine) (shown []diffLine) {
	changed := func(i int) bool { return i >= 0 && i < len(lines) && lines[i].sign != "  " }
	skipped := 0
	for i, line := range lines {
		close := false
		for k := i - contextLines; k <= i+contextLines && !close; k++ {
			close = changed(k)
		}
		if !close {
			skipped++
			continue
		}
		if skipped > 0 {
			shown = append(shown, diffLine{"  ", fmt.Sprintf("# %s alike", count(skipped, "line", "lines"))})
			skipped = 0
		}
		shown = append(shown, line)
	}
	if skipped > 0 {
		shown = append(shown, diffLine{"  ", fmt.Sprintf("# %s alike", count(skipped, "line", "lines"))})
	}
	return shown
}
