package role

// row is one line of the matrix.
type row struct {
	roles  Role
	scope  Scope
	name   string
	allows string
}

// A column for each role, in the order of their bits, so that a line reads like one of
// the table: s Space administrator, p Power user, l Limited access, a Project
// administrator, c Contributor, r Reviewer, o Read only. These are all the unions the
// matrix needs.
const (
	s______ = SpaceAdministrator
	sp_____ = SpaceAdministrator | PowerUser
	sp_a___ = SpaceAdministrator | PowerUser | ProjectAdministrator
	sp_acro = SpaceAdministrator | PowerUser | projectRoles
	s__a___ = SpaceAdministrator | ProjectAdministrator
	s__ac__ = SpaceAdministrator | ProjectAdministrator | Contributor
	s__acr_ = SpaceAdministrator | ProjectAdministrator | Contributor | Reviewer
	s__acro = SpaceAdministrator | projectRoles
	splacro = spaceRoles | projectRoles
)

// matrix is who may do what. To change it, change a line; testdata/permissions.golden
// and docs/permissions.md follow with go test ./role -update.
var matrix = [end]row{
	// Space.
	CreateSpace:              {s______, OfSpace, "space.create", "create a space"},
	EditBilling:              {s______, OfSpace, "space.billing.edit", "change who pays for the space, and how"},
	EnableSSO:                {s______, OfSpace, "space.sso.enable", "turn single sign-on on"},
	RemoveSSO:                {s______, OfSpace, "space.sso.remove", "take single sign-on away"},
	EnableGenerativeAI:       {s______, OfSpace, "space.genai.enable", "turn generative AI on"},
	DisableGenerativeAI:      {s______, OfSpace, "space.genai.disable", "turn generative AI off"},
	DeleteSpace:              {s______, OfSpace, "space.delete", "delete the space"},
	AddSpaceAdministrator:    {s______, OfSpace, "space.admin.add", "make a member Space administrator"},
	RemoveSpaceAdministrator: {s______, OfSpace, "space.admin.remove", "take Space administrator from another member"},
	CreateTeam:               {s______, OfSpace, "space.team.create", "create a team"},
	DeleteTeam:               {s______, OfSpace, "space.team.delete", "delete a team"},
	UpdateTeam:               {s______, OfSpace, "space.team.update", "change a team"},
	DisableSpaceMachines:     {s______, OfSpace, "space.machine.disable", "shut out machine resources in the whole space"},
	EnableSpaceMachines:      {s______, OfSpace, "space.machine.enable", "let machine resources back in, in the whole space"},
	CreateProject:            {sp_____, OfSpace, "space.project.create", "create a project"},
	AssociateAccount:         {sp_____, OfSpace, "space.account.associate", "ask for a connection to an AWS account"},
	UpdateAccount:            {sp_____, OfSpace, "space.account.update", "change an account connection"},
	DisassociateAccount:      {sp_____, OfSpace, "space.account.disassociate", "detach an account connection from the space"},
	DeleteAccount:            {sp_____, OfSpace, "space.account.delete", "delete an account connection"},
	// A Power user turns the restriction on and off, and then chooses among the
	// projects they are a member of: that second check belongs to whoever keeps
	// connections, for it needs more than a role.
	RestrictAccount:     {sp_____, OfSpace, "space.account.restrict.enable", "limit an account connection to chosen projects"},
	UnrestrictAccount:   {sp_____, OfSpace, "space.account.restrict.disable", "open an account connection to every project"},
	InviteToSpace:       {sp_____, OfSpace, "space.invite", "invite people to the space"},
	CreateVPCConnection: {sp_____, OfSpace, "space.vpc.create", "create a VPC connection"},
	EditVPCConnection:   {sp_____, OfSpace, "space.vpc.edit", "change a VPC connection"},
	DeleteVPCConnection: {sp_____, OfSpace, "space.vpc.delete", "delete a VPC connection"},
	ViewLogs:            {sp_____, OfSpace, "space.logs.view", "see what happened in the space"},
	ViewAccounts:        {splacro, OfSpace, "space.account.view", "see account connections"},
	ViewIncidents:       {splacro, OfSpace, "space.incident.view", "see service incidents"},
	ViewSpace:           {splacro, OfSpace, "space.view", "see the space"},
	ViewTeams:           {splacro, OfSpace, "space.team.view", "see the teams of the space"},
	ViewVPCConnections:  {splacro, OfSpace, "space.vpc.view", "see VPC connections"},

	// Extensions.
	InstallExtension:           {sp_____, OfSpace, "ext.install", "install an extension"},
	UpdateExtension:            {sp_____, OfSpace, "ext.update", "update an extension"},
	DeleteExtension:            {sp_____, OfSpace, "ext.delete", "delete an extension"},
	ConnectGitHub:              {sp_____, OfSpace, "ext.github.connect", "connect a GitHub account"},
	DisconnectGitHub:           {sp_____, OfSpace, "ext.github.disconnect", "disconnect a GitHub account"},
	ConnectJira:                {sp_____, OfSpace, "ext.jira.connect", "connect a Jira site"},
	DisconnectJira:             {sp_____, OfSpace, "ext.jira.disconnect", "disconnect a Jira site"},
	ViewExtensionConfiguration: {sp_____, OfSpace, "ext.config.view", "see how an extension is configured"},
	ViewExtensions:             {splacro, OfSpace, "ext.view", "see extensions"},

	// Project.
	EditProjectSettings:    {s__a___, OfProject, "project.settings.edit", "change the settings of the project"},
	DisableProjectMachines: {s__a___, OfProject, "project.machine.disable", "shut out machine resources in the project"},
	EnableProjectMachines:  {s__a___, OfProject, "project.machine.enable", "let machine resources back into the project"},
	DeleteProject:          {s__a___, OfProject, "project.delete", "delete the project"},
	InviteToProject:        {s__a___, OfProject, "project.user.invite", "invite people to the project"},
	ChangeProjectRole:      {s__a___, OfProject, "project.user.role", "change a member's project role"},
	RemoveFromProject:      {s__a___, OfProject, "project.user.remove", "remove a member from the project"},
	AddTeamToProject:       {s__a___, OfProject, "project.team.add", "give a team a role in the project"},
	RemoveTeamFromProject:  {s__a___, OfProject, "project.team.remove", "remove a team from the project"},
	ChangeTeamProjectRole:  {s__a___, OfProject, "project.team.role", "change a team's project role"},
	ViewProject:            {s__acro, OfProject, "project.view", "see the project"},
	ViewProjectActivity:    {s__acro, OfProject, "project.activity.view", "see what happens in the project"},
	ViewProjectTeams:       {s__acro, OfProject, "project.team.view", "see the teams of the project"},
	ViewProjectBlueprints:  {s__acro, OfProject, "project.blueprint.view", "see the blueprints the project uses"},

	// Source repositories.
	CreateRepository:           {s__ac__, OfProject, "repo.create", "create a repository"},
	LinkRepository:             {s__ac__, OfProject, "repo.link", "link a repository kept elsewhere"},
	UnlinkRepository:           {s__a___, OfProject, "repo.unlink", "unlink a repository kept elsewhere"},
	DeleteRepository:           {s__a___, OfProject, "repo.delete", "delete a repository"},
	EditRepositorySettings:     {s__ac__, OfProject, "repo.settings.edit", "change the settings of a repository"},
	ViewRepositories:           {s__acro, OfProject, "repo.view", "see repositories"},
	ViewRepositorySettings:     {s__acro, OfProject, "repo.settings.view", "see the settings of a repository"},
	CloneRepository:            {s__acro, OfProject, "repo.clone", "clone a repository"},
	CreateBranch:               {s__ac__, OfProject, "repo.branch.create", "create a branch"},
	CreateBranchRule:           {s__a___, OfProject, "repo.branchrule.create", "create a branch rule"},
	ChangeDefaultBranch:        {s__a___, OfProject, "repo.branch.default", "choose the default branch"},
	DeleteBranch:               {s__ac__, OfProject, "repo.branch.delete", "delete a branch"},
	MergeBranches:              {s__ac__, OfProject, "repo.branch.merge", "merge one branch into another"},
	UpdateBranchRule:           {s__a___, OfProject, "repo.branchrule.update", "change a branch rule"},
	ViewBranches:               {s__acro, OfProject, "repo.branch.view", "see branches"},
	ViewBranchRules:            {s__acro, OfProject, "repo.branchrule.view", "see branch rules"},
	CreateFolder:               {s__ac__, OfProject, "repo.folder.create", "create a folder"},
	DeleteFolder:               {s__ac__, OfProject, "repo.folder.delete", "delete a folder"},
	EditFolder:                 {s__ac__, OfProject, "repo.folder.edit", "change a folder"},
	ViewFolders:                {s__acro, OfProject, "repo.folder.view", "see folders"},
	CreateFile:                 {s__ac__, OfProject, "repo.file.create", "create a file"},
	DeleteFile:                 {s__ac__, OfProject, "repo.file.delete", "delete a file"},
	EditFile:                   {s__ac__, OfProject, "repo.file.edit", "change a file"},
	ViewFiles:                  {s__acro, OfProject, "repo.file.view", "see files"},
	PushCommits:                {s__ac__, OfProject, "repo.commit.push", "commit and push"},
	ViewCommits:                {s__acro, OfProject, "repo.commit.view", "see commits"},
	CreatePullRequest:          {s__ac__, OfProject, "repo.pr.create", "open a pull request"},
	CreateApprovalRule:         {s__a___, OfProject, "repo.approvalrule.create", "create an approval rule"},
	OverridePullRequest:        {s__a___, OfProject, "repo.pr.override", "merge a pull request that lacks approvals"},
	UpdatePullRequest:          {s__ac__, OfProject, "repo.pr.update", "change a pull request"},
	UpdateApprovalRule:         {s__a___, OfProject, "repo.approvalrule.update", "change an approval rule"},
	ViewPullRequests:           {s__acro, OfProject, "repo.pr.view", "see pull requests"},
	ViewApprovalRules:          {s__acro, OfProject, "repo.approvalrule.view", "see approval rules"},
	ClosePullRequest:           {s__ac__, OfProject, "repo.pr.close", "close a pull request"},
	ApprovePullRequest:         {s__acr_, OfProject, "repo.pr.approve", "approve a pull request"},
	CommentOnPullRequest:       {s__acr_, OfProject, "repo.pr.comment", "comment on a pull request"},
	AskAssistantInPullRequest:  {s__ac__, OfProject, "repo.pr.ai.comment", "talk to the AI assistant on a pull request"},
	ReviseAssistantPullRequest: {s__ac__, OfProject, "repo.pr.ai.revision", "revise a pull request the AI assistant opened"},
	LinkIssueToPullRequest:     {s__ac__, OfProject, "repo.pr.issue.link", "link an issue to a pull request"},
	UnlinkIssueFromPullRequest: {s__ac__, OfProject, "repo.pr.issue.unlink", "unlink an issue from a pull request"},

	// Dev Environments.
	//
	// One's own and other people's are different rows: whoever asks knows the owner.
	// They live in a project, yet a Power user reaches some of them: the reason why
	// roles held in the space are looked at for every project.
	CreateOwnDevEnvironment:   {s__acr_, OfProject, "devenv.own.create", "create a Dev Environment of one's own"},
	StopOwnDevEnvironment:     {s__acr_, OfProject, "devenv.own.stop", "stop one's own Dev Environment"},
	StopOtherDevEnvironment:   {sp_a___, OfProject, "devenv.other.stop", "stop somebody else's Dev Environment"},
	ResumeOwnDevEnvironment:   {s__acr_, OfProject, "devenv.own.resume", "resume one's own Dev Environment"},
	ViewOwnDevEnvironments:    {s__acr_, OfProject, "devenv.own.view", "see one's own Dev Environments"},
	ViewOtherDevEnvironments:  {sp_a___, OfProject, "devenv.other.view", "see other people's Dev Environments"},
	EditOwnDevEnvironment:     {s__acr_, OfProject, "devenv.own.edit", "change one's own Dev Environment"},
	EditOtherDevEnvironment:   {s______, OfProject, "devenv.other.edit", "change somebody else's Dev Environment"},
	DeleteOwnDevEnvironment:   {s__acr_, OfProject, "devenv.own.delete", "delete one's own Dev Environment"},
	DeleteOtherDevEnvironment: {sp_____, OfProject, "devenv.other.delete", "delete somebody else's Dev Environment"},
	CreateDevfile:             {s__ac__, OfProject, "devenv.devfile.create", "create a devfile"},
	EditDevfile:               {s__ac__, OfProject, "devenv.devfile.edit", "change a devfile"},
	DeleteDevfile:             {s__ac__, OfProject, "devenv.devfile.delete", "delete a devfile"},
	ViewDevfile:               {s__acro, OfProject, "devenv.devfile.view", "see a devfile"},

	// Package repositories and packages.
	CreatePackageRepository:    {s__a___, OfProject, "pkg.repo.create", "create a package repository"},
	ViewPackageRepositories:    {s__acro, OfProject, "pkg.repo.view", "see package repositories"},
	EditPackageRepository:      {s__a___, OfProject, "pkg.repo.edit", "change a package repository"},
	DeletePackageRepository:    {s__a___, OfProject, "pkg.repo.delete", "delete a package repository"},
	CreateGatewayRepository:    {s__a___, OfProject, "pkg.gateway.create", "create a gateway to a public registry"},
	ViewGatewayRepositories:    {s__acro, OfProject, "pkg.gateway.view", "see gateways to public registries"},
	DeleteGatewayRepository:    {s__a___, OfProject, "pkg.gateway.delete", "delete a gateway to a public registry"},
	AddUpstreamRepository:      {s__a___, OfProject, "pkg.upstream.add", "put a repository upstream of another"},
	OrderUpstreamRepositories:  {s__a___, OfProject, "pkg.upstream.order", "choose the order upstreams are searched in"},
	RemoveUpstreamRepository:   {s__a___, OfProject, "pkg.upstream.remove", "take an upstream repository away"},
	ConnectToPackageRepository: {s__acro, OfProject, "pkg.connect", "connect a package manager"},
	ReadPackages:               {s__acro, OfProject, "pkg.read", "download packages"},
	PublishPackages:            {s__ac__, OfProject, "pkg.publish", "publish packages"},
	ReadUpstreamPackages:       {s__acro, OfProject, "pkg.upstream.read", "fetch packages from upstream and keep them"},
	ViewPackages:               {s__acro, OfProject, "pkg.view", "see packages"},
	ViewPackageVersions:        {s__acro, OfProject, "pkg.version.view", "see the versions of a package"},
	ViewPackageAssets:          {s__acro, OfProject, "pkg.asset.view", "see the files of a package version"},
	ListPackageDependencies:    {s__acro, OfProject, "pkg.deps.list", "see what a package version depends on"},
	UpdatePackageVersionStatus: {s__a___, OfProject, "pkg.version.status", "change the status of a package version"},
	UpdatePackageOrigin:        {s__a___, OfProject, "pkg.origin.update", "choose where versions of a package may come from"},
	DeletePackageVersion:       {s__a___, OfProject, "pkg.version.delete", "delete a package version"},

	// Workflows.
	CreateWorkflow:            {s__ac__, OfProject, "wf.create", "create a workflow"},
	UpdateWorkflow:            {s__ac__, OfProject, "wf.update", "change a workflow"},
	DeleteWorkflow:            {s__ac__, OfProject, "wf.delete", "delete a workflow"},
	StartWorkflowRun:          {s__ac__, OfProject, "wf.start", "start a run"},
	StopWorkflowRun:           {s__ac__, OfProject, "wf.stop", "stop a run"},
	CreateSecret:              {s__ac__, OfProject, "wf.secret.create", "create a secret"},
	UpdateSecret:              {s__a___, OfProject, "wf.secret.update", "change a secret"},
	DeleteSecret:              {s__a___, OfProject, "wf.secret.delete", "delete a secret"},
	CreateEnvironment:         {s__ac__, OfProject, "wf.env.create", "create an environment"},
	DeleteEnvironment:         {s__a___, OfProject, "wf.env.delete", "delete an environment"},
	CreateFleet:               {s__a___, OfProject, "wf.fleet.create", "create a fleet"},
	UpdateFleet:               {s__a___, OfProject, "wf.fleet.update", "change a fleet"},
	DeleteFleet:               {s__a___, OfProject, "wf.fleet.delete", "delete a fleet"},
	ManageOtherAccounts:       {s__a___, OfProject, "wf.xaccount", "manage what workflows keep in other accounts"},
	ConnectEnvironmentAccount: {s__a___, OfProject, "wf.env.account", "give an environment its account connection"},
	ChooseEnvironmentRole:     {s__a___, OfProject, "wf.env.role", "give an environment its default IAM role"},
	AddEnvironmentVPC:         {s__a___, OfProject, "wf.env.vpc.add", "put an environment into a VPC"},
	RemoveEnvironmentVPC:      {s__a___, OfProject, "wf.env.vpc.remove", "take an environment out of its VPC"},
	UseVPCEnvironment:         {s__ac__, OfProject, "wf.vpcenv.add", "let a workflow use an environment in a VPC"},
	StopUsingVPCEnvironment:   {s__ac__, OfProject, "wf.vpcenv.remove", "take an environment in a VPC off a workflow"},
	ApproveWorkflowRun:        {s__ac__, OfProject, "wf.approve", "approve or reject a waiting run"},
	TrackCommit:               {s__acro, OfProject, "wf.commit.track", "follow a commit through its runs"},
	ViewEnvironments:          {s__acro, OfProject, "wf.env.view", "see environments"},
	ViewBuildLogs:             {s__acro, OfProject, "wf.buildlog.view", "see what build actions wrote"},
	ViewFleets:                {s__acro, OfProject, "wf.fleet.view", "see fleets"},
	ViewTestLogs:              {s__acro, OfProject, "wf.testlog.view", "see what test actions wrote"},
	ViewWorkflows:             {s__acro, OfProject, "wf.view", "see workflows"},
	ViewWorkflowRuns:          {s__acro, OfProject, "wf.run.view", "see runs"},
	ViewRunResults:            {s__acro, OfProject, "wf.result.view", "see the results of runs"},
	ViewSecrets:               {s__acro, OfProject, "wf.secret.view", "see the names of secrets, never their values"},

	// Issues.
	CreateIssue:            {s__acr_, OfProject, "issue.create", "create an issue"},
	UpdateIssue:            {s__acr_, OfProject, "issue.update", "change an issue"},
	ViewIssues:             {s__acro, OfProject, "issue.view", "see issues"},
	CreateTask:             {s__acr_, OfProject, "issue.task.create", "add a task to an issue"},
	UpdateTask:             {s__acr_, OfProject, "issue.task.update", "change a task"},
	ViewTasks:              {s__acro, OfProject, "issue.task.view", "see tasks"},
	ArchiveIssue:           {s__acr_, OfProject, "issue.archive", "archive an issue"},
	AssignIssueToAssistant: {s__ac__, OfProject, "issue.ai.assign", "hand an issue to the AI assistant"},
	AskAssistantInIssue:    {s__ac__, OfProject, "issue.ai.comment", "talk to the AI assistant on an issue"},
	UnassignAssistant:      {s__ac__, OfProject, "issue.ai.unassign", "take an issue back from the AI assistant"},
	AskAssistantForTasks:   {s__ac__, OfProject, "issue.ai.recommend", "let the AI assistant propose tasks"},
	CreateAssistantTasks:   {s__ac__, OfProject, "issue.ai.task.create", "create the tasks the AI assistant proposed"},
	UpdateOtherIssue:       {s__acr_, OfProject, "issue.other.update", "change an issue somebody else created"},
	ViewIssueComments:      {s__acro, OfProject, "issue.comment.view", "see comments on issues"},
	// A Reviewer changes comments but does not write them. What AWS
	// writes about the role says otherwise; where they differ, the matrix decides.
	CreateIssueComment:         {s__ac__, OfProject, "issue.comment.create", "comment on an issue"},
	UpdateIssueComment:         {s__acr_, OfProject, "issue.comment.update", "change a comment on an issue"},
	CreateLabel:                {s__ac__, OfProject, "issue.label.create", "create a label"},
	UpdateLabel:                {s__ac__, OfProject, "issue.label.update", "change a label"},
	ViewLabels:                 {s__acro, OfProject, "issue.label.view", "see labels"},
	AddLabel:                   {s__acr_, OfProject, "issue.label.add", "put a label on an issue"},
	RemoveLabel:                {s__acr_, OfProject, "issue.label.remove", "take a label off an issue"},
	CreateStatus:               {s__ac__, OfProject, "issue.status.create", "create a status"},
	UpdateStatus:               {s__ac__, OfProject, "issue.status.update", "change a status"},
	ViewStatuses:               {s__acro, OfProject, "issue.status.view", "see statuses"},
	MoveStatus:                 {s__acr_, OfProject, "issue.status.move", "put a status elsewhere in the order"},
	DeactivateStatus:           {s__acr_, OfProject, "issue.status.deactivate", "put a status out of use"},
	AddAttachment:              {s__acr_, OfProject, "issue.attach.add", "attach a file to an issue"},
	ViewAttachments:            {s__acro, OfProject, "issue.attach.view", "see attachments"},
	RemoveAttachment:           {s__acr_, OfProject, "issue.attach.remove", "remove an attachment"},
	LinkIssues:                 {s__acr_, OfProject, "issue.link.add", "link an issue to another"},
	UnlinkIssues:               {s__ac__, OfProject, "issue.link.remove", "unlink an issue from another"},
	UpdateIssueLink:            {s__acr_, OfProject, "issue.link.update", "change a link between issues"},
	ViewIssueLinks:             {s__acro, OfProject, "issue.link.view", "see links between issues"},
	LinkPullRequestToIssue:     {s__ac__, OfProject, "issue.pr.link", "link a pull request to an issue"},
	UnlinkPullRequestFromIssue: {s__ac__, OfProject, "issue.pr.unlink", "unlink a pull request from an issue"},
	LinkJiraProject:            {s__a___, OfProject, "issue.jira.link", "link a Jira project"},
	UnlinkJiraProject:          {s__a___, OfProject, "issue.jira.unlink", "unlink a Jira project"},

	// Blueprints.
	//
	// What fills the catalog of the space, from the project a blueprint is written in
	// to the versions offered, is done to the space.
	CreateBlueprintProject:     {sp_____, OfSpace, "bp.project.create", "create a project that develops a blueprint"},
	PreviewBlueprint:           {sp_____, OfSpace, "bp.preview", "publish a preview of a blueprint"},
	PublishBlueprint:           {sp_____, OfSpace, "bp.publish", "publish a blueprint"},
	AddBlueprintToCatalog:      {sp_____, OfSpace, "bp.catalog.add", "add a blueprint to the space's catalog"},
	RemoveBlueprintFromCatalog: {sp_____, OfSpace, "bp.catalog.remove", "remove a blueprint from the space's catalog"},
	ManageBlueprintPublishing:  {sp_____, OfSpace, "bp.publish.perm", "choose which projects may publish blueprints"},
	ChooseCatalogVersion:       {sp_____, OfSpace, "bp.catalog.version", "choose the version the catalog offers"},
	UpdateBlueprint:            {sp_____, OfSpace, "bp.update", "change a custom blueprint"},
	DeleteBlueprintVersion:     {sp_____, OfSpace, "bp.version.delete", "delete a version of a blueprint"},
	DeleteBlueprint:            {sp_____, OfSpace, "bp.delete", "delete a blueprint"},
	// What is done with a blueprint inside one project is done to that project.
	ConvertToBlueprint:         {sp_a___, OfProject, "bp.convert", "make a repository a blueprint"},
	AddBlueprintToProject:      {sp_a___, OfProject, "bp.project.add", "apply a blueprint to the project"},
	RemoveBlueprintFromProject: {sp_a___, OfProject, "bp.project.remove", "detach a blueprint from the project"},
	UpdateAppliedBlueprint:     {sp_a___, OfProject, "bp.applied.update", "move the project to another blueprint version"},
	EditBlueprintSettings:      {sp_a___, OfProject, "bp.settings.edit", "change the settings of a blueprint"},
	// The catalog again.
	ViewBlueprints: {splacro, OfSpace, "bp.view", "see published blueprints"},

	// Notifications.
	//
	// Channels belong to the space, whatever project they announce.
	AddNotificationChannel:    {s______, OfSpace, "notif.channel.add", "add a notification channel"},
	RemoveNotificationChannel: {s______, OfSpace, "notif.channel.remove", "remove a notification channel"},
	// What is announced is the choice of each project.
	EditNotificationSettings: {s__a___, OfProject, "notif.settings.edit", "choose what the project announces, and where"},
	ViewNotificationSettings: {s__acro, OfProject, "notif.settings.view", "see what the project announces, and where"},
	// Incidents and one's own address know no project.
	ReceiveIncidentNotices: {s______, OfSpace, "notif.incident.auto", "be told of service incidents unasked"},
	ConfigureOwnEmail:      {splacro, OfSpace, "notif.email.own", "choose which mail one gets"},

	// Search.
	SearchProject: {s__acro, OfProject, "search.project", "search the project"},
	SearchSpace:   {sp_acro, OfSpace, "search.space", "search the space"},

	// Ours: what the matrix leaves out.
	//
	// Somebody must be able to do these, too. Space administrators alone change or
	// remove a member; everybody in a space or a project sees who else is.
	EditSpace:          {s______, OfSpace, "space.edit", "change the description of the space"},
	ChangeSpaceRole:    {s______, OfSpace, "space.member.role", "change a member's space role"},
	RemoveFromSpace:    {s______, OfSpace, "space.member.remove", "remove a member from the space"},
	ViewSpaceMembers:   {splacro, OfSpace, "space.member.view", "see the members of the space"},
	ViewAccess:         {s______, OfSpace, "space.access.view", "ask who may do what, and why"},
	ViewProjectMembers: {s__acro, OfProject, "project.member.view", "see the members of the project"},
	ViewSpaceTokens:    {s______, OfSpace, "space.token.view", "see which personal access tokens reach the space"},
	LimitSpaceTokens:   {s______, OfSpace, "space.token.limit", "shut personal access tokens out of the space, let them back in, and limit their lifetime"},
}

// The permissions, in the order of the matrix. The numbers are nobody's business: what
// is stored or sent is the name.
const (
	_ Permission = iota

	// Space.
	CreateSpace
	EditBilling
	EnableSSO
	RemoveSSO
	EnableGenerativeAI
	DisableGenerativeAI
	DeleteSpace
	AddSpaceAdministrator
	RemoveSpaceAdministrator
	CreateTeam
	DeleteTeam
	UpdateTeam
	DisableSpaceMachines
	EnableSpaceMachines
	CreateProject
	AssociateAccount
	UpdateAccount
	DisassociateAccount
	DeleteAccount
	RestrictAccount
	UnrestrictAccount
	InviteToSpace
	CreateVPCConnection
	EditVPCConnection
	DeleteVPCConnection
	ViewLogs
	ViewAccounts
	ViewIncidents
	ViewSpace
	ViewTeams
	ViewVPCConnections

	// Extensions.
	InstallExtension
	UpdateExtension
	DeleteExtension
	ConnectGitHub
	DisconnectGitHub
	ConnectJira
	DisconnectJira
	ViewExtensionConfiguration
	ViewExtensions

	// Project.
	EditProjectSettings
	DisableProjectMachines
	EnableProjectMachines
	DeleteProject
	InviteToProject
	ChangeProjectRole
	RemoveFromProject
	AddTeamToProject
	RemoveTeamFromProject
	ChangeTeamProjectRole
	ViewProject
	ViewProjectActivity
	ViewProjectTeams
	ViewProjectBlueprints

	// Source repositories.
	CreateRepository
	LinkRepository
	UnlinkRepository
	DeleteRepository
	EditRepositorySettings
	ViewRepositories
	ViewRepositorySettings
	CloneRepository
	CreateBranch
	CreateBranchRule
	ChangeDefaultBranch
	DeleteBranch
	MergeBranches
	UpdateBranchRule
	ViewBranches
	ViewBranchRules
	CreateFolder
	DeleteFolder
	EditFolder
	ViewFolders
	CreateFile
	DeleteFile
	EditFile
	ViewFiles
	PushCommits
	ViewCommits
	CreatePullRequest
	CreateApprovalRule
	OverridePullRequest
	UpdatePullRequest
	UpdateApprovalRule
	ViewPullRequests
	ViewApprovalRules
	ClosePullRequest
	ApprovePullRequest
	CommentOnPullRequest
	AskAssistantInPullRequest
	ReviseAssistantPullRequest
	LinkIssueToPullRequest
	UnlinkIssueFromPullRequest

	// Dev Environments.
	CreateOwnDevEnvironment
	StopOwnDevEnvironment
	StopOtherDevEnvironment
	ResumeOwnDevEnvironment
	ViewOwnDevEnvironments
	ViewOtherDevEnvironments
	EditOwnDevEnvironment
	EditOtherDevEnvironment
	DeleteOwnDevEnvironment
	DeleteOtherDevEnvironment
	CreateDevfile
	EditDevfile
	DeleteDevfile
	ViewDevfile

	// Package repositories and packages.
	CreatePackageRepository
	ViewPackageRepositories
	EditPackageRepository
	DeletePackageRepository
	CreateGatewayRepository
	ViewGatewayRepositories
	DeleteGatewayRepository
	AddUpstreamRepository
	OrderUpstreamRepositories
	RemoveUpstreamRepository
	ConnectToPackageRepository
	ReadPackages
	PublishPackages
	ReadUpstreamPackages
	ViewPackages
	ViewPackageVersions
	ViewPackageAssets
	ListPackageDependencies
	UpdatePackageVersionStatus
	UpdatePackageOrigin
	DeletePackageVersion

	// Workflows.
	CreateWorkflow
	UpdateWorkflow
	DeleteWorkflow
	StartWorkflowRun
	StopWorkflowRun
	CreateSecret
	UpdateSecret
	DeleteSecret
	CreateEnvironment
	DeleteEnvironment
	CreateFleet
	UpdateFleet
	DeleteFleet
	ManageOtherAccounts
	ConnectEnvironmentAccount
	ChooseEnvironmentRole
	AddEnvironmentVPC
	RemoveEnvironmentVPC
	UseVPCEnvironment
	StopUsingVPCEnvironment
	ApproveWorkflowRun
	TrackCommit
	ViewEnvironments
	ViewBuildLogs
	ViewFleets
	ViewTestLogs
	ViewWorkflows
	ViewWorkflowRuns
	ViewRunResults
	ViewSecrets

	// Issues.
	CreateIssue
	UpdateIssue
	ViewIssues
	CreateTask
	UpdateTask
	ViewTasks
	ArchiveIssue
	AssignIssueToAssistant
	AskAssistantInIssue
	UnassignAssistant
	AskAssistantForTasks
	CreateAssistantTasks
	UpdateOtherIssue
	ViewIssueComments
	CreateIssueComment
	UpdateIssueComment
	CreateLabel
	UpdateLabel
	ViewLabels
	AddLabel
	RemoveLabel
	CreateStatus
	UpdateStatus
	ViewStatuses
	MoveStatus
	DeactivateStatus
	AddAttachment
	ViewAttachments
	RemoveAttachment
	LinkIssues
	UnlinkIssues
	UpdateIssueLink
	ViewIssueLinks
	LinkPullRequestToIssue
	UnlinkPullRequestFromIssue
	LinkJiraProject
	UnlinkJiraProject

	// Blueprints.
	CreateBlueprintProject
	PreviewBlueprint
	PublishBlueprint
	AddBlueprintToCatalog
	RemoveBlueprintFromCatalog
	ManageBlueprintPublishing
	ChooseCatalogVersion
	UpdateBlueprint
	DeleteBlueprintVersion
	DeleteBlueprint
	ConvertToBlueprint
	AddBlueprintToProject
	RemoveBlueprintFromProject
	UpdateAppliedBlueprint
	EditBlueprintSettings
	ViewBlueprints

	// Notifications.
	AddNotificationChannel
	RemoveNotificationChannel
	EditNotificationSettings
	ViewNotificationSettings
	ReceiveIncidentNotices
	ConfigureOwnEmail

	// Search.
	SearchProject
	SearchSpace

	// Ours.
	EditSpace
	ChangeSpaceRole
	RemoveFromSpace
	ViewSpaceMembers
	ViewAccess
	ViewProjectMembers
	ViewSpaceTokens
	LimitSpaceTokens

	end
)
