package credential

import (
	"strings"
	"testing"
)

func TestAUserCodeIsReadHoweverItIsTyped(t *testing.T) {
	for _, row := range []struct{ typed, want string }{
		{"WDJB-MJHT", "WDJB-MJHT"},
		{"wdjbmjht", "WDJB-MJHT"},
		{" wdjb mjht ", "WDJB-MJHT"},
		{"w-d-j-b-m-j-h-t", "WDJB-MJHT"},
		{"WDJB–MJHT\n", "WDJB-MJHT"},
		{"WDJB-MJH", ""},
		{"WDJB-MJHTT", ""},
		{"WDJA-MJHT", ""},
		{"WDJ1-MJHT", ""},
		{"ſDJB-MJHT", ""},
		{"ＷDJB-MJHT", ""},
		{"", ""},
	} {
		got, err := ParseUserCode(row.typed)
		if got != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%q was read as %q, %v", row.typed, got, err)
		}
	}
}

func TestAUserCodeSpellsNothing(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code, err := newUserCode()
		if err != nil {
			t.Fatal(err)
		}
		if parsed, err := ParseUserCode(code); parsed != code || err != nil || strings.ContainsAny(code, "AEIOUY0123456789") {
			t.Fatalf("%s was read as %q, %v", code, parsed, err)
		}
		seen[code] = true
	}
	if len(seen) < 999 {
		t.Errorf("1000 codes were %d different ones", len(seen))
	}
}

func FuzzParseUserCode(f *testing.F) {
	for _, typed := range []string{"WDJB-MJHT", "wdjb mjht", "", "ſDJB-MJHT", "WDJB–MJHT", "\xff"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := ParseUserCode(typed)
		if err != nil {
			return
		}
		if again, err := ParseUserCode(code); again != code || err != nil || len(code) != 9 || strings.Trim(code, userCodeLetters+"-") != "" {
			t.Errorf("%q was read as %q, and that as %q, %v", typed, code, again, err)
		}
	})
}
