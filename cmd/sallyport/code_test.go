package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/org"
	"github.com/sallyport/sallyport/sallyporttest"
)

// The stories of access as code have a server each: what they do is about all that an
// organization has.
func TestAccessAsCode(t *testing.T) {
	stories, err := filepath.Glob("testdata/code/*.txtar")
	if err != nil || len(stories) == 0 {
		t.Fatal(stories, err)
	}
	for _, story := range stories {
		t.Run(strings.TrimSuffix(filepath.Base(story), ".txtar"), func(t *testing.T) {
			tell(t, sallyporttest.Start(t), story) // a client of AWS's APIs, whatever is behind them
		})
	}
}

func tell(t *testing.T, s *sallyporttest.Sallyport, story string) {
	names := company(s)
	testscript.Run(t, testscript.Params{
		Files: []string{story},
		Setup: func(env *testscript.Env) error {
			root := s.Root().Key
			for name, value := range map[string]string{
				"HOME": filepath.Join(env.WorkDir, "home"), "XDG_STATE_HOME": filepath.Join(env.WorkDir, "state"), "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": s.CABundle(),
				"AWS_ENDPOINT_URL": s.URL() + "/aws", "AWS_REGION": "us-west-2", "AWS_ACCESS_KEY_ID": root.AccessKeyID, "AWS_SECRET_ACCESS_KEY": root.SecretAccessKey,
			} {
				env.Setenv(name, value)
			}
			for name, value := range names {
				env.Setenv(name, value)
			}
			return fillIn(env.WorkDir, names)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// exits CODE sallyport ARGUMENT...
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				code := "0"
				if err != nil {
					code = strings.TrimPrefix(err.Error(), "exit status ")
				}
				if code != args[0] {
					ts.Fatalf("%s: it ended with %s, want %s", strings.Join(args[1:], " "), code, args[0])
				}
			},
			// behind ACTION SET ACCOUNT: somebody assigns a permission set to $MARY, or ends that,
			// behind the back of the files; or changes it.
			"behind": func(ts *testscript.TestScript, _ bool, args []string) { behind(ts, s, args) },
			// replace FILE OLD NEW
			"replace": func(ts *testscript.TestScript, _ bool, args []string) {
				text := strings.ReplaceAll(ts.ReadFile(args[0]), args[1], args[2])
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
			},
			// after DURATION: time passes for a command in the background, which has to get somewhere.
			"after": func(ts *testscript.TestScript, _ bool, args []string) {
				d, err := time.ParseDuration(args[0])
				ts.Check(err)
				time.Sleep(d)
			},
			// once: no assignment was asked for twice.
			"once": func(ts *testscript.TestScript, _ bool, _ []string) {
				s.Read(func(tx *database.ReadTx) error {
					twice, err := database.All(tx, database.Value[string], `select kind || ' ' || account_id from center_requests where kind <> 'PROVISIONING'
						group by kind, permission_set_id, account_id, principal_id having count(*) > 1`)
					if len(twice) > 0 {
						ts.Fatalf("asked for twice: %v", twice)
					}
					return err
				})
			},
			// finding TEXT: $ID is that of the finding with the text, of those last printed.
			"finding": func(ts *testscript.TestScript, _ bool, args []string) {
				var found struct {
					Items []struct{ ID, Message string }
				}
				ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &found))
				for _, f := range found.Items {
					if strings.Contains(f.Message, args[0]) {
						ts.Setenv("ID", f.ID)
						return
					}
				}
				ts.Fatalf("there is no finding with %q", args[0])
			},
		},
	})
}

// fillIn writes the ids of the company over their names in the files of a story.
func fillIn(dir string, names map[string]string) error {
	return filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		filled := named.ReplaceAllStringFunc(string(text), func(name string) string { return names[strings.Trim(name, "{}")] })
		return os.WriteFile(path, []byte(filled), 0o600)
	})
}

var named = regexp.MustCompile(`\{[A-Z]+\}`)

// company makes accounts shop, site and lab, of which the first two are in a unit
// Workloads; a user mary, and a group Developers with her in it. It returns their ids.
func company(s *sallyporttest.Sallyport) map[string]string {
	names := map[string]string{"MANAGEMENT": string(s.Management())}
	for _, name := range []string{"shop", "site", "lab"} {
		names[strings.ToUpper(name)] = string(s.Member(name))
	}
	center := s.Center()
	s.Write(func(tx *database.Tx) error {
		o, err := s.Orgs.Of(tx.Reading(), s.Management())
		if err != nil {
			return err
		}
		unit, err := s.Orgs.CreateUnit(tx, o, org.NewUnit{Parent: o.Root, Name: "Workloads"})
		for _, name := range []string{"SHOP", "SITE"} {
			if err == nil {
				err = s.Orgs.Move(tx, o, account.ID(names[name]), o.Root, unit.ID)
			}
		}
		names["UNIT"] = string(unit.ID)
		return err
	})
	s.Write(func(tx *database.Tx) error {
		mary, err := s.Centers.CreateUser(tx, center, identitycenter.Attributes{UserName: "mary", DisplayName: "mary", Name: identitycenter.Name{GivenName: "Mary", FamilyName: "Major"}}, "test")
		if err != nil {
			return err
		}
		group, err := s.Centers.CreateGroup(tx, center, identitycenter.GroupAttributes{DisplayName: "Developers"}, "test")
		if err != nil {
			return err
		}
		_, err = s.Centers.Join(tx, center, group.ID, mary.ID, "test")
		names["MARY"], names["DEVELOPERS"] = string(mary.ID), string(group.ID)
		return err
	})
	return names
}

func behind(ts *testscript.TestScript, s *sallyporttest.Sallyport, args []string) {
	mary := identitycenter.Principal{Type: identitycenter.UserPrincipal, ID: ts.Getenv("MARY")}
	center := s.Center()
	s.Write(func(tx *database.Tx) error {
		set, err := s.Centers.PermissionSetByName(tx.Reading(), center, args[1])
		if err != nil {
			return err
		}
		ask := s.Centers.RequestAssignment
		switch args[0] {
		case "lengthen":
			duration := "PT9H"
			return s.Centers.UpdatePermissionSet(tx, set, identitycenter.PermissionSetPatch{Duration: &duration})
		case "unassign":
			ask = s.Centers.RequestRemoval
		}
		r, err := ask(tx, set, account.ID(args[2]), mary)
		if err != nil {
			return err
		}
		return s.Centers.FinishAssignment(tx, r.ID)
	})
}
