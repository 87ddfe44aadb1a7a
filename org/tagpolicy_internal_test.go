package org

import (
	"encoding/json"
	"testing"
)

// Whatever passes as a tag policy can be put together with itself and written.
func FuzzTagPolicy(f *testing.F) {
	for _, seed := range []string{
		`{"tags":{}}`, `{"tags":{"a":{"tag_key":{"@@assign":"A"}}}}`, `{"tags":{"a":{"tag_value":{"@@append":["1"],"@@remove":"2"}}}}`,
		`{"tags":{"@@operators_allowed_for_child_policies":["@@append"],"a":{"enforced_for":{"@@operators_allowed_for_child_policies":["@@none"]}}}}`,
		`{"tags":{"a":{"tag_key":{}}}}`, `{"tags":null}`, `{"tags":{"a":{"tag_value":{"@@assign":[null]}}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		p, err := parseTagPolicy(document)
		if err != nil {
			return
		}
		text, err := writeTags(inherit([][]parsedTagPolicy{{p, p}, {p}}))
		if err != nil || !json.Valid([]byte(text)) {
			t.Errorf("%q comes to %q, %v", document, text, err)
		}
	})
}
