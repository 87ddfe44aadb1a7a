package server_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

// These tests run over the whole table: an operation added later is tested
// without anybody thinking of it.

// address is another one each time: the limits on one client are not what is
// tested here.
func address() string { return fmt.Sprintf("192.0.%d.%d", asked.Add(1)/200%200, asked.Load()%200) }

var asked atomic.Int64

// ask runs an operation with plausible input as somebody.
func ask(t *testing.T, s *sallyporttest.Sallyport, op *operation.Operation, credential authn.Credential) (any, error) {
	t.Helper()
	request := &operation.Request{ID: "test", Credential: credential, Address: address(), UserAgent: "test", BaseURL: s.URL()}
	return s.Runner().Do(t.Context(), op, request, func(in any) error {
		fill(reflect.ValueOf(in).Elem(), 0)
		if _, ok := op.Rule.Permission(); ok {
			for i, member := range op.Rule.Path() {
				set(reflect.ValueOf(in).Elem().FieldByName(member), []string{"acme", "Web-shop", "shop"}[i])
			}
		}
		return nil
	})
}

// fill gives every text a value, so that methods get as far as they can.
func fill(v reflect.Value, depth int) {
	for i := range v.NumField() {
		field := v.Field(i)
		switch {
		case !field.CanSet() || depth > 4:
		case field.Kind() == reflect.Struct:
			fill(field, depth+1)
		case field.Kind() == reflect.String, field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.String:
			set(field, "something")
		case field.Kind() == reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
			if field.Type().Elem().Kind() == reflect.Struct {
				fill(field.Elem(), depth+1)
			}
		}
	}
}

func set(field reflect.Value, text string) {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	field.SetString(text)
}

// tables are all that this schema has, but the log, the job queue's own and the
// record of migrations.
func tables(t *testing.T, s *sallyporttest.Sallyport) (names []string) {
	t.Helper()
	query := `select name from sqlite_master where type = 'table'`
	if s.DB().Engine() == database.PostgreSQL {
		query = `select table_name from information_schema.tables where table_schema = current_schema()`
	}
	rows, err := s.DB().Pool().Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !notState.MatchString(name) {
			names = append(names, name)
		}
	}
	if err := rows.Err(); err != nil || len(names) < 25 {
		t.Fatalf("found the tables %v, %v", names, err)
	}
	return names
}

var notState = regexp.MustCompile(`^(river|goose|sqlite|events$|event_resources$)`)

// state is a digest of every table.
func state(t *testing.T, s *sallyporttest.Sallyport) map[string]string {
	t.Helper()
	pool := s.DB().Pool()
	digests := map[string]string{}
	for _, table := range tables(t, s) {
		rows, err := pool.Query("select * from " + table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for rows.Next() {
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			if err := rows.Scan(places...); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprint(values))
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(lines)
		digests[table] = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))
	}
	return digests
}

func changed(before, after map[string]string) (tables []string) {
	for table := range maps.Keys(before) {
		if before[table] != after[table] {
			tables = append(tables, table)
		}
	}
	return tables
}

func eventName(op *operation.Operation) string { return strings.ToLower(op.Name[:1]) + op.Name[1:] }

func TestEveryOperationRefusesAStrangerAndRecordsIt(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner := s.User("owner")
		owner.Project(owner.Space("acme"), "Web shop")
		before := state(t, s)
		asked := map[string]bool{}
		for _, op := range s.Operations() {
			if op.Rule.Strangers() {
				continue
			}
			asked[eventName(op)] = true
			for what, credential := range map[string]authn.Credential{
				"no credential":         {},
				"a made-up token":       {Scheme: authn.Bearer, Token: "sla_000000000000000000000000000000000000"},
				"a browser's as bearer": {Scheme: authn.Bearer, Token: owner.Cookie},
				"a client's as cookie":  {Scheme: authn.Cookie, Token: owner.Token},
				"a made-up key":         s.Nobody().Credential(),
			} {
				if _, err := ask(t, s, op, credential); !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("%s with %s: %v", op.Name, what, err)
				}
			}
		}
		if tables := changed(before, state(t, s)); tables != nil {
			t.Errorf("refusals changed %v", tables)
		}
		for _, event := range s.Events(seal.Directory) {
			if event.ErrorCode == fault.Unauthenticated.String() && event.Principal.Kind == "anonymous" {
				delete(asked, event.Name)
			}
		}
		if len(asked) > 0 {
			t.Errorf("refusals without an event: %v", slices.Sorted(maps.Keys(asked)))
		}
	})
}

func TestEveryOperationInASpaceRefusesWhoIsNotInItAndRecordsIt(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner, outsider := s.User("owner"), s.User("outsider")
		acme := owner.Space("acme")
		owner.Project(acme, "Web shop")
		outsider.Space("elsewhere")
		session := authn.Credential{Scheme: authn.Bearer, Token: outsider.Token}
		token := authn.Credential{Scheme: authn.Basic, Alias: outsider.Alias, Token: outsider.AccessToken(credential.Reach{})}
		before := state(t, s)
		asked := map[string]bool{}
		for _, op := range s.Operations() {
			if _, ok := op.Rule.Permission(); !ok {
				continue
			}
			asked[eventName(op)] = true
			with := session
			if op.Service.AccessTokens {
				with = token
			}
			if _, err := ask(t, s, op, with); !fault.Is(err, fault.Denied) {
				t.Errorf("%s: %v", op.Name, err)
			}
		}
		if len(asked) < 20 {
			t.Fatalf("only %d operations concern a space", len(asked))
		}
		if tables := changed(before, state(t, s)); tables != nil {
			t.Errorf("refusals changed %v", tables)
		}
		for _, event := range s.Events(seal.Space(string(acme.ID))) {
			if event.ErrorCode == fault.Denied.String() && event.Principal.ID == string(outsider.ID) {
				delete(asked, event.Name)
			}
		}
		if len(asked) > 0 {
			t.Errorf("refusals without an event: %v", slices.Sorted(maps.Keys(asked)))
		}
	})
}

// Of the account side every operation that policies decide refuses a principal that
// has none, changes nothing, and stands in the log of its account.
func TestEveryOperationOfAnAccountRefusesWhoHasNoPolicyAndRecordsIt(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		powerless := root.User("powerless", "")
		before := state(t, s)
		asked := map[string]bool{}
		for _, op := range s.Operations() {
			if op.Rule.Action() == "" {
				continue
			}
			asked[eventName(op)] = true
			if _, err := ask(t, s, op, powerless.Credential()); !fault.Is(err, fault.Denied) {
				t.Errorf("%s: %v", op.Name, err)
			} else if !strings.Contains(err.Error(), "Encoded authorization failure message") && !strings.Contains(err.Error(), "access to this resource") {
				t.Errorf("%s says only: %v", op.Name, err)
			}
		}
		if len(asked) < 200 {
			t.Fatalf("only %d operations concern an account", len(asked))
		}
		if tables := changed(before, state(t, s)); tables != nil {
			t.Errorf("refusals changed %v", tables)
		}
		for _, event := range s.Events(root.Account.Scope()) {
			if event.ErrorCode == fault.Denied.String() && event.Username == "powerless" && event.AccessKeyID == powerless.Key.AccessKeyID {
				delete(asked, event.Name)
			}
		}
		if len(asked) > 0 {
			t.Errorf("refusals without an event: %v", slices.Sorted(maps.Keys(asked)))
		}
	})
}

// The two doors do not open for each other's keys.
func TestAttackAKeyOfOneDoorAtTheOther(t *testing.T) {
	s := sallyporttest.Start(t)
	owner, root := s.User("owner"), s.Root()
	owner.Space("acme")
	for _, op := range s.Operations() {
		credential := root.Credential()
		if op.Rule.Account() {
			credential = authn.Credential{Scheme: authn.Bearer, Token: owner.Token}
		}
		if op.Rule.Strangers() {
			continue
		}
		if _, err := ask(t, s, op, credential); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", op.Name, err)
		}
	}
}

// A refused caller must not learn from the answer whether what they named exists.
func TestARefusalIsTheSameWhetherTheThingExistsOrNot(t *testing.T) {
	s := sallyporttest.Start(t)
	owner, outsider, reader := s.User("owner"), s.User("outsider"), s.User("reader")
	acme := owner.Space("acme")
	owner.Project(acme, "Web shop")
	owner.Project(acme, "Open")
	reader.Joins(acme, 4) // Limited access
	refusal := func(p *sallyporttest.Principal, path string) string {
		answer := s.Send("GET", "/aws/v1/spaces/"+path, p.Token, "")
		if answer.Status != 403 {
			t.Errorf("GET %s as %s: %d %s", path, p.Alias, answer.Status, answer.Body)
		}
		// Names are echoed as they were asked for.
		text := answer.Body
		for _, name := range []string{"acme", "nope", "Web-shop", "Nothing"} {
			text = strings.ReplaceAll(text, name, "NAME")
		}
		return text
	}
	for _, pair := range []struct {
		who             *sallyporttest.Principal
		exists, missing string
	}{
		{outsider, "acme", "nope"},
		{outsider, "acme/projects/Web-shop", "acme/projects/Nothing"},
		{outsider, "acme/projects/Web-shop", "nope/projects/Nothing"},
		{reader, "acme/projects/Web-shop", "acme/projects/Nothing"},
	} {
		if there, not := refusal(pair.who, pair.exists), refusal(pair.who, pair.missing); there != not {
			t.Errorf("%s is told of %s %q and of %s %q", pair.who.Alias, pair.exists, there, pair.missing, not)
		}
	}
}

func TestNoReadWrites(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner, root := s.User("owner"), s.Root()
		owner.Project(owner.Space("acme"), "Web shop")
		before := state(t, s)
		for _, op := range s.Operations() {
			if !op.ReadOnly {
				continue
			}
			for _, credential := range []authn.Credential{{Scheme: authn.Bearer, Token: owner.Token}, {Scheme: authn.Cookie, Token: owner.Cookie}, root.Credential()} {
				ask(t, s, op, credential) // whatever the answer
			}
		}
		if tables := changed(before, state(t, s)); tables != nil {
			t.Errorf("reads changed %v", tables)
		}
	})
}

// internals is what an answer must never show.
var internals = regexp.MustCompile(`(?i)select |insert |sqlite|postgres|pgx|SQLSTATE|goroutine|\.go:\d|/root/|/tmp/|panic|tink|reflect`)

func TestNoFaultShowsWhatIsInside(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner, admin := s.User("owner"), s.NewAccount("other").User("admin", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
		owner.Project(owner.Space("acme"), "Web shop")
		for _, op := range s.Operations() {
			for _, credential := range []authn.Credential{{}, {Scheme: authn.Bearer, Token: owner.Token}, {Scheme: authn.Cookie, Token: owner.Cookie}, admin.Credential(), s.Root().Credential()} {
				_, err := ask(t, s, op, credential)
				if err == nil {
					continue
				}
				f := fault.As(err)
				if internals.MatchString(f.Message) {
					t.Errorf("%s says %q", op.Name, f.Message)
				}
				if f.Kind == fault.Internal {
					t.Errorf("%s fails inside: %v", op.Name, err)
				}
			}
		}
	})
}

// What is logged of a request must not be enough to act as somebody.
func TestEventsHoldNoSecrets(t *testing.T) {
	s := sallyporttest.Start(t)
	owner := s.User("owner")
	acme := owner.Space("acme")
	answer := s.Send("PUT", "/aws/v1/accessTokens", owner.Token, `{"name":"laptop"}`)
	var made struct{ Secret string }
	answer.JSON(t, &made)
	if made.Secret == "" {
		t.Fatalf("no token was made: %s", answer.Body)
	}
	registered := s.Send("POST", "/aws/client/register", "", `{"clientName":"c","clientType":"public"}`)
	var client struct{ ClientID, ClientSecret string }
	registered.JSON(t, &client)
	s.Send("POST", "/aws/token", "", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"grantType":"refresh_token","refreshToken":%q}`, client.ClientID, client.ClientSecret, owner.Refresh))
	s.Send("GET", "/aws/v1/spaces/acme", owner.Token, "")

	secrets := map[string]string{"personal access token": made.Secret, "client secret": client.ClientSecret, "refresh token": owner.Refresh, "access token": owner.Token, "cookie": owner.Cookie}
	events := append(s.Events(seal.Directory), s.Events(seal.Space(string(acme.ID)))...)
	if len(events) < 4 {
		t.Fatalf("there are only %d events", len(events))
	}
	for _, event := range events {
		text := fmt.Sprintf("%+v %s %s", event, event.Detail.Request, event.Detail.Response)
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("the event %s holds a %s", event.Name, what)
			}
		}
	}
	for what, secret := range secrets {
		if strings.Contains(s.Log.String(), secret) {
			t.Errorf("the server's log holds a %s", what)
		}
	}
}

// The event of a change and the change are one: when the log cannot be written,
// nothing is changed.
func TestAChangeWhoseEventCannotBeWrittenIsNotMade(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner := s.User("owner")
		acme := owner.Space("acme")
		if _, err := s.DB().Pool().Exec(`alter table events rename to events_gone`); err != nil {
			t.Fatal(err)
		}
		answer := s.Send("PUT", "/aws/v1/spaces/acme/projects", owner.Token, `{"displayName":"Web shop"}`)
		if answer.Status != 500 || internals.MatchString(answer.Body) {
			t.Errorf("it answered %d %s", answer.Status, answer.Body)
		}
		if _, err := s.DB().Pool().Exec(`alter table events_gone rename to events`); err != nil {
			t.Fatal(err)
		}
		if answer := s.Send("POST", "/aws/v1/spaces/acme/projects", owner.Token, `{}`); strings.Contains(answer.Body, "Web") {
			t.Errorf("the project is there: %s", answer.Body)
		}
		var created []audit.Event
		for _, event := range s.Events(seal.Space(string(acme.ID))) {
			if event.Name == "createProject" && event.ErrorCode == "" {
				created = append(created, event)
			}
		}
		if created != nil {
			t.Errorf("the log tells of it: %+v", created)
		}
	})
}
