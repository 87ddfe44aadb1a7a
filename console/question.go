package console

import (
	"fmt"
	"reflect"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/signin"
)

// question is an operation with the types of its input and output.
type question[In, Out any] struct {
	runner *operation.Runner
	op     *operation.Operation
}

// ask runs the operation for whoever visits.
func (q question[In, Out]) ask(v *visit, in In) (*Out, error) {
	v.asked = q.op
	before := v.request.Caller
	out, err := operation.Ask[Out](v.Context(), q.runner, q.op, v.request, in)
	if v.request.Credential.Acting != nil {
		v.request.Caller = before // whoever acts in a role is who they are, on the page
	}
	return out, err
}

func (q *question[In, Out]) bind(runner *operation.Runner, op *operation.Operation) {
	if in, out := reflect.TypeFor[In](), reflect.TypeFor[Out](); op.In != in || op.Out != out {
		panic(fmt.Sprintf("console: operation %s takes %s and answers %s, not %s and %s", op.Name, op.In, op.Out, in, out))
	}
	q.runner, q.op = runner, op
}

// bindQuestions finds the operation for each field of questions by its name.
func bindQuestions(runner *operation.Runner, operations []*operation.Operation) (q questions) {
	named := map[string]*operation.Operation{}
	for _, op := range operations {
		named[op.Name] = op
	}
	fields := reflect.ValueOf(&q).Elem()
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		op := named[name]
		if op == nil {
			panic("console: there is no operation " + name)
		}
		fields.Field(i).Addr().Interface().(interface {
			bind(*operation.Runner, *operation.Operation)
		}).bind(runner, op)
	}
	return q
}

// questions is every operation the pages call. A field's name is that of the
// operation.
type questions struct {
	DescribeSignIn     question[signin.DescribeSignInInput, signin.DescribeSignInOutput]
	DescribeSelf       question[signin.Empty, signin.Self]
	FirstPassword      question[signin.FirstPasswordInput, signin.Session]
	OpenPortal         question[signin.OpenPortalInput, signin.Portal]
	GetRoleCredentials question[signin.GetRoleCredentialsInput, signin.RoleCredentials]
	SignOutEverywhere  question[signin.Empty, identitycenter.Proof]
	SetupState         question[signin.Empty, signin.SetupStateOutput]
	Setup              question[signin.SetupInput, signin.Session]
	StartSignUp        question[signin.StartSignUpInput, signin.Verification]
	VerifyEmail        question[signin.VerifyEmailInput, signin.Verification]
	CompleteSignUp     question[signin.CompleteSignUpInput, signin.Session]
	SignIn             question[signin.SignInInput, signin.Session]
	SignOut            question[signin.Empty, signin.Empty]
	StartPasswordReset question[signin.StartPasswordResetInput, signin.Empty]
	ResetPassword      question[signin.ResetPasswordInput, signin.Session]
	ChangePassword     question[signin.ChangePasswordInput, signin.Empty]
	DeleteAccount      question[signin.DeleteAccountInput, signin.Empty]

	DescribeDevice        question[signin.DeviceInput, signin.Device]
	ApproveDevice         question[signin.DeviceInput, signin.Empty]
	DenyDevice            question[signin.DeviceInput, signin.Empty]
	DescribeAuthorization question[signin.AuthorizationInput, signin.Authorization]
	Authorize             question[signin.AuthorizationInput, signin.AuthorizeOutput]

	GetProfile        question[api.Empty, api.Profile]
	UpdateProfile     question[api.UpdateProfileInput, api.Profile]
	ListSessions      question[api.Empty, api.List[api.Session]]
	EndSession        question[api.EndSessionInput, api.Empty]
	EndOtherSessions  question[api.Empty, api.Empty]
	CreateAccessToken question[api.CreateAccessTokenInput, api.CreatedAccessToken]
	ListAccessTokens  question[api.ListAccessTokensInput, api.List[api.AccessToken]]
	DeleteAccessToken question[api.DeleteAccessTokenInput, api.Empty]

	RotateAccessToken question[api.RotateAccessTokenInput, api.CreatedAccessToken]
	ListSpaceTokens   question[api.ListSpaceTokensInput, api.List[api.SpaceToken]]
	ShutOutToken      question[api.SpaceTokenInput, api.SpaceToken]
	ReadmitToken      question[api.SpaceTokenInput, api.SpaceToken]
	LimitTokens       question[api.LimitTokensInput, api.Space]

	ExplainOwnAccess   question[api.ExplainOwnAccessInput, api.Access]
	ListOwnPermissions question[api.ListOwnPermissionsInput, api.List[string]]
	CreateSpace        question[api.CreateSpaceInput, api.Space]
	ListSpaces         question[api.ListSpacesInput, api.List[api.Space]]
	GetSpace           question[api.GetSpaceInput, api.Space]
	ListMembers        question[api.ListMembersInput, api.List[api.Member]]
	SetMemberRole      question[api.SetMemberRoleInput, api.Member]
	RemoveMember       question[api.RemoveMemberInput, api.Empty]

	CreateProject      question[api.CreateProjectInput, api.Project]
	ListProjects       question[api.ListProjectsInput, api.List[api.Project]]
	GetProject         question[api.GetProjectInput, api.Project]
	ListProjectMembers question[api.ListProjectMembersInput, api.List[api.ProjectMember]]
	SetProjectRole     question[api.SetProjectRoleInput, api.Empty]
	RemoveFromProject  question[api.RemoveFromProjectInput, api.Empty]
	ListProjectTeams   question[api.ListProjectTeamsInput, api.List[api.ProjectTeam]]

	RequestPipeline       question[api.RequestPipelineInput, api.RequestedPipeline]
	ListPipelines         question[api.ListPipelinesInput, api.List[api.Pipeline]]
	GetPipeline           question[api.PipelineInput, api.Pipeline]
	DeletePipeline        question[api.PipelineInput, api.Empty]
	NotifyOfPipeline      question[api.NotifyInput, api.Empty]
	StartPipelineRun      question[api.StartRunInput, api.PipelineRun]
	ListPipelineRuns      question[api.ListRunsInput, api.List[api.PipelineRun]]
	GetPipelineRun        question[api.RunInput, api.PipelineRun]
	GetPendingPipeline    question[api.PipelineTokenInput, api.AccountPipeline]
	AcceptPipeline        question[api.PipelineTokenInput, api.AccountPipeline]
	RejectPipeline        question[api.PipelineTokenInput, api.AccountPipeline]
	ListAccountPipelines  question[api.ListAccountPipelinesInput, api.List[api.AccountPipeline]]
	DeleteAccountPipeline question[api.AccountPipelineInput, api.Empty]
	GetPipelineRunLog     question[api.RunInput, api.PipelineRunLog]
	AddTeamToProject      question[api.AddTeamToProjectInput, api.ProjectTeam]
	ChangeTeamProjectRole question[api.ChangeTeamProjectRoleInput, api.ProjectTeam]
	RemoveTeamFromProject question[api.RemoveTeamFromProjectInput, api.Empty]

	CreateRepository question[api.CreateRepositoryInput, api.Repository]
	ListRepositories question[api.ListRepositoriesInput, api.List[api.Repository]]
	GetRepository    question[api.GetRepositoryInput, api.Repository]
	DeleteRepository question[api.DeleteRepositoryInput, api.Empty]
	SetDefaultBranch question[api.SetDefaultBranchInput, api.Repository]
	ListBranches     question[api.ListBranchesInput, api.List[api.Branch]]
	ListBranchRules  question[api.ListBranchRulesInput, api.List[api.BranchRule]]
	SetBranchRule    question[api.SetBranchRuleInput, api.BranchRule]

	CreateTeam       question[api.CreateTeamInput, api.Team]
	ListTeams        question[api.ListTeamsInput, api.List[api.Team]]
	GetTeam          question[api.GetTeamInput, api.Team]
	UpdateTeam       question[api.UpdateTeamInput, api.Team]
	ListTeamMembers  question[api.ListTeamMembersInput, api.List[api.TeamMember]]
	AddTeamMember    question[api.AddTeamMemberInput, api.Empty]
	RemoveTeamMember question[api.RemoveTeamMemberInput, api.Empty]

	InviteToSpace           question[api.InviteToSpaceInput, api.Invitation]
	ListInvitations         question[api.ListInvitationsInput, api.List[api.Invitation]]
	CancelInvitation        question[api.CancelInvitationInput, api.Empty]
	InviteToProject         question[api.InviteToProjectInput, api.Invitation]
	ListProjectInvitations  question[api.ListProjectInvitationsInput, api.List[api.Invitation]]
	CancelProjectInvitation question[api.CancelProjectInvitationInput, api.Empty]
	RequestConnection       question[api.RequestConnectionInput, api.RequestedConnection]
	ListConnections         question[api.ListConnectionsInput, api.List[api.Connection]]
	GetConnection           question[api.GetConnectionInput, api.ConnectionDetail]
	RestrictConnection      question[api.RestrictConnectionInput, api.ConnectionDetail]
	UnrestrictConnection    question[api.UnrestrictConnectionInput, api.ConnectionDetail]
	VerifyConnectionRole    question[api.VerifyRoleInput, api.ConnectionRole]
	RemoveConnectionRole    question[api.RemoveConnectionRoleInput, api.Empty]
	DeleteConnection        question[api.DeleteConnectionInput, api.Empty]
	ListVPCConnections      question[api.ListVPCConnectionsInput, api.List[api.VPCConnection]]
	CreateVPCConnection     question[api.CreateVPCConnectionInput, api.VPCConnection]
	UpdateVPCConnection     question[api.UpdateVPCConnectionInput, api.VPCConnection]
	DeleteVPCConnection     question[api.DeleteVPCConnectionInput, api.Empty]

	ListEnvironments  question[api.ListEnvironmentsInput, api.List[api.Environment]]
	GetEnvironment    question[api.GetEnvironmentInput, api.Environment]
	CreateEnvironment question[api.CreateEnvironmentInput, api.Environment]
	UpdateEnvironment question[api.UpdateEnvironmentInput, api.Environment]
	DeleteEnvironment question[api.DeleteEnvironmentInput, api.Empty]

	GetPendingConnection              question[api.ConnectionTokenInput, api.AccountConnection]
	AcceptConnection                  question[api.ConnectionTokenInput, api.AccountConnection]
	RejectConnection                  question[api.ConnectionTokenInput, api.AccountConnection]
	ListAccountConnections            question[api.ListAccountConnectionsInput, api.List[api.AccountConnection]]
	GetAccountConnection              question[api.AccountConnectionInput, api.AccountConnection]
	DeleteAccountConnection           question[api.AccountConnectionInput, api.Empty]
	ListIamRolesForConnection         question[api.AccountConnectionInput, api.List[api.ConnectionRole]]
	AssociateIamRoleToConnection      question[api.AssociateRoleInput, api.ConnectionRole]
	DisassociateIamRoleFromConnection question[api.DisassociateRoleInput, api.Empty]
	CreateDevelopmentRole             question[api.AccountConnectionInput, api.ConnectionRole]
	ReportAccountAccess               question[api.ReportAccountAccessInput, api.AccountReport]
	ReportConnectionAccess            question[api.ReportConnectionAccessInput, api.AccountReport]

	DescribeInvitation question[api.AnswerInvitationInput, api.Offer]
	AcceptInvitation   question[api.AnswerInvitationInput, api.Offer]
	DeclineInvitation  question[api.AnswerInvitationInput, api.Offer]
}
