package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

func sessionCommand() *cobra.Command {
	return noun("session", "Sign-ins, in browsers and programs",
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
		revokeCommand(),
	)
}

func revokeCommand() *cobra.Command {
	var policy bool
	v := verb[api.RevokeUserSessionsInput]{use: "revoke STORE USER", short: "Sign a user of an identity store out everywhere, at once", ask: "DELETE /identity-stores/{store}/users/{user}/sessions",
		signs: true, bind: func(in *api.RevokeUserSessionsInput, f *pflag.FlagSet) []*string {
			f.BoolVar(&policy, "aws-policy", false, "ask no server; print the policy that does so at AWS, for USER, an id")
			return []*string{&in.Store, &in.User}
		}}
	cmd := showing(v, table[api.RevokedSessions]{
		{"user", func(r api.RevokedSessions) string { return r.UserName }},
		{"id", func(r api.RevokedSessions) string { return r.UserID }},
		{"revoked", func(r api.RevokedSessions) string { return inZone(r.RevokedAt) }},
		{"sessions", func(r api.RevokedSessions) string { return strconv.Itoa(r.Sessions) }},
		{"credentials", func(r api.RevokedSessions) string { return strconv.Itoa(r.Credentials) }},
		{"accounts", func(r api.RevokedSessions) string { return strconv.Itoa(len(r.Accounts)) }},
	})
	cmd.Args = needStoreAndUser
	cmd.Long = `Sign a user of an identity store out everywhere, at once.

Browsers and programs are signed out, and the credentials of accounts that they were
handed end with them. USER is an id or a user name. The request is signed with AWS
credentials, taken from where the AWS CLI takes them; policies must allow
identitystore-auth:BatchDeleteSession.

With AWS itself nothing ends credentials that were handed out. --aws-policy prints
the policy that refuses them: attach it to the organization's root, or to the roles,
until the longest session is over.`
	revoke := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !policy {
			return revoke(cmd, args)
		}
		return denyEarlier(cmd, args[1], time.Now())
	}
	return cmd
}

// denyEarlier prints the policy of "Revoke active IAM role sessions created by
// permission sets" in the IAM Identity Center User Guide.
func denyEarlier(cmd *cobra.Command, user string, issued time.Time) error {
	if _, err := uuid.Parse(user); err != nil {
		return fmt.Errorf("%w: the policy names a user by id, such as %s, not %q", errUsage, uuid.Nil, user)
	}
	type (
		condition map[string]map[string]string
		statement struct {
			Sid, Effect, Action, Resource string
			Condition                     condition
		}
	)
	text, err := json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"RevokedSessions", "Deny", "*", "*", condition{
		"StringEquals": {"identitystore:UserId": user},
		"DateLessThan": {"aws:TokenIssueTime": issued.UTC().Format(time.RFC3339)},
	}}}}, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "Attach this as a service control policy. It does not touch the management account, where it belongs to each role.")
	_, err = fmt.Fprintln(cmd.OutOrStdout(), string(text))
	return err
}
