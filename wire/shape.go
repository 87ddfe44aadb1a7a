// Package wire turns bytes into the structs of operations and back.
//
// One reflective codec serves every protocol: a [shape] says, once for each
// struct type and [Spelling], what its members are called on the wire and which
// of them are secret. A protocol adds only where members travel and how values
// are written: restJson1 in restjson.go, awsJson1_1 in json11.go, query in
// query.go. The structs are those of the AWS SDK for Go v2, or our own with json
// tags. What the SDK's types do not tell by themselves stands in two tables: the
// members whose names follow no rule (exceptions, here) and the unions and open
// documents (union.go).
package wire

import (
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Spelling is how a protocol's models write the member names that the SDK exports.
type Spelling uint8

const (
	// LowerFirst is restJson1's: spaceName. The log is written so, too.
	LowerFirst Spelling = iota
	// AsExported is that of awsJson1_1 and query: PolicyArn.
	AsExported
)

// exceptions are the members that models of awsJson1_1 and query write otherwise.
var exceptions = map[string]string{
	"PolicyDescriptorType.Arn":                 "arn",                 // sts
	"ListDelegationRequestsOutput.IsTruncated": "isTruncated",         // iam
	"DescribeTrailsInput.IncludeShadowTrails":  "includeShadowTrails", // cloudtrail
	"DescribeTrailsInput.TrailNameList":        "trailNameList",
	"DescribeTrailsOutput.TrailList":           "trailList",
}

func (s Spelling) name(t reflect.Type, field string) string {
	if s == LowerFirst {
		return lowerFirst(field)
	}
	if name, ok := exceptions[t.Name()+"."+field]; ok {
		return name
	}
	return field
}

// shape is what the codec knows of a struct type.
type shape struct {
	members []member
	byName  map[string]*member // by wire name
}

type member struct {
	name   string // on the wire
	goName string
	index  []int
	secret bool
	always bool // travels even when empty: it is all that a union says
}

// kind is how a value is written.
type kind uint8

const (
	scalar kind = iota
	moment      // time.Time
	record      // struct
	list
	dictionary // map with text keys
	blob       // []byte
	union      // one of several members
	document   // open content
	unsupported
)

type spelled struct {
	reflect.Type
	Spelling
}

var (
	shapes   sync.Map // spelled to *shape
	timeType = reflect.TypeFor[time.Time]()
)

// secrets names the members that are never logged, whatever struct they are in.
var secrets = map[string]bool{
	"AccessToken": true, "RefreshToken": true, "IdToken": true, "ClientSecret": true, "DeviceCode": true, "UserCode": true,
	"Code": true, "CodeVerifier": true, "Secret": true, "Token": true, "Password": true, "NewPassword": true, "SecretAccessKey": true,
	"SessionToken": true, "SamlAssertion": true, "Assertion": true, "TokenValue": true, "VerificationUriComplete": true, "Location": true, "Login": true, "Invitation": true,
	// sts and iam
	"SAMLAssertion": true, "WebIdentityToken": true, "TokenCode": true, "ContextAssertion": true, "TradeInToken": true,
	"OldPassword": true, "AuthenticationCode1": true, "AuthenticationCode2": true, "Base32StringSeed": true, "QRCodePNG": true,
	"PrivateKey": true, "AddPrivateKey": true, "ServicePassword": true, "ServiceCredentialSecret": true,
	// sso-oidc, exchanging tokens
	"SubjectToken": true, "ActorToken": true,
}

func shapeOf(t reflect.Type, spelling Spelling) *shape {
	key := spelled{t, spelling}
	if known, ok := shapes.Load(key); ok {
		return known.(*shape)
	}
	s := &shape{byName: map[string]*member{}}
	variant := variants[t]
	for _, field := range reflect.VisibleFields(t) {
		name, _ := strings.CutSuffix(field.Tag.Get("json"), ",omitempty")
		// ResultMetadata is the SDK's own, no member of any model.
		if !field.IsExported() || field.Anonymous || name == "-" || field.Name == "ResultMetadata" {
			continue
		}
		goName := field.Name
		if variant != "" {
			goName = variant
		}
		if name == "" {
			name = spelling.name(t, goName)
		}
		s.members = append(s.members, member{
			name: name, goName: goName, index: field.Index, always: variant != "",
			secret: secrets[goName] && (deref(field.Type).Kind() == reflect.String || kindOf(field.Type) == blob),
		})
	}
	for i := range s.members {
		s.byName[s.members[i].name] = &s.members[i]
	}
	known, _ := shapes.LoadOrStore(key, s)
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
		if t.Elem().Kind() == reflect.Uint8 {
			return blob
		}
		return list
	case reflect.Map:
		return dictionary
	case reflect.Interface:
		if unions[t] != nil {
			return union
		}
		if documents[t] != nil {
			return document
		}
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
