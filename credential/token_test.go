package credential_test

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/fault"
)

// zerosChecksum was computed apart: zlib's crc32 of thirty zeros, in base 62.
const zerosChecksum = "2C8GjS"

var kinds = []credential.Kind{credential.PersonalAccess, credential.Access, credential.Refresh, credential.SCIM,
	credential.DeviceCode, credential.AuthorizationCode, credential.BrowserSession, credential.ResetLink}

func TestATokenCarriesItsKindAndAChecksum(t *testing.T) {
	form := regexp.MustCompile(`^sl[parsdcbv]_[0-9A-Za-z]{36}$`)
	for _, kind := range kinds {
		token := credential.NewToken(kind)
		if got, err := credential.ParseToken(string(token)); got != kind || err != nil || !form.MatchString(string(token)) {
			t.Errorf("%s was read as %q, %v", token, got, err)
		}
		if token == credential.NewToken(kind) {
			t.Errorf("%s was made twice", token)
		}
	}
}

func TestOnlyTokensAreTokens(t *testing.T) {
	const good = "slp_000000000000000000000000000000" + zerosChecksum
	for _, row := range []struct {
		what, token string
		good        bool
	}{
		{"a token", good, true},
		{"nothing", "", false},
		{"one character too few", good[:39], false},
		{"one too many", good + "0", false},
		{"one changed", "slp_100000000000000000000000000000" + zerosChecksum, false},
		{"another checksum", good[:34] + "000000", false},
		{"an unknown kind", "slx_" + good[4:], false},
		{"a kind in capitals", "SLP_" + good[4:], false},
		{"a dash in it", "slp_-00000000000000000000000000000" + zerosChecksum, false},
		{"a token of another forge", "ghp_" + good[4:], false},
		{"another kind with the same rest", "sla_" + good[4:], true},
		{"a token and a line end", good[:39] + "\n", false},
	} {
		_, err := credential.ParseToken(row.token)
		if row.good != (err == nil) || !row.good && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", row.what, err)
		}
	}
}

func TestTheHashOfATokenDependsOnItsKind(t *testing.T) {
	token := string(credential.NewToken(credential.Refresh))
	if bytes.Equal(credential.HashToken(token), credential.HashToken(string(credential.Access)+token[4:])) {
		t.Error("a refresh token hashes like the access token with the same rest")
	}
}

func TestEveryCharacterIsEquallyLikely(t *testing.T) {
	counts := map[rune]int{}
	const tokens = 4000
	for range tokens {
		for _, r := range credential.NewToken(credential.Access)[4:34] {
			counts[r]++
		}
	}
	// 120 000 characters of 62: 1935 each, with a standard deviation of 44.
	for r, count := range counts {
		if count < 1935-6*44 || count > 1935+6*44 {
			t.Errorf("%c came %d times", r, count)
		}
	}
	if len(counts) != 62 {
		t.Errorf("%d different characters came", len(counts))
	}
}

func TestATokenIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	token := credential.NewToken(credential.Access)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("issued", "token", token)
	if strings.Contains(log.String(), string(token)) {
		t.Errorf("logged %s", log.String())
	}
}

func FuzzParseToken(f *testing.F) {
	for _, kind := range kinds {
		f.Add(string(credential.NewToken(kind)))
	}
	f.Add("")
	f.Add("slp_000000000000000000000000000000" + zerosChecksum)
	f.Fuzz(func(t *testing.T, text string) {
		kind, err := credential.ParseToken(text)
		if err == nil && (len(text) != 40 || !strings.HasPrefix(text, string(kind))) {
			t.Errorf("%q was read as %q", text, kind)
		}
		if err != nil && kind != "" {
			t.Errorf("%q is refused and of kind %q", text, kind)
		}
	})
}
