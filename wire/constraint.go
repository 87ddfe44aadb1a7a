package wire

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/fault"
)

// Constraint is what a model demands of one input member. Clients check little
// of it, so the server checks all.
type Constraint struct {
	Required bool
	// Min and Max bound the length of a text in characters or of a list, or the
	// value of a number. Zero Max: no bound.
	Min, Max int
	Pattern  *regexp.Regexp // the whole text must match; nil: any
}

// Constraints maps members of one service's inputs to what is demanded of them:
// "Name" wherever a member is called that, "CreateProject.Name" for one operation.
type Constraints map[string]Constraint

// Checker tests inputs of one operation.
type Checker struct {
	members []checked
}

type checked struct {
	*member
	Constraint
	values []string // of an enumeration
}

// For compiles the constraints of an operation's input type. Every member must
// have one, if only an empty one: it panics otherwise, so that none is
// forgotten. What is refused is named in the protocol's spelling.
func (c Constraints) For(operation string, input reflect.Type, spelling Spelling) *Checker {
	checker := &Checker{}
	for i := range shapeOf(input, spelling).members {
		m := &shapeOf(input, spelling).members[i]
		constraint, ok := c[operation+"."+m.goName]
		if !ok {
			constraint, ok = c[m.goName]
		}
		if !ok {
			panic(fmt.Sprintf("wire: no constraint for %s.%s", operation, m.goName))
		}
		checker.members = append(checker.members, checked{m, constraint, enumeration(input.FieldByIndex(m.index).Type)})
	}
	return checker
}

// enumeration asks an SDK type for the values its model lists; nil for other types.
func enumeration(t reflect.Type) (values []string) {
	method, ok := t.MethodByName("Values")
	if !ok || t.Kind() != reflect.String {
		return nil
	}
	listed := method.Func.Call([]reflect.Value{reflect.Zero(t)})[0]
	for i := range listed.Len() {
		values = append(values, listed.Index(i).String())
	}
	return values
}

// Check returns a fault for the first member that is not as demanded.
func (c *Checker) Check(input any) error {
	v := reflect.ValueOf(input).Elem()
	for i := range c.members {
		if err := c.members[i].check(v.FieldByIndex(c.members[i].index)); err != nil {
			return err
		}
	}
	return nil
}

func (c *checked) check(v reflect.Value) error {
	if absent(v) {
		if c.Required {
			return fault.Invalidf("%s is required", c.name)
		}
		return nil
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	size, unit := 0, ""
	switch v.Kind() {
	case reflect.String:
		size, unit = utf8.RuneCountInString(v.String()), " characters long"
	case reflect.Slice:
		size, unit = v.Len(), " items long"
		if kindOf(v.Type()) == blob {
			unit = " bytes long"
		}
	case reflect.Map:
		size, unit = v.Len(), " items long"
	case reflect.Int32, reflect.Int64:
		size = int(v.Int())
	default:
		return nil
	}
	if size < c.Min || c.Max > 0 && size > c.Max {
		return fault.Invalidf("%s must be %s%s, it is %d", c.name, bounds(c.Min, c.Max), unit, size)
	}
	if v.Kind() == reflect.String {
		return c.checkText(v.String())
	}
	return nil
}

func (c *checked) checkText(text string) error {
	if c.Pattern != nil && !c.Pattern.MatchString(text) {
		return fault.Invalidf("%s must match %s, %.128q does not", c.name, shown(c.Pattern), text)
	}
	if c.values != nil && !slices.Contains(c.values, text) {
		return fault.Invalidf("%s must be one of %v", c.name, c.values)
	}
	return nil
}

// shown is a pattern less what says that it is of the whole text.
func shown(pattern *regexp.Regexp) string {
	text := strings.TrimSuffix(strings.TrimPrefix(pattern.String(), `\A(?:`), `)\z`)
	return strings.TrimSuffix(strings.TrimPrefix(text, "^"), "$")
}

func bounds(low, high int) string {
	switch {
	case high == 0:
		return fmt.Sprintf("at least %d", low)
	case low == high:
		return fmt.Sprintf("exactly %d", low)
	}
	return fmt.Sprintf("%d to %d", low, high)
}
