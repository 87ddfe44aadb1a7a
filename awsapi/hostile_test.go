package awsapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

// inside is what no answer may show.
var inside = regexp.MustCompile(`(?i)select |insert |sqlite|postgres|SQLSTATE|goroutine|\.go:\d|/root/|/tmp/|panic|tink|reflect\.`)

func TestHostileInput(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice, mallory := s.User("alice"), s.User("mallory")
		acme := alice.Space("acme")
		web := alice.Project(acme, "web")
		mallorys := mallory.Space("mallory")
		mallory.Project(mallorys, "own")
		reader := s.User("reader")
		reader.Joins(acme, role.LimitedAccess)
		reader.Contributes(web, role.ReadOnly)

		const projects = "/aws/v1/spaces/acme/projects"
		long := strings.Repeat("a", 64)
		rows := []struct {
			what               string
			method, path, body string
			status             int
			says               string
		}{
			{"JSON that ends early", "PUT", projects, `{"displayName":`, 400, "not valid JSON"},
			{"JSON with a stray comma", "PUT", projects, `{"displayName":"x",}`, 400, "not valid JSON"},
			{"two JSON values", "PUT", projects, `{"displayName":"new one"} {}`, 400, "more after its end"},
			{"no object", "PUT", projects, `["displayName"]`, 400, "must be a JSON object"},
			{"a member twice", "PUT", projects, `{"displayName":"one","displayName":"two"}`, 400, "given twice"},
			{"deep nesting", "PUT", projects, strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000), 400, "nested too deeply"},
			{"deep lists", "PUT", projects, `{"displayName":` + strings.Repeat("[", 100000), 400, "nested too deeply"},
			{"a number for a text", "PUT", projects, `{"displayName":7}`, 400, "displayName must be a string"},
			{"a list for a text", "PUT", projects, `{"displayName":["a"]}`, 400, "displayName must be a string"},
			{"a text for a list", "POST", projects, `{"filters":"x"}`, 400, "filters must be a list"},
			{"null in a list", "POST", projects, `{"filters":[null]}`, 400, "filters[0] must be a value"},
			{"a wrong type deep inside", "POST", projects, `{"filters":[{"key":"name","values":["a",7]}]}`, 400, "filters[0].values[1] must be a string"},
			{"a fraction for a number", "POST", projects, `{"maxResults":1.5}`, 400, "maxResults must be a whole number"},
			{"a number too large", "POST", projects, `{"maxResults":99999999999}`, 400, "maxResults must be a whole number"},
			{"a page of none", "POST", projects, `{"maxResults":0}`, 400, "maxResults must be 1 to 100"},
			{"a page too large", "POST", projects, `{"maxResults":101}`, 400, "maxResults must be 1 to 100"},
			{"a token of nobody", "POST", projects, `{"nextToken":"%%%"}`, 400, "nextToken"},
			{"an empty token", "POST", projects, `{"nextToken":""}`, 400, "nextToken must be 1 to 10000"},
			{"an unknown filter", "POST", projects, `{"filters":[{"key":"owner","values":["x"]}]}`, 400, "key must be one of"},
			{"a filter without values", "POST", projects, `{"filters":[{"key":"name","values":[]}]}`, 400, "at least one value"},
			{"no display name", "PUT", projects, `{}`, 400, "displayName is required"},
			{"a null display name", "PUT", projects, `{"displayName":null}`, 400, "displayName is required"},
			{"a short name", "PUT", projects, `{"displayName":"ab"}`, 400, "3 to 63"},
			{"a long name", "PUT", projects, `{"displayName":"` + long + `"}`, 400, "3 to 63 characters long, it is 64"},
			{"a name that ends badly", "PUT", projects, `{"displayName":"web-"}`, 400, "must match"},
			{"a name with a slash", "PUT", projects, `{"displayName":"a/../b"}`, 400, "must match"},
			{"a name with a line break", "PUT", projects, `{"displayName":"web\n"}`, 400, "must match"},
			{"a name with a zero byte", "PUT", projects, `{"displayName":"web\u0000x"}`, 400, "must match"},
			{"markup in a description", "PUT", projects, `{"displayName":"fine","description":"<script>"}`, 400, "description must match"},
			{"a long description", "PUT", projects, `{"displayName":"fine","description":"` + strings.Repeat("d", 201) + `"}`, 400, "200"},
			{"a mis-patterned path", "GET", "/aws/v1/spaces/a..b", "", 400, "must match"},
			{"SQL in a path", "GET", "/aws/v1/spaces/acme'--", "", 400, "must match"},
			{"an encoded slash", "GET", "/aws/v1/spaces/acme%2F..%2Fmallory", "", 400, "must match"},
			{"an encoded zero byte", "GET", "/aws/v1/spaces/acme%00", "", 400, "must match"},
			{"invalid UTF-8 in a path", "GET", "/aws/v1/spaces/acme%ff", "", 400, "must match"},
			{"a broken query", "GET", "/aws/userDetails?id=%zz", "", 400, "query string"},
			{"a member named in the body that travels in the path", "PUT", projects, `{"displayName":"smuggled","spaceName":"mallory"}`, 201, `"spaceName":"acme"`},
			{"an id that is no UUID", "GET", "/aws/v1/spaces/acme/projects/web/workflows/1", "", 400, "must match"},
			{"times the wrong way round", "POST", "/aws/v1/spaces/acme/eventLogs", `{"startTime":"2026-01-02T00:00:00Z","endTime":"2026-01-01T00:00:00Z"}`, 400, "before"},
			{"a time that is none", "POST", "/aws/v1/spaces/acme/eventLogs", `{"startTime":"yesterday","endTime":"2026-01-01T00:00:00Z"}`, 400, "startTime must be a time"},
			{"a year out of reach", "POST", "/aws/v1/spaces/acme/eventLogs", `{"startTime":1e300,"endTime":2}`, 400, "startTime must be a time"},
			{"a log without end", "POST", "/aws/v1/spaces/acme/eventLogs", `{"startTime":0}`, 400, "endTime is required"},
			{"an unknown path", "GET", "/aws/v1/nothing", "", 404, "UnknownOperationException"},
			{"a wrong method", "POST", "/aws/session", "", 404, "UnknownOperationException"},
		}
		for _, row := range rows {
			answer := s.Send(row.method, row.path, alice.Token, row.body)
			if answer.Status != row.status || !strings.Contains(answer.Body, row.says) {
				t.Errorf("%s: %d %.300s, want %d with %q", row.what, answer.Status, answer.Body, row.status, row.says)
			}
			if inside.MatchString(answer.Body) {
				t.Errorf("%s shows what is inside: %s", row.what, answer.Body)
			}
			if row.status == 400 && !strings.Contains(answer.Header.Get("X-Amzn-Errortype"), "ValidationException") {
				t.Errorf("%s: the error type is %q", row.what, answer.Header.Get("X-Amzn-Errortype"))
			}
		}

		// Ids and names of one space are worth nothing in another.
		crossing := []struct {
			what, method, path string
			who                *sallyporttest.Principal
			status             int
		}{
			{"another's space", "GET", "/aws/v1/spaces/acme", mallory, 403},
			{"another's project through one's own space", "GET", "/aws/v1/spaces/mallory/projects/web", mallory, 404},
			{"another's project in another's space", "DELETE", "/aws/v1/spaces/acme/projects/web", mallory, 403},
			{"one's own project's name in another's space", "GET", "/aws/v1/spaces/acme/projects/own", mallory, 403},
			{"deleting what one may read", "DELETE", "/aws/v1/spaces/acme/projects/web", reader, 403},
			{"deleting the space one reads in", "DELETE", "/aws/v1/spaces/acme", reader, 403},
		}
		for _, row := range crossing {
			if answer := s.Send(row.method, row.path, row.who.Token, ""); answer.Status != row.status {
				t.Errorf("%s: %d %s", row.what, answer.Status, answer.Body)
			}
		}
		if answer := s.Send("GET", projects+"/web", alice.Token, ""); answer.Status != 200 {
			t.Errorf("after all that the project: %d", answer.Status)
		}
		for _, bad := range []string{"new-one", "fine", "one", "two"} {
			if answer := s.Send("GET", projects+"/"+bad, alice.Token, ""); answer.Status != 404 {
				t.Errorf("a refused creation made %s", bad)
			}
		}
	})
}

func TestTokensThatAreNone(t *testing.T) {
	s := sallyporttest.Start(t)
	alice := s.User("alice")
	for what, header := range map[string]string{
		"nothing":                  "",
		"no scheme":                alice.Token,
		"another scheme":           "Basic " + alice.Token,
		"a cut token":              "Bearer " + alice.Token[:len(alice.Token)-1],
		"a changed token":          "Bearer " + alice.Token[:10] + "0" + alice.Token[11:],
		"a refresh token":          "Bearer " + alice.Refresh,
		"a browser's token":        "Bearer " + alice.Cookie,
		"two tokens":               "Bearer " + alice.Token + " " + alice.Token,
		"SQL":                      "Bearer ' or 1=1 --",
		"a very long one":          "Bearer " + strings.Repeat("a", 30000),
		"a signature of SigV4":     "AWS4-HMAC-SHA256 Credential=x",
		"a token with a zero byte": "Bearer sla_\t",
	} {
		request, err := http.NewRequest("GET", s.URL()+"/aws/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			request.Header.Set("Authorization", header)
		}
		answer := s.Do(request)
		if answer.Status != 401 || !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer") || inside.MatchString(answer.Body) {
			t.Errorf("%s: %d %v %.200s", what, answer.Status, answer.Header.Get("WWW-Authenticate"), answer.Body)
		}
	}
}

func TestBodiesWithoutEnd(t *testing.T) {
	s := sallyporttest.Start(t)
	alice := s.User("alice")
	alice.Space("acme")
	for what, body := range map[string]io.Reader{
		"ten megabytes":                bytes.NewReader(append([]byte(`{"displayName":"`), bytes.Repeat([]byte("a"), 10<<20)...)),
		"ten megabytes in chunks":      io.MultiReader(strings.NewReader(`{"displayName":"`), bytes.NewReader(bytes.Repeat([]byte("a"), 10<<20))),
		"a hundred thousand members":   strings.NewReader("{" + strings.Repeat(`"a":1,`, 200000) + `"displayName":"web"}`),
		"a number of a million digits": strings.NewReader(`{"maxResults":` + strings.Repeat("9", 1000000) + `}`),
	} {
		request, err := http.NewRequest("PUT", s.URL()+"/aws/v1/spaces/acme/projects", body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+alice.Token)
		response, err := s.HTTP.Do(request)
		if err != nil {
			continue // the server hung up while we were still sending, which is as good
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != 400 || response.Header.Get("X-Amzn-Errortype") != "ValidationException" {
			t.Errorf("%s: %d %.200s", what, response.StatusCode, text)
		}
	}
	if answer := s.Send("POST", "/aws/v1/spaces/acme/projects", alice.Token, "{}"); answer.Status != 200 || strings.Contains(answer.Body, "displayName") {
		t.Errorf("afterwards: %d %s", answer.Status, answer.Body)
	}
}

func TestManyAtOnceDoNotBreakARule(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		alice := s.User("alice")
		alice.Space("acme")
		answers := make(chan int, 12)
		for range cap(answers) {
			go func() {
				answers <- s.Send("PUT", "/aws/v1/spaces/acme/projects", alice.Token, `{"displayName":"only one"}`).Status
			}()
		}
		count := map[int]int{}
		for range cap(answers) {
			count[<-answers]++
		}
		if fmt.Sprint(count) != fmt.Sprint(map[int]int{201: 1, 409: cap(answers) - 1}) {
			t.Errorf("twelve creations of one name: %v", count)
		}
	})
}
