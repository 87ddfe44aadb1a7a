package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

// mustBe checks that err is the modelled exception with this code and that its
// message holds a phrase.
func mustBe(t *testing.T, err error, code, phrase string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), phrase) {
		t.Errorf("got %v, want %s with %q", err, code, phrase)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestTheSessionTellsWhoOneIs(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, bob := s.User("alice"), s.User("bob")
		client := alice.CodeCatalyst()
		session := must[*codecatalyst.VerifySessionOutput](t)(client.VerifySession(t.Context(), &codecatalyst.VerifySessionInput{}))
		if *session.Identity != string(alice.ID) {
			t.Errorf("identity is %s, alice is %s", *session.Identity, alice.ID)
		}
		details := must[*codecatalyst.GetUserDetailsOutput](t)(client.GetUserDetails(t.Context(), &codecatalyst.GetUserDetailsInput{Id: session.Identity}))
		if *details.UserName != "alice" || *details.PrimaryEmail.Email != "alice@example.com" || !*details.PrimaryEmail.Verified || *details.DisplayName != "alice" || *details.UserId != string(alice.ID) {
			t.Errorf("details: %+v", details)
		}
		_, err := client.GetUserDetails(t.Context(), &codecatalyst.GetUserDetailsInput{})
		mustBe(t, err, "ValidationException", "either id or userName")
		_, err = client.GetUserDetails(t.Context(), &codecatalyst.GetUserDetailsInput{Id: session.Identity, UserName: aws.String("alice")})
		mustBe(t, err, "ValidationException", "not both")

		// Somebody one shares no space with is as good as nobody.
		_, stranger := client.GetUserDetails(t.Context(), &codecatalyst.GetUserDetailsInput{UserName: aws.String("bob")})
		_, nobody := client.GetUserDetails(t.Context(), &codecatalyst.GetUserDetailsInput{UserName: aws.String("nobody")})
		mustBe(t, stranger, "ResourceNotFoundException", "no such user among those you share a space with")
		mustBe(t, nobody, "ResourceNotFoundException", "no such user among those you share a space with")
		bob.Joins(alice.Space("acme"), role.LimitedAccess)
		must[*codecatalyst.GetUserDetailsOutput](t)(client.GetUserDetails(t.Context(), &codecatalyst.GetUserDetailsInput{UserName: aws.String("bob")}))
	})
}

func TestPersonalAccessTokens(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, bob := s.User("alice"), s.User("bob")
		client := alice.CodeCatalyst()
		create := func(name string, expires *time.Time) (*codecatalyst.CreateAccessTokenOutput, error) {
			return client.CreateAccessToken(t.Context(), &codecatalyst.CreateAccessTokenInput{Name: &name, ExpiresTime: expires})
		}
		first := must[*codecatalyst.CreateAccessTokenOutput](t)(create("laptop", nil))
		if !strings.HasPrefix(*first.Secret, "slp_") || len(*first.Secret) != 40 {
			t.Errorf("the secret is %q", *first.Secret)
		}
		if year := first.ExpiresTime.Sub(s.Clock.Now()); year < 364*24*time.Hour || year > 367*24*time.Hour {
			t.Errorf("it expires after %v, not a year", year)
		}
		for i := range 24 {
			must[*codecatalyst.CreateAccessTokenOutput](t)(create(fmt.Sprint("t", i), aws.Time(s.Clock.Now().Add(time.Hour))))
		}
		_, err := create("late", aws.Time(s.Clock.Now().Add(-time.Hour)))
		mustBe(t, err, "ValidationException", "")
		_, err = create(strings.Repeat("n", 101), nil)
		mustBe(t, err, "ValidationException", "name must be 1 to 100 characters long, it is 101")

		names := func() (names []string) {
			pages := codecatalyst.NewListAccessTokensPaginator(client, &codecatalyst.ListAccessTokensInput{MaxResults: aws.Int32(10)})
			for pages.HasMorePages() {
				page := must[*codecatalyst.ListAccessTokensOutput](t)(pages.NextPage(t.Context()))
				if len(page.Items) > 10 {
					t.Errorf("a page of %d", len(page.Items))
				}
				for _, item := range page.Items {
					names = append(names, *item.Name)
				}
			}
			return names
		}
		if got := names(); len(got) != 25 || !slices.Contains(got, "laptop") {
			t.Errorf("listed %v", got)
		}
		_, err = bob.CodeCatalyst().DeleteAccessToken(t.Context(), &codecatalyst.DeleteAccessTokenInput{Id: first.AccessTokenId})
		mustBe(t, err, "ResourceNotFoundException", "")
		s.Clock.Advance(2 * time.Hour)
		alice.SignIn()
		client = alice.CodeCatalyst()
		if got := names(); len(got) != 1 {
			t.Errorf("expired ones are listed: %v", got)
		}
		if _, err := client.DeleteAccessToken(t.Context(), &codecatalyst.DeleteAccessTokenInput{Id: first.AccessTokenId}); err != nil {
			t.Error(err)
		}
		if got := names(); len(got) != 0 {
			t.Errorf("deleted ones are listed: %v", got)
		}
		// A personal access token is for Git; the service takes sign-ins alone.
		if answer := s.Send("GET", "/aws/session", *first.Secret, ""); answer.Status != 401 {
			t.Errorf("a personal access token opens the service: %d", answer.Status)
		}
	})
}

func TestTheLifeOfSpacesAndProjects(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice := s.User("alice")
		alice.Space("acme")
		alice.Space("Beta")
		client, ctx := alice.CodeCatalyst(), t.Context()
		spaces := must[*codecatalyst.ListSpacesOutput](t)(client.ListSpaces(ctx, &codecatalyst.ListSpacesInput{}))
		if len(spaces.Items) != 2 || *spaces.Items[0].Name != "acme" || *spaces.Items[0].RegionName != "us-west-2" || spaces.NextToken != nil {
			t.Errorf("spaces: %+v", spaces.Items)
		}
		updated := must[*codecatalyst.UpdateSpaceOutput](t)(client.UpdateSpace(ctx, &codecatalyst.UpdateSpaceInput{Name: aws.String("acme"), Description: aws.String("Web and more")}))
		if *updated.Description != "Web and more" {
			t.Errorf("updated: %+v", updated)
		}
		got := must[*codecatalyst.GetSpaceOutput](t)(client.GetSpace(ctx, &codecatalyst.GetSpaceInput{Name: aws.String("ACME")}))
		if *got.Name != "acme" || *got.Description != "Web and more" {
			t.Errorf("got: %+v", got)
		}
		subscription := must[*codecatalyst.GetSubscriptionOutput](t)(client.GetSubscription(ctx, &codecatalyst.GetSubscriptionInput{SpaceName: aws.String("acme")}))
		if *subscription.SubscriptionType != "SELF_HOSTED" || subscription.AwsAccountName != nil {
			t.Errorf("subscription: %+v", subscription)
		}

		made := must[*codecatalyst.CreateProjectOutput](t)(client.CreateProject(ctx, &codecatalyst.CreateProjectInput{SpaceName: aws.String("acme"), DisplayName: aws.String("Web shop"), Description: aws.String("sells")}))
		if *made.Name != "Web-shop" || *made.DisplayName != "Web shop" || *made.SpaceName != "acme" || *made.Description != "sells" {
			t.Errorf("made: %+v", made)
		}
		_, err := client.CreateProject(ctx, &codecatalyst.CreateProjectInput{SpaceName: aws.String("acme"), DisplayName: aws.String("Web-shop")})
		mustBe(t, err, "ConflictException", "Web-shop")
		project := must[*codecatalyst.GetProjectOutput](t)(client.GetProject(ctx, &codecatalyst.GetProjectInput{SpaceName: aws.String("acme"), Name: aws.String("Web-shop")}))
		if *project.DisplayName != "Web shop" {
			t.Errorf("project: %+v", project)
		}
		must[*codecatalyst.UpdateProjectOutput](t)(client.UpdateProject(ctx, &codecatalyst.UpdateProjectInput{SpaceName: aws.String("acme"), Name: aws.String("Web-shop"), Description: aws.String("sells more")}))
		unchanged := must[*codecatalyst.UpdateProjectOutput](t)(client.UpdateProject(ctx, &codecatalyst.UpdateProjectInput{SpaceName: aws.String("acme"), Name: aws.String("Web-shop")}))
		if *unchanged.Description != "sells more" {
			t.Errorf("an update that names nothing changed: %+v", unchanged)
		}
		_, err = client.GetProject(ctx, &codecatalyst.GetProjectInput{SpaceName: aws.String("acme"), Name: aws.String("nothing")})
		mustBe(t, err, "ResourceNotFoundException", "nothing")
		must[*codecatalyst.DeleteProjectOutput](t)(client.DeleteProject(ctx, &codecatalyst.DeleteProjectInput{SpaceName: aws.String("acme"), Name: aws.String("Web-shop")}))
		_, err = client.GetProject(ctx, &codecatalyst.GetProjectInput{SpaceName: aws.String("acme"), Name: aws.String("Web-shop")})
		mustBe(t, err, "ResourceNotFoundException", "")

		deleted := must[*codecatalyst.DeleteSpaceOutput](t)(client.DeleteSpace(ctx, &codecatalyst.DeleteSpaceInput{Name: aws.String("acme")}))
		if *deleted.Name != "acme" {
			t.Errorf("deleted: %+v", deleted)
		}
		_, err = client.GetSpace(ctx, &codecatalyst.GetSpaceInput{Name: aws.String("acme")})
		mustBe(t, err, "AccessDeniedException", "no space")
	})
}

func TestListProjectsFiltersAndPages(t *testing.T) {
	s := sallyporttest.Start(t)
	alice, reader, power := s.User("alice"), s.User("reader"), s.User("power")
	acme := alice.Space("acme")
	for i := range 7 {
		p := alice.Project(acme, fmt.Sprint("app ", i))
		if i == 3 {
			reader.Joins(acme, role.LimitedAccess)
			reader.Contributes(p, role.ReadOnly)
		}
	}
	alice.Project(acme, "zoo")
	power.Joins(acme, role.PowerUser)
	name := func(operator types.ComparisonOperator, values ...string) []types.ProjectListFilter {
		return []types.ProjectListFilter{{Key: types.FilterKeyName, ComparisonOperator: operator, Values: values}}
	}
	mine := []types.ProjectListFilter{{Key: types.FilterKeyHasAccessTo, Values: []string{"true"}}}
	for _, test := range []struct {
		what    string
		who     *sallyporttest.Principal
		filters []types.ProjectListFilter
		want    string
	}{
		{"an administrator sees all", alice, nil, "app-0 app-1 app-2 app-3 app-4 app-5 app-6 zoo"},
		{"and has access to all", alice, mine, "app-0 app-1 app-2 app-3 app-4 app-5 app-6 zoo"},
		{"a reader has access to one", reader, mine, "app-3"},
		{"a Power user to none", power, mine, ""},
		{"a name", alice, name("", "zoo"), "zoo"},
		{"either of two names", alice, name(types.ComparisonOperatorEquals, "zoo", "app-1"), "app-1 zoo"},
		{"a beginning", alice, name(types.ComparisonOperatorBeginsWith, "z"), "zoo"},
		{"what comes after", alice, name(types.ComparisonOperatorGreaterThan, "app-5"), "app-6 zoo"},
		{"that or after", alice, name(types.ComparisonOperatorGreaterThanOrEquals, "app-6"), "app-6 zoo"},
		{"what comes before", alice, name(types.ComparisonOperatorLessThan, "app-1"), "app-0"},
		{"that or before", alice, name(types.ComparisonOperatorLessThanOrEquals, "app-1"), "app-0 app-1"},
		{"both filters hold", reader, append(mine, name(types.ComparisonOperatorEquals, "zoo")...), ""},
	} {
		for _, size := range []int32{1, 3, 100} {
			var names []string
			pages := codecatalyst.NewListProjectsPaginator(test.who.CodeCatalyst(), &codecatalyst.ListProjectsInput{SpaceName: aws.String("acme"), Filters: test.filters, MaxResults: &size})
			for pages.HasMorePages() {
				for _, item := range must[*codecatalyst.ListProjectsOutput](t)(pages.NextPage(t.Context())).Items {
					names = append(names, *item.Name)
				}
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("%s, %d a page: %q, want %q", test.what, size, got, test.want)
			}
		}
	}
	_, err := alice.CodeCatalyst().ListProjects(t.Context(), &codecatalyst.ListProjectsInput{SpaceName: aws.String("acme"), NextToken: aws.String("bm90IG91cnM")})
	mustBe(t, err, "ValidationException", "nextToken")
	_, err = alice.CodeCatalyst().ListProjects(t.Context(), &codecatalyst.ListProjectsInput{SpaceName: aws.String("acme"), Filters: name("LIKE", "x")})
	mustBe(t, err, "ValidationException", "BEGINS_WITH")
}

func TestRolesDecide(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice := s.User("alice")
		acme := alice.Space("acme")
		web := alice.Project(acme, "web")
		people := map[string]*sallyporttest.Principal{"administrator": alice}
		for alias, r := range map[string]role.Role{"power": role.PowerUser, "limited": role.LimitedAccess} {
			people[alias] = s.User(alias)
			people[alias].Joins(acme, r)
		}
		for alias, r := range map[string]role.Role{"projectadmin": role.ProjectAdministrator, "contributor": role.Contributor, "reviewer": role.Reviewer, "readonly": role.ReadOnly} {
			people[alias] = s.User(alias)
			people[alias].Joins(acme, role.LimitedAccess)
			people[alias].Contributes(web, r)
		}
		calls := []struct {
			what string
			call func(context.Context, *codecatalyst.Client) error
			may  string
		}{
			{"GetSpace", func(ctx context.Context, c *codecatalyst.Client) error {
				_, err := c.GetSpace(ctx, &codecatalyst.GetSpaceInput{Name: aws.String("acme")})
				return err
			}, "administrator power limited projectadmin contributor reviewer readonly"},
			{"GetProject", func(ctx context.Context, c *codecatalyst.Client) error {
				_, err := c.GetProject(ctx, &codecatalyst.GetProjectInput{SpaceName: aws.String("acme"), Name: aws.String("web")})
				return err
			}, "administrator projectadmin contributor reviewer readonly"},
			{"UpdateProject", func(ctx context.Context, c *codecatalyst.Client) error {
				_, err := c.UpdateProject(ctx, &codecatalyst.UpdateProjectInput{SpaceName: aws.String("acme"), Name: aws.String("web")})
				return err
			}, "administrator projectadmin"},
			{"CreateProject", func(ctx context.Context, c *codecatalyst.Client) error {
				_, err := c.CreateProject(ctx, &codecatalyst.CreateProjectInput{SpaceName: aws.String("acme"), DisplayName: aws.String(fmt.Sprint("p", time.Now().UnixNano()))})
				return err
			}, "administrator power"},
			{"UpdateSpace", func(ctx context.Context, c *codecatalyst.Client) error {
				_, err := c.UpdateSpace(ctx, &codecatalyst.UpdateSpaceInput{Name: aws.String("acme")})
				return err
			}, "administrator"},
			{"ListEventLogs", func(ctx context.Context, c *codecatalyst.Client) error {
				_, err := c.ListEventLogs(ctx, &codecatalyst.ListEventLogsInput{SpaceName: aws.String("acme"), StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now())})
				return err
			}, "administrator power"},
		}
		for _, call := range calls {
			for alias, who := range people {
				err := call.call(t.Context(), who.CodeCatalyst())
				if may := slices.Contains(strings.Fields(call.may), alias); may != (err == nil) {
					t.Errorf("%s by %s: %v", call.what, alias, err)
				} else if !may {
					mustBe(t, err, "AccessDeniedException", "needs")
				}
			}
		}
	})
}

func TestTheEventLogTellsOfEveryCall(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, reader := s.User("alice"), s.User("reader")
		acme := alice.Space("acme")
		reader.Joins(acme, role.LimitedAccess)
		client, ctx := alice.CodeCatalyst(), t.Context()
		begun := time.Now().Add(-time.Minute)
		must[*codecatalyst.CreateProjectOutput](t)(client.CreateProject(ctx, &codecatalyst.CreateProjectInput{SpaceName: aws.String("acme"), DisplayName: aws.String("web")}))
		must[*codecatalyst.GetProjectOutput](t)(client.GetProject(ctx, &codecatalyst.GetProjectInput{SpaceName: aws.String("acme"), Name: aws.String("web")}))
		_, err := reader.CodeCatalyst().DeleteProject(ctx, &codecatalyst.DeleteProjectInput{SpaceName: aws.String("acme"), Name: aws.String("web")})
		mustBe(t, err, "AccessDeniedException", "project.delete")

		list := func(name *string, size int32) (events []types.EventLogEntry) {
			pages := codecatalyst.NewListEventLogsPaginator(client, &codecatalyst.ListEventLogsInput{
				SpaceName: aws.String("acme"), StartTime: &begun, EndTime: aws.Time(time.Now().Add(time.Minute)), EventName: name, MaxResults: &size,
			})
			for pages.HasMorePages() {
				events = append(events, must[*codecatalyst.ListEventLogsOutput](t)(pages.NextPage(ctx)).Items...)
			}
			return events
		}
		var told []string
		for _, e := range list(nil, 2) {
			told = append(told, fmt.Sprintf("%s %s %s %s", *e.EventName, e.OperationType, aws.ToString(e.UserIdentity.UserName), aws.ToString(e.ErrorCode)))
		}
		want := []string{"deleteProject MUTATION reader AccessDeniedException", "getProject READONLY alice ", "createProject MUTATION alice "}
		if len(told) < 3 || !slices.Equal(told[len(told)-3:], want) {
			t.Errorf("told %q, want it to end with %q", told, want)
		}
		created := list(aws.String("createProject"), 250)
		if len(created) != 1 {
			t.Fatalf("by name: %+v", created)
		}
		e := created[0]
		if *e.EventType != "AwsApiCall" || *e.EventCategory != "MANAGEMENT" || *e.EventSource != "manage" || *e.UserIdentity.PrincipalId != string(alice.ID) ||
			*e.SourceIpAddress != "127.0.0.1" || !strings.Contains(*e.UserAgent, "aws-sdk-go-v2") || e.RequestId == nil ||
			*e.RequestPayload.Data != `{"displayName":"web","spaceName":"acme"}` || !strings.Contains(*e.ResponsePayload.Data, `"name":"web"`) {
			t.Errorf("the event: %+v %+v %+v", e, e.RequestPayload, e.ResponsePayload)
		}
		// Asking for the log is in the log.
		if len(list(aws.String("listEventLogs"), 250)) == 0 {
			t.Error("reading the log leaves no event")
		}
		_, err = client.ListEventLogs(ctx, &codecatalyst.ListEventLogsInput{SpaceName: aws.String("acme"), StartTime: aws.Time(time.Now()), EndTime: &begun})
		mustBe(t, err, "ValidationException", "startTime must be before endTime")
	})
}

func TestQuotasAreToldInWords(t *testing.T) {
	s := sallyporttest.Start(t)
	alice := s.User("alice")
	acme := alice.Space("acme")
	for i := range 100 {
		alice.Project(acme, fmt.Sprint("app ", i))
	}
	client := alice.CodeCatalyst()
	_, err := client.CreateProject(t.Context(), &codecatalyst.CreateProjectInput{SpaceName: aws.String("acme"), DisplayName: aws.String("one more")})
	mustBe(t, err, "ServiceQuotaExceededException", "100 projects")
	for i := range 100 {
		must[*codecatalyst.CreateAccessTokenOutput](t)(client.CreateAccessToken(t.Context(), &codecatalyst.CreateAccessTokenInput{Name: aws.String(fmt.Sprint(i))}))
	}
	_, err = client.CreateAccessToken(t.Context(), &codecatalyst.CreateAccessTokenInput{Name: aws.String("one more")})
	mustBe(t, err, "ServiceQuotaExceededException", "100")
}

func TestWhatIsNotOfferedSaysSo(t *testing.T) {
	s := sallyporttest.Start(t)
	alice := s.User("alice")
	alice.Project(alice.Space("acme"), "web")
	client := alice.CodeCatalyst()
	_, err := client.CreateDevEnvironment(t.Context(), &codecatalyst.CreateDevEnvironmentInput{
		SpaceName: aws.String("acme"), ProjectName: aws.String("web"), InstanceType: types.InstanceTypeDevStandard1Small, PersistentStorage: &types.PersistentStorageConfiguration{SizeInGiB: aws.Int32(16)},
	})
	mustBe(t, err, "ValidationException", "Dev Environments are not offered by Sallyport")
	_, err = client.ListWorkflows(t.Context(), &codecatalyst.ListWorkflowsInput{SpaceName: aws.String("acme"), ProjectName: aws.String("web")})
	mustBe(t, err, "ValidationException", "workflows are not offered")
}
