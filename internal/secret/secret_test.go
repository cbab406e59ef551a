package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/secret"
)

const content = "hush-hush"

// holders are the places in which a secret can be when it is printed. The
// unexported fields matter: there fmt cannot call the secret's own methods.
func holders() map[string]any {
	s := secret.New(content)
	type hidden struct{ inner secret.Secret }
	return map[string]any{
		"value":      s,
		"pointer":    &s,
		"slice":      []secret.Secret{s},
		"map":        map[string]secret.Secret{"key": s},
		"field":      struct{ Inner secret.Secret }{s},
		"unexported": hidden{s},
		"nested":     []any{&hidden{s}, map[string]any{"a": hidden{s}}},
		"error":      fmt.Errorf("sign with %v: %w", s, fmt.Errorf("key %+v", &s)),
	}
}

func TestSecretFormatsAsItsMark(t *testing.T) {
	t.Parallel()
	for place, holder := range holders() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%10.3v", "%[1]*v", "%!"} {
			refuseLeak(t, place+" by "+verb, fmt.Sprintf(verb, holder))
		}
		refuseLeak(t, place+" by Sprint", fmt.Sprint(holder))
	}
	s := secret.New(content)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, s); got != "<secret>" {
			t.Errorf("%s: %s", verb, got)
		}
	}
	if s.String() != "<secret>" || s.GoString() != "<secret>" {
		t.Errorf("%s, %s", s.String(), s.GoString())
	}
}

func TestSecretEncodesAsItsMark(t *testing.T) {
	t.Parallel()
	for place, holder := range holders() {
		asJSON, err := json.Marshal(holder)
		if err != nil {
			t.Fatal(err)
		}
		refuseLeak(t, place+" as JSON", string(asJSON))
		asYAML, err := yaml.Marshal(holder)
		if err != nil {
			t.Fatal(err)
		}
		refuseLeak(t, place+" as YAML", string(asYAML))
		var page bytes.Buffer
		if err := template.Must(template.New("").Parse("{{.}} {{printf `%#v` .}}")).Execute(&page, holder); err != nil {
			t.Fatal(err)
		}
		refuseLeak(t, place+" in a template", page.String())
	}
	if asJSON, _ := json.Marshal(map[string]any{"key": secret.New(content)}); string(asJSON) != `{"key":"\u003csecret\u003e"}` {
		t.Errorf("JSON: %s", asJSON)
	}
	if asYAML, _ := yaml.Marshal(secret.New(content)); string(asYAML) != "<secret>\n" {
		t.Errorf("YAML: %s", asYAML)
	}
}

func TestSecretLogsAsItsMark(t *testing.T) {
	t.Parallel()
	for place, holder := range holders() {
		for name, encoder := range map[string]zapcore.Encoder{
			"zap JSON":    zapcore.NewJSONEncoder(zapcore.EncoderConfig{}),
			"zap console": zapcore.NewConsoleEncoder(zapcore.EncoderConfig{}),
		} {
			fields := []zap.Field{zap.Any("any", holder), zap.Reflect("reflect", holder)}
			if stringer, ok := holder.(fmt.Stringer); ok {
				fields = append(fields, zap.Stringer("stringer", stringer))
			}
			line, err := encoder.EncodeEntry(zapcore.Entry{}, fields)
			if err != nil {
				t.Fatal(err)
			}
			refuseLeak(t, place+" by "+name, line.String())
		}
		var lines bytes.Buffer
		slog.New(slog.NewTextHandler(&lines, nil)).Info("text", "any", holder)
		slog.New(slog.NewJSONHandler(&lines, nil)).Info("json", "any", holder)
		refuseLeak(t, place+" by slog", lines.String())
	}
}

func TestPanicDoesNotTellTheSecret(t *testing.T) {
	t.Parallel()
	defer func() { refuseLeak(t, "panic", fmt.Sprintf("%v %#v", recover(), recover())) }()
	panic(secret.New(content))
}

func TestRevealGivesTheContentAndZeroIsEmpty(t *testing.T) {
	t.Parallel()
	var zero secret.Secret
	if s := secret.New(content); s.Reveal() != content || s.Empty() {
		t.Errorf("revealed %q, empty is %v", s.Reveal(), s.Empty())
	}
	if zero.Reveal() != "" || !zero.Empty() || !secret.New("").Empty() {
		t.Error("a secret without content is not empty")
	}
	if fmt.Sprint(zero) != fmt.Sprint(secret.New(content)) {
		t.Error("the printed form tells whether there is content")
	}
}

// refuseLeak fails the test when text holds the content, as it is or encoded.
func refuseLeak(t *testing.T, how, text string) {
	t.Helper()
	for _, form := range []string{content, fmt.Sprintf("%x", content), base64.StdEncoding.EncodeToString([]byte(content))} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
			t.Errorf("%s tells the secret: %s", how, text)
		}
	}
}
