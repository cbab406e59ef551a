package simcloud

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// vendorHost is where clients send to whose endpoint cannot be chosen; a proxy in
// their way that passes them on needs no certificate of its own then.
const vendorHost = "gp.api.iij.jp"

// SelfSigned makes a certificate for host, localhost and the vendor's own host,
// good for a year. It is in memory only.
func SelfSigned(host string) (tls.Certificate, error) {
	fail := func(err error) (tls.Certificate, error) {
		return tls.Certificate{}, fmt.Errorf("make a certificate for %s: %w; give one with --tls-cert and --tls-key", host, err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fail(err)
	}
	const day = 24 * time.Hour
	names := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "autoscaled simulator"},
		NotBefore:    time.Now().Add(-day), // for clients whose clock is behind
		NotAfter:     time.Now().Add(365 * day),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost", vendorHost},
	}
	if ip := net.ParseIP(host); ip != nil {
		names.IPAddresses = []net.IP{ip}
	} else if host != "" {
		names.DNSNames = append(names.DNSNames, host)
	}
	certificate, err := x509.CreateCertificate(rand.Reader, names, names, key.Public(), key)
	if err != nil {
		return fail(err)
	}
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, nil
}

// WriteCertificate writes the certificate, without its key, to a file.
func WriteCertificate(path string, certificate tls.Certificate) error {
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // it is there to be read
		return fmt.Errorf("write the certificate: %w; name a file that can be written with --tls-out", err)
	}
	return nil
}

// Fingerprint is the SHA-256 of the certificate, in hexadecimal digits.
func Fingerprint(certificate tls.Certificate) string {
	return fmt.Sprintf("%X", sha256.Sum256(certificate.Certificate[0]))
}
