package config

import (
	"crypto/tls"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// Hashes of no password in particular.
const (
	aliceHash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
	bobHash   = "$2y$12$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zH"
)

// webFile is in the format of Prometheus' exporters.
const webFile = `tls_server_config:
  cert_file: server.pem
  key_file: /etc/autoscaled/server.key
basic_auth_users:
  alice: ` + aliceHash + `
  bob: ` + bobHash + `
`

const tokenEntry = "{name: deploy, role: operate, sha256: 5d41402abc4b2a76b9719d911017c592ae1f0c3a4b6c7d8e9fa0b1c2d3e4f506}"

// withWeb is a good file but for its top, which is head, among files that belong to head.
func withWeb(t *testing.T, head string, files map[string]string) (*Config, error) {
	t.Helper()
	return parseAmong(t, furnished(), Env{}, head, files)
}

func parseAmong(t *testing.T, around scene, env Env, head string, files map[string]string) (*Config, error) {
	t.Helper()
	for path, text := range files {
		around.files[strings.TrimPrefix(path, "/")] = file(text, 0o600)
	}
	skip := env.SkipSecrets
	env = around.env()
	env.SkipSecrets = skip
	return Parse("top.yaml", append([]byte(head+"\n"), contents(t, "../../configs/minimal.yaml")...), env)
}

func TestTheExamplesWebIsReadAsWritten(t *testing.T) {
	t.Parallel()
	want := Web{
		Config: "/etc/autoscaled/web.yaml",
		TLS: &WebTLS{
			Cert: PEM{File: "/etc/autoscaled/server.pem"}, Key: PEM{File: "/etc/autoscaled/server.key"},
			MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13,
		},
		HTTP2:     true,
		Users:     map[string]secret.Secret{"alice": secret.New(aliceHash), "bob": secret.New(bobHash)},
		Roles:     map[string]string{"alice": "admin", "bob": "operate"},
		Tokens:    []WebToken{{"deploy", "operate", "5d41402abc4b2a76b9719d911017c592ae1f0c3a4b6c7d8e9fa0b1c2d3e4f506"}},
		Anonymous: "none",
		URL:       "https://autoscaled.example.jp",
	}
	if got := shipped(t, "autoscaled.example.yaml").Web; !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestEveryKeyOfTheExportersFormatIsRead(t *testing.T) {
	t.Parallel()
	config, err := withWeb(t, "web: {config: /web/all.yaml}", map[string]string{
		"/web/tls/cert.pem": certificateInPEM, "/web/tls/key.pem": keyInPEM, "/web/ca.pem": certificateInPEM,
		"/web/all.yaml": `
tls_server_config:
  cert_file: tls/cert.pem
  key_file: tls/key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [ops.example.jp, 10.0.0.7]
  min_version: TLS12
  max_version: TLS12
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]
  prefer_server_cipher_suites: true
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: false
  headers: {Strict-Transport-Security: max-age=3600, X-Frame-Options: deny, X-XSS-Protection: "0"}
basic_auth_users: {"田中": '` + aliceHash + `'}
rate_limit: {interval: 10ms, burst: 20}
`})
	if err != nil {
		t.Fatal(err)
	}
	want := Web{
		Config: "/web/all.yaml",
		TLS: &WebTLS{
			Cert: PEM{File: "/web/tls/cert.pem"}, Key: PEM{File: "/web/tls/key.pem"}, ClientCA: PEM{File: "/web/ca.pem"},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientAllowedSANs: []string{"ops.example.jp", "10.0.0.7"},
			MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384},
			Curves:       []tls.CurveID{tls.X25519, tls.CurveP256},
		},
		Headers:   map[string]string{"Strict-Transport-Security": "max-age=3600", "X-Frame-Options": "deny", "X-XSS-Protection": "0"},
		RateLimit: RateLimit{Interval: 10 * time.Millisecond, Burst: 20},
		Users:     map[string]secret.Secret{"田中": secret.New(aliceHash)},
		Anonymous: "none",
		URL:       "https://127.0.0.1:9469",
	}
	if !reflect.DeepEqual(config.Web, want) {
		t.Errorf("got\n%+v\nwant\n%+v", config.Web, want)
	}
}

func TestACertificateAndItsKeyCanBeWrittenOut(t *testing.T) {
	t.Parallel()
	indented := func(pem string) string {
		return "|\n    " + strings.ReplaceAll(strings.TrimSpace(pem), "\n", "\n    ") + "\n"
	}
	config, err := withWeb(t, "web: {config: /web.yaml}", map[string]string{
		"/web.yaml": "tls_server_config:\n  cert: " + indented(certificateInPEM) + "  key: " + indented(keyInPEM),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Web.TLS.Certificate(); err != nil {
		t.Error(err)
	}
}

// TestWhatIsOpenToOtherMachinesIsProtected holds every place to listen at against every
// protection.
func TestWhatIsOpenToOtherMachinesIsProtected(t *testing.T) {
	t.Parallel()
	const (
		transport = "tls_server_config: {cert_file: /etc/autoscaled/server.pem, key_file: /etc/autoscaled/server.key}\n"
		clients   = "tls_server_config: {cert_file: /etc/autoscaled/server.pem, key_file: /etc/autoscaled/server.key, client_ca_file: /etc/autoscaled/ca.pem, client_auth_type: %s}\n"
		users     = "basic_auth_users: {alice: " + aliceHash + "}\n"
		nothing   = "rate_limit: {interval: 0s}\n"
	)
	files := map[string]string{
		"/nothing": nothing, "/tls": transport, "/users": users, "/both": transport + users,
		"/verified": strings.Replace(clients, "%s", "RequireAndVerifyClientCert", 1),
		"/if-given": strings.Replace(clients, "%s", "VerifyClientCertIfGiven", 1),
	}
	lacks := map[string]string{ // by what is under web
		"{url: http://x.example.jp}":                   "TLS and authentication",
		"{config: /nothing}":                           "TLS and authentication",
		"{config: /tls}":                               "authentication",
		"{config: /users}":                             "TLS",
		"{tokens: [" + tokenEntry + "]}":               "TLS",
		"{config: /both}":                              "",
		"{config: /verified}":                          "",
		"{config: /if-given}":                          "",
		"{config: /tls, tokens: [" + tokenEntry + "]}": "",
	}
	for listen, local := range map[string]bool{
		"127.0.0.1:9469": true, "127.0.7.1:0": true, "localhost:9469": true, "[::1]:9469": true, "[::ffff:127.0.0.1]:9469": true,
		":9469": false, "0.0.0.0:9469": false, "[::]:9469": false, "10.0.0.7:9469": false, "autoscaled.example.jp:9469": false,
		"localhost.example.jp:9469": false, "[fe80::1%eth0]:9469": false,
	} {
		for web, lack := range lacks {
			_, err := withWeb(t, "listen: '"+listen+"'\nweb: "+web, files)
			if local || lack == "" {
				if err != nil {
					t.Errorf("at %s with %s: %v", listen, web, err)
				}
				continue
			}
			if err == nil {
				t.Errorf("at %s with %s: accepted", listen, web)
				continue
			}
			problem := problems(t, err)[0]
			if problem.Path != "listen" || problem.Line != 1 || !strings.Contains(problem.Message, "without "+lack+":") {
				t.Errorf("at %s with %s: got %v, want that it lacks %s", listen, web, err, lack)
			}
		}
	}
}

func TestWhoHasNotSaidWhoItIsMayReadWhereNobodyCanSaySo(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"":                                    "read",
		"web: {tokens: [" + tokenEntry + "]}": "none",
		"web: {tokens: [" + tokenEntry + "], anonymous: read}":                                  "read",
		"web: {anonymous: admin}":                                                               "admin",
		"listen: 0.0.0.0:1\nweb: {config: /etc/autoscaled/web.yaml}":                            "none",
		"listen: 0.0.0.0:1\nweb: {config: /etc/autoscaled/web.yaml, anonymous: none}":           "none",
		"listen: 127.0.0.1:1\nweb: {config: /etc/autoscaled/web.yaml, roles: {bob: admin}}":     "none",
		"listen: 127.0.0.1:1\nweb: {config: /etc/autoscaled/web.yaml, url: https://h.example/}": "none",
	} {
		config, err := withWeb(t, head, nil)
		if err != nil || config.Web.Anonymous != want {
			t.Errorf("%s: got %+v, %v, want %s", head, config, err, want)
		}
	}
}

func TestTheURLIsThatOfThePlaceToListenAt(t *testing.T) {
	t.Parallel()
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const secure = "web: {config: /etc/autoscaled/web.yaml}"
	for head, want := range map[string]string{
		"listen: '[::1]:80'":                  "http://[::1]:80",
		secure:                                "https://127.0.0.1:9469",
		secure + "\nlisten: :443":             "https://" + own + ":443",
		secure + "\nlisten: '[::]:443'":       "https://" + own + ":443",
		"web: {url: 'https://h.example:8/'}":  "https://h.example:8",
		"web: {url: 'http://autoscaled.lan'}": "http://autoscaled.lan",
	} {
		config, err := withWeb(t, head, nil)
		if err != nil || config.Web.URL != want {
			t.Errorf("%s: got %+v, %v, want %s", head, config, err, want)
		}
	}
}

func TestFaultsOfWebSayWhatToWrite(t *testing.T) {
	t.Parallel()
	const hash = "5d41402abc4b2a76b9719d911017c592ae1f0c3a4b6c7d8e9fa0b1c2d3e4f506"
	for head, want := range map[string]string{
		"web: {confg: /x}":               "top.yaml:1:7: web: unknown key `confg`: did you mean `config`?",
		"web: {config: web.yaml}":        "top.yaml:1:15: web.config: `web.yaml` is not an absolute path: begin it with /",
		"web: {config: /none.yaml}":      "top.yaml:1:15: web.config: open none.yaml: file does not exist: put it there, readable by the daemon's user",
		"web: {config: /calendars/pipe}": "top.yaml:1:15: web.config: /calendars/pipe is not a regular file: write the path of one",
		"web: {config: /etc/autoscaled/ca.pem}": "top.yaml:1:15: web.config: /etc/autoscaled/ca.pem is open to other users (mode 0644): " +
			"run chmod go-rwx /etc/autoscaled/ca.pem",
		"web: {anonymous: write}":            "top.yaml:1:18: web.anonymous: unknown value `write`: valid: admin, none, operate, read",
		"web: {url: 'https://h/autoscaled'}": "top.yaml:1:12: web.url: the URL has a path: write for example https://autoscaled.example.jp",
		"web: {url: autoscaled.example.jp}":  "top.yaml:1:12: web.url: is not a URL: write for example http://127.0.0.1:9090",
		"web: {tokens: [{name: a, sha256: as_TheTokenItself, role: read}]}": "top.yaml:1:34: web.tokens[0].sha256: is not the SHA-256 of a token, 64 of 0-9 and a-f: " +
			"`autoscaled config token NAME` makes a token and its entry here",
		"web: {tokens: [{name: a, role: root}]}": "top.yaml:1:16: web.tokens[0].sha256: is missing: add it\n" +
			"top.yaml:1:32: web.tokens[0].role: unknown value `root`: valid: admin, operate, read",
		"web: {tokens: [{name: a, role: read, sha256: " + hash + "}, {name: a, role: read, sha256: " + strings.Repeat("0", 64) + "}]}": "top.yaml:1:120: web.tokens[1].name: another token has this name: write a different one",
		"web: {tokens: [{name: a, role: read, sha256: " + hash + "}, {name: b, role: read, sha256: " + hash + "}]}": "top.yaml:1:143: web.tokens[1].sha256: another token has this hash: " +
			"`autoscaled config token NAME` makes a new one",
		"web: {config: /etc/autoscaled/web.yaml, tokens: [{name: bob, role: read, sha256: " + hash + "}]}": "top.yaml:1:57: web.tokens[0].name: a user has this name: " +
			"write a different one, so that the log can tell them apart",
		"web: {config: /etc/autoscaled/web.yaml, roles: {alic: admin}}": "top.yaml:1:49: web.roles: unknown user `alic`: did you mean `alice`?",
		"web: {roles: {'unix:root': admin}}":                            "top.yaml:1:15: web.roles.unix:root: is how users of the socket are called, who may do everything",
		"web: {roles: {alice: admin}}":                                  "top.yaml:1:15: web.roles: unknown user `alice`: none is defined",
		"web: {config: /etc/autoscaled/web.yaml, roles: {alice: root}}": "top.yaml:1:56: web.roles.alice: unknown value `root`: valid: admin, operate, read",
		"web: {config: /etc/autoscaled/web.yaml, anonymous: read}\nlisten: :443": "top.yaml:1:52: web.anonymous: lets everybody in who can reach :443: " +
			"write none, or listen at 127.0.0.1",
		"listen: 0.0.0.0:9469": "top.yaml:1:9: listen: `0.0.0.0:9469` is open to other machines without TLS and authentication: write 127.0.0.1:9469, " +
			"or web.config with the path of a file that has tls_server_config and basic_auth_users (or give it web.tokens)",
	} {
		_, err := withWeb(t, head, nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", head, err, want)
		}
	}
}

func TestFaultsOfTheWebFileNameItAndItsLine(t *testing.T) {
	t.Parallel()
	const (
		pair  = "cert_file: /etc/autoscaled/server.pem, key_file: /etc/autoscaled/server.key"
		begin = "tls_server_config: {" + pair
	)
	for text, want := range map[string]string{
		"":                                  "1: the file is empty: write tls_server_config and basic_auth_users, or remove web.config",
		"basic_auth_user: {}":               "1:1: unknown key `basic_auth_user`: did you mean `basic_auth_users`?",
		"a: {\n  b: [":                      "2: not YAML: did not find expected node content: look here and at the lines below",
		"a: &b {}\nc: *b":                   "1:1: unknown key `a`: valid: basic_auth_users, http_server_config, rate_limit, tls_server_config",
		"tls_server_config: {}":             "1:1: tls_server_config.cert_file: is missing: add it",
		"tls_server_config: {cert_file: x}": "1:1: tls_server_config.key_file: is missing: add it",
		"basic_auth_users: {a:b: " + aliceHash + "}": "1:20: basic_auth_users.a:b: a user name holds no colon: write the password under password",
		"basic_auth_users: {alice: opensesame}": "1:27: basic_auth_users.alice: is not the bcrypt hash of a password, of a cost from 4 to 16: " +
			"make one with `htpasswd -nBC 12 NAME`",
		"basic_auth_users: {alice: " + strings.Replace(aliceHash, "$10$", "$31$", 1) + "}": "1:27: basic_auth_users.alice: is not the bcrypt hash",
		begin + ", key: x}":                                    "1:103: tls_server_config.key: contradicts key_file: remove one of the two",
		begin + ", min_version: TLS11}":                        "1:111: tls_server_config.min_version: TLS11 can be broken into: write TLS12 or TLS13",
		begin + ", min_version: TLS14}":                        "1:111: tls_server_config.min_version: unknown value `TLS14`: did you mean `TLS12`?",
		begin + ", min_version: TLS13, max_version: TLS12}":    "1:111: tls_server_config.min_version: is above max_version: exchange the two",
		begin + ", cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}": "1:114: tls_server_config.cipher_suites[0]: unknown value `TLS_RSA_WITH_RC4_128_SHA`:",
		begin + ", cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]}": "1:113: tls_server_config.cipher_suites: has none of those that HTTP/2 needs: add " +
			"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, or write http2: false",
		begin + ", curve_preferences: [CurveP255]}":                                                                              "1:118: tls_server_config.curve_preferences[0]: unknown value `CurveP255`: did you mean `CurveP256`?",
		begin + ", prefer_server_cipher_suites: false}":                                                                          "1:127: tls_server_config.prefer_server_cipher_suites: cannot be chosen:",
		begin + ", client_auth_type: RequireAnyClientCert}":                                                                      "1:116: tls_server_config.client_auth_type: RequireAnyClientCert takes any certificate, which proves nothing:",
		begin + ", client_auth_type: VerifyClientCertIfGiven}":                                                                   "1:116: tls_server_config.client_auth_type: has no client_ca_file to verify certificates with: add it",
		begin + ", client_ca_file: /etc/autoscaled/ca.pem}":                                                                      "1:114: tls_server_config.client_ca_file: is not looked at without client_auth_type:",
		begin + ", client_ca_file: /etc/autoscaled/ca.pem, client_auth_type: VerifyClientCertIfGiven, client_allowed_sans: [a]}": "1:202: tls_server_config.client_allowed_sans: is not looked at when clients may leave their certificate out:",
		"tls_server_config: {cert_file: /etc/autoscaled/server.pem, key_file: /secrets/other.key}":                               "1:70: tls_server_config.key_file: the certificate and the key do not belong together,",
		"tls_server_config: {cert_file: /etc/autoscaled/server.pem, key_file: /secrets/readable.key}": "1:70: tls_server_config.key_file: read the key of the certificate: " +
			"/secrets/readable.key is open to other users (mode 0644): run chmod go-rwx /secrets/readable.key",
		"tls_server_config: {cert_file: none.pem, key_file: /etc/autoscaled/server.key}":                      "1:52: tls_server_config.key_file: read the certificate: open web/none.pem: file does not exist:",
		begin + ", client_ca_file: /etc/autoscaled/id_rsa.pub, client_auth_type: RequireAndVerifyClientCert}": "1:114: tls_server_config.client_ca_file: the authorities of clients hold no certificate:",
		"http_server_config: {headers: {X-Powered-By: us}}":                                                   "1:32: http_server_config.headers: unknown key `X-Powered-By`: valid:",
		"http_server_config: {headers: {X-Frame-Options: allow}}":                                             "1:49: http_server_config.headers.X-Frame-Options: unknown value `allow`: valid: deny, sameorigin",
		"http_server_config: {http2: maybe}":                                                                  "1:29: http_server_config.http2: unknown value `maybe`: valid: false, true",
		"rate_limit: {interval: 1s}":                                                                          "1:1: rate_limit.burst: lets no request pass: write 20, for example",
		"rate_limit: {interval: 1, burst: 1}":                                                                 "1:24: rate_limit.interval: `1` has no unit: write for example 1s",
	} {
		_, err := withWeb(t, "web: {config: /web/web.yaml}", map[string]string{"/web/web.yaml": text})
		if err == nil || !strings.HasPrefix(err.Error(), "/web/web.yaml:"+want) {
			t.Errorf("%s\ngot  %v\nwant /web/web.yaml:%s", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "opensesame") || strings.Contains(err.Error(), "$2y$")) {
			t.Errorf("a password or its hash is repeated: %v", err)
		}
	}
}

func TestASyntaxErrorInTheWebFileShowsNoLineOfIt(t *testing.T) {
	t.Parallel()
	_, err := withWeb(t, "web: {config: /web.yaml}", map[string]string{"/web.yaml": "basic_auth_users:\n  alice: opensesame\n  bob: " + bobHash + "\n  carol: [\n"})
	if err == nil || strings.Contains(err.Error(), "opensesame") || strings.Contains(err.Error(), bobHash) {
		t.Errorf("got %v", err)
	}
}

func TestTheCheckJudgesWithoutKeys(t *testing.T) {
	t.Parallel()
	parse := func(head string, files map[string]string) error {
		_, err := parseAmong(t, furnished(), Env{SkipSecrets: true}, head, files)
		return err
	}
	const open = "listen: 0.0.0.0:9469\nweb: {config: /web.yaml, roles: {alice: admin}}"
	if err := parse(open, nil); err != nil {
		t.Errorf("with the file elsewhere: %v", err)
	}
	protected := "tls_server_config: {cert_file: none.pem, key_file: none.key}\nbasic_auth_users: {alice: " + aliceHash + "}"
	if err := parse(open, map[string]string{"/web.yaml": protected}); err != nil {
		t.Errorf("with the keys elsewhere: %v", err)
	}
	if err := parse(open, map[string]string{"/web.yaml": "basic_auth_users: {alice: " + aliceHash + "}"}); err == nil || !strings.Contains(err.Error(), "without TLS:") {
		t.Errorf("without TLS: %v", err)
	}
	around := furnished()
	around.files["readable.yaml"] = file(protected, 0o644)
	if _, err := parseAmong(t, around, Env{SkipSecrets: true}, "listen: ':1'\nweb: {config: /readable.yaml}", nil); err != nil {
		t.Errorf("with a file as it is in a repository: %v", err)
	}
	if err := parse("listen: 0.0.0.0:9469", nil); err == nil {
		t.Error("without anything: accepted")
	}
}

func TestACredentialOfSystemdsServesAsWebFile(t *testing.T) {
	t.Parallel()
	around := furnished()
	const directory = "/run/credentials/autoscaled.service/"
	for name, text := range map[string]string{"web.yaml": "tls_server_config: {cert_file: cert, key_file: key}\n", "cert": certificateInPEM, "key": keyInPEM} {
		around.files[directory[1:]+name] = file(text, 0o440)
	}
	config, err := parseAmong(t, around, Env{}, "web: {config: "+directory+"web.yaml}", nil)
	if err != nil || config.Web.TLS.Key.File != directory+"key" {
		t.Errorf("got %+v, %v", config, err)
	}
}

func TestFilesAreReadAsTheyAreNow(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	place := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own := &WebTLS{Cert: PEM{File: place("cert", certificateInPEM, 0o644)}, Key: PEM{File: place("key", keyInPEM, 0o600)}}
	if _, err := own.Certificate(); err != nil {
		t.Error(err)
	}
	if pool, err := own.Authorities(); pool != nil || err != nil {
		t.Errorf("got %v, %v", pool, err)
	}
	place("key", otherKeyInPEM, 0o600)
	if _, err := own.Certificate(); err == nil {
		t.Error("the key of another certificate is accepted")
	}
	if err := os.Chmod(own.Key.File, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := own.Certificate(); err == nil || !strings.Contains(err.Error(), "chmod go-rwx") {
		t.Errorf("a key that others can read: %v", err)
	}
}

// FuzzWebFile proves that any bytes in the file that web.config names give either a
// configuration or problems, each of which says in which file and line it is.
func FuzzWebFile(f *testing.F) {
	f.Add([]byte(webFile))
	f.Add([]byte("tls_server_config: {cert_file: server.pem, client_auth_type: [NoClientCert]}\nhttp_server_config: {headers: {X-Frame-Options: deny}}"))
	f.Add([]byte("rate_limit: {interval: 1s, burst: 1}\nbasic_auth_users: {alice: opensesame}"))
	top := append([]byte("web: {config: /web.yaml}\n"), contents(f, "../../configs/minimal.yaml")...)
	around := furnished()
	f.Fuzz(func(t *testing.T, data []byte) {
		env := around.env()
		open := env.Open
		env.Open = func(path string) (fs.File, error) {
			if path == "/web.yaml" {
				return fstest.MapFS{"web.yaml": file(string(data), 0o600)}.Open("web.yaml")
			}
			return open(path)
		}
		config, err := Parse("top.yaml", top, env)
		if err == nil {
			if config.Web.TLS != nil && !config.Web.TLS.Cert.given() {
				t.Error("TLS without a certificate is accepted")
			}
			return
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, problem := range problems(t, err) {
			if problem.File != "/web.yaml" && problem.File != "top.yaml" || problem.Line < 1 || problem.File == "/web.yaml" && problem.Line > lines || problem.Message == "" {
				t.Errorf("%d lines, but %#v", lines, problem)
			}
			if strings.ContainsAny(problem.String(), "\x00\x07\x1b\u009b") {
				t.Errorf("a terminal obeys %q", problem)
			}
		}
	})
}
