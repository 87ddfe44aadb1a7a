package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAStanzaGoesIntoAFile(t *testing.T) {
	s := stanza{kind: "profile", name: "lab", lines: []string{"region = us-west-2"}}
	text := s.text()
	was := func(lines string) string { return "[profile lab]\n" + ours + "\n" + lines }
	for _, test := range []struct{ name, before, after string }{
		{"an empty one", "", text},
		{"one with others", "[default]\nregion = x\n", "[default]\nregion = x\n\n" + text},
		{"one that does not end its last line", "[default]\nregion = x", "[default]\nregion = x\n\n" + text},
		{"one that ends with an empty line", "[default]\n\n", "[default]\n\n" + text},
		{"one it is in", was("region = old\n"), text},
		{"the place it was in", "# a\n" + was("old = 1\n  nested = 2\n") + "\n# of b\n[profile b]\n", "# a\n" + text + "\n# of b\n[profile b]\n"},
		{"one with Windows line ends", "[default]\r\nregion = x\r\n", "[default]\r\nregion = x\r\n\n" + text},
		{"one where names look alike", "[profile lab2]\n[sso-session lab]\n[lab]\n", "[profile lab2]\n[sso-session lab]\n[lab]\n\n" + text},
		{"one that quotes the name", "[profile \"lab\"]  # mine\n" + ours + "\nx = 1\n", text},
	} {
		got, err := s.into(test.before, false)
		if err != nil || got != test.after {
			t.Errorf("%s: %v\n%s", test.name, err, got)
		}
		if again, err := s.into(got, false); err != nil || again != got {
			t.Errorf("%s, once more: %v\n%s", test.name, err, again)
		}
	}
}

func TestAStanzaOfSomebodyElseStays(t *testing.T) {
	s := stanza{kind: "profile", name: "default", lines: []string{"region = us-west-2"}}
	for _, before := range []string{"[default]\nregion = x\n", "[profile default]\nregion = x\n", "[default]\n[profile b]\n" + ours + "\n"} {
		if got, err := s.into(before, false); err == nil {
			t.Errorf("%q became %q", before, got)
		}
	}
	got, err := s.into("[default]\nregion = x\n\n[profile b]\nx = 1\n", true)
	if err != nil || got != s.text()+"\n[profile b]\nx = 1\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzStanza(f *testing.F) {
	f.Add("[default]\nregion = x")
	f.Add("[profile lab]\n" + ours + "\n# x\n[")
	s := stanza{kind: "profile", name: "lab", lines: []string{"region = us-west-2"}}
	f.Fuzz(func(t *testing.T, before string) {
		once, err := s.into(before, true)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := s.into(once, false)
		if err != nil || twice != once {
			t.Errorf("%q became %q and then %q, %v", before, once, twice, err)
		}
	})
}

func TestRulesOfSeveralProfilesShareAFile(t *testing.T) {
	folder := t.TempDir()
	own, path := filepath.Join(folder, "own.json"), filepath.Join(folder, "models", rulesFile)
	if err := os.WriteFile(own, []byte(`{"version":"1.0","parameters":{"Region":{}},"rules":[{"type":"tree","documentation":"AWS"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	add := func(profile, url string) {
		t.Helper()
		text, err := json.Marshal(ruleFor(profile, profile+"-1", url, signature("sts", "us-west-2")))
		if err != nil {
			t.Fatal(err)
		}
		if err := writeRule(own, path, profile, text); err != nil {
			t.Fatal(err)
		}
	}
	add("lab", "http://old/aws")
	add("other", "http://other/aws")
	add("lab", "http://new/aws")
	set, rules, err := readRules(path)
	if err != nil || len(rules) != 3 || string(set["parameters"]) != `{"Region":{}}` || string(rules[2]) != `{"type":"tree","documentation":"AWS"}` {
		t.Fatalf("%s, %v", rules, err)
	}
	if all := string(rules[0]) + string(rules[1]); strings.Contains(all, "http://old") || !strings.Contains(all, "http://new/aws") || !strings.Contains(all, "other-1") {
		t.Error(all)
	}
}

func TestNoProfileTakesARegionOfAWS(t *testing.T) {
	for profile, ok := range map[string]bool{"sallyport": true, "lab2": true, "us-west": false, "us-gov-east": false, "a.b": false, "2lab": false} {
		if region, err := inventedRegion(profile); (err == nil) != ok {
			t.Errorf("%s: %s, %v", profile, region, err)
		}
	}
}
