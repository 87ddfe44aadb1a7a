package awsapi

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

func (i *IdentityStore) createUser(c *operation.Command, at identitycenter.Instance, in *identitystore.CreateUserInput) (*identitystore.CreateUserOutput, error) {
	attributes := identitycenter.Attributes{
		UserName: aws.ToString(in.UserName), DisplayName: aws.ToString(in.DisplayName), NickName: aws.ToString(in.NickName), ProfileURL: aws.ToString(in.ProfileUrl),
		UserType: aws.ToString(in.UserType), Title: aws.ToString(in.Title), PreferredLanguage: aws.ToString(in.PreferredLanguage), Locale: aws.ToString(in.Locale),
		Timezone: aws.ToString(in.Timezone), Birthdate: aws.ToString(in.Birthdate), Website: aws.ToString(in.Website),
		Emails:       some(in.Emails, func(e types.Email) identitycenter.Item { return itemOf(e.Value, e.Type, e.Primary) }),
		PhoneNumbers: some(in.PhoneNumbers, func(p types.PhoneNumber) identitycenter.Item { return itemOf(p.Value, p.Type, p.Primary) }),
		Roles:        some(in.Roles, func(r types.Role) identitycenter.Item { return itemOf(r.Value, r.Type, r.Primary) }),
		Addresses: some(in.Addresses, func(a types.Address) identitycenter.Address {
			return identitycenter.Address{StreetAddress: aws.ToString(a.StreetAddress), Locality: aws.ToString(a.Locality), Region: aws.ToString(a.Region),
				PostalCode: aws.ToString(a.PostalCode), Country: aws.ToString(a.Country), Formatted: aws.ToString(a.Formatted), Type: aws.ToString(a.Type), Primary: a.Primary}
		}),
		Photos: some(in.Photos, func(p types.Photo) identitycenter.Photo {
			return identitycenter.Photo{Value: aws.ToString(p.Value), Type: aws.ToString(p.Type), Display: aws.ToString(p.Display), Primary: p.Primary}
		}),
	}
	if n := in.Name; n != nil {
		attributes.Name = identitycenter.Name{Formatted: aws.ToString(n.Formatted), FamilyName: aws.ToString(n.FamilyName), GivenName: aws.ToString(n.GivenName),
			MiddleName: aws.ToString(n.MiddleName), HonorificPrefix: aws.ToString(n.HonorificPrefix), HonorificSuffix: aws.ToString(n.HonorificSuffix)}
	}
	for name, extension := range in.Extensions {
		if err := checkExtensions([]string{name}); err != nil {
			return nil, err
		}
		content, err := wire.Open(extension)
		if err != nil {
			return nil, err
		}
		if err := attributes.SetEnterprise(content); err != nil {
			return nil, err
		}
	}
	u, err := i.Centers.CreateUser(c.Tx, at, attributes, c.Caller.Principal.Caller())
	return &identitystore.CreateUserOutput{IdentityStoreId: storeID(at), UserId: aws.String(string(u.ID)), UserArn: aws.String(u.ID.ARN()), Revision: &u.Revision}, err
}

func itemOf(value, kind *string, primary bool) identitycenter.Item {
	return identitycenter.Item{Value: aws.ToString(value), Type: aws.ToString(kind), Primary: primary}
}

// storeUserOut is a user with the extensions asked for.
func storeUserOut(at identitycenter.Instance, u identitycenter.User, asked []string) (types.User, error) {
	out := types.User{
		IdentityStoreId: storeID(at), UserId: aws.String(string(u.ID)), UserArn: aws.String(u.ID.ARN()), Revision: &u.Revision, UserStatus: types.UserStatus(u.Status),
		UserName: said(u.UserName), DisplayName: said(u.DisplayName), NickName: said(u.NickName), ProfileUrl: said(u.ProfileURL), UserType: said(u.UserType),
		Title: said(u.Title), PreferredLanguage: said(u.PreferredLanguage), Locale: said(u.Locale), Timezone: said(u.Timezone), Birthdate: said(u.Birthdate),
		Website: said(u.Website), ExternalIds: externalIDs(u.ExternalIDs),
		CreatedAt: &u.CreatedAt, CreatedBy: &u.CreatedBy, UpdatedAt: &u.UpdatedAt, UpdatedBy: &u.UpdatedBy,
		Emails: some(u.Emails, func(e identitycenter.Item) types.Email {
			return types.Email{Value: said(e.Value), Type: said(e.Type), Primary: e.Primary}
		}),
		PhoneNumbers: some(u.PhoneNumbers, func(p identitycenter.Item) types.PhoneNumber {
			return types.PhoneNumber{Value: said(p.Value), Type: said(p.Type), Primary: p.Primary}
		}),
		Roles: some(u.Roles, func(r identitycenter.Item) types.Role {
			return types.Role{Value: said(r.Value), Type: said(r.Type), Primary: r.Primary}
		}),
		Addresses: some(u.Addresses, func(a identitycenter.Address) types.Address {
			return types.Address{StreetAddress: said(a.StreetAddress), Locality: said(a.Locality), Region: said(a.Region), PostalCode: said(a.PostalCode),
				Country: said(a.Country), Formatted: said(a.Formatted), Type: said(a.Type), Primary: a.Primary}
		}),
		Photos: some(u.Photos, func(p identitycenter.Photo) types.Photo {
			return types.Photo{Value: said(p.Value), Type: said(p.Type), Display: said(p.Display), Primary: p.Primary}
		}),
	}
	if n := u.Name; n != (identitycenter.Name{}) {
		out.Name = &types.Name{Formatted: said(n.Formatted), FamilyName: said(n.FamilyName), GivenName: said(n.GivenName), MiddleName: said(n.MiddleName),
			HonorificPrefix: said(n.HonorificPrefix), HonorificSuffix: said(n.HonorificSuffix)}
	}
	var err error
	out.Extensions, err = extensions(asked, u)
	return out, err
}

func (i *IdentityStore) describeUser(q *operation.Query, at identitycenter.Instance, in *identitystore.DescribeUserInput) (*identitystore.DescribeUserOutput, error) {
	if err := checkExtensions(in.Extensions); err != nil {
		return nil, err
	}
	u, err := i.Centers.UserByID(q.Tx, at, identitycenter.ParseUserID(*in.UserId))
	if err != nil {
		return nil, err
	}
	out, err := storeUserOut(at, u, in.Extensions)
	return fillAlike[identitystore.DescribeUserOutput](out), err
}

func (i *IdentityStore) listUsers(q *operation.Query, at identitycenter.Instance, in *identitystore.ListUsersInput) (*identitystore.ListUsersOutput, error) {
	if err := checkExtensions(in.Extensions); err != nil {
		return nil, err
	}
	name, only, err := filtered(in.Filters, "UserName")
	if err != nil {
		return nil, err
	}
	users, next, err := storePage(q, in.NextToken, in.MaxResults, func(p identitycenter.Page) ([]identitycenter.User, error) {
		if !only {
			return i.Centers.Users(q.Tx, at, p)
		}
		u, err := i.Centers.UserByName(q.Tx, at, name)
		return onlyOne(u, string(u.ID), err, p)
	}, func(u identitycenter.User) string { return string(u.ID) })
	if err != nil {
		return nil, err
	}
	out := &identitystore.ListUsersOutput{Users: make([]types.User, len(users)), NextToken: next}
	for n, u := range users {
		if out.Users[n], err = storeUserOut(at, u, in.Extensions); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (i *IdentityStore) getUserID(q *operation.Query, at identitycenter.Instance, in *identitystore.GetUserIdInput) (*identitystore.GetUserIdOutput, error) {
	external, path, value, err := alternate(in.AlternateIdentifier)
	if err != nil {
		return nil, err
	}
	var u identitycenter.User
	switch {
	case external != nil:
		u, err = i.Centers.UserByExternalID(q.Tx, at, *external)
	case strings.EqualFold(path, "userName"):
		u, err = i.Centers.UserByName(q.Tx, at, value)
	case strings.EqualFold(path, "emails.value"):
		u, err = i.Centers.UserByEmail(q.Tx, at, value)
	default:
		err = notUniqueAttribute(path)
	}
	return &identitystore.GetUserIdOutput{IdentityStoreId: storeID(at), UserId: aws.String(string(u.ID)), UserArn: aws.String(u.ID.ARN())}, err
}

func (i *IdentityStore) updateUser(c *operation.Command, at identitycenter.Instance, in *identitystore.UpdateUserInput) (*identitystore.UpdateUserOutput, error) {
	operations, err := operationsOf(in.Operations)
	if err != nil {
		return nil, err
	}
	u, err := i.Centers.UpdateUser(c.Tx, at, identitycenter.ParseUserID(*in.UserId),
		identitycenter.Change{Operations: operations, Revision: aws.ToString(in.Revision), By: c.Caller.Principal.Caller()})
	return &identitystore.UpdateUserOutput{IdentityStoreId: storeID(at), UserId: aws.String(string(u.ID)), UserArn: aws.String(u.ID.ARN()), Revision: &u.Revision}, err
}

func (i *IdentityStore) deleteUser(c *operation.Command, at identitycenter.Instance, in *identitystore.DeleteUserInput) (*identitystore.DeleteUserOutput, error) {
	return &identitystore.DeleteUserOutput{}, i.Centers.DeleteUser(c.Tx, at, identitycenter.ParseUserID(*in.UserId), aws.ToString(in.Revision))
}

// memberOf is the user that a MemberId names.
func memberOf(id types.MemberId) (identitycenter.UserID, error) {
	user, ok := id.(*types.MemberIdMemberUserId)
	if !ok || !userPattern.MatchString(user.Value) {
		return "", fault.Invalidf("MemberId.UserId must match %s", userPattern)
	}
	return identitycenter.ParseUserID(user.Value), nil
}
