package awsapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/awsapi"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/sallyporttest"
)

// staff is an identity store seen through the root user of the account it belongs to.
type staff struct {
	t       *testing.T
	s       *sallyporttest.Sallyport
	centers *identitycenter.Store
	url     string
	boss    *sallyporttest.Signer
	in      identitycenter.Instance
	id      *string
	*identitystore.Client
}

func eachStaff(t *testing.T, test func(t *testing.T, st *staff)) {
	t.Helper()
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		st := &staff{t: t, s: s, boss: s.Root(), centers: &identitycenter.Store{Keys: s.Keys(), Accounts: s.Accounts, Organizations: s.Orgs}}
		runner := s.Runner()
		runner.Authorizer.Locators["identitystore"] = st.centers
		door := awsapi.New(runner, &awsapi.IdentityStore{Centers: st.centers, Authorizer: runner.Authorizer})
		served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			door.ServeHTTP(w, operation.WithRequest(r, &operation.Request{ID: uuid.NewString(), Address: "192.0.2.1", BaseURL: "http://" + r.Host}))
		}))
		t.Cleanup(served.Close)
		st.url = served.URL
		st.in = st.instance(st.boss.Account)
		st.id, st.Client = aws.String(string(st.in.Store)), st.as(st.boss)
		test(t, st)
	})
}

// instance is an account's own, made when there is none yet.
func (st *staff) instance(owner account.ID) (in identitycenter.Instance) {
	st.t.Helper()
	st.s.Write(func(tx *database.Tx) (err error) {
		if in, err = st.centers.InstanceOf(tx.Reading(), owner); fault.Is(err, fault.NotFound) {
			in, err = st.centers.CreateInstance(tx, owner, "")
		}
		return err
	})
	return in
}

func (st *staff) as(who *sallyporttest.Signer) *identitystore.Client {
	return identitystore.New(identitystore.Options{Region: who.Region, Credentials: who, BaseEndpoint: aws.String(st.url + "/aws"), Retryer: aws.NopRetryer{}})
}

func newUser(store *string, name string) *identitystore.CreateUserInput {
	return &identitystore.CreateUserInput{IdentityStoreId: store, UserName: &name, DisplayName: aws.String("Dr. " + name),
		Name: &types.Name{GivenName: &name, FamilyName: aws.String("Lovelace")}}
}

func (st *staff) user(name string) *string {
	st.t.Helper()
	return must[*identitystore.CreateUserOutput](st.t)(st.CreateUser(st.t.Context(), newUser(st.id, name))).UserId
}

func (st *staff) group(name string) *string {
	st.t.Helper()
	return must[*identitystore.CreateGroupOutput](st.t)(st.CreateGroup(st.t.Context(), &identitystore.CreateGroupInput{IdentityStoreId: st.id, DisplayName: &name})).GroupId
}

func (st *staff) join(group, user *string) *string {
	st.t.Helper()
	return must[*identitystore.CreateGroupMembershipOutput](st.t)(st.CreateGroupMembership(st.t.Context(),
		&identitystore.CreateGroupMembershipInput{IdentityStoreId: st.id, GroupId: group, MemberId: memberID(user)})).MembershipId
}

func memberID(user *string) types.MemberId { return &types.MemberIdMemberUserId{Value: *user} }

func unique(path string, value any) types.AlternateIdentifier {
	return &types.AlternateIdentifierMemberUniqueAttribute{Value: types.UniqueAttribute{AttributePath: &path, AttributeValue: document.NewLazyDocument(value)}}
}

func external(issuer, id string) types.AlternateIdentifier {
	return &types.AlternateIdentifierMemberExternalId{Value: types.ExternalId{Issuer: &issuer, Id: &id}}
}

func changed(path string, value any) types.AttributeOperation {
	op := types.AttributeOperation{AttributePath: &path}
	if value != nil {
		op.AttributeValue = document.NewLazyDocument(value)
	}
	return op
}

func (st *staff) update(user *string, ops ...types.AttributeOperation) error {
	_, err := st.UpdateUser(st.t.Context(), &identitystore.UpdateUserInput{IdentityStoreId: st.id, UserId: user, Operations: ops})
	return err
}

// unserializable are what the SDK keeps in its structs for itself.
var unserializable = cmp.Options{cmpopts.IgnoreTypes(document.NewLazyDocument(nil)), cmpopts.IgnoreFields(identitystore.DescribeUserOutput{}, "ResultMetadata", "Extensions"),
	cmp.FilterPath(func(p cmp.Path) bool { return strings.Contains(p.Last().String(), "noSmithyDocumentSerde") }, cmp.Ignore())}

func TestAUserOfTheIdentityStoreFromCradleToGrave(t *testing.T) {
	eachStaff(t, func(t *testing.T, st *staff) {
		in := newUser(st.id, "ada")
		in.Name = &types.Name{Formatted: aws.String("Ada, Countess of Lovelace"), GivenName: aws.String("Ada"), FamilyName: aws.String("Lovelace"), MiddleName: aws.String("King"),
			HonorificPrefix: aws.String("Lady"), HonorificSuffix: aws.String("I")}
		in.NickName, in.ProfileUrl, in.UserType, in.Title = aws.String("countess"), aws.String("https://example.com/ada"), aws.String("employee"), aws.String("Analyst")
		in.PreferredLanguage, in.Locale, in.Timezone = aws.String("en-GB"), aws.String("en-GB"), aws.String("Europe/London")
		in.Birthdate, in.Website = aws.String("1815-12-10"), aws.String("https://example.com")
		in.Emails = []types.Email{{Value: aws.String("ada@example.com"), Type: aws.String("work"), Primary: true}}
		in.PhoneNumbers = []types.PhoneNumber{{Value: aws.String("+44 20 0000"), Type: aws.String("work"), Primary: true}}
		in.Roles = []types.Role{{Value: aws.String("engineer"), Type: aws.String("x"), Primary: true}}
		in.Addresses = []types.Address{{StreetAddress: aws.String("12 St James's Square"), Locality: aws.String("London"), Region: aws.String("Westminster"),
			PostalCode: aws.String("SW1Y"), Country: aws.String("GB"), Formatted: aws.String("London"), Type: aws.String("home"), Primary: true}}
		in.Photos = []types.Photo{{Value: aws.String("https://example.com/1.png"), Type: aws.String("photo"), Display: aws.String("portrait"), Primary: true}}
		const enterprise = "aws:identitystore:enterprise"
		in.Extensions = map[string]document.Interface{enterprise: document.NewLazyDocument(map[string]any{"employeeNumber": "42", "manager": map[string]any{"value": "babbage"}})}
		made := must[*identitystore.CreateUserOutput](t)(st.CreateUser(t.Context(), in))
		if *made.IdentityStoreId != *st.id || *made.UserArn != "arn:aws:identitystore:::user/"+*made.UserId || *made.Revision != "1" {
			t.Errorf("made %+v", made)
		}

		got := must[*identitystore.DescribeUserOutput](t)(st.DescribeUser(t.Context(), &identitystore.DescribeUserInput{
			IdentityStoreId: aws.String(st.in.StoreARN()), UserId: made.UserArn, Extensions: []string{enterprise}}))
		want := &identitystore.DescribeUserOutput{
			IdentityStoreId: st.id, UserId: made.UserId, UserArn: made.UserArn, Revision: made.Revision, UserStatus: types.UserStatusEnabled,
			UserName: in.UserName, DisplayName: in.DisplayName, Name: in.Name, NickName: in.NickName, ProfileUrl: in.ProfileUrl, UserType: in.UserType, Title: in.Title,
			PreferredLanguage: in.PreferredLanguage, Locale: in.Locale, Timezone: in.Timezone, Birthdate: in.Birthdate, Website: in.Website,
			Emails: in.Emails, PhoneNumbers: in.PhoneNumbers, Roles: in.Roles, Addresses: in.Addresses, Photos: in.Photos,
			CreatedBy: aws.String(st.boss.Account.Root()), UpdatedBy: aws.String(st.boss.Account.Root()), CreatedAt: got.CreatedAt, UpdatedAt: got.CreatedAt,
		}
		if diff := cmp.Diff(want, got, unserializable); diff != "" || got.CreatedAt == nil {
			t.Error(diff)
		}
		var extension map[string]any
		if err := got.Extensions[enterprise].UnmarshalSmithyDocument(&extension); err != nil || !cmp.Equal(extension, map[string]any{"employeeNumber": "42", "manager": map[string]any{"value": "babbage"}}) {
			t.Errorf("the extension is %v, %v", extension, err)
		}

		listed := must[*identitystore.ListUsersOutput](t)(st.ListUsers(t.Context(), &identitystore.ListUsersInput{IdentityStoreId: st.id, Extensions: []string{enterprise}})).Users
		if len(listed) != 1 || *listed[0].UserId != *made.UserId || listed[0].Extensions == nil || *listed[0].Title != "Analyst" {
			t.Errorf("listed %+v", listed)
		}
		plain := must[*identitystore.DescribeUserOutput](t)(st.DescribeUser(t.Context(), &identitystore.DescribeUserInput{IdentityStoreId: st.id, UserId: made.UserId}))
		if plain.Extensions != nil {
			t.Error("an extension nobody asked for is shown")
		}

		if err := st.update(made.UserId, changed("userName", "countess"), changed("nickName", nil), changed("emails", []any{map[string]any{"value": "a@example.com"}}),
			changed("externalIds", []any{map[string]any{"issuer": "https://idp.example.com", "id": "7"}}), changed("userStatus", "DISABLED"),
			changed(enterprise+".department", "Numbers")); err != nil {
			t.Fatal(err)
		}
		for what, identifier := range map[string]types.AlternateIdentifier{
			"user name": unique("userName", "COUNTESS"), "path in capitals": unique("UserName", "countess"), "address": unique("emails.value", "A@example.com"),
			"external id": external("https://idp.example.com", "7"),
		} {
			found := must[*identitystore.GetUserIdOutput](t)(st.GetUserId(t.Context(), &identitystore.GetUserIdInput{IdentityStoreId: st.id, AlternateIdentifier: identifier}))
			if *found.UserId != *made.UserId || *found.UserArn != *made.UserArn || *found.IdentityStoreId != *st.id {
				t.Errorf("by %s: %+v", what, found)
			}
		}
		after := must[*identitystore.DescribeUserOutput](t)(st.DescribeUser(t.Context(), &identitystore.DescribeUserInput{IdentityStoreId: st.id, UserId: made.UserId}))
		if *after.Revision != "2" || after.UserStatus != types.UserStatusDisabled || after.NickName != nil || len(after.ExternalIds) != 1 || *after.ExternalIds[0].Id != "7" {
			t.Errorf("it became %+v", after)
		}
		_, err := st.DeleteUser(t.Context(), &identitystore.DeleteUserInput{IdentityStoreId: st.id, UserId: made.UserId, Revision: aws.String("1")})
		conflicts(t, err, types.ConflictExceptionReasonConcurrentModification)
		must[*identitystore.DeleteUserOutput](t)(st.DeleteUser(t.Context(), &identitystore.DeleteUserInput{IdentityStoreId: st.id, UserId: made.UserId, Revision: aws.String("2")}))
		_, err = st.DescribeUser(t.Context(), &identitystore.DescribeUserInput{IdentityStoreId: st.id, UserId: made.UserId})
		isMissing(t, err, types.ResourceTypeUser, *made.UserId)
	})
}

func conflicts(t *testing.T, err error, reason types.ConflictExceptionReason) {
	t.Helper()
	var conflict *types.ConflictException
	if !errors.As(err, &conflict) || conflict.Reason != reason {
		t.Errorf("got %v, want a ConflictException because of %s", err, reason)
	}
}

func isMissing(t *testing.T, err error, kind types.ResourceType, id string) {
	t.Helper()
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) || missing.ResourceType != kind || aws.ToString(missing.ResourceId) != id {
		t.Errorf("got %v, want a ResourceNotFoundException of %s %s", err, kind, id)
	}
}

func TestGroupsOfTheIdentityStore(t *testing.T) {
	eachStaff(t, func(t *testing.T, st *staff) {
		made := must[*identitystore.CreateGroupOutput](t)(st.CreateGroup(t.Context(),
			&identitystore.CreateGroupInput{IdentityStoreId: st.id, DisplayName: aws.String("Admins"), Description: aws.String("who may")}))
		updated := must[*identitystore.UpdateGroupOutput](t)(st.UpdateGroup(t.Context(), &identitystore.UpdateGroupInput{IdentityStoreId: st.id, GroupId: made.GroupId, Revision: aws.String("1"),
			Operations: []types.AttributeOperation{changed("description", nil), changed("externalIds", []any{map[string]any{"issuer": "idp", "id": "7"}})}}))
		if *updated.Revision != "2" || *updated.GroupArn != *made.GroupArn {
			t.Errorf("updated %+v", updated)
		}
		got := must[*identitystore.DescribeGroupOutput](t)(st.DescribeGroup(t.Context(), &identitystore.DescribeGroupInput{IdentityStoreId: st.id, GroupId: made.GroupArn}))
		if *got.DisplayName != "Admins" || got.Description != nil || *got.ExternalIds[0].Issuer != "idp" || *got.CreatedBy != st.boss.Account.Root() || got.UpdatedAt == nil || *got.Revision != "2" {
			t.Errorf("got %+v", got)
		}
		for what, identifier := range map[string]types.AlternateIdentifier{"name": unique("displayName", "admins"), "external id": external("idp", "7")} {
			found := must[*identitystore.GetGroupIdOutput](t)(st.GetGroupId(t.Context(), &identitystore.GetGroupIdInput{IdentityStoreId: st.id, AlternateIdentifier: identifier}))
			if *found.GroupId != *made.GroupId {
				t.Errorf("by %s: %+v", what, found)
			}
		}
		_, err := st.CreateGroup(t.Context(), &identitystore.CreateGroupInput{IdentityStoreId: st.id, DisplayName: aws.String("ADMINS")})
		conflicts(t, err, types.ConflictExceptionReasonUniquenessConstraintViolation)
		mustBe(t, err, "ConflictException", "Duplicate GroupDisplayName")
		_, err = st.UpdateGroup(t.Context(), &identitystore.UpdateGroupInput{IdentityStoreId: st.id, GroupId: made.GroupId, Revision: aws.String("1"),
			Operations: []types.AttributeOperation{changed("description", "x")}})
		conflicts(t, err, types.ConflictExceptionReasonConcurrentModification)
		must[*identitystore.DeleteGroupOutput](t)(st.DeleteGroup(t.Context(), &identitystore.DeleteGroupInput{IdentityStoreId: st.id, GroupId: made.GroupId, Revision: aws.String("2")}))
		_, err = st.DescribeGroup(t.Context(), &identitystore.DescribeGroupInput{IdentityStoreId: st.id, GroupId: made.GroupId})
		isMissing(t, err, types.ResourceTypeGroup, *made.GroupId)
	})
}

func TestMembershipsOfTheIdentityStore(t *testing.T) {
	eachStaff(t, func(t *testing.T, st *staff) {
		ada, bob, admins, readers := st.user("ada"), st.user("bob"), st.group("admins"), st.group("readers")
		membership := st.join(admins, ada)
		_, err := st.CreateGroupMembership(t.Context(), &identitystore.CreateGroupMembershipInput{IdentityStoreId: st.id, GroupId: admins, MemberId: memberID(ada)})
		conflicts(t, err, types.ConflictExceptionReasonUniquenessConstraintViolation)
		mustBe(t, err, "ConflictException", "already exists")
		got := must[*identitystore.DescribeGroupMembershipOutput](t)(st.DescribeGroupMembership(t.Context(), &identitystore.DescribeGroupMembershipInput{IdentityStoreId: st.id, MembershipId: membership}))
		if *got.GroupId != *admins || got.MemberId.(*types.MemberIdMemberUserId).Value != *ada || *got.MembershipArn != "arn:aws:identitystore:::membership/"+*membership || *got.CreatedBy != st.boss.Account.Root() {
			t.Errorf("got %+v", got)
		}
		found := must[*identitystore.GetGroupMembershipIdOutput](t)(st.GetGroupMembershipId(t.Context(), &identitystore.GetGroupMembershipIdInput{IdentityStoreId: st.id, GroupId: admins, MemberId: memberID(ada)}))
		if *found.MembershipId != *membership {
			t.Errorf("found %+v", found)
		}
		_, err = st.GetGroupMembershipId(t.Context(), &identitystore.GetGroupMembershipIdInput{IdentityStoreId: st.id, GroupId: admins, MemberId: memberID(bob)})
		isMissing(t, err, types.ResourceTypeGroupMembership, "")
		results := must[*identitystore.IsMemberInGroupsOutput](t)(st.IsMemberInGroups(t.Context(), &identitystore.IsMemberInGroupsInput{IdentityStoreId: st.id, GroupIds: []string{*admins, *readers}, MemberId: memberID(ada)})).Results
		if len(results) != 2 || !results[0].MembershipExists || *results[0].GroupId != *admins || results[1].MembershipExists {
			t.Errorf("results %+v", results)
		}
		_, err = st.IsMemberInGroups(t.Context(), &identitystore.IsMemberInGroupsInput{IdentityStoreId: st.id, GroupIds: []string{*membership}, MemberId: memberID(ada)})
		isMissing(t, err, types.ResourceTypeGroup, *membership)
		must[*identitystore.DeleteGroupMembershipOutput](t)(st.DeleteGroupMembership(t.Context(), &identitystore.DeleteGroupMembershipInput{IdentityStoreId: st.id, MembershipId: membership}))
		for _, f := range []func() error{
			func() error {
				_, err := st.DeleteGroupMembership(t.Context(), &identitystore.DeleteGroupMembershipInput{IdentityStoreId: st.id, MembershipId: membership})
				return err
			},
			func() error {
				_, err := st.DescribeGroupMembership(t.Context(), &identitystore.DescribeGroupMembershipInput{IdentityStoreId: st.id, MembershipId: membership})
				return err
			},
		} {
			isMissing(t, f(), types.ResourceTypeGroupMembership, *membership)
		}
	})
}

// Terraform and the public pipeline find principals so.
func TestListsOfTheIdentityStoreAreFiltered(t *testing.T) {
	eachStaff(t, func(t *testing.T, st *staff) {
		ada, admins := st.user("ada"), st.group("admins")
		st.user("ad")
		users := func(path, value string) ([]types.User, error) {
			out, err := st.ListUsers(t.Context(), &identitystore.ListUsersInput{IdentityStoreId: st.id, Filters: []types.Filter{{AttributePath: &path, AttributeValue: &value}}})
			if err != nil {
				return nil, err
			}
			return out.Users, nil
		}
		if found := must[[]types.User](t)(users("UserName", "ada")); len(found) != 1 || *found[0].UserId != *ada {
			t.Errorf("found %+v", found)
		}
		for _, nobody := range []string{"bob", "a", "ada ", "' or ''='", "%", "*", "ada\" or \"\"=\"", "ada)(|(userName=*", "{\"$ne\":null}"} {
			if found := must[[]types.User](t)(users("UserName", nobody)); found == nil || len(found) != 0 {
				t.Errorf("%q found %+v", nobody, found)
			}
		}
		groups := must[*identitystore.ListGroupsOutput](t)(st.ListGroups(t.Context(), &identitystore.ListGroupsInput{IdentityStoreId: st.id,
			Filters: []types.Filter{{AttributePath: aws.String("DisplayName"), AttributeValue: aws.String("admins")}}})).Groups
		if len(groups) != 1 || *groups[0].GroupId != *admins {
			t.Errorf("found %+v", groups)
		}
		for _, path := range []string{"DisplayName", "Emails.Value", "UserName or 1=1", "userName) --"} {
			_, err := users(path, "ada")
			mustBe(t, err, "ValidationException", "AttributePath")
		}
	})
}

func TestPagesOfTheIdentityStore(t *testing.T) {
	eachStaff(t, func(t *testing.T, st *staff) {
		var users, groups, memberships []string
		for n := range 5 {
			users, groups = append(users, *st.user(fmt.Sprintf("user%d", n))), append(groups, *st.group(fmt.Sprintf("group%d", n)))
		}
		for n := range 5 {
			memberships = append(memberships, *st.join(&groups[0], &users[n]))
			if n > 0 {
				memberships = append(memberships, *st.join(&groups[n], &users[0]))
			}
		}
		var got []string
		for p := identitystore.NewListUsersPaginator(st, &identitystore.ListUsersInput{IdentityStoreId: st.id, MaxResults: aws.Int32(2)}); p.HasMorePages(); {
			for _, u := range must[*identitystore.ListUsersOutput](t)(p.NextPage(t.Context())).Users {
				got = append(got, *u.UserId)
			}
		}
		same(t, "users", got, users)
		got = nil
		for p := identitystore.NewListGroupsPaginator(st, &identitystore.ListGroupsInput{IdentityStoreId: st.id, MaxResults: aws.Int32(5)}); p.HasMorePages(); {
			for _, g := range must[*identitystore.ListGroupsOutput](t)(p.NextPage(t.Context())).Groups {
				got = append(got, *g.GroupId)
			}
		}
		same(t, "groups", got, groups)
		got = nil
		for p := identitystore.NewListGroupMembershipsPaginator(st, &identitystore.ListGroupMembershipsInput{IdentityStoreId: st.id, GroupId: &groups[0], MaxResults: aws.Int32(1)}); p.HasMorePages(); {
			for _, m := range must[*identitystore.ListGroupMembershipsOutput](t)(p.NextPage(t.Context())).GroupMemberships {
				got = append(got, m.MemberId.(*types.MemberIdMemberUserId).Value)
			}
		}
		same(t, "members", got, users)
		got = nil
		for p := identitystore.NewListGroupMembershipsForMemberPaginator(st, &identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: st.id, MemberId: memberID(&users[0]), MaxResults: aws.Int32(3)}); p.HasMorePages(); {
			for _, m := range must[*identitystore.ListGroupMembershipsForMemberOutput](t)(p.NextPage(t.Context())).GroupMemberships {
				got = append(got, *m.GroupId)
			}
		}
		same(t, "groups of a member", got, groups)
		if len(memberships) != 9 {
			t.Error(memberships)
		}

		// A token is good for the operation and the account it was given to.
		token := must[*identitystore.ListUsersOutput](t)(st.ListUsers(t.Context(), &identitystore.ListUsersInput{IdentityStoreId: st.id, MaxResults: aws.Int32(1)})).NextToken
		_, err := st.ListGroups(t.Context(), &identitystore.ListGroupsInput{IdentityStoreId: st.id, NextToken: token})
		mustBe(t, err, "ValidationException", "paging token")
		rival := st.s.NewAccount("rival")
		rivals := aws.String(string(st.instance(rival.Account).Store))
		_, err = st.as(rival).ListUsers(t.Context(), &identitystore.ListUsersInput{IdentityStoreId: rivals, NextToken: token})
		mustBe(t, err, "ValidationException", "paging token")

		stores := must[*identitystore.ListIdentityStoresOutput](t)(st.ListIdentityStores(t.Context(), nil)).IdentityStores
		if len(stores) != 1 || *stores[0].IdentityStoreId != *st.id || *stores[0].IdentityStoreArn != st.in.StoreARN() {
			t.Errorf("the stores are %+v", stores)
		}
		member := st.member("member")
		own := st.instance(member.Account)
		got = nil
		for p := identitystore.NewListIdentityStoresPaginator(st.as(member), &identitystore.ListIdentityStoresInput{MaxResults: aws.Int32(1)}); p.HasMorePages(); {
			for _, s := range must[*identitystore.ListIdentityStoresOutput](t)(p.NextPage(t.Context())).IdentityStores {
				got = append(got, *s.IdentityStoreId)
			}
		}
		same(t, "a member's stores", got, []string{*st.id, string(own.Store)})
		described := must[*identitystore.DescribeIdentityStoreOutput](t)(st.DescribeIdentityStore(t.Context(), &identitystore.DescribeIdentityStoreInput{IdentityStoreId: st.id}))
		if *described.IdentityStoreArn != st.in.StoreARN() || *described.NetworkConfiguration.VpceAccessRequired {
			t.Errorf("described %+v", described)
		}
		_, err = st.UpdateIdentityStore(t.Context(), &identitystore.UpdateIdentityStoreInput{IdentityStoreId: st.id, NetworkConfiguration: &types.NetworkConfiguration{VpceAccessRequired: aws.Bool(true)}})
		mustBe(t, err, "ValidationException", "UpdateIdentityStore")
	})
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s are %v, want %v", what, got, want)
	}
}

// member is the root user of an account of the store's organization.
func (st *staff) member(name string) *sallyporttest.Signer {
	st.t.Helper()
	return st.s.RootOf(account.ID(companyOf(st.t, st.s, st.boss).create(name)))
}

// asked is every operation about a store, on what there is in it.
func (st *staff) asked(store, user, group, membership *string) (reads, writes map[string]func(*identitystore.Client) error) {
	ctx := st.t.Context()
	some := []types.AttributeOperation{changed("displayName", "x")}
	reads = map[string]func(*identitystore.Client) error{
		"DescribeUser": func(c *identitystore.Client) error {
			_, err := c.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: store, UserId: user})
			return err
		},
		"ListUsers": func(c *identitystore.Client) error {
			_, err := c.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: store})
			return err
		},
		"GetUserId": func(c *identitystore.Client) error {
			_, err := c.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: store, AlternateIdentifier: unique("userName", "ada")})
			return err
		},
		"DescribeGroup": func(c *identitystore.Client) error {
			_, err := c.DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: store, GroupId: group})
			return err
		},
		"ListGroups": func(c *identitystore.Client) error {
			_, err := c.ListGroups(ctx, &identitystore.ListGroupsInput{IdentityStoreId: store})
			return err
		},
		"GetGroupId": func(c *identitystore.Client) error {
			_, err := c.GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: store, AlternateIdentifier: unique("displayName", "admins")})
			return err
		},
		"DescribeGroupMembership": func(c *identitystore.Client) error {
			_, err := c.DescribeGroupMembership(ctx, &identitystore.DescribeGroupMembershipInput{IdentityStoreId: store, MembershipId: membership})
			return err
		},
		"GetGroupMembershipId": func(c *identitystore.Client) error {
			_, err := c.GetGroupMembershipId(ctx, &identitystore.GetGroupMembershipIdInput{IdentityStoreId: store, GroupId: group, MemberId: memberID(user)})
			return err
		},
		"IsMemberInGroups": func(c *identitystore.Client) error {
			_, err := c.IsMemberInGroups(ctx, &identitystore.IsMemberInGroupsInput{IdentityStoreId: store, GroupIds: []string{*group}, MemberId: memberID(user)})
			return err
		},
		"ListGroupMemberships": func(c *identitystore.Client) error {
			_, err := c.ListGroupMemberships(ctx, &identitystore.ListGroupMembershipsInput{IdentityStoreId: store, GroupId: group})
			return err
		},
		"ListGroupMembershipsForMember": func(c *identitystore.Client) error {
			_, err := c.ListGroupMembershipsForMember(ctx, &identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: store, MemberId: memberID(user)})
			return err
		},
		"DescribeIdentityStore": func(c *identitystore.Client) error {
			_, err := c.DescribeIdentityStore(ctx, &identitystore.DescribeIdentityStoreInput{IdentityStoreId: store})
			return err
		},
	}
	writes = map[string]func(*identitystore.Client) error{
		"CreateUser": func(c *identitystore.Client) error {
			_, err := c.CreateUser(ctx, newUser(store, "intruder"))
			return err
		},
		"UpdateUser": func(c *identitystore.Client) error {
			_, err := c.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: store, UserId: user, Operations: some})
			return err
		},
		"DeleteUser": func(c *identitystore.Client) error {
			_, err := c.DeleteUser(ctx, &identitystore.DeleteUserInput{IdentityStoreId: store, UserId: user})
			return err
		},
		"CreateGroup": func(c *identitystore.Client) error {
			_, err := c.CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: store, DisplayName: aws.String("intruders")})
			return err
		},
		"UpdateGroup": func(c *identitystore.Client) error {
			_, err := c.UpdateGroup(ctx, &identitystore.UpdateGroupInput{IdentityStoreId: store, GroupId: group, Operations: some})
			return err
		},
		"DeleteGroup": func(c *identitystore.Client) error {
			_, err := c.DeleteGroup(ctx, &identitystore.DeleteGroupInput{IdentityStoreId: store, GroupId: group})
			return err
		},
		"CreateGroupMembership": func(c *identitystore.Client) error {
			_, err := c.CreateGroupMembership(ctx, &identitystore.CreateGroupMembershipInput{IdentityStoreId: store, GroupId: group, MemberId: memberID(user)})
			return err
		},
		"DeleteGroupMembership": func(c *identitystore.Client) error {
			_, err := c.DeleteGroupMembership(ctx, &identitystore.DeleteGroupMembershipInput{IdentityStoreId: store, MembershipId: membership})
			return err
		},
	}
	return reads, writes
}

func TestWhoMayAskTheIdentityStore(t *testing.T) {
	eachStaff(t, func(t *testing.T, st *staff) {
		user, group := st.user("ada"), st.group("admins")
		membership := st.join(group, user)
		reads, writes := st.asked(st.id, user, group, membership)
		if len(reads)+len(writes) != 20 {
			t.Fatalf("%d operations are tried", len(reads)+len(writes))
		}
		each := func(who string, ask *identitystore.Client, calls map[string]func(*identitystore.Client) error, judge func(error) bool) {
			t.Helper()
			for name, call := range calls {
				if err := call(ask); !judge(err) {
					t.Errorf("%s to %s: %v", name, who, err)
				}
			}
		}
		is := func(code string) func(error) bool {
			return func(err error) bool {
				var api smithy.APIError
				return errors.As(err, &api) && api.ErrorCode() == code
			}
		}
		nowhere := func(err error) bool {
			var missing *types.ResourceNotFoundException
			return errors.As(err, &missing) && missing.ResourceType == types.ResourceTypeIdentityStore
		}
		allowed := func(err error) bool { return err == nil }
		denied := func(err error) bool {
			var refused *types.AccessDeniedException
			return errors.As(err, &refused)
		}
		member, outsider := st.member("member"), st.s.NewAccount("outsider")
		for _, calls := range []map[string]func(*identitystore.Client) error{reads, writes} {
			each("nobody", st.as(st.s.Nobody()), calls, is("UnrecognizedClientException"))
			each("a user without policies", st.as(st.boss.User(fmt.Sprintf("nothing%d", len(calls)), "")), calls, denied)
			each("another account", st.as(outsider), calls, nowhere)
			each("a user of another account", st.as(outsider.User(fmt.Sprintf("nothing%d", len(calls)), "")), calls, denied)
		}
		each("a member account", st.as(member), reads, allowed)
		each("a member account", st.as(member), writes, denied)
		reader := st.as(st.boss.User("reader", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["identitystore:Describe*","identitystore:Get*","identitystore:List*","identitystore:IsMemberInGroups"],"Resource":"*"}}`))
		each("a reader", reader, reads, allowed)
		each("a reader", reader, writes, denied)
		// What does not exist is told apart neither by words nor by kind from what is somebody else's.
		absent, _ := st.asked(aws.String("d-0000000000"), user, group, membership)
		each("about no store", st.Client, absent, nowhere)
		wrong, _ := st.asked(aws.String(strings.Replace(st.in.StoreARN(), string(st.boss.Account), string(outsider.Account), 1)), user, group, membership)
		each("by a wrong owner's ARN", st.Client, wrong, nowhere)
		users := must[*identitystore.ListUsersOutput](t)(st.ListUsers(t.Context(), &identitystore.ListUsersInput{IdentityStoreId: st.id})).Users
		if len(users) != 1 || *users[0].DisplayName != "Dr. ada" || *users[0].Revision != "1" {
			t.Errorf("refused calls left %+v", users)
		}
	})
}

// Policies that name users and groups hold for all operations, also where the id
// stands in no member of its own.
func TestAttackBeyondTheUserOfAPolicy(t *testing.T) {
	eachStaff(t, func(t *testing.T, st *staff) {
		ada, bob, admins, readers := st.user("ada"), st.user("bob"), st.group("admins"), st.group("readers")
		adas, bobs := st.join(readers, ada), st.join(readers, bob)
		adaInAdmins := st.join(admins, ada)
		limited := st.as(st.boss.User("limited", fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"identitystore:*","Resource":[
			"arn:aws:identitystore::*:identitystore/*","arn:aws:identitystore:::membership/*","arn:aws:identitystore:::user/%s","arn:aws:identitystore:::group/%s"]}}`, *ada, *readers)))
		ctx := t.Context()
		for what, call := range map[string]func() error{
			"put another user into the group": func() error {
				_, err := limited.CreateGroupMembership(ctx, &identitystore.CreateGroupMembershipInput{IdentityStoreId: st.id, GroupId: readers, MemberId: memberID(bob)})
				return err
			},
			"put the user into another group": func() error {
				_, err := limited.CreateGroupMembership(ctx, &identitystore.CreateGroupMembershipInput{IdentityStoreId: st.id, GroupId: admins, MemberId: memberID(ada)})
				return err
			},
			"take another user out": func() error {
				_, err := limited.DeleteGroupMembership(ctx, &identitystore.DeleteGroupMembershipInput{IdentityStoreId: st.id, MembershipId: bobs})
				return err
			},
			"take the user out of another group": func() error {
				_, err := limited.DeleteGroupMembership(ctx, &identitystore.DeleteGroupMembershipInput{IdentityStoreId: st.id, MembershipId: adaInAdmins})
				return err
			},
			"see another membership": func() error {
				_, err := limited.DescribeGroupMembership(ctx, &identitystore.DescribeGroupMembershipInput{IdentityStoreId: st.id, MembershipId: bobs})
				return err
			},
			"find another membership": func() error {
				_, err := limited.GetGroupMembershipId(ctx, &identitystore.GetGroupMembershipIdInput{IdentityStoreId: st.id, GroupId: readers, MemberId: memberID(bob)})
				return err
			},
			"see where another user is": func() error {
				_, err := limited.ListGroupMembershipsForMember(ctx, &identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: st.id, MemberId: memberID(bob)})
				return err
			},
			"ask about another group": func() error {
				_, err := limited.IsMemberInGroups(ctx, &identitystore.IsMemberInGroupsInput{IdentityStoreId: st.id, GroupIds: []string{*readers, *admins}, MemberId: memberID(ada)})
				return err
			},
			"change another user": func() error {
				_, err := limited.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: st.id, UserId: bob, Operations: []types.AttributeOperation{changed("title", "x")}})
				return err
			},
			"find users by name": func() error {
				_, err := limited.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: st.id, AlternateIdentifier: unique("userName", "bob")})
				return err
			},
			"list all users": func() error {
				_, err := limited.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: st.id})
				return err
			},
		} {
			var refused *types.AccessDeniedException
			if err := call(); !errors.As(err, &refused) {
				t.Errorf("%s: %v", what, err)
			}
		}
		must[*identitystore.DeleteGroupMembershipOutput](t)(limited.DeleteGroupMembership(ctx, &identitystore.DeleteGroupMembershipInput{IdentityStoreId: st.id, MembershipId: adas}))
		must[*identitystore.CreateGroupMembershipOutput](t)(limited.CreateGroupMembership(ctx, &identitystore.CreateGroupMembershipInput{IdentityStoreId: st.id, GroupId: readers,
			MemberId: &types.MemberIdMemberUserId{Value: "arn:aws:identitystore:::user/" + *ada}}))
	})
}

func TestAttackAttributesOfTheIdentityStore(t *testing.T) {
	eachStaff(t, func(t *testing.T, st *staff) {
		ada := st.user("ada")
		before := must[*identitystore.DescribeUserOutput](t)(st.DescribeUser(t.Context(), &identitystore.DescribeUserInput{IdentityStoreId: st.id, UserId: ada}))
		deep := func(levels int) any {
			var v any = "x"
			for range levels {
				v = map[string]any{"manager": v}
			}
			return v
		}
		wide := map[string]any{}
		for n := range 10_000 {
			wide[fmt.Sprintf("attribute%d", n)] = "x"
		}
		for _, row := range []struct {
			what string
			op   types.AttributeOperation
			says string
		}{
			{"a path to nothing", changed("password", "x"), "does not name"},
			{"a path to what is ours", changed("revision", "x"), "does not name"},
			{"a path with an index", changed("emails[0].value", "x@example.com"), "does not name"},
			{"a path of a query", changed("emails[?primary].value", "x@example.com"), "does not name"},
			{"a long path", changed(strings.Repeat("name.", 10_000)+"x", "x"), "does not name"},
			{"an empty path", changed("", "x"), "AttributePath is required"},
			{"a giant text", changed("title", strings.Repeat("x", 500_000)), "title must be 1 to 1024"},
			{"a giant list", changed("emails", slices.Repeat([]any{map[string]any{"value": "x"}}, 20_000)), "emails can have 1"},
			{"an extension bomb", changed("aws:identitystore:enterprise", deep(20)), "is not known"},
			{"a deeper one", changed("aws:identitystore:enterprise", deep(1000)), "nested too deeply"},
			{"a wide one", changed("aws:identitystore:enterprise", wide), "is not known"},
			{"another extension", changed("aws:identitystore:other", map[string]any{}), "does not name"},
			{"a number", changed("title", 7), "must be a string"},
			{"a truth", changed("title", true), "must be a string"},
			{"a zero byte", changed("title", "a\x00b"), "zero"},
			{"a terminal's escape", changed("title", "\x1b[2J"), "title must"},
		} {
			err := st.update(ada, changed("nickName", "changed"), row.op)
			mustBe(t, err, "ValidationException", row.says)
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("%s is answered with %d bytes", row.what, len(err.Error()))
			}
		}
		_, err := st.UpdateUser(t.Context(), &identitystore.UpdateUserInput{IdentityStoreId: st.id, UserId: ada, Operations: slices.Repeat([]types.AttributeOperation{changed("title", "x")}, 101)})
		mustBe(t, err, "ValidationException", "Operations must be 1 to 100")
		for _, extension := range []string{"aws:identitystore:other", "enterprise", "AWS:identitystore:enterprise"} {
			_, err = st.DescribeUser(t.Context(), &identitystore.DescribeUserInput{IdentityStoreId: st.id, UserId: ada, Extensions: []string{extension}})
			mustBe(t, err, "ValidationException", "not supported")
			in := newUser(st.id, "bob")
			in.Extensions = map[string]document.Interface{extension: document.NewLazyDocument(map[string]any{})}
			_, err = st.CreateUser(t.Context(), in)
			mustBe(t, err, "ValidationException", "not supported")
		}
		_, err = st.CreateUser(t.Context(), newUser(st.id, "ADA"))
		conflicts(t, err, types.ConflictExceptionReasonUniquenessConstraintViolation)
		mustBe(t, err, "ConflictException", "Duplicate UserName")
		for _, identifier := range []types.AlternateIdentifier{unique("displayName", "Dr. ada"), unique("emails", "x"), unique("id", *ada), unique("userName", 7), unique("userName", ""),
			unique("userName", map[string]any{"$ne": nil}), unique("", "ada")} {
			_, err = st.GetUserId(t.Context(), &identitystore.GetUserIdInput{IdentityStoreId: st.id, AlternateIdentifier: identifier})
			mustBe(t, err, "ValidationException", "")
		}
		for _, identifier := range []types.AlternateIdentifier{unique("", "admins"), unique("userName", "admins"), unique("description", "x"), unique("displayName", []any{"admins"})} {
			_, err = st.GetGroupId(t.Context(), &identitystore.GetGroupIdInput{IdentityStoreId: st.id, AlternateIdentifier: identifier})
			mustBe(t, err, "ValidationException", "")
		}
		for _, identifier := range []types.AlternateIdentifier{unique("userName", "ad%"), external("a", "b"), unique("emails.value", "ada@example.com")} {
			_, err = st.GetUserId(t.Context(), &identitystore.GetUserIdInput{IdentityStoreId: st.id, AlternateIdentifier: identifier})
			isMissing(t, err, types.ResourceTypeUser, "")
		}
		for _, id := range []string{"ada", "arn:aws:identitystore:::group/" + *ada, *ada + "/x", "../" + *ada, "arn:aws:iam:::user/" + *ada} {
			_, err = st.DescribeUser(t.Context(), &identitystore.DescribeUserInput{IdentityStoreId: st.id, UserId: &id})
			mustBe(t, err, "ValidationException", "UserId must match")
			_, err = st.ListGroupMembershipsForMember(t.Context(), &identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: st.id, MemberId: memberID(&id)})
			mustBe(t, err, "ValidationException", "MemberId.UserId must match")
		}
		after := must[*identitystore.DescribeUserOutput](t)(st.DescribeUser(t.Context(), &identitystore.DescribeUserInput{IdentityStoreId: st.id, UserId: aws.String(strings.ToUpper(*ada))}))
		if diff := cmp.Diff(before, after, unserializable); diff != "" {
			t.Errorf("refused changes left %s", diff)
		}
	})
}
