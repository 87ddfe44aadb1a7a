package policy

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var updateChecks = flag.Bool("update-checks", false, "rewrite the findings in testdata/check, and the list of checks in docs/policies.md")

var kindNames = map[string]Kind{
	"Identity": Identity, "Resource": Resource, "Trust": Trust, "ServiceControl": ServiceControl, "ResourceControl": ResourceControl, "Session": Session, "Boundary": Boundary,
}

// checked is a row of testdata/check: a document, and what is said of it. Places count
// from the document's first character.
type checked struct {
	Sentence string
	Kind     string
	Document json.RawMessage // as it stands; a string is the text of one that is no JSON
	Findings []string
}

func (c *checked) text() string {
	var text string
	if json.Unmarshal(c.Document, &text) == nil {
		return text
	}
	return string(c.Document)
}

func (c *checked) check() (findings []string) {
	for _, f := range Check(kindNames[c.Kind], c.text()) {
		findings = append(findings, fmt.Sprintf("%s %s %d:%d", f.Severity, f.Code, f.Start.Line, f.Start.Column))
	}
	return findings
}

func checkRows(t testing.TB) map[string][]checked {
	t.Helper()
	rows := map[string][]checked{}
	files, err := filepath.Glob("testdata/check/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var of []checked
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&of); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		rows[file] = of
	}
	return rows
}

func TestCheck(t *testing.T) {
	for file, rows := range checkRows(t) {
		if *updateChecks {
			for i := range rows {
				rows[i].Findings = rows[i].check()
			}
			if err := os.WriteFile(file, format(rows), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range rows {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json")+"/"+row.Sentence, func(t *testing.T) {
				if _, ok := kindNames[row.Kind]; !ok {
					t.Fatalf("there is no kind %q", row.Kind)
				}
				if got := row.check(); !slices.Equal(got, row.Findings) {
					t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(row.Findings, "\n  "))
				}
			})
		}
	}
}

func format(rows []checked) []byte {
	var out bytes.Buffer
	for i, row := range rows {
		sentence, _ := json.Marshal(row.Sentence)
		fmt.Fprintf(&out, "%c\n{\"sentence\": %s, \"kind\": %q,\n\"document\": %s,\n\"findings\": [", "[,"[min(i, 1)], sentence, row.Kind, row.Document)
		for j, f := range row.Findings {
			fmt.Fprintf(&out, "%s\n  %q", ","[:min(j, 1)], f)
		}
		out.WriteString("]}")
	}
	out.WriteString("\n]\n")
	return out.Bytes()
}

// Every line of the table is found in some row of testdata.
func TestEveryCheckIsSeen(t *testing.T) {
	type line struct {
		severity Severity
		code     string
	}
	seen := map[line]bool{}
	for _, rows := range checkRows(t) {
		for _, row := range rows {
			for _, f := range Check(kindNames[row.Kind], row.text()) {
				seen[line{f.Severity, f.Code}] = true
				if strings.Contains(f.Message+f.Fix, "{it}") || strings.Contains(f.Message+f.Fix, "{other}") || f.Fix == "" {
					t.Errorf("%s: %+v", row.Sentence, f)
				}
			}
		}
	}
	for i := range checks {
		if c := &checks[i]; !seen[line{c.severity, c.code}] {
			t.Errorf("no row has %s %s", c.severity, c.code)
		}
	}
}

// docs/policies.md lists the checks.
func TestChecksAreDocumented(t *testing.T) {
	const begin, end = "<!-- checks -->\n", "<!-- end of checks -->\n"
	var table strings.Builder
	for _, severity := range []Severity{Error, SecurityWarning, Warning, Suggestion} {
		fmt.Fprintf(&table, "\n| `%s` | |\n|---|---|\n", severity)
		var lines []string
		for i := range checks {
			c := &checks[i]
			if c.severity != severity {
				continue
			}
			ours := ""
			if c.ours {
				ours = " (ours)"
			}
			words := strings.NewReplacer("{it}", "…", "{other}", "…", "|", `\|`, "<", "&lt;")
			lines = append(lines, fmt.Sprintf("| `%s`%s | %s |\n", c.code, ours, words.Replace(c.message)))
		}
		if severity == Error {
			lines = append(lines, "| `JSON_SYNTAX_ERROR` | The text is no JSON, or gives a name twice. |\n")
		}
		slices.Sort(lines)
		table.WriteString(strings.Join(slices.Compact(lines), ""))
	}
	table.WriteString("\n")
	const file = "../docs/policies.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	was, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the checks", file)
	}
	if was == table.String() {
		return
	}
	if !*updateChecks {
		t.Fatalf("%s does not list the checks there are: run go test ./policy -run Documented -update-checks", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+table.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFindingsSayWhere(t *testing.T) {
	document := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"],
  "Resource": "arn:aws:s3:::größe/${aws:usernam}/*"}]}`
	findings := Check(Identity, document)
	if len(findings) != 1 {
		t.Fatalf("%+v", findings)
	}
	f := findings[0]
	if got := document[f.Start.Offset:f.End.Offset]; got != "${aws:usernam}" {
		t.Errorf("the finding is about %q", got)
	}
	if f.Start.Line != 2 || f.Start.Column != 34 || f.End.Column != 48 {
		t.Errorf("from %s to %s", f.Start, f.End)
	}
	want := []PathElement{{Kind: PathValue, Name: "Statement"}, {Kind: PathIndex}, {Kind: PathValue, Name: "Resource"}, {Kind: PathSubstring, Start: 19, Length: 14}}
	if !slices.Equal(f.Path, want) {
		t.Errorf("path %+v", f.Path)
	}
}

func TestSizeLeavesOutWhiteSpace(t *testing.T) {
	if n := Size("{\"a b\" :\n\t[ \"\\\" c\" ]}"); n != len(`{"a b":["\" c"]}`) {
		t.Error(n)
	}
}

// Hostile documents, each of 100 kB: the time to check one is bounded.
func TestCheckEndsSoon(t *testing.T) {
	fill := func(before, repeated, after string) string {
		return before + strings.Repeat(repeated, (100_000-len(before)-len(after))/len(repeated)) + after
	}
	numbered := func(before, item, after string) string {
		var items []string
		for size := 0; size < 100_000; size += len(items[len(items)-1]) + 1 {
			items = append(items, strings.ReplaceAll(item, "#", fmt.Sprint(len(items))))
		}
		return before + strings.Join(items, ",") + after
	}
	const allow = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", `
	for attack, document := range map[string]string{
		"thousands of actions, none covering another":    numbered(allow+`"Resource": "*", "Action": [`, `"s3:*a#*"`, `]}]}`),
		"thousands of equal actions":                     fill(allow+`"Resource": "*", "Action": [`, `"s3:*",`, `"*"]}]}`),
		"thousands of empty actions":                     fill(allow+`"Resource": "*", "Action": [`, `"",`, `""]}]}`),
		"two patterns that backtrack against each other": allow + `"Action": "s3:*", "Resource": ["` + strings.Repeat("*a", 25_000) + `b", "` + strings.Repeat("a", 50_000) + `"]}]}`,
		"thousands of statements":                        fill(`{"Statement": [`, `{"Effect":"Allow","Action":"*","Resource":"*"},`, `{}]}`),
		"thousands of empty statements":                  fill(`{"Statement": [`, `{},`, `{}]}`),
		"thousands of unknown elements":                  numbered(`{`, `"a#":1`, `}`),
		"one endless text of beginnings of variables":    fill(allow+`"Action": "s3:*", "Resource": "`, `${`, `"}]}`),
		"one endless text of variables":                  fill(allow+`"Action": "s3:*", "Resource": "arn:aws:s3:::`, `${a}`, `"}]}`),
		"one endless text of colons":                     fill(allow+`"Action": "s3:*", "Resource": "`, `:`, `"}]}`),
		"thousands of principals and conditions":         numbered(allow+`"Action": "sts:*", "Principal": {"Service": [`, `"a.#"`, `]},`) + numbered(`"Condition": {"StringNotLike": {`, `"a:#":"*"`, `}}}]}`),
		"thousands of principals and actions":            numbered(allow+`"Principal": {"AWS": [`, `"#"`, `]},`) + numbered(`"Action": [`, `"sts:#"`, `]}]}`),
		"thousands of sessions and roles":                numbered(allow+`"Action": "sts:AssumeRole", "Principal": {"AWS": [`, `"arn:aws:sts::123456789012:assumed-role/a#/b"`, `]}}]}`),
	} {
		for _, name := range []string{"Identity", "Trust", "ResourceControl"} {
			begin := time.Now()
			findings := Check(kindNames[name], document)
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("%s, as %s: %s", attack, name, took)
			}
			if len(findings) > mostOfOne*len(checks) {
				t.Errorf("%s: %d findings", attack, len(findings))
			}
		}
	}
}

// Noise, and what takes long to compare, hide nothing else that is wrong.
func TestCheckTellsWhatNoiseSurrounds(t *testing.T) {
	noise := strings.Repeat(`"s3:*", "x", "s3:*a*a*a*a*b", `, 2000)
	document := `{"Version": "2012-10-17", "Statement": [
	  {"Effect": "Allow", "Action": [` + noise + `"s3:*"], "Resource": "*"},
	  {"Effect": "Allow", "Action": [` + noise + `"iam:P*Role"], "Resource": "*"}]}`
	codes := map[string]int{}
	for _, f := range Check(Identity, document) {
		codes[f.Code]++
	}
	if codes["PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"] != 1 || codes["INVALID_ACTION"] != mostOfOne || codes["REDUNDANT_ACTION"] != mostOfOne {
		t.Errorf("%v", codes)
	}
}

// A pattern is called redundant only when another matches all that it matches.
func FuzzCovers(f *testing.F) {
	for _, seed := range [][3]string{{"a*", "a?b", "axb"}, {"*", "**", ""}, {"a*b*", "ab?", "abc"}, {"?", "*", "ab"}, {"*a", "*aa", "aaa"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, wide, narrow, text string) {
		match := func(pattern string) bool {
			p := newPattern(wildcards.Replace(pattern))
			return p.match(text)
		}
		for _, s := range []string{wide, narrow, text} {
			for i := range len(s) {
				if s[i] >= 0x80 {
					return // documents are UTF-8, which the patterns of this test need not be
				}
			}
		}
		c := &checker{steps: 1000}
		if c.covers(wide, narrow) && match(narrow) && !match(wide) {
			t.Errorf("%q does not cover %q: %q", wide, narrow, text)
		}
	})
}

func FuzzCheck(f *testing.F) {
	for _, rows := range checkRows(f) {
		for _, row := range rows {
			f.Add(uint8(kindNames[row.Kind]), row.text())
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, document string) {
		last := 0
		for _, finding := range Check(Kind(kind%7), document) {
			if finding.Start.Offset < last || finding.End.Offset < finding.Start.Offset || finding.End.Offset > len(document) {
				t.Fatalf("%+v after %d, of %d", finding, last, len(document))
			}
			if finding.Code == "" || finding.Message == "" || finding.Fix == "" || finding.Path == nil {
				t.Fatalf("%+v", finding)
			}
			last = finding.Start.Offset
		}
	})
}
