package credential

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"log/slog"
	"strings"

	"github.com/sallyport/sallyport/fault"
)

// Kind is what a token is for. It is also how the token begins.
type Kind string

const (
	PersonalAccess    Kind = "slp_"
	Access            Kind = "sla_"
	Refresh           Kind = "slr_"
	SCIM              Kind = "sls_"
	DeviceCode        Kind = "sld_"
	AuthorizationCode Kind = "slc_"
	BrowserSession    Kind = "slb_"
	ResetLink         Kind = "slv_"
	STSSession        Kind = "slt_" // beside temporary credentials of the account side
	ConnectionRequest Kind = "slk_" // handed to the account that a space asks for
)

// Token is a secret that Sallyport made: its kind, 30 random characters, and 6
// of a checksum by which a scanner can tell a leaked token from a look-alike.
// 30 characters of 62 are 178 bits, so that SHA-256 without salt hides them.
type Token string

// LogValue keeps tokens out of logs.
func (t Token) LogValue() slog.Value { return slog.StringValue("(token)") }

const (
	base62        = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	prefixLength  = 4
	randomLength  = 30
	checkLength   = 6 // 62^6 is just over 2^32
	tokenLength   = prefixLength + randomLength + checkLength
	evenlyDivided = 256 / len(base62) * len(base62)
)

// NewToken makes a token nobody can guess.
func NewToken(kind Kind) Token {
	secret := make([]byte, 0, randomLength)
	for one := make([]byte, 1); len(secret) < randomLength; {
		rand.Read(one)
		// The bytes left over would make the first characters more likely.
		if int(one[0]) < evenlyDivided {
			secret = append(secret, base62[int(one[0])%len(base62)])
		}
	}
	return Token(string(kind) + string(secret) + checksum(string(secret)))
}

// checksum is the CRC32 of the random part in base 62, with leading zeros.
func checksum(secret string) string {
	sum := crc32.ChecksumIEEE([]byte(secret))
	digits := make([]byte, checkLength)
	for i := checkLength - 1; i >= 0; i-- {
		digits[i] = base62[sum%uint32(len(base62))]
		sum /= uint32(len(base62))
	}
	return string(digits)
}

// ParseToken tells the kind of a token from its form, before any look-up. A
// malformed one is Unauthenticated.
func ParseToken(text string) (Kind, error) {
	if len(text) != tokenLength {
		return "", errMalformed
	}
	kind, secret, check := Kind(text[:prefixLength]), text[prefixLength:tokenLength-checkLength], text[tokenLength-checkLength:]
	switch kind {
	case PersonalAccess, Access, Refresh, SCIM, DeviceCode, AuthorizationCode, BrowserSession, ResetLink, STSSession, ConnectionRequest:
	default:
		return "", errMalformed
	}
	if strings.Trim(secret, base62) != "" || checksum(secret) != check {
		return "", errMalformed
	}
	return kind, nil
}

var errMalformed = fault.Unauthenticatedf("this is not a token of Sallyport, or part of it is missing")

// HashToken is what is stored of a token. It covers the kind, so that a refresh
// token can never pass for an access token.
func HashToken(text string) []byte {
	hash := sha256.Sum256([]byte(text))
	return hash[:]
}

// hashOf is the hash of a token of the wanted kind.
func hashOf(text string, want Kind) (hash []byte, ok bool) {
	kind, err := ParseToken(text)
	return HashToken(text), err == nil && kind == want
}
