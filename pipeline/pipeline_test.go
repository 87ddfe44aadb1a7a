package pipeline

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/account"
)

var update = flag.Bool("update", false, "write the golden files anew")

// company is an organization as the example's files mean it: a root, Workloads with
// Development and Production below it, and a suspended account.
func company() *Snapshot {
	return &Snapshot{
		FormatVersion: FormatVersion, TakenAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Instance:          Instance{ARN: "arn:aws:sso:::instance/ssoins-1111222233334444", IdentityStore: "d-1234567890", Owner: "111111111111", Region: "us-west-2"},
		ManagementAccount: "111111111111",
		Units: []Unit{
			{ID: "r-ab12", Name: "Root"},
			{ID: "ou-ab12-work0001", Name: "Workloads", Parent: "r-ab12"},
			{ID: "ou-ab12-dev00001", Name: "Development", Parent: "ou-ab12-work0001"},
			{ID: "ou-ab12-prod0001", Name: "Production", Parent: "ou-ab12-work0001"},
		},
		Accounts: []Account{
			{ID: "111111111111", Name: "management", Status: Active, Parent: "r-ab12"},
			{ID: "222222222222", Name: "shop-staging", Status: Active, Parent: "ou-ab12-work0001", Tags: map[string]string{"Stage": "staging"}},
			{ID: "333333333333", Name: "shop-dev", Status: Active, Parent: "ou-ab12-dev00001", Tags: map[string]string{"Stage": "dev"}},
			{ID: "444444444444", Name: "shop-prod", Status: Active, Parent: "ou-ab12-prod0001", Tags: map[string]string{"Stage": "prod"}},
			{ID: "555555555555", Name: "billing", Status: Active, Parent: "r-ab12"},
			{ID: "666666666666", Name: "old-shop", Status: "SUSPENDED", Parent: "ou-ab12-prod0001"},
		},
		Groups: []NamedPrincipal{{"g-platform", "platform"}, {"g-developers", "developers"}, {"g-auditors", "auditors"}},
		Users:  []NamedPrincipal{{"u-mary", "mary@example.com"}},
		Read:   Coverage{Principals: []Principal{{Group, "g-platform"}, {Group, "g-developers"}, {Group, "g-auditors"}, {User, "u-mary"}}},
	}
}

func managed(arn string) (string, bool, bool) {
	m, ok := account.ManagedPolicy(arn)
	return m.Document, !m.Ours, ok
}

var known = Options{Managed: managed}

// folder is a folder of templates, by the names of its files.
func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"permissionsets/.gitkeep": &fstest.MapFile{}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func mustRead(t testing.TB, files map[string]string) *Templates {
	t.Helper()
	templates, err := Read(folder(files), ReadOptions{Folder: "templates"})
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

// covered says that every assignment of a snapshot was read.
func covered(s *Snapshot) *Snapshot {
	for _, set := range s.Sets {
		s.Read.Sets = append(s.Read.Sets, set.ARN)
	}
	return s
}

func mustPlan(t testing.TB, files map[string]string, s *Snapshot) *Plan {
	t.Helper()
	p, err := NewPlan(mustRead(t, files), s, known)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wrong plans what cannot be planned, and returns why.
func wrong(t testing.TB, files map[string]string, s *Snapshot) string {
	t.Helper()
	templates, err := Read(folder(files), ReadOptions{Folder: "templates"})
	if err == nil {
		_, err = NewPlan(templates, s, known)
	}
	if err == nil {
		t.Fatal("nothing is wrong with it")
	}
	return err.Error()
}

func changeIDs(p *Plan) (ids []string) {
	for _, c := range p.Changes {
		ids = append(ids, c.ID)
	}
	return ids
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", name, diff)
	}
}

// The public pipeline's example has this shape: seven permission sets, four assignments,
// a nested unit and Root.
func TestTheExampleIsPlannedAsItsGoldenFileSays(t *testing.T) {
	templates, err := Read(os.DirFS("testdata/example"), ReadOptions{Folder: "templates"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(templates, company(), known)
	if err != nil {
		t.Fatal(err)
	}
	var text, markdown, junit bytes.Buffer
	if err := p.WriteText(&text, false); err != nil {
		t.Fatal(err)
	}
	if err := p.WriteMarkdown(&markdown); err != nil {
		t.Fatal(err)
	}
	if err := p.WriteJUnit(&junit); err != nil {
		t.Fatal(err)
	}
	golden(t, "example.txt", text.Bytes())
	golden(t, "example.md", markdown.Bytes())
	golden(t, "example.junit.xml", junit.Bytes())
	golden(t, "example.plan.json", p.Encode())
	if strings.Contains(text.String(), "\x1b") {
		t.Error("there are colours where none were asked for")
	}
}
