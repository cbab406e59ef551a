package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// written is a new file that holds text.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// remote is a daemon at a URL, with what it was shown last.
type remote struct {
	*httptest.Server
	authorization atomic.Value
	certificates  atomic.Int64
}

func newRemote(t *testing.T, start func(*httptest.Server)) *remote {
	t.Helper()
	r := &remote{}
	f := &fakeFleet{state: fleet.Status{Groups: []fleet.GroupStatus{{Name: "web"}}}}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.authorization.Store(request.Header.Get("Authorization"))
		if request.TLS != nil {
			r.certificates.Store(int64(len(request.TLS.PeerCertificates)))
		}
		f.handler().ServeHTTP(w, request)
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	start(r.Server)
	t.Cleanup(r.Close)
	return r
}

// selfSigned makes a certificate, and returns the names of its files.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	made, err := simcloud.SelfSigned("sato")
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return written(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Certificate[0]}))),
		written(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// trusted is a file with the server's certificate.
func (r *remote) trusted(t *testing.T) string {
	t.Helper()
	return written(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw})))
}

func TestACommandReachesADaemonAtAURL(t *testing.T) {
	t.Parallel()
	r := newRemote(t, (*httptest.Server).StartTLS)
	token := written(t, "as_token\n")
	for name, c := range map[string]struct {
		flags         []string
		authorization string
	}{
		"without a token":    {nil, ""},
		"with a token":       {[]string{"--token-file", token}, "Bearer as_token"},
		"with a long thread": {[]string{"--token-file=" + token, "-o", "json"}, "Bearer as_token"},
	} {
		out, errs, err := execute(t, append([]string{"status", "--url", r.URL, "--ca", r.trusted(t)}, c.flags...)...)
		if err != nil || errs != "" || !strings.Contains(out, "web") || r.authorization.Load() != c.authorization {
			t.Errorf("%s: error is %v, was shown %q, said %q, printed\n%s", name, err, r.authorization.Load(), errs, out)
		}
	}
}

func TestACommandShowsItsCertificate(t *testing.T) {
	t.Parallel()
	certificate, key := selfSigned(t)
	r := newRemote(t, func(s *httptest.Server) {
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
		s.StartTLS()
	})
	if _, _, err := execute(t, "status", "--url", r.URL, "--ca", r.trusted(t), "--cert", certificate, "--key", key); err != nil || r.certificates.Load() != 1 {
		t.Errorf("error is %v, and %d certificates were shown", err, r.certificates.Load())
	}
	if _, _, err := execute(t, "status", "--url", r.URL, "--ca", r.trusted(t)); statusOf(err) != silentStatus {
		t.Errorf("without a certificate the error is %v", err)
	}
}

func TestADaemonThatIsNotTrustedIsNotAsked(t *testing.T) {
	t.Parallel()
	r := newRemote(t, (*httptest.Server).StartTLS)
	_, _, err := execute(t, "status", "--url", r.URL, "--token-file", written(t, "as_token"))
	if err == nil || statusOf(err) != silentStatus || !strings.Contains(err.Error(), "certificate") || r.authorization.Load() != nil {
		t.Errorf("error is %v, and it was shown %q", err, r.authorization.Load())
	}
}

func TestTheEnvironmentNamesADaemonUntilAFlagDoes(t *testing.T) {
	r := newRemote(t, (*httptest.Server).Start)
	t.Setenv(urlVariable, r.URL)
	t.Setenv(tokenFileVariable, written(t, "as_environment"))
	if out, _, err := execute(t, "status"); err != nil || !strings.Contains(out, "group web") || r.authorization.Load() != "Bearer as_environment" {
		t.Errorf("error is %v, was shown %q, printed\n%s", err, r.authorization.Load(), out)
	}
	socket := serve(t, &fakeFleet{state: fleet.Status{Groups: []fleet.GroupStatus{{Name: "local"}}}})
	if out, _, err := execute(t, "status", "--socket", socket); err != nil || !strings.Contains(out, "group local") {
		t.Errorf("error is %v, printed\n%s", err, out)
	}
	_, _, err := execute(t, "status", "--token-file", written(t, "as_flag"))
	if err != nil || r.authorization.Load() != "Bearer as_flag" {
		t.Errorf("error is %v, was shown %q", err, r.authorization.Load())
	}
}

func TestWhatDoesNotSayClearlyWhereTheDaemonIsIsRefused(t *testing.T) {
	t.Parallel()
	token := written(t, "as_token")
	for line, want := range map[string]string{
		"--socket s --url https://example.jp":           "give only one of --socket and --url",
		"--url https://example.jp --cert c":             "give --cert and --key together",
		"--token-file " + token:                         "belong to a URL: add --url https://HOST:PORT",
		"--url example.jp":                              "no URL of a daemon: write for example https://",
		"--url https://me:secret@example.jp":            "no URL of a daemon",
		"--url http://example.jp --token-file " + token: "use https",
		"--url ftp://example.jp":                        "no URL of a daemon",
	} {
		_, _, err := execute(t, append([]string{"status"}, strings.Fields(line)...)...)
		if err == nil || statusOf(err) != usageStatus || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: status %d, %v; want %q", line, statusOf(err), err, want)
		}
	}
	for line, want := range map[string]string{
		"--token-file /nowhere":                  "read the token: open /nowhere",
		"--token-file " + written(t, "one\ntwo"): "must hold one token, in one line",
		"--token-file " + written(t, " \n"):      "must hold one token",
		"--ca /nowhere":                          "read whom to trust: open /nowhere",
		"--ca " + token:                          "there is no certificate in " + token,
		"--cert " + token + " --key " + token:    "both must be PEM and belong together",
	} {
		_, _, err := execute(t, append([]string{"status", "--url", "https://127.0.0.1:1"}, strings.Fields(line)...)...)
		if err == nil || statusOf(err) != failedStatus || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "as_token") {
			t.Errorf("%s: status %d, %v; want %q", line, statusOf(err), err, want)
		}
	}
}

func TestACommandThatIsShownSpeaksToTheSameDaemon(t *testing.T) {
	t.Parallel()
	command, _, err := root().Find([]string{"orders"})
	if err != nil {
		t.Fatal(err)
	}
	if err := command.ParseFlags([]string{"--url", "https://a", "--token-file=t", "-o", "json"}); err != nil {
		t.Fatal(err)
	}
	if got := sameDaemon(command); got != " --url https://a --token-file t" {
		t.Errorf("it goes on with %q", got)
	}
}

func TestTheShellCompletesWhatTheDaemonKnows(t *testing.T) {
	t.Parallel()
	socket := serve(t, &fakeFleet{state: badNight().status})
	groups, codes := "api\nbatch\ncheckout-with-a-long-name\nweb\n:4\n", "gc00000002\ngc00000003\n:4\n"
	for line, want := range map[string]string{
		"pause":                      groups,
		"hold web":                   ":4\n",
		"protect":                    codes,
		"adopt gc00000002":           "gc00000003\n:4\n",
		"adopt gc00000009 --group":   groups,
		"status":                     groups,
		"status web":                 ":4\n",
		"config token":               ":0\n",
		"status -o":                  "text\njson\n:4\n",
		"config token deploy --role": "read\noperate\nadmin\n:4\n",
	} {
		words := strings.Fields(line)
		args := append([]string{"__complete", words[0]}, words[1:]...)
		if !strings.HasPrefix(line, "config") {
			args = append([]string{"__complete", words[0], "--socket", socket}, words[1:]...)
		}
		if out, _, err := execute(t, append(args, "")...); err != nil || out != want {
			t.Errorf("%s: offers %q, want %q; error is %v", line, out, want, err)
		}
	}
	if out, _, err := execute(t, "__complete", "pause", "--socket", socket+".none", ""); err != nil || out != ":4\n" {
		t.Errorf("without a daemon it offers %q, error is %v", out, err)
	}
	if out, _, err := execute(t, "__complete", "gp", ""); err != nil || strings.Count(out, "\n") != len(gpapi.Actions())+1 {
		t.Errorf("gp offers %q, error is %v", out, err)
	}
}

func TestEveryShellHasACompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, errs, err := execute(t, "completion", shell); err != nil || errs != "" || len(out) < 1000 {
			t.Errorf("%s: error is %v, said %q, and %d bytes", shell, err, errs, len(out))
		}
	}
}
