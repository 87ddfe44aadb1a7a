package directory

import (
	"net/mail"
	"strings"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/seal"
)

// maxEmail is the longest address that can be mailed to: RFC 5321 section
// 4.5.3.1.3 leaves 254 characters between the brackets of a path.
const maxEmail = 254

// ParseEmail takes one plain address, such as ada@example.com, and nothing
// around it: no display name, comment, quoting or second address. RFC 5322
// addresses are ASCII, which also keeps look-alike letters out.
func ParseEmail(text string) (string, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxEmail {
		return "", fault.Invalidf("an e-mail address has at most %d characters", maxEmail)
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || !isASCII(text) {
		return "", fault.Invalidf("this is not an e-mail address of the form name@example.com")
	}
	return text, nil
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 126 || r < 32 })
}

// HashEmail is what an address is looked up by. The key is that of
// [seal.Directory], for addresses in every table, and case does not matter: no
// mail system in use tells Ada@example.com from ada@example.com.
func HashEmail(key *seal.Key, email string) ([]byte, error) {
	return key.Hash("email", []byte(strings.ToLower(email)))
}
