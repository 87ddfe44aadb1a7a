package awsapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

const anything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// portalRefuses wants an error of this status and name.
func portalRefuses(t *testing.T, what string, err error, status int, name string) {
	t.Helper()
	var response *awshttp.ResponseError
	var api smithy.APIError
	if !errors.As(err, &response) || !errors.As(err, &api) || response.HTTPStatusCode() != status || api.ErrorCode() != name {
		t.Errorf("%s: %v, want %d %s", what, err, status, name)
	}
}

func TestThePortal(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		sam, portal, ctx := s.Person("sam"), s.SSO(), t.Context()
		shop := s.Member("shop")
		none, err := portal.ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: &sam.Token})
		if err != nil || len(none.AccountList) != 0 {
			t.Fatalf("before anything is assigned: %v, %v", none, err)
		}
		s.Assign(sam, "Reader", shop, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:List*","Resource":"*"}}`)
		s.Assign(sam, "Admin", shop, anything)

		accounts, err := portal.ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: &sam.Token})
		if err != nil || len(accounts.AccountList) != 1 || *accounts.AccountList[0].AccountId != string(shop) ||
			*accounts.AccountList[0].AccountName != "shop" || *accounts.AccountList[0].EmailAddress != "shop@example.com" {
			t.Fatalf("accounts: %+v, %v", accounts, err)
		}
		var roles []string
		for pages := sso.NewListAccountRolesPaginator(portal, &sso.ListAccountRolesInput{AccessToken: &sam.Token, AccountId: aws.String(string(shop)), MaxResults: aws.Int32(1)}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, role := range page.RoleList {
				roles = append(roles, *role.RoleName+" in "+*role.AccountId)
			}
		}
		if got, want := strings.Join(roles, ", "), fmt.Sprintf("Admin in %s, Reader in %s", shop, shop); got != want {
			t.Errorf("roles: %s, want %s", got, want)
		}

		reader := sam.Enter(shop, "Reader")
		who, err := reader.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil || !strings.Contains(*who.Arn, ":assumed-role/AWSReservedSSO_Reader_") || !strings.HasSuffix(*who.Arn, "/sam") || *who.Account != string(shop) {
			t.Errorf("the credentials are of %+v, %v", who, err)
		}
		if left := reader.Key.Expires.Sub(s.Clock.Now()); left > time.Hour || left < 59*time.Minute {
			t.Errorf("they are good for %s", left)
		}
		if _, err := reader.IAM().ListRoles(ctx, &iam.ListRolesInput{}); err != nil {
			t.Error(err)
		}
		if _, err := reader.IAM().CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("intruder")}); err == nil {
			t.Error("a reader made a user")
		}

		if _, err := portal.Logout(ctx, &sso.LogoutInput{AccessToken: &sam.Token}); err != nil {
			t.Fatal(err)
		}
		_, err = portal.ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: &sam.Token})
		portalRefuses(t, "after logging out", err, 401, "UnauthorizedException")
		if _, err := reader.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
			t.Errorf("logging out of the portal ended what it had handed out: %v", err)
		}
	})
}

func TestWhatThePortalRefuses(t *testing.T) {
	s := sallyporttest.Start(t)
	sam, other, portal, ctx := s.Person("sam"), s.Person("other"), s.SSO(), t.Context()
	shop, bank := s.Member("shop"), s.Member("bank")
	s.Assign(sam, "Reader", shop, "")
	s.Assign(other, "Teller", bank, "")
	s.Assign(other, "Writer", shop, "")
	get := func(token string, id account.ID, role string) error {
		_, err := portal.GetRoleCredentials(ctx, &sso.GetRoleCredentialsInput{AccessToken: &token, AccountId: aws.String(string(id)), RoleName: &role})
		return err
	}
	for _, row := range []struct {
		what    string
		account account.ID
		role    string
	}{
		{"a role of somebody else", shop, "Writer"}, {"an account of somebody else", bank, "Teller"}, {"a role of another account", bank, "Reader"},
		{"no such role", shop, "Nothing"}, {"no such account", "000000000000", "Reader"}, {"no account", "shop", "Reader"},
		{"the name of the role in IAM", shop, "AWSReservedSSO_Reader_0123456789abcdef"}, {"another spelling", shop, "reader"}, {"the management account", s.Management(), "Reader"},
	} {
		portalRefuses(t, row.what, get(sam.Token, row.account, row.role), 403, "ForbiddenException")
	}
	for what, token := range map[string]string{
		"a made-up token": "sla_000000000000000000000000000000000000", "no token of ours": "x", "a browser's": sam.Cookie, "a refresh token": sam.Refresh,
	} {
		portalRefuses(t, what, get(token, shop, "Reader"), 401, "UnauthorizedException")
	}
	_, err := portal.ListAccountRoles(ctx, &sso.ListAccountRolesInput{AccessToken: &sam.Token, AccountId: aws.String(string(bank))})
	portalRefuses(t, "roles of an account of somebody else", err, 403, "ForbiddenException")
	_, err = portal.ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: &sam.Token, NextToken: aws.String("nonsense")})
	portalRefuses(t, "a page of nothing", err, 400, "InvalidRequestException")
	_, err = portal.ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: &sam.Token, MaxResults: aws.Int32(1000)})
	portalRefuses(t, "a page too long", err, 400, "InvalidRequestException")
	for path, status := range map[string]int{"/aws/assignment/accounts": 401, "/aws/federation/credentials?role_name=Reader&account_id=" + string(shop): 401} {
		if answer := s.Send("GET", path, "", ""); answer.Status != status {
			t.Errorf("GET %s without a token: %d %s", path, answer.Status, answer.Body)
		}
		// The token belongs in its own header.
		if answer := s.Send("GET", path, sam.Token, ""); answer.Status != status {
			t.Errorf("GET %s with the token in another header: %d %s", path, answer.Status, answer.Body)
		}
	}
	if answer := s.Send("GET", "/aws/federation/credentials?account_id="+string(shop), sam.Token, ""); answer.Status/100 != 4 {
		t.Errorf("no role: %d %s", answer.Status, answer.Body)
	}
}

func TestTheListOfAccountsIsPaged(t *testing.T) {
	s := sallyporttest.Start(t)
	sam, want := s.Person("sam"), map[string]bool{}
	for _, name := range []string{"one", "two", "three"} {
		id := s.Member(name)
		s.Assign(sam, "Reader", id, "")
		want[string(id)] = true
	}
	for pages := sso.NewListAccountsPaginator(s.SSO(), &sso.ListAccountsInput{AccessToken: &sam.Token, MaxResults: aws.Int32(2)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.AccountList {
			delete(want, *a.AccountId)
		}
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

// What is taken away is refused by the very next request.
func TestAttackEnteringByWhatWasTakenAway(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		sam, ctx := s.Person("sam"), t.Context()
		shop := s.Member("shop")
		enter := func() error {
			_, err := s.SSO().GetRoleCredentials(ctx, &sso.GetRoleCredentialsInput{AccessToken: &sam.Token, AccountId: aws.String(string(shop)), RoleName: aws.String("Reader")})
			return err
		}
		admitted := func(what string) {
			t.Helper()
			if err := enter(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused := func(what string, status int, name string) {
			t.Helper()
			portalRefuses(t, what, enter(), status, name)
		}
		set := s.Assign(sam, "Reader", shop, "")
		admitted("assigned")
		s.Unassign(sam, set, shop)
		refused("taken away", 403, "ForbiddenException")

		// By a group, and out of it.
		var group identitycenter.Group
		var membership identitycenter.Membership
		in := s.Center()
		s.Write(func(tx *database.Tx) (err error) {
			if group, err = s.Centers.CreateGroup(tx, in, identitycenter.GroupAttributes{DisplayName: "readers"}, "test"); err != nil {
				return err
			}
			r, err := s.Centers.RequestAssignment(tx, set, shop, identitycenter.Principal{Type: identitycenter.GroupPrincipal, ID: string(group.ID)})
			if err != nil {
				return err
			}
			return s.Centers.FinishAssignment(tx, r.ID)
		})
		refused("the group of others", 403, "ForbiddenException")
		s.Write(func(tx *database.Tx) (err error) {
			membership, err = s.Centers.Join(tx, in, group.ID, identitycenter.UserID(sam.ID), "test")
			return err
		})
		admitted("in the group")
		s.Write(func(tx *database.Tx) error { return s.Centers.Leave(tx, in, membership.ID) })
		refused("out of the group", 403, "ForbiddenException")

		s.Assign(sam, "Reader", shop, "")
		admitted("assigned again")
		handed := sam.Enter(shop, "Reader")
		status := func(to string) {
			s.Write(func(tx *database.Tx) error {
				_, err := s.Centers.UpdateUser(tx, in, identitycenter.UserID(sam.ID), identitycenter.Change{Operations: []identitycenter.Operation{{Path: "userStatus", Value: to}}, By: "test"})
				return err
			})
		}
		status("DISABLED")
		refused("disabled", 401, "UnauthorizedException")
		if _, err := handed.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err == nil {
			t.Error("the credentials of a disabled user are good")
		}
		status("ENABLED")
		refused("enabled again, with the session from before", 401, "UnauthorizedException")
		sam.SignIn("sso:account:access")
		admitted("signed in again")

		handed = sam.Enter(shop, "Reader")
		s.Write(func(tx *database.Tx) error { return s.Centers.DeleteUser(tx, in, identitycenter.UserID(sam.ID), "") })
		refused("deleted", 401, "UnauthorizedException")
		if _, err := handed.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err == nil {
			t.Error("the credentials of a deleted user are good")
		}
		// The name is free for somebody else, who has nothing of it.
		again := s.Person("sam")
		accounts, err := s.SSO().ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: &again.Token})
		if err != nil || len(accounts.AccountList) != 0 {
			t.Errorf("the next one of the name has %v, %v", accounts, err)
		}
	})
}

// The two kinds of users do not pass each other's doors, whatever their clients were
// granted.
func TestAttackTheTokenOfOneKindOfUserAtTheOthersDoor(t *testing.T) {
	s := sallyporttest.Start(t)
	alice, sam := s.User("alice"), s.Person("sam")
	alice.Space("acme")
	_, err := s.SSO().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: &alice.Token})
	portalRefuses(t, "a Builder ID user at the portal", err, 403, "ForbiddenException")
	for _, row := range []struct{ method, path, body string }{
		{"GET", "/aws/session", ""}, {"POST", "/aws/v1/spaces", "{}"}, {"GET", "/aws/v1/spaces/acme", ""}, {"PUT", "/aws/v1/accessTokens", `{"name":"x"}`},
		{"GET", "/api/v1/profile", ""}, {"POST", "/api/v1/spaces", `{"name":"mine"}`}, {"POST", "/api/v1/tokens", `{"name":"x"}`}, {"GET", "/api/v1/sessions", ""},
	} {
		if answer := s.Send(row.method, row.path, sam.Token, row.body); answer.Status != http.StatusForbidden {
			t.Errorf("a user of an identity store: %s %s: %d %s", row.method, row.path, answer.Status, answer.Body)
		}
	}
	// A database that says otherwise, as after a bad migration, opens nothing either.
	s.Write(func(tx *database.Tx) error {
		_, err := tx.Exec(`update sessions set scopes = $1`, "codecatalyst:read_write sallyport:manage sso:account:access")
		return err
	})
	if answer := s.Send("GET", "/aws/session", sam.Token, ""); answer.Status != http.StatusForbidden {
		t.Errorf("a user of an identity store with every scope: %d %s", answer.Status, answer.Body)
	}
	_, err = s.SSO().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: &alice.Token})
	portalRefuses(t, "a Builder ID user with every scope at the portal", err, 403, "ForbiddenException")
}

func TestSessionsOfThePortalTellWhoCame(t *testing.T) {
	s := sallyporttest.Start(t)
	sam, kim, ctx := s.Person("sam"), s.Person("kim"), t.Context()
	shop := s.Member("shop")
	document := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"identitystore:UserId":%q}}}]}`, kim.ID)
	s.Assign(sam, "Admin", shop, document)
	s.Assign(kim, "Admin", shop, "")
	if _, err := sam.Enter(shop, "Admin").IAM().ListRoles(ctx, &iam.ListRolesInput{}); err != nil {
		t.Errorf("sam: %v", err)
	}
	if _, err := kim.Enter(shop, "Admin").IAM().ListRoles(ctx, &iam.ListRolesInput{}); err == nil || !strings.Contains(err.Error(), "explicit deny") {
		t.Errorf("kim: %v", err)
	}
	// The documented way to end somebody's sessions at AWS works here, too.
	root := s.Root()
	scp := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"identitystore:UserId":%q},"DateLessThan":{"aws:TokenIssueTime":%q}}}}`,
		sam.ID, s.Clock.Now().Add(time.Minute).UTC().Format(time.RFC3339))
	roots, err := root.Organizations().ListRoots(ctx, &organizations.ListRootsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := root.Organizations().EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: roots.Roots[0].Id, PolicyType: "SERVICE_CONTROL_POLICY"}); err != nil {
		t.Fatal(err)
	}
	made, err := root.Organizations().CreatePolicy(ctx, &organizations.CreatePolicyInput{Name: aws.String("sam"), Description: aws.String(""), Type: "SERVICE_CONTROL_POLICY", Content: &scp})
	if err != nil {
		t.Fatal(err)
	}
	handed := sam.Enter(shop, "Admin")
	if _, err := root.Organizations().AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: made.Policy.PolicySummary.Id, TargetId: roots.Roots[0].Id}); err != nil {
		t.Fatal(err)
	}
	if _, err := handed.IAM().ListRoles(ctx, &iam.ListRolesInput{}); err == nil {
		t.Error("a session from before is good")
	}
	s.Clock.Advance(2 * time.Minute)
	if _, err := sam.Enter(shop, "Admin").IAM().ListRoles(ctx, &iam.ListRolesInput{}); err != nil {
		t.Errorf("a session from after: %v", err)
	}
}

func TestEnteringStandsInBothLogs(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		sam := s.Person("sam")
		shop := s.Member("shop")
		s.Assign(sam, "Reader", shop, anything)
		entered := sam.Enter(shop, "Reader")
		key := entered.Key
		trail, err := entered.CloudTrail().LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{
			{AttributeKey: "Username", AttributeValue: aws.String("sam")}}})
		if err != nil || len(trail.Events) != 1 || *trail.Events[0].EventName != "GetRoleCredentials" || !strings.Contains(*trail.Events[0].CloudTrailEvent, `"type":"IdentityCenterUser","onBehalfOf":{"userId":"`+string(sam.ID)) {
			t.Errorf("the account's trail: %+v, %v", trail, err)
		}
		if trail, err = entered.CloudTrail().LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{
			{AttributeKey: "EventName", AttributeValue: aws.String("LookupEvents")}}}); err != nil || len(trail.Events) != 1 ||
			!strings.Contains(*trail.Events[0].CloudTrailEvent, `"onBehalfOf":{"userId":"`+string(sam.ID)+`","identityStoreArn":"`+s.Center().StoreARN()) {
			t.Errorf("the account's trail, of the session: %+v, %v", trail, err)
		}
		for _, scope := range []seal.Scope{seal.Directory, shop.Scope()} {
			found := false
			for _, event := range s.Events(scope) {
				if event.Name != "getRoleCredentials" {
					continue
				}
				found = true
				text := fmt.Sprintf("%s %s", event.Detail.Request, event.Detail.Response)
				if event.Principal.ID != string(sam.ID) || event.Detail.PrincipalName != "sam" || !strings.Contains(text, key.AccessKeyID) || !strings.Contains(text, "Reader") {
					t.Errorf("%s tells %+v: %s", scope, event.Principal, text)
				}
				for _, secret := range []string{key.SecretAccessKey, key.SessionToken, sam.Token} {
					if strings.Contains(text, secret) {
						t.Errorf("%s holds a secret: %s", scope, text)
					}
				}
			}
			if !found {
				t.Errorf("%s does not tell of it", scope)
			}
		}
	})
}

// Each start URL has its own users.
func TestStartURLs(t *testing.T) {
	s := sallyporttest.Start(t)
	first, ctx := s.Center(), t.Context()
	var second identitycenter.Instance
	alone := s.NewAccount("alone").Account
	s.Write(func(tx *database.Tx) (err error) {
		second, err = s.Centers.CreateInstance(tx, alone, "")
		return err
	})
	client, err := s.OIDC().RegisterClient(ctx, &ssooidc.RegisterClientInput{ClientName: aws.String("cli"), ClientType: aws.String("public")})
	if err != nil {
		t.Fatal(err)
	}
	for url, store := range map[string]directory.StoreID{
		"/start": directory.StoreID(first.Store), "/start/": directory.StoreID(first.Store), "/start/#": directory.StoreID(first.Store),
		"/start/" + string(first.Store): directory.StoreID(first.Store), "/start/" + string(second.Store): directory.StoreID(second.Store),
		"/start/d-0123456789": "", "/": "", "/start/x/y": "", "/started": "",
	} {
		out, err := s.OIDC().StartDeviceAuthorization(ctx, &ssooidc.StartDeviceAuthorizationInput{ClientId: client.ClientId, ClientSecret: client.ClientSecret, StartUrl: aws.String(s.URL() + url)})
		if store == "" {
			if err == nil || !strings.Contains(err.Error(), "InvalidRequestException") {
				t.Errorf("%s: %v", url, err)
			}
			continue
		}
		if err != nil || *out.VerificationUriComplete != s.URL()+"/device?store="+string(store)+"&user_code="+*out.UserCode {
			t.Errorf("%s: %+v, %v", url, out, err)
		}
	}
}
