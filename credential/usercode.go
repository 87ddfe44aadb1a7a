package credential

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode"

	"github.com/sallyport/sallyport/fault"
)

// RFC 8628 section 6.1: consonants alone, so that no code is a word, read off
// one screen and typed on another in any case. Eight of them are 34 bits, which
// the rate limit on guesses makes enough for the minutes a code lasts.
const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// newUserCode makes a code such as WDJB-MJHT.
func newUserCode() (string, error) {
	code := make([]byte, userCodeLength)
	for i := range code {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			return "", err
		}
		code[i] = userCodeLetters[n.Int64()]
	}
	return showUserCode(string(code)), nil
}

func showUserCode(code string) string {
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:]
}

// ParseUserCode reads a code as somebody typed it, whatever its case, spaces and
// dashes, and returns it as it was shown.
func ParseUserCode(typed string) (string, error) {
	code := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case unicode.IsSpace(r) || unicode.Is(unicode.Dash, r):
			return -1
		}
		return r
	}, typed)
	if len(code) != userCodeLength || strings.Trim(code, userCodeLetters) != "" {
		return "", fault.Invalidf("a device code is eight letters such as WDJB-MJHT, without vowels")
	}
	return showUserCode(code), nil
}
