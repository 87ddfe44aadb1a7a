package awsapi

import (
	"net/http"
	"regexp"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/wire"
)

// codeCatalystErrors: the six exceptions every operation of the model declares.
// The model has none for 401 and 500; their names are those of its siblings.
var codeCatalystErrors = errorTable{kinds: map[fault.Kind]code{
	fault.Invalid:         {http.StatusBadRequest, "ValidationException"},
	fault.Unsupported:     {http.StatusBadRequest, "ValidationException"},
	fault.Unauthenticated: {http.StatusUnauthorized, "UnauthorizedException"},
	fault.Quota:           {http.StatusPaymentRequired, "ServiceQuotaExceededException"},
	fault.Denied:          {http.StatusForbidden, "AccessDeniedException"},
	fault.NotFound:        {http.StatusNotFound, "ResourceNotFoundException"},
	fault.Conflict:        {http.StatusConflict, "ConflictException"},
	fault.Throttled:       {http.StatusTooManyRequests, "ThrottlingException"},
	fault.Internal:        {http.StatusInternalServerError, "InternalServerException"},
}}

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile(`\A(?:` + pattern + `)\z`) }

// codeCatalystConstraints is what the service model (2022-09-28) demands of
// inputs. The clients check only what is required and minimum lengths.
var codeCatalystConstraints = func() wire.Constraints {
	name := wire.Constraint{Required: true, Min: 3, Max: 63, Pattern: whole(`[a-zA-Z0-9]+(?:[-_\.][a-zA-Z0-9]+)*`)}
	uuid := wire.Constraint{Required: true, Pattern: whole(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)}
	// The model's pattern cannot match the empty description its length allows;
	// an empty one takes the description away.
	description := wire.Constraint{Max: 200, Pattern: whole(`(?:[a-zA-Z0-9]+[-_a-zA-Z0-9.,;:/\\+=?&$% \n\t\r]*)?`)}
	repository := wire.Constraint{Required: true, Min: 1, Max: 100, Pattern: whole(`[\w\-.]*`)}
	limit := func(most int) wire.Constraint { return wire.Constraint{Max: most} }
	one := func(most int) wire.Constraint { return wire.Constraint{Min: 1, Max: most} }
	required := wire.Constraint{Required: true}
	timeout := limit(1200)
	return wire.Constraints{
		"SpaceName": name, "ProjectName": name, "Name": name, "Description": description, "NextToken": one(10000), "MaxResults": one(100),
		"GetUserDetails.Id": one(256), "UserName": {Min: 3, Max: 100, Pattern: whole(`[a-zA-Z0-9_.-]{3,100}`)},

		"CreateAccessToken.Name": {Required: true, Min: 1, Max: 100}, "ExpiresTime": {},
		"ListAccessTokens.MaxResults": limit(10), "DeleteAccessToken.Id": {Required: true, Min: 1, Max: 36},

		"DisplayName": {Required: true, Min: 3, Max: 63, Pattern: whole(`[a-zA-Z0-9]+(?:[-_\. ][a-zA-Z0-9]+)*`)}, "Filters": {},
		"StartTime": required, "EndTime": required, "EventName": {}, "ListEventLogs.MaxResults": one(250),

		"SourceRepositoryName": repository, "CreateSourceRepository.Name": repository, "GetSourceRepository.Name": repository, "DeleteSourceRepository.Name": repository,
		"CreateSourceRepository.Description": one(255), "ListSourceRepositories.MaxResults": one(200),
		"CreateSourceRepositoryBranch.Name": {Required: true, Min: 1, Max: 100}, "HeadCommitId": {}, "ListSourceRepositoryBranches.MaxResults": one(50),

		"Id": uuid, "ListWorkflows.NextToken": one(2048), "ListWorkflowRuns.NextToken": one(2048), "SortBy": limit(1), "ListWorkflowRuns.MaxResults": one(50),
		"StartWorkflowRun.WorkflowId": uuid, "ListWorkflowRuns.WorkflowId": {Pattern: uuid.Pattern},
		"StartWorkflowRun.ClientToken": {Min: 1, Max: 64}, "ClientToken": one(1024),

		"InstanceType": {}, "CreateDevEnvironment.InstanceType": required, "PersistentStorage": required, "Alias": limit(128), "Ides": limit(1), "InactivityTimeoutMinutes": timeout,
		"Repositories": {}, "VpcConnectionName": {Min: 3, Max: 63, Pattern: name.Pattern}, "ListDevEnvironments.ProjectName": {Min: 3, Max: 63, Pattern: name.Pattern},
		"ListDevEnvironments.MaxResults": one(50), "DevEnvironmentId": uuid, "SessionId": {Required: true, Min: 1, Max: 96}, "SessionConfiguration": required,
		"ListDevEnvironmentSessions.MaxResults": one(200),
	}
}()
