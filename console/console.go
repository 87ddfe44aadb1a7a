// Package console is the pages: everything a person does with Sallyport in a
// browser.
//
// A page is a row in a table: its path, its template, a function that finds
// what it shows and one function for each of its forms. One wrapper renders
// every outcome:
//
//	GET   show ──────────────────────────────> the template
//	POST  form ── done ───> 303 to another page
//	           ── refused ─> show, the form as it was typed and the reason beside it
//	any   nobody signed in ─> 303 to /sign-in, and back afterwards
//
// Builder ID users and users of an identity store have different pages, and ways to
// sign in; a page's door says to which of them it leads.
//
// The functions call operations like every other surface and know no other way
// to anything, so a button can do nothing the API would refuse. There are no
// scripts. What the pages look like is in templates and static.
package console

import (
	"net/http"

	"github.com/sallyport/sallyport/operation"
)

// console holds what the functions of pages need.
type console struct {
	ask   questions
	looks *looks
}

// New makes the pages. It panics when an operation they call is missing.
func New(runner *operation.Runner, operations []*operation.Operation) http.Handler {
	c := &console{ask: bindQuestions(runner, operations), looks: loadLooks()}
	mux := http.NewServeMux()
	for _, p := range c.pages() {
		mux.Handle(p.path, c.handler(p))
	}
	missing := c.handler(page{template: "missing", show: c.showOpen})
	mux.Handle("GET /static/{file}", c.looks.static(missing))
	mux.Handle("/", missing)
	// SameSite cookies keep other sites' forms from acting as somebody already;
	// this refuses them outright, also those that would sign somebody in as
	// somebody else.
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(c.refuseCrossOrigin))
	return guarded(protection.Handler(mux))
}

// pages is the table. What is shown also decides who may see it: a page with
// nothing of its own shows the profile, and so takes a sign-in.
func (c *console) pages() []page {
	return []page{
		{path: "/setup", template: "setup", show: c.showOpen, forms: forms{"set-up": c.setup}},
		{path: "/sign-up", template: "sign-up", show: c.showOpen, forms: forms{"sign-up": c.signUp}},
		{path: "/verify", template: "verify", show: c.showOpen, forms: forms{"verify": c.verify, "send-again": c.signUp}},
		{path: "/welcome", template: "welcome", show: c.showOpen, forms: forms{"create": c.completeSignUp}},

		{path: "/sign-in", template: "sign-in", show: c.showSignIn, forms: forms{"sign-in": c.signIn}},
		{path: "/first-password", template: "first-password", show: c.showFirstPassword, forms: forms{"choose": c.firstPassword}},
		{path: "/sign-out", template: "sign-out", show: c.showOpen, forms: forms{"sign-out": c.signOut}},
		{path: "/forgot", template: "forgot", show: c.showOpen, forms: forms{"send": c.forgot}},
		{path: "/reset", template: "reset", show: c.showOpen, forms: forms{"replace": c.reset}},

		{path: "/device", template: "device", show: c.showDevice, door: c.askedStore, forms: forms{"approve": c.approveDevice, "refuse": c.refuseDevice}},
		{path: "/device/approved", template: "device-approved", show: c.showSelf},
		{path: "/device/refused", template: "device-refused", show: c.showSelf},
		{path: "/authorize", template: "authorize", show: c.showAuthorization, door: c.clientStore, forms: forms{"approve": c.authorize, "refuse": c.refuseAuthorization}},
		{path: "/invitation", template: "invitation", show: c.showInvitation, forms: forms{"accept": c.acceptInvitation, "decline": c.declineInvitation}},

		{path: "/{$}", template: "home", show: c.showHome},
		{path: "/start", template: "start", show: c.showPortal, door: c.defaultStore, forms: c.portalForms()},
		{path: "/start/{store}", template: "start", show: c.showPortal, door: c.namedStore, forms: c.portalForms()},
		{path: "/start/accounts/{account}/{role}/spaces", template: "account-spaces", show: c.showAccountSpaces, door: c.defaultStore, forms: forms{
			"look": c.acting(c.lookAtRequest), "accept": c.acting(c.acceptRequest), "reject": c.acting(c.rejectRequest),
			"accept-pipeline": c.acting(c.acceptPipeline), "reject-pipeline": c.acting(c.rejectPipeline), "end-pipeline": c.acting(c.endPipeline)}},
		{path: "/start/accounts/{account}/{role}/spaces/{id}", template: "account-space", show: c.showAccountSpace, door: c.defaultStore, forms: forms{
			"add-role": c.acting(c.addRoleToSpace), "remove-role": c.acting(c.removeRoleFromSpace), "development-role": c.acting(c.makeDevelopmentRole), "disconnect": c.acting(c.disconnectSpace)}},
		{path: "/start/accounts/{account}/{role}/access", template: "access", show: c.showAccountAccess, door: c.defaultStore},
		{path: "/profile", template: "profile", show: c.showProfile, forms: forms{
			"rename": c.rename, "change-password": c.changePassword, "delete-account": c.deleteAccount}},
		{path: "/sessions", template: "sessions", show: c.showSessions, forms: forms{"end": c.endSession, "end-others": c.endOtherSessions}},
		{path: "/tokens", template: "tokens", show: c.showTokens, forms: forms{"create": c.createToken, "rotate": c.rotateToken, "delete": c.deleteToken}},

		{path: "/spaces", template: "new-space", show: c.showHome, forms: forms{"create": c.createSpace}},
		{path: "/spaces/{space}", template: "space", show: c.showSpace, forms: forms{
			"create-project": c.createProject, "create-team": c.createTeam, "invite": c.inviteToSpace, "cancel-invitation": c.cancelInvitation,
			"set-role": c.setMemberRole, "remove": c.removeMember}},
		{path: "/spaces/{space}/tokens", template: "space-tokens", show: c.showSpaceTokens, forms: forms{
			"shut-out": c.shutOutToken, "readmit": c.readmitToken, "limit": c.limitTokens}},
		{path: "/spaces/{space}/teams/{team}", template: "team", show: c.showTeam, forms: forms{"set-role": c.setRoleOfTeam, "add": c.addTeamMember, "remove": c.removeTeamMember}},
		{path: "/spaces/{space}/connections", template: "connections", show: c.showConnections, forms: forms{
			"request": c.requestConnection, "create-network": c.createVPCConnection, "change-network": c.changeVPCConnection, "delete-network": c.deleteVPCConnection}},
		{path: "/spaces/{space}/connections/{connection}", template: "connection", show: c.showConnection, forms: forms{
			"restrict": c.restrictConnection, "unrestrict": c.unrestrictConnection, "verify-role": c.verifyConnectionRole, "remove-role": c.removeConnectionRole, "delete": c.deleteConnection}},
		{path: "/spaces/{space}/connections/{connection}/access", template: "access", show: c.showConnectionAccess},
		{path: "/spaces/{space}/projects/{project}/environments", template: "environments", show: c.showEnvironments, forms: forms{
			"create": c.createEnvironment, "change": c.changeEnvironment, "delete": c.deleteEnvironment}},
		{path: "/spaces/{space}/projects/{project}", template: "project", show: c.showProject, forms: forms{
			"invite": c.inviteToProject, "cancel-invitation": c.cancelProjectInvitation,
			"add-member": c.setProjectRole, "set-role": c.setProjectRole, "remove": c.removeFromProject,
			"add-team": c.addTeamToProject, "set-team-role": c.setTeamRole, "remove-team": c.removeTeamFromProject, "connect": c.requestPipeline,
			"create-repository": c.createRepository}},
		{path: "/spaces/{space}/projects/{project}/repositories/{repository}", template: "repository", show: c.showRepository, forms: forms{
			"set-rule": c.setBranchRule, "set-default": c.setDefaultBranch, "delete": c.deleteRepository}},
		{path: "/spaces/{space}/projects/{project}/pipelines/{pipeline}", template: "pipeline", show: c.showPipeline, forms: forms{
			"run": c.startRun, "notify": c.notifyOfPipeline, "delete": c.deletePipeline}},
		{path: "/spaces/{space}/projects/{project}/pipelines/{pipeline}/runs/{number}", template: "pipeline-run", show: c.showRun},
	}
}
