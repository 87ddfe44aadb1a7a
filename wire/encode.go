package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	smithydocument "github.com/aws/smithy-go/document"
)

// TimeFormat is how a protocol, or one service's model, writes times.
type TimeFormat uint8

const (
	// DateTime is RFC 3339 in UTC with milliseconds.
	DateTime TimeFormat = iota
	// EpochSeconds is a JSON number.
	EpochSeconds
)

type encoder struct {
	bytes.Buffer
	spelling Spelling
	times    TimeFormat
	redact   bool // for the log: secrets are blanked, long texts cut
}

// JSON writes a struct, or pointer to one, as a restJson1 model's JSON: absent
// members are left out.
func JSON(value any, times TimeFormat) []byte { return encodeJSON(value, times, LowerFirst) }

func encodeJSON(value any, times TimeFormat, spelling Spelling) []byte {
	e := &encoder{times: times, spelling: spelling}
	e.value(reflect.ValueOf(value))
	return e.Bytes()
}

// Redacted writes a struct as JSON for the log. Secrets are blanked; texts are
// cut at a length at which no name or description is.
func Redacted(value any) json.RawMessage {
	e := &encoder{redact: true}
	e.value(reflect.ValueOf(value))
	if e.Len() > loggedAll {
		return fmt.Appendf(nil, `{"omitted":"%d bytes"}`, e.Len())
	}
	return e.Bytes()
}

// How much of a text, and of a payload in all, is worth keeping. A refused
// caller chooses both.
const (
	loggedText = 1024
	loggedAll  = 16 << 10
	redacted   = `"***"`
)

func (e *encoder) value(v reflect.Value) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			e.WriteString("null")
			return
		}
		if kindOf(v.Type()) == document {
			e.document(v.Interface().(smithydocument.Marshaler))
			return
		}
		v = v.Elem()
	}
	switch kindOf(v.Type()) {
	case moment:
		e.time(v.Interface().(time.Time))
	case record:
		e.record(v)
	case list:
		e.list(v)
	case dictionary:
		e.dictionary(v)
	case blob:
		out, _ := json.Marshal(v.Bytes()) // cannot fail: base64 text
		e.Write(out)
	default:
		e.scalar(v)
	}
}

func (e *encoder) record(v reflect.Value) {
	e.WriteByte('{')
	start := e.Len()
	s := shapeOf(v.Type(), e.spelling)
	for i := range s.members {
		m := &s.members[i]
		field := v.FieldByIndex(m.index)
		if absent(field) && !m.always {
			continue
		}
		if e.Len() > start {
			e.WriteByte(',')
		}
		e.text(m.name)
		e.WriteByte(':')
		if m.secret && e.redact {
			e.WriteString(redacted)
			continue
		}
		e.value(field)
	}
	e.WriteByte('}')
}

// absent: the SDK's structs say "not there" with nil, and with "" for enums.
// Numbers and booleans that are no pointers always travel.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	return false
}

func (e *encoder) list(v reflect.Value) {
	e.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			e.WriteByte(',')
		}
		e.value(v.Index(i))
	}
	e.WriteByte(']')
}

func (e *encoder) dictionary(v reflect.Value) {
	e.WriteByte('{')
	for i, key := range sortedKeys(v) {
		if i > 0 {
			e.WriteByte(',')
		}
		e.text(key.String())
		e.WriteByte(':')
		e.value(v.MapIndex(key))
	}
	e.WriteByte('}')
}

// document writes open content. One that the SDK cannot write is a fault of the
// program: of what arrives it can write everything, the rest is ours.
func (e *encoder) document(content smithydocument.Marshaler) {
	out, err := content.MarshalSmithyDocument()
	if err != nil {
		panic("wire: cannot write a document: " + err.Error())
	}
	e.Write(out)
}

func (e *encoder) scalar(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		text := v.String()
		if e.redact && len(text) > loggedText {
			text = text[:loggedText]
		}
		e.text(text)
	case reflect.Bool:
		e.Write(strconv.AppendBool(e.AvailableBuffer(), v.Bool()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		e.Write(strconv.AppendInt(e.AvailableBuffer(), v.Int(), 10))
	case reflect.Float32, reflect.Float64:
		e.Write(strconv.AppendFloat(e.AvailableBuffer(), v.Float(), 'g', -1, 64))
	default:
		panic("wire: cannot write a " + v.Type().String()) // a table of operations names it: a fault of the program
	}
}

func (e *encoder) time(t time.Time) {
	if e.times == EpochSeconds {
		e.Write(strconv.AppendFloat(e.AvailableBuffer(), float64(t.UnixMilli())/1000, 'f', -1, 64))
		return
	}
	e.text(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// text writes a JSON string. What needs no escaping, nearly everything, is
// copied as it is.
func (e *encoder) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f || c == '<' || c == '>' || c == '&' {
			out, _ := json.Marshal(s) // cannot fail: any string is JSON
			e.Write(out)
			return
		}
	}
	e.WriteByte('"')
	e.WriteString(s)
	e.WriteByte('"')
}
