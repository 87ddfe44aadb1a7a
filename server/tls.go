package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// caFile is where the certificate of the local authority stands: what clients
// are told to trust.
func caFile(data string) string { return filepath.Join(data, "tls", "ca.pem") }

// tlsConfig reads or makes what --tls asks for; nil means plain HTTP.
func tlsConfig(c Config, host string) (*tls.Config, error) {
	switch {
	case c.TLS == "off":
		return nil, nil
	case c.TLS == "self-signed":
		return selfSigned(c.Data, host)
	}
	cert, key, ok := strings.Cut(c.TLS, ",")
	if !ok {
		return nil, fmt.Errorf("--tls takes off, self-signed, or a certificate and a key file as CERT,KEY, not %q", c.TLS)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("--tls: %w", err)
	}
	return serverTLS(pair), nil
}

func serverTLS(pair tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}

// selfSigned makes a local certificate authority once and, at each start, a
// server certificate under it. The authority's key stays in the data directory.
func selfSigned(data, host string) (*tls.Config, error) {
	authority, err := loadAuthority(data)
	if errors.Is(err, fs.ErrNotExist) {
		authority, err = newAuthority(data)
	}
	if err != nil {
		return nil, fmt.Errorf("local certificate authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate("Sallyport", 397*24*time.Hour) // what clients accept at most
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	if name, err := os.Hostname(); err == nil {
		template.DNSNames = append(template.DNSNames, name)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, &key.PublicKey, authority.PrivateKey)
	if err != nil {
		return nil, err
	}
	return serverTLS(tls.Certificate{Certificate: [][]byte{der, authority.Certificate[0]}, PrivateKey: key}), nil
}

func loadAuthority(data string) (tls.Certificate, error) {
	return tls.LoadX509KeyPair(caFile(data), filepath.Join(data, "tls", "ca-key.pem"))
}

func newAuthority(data string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := certificate("Sallyport local authority", 10*365*24*time.Hour)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	err = errors.Join(
		os.MkdirAll(filepath.Dir(caFile(data)), 0o700),
		writePEM(filepath.Join(data, "tls", "ca-key.pem"), "PRIVATE KEY", private),
		writePEM(caFile(data), "CERTIFICATE", der),
	)
	if err != nil {
		return tls.Certificate{}, err
	}
	return loadAuthority(data)
}

func certificate(name string, lifetime time.Duration) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lifetime),
	}
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
