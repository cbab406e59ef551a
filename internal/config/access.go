package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

var serverName = matching(regexp.MustCompile(`^[A-Za-z0-9.:-]{1,253}$`), "the name of a server: write for example metrics.example.jp", "name or address of a server")

// readAccess reads how the server at url is reached, of the keys beside it. An
// empty url stands for the addresses of instances.
func readAccess(s *section, url string) Access {
	access := Access{
		Username:    read(s, "username", "", username),
		Password:    read(s, "password", secret.Secret{}, referring(s.env.confidential)),
		BearerToken: read(s, "bearer_token", secret.Secret{}, referring(s.env.confidential)),
	}
	s.exclude("bearer_token", "contradicts bearer_token: remove one of the two", "username", "password")
	s.together("username", "password")
	s.about.bind(Rule{If: Premise{Key: "url", Like: "^http:"}, None: []string{"tls"}})
	if s.has("tls") {
		access.TLS = readTLS(s.section("tls"))
		if strings.HasPrefix(url, "http:") {
			s.fault("tls", "has no meaning for a URL that begins with http: write https there, or remove it")
		}
	}
	return access
}

// username accepts what basic authentication can carry in front of its colon.
var username = parser[string]{parseUsername, like(`^[^:]+$`, "text without a colon")}

func parseUsername(value string) (string, error) {
	if strings.Contains(value, ":") {
		return "", errors.New("a user name holds no colon: write the password under password")
	}
	return text.parse(value)
}

func readTLS(s *section) *TLS {
	defer s.close()
	c := &TLS{
		CA:                 read(s, "ca", secret.Secret{}, referringTo("secret, though a file may be readable by all", s.env.authorities)),
		Cert:               read(s, "cert", secret.Secret{}, referringTo("secret, though a file may be readable by all", s.env.certificate)),
		Key:                read(s, "key", secret.Secret{}, referring(s.env.privateKey)),
		ServerName:         read(s, "server_name", "", serverName),
		InsecureSkipVerify: read(s, "insecure_skip_verify", "false", oneOf("false", "true")) == "true",
	}
	s.together("cert", "key")
	s.about.bind(Rule{If: with("insecure_skip_verify", "true"), None: []string{"ca"}})
	if c.InsecureSkipVerify {
		s.refuse("is not looked at with insecure_skip_verify: remove one of the two", "ca")
	}
	if !c.Cert.Empty() && !c.Key.Empty() {
		if _, err := tls.X509KeyPair([]byte(c.Cert.Reveal()), []byte(c.Key.Reveal())); err != nil {
			s.fault("key", "is not the key of the certificate under cert: put the two together")
		}
	}
	return c
}

// authorities is public for certificates in PEM.
func (e Env) authorities(value string) (secret.Secret, error) {
	return e.pem(value, ownerWrites, "certificate", func(content []byte) bool {
		return x509.NewCertPool().AppendCertsFromPEM(content)
	})
}

// certificate is public for a certificate with its chain, in PEM.
func (e Env) certificate(value string) (secret.Secret, error) { return e.authorities(value) }

// privateKey is confidential for a key in PEM.
func (e Env) privateKey(value string) (secret.Secret, error) {
	return e.pem(value, ownerOnly, "private key", func(content []byte) bool {
		return strings.Contains(string(content), "PRIVATE KEY-----")
	})
}

// pem reads what the reference leads to, of as many lines as it has.
func (e Env) pem(value string, files protection, kind string, holds func([]byte) bool) (secret.Secret, error) {
	content, err := e.content(value, files)
	if err != nil || e.SkipSecrets {
		return secret.Secret{}, err
	}
	if !holds([]byte(content)) {
		return secret.Secret{}, fmt.Errorf("%s holds no %s: put it there in PEM", words.Shown(value), kind)
	}
	return secret.New(content), nil
}
