package pipeline

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// schema is as much of JSON Schema as ours uses; anything else in it fails to decode.
type schema struct {
	Schema      string             `json:"$schema"`
	ID          string             `json:"$id"`
	Title       string             `json:"title"`
	Description string             `json:"description"`
	Examples    []any              `json:"examples"`
	Defs        map[string]*schema `json:"$defs"`
	Ref         string             `json:"$ref"`
	AnyOf       []*schema          `json:"anyOf"`
	Type        any                `json:"type"`
	Enum        []any              `json:"enum"`
	Pattern     string             `json:"pattern"`
	MinLength   int                `json:"minLength"`
	MaxLength   int                `json:"maxLength"`
	MinItems    int                `json:"minItems"`
	MaxItems    int                `json:"maxItems"`
	UniqueItems bool               `json:"uniqueItems"`
	Items       *schema            `json:"items"`
	Required    []string           `json:"required"`
	Properties  map[string]*schema `json:"properties"`
	Additional  json.RawMessage    `json:"additionalProperties"`
	MaxProps    int                `json:"maxProperties"`
}

func theSchema(t *testing.T) *schema {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(Schema)))
	decoder.DisallowUnknownFields()
	s := &schema{}
	if err := decoder.Decode(s); err != nil {
		t.Fatal(err)
	}
	return s
}

// takes validates a value as far as [schema] goes.
func (s *schema) takes(root *schema, value any) bool {
	if s.Ref != "" && !root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")].takes(root, value) ||
		s.AnyOf != nil && !slices.ContainsFunc(s.AnyOf, func(one *schema) bool { return one.takes(root, value) }) ||
		s.Enum != nil && !slices.Contains(s.Enum, value) {
		return false
	}
	kind := ""
	switch v := value.(type) {
	case nil:
		kind = "null"
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
	case string:
		kind = "string"
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) || len(v) < s.MinLength || s.MaxLength > 0 && len([]rune(v)) > s.MaxLength {
			return false
		}
	case []any:
		kind = "array"
		if len(v) < s.MinItems || s.MaxItems > 0 && len(v) > s.MaxItems {
			return false
		}
		for i, item := range v {
			if s.Items != nil && !s.Items.takes(root, item) {
				return false
			}
			if text, ok := item.(string); ok && s.UniqueItems && slices.Contains(v[:i], any(text)) {
				return false
			}
		}
	case map[string]any:
		kind = "object"
		for _, name := range s.Required {
			if _, there := v[name]; !there {
				return false
			}
		}
		for name, member := range v {
			switch sub := s.Properties[name]; {
			case sub != nil:
				if !sub.takes(root, member) {
					return false
				}
			case string(s.Additional) == "false":
				return false
			}
		}
	}
	switch types := s.Type.(type) {
	case string:
		return types == kind
	case []any:
		return slices.Contains(types, any(kind))
	}
	return true
}

func TestTheSchemaTakesTheExampleAndWhatIsWritten(t *testing.T) {
	root := theSchema(t)
	err := filepath.WalkDir("testdata/example", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".json") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			return err
		}
		if !root.takes(root, value) {
			t.Errorf("the schema refuses %s", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := Write(companyWith([]LiveSet{live("Admin", ours), live("Other", nil)}, "111111111111", "222222222222"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		if !root.takes(root, value) {
			t.Errorf("the schema refuses %s: %s", name, text)
		}
	}
	for _, refused := range []string{`{}`, `{"Name": "a b"}`, `{"Name": "A", "Polices": []}`, `{"Assignments": [{"SID": "a"}]}`, `{"Guards": [{"expect": 1}]}`, `[]`} {
		var value any
		if err := json.Unmarshal([]byte(refused), &value); err != nil {
			t.Fatal(err)
		}
		if root.takes(root, value) {
			t.Errorf("the schema takes %s", refused)
		}
	}
}

// What the reader knows of each kind of object, it says when it meets a member that it does not.
func TestTheSchemaHasTheMembersThatAreRead(t *testing.T) {
	root := theSchema(t)
	for what, c := range map[string]struct{ folder, text string }{
		"PermissionSet":         {"permissionsets", `{"?": 1}`},
		"CustomerManagedPolicy": {"permissionsets", `{"CustomerManagedPolicies": [{"?": 1}]}`},
		"PermissionBoundary":    {"permissionsets", `{"PermissionBoundary": {"?": 1}}`},
		"Assignments":           {"assignments", `{"?": 1}`},
		"Assignment":            {"assignments", `{"Assignments": [{"?": 1}]}`},
		"Guards":                {"guards", `{"?": 1}`},
		"Guard":                 {"guards", `{"Guards": [{"?": 1}]}`},
	} {
		_, err := Read(folder(map[string]string{c.folder + "/a.json": c.text}), ReadOptions{})
		said := regexp.MustCompile(`has no member "\?".\n    It may have (.*)\.`).FindStringSubmatch(err.Error())
		if said == nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		definition := root.Defs[what]
		if definition.AnyOf != nil {
			definition = definition.AnyOf[1]
		}
		var names []string
		for name := range definition.Properties {
			if name != "$schema" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if got := strings.Split(said[1], ", "); !slices.Equal(got, names) {
			t.Errorf("%s: the schema has %v, read are %v", what, names, got)
		}
	}
}
