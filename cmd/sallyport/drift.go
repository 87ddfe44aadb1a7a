package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
)

// drifting is the command line of drift.
type drifting struct {
	side
	adopt, revert, ignore []string
	until, because, out   string
	output, state         string
}

var findingColumns = table[pipeline.Finding]{
	{"id", func(f pipeline.Finding) string { return f.ID }},
	{"changed", func(f pipeline.Finding) string { return string(f.Origin) }},
	{"what", func(f pipeline.Finding) string { return f.Message }},
	{"ignored until", func(f pipeline.Finding) string { return f.IgnoredUntil }},
}

func driftCommand() *cobra.Command {
	d := &drifting{}
	cmd := &cobra.Command{
		Use:         "drift [FOLDER]",
		Short:       "Show how access differs from the files, and from what was last applied",
		Annotations: map[string]string{detailed: ""},
		Long: `Compare files, what was last applied and what exists. What exists is read completely:
assignments that nobody wrote down are found on every permission set of ours, those of
principals that are gone as well.

Each finding has an id, and is dealt with in one of three ways:

  --adopt ID                  write it into the files: what exists is right
  --revert ID --out PLAN      plan to undo it: sallyport apply PLAN does
  --ignore ID --until DATE    let it be for a while; kept in ` + pipeline.IgnoreFile + ` beside the files

CHANGED tells what changed since sallyport apply last did something about it here: what
exists (outside), the files, or both. The exit code is 0 when there is no finding that
is not ignored, 2 when there is, and 1 when looking failed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := newPrinter(cmd, d.output)
			if err != nil {
				return err
			}
			return d.run(cmd, p, templatesFolder(args))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&d.adopt, "adopt", nil, "`id` of a finding to write into the files; more than once for several")
	flags.StringArrayVar(&d.revert, "revert", nil, "`id` of a finding to plan to undo")
	flags.StringVar(&d.out, "out", "", "`file` for that plan")
	flags.StringArrayVar(&d.ignore, "ignore", nil, "`id` of a finding to ignore")
	flags.StringVar(&d.until, "until", "", "the last `day` to ignore it on, such as 2026-12-31")
	flags.StringVar(&d.because, "because", "", "why it is ignored")
	flags.StringVar(&d.state, "state", "", "`file` of what was last applied, as sallyport apply --state wrote it")
	flags.StringVarP(&d.output, "output", "o", "table", "`format`: table or json")
	d.bind(flags)
	return cmd
}

func (d *drifting) check() error {
	_, err := time.Parse(time.DateOnly, d.until)
	switch {
	case len(d.revert) > 0 && d.out == "":
		return fmt.Errorf("%w: --revert needs --out FILE, for the plan", errUsage)
	case len(d.ignore) > 0 && err != nil:
		return fmt.Errorf("%w: --ignore needs --until with a day such as 2026-12-31", errUsage)
	}
	return nil
}

func (d *drifting) run(cmd *cobra.Command, p printer, folder string) error {
	if err := d.check(); err != nil {
		return err
	}
	ignored, err := readIgnored(folder)
	if err != nil {
		return err
	}
	client, err := d.open(cmd.Context())
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	made, err := planFiles(cmd, client, folder, pipeline.Options{}, true)
	if err != nil {
		return err
	}
	record, err := readRecord(d.state, client.Instance.ARN)
	if err != nil {
		return err
	}
	now := time.Now()
	findings := pipeline.Drift(made.Plan, record, ignored, now)
	if ignored, err = d.ignoring(folder, findings, ignored, now); err != nil {
		return err
	}
	if err := d.adopting(folder, made); err != nil {
		return err
	}
	if err := d.reverting(made); err != nil {
		return err
	}
	settled := slices.Concat(d.adopt, d.ignore)
	findings = pipeline.Drift(made.Plan, record, ignored, now)
	findings = slices.DeleteFunc(findings, func(f pipeline.Finding) bool { return slices.Contains(d.adopt, f.ID) })
	return d.tell(p, findings, settled)
}

func (d *drifting) tell(p printer, findings []pipeline.Finding, settled []string) error {
	open := slices.ContainsFunc(findings, func(f pipeline.Finding) bool { return f.IgnoredUntil == "" })
	if len(findings) == 0 && !p.json {
		text := "No drift: what exists is what the files say.\n"
		if len(settled) > 0 {
			text = "No drift is left.\n"
		}
		_, err := fmt.Fprint(p.to, text)
		return err
	}
	if err := findingColumns.list(p, findings); err != nil {
		return err
	}
	if open {
		return errChanges
	}
	return nil
}

func (d *drifting) ignoring(folder string, findings []pipeline.Finding, ignored []pipeline.Ignored, now time.Time) ([]pipeline.Ignored, error) {
	for _, id := range d.ignore {
		if !slices.ContainsFunc(findings, func(f pipeline.Finding) bool { return f.ID == id }) {
			return nil, fmt.Errorf("there is no finding %q", id)
		}
		ignored = append(ignored, pipeline.Ignored{ID: id, Until: d.until, Because: d.because})
	}
	if len(d.ignore) == 0 {
		return ignored, nil
	}
	return ignored, replaceFile(filepath.Join(folder, pipeline.IgnoreFile), pipeline.WriteIgnored(ignored, now), 0o644)
}

// adopting writes findings into files. These are tried before the first is written over.
func (d *drifting) adopting(folder string, made planned) error {
	if len(d.adopt) == 0 {
		return nil
	}
	files, err := pipeline.Adopt(made.Plan, made.snapshot, folder, d.adopt)
	if err != nil {
		return err
	}
	if err := writeFiles(folder, files, true); err != nil {
		return err
	}
	templates, err := readTemplates(folder)
	if err != nil {
		return fmt.Errorf("the files that were written are not right:\n%w", err)
	}
	again, err := pipeline.NewPlan(templates, made.snapshot, pipeline.Options{})
	if err != nil {
		return fmt.Errorf("the files that were written are not right:\n%w", err)
	}
	for _, c := range again.Changes {
		if slices.Contains(d.adopt, c.ID) {
			return fmt.Errorf("%s was written into the files, and they still say otherwise elsewhere", c.ID)
		}
	}
	return nil
}

// reverting saves a plan of the findings that are to be undone.
func (d *drifting) reverting(made planned) error {
	if len(d.revert) == 0 {
		return nil
	}
	plan, err := pipeline.NewPlan(made.templates, made.snapshot, pipeline.Options{Only: d.revert, Managed: managedPolicy})
	if err != nil {
		return err
	}
	return savePlan(plan, d.out, "")
}

func readIgnored(folder string) ([]pipeline.Ignored, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	text, err := root.ReadFile(pipeline.IgnoreFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return pipeline.ReadIgnored(text)
}

// recordAt is where what was last applied to an instance is kept.
func recordAt(said, instance string) (string, error) {
	if said != "" {
		return said, nil
	}
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		state = filepath.Join(home, ".local", "state")
	}
	sum := sha256.Sum256([]byte(instance))
	return filepath.Join(state, "sallyport", "applied-"+hex.EncodeToString(sum[:8])+".json"), nil
}

// readRecord reads what was last applied; nil when nothing is known.
func readRecord(said, instance string) (*pipeline.Record, error) {
	path, err := recordAt(said, instance)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := pipeline.DecodeRecord(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if r.Instance != instance {
		return nil, nil // of another instance
	}
	return r, nil
}

// remember keeps what was applied, for drift to compare with.
func (a *applying) remember(client *live.Client, plan *pipeline.Plan, now *pipeline.Snapshot, changes []pipeline.Change, o *live.Outcome) error {
	record, err := readRecord(a.state, client.Instance.ARN)
	if err != nil {
		return err
	}
	if record == nil {
		record = &pipeline.Record{Instance: client.Instance.ARN}
	}
	at := time.Now().UTC()
	for i, r := range o.Results {
		if r.State == live.Done {
			record.Note(&changes[i], at)
		}
	}
	if record.FormatVersion == 0 {
		return nil // nothing was done, and nothing is known
	}
	path, err := recordAt(a.state, client.Instance.ARN)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replaceFile(path, record.Encode(), 0o600)
}
