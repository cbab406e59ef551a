// Package logs makes the program's loggers: JSON lines for a journal, and plain
// lines for a person at a terminal. Commands call it.
package logs

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// New returns a logger that writes to file. Format is json, text or auto (text
// when file is a terminal); level is one of zap's.
func New(file *os.File, format, level string) (*zap.Logger, error) {
	threshold, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("--log-level %q: write debug, info, warn or error", level)
	}
	if format == "auto" {
		format = "json"
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			format = "text"
		}
	}
	switch format {
	case "json":
		encoder := zap.NewProductionEncoderConfig()
		encoder.TimeKey, encoder.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
		encoder.EncodeDuration = zapcore.StringDurationEncoder
		return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.Lock(file), threshold)), nil
	case "text":
		return zap.New(Text(file, threshold, func(t time.Time) string { return t.Format("15:04:05") })), nil
	default:
		return nil, fmt.Errorf("--log-format %q: write json, text or auto", format)
	}
}

// Text returns a core that writes one plain line for each entry: when, what, and
// the fields as key=value in the order of their keys.
func Text(out io.Writer, level zapcore.LevelEnabler, when func(time.Time) string) zapcore.Core {
	return &text{LevelEnabler: level, sink: &sink{out: out}, when: when}
}

// sink is a writer shared by a core and its children.
type sink struct {
	mu  sync.Mutex
	out io.Writer
}

type text struct {
	zapcore.LevelEnabler
	*sink
	when   func(time.Time) string
	fields []zapcore.Field
}

// With adds fields to every entry.
func (t *text) With(fields []zapcore.Field) zapcore.Core {
	child := *t
	child.fields = slices.Concat(t.fields, fields)
	return &child
}

// Check adds the core to the entry if its level is enabled.
func (t *text) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if t.Enabled(entry.Level) {
		return checked.AddCore(entry, t)
	}
	return checked
}

// Write writes one line.
func (t *text) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	encoder := zapcore.NewMapObjectEncoder()
	for _, field := range slices.Concat(t.fields, fields) {
		field.AddTo(encoder)
	}
	type pair struct{ key, value string }
	var pairs []pair
	for key, value := range encoder.Fields {
		pairs = append(pairs, pair{key, plain(value)})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(rank(a.key), rank(b.key)), cmp.Compare(a.key, b.key)) })
	var line strings.Builder
	line.WriteString(t.when(entry.Time))
	if entry.Level != zapcore.InfoLevel {
		line.WriteString(" " + entry.Level.CapitalString())
	}
	line.WriteString(" " + entry.Message)
	for _, p := range pairs {
		line.WriteString(" " + p.key + "=" + p.value)
	}
	line.WriteByte('\n')
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := io.WriteString(t.out, line.String())
	return err
}

// rank puts what a line is about first, and long texts last.
func rank(key string) int {
	switch key {
	case "account", "group":
		return 0
	case "instance", "order", "signal":
		return 1
	case "policies", "error", "what", "why":
		return 3
	default:
		return 2
	}
}

func plain(value any) string {
	if list, ok := value.([]any); ok {
		words := make([]string, len(list))
		for i, word := range list {
			words[i] = fmt.Sprint(word)
		}
		value = strings.Join(words, "; ")
	}
	s := fmt.Sprint(value)
	if s == "" || strings.ContainsAny(s, " =\"\t") || !strconv.CanBackquote(s) { // what a terminal would obey is quoted too
		return strconv.Quote(s)
	}
	return s
}

// Sync does nothing: lines are written as they come.
func (t *text) Sync() error { return nil }
