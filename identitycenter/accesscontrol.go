package identitycenter

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// AccessControl says which attributes of users become tags of their sessions: a tag's
// key, and where its value comes from. The first source that has one counts.
type AccessControl map[string][]string

// maxAttributes is AWS's limit.
const maxAttributes = 50

var (
	sourceForm = regexp.MustCompile(`^\$\{path:([A-Za-z]+)(?:\[(\w+) eq "?(\w+)"?\])?(?:\.([A-Za-z]+))?(?:\.([A-Za-z]+))?\}$`)
	sourceRole = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@\[\]{}$\\"]*$`)
)

func (c AccessControl) check() error {
	if len(c) > maxAttributes {
		return fault.Invalidf("an instance has at most %d attributes for access control", maxAttributes)
	}
	keys := account.Tags{}
	for key := range c {
		keys[key] = ""
	}
	if _, err := account.Tags(nil).With(keys); err != nil {
		return err
	}
	for key, sources := range c {
		if len(sources) == 0 {
			return fault.Invalidf("the attribute %q has no source", key)
		}
		for _, source := range sources {
			if !sourceRole.MatchString(source) {
				return fault.Invalidf("%.256q is not a source of an attribute, such as ${path:enterprise.department}", source)
			}
		}
	}
	return nil
}

func noAccessControl() error {
	return fault.NotFoundf("The instance has no attributes for access control configured.")
}

// AccessControl is what an instance has configured; NotFound when nothing is.
func (s *Store) AccessControl(tx *database.ReadTx, in Instance) (AccessControl, error) {
	v, err := s.settings(tx, in)
	if err == nil && v.accessControl == nil {
		err = noAccessControl()
	}
	return v.accessControl, err
}

// CreateAccessControl configures them. A second time is Conflict.
func (s *Store) CreateAccessControl(tx *database.Tx, in Instance, c AccessControl) error {
	v, err := s.settings(tx.Reading(), in)
	if err != nil {
		return err
	}
	if v.accessControl != nil {
		return fault.Conflictf("The instance has attributes for access control configured already.")
	}
	return s.saveAccessControl(tx, in, v, c)
}

// UpdateAccessControl configures others.
func (s *Store) UpdateAccessControl(tx *database.Tx, in Instance, c AccessControl) error {
	v, err := s.settings(tx.Reading(), in)
	if err != nil {
		return err
	}
	if v.accessControl == nil {
		return noAccessControl()
	}
	return s.saveAccessControl(tx, in, v, c)
}

func (s *Store) saveAccessControl(tx *database.Tx, in Instance, v settings, c AccessControl) error {
	if err := c.check(); err != nil {
		return err
	}
	v.accessControl = c
	return s.saveSettings(tx, in, v)
}

// DeleteAccessControl ends that.
func (s *Store) DeleteAccessControl(tx *database.Tx, in Instance) error {
	v, err := s.settings(tx.Reading(), in)
	if err != nil {
		return err
	}
	if v.accessControl == nil {
		return noAccessControl()
	}
	v.accessControl = nil
	return s.saveSettings(tx, in, v)
}

// SessionTags are what policies can ask about a user's sessions. A value that no tag can
// have is Denied, as a session without it may be allowed too much.
func (s *Store) SessionTags(tx *database.ReadTx, in Instance, user UserID) (account.Tags, error) {
	v, err := s.settings(tx, in)
	if err != nil || len(v.accessControl) == 0 {
		return nil, err
	}
	u, err := s.UserByID(tx, in, user)
	if err != nil {
		return nil, err
	}
	tags := account.Tags{}
	for key, sources := range v.accessControl {
		value := ""
		for _, source := range sources {
			if value = u.Attributes.from(source); value != "" {
				break
			}
		}
		if value == "" {
			continue
		}
		if tags, err = tags.With(account.Tags{key: value}); err != nil {
			return nil, fault.Deniedf("The session cannot have the tag %s: the value of the user's attribute has characters that tags cannot have, or too many.", key)
		}
	}
	return tags, nil
}

// from is the value a source names: a literal text is itself, and what names nothing
// is empty.
func (a Attributes) from(source string) string {
	if !strings.HasPrefix(source, "${") {
		return source
	}
	parts := sourceForm.FindStringSubmatch(source)
	if parts == nil {
		return ""
	}
	return choose(reflect.ValueOf(a), parts[1], parts[2], parts[3], parts[4:])
}

// choose goes down a path, through the item of a list of which a member says this.
func choose(v reflect.Value, name, member, says string, rest []string) string {
	i := attribute(v, name)
	if i < 0 {
		return ""
	}
	v = v.Field(i)
	if v.Kind() == reflect.Slice {
		chosen := reflect.Value{}
		for i := range v.Len() {
			if member == "" || strings.EqualFold(textOf(v.Index(i), member), says) {
				chosen = v.Index(i)
				break
			}
		}
		if v = chosen; !v.IsValid() {
			return ""
		}
	}
	for _, name := range rest {
		if name == "" {
			continue
		}
		i := attribute(v, name)
		if i < 0 {
			return ""
		}
		v = v.Field(i)
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	return ""
}

// textOf is a member of an item as text.
func textOf(v reflect.Value, member string) string {
	i := attribute(v, member)
	if i < 0 {
		return ""
	}
	text, err := json.Marshal(v.Field(i).Interface())
	if err != nil {
		return ""
	}
	return strings.Trim(string(text), `"`)
}
