package awsapi

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/org"
)

func (o *Organizations) createAccount(c *operation.Command, of org.Organization, in *organizations.CreateAccountInput) (*organizations.CreateAccountOutput, error) {
	tags, err := organizationsTags(in.Tags)
	if err != nil {
		return nil, err
	}
	request, err := o.Organizations.CreateAccount(c.Tx, of, org.NewMember{
		Name: *in.AccountName, Email: *in.Email, Role: aws.ToString(in.RoleName),
		DenyBilling: in.IamUserAccessToBilling == types.IAMUserAccessToBillingDeny, Tags: tags,
	})
	if err != nil {
		return nil, err
	}
	return &organizations.CreateAccountOutput{CreateAccountStatus: requestOut(request)}, o.Jobs.Enqueue(c.Tx, org.FinishAccount{ID: request.ID})
}

func requestOut(r org.Request) *types.CreateAccountStatus {
	return &types.CreateAccountStatus{
		Id: aws.String(string(r.ID)), AccountName: &r.Name, State: types.CreateAccountState(r.State), AccountId: given(string(r.Account)),
		FailureReason: types.CreateAccountFailureReason(r.Failure), RequestedTimestamp: &r.RequestedAt, CompletedTimestamp: orNever(r.CompletedAt),
	}
}

// orNever leaves out the zero time.
func orNever(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (o *Organizations) describeCreateAccountStatus(q *operation.Query, of org.Organization, in *organizations.DescribeCreateAccountStatusInput) (*organizations.DescribeCreateAccountStatusOutput, error) {
	request, err := o.Organizations.Request(q.Tx, of, org.RequestID(*in.CreateAccountRequestId))
	return &organizations.DescribeCreateAccountStatusOutput{CreateAccountStatus: requestOut(request)}, err
}

func (o *Organizations) listCreateAccountStatus(q *operation.Query, of org.Organization, in *organizations.ListCreateAccountStatusInput) (*organizations.ListCreateAccountStatusOutput, error) {
	for _, state := range in.States {
		if !slices.Contains(state.Values(), state) {
			return nil, fault.WithReason(reasonEnum, fault.Invalidf("States must be among %v", state.Values()))
		}
	}
	states := translate(in.States, func(s types.CreateAccountState) org.RequestState { return org.RequestState(s) })
	requests, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Request, error) {
		return o.Organizations.Requests(q.Tx, of, states, p)
	}, func(r org.Request) string { return string(r.ID) })
	return &organizations.ListCreateAccountStatusOutput{NextToken: next,
		CreateAccountStatuses: translate(requests, func(r org.Request) types.CreateAccountStatus { return *requestOut(r) })}, err
}

func (o *Organizations) describeAccount(q *operation.Query, of org.Organization, in *organizations.DescribeAccountInput) (*organizations.DescribeAccountOutput, error) {
	a, err := o.Organizations.Account(q.Tx, of, account.ID(*in.AccountId))
	return &organizations.DescribeAccountOutput{Account: memberOut(of, a)}, err
}

func memberOut(of org.Organization, a org.Account) *types.Account {
	return &types.Account{
		Id: aws.String(string(a.Account)), Arn: aws.String(of.AccountARN(a.Account)), Name: &a.Name, Email: &a.Email,
		JoinedMethod: types.AccountJoinedMethod(a.Joined), JoinedTimestamp: &a.JoinedAt,
		Status: types.AccountStatus(a.Status), State: accountState(a), Paths: []string{a.Path()},
	}
}

// accountState: the newer member tells accounts that were closed from those that
// AWS suspended. Here an account is suspended by being closed alone.
func accountState(a org.Account) types.AccountState {
	if a.Status == account.Suspended {
		return types.AccountStateClosed
	}
	return types.AccountStateActive
}

func memberID(a org.Account) string { return string(a.Account) }

func (o *Organizations) listAccounts(q *operation.Query, of org.Organization, in *organizations.ListAccountsInput) (*organizations.ListAccountsOutput, error) {
	accounts, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Account, error) {
		return o.Organizations.Members(q.Tx, of, p)
	}, memberID)
	return &organizations.ListAccountsOutput{Accounts: membersOut(of, accounts), NextToken: next}, err
}

func membersOut(of org.Organization, accounts []org.Account) []types.Account {
	return translate(accounts, func(a org.Account) types.Account { return *memberOut(of, a) })
}

func (o *Organizations) listAccountsForParent(q *operation.Query, of org.Organization, in *organizations.ListAccountsForParentInput) (*organizations.ListAccountsForParentOutput, error) {
	accounts, next, err := pageOf(q, in.NextToken, in.MaxResults, func(p org.Page) ([]org.Account, error) {
		return o.Organizations.MembersBelow(q.Tx, of, org.NodeID(*in.ParentId), p)
	}, memberID)
	return &organizations.ListAccountsForParentOutput{Accounts: membersOut(of, accounts), NextToken: next}, err
}

func (o *Organizations) moveAccount(c *operation.Command, of org.Organization, in *organizations.MoveAccountInput) (*organizations.MoveAccountOutput, error) {
	return &organizations.MoveAccountOutput{}, o.Organizations.Move(c.Tx, of, account.ID(*in.AccountId), org.NodeID(*in.SourceParentId), org.NodeID(*in.DestinationParentId))
}

func (o *Organizations) closeAccount(c *operation.Command, of org.Organization, in *organizations.CloseAccountInput) (*organizations.CloseAccountOutput, error) {
	c.RecordIn(scopes(of.Management, account.ID(*in.AccountId))...)
	return &organizations.CloseAccountOutput{}, o.Organizations.Close(c.Tx, of, account.ID(*in.AccountId))
}

func (o *Organizations) removeAccountFromOrganization(c *operation.Command, of org.Organization, in *organizations.RemoveAccountFromOrganizationInput) (*organizations.RemoveAccountFromOrganizationOutput, error) {
	c.RecordIn(scopes(of.Management, account.ID(*in.AccountId))...)
	return &organizations.RemoveAccountFromOrganizationOutput{}, o.Organizations.Remove(c.Tx, of, account.ID(*in.AccountId))
}

func (o *Organizations) leaveOrganization(c *operation.Command, of org.Organization, _ *organizations.LeaveOrganizationInput) (*organizations.LeaveOrganizationOutput, error) {
	leaving := c.Caller.Principal.ID()
	c.RecordIn(scopes(leaving, of.Management)...)
	return &organizations.LeaveOrganizationOutput{}, o.Organizations.Remove(c.Tx, of, leaving)
}
