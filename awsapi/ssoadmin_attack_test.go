package awsapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/sallyporttest"
)

// delegate is the root user of a new member account that administers the instance.
func (h *hub) delegate() *sallyporttest.Signer {
	h.t.Helper()
	ctx, id, service := h.t.Context(), h.account("security"), aws.String("sso.amazonaws.com")
	ok(h.boss.Organizations().EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: service}))(h.t)
	ok(h.boss.Organizations().RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{AccountId: &id, ServicePrincipal: service}))(h.t)
	return h.root(id)
}

func department(keys ...string) *types.InstanceAccessControlAttributeConfiguration {
	c := &types.InstanceAccessControlAttributeConfiguration{}
	for _, key := range keys {
		c.AccessControlAttributes = append(c.AccessControlAttributes, types.AccessControlAttribute{Key: &key, Value: &types.AccessControlAttributeValue{Source: []string{"${path:enterprise.department}"}}})
	}
	return c
}

// Whoever is denied an instance by its ARN does not reach it by another spelling.
func TestAttackADeniedInstanceInAnotherSpelling(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx, set := t.Context(), h.set("Guarded")
		deny := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sso:*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":[%q,%q]}]}`, *h.arn, *set)
		denied := h.as(h.boss.User("denied", deny))
		tag := []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
		respelled := func(name *string, from, to string) *string { return aws.String(strings.Replace(*name, from, to, 1)) }
		for what, name := range map[string]*string{
			"itself": h.arn, "another partition": respelled(h.arn, "arn:aws:", "arn:aws-cn:"), "a third one": respelled(h.arn, "arn:aws:", "arn:aws-us-gov:"),
		} {
			t.Log(what)
			h.code("AccessDenied")(denied.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: name, Name: aws.String("mine")}))
			h.code("AccessDenied")(denied.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: name, Tags: tag}))
			h.code("AccessDenied")(denied.CreateInstanceAccessControlAttributeConfiguration(ctx, &ssoadmin.CreateInstanceAccessControlAttributeConfigurationInput{InstanceArn: name, InstanceAccessControlAttributeConfiguration: department("a")}))
			h.code("AccessDenied")(denied.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: name, PermissionSetArn: set}))
			h.code("AccessDenied")(denied.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: name}))
		}
		for what, name := range map[string]*string{
			"with an account":                       respelled(h.arn, ":::", "::"+string(h.boss.Account)+":"),
			"a permission set of another partition": respelled(set, "arn:aws:", "arn:aws-cn:"), "one with an account": respelled(set, ":::", "::"+string(h.boss.Account)+":"),
			"a kind that is none": respelled(h.arn, "instance/", "anything/"), "something in it that is none": aws.String(*respelled(h.arn, "instance/", "anything/") + "/x"),
		} {
			t.Log(what)
			h.code("AccessDenied")(denied.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: name, Tags: tag}))
			h.code("AccessDenied")(denied.UntagResource(ctx, &ssoadmin.UntagResourceInput{ResourceArn: name, TagKeys: []string{"a"}}))
		}
		if list := ok(h.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: h.arn}))(t).Tags; len(list) != 0 {
			t.Errorf("the instance has the tags %+v", list)
		}
		if sets := ok(h.ListPermissionSets(ctx, &ssoadmin.ListPermissionSetsInput{InstanceArn: h.arn}))(t).PermissionSets; len(sets) != 1 {
			t.Errorf("the instance has the sets %v", sets)
		}
	})
}

// A policy of AWS's own is not attached as if it were a customer's.
func TestAttackAnAWSPolicyAsACustomers(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx, set := t.Context(), h.set("Climber")
		climber := h.as(h.boss.User("climber", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sso:*","Resource":"*"},{"Effect":"Deny","Action":"sso:AttachManagedPolicyToPermissionSet","Resource":"*"}]}`))
		for _, bad := range [][2]string{
			{"arn:aws:iam::aws:policy/", "AdministratorAccess"}, {"arn:aws:iam::aws:", "policy/AdministratorAccess"}, {"", "AdministratorAccess"}, {"/team", "x"},
			{"//", "x"}, {"/a b/", "x"}, {"/\n/", "x"}, {"/" + strings.Repeat("x", 511) + "/", "x"}, {"/", strings.Repeat("x", 129)}, {"/", "x\n"}, {"/", ""},
		} {
			ref := &types.CustomerManagedPolicyReference{Path: aws.String(bad[0]), Name: aws.String(bad[1])}
			h.code("Validation")(climber.AttachCustomerManagedPolicyReferenceToPermissionSet(ctx, &ssoadmin.AttachCustomerManagedPolicyReferenceToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, CustomerManagedPolicyReference: ref}))
			h.code("Validation")(climber.DetachCustomerManagedPolicyReferenceFromPermissionSet(ctx, &ssoadmin.DetachCustomerManagedPolicyReferenceFromPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, CustomerManagedPolicyReference: ref}))
			h.code("Validation")(climber.PutPermissionsBoundaryToPermissionSet(ctx, &ssoadmin.PutPermissionsBoundaryToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, PermissionsBoundary: &types.PermissionsBoundary{CustomerManagedPolicyReference: ref}}))
		}
		if list := ok(h.ListManagedPoliciesInPermissionSet(ctx, &ssoadmin.ListManagedPoliciesInPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))(t).AttachedManagedPolicies; len(list) != 0 {
			t.Errorf("it has %+v", list)
		}
	})
}

// A delegated administrator does not reach into the management account.
func TestAttackTheManagementAccountByADelegate(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx, alice, master := t.Context(), h.user("alice"), h.boss.Account
		delegate := h.as(h.delegate())
		tag := []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
		tries := func(set *string) {
			t.Helper()
			h.code("AccessDenied")(delegate.TagResource(ctx, &ssoadmin.TagResourceInput{InstanceArn: h.arn, ResourceArn: set, Tags: tag}))
			h.code("AccessDenied")(delegate.UntagResource(ctx, &ssoadmin.UntagResourceInput{InstanceArn: h.arn, ResourceArn: set, TagKeys: []string{"a"}}))
			h.code("AccessDenied")(delegate.PutInlinePolicyToPermissionSet(ctx, &ssoadmin.PutInlinePolicyToPermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set, InlinePolicy: aws.String(readBuckets)}))
			h.code("AccessDenied")(delegate.DeletePermissionSet(ctx, &ssoadmin.DeletePermissionSetInput{InstanceArn: h.arn, PermissionSetArn: set}))
		}
		there := h.set("There")
		h.assign(there, alice, string(master), types.PrincipalTypeUser)
		tries(there)

		// Between the request and its end, the set is about to be there. No job is enqueued,
		// so that it stays so.
		coming := h.set("Coming")
		h.s.Write(func(tx *database.Tx) error {
			p, err := h.s.Centers.PermissionSet(tx.Reading(), h.in, *coming)
			if err != nil {
				return err
			}
			_, err = h.s.Centers.RequestAssignment(tx, p, master, identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: alice})
			return err
		})
		tries(coming)

		create := &ssoadmin.CreateInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn, InstanceAccessControlAttributeConfiguration: department("Team")}
		update := &ssoadmin.UpdateInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn, InstanceAccessControlAttributeConfiguration: department("Role")}
		remove := &ssoadmin.DeleteInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn}
		_, err := delegate.CreateInstanceAccessControlAttributeConfiguration(ctx, create)
		mustBe(t, err, "AccessDeniedException", "sessions in the management account")
		ok(h.CreateInstanceAccessControlAttributeConfiguration(ctx, create))(t)
		h.code("AccessDenied")(delegate.UpdateInstanceAccessControlAttributeConfiguration(ctx, update))
		h.code("AccessDenied")(delegate.DeleteInstanceAccessControlAttributeConfiguration(ctx, remove))
		got := ok(delegate.DescribeInstanceAccessControlAttributeConfiguration(ctx, &ssoadmin.DescribeInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn}))(t)
		if list := got.InstanceAccessControlAttributeConfiguration.AccessControlAttributes; len(list) != 1 || *list[0].Key != "Team" {
			t.Errorf("configured %+v", list)
		}
	})
}

// The provider by which an account trusts the instance is not the account's to change.
func TestAttackTheProviderOfTheInstance(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		ctx, dev, alice, set := t.Context(), h.account("dev"), h.user("alice"), h.set("Trusted")
		h.assign(set, alice, dev, types.PrincipalTypeUser)
		client, document := h.root(dev).IAM(), metadata(t, "")
		name := ok(client.ListSAMLProviders(ctx, nil))(t).SAMLProviderList[0].Arn
		get := func() string {
			return *ok(client.GetSAMLProvider(ctx, &iam.GetSAMLProviderInput{SAMLProviderArn: name}))(t).SAMLMetadataDocument
		}
		right, tag := get(), account.Tags{"a": "b"}
		for what, err := range map[string]error{
			"update":                 second(client.UpdateSAMLProvider(ctx, &iam.UpdateSAMLProviderInput{SAMLProviderArn: name, SAMLMetadataDocument: &document})),
			"delete":                 second(client.DeleteSAMLProvider(ctx, &iam.DeleteSAMLProviderInput{SAMLProviderArn: name})),
			"untag":                  second(client.UntagSAMLProvider(ctx, &iam.UntagSAMLProviderInput{SAMLProviderArn: name, TagKeys: []string{"a"}})),
			"create":                 second(client.CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: aws.String("AWSSSO_0123456789abcdef_DO_NOT_DELETE"), SAMLMetadataDocument: &document})),
			"create in another case": second(client.CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: aws.String("awssso_0123456789ABCDEF_do_not_delete"), SAMLMetadataDocument: &document})),
		} {
			t.Log(what)
			mustBe(t, err, "UnmodifiableEntity", "only modifiable by AWS")
		}

		// One that was changed before is put right.
		h.s.Write(func(tx *database.Tx) error {
			p, err := h.s.Accounts.Provider(tx.Reading(), *name)
			if err != nil {
				return err
			}
			return h.s.Accounts.ChangeProvider(tx, p, account.ProviderPatch{Metadata: &document, ExpiresAt: tx.Now(), Tags: tag})
		})
		if s := h.provision(set); s.Status != types.StatusValuesSucceeded {
			t.Errorf("provisioned %+v", s)
		}
		if get() != right {
			t.Error("it has the account's metadata")
		}
	})
}

// Two keys that are one to policies would leave to chance which a session has.
func TestAttackAttributesThatDifferInCase(t *testing.T) {
	eachHub(t, func(t *testing.T, h *hub) {
		h.code("Validation")(h.CreateInstanceAccessControlAttributeConfiguration(t.Context(),
			&ssoadmin.CreateInstanceAccessControlAttributeConfigurationInput{InstanceArn: h.arn, InstanceAccessControlAttributeConfiguration: department("Dept", "dept")}))
	})
}
