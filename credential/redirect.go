package credential

import (
	"net/url"
	"regexp"
	"slices"
)

const (
	maxRedirectURIs = 10
	maxRedirectURI  = 2048 // characters, as much as browsers and proxies agree on
)

// Loopback addresses, by the names clients use for them. The port and what
// follows the address are parts of their own.
var loopback = regexp.MustCompile(`^http://(127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]{1,5})?((?:[/?].*)?)$`)

// Printable ASCII without the fragment's # (RFC 6749 section 3.1.2) and without
// the backslash, which browsers read as a slash and parsers do not.
var redirectForm = regexp.MustCompile(`^[!-"$-\[\]-~]+$`)

// checkRedirectURI admits where an answer may be sent at all: to the machine
// that asked, or to somebody TLS can name.
func checkRedirectURI(uri string) error {
	parsed, err := url.Parse(uri)
	switch {
	case err != nil || len(uri) > maxRedirectURI || !redirectForm.MatchString(uri):
	case parsed.User != nil || parsed.Hostname() == "":
	case parsed.Scheme == "https", loopback.MatchString(uri):
		return nil
	}
	return refusef(ReasonInvalidRedirectURI, "redirect URI %.200q is neither https://... nor http:// on 127.0.0.1, [::1] or localhost, without user and fragment", uri)
}

// redirectMatches compares the URI an answer is wanted at with a registered one:
// they are equal, or differ in the port of a loopback address, which a client
// on somebody's machine learns only when it listens (RFC 8252 section 7.3).
func redirectMatches(registered, wanted string) bool {
	if checkRedirectURI(wanted) != nil {
		return false
	}
	if registered == wanted {
		return true
	}
	one, other := loopback.FindStringSubmatch(registered), loopback.FindStringSubmatch(wanted)
	return one != nil && other != nil && slices.Equal(one[1:], other[1:])
}
