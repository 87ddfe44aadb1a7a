package identitycenter

import (
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT1H": time.Hour, "PT12H": 12 * time.Hour, "PT90M": 90 * time.Minute, "PT3600S": time.Hour, "PT1H30M": 90 * time.Minute,
		"": 0, "P": 0, "PT": 0, "PT0H": 0, "PT59M": 0, "PT13H": 0, "P1D": 0, "1H": 0, "PT-1H": 0, "pt1h": 0, "PT1H ": 0, "PT1.5H": 0, "P1Y": 0,
	} {
		got, err := parseDuration(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"PT1H", "PT12H", "P1DT1H", "PT99999M", "P", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := parseDuration(text); err == nil && (d < time.Hour || d > 12*time.Hour) {
			t.Errorf("%q is %v", text, d)
		}
	})
}

func FuzzSource(f *testing.F) {
	for _, text := range []string{"${path:userName}", "${path:enterprise.department}", "${path:emails[primary eq true].value}", `${path:addresses[type eq "work"].region}`, "${path:name}", "x"} {
		f.Add(text)
	}
	a := Attributes{UserName: "ada", Emails: []Item{{Value: "a@example.com", Primary: true}}, Addresses: []Address{{Type: "work", Region: "R"}}, Enterprise: Enterprise{Department: "D"}}
	f.Fuzz(func(t *testing.T, text string) {
		got := a.from(text)
		if again := a.from(text); got != again {
			t.Errorf("%q is %q and %q", text, got, again)
		}
	})
}
