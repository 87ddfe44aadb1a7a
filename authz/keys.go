package authz

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// requestKeys says which members of requests policies can ask about, and as which
// condition key: the "Condition keys" tables of the Service Authorization
// Reference. Tags are condition keys in every service.
var requestKeys = map[string]map[string]string{
	"iam": {
		"PolicyArn":           "iam:policyarn",
		"PermissionsBoundary": "iam:permissionsboundary",
		"AWSServiceName":      "iam:awsservicename",
	},
	"sts": {
		"RoleSessionName":   "sts:rolesessionname",
		"ExternalId":        "sts:externalid",
		"SourceIdentity":    "sts:sourceidentity",
		"TransitiveTagKeys": "sts:transitivetagkeys",
		"DurationSeconds":   "sts:durationseconds",
	},
	"organizations": {
		"ServicePrincipal": "organizations:serviceprincipal",
		"PolicyType":       "organizations:policytype",
		"Filter":           "organizations:policytype",
	},
}

// A conditionKey is a member of an input that policies can ask about.
type conditionKey struct {
	name  string
	index []int
	read  func(reflect.Value) []string
}

func keysOf(action string, input reflect.Type) (keys []conditionKey) {
	service, _, _ := strings.Cut(action, ":")
	for _, field := range inputMembers(input) {
		switch name := requestKeys[service][field.Name]; {
		case name != "" && plain(field.Type):
			keys = append(keys, conditionKey{name, field.Index, values})
		case field.Name == "TagKeys":
			keys = append(keys, conditionKey{"aws:tagkeys", field.Index, values})
		case field.Name == "Tags" && field.Type.Kind() == reflect.Slice:
			keys = append(keys, conditionKey{"aws:requesttag/", field.Index, nil})
		}
	}
	return keys
}

// inputMembers are those of an input, and of its body where it has one.
func inputMembers(input reflect.Type) []reflect.StructField {
	fields := reflect.VisibleFields(input)
	body, ok := input.FieldByName("Body")
	if !ok || body.Type.Kind() != reflect.Struct {
		return fields
	}
	for _, field := range reflect.VisibleFields(body.Type) {
		field.Index = append(slices.Clone(body.Index), field.Index...)
		fields = append(fields, field)
	}
	return fields
}

// plain tells whether values of a type are texts, numbers, or lists of such: the
// filter of handshakes is a structure, and no type of policy.
func plain(t reflect.Type) bool {
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.String || t.Kind() == reflect.Int32
}

// values are what a member says: a text, a number, or a list of texts.
func values(v reflect.Value) (out []string) {
	switch v = reflect.Indirect(v); {
	case !v.IsValid() || v.Kind() == reflect.String && v.Len() == 0:
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			out = append(out, fmt.Sprint(v.Index(i)))
		}
	default:
		out = []string{fmt.Sprint(v)}
	}
	return out
}

// requested is what the request itself says, as condition keys.
func (b *Bound) requested(input any) policy.Context {
	c := policy.Context{}
	for _, key := range b.keys {
		field := reflect.ValueOf(input).Elem().FieldByIndex(key.index)
		if key.read == nil {
			addTags(c, field)
		} else if told := key.read(field); told != nil {
			c[key.name] = told
		}
	}
	return c
}

// addTags adds a list of structs with Key and Value.
func addTags(c policy.Context, tags reflect.Value) {
	for i := range tags.Len() {
		key, value := reflect.Indirect(tags.Index(i).FieldByName("Key")), reflect.Indirect(tags.Index(i).FieldByName("Value"))
		if !key.IsValid() {
			continue
		}
		c["aws:tagkeys"] = append(c["aws:tagkeys"], key.String())
		if value.IsValid() {
			c["aws:requesttag/"+strings.ToLower(key.String())] = []string{value.String()}
		}
	}
}
