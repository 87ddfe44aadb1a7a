package awsapi

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
)

func principal(kind types.PrincipalType, id *string) identitycenter.Principal {
	return identitycenter.ParsePrincipal(identitycenter.PrincipalType(kind), aws.ToString(id))
}

// reach finds the set that an assignment is of, and refuses a delegate the owner's account.
func (o *SSOAdmin) reach(c *operation.Command, in any, target account.ID) (identitycenter.PermissionSet, error) {
	p, of, err := o.set(c.Tx.Reading(), &c.Call, in)
	if err == nil && of.delegate && target == of.Owner {
		err = fault.Deniedf("A delegated administrator cannot assign anybody in the management account, nor change that.")
	}
	if err == nil {
		err = o.ofOwner(c.Tx.Reading(), of, p)
	}
	return p, err
}

func (o *SSOAdmin) createAccountAssignment(c *operation.Command, in *ssoadmin.CreateAccountAssignmentInput) (*ssoadmin.CreateAccountAssignmentOutput, error) {
	target := account.ID(*in.TargetId)
	p, err := o.reach(c, in, target)
	if err != nil {
		return nil, err
	}
	if err := o.room(c.Tx.Reading(), p); err != nil {
		return nil, err
	}
	request, err := o.Centers.RequestAssignment(c.Tx, p, target, principal(in.PrincipalType, in.PrincipalId))
	if err != nil {
		return nil, err
	}
	return &ssoadmin.CreateAccountAssignmentOutput{AccountAssignmentCreationStatus: assignmentStatus(p.Center(), request, in.TargetType)},
		o.Jobs.Enqueue(c.Tx, identitycenter.FinishAssignment{ID: request.ID})
}

// room refuses one more change of an assignment while as many are under way as may be.
func (o *SSOAdmin) room(tx *database.ReadTx, p identitycenter.PermissionSet) error {
	if o.MostAssignments == 0 {
		return nil
	}
	underway, err := o.Centers.AssignmentsUnderway(tx, p.Center())
	if err == nil && underway >= o.MostAssignments {
		err = fault.Throttledf("%d changes of assignments are under way, as many as may be: wait until one has ended", underway)
	}
	return err
}

func (o *SSOAdmin) deleteAccountAssignment(c *operation.Command, in *ssoadmin.DeleteAccountAssignmentInput) (*ssoadmin.DeleteAccountAssignmentOutput, error) {
	target := account.ID(*in.TargetId)
	p, err := o.reach(c, in, target)
	if err != nil {
		return nil, err
	}
	if err := o.room(c.Tx.Reading(), p); err != nil {
		return nil, err
	}
	request, err := o.Centers.RequestRemoval(c.Tx, p, target, principal(in.PrincipalType, in.PrincipalId))
	if err != nil {
		return nil, err
	}
	return &ssoadmin.DeleteAccountAssignmentOutput{AccountAssignmentDeletionStatus: assignmentStatus(p.Center(), request, in.TargetType)},
		o.Jobs.Enqueue(c.Tx, identitycenter.FinishAssignment{ID: request.ID})
}

func assignmentStatus(of identitycenter.Instance, r identitycenter.Request, target types.TargetType) *types.AccountAssignmentOperationStatus {
	return &types.AccountAssignmentOperationStatus{
		RequestId: aws.String(string(r.ID)), Status: types.StatusValues(r.State), FailureReason: given(r.Failure), CreatedDate: &r.CreatedAt,
		PermissionSetArn: aws.String(of.SetARN(r.Set)), PrincipalId: &r.Principal.ID, PrincipalType: types.PrincipalType(r.Principal.Type),
		TargetId: aws.String(string(r.Account)), TargetType: target,
	}
}

func (o *SSOAdmin) describeCreationStatus(q *operation.Query, of center, in *ssoadmin.DescribeAccountAssignmentCreationStatusInput) (*ssoadmin.DescribeAccountAssignmentCreationStatusOutput, error) {
	r, err := o.Centers.Request(q.Tx, of.Instance, identitycenter.Creation, identitycenter.RequestID(*in.AccountAssignmentCreationRequestId))
	return &ssoadmin.DescribeAccountAssignmentCreationStatusOutput{AccountAssignmentCreationStatus: assignmentStatus(of.Instance, r, types.TargetTypeAwsAccount)}, err
}

func (o *SSOAdmin) describeDeletionStatus(q *operation.Query, of center, in *ssoadmin.DescribeAccountAssignmentDeletionStatusInput) (*ssoadmin.DescribeAccountAssignmentDeletionStatusOutput, error) {
	r, err := o.Centers.Request(q.Tx, of.Instance, identitycenter.Deletion, identitycenter.RequestID(*in.AccountAssignmentDeletionRequestId))
	return &ssoadmin.DescribeAccountAssignmentDeletionStatusOutput{AccountAssignmentDeletionStatus: assignmentStatus(of.Instance, r, types.TargetTypeAwsAccount)}, err
}

// requests reads one page of what was asked for.
func (o *SSOAdmin) requests(q *operation.Query, of center, kind identitycenter.RequestKind, filter *types.OperationStatusFilter, token *string, size *int32) ([]identitycenter.Request, *string, error) {
	state := identitycenter.RequestState("")
	if filter != nil {
		if filter.Status != "" && !slices.Contains(filter.Status.Values(), filter.Status) {
			return nil, nil, fault.Invalidf("Status must be one of %v", filter.Status.Values())
		}
		state = identitycenter.RequestState(filter.Status)
	}
	return pageOfSSO(q, token, size, func(p identitycenter.Page) ([]identitycenter.Request, error) {
		return o.Centers.Requests(q.Tx, of.Instance, kind, state, p)
	}, func(r identitycenter.Request) string { return string(r.ID) })
}

func assignmentMetadata(r identitycenter.Request) types.AccountAssignmentOperationStatusMetadata {
	return types.AccountAssignmentOperationStatusMetadata{RequestId: aws.String(string(r.ID)), Status: types.StatusValues(r.State), CreatedDate: &r.CreatedAt}
}

func (o *SSOAdmin) listCreationStatus(q *operation.Query, of center, in *ssoadmin.ListAccountAssignmentCreationStatusInput) (*ssoadmin.ListAccountAssignmentCreationStatusOutput, error) {
	found, next, err := o.requests(q, of, identitycenter.Creation, in.Filter, in.NextToken, in.MaxResults)
	return &ssoadmin.ListAccountAssignmentCreationStatusOutput{AccountAssignmentsCreationStatus: translate(found, assignmentMetadata), NextToken: next}, err
}

func (o *SSOAdmin) listDeletionStatus(q *operation.Query, of center, in *ssoadmin.ListAccountAssignmentDeletionStatusInput) (*ssoadmin.ListAccountAssignmentDeletionStatusOutput, error) {
	found, next, err := o.requests(q, of, identitycenter.Deletion, in.Filter, in.NextToken, in.MaxResults)
	return &ssoadmin.ListAccountAssignmentDeletionStatusOutput{AccountAssignmentsDeletionStatus: translate(found, assignmentMetadata), NextToken: next}, err
}

func (o *SSOAdmin) listAccountAssignments(q *operation.Query, p identitycenter.PermissionSet, in *ssoadmin.ListAccountAssignmentsInput) (*ssoadmin.ListAccountAssignmentsOutput, error) {
	found, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(page identitycenter.Page) ([]identitycenter.Assignment, error) {
		return o.Centers.Assignments(q.Tx, p, account.ID(*in.AccountId), page)
	}, func(a identitycenter.Assignment) string { return a.ID })
	return &ssoadmin.ListAccountAssignmentsOutput{NextToken: next, AccountAssignments: translate(found, func(a identitycenter.Assignment) types.AccountAssignment {
		return types.AccountAssignment{AccountId: aws.String(string(a.Account)), PermissionSetArn: aws.String(p.ARN()), PrincipalId: &a.ID, PrincipalType: types.PrincipalType(a.Type)}
	})}, err
}

func (o *SSOAdmin) listAssignmentsForPrincipal(q *operation.Query, of center, in *ssoadmin.ListAccountAssignmentsForPrincipalInput) (*ssoadmin.ListAccountAssignmentsForPrincipalOutput, error) {
	only := account.ID("")
	if in.Filter != nil {
		only = account.ID(aws.ToString(in.Filter.AccountId))
	}
	found, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(page identitycenter.Page) ([]identitycenter.Assignment, error) {
		return o.Centers.AssignmentsFor(q.Tx, of.Instance, principal(in.PrincipalType, in.PrincipalId), only, page)
	}, identitycenter.Assignment.Key)
	return &ssoadmin.ListAccountAssignmentsForPrincipalOutput{NextToken: next, AccountAssignments: translate(found, func(a identitycenter.Assignment) types.AccountAssignmentForPrincipal {
		return types.AccountAssignmentForPrincipal{AccountId: aws.String(string(a.Account)), PermissionSetArn: aws.String(of.SetARN(a.Set)), PrincipalId: &a.ID, PrincipalType: types.PrincipalType(a.Type)}
	})}, err
}

func (o *SSOAdmin) provisionPermissionSet(c *operation.Command, in *ssoadmin.ProvisionPermissionSetInput) (*ssoadmin.ProvisionPermissionSetOutput, error) {
	target := account.ID(aws.ToString(in.TargetId))
	switch one := in.TargetType == types.ProvisionTargetTypeAwsAccount; {
	case one && target == "":
		return nil, fault.Invalidf("TargetId is required where TargetType is AWS_ACCOUNT")
	case !one && target != "":
		return nil, fault.Invalidf("TargetId has no meaning where TargetType is ALL_PROVISIONED_ACCOUNTS")
	}
	p, err := o.reach(c, in, target)
	if err != nil {
		return nil, err
	}
	request, err := o.Centers.RequestProvisioning(c.Tx, p, target)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.ProvisionPermissionSetOutput{PermissionSetProvisioningStatus: provisioningStatus(p.Center(), request)},
		o.Jobs.Enqueue(c.Tx, identitycenter.FinishProvisioning{ID: request.ID})
}

func provisioningStatus(of identitycenter.Instance, r identitycenter.Request) *types.PermissionSetProvisioningStatus {
	return &types.PermissionSetProvisioningStatus{
		RequestId: aws.String(string(r.ID)), Status: types.StatusValues(r.State), FailureReason: given(r.Failure), CreatedDate: &r.CreatedAt,
		PermissionSetArn: aws.String(of.SetARN(r.Set)), AccountId: given(string(r.Account)),
	}
}

func (o *SSOAdmin) describeProvisioningStatus(q *operation.Query, of center, in *ssoadmin.DescribePermissionSetProvisioningStatusInput) (*ssoadmin.DescribePermissionSetProvisioningStatusOutput, error) {
	r, err := o.Centers.Request(q.Tx, of.Instance, identitycenter.Provisioning, identitycenter.RequestID(*in.ProvisionPermissionSetRequestId))
	return &ssoadmin.DescribePermissionSetProvisioningStatusOutput{PermissionSetProvisioningStatus: provisioningStatus(of.Instance, r)}, err
}

func (o *SSOAdmin) listProvisioningStatus(q *operation.Query, of center, in *ssoadmin.ListPermissionSetProvisioningStatusInput) (*ssoadmin.ListPermissionSetProvisioningStatusOutput, error) {
	found, next, err := o.requests(q, of, identitycenter.Provisioning, in.Filter, in.NextToken, in.MaxResults)
	return &ssoadmin.ListPermissionSetProvisioningStatusOutput{NextToken: next, PermissionSetsProvisioningStatus: translate(found, func(r identitycenter.Request) types.PermissionSetProvisioningStatusMetadata {
		return types.PermissionSetProvisioningStatusMetadata{RequestId: aws.String(string(r.ID)), Status: types.StatusValues(r.State), CreatedDate: &r.CreatedAt}
	})}, err
}

func (o *SSOAdmin) listAccountsForProvisioned(q *operation.Query, p identitycenter.PermissionSet, in *ssoadmin.ListAccountsForProvisionedPermissionSetInput) (*ssoadmin.ListAccountsForProvisionedPermissionSetOutput, error) {
	ids, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(page identitycenter.Page) ([]account.ID, error) {
		return o.Centers.AccountsWith(q.Tx, p, identitycenter.Freshness(in.ProvisioningStatus), page)
	}, asText)
	return &ssoadmin.ListAccountsForProvisionedPermissionSetOutput{AccountIds: translate(ids, asText), NextToken: next}, err
}

func (o *SSOAdmin) listProvisionedToAccount(q *operation.Query, of center, in *ssoadmin.ListPermissionSetsProvisionedToAccountInput) (*ssoadmin.ListPermissionSetsProvisionedToAccountOutput, error) {
	ids, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(page identitycenter.Page) ([]identitycenter.PermissionSetID, error) {
		return o.Centers.SetsIn(q.Tx, of.Instance, account.ID(*in.AccountId), identitycenter.Freshness(in.ProvisioningStatus), page)
	}, asText)
	return &ssoadmin.ListPermissionSetsProvisionedToAccountOutput{PermissionSets: translate(ids, of.SetARN), NextToken: next}, err
}
