package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	storedocs "github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssodocs "github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithydocument "github.com/aws/smithy-go/document"
	"github.com/google/go-cmp/cmp"
)

// sdkService is a service as the AWS SDK's client speaks it.
type sdkService struct {
	name   string
	client func(aws.HTTPClient) any
	decode func(r *captured, operation string, input any) error
	encode func(w http.ResponseWriter, operation string, output any)
	fail   func(w http.ResponseWriter, f Failure)
}

var sdkServices = []*sdkService{
	json11("cloudtrail", func(h aws.HTTPClient) any {
		return cloudtrail.New(cloudtrail.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h})
	}),
	json11("identitystore", func(h aws.HTTPClient) any {
		return identitystore.New(identitystore.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h})
	}),
	json11("organizations", func(h aws.HTTPClient) any {
		return organizations.New(organizations.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h})
	}),
	json11("ssoadmin", func(h aws.HTTPClient) any {
		return ssoadmin.New(ssoadmin.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h})
	}),
	query("iam", func(h aws.HTTPClient) any {
		return iam.New(iam.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h})
	}),
	query("sts", func(h aws.HTTPClient) any {
		return sts.New(sts.Options{Region: region, BaseEndpoint: endpoint, Credentials: keys, HTTPClient: h})
	}),
}

const region = "us-west-2"

var (
	endpoint = aws.String("https://example.test")
	keys     = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
	})
)

func json11(name string, client func(aws.HTTPClient) any) *sdkService {
	return &sdkService{
		name: name, client: client,
		decode: func(r *captured, _ string, input any) error { return DecodeJSON11(r.body, input) },
		encode: func(w http.ResponseWriter, _ string, output any) { EncodeJSON11(w, output) },
		fail:   func(w http.ResponseWriter, f Failure) { f.EncodeJSON11(w) },
	}
}

func query(name string, client func(aws.HTTPClient) any) *sdkService {
	const namespace = "https://example.test/doc/"
	return &sdkService{
		name: name, client: client,
		decode: func(r *captured, operation string, input any) error {
			form, err := ParseQuery(string(r.body))
			if err == nil && form.Get("Action") != operation {
				err = fmt.Errorf("the action is %q", form.Get("Action"))
			}
			if err != nil {
				return err
			}
			return DecodeQuery(form, input)
		},
		encode: func(w http.ResponseWriter, operation string, output any) {
			EncodeQuery(w, namespace, operation, "id", output)
		},
		fail: func(w http.ResponseWriter, f Failure) { f.EncodeQuery(w, namespace, "id") },
	}
}

// captured is the transport of a client: it keeps what was sent and answers what
// it is told to.
type captured struct {
	request *http.Request
	body    []byte
	answer  func(http.ResponseWriter)
}

func (c *captured) Do(r *http.Request) (*http.Response, error) {
	c.request, c.body = r, nil
	if r.Body != nil {
		c.body, _ = io.ReadAll(r.Body)
	}
	w := httptest.NewRecorder()
	c.answer(w)
	return w.Result(), nil
}

// call makes the client do an operation, and returns what it makes of the answer.
func call(client any, operation string, input any) (output any, err error) {
	results := reflect.ValueOf(client).MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.ValueOf(input)})
	if err, _ := results[1].Interface().(error); err != nil {
		return nil, err
	}
	output = results[0].Interface()
	results[0].Elem().FieldByName("ResultMetadata").SetZero()
	return output, nil
}

// operations calls f with every operation of a client.
func operations(client any, f func(name string, input, output reflect.Type)) {
	t := reflect.TypeOf(client)
	for i := range t.NumMethod() {
		if m := t.Method(i); m.Type.NumIn() == 4 && m.Type.NumOut() == 2 {
			f(m.Name, m.Type.In(2).Elem(), m.Type.Out(0).Elem())
		}
	}
}

// filler fills structs with values that differ by where they stand. Of a union it
// chooses the member whose turn it is; widest tells how many turns there are.
type filler struct {
	turn, widest int
	empty        bool // texts, lists and maps are there, with nothing in them
	plain        bool // texts are such as any place of a request can carry
	within       []reflect.Type
}

func (f *filler) fill(v reflect.Value, path string) {
	switch kindOf(v.Type()) {
	case moment:
		at := time.Date(2026, 1, 2, 3, 4, 5, 500e6, time.UTC)
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.ValueOf(&at))
		} else {
			v.Set(reflect.ValueOf(at))
		}
		return
	case document:
		if v.Type() == reflect.TypeFor[ssodocs.Interface]() {
			v.Set(reflect.ValueOf(ssodocs.NewLazyDocument(map[string]any{"a": path, "b": []any{true, 1.5, nil}})))
		} else {
			v.Set(reflect.ValueOf(storedocs.NewLazyDocument(map[string]any{"a": path, "b": []any{true, 1.5, nil}})))
		}
		return
	case union:
		choices := unions[v.Type()]
		f.widest = max(f.widest, len(choices))
		chosen := reflect.New(choices[f.turn%len(choices)])
		f.fill(chosen.Elem(), path)
		v.Set(chosen)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch kindOf(v.Type()) {
	case record:
		f.record(v, path)
	case list:
		v.Set(reflect.MakeSlice(v.Type(), 0, 2))
		for i := range 2 {
			element := reflect.New(v.Type().Elem()).Elem()
			if f.empty || f.nested(element.Type()) {
				continue
			}
			f.fill(element, fmt.Sprintf("%s[%d]", path, i))
			v.Set(reflect.Append(v, element))
		}
	case dictionary:
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"a key", "b"} {
			if !f.empty {
				element := reflect.New(v.Type().Elem()).Elem()
				f.fill(element, path+"."+key)
				v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), element)
			}
		}
	case blob:
		v.SetBytes([]byte(path + "\x00\xff"))
	case scalar:
		f.scalar(v, path)
	default:
		panic(fmt.Sprintf("%s is a %s, which the codec does not know", path, v.Type()))
	}
}

func (f *filler) nested(t reflect.Type) bool {
	n := 0
	for _, outer := range f.within {
		if outer == t {
			n++
		}
	}
	return n > 1
}

func (f *filler) record(v reflect.Value, path string) {
	f.within = append(f.within, v.Type())
	for _, field := range reflect.VisibleFields(v.Type()) {
		if field.IsExported() && !field.Anonymous && field.Name != "ResultMetadata" && !f.nested(deref(field.Type)) {
			f.fill(v.FieldByIndex(field.Index), path+"."+field.Name)
		}
	}
	f.within = f.within[:len(f.within)-1]
}

func (f *filler) scalar(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		switch values := enumeration(v.Type()); {
		case values != nil:
			v.SetString(values[f.turn%len(values)])
		case f.plain:
			v.SetString(path + " é/+&%")
		case !f.empty:
			v.SetString(path + " é<&>\"'+%=;~/\\\n\t.")
		}
	case reflect.Bool:
		v.SetBool(!f.empty)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(0.25)
	default:
		v.SetInt(int64(len(path)))
	}
}

// same compares structs of the SDK, all fields of them; documents by what they hold.
func same(want, got any) string {
	return cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true }), cmp.Comparer(func(a, b smithydocument.Marshaler) bool {
		x, errX := a.MarshalSmithyDocument()
		y, errY := b.MarshalSmithyDocument()
		return errors.Join(errX, errY) == nil && bytes.Equal(x, y)
	}))
}

// sayNothing are the operations whose empty values do not come through, and why.
var sayNothing = map[string]string{
	"iam.AcquireRole":          "query has no way to say that a map is there and empty",
	"iam.PutAccountProperties": "query has no way to say that a map is there and empty",
}

// TestEveryOperationOfTheSDK sends every operation that the SDK's clients have,
// with every member filled, and reads it as a server; and answers every one,
// with every member filled, for the client to read.
func TestEveryOperationOfTheSDK(t *testing.T) {
	for _, s := range sdkServices {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			transport := &captured{}
			client := s.client(transport)
			operations(client, func(name string, input, output reflect.Type) {
				for _, empty := range []bool{false, true} {
					if empty && sayNothing[s.name+"."+name] != "" {
						continue
					}
					for turn, turns := 0, 1; turn < turns; turn++ {
						in, out := reflect.New(input), reflect.New(output)
						f := &filler{turn: turn, empty: empty}
						f.fill(in.Elem(), name)
						f.fill(out.Elem(), name)
						turns = f.widest
						s.roundTrip(t, client, transport, name, in.Interface(), out.Interface())
					}
				}
			})
		})
	}
}

func (s *sdkService) roundTrip(t *testing.T, client any, transport *captured, name string, in, out any) {
	t.Helper()
	transport.answer = func(w http.ResponseWriter) { s.encode(w, name, out) }
	got, err := call(client, name, in)
	if err != nil {
		t.Errorf("%s: the client fails: %v", name, err)
		return
	}
	if diff := same(out, got); diff != "" {
		t.Errorf("%s: the client reads the answer otherwise: %s", name, diff)
	}
	read := reflect.New(reflect.TypeOf(in).Elem()).Interface()
	if err := s.decode(transport, name, read); err != nil {
		t.Errorf("%s: %v of %s", name, err, transport.body)
	} else if diff := same(in, read); diff != "" {
		t.Errorf("%s: the request is read otherwise: %s\n%s", name, diff, strings.TrimSpace(string(transport.body)))
	}
}
