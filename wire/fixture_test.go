package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

// notRepeated are the fixtures that do not come back as they are, and why.
var notRepeated = map[string]string{
	"identitystore.InternalServerException.error.snap": "RetryAfterSeconds is a number; a Failure's members are texts, and Sallyport says no such time",
	"identitystore.ThrottlingException.error.snap":     "RetryAfterSeconds is a number; a Failure's members are texts, and Sallyport says no such time",
}

// withoutFixtures are the clients that ship none.
var withoutFixtures = map[string]string{
	"accessanalyzer request": "its module holds no fixtures", "accessanalyzer response": "its module holds no fixtures",
	"cloudtrail request": "its module holds no fixtures", "cloudtrail response": "its module holds no fixtures",
	"codecatalyst request": "its module holds no fixtures", "codecatalyst response": "its module holds no fixtures",
	"iam response": "its module holds requests alone", "sts response": "its module holds requests alone",
}

// eachFixture finds the fixtures that ship with a service's client and are called
// so, and that there are as many as the client is known to have.
func (s *sdkService) eachFixture(t *testing.T, directory, suffix string, f func(t *testing.T, name, head string, body []byte)) {
	if withoutFixtures[s.name+" "+directory] != "" {
		return
	}
	files, err := filepath.Glob(filepath.Join(moduleDir(s.name), directory+"_snapshot", "*"+suffix))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: there are no %s fixtures: %v", s.name, directory, err)
	}
	if suffix != ".error.snap" && len(files) < s.operations {
		t.Errorf("%s: %d %s fixtures for %d operations", s.name, len(files), directory, s.operations)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), suffix)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := bytes.Cut(content, []byte("\n\n"))
		if directory == "request" { // the request line stands by itself
			headers, rest, _ := bytes.Cut(body, []byte("\n\n"))
			head, body = append(append(head, '\n'), headers...), rest
			if bytes.HasPrefix(headers, []byte("\n")) { // there are no headers
				body = bytes.TrimPrefix(headers, []byte("\n"))
			}
		}
		if notRepeated[s.name+"."+name+suffix] == "" {
			f(t, name, string(head), body)
		}
	}
}

// TestRequestFixtures reads every request that ships with the SDK as a server, and
// lets the client write what was read: it must be the same request again.
func TestRequestFixtures(t *testing.T) {
	for _, s := range sdkServices {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			transport := &captured{}
			client := s.client(transport)
			s.eachFixture(t, "request", ".request.snap", func(t *testing.T, name, head string, body []byte) {
				lines := strings.Split(head, "\n")
				method, uri, _ := strings.Cut(lines[0], " ")
				r, err := http.NewRequest(method, "https://example.test"+uri, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, line := range lines[1:] {
					if key, value, ok := strings.Cut(line, ": "); ok {
						r.Header.Set(key, value)
					}
				}
				operation := reflect.ValueOf(client).MethodByName(name)
				if !operation.IsValid() {
					t.Errorf("%s is no operation", name)
					return
				}
				in := reflect.New(operation.Type().In(1).Elem()).Interface()
				if err := s.decode(&captured{request: r, body: body}, name, in); err != nil {
					t.Errorf("%s: %v of %s", name, err, body)
					return
				}
				transport.answer = func(w http.ResponseWriter) {
					s.encode(w, name, reflect.New(operation.Type().Out(0).Elem()).Interface())
				}
				if _, err := call(client, name, in); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if got := transport.request; got.Method != method || got.URL.EscapedPath() != r.URL.EscapedPath() || got.URL.Query().Encode() != r.URL.Query().Encode() {
					t.Errorf("%s: sent to %s %s, want %s", name, got.Method, got.URL, lines[0])
				}
				if !sameBody(transport.body, body) {
					t.Errorf("%s: sent %s\nwant %s", name, transport.body, body)
				}
			})
		})
	}
}

// TestResponseFixtures lets the client read every answer that ships with the SDK,
// and writes what was read as a server: it must say the same again.
func TestResponseFixtures(t *testing.T) {
	for _, s := range sdkServices {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			transport := &captured{}
			client := s.client(transport)
			s.eachFixture(t, "response", ".response.snap", func(t *testing.T, name, head string, body []byte) {
				transport.answer = func(w http.ResponseWriter) { replay(w, head, body) }
				want, err := call(client, name, s.input(client, name))
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				var written []byte
				transport.answer = func(w http.ResponseWriter) {
					keeper := &keeper{ResponseWriter: w}
					s.encode(keeper, name, want)
					written = keeper.Bytes()
				}
				got, err := call(client, name, s.input(client, name))
				if err != nil {
					t.Errorf("%s: %v of %s", name, err, written)
				} else if diff := same(want, got); diff != "" || !sameBody(written, body) {
					t.Errorf("%s: wrote %s\nwant %s\n%s", name, written, body, diff)
				}
			})
		})
	}
}

// TestErrorFixtures lets the client read every error that ships with the SDK, and
// writes it as a server: the client must see the same error again.
func TestErrorFixtures(t *testing.T) {
	for _, s := range sdkServices {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			transport := &captured{}
			client := s.client(transport)
			name := ""
			operations(client, func(n string, _, _ reflect.Type) {
				if name == "" {
					name = n
				}
			})
			s.eachFixture(t, "response", ".error.snap", func(t *testing.T, code, head string, body []byte) {
				failed := func(answer func(http.ResponseWriter)) (failure smithy.APIError) {
					transport.answer = answer
					_, err := call(client, name, s.input(client, name))
					if !errors.As(err, &failure) {
						t.Errorf("%s: %v", code, err)
					}
					return failure
				}
				var said map[string]any
				if err := json.Unmarshal(body, &said); err != nil {
					t.Fatal(err)
				}
				status, _ := strconv.Atoi(strings.Split(head, "\n")[0])
				f := Failure{Status: status, Code: said["__type"].(string), Members: map[string]string{}}
				for member, value := range said {
					switch text, ok := value.(string); {
					case !ok:
						t.Errorf("%s.%s is %v: a Failure's members are texts", code, member, value)
					case strings.EqualFold(member, "message"):
						f.Message = text
					case member != "__type":
						f.Members[member] = text
					}
				}
				want := failed(func(w http.ResponseWriter) { replay(w, head, body) })
				got := failed(func(w http.ResponseWriter) { s.fail(w, f) })
				if diff := same(want, got); diff != "" {
					t.Errorf("%s: %s", code, diff)
				}
			})
		})
	}
}

// input is one that the client will send.
func (s *sdkService) input(client any, operation string) any {
	in := reflect.New(reflect.ValueOf(client).MethodByName(operation).Type().In(1).Elem())
	(&filler{plain: true}).fill(in.Elem(), operation)
	return in.Interface()
}

// replay answers with a fixture: a status and headers, a line each, and a body.
func replay(w http.ResponseWriter, head string, body []byte) {
	lines := strings.Split(head, "\n")
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ": "); ok {
			w.Header().Set(name, value)
		}
	}
	status, _ := strconv.Atoi(lines[0])
	w.WriteHeader(status)
	w.Write(body)
}

// keeper remembers what was written.
type keeper struct {
	http.ResponseWriter
	bytes.Buffer
}

func (k *keeper) Write(p []byte) (int, error) {
	k.Buffer.Write(p)
	return k.ResponseWriter.Write(p)
}

// sameBody compares JSON by what it says, a form by its parameters; no body is an
// empty object.
func sameBody(a, b []byte) bool {
	if len(a) == 0 {
		a = []byte("{}")
	}
	if len(b) == 0 {
		b = []byte("{}")
	}
	var x, y any
	if json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil {
		return reflect.DeepEqual(x, y)
	}
	form, errA := url.ParseQuery(string(a))
	other, errB := url.ParseQuery(string(b))
	return errors.Join(errA, errB) == nil && reflect.DeepEqual(form, other)
}
