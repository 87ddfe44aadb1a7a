// Package wire turns bytes into the structs of operations and back.
//
// One reflective codec serves every protocol: a [shape] says, once for each
// struct type, what its members are called on the wire and which of them are
// secret. A protocol (restJson1 in restjson.go) adds only where members travel
// and how times are written. The structs are those of the AWS SDK for Go v2, or
// our own with json tags.
package wire

import (
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// shape is what the codec knows of a struct type.
type shape struct {
	members []member
	byName  map[string]*member // by wire name
}

type member struct {
	name   string // on the wire
	goName string
	index  []int
	kind   kind
	secret bool
}

// kind is how a value is written, found once per member.
type kind uint8

const (
	scalar kind = iota
	moment      // time.Time
	record      // struct
	list
	dictionary // map with text keys
	unsupported
)

var (
	shapes   sync.Map // reflect.Type to *shape
	timeType = reflect.TypeFor[time.Time]()
)

// secrets names the members that are never logged, whatever struct they are in.
var secrets = map[string]bool{
	"AccessToken": true, "RefreshToken": true, "IdToken": true, "ClientSecret": true, "DeviceCode": true, "UserCode": true,
	"Code": true, "CodeVerifier": true, "Secret": true, "Token": true, "Password": true, "NewPassword": true, "SecretAccessKey": true,
	"SessionToken": true, "SamlAssertion": true, "Assertion": true, "TokenValue": true, "VerificationUriComplete": true, "Location": true, "Login": true, "Invitation": true,
}

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := &shape{byName: map[string]*member{}}
	for _, field := range reflect.VisibleFields(t) {
		name, tagged := strings.CutSuffix(field.Tag.Get("json"), ",omitempty")
		// ResultMetadata is the SDK's own, no member of any model.
		if !field.IsExported() || field.Anonymous || name == "-" || field.Name == "ResultMetadata" {
			continue
		}
		if !tagged && name == "" {
			name = lowerFirst(field.Name)
		}
		if name == "" {
			name = lowerFirst(field.Name)
		}
		s.members = append(s.members, member{
			name: name, goName: field.Name, index: field.Index, kind: kindOf(field.Type),
			secret: secrets[field.Name] && deref(field.Type).Kind() == reflect.String,
		})
	}
	for i := range s.members {
		s.byName[s.members[i].name] = &s.members[i]
	}
	known, _ := shapes.LoadOrStore(t, s)
	return known.(*shape)
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func kindOf(t reflect.Type) kind {
	switch t = deref(t); t.Kind() {
	case reflect.Struct:
		if t == timeType {
			return moment
		}
		return record
	case reflect.Slice:
		return list
	case reflect.Map:
		return dictionary
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		return scalar
	}
	return unsupported
}

// lowerFirst is how restJson1 models spell what the SDK exports.
func lowerFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}
