package live

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	identitytypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/pipeline"
)

// ssoPage is the largest page of sso-admin and of identitystore.
const ssoPage = 100

// reading is a snapshot that is being made.
type reading struct {
	*Client
	*fan
	*pipeline.Snapshot
	all       bool            // read every permission set wholly
	described map[string]bool // those to be read wholly though they are not ours, by name
	enough    int             // users, beyond which they are not listed any more
	listed    bool            // every user and group was listed
	gone      map[string]bool // ids that nobody has
}

func (c *Client) newReading(ctx context.Context) *reading {
	s := &pipeline.Snapshot{FormatVersion: pipeline.FormatVersion, TakenAt: time.Now().UTC(), Instance: c.Instance}
	return &reading{Client: c, fan: newFan(ctx), Snapshot: s, described: map[string]bool{}, gone: map[string]bool{}}
}

// ForFiles makes a snapshot of what exists, for planning files: [pipeline.NewPlan] finds
// in it all it needs. Nothing is written, and each thing is asked once, at the same time
// as everything that does not depend on it.
//
// Assignments are read by principal or by permission set and account, whichever takes
// fewer requests. Full reads them by the latter in any case: it finds those of principals
// that are gone as well.
func (c *Client) ForFiles(ctx context.Context, t *pipeline.Templates, full bool) (*pipeline.Snapshot, error) {
	r := c.newReading(ctx)
	for i := range t.Sets {
		r.described[t.Sets[i].Name] = true
	}
	return r.everyAssignment(ctx, full, t.Needs(nil), t.Needs)
}

// Everything makes a snapshot of all there is, for writing files: [pipeline.Write] finds
// in it all it needs.
func (c *Client) Everything(ctx context.Context) (*pipeline.Snapshot, error) {
	r := c.newReading(ctx)
	r.all = true
	return r.everyAssignment(ctx, false, pipeline.Needs{}, func(*pipeline.Snapshot) pipeline.Needs { return pipeline.Needs{} })
}

// everyAssignment reads those of the permission sets that are ours or described, and what
// is needed besides.
func (r *reading) everyAssignment(ctx context.Context, full bool, names pipeline.Needs, more func(*pipeline.Snapshot) pipeline.Needs) (*pipeline.Snapshot, error) {
	r.do(r.organization)
	r.do(r.permissionSets)
	r.do(r.groups)
	r.do(r.settled)
	if err := r.wait(); err != nil {
		return nil, err
	}
	var sets []string
	for i := range r.Sets {
		if r.wanted(&r.Sets[i]) {
			sets = append(sets, r.Sets[i].ARN)
		}
	}
	pairs := len(sets) * len(r.Accounts)
	// Listing users is worth while as long as asking for each of them may be.
	r.fan, r.enough = newFan(ctx), max(pairs, ssoPage)
	r.do(r.users)
	if err := r.wait(); err != nil {
		return nil, err
	}
	var need pipeline.Needs
	if principals := len(r.Groups) + len(r.Users); !full && r.listed && principals <= pairs {
		for _, g := range r.Groups {
			need.Principals = append(need.Principals, pipeline.Principal{Type: pipeline.Group, ID: g.ID})
		}
		for _, u := range r.Users {
			need.Principals = append(need.Principals, pipeline.Principal{Type: pipeline.User, ID: u.ID})
		}
	} else {
		need.Sets = sets
	}
	need.Groups, need.Users, need.AccountTags = names.Groups, names.Users, names.AccountTags
	return r.complete(ctx, need, more)
}

// wanted tells whether a permission set is to be read wholly. Of others it is enough to
// know that they are there.
func (r *reading) wanted(set *pipeline.LiveSet) bool {
	return r.all || set.Managed() || r.described[set.Name]
}

// ForPlan makes a snapshot of what a plan relies on and would change, as far as it exists:
// [pipeline.Plan.Remaining] finds in it all it needs.
func (c *Client) ForPlan(ctx context.Context, p *pipeline.Plan) (*pipeline.Snapshot, error) {
	r := c.newReading(ctx)
	for _, set := range p.Sets() {
		r.described[set] = true
	}
	r.do(r.organization)
	r.do(r.permissionSets)
	r.do(r.groups)
	r.do(r.settled)
	if err := r.wait(); err != nil {
		return nil, err
	}
	return r.complete(ctx, p.Needs(nil), p.Needs)
}

// complete reads what is needed, and what shows to be needed by that.
func (r *reading) complete(ctx context.Context, need pipeline.Needs, more func(*pipeline.Snapshot) pipeline.Needs) (*pipeline.Snapshot, error) {
	for range 10 {
		if err := r.fill(ctx, need); err != nil {
			return nil, err
		}
		if need = more(r.Snapshot); need.Empty() {
			inOrder(r.Snapshot)
			return r.Snapshot, nil
		}
	}
	return nil, errors.New("the snapshot does not become complete")
}

// fill reads what a snapshot lacks.
func (r *reading) fill(ctx context.Context, need pipeline.Needs) error {
	r.fan = newFan(ctx)
	for _, p := range need.Principals {
		r.do(func() error { return r.assignmentsOf(p) })
	}
	for _, set := range need.Sets {
		r.do(func() error { return r.assignmentsOfSet(set) })
	}
	for _, set := range need.Provisioned {
		r.do(func() error { _, err := r.accountsWith(set); return err })
	}
	for i := range r.Sets {
		if set := &r.Sets[i]; slices.Contains(need.Contents, set.ARN) {
			set.Unread = false
			r.policies(r.fan, set)
		}
	}
	if need.AccountTags {
		for i := range r.Accounts {
			r.do(func() error { return r.accountTags(&r.Accounts[i]) })
		}
	}
	for _, user := range need.Members {
		r.do(func() error { return r.memberships(user) })
	}
	if !r.listed {
		for _, name := range need.Users {
			r.do(func() error { return r.userNamed(name) })
		}
	}
	if err := r.wait(); err != nil {
		return err
	}
	r.fan = newFan(ctx)
	r.nameHolders()
	return r.wait()
}

// inOrder sorts a snapshot, so that the same state has the same text, and drops what was
// read twice: a user's assignments are told with those of their groups.
func inOrder(s *pipeline.Snapshot) {
	byName := func(a, b pipeline.NamedPrincipal) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(s.Groups, byName)
	slices.SortFunc(s.Users, byName)
	s.Groups, s.Users = slices.Compact(s.Groups), slices.Compact(s.Users)
	slices.SortFunc(s.Units, func(a, b pipeline.Unit) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Accounts, func(a, b pipeline.Account) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Sets, func(a, b pipeline.LiveSet) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Assignments, compareAssignments)
	s.Assignments = slices.Compact(s.Assignments)
	slices.SortFunc(s.Read.Principals, comparePrincipals)
	s.Read.Principals = slices.Compact(s.Read.Principals)
	for _, list := range []*[]string{&s.Read.Sets, &s.Read.Provisioned} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

func comparePrincipals(a, b pipeline.Principal) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
}

func compareAssignments(a, b pipeline.Assignment) int {
	return cmp.Or(cmp.Compare(a.Set, b.Set), cmp.Compare(a.Account, b.Account), comparePrincipals(a.Principal, b.Principal))
}

// settled waits until no change of an assignment is under way: an earlier run that died
// may have asked for one, and read now it would be asked for again.
func (r *reading) settled() error {
	for _, kind := range []assignmentKind{creating, deleting} {
		ids, err := kind.underway(r, r.Client)
		if err != nil {
			return told(err)
		}
		for _, id := range ids {
			r.do(func() error {
				err := r.awaitAssignment(r, kind, time.Now(), id)
				if errors.Is(err, errFailed) {
					return nil // that is found out when it is asked for again
				}
				return told(err)
			})
		}
	}
	return nil
}

// organization reads units and accounts. Where there is none, the instance's own account
// is the only one.
func (r *reading) organization() error {
	var root, name string
	err := pages(r, organizations.NewListRootsPaginator(r.orgs, &organizations.ListRootsInput{}), func(page *organizations.ListRootsOutput) bool {
		for _, found := range page.Roots {
			root, name = aws.ToString(found.Id), aws.ToString(found.Name)
			if parsed, err := arn.Parse(aws.ToString(found.Arn)); err == nil {
				r.ManagementAccount = parsed.Account // whose the organization is
			}
		}
		return false
	})
	if hasCode(err, "AWSOrganizationsNotInUse") {
		r.Accounts = []pipeline.Account{{ID: r.Snapshot.Instance.Owner, Status: pipeline.Active}}
		return nil
	}
	if err != nil {
		return err
	}
	r.do(func() error { return r.accounts(root) })
	r.unit(pipeline.Unit{ID: root, Name: name})
	return nil
}

// unit notes a unit and reads those below.
func (r *reading) unit(u pipeline.Unit) {
	r.locked(func() { r.Units = append(r.Units, u) })
	r.do(func() error {
		in := &organizations.ListOrganizationalUnitsForParentInput{ParentId: &u.ID}
		return pages(r, organizations.NewListOrganizationalUnitsForParentPaginator(r.orgs, in), func(page *organizations.ListOrganizationalUnitsForParentOutput) bool {
			for _, below := range page.OrganizationalUnits {
				r.unit(pipeline.Unit{ID: aws.ToString(below.Id), Name: aws.ToString(below.Name), Parent: u.ID})
			}
			return false
		})
	})
}

// accounts reads all accounts with their places, which newer answers tell: o-.../r-.../ou-.../.
// Where they do not, each account is asked for its parent.
func (r *reading) accounts(root string) error {
	return pages(r, organizations.NewListAccountsPaginator(r.orgs, &organizations.ListAccountsInput{}), func(page *organizations.ListAccountsOutput) bool {
		for _, a := range page.Accounts {
			found := pipeline.Account{ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), Status: string(a.Status)}
			if found.Status == "" {
				found.Status = string(a.State)
			}
			if len(a.Paths) > 0 {
				found.Parent = parentIn(a.Paths[0], found.ID)
				r.locked(func() { r.Accounts = append(r.Accounts, found) })
				continue
			}
			r.do(func() error { return r.placed(found) })
		}
		return false
	})
}

// parentIn is the last node of a path that is not the account itself.
func parentIn(path, account string) string {
	nodes := strings.Split(strings.Trim(path, "/"), "/")
	if last := len(nodes) - 1; last > 0 && nodes[last] == account {
		nodes = nodes[:last]
	}
	return nodes[len(nodes)-1]
}

func (r *reading) placed(a pipeline.Account) error {
	out, err := r.orgs.ListParents(r, &organizations.ListParentsInput{ChildId: &a.ID})
	if err != nil {
		return told(err)
	}
	for _, parent := range out.Parents {
		a.Parent = aws.ToString(parent.Id)
	}
	r.locked(func() { r.Accounts = append(r.Accounts, a) })
	return nil
}

func (r *reading) accountTags(a *pipeline.Account) error {
	in := &organizations.ListTagsForResourceInput{ResourceId: &a.ID}
	a.Tags = map[string]string{}
	return pages(r, organizations.NewListTagsForResourcePaginator(r.orgs, in), func(page *organizations.ListTagsForResourceOutput) bool {
		for _, tag := range page.Tags {
			a.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		return false
	})
}

func (r *reading) permissionSets() error {
	in := &ssoadmin.ListPermissionSetsInput{InstanceArn: &r.Client.Instance.ARN, MaxResults: aws.Int32(ssoPage)}
	return pages(r, ssoadmin.NewListPermissionSetsPaginator(r.sso, in), func(page *ssoadmin.ListPermissionSetsOutput) bool {
		for _, name := range page.PermissionSets {
			r.do(func() error {
				set, err := r.permissionSet(name)
				if err == nil {
					r.locked(func() { r.Sets = append(r.Sets, set) })
				}
				return err
			})
		}
		return false
	})
}

// permissionSet reads one permission set.
func (r *reading) permissionSet(name string) (set pipeline.LiveSet, err error) {
	c := r.Client
	set.ARN = name
	f := newFan(r)
	f.do(func() error {
		out, err := c.sso.DescribePermissionSet(f, &ssoadmin.DescribePermissionSetInput{InstanceArn: &c.Instance.ARN, PermissionSetArn: &name})
		if err != nil {
			return told(err)
		}
		p := out.PermissionSet
		set.Name, set.Description, set.RelayState = aws.ToString(p.Name), aws.ToString(p.Description), aws.ToString(p.RelayState)
		set.SessionDuration = cmp.Or(aws.ToString(p.SessionDuration), pipeline.DefaultDuration)
		return nil
	})
	f.do(func() error {
		tags, err := c.tags(f, name)
		set.Tags, set.Marks = pipeline.SplitTags(tags)
		return err
	})
	if err := f.wait(); err != nil {
		return set, err
	}
	if set.Unread = !r.wanted(&set); set.Unread {
		return set, nil
	}
	f = newFan(r)
	c.policies(f, &set)
	return set, f.wait()
}

func (c *Client) tags(ctx context.Context, name string) (map[string]string, error) {
	tags := map[string]string{}
	in := &ssoadmin.ListTagsForResourceInput{InstanceArn: &c.Instance.ARN, ResourceArn: &name}
	return tags, pages(ctx, ssoadmin.NewListTagsForResourcePaginator(c.sso, in), func(page *ssoadmin.ListTagsForResourceOutput) bool {
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		return false
	})
}

// policies reads what a permission set allows.
func (c *Client) policies(f *fan, set *pipeline.LiveSet) {
	instance, name := &c.Instance.ARN, &set.ARN
	f.do(func() error {
		out, err := c.sso.GetInlinePolicyForPermissionSet(f, &ssoadmin.GetInlinePolicyForPermissionSetInput{InstanceArn: instance, PermissionSetArn: name})
		if err == nil {
			set.InlinePolicy = aws.ToString(out.InlinePolicy)
		}
		return told(err)
	})
	f.do(func() error {
		in := &ssoadmin.ListManagedPoliciesInPermissionSetInput{InstanceArn: instance, PermissionSetArn: name, MaxResults: aws.Int32(ssoPage)}
		var found []string
		err := pages(f, ssoadmin.NewListManagedPoliciesInPermissionSetPaginator(c.sso, in), func(page *ssoadmin.ListManagedPoliciesInPermissionSetOutput) bool {
			for _, p := range page.AttachedManagedPolicies {
				found = append(found, aws.ToString(p.Arn))
			}
			return false
		})
		slices.Sort(found)
		set.ManagedPolicies = found
		return err
	})
	f.do(func() error {
		in := &ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetInput{InstanceArn: instance, PermissionSetArn: name, MaxResults: aws.Int32(ssoPage)}
		var found []pipeline.CustomerPolicy
		err := pages(f, ssoadmin.NewListCustomerManagedPolicyReferencesInPermissionSetPaginator(c.sso, in), func(page *ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetOutput) bool {
			for _, p := range page.CustomerManagedPolicyReferences {
				found = append(found, customerPolicy(&p))
			}
			return false
		})
		slices.SortFunc(found, func(a, b pipeline.CustomerPolicy) int { return cmp.Compare(a.String(), b.String()) })
		set.CustomerManagedPolicies = found
		return err
	})
	f.do(func() error {
		out, err := c.sso.GetPermissionsBoundaryForPermissionSet(f, &ssoadmin.GetPermissionsBoundaryForPermissionSetInput{InstanceArn: instance, PermissionSetArn: name})
		if hasCode(err, "ResourceNotFound") {
			return nil // which is how AWS says that there is none
		}
		if err != nil {
			return told(err)
		}
		set.Boundary = boundary(out.PermissionsBoundary)
		return nil
	})
}

func customerPolicy(p *types.CustomerManagedPolicyReference) pipeline.CustomerPolicy {
	return pipeline.CustomerPolicy{Path: cmp.Or(aws.ToString(p.Path), "/"), Name: aws.ToString(p.Name)}
}

func boundary(b *types.PermissionsBoundary) *pipeline.Boundary {
	switch {
	case b == nil:
		return nil
	case b.CustomerManagedPolicyReference != nil:
		p := customerPolicy(b.CustomerManagedPolicyReference)
		return &pipeline.Boundary{CustomerPolicy: &p}
	}
	return &pipeline.Boundary{ManagedPolicy: aws.ToString(b.ManagedPolicyArn)}
}

func (r *reading) groups() error {
	in := &identitystore.ListGroupsInput{IdentityStoreId: &r.Client.Instance.IdentityStore, MaxResults: aws.Int32(ssoPage)}
	return pages(r, identitystore.NewListGroupsPaginator(r.ids, in), func(page *identitystore.ListGroupsOutput) bool {
		for _, g := range page.Groups {
			r.Groups = append(r.Groups, pipeline.NamedPrincipal{ID: aws.ToString(g.GroupId), Name: aws.ToString(g.DisplayName)})
		}
		return false
	})
}

// users lists the users, unless they are too many.
func (r *reading) users() error {
	r.listed = true
	in := &identitystore.ListUsersInput{IdentityStoreId: &r.Client.Instance.IdentityStore, MaxResults: aws.Int32(ssoPage)}
	return pages(r, identitystore.NewListUsersPaginator(r.ids, in), func(page *identitystore.ListUsersOutput) bool {
		for _, u := range page.Users {
			r.Users = append(r.Users, pipeline.NamedPrincipal{ID: aws.ToString(u.UserId), Name: aws.ToString(u.UserName)})
		}
		r.listed = page.NextToken == nil || len(r.Users) < r.enough
		return !r.listed
	})
}

func unique(path, value string) identitytypes.AlternateIdentifier {
	return &identitytypes.AlternateIdentifierMemberUniqueAttribute{Value: identitytypes.UniqueAttribute{AttributePath: &path, AttributeValue: document.NewLazyDocument(value)}}
}

// userNamed looks a user up by user name. That there is none shows by its absence.
func (r *reading) userNamed(name string) error {
	out, err := r.ids.GetUserId(r, &identitystore.GetUserIdInput{IdentityStoreId: &r.Client.Instance.IdentityStore, AlternateIdentifier: unique("userName", name)})
	if hasCode(err, "ResourceNotFound") {
		return nil
	}
	if err == nil {
		r.locked(func() { r.Users = append(r.Users, pipeline.NamedPrincipal{ID: aws.ToString(out.UserId), Name: name}) })
	}
	return told(err)
}

// nameHolders looks up the names of those who hold assignments and were not listed. Who
// is gone has none.
func (r *reading) nameHolders() {
	known, unknown := map[string]bool{}, map[string]pipeline.PrincipalType{}
	for _, p := range slices.Concat(r.Groups, r.Users) {
		known[p.ID] = true
	}
	for _, a := range r.Assignments {
		if !known[a.ID] && !r.gone[a.ID] {
			unknown[a.ID] = a.Type
		}
	}
	for _, id := range slices.Sorted(maps.Keys(unknown)) {
		r.do(func() error {
			if unknown[id] == pipeline.Group {
				out, err := r.ids.DescribeGroup(r, &identitystore.DescribeGroupInput{IdentityStoreId: &r.Client.Instance.IdentityStore, GroupId: &id})
				if err == nil {
					r.locked(func() {
						r.Groups = append(r.Groups, pipeline.NamedPrincipal{ID: id, Name: aws.ToString(out.DisplayName)})
					})
				}
				return r.unlessGone(id, err)
			}
			out, err := r.ids.DescribeUser(r, &identitystore.DescribeUserInput{IdentityStoreId: &r.Client.Instance.IdentityStore, UserId: &id})
			if err == nil {
				r.locked(func() { r.Users = append(r.Users, pipeline.NamedPrincipal{ID: id, Name: aws.ToString(out.UserName)}) })
			}
			return r.unlessGone(id, err)
		})
	}
}

func (r *reading) unlessGone(id string, err error) error {
	if hasCode(err, "ResourceNotFound") {
		r.locked(func() { r.gone[id] = true })
		return nil
	}
	return told(err)
}

// memberships reads which groups a user is in.
func (r *reading) memberships(user string) error {
	in := &identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: &r.Client.Instance.IdentityStore, MaxResults: aws.Int32(ssoPage),
		MemberId: &identitytypes.MemberIdMemberUserId{Value: user}}
	groups := []string{}
	err := pages(r, identitystore.NewListGroupMembershipsForMemberPaginator(r.ids, in), func(page *identitystore.ListGroupMembershipsForMemberOutput) bool {
		for _, m := range page.GroupMemberships {
			groups = append(groups, aws.ToString(m.GroupId))
		}
		return false
	})
	slices.Sort(groups)
	r.locked(func() {
		if r.Memberships == nil {
			r.Memberships = map[string][]string{}
		}
		r.Memberships[user] = groups
	})
	return err
}

// assignmentsOf reads the assignments of a principal in every account. Those of a user
// come with those of the user's groups: it is told whose each is.
func (r *reading) assignmentsOf(p pipeline.Principal) error {
	in := &ssoadmin.ListAccountAssignmentsForPrincipalInput{InstanceArn: &r.Client.Instance.ARN, PrincipalId: &p.ID, PrincipalType: types.PrincipalType(p.Type), MaxResults: aws.Int32(ssoPage)}
	err := pages(r, ssoadmin.NewListAccountAssignmentsForPrincipalPaginator(r.sso, in), func(page *ssoadmin.ListAccountAssignmentsForPrincipalOutput) bool {
		r.locked(func() {
			for _, a := range page.AccountAssignments {
				r.assignment(aws.ToString(a.PermissionSetArn), aws.ToString(a.AccountId), a.PrincipalType, a.PrincipalId)
			}
		})
		return false
	})
	r.locked(func() { r.Snapshot.Read.Principals = append(r.Snapshot.Read.Principals, p) })
	return err
}

func (r *reading) assignment(set, account string, kind types.PrincipalType, id *string) {
	r.Assignments = append(r.Assignments, pipeline.Assignment{Set: set, Account: account, Principal: pipeline.Principal{Type: pipeline.PrincipalType(kind), ID: aws.ToString(id)}})
}

// assignmentsOfSet reads the assignments of a permission set in each account that has it.
func (r *reading) assignmentsOfSet(name string) error {
	accounts, err := r.accountsWith(name)
	if err != nil {
		return err
	}
	r.locked(func() { r.Snapshot.Read.Sets = append(r.Snapshot.Read.Sets, name) })
	for _, account := range accounts {
		r.do(func() error {
			return r.assignmentsIn(r, name, account, func(kind types.PrincipalType, id *string) {
				r.locked(func() { r.assignment(name, account, kind, id) })
			})
		})
	}
	return nil
}

// accountsWith notes which accounts have a permission set.
func (r *reading) accountsWith(name string) ([]string, error) {
	accounts, err := r.provisioned(r, name, "")
	r.locked(func() {
		for i := range r.Sets {
			if r.Sets[i].ARN == name {
				r.Sets[i].Provisioned = accounts
			}
		}
		r.Snapshot.Read.Provisioned = append(r.Snapshot.Read.Provisioned, name)
	})
	return accounts, err
}

// provisioned are the accounts that have a permission set, in that state if one is given.
func (c *Client) provisioned(ctx context.Context, set string, state types.ProvisioningStatus) (found []string, err error) {
	in := &ssoadmin.ListAccountsForProvisionedPermissionSetInput{InstanceArn: &c.Instance.ARN, PermissionSetArn: &set, ProvisioningStatus: state, MaxResults: aws.Int32(ssoPage)}
	err = pages(ctx, ssoadmin.NewListAccountsForProvisionedPermissionSetPaginator(c.sso, in), func(page *ssoadmin.ListAccountsForProvisionedPermissionSetOutput) bool {
		found = append(found, page.AccountIds...)
		return false
	})
	slices.Sort(found)
	return found, err
}

func (c *Client) assignmentsIn(ctx context.Context, set, account string, each func(types.PrincipalType, *string)) error {
	in := &ssoadmin.ListAccountAssignmentsInput{InstanceArn: &c.Instance.ARN, PermissionSetArn: &set, AccountId: &account, MaxResults: aws.Int32(ssoPage)}
	return pages(ctx, ssoadmin.NewListAccountAssignmentsPaginator(c.sso, in), func(page *ssoadmin.ListAccountAssignmentsOutput) bool {
		for _, a := range page.AccountAssignments {
			each(a.PrincipalType, a.PrincipalId)
		}
		return false
	})
}
