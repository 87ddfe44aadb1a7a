package awsapi

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Metadata is read from whoever may make a provider: it is refused or good, and
// nothing else happens.
func FuzzReadMetadata(f *testing.F) {
	for _, seed := range []string{
		"", "<", "<a/>", "<a/><b/>", "<!DOCTYPE a><a/>", `<?xml version="1.0"?><a/>`,
		`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>`,
		`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x" validUntil="2030-01-01T00:00:00Z"><IDPSSODescriptor><KeyDescriptor><KeyInfo><X509Data><X509Certificate>AAAA</X509Certificate></X509Data></KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>`,
	} {
		f.Add(seed)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, document string) {
		until, err := readMetadata(document, now)
		if err == nil && !until.IsZero() && !until.After(now) {
			t.Errorf("%q is good until %v", document, until)
		}
	})
}

// What a caller says of a simulation's context is refused or kept as it is.
func FuzzContextOf(f *testing.F) {
	f.Add("aws:SourceIp", "ip", "10.0.0.1")
	f.Add("aws:CurrentTime", "dateList", "2026-01-01")
	f.Add("s3:max-keys", "numeric", "1e3")
	f.Fuzz(func(t *testing.T, key, kind, value string) {
		c, err := contextOf([]types.ContextEntry{{ContextKeyName: &key, ContextKeyType: types.ContextKeyTypeEnum(kind), ContextKeyValues: []string{value}}})
		if err == nil && (len(c) != 1 || len(c[lowerKey(c)]) != 1 || c[lowerKey(c)][0] != value) {
			t.Errorf("%q %q %q became %v", key, kind, value, c)
		}
		simulatedCaller(key)
		actionForm.MatchString(value)
	})
}

func lowerKey(c map[string][]string) string {
	for key := range c {
		return key
	}
	return ""
}
