package logs_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/logs"
)

func textLogger(out *strings.Builder, level zapcore.Level) *zap.Logger {
	return zap.New(logs.Text(out, level, func(time.Time) string { return "12:00:00" }))
}

func TestALineSaysWhatItIsAboutFirstAndLongTextsLast(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := textLogger(&out, zapcore.InfoLevel).With(zap.String("group", "web"))
	log.Info("step", zap.Error(errors.New("no route")), zap.Duration("took", 30*time.Millisecond), zap.Int("count", 2), zap.String("instance", "gc00000002"))
	if want := "12:00:00 step group=web instance=gc00000002 count=2 took=30ms error=\"no route\"\n"; out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
}

func TestFieldsThatAreAddedCheaplyAreInEveryLine(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := logs.With(textLogger(&out, zapcore.InfoLevel), zap.String("group", "web"))
	log.Info("step", zap.String("instance", "gc00000002"))
	log.With(zap.Int("count", 2)).Info("step")
	log.Debug("held")
	if want := "12:00:00 step group=web instance=gc00000002\n12:00:00 step group=web count=2\n"; out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
}

func TestOnlyLevelsThatNeedAttentionAreNamed(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := textLogger(&out, zapcore.DebugLevel)
	log.Debug("held")
	log.Info("decided")
	log.Warn("step failed")
	log.Error("quarantined")
	want := "12:00:00 DEBUG held\n12:00:00 decided\n12:00:00 WARN step failed\n12:00:00 ERROR quarantined\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestLinesBelowTheLevelAreLeftOut(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	textLogger(&out, zapcore.WarnLevel).Info("decided")
	if out.String() != "" {
		t.Errorf("got %s", out.String())
	}
}

func TestAValueStaysOneWord(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		field zap.Field
		want  string
	}{
		"a plain word":           {zap.String("k", "web"), `k=web`},
		"a text with spaces":     {zap.String("k", "two words"), `k="two words"`},
		"a text with quotes":     {zap.String("k", `say "no"`), `k="say \"no\""`},
		"a text of two lines":    {zap.String("k", "a\nb"), `k="a\nb"`},
		"an equals sign":         {zap.String("k", "a=b"), `k="a=b"`},
		"an empty text":          {zap.String("k", ""), `k=""`},
		"a list":                 {zap.Strings("k", []string{"a", "b"}), `k="a; b"`},
		"a list of one":          {zap.Strings("k", []string{"a"}), `k=a`},
		"an empty list":          {zap.Strings("k", nil), `k=""`},
		"a number":               {zap.Float64("k", 0.6), `k=0.6`},
		"an escape sequence":     {zap.String("k", "\x1b[2J"), `k="\x1b[2J"`},
		"a carriage return":      {zap.String("k", "a\rb"), `k="a\rb"`},
		"text that is not UTF-8": {zap.String("k", "\xff"), `k="\xff"`},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			textLogger(&out, zapcore.InfoLevel).Info("m", c.field)
			if want := "12:00:00 m " + c.want + "\n"; out.String() != want {
				t.Errorf("got %q, want %q", out.String(), want)
			}
		})
	}
}

func TestFieldsOfOneLoggerDoNotReachItsSibling(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	parent := textLogger(&out, zapcore.InfoLevel).With(zap.String("account", "gio"))
	first, second := parent.With(zap.String("group", "web")), parent.With(zap.String("group", "db"))
	first.Info("a")
	second.Info("b")
	if want := "12:00:00 a account=gio group=web\n12:00:00 b account=gio group=db\n"; out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// written returns what a logger of the given format writes into a file.
func written(t *testing.T, format string, write func(*zap.Logger)) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	log, err := logs.New(file, format, "info")
	if err != nil {
		t.Fatal(err)
	}
	write(log)
	content, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestAwayFromATerminalEachLineIsAJSONObject(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "auto"} {
		text := written(t, format, func(log *zap.Logger) {
			log.Info("step", zap.String("instance", "gc00000002"), zap.Duration("took", 1500*time.Millisecond))
		})
		var line struct{ Level, Time, Msg, Instance, Took string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%s: %v: %s", format, err, text)
		}
		if line.Level != "info" || line.Msg != "step" || line.Instance != "gc00000002" || line.Took != "1.5s" {
			t.Errorf("%s: got %s", format, text)
		}
		if _, err := time.Parse(time.RFC3339Nano, line.Time); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestTextCanBeAskedForAwayFromATerminal(t *testing.T) {
	t.Parallel()
	text := written(t, "text", func(log *zap.Logger) { log.Info("running") })
	if !strings.HasSuffix(text, " running\n") || strings.Contains(text, "{") {
		t.Errorf("got %s", text)
	}
}

func TestAWrongFormatOrLevelSaysWhichThereAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, level, want string }{
		{"xml", "info", "write json, text or auto"},
		{"text", "loud", "write debug, info, warn or error"},
	} {
		if _, err := logs.New(os.Stderr, c.format, c.level); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: error is %v", c.format, c.level, err)
		}
	}
}
