package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

var accessTokenColumns = table[api.AccessToken]{
	{"name", func(t api.AccessToken) string { return t.Name }},
	{"id", func(t api.AccessToken) string { return t.ID }},
	{"created", func(t api.AccessToken) string { return when(t.CreatedAt) }},
	{"expires", func(t api.AccessToken) string { return when(t.ExpiresAt) }},
}

func tokenCommand() *cobra.Command {
	return noun("token", "Personal access tokens: passwords for Git and packages",
		listing(verb[api.ListAccessTokensInput]{use: "list", short: "List your personal access tokens", ask: "GET /tokens"}, accessTokenColumns),
		showing(verb[api.CreateAccessTokenInput]{use: "create NAME", short: "Create a personal access token; its secret is shown this once", ask: "POST /tokens",
			bind: func(in *api.CreateAccessTokenInput, f *pflag.FlagSet) []*string {
				moment(f, "expires", "until when it is good, a year if not given", after, func(t time.Time) { in.Body.ExpiresAt = &t })
				return []*string{&in.Body.Name}
			}}, table[api.CreatedAccessToken]{
			{"name", func(t api.CreatedAccessToken) string { return t.Name }},
			{"id", func(t api.CreatedAccessToken) string { return t.ID }},
			{"expires", func(t api.CreatedAccessToken) string { return when(t.ExpiresAt) }},
			{"secret", func(t api.CreatedAccessToken) string { return t.Secret }},
		}),
		doing(verb[api.DeleteAccessTokenInput]{use: "delete ID", short: "Delete a personal access token", ask: "DELETE /tokens/{id}",
			bind: func(in *api.DeleteAccessTokenInput, _ *pflag.FlagSet) []*string { return []*string{&in.ID} }}, "Deleted the token."),
	)
}

func sessionCommand() *cobra.Command {
	return noun("session", "Your sign-ins, in browsers and programs",
		listing(verb[api.Empty]{use: "list", short: "List your sign-ins, the latest first", ask: "GET /sessions"}, table[api.Session]{
			{"id", func(s api.Session) string { return s.ID }},
			{"kind", func(s api.Session) string { return s.Kind }},
			{"program", func(s api.Session) string { return s.ClientName }},
			{"address", func(s api.Session) string { return s.Address }},
			{"used", func(s api.Session) string { return when(s.UsedAt) }},
			{"expires", func(s api.Session) string { return when(s.ExpiresAt) }},
			{"this", func(s api.Session) string { return yesNo(s.Current) }},
		}),
		doing(verb[api.EndSessionInput]{use: "end ID", short: "End one of your sign-ins", ask: "DELETE /sessions/{id}",
			bind: func(in *api.EndSessionInput, _ *pflag.FlagSet) []*string { return []*string{&in.ID} }}, "Ended the session."),
		doing(verb[api.Empty]{use: "end-others", short: "End all your sign-ins but this one", ask: "DELETE /sessions"}, "Ended your other sessions."),
	)
}
