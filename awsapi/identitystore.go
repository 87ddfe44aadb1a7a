package awsapi

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

// IdentityStore is the service of that name, API version 2020-06-15: the users and
// groups of IAM Identity Center.
type IdentityStore struct {
	Centers    *identitycenter.Store
	Authorizer *authz.Authorizer
}

func (i *IdentityStore) service() *service {
	// Which resources an action is about: "Actions, resources, and condition keys for
	// AWS Identity Store" in the Service Authorization Reference. Those that do not
	// stand in a text of the input are asked about with [IdentityStore.may].
	iam := func(action string, resources ...string) authz.Rule {
		return authz.IAM("identitystore:"+action, append([]string{"store/{IdentityStoreId}"}, resources...)...)
	}
	return &service{
		Service: operation.Service{Source: "identitystore"}, signing: "identitystore",
		errors: identityStoreErrors, constraints: identityStoreConstraints,
		targets: []string{"AWSIdentityStore"},
		operations: []*operation.Operation{
			operation.Write("CreateUser", changesStore(i, i.createUser), iam("CreateUser")),
			operation.Read("DescribeUser", asksStore(i, i.describeUser), iam("DescribeUser", "user/{UserId}")),
			operation.Write("UpdateUser", changesStore(i, i.updateUser), iam("UpdateUser", "user/{UserId}")),
			operation.Write("DeleteUser", changesStore(i, i.deleteUser), iam("DeleteUser", "user/{UserId}")),
			operation.Read("ListUsers", asksStore(i, i.listUsers), iam("ListUsers", "user/*")),
			operation.Read("GetUserId", asksStore(i, i.getUserID), iam("GetUserId", "user/*")),

			operation.Write("CreateGroup", changesStore(i, i.createGroup), iam("CreateGroup")),
			operation.Read("DescribeGroup", asksStore(i, i.describeGroup), iam("DescribeGroup", "group/{GroupId}")),
			operation.Write("UpdateGroup", changesStore(i, i.updateGroup), iam("UpdateGroup", "group/{GroupId}")),
			operation.Write("DeleteGroup", changesStore(i, i.deleteGroup), iam("DeleteGroup", "group/{GroupId}")),
			operation.Read("ListGroups", asksStore(i, i.listGroups), iam("ListGroups", "group/*")),
			operation.Read("GetGroupId", asksStore(i, i.getGroupID), iam("GetGroupId", "group/*")),

			operation.Write("CreateGroupMembership", changesStore(i, i.createGroupMembership), iam("CreateGroupMembership", "group/{GroupId}")),
			operation.Read("DescribeGroupMembership", asksStore(i, i.describeGroupMembership), iam("DescribeGroupMembership", "membership/{MembershipId}")),
			operation.Write("DeleteGroupMembership", changesStore(i, i.deleteGroupMembership), iam("DeleteGroupMembership", "membership/{MembershipId}")),
			operation.Read("GetGroupMembershipId", asksStore(i, i.getGroupMembershipID), iam("GetGroupMembershipId", "group/{GroupId}", "membership/*")),
			operation.Read("IsMemberInGroups", asksStore(i, i.isMemberInGroups), iam("IsMemberInGroups", "membership/*")),
			operation.Read("ListGroupMemberships", asksStore(i, i.listGroupMemberships), iam("ListGroupMemberships", "group/{GroupId}", "membership/*")),
			operation.Read("ListGroupMembershipsForMember", asksStore(i, i.listGroupMembershipsForMember), iam("ListGroupMembershipsForMember", "membership/*")),

			operation.Read("DescribeIdentityStore", asksStore(i, i.describeIdentityStore), iam("DescribeIdentityStore")),
			operation.Read("ListIdentityStores", i.listIdentityStores, authz.IAM("identitystore:ListIdentityStores", "*")),
			operation.Refused[identitystore.UpdateIdentityStoreInput, identitystore.UpdateIdentityStoreOutput]("UpdateIdentityStore", false,
				"an identity store can not be closed to networks here: use the condition keys aws:SourceIp and aws:SourceVpc in policies", iam("UpdateIdentityStore")),
		},
	}
}

// asksStore is a Read in the identity store that the input names.
func asksStore[In, Out any](i *IdentityStore, do func(*operation.Query, identitycenter.Instance, *In) (*Out, error)) func(*operation.Query, *In) (*Out, error) {
	return func(q *operation.Query, in *In) (*Out, error) {
		at, err := i.at(q.Tx, &q.Call, in)
		if err != nil {
			return nil, err
		}
		return do(q, at, in)
	}
}

// changesStore is a Write in the identity store that the input names.
func changesStore[In, Out any](i *IdentityStore, do func(*operation.Command, identitycenter.Instance, *In) (*Out, error)) func(*operation.Command, *In) (*Out, error) {
	return func(c *operation.Command, in *In) (*Out, error) {
		at, err := i.at(c.Tx.Reading(), &c.Call, in)
		if err != nil {
			return nil, err
		}
		return do(c, at, in)
	}
}

// at is the instance whose store the member IdentityStoreId of an input names.
func (i *IdentityStore) at(tx *database.ReadTx, call *operation.Call, in any) (identitycenter.Instance, error) {
	name := reflect.ValueOf(in).Elem().FieldByName("IdentityStoreId").Interface().(*string)
	return i.Centers.Reach(tx, call.Caller.Principal.ID(), *name)
}

// may asks policies whether the caller may take the action on these, too.
func (i *IdentityStore) may(tx *database.ReadTx, call *operation.Call, action string, names ...string) error {
	for _, name := range names {
		if err := i.Authorizer.Require(tx, call.Caller, call.Request.Circumstances(), "identitystore:"+action, name, nil); err != nil {
			return err
		}
	}
	return nil
}

func userName(id identitycenter.UserID) string   { return "user/" + string(id) }
func groupName(id identitycenter.GroupID) string { return "group/" + string(id) }

// storeID is how every output names the store it is about.
func storeID(at identitycenter.Instance) *string { return aws.String(string(at.Store)) }

// identityStorePage is how many items a page has at most, and unless asked for fewer.
const identityStorePage = 100

// storePage reads one page of one of the service's lists.
func storePage[Item any](q *operation.Query, token *string, size *int32, list func(identitycenter.Page) ([]Item, error), key func(Item) string) ([]Item, *string, error) {
	return page(q, token, size, identityStorePage, func(after string, limit int) ([]Item, error) {
		return list(identitycenter.Page{After: after, Limit: limit})
	}, key)
}

// filtered is the one value that a list is asked for; no filter: none. The filter is
// deprecated, and finds by the attribute that is unique.
func filtered(filters []types.Filter, attribute string) (value string, ok bool, err error) {
	if len(filters) == 0 {
		return "", false, nil
	}
	filter := filters[0]
	switch {
	case filter.AttributePath == nil || filter.AttributeValue == nil || *filter.AttributeValue == "":
		return "", false, fault.Invalidf("A filter has an AttributePath and an AttributeValue.")
	case !strings.EqualFold(*filter.AttributePath, attribute):
		return "", false, fault.Invalidf("The AttributePath of a filter must be %s here, not %.255q.", attribute, *filter.AttributePath)
	}
	return *filter.AttributeValue, true, nil
}

// onlyOne is what a filter has found, as a page of a list.
func onlyOne[Item any](found Item, key string, err error, p identitycenter.Page) ([]Item, error) {
	if fault.Is(err, fault.NotFound) || err == nil && key <= p.After {
		return nil, nil
	}
	return []Item{found}, err
}

// alternate is what to look for: an external id, or else the value of a unique
// attribute with its path.
func alternate(identifier types.AlternateIdentifier) (external *identitycenter.ExternalID, path, value string, err error) {
	switch identifier := identifier.(type) {
	case *types.AlternateIdentifierMemberExternalId:
		if identifier.Value.Id == nil || identifier.Value.Issuer == nil {
			return nil, "", "", fault.Invalidf("An ExternalId has an Issuer and an Id.")
		}
		return &identitycenter.ExternalID{Issuer: *identifier.Value.Issuer, ID: *identifier.Value.Id}, "", "", nil
	case *types.AlternateIdentifierMemberUniqueAttribute:
		if identifier.Value.AttributePath == nil || identifier.Value.AttributeValue == nil {
			break
		}
		value, err := wire.Open(identifier.Value.AttributeValue)
		if text, ok := value.(string); ok && text != "" {
			return nil, *identifier.Value.AttributePath, text, err
		}
	}
	return nil, "", "", fault.Invalidf("A UniqueAttribute has an AttributePath and an AttributeValue, a string that is not empty.")
}

func notUniqueAttribute(path string) error {
	return fault.Invalidf("The attribute %.255q is not a unique attribute.", path)
}

// operationsOf are the changes that an input wants.
func operationsOf(list []types.AttributeOperation) ([]identitycenter.Operation, error) {
	operations := make([]identitycenter.Operation, len(list))
	for i, op := range list {
		if op.AttributePath == nil || *op.AttributePath == "" {
			return nil, fault.Invalidf("Operations[%d].AttributePath is required", i)
		}
		operations[i].Path = *op.AttributePath
		if op.AttributeValue == nil {
			continue
		}
		var err error
		if operations[i].Value, err = wire.Open(op.AttributeValue); err != nil {
			return nil, err
		}
	}
	return operations, nil
}

func externalIDs(ids []identitycenter.ExternalID) []types.ExternalId {
	return some(ids, func(id identitycenter.ExternalID) types.ExternalId {
		return types.ExternalId{Issuer: &id.Issuer, Id: &id.ID}
	})
}

// some translates a list that is left out when it is empty.
func some[From, To any](list []From, to func(From) To) []To {
	if len(list) == 0 {
		return nil
	}
	return translate(list, to)
}

// said is a text that is left out when it is empty.
func said(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// checkExtensions refuses names of extensions that do not exist.
func checkExtensions(names []string) error {
	for _, name := range names {
		if name != identitycenter.EnterpriseExtension {
			return fault.Invalidf("The extension %.50q is not supported: %s is the only one.", name, identitycenter.EnterpriseExtension)
		}
	}
	return nil
}

// extensions are the ones asked for, of those a user has.
func extensions(asked []string, u identitycenter.User) (map[string]document.Interface, error) {
	if len(asked) == 0 || u.Enterprise == (identitycenter.Enterprise{}) {
		return nil, nil
	}
	text, err := json.Marshal(u.Enterprise)
	if err != nil {
		return nil, err
	}
	var content map[string]any
	err = json.Unmarshal(text, &content)
	return map[string]document.Interface{identitycenter.EnterpriseExtension: document.NewLazyDocument(content)}, err
}

// fillAlike copies the fields of one struct to those of the same name in another,
// which the model gives twice.
func fillAlike[To any](from any) *To {
	to := new(To)
	source, target := reflect.ValueOf(from), reflect.ValueOf(to).Elem()
	for _, field := range reflect.VisibleFields(source.Type()) {
		if into := target.FieldByName(field.Name); field.IsExported() && into.IsValid() {
			into.Set(source.FieldByIndex(field.Index))
		}
	}
	return to
}

func (i *IdentityStore) describeIdentityStore(_ *operation.Query, at identitycenter.Instance, _ *identitystore.DescribeIdentityStoreInput) (*identitystore.DescribeIdentityStoreOutput, error) {
	return &identitystore.DescribeIdentityStoreOutput{IdentityStoreId: storeID(at), IdentityStoreArn: aws.String(at.StoreARN()),
		NetworkConfiguration: &types.NetworkConfigurationDetails{VpceAccessRequired: aws.Bool(false)}}, nil
}

func (i *IdentityStore) listIdentityStores(q *operation.Query, in *identitystore.ListIdentityStoresInput) (*identitystore.ListIdentityStoresOutput, error) {
	found, next, err := storePage(q, in.NextToken, in.MaxResults, func(p identitycenter.Page) (after []identitycenter.Instance, err error) {
		all, err := i.Centers.InstancesFor(q.Tx, q.Caller.Principal.ID())
		begun := p.After == ""
		for _, instance := range all { // two at most
			if begun && len(after) < p.Limit {
				after = append(after, instance)
			}
			begun = begun || string(instance.Store) == p.After
		}
		return after, err
	}, func(at identitycenter.Instance) string { return string(at.Store) })
	return &identitystore.ListIdentityStoresOutput{NextToken: next, IdentityStores: translate(found, func(at identitycenter.Instance) types.IdentityStore {
		return types.IdentityStore{IdentityStoreId: storeID(at), IdentityStoreArn: aws.String(at.StoreARN())}
	})}, err
}
