package awsapi

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	cc "github.com/aws/aws-sdk-go-v2/service/codecatalyst"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst/types"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
	"github.com/sallyport/sallyport/wire"
)

// CodeCatalyst is the service of that name, API version 2022-09-28.
type CodeCatalyst struct {
	Directory    *directory.Store
	Credentials  *credential.Store
	Spaces       *space.Store
	Repositories *repo.Store
	Audit        *audit.Log
	Jobs         *job.Queue
}

func (c *CodeCatalyst) service() *service {
	const (
		aSpace    = "/v1/spaces/{name}"
		inSpace   = "/v1/spaces/{spaceName}"
		aProject  = inSpace + "/projects/{name}"
		inProject = inSpace + "/projects/{projectName}"
		aRepo     = inProject + "/sourceRepositories/{name}"
		inRepo    = inProject + "/sourceRepositories/{sourceRepositoryName}"
		aDevEnv   = inProject + "/devEnvironments/{id}"
		devEnvs   = "Dev Environments are not offered by Sallyport"
		workflows = "workflows are not offered by this version of Sallyport"
	)
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{SpaceName}/{ProjectName}") }
	named := func(p role.Permission, repository string) authz.Rule {
		return authz.Space(p, "{SpaceName}/{ProjectName}/"+repository)
	}
	listDevEnvironments := operation.Refused[cc.ListDevEnvironmentsInput, cc.ListDevEnvironmentsOutput]("ListDevEnvironments", true, devEnvs, authz.Space(role.ViewSpace, "{SpaceName}"))
	return &service{
		Service:     operation.Service{Source: "manage", Scope: credential.ScopeCodeCatalyst},
		errors:      codeCatalystErrors,
		constraints: codeCatalystConstraints,
		times:       wire.DateTime,
		routes: []route{
			on("GET", "/session", 200, operation.Read("VerifySession", c.verifySession, authz.SignedIn())),
			on("GET", "/userDetails", 200, operation.Read("GetUserDetails", c.getUserDetails, authz.SignedIn()), "id", "userName"),
			on("PUT", "/v1/accessTokens", 201, operation.Write("CreateAccessToken", c.createAccessToken, authz.SignedIn())),
			on("POST", "/v1/accessTokens", 200, operation.Read("ListAccessTokens", c.listAccessTokens, authz.SignedIn())),
			on("DELETE", "/v1/accessTokens/{id}", 200, operation.Write("DeleteAccessToken", c.deleteAccessToken, authz.SignedIn())),

			on("POST", "/v1/spaces", 200, operation.Read("ListSpaces", c.listSpaces, authz.SignedIn())),
			on("GET", aSpace, 200, operation.Read("GetSpace", c.getSpace, authz.Space(role.ViewSpace, "{Name}"))),
			on("PATCH", aSpace, 200, operation.Write("UpdateSpace", c.updateSpace, authz.Space(role.EditSpace, "{Name}"))),
			on("DELETE", aSpace, 200, operation.Write("DeleteSpace", c.deleteSpace, authz.Space(role.DeleteSpace, "{Name}"))),
			on("GET", inSpace+"/subscription", 200, operation.Read("GetSubscription", c.getSubscription, authz.Space(role.ViewSpace, "{SpaceName}"))),
			on("POST", inSpace+"/eventLogs", 200, operation.Read("ListEventLogs", c.listEventLogs, authz.Space(role.ViewLogs, "{SpaceName}"), operation.Settled())),

			on("PUT", inSpace+"/projects", 201, operation.Write("CreateProject", c.createProject, authz.Space(role.CreateProject, "{SpaceName}"))),
			on("POST", inSpace+"/projects", 200, operation.Read("ListProjects", c.listProjects, authz.Space(role.ViewSpace, "{SpaceName}"))),
			on("GET", aProject, 200, operation.Read("GetProject", c.getProject, authz.Space(role.ViewProject, "{SpaceName}/{Name}"))),
			on("PATCH", aProject, 200, operation.Write("UpdateProject", c.updateProject, authz.Space(role.EditProjectSettings, "{SpaceName}/{Name}"))),
			on("DELETE", aProject, 200, operation.Write("DeleteProject", c.deleteProject, authz.Space(role.DeleteProject, "{SpaceName}/{Name}"))),

			on("PUT", aRepo, 201, operation.Write("CreateSourceRepository", c.createSourceRepository, in(role.CreateRepository))),
			on("POST", inProject+"/sourceRepositories", 200, operation.Read("ListSourceRepositories", c.listSourceRepositories, in(role.ViewRepositories))),
			on("GET", aRepo, 200, operation.Read("GetSourceRepository", c.getSourceRepository, named(role.ViewRepositories, "{Name}"))),
			on("DELETE", aRepo, 200, operation.Write("DeleteSourceRepository", c.deleteSourceRepository, named(role.DeleteRepository, "{Name}"))),
			on("GET", inRepo+"/cloneUrls", 200, operation.Read("GetSourceRepositoryCloneUrls", c.getSourceRepositoryCloneURLs, named(role.CloneRepository, "{SourceRepositoryName}"))),
			on("PUT", inRepo+"/branches/{name}", 201, operation.Write("CreateSourceRepositoryBranch", c.createSourceRepositoryBranch, named(role.CreateBranch, "{SourceRepositoryName}"), operation.Prepare(c.findHead))),
			on("POST", inRepo+"/branches", 200, operation.Read("ListSourceRepositoryBranches", c.listSourceRepositoryBranches, named(role.ViewBranches, "{SourceRepositoryName}"))),

			on("POST", inProject+"/workflows", 200, operation.Refused[cc.ListWorkflowsInput, cc.ListWorkflowsOutput]("ListWorkflows", true, workflows, in(role.ViewWorkflows)), "nextToken", "maxResults"),
			on("GET", inProject+"/workflows/{id}", 200, operation.Refused[cc.GetWorkflowInput, cc.GetWorkflowOutput]("GetWorkflow", true, workflows, in(role.ViewWorkflows))),
			on("PUT", inProject+"/workflowRuns", 200, operation.Refused[cc.StartWorkflowRunInput, cc.StartWorkflowRunOutput]("StartWorkflowRun", false, workflows, in(role.StartWorkflowRun)), "workflowId"),
			on("POST", inProject+"/workflowRuns", 200, operation.Refused[cc.ListWorkflowRunsInput, cc.ListWorkflowRunsOutput]("ListWorkflowRuns", true, workflows, in(role.ViewWorkflowRuns)), "workflowId", "nextToken", "maxResults"),
			on("GET", inProject+"/workflowRuns/{id}", 200, operation.Refused[cc.GetWorkflowRunInput, cc.GetWorkflowRunOutput]("GetWorkflowRun", true, workflows, in(role.ViewWorkflowRuns))),

			on("PUT", inProject+"/devEnvironments", 201, operation.Refused[cc.CreateDevEnvironmentInput, cc.CreateDevEnvironmentOutput]("CreateDevEnvironment", false, devEnvs, in(role.CreateOwnDevEnvironment))),
			on("POST", inSpace+"/devEnvironments", 200, listDevEnvironments),
			on("POST", inProject+"/devEnvironments", 200, listDevEnvironments), // where older clients ask
			on("GET", aDevEnv, 200, operation.Refused[cc.GetDevEnvironmentInput, cc.GetDevEnvironmentOutput]("GetDevEnvironment", true, devEnvs, in(role.ViewOwnDevEnvironments))),
			on("PATCH", aDevEnv, 200, operation.Refused[cc.UpdateDevEnvironmentInput, cc.UpdateDevEnvironmentOutput]("UpdateDevEnvironment", false, devEnvs, in(role.EditOwnDevEnvironment))),
			on("DELETE", aDevEnv, 200, operation.Refused[cc.DeleteDevEnvironmentInput, cc.DeleteDevEnvironmentOutput]("DeleteDevEnvironment", false, devEnvs, in(role.DeleteOwnDevEnvironment))),
			on("PUT", aDevEnv+"/start", 200, operation.Refused[cc.StartDevEnvironmentInput, cc.StartDevEnvironmentOutput]("StartDevEnvironment", false, devEnvs, in(role.ResumeOwnDevEnvironment))),
			on("PUT", aDevEnv+"/stop", 200, operation.Refused[cc.StopDevEnvironmentInput, cc.StopDevEnvironmentOutput]("StopDevEnvironment", false, devEnvs, in(role.StopOwnDevEnvironment))),
			on("PUT", aDevEnv+"/session", 200, operation.Refused[cc.StartDevEnvironmentSessionInput, cc.StartDevEnvironmentSessionOutput]("StartDevEnvironmentSession", false, devEnvs, in(role.ResumeOwnDevEnvironment))),
			on("DELETE", aDevEnv+"/session/{sessionId}", 200, operation.Refused[cc.StopDevEnvironmentSessionInput, cc.StopDevEnvironmentSessionOutput]("StopDevEnvironmentSession", false, devEnvs, in(role.StopOwnDevEnvironment))),
			on("POST", inProject+"/devEnvironments/{devEnvironmentId}/sessions", 200, operation.Refused[cc.ListDevEnvironmentSessionsInput, cc.ListDevEnvironmentSessionsOutput]("ListDevEnvironmentSessions", true, devEnvs, in(role.ViewOwnDevEnvironments))),
		},
	}
}

func (c *CodeCatalyst) verifySession(q *operation.Query, _ *cc.VerifySessionInput) (*cc.VerifySessionOutput, error) {
	return &cc.VerifySessionOutput{Identity: aws.String(string(q.Caller.UserID))}, nil
}

func (c *CodeCatalyst) getUserDetails(q *operation.Query, in *cc.GetUserDetailsInput) (*cc.GetUserDetailsOutput, error) {
	if (in.Id == nil) == (in.UserName == nil) {
		return nil, fault.Invalidf("give either id or userName, and not both")
	}
	user, err := c.user(q, in)
	if err != nil {
		return nil, err
	}
	return &cc.GetUserDetailsOutput{
		UserId: aws.String(string(user.ID)), UserName: &user.Alias, DisplayName: &user.DisplayName, Version: aws.String("1"),
		PrimaryEmail: &types.EmailAddress{Email: &user.Email, Verified: aws.Bool(true)},
	}, nil
}

// user finds whom the input names. People see themselves and those they share a
// space with; of anybody else they are not told whether there is such a user.
func (c *CodeCatalyst) user(q *operation.Query, in *cc.GetUserDetailsInput) (user directory.User, err error) {
	if in.Id != nil {
		user, err = c.Directory.User(q.Tx, directory.UserID(*in.Id))
	} else {
		user, err = c.Directory.UserByAlias(q.Tx, *in.UserName)
	}
	unknown := fault.NotFoundf("there is no such user among those you share a space with")
	switch {
	case fault.Is(err, fault.NotFound):
		return user, unknown
	case err != nil || user.ID == q.Caller.UserID:
		return user, err
	}
	shared, err := c.Spaces.Share(q.Tx, q.Caller.UserID, user.ID)
	if err == nil && !shared {
		err = unknown
	}
	return user, err
}

func (c *CodeCatalyst) createAccessToken(w *operation.Command, in *cc.CreateAccessTokenInput) (*cc.CreateAccessTokenOutput, error) {
	token, secret, err := c.Credentials.CreateAccessToken(w.Tx, w.Caller.UserID, credential.NewAccessToken{Name: *in.Name, ExpiresAt: aws.ToTime(in.ExpiresTime)})
	if err != nil {
		return nil, err
	}
	return &cc.CreateAccessTokenOutput{AccessTokenId: aws.String(string(token.ID)), Name: &token.Name, ExpiresTime: &token.ExpiresAt, Secret: aws.String(string(secret))}, nil
}

func (c *CodeCatalyst) listAccessTokens(q *operation.Query, in *cc.ListAccessTokensInput) (*cc.ListAccessTokensOutput, error) {
	tokens, next, err := page(q, in.NextToken, in.MaxResults, 10, func(after string, limit int) ([]credential.AccessToken, error) {
		return c.Credentials.AccessTokens(q.Tx, q.Caller.UserID, credential.AccessTokenID(after), limit)
	}, func(t credential.AccessToken) string { return string(t.ID) })
	if err != nil {
		return nil, err
	}
	return &cc.ListAccessTokensOutput{NextToken: next, Items: translate(tokens, func(t credential.AccessToken) types.AccessTokenSummary {
		return types.AccessTokenSummary{Id: aws.String(string(t.ID)), Name: &t.Name, ExpiresTime: &t.ExpiresAt}
	})}, nil
}

func (c *CodeCatalyst) deleteAccessToken(w *operation.Command, in *cc.DeleteAccessTokenInput) (*cc.DeleteAccessTokenOutput, error) {
	return &cc.DeleteAccessTokenOutput{}, c.Credentials.DeleteAccessToken(w.Tx, w.Caller.UserID, credential.AccessTokenID(*in.Id))
}

func (c *CodeCatalyst) listSpaces(q *operation.Query, in *cc.ListSpacesInput) (*cc.ListSpacesOutput, error) {
	spaces, next, err := page(q, in.NextToken, nil, 100, func(after string, limit int) ([]space.Space, error) {
		return c.Spaces.List(q.Tx, q.Caller.UserID, space.Page{After: after, Limit: limit})
	}, func(s space.Space) string { return s.Name })
	if err != nil {
		return nil, err
	}
	return &cc.ListSpacesOutput{NextToken: next, Items: translate(spaces, func(s space.Space) types.SpaceSummary {
		return types.SpaceSummary{Name: &s.Name, DisplayName: &s.Name, RegionName: &s.Region, Description: given(s.Description)}
	})}, nil
}

func (c *CodeCatalyst) getSpace(q *operation.Query, _ *cc.GetSpaceInput) (*cc.GetSpaceOutput, error) {
	s, err := c.Spaces.Space(q.Tx, q.Grant.Space.ID)
	if err != nil {
		return nil, err
	}
	return &cc.GetSpaceOutput{Name: &s.Name, DisplayName: &s.Name, RegionName: &s.Region, Description: given(s.Description)}, nil
}

func (c *CodeCatalyst) updateSpace(w *operation.Command, in *cc.UpdateSpaceInput) (*cc.UpdateSpaceOutput, error) {
	s, err := c.Spaces.Space(w.Tx.Reading(), w.Grant.Space.ID)
	if err == nil && in.Description != nil {
		s, err = c.Spaces.Update(w.Tx, s.ID, *in.Description)
	}
	if err != nil {
		return nil, err
	}
	return &cc.UpdateSpaceOutput{Name: &s.Name, DisplayName: &s.Name, Description: given(s.Description)}, nil
}

func (c *CodeCatalyst) deleteSpace(w *operation.Command, _ *cc.DeleteSpaceInput) (*cc.DeleteSpaceOutput, error) {
	name := w.Grant.Space.Name
	w.RecordIn(seal.Directory) // the space's own log goes with its key
	return &cc.DeleteSpaceOutput{Name: &name, DisplayName: &name}, c.Spaces.Delete(w.Tx, w.Grant.Space.ID)
}

// getSubscription answers what is true of every space here: nothing is sold, so
// there is one kind, no paying account and never a change of either.
func (c *CodeCatalyst) getSubscription(*operation.Query, *cc.GetSubscriptionInput) (*cc.GetSubscriptionOutput, error) {
	return &cc.GetSubscriptionOutput{SubscriptionType: aws.String("SELF_HOSTED")}, nil
}

func (c *CodeCatalyst) createProject(w *operation.Command, in *cc.CreateProjectInput) (*cc.CreateProjectOutput, error) {
	p, err := c.Spaces.CreateProject(w.Tx, w.Grant.Space.ID, w.Caller.UserID, space.NewProject{DisplayName: *in.DisplayName, Description: aws.ToString(in.Description)})
	if err != nil {
		return nil, err
	}
	return &cc.CreateProjectOutput{SpaceName: &w.Grant.Space.Name, Name: &p.Name, DisplayName: &p.DisplayName, Description: given(p.Description)}, nil
}

func (c *CodeCatalyst) listProjects(q *operation.Query, in *cc.ListProjectsInput) (*cc.ListProjectsOutput, error) {
	filter, err := projectFilter(q, in.Filters)
	if err != nil {
		return nil, err
	}
	projects, next, err := page(q, in.NextToken, in.MaxResults, 100, func(after string, limit int) ([]space.Project, error) {
		return c.Spaces.ListProjects(q.Tx, q.Grant.Space.ID, filter, space.Page{After: after, Limit: limit})
	}, func(p space.Project) string { return p.Name })
	if err != nil {
		return nil, err
	}
	return &cc.ListProjectsOutput{NextToken: next, Items: translate(projects, func(p space.Project) types.ProjectSummary {
		summary := types.ProjectSummary{Name: &p.Name, DisplayName: &p.DisplayName}
		if q.Grant.Held.Decide(role.ViewProject, string(p.ID)).Allowed {
			summary.Description = given(p.Description) // members see the names of all projects, no more
		}
		return summary
	})}, nil
}

// projectFilter reads the filters of ListProjects. Filters are all to hold;
// of the values of one, any.
func projectFilter(q *operation.Query, filters []types.ProjectListFilter) (f space.ProjectFilter, err error) {
	for _, filter := range filters {
		if len(filter.Values) == 0 {
			return f, fault.Invalidf("the filter %s needs at least one value", filter.Key)
		}
		switch filter.Key {
		case types.FilterKeyHasAccessTo:
			if len(filter.Values) != 1 || (filter.Values[0] != "true" && filter.Values[0] != "false") {
				return f, fault.Invalidf("the filter hasAccessTo takes one value, true or false")
			}
			if filter.Values[0] == "true" {
				f.AccessibleTo = &q.Caller.UserID
			}
		case types.FilterKeyName:
			f.Names = append(f.Names, space.Comparison{Operator: space.Operator(filter.ComparisonOperator), Values: filter.Values})
		default:
			return f, fault.Invalidf("a filter's key must be one of %v", filter.Key.Values())
		}
	}
	return f, nil
}

func (c *CodeCatalyst) getProject(q *operation.Query, _ *cc.GetProjectInput) (*cc.GetProjectOutput, error) {
	p, err := c.Spaces.Project(q.Tx, q.Grant.Space.ID, q.Grant.Project.Name)
	if err != nil {
		return nil, err
	}
	return &cc.GetProjectOutput{SpaceName: &q.Grant.Space.Name, Name: &p.Name, DisplayName: &p.DisplayName, Description: given(p.Description)}, nil
}

func (c *CodeCatalyst) updateProject(w *operation.Command, in *cc.UpdateProjectInput) (*cc.UpdateProjectOutput, error) {
	p, err := c.Spaces.Project(w.Tx.Reading(), w.Grant.Space.ID, w.Grant.Project.Name)
	if err == nil && in.Description != nil {
		p, err = c.Spaces.UpdateProject(w.Tx, p.ID, *in.Description)
	}
	if err != nil {
		return nil, err
	}
	return &cc.UpdateProjectOutput{SpaceName: &w.Grant.Space.Name, Name: &p.Name, DisplayName: &p.DisplayName, Description: given(p.Description)}, nil
}

func (c *CodeCatalyst) deleteProject(w *operation.Command, _ *cc.DeleteProjectInput) (*cc.DeleteProjectOutput, error) {
	p, err := c.Spaces.Project(w.Tx.Reading(), w.Grant.Space.ID, w.Grant.Project.Name)
	if err != nil {
		return nil, err
	}
	if err := c.Spaces.DeleteProject(w.Tx, p.ID); err != nil {
		return nil, err
	}
	return &cc.DeleteProjectOutput{SpaceName: &w.Grant.Space.Name, Name: &p.Name, DisplayName: &p.DisplayName}, nil
}

func (c *CodeCatalyst) listEventLogs(q *operation.Query, in *cc.ListEventLogsInput) (*cc.ListEventLogsOutput, error) {
	if !in.StartTime.Before(*in.EndTime) {
		return nil, fault.Invalidf("startTime must be before endTime")
	}
	limit := 250
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	filter := audit.Filter{
		Scope: seal.Space(string(q.Grant.Space.ID)), From: *in.StartTime, To: *in.EndTime, Name: aws.ToString(in.EventName), Limit: limit + 1,
	}
	if in.NextToken != nil {
		if err := readToken(q, *in.NextToken, &filter.After); err != nil {
			return nil, err
		}
	}
	events, err := c.Audit.Events(q.Tx, filter)
	if err != nil {
		return nil, err
	}
	out := &cc.ListEventLogsOutput{}
	if len(events) > limit {
		events = events[:limit]
		last := events[limit-1]
		out.NextToken = aws.String(writeToken(q, audit.Cursor{At: last.At, ID: last.ID}))
	}
	out.Items = translate(events, eventLogEntry)
	return out, nil
}

func eventLogEntry(e audit.Event) types.EventLogEntry {
	entry := types.EventLogEntry{
		Id: &e.ID, EventName: &e.Name, EventTime: &e.At, EventSource: &e.Source,
		EventType: aws.String("AwsApiCall"), EventCategory: aws.String("MANAGEMENT"), OperationType: types.OperationTypeReadonly,
		UserIdentity: &types.UserIdentity{UserType: types.UserTypeUnknown, PrincipalId: aws.String("anonymous")},
		RequestId:    given(e.Detail.RequestID), ErrorCode: given(exceptionName(e.ErrorCode)), SourceIpAddress: given(e.Detail.Address), UserAgent: given(e.Detail.UserAgent),
		RequestPayload: eventPayload(e.Detail.Request), ResponsePayload: eventPayload(e.Detail.Response),
	}
	if e.Mutation {
		entry.OperationType = types.OperationTypeMutation
	}
	if e.Principal.Kind == "user" {
		entry.UserIdentity = &types.UserIdentity{UserType: types.UserTypeUser, PrincipalId: &e.Principal.ID, UserName: given(e.Detail.PrincipalName)}
	}
	if e.ProjectID != "" {
		entry.ProjectInformation = &types.ProjectInformation{Name: given(e.Detail.ProjectName), ProjectId: &e.ProjectID}
	}
	return entry
}

func eventPayload(data json.RawMessage) *types.EventPayload {
	if len(data) == 0 {
		return nil
	}
	return &types.EventPayload{ContentType: aws.String("application/json"), Data: aws.String(string(data))}
}

// exceptionName tells a recorded kind of failure in this service's words.
func exceptionName(kind string) string {
	for k, c := range codeCatalystErrors.kinds {
		if k.String() == kind {
			return c.name
		}
	}
	return kind
}

// given is text as an optional member: absent rather than empty.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func translate[From, To any](from []From, one func(From) To) []To {
	to := make([]To, 0, len(from))
	for _, f := range from {
		to = append(to, one(f))
	}
	return to
}
