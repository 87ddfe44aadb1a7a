package main

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/signin"
	"github.com/sallyport/sallyport/space"
	"github.com/sallyport/sallyport/trust"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sallyport": main, "xdg-open": openInTest})
}

// The scripts run sallyport, and the AWS CLI where there is one, against one server.
// Instead of a browser they have xdg-open, which hands the address to this process:
// here somebody is signed in and lets every client in.
func TestScripts(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) { runScripts(t, s, "testdata/script") })
}

// A pipeline says who has access in a whole organization, so its story has a server of
// its own. Package courier tries pipelines on both engines.
func TestPipelineScript(t *testing.T) { runScripts(t, sallyporttest.Start(t), "testdata/pipeline") }

func runScripts(t *testing.T, s *sallyporttest.Sallyport, folder string) {
	browser := httptest.NewServer(browserOf(s))
	t.Cleanup(browser.Close)
	// Another Sallyport plays AWS, to which this one's own calls go.
	far := sallyporttest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL_STS", far.URL()+"/aws")
	t.Setenv("AWS_CA_BUNDLE", far.CABundle())
	var people sync.Map // principals by alias
	person := func(ts *testscript.TestScript, alias string) *sallyporttest.Principal {
		p, ok := people.Load(alias)
		if !ok {
			ts.Fatalf("there is no user %s", alias)
		}
		return p.(*sallyporttest.Principal)
	}
	testscript.Run(t, testscript.Params{
		Dir: folder,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("AWS_CONFIG_FILE", filepath.Join(env.WorkDir, "home", ".aws", "config"))
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Setenv("AWS_CA_BUNDLE", s.CABundle())
			env.Setenv("SALLYPORT_ENDPOINT", s.URL())
			env.Setenv("SERVER_DATA", s.Data)
			env.Setenv("BROWSER", "xdg-open")
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				env.Setenv("GIT_"+who+"_NAME", "Test")
				env.Setenv("GIT_"+who+"_EMAIL", "test@example.com")
			}
			env.Setenv("GIT_SSL_CAINFO", s.CABundle())
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			env.Setenv("GIT_TERMINAL_PROMPT", "0")
			env.Setenv("TEST_BROWSER", browser.URL)
			env.Setenv("RANDOMNAME", strings.ToLower(rand.Text()[:8])) // scripts share a server, and its names
			bin := filepath.Join(env.WorkDir, "bin")
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			if err := errors.Join(os.Mkdir(filepath.Join(env.WorkDir, "home"), 0o700), os.Mkdir(bin, 0o700)); err != nil {
				return err
			}
			if awsCLI() == "" {
				return nil
			}
			return os.Symlink(awsCLI(), filepath.Join(bin, "aws"))
		},
		Condition: func(condition string) (bool, error) {
			if condition == "sqlite" {
				return s.DB().Engine() == database.SQLite, nil
			}
			if condition != "aws2" {
				return false, fmt.Errorf("there is no condition %s", condition)
			}
			if awsCLI() == "" && os.Getenv("SALLYPORT_TEST_REQUIRE_ALL") != "" {
				return false, errors.New("there is no AWS CLI of version 2: run the tests with make test")
			}
			return awsCLI() != "", nil
		},
		Cmds: withGitCommands(s, map[string]func(*testscript.TestScript, bool, []string){
			// user ALIAS: make somebody, who now sits at the browser. $TOKEN is theirs.
			"user": func(ts *testscript.TestScript, _ bool, args []string) {
				p := s.User(args[0])
				people.Store(args[0], p)
				ts.Setenv("TEST_COOKIE", p.Cookie)
				ts.Setenv("TOKEN", p.Token)
			},
			// clones ALIAS: $GIT is where this user finds repositories, with a token in it.
			"clones": func(ts *testscript.TestScript, _ bool, args []string) {
				address, err := url.Parse(s.URL() + "/git")
				ts.Check(err)
				address.User = url.UserPassword(args[0], person(ts, args[0]).AccessToken(credential.Reach{}))
				ts.Setenv("GIT", address.String())
			},
			// works ALIAS SPACE PROJECT ROLE: give this user a role in a project.
			"works": func(ts *testscript.TestScript, _ bool, args []string) {
				r, err := role.ParseProject(args[3])
				ts.Check(err)
				var in space.Project
				s.Read(func(tx *database.ReadTx) error {
					found, err := s.Spaces.Lookup(tx, args[1])
					if err == nil {
						in, err = s.Spaces.Project(tx, found.ID, args[2])
					}
					return err
				})
				person(ts, args[0]).Contributes(in, r)
			},
			// git ARGUMENT...
			"git": func(ts *testscript.TestScript, neg bool, args []string) {
				if err := ts.Exec("git", args...); neg != (err != nil) {
					ts.Fatalf("git %s: %v", strings.Join(args, " "), err)
				}
			},
			// comes STORE USER PASSWORD: a user of an identity store comes in with the one-time
			// password, and now sits at the browser.
			"comes": func(ts *testscript.TestScript, neg bool, args []string) {
				session, err := pageAsks[signin.Session](context.Background(), s, "", "FirstPassword", signin.FirstPasswordInput{
					Store: args[0], Login: args[1], Password: args[2], NewPassword: sallyporttest.Password,
				})
				if neg != (err != nil) {
					ts.Fatalf("%v", err)
				}
				if err == nil {
					ts.Setenv("TEST_COOKIE", session.Token)
				}
			},
			// password: $PASSWORD is the one-time password that the last command printed as JSON.
			"password": func(ts *testscript.TestScript, _ bool, _ []string) {
				var made struct{ Item struct{ Password string } }
				ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &made))
				ts.Setenv("PASSWORD", made.Item.Password)
			},
			// invited EMAIL: $INVITATION is the token in the newest mail.
			"invited": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv("INVITATION", tokenIn(s.Mail(args[0])))
			},
			// signs WHO: further requests to the account side are signed by root; by the user or
			// session whose credentials the last command printed; or by the
			// administrator that came so first.
			"signs": func(ts *testscript.TestScript, _ bool, args []string) { signs(ts, s, args[0]) },
			// let NAME: $NAME is what the last command printed.
			"let": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
			},
			// far: further requests to the account side are signed by root of an account at the
			// Sallyport that plays AWS. $FAR is its address, $FAR_CA its authority's certificate,
			// $THUMBPRINT that of the server under test.
			"far": func(ts *testscript.TestScript, _ bool, _ []string) {
				root := far.NewAccount("far" + ts.Getenv("RANDOMNAME"))
				ts.Setenv("FAR", far.URL())
				ts.Setenv("FAR_CA", far.CABundle())
				ts.Setenv("FAR_ACCOUNT", string(root.Account))
				text, err := os.ReadFile(s.CABundle())
				ts.Check(err)
				block, _ := pem.Decode(text)
				ts.Setenv("THUMBPRINT", fmt.Sprintf("%x", sha1.Sum(block.Bytes)))
				ts.Setenv("ISSUER", strings.TrimPrefix(s.URL(), "https://"))
				ts.Setenv("AWS_ACCESS_KEY_ID", root.Key.AccessKeyID)
				ts.Setenv("AWS_SECRET_ACCESS_KEY", root.Key.SecretAccessKey)
				ts.Setenv("AWS_REGION", "us-west-2")
			},
			// field PATH NAME: $NAME is a member of what the last command printed as JSON.
			"field": func(ts *testscript.TestScript, _ bool, args []string) {
				var value any
				ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
				for part := range strings.SplitSeq(args[0], ".") {
					value = value.(map[string]any)[part]
				}
				ts.Setenv(args[1], value.(string))
			},
			// aws ARGUMENT...: the AWS CLI, at this server whatever its version.
			"aws": func(ts *testscript.TestScript, neg bool, args []string) {
				err := ts.Exec("aws", append([]string{"--endpoint-url", s.URL() + "/aws"}, args...)...)
				if neg != (err != nil) {
					ts.Fatalf("aws %s: %v", strings.Join(args, " "), err)
				}
			},
			// keyless aws ARGUMENT...: the AWS CLI where the environment has neither keys nor a Region.
			"keyless": func(ts *testscript.TestScript, neg bool, args []string) {
				without := []string{"-u", "AWS_ACCESS_KEY_ID", "-u", "AWS_SECRET_ACCESS_KEY", "-u", "AWS_SESSION_TOKEN", "-u", "AWS_REGION"}
				if err := ts.Exec("env", append(without, args...)...); neg != (err != nil) {
					ts.Fatalf("%s: %v", strings.Join(args, " "), err)
				}
			},
			// until TEXT aws ARGUMENT...: run again and again until it prints the text.
			"until": func(ts *testscript.TestScript, _ bool, args []string) {
				s.Eventually(strings.Join(args, " "), func() bool {
					ts.Check(ts.Exec("aws", append([]string{"--endpoint-url", s.URL() + "/aws"}, args[2:]...)...))
					return strings.Contains(ts.ReadFile("stdout"), args[0])
				})
			},
			// says TEXT sallyport ARGUMENT...: run again and again until it prints the text.
			"says": func(ts *testscript.TestScript, _ bool, args []string) {
				s.Eventually(strings.Join(args, " "), func() bool {
					ts.Check(ts.Exec(args[1], args[2:]...))
					return strings.Contains(ts.ReadFile("stdout"), args[0])
				})
			},
			// encoded: $MESSAGE is the authorization message of the refusal just seen.
			"encoded": func(ts *testscript.TestScript, _ bool, _ []string) {
				_, message, ok := strings.Cut(ts.ReadFile("stderr"), "Encoded authorization failure message: ")
				if !ok {
					ts.Fatalf("there is no authorization message")
				}
				ts.Setenv("MESSAGE", strings.TrimSpace(message))
			},
			// mint SPACE PROJECT: $TOKEN is what a run in an environment of the project is vouched for with.
			"mint": func(ts *testscript.TestScript, _ bool, args []string) { mint(ts, s, args[0], args[1]) },
			// item NAME: the variable of that name in capitals is a member of the item that the
			// last command printed as JSON.
			"item": func(ts *testscript.TestScript, _ bool, args []string) {
				var made struct{ Item map[string]any }
				ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &made))
				ts.Setenv(strings.ToUpper(args[0]), fmt.Sprint(made.Item[args[0]]))
			},
			// replace FILE OLD NEW
			"replace": func(ts *testscript.TestScript, _ bool, args []string) {
				text := strings.ReplaceAll(ts.ReadFile(args[0]), args[1], args[2])
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
			},
		}),
	})
}

func mint(ts *testscript.TestScript, s *sallyporttest.Sallyport, inSpace, project string) {
	var token string
	s.Read(func(tx *database.ReadTx) error {
		in, err := s.Spaces.Lookup(tx, inSpace)
		if err != nil {
			return err
		}
		p, err := s.Spaces.LookupProject(tx, in.ID, project)
		if err != nil {
			return err
		}
		token, err = s.Issuer.Mint(tx, trust.Claims{Place: trust.Place{Space: string(in.ID), Project: string(p.ID), Environment: uuid.NewString()}, SourceIdentity: "adatrust"})
		return err
	})
	ts.Setenv("TOKEN", token)
}

// signs sets the variables that the AWS CLI takes credentials from.
func signs(ts *testscript.TestScript, s *sallyporttest.Sallyport, who string) {
	var key struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	switch who {
	case "root":
		root := s.Root()
		key.AccessKeyID, key.SecretAccessKey = root.Key.AccessKeyID, root.Key.SecretAccessKey
		ts.Setenv("ADMIN", "admin-"+strings.ToLower(key.AccessKeyID[4:8])+filepath.Base(ts.Getenv("WORK")))
	case "admin":
		key.AccessKeyID, key.SecretAccessKey = ts.Getenv("ADMIN_KEY"), ts.Getenv("ADMIN_SECRET")
	default:
		var out struct {
			AccessKey, Credentials *struct{ AccessKeyID, SecretAccessKey, SessionToken string }
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &out))
		if out.AccessKey != nil {
			key = *out.AccessKey
		} else {
			key = *out.Credentials
		}
		if ts.Getenv("ADMIN_KEY") == "" {
			ts.Setenv("ADMIN_KEY", key.AccessKeyID)
			ts.Setenv("ADMIN_SECRET", key.SecretAccessKey)
		}
	}
	ts.Setenv("AWS_ACCESS_KEY_ID", key.AccessKeyID)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", key.SecretAccessKey)
	ts.Setenv("AWS_SESSION_TOKEN", key.SessionToken)
	ts.Setenv("AWS_REGION", "us-west-2")
}

// awsCLI finds an AWS CLI of version 2, the one with sso login, among those
// installed.
var awsCLI = sync.OnceValue(func() string {
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(folder, "aws")
		if out, err := exec.Command(path, "--version").CombinedOutput(); err == nil && strings.HasPrefix(string(out), "aws-cli/2.") {
			return path
		}
	}
	return ""
})

var tokenForm = regexp.MustCompile(`token=([\w-]+)`)

// tokenIn finds the token in a message.
func tokenIn(message string) string {
	match := tokenForm.FindStringSubmatch(message)
	if match == nil {
		return ""
	}
	return match[1]
}

// openInTest is xdg-open.
func openInTest() {
	response, err := http.PostForm(os.Getenv("TEST_BROWSER"), url.Values{"url": {os.Args[1]}, "cookie": {os.Getenv("TEST_COOKIE")}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer response.Body.Close()
	if location, err := io.ReadAll(response.Body); err == nil && len(location) > 0 {
		if _, err := http.Get(string(location)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// browserOf does what the pages do, and answers where the browser goes next.
func browserOf(s *sallyporttest.Sallyport) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, err := url.Parse(r.FormValue("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		location, err := letIn(r.Context(), s, r.FormValue("cookie"), page)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		io.WriteString(w, location)
	})
}

func letIn(ctx context.Context, s *sallyporttest.Sallyport, cookie string, page *url.URL) (string, error) {
	asked := page.Query()
	if page.Path == "/device" {
		_, err := pageAsks[signin.Empty](ctx, s, cookie, "ApproveDevice", signin.DeviceInput{UserCode: asked.Get("user_code")})
		return "", err
	}
	out, err := pageAsks[signin.AuthorizeOutput](ctx, s, cookie, "Authorize", signin.AuthorizationInput{
		ResponseType: asked.Get("response_type"), ClientID: asked.Get("client_id"), RedirectURI: asked.Get("redirect_uri"), Scope: asked.Get("scope"),
		RequestState: asked.Get("state"), CodeChallenge: asked.Get("code_challenge"), CodeChallengeMethod: asked.Get("code_challenge_method"),
	})
	if err != nil {
		return "", err
	}
	return out.Location, nil
}

func pageAsks[Out, In any](ctx context.Context, s *sallyporttest.Sallyport, cookie, name string, in In) (*Out, error) {
	request := &operation.Request{ID: "test", Address: "127.0.0.1", BaseURL: s.URL()}
	if cookie != "" {
		request.Credential = authn.Credential{Scheme: authn.Cookie, Token: cookie}
	}
	for _, op := range s.Operations() {
		if op.Name == name {
			return operation.Ask[Out](ctx, s.Runner(), op, request, in)
		}
	}
	return nil, fmt.Errorf("no operation %s", name)
}
