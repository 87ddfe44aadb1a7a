package org_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/org"
)

func TestEffectiveTagPolicy(t *testing.T) {
	each(t, func(w *world) {
		for i, test := range []struct {
			name                string
			root, unit, account string // a policy each; empty: none
			want                string
		}{
			{"a policy counts below where it is attached",
				`{"tags":{"CostCenter":{"tag_key":{"@@assign":"CostCenter"},"tag_value":{"@@assign":["100","200"]}}}}`, ``, ``,
				`{"tags":{"costcenter":{"tag_key":"CostCenter","tag_value":["100","200"]}}}`},
			{"@@assign replaces what comes from above",
				`{"tags":{"a":{"tag_value":{"@@assign":["1"]}}}}`, ``, `{"tags":{"A":{"tag_key":{"@@assign":"A"},"tag_value":{"@@assign":["2"]}}}}`,
				`{"tags":{"a":{"tag_key":"A","tag_value":["2"]}}}`},
			{"@@append adds to it, each value once",
				`{"tags":{"a":{"tag_value":{"@@assign":["1"]}}}}`, `{"tags":{"a":{"tag_value":{"@@append":["2","1"]}}}}`, `{"tags":{"a":{"tag_value":{"@@append":"3"}}}}`,
				`{"tags":{"a":{"tag_value":["1","2","3"]}}}`},
			{"@@remove takes from it",
				`{"tags":{"a":{"tag_value":{"@@assign":["1","2","3"]}}}}`, ``, `{"tags":{"a":{"tag_value":{"@@remove":["2","9"]}}}}`,
				`{"tags":{"a":{"tag_value":["1","3"]}}}`},
			{"an element may be closed to children",
				`{"tags":{"a":{"tag_value":{"@@assign":["1"],"@@operators_allowed_for_child_policies":["@@none"]}}}}`, ``, `{"tags":{"a":{"tag_value":{"@@assign":["2"]},"enforced_for":{"@@assign":["ec2:*"]}}}}`,
				`{"tags":{"a":{"enforced_for":["ec2:*"],"tag_value":["1"]}}}`},
			{"one operator may be left to children",
				`{"tags":{"a":{"@@operators_allowed_for_child_policies":["@@append"],"tag_value":{"@@assign":["1"]}}}}`, `{"tags":{"a":{"tag_value":{"@@assign":["2"]}}}}`, `{"tags":{"a":{"tag_value":{"@@append":["3"]}}}}`,
				`{"tags":{"a":{"tag_value":["1","3"]}}}`},
			{"what was closed above is not opened below",
				`{"tags":{"a":{"tag_value":{"@@assign":["1"],"@@operators_allowed_for_child_policies":["@@none"]}}}}`, `{"tags":{"a":{"tag_value":{"@@operators_allowed_for_child_policies":["@@all"]}}}}`, `{"tags":{"a":{"tag_value":{"@@assign":["2"]}}}}`,
				`{"tags":{"a":{"tag_value":["1"]}}}`},
			{"everything may be closed, new tags too",
				`{"tags":{"@@operators_allowed_for_child_policies":["@@none"],"a":{"tag_value":{"@@assign":["1"]}}}}`, ``, `{"tags":{"b":{"tag_value":{"@@assign":["2"]}}}}`,
				`{"tags":{"a":{"tag_value":["1"]}}}`},
			{"a policy is not bound by what it says of its children",
				`{"tags":{"a":{"@@operators_allowed_for_child_policies":["@@none"],"tag_value":{"@@assign":["1"]}}}}`, ``, ``,
				`{"tags":{"a":{"tag_value":["1"]}}}`},
		} {
			t.Run(test.name, func(t *testing.T) {
				o := w.organization(fmt.Sprint("boss", i))
				w.enable(o, org.TagPolicy)
				unit := w.unit(o, o.Root, "u")
				member := w.member(o, string(o.ID))
				w.do(func(tx *database.Tx) error { return w.Move(tx, o, member, o.Root, unit) })
				for i, at := range []struct{ target, content string }{{string(o.Root), test.root}, {string(unit), test.unit}, {string(member), test.account}} {
					if at.content != "" {
						w.attach(o, w.policy(o, org.TagPolicy, string(rune('a'+i)), at.content), at.target)
					}
				}
				got := look(w, func(tx *database.ReadTx) (org.Effective, error) {
					return w.EffectivePolicy(tx, o, org.TagPolicy, member)
				})
				var have, want any
				if json.Unmarshal([]byte(got.Content), &have) != nil || json.Unmarshal([]byte(test.want), &want) != nil {
					t.Fatalf("%s or %s is no JSON", got.Content, test.want)
				}
				if diff := cmp.Diff(want, have); diff != "" || got.UpdatedAt.IsZero() {
					t.Errorf("%s", diff)
				}
			})
		}
	})
}

func TestNoEffectivePolicy(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		effective := func(t org.PolicyType, id account.ID) func(*database.ReadTx) (org.Effective, error) {
			return func(tx *database.ReadTx) (org.Effective, error) { return w.EffectivePolicy(tx, o, t, id) }
		}
		unseen(w, org.ReasonNoEffective, effective(org.TagPolicy, o.Management))
		unseen(w, org.ReasonNoEffective, effective("BACKUP_POLICY", o.Management))
		unseen(w, org.ReasonNoTarget, effective(org.TagPolicy, "000000000000"))
	})
}

func TestMalformedTagPolicies(t *testing.T) {
	each(t, func(w *world) {
		o := w.organization("boss")
		for _, content := range []string{
			``, `[]`, `{}`, `{"tags":[]}`, `{"tags":null}`, `{"tags":{},"more":{}}`, `{"tags":{}} {}`, `{"tags":{},"tags":{}}`,
			`{"tags":{"a":[]}}`, `{"tags":{"a":{"tag_name":{"@@assign":"a"}}}}`, `{"tags":{"a":{"tag_key":"a"}}}`,
			`{"tags":{"a":{"tag_key":{"@@assign":["a"]}}}}`, `{"tags":{"a":{"tag_key":{"@@append":"a"}}}}`, `{"tags":{"a":{"tag_key":{"@@assign":"b"}}}}`,
			`{"tags":{"a":{"tag_value":{"@@assign":[1]}}}}`, `{"tags":{"a":{"tag_value":{"@@assign":null}}}}`, `{"tags":{"a":{"tag_value":{"@@assign":["1",null]}}}}`, `{"tags":{"a":{"tag_value":{"@@replace":["1"]}}}}`,
			`{"tags":{"a":{"@@operators_allowed_for_child_policies":["@@never"]}}}`, `{"tags":{"a":{"@@operators_allowed_for_child_policies":["@@none","@@all"]}}}`,
			`{"tags":{"a":{"@@assign":["1"]}}}`,
		} {
			w.refused(org.ReasonMalformed, func(tx *database.Tx) error {
				_, err := w.CreatePolicy(tx, o, org.NewPolicy{Type: org.TagPolicy, Name: "t", Content: content})
				return err
			})
		}
	})
}
