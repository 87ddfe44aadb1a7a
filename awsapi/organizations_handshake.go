package awsapi

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/org"
)

func (o *Organizations) inviteAccountToOrganization(c *operation.Command, of org.Organization, in *organizations.InviteAccountToOrganizationInput) (*organizations.InviteAccountToOrganizationOutput, error) {
	tags, err := organizationsTags(in.Tags)
	if err != nil {
		return nil, err
	}
	invitation := org.NewInvitation{Notes: aws.ToString(in.Notes), Tags: tags}
	switch in.Target.Type {
	case types.HandshakePartyTypeAccount:
		invitation.Account, err = account.ParseID(aws.ToString(in.Target.Id))
	case types.HandshakePartyTypeEmail:
		invitation.Email = aws.ToString(in.Target.Id)
	default:
		err = fault.WithReason(reasonInvalidParty, fault.Invalidf("an invitation goes to a party of the type ACCOUNT or EMAIL"))
	}
	if err != nil {
		return nil, err
	}
	sent, err := o.Organizations.Invite(c.Tx, of, invitation)
	return &organizations.InviteAccountToOrganizationOutput{Handshake: handshakeOut(sent)}, err
}

func (o *Organizations) enableAllFeatures(c *operation.Command, of org.Organization, _ *organizations.EnableAllFeaturesInput) (*organizations.EnableAllFeaturesOutput, error) {
	sent, err := o.Organizations.StartAllFeatures(c.Tx, of)
	return &organizations.EnableAllFeaturesOutput{Handshake: handshakeOut(sent)}, err
}

func (o *Organizations) acceptHandshake(c *operation.Command, in *organizations.AcceptHandshakeInput) (*organizations.AcceptHandshakeOutput, error) {
	accepted, err := o.Organizations.Accept(c.Tx, c.Caller.Principal.ID(), org.HandshakeID(*in.HandshakeId))
	recordBetween(c, accepted)
	return &organizations.AcceptHandshakeOutput{Handshake: handshakeOut(accepted)}, err
}

// recordBetween writes what became of a handshake into the log of who asked, too.
func recordBetween(c *operation.Command, h org.Handshake) {
	if h.ID != "" {
		c.RecordIn(scopes(c.Caller.Principal.ID(), h.From.Management)...)
	}
}

func (o *Organizations) declineHandshake(c *operation.Command, in *organizations.DeclineHandshakeInput) (*organizations.DeclineHandshakeOutput, error) {
	declined, err := o.Organizations.Decline(c.Tx, c.Caller.Principal.ID(), org.HandshakeID(*in.HandshakeId))
	recordBetween(c, declined)
	return &organizations.DeclineHandshakeOutput{Handshake: handshakeOut(declined)}, err
}

func (o *Organizations) cancelHandshake(c *operation.Command, in *organizations.CancelHandshakeInput) (*organizations.CancelHandshakeOutput, error) {
	canceled, err := o.Organizations.Cancel(c.Tx, c.Caller.Principal.ID(), org.HandshakeID(*in.HandshakeId))
	return &organizations.CancelHandshakeOutput{Handshake: handshakeOut(canceled)}, err
}

func (o *Organizations) describeHandshake(q *operation.Query, in *organizations.DescribeHandshakeInput) (*organizations.DescribeHandshakeOutput, error) {
	found, err := o.Organizations.Handshake(q.Tx, q.Caller.Principal.ID(), org.HandshakeID(*in.HandshakeId))
	return &organizations.DescribeHandshakeOutput{Handshake: handshakeOut(found)}, err
}

func (o *Organizations) listHandshakesForAccount(q *operation.Query, in *organizations.ListHandshakesForAccountInput) (*organizations.ListHandshakesForAccountOutput, error) {
	filter, err := handshakeFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	handshakes, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Handshake, error) {
		return o.Organizations.HandshakesOf(q.Tx, q.Caller.Principal.ID(), filter, p)
	}, func(h org.Handshake) string { return string(h.ID) })
	return &organizations.ListHandshakesForAccountOutput{Handshakes: handshakesOut(handshakes), NextToken: next}, err
}

func (o *Organizations) listHandshakesForOrganization(q *operation.Query, of org.Organization, in *organizations.ListHandshakesForOrganizationInput) (*organizations.ListHandshakesForOrganizationOutput, error) {
	filter, err := handshakeFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	handshakes, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Handshake, error) {
		return o.Organizations.HandshakesFrom(q.Tx, of, filter, p)
	}, func(h org.Handshake) string { return string(h.ID) })
	return &organizations.ListHandshakesForOrganizationOutput{Handshakes: handshakesOut(handshakes), NextToken: next}, err
}

func handshakeFilter(f *types.HandshakeFilter) (org.HandshakeFilter, error) {
	if f == nil {
		return org.HandshakeFilter{}, nil
	}
	if f.ActionType != "" && f.ParentHandshakeId != nil {
		return org.HandshakeFilter{}, fault.WithReason(reasonFilters, fault.Invalidf("filter by ActionType or by ParentHandshakeId, not by both"))
	}
	if f.ActionType != "" && !slices.Contains(f.ActionType.Values(), f.ActionType) {
		return org.HandshakeFilter{}, fault.WithReason(reasonEnum, fault.Invalidf("ActionType must be one of %v", f.ActionType.Values()))
	}
	return org.HandshakeFilter{Action: org.Action(f.ActionType), Parent: org.HandshakeID(aws.ToString(f.ParentHandshakeId))}, nil
}

func handshakesOut(handshakes []org.Handshake) []types.Handshake {
	return translate(handshakes, func(h org.Handshake) types.Handshake { return *handshakeOut(h) })
}

func handshakeOut(h org.Handshake) *types.Handshake {
	out := &types.Handshake{
		Id: aws.String(string(h.ID)), Arn: aws.String(h.ARN()), Action: types.ActionType(h.Action), State: types.HandshakeState(h.State),
		RequestedTimestamp: &h.RequestedAt, ExpirationTimestamp: &h.ExpiresAt,
	}
	party := func(kind types.HandshakePartyType, id string) {
		if id != "" {
			out.Parties = append(out.Parties, types.HandshakeParty{Type: kind, Id: &id})
		}
	}
	resource := func(kind types.HandshakeResourceType, value string, more ...types.HandshakeResource) {
		if value != "" {
			out.Resources = append(out.Resources, types.HandshakeResource{Type: kind, Value: &value, Resources: more})
		}
	}
	party(types.HandshakePartyTypeOrganization, string(h.From.ID))
	if h.Action != org.Invite {
		party(types.HandshakePartyTypeAccount, string(h.Account))
		resource(types.HandshakeResourceTypeOrganization, string(h.From.ID))
		resource(types.HandshakeResourceTypeAccount, string(h.Account))
		resource(types.HandshakeResourceTypeParentHandshake, string(h.Parent))
		return out
	}
	resource(types.HandshakeResourceTypeOrganization, string(h.From.ID),
		types.HandshakeResource{Type: types.HandshakeResourceTypeMasterEmail, Value: &h.FromEmail},
		types.HandshakeResource{Type: types.HandshakeResourceTypeMasterName, Value: &h.FromName},
		types.HandshakeResource{Type: types.HandshakeResourceTypeOrganizationFeatureSet, Value: aws.String(string(h.From.Features))})
	if h.Email != "" { // it went to an address, whoever has answered
		party(types.HandshakePartyTypeEmail, h.Email)
		resource(types.HandshakeResourceTypeEmail, h.Email)
	} else {
		party(types.HandshakePartyTypeAccount, string(h.Account))
		resource(types.HandshakeResourceTypeAccount, string(h.Account))
	}
	resource(types.HandshakeResourceTypeNotes, h.Notes)
	return out
}
