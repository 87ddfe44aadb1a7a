package authn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// certificate is a self-signed one for these names.
func certificate(t *testing.T, names []string, addresses ...net.IP) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names, IPAddresses: addresses,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A listed certificate vouches for the names it has, and for no other host.
func TestAttackACertificateOfAnotherHost(t *testing.T) {
	for what, row := range map[string]struct {
		certificate tls.Certificate
		host        string
		listed      bool
		good        bool
	}{
		"its own address":                 {certificate(t, nil, net.IPv4(127, 0, 0, 1)), "127.0.0.1", true, true},
		"its own name":                    {certificate(t, []string{"localhost"}), "localhost", true, true},
		"another name, asked as address":  {certificate(t, []string{"evil.example"}), "127.0.0.1", true, false},
		"another name, asked as name":     {certificate(t, []string{"evil.example"}), "localhost", true, false},
		"another address":                 {certificate(t, nil, net.IPv4(127, 0, 0, 2)), "127.0.0.1", true, false},
		"its own address, but not listed": {certificate(t, nil, net.IPv4(127, 0, 0, 1)), "127.0.0.1", false, false},
	} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{row.certificate}}
		server.StartTLS()
		sum := sha1.Sum(row.certificate.Certificate[0])
		thumbprint := hex.EncodeToString(sum[:])
		if !row.listed {
			thumbprint = strings.Repeat("0", 40)
		}
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, strings.Replace(server.URL, "127.0.0.1", row.host, 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := fetcher([]string{thumbprint}).Do(request)
		if err == nil {
			response.Body.Close()
		}
		if (err == nil) != row.good {
			t.Errorf("%s: %v", what, err)
		}
		server.Close()
	}
}

// Accounts choose whom the server asks.
func TestAttackAskingTheNeighbours(t *testing.T) {
	redirecting := httptest.NewTLSServer(http.RedirectHandler("https://127.0.0.1:1/", http.StatusFound))
	defer redirecting.Close()
	sum := sha1.Sum(redirecting.Certificate().Raw)
	for what, row := range map[string]struct{ url, says string }{
		"plain HTTP":            {"http://127.0.0.1:1/", "over https alone"},
		"a cloud's metadata":    {"https://169.254.169.254/latest/meta-data", "no address of an identity provider"},
		"the same over IPv6":    {"https://[fe80::1]/", "no address of an identity provider"},
		"no address":            {"https://0.0.0.0/", "no address of an identity provider"},
		"a redirect to another": {redirecting.URL, "must not redirect"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, row.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := fetcher([]string{hex.EncodeToString(sum[:])}).Do(request)
		if err == nil {
			response.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
