package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// WebTLS is what we show to whom connects, and what we demand.
type WebTLS struct {
	Cert              PEM // with its chain
	Key               PEM
	ClientCA          PEM // of authorities whose certificates clients may show
	ClientAuth        tls.ClientAuthType
	ClientAllowedSANs []string // a client's certificate must have one of these names; empty: any
	MinVersion        uint16   // default TLS 1.2
	MaxVersion        uint16   // default TLS 1.3
	CipherSuites      []uint16 // of TLS 1.2; empty: Go's
	Curves            []tls.CurveID
}

// PEM is where certificates or a key are: in a file, or written out. The zero PEM is none.
type PEM struct {
	File string
	Text secret.Secret
}

func (p PEM) given() bool { return p.File != "" || !p.Text.Empty() }

// VerifiesClients says that clients can prove by a certificate who they are. That nil does not.
func (t *WebTLS) VerifiesClients() bool {
	return t != nil && t.ClientAuth >= tls.VerifyClientCertIfGiven
}

// Certificate reads our certificate with its key, as they are now. The files must be
// protected; the error says what to do.
func (t *WebTLS) Certificate() (tls.Certificate, error) { return t.certificate(Env{}.orProcess()) }

// Authorities reads those whose certificates clients may show, as they are now; nil: there are none.
func (t *WebTLS) Authorities() (*x509.CertPool, error) { return t.authorities(Env{}.orProcess()) }

func (t *WebTLS) certificate(env Env) (tls.Certificate, error) {
	cert, err := env.webPEM(t.Cert, ownerWrites)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read the certificate: %w", err)
	}
	key, err := env.webPEM(t.Key, ownerOnly)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read the key of the certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, errors.New("the certificate and the key do not belong together, or one is not PEM: put the two in place")
	}
	return pair, nil
}

func (t *WebTLS) authorities(env Env) (*x509.CertPool, error) {
	if !t.ClientCA.given() {
		return nil, nil
	}
	text, err := env.webPEM(t.ClientCA, ownerWrites)
	if err != nil {
		return nil, fmt.Errorf("read the authorities of clients: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("the authorities of clients hold no certificate: put them there in PEM")
	}
	return pool, nil
}

func (e Env) webPEM(p PEM, files protection) ([]byte, error) {
	if p.File == "" {
		return []byte(p.Text.Reveal()), nil
	}
	return e.webFile(p.File, files)
}

// webFile reads a file that others may not read, or not change. What systemd has passed
// on as a credential, systemd protects.
func (e Env) webFile(path string, files protection) ([]byte, error) {
	if directory := e.lookup("CREDENTIALS_DIRECTORY", ""); directory != "" && strings.HasPrefix(path, directory+"/") {
		files = systemd
	}
	const remedy = "put it there, readable by the daemon's user"
	file, err := e.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, remedy)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s", err, remedy)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file: write the path of one", path)
	case info.Mode()&files.forbidden != 0:
		return nil, fmt.Errorf("%s is open to other users (mode %04o): run chmod %s %s", path, info.Mode().Perm(), files.remedy, path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxWebBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s", err, remedy)
	case len(content) > maxWebBytes:
		return nil, fmt.Errorf("%s is larger than %d bytes: leave out what does not belong there", path, maxWebBytes)
	}
	return content, nil
}

// maxWebBytes bounds a file of users, certificates or a key.
const maxWebBytes = 1 << 20

// readWebFile reads what web.config names into web, and reports its faults under its own
// name. It returns false when what there is in the file is not known.
func readWebFile(s *section, web *Web) (known bool) {
	files := ownerOnly // it holds hashes of passwords
	if s.env.SkipSecrets {
		files = protection{}
	}
	data, err := s.env.webFile(web.Config, files)
	if s.env.SkipSecrets && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)) {
		return false
	}
	if err != nil {
		s.fault("config", "%v", err)
		return false
	}
	r := &reader{file: web.Config, lines: bytes.Count(data, []byte("\n")) + 1, env: s.env}
	defer func() {
		r.problems.sort()
		s.elsewhere = append(s.elsewhere, r.problems...)
	}()
	root, problem := parseDocument(data)
	if problem != nil {
		problem.File = web.Config
		problem.Message, _, _ = strings.Cut(problem.Message, "\n") // the lines around could be users' passwords
		if problem.Message == emptyFile().Message {
			problem.Message = "the file is empty: write tls_server_config and basic_auth_users, or remove web.config"
		}
		r.problems = append(r.problems, *problem)
		return false
	}
	r.refuseIndirection(root, 0)
	readWebDocument(r.mapping("", root), web)
	return len(r.problems) == 0
}

// readWebDocument reads version 1 of the format (github.com/prometheus/exporter-toolkit:
// docs/web-configuration.md).
func readWebDocument(s *section, web *Web) {
	defer s.close()
	channel := s.section("tls_server_config")
	if s.has("tls_server_config") {
		web.TLS = readWebTLS(channel)
	}
	server := s.section("http_server_config")
	web.HTTP2 = read(server, "http2", true, boolean)
	web.Headers = readHeaders(server)
	server.close()
	web.Users = readUsers(s)
	limit := s.section("rate_limit")
	web.RateLimit = RateLimit{
		Interval: read(limit, "interval", 0, duration(0, time.Hour)),
		Burst:    read(limit, "burst", 0, whole(0, 1e6)),
	}
	if web.RateLimit.Interval > 0 && web.RateLimit.Burst == 0 {
		limit.fault("burst", "lets no request pass: write 20, for example")
	}
	limit.close()
	if web.TLS != nil && web.HTTP2 && !web.TLS.carriesHTTP2() {
		channel.fault("cipher_suites", "has none of those that HTTP/2 needs: add "+
			"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, or write http2: false")
	}
}

var boolean = parser[bool]{parseBoolean, oneOf("false", "true").shape}

func parseBoolean(value string) (bool, error) {
	_, err := oneOf("false", "true").parse(value)
	return value == "true", err
}

func readWebTLS(s *section) *WebTLS {
	defer s.close()
	t := &WebTLS{
		Cert:              readPEM(s, "cert", "cert_file"),
		Key:               readPEM(s, "key", "key_file"),
		ClientCA:          readPEM(s, "client_ca", "client_ca_file"),
		ClientAuth:        read(s, "client_auth_type", tls.NoClientCert, parser[tls.ClientAuthType]{parse: clientAuth}),
		ClientAllowedSANs: readList(s, "client_allowed_sans", nil, text),
		MinVersion:        read(s, "min_version", tls.VersionTLS12, parser[uint16]{parse: tlsVersion}),
		MaxVersion:        read(s, "max_version", tls.VersionTLS13, parser[uint16]{parse: tlsVersion}),
		CipherSuites:      readList(s, "cipher_suites", nil, named(cipherSuites())),
		Curves: readList(s, "curve_preferences", nil, named(map[string]tls.CurveID{
			"CurveP256": tls.CurveP256, "CurveP384": tls.CurveP384, "CurveP521": tls.CurveP521, "X25519": tls.X25519,
		})),
	}
	if !read(s, "prefer_server_cipher_suites", true, boolean) {
		s.fault("prefer_server_cipher_suites", "cannot be chosen: the best suite that both sides know is taken: remove it")
	}
	if t.MinVersion > t.MaxVersion {
		s.fault("min_version", "is above max_version: exchange the two")
	}
	checkClients(s, t)
	checkFiles(s, t)
	return t
}

// checkClients reports what would make a client's certificate prove nothing.
func checkClients(s *section, t *WebTLS) {
	switch {
	case s.broken:
	case t.ClientAuth == tls.NoClientCert:
		s.refuse("is not looked at without client_auth_type: write RequireAndVerifyClientCert there, or remove this",
			"client_ca", "client_ca_file", "client_allowed_sans")
	case !s.has("client_ca") && !s.has("client_ca_file"):
		s.fault("client_auth_type", "has no client_ca_file to verify certificates with: add it")
	case len(t.ClientAllowedSANs) > 0 && t.ClientAuth != tls.RequireAndVerifyClientCert:
		s.fault("client_allowed_sans", "is not looked at when clients may leave their certificate out: write client_auth_type: RequireAndVerifyClientCert")
	}
}

// checkFiles reports files that cannot be used.
func checkFiles(s *section, t *WebTLS) {
	cert, key := s.has("cert") || s.has("cert_file"), s.has("key") || s.has("key_file")
	if !cert {
		s.require("cert_file")
	}
	if !key {
		s.require("key_file")
	}
	if s.env.SkipSecrets {
		return
	}
	if t.Cert.given() && t.Key.given() {
		if _, err := t.certificate(s.env); err != nil {
			s.fault("key_file", "%v", err)
		}
	}
	if _, err := t.authorities(s.env); err != nil {
		s.fault("client_ca_file", "%v", err)
	}
}

// readPEM reads what is written out under one key, or in the file that the other one names.
func readPEM(s *section, key, fileKey string) PEM {
	if s.has(key) && s.has(fileKey) {
		s.fault(key, "contradicts %s: remove one of the two", fileKey)
	}
	path := read(s, fileKey, "", text)
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(s.file), path)
	}
	return PEM{File: path, Text: read(s, key, secret.Secret{}, parser[secret.Secret]{parse: func(value string) (secret.Secret, error) { return secret.New(value), nil }})}
}

// clientAuth accepts what is demanded of clients. Certificates that nobody verifies prove nothing.
func clientAuth(value string) (tls.ClientAuthType, error) {
	switch value {
	case "RequestClientCert", "RequireAnyClientCert", "RequireClientCert":
		return 0, fmt.Errorf("%s takes any certificate, which proves nothing: write RequireAndVerifyClientCert or VerifyClientCertIfGiven", value)
	}
	return named(map[string]tls.ClientAuthType{
		"NoClientCert": tls.NoClientCert, "VerifyClientCertIfGiven": tls.VerifyClientCertIfGiven, "RequireAndVerifyClientCert": tls.RequireAndVerifyClientCert,
	}).parse(value)
}

func tlsVersion(value string) (uint16, error) {
	if value == "TLS10" || value == "TLS11" {
		return 0, fmt.Errorf("%s can be broken into: write TLS12 or TLS13", value)
	}
	return named(map[string]uint16{"TLS12": tls.VersionTLS12, "TLS13": tls.VersionTLS13}).parse(value)
}

// named accepts one of the words, each of which means something.
func named[T any](meanings map[string]T) parser[T] {
	return parser[T]{parse: func(value string) (T, error) {
		_, err := oneOf(slices.Collect(maps.Keys(meanings))...).parse(value)
		return meanings[value], err
	}}
}

func cipherSuites() map[string]uint16 {
	suites := map[string]uint16{}
	for _, suite := range tls.CipherSuites() {
		suites[suite.Name] = suite.ID
	}
	return suites
}

// carriesHTTP2 says that clients can speak HTTP/2, for which TLS 1.2 needs one of two
// suites (RFC 9113 §9.2.2).
func (t *WebTLS) carriesHTTP2() bool {
	return len(t.CipherSuites) == 0 || t.MinVersion >= tls.VersionTLS13 ||
		slices.Contains(t.CipherSuites, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256) ||
		slices.Contains(t.CipherSuites, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)
}

// readHeaders reads the headers that answers are given: the ones that the format allows.
func readHeaders(s *section) map[string]string {
	if !s.has("headers") {
		return nil
	}
	parsers := map[string]parser[string]{
		"Content-Security-Policy":   text,
		"Strict-Transport-Security": text,
		"X-Content-Type-Options":    oneOf("nosniff"),
		"X-Frame-Options":           oneOf("deny", "sameorigin"),
		"X-XSS-Protection":          text,
	}
	mapping := s.section("headers")
	defer mapping.close()
	headers := map[string]string{}
	for header, parse := range parsers {
		if value := read(mapping, header, "", parse); value != "" {
			headers[header] = value
		}
	}
	return headers
}

func readUsers(s *section) map[string]secret.Secret {
	if !s.has("basic_auth_users") {
		return nil
	}
	mapping := s.section("basic_auth_users")
	users := make(map[string]secret.Secret, len(mapping.keys))
	for _, user := range mapping.keys {
		if _, err := username.parse(user); err != nil {
			mapping.record(mapping.fields[user].key, mapping.join(user), "%v", err)
		}
		users[user] = read(mapping, user, secret.Secret{}, parser[secret.Secret]{parse: passwordHash})
	}
	return users
}

// bcryptHash is one by bcrypt: with its cost, 22 characters of salt and 31 of hash.
var bcryptHash = regexp.MustCompile(`^\$2[abxy]?\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}$`)

// passwordHash accepts the hash of a password. Its error does not repeat the value, which
// may be the password.
func passwordHash(value string) (secret.Secret, error) {
	if !bcryptHash.MatchString(value) {
		return secret.Secret{}, errors.New("is not the bcrypt hash of a password, of a cost from 4 to 16: make one with `htpasswd -nBC 12 NAME`")
	}
	return secret.New(value), nil
}
