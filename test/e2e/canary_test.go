package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// canaries are secrets that occur nowhere else. Whoever is shown one has been shown a secret.
type canaries struct {
	t       *testing.T
	scene   *scene
	base    string // URL of the daemon
	mu      sync.Mutex
	planted map[string]string // name → content
	seen    map[string]string // where → what was shown there

	answered int // requests, with what was asked for
}

func newCanaries(s *scene) *canaries {
	return &canaries{t: s.t, scene: s, planted: map[string]string{"secret-key": secretKey, "access-key": accessKey}, seen: map[string]string{}}
}

// plant makes a secret, writes it into a file of the scene, and returns it.
func (c *canaries) plant(name string) string {
	c.t.Helper()
	content := "canary-" + strings.ToLower(rand.Text())
	c.keep(name, content)
	c.scene.write(name, content)
	return content
}

func (c *canaries) keep(name, content string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.planted[name] = content
}

// show notes what somebody is shown.
func (c *canaries) show(where, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[where] += text
}

// spellings are the ways in which a secret can be written: as it is, in hex, and in base64
// at each of the three places that it can have in a longer text.
func spellings(content string) []string {
	written := []string{content, hex.EncodeToString([]byte(content))}
	for shift := range 3 {
		whole := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + content))
		written = append(written, whole[4*min(shift, 1):len(whole)-4]) // the ends depend on what is beside it
	}
	return written
}

// judge fails for each secret that was shown, and returns how many bytes were looked at.
func (c *canaries) judge() (bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for where, text := range c.seen {
		bytes += len(text)
		for name, content := range c.planted {
			for _, written := range spellings(content) {
				at := strings.Index(text, written)
				if at < 0 {
					continue
				}
				c.t.Errorf("%s shows the secret %s: …%q…", where, name, text[max(0, at-120):min(len(text), at+len(written)+60)])
				break
			}
		}
	}
	return bytes
}

// parrot is a server that repeats all it is told, among its errors.
func (c *canaries) parrot(tlsConfig *tls.Config) string {
	c.t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		said := fmt.Sprintf("%s %s %v %s %s %s", r.Method, r.URL, r.Header, r.Header.Get("Authorization"), body, decoded(r.Header.Get("Authorization")))
		if strings.HasPrefix(r.URL.Path, "/api/v1/") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprintf(w, `{"status": "error", "errorType": "execution", "error": %q}`, said)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/metrics") {
			fmt.Fprintf(w, "busy{%s} 1\n", said)
			return
		}
		http.Error(w, said, http.StatusForbidden)
	}))
	if tlsConfig == nil {
		server.Start()
	} else {
		server.TLS = tlsConfig
		server.StartTLS()
	}
	c.t.Cleanup(server.Close)
	return server.URL
}

// decoded is the user and password of an Authorization header.
func decoded(header string) string {
	_, encoded, _ := strings.Cut(header, " ")
	plain, _ := base64.StdEncoding.DecodeString(encoded)
	return string(plain)
}

// parrotMail is a mail server that repeats all it is told, and takes nothing.
func (c *canaries) parrotMail() string {
	c.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
				fmt.Fprint(conn, "220 mail\r\n")
				buffer := make([]byte, 4096)
				for {
					n, err := conn.Read(buffer)
					if err != nil {
						return
					}
					said := strings.TrimSpace(string(buffer[:n]))
					if strings.HasPrefix(said, "EHLO") {
						fmt.Fprint(conn, "250-mail\r\n250 AUTH PLAIN LOGIN\r\n")
						continue
					}
					fmt.Fprintf(conn, "535 no: %s %s\r\n", said, decoded(strings.TrimPrefix(said, "AUTH ")))
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// certify plants a key with a certificate for 127.0.0.1, and returns both as a server has them.
func (c *canaries) certify(name string) tls.Certificate {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{{127, 0, 0, 1}, net.ParseIP(c.scene.host)}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		c.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	keyText := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	c.scene.write(name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})))
	c.scene.write(name+".key", string(keyText))
	c.keep(name+".key", strings.Split(string(keyText), "\n")[1])
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}
}

// configuration is one in which each secret is one of the canaries. Half of what it
// names answers with the secret that it was sent; the rest works.
func (c *canaries) configuration(endpoint string, agent uint16) (text string, variables []string) {
	s := c.scene
	for _, name := range []string{"prometheus-token", "page-password", "trap-community", "trap-auth", "trap-privacy", "wrong-community",
		"mail-password", "notify-secret", "push", "push-orders", "hook-secret"} {
		c.plant(name)
	}
	token := sha256.Sum256([]byte(c.plant("api-token")))
	password, err := bcrypt.GenerateFromPassword([]byte(c.plant("web-password")), bcrypt.MinCost)
	if err != nil {
		c.t.Fatal(err)
	}
	server := c.certify("client")
	inline, err := json.Marshal(map[string]any{
		"basic_auth_users":  map[string]string{"alice": string(password)},
		"tls_server_config": map[string]string{"cert": s.read("client.pem"), "key": s.read("client.key")},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	s.write("web.yaml", string(inline)) // JSON is YAML
	parrot, secure := c.parrot(nil), c.parrot(&tls.Config{Certificates: []tls.Certificate{server}})
	slack := parrot + "/services/" + c.plant("slack-path")
	s.write("slack-url", slack)
	s.write("webhook-url", parrot+"/notify?key="+c.plant("webhook-key"))

	text = s.configuration(endpoint, strings.Join([]string{
		"cpu: {snmp: {profile: cpu_busy, port: " + fmt.Sprint(agent) + ", version: v3, user: watcher, auth: {protocol: sha256, passphrase: 'file:" + s.path("snmp-auth") + "'}, privacy: {protocol: aes, passphrase: 'file:" + s.path("snmp-privacy") + "'}}}",
		"silent: {snmp: {profile: load1, port: " + fmt.Sprint(agent) + ", community: 'file:" + s.path("wrong-community") + "', timeout: 200ms, retries: 0}}",
		"asked: {promql: 'sum(up)'}",
		"page: {scrape: {url: '" + secure + "/metrics', metric: busy, username: reader, password: 'env:PAGE_PASSWORD', tls: {ca: 'file:" + s.path("client.pem") + "', cert: 'file:" + s.path("client.pem") + "', key: 'file:" + s.path("client.key") + "'}}}",
		"told: {scrape: {url: '" + secure + "/metrics', metric: busy, bearer_token: 'env:PAGE_PASSWORD', tls: {ca: 'file:" + s.path("client.pem") + "'}}}",
		"jobs: {push: {token: 'file:" + s.path("push") + "'}, staleness: 5m}",
		"orders: {push: {token: 'file:" + s.path("push-orders") + "', format: alertmanager, step: 1}, staleness: 5m}",
	}, ", "), "target: {signal: jobs, per_instance: 10}")
	text = with(c.t, text, "    scale_out:", `    hooks:
      - {name: cookbook, at: launch, url: '`+parrot+`/hook', secret: 'file:`+s.path("hook-secret")+`', timeout: 1s, max: 2s, otherwise: continue}
    traps: [{oid: 1.3.6.1.2.1.88.2.0.1}]
    scale_out:`)
	text += fmt.Sprintf(`listen: %[1]s
prometheus: {url: '%[2]s', bearer_token: credential:prometheus-token, tls: {ca: 'file:%[4]s/client.pem', cert: 'file:%[4]s/client.pem', key: 'file:%[4]s/client.key'}}
web:
  config: %[4]s/web.yaml
  roles: {alice: admin}
  tokens: [{name: deploy, role: admin, sha256: %[5]s}]
traps:
  listen: 127.0.0.1:%[6]d
  senders:
    - {from: 127.0.0.0/8, community: 'file:%[4]s/trap-community'}
    - {from: 127.0.0.0/8, user: sender, auth: {protocol: sha256, passphrase: 'file:%[4]s/trap-auth'}, privacy: {protocol: aes, passphrase: 'file:%[4]s/trap-privacy'}}
notify:
  - {name: mail, severity: info, wait: 1s, repeat: 2s, email: {server: '%[3]s', from: a@example.jp, to: [b@example.jp], username: autoscaled, password: 'file:%[4]s/mail-password', tls: none}}
  - {name: chat, severity: info, wait: 1s, repeat: 2s, slack: {url: 'file:%[4]s/slack-url'}}
  - {name: tickets, severity: info, wait: 1s, repeat: 2s, webhook: {url: 'file:%[4]s/webhook-url', secret: 'file:%[4]s/notify-secret'}}
`, s.freeAddress(), secure, c.parrotMail(), s.folder, hex.EncodeToString(token[:]), s.freePort("udp"))
	text = regexp.MustCompile(`(?m)^listen: .*:0\n`).ReplaceAllString(text, "")
	variables = []string{"PAGE_PASSWORD=" + c.planted["page-password"], "CREDENTIALS_DIRECTORY=" + s.folder}
	return text, variables
}

// unplanted are secrets by type that everybody may know, and those that something beside
// them excludes: a password for Prometheus, which goes the way of the pages' passwords.
var unplanted = regexp.MustCompile(`SSHPublicKey|CA$|Cert$|CA\.Text$|Cert\.Text$|^\.Prometheus\.Access\.Password$`)

// secretsOf lists the places of secrets in a value by path: all that its type can have, and
// those which hold something.
func secretsOf(value any) (possible, held map[string]bool) {
	possible, held = map[string]bool{}, map[string]bool{}
	var walk func(path string, of reflect.Type, v reflect.Value, within []reflect.Type)
	walk = func(path string, of reflect.Type, v reflect.Value, within []reflect.Type) {
		if of == reflect.TypeFor[secret.Secret]() {
			possible[path] = true
			if v.IsValid() && !v.Interface().(secret.Secret).Empty() {
				held[path] = true
			}
			return
		}
		for _, outer := range within {
			if outer == of {
				return
			}
		}
		within = append(within[:len(within):len(within)], of)
		switch of.Kind() {
		case reflect.Pointer:
			inner := reflect.Value{}
			if v.IsValid() && !v.IsNil() {
				inner = v.Elem()
			}
			walk(path, of.Elem(), inner, within)
		case reflect.Struct:
			for i := range of.NumField() {
				if of.Field(i).IsExported() {
					inner := reflect.Value{}
					if v.IsValid() {
						inner = v.Field(i)
					}
					walk(path+"."+of.Field(i).Name, of.Field(i).Type, inner, within)
				}
			}
		case reflect.Slice, reflect.Array:
			walk(path, of.Elem(), reflect.Value{}, within)
			if v.IsValid() {
				for i := range v.Len() {
					walk(path, of.Elem(), v.Index(i), within)
				}
			}
		case reflect.Map:
			walk(path, of.Elem(), reflect.Value{}, within)
			if v.IsValid() {
				for _, key := range v.MapKeys() {
					walk(path, of.Elem(), v.MapIndex(key), within)
				}
			}
		}
	}
	walk("", reflect.TypeOf(value), reflect.ValueOf(value), nil)
	return possible, held
}

// command runs the program and notes what it said, and what others could read of it in the
// list of processes.
func (c *canaries) command(args ...string) {
	c.t.Helper()
	command := exec.Command(autoscaled, args...)
	command.Env = append(os.Environ(), "PAGE_PASSWORD="+c.planted["page-password"], "CREDENTIALS_DIRECTORY="+c.scene.folder)
	said, _ := command.CombinedOutput() // what fails speaks, too
	c.show(fmt.Sprint("command ", len(c.seen), ", autoscaled ", strings.Join(args, " ")), string(said)+strings.Join(command.Args, " "))
}

// trusting takes any certificate.
var trusting = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// request asks the daemon's port with what proves who asks, and notes what it answered.
func (c *canaries) request(method, path, authorization, body string) {
	c.t.Helper()
	span := late
	if strings.HasPrefix(path, "/v1/events") {
		span = 2 * time.Second // it does not end by itself
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), span)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/json")
	response, err := trusting.Do(request)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, path, err)
		return
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil && ctx.Err() == nil {
		c.t.Errorf("%s %s: %v", method, path, err)
	}
	if response.StatusCode == http.StatusOK {
		c.answered++
	}
	c.show(method+" "+path, fmt.Sprint(response.Status, response.Header, string(answer)))
}

// paths are all that the API can be asked for, of this scene.
func paths(t *testing.T, description string) (all []string) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal([]byte(description), &document); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{group}", "web", "{signal}", "jobs", "{code}", "gc00000002", "{name}", "chat", "{id}", "gc00000002-cookbook-1", "{direction}", "up")
	for path := range document.Paths {
		all = append(all, fill.Replace(path))
	}
	return all
}

// writeOut notes what is said to those who write a secret out, in the place of where it is.
func (c *canaries) writeOut(text string, environment config.Env) {
	written := c.planted["hook-secret"]
	for _, reference := range regexp.MustCompile(`['"]?(?:file|env|credential):[^'"},\s]+['"]?`).FindAllString(text, -1) {
		for _, instead := range []string{written, "'" + written + "'", "file:" + written, "env:" + written, "credential:/" + written, "[" + written + "]", "{value: " + written + "}", `"` + written, `"env:` + written, "[file:" + written} {
			if _, err := config.Parse("autoscaled.yaml", []byte(strings.Replace(text, reference, instead, 1)), environment); err != nil {
				c.show(fmt.Sprintf("the error about %.20s… in place of %s", instead, reference), err.Error())
			}
		}
	}
}

// showFiles notes what is in the files of a folder, which must be for their owner alone.
func (c *canaries) showFiles(folder string) {
	c.t.Helper()
	seen := 0
	err := filepath.WalkDir(c.scene.path(folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			c.t.Errorf("%s has mode %v, and is for its owner alone", path, info.Mode())
		}
		content, readErr := os.ReadFile(path)
		c.show(path, string(content))
		seen++
		return errors.Join(err, readErr)
	})
	if err != nil || seen < 2 { // the state and the history
		c.t.Errorf("%d files were seen in %s: %v", seen, folder, err)
	}
}

func TestNoSecretIsEverShown(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := newCanaries(s)
	sim := s.simulate()
	agent := s.snmpd("createUser watcher SHA-256 "+c.plant("snmp-auth")+" AES "+c.plant("snmp-privacy"), "rouser watcher priv")
	text, variables := c.configuration(sim.endpoint(), agent)

	d := s.runWith(variables, text, "--log-level", "debug")
	d.until(late, "group that reads an authentic agent", func(g fleet.GroupStatus) error {
		for _, signal := range g.Signals {
			if signal.Name == "cpu" && signal.Value != nil {
				return nil
			}
		}
		return fmt.Errorf("it shows %v", g.Signals)
	})

	// Everything that can be configured is.
	environment := config.Env{LookupEnv: func(name string) (string, bool) {
		for _, variable := range variables {
			if key, value, _ := strings.Cut(variable, "="); key == name {
				return value, true
			}
		}
		return "", false
	}}
	loaded, err := config.Parse("autoscaled.yaml", []byte(text), environment)
	if err != nil {
		t.Fatal(err)
	}
	possible, held := secretsOf(*loaded)
	for path := range possible {
		if !held[path] && !unplanted.MatchString(path) {
			t.Errorf("no canary is planted in %s", path)
		}
	}

	// The group grows, its hooks are asked, people are told, and all of that fails.
	c.base = "https://" + loaded.Listen
	admin := "Bearer " + c.planted["api-token"]
	c.request("POST", "/v1/push/web/jobs", "Bearer "+c.planted["push"], `{"value": 40}`)
	d.until(late, "group of four", func(g fleet.GroupStatus) error {
		if g.Serving < 4 {
			return fmt.Errorf("%d serve", g.Serving)
		}
		return nil
	})
	_, _ = exec.Command(tool(t, "snmptrap"), "-v2c", "-c", c.planted["wrong-community"], fmt.Sprint(loaded.Traps.Listen), "", "1.3.6.1.2.1.88.2.0.1").CombinedOutput()

	// Right secrets, nearly right ones, and right ones in wrong places.
	stranger := base64.StdEncoding.EncodeToString([]byte("alice:" + c.planted["api-token"]))
	alice := base64.StdEncoding.EncodeToString([]byte("alice:" + c.planted["web-password"]))
	description, err := os.ReadFile("../../internal/httpd/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths(t, string(description)), "/", "/groups/web", "/nowhere") {
		for _, method := range []string{"GET", "POST"} {
			if method == "POST" && regexp.MustCompile(`/(reload|adopt|disown|release|drill)$`).MatchString(path) {
				continue // these are tried on the command line, or would undo what is looked at
			}
			c.request(method, path, admin, `{"reason": "a canary"}`)
		}
		c.request("GET", path, "Basic "+alice, "")
		c.request("GET", path, "Basic "+stranger, "")
		c.request("GET", path+"?token="+strings.Repeat("n", 8), "Bearer "+c.planted["push"], "")
	}
	if c.answered < 30 {
		t.Errorf("only %d requests had an answer that could show something", c.answered)
	}
	for _, args := range [][]string{
		{"status"}, {"status", "-o", "json"}, {"explain", "web"}, {"signals", "web"}, {"history", "web"}, {"orders"}, {"config", "show"}, {"config", "show", "-o", "json"},
		{"notify", "test", "chat"}, {"notify", "test", "mail"}, {"notify", "test", "tickets"}, {"preflight", "web"},
	} {
		c.command(append(args, "--socket", s.socket())...)
	}
	c.command("status", "--url", c.base, "--ca", s.path("client.pem"), "--token-file", s.path("api-token"))
	c.command("status", "--url", c.base, "--ca", s.path("client.pem"), "--token-file", s.path("web-password"))
	c.command("probe", "--config", s.path("autoscaled.yaml"), "--group", "web")
	c.command("recover", "--from-cloud", "--config", s.path("autoscaled.yaml"))
	c.command("check", s.path("autoscaled.yaml"))

	c.writeOut(text, environment)
	s.write("autoscaled.yaml", strings.Replace(text, "file:"+s.path("secret-key"), c.planted["notify-secret"], 1))
	c.command("config", "diff", "--socket", s.socket())
	c.command("config", "reload", "--socket", s.socket())
	s.write("autoscaled.yaml", strings.Replace(text, "interval: 200ms", "interval: 300ms", 1))
	c.command("config", "diff", "--socket", s.socket())
	c.command("config", "reload", "--socket", s.socket())
	d.decides(3)

	pid := d.command.Process.Pid
	for _, file := range []string{"cmdline", "comm", "status"} {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if err != nil {
			t.Error(err)
		}
		c.show("/proc/PID/"+file, string(content))
	}
	d.signal(syscall.SIGTERM)
	if status := d.status(late); status != 0 {
		t.Errorf("the daemon ended with status %d", status)
	}
	c.show("the log at debug", d.said.String())
	c.showFiles("state")
	if looked := c.judge(); looked < 200_000 {
		t.Errorf("only %d bytes were looked at", looked)
	}
}
