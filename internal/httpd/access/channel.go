package access

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
)

// TLSConfig is how connections are encrypted; nil: they are not. Certificates are read
// again when their files have changed; ones that cannot be used leave the old ones in force.
func (g *Guard) TLSConfig() *tls.Config {
	if g.channel == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return g.channel.current(), nil },
	}
}

// Protocols are the versions of HTTP that are spoken.
func (g *Guard) Protocols() *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(g.channel != nil && g.channel.http2)
	return protocols
}

// channel is the present TLS, with what its files looked like when they were read.
type channel struct {
	http2 bool
	now   func() time.Time
	log   *zap.Logger

	mu      sync.Mutex
	rules   config.WebTLS
	looked  time.Time
	seen    [3]look
	present *tls.Config
}

// look is what tells a file from the one that was there before.
type look struct {
	modified time.Time
	bytes    int64
	mode     os.FileMode
	inode    uint64
}

// lookEvery bounds how often files are looked at, however many connect.
const lookEvery = time.Second

func newChannel(web config.Web, now func() time.Time, log *zap.Logger) (*channel, error) {
	c := &channel{http2: web.HTTP2, now: now, log: log, rules: *web.TLS, looked: now()}
	c.seen = c.look()
	var err error
	c.present, err = c.build()
	return c, err
}

func (c *channel) set(rules config.WebTLS) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = rules
	c.renew(c.look())
}

func (c *channel) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked).Abs() >= lookEvery {
		c.looked = now
		if seen := c.look(); seen != c.seen {
			if c.renew(seen) {
				c.log.Info("certificate renewed")
			}
		}
	}
	return c.present
}

// renew reads the files again, and says whether they can be used.
func (c *channel) renew(seen [3]look) bool {
	c.seen = seen
	renewed, err := c.build()
	if err != nil {
		c.log.Warn("the certificate cannot be renewed, the old one stays", zap.Error(err))
		return false
	}
	c.present = renewed
	return true
}

func (c *channel) look() (seen [3]look) {
	for i, pem := range [...]config.PEM{c.rules.Cert, c.rules.Key, c.rules.ClientCA} {
		info, err := os.Stat(pem.File)
		if err != nil {
			continue
		}
		seen[i] = look{modified: info.ModTime(), bytes: info.Size(), mode: info.Mode()}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			seen[i].inode = stat.Ino
		}
	}
	return seen
}

func (c *channel) build() (*tls.Config, error) {
	certificate, err := c.rules.Certificate()
	if err != nil {
		return nil, err
	}
	authorities, err := c.rules.Authorities()
	if err != nil {
		return nil, err
	}
	built := &tls.Config{
		Certificates:     []tls.Certificate{certificate},
		ClientCAs:        authorities,
		ClientAuth:       c.rules.ClientAuth,
		MinVersion:       c.rules.MinVersion, // at least 1.2: config sees to it
		MaxVersion:       c.rules.MaxVersion,
		CipherSuites:     c.rules.CipherSuites,
		CurvePreferences: c.rules.Curves,
		NextProtos:       []string{"http/1.1"},
		// A session that goes on would outlive an authority that was taken away.
		SessionTicketsDisabled: true,
	}
	if c.http2 {
		built.NextProtos = []string{"h2", "http/1.1"}
	}
	if names := c.rules.ClientAllowedSANs; len(names) > 0 {
		built.VerifyConnection = func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || !hasName(state.PeerCertificates[0], names) {
				return errors.New("the client's certificate has none of the names in client_allowed_sans: show one that has")
			}
			return nil
		}
	}
	return built, nil
}

// trusts says that a client's certificates would do for a handshake now.
func (c *channel) trusts(chain []*x509.Certificate) bool {
	present := c.current()
	if present.ClientAuth < tls.VerifyClientCertIfGiven {
		return false
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: present.ClientCAs, Intermediates: between, CurrentTime: c.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil && (present.VerifyConnection == nil || present.VerifyConnection(tls.ConnectionState{PeerCertificates: chain}) == nil)
}

func hasName(certificate *x509.Certificate, names []string) bool {
	own := slices.Concat(certificate.DNSNames, certificate.EmailAddresses)
	for _, ip := range certificate.IPAddresses {
		own = append(own, ip.String())
	}
	for _, uri := range certificate.URIs {
		own = append(own, uri.String())
	}
	return slices.ContainsFunc(own, func(name string) bool { return slices.Contains(names, name) })
}
