package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/fault"
)

// ParseJSON reads a JSON object into a struct, in restJson1's spelling. Unknown
// members are ignored, as AWS's clients may be newer than we are; a member of the
// wrong type, one given twice or anything after the object is a fault that names it.
func ParseJSON(body []byte, into any) error { return parseJSON(body, into, LowerFirst) }

func parseJSON(body []byte, into any, spelling Spelling) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	j := json.NewDecoder(bytes.NewReader(body))
	j.UseNumber()
	tree, err := parse(j, 0)
	if err != nil {
		return malformed(err)
	}
	if _, err := j.Token(); !errors.Is(err, io.EOF) {
		return fault.Invalidf("the request body is not valid JSON: there is more after its end")
	}
	object, ok := tree.(map[string]any)
	if !ok {
		return fault.Invalidf("the request body must be a JSON object")
	}
	d := decoder{spelling}
	return d.assignRecord(object, reflect.ValueOf(into).Elem(), "")
}

// decoder assigns a tree of JSON's types to a struct. Every protocol's requests
// become such a tree first.
type decoder struct{ spelling Spelling }

// deepest is more than any model nests, and far less than a stack holds.
const deepest = 32

var (
	errDeep  = errors.New("it is nested too deeply")
	errTwice = errors.New("a member is given twice")
)

func malformed(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errDeep), errors.Is(err, errTwice):
		return fault.Invalidf("the request body is not acceptable JSON: %w", err)
	case errors.As(err, &syntax):
		return fault.Invalidf("the request body is not valid JSON: %s at byte %d", syntax.Error(), syntax.Offset)
	}
	return fault.Invalidf("the request body is not valid JSON: it ends too early")
}

// parse builds a tree like encoding/json's, but minds depth and duplicates.
func parse(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth == deepest {
		return nil, errDeep
	}
	if delim == '[' {
		values := []any{}
		for d.More() {
			value, err := parse(d, depth+1)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		_, err := d.Token()
		return values, err
	}
	object := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := parse(d, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := object[key.(string)]; twice {
			return nil, errTwice
		}
		object[key.(string)] = value
	}
	_, err = d.Token()
	return object, err
}

func (d *decoder) assignRecord(object map[string]any, into reflect.Value, path string) error {
	shape := shapeOf(into.Type(), d.spelling)
	for name, value := range object {
		if m := shape.byName[name]; m != nil && value != nil {
			if err := d.assign(value, into.FieldByIndex(m.index), join(path, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (d *decoder) assign(value any, into reflect.Value, path string) error {
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	switch kindOf(into.Type()) {
	case record:
		if object, ok := value.(map[string]any); ok {
			return d.assignRecord(object, into, path)
		}
		return wrongType(path, "an object")
	case list:
		return d.assignList(value, into, path)
	case dictionary:
		return d.assignDictionary(value, into, path)
	case moment:
		at, err := parseTime(value)
		if err != nil {
			return wrongType(path, "a time such as 2006-01-02T15:04:05Z")
		}
		into.Set(reflect.ValueOf(at))
		return nil
	case blob:
		text, ok := value.(string)
		bytes, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			return wrongType(path, "base64 text")
		}
		into.SetBytes(bytes)
		return nil
	case union:
		return d.assignUnion(value, into, path)
	case document:
		return assignDocument(value, into, path)
	}
	return assignScalar(value, into, path)
}

func (d *decoder) assignList(value any, into reflect.Value, path string) error {
	values, ok := value.([]any)
	if !ok {
		return wrongType(path, "a list")
	}
	into.Set(reflect.MakeSlice(into.Type(), len(values), len(values)))
	for i, value := range values {
		at := path + "[" + strconv.Itoa(i) + "]"
		if value == nil {
			return wrongType(at, "a value, not null")
		}
		if err := d.assign(value, into.Index(i), at); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) assignDictionary(value any, into reflect.Value, path string) error {
	object, ok := value.(map[string]any)
	if !ok {
		return wrongType(path, "an object")
	}
	into.Set(reflect.MakeMap(into.Type()))
	for name, value := range object {
		element := reflect.New(into.Type().Elem()).Elem()
		if err := d.assign(value, element, join(path, name)); err != nil {
			return err
		}
		into.SetMapIndex(reflect.ValueOf(name).Convert(into.Type().Key()), element)
	}
	return nil
}

func assignScalar(value any, into reflect.Value, path string) error {
	switch into.Kind() {
	case reflect.String:
		text, ok := value.(string)
		if !ok {
			return wrongType(path, "a string")
		}
		into.SetString(text)
	case reflect.Bool:
		flag, ok := value.(bool)
		if !ok {
			return wrongType(path, "true or false")
		}
		into.SetBool(flag)
	case reflect.Int, reflect.Int32, reflect.Int64:
		number, _ := value.(json.Number)
		n, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil || into.OverflowInt(n) {
			return wrongType(path, "a whole number")
		}
		into.SetInt(n)
	case reflect.Float32, reflect.Float64:
		number, _ := value.(json.Number)
		f, err := number.Float64()
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || into.OverflowFloat(f) {
			return wrongType(path, "a number")
		}
		into.SetFloat(f)
	default:
		return fault.Unsupportedf("%s cannot be given here", path)
	}
	return nil
}

// parseTime takes RFC 3339 or epoch seconds: clients of one model send both.
func parseTime(value any) (time.Time, error) {
	if number, ok := value.(json.Number); ok {
		seconds, err := number.Float64()
		if err != nil || math.Abs(seconds) > 1<<38 {
			return time.Time{}, errors.New("out of range")
		}
		return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
	}
	text, _ := value.(string)
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), err
}

func wrongType(path, want string) error { return fault.Invalidf("%s must be %s", path, want) }

func sortedKeys(v reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
}

// CheckText refuses texts that no database column can hold: with a zero byte, or
// not UTF-8. input is a pointer to a struct.
func CheckText(input any) error { return checkText(reflect.ValueOf(input).Elem(), "", LowerFirst) }

func checkText(v reflect.Value, path string, spelling Spelling) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return checkText(v.Elem(), path, spelling)
		}
	case reflect.String:
		return checkString(v.String(), path)
	case reflect.Slice:
		if kindOf(v.Type()) == blob {
			return nil
		}
		for i := range v.Len() {
			if err := checkText(v.Index(i), path, spelling); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if err := errors.Join(checkText(key, path, spelling), checkText(v.MapIndex(key), path, spelling)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return nil
		}
		for i := range shapeOf(v.Type(), spelling).members {
			m := &shapeOf(v.Type(), spelling).members[i]
			if err := checkText(v.FieldByIndex(m.index), join(path, m.name), spelling); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkString(text, path string) error {
	if strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text) {
		return fault.Invalidf("%s must be UTF-8 text without zero bytes", path)
	}
	return nil
}
