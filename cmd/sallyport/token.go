package main

import (
	"cmp"
	"fmt"
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
	{"scope", func(t api.AccessToken) string { return tokenScope(t.Scope) }},
	{"last used", func(t api.AccessToken) string {
		if t.LastUsed == nil {
			return ""
		}
		return when(t.LastUsed.At) + " from " + t.LastUsed.Address
	}},
	{"state", func(t api.AccessToken) string {
		if t.RotatedAt == nil {
			return ""
		}
		return "rotated"
	}},
}

var createdTokenColumns = table[api.CreatedAccessToken]{
	{"name", func(t api.CreatedAccessToken) string { return t.Name }},
	{"id", func(t api.CreatedAccessToken) string { return t.ID }},
	{"expires", func(t api.CreatedAccessToken) string { return when(t.ExpiresAt) }},
	{"scope", func(t api.CreatedAccessToken) string { return tokenScope(t.Scope) }},
	{"secret", func(t api.CreatedAccessToken) string { return t.Secret }},
}

var spaceTokenColumns = table[api.SpaceToken]{
	{"user", func(t api.SpaceToken) string { return t.User }},
	{"id", func(t api.SpaceToken) string { return t.ID }},
	{"created", func(t api.SpaceToken) string { return when(t.CreatedAt) }},
	{"expires", func(t api.SpaceToken) string { return when(t.ExpiresAt) }},
	{"scope", func(t api.SpaceToken) string { return tokenScope(t.Scope) }},
	{"last used here", func(t api.SpaceToken) string { return when(orZero(t.LastUsedAt)) }},
	{"state", func(t api.SpaceToken) string { return string(t.State) }},
}

// tokenScope is what a token reaches, for people.
func tokenScope(s api.TokenScope) string {
	scope := cmp.Or(s.Path, "everything")
	if s.ReadOnly {
		scope += ", read only"
	}
	return scope
}

func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

func tokenCommand() *cobra.Command {
	ofSpace := func(in *api.SpaceTokenInput, _ *pflag.FlagSet) []*string { return []*string{&in.ID} }
	return noun("token", "Personal access tokens: passwords for Git and packages",
		listing(verb[api.ListAccessTokensInput]{use: "list", short: "List your personal access tokens", ask: "GET /tokens"}, accessTokenColumns),
		showing(verb[api.CreateAccessTokenInput]{use: "create NAME", short: "Create a personal access token; its secret is shown this once", ask: "POST /tokens",
			bind: func(in *api.CreateAccessTokenInput, f *pflag.FlagSet) []*string {
				moment(f, "expires", "until when it is good, a year if not given", after, func(t time.Time) { in.Body.ExpiresAt = &t })
				f.StringVar(&in.Body.Space, "space", "", "`name` of the one space it is good for, all of yours if not given")
				f.StringVar(&in.Body.Project, "project", "", "`name` of the one project of the space")
				f.StringVar(&in.Body.Repository, "repository", "", "`name` of the one repository of the project")
				f.BoolVar(&in.Body.ReadOnly, "read-only", false, "it does what the role Read only may do, whatever you may")
				return []*string{&in.Body.Name}
			}}, createdTokenColumns),
		showing(verb[api.RotateAccessTokenInput]{use: "rotate ID", short: "Make the successor of a token, of the same name and scope; its secret is shown this once", ask: "POST /tokens/{id}/rotation",
			bind: func(in *api.RotateAccessTokenInput, f *pflag.FlagSet) []*string {
				f.Func("overlap", "how long the old token goes on, such as 72h, at most to its end; a day if not given, 0 ends it at once", func(given string) error {
					overlap, err := time.ParseDuration(given)
					if err == nil && overlap < 0 {
						err = fmt.Errorf("%s is before now", given)
					}
					seconds := int(overlap / time.Second)
					in.Body.OverlapSeconds = &seconds
					return err
				})
				moment(f, "expires", "until when the new one is good, for as long as the old one was made for if not given", after, func(t time.Time) { in.Body.ExpiresAt = &t })
				return []*string{&in.ID}
			}}, createdTokenColumns),
		doing(verb[api.DeleteAccessTokenInput]{use: "delete ID", short: "Delete a personal access token", ask: "DELETE /tokens/{id}",
			bind: func(in *api.DeleteAccessTokenInput, _ *pflag.FlagSet) []*string { return []*string{&in.ID} }}, "Deleted the token."),
		listing(verb[api.ListSpaceTokensInput]{use: "inventory", short: "List the tokens that reach a space, as a Space administrator", ask: "GET /spaces/{space}/tokens"}, spaceTokenColumns),
		showing(verb[api.SpaceTokenInput]{use: "shut-out ID", short: "Shut a token out of a space, with all it is rotated into", ask: "PUT /spaces/{space}/tokens/{id}/shut-out", bind: ofSpace}, spaceTokenColumns),
		showing(verb[api.SpaceTokenInput]{use: "readmit ID", short: "Let a token into a space again", ask: "DELETE /spaces/{space}/tokens/{id}/shut-out", bind: ofSpace}, spaceTokenColumns),
		limitTokensCommand(),
	)
}

func limitTokensCommand() *cobra.Command {
	cmd := doing(verb[api.LimitTokensInput]{use: "limit", short: "Say for how long the tokens used in a space may be made", ask: "PUT /spaces/{space}/token-limit",
		bind: func(in *api.LimitTokensInput, f *pflag.FlagSet) []*string {
			f.IntVar(&in.Body.Days, "days", 0, "most `days` a token may be made for; 0: any number")
			return nil
		}}, "The limit is set.")
	if err := cmd.MarkFlagRequired("days"); err != nil {
		panic(err) // the flag is above
	}
	return cmd
}
