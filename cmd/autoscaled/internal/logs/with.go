package logs

import (
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// With is a logger that adds the fields to every entry, as log.With is. It encodes them
// each time anew, in place of keeping a kilobyte of them: for loggers of which there are
// thousands.
func With(log *zap.Logger, fields ...zap.Field) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core { return &with{core, fields} }))
}

type with struct {
	zapcore.Core
	fields []zap.Field
}

func (w *with) With(fields []zap.Field) zapcore.Core {
	return w.Core.With(slices.Concat(w.fields, fields))
}

func (w *with) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if w.Enabled(entry.Level) {
		return checked.AddCore(entry, w)
	}
	return checked
}

func (w *with) Write(entry zapcore.Entry, fields []zap.Field) error {
	return w.Core.Write(entry, slices.Concat(w.fields, fields))
}
