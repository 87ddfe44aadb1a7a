package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
)

// applying is the command line of apply.
type applying struct {
	side
	pipeline.Options
	approve, full bool
	canary        int
	output, state string
}

func applyCommand() *cobra.Command {
	a := &applying{}
	cmd := &cobra.Command{
		Use:   "apply [PLAN | FOLDER]",
		Short: "Make access what a saved plan, or files, say",
		Long: `Carry out a plan that sallyport plan --out saved, or plan the files of a folder (templates,
when nothing is named), ask, and carry that out.

A saved plan is refused when what it relies on has changed since. Applying can be
interrupted at any moment, and begun again with the same plan or the same files: what
was done is found, and nothing is done twice. What fails is told with its cause, while
the rest goes on; the exit code is 1 then.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := newPrinter(cmd, a.output)
			if err != nil {
				return err
			}
			return a.run(cmd, p, templatesFolder(args))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&a.approve, "auto-approve", false, "do not ask")
	flags.IntVar(&a.canary, "canary", 0, "do `so many` accounts first, and the others only when all went well there")
	flags.StringVar(&a.state, "state", "", "`file` that keeps what was last applied, for sallyport drift; by default one below $XDG_STATE_HOME")
	flags.StringVarP(&a.output, "output", "o", "table", "`format`: table or json")
	bindPlanning(cmd, &a.Options, &a.full)
	a.bind(flags)
	return cmd
}

func (a *applying) run(cmd *cobra.Command, p printer, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	do := a.saved
	if info.IsDir() {
		do = a.fresh
	}
	return do(cmd, p, from)
}

// saved carries out a plan from a file.
func (a *applying) saved(cmd *cobra.Command, p printer, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	plan, err := pipeline.DecodePlan(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := guarded(cmd, plan); err != nil {
		return err
	}
	if a.instance == "" {
		a.instance = plan.Instance.ARN
	}
	client, err := a.open(cmd.Context())
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	now, err := client.ForPlan(cmd.Context(), plan)
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	return a.carryOut(cmd, p, client, plan, now)
}

// fresh plans files and, when that is approved, carries it out.
func (a *applying) fresh(cmd *cobra.Command, p printer, folder string) error {
	client, err := a.open(cmd.Context())
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	made, err := planFiles(cmd, client, folder, a.Options, a.full)
	if err != nil {
		return err
	}
	show := cmd.OutOrStdout()
	if p.json {
		show = cmd.ErrOrStderr()
	}
	if err := made.WriteText(show, !p.json && colours(cmd)); err != nil {
		return err
	}
	if err := guarded(cmd, made.Plan); err != nil {
		return err
	}
	now := made.snapshot
	if !a.approve && !made.Empty() {
		if err := approved(cmd); err != nil {
			return err
		}
		// That took its time: what the plan relies on may have changed.
		if now, err = client.ForPlan(cmd.Context(), made.Plan); err != nil {
			return interrupted(cmd.Context(), err)
		}
	}
	return a.carryOut(cmd, p, client, made.Plan, now)
}

// guarded refuses a plan that breaks a guard.
func guarded(cmd *cobra.Command, plan *pipeline.Plan) error {
	for _, g := range plan.Failed() {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: the guard %q fails: %s\n", g.At, printable(g.Rule), printable(strings.Join(g.Found, "; ")))
	}
	if len(plan.Failed()) > 0 {
		return errors.New("guards failed: nothing was applied")
	}
	return nil
}

var errNotApproved = errors.New("not approved: nothing was applied")

func approved(cmd *cobra.Command) error {
	fmt.Fprint(cmd.ErrOrStderr(), "\nDo this? Only yes is taken for an answer: ")
	answer, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1<<10)).ReadString('\n')
	fmt.Fprintln(cmd.ErrOrStderr())
	if strings.TrimSpace(answer) != "yes" {
		if err != nil && answer == "" {
			return fmt.Errorf("%w: nobody answered; say --auto-approve where there is nobody to ask", errNotApproved)
		}
		return errNotApproved
	}
	return nil
}

// carryOut does what is still to do of a plan that may be carried out.
func (a *applying) carryOut(cmd *cobra.Command, p printer, client *live.Client, plan *pipeline.Plan, now *pipeline.Snapshot) error {
	changes, err := plan.Remaining(now)
	if err != nil {
		return fmt.Errorf("the plan is stale, nothing was applied:\n%w", err)
	}
	bar := newProgress(cmd, plan, len(changes))
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	tell := context.AfterFunc(ctx, func() { bar.say("Interrupted: waiting for what was asked for already.") })
	o := client.Apply(ctx, changes, live.Applying{Canary: a.canary, Progress: bar.ended})
	tell()
	bar.close()
	if err := a.remember(client, plan, now, changes, o); err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "What was applied could not be remembered, for sallyport drift:", err)
	}
	if err := writeOutcome(cmd, p, o); err != nil {
		return err
	}
	switch {
	case o.Complete():
		return nil
	case o.Stopped != "":
		return fmt.Errorf("applying stopped, as %s: %d done, %d failed, %d under way, %d not begun; apply again to go on",
			o.Stopped, o.Count(live.Done), o.Count(live.Failed), o.Count(live.Underway), o.Count(live.Left))
	}
	return fmt.Errorf("%d of %d changes were not done: mend what is told above, and apply again", len(o.Results)-o.Count(live.Done), len(o.Results))
}

func writeOutcome(cmd *cobra.Command, p printer, o *live.Outcome) error {
	if p.json {
		return p.document(struct {
			Version int           `json:"version"`
			Item    *live.Outcome `json:"item"`
		}{outputVersion, o})
	}
	if len(o.Results) == 0 {
		_, err := fmt.Fprintln(p.to, "Nothing to do.")
		return err
	}
	if !o.Complete() {
		return nil
	}
	_, err := fmt.Fprintf(p.to, "Applied: %s done with %s.\n", counted(len(o.Results), "change"), counted(o.Calls, "call"))
	return err
}

// progress shows how far applying is: a bar on a terminal, else a line for each change.
type progress struct {
	to     io.Writer
	bar    bool
	names  map[string]string
	total  int
	done   int
	begun  time.Time
	failed bool
}

func newProgress(cmd *cobra.Command, plan *pipeline.Plan, total int) *progress {
	return &progress{to: cmd.ErrOrStderr(), bar: isTerminal(cmd.ErrOrStderr()), names: plan.Names, total: total, begun: time.Now()}
}

const barWidth = 30

// ended is told of a change that has ended.
func (b *progress) ended(r live.Result) {
	b.done++
	if !b.bar || r.State != live.Done {
		line := fmt.Sprintf("%-8s %s", r.State, b.change(r.Change))
		if r.Cause != "" {
			line += ": " + r.Cause
		}
		b.say(line)
	}
	b.draw()
}

// say writes a line, above the bar where there is one.
func (b *progress) say(line string) {
	if b.bar {
		fmt.Fprint(b.to, "\r\x1b[K")
	}
	fmt.Fprintln(b.to, printable(line))
}

func (b *progress) draw() {
	if !b.bar {
		return
	}
	full := barWidth * b.done / max(b.total, 1)
	left := ""
	if b.done > 0 && b.done < b.total {
		each := time.Since(b.begun) / time.Duration(b.done)
		left = ", about " + (each * time.Duration(b.total-b.done)).Round(time.Second).String() + " left"
	}
	fmt.Fprintf(b.to, "\r\x1b[K[%s%s] %d of %d%s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), b.done, b.total, left)
}

func (b *progress) close() {
	if b.bar && b.total > 0 {
		fmt.Fprintln(b.to)
	}
}

// change says what a change does, with names.
func (b *progress) change(c *pipeline.Change) string {
	what := string(c.Action) + " " + c.Set
	if c.Principal != nil {
		what += " to"
		if c.Action == pipeline.Unassign {
			what = string(c.Action) + " " + c.Set + " from"
		}
		what += " " + strings.ToLower(string(c.Principal.Type)) + " " + b.name(c.Principal.ID)
	}
	if c.Account != "" {
		what += " in " + b.name(c.Account)
	}
	return what
}

func (b *progress) name(id string) string {
	if name := b.names[id]; name != "" {
		return name + " (" + id + ")"
	}
	return id
}
