package identitycenter

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/sallyport/sallyport/fault"
)

// Attributes are what is known of a user. The names in JSON are those of the
// attributes in paths, without regard to case.
type Attributes struct {
	UserName          string       `json:"userName,omitempty"`
	Name              Name         `json:"name,omitzero"`
	DisplayName       string       `json:"displayName,omitempty"`
	NickName          string       `json:"nickName,omitempty"`
	ProfileURL        string       `json:"profileUrl,omitempty"`
	Emails            []Item       `json:"emails,omitempty" most:"1"`
	Addresses         []Address    `json:"addresses,omitempty" most:"1"`
	PhoneNumbers      []Item       `json:"phoneNumbers,omitempty" most:"1"`
	UserType          string       `json:"userType,omitempty"`
	Title             string       `json:"title,omitempty"`
	PreferredLanguage string       `json:"preferredLanguage,omitempty"`
	Locale            string       `json:"locale,omitempty"`
	Timezone          string       `json:"timezone,omitempty"`
	Birthdate         string       `json:"birthdate,omitempty"`
	Website           string       `json:"website,omitempty"`
	Photos            []Photo      `json:"photos,omitempty" most:"3"`
	Roles             []Item       `json:"roles,omitempty" most:"1"`
	ExternalIDs       []ExternalID `json:"externalIds,omitempty" most:"10"`
	Enterprise        Enterprise   `json:"enterprise,omitzero"`
}

// GroupAttributes are what is known of a group.
type GroupAttributes struct {
	DisplayName string       `json:"displayName,omitempty"`
	Description string       `json:"description,omitempty"`
	ExternalIDs []ExternalID `json:"externalIds,omitempty" most:"10"`
}

// Name is a person's.
type Name struct {
	Formatted       string `json:"formatted,omitempty"`
	FamilyName      string `json:"familyName,omitempty"`
	GivenName       string `json:"givenName,omitempty"`
	MiddleName      string `json:"middleName,omitempty"`
	HonorificPrefix string `json:"honorificPrefix,omitempty"`
	HonorificSuffix string `json:"honorificSuffix,omitempty"`
}

// Item is one of several e-mail addresses, telephone numbers or roles.
type Item struct {
	Value   string `json:"value,omitempty"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Address is a postal one.
type Address struct {
	StreetAddress string `json:"streetAddress,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postalCode,omitempty"`
	Country       string `json:"country,omitempty"`
	Formatted     string `json:"formatted,omitempty"`
	Type          string `json:"type,omitempty"`
	Primary       bool   `json:"primary,omitempty"`
}

// Photo is a picture, or where one is.
type Photo struct {
	Value   string `json:"value,omitempty"`
	Type    string `json:"type,omitempty"`
	Display string `json:"display,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// ExternalID is what an identity provider calls a user or group.
type ExternalID struct {
	Issuer string `json:"issuer,omitempty"`
	ID     string `json:"id,omitempty"`
}

// Enterprise is the extension of users by which a company describes its employees:
// RFC 7643 section 4.3.
type Enterprise struct {
	EmployeeNumber string  `json:"employeeNumber,omitempty"`
	CostCenter     string  `json:"costCenter,omitempty"`
	Organization   string  `json:"organization,omitempty"`
	Division       string  `json:"division,omitempty"`
	Department     string  `json:"department,omitempty"`
	Manager        Manager `json:"manager,omitzero"`
}

// Manager is who somebody reports to.
type Manager struct {
	Value       string `json:"value,omitempty"`
	Ref         string `json:"$ref,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
}

// EnterpriseExtension is what the API calls [Enterprise]. No other extension exists.
const EnterpriseExtension = "aws:identitystore:enterprise"

// Operation changes one attribute.
type Operation struct {
	Path  string // such as name.familyName, emails, enterprise.department
	Value any    // of the types of encoding/json; nil removes
}

// apply makes a change to attributes, a pointer to a struct.
func apply(attributes any, op Operation) error {
	path := op.Path
	if len(path) >= len(EnterpriseExtension) && strings.EqualFold(path[:len(EnterpriseExtension)], EnterpriseExtension) {
		path = "enterprise" + path[len(EnterpriseExtension):]
	}
	v := reflect.ValueOf(attributes).Elem()
	for _, name := range strings.Split(path, ".") {
		i := attribute(v, name)
		if i < 0 {
			return fault.Invalidf("The attribute path %.255q does not name an attribute that can be changed.", op.Path)
		}
		v = v.Field(i)
	}
	v.SetZero()
	if op.Value == nil {
		return nil
	}
	return assign(v, op.Value, op.Path)
}

// attribute is which field of v has a name in JSON; negative: none.
func attribute(v reflect.Value, name string) int {
	if v.Kind() != reflect.Struct {
		return -1
	}
	for i := range v.NumField() {
		if strings.EqualFold(nameOf(v.Type().Field(i)), name) {
			return i
		}
	}
	return -1
}

func nameOf(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// SetEnterprise takes the extension as a document says it.
func (a *Attributes) SetEnterprise(document any) error {
	return apply(a, Operation{Path: EnterpriseExtension, Value: document})
}

// assign fills an attribute, zero before, from a JSON value.
func assign(v reflect.Value, value any, path string) error {
	wrong := func(want string) error { return fault.Invalidf("The value of %.255q must be %s.", path, want) }
	switch v.Kind() {
	case reflect.String:
		text, ok := value.(string)
		if !ok || text == "" {
			return wrong("a string that is not empty")
		}
		v.SetString(text)
	case reflect.Bool:
		truth, ok := value.(bool)
		if !ok {
			return wrong("true or false")
		}
		v.SetBool(truth)
	case reflect.Slice:
		values, ok := value.([]any)
		if !ok {
			return wrong("a list")
		}
		// No more are taken than show that there are too many.
		for i, value := range values[:min(len(values), 100)] {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := assign(item, value, path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
			v.Set(reflect.Append(v, item))
		}
	case reflect.Struct:
		return assignStruct(v, value, path)
	}
	return nil
}

func assignStruct(v reflect.Value, value any, path string) error {
	object, ok := value.(map[string]any)
	if !ok {
		return fault.Invalidf("The value of %.255q must be an object.", path)
	}
	given := map[int]bool{}
	for name, value := range object {
		i := attribute(v, name)
		if i < 0 {
			return fault.Invalidf("The value of %.255q has an attribute %.64q that is not known.", path, name)
		}
		if given[i] {
			return fault.Invalidf("The value of %.255q has the attribute %.64q twice.", path, name)
		}
		given[i] = true
		if value == nil {
			continue
		}
		if err := assign(v.Field(i), value, path+"."+name); err != nil {
			return err
		}
	}
	return nil
}

// What texts may hold, from the API's model: nothing invisible, which keeps out
// characters that turn writing around or take no room.
var (
	anyText = textRule{1024, regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r \x{00a0}\x{3000}]+$`)}
	word    = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)

	// texts are the attributes with rules of their own.
	texts = map[string]textRule{"userName": {128, word}, "externalIds.issuer": {256, word}, "externalIds.id": {256, word}}
)

type textRule struct {
	most  int // characters
	holds *regexp.Regexp
}

func (r textRule) check(text, path string) error {
	if utf8.RuneCountInString(text) > r.most || !utf8.ValidString(text) || !r.holds.MatchString(text) {
		return fault.Invalidf("The attribute %s must be 1 to %d characters long and match %s.", path, r.most, r.holds)
	}
	return nil
}

// checkTexts tries everything in attributes against the model.
func checkTexts(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.String:
		if v.Len() == 0 {
			return nil // not there
		}
		rule, ok := texts[path]
		if !ok {
			rule = anyText
		}
		return rule.check(v.String(), path)
	case reflect.Slice:
		for i := range v.Len() {
			if err := checkTexts(v.Index(i), path); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name := strings.TrimPrefix(path+"."+nameOf(field), ".")
			if most, err := strconv.Atoi(field.Tag.Get("most")); err == nil && v.Field(i).Len() > most {
				return fault.Invalidf("The attribute %s can have %d values at most.", name, most)
			}
			if err := checkTexts(v.Field(i), name); err != nil {
				return err
			}
		}
	}
	return nil
}

// required is a list of attributes with whether each is there.
type required []struct {
	name  string
	value string
}

func (r required) check() error {
	var absent []string
	for _, attribute := range r {
		if attribute.value == "" {
			absent = append(absent, attribute.name)
		}
	}
	switch len(absent) {
	case 0:
		return nil
	case 1:
		return fault.Invalidf("%s is a required attribute", absent[0])
	}
	return fault.Invalidf("%s are required attributes", strings.Join(absent, ", "))
}

// reserved are names that nobody can have.
var reserved = []string{FoldName("Administrator"), FoldName("AWSAdministrators")}

func checkReserved(name string) error {
	if slices.Contains(reserved, FoldName(name)) {
		return fault.Invalidf("%s is a reserved name.", name)
	}
	return nil
}

func (a *Attributes) check() error {
	if err := (required{{"userName", a.UserName}, {"displayName", a.DisplayName}, {"name.givenName", a.Name.GivenName}, {"name.familyName", a.Name.FamilyName}}).check(); err != nil {
		return err
	}
	if err := checkTexts(reflect.ValueOf(*a), ""); err != nil {
		return err
	}
	for _, photo := range a.Photos {
		if photo.Value == "" {
			return fault.Invalidf("photos.value is a required attribute")
		}
	}
	if one := slices.DeleteFunc(slices.Clone(a.Photos), func(p Photo) bool { return !p.Primary }); len(one) > 1 {
		return fault.Invalidf("One photo alone can be the primary one.")
	}
	if _, err := time.Parse(time.DateOnly, a.Birthdate); a.Birthdate != "" && err != nil {
		return fault.Invalidf("The attribute birthdate must have the form YYYY-MM-DD.")
	}
	if err := checkExternalIDs(a.ExternalIDs); err != nil {
		return err
	}
	return checkReserved(a.UserName)
}

func (g *GroupAttributes) check() error {
	if err := (required{{"displayName", g.DisplayName}}).check(); err != nil {
		return err
	}
	if err := checkTexts(reflect.ValueOf(*g), ""); err != nil {
		return err
	}
	if err := checkExternalIDs(g.ExternalIDs); err != nil {
		return err
	}
	return checkReserved(g.DisplayName)
}

func checkExternalIDs(ids []ExternalID) error {
	for i, id := range ids {
		if id.Issuer == "" || id.ID == "" {
			return fault.Invalidf("An external id has an issuer and an id.")
		}
		if slices.Contains(ids[:i], id) {
			return fault.Invalidf("An external id is given twice.")
		}
	}
	return nil
}

// FoldName is what is unique of a name: what looks the same on a screen is the same,
// in capitals or not, composed of accents or not, wide or narrow. As RFC 8265 has
// it for user names, and a little more.
func FoldName(name string) string {
	return strings.Map(foldRune, norm.NFKC.String(strings.Map(foldRune, norm.NFKC.String(name))))
}

// foldRune is the first of all characters that differ in case alone: ſ, S and s are one.
func foldRune(r rune) rune {
	first := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		first = min(first, other)
	}
	return first
}

// claim is a value of which there is one in a store.
type claim struct {
	attribute string // as in identity_claims
	value     string
	taken     string // what is said when somebody else has it
}

const (
	userNames        = "userName"
	userEmails       = "emails.value"
	groupNames       = "displayName"
	userExternalIDs  = "users' externalIds"
	groupExternalIDs = "groups' externalIds"
)

func (a *Attributes) claims() []claim {
	claims := []claim{{userNames, FoldName(a.UserName), "Duplicate UserName"}}
	for _, email := range a.Emails {
		if email.Value != "" {
			claims = append(claims, claim{userEmails, FoldName(email.Value), "Duplicate Emails.Value"})
		}
	}
	return append(claims, externalClaims(userExternalIDs, a.ExternalIDs)...)
}

func (g *GroupAttributes) claims() []claim {
	return append([]claim{{groupNames, FoldName(g.DisplayName), "Duplicate GroupDisplayName"}}, externalClaims(groupExternalIDs, g.ExternalIDs)...)
}

func externalClaims(attribute string, ids []ExternalID) (claims []claim) {
	for _, id := range ids {
		claims = append(claims, claim{attribute, id.key(), "Duplicate ExternalId"})
	}
	return claims
}

// key is what an external id is looked up by. Its parts hold no zero byte.
func (id ExternalID) key() string { return fmt.Sprintf("%s\x00%s", id.Issuer, id.ID) }
