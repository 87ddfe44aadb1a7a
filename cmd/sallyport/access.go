package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

var decisionColumns = table[api.Access]{
	{"user", func(a api.Access) string { return a.Alias }},
	{"may", func(a api.Access) string { return a.Allows }},
	{"project", func(a api.Access) string { return a.Project }},
	{"allowed", func(a api.Access) string { return yesNo(a.Allowed) }},
	{"because", func(a api.Access) string { return a.Reason }},
}

func accessCommand() *cobra.Command {
	return noun("access", "Who may do what in a space, and why",
		accessWhy(),
		listing(verb[api.WhoCanInput]{use: "who-can PERMISSION [PROJECT]", short: "List everybody who may do something, and why", ask: "GET /spaces/{space}/access/who-can",
			bind: func(in *api.WhoCanInput, _ *pflag.FlagSet) []*string { return []*string{&in.Permission, &in.Project} }}, table[api.Access]{
			{"user", func(a api.Access) string { return a.Alias }},
			{"name", func(a api.Access) string { return a.DisplayName }},
			{"because", func(a api.Access) string { return a.Reason }},
		}),
		accessReport(),
	)
}

// me is no alias, being too short for one: whoever asks about themselves needs no
// permission to.
const me = "me"

func accessWhy() *cobra.Command {
	v := verb[api.ExplainAccessInput]{use: "why USER PERMISSION [PROJECT]", short: "Explain whether somebody may do something; USER may be me",
		bind: func(in *api.ExplainAccessInput, _ *pflag.FlagSet) []*string {
			return []*string{&in.User, &in.Permission, &in.Project}
		}}
	return v.command(func(cmd *cobra.Command, a asked[api.ExplainAccessInput]) (err error) {
		var answer api.Access
		if a.in.User == me {
			own := &api.ExplainOwnAccessInput{Space: a.in.Space, Permission: a.in.Permission, Project: a.in.Project}
			err = call(cmd.Context(), a.remote, a.token, "GET /spaces/{space}/access/own", own, nil, &answer)
		} else {
			err = call(cmd.Context(), a.remote, a.token, "GET /spaces/{space}/access/why", a.in, nil, &answer)
		}
		if err != nil {
			return err
		}
		return decisionColumns.one(a.printer, answer)
	})
}

// held is a line of the report.
type held struct {
	user  string
	grant api.Grant
}

// accessReport is about a space or, with an account given, about who reaches that: as
// the space sees it, or as the account's side does, who signs.
func accessReport() *cobra.Command {
	var account, space, login, format string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "List every role held in a space, or everybody who can reach an account, and how",
		Long: `List every role held in a space, and how it is come by.

With --account, list who can reach that account, and by what path: which people, through
which project and environment, in which role. Together with --space it is what the space
knows, asked with your sign-in. Without, it is asked of the account's side, with the AWS
credentials of a principal of that account: every space that is connected.`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&space, "space", os.Getenv("SALLYPORT_SPACE"), "`name` of the space")
	flags.StringVar(&account, "account", "", "`number` of an account: who can reach it")
	flags.StringVarP(&format, "output", "o", "table", "table, or json for programs")
	flags.StringVar(&login, "login", cmp.Or(os.Getenv("SALLYPORT_LOGIN"), defaultLogin), "`name` of the sign-in to use")
	signing := addSigningFlags(flags)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := newPrinter(cmd, format)
		if err != nil {
			return err
		}
		if account != "" && space == "" {
			s, err := signing(cmd.Context())
			if err != nil {
				return err
			}
			return writeAccountReport(cmd.Context(), p, s, "GET /account/access", &api.ReportAccountAccessInput{}, account)
		}
		if err := (spaceFlag{&space}).given(); err != nil {
			return err
		}
		s, err := signIn(cmd.Context(), login)
		if err != nil {
			return err
		}
		if account != "" {
			return advised(writeAccountReport(cmd.Context(), p, s, "GET /spaces/{space}/access/accounts/{account}", &api.ReportConnectionAccessInput{Space: space, Account: account}, account))
		}
		return advised(writeSpaceReport(cmd.Context(), p, s, space))
	}
	return cmd
}

func writeSpaceReport(ctx context.Context, p printer, s signedIn, space string) error {
	var report api.AccessReport
	if err := call(ctx, s.remote, s.token, "GET /spaces/{space}/access/report", &api.AccessReportInput{Space: space}, nil, &report); err != nil {
		return err
	}
	if p.json {
		return p.document(report) // has a version of its own
	}
	var lines []held
	for _, user := range report.Users {
		for _, grant := range user.Grants {
			lines = append(lines, held{user.Alias, grant})
		}
	}
	return table[held]{
		{"user", func(h held) string { return h.user }},
		{"role", func(h held) string { return h.grant.Role }},
		{"project", func(h held) string { return h.grant.Project }},
		{"through team", func(h held) string { return h.grant.Team }},
	}.list(p, lines)
}

// path is a line of the report about an account.
type path struct {
	space       api.ReachingSpace
	project     api.ReachingProject
	environment api.ReachingEnvironment
	way         api.Way
}

func writeAccountReport[In any](ctx context.Context, p printer, s signedIn, ask string, in *In, account string) error {
	var report api.AccountReport
	if err := call(ctx, s.remote, s.token, ask, in, nil, &report); err != nil {
		return err
	}
	if report.Account != account {
		return fmt.Errorf("your credentials are of the account %s, and who reaches %s its own principals are told: sign as one, or ask as a space with --space", report.Account, account)
	}
	if p.json {
		return p.document(report) // has a version of its own
	}
	var lines []path
	for _, space := range report.Spaces {
		for _, project := range space.Projects {
			for _, environment := range project.Environments {
				for _, way := range environment.Ways {
					lines = append(lines, path{space, project, environment, way})
				}
			}
		}
	}
	return table[path]{
		{"space", func(l path) string { return l.space.Name }},
		{"project", func(l path) string { return l.project.Name }},
		{"people", func(l path) string { return joined(l.project.People, personAndGrant) }},
		{"environment", func(l path) string { return l.environment.Name + " (" + l.environment.Type + ")" }},
		{"connection", func(l path) string { return l.space.Connection }},
		{"role", func(l path) string {
			if l.way.Default {
				return l.way.Role + " (default)"
			}
			return l.way.Role
		}},
		{"way", func(l path) string { return l.way.State }},
		{"because", func(l path) string { return strings.Join(present(l.way.Link, l.way.Because, l.way.Warning), ": ") }},
	}.list(p, lines)
}

// personAndGrant is somebody with the first of the roles by which they are who they are.
func personAndGrant(p api.ReachingPerson) string {
	how := p.Grants[0].Role
	if team := p.Grants[0].Team; team != "" {
		how += " by team " + team
	}
	return p.Alias + " (" + how + ")"
}

// present are those of some texts that say something.
func present(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

func auditCommand() *cobra.Command {
	return noun("audit", "What happened in a space",
		listing(verb[api.ListEventsInput]{use: "list", short: "List events, the latest first", ask: "GET /spaces/{space}/events", most: 100,
			bind: func(in *api.ListEventsInput, f *pflag.FlagSet) []*string {
				moment(f, "from", "only events since then, 30 days ago if not given", before, func(t time.Time) { in.From = t })
				moment(f, "to", "only events before then", before, func(t time.Time) { in.To = t })
				f.StringVar(&in.Name, "name", "", "only events of this `name`, such as createProject")
				return nil
			}}, table[api.Event]{
			{"at", func(e api.Event) string { return when(e.At) }},
			{"event", func(e api.Event) string { return e.Name }},
			{"user", func(e api.Event) string { return e.Principal.Alias }},
			{"project", func(e api.Event) string { return e.Project }},
			{"result", func(e api.Event) string { return result(e) }},
			{"because", func(e api.Event) string { return e.Reason }},
		}),
	)
}

func result(e api.Event) string {
	if e.Error == "" {
		return "done"
	}
	return e.Error
}
