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
