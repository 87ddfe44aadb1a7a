package main

import (
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

func accessReport() *cobra.Command {
	const ask = "GET /spaces/{space}/access/report"
	v := verb[api.AccessReportInput]{use: "report", short: "List every role held in a space, and how it is come by"}
	return v.command(func(cmd *cobra.Command, a asked[api.AccessReportInput]) error {
		var report api.AccessReport
		if err := call(cmd.Context(), a.remote, a.token, ask, a.in, nil, &report); err != nil {
			return err
		}
		if a.json {
			return a.document(report) // has a version of its own
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
		}.list(a.printer, lines)
	})
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
