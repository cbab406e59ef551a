package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// publicKey is a well-formed key that belongs to nobody.
const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f nobody@example"

// calendar holds two holidays.
const calendar = "# Japan\n2026-01-01 元日\n2026-01-12 成人の日\n"

// scene is what a process finds around it.
type scene struct {
	variables map[string]string
	files     fstest.MapFS // by path without its leading slash
}

func (s scene) env() Env {
	return Env{
		LookupEnv: func(name string) (string, bool) {
			value, found := s.variables[name]
			return value, found
		},
		Open: func(path string) (fs.File, error) { return s.files.Open(strings.TrimPrefix(path, "/")) },
	}
}

// furnished has everything that the test data and the shipped files refer to.
func furnished() scene {
	return scene{
		variables: map[string]string{
			"ACCESS":                "AKTESTTESTTESTTEST01",
			"SECRET":                "content-of-variable",
			"EMPTY":                 "",
			"IIJAPI_ACCESS_KEY":     "AKTESTTESTTESTTEST02",
			"IIJAPI_SECRET_KEY":     "content-of-other-variable",
			"PROMETHEUS_TOKEN":      "content-of-token",
			"PAGE_PASSWORD":         "content-of-password",
			"PUSH_TOKEN":            "content-of-push-token",
			"HOOK_SECRET":           "content-of-hook-secret",
			"SHORT":                 "fifteen-letters",
			"CREDENTIALS_DIRECTORY": "/run/credentials/autoscaled.service",
		},
		files: fstest.MapFS{
			"etc/autoscaled/gp-secret-key":                     file("content-of-file\n", 0o600),
			"etc/autoscaled/snmp-auth":                         file("content-of-auth\n", 0o600),
			"etc/autoscaled/snmp-privacy":                      file("content-of-privacy\n", 0o600),
			"etc/autoscaled/trap-community":                    file("content-of-community\n", 0o600),
			"etc/autoscaled/id_rsa.pub":                        file(publicKey+"\n", 0o644),
			"etc/autoscaled/ca.pem":                            file(certificateInPEM, 0o644),
			"etc/autoscaled/client.pem":                        file(certificateInPEM, 0o644),
			"etc/autoscaled/client.key":                        file(keyInPEM, 0o600),
			"etc/autoscaled/web.yaml":                          file(webFile, 0o600),
			"etc/autoscaled/server.pem":                        file(certificateInPEM, 0o644),
			"etc/autoscaled/server.key":                        file(keyInPEM, 0o600),
			"etc/autoscaled/holidays/japan.txt":                file(calendar, 0o644),
			"etc/autoscaled/notify-secret":                     file("content-of-notify-secret\n", 0o600),
			"etc/autoscaled/mail-password":                     file("content-of-mail-password\n", 0o600),
			"etc/autoscaled/slack-url":                         file("https://hooks.slack.example/services/T0/B0/content\n", 0o600),
			"secrets/plain-url":                                file("http://chat.example.jp/hooks/content\n", 0o600),
			"calendars/faulty.txt":                             file("2026-01-01\n1 May 2026\n", 0o644),
			"calendars/empty.txt":                              file("# to be filled in\n", 0o644),
			"calendars/pipe":                                   file("", fs.ModeNamedPipe|0o644),
			"calendars/huge.txt":                               file(strings.Repeat("#", maxCalendarBytes+1), 0o644),
			"run/credentials/autoscaled.service/gp-access-key": file("AKTESTTESTTESTTEST03\n", 0o440),
			"run/credentials/autoscaled.service/gp-secret-key": file("content-of-credential\r\n", 0o440),
			"run/credentials/autoscaled.service/id_rsa.pub":    file(publicKey+"\n", 0o440),
			"secrets/readable-by-all":                          file("open\n", 0o644),
			"secrets/readable-by-group":                        file("open\n", 0o640),
			"secrets/empty":                                    file("\n", 0o600),
			"secrets/other.key":                                file(otherKeyInPEM, 0o600),
			"secrets/readable.key":                             file(keyInPEM, 0o644),
			"secrets/two-lines":                                file("one\ntwo\n", 0o600),
			"secrets/huge":                                     file(strings.Repeat("x", maxSecretBytes+1), 0o600),
			"secrets/pipe":                                     file("", fs.ModeNamedPipe|0o600),
			"secrets/private-key":                              file("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", 0o600),
			"secrets/writable.pub":                             file(publicKey+"\n", 0o666),
			"secrets/not-a-key.pub":                            file("ssh-ed25519 AAAA nobody\n", 0o644),
		},
	}
}

func file(content string, mode fs.FileMode) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(content), Mode: mode}
}

// parseFile reads a file of testdata or configs under its bare name.
func parseFile(t *testing.T, path string) (*Config, error) {
	t.Helper()
	return Parse(filepath.Base(path), contents(t, path), furnished().env())
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// glob returns the matching files, of which there must be a number.
func glob(t testing.TB, pattern string, atLeast int) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) < atLeast {
		t.Fatalf("%s: %d files (%v), want at least %d", pattern, len(paths), err, atLeast)
	}
	return paths
}
