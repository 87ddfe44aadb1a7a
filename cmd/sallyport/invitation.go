package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

var invitationColumns = table[api.Invitation]{
	{"email", func(i api.Invitation) string { return i.Email }},
	{"role", func(i api.Invitation) string { return i.Role }},
	{"project", func(i api.Invitation) string { return i.Project }},
	{"state", func(i api.Invitation) string { return i.State }},
	{"invited by", func(i api.Invitation) string { return i.InvitedBy }},
	{"expires", func(i api.Invitation) string { return when(i.ExpiresAt) }},
	{"id", func(i api.Invitation) string { return i.ID }},
}

var offerColumns = table[api.Offer]{
	{"space", func(o api.Offer) string { return o.Space }},
	{"project", func(o api.Offer) string { return o.Project }},
	{"role", func(o api.Offer) string { return o.Role }},
	{"invited by", func(o api.Offer) string { return o.InvitedBy }},
	{"state", func(o api.Offer) string { return o.State }},
}

const (
	toSpace   = "/spaces/{space}/invitations"
	toProject = "/spaces/{space}/projects/{project}/invitations"
)

// inProject chooses between two operations: one on a project that is named, else
// the one on the space. The input is the project's; the other has the same members
// but for that one.
func inProject(path string, project string) string {
	if project == "" {
		return toSpace + path
	}
	return toProject + path
}

func inviteCommand() *cobra.Command {
	v := verb[api.InviteToProjectInput]{use: "invite EMAIL ROLE", short: "Mail somebody an invitation to a space, or to a project of it",
		bind: func(in *api.InviteToProjectInput, f *pflag.FlagSet) []*string {
			f.StringVar(&in.Project, "project", "", "`name` of the project; ROLE is then one of the project")
			return []*string{&in.Body.Email, (*string)(&in.Body.Role)}
		}}
	return v.command(func(cmd *cobra.Command, a asked[api.InviteToProjectInput]) error {
		var invited api.Invitation
		if err := call(cmd.Context(), a.remote, a.token, "POST "+inProject("", a.in.Project), a.in, nil, &invited); err != nil {
			return err
		}
		return invitationColumns.one(a.printer, invited)
	})
}

func invitationCommand() *cobra.Command {
	return noun("invitation", "Invitations to spaces and projects",
		invitationList(), invitationCancel(),
		showing(answering("show", "Show what an invitation offers", "describe"), offerColumns),
		showing(answering("accept", "Accept an invitation sent to your address", "accept"), offerColumns),
		showing(answering("decline", "Decline an invitation; its sender is told", "decline"), offerColumns),
	)
}

// answering is a verb of somebody who was sent a link.
func answering(name, short, path string) verb[api.AnswerInvitationInput] {
	return verb[api.AnswerInvitationInput]{use: name + " TOKEN", short: short + "; TOKEN is the end of the mailed link", ask: "POST /invitations/" + path,
		bind: func(in *api.AnswerInvitationInput, _ *pflag.FlagSet) []*string { return []*string{&in.Body.Token} }}
}

func projectFlag(f *pflag.FlagSet, to *string) {
	f.StringVar(to, "project", "", "only invitations to the project of this `name`")
}

func invitationList() *cobra.Command {
	var most int
	v := verb[api.ListProjectInvitationsInput]{use: "list", short: "List invitations, the latest first",
		bind: func(in *api.ListProjectInvitationsInput, f *pflag.FlagSet) []*string {
			projectFlag(f, &in.Project)
			f.IntVar(&most, "limit", 100, "show at most so many; 0: all")
			return nil
		}}
	return v.command(func(cmd *cobra.Command, a asked[api.ListProjectInvitationsInput]) error {
		items, err := pages[api.ListProjectInvitationsInput, api.Invitation](cmd, a, "GET "+inProject("", a.in.Project), most)
		if err != nil {
			return err
		}
		return invitationColumns.list(a.printer, items)
	})
}

func invitationCancel() *cobra.Command {
	v := verb[api.CancelProjectInvitationInput]{use: "cancel ID", short: "Withdraw an invitation nobody has answered",
		bind: func(in *api.CancelProjectInvitationInput, f *pflag.FlagSet) []*string {
			projectFlag(f, &in.Project)
			return []*string{&in.ID}
		}}
	return v.command(func(cmd *cobra.Command, a asked[api.CancelProjectInvitationInput]) error {
		if err := call(cmd.Context(), a.remote, a.token, "DELETE "+inProject("/{id}", a.in.Project), a.in, nil, nil); err != nil {
			return err
		}
		cmd.PrintErrln("Cancelled the invitation.")
		return nil
	})
}
