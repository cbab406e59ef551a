package config

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// TestNoSecretCanBePrinted walks through every value of the complete example and
// prints each in all the ways that the program has.
func TestNoSecretCanBePrinted(t *testing.T) {
	t.Parallel()
	text := string(contents(t, "../../configs/autoscaled.example.yaml"))
	text = strings.Replace(text, "community: public", "community: env:SECRET", 1)
	config, err := Parse("example.yaml", []byte(text), furnished().env())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	walk(reflect.ValueOf(config), func(value any) {
		if s, ok := value.(secret.Secret); ok && !s.Empty() && s.Reveal() != publicCommunity {
			found[s.Reveal()] = true
		}
	})
	if len(found) != 19 {
		t.Fatalf("%d secrets, want access key, secret key, two tokens, SSH key, two communities, password, two passphrases, certificate and its key, hashes of two users, a hook's, a mail password, two receivers' URLs and a secret", len(found))
	}
	walk(reflect.ValueOf(config), func(value any) {
		for way, printed := range prints(t, value) {
			for content := range found {
				if leaks(printed, content) {
					t.Errorf("%T by %s tells a secret: %s", value, way, printed)
				}
			}
		}
	})
}

// walk visits value and everything exported below it.
func walk(value reflect.Value, visit func(any)) {
	visit(value.Interface())
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			walk(value.Elem(), visit)
		}
	case reflect.Struct:
		for field, below := range value.Fields() {
			if field.IsExported() {
				walk(below, visit)
			}
		}
	case reflect.Slice:
		for i := range value.Len() {
			walk(value.Index(i), visit)
		}
	case reflect.Map:
		for _, below := range value.Seq2() {
			walk(below, visit)
		}
	default:
	}
}

func prints(t *testing.T, value any) map[string]string {
	t.Helper()
	printed := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p"} {
		printed[verb] = fmt.Sprintf(verb, value)
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	asXML, _ := xml.Marshal(value) // maps have no XML; what was written until there counts
	printed["json"], printed["yaml"], printed["xml"] = string(asJSON), string(asYAML), string(asXML)
	for name, encoder := range map[string]zapcore.Encoder{
		"zap json":    zapcore.NewJSONEncoder(zapcore.EncoderConfig{}),
		"zap console": zapcore.NewConsoleEncoder(zapcore.EncoderConfig{}),
	} {
		line, err := encoder.EncodeEntry(zapcore.Entry{}, []zapcore.Field{zap.Any("any", value), zap.Reflect("reflect", value)})
		if err != nil {
			t.Fatal(err)
		}
		printed[name] = line.String()
	}
	return printed
}

// leaks says that printed holds content, as it is or encoded.
func leaks(printed, content string) bool {
	for _, form := range []string{
		content,
		fmt.Sprintf("%x", content),
		base64.StdEncoding.EncodeToString([]byte(content)),
	} {
		if strings.Contains(strings.ToLower(printed), strings.ToLower(form)) {
			return true
		}
	}
	return false
}

func TestSecretsAreReadFromWhereTheyAre(t *testing.T) {
	t.Parallel()
	env := furnished().env()
	for reference, want := range map[string]string{
		"env:SECRET":                         "content-of-variable",
		"file:/etc/autoscaled/gp-secret-key": "content-of-file",
		"credential:gp-secret-key":           "content-of-credential",
	} {
		got, err := env.confidential(reference)
		if err != nil || got.Reveal() != want {
			t.Errorf("%s: got %q, %v", reference, got.Reveal(), err)
		}
	}
}

func TestCredentialOutsideSystemdSaysWhatTheUnitLacksAndWhatToDoByHand(t *testing.T) {
	t.Parallel()
	_, err := scene{}.env().confidential("credential:gp-key")
	if err == nil {
		t.Fatal("it is read from nowhere")
	}
	for _, remedy := range []string{"LoadCredential=gp-key:PATH", "export CREDENTIALS_DIRECTORY=/etc/autoscaled"} {
		if !strings.Contains(err.Error(), remedy) {
			t.Errorf("it does not say %s: %v", remedy, err)
		}
	}
}

func TestCheckWithoutSecretsStillRefusesOneWrittenOut(t *testing.T) {
	t.Parallel()
	env := Env{SkipSecrets: true}
	for _, reference := range []string{"env:UNSET", "file:/none", "credential:none"} {
		if got, err := env.confidential(reference); err != nil || !got.Empty() {
			t.Errorf("%s: got %v, %v", reference, got, err)
		}
	}
	for _, written := range []string{"hush", "env:", "env:hu sh", "file:hush", "credential:../hush", "vault:hush", ""} {
		if _, err := env.confidential(written); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v", written, err)
		}
	}
}

func TestPublicKeyIsRecognisedByItsOwnBytes(t *testing.T) {
	t.Parallel()
	kind, rest, _ := strings.Cut(publicKey, " ")
	for line, want := range map[string]bool{
		publicKey:                        true,
		strings.Fields(publicKey)[0]:     false,
		"ssh-rsa " + rest:                false,
		kind + " AAAA nobody":            false,
		kind + " not*base64":             false,
		kind + " /////w== nobody":        false,
		"restrict " + publicKey:          false,
		kind + " AAAAC3NzaC1lZDI1NTE5 x": false,
		"":                               false,
	} {
		if got := isPublicKey(line); got != want {
			t.Errorf("%q: got %v", line, got)
		}
	}
}

// TestRealFilesAreReadByTheirModes uses the file system itself, and a pipe that
// nobody writes to, which must not hold the daemon up.
func TestRealFilesAreReadByTheirModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	private, open, pipe := filepath.Join(dir, "private"), filepath.Join(dir, "open"), filepath.Join(dir, "pipe")
	for path, mode := range map[string]os.FileMode{private: 0o600, open: 0o644} {
		if err := os.WriteFile(path, []byte("hush\n"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	env := Env{}.orProcess()
	if got, err := env.confidential("file:" + private); err != nil || got.Reveal() != "hush" {
		t.Errorf("private file: got %q, %v", got.Reveal(), err)
	}
	for _, path := range []string{open, pipe, dir, filepath.Join(dir, "none")} {
		if _, err := env.confidential("file:" + path); err == nil {
			t.Errorf("%s is accepted", path)
		}
	}
}
