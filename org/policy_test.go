package org_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/org"
)

func (w *world) policy(o org.Organization, t org.PolicyType, name, content string) org.PolicyID {
	w.Helper()
	return made(w, func(tx *database.Tx) (org.Policy, error) {
		return w.CreatePolicy(tx, o, org.NewPolicy{Type: t, Name: name, Content: content})
	}).ID
}

func (w *world) attach(o org.Organization, id org.PolicyID, target string) {
	w.Helper()
	w.do(func(tx *database.Tx) error { return w.Attach(tx, o, id, org.TargetID(target)) })
}

// attached are the ids of what is attached to a target.
func (w *world) attached(o org.Organization, t org.PolicyType, target string) []org.PolicyID {
	w.Helper()
	var ids []org.PolicyID
	for _, p := range look(w, func(tx *database.ReadTx) ([]org.Policy, error) {
		return w.PoliciesOf(tx, o, org.TargetID(target), t, org.Page{})
	}) {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestFullAccessIsAttachedEverywhereWhileATypeIsEnabled(t *testing.T) {
	each(t, func(w *world) {
		for _, test := range []struct {
			kind     org.PolicyType
			standard org.PolicyID
		}{{org.ServiceControl, org.FullAccess}, {org.ResourceControl, org.FullResourceAccess}} {
			o := w.organization("boss" + string(test.kind[0]))
			before := w.unit(o, o.Root, "before")
			w.enable(o, test.kind)
			w.refused(org.ReasonTypeEnabled, func(tx *database.Tx) error { return w.EnableType(tx, o, o.Root, test.kind) })
			after, member := w.unit(o, o.Root, "after"), w.member(o, "dev"+string(test.kind[0]))
			everywhere := []string{string(o.Root), string(before), string(after), string(member), string(o.Management)}
			for _, target := range everywhere {
				if got := w.attached(o, test.kind, target); !slices.Equal(got, []org.PolicyID{test.standard}) {
					t.Errorf("%s has %v", target, got)
				}
			}
			if targets := look(w, func(tx *database.ReadTx) ([]org.Target, error) {
				return w.TargetsOf(tx, o, test.standard, org.Page{})
			}); len(targets) != len(everywhere) {
				t.Errorf("%s is attached to %v", test.standard, targets)
			}
			w.do(func(tx *database.Tx) error { return w.DisableType(tx, o, o.Root, test.kind) })
			for _, target := range everywhere {
				if got := w.attached(o, test.kind, target); got != nil {
					t.Errorf("%s still has %v", target, got)
				}
			}
			w.refused(org.ReasonTypeNotEnabled, func(tx *database.Tx) error { return w.DisableType(tx, o, o.Root, test.kind) })
			w.refused(org.ReasonTypeNotEnabled, func(tx *database.Tx) error {
				return w.Attach(tx, o, test.standard, org.TargetID(o.Root))
			})
		}
	})
}

func TestAttachAndDetach(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		w.enable(o, org.ServiceControl)
		w.enable(o, org.ResourceControl)
		root := org.TargetID(o.Root)
		deny := w.policy(o, org.ServiceControl, "deny", denying("s3:*"))
		attach := func(id org.PolicyID) func(*database.Tx) error {
			return func(tx *database.Tx) error { return w.Attach(tx, o, id, root) }
		}
		detach := func(id org.PolicyID) func(*database.Tx) error {
			return func(tx *database.Tx) error { return w.Detach(tx, o, id, root) }
		}
		w.refused(org.ReasonNoPolicy, attach("p-nosuchid"))
		w.refused(org.ReasonNoTarget, func(tx *database.Tx) error { return w.Attach(tx, o, deny, "ou-none-12345678") })
		w.refused(org.ReasonTooFewAttached, detach(org.FullAccess))
		w.refused(org.ReasonNotDetachable, detach(org.FullResourceAccess))
		w.refused(org.ReasonNotAttached, detach(deny))
		w.do(attach(deny))
		w.refused(org.ReasonAttached, attach(deny))
		w.refused(org.ReasonPolicyInUse, func(tx *database.Tx) error { return w.DeletePolicy(tx, o, deny) })
		w.do(detach(org.FullAccess))
		w.refused(org.ReasonTooFewAttached, detach(deny))
		w.do(attach(org.FullAccess))
		w.do(detach(deny))
		w.do(func(tx *database.Tx) error { return w.DeletePolicy(tx, o, deny) })
		w.refused(org.ReasonNoPolicy, func(tx *database.Tx) error { return w.DeletePolicy(tx, o, deny) })
		w.refused(org.ReasonImmutable, func(tx *database.Tx) error { return w.DeletePolicy(tx, o, org.FullAccess) })

		for i := range 9 {
			w.do(attach(w.policy(o, org.ServiceControl, fmt.Sprint("p", i), denying("s3:*"))))
		}
		w.refused(org.ReasonTooManyAttached, attach(w.policy(o, org.ServiceControl, "eleventh", denying("s3:*"))))
		for i := range 4 {
			w.do(attach(w.policy(o, org.ResourceControl, fmt.Sprint("r", i), denyingAll("s3:*"))))
		}
		w.refused(org.ReasonTooManyAttached, attach(w.policy(o, org.ResourceControl, "sixth", denyingAll("s3:*"))))
	})
}

func denyingAll(action string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":%q,"Resource":"*"}]}`, action)
}

func TestPolicies(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		create := func(n org.NewPolicy) func(*database.Tx) error {
			return func(tx *database.Tx) error { _, err := w.CreatePolicy(tx, o, n); return err }
		}
		w.do(create(org.NewPolicy{Type: org.ServiceControl, Name: "deny", Description: "no buckets", Content: denying("s3:*"), Tags: account.Tags{"k": "v"}}))
		w.refused(org.ReasonDuplicatePolicy, create(org.NewPolicy{Type: org.ServiceControl, Name: "deny", Content: denying("s3:*")}))
		w.do(create(org.NewPolicy{Type: org.ResourceControl, Name: "deny", Content: denyingAll("s3:*")}))
		w.refused(org.ReasonDuplicatePolicy, create(org.NewPolicy{Type: org.ServiceControl, Name: "FullAWSAccess", Content: denying("s3:*")}))
		w.refused(org.ReasonMalformed, create(org.NewPolicy{Type: org.ServiceControl, Name: "bad", Content: `{"Statement":{"Effect":"Perhaps"}}`}))
		w.refused(org.ReasonMalformed, create(org.NewPolicy{Type: org.ResourceControl, Name: "allows", Content: allowing("s3:*")}))
		w.refused(org.ReasonMalformed, create(org.NewPolicy{Type: org.TagPolicy, Name: "bad", Content: `{"tags":{"a":{"tag_key":{"@@assign":"b"}}}}`}))
		w.refused(org.ReasonPolicyTooLong, create(org.NewPolicy{Type: org.ServiceControl, Name: "long", Content: denying("s3:*") + strings.Repeat(" ", 10_240)}))
		w.refused(org.ReasonTypeUnavailable, create(org.NewPolicy{Type: "BACKUP_POLICY", Name: "backup", Content: `{}`}))

		policies := look(w, func(tx *database.ReadTx) ([]org.Policy, error) {
			return w.Policies(tx, o, org.ServiceControl, org.Page{})
		})
		if len(policies) != 2 || policies[0].ID != org.FullAccess || policies[1].Description != "no buckets" {
			t.Fatalf("listed %+v", policies)
		}
		if want := fmt.Sprintf("arn:aws:organizations::%s:policy/%s/service_control_policy/%s", o.Management, o.ID, policies[1].ID); policies[1].ARN != want {
			t.Errorf("its ARN is %s, want %s", policies[1].ARN, want)
		}
		if want := "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"; policies[0].ARN != want {
			t.Errorf("AWS's ARN is %s, want %s", policies[0].ARN, want)
		}
		name, content := "renamed", allowing("ec2:*")
		w.do(func(tx *database.Tx) error {
			_, err := w.UpdatePolicy(tx, o, policies[1].ID, org.PolicyPatch{Name: &name, Content: &content})
			return err
		})
		got := look(w, func(tx *database.ReadTx) (org.Policy, error) { return w.Policy(tx, o, policies[1].ID) })
		if got.Name != name || got.Content != content || got.Description != "no buckets" {
			t.Errorf("updated to %+v", got)
		}
		w.refused(org.ReasonImmutable, func(tx *database.Tx) error {
			_, err := w.UpdatePolicy(tx, o, org.FullAccess, org.PolicyPatch{Name: &name})
			return err
		})
		bad := `{"Version":"2012-10-17"`
		w.refused(org.ReasonMalformed, func(tx *database.Tx) error {
			_, err := w.UpdatePolicy(tx, o, got.ID, org.PolicyPatch{Content: &bad})
			return err
		})
	})
}

func TestPoliciesNeedAllFeatures(t *testing.T) {
	each(t, func(w *world) {
		management := w.account("boss")
		o := made(w, func(tx *database.Tx) (org.Organization, error) {
			return w.Create(tx, management, org.ConsolidatedBilling)
		})
		w.refused(org.ReasonTypeUnavailable, func(tx *database.Tx) error { return w.EnableType(tx, o, o.Root, org.ServiceControl) })
		w.refused(org.ReasonTypeUnavailable, func(tx *database.Tx) error {
			_, err := w.CreatePolicy(tx, o, org.NewPolicy{Type: org.ServiceControl, Name: "p", Content: denying("s3:*")})
			return err
		})
		w.refused(org.ReasonNotAllFeatures, func(tx *database.Tx) error { return w.EnableService(tx, o, "sso.amazonaws.com") })
		member := w.member(o, "dev")
		w.refused(org.ReasonNotAllFeatures, func(tx *database.Tx) error { return w.Close(tx, o, member) })
	})
}

func TestListsComeInPages(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		w.enable(o, org.ServiceControl)
		for i := range 7 {
			w.unit(o, o.Root, fmt.Sprint("unit ", i))
			w.policy(o, org.ServiceControl, fmt.Sprint("policy ", i), denying("s3:*"))
			w.member(o, fmt.Sprint("dev", i))
		}
		for name, test := range map[string]struct {
			want int
			list func(*database.ReadTx, org.Page) ([]string, error)
		}{
			"units": {7, func(tx *database.ReadTx, p org.Page) ([]string, error) {
				return ids(w.Units(tx, o, o.Root, p))(func(u org.Unit) string { return string(u.ID) })
			}},
			"policies": {8, func(tx *database.ReadTx, p org.Page) ([]string, error) {
				return ids(w.Policies(tx, o, org.ServiceControl, p))(func(p org.Policy) string { return string(p.ID) })
			}},
			"accounts": {8, func(tx *database.ReadTx, p org.Page) ([]string, error) {
				return ids(w.Members(tx, o, p))(func(a org.Account) string { return string(a.Account) })
			}},
			"targets": {16, func(tx *database.ReadTx, p org.Page) ([]string, error) {
				return ids(w.TargetsOf(tx, o, org.FullAccess, p))(func(t org.Target) string { return string(t.ID) })
			}},
			"requests": {7, func(tx *database.ReadTx, p org.Page) ([]string, error) {
				return ids(w.Requests(tx, o, nil, p))(func(r org.Request) string { return string(r.ID) })
			}},
		} {
			for _, size := range []int{1, 3, 100} {
				var all []string
				for page := (org.Page{Limit: size}); ; page.After = all[len(all)-1] {
					some := look(w, func(tx *database.ReadTx) ([]string, error) { return test.list(tx, page) })
					if all = append(all, some...); len(some) < size {
						break
					}
				}
				if unique := len(slices.Compact(slices.Sorted(slices.Values(all)))); len(all) != test.want || unique != test.want {
					t.Errorf("%s in pages of %d: %d, %d of them different, want %d", name, size, len(all), unique, test.want)
				}
			}
		}
	})
}

func ids[T any](items []T, err error) func(func(T) string) ([]string, error) {
	return func(id func(T) string) (out []string, _ error) {
		for _, item := range items {
			out = append(out, id(item))
		}
		return out, err
	}
}
