package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/pipeline"
)

// How long, and how often, a change is tried again that another operation stands in the
// way of.
const (
	conflictWait = 500 * time.Millisecond
	conflicts    = 6
)

// errLeft is that a change was not begun, because applying was interrupted.
var errLeft = errors.New("interrupted")

// patiently does something again while another operation stands in its way.
func patiently(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if try == conflicts || !hasCode(err, "Conflict") {
			return err
		}
		if err := sleep(ctx, min(conflictWait<<try, 10*time.Second)); err != nil {
			return err
		}
	}
}

// unless is an error, but not one that says that things are as wanted.
func unless(code string, err error) error {
	if hasCode(err, code) {
		return nil
	}
	return err
}

func (a *applying) createSet(ctx context.Context, change *pipeline.Change) error {
	after, tags := change.After, map[string]string{}
	maps.Copy(tags, after.Tags)
	maps.Copy(tags, change.Marks)
	set, err := a.makeSet(ctx, &ssoadmin.CreatePermissionSetInput{
		InstanceArn: &a.Instance.ARN, Name: &after.Name, Description: given(after.Description), RelayState: given(after.RelayState),
		SessionDuration: given(after.SessionDuration), Tags: tagList(tags),
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.made[change.Set] = set
	a.mu.Unlock()
	return a.write(ctx, set, change, policyFields)
}

// makeSet creates a permission set. When the answer is lost, it is looked for: a second
// one would be refused, and this one has its marks from the first moment on.
func (a *applying) makeSet(ctx context.Context, in *ssoadmin.CreatePermissionSetInput) (string, error) {
	for try := 1; ; try++ {
		out, err := a.once.CreatePermissionSet(ctx, in)
		if err == nil {
			return aws.ToString(out.PermissionSet.PermissionSetArn), nil
		}
		if !isLost(err) || try == attempts {
			return "", err
		}
		if found, err := a.lookFor(ctx, *in.Name); err != nil || found != "" {
			return found, err
		}
	}
}

// lookFor finds a permission set of ours by name.
func (a *applying) lookFor(ctx context.Context, name string) (found string, err error) {
	f := newFan(ctx)
	in := &ssoadmin.ListPermissionSetsInput{InstanceArn: &a.Instance.ARN, MaxResults: aws.Int32(ssoPage)}
	err = pages(f, ssoadmin.NewListPermissionSetsPaginator(a.sso, in), func(page *ssoadmin.ListPermissionSetsOutput) bool {
		for _, arn := range page.PermissionSets {
			f.do(func() error {
				out, err := a.sso.DescribePermissionSet(f, &ssoadmin.DescribePermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &arn})
				if err != nil || aws.ToString(out.PermissionSet.Name) != name {
					return err
				}
				tags, err := a.tags(f, arn)
				if _, marks := pipeline.SplitTags(tags); marks[pipeline.ManagedTag] == "true" {
					f.locked(func() { found = arn })
				}
				return err
			})
		}
		return false
	})
	return found, cmp.Or(f.wait(), err)
}

func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func tagList(tags map[string]string) (list []types.Tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: &key, Value: aws.String(tags[key])})
	}
	return list
}

func (a *applying) updateSet(ctx context.Context, change *pipeline.Change, set string) error {
	marks := maps.Clone(change.Marks)
	if a.provisions[change.Set] {
		if marks == nil {
			marks = map[string]string{}
		}
		marks[pipeline.UnprovisionedTag] = "true"
	}
	// The marks come first: who dies behind them is known to have been here.
	if len(marks) > 0 {
		if err := a.tag(ctx, set, marks); err != nil {
			return err
		}
	}
	return a.write(ctx, set, change, nil)
}

func (a *applying) tag(ctx context.Context, set string, tags map[string]string) error {
	_, err := a.sso.TagResource(ctx, &ssoadmin.TagResourceInput{InstanceArn: &a.Instance.ARN, ResourceArn: &set, Tags: tagList(tags)})
	return err
}

func (a *applying) untag(ctx context.Context, set string, keys ...string) error {
	_, err := a.sso.UntagResource(ctx, &ssoadmin.UntagResourceInput{InstanceArn: &a.Instance.ARN, ResourceArn: &set, TagKeys: keys})
	return err
}

// policyFields are those that are not told when a permission set is created.
var policyFields = []pipeline.Field{pipeline.ManagedPolicies, pipeline.CustomerManagedPolicies, pipeline.PermissionBoundary, pipeline.CustomPolicy}

// write makes a permission set be as a change says, field by field: in the fields that are
// given, or in all. Each write can be repeated: what is so already is no failure.
func (a *applying) write(ctx context.Context, set string, change *pipeline.Change, only []pipeline.Field) error {
	after, basics := change.After, false
	for _, f := range change.Fields {
		if only != nil && !slices.Contains(only, f.Field) {
			continue
		}
		var err error
		switch f.Field {
		case pipeline.Description, pipeline.SessionDuration, pipeline.RelayState:
			if !basics { // one request is about all three
				err = a.writeBasics(ctx, set, after)
			}
			basics = true
		case pipeline.ManagedPolicies:
			err = a.writeManaged(ctx, set, f)
		case pipeline.CustomerManagedPolicies:
			err = a.writeCustomer(ctx, set, f)
		case pipeline.PermissionBoundary:
			err = a.writeBoundary(ctx, set, after.Boundary)
		case pipeline.CustomPolicy:
			err = a.writeInline(ctx, set, after.InlinePolicy)
		case pipeline.Tags:
			err = a.writeTags(ctx, set, after.Tags, f)
		default:
			err = fmt.Errorf("the plan has a field %s, which this version does not know", f.Field)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Field, told(err))
		}
	}
	return nil
}

// writeBasics tells all of them: AWS clears a relay state that it is not told.
func (a *applying) writeBasics(ctx context.Context, set string, after *pipeline.PermissionSet) error {
	return patiently(ctx, func() error {
		_, err := a.sso.UpdatePermissionSet(ctx, &ssoadmin.UpdatePermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set,
			Description: given(after.Description), SessionDuration: given(after.SessionDuration), RelayState: given(after.RelayState)})
		return err
	})
}

// writeManaged takes away first: a permission set may have as many as it can.
func (a *applying) writeManaged(ctx context.Context, set string, f pipeline.FieldChange) error {
	for _, arn := range f.Remove {
		_, err := a.sso.DetachManagedPolicyFromPermissionSet(ctx, &ssoadmin.DetachManagedPolicyFromPermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set, ManagedPolicyArn: &arn})
		if err := unless("ResourceNotFound", err); err != nil {
			return err
		}
	}
	for _, arn := range f.Add {
		_, err := a.sso.AttachManagedPolicyToPermissionSet(ctx, &ssoadmin.AttachManagedPolicyToPermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set, ManagedPolicyArn: &arn})
		if err := unless("Conflict", err); err != nil {
			return err
		}
	}
	return nil
}

func (a *applying) writeCustomer(ctx context.Context, set string, f pipeline.FieldChange) error {
	for _, name := range f.Remove {
		_, err := a.sso.DetachCustomerManagedPolicyReferenceFromPermissionSet(ctx, &ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetInput{
			InstanceArn: &a.Instance.ARN, PermissionSetArn: &set, CustomerManagedPolicyReference: reference(name)})
		if err := unless("ResourceNotFound", err); err != nil {
			return err
		}
	}
	for _, name := range f.Add {
		_, err := a.sso.AttachCustomerManagedPolicyReferenceToPermissionSet(ctx, &ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput{
			InstanceArn: &a.Instance.ARN, PermissionSetArn: &set, CustomerManagedPolicyReference: reference(name)})
		if err := unless("Conflict", err); err != nil {
			return err
		}
	}
	return nil
}

// reference reads path and name.
func reference(text string) *types.CustomerManagedPolicyReference {
	cut := strings.LastIndexByte(text, '/') + 1
	return &types.CustomerManagedPolicyReference{Path: aws.String(text[:cut]), Name: aws.String(text[cut:])}
}

func (a *applying) writeBoundary(ctx context.Context, set string, b *pipeline.Boundary) error {
	remove := func() error {
		_, err := a.sso.DeletePermissionsBoundaryFromPermissionSet(ctx, &ssoadmin.DeletePermissionsBoundaryFromPermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set})
		return unless("ResourceNotFound", err)
	}
	if b == nil {
		return remove()
	}
	in := &ssoadmin.PutPermissionsBoundaryToPermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set, PermissionsBoundary: &types.PermissionsBoundary{ManagedPolicyArn: given(b.ManagedPolicy)}}
	if b.CustomerPolicy != nil {
		in.PermissionsBoundary.CustomerManagedPolicyReference = reference(b.CustomerPolicy.String())
	}
	_, err := a.sso.PutPermissionsBoundaryToPermissionSet(ctx, in)
	if !hasCode(err, "Conflict") {
		return err
	}
	// There is one already: this one, or another, which it does not replace everywhere.
	out, err := a.sso.GetPermissionsBoundaryForPermissionSet(ctx, &ssoadmin.GetPermissionsBoundaryForPermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set})
	if err != nil || boundary(out.PermissionsBoundary).String() == b.String() {
		return err
	}
	if err := remove(); err != nil {
		return err
	}
	_, err = a.sso.PutPermissionsBoundaryToPermissionSet(ctx, in)
	return err
}

func (a *applying) writeInline(ctx context.Context, set, document string) error {
	if document == "" {
		_, err := a.sso.DeleteInlinePolicyFromPermissionSet(ctx, &ssoadmin.DeleteInlinePolicyFromPermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set})
		return unless("ResourceNotFound", err)
	}
	return patiently(ctx, func() error {
		_, err := a.sso.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set, InlinePolicy: &document})
		return err
	})
}

func (a *applying) writeTags(ctx context.Context, set string, after map[string]string, f pipeline.FieldChange) error {
	add, remove := map[string]string{}, []string{}
	for _, pair := range f.Add {
		key, _, _ := strings.Cut(pair, "=")
		add[key] = after[key]
	}
	for _, pair := range f.Remove {
		key, _, _ := strings.Cut(pair, "=")
		if _, stays := after[key]; !stays {
			remove = append(remove, key)
		}
	}
	if len(remove) > 0 {
		if err := a.untag(ctx, set, remove...); err != nil {
			return err
		}
	}
	if len(add) == 0 {
		return nil
	}
	return a.tag(ctx, set, add)
}

// deleteSet deletes a permission set. AWS may take a moment to see that it is in no
// account any more.
func (a *applying) deleteSet(ctx context.Context, set string) error {
	return patiently(ctx, func() error {
		_, err := a.sso.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set})
		return unless("ResourceNotFound", err)
	})
}

// provision brings a permission set into every account that has it, and takes the mark
// away that says that this is missing.
func (a *applying) provision(ctx context.Context, set string) error {
	if err := a.spreadTo(ctx, set, ""); err != nil {
		return err
	}
	return a.untag(ctx, set, pipeline.UnprovisionedTag)
}

// spreadTo provisions a set in one account, or in all that have it, and waits for it.
func (a *applying) spreadTo(ctx context.Context, set, account string) error {
	if a.Budget.operations.take(a.asking) != nil {
		return errLeft
	}
	defer a.Budget.operations.back()
	in := &ssoadmin.ProvisionPermissionSetInput{InstanceArn: &a.Instance.ARN, PermissionSetArn: &set, TargetType: types.ProvisionTargetTypeAllProvisionedAccounts}
	if account != "" {
		in.TargetType, in.TargetId = types.ProvisionTargetTypeAwsAccount, &account
	}
	for try := 1; ; try++ {
		begun := time.Now()
		out, err := a.once.ProvisionPermissionSet(ctx, in)
		if err == nil {
			return a.provisioning(ctx, begun, aws.ToString(out.PermissionSetProvisioningStatus.RequestId))
		}
		if !isLost(err) && !hasCode(err, "Conflict") || try == attempts {
			return err
		}
		// It may be under way, by this or an earlier request.
		id, lookErr := a.provisioningOf(ctx, set, account)
		switch {
		case lookErr != nil:
			return lookErr
		case id != "" && isLost(err):
			return a.provisioning(ctx, begun, id)
		case id != "":
			// An older one may not have the latest: await it, and ask again.
			if err := a.provisioning(ctx, begun, id); err != nil && ctx.Err() != nil {
				return err
			}
		case isLost(err):
			outdated, err := a.Client.provisioned(ctx, set, types.ProvisioningStatusLatestPermissionSetNotProvisioned)
			if err != nil || len(outdated) == 0 {
				return err
			}
		default:
			if err := sleep(ctx, conflictWait); err != nil {
				return err
			}
		}
	}
}

func (a *applying) provisioning(ctx context.Context, begun time.Time, id string) error {
	return a.spread.await(ctx, begun, func() (bool, error) {
		s, err := a.provisioningStatus(ctx, id)
		if err != nil {
			return false, err
		}
		if s.Status == types.StatusValuesFailed {
			return true, fmt.Errorf("provisioning failed: %s", aws.ToString(s.FailureReason))
		}
		return s.Status == types.StatusValuesSucceeded, nil
	})
}

func (a *applying) provisioningStatus(ctx context.Context, id string) (*types.PermissionSetProvisioningStatus, error) {
	out, err := a.sso.DescribePermissionSetProvisioningStatus(ctx, &ssoadmin.DescribePermissionSetProvisioningStatusInput{InstanceArn: &a.Instance.ARN, ProvisionPermissionSetRequestId: &id})
	if err != nil {
		return nil, err
	}
	return out.PermissionSetProvisioningStatus, nil
}

// provisioningOf finds the request that is provisioning a set just now.
func (a *applying) provisioningOf(ctx context.Context, set, account string) (id string, err error) {
	in := &ssoadmin.ListPermissionSetProvisioningStatusInput{InstanceArn: &a.Instance.ARN, MaxResults: aws.Int32(ssoPage), Filter: &types.OperationStatusFilter{Status: types.StatusValuesInProgress}}
	var ids []string
	err = pages(ctx, ssoadmin.NewListPermissionSetProvisioningStatusPaginator(a.sso, in), func(page *ssoadmin.ListPermissionSetProvisioningStatusOutput) bool {
		for _, s := range page.PermissionSetsProvisioningStatus {
			ids = append(ids, aws.ToString(s.RequestId))
		}
		return false
	})
	for _, one := range ids {
		if err != nil {
			return "", err
		}
		var s *types.PermissionSetProvisioningStatus
		if s, err = a.provisioningStatus(ctx, one); err == nil && aws.ToString(s.PermissionSetArn) == set && aws.ToString(s.AccountId) == account {
			id = one
		}
	}
	return id, err
}

// assignment makes an assignment, or ends it, and waits until that is so.
func (a *applying) assignment(ctx context.Context, at pipeline.Assignment, wanted bool) error {
	if a.Budget.operations.take(a.asking) != nil {
		return errLeft
	}
	defer a.Budget.operations.back()
	kind := deleting
	if wanted {
		kind = creating
	}
	for try := 1; ; try++ {
		begun := time.Now()
		id, err := kind.ask(ctx, a.Client, at)
		if err == nil {
			return a.awaitAssignment(ctx, kind, begun, id)
		}
		if !wanted && hasCode(err, "ResourceNotFound") {
			return nil
		}
		lost := isLost(err)
		if !lost && !hasCode(err, "Conflict") || try == attempts {
			return err
		}
		if id, err = a.requestOf(ctx, kind, at); err != nil {
			return err
		}
		if id != "" {
			return a.awaitAssignment(ctx, kind, begun, id)
		}
		if lost { // it may have ended as well
			if is, err := a.isAssigned(ctx, at); err != nil || is == wanted {
				return err
			}
			continue
		}
		// Something else is under way there, which has to end first.
		if err := sleep(ctx, conflictWait<<min(try, 4)); err != nil {
			return err
		}
	}
}

func (a *applying) isAssigned(ctx context.Context, at pipeline.Assignment) (is bool, err error) {
	err = a.assignmentsIn(ctx, at.Set, at.Account, func(_ types.PrincipalType, id *string) { is = is || aws.ToString(id) == at.ID })
	return is, err
}

var errFailed = errors.New("AWS could not do it")

func (c *Client) awaitAssignment(ctx context.Context, kind assignmentKind, begun time.Time, id string) error {
	return c.ended.await(ctx, begun, func() (bool, error) {
		s, err := kind.status(ctx, c, id)
		if err != nil {
			return false, err
		}
		if s.Status == types.StatusValuesFailed {
			return true, fmt.Errorf("%w: %s", errFailed, aws.ToString(s.FailureReason))
		}
		return s.Status == types.StatusValuesSucceeded, nil
	})
}

// requestOf finds the request that is about an assignment just now. There are few at a
// time: AWS lets no more be in flight.
func (a *applying) requestOf(ctx context.Context, kind assignmentKind, at pipeline.Assignment) (id string, err error) {
	ids, err := kind.underway(ctx, a.Client)
	for _, one := range ids {
		if err != nil {
			return "", err
		}
		var s *types.AccountAssignmentOperationStatus
		if s, err = kind.status(ctx, a.Client, one); err == nil && s.Status == types.StatusValuesInProgress &&
			aws.ToString(s.PermissionSetArn) == at.Set && aws.ToString(s.TargetId) == at.Account && aws.ToString(s.PrincipalId) == at.ID {
			id = one
		}
	}
	return id, err
}

// assignmentKind is what is the same of creating and of deleting assignments.
type assignmentKind struct {
	ask      func(context.Context, *Client, pipeline.Assignment) (id string, err error)
	status   func(ctx context.Context, c *Client, id string) (*types.AccountAssignmentOperationStatus, error)
	underway func(context.Context, *Client) (ids []string, err error)
}

var inProgress = &types.OperationStatusFilter{Status: types.StatusValuesInProgress}

var creating = assignmentKind{
	ask: func(ctx context.Context, c *Client, at pipeline.Assignment) (string, error) {
		out, err := c.once.CreateAccountAssignment(ctx, &ssoadmin.CreateAccountAssignmentInput{InstanceArn: &c.Instance.ARN, PermissionSetArn: &at.Set,
			PrincipalId: &at.ID, PrincipalType: types.PrincipalType(at.Type), TargetId: &at.Account, TargetType: types.TargetTypeAwsAccount})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.AccountAssignmentCreationStatus.RequestId), nil
	},
	status: func(ctx context.Context, c *Client, id string) (*types.AccountAssignmentOperationStatus, error) {
		out, err := c.sso.DescribeAccountAssignmentCreationStatus(ctx, &ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: &c.Instance.ARN, AccountAssignmentCreationRequestId: &id})
		if err != nil {
			return nil, err
		}
		return out.AccountAssignmentCreationStatus, nil
	},
	underway: func(ctx context.Context, c *Client) (ids []string, err error) {
		in := &ssoadmin.ListAccountAssignmentCreationStatusInput{InstanceArn: &c.Instance.ARN, MaxResults: aws.Int32(ssoPage), Filter: inProgress}
		err = pages(ctx, ssoadmin.NewListAccountAssignmentCreationStatusPaginator(c.sso, in), func(page *ssoadmin.ListAccountAssignmentCreationStatusOutput) bool {
			ids = append(ids, requestIDs(page.AccountAssignmentsCreationStatus)...)
			return false
		})
		return ids, err
	},
}

var deleting = assignmentKind{
	ask: func(ctx context.Context, c *Client, at pipeline.Assignment) (string, error) {
		out, err := c.once.DeleteAccountAssignment(ctx, &ssoadmin.DeleteAccountAssignmentInput{InstanceArn: &c.Instance.ARN, PermissionSetArn: &at.Set,
			PrincipalId: &at.ID, PrincipalType: types.PrincipalType(at.Type), TargetId: &at.Account, TargetType: types.TargetTypeAwsAccount})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.AccountAssignmentDeletionStatus.RequestId), nil
	},
	status: func(ctx context.Context, c *Client, id string) (*types.AccountAssignmentOperationStatus, error) {
		out, err := c.sso.DescribeAccountAssignmentDeletionStatus(ctx, &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{InstanceArn: &c.Instance.ARN, AccountAssignmentDeletionRequestId: &id})
		if err != nil {
			return nil, err
		}
		return out.AccountAssignmentDeletionStatus, nil
	},
	underway: func(ctx context.Context, c *Client) (ids []string, err error) {
		in := &ssoadmin.ListAccountAssignmentDeletionStatusInput{InstanceArn: &c.Instance.ARN, MaxResults: aws.Int32(ssoPage), Filter: inProgress}
		err = pages(ctx, ssoadmin.NewListAccountAssignmentDeletionStatusPaginator(c.sso, in), func(page *ssoadmin.ListAccountAssignmentDeletionStatusOutput) bool {
			ids = append(ids, requestIDs(page.AccountAssignmentsDeletionStatus)...)
			return false
		})
		return ids, err
	},
}

func requestIDs(list []types.AccountAssignmentOperationStatusMetadata) (ids []string) {
	for _, s := range list {
		ids = append(ids, aws.ToString(s.RequestId))
	}
	return ids
}
